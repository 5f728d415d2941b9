#pragma once
#include <spawn.h>

// glibc 2.34 has it and declares it for GNU programs alone, which Swift's view of it is not.
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

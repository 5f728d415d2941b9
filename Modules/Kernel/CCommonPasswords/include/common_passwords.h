#pragma once

// One a line, in lower case.
const char *flotilla_common_passwords(void);

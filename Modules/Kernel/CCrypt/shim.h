#pragma once
#include <crypt.h>
#include <stdlib.h>
#include <string.h>

// Hashes a phrase as a stored hash says (crypt(5)); 0 on success. The work area of 32 KiB lives on
// the heap and is wiped, for it holds the phrase.
static inline int flotilla_crypt(
    const char *phrase, const char *setting, char *output, size_t size) {
    struct crypt_data *data = (struct crypt_data *)calloc(1, sizeof(struct crypt_data));
    if (!data) return -1;
    const char *hash = crypt_r(phrase, setting, data);
    // Every result that begins with '*' is an error, never a hash.
    int isDone = hash && hash[0] != '*' && strlen(hash) < size;
    if (isDone) memcpy(output, hash, strlen(hash) + 1);
    explicit_bzero(data, sizeof(struct crypt_data));
    free(data);
    return isDone ? 0 : -1;
}

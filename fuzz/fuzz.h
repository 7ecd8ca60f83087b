/* What every fuzz target defines, and how it says that a promise was broken. */
#ifndef WARD_FUZZ_H
#define WARD_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Takes any bytes; returns 0. A broken promise aborts. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_MUST(promise)                                                                         \
    do {                                                                                           \
        if (!(promise)) {                                                                          \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #promise);                  \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif

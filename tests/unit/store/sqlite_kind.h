/* A store's files, to be harmed and put back. */
#ifndef WARD_TESTS_STORE_SQLITE_KIND_H
#define WARD_TESTS_STORE_SQLITE_KIND_H

#include "store_bench.h"

struct image {
    char path[PLACE_MAX + 16];
    uint8_t *bytes;
    size_t len;
};

/* after: "", "-wal" or "-wal-mark". */
struct image image_take(const char *place, const char *after);
void image_lay(const struct image *i);
void image_drop(struct image *i);

#endif

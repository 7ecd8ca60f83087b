/* What the cases must be told about a store that stands behind store.h: how a place for one is
 * made, looked at and harmed. A second store brings its own table, and is put through the same
 * cases. */
#ifndef WARD_TESTS_STORE_KIND_H
#define WARD_TESTS_STORE_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PLACE_MAX = 128 };

/* A place is what store_options.path names. */
struct store_kind {
    /* A new place in which no store is yet, and one more beside it, for copies. */
    void (*make)(char ret_place[PLACE_MAX], char ret_beside[PLACE_MAX]);
    void (*unmake)(const char *place, const char *beside);
    /* Somewhere where no store can be made. */
    const char *nowhere;
    /* Puts something there that is no store. */
    void (*spoil)(const char *place);
    /* What a settled store takes. */
    uint64_t (*bytes)(const char *place);
    /* Whether the text stands anywhere where the store keeps its rows. */
    bool (*holds)(const char *place, const char *text);
    /* Leaves in `to` what would be found if the process were killed now. */
    void (*copy_as_killed)(const char *place, const char *to);
    /* Does the harm of this number to a closed store; false when there are not so many. Each is
     * mended before the next. */
    bool (*harm)(const char *place, size_t number);
    void (*mend)(const char *place);
};

extern const struct store_kind store_kind;

#endif

/* Values in the order of a shape, and their bytes. Everything is bounded by the tables: a text that
 * is too long, not UTF-8, a bool that is neither 0 nor 1, a list longer than the bytes that follow,
 * bytes left over: all are E_FRAME, E_TOO_LARGE, E_ENCODING or E_TIME, and nothing is half read. */
#ifndef WARD_API_VALUES_H
#define WARD_API_VALUES_H

#include "api/api.h"
#include "base/arena.h"
#include "base/buf.h"

/* Which member counts is said by the field's type. */
struct api_value {
    union {
        bool yes;           /* bool */
        uint64_t n;         /* u32, u64, id */
        int64_t i;          /* i64, time */
        struct slice bytes; /* text, secret, bytes, date */
        struct {
            struct api_value *items; /* a record item has its own `fields` */
            size_t count;
        } list;
        struct api_value *fields; /* record: as many as its shape has */
    };
};

/* A zeroed record of the shape in the arena: numbers 0, texts empty, lists empty, inner records
 * made. NULL without memory. A date must be set before it is encoded. */
struct api_value *api_record(struct arena *a, const struct api_shape *shape);
/* `count` zeroed items for a list of this type; inner records are made. Sets list. */
MUST_USE struct status api_list_make(struct arena *a, const struct api_type *type, size_t count,
                                     struct api_value *ret_list);

/* Adds the values to out. E_TOO_LARGE when one is longer than its field allows. */
MUST_USE struct status api_encode(const struct api_shape *shape, const struct api_value *values,
                                  struct buf *out);
/* Reads exactly all of `bytes`. Texts point into `bytes`; lists and records live in the arena. */
MUST_USE struct status api_decode(const struct api_shape *shape, struct slice bytes,
                                  struct arena *a, struct api_value **ret_values);

/* Shorthands. */
static inline struct api_value api_text(const char *zero_terminated) {
    return (struct api_value){.bytes = slice_str(zero_terminated)};
}
static inline struct api_value api_bytes(struct slice s) {
    return (struct api_value){.bytes = s};
}
static inline struct api_value api_n(uint64_t n) {
    return (struct api_value){.n = n};
}
static inline struct api_value api_time(int64_t unix_ms) {
    return (struct api_value){.i = unix_ms};
}
static inline struct api_value api_yes(bool yes) {
    return (struct api_value){.yes = yes};
}

#endif

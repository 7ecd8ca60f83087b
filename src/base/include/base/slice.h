/* A view of bytes that somebody else owns, passed by value.
 *
 * Strings in Ward are slices of UTF-8; nothing depends on a closing zero byte. */
#ifndef WARD_BASE_SLICE_H
#define WARD_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
    const uint8_t *ptr;
    size_t len;
};

/* A slice of a string literal, usable in initialisers. */
#define SLICE(literal)                                                                             \
    (struct slice) {                                                                               \
        (const uint8_t *)("" literal), sizeof("" literal) - 1                                      \
    }
#define SLICE_INIT(literal)                                                                        \
    { (const uint8_t *)("" literal), sizeof("" literal) - 1 }

/* For printf: printf("%.*s", SLICE_ARG(s)). Only for slices shorter than INT_MAX. */
#define SLICE_ARG(s) (int)(s).len, (const char *)(s).ptr

struct slice slice_of(const void *ptr, size_t len);
struct slice slice_str(const char *zero_terminated);
bool slice_eq(struct slice a, struct slice b);
/* Compares as memcmp does, a prefix before what it starts. */
int slice_cmp(struct slice a, struct slice b);
bool slice_starts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
/* The part from `from` to the end, or to from+len; clamped to s. */
struct slice slice_from(struct slice s, size_t from);
struct slice slice_sub(struct slice s, size_t from, size_t len);
/* Index of the first such byte, or s.len. */
size_t slice_find(struct slice s, uint8_t byte);
/* Without spaces, tabs and line ends at both ends. */
struct slice slice_trim(struct slice s);
/* Takes everything up to the separator off the front of *rest. False when *rest was used up
 * (ptr NULL); the last field is followed by ptr NULL. */
bool slice_next(struct slice *rest, uint8_t separator, struct slice *ret_field);
/* True for well-formed UTF-8 without surrogates. */
bool slice_is_utf8(struct slice s);
/* How many letters must be put in, left out, exchanged, or swapped with their neighbour; to suggest
 * a name for a misspelt one. SIZE_MAX where one is longer than SLICE_COMPARED_BYTES. */
enum { SLICE_COMPARED_BYTES = 64 };
size_t slice_distance(struct slice a, struct slice b);
/* FNV-1a, 64 bits: for hash maps, never for secrets. */
uint64_t slice_hash(struct slice s);

#endif

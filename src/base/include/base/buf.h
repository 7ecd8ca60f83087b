/* Growing bytes with a maximum. No buffer in Ward grows without one.
 *
 *   struct buf b CLEANUP(buf_done);
 *   buf_init(&b, 4096);
 *   TRY(buf_add(&b, SLICE("hello")));
 *
 * After an error the contents are as before the failed call. */
#ifndef WARD_BASE_BUF_H
#define WARD_BASE_BUF_H

#include "base/status.h"

struct buf {
    uint8_t *ptr;
    size_t len;
    size_t cap;
    size_t max;    /* in bytes; adding past it is E_TOO_LARGE */
    bool secret;   /* wiped when it grows, is taken from, cleared or done */
};

void buf_init(struct buf *b, size_t max_bytes);
void buf_init_secret(struct buf *b, size_t max_bytes);
void buf_done(struct buf *b);
void buf_clear(struct buf *b);
struct slice buf_slice(const struct buf *b);
/* Takes so many bytes, at most len, off the front. */
void buf_take(struct buf *b, size_t count);
/* Room for `more` bytes past len. */
MUST_USE struct status buf_reserve(struct buf *b, size_t more);
MUST_USE struct status buf_add(struct buf *b, struct slice s);
MUST_USE struct status buf_add_byte(struct buf *b, uint8_t byte);
MUST_USE struct status buf_add_str(struct buf *b, const char *zero_terminated);
MUST_USE struct status buf_add_i64(struct buf *b, int64_t decimal);
MUST_USE struct status buf_add_u64(struct buf *b, uint64_t decimal);
/* As printf; for messages, not for hot paths. */
MUST_USE struct status buf_add_format(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Big-endian integers, as in the formats of docs/FORMATS.md. */
MUST_USE struct status buf_add_be16(struct buf *b, uint16_t v);
MUST_USE struct status buf_add_be32(struct buf *b, uint32_t v);
MUST_USE struct status buf_add_be64(struct buf *b, uint64_t v);

#endif

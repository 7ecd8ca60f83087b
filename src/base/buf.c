/* Growing bytes with a maximum. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

enum { FIRST_CAPACITY = 64 };

void buf_init(struct buf *b, size_t max_bytes) {
    *b = (struct buf){.max = max_bytes};
}

void buf_init_secret(struct buf *b, size_t max_bytes) {
    *b = (struct buf){.max = max_bytes, .secret = true};
}

void buf_done(struct buf *b) {
    if (b->secret) {
        mem_wipe(b->ptr, b->cap);
    }
    mem_free(b->ptr);
    b->ptr = NULL;
    b->len = 0;
    b->cap = 0;
}

void buf_clear(struct buf *b) {
    if (b->secret) {
        mem_wipe(b->ptr, b->len);
    }
    b->len = 0;
}

void buf_take(struct buf *b, size_t count) {
    size_t left = b->len - count;
    if (count == 0) {
        return;
    }
    memmove(b->ptr, b->ptr + count, left);
    if (b->secret) {
        mem_wipe(b->ptr + left, count);
    }
    b->len = left;
}

struct slice buf_slice(const struct buf *b) {
    return (struct slice){b->ptr, b->len};
}

static size_t grown_capacity(const struct buf *b, size_t need) {
    size_t cap = b->cap == 0 ? FIRST_CAPACITY : b->cap;
    while (cap < need) {
        cap = cap > b->max / 2 ? b->max : cap * 2;
    }
    return cap;
}

/* Secrets must not stay behind in the old place, as realloc would leave them. */
static uint8_t *move_secret(struct buf *b, size_t cap) {
    uint8_t *moved = mem_alloc(cap);
    if (moved != NULL) {
        if (b->len > 0) {
            memcpy(moved, b->ptr, b->len);
        }
        mem_wipe(b->ptr, b->cap);
        mem_free(b->ptr);
    }
    return moved;
}

struct status buf_reserve(struct buf *b, size_t more) {
    size_t need;
    if (__builtin_add_overflow(b->len, more, &need) || need > b->max) {
        return FAIL(E_TOO_LARGE);
    }
    if (need <= b->cap) {
        return STATUS_OK;
    }
    size_t cap = grown_capacity(b, need);
    uint8_t *ptr = b->secret ? move_secret(b, cap) : mem_resize(b->ptr, cap, 1);
    if (ptr == NULL) {
        return FAIL(E_MEMORY);
    }
    b->ptr = ptr;
    b->cap = cap;
    return STATUS_OK;
}

struct status buf_add(struct buf *b, struct slice s) {
    TRY(buf_reserve(b, s.len));
    if (s.len > 0) {
        memcpy(b->ptr + b->len, s.ptr, s.len);
        b->len += s.len;
    }
    return STATUS_OK;
}

struct status buf_add_byte(struct buf *b, uint8_t byte) {
    return buf_add(b, slice_of(&byte, 1));
}

struct status buf_add_str(struct buf *b, const char *zero_terminated) {
    return buf_add(b, slice_str(zero_terminated));
}

struct status buf_add_u64(struct buf *b, uint64_t decimal) {
    uint8_t digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + decimal % 10);
        decimal /= 10;
    } while (decimal > 0);
    return buf_add(b, slice_of(digits + at, sizeof digits - at));
}

struct status buf_add_i64(struct buf *b, int64_t decimal) {
    if (decimal >= 0) {
        return buf_add_u64(b, (uint64_t)decimal);
    }
    TRY(buf_reserve(b, 21));
    TRY(buf_add_byte(b, '-'));
    return buf_add_u64(b, 0 - (uint64_t)decimal);
}

struct status buf_add_format(struct buf *b, const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof text) {
        return FAIL(E_TOO_LARGE);
    }
    return buf_add(b, slice_of(text, (size_t)n));
}

struct status buf_add_be16(struct buf *b, uint16_t v) {
    uint8_t bytes[2];
    bytes_put_be16(bytes, v);
    return buf_add(b, slice_of(bytes, sizeof bytes));
}

struct status buf_add_be32(struct buf *b, uint32_t v) {
    uint8_t bytes[4];
    bytes_put_be32(bytes, v);
    return buf_add(b, slice_of(bytes, sizeof bytes));
}

struct status buf_add_be64(struct buf *b, uint64_t v) {
    uint8_t bytes[8];
    bytes_put_be64(bytes, v);
    return buf_add(b, slice_of(bytes, sizeof bytes));
}

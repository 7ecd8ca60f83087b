/* Buffered lines in and text out. Writes wait only when the buffer is full or the input has nothing
 * ready, so that a pipe runs at full speed and a person at a terminal gets an answer a line. */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

enum {
    OUT_FLUSH_BYTES = 1 << 16,
    OUT_MAX_BYTES = 8 << 20,
    READ_BYTES = 1 << 18,
    FORMAT_BYTES = 8192,
};

void out_init(struct cli_out *o, int fd) {
    *o = (struct cli_out){.fd = fd};
    buf_init(&o->buf, OUT_MAX_BYTES);
}

void out_flush(struct cli_out *o) {
    struct slice rest = buf_slice(&o->buf);
    while (rest.len > 0 && !o->broken) {
        ssize_t n = write(o->fd, rest.ptr, rest.len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        o->broken = n <= 0;
        rest = slice_from(rest, n > 0 ? (size_t)n : 0);
    }
    buf_clear(&o->buf);
}

void out_add(struct cli_out *o, struct slice s) {
    if (o->buf.len + s.len > OUT_FLUSH_BYTES) {
        out_flush(o);
    }
    if (failed(buf_add(&o->buf, s))) {
        o->broken = true;
    }
}

void out_str(struct cli_out *o, const char *s) {
    out_add(o, slice_str(s));
}

void out_format(struct cli_out *o, const char *format, ...) {
    char text[FORMAT_BYTES];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof text) {
        o->broken = true;
        return;
    }
    out_add(o, slice_of(text, (size_t)n));
}

bool out_done(struct cli_out *o) {
    out_flush(o);
    buf_done(&o->buf);
    return !o->broken;
}

void lines_init(struct cli_lines *l, int fd, size_t max_line_bytes) {
    *l = (struct cli_lines){.fd = fd, .max_bytes = max_line_bytes};
    buf_init(&l->buf, 2 * max_line_bytes + READ_BYTES);
}

void lines_done(struct cli_lines *l) {
    buf_done(&l->buf);
}

static bool input_ready(int fd) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

/* Reads once; what was consumed makes room first. */
static void refill(struct cli_lines *l, struct cli_out *flush) {
    struct buf *b = &l->buf;
    if (l->from > 0) {
        memmove(b->ptr, b->ptr + l->from, b->len - l->from);
        b->len -= l->from;
        l->from = 0;
    }
    if (failed(buf_reserve(b, READ_BYTES))) {
        l->broken = true;
        l->ended = true;
        return;
    }
    if (flush != NULL && !input_ready(l->fd)) {
        out_flush(flush);
    }
    ssize_t n;
    do {
        n = read(l->fd, b->ptr + b->len, READ_BYTES);
    } while (n < 0 && errno == EINTR);
    l->broken = n < 0;
    l->ended = n <= 0;
    b->len += n > 0 ? (size_t)n : 0;
}

/* Drops what follows of a line that is too long, up to its end; its beginning stays in place. */
static void skip_rest(struct cli_lines *l, struct cli_out *flush, size_t keep) {
    for (;;) {
        struct slice rest = slice_from(buf_slice(&l->buf), l->from + keep);
        size_t at = slice_find(rest, '\n');
        size_t drop = at < rest.len ? at : rest.len;
        uint8_t *to = l->buf.ptr + l->from + keep;
        memmove(to, to + drop, rest.len - drop);
        l->buf.len -= drop;
        if (at < rest.len || l->ended) {
            return;
        }
        refill(l, flush);
    }
}

/* Takes `len` bytes and the line end after them, if there is one. */
static struct slice take(struct cli_lines *l, size_t len) {
    struct slice line = slice_of(l->buf.ptr + l->from, len);
    l->from += len + (l->from + len < l->buf.len ? 1 : 0);
    return line;
}

bool lines_next(struct cli_lines *l, struct cli_out *flush, struct slice *ret_line,
                bool *ret_too_long) {
    size_t searched = 0;
    for (;;) {
        struct slice rest = slice_from(buf_slice(&l->buf), l->from);
        const uint8_t *found =
            rest.len > searched ? memchr(rest.ptr + searched, '\n', rest.len - searched) : NULL;
        size_t len = found != NULL ? (size_t)(found - rest.ptr) : rest.len;
        if (len > l->max_bytes) {
            skip_rest(l, flush, l->max_bytes);
            *ret_too_long = true;
            *ret_line = take(l, l->max_bytes);
            return true;
        }
        if (found != NULL || (l->ended && rest.len > 0)) {
            *ret_too_long = false;
            *ret_line = take(l, len);
            return true;
        }
        if (l->ended) {
            return false;
        }
        searched = rest.len;
        refill(l, flush);
    }
}

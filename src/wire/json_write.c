/* Writes JSON. What does not fit, is not UTF-8 or comes out of order is an error that stays. */
#include "wire/json.h"

void json_put_open(struct json_writer *w, struct buf *out) {
    *w = (struct json_writer){.out = out};
}

static void keep(struct json_writer *w, struct status s) {
    if (!failed(w->error)) {
        w->error = s;
    }
}

static uint64_t level(const struct json_writer *w) {
    return (uint64_t)1 << w->depth;
}

/* Puts what must stand before a value; false after an error. */
static bool before_value(struct json_writer *w) {
    bool in_object = (w->objects & level(w)) != 0;
    bool second = w->depth == 0 && (w->filled & level(w)) != 0;
    if (!failed(w->error) && (in_object != w->keyed || second)) {
        keep(w, FAIL(E_JSON_SYNTAX));
    }
    if (failed(w->error)) {
        return false;
    }
    if (!w->keyed && (w->filled & level(w)) != 0) {
        keep(w, buf_add_byte(w->out, ','));
    }
    w->filled |= level(w);
    w->keyed = false;
    return !failed(w->error);
}

static void open_level(struct json_writer *w, bool object) {
    if (!before_value(w)) {
        return;
    }
    if (w->depth == JSON_MAX_DEPTH) {
        keep(w, FAIL(E_JSON_DEPTH));
        return;
    }
    w->depth++;
    w->objects = object ? w->objects | level(w) : w->objects & ~level(w);
    w->filled &= ~level(w);
    keep(w, buf_add_byte(w->out, object ? '{' : '['));
}

void json_put_object(struct json_writer *w) {
    open_level(w, true);
}

void json_put_array(struct json_writer *w) {
    open_level(w, false);
}

void json_put_close(struct json_writer *w) {
    if (w->depth == 0 || w->keyed) {
        keep(w, FAIL(E_JSON_SYNTAX));
    }
    if (failed(w->error)) {
        return;
    }
    keep(w, buf_add_byte(w->out, (w->objects & level(w)) != 0 ? '}' : ']'));
    w->depth--;
}

/* What a byte below 0x20, a quote or a backslash is written as. */
static struct status add_escape(struct buf *out, uint8_t c) {
    static const char digits[] = "0123456789abcdef";
    static const char letters[] = "btn?fr"; /* from 0x08 */
    uint8_t text[6] = {'\\', 'u', '0', '0', 0, 0};
    if (c == '"' || c == '\\') {
        text[1] = c;
        return buf_add(out, slice_of(text, 2));
    }
    if (c >= 0x08 && c <= 0x0d && c != 0x0b) {
        text[1] = (uint8_t)letters[c - 0x08];
        return buf_add(out, slice_of(text, 2));
    }
    text[4] = (uint8_t)digits[c >> 4];
    text[5] = (uint8_t)digits[c & 15];
    return buf_add(out, slice_of(text, 6));
}

static struct status add_string(struct buf *out, struct slice s) {
    if (!slice_is_utf8(s)) {
        return FAIL(E_ENCODING);
    }
    TRY(buf_add_byte(out, '"'));
    size_t done = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] >= 0x20 && s.ptr[i] != '"' && s.ptr[i] != '\\') {
            continue;
        }
        TRY(buf_add(out, slice_sub(s, done, i - done)));
        TRY(add_escape(out, s.ptr[i]));
        done = i + 1;
    }
    TRY(buf_add(out, slice_from(s, done)));
    return buf_add_byte(out, '"');
}

void json_put_key(struct json_writer *w, struct slice key) {
    if ((w->objects & level(w)) == 0 || w->keyed) {
        keep(w, FAIL(E_JSON_SYNTAX));
    }
    if (failed(w->error)) {
        return;
    }
    if ((w->filled & level(w)) != 0) {
        keep(w, buf_add_byte(w->out, ','));
    }
    keep(w, add_string(w->out, key));
    keep(w, buf_add_byte(w->out, ':'));
    w->keyed = true;
}

void json_put_string(struct json_writer *w, struct slice s) {
    if (before_value(w)) {
        keep(w, add_string(w->out, s));
    }
}

void json_put_int(struct json_writer *w, int64_t n) {
    if (before_value(w)) {
        keep(w, buf_add_i64(w->out, n));
    }
}

void json_put_bool(struct json_writer *w, bool b) {
    json_put_raw(w, b ? SLICE("true") : SLICE("false"));
}

void json_put_null(struct json_writer *w) {
    json_put_raw(w, SLICE("null"));
}

void json_put_raw(struct json_writer *w, struct slice json) {
    if (before_value(w)) {
        keep(w, buf_add(w->out, json));
    }
}

struct status json_put_done(const struct json_writer *w) {
    TRY(w->error);
    return w->depth > 0 || w->filled == 0 ? FAIL(E_JSON_SYNTAX) : STATUS_OK;
}

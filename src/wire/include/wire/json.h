/* JSON as it must be: RFC 8259, well-formed UTF-8, each key once, nothing after the value.
 *
 * The reader is a cursor over a text that the caller owns. It allocates nothing, does not recurse
 * and builds no tree: the caller pulls what it expects, and what it does not expect is an error.
 * Refused, beside what RFC 8259 refuses: a key given twice in an object, a lone surrogate,
 * \u0000, and everything past a limit of wire/limits.h.
 *
 *   struct json_reader r;
 *   json_open(&r, SLICE("{\"age\":12}"));
 *   struct slice key;
 *   bool more;
 *   int64_t age = -1;
 *   TRY(json_get_object(&r));
 *   for (;;) {
 *       TRY(json_next_key(&r, &more, &key));
 *       if (!more) {
 *           break;
 *       }
 *       TRY(slice_eq(key, SLICE("age")) ? json_get_int(&r, 0, 130, &age) : FAIL(E_JSON_KEY));
 *   }
 *   TRY(json_end(&r));
 *
 * An error stays: every later call returns the first error again, and json_offset tells where. */
#ifndef WARD_WIRE_JSON_H
#define WARD_WIRE_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "wire/limits.h"

enum json_type {
    JSON_TYPE_NOTHING, /* the end of the text, or a byte that begins no value */
    JSON_TYPE_NULL,
    JSON_TYPE_BOOL,
    JSON_TYPE_NUMBER,
    JSON_TYPE_STRING,
    JSON_TYPE_ARRAY,
    JSON_TYPE_OBJECT,
};

/* What was seen of a key: enough to tell almost all apart, and where to look for the rest. */
struct json_key {
    uint64_t print;
    uint32_t at;
    uint32_t len;
};

struct json_frame {
    uint32_t keys;   /* live keys when it was opened */
    uint8_t closing; /* '}' or ']' */
    bool filled;     /* something stands before the cursor, so a comma is due */
};

/* Fields are the reader's own. json_open sets what is needed and leaves the rest untouched. */
struct json_reader {
    const uint8_t *begin;
    const uint8_t *at;
    const uint8_t *end;
    struct status error;
    uint32_t depth;
    uint32_t key_count;
    struct json_frame frames[JSON_MAX_DEPTH];
    struct json_key keys[JSON_MAX_KEYS];
    uint8_t key_text[JSON_MAX_KEY_BYTES];
};

/* The text must stay as it is while the reader and the slices it returned are in use. */
void json_open(struct json_reader *r, struct slice text);
/* What the next value is; reads nothing. */
enum json_type json_peek(struct json_reader *r);
/* Bytes before the place of the error, or before the cursor. */
size_t json_offset(const struct json_reader *r);

/* Every reading call takes one whole value, or fails with E_JSON_TYPE where the value is of
 * another type, or with the error that the text has. */
MUST_USE struct status json_get_null(struct json_reader *r);
MUST_USE struct status json_get_bool(struct json_reader *r, bool *ret);
/* Whole numbers written as such: 12.0, 1e1 and -0 are E_JSON_TYPE; outside the bounds E_NUMBER. */
MUST_USE struct status json_get_int(struct json_reader *r, int64_t min, int64_t max, int64_t *ret);
/* Any number, as it is written, for who needs more than json_get_int. */
MUST_USE struct status json_get_number(struct json_reader *r, struct slice *ret);
/* Without escapes the slice points into the text; otherwise the string is decoded into `room`, and
 * one longer than `room_bytes` is E_TOO_LARGE. */
MUST_USE struct status json_get_string(struct json_reader *r, uint8_t *room, size_t room_bytes,
                                       struct slice *ret);
/* A copy in the arena. */
MUST_USE struct status json_copy_string(struct json_reader *r, struct arena *a, struct slice *ret);
MUST_USE struct status json_get_object(struct json_reader *r);
/* The next key, or *ret_more false after the closing brace. The key is valid until the next call
 * that reads one. After a key its value must be read. */
MUST_USE struct status json_next_key(struct json_reader *r, bool *ret_more, struct slice *ret_key);
MUST_USE struct status json_get_array(struct json_reader *r);
MUST_USE struct status json_next_item(struct json_reader *r, bool *ret_more);
/* Reads one value of any type, checks all of it and forgets it. With ret_text, its bytes. */
MUST_USE struct status json_skip(struct json_reader *r);
MUST_USE struct status json_skip_text(struct json_reader *r, struct slice *ret_text);
/* Nothing but white space is left and everything opened is closed; else E_JSON_TRAILING. */
MUST_USE struct status json_end(struct json_reader *r);
/* Sets the error of a caller that found a value wrong, at this place; returns it. */
MUST_USE struct status json_refuse(struct json_reader *r, struct status why);

/* The writer adds one text to a buffer, puts commas and colons, and escapes what must be. An error
 * (a full buffer, a string that is not UTF-8, a wrong order of calls) stays until json_put_done. */
struct json_writer {
    struct buf *out;
    struct status error;
    uint32_t depth;
    uint64_t objects; /* one bit a level: object or array */
    uint64_t filled;  /* one bit a level: something was written */
    bool keyed;       /* a key stands before the cursor */
};

void json_put_open(struct json_writer *w, struct buf *out);
void json_put_object(struct json_writer *w);
void json_put_array(struct json_writer *w);
/* Closes what was opened last. */
void json_put_close(struct json_writer *w);
void json_put_key(struct json_writer *w, struct slice key);
void json_put_string(struct json_writer *w, struct slice s);
void json_put_int(struct json_writer *w, int64_t n);
void json_put_bool(struct json_writer *w, bool b);
void json_put_null(struct json_writer *w);
/* Text that is JSON already and that the caller vouches for. */
void json_put_raw(struct json_writer *w, struct slice json);
/* The first error, or E_JSON_SYNTAX when something is still open or nothing was written. */
MUST_USE struct status json_put_done(const struct json_writer *w);

#endif

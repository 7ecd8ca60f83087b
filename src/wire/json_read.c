/* A cursor over JSON. Pure: no allocation, no recursion, no I/O. Nothing is ever skipped without
 * being checked, and the first error stays. */
#include "wire/json.h"

#include <string.h>

#include "json_string.h"

void json_open(struct json_reader *r, struct slice text) {
    static const uint8_t nothing[1];
    r->begin = text.ptr == NULL ? nothing : text.ptr;
    r->at = r->begin;
    r->end = r->begin + text.len;
    r->error = text.len > JSON_MAX_TEXT_BYTES ? FAIL(E_TOO_LARGE) : STATUS_OK;
    r->depth = 0;
    r->key_count = 0;
}

size_t json_offset(const struct json_reader *r) {
    return (size_t)(r->at - r->begin);
}

struct status json_refuse(struct json_reader *r, struct status why) {
    if (!failed(r->error)) {
        r->error = why;
    }
    return r->error;
}

static struct status refuse(struct json_reader *r, enum error_code code) {
    return json_refuse(r, (struct status){(uint16_t)code});
}

static inline void skip_space(struct json_reader *r) {
    const uint8_t *p = r->at;
    while (p < r->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        p++;
    }
    r->at = p;
}

/* The next byte that counts, or 0, which begins nothing. */
static inline uint8_t next_byte(struct json_reader *r) {
    if (r->at<r->end && * r->at> ' ') {
        return *r->at;
    }
    skip_space(r);
    return r->at < r->end ? *r->at : 0;
}

/* The words of JSON are told by two letters; their readers check the rest. */
static enum json_type peek_word(const struct json_reader *r, uint8_t second, enum json_type type) {
    return r->end - r->at > 1 && r->at[1] == second ? type : JSON_TYPE_NOTHING;
}

enum json_type json_peek(struct json_reader *r) {
    if (failed(r->error)) {
        return JSON_TYPE_NOTHING;
    }
    switch (next_byte(r)) {
    case 'n':
        return peek_word(r, 'u', JSON_TYPE_NULL);
    case 't':
        return peek_word(r, 'r', JSON_TYPE_BOOL);
    case 'f':
        return peek_word(r, 'a', JSON_TYPE_BOOL);
    case '"':
        return JSON_TYPE_STRING;
    case '[':
        return JSON_TYPE_ARRAY;
    case '{':
        return JSON_TYPE_OBJECT;
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return JSON_TYPE_NUMBER;
    default:
        return JSON_TYPE_NOTHING;
    }
}

/* Fails unless the next value is of this type. */
static struct status expect(struct json_reader *r, enum json_type type) {
    TRY(r->error);
    enum json_type found = json_peek(r);
    if (found == type) {
        return STATUS_OK;
    }
    return refuse(r, found == JSON_TYPE_NOTHING ? E_JSON_SYNTAX : E_JSON_TYPE);
}

/* A word, and after it something that cannot continue it: the next token is checked by its own
 * reader, so "truefalse" fails there. */
static struct status word(struct json_reader *r, const char *text, size_t len) {
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, text, len) != 0) {
        return refuse(r, E_JSON_SYNTAX);
    }
    r->at += len;
    return STATUS_OK;
}

struct status json_get_null(struct json_reader *r) {
    TRY(expect(r, JSON_TYPE_NULL));
    return word(r, "null", 4);
}

struct status json_get_bool(struct json_reader *r, bool *ret) {
    TRY(expect(r, JSON_TYPE_BOOL));
    bool value = *r->at == 't';
    TRY(value ? word(r, "true", 4) : word(r, "false", 5));
    *ret = value;
    return STATUS_OK;
}

static const uint8_t *digits(const uint8_t *p, const uint8_t *end) {
    while (p < end && *p >= '0' && *p <= '9') {
        p++;
    }
    return p;
}

/* int frac exp of RFC 8259; NULL where it is none. *ret_whole: neither frac nor exp. */
static const uint8_t *number_end(const uint8_t *p, const uint8_t *end, bool *ret_whole) {
    p += *p == '-';
    const uint8_t *first = p;
    p = digits(p, end);
    if (p == first || (*first == '0' && p - first > 1)) {
        return NULL;
    }
    const uint8_t *whole = p;
    if (p < end && *p == '.') {
        const uint8_t *point = ++p;
        p = digits(p, end);
        if (p == point) {
            return NULL;
        }
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < end && (*p == '+' || *p == '-');
        const uint8_t *exponent = p;
        p = digits(p, end);
        if (p == exponent) {
            return NULL;
        }
    }
    *ret_whole = p == whole;
    return p;
}

static struct status number(struct json_reader *r, struct slice *ret, bool *ret_whole) {
    TRY(expect(r, JSON_TYPE_NUMBER));
    const uint8_t *end = number_end(r->at, r->end, ret_whole);
    if (end == NULL) {
        return refuse(r, E_JSON_SYNTAX);
    }
    if (end - r->at > JSON_MAX_NUMBER_BYTES) {
        return refuse(r, E_TOO_LARGE);
    }
    *ret = slice_of(r->at, (size_t)(end - r->at));
    return STATUS_OK;
}

struct status json_get_number(struct json_reader *r, struct slice *ret) {
    bool whole;
    struct slice text;
    TRY(number(r, &text, &whole));
    r->at += text.len;
    *ret = text;
    return STATUS_OK;
}

static bool int_value(struct slice text, int64_t *ret) {
    bool minus = text.ptr[0] == '-';
    int64_t v = 0;
    for (size_t i = minus; i < text.len; i++) {
        int64_t d = text.ptr[i] - '0';
        if (__builtin_mul_overflow(v, (int64_t)10, &v) ||
            __builtin_add_overflow(v, minus ? -d : d, &v)) {
            return false;
        }
    }
    *ret = v;
    return true;
}

struct status json_get_int(struct json_reader *r, int64_t min, int64_t max, int64_t *ret) {
    bool whole;
    struct slice text;
    int64_t value;
    TRY(number(r, &text, &whole));
    if (!whole || slice_eq(text, SLICE("-0"))) {
        return refuse(r, E_JSON_TYPE);
    }
    if (!int_value(text, &value) || value < min || value > max) {
        return refuse(r, E_NUMBER);
    }
    r->at += text.len;
    *ret = value;
    return STATUS_OK;
}

static struct status string(struct json_reader *r, struct json_span *ret) {
    TRY(expect(r, JSON_TYPE_STRING));
    struct status s = json_scan_string(r->at + 1, r->end, &r->at, ret);
    return failed(s) ? json_refuse(r, s) : s;
}

/* A span as a slice: as it stands in the text, or decoded. */
static struct status text_of(struct json_reader *r, struct json_span span, uint8_t *room,
                             size_t room_bytes, struct slice *ret) {
    size_t len;
    if (!span.escaped) {
        *ret = span.raw;
        return STATUS_OK;
    }
    struct status s = json_decode(span, room, room_bytes, &len);
    if (failed(s)) {
        return json_refuse(r, s);
    }
    *ret = slice_of(room, len);
    return STATUS_OK;
}

struct status json_get_string(struct json_reader *r, uint8_t *room, size_t room_bytes,
                              struct slice *ret) {
    struct json_span span;
    TRY(string(r, &span));
    return text_of(r, span, room, room_bytes, ret);
}

struct status json_copy_string(struct json_reader *r, struct arena *a, struct slice *ret) {
    struct json_span span;
    TRY(string(r, &span));
    if (!span.escaped) {
        return arena_copy(a, span.raw, ret);
    }
    uint8_t *room = arena_alloc(a, span.raw.len);
    return room == NULL ? refuse(r, E_MEMORY) : text_of(r, span, room, span.raw.len, ret);
}

static struct status open_frame(struct json_reader *r, enum json_type type, uint8_t closing) {
    TRY(expect(r, type));
    if (r->depth == JSON_MAX_DEPTH) {
        return refuse(r, E_JSON_DEPTH);
    }
    r->at++;
    r->frames[r->depth++] = (struct json_frame){.keys = r->key_count, .closing = closing};
    return STATUS_OK;
}

struct status json_get_object(struct json_reader *r) {
    return open_frame(r, JSON_TYPE_OBJECT, '}');
}

struct status json_get_array(struct json_reader *r) {
    return open_frame(r, JSON_TYPE_ARRAY, ']');
}

/* Steps over the comma before the next member, or over the closing bracket. */
static struct status next_member(struct json_reader *r, uint8_t closing, bool *ret_more) {
    TRY(r->error);
    if (r->depth == 0 || r->frames[r->depth - 1].closing != closing) {
        return refuse(r, E_JSON_SYNTAX);
    }
    struct json_frame *frame = &r->frames[r->depth - 1];
    uint8_t c = next_byte(r);
    if (c == closing) {
        r->at++;
        r->key_count = frame->keys;
        r->depth--;
        *ret_more = false;
        return STATUS_OK;
    }
    if (frame->filled) {
        if (c != ',') {
            return refuse(r, E_JSON_SYNTAX);
        }
        r->at++;
    }
    frame->filled = true;
    *ret_more = true;
    return STATUS_OK;
}

struct status json_next_item(struct json_reader *r, bool *ret_more) {
    return next_member(r, ']', ret_more);
}

/* Cheap and telling: the length, the first and the last bytes. */
static uint64_t fingerprint(struct slice s) {
    uint64_t a = 0;
    uint64_t b = 0;
    if (s.len >= 8) {
        memcpy(&a, s.ptr, 8);
        memcpy(&b, s.ptr + s.len - 8, 8);
    } else if (s.len >= 4) {
        uint32_t x;
        uint32_t y;
        memcpy(&x, s.ptr, 4);
        memcpy(&y, s.ptr + s.len - 4, 4);
        a = x;
        b = y;
    } else if (s.len > 0) {
        a = (uint64_t)s.ptr[0] << 16 | (uint64_t)s.ptr[s.len / 2] << 8 | s.ptr[s.len - 1];
    }
    return a ^ (b << 17 | b >> 47) ^ (uint64_t)s.len << 56;
}

/* The text of a key that was met before; it was decoded once, so it decodes again. Rare, and kept
 * apart so that its room is not part of the frame of those who read a key. */
__attribute__((noinline)) static bool same_key(struct json_reader *r, struct json_key old,
                                               struct slice key) {
    uint8_t room[JSON_MAX_KEY_BYTES];
    struct json_span span = {slice_of(r->begin + old.at, old.len), true};
    size_t len;
    return !failed(json_decode(span, room, sizeof room, &len)) &&
           slice_eq(slice_of(room, len), key);
}

static struct status remember_key(struct json_reader *r, struct slice raw, struct slice key) {
    struct json_key seen = {fingerprint(key), (uint32_t)(raw.ptr - r->begin), (uint32_t)raw.len};
    if (r->key_count == JSON_MAX_KEYS) {
        return refuse(r, E_JSON_DEPTH);
    }
    for (uint32_t i = r->frames[r->depth - 1].keys; i < r->key_count; i++) {
        if (r->keys[i].print == seen.print && same_key(r, r->keys[i], key)) {
            return refuse(r, E_JSON_DUPLICATE);
        }
    }
    r->keys[r->key_count++] = seen;
    return STATUS_OK;
}

static struct status object_key(struct json_reader *r, struct slice *ret_key) {
    struct json_span span;
    struct slice key;
    if (next_byte(r) != '"') {
        return refuse(r, E_JSON_SYNTAX);
    }
    TRY(string(r, &span));
    TRY(text_of(r, span, r->key_text, sizeof r->key_text, &key));
    if (key.len > JSON_MAX_KEY_BYTES) {
        return refuse(r, E_TOO_LARGE);
    }
    TRY(remember_key(r, span.raw, key));
    if (next_byte(r) != ':') {
        return refuse(r, E_JSON_SYNTAX);
    }
    r->at++;
    *ret_key = key;
    return STATUS_OK;
}

struct status json_next_key(struct json_reader *r, bool *ret_more, struct slice *ret_key) {
    bool more = false;
    TRY(next_member(r, '}', &more));
    if (more) {
        TRY(object_key(r, ret_key));
    }
    *ret_more = more;
    return STATUS_OK;
}

/* One scalar, or the opening of an object or array. */
static struct status skip_step(struct json_reader *r) {
    struct json_span span;
    struct slice text;
    bool value;
    switch (json_peek(r)) {
    case JSON_TYPE_NULL:
        return json_get_null(r);
    case JSON_TYPE_BOOL:
        return json_get_bool(r, &value);
    case JSON_TYPE_NUMBER:
        return json_get_number(r, &text);
    case JSON_TYPE_STRING:
        return string(r, &span);
    case JSON_TYPE_ARRAY:
        return json_get_array(r);
    case JSON_TYPE_OBJECT:
        return json_get_object(r);
    case JSON_TYPE_NOTHING:
        break;
    }
    return refuse(r, E_JSON_SYNTAX);
}

struct status json_skip(struct json_reader *r) {
    struct slice key;
    bool more;
    uint32_t outside = r->depth;
    TRY(skip_step(r));
    while (r->depth > outside) {
        bool object = r->frames[r->depth - 1].closing == '}';
        TRY(object ? json_next_key(r, &more, &key) : json_next_item(r, &more));
        if (more) {
            TRY(skip_step(r));
        }
    }
    return STATUS_OK;
}

struct status json_skip_text(struct json_reader *r, struct slice *ret_text) {
    TRY(r->error);
    skip_space(r);
    const uint8_t *from = r->at;
    TRY(json_skip(r));
    *ret_text = slice_of(from, (size_t)(r->at - from));
    return STATUS_OK;
}

struct status json_end(struct json_reader *r) {
    TRY(r->error);
    skip_space(r);
    if (r->at < r->end || r->depth > 0) {
        return refuse(r, E_JSON_TRAILING);
    }
    return STATUS_OK;
}

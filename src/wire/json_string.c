/* Strings of JSON, found eight bytes at a time, checked, and decoded. Pure. */
#include "json_string.h"

#include <string.h>

#include "base/bytes.h"

static const uint64_t ones = 0x0101010101010101u;
static const uint64_t highs = 0x8080808080808080u;

static uint64_t load_le64(const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

/* The high bit of each byte that is zero; above a true one there may be false ones. */
static uint64_t zero_bytes(uint64_t v) {
    return (v - ones) & ~v & highs;
}

static bool is_plain(uint8_t c) {
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* The first byte that is not plain ASCII inside a string: a quote, a backslash, a control
 * character or a byte of a longer character. */
static const uint8_t *plain_end(const uint8_t *p, const uint8_t *end) {
    while (end - p >= 8) {
        uint64_t v = load_le64(p);
        uint64_t stop = zero_bytes(v ^ (ones * '"')) | zero_bytes(v ^ (ones * '\\')) |
                        ((v - ones * 0x20) & ~v & highs) | (v & highs);
        if (stop != 0) {
            return p + __builtin_ctzll(stop) / 8;
        }
        p += 8;
    }
    while (p < end && is_plain(*p)) {
        p++;
    }
    return p;
}

static int hex_digit(uint8_t c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits after "\u". */
static bool unit(const uint8_t *p, const uint8_t *end, uint32_t *ret) {
    uint32_t v = 0;
    if (end - p < 4) {
        return false;
    }
    for (int i = 0; i < 4; i++) {
        int d = hex_digit(p[i]);
        if (d < 0) {
            return false;
        }
        v = v << 4 | (uint32_t)d;
    }
    *ret = v;
    return true;
}

/* The character of an escape that begins at p with "\u", and its length in the text; a surrogate
 * counts only as half of a pair, and U+0000 is no character of any string in Ward. */
static bool unicode_escape(const uint8_t *p, const uint8_t *end, uint32_t *ret, size_t *ret_len) {
    uint32_t high;
    uint32_t low;
    if (!unit(p + 2, end, &high) || high == 0 || (high >= 0xdc00 && high <= 0xdfff)) {
        return false;
    }
    if (high < 0xd800 || high > 0xdbff) {
        *ret = high;
        *ret_len = 6;
        return true;
    }
    if (end - p < 12 || p[6] != '\\' || p[7] != 'u' || !unit(p + 8, end, &low) || low < 0xdc00 ||
        low > 0xdfff) {
        return false;
    }
    *ret = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    *ret_len = 12;
    return true;
}

/* What stands for itself or for a control character after a backslash; 0 for no escape. */
static uint8_t short_escape(uint8_t c) {
    switch (c) {
    case '"':
    case '\\':
    case '/':
        return c;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

/* The escape at p: the character and its length in the text. */
static bool escape(const uint8_t *p, const uint8_t *end, uint32_t *ret, size_t *ret_len) {
    if (end - p < 2) {
        return false;
    }
    if (p[1] == 'u') {
        return unicode_escape(p, end, ret, ret_len);
    }
    *ret = short_escape(p[1]);
    *ret_len = 2;
    return *ret != 0;
}

struct status json_scan_string(const uint8_t *at, const uint8_t *end, const uint8_t **ret_at,
                               struct json_span *ret_span) {
    const uint8_t *p = at;
    bool escaped = false;
    bool wide = false;
    for (;;) {
        p = plain_end(p, end);
        *ret_at = p;
        if (p == end) {
            return FAIL(E_JSON_SYNTAX);
        }
        if (*p == '"') {
            break;
        }
        uint32_t c;
        size_t len = 1;
        if (*p == '\\') {
            if (!escape(p, end, &c, &len)) {
                return FAIL(E_JSON_STRING);
            }
            escaped = true;
        } else if (*p < 0x20) {
            return FAIL(E_JSON_STRING);
        } else {
            wide = true;
        }
        p += len;
    }
    struct slice raw = slice_of(at, (size_t)(p - at));
    if (wide && !slice_is_utf8(raw)) {
        *ret_at = at;
        return FAIL(E_JSON_STRING);
    }
    *ret_at = p + 1;
    *ret_span = (struct json_span){raw, escaped};
    return STATUS_OK;
}

static size_t encode(uint32_t c, uint8_t to[4]) {
    if (c < 0x80) {
        to[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (uint8_t)(0xc0 | c >> 6);
        to[1] = (uint8_t)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (uint8_t)(0xe0 | c >> 12);
        to[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        to[2] = (uint8_t)(0x80 | (c & 0x3f));
        return 3;
    }
    to[0] = (uint8_t)(0xf0 | c >> 18);
    to[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
    to[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    to[3] = (uint8_t)(0x80 | (c & 0x3f));
    return 4;
}

struct status json_decode(struct json_span span, uint8_t *room, size_t room_bytes,
                          size_t *ret_len) {
    const uint8_t *p = span.raw.ptr;
    const uint8_t *end = p + span.raw.len;
    size_t len = 0;
    while (p < end) {
        uint8_t bytes[4] = {*p};
        size_t count = 1;
        size_t taken = 1;
        uint32_t c;
        if (*p == '\\') {
            if (!escape(p, end, &c, &taken)) {
                return FAIL(E_JSON_STRING);
            }
            count = encode(c, bytes);
        }
        if (count > room_bytes - len) {
            return FAIL(E_TOO_LARGE);
        }
        memcpy(room + len, bytes, count);
        len += count;
        p += taken;
    }
    *ret_len = len;
    return STATUS_OK;
}

/* Integers and bytes as text. Pure. */
#include "base/bytes.h"

void bytes_put_be16(uint8_t *to, uint16_t v) {
    to[0] = (uint8_t)(v >> 8);
    to[1] = (uint8_t)v;
}

void bytes_put_be32(uint8_t *to, uint32_t v) {
    bytes_put_be16(to, (uint16_t)(v >> 16));
    bytes_put_be16(to + 2, (uint16_t)v);
}

void bytes_put_be64(uint8_t *to, uint64_t v) {
    bytes_put_be32(to, (uint32_t)(v >> 32));
    bytes_put_be32(to + 4, (uint32_t)v);
}

uint16_t bytes_be16(const uint8_t *from) {
    return (uint16_t)(from[0] << 8 | from[1]);
}

uint32_t bytes_be32(const uint8_t *from) {
    return (uint32_t)bytes_be16(from) << 16 | bytes_be16(from + 2);
}

uint64_t bytes_be64(const uint8_t *from) {
    return (uint64_t)bytes_be32(from) << 32 | bytes_be32(from + 4);
}

struct status hex_encode(struct slice s, struct buf *out) {
    static const char digits[] = "0123456789abcdef";
    TRY(buf_reserve(out, s.len > SIZE_MAX / 2 ? SIZE_MAX : s.len * 2));
    for (size_t i = 0; i < s.len; i++) {
        out->ptr[out->len++] = (uint8_t)digits[s.ptr[i] >> 4];
        out->ptr[out->len++] = (uint8_t)digits[s.ptr[i] & 15];
    }
    return STATUS_OK;
}

static int hex_value(uint8_t c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct status hex_decode(struct slice text, uint8_t *ret, size_t ret_len) {
    if (text.len / 2 != ret_len || text.len % 2 != 0) {
        return FAIL(E_ENCODING);
    }
    for (size_t i = 0; i < ret_len; i++) {
        if (hex_value(text.ptr[2 * i]) < 0 || hex_value(text.ptr[2 * i + 1]) < 0) {
            return FAIL(E_ENCODING);
        }
    }
    for (size_t i = 0; i < ret_len; i++) {
        ret[i] = (uint8_t)(hex_value(text.ptr[2 * i]) << 4 | hex_value(text.ptr[2 * i + 1]));
    }
    return STATUS_OK;
}

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char urlsafe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static struct status encode64(struct slice s, const char *alphabet, bool pad, struct buf *out) {
    TRY(buf_reserve(out, s.len > SIZE_MAX / 4 ? SIZE_MAX : (s.len + 2) / 3 * 4));
    for (size_t i = 0; i < s.len; i += 3) {
        size_t have = s.len - i < 3 ? s.len - i : 3;
        uint32_t v = (uint32_t)s.ptr[i] << 16;
        v |= have > 1 ? (uint32_t)s.ptr[i + 1] << 8 : 0;
        v |= have > 2 ? s.ptr[i + 2] : 0;
        for (size_t k = 0; k < 4; k++) {
            if (k <= have) {
                out->ptr[out->len++] = (uint8_t)alphabet[v >> (18 - 6 * k) & 63];
            } else if (pad) {
                out->ptr[out->len++] = '=';
            }
        }
    }
    return STATUS_OK;
}

static int value64(uint8_t c, const char *alphabet) {
    for (int i = 0; i < 64; i++) {
        if ((uint8_t)alphabet[i] == c) {
            return i;
        }
    }
    return -1;
}

static struct status decode64(struct slice text, const char *alphabet, struct buf *out) {
    size_t before = out->len;
    uint32_t v = 0;
    unsigned bits = 0;
    TRY(buf_reserve(out, text.len / 4 * 3 + text.len % 4 * 3 / 4));
    for (size_t i = 0; i < text.len; i++) {
        int d = value64(text.ptr[i], alphabet);
        if (d < 0) {
            out->len = before;
            return FAIL(E_ENCODING);
        }
        v = v << 6 | (uint32_t)d;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out->ptr[out->len++] = (uint8_t)(v >> bits);
        }
    }
    /* Left-over bits must be zero, and a lone sixth is no byte: one text for one value. */
    if (bits >= 6 || (v & ((1u << bits) - 1)) != 0) {
        out->len = before;
        return FAIL(E_ENCODING);
    }
    return STATUS_OK;
}

struct status base64_encode(struct slice s, struct buf *out) {
    return encode64(s, standard, true, out);
}

struct status base64_decode(struct slice text, struct buf *out) {
    if (text.len % 4 != 0) {
        return FAIL(E_ENCODING);
    }
    for (int i = 0; i < 2 && text.len > 0 && text.ptr[text.len - 1] == '='; i++) {
        text.len--;
    }
    return decode64(text, standard, out);
}

struct status base64url_encode(struct slice s, struct buf *out) {
    return encode64(s, urlsafe, false, out);
}

struct status base64url_decode(struct slice text, struct buf *out) {
    return decode64(text, urlsafe, out);
}

struct status parse_u64(struct slice text, uint64_t max, uint64_t *ret) {
    uint64_t v = 0;
    if (text.len == 0 || text.len > 20 || (text.ptr[0] == '0' && text.len > 1)) {
        return FAIL(E_NUMBER);
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c < '0' || c > '9' || __builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (uint64_t)(c - '0'), &v)) {
            return FAIL(E_NUMBER);
        }
    }
    if (v > max) {
        return FAIL(E_NUMBER);
    }
    *ret = v;
    return STATUS_OK;
}

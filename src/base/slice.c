/* Slices: comparison, cutting and checking of borrowed bytes. Pure; allocates nothing. */
#include "base/slice.h"

#include <string.h>

struct slice slice_of(const void *ptr, size_t len) {
    return (struct slice){ptr, len};
}

struct slice slice_str(const char *zero_terminated) {
    return (struct slice){(const uint8_t *)zero_terminated,
                          zero_terminated == NULL ? 0 : strlen(zero_terminated)};
}

bool slice_eq(struct slice a, struct slice b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

int slice_cmp(struct slice a, struct slice b) {
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n == 0 ? 0 : memcmp(a.ptr, b.ptr, n);
    if (order != 0) {
        return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

bool slice_starts(struct slice s, struct slice prefix) {
    return s.len >= prefix.len && slice_eq(slice_sub(s, 0, prefix.len), prefix);
}

bool slice_ends(struct slice s, struct slice suffix) {
    return s.len >= suffix.len && slice_eq(slice_from(s, s.len - suffix.len), suffix);
}

struct slice slice_from(struct slice s, size_t from) {
    size_t cut = from < s.len ? from : s.len;
    return (struct slice){s.ptr == NULL ? NULL : s.ptr + cut, s.len - cut};
}

struct slice slice_sub(struct slice s, size_t from, size_t len) {
    struct slice rest = slice_from(s, from);
    return (struct slice){rest.ptr, len < rest.len ? len : rest.len};
}

size_t slice_find(struct slice s, uint8_t byte) {
    const uint8_t *at = s.len == 0 ? NULL : memchr(s.ptr, byte, s.len);
    return at == NULL ? s.len : (size_t)(at - s.ptr);
}

static bool is_space(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s) {
    while (s.len > 0 && is_space(s.ptr[0])) {
        s = slice_from(s, 1);
    }
    while (s.len > 0 && is_space(s.ptr[s.len - 1])) {
        s.len--;
    }
    return s;
}

bool slice_next(struct slice *rest, uint8_t separator, struct slice *ret_field) {
    if (rest->ptr == NULL) {
        return false;
    }
    size_t at = slice_find(*rest, separator);
    *ret_field = slice_sub(*rest, 0, at);
    *rest = at == rest->len ? (struct slice){NULL, 0} : slice_from(*rest, at + 1);
    return true;
}

/* Length of the well-formed sequence at the start of s (Unicode 15, table 3-7), or 0. */
static size_t utf8_sequence(struct slice s) {
    uint8_t a = s.ptr[0];
    size_t need = a < 0x80 ? 1 : a >= 0xC2 && a <= 0xDF ? 2 : (a & 0xF0) == 0xE0 ? 3 : 4;
    if (need == 1) {
        return 1;
    }
    if (s.len < need || (need == 4 && (a < 0xF0 || a > 0xF4))) {
        return 0;
    }
    uint8_t low = a == 0xE0 ? 0xA0 : a == 0xF0 ? 0x90 : 0x80;
    uint8_t high = a == 0xED ? 0x9F : a == 0xF4 ? 0x8F : 0xBF;
    if (s.ptr[1] < low || s.ptr[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < need; i++) {
        if ((s.ptr[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return need;
}

bool slice_is_utf8(struct slice s) {
    while (s.len > 0) {
        size_t n = utf8_sequence(s);
        if (n == 0) {
            return false;
        }
        s = slice_from(s, n);
    }
    return true;
}

/* Optimal string alignment, with the last three rows of the table. */
size_t slice_distance(struct slice a, struct slice b) {
    size_t rows[3][SLICE_COMPARED_BYTES + 1];
    if (a.len > SLICE_COMPARED_BYTES || b.len > SLICE_COMPARED_BYTES) {
        return SIZE_MAX;
    }
    for (size_t k = 0; k <= b.len; k++) {
        rows[1][k] = k;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t *now = rows[(i + 1) % 3];
        const size_t *above = rows[i % 3];
        const size_t *two_above = rows[(i + 2) % 3];
        now[0] = i;
        for (size_t k = 1; k <= b.len; k++) {
            size_t best = above[k - 1] + (a.ptr[i - 1] != b.ptr[k - 1]);
            best = above[k] + 1 < best ? above[k] + 1 : best;
            best = now[k - 1] + 1 < best ? now[k - 1] + 1 : best;
            bool swapped =
                i > 1 && k > 1 && a.ptr[i - 1] == b.ptr[k - 2] && a.ptr[i - 2] == b.ptr[k - 1];
            best = swapped && two_above[k - 2] + 1 < best ? two_above[k - 2] + 1 : best;
            now[k] = best;
        }
    }
    return rows[(a.len + 1) % 3][b.len];
}

uint64_t slice_hash(struct slice s) {
    uint64_t h = 0xCBF29CE484222325u;
    for (size_t i = 0; i < s.len; i++) {
        h = (h ^ s.ptr[i]) * 0x100000001B3u;
    }
    return h;
}

/* Finds a cookie by name. Must never choose between two of one name. */
#include "http/cookie.h"

#include <ctype.h>

#include "http/limits.h"

struct status http_cookie_find(struct slice field, struct slice name, struct slice *ret_value) {
    struct slice rest = field;
    struct slice pair;
    struct slice found = {NULL, 0};
    size_t count = 0;
    while (rest.ptr != NULL && slice_next(&rest, ';', &pair)) {
        if (++count > HTTP_MAX_COOKIES) {
            return FAIL(E_HTTP_COOKIE);
        }
        pair = slice_trim(pair);
        size_t equals = slice_find(pair, '=');
        if (equals == pair.len || !slice_eq(slice_sub(pair, 0, equals), name)) {
            continue;
        }
        if (found.ptr != NULL) {
            return FAIL(E_HTTP_COOKIE);
        }
        found = slice_from(pair, equals + 1);
    }
    *ret_value = found;
    return STATUS_OK;
}

bool http_cookie_is_token(struct slice value, size_t max) {
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.ptr[i];
        if (c >= 0x80 || (!isalnum(c) && c != '-' && c != '_')) {
            return false;
        }
    }
    return value.len > 0 && value.len <= max;
}

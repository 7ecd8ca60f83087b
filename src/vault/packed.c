/* Numbers in seven bits a byte. */
#include "packed.h"

struct status packed_add(struct buf *out, uint64_t number) {
    size_t len = (size_t)(63 - __builtin_clzll(number | 1)) / 7 + 1;
    if (out->cap - out->len < len) {
        TRY(buf_reserve(out, len));
    }
    for (size_t i = 0; i < len; i++) {
        out->ptr[out->len + i] = (uint8_t)(number >> (7 * i) | (i + 1 < len ? 0x80 : 0));
    }
    out->len += len;
    return STATUS_OK;
}

struct status packed_take(struct slice *rest, uint64_t *ret) {
    uint64_t number = 0;
    for (size_t i = 0; i < rest->len && i < PACKED_MAX; i++) {
        uint64_t bits = rest->ptr[i] & 0x7f;
        if (i == PACKED_MAX - 1 && rest->ptr[i] > 1) {
            break;
        }
        number |= bits << (7 * i);
        if ((rest->ptr[i] & 0x80) == 0) {
            *rest = slice_from(*rest, i + 1);
            *ret = number;
            return STATUS_OK;
        }
    }
    return FAIL(E_VAULT_CORRUPT);
}

struct status packed_take_bytes(struct slice *rest, size_t len, const uint8_t **ret) {
    if (rest->len < len) {
        return FAIL(E_VAULT_CORRUPT);
    }
    *ret = rest->ptr;
    *rest = slice_from(*rest, len);
    return STATUS_OK;
}

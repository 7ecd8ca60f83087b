/* Sealing of records. Must never reuse a nonce, and never hand out plaintext that did not verify.
 */
#include "seal/record.h"

#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "place.h"

_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == RECORD_NONCE_LEN, "nonce");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == RECORD_TAG_LEN, "tag");

enum { RECORD_FORMAT = 1 };

void record_seal(const struct seal_key *key, const struct seal_place *place, struct slice plain,
                 uint8_t *to) {
    uint8_t bound[PLACE_LEN];
    place_put(place, 0, false, bound);
    to[0] = RECORD_FORMAT;
    uint8_t *nonce = to + 1;
    seal_random(nonce, RECORD_NONCE_LEN);
    crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + RECORD_NONCE_LEN, NULL, plain.ptr, plain.len,
                                               bound, sizeof bound, NULL, nonce, key->bytes);
}

struct status record_open(const struct seal_key *key, const struct seal_place *place,
                          struct slice sealed, uint8_t *to) {
    uint8_t bound[PLACE_LEN];
    if (sealed.len < RECORD_OVERHEAD || sealed.ptr[0] != RECORD_FORMAT) {
        return FAIL(E_SEAL_OPEN);
    }
    place_put(place, 0, false, bound);
    const uint8_t *nonce = sealed.ptr + 1;
    int bad = crypto_aead_xchacha20poly1305_ietf_decrypt(to, NULL, NULL, nonce + RECORD_NONCE_LEN,
                                                         sealed.len - 1 - RECORD_NONCE_LEN, bound,
                                                         sizeof bound, nonce, key->bytes);
    return bad != 0 ? FAIL(E_SEAL_OPEN) : STATUS_OK;
}

struct status record_seal_buf(const struct seal_key *key, const struct seal_place *place,
                              struct slice plain, struct buf *out) {
    size_t need;
    if (__builtin_add_overflow(plain.len, (size_t)RECORD_OVERHEAD, &need)) {
        return FAIL(E_TOO_LARGE);
    }
    TRY(buf_reserve(out, need));
    record_seal(key, place, plain, out->ptr + out->len);
    out->len += need;
    return STATUS_OK;
}

struct status record_open_buf(const struct seal_key *key, const struct seal_place *place,
                              struct slice sealed, struct buf *out) {
    if (sealed.len < RECORD_OVERHEAD) {
        return FAIL(E_SEAL_OPEN);
    }
    size_t plain_len = sealed.len - RECORD_OVERHEAD;
    /* One byte at least, so that an empty record still has somewhere to go. */
    TRY(buf_reserve(out, plain_len == 0 ? 1 : plain_len));
    TRY(record_open(key, place, sealed, out->ptr + out->len));
    out->len += plain_len;
    return STATUS_OK;
}

void record_wrap_key(const struct seal_key *person, const struct seal_place *place,
                     const struct seal_key *record_key, uint8_t ret[RECORD_WRAPPED_KEY_LEN]) {
    struct seal_place wrap = *place;
    wrap.what = SEAL_WRAP;
    record_seal(person, &wrap, slice_of(record_key->bytes, SEAL_KEY_LEN), ret);
}

struct status record_unwrap_key(const struct seal_key *person, const struct seal_place *place,
                                const uint8_t wrapped[RECORD_WRAPPED_KEY_LEN],
                                struct seal_key *ret_record_key) {
    struct seal_place wrap = *place;
    wrap.what = SEAL_WRAP;
    return record_open(person, &wrap, slice_of(wrapped, RECORD_WRAPPED_KEY_LEN),
                       ret_record_key->bytes);
}

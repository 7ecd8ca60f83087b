/* Sealing of records. Must never reuse a nonce, and never hand out plaintext that did not verify.
 */
#include "seal/record.h"

#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "place.h"

_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == RECORD_NONCE_LEN, "nonce");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == RECORD_TAG_LEN, "tag");

enum { RECORD_FORMAT = 1, HEAD_LEN = crypto_core_hchacha20_INPUTBYTES };

_Static_assert(HEAD_LEN + 8 == RECORD_NONCE_LEN, "XChaCha20 draws a key from the nonce's head");
_Static_assert(crypto_core_hchacha20_OUTPUTBYTES == SEAL_KEY_LEN, "key");

/* With the nonce's first bytes there; the others are drawn. */
static void seal_with(const struct seal_key *key, const struct seal_place *place,
                      struct slice plain, uint8_t *to) {
    uint8_t bound[PLACE_LEN];
    place_put(place, 0, false, bound);
    to[0] = RECORD_FORMAT;
    uint8_t *nonce = to + 1;
    seal_random(nonce + HEAD_LEN, RECORD_NONCE_LEN - HEAD_LEN);
    crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + RECORD_NONCE_LEN, NULL, plain.ptr, plain.len,
                                               bound, sizeof bound, NULL, nonce, key->bytes);
}

void record_seal(const struct seal_key *key, const struct seal_place *place, struct slice plain,
                 uint8_t *to) {
    seal_random(to + 1, HEAD_LEN);
    seal_with(key, place, plain, to);
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

struct status record_seal_again_buf(const struct seal_key *key, const struct seal_place *place,
                                    struct slice before, struct slice plain, struct buf *out) {
    size_t need;
    if (before.len < RECORD_OVERHEAD) {
        return FAIL(E_SEAL_OPEN);
    }
    if (__builtin_add_overflow(plain.len, (size_t)RECORD_OVERHEAD, &need)) {
        return FAIL(E_TOO_LARGE);
    }
    TRY(buf_reserve(out, need));
    memcpy(out->ptr + out->len + 1, before.ptr + 1, HEAD_LEN);
    seal_with(key, place, plain, out->ptr + out->len);
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

/* Alone ----------------------------------------------------------------------------------- */

struct status record_key_alone(const struct seal_key *key, struct slice sealed,
                               struct seal_key *ret_alone) {
    if (sealed.len < RECORD_OVERHEAD || sealed.ptr[0] != RECORD_FORMAT) {
        return FAIL(E_SEAL_OPEN);
    }
    crypto_core_hchacha20(ret_alone->bytes, sealed.ptr + 1, key->bytes, NULL);
    return STATUS_OK;
}

/* As XChaCha20-Poly1305 does it, once it has drawn the key: four zeros, then the nonce's end. */
struct status record_open_alone_buf(const struct seal_key *alone, const struct seal_place *place,
                                    struct slice sealed, struct buf *out) {
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES] = {0};
    uint8_t bound[PLACE_LEN];
    if (sealed.len < RECORD_OVERHEAD || sealed.ptr[0] != RECORD_FORMAT) {
        return FAIL(E_SEAL_OPEN);
    }
    size_t plain_len = sealed.len - RECORD_OVERHEAD;
    memcpy(nonce + 4, sealed.ptr + 1 + HEAD_LEN, sizeof nonce - 4);
    place_put(place, 0, false, bound);
    TRY(buf_reserve(out, plain_len == 0 ? 1 : plain_len));
    struct slice body = slice_from(sealed, 1 + RECORD_NONCE_LEN);
    int bad = crypto_aead_chacha20poly1305_ietf_decrypt(out->ptr + out->len, NULL, NULL, body.ptr,
                                                        body.len, bound, sizeof bound, nonce,
                                                        alone->bytes);
    out->len += bad != 0 ? 0 : plain_len;
    return bad != 0 ? FAIL(E_SEAL_OPEN) : STATUS_OK;
}

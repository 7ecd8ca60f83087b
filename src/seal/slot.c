/* One slot of the keyring. Pure. */
#include "slot.h"

#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "crc.h"

enum { AT_STATE = 0, AT_FORMAT, AT_KIND, AT_ZERO, AT_BIRTH, AT_GENERATION = 8, AT_CHECK = 12 };
enum { AT_WRAPPED = 16, HEAD_LEN = 12 };

void wrap_keys_make(const struct seal_key *from, struct slice what,
                    const uint8_t id[KEYRING_ID_LEN], struct wrap_keys *ret_keys) {
    uint8_t text[64];
    size_t n = what.len > sizeof text - KEYRING_ID_LEN ? sizeof text - KEYRING_ID_LEN : what.len;
    memcpy(text, id, KEYRING_ID_LEN);
    memcpy(text + KEYRING_ID_LEN, what.ptr, n);
    struct slice bound = slice_of(text, KEYRING_ID_LEN + n);
    ret_keys->mac = seal_derive(from, SLICE("ward wrap mac v1"), bound);
    ret_keys->cipher = seal_derive(from, SLICE("ward wrap cipher v1"), bound);
}

/* What is authenticated: the key itself and where it stands. */
static void synthetic_nonce(const struct wrap_keys *keys, struct slice bound,
                            const struct seal_key *key, uint8_t ret_siv[WRAP_SIV_LEN]) {
    uint8_t text[64 + SEAL_KEY_LEN];
    size_t n = bound.len > 64 ? 64 : bound.len;
    memcpy(text, bound.ptr, n);
    memcpy(text + n, key->bytes, SEAL_KEY_LEN);
    struct seal_hash sum =
        seal_keyed_hash(&keys->mac, SLICE("ward wrap v1"), slice_of(text, n + SEAL_KEY_LEN));
    memcpy(ret_siv, sum.bytes, WRAP_SIV_LEN);
    mem_wipe(text, sizeof text);
}

static void cipher(const struct wrap_keys *keys, const uint8_t siv[WRAP_SIV_LEN],
                   const uint8_t from[SEAL_KEY_LEN], uint8_t to[SEAL_KEY_LEN]) {
    uint8_t nonce[crypto_stream_xchacha20_NONCEBYTES] = {0};
    memcpy(nonce, siv, WRAP_SIV_LEN);
    crypto_stream_xchacha20_xor(to, from, SEAL_KEY_LEN, nonce, keys->cipher.bytes);
}

void wrap_key(const struct wrap_keys *keys, struct slice bound, const struct seal_key *key,
              uint8_t ret_wrapped[WRAP_LEN]) {
    synthetic_nonce(keys, bound, key, ret_wrapped);
    cipher(keys, ret_wrapped, key->bytes, ret_wrapped + WRAP_SIV_LEN);
}

struct status unwrap_key(const struct wrap_keys *keys, struct slice bound,
                         const uint8_t wrapped[WRAP_LEN], struct seal_key *ret_key) {
    struct seal_key key CLEANUP(seal_key_done);
    uint8_t siv[WRAP_SIV_LEN];
    cipher(keys, wrapped, wrapped + WRAP_SIV_LEN, key.bytes);
    synthetic_nonce(keys, bound, &key, siv);
    if (sodium_memcmp(siv, wrapped, WRAP_SIV_LEN) != 0) {
        return FAIL(E_SEAL_OPEN);
    }
    *ret_key = key;
    return STATUS_OK;
}

static void head_put(const struct slot *slot, uint8_t ret[HEAD_LEN]) {
    ret[AT_STATE] = (uint8_t)slot->state;
    ret[AT_FORMAT] = SLOT_FORMAT;
    ret[AT_KIND] = (uint8_t)slot->kind;
    ret[AT_ZERO] = 0;
    bytes_put_be32(ret + AT_BIRTH, slot->birth);
    bytes_put_be32(ret + AT_GENERATION, slot->generation);
}

static uint32_t check_of(const uint8_t bytes[SLOT_LEN], uint64_t index) {
    uint8_t place[8];
    bytes_put_be64(place, index);
    uint32_t crc = crc32c(0, slice_of(place, sizeof place));
    crc = crc32c(crc, slice_of(bytes, HEAD_LEN));
    return crc32c(crc, slice_of(bytes + AT_WRAPPED, WRAP_LEN));
}

void slot_put(const struct slot *slot, uint64_t index, uint8_t ret_bytes[SLOT_LEN]) {
    head_put(slot, ret_bytes);
    memcpy(ret_bytes + AT_WRAPPED, slot->wrapped, WRAP_LEN);
    bytes_put_be32(ret_bytes + AT_CHECK, check_of(ret_bytes, index));
}

struct status slot_get(const uint8_t bytes[SLOT_LEN], uint64_t index, struct slot *ret_slot) {
    static const uint8_t zeros[SLOT_LEN];
    if (memcmp(bytes, zeros, SLOT_LEN) == 0) {
        *ret_slot = (struct slot){.state = SLOT_EMPTY};
        return STATUS_OK;
    }
    bool known = bytes[AT_STATE] == SLOT_LIVING || bytes[AT_STATE] == SLOT_DESTROYED;
    if (!known || bytes[AT_FORMAT] != SLOT_FORMAT || bytes[AT_ZERO] != 0 ||
        bytes_be32(bytes + AT_CHECK) != check_of(bytes, index)) {
        return FAIL(E_KEYRING_CORRUPT);
    }
    ret_slot->state = bytes[AT_STATE];
    ret_slot->kind = bytes[AT_KIND];
    ret_slot->birth = bytes_be32(bytes + AT_BIRTH);
    ret_slot->generation = bytes_be32(bytes + AT_GENERATION);
    memcpy(ret_slot->wrapped, bytes + AT_WRAPPED, WRAP_LEN);
    return STATUS_OK;
}

static struct slice bound_of(const struct slot *slot, uint64_t index, uint8_t text[8 + HEAD_LEN]) {
    bytes_put_be64(text, index);
    head_put(slot, text + 8);
    return slice_of(text, 8 + HEAD_LEN);
}

void slot_wrap(const struct wrap_keys *keys, uint64_t index, struct slot *slot,
               const struct seal_key *key) {
    uint8_t text[8 + HEAD_LEN];
    wrap_key(keys, bound_of(slot, index, text), key, slot->wrapped);
}

struct status slot_unwrap(const struct wrap_keys *keys, uint64_t index, const struct slot *slot,
                          struct seal_key *ret_key) {
    uint8_t text[8 + HEAD_LEN];
    struct status s = unwrap_key(keys, bound_of(slot, index, text), slot->wrapped, ret_key);
    return failed(s) ? FAIL(E_KEYRING_CORRUPT) : STATUS_OK;
}

/* One slot of the keyring as bytes, and the wrapping of a key (docs/FORMATS.md, "Keyring"). */
#ifndef WARD_SEAL_SLOT_H
#define WARD_SEAL_SLOT_H

#include "seal/keyring.h"

enum {
    SLOT_LEN = 64,
    SLOT_FORMAT = 1,
    WRAP_SIV_LEN = 16,
    WRAP_LEN = WRAP_SIV_LEN + SEAL_KEY_LEN,
    KEYRING_ID_LEN = 16,
};

enum slot_state {
    SLOT_EMPTY = 0,
    SLOT_LIVING = 1,
    SLOT_DESTROYED = 2,
};

struct slot {
    enum slot_state state;
    enum key_kind kind; /* of a living one, else 0 */
    uint32_t birth;
    uint32_t generation;
    uint8_t wrapped[WRAP_LEN];
};

/* The two keys that wrap other keys; made from a root key or a generation. */
struct wrap_keys {
    struct seal_key mac;
    struct seal_key cipher;
};

/* `what` keeps root and generation apart; `id` is the keyring's. */
void wrap_keys_make(const struct seal_key *from, struct slice what,
                    const uint8_t id[KEYRING_ID_LEN], struct wrap_keys *ret_keys);
/* Deterministic (a synthetic nonce): wrapping a random key twice at one place gives the same bytes,
 * and no counter can be wound back into reusing a nonce. `bound` is authenticated with it. */
void wrap_key(const struct wrap_keys *keys, struct slice bound, const struct seal_key *key,
              uint8_t ret_wrapped[WRAP_LEN]);
/* E_SEAL_OPEN. */
MUST_USE struct status unwrap_key(const struct wrap_keys *keys, struct slice bound,
                                  const uint8_t wrapped[WRAP_LEN], struct seal_key *ret_key);

void slot_put(const struct slot *slot, uint64_t index, uint8_t ret_bytes[SLOT_LEN]);
/* E_KEYRING_CORRUPT unless it is what slot_put writes at this index, or all zeros. */
MUST_USE struct status slot_get(const uint8_t bytes[SLOT_LEN], uint64_t index,
                                struct slot *ret_slot);
/* A living slot around a key. */
void slot_wrap(const struct wrap_keys *keys, uint64_t index, struct slot *slot,
               const struct seal_key *key);
/* E_KEYRING_CORRUPT. */
MUST_USE struct status slot_unwrap(const struct wrap_keys *keys, uint64_t index,
                                   const struct slot *slot, struct seal_key *ret_key);

#endif

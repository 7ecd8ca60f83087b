/* Sealing of records: XChaCha20-Poly1305, a random nonce each, bound to the place where they stand
 * (docs/FORMATS.md, "Sealed record"). Moved to another row, owner, category or version, they do not
 * open. No allocation, no state, any thread.
 *
 *   struct seal_place place = {.what = SEAL_RECORD, .owner = 7, .category = 2, .id = 41};
 *   record_seal(&key, &place, plain, sealed);              -- plain.len + RECORD_OVERHEAD bytes
 *   TRY(record_open(&key, &place, slice_of(sealed, n), plain_again));
 */
#ifndef WARD_SEAL_RECORD_H
#define WARD_SEAL_RECORD_H

#include "seal/seal.h"

enum {
    RECORD_NONCE_LEN = 24,
    RECORD_TAG_LEN = 16,
    RECORD_OVERHEAD = 1 + RECORD_NONCE_LEN + RECORD_TAG_LEN, /* version, nonce, tag */
    RECORD_WRAPPED_KEY_LEN = SEAL_KEY_LEN + RECORD_OVERHEAD,
};

/* What is sealed: the first byte of what is bound. */
enum seal_what {
    SEAL_RECORD = 1,
    SEAL_BLOB = 2,
    SEAL_WRAP = 3,    /* a record's own key, wrapped for one of the people it concerns */
    SEAL_OPENING = 4, /* an opening of a leaf */
    SEAL_FACTS = 5,   /* facts about a person, names, addresses */
    SEAL_STATE = 6,   /* the vault's own: batches, queues */
};

/* Where it stands. All of it is bound and none of it is stored with the sealed bytes. Unused parts
 * are 0. */
struct seal_place {
    enum seal_what what;
    uint64_t owner;
    uint32_t category;
    uint64_t id;      /* row, blob or leaf */
    uint64_t version; /* of the row; counts up when it is rewritten */
};

/* Writes exactly plain.len + RECORD_OVERHEAD bytes to `to`, which must not overlap plain. */
void record_seal(const struct seal_key *key, const struct seal_place *place, struct slice plain,
                 uint8_t *to);
/* Writes exactly sealed.len - RECORD_OVERHEAD bytes to `to`; zeros, or nothing, on error.
 * E_SEAL_OPEN when bytes, place or key are not those it was sealed with. */
MUST_USE struct status record_open(const struct seal_key *key, const struct seal_place *place,
                                   struct slice sealed, uint8_t *to);
/* The same at the end of a buffer, which should be a secret one for plaintext. */
MUST_USE struct status record_seal_buf(const struct seal_key *key, const struct seal_place *place,
                                       struct slice plain, struct buf *out);
MUST_USE struct status record_open_buf(const struct seal_key *key, const struct seal_place *place,
                                       struct slice sealed, struct buf *out);

/* The row written again: the nonce's first 16 bytes are those of `before`, the sealed bytes that it
 * replaces, so that record_key_alone is the same for both. E_SEAL_OPEN for bytes too short. */
MUST_USE struct status record_seal_again_buf(const struct seal_key *key,
                                             const struct seal_place *place, struct slice before,
                                             struct slice plain, struct buf *out);
/* What opens these sealed bytes, and those of the same row before and after, and nothing else that
 * the key seals: the key that XChaCha20 draws from key and nonce. Nobody finds the key from it. */
MUST_USE struct status record_key_alone(const struct seal_key *key, struct slice sealed,
                                        struct seal_key *ret_alone);
/* As record_open_buf. */
MUST_USE struct status record_open_alone_buf(const struct seal_key *alone,
                                             const struct seal_place *place, struct slice sealed,
                                             struct buf *out);

/* A record of two people: make a key with seal_key_random, seal the record with it, wrap it once
 * for each under that person's key; place.owner is that person, `what` is SEAL_WRAP whatever is
 * given. When one of them is forgotten the other still reads it. */
void record_wrap_key(const struct seal_key *person, const struct seal_place *place,
                     const struct seal_key *record_key, uint8_t ret[RECORD_WRAPPED_KEY_LEN]);
MUST_USE struct status record_unwrap_key(const struct seal_key *person,
                                         const struct seal_place *place,
                                         const uint8_t wrapped[RECORD_WRAPPED_KEY_LEN],
                                         struct seal_key *ret_record_key);

#endif

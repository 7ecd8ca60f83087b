/* The primitives: randomness, hashes, signatures, passwords, tokens. The only room that includes a
 * crypto library is behind this header; no other knows which one.
 *
 * Call seal_init once before anything else. Keys are values of struct seal_key: keep them on the
 * stack, end them with seal_key_done, never write them anywhere. */
#ifndef WARD_SEAL_SEAL_H
#define WARD_SEAL_SEAL_H

#include "base/buf.h"

enum {
    SEAL_KEY_LEN = 32,
    SEAL_HASH_LEN = 32,       /* SHA-256, BLAKE2b-256 */
    SEAL_SIGNATURE_LEN = 64,  /* Ed25519 */
    SEAL_PUBLIC_LEN = 32,     /* Ed25519 */
    SEAL_PASSWORD_LEN = 128,  /* a hashed password, zero-terminated text */
    SEAL_PASSWORD_MAX = 1024, /* bytes of a password; longer is E_TOO_LARGE */
    SEAL_PASSWORD_OPS = 3,    /* Argon2id passes (OWASP 2023 asks for 2 at 19 MiB or more) */
    SEAL_PASSWORD_KIB = 32 * 1024,
};

struct seal_key {
    uint8_t bytes[SEAL_KEY_LEN];
};

struct seal_hash {
    uint8_t bytes[SEAL_HASH_LEN];
};

/* An Ed25519 key pair. */
struct seal_signing_key {
    struct seal_key seed;
    uint8_t secret[64];
    uint8_t public_key[SEAL_PUBLIC_LEN];
};

/* Once per process, before threads. E_CRYPTO if the library cannot start. Keeps core files and
 * debuggers away from nothing by itself: that is the supervisor's part. */
MUST_USE struct status seal_init(void);

/* Wipes. For CLEANUP(seal_key_done). */
void seal_key_done(struct seal_key *key);
void seal_signing_key_done(struct seal_signing_key *key);

/* Bytes nobody can foresee, from a generator that is reseeded from the kernel and never shared
 * between a process and its fork. Ends the process if the kernel gives none. */
void seal_random(void *to, size_t len);
struct seal_key seal_key_random(void);

/* SHA-256, as the ledger's formats ask. No allocation, cannot fail. */
struct seal_hash seal_sha256(struct slice s);
/* SHA-256 of a prefix byte and two parts, as RFC 9162 hashes leaves and nodes. */
struct seal_hash seal_sha256_parts(uint8_t prefix, struct slice a, struct slice b);
/* Of any length, in pieces:
 *   struct seal_sha256_state h; seal_sha256_begin(&h); seal_sha256_add(&h, s);
 *   struct seal_hash sum = seal_sha256_end(&h); */
struct seal_sha256_state {
    _Alignas(16) uint8_t opaque[128];
};
void seal_sha256_begin(struct seal_sha256_state *h);
void seal_sha256_add(struct seal_sha256_state *h, struct slice s);
struct seal_hash seal_sha256_end(struct seal_sha256_state *h);

/* A keyed hash (BLAKE2b-256) of text under a key and a label, so that one key serves several ends
 * without one telling about the other. Used for tags, derived keys and derived salts. The label is
 * at most 255 bytes; longer ones are cut. */
struct seal_hash seal_keyed_hash(const struct seal_key *key, struct slice label, struct slice text);
/* A key made from a key. */
struct seal_key seal_derive(const struct seal_key *key, struct slice label, struct slice text);

/* Ed25519 (RFC 8032). */
struct seal_signing_key seal_signing_key_from_seed(const struct seal_key *seed);
void seal_sign(const struct seal_signing_key *key, struct slice text,
               uint8_t ret_signature[SEAL_SIGNATURE_LEN]);
/* E_SIGNATURE unless it verifies. */
MUST_USE struct status seal_verify(const uint8_t public_key[SEAL_PUBLIC_LEN], struct slice text,
                                   const uint8_t signature[SEAL_SIGNATURE_LEN]);

/* Argon2id with SEAL_PASSWORD_OPS and SEAL_PASSWORD_KIB; the text holds salt and parameters. Takes
 * tens of milliseconds and SEAL_PASSWORD_KIB of memory: E_CRYPTO when there is not enough. */
MUST_USE struct status seal_password_hash(struct slice password, char ret_text[SEAL_PASSWORD_LEN]);
/* E_PASSWORD unless it is the one that was hashed. *ret_stale is true when it was hashed with
 * weaker parameters than today's and should be hashed again. */
MUST_USE struct status seal_password_verify(const char text[SEAL_PASSWORD_LEN],
                                            struct slice password, bool *ret_stale);

/* What is kept of a session token: the token is random, so a plain hash suffices. */
struct seal_hash seal_token_hash(struct slice token);

/* In time that depends on the lengths alone. */
bool seal_equal(struct slice a, struct slice b);
bool seal_hash_equal(const struct seal_hash *a, const struct seal_hash *b);

#endif

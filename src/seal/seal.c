/* Hashes, signatures, tokens: thin over libsodium and libcrypto, so that no other room depends on
 * either. Must never return a result of a primitive that failed. */
/* The plain SHA-256 functions neither allocate nor fail, which the newer interface does. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "seal/seal.h"

#include <openssl/sha.h>
#include <sodium.h>
#include <string.h>

#include "base/mem.h"

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct seal_sha256_state), "room for the state");
_Static_assert(crypto_sign_BYTES == SEAL_SIGNATURE_LEN, "Ed25519");
_Static_assert(crypto_sign_SECRETKEYBYTES == 64, "Ed25519");

struct status seal_init(void) {
    return sodium_init() < 0 ? FAIL(E_CRYPTO) : STATUS_OK;
}

void seal_key_done(struct seal_key *key) {
    mem_wipe(key, sizeof *key);
}

void seal_signing_key_done(struct seal_signing_key *key) {
    mem_wipe(key, sizeof *key);
}

static SHA256_CTX *sha256_of(struct seal_sha256_state *h) {
    return (SHA256_CTX *)(void *)h->opaque;
}

void seal_sha256_begin(struct seal_sha256_state *h) {
    SHA256_Init(sha256_of(h));
}

void seal_sha256_add(struct seal_sha256_state *h, struct slice s) {
    SHA256_Update(sha256_of(h), s.ptr, s.len);
}

struct seal_hash seal_sha256_end(struct seal_sha256_state *h) {
    struct seal_hash sum;
    SHA256_Final(sum.bytes, sha256_of(h));
    return sum;
}

struct seal_hash seal_sha256(struct slice s) {
    struct seal_sha256_state h;
    seal_sha256_begin(&h);
    seal_sha256_add(&h, s);
    return seal_sha256_end(&h);
}

struct seal_hash seal_sha256_parts(uint8_t prefix, struct slice a, struct slice b) {
    struct seal_sha256_state h;
    seal_sha256_begin(&h);
    seal_sha256_add(&h, slice_of(&prefix, 1));
    seal_sha256_add(&h, a);
    seal_sha256_add(&h, b);
    return seal_sha256_end(&h);
}

struct seal_hash seal_keyed_hash(const struct seal_key *key, struct slice label,
                                 struct slice text) {
    crypto_generichash_state h;
    struct seal_hash sum;
    uint8_t label_len = (uint8_t)(label.len > 255 ? 255 : label.len);
    crypto_generichash_init(&h, key->bytes, sizeof key->bytes, sizeof sum.bytes);
    crypto_generichash_update(&h, &label_len, 1);
    crypto_generichash_update(&h, label.ptr, label_len);
    crypto_generichash_update(&h, text.ptr, text.len);
    crypto_generichash_final(&h, sum.bytes, sizeof sum.bytes);
    mem_wipe(&h, sizeof h);
    return sum;
}

struct seal_key seal_derive(const struct seal_key *key, struct slice label, struct slice text) {
    struct seal_hash sum = seal_keyed_hash(key, label, text);
    struct seal_key derived;
    memcpy(derived.bytes, sum.bytes, sizeof derived.bytes);
    mem_wipe(&sum, sizeof sum);
    return derived;
}

struct seal_signing_key seal_signing_key_from_seed(const struct seal_key *seed) {
    struct seal_signing_key key = {.seed = *seed};
    crypto_sign_seed_keypair(key.public_key, key.secret, seed->bytes);
    return key;
}

void seal_sign(const struct seal_signing_key *key, struct slice text,
               uint8_t ret_signature[SEAL_SIGNATURE_LEN]) {
    crypto_sign_detached(ret_signature, NULL, text.ptr, text.len, key->secret);
}

struct status seal_verify(const uint8_t public_key[SEAL_PUBLIC_LEN], struct slice text,
                          const uint8_t signature[SEAL_SIGNATURE_LEN]) {
    int bad = crypto_sign_verify_detached(signature, text.ptr, text.len, public_key);
    return bad != 0 ? FAIL(E_SIGNATURE) : STATUS_OK;
}

struct seal_hash seal_token_hash(struct slice token) {
    /* Tokens are random: no salt and no slowness are needed, only one-wayness. */
    static const struct seal_key no_key;
    return seal_keyed_hash(&no_key, SLICE("ward token v1"), token);
}

bool seal_equal(struct slice a, struct slice b) {
    return a.len == b.len && (a.len == 0 || sodium_memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool seal_hash_equal(const struct seal_hash *a, const struct seal_hash *b) {
    return sodium_memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

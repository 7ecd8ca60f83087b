/* Passwords: Argon2id. Must never let a fault of the library pass for the right password. */
#include <sodium.h>
#include <string.h>

#include "seal/seal.h"

_Static_assert(crypto_pwhash_STRBYTES == SEAL_PASSWORD_LEN, "room for the text");

static const size_t memory_bytes = (size_t)SEAL_PASSWORD_KIB * 1024;

struct status seal_password_hash(struct slice password, char ret_text[SEAL_PASSWORD_LEN]) {
    if (password.len > SEAL_PASSWORD_MAX) {
        return FAIL(E_TOO_LARGE);
    }
    int bad = crypto_pwhash_str_alg(ret_text, (const char *)password.ptr, password.len,
                                    SEAL_PASSWORD_OPS, memory_bytes, crypto_pwhash_ALG_ARGON2ID13);
    return bad != 0 ? FAIL(E_CRYPTO) : STATUS_OK;
}

struct status seal_password_verify(const char text[SEAL_PASSWORD_LEN], struct slice password,
                                   bool *ret_stale) {
    if (password.len > SEAL_PASSWORD_MAX || memchr(text, 0, SEAL_PASSWORD_LEN) == NULL) {
        return FAIL(E_PASSWORD);
    }
    if (crypto_pwhash_str_verify(text, (const char *)password.ptr, password.len) != 0) {
        return FAIL(E_PASSWORD);
    }
    *ret_stale = crypto_pwhash_str_needs_rehash(text, SEAL_PASSWORD_OPS, memory_bytes) != 0;
    return STATUS_OK;
}

/* "WARDBAK1", three be64, the store's digest, a keyed hash of all before it. */
#include "manifest.h"

#include <string.h>

#include "base/bytes.h"

enum { BODY = 8 + 8 + 8 + 8 + SEAL_HASH_LEN, WHOLE = BODY + SEAL_HASH_LEN };

static struct seal_hash proof_of(const struct seal_key *key, struct slice body) {
    return seal_keyed_hash(key, SLICE("ward backup"), body);
}

struct status manifest_write(const struct seal_key *key, const struct manifest *m,
                             struct buf *out) {
    uint8_t bytes[WHOLE];
    memcpy(bytes, "WARDBAK1", 8);
    bytes_put_be64(bytes + 8, m->leaves);
    bytes_put_be64(bytes + 16, m->tight_offset);
    bytes_put_be64(bytes + 24, m->store_size);
    memcpy(bytes + 32, m->store.bytes, SEAL_HASH_LEN);
    struct seal_hash proof = proof_of(key, slice_of(bytes, BODY));
    memcpy(bytes + BODY, proof.bytes, SEAL_HASH_LEN);
    return buf_add(out, slice_of(bytes, WHOLE));
}

struct status manifest_read(const struct seal_key *key, struct slice bytes, struct manifest *ret) {
    if (bytes.len != WHOLE || memcmp(bytes.ptr, "WARDBAK1", 8) != 0) {
        return FAIL(E_BACKUP);
    }
    struct seal_hash proof = proof_of(key, slice_sub(bytes, 0, BODY));
    if (!seal_equal(slice_of(proof.bytes, SEAL_HASH_LEN), slice_from(bytes, BODY))) {
        return FAIL(E_BACKUP);
    }
    *ret = (struct manifest){.leaves = bytes_be64(bytes.ptr + 8),
                             .tight_offset = bytes_be64(bytes.ptr + 16),
                             .store_size = bytes_be64(bytes.ptr + 24)};
    memcpy(ret->store.bytes, bytes.ptr + 32, SEAL_HASH_LEN);
    return STATUS_OK;
}

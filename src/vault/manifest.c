/* "WARDBAK2", be64 leaves, be64 offset in the tightening log; for each file the length of its name,
 * the name, be64 size, SHA-256; a keyed hash of all before it. */
#include "manifest.h"

#include <string.h>

#include "base/bytes.h"

enum { HEAD = 8 + 8 + 8, FILE_REST = 8 + SEAL_HASH_LEN, BLOB_NAME_LEN = 6 + 16 };

static struct seal_hash proof_of(const struct seal_key *key, struct slice body) {
    return seal_keyed_hash(key, SLICE("ward backup"), body);
}

struct status manifest_begin(uint64_t leaves, uint64_t tight_offset, struct buf *out) {
    TRY(buf_add(out, SLICE("WARDBAK2")));
    TRY(buf_add_be64(out, leaves));
    return buf_add_be64(out, tight_offset);
}

struct status manifest_add(const struct manifest_file *file, struct buf *out) {
    size_t len = strlen(file->name);
    TRY(buf_add_byte(out, (uint8_t)len));
    TRY(buf_add(out, slice_of(file->name, len)));
    TRY(buf_add_be64(out, file->size));
    return buf_add(out, slice_of(file->digest.bytes, SEAL_HASH_LEN));
}

struct status manifest_end(const struct seal_key *key, struct buf *out) {
    struct seal_hash proof = proof_of(key, buf_slice(out));
    return buf_add(out, slice_of(proof.bytes, SEAL_HASH_LEN));
}

struct status manifest_read(struct slice bytes, struct manifest *ret) {
    if (bytes.len < HEAD + SEAL_HASH_LEN || memcmp(bytes.ptr, "WARDBAK2", 8) != 0) {
        return FAIL(E_BACKUP);
    }
    *ret = (struct manifest){.leaves = bytes_be64(bytes.ptr + 8),
                             .tight_offset = bytes_be64(bytes.ptr + 16),
                             .files = slice_sub(bytes, HEAD, bytes.len - HEAD - SEAL_HASH_LEN)};
    return STATUS_OK;
}

struct status manifest_check(const struct seal_key *key, struct slice bytes) {
    size_t body = bytes.len < SEAL_HASH_LEN ? 0 : bytes.len - SEAL_HASH_LEN;
    struct seal_hash proof = proof_of(key, slice_sub(bytes, 0, body));
    bool same = seal_equal(slice_of(proof.bytes, SEAL_HASH_LEN), slice_from(bytes, body));
    return same ? STATUS_OK : FAIL(E_BACKUP);
}

/* Nothing else is ever opened for a name that stands here. */
static bool name_known(struct slice name) {
    if (slice_eq(name, SLICE("store.db")) || slice_eq(name, SLICE("keyring"))) {
        return true;
    }
    bool blob = name.len == BLOB_NAME_LEN && memcmp(name.ptr, "blobs/", 6) == 0;
    for (size_t i = 6; blob && i < name.len; i++) {
        uint8_t c = name.ptr[i];
        blob = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    }
    return blob;
}

struct status manifest_next(struct slice *rest, struct manifest_file *ret, bool *ret_found) {
    *ret_found = rest->len > 0;
    if (rest->len == 0) {
        return STATUS_OK;
    }
    size_t len = rest->ptr[0];
    if (rest->len < 1 + len + FILE_REST || !name_known(slice_sub(*rest, 1, len))) {
        return FAIL(E_BACKUP);
    }
    *ret = (struct manifest_file){.size = bytes_be64(rest->ptr + 1 + len)};
    memcpy(ret->name, rest->ptr + 1, len);
    memcpy(ret->digest.bytes, rest->ptr + 1 + len + 8, SEAL_HASH_LEN);
    *rest = slice_from(*rest, 1 + len + FILE_REST);
    return STATUS_OK;
}

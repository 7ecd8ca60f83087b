/* Any bytes as a bundle of entries, and as a proof: bundles come apart into what they were put
 * together from; a proof made of any bytes proves nothing. */
#include "fuzz.h"

#include <string.h>

#include "base/bytes.h"
#include "ledger/tile.h"

static void try_bundle(struct slice bytes) {
    struct slice rest = bytes;
    struct slice entry;
    struct buf b;
    buf_init(&b, bytes.len + 1);
    while (rest.len > 0 && !failed(bundle_next(&rest, &entry))) {
        FUZZ_MUST(!failed(bundle_add(&b, entry)));
    }
    FUZZ_MUST(slice_starts(bytes, buf_slice(&b)));
    buf_done(&b);
}

static void read_path(struct slice bytes, struct merkle_path *path) {
    path->count = 0;
    while (bytes.len >= SEAL_HASH_LEN && path->count < MERKLE_PATH_MAX) {
        memcpy(path->hashes[path->count++].bytes, bytes.ptr, SEAL_HASH_LEN);
        bytes = slice_from(bytes, SEAL_HASH_LEN);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct merkle_path path;
    struct slice bytes = slice_of(data, size);
    struct seal_hash leaf = seal_sha256(SLICE("a leaf"));
    struct seal_hash root = seal_sha256(SLICE("a root"));
    try_bundle(bytes);
    if (size < 16) {
        return 0;
    }
    uint64_t a = bytes_be64(data);
    uint64_t b = bytes_be64(data + 8);
    read_path(slice_from(bytes, 16), &path);
    FUZZ_MUST(failed(merkle_verify_inclusion(leaf, a, b, &path, &root)));
    FUZZ_MUST(failed(merkle_verify_consistency(a, &leaf, b, &root, &path)));
    char name[TILE_PATH_MAX];
    tile_path((int)(a % 64), b, (unsigned)(a % TILE_WIDTH) + 1, name);
    FUZZ_MUST(strlen(name) < TILE_PATH_MAX);
    return 0;
}

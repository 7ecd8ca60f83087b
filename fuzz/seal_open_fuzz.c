/* Any bytes as a sealed record, a chunk of a blob, its header: nothing opens that was not sealed.
 */
#include "fuzz.h"

#include "seal/blob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t plain[BLOB_CHUNK + BLOB_SEALED_CHUNK];
    static const struct seal_key key = {{7}};
    static const struct seal_place place = {.what = SEAL_RECORD, .owner = 1, .id = 2};
    struct slice bytes = slice_of(data, size);
    uint64_t plain_size = 0;
    if (size <= sizeof plain) {
        FUZZ_MUST(failed(record_open(&key, &place, bytes, plain)));
    }
    FUZZ_MUST(failed(blob_chunk_open(&key, &place, 0, true, bytes, plain)));
    if (!failed(blob_plain_size(size, &plain_size))) {
        FUZZ_MUST(blob_sealed_size(plain_size) == size);
    }
    if (size == BLOB_HEADER_LEN) {
        uint8_t header[BLOB_HEADER_LEN];
        blob_header_put(header);
        struct status s = blob_header_check(data);
        FUZZ_MUST(failed(s) || slice_eq(bytes, slice_of(header, sizeof header)));
    }
    return 0;
}

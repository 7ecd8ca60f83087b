/* Any bytes as a receipt: what is read as a tlog-proof is exactly what would be written, and no
 * bytes convince anybody who trusts a key that signed nothing. */
#include "fuzz.h"

#include "base/bytes.h"
#include "ledger/receipt.h"

static void must_write_the_same(struct slice bytes, const struct tlog_proof *proof) {
    struct buf extra;
    struct buf b;
    buf_init(&extra, PROOF_MAX);
    buf_init(&b, 2 * PROOF_MAX);
    struct slice raw = {0};
    bool plain = true;
    if (proof->extra.ptr != NULL) {
        plain = !failed(base64_decode(proof->extra, &extra));
        raw = extra.len == 0 ? SLICE("") : buf_slice(&extra);
    }
    if (plain) {
        FUZZ_MUST(
            !failed(tlog_proof_write(raw, proof->index, &proof->path, proof->checkpoint, &b)));
        FUZZ_MUST(slice_eq(buf_slice(&b), bytes));
    }
    buf_done(&extra);
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t nobody[SEAL_PUBLIC_LEN] = {1};
    static struct receipt receipt;
    struct slice bytes = slice_of(data, size);
    struct note_vkey key;
    struct tlog_proof proof;
    struct checkpoint head;
    struct buf scratch;
    FUZZ_MUST(!failed(note_vkey_make(SLICE("nobody"), NOTE_ED25519, nobody, &key)));
    buf_init(&scratch, PROOF_EXTRA_MAX);
    FUZZ_MUST(failed(receipt_verify(bytes, &key, &scratch, &receipt, &head)));
    buf_done(&scratch);
    if (!failed(tlog_proof_read(bytes, &proof))) {
        FUZZ_MUST(proof.path.count <= MERKLE_PATH_MAX);
        must_write_the_same(bytes, &proof);
    }
    return 0;
}

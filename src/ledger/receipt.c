/* Receipts: tlog-proof files and what Ward puts into them. Pure. */
#include "ledger/receipt.h"

#include <string.h>

#include "base/bytes.h"

enum { RECEIPT_VERSION = 1, LINE_MAX_HASH = 44 };

static const struct slice first_line = SLICE_INIT("c2sp.org/tlog-proof@v1");
static const struct slice extra_word = SLICE_INIT("extra ");
static const struct slice index_word = SLICE_INIT("index ");

static struct status add_hash(struct slice line, struct merkle_path *path) {
    struct buf raw CLEANUP(buf_done);
    buf_init(&raw, 64);
    if (line.len != LINE_MAX_HASH || path->count == MERKLE_PATH_MAX) {
        return FAIL(E_PROOF_FORM);
    }
    struct status s = base64_decode(line, &raw);
    if (s.code == E_MEMORY) {
        return s;
    }
    if (failed(s) || raw.len != SEAL_HASH_LEN) {
        return FAIL(E_PROOF_FORM);
    }
    memcpy(path->hashes[path->count++].bytes, raw.ptr, SEAL_HASH_LEN);
    return STATUS_OK;
}

/* Hashes up to the empty line. */
static struct status read_hashes(struct slice *rest, struct merkle_path *path) {
    struct slice line;
    path->count = 0;
    while (slice_next(rest, '\n', &line)) {
        if (line.len == 0) {
            return rest->ptr == NULL ? FAIL(E_PROOF_FORM) : STATUS_OK;
        }
        TRY(add_hash(line, path));
    }
    return FAIL(E_PROOF_FORM);
}

struct status tlog_proof_read(struct slice file, struct tlog_proof *ret_proof) {
    struct tlog_proof proof = {0};
    struct slice rest = file;
    struct slice line = {0};
    if (file.len > PROOF_MAX) {
        return FAIL(E_TOO_LARGE);
    }
    slice_next(&rest, '\n', &line);
    if (!slice_eq(line, first_line) || !slice_next(&rest, '\n', &line)) {
        return FAIL(E_PROOF_FORM);
    }
    if (slice_starts(line, extra_word)) {
        proof.extra = slice_from(line, extra_word.len);
        if (!slice_next(&rest, '\n', &line)) {
            return FAIL(E_PROOF_FORM);
        }
    }
    if (!slice_starts(line, index_word) ||
        failed(parse_u64(slice_from(line, index_word.len), INT64_MAX, &proof.index))) {
        return FAIL(E_PROOF_FORM);
    }
    TRY(read_hashes(&rest, &proof.path));
    proof.checkpoint = rest;
    *ret_proof = proof;
    return STATUS_OK;
}

struct status tlog_proof_write(struct slice extra, uint64_t index, const struct merkle_path *path,
                               struct slice checkpoint, struct buf *out) {
    TRY(buf_add(out, first_line));
    TRY(buf_add_byte(out, '\n'));
    if (extra.ptr != NULL) {
        TRY(buf_add(out, extra_word));
        TRY(base64_encode(extra, out));
        TRY(buf_add_byte(out, '\n'));
    }
    TRY(buf_add(out, index_word));
    TRY(buf_add_u64(out, index));
    TRY(buf_add_byte(out, '\n'));
    for (size_t i = 0; i < path->count; i++) {
        TRY(base64_encode(slice_of(path->hashes[i].bytes, SEAL_HASH_LEN), out));
        TRY(buf_add_byte(out, '\n'));
    }
    TRY(buf_add_byte(out, '\n'));
    return buf_add(out, checkpoint);
}

struct status tlog_proof_verify(const struct tlog_proof *proof, struct seal_hash leaf_hash,
                                const struct note_vkey *log, struct checkpoint *ret_head) {
    struct checkpoint head;
    TRY(checkpoint_verify(proof->checkpoint, log, &head));
    TRY(merkle_verify_inclusion(leaf_hash, proof->index, head.size, &proof->path, &head.root));
    *ret_head = head;
    return STATUS_OK;
}

struct status receipt_extra(const uint8_t entry[LEAF_LEN], const struct slice *openings,
                            size_t count, struct buf *out) {
    if (count > RECEIPT_OPENINGS_MAX) {
        return FAIL(E_TOO_LARGE);
    }
    TRY(buf_add_byte(out, RECEIPT_VERSION));
    TRY(buf_add(out, slice_of(entry, LEAF_LEN)));
    TRY(buf_add_byte(out, (uint8_t)count));
    for (size_t i = 0; i < count; i++) {
        if (openings[i].len > OPENING_MAX) {
            return FAIL(E_TOO_LARGE);
        }
        TRY(buf_add_be32(out, (uint32_t)openings[i].len));
        TRY(buf_add(out, openings[i]));
    }
    return STATUS_OK;
}

static struct status read_openings(struct slice rest, struct receipt *receipt) {
    for (size_t i = 0; i < receipt->count; i++) {
        if (rest.len < 4 || rest.len - 4 < bytes_be32(rest.ptr)) {
            return FAIL(E_PROOF_FORM);
        }
        struct slice bytes = slice_sub(rest, 4, bytes_be32(rest.ptr));
        rest = slice_from(rest, 4 + bytes.len);
        TRY(opening_read(bytes, &receipt->openings[i]));
        TRY(opening_check(&receipt->openings[i], &receipt->leaf));
    }
    return rest.len == 0 ? STATUS_OK : FAIL(E_PROOF_FORM);
}

static struct status read_extra(struct slice extra, struct receipt *receipt,
                                struct seal_hash *ret_leaf_hash) {
    if (extra.len < 2 + LEAF_LEN || extra.ptr[0] != RECEIPT_VERSION ||
        extra.ptr[1 + LEAF_LEN] > RECEIPT_OPENINGS_MAX) {
        return FAIL(E_PROOF_FORM);
    }
    struct slice entry = slice_sub(extra, 1, LEAF_LEN);
    TRY(leaf_get(entry, &receipt->leaf));
    receipt->count = extra.ptr[1 + LEAF_LEN];
    *ret_leaf_hash = merkle_leaf_hash(entry);
    return read_openings(slice_from(extra, 2 + LEAF_LEN), receipt);
}

struct status receipt_verify(struct slice file, const struct note_vkey *log, struct buf *scratch,
                             struct receipt *ret_receipt, struct checkpoint *ret_head) {
    struct seal_hash leaf_hash;
    TRY(tlog_proof_read(file, &ret_receipt->proof));
    if (ret_receipt->proof.extra.ptr == NULL) {
        return FAIL(E_PROOF_FORM);
    }
    struct status s = base64_decode(ret_receipt->proof.extra, scratch);
    if (failed(s)) {
        return s.code == E_ENCODING ? FAIL(E_PROOF_FORM) : s;
    }
    TRY(read_extra(buf_slice(scratch), ret_receipt, &leaf_hash));
    return tlog_proof_verify(&ret_receipt->proof, leaf_hash, log, ret_head);
}

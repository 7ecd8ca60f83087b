/* Receipts: C2SP tlog-proof files whose `extra` line carries the leaf and its openings, so that
 * somebody with nothing but the file and the log's public key sees what was recorded and that it
 * stands in the log (docs/FORMATS.md, "Receipt"). Pure.
 *
 *   struct receipt receipt;
 *   struct checkpoint head;
 *   TRY(receipt_verify(file, &log, &scratch, &receipt, &head));
 *   for (size_t i = 0; i < receipt.count; i++) { print(receipt.openings[i].content) }
 */
#ifndef WARD_LEDGER_RECEIPT_H
#define WARD_LEDGER_RECEIPT_H

#include "ledger/leaf.h"
#include "ledger/note.h"

enum {
    PROOF_MAX = 256 * 1024, /* bytes of a receipt that is read */
    PROOF_EXTRA_MAX = 96 * 1024,
    RECEIPT_OPENINGS_MAX = 4,
};

/* A tlog-proof taken apart; `extra` (base64 text, ptr NULL if absent) and `checkpoint` point into
 * it. */
struct tlog_proof {
    struct slice extra;
    uint64_t index;
    struct merkle_path path;
    struct slice checkpoint; /* a signed note */
};

MUST_USE struct status tlog_proof_read(struct slice file, struct tlog_proof *ret_proof);
/* extra: raw bytes, none if extra.ptr is NULL. */
MUST_USE struct status tlog_proof_write(struct slice extra, uint64_t index,
                                        const struct merkle_path *path, struct slice checkpoint,
                                        struct buf *out);
/* That the entry stands at the proof's index in the tree of the checkpoint, which `log` signed.
 * E_PROOF_WRONG, E_NOTE_*, E_SIGNATURE, E_CHECKPOINT_*. */
MUST_USE struct status tlog_proof_verify(const struct tlog_proof *proof, struct seal_hash leaf_hash,
                                         const struct note_vkey *log, struct checkpoint *ret_head);

struct receipt {
    struct tlog_proof proof;
    struct leaf leaf;
    size_t count;
    struct opening openings[RECEIPT_OPENINGS_MAX];
};

/* The bytes of `extra`: the leaf's entry and the openings (as opening_write makes them). */
MUST_USE struct status receipt_extra(const uint8_t entry[LEAF_LEN], const struct slice *openings,
                                     size_t count, struct buf *out);
/* Form, openings, inclusion, signature: all of it. `scratch` is an empty buffer of at least
 * PROOF_EXTRA_MAX that must outlive *ret_receipt. */
MUST_USE struct status receipt_verify(struct slice file, const struct note_vkey *log,
                                      struct buf *scratch, struct receipt *ret_receipt,
                                      struct checkpoint *ret_head);

#endif

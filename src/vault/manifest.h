/* What a backup says of itself, under a keyed hash: where it stands, and every file of it. */
#ifndef WARD_VAULT_MANIFEST_H
#define WARD_VAULT_MANIFEST_H

#include "base/buf.h"
#include "seal/seal.h"

enum {
    MANIFEST_MAX = 512 << 20, /* some seven million files */
    MANIFEST_NAME = 32,       /* bytes of a name within the backup, with its end */
};

struct manifest {
    uint64_t leaves;       /* of the ledger, when it was made */
    uint64_t tight_offset; /* of the tightening log */
    struct slice files;    /* for manifest_next; within the bytes that were read */
};
struct manifest_file {
    char name[MANIFEST_NAME]; /* "store.db", "keyring", "blobs/" and a record's number */
    uint64_t size;
    struct seal_hash digest; /* SHA-256 */
};

/* In this order, into an empty buffer: begin, each file, end. */
MUST_USE struct status manifest_begin(uint64_t leaves, uint64_t tight_offset, struct buf *out);
MUST_USE struct status manifest_add(const struct manifest_file *file, struct buf *out);
MUST_USE struct status manifest_end(const struct seal_key *key, struct buf *out);

/* E_BACKUP unless it has the form; nobody knows yet who made it. */
MUST_USE struct status manifest_read(struct slice bytes, struct manifest *ret);
/* E_BACKUP unless all of it was made under this key. */
MUST_USE struct status manifest_check(const struct seal_key *key, struct slice bytes);
/* Takes the next file off manifest.files; *ret_found is false at the end. E_BACKUP for what names
 * no file of a backup. */
MUST_USE struct status manifest_next(struct slice *rest, struct manifest_file *ret,
                                     bool *ret_found);

#endif

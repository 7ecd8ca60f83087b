/* What a backup says of itself, under a keyed hash. */
#ifndef WARD_VAULT_MANIFEST_H
#define WARD_VAULT_MANIFEST_H

#include "base/buf.h"
#include "seal/seal.h"

enum { MANIFEST_MAX = 1024 };

struct manifest {
    uint64_t leaves;       /* of the ledger, when it was made */
    uint64_t tight_offset; /* of the tightening log */
    uint64_t store_size;
    struct seal_hash store;
};

MUST_USE struct status manifest_write(const struct seal_key *key, const struct manifest *m,
                                      struct buf *out);
/* E_BACKUP unless it is whole and made under this key. */
MUST_USE struct status manifest_read(const struct seal_key *key, struct slice bytes,
                                     struct manifest *ret);

#endif

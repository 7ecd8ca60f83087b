/* What the ledger says to an auditor: rules, purposes, outcomes and counts of a span of hours,
 * about nobody. Handing it out is recorded first.
 *
 *   struct vault_audit audit;
 *   TRY(vault_audit_begin(v, &span, &audit, &checkpoint));
 *   for (uint64_t next = 0; next < audit.leaves;) {
 *       TRY(vault_audit_leaves(v, &audit, each, arg, &next));
 *   }
 */
#ifndef WARD_VAULT_AUDIT_H
#define WARD_VAULT_AUDIT_H

#include "ledger/audit.h"
#include "vault/vault.h"

struct vault_audit {
    struct audit_span span; /* of the leaves' own hours */
    uint64_t record;        /* the leaf that says that this is handed out */
    uint64_t leaves;        /* of the checkpoint: what is handed out lies below */
};

/* A leaf of the span. What it points to lives during the call. */
struct vault_audited {
    uint64_t index;
    struct leaf leaf;
    struct slice opening; /* as opening_write makes it; empty: there is none, or it says more than
                             an auditor may be told, or it was lost in a restore */
};
typedef struct status vault_audit_fn(void *arg, const struct vault_audited *audited);

/* Records in a leaf of kind `operator` that the auditor's openings of these hours are handed out,
 * publishes it, and adds the checkpoint's signed note. until is cut to the end of this hour.
 * Accesses of the last minute are not in the ledger yet. E_AUDIT_SPAN; E_BATCH within a batch. */
MUST_USE struct status vault_audit_begin(struct vault *v, const struct audit_span *span,
                                         struct vault_audit *ret, struct buf *ret_checkpoint);
/* Calls `each` for leaves of the span in order, from *io_next on, for some hundred leaves at most.
 * *io_next is then the first that was not looked at; after an error of `each`, which ends it and is
 * returned, the one that it was called for. Nothing is left when *io_next is audit->leaves. */
MUST_USE struct status vault_audit_leaves(struct vault *v, const struct vault_audit *audit,
                                          vault_audit_fn *each, void *arg, uint64_t *io_next);

#endif

/* What a leaf says, put together once: the person's copy with everything, the auditor's without
 * what `fields.def` keeps from that side. */
#ifndef WARD_VAULT_SAID_H
#define WARD_VAULT_SAID_H

#include "inside.h"

enum { SAID_MAX = OPENING_CONTENT_MAX, SAID_RECORDS = 8 };

/* Zero and empty parts are left out. */
struct said {
    uint64_t subject;
    uint64_t actor;
    struct slice role;
    struct slice operation;
    struct slice purpose;
    struct slice category;
    struct slice outcome;
    const struct law_answer *answer; /* its rules and needs */
    uint64_t count;
    int64_t at_ms;
    int64_t until_ms;
    struct slice notice;
    struct slice giver;
    struct slice recipient;
    struct slice ground;
    uint64_t records[SAID_RECORDS];
    uint64_t blob;
    uint64_t intent; /* index + 1 */
    uint64_t other;
    struct slice method;
    struct slice digest;
    struct slice reference;
};

MUST_USE struct status said_write(const struct vault *v, const struct said *said,
                                  enum opening_side side, struct buf *out);
/* One leaf: p's opening, and the auditor's. p may be NULL. */
MUST_USE struct status said_log(struct vault *v, enum leaf_kind kind, const struct person *p,
                                const struct said *said, uint64_t *ret_index);
/* Sets actor and role. */
void said_actor(struct said *said, const struct vault_actor *actor);

#endif

/* A scripted day of a vault: people come, consent, are recorded, read, change their minds, leave.
 * It can be cut anywhere; what was acknowledged until then must hold afterwards. */
#ifndef WARD_TESTS_VAULT_DAY_H
#define WARD_TESTS_VAULT_DAY_H

#include "world.h"

enum { DAY_STEPS = 20, DAY_PEOPLE = 4, DAY_RECORDS = 12 };

/* What was acknowledged. */
struct day {
    size_t done; /* steps that were acknowledged, in order */
    uint64_t people[DAY_PEOPLE];
    uint64_t records[DAY_RECORDS];
    uint64_t leaves; /* at the last acknowledgement */
};

/* Runs until a step fails; E_* of that step, or OK at the end of the day. */
struct status day_run(struct world *w, struct day *day);
/* Every acknowledged step is there; the step that was cut is there or not; the ledger verifies. */
void day_assert(struct world *w, const struct day *day);

#endif

/* A scripted day of a vault: people come, consent, are recorded, read, change their minds, leave;
 * records of two people, a guardian, a legal hold, objections and restrictions, a projection that
 * follows, a category that is erased, a new generation of the root key, a backup and its restore.
 * It can be cut anywhere; what was acknowledged until then must hold afterwards. */
#ifndef WARD_TESTS_VAULT_DAY_H
#define WARD_TESTS_VAULT_DAY_H

#include "world.h"

enum day_step {
    DAY_ADD_0,
    DAY_ADD_1,
    DAY_PUT_0,
    DAY_PUT_1,
    DAY_CONSENT,
    DAY_PUT_2,
    DAY_READ_0,
    DAY_BLOB,
    DAY_CHANGE,
    DAY_WITHDRAW,
    DAY_ADD_2,
    DAY_MINUTE_1,
    DAY_ERASE_0,
    DAY_BATCH,
    DAY_DELETE_6,
    DAY_READ_7,
    DAY_ADD_3,
    DAY_PUT_8,
    DAY_DELETE_BLOB,
    DAY_MINUTE_2,
    DAY_ADD_4,
    DAY_ADD_5,
    DAY_ADD_CHILD,
    DAY_SHARE_9,  /* of 4, received by 5 */
    DAY_SHARE_10, /* of 5, about 4 too */
    DAY_PUT_12,
    DAY_LINK,
    DAY_GUARDIAN_CONSENT,
    DAY_PUT_11,
    DAY_HOLD,
    DAY_ERASE_HELD,
    DAY_LIFT,
    DAY_ROTATE,
    DAY_FOLLOW,
    DAY_BACKUP_BEGINS,
    DAY_OBJECT,
    DAY_FOLLOW_OBJECTED,
    DAY_BACKUP_GOES_ON,
    DAY_RESTRICT,
    DAY_BACKUP_ENDS,
    DAY_ERASE_4,
    DAY_FOLLOW_ERASED,
    DAY_REVOKE_GUARDIAN,
    DAY_ERASE_CATEGORY,
    DAY_MINUTE_3,
    DAY_RESTORE,
    DAY_READ_8,
    DAY_SECOND,
    DAY_MINUTE_4,
    DAY_STEPS,
};
enum { DAY_PEOPLE = 7, DAY_RECORDS = 13, DAY_IDS = 512 };

/* What a projection holds; a cursor that it has applied. */
struct day_projection {
    uint64_t cursor;
    uint64_t owners[DAY_IDS]; /* by record; 0: not held */
};

/* What was acknowledged. */
struct day {
    size_t done; /* steps that were acknowledged, in order */
    uint64_t people[DAY_PEOPLE];
    uint64_t records[DAY_RECORDS];
    uint64_t leaves; /* at the last acknowledgement */
    struct day_projection projection;
    struct vault_follower *follower;
    bool powered; /* what was written is there, synced or not */
};

/* Runs until a step fails; E_* of that step, or OK at the end of the day. */
struct status day_run(struct world *w, struct day *day);
/* Every acknowledged step is there; the step that was cut is there or not; the ledger verifies. */
void day_assert(struct world *w, const struct day *day);

#endif

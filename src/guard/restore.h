/* Putting a backup back, while nothing serves. */
#ifndef WARD_GUARD_RESTORE_H
#define WARD_GUARD_RESTORE_H

#include "vault/backup.h"

struct restored {
    uint64_t subjects;
    uint64_t records;
    struct vault_restored done;
    uint64_t leaves; /* of the ledger, the restored leaf included */
};

/* Makes given->data_dir from the backup, does again what tightened since, then closes all of it and
 * opens it as the service will, but publishes and destroys nothing: data that are in place now open
 * until these are. Errors of vault_restore and of vault_open. */
MUST_USE struct status restore_run(const struct vault_options *given, const char *backup_dir,
                                   struct restored *ret_restored);
/* In words, on standard output. */
void restore_say(const struct restored *restored);

#endif

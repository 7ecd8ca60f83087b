/* Putting a backup back, while nothing serves. What the vault made is believed when it opens once
 * more from what stands on the disk, with nothing lost between. */
#include "restore.h"

#include <stdio.h>

#include "vault/backup.h"

static struct status again(const struct vault_options *options, struct vault_stats *ret_stats) {
    struct vault *v = NULL;
    TRY(vault_open(options, &v));
    *ret_stats = vault_stats(v);
    vault_close(&v);
    return STATUS_OK;
}

/* Until they change places the present data must open, whatever becomes of this. */
struct status restore_run(const struct vault_options *given, const char *backup_dir,
                          struct restored *ret_restored) {
    struct vault_options tentative = *given;
    const struct vault_options *options = &tentative;
    tentative.tentative = true;
    struct vault *v = NULL;
    struct vault_stats before;
    struct vault_stats after;
    struct vault_restored done;
    TRY(vault_restore(options, backup_dir, &v, &done));
    before = vault_stats(v);
    vault_close(&v);
    TRY(again(options, &after));
    if (before.subjects != after.subjects || before.records != after.records ||
        before.leaves > after.leaves) {
        return FAIL(E_BACKUP);
    }
    *ret_restored = (struct restored){
        .subjects = after.subjects,
        .records = after.records,
        .done = done,
        .leaves = after.leaves,
    };
    return STATUS_OK;
}

void restore_say(const struct restored *restored) {
    printf("%llu people with %llu records, verified.\n"
           "Erasures, withdrawals and other tightenings since the backup, done again: %llu.\n"
           "The ledger stands at %llu leaves; the restore is one of them.\n",
           (unsigned long long)restored->subjects, (unsigned long long)restored->records,
           (unsigned long long)restored->done.replayed, (unsigned long long)restored->leaves);
    if (restored->done.lost_people > 0 || restored->done.lost_records > 0) {
        printf("%llu people and %llu records of the backup could not be opened and are not there: "
               "their keys were destroyed since.\n",
               (unsigned long long)restored->done.lost_people,
               (unsigned long long)restored->done.lost_records);
    }
    (void)fflush(stdout);
}

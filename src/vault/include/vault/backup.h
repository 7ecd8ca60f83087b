/* Backups of a running vault, and restores that replay every tightening before they serve. */
#ifndef WARD_VAULT_BACKUP_H
#define WARD_VAULT_BACKUP_H

#include "vault/vault.h"

/* Into `dir`, which must not exist: data (a consistent copy of the store, and the blobs), the
 * keyring's copy, and a manifest: which leaf of the ledger it stands at, and the size and digest of
 * every file. Reads back and verifies what it wrote.
 * The ledger directory is not in it: copy it apart, with any tool; it only grows.
 *
 *   TRY(vault_backup_begin(v, "backups/monday"));
 *   for (bool done = false; !done;) {
 *       TRY(vault_backup_step(v, &done));
 *       -- anything else: reads, writes, erasures, ticks
 *   }
 *
 * It holds everything up to one moment towards its end and nothing after that; what tightens after
 * it is in the tightening log. One at a time. The end of the vault gives it up and removes it; where
 * the process was killed, a directory without manifest is left, which nobody takes for a backup.
 * E_BACKUP_EXISTS, E_BACKUP_RUNS, E_BATCH */
MUST_USE struct status vault_backup_begin(struct vault *v, const char *dir);
/* A few milliseconds of it, outside of a batch. *ret_done: it is whole, durable and verified. An
 * error is its end as well: what was written has been removed, as far as it can be, and the vault
 * goes on, unless it was the vault's own write that failed. E_BACKUP when it does not read back. */
MUST_USE struct status vault_backup_step(struct vault *v, bool *ret_done);
/* From begin to end at once. */
MUST_USE struct status vault_backup(struct vault *v, const char *dir);
struct vault_backup_progress {
    bool runs;
    uint64_t done_bytes;
    uint64_t total_bytes; /* about; grows with what comes meanwhile */
    uint64_t records;     /* in it; 0 until its moment */
};
struct vault_backup_progress vault_backup_progress(const struct vault *v);
struct vault_restored {
    uint64_t replayed;    /* tightenings since the backup */
    uint64_t lost_people; /* whose keys are gone, though nothing says that they were erased */
    uint64_t
        lost_records; /* that no key opens any more, though nothing says that they were deleted */
};
/* Makes data_dir (and keys_dir, unless a keyring is there) from a backup; data_dir must not hold a
 * store. Replays what tightened since from the tightening log in ledger_dir (the table in again.c
 * says what of it stands), adds a `restored` leaf, and opens. Without the tiles up to the last
 * published checkpoint, or without the tightening log, every consent is unknown and every record
 * VAULT_WITHHELD, or with options->needs_log E_LOG_LOST. Opens every record and every blob's end;
 * what no key opens is dropped and counted.
 * E_BACKUP_UNFINISHED for a directory without manifest.
 * E_BACKUP_FILE for a file of the backup that is missing or not as the manifest says (of the
 * keyring where it is needed): vault_backup_blamed names it. E_BACKUP for a manifest that was not
 * made under these keys. */
MUST_USE struct status vault_restore(const struct vault_options *options, const char *backup_dir,
                                     struct vault **ret_vault, struct vault_restored *ret_restored);
/* The file of the last E_BACKUP_FILE in this thread, within the backup; "" if none. */
const char *vault_backup_blamed(void);
/* The generation of the root key at the end of `out`, sealed by the root key (8192 bytes). With it,
 * the root key, a backup of this generation and the ledger directory, another machine can restore.
 * Whoever has all of them reads what was erased since that backup, too: keep it apart from backups,
 * where the next one takes its place after each rotation. It is written down in the ledger. */
MUST_USE struct status vault_escrow(struct vault *v, struct buf *out);
/* A new generation of the root key: every older copy of the keyring is unreadable from now on.
 * E_BACKUP_RUNS: not before its end. */
MUST_USE struct status vault_rotate(struct vault *v);
/* Opens the vault under options->root, makes `root` its root key, and a new generation, so that the
 * old key opens nothing any more, not even with an old copy of the generations; then closes it.
 * Where an interrupted change came so far that only `root` opens the vault, ends that change.
 * E_FILE_MISSING where there is no vault; E_ROOT_KEY when neither opens it; errors of vault_open.
 * After another error one of them opens it: call again. */
MUST_USE struct status vault_change_root(const struct vault_options *options,
                                         const struct seal_key *root);

#endif

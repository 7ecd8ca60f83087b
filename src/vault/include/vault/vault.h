/* The vault: personal data in one place that survives crashes, keeps nothing longer than it may,
 * can truly forget, and proves what it did (DESIGN.md, sections 5 to 7).
 *
 * A library: one thread, one vault, one process. Every read, write, disclosure and erasure is
 * decided by the law inside it and recorded; without a permit there is no key and no plaintext.
 *
 *   struct vault *v = NULL;
 *   TRY(vault_open(&options, &v));
 *   uint8_t purpose = 0;
 *   TRY(vault_purpose(v, SLICE("watch-history"), &purpose));
 *   struct vault_use use = {.purpose = purpose, .operation = LAW_OPERATION_USE};
 *   struct status s = vault_read(v, &use, id, &plain, NULL, &answer);
 *   -- E_DENIED: answer.law says which rules stand in the way and what would help
 *   vault_close(&v);
 *
 * Errors that any function may return: E_MEMORY; E_IO, E_DISK_FULL and the store's errors;
 * E_VAULT_STOPPED after a write or sync failed once: nothing more is served until the vault is
 * closed and opened again, which replays what was acknowledged. A broken invariant ends the
 * process.
 *
 * Out-parameters: `ret_answer` may be NULL; it is written on a permit and on E_DENIED and
 * E_UNDECLARED. `ret_plain` is a secret buffer of the caller's; what is added stays after success
 * only. */
#ifndef WARD_VAULT_VAULT_H
#define WARD_VAULT_VAULT_H

#include "os/clock.h"
#include "os/file.h"
#include "seal/seal.h"
#include "vault/types.h"

struct vault;
struct law_set;
struct law_map;

struct vault_options {
    const struct os_fs *fs;
    const struct os_clock *clock;
    const char *data_dir;        /* SQLite and blobs; what data backups hold */
    const char *keys_dir;        /* the keyring; its backups are apart */
    const char *ledger_dir;      /* tiles, tightening log, access journal; never goes back */
    const struct seal_key *root; /* read during the call only */
    const struct law_set *laws;  /* outlives the vault */
    const struct law_map *map;   /* outlives the vault */
    const char *law_version;     /* SHA-256 of the texts of both, 64 hexadecimal digits; when the
                                    store was last opened with another, the ledger says so and
                                    followers begin anew. NULL: not looked at */
    const char *ledger_origin;   /* the log's name in its checkpoints, "example.org/ward" */
    size_t cache_bytes;          /* pages of the store in memory; 0: 64 MiB */
    const char *sqlite_vfs;      /* tests: a registered VFS; NULL: SQLite's own */
    bool lazy;      /* puts, rewrites, changes and deletions of records are on disk within a second
                       rather than before they return: a power loss may take the last of them away,
                       whole and in order, the end of the process takes none. All else waits */
    bool needs_log; /* vault_restore: E_LOG_LOST rather than a start with every consent unknown */
    bool tentative; /* these data are not in their place yet: no leaf is published and no key
                       destroyed, so that other data of the same keyring and ledger still open.
                       The first open without this does both */
};

/* Makes what is missing of a new vault, or completes what a crash interrupted (an erasure, a
 * rotation, a checkpoint of columns), verifies, and opens. On success the caller owns *ret_vault.
 * E_VAULT_FORMAT, E_VAULT_CORRUPT (flipped bytes; restore a backup), E_VAULT_ROLLED_BACK (the data
 * are older than the ledger; use vault_restore), errors of the keyring and of the ledger. */
MUST_USE struct status vault_open(const struct vault_options *options, struct vault **ret_vault);
/* Gathers, publishes, wipes. Accepts NULL, nulls it. */
void vault_close(struct vault **vault);

/* Group commit. Between begin and commit every call works as alone, but nothing is durable before
 * vault_commit_batch returned success: answer no request before. An error of a single call undoes
 * that call alone. An error of the commit stops the vault, and none of the batch happened. */
MUST_USE struct status vault_begin_batch(struct vault *v);
MUST_USE struct status vault_commit_batch(struct vault *v);

/* What time brings: sweeps what expired, re-decides at birthdays and ends of consents, syncs and
 * gathers the access journal, publishes a checkpoint, stops late followers, writes columns back.
 * Call it at least every 200 ms while serving; does at most a few milliseconds of work a call.
 * *ret_next_ms: when it wants to be called next. A part that fails does not keep the others from
 * their turn; the first failure is returned. */
MUST_USE struct status vault_tick(struct vault *v, int64_t *ret_next_ms);

/* New laws or a new data map, at once: caches are emptied and followers hear what changed.
 * Both outlive the vault. */
MUST_USE struct status vault_set_law(struct vault *v, const struct law_set *laws,
                                     const struct law_map *map);

/* The number of a name of the data map. E_UNDECLARED when it is not (or no longer) declared. */
MUST_USE struct status vault_purpose(const struct vault *v, struct slice name, uint8_t *ret);
MUST_USE struct status vault_category(const struct vault *v, struct slice name, uint8_t *ret);
MUST_USE struct status vault_recipient(const struct vault *v, struct slice name, uint8_t *ret);
/* And back; empty when there is no such number. */
struct slice vault_purpose_name(const struct vault *v, uint8_t purpose);
struct slice vault_category_name(const struct vault *v, uint8_t category);
struct slice vault_recipient_name(const struct vault *v, uint8_t recipient);
/* A number for an origin of data ("contacts upload") or an access list; made when it is new.
 * Never personal data. */
MUST_USE struct status vault_origin(struct vault *v, struct slice name, uint16_t *ret);
struct slice vault_origin_name(const struct vault *v, uint16_t origin);

/* Decides without touching data and without recording: for screens that say what is possible.
 * subject 0: nobody in particular, about whom nothing is known. */
MUST_USE struct status vault_decide(struct vault *v, const struct vault_use *use, uint8_t category,
                                    uint64_t subject, struct vault_answer *ret_answer);
/* Decides and records the answer as an access, where the caller is about to do what it asks
 * without reading a record: open a session, show a page about somebody. E_DENIED, E_UNDECLARED. */
MUST_USE struct status vault_permit(struct vault *v, const struct vault_use *use, uint8_t category,
                                    uint64_t subject, struct vault_answer *ret_answer);
/* The facts that the decision would be taken on, unsettled; for the claim's replay and for `why`.
 */
MUST_USE struct status vault_decision_facts(struct vault *v, const struct vault_use *use,
                                            uint8_t category, uint64_t subject,
                                            struct law_facts *ret_facts);

struct vault_stats {
    uint64_t subjects;
    uint64_t records;
    uint64_t permits; /* since the store was made */
    uint64_t denials;
    uint64_t erased_subjects;
    uint64_t leaves; /* of the ledger, pending ones included */
    uint64_t decided_from_cache;
    uint32_t generation; /* of the root key */
};
struct vault_stats vault_stats(const struct vault *v);

#endif

/* Restoring: the backup's bytes are checked and put in place; then everything that tightened since
 * is done again from the tightening log, before anything is served. Where log or tiles are lost,
 * nobody knows what was withdrawn, and every consent is unknown and every record its owner's alone;
 * what a tightening log that is left says is done all the same. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "copy.h"
#include "manifest.h"
#include "said.h"

struct restore {
    const struct vault_options *options;
    const char *from;
    struct buf text; /* of the manifest */
    struct manifest manifest;
    bool tight_lost; /* the tightening log is missing, or shorter than the backup knew it */
    bool log_lost;   /* that, or the published ledger: nobody knows every consent */
};

/* Files --------------------------------------------------------------------------------- */

static struct status make_dir(const struct os_fs *fs, const char *path) {
    struct status made = os_mkdir(fs, path, false);
    return made.code == E_FILE_EXISTS ? STATUS_OK : made;
}

static _Thread_local char blamed[MANIFEST_NAME];

const char *vault_backup_blamed(void) {
    return blamed;
}

static struct status blame(const struct manifest_file *file) {
    memcpy(blamed, file->name, sizeof blamed);
    return FAIL(E_BACKUP_FILE);
}

static struct status compare(const struct manifest_file *file, struct status read,
                             const struct seal_hash *digest, uint64_t size) {
    if (failed(read)) {
        return read.code == E_FILE_MISSING ? blame(file) : read;
    }
    bool same = size == file->size && seal_hash_equal(digest, &file->digest);
    return same ? STATUS_OK : blame(file);
}

/* The file of that name, as the manifest has it. */
static struct status find_file(const struct restore *r, const char *name,
                               struct manifest_file *ret) {
    struct slice rest = r->manifest.files;
    bool found = true;
    while (found) {
        TRY(manifest_next(&rest, ret, &found));
        if (found && strcmp(ret->name, name) == 0) {
            return STATUS_OK;
        }
    }
    return FAIL(E_BACKUP);
}

static struct status check_keyring(const struct restore *r, const char *copy) {
    struct manifest_file file;
    struct seal_hash digest;
    uint64_t size = 0;
    TRY(find_file(r, "keyring", &file));
    struct status read = file_digest(r->options->fs, copy, &digest, &size);
    return compare(&file, read, &digest, size);
}

static struct status place_keys(const struct restore *r) {
    const struct vault_options *o = r->options;
    char path[OS_PATH_MAX];
    char generation[OS_PATH_MAX];
    char copy[OS_PATH_MAX];
    bool there = false;
    TRY(vault_path(o->keys_dir, "keyring", path));
    TRY(vault_path(o->keys_dir, "generation", generation));
    TRY(vault_path(r->from, "keyring", copy));
    TRY(os_exists(o->fs, path, &there));
    if (there) {
        return STATUS_OK; /* the living keyring: what was erased since stays erased */
    }
    TRY(check_keyring(r, copy));
    TRY(make_dir(o->fs, o->keys_dir));
    struct keyring_options how = {
        .fs = o->fs, .path = path, .generation_path = generation, .root = o->root};
    return keyring_restore(&how, copy);
}

static struct status place_file(const struct restore *r, const struct manifest_file *file) {
    const struct vault_options *o = r->options;
    char from[OS_PATH_MAX];
    char to[OS_PATH_MAX];
    struct seal_hash digest;
    uint64_t size = 0;
    TRY(vault_path(r->from, file->name, from));
    TRY(vault_path(o->data_dir, file->name, to));
    struct status copied = file_copy(o->fs, from, to, &digest, &size);
    return compare(file, copied, &digest, size);
}

/* What the manifest names, and nothing else; each file is compared as it is copied. */
static struct status place_files(const struct restore *r) {
    struct slice rest = r->manifest.files;
    struct manifest_file file;
    bool found = true;
    while (found) {
        TRY(manifest_next(&rest, &file, &found));
        bool data = found && strcmp(file.name, "keyring") != 0;
        TRY(data ? place_file(r, &file) : STATUS_OK);
    }
    return STATUS_OK;
}

static struct status place_data(const struct restore *r) {
    const struct vault_options *o = r->options;
    struct manifest_file store;
    char path[OS_PATH_MAX];
    bool there = false;
    TRY(vault_path(o->data_dir, "store.db", path));
    TRY(os_exists(o->fs, path, &there));
    if (there) {
        return FAIL(E_BACKUP_EXISTS);
    }
    TRY(find_file(r, "store.db", &store));
    TRY(make_dir(o->fs, o->data_dir));
    TRY(vault_path(o->data_dir, "blobs", path));
    TRY(make_dir(o->fs, path));
    TRY(place_files(r));
    TRY(os_sync_dir(o->fs, path));
    return os_sync_dir(o->fs, o->data_dir);
}

static struct status read_manifest(struct restore *r) {
    char path[OS_PATH_MAX];
    bool there = false;
    TRY(vault_path(r->from, "manifest", path));
    struct status read = os_read_file(r->options->fs, path, &r->text);
    TRY(read.code == E_FILE_MISSING ? os_exists(r->options->fs, r->from, &there) : read);
    TRY(there ? FAIL(E_BACKUP_UNFINISHED) : read);
    return manifest_read(buf_slice(&r->text), &r->manifest);
}

/* What is left of the ledger -------------------------------------------------------------- */

/* What is left of a published log that does not open is kept for whoever wants to look at it. */
static struct status set_log_aside(const struct restore *r) {
    const struct vault_options *o = r->options;
    char path[OS_PATH_MAX];
    char aside[OS_PATH_MAX];
    bool there = false;
    TRY(vault_path(o->ledger_dir, "log", path));
    int n = snprintf(aside, sizeof aside, "%s.lost-%lld", path, (long long)os_now_ms(o->clock));
    TRY(n < 0 || (size_t)n >= sizeof aside ? FAIL(E_TOO_LARGE) : STATUS_OK);
    TRY(os_exists(o->fs, path, &there));
    TRY(there ? os_rename(o->fs, path, aside) : STATUS_OK);
    return os_sync_dir(o->fs, o->ledger_dir);
}

static struct status look_for_log(struct restore *r) {
    const struct vault_options *o = r->options;
    const struct manifest *m = &r->manifest;
    char path[OS_PATH_MAX];
    bool checkpoint = false;
    bool tightenings = false;
    TRY(vault_path(o->ledger_dir, "log/checkpoint", path));
    TRY(os_exists(o->fs, path, &checkpoint));
    TRY(vault_path(o->ledger_dir, "tightenings", path));
    TRY(os_exists(o->fs, path, &tightenings));
    if (tightenings) {
        struct os_file *file = NULL;
        uint64_t size = 0;
        TRY(os_open(o->fs, path, OS_READ, &file));
        struct status status = os_size(o->fs, file, &size);
        os_close(o->fs, &file);
        TRY(status);
        tightenings = size >= m->tight_offset;
    }
    r->tight_lost = !tightenings && m->tight_offset > 0;
    r->log_lost = !checkpoint || r->tight_lost;
    TRY(r->log_lost && o->needs_log ? FAIL(E_LOG_LOST) : STATUS_OK);
    return checkpoint ? STATUS_OK : set_log_aside(r);
}

/* A tightening log that is shorter than the backup knew it is not continued, but begun anew. */
static struct status drop_broken_log(const struct restore *r) {
    char path[OS_PATH_MAX];
    TRY(vault_path(r->options->ledger_dir, "tightenings", path));
    struct status removed = os_remove(r->options->fs, path);
    return removed.code == E_FILE_MISSING ? STATUS_OK : removed;
}

/* The old store's leaves are in the ledger, or lost with it. */
static struct status drop_pending(struct vault *v, const struct restore *r) {
    TRY(store_delete_owner(v->store, STORE_LEAVES, 0));
    TRY(store_delete_owner(v->store, STORE_LEAVES, 1));
    TRY(store_delete_owner(v->store, STORE_FEED, 0));
    TRY(store_delete(v->store, STORE_META, 0, META_CLEAN));
    v->counters.feed_floor = v->counters.next_id;
    if (!r->log_lost) {
        return STATUS_OK;
    }
    TRY(store_delete_owners(v->store, STORE_OPENINGS, 0, UINT64_MAX));
    TRY(store_delete_owners(v->store, STORE_BATCHES, 0, UINT64_MAX));
    return tighten_all(v);
}

/* Doing again --------------------------------------------------------------------------- */

/* Numbers that were given out since are not given again. What concerned somebody or something that
 * came after the backup has nothing to take away. */
static struct status replay_one(struct vault *v, const struct tightening *t, uint64_t next_id,
                                uint64_t next_subject) {
    struct counters *c = &v->counters;
    c->next_id = next_id > c->next_id ? next_id : c->next_id;
    c->next_subject = next_subject > c->next_subject ? next_subject : c->next_subject;
    people_trim(v);
    struct status status = tighten_again(v, t);
    bool nothing = status.code == E_NO_SUBJECT || status.code == E_NO_RECORD;
    return nothing ? STATUS_OK : status;
}

/* What was lost with the log is lost to every backup from before. */
static struct status log_restored(struct vault *v, const struct restore *r, uint64_t replayed) {
    struct said said = {.at_ms = vault_now_ms(v), .count = replayed};
    struct tightening lost = {.kind = TIGHT_LOST};
    TRY(r->log_lost ? log_tighten(v, &lost) : STATUS_OK);
    said_actor(&said, NULL);
    TRY(said_log(v, LEAF_RESTORED, NULL, &said, NULL));
    TRY(journal_take_over(v));
    v->counters.feed_floor = v->counters.next_id;
    return tight_offset_save(v);
}

/* A checkpoint without the tiles that it speaks of is a lost log as well. */
static struct status open_log(struct vault *v, struct restore *r) {
    struct status opened = log_open(v, r->options, true);
    bool lost = opened.code == E_LEDGER_CORRUPT || opened.code == E_FILE_MISSING;
    if (!lost || r->options->needs_log) {
        return opened.code == E_FILE_MISSING ? FAIL(E_LOG_LOST) : opened;
    }
    r->log_lost = true;
    buf_clear(&v->unpublished);
    TRY(set_log_aside(r));
    return log_open(v, r->options, true);
}

/* Of what stands behind the damage nobody knows what it took away. */
static struct status check_tight(struct vault *v, struct restore *r, uint64_t from) {
    bool damaged = false;
    TRY(tight_check(v, from, r->manifest.leaves, &damaged));
    r->log_lost = r->log_lost || damaged;
    return damaged && r->options->needs_log ? FAIL(E_LOG_LOST) : STATUS_OK;
}

static struct status do_again(struct vault *v, uint64_t from, struct vault_restored *ret) {
    TRY(rekey_restore(v, from));
    TRY(tight_replay(v, from, replay_one, &ret->replayed));
    return restore_check(v, ret);
}

static struct status bring_back(struct vault *v, struct restore *r, struct vault_restored *ret) {
    TRY(manifest_check(&v->state_key, buf_slice(&r->text)));
    TRY(look_for_log(r));
    TRY(r->tight_lost ? drop_broken_log(r) : STATUS_OK);
    TRY(open_log(v, r));
    TRY(tight_open(v, true));
    uint64_t from = r->manifest.tight_offset; /* one that begins anew begins there as well */
    TRY(r->tight_lost ? os_truncate(v->fs, v->tight_file, from) : STATUS_OK);
    TRY(check_tight(v, r, from));
    TRY(op_begin(v));
    TRY(op_end(v, drop_pending(v, r)));
    TRY(restore_periods(v));
    v->replaying = true;
    struct status status = do_again(v, from, ret);
    v->replaying = false;
    TRY(status);
    TRY(op_begin(v));
    return op_end(v, log_restored(v, r, ret->replayed));
}

static struct status serve(struct vault *v) {
    TRY(vault_complete(v));
    return log_publish(v);
}

static struct status restore(struct restore *r, struct vault **ret_vault,
                             struct vault_restored *ret_restored) {
    TRY(seal_init());
    TRY(read_manifest(r));
    TRY(place_keys(r));
    TRY(place_data(r));
    struct vault *v = NULL;
    TRY(vault_new(r->options, &v));
    struct vault_restored restored = {.replayed = 0};
    struct status status = bring_back(v, r, &restored);
    if (!failed(status)) {
        status = serve(v);
    }
    if (failed(status)) {
        v->stopped = true;
        vault_close(&v);
        return status;
    }
    *ret_vault = v;
    *ret_restored = restored;
    return STATUS_OK;
}

struct status vault_restore(const struct vault_options *options, const char *backup_dir,
                            struct vault **ret_vault, struct vault_restored *ret_restored) {
    struct restore r = {.options = options, .from = backup_dir};
    buf_init(&r.text, MANIFEST_MAX);
    struct status status = restore(&r, ret_vault, ret_restored);
    buf_done(&r.text);
    return status;
}

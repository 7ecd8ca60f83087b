/* Opening and closing: keys, store, ledger, logs, in the order in which each needs the other; what
 * a crash interrupted is completed before anything is served. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "said.h"

enum { VAULT_VERSION = 1 };

struct status vault_path(const char *dir, const char *name, char ret[OS_PATH_MAX]) {
    int len = snprintf(ret, OS_PATH_MAX, "%s/%s", dir, name);
    return len < 0 || len >= OS_PATH_MAX ? FAIL(E_TOO_LARGE) : STATUS_OK;
}

static struct status copy_path(const char *from, char ret[OS_PATH_MAX]) {
    int len = snprintf(ret, OS_PATH_MAX, "%s", from);
    return len < 0 || len >= OS_PATH_MAX ? FAIL(E_TOO_LARGE) : STATUS_OK;
}

struct status dir_sync_above(const struct os_fs *fs, const char *path) {
    char above[OS_PATH_MAX];
    TRY(copy_path(path, above));
    char *slash = strrchr(above, '/');
    if (slash == NULL) {
        return os_sync_dir(fs, ".");
    }
    slash[slash == above] = '\0';
    return os_sync_dir(fs, above);
}

/* The directory, and its name in the one above, durably. */
static struct status make_dir(const struct os_fs *fs, const char *path) {
    struct status made = os_mkdir(fs, path, false);
    if (made.code == E_FILE_EXISTS) {
        return STATUS_OK;
    }
    TRY(made);
    return dir_sync_above(fs, path);
}

static struct status make_dirs(struct vault *v) {
    char blobs[OS_PATH_MAX];
    TRY(vault_path(v->data_dir, "blobs", blobs));
    TRY(make_dir(v->fs, v->data_dir));
    TRY(make_dir(v->fs, v->keys_dir));
    TRY(make_dir(v->fs, v->ledger_dir));
    return make_dir(v->fs, blobs);
}

static struct status open_keys(struct vault *v, const struct vault_options *options) {
    char path[OS_PATH_MAX];
    char generation[OS_PATH_MAX];
    TRY(vault_path(v->keys_dir, "keyring", path));
    TRY(vault_path(v->keys_dir, "generation", generation));
    struct keyring_options how = {
        .fs = v->fs, .path = path, .generation_path = generation, .root = options->root};
    struct status made = keyring_create(&how);
    if (failed(made) && made.code != E_FILE_EXISTS) {
        return made;
    }
    TRY(keyring_open(&how, &v->keys));
    return state_key_load(v);
}

static struct status begin_new(struct vault *v) {
    v->counters = (struct counters){.next_id = 1, .next_subject = 1, .feed_floor = 1};
    TRY(store_begin(v->store));
    struct status status = counters_save(v);
    if (failed(status)) {
        store_rollback(v->store);
        return status;
    }
    TRY(store_commit(v->store));
    return store_sync(v->store); /* before there are keys or a ledger of it */
}

static struct status open_store(struct vault *v, const struct vault_options *options) {
    char path[OS_PATH_MAX];
    TRY(vault_path(v->data_dir, "store.db", path));
    struct store_options how = {.path = path,
                                .cache_bytes = options->cache_bytes,
                                .vfs = options->sqlite_vfs,
                                .lazy = options->lazy};
    TRY(store_init());
    TRY(store_open(&how, &v->store));
    struct status loaded = segments_load(v);
    if (loaded.code == E_STORE_MISSING) {
        TRY(begin_new(v));
        return segments_load(v);
    }
    return loaded;
}

/* Keys that a crash left without a row are swept, but not where everything was closed in order. */
static struct status sweep_unless_clean(struct vault *v) {
    struct slice clean;
    struct status found = store_view(v->store, STORE_META, 0, META_CLEAN, &clean);
    if (failed(found) && found.code != E_STORE_MISSING) {
        return found;
    }
    if (failed(found)) {
        return keys_sweep(v);
    }
    TRY(op_begin(v));
    return op_end(v, store_delete(v->store, STORE_META, 0, META_CLEAN));
}

/* What was interrupted goes on, before anybody is served. */
struct status vault_complete(struct vault *v) {
    TRY(names_bind(v));
    TRY(feed_open(v));
    TRY(access_open(v));
    TRY(erasures_finish(v));
    TRY(blobs_open(v));
    TRY(sweep_unless_clean(v));
    v->rekeys_wait = true; /* for all that is known yet */
    return tags_load(v);
}

static struct status open_into(struct vault *v, const struct vault_options *options) {
    TRY(copy_path(options->data_dir, v->data_dir));
    TRY(copy_path(options->keys_dir, v->keys_dir));
    TRY(copy_path(options->ledger_dir, v->ledger_dir));
    v->fs = options->fs;
    v->clock = options->clock;
    v->laws = options->laws;
    v->map = options->map;
    v->tentative = options->tentative;
    v->law_generation = 1;
    v->lazy = options->lazy;
    TRY(pending_init(v));
    v->uploads = mem_alloc(uploads_size());
    TRY(v->uploads == NULL ? FAIL(E_MEMORY) : STATUS_OK);
    TRY(make_dirs(v));
    TRY(open_keys(v, options));
    TRY(open_store(v, options));
    TRY(names_load(v));
    return holds_load(v);
}

static struct status log_law(struct vault *v, struct slice digest) {
    struct said said = {.at_ms = vault_now_ms(v), .digest = digest};
    said_actor(&said, NULL);
    TRY(said_log(v, LEAF_LAW_CHANGE, NULL, &said, NULL));
    return feed_all(v, VAULT_CAUSE_LAW);
}

static struct status note_law(struct vault *v, struct slice digest, bool changed) {
    TRY(changed ? log_law(v, digest) : STATUS_OK);
    return state_put(v, STORE_META, 0, META_LAW, digest);
}

/* Laws and data map change while nothing serves: what they were is kept, to notice. */
static struct status compare_law(struct vault *v, const struct vault_options *options) {
    uint8_t digest[SEAL_HASH_LEN];
    struct buf was CLEANUP(buf_done);
    buf_init(&was, SEAL_HASH_LEN);
    if (options->law_version == NULL) {
        return STATUS_OK;
    }
    TRY(hex_decode(slice_str(options->law_version), digest, sizeof digest));
    struct slice now = slice_of(digest, sizeof digest);
    struct status found = state_get(v, STORE_META, 0, META_LAW, &was);
    bool first = found.code == E_STORE_MISSING;
    TRY(first ? STATUS_OK : found);
    if (!first && slice_eq(buf_slice(&was), now)) {
        return STATUS_OK;
    }
    TRY(op_begin(v));
    return op_end(v, note_law(v, now, !first));
}

static struct status open_logs(struct vault *v, const struct vault_options *options) {
    TRY(log_open(v, options, false));
    TRY(tight_open(v, false));
    TRY(vault_complete(v));
    return compare_law(v, options);
}

struct status vault_new(const struct vault_options *options, struct vault **ret_vault) {
    struct vault *v = mem_alloc(sizeof *v);
    if (v == NULL) {
        return FAIL(E_MEMORY);
    }
    struct status status = seal_init();
    if (!failed(status)) {
        status = open_into(v, options);
    }
    if (failed(status)) {
        v->stopped = true;
        vault_close(&v);
        return status;
    }
    *ret_vault = v;
    return STATUS_OK;
}

struct status vault_open(const struct vault_options *options, struct vault **ret_vault) {
    struct vault *v = NULL;
    TRY(vault_new(options, &v));
    struct status status = open_logs(v, options);
    if (failed(status)) {
        v->stopped = true;
        vault_close(&v);
        return status;
    }
    *ret_vault = v;
    return STATUS_OK;
}

/* In order: what was gathered becomes leaves, leaves are published, what was deleted becomes
 * unreadable in backups, columns are written back, keys that were made ahead destroyed, and only
 * then is the vault called clean. Should any of it fail, the next open does it. */
static struct status settle(struct vault *v) {
    if (v->in_batch) {
        v->in_batch = false;
        store_rollback(v->store);
        return FAIL(E_BATCH);
    }
    TRY(access_gather(v));
    TRY(log_publish(v));
    TRY(v->tentative ? STATUS_OK : rekey_all(v));
    for (int kind = 0; kind < 2; kind++) {
        TRY(keyring_destroy_many(v->keys, v->pool[kind], v->pool_count[kind]));
        v->pool_count[kind] = 0;
    }
    if (!v->tentative) {
        TRY(op_begin(v));
        TRY(op_end(v, store_put(v->store, STORE_META, 0, META_CLEAN, SLICE("1"))));
    }
    TRY(segments_save(v, SIZE_MAX, true));
    TRY(store_trim(v->store, 0));
    return store_settle(v->store);
}

void vault_close(struct vault **vault) {
    struct vault *v = *vault;
    if (v == NULL) {
        return;
    }
    backup_close(v);
    if (!v->stopped && v->uploads != NULL && v->access != NULL) {
        bool uploading = v->uploads != NULL && uploads_open(v);
        struct status ignored = uploading ? STATUS_OK : settle(v);
        (void)ignored;
    }
    feed_close(v);
    blobs_close(v);
    access_close(v);
    log_close(v);
    store_close(&v->store);
    keyring_close(&v->keys);
    columns_done(&v->columns);
    people_done(&v->people);
    tags_done(&v->tags);
    names_done(v);
    specials_done(v);
    buf_done(&v->pending.leaves);
    buf_done(&v->pending.tight);
    buf_done(&v->pending.auditor);
    buf_done(&v->pending.deltas);
    buf_done(&v->unpublished);
    mem_free(v->holds);
    mem_wipe(v, sizeof *v);
    mem_free(v);
    *vault = NULL;
}

struct status vault_set_law(struct vault *v, const struct law_set *laws,
                            const struct law_map *map) {
    TRY(vault_ready(v));
    if (v->in_batch) {
        return FAIL(E_BATCH);
    }
    TRY(op_begin(v));
    TRY(op_end(v, log_law(v, SLICE(""))));
    specials_done(v);
    v->laws = laws;
    v->map = map;
    v->law_generation++;
    TRY(names_bind(v));
    return STATUS_OK;
}

struct vault_stats vault_stats(const struct vault *v) {
    return (struct vault_stats){
        .subjects = v->counters.subjects,
        .records = v->columns.alive,
        .permits = v->counters.permits,
        .denials = v->counters.denials,
        .erased_subjects = v->counters.erased,
        .leaves = v->counters.leaves,
        .decided_from_cache = v->from_cache,
        .generation = keyring_generation(v->keys),
    };
}

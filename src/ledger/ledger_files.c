/* The ledger's files: writing tiles with the directories they need, and knowing what must be synced
 * before a checkpoint may name them. */
#include <stdio.h>
#include <string.h>

#include "ledger_impl.h"

/* A directory and a file in it are each noted once; past the table everything is synced at once. */
static void note_unsynced(struct ledger *l, const char *path, bool is_dir) {
    for (size_t i = 0; i < l->unsynced_count; i++) {
        if (l->unsynced_is_dir[i] == is_dir && strcmp(l->unsynced[i], path) == 0) {
            return;
        }
    }
    if (l->unsynced_count == SYNC_EACH_MAX) {
        l->sync_everything = true;
        return;
    }
    snprintf(l->unsynced[l->unsynced_count], TILE_PATH_MAX, "%s", path);
    l->unsynced_is_dir[l->unsynced_count++] = is_dir;
}

/* The directory's part of a path; "" at the top. */
static void parent_of(const char *path, char ret_parent[TILE_PATH_MAX]) {
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - path);
    memcpy(ret_parent, path, n);
    ret_parent[n] = 0;
}

static struct status make_one_dir(struct ledger *l, const char *path) {
    char whole[OS_PATH_MAX];
    char parent[TILE_PATH_MAX];
    TRY(ledger_path(l, path, whole));
    struct status s = os_mkdir(l->fs, whole, true);
    if (failed(s) && s.code != E_FILE_EXISTS) {
        return s;
    }
    /* One that is there may be what a crashed run made and did not sync. */
    parent_of(path, parent);
    note_unsynced(l, parent, true);
    return STATUS_OK;
}

static struct status make_dirs_above(struct ledger *l, const char *path) {
    char part[TILE_PATH_MAX];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        size_t n = (size_t)(slash - path);
        memcpy(part, path, n);
        part[n] = 0;
        TRY(make_one_dir(l, part));
    }
    return STATUS_OK;
}

static struct status open_for_writing(struct ledger *l, const char *path, struct os_file **ret) {
    char whole[OS_PATH_MAX];
    unsigned how = OS_WRITE | OS_CREATE | OS_EMPTY | OS_PUBLIC;
    TRY(ledger_path(l, path, whole));
    struct status s = os_open(l->fs, whole, how, ret);
    if (s.code != E_FILE_MISSING) {
        return s;
    }
    TRY(make_dirs_above(l, path));
    return os_open(l->fs, whole, how, ret);
}

struct status ledger_write_file(struct ledger *l, const char *path, struct slice bytes) {
    struct os_file *f = NULL;
    char parent[TILE_PATH_MAX];
    TRY(open_for_writing(l, path, &f));
    struct status s = os_write_at(l->fs, f, 0, bytes);
    os_close(l->fs, &f);
    TRY(s);
    parent_of(path, parent);
    note_unsynced(l, path, false);
    note_unsynced(l, parent, true);
    return STATUS_OK;
}

static struct status sync_file(struct ledger *l, const char *whole) {
    struct os_file *f = NULL;
    TRY(os_open(l->fs, whole, OS_WRITE, &f));
    struct status s = os_sync(l->fs, f);
    os_close(l->fs, &f);
    return s;
}

static struct status sync_one(struct ledger *l, size_t i) {
    char whole[OS_PATH_MAX];
    if (l->unsynced[i][0] == 0) {
        return os_sync_dir(l->fs, l->dir);
    }
    TRY(ledger_path(l, l->unsynced[i], whole));
    return l->unsynced_is_dir[i] ? os_sync_dir(l->fs, whole) : sync_file(l, whole);
}

struct status ledger_sync_written(struct ledger *l) {
    if (l->sync_everything) {
        TRY(os_sync_all(l->fs, l->dir));
    } else {
        for (size_t i = 0; i < l->unsynced_count; i++) {
            TRY(sync_one(l, i));
        }
    }
    l->unsynced_count = 0;
    l->sync_everything = false;
    return STATUS_OK;
}

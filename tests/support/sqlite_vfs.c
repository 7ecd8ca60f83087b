/* SQLite's files through struct os_fs. */
#include "sqlite_vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

struct shim {
    sqlite3_vfs vfs;
    const struct os_fs *fs;
    char name[32];
};

struct shim_file {
    sqlite3_file base;
    const struct os_fs *fs;
    struct os_file *file;
    char dir[OS_PATH_MAX]; /* to be synced with the file's first sync, as SQLite's own layer does */
};

static int code_of(struct status status, int otherwise) {
    if (!failed(status)) {
        return SQLITE_OK;
    }
    if (status.code == E_MEMORY) {
        return SQLITE_IOERR_NOMEM;
    }
    return status.code == E_DISK_FULL ? SQLITE_FULL : otherwise;
}

static int file_close(sqlite3_file *file) {
    struct shim_file *f = (struct shim_file *)file;
    os_close(f->fs, &f->file);
    return SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *to, int len, sqlite3_int64 offset) {
    struct shim_file *f = (struct shim_file *)file;
    size_t got = 0;
    int rc = code_of(os_read_at(f->fs, f->file, (uint64_t)offset, to, (size_t)len, &got),
                     SQLITE_IOERR_READ);
    if (rc == SQLITE_OK && got < (size_t)len) {
        memset((char *)to + got, 0, (size_t)len - got);
        return SQLITE_IOERR_SHORT_READ;
    }
    return rc;
}

static int file_write(sqlite3_file *file, const void *from, int len, sqlite3_int64 offset) {
    struct shim_file *f = (struct shim_file *)file;
    return code_of(os_write_at(f->fs, f->file, (uint64_t)offset, slice_of(from, (size_t)len)),
                   SQLITE_IOERR_WRITE);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
    struct shim_file *f = (struct shim_file *)file;
    return code_of(os_truncate(f->fs, f->file, (uint64_t)size), SQLITE_IOERR_TRUNCATE);
}

static int file_sync(sqlite3_file *file, int flags) {
    struct shim_file *f = (struct shim_file *)file;
    (void)flags;
    int rc = code_of(os_sync(f->fs, f->file), SQLITE_IOERR_FSYNC);
    if (rc == SQLITE_OK && f->dir[0] != '\0') {
        rc = code_of(os_sync_dir(f->fs, f->dir), SQLITE_IOERR_DIR_FSYNC);
        f->dir[0] = rc == SQLITE_OK ? '\0' : f->dir[0];
    }
    return rc;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret_size) {
    struct shim_file *f = (struct shim_file *)file;
    uint64_t size = 0;
    int rc = code_of(os_size(f->fs, f->file, &size), SQLITE_IOERR_FSTAT);
    *ret_size = (sqlite3_int64)size;
    return rc;
}

static int file_lock(sqlite3_file *file, int level) {
    (void)file;
    (void)level;
    return SQLITE_OK;
}

static int file_reserved(sqlite3_file *file, int *ret) {
    (void)file;
    *ret = 0;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int op, void *arg) {
    (void)file;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *file) {
    (void)file;
    return 512;
}

static int file_traits(sqlite3_file *file) {
    (void)file;
    return 0;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_lock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
};

static bool dir_of(const char *name, char dir[OS_PATH_MAX]) {
    snprintf(dir, OS_PATH_MAX, "%s", name);
    char *slash = strrchr(dir, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    return slash != NULL;
}

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *ret_flags) {
    struct shim *shim = (struct shim *)vfs;
    struct shim_file *f = (struct shim_file *)file;
    memset(f, 0, sizeof *f);
    unsigned how = OS_READ | OS_WRITE;
    how |= (flags & SQLITE_OPEN_CREATE) != 0 ? OS_CREATE : 0;
    f->fs = shim->fs;
    (void)dir_of(name, f->dir);
    int rc = code_of(os_open(shim->fs, name, how, &f->file), SQLITE_CANTOPEN);
    if (rc == SQLITE_OK) {
        f->base.pMethods = &methods;
    }
    if (ret_flags != NULL) {
        *ret_flags = flags;
    }
    return rc;
}

static int shim_delete(sqlite3_vfs *vfs, const char *name, int sync_dir) {
    struct shim *shim = (struct shim *)vfs;
    struct status removed = os_remove(shim->fs, name);
    if (removed.code == E_FILE_MISSING) {
        return SQLITE_IOERR_DELETE_NOENT;
    }
    char dir[OS_PATH_MAX];
    if (failed(removed) || sync_dir == 0 || !dir_of(name, dir)) {
        return code_of(removed, SQLITE_IOERR_DELETE);
    }
    return code_of(os_sync_dir(shim->fs, dir), SQLITE_IOERR_DELETE);
}

static int shim_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret) {
    struct shim *shim = (struct shim *)vfs;
    bool there = false;
    (void)flags;
    int rc = code_of(os_exists(shim->fs, name, &there), SQLITE_IOERR_ACCESS);
    *ret = there;
    return rc;
}

static int shim_full_path(sqlite3_vfs *vfs, const char *name, int size, char *to) {
    (void)vfs;
    int len = snprintf(to, (size_t)size, "%s", name);
    return len < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int shim_random(sqlite3_vfs *vfs, int len, char *to) {
    (void)vfs;
    memset(to, 4, (size_t)len);
    return len;
}

static int shim_sleep(sqlite3_vfs *vfs, int microseconds) {
    (void)vfs;
    return microseconds;
}

static int shim_time(sqlite3_vfs *vfs, double *ret) {
    (void)vfs;
    *ret = 2461366.0;
    return SQLITE_OK;
}

static int shim_error(sqlite3_vfs *vfs, int len, char *to) {
    (void)vfs;
    (void)len;
    (void)to;
    return 0;
}

void sqlite_vfs_install(const char *name, const struct os_fs *fs) {
    static struct shim shims[4];
    for (size_t i = 0; i < ARRAY_LEN(shims); i++) {
        struct shim *shim = &shims[i];
        if (shim->name[0] == '\0' || strcmp(shim->name, name) == 0) {
            snprintf(shim->name, sizeof shim->name, "%s", name);
            shim->fs = fs;
            shim->vfs = (sqlite3_vfs){.iVersion = 1,
                                      .szOsFile = sizeof(struct shim_file),
                                      .mxPathname = OS_PATH_MAX - 1,
                                      .zName = shim->name,
                                      .xOpen = shim_open,
                                      .xDelete = shim_delete,
                                      .xAccess = shim_access,
                                      .xFullPathname = shim_full_path,
                                      .xRandomness = shim_random,
                                      .xSleep = shim_sleep,
                                      .xCurrentTime = shim_time,
                                      .xGetLastError = shim_error};
            sqlite3_vfs_register(&shim->vfs, 0);
            return;
        }
    }
}

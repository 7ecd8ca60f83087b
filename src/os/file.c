/* The calls every file layer shares, and what is built from them. No system calls here. */
#include "os/file.h"

#include <stdio.h>
#include <string.h>

struct status os_open(const struct os_fs *fs, const char *path, unsigned how,
                      struct os_file **ret_file) {
    if (strlen(path) >= OS_PATH_MAX) {
        return FAIL(E_TOO_LARGE);
    }
    return fs->open(fs->self, path, how, ret_file);
}

void os_close(const struct os_fs *fs, struct os_file **file) {
    if (*file != NULL) {
        fs->close(fs->self, *file);
        *file = NULL;
    }
}

struct status os_read_at(const struct os_fs *fs, struct os_file *file, uint64_t offset, void *to,
                         size_t len, size_t *ret_len) {
    return fs->read_at(fs->self, file, offset, to, len, ret_len);
}

struct status os_read_exactly(const struct os_fs *fs, struct os_file *file, uint64_t offset,
                              void *to, size_t len) {
    size_t got = 0;
    TRY(os_read_at(fs, file, offset, to, len, &got));
    return got == len ? STATUS_OK : FAIL(E_IO);
}

struct status os_write_at(const struct os_fs *fs, struct os_file *file, uint64_t offset,
                          struct slice bytes) {
    return fs->write_at(fs->self, file, offset, bytes);
}

struct status os_sync(const struct os_fs *fs, struct os_file *file) {
    return fs->sync(fs->self, file);
}

struct status os_truncate(const struct os_fs *fs, struct os_file *file, uint64_t size_bytes) {
    return fs->truncate(fs->self, file, size_bytes);
}

struct status os_size(const struct os_fs *fs, struct os_file *file, uint64_t *ret_size_bytes) {
    return fs->size(fs->self, file, ret_size_bytes);
}

struct status os_rename(const struct os_fs *fs, const char *from, const char *to) {
    return fs->rename(fs->self, from, to);
}

struct status os_remove(const struct os_fs *fs, const char *path) {
    return fs->remove(fs->self, path);
}

struct status os_mkdir(const struct os_fs *fs, const char *path, bool is_public) {
    return fs->mkdir(fs->self, path, is_public);
}

struct status os_sync_dir(const struct os_fs *fs, const char *path) {
    return fs->sync_dir(fs->self, path);
}

struct status os_sync_all(const struct os_fs *fs, const char *path) {
    return fs->sync_all(fs->self, path);
}

struct status os_list(const struct os_fs *fs, const char *path, os_list_fn *each, void *arg) {
    return fs->list(fs->self, path, each, arg);
}

static struct status read_open_file(const struct os_fs *fs, struct os_file *f, struct buf *out) {
    uint64_t size = 0;
    TRY(os_size(fs, f, &size));
    if (size > out->max) {
        return FAIL(E_TOO_LARGE);
    }
    TRY(buf_reserve(out, (size_t)size));
    if (size > 0) {
        TRY(os_read_exactly(fs, f, 0, out->ptr + out->len, (size_t)size));
        out->len += (size_t)size;
    }
    return STATUS_OK;
}

struct status os_read_file(const struct os_fs *fs, const char *path, struct buf *out) {
    struct os_file *f = NULL;
    TRY(os_open(fs, path, OS_READ, &f));
    struct status s = read_open_file(fs, f, out);
    os_close(fs, &f);
    return s;
}

static struct status write_beside(const struct os_fs *fs, const char *path, unsigned how,
                                  struct slice bytes) {
    struct os_file *f = NULL;
    TRY(os_open(fs, path, OS_WRITE | OS_CREATE | OS_EMPTY | how, &f));
    struct status s = os_write_at(fs, f, 0, bytes);
    if (!failed(s)) {
        s = os_sync(fs, f);
    }
    os_close(fs, &f);
    return s;
}

struct status os_replace_file(const struct os_fs *fs, const char *dir, const char *name,
                              unsigned how, struct slice bytes) {
    char path[OS_PATH_MAX];
    char beside[OS_PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", dir, name);
    int m = snprintf(beside, sizeof beside, "%s/%s.new", dir, name);
    if (n < 0 || m < 0 || (size_t)m >= sizeof beside) {
        return FAIL(E_TOO_LARGE);
    }
    TRY(write_beside(fs, beside, how, bytes));
    TRY(os_rename(fs, beside, path));
    return os_sync_dir(fs, dir);
}

struct status os_exists(const struct os_fs *fs, const char *path, bool *ret_exists) {
    struct os_file *f = NULL;
    struct status s = os_open(fs, path, OS_READ, &f);
    if (failed(s) && s.code != E_FILE_MISSING) {
        return s;
    }
    *ret_exists = !failed(s);
    os_close(fs, &f);
    return STATUS_OK;
}

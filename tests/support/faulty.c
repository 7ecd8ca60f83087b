/* A file layer that fails. */
#include "faulty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool must_fail(struct faulty *f) {
    f->calls++;
    bool now = f->fail_at > 0 && (f->calls == f->fail_at || (f->forever && f->calls > f->fail_at));
    f->failures += now;
    return now;
}

static bool path_counts(const struct faulty *f, const char *path) {
    return f->under == NULL || strncmp(path, f->under, strlen(f->under)) == 0;
}

static size_t find_counted(const struct faulty *f, const struct os_file *file) {
    size_t i = 0;
    while (i < FAULTY_FILES && f->counted[i] != file) {
        i++;
    }
    return i;
}

static bool file_counts(const struct faulty *f, const struct os_file *file) {
    return f->under == NULL || find_counted(f, file) < FAULTY_FILES;
}

#define PASS(self, counts, call)                                                                   \
    struct faulty *f = (self);                                                                     \
    if ((counts) && must_fail(f)) {                                                                \
        return FAIL(E_IO);                                                                         \
    }                                                                                              \
    return f->base->call

static struct status faulty_open(void *self, const char *path, unsigned how,
                                 struct os_file **ret_file) {
    struct faulty *f = self;
    bool counts = path_counts(f, path);
    if (counts && must_fail(f)) {
        return FAIL(E_IO);
    }
    TRY(f->base->open(f->base->self, path, how, ret_file));
    if (counts && f->under != NULL) {
        size_t place = find_counted(f, NULL);
        if (place == FAULTY_FILES) {
            abort();
        }
        f->counted[place] = *ret_file;
    }
    return STATUS_OK;
}

static void faulty_close(void *self, struct os_file *file) {
    struct faulty *f = self;
    size_t place = find_counted(f, file);
    if (place < FAULTY_FILES) {
        f->counted[place] = NULL;
    }
    f->base->close(f->base->self, file);
}

static struct status faulty_read_at(void *self, struct os_file *file, uint64_t offset, void *to,
                                    size_t len, size_t *ret_len) {
    PASS(self, file_counts(f, file), read_at)(f->base->self, file, offset, to, len, ret_len);
}

static struct status faulty_write_at(void *self, struct os_file *file, uint64_t offset,
                                     struct slice bytes) {
    struct faulty *f = self;
    if (file_counts(f, file) && must_fail(f)) {
        /* A disk that fills up takes whole sectors. */
        uint64_t end = (offset + bytes.len / 2) / 512 * 512;
        size_t n = end > offset ? (size_t)(end - offset) : 0;
        struct status some = f->base->write_at(f->base->self, file, offset, slice_sub(bytes, 0, n));
        return failed(some) ? some : FAIL(E_DISK_FULL);
    }
    return f->base->write_at(f->base->self, file, offset, bytes);
}

static struct status faulty_sync(void *self, struct os_file *file) {
    PASS(self, file_counts(f, file), sync)(f->base->self, file);
}

static struct status faulty_truncate(void *self, struct os_file *file, uint64_t size_bytes) {
    PASS(self, file_counts(f, file), truncate)(f->base->self, file, size_bytes);
}

static struct status faulty_size(void *self, struct os_file *file, uint64_t *ret_size_bytes) {
    PASS(self, file_counts(f, file), size)(f->base->self, file, ret_size_bytes);
}

static struct status faulty_rename(void *self, const char *from, const char *to) {
    PASS(self, path_counts(f, to), rename)(f->base->self, from, to);
}

static struct status faulty_remove(void *self, const char *path) {
    PASS(self, path_counts(f, path), remove)(f->base->self, path);
}

static struct status faulty_mkdir(void *self, const char *path, bool is_public) {
    PASS(self, path_counts(f, path), mkdir)(f->base->self, path, is_public);
}

static struct status faulty_sync_dir(void *self, const char *path) {
    PASS(self, path_counts(f, path), sync_dir)(f->base->self, path);
}

static struct status faulty_sync_all(void *self, const char *path) {
    PASS(self, path_counts(f, path), sync_all)(f->base->self, path);
}

static struct status faulty_list(void *self, const char *path, os_list_fn *each, void *arg) {
    PASS(self, path_counts(f, path), list)(f->base->self, path, each, arg);
}

void faulty_only_under(struct faulty *faulty, const char *under) {
    faulty->under = under;
}

void faulty_init(struct faulty *faulty, const struct os_fs *base) {
    *faulty = (struct faulty){.base = base};
    faulty->fs = (struct os_fs){
        .self = faulty,
        .open = faulty_open,
        .close = faulty_close,
        .read_at = faulty_read_at,
        .write_at = faulty_write_at,
        .sync = faulty_sync,
        .truncate = faulty_truncate,
        .size = faulty_size,
        .rename = faulty_rename,
        .remove = faulty_remove,
        .mkdir = faulty_mkdir,
        .sync_dir = faulty_sync_dir,
        .sync_all = faulty_sync_all,
        .list = faulty_list,
    };
}

void faulty_fail_at(struct faulty *faulty, uint64_t n, bool forever) {
    faulty->calls = 0;
    faulty->failures = 0;
    faulty->fail_at = n;
    faulty->forever = forever;
}

bool check_all(void) {
    const char *all = getenv("WARD_CHECK_ALL");
    return all != NULL && strcmp(all, "1") == 0;
}

void check_progress(const char *what, uint64_t n) {
    if (n % 100 == 0 && check_all()) {
        printf("[ progress ] %s: %lu\n", what, (unsigned long)n);
        fflush(stdout);
    }
}

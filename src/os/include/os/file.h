/* Files, as something that is handed in: everything durable goes through a struct os_fs, so that
 * tests can cut the power at any sync and let any call fail (tests/support).
 *
 * What is promised: a write is durable after os_sync of its file returned success, a name (made,
 * renamed, removed) after os_sync_dir of its directory, and both after os_sync_all. Before that any
 * part of it may be lost, in any order, torn at 512-byte borders. A failed sync promises nothing:
 * write again before you sync again. Aligned sectors of 512 bytes are written whole or not at all.
 *
 *   const struct os_fs *fs = os_fs_real();
 *   struct os_file *f = NULL;
 *   TRY(os_open(fs, "/var/lib/ward/keyring", OS_READ | OS_WRITE | OS_LOCK, &f));
 *   TRY(os_write_at(fs, f, 4096, bytes));
 *   TRY(os_sync(fs, f));
 *   os_close(fs, &f);
 *
 * Errors of every call: E_IO, E_DISK_FULL, E_FILE_MISSING, E_FILE_EXISTS, E_FILE_BUSY,
 * E_FILE_DENIED, E_MEMORY. Paths are zero-terminated and shorter than OS_PATH_MAX. */
#ifndef WARD_OS_FILE_H
#define WARD_OS_FILE_H

#include "base/buf.h"

enum { OS_PATH_MAX = 1024 };

enum os_open_how {
    OS_READ = 1,
    OS_WRITE = 2,
    OS_CREATE = 4,  /* make it if it is missing, mode 0600 */
    OS_NEW = 8,     /* with OS_CREATE: E_FILE_EXISTS if it is there */
    OS_EMPTY = 16,  /* cut it to nothing */
    OS_LOCK = 32,   /* for this opener alone; E_FILE_BUSY if another has it, in any process */
    OS_PUBLIC = 64, /* with OS_CREATE: mode 0644, for what static hosts serve */
    OS_FRESH = 128, /* what is read is what the disk holds: what a killed process wrote is synced
                       first, and what a failed sync left behind in memory only is forgotten */
};

/* An open file; belongs to the layer that opened it. */
struct os_file;

/* Called for each name in a directory but "." and ".."; the name lives during the call only.
 * An error ends the listing and is returned by it. */
typedef struct status os_list_fn(void *arg, const char *name, bool is_dir);

/* The layer. Call it through the functions below. */
struct os_fs {
    void *self;
    struct status (*open)(void *self, const char *path, unsigned how, struct os_file **ret_file);
    void (*close)(void *self, struct os_file *file);
    struct status (*read_at)(void *self, struct os_file *file, uint64_t offset, void *to,
                             size_t len, size_t *ret_len);
    struct status (*write_at)(void *self, struct os_file *file, uint64_t offset,
                              struct slice bytes);
    struct status (*sync)(void *self, struct os_file *file);
    struct status (*truncate)(void *self, struct os_file *file, uint64_t size_bytes);
    struct status (*size)(void *self, struct os_file *file, uint64_t *ret_size_bytes);
    struct status (*rename)(void *self, const char *from, const char *to);
    struct status (*remove)(void *self, const char *path);
    struct status (*mkdir)(void *self, const char *path, bool is_public);
    struct status (*sync_dir)(void *self, const char *path);
    struct status (*sync_all)(void *self, const char *path);
    struct status (*list)(void *self, const char *path, os_list_fn *each, void *arg);
};

/* The machine's own files. */
const struct os_fs *os_fs_real(void);

/* On success the caller owns *ret_file and ends with os_close. `how` is of enum os_open_how. */
MUST_USE struct status os_open(const struct os_fs *fs, const char *path, unsigned how,
                               struct os_file **ret_file);
/* Accepts NULL, nulls it. Does not sync. */
void os_close(const struct os_fs *fs, struct os_file **file);
/* Reads until len bytes or the end of the file; *ret_len tells how many. */
MUST_USE struct status os_read_at(const struct os_fs *fs, struct os_file *file, uint64_t offset,
                                  void *to, size_t len, size_t *ret_len);
/* Reads exactly len bytes; E_IO if the file is shorter. */
MUST_USE struct status os_read_exactly(const struct os_fs *fs, struct os_file *file,
                                       uint64_t offset, void *to, size_t len);
/* Writes all of it, growing the file; a gap reads as zeros. After an error any part is written. */
MUST_USE struct status os_write_at(const struct os_fs *fs, struct os_file *file, uint64_t offset,
                                   struct slice bytes);
MUST_USE struct status os_sync(const struct os_fs *fs, struct os_file *file);
MUST_USE struct status os_truncate(const struct os_fs *fs, struct os_file *file,
                                   uint64_t size_bytes);
MUST_USE struct status os_size(const struct os_fs *fs, struct os_file *file,
                               uint64_t *ret_size_bytes);
/* Replaces `to` if it is there, at once. */
MUST_USE struct status os_rename(const struct os_fs *fs, const char *from, const char *to);
/* A file or an empty directory. */
MUST_USE struct status os_remove(const struct os_fs *fs, const char *path);
/* E_FILE_EXISTS if it is there. Mode 0700, or 0755 if public. */
MUST_USE struct status os_mkdir(const struct os_fs *fs, const char *path, bool is_public);
/* Makes the names in a directory durable. */
MUST_USE struct status os_sync_dir(const struct os_fs *fs, const char *path);
/* Makes everything on the file system that holds `path` durable, names and contents. */
MUST_USE struct status os_sync_all(const struct os_fs *fs, const char *path);
MUST_USE struct status os_list(const struct os_fs *fs, const char *path, os_list_fn *each,
                               void *arg);

/* The whole file at the end of `out`; E_TOO_LARGE past its maximum. */
MUST_USE struct status os_read_file(const struct os_fs *fs, const char *path, struct buf *out);
/* dir/name holds all of `bytes` durably, or what it held before: written beside it, synced,
 * renamed, directory synced. `how` is 0 or OS_PUBLIC. */
MUST_USE struct status os_replace_file(const struct os_fs *fs, const char *dir, const char *name,
                                       unsigned how, struct slice bytes);
/* Whether there is such a file or directory. A fault is an error, not a no. */
MUST_USE struct status os_exists(const struct os_fs *fs, const char *path, bool *ret_exists);

#endif

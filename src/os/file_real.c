/* The machine's own files. The only place outside the supervisor that opens one.
 * Must never report success for a write or a sync that the kernel did not report. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/file.h"

struct os_file {
    int fd;
};

static struct status status_of_errno(void) {
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        return FAIL(E_FILE_MISSING);
    case EEXIST:
    case ENOTEMPTY:
        return FAIL(E_FILE_EXISTS);
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return FAIL(E_DISK_FULL);
    case EWOULDBLOCK:
        return FAIL(E_FILE_BUSY);
    case EACCES:
    case EPERM:
    case EROFS:
        return FAIL(E_FILE_DENIED);
    case ENOMEM:
        return FAIL(E_MEMORY);
    default:
        return FAIL(E_IO);
    }
}

static int open_flags(unsigned how) {
    int flags = O_CLOEXEC | O_NOFOLLOW;
    flags |= (how & OS_WRITE) == 0 ? O_RDONLY : (how & OS_READ) != 0 ? O_RDWR : O_WRONLY;
    flags |= (how & OS_CREATE) != 0 ? O_CREAT : 0;
    flags |= (how & OS_NEW) != 0 ? O_EXCL : 0;
    /* A locked file is emptied after the lock is held, not before. */
    flags |= (how & OS_EMPTY) != 0 && (how & OS_LOCK) == 0 ? O_TRUNC : 0;
    return flags;
}

static struct status lock_file(int fd, unsigned how) {
    if ((how & OS_LOCK) == 0) {
        return STATUS_OK;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return status_of_errno();
    }
    if ((how & OS_EMPTY) != 0 && ftruncate(fd, 0) != 0) {
        return status_of_errno();
    }
    return STATUS_OK;
}

/* After a failed sync the kernel shows what never reached the disk, and calls it clean. */
static struct status make_fresh(int fd, unsigned how) {
    if ((how & OS_FRESH) == 0) {
        return STATUS_OK;
    }
    if (fdatasync(fd) != 0) {
        return status_of_errno();
    }
    return posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0 ? STATUS_OK : FAIL(E_IO);
}

static struct status real_open(void *self, const char *path, unsigned how,
                               struct os_file **ret_file) {
    (void)self;
    struct os_file *f = mem_alloc(sizeof *f);
    if (f == NULL) {
        return FAIL(E_MEMORY);
    }
    f->fd = open(path, open_flags(how), (how & OS_PUBLIC) != 0 ? 0644 : 0600);
    if (f->fd < 0) {
        struct status s = status_of_errno();
        mem_free(f);
        return s;
    }
    struct status s = lock_file(f->fd, how);
    s = failed(s) ? s : make_fresh(f->fd, how);
    if (failed(s)) {
        close(f->fd);
        mem_free(f);
        return s;
    }
    *ret_file = f;
    return STATUS_OK;
}

static void real_close(void *self, struct os_file *file) {
    (void)self;
    close(file->fd);
    mem_free(file);
}

static struct status real_read_at(void *self, struct os_file *file, uint64_t offset, void *to,
                                  size_t len, size_t *ret_len) {
    (void)self;
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(file->fd, (uint8_t *)to + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno != EINTR) {
            return status_of_errno();
        }
        if (n == 0) {
            break;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    *ret_len = done;
    return STATUS_OK;
}

static struct status real_write_at(void *self, struct os_file *file, uint64_t offset,
                                   struct slice bytes) {
    (void)self;
    size_t done = 0;
    while (done < bytes.len) {
        ssize_t n = pwrite(file->fd, bytes.ptr + done, bytes.len - done, (off_t)(offset + done));
        if (n < 0 && errno != EINTR) {
            return status_of_errno();
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return STATUS_OK;
}

static struct status real_sync(void *self, struct os_file *file) {
    (void)self;
    return fdatasync(file->fd) == 0 ? STATUS_OK : status_of_errno();
}

static struct status real_truncate(void *self, struct os_file *file, uint64_t size_bytes) {
    (void)self;
    return ftruncate(file->fd, (off_t)size_bytes) == 0 ? STATUS_OK : status_of_errno();
}

static struct status real_size(void *self, struct os_file *file, uint64_t *ret_size_bytes) {
    (void)self;
    struct stat st;
    if (fstat(file->fd, &st) != 0) {
        return status_of_errno();
    }
    *ret_size_bytes = (uint64_t)st.st_size;
    return STATUS_OK;
}

static struct status real_rename(void *self, const char *from, const char *to) {
    (void)self;
    return rename(from, to) == 0 ? STATUS_OK : status_of_errno();
}

static struct status real_remove(void *self, const char *path) {
    (void)self;
    return remove(path) == 0 ? STATUS_OK : status_of_errno();
}

static struct status real_mkdir(void *self, const char *path, bool is_public) {
    (void)self;
    return mkdir(path, is_public ? 0755 : 0700) == 0 ? STATUS_OK : status_of_errno();
}

static struct status sync_path(const char *path, int (*sync)(int fd)) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return status_of_errno();
    }
    struct status s = sync(fd) == 0 ? STATUS_OK : status_of_errno();
    close(fd);
    return s;
}

static struct status real_sync_dir(void *self, const char *path) {
    (void)self;
    return sync_path(path, fsync);
}

static struct status real_sync_all(void *self, const char *path) {
    (void)self;
    return sync_path(path, syncfs);
}

static bool is_directory(DIR *dir, const struct dirent *e) {
    struct stat st;
    return fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static struct status list_open_dir(DIR *dir, os_list_fn *each, void *arg) {
    for (;;) {
        errno = 0;
        const struct dirent *e = readdir(dir);
        if (e == NULL) {
            return errno == 0 ? STATUS_OK : status_of_errno();
        }
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            TRY(each(arg, e->d_name, is_directory(dir, e)));
        }
    }
}

static struct status real_list(void *self, const char *path, os_list_fn *each, void *arg) {
    (void)self;
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return status_of_errno();
    }
    struct status s = list_open_dir(dir, each, arg);
    closedir(dir);
    return s;
}

const struct os_fs *os_fs_real(void) {
    static const struct os_fs fs = {
        .open = real_open,
        .close = real_close,
        .read_at = real_read_at,
        .write_at = real_write_at,
        .sync = real_sync,
        .truncate = real_truncate,
        .size = real_size,
        .rename = real_rename,
        .remove = real_remove,
        .mkdir = real_mkdir,
        .sync_dir = real_sync_dir,
        .sync_all = real_sync_all,
        .list = real_list,
    };
    return &fs;
}

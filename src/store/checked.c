/* Sums over the pages of a store, and how far its log was synced. See checked.h.
 *
 * Must never: change what SQLite wrote outside of the bytes it reserved, or claim in the mark what
 * is not on the disk yet. */
#include "checked.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "os/file.h"
#include "sqlite_error.h"

enum {
    PAGE_SUMMED = PAGE_BYTES - PAGE_SUM_BYTES,
    AT_RESERVED = 20, /* in the file's first page */
    AT_VERSION = 60,
    AT_APPLICATION = 68,
    FIRST_READ_MAX = 100, /* what SQLite reads of a file before it knows the size of pages */
    LOG_HEAD = 32,
    LOG_SALTS = 16,  /* in the log's head */
    LOG_SUMMED = 24, /* of the log's head */
    SALTS_LEN = 8,
    FRAME_HEAD = 24,
    FRAME = FRAME_HEAD + PAGE_BYTES,
    GATHERED_MAX = 8 * FRAME,
    MARK_LEN = 32,
    MARK_SUMMED = 24,
};
static const uint8_t mark_magic[8] = {'W', 'A', 'R', 'D', 'L', 'O', 'G', '1'};

struct log {
    sqlite3_file *mark; /* its memory; open when it has methods */
    char mark_path[OS_PATH_MAX];
    uint8_t salts[SALTS_LEN]; /* of the log as it is now */
    uint64_t announced;       /* the frame that ends a transaction and is being written */
    uint64_t committed;       /* frames, up to the last that ended a transaction */
    uint64_t marked;          /* frames that the mark says are on the disk; 0: it says nothing */
    uint8_t marked_salts[SALTS_LEN]; /* of the log it says that of */
    uint64_t end;                    /* of what was written since the log began anew */
    uint64_t gathered_at;            /* offset of what follows: written, but not handed down yet */
    size_t gathered;
    uint8_t frames[GATHERED_MAX];
};

struct checked_file {
    sqlite3_file base;
    struct checked *layer;
    sqlite3_file *below;
    bool foreign; /* no file of Ward: SQLite and the store refuse it */
    struct log log;
};

static struct checked_file *ours(sqlite3_file *file) {
    return (struct checked_file *)file;
}

/* Sums --------------------------------------------------------------------------------------- */

/* That of SQLite's log: each word moves both halves, and no flipped bit leaves them as they were.
 * `len` is a multiple of 8. */
struct sum {
    uint32_t a, b;
};

static inline uint32_t word_of(const uint8_t *from, bool big) {
    uint32_t word;
    memcpy(&word, from, sizeof word);
    return big ? be32toh(word) : le32toh(word);
}

static inline struct sum sum_add(struct sum s, const uint8_t *bytes, size_t len, bool big) {
    for (size_t i = 0; i < len; i += 8) {
        s.a += word_of(bytes + i, big) + s.b;
        s.b += word_of(bytes + i + 4, big) + s.a;
    }
    return s;
}

static void sum_write(struct sum s, uint8_t to[8]) {
    bytes_put_be32(to, s.a);
    bytes_put_be32(to + 4, s.b);
}

static bool sum_is(struct sum s, const uint8_t stored[8]) {
    return bytes_be32(stored) == s.a && bytes_be32(stored + 4) == s.b;
}

static struct sum page_sum(const uint8_t *page, sqlite3_int64 offset) {
    uint64_t number = (uint64_t)offset / PAGE_BYTES + 1; /* a page in another's place is noticed */
    struct sum s = {(uint32_t)number, (uint32_t)(number >> 32) + 1};
    return sum_add(s, page, PAGE_SUMMED, false);
}

/* Pages -------------------------------------------------------------------------------------- */

/* The first page of a file that is not Ward's, or of another version. One flipped bit does not make
 * ours look like that. */
static bool is_foreign(const uint8_t *first, int len) {
    if (len <= FIRST_READ_MAX || first[AT_RESERVED] == PAGE_SUM_BYTES) {
        return false;
    }
    return bytes_be32(first + AT_APPLICATION) != APPLICATION_ID ||
           bytes_be32(first + AT_VERSION) != FORMAT_VERSION;
}

static int pages_read(sqlite3_file *file, void *to, int len, sqlite3_int64 offset) {
    struct checked_file *f = ours(file);
    int rc = f->below->pMethods->xRead(f->below, to, len, offset);
    bool glance = offset + len <= FIRST_READ_MAX; /* the page is read whole before it is believed */
    if (glance || (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ)) {
        return rc;
    }
    f->foreign = f->foreign || (offset == 0 && is_foreign(to, len));
    if (f->foreign) {
        return rc;
    }
    const uint8_t *page = to;
    bool whole = rc == SQLITE_OK && len == PAGE_BYTES && offset % PAGE_BYTES == 0;
    bool sound = whole && sum_is(page_sum(page, offset), page + PAGE_SUMMED);
    return sound ? SQLITE_OK : SQLITE_IOERR_DATA;
}

static int pages_write(sqlite3_file *file, const void *from, int len, sqlite3_int64 offset) {
    struct checked_file *f = ours(file);
    if (len != PAGE_BYTES || offset % PAGE_BYTES != 0) {
        return SQLITE_IOERR_WRITE;
    }
    uint8_t page[PAGE_BYTES];
    memcpy(page, from, PAGE_SUMMED);
    sum_write(page_sum(page, offset), page + PAGE_SUMMED);
    return f->below->pMethods->xWrite(f->below, page, PAGE_BYTES, offset);
}

/* The mark ----------------------------------------------------------------------------------- */

static bool mark_is_open(const struct log *log) {
    return log->mark->pMethods != NULL;
}

static int mark_open(struct checked_file *f, bool make) {
    int how = SQLITE_OPEN_READWRITE | SQLITE_OPEN_MAIN_JOURNAL | (make ? SQLITE_OPEN_CREATE : 0);
    int opened = 0;
    return f->layer->below->xOpen(f->layer->below, f->log.mark_path, f->log.mark, how, &opened);
}

/* Whether the mark speaks of the log as it is now. */
static bool mark_is_current(const struct log *log) {
    return log->marked != 0 && memcmp(log->marked_salts, log->salts, SALTS_LEN) == 0;
}

/* A log that begins anew counts its first salt up: a later one than the mark's is no damage, what
 * the mark spoke of is in the file by then. */
static bool is_later(const uint8_t salts[SALTS_LEN], const uint8_t than[SALTS_LEN]) {
    uint32_t ahead = bytes_be32(salts) - bytes_be32(than);
    return ahead != 0 && ahead <= INT32_MAX;
}

static int mark_write(struct checked_file *f, uint64_t frames) {
    struct log *log = &f->log;
    uint8_t mark[MARK_LEN];
    memcpy(mark, mark_magic, 8);
    memcpy(mark + 8, log->salts, SALTS_LEN);
    bytes_put_be64(mark + 16, frames);
    sum_write(sum_add((struct sum){0, 0}, mark, MARK_SUMMED, false), mark + MARK_SUMMED);
    int rc = mark_is_open(log) ? SQLITE_OK : mark_open(f, true);
    if (rc == SQLITE_OK) {
        rc = log->mark->pMethods->xWrite(log->mark, mark, MARK_LEN, 0);
    }
    if (rc == SQLITE_OK) {
        log->marked = frames;
        memcpy(log->marked_salts, log->salts, SALTS_LEN);
    }
    return rc;
}

/* Before the log loses what the mark says it holds. */
static int mark_drop(struct checked_file *f) {
    if (!mark_is_open(&f->log) || f->log.marked == 0) {
        return SQLITE_OK;
    }
    int rc = mark_write(f, 0);
    return rc == SQLITE_OK ? f->log.mark->pMethods->xSync(f->log.mark, SQLITE_SYNC_NORMAL) : rc;
}

/* An illegible mark says nothing: it only ever adds to what SQLite finds by itself. */
static void mark_read(struct log *log) {
    uint8_t mark[MARK_LEN];
    if (log->mark->pMethods->xRead(log->mark, mark, MARK_LEN, 0) != SQLITE_OK ||
        memcmp(mark, mark_magic, 8) != 0 ||
        !sum_is(sum_add((struct sum){0, 0}, mark, MARK_SUMMED, false), mark + MARK_SUMMED)) {
        return;
    }
    memcpy(log->marked_salts, mark + 8, SALTS_LEN);
    log->marked = bytes_be64(mark + 16);
}

/* The log ------------------------------------------------------------------------------------ */

/* SQLite writes each frame in two pieces. They are handed down together, and with those of the same
 * transaction beside them: one call instead of a dozen. Before anything else is asked of the file,
 * and before a commit is answered, all of it is handed down. */
static int log_flush(struct checked_file *f) {
    struct log *log = &f->log;
    size_t len = log->gathered;
    log->gathered = 0;
    return len == 0 ? SQLITE_OK
                    : f->below->pMethods->xWrite(f->below, log->frames, (int)len,
                                                 (sqlite3_int64)log->gathered_at);
}

static int log_gather(struct checked_file *f, const void *from, size_t len, uint64_t offset) {
    struct log *log = &f->log;
    bool follows = log->gathered > 0 && offset == log->gathered_at + log->gathered &&
                   log->gathered + len <= GATHERED_MAX;
    int rc = follows ? SQLITE_OK : log_flush(f);
    if (rc != SQLITE_OK || len > GATHERED_MAX) {
        return rc != SQLITE_OK
                   ? rc
                   : f->below->pMethods->xWrite(f->below, from, (int)len, (sqlite3_int64)offset);
    }
    log->gathered_at = follows ? log->gathered_at : offset;
    memcpy(log->frames + log->gathered, from, len);
    log->gathered += len;
    return SQLITE_OK;
}

static int read_below(struct checked_file *f, void *to, int len, uint64_t offset) {
    return f->below->pMethods->xRead(f->below, to, len, (sqlite3_int64)offset);
}

/* Whether the log still holds the marked frames, by the sums that SQLite gave them. */
static int log_holds(struct checked_file *f, const uint8_t head[LOG_HEAD]) {
    bool big = (head[3] & 1) != 0;
    struct sum sum = {bytes_be32(head + LOG_SUMMED), bytes_be32(head + LOG_SUMMED + 4)};
    for (uint64_t i = 0; i < f->log.marked; i++) {
        uint8_t frame[FRAME];
        int rc = read_below(f, frame, FRAME, LOG_HEAD + i * FRAME);
        if (rc != SQLITE_OK) {
            return rc == SQLITE_IOERR_SHORT_READ ? SQLITE_IOERR_DATA : rc;
        }
        sum = sum_add(sum, frame, 8, big);
        sum = sum_add(sum, frame + FRAME_HEAD, PAGE_BYTES, big);
        if (memcmp(frame + 8, head + LOG_SALTS, SALTS_LEN) != 0 || !sum_is(sum, frame + 16)) {
            return SQLITE_IOERR_DATA;
        }
    }
    return SQLITE_OK;
}

static int log_keeps(struct checked_file *f) {
    uint8_t head[LOG_HEAD];
    int rc = read_below(f, head, LOG_HEAD, 0);
    if (rc != SQLITE_OK) {
        return rc == SQLITE_IOERR_SHORT_READ ? SQLITE_IOERR_DATA : rc;
    }
    struct sum sum = sum_add((struct sum){0, 0}, head, LOG_SUMMED, (head[3] & 1) != 0);
    if (!sum_is(sum, head + LOG_SUMMED)) {
        return SQLITE_IOERR_DATA;
    }
    memcpy(f->log.salts, head + LOG_SALTS, SALTS_LEN);
    if (is_later(f->log.salts, f->log.marked_salts)) {
        return SQLITE_OK;
    }
    return mark_is_current(&f->log) ? log_holds(f, head) : SQLITE_IOERR_DATA;
}

static int log_check(struct checked_file *f) {
    int there = 0;
    int rc =
        f->layer->below->xAccess(f->layer->below, f->log.mark_path, SQLITE_ACCESS_EXISTS, &there);
    if (rc != SQLITE_OK || there == 0) {
        return rc;
    }
    rc = mark_open(f, false);
    if (rc != SQLITE_OK) {
        return rc;
    }
    mark_read(&f->log);
    return f->log.marked == 0 ? SQLITE_OK : log_keeps(f);
}

static void log_head_written(struct log *log, const uint8_t *head) {
    memcpy(log->salts, head + LOG_SALTS, SALTS_LEN);
    log->announced = log->committed = 0;
    log->end = 0;
}

/* SQLite writes the head of a frame, then its page; the head of a transaction's last frame says how
 * long the file is. Frames of what was rolled back are written over. */
static void log_frame_written(struct log *log, const uint8_t *from, uint64_t len, uint64_t at) {
    uint64_t frame = at / FRAME + 1;
    log->committed = frame <= log->committed ? frame - 1 : log->committed;
    if (at % FRAME == 0 && len >= FRAME_HEAD) {
        log->announced = bytes_be32(from + 4) != 0 ? frame : 0;
    }
    if (log->announced != 0 && at + len == log->announced * FRAME) {
        log->committed = log->announced;
    }
}

/* Whether a write takes back what the mark says: SQLite does that when a commit failed late. */
static bool breaks_mark(const struct log *log, const uint8_t *from, uint64_t offset, bool is_head) {
    if (is_head) {
        return log->marked != 0 && !is_later(from + LOG_SALTS, log->marked_salts);
    }
    return mark_is_current(log) && offset < LOG_HEAD + log->marked * FRAME;
}

static int log_write(sqlite3_file *file, const void *from, int len, sqlite3_int64 offset) {
    struct checked_file *f = ours(file);
    bool is_head = offset == 0 && len >= LOG_HEAD;
    int rc = breaks_mark(&f->log, from, (uint64_t)offset, is_head) ? mark_drop(f) : SQLITE_OK;
    rc = rc == SQLITE_OK ? log_gather(f, from, (size_t)len, (uint64_t)offset) : rc;
    if (rc != SQLITE_OK) {
        return rc;
    }
    if (is_head) {
        log_head_written(&f->log, from);
    } else if (offset >= LOG_HEAD) {
        log_frame_written(&f->log, from, (uint64_t)len, (uint64_t)offset - LOG_HEAD);
    }
    uint64_t end = (uint64_t)offset + (uint64_t)len;
    bool again = end <= f->log.end; /* also after a transaction's last frame, and nothing follows */
    f->log.end = again ? f->log.end : end;
    bool ends = f->log.announced != 0 && f->log.committed == f->log.announced;
    return ends || again || is_head ? log_flush(f) : SQLITE_OK;
}

static int log_read(sqlite3_file *file, void *to, int len, sqlite3_int64 offset) {
    struct checked_file *f = ours(file);
    int rc = log_flush(f);
    rc = rc == SQLITE_OK ? read_below(f, to, len, (uint64_t)offset) : rc;
    if (rc == SQLITE_OK && offset == 0 && len >= LOG_HEAD) {
        memcpy(f->log.salts, (const uint8_t *)to + LOG_SALTS, SALTS_LEN);
    }
    return rc;
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size) {
    struct checked_file *f = ours(file);
    bool loses = (uint64_t)size < LOG_HEAD + f->log.marked * FRAME;
    int rc = log_flush(f);
    rc = rc == SQLITE_OK && loses ? mark_drop(f) : rc;
    return rc == SQLITE_OK ? f->below->pMethods->xTruncate(f->below, size) : rc;
}

/* A mark that could not be written says less, never something wrong. */
static int log_sync(sqlite3_file *file, int flags) {
    struct checked_file *f = ours(file);
    int rc = log_flush(f);
    rc = rc == SQLITE_OK ? f->below->pMethods->xSync(f->below, flags) : rc;
    uint64_t known = mark_is_current(&f->log) ? f->log.marked : 0;
    if (rc == SQLITE_OK && f->log.committed > known) {
        (void)mark_write(f, f->log.committed);
    }
    return rc;
}

static int log_close(sqlite3_file *file) {
    struct checked_file *f = ours(file);
    if (mark_is_open(&f->log)) {
        f->log.mark->pMethods->xClose(f->log.mark);
    }
    return f->below->pMethods->xClose(f->below);
}

/* What both hand on -------------------------------------------------------------------------- */

static int file_close(sqlite3_file *file) {
    return ours(file)->below->pMethods->xClose(ours(file)->below);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
    return ours(file)->below->pMethods->xTruncate(ours(file)->below, size);
}

static int file_sync(sqlite3_file *file, int flags) {
    return ours(file)->below->pMethods->xSync(ours(file)->below, flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret) {
    int rc = log_flush(ours(file)); /* of pages nothing waits */
    return rc != SQLITE_OK ? rc : ours(file)->below->pMethods->xFileSize(ours(file)->below, ret);
}

static int file_lock(sqlite3_file *file, int level) {
    return ours(file)->below->pMethods->xLock(ours(file)->below, level);
}

static int file_unlock(sqlite3_file *file, int level) {
    return ours(file)->below->pMethods->xUnlock(ours(file)->below, level);
}

static int file_reserved(sqlite3_file *file, int *ret) {
    return ours(file)->below->pMethods->xCheckReservedLock(ours(file)->below, ret);
}

static int file_control(sqlite3_file *file, int op, void *arg) {
    return ours(file)->below->pMethods->xFileControl(ours(file)->below, op, arg);
}

static int file_sector(sqlite3_file *file) {
    return ours(file)->below->pMethods->xSectorSize(ours(file)->below);
}

static int file_traits(sqlite3_file *file) {
    return ours(file)->below->pMethods->xDeviceCharacteristics(ours(file)->below);
}

/* Version 1: no shared memory and no mapped pages, which would pass us by. */
#define HANDED_ON                                                                                  \
    .iVersion = 1, .xFileSize = file_size, .xLock = file_lock, .xUnlock = file_unlock,             \
    .xCheckReservedLock = file_reserved, .xFileControl = file_control, .xSectorSize = file_sector, \
    .xDeviceCharacteristics = file_traits

static const sqlite3_io_methods pages_methods = {
    HANDED_ON,
    .xClose = file_close,
    .xRead = pages_read,
    .xWrite = pages_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
};

static const sqlite3_io_methods log_methods = {
    HANDED_ON,           .xClose = log_close,       .xRead = log_read,
    .xWrite = log_write, .xTruncate = log_truncate, .xSync = log_sync,
};

/* The layer ---------------------------------------------------------------------------------- */

static sqlite3_vfs *below_of(sqlite3_vfs *vfs) {
    return ((struct checked *)vfs)->below;
}

static int mark_path(const char *log_path, char ret[OS_PATH_MAX]) {
    int len = snprintf(ret, OS_PATH_MAX, "%s-mark", log_path);
    return len < 0 || len >= OS_PATH_MAX ? SQLITE_CANTOPEN : SQLITE_OK;
}

static size_t padded(size_t size) {
    return (size + 15) / 16 * 16;
}

static int open_checked(struct checked_file *f, const char *name, int flags, int *ret_flags) {
    sqlite3_vfs *below = f->layer->below;
    bool is_log = (flags & SQLITE_OPEN_WAL) != 0;
    int rc = is_log ? mark_path(name, f->log.mark_path) : SQLITE_OK;
    rc = rc == SQLITE_OK ? below->xOpen(below, name, f->below, flags, ret_flags) : rc;
    if (rc != SQLITE_OK) {
        return rc;
    }
    f->base.pMethods = is_log ? &log_methods : &pages_methods;
    rc = is_log ? log_check(f) : SQLITE_OK;
    if (rc != SQLITE_OK) {
        f->base.pMethods->xClose(&f->base);
        f->base.pMethods = NULL;
    }
    return rc;
}

static int layer_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                      int *ret_flags) {
    sqlite3_vfs *below = below_of(vfs);
    if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0) {
        return below->xOpen(below, name, file, flags, ret_flags);
    }
    struct checked_file *f = ours(file);
    memset(f, 0, (size_t)vfs->szOsFile);
    f->layer = (struct checked *)vfs;
    uint8_t *after = (uint8_t *)f + padded(sizeof *f);
    f->below = (sqlite3_file *)(void *)after;
    f->log.mark = (sqlite3_file *)(void *)(after + padded((size_t)below->szOsFile));
    return open_checked(f, name, flags, ret_flags);
}

/* A log goes after its mark. */
static int layer_delete(sqlite3_vfs *vfs, const char *name, int sync_dir) {
    sqlite3_vfs *below = below_of(vfs);
    size_t len = strlen(name);
    char mark[OS_PATH_MAX];
    if (len > 4 && strcmp(name + len - 4, "-wal") == 0 && mark_path(name, mark) == SQLITE_OK) {
        int rc = below->xDelete(below, mark, 1);
        if (rc != SQLITE_OK && rc != SQLITE_IOERR_DELETE_NOENT) {
            return rc;
        }
    }
    return below->xDelete(below, name, sync_dir);
}

static int layer_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret) {
    return below_of(vfs)->xAccess(below_of(vfs), name, flags, ret);
}

static int layer_full_path(sqlite3_vfs *vfs, const char *name, int size, char *to) {
    return below_of(vfs)->xFullPathname(below_of(vfs), name, size, to);
}

static void *layer_library(sqlite3_vfs *vfs, const char *name) {
    (void)vfs;
    (void)name;
    return NULL; /* there are none */
}

static void layer_library_error(sqlite3_vfs *vfs, int size, char *to) {
    (void)vfs;
    snprintf(to, (size_t)size, "no libraries are loaded");
}

static int layer_random(sqlite3_vfs *vfs, int len, char *to) {
    return below_of(vfs)->xRandomness(below_of(vfs), len, to);
}

static int layer_sleep(sqlite3_vfs *vfs, int microseconds) {
    return below_of(vfs)->xSleep(below_of(vfs), microseconds);
}

static int layer_time(sqlite3_vfs *vfs, double *ret) {
    return below_of(vfs)->xCurrentTime(below_of(vfs), ret);
}

static int layer_error(sqlite3_vfs *vfs, int len, char *to) {
    return below_of(vfs)->xGetLastError(below_of(vfs), len, to);
}

struct status checked_init(struct checked *c, const char *below) {
    sqlite3_vfs *found = sqlite3_vfs_find(below);
    if (found == NULL) {
        return FAIL(E_STORE);
    }
    snprintf(c->name, sizeof c->name, "ward-%p", (void *)c);
    c->vfs = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile =
            (int)(padded(sizeof(struct checked_file)) + 2 * padded((size_t)found->szOsFile)),
        .mxPathname = found->mxPathname,
        .zName = c->name,
        .xOpen = layer_open,
        .xDelete = layer_delete,
        .xAccess = layer_access,
        .xFullPathname = layer_full_path,
        .xDlOpen = layer_library,
        .xDlError = layer_library_error,
        .xRandomness = layer_random,
        .xSleep = layer_sleep,
        .xCurrentTime = layer_time,
        .xGetLastError = layer_error,
    };
    TRY(sqlite_status(sqlite3_vfs_register(&c->vfs, 0)));
    c->below = found;
    return STATUS_OK;
}

void checked_done(struct checked *c) {
    if (c->below != NULL) {
        sqlite3_vfs_unregister(&c->vfs);
        c->below = NULL;
    }
}

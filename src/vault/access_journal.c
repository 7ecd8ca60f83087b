/* The access journal: a file beside the ledger to which entries are appended before a read is
 * answered, so that they survive a killed process; synced within a second, so that they survive a
 * power cut. Once a minute what it holds becomes leaves, and it begins anew.
 *
 * Frames are sealed and bound to the journal's epoch, which the store counts in the transaction
 * that makes the leaves: no entry is gathered twice, none is lost in between. The frames go when
 * those leaves are published, so that a store which is restored in place of this one finds in the
 * journal what the ledger does not have.
 *
 * A frame says how far the file was synced when it was written. What does not open below that was
 * damaged since, and is refused; above, a power cut took it, in whatever order. */
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "base/bytes.h"

enum {
    ENTRY_ONE = 1,
    ENTRY_MANY = 2,
    ENTRY_GONE = 3,
    USE_BYTES = 8 + 8 + 8 + 1 + 1 + 1,
    ONE_BYTES = 8 + 8 + 1 + 1 + 1 + 2 * ACCESS_CITES,
    GONE_BYTES = 8 + 8 + 1, /* record, owner, category */
    FRAME_HEAD = 4 + 8,     /* length, epoch */
    EPOCH_BYTES = 8,
    SYNCED_BYTES = 8, /* before the entries */
    GONE_MAX = 1 << 30,
};

static struct seal_place frame_place(uint64_t epoch, uint64_t offset) {
    return (struct seal_place){
        .what = SEAL_STATE, .owner = epoch, .category = 0xfffd, .id = offset};
}

/* Writing ------------------------------------------------------------------------------- */

static struct status write_frame(struct vault *v, struct slice plain) {
    struct access_log *log = v->access;
    struct buf frame CLEANUP(buf_done);
    buf_init(&frame, FRAME_HEAD + ACCESS_FRAME_BYTES);
    TRY(buf_reserve(&frame, FRAME_HEAD + plain.len + RECORD_OVERHEAD));
    TRY(buf_add_be32(&frame, (uint32_t)(plain.len + RECORD_OVERHEAD)));
    TRY(buf_add_be64(&frame, log->epoch));
    struct seal_place place = frame_place(log->epoch, log->offset);
    TRY(record_seal_buf(&v->state_key, &place, plain, &frame));
    TRY(os_write_at(v->fs, log->file, log->offset, buf_slice(&frame)));
    log->offset += frame.len;
    if (log->unsynced_since_ms == 0) {
        log->unsynced_since_ms = vault_now_ms(v);
    }
    return STATUS_OK;
}

/* A frame that could not be written may be half there: what follows it could not be read. */
struct status journal_flush(struct vault *v) {
    struct buf *buffer = &v->access->buffer;
    if (buffer->len == 0) {
        return STATUS_OK;
    }
    bool kept = v->access->file != NULL;
    bytes_put_be64(buffer->ptr, v->access->synced);
    struct status status = kept ? write_frame(v, buf_slice(buffer)) : STATUS_OK;
    if (failed(status)) {
        vault_stop(v);
    }
    buf_clear(buffer);
    return status;
}

static struct status flush_unless_batch(struct vault *v) {
    bool full = v->access->buffer.len > ACCESS_BUFFER_MAX / 2;
    return v->in_batch && !full ? STATUS_OK : journal_flush(v);
}

static struct status add_use(struct buf *out, uint8_t kind, const struct access_use *use) {
    uint8_t bytes[1 + USE_BYTES];
    bytes[0] = kind;
    bytes_put_be64(bytes + 1, use->session);
    bytes_put_be64(bytes + 9, use->actor);
    bytes_put_be64(bytes + 17, (uint64_t)use->at_ms);
    bytes[25] = use->purpose;
    bytes[26] = use->operation;
    bytes[27] = use->recipient;
    return buf_add(out, slice_of(bytes, sizeof bytes));
}

static struct status add_one(struct buf *out, const struct access_entry *e) {
    uint8_t bytes[ONE_BYTES];
    bytes_put_be64(bytes, e->subject);
    bytes_put_be64(bytes + 8, e->record);
    bytes[16] = e->category;
    bytes[17] = e->permit;
    bytes[18] = e->undeclared;
    for (size_t i = 0; i < ACCESS_CITES; i++) {
        bytes_put_be16(bytes + 19 + 2 * i, e->cites[i]);
    }
    TRY(add_use(out, ENTRY_ONE, &e->use));
    return buf_add(out, slice_of(bytes, sizeof bytes));
}

/* Whatever was added of an entry that did not fit goes again. */
static struct status keep_whole(struct vault *v, size_t before, struct status status) {
    if (failed(status)) {
        v->access->buffer.len = before;
        return status;
    }
    return flush_unless_batch(v);
}

/* Room for how far the file is synced, which is known when the frame is written. */
static struct status begin_frame(struct buf *buffer) {
    return buffer->len == 0 ? buf_add_be64(buffer, 0) : STATUS_OK;
}

struct status journal_entry(struct vault *v, const struct access_entry *entry) {
    TRY(begin_frame(&v->access->buffer));
    size_t before = v->access->buffer.len;
    return keep_whole(v, before, add_one(&v->access->buffer, entry));
}

static struct status add_many(struct buf *out, const struct access_use *use,
                              const struct selection *permitted, const struct selection *denied) {
    TRY(add_use(out, ENTRY_MANY, use));
    TRY(selection_write(permitted, out));
    return selection_write(denied, out);
}

struct status journal_many(struct vault *v, const struct access_use *use,
                           const struct selection *permitted, const struct selection *denied) {
    TRY(begin_frame(&v->access->buffer));
    size_t before = v->access->buffer.len;
    return keep_whole(v, before, add_many(&v->access->buffer, use, permitted, denied));
}

/* Of what was named among many, the owner is told before the columns forget it. */
struct status access_gone(struct vault *v, const struct selection *which) {
    struct buf *buffer = v->access == NULL ? NULL : &v->access->buffer;
    if (buffer == NULL || v->access->made == NULL) {
        return STATUS_OK; /* everything that was noted has its leaf */
    }
    for (uint64_t id = selection_next(which, 0); id != 0; id = selection_next(which, id)) {
        uint32_t at = 0;
        const struct segment *s = columns_at(&v->columns, id, &at);
        if (s == NULL) {
            continue;
        }
        uint8_t bytes[1 + GONE_BYTES] = {ENTRY_GONE};
        bytes_put_be64(bytes + 1, id);
        bytes_put_be64(bytes + 9, s->rows[at].owner);
        bytes[17] = s->rows[at].category;
        TRY(begin_frame(buffer));
        TRY(buf_add(buffer, slice_of(bytes, sizeof bytes)));
        TRY(buffer->len > ACCESS_BUFFER_MAX / 2 ? journal_flush(v) : STATUS_OK);
    }
    return journal_flush(v);
}

/* Reading back after a crash -------------------------------------------------------------- */

static int by_record(const void *a, const void *b) {
    const uint8_t *x = a;
    const uint8_t *y = b;
    return memcmp(x, y, 8);
}

/* The owner and category of a record, of what is gone as they were told. */
static void owner_of(const struct vault *v, uint64_t id, struct access_entry *io) {
    const struct buf *gone = &v->access->gone;
    uint32_t at = 0;
    const struct segment *s = columns_at(&v->columns, id, &at);
    if (s != NULL) {
        io->subject = s->rows[at].owner;
        io->category = s->rows[at].category;
        return;
    }
    uint8_t key[8];
    bytes_put_be64(key, id);
    const uint8_t *found =
        gone->len == 0 ? NULL
                       : bsearch(key, gone->ptr, gone->len / GONE_BYTES, GONE_BYTES, by_record);
    if (found != NULL) {
        io->subject = bytes_be64(found + 8);
        io->category = found[16];
    }
}

static struct status take_use(struct slice *rest, struct access_use *ret) {
    if (rest->len < USE_BYTES) {
        return FAIL(E_VAULT_CORRUPT);
    }
    const uint8_t *from = rest->ptr;
    *ret = (struct access_use){.session = bytes_be64(from),
                               .actor = bytes_be64(from + 8),
                               .at_ms = (int64_t)bytes_be64(from + 16),
                               .purpose = from[24],
                               .operation = from[25],
                               .recipient = from[26]};
    *rest = slice_from(*rest, USE_BYTES);
    return STATUS_OK;
}

static struct status replay_one(struct vault *v, const struct access_use *use, struct slice *rest) {
    if (rest->len < ONE_BYTES) {
        return FAIL(E_VAULT_CORRUPT);
    }
    const uint8_t *from = rest->ptr;
    struct access_entry e = {.use = *use,
                             .subject = bytes_be64(from),
                             .record = bytes_be64(from + 8),
                             .category = from[16],
                             .permit = from[17] == 1,
                             .undeclared = from[18] == 1};
    for (size_t i = 0; i < ACCESS_CITES; i++) {
        e.cites[i] = bytes_be16(from + 19 + 2 * i);
    }
    *rest = slice_from(*rest, ONE_BYTES);
    return access_add(v->access, &e);
}

static struct status replay_selection(struct vault *v, const struct access_use *use,
                                      const struct selection *which, bool permit) {
    for (uint64_t id = selection_next(which, 0); id != 0; id = selection_next(which, id)) {
        struct access_entry e = {
            .use = *use, .record = id, .category = VAULT_ALL, .permit = permit};
        owner_of(v, id, &e);
        TRY(access_add(v->access, &e));
    }
    return STATUS_OK;
}

static struct status replay_many(struct vault *v, const struct access_use *use,
                                 struct slice *rest) {
    for (int permit = 1; permit >= 0; permit--) {
        struct selection which CLEANUP(selection_done);
        selection_init(&which);
        TRY(selection_read(rest, &which));
        TRY(replay_selection(v, use, &which, permit == 1));
    }
    return STATUS_OK;
}

static struct status pass_many(struct slice *rest) {
    for (int i = 0; i < 2; i++) {
        struct selection which CLEANUP(selection_done);
        selection_init(&which);
        TRY(selection_read(rest, &which));
    }
    return STATUS_OK;
}

static struct status take_gone(struct vault *v, bool first, struct slice *rest) {
    if (rest->len < GONE_BYTES) {
        return FAIL(E_VAULT_CORRUPT);
    }
    struct slice one = slice_sub(*rest, 0, GONE_BYTES);
    *rest = slice_from(*rest, GONE_BYTES);
    return first ? buf_add(&v->access->gone, one) : STATUS_OK;
}

/* first: only what is gone is taken, the rest is passed over. */
static struct status take_noted(struct vault *v, uint8_t kind, bool first, struct slice *rest) {
    struct access_use use;
    TRY(take_use(rest, &use));
    if (!first) {
        return kind == ENTRY_ONE ? replay_one(v, &use, rest) : replay_many(v, &use, rest);
    }
    if (kind == ENTRY_MANY) {
        return pass_many(rest);
    }
    *rest = slice_from(*rest, rest->len < ONE_BYTES ? rest->len : ONE_BYTES);
    return STATUS_OK;
}

static struct status replay(struct vault *v, bool first, struct slice rest) {
    while (rest.len > 0) {
        uint8_t kind = rest.ptr[0];
        rest = slice_from(rest, 1);
        if (kind != ENTRY_ONE && kind != ENTRY_MANY && kind != ENTRY_GONE) {
            return FAIL(E_VAULT_CORRUPT);
        }
        TRY(kind == ENTRY_GONE ? take_gone(v, first, &rest) : take_noted(v, kind, first, &rest));
    }
    return STATUS_OK;
}

/* After a restore the epoch is the one that the replaced store had come to. */
static bool right_epoch(const struct access_log *log, uint64_t epoch) {
    return epoch == log->epoch || (log->takes_over && log->offset == 0 && epoch > log->epoch);
}

struct frame {
    struct buf sealed;
    struct buf plain;
    uint64_t epoch;
    uint64_t next; /* offset */
};

/* False at the end, and where no frame of this epoch begins that opens. */
static struct status read_frame(struct vault *v, uint64_t at, struct frame *f, bool *ret_found) {
    struct access_log *log = v->access;
    uint8_t head[FRAME_HEAD];
    size_t got = 0;
    *ret_found = false;
    TRY(os_read_at(v->fs, log->file, at, head, sizeof head, &got));
    size_t len = got == sizeof head ? bytes_be32(head) : 0;
    f->epoch = got == sizeof head ? bytes_be64(head + 4) : 0;
    bool sound = len >= RECORD_OVERHEAD + SYNCED_BYTES && len <= ACCESS_FRAME_BYTES;
    if (!sound || !right_epoch(log, f->epoch)) {
        return STATUS_OK;
    }
    buf_clear(&f->sealed);
    TRY(buf_reserve(&f->sealed, len));
    TRY(os_read_at(v->fs, log->file, at + FRAME_HEAD, f->sealed.ptr, len, &got));
    if (got < len) {
        return STATUS_OK;
    }
    struct seal_place place = frame_place(f->epoch, at);
    buf_clear(&f->plain);
    struct status opened =
        record_open_buf(&v->state_key, &place, slice_of(f->sealed.ptr, len), &f->plain);
    if (opened.code == E_SEAL_OPEN) {
        return STATUS_OK;
    }
    f->next = at + FRAME_HEAD + len;
    *ret_found = true;
    return opened;
}

/* The next frame that opens behind one that does not. */
static struct status find_frame(struct vault *v, uint64_t hole, struct frame *f, bool *ret_found) {
    uint64_t size = 0;
    *ret_found = false;
    TRY(os_size(v->fs, v->access->file, &size));
    for (uint64_t at = hole + 1; at + FRAME_HEAD < size && !*ret_found; at++) {
        TRY(read_frame(v, at, f, ret_found));
    }
    return *ret_found && bytes_be64(f->plain.ptr) > hole ? FAIL(E_JOURNAL_DAMAGED) : STATUS_OK;
}

/* first: as replay. */
static struct status read_frames(struct vault *v, bool first, struct frame *f) {
    struct access_log *log = v->access;
    for (;;) {
        bool found = false;
        TRY(read_frame(v, log->offset, f, &found));
        TRY(found ? STATUS_OK : find_frame(v, log->offset, f, &found));
        if (!found) {
            return STATUS_OK;
        }
        TRY(replay(v, first, slice_from(buf_slice(&f->plain), SYNCED_BYTES)));
        log->epoch = f->epoch;
        log->offset = f->next;
    }
}

/* Twice: whose a record was may be told after it was read. */
static struct status read_twice(struct vault *v, struct frame *f) {
    struct access_log *log = v->access;
    TRY(read_frames(v, true, f));
    log->offset = 0;
    if (log->gone.len > 0) {
        qsort(log->gone.ptr, log->gone.len / GONE_BYTES, GONE_BYTES, by_record);
    }
    return read_frames(v, false, f);
}

static struct status read_all(struct vault *v) {
    struct frame f = {.next = 0};
    buf_init(&f.sealed, ACCESS_FRAME_BYTES);
    buf_init(&f.plain, ACCESS_FRAME_BYTES);
    buf_init(&v->access->gone, GONE_MAX);
    struct status status = read_twice(v, &f);
    buf_done(&v->access->gone);
    buf_done(&f.sealed);
    buf_done(&f.plain);
    return status;
}

/* The store's row: the epoch, and after a restore a byte more. */
static struct status load_epoch(struct vault *v) {
    struct buf row CLEANUP(buf_done);
    buf_init(&row, EPOCH_BYTES + 1);
    struct status found = state_get(v, STORE_META, 0, META_ACCESS, &row);
    if (failed(found)) {
        return found.code == E_STORE_MISSING ? STATUS_OK : found;
    }
    v->access->epoch = row.len >= EPOCH_BYTES ? bytes_be64(row.ptr) : 0;
    v->access->takes_over = row.len > EPOCH_BYTES;
    return STATUS_OK;
}

struct status journal_take_over(struct vault *v) {
    struct buf row CLEANUP(buf_done);
    buf_init(&row, EPOCH_BYTES + 1);
    struct status found = state_get(v, STORE_META, 0, META_ACCESS, &row);
    if (found.code == E_STORE_MISSING) {
        found = buf_add_be64(&row, 0);
    }
    TRY(found);
    TRY(row.len > EPOCH_BYTES ? STATUS_OK : buf_add_byte(&row, 1));
    return state_put(v, STORE_META, 0, META_ACCESS, buf_slice(&row));
}

/* What is tried out leaves the journal to whatever will serve. */
struct status journal_open(struct vault *v) {
    struct access_log *log = v->access;
    buf_init(&log->buffer, ACCESS_BUFFER_MAX);
    TRY(load_epoch(v));
    if (v->tentative) {
        return STATUS_OK;
    }
    char path[OS_PATH_MAX];
    TRY(vault_path(v->ledger_dir, "accesses", path));
    bool there = false;
    TRY(os_exists(v->fs, path, &there));
    TRY(os_open(v->fs, path, OS_READ | OS_WRITE | OS_CREATE, &log->file));
    if (!there) {
        TRY(os_sync_dir(v->fs, v->ledger_dir));
    }
    return read_all(v);
}

struct status journal_next_epoch(struct vault *v) {
    if (v->access->file == NULL) {
        return STATUS_OK;
    }
    uint8_t bytes[EPOCH_BYTES];
    bytes_put_be64(bytes, v->access->epoch + 1);
    return state_put(v, STORE_META, 0, META_ACCESS, slice_of(bytes, sizeof bytes));
}

/* The old frames go at once; should they not, nothing opens them as new ones. */
void journal_restart(struct vault *v) {
    struct access_log *log = v->access;
    if (log->file == NULL) {
        return;
    }
    log->epoch++;
    log->offset = 0;
    log->synced = 0;
    log->takes_over = false;
    struct status cut = os_truncate(v->fs, log->file, 0);
    if (failed(cut)) {
        vault_stop(v);
    }
}

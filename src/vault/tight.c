/* The tightening log: a file beside the ledger, apart from data backups, that holds everything that
 * took a right away, so that a restored backup can take it away again before it serves (again.c
 * says what, function by function). It begins with the first backup, as until then there is nothing
 * to restore, and only grows.
 *
 * Rows in the store carry each tightening until the file has it durably; the transaction after that
 * drops them. A frame is a length and sealed bytes, bound to its offset. Each transaction that
 * tightened has a leaf of the ledger that only the vault can tell from any other of its kind: it
 * says how far the file must reach. So a file that was cut is noticed, also between two frames. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "inside.h"

enum { FRAME_MAX = 1 << 20, HEAD_BYTES = 8 + 8 + 1 + 8 + 8 + 8 };

/* Pending frames: be32 length, then next_id, next_subject, kind, subject, what, value, ids. */
struct status log_tighten(struct vault *v, const struct tightening *t) {
    if (v->replaying || !v->backed_up) {
        return STATUS_OK;
    }
    if (t->ids.len > FRAME_MAX - HEAD_BYTES - RECORD_OVERHEAD) {
        return FAIL(E_TOO_LARGE); /* what could not be read again is not done */
    }
    struct buf *out = &v->pending.tight;
    TRY(buf_add_be32(out, (uint32_t)(HEAD_BYTES + t->ids.len)));
    TRY(buf_add_be64(out, v->counters.next_id));
    TRY(buf_add_be64(out, v->counters.next_subject));
    TRY(buf_add_byte(out, t->kind));
    TRY(buf_add_be64(out, t->subject));
    TRY(buf_add_be64(out, t->what));
    TRY(buf_add_be64(out, t->value));
    return buf_add(out, t->ids);
}

struct status tight_offset_save(struct vault *v) {
    uint8_t bytes[8];
    bytes_put_be64(bytes, v->tight_offset);
    return state_put(v, STORE_META, 0, META_TIGHT, slice_of(bytes, sizeof bytes));
}

static struct seal_hash mark_of(const struct vault *v, uint64_t end) {
    uint8_t bytes[8];
    bytes_put_be64(bytes, end);
    return seal_keyed_hash(&v->state_key, SLICE("ward tightening log v1"),
                           slice_of(bytes, sizeof bytes));
}

/* The leaf that says where the file ends once it has all that is pending. */
static struct status log_mark(struct vault *v) {
    uint64_t end = v->tight_offset;
    for (struct slice rest = buf_slice(&v->pending.tight); rest.len >= 4;) {
        size_t len = bytes_be32(rest.ptr);
        end += 4 + len + RECORD_OVERHEAD;
        rest = slice_from(rest, 4 + len);
    }
    struct leaf leaf = {.kind = LEAF_TIGHTENED,
                        .hour = leaf_hour(vault_now_ms(v)),
                        .person = leaf_commit_nothing(),
                        .auditor = mark_of(v, end)};
    return log_entry(v, &leaf, NULL);
}

/* Each commit has a row of its own. The number is where the first frame would stand in the file if
 * frames were not sealed: unique, in order, and below the offset that follows. */
struct status tight_commit_rows(struct vault *v) {
    if (v->drop_tight_below != 0) {
        TRY(store_delete_range(v->store, STORE_LEAVES, 1, 0, v->drop_tight_below));
        TRY(tight_offset_save(v));
        v->drop_tight_below = 0;
    }
    if (v->pending.tight.len == v->tight_in_rows) {
        return STATUS_OK;
    }
    TRY(log_mark(v));
    struct buf sealed CLEANUP(buf_done);
    buf_init(&sealed, DELTA_MAX + RECORD_OVERHEAD);
    uint64_t id = v->tight_offset + v->tight_in_rows;
    struct slice frames = slice_from(buf_slice(&v->pending.tight), v->tight_in_rows);
    struct seal_place place = {.what = SEAL_STATE, .owner = 1, .category = STORE_LEAVES, .id = id};
    TRY(record_seal_buf(&v->state_key, &place, frames, &sealed));
    TRY(store_put(v->store, STORE_LEAVES, 1, id, buf_slice(&sealed)));
    v->tight_in_rows = v->pending.tight.len;
    return STATUS_OK;
}

static struct seal_place frame_place(uint64_t offset) {
    return (struct seal_place){.what = SEAL_STATE, .category = 0xffff, .id = offset};
}

/* All of the pending frames as the file will hold them. */
static struct status seal_frames(const struct vault *v, struct slice frames, uint64_t offset,
                                 struct buf *out) {
    while (frames.len >= 4) {
        size_t len = bytes_be32(frames.ptr);
        if (frames.len < 4 + len) {
            return FAIL(E_VAULT_CORRUPT);
        }
        struct seal_place place = frame_place(offset + out->len);
        TRY(buf_add_be32(out, (uint32_t)(len + RECORD_OVERHEAD)));
        TRY(record_seal_buf(&v->state_key, &place, slice_sub(frames, 4, len), out));
        frames = slice_from(frames, 4 + len);
    }
    return STATUS_OK;
}

static struct status append_frames(struct vault *v, struct slice frames) {
    struct buf sealed CLEANUP(buf_done);
    buf_init(&sealed, (size_t)DELTA_MAX * 2);
    TRY(seal_frames(v, frames, v->tight_offset, &sealed));
    TRY(os_write_at(v->fs, v->tight_file, v->tight_offset, buf_slice(&sealed)));
    TRY(os_sync(v->fs, v->tight_file));
    v->tight_offset += sealed.len;
    v->drop_tight_below = v->tight_offset;
    return STATUS_OK;
}

struct status tight_committed(struct vault *v) {
    if (v->pending.tight.len == 0 || v->tentative) {
        return STATUS_OK; /* of data that may never be in their place, the rows keep it */
    }
    TRY(append_frames(v, buf_slice(&v->pending.tight)));
    buf_clear(&v->pending.tight);
    v->tight_in_rows = 0;
    return STATUS_OK;
}

/* Reading ------------------------------------------------------------------------------- */

struct frame {
    uint64_t next_offset;
    uint64_t next_id;
    uint64_t next_subject;
    struct tightening t;
};

/* The frame at the offset; `found` is false at the end of the file and at a torn frame. */
static struct status read_frame(struct vault *v, uint64_t offset, struct buf *plain,
                                struct frame *ret, bool *ret_found) {
    uint8_t head[4];
    size_t got = 0;
    *ret_found = false;
    TRY(os_read_at(v->fs, v->tight_file, offset, head, sizeof head, &got));
    size_t len = got == sizeof head ? bytes_be32(head) : 0;
    if (len < RECORD_OVERHEAD + HEAD_BYTES || len > FRAME_MAX) {
        return STATUS_OK;
    }
    struct buf sealed CLEANUP(buf_done);
    buf_init(&sealed, FRAME_MAX);
    TRY(buf_reserve(&sealed, len));
    TRY(os_read_at(v->fs, v->tight_file, offset + 4, sealed.ptr, len, &got));
    struct seal_place place = frame_place(offset);
    buf_clear(plain);
    struct status opened =
        got < len ? FAIL(E_SEAL_OPEN)
                  : record_open_buf(&v->state_key, &place, slice_of(sealed.ptr, len), plain);
    if (opened.code == E_SEAL_OPEN) {
        return STATUS_OK;
    }
    TRY(opened);
    const uint8_t *from = plain->ptr;
    *ret = (struct frame){
        .next_offset = offset + 4 + len,
        .next_id = bytes_be64(from),
        .next_subject = bytes_be64(from + 8),
        .t = {.kind = from[16],
              .subject = bytes_be64(from + 17),
              .what = bytes_be64(from + 25),
              .value = bytes_be64(from + 33),
              .ids = slice_from(buf_slice(plain), HEAD_BYTES)},
    };
    *ret_found = true;
    return STATUS_OK;
}

struct status tight_replay(struct vault *v, uint64_t offset, tighten_fn *each,
                           uint64_t *ret_count) {
    struct buf plain CLEANUP(buf_done);
    buf_init(&plain, FRAME_MAX);
    uint64_t count = 0;
    for (;;) {
        struct frame frame;
        bool found = false;
        TRY(read_frame(v, offset, &plain, &frame, &found));
        if (!found) {
            break;
        }
        if (each != NULL) {
            TRY(each(v, &frame.t, frame.next_id, frame.next_subject));
        }
        offset = frame.next_offset;
        count += each == NULL || frame.t.kind < TIGHT_NOTES; /* which are not done again */
    }
    v->tight_offset = offset;
    *ret_count = count;
    return STATUS_OK;
}

/* Is what follows the last frame that opens more than one that a crash cut off? A whole frame that
 * does not open, or one that does further on, says that the file was damaged. */
static struct status find_damage(struct vault *v, uint64_t end, bool *ret_damaged) {
    uint8_t head[4];
    size_t got = 0;
    uint64_t size = 0;
    struct buf plain CLEANUP(buf_done);
    buf_init(&plain, FRAME_MAX);
    TRY(os_size(v->fs, v->tight_file, &size));
    TRY(os_read_at(v->fs, v->tight_file, end, head, sizeof head, &got));
    size_t len = got == sizeof head ? bytes_be32(head) : 0;
    *ret_damaged = len >= RECORD_OVERHEAD + HEAD_BYTES && len <= FRAME_MAX && end + 4 + len <= size;
    for (uint64_t at = end + 1; at < size && !*ret_damaged; at++) {
        struct frame frame;
        TRY(read_frame(v, at, &plain, &frame, ret_damaged));
    }
    return STATUS_OK;
}

/* The newest mark among the published leaves from `since` on. */
static struct status last_mark(struct vault *v, uint64_t since, struct seal_hash *ret,
                               bool *ret_found) {
    *ret_found = false;
    for (uint64_t i = ledger_published(v->ledger); i > since && !*ret_found; i--) {
        uint8_t entry[LEAF_LEN];
        struct leaf leaf;
        TRY(ledger_leaf(v->ledger, i - 1, entry));
        TRY(leaf_get(slice_of(entry, sizeof entry), &leaf));
        *ret_found = leaf.kind == LEAF_TIGHTENED;
        *ret = leaf.auditor;
    }
    return STATUS_OK;
}

/* Does a frame from there on end where the mark says? */
static struct status reaches(struct vault *v, uint64_t from, const struct seal_hash *mark,
                             bool *ret) {
    struct buf plain CLEANUP(buf_done);
    buf_init(&plain, FRAME_MAX);
    struct frame frame = {.next_offset = from};
    for (bool found = true; found;) {
        uint64_t at = frame.next_offset;
        struct seal_hash here = mark_of(v, at);
        *ret = seal_hash_equal(&here, mark);
        TRY(*ret ? STATUS_OK : read_frame(v, at, &plain, &frame, &found));
        found = found && !*ret;
    }
    return STATUS_OK;
}

/* A ledger that began anew since tells of no leaf of the backup's. */
static struct status find_cut(struct vault *v, uint64_t from, uint64_t leaves, bool *ret_cut) {
    struct seal_hash mark;
    bool any = false;
    bool whole = true;
    struct status read =
        last_mark(v, leaves <= ledger_published(v->ledger) ? leaves : 0, &mark, &any);
    *ret_cut = read.code == E_LEDGER_CORRUPT;
    TRY(*ret_cut ? STATUS_OK : read);
    TRY(any && !*ret_cut ? reaches(v, from, &mark, &whole) : STATUS_OK);
    *ret_cut = *ret_cut || !whole;
    return STATUS_OK;
}

struct status tight_check(struct vault *v, uint64_t from, uint64_t leaves, bool *ret_damaged) {
    uint64_t ignored = 0;
    bool cut = false;
    TRY(tight_replay(v, from, NULL, &ignored));
    TRY(find_damage(v, v->tight_offset, ret_damaged));
    TRY(find_cut(v, from, leaves, &cut));
    *ret_damaged = *ret_damaged || cut;
    return STATUS_OK;
}

static struct status collect_row(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    struct vault *v = arg;
    return state_open(v, STORE_LEAVES, owner, id, sealed, &v->pending.tight);
}

static uint64_t frame_count(struct slice frames) {
    uint64_t count = 0;
    while (frames.len >= 4) {
        frames = slice_from(frames, 4 + (size_t)bytes_be32(frames.ptr));
        count++;
    }
    return count;
}

/* What rows still carry is written (again) where it belongs. A log that goes on beyond the rows was
 * written by a newer store than this one. */
static struct status catch_up(struct vault *v, uint64_t from) {
    uint64_t in_file = 0;
    TRY(tight_replay(v, from, NULL, &in_file));
    TRY(store_each(v->store, STORE_LEAVES, 1, 0, collect_row, v));
    uint64_t in_rows = frame_count(buf_slice(&v->pending.tight));
    if (in_file > in_rows) {
        return FAIL(E_VAULT_ROLLED_BACK);
    }
    v->tight_offset = from;
    v->tight_in_rows = v->pending.tight.len;
    TRY(os_truncate(v->fs, v->tight_file, from));
    return tight_committed(v);
}

static struct status backed_up_load(struct vault *v) {
    struct buf bytes CLEANUP(buf_done);
    buf_init(&bytes, 8);
    struct status found = state_get(v, STORE_META, 0, META_BACKUP, &bytes);
    v->backed_up = !failed(found);
    return found.code == E_STORE_MISSING ? STATUS_OK : found;
}

struct status tight_open(struct vault *v, bool restored) {
    char path[OS_PATH_MAX];
    TRY(backed_up_load(v));
    TRY(vault_path(v->ledger_dir, "tightenings", path));
    bool there = false;
    TRY(os_exists(v->fs, path, &there));
    TRY(os_open(v->fs, path, OS_READ | OS_WRITE | OS_CREATE, &v->tight_file));
    if (!there) {
        TRY(os_sync_dir(v->fs, v->ledger_dir));
    }
    struct buf bytes CLEANUP(buf_done);
    buf_init(&bytes, 8);
    struct status found = state_get(v, STORE_META, 0, META_TIGHT, &bytes);
    if (failed(found) && found.code != E_STORE_MISSING) {
        return found;
    }
    uint64_t from = bytes.len == 8 ? bytes_be64(bytes.ptr) : 0;
    uint64_t size = 0;
    TRY(os_size(v->fs, v->tight_file, &size));
    if (restored) {
        v->tight_offset = from;
        return STATUS_OK;
    }
    return size < from ? FAIL(E_VAULT_CORRUPT) : catch_up(v, from);
}

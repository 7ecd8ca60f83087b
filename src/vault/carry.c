/* Carried keys: written when a category's key is replaced, read by a restore. */
#include "carry.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

enum {
    GENERATIONS = 4, /* backups between replacements that a list reaches back over */
    LIST_MAX = 512 << 10,
    MARK = 8,
    COUNT = 4,
    ENTRY = 8 + SEAL_KEY_LEN,
    SEEN = 1 << 16, /* added to the ids of rows that a restore found in the log */
};

void carry_init(struct carry *c) {
    *c = (struct carry){.below = 0};
    buf_init_secret(&c->old, LIST_MAX);
    buf_init_secret(&c->list, LIST_MAX);
    selection_init(&c->kept);
}

void carry_done(struct carry *c) {
    buf_done(&c->old);
    buf_done(&c->list);
    selection_done(&c->kept);
}

static struct seal_place place_of(uint64_t owner, uint64_t category) {
    return (struct seal_place){
        .what = SEAL_STATE, .owner = owner, .category = STORE_CARRIED, .id = category + 1};
}

/* Backups ------------------------------------------------------------------------------- */

static struct status mark_put(struct vault *v, uint64_t mark) {
    uint8_t bytes[8];
    bytes_put_be64(bytes, mark);
    return state_put(v, STORE_META, 0, META_BACKUP, slice_of(bytes, sizeof bytes));
}

struct status carry_mark(struct vault *v) {
    struct tightening tight = {.kind = TIGHT_BACKUP};
    v->backed_up = true;
    TRY(mark_put(v, v->counters.next_id));
    return log_tighten(v, &tight);
}

static struct status mark_of(struct vault *v, uint64_t *ret) {
    struct buf bytes CLEANUP(buf_done);
    buf_init(&bytes, 8);
    struct status found = state_get(v, STORE_META, 0, META_BACKUP, &bytes);
    if (found.code == E_STORE_MISSING) {
        *ret = 0;
        return STATUS_OK;
    }
    TRY(found);
    *ret = bytes.len == 8 ? bytes_be64(bytes.ptr) : 0;
    return STATUS_OK;
}

/* Writing ------------------------------------------------------------------------------- */

/* A list under another key than the one that goes is of no use: of a category that was erased. */
static struct status open_old(struct vault *v, struct carry *c, uint64_t owner, uint8_t category,
                              struct key_ref ref, const struct seal_key *key) {
    struct slice row;
    struct status found = store_view(v->store, STORE_CARRIED, owner, category + 1u, &row);
    if (found.code == E_STORE_MISSING) {
        return STATUS_OK;
    }
    TRY(found);
    if (row.len < KEY_REF_LEN || !key_ref_equal(key_ref_get(row.ptr), ref)) {
        return STATUS_OK;
    }
    struct seal_place place = place_of(owner, category);
    TRY(record_open_buf(key, &place, slice_from(row, KEY_REF_LEN), &c->old));
    return c->old.len < MARK ? FAIL(E_VAULT_CORRUPT) : STATUS_OK;
}

struct status carry_begin(struct vault *v, struct carry *c, uint64_t owner, uint8_t category,
                          struct key_ref ref, const struct seal_key *key) {
    TRY(mark_of(v, &c->mark));
    TRY(open_old(v, c, owner, category, ref, key));
    uint64_t known = c->old.len == 0 ? 0 : bytes_be64(c->old.ptr);
    c->below = c->mark > known ? c->mark : 0;
    c->mark = c->mark > known ? c->mark : known;
    TRY(buf_add_be64(&c->list, c->mark));
    return buf_add_be32(&c->list, 0);
}

static struct status add_entry(struct carry *c, struct slice entry) {
    if (c->list.len + ENTRY > LIST_MAX) {
        return STATUS_OK; /* there is an end to what is carried */
    }
    c->count++;
    return buf_add(&c->list, entry);
}

struct status carry_add(struct carry *c, uint64_t id, const struct seal_key *alone) {
    TRY(selection_add(&c->kept, id));
    if (id >= c->below) {
        return STATUS_OK;
    }
    uint8_t entry[ENTRY];
    bytes_put_be64(entry, id);
    memcpy(entry + 8, alone->bytes, SEAL_KEY_LEN);
    struct status added = add_entry(c, slice_of(entry, sizeof entry));
    mem_wipe(entry, sizeof entry);
    return added;
}

/* The next generation of a list; false at its end. */
static bool next_generation(struct slice *rest, struct slice *ret_entries) {
    size_t len = rest->len < COUNT ? 0 : (size_t)bytes_be32(rest->ptr) * ENTRY;
    if (rest->len < COUNT || rest->len - COUNT < len) {
        return false;
    }
    *ret_entries = slice_sub(*rest, COUNT, len);
    *rest = slice_from(*rest, COUNT + len);
    return true;
}

static struct status begin_generation(struct carry *c, size_t *ret_at) {
    c->count = 0;
    *ret_at = c->list.len;
    return buf_add_be32(&c->list, 0);
}

/* One of which nothing is left is left out. */
static void end_generation(struct carry *c, size_t at, unsigned *io_generations) {
    bytes_put_be32(c->list.ptr + at, c->count);
    *io_generations += c->count > 0;
    c->list.len = c->count > 0 ? c->list.len : at;
}

/* Of older generations what is still there. */
static struct status add_older(struct carry *c) {
    unsigned generations = 0;
    struct slice entries;
    struct slice rest = slice_from(buf_slice(&c->old), c->old.len < MARK ? 0 : MARK);
    end_generation(c, MARK, &generations);
    while (generations < GENERATIONS && c->list.len + COUNT <= LIST_MAX &&
           next_generation(&rest, &entries)) {
        size_t at = 0;
        TRY(begin_generation(c, &at));
        for (; entries.len >= ENTRY; entries = slice_from(entries, ENTRY)) {
            bool stays = selection_has(&c->kept, bytes_be64(entries.ptr));
            TRY(stays ? add_entry(c, slice_sub(entries, 0, ENTRY)) : STATUS_OK);
        }
        end_generation(c, at, &generations);
    }
    return STATUS_OK;
}

struct status carry_end(struct vault *v, struct carry *c, uint64_t owner, uint8_t category,
                        struct key_ref ref, const struct seal_key *key) {
    TRY(add_older(c));
    if (c->list.len == MARK) {
        return store_delete(v->store, STORE_CARRIED, owner, category + 1u);
    }
    uint8_t bytes[KEY_REF_LEN];
    struct buf row CLEANUP(buf_done);
    buf_init(&row, KEY_REF_LEN + LIST_MAX + RECORD_OVERHEAD);
    key_ref_put(ref, bytes);
    TRY(buf_add(&row, slice_of(bytes, sizeof bytes)));
    struct seal_place place = place_of(owner, category);
    TRY(record_seal_buf(key, &place, buf_slice(&c->list), &row));
    TRY(store_put(v->store, STORE_CARRIED, owner, category + 1u, buf_slice(&row)));
    struct tightening tight = {
        .kind = TIGHT_CARRY, .subject = owner, .what = category, .ids = buf_slice(&row)};
    return log_tighten(v, &tight);
}

/* Restoring ----------------------------------------------------------------------------- */

static struct status open_row(struct vault *v, uint64_t owner, uint64_t category, struct slice row,
                              struct key_ref *ret_ref, struct seal_key *ret_key,
                              struct buf *ret_list) {
    if (row.len < KEY_REF_LEN) {
        return FAIL(E_VAULT_CORRUPT);
    }
    *ret_ref = key_ref_get(row.ptr);
    TRY(keyring_key(v->keys, *ret_ref, ret_key));
    struct seal_place place = place_of(owner, category);
    return record_open_buf(ret_key, &place, slice_from(row, KEY_REF_LEN), ret_list);
}

static struct status see_list(struct vault *v, const struct tightening *t) {
    struct key_ref ref;
    struct seal_key key CLEANUP(seal_key_done);
    struct buf list CLEANUP(buf_done);
    key = (struct seal_key){.bytes = {0}};
    buf_init_secret(&list, LIST_MAX);
    if (t->subject > SUBJECT_ID_MAX || t->what >= VAULT_CATEGORIES_MAX) {
        return FAIL(E_VAULT_CORRUPT);
    }
    struct status opened = open_row(v, t->subject, t->what, t->ids, &ref, &key, &list);
    if (restore_lost(opened)) {
        return STATUS_OK; /* of a key that is gone, or of a keyring that was lost since */
    }
    TRY(opened);
    return store_put(v->store, STORE_CARRIED, t->subject, SEEN + t->what, t->ids);
}

struct status carry_seen(struct vault *v, const struct tightening *t, uint64_t next_id,
                         uint64_t next_subject) {
    (void)next_subject;
    switch (t->kind) {
    case TIGHT_BACKUP:
        return mark_put(v, next_id); /* it may be put back after this one */
    case TIGHT_CARRY:
        return see_list(v, t);
    default:
        return STATUS_OK;
    }
}

static struct status collect_seen(void *arg, uint64_t owner, uint64_t id, struct slice row) {
    (void)row;
    if (id < SEEN) {
        return STATUS_OK;
    }
    uint64_t pair[2] = {owner, id - SEEN};
    return buf_add(arg, slice_of(pair, sizeof pair));
}

struct status carry_each_seen(struct vault *v, struct buf *ret_pairs) {
    return store_scan(v->store, STORE_CARRIED, 0, collect_seen, ret_pairs);
}

struct status carry_open_seen(struct vault *v, uint64_t owner, uint8_t category,
                              struct key_ref *ret_ref, struct seal_key *ret_key,
                              struct buf *ret_list) {
    struct slice row;
    TRY(store_view(v->store, STORE_CARRIED, owner, SEEN + category, &row));
    return open_row(v, owner, category, row, ret_ref, ret_key, ret_list);
}

struct status carry_take_seen(struct vault *v, uint64_t owner, uint8_t category, bool counts) {
    struct buf row CLEANUP(buf_done);
    buf_init(&row, KEY_REF_LEN + LIST_MAX + RECORD_OVERHEAD);
    TRY(store_get(v->store, STORE_CARRIED, owner, SEEN + category, &row));
    TRY(store_delete(v->store, STORE_CARRIED, owner, SEEN + category));
    return counts ? store_put(v->store, STORE_CARRIED, owner, category + 1u, buf_slice(&row))
                  : STATUS_OK;
}

bool carry_find(struct slice list, uint64_t id, unsigned n, struct seal_key *ret) {
    struct slice entries;
    struct slice rest = slice_from(list, list.len < MARK ? list.len : MARK);
    while (next_generation(&rest, &entries)) {
        for (; entries.len >= ENTRY; entries = slice_from(entries, ENTRY)) {
            if (bytes_be64(entries.ptr) == id && n-- == 0) {
                memcpy(ret->bytes, entries.ptr + 8, SEAL_KEY_LEN);
                return true;
            }
        }
    }
    return false;
}

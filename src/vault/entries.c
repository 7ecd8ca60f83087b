/* What the ledger says about somebody: their openings, and receipts made from them. */
#include <string.h>

#include "inside.h"

/* A person's rows, and one of them opened. */
struct rows {
    struct vault *v;
    uint64_t subject;
    struct seal_key key;
    struct buf ids;   /* uint64_t each, ascending; the one that grows is the first, and newest */
    struct buf plain; /* of the row that is open */
    struct buf entries;
    struct buf content; /* of the entry that was read last */
};

static struct status note_id(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    (void)owner;
    (void)sealed;
    return buf_add(arg, slice_of(&id, sizeof id));
}

static void rows_done(struct rows *r) {
    seal_key_done(&r->key);
    buf_done(&r->ids);
    buf_done(&r->plain);
    buf_done(&r->entries);
    buf_done(&r->content);
}

static struct status rows_begin(struct rows *r, struct vault *v, uint64_t subject) {
    *r = (struct rows){.v = v, .subject = subject};
    buf_init(&r->ids, DELTA_MAX);
    buf_init_secret(&r->plain, OPENING_ROW_MAX);
    buf_init_secret(&r->entries, OPENING_ROW_MAX);
    buf_init_secret(&r->content, OPENING_CONTENT_MAX);
    struct person *p = NULL;
    TRY(person_get(v, subject, &p));
    TRY(person_key_get(v, p, PERSON_KEY, &r->key));
    return store_each(v->store, STORE_OPENINGS, subject, 0, note_id, &r->ids);
}

static size_t rows_count(const struct rows *r) {
    return r->ids.len / sizeof(uint64_t);
}

/* Newest first: the row that grows, then the others from the last. */
static uint64_t rows_id(const struct rows *r, size_t nth) {
    uint64_t id = 0;
    size_t count = rows_count(r);
    memcpy(&id, r->ids.ptr, sizeof id);
    bool grows = id == OPENINGS_GROWING;
    size_t at = !grows ? count - 1 - nth : nth == 0 ? 0 : count - nth;
    memcpy(&id, r->ids.ptr + at * sizeof id, sizeof id);
    return id;
}

static struct status rows_open(struct rows *r, uint64_t id) {
    struct slice sealed;
    TRY(store_view(r->v->store, STORE_OPENINGS, r->subject, id, &sealed));
    buf_clear(&r->plain);
    buf_clear(&r->entries);
    return openings_read(&r->key, r->subject, id, sealed, &r->plain, &r->entries);
}

static size_t entries_count(const struct rows *r) {
    return r->entries.len / sizeof(struct opening_entry);
}

static struct status entry_at(struct rows *r, size_t i, struct opening_entry *ret) {
    memcpy(ret, r->entries.ptr + i * sizeof *ret, sizeof *ret);
    return opening_content(r->v, r->subject, ret, &r->content);
}

/* Listing ------------------------------------------------------------------------------- */

struct listing {
    uint64_t below;
    size_t leaves_left;
    uint64_t last; /* leaf + 1 */
    bool done;
};

static struct status list_row(struct rows *r, struct listing *list, vault_entry_fn *each,
                              void *arg) {
    for (size_t i = entries_count(r); i > 0; i--) {
        struct opening_entry entry;
        TRY(entry_at(r, i - 1, &entry));
        if (list->below != 0 && entry.leaf >= list->below) {
            continue;
        }
        if (entry.leaf + 1 != list->last) {
            list->done = list->leaves_left == 0;
            if (list->done) {
                return STATUS_OK;
            }
            list->leaves_left--;
            list->last = entry.leaf + 1;
        }
        TRY(each(arg, entry.leaf, entry.kind, entry.at_ms, entry.item.content));
    }
    return STATUS_OK;
}

struct status vault_entries(struct vault *v, uint64_t subject, uint64_t below, size_t max,
                            vault_entry_fn *each, void *arg) {
    TRY(vault_ready(v));
    struct rows rows CLEANUP(rows_done);
    TRY(rows_begin(&rows, v, subject));
    struct listing list = {.below = below, .leaves_left = max};
    for (size_t nth = 0; nth < rows_count(&rows) && !list.done; nth++) {
        uint64_t id = rows_id(&rows, nth);
        bool newer = below != 0 && id > below; /* all of it */
        TRY(newer ? STATUS_OK : rows_open(&rows, id));
        TRY(newer ? STATUS_OK : list_row(&rows, &list, each, arg));
    }
    return STATUS_OK;
}

/* Receipts ------------------------------------------------------------------------------ */

static struct status publish_through(struct vault *v, uint64_t leaf) {
    if (leaf >= v->counters.leaves) {
        return FAIL(E_NO_RECORD);
    }
    return leaf < ledger_published(v->ledger) ? STATUS_OK : log_publish(v);
}

struct status receipt_write(struct vault *v, uint64_t leaf, const struct opening_item *item,
                            struct buf *out) {
    TRY(publish_through(v, leaf));
    struct buf opening CLEANUP(buf_done);
    buf_init_secret(&opening, OPENING_MAX);
    TRY(opening_write(OPENING_PERSON, item, 1, 0, &opening));
    struct slice one = buf_slice(&opening);
    return ledger_receipt(v->ledger, leaf, &one, 1, out);
}

/* An opening of one item of a batch: the path comes from the batch's hashes. */
static struct status batch_opening(struct vault *v, const struct opening_entry *e,
                                   struct buf *out) {
    struct slice row;
    struct status found = store_view(v->store, STORE_BATCHES, 0, e->leaf, &row);
    if (found.code == E_STORE_MISSING) {
        return FAIL(E_VAULT_CORRUPT);
    }
    TRY(found);
    size_t count = row.len / sizeof(struct seal_hash);
    if (row.len % sizeof(struct seal_hash) != 0 || e->index == 0 || e->index > count) {
        return FAIL(E_VAULT_CORRUPT);
    }
    struct merkle_path path = {.count = 0};
    merkle_path_in((const struct seal_hash *)(const void *)row.ptr, count, e->index - 1, &path);
    return opening_write_path(OPENING_PERSON, &e->item, e->index - 1, count, &path, out);
}

/* The first entry of the leaf; rows that begin later are passed over. */
static struct status find_entry(struct rows *r, uint64_t leaf, struct opening_entry *ret) {
    for (size_t nth = 0; nth < rows_count(r); nth++) {
        uint64_t id = rows_id(r, nth);
        if (id > leaf + 1) {
            continue;
        }
        TRY(rows_open(r, id));
        for (size_t i = 0; i < entries_count(r); i++) {
            TRY(entry_at(r, i, ret));
            if (ret->leaf == leaf) {
                return STATUS_OK;
            }
        }
        if (id != OPENINGS_GROWING) {
            break;
        }
    }
    return FAIL(E_NO_RECORD);
}

struct status vault_receipt(struct vault *v, uint64_t subject, uint64_t leaf,
                            struct buf *ret_file) {
    TRY(vault_ready(v));
    TRY(publish_through(v, leaf));
    struct rows rows CLEANUP(rows_done);
    TRY(rows_begin(&rows, v, subject));
    struct opening_entry entry;
    TRY(find_entry(&rows, leaf, &entry));
    struct buf opening CLEANUP(buf_done);
    buf_init_secret(&opening, OPENING_MAX);
    TRY(entry.index != 0 ? batch_opening(v, &entry, &opening)
                         : opening_write(OPENING_PERSON, &entry.item, 1, 0, &opening));
    struct slice one = buf_slice(&opening);
    return ledger_receipt(v->ledger, leaf, &one, 1, ret_file);
}

struct status vault_checkpoint(struct vault *v, struct buf *ret_note) {
    TRY(vault_ready(v));
    TRY(log_publish(v));
    return buf_add(ret_note, ledger_checkpoint(v->ledger));
}

struct status vault_log_key(struct vault *v, struct buf *ret_vkey) {
    TRY(vault_ready(v));
    return ledger_vkey(v->ledger, ret_vkey);
}

static struct status note(struct vault *v, uint8_t kind, uint64_t subject, struct slice content,
                          uint64_t *ret_leaf) {
    struct person *p = NULL;
    TRY(subject == 0 ? STATUS_OK : person_get(v, subject, &p));
    struct buf auditor CLEANUP(buf_done);
    buf_init(&auditor, OPENING_CONTENT_MAX);
    TRY(content_for_auditor(content, &auditor));
    return log_leaf(v, (enum leaf_kind)kind, p, content, buf_slice(&auditor), ret_leaf);
}

struct status vault_note(struct vault *v, uint8_t leaf_kind, uint64_t subject, struct slice content,
                         uint64_t *ret_leaf) {
    if (leaf_kind_text(leaf_kind) == NULL) {
        return FAIL(E_NUMBER);
    }
    uint64_t leaf = 0;
    TRY(op_begin(v));
    TRY(op_end(v, note(v, leaf_kind, subject, content, &leaf)));
    *ret_leaf = leaf;
    return STATUS_OK;
}

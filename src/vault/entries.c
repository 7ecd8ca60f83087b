/* What the ledger says about somebody: their openings, and receipts made from them. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "inside.h"

enum { HEAD_BYTES = 9, ITEM_HEAD = 4 + LEAF_SALT_LEN + 2 };

/* A row of openings, taken apart: at, kind, items. */
struct entry_item {
    uint32_t index; /* + 1; 0: alone */
    struct opening_item item;
};

static bool next_item(struct slice *rest, struct entry_item *ret) {
    if (rest->len < ITEM_HEAD) {
        return false;
    }
    size_t len = bytes_be16(rest->ptr + 4 + LEAF_SALT_LEN);
    if (rest->len < ITEM_HEAD + len) {
        return false;
    }
    ret->index = bytes_be32(rest->ptr);
    memcpy(ret->item.salt.bytes, rest->ptr + 4, LEAF_SALT_LEN);
    ret->item.content = slice_sub(*rest, ITEM_HEAD, len);
    *rest = slice_from(*rest, ITEM_HEAD + len);
    return true;
}

static struct status open_row(const struct seal_key *key, uint64_t subject, uint64_t leaf,
                              struct slice sealed, struct buf *plain) {
    struct seal_place place = {.what = SEAL_OPENING, .owner = subject, .id = leaf};
    struct status status = record_open_buf(key, &place, sealed, plain);
    if (status.code == E_SEAL_OPEN || (!failed(status) && plain->len < HEAD_BYTES)) {
        return FAIL(E_VAULT_CORRUPT);
    }
    return status;
}

/* Listing ------------------------------------------------------------------------------- */

struct indexes {
    uint64_t *ids; /* a ring of the newest */
    size_t max;
    uint64_t count;
    uint64_t below;
};

static struct status note_index(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    struct indexes *list = arg;
    (void)owner;
    (void)sealed;
    if (list->below == 0 || id < list->below) {
        list->ids[list->count++ % list->max] = id;
    }
    return STATUS_OK;
}

static struct status hand_entry(struct vault *v, const struct seal_key *key, uint64_t subject,
                                uint64_t leaf, vault_entry_fn *each, void *arg) {
    struct slice sealed;
    TRY(store_view(v->store, STORE_OPENINGS, subject, leaf, &sealed));
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, STATE_MAX);
    TRY(open_row(key, subject, leaf, sealed, &plain));
    struct slice rest = slice_from(buf_slice(&plain), HEAD_BYTES);
    struct entry_item item;
    while (next_item(&rest, &item)) {
        TRY(each(arg, leaf, plain.ptr[8], (int64_t)bytes_be64(plain.ptr), item.item.content));
    }
    return STATUS_OK;
}

static struct status list_entries(struct vault *v, const struct person *p, struct indexes *list,
                                  vault_entry_fn *each, void *arg) {
    TRY(store_each(v->store, STORE_OPENINGS, p->subject.id, 0, note_index, list));
    struct seal_key key CLEANUP(seal_key_done);
    TRY(person_key_get(v, p, PERSON_KEY, &key));
    uint64_t kept = list->count < list->max ? list->count : list->max;
    for (uint64_t i = 0; i < kept; i++) {
        uint64_t leaf = list->ids[(list->count - 1 - i) % list->max];
        TRY(hand_entry(v, &key, p->subject.id, leaf, each, arg));
    }
    return STATUS_OK;
}

struct status vault_entries(struct vault *v, uint64_t subject, uint64_t below, size_t max,
                            vault_entry_fn *each, void *arg) {
    TRY(vault_ready(v));
    struct person *p = NULL;
    TRY(person_get(v, subject, &p));
    if (max == 0) {
        return STATUS_OK;
    }
    struct indexes list = {.max = max, .below = below};
    list.ids = mem_array(max, sizeof *list.ids);
    if (list.ids == NULL) {
        return FAIL(E_MEMORY);
    }
    struct status status = list_entries(v, p, &list, each, arg);
    mem_free(list.ids);
    return status;
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
static struct status batch_opening(struct vault *v, uint64_t leaf, const struct entry_item *item,
                                   struct buf *out) {
    struct slice row;
    struct status found = store_view(v->store, STORE_BATCHES, 0, leaf, &row);
    if (found.code == E_STORE_MISSING) {
        return FAIL(E_VAULT_CORRUPT);
    }
    TRY(found);
    size_t count = row.len / sizeof(struct seal_hash);
    if (row.len % sizeof(struct seal_hash) != 0 || item->index == 0 || item->index > count) {
        return FAIL(E_VAULT_CORRUPT);
    }
    struct merkle_path path = {.count = 0};
    merkle_path_in((const struct seal_hash *)(const void *)row.ptr, count, item->index - 1, &path);
    return opening_write_path(OPENING_PERSON, &item->item, item->index - 1, count, &path, out);
}

static struct status item_opening(struct vault *v, uint64_t leaf, const struct entry_item *item,
                                  struct buf *out) {
    if (item->index != 0) {
        return batch_opening(v, leaf, item, out);
    }
    return opening_write(OPENING_PERSON, &item->item, 1, 0, out);
}

struct status vault_receipt(struct vault *v, uint64_t subject, uint64_t leaf,
                            struct buf *ret_file) {
    TRY(vault_ready(v));
    TRY(publish_through(v, leaf));
    struct person *p = NULL;
    TRY(person_get(v, subject, &p));
    struct seal_key key CLEANUP(seal_key_done);
    TRY(person_key_get(v, p, PERSON_KEY, &key));
    struct slice sealed;
    struct status found = store_view(v->store, STORE_OPENINGS, subject, leaf, &sealed);
    if (found.code == E_STORE_MISSING) {
        return FAIL(E_NO_RECORD);
    }
    TRY(found);
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, STATE_MAX);
    TRY(open_row(&key, subject, leaf, sealed, &plain));
    struct slice rest = slice_from(buf_slice(&plain), HEAD_BYTES);
    struct entry_item item;
    if (!next_item(&rest, &item)) {
        return FAIL(E_VAULT_CORRUPT);
    }
    struct buf opening CLEANUP(buf_done);
    buf_init_secret(&opening, OPENING_MAX);
    TRY(item_opening(v, leaf, &item, &opening));
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
    struct slice auditor = subject == 0 ? content : SLICE("");
    return log_leaf(v, (enum leaf_kind)kind, p, content, auditor, ret_leaf);
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

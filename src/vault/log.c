/* Leaves: each change of rights writes its leaf and its openings in the transaction that makes the
 * change; after the commit the ledger gets them. The index is given here, so that a receipt can be
 * named before it is published. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "inside.h"

enum { PUBLISH_AT_ONCE = 65536, LEAVES_ROW_MAX = DELTA_MAX };

struct status log_entry(struct vault *v, const struct leaf *leaf, uint64_t *ret_index) {
    uint8_t entry[LEAF_LEN];
    leaf_put(leaf, entry);
    TRY(buf_add(&v->pending.leaves, slice_of(entry, sizeof entry)));
    uint64_t index = v->counters.leaves++;
    if (ret_index != NULL) {
        *ret_index = index;
    }
    return STATUS_OK;
}

static struct opening_entry entry_of(const struct vault *v, enum leaf_kind kind,
                                     const struct opening_item *item) {
    return (struct opening_entry){
        .leaf = v->counters.leaves, .at_ms = vault_now_ms(v), .kind = (uint8_t)kind, .item = *item};
}

/* A leaf with one item that the caller keeps for a receipt. */
struct status log_item(struct vault *v, enum leaf_kind kind, const struct person *p,
                       const struct opening_item *item, struct slice auditor_content,
                       uint64_t *ret_index) {
    struct leaf leaf = {
        .kind = kind, .hour = leaf_hour(vault_now_ms(v)), .person = leaf_commit(item)};
    struct seal_key key CLEANUP(seal_key_done);
    TRY(person_key_get(v, p, PERSON_KEY, &key));
    struct opening_entry entry = entry_of(v, kind, item);
    entry.own_salt = true;
    TRY(openings_add(v, p->subject.id, &key, &entry));
    TRY(log_auditor(v, &leaf, auditor_content));
    return log_entry(v, &leaf, ret_index);
}

/* Sets the commitment, too. */
static struct opening_entry salted_entry(const struct vault *v, const struct seal_key *key,
                                         enum leaf_kind kind, struct slice content,
                                         struct seal_hash *ret_commitment) {
    struct opening_item item = {.salt = opening_salt(key, v->counters.leaves, 0),
                                .content = content};
    *ret_commitment = leaf_commit(&item);
    return entry_of(v, kind, &item);
}

static struct status log_person(struct vault *v, struct leaf *leaf, const struct person *p,
                                struct slice content) {
    leaf->person = leaf_commit_nothing();
    if (p == NULL) {
        return STATUS_OK;
    }
    struct seal_key key CLEANUP(seal_key_done);
    TRY(person_key_get(v, p, PERSON_KEY, &key));
    struct opening_entry entry = salted_entry(v, &key, leaf->kind, content, &leaf->person);
    return openings_add(v, p->subject.id, &key, &entry);
}

struct status log_auditor(struct vault *v, struct leaf *leaf, struct slice content) {
    leaf->auditor = leaf_commit_nothing();
    if (content.len == 0) {
        return STATUS_OK;
    }
    struct seal_key key CLEANUP(seal_key_done);
    TRY(openings_auditor_key(v, &key));
    struct opening_entry entry = salted_entry(v, &key, leaf->kind, content, &leaf->auditor);
    return openings_add_auditor(v, &entry);
}

struct status log_leaf(struct vault *v, enum leaf_kind kind, const struct person *p,
                       struct slice person_content, struct slice auditor_content,
                       uint64_t *ret_index) {
    struct leaf leaf = {.kind = kind, .hour = leaf_hour(vault_now_ms(v))};
    TRY(log_person(v, &leaf, p, person_content));
    TRY(log_auditor(v, &leaf, auditor_content));
    return log_entry(v, &leaf, ret_index);
}

/* In the commit ------------------------------------------------------------------------- */

struct status log_commit_rows(struct vault *v) {
    if (v->drop_leaves_below != 0) {
        TRY(store_delete_range(v->store, STORE_LEAVES, 0, 0, v->drop_leaves_below));
        v->drop_leaves_below = 0;
    }
    TRY(tight_commit_rows(v));
    if (v->pending.leaves.len == 0) {
        return STATUS_OK;
    }
    uint64_t first = v->counters.leaves - v->pending.leaves.len / LEAF_LEN;
    struct buf sealed CLEANUP(buf_done);
    buf_init(&sealed, LEAVES_ROW_MAX + RECORD_OVERHEAD);
    struct seal_place place = {.what = SEAL_STATE, .category = STORE_LEAVES, .id = first};
    TRY(record_seal_buf(&v->state_key, &place, buf_slice(&v->pending.leaves), &sealed));
    TRY(store_put(v->store, STORE_LEAVES, 0, first, buf_slice(&sealed)));
    TRY(buf_add(&v->unpublished, buf_slice(&v->pending.leaves)));
    buf_clear(&v->pending.leaves);
    return STATUS_OK;
}

struct status log_committed(struct vault *v) {
    if (v->unpublished.len < (size_t)PUBLISH_AT_ONCE * LEAF_LEN) {
        return STATUS_OK;
    }
    return log_publish(v);
}

struct status log_publish(struct vault *v) {
    size_t count = v->unpublished.len / LEAF_LEN;
    if (count == 0 || v->tentative) {
        return STATUS_OK;
    }
    if (v->in_op || v->in_batch) {
        return FAIL(E_BATCH);
    }
    TRY(vault_sync(v)); /* what is published is never ahead of the store */
    struct status status = ledger_append_at(v->ledger, v->stored_from, v->unpublished.ptr, count);
    if (!failed(status)) {
        status = ledger_publish(v->ledger);
    }
    if (failed(status)) {
        vault_stop(v);
        return status;
    }
    v->stored_from += count;
    v->drop_leaves_below = v->stored_from;
    buf_clear(&v->unpublished);
    return STATUS_OK;
}

/* Opening ------------------------------------------------------------------------------- */

static struct status load_leaves(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    struct vault *v = arg;
    struct buf plain CLEANUP(buf_done);
    buf_init(&plain, LEAVES_ROW_MAX);
    TRY(state_open(v, STORE_LEAVES, owner, id, sealed, &plain));
    if (plain.len == 0 || plain.len % LEAF_LEN != 0) {
        return FAIL(E_VAULT_CORRUPT);
    }
    if (v->unpublished.len == 0) {
        v->stored_from = id;
    }
    if (id != v->stored_from + v->unpublished.len / LEAF_LEN) {
        return FAIL(E_VAULT_CORRUPT); /* a leaf is missing */
    }
    return buf_add(&v->unpublished, buf_slice(&plain));
}

static struct status open_ledger(struct vault *v, const struct vault_options *options,
                                 bool restored) {
    char dir[OS_PATH_MAX];
    TRY(vault_path(v->ledger_dir, "log", dir));
    struct ledger_options how = {
        .fs = v->fs,
        .dir = dir,
        .origin = slice_str(options->ledger_origin),
        .key = &v->log_key,
        .store_leaves = v->counters.leaves,
    };
    char checkpoint[OS_PATH_MAX];
    bool there = false;
    TRY(vault_path(dir, "checkpoint", checkpoint));
    TRY(os_exists(v->fs, checkpoint, &there));
    if (!there && (restored || v->stored_from == 0)) {
        TRY(ledger_create(&how)); /* new, or nothing was ever published, or all is lost */
    }
    if (restored) {
        return ledger_open_restored(&how, &v->ledger);
    }
    struct status status = ledger_open(&how, &v->ledger);
    return status.code == E_LEDGER_AHEAD ? FAIL(E_VAULT_ROLLED_BACK) : status;
}

/* Leaves that were published before the crash are compared and not written again. */
static struct status hand_over(struct vault *v) {
    uint64_t published = ledger_published(v->ledger);
    if (v->stored_from > published) {
        return FAIL(E_VAULT_CORRUPT);
    }
    TRY(log_publish(v));
    return STATUS_OK;
}

struct status log_open(struct vault *v, const struct vault_options *options, bool restored) {
    TRY(keyring_signing_key(v->keys, &v->log_key));
    v->stored_from = v->counters.leaves;
    TRY(store_each(v->store, STORE_LEAVES, 0, 0, load_leaves, v));
    uint64_t rows = v->unpublished.len / LEAF_LEN;
    if (rows > 0 && v->stored_from + rows != v->counters.leaves) {
        return FAIL(E_VAULT_CORRUPT); /* row and leaf disagree */
    }
    TRY(open_ledger(v, options, restored));
    if (restored) {
        v->counters.leaves = ledger_published(v->ledger);
        v->stored_from = v->counters.leaves;
        buf_clear(&v->unpublished);
        return STATUS_OK;
    }
    return hand_over(v);
}

void log_close(struct vault *v) {
    ledger_close(&v->ledger);
    seal_signing_key_done(&v->log_key);
    os_close(v->fs, &v->tight_file);
}

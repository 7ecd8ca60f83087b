/* Forgetting people: intent, keys, rows, completion; in that order, and finished at the next open
 * wherever it stopped.
 *
 * Many are forgotten in groups: one intent, one sync of the keyring and one transaction for a
 * group, a completion leaf of their own for each. Once the keys are gone nothing can be read any
 * more, whatever happens to the rest. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "said.h"

enum { GROUP = 2048, DONE_MAX = 512, ROW_HEAD = 8 + 1 + 8, ROW_EACH = 8 + LEAF_SALT_LEN };

/* One row of STORE_ERASURES: be64 intent, kind, be64 category, then subject and salt each. */
struct erasure {
    uint64_t intent;
    uint8_t kind; /* TIGHT_ERASE_SUBJECT or TIGHT_ERASE_CATEGORY */
    uint64_t category;
    struct slice each; /* ROW_EACH bytes for each person */
};

static size_t person_count(const struct erasure *e) {
    return e->each.len / ROW_EACH;
}

static uint64_t person_at(const struct erasure *e, size_t i) {
    return bytes_be64(e->each.ptr + i * ROW_EACH);
}

static struct status erasure_read(struct slice row, struct erasure *ret) {
    if (row.len < ROW_HEAD + ROW_EACH || (row.len - ROW_HEAD) % ROW_EACH != 0) {
        return FAIL(E_VAULT_CORRUPT);
    }
    *ret = (struct erasure){.intent = bytes_be64(row.ptr),
                            .kind = row.ptr[8],
                            .category = bytes_be64(row.ptr + 9),
                            .each = slice_from(row, ROW_HEAD)};
    return STATUS_OK;
}

/* Intent -------------------------------------------------------------------------------- */

/* The person and the salt of the completion, which only the key can make. */
static struct status add_person(struct vault *v, const struct person *p, struct buf *row) {
    struct seal_key key CLEANUP(seal_key_done);
    TRY(person_key_get(v, p, PERSON_KEY, &key));
    struct leaf_salt salt = leaf_salt_of_erasure(&key);
    TRY(buf_add_be64(row, p->subject.id));
    return buf_add(row, slice_of(salt.bytes, LEAF_SALT_LEN));
}

struct intent {
    const struct vault_actor *actor;
    struct slice ground;
    uint8_t kind;
    uint64_t category;
    struct person *only; /* when it is one person */
    size_t count;
};

static struct status log_intent(struct vault *v, const struct intent *intent, struct slice each,
                                uint64_t *ret_index) {
    struct said said = {
        .subject = intent->only == NULL ? 0 : intent->only->subject.id,
        .count = intent->count,
        .at_ms = vault_now_ms(v),
        .ground = intent->ground,
    };
    if (intent->kind == TIGHT_ERASE_CATEGORY) {
        said.category = vault_category_name(v, (uint8_t)intent->category);
    }
    said_actor(&said, intent->actor);
    TRY(said_log(v, LEAF_ERASURE_INTENT, intent->only, &said, ret_index));
    struct buf ids CLEANUP(buf_done);
    buf_init(&ids, DELTA_MAX);
    for (size_t i = 0; i < each.len / ROW_EACH; i++) {
        TRY(buf_add_be32(&ids, (uint32_t)bytes_be64(each.ptr + i * ROW_EACH)));
    }
    struct tightening tight = {
        .kind = intent->kind, .what = intent->category, .ids = buf_slice(&ids)};
    return log_tighten(v, &tight);
}

static struct status begin(struct vault *v, const struct intent *intent, struct slice each,
                           struct buf *row) {
    uint64_t index = 0;
    TRY(log_intent(v, intent, each, &index));
    TRY(buf_add_be64(row, index));
    TRY(buf_add_byte(row, intent->kind));
    TRY(buf_add_be64(row, intent->category));
    TRY(buf_add(row, each));
    return state_put(v, STORE_ERASURES, 0, index, buf_slice(row));
}

/* Keys ---------------------------------------------------------------------------------- */

struct key_rows {
    struct vault *v;
    struct buf *keys;
    uint64_t only;         /* number of the key, or UINT64_MAX for all */
    struct outliving held; /* but not those of what is held: they are replaced */
};

static struct status collect_key(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    struct key_rows *rows = arg;
    bool other = rows->only != UINT64_MAX && rows->only != id;
    if (other || (id != PERSON_KEY && outlives(&rows->held, id - 1))) {
        return STATUS_OK;
    }
    struct buf plain CLEANUP(buf_done);
    buf_init(&plain, KEY_REF_LEN);
    TRY(state_open(rows->v, STORE_KEYS, owner, id, sealed, &plain));
    if (plain.len != KEY_REF_LEN) {
        return FAIL(E_VAULT_CORRUPT);
    }
    struct key_ref ref = key_ref_get(plain.ptr);
    return buf_add(rows->keys, slice_of(&ref, sizeof ref));
}

/* What single holds keep of the erasure of person i. */
static struct outliving held_back(const struct vault *v, const struct erasure *e, size_t i) {
    bool all = e->kind != TIGHT_ERASE_CATEGORY;
    return held_of(v, person_at(e, i), all ? VAULT_ALL : e->category);
}

static struct status destroy_keys(struct vault *v, const struct erasure *e) {
    struct buf keys CLEANUP(buf_done);
    buf_init(&keys, (size_t)1 << 30);
    struct key_rows rows = {.v = v, .keys = &keys, .only = UINT64_MAX};
    if (e->kind == TIGHT_ERASE_CATEGORY) {
        rows.only = e->category + 1;
    }
    for (size_t i = 0; i < person_count(e); i++) {
        rows.held = held_back(v, e, i);
        TRY(store_each(v->store, STORE_KEYS, person_at(e, i), 0, collect_key, &rows));
    }
    TRY(keys_destroy(v, &keys));
    for (size_t i = 0; i < person_count(e); i++) {
        person_forget(v, person_at(e, i));
    }
    return STATUS_OK;
}

/* Rows and completion ------------------------------------------------------------------- */

static struct status add_grounds(const struct outliving *held, struct buf *out) {
    for (uint8_t ground = 0; ground < 32; ground++) {
        if ((held->grounds >> ground & 1) != 0) {
            TRY(content_add_text(out, FIELD_GROUND, hold_ground_text(ground)));
        }
    }
    return STATUS_OK;
}

/* What the completion says under its salt: that an announced erasure is done, and how many records
 * a legal hold kept back, why, and until when at the latest. */
static struct status done_content(struct vault *v, const struct erasure *e,
                                  const struct outliving *held, struct buf *out) {
    bool all = held->records == 0;
    TRY(all ? STATUS_OK : content_add_u64(out, FIELD_COUNT, held->records));
    TRY(content_add_u64(out, FIELD_AT_MS, (uint64_t)vault_now_ms(v)));
    TRY(all ? STATUS_OK : content_add_u64(out, FIELD_UNTIL_MS, (uint64_t)held->until_ms));
    TRY(add_grounds(held, out));
    TRY(content_add_u64(out, FIELD_INTENT, e->intent));
    return all ? STATUS_OK
               : content_add_text(out, FIELD_METHOD, SLICE("all but what a legal hold keeps"));
}

static struct status log_done(struct vault *v, const struct erasure *e, size_t i,
                              struct slice content, uint64_t *ret_index) {
    struct opening_item item = {.content = content};
    memcpy(item.salt.bytes, e->each.ptr + i * ROW_EACH + 8, LEAF_SALT_LEN);
    struct leaf leaf = {.kind = LEAF_ERASURE_DONE,
                        .hour = leaf_hour(vault_now_ms(v)),
                        .person = leaf_commit(&item),
                        .auditor = leaf_commit_nothing()};
    return log_entry(v, &leaf, ret_index);
}

static struct status category_goes(struct vault *v, const struct erasure *e, uint64_t subject,
                                   const struct outliving *held, struct selection *gone,
                                   struct vault_erased *ret) {
    struct vault_query query = {.owner = subject, .category = (uint8_t)(e->category + 1)};
    struct selection all CLEANUP(selection_done);
    selection_init(&all);
    TRY(columns_select(&v->columns, &query, vault_now_s(v), true, &all));
    for (uint64_t id = selection_next(&all, 0); id != 0; id = selection_next(&all, id)) {
        TRY(record_held(v, id) ? STATUS_OK : selection_add(gone, id));
    }
    TRY(records_leave(v, subject, e->category, &ret->kept));
    if (held->records > 0) {
        return STATUS_OK;
    }
    TRY(store_delete(v->store, STORE_CARRIED, subject, e->category + 1));
    return key_row_drop(v, STORE_KEYS, subject, e->category + 1);
}

static struct status person_goes(struct vault *v, uint64_t subject, const struct outliving *held,
                                 struct selection *gone, struct vault_erased *ret) {
    struct slice row;
    struct status here = store_view(v->store, STORE_SUBJECTS, subject, 0, &row);
    bool counted = !failed(here);
    TRY(here.code == E_STORE_MISSING ? STATUS_OK : here);
    TRY(guardian_leave(v, subject));
    TRY(records_hand_over(v, subject, gone, &ret->kept));
    TRY(records_leave(v, subject, VAULT_ALL, &ret->kept));
    TRY(person_rows_erase(v, subject, held));
    v->counters.erased += counted;
    v->counters.subjects -= counted;
    return STATUS_OK;
}

/* What is held is sealed anew under a key that opens nothing of what is erased beside it. */
static struct status hold_back(struct vault *v, const struct erasure *e, uint64_t subject,
                               const struct outliving *held, struct vault_erased *ret) {
    for (uint8_t category = 0; held->records > 0 && category < VAULT_CATEGORIES_MAX; category++) {
        TRY(outlives(held, category) ? rekey_wait(v, subject, category) : STATUS_OK);
    }
    ret->held += held->records;
    bool all = e->kind != TIGHT_ERASE_CATEGORY;
    return held->records == 0 ? STATUS_OK
                              : held_then_goes(v, subject, all ? VAULT_ALL : e->category);
}

/* content: what the completion of this person says. */
static struct status finish_one(struct vault *v, const struct erasure *e, size_t i,
                                struct buf *content, struct selection *gone,
                                struct vault_erased *ret) {
    uint64_t subject = person_at(e, i);
    struct outliving held = held_back(v, e, i);
    TRY(e->kind == TIGHT_ERASE_CATEGORY ? category_goes(v, e, subject, &held, gone, ret)
                                        : person_goes(v, subject, &held, gone, ret));
    TRY(hold_back(v, e, subject, &held, ret));
    TRY(feed_subject(v, subject, UINT64_MAX, VAULT_CAUSE_ERASED));
    if (v->replaying) {
        return STATUS_OK; /* its completion stands in the ledger already */
    }
    buf_clear(content);
    TRY(done_content(v, e, &held, content));
    return log_done(v, e, i, buf_slice(content), &ret->leaf);
}

static struct status finish_rows(struct vault *v, const struct erasure *e, struct buf *content,
                                 struct doomed *doomed, struct vault_erased *ret) {
    struct selection gone CLEANUP(selection_done);
    selection_init(&gone);
    for (size_t i = 0; i < person_count(e); i++) {
        TRY(finish_one(v, e, i, content, &gone, ret));
    }
    TRY(store_delete(v->store, STORE_ERASURES, 0, e->intent));
    ret->records += gone.records;
    return records_erase(v, &gone, doomed);
}

/* From the keys on; what an open finds half done goes on here. content: what the completion says,
 * of many people that of the last. */
static struct status finish(struct vault *v, const struct erasure *e, struct buf *content,
                            struct vault_erased *ret) {
    struct doomed doomed CLEANUP(doomed_done);
    doomed_init(&doomed);
    struct status status = destroy_keys(v, e);
    if (!failed(status)) {
        TRY(op_begin(v));
        status = op_end(v, finish_rows(v, e, content, &doomed, ret));
    }
    if (failed(status)) {
        vault_stop(v); /* announced and not done: only the next open may go on */
        return status;
    }
    ret->intent = e->intent;
    ret->feed_seq = v->counters.next_id - 1;
    return doomed_destroy(v, &doomed);
}

/* Groups -------------------------------------------------------------------------------- */

static struct status forget_tags(struct vault *v, const struct erasure *e) {
    for (size_t i = 0; i < person_count(e) && e->kind == TIGHT_ERASE_SUBJECT; i++) {
        struct person *p = NULL;
        TRY(person_get(v, person_at(e, i), &p));
        TRY(tags_forget(v, p));
    }
    return STATUS_OK;
}

static struct status run(struct vault *v, const struct intent *intent, struct slice each,
                         struct buf *content, struct vault_erased *ret) {
    struct buf row CLEANUP(buf_done);
    buf_init_secret(&row, STATE_MAX);
    TRY(op_begin(v));
    TRY(op_end(v, begin(v, intent, each, &row)));
    struct erasure e;
    TRY(erasure_read(buf_slice(&row), &e));
    TRY(forget_tags(v, &e));
    return finish(v, &e, content, ret);
}

/* The next group of people who can go: those who are here and not held. */
static struct status gather_group(struct vault *v, const uint64_t *ids, size_t count,
                                  size_t *io_next, struct buf *each, struct person **ret_last) {
    size_t found = 0;
    while (*io_next < count && found < GROUP) {
        uint64_t id = ids[(*io_next)++];
        struct status status =
            subject_held(v, id) ? FAIL(E_NO_SUBJECT) : person_get(v, id, ret_last);
        if (status.code == E_NO_SUBJECT) {
            continue;
        }
        TRY(status);
        TRY(add_person(v, *ret_last, each));
        found++;
    }
    return STATUS_OK;
}

static struct status make_receipt(struct vault *v, struct slice each, struct slice content,
                                  uint64_t leaf, struct buf *receipt) {
    struct opening_item item = {.content = content};
    memcpy(item.salt.bytes, each.ptr + 8, LEAF_SALT_LEN);
    return receipt_write(v, leaf, &item, receipt);
}

struct status erase_people(struct vault *v, const struct vault_actor *actor, const uint64_t *ids,
                           size_t count, struct slice ground, struct buf *receipt,
                           struct vault_erased *ret) {
    struct vault_erased total = {.records = 0};
    for (size_t next = 0; next < count;) {
        struct buf each CLEANUP(buf_done);
        struct buf content CLEANUP(buf_done);
        buf_init_secret(&each, STATE_MAX);
        buf_init(&content, DONE_MAX);
        struct person *last = NULL;
        people_trim(v);
        TRY(gather_group(v, ids, count, &next, &each, &last));
        size_t people = each.len / ROW_EACH;
        if (people == 0) {
            continue;
        }
        struct intent intent = {.actor = actor,
                                .ground = ground,
                                .kind = TIGHT_ERASE_SUBJECT,
                                .only = count == 1 ? last : NULL,
                                .count = people};
        TRY(run(v, &intent, buf_slice(&each), &content, &total));
        if (receipt != NULL) {
            TRY(make_receipt(v, buf_slice(&each), buf_slice(&content), total.leaf, receipt));
        }
    }
    *ret = total;
    return STATUS_OK;
}

static struct status ready_to_erase(struct vault *v) {
    TRY(vault_ready(v));
    return v->in_batch ? FAIL(E_BATCH) : access_gather(v);
}

struct status vault_erase_subject(struct vault *v, const struct vault_actor *actor,
                                  uint64_t subject, struct slice ground, struct buf *receipt,
                                  struct vault_erased *ret) {
    TRY(ready_to_erase(v));
    struct person *p = NULL;
    TRY(person_get(v, subject, &p));
    if (subject_held(v, subject)) {
        return FAIL(E_HELD);
    }
    return erase_people(v, actor, &subject, 1, ground, receipt, ret);
}

struct status vault_erase_many(struct vault *v, const struct vault_actor *actor,
                               const uint64_t *subjects, size_t count, struct slice ground,
                               struct vault_erased *ret) {
    TRY(ready_to_erase(v));
    uint64_t before = v->counters.erased;
    TRY(erase_people(v, actor, subjects, count, ground, NULL, ret));
    ret->records = v->counters.erased - before;
    return STATUS_OK;
}

struct status vault_erase_category(struct vault *v, const struct vault_actor *actor,
                                   uint64_t subject, uint8_t category, struct slice ground,
                                   struct buf *receipt, struct vault_erased *ret) {
    TRY(ready_to_erase(v));
    struct person *p = NULL;
    TRY(person_get(v, subject, &p));
    if (subject_held(v, subject)) {
        return FAIL(E_HELD);
    }
    struct buf each CLEANUP(buf_done);
    struct buf content CLEANUP(buf_done);
    buf_init_secret(&each, STATE_MAX);
    buf_init(&content, DONE_MAX);
    TRY(add_person(v, p, &each));
    /* The person stays, so this completion's salt is a fresh one. */
    struct leaf_salt salt = leaf_salt_random();
    memcpy(each.ptr + 8, salt.bytes, LEAF_SALT_LEN);
    struct intent intent = {.actor = actor,
                            .ground = ground,
                            .kind = TIGHT_ERASE_CATEGORY,
                            .category = category,
                            .only = p,
                            .count = 1};
    struct vault_erased erased = {.records = 0};
    TRY(run(v, &intent, buf_slice(&each), &content, &erased));
    if (receipt != NULL) {
        TRY(make_receipt(v, buf_slice(&each), buf_slice(&content), erased.leaf, receipt));
    }
    *ret = erased;
    return STATUS_OK;
}

/* One record ---------------------------------------------------------------------------- */

static struct status erase_one(struct vault *v, const struct vault_actor *actor, uint64_t id,
                               struct slice ground, struct doomed *doomed, struct buf *content,
                               struct opening_item *item, struct vault_erased *ret) {
    uint32_t at = 0;
    const struct segment *s = columns_at(&v->columns, id, &at);
    struct person *p = NULL;
    TRY(s == NULL ? FAIL(E_NO_RECORD) : person_get(v, s->rows[at].owner, &p));
    struct said said = {.subject = p->subject.id,
                        .category = vault_category_name(v, s->rows[at].category),
                        .count = 1,
                        .at_ms = vault_now_ms(v),
                        .ground = ground,
                        .records = {id}};
    said_actor(&said, actor);
    struct buf auditor CLEANUP(buf_done);
    buf_init(&auditor, SAID_MAX);
    TRY(said_write(v, &said, OPENING_PERSON, content));
    TRY(said_write(v, &said, OPENING_AUDITOR, &auditor));
    *item = (struct opening_item){.salt = leaf_salt_random(), .content = buf_slice(content)};
    TRY(log_item(v, LEAF_DELETION, p, item, buf_slice(&auditor), &ret->leaf));
    struct selection which CLEANUP(selection_done);
    selection_init(&which);
    TRY(selection_add(&which, id));
    TRY(tighten_ids(v, &which));
    TRY(feed_records(v, &which, VAULT_CAUSE_ERASED));
    TRY(rekey_mark(v, &which));
    return records_erase(v, &which, doomed);
}

struct status vault_erase_record(struct vault *v, const struct vault_actor *actor, uint64_t id,
                                 struct slice ground, struct buf *receipt,
                                 struct vault_erased *ret) {
    TRY(vault_ready(v));
    if (v->in_batch && receipt != NULL) {
        return FAIL(E_BATCH);
    }
    if (record_held(v, id)) {
        return FAIL(E_HELD);
    }
    struct doomed doomed CLEANUP(doomed_done);
    struct buf content CLEANUP(buf_done);
    doomed_init(&doomed);
    buf_init_secret(&content, SAID_MAX);
    struct opening_item item;
    struct vault_erased erased = {.records = 1};
    TRY(op_begin(v));
    TRY(op_end(v, erase_one(v, actor, id, ground, &doomed, &content, &item, &erased)));
    TRY(doomed_destroy(v, &doomed));
    erased.intent = erased.leaf;
    erased.feed_seq = v->counters.next_id - 1;
    TRY(receipt == NULL ? STATUS_OK : receipt_write(v, erased.leaf, &item, receipt));
    *ret = erased;
    return STATUS_OK;
}

/* Once more ----------------------------------------------------------------------------- */

struct status erase_again(struct vault *v, uint8_t kind, uint64_t category, const uint64_t *ids,
                          size_t count) {
    static const uint8_t no_salt[LEAF_SALT_LEN];
    struct buf each CLEANUP(buf_done);
    buf_init(&each, STATE_MAX);
    for (size_t i = 0; i < count; i++) {
        TRY(buf_add_be64(&each, ids[i]));
        TRY(buf_add(&each, slice_of(no_salt, sizeof no_salt)));
    }
    struct erasure e = {
        .intent = INT64_MAX, .kind = kind, .category = category, .each = buf_slice(&each)};
    struct vault_erased erased = {.records = 0};
    return finish(v, &e, NULL, &erased);
}

/* After a crash ------------------------------------------------------------------------- */

static struct status collect_erasure(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    struct buf *ids = arg;
    (void)owner;
    (void)sealed;
    return buf_add(ids, slice_of(&id, sizeof id));
}

struct status erasures_finish(struct vault *v) {
    struct buf ids CLEANUP(buf_done);
    buf_init(&ids, DELTA_MAX);
    TRY(store_each(v->store, STORE_ERASURES, 0, 0, collect_erasure, &ids));
    for (size_t at = 0; at < ids.len; at += sizeof(uint64_t)) {
        uint64_t id = 0;
        memcpy(&id, ids.ptr + at, sizeof id);
        struct buf row CLEANUP(buf_done);
        struct buf content CLEANUP(buf_done);
        buf_init_secret(&row, STATE_MAX);
        buf_init(&content, DONE_MAX);
        TRY(state_get(v, STORE_ERASURES, 0, id, &row));
        struct erasure e;
        struct vault_erased erased = {.records = 0};
        TRY(erasure_read(buf_slice(&row), &e));
        TRY(finish(v, &e, &content, &erased));
    }
    return STATUS_OK;
}

/* Legal holds: a typed exception from erasure, with a ground, an end, and a leaf of its own. What
 * is held is kept and used for nothing. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "said.h"

/* A row: ground (with GOES, the record goes at the hold's end), be64 end, reference. */
enum { ROW_BYTES = 1 + 8, REFERENCE_MAX = 200, GOES = 0x80 };

static const struct {
    enum vault_hold_ground ground;
    struct slice text;
} grounds[] = {
    {VAULT_HOLD_LEGAL_OBLIGATION, SLICE_INIT("GDPR Art. 17(3)(b)")},
    {VAULT_HOLD_PUBLIC_HEALTH, SLICE_INIT("GDPR Art. 17(3)(c)")},
    {VAULT_HOLD_ARCHIVING, SLICE_INIT("GDPR Art. 17(3)(d)")},
    {VAULT_HOLD_LEGAL_CLAIMS, SLICE_INIT("GDPR Art. 17(3)(e)")},
};

struct slice hold_ground_text(uint8_t ground) {
    for (size_t i = 0; i < ARRAY_LEN(grounds); i++) {
        if (grounds[i].ground == ground) {
            return grounds[i].text;
        }
    }
    return SLICE("");
}

static struct status make_room(struct vault *v) {
    struct held *grown = mem_resize(v->holds, v->hold_count + 1, sizeof *grown);
    if (grown == NULL) {
        return FAIL(E_MEMORY);
    }
    v->holds = grown;
    return STATUS_OK;
}

static struct held *find(const struct vault *v, uint64_t subject, uint64_t record) {
    for (size_t i = 0; i < v->hold_count; i++) {
        if (v->holds[i].subject == subject && v->holds[i].record == record) {
            return &v->holds[i];
        }
    }
    return NULL;
}

static struct status load_hold(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    struct vault *v = arg;
    struct buf plain CLEANUP(buf_done);
    buf_init(&plain, ROW_BYTES + REFERENCE_MAX);
    TRY(state_open(v, STORE_HOLDS, owner, id, sealed, &plain));
    if (plain.len < ROW_BYTES) {
        return FAIL(E_VAULT_CORRUPT);
    }
    TRY(make_room(v));
    v->holds[v->hold_count++] = (struct held){.subject = owner,
                                              .record = id,
                                              .until_ms = (int64_t)bytes_be64(plain.ptr + 1),
                                              .ground = plain.ptr[0] & (GOES - 1),
                                              .goes = (plain.ptr[0] & GOES) != 0};
    return STATUS_OK;
}

struct status holds_load(struct vault *v) {
    return store_scan(v->store, STORE_HOLDS, 0, load_hold, v);
}

bool subject_held(const struct vault *v, uint64_t subject) {
    return v->hold_count > 0 && find(v, subject, 0) != NULL;
}

bool record_held(const struct vault *v, uint64_t id) {
    uint32_t at = 0;
    const struct segment *s = v->hold_count == 0 ? NULL : columns_at(&v->columns, id, &at);
    if (s == NULL) {
        return false;
    }
    return segment_bit(s, PLANES_FLAG, HELD_BIT, at) || subject_held(v, s->rows[at].owner);
}

/* What outlives an erasure ----------------------------------------------------------------- */

/* Whether it is a hold on a single record of the person, of that category. */
static bool keeps(const struct vault *v, const struct held *held, uint64_t subject,
                  uint64_t category, uint8_t *ret_category) {
    uint32_t at = 0;
    const struct segment *s = held->record == 0 ? NULL : columns_at(&v->columns, held->record, &at);
    if (s == NULL || s->rows[at].owner != subject) {
        return false;
    }
    *ret_category = s->rows[at].category;
    return category == VAULT_ALL || category == *ret_category;
}

struct outliving held_of(const struct vault *v, uint64_t subject, uint64_t category) {
    struct outliving sum = {.records = 0};
    for (size_t i = 0; i < v->hold_count; i++) {
        const struct held *held = &v->holds[i];
        uint8_t of = 0;
        if (keeps(v, held, subject, category, &of)) {
            sum.records++;
            sum.categories[of / 64] |= UINT64_C(1) << (of % 64);
            sum.until_ms = held->until_ms > sum.until_ms ? held->until_ms : sum.until_ms;
            sum.grounds |= UINT32_C(1) << held->ground;
        }
    }
    return sum;
}

static struct status then_goes(struct vault *v, struct held *held) {
    struct buf row CLEANUP(buf_done);
    buf_init(&row, ROW_BYTES + REFERENCE_MAX);
    TRY(state_get(v, STORE_HOLDS, held->subject, held->record, &row));
    TRY(row.len >= ROW_BYTES ? STATUS_OK : FAIL(E_VAULT_CORRUPT));
    row.ptr[0] |= GOES;
    held->goes = true;
    return state_put(v, STORE_HOLDS, held->subject, held->record, buf_slice(&row));
}

struct status held_then_goes(struct vault *v, uint64_t subject, uint64_t category) {
    for (size_t i = 0; i < v->hold_count; i++) {
        uint8_t of = 0;
        if (keeps(v, &v->holds[i], subject, category, &of)) {
            TRY(then_goes(v, &v->holds[i]));
        }
    }
    return STATUS_OK;
}

/* Placing and ending ----------------------------------------------------------------------- */

static struct status flag_record(struct vault *v, uint64_t id, bool on) {
    struct selection which CLEANUP(selection_done);
    selection_init(&which);
    TRY(selection_add(&which, id));
    struct vault_change change = {.flags_add = on ? VAULT_HELD : 0,
                                  .flags_remove = on ? 0 : VAULT_HELD};
    return records_change(v, &which, &change, on ? VAULT_CAUSE_HELD : VAULT_CAUSE_CHANGED);
}

/* Whose the record is; for a hold on a person, that person. */
static struct status concerned(struct vault *v, uint64_t subject, uint64_t record,
                               struct person **ret) {
    uint32_t at = 0;
    const struct segment *s = record == 0 ? NULL : columns_at(&v->columns, record, &at);
    if (record != 0 && s == NULL) {
        return FAIL(E_NO_RECORD);
    }
    return person_get(v, s == NULL ? subject : s->rows[at].owner, ret);
}

/* NULL where they are gone: of somebody who was erased, nobody is told. */
static struct status concerned_or_gone(struct vault *v, uint64_t subject, uint64_t record,
                                       struct person **ret) {
    *ret = NULL;
    struct status found = concerned(v, subject, record, ret);
    bool gone = found.code == E_NO_RECORD || found.code == E_NO_SUBJECT;
    return gone ? STATUS_OK : found;
}

static struct status row_put(struct vault *v, const struct vault_hold *hold, bool goes) {
    struct buf row CLEANUP(buf_done);
    buf_init(&row, ROW_BYTES + REFERENCE_MAX);
    TRY(buf_add_byte(&row, (uint8_t)(hold->ground | (goes ? GOES : 0))));
    TRY(buf_add_be64(&row, (uint64_t)hold->until_ms));
    TRY(buf_add(&row, hold->reference));
    TRY(state_put(v, STORE_HOLDS, hold->subject, hold->record, buf_slice(&row)));
    struct tightening tight = {
        .kind = TIGHT_HOLD, .subject = hold->subject, .what = hold->record, .ids = buf_slice(&row)};
    return log_tighten(v, &tight);
}

/* p: NULL for what outlived its person. */
static struct status log_hold(struct vault *v, enum leaf_kind kind, const struct vault_actor *actor,
                              const struct vault_hold *hold, const struct person *p) {
    struct said said = {.subject = p == NULL ? 0 : p->subject.id,
                        .at_ms = vault_now_ms(v),
                        .until_ms = hold->until_ms,
                        .ground = hold_ground_text(hold->ground),
                        .records = {hold->record},
                        .reference = hold->reference};
    said_actor(&said, actor);
    return said_log(v, kind, p, &said, NULL);
}

/* p: NULL where a restore places it on what outlived its person. */
static struct status place(struct vault *v, const struct vault_actor *actor,
                           const struct vault_hold *hold, struct person *p) {
    TRY(make_room(v));
    TRY(log_hold(v, LEAF_HOLD, actor, hold, p));
    TRY(row_put(v, hold, false));
    if (p != NULL) {
        person_touch(v, p);
    }
    if (hold->record == 0) {
        TRY(feed_subject(v, hold->subject, UINT64_MAX, VAULT_CAUSE_HELD));
        p->held = true;
    } else {
        TRY(flag_record(v, hold->record, true));
    }
    v->holds[v->hold_count++] = (struct held){.subject = hold->subject,
                                              .record = hold->record,
                                              .until_ms = hold->until_ms,
                                              .ground = hold->ground};
    return STATUS_OK;
}

struct status vault_hold_place(struct vault *v, const struct vault_actor *actor,
                               const struct vault_hold *hold) {
    TRY(vault_ready(v));
    bool one = (hold->subject == 0) != (hold->record == 0);
    bool ends = hold->until_ms > vault_now_ms(v) && hold->until_ms < INT64_MAX;
    if (!one || !ends || hold_ground_text(hold->ground).len == 0 ||
        hold->reference.len > REFERENCE_MAX) {
        return FAIL(E_NUMBER);
    }
    if (find(v, hold->subject, hold->record) != NULL) {
        return FAIL(E_HELD);
    }
    struct person *p = NULL;
    TRY(concerned(v, hold->subject, hold->record, &p));
    TRY(op_begin(v));
    return op_end(v, place(v, actor, hold, p));
}

static struct status extend(struct vault *v, const struct vault_actor *actor, struct held *held,
                            const struct vault_hold *hold) {
    struct person *p = NULL;
    TRY(concerned_or_gone(v, held->subject, held->record, &p));
    TRY(log_hold(v, LEAF_HOLD_EXTENDED, actor, hold, p));
    TRY(row_put(v, hold, held->goes));
    held->until_ms = hold->until_ms;
    held->ground = hold->ground;
    return STATUS_OK;
}

struct status vault_hold_extend(struct vault *v, const struct vault_actor *actor,
                                const struct vault_hold *hold) {
    TRY(vault_ready(v));
    struct held *held = find(v, hold->subject, hold->record);
    if (held == NULL) {
        return FAIL(E_NO_RECORD);
    }
    if (hold->until_ms == INT64_MAX || hold_ground_text(hold->ground).len == 0 ||
        hold->reference.len > REFERENCE_MAX) {
        return FAIL(E_NUMBER);
    }
    if (hold->until_ms <= held->until_ms) {
        return FAIL(E_HOLD_EARLIER);
    }
    TRY(op_begin(v));
    return op_end(v, extend(v, actor, held, hold));
}

/* Back to use, or, where its person or category was erased meanwhile, away. */
static struct status let_go(struct vault *v, const struct held *held, struct person *p,
                            struct doomed *doomed) {
    if (held->record == 0) {
        TRY(feed_subject(v, held->subject, UINT64_MAX, VAULT_CAUSE_CHANGED));
        p->held = false;
        return STATUS_OK;
    }
    TRY(flag_record(v, held->record, false));
    return held->goes || p == NULL ? record_release(v, held->record, doomed) : STATUS_OK;
}

/* A hold whose record is gone just ends. */
static struct status lift(struct vault *v, const struct vault_actor *actor, struct held *held,
                          struct doomed *doomed) {
    struct person *p = NULL;
    uint32_t at = 0;
    bool there = held->record != 0 && columns_at(&v->columns, held->record, &at) != NULL;
    TRY(concerned_or_gone(v, held->subject, held->record, &p));
    struct said said = {.subject = p == NULL ? 0 : p->subject.id,
                        .at_ms = vault_now_ms(v),
                        .ground = hold_ground_text(held->ground),
                        .records = {held->record}};
    said_actor(&said, actor);
    TRY(said_log(v, LEAF_HOLD_ENDED, p, &said, NULL));
    TRY(store_delete(v->store, STORE_HOLDS, held->subject, held->record));
    struct tightening ended = {
        .kind = TIGHT_HOLD_ENDED, .subject = held->subject, .what = held->record};
    TRY(log_tighten(v, &ended));
    if (p != NULL) {
        person_touch(v, p);
    }
    TRY(p == NULL && !there ? STATUS_OK : let_go(v, held, p, doomed));
    *held = v->holds[--v->hold_count];
    return STATUS_OK;
}

static struct status end_hold(struct vault *v, const struct vault_actor *actor, struct held *held) {
    struct doomed doomed CLEANUP(doomed_done);
    doomed_init(&doomed);
    TRY(op_begin(v));
    TRY(op_end(v, lift(v, actor, held, &doomed)));
    return doomed_destroy(v, &doomed);
}

struct status vault_hold_lift(struct vault *v, const struct vault_actor *actor, uint64_t subject,
                              uint64_t record) {
    TRY(vault_ready(v));
    struct held *held = find(v, subject, record);
    return held == NULL ? FAIL(E_NO_RECORD) : end_hold(v, actor, held);
}

static struct status tell_hold(struct vault *v, const struct held *held, vault_hold_fn *each,
                               void *arg) {
    struct buf row CLEANUP(buf_done);
    buf_init(&row, ROW_BYTES + REFERENCE_MAX);
    TRY(state_get(v, STORE_HOLDS, held->subject, held->record, &row));
    TRY(row.len >= ROW_BYTES ? STATUS_OK : FAIL(E_VAULT_CORRUPT));
    struct vault_hold hold = {.subject = held->subject,
                              .record = held->record,
                              .ground = held->ground,
                              .until_ms = held->until_ms,
                              .reference = slice_from(buf_slice(&row), ROW_BYTES)};
    return each(arg, &hold);
}

struct status vault_holds(struct vault *v, vault_hold_fn *each, void *arg) {
    TRY(vault_ready(v));
    for (size_t i = 0; i < v->hold_count; i++) {
        TRY(tell_hold(v, &v->holds[i], each, arg));
    }
    return STATUS_OK;
}

struct status hold_drop(struct vault *v, uint64_t record) {
    struct held *held = find(v, 0, record);
    if (held != NULL) {
        *held = v->holds[--v->hold_count];
    }
    return store_delete(v->store, STORE_HOLDS, 0, record);
}

/* Also one whose end has come: it may have been extended since, and what it kept must be there
 * then. Otherwise the next tick ends it. And one on a record whose person was erased since: it
 * outlived them, or did not. */
struct status hold_again(struct vault *v, const struct tightening *t) {
    if (t->ids.len < ROW_BYTES) {
        return FAIL(E_VAULT_CORRUPT);
    }
    struct vault_hold hold = {.subject = t->subject,
                              .record = t->what,
                              .ground = t->ids.ptr[0] & (GOES - 1),
                              .until_ms = (int64_t)bytes_be64(t->ids.ptr + 1),
                              .reference = slice_from(t->ids, ROW_BYTES)};
    struct held *held = find(v, hold.subject, hold.record);
    if (held != NULL && hold.until_ms <= held->until_ms) {
        return STATUS_OK;
    }
    struct person *p = NULL;
    struct status found = concerned(v, hold.subject, hold.record, &p);
    bool outlived = hold.record != 0 && found.code == E_NO_SUBJECT;
    TRY(outlived ? STATUS_OK : found);
    TRY(op_begin(v));
    return op_end(v, held != NULL ? extend(v, NULL, held, &hold) : place(v, NULL, &hold, p));
}

/* One that cannot be ended does not keep the others. */
struct status holds_tick(struct vault *v, int64_t now_ms, int64_t *io_next_ms) {
    struct status first = STATUS_OK;
    for (size_t i = 0; i < v->hold_count;) {
        struct held *held = &v->holds[i];
        if (held->until_ms > now_ms) {
            *io_next_ms = held->until_ms < *io_next_ms ? held->until_ms : *io_next_ms;
            i++;
            continue;
        }
        struct status ended = end_hold(v, NULL, held);
        if (failed(ended)) {
            first = failed(first) ? first : ended;
            i++;
        }
    }
    return first;
}

/* Legal holds: a typed exception from erasure, with a ground, an end, and a leaf of its own. What
 * is held is kept and used for nothing. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "said.h"

enum { ROW_BYTES = 1 + 8, REFERENCE_MAX = 200 };

static const struct {
    enum vault_hold_ground ground;
    struct slice text;
} grounds[] = {
    {VAULT_HOLD_LEGAL_OBLIGATION, SLICE_INIT("GDPR Art. 17(3)(b)")},
    {VAULT_HOLD_PUBLIC_HEALTH, SLICE_INIT("GDPR Art. 17(3)(c)")},
    {VAULT_HOLD_ARCHIVING, SLICE_INIT("GDPR Art. 17(3)(d)")},
    {VAULT_HOLD_LEGAL_CLAIMS, SLICE_INIT("GDPR Art. 17(3)(e)")},
};

static struct slice ground_text(uint8_t ground) {
    for (size_t i = 0; i < ARRAY_LEN(grounds); i++) {
        if (grounds[i].ground == ground) {
            return grounds[i].text;
        }
    }
    return SLICE("");
}

static struct status keep_in_memory(struct vault *v, const struct held *held) {
    struct held *grown = mem_resize(v->holds, v->hold_count + 1, sizeof *grown);
    if (grown == NULL) {
        return FAIL(E_MEMORY);
    }
    v->holds = grown;
    v->holds[v->hold_count++] = *held;
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
    struct held held = {
        .subject = owner, .record = id, .until_ms = (int64_t)bytes_be64(plain.ptr + 1)};
    return keep_in_memory(v, &held);
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

static struct status row_put(struct vault *v, const struct vault_hold *hold) {
    struct buf row CLEANUP(buf_done);
    buf_init(&row, ROW_BYTES + REFERENCE_MAX);
    TRY(buf_add_byte(&row, hold->ground));
    TRY(buf_add_be64(&row, (uint64_t)hold->until_ms));
    TRY(buf_add(&row, hold->reference));
    TRY(state_put(v, STORE_HOLDS, hold->subject, hold->record, buf_slice(&row)));
    struct tightening tight = {
        .kind = TIGHT_HOLD, .subject = hold->subject, .what = hold->record, .ids = buf_slice(&row)};
    return log_tighten(v, &tight);
}

static struct status place(struct vault *v, const struct vault_actor *actor,
                           const struct vault_hold *hold) {
    struct person *p = NULL;
    TRY(concerned(v, hold->subject, hold->record, &p));
    struct said said = {.subject = p->subject.id,
                        .at_ms = vault_now_ms(v),
                        .until_ms = hold->until_ms,
                        .ground = ground_text(hold->ground),
                        .records = {hold->record},
                        .method = hold->reference};
    said_actor(&said, actor);
    TRY(said_log(v, LEAF_HOLD, p, &said, NULL));
    TRY(row_put(v, hold));
    struct held held = {
        .subject = hold->subject, .record = hold->record, .until_ms = hold->until_ms};
    person_touch(v, p);
    if (hold->record == 0) {
        TRY(feed_subject(v, hold->subject, UINT64_MAX, VAULT_CAUSE_HELD));
        p->held = true;
    } else {
        TRY(flag_record(v, hold->record, true));
    }
    return keep_in_memory(v, &held);
}

struct status vault_hold_place(struct vault *v, const struct vault_actor *actor,
                               const struct vault_hold *hold) {
    TRY(vault_ready(v));
    bool one = (hold->subject == 0) != (hold->record == 0);
    bool ends = hold->until_ms > vault_now_ms(v) && hold->until_ms < INT64_MAX;
    if (!one || !ends || ground_text(hold->ground).len == 0 ||
        hold->reference.len > REFERENCE_MAX) {
        return FAIL(E_NUMBER);
    }
    if (find(v, hold->subject, hold->record) != NULL) {
        return FAIL(E_HELD);
    }
    TRY(op_begin(v));
    return op_end(v, place(v, actor, hold));
}

static struct status lift(struct vault *v, const struct vault_actor *actor, struct held *held) {
    struct person *p = NULL;
    TRY(concerned(v, held->subject, held->record, &p));
    struct said said = {
        .subject = p->subject.id, .at_ms = vault_now_ms(v), .records = {held->record}};
    said_actor(&said, actor);
    TRY(said_log(v, LEAF_HOLD_ENDED, p, &said, NULL));
    TRY(store_delete(v->store, STORE_HOLDS, held->subject, held->record));
    struct tightening ended = {
        .kind = TIGHT_HOLD_ENDED, .subject = held->subject, .what = held->record};
    TRY(log_tighten(v, &ended));
    person_touch(v, p);
    if (held->record == 0) {
        TRY(feed_subject(v, held->subject, UINT64_MAX, VAULT_CAUSE_CHANGED));
        p->held = false;
    } else {
        TRY(flag_record(v, held->record, false));
    }
    *held = v->holds[--v->hold_count];
    return STATUS_OK;
}

struct status vault_hold_lift(struct vault *v, const struct vault_actor *actor, uint64_t subject,
                              uint64_t record) {
    TRY(vault_ready(v));
    struct held *held = find(v, subject, record);
    if (held == NULL) {
        return FAIL(E_NO_RECORD);
    }
    TRY(op_begin(v));
    return op_end(v, lift(v, actor, held));
}

struct status hold_drop(struct vault *v, uint64_t record) {
    struct held *held = find(v, 0, record);
    if (held != NULL) {
        *held = v->holds[--v->hold_count];
    }
    return store_delete(v->store, STORE_HOLDS, 0, record);
}

struct status hold_again(struct vault *v, const struct tightening *t) {
    if (t->ids.len < ROW_BYTES) {
        return FAIL(E_VAULT_CORRUPT);
    }
    struct vault_hold hold = {.subject = t->subject,
                              .record = t->what,
                              .ground = t->ids.ptr[0],
                              .until_ms = (int64_t)bytes_be64(t->ids.ptr + 1),
                              .reference = slice_from(t->ids, ROW_BYTES)};
    bool over = hold.until_ms <= vault_now_ms(v) || find(v, hold.subject, hold.record) != NULL;
    return over ? STATUS_OK : vault_hold_place(v, NULL, &hold);
}

struct status holds_tick(struct vault *v, int64_t now_ms, int64_t *io_next_ms) {
    for (size_t i = 0; i < v->hold_count;) {
        struct held *held = &v->holds[i];
        if (held->until_ms <= now_ms) {
            TRY(op_begin(v));
            TRY(op_end(v, lift(v, NULL, held)));
            continue;
        }
        *io_next_ms = held->until_ms < *io_next_ms ? held->until_ms : *io_next_ms;
        i++;
    }
    return STATUS_OK;
}

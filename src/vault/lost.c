/* What a restored backup holds under keys that are gone: of people who were erased, and of what was
 * sealed anew under keys that nothing leads to any more. It goes before anything is served, and all
 * the rest is opened once, so that a restore ends with what can be read. */
#include "base/mem.h"
#include "inside.h"

bool restore_lost(struct status status) {
    switch ((int)status.code) {
    case E_KEY_GONE:
    case E_KEY_UNKNOWN:
    case E_SEAL_OPEN:
    case E_NO_SUBJECT:
    case E_NO_RECORD:
    case E_VAULT_CORRUPT:
    case E_FILE_MISSING:
    case E_BLOB_TRUNCATED:
        return true;
    default:
        return false;
    }
}

/* Keys ---------------------------------------------------------------------------------- */

struct dead {
    struct vault *v;
    struct buf rows;   /* uint64_t owner and id each, of STORE_KEYS */
    struct buf people; /* uint64_t each */
};

static void dead_done(struct dead *dead) {
    buf_done(&dead->rows);
    buf_done(&dead->people);
}

static struct status note_dead(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    struct dead *dead = arg;
    struct buf ref CLEANUP(buf_done);
    struct seal_key key CLEANUP(seal_key_done);
    buf_init(&ref, KEY_REF_LEN);
    key = (struct seal_key){.bytes = {0}};
    TRY(state_open(dead->v, STORE_KEYS, owner, id, sealed, &ref));
    struct status there = ref.len == KEY_REF_LEN
                              ? keyring_key(dead->v->keys, key_ref_get(ref.ptr), &key)
                              : FAIL(E_VAULT_CORRUPT);
    if (there.code != E_KEY_GONE && there.code != E_KEY_UNKNOWN) {
        return there;
    }
    TRY(buf_add(&dead->rows, slice_of(&owner, sizeof owner)));
    TRY(buf_add(&dead->rows, slice_of(&id, sizeof id)));
    bool person = owner != 0 && id == PERSON_KEY;
    return person ? buf_add(&dead->people, slice_of(&owner, sizeof owner)) : STATUS_OK;
}

static struct status drop_rows(struct vault *v, const struct buf *rows) {
    const uint64_t *pairs = (const uint64_t *)(const void *)rows->ptr;
    for (size_t i = 0; i < rows->len / sizeof *pairs; i += 2) {
        TRY(key_row_drop(v, STORE_KEYS, pairs[i], pairs[i + 1]));
        person_forget(v, pairs[i]);
    }
    return STATUS_OK;
}

/* A row that no period's key opens would stand in the way of what is recorded next. */
static struct status drop_periods(struct vault *v, const struct dead *dead) {
    struct buf row CLEANUP(buf_done);
    struct seal_key key CLEANUP(seal_key_done);
    key = (struct seal_key){.bytes = {0}};
    buf_init_secret(&row, OPENING_ROW_MAX);
    TRY(drop_rows(v, &dead->rows));
    v->period = 0;
    struct status grows = openings_auditor_row(v, OPENINGS_GROWING, &key, &row);
    bool lost = grows.code == E_VAULT_CORRUPT;
    TRY(lost || grows.code == E_STORE_MISSING ? STATUS_OK : grows);
    return lost ? store_delete(v->store, STORE_OPENINGS, OPENINGS_AUDITOR, OPENINGS_GROWING)
                : STATUS_OK;
}

enum { PEOPLE_AT_ONCE = 2048 };

/* A fresh key is made where one is needed next. */
static struct status drop_keys(struct vault *v, struct dead *dead, uint64_t *ret_people) {
    TRY(store_scan(v->store, STORE_KEYS, 0, note_dead, dead));
    TRY(op_begin(v));
    TRY(op_end(v, drop_rows(v, &dead->rows)));
    v->period = 0;
    const uint64_t *people = (const uint64_t *)(const void *)dead->people.ptr;
    size_t count = dead->people.len / sizeof *people;
    for (size_t i = 0; i < count; i += PEOPLE_AT_ONCE) {
        size_t some = count - i < PEOPLE_AT_ONCE ? count - i : PEOPLE_AT_ONCE;
        TRY(erase_again(v, TIGHT_ERASE_SUBJECT, 0, people + i, some));
    }
    *ret_people = count;
    return STATUS_OK;
}

/* Records ------------------------------------------------------------------------------- */

static struct status collect_person(void *arg, uint64_t owner, uint64_t id, struct slice bytes) {
    (void)owner;
    (void)bytes;
    return buf_add(arg, slice_of(&id, sizeof id));
}

static struct status wrap_of(struct vault *v, uint64_t person, uint8_t category, uint64_t id,
                             struct seal_key *ret) {
    struct person *p = NULL;
    TRY(person_get(v, person, &p));
    return wrap_open(v, p, category, id, ret);
}

static struct status wrap_again(struct vault *v, uint64_t person, uint8_t category, uint64_t id,
                                const struct seal_key *record_key) {
    struct person *p = NULL;
    TRY(person_get(v, person, &p));
    TRY(op_begin(v));
    return op_end(v, wrap_put(v, p, category, id, record_key));
}

/* A record of several people is there for all of them as long as the key of one opens it. */
static struct status mend_wraps(struct vault *v, const struct segment *s, uint32_t at,
                                uint64_t id) {
    struct buf people CLEANUP(buf_done);
    struct seal_key key CLEANUP(seal_key_done);
    buf_init(&people, 4096);
    key = (struct seal_key){.bytes = {0}};
    uint8_t category = s->rows[at].category;
    TRY(store_each(v->store, STORE_WRAPS, id, 0, collect_person, &people));
    const uint64_t *ids = (const uint64_t *)(const void *)people.ptr;
    size_t count = people.len / sizeof *ids;
    struct status opened = FAIL(E_KEY_GONE);
    for (size_t i = 0; i < count && failed(opened); i++) {
        opened = wrap_of(v, ids[i], category, id, &key);
        TRY(restore_lost(opened) ? STATUS_OK : opened);
    }
    for (size_t i = 0; i < count && !failed(opened); i++) {
        struct seal_key same CLEANUP(seal_key_done);
        same = (struct seal_key){.bytes = {0}};
        struct status here = wrap_of(v, ids[i], category, id, &same);
        bool mend = restore_lost(here) && here.code != E_NO_SUBJECT;
        TRY(mend ? wrap_again(v, ids[i], category, id, &key) : STATUS_OK);
    }
    return opened;
}

/* What a legal hold keeps of somebody who was erased: of their keys, that of its category is left.
 */
static struct status remains_open(struct vault *v, const struct segment *s, uint32_t at,
                                  struct buf *plain) {
    struct vault_meta meta;
    struct buf ref CLEANUP(buf_done);
    struct seal_key key CLEANUP(seal_key_done);
    key = (struct seal_key){.bytes = {0}};
    buf_init(&ref, KEY_REF_LEN);
    segment_meta(s, at, &meta);
    struct status found = state_get(v, STORE_KEYS, meta.owner, meta.category + 1u, &ref);
    TRY(found.code == E_STORE_MISSING ? FAIL(E_KEY_GONE) : found);
    TRY(ref.len == KEY_REF_LEN ? keyring_key(v->keys, key_ref_get(ref.ptr), &key)
                               : FAIL(E_VAULT_CORRUPT));
    bool wrapped = segment_bit(s, PLANES_FLAG, SHARED_BIT, at);
    buf_clear(plain);
    return wrapped ? STATUS_OK : record_payload_with(v, &key, &meta, plain);
}

static struct status opens(struct vault *v, const struct segment *s, uint32_t at, uint64_t id,
                           struct buf *plain) {
    struct person *owner = NULL;
    if (segment_bit(s, PLANES_FLAG, HELD_BIT, at) &&
        person_get(v, s->rows[at].owner, &owner).code == E_NO_SUBJECT) {
        return remains_open(v, s, at, plain);
    }
    if (segment_bit(s, PLANES_FLAG, SHARED_BIT, at)) {
        TRY(mend_wraps(v, s, at, id));
    }
    if (segment_bit(s, PLANES_FLAG, BLOB_BIT, at)) {
        return blob_check(v, s, at, id);
    }
    buf_clear(plain);
    return record_open_payload(v, s, at, id, plain);
}

/* What is still arriving goes at the open that follows. */
static struct status find_lost(struct vault *v, uint32_t number, struct selection *lost) {
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, VAULT_PAYLOAD_MAX);
    const struct segment *s = v->columns.segments[number];
    for (uint32_t at = 0; at < SEGMENT_RECORDS; at++) {
        bool alive = (s->alive.words[at / 64] >> (at % 64) & 1) != 0;
        if (!alive || segment_bit(s, PLANES_FLAG, UNFINISHED_BIT, at)) {
            continue;
        }
        uint64_t id = ((uint64_t)number << SEGMENT_BITS) + at;
        struct status status = opens(v, s, at, id, &plain);
        if (restore_lost(status)) {
            TRY(selection_add(lost, id));
        } else {
            TRY(status);
        }
    }
    return STATUS_OK;
}

static struct status drop_lost(struct vault *v, const struct selection *lost,
                               struct doomed *doomed) {
    for (uint64_t id = selection_next(lost, 0); id != 0; id = selection_next(lost, id)) {
        TRY(hold_drop(v, id));
    }
    return records_erase(v, lost, doomed);
}

static struct status check_segment(struct vault *v, uint32_t number, uint64_t *io_lost) {
    struct selection lost CLEANUP(selection_done);
    struct doomed doomed CLEANUP(doomed_done);
    selection_init(&lost);
    doomed_init(&doomed);
    people_trim(v);
    TRY(find_lost(v, number, &lost));
    if (lost.records == 0) {
        return STATUS_OK;
    }
    TRY(op_begin(v));
    TRY(op_end(v, drop_lost(v, &lost, &doomed)));
    *io_lost += lost.records;
    return doomed_destroy(v, &doomed);
}

struct status restore_periods(struct vault *v) {
    struct dead dead CLEANUP(dead_done) = {.v = v};
    buf_init(&dead.rows, (size_t)1 << 31);
    buf_init(&dead.people, (size_t)1 << 31);
    TRY(store_each(v->store, STORE_KEYS, 0, 0, note_dead, &dead));
    if (dead.rows.len == 0) {
        return STATUS_OK;
    }
    TRY(op_begin(v));
    return op_end(v, drop_periods(v, &dead));
}

struct status restore_check(struct vault *v, struct vault_restored *io_restored) {
    struct dead dead CLEANUP(dead_done) = {.v = v};
    buf_init(&dead.rows, (size_t)1 << 31);
    buf_init(&dead.people, (size_t)1 << 31);
    TRY(drop_keys(v, &dead, &io_restored->lost_people));
    for (uint32_t i = 0; i < v->columns.count; i++) {
        TRY(v->columns.segments[i] == NULL ? STATUS_OK
                                           : check_segment(v, i, &io_restored->lost_records));
    }
    return STATUS_OK;
}

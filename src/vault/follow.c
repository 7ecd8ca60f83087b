/* The lawful feed. Records are found in the columns by their ids; what took a right away is an
 * event of its own, with a number from the same counter, kept in the store while somebody may need
 * it.
 *
 * Events come before further records, however far behind a follower is. Must never: hand out a
 * record without deciding for it then and there. */
#include "feed.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "said.h"

/* Events -------------------------------------------------------------------------------- */

static bool wanted(const struct vault *v) {
    return v->feed != NULL && (v->feed->count > 0 || v->feed->expecting);
}

/* What revokes is answered for within a second; the others only inform. */
static struct status note_revocation(struct vault *v, uint64_t seq, uint64_t purposes) {
    struct feed *feed = v->feed;
    if (feed->count == 0) {
        return STATUS_OK;
    }
    if (feed->revocation_count == feed->revocation_cap) {
        size_t cap = feed->revocation_cap == 0 ? 64 : feed->revocation_cap * 2;
        struct revocation *grown = mem_resize(feed->revocations, cap, sizeof *grown);
        if (grown == NULL) {
            return FAIL(E_MEMORY);
        }
        feed->revocations = grown;
        feed->revocation_cap = cap;
    }
    feed->revocations[feed->revocation_count++] =
        (struct revocation){.seq = seq, .purposes = purposes, .at_ms = os_steady_ms(v->clock)};
    return STATUS_OK;
}

/* Rows: kind, cause, be64 subject, be64 purposes, then a selection. */
static struct status emit(struct vault *v, const struct feed_event *event,
                          const struct selection *which) {
    if (!wanted(v)) {
        v->counters.feed_floor = v->counters.next_id;
        return STATUS_OK;
    }
    struct buf row CLEANUP(buf_done);
    buf_init(&row, STATE_MAX);
    TRY(buf_add_byte(&row, event->kind));
    TRY(buf_add_byte(&row, event->cause));
    TRY(buf_add_be64(&row, event->subject));
    TRY(buf_add_be64(&row, event->purposes));
    TRY(which == NULL ? STATUS_OK : selection_write(which, &row));
    uint64_t seq = v->counters.next_id;
    TRY(state_put(v, STORE_FEED, 0, seq, buf_slice(&row)));
    TRY(note_revocation(v, seq, event->purposes));
    v->counters.next_id++;
    return STATUS_OK;
}

struct status feed_subject(struct vault *v, uint64_t subject, uint64_t purposes,
                           enum vault_cause cause) {
    struct feed_event event = {
        .kind = FEED_SUBJECT, .cause = (uint8_t)cause, .subject = subject, .purposes = purposes};
    return emit(v, &event, NULL);
}

struct status feed_records(struct vault *v, const struct selection *which, enum vault_cause cause) {
    struct feed_event event = {
        .kind = FEED_RECORDS, .cause = (uint8_t)cause, .purposes = UINT64_MAX};
    return which->records == 0 ? STATUS_OK : emit(v, &event, which);
}

struct status feed_all(struct vault *v, enum vault_cause cause) {
    struct feed_event event = {.kind = FEED_ALL, .cause = (uint8_t)cause, .purposes = UINT64_MAX};
    return emit(v, &event, NULL);
}

struct read_event {
    struct vault *v;
    struct feed_event event;
    struct selection *which;
    bool found;
};

static struct status read_event(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    struct read_event *read = arg;
    if (read->found) {
        return FAIL(E_TOO_MANY); /* one is enough */
    }
    struct buf row CLEANUP(buf_done);
    buf_init(&row, STATE_MAX);
    TRY(state_open(read->v, STORE_FEED, owner, id, sealed, &row));
    if (row.len < 18) {
        return FAIL(E_VAULT_CORRUPT);
    }
    read->event = (struct feed_event){.seq = id,
                                      .kind = row.ptr[0],
                                      .cause = row.ptr[1],
                                      .subject = bytes_be64(row.ptr + 2),
                                      .purposes = bytes_be64(row.ptr + 10)};
    read->found = true;
    struct slice rest = slice_from(buf_slice(&row), 18);
    return rest.len == 0 ? STATUS_OK : selection_read(&rest, read->which);
}

/* The first event after `seq` that concerns the purpose; *ret_found is false at the end. */
static struct status next_event(struct vault *v, uint64_t after, uint8_t purpose,
                                struct feed_event *ret, struct selection *which, bool *ret_found) {
    for (;;) {
        selection_done(which);
        struct read_event read = {.v = v, .which = which};
        struct status status = store_each(v->store, STORE_FEED, 0, after + 1, read_event, &read);
        if (failed(status) && status.code != E_TOO_MANY) {
            return status;
        }
        *ret_found = read.found;
        *ret = read.event;
        if (!read.found || (read.event.purposes >> purpose & 1) != 0) {
            return STATUS_OK;
        }
        after = read.event.seq;
    }
}

/* Following ----------------------------------------------------------------------------- */

static struct status log_follow(struct vault *v, const struct vault_use *use) {
    struct said said = {.purpose = vault_purpose_name(v, use->purpose), .at_ms = vault_now_ms(v)};
    said_actor(&said, use->actor);
    TRY(said_log(v, LEAF_FOLLOW, NULL, &said, NULL));
    return state_put(v, STORE_META, 0, META_FEED, SLICE("1"));
}

static struct status begin_at(struct vault_follower *f, uint64_t cursor) {
    struct vault *v = f->v;
    bool anew = cursor == 0 || cursor < v->counters.feed_floor || cursor >= v->counters.next_id;
    f->record_pos = anew ? 0 : cursor;
    f->event_pos = anew ? v->counters.next_id - 1 : cursor;
    f->acked = f->event_pos;
    f->revoke_all = anew && cursor != 0;
    /* What came before the cursor may have lost its right while nobody followed. */
    struct vault_query query = {.purposes = UINT64_C(1) << f->use.purpose};
    f->recheck = !anew;
    f->expand_pos = 0;
    return anew ? STATUS_OK : columns_select(&v->columns, &query, vault_now_s(v), true, &f->expand);
}

struct status vault_follow(struct vault *v, const struct vault_use *use, uint64_t cursor,
                           struct vault_follower **ret_follower) {
    TRY(vault_ready(v));
    if (v->in_batch) {
        return FAIL(E_BATCH);
    }
    if (v->feed->count >= VAULT_FOLLOWERS_MAX) {
        return FAIL(E_FOLLOWERS);
    }
    if (map_number(v, NAME_PURPOSE, use->purpose) < 0) {
        return FAIL(E_UNDECLARED);
    }
    TRY(op_begin(v));
    TRY(op_end(v, log_follow(v, use)));
    struct vault_follower *f = mem_alloc(sizeof *f);
    if (f == NULL) {
        return FAIL(E_MEMORY);
    }
    f->v = v;
    f->use = *use;
    f->use.actor = NULL;
    f->earliest_ms = INT64_MAX;
    selection_init(&f->expand);
    struct status status = begin_at(f, cursor);
    if (failed(status)) {
        selection_done(&f->expand);
        mem_free(f);
        return status;
    }
    f->next = v->feed->first;
    v->feed->first = f;
    v->feed->count++;
    *ret_follower = f;
    return STATUS_OK;
}

void vault_follow_end(struct vault_follower **follower) {
    struct vault_follower *f = *follower;
    if (f == NULL) {
        return;
    }
    struct feed *feed = f->v->feed;
    struct vault_follower **at = &feed->first;
    while (*at != NULL && *at != f) {
        at = &(*at)->next;
    }
    if (*at == f) {
        *at = f->next;
        feed->count--;
    }
    selection_done(&f->expand);
    mem_free(f->until_ms);
    mem_free(f);
    *follower = NULL;
}

/* Timers: the earliest moment at which time alone changes what is decided about a person. */
static struct status watch(struct vault_follower *f, uint64_t subject, int64_t until_ms) {
    if (until_ms == INT64_MAX) {
        return STATUS_OK;
    }
    if (subject >= f->until_count) {
        size_t count = (size_t)subject + subject / 2 + 1024;
        int64_t *grown = mem_resize(f->until_ms, count, sizeof *grown);
        if (grown == NULL) {
            return FAIL(E_MEMORY);
        }
        for (size_t i = f->until_count; i < count; i++) {
            grown[i] = INT64_MAX;
        }
        f->until_ms = grown;
        f->until_count = count;
    }
    if (until_ms < f->until_ms[subject]) {
        f->until_ms[subject] = until_ms;
    }
    f->earliest_ms = until_ms < f->earliest_ms ? until_ms : f->earliest_ms;
    return STATUS_OK;
}

/* Whether this purpose may use the record now. */
static struct status may_use(struct vault_follower *f, uint64_t id, bool *ret_permit) {
    struct vault *v = f->v;
    uint32_t at = 0;
    const struct segment *s = columns_at(&v->columns, id, &at);
    *ret_permit = false;
    bool there = s != NULL && !segment_expired(s, at, vault_now_s(v)) &&
                 !segment_bit(s, PLANES_FLAG, UNFINISHED_BIT, at) &&
                 segment_bit(s, PLANES_PURPOSE, f->use.purpose, at);
    if (!there) {
        return STATUS_OK;
    }
    struct person *owner = NULL;
    struct status found = person_get(v, s->rows[at].owner, &owner);
    if (found.code == E_NO_SUBJECT) {
        return STATUS_OK;
    }
    TRY(found);
    struct record_facts facts;
    record_facts_of(s, at, f->use.purpose, &facts);
    int64_t until_ms = INT64_MAX;
    TRY(decide_fast(v, &f->use, s->rows[at].category, owner, &facts, vault_now_ms(v), ret_permit,
                    &until_ms));
    return watch(f, s->rows[at].owner, until_ms);
}

/* Handing out --------------------------------------------------------------------------- */

struct handing {
    struct vault_event *events;
    size_t max;
    size_t count;
    struct buf *plain;
    size_t *starts; /* of payloads in plain, which may move until the end */
};

static bool full(const struct handing *h) {
    return h->count == h->max;
}

static struct vault_event *add_event(struct handing *h, enum vault_event_kind kind, uint64_t seq,
                                     uint64_t cursor) {
    struct vault_event *event = &h->events[h->count];
    *event = (struct vault_event){.seq = seq, .cursor = cursor, .kind = (uint8_t)kind};
    h->starts[h->count++] = h->plain->len;
    return event;
}

static struct status add_record(struct vault_follower *f, struct handing *h, uint64_t id,
                                uint64_t seq, uint64_t cursor) {
    uint32_t at = 0;
    const struct segment *s = columns_at(&f->v->columns, id, &at);
    size_t before = h->plain->len;
    TRY(record_open_payload(f->v, s, at, id, h->plain));
    struct vault_event *event = add_event(h, VAULT_EVENT_RECORD, seq, cursor);
    h->starts[h->count - 1] = before;
    columns_get(&f->v->columns, id, &event->meta);
    event->record = id;
    event->subject = event->meta.owner;
    event->payload.len = h->plain->len - before;
    return STATUS_OK;
}

static void add_revocation(struct handing *h, enum vault_event_kind kind, uint8_t cause,
                           uint64_t subject, uint64_t record, uint64_t seq, uint64_t cursor) {
    struct vault_event *event = add_event(h, kind, seq, cursor);
    event->cause = cause;
    event->subject = subject;
    event->record = record;
}

/* The rest of an event that means many records. All but the last carry the number before, so that
 * acknowledging them does not acknowledge the whole. */
static struct status expand(struct vault_follower *f, struct handing *h) {
    while (!full(h) && f->expand.records > 0) {
        uint64_t id = selection_next(&f->expand, f->expand_pos);
        if (id == 0) {
            selection_done(&f->expand);
            f->recheck = false;
            break;
        }
        bool permit = false;
        TRY(may_use(f, id, &permit));
        bool last = selection_next(&f->expand, id) == 0;
        uint64_t seq = last || f->recheck ? f->event_pos : f->event_pos - 1;
        uint64_t cursor = f->record_pos;
        if (permit && !f->recheck) {
            TRY(add_record(f, h, id, seq, cursor));
        } else if (!permit) {
            add_revocation(h, VAULT_EVENT_REVOKE_RECORD, f->expand_cause, 0, id, seq, cursor);
        }
        f->expand_pos = id;
    }
    if (f->expand.records == 0 && f->expand.count > 0) {
        selection_done(&f->expand);
    }
    return STATUS_OK;
}

static struct status begin_subject(struct vault_follower *f, struct handing *h,
                                   const struct feed_event *event) {
    struct vault_query query = {.owner = event->subject, .purposes = UINT64_C(1) << f->use.purpose};
    struct selection all CLEANUP(selection_done);
    selection_init(&all);
    TRY(columns_select(&f->v->columns, &query, vault_now_s(f->v), false, &all));
    for (uint64_t id = selection_next(&all, 0); id != 0; id = selection_next(&all, id)) {
        bool permit = false;
        TRY(may_use(f, id, &permit));
        TRY(permit ? selection_add(&f->expand, id) : STATUS_OK);
    }
    uint64_t seq = f->expand.records == 0 ? event->seq : event->seq - 1;
    add_revocation(h, VAULT_EVENT_REVOKE_SUBJECT, event->cause, event->subject, 0, seq,
                   f->record_pos);
    return STATUS_OK;
}

static void begin_all(struct vault_follower *f, struct handing *h, uint8_t cause, uint64_t seq) {
    f->record_pos = 0;
    add_revocation(h, VAULT_EVENT_REVOKE_ALL, cause, 0, 0, seq, 0);
}

static struct status begin_event(struct vault_follower *f, struct handing *h,
                                 const struct feed_event *event, struct selection *which) {
    f->event_pos = event->seq;
    f->expand_pos = 0;
    f->expand_cause = event->cause;
    switch (event->kind) {
    case FEED_SUBJECT:
        return begin_subject(f, h, event);
    case FEED_RECORDS:
        f->expand = *which;
        selection_init(which);
        return STATUS_OK;
    case FEED_ALL:
        begin_all(f, h, event->cause, event->seq);
        return STATUS_OK;
    default:
        return FAIL(E_VAULT_CORRUPT);
    }
}

static struct status hand_events(struct vault_follower *f, struct handing *h) {
    while (!full(h)) {
        if (f->expand.records > 0) {
            TRY(expand(f, h));
            continue;
        }
        struct selection which CLEANUP(selection_done);
        selection_init(&which);
        struct feed_event event;
        bool found = false;
        TRY(next_event(f->v, f->event_pos, f->use.purpose, &event, &which, &found));
        if (!found) {
            f->event_pos = f->v->counters.next_id - 1;
            return STATUS_OK;
        }
        TRY(begin_event(f, h, &event, &which));
    }
    return STATUS_OK;
}

/* The next record after `pos` that has the purpose, or 0. */
static uint64_t next_record(const struct vault_follower *f, uint64_t pos) {
    const struct columns *c = &f->v->columns;
    for (size_t i = (size_t)((pos + 1) >> SEGMENT_BITS); i < c->count; i++) {
        const struct segment *s = c->segments[i];
        const struct plane *plane = s == NULL ? NULL : s->planes[PLANES_PURPOSE][f->use.purpose];
        uint64_t base = (uint64_t)i << SEGMENT_BITS;
        uint32_t from = pos + 1 > base ? (uint32_t)(pos + 1 - base) : 0;
        for (uint32_t at = from; plane != NULL && at < SEGMENT_RECORDS; at++) {
            uint64_t bits = plane->words[at / 64] >> (at % 64);
            if (bits != 0) {
                return base + at + (uint32_t)__builtin_ctzll(bits);
            }
            at |= 63;
        }
    }
    return 0;
}

static struct status hand_records(struct vault_follower *f, struct handing *h) {
    uint64_t head = f->v->counters.next_id - 1;
    while (!full(h)) {
        uint64_t id = next_record(f, f->record_pos);
        if (id == 0) {
            f->record_pos = head;
            return STATUS_OK;
        }
        bool permit = false;
        TRY(may_use(f, id, &permit));
        if (permit) {
            struct status status = add_record(f, h, id, f->event_pos, id);
            if (status.code == E_TOO_LARGE && h->count > 0) {
                return STATUS_OK; /* the rest next time */
            }
            TRY(status);
        }
        f->record_pos = id;
    }
    return STATUS_OK;
}

static struct status hand(struct vault_follower *f, struct handing *h) {
    if (f->revoke_all) {
        begin_all(f, h, VAULT_CAUSE_LAW, f->event_pos);
        f->revoke_all = false;
    }
    struct status status = hand_events(f, h);
    if (!failed(status)) {
        status = hand_records(f, h);
    }
    return status.code == E_TOO_LARGE && h->count > 0 ? STATUS_OK : status;
}

struct status vault_follow_next(struct vault_follower *follower, struct vault_event *ret_events,
                                size_t max, struct buf *ret_plain, size_t *ret_count) {
    struct vault *v = follower->v;
    TRY(vault_ready(v));
    *ret_count = 0;
    if (follower->stopped) {
        return FAIL(E_FOLLOWER_LATE);
    }
    if (v->in_batch || max == 0) {
        return STATUS_OK;
    }
    people_trim(v);
    size_t *starts = mem_array(max, sizeof *starts);
    if (starts == NULL) {
        return FAIL(E_MEMORY);
    }
    struct handing h = {.events = ret_events, .max = max, .plain = ret_plain, .starts = starts};
    struct status status = hand(follower, &h);
    for (size_t i = 0; i < h.count; i++) {
        struct slice *payload = &ret_events[i].payload;
        *payload = slice_sub(buf_slice(ret_plain), starts[i], payload->len);
    }
    mem_free(starts);
    TRY(status);
    *ret_count = h.count;
    return STATUS_OK;
}

void vault_follow_ack(struct vault_follower *follower, uint64_t seq) {
    if (seq > follower->acked && seq <= follower->event_pos) {
        follower->acked = seq;
    }
}

static bool waits_for(const struct vault_follower *f, const struct revocation *r) {
    return !f->stopped && f->acked < r->seq && (r->purposes >> f->use.purpose & 1) != 0;
}

uint64_t vault_follow_head(const struct vault *v) {
    return v->counters.next_id - 1;
}

bool vault_follow_behind(const struct vault *v, uint64_t seq) {
    for (size_t i = 0; i < v->feed->revocation_count; i++) {
        const struct revocation *r = &v->feed->revocations[i];
        for (const struct vault_follower *f = v->feed->first; f != NULL; f = f->next) {
            if (r->seq <= seq && waits_for(f, r)) {
                return true;
            }
        }
    }
    return false;
}

/* Time ---------------------------------------------------------------------------------- */

/* Whether it still waits for somebody; stops who is late. */
static bool outstanding(struct feed *feed, const struct revocation *r, int64_t steady_ms) {
    bool waits = false;
    for (struct vault_follower *f = feed->first; f != NULL; f = f->next) {
        if (waits_for(f, r)) {
            f->stopped = steady_ms - r->at_ms > VAULT_ACK_WITHIN_MS;
            waits |= !f->stopped;
        }
    }
    return waits;
}

/* By the steady clock: whoever sets the other one makes nobody late. */
static void tick_revocations(const struct vault *v, int64_t now_ms, int64_t *io_next_ms) {
    struct feed *feed = v->feed;
    int64_t steady_ms = os_steady_ms(v->clock);
    size_t kept = 0;
    for (size_t i = 0; i < feed->revocation_count; i++) {
        struct revocation r = feed->revocations[i];
        if (outstanding(feed, &r, steady_ms)) {
            feed->revocations[kept++] = r;
            int64_t late_ms = now_ms + r.at_ms - steady_ms + VAULT_ACK_WITHIN_MS + 1;
            *io_next_ms = late_ms < *io_next_ms ? late_ms : *io_next_ms;
        }
    }
    feed->revocation_count = kept;
}

static struct status due_subject(struct vault *v, const struct vault_follower *f,
                                 uint64_t subject) {
    TRY(op_begin(v));
    return op_end(v, feed_subject(v, subject, UINT64_C(1) << f->use.purpose, VAULT_CAUSE_TIME));
}

static struct status tick_timers(struct vault_follower *f, int64_t now_ms) {
    if (f->stopped || now_ms < f->earliest_ms) {
        return STATUS_OK;
    }
    f->earliest_ms = INT64_MAX;
    for (size_t i = 0; i < f->until_count; i++) {
        if (f->until_ms[i] <= now_ms) {
            f->until_ms[i] = INT64_MAX;
            TRY(due_subject(f->v, f, i));
        }
        f->earliest_ms = f->until_ms[i] < f->earliest_ms ? f->until_ms[i] : f->earliest_ms;
    }
    return STATUS_OK;
}

/* Events that every follower has behind it are dropped with the next write. */
static struct status drop_events(struct vault *v) {
    uint64_t oldest = v->counters.next_id;
    for (const struct vault_follower *f = v->feed->first; f != NULL; f = f->next) {
        uint64_t needed = f->record_pos < f->acked ? f->record_pos : f->acked;
        oldest = needed < oldest ? needed : oldest;
    }
    bool few = oldest < v->feed->dropped_below + EVENTS_KEPT;
    if (few || v->feed->expecting) {
        return STATUS_OK;
    }
    TRY(op_begin(v));
    v->counters.feed_floor = oldest;
    TRY(op_end(v, store_delete_range(v->store, STORE_FEED, 0, 0, oldest)));
    v->feed->dropped_below = oldest;
    return STATUS_OK;
}

struct status feed_tick(struct vault *v, int64_t now_ms, int64_t *io_next_ms) {
    struct feed *feed = v->feed;
    feed->expecting = feed->expecting && now_ms < feed->expecting_until_ms;
    /* First: nobody can be late with what begins below, however long its commits take. */
    tick_revocations(v, now_ms, io_next_ms);
    for (struct vault_follower *f = feed->first; f != NULL; f = f->next) {
        TRY(tick_timers(f, now_ms));
        *io_next_ms = f->earliest_ms < *io_next_ms ? f->earliest_ms : *io_next_ms;
    }
    return drop_events(v);
}

struct status feed_open(struct vault *v) {
    v->feed = mem_alloc(sizeof *v->feed);
    if (v->feed == NULL) {
        return FAIL(E_MEMORY);
    }
    struct slice had;
    struct status found = store_view(v->store, STORE_META, 0, META_FEED, &had);
    if (failed(found) && found.code != E_STORE_MISSING) {
        return found;
    }
    v->feed->expecting = !failed(found);
    v->feed->expecting_until_ms = vault_now_ms(v) + EXPECTING_MS;
    return STATUS_OK;
}

void feed_close(struct vault *v) {
    while (v->feed != NULL && v->feed->first != NULL) {
        struct vault_follower *f = v->feed->first;
        vault_follow_end(&f);
    }
    if (v->feed != NULL) {
        mem_free(v->feed->revocations);
    }
    mem_free(v->feed);
    v->feed = NULL;
}

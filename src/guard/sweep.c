/* What ran out and is of no use to anybody: age locks, sessions, guardians' links. Nothing of it
 * was good any more before; here its rows go, a few people at a time, so that requests do not wait.
 */
#include "internal.h"

enum { PASS_MS = 3600 * 1000, PEOPLE_A_TICK = 16, ROWS = 64 };

struct ended {
    uint64_t ids[ROWS];
    size_t count;
    int64_t now_ms;
    const struct perishable *what;
};

/* A kind of row, and which of its fields says when it ends. */
struct perishable {
    enum kept_kind kind;
    enum api_stored stored;
    unsigned ends_at;
    bool idles; /* a session also ends when it was not seen for long */
};

static const struct perishable locks = {KEPT_LOCK, API_STORED_LOCK, STO_LOCK_ENDS_AT, false};
static const struct perishable sessions = {KEPT_SESSION, API_STORED_SESSION, STO_SESSION_ENDS_AT,
                                           true};
static const struct perishable links = {KEPT_LINK, API_STORED_LINK, STO_LINK_ENDS_AT, false};

static struct status note_ended(void *arg, uint64_t owner, uint64_t id, struct slice plain) {
    struct ended *ended = arg;
    struct arena a CLEANUP(arena_done);
    struct api_value *v = NULL;
    (void)owner;
    arena_init(&a, 4096);
    TRY(stored_read(ended->what->stored, plain, &a, &v));
    bool over = v[ended->what->ends_at].i <= ended->now_ms;
    over |= ended->what->idles && v[STO_SESSION_SEEN_AT].i + GUARD_SESSION_IDLE_MS <= ended->now_ms;
    if (over && ended->count < ROWS) {
        ended->ids[ended->count++] = id;
    }
    return STATUS_OK;
}

static struct status sweep_kind(struct guard *g, uint64_t owner, const struct perishable *what) {
    struct ended ended = {.now_ms = guard_now(g), .what = what};
    TRY(vault_each_kept(g->vault, owner, (uint8_t)what->kind, 0, note_ended, &ended));
    for (size_t i = 0; i < ended.count; i++) {
        TRY(vault_unkeep(g->vault, owner, (uint8_t)what->kind, ended.ids[i]));
    }
    return STATUS_OK;
}

static struct status sweep_person(struct guard *g, uint64_t subject) {
    struct status s = sweep_kind(g, subject, &sessions);
    s = failed(s) ? s : sweep_kind(g, subject, &links);
    bool gone = s.code == E_NO_SUBJECT || s.code == E_KEY_GONE; /* their rows went with them */
    return gone ? STATUS_OK : s;
}

/* One pass over everybody, then an hour of rest. */
struct status sweep_tick(struct guard *g) {
    uint64_t people[PEOPLE_A_TICK];
    size_t count = 0;
    if (guard_now(g) < g->sweep_ms) {
        return STATUS_OK;
    }
    if (g->swept_subject == 0) {
        TRY(sweep_kind(g, 0, &locks));
        TRY(sweep_kind(g, 0, &sessions));
    }
    TRY(vault_subject_list(g->vault, g->swept_subject, people, PEOPLE_A_TICK, &count));
    for (size_t i = 0; i < count; i++) {
        TRY(sweep_person(g, people[i]));
        g->swept_subject = people[i];
    }
    if (count < PEOPLE_A_TICK) {
        g->swept_subject = 0;
        g->sweep_ms = guard_now(g) + PASS_MS;
    }
    return STATUS_OK;
}

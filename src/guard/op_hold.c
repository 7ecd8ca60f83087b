/* Legal holds, which the owner of the machine places and ends (GDPR Art. 17(3)). */
#include "feed.h"

static const struct {
    const char *name;
    enum vault_hold_ground ground;
} grounds[] = {
    {"legal-obligation", VAULT_HOLD_LEGAL_OBLIGATION},
    {"public-health", VAULT_HOLD_PUBLIC_HEALTH},
    {"archiving", VAULT_HOLD_ARCHIVING},
    {"legal-claims", VAULT_HOLD_LEGAL_CLAIMS},
};

/* --- placing --- */

static struct status read_terms(const struct call *c, struct slice ground, int64_t until_ms,
                                struct vault_hold *io) {
    for (size_t i = 0; i < ARRAY_LEN(grounds); i++) {
        if (slice_eq(ground, slice_str(grounds[i].name))) {
            io->ground = (uint8_t)grounds[i].ground;
        }
    }
    TRY(io->ground == 0 ? FAIL(E_HOLD_GROUND) : STATUS_OK);
    io->until_ms = until_ms;
    bool ends = until_ms > c->now_ms && until_ms < INT64_MAX;
    return ends ? STATUS_OK : FAIL(E_HOLD_END);
}

static struct status place(struct call *c, const struct vault_hold *hold) {
    TRY(vault_hold_place(c->g->vault, &c->actor, hold));
    c->fields[ANS_ADMIN_HOLD_HOLDS].n++;
    return STATUS_OK;
}

/* A clip's pictures are records of their own, which nothing leads to while the clip is held. */
static struct status place_on_record(struct call *c, struct vault_hold *hold) {
    const struct clip *clip = c->g->feed == NULL ? NULL : feed_clip(c->g, hold->record);
    uint64_t parts[3] = {0};
    if (clip != NULL && clip->ready) {
        parts[0] = clip->v[STO_CLIP_LARGE].n;
        parts[1] = clip->v[STO_CLIP_SMALL].n;
        parts[2] = clip->v[STO_CLIP_POSTER].n;
    }
    TRY(place(c, hold));
    for (size_t i = 0; i < ARRAY_LEN(parts) && parts[i] != 0; i++) {
        hold->record = parts[i];
        TRY(place(c, hold));
    }
    return STATUS_OK;
}

/* Whom and which record must belong together: a number alone is mistyped too easily. */
static struct status hold(struct call *c) {
    struct vault_hold hold = {.reference = arg_text(c, ARG_ADMIN_HOLD_REFERENCE)};
    uint64_t subject;
    uint64_t count = 0;
    uint64_t record = arg(c, ARG_ADMIN_HOLD_RECORD)->n;
    TRY(read_terms(c, arg_text(c, ARG_ADMIN_HOLD_GROUND), arg(c, ARG_ADMIN_HOLD_UNTIL)->i, &hold));
    TRY(hold.reference.len == 0 ? FAIL(E_HOLD_REFERENCE) : STATUS_OK);
    TRY(find_whom(c, ARG_ADMIN_HOLD_WHOM, &subject));
    if (record == 0) {
        hold.subject = subject;
        return place(c, &hold);
    }
    struct vault_query query = {.id = record, .owner = subject};
    TRY(vault_count(c->g->vault, &query, &count));
    hold.record = record;
    return count == 0 ? FAIL(E_NOT_FOUND) : place_on_record(c, &hold);
}

/* --- those that stand --- */

struct list {
    struct call *c;
    struct api_value *holds;
    size_t count;
    size_t room;
};

static struct status count_hold(void *arg_, const struct vault_hold *hold) {
    size_t *count = arg_;
    (void)hold;
    (*count)++;
    return STATUS_OK;
}

static struct status add_hold(void *arg_, const struct vault_hold *hold) {
    struct list *list = arg_;
    if (list->count == list->room) {
        return STATUS_OK;
    }
    struct api_value *row = list->holds->list.items[list->count++].fields;
    row[TYP_LEGAL_HOLD_PERSON].n = hold->subject;
    row[TYP_LEGAL_HOLD_RECORD].n = hold->record;
    row[TYP_LEGAL_HOLD_UNTIL].i = hold->until_ms;
    for (size_t i = 0; i < ARRAY_LEN(grounds); i++) {
        if (grounds[i].ground == hold->ground) {
            row[TYP_LEGAL_HOLD_GROUND] = api_text(grounds[i].name);
        }
    }
    return arena_copy(list->c->arena, hold->reference, &row[TYP_LEGAL_HOLD_REFERENCE].bytes);
}

static struct status list(struct call *c) {
    enum { MOST = 1000 }; /* as the operation's file says */
    const struct api_type *type = &c->op->answer->fields[ANS_ADMIN_HOLDS_HOLDS].type;
    struct list all = {.c = c, .holds = &c->fields[ANS_ADMIN_HOLDS_HOLDS]};
    size_t count = 0;
    TRY(vault_holds(c->g->vault, count_hold, &count));
    all.room = count < MOST ? count : MOST;
    c->fields[ANS_ADMIN_HOLDS_MORE].n = count - all.room;
    TRY(api_list_make(c->arena, type, all.room, all.holds));
    return vault_holds(c->g->vault, add_hold, &all);
}

/* --- those of one file --- */

struct wanted {
    struct slice reference;
    int64_t before_ms; /* that end before */
    struct vault_hold hold;
    bool found;
    bool any; /* of the file */
};

static struct status find_hold(void *arg_, const struct vault_hold *hold) {
    struct wanted *w = arg_;
    bool of_file = slice_eq(hold->reference, w->reference);
    w->any |= of_file;
    if (!w->found && of_file && hold->until_ms < w->before_ms) {
        w->hold = *hold;
        w->hold.reference = w->reference;
        w->found = true;
    }
    return STATUS_OK;
}

static struct status extend(struct call *c) {
    struct vault_hold terms = {.ground = 0};
    uint64_t *extended = &c->fields[ANS_ADMIN_EXTEND_HOLDS].n;
    TRY(read_terms(c, arg_text(c, ARG_ADMIN_EXTEND_GROUND), arg(c, ARG_ADMIN_EXTEND_UNTIL)->i,
                   &terms));
    for (;;) {
        struct wanted w = {.reference = arg_text(c, ARG_ADMIN_EXTEND_REFERENCE),
                           .before_ms = terms.until_ms};
        TRY(vault_holds(c->g->vault, find_hold, &w));
        if (!w.found && *extended == 0) {
            return w.any ? FAIL(E_HOLD_EARLIER) : FAIL(E_NOT_FOUND);
        }
        if (!w.found) {
            return STATUS_OK;
        }
        w.hold.ground = terms.ground;
        w.hold.until_ms = terms.until_ms;
        TRY(vault_hold_extend(c->g->vault, &c->actor, &w.hold));
        (*extended)++;
    }
}

static struct status release(struct call *c) {
    uint64_t *ended = &c->fields[ANS_ADMIN_RELEASE_HOLDS].n;
    for (;;) {
        struct wanted w = {.reference = arg_text(c, ARG_ADMIN_RELEASE_REFERENCE),
                           .before_ms = INT64_MAX};
        TRY(vault_holds(c->g->vault, find_hold, &w));
        if (!w.found) {
            return *ended == 0 ? FAIL(E_NOT_FOUND) : STATUS_OK;
        }
        TRY(vault_hold_lift(c->g->vault, &c->actor, w.hold.subject, w.hold.record));
        (*ended)++;
    }
}

/* Alone: what goes with a hold's end takes keys along. */
const struct handler hold_handlers[] = {
    {API_ADMIN_HOLD, hold, NULL, true, false},
    {API_ADMIN_HOLDS, list, NULL, false, false},
    {API_ADMIN_EXTEND, extend, NULL, false, false},
    {API_ADMIN_RELEASE, release, NULL, true, false},
    {0},
};

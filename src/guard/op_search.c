/* Search: clips by their words. That a clip may be found was decided when the projection followed
 * it; that this viewer may see it is asked as in the feed. Must never keep, log or record what
 * somebody looked for. */
#include "feed.h"
#include "search.h"

/* Tells a place in the second part from one in the first; exact as a number in JSON. */
#define BEGUN_CURSOR (UINT64_C(1) << 52)

static struct search_place place_of(uint64_t cursor) {
    bool begun = (cursor & BEGUN_CURSOR) != 0;
    uint64_t below = cursor & ~BEGUN_CURSOR;
    return (struct search_place){.begun = begun, .below = below == 0 ? UINT64_MAX : below};
}

static uint64_t cursor_of(const struct search_place *place) {
    uint64_t below = place->below == UINT64_MAX ? 0 : place->below;
    return place->ended ? 0 : below | (place->begun ? BEGUN_CURSOR : 0);
}

struct found {
    const struct clip *clips[GUARD_FEED_PAGE];
    size_t count;
    uint64_t next; /* cursor */
};

/* What plays and what is found follow the law apart: a clip is shown where both have it. */
static void add(struct call *c, uint64_t id, struct found *f) {
    const struct clip *clip = feed_clip(c->g, id);
    if (clip != NULL && clip->ready && !failed(clip_may_see(c, clip))) {
        f->clips[f->count++] = clip;
    }
}

static void look(struct call *c, const struct search_query *query, size_t limit, struct found *f) {
    struct search_place place = place_of(arg(c, ARG_FEED_SEARCH_CURSOR)->n);
    struct search_place after = place;
    struct search_steps steps = SEARCH_STEPS;
    uint64_t viewer = c->session.kind == SESSION_PERSON ? c->session.subject : 0;
    uint64_t id;
    while ((id = search_next(c->g->search, query, viewer, &after, &steps)) != 0 &&
           f->count < limit) {
        add(c, id, f);
        place = after;
    }
    /* One past the page was looked at, to say whether there is more. */
    f->next = cursor_of(id == 0 ? &after : &place);
}

static struct status search(struct call *c) {
    uint64_t limit = arg(c, ARG_FEED_SEARCH_LIMIT)->n;
    struct search_query query;
    struct found f = {.count = 0};
    struct api_value *items = &c->fields[ANS_FEED_SEARCH_ITEMS];
    TRY(search_read(arg_text(c, ARG_FEED_SEARCH_WORDS), c->arena, &query));
    look(c, &query, limit == 0 || limit > GUARD_FEED_PAGE ? GUARD_FEED_PAGE : limit, &f);
    TRY(api_list_make(c->arena, &c->op->answer->fields[ANS_FEED_SEARCH_ITEMS].type, f.count,
                      items));
    for (size_t i = 0; i < f.count; i++) {
        TRY(clip_fill(c, f.clips[i], items->list.items[i].fields));
    }
    c->decided = false;
    c->fields[ANS_FEED_SEARCH_NEXT].n = f.next;
    c->fields[ANS_FEED_SEARCH_READS_ON].yes = feed_reads_on(c->g);
    return STATUS_OK;
}

const struct handler search_handlers[] = {
    {API_FEED_SEARCH, search, NULL, false, false},
    {0},
};

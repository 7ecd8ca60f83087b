/* The projections of clips, of likes, and of what is found by words. Must never keep what a
 * revocation named, nor show a clip to somebody outside of its audience. */
#include "feed.h"

#include <string.h>

#include "base/mem.h"
#include "index.h"
#include "likes.h"
#include "pairs.h"
#include "ranking.h"
#include "search.h"

enum { EVENTS = 64, STEP = 16, CLIP_ARENA_BYTES = 16384, PLAIN_BYTES = 8 << 20 };

/* Every clip stands in the order twice: with its owner, and with EVERYBODY. */
enum { EVERYBODY = 0 };

struct feed {
    struct vault_follower *clips_of;
    struct vault_follower *likes_of;
    struct vault_follower *words_of;
    uint8_t clip_meta;
    uint8_t like;
    bool reads_on;      /* of what may be found not everything is entered yet */
    struct index clips; /* id, 0: a struct clip */
    struct pairs order; /* owner, id */
    size_t ready;
    struct likes *likes;
    uint64_t *orphans; /* likes of clips that are gone, to be erased */
    size_t orphan_count;
    size_t orphan_cap;
};

/* --- clips --- */

enum audience audience_of(struct slice text) {
    static const char *const names[] = {
        [AUDIENCE_ME] = "me",
        [AUDIENCE_EVERYONE] = "everyone",
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (slice_eq(text, slice_str(names[i]))) {
            return (enum audience)i;
        }
    }
    return AUDIENCE_NONE;
}

void clip_withhold(const struct vault_meta *meta, struct api_value *v) {
    if ((meta->flags & VAULT_WITHHELD) != 0) {
        v[STO_CLIP_AUDIENCE] = api_text("me");
    }
}

static void clip_free(struct clip *clip) {
    arena_done(&clip->arena);
    mem_free(clip);
}

static struct status clip_make(const struct vault_event *e, struct clip **ret_clip) {
    struct clip *clip = mem_alloc(sizeof *clip);
    struct api_value *v = NULL;
    if (clip == NULL) {
        return FAIL(E_MEMORY);
    }
    arena_init(&clip->arena, CLIP_ARENA_BYTES);
    struct status s = stored_read(API_STORED_CLIP, e->payload, &clip->arena, &v);
    if (failed(s)) {
        clip_free(clip);
        return s;
    }
    clip_withhold(&e->meta, v);
    clip->id = e->record;
    clip->owner = e->meta.owner;
    clip->v = v;
    clip->audience = audience_of(v[STO_CLIP_AUDIENCE].bytes);
    clip->ready = slice_eq(v[STO_CLIP_STATE].bytes, SLICE("ready"));
    *ret_clip = clip;
    return STATUS_OK;
}

static struct clip *clip_find(const struct feed *f, uint64_t id) {
    uint64_t at = 0;
    return index_get(&f->clips, id, 0, &at) ? (struct clip *)(uintptr_t)at : NULL;
}

static void clip_unlink(struct feed *f, const struct clip *clip) {
    index_remove(&f->clips, clip->id, 0);
    pairs_remove(&f->order, EVERYBODY, clip->id);
    pairs_remove(&f->order, clip->owner, clip->id);
}

static struct status clip_link(struct feed *f, struct clip *clip) {
    TRY(index_put(&f->clips, clip->id, 0, (uintptr_t)clip));
    TRY(pairs_add(&f->order, EVERYBODY, clip->id));
    return pairs_add(&f->order, clip->owner, clip->id);
}

/* Of a clip that comes back, as after a change of the law. */
static uint32_t likes_now(const struct feed *f, uint64_t clip) {
    uint32_t n = 0;
    for (uint64_t at = UINT64_MAX; (at = likes_of_clip(f->likes, clip, at)) != 0;) {
        n++;
    }
    return n;
}

/* The same clip as it was told before: what is known of it goes over. */
static void clip_replace(struct feed *f, struct clip *old, struct clip *clip) {
    clip->likes = old->likes;
    clip->told = old->told;
    clip->waits = old->waits;
    f->ready -= old->ready ? 1 : 0;
    clip_unlink(f, old);
    clip_free(old);
}

static struct status clip_put(struct guard *g, const struct vault_event *e) {
    struct feed *f = g->feed;
    struct clip *clip = NULL;
    TRY(clip_make(e, &clip));
    struct clip *old = clip_find(f, clip->id);
    if (old != NULL) {
        clip_replace(f, old, clip);
    } else {
        clip->likes = likes_now(f, clip->id);
    }
    struct status linked = clip_link(f, clip);
    if (failed(linked)) {
        clip_unlink(f, clip);
        clip_free(clip);
        return linked;
    }
    f->ready += clip->ready ? 1 : 0;
    g->feed_changed = true;
    ranking_touch(g, clip);
    lease_review(g, clip->id, clip);
    return STATUS_OK;
}

static bool room_for_orphan(struct feed *f) {
    if (f->orphan_count < f->orphan_cap) {
        return true;
    }
    size_t more = f->orphan_cap == 0 ? 64 : f->orphan_cap * 2;
    uint64_t *bigger = mem_resize(f->orphans, more, sizeof *bigger);
    if (bigger != NULL) {
        f->orphans = bigger;
        f->orphan_cap = more;
    }
    return bigger != NULL;
}

static void orphan_likes(struct feed *f, uint64_t clip) {
    uint64_t at = UINT64_MAX;
    while ((at = likes_of_clip(f->likes, clip, at)) != 0 && room_for_orphan(f)) {
        f->orphans[f->orphan_count++] = at;
    }
}

static void clip_remove(struct guard *g, struct clip *clip) {
    struct feed *f = g->feed;
    orphan_likes(f, clip->id);
    lease_review(g, clip->id, NULL);
    ranking_gone(g, clip);
    f->ready -= clip->ready ? 1 : 0;
    g->feed_changed = true;
    clip_unlink(f, clip);
    clip_free(clip);
}

void feed_drop_clip(struct guard *g, uint64_t id) {
    struct clip *clip = clip_find(g->feed, id);
    if (clip != NULL) {
        clip_remove(g, clip);
    }
}

static void clips_of_remove(struct guard *g, uint64_t owner) {
    const struct pairs *order = &g->feed->order;
    for (uint64_t id = UINT64_MAX; (id = pairs_at_most(order, owner, id)) != 0; id--) {
        feed_drop_clip(g, id);
    }
    lease_end_subject(g, owner);
}

const struct clip *feed_clip(const struct guard *g, uint64_t id) {
    return clip_find(g->feed, id);
}

struct clip *feed_clip_marked(struct guard *g, uint64_t id) {
    return clip_find(g->feed, id);
}

const struct clip *feed_below(const struct guard *g, uint64_t below) {
    return clip_find(g->feed, pairs_at_most(&g->feed->order, EVERYBODY, below - 1));
}

size_t feed_ready_count(const struct guard *g) {
    return g->feed->ready;
}

bool feed_sees(const struct clip *clip, uint64_t viewer) {
    if (viewer != 0 && clip->owner == viewer) {
        return true;
    }
    return clip->ready && clip->audience == AUDIENCE_EVERYONE;
}

/* --- likes --- */

static void like_count(struct guard *g, uint64_t clip, int step) {
    struct clip *found = clip_find(g->feed, clip);
    if (found != NULL) {
        found->likes = (uint32_t)((int64_t)found->likes + step);
        ranking_touch(g, found);
    }
}

bool feed_liked(const struct guard *g, uint64_t viewer, uint64_t clip, uint64_t *ret_record) {
    return viewer != 0 && likes_find(g->feed->likes, viewer, clip, ret_record);
}

struct status feed_like(struct guard *g, uint64_t viewer, uint64_t clip, uint64_t record) {
    struct like like = {.record = record, .viewer = viewer, .clip = clip};
    bool is_new = false;
    TRY(likes_add(g->feed->likes, &like, &is_new));
    like_count(g, clip, is_new ? 1 : 0);
    return STATUS_OK;
}

void feed_unlike(struct guard *g, uint64_t record) {
    struct like gone;
    if (likes_remove(g->feed->likes, record, &gone)) {
        like_count(g, gone.clip, -1);
    }
}

static void likes_of_remove(struct guard *g, uint64_t viewer) {
    uint64_t record = 0;
    while ((record = likes_of_viewer(g->feed->likes, viewer)) != 0) {
        feed_unlike(g, record);
    }
}

static void likes_remove_all(struct guard *g) {
    likes_clear(g->feed->likes);
    for (const struct clip *c = feed_below(g, 0); c != NULL; c = feed_below(g, c->id)) {
        like_count(g, c->id, -(int)c->likes);
    }
}

/* A clip that came back, as after a change of the law, has its likes again. */
static bool is_orphan(const struct feed *f, uint64_t record) {
    struct like like;
    return !likes_get(f->likes, record, &like) || clip_find(f, like.clip) == NULL;
}

bool feed_orphan(struct guard *g, uint64_t *ret_record) {
    struct feed *f = g->feed;
    while (f->orphan_count > 0) {
        *ret_record = f->orphans[--f->orphan_count];
        if (is_orphan(f, *ret_record)) {
            return true;
        }
    }
    return false;
}

static struct status like_put(struct guard *g, const struct vault_event *e) {
    struct arena a CLEANUP(arena_done);
    struct api_value *v = NULL;
    arena_init(&a, CLIP_ARENA_BYTES);
    TRY(stored_read(API_STORED_LIKE, e->payload, &a, &v));
    return feed_like(g, e->meta.owner, v[STO_LIKE_CLIP].n, e->record);
}

/* --- events --- */

static struct status apply_clip(struct guard *g, const struct vault_event *e) {
    switch ((enum vault_event_kind)e->kind) {
    case VAULT_EVENT_RECORD:
        return e->meta.category == g->feed->clip_meta ? clip_put(g, e) : STATUS_OK;
    case VAULT_EVENT_REVOKE_RECORD:
        feed_drop_clip(g, e->record);
        return STATUS_OK;
    case VAULT_EVENT_REVOKE_SUBJECT:
        clips_of_remove(g, e->subject);
        return STATUS_OK;
    case VAULT_EVENT_REVOKE_ALL:
        clips_of_remove(g, EVERYBODY);
        lease_end_all(g);
        return STATUS_OK;
    }
    return FAIL(E_UNKNOWN);
}

static struct status apply_like(struct guard *g, const struct vault_event *e) {
    switch ((enum vault_event_kind)e->kind) {
    case VAULT_EVENT_RECORD:
        return e->meta.category == g->feed->like ? like_put(g, e) : STATUS_OK;
    case VAULT_EVENT_REVOKE_RECORD:
        feed_unlike(g, e->record);
        return STATUS_OK;
    case VAULT_EVENT_REVOKE_SUBJECT:
        likes_of_remove(g, e->subject);
        return STATUS_OK;
    case VAULT_EVENT_REVOKE_ALL:
        likes_remove_all(g);
        return STATUS_OK;
    }
    return FAIL(E_UNKNOWN);
}

/* A clip's words are those that its viewers read beside it. */
static struct status found_put(struct guard *g, const struct vault_event *e) {
    struct arena a CLEANUP(arena_done);
    struct api_value *v = NULL;
    arena_init(&a, CLIP_ARENA_BYTES);
    TRY(stored_read(API_STORED_CLIP, e->payload, &a, &v));
    clip_withhold(&e->meta, v);
    bool everybody = audience_of(v[STO_CLIP_AUDIENCE].bytes) == AUDIENCE_EVERYONE &&
                     slice_eq(v[STO_CLIP_STATE].bytes, SLICE("ready"));
    struct slice texts[] = {v[STO_CLIP_CAPTION].bytes, v[STO_CLIP_OWNER_NAME].bytes};
    return search_put(g->search, e->record, e->meta.owner, everybody, texts, ARRAY_LEN(texts));
}

static struct status apply_found(struct guard *g, const struct vault_event *e) {
    switch ((enum vault_event_kind)e->kind) {
    case VAULT_EVENT_RECORD:
        return e->meta.category == g->feed->clip_meta ? found_put(g, e) : STATUS_OK;
    case VAULT_EVENT_REVOKE_RECORD:
        search_drop(g->search, e->record);
        return STATUS_OK;
    case VAULT_EVENT_REVOKE_SUBJECT:
        search_drop_owner(g->search, e->subject);
        return STATUS_OK;
    case VAULT_EVENT_REVOKE_ALL:
        search_clear(g->search);
        return STATUS_OK;
    }
    return FAIL(E_UNKNOWN);
}

/* What one of the three follows: for whose purpose, and what its events do. Entering words takes
 * long: a step at a time, so that a service of many clips is there soon after its start. */
struct following {
    struct vault_follower **follower;
    uint16_t op;
    struct status (*apply)(struct guard *g, const struct vault_event *e);
    bool in_steps;
};

static struct status follow(struct guard *g, uint16_t op, struct vault_follower **ret) {
    struct vault_use use = {.purpose = g->uses[op].purpose, .operation = LAW_OPERATION_USE};
    return vault_follow(g->vault, &use, 0, ret);
}

/* A follower that the vault stopped must drop all it holds; it is made anew from nothing. */
static struct status follow_anew(struct guard *g, const struct following *f) {
    struct vault_event all = {.kind = VAULT_EVENT_REVOKE_ALL};
    TRY(f->apply(g, &all));
    vault_follow_end(f->follower);
    return follow(g, f->op, f->follower);
}

/* What takes away is never left for later: it comes before the records that may be had, with which
 * alone the cursor moves. */
static bool is_step(const struct following *f, const struct vault_event *events, size_t count) {
    return f->in_steps && count == STEP && events[count - 1].cursor > events[0].cursor;
}

/* *ret_more: of what may be had, the next call takes more. */
static struct status pump(struct guard *g, const struct following *f, bool *ret_more) {
    struct buf plain CLEANUP(buf_done) = {0};
    struct vault_event events[EVENTS];
    buf_init_secret(&plain, PLAIN_BYTES);
    *ret_more = false;
    while (!*ret_more) {
        size_t count = 0;
        size_t most = f->in_steps ? STEP : EVENTS;
        buf_clear(&plain);
        struct status s = vault_follow_next(*f->follower, events, most, &plain, &count);
        if (s.code == E_FOLLOWER_LATE) {
            TRY(follow_anew(g, f));
            continue;
        }
        TRY(s);
        for (size_t i = 0; i < count; i++) {
            TRY(f->apply(g, &events[i]));
        }
        if (count == 0) {
            return STATUS_OK;
        }
        vault_follow_ack(*f->follower, events[count - 1].seq);
        *ret_more = is_step(f, events, count);
    }
    return STATUS_OK;
}

struct status feed_pump(struct guard *g) {
    struct following clips = {&g->feed->clips_of, API_CLIP_STATUS, apply_clip, false};
    struct following likes = {&g->feed->likes_of, API_LIKE_SET, apply_like, false};
    struct following words = {&g->feed->words_of, API_FEED_SEARCH, apply_found, true};
    bool more = false;
    TRY(pump(g, &clips, &more));
    TRY(pump(g, &likes, &more));
    return pump(g, &words, &g->feed->reads_on);
}

bool feed_reads_on(const struct guard *g) {
    return g->feed->reads_on;
}

struct status feed_new(struct guard *g, struct feed **ret_feed) {
    struct feed *f = mem_alloc(sizeof *f);
    if (f == NULL) {
        return FAIL(E_MEMORY);
    }
    *ret_feed = f;
    TRY(likes_new(&f->likes));
    f->clip_meta = g->uses[API_CLIP_STATUS].category;
    f->like = g->uses[API_LIKE_SET].category;
    TRY(follow(g, API_CLIP_STATUS, &f->clips_of));
    TRY(follow(g, API_LIKE_SET, &f->likes_of));
    TRY(follow(g, API_FEED_SEARCH, &f->words_of));
    return feed_pump(g);
}

void feed_free(struct feed **feed) {
    struct feed *f = *feed;
    *feed = NULL;
    if (f == NULL) {
        return;
    }
    vault_follow_end(&f->clips_of);
    vault_follow_end(&f->likes_of);
    vault_follow_end(&f->words_of);
    for (uint64_t id = UINT64_MAX; (id = pairs_at_most(&f->order, EVERYBODY, id)) != 0; id--) {
        clip_free(clip_find(f, id));
    }
    index_done(&f->clips);
    pairs_done(&f->order);
    likes_free(&f->likes);
    mem_free(f->orphans);
    mem_free(f);
}

/* The projections of clips, of likes, and of what is found by words. Must never keep what a
 * revocation named, nor show a clip to somebody outside of its audience. */
#include "feed.h"

#include <string.h>

#include "base/mem.h"
#include "index.h"
#include "ranking.h"
#include "search.h"

enum { EVENTS = 64, CLIP_ARENA_BYTES = 16384, PLAIN_BYTES = 8 << 20 };

struct like {
    uint64_t record;
    uint64_t viewer;
    uint64_t clip;
};

struct feed {
    struct vault_follower *clips_of;
    struct vault_follower *likes_of;
    struct vault_follower *words_of;
    uint8_t clip_meta;
    uint8_t like;
    struct clip **clips; /* ascending ids */
    size_t clip_count;
    size_t clip_cap;
    size_t ready;
    struct index likes; /* viewer, clip: record */
    struct like *rows;  /* ascending records */
    size_t row_count;
    size_t row_cap;
    uint64_t *orphans; /* likes of clips that are gone, to be erased */
    size_t orphan_count;
    size_t orphan_cap;
};

/* --- arrays in order of id --- */

static struct status make_room(void **items, size_t *cap, size_t count, size_t size) {
    if (count < *cap) {
        return STATUS_OK;
    }
    size_t more = *cap == 0 ? 64 : *cap * 2;
    void *bigger = mem_resize(*items, more, size);
    if (bigger == NULL) {
        return FAIL(E_MEMORY);
    }
    *items = bigger;
    *cap = more;
    return STATUS_OK;
}

/* The first place whose id is not below. */
static size_t clip_place(const struct feed *f, uint64_t id) {
    size_t low = 0;
    size_t high = f->clip_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (f->clips[mid]->id < id) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static size_t row_place(const struct feed *f, uint64_t record) {
    size_t low = 0;
    size_t high = f->row_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (f->rows[mid].record < record) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

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
    size_t at = clip_place(f, id);
    return at < f->clip_count && f->clips[at]->id == id ? f->clips[at] : NULL;
}

/* Of a clip that comes back, as after a change of the law. */
static uint32_t likes_now(const struct feed *f, uint64_t clip) {
    uint32_t n = 0;
    for (size_t i = 0; i < f->row_count; i++) {
        n += f->rows[i].clip == clip ? 1 : 0;
    }
    return n;
}

static struct status clip_put(struct guard *g, const struct vault_event *e) {
    struct feed *f = g->feed;
    struct clip *clip = NULL;
    TRY(make_room((void **)&f->clips, &f->clip_cap, f->clip_count, sizeof *f->clips));
    TRY(clip_make(e, &clip));
    size_t at = clip_place(f, clip->id);
    if (at < f->clip_count && f->clips[at]->id == clip->id) {
        clip->likes = f->clips[at]->likes;
        clip->told = f->clips[at]->told;
        clip->waits = f->clips[at]->waits;
        f->ready -= f->clips[at]->ready ? 1 : 0;
        clip_free(f->clips[at]);
    } else {
        clip->likes = likes_now(f, clip->id);
        memmove(f->clips + at + 1, f->clips + at, (f->clip_count - at) * sizeof *f->clips);
        f->clip_count++;
    }
    f->clips[at] = clip;
    f->ready += clip->ready ? 1 : 0;
    g->feed_changed = true;
    ranking_touch(g, clip);
    lease_review(g, clip->id, clip);
    return STATUS_OK;
}

static void orphan_likes(struct feed *f, uint64_t clip) {
    for (size_t i = 0; i < f->row_count; i++) {
        void **items = (void **)&f->orphans;
        if (f->rows[i].clip == clip &&
            !failed(make_room(items, &f->orphan_cap, f->orphan_count, sizeof *f->orphans))) {
            f->orphans[f->orphan_count++] = f->rows[i].record;
        }
    }
}

static void clip_remove_at(struct guard *g, size_t at) {
    struct feed *f = g->feed;
    struct clip *clip = f->clips[at];
    if (clip->likes > 0) {
        orphan_likes(f, clip->id);
    }
    lease_review(g, clip->id, NULL);
    ranking_gone(g, clip);
    f->ready -= clip->ready ? 1 : 0;
    g->feed_changed = true;
    f->clip_count--;
    memmove(f->clips + at, f->clips + at + 1, (f->clip_count - at) * sizeof *f->clips);
    clip_free(clip);
}

void feed_drop_clip(struct guard *g, uint64_t id) {
    size_t at = clip_place(g->feed, id);
    if (at < g->feed->clip_count && g->feed->clips[at]->id == id) {
        clip_remove_at(g, at);
    }
}

static void clips_of_remove(struct guard *g, uint64_t owner) {
    for (size_t at = g->feed->clip_count; at > 0; at--) {
        if (owner == 0 || g->feed->clips[at - 1]->owner == owner) {
            clip_remove_at(g, at - 1);
        }
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
    const struct feed *f = g->feed;
    size_t at = below == 0 ? f->clip_count : clip_place(f, below);
    return at == 0 ? NULL : f->clips[at - 1];
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
    return viewer != 0 && index_get(&g->feed->likes, viewer, clip, ret_record);
}

struct status feed_like(struct guard *g, uint64_t viewer, uint64_t clip, uint64_t record) {
    struct feed *f = g->feed;
    size_t at = row_place(f, record);
    if (at < f->row_count && f->rows[at].record == record) {
        return STATUS_OK;
    }
    TRY(make_room((void **)&f->rows, &f->row_cap, f->row_count, sizeof *f->rows));
    TRY(index_put(&f->likes, viewer, clip, record));
    at = row_place(f, record);
    memmove(f->rows + at + 1, f->rows + at, (f->row_count - at) * sizeof *f->rows);
    f->rows[at] = (struct like){record, viewer, clip};
    f->row_count++;
    like_count(g, clip, 1);
    return STATUS_OK;
}

static void like_remove_at(struct guard *g, size_t at) {
    struct feed *f = g->feed;
    struct like gone = f->rows[at];
    f->row_count--;
    memmove(f->rows + at, f->rows + at + 1, (f->row_count - at) * sizeof *f->rows);
    index_remove(&f->likes, gone.viewer, gone.clip);
    like_count(g, gone.clip, -1);
}

void feed_unlike(struct guard *g, uint64_t record) {
    size_t at = row_place(g->feed, record);
    if (at < g->feed->row_count && g->feed->rows[at].record == record) {
        like_remove_at(g, at);
    }
}

static void likes_of_remove(struct guard *g, uint64_t viewer) {
    const struct feed *f = g->feed;
    for (size_t at = f->row_count; at > 0; at--) {
        if (viewer == 0 || f->rows[at - 1].viewer == viewer) {
            like_remove_at(g, at - 1);
        }
    }
}

/* A clip that came back, as after a change of the law, has its likes again. */
static bool is_orphan(const struct feed *f, uint64_t record) {
    size_t at = row_place(f, record);
    bool there = at < f->row_count && f->rows[at].record == record;
    return !there || clip_find(f, f->rows[at].clip) == NULL;
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
        clips_of_remove(g, 0);
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
        likes_of_remove(g, 0);
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

/* What one of the three follows: for whose purpose, and what its events do. */
struct following {
    struct vault_follower **follower;
    uint16_t op;
    struct status (*apply)(struct guard *g, const struct vault_event *e);
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

static struct status pump(struct guard *g, const struct following *f) {
    struct buf plain CLEANUP(buf_done) = {0};
    struct vault_event events[EVENTS];
    buf_init_secret(&plain, PLAIN_BYTES);
    for (;;) {
        size_t count = 0;
        buf_clear(&plain);
        struct status s = vault_follow_next(*f->follower, events, EVENTS, &plain, &count);
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
    }
}

struct status feed_pump(struct guard *g) {
    struct following clips = {&g->feed->clips_of, API_CLIP_STATUS, apply_clip};
    struct following likes = {&g->feed->likes_of, API_LIKE_SET, apply_like};
    struct following words = {&g->feed->words_of, API_FEED_SEARCH, apply_found};
    TRY(pump(g, &clips));
    TRY(pump(g, &likes));
    return pump(g, &words);
}

struct status feed_new(struct guard *g, struct feed **ret_feed) {
    struct feed *f = mem_alloc(sizeof *f);
    if (f == NULL) {
        return FAIL(E_MEMORY);
    }
    *ret_feed = f;
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
    for (size_t i = 0; i < f->clip_count; i++) {
        clip_free(f->clips[i]);
    }
    mem_free(f->clips);
    mem_free(f->rows);
    mem_free(f->orphans);
    index_done(&f->likes);
    mem_free(f);
}

/* What viewers see: the feed, one clip, its bytes, likes. Who may see a clip is its audience and
 * the law, asked for this viewer wherever the clip is not public. */
#include "feed.h"
#include "ranking.h"

static struct slice error_name(uint16_t code) {
    return slice_str(error_info(code)->name);
}

/* The law, for this viewer: a public clip was decided when the projection followed it. */
struct status clip_may_see(struct call *c, const struct clip *clip) {
    if (!feed_sees(clip, c->session.subject)) {
        return FAIL(E_NOT_FOUND);
    }
    if (clip->audience == AUDIENCE_EVERYONE && clip->ready) {
        return STATUS_OK;
    }
    struct vault_use use = use_of(c, API_CLIP_STATUS);
    return call_permit(c, &use, c->g->uses[API_CLIP_STATUS].category, clip->owner);
}

static void fill_upload(struct call *c, const struct clip *clip, struct api_value *item) {
    struct upload upload = {.state = "processing"};
    if (clip->ready) {
        item[TYP_ITEM_STATE] = api_text("ready");
        item[TYP_ITEM_PERMILLE].n = 1000;
        return;
    }
    (void)studio_upload(c->g, clip->id, &upload);
    item[TYP_ITEM_STATE] = api_text(upload.state);
    item[TYP_ITEM_PERMILLE].n = upload.permille;
}

/* The feed may change before the answer is written: texts are copied. */
struct status clip_fill(struct call *c, const struct clip *clip, struct api_value *item) {
    uint64_t record;
    item[TYP_ITEM_CLIP].n = clip->id;
    item[TYP_ITEM_OWNER].n = clip->owner;
    TRY(arena_copy(c->arena, clip->v[STO_CLIP_OWNER_NAME].bytes, &item[TYP_ITEM_OWNER_NAME].bytes));
    TRY(arena_copy(c->arena, clip->v[STO_CLIP_CAPTION].bytes, &item[TYP_ITEM_CAPTION].bytes));
    TRY(arena_copy(c->arena, clip->v[STO_CLIP_AUDIENCE].bytes, &item[TYP_ITEM_AUDIENCE].bytes));
    item[TYP_ITEM_DURATION_MS] = clip->v[STO_CLIP_DURATION_MS];
    item[TYP_ITEM_WIDTH] = clip->v[STO_CLIP_WIDTH];
    item[TYP_ITEM_HEIGHT] = clip->v[STO_CLIP_HEIGHT];
    item[TYP_ITEM_LIKES].n = clip->likes;
    item[TYP_ITEM_LIKED].yes = feed_liked(c->g, c->session.subject, clip->id, &record);
    item[TYP_ITEM_MINE].yes = c->session.subject != 0 && clip->owner == c->session.subject;
    item[TYP_ITEM_CREATED_AT] = clip->v[STO_CLIP_CREATED_AT];
    fill_upload(c, clip, item);
    return STATUS_OK;
}

/* --- the feed --- */

/* Tells a place in the popular order from the number of a clip; exact as a number in JSON. */
#define POPULAR_CURSOR (UINT64_C(1) << 52)

static const struct api_type *list_type(const struct call *c, unsigned field) {
    return &c->op->answer->fields[field].type;
}

struct page {
    const struct clip *clips[GUARD_FEED_PAGE];
    size_t count;
    size_t limit;
    uint64_t next; /* cursor, 0 at the end */
};

static void add_to_page(struct call *c, const struct clip *clip, struct page *p) {
    if (clip->ready && !failed(clip_may_see(c, clip))) {
        p->clips[p->count++] = clip;
    }
}

static void newest_first(struct call *c, uint64_t below, struct page *p) {
    const struct clip *clip = feed_below(c->g, below);
    for (; clip != NULL && p->count < p->limit; clip = feed_below(c->g, clip->id)) {
        add_to_page(c, clip, p);
    }
    p->next = clip == NULL || p->count == 0 ? 0 : p->clips[p->count - 1]->id;
}

static bool stands_in(const struct page *p, const struct clip *clip) {
    for (size_t i = 0; i < p->count; i++) {
        if (p->clips[i] == clip) {
            return true;
        }
    }
    return false;
}

/* Which clips stand in the order is rank's word, and counts for nothing: a clip is shown when it is
 * for everybody and this viewer may see it, once. */
static void popular_first(struct call *c, uint64_t at, struct page *p) {
    size_t count;
    const uint64_t *order = ranking_order(c->g, &count);
    for (; at < count && p->count < p->limit; at++) {
        const struct clip *clip = feed_clip(c->g, order[at]);
        if (clip != NULL && clip->audience == AUDIENCE_EVERYONE && !stands_in(p, clip)) {
            add_to_page(c, clip, p);
        }
    }
    p->next = at < count ? POPULAR_CURSOR | at : 0;
}

/* Each page goes on where the one before ended, also when the popular order has gone or come
 * between them; a place in an order that is gone begins anew. */
static bool fill_page(struct call *c, struct page *p) {
    uint64_t cursor = arg(c, ARG_FEED_PAGE_CURSOR)->n;
    bool placed = (cursor & POPULAR_CURSOR) != 0;
    bool asked = slice_eq(arg_text(c, ARG_FEED_PAGE_ORDER), SLICE("popular"));
    size_t known;
    (void)ranking_order(c->g, &known);
    if (asked && known > 0 && (placed || cursor == 0)) {
        popular_first(c, cursor & ~POPULAR_CURSOR, p);
        return true;
    }
    newest_first(c, asked && placed ? 0 : cursor, p);
    return false;
}

static struct status page(struct call *c) {
    uint64_t limit = arg(c, ARG_FEED_PAGE_LIMIT)->n;
    struct page p = {.limit = limit == 0 || limit > GUARD_FEED_PAGE ? GUARD_FEED_PAGE : limit};
    bool popular = fill_page(c, &p);
    struct api_value *items = &c->fields[ANS_FEED_PAGE_ITEMS];
    TRY(api_list_make(c->arena, list_type(c, ANS_FEED_PAGE_ITEMS), p.count, items));
    for (size_t i = 0; i < p.count; i++) {
        TRY(clip_fill(c, p.clips[i], items->list.items[i].fields));
    }
    c->decided = false;
    c->fields[ANS_FEED_PAGE_NEXT].n = p.next;
    c->fields[ANS_FEED_PAGE_REASON] = api_text(popular ? "popular" : "newest-first");
    c->flags = c->session.kind == SESSION_NONE ? API_FLAG_PUBLIC : 0;
    return STATUS_OK;
}

static struct status failed_item(struct call *c, uint64_t id) {
    struct upload upload;
    struct api_value *item = c->fields[ANS_CLIP_STATUS_CLIP].fields;
    if (!studio_upload(c->g, id, &upload) || upload.owner != c->session.subject ||
        upload.problem == OK) {
        return FAIL(E_NOT_FOUND);
    }
    item[TYP_ITEM_CLIP].n = id;
    item[TYP_ITEM_OWNER].n = upload.owner;
    item[TYP_ITEM_MINE].yes = true;
    item[TYP_ITEM_STATE] = api_text(upload.state);
    item[TYP_ITEM_AUDIENCE] = api_text("me");
    item[TYP_ITEM_PROBLEM].bytes = error_name(upload.problem);
    return STATUS_OK;
}

static struct status status(struct call *c) {
    uint64_t id = arg(c, ARG_CLIP_STATUS_CLIP)->n;
    const struct clip *clip = feed_clip(c->g, id);
    if (clip == NULL) {
        return failed_item(c, id);
    }
    TRY(clip_may_see(c, clip));
    return clip_fill(c, clip, c->fields[ANS_CLIP_STATUS_CLIP].fields);
}

/* --- bytes --- */

static const struct rendition {
    const char *name;
    unsigned blob;
    const char *type;
    const char *category;
} renditions[] = {
    {"large", STO_CLIP_LARGE, "video/mp4", "clip"},
    {"small", STO_CLIP_SMALL, "video/mp4", "clip"},
    {"poster", STO_CLIP_POSTER, "image/jpeg", "poster"},
};

static const struct rendition *find_rendition(struct slice name) {
    for (size_t i = 0; i < ARRAY_LEN(renditions); i++) {
        if (slice_eq(name, slice_str(renditions[i].name))) {
            return &renditions[i];
        }
    }
    return NULL;
}

static struct status open_clip(struct call *c) {
    const struct clip *clip = feed_clip(c->g, arg(c, ARG_CLIP_OPEN_CLIP)->n);
    const struct rendition *r = find_rendition(arg_text(c, ARG_CLIP_OPEN_RENDITION));
    if (clip == NULL || r == NULL || !feed_sees(clip, c->session.subject)) {
        return FAIL(E_NOT_FOUND);
    }
    if (!clip->ready) {
        return FAIL(E_NOT_READY);
    }
    uint8_t category;
    TRY(vault_category(c->g->vault, slice_str(r->category), &category));
    c->fields[ANS_CLIP_OPEN_TYPE] = api_text(r->type);
    TRY(lease_open(c, clip, category, clip->v[r->blob].n, &c->fields[ANS_CLIP_OPEN_LEASE].n,
                   &c->fields[ANS_CLIP_OPEN_SIZE_BYTES].n, &c->fd));
    return STATUS_OK;
}

/* The server marks the connection; that is all. */
static struct status watch(struct call *c) {
    c->reply->watches = true;
    return STATUS_OK;
}

/* --- likes --- */

static struct status put_like(struct call *c, uint64_t clip) {
    struct buf plain CLEANUP(buf_done) = {0};
    struct vault_use use = use_of(c, API_LIKE_SET);
    struct vault_meta meta = {.owner = c->session.subject,
                              .category = c->g->uses[API_LIKE_SET].category};
    struct api_value v[STO_LIKE__COUNT] = {[STO_LIKE_CLIP] = api_n(clip)};
    struct vault_answer answer = {0};
    uint64_t record;
    buf_init_secret(&plain, 64);
    TRY(stored_write(API_STORED_LIKE, v, &plain));
    struct status s = vault_put(c->g->vault, &use, &meta, buf_slice(&plain), &record, &answer);
    if (s.code == E_DENIED) {
        call_decided(c, &use, meta.category, meta.owner, &answer);
    }
    TRY(s);
    return feed_like(c->g, c->session.subject, clip, record);
}

static struct status drop_like(struct call *c, uint64_t record) {
    struct vault_use use = use_of(c, API_HISTORY_EMPTY);
    struct vault_query query = {.id = record, .owner = c->session.subject};
    struct vault_found found;
    TRY(vault_delete(c->g->vault, &use, &query, &found));
    feed_unlike(c->g, record);
    return STATUS_OK;
}

static struct status like(struct call *c) {
    uint64_t id = arg(c, ARG_LIKE_SET_CLIP)->n;
    bool on = arg(c, ARG_LIKE_SET_ON)->yes;
    const struct clip *clip = feed_clip(c->g, id);
    uint64_t record = 0;
    if (clip == NULL || !clip->ready) {
        return FAIL(E_NOT_FOUND);
    }
    TRY(clip_may_see(c, clip));
    bool liked = feed_liked(c->g, c->session.subject, id, &record);
    if (on && !liked) {
        TRY(put_like(c, id));
    } else if (!on && liked) {
        TRY(drop_like(c, record));
    }
    c->fields[ANS_LIKE_SET_LIKES].n = clip->likes;
    return STATUS_OK;
}

/* --- one's own --- */

static struct status mine_ready(struct call *c, struct api_value *items, size_t max) {
    size_t count = 0;
    for (const struct clip *clip = feed_below(c->g, 0); clip != NULL && count < max;
         clip = feed_below(c->g, clip->id)) {
        if (clip->owner == c->session.subject) {
            TRY(clip_fill(c, clip, items->list.items[count++].fields));
        }
    }
    items->list.count = count;
    return STATUS_OK;
}

static struct status mine(struct call *c) {
    struct api_value *items = &c->fields[ANS_CLIP_MINE_ITEMS];
    TRY(api_list_make(c->arena, list_type(c, ANS_CLIP_MINE_ITEMS), GUARD_CLIPS_EACH, items));
    return mine_ready(c, items, GUARD_CLIPS_EACH);
}

const struct handler feed_handlers[] = {
    {API_FEED_PAGE, page, NULL, false, false},
    {API_CLIP_STATUS, status, NULL, false, false},
    {API_CLIP_OPEN, open_clip, NULL, false, false},
    {API_LIKE_SET, like, NULL, false, false},
    {API_CLIP_MINE, mine, NULL, false, true},
    {API_LEASE_WATCH, watch, NULL, false, false},
    {0},
};

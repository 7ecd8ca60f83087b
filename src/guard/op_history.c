/* The watch history: kept only where the person (or a guardian) agreed to it, seen and emptied by
 * its owner alone. */
#include "feed.h"

static struct status add(struct call *c) {
    struct buf plain CLEANUP(buf_done) = {0};
    uint64_t id = arg(c, ARG_HISTORY_ADD_CLIP)->n;
    const struct clip *clip = feed_clip(c->g, id);
    if (clip == NULL || !clip->ready || !feed_sees(clip, c->session.subject)) {
        return FAIL(E_NOT_FOUND);
    }
    struct vault_use use = use_of(c, API_HISTORY_ADD);
    struct vault_meta meta = {.owner = c->session.subject,
                              .category = c->g->uses[API_HISTORY_ADD].category};
    struct api_value v[STO_WATCH__COUNT] = {
        [STO_WATCH_CLIP] = api_n(id),
        [STO_WATCH_WATCHED_MS] = *arg(c, ARG_HISTORY_ADD_WATCHED_MS),
        [STO_WATCH_AT] = api_time(c->now_ms),
    };
    struct vault_answer answer = {0};
    uint64_t record;
    buf_init_secret(&plain, 128);
    TRY(stored_write(API_STORED_WATCH, v, &plain));
    struct status s = vault_put(c->g->vault, &use, &meta, buf_slice(&plain), &record, &answer);
    if (s.code == E_DENIED) {
        call_decided(c, &use, meta.category, meta.owner, &answer);
    }
    return s;
}

struct page {
    struct call *c;
    struct api_value *items;
    size_t count;
    uint64_t last;
};

static struct status take_entry(void *arg_, const struct vault_meta *meta, struct slice payload) {
    struct page *page = arg_;
    struct call *c = page->c;
    struct api_value *v = NULL;
    struct api_value *item = page->items[page->count++].fields;
    TRY(stored_read(API_STORED_WATCH, payload, c->arena, &v));
    page->last = meta->id;
    item[TYP_WATCHED_CLIP].n = v[STO_WATCH_CLIP].n;
    item[TYP_WATCHED_AT].i = v[STO_WATCH_AT].i;
    item[TYP_WATCHED_WATCHED_MS].n = v[STO_WATCH_WATCHED_MS].n;
    const struct clip *clip = feed_clip(c->g, v[STO_WATCH_CLIP].n);
    if (clip == NULL || !feed_sees(clip, c->session.subject)) {
        return STATUS_OK; /* gone, or no longer for this viewer: its number stays, no more */
    }
    TRY(arena_copy(c->arena, clip->v[STO_CLIP_CAPTION].bytes, &item[TYP_WATCHED_CAPTION].bytes));
    return arena_copy(c->arena, clip->v[STO_CLIP_OWNER_NAME].bytes,
                      &item[TYP_WATCHED_OWNER_NAME].bytes);
}

static struct status list(struct call *c) {
    struct vault_use use = use_of(c, API_HISTORY_LIST);
    struct api_value *entries = &c->fields[ANS_HISTORY_LIST_ENTRIES];
    struct vault_found found = {0};
    TRY(api_list_make(c->arena, &c->op->answer->fields[ANS_HISTORY_LIST_ENTRIES].type,
                      GUARD_HISTORY_PAGE, entries));
    struct page page = {.c = c, .items = entries->list.items};
    TRY(vault_newest(c->g->vault, &use, c->session.subject, c->g->uses[API_HISTORY_LIST].category,
                     arg(c, ARG_HISTORY_LIST_CURSOR)->n, GUARD_HISTORY_PAGE, take_entry, &page,
                     &found));
    entries->list.count = page.count;
    c->fields[ANS_HISTORY_LIST_NEXT].n = page.count == GUARD_HISTORY_PAGE ? page.last : 0;
    return STATUS_OK;
}

static struct status empty(struct call *c) {
    struct vault_query query = {.owner = c->session.subject,
                                .category = (uint8_t)(c->g->uses[API_HISTORY_EMPTY].category + 1)};
    struct vault_erased erased = {0};
    uint64_t count;
    TRY(vault_count(c->g->vault, &query, &count));
    TRY(vault_erase_category(c->g->vault, &c->actor, c->session.subject,
                             c->g->uses[API_HISTORY_EMPTY].category, SLICE("GDPR Art. 17(1)"), NULL,
                             &erased));
    c->reply->after_seq = erased.feed_seq;
    c->fields[ANS_HISTORY_EMPTY_ERASED].n = count < UINT32_MAX ? count : UINT32_MAX;
    c->fields[ANS_HISTORY_EMPTY_RECEIPT].n = erased.leaf;
    return STATUS_OK;
}

const struct handler history_handlers[] = {
    {API_HISTORY_ADD, add, NULL, false, false},
    {API_HISTORY_LIST, list, NULL, false, true},
    {API_HISTORY_EMPTY, empty, NULL, true, true},
    {0},
};

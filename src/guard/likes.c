/* Two maps and two orders over the same likes. */
#include "likes.h"

#include "base/mem.h"
#include "index.h"
#include "pairs.h"

struct likes {
    struct index records; /* record, 0: a struct like */
    struct index liked;   /* viewer, clip: record */
    struct pairs viewers; /* viewer, record */
    struct pairs clips;   /* clip, record */
};

struct status likes_new(struct likes **ret_likes) {
    *ret_likes = mem_alloc(sizeof **ret_likes);
    return *ret_likes == NULL ? FAIL(E_MEMORY) : STATUS_OK;
}

void likes_free(struct likes **likes) {
    struct likes *l = *likes;
    *likes = NULL;
    if (l == NULL) {
        return;
    }
    likes_clear(l);
    index_done(&l->records);
    index_done(&l->liked);
    mem_free(l);
}

static struct like *like_of(const struct likes *l, uint64_t record) {
    uint64_t at = 0;
    return index_get(&l->records, record, 0, &at) ? (struct like *)(uintptr_t)at : NULL;
}

static void like_free(struct like *like) {
    mem_wipe(like, sizeof *like);
    mem_free(like);
}

/* A later like of the same clip stands in its place. */
static void unlink_like(struct likes *l, const struct like *like) {
    uint64_t record = 0;
    index_remove(&l->records, like->record, 0);
    if (likes_find(l, like->viewer, like->clip, &record) && record == like->record) {
        index_remove(&l->liked, like->viewer, like->clip);
    }
    pairs_remove(&l->viewers, like->viewer, like->record);
    pairs_remove(&l->clips, like->clip, like->record);
}

static struct status link_like(struct likes *l, struct like *like) {
    TRY(index_put(&l->records, like->record, 0, (uintptr_t)like));
    TRY(index_put(&l->liked, like->viewer, like->clip, like->record));
    TRY(pairs_add(&l->viewers, like->viewer, like->record));
    return pairs_add(&l->clips, like->clip, like->record);
}

struct status likes_add(struct likes *l, const struct like *like, bool *ret_new) {
    *ret_new = like_of(l, like->record) == NULL;
    if (!*ret_new) {
        return STATUS_OK;
    }
    struct like *kept = mem_alloc(sizeof *kept);
    if (kept == NULL) {
        return FAIL(E_MEMORY);
    }
    *kept = *like;
    struct status linked = link_like(l, kept);
    if (failed(linked)) {
        unlink_like(l, kept);
        like_free(kept);
    }
    return linked;
}

bool likes_remove(struct likes *l, uint64_t record, struct like *ret_gone) {
    struct like *like = like_of(l, record);
    if (like == NULL) {
        return false;
    }
    *ret_gone = *like;
    unlink_like(l, like);
    like_free(like);
    return true;
}

void likes_clear(struct likes *l) {
    for (size_t i = 0; i < l->records.cap; i++) {
        if (l->records.slots[i].state == INDEX_FULL) {
            like_free((struct like *)(uintptr_t)l->records.slots[i].value);
        }
    }
    index_clear(&l->records);
    index_clear(&l->liked);
    pairs_done(&l->viewers);
    pairs_done(&l->clips);
}

bool likes_get(const struct likes *l, uint64_t record, struct like *ret_like) {
    const struct like *like = like_of(l, record);
    if (like != NULL) {
        *ret_like = *like;
    }
    return like != NULL;
}

bool likes_find(const struct likes *l, uint64_t viewer, uint64_t clip, uint64_t *ret_record) {
    return index_get(&l->liked, viewer, clip, ret_record);
}

uint64_t likes_of_viewer(const struct likes *l, uint64_t viewer) {
    return pairs_at_most(&l->viewers, viewer, UINT64_MAX);
}

uint64_t likes_of_clip(const struct likes *l, uint64_t clip, uint64_t below) {
    return below == 0 ? 0 : pairs_at_most(&l->clips, clip, below - 1);
}

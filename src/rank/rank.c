/* What rank remembers, and the order that comes of it. Pure but for its memory; must never keep
 * what a fact told it to forget. */
#include "rank/rank.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    FRESH_MOST = 2000,
    FRESH_HALF_HOURS = 48,
    LIKES_MOST = 1000,
    LIKES_HALF = 20,
    VARIETY = 300,
    DAY_HOURS = 24,
};

struct entry {
    uint64_t clip;
    uint32_t hour;
    uint32_t likes;
};

struct scored {
    uint64_t clip;
    uint32_t score;
};

struct rank {
    size_t count;
    uint64_t seq;
    struct entry entries[RANK_CLIPS_MOST]; /* ascending clips */
    struct scored scored[RANK_CLIPS_MOST];
};

struct status rank_new(struct rank **ret_rank) {
    struct rank *r = mem_alloc(sizeof *r);
    if (r == NULL) {
        return FAIL(E_MEMORY);
    }
    *ret_rank = r;
    return STATUS_OK;
}

void rank_free(struct rank **rank) {
    mem_free(*rank);
    *rank = NULL;
}

size_t rank_count(const struct rank *r) {
    return r->count;
}

/* --- facts --- */

static size_t place(const struct rank *r, uint64_t clip) {
    size_t low = 0;
    size_t high = r->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (r->entries[mid].clip < clip) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static bool stands(const struct rank *r, size_t at, uint64_t clip) {
    return at < r->count && r->entries[at].clip == clip;
}

static void remove_at(struct rank *r, size_t at) {
    r->count--;
    memmove(r->entries + at, r->entries + at + 1, (r->count - at) * sizeof *r->entries);
    r->entries[r->count] = (struct entry){0};
}

static size_t oldest(const struct rank *r) {
    size_t found = 0;
    for (size_t i = 1; i < r->count; i++) {
        found = r->entries[i].hour < r->entries[found].hour ? i : found;
    }
    return found;
}

static void put(struct rank *r, const struct rank_fact *f) {
    size_t at = place(r, f->clip);
    struct entry e = {f->clip, f->hour, f->likes};
    if (stands(r, at, f->clip)) {
        r->entries[at] = e;
        return;
    }
    if (r->count == RANK_CLIPS_MOST) {
        size_t out = oldest(r);
        if (r->entries[out].hour >= f->hour) {
            return;
        }
        remove_at(r, out);
        at -= out < at ? 1 : 0;
    }
    memmove(r->entries + at + 1, r->entries + at, (r->count - at) * sizeof *r->entries);
    r->entries[at] = e;
    r->count++;
}

static void drop(struct rank *r, uint64_t clip) {
    size_t at = place(r, clip);
    if (stands(r, at, clip)) {
        remove_at(r, at);
    }
}

static bool is_fact(const struct rank_fact *f, uint64_t seq) {
    bool known = f->kind == RANK_PUT || (f->kind == RANK_DROP && f->likes == 0 && f->hour == 0);
    return known && f->version == RANK_VERSION && f->zero == 0 && f->zero_too == 0 &&
           f->seq == seq && f->clip != 0;
}

struct status rank_take(struct rank *r, struct slice packet, uint64_t *ret_seq) {
    struct rank_fact facts[RANK_FACTS_MOST];
    size_t count = packet.len / sizeof *facts;
    if (count == 0 || count > RANK_FACTS_MOST || packet.len % sizeof *facts != 0) {
        return FAIL(E_FRAME);
    }
    memcpy(facts, packet.ptr, packet.len);
    for (size_t i = 0; i < count; i++) {
        if (!is_fact(&facts[i], r->seq + 1 + i)) {
            return FAIL(E_FRAME);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (facts[i].kind == RANK_PUT) {
            put(r, &facts[i]);
        } else {
            drop(r, facts[i].clip);
        }
    }
    r->seq += count;
    *ret_seq = r->seq;
    return STATUS_OK;
}

/* --- the order --- */

/* Spreads numbers evenly and the same way on every machine; nothing secret depends on it. */
static uint64_t spread(uint64_t n) {
    n = (n ^ n >> 32) * UINT64_C(0x9e3779b97f4a7c15);
    n = (n ^ n >> 29) * UINT64_C(0xd6e8feb86659fd93);
    return n ^ n >> 32;
}

uint32_t rank_score(uint64_t clip, uint32_t hour, uint32_t likes, uint32_t now_hour) {
    uint64_t age = now_hour > hour ? now_hour - hour : 0;
    uint64_t fresh = FRESH_MOST * FRESH_HALF_HOURS / (FRESH_HALF_HOURS + age);
    uint64_t liked = LIKES_MOST * (uint64_t)likes / (LIKES_HALF + (uint64_t)likes);
    uint64_t varied = spread(clip + spread(now_hour / DAY_HOURS)) % VARIETY;
    return (uint32_t)(fresh + liked + varied);
}

static int better_first(const void *one, const void *two) {
    const struct scored *a = one;
    const struct scored *b = two;
    if (a->score != b->score) {
        return a->score > b->score ? -1 : 1;
    }
    return a->clip > b->clip ? -1 : 1;
}

void rank_order(struct rank *r, uint32_t now_hour, uint64_t *ret_clips, size_t *ret_count) {
    for (size_t i = 0; i < r->count; i++) {
        const struct entry *e = &r->entries[i];
        r->scored[i] = (struct scored){e->clip, rank_score(e->clip, e->hour, e->likes, now_hour)};
    }
    qsort(r->scored, r->count, sizeof *r->scored, better_first);
    *ret_count = r->count < RANK_ORDER_MOST ? r->count : RANK_ORDER_MOST;
    for (size_t i = 0; i < *ret_count; i++) {
        ret_clips[i] = r->scored[i].clip;
    }
    memset(r->scored, 0, r->count * sizeof *r->scored);
}

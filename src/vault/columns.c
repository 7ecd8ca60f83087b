/* The columns themselves: reserve, put, change, drop. */
#include "columns.h"

#include <string.h>

#include "base/mem.h"

enum { HEADS_STEP = 4096, SEGMENTS_STEP = 64 };

void columns_init(struct columns *c) {
    *c = (struct columns){.segments = NULL};
}

static void segment_free(struct segment *s) {
    if (s == NULL) {
        return;
    }
    for (int set = 0; set < PLANE_SETS; set++) {
        for (int bit = 0; bit < 64; bit++) {
            mem_free(s->planes[set][bit]);
        }
    }
    mem_free(s);
}

void columns_done(struct columns *c) {
    for (size_t i = 0; i < c->count; i++) {
        segment_free(c->segments[i]);
    }
    mem_free(c->segments);
    mem_free(c->heads);
    columns_init(c);
}

void columns_release(struct columns *c, uint32_t number) {
    segment_free(c->segments[number]);
    c->segments[number] = NULL;
}

static struct status reserve_heads(struct columns *c, uint64_t owner) {
    if (owner < c->head_count) {
        return STATUS_OK;
    }
    size_t grown = c->head_count + c->head_count / 2;
    size_t count = (owner < grown ? grown : (size_t)owner) + HEADS_STEP;
    uint32_t *heads = mem_resize(c->heads, count, sizeof *heads);
    if (heads == NULL) {
        return FAIL(E_MEMORY);
    }
    memset(heads + c->head_count, 0, (count - c->head_count) * sizeof *heads);
    c->heads = heads;
    c->head_count = count;
    return STATUS_OK;
}

static struct status reserve_table(struct columns *c, size_t number) {
    if (number < c->count) {
        return STATUS_OK;
    }
    size_t count = number + number / 2 + SEGMENTS_STEP;
    struct segment **segments = mem_resize(c->segments, count, sizeof *segments);
    if (segments == NULL) {
        return FAIL(E_MEMORY);
    }
    memset(segments + c->count, 0, (count - c->count) * sizeof *segments);
    c->segments = segments;
    c->count = count;
    return STATUS_OK;
}

static struct status reserve_segment(struct columns *c, uint64_t id, struct segment **ret) {
    size_t number = (size_t)(id >> SEGMENT_BITS);
    TRY(reserve_table(c, number));
    if (c->segments[number] == NULL) {
        struct segment *s = mem_alloc(sizeof *s);
        if (s == NULL) {
            return FAIL(E_MEMORY);
        }
        s->number = (uint32_t)number;
        s->earliest_expiry = UINT32_MAX;
        c->segments[number] = s;
    }
    *ret = c->segments[number];
    return STATUS_OK;
}

static struct status reserve_planes(struct segment *s, enum plane_set set, uint64_t bits) {
    for (; bits != 0; bits &= bits - 1) {
        struct plane **plane = &s->planes[set][__builtin_ctzll(bits)];
        if (*plane == NULL) {
            *plane = mem_alloc(sizeof **plane);
            if (*plane == NULL) {
                return FAIL(E_MEMORY);
            }
            s->has[set] |= bits & -bits;
        }
    }
    return STATUS_OK;
}

struct status columns_reserve(struct columns *c, const struct vault_meta *meta) {
    if (meta->id > RECORD_ID_MAX || meta->owner > SUBJECT_ID_MAX) {
        return FAIL(E_TOO_MANY);
    }
    struct segment *s = NULL;
    TRY(reserve_segment(c, meta->id, &s));
    TRY(reserve_heads(c, meta->owner));
    TRY(reserve_planes(s, PLANES_PURPOSE, meta->purposes));
    TRY(reserve_planes(s, PLANES_OBJECTION, meta->objections));
    TRY(reserve_planes(s, PLANES_SHARE, meta->shares));
    return reserve_planes(s, PLANES_FLAG, meta->flags);
}

static void set_bits(struct segment *s, enum plane_set set, uint64_t bits, uint32_t at) {
    for (; bits != 0; bits &= bits - 1) {
        struct plane *plane = s->planes[set][__builtin_ctzll(bits)];
        plane->words[at / 64] |= UINT64_C(1) << (at % 64);
    }
}

static void mark_dirty(struct segment *s, uint64_t delta) {
    if (s->dirty_since == 0) {
        s->dirty_since = delta;
    }
}

static struct segment *segment_of(const struct columns *c, uint64_t id) {
    size_t number = (size_t)(id >> SEGMENT_BITS);
    return number < c->count ? c->segments[number] : NULL;
}

/* Newest first: the list of an owner ascends from its end. A record that comes late (out of
 * order) goes where its id belongs. */
static void link_owner(struct columns *c, struct segment *s, uint32_t at, uint64_t id) {
    uint32_t owner = s->owner[at];
    uint32_t newer = 0;
    uint32_t older = c->heads[owner];
    while (older > id) {
        newer = older;
        older = segment_of(c, older)->next[older % SEGMENT_RECORDS];
    }
    s->next[at] = older;
    s->prev[at] = newer;
    if (older != 0) {
        segment_of(c, older)->prev[older % SEGMENT_RECORDS] = (uint32_t)id;
    }
    if (newer != 0) {
        segment_of(c, newer)->next[newer % SEGMENT_RECORDS] = (uint32_t)id;
    } else {
        c->heads[owner] = (uint32_t)id;
    }
}

static void unlink_owner(struct columns *c, struct segment *s, uint32_t at) {
    uint32_t older = s->next[at];
    uint32_t newer = s->prev[at];
    if (older != 0) {
        segment_of(c, older)->prev[older % SEGMENT_RECORDS] = newer;
    }
    if (newer != 0) {
        segment_of(c, newer)->next[newer % SEGMENT_RECORDS] = older;
    } else {
        c->heads[s->owner[at]] = older;
    }
}

static uint32_t expiry_of(int64_t expires_s) {
    bool never = expires_s >= VAULT_NEVER_EXPIRES || expires_s <= 0;
    return never ? 0 : (uint32_t)expires_s;
}

static void set_expiry(struct segment *s, uint32_t at, int64_t expires_s) {
    s->expires[at] = expiry_of(expires_s);
    if (s->expires[at] != 0 && s->expires[at] < s->earliest_expiry) {
        s->earliest_expiry = s->expires[at];
    }
}

static void set_origin(struct segment *s, uint32_t at, uint16_t origin) {
    s->origin[at] = origin;
    s->origins |= UINT64_C(1) << (origin % 64);
}

void columns_put(struct columns *c, const struct vault_meta *meta, uint64_t delta) {
    struct segment *s = segment_of(c, meta->id);
    uint32_t at = (uint32_t)(meta->id % SEGMENT_RECORDS);
    s->owner[at] = (uint32_t)meta->owner;
    s->collected[at] = (uint32_t)meta->collected_s;
    s->access_list[at] = meta->access_list;
    s->category[at] = meta->category;
    s->collected_for[at] = meta->collected_for;
    s->place[at] = meta->place;
    set_expiry(s, at, meta->expires_s);
    set_origin(s, at, meta->origin);
    s->categories |= UINT64_C(1) << (meta->category % 64);
    s->collected_for_set |= UINT64_C(1) << (meta->collected_for % 64);
    set_bits(s, PLANES_PURPOSE, meta->purposes, at);
    set_bits(s, PLANES_OBJECTION, meta->objections, at);
    set_bits(s, PLANES_SHARE, meta->shares, at);
    set_bits(s, PLANES_FLAG, meta->flags, at);
    s->alive.words[at / 64] |= UINT64_C(1) << (at % 64);
    s->alive_count++;
    c->alive++;
    link_owner(c, s, at, meta->id);
    mark_dirty(s, delta);
}

struct segment *columns_at(const struct columns *c, uint64_t id, uint32_t *ret_at) {
    struct segment *s = segment_of(c, id);
    uint32_t at = (uint32_t)(id % SEGMENT_RECORDS);
    if (s == NULL || (s->alive.words[at / 64] >> (at % 64) & 1) == 0) {
        return NULL;
    }
    *ret_at = at;
    return s;
}

uint64_t segment_mask(const struct segment *s, enum plane_set set, uint32_t at) {
    uint64_t mask = 0;
    for (uint64_t rest = s->has[set]; rest != 0; rest &= rest - 1) {
        unsigned bit = (unsigned)__builtin_ctzll(rest);
        mask |= (uint64_t)segment_bit(s, set, bit, at) << bit;
    }
    return mask;
}

bool segment_expired(const struct segment *s, uint32_t at, int64_t now_s) {
    return s->expires[at] != 0 && (int64_t)s->expires[at] <= now_s;
}

void segment_meta(const struct segment *s, uint32_t at, const struct masks *masks,
                  struct vault_meta *ret) {
    *ret = (struct vault_meta){
        .id = ((uint64_t)s->number << SEGMENT_BITS) + at,
        .owner = s->owner[at],
        .category = s->category[at],
        .collected_for = s->collected_for[at],
        .flags = (uint16_t)masks->of[PLANES_FLAG],
        .origin = s->origin[at],
        .access_list = s->access_list[at],
        .place = s->place[at],
        .purposes = masks->of[PLANES_PURPOSE],
        .objections = masks->of[PLANES_OBJECTION],
        .shares = masks->of[PLANES_SHARE],
        .collected_s = s->collected[at],
        .expires_s = s->expires[at] == 0 ? VAULT_NEVER_EXPIRES : (int64_t)s->expires[at],
    };
}

static void masks_add(const uint64_t plane[BLOCK_WORDS], const uint64_t which[BLOCK_WORDS], int set,
                      uint64_t bit, struct masks ret[BLOCK_RECORDS]) {
    uint64_t any = 0;
    for (int i = 0; i < BLOCK_WORDS; i++) {
        any |= plane[i] & which[i];
    }
    for (int i = 0; any != 0 && i < BLOCK_WORDS; i++) {
        for (uint64_t rest = plane[i] & which[i]; rest != 0; rest &= rest - 1) {
            ret[i * 64 + __builtin_ctzll(rest)].of[set] |= bit;
        }
    }
}

void segment_masks(const struct segment *s, uint32_t block, const uint64_t which[BLOCK_WORDS],
                   struct masks ret[BLOCK_RECORDS]) {
    for (int i = 0; i < BLOCK_WORDS; i++) {
        for (uint64_t rest = which[i]; rest != 0; rest &= rest - 1) {
            ret[i * 64 + __builtin_ctzll(rest)] = (struct masks){.of = {0}};
        }
    }
    for (int set = 0; set < PLANE_SETS; set++) {
        for (uint64_t has = s->has[set]; has != 0; has &= has - 1) {
            const struct plane *plane = s->planes[set][__builtin_ctzll(has)];
            masks_add(plane->words + (size_t)block * BLOCK_WORDS, which, set, has & -has, ret);
        }
    }
}

bool columns_get(const struct columns *c, uint64_t id, struct vault_meta *ret) {
    uint32_t at = 0;
    const struct segment *s = columns_at(c, id, &at);
    if (s == NULL) {
        return false;
    }
    struct masks masks;
    for (int set = 0; set < PLANE_SETS; set++) {
        masks.of[set] = segment_mask(s, (enum plane_set)set, at);
    }
    segment_meta(s, at, &masks, ret);
    return true;
}

struct status columns_reserve_change(struct columns *c, const struct selection *which,
                                     const struct vault_change *change) {
    for (size_t i = 0; i < which->count; i++) {
        struct segment *s = c->segments[which->items[i].segment];
        TRY(reserve_planes(s, PLANES_PURPOSE, change->purposes_add));
        TRY(reserve_planes(s, PLANES_OBJECTION, change->objections_add));
        TRY(reserve_planes(s, PLANES_SHARE, change->shares_add));
        TRY(reserve_planes(s, PLANES_FLAG, change->flags_add));
    }
    return STATUS_OK;
}

static void planes_add(struct segment *s, enum plane_set set, uint64_t bits,
                       const struct plane *which) {
    for (; bits != 0; bits &= bits - 1) {
        uint64_t *words = s->planes[set][__builtin_ctzll(bits)]->words;
        for (int i = 0; i < SEGMENT_WORDS; i++) {
            words[i] |= which->words[i];
        }
    }
}

static void planes_remove(struct segment *s, enum plane_set set, uint64_t bits,
                          const struct plane *which) {
    for (; bits != 0; bits &= bits - 1) {
        struct plane *plane = s->planes[set][__builtin_ctzll(bits)];
        for (int i = 0; plane != NULL && i < SEGMENT_WORDS; i++) {
            plane->words[i] &= ~which->words[i];
        }
    }
}

static void change_values(struct segment *s, const struct plane *which,
                          const struct vault_change *change) {
    if (change->origin == 0 && change->access_list == 0 && change->expires_s == 0) {
        return;
    }
    for (uint32_t word = 0; word < SEGMENT_WORDS; word++) {
        for (uint64_t bits = which->words[word]; bits != 0; bits &= bits - 1) {
            uint32_t at = word * 64 + (uint32_t)__builtin_ctzll(bits);
            if (change->origin != 0) {
                set_origin(s, at, change->origin);
            }
            if (change->access_list != 0) {
                s->access_list[at] = change->access_list;
            }
            if (change->expires_s != 0) {
                set_expiry(s, at, change->expires_s);
            }
        }
    }
}

void columns_change(struct columns *c, const struct selection *which,
                    const struct vault_change *change, uint64_t delta) {
    for (size_t i = 0; i < which->count; i++) {
        struct segment *s = c->segments[which->items[i].segment];
        const struct plane *bits = &which->items[i].bits;
        planes_remove(s, PLANES_PURPOSE, change->purposes_remove, bits);
        planes_remove(s, PLANES_OBJECTION, change->objections_remove, bits);
        planes_remove(s, PLANES_SHARE, change->shares_remove, bits);
        planes_remove(s, PLANES_FLAG, change->flags_remove, bits);
        planes_add(s, PLANES_PURPOSE, change->purposes_add, bits);
        planes_add(s, PLANES_OBJECTION, change->objections_add, bits);
        planes_add(s, PLANES_SHARE, change->shares_add, bits);
        planes_add(s, PLANES_FLAG, change->flags_add, bits);
        change_values(s, bits, change);
        mark_dirty(s, delta);
    }
}

/* Nothing of a dead record stays, so that a later copy of the segment cannot tell of it. */
static void forget_at(struct columns *c, struct segment *s, uint32_t at) {
    unlink_owner(c, s, at);
    s->owner[at] = s->next[at] = s->prev[at] = s->collected[at] = s->expires[at] = 0;
    s->origin[at] = s->access_list[at] = 0;
    s->category[at] = s->collected_for[at] = s->place[at] = 0;
    s->alive_count--;
    c->alive--;
}

static void forget_planes(struct segment *s, const struct plane *which) {
    for (int set = 0; set < PLANE_SETS; set++) {
        planes_remove(s, (enum plane_set)set, UINT64_MAX, which);
    }
    for (int i = 0; i < SEGMENT_WORDS; i++) {
        s->alive.words[i] &= ~which->words[i];
    }
}

static void refresh_expiry(struct segment *s) {
    s->earliest_expiry = UINT32_MAX;
    for (uint32_t at = 0; at < SEGMENT_RECORDS; at++) {
        if (s->expires[at] != 0 && s->expires[at] < s->earliest_expiry) {
            s->earliest_expiry = s->expires[at];
        }
    }
}

void columns_drop(struct columns *c, const struct selection *which, uint64_t delta) {
    for (size_t i = 0; i < which->count; i++) {
        struct segment *s = c->segments[which->items[i].segment];
        struct plane bits = which->items[i].bits;
        bool held_earliest = false;
        for (uint32_t word = 0; word < SEGMENT_WORDS; word++) {
            bits.words[word] &= s->alive.words[word];
            for (uint64_t rest = bits.words[word]; rest != 0; rest &= rest - 1) {
                uint32_t at = word * 64 + (uint32_t)__builtin_ctzll(rest);
                held_earliest |= s->expires[at] != 0 && s->expires[at] <= s->earliest_expiry;
                forget_at(c, s, at);
            }
        }
        forget_planes(s, &bits);
        if (held_earliest) {
            refresh_expiry(s);
        }
        mark_dirty(s, delta);
    }
}

uint64_t columns_newest(const struct columns *c, uint64_t owner, uint64_t below) {
    uint64_t id = owner < c->head_count ? c->heads[owner] : 0;
    uint32_t at = 0;
    const struct segment *s = below == 0 ? NULL : columns_at(c, below, &at);
    if (s != NULL && s->owner[at] == owner) {
        return s->next[at];
    }
    while (below != 0 && id >= below) {
        id = segment_of(c, id)->next[id % SEGMENT_RECORDS];
    }
    return id;
}

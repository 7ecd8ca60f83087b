/* The columns themselves: reserve, put, change, drop. */
#include "columns.h"

#include <string.h>

#include "base/mem.h"

enum { OWNERS_STEP = 4096, OWNED_STEP = 4, SEGMENTS_STEP = 64 };

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
    for (size_t i = 0; i < c->owner_count; i++) {
        mem_free(c->owners[i].ids);
    }
    mem_free(c->segments);
    mem_free(c->owners);
    columns_init(c);
}

void columns_release(struct columns *c, uint32_t number) {
    segment_free(c->segments[number]);
    c->segments[number] = NULL;
}

static struct status reserve_owners(struct columns *c, uint64_t owner) {
    if (owner < c->owner_count) {
        return STATUS_OK;
    }
    size_t grown = c->owner_count + c->owner_count / 2;
    size_t count = (owner < grown ? grown : (size_t)owner) + OWNERS_STEP;
    struct owned *owners = mem_resize(c->owners, count, sizeof *owners);
    if (owners == NULL) {
        return FAIL(E_MEMORY);
    }
    memset(owners + c->owner_count, 0, (count - c->owner_count) * sizeof *owners);
    c->owners = owners;
    c->owner_count = count;
    return STATUS_OK;
}

/* Room for one more at the end. */
static struct status reserve_owned(struct owned *o) {
    if (o->first > o->count) {
        memmove(o->ids, o->ids + o->first, o->count * sizeof *o->ids);
        o->first = 0;
    }
    if (o->first + o->count < o->cap) {
        return STATUS_OK;
    }
    size_t cap = (size_t)o->cap + o->cap / 2 + OWNED_STEP;
    uint32_t *ids = mem_resize(o->ids, cap, sizeof *ids);
    if (ids == NULL) {
        return FAIL(E_MEMORY);
    }
    o->ids = ids;
    o->cap = (uint32_t)cap;
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

static void digest_row(struct digest *d, const struct row *row) {
    d->categories |= UINT64_C(1) << (row->category % 64);
    d->collected_for_set |= UINT64_C(1) << (row->collected_for % 64);
    d->origins |= UINT64_C(1) << (row->origin % 64);
    if (row->expires != 0 && row->expires < d->earliest_expiry) {
        d->earliest_expiry = row->expires;
    }
}

static const struct digest of_none = {.earliest_expiry = UINT32_MAX};

/* Anew from what lives, in the words whose bits are set. */
static void digest_words(struct segment *s, uint64_t words) {
    for (; words != 0; words &= words - 1) {
        uint32_t word = (uint32_t)__builtin_ctzll(words);
        s->of_word[word] = of_none;
        for (uint64_t rest = s->alive.words[word]; rest != 0; rest &= rest - 1) {
            digest_row(&s->of_word[word], &s->rows[word * 64 + (uint32_t)__builtin_ctzll(rest)]);
        }
    }
    s->all = of_none;
    for (uint32_t word = 0; word < SEGMENT_WORDS; word++) {
        const struct digest *d = &s->of_word[word];
        s->all.categories |= d->categories;
        s->all.collected_for_set |= d->collected_for_set;
        s->all.origins |= d->origins;
        if (d->earliest_expiry < s->all.earliest_expiry) {
            s->all.earliest_expiry = d->earliest_expiry;
        }
    }
}

static struct status reserve_segment(struct columns *c, uint64_t id, struct segment **ret) {
    size_t number = (size_t)(id >> SEGMENT_BITS);
    TRY(reserve_table(c, number));
    if (c->segments[number] == NULL) {
        struct segment *s = mem_lines(sizeof *s);
        if (s == NULL) {
            return FAIL(E_MEMORY);
        }
        s->number = (uint32_t)number;
        digest_words(s, UINT64_MAX);
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
    TRY(reserve_owners(c, meta->owner));
    TRY(reserve_owned(&c->owners[meta->owner]));
    TRY(reserve_planes(s, PLANES_PURPOSE, meta->purposes));
    TRY(reserve_planes(s, PLANES_OBJECTION, meta->objections));
    TRY(reserve_planes(s, PLANES_SHARE, meta->shares));
    return reserve_planes(s, PLANES_FLAG, meta->flags);
}

static void set_bits(struct segment *s, enum plane_set set, uint64_t bits, uint32_t at) {
    s->rows[at].masks[set] |= bits;
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

/* Index of the first that is not below `id`. */
static uint32_t owned_place(const struct owned *o, uint64_t id) {
    uint32_t low = 0;
    uint32_t high = o->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (o->ids[o->first + middle] < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Nearly always the newest. */
static void owned_put(struct owned *o, uint64_t id) {
    uint32_t at = owned_place(o, id);
    uint32_t *place = o->ids + o->first + at;
    memmove(place + 1, place, (o->count - at) * sizeof *place);
    *place = (uint32_t)id;
    o->count++;
}

/* The shorter side moves. */
static void owned_drop(struct owned *o, uint64_t id) {
    uint32_t at = owned_place(o, id);
    uint32_t *front = o->ids + o->first;
    o->count--;
    if (at < o->count / 2) {
        memmove(front + 1, front, at * sizeof *front);
        o->first++;
    } else {
        memmove(front + at, front + at + 1, (o->count - at) * sizeof *front);
    }
    if (o->count == 0) {
        mem_free(o->ids);
        *o = (struct owned){.ids = NULL};
    }
}

static uint32_t expiry_of(int64_t expires_s) {
    bool never = expires_s >= VAULT_NEVER_EXPIRES || expires_s <= 0;
    return never ? 0 : (uint32_t)expires_s;
}

void columns_put(struct columns *c, const struct vault_meta *meta, uint64_t delta) {
    struct segment *s = segment_of(c, meta->id);
    uint32_t at = (uint32_t)(meta->id % SEGMENT_RECORDS);
    s->rows[at].owner = (uint32_t)meta->owner;
    s->rows[at].collected = (uint32_t)meta->collected_s;
    s->rows[at].access_list = meta->access_list;
    s->rows[at].category = meta->category;
    s->rows[at].collected_for = meta->collected_for;
    s->rows[at].place = meta->place;
    s->rows[at].expires = expiry_of(meta->expires_s);
    s->rows[at].origin = meta->origin;
    digest_row(&s->of_word[at / 64], &s->rows[at]);
    digest_row(&s->all, &s->rows[at]);
    set_bits(s, PLANES_PURPOSE, meta->purposes, at);
    set_bits(s, PLANES_OBJECTION, meta->objections, at);
    set_bits(s, PLANES_SHARE, meta->shares, at);
    set_bits(s, PLANES_FLAG, meta->flags, at);
    s->alive.words[at / 64] |= UINT64_C(1) << (at % 64);
    s->alive_count++;
    c->alive++;
    owned_put(&c->owners[meta->owner], meta->id);
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

bool segment_expired(const struct segment *s, uint32_t at, int64_t now_s) {
    return s->rows[at].expires != 0 && (int64_t)s->rows[at].expires <= now_s;
}

void segment_meta(const struct segment *s, uint32_t at, struct vault_meta *ret) {
    const struct row *row = &s->rows[at];
    *ret = (struct vault_meta){
        .id = ((uint64_t)s->number << SEGMENT_BITS) + at,
        .owner = row->owner,
        .category = row->category,
        .collected_for = row->collected_for,
        .flags = (uint16_t)row->masks[PLANES_FLAG],
        .origin = row->origin,
        .access_list = row->access_list,
        .place = row->place,
        .purposes = row->masks[PLANES_PURPOSE],
        .objections = row->masks[PLANES_OBJECTION],
        .shares = row->masks[PLANES_SHARE],
        .collected_s = row->collected,
        .expires_s = row->expires == 0 ? VAULT_NEVER_EXPIRES : (int64_t)row->expires,
    };
}

bool columns_get(const struct columns *c, uint64_t id, struct vault_meta *ret) {
    uint32_t at = 0;
    const struct segment *s = columns_at(c, id, &at);
    if (s == NULL) {
        return false;
    }
    segment_meta(s, at, ret);
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
                       const struct picked *which) {
    for (; bits != 0; bits &= bits - 1) {
        uint64_t *words = s->planes[set][__builtin_ctzll(bits)]->words;
        for (uint64_t used = which->used; used != 0; used &= used - 1) {
            int i = __builtin_ctzll(used);
            words[i] |= which->words[i];
        }
    }
}

static void planes_remove(struct segment *s, enum plane_set set, uint64_t bits,
                          const struct picked *which) {
    for (; bits != 0; bits &= bits - 1) {
        struct plane *plane = s->planes[set][__builtin_ctzll(bits)];
        for (uint64_t used = plane == NULL ? 0 : which->used; used != 0; used &= used - 1) {
            int i = __builtin_ctzll(used);
            plane->words[i] &= ~which->words[i];
        }
    }
}

/* What is added and removed, by set. */
struct mask_change {
    uint64_t add[PLANE_SETS];
    uint64_t remove[PLANE_SETS];
};

static struct mask_change masks_of(const struct vault_change *change) {
    return (struct mask_change){
        .add = {[PLANES_PURPOSE] = change->purposes_add,
                [PLANES_OBJECTION] = change->objections_add,
                [PLANES_SHARE] = change->shares_add,
                [PLANES_FLAG] = change->flags_add},
        .remove = {[PLANES_PURPOSE] = change->purposes_remove,
                   [PLANES_OBJECTION] = change->objections_remove,
                   [PLANES_SHARE] = change->shares_remove,
                   [PLANES_FLAG] = change->flags_remove},
    };
}

static void change_planes(struct segment *s, const struct picked *which,
                          const struct mask_change *masks) {
    for (int set = 0; set < PLANE_SETS; set++) {
        planes_remove(s, (enum plane_set)set, masks->remove[set], which);
        planes_add(s, (enum plane_set)set, masks->add[set], which);
    }
}

static void change_rows(struct segment *s, const struct picked *which,
                        const struct vault_change *change, const struct mask_change *masks) {
    uint32_t at = 0;
    for (struct picks p = picks_of(which); picks_next(&p, &at);) {
        struct row *row = &s->rows[at];
        for (int set = 0; set < PLANE_SETS; set++) {
            row->masks[set] = (row->masks[set] & ~masks->remove[set]) | masks->add[set];
        }
        if (change->origin != 0) {
            row->origin = change->origin;
        }
        if (change->access_list != 0) {
            row->access_list = change->access_list;
        }
        if (change->expires_s != 0) {
            row->expires = expiry_of(change->expires_s);
        }
    }
    if (change->origin != 0 || change->expires_s != 0) {
        digest_words(s, which->used);
    }
}

void columns_change(struct columns *c, const struct selection *which,
                    const struct vault_change *change, uint64_t delta) {
    struct mask_change masks = masks_of(change);
    for (size_t i = 0; i < which->count; i++) {
        struct segment *s = c->segments[which->items[i].segment];
        change_planes(s, &which->items[i], &masks);
        change_rows(s, &which->items[i], change, &masks);
        mark_dirty(s, delta);
    }
}

/* Nothing of a dead record stays, so that a later copy of the segment cannot tell of it. */
static void forget_at(struct columns *c, struct segment *s, uint32_t at) {
    owned_drop(&c->owners[s->rows[at].owner], ((uint64_t)s->number << SEGMENT_BITS) + at);
    for (int set = 0; set < PLANE_SETS; set++) {
        for (uint64_t bits = s->rows[at].masks[set]; bits != 0; bits &= bits - 1) {
            s->planes[set][__builtin_ctzll(bits)]->words[at / 64] &= ~(UINT64_C(1) << (at % 64));
        }
    }
    s->rows[at] = (struct row){.owner = 0};
    s->alive.words[at / 64] &= ~(UINT64_C(1) << (at % 64));
    s->alive_count--;
    c->alive--;
}

void columns_drop(struct columns *c, const struct selection *which, uint64_t delta) {
    for (size_t i = 0; i < which->count; i++) {
        struct segment *s = c->segments[which->items[i].segment];
        uint32_t at = 0;
        for (struct picks p = picks_of(&which->items[i]); picks_next(&p, &at);) {
            if ((s->alive.words[at / 64] >> (at % 64) & 1) != 0) {
                forget_at(c, s, at);
            }
        }
        digest_words(s, which->items[i].used);
        mark_dirty(s, delta);
    }
}

const uint32_t *columns_owned(const struct columns *c, uint64_t owner, uint64_t above,
                              size_t *ret_count) {
    static const struct owned nothing = {.ids = NULL};
    const struct owned *o = owner < c->owner_count ? &c->owners[owner] : &nothing;
    uint32_t from = above == 0 ? 0 : owned_place(o, above + 1);
    *ret_count = o->count - from;
    return *ret_count == 0 ? NULL : o->ids + o->first + from;
}

uint64_t columns_newest(const struct columns *c, uint64_t owner, uint64_t below) {
    size_t count = 0;
    const uint32_t *ids = columns_owned(c, owner, 0, &count);
    if (below != 0 && count > 0) {
        count = owned_place(&c->owners[owner], below);
    }
    return count == 0 ? 0 : ids[count - 1];
}

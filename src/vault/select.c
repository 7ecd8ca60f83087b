/* Finding in columns: per segment a bitmap, narrowed by one condition after the other. */
#include <string.h>

#include "base/mem.h"
#include "columns.h"

void selection_init(struct selection *sel) {
    *sel = (struct selection){.items = NULL};
}

void selection_done(struct selection *sel) {
    mem_free(sel->items);
    selection_init(sel);
}

static struct status reserve(struct selection *sel) {
    if (sel->count < sel->cap) {
        return STATUS_OK;
    }
    size_t cap = sel->cap == 0 ? 4 : sel->cap * 2;
    struct picked *items = mem_resize(sel->items, cap, sizeof *items);
    if (items == NULL) {
        return FAIL(E_MEMORY);
    }
    sel->items = items;
    sel->cap = cap;
    return STATUS_OK;
}

/* Index of the first item whose segment is not below `segment`. */
static size_t find_item(const struct selection *sel, uint32_t segment) {
    size_t low = 0;
    size_t high = sel->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sel->items[middle].segment < segment) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct status selection_add(struct selection *sel, uint64_t id) {
    uint32_t segment = (uint32_t)(id >> SEGMENT_BITS);
    size_t i = find_item(sel, segment);
    if (i == sel->count || sel->items[i].segment != segment) {
        TRY(reserve(sel));
        memmove(&sel->items[i + 1], &sel->items[i], (sel->count - i) * sizeof *sel->items);
        sel->items[i] = (struct picked){.segment = segment};
        sel->count++;
    }
    uint32_t at = (uint32_t)(id % SEGMENT_RECORDS);
    uint64_t *word = &sel->items[i].bits.words[at / 64];
    uint64_t bit = UINT64_C(1) << (at % 64);
    sel->records += (*word & bit) == 0;
    *word |= bit;
    return STATUS_OK;
}

void selection_remove(struct selection *sel, uint64_t id) {
    uint32_t segment = (uint32_t)(id >> SEGMENT_BITS);
    size_t i = find_item(sel, segment);
    if (i == sel->count || sel->items[i].segment != segment) {
        return;
    }
    uint32_t at = (uint32_t)(id % SEGMENT_RECORDS);
    uint64_t *word = &sel->items[i].bits.words[at / 64];
    uint64_t bit = UINT64_C(1) << (at % 64);
    sel->records -= (*word & bit) != 0;
    *word &= ~bit;
}

static uint64_t plane_count(const struct plane *bits) {
    uint64_t count = 0;
    for (int i = 0; i < SEGMENT_WORDS; i++) {
        count += (uint64_t)__builtin_popcountll(bits->words[i]);
    }
    return count;
}

void selection_trim(struct selection *sel) {
    size_t kept = 0;
    for (size_t i = 0; i < sel->count; i++) {
        if (plane_count(&sel->items[i].bits) > 0) {
            sel->items[kept++] = sel->items[i];
        }
    }
    sel->count = kept;
}

static bool next_in(const struct plane *bits, uint32_t from, uint32_t *ret_at) {
    for (uint32_t word = from / 64; word < SEGMENT_WORDS; word++) {
        uint64_t rest = bits->words[word];
        if (word == from / 64) {
            rest &= UINT64_MAX << (from % 64);
        }
        if (rest != 0) {
            *ret_at = word * 64 + (uint32_t)__builtin_ctzll(rest);
            return true;
        }
    }
    return false;
}

uint64_t selection_next(const struct selection *sel, uint64_t after) {
    uint64_t from = after + 1;
    uint32_t segment = (uint32_t)(from >> SEGMENT_BITS);
    for (size_t i = find_item(sel, segment); i < sel->count; i++) {
        bool same = sel->items[i].segment == segment;
        uint32_t start = same ? (uint32_t)(from % SEGMENT_RECORDS) : 0;
        uint32_t at = 0;
        if (next_in(&sel->items[i].bits, start, &at)) {
            return ((uint64_t)sel->items[i].segment << SEGMENT_BITS) + at;
        }
    }
    return 0;
}

/* From what is known of the whole segment: can it hold a match? */
static bool may_match(const struct segment *s, const struct vault_query *q) {
    if (s->alive_count == 0) {
        return false;
    }
    if (q->category != 0 && (s->categories >> ((q->category - 1) % 64) & 1) == 0) {
        return false;
    }
    if (q->collected_for != 0 && (s->collected_for_set >> ((q->collected_for - 1) % 64) & 1) == 0) {
        return false;
    }
    if (q->origin != 0 && (s->origins >> (q->origin % 64) & 1) == 0) {
        return false;
    }
    return q->expires_by_s == 0 || (int64_t)s->earliest_expiry <= q->expires_by_s;
}

static void keep_any(const struct segment *s, enum plane_set set, uint64_t bits, struct plane *io) {
    if (bits == 0) {
        return;
    }
    struct plane any = {.words = {0}};
    for (; bits != 0; bits &= bits - 1) {
        const struct plane *plane = s->planes[set][__builtin_ctzll(bits)];
        for (int i = 0; plane != NULL && i < SEGMENT_WORDS; i++) {
            any.words[i] |= plane->words[i];
        }
    }
    for (int i = 0; i < SEGMENT_WORDS; i++) {
        io->words[i] &= any.words[i];
    }
}

static void keep_all(const struct segment *s, enum plane_set set, uint64_t bits, struct plane *io) {
    for (; bits != 0; bits &= bits - 1) {
        keep_any(s, set, bits & -bits, io);
    }
}

static void keep_none(const struct segment *s, enum plane_set set, uint64_t bits,
                      struct plane *io) {
    for (; bits != 0; bits &= bits - 1) {
        const struct plane *plane = s->planes[set][__builtin_ctzll(bits)];
        for (int i = 0; plane != NULL && i < SEGMENT_WORDS; i++) {
            io->words[i] &= ~plane->words[i];
        }
    }
}

static bool values_match(const struct segment *s, uint32_t at, const struct vault_query *q) {
    if (q->category != 0 && s->category[at] != q->category - 1) {
        return false;
    }
    if (q->collected_for != 0 && s->collected_for[at] != q->collected_for - 1) {
        return false;
    }
    if (q->origin != 0 && s->origin[at] != q->origin) {
        return false;
    }
    bool expires = s->expires[at] != 0 && (int64_t)s->expires[at] <= q->expires_by_s;
    return q->expires_by_s == 0 || expires;
}

/* Conditions on values, and expiry, looked at only where a bit is left. */
static void keep_values(const struct segment *s, const struct vault_query *q, int64_t now_s,
                        bool expired_too, struct plane *io) {
    bool values =
        q->category != 0 || q->collected_for != 0 || q->origin != 0 || q->expires_by_s != 0;
    bool expiry = !expired_too && (int64_t)s->earliest_expiry <= now_s;
    if (!values && !expiry) {
        return;
    }
    for (uint32_t word = 0; word < SEGMENT_WORDS; word++) {
        for (uint64_t rest = io->words[word]; rest != 0; rest &= rest - 1) {
            uint32_t at = word * 64 + (uint32_t)__builtin_ctzll(rest);
            bool keep = values_match(s, at, q) && !(expiry && segment_expired(s, at, now_s));
            if (!keep) {
                io->words[word] &= ~(UINT64_C(1) << (at % 64));
            }
        }
    }
}

static void narrow(const struct segment *s, const struct vault_query *q, int64_t now_s,
                   bool expired_too, struct plane *io) {
    keep_any(s, PLANES_PURPOSE, q->purposes, io);
    keep_any(s, PLANES_OBJECTION, q->objections, io);
    keep_any(s, PLANES_SHARE, q->shares, io);
    keep_none(s, PLANES_OBJECTION, q->not_objected, io);
    keep_all(s, PLANES_FLAG, q->flags, io);
    keep_values(s, q, now_s, expired_too, io);
}

static void cut_below(struct plane *bits, uint32_t segment, uint64_t after) {
    for (uint32_t word = 0; word < SEGMENT_WORDS; word++) {
        uint64_t first = ((uint64_t)segment << SEGMENT_BITS) + (uint64_t)word * 64;
        if (first + 63 <= after) {
            bits->words[word] = 0;
        } else if (first <= after) {
            bits->words[word] &= UINT64_MAX << (after - first + 1);
        }
    }
}

static void cut_to(struct picked *item, uint64_t limit) {
    uint64_t count = 0;
    for (uint32_t word = 0; word < SEGMENT_WORDS; word++) {
        uint64_t kept = 0;
        for (uint64_t rest = item->bits.words[word]; rest != 0 && count < limit;
             rest &= rest - 1, count++) {
            kept |= rest & -rest;
        }
        item->bits.words[word] = kept;
    }
}

static struct status add_picked(struct selection *out, const struct picked *item, uint64_t limit) {
    uint64_t count = plane_count(&item->bits);
    if (count == 0) {
        return STATUS_OK;
    }
    TRY(reserve(out));
    struct picked *kept = &out->items[out->count++];
    *kept = *item;
    if (limit != 0 && out->records + count > limit) {
        cut_to(kept, limit - out->records);
        count = limit - out->records;
    }
    out->records += count;
    return STATUS_OK;
}

static struct status select_all(const struct columns *c, const struct vault_query *q, int64_t now_s,
                                bool expired_too, struct selection *out) {
    for (size_t i = (size_t)(q->after >> SEGMENT_BITS); i < c->count; i++) {
        const struct segment *s = c->segments[i];
        if (s == NULL || !may_match(s, q)) {
            continue;
        }
        struct picked item = {.segment = s->number, .bits = s->alive};
        cut_below(&item.bits, s->number, q->after);
        narrow(s, q, now_s, expired_too, &item.bits);
        TRY(add_picked(out, &item, q->limit));
        if (q->limit != 0 && out->records >= q->limit) {
            break;
        }
    }
    return STATUS_OK;
}

/* Does this one record match? */
static bool matches(const struct columns *c, uint64_t id, const struct vault_query *q,
                    int64_t now_s, bool expired_too) {
    uint32_t at = 0;
    const struct segment *s = columns_at(c, id, &at);
    if (s == NULL || id <= q->after || (q->owner != 0 && s->owner[at] != q->owner)) {
        return false;
    }
    uint64_t asked = q->objections | q->not_objected;
    uint64_t objections = asked == 0 ? 0 : segment_mask(s, PLANES_OBJECTION, at);
    bool masks = (q->purposes == 0 || (segment_mask(s, PLANES_PURPOSE, at) & q->purposes) != 0) &&
                 (q->objections == 0 || (objections & q->objections) != 0) &&
                 (q->shares == 0 || (segment_mask(s, PLANES_SHARE, at) & q->shares) != 0) &&
                 (objections & q->not_objected) == 0 &&
                 (q->flags == 0 || (segment_mask(s, PLANES_FLAG, at) & q->flags) == q->flags);
    return masks && values_match(s, at, q) && (expired_too || !segment_expired(s, at, now_s));
}

static struct status select_owner(const struct columns *c, const struct vault_query *q,
                                  int64_t now_s, bool expired_too, struct selection *out) {
    uint64_t id = columns_newest(c, q->owner, 0);
    for (; id != 0; id = columns_newest(c, q->owner, id)) {
        if (matches(c, id, q, now_s, expired_too)) {
            TRY(selection_add(out, id));
        }
    }
    for (uint64_t last = 0, kept = 0; q->limit != 0 && out->records > q->limit;) {
        last = selection_next(out, last);
        if (++kept > q->limit) {
            selection_remove(out, last);
        }
    }
    return STATUS_OK;
}

struct status columns_select(const struct columns *c, const struct vault_query *query,
                             int64_t now_s, bool expired_too, struct selection *out) {
    if (query->id != 0) {
        bool match = matches(c, query->id, query, now_s, expired_too);
        return match ? selection_add(out, query->id) : STATUS_OK;
    }
    if (query->owner != 0) {
        return select_owner(c, query, now_s, expired_too, out);
    }
    return select_all(c, query, now_s, expired_too, out);
}

uint64_t columns_count(const struct columns *c, const struct vault_query *query, int64_t now_s) {
    if (query->id != 0) {
        return matches(c, query->id, query, now_s, false);
    }
    uint64_t count = 0;
    if (query->owner != 0) {
        uint64_t id = columns_newest(c, query->owner, 0);
        for (; id != 0; id = columns_newest(c, query->owner, id)) {
            count += matches(c, id, query, now_s, false);
        }
        return count;
    }
    for (size_t i = 0; i < c->count; i++) {
        const struct segment *s = c->segments[i];
        if (s != NULL && may_match(s, query)) {
            struct plane bits = s->alive;
            cut_below(&bits, s->number, query->after);
            narrow(s, query, now_s, false, &bits);
            count += plane_count(&bits);
        }
    }
    return count;
}

int64_t columns_earliest_expiry(const struct columns *c) {
    int64_t earliest = INT64_MAX;
    for (size_t i = 0; i < c->count; i++) {
        const struct segment *s = c->segments[i];
        if (s != NULL && s->alive_count > 0 && s->earliest_expiry != UINT32_MAX &&
            (int64_t)s->earliest_expiry < earliest) {
            earliest = (int64_t)s->earliest_expiry;
        }
    }
    return earliest;
}

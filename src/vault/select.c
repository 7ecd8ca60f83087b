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

struct status selection_reserve(struct selection *sel, size_t count) {
    if (sel->count + count <= sel->cap) {
        return STATUS_OK;
    }
    size_t cap = sel->cap == 0 ? 4 : sel->cap * 2;
    cap = cap < sel->count + count ? sel->count + count : cap;
    struct picked *items = mem_resize(sel->items, cap, sizeof *items);
    if (items == NULL) {
        return FAIL(E_MEMORY);
    }
    sel->items = items;
    sel->cap = cap;
    return STATUS_OK;
}

void picked_set(struct picked *item, uint32_t at) {
    uint64_t used = UINT64_C(1) << (at / 64);
    if ((item->used & used) == 0) {
        item->used |= used;
        item->words[at / 64] = 0;
    }
    item->words[at / 64] |= UINT64_C(1) << (at % 64);
}

static bool picked_has(const struct picked *item, uint32_t at) {
    return (item->used >> (at / 64) & 1) != 0 && (item->words[at / 64] >> (at % 64) & 1) != 0;
}

void picked_clear(struct picked *item, uint32_t at) {
    if (!picked_has(item, at)) {
        return;
    }
    item->words[at / 64] &= ~(UINT64_C(1) << (at % 64));
    if (item->words[at / 64] == 0) {
        item->used &= ~(UINT64_C(1) << (at / 64));
    }
}

uint32_t picked_count(const struct picked *item) {
    uint32_t count = 0;
    for (uint64_t used = item->used; used != 0; used &= used - 1) {
        count += (uint32_t)__builtin_popcountll(item->words[__builtin_ctzll(used)]);
    }
    return count;
}

void picked_from(struct picked *item, const struct plane *bits) {
    item->used = 0;
    for (unsigned i = 0; i < SEGMENT_WORDS; i++) {
        item->words[i] = bits->words[i];
        item->used |= (uint64_t)(bits->words[i] != 0) << i;
    }
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

/* Looks at the last one first: selections are mostly made in order. */
static bool item_of(const struct selection *sel, uint32_t segment, size_t *ret_i) {
    const struct picked *last = sel->count == 0 ? NULL : &sel->items[sel->count - 1];
    if (last != NULL && last->segment <= segment) {
        *ret_i = sel->count - (last->segment == segment);
        return last->segment == segment;
    }
    *ret_i = find_item(sel, segment);
    return *ret_i < sel->count && sel->items[*ret_i].segment == segment;
}

struct status selection_add(struct selection *sel, uint64_t id) {
    uint32_t segment = (uint32_t)(id >> SEGMENT_BITS);
    size_t i = 0;
    if (!item_of(sel, segment, &i)) {
        TRY(selection_reserve(sel, 1));
        memmove(&sel->items[i + 1], &sel->items[i], (sel->count - i) * sizeof *sel->items);
        sel->items[i].segment = segment;
        sel->items[i].used = 0;
        sel->count++;
    }
    uint32_t at = (uint32_t)(id % SEGMENT_RECORDS);
    sel->records += !picked_has(&sel->items[i], at);
    picked_set(&sel->items[i], at);
    return STATUS_OK;
}

struct status selection_take(struct selection *sel, const struct picked *item) {
    uint32_t count = picked_count(item);
    if (count == 0) {
        return STATUS_OK;
    }
    TRY(selection_reserve(sel, 1));
    sel->items[sel->count++] = *item;
    sel->records += count;
    return STATUS_OK;
}

bool selection_has(const struct selection *sel, uint64_t id) {
    size_t i = 0;
    return item_of(sel, (uint32_t)(id >> SEGMENT_BITS), &i) &&
           picked_has(&sel->items[i], (uint32_t)(id % SEGMENT_RECORDS));
}

void selection_remove(struct selection *sel, uint64_t id) {
    size_t i = 0;
    uint32_t at = (uint32_t)(id % SEGMENT_RECORDS);
    if (item_of(sel, (uint32_t)(id >> SEGMENT_BITS), &i) && picked_has(&sel->items[i], at)) {
        picked_clear(&sel->items[i], at);
        sel->records--;
    }
}

void selection_trim(struct selection *sel) {
    size_t kept = 0;
    for (size_t i = 0; i < sel->count; i++) {
        if (sel->items[i].used != 0) {
            sel->items[kept++] = sel->items[i];
        }
    }
    sel->count = kept;
}

static bool next_in(const struct picked *item, uint32_t from, uint32_t *ret_at) {
    struct picks p = picks_of(item);
    p.used &= UINT64_MAX << (from / 64);
    while (picks_next(&p, ret_at)) {
        if (*ret_at >= from) {
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
        if (next_in(&sel->items[i], start, &at)) {
            return ((uint64_t)sel->items[i].segment << SEGMENT_BITS) + at;
        }
    }
    return 0;
}

uint64_t selection_last(const struct selection *sel) {
    for (size_t i = sel->count; i > 0; i--) {
        const struct picked *item = &sel->items[i - 1];
        if (item->used != 0) {
            unsigned word = 63 - (unsigned)__builtin_clzll(item->used);
            unsigned bit = 63 - (unsigned)__builtin_clzll(item->words[word]);
            return ((uint64_t)item->segment << SEGMENT_BITS) + word * 64 + bit;
        }
    }
    return 0;
}

static uint64_t plane_count(const struct plane *bits) {
    uint64_t count = 0;
    for (int i = 0; i < SEGMENT_WORDS; i++) {
        count += (uint64_t)__builtin_popcountll(bits->words[i]);
    }
    return count;
}

/* Can there be a match among those of which this is known? */
static bool may_match(const struct digest *d, const struct vault_query *q) {
    if (q->category != 0 && (d->categories >> ((q->category - 1) % 64) & 1) == 0) {
        return false;
    }
    if (q->collected_for != 0 && (d->collected_for_set >> ((q->collected_for - 1) % 64) & 1) == 0) {
        return false;
    }
    if (q->origin != 0 && (d->origins >> (q->origin % 64) & 1) == 0) {
        return false;
    }
    return q->expires_by_s == 0 || (int64_t)d->earliest_expiry <= q->expires_by_s;
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
    if (q->category != 0 && s->rows[at].category != q->category - 1) {
        return false;
    }
    if (q->collected_for != 0 && s->rows[at].collected_for != q->collected_for - 1) {
        return false;
    }
    if (q->origin != 0 && s->rows[at].origin != q->origin) {
        return false;
    }
    bool expires = s->rows[at].expires != 0 && (int64_t)s->rows[at].expires <= q->expires_by_s;
    return q->expires_by_s == 0 || expires;
}

static void keep_rows(const struct segment *s, const struct vault_query *q, bool expiry,
                      int64_t now_s, uint32_t word, uint64_t *io_bits) {
    for (uint64_t rest = *io_bits; rest != 0; rest &= rest - 1) {
        uint32_t at = word * 64 + (uint32_t)__builtin_ctzll(rest);
        bool keep = values_match(s, at, q) && !(expiry && segment_expired(s, at, now_s));
        if (!keep) {
            *io_bits &= ~(UINT64_C(1) << (at % 64));
        }
    }
}

/* Conditions on values, and expiry: a row is looked at only where a bit is left, and where its word
 * may hold what is asked for. */
static void keep_values(const struct segment *s, const struct vault_query *q, int64_t now_s,
                        bool expired_too, struct plane *io) {
    bool values =
        q->category != 0 || q->collected_for != 0 || q->origin != 0 || q->expires_by_s != 0;
    if (!values && (expired_too || (int64_t)s->all.earliest_expiry > now_s)) {
        return;
    }
    for (uint32_t word = 0; word < SEGMENT_WORDS; word++) {
        const struct digest *d = &s->of_word[word];
        bool expiry = !expired_too && (int64_t)d->earliest_expiry <= now_s;
        if (!may_match(d, q)) {
            io->words[word] = 0;
        } else if (values || expiry) {
            keep_rows(s, q, expiry, now_s, word, &io->words[word]);
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
    uint32_t at = 0;
    for (struct picks p = picks_of(item); picks_next(&p, &at);) {
        if (++count > limit) {
            picked_clear(item, at);
        }
    }
}

static struct status select_all(const struct columns *c, const struct vault_query *q, int64_t now_s,
                                bool expired_too, struct selection *out) {
    for (size_t i = (size_t)(q->after >> SEGMENT_BITS); i < c->count; i++) {
        const struct segment *s = c->segments[i];
        if (s == NULL || s->alive_count == 0 || !may_match(&s->all, q)) {
            continue;
        }
        struct plane bits = s->alive;
        cut_below(&bits, s->number, q->after);
        narrow(s, q, now_s, expired_too, &bits);
        struct picked item = {.segment = s->number};
        picked_from(&item, &bits);
        if (q->limit != 0 && out->records + picked_count(&item) > q->limit) {
            cut_to(&item, q->limit - out->records);
        }
        TRY(selection_take(out, &item));
        if (q->limit != 0 && out->records >= q->limit) {
            break;
        }
    }
    return STATUS_OK;
}

/* Does this living record match? Reads nothing but its row. */
static bool row_matches(const struct segment *s, uint32_t at, const struct vault_query *q,
                        int64_t now_s, bool expired_too) {
    uint64_t id = ((uint64_t)s->number << SEGMENT_BITS) + at;
    if (id <= q->after || (q->owner != 0 && s->rows[at].owner != q->owner)) {
        return false;
    }
    const uint64_t *masks = s->rows[at].masks;
    bool fits = (q->purposes == 0 || (masks[PLANES_PURPOSE] & q->purposes) != 0) &&
                (q->objections == 0 || (masks[PLANES_OBJECTION] & q->objections) != 0) &&
                (q->shares == 0 || (masks[PLANES_SHARE] & q->shares) != 0) &&
                (masks[PLANES_OBJECTION] & q->not_objected) == 0 &&
                (masks[PLANES_FLAG] & q->flags) == q->flags;
    return fits && values_match(s, at, q) && (expired_too || !segment_expired(s, at, now_s));
}

static bool matches(const struct columns *c, uint64_t id, const struct vault_query *q,
                    int64_t now_s, bool expired_too) {
    uint32_t at = 0;
    const struct segment *s = columns_at(c, id, &at);
    return s != NULL && row_matches(s, at, q, now_s, expired_too);
}

/* A row far down the list is asked for while those before it are looked at. */
static const struct segment *owned_row(const struct columns *c, const uint32_t *ids, size_t count,
                                       size_t i, uint32_t *ret_at) {
    enum { AHEAD = 8 };
    uint32_t soon = i + AHEAD < count ? ids[i + AHEAD] : ids[i];
    __builtin_prefetch(&c->segments[soon >> SEGMENT_BITS]->rows[soon % SEGMENT_RECORDS]);
    *ret_at = ids[i] % SEGMENT_RECORDS;
    return c->segments[ids[i] >> SEGMENT_BITS];
}

/* How many segments they stand in. */
static size_t segments_of(const uint32_t *ids, size_t count) {
    size_t segments = count > 0;
    for (size_t i = 1; i < count; i++) {
        segments += ids[i] >> SEGMENT_BITS != ids[i - 1] >> SEGMENT_BITS;
    }
    return segments;
}

static struct status select_owner(const struct columns *c, const struct vault_query *q,
                                  int64_t now_s, bool expired_too, struct selection *out) {
    size_t count = 0;
    const uint32_t *ids = columns_owned(c, q->owner, q->after, &count);
    TRY(selection_reserve(out, segments_of(ids, count)));
    for (size_t i = 0; i < count && (q->limit == 0 || out->records < q->limit); i++) {
        uint32_t at = 0;
        const struct segment *s = owned_row(c, ids, count, i, &at);
        bool match = row_matches(s, at, q, now_s, expired_too);
        TRY(match ? selection_add(out, ids[i]) : STATUS_OK);
    }
    return STATUS_OK;
}

static uint64_t count_owner(const struct columns *c, const struct vault_query *q, int64_t now_s) {
    uint64_t matching = 0;
    size_t count = 0;
    const uint32_t *ids = columns_owned(c, q->owner, q->after, &count);
    for (size_t i = 0; i < count; i++) {
        uint32_t at = 0;
        const struct segment *s = owned_row(c, ids, count, i, &at);
        matching += row_matches(s, at, q, now_s, false);
    }
    return matching;
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
    if (query->owner != 0) {
        return count_owner(c, query, now_s);
    }
    uint64_t count = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct segment *s = c->segments[i];
        if (s != NULL && s->alive_count > 0 && may_match(&s->all, query)) {
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
        if (s != NULL && s->all.earliest_expiry != UINT32_MAX &&
            (int64_t)s->all.earliest_expiry < earliest) {
            earliest = (int64_t)s->all.earliest_expiry;
        }
    }
    return earliest;
}

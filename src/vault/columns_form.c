/* Columns as bytes: segments as the store keeps them, and deltas, which say what a transaction
 * changed since (docs/FORMATS.md, "Columns"). Always sealed before they are written.
 *
 * Deltas name records, not conditions, so that replaying them needs no law and no clock. */
#include <string.h>

#include "base/bytes.h"
#include "columns.h"

enum {
    SEGMENT_VERSION = 1,
    DELTA_PUT = 1,
    DELTA_CHANGE = 2,
    DELTA_DROP = 3,
    PICKED_AS_BITMAP = 200, /* records in a segment from which a bitmap is smaller than a list */
    ROW_BYTES = 4 + 4 + 4 + 2 + 2 + 1 + 1 + 1,
    PLANE_BYTES = SEGMENT_WORDS * 8,
};

/* Takes `len` bytes off the front. */
static struct status take(struct slice *rest, size_t len, const uint8_t **ret) {
    if (rest->len < len) {
        return FAIL(E_VAULT_CORRUPT);
    }
    *ret = rest->ptr;
    *rest = slice_from(*rest, len);
    return STATUS_OK;
}

static struct status add_plane(struct buf *out, const struct plane *plane) {
    TRY(buf_reserve(out, PLANE_BYTES));
    for (int i = 0; i < SEGMENT_WORDS; i++) {
        bytes_put_be64(out->ptr + out->len, plane->words[i]);
        out->len += 8;
    }
    return STATUS_OK;
}

static struct status take_plane(struct slice *rest, struct plane *ret) {
    const uint8_t *from = NULL;
    TRY(take(rest, PLANE_BYTES, &from));
    for (int i = 0; i < SEGMENT_WORDS; i++) {
        ret->words[i] = bytes_be64(from + i * 8);
    }
    return STATUS_OK;
}

static bool plane_empty(const struct plane *plane) {
    uint64_t any = 0;
    for (int i = 0; plane != NULL && i < SEGMENT_WORDS; i++) {
        any |= plane->words[i];
    }
    return any == 0;
}

static void put_row(const struct segment *s, uint32_t at, uint8_t *to) {
    bytes_put_be32(to, s->owner[at]);
    bytes_put_be32(to + 4, s->collected[at]);
    bytes_put_be32(to + 8, s->expires[at]);
    bytes_put_be16(to + 12, s->origin[at]);
    bytes_put_be16(to + 14, s->access_list[at]);
    to[16] = s->category[at];
    to[17] = s->collected_for[at];
    to[18] = s->place[at];
}

static struct status add_rows(const struct segment *s, struct buf *out) {
    TRY(buf_reserve(out, (size_t)s->alive_count * ROW_BYTES));
    for (uint32_t word = 0; word < SEGMENT_WORDS; word++) {
        for (uint64_t rest = s->alive.words[word]; rest != 0; rest &= rest - 1) {
            put_row(s, word * 64 + (uint32_t)__builtin_ctzll(rest), out->ptr + out->len);
            out->len += ROW_BYTES;
        }
    }
    return STATUS_OK;
}

struct status segment_write(const struct segment *s, struct buf *out) {
    TRY(buf_add_byte(out, SEGMENT_VERSION));
    TRY(buf_add_be64(out, s->saved_through));
    TRY(add_plane(out, &s->alive));
    TRY(add_rows(s, out));
    for (unsigned set = 0; set < PLANE_SETS; set++) {
        for (unsigned bit = 0; bit < 64; bit++) {
            if (!plane_empty(s->planes[set][bit])) {
                TRY(buf_add_byte(out, (uint8_t)(set << 6 | bit)));
                TRY(add_plane(out, s->planes[set][bit]));
            }
        }
    }
    return STATUS_OK;
}

static void get_row(const uint8_t *from, struct vault_meta *meta) {
    meta->owner = bytes_be32(from);
    meta->collected_s = bytes_be32(from + 4);
    meta->expires_s = bytes_be32(from + 8);
    meta->origin = bytes_be16(from + 12);
    meta->access_list = bytes_be16(from + 14);
    meta->category = from[16];
    meta->collected_for = from[17];
    meta->place = from[18];
}

static struct status read_rows(struct columns *c, uint32_t number, const struct plane *alive,
                               struct slice *rest) {
    for (uint32_t word = 0; word < SEGMENT_WORDS; word++) {
        for (uint64_t bits = alive->words[word]; bits != 0; bits &= bits - 1) {
            uint64_t at = word * 64 + (uint64_t)__builtin_ctzll(bits);
            const uint8_t *from = NULL;
            TRY(take(rest, ROW_BYTES, &from));
            struct vault_meta meta = {.id = ((uint64_t)number << SEGMENT_BITS) + at};
            get_row(from, &meta);
            TRY(columns_reserve(c, &meta));
            columns_put(c, &meta, 0);
        }
    }
    return STATUS_OK;
}

static struct status read_planes(struct columns *c, uint32_t number, struct slice *rest) {
    while (rest->len > 0) {
        const uint8_t *name = NULL;
        TRY(take(rest, 1, &name));
        struct picked item = {.segment = number};
        TRY(take_plane(rest, &item.bits));
        struct selection which = {.items = &item, .count = 1};
        struct vault_change change = {.purposes_add = 0};
        uint64_t bit = UINT64_C(1) << (*name & 63);
        change.purposes_add = *name >> 6 == PLANES_PURPOSE ? bit : 0;
        change.objections_add = *name >> 6 == PLANES_OBJECTION ? bit : 0;
        change.shares_add = *name >> 6 == PLANES_SHARE ? bit : 0;
        change.flags_add = *name >> 6 == PLANES_FLAG ? (uint16_t)bit : 0;
        TRY(columns_reserve_change(c, &which, &change));
        columns_change(c, &which, &change, 0);
    }
    return STATUS_OK;
}

struct status segment_read(struct columns *c, uint32_t number, struct slice bytes) {
    const uint8_t *head = NULL;
    TRY(take(&bytes, 9, &head));
    if (head[0] != SEGMENT_VERSION) {
        return FAIL(E_VAULT_CORRUPT);
    }
    struct plane alive;
    TRY(take_plane(&bytes, &alive));
    if (plane_empty(&alive)) {
        return STATUS_OK;
    }
    TRY(read_rows(c, number, &alive, &bytes));
    TRY(read_planes(c, number, &bytes));
    c->segments[number]->saved_through = bytes_be64(head + 1);
    return STATUS_OK;
}

static uint32_t picked_count(const struct picked *item) {
    uint32_t count = 0;
    for (int i = 0; i < SEGMENT_WORDS; i++) {
        count += (uint32_t)__builtin_popcountll(item->bits.words[i]);
    }
    return count;
}

static struct status add_list(const struct picked *item, struct buf *out) {
    for (uint32_t word = 0; word < SEGMENT_WORDS; word++) {
        for (uint64_t rest = item->bits.words[word]; rest != 0; rest &= rest - 1) {
            TRY(buf_add_be16(out, (uint16_t)(word * 64 + (uint32_t)__builtin_ctzll(rest))));
        }
    }
    return STATUS_OK;
}

/* Per segment its number and how many; then their places, or a bitmap when there are many. */
struct status selection_write(const struct selection *sel, struct buf *out) {
    TRY(buf_add_be32(out, (uint32_t)sel->count));
    for (size_t i = 0; i < sel->count; i++) {
        uint32_t count = picked_count(&sel->items[i]);
        TRY(buf_add_be32(out, sel->items[i].segment));
        TRY(buf_add_be16(out, (uint16_t)count));
        if (count >= PICKED_AS_BITMAP) {
            TRY(add_plane(out, &sel->items[i].bits));
        } else {
            TRY(add_list(&sel->items[i], out));
        }
    }
    return STATUS_OK;
}

static struct status read_list(struct slice *rest, uint32_t segment, uint32_t count,
                               struct selection *out) {
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *from = NULL;
        TRY(take(rest, 2, &from));
        uint64_t id = ((uint64_t)segment << SEGMENT_BITS) + bytes_be16(from) % SEGMENT_RECORDS;
        TRY(selection_add(out, id));
    }
    return STATUS_OK;
}

static struct status read_bitmap(struct slice *rest, uint32_t segment, struct selection *out) {
    struct plane bits;
    TRY(take_plane(rest, &bits));
    for (uint32_t word = 0; word < SEGMENT_WORDS; word++) {
        for (uint64_t left = bits.words[word]; left != 0; left &= left - 1) {
            uint64_t at = word * 64 + (uint64_t)__builtin_ctzll(left);
            TRY(selection_add(out, ((uint64_t)segment << SEGMENT_BITS) + at));
        }
    }
    return STATUS_OK;
}

struct status selection_read(struct slice *rest, struct selection *out) {
    const uint8_t *from = NULL;
    TRY(take(rest, 4, &from));
    uint32_t segments = bytes_be32(from);
    for (uint32_t i = 0; i < segments; i++) {
        TRY(take(rest, 6, &from));
        uint32_t segment = bytes_be32(from);
        uint32_t count = bytes_be16(from + 4);
        if (segment > RECORD_ID_MAX >> SEGMENT_BITS) {
            return FAIL(E_VAULT_CORRUPT);
        }
        TRY(count >= PICKED_AS_BITMAP ? read_bitmap(rest, segment, out)
                                      : read_list(rest, segment, count, out));
    }
    return STATUS_OK;
}

struct status delta_put(struct buf *out, const struct vault_meta *meta) {
    uint8_t row[1 + 8 + ROW_BYTES + 8 + 8 + 8 + 2];
    row[0] = DELTA_PUT;
    bytes_put_be64(row + 1, meta->id);
    bytes_put_be32(row + 9, (uint32_t)meta->owner);
    bytes_put_be32(row + 13, (uint32_t)meta->collected_s);
    bool never = meta->expires_s >= VAULT_NEVER_EXPIRES;
    bytes_put_be32(row + 17, never ? 0 : (uint32_t)meta->expires_s);
    bytes_put_be16(row + 21, meta->origin);
    bytes_put_be16(row + 23, meta->access_list);
    row[25] = meta->category;
    row[26] = meta->collected_for;
    row[27] = meta->place;
    bytes_put_be64(row + 28, meta->purposes);
    bytes_put_be64(row + 36, meta->objections);
    bytes_put_be64(row + 44, meta->shares);
    bytes_put_be16(row + 52, meta->flags);
    return buf_add(out, slice_of(row, sizeof row));
}

struct status delta_change(struct buf *out, const struct selection *which,
                           const struct vault_change *change) {
    TRY(buf_add_byte(out, DELTA_CHANGE));
    TRY(buf_add_be64(out, change->purposes_add));
    TRY(buf_add_be64(out, change->purposes_remove));
    TRY(buf_add_be64(out, change->objections_add));
    TRY(buf_add_be64(out, change->objections_remove));
    TRY(buf_add_be64(out, change->shares_add));
    TRY(buf_add_be64(out, change->shares_remove));
    TRY(buf_add_be16(out, change->flags_add));
    TRY(buf_add_be16(out, change->flags_remove));
    TRY(buf_add_be16(out, change->origin));
    TRY(buf_add_be16(out, change->access_list));
    TRY(buf_add_be64(out, (uint64_t)change->expires_s));
    return selection_write(which, out);
}

struct status delta_drop(struct buf *out, const struct selection *which) {
    TRY(buf_add_byte(out, DELTA_DROP));
    return selection_write(which, out);
}

static struct status replay_put(struct columns *c, uint64_t sequence, struct slice *rest) {
    const uint8_t *row = NULL;
    TRY(take(rest, 8 + ROW_BYTES + 8 + 8 + 8 + 2, &row));
    struct vault_meta meta = {.id = bytes_be64(row)};
    get_row(row + 8, &meta);
    meta.purposes = bytes_be64(row + 27);
    meta.objections = bytes_be64(row + 35);
    meta.shares = bytes_be64(row + 43);
    meta.flags = bytes_be16(row + 51);
    if (meta.id == 0 || meta.id > RECORD_ID_MAX) {
        return FAIL(E_VAULT_CORRUPT);
    }
    TRY(columns_reserve(c, &meta));
    uint32_t at = 0;
    bool there = columns_at(c, meta.id, &at) != NULL;
    if (!there && c->segments[meta.id >> SEGMENT_BITS]->saved_through < sequence) {
        columns_put(c, &meta, sequence);
    }
    return STATUS_OK;
}

/* Leaves what is not there (any more), and segments that have saved this delta. */
static void keep_unsaved(const struct columns *c, uint64_t sequence, struct selection *which) {
    size_t kept = 0;
    for (size_t i = 0; i < which->count; i++) {
        struct picked *item = &which->items[i];
        const struct segment *s = item->segment < c->count ? c->segments[item->segment] : NULL;
        if (s == NULL || s->saved_through >= sequence) {
            continue;
        }
        for (int word = 0; word < SEGMENT_WORDS; word++) {
            item->bits.words[word] &= s->alive.words[word];
        }
        which->items[kept++] = *item;
    }
    which->count = kept;
}

static struct status replay_change(struct columns *c, uint64_t sequence, struct slice *rest) {
    const uint8_t *row = NULL;
    TRY(take(rest, 64, &row));
    struct vault_change change = {
        .purposes_add = bytes_be64(row),
        .purposes_remove = bytes_be64(row + 8),
        .objections_add = bytes_be64(row + 16),
        .objections_remove = bytes_be64(row + 24),
        .shares_add = bytes_be64(row + 32),
        .shares_remove = bytes_be64(row + 40),
        .flags_add = bytes_be16(row + 48),
        .flags_remove = bytes_be16(row + 50),
        .origin = bytes_be16(row + 52),
        .access_list = bytes_be16(row + 54),
        .expires_s = (int64_t)bytes_be64(row + 56),
    };
    struct selection which CLEANUP(selection_done);
    selection_init(&which);
    TRY(selection_read(rest, &which));
    keep_unsaved(c, sequence, &which);
    TRY(columns_reserve_change(c, &which, &change));
    columns_change(c, &which, &change, sequence);
    return STATUS_OK;
}

static struct status replay_drop(struct columns *c, uint64_t sequence, struct slice *rest) {
    struct selection which CLEANUP(selection_done);
    selection_init(&which);
    TRY(selection_read(rest, &which));
    keep_unsaved(c, sequence, &which);
    columns_drop(c, &which, sequence);
    return STATUS_OK;
}

struct status delta_replay(struct columns *c, uint64_t sequence, struct slice bytes) {
    while (bytes.len > 0) {
        const uint8_t *kind = NULL;
        TRY(take(&bytes, 1, &kind));
        switch (*kind) {
        case DELTA_PUT:
            TRY(replay_put(c, sequence, &bytes));
            break;
        case DELTA_CHANGE:
            TRY(replay_change(c, sequence, &bytes));
            break;
        case DELTA_DROP:
            TRY(replay_drop(c, sequence, &bytes));
            break;
        default:
            return FAIL(E_VAULT_CORRUPT);
        }
    }
    return STATUS_OK;
}

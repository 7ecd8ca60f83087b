/* Columns as bytes: segments as the store keeps them, and deltas, which say what a transaction
 * changed since (docs/FORMATS.md, "Columns"). Always sealed before they are written.
 *
 * Deltas name records, not conditions, so that replaying them needs no law and no clock. */
#include <string.h>

#include "base/bytes.h"
#include "columns.h"
#include "packed.h"

enum {
    SEGMENT_VERSION = 2,
    DELTA_PUT = 1,
    DELTA_CHANGE = 2,
    DELTA_DROP = 3,
    PICKED_AS_BITMAP =
        512, /* records in a segment from which a bitmap is smaller than their gaps */
    PLANE_BYTES = SEGMENT_WORDS * 8,
    ROW_BYTES = 4 + 4 + 4 + 2 + 2 + 1 + 1 + 1,
};

/* Places of a segment ------------------------------------------------------------------- */

static struct status add_bitmap(const struct picked *item, struct buf *out) {
    TRY(buf_reserve(out, PLANE_BYTES));
    for (unsigned i = 0; i < SEGMENT_WORDS; i++) {
        bytes_put_be64(out->ptr + out->len, (item->used >> i & 1) == 0 ? 0 : item->words[i]);
        out->len += 8;
    }
    return STATUS_OK;
}

/* How far each is from the one before. */
static struct status add_gaps(const struct picked *item, uint32_t count, struct buf *out) {
    TRY(buf_reserve(out, (size_t)count * 2));
    uint32_t at = 0;
    uint32_t next = 0;
    for (struct picks p = picks_of(item); picks_next(&p, &at);) {
        uint32_t gap = at - next;
        if (gap >= 0x80) {
            out->ptr[out->len++] = (uint8_t)(gap | 0x80);
            gap >>= 7;
        }
        out->ptr[out->len++] = (uint8_t)gap;
        next = at + 1;
    }
    return STATUS_OK;
}

static struct status picked_write(const struct picked *item, struct buf *out) {
    uint32_t count = picked_count(item);
    TRY(packed_add(out, count));
    return count >= PICKED_AS_BITMAP ? add_bitmap(item, out) : add_gaps(item, count, out);
}

static struct status take_bitmap(struct slice *rest, struct picked *ret) {
    const uint8_t *from = NULL;
    TRY(packed_take_bytes(rest, PLANE_BYTES, &from));
    struct plane bits;
    for (int i = 0; i < SEGMENT_WORDS; i++) {
        bits.words[i] = bytes_be64(from + i * 8);
    }
    picked_from(ret, &bits);
    return STATUS_OK;
}

static struct status take_gaps(struct slice *rest, uint64_t count, struct picked *ret) {
    uint64_t next = 0;
    ret->used = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t gap = 0;
        TRY(packed_take(rest, &gap));
        if (gap >= SEGMENT_RECORDS || next + gap >= SEGMENT_RECORDS) {
            return FAIL(E_VAULT_CORRUPT);
        }
        picked_set(ret, (uint32_t)(next + gap));
        next += gap + 1;
    }
    return STATUS_OK;
}

static struct status picked_read(struct slice *rest, struct picked *ret) {
    uint64_t count = 0;
    TRY(packed_take(rest, &count));
    TRY(count >= PICKED_AS_BITMAP ? take_bitmap(rest, ret) : take_gaps(rest, count, ret));
    return picked_count(ret) == count ? STATUS_OK : FAIL(E_VAULT_CORRUPT);
}

/* Values of a segment -------------------------------------------------------------------- */

enum value {
    OWNER,
    COLLECTED,
    EXPIRES,
    ORIGIN,
    ACCESS_LIST,
    CATEGORY,
    COLLECTED_FOR,
    PLACE,
    VALUES
};

static uint32_t value_of(const struct row *row, enum value which) {
    switch (which) {
    case OWNER:
        return row->owner;
    case COLLECTED:
        return row->collected;
    case EXPIRES:
        return row->expires;
    case ORIGIN:
        return row->origin;
    case ACCESS_LIST:
        return row->access_list;
    case CATEGORY:
        return row->category;
    case COLLECTED_FOR:
        return row->collected_for;
    case PLACE:
    case VALUES:
    default:
        return row->place;
    }
}

/* A value of every living record: each takes as many bits as the largest less the smallest. */
struct value_column {
    uint32_t least;
    unsigned width; /* bits */
    const uint8_t *bits;
};

static size_t column_bytes(unsigned width, uint32_t count) {
    return ((size_t)width * count + 7) / 8;
}

static struct value_column column_of(const struct segment *s, const struct picked *alive,
                                     enum value which) {
    uint32_t least = UINT32_MAX;
    uint32_t most = 0;
    uint32_t at = 0;
    for (struct picks p = picks_of(alive); picks_next(&p, &at);) {
        uint32_t value = value_of(&s->rows[at], which);
        least = value < least ? value : least;
        most = value > most ? value : most;
    }
    struct value_column column = {.least = least};
    for (uint32_t range = least <= most ? most - least : 0; range != 0; range >>= 1) {
        column.width++;
    }
    return column;
}

/* The lowest bit first. */
static void put_bits(uint8_t *to, size_t from, uint32_t value) {
    uint64_t bits = (uint64_t)value << (from % 8);
    for (size_t i = from / 8; bits != 0; i++, bits >>= 8) {
        to[i] |= (uint8_t)bits;
    }
}

static uint32_t value_at(const struct value_column *column, uint32_t number) {
    size_t from = (size_t)number * column->width;
    uint64_t bits = 0;
    for (size_t i = 0; i * 8 < from % 8 + column->width; i++) {
        bits |= (uint64_t)column->bits[from / 8 + i] << (8 * i);
    }
    uint64_t mask = (UINT64_C(1) << column->width) - 1;
    return column->least + (uint32_t)(bits >> (from % 8) & mask);
}

static struct status add_values(const struct segment *s, const struct picked *alive,
                                enum value which, struct buf *out) {
    struct value_column column = column_of(s, alive, which);
    size_t bytes = column_bytes(column.width, s->alive_count);
    TRY(buf_add_be32(out, column.least));
    TRY(buf_add_byte(out, (uint8_t)column.width));
    TRY(buf_reserve(out, bytes));
    memset(out->ptr + out->len, 0, bytes);
    uint32_t at = 0;
    size_t i = 0;
    for (struct picks p = picks_of(alive); picks_next(&p, &at); i++) {
        put_bits(out->ptr + out->len, i * column.width,
                 value_of(&s->rows[at], which) - column.least);
    }
    out->len += bytes;
    return STATUS_OK;
}

static struct status take_values(struct slice *rest, uint32_t count, struct value_column *ret) {
    const uint8_t *head = NULL;
    TRY(packed_take_bytes(rest, 5, &head));
    *ret = (struct value_column){.least = bytes_be32(head), .width = head[4]};
    if (ret->width > 32) {
        return FAIL(E_VAULT_CORRUPT);
    }
    return packed_take_bytes(rest, column_bytes(ret->width, count), &ret->bits);
}

/* Segments ------------------------------------------------------------------------------- */

struct status segment_write(const struct segment *s, struct buf *out) {
    struct picked alive;
    struct picked item;
    picked_from(&alive, &s->alive);
    TRY(buf_add_byte(out, SEGMENT_VERSION));
    TRY(buf_add_be64(out, s->saved_through));
    TRY(picked_write(&alive, out));
    for (int which = 0; which < VALUES; which++) {
        TRY(add_values(s, &alive, (enum value)which, out));
    }
    for (unsigned set = 0; set < PLANE_SETS; set++) {
        for (unsigned bit = 0; bit < 64; bit++) {
            if (s->planes[set][bit] == NULL) {
                continue;
            }
            picked_from(&item, s->planes[set][bit]);
            if (item.used != 0) {
                TRY(buf_add_byte(out, (uint8_t)(set << 6 | bit)));
                TRY(picked_write(&item, out));
            }
        }
    }
    return STATUS_OK;
}

static struct vault_meta meta_at(const struct value_column columns[VALUES], uint32_t i) {
    return (struct vault_meta){
        .owner = value_at(&columns[OWNER], i),
        .collected_s = value_at(&columns[COLLECTED], i),
        .expires_s = value_at(&columns[EXPIRES], i),
        .origin = (uint16_t)value_at(&columns[ORIGIN], i),
        .access_list = (uint16_t)value_at(&columns[ACCESS_LIST], i),
        .category = (uint8_t)value_at(&columns[CATEGORY], i),
        .collected_for = (uint8_t)value_at(&columns[COLLECTED_FOR], i),
        .place = (uint8_t)value_at(&columns[PLACE], i),
    };
}

static bool flags_known(uint64_t flags) {
    return flags >> FLAG_PLANES == 0;
}

/* What nobody could have put: a record without a number or an owner, or one whose category or
 * purpose stands beyond what there can be. */
static struct status check_meta(const struct vault_meta *meta, uint64_t owners_below) {
    bool sound = meta->id > 0 && meta->id <= RECORD_ID_MAX && meta->owner > 0 &&
                 meta->owner < owners_below && meta->category < VAULT_CATEGORIES_MAX &&
                 meta->collected_for < VAULT_PURPOSES_MAX && flags_known(meta->flags);
    return sound ? STATUS_OK : FAIL(E_VAULT_CORRUPT);
}

static struct status read_rows(struct columns *c, uint64_t owners_below, const struct picked *alive,
                               struct slice *rest) {
    struct value_column columns[VALUES];
    for (int which = 0; which < VALUES; which++) {
        TRY(take_values(rest, picked_count(alive), &columns[which]));
    }
    uint32_t at = 0;
    uint32_t i = 0;
    for (struct picks p = picks_of(alive); picks_next(&p, &at); i++) {
        struct vault_meta meta = meta_at(columns, i);
        meta.id = ((uint64_t)alive->segment << SEGMENT_BITS) + at;
        TRY(check_meta(&meta, owners_below));
        TRY(columns_reserve(c, &meta));
        columns_put(c, &meta, 0);
    }
    return STATUS_OK;
}

/* A plane has bits of what lives, and a flag's is one that there is. */
static struct status check_plane(const struct segment *s, uint8_t name, const struct picked *item) {
    bool sound = name >> 6 != PLANES_FLAG || flags_known(UINT64_C(1) << (name & 63));
    for (uint64_t used = item->used; used != 0; used &= used - 1) {
        int word = __builtin_ctzll(used);
        sound = sound && (item->words[word] & ~s->alive.words[word]) == 0;
    }
    return sound ? STATUS_OK : FAIL(E_VAULT_CORRUPT);
}

static struct status read_planes(struct columns *c, uint32_t number, struct slice *rest) {
    while (rest->len > 0) {
        const uint8_t *name = NULL;
        TRY(packed_take_bytes(rest, 1, &name));
        struct picked item;
        item.segment = number;
        TRY(picked_read(rest, &item));
        TRY(check_plane(c->segments[number], *name, &item));
        struct selection which = {.items = &item, .count = 1};
        uint64_t bit = UINT64_C(1) << (*name & 63);
        struct vault_change change = {
            .purposes_add = *name >> 6 == PLANES_PURPOSE ? bit : 0,
            .objections_add = *name >> 6 == PLANES_OBJECTION ? bit : 0,
            .shares_add = *name >> 6 == PLANES_SHARE ? bit : 0,
            .flags_add = *name >> 6 == PLANES_FLAG ? (uint16_t)bit : 0,
        };
        TRY(columns_reserve_change(c, &which, &change));
        columns_change(c, &which, &change, 0);
    }
    return STATUS_OK;
}

struct status segment_read(struct columns *c, uint64_t owners_below, uint32_t number,
                           struct slice bytes) {
    const uint8_t *head = NULL;
    TRY(packed_take_bytes(&bytes, 9, &head));
    if (head[0] != SEGMENT_VERSION) {
        return FAIL(E_VAULT_CORRUPT);
    }
    struct picked alive;
    alive.segment = number;
    TRY(picked_read(&bytes, &alive));
    if (alive.used == 0) {
        return STATUS_OK;
    }
    TRY(read_rows(c, owners_below, &alive, &bytes));
    TRY(read_planes(c, number, &bytes));
    c->segments[number]->saved_through = bytes_be64(head + 1);
    return STATUS_OK;
}

/* Selections ------------------------------------------------------------------------------ */

struct status selection_write(const struct selection *sel, struct buf *out) {
    TRY(packed_add(out, sel->count));
    uint32_t next = 0;
    for (size_t i = 0; i < sel->count; i++) {
        TRY(packed_add(out, sel->items[i].segment - next));
        TRY(picked_write(&sel->items[i], out));
        next = sel->items[i].segment + 1;
    }
    return STATUS_OK;
}

struct status selection_read(struct slice *rest, struct selection *out) {
    uint64_t segments = 0;
    uint64_t next = 0;
    TRY(packed_take(rest, &segments));
    for (uint64_t i = 0; i < segments; i++) {
        uint64_t gap = 0;
        struct picked item;
        TRY(packed_take(rest, &gap));
        if (gap > RECORD_ID_MAX >> SEGMENT_BITS || next + gap > RECORD_ID_MAX >> SEGMENT_BITS) {
            return FAIL(E_VAULT_CORRUPT);
        }
        item.segment = (uint32_t)(next + gap);
        TRY(picked_read(rest, &item));
        TRY(selection_take(out, &item));
        next += gap + 1;
    }
    return STATUS_OK;
}

/* Deltas ---------------------------------------------------------------------------------- */

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

static struct status replay_put(struct columns *c, uint64_t owners_below, uint64_t sequence,
                                struct slice *rest) {
    const uint8_t *row = NULL;
    TRY(packed_take_bytes(rest, 8 + ROW_BYTES + 8 + 8 + 8 + 2, &row));
    struct vault_meta meta = {.id = bytes_be64(row)};
    get_row(row + 8, &meta);
    meta.purposes = bytes_be64(row + 27);
    meta.objections = bytes_be64(row + 35);
    meta.shares = bytes_be64(row + 43);
    meta.flags = bytes_be16(row + 51);
    TRY(check_meta(&meta, owners_below));
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
        struct plane left = {.words = {0}};
        for (uint64_t used = item->used; used != 0; used &= used - 1) {
            int word = __builtin_ctzll(used);
            left.words[word] = item->words[word] & s->alive.words[word];
        }
        picked_from(item, &left);
        which->items[kept++] = *item;
    }
    which->count = kept;
}

static struct status change_take(struct slice *rest, struct selection *ret_which,
                                 struct vault_change *ret) {
    const uint8_t *row = NULL;
    TRY(packed_take_bytes(rest, 64, &row));
    *ret = (struct vault_change){
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
    TRY(flags_known(ret->flags_add) ? STATUS_OK : FAIL(E_VAULT_CORRUPT));
    return selection_read(rest, ret_which);
}

struct status delta_change_read(struct slice *rest, struct selection *ret_which,
                                struct vault_change *ret) {
    const uint8_t *kind = NULL;
    TRY(packed_take_bytes(rest, 1, &kind));
    return *kind == DELTA_CHANGE ? change_take(rest, ret_which, ret) : FAIL(E_VAULT_CORRUPT);
}

static struct status replay_change(struct columns *c, uint64_t sequence, struct slice *rest) {
    struct vault_change change;
    struct selection which CLEANUP(selection_done);
    selection_init(&which);
    TRY(change_take(rest, &which, &change));
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

struct status delta_replay(struct columns *c, uint64_t owners_below, uint64_t sequence,
                           struct slice bytes) {
    while (bytes.len > 0) {
        const uint8_t *kind = NULL;
        TRY(packed_take_bytes(&bytes, 1, &kind));
        switch (*kind) {
        case DELTA_PUT:
            TRY(replay_put(c, owners_below, sequence, &bytes));
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

/* What is known about every record, in memory: 4096 records a segment, and in it the same twice. A
 * bit plane of 512 bytes for each purpose, objection, share and flag that occurs in it: many
 * records are found by the words of planes, without touching them. And a row of 64 bytes for each
 * record: what is decided and handed out of one record costs one line of memory.
 *
 * Pure: knows neither store nor law. A record's place is its id: segment id / 4096. Ids are never
 * used again, so a segment whose records are all gone is dropped.
 *
 * Nothing here fails after it was reserved: callers reserve, write to the store, then change. */
#ifndef WARD_VAULT_COLUMNS_H
#define WARD_VAULT_COLUMNS_H

#include "base/mem.h"
#include "vault/records.h"

enum {
    SEGMENT_BITS = 12,
    SEGMENT_RECORDS = 1 << SEGMENT_BITS,
    SEGMENT_WORDS = SEGMENT_RECORDS / 64,
    FLAG_PLANES = 8, /* enum vault_record_flag */
    PLANE_SETS = 4,
};
#define RECORD_ID_MAX  UINT32_MAX
#define SUBJECT_ID_MAX UINT32_MAX

enum plane_set { PLANES_PURPOSE, PLANES_OBJECTION, PLANES_SHARE, PLANES_FLAG };

struct plane {
    uint64_t words[SEGMENT_WORDS];
};

/* All of one record. */
struct row {
    _Alignas(MEM_LINE) uint32_t owner;
    uint32_t collected;
    uint32_t expires; /* 0: as long as the account */
    uint16_t origin;
    uint16_t access_list;
    uint8_t category;
    uint8_t collected_for;
    uint8_t place;
    uint64_t masks[PLANE_SETS]; /* its bits of the planes */
};
_Static_assert(sizeof(struct row) == MEM_LINE, "a row is a line of memory");

/* What occurs among some records, or did until the last of them was dropped: where a value is not,
 * nobody looks for it. A bit stands for every value that leaves the same rest modulo 64. */
struct digest {
    uint64_t categories;
    uint64_t collected_for_set;
    uint64_t origins;
    uint32_t earliest_expiry; /* UINT32_MAX: none */
};

struct segment {
    uint32_t number;
    uint32_t alive_count;
    uint64_t dirty_since; /* sequence of the first delta that is not in the store's copy; 0: none */
    uint64_t saved_through; /* deltas up to this are in the store's copy */
    struct digest all;
    struct digest of_word[SEGMENT_WORDS];
    struct plane alive;
    struct plane *planes[PLANE_SETS][64];
    struct row rows[SEGMENT_RECORDS];
};

/* One person's records, oldest first. What leaves at the front leaves room there. */
struct owned {
    uint32_t *ids;
    uint32_t first;
    uint32_t count;
    uint32_t cap;
};

struct columns {
    struct segment **segments; /* NULL where all is gone */
    size_t count;
    struct owned *owners; /* by number */
    size_t owner_count;
    uint64_t alive;
};

/* Some records of a segment: bits, in the words that `used` names; the others hold nothing. */
struct picked {
    uint32_t segment;
    uint64_t used;
    uint64_t words[SEGMENT_WORDS];
};

/* Walks over the places of a picked one, ascending:
 *   for (struct picks p = picks_of(item); picks_next(&p, &at);) */
struct picks {
    const struct picked *item;
    uint64_t used, rest;
    uint32_t word;
};
static inline struct picks picks_of(const struct picked *item) {
    return (struct picks){.item = item, .used = item->used};
}
static inline bool picks_next(struct picks *p, uint32_t *ret_at) {
    while (p->rest == 0) {
        if (p->used == 0) {
            return false;
        }
        p->word = (uint32_t)__builtin_ctzll(p->used);
        p->rest = p->item->words[p->word];
        p->used &= p->used - 1;
    }
    *ret_at = p->word * 64 + (uint32_t)__builtin_ctzll(p->rest);
    p->rest &= p->rest - 1;
    return true;
}
void picked_set(struct picked *item, uint32_t at);
void picked_clear(struct picked *item, uint32_t at);
uint32_t picked_count(const struct picked *item);
/* The bits of a plane. */
void picked_from(struct picked *item, const struct plane *bits);

/* Picked ones, ascending by segment. */
struct selection {
    struct picked *items;
    size_t count;
    size_t cap;
    uint64_t records;
};

void columns_init(struct columns *c);
void columns_done(struct columns *c);

/* After success columns_put of this meta cannot fail, if it is the owner's next change. */
MUST_USE struct status columns_reserve(struct columns *c, const struct vault_meta *meta);
void columns_put(struct columns *c, const struct vault_meta *meta, uint64_t delta);
/* What is known of a living record. Fills all but `others`. */
void segment_meta(const struct segment *s, uint32_t at, struct vault_meta *ret);
/* False when there is none. Fills all but `others`. */
bool columns_get(const struct columns *c, uint64_t id, struct vault_meta *ret);
/* The segment and the place in it, or NULL when the record is not there. */
struct segment *columns_at(const struct columns *c, uint64_t id, uint32_t *ret_at);
static inline bool segment_bit(const struct segment *s, enum plane_set set, unsigned bit,
                               uint32_t at) {
    return (s->rows[at].masks[set] >> bit & 1) != 0;
}
bool segment_expired(const struct segment *s, uint32_t at, int64_t now_s);

/* A change of all selected records; reserve first. */
MUST_USE struct status columns_reserve_change(struct columns *c, const struct selection *which,
                                              const struct vault_change *change);
void columns_change(struct columns *c, const struct selection *which,
                    const struct vault_change *change, uint64_t delta);
void columns_drop(struct columns *c, const struct selection *which, uint64_t delta);

/* Drops a segment without records from memory. */
void columns_release(struct columns *c, uint32_t number);

/* What an owner has above an id (0: all), oldest first, until the columns change. */
const uint32_t *columns_owned(const struct columns *c, uint64_t owner, uint64_t above,
                              size_t *ret_count);
/* The newest record of an owner below an id (0: any), or 0; dead ones are not there. */
uint64_t columns_newest(const struct columns *c, uint64_t owner, uint64_t below);

void selection_init(struct selection *sel);
void selection_done(struct selection *sel);
MUST_USE struct status selection_add(struct selection *sel, uint64_t id);
/* Room for as many more segments. */
MUST_USE struct status selection_reserve(struct selection *sel, size_t count);
/* The picked ones, unless there are none. */
MUST_USE struct status selection_take(struct selection *sel, const struct picked *item);
/* The highest, or 0. */
uint64_t selection_last(const struct selection *sel);
/* Ids in ascending order: call with 0, then with the last; 0 at the end. */
uint64_t selection_next(const struct selection *sel, uint64_t after);
bool selection_has(const struct selection *sel, uint64_t id);
void selection_remove(struct selection *sel, uint64_t id);
/* Drops segments of which nothing is selected any more. */
void selection_trim(struct selection *sel);

/* Every record that the query matches and that is not expired at now_s (or, with `expired_too`,
 * also those that are). query->other is the caller's to apply. Added to what `out` has of owners
 * or ids; `limit`, `after` and the rest want it empty. */
MUST_USE struct status columns_select(const struct columns *c, const struct vault_query *query,
                                      int64_t now_s, bool expired_too, struct selection *out);
/* How many, without making the selection. */
uint64_t columns_count(const struct columns *c, const struct vault_query *query, int64_t now_s);
/* The earliest expiry of any record, or INT64_MAX. */
int64_t columns_earliest_expiry(const struct columns *c);

/* Bytes (columns_form.c): a segment as the store keeps it, a selection, a change, a meta. */
MUST_USE struct status segment_write(const struct segment *s, struct buf *out);
/* Adds the segment's records to the columns. E_VAULT_CORRUPT for malformed bytes, and for an owner
 * who is not below `owners_below`. */
MUST_USE struct status segment_read(struct columns *c, uint64_t owners_below, uint32_t number,
                                    struct slice bytes);
MUST_USE struct status selection_write(const struct selection *sel, struct buf *out);
MUST_USE struct status selection_read(struct slice *rest, struct selection *out);
/* Deltas: what a transaction changed, to be replayed over older segments. */
MUST_USE struct status delta_put(struct buf *out, const struct vault_meta *meta);
MUST_USE struct status delta_change(struct buf *out, const struct selection *which,
                                    const struct vault_change *change);
/* What delta_change wrote. */
MUST_USE struct status delta_change_read(struct slice *rest, struct selection *ret_which,
                                         struct vault_change *ret);
MUST_USE struct status delta_drop(struct buf *out, const struct selection *which);
/* Applies what segments have not saved. Errors as of segment_read. */
MUST_USE struct status delta_replay(struct columns *c, uint64_t owners_below, uint64_t sequence,
                                    struct slice bytes);

#endif

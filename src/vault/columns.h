/* What is known about every record, packed in columns, in memory: 4096 records a segment, a bit
 * plane of 512 bytes for each purpose, objection, share and flag that occurs in it. Finding and
 * changing by any of them touches the words of its planes, not the records.
 *
 * Pure: knows neither store nor law. A record's place is its id: segment id / 4096. Ids are never
 * used again, so a segment whose records are all gone is dropped.
 *
 * Nothing here fails after it was reserved: callers reserve, write to the store, then change. */
#ifndef WARD_VAULT_COLUMNS_H
#define WARD_VAULT_COLUMNS_H

#include "vault/records.h"

enum {
    SEGMENT_BITS = 12,
    SEGMENT_RECORDS = 1 << SEGMENT_BITS,
    SEGMENT_WORDS = SEGMENT_RECORDS / 64,
    FLAG_PLANES = 7, /* enum vault_record_flag */
    PLANE_SETS = 4,
};
#define RECORD_ID_MAX  UINT32_MAX
#define SUBJECT_ID_MAX UINT32_MAX

enum plane_set { PLANES_PURPOSE, PLANES_OBJECTION, PLANES_SHARE, PLANES_FLAG };

struct plane {
    uint64_t words[SEGMENT_WORDS];
};

struct segment {
    uint32_t number;
    uint32_t alive_count;
    uint64_t dirty_since; /* sequence of the first delta that is not in the store's copy; 0: none */
    uint64_t saved_through; /* deltas up to this are in the store's copy */
    uint64_t categories;    /* bits of what occurs, or once did */
    uint64_t collected_for_set;
    uint64_t origins; /* bit origin % 64 */
    uint32_t earliest_expiry;
    struct plane alive;
    uint64_t has[PLANE_SETS]; /* bits of the planes that are there */
    struct plane *planes[PLANE_SETS][64];
    uint32_t owner[SEGMENT_RECORDS];
    uint32_t next[SEGMENT_RECORDS]; /* older record of the owner */
    uint32_t prev[SEGMENT_RECORDS]; /* newer */
    uint32_t collected[SEGMENT_RECORDS];
    uint32_t expires[SEGMENT_RECORDS]; /* 0: as long as the account */
    uint16_t origin[SEGMENT_RECORDS];
    uint16_t access_list[SEGMENT_RECORDS];
    uint8_t category[SEGMENT_RECORDS];
    uint8_t collected_for[SEGMENT_RECORDS];
    uint8_t place[SEGMENT_RECORDS];
};

struct columns {
    struct segment **segments; /* NULL where all is gone */
    size_t count;
    uint32_t *heads; /* newest record of each owner; 0: none */
    size_t head_count;
    uint64_t alive;
};

/* Some records: a bitmap for each segment that has any, ascending. */
struct picked {
    uint32_t segment;
    struct plane bits;
};
struct selection {
    struct picked *items;
    size_t count;
    size_t cap;
    uint64_t records;
};

void columns_init(struct columns *c);
void columns_done(struct columns *c);

/* After success columns_put of this meta cannot fail. */
MUST_USE struct status columns_reserve(struct columns *c, const struct vault_meta *meta);
void columns_put(struct columns *c, const struct vault_meta *meta, uint64_t delta);
/* The masks of many living records at once, out of 8 words of bits: each plane is looked at once
 * for all of them, and most hold none. ret[i] is that of the i-th of the 512 places. */
enum { BLOCK_WORDS = 8, BLOCK_RECORDS = BLOCK_WORDS * 64 };
struct masks {
    uint64_t of[PLANE_SETS];
};
void segment_masks(const struct segment *s, uint32_t block, const uint64_t which[BLOCK_WORDS],
                   struct masks ret[BLOCK_RECORDS]);
/* What columns_get says, with the masks at hand. */
void segment_meta(const struct segment *s, uint32_t at, const struct masks *masks,
                  struct vault_meta *ret);
/* False when there is none. Fills all but `others`. */
bool columns_get(const struct columns *c, uint64_t id, struct vault_meta *ret);
/* The segment and the place in it, or NULL when the record is not there. */
struct segment *columns_at(const struct columns *c, uint64_t id, uint32_t *ret_at);
static inline bool segment_bit(const struct segment *s, enum plane_set set, unsigned bit,
                               uint32_t at) {
    const struct plane *plane = s->planes[set][bit];
    return plane != NULL && (plane->words[at / 64] >> (at % 64) & 1) != 0;
}
uint64_t segment_mask(const struct segment *s, enum plane_set set, uint32_t at);
bool segment_expired(const struct segment *s, uint32_t at, int64_t now_s);

/* A change of all selected records; reserve first. */
MUST_USE struct status columns_reserve_change(struct columns *c, const struct selection *which,
                                              const struct vault_change *change);
void columns_change(struct columns *c, const struct selection *which,
                    const struct vault_change *change, uint64_t delta);
void columns_drop(struct columns *c, const struct selection *which, uint64_t delta);

/* Drops a segment without records from memory. */
void columns_release(struct columns *c, uint32_t number);

/* The newest record of an owner below an id (0: any), or 0; dead ones are not there. */
uint64_t columns_newest(const struct columns *c, uint64_t owner, uint64_t below);

void selection_init(struct selection *sel);
void selection_done(struct selection *sel);
MUST_USE struct status selection_add(struct selection *sel, uint64_t id);
/* Ids in ascending order: call with 0, then with the last; 0 at the end. */
uint64_t selection_next(const struct selection *sel, uint64_t after);
void selection_remove(struct selection *sel, uint64_t id);
/* Drops segments of which nothing is selected any more. */
void selection_trim(struct selection *sel);

/* Every record that the query matches and that is not expired at now_s (or, with `expired_too`,
 * also those that are). query->other is the caller's to apply. */
MUST_USE struct status columns_select(const struct columns *c, const struct vault_query *query,
                                      int64_t now_s, bool expired_too, struct selection *out);
/* How many, without making the selection. */
uint64_t columns_count(const struct columns *c, const struct vault_query *query, int64_t now_s);
/* The earliest expiry of any record, or INT64_MAX. */
int64_t columns_earliest_expiry(const struct columns *c);

/* Bytes (columns_form.c): a segment as the store keeps it, a selection, a change, a meta. */
MUST_USE struct status segment_write(const struct segment *s, struct buf *out);
/* Adds the segment's records to the columns. E_VAULT_CORRUPT for malformed bytes. */
MUST_USE struct status segment_read(struct columns *c, uint32_t number, struct slice bytes);
MUST_USE struct status selection_write(const struct selection *sel, struct buf *out);
MUST_USE struct status selection_read(struct slice *rest, struct selection *out);
/* Deltas: what a transaction changed, to be replayed over older segments. */
MUST_USE struct status delta_put(struct buf *out, const struct vault_meta *meta);
MUST_USE struct status delta_change(struct buf *out, const struct selection *which,
                                    const struct vault_change *change);
MUST_USE struct status delta_drop(struct buf *out, const struct selection *which);
/* Applies what segments have not saved. */
MUST_USE struct status delta_replay(struct columns *c, uint64_t sequence, struct slice bytes);

#endif

/* Projections of the lawful feed: the clips that may be shown, who liked them, and by which words
 * they are found (search.h). They hold what the vault said they may hold, and drop it when the
 * vault says so. */
#ifndef WARD_GUARD_FEED_H
#define WARD_GUARD_FEED_H

#include "internal.h"

enum audience { AUDIENCE_ME, AUDIENCE_EVERYONE, AUDIENCE_NONE };

struct clip {
    uint64_t id; /* of its clip-meta record */
    uint64_t owner;
    enum audience audience;
    bool ready;
    uint32_t likes;
    bool told;                 /* rank knows it */
    bool waits;                /* rank is to be told of it */
    struct arena arena;        /* what `v` points into */
    const struct api_value *v; /* STO_CLIP_* */
};

MUST_USE struct status feed_new(struct guard *g, struct feed **ret_feed);
void feed_free(struct feed **feed);
/* Applies what is new and acknowledges it; what the vault stopped is made anew. Not in a batch. */
MUST_USE struct status feed_pump(struct guard *g);
/* Whether clips that may be found are not entered yet: the next pumps go on. */
bool feed_reads_on(const struct guard *g);
/* NULL when there is none. Valid until the next pump. */
const struct clip *feed_clip(const struct guard *g, uint64_t id);
/* The same, for the marks of ranking.c. */
struct clip *feed_clip_marked(struct guard *g, uint64_t id);
/* The next older clip below `below` (0: the newest), or NULL. */
const struct clip *feed_below(const struct guard *g, uint64_t below);
size_t feed_ready_count(const struct guard *g);
/* Whether the viewer (0: nobody) is in the clip's audience. Says nothing about the law. */
bool feed_sees(const struct clip *clip, uint64_t viewer);
enum audience audience_of(struct slice text);
/* op_feed.c: whether the law lets this viewer see it as well; E_NOT_FOUND, E_DENIED. */
MUST_USE struct status clip_may_see(struct call *c, const struct clip *clip);
/* op_feed.c: fills a TYP_ITEM. */
MUST_USE struct status clip_fill(struct call *c, const struct clip *clip, struct api_value *item);
/* What a stored clip says, read as the record's metadata want it: one that is withheld is for its
 * owner alone. */
void clip_withhold(const struct vault_meta *meta, struct api_value *v);

/* The record of a like, or false. */
bool feed_liked(const struct guard *g, uint64_t viewer, uint64_t clip, uint64_t *ret_record);
/* What a handler has just stored or erased, ahead of the lawful feed. */
MUST_USE struct status feed_like(struct guard *g, uint64_t viewer, uint64_t clip, uint64_t record);
void feed_unlike(struct guard *g, uint64_t record);
/* One like of a clip that is gone, to be erased; false when there is none. */
bool feed_orphan(struct guard *g, uint64_t *ret_record);
void feed_drop_clip(struct guard *g, uint64_t id);

/* --- lease.c --- */
MUST_USE struct status leases_new(struct leases **ret_leases);
void leases_free(struct leases **leases);
MUST_USE struct status lease_open(struct call *c, const struct clip *clip, uint8_t category,
                                  uint64_t blob, uint64_t *ret_lease, uint64_t *ret_size,
                                  int *ret_fd);
/* Ends those whose viewer no longer sees the clip (clip NULL: it is gone). */
void lease_review(struct guard *g, uint64_t id, const struct clip *clip);
void lease_end_subject(struct guard *g, uint64_t subject);
void lease_end_all(struct guard *g);
/* Ends what ran out; when the next does. */
int64_t lease_tick(struct guard *g);

/* --- studio.c --- */
MUST_USE struct status studio_new(struct guard *g, struct studio **ret_studio);
void studio_free(struct guard *g, struct studio **studio);
struct upload {
    uint64_t clip;
    uint64_t owner;
    const char *state; /* receiving, processing, checking, failed */
    uint32_t permille;
    uint16_t problem; /* when failed */
};
bool studio_upload(const struct guard *g, uint64_t clip, struct upload *ret_upload);
size_t studio_uploads_of(const struct guard *g, uint64_t owner, struct upload *ret, size_t max);
/* E_QUOTA when there are too many. */
MUST_USE struct status studio_begin(struct guard *g, uint64_t clip, uint64_t owner, uint64_t blob,
                                    uint64_t size_bytes);
MUST_USE struct status studio_room(const struct guard *g, uint64_t owner);
MUST_USE struct status studio_add(struct guard *g, uint64_t clip, uint64_t owner, uint64_t offset,
                                  struct slice bytes, uint64_t *ret_received);
MUST_USE struct status studio_finish(struct guard *g, uint64_t clip, uint64_t owner);
/* Drops uploads of a person, or one clip. */
void studio_forget_subject(struct guard *g, uint64_t subject);
void studio_forget_clip(struct guard *g, uint64_t clip);
/* Moves every job a step. *ret_wait_ms is lowered to when the next step is due. */
void studio_tick(struct guard *g, int *ret_wait_ms);

#endif

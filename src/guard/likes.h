/* Who likes which clip: a projection that is found by like, by viewer and clip, by viewer, and by
 * clip, each at the cost of what is found. */
#ifndef WARD_GUARD_LIKES_H
#define WARD_GUARD_LIKES_H

#include "base/status.h"

struct likes;

struct like {
    uint64_t record; /* of its like record; none of the three is 0 */
    uint64_t viewer;
    uint64_t clip;
};

MUST_USE struct status likes_new(struct likes **ret_likes);
void likes_free(struct likes **likes);
/* Adding a record twice is adding it once: *ret_new tells. After E_MEMORY it is not there. */
MUST_USE struct status likes_add(struct likes *l, const struct like *like, bool *ret_new);
/* False where there is no such record; else *ret_gone is what it said. */
bool likes_remove(struct likes *l, uint64_t record, struct like *ret_gone);
void likes_clear(struct likes *l);
bool likes_get(const struct likes *l, uint64_t record, struct like *ret_like);
/* The viewer's like of the clip. */
bool likes_find(const struct likes *l, uint64_t viewer, uint64_t clip, uint64_t *ret_record);
/* The viewer's newest like, or 0. */
uint64_t likes_of_viewer(const struct likes *l, uint64_t viewer);
/* The clip's newest like that is below `below`, or 0. */
uint64_t likes_of_clip(const struct likes *l, uint64_t clip, uint64_t below);

#endif

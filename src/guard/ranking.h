/* What rank is told of the clips that everybody may see, and the order that it proposes. The feed
 * works as well when rank is dead, slow or lying: an order names clips, and whether somebody may
 * see one is asked elsewhere. */
#ifndef WARD_GUARD_RANKING_H
#define WARD_GUARD_RANKING_H

#include "feed.h"

MUST_USE struct status ranking_new(struct ranking **ret_ranking);
void ranking_free(struct ranking **ranking);
/* The clip is new or changed. */
void ranking_touch(struct guard *g, struct clip *clip);
/* The clip is about to go from the projection. */
void ranking_gone(struct guard *g, const struct clip *clip);
/* Sends what waits, and ends a rank that does not acknowledge a revocation. */
void ranking_tick(struct guard *g);
/* The clips in order; *ret_count 0 when none is known. Valid until the next event or tick. What
 * stands in it was said by rank: look every clip up, and ask whether this viewer may see it. */
const uint64_t *ranking_order(const struct guard *g, size_t *ret_count);

#endif

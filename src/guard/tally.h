/* Counts of the service, kept as counts: no person can be found in them. */
#ifndef WARD_GUARD_TALLY_H
#define WARD_GUARD_TALLY_H

#include "internal.h"

MUST_USE struct status tally_new(struct tally **ret_tally);
void tally_free(struct tally **tally);
/* Which rules stood in the way of a use. */
void tally_denial(struct guard *g, const struct vault_answer *answer);
/* Moves the hours on. */
void tally_tick(struct guard *g);
MUST_USE struct status tally_children(struct guard *g, uint64_t *ret_count);
MUST_USE struct status tally_hours(struct call *c, struct api_value *ret_list);
MUST_USE struct status tally_rules(struct call *c, struct api_value *ret_list);

#endif

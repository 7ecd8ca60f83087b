/* Privacy notices, made from the data map. */
#ifndef WARD_GUARD_NOTICES_H
#define WARD_GUARD_NOTICES_H

#include "internal.h"

/* Everything of ret_notice lives in the arena. */
MUST_USE struct status notice_make(const struct guard *g, struct arena *a, struct slice language,
                                   bool child, struct notice *ret_notice);

#endif

/* How the reader names what it found wrong. Private to the room. */
#ifndef WARD_FACTS_FAULT_H
#define WARD_FACTS_FAULT_H

#include "facts/facts.h"

/* A name that is no fact: `group` is empty at the top. */
void fault_unknown(struct slice group, struct slice name, struct facts_fault *ret_fault);
/* A group that is not an object. */
void fault_group(enum law_group group, struct status why, struct facts_fault *ret_fault);

#endif

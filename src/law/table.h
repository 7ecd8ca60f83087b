/* The vocabulary's table as the room itself reads it. */
#ifndef WARD_LAW_TABLE_H
#define WARD_LAW_TABLE_H

#include "law/facts.h"

enum {
    LAW_AGE_UNKNOWN = -1, /* lower than every number: docs/LAW.md section 5 */
    LAW_MAX_AGE = 130,
};

/* One row more than facts: the last is consent.age. */
extern const struct law_fact_info law_fact_table[LAW_FACTS + 1];

#endif

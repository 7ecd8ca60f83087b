/* Why a decision is as it is, for a person to read. */
#ifndef WARD_CLI_EXPLAIN_H
#define WARD_CLI_EXPLAIN_H

#include "law/law.h"

/* Adds an array with an object for each rule that spoke: law, article, title, citation, what it
 * said and how that was reckoned, in words, and the facts it looked at with their values. */
MUST_USE struct status explain_write(const struct law_set *set, uint64_t laws,
                                     const struct law_facts *settled, struct buf *out);

#endif

/* What both forms of the record of processing tell beyond the data map: how it is secured. */
#ifndef WARD_NOTICE_ROPA_INSIDE_H
#define WARD_NOTICE_ROPA_INSIDE_H

#include "facts.h"
#include "notice/ropa.h"

/* GDPR Art. 30(1)(g): the measures of Art. 32 that the program itself takes. */
struct ropa_measure {
    const char *title;
    const char *dpv; /* a technical measure of the Data Privacy Vocabulary */
};
extern const struct ropa_measure ropa_measures[];
extern const size_t ropa_measure_count;

/* In English. */
MUST_USE struct status ropa_retention(const struct law_map_category *c, struct buf *out);

#endif

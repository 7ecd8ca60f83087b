/* What the map and the law say of grounds and transfers, asked in the ways that notices and the
 * record of processing tell them. */
#ifndef WARD_NOTICE_FACTS_H
#define WARD_NOTICE_FACTS_H

#include "notice/notice.h"

/* Grounds by age: 0 to 17, and 18 for every adult. */
enum { FACTS_ADULT = 18, FACTS_AGES = FACTS_ADULT + 1 };
struct facts_row {
    uint8_t basis[FACTS_AGES]; /* enum law_basis */
};

enum facts_transfer {
    TRANSFER_WITHIN,     /* in the European Economic Area, or the controller itself */
    TRANSFER_ADEQUATE,   /* a decision under GDPR Art. 45 */
    TRANSFER_INSTRUMENT, /* on the instrument that the map names */
    TRANSFER_BARE,       /* in a third country, with nothing: the guard refuses it */
};

/* The grounds that a purpose has for people of that country. */
MUST_USE struct status facts_grounds(const struct notice_source *source, int purpose,
                                     uint8_t country, struct facts_row *ret_row);
/* Whether they are the same for everybody. */
bool facts_one_ground(const struct law_map *map, int purpose);
MUST_USE struct status facts_transfer(const struct notice_source *source, int recipient,
                                      enum facts_transfer *ret_transfer);
/* Whether the laws, the operator's own included, ever let it happen to somebody under 18: one who
 * was told everything, and for whom everybody said yes who can. */
MUST_USE struct status facts_for_children(const struct notice_source *source, int purpose,
                                          bool *ret_may);
bool facts_uses(const struct law_map *map, int purpose, int category);
/* Of any purpose when purpose is -1. */
bool facts_receives(const struct law_map *map, int recipient, int purpose, int category);
static inline bool facts_flag(const uint64_t flags[2], enum law_fact fact) {
    return (flags[fact >> 6] >> (fact & 63) & 1) != 0;
}

#endif

/* Which right a person has under which ground of GDPR Art. 6(1): the table of rights, as data. */
#ifndef WARD_NOTICE_RIGHTS_H
#define WARD_NOTICE_RIGHTS_H

#include "law/map.h"

/* Sorted by article. */
enum notice_right {
    RIGHT_WITHDRAW,   /* Art. 7(3) */
    RIGHT_INFORMED,   /* Art. 13 */
    RIGHT_INFORMED_ELSEWHERE, /* Art. 14, where the data come from elsewhere */
    RIGHT_ACCESS,     /* Art. 15 */
    RIGHT_RECTIFY,    /* Art. 16 */
    RIGHT_ERASE,      /* Art. 17 */
    RIGHT_RESTRICT,   /* Art. 18 */
    RIGHT_RECIPIENTS, /* Art. 19: recipients are told, and who they are */
    RIGHT_PORTABLE,   /* Art. 20 */
    RIGHT_OBJECT,     /* Art. 21 */
    RIGHT_NO_MACHINE, /* Art. 22 */
    RIGHT_COMPLAIN,   /* Art. 77 */
    RIGHT_COUNT,
};

struct notice_right_info {
    enum notice_right right;
    const char *article;   /* "17" */
    const char *title;
    uint16_t bases;        /* bits of enum law_basis */
    uint16_t readings;     /* of them and of the others, those that are a reading, not the letter */
    const char *why;       /* on which words the row rests */
};

const struct notice_right_info *notice_right_info(enum notice_right right);
static inline bool notice_right_holds(enum notice_right right, enum law_basis basis) {
    return (notice_right_info(right)->bases >> basis & 1) != 0;
}
/* Art. 6(1) point of a ground: "6(1)(a)"; empty for `none`. */
const char *notice_basis_article(enum law_basis basis);

#endif

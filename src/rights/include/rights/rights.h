/* The rights of persons as the law tabulates them: which exists under which ground, until when a
 * request must be answered, and on which grounds alone it may be refused. Pure.
 *
 *   if (!rights_exists(RIGHT_PORTABILITY, LAW_BASIS_LEGAL_OBLIGATION)) { say why: GDPR Art. 20(1) }
 *   struct date due = rights_due(received_on, false);
 */
#ifndef WARD_RIGHTS_RIGHTS_H
#define WARD_RIGHTS_RIGHTS_H

#include "base/date.h"
#include "law/facts.h"

/* Sorted by article. */
enum right {
    RIGHT_WITHDRAWAL,         /* Art. 7(3): of consent */
    RIGHT_INFORMED,           /* Art. 13 */
    RIGHT_INFORMED_ELSEWHERE, /* Art. 14: where the data come from elsewhere */
    RIGHT_ACCESS,             /* Art. 15 */
    RIGHT_RECTIFICATION,      /* Art. 16 */
    RIGHT_ERASURE,            /* Art. 17 */
    RIGHT_RESTRICTION,        /* Art. 18 */
    RIGHT_RECIPIENTS,         /* Art. 19: recipients are told, and who they are */
    RIGHT_PORTABILITY,        /* Art. 20 */
    RIGHT_OBJECTION,          /* Art. 21 */
    RIGHT_NO_MACHINE,         /* Art. 22 */
    RIGHT_COMPLAINT,          /* Art. 77 */
    RIGHTS,
};

struct right_info {
    const char *article; /* "17" */
    const char *title;
    uint16_t bases;      /* bits of enum law_basis under which it exists */
    uint16_t readings;   /* of these and of the others, those that are a reading, not the letter */
    const char *why;     /* on which words the row rests */
};

/* The only reasons for which the law knows a refusal. */
enum refusal {
    REFUSAL_UNFOUNDED,    /* manifestly unfounded or excessive */
    REFUSAL_UNIDENTIFIED, /* the controller shows that it cannot identify the person */
    REFUSAL_OTHERS,       /* the rights and freedoms of others */
    REFUSAL_EXPRESSION,   /* freedom of expression and information */
    REFUSAL_OBLIGATION,   /* a legal obligation, or a public task */
    REFUSAL_PUBLIC_HEALTH,
    REFUSAL_ARCHIVING,
    REFUSAL_CLAIMS,     /* legal claims */
    REFUSAL_COMPELLING, /* compelling legitimate grounds that override */
    REFUSALS,
};

/* The row of a right; it must be one. */
const struct right_info *rights_info(enum right right);
/* Whether the right exists for data processed on that ground. Unknown grounds: every right that any
 * ground gives, so that nobody loses one by a gap in the records. */
bool rights_exists(enum right right, enum law_basis basis);
/* Art. 6(1) point of a ground: "6(1)(a)"; empty for `none`. */
const char *rights_basis_article(enum law_basis basis);
/* Whether that is a reason for which this right may be refused, and where that stands ("17(3)(e)";
 * empty when it may not). */
bool rights_may_refuse(enum right right, enum refusal refusal);
struct slice rights_refusal_article(enum right right, enum refusal refusal);

/* The last day to answer (GDPR Art. 12(3)): one month after receipt, or three when that was
 * extended with reasons within the first. A month ends on the day of the same number, or on the
 * month's last where there is none (Regulation (EEC, Euratom) 1182/71, Art. 3(2)(c)). */
struct date rights_due(struct date received, bool extended);

#endif

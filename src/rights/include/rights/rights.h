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

enum right {
    RIGHT_ACCESS,
    RIGHT_RECTIFICATION,
    RIGHT_ERASURE,
    RIGHT_RESTRICTION,
    RIGHT_PORTABILITY,
    RIGHT_OBJECTION,
    RIGHT_WITHDRAWAL, /* of consent */
    RIGHTS,
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

struct slice rights_name(enum right right);
/* Where it stands: "15". */
struct slice rights_article(enum right right);
/* Whether the right exists for data processed on that ground. Unknown grounds: every right that any
 * ground gives, so that nobody loses one by a gap in the records. */
bool rights_exists(enum right right, enum law_basis basis);
/* Whether that is a reason for which this right may be refused, and where that stands ("17(3)(e)";
 * empty when it may not). */
bool rights_may_refuse(enum right right, enum refusal refusal);
struct slice rights_refusal_article(enum right right, enum refusal refusal);

/* The last day to answer (GDPR Art. 12(3)): one month after receipt, or three when that was
 * extended with reasons within the first. A month ends on the day of the same number, or on the
 * month's last where there is none (Regulation (EEC, Euratom) 1182/71, Art. 3(2)(c)). */
struct date rights_due(struct date received, bool extended);

#endif

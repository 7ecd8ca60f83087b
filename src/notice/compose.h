/* A notice in the making: one template, one map, and what the sentence at hand is about. */
#ifndef WARD_NOTICE_COMPOSE_H
#define WARD_NOTICE_COMPOSE_H

#include "facts.h"
#include "rights/rights.h"
#include "template.h"

/* What is asked of each purpose again and again, asked once. */
struct purpose_facts {
    uint16_t bases;         /* of the readers, as bits of enum law_basis */
    bool children;          /* may concern somebody under 18 */
    struct facts_row *rows; /* by country, when its ground depends on the person; else NULL */
};

struct maker {
    const struct notice_template *t;
    const struct notice_source *s;
    struct arena *arena;
    int purpose; /* -1: none is at hand */
    int category;
    int recipient;
    struct purpose_facts *purposes;
    enum facts_transfer *transfers; /* of recipients */
    struct notice_part *parts;
    size_t count;
};

struct fill {
    const char *name;
    struct slice value;
};

/* fill.c: the value of a placeholder; empty when there is none. */
MUST_USE struct status fill_value(const struct maker *m, enum notice_placeholder fill,
                                  struct slice *ret_value);
/* The text with its placeholders filled from the list. */
MUST_USE struct status fill_text(struct slice text, const struct fill *list, size_t count,
                                 struct buf *out);
/* Fills in purposes and transfers. */
MUST_USE struct status fill_know(struct maker *m);

#endif

/* A specialised decision procedure: what is left of all rules when some facts are known, one list
 * of steps for each class of countries that no test can tell apart. */
#ifndef WARD_LAW_SPECIAL_H
#define WARD_LAW_SPECIAL_H

#include "set.h"

enum law_step_kind {
    /* These lead on, or to `skip`. */
    STEP_LAW,   /* the law binds if `when`; otherwise on to `skip` */
    STEP_ASKS,  /* a ground is asked for if `when`; otherwise on to `skip` */
    STEP_HELD,  /* on to `skip` if a ground held */
    STEP_NAMED, /* against if no ground was against */
    /* These are rules. */
    STEP_FORBID,  /* against if `when` */
    STEP_REQUIRE, /* if `when`: for if `then`, else against */
    STEP_DUTY,
    STEP_GROUND, /* holds if `when` and `then` */
    STEP_FAILED, /* a ground that is against if `when` */
};

/* Some tests of a class, each a bit: true where they have these values. */
struct law_term {
    uint64_t mask;
    uint64_t value;
};

/* An expression over the tests of its class: true where a term holds; or, negated, where none does.
 */
struct law_terms {
    uint32_t first;
    uint8_t count;
    uint8_t negated;
    uint16_t pad;
};

struct law_step {
    uint8_t kind;
    uint8_t law;
    uint8_t needs_count;
    uint8_t pad;
    struct law_terms when_terms; /* of a class that is quick */
    struct law_terms then_terms;
    uint16_t when;
    uint16_t then;
    uint16_t cite;
    uint16_t skip; /* index in the class's steps */
    uint32_t needs_first;
    uint32_t duties;
};

/* Eight bytes of the facts that must be as they were when it was made. */
struct law_same {
    uint16_t word;
    uint64_t mask;
    uint64_t value;
};

struct law_same_label {
    uint16_t offset;
    struct slice text;
};

/* The tests of a quick class are taken once, all of them, without a jump: first those of bytes,
 * then of lists, then of numbers, then the others. */
struct law_class {
    struct law_span steps;
    struct law_span tests;
    uint8_t bytes_end;
    uint8_t lists_end;
    uint8_t numbers_end;
    bool quick;
    struct law_answer base; /* what is settled beforehand */
};

enum { LAW_QUICK_TESTS = 64, LAW_QUICK_TERMS = 16 };

struct law_special {
    const struct law_set *set;
    uint64_t laws;
    int32_t first_day;
    int32_t next_day;    /* holds before that day */
    uint16_t far_groups; /* groups of which facts are seldom given */
    /* The class of a country; first where no fact of those groups is given, then in general. */
    uint16_t classes_of[2][LAW_COUNTRIES + 1];
    LAW_VEC(struct law_class) classes;
    LAW_VEC(struct law_step) steps;
    LAW_VEC(struct law_ins) code;
    LAW_VEC(struct law_ins) tests;
    LAW_VEC(struct law_term) terms;
    LAW_VEC(struct law_need_row) needs;
    LAW_VEC(struct law_same) same;
    LAW_VEC(struct law_same_label) same_labels;
    struct arena arena;
};

/* terms.c: makes the class that was folded last quick, where it has few enough tests. */
MUST_USE struct status law_make_quick(struct law_special *s, struct law_class *c);

#endif

/* A specialised decision procedure: what is left of all rules when some facts are known, flat
 * tables for each class of countries that no test can tell apart. */
#ifndef WARD_LAW_SPECIAL_H
#define WARD_LAW_SPECIAL_H

#include "set.h"

/* --- while folding: the steps of one class --- */

enum law_step_kind {
    /* These lead on, or to `skip`. */
    STEP_LAW,  /* the law binds if `when`; otherwise on to `skip` */
    STEP_ASKS, /* a ground is asked for if `when`; otherwise on to `skip` */
    /* These are rules. */
    STEP_FORBID,  /* against if `when` */
    STEP_REQUIRE, /* if `when`: for if `then`, else against */
    STEP_DUTY,
    STEP_GROUND, /* holds if `when` and `then` */
    STEP_FAILED, /* a ground that is against if `when` and none of the law holds */
    STEP_NAMED,  /* against if none holds and none was against */
};

struct law_step {
    uint8_t kind;
    uint8_t law;
    uint8_t needs_count;
    uint16_t when;
    uint16_t then; /* of require and ground */
    uint16_t cite;
    uint16_t skip; /* of those that lead on: the first step behind them that does not count on it */
    uint32_t needs_first;
    uint32_t duties;
};

struct law_folded {
    LAW_VEC(struct law_step) steps;
    LAW_VEC(struct law_need_row) needs;
    struct law_answer base;                   /* what is settled beforehand */
    uint8_t values[sizeof(struct law_facts)]; /* of the enumerated fact there, how many */
};

/* --- what deciding reads --- */

/* All of it lies in one pool, the tables of a class side by side: a decision that touches few pages
 * is quick even when many others were taken since the last of its kind. */
struct law_part {
    uint32_t at; /* in the pool, in its words */
    uint32_t count;
};

/* Eight bytes of the facts that must be as they were when it was made. */
struct law_same {
    uint64_t word;
    uint64_t mask;
    uint64_t value;
};

struct law_same_label {
    uint64_t offset;
    struct law_part text; /* bytes */
};

/* A term is a way to an outcome of a step: for some facts, which values they may have. Where all
 * have those, the step has that outcome. A set of terms is a row of one, two or four words. */
enum { LAW_TERM_WORDS = 4, LAW_TERMS = 64 * LAW_TERM_WORDS, LAW_STEPS = LAW_TERMS / 2 };

/* The first rows of a class: the terms that its columns can exclude, those against, those for, and
 * those that owe a duty. */
enum law_row { ROW_TERMS, ROW_AGAINST, ROW_FOR, ROW_OWED, ROW_OTHERS };

/* What an enumerated fact is looked up by: row `value & mask` of those from `row` on has the terms
 * that this value excludes. */
struct law_byte_column {
    uint16_t at;
    uint16_t mask;
    uint32_t row;
};

/* Two rows: for no and yes. Yes where the two bytes at `at`, as far as `mask` goes, are among the
 * `span` + 1 numbers from `low` on, which go round at 2^16. */
struct law_range_column {
    uint16_t at;
    uint16_t mask;
    uint16_t low;
    uint16_t span;
    uint32_t row;
};

/* Two rows: for no and yes. Any other test. */
struct law_test_column {
    struct law_ins test;
    uint32_t row;
};

/* A step with too many ways: its programs are run. */
struct law_long {
    uint16_t when;
    uint16_t then;
    uint16_t yes; /* the term that stands for `when` and `then` */
    uint16_t no;  /* for `when` without `then` */
};

/* Rows: what a law's binding depends on, and the steps that count only then. */
struct law_gate {
    uint32_t binds;
    uint32_t steps;
    uint64_t law;
};

/* Rows, of a law that asks for a ground. */
struct law_asking {
    uint32_t asks;
    uint32_t grounds;
    uint32_t failed; /* grounds that are against when none holds */
    uint32_t named;  /* against when none of those is */
};

struct law_effect {
    uint16_t cite;
    uint16_t needs_count; /* in the class's needs: those that depend */
    uint32_t needs_first;
    uint32_t needs; /* those that are certain */
    uint32_t duties;
};

/* Facts are looked up one after the other, and what remains of the terms is what holds: nothing
 * jumps as the facts happen to be. */
struct law_class {
    bool flat;             /* otherwise too large: law_decide decides */
    uint8_t words;         /* of a row */
    struct law_part bytes; /* struct law_byte_column */
    struct law_part ranges;
    struct law_part tests;
    struct law_part rows; /* uint64_t, `words` of them a row */
    struct law_part longs;
    struct law_part gates;
    struct law_part askings;
    struct law_part effects; /* one for each step */
    struct law_part step_of; /* uint8_t, one for each term */
    struct law_part needs;   /* struct law_need_row */
    struct law_part cites;   /* uint64_t, of what is settled beforehand; zeros behind them */
    uint64_t laws;           /* settled beforehand, as the next three */
    uint64_t permit;
    uint32_t need_bits;
    uint32_t duty_bits;
};

struct law_special {
    const struct law_set *set;
    uint64_t laws;
    int32_t first_day;
    int32_t next_day;    /* holds before that day */
    uint16_t far_groups; /* groups of which facts are seldom given */
    struct law_part same;
    struct law_part labels;
    LAW_VEC(uint64_t) pool;
    LAW_VEC(struct law_ins) code; /* of needs and long steps */
    /* The class of a country, as its place in the pool; first where no fact of those groups is
     * given, then in general. */
    uint32_t class_at[2][LAW_COUNTRIES + 1];
};

static inline const void *law_in_pool(const struct law_special *s, struct law_part part) {
    return s->pool.ptr + part.at;
}

static inline const struct law_class *law_class_at(const struct law_special *s, uint32_t at) {
    return law_in_pool(s, (struct law_part){at, 1});
}

/* flat.c: makes a class of what was folded, and adds it to the pool. */
MUST_USE struct status law_make_class(struct law_special *s, const struct law_folded *folded,
                                      uint32_t *ret_at);
/* Copies `count` things into the pool. */
MUST_USE struct status law_add_part(struct law_special *s, const void *things, size_t size,
                                    size_t count, struct law_part *ret_part);

#endif

/* Makes a class of a specialised procedure flat: each way through its steps becomes a term, each
 * fact that it asks a column in which a value excludes terms, so that deciding looks up every fact
 * once and jumps only for what holds.
 * Must never leave a class half made: one with too many steps or facts is not flat. */
#include "lex.h"
#include "special.h"

#include <string.h>

enum { COLUMNS = 64, WAYS_OF_STEP = 32, NODES_OF_STEP = 512, POOL_MOST = 1 << 24 };
/* Of the class, of every value of every column, of gates and askings. */
enum { ROWS = ROW_OTHERS + 32 * COLUMNS + 4 * LAW_STEPS };

struct terms {
    uint64_t words[LAW_TERM_WORDS];
};

/* A fact that is asked, or one test that can only be taken whole. Rows are its values. */
struct column {
    enum { COLUMN_BYTE, COLUMN_RANGE, COLUMN_TEST } kind;
    uint16_t at; /* of a byte */
    uint32_t rows;
    struct law_range_column range;
    struct law_ins test;
};

/* A way to an outcome of a step: the rows of each column that lead there. */
struct way {
    uint32_t allowed[COLUMNS];
    uint8_t step;
    bool yes;
};

struct maker {
    struct law_special *s;
    const struct law_folded *folded;
    struct law_class class;
    uint32_t column_count;
    uint32_t way_count;
    uint32_t row_count;
    uint32_t first_of_step; /* ways */
    uint32_t room;          /* ways up to here: each step after this one may be long */
    uint32_t nodes;         /* that may still be walked for this step */
    struct way now;         /* where the walk stands */
    /* From here on they are filled as they are counted. */
    struct column columns[COLUMNS];
    struct way ways[LAW_TERMS]; /* their numbers are those of the terms */
    struct terms rows[ROWS];
    struct law_long longs[LAW_STEPS];
    struct law_gate gates[LAW_STEPS];
    struct law_asking askings[LAW_STEPS];
    struct law_effect effects[LAW_STEPS];
    struct law_need_row needs[LAW_STEPS * LAW_MAX_ITEMS];
};

struct status law_add_part(struct law_special *s, const void *things, size_t size, size_t count,
                           struct law_part *ret_part) {
    size_t bytes = size * count;
    *ret_part = (struct law_part){s->pool.len, (uint32_t)count};
    for (size_t at = 0; at < bytes; at += sizeof(uint64_t)) {
        uint64_t word = 0;
        size_t left = bytes - at;
        memcpy(&word, (const uint8_t *)things + at, left < sizeof word ? left : sizeof word);
        LAW_PUSH(&s->pool, POOL_MOST, word);
    }
    return STATUS_OK;
}

/* --- columns --- */

/* Absent is zero, and then the test goes where it leans. */
static bool as_byte(const struct maker *m, const struct law_ins *ins, struct column *ret,
                    uint32_t *ret_yes) {
    uint32_t rows = 2;
    if ((ins->op != OP_BYTE_MASK && ins->op != OP_BYTE_IS) || ins->maybe > 1 ||
        m->folded->values[ins->at] == 0) {
        return false;
    }
    while (rows < m->folded->values[ins->at]) {
        rows *= 2;
    }
    *ret_yes = ins->op == OP_BYTE_MASK ? ins->arg : UINT32_C(1) << (ins->arg & 31);
    if (ins->maybe != 0) {
        *ret_yes = (*ret_yes & ~UINT32_C(1)) | ins->lean;
    }
    *ret = (struct column){.kind = COLUMN_BYTE, .at = ins->at, .rows = rows};
    return rows <= 32;
}

static bool as_range(const struct law_ins *ins, struct law_range_column *ret) {
    int32_t arg = (int32_t)ins->arg;
    *ret = (struct law_range_column){.at = ins->at, .mask = UINT16_MAX, .low = (uint16_t)arg};
    if (ins->op == OP_PRESENT) {
        ret->at = offsetof(struct law_facts, groups);
        ret->mask = (uint16_t)ins->arg;
        ret->low = 1;
        ret->span = UINT16_MAX - 1;
        return true;
    }
    if (ins->maybe != 0 || arg <= INT16_MIN || arg >= INT16_MAX) {
        return false;
    }
    if (ins->op == OP_INT_LT) {
        ret->low = (uint16_t)INT16_MIN;
        ret->span = (uint16_t)(arg - 1 - INT16_MIN);
    } else if (ins->op == OP_INT_GT) {
        ret->low = (uint16_t)(arg + 1);
        ret->span = (uint16_t)(INT16_MAX - arg - 1);
    }
    return ins->op == OP_INT_LT || ins->op == OP_INT_GT || ins->op == OP_INT_IS;
}

/* The column of a test, and the rows in which it is true. */
static struct column column_of(const struct maker *m, const struct law_ins *ins,
                               uint32_t *ret_yes) {
    struct column c;
    if (as_byte(m, ins, &c, ret_yes)) {
        return c;
    }
    *ret_yes = 2;
    c = (struct column){.kind = COLUMN_TEST, .rows = 2, .test = *ins};
    c.test.yes = 0;
    c.test.no = 0;
    c.test.lean = ins->maybe != 0 ? ins->lean : 0;
    if (as_range(ins, &c.range)) {
        c.kind = COLUMN_RANGE;
    }
    return c;
}

static bool same_column(const struct column *a, const struct column *b) {
    if (a->kind != b->kind || a->kind == COLUMN_BYTE) {
        return a->kind == b->kind && a->at == b->at;
    }
    return a->kind == COLUMN_RANGE ? memcmp(&a->range, &b->range, sizeof a->range) == 0
                                   : memcmp(&a->test, &b->test, sizeof a->test) == 0;
}

/* False: too many. */
static bool find_column(struct maker *m, const struct law_ins *ins, uint32_t *ret_column,
                        uint32_t *ret_yes) {
    struct column c = column_of(m, ins, ret_yes);
    uint32_t i = 0;
    while (i < m->column_count && !same_column(&m->columns[i], &c)) {
        i++;
    }
    if (i == COLUMNS) {
        return false;
    }
    m->columns[i] = c;
    m->column_count += i == m->column_count;
    *ret_column = i;
    return true;
}

/* --- ways --- */

static uint32_t all_rows(const struct column *c) {
    return c->rows == 32 ? UINT32_MAX : (UINT32_C(1) << c->rows) - 1;
}

/* Nobody asks which grounds do not hold. */
static bool keep_way(struct maker *m, bool yes) {
    if (!yes && m->folded->steps.ptr[m->now.step].kind == STEP_GROUND) {
        return true;
    }
    if (m->way_count == m->room || m->way_count - m->first_of_step == WAYS_OF_STEP) {
        return false;
    }
    m->now.yes = yes;
    m->ways[m->way_count++] = m->now;
    return true;
}

/* All ways from a place on; `then`: the program after this one, or PC_NONE when this is that.
 * False: too many. As deep as the programs are long. */
static bool walk(struct maker *m, uint16_t pc, uint16_t then) {
    uint32_t column;
    uint32_t yes;
    if (pc >= PC_NONE && then != PC_NONE) {
        return pc != PC_TRUE || walk(m, then, PC_NONE);
    }
    if (pc >= PC_NONE) {
        return keep_way(m, pc == PC_TRUE);
    }
    const struct law_ins *ins = &m->s->code.ptr[pc];
    if (m->nodes-- == 0 || !find_column(m, ins, &column, &yes)) {
        return false;
    }
    uint32_t before = m->now.allowed[column];
    uint32_t rows = before & all_rows(&m->columns[column]);
    bool fits = true;
    if ((rows & yes) != 0) {
        m->now.allowed[column] = rows & yes;
        fits = walk(m, ins->yes, then);
    }
    if (fits && (rows & ~yes) != 0) {
        m->now.allowed[column] = rows & ~yes;
        fits = walk(m, ins->no, then);
    }
    m->now.allowed[column] = before;
    return fits;
}

/* Whether both are one way, then in `a`: they differ in one column, or `b` is part of `a`. */
static bool join(const struct maker *m, struct way *a, const struct way *b) {
    uint32_t differ = COLUMNS;
    bool covers = true;
    bool one = true;
    for (uint32_t i = 0; i < m->column_count && (covers || one); i++) {
        if (a->allowed[i] != b->allowed[i]) {
            covers &= (b->allowed[i] & ~a->allowed[i]) == 0;
            one &= differ == COLUMNS;
            differ = i;
        }
    }
    if (a->yes != b->yes || !(covers || one)) {
        return false;
    }
    if (!covers) {
        uint32_t rows = a->allowed[differ] | b->allowed[differ];
        a->allowed[differ] = rows == all_rows(&m->columns[differ]) ? UINT32_MAX : rows;
    }
    return true;
}

/* False: there is nothing more to join. */
static bool join_ways(struct maker *m) {
    uint32_t before = m->way_count;
    for (uint32_t i = m->first_of_step; i < m->way_count; i++) {
        for (uint32_t k = m->first_of_step; k < m->way_count; k++) {
            if (i != k && join(m, &m->ways[i], &m->ways[k])) {
                m->ways[k] = m->ways[--m->way_count];
            }
        }
    }
    return m->way_count < before;
}

/* --- steps --- */

static uint16_t then_of(const struct law_step *step) {
    return step->kind == STEP_REQUIRE || step->kind == STEP_GROUND ? step->then
           : step->kind == STEP_FORBID                             ? PC_FALSE
                                                                   : PC_TRUE;
}

static void add_long(struct maker *m, const struct law_step *step) {
    m->way_count = m->first_of_step;
    m->longs[m->class.longs.count++] = (struct law_long){.when = step->when,
                                                         .then = then_of(step),
                                                         .yes = (uint16_t)m->way_count,
                                                         .no = (uint16_t)(m->way_count + 1)};
    for (int yes = 1; yes >= 0; yes--) {
        m->now.yes = yes != 0;
        memset(m->now.allowed, 0, sizeof m->now.allowed); /* no row leads there */
        m->ways[m->way_count++] = m->now;
    }
}

static void add_ways(struct maker *m, uint32_t step) {
    const struct law_step *s = &m->folded->steps.ptr[step];
    uint32_t columns = m->column_count;
    m->first_of_step = m->way_count;
    m->room = LAW_TERMS - 2 * (m->folded->steps.len - step - 1);
    m->nodes = NODES_OF_STEP;
    m->now.step = (uint8_t)step;
    memset(m->now.allowed, 0xFF, sizeof m->now.allowed);
    if (!walk(m, s->when, then_of(s))) {
        m->column_count = columns;
        add_long(m, s);
    }
    while (join_ways(m)) {
    }
}

/* Needs that are certain are a mask; those that depend have their rows. */
static void add_effect(struct maker *m, const struct law_step *step) {
    uint32_t *needs = &m->class.needs.count;
    struct law_effect effect = {.cite = step->cite, .duties = step->duties, .needs_first = *needs};
    for (uint32_t i = step->needs_first; i < step->needs_first + step->needs_count; i++) {
        const struct law_need_row *row = &m->folded->needs.ptr[i];
        if (row->condition == PC_TRUE) {
            effect.needs |= UINT32_C(1) << row->need;
        } else {
            m->needs[(*needs)++] = *row;
        }
    }
    effect.needs_count = (uint16_t)(*needs - effect.needs_first);
    m->effects[m->class.effects.count++] = effect;
}

/* --- rows --- */

static void add_term(struct terms *terms, uint32_t term) {
    terms->words[term / 64] |= UINT64_C(1) << (term % 64);
}

/* The terms with that outcome of the steps of a kind, from one on and before another. */
static struct terms terms_of(const struct maker *m, enum law_step_kind kind, bool yes,
                             uint32_t from, uint32_t end) {
    struct terms terms = {{0}};
    for (uint32_t i = 0; i < m->way_count; i++) {
        const struct way *w = &m->ways[i];
        if (w->step >= from && w->step < end && w->yes == yes &&
            m->folded->steps.ptr[w->step].kind == kind) {
            add_term(&terms, i);
        }
    }
    return terms;
}

static uint32_t add_row(struct maker *m, struct terms terms) {
    m->rows[m->row_count] = terms;
    return m->row_count++;
}

static struct terms either(struct terms a, struct terms b) {
    for (int i = 0; i < LAW_TERM_WORDS; i++) {
        a.words[i] |= b.words[i];
    }
    return a;
}

static void add_gate(struct maker *m, uint32_t at, const struct law_step *step) {
    struct terms steps = {{0}};
    for (uint32_t i = 0; i < m->way_count; i++) {
        if (m->ways[i].step > at && m->ways[i].step < step->skip) {
            add_term(&steps, i);
        }
    }
    m->gates[m->class.gates.count++] =
        (struct law_gate){.binds = add_row(m, terms_of(m, STEP_LAW, true, at, at + 1)),
                          .steps = add_row(m, steps),
                          .law = UINT64_C(1) << step->law};
}

static void add_asking(struct maker *m, uint32_t at, const struct law_step *step) {
    m->askings[m->class.askings.count++] = (struct law_asking){
        .asks = add_row(m, terms_of(m, STEP_ASKS, true, at, at + 1)),
        .grounds = add_row(m, terms_of(m, STEP_GROUND, true, at, step->skip)),
        .failed = add_row(m, terms_of(m, STEP_FAILED, true, at, step->skip)),
        .named = add_row(m, terms_of(m, STEP_NAMED, true, at, step->skip)),
    };
}

static void add_leads(struct maker *m) {
    for (uint32_t i = 0; i < m->folded->steps.len; i++) {
        const struct law_step *step = &m->folded->steps.ptr[i];
        if (step->kind == STEP_LAW) {
            add_gate(m, i, step);
        } else if (step->kind == STEP_ASKS) {
            add_asking(m, i, step);
        }
    }
}

/* Terms of long steps are excluded by nothing: they are set by running. */
static bool has_columns(const struct way *w) {
    return w->allowed[0] != 0;
}

/* In the order of enum law_row. */
static void add_kinds(struct maker *m) {
    uint32_t all = m->folded->steps.len;
    struct terms terms = {{0}};
    for (uint32_t i = 0; i < m->way_count; i++) {
        if (has_columns(&m->ways[i])) {
            add_term(&terms, i);
        }
    }
    add_row(m, terms);
    add_row(m, either(terms_of(m, STEP_FORBID, false, 0, all),
                      either(terms_of(m, STEP_REQUIRE, false, 0, all),
                             either(terms_of(m, STEP_FAILED, true, 0, all),
                                    terms_of(m, STEP_NAMED, true, 0, all)))));
    add_row(
        m, either(terms_of(m, STEP_REQUIRE, true, 0, all), terms_of(m, STEP_GROUND, true, 0, all)));
    add_row(m, terms_of(m, STEP_DUTY, true, 0, all));
}

static void add_values(struct maker *m, uint32_t column) {
    for (uint32_t value = 0; value < m->columns[column].rows; value++) {
        struct terms excluded = {{0}};
        for (uint32_t i = 0; i < m->way_count; i++) {
            if ((m->ways[i].allowed[column] >> value & 1) == 0) {
                add_term(&excluded, i);
            }
        }
        add_row(m, excluded);
    }
}

/* --- into the pool --- */

static struct status add_columns(struct maker *m) {
    struct law_byte_column bytes[COLUMNS];
    struct law_range_column ranges[COLUMNS];
    struct law_test_column tests[COLUMNS];
    struct law_class *c = &m->class;
    for (uint32_t i = 0; i < m->column_count; i++) {
        const struct column *column = &m->columns[i];
        uint32_t row = m->row_count;
        add_values(m, i);
        if (column->kind == COLUMN_BYTE) {
            bytes[c->bytes.count++] =
                (struct law_byte_column){column->at, (uint16_t)(column->rows - 1), row};
        } else if (column->kind == COLUMN_RANGE) {
            ranges[c->ranges.count] = column->range;
            ranges[c->ranges.count++].row = row;
        } else {
            tests[c->tests.count++] = (struct law_test_column){column->test, row};
        }
    }
    TRY(law_add_part(m->s, bytes, sizeof *bytes, c->bytes.count, &c->bytes));
    TRY(law_add_part(m->s, ranges, sizeof *ranges, c->ranges.count, &c->ranges));
    return law_add_part(m->s, tests, sizeof *tests, c->tests.count, &c->tests);
}

static struct status add_rows(struct maker *m) {
    uint8_t words = m->way_count <= 64 ? 1 : m->way_count <= 128 ? 2 : LAW_TERM_WORDS;
    struct law_part row;
    m->class.words = words;
    m->class.rows = (struct law_part){.at = m->s->pool.len, .count = words * m->row_count};
    for (uint32_t i = 0; i < m->row_count; i++) {
        TRY(law_add_part(m->s, m->rows[i].words, sizeof(uint64_t), words, &row));
    }
    return STATUS_OK;
}

static struct status add_effects(struct maker *m) {
    uint8_t step_of[LAW_TERMS];
    struct law_class *c = &m->class;
    for (uint32_t i = 0; i < m->way_count; i++) {
        step_of[i] = m->ways[i].step;
    }
    TRY(law_add_part(m->s, step_of, sizeof *step_of, m->way_count, &c->step_of));
    TRY(law_add_part(m->s, m->effects, sizeof *m->effects, c->effects.count, &c->effects));
    return law_add_part(m->s, m->needs, sizeof *m->needs, c->needs.count, &c->needs);
}

static struct status make_flat(struct maker *m) {
    struct law_special *s = m->s;
    struct law_class *c = &m->class;
    for (uint32_t i = 0; i < m->folded->steps.len; i++) {
        add_effect(m, &m->folded->steps.ptr[i]);
        add_ways(m, i);
    }
    add_kinds(m);
    add_leads(m);
    TRY(add_columns(m));
    TRY(add_rows(m));
    TRY(law_add_part(s, m->longs, sizeof *m->longs, c->longs.count, &c->longs));
    TRY(law_add_part(s, m->gates, sizeof *m->gates, c->gates.count, &c->gates));
    TRY(law_add_part(s, m->askings, sizeof *m->askings, c->askings.count, &c->askings));
    return add_effects(m);
}

static struct status add_base(struct maker *m) {
    const struct law_answer *base = &m->folded->base;
    m->class.laws = base->laws;
    m->class.permit = base->permit;
    m->class.need_bits = base->needs;
    m->class.duty_bits = base->duties;
    size_t words = (m->s->set->cites.len + 63) / 64;
    return law_add_part(m->s, base->cites, sizeof *base->cites, words, &m->class.cites);
}

struct status law_make_class(struct law_special *s, const struct law_folded *folded,
                             uint32_t *ret_at) {
    struct maker m;
    memset(&m, 0, offsetof(struct maker, columns));
    m.s = s;
    m.folded = folded;
    struct law_part part;
    m.class.flat = folded->steps.len <= LAW_STEPS;
    if (m.class.flat) {
        TRY(make_flat(&m));
        TRY(add_base(&m));
    }
    TRY(law_add_part(s, &m.class, sizeof m.class, 1, &part));
    *ret_at = part.at;
    return STATUS_OK;
}

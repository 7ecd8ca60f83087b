/* Makes a class of a specialised procedure quick: its tests become bits of one word, its programs
 * sums of terms over them, so that deciding jumps only where something is against.
 * Must never leave a class half made: a class with too many tests stays with its programs. */
#include "lex.h"
#include "special.h"

#include <string.h>

#include "base/mem.h"

struct maker {
    struct law_special *s;
    struct law_ins tests[LAW_QUICK_TESTS];
    uint32_t count;
    bool fits;
};

/* Which tests come first: those that are taken in the same way stand together. */
static int rank_of(const struct law_ins *ins) {
    if (ins->op == OP_BYTE_IS && ins->maybe == 0) {
        return 0;
    }
    return ins->op == OP_BYTE_MASK ? 1 : ins->op == OP_INT_LT ? 2 : 3;
}

/* Two places in a program that ask the same, with the same leaning. */
static bool same_test(const struct law_ins *a, const struct law_ins *b) {
    return a->op == b->op && a->lean == b->lean && a->maybe == b->maybe && a->at == b->at &&
           a->at2 == b->at2 && a->arg == b->arg;
}

static uint32_t find_test(const struct maker *m, const struct law_ins *ins) {
    uint32_t i = 0;
    while (i < m->count && !same_test(&m->tests[i], ins)) {
        i++;
    }
    return i;
}

/* Without unknown values, which side a test leans to makes no difference. */
static struct law_ins plain(struct law_ins ins) {
    ins.lean = ins.maybe != 0 ? ins.lean : 0;
    return ins;
}

static void keep_test(struct maker *m, struct law_ins ins) {
    if (find_test(m, &ins) < m->count) {
        return;
    }
    if (m->count == LAW_QUICK_TESTS) {
        m->fits = false;
        return;
    }
    uint32_t i = m->count++;
    for (; i > 0 && rank_of(&m->tests[i - 1]) > rank_of(&ins); i--) {
        m->tests[i] = m->tests[i - 1];
    }
    m->tests[i] = ins;
}

/* A program's places stand below it; those that it does not reach do no harm. */
static void gather(struct maker *m, uint16_t pc) {
    uint16_t open[2 * LAW_QUICK_TESTS];
    uint64_t budget = 4 * LAW_QUICK_TESTS * LAW_QUICK_TERMS;
    size_t n = 0;
    open[n++] = pc;
    while (n > 0 && m->fits) {
        uint16_t at = open[--n];
        if (at >= PC_NONE) {
            continue;
        }
        const struct law_ins *ins = &m->s->code.ptr[at];
        keep_test(m, plain(*ins));
        m->fits = m->fits && n + 2 <= ARRAY_LEN(open) && budget-- > 0;
        if (m->fits) {
            open[n++] = ins->yes;
            open[n++] = ins->no;
        }
    }
}

struct path {
    uint16_t pc;
    struct law_term term;
};

struct paths {
    struct law_term ends[LAW_QUICK_TERMS];
    uint32_t count;
    bool fits;
};

/* The ways through a program that end at `end`. A test that was taken before goes as it went. */
static void walk(const struct maker *m, uint16_t pc, uint16_t end, struct paths *p) {
    struct path open[4 * LAW_QUICK_TESTS];
    uint32_t budget = 64 * LAW_QUICK_TERMS;
    size_t n = 0;
    *p = (struct paths){.fits = true};
    open[n++] = (struct path){pc, {0, 0}};
    while (n > 0 && p->fits) {
        struct path at = open[--n];
        if (at.pc >= PC_NONE) {
            p->fits = at.pc != end || p->count < LAW_QUICK_TERMS;
            if (at.pc == end && p->fits) {
                p->ends[p->count++] = at.term;
            }
            continue;
        }
        const struct law_ins *ins = &m->s->code.ptr[at.pc];
        struct law_ins test = plain(*ins);
        uint64_t bit = UINT64_C(1) << find_test(m, &test);
        bool taken = (at.term.mask & bit) != 0;
        p->fits = n + 2 <= ARRAY_LEN(open) && budget-- > 0;
        if (p->fits && (!taken || (at.term.value & bit) == 0)) {
            open[n++] = (struct path){ins->no, {at.term.mask | bit, at.term.value}};
        }
        if (p->fits && (!taken || (at.term.value & bit) != 0)) {
            open[n++] = (struct path){ins->yes, {at.term.mask | bit, at.term.value | bit}};
        }
    }
}

/* Whichever has fewer ways: those to true, or those to false. */
static struct status make_terms(struct maker *m, uint16_t pc, struct law_terms *ret_terms) {
    struct paths yes;
    struct paths no;
    walk(m, pc, PC_TRUE, &yes);
    walk(m, pc, PC_FALSE, &no);
    bool negated = !yes.fits || (no.fits && no.count < yes.count);
    const struct paths *p = negated ? &no : &yes;
    m->fits = m->fits && p->fits;
    *ret_terms = (struct law_terms){
        .first = m->s->terms.len, .count = (uint8_t)p->count, .negated = negated};
    for (uint32_t i = 0; m->fits && i < p->count; i++) {
        LAW_PUSH(&m->s->terms, 1 << 20, p->ends[i]);
    }
    return STATUS_OK;
}

static void rank_tests(const struct maker *m, struct law_class *c) {
    uint8_t ends[4] = {0, 0, 0, 0};
    for (uint32_t i = 0; i < m->count; i++) {
        for (int k = rank_of(&m->tests[i]); k < 4; k++) {
            ends[k]++;
        }
    }
    c->bytes_end = ends[0];
    c->lists_end = ends[1];
    c->numbers_end = ends[2];
}

static bool has_then(const struct law_step *step) {
    return step->kind == STEP_REQUIRE || step->kind == STEP_GROUND;
}

struct status law_make_quick(struct law_special *s, struct law_class *c) {
    struct maker m = {.s = s, .fits = true};
    uint32_t terms = s->terms.len;
    struct law_step *steps = s->steps.ptr + c->steps.first;
    for (uint32_t i = 0; i < c->steps.count && m.fits; i++) {
        gather(&m, steps[i].when);
        gather(&m, has_then(&steps[i]) ? steps[i].then : PC_TRUE);
    }
    for (uint32_t i = 0; i < c->steps.count && m.fits; i++) {
        TRY(make_terms(&m, steps[i].when, &steps[i].when_terms));
        TRY(make_terms(&m, has_then(&steps[i]) ? steps[i].then : PC_TRUE, &steps[i].then_terms));
    }
    if (!m.fits) {
        s->terms.len = terms;
        return STATUS_OK;
    }
    c->tests = (struct law_span){s->tests.len, m.count};
    for (uint32_t i = 0; i < m.count; i++) {
        LAW_PUSH(&s->tests, 1 << 20, m.tests[i]);
    }
    rank_tests(&m, c);
    c->quick = true;
    return STATUS_OK;
}

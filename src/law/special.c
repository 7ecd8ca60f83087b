/* Deciding with a specialised procedure. The deciding half: pure, no allocation. Facts, dates or
 * laws that it was not made for go to law_decide: must never answer for them. */
#include "special.h"

#include "run.h"

static bool made_for(const struct law_special *s, const struct law_facts *f) {
    if (f->today.days < s->first_day || f->today.days >= s->next_day) {
        return false;
    }
    for (uint32_t i = 0; i < s->same.len; i++) {
        uint64_t v;
        memcpy(&v, (const uint8_t *)f + s->same.ptr[i].word * sizeof v, sizeof v);
        if ((v & s->same.ptr[i].mask) != s->same.ptr[i].value) {
            return false;
        }
    }
    for (uint32_t i = 0; i < s->same_labels.len; i++) {
        struct slice label;
        struct slice made = s->same_labels.ptr[i].text;
        memcpy(&label, (const uint8_t *)f + s->same_labels.ptr[i].offset, sizeof label);
        if (label.len != made.len || (made.len > 0 && memcmp(label.ptr, made.ptr, made.len) != 0)) {
            return false;
        }
    }
    return true;
}

struct state {
    const struct law_special *s;
    const struct law_facts *f;
    uint64_t tests; /* of a quick class, all that it asks */
    bool quick;
    bool held;  /* a ground of the law holds */
    bool named; /* a ground of the law is against */
};

static inline bool run(const struct law_special *s, uint16_t pc, const struct law_facts *f) {
    return law_run_code(s->set, s->code.ptr, pc, f);
}

/* Every test of a class, without a jump that depends on the facts. */
static uint64_t take_tests(const struct law_special *s, const struct law_class *c,
                           const struct law_facts *f) {
    const struct law_ins *tests = s->tests.ptr + c->tests.first;
    const uint8_t *bytes = (const uint8_t *)f;
    uint64_t taken = 0;
    uint32_t i = 0;
    for (; i < c->bytes_end; i++) {
        taken |= (uint64_t)(bytes[tests[i].at] == tests[i].arg) << i;
    }
    for (; i < c->lists_end; i++) {
        taken |= (uint64_t)(tests[i].arg >> (bytes[tests[i].at] & 31) & 1) << i;
    }
    for (; i < c->numbers_end; i++) {
        int16_t v;
        memcpy(&v, bytes + tests[i].at, sizeof v);
        taken |= (uint64_t)(v < (int32_t)tests[i].arg) << i;
    }
    for (; i < c->tests.count; i++) {
        enum law_truth v = law_test(s->set, &tests[i], f);
        taken |= (uint64_t)(v == LAW_UNKNOWN ? tests[i].lean != 0 : v == LAW_TRUE) << i;
    }
    return taken;
}

static inline bool hold(const struct state *st, uint16_t pc, const struct law_terms *terms) {
    if (!st->quick) {
        return run(st->s, pc, st->f);
    }
    const struct law_term *term = st->s->terms.ptr + terms->first;
    unsigned any = 0;
    for (uint32_t i = 0; i < terms->count; i++) {
        any |= (st->tests & term[i].mask) == term[i].value;
    }
    return (any ^ terms->negated) != 0;
}

static void add_against(const struct law_special *s, const struct law_step *step,
                        const struct law_facts *f, struct law_answer *a) {
    law_against(a, step->cite);
    for (uint32_t i = step->needs_first; i < step->needs_first + step->needs_count; i++) {
        if (run(s, s->needs.ptr[i].condition, f)) {
            a->needs |= UINT32_C(1) << s->needs.ptr[i].need;
        }
    }
}

static inline void rule_step(struct state *state, const struct law_step *step,
                             struct law_answer *a) {
    const struct law_special *s = state->s;
    const struct law_facts *f = state->f;
    if (!hold(state, step->when, &step->when_terms)) {
        return;
    }
    if (step->kind == STEP_DUTY) {
        a->duties |= step->duties;
    } else if (step->kind == STEP_FORBID) {
        add_against(s, step, f, a);
    } else if (step->kind == STEP_FAILED) {
        add_against(s, step, f, a);
        state->named = true;
    } else if (hold(state, step->then, &step->then_terms)) {
        law_for(a, step->cite);
        state->held |= step->kind == STEP_GROUND;
    } else if (step->kind == STEP_REQUIRE) {
        add_against(s, step, f, a);
    }
}

/* Whether to go on behind it, or at `skip`. */
static bool head_step(struct state *state, const struct law_step *step, struct law_answer *a) {
    switch (step->kind) {
    case STEP_LAW:
        if (!hold(state, step->when, &step->when_terms)) {
            return false;
        }
        a->laws |= UINT64_C(1) << step->law;
        return true;
    case STEP_ASKS:
        state->held = false;
        state->named = false;
        return hold(state, step->when, &step->when_terms);
    case STEP_HELD:
        return !state->held;
    default:
        if (!state->named) {
            add_against(state->s, step, state->f, a);
        }
        return true;
    }
}

static void run_class(const struct law_special *s, const struct law_class *c,
                      const struct law_facts *f, struct law_answer *a) {
    const struct law_step *steps = s->steps.ptr + c->steps.first;
    struct state state = {.s = s, .f = f, .quick = c->quick};
    state.tests = c->quick ? take_tests(s, c, f) : 0;
    uint32_t i = 0;
    while (i < c->steps.count) {
        const struct law_step *step = &steps[i];
        if (step->kind > STEP_NAMED) {
            rule_step(&state, step, a);
            i++;
        } else {
            i = head_step(&state, step, a) ? i + 1 : step->skip;
        }
    }
}

/* Word by word: a struct of this size is otherwise copied by an instruction that starts slowly. */
static inline void copy_base(const struct law_answer *base, struct law_answer *ret_answer) {
    ret_answer->laws = base->laws;
    ret_answer->needs = base->needs;
    ret_answer->duties = base->duties;
    ret_answer->permit = base->permit;
    for (size_t i = 0; i < ARRAY_LEN(base->cites); i++) {
        ret_answer->cites[i] = base->cites[i];
    }
}

struct status law_decide_special(const struct law_special *special, const struct law_facts *settled,
                                 struct law_answer *ret_answer) {
    if (settled->settled == 0 || !made_for(special, settled)) {
        return law_decide(special->set, special->laws, settled, ret_answer);
    }
    const uint16_t *classes = special->classes_of[(settled->groups & special->far_groups) != 0];
    const struct law_class *c = &special->classes.ptr[classes[settled->subject_country]];
    copy_base(&c->base, ret_answer);
    run_class(special, c, settled, ret_answer);
    law_finish(ret_answer);
    ret_answer->until = law_until(settled, special->next_day);
    return STATUS_OK;
}

/* Deciding with a specialised procedure. The deciding half: pure, no allocation. Facts, dates or
 * laws that it was not made for go to law_decide: must never answer for them. */
#include "special.h"

#include "run.h"

static bool made_for(const struct law_special *s, const struct law_facts *f) {
    if (f->today.days < s->first_day || f->today.days >= s->next_day) {
        return false;
    }
    const struct law_same *same = law_in_pool(s, s->same);
    for (uint32_t i = 0; i < s->same.count; i++) {
        uint64_t v;
        memcpy(&v, (const uint8_t *)f + same[i].word * sizeof v, sizeof v);
        if ((v & same[i].mask) != same[i].value) {
            return false;
        }
    }
    const struct law_same_label *labels = law_in_pool(s, s->labels);
    for (uint32_t i = 0; i < s->labels.count; i++) {
        struct slice label;
        size_t len = labels[i].text.count;
        memcpy(&label, (const uint8_t *)f + labels[i].offset, sizeof label);
        if (label.len != len ||
            (len > 0 && memcmp(label.ptr, law_in_pool(s, labels[i].text), len) != 0)) {
            return false;
        }
    }
    return true;
}

/* A class at work. `words` is a constant wherever these functions end up. */
struct turn {
    const struct law_special *s;
    const struct law_class *c;
    const uint64_t *rows;
    const struct law_facts *f;
    int words;
    uint64_t terms[LAW_TERM_WORDS]; /* that hold */
};

static inline const uint64_t *row_of(const struct turn *t, uint32_t row) {
    return t->rows + (size_t)row * (size_t)t->words;
}

static inline bool any_of(const struct turn *t, uint32_t row) {
    uint64_t any = 0;
    for (int i = 0; i < t->words; i++) {
        any |= t->terms[i] & row_of(t, row)[i];
    }
    return any != 0;
}

static inline void take_out(struct turn *t, uint32_t row) {
    for (int i = 0; i < t->words; i++) {
        t->terms[i] &= ~row_of(t, row)[i];
    }
}

static inline void exclude(const struct turn *t, uint64_t *excluded, uint32_t row) {
    for (int i = 0; i < t->words; i++) {
        excluded[i] |= row_of(t, row)[i];
    }
}

/* The terms that no fact excludes. */
static inline void look_up(struct turn *t) {
    const uint8_t *facts = (const uint8_t *)t->f;
    uint64_t excluded[LAW_TERM_WORDS] = {0};
    const struct law_byte_column *bytes = law_in_pool(t->s, t->c->bytes);
    for (uint32_t i = 0; i < t->c->bytes.count; i++) {
        exclude(t, excluded, bytes[i].row + (facts[bytes[i].at] & bytes[i].mask));
    }
    const struct law_range_column *ranges = law_in_pool(t->s, t->c->ranges);
    for (uint32_t i = 0; i < t->c->ranges.count; i++) {
        uint16_t v;
        memcpy(&v, facts + ranges[i].at, sizeof v);
        bool yes = (uint16_t)((v & ranges[i].mask) - ranges[i].low) <= ranges[i].span;
        exclude(t, excluded, ranges[i].row + yes);
    }
    const struct law_test_column *tests = law_in_pool(t->s, t->c->tests);
    for (uint32_t i = 0; i < t->c->tests.count; i++) {
        enum law_truth v = law_test(t->s->set, &tests[i].test, t->f);
        bool yes = v == LAW_UNKNOWN ? tests[i].test.lean != 0 : v == LAW_TRUE;
        exclude(t, excluded, tests[i].row + yes);
    }
    for (int i = 0; i < t->words; i++) {
        t->terms[i] = row_of(t, ROW_TERMS)[i] & ~excluded[i];
    }
}

static inline bool run(const struct turn *t, uint16_t pc) {
    return law_run_code(t->s->set, t->s->code.ptr, pc, t->f);
}

static inline void run_longs(struct turn *t) {
    const struct law_long *longs = law_in_pool(t->s, t->c->longs);
    for (uint32_t i = 0; i < t->c->longs.count; i++) {
        if (run(t, longs[i].when)) {
            uint16_t term = run(t, longs[i].then) ? longs[i].yes : longs[i].no;
            t->terms[term / 64] |= UINT64_C(1) << term % 64;
        }
    }
}

/* Takes out the steps of laws that do not bind, and of grounds that nobody asks for or misses. */
static inline void narrow(struct turn *t, struct law_answer *a) {
    const struct law_gate *gates = law_in_pool(t->s, t->c->gates);
    for (uint32_t i = 0; i < t->c->gates.count; i++) {
        if (any_of(t, gates[i].binds)) {
            a->laws |= gates[i].law;
        } else {
            take_out(t, gates[i].steps);
        }
    }
    const struct law_asking *askings = law_in_pool(t->s, t->c->askings);
    for (uint32_t i = 0; i < t->c->askings.count; i++) {
        const struct law_asking *asking = &askings[i];
        bool asked = any_of(t, asking->asks);
        bool held = any_of(t, asking->grounds);
        if (!asked) {
            take_out(t, asking->grounds);
        }
        if (!asked || held) {
            take_out(t, asking->failed);
        }
        if (!asked || held || any_of(t, asking->failed)) {
            take_out(t, asking->named);
        }
    }
}

static inline const struct law_effect *effect_of(const struct turn *t, int word, uint64_t bits) {
    const uint8_t *step_of = law_in_pool(t->s, t->c->step_of);
    const struct law_effect *effects = law_in_pool(t->s, t->c->effects);
    return &effects[step_of[64 * word + __builtin_ctzll(bits)]];
}

static inline void deny(const struct turn *t, struct law_answer *a) {
    const struct law_need_row *needs = law_in_pool(t->s, t->c->needs);
    if (a->permit != 0) {
        a->permit = 0;
        memset(a->cites, 0, sizeof a->cites);
    }
    for (int w = 0; w < t->words; w++) {
        uint64_t bits = t->terms[w] & row_of(t, ROW_AGAINST)[w];
        for (; bits != 0; bits &= bits - 1) {
            const struct law_effect *e = effect_of(t, w, bits);
            a->cites[e->cite >> 6] |= UINT64_C(1) << (e->cite & 63);
            a->needs |= e->needs;
            for (uint32_t i = e->needs_first; i < e->needs_first + e->needs_count; i++) {
                a->needs |= (uint32_t)run(t, needs[i].condition) << needs[i].need;
            }
        }
    }
    a->duties = 0;
}

static inline void permit(const struct turn *t, struct law_answer *a) {
    for (int w = 0; w < t->words; w++) {
        uint64_t bits = t->terms[w] & row_of(t, ROW_FOR)[w];
        for (; bits != 0; bits &= bits - 1) {
            uint16_t cite = effect_of(t, w, bits)->cite;
            a->cites[cite >> 6] |= UINT64_C(1) << (cite & 63);
        }
        bits = t->terms[w] & row_of(t, ROW_OWED)[w];
        for (; bits != 0; bits &= bits - 1) {
            a->duties |= effect_of(t, w, bits)->duties;
        }
    }
    a->needs = 0;
}

static inline void begin(const struct law_special *s, const struct law_class *c,
                         struct law_answer *ret_answer) {
    const uint64_t *cites = law_in_pool(s, c->cites);
    *ret_answer = (struct law_answer){
        .laws = c->laws, .permit = c->permit, .needs = c->need_bits, .duties = c->duty_bits};
    for (uint32_t i = 0; i < c->cites.count; i++) {
        ret_answer->cites[i] = cites[i];
    }
}

static inline __attribute__((always_inline)) void decide(const struct law_special *s,
                                                         const struct law_class *c,
                                                         const struct law_facts *f, int words,
                                                         struct law_answer *ret_answer) {
    struct turn t = {.s = s, .c = c, .rows = law_in_pool(s, c->rows), .f = f, .words = words};
    look_up(&t);
    run_longs(&t);
    begin(s, c, ret_answer);
    narrow(&t, ret_answer);
    if (c->permit == 0 || any_of(&t, ROW_AGAINST)) {
        deny(&t, ret_answer);
    } else {
        permit(&t, ret_answer);
    }
}

static const struct law_class *class_of(const struct law_special *s, const struct law_facts *f) {
    if (f->settled == 0 || !made_for(s, f)) {
        return NULL;
    }
    bool far = (f->groups & s->far_groups) != 0;
    const struct law_class *c = law_class_at(s, s->class_at[far][f->subject_country]);
    return c->flat ? c : NULL;
}

struct status law_decide_special(const struct law_special *special, const struct law_facts *settled,
                                 struct law_answer *ret_answer) {
    const struct law_class *c = class_of(special, settled);
    if (c == NULL) {
        return law_decide(special->set, special->laws, settled, ret_answer);
    }
    if (c->words == 1) {
        decide(special, c, settled, 1, ret_answer);
    } else if (c->words == 2) {
        decide(special, c, settled, 2, ret_answer);
    } else {
        decide(special, c, settled, LAW_TERM_WORDS, ret_answer);
    }
    ret_answer->until = law_until(settled, special->next_day);
    return STATUS_OK;
}

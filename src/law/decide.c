/* The decision (docs/LAW.md section 6). The deciding half: values in, values out; no clock, no
 * allocation, no I/O, no floating point, no recursion.
 *
 * An expression is a program of tests that jump forward. Of an expression it is only ever asked
 * whether it is surely true, or whether it is not surely false; each question has its own
 * program, in which an unknown test leans to the side that the question wants. That is exactly
 * Kleene's reckoning. */
#include <string.h>

#include "run.h"

static inline uint8_t byte_at(const struct law_facts *f, uint16_t at) {
    return ((const uint8_t *)f)[at];
}

static inline uint32_t word_at(const struct law_facts *f, uint16_t at) {
    uint32_t v;
    memcpy(&v, (const uint8_t *)f + at, sizeof v);
    return v;
}

static inline int16_t int_at(const struct law_facts *f, uint16_t at) {
    int16_t v;
    memcpy(&v, (const uint8_t *)f + at, sizeof v);
    return v;
}

static inline struct slice label_at(const struct law_facts *f, uint16_t at) {
    struct slice v;
    memcpy(&v, (const uint8_t *)f + at, sizeof v);
    return v;
}

static inline bool same_label(struct slice a, struct slice b) {
    return a.len != 0 && a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

static inline bool in_force(int32_t from, int32_t until, int32_t today) {
    return from <= today && today <= until;
}

static bool byte_in(const struct law_set *set, uint32_t id, uint8_t v, int32_t today) {
    struct law_span span = set->byte_sets.ptr[id];
    uint32_t i = span.first + span.count;
    while (i-- > span.first) {
        const struct law_byte_version *version = &set->byte_versions.ptr[i];
        if (version->from <= today) {
            return (version->bits[v >> 6] >> (v & 63) & 1) != 0;
        }
    }
    return false;
}

static bool word_in(const struct law_set *set, uint32_t id, uint32_t word, int32_t today) {
    struct law_span span = set->word_sets.ptr[id];
    for (uint32_t i = span.first; i < span.first + span.count; i++) {
        const struct law_word_member *m = &set->word_members.ptr[i];
        if (m->word == word && in_force(m->from, m->until, today)) {
            return true;
        }
    }
    return false;
}

/* Somebody whose region is not known is in every region of the country. */
static bool region_is(const struct law_facts *f, uint32_t region) {
    return f->subject_region == 0 ? f->subject_country == (uint8_t)(region >> 16)
                                  : f->subject_region == region;
}

static bool region_in(const struct law_set *set, uint32_t id, const struct law_facts *f) {
    struct law_span span = set->word_sets.ptr[id];
    for (uint32_t i = span.first; i < span.first + span.count; i++) {
        const struct law_word_member *m = &set->word_members.ptr[i];
        if (region_is(f, m->word) && in_force(m->from, m->until, f->today.days)) {
            return true;
        }
    }
    return false;
}

static bool label_in(const struct law_set *set, uint32_t id, struct slice label, int32_t today) {
    struct law_span span = set->label_sets.ptr[id];
    for (uint32_t i = span.first; i < span.first + span.count; i++) {
        const struct law_label_member *m = &set->label_members.ptr[i];
        if (same_label(m->label, label) && in_force(m->from, m->until, today)) {
            return true;
        }
    }
    return false;
}

static int16_t row_value(const struct law_set *set, const struct law_table *t, uint16_t key_at,
                         const struct law_facts *f, int16_t otherwise) {
    for (uint32_t i = t->rows.first; i < t->rows.first + t->rows.count; i++) {
        const struct law_key_row *row = &set->key_rows.ptr[i];
        bool hit = t->key == TABLE_BY_WORD ? row->word == word_at(f, key_at)
                                           : same_label(row->label, label_at(f, key_at));
        if (hit && in_force(row->from, row->until, f->today.days)) {
            return row->value;
        }
    }
    return otherwise;
}

static int16_t table_value(const struct law_set *set, uint32_t id, uint16_t key_at,
                           const struct law_facts *f) {
    const struct law_table *t = &set->tables.ptr[id];
    uint32_t i = t->versions.first + t->versions.count;
    while (i-- > t->versions.first) {
        const struct law_table_version *version = &set->table_versions.ptr[i];
        if (version->from > f->today.days) {
            continue;
        }
        return t->key == TABLE_BY_BYTE ? version->values[byte_at(f, key_at)]
                                       : row_value(set, t, key_at, f, version->otherwise);
    }
    return TABLE_UNKNOWN;
}

bool law_value(const struct law_set *set, uint32_t table, uint16_t key_at,
               const struct law_facts *f, int16_t *ret_value) {
    *ret_value = table_value(set, table, key_at, f);
    return *ret_value != TABLE_UNKNOWN;
}

static bool in_list(const struct law_set *set, uint32_t id, int16_t value) {
    struct law_span span = set->value_lists.ptr[id];
    for (uint32_t i = span.first; i < span.first + span.count; i++) {
        if (set->values.ptr[i] == value) {
            return true;
        }
    }
    return false;
}

/* Facts whose absence makes a test unknown have the value zero when absent. */
static bool reads_unknown(const struct law_ins *ins, const struct law_facts *f) {
    bool word = ins->op == OP_WORD_IS || ins->op == OP_WORD_IN || ins->op == OP_MATCH;
    if ((ins->maybe & 1) != 0 && (word ? word_at(f, ins->at) : byte_at(f, ins->at)) == 0) {
        return true;
    }
    return (ins->maybe & 2) != 0 && (word ? word_at(f, ins->at2) : byte_at(f, ins->at2)) == 0;
}

static enum law_truth test_table(const struct law_set *set, const struct law_ins *ins,
                                 const struct law_facts *f) {
    bool own_key = ins->op == OP_TABLE_IS || ins->op == OP_TABLE_IN;
    uint32_t table = own_key ? ins->arg & 0xFFFF : ins->arg;
    int16_t v = table_value(set, table, own_key ? ins->at : ins->at2, f);
    if (v == TABLE_UNKNOWN) {
        return LAW_UNKNOWN;
    }
    switch (ins->op) {
    case OP_TABLE_IS:
        return v == (int16_t)(ins->arg >> 16);
    case OP_TABLE_IN:
        return in_list(set, ins->arg >> 16, v);
    case OP_INT_LT_TABLE:
        return int_at(f, ins->at) < v;
    case OP_INT_GT_TABLE:
        return int_at(f, ins->at) > v;
    default:
        return int_at(f, ins->at) == v;
    }
}

static enum law_truth test_label(const struct law_set *set, const struct law_ins *ins,
                                 const struct law_facts *f) {
    struct slice label = label_at(f, ins->at);
    if (ins->op == OP_LABEL_IS) {
        return same_label(label, set->labels.ptr[ins->arg]);
    }
    return ins->op == OP_LABEL_IN ? label_in(set, ins->arg, label, f->today.days)
                                  : same_label(label, label_at(f, ins->at2));
}

enum law_truth law_test(const struct law_set *set, const struct law_ins *ins,
                        const struct law_facts *f) {
    if (ins->maybe != 0 && reads_unknown(ins, f)) {
        return LAW_UNKNOWN;
    }
    switch ((enum law_op)ins->op) {
    case OP_BYTE_IS:
        return byte_at(f, ins->at) == ins->arg;
    case OP_BYTE_MASK:
        return ins->arg >> (byte_at(f, ins->at) & 31) & 1;
    case OP_BYTE_IN:
        return byte_in(set, ins->arg, byte_at(f, ins->at), f->today.days);
    case OP_WORD_IS:
        return word_at(f, ins->at) == ins->arg;
    case OP_WORD_IN:
        return word_in(set, ins->arg, word_at(f, ins->at), f->today.days);
    case OP_REGION_IS:
        return region_is(f, ins->arg);
    case OP_REGION_IN:
        return region_in(set, ins->arg, f);
    case OP_INT_LT:
        return int_at(f, ins->at) < (int32_t)ins->arg;
    case OP_INT_GT:
        return int_at(f, ins->at) > (int32_t)ins->arg;
    case OP_INT_IS:
        return int_at(f, ins->at) == (int32_t)ins->arg;
    case OP_INT_LT_TABLE:
    case OP_INT_GT_TABLE:
    case OP_INT_IS_TABLE:
    case OP_TABLE_IS:
    case OP_TABLE_IN:
        return test_table(set, ins, f);
    case OP_LABEL_IS:
    case OP_LABEL_IN:
    case OP_LABEL_SAME:
        return test_label(set, ins, f);
    case OP_MATCH:
        return word_at(f, ins->at) == word_at(f, ins->at2);
    case OP_PRESENT:
        return (f->groups & ins->arg) != 0;
    }
    return LAW_UNKNOWN;
}

bool law_run(const struct law_set *set, uint16_t pc, const struct law_facts *f) {
    return law_run_code(set, set->code.ptr, pc, f);
}

static void add_needs(const struct law_set *set, uint16_t first, uint8_t count,
                      const struct law_facts *f, struct law_answer *a) {
    for (uint16_t i = first; i < first + count; i++) {
        const struct law_need_row *row = &set->needs.ptr[i];
        if (law_run(set, row->condition, f)) {
            a->needs |= UINT32_C(1) << row->need;
        }
    }
}

static void rule_against(const struct law_set *set, const struct law_rule *rule,
                         const struct law_facts *f, struct law_answer *a) {
    law_against(a, rule->cite);
    add_needs(set, rule->needs_first, rule->needs_count, f, a);
}

static void ask_rule(const struct law_set *set, const struct law_rule *rule,
                     const struct law_facts *f, struct law_answer *a) {
    if (!in_force(rule->from, rule->until, f->today.days) || !law_run(set, rule->when, f)) {
        return;
    }
    if (rule->kind == RULE_DUTY) {
        a->duties |= rule->duties;
    } else if (rule->kind == RULE_FORBID || !law_run(set, rule->then, f)) {
        rule_against(set, rule, f, a);
    } else {
        law_for(a, rule->cite);
    }
}

/* The law asks for a ground: one at least must surely hold. */
static bool grounds_hold(const struct law_set *set, const struct law_law *law,
                         const struct law_facts *f, struct law_answer *a) {
    bool held = false;
    for (uint32_t i = law->grounds_from; i < law->rules.first + law->rules.count; i++) {
        const struct law_rule *rule = &set->rules.ptr[i];
        if (in_force(rule->from, rule->until, f->today.days) && law_run(set, rule->when_sure, f) &&
            law_run(set, rule->then, f)) {
            law_for(a, rule->cite);
            held = true;
        }
    }
    return held;
}

static void grounds_fail(const struct law_set *set, const struct law_law *law,
                         const struct law_facts *f, struct law_answer *a) {
    bool named = false;
    for (uint32_t i = law->grounds_from; i < law->rules.first + law->rules.count; i++) {
        const struct law_rule *rule = &set->rules.ptr[i];
        if (in_force(rule->from, rule->until, f->today.days) && law_run(set, rule->when, f)) {
            rule_against(set, rule, f, a);
            named = true;
        }
    }
    if (!named) {
        law_against(a, law->asks_cite);
        add_needs(set, law->needs_first, law->needs_count, f, a);
    }
}

static void ask_law(const struct law_set *set, size_t id, const struct law_facts *f,
                    struct law_answer *a) {
    const struct law_law *law = &set->laws.ptr[id];
    if (!in_force(law->from, law->until, f->today.days) || !law_run(set, law->binds, f)) {
        return;
    }
    a->laws |= UINT64_C(1) << id;
    for (uint32_t i = law->rules.first; i < law->grounds_from; i++) {
        ask_rule(set, &set->rules.ptr[i], f, a);
    }
    if (law->asks != PC_NONE && law_run(set, law->asks, f) && !grounds_hold(set, law, f, a)) {
        grounds_fail(set, law, f, a);
    }
}

struct status law_decide(const struct law_set *set, uint64_t laws, const struct law_facts *settled,
                         struct law_answer *ret_answer) {
    memset(ret_answer, 0, sizeof *ret_answer);
    if (settled->settled == 0) {
        return FAIL(FACT_UNSETTLED);
    }
    ret_answer->permit = 1;
    for (size_t i = 0; i < set->laws.len; i++) {
        if ((laws >> i & 1) != 0) {
            ask_law(set, i, settled, ret_answer);
        }
    }
    law_finish(ret_answer);
    ret_answer->until = law_until(settled, law_next_day(set, settled->today.days));
    return STATUS_OK;
}

/* Number of days up to and including today on which something changed. */
static uint32_t days_past(const struct law_set *set, int32_t today) {
    uint32_t low = 0;
    uint32_t high = set->days.len;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (set->days.ptr[mid] <= today) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

int32_t law_next_day(const struct law_set *set, int32_t today) {
    uint32_t past = days_past(set, today);
    return past < set->days.len ? set->days.ptr[past] : NO_END;
}

int32_t law_last_day(const struct law_set *set, int32_t today) {
    uint32_t past = days_past(set, today);
    return past > 0 ? set->days.ptr[past - 1] : NO_START;
}

int64_t law_until(const struct law_facts *f, int32_t next_day) {
    int32_t day = f->ages_change < next_day ? f->ages_change : next_day;
    int64_t at =
        day == NO_END ? INT64_MAX : (int64_t)day * 86400000 - (int64_t)f->at.offset_min * 60000;
    bool later = law_facts_given(f, LAW_CONSENT_AT) && f->consent_at.unix_ms > f->at.unix_ms;
    return later && f->consent_at.unix_ms < at ? f->consent_at.unix_ms : at;
}

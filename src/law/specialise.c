/* Folding away what is known: a set of laws becomes a short list of steps for each class of
 * countries. Must never fold a test whose facts are not all known. */
#include "lex.h"
#include "special.h"

#include <string.h>

#include "base/mem.h"

enum { FACT_BYTES = sizeof(struct law_facts) };
_Static_assert(FACT_BYTES % sizeof(uint64_t) == 0, "facts are compared word by word");

struct folder {
    struct law_special *special;
    const struct law_set *set;
    struct law_facts facts;    /* as far as known, country of the class included */
    uint8_t known[FACT_BYTES]; /* which bytes of them */
    uint16_t groups;           /* which bits of the groups */
    uint16_t *memo;            /* of each place of the set's code, where it went */
    uint16_t *seen;            /* instructions by hash: one more than their place, or 0 */
    struct law_folded *folded; /* of the class */
};

enum { SEEN_SLOTS = 1 << 17 };
_Static_assert(sizeof(struct law_ins) == 16, "instructions are compared as bytes");

/* Equal instructions are kept once, so that equal programs have equal places. */
static struct status add_ins(struct folder *f, struct law_ins ins, uint16_t *ret_pc) {
    uint64_t slot = slice_hash(slice_of(&ins, sizeof ins)) & (SEEN_SLOTS - 1);
    for (; f->seen[slot] != 0; slot = (slot + 1) & (SEEN_SLOTS - 1)) {
        *ret_pc = (uint16_t)(f->seen[slot] - 1);
        if (memcmp(&f->special->code.ptr[*ret_pc], &ins, sizeof ins) == 0) {
            return STATUS_OK;
        }
    }
    *ret_pc = (uint16_t)f->special->code.len;
    LAW_PUSH(&f->special->code, LAW_MAX_CODE, ins);
    f->seen[slot] = (uint16_t)(*ret_pc + 1);
    return STATUS_OK;
}

static size_t width_of(uint8_t kind) {
    switch ((enum law_kind)kind) {
    case LAW_KIND_BOOL:
    case LAW_KIND_ENUM:
    case LAW_KIND_COUNTRY:
        return 1;
    case LAW_KIND_INT:
        return sizeof(int16_t);
    case LAW_KIND_REGION:
    case LAW_KIND_LANGUAGE:
        return sizeof(uint32_t);
    case LAW_KIND_NAME:
        return sizeof(struct slice);
    case LAW_KIND_DATE:
    case LAW_KIND_TIME:
        break;
    }
    return 0; /* no test reads them */
}

static uint32_t all_members(const struct law_set *set, uint32_t id, uint8_t country) {
    struct law_span span = set->word_sets.ptr[id];
    uint32_t n = 0;
    for (uint32_t i = span.first; i < span.first + span.count; i++) {
        n += law_region_country(set->word_members.ptr[i].word) == country;
    }
    return n;
}

/* In another country than those of the regions, the region need not be known. */
static bool region_known(const struct folder *f, const struct law_ins *ins) {
    const uint16_t region = offsetof(struct law_facts, subject_region);
    const uint16_t country = offsetof(struct law_facts, subject_country);
    if (f->known[country] == 0) {
        return false;
    }
    bool elsewhere = ins->op == OP_REGION_IS
                         ? law_region_country(ins->arg) != f->facts.subject_country
                         : all_members(f->set, ins->arg, f->facts.subject_country) == 0;
    return elsewhere || f->known[region] != 0;
}

static bool has_second(uint8_t op) {
    return op == OP_INT_LT_TABLE || op == OP_INT_GT_TABLE || op == OP_INT_IS_TABLE ||
           op == OP_LABEL_SAME || op == OP_MATCH;
}

static bool is_known(const struct folder *f, const struct law_ins *ins) {
    if (ins->op == OP_PRESENT) {
        return (ins->arg & ~(uint32_t)f->groups) == 0 || (f->facts.groups & f->groups & ins->arg);
    }
    if (ins->op == OP_REGION_IS || ins->op == OP_REGION_IN) {
        return region_known(f, ins);
    }
    return f->known[ins->at] != 0 && (!has_second(ins->op) || f->known[ins->at2] != 0);
}

/* A number against a table whose key is known: a number against a number. */
static struct law_ins without_table(const struct folder *f, struct law_ins ins) {
    static const uint8_t plain[][2] = {
        {OP_INT_LT_TABLE, OP_INT_LT}, {OP_INT_GT_TABLE, OP_INT_GT}, {OP_INT_IS_TABLE, OP_INT_IS}};
    for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
        int16_t value;
        if (ins.op == plain[i][0] && f->known[ins.at2] != 0 &&
            law_value(f->set, ins.arg, ins.at2, &f->facts, &value) &&
            !(ins.maybe != 0 && ((const uint8_t *)&f->facts)[ins.at2] == 0)) {
            ins.op = plain[i][1];
            ins.arg = (uint32_t)value;
            ins.at2 = 0;
            ins.maybe = 0;
        }
    }
    return ins;
}

/* Where a program leads once known tests are taken. Depth is bounded by the longest program. */
static struct status fold(struct folder *f, uint16_t pc, uint16_t *ret_pc) {
    if (pc >= PC_NONE || f->memo[pc] != PC_NONE) {
        *ret_pc = pc >= PC_NONE ? pc : f->memo[pc];
        return STATUS_OK;
    }
    struct law_ins ins = f->set->code.ptr[pc];
    uint16_t to;
    if (is_known(f, &ins)) {
        enum law_truth v = law_test(f->set, &ins, &f->facts);
        bool yes = v == LAW_UNKNOWN ? ins.lean != 0 : v == LAW_TRUE;
        TRY(fold(f, yes ? ins.yes : ins.no, &to));
    } else {
        uint16_t yes;
        uint16_t no;
        TRY(fold(f, ins.yes, &yes));
        TRY(fold(f, ins.no, &no));
        to = yes;
        if (yes != no) {
            ins = without_table(f, ins);
            ins.yes = yes;
            ins.no = no;
            TRY(add_ins(f, ins, &to));
        }
    }
    f->memo[pc] = to;
    *ret_pc = to;
    return STATUS_OK;
}

static struct status add_step(struct folder *f, struct law_step step, uint32_t *ret_index) {
    *ret_index = f->folded->steps.len;
    LAW_PUSH(&f->folded->steps, 64 * LAW_MAX_RULES, step);
    return STATUS_OK;
}

/* Needs whose condition is not false; ret_settled tells that all of them are certain. */
static struct status fold_needs(struct folder *f, uint16_t first, uint8_t count,
                                struct law_step *step, uint32_t *ret_certain, bool *ret_settled) {
    *ret_certain = 0;
    *ret_settled = true;
    step->needs_first = f->folded->needs.len;
    for (uint16_t i = first; i < first + count; i++) {
        struct law_need_row row = f->set->needs.ptr[i];
        TRY(fold(f, row.condition, &row.condition));
        if (row.condition == PC_FALSE) {
            continue;
        }
        *ret_certain |= row.condition == PC_TRUE ? UINT32_C(1) << row.need : 0;
        *ret_settled &= row.condition == PC_TRUE;
        LAW_PUSH(&f->folded->needs, 64 * LAW_MAX_RULES, row);
        step->needs_count++;
    }
    return STATUS_OK;
}

/* A rule that is certainly against, under a law that certainly binds, needs no step. */
static struct status add_against(struct folder *f, struct law_step step, uint16_t first,
                                 uint8_t count, bool binds) {
    uint32_t certain;
    uint32_t index;
    bool settled;
    TRY(fold_needs(f, first, count, &step, &certain, &settled));
    bool always = step.when == PC_TRUE && (step.kind == STEP_FORBID || step.then == PC_FALSE);
    if (always && settled && binds && (step.kind == STEP_FORBID || step.kind == STEP_REQUIRE)) {
        if (f->folded->base.permit != 0) {
            f->folded->base.permit = 0;
            memset(f->folded->base.cites, 0, sizeof f->folded->base.cites);
        }
        f->folded->base.cites[step.cite >> 6] |= UINT64_C(1) << (step.cite & 63);
        f->folded->base.needs |= certain;
        f->folded->needs.len = step.needs_first;
        return STATUS_OK;
    }
    return add_step(f, step, &index);
}

static struct status fold_rule(struct folder *f, const struct law_rule *rule, bool binds) {
    static const uint8_t kinds[] = {STEP_FORBID, STEP_REQUIRE, STEP_DUTY};
    struct law_step step = {
        .kind = kinds[rule->kind], .cite = rule->cite, .duties = rule->duties, .then = PC_TRUE};
    uint32_t index;
    TRY(fold(f, rule->when, &step.when));
    if (step.when == PC_FALSE) {
        return STATUS_OK;
    }
    if (rule->kind == RULE_DUTY && step.when == PC_TRUE && binds) {
        f->folded->base.duties |= rule->duties;
        return STATUS_OK;
    }
    if (rule->kind == RULE_REQUIRE) {
        TRY(fold(f, rule->then, &step.then));
    }
    if (rule->kind == RULE_REQUIRE && step.when == PC_TRUE && step.then == PC_TRUE && binds) {
        f->folded->base.cites[rule->cite >> 6] |= f->folded->base.permit << (rule->cite & 63);
        return STATUS_OK;
    }
    return rule->kind == RULE_DUTY
               ? add_step(f, step, &index)
               : add_against(f, step, rule->needs_first, rule->needs_count, binds);
}

static bool in_force(const struct folder *f, int32_t from, int32_t until) {
    return from <= f->facts.today.days && f->facts.today.days <= until;
}

/* Grounds that may hold; ret_held where one certainly does. */
static struct status fold_grounds(struct folder *f, const struct law_law *law, bool *ret_held) {
    *ret_held = false;
    for (uint32_t i = law->grounds_from; i < law->rules.first + law->rules.count; i++) {
        const struct law_rule *rule = &f->set->rules.ptr[i];
        struct law_step step = {.kind = STEP_GROUND, .cite = rule->cite};
        uint32_t index;
        if (!in_force(f, rule->from, rule->until)) {
            continue;
        }
        TRY(fold(f, rule->when_sure, &step.when));
        TRY(fold(f, rule->then, &step.then));
        if (step.when == PC_FALSE || step.then == PC_FALSE) {
            continue;
        }
        *ret_held |= step.when == PC_TRUE && step.then == PC_TRUE;
        TRY(add_step(f, step, &index));
    }
    return STATUS_OK;
}

static struct status fold_failures(struct folder *f, size_t id) {
    const struct law_law *law = &f->set->laws.ptr[id];
    struct law_step named = {.kind = STEP_NAMED, .cite = law->asks_cite, .when = PC_TRUE};
    for (uint32_t i = law->grounds_from; i < law->rules.first + law->rules.count; i++) {
        const struct law_rule *rule = &f->set->rules.ptr[i];
        struct law_step step = {.kind = STEP_FAILED, .cite = rule->cite};
        if (!in_force(f, rule->from, rule->until)) {
            continue;
        }
        TRY(fold(f, rule->when, &step.when));
        if (step.when != PC_FALSE) {
            TRY(add_against(f, step, rule->needs_first, rule->needs_count, false));
        }
    }
    return add_against(f, named, law->needs_first, law->needs_count, false);
}

static struct status fold_asks(struct folder *f, size_t id) {
    const struct law_law *law = &f->set->laws.ptr[id];
    struct law_step asks = {.kind = STEP_ASKS};
    uint32_t asks_at;
    bool held;
    if (law->asks == PC_NONE) {
        return STATUS_OK;
    }
    TRY(fold(f, law->asks, &asks.when));
    if (asks.when == PC_FALSE) {
        return STATUS_OK;
    }
    TRY(add_step(f, asks, &asks_at));
    TRY(fold_grounds(f, law, &held));
    if (!held) {
        TRY(fold_failures(f, id));
    }
    f->folded->steps.ptr[asks_at].skip = (uint16_t)f->folded->steps.len;
    return STATUS_OK;
}

static struct status fold_law(struct folder *f, size_t id) {
    const struct law_law *law = &f->set->laws.ptr[id];
    struct law_step head = {.kind = STEP_LAW, .law = (uint8_t)id};
    uint32_t head_at = 0;
    if (!in_force(f, law->from, law->until)) {
        return STATUS_OK;
    }
    TRY(fold(f, law->binds, &head.when));
    if (head.when == PC_FALSE) {
        return STATUS_OK;
    }
    bool binds = head.when == PC_TRUE;
    if (binds) {
        f->folded->base.laws |= UINT64_C(1) << id;
    } else {
        TRY(add_step(f, head, &head_at));
    }
    for (uint32_t i = law->rules.first; i < law->grounds_from; i++) {
        if (in_force(f, f->set->rules.ptr[i].from, f->set->rules.ptr[i].until)) {
            TRY(fold_rule(f, &f->set->rules.ptr[i], binds));
        }
    }
    TRY(fold_asks(f, id));
    if (!binds) {
        f->folded->steps.ptr[head_at].skip = (uint16_t)f->folded->steps.len;
    }
    return STATUS_OK;
}

static struct status fold_class(struct folder *f, uint32_t *ret_at) {
    for (uint32_t i = 0; i < f->set->code.len; i++) {
        f->memo[i] = PC_NONE;
    }
    f->folded->steps.len = 0;
    f->folded->needs.len = 0;
    f->folded->base = (struct law_answer){.permit = 1};
    for (size_t i = 0; i < f->set->laws.len; i++) {
        if ((f->special->laws >> i & 1) != 0) {
            TRY(fold_law(f, i));
        }
    }
    return law_make_class(f->special, f->folded, ret_at);
}

/* All that tests can tell of a country: two countries with the same marks are one class. */
static bool reads_country(const struct law_ins *ins) {
    const uint16_t country = offsetof(struct law_facts, subject_country);
    return ins->op == OP_REGION_IS || ins->op == OP_REGION_IN || ins->at == country ||
           (has_second(ins->op) && ins->at2 == country);
}

static uint32_t mark_of(const struct folder *f, const struct law_ins *ins) {
    int16_t value = 0;
    if (ins->op == OP_REGION_IS || ins->op == OP_REGION_IN) {
        return region_known(f, ins) ? (uint32_t)law_test(f->set, ins, &f->facts)
                                    : 3u + f->facts.subject_country;
    }
    if (has_second(ins->op)) {
        bool there = law_value(f->set, ins->arg, ins->at2, &f->facts, &value);
        return there ? (uint32_t)(uint16_t)value : UINT32_MAX;
    }
    return (uint32_t)law_test(f->set, ins, &f->facts);
}

struct marks {
    uint32_t *of; /* a row for each class so far */
    uint32_t *row;
    uint32_t width;
    uint32_t count;
    uint32_t at[LAW_COUNTRIES + 1]; /* of the class, in the pool */
};

static void free_marks(struct marks *m) {
    mem_free(m->of);
    mem_free(m->row);
}

static uint32_t marked_tests(const struct law_set *set) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < set->tests.len; i++) {
        n += reads_country(&set->tests.ptr[i]);
    }
    return n;
}

static void mark_country(const struct folder *f, struct marks *m) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < f->set->tests.len; i++) {
        if (reads_country(&f->set->tests.ptr[i])) {
            m->row[n++] = mark_of(f, &f->set->tests.ptr[i]);
        }
    }
}

static struct status fold_country(struct folder *f, struct marks *m, uint32_t country,
                                  uint32_t *ret_at) {
    size_t bytes = m->width * sizeof *m->row;
    f->facts.subject_country = (uint8_t)country;
    mark_country(f, m);
    for (uint32_t i = 0; i < m->count; i++) {
        if (memcmp(m->of + (size_t)i * m->width, m->row, bytes) == 0) {
            *ret_at = m->at[i];
            return STATUS_OK;
        }
    }
    memcpy(m->of + (size_t)m->count * m->width, m->row, bytes);
    TRY(fold_class(f, ret_at));
    m->at[m->count++] = *ret_at;
    return STATUS_OK;
}

static struct status fold_countries(struct folder *f, uint32_t *class_at) {
    struct marks m CLEANUP(free_marks) = {.width = marked_tests(f->set)};
    m.of = mem_array(LAW_COUNTRIES + 1, (m.width + 1) * sizeof *m.of);
    m.row = mem_array(m.width + 1, sizeof *m.row);
    if (m.of == NULL || m.row == NULL) {
        return FAIL(E_MEMORY);
    }
    f->known[offsetof(struct law_facts, subject_country)] = 1;
    for (uint32_t country = 0; country <= LAW_COUNTRIES; country++) {
        TRY(fold_country(f, &m, country, &class_at[country]));
    }
    return STATUS_OK;
}

/* Facts about others than the person and the controller are seldom given. Where none of them is,
 * their values are those of absence, and much of what is left of the rules falls away. */
static bool far_fact(enum law_fact fact) {
    enum law_group group = law_fact_info(fact)->group;
    return group == LAW_GROUP_RECIPIENT || group == LAW_GROUP_ACTOR ||
           group == LAW_GROUP_TRANSFER || group == LAW_GROUP_REQUEST;
}

static void know_absence(struct folder *f) {
    for (int i = 0; i < LAW_FACTS; i++) {
        const struct law_fact_info *info = law_fact_info((enum law_fact)i);
        if (!far_fact((enum law_fact)i)) {
            continue;
        }
        size_t width = width_of(info->kind);
        uint8_t *at = (uint8_t *)&f->facts + info->offset;
        memset(at, 0, width);
        *at = info->absent == LAW_ABSENT_VALUE ? info->value : 0;
        memset(f->known + info->offset, 1, width);
        f->groups = (uint16_t)(f->groups | 1u << info->group);
        f->facts.groups = (uint16_t)(f->facts.groups & ~(1u << info->group));
        f->special->far_groups = (uint16_t)(f->special->far_groups | 1u << info->group);
    }
}

/* Both variants; one alone where a fact of those groups is known beforehand to be given. */
static struct status fold_variants(struct folder *f) {
    struct law_special *s = f->special;
    struct folder plain = *f;
    know_absence(&plain);
    if ((f->facts.groups & f->groups & s->far_groups) != 0) {
        s->far_groups = 0;
    }
    TRY(fold_countries(f, s->class_at[1]));
    if (s->far_groups == 0) {
        memcpy(s->class_at[0], s->class_at[1], sizeof s->class_at[0]);
        return STATUS_OK;
    }
    return fold_countries(&plain, s->class_at[0]);
}

/* A group is known when all its facts are, or when one that is known was given. */
static void know_groups(struct folder *f, const uint64_t known[2]) {
    uint16_t open = 0;
    uint16_t given = 0;
    for (int i = 0; i < LAW_FACTS; i++) {
        uint8_t group = law_fact_info((enum law_fact)i)->group;
        if (group == LAW_NO_GROUP) {
            continue;
        }
        uint16_t bit = (uint16_t)(1u << group);
        bool is_known = (known[i >> 6] >> (i & 63) & 1) != 0;
        open = (uint16_t)(open | (is_known ? 0 : bit));
        given = (uint16_t)(given |
                           (is_known && law_facts_given(&f->facts, (enum law_fact)i) ? bit : 0));
    }
    f->groups = (uint16_t)(~open | given);
    f->facts.groups = (uint16_t)(f->facts.groups & (given | ~open));
}

static struct status keep_label(struct folder *f, uint16_t offset, struct law_same_label *ret) {
    struct slice text;
    memcpy(&text, (const uint8_t *)&f->facts + offset, sizeof text);
    ret->offset = offset;
    return law_add_part(f->special, text.ptr, 1, text.len, &ret->text);
}

/* What must be as it is for the procedure to hold: `fixed` has the bits of the facts. */
static struct status keep_same(struct folder *f, const uint8_t fixed[FACT_BYTES]) {
    struct law_same same[FACT_BYTES / sizeof(uint64_t)];
    size_t count = 0;
    for (size_t word = 0; word < ARRAY_LEN(same); word++) {
        struct law_same here = {.word = word};
        memcpy(&here.mask, fixed + word * sizeof here.mask, sizeof here.mask);
        memcpy(&here.value, (const uint8_t *)&f->facts + word * sizeof here.mask,
               sizeof here.value);
        here.value &= here.mask;
        if (here.mask != 0) {
            same[count++] = here;
        }
    }
    return law_add_part(f->special, same, sizeof *same, count, &f->special->same);
}

static struct status know(struct folder *f, const uint64_t known[2]) {
    struct law_same_label labels[LAW_FACTS] = {{0}};
    uint8_t fixed[FACT_BYTES] = {0};
    size_t count = 0;
    for (int i = 0; i < LAW_FACTS; i++) {
        const struct law_fact_info *info = law_fact_info((enum law_fact)i);
        if ((known[i >> 6] >> (i & 63) & 1) == 0 || i == LAW_SUBJECT_COUNTRY) {
            continue;
        }
        memset(f->known + info->offset, 1, width_of(info->kind));
        if (info->kind == LAW_KIND_NAME) {
            TRY(keep_label(f, info->offset, &labels[count++]));
        } else {
            memset(fixed + info->offset, 0xFF, width_of(info->kind));
        }
    }
    know_groups(f, known);
    memcpy(fixed + offsetof(struct law_facts, groups), &f->groups, sizeof f->groups);
    TRY(law_add_part(f->special, labels, sizeof *labels, count, &f->special->labels));
    return keep_same(f, fixed);
}

void law_special_free(struct law_special **ref) {
    struct law_special *s = *ref;
    if (s == NULL) {
        return;
    }
    mem_free(s->pool.ptr);
    mem_free(s->code.ptr);
    mem_free(s);
    *ref = NULL;
}

static void count_values(uint8_t values[FACT_BYTES]) {
    for (int i = 0; i < LAW_FACTS; i++) {
        const struct law_fact_info *info = law_fact_info((enum law_fact)i);
        if (info->kind == LAW_KIND_BOOL || info->kind == LAW_KIND_ENUM) {
            values[info->offset] = info->value_count;
        }
    }
}

static void free_folder(struct folder *f) {
    mem_free(f->memo);
    mem_free(f->seen);
}

static void free_folded(struct law_folded *folded) {
    mem_free(folded->steps.ptr);
    mem_free(folded->needs.ptr);
}

struct status law_specialise(const struct law_set *set, uint64_t laws,
                             const struct law_facts *settled, const uint64_t known[2],
                             struct law_special **ret_special) {
    struct law_folded folded CLEANUP(free_folded) = {.base = {.permit = 1}};
    struct folder f CLEANUP(free_folder) = {.set = set, .folded = &folded};
    struct law_special *s CLEANUP(law_special_free) = mem_alloc(sizeof *s);
    f.memo = mem_array(set->code.len + 1, sizeof *f.memo);
    f.seen = mem_array(SEEN_SLOTS, sizeof *f.seen);
    if (s == NULL || f.memo == NULL || f.seen == NULL) {
        return FAIL(E_MEMORY);
    }
    if (settled->settled == 0) {
        return FAIL(FACT_UNSETTLED);
    }
    s->set = set;
    s->laws = laws;
    s->first_day = law_last_day(set, settled->today.days);
    s->next_day = law_next_day(set, settled->today.days);
    f.special = s;
    count_values(folded.values);
    f.facts = *settled;
    TRY(know(&f, known));
    if (f.known[offsetof(struct law_facts, subject_region)] == 0) {
        f.facts.subject_region = 0; /* the country of `settled` need not be that of the facts */
    }
    TRY(fold_variants(&f));
    *ret_special = s;
    s = NULL;
    return STATUS_OK;
}

bool law_special_flat(const struct law_special *special) {
    bool flat = true;
    for (int far = 0; far < 2; far++) {
        for (size_t country = 0; country <= LAW_COUNTRIES; country++) {
            flat &= law_class_at(special, special->class_at[far][country])->flat;
        }
    }
    return flat;
}

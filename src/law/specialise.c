/* Folding away what is known: a set of laws becomes a short list of steps for each class of
 * countries. Must never fold a test whose facts are not all known. */
#include "lex.h"
#include "special.h"

#include <string.h>

#include "base/mem.h"

enum { FACT_BYTES = sizeof(struct law_facts) };

/* An instruction that was kept already, for the classes of one round. */
struct seen {
    uint16_t round; /* 0: free */
    uint16_t at;
};

struct folder {
    struct law_special *special;
    const struct law_set *set;
    struct law_facts facts;    /* as far as known, country of the class included */
    uint8_t known[FACT_BYTES]; /* which bytes of them */
    uint16_t groups;           /* which bits of the groups */
    uint16_t *memo;            /* of each place of the set's code, where it went */
    struct seen *seen;         /* instructions by hash */
    bool apart;                /* each class has its code to itself, close together */
    struct law_answer base;
};

enum { SEEN_SLOTS = 1 << 17 };
_Static_assert(sizeof(struct law_ins) == 16, "instructions are compared as bytes");

/* Equal instructions are kept once: in a class, or, where that takes too much, in all of them. */
static struct status add_ins(struct folder *f, struct law_ins ins, uint16_t *ret_pc) {
    uint16_t round = (uint16_t)(f->apart ? f->special->classes.len + 1 : 1);
    uint64_t slot = slice_hash(slice_of(&ins, sizeof ins)) ^ round * UINT64_C(0x9E3779B97F4A7C15);
    for (slot &= SEEN_SLOTS - 1; f->seen[slot].round != 0; slot = (slot + 1) & (SEEN_SLOTS - 1)) {
        uint16_t at = f->seen[slot].at;
        if (f->seen[slot].round == round &&
            memcmp(&f->special->code.ptr[at], &ins, sizeof ins) == 0) {
            *ret_pc = at;
            return STATUS_OK;
        }
    }
    *ret_pc = (uint16_t)f->special->code.len;
    LAW_PUSH(&f->special->code, LAW_MAX_CODE, ins);
    f->seen[slot] = (struct seen){round, *ret_pc};
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
    *ret_index = f->special->steps.len;
    LAW_PUSH(&f->special->steps, 64 * LAW_MAX_RULES, step);
    return STATUS_OK;
}

/* Needs whose condition is not false; ret_settled tells that all of them are certain. */
static struct status fold_needs(struct folder *f, uint16_t first, uint8_t count,
                                struct law_step *step, uint32_t *ret_certain, bool *ret_settled) {
    *ret_certain = 0;
    *ret_settled = true;
    step->needs_first = f->special->needs.len;
    for (uint16_t i = first; i < first + count; i++) {
        struct law_need_row row = f->set->needs.ptr[i];
        TRY(fold(f, row.condition, &row.condition));
        if (row.condition == PC_FALSE) {
            continue;
        }
        *ret_certain |= row.condition == PC_TRUE ? UINT32_C(1) << row.need : 0;
        *ret_settled &= row.condition == PC_TRUE;
        LAW_PUSH(&f->special->needs, 64 * LAW_MAX_RULES, row);
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
        if (f->base.permit != 0) {
            f->base.permit = 0;
            memset(f->base.cites, 0, sizeof f->base.cites);
        }
        f->base.cites[step.cite >> 6] |= UINT64_C(1) << (step.cite & 63);
        f->base.needs |= certain;
        f->special->needs.len = step.needs_first;
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
        f->base.duties |= rule->duties;
        return STATUS_OK;
    }
    if (rule->kind == RULE_REQUIRE) {
        TRY(fold(f, rule->then, &step.then));
    }
    if (rule->kind == RULE_REQUIRE && step.when == PC_TRUE && step.then == PC_TRUE && binds) {
        f->base.cites[rule->cite >> 6] |= f->base.permit << (rule->cite & 63);
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

static struct status fold_failures(struct folder *f, size_t id, uint32_t first_step) {
    const struct law_law *law = &f->set->laws.ptr[id];
    struct law_step held = {.kind = STEP_HELD};
    struct law_step named = {.kind = STEP_NAMED, .cite = law->asks_cite, .when = PC_TRUE};
    uint32_t held_at;
    TRY(add_step(f, held, &held_at));
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
    TRY(add_against(f, named, law->needs_first, law->needs_count, false));
    f->special->steps.ptr[held_at].skip = (uint16_t)(f->special->steps.len - first_step);
    return STATUS_OK;
}

static struct status fold_asks(struct folder *f, size_t id, uint32_t first_step) {
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
        TRY(fold_failures(f, id, first_step));
    }
    f->special->steps.ptr[asks_at].skip = (uint16_t)(f->special->steps.len - first_step);
    return STATUS_OK;
}

static struct status fold_law(struct folder *f, size_t id, uint32_t first_step) {
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
        f->base.laws |= UINT64_C(1) << id;
    } else {
        TRY(add_step(f, head, &head_at));
    }
    for (uint32_t i = law->rules.first; i < law->grounds_from; i++) {
        if (in_force(f, f->set->rules.ptr[i].from, f->set->rules.ptr[i].until)) {
            TRY(fold_rule(f, &f->set->rules.ptr[i], binds));
        }
    }
    TRY(fold_asks(f, id, first_step));
    if (!binds) {
        f->special->steps.ptr[head_at].skip = (uint16_t)(f->special->steps.len - first_step);
    }
    return STATUS_OK;
}

static struct status fold_class(struct folder *f) {
    struct law_special *s = f->special;
    uint32_t first = s->steps.len;
    for (uint32_t i = 0; i < f->set->code.len; i++) {
        f->memo[i] = PC_NONE;
    }
    f->base = (struct law_answer){.permit = 1};
    for (size_t i = 0; i < f->set->laws.len; i++) {
        if ((s->laws >> i & 1) != 0) {
            TRY(fold_law(f, i, first));
        }
    }
    struct law_class c = {.steps = {first, s->steps.len - first}, .base = f->base};
    TRY(law_make_quick(s, &c));
    LAW_PUSH(&s->classes, 2 * (LAW_COUNTRIES + 1), c);
    return STATUS_OK;
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

static struct status fold_country(struct folder *f, struct marks *m, uint32_t first,
                                  uint16_t *classes_of, uint32_t country) {
    struct law_special *s = f->special;
    size_t bytes = m->width * sizeof *m->row;
    f->facts.subject_country = (uint8_t)country;
    mark_country(f, m);
    for (uint32_t i = first; i < s->classes.len; i++) {
        if (memcmp(m->of + (size_t)(i - first) * m->width, m->row, bytes) == 0) {
            classes_of[country] = (uint16_t)i;
            return STATUS_OK;
        }
    }
    memcpy(m->of + (size_t)(s->classes.len - first) * m->width, m->row, bytes);
    classes_of[country] = (uint16_t)s->classes.len;
    return fold_class(f);
}

static struct status fold_countries(struct folder *f, uint16_t *classes_of) {
    uint32_t first = f->special->classes.len;
    struct marks m CLEANUP(free_marks) = {.width = marked_tests(f->set)};
    m.of = mem_array(LAW_COUNTRIES + 1, (m.width + 1) * sizeof *m.of);
    m.row = mem_array(m.width + 1, sizeof *m.row);
    if (m.of == NULL || m.row == NULL) {
        return FAIL(E_MEMORY);
    }
    f->known[offsetof(struct law_facts, subject_country)] = 1;
    for (uint32_t country = 0; country <= LAW_COUNTRIES; country++) {
        TRY(fold_country(f, &m, first, classes_of, country));
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
    TRY(fold_countries(f, s->classes_of[1]));
    if (s->far_groups == 0) {
        memcpy(s->classes_of[0], s->classes_of[1], sizeof s->classes_of[0]);
        return STATUS_OK;
    }
    return fold_countries(&plain, s->classes_of[0]);
}

static struct status same_word(struct law_special *s, const struct law_facts *f, size_t at,
                               uint8_t mask) {
    uint16_t word = (uint16_t)(at / sizeof(uint64_t));
    uint64_t v;
    uint8_t bytes[sizeof v] = {0};
    uint64_t bits;
    bytes[at % sizeof v] = mask;
    memcpy(&bits, bytes, sizeof bits);
    memcpy(&v, (const uint8_t *)f + word * sizeof v, sizeof v);
    for (uint32_t i = 0; i < s->same.len; i++) {
        if (s->same.ptr[i].word == word) {
            s->same.ptr[i].mask |= bits;
            s->same.ptr[i].value |= v & bits;
            return STATUS_OK;
        }
    }
    LAW_PUSH(&s->same, FACT_BYTES, (struct law_same){word, bits, v & bits});
    return STATUS_OK;
}

static struct status keep_label(struct folder *f, uint16_t offset) {
    struct law_same_label label = {.offset = offset};
    memcpy(&label.text, (const uint8_t *)&f->facts + offset, sizeof label.text);
    TRY(arena_copy(&f->special->arena, label.text, &label.text));
    memcpy((uint8_t *)&f->facts + offset, &label.text, sizeof label.text);
    LAW_PUSH(&f->special->same_labels, LAW_FACTS, label);
    return STATUS_OK;
}

static struct status know_fact(struct folder *f, enum law_fact fact) {
    const struct law_fact_info *info = law_fact_info(fact);
    size_t width = width_of(info->kind);
    memset(f->known + info->offset, 1, width);
    if (info->kind == LAW_KIND_NAME) {
        return keep_label(f, info->offset);
    }
    for (size_t i = 0; i < width; i++) {
        TRY(same_word(f->special, &f->facts, info->offset + i, 0xFF));
    }
    return STATUS_OK;
}

/* A group is known when all its facts are, or when one that is known was given. */
static struct status know_groups(struct folder *f, const uint64_t known[2]) {
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
    for (size_t i = 0; i < sizeof f->groups; i++) {
        uint8_t mask;
        memcpy(&mask, (const uint8_t *)&f->groups + i, 1);
        TRY(same_word(f->special, &f->facts, offsetof(struct law_facts, groups) + i, mask));
    }
    return STATUS_OK;
}

static struct status know(struct folder *f, const uint64_t known[2]) {
    for (int i = 0; i < LAW_FACTS; i++) {
        if ((known[i >> 6] >> (i & 63) & 1) != 0 && i != LAW_SUBJECT_COUNTRY) {
            TRY(know_fact(f, (enum law_fact)i));
        }
    }
    return know_groups(f, known);
}

void law_special_free(struct law_special **ref) {
    struct law_special *s = *ref;
    if (s == NULL) {
        return;
    }
    mem_free(s->classes.ptr);
    mem_free(s->steps.ptr);
    mem_free(s->code.ptr);
    mem_free(s->tests.ptr);
    mem_free(s->terms.ptr);
    mem_free(s->needs.ptr);
    mem_free(s->same.ptr);
    mem_free(s->same_labels.ptr);
    arena_done(&s->arena);
    mem_free(s);
    *ref = NULL;
}

static void free_memo(struct folder *f) {
    mem_free(f->memo);
    mem_free(f->seen);
}

struct status law_specialise(const struct law_set *set, uint64_t laws,
                             const struct law_facts *settled, const uint64_t known[2],
                             struct law_special **ret_special) {
    struct folder f CLEANUP(free_memo) = {.set = set, .apart = true};
    struct law_special *s CLEANUP(law_special_free) = mem_alloc(sizeof *s);
    f.memo = mem_array(set->code.len + 1, sizeof *f.memo);
    f.seen = mem_array(SEEN_SLOTS, sizeof *f.seen);
    if (s == NULL || f.memo == NULL || f.seen == NULL) {
        return FAIL(E_MEMORY);
    }
    if (settled->settled == 0) {
        return FAIL(FACT_UNSETTLED);
    }
    arena_init(&s->arena, 64 << 10);
    s->set = set;
    s->laws = laws;
    s->first_day = law_last_day(set, settled->today.days);
    s->next_day = law_next_day(set, settled->today.days);
    f.special = s;
    f.facts = *settled;
    TRY(know(&f, known));
    if (f.known[offsetof(struct law_facts, subject_region)] == 0) {
        f.facts.subject_region = 0; /* the country of `settled` need not be that of the facts */
    }
    struct status folded = fold_variants(&f);
    if (folded.code == LAW_LIMIT) {
        s->code.len = s->steps.len = s->needs.len = s->classes.len = 0;
        s->tests.len = s->terms.len = 0;
        memset(f.seen, 0, SEEN_SLOTS * sizeof *f.seen);
        f.apart = false;
        folded = fold_variants(&f);
    }
    TRY(folded);
    *ret_special = s;
    s = NULL;
    return STATUS_OK;
}

size_t law_special_steps(const struct law_special *special, uint8_t country) {
    uint8_t c = country <= LAW_COUNTRIES ? country : 0;
    return special->classes.ptr[special->classes_of[1][c]].steps.count;
}

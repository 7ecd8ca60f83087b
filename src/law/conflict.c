/* Rules that can never speak, and rules of one law that nothing can satisfy together: found by
 * trying the values that their tests tell apart. The space is wider than what people can be (an
 * age at consent above the age now), so that what is told is so; what is too large to try whole is
 * not told. */
#include "check.h"

#include <string.h>

#include "base/mem.h"

enum {
    VALUES_MAX = 80,
    SAMPLES = 2000,
    WHOLE_MAX = 60000,
    WORD_OTHER = 1,
};

/* A fact and the values that are tried. */
struct axis {
    uint8_t fact;
    uint32_t count;
    uint32_t values[VALUES_MAX]; /* of labels: places in `labels` of the set, or one behind */
};

struct space {
    const struct law_set *set;
    LAW_VEC(struct axis) axes;
    uint16_t groups; /* which of them tests ask for */
    const uint8_t *countries;
    uint32_t country_count;
    struct law_facts facts;
    uint64_t seed;
};

static void free_space(struct space *s) {
    mem_free(s->axes.ptr);
}

static void add_value(struct axis *a, uint32_t v) {
    for (uint32_t i = 0; i < a->count; i++) {
        if (a->values[i] == v) {
            return;
        }
    }
    if (a->count < VALUES_MAX) {
        a->values[a->count++] = v;
    }
}

static void add_number(struct axis *a, int32_t v) {
    for (int32_t k = v - 1; k <= v + 1; k++) {
        if (k >= LAW_AGE_UNKNOWN && k <= LAW_MAX_AGE) {
            add_value(a, (uint32_t)k);
        }
    }
}

static void first_values(const struct space *s, struct axis *a) {
    const struct law_fact_info *info = law_fact_info((enum law_fact)a->fact);
    if (info->kind == LAW_KIND_COUNTRY) {
        for (uint32_t i = 0; i < s->country_count; i++) {
            add_value(a, s->countries[i]);
        }
        return;
    }
    if (info->kind == LAW_KIND_INT) {
        add_value(a, (uint32_t)LAW_AGE_UNKNOWN);
        add_value(a, 0);
        add_value(a, LAW_MAX_AGE);
        return;
    }
    for (uint32_t i = 0; i < info->value_count; i++) {
        add_value(a, i);
    }
    if (info->value_count == 0) {
        add_value(a, 0);
        add_value(a, info->kind == LAW_KIND_NAME ? s->set->labels.len + 1 : WORD_OTHER);
    }
}

static struct status axis_of(struct space *s, uint8_t fact, struct axis **ret_axis) {
    for (uint32_t i = 0; i < s->axes.len; i++) {
        if (s->axes.ptr[i].fact == fact) {
            *ret_axis = &s->axes.ptr[i];
            return STATUS_OK;
        }
    }
    struct axis a = {.fact = fact};
    first_values(s, &a);
    LAW_PUSH(&s->axes, LAW_FACTS + 1, a);
    *ret_axis = &s->axes.ptr[s->axes.len - 1];
    return STATUS_OK;
}

static void add_table_numbers(const struct law_set *set, uint32_t id, struct axis *a) {
    const struct law_table *t = &set->tables.ptr[id];
    for (uint32_t v = t->versions.first; v < t->versions.first + t->versions.count; v++) {
        const struct law_table_version *version = &set->table_versions.ptr[v];
        add_number(a, version->otherwise);
        for (uint32_t i = 0; t->key == TABLE_BY_BYTE && i <= LAW_COUNTRIES; i++) {
            add_number(a, version->values[i]);
        }
    }
    for (uint32_t i = t->rows.first; i < t->rows.first + t->rows.count; i++) {
        add_number(a, set->key_rows.ptr[i].value);
    }
}

static void add_members(const struct law_set *set, const struct law_ins *ins, struct axis *a) {
    struct law_span words = set->word_sets.ptr[ins->arg];
    for (uint32_t i = words.first; i < words.first + words.count; i++) {
        add_value(a, set->word_members.ptr[i].word);
    }
}

/* Labels of sets are not numbered as those of tests are: a name that a set holds is not tried, so
 * rules that ask for one are left alone. */
static bool can_try(const struct law_ins *ins, const struct law_set *set) {
    bool label_table = (ins->op == OP_TABLE_IS || ins->op == OP_TABLE_IN) &&
                       set->tables.ptr[ins->arg & 0xFFFF].key != TABLE_BY_BYTE;
    return ins->op != OP_LABEL_IN && !label_table;
}

static void add_test_values(const struct law_set *set, const struct law_ins *ins, struct axis *a) {
    switch ((enum law_op)ins->op) {
    case OP_INT_LT:
    case OP_INT_GT:
    case OP_INT_IS:
        add_number(a, (int32_t)ins->arg);
        break;
    case OP_INT_LT_TABLE:
    case OP_INT_GT_TABLE:
    case OP_INT_IS_TABLE:
        add_table_numbers(set, ins->arg, a);
        break;
    case OP_WORD_IS:
    case OP_REGION_IS:
        add_value(a, ins->arg);
        break;
    case OP_BYTE_IS:
        /* Countries are tried by class; one that is named stands for itself. */
        add_value(a, ins->arg);
        break;
    case OP_WORD_IN:
    case OP_REGION_IN:
        add_members(set, ins, a);
        break;
    case OP_LABEL_IS:
        add_value(a, ins->arg + 1);
        break;
    case OP_BYTE_MASK:
    case OP_BYTE_IN:
    case OP_TABLE_IS:
    case OP_TABLE_IN:
    case OP_LABEL_IN:
    case OP_LABEL_SAME:
    case OP_MATCH:
    case OP_PRESENT:
        break;
    }
}

static struct status add_test(struct space *s, const struct law_node *node, bool *ret_can) {
    const struct law_ins *ins = &s->set->tests.ptr[node->a];
    struct axis *a;
    *ret_can = *ret_can && can_try(ins, s->set);
    if (node->fact == LAW_NO_FACT) {
        s->groups = (uint16_t)(s->groups | ins->arg);
        return STATUS_OK;
    }
    if (node->fact2 != LAW_NO_FACT) {
        TRY(axis_of(s, node->fact2, &a));
    }
    TRY(axis_of(s, node->fact, &a));
    add_test_values(s->set, ins, a);
    if (ins->op == OP_REGION_IS || ins->op == OP_REGION_IN) {
        TRY(axis_of(s, LAW_SUBJECT_COUNTRY, &a));
        add_value(a, law_country_find(SLICE("US")));
    }
    return STATUS_OK;
}

static struct status add_tree(struct space *s, uint32_t id, bool *ret_can) {
    if (id == NO_NODE) {
        return STATUS_OK;
    }
    const struct law_node *node = &s->set->nodes.ptr[id];
    switch ((enum law_node_kind)node->kind) {
    case NODE_AND:
    case NODE_OR:
        TRY(add_tree(s, node->a, ret_can));
        return add_tree(s, node->b, ret_can);
    case NODE_NOT:
        return add_tree(s, node->a, ret_can);
    case NODE_DEFINE:
        return add_tree(s, s->set->define_nodes.ptr[node->a], ret_can);
    case NODE_TEST:
        break;
    }
    return add_test(s, node, ret_can);
}

static void put(struct space *s, const struct axis *a, uint32_t v) {
    const struct law_fact_info *info = law_fact_info((enum law_fact)a->fact);
    uint8_t *at = (uint8_t *)&s->facts + info->offset;
    int16_t number = (int16_t)v;
    struct slice label = {NULL, 0};
    switch ((enum law_kind)info->kind) {
    case LAW_KIND_BOOL:
    case LAW_KIND_ENUM:
    case LAW_KIND_COUNTRY:
        *at = (uint8_t)v;
        break;
    case LAW_KIND_INT:
        memcpy(at, &number, sizeof number);
        break;
    case LAW_KIND_REGION:
    case LAW_KIND_LANGUAGE:
        memcpy(at, &v, sizeof v);
        break;
    case LAW_KIND_NAME:
        label = v == 0                       ? label
                : v - 1 < s->set->labels.len ? s->set->labels.ptr[v - 1]
                                             : SLICE("some other");
        memcpy(at, &label, sizeof label);
        break;
    case LAW_KIND_DATE:
    case LAW_KIND_TIME:
        break;
    }
}

static uint32_t draw(struct space *s) {
    s->seed = s->seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(s->seed >> 33);
}

static void sample(struct space *s) {
    for (uint32_t i = 0; i < s->axes.len; i++) {
        const struct axis *a = &s->axes.ptr[i];
        put(s, a, a->values[draw(s) % a->count]);
    }
    s->facts.groups = (uint16_t)(draw(s) & s->groups);
}

static uint64_t size_of(const struct space *s) {
    uint64_t n = UINT64_C(1) << __builtin_popcount(s->groups);
    for (uint32_t i = 0; i < s->axes.len && n <= WHOLE_MAX; i++) {
        n *= s->axes.ptr[i].count;
    }
    return n;
}

static void place(struct space *s, uint64_t n) {
    uint16_t groups = 0;
    for (uint32_t i = 0; i < s->axes.len; i++) {
        const struct axis *a = &s->axes.ptr[i];
        put(s, a, a->values[n % a->count]);
        n /= a->count;
    }
    for (uint16_t bit = 1; bit != 0 && bit <= s->groups; bit = (uint16_t)(bit << 1)) {
        if ((s->groups & bit) != 0) {
            groups = (uint16_t)(groups | ((n & 1) != 0 ? bit : 0));
            n >>= 1;
        }
    }
    s->facts.groups = groups;
}

enum found { FOUND, NOWHERE, NOT_TRIED };

/* Whether anything in the space satisfies. */
static enum found search(struct space *s, bool (*satisfies)(const struct space *, const void *),
                         const void *what) {
    for (uint32_t i = 0; i < SAMPLES; i++) {
        sample(s);
        if (satisfies(s, what)) {
            return FOUND;
        }
    }
    uint64_t size = size_of(s);
    if (size > WHOLE_MAX) {
        return NOT_TRIED;
    }
    for (uint64_t n = 0; n < size; n++) {
        place(s, n);
        if (satisfies(s, what)) {
            return FOUND;
        }
    }
    return NOWHERE;
}

struct pair {
    const struct law_rule *met;     /* what is to be satisfied */
    const struct law_rule *against; /* what must not stand in the way; NULL: nothing */
};

static bool satisfied(const struct space *s, const void *what) {
    const struct pair *p = what;
    bool ground = p->met->kind == RULE_GROUND;
    if (!law_run(s->set, ground ? p->met->when_sure : p->met->when, &s->facts)) {
        return false;
    }
    bool has_then = ground || p->met->kind == RULE_REQUIRE;
    if (p->against == NULL) {
        return true;
    }
    if (has_then && !law_run(s->set, p->met->then, &s->facts)) {
        return false;
    }
    bool applies = law_run(s->set, p->against->when, &s->facts);
    return !applies ||
           (p->against->kind == RULE_REQUIRE && law_run(s->set, p->against->then, &s->facts));
}

/* The latest day on which both are in force, if there is one: today's law, not yesterday's. */
static bool common_day(const struct law_set *set, const struct law_law *law, const struct pair *p,
                       int32_t *ret_day) {
    int32_t from = law->from > p->met->from ? law->from : p->met->from;
    int32_t until = law->until < p->met->until ? law->until : p->met->until;
    if (p->against != NULL) {
        from = p->against->from > from ? p->against->from : from;
        until = p->against->until < until ? p->against->until : until;
    }
    int32_t last = set->days.len > 0 ? set->days.ptr[set->days.len - 1] : 0;
    last = last > until ? until : last;
    *ret_day = last < from ? from : last;
    return from <= until;
}

static struct status try_pair(struct space *s, const struct law_law *law, const struct pair *p,
                              enum found *ret_found) {
    const struct law_set *set = s->set;
    bool can = true;
    int32_t day;
    *ret_found = NOT_TRIED;
    s->axes.len = 0;
    s->groups = 0;
    law_facts_init(&s->facts);
    if (!common_day(set, law, p, &day)) {
        return STATUS_OK;
    }
    s->facts.today.days = day;
    const struct law_rule *rules[] = {p->met, p->against};
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (rules[i] != NULL) {
            const struct law_rule_text *text = &set->rule_texts.ptr[rules[i] - set->rules.ptr];
            TRY(add_tree(s, text->when.node, &can));
            TRY(add_tree(s, text->then.node, &can));
        }
    }
    *ret_found = search(s, satisfied, p);
    if (*ret_found == NOWHERE && !can) {
        *ret_found = NOT_TRIED;
    }
    return STATUS_OK;
}

static struct status tell_unreachable(const struct law_set *set, uint32_t i,
                                      struct law_report *report) {
    const struct law_rule_text *text = &set->rule_texts.ptr[i];
    return law_go_on(law_error(report, &set->files.ptr[text->file],
                               law_place(NULL, text->line, text->column), "unreachable",
                               "mend its `when`, or leave the rule out", "%.*s can never apply",
                               SLICE_ARG(text->article)));
}

static struct status tell_contradiction(const struct law_set *set, uint32_t met, uint32_t against,
                                        struct law_report *report) {
    const struct law_rule_text *text = &set->rule_texts.ptr[met];
    const struct law_rule_text *other = &set->rule_texts.ptr[against];
    return law_go_on(
        law_error(report, &set->files.ptr[text->file], law_place(NULL, text->line, text->column),
                  "contradiction", "let one of them make room for the other with `when`",
                  "whatever satisfies %.*s is refused by %.*s, line %u", SLICE_ARG(text->article),
                  SLICE_ARG(other->article), (unsigned)other->line + 1));
}

static struct status check_rule(struct space *s, const struct law_law *law, uint32_t i,
                                struct law_report *report) {
    const struct law_set *set = s->set;
    const struct law_rule *rule = &set->rules.ptr[i];
    struct pair p = {rule, NULL};
    enum found found;
    TRY(try_pair(s, law, &p, &found));
    if (found == NOWHERE) {
        return tell_unreachable(set, i, report);
    }
    if (rule->kind != RULE_REQUIRE && rule->kind != RULE_GROUND) {
        return STATUS_OK;
    }
    for (uint32_t k = law->rules.first; k < law->grounds_from; k++) {
        p.against = &set->rules.ptr[k];
        if (k == i || p.against->kind == RULE_DUTY) {
            continue;
        }
        TRY(try_pair(s, law, &p, &found));
        if (found == NOWHERE) {
            TRY(tell_contradiction(set, i, k, report));
        }
    }
    return STATUS_OK;
}

/* One country for each group that no test of any pack tells apart. */
static uint32_t country_classes(const struct law_set *set, uint8_t *ret_countries) {
    uint64_t marks[LAW_COUNTRIES + 1];
    uint32_t count = 0;
    struct law_facts f;
    law_facts_init(&f);
    f.today.days = set->days.len > 0 ? set->days.ptr[set->days.len - 1] : 0;
    for (uint32_t c = 0; c <= LAW_COUNTRIES; c++) {
        uint64_t mark = 0xCBF29CE484222325u;
        for (uint32_t i = 0; i < set->byte_sets.len; i++) {
            struct law_ins ins = {
                .op = OP_BYTE_IN, .at = offsetof(struct law_facts, subject_country), .arg = i};
            f.subject_country = (uint8_t)c;
            mark = (mark ^ (uint64_t)law_test(set, &ins, &f)) * 0x100000001B3u;
        }
        for (uint32_t i = 0; i < set->tables.len; i++) {
            int16_t v = 0;
            if (set->tables.ptr[i].key == TABLE_BY_BYTE &&
                law_value(set, i, offsetof(struct law_facts, subject_country), &f, &v)) {
                mark = (mark ^ (uint16_t)v) * 0x100000001B3u;
            }
        }
        bool seen = false;
        for (uint32_t i = 0; i < count && !seen; i++) {
            seen = marks[i] == mark;
        }
        if (!seen && count < VALUES_MAX - 8) {
            marks[count] = mark;
            ret_countries[count++] = (uint8_t)c;
        }
    }
    return count;
}

struct status law_check_conflicts(const struct law_set *set, struct law_report *report) {
    uint8_t countries[VALUES_MAX];
    struct space s CLEANUP(free_space) = {.set = set, .countries = countries, .seed = 20261121};
    s.country_count = country_classes(set, countries);
    for (uint32_t i = 0; i < set->laws.len; i++) {
        const struct law_law *law = &set->laws.ptr[i];
        for (uint32_t k = law->rules.first; k < law->rules.first + law->rules.count; k++) {
            TRY(check_rule(&s, law, k, report));
        }
    }
    return STATUS_OK;
}

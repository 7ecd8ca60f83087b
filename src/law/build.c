/* From what was read to what is decided with: laws, rules and cites in their final order, trees
 * turned into programs, the days on which anything changes.
 * Must never change what an expression means. */
#include "reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* What a tree amounts to with its defines expanded, so that programs are bounded. */
struct weight {
    uint32_t tests; /* at most one more than an expression may have */
    uint32_t level; /* defines within defines */
};

static struct status weigh(struct law_reader *r, uint32_t id, uint32_t depth,
                           struct weight *ret_weight);

static const struct law_name *define_name(const struct law_reader *r, uint32_t id) {
    for (uint32_t i = 0; i < r->names.len; i++) {
        if (r->names.ptr[i].kind == NAME_DEFINE && r->names.ptr[i].id == id) {
            return &r->names.ptr[i];
        }
    }
    return NULL;
}

static struct status too_deep(struct law_reader *r, uint32_t define, bool circle) {
    const struct law_name *name = define_name(r, define);
    return law_error(
        r->report, &r->set->files.ptr[name->file], name->at, circle ? "circle" : "limit", "",
        circle ? "`%.*s` rests on itself" : "`%.*s` rests on too many defines, one on another",
        SLICE_ARG(name->name));
}

/* The same whatever order defines are weighed in: too deep from one is too deep from all above. */
static struct status weigh_define(struct law_reader *r, uint32_t define, uint32_t depth,
                                  struct weight *ret_weight) {
    uint8_t before = r->define_states.ptr[define];
    if (before == DEFINE_OPEN || depth > LAW_MAX_DEPTH) {
        return too_deep(r, define, before == DEFINE_OPEN);
    }
    *ret_weight = (struct weight){1, 1};
    if (r->set->define_nodes.ptr[define] == NO_NODE) {
        return STATUS_OK; /* its own mistake was told */
    }
    r->define_states.ptr[define] = DEFINE_OPEN;
    struct status s = weigh(r, r->set->define_nodes.ptr[define], depth + 1, ret_weight);
    r->define_states.ptr[define] = DEFINE_DONE;
    TRY(s);
    ret_weight->level++;
    return ret_weight->level > LAW_MAX_DEPTH ? too_deep(r, define, false) : STATUS_OK;
}

static struct status weigh(struct law_reader *r, uint32_t id, uint32_t depth,
                           struct weight *ret_weight) {
    struct law_node *node = &r->set->nodes.ptr[id];
    struct weight a = {1, 0};
    struct weight b = {0, 0};
    if (node->weight != 0) {
        *ret_weight = (struct weight){node->weight, node->level};
        return STATUS_OK;
    }
    if (node->kind == NODE_DEFINE) {
        TRY(weigh_define(r, node->a, depth, &a));
    } else if (node->kind != NODE_TEST) {
        TRY(weigh(r, node->a, depth, &a));
    }
    if (node->kind == NODE_AND || node->kind == NODE_OR) {
        TRY(weigh(r, node->b, depth, &b));
    }
    a.tests += b.tests;
    a.tests = a.tests > LAW_MAX_EXPR_TESTS ? LAW_MAX_EXPR_TESTS + 1 : a.tests;
    a.level = b.level > a.level ? b.level : a.level;
    node->weight = (uint16_t)a.tests;
    node->level = (uint16_t)a.level;
    *ret_weight = a;
    return STATUS_OK;
}

static struct status emit(struct law_set *set, uint32_t id, bool possible, uint16_t yes,
                          uint16_t no, uint16_t *ret_pc) {
    const struct law_node node = set->nodes.ptr[id];
    uint16_t second;
    switch ((enum law_node_kind)node.kind) {
    case NODE_AND:
        TRY(emit(set, node.b, possible, yes, no, &second));
        return emit(set, node.a, possible, second, no, ret_pc);
    case NODE_OR:
        TRY(emit(set, node.b, possible, yes, no, &second));
        return emit(set, node.a, possible, yes, second, ret_pc);
    case NODE_NOT:
        return emit(set, node.a, !possible, no, yes, ret_pc);
    case NODE_DEFINE:
        return emit(set, set->define_nodes.ptr[node.a], possible, yes, no, ret_pc);
    case NODE_TEST:
        break;
    }
    struct law_ins ins = set->tests.ptr[node.a];
    ins.yes = node.negated ? no : yes;
    ins.no = node.negated ? yes : no;
    ins.lean = possible != (node.negated != 0);
    *ret_pc = (uint16_t)set->code.len;
    LAW_PUSH(&set->code, LAW_MAX_CODE, ins);
    return STATUS_OK;
}

/* Whether a test in it can be unknown: only then do the two readings differ. */
static bool can_be_unknown(const struct law_set *set, uint32_t id) {
    const struct law_node *node = &set->nodes.ptr[id];
    switch ((enum law_node_kind)node->kind) {
    case NODE_AND:
    case NODE_OR:
        return can_be_unknown(set, node->a) || can_be_unknown(set, node->b);
    case NODE_NOT:
        return can_be_unknown(set, node->a);
    case NODE_DEFINE:
        return can_be_unknown(set, set->define_nodes.ptr[node->a]);
    case NODE_TEST:
        break;
    }
    return set->tests.ptr[node->a].maybe != 0;
}

/* Which file is to blame when an expression is too large. */
struct status law_build_expr(struct law_reader *r, uint32_t file, struct law_expr *expr) {
    struct weight weight = {0, 0};
    if (expr->node == NO_NODE) {
        expr->possible = PC_TRUE;
        expr->sure = PC_TRUE;
        return STATUS_OK;
    }
    TRY(law_go_on(weigh(r, expr->node, 0, &weight)));
    if (r->report->errors > 0) {
        return STATUS_OK;
    }
    const struct law_node *node = &r->set->nodes.ptr[expr->node];
    if (weight.tests > LAW_MAX_EXPR_TESTS) {
        return law_go_on(law_error(
            r->report, &r->set->files.ptr[file], law_place(NULL, node->line, node->column), "limit",
            "ask less in one expression", "with its defines it has more than %d tests",
            LAW_MAX_EXPR_TESTS));
    }
    TRY(emit(r->set, expr->node, true, PC_TRUE, PC_FALSE, &expr->possible));
    expr->sure = expr->possible;
    return can_be_unknown(r->set, expr->node)
               ? emit(r->set, expr->node, false, PC_TRUE, PC_FALSE, &expr->sure)
               : STATUS_OK;
}

static struct status build_needs(struct law_reader *r, uint32_t file, uint16_t first, uint8_t count,
                                 const uint32_t *nodes) {
    for (uint8_t i = 0; i < count; i++) {
        struct law_expr expr = {PC_NONE, PC_NONE, nodes[i]};
        TRY(law_build_expr(r, file, &expr));
        r->set->needs.ptr[first + i].condition = expr.possible;
    }
    return STATUS_OK;
}

static struct status build_law(struct law_reader *r, uint32_t i) {
    struct law_law *law = &r->set->laws.ptr[i];
    struct law_law_text *text = &r->set->law_texts.ptr[i];
    TRY(law_build_expr(r, text->file, &text->binds));
    law->binds = text->binds.possible;
    if (law->asks != PC_NONE) {
        TRY(law_build_expr(r, text->file, &text->asks));
        law->asks = text->asks.possible;
    }
    return build_needs(r, text->file, law->needs_first, law->needs_count, text->need_nodes);
}

static struct status build_rule(struct law_reader *r, uint32_t i) {
    struct law_rule *rule = &r->set->rules.ptr[i];
    struct law_rule_text *text = &r->set->rule_texts.ptr[i];
    TRY(law_build_expr(r, text->file, &text->when));
    TRY(law_build_expr(r, text->file, &text->then));
    rule->when = text->when.possible;
    rule->when_sure = text->when.sure;
    rule->then = text->then.sure;
    return build_needs(r, text->file, rule->needs_first, rule->needs_count, text->need_nodes);
}

/* Sorting is by index, so that what stands beside an array moves with it. */
struct sorter {
    const struct law_reader *r;
    uint32_t index;
};

static int by_law_name(const void *a, const void *b) {
    const struct sorter *x = a;
    const struct sorter *y = b;
    return slice_cmp(x->r->set->law_texts.ptr[x->index].name,
                     y->r->set->law_texts.ptr[y->index].name);
}

/* Grounds last; otherwise as they stand, so that messages keep their order. */
static int by_law_and_kind(const void *a, const void *b) {
    const struct sorter *x = a;
    const struct sorter *y = b;
    uint32_t law_x = x->r->rule_laws.ptr[x->index];
    uint32_t law_y = y->r->rule_laws.ptr[y->index];
    if (law_x != law_y) {
        return law_x < law_y ? -1 : 1;
    }
    bool ground_x = x->r->set->rules.ptr[x->index].kind == RULE_GROUND;
    bool ground_y = y->r->set->rules.ptr[y->index].kind == RULE_GROUND;
    if (ground_x != ground_y) {
        return ground_x ? 1 : -1;
    }
    return (x->index > y->index) - (x->index < y->index);
}

static int by_law_and_article(const void *a, const void *b) {
    const struct sorter *x = a;
    const struct sorter *y = b;
    const struct law_cite *c = &x->r->set->cites.ptr[x->index];
    const struct law_cite *d = &y->r->set->cites.ptr[y->index];
    return c->law != d->law ? (c->law < d->law ? -1 : 1) : slice_cmp(c->article, d->article);
}

static struct status sorted_order(const struct law_reader *r, uint32_t count,
                                  int (*compare)(const void *, const void *),
                                  struct sorter **ret_order) {
    struct sorter *order = mem_array(count + 1, sizeof *order);
    if (order == NULL) {
        return FAIL(E_MEMORY);
    }
    for (uint32_t i = 0; i < count; i++) {
        order[i] = (struct sorter){r, i};
    }
    qsort(order, count, sizeof *order, compare);
    *ret_order = order;
    return STATUS_OK;
}

/* Moves the elements of an array into an order. */
static struct status reorder(void *array, size_t size, const struct sorter *order, uint32_t count) {
    uint8_t *copy = mem_array(count + 1, size);
    if (copy == NULL) {
        return FAIL(E_MEMORY);
    }
    for (uint32_t i = 0; i < count; i++) {
        memcpy(copy + i * size, (uint8_t *)array + order[i].index * size, size);
    }
    if (count > 0) {
        memcpy(array, copy, count * size);
    }
    mem_free(copy);
    return STATUS_OK;
}

static void free_order(struct sorter **order) {
    mem_free(*order);
}

static struct status sort_laws(struct law_reader *r) {
    struct law_set *set = r->set;
    struct sorter *order CLEANUP(free_order) = NULL;
    uint32_t now[LAW_MAX_LAWS + 1];
    TRY(sorted_order(r, set->laws.len, by_law_name, &order));
    for (uint32_t i = 0; i < set->laws.len; i++) {
        now[order[i].index] = i;
    }
    TRY(reorder(set->laws.ptr, sizeof *set->laws.ptr, order, set->laws.len));
    TRY(reorder(set->law_texts.ptr, sizeof *set->law_texts.ptr, order, set->laws.len));
    for (uint32_t i = 0; i < set->cites.len; i++) {
        set->cites.ptr[i].law = (uint16_t)now[set->cites.ptr[i].law];
    }
    for (uint32_t i = 0; i < r->rule_laws.len; i++) {
        r->rule_laws.ptr[i] = now[r->rule_laws.ptr[i]];
    }
    for (uint32_t i = 0; i < set->files.len; i++) {
        int32_t *law = &set->files.ptr[i].law;
        *law = *law < 0 ? -1 : (int32_t)now[*law];
    }
    return STATUS_OK;
}

static struct status sort_rules(struct law_reader *r) {
    struct law_set *set = r->set;
    struct sorter *order CLEANUP(free_order) = NULL;
    TRY(sorted_order(r, set->rules.len, by_law_and_kind, &order));
    TRY(reorder(set->rules.ptr, sizeof *set->rules.ptr, order, set->rules.len));
    TRY(reorder(set->rule_texts.ptr, sizeof *set->rule_texts.ptr, order, set->rules.len));
    TRY(reorder(r->rule_laws.ptr, sizeof *r->rule_laws.ptr, order, set->rules.len));
    for (uint32_t i = set->rules.len; i-- > 0;) {
        struct law_law *law = &set->laws.ptr[r->rule_laws.ptr[i]];
        law->rules = (struct law_span){i, law->rules.count + 1};
    }
    for (uint32_t i = 0; i < set->laws.len; i++) {
        struct law_law *law = &set->laws.ptr[i];
        law->grounds_from = law->rules.first;
        while (law->grounds_from < law->rules.first + law->rules.count &&
               set->rules.ptr[law->grounds_from].kind != RULE_GROUND) {
            law->grounds_from++;
        }
    }
    return STATUS_OK;
}

static struct status sort_cites(struct law_reader *r) {
    struct law_set *set = r->set;
    struct sorter *order CLEANUP(free_order) = NULL;
    uint16_t now[LAW_MAX_CITES];
    TRY(sorted_order(r, set->cites.len, by_law_and_article, &order));
    for (uint32_t i = 0; i < set->cites.len; i++) {
        now[order[i].index] = (uint16_t)i;
    }
    TRY(reorder(set->cites.ptr, sizeof *set->cites.ptr, order, set->cites.len));
    for (uint32_t i = 0; i < set->rules.len; i++) {
        set->rules.ptr[i].cite = now[set->rules.ptr[i].cite];
    }
    for (uint32_t i = 0; i < set->laws.len; i++) {
        set->laws.ptr[i].asks_cite =
            set->laws.ptr[i].asks == PC_NONE ? 0 : now[set->laws.ptr[i].asks_cite];
    }
    return STATUS_OK;
}

/* Only a law with grounds asks for one, and it must. */
static struct status check_grounds(struct law_reader *r) {
    for (uint32_t i = 0; i < r->set->laws.len; i++) {
        const struct law_law *law = &r->set->laws.ptr[i];
        const struct law_law_text *text = &r->set->law_texts.ptr[i];
        bool grounds = law->grounds_from < law->rules.first + law->rules.count;
        if (grounds != (law->asks != PC_NONE)) {
            TRY(law_go_on(law_error(r->report, &r->set->files.ptr[text->file],
                                    law_place(NULL, text->line, 0), "syntax",
                                    grounds ? "add `asks ARTICLE`" : "add a rule with `ground`",
                                    grounds ? "the law has grounds but does not ask for one"
                                            : "the law asks for a ground but has none")));
        }
    }
    return STATUS_OK;
}

/* From a day on, `*` must have a value on every date. */
static struct status check_gaps(struct law_reader *r, const struct law_name *name, int32_t from) {
    const struct law_table_decl *decl = &r->tables.ptr[name->id];
    int32_t day = from;
    for (bool moved = true; moved;) {
        moved = false;
        for (uint32_t i = 0; i < decl->rows.len; i++) {
            const struct law_row_decl *row = &decl->rows.ptr[i];
            if (row->star && row->from <= day && day <= row->until) {
                if (row->until == NO_END) {
                    return STATUS_OK;
                }
                day = row->until + 1;
                moved = true;
            }
        }
    }
    struct civil c = date_to_civil((struct date){day});
    return law_go_on(law_error(r->report, &r->set->files.ptr[name->file], name->at, "gap",
                               "add a row for `*`, the value of every other key",
                               "`%.*s` has no value of `*` on %04d-%02u-%02u",
                               SLICE_ARG(name->name), (int)c.year, c.month, c.day));
}

static struct status check_tables(struct law_reader *r) {
    for (uint32_t i = 0; i < r->names.len; i++) {
        const struct law_name *name = &r->names.ptr[i];
        const struct law_file *file = &r->set->files.ptr[name->file];
        if (name->kind == NAME_TABLE) {
            int32_t from = file->law < 0 ? r->first_from : r->set->laws.ptr[file->law].from;
            TRY(check_gaps(r, name, from == NO_START || from == NO_END ? 0 : from));
        }
        if (!name->used && r->report->errors == 0) {
            TRY(law_tell(r->report, LAW_WARNING, file, name->at, "unused", "", "`%.*s` is not used",
                         SLICE_ARG(name->name)));
        }
    }
    return STATUS_OK;
}

static struct status add_days(struct law_set *set, int32_t from, int32_t until) {
    if (from != NO_START) {
        LAW_PUSH(&set->days, 1 << 20, from);
    }
    if (until != NO_END) {
        LAW_PUSH(&set->days, 1 << 20, until + 1);
    }
    return STATUS_OK;
}

static int by_day(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a;
    int32_t y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static struct status gather_days(struct law_set *set) {
    for (uint32_t i = 0; i < set->laws.len; i++) {
        TRY(add_days(set, set->laws.ptr[i].from, set->laws.ptr[i].until));
    }
    for (uint32_t i = 0; i < set->rules.len; i++) {
        TRY(add_days(set, set->rules.ptr[i].from, set->rules.ptr[i].until));
    }
    for (uint32_t i = 0; i < set->byte_versions.len; i++) {
        TRY(add_days(set, set->byte_versions.ptr[i].from, NO_END));
    }
    for (uint32_t i = 0; i < set->table_versions.len; i++) {
        TRY(add_days(set, set->table_versions.ptr[i].from, NO_END));
    }
    for (uint32_t i = 0; i < set->word_members.len; i++) {
        TRY(add_days(set, set->word_members.ptr[i].from, set->word_members.ptr[i].until));
    }
    for (uint32_t i = 0; i < set->label_members.len; i++) {
        TRY(add_days(set, set->label_members.ptr[i].from, set->label_members.ptr[i].until));
    }
    for (uint32_t i = 0; i < set->key_rows.len; i++) {
        TRY(add_days(set, set->key_rows.ptr[i].from, set->key_rows.ptr[i].until));
    }
    return STATUS_OK;
}

static void sort_days(struct law_set *set) {
    uint32_t kept = 0;
    if (set->days.len == 0) {
        return;
    }
    qsort(set->days.ptr, set->days.len, sizeof *set->days.ptr, by_day);
    for (uint32_t i = 0; i < set->days.len; i++) {
        if (i == 0 || set->days.ptr[i] != set->days.ptr[kept - 1]) {
            set->days.ptr[kept++] = set->days.ptr[i];
        }
    }
    set->days.len = kept;
}

static struct status check_defines(struct law_reader *r) {
    for (uint32_t i = 0; i < r->set->define_nodes.len; i++) {
        struct weight weight;
        if (r->set->define_nodes.ptr[i] != NO_NODE) {
            TRY(law_go_on(weigh_define(r, i, 0, &weight)));
        }
    }
    return STATUS_OK;
}

struct status law_build(struct law_reader *r) {
    struct law_set *set = r->set;
    memcpy(set->byte_versions.ptr[0].bits, r->covered, sizeof r->covered);
    TRY(sort_laws(r));
    TRY(sort_rules(r));
    TRY(sort_cites(r));
    TRY(check_grounds(r));
    TRY(check_tables(r));
    TRY(check_defines(r));
    for (uint32_t i = 0; i < set->laws.len && r->report->errors == 0; i++) {
        TRY(build_law(r, i));
    }
    for (uint32_t i = 0; i < set->rules.len && r->report->errors == 0; i++) {
        TRY(build_rule(r, i));
    }
    TRY(gather_days(set));
    sort_days(set);
    return STATUS_OK;
}

/* Why an answer is as it is: the rules that spoke, and the facts that they looked at.
 * Must never differ from what law_decide says: both run the same programs. */
#include "set.h"

#include <string.h>

struct explainer {
    const struct law_set *set;
    const struct law_facts *f;
    struct law_explanation *list;
    size_t count;
    bool permit;
};

static enum law_truth truth_of(const struct explainer *e, const struct law_expr *expr) {
    if (law_run(e->set, expr->sure, e->f)) {
        return LAW_TRUE;
    }
    return law_run(e->set, expr->possible, e->f) ? LAW_UNKNOWN : LAW_FALSE;
}

static void add_fact(struct law_explanation *x, uint8_t fact) {
    if (fact < LAW_FACTS) {
        x->facts[fact >> 6] |= UINT64_C(1) << (fact & 63);
    }
    x->asked_consent_age |= fact == LAW_CONSENT_AGE;
}

static void add_group(struct law_explanation *x, uint8_t group) {
    for (int i = 0; i < LAW_FACTS; i++) {
        if (law_fact_table[i].group == group) {
            add_fact(x, (uint8_t)i);
        }
    }
}

/* Bounded by the reader: no expression is deeper than it has tests. */
static void add_facts(const struct law_set *set, uint32_t id, struct law_explanation *x) {
    if (id == NO_NODE) {
        return;
    }
    const struct law_node *node = &set->nodes.ptr[id];
    switch ((enum law_node_kind)node->kind) {
    case NODE_AND:
    case NODE_OR:
        add_facts(set, node->a, x);
        add_facts(set, node->b, x);
        break;
    case NODE_NOT:
        add_facts(set, node->a, x);
        break;
    case NODE_DEFINE:
        add_facts(set, set->define_nodes.ptr[node->a], x);
        break;
    case NODE_TEST:
        if (node->fact == LAW_NO_FACT) {
            add_group(x, node->fact2);
        } else {
            add_fact(x, node->fact);
            add_fact(x, node->fact2);
        }
        break;
    }
}

static uint32_t needs_of(const struct explainer *e, uint16_t first, uint8_t count) {
    uint32_t needs = 0;
    for (uint16_t i = first; i < first + count; i++) {
        const struct law_need_row *row = &e->set->needs.ptr[i];
        if (law_run(e->set, row->condition, e->f)) {
            needs |= UINT32_C(1) << row->need;
        }
    }
    return needs;
}

static void add_rule(struct explainer *e, uint16_t law, uint32_t id, enum law_verdict verdict) {
    const struct law_rule *rule = &e->set->rules.ptr[id];
    const struct law_rule_text *text = &e->set->rule_texts.ptr[id];
    if ((verdict == LAW_AGAINST) == e->permit) {
        return;
    }
    struct law_explanation *x = &e->list[e->count++];
    *x = (struct law_explanation){.law = law,
                                  .verdict = verdict,
                                  .article = text->article,
                                  .title = text->title,
                                  .quote = text->quote,
                                  .source = text->source,
                                  .when = truth_of(e, &text->when)};
    x->then = text->then.node == NO_NODE ? x->when : truth_of(e, &text->then);
    x->needs = verdict == LAW_AGAINST ? needs_of(e, rule->needs_first, rule->needs_count) : 0;
    add_facts(e->set, text->when.node, x);
    add_facts(e->set, text->then.node, x);
    for (uint8_t i = 0; i < rule->needs_count && verdict == LAW_AGAINST; i++) {
        add_facts(e->set, text->need_nodes[i], x);
    }
}

static bool in_force(const struct law_rule *rule, const struct law_facts *f) {
    return rule->from <= f->today.days && f->today.days <= rule->until;
}

static void explain_rule(struct explainer *e, uint16_t law, uint32_t id) {
    const struct law_rule *rule = &e->set->rules.ptr[id];
    if (!in_force(rule, e->f) || !law_run(e->set, rule->when, e->f)) {
        return;
    }
    bool met = rule->kind == RULE_REQUIRE && law_run(e->set, rule->then, e->f);
    add_rule(e, law, id, rule->kind == RULE_DUTY ? LAW_OWED : met ? LAW_FOR : LAW_AGAINST);
}

static void add_asks(struct explainer *e, uint16_t law) {
    const struct law_law *l = &e->set->laws.ptr[law];
    const struct law_law_text *text = &e->set->law_texts.ptr[law];
    struct law_explanation *x = &e->list[e->count++];
    *x = (struct law_explanation){.law = law,
                                  .verdict = LAW_AGAINST,
                                  .article = e->set->cites.ptr[l->asks_cite].article,
                                  .title = SLICE("No ground is named"),
                                  .source = text->source,
                                  .when = truth_of(e, &text->asks),
                                  .then = LAW_FALSE,
                                  .needs = needs_of(e, l->needs_first, l->needs_count)};
    add_facts(e->set, text->asks.node, x);
    for (uint8_t i = 0; i < l->needs_count; i++) {
        add_facts(e->set, text->need_nodes[i], x);
    }
    add_fact(x, LAW_BASIS);
}

static void explain_grounds(struct explainer *e, uint16_t law) {
    const struct law_law *l = &e->set->laws.ptr[law];
    bool held = false;
    bool named = false;
    for (int round = 0; round < 2 && !held; round++) {
        for (uint32_t i = l->grounds_from; i < l->rules.first + l->rules.count; i++) {
            const struct law_rule *rule = &e->set->rules.ptr[i];
            bool on = in_force(rule, e->f);
            bool surely =
                on && law_run(e->set, rule->when_sure, e->f) && law_run(e->set, rule->then, e->f);
            if (round == 0 && surely) {
                add_rule(e, law, i, LAW_FOR);
                held = true;
            } else if (round == 1 && on && law_run(e->set, rule->when, e->f)) {
                add_rule(e, law, i, LAW_AGAINST);
                named = true;
            }
        }
    }
    if (!held && !named && !e->permit) {
        add_asks(e, law);
    }
}

static void explain_law(struct explainer *e, uint16_t law) {
    const struct law_law *l = &e->set->laws.ptr[law];
    for (uint32_t i = l->rules.first; i < l->grounds_from; i++) {
        explain_rule(e, law, i);
    }
    if (l->asks != PC_NONE && law_run(e->set, l->asks, e->f)) {
        explain_grounds(e, law);
    }
}

struct status law_explain(const struct law_set *set, uint64_t laws, const struct law_facts *settled,
                          struct arena *arena, struct law_explanation **ret_list,
                          size_t *ret_count) {
    struct law_answer answer;
    TRY(law_decide(set, laws, settled, &answer));
    struct explainer e = {.set = set, .f = settled, .permit = answer.permit != 0};
    e.list = arena_array(arena, set->rules.len + set->laws.len + 1, sizeof *e.list);
    if (e.list == NULL) {
        return FAIL(E_MEMORY);
    }
    for (uint16_t i = 0; i < set->laws.len; i++) {
        if ((answer.laws >> i & 1) != 0) {
            explain_law(&e, i);
        }
    }
    *ret_list = e.list;
    *ret_count = e.count;
    return STATUS_OK;
}

/* What the law said, for people: rules with their titles and words, and what would help. */
#include "base/date.h"
#include "internal.h"

/* Texts as long as the protocol lets them be, cut at a character. */
static struct slice cut(struct slice s, size_t max) {
    if (s.len <= max) {
        return s;
    }
    s.len = max;
    while (s.len > 0 && !slice_is_utf8(s)) {
        s.len--;
    }
    return s;
}

static struct api_rule rule_of(const struct guard *g, const struct law_explanation *e) {
    return (struct api_rule){cut(law_set_name(g->o.laws, e->law), 20), cut(e->article, 20),
                             cut(e->title, 300), cut(e->quote, 2000)};
}

static struct status needs_of(struct arena *a, uint32_t bits, const struct slice **ret_needs,
                              size_t *ret_count) {
    struct slice *needs = arena_array(a, LAW_NEED_COUNT, sizeof *needs);
    if (needs == NULL) {
        return FAIL(E_MEMORY);
    }
    *ret_count = 0;
    for (unsigned need = 0; need < LAW_NEED_COUNT; need++) {
        if ((bits >> need & 1) != 0) {
            needs[(*ret_count)++] = law_need_name((enum law_need)need);
        }
    }
    *ret_needs = needs;
    return STATUS_OK;
}

struct status explain_rules(struct guard *g, const struct law_facts *facts, bool permit,
                            struct arena *a, struct api_refusal *ret_said) {
    struct law_explanation *list = NULL;
    size_t count = 0;
    TRY(law_explain(g->o.laws, law_set_mask(g->o.laws, true), facts, a, &list, &count));
    struct api_rule *rules = arena_array(a, count + 1, sizeof *rules);
    if (rules == NULL) {
        return FAIL(E_MEMORY);
    }
    enum law_verdict wanted = permit ? LAW_FOR : LAW_AGAINST;
    size_t kept = 0;
    for (size_t i = 0; i < count && kept < API_MAX_RULES; i++) {
        if (list[i].verdict == wanted) {
            rules[kept++] = rule_of(g, &list[i]);
        }
    }
    ret_said->rules = rules;
    ret_said->rule_count = kept;
    return STATUS_OK;
}

struct status settle(const struct guard *g, int64_t now_ms, struct law_facts *f) {
    enum law_fact offending;
    int purpose = law_map_find_purpose(g->o.map, f->purpose_id);
    return purpose < 0 ? FAIL(E_UNDECLARED)
                       : law_map_settle(g->o.map, purpose, f, now_ms, &offending);
}

/* Of a record that must not be looked at any closer: law and article, as the answer names them. */
static struct status cited_rules(struct call *c, struct api_refusal *said) {
    struct api_rule *rules = arena_array(c->arena, API_MAX_RULES, sizeof *rules);
    const struct law_answer *a = &c->answer.law;
    if (rules == NULL) {
        return FAIL(E_MEMORY);
    }
    for (int at = law_answer_cite(a, 0); at >= 0 && said->rule_count < API_MAX_RULES;
         at = law_answer_cite(a, (size_t)at + 1)) {
        const struct law_cite *cite = law_set_cite(c->g->o.laws, (size_t)at);
        rules[said->rule_count++] =
            (struct api_rule){cut(law_set_name(c->g->o.laws, cite->law), 20),
                              cut(cite->article, 20), SLICE(""), SLICE("")};
    }
    said->rules = rules;
    return STATUS_OK;
}

struct status explain_refusal(struct call *c, struct api_refusal *ret_refusal) {
    struct law_facts facts;
    struct api_refusal said = {0};
    if (c->about == 0) {
        TRY(cited_rules(c, &said));
        TRY(needs_of(c->arena, c->answer.law.needs, &said.needs, &said.need_count));
        *ret_refusal = said;
        return STATUS_OK;
    }
    TRY(vault_decision_facts(c->g->vault, &c->use, c->category, c->about, &facts));
    TRY(settle(c->g, c->now_ms, &facts));
    TRY(explain_rules(c->g, &facts, false, c->arena, &said));
    TRY(needs_of(c->arena, c->answer.law.needs, &said.needs, &said.need_count));
    *ret_refusal = said;
    return STATUS_OK;
}

/* --- the age of consent, asked of the packs themselves --- */

/* Everything in order but for one thing: that the person consents alone. */
static struct law_facts lawful_consent(const struct vault_facts *of, int16_t age, int64_t now_ms) {
    struct law_facts f;
    law_facts_init(&f);
    f.at = (struct moment){now_ms, 0};
    f.operation = LAW_OPERATION_USE;
    f.basis = LAW_BASIS_CONSENT;
    f.purpose_id = SLICE("age-of-consent");
    f.category_id = SLICE("account");
    f.subject_age = age;
    f.subject_age_source = LAW_SUBJECT_AGE_SOURCE_ATTESTED;
    f.subject_country = law_country_find(slice_str(of->country));
    f.consent_state = LAW_CONSENT_STATE_GIVEN;
    f.consent_giver = LAW_CONSENT_GIVER_SELF;
    static const enum law_fact given[] = {
        LAW_AT,
        LAW_OPERATION,
        LAW_BASIS,
        LAW_PURPOSE_ID,
        LAW_CATEGORY_ID,
        LAW_SUBJECT_AGE,
        LAW_CONSENT_STATE,
        LAW_CONSENT_GIVER,
        LAW_SUBJECT_AGE_SOURCE,
    };
    for (size_t i = 0; i < ARRAY_LEN(given); i++) {
        law_facts_mark(&f, given[i]);
    }
    if (f.subject_country != 0) {
        law_facts_mark(&f, LAW_SUBJECT_COUNTRY);
    }
    f.subject_region = law_region_parse(slice_str(of->region));
    if (f.subject_region != 0) {
        law_facts_mark(&f, LAW_SUBJECT_REGION);
    }
    return f;
}

static bool asks_guardian(uint32_t needs) {
    return (needs >> LAW_NEED_GUARDIAN_CONSENT & 1) != 0;
}

static struct status cite_guardian(struct guard *g, const struct law_facts *facts, struct arena *a,
                                   struct consent_limit *ret_limit) {
    struct law_explanation *list = NULL;
    size_t count = 0;
    TRY(law_explain(g->o.laws, law_set_mask(g->o.laws, false), facts, a, &list, &count));
    for (size_t i = 0; i < count; i++) {
        if (list[i].verdict == LAW_AGAINST && asks_guardian(list[i].needs)) {
            ret_limit->law = law_set_name(g->o.laws, list[i].law);
            ret_limit->article = cut(list[i].article, 20);
            return STATUS_OK;
        }
    }
    return STATUS_OK;
}

struct status consent_limit(struct guard *g, const struct vault_facts *facts, struct arena *a,
                            struct consent_limit *ret_limit) {
    struct consent_limit limit = {0};
    uint64_t laws = law_set_mask(g->o.laws, false);
    for (int16_t age = 17; age >= 0 && limit.age == 0; age--) {
        struct law_facts f = lawful_consent(facts, age, guard_now(g));
        struct law_answer answer;
        enum law_fact offending;
        TRY(law_facts_settle(&f, guard_now(g), &offending));
        TRY(law_decide(g->o.laws, laws, &f, &answer));
        if (asks_guardian(answer.needs)) {
            limit.age = age + 1;
            TRY(cite_guardian(g, &f, a, &limit));
        }
    }
    *ret_limit = limit;
    return STATUS_OK;
}

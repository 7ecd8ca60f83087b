/* What anybody may know: the service, its notices, and why a use is or is not lawful. */
#include "internal.h"
#include "rights/rights.h"

static const char *const languages[] = {"en", "nl", "de", "fr"};

static struct status fill_countries(struct call *c, struct api_value *list) {
    TRY(api_list_make(c->arena, &c->op->answer->fields[ANS_SERVICE_INFO_COUNTRIES].type,
                      LAW_COUNTRIES, list));
    for (unsigned i = 0; i < LAW_COUNTRIES; i++) {
        list->list.items[i].bytes = law_country_code((uint8_t)(i + 1));
    }
    return STATUS_OK;
}

static struct status fill_languages(struct call *c, struct api_value *list) {
    TRY(api_list_make(c->arena, &c->op->answer->fields[ANS_SERVICE_INFO_LANGUAGES].type,
                      ARRAY_LEN(languages), list));
    for (size_t i = 0; i < ARRAY_LEN(languages); i++) {
        list->list.items[i] = api_text(languages[i]);
    }
    return STATUS_OK;
}

static struct status info(struct call *c) {
    struct buf key CLEANUP(buf_done) = {0};
    const struct law_map_controller *who = law_map_controller(c->g->o.map);
    buf_init(&key, 200);
    TRY(vault_log_key(c->g->vault, &key));
    TRY(arena_copy(c->arena, buf_slice(&key), &c->fields[ANS_SERVICE_INFO_LEDGER_KEY].bytes));
    c->fields[ANS_SERVICE_INFO_NAME].bytes = slice_sub(law_map_title(c->g->o.map), 0, 80);
    c->fields[ANS_SERVICE_INFO_CONTROLLER].bytes = slice_sub(who->name, 0, 80);
    c->fields[ANS_SERVICE_INFO_CONTROLLER_COUNTRY].bytes = law_country_code(who->country);
    c->fields[ANS_SERVICE_INFO_LAW_VERSION] = api_text(c->g->o.law_version);
    c->flags = API_FLAG_PUBLIC;
    TRY(fill_languages(c, &c->fields[ANS_SERVICE_INFO_LANGUAGES]));
    return fill_countries(c, &c->fields[ANS_SERVICE_INFO_COUNTRIES]);
}

static struct status read_notice(struct call *c) {
    struct slice audience = arg_text(c, ARG_NOTICE_READ_AUDIENCE);
    bool child = slice_eq(audience, SLICE("child"));
    const struct notice *n = words_notice(c->g, arg_text(c, ARG_NOTICE_READ_LANGUAGE), child);
    if (n == NULL || (!child && !slice_eq(audience, SLICE("adult")))) {
        return FAIL(E_NO_LANGUAGE);
    }
    struct api_value *list = &c->fields[ANS_NOTICE_READ_SECTIONS];
    TRY(api_list_make(c->arena, &c->op->answer->fields[ANS_NOTICE_READ_SECTIONS].type,
                      n->section_count, list));
    for (size_t i = 0; i < n->section_count; i++) {
        list->list.items[i].fields[TYP_SECTION_HEADING].bytes = n->sections[i].heading;
        list->list.items[i].fields[TYP_SECTION_TEXT].bytes = n->sections[i].text;
    }
    c->fields[ANS_NOTICE_READ_VERSION] = api_text(n->version);
    c->fields[ANS_NOTICE_READ_LANGUAGE] = api_text(n->shown.language);
    c->fields[ANS_NOTICE_READ_AUDIENCE] = api_text(child ? "child" : "adult");
    c->fields[ANS_NOTICE_READ_TITLE].bytes = n->title;
    c->flags = API_FLAG_PUBLIC;
    return STATUS_OK;
}

/* --- why --- */

static struct slice language_of(const struct call *c) {
    return c->session.kind == SESSION_PERSON ? slice_str(c->person.facts.language) : SLICE("en");
}

static struct status fill_rules(struct call *c, const struct api_refusal *said) {
    struct api_value *list = &c->fields[ANS_WHY_RULES];
    TRY(api_list_make(c->arena, &c->op->answer->fields[ANS_WHY_RULES].type, said->rule_count,
                      list));
    for (size_t i = 0; i < said->rule_count; i++) {
        struct api_value *v = list->list.items[i].fields;
        v[TYP_REASON_LAW].bytes = said->rules[i].law;
        v[TYP_REASON_ARTICLE].bytes = said->rules[i].article;
        v[TYP_REASON_TITLE].bytes = said->rules[i].title;
        v[TYP_REASON_QUOTE].bytes = said->rules[i].quote;
    }
    return STATUS_OK;
}

static struct status fill_needs(struct call *c, uint32_t needs) {
    struct api_value *list = &c->fields[ANS_WHY_NEEDS];
    TRY(api_list_make(c->arena, &c->op->answer->fields[ANS_WHY_NEEDS].type, LAW_NEED_COUNT, list));
    size_t count = 0;
    for (unsigned need = 0; need < LAW_NEED_COUNT; need++) {
        if ((needs >> need & 1) != 0) {
            list->list.items[count++].bytes = law_need_name((enum law_need)need);
        }
    }
    list->list.count = count;
    return STATUS_OK;
}

static const char *consent_word(uint8_t state) {
    static const char *const words[] = {"none", "given", "refused", "withdrawn"};
    return words[state & 3];
}

static struct status fill_choice(struct call *c, uint8_t purpose) {
    struct vault_consent consent = {0};
    c->fields[ANS_WHY_STATE] = api_text("");
    if (!words_stands_on_consent(c->g, purpose)) {
        return STATUS_OK;
    }
    if (c->session.kind == SESSION_PERSON) {
        TRY(vault_consent_get(c->g->vault, c->session.subject, purpose, &consent));
    }
    c->fields[ANS_WHY_CHOICE].bytes = vault_purpose_name(c->g->vault, purpose);
    c->fields[ANS_WHY_STATE] = api_text(consent_word(consent.state));
    return STATUS_OK;
}

/* A switch too, where the law knows the right: whoever objects is heard, without giving reasons. */
static void fill_objection(struct call *c, uint8_t purpose, const struct law_facts *facts) {
    bool can = c->session.kind == SESSION_PERSON &&
               rights_exists(RIGHT_OBJECTION, (enum law_basis)facts->basis);
    bool did = can && (c->person.objections >> purpose & 1) != 0;
    c->fields[ANS_WHY_OBJECTION] = api_text(did ? "objected" : can ? "open" : "");
}

static struct status why(struct call *c) {
    uint8_t category;
    struct vault_use use = {.operation = LAW_OPERATION_USE, .gpc = c->gpc};
    struct law_facts facts;
    struct law_answer answer;
    struct api_refusal said = {0};
    if (failed(vault_purpose(c->g->vault, arg_text(c, ARG_WHY_PURPOSE), &use.purpose)) ||
        failed(vault_category(c->g->vault, arg_text(c, ARG_WHY_CATEGORY), &category))) {
        return FAIL(E_PURPOSE);
    }
    if (!words_uses(c->g, use.purpose, category)) {
        return FAIL(E_UNDECLARED);
    }
    TRY(vault_decision_facts(c->g->vault, &use, category, c->session.subject, &facts));
    TRY(settle(c->g, c->now_ms, &facts));
    TRY(law_decide(c->g->o.laws, law_set_mask(c->g->o.laws, true), &facts, &answer));
    TRY(explain_rules(c->g, &facts, answer.permit != 0, c->arena, &said));
    c->fields[ANS_WHY_DECISION] = api_text(answer.permit != 0 ? "permit" : "deny");
    c->fields[ANS_WHY_PURPOSE_TITLE].bytes = words_purpose_title(c->g, use.purpose, language_of(c));
    c->fields[ANS_WHY_CATEGORY_TITLE].bytes = words_category_title(c->g, category, language_of(c));
    c->fields[ANS_WHY_BASIS].bytes = words_basis(facts.basis, language_of(c));
    c->fields[ANS_WHY_UNTIL].bytes = slice_sub(words_until(c->g, category, language_of(c)), 0, 40);
    TRY(fill_choice(c, use.purpose));
    fill_objection(c, use.purpose, &facts);
    TRY(fill_rules(c, &said));
    return fill_needs(c, answer.needs);
}

const struct handler notice_handlers[] = {
    {API_SERVICE_INFO, info, NULL, false, false},
    {API_NOTICE_READ, read_notice, NULL, false, false},
    {API_WHY, why, NULL, false, false},
    {0},
};

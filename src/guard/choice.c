/* Who may say yes to what: asked of the law, by deciding as if the yes had been said by the person,
 * by a guardian, by both. Nothing here knows an age. */
#include "internal.h"

static struct status decide(struct call *c, const struct law_facts *facts, uint8_t giver,
                            struct law_answer *ret_answer) {
    struct law_facts f = *facts;
    f.consent_state = LAW_CONSENT_STATE_GIVEN;
    f.consent_giver = giver;
    f.consent_explicit = 1;
    f.at = (struct moment){c->now_ms, 0};
    f.objected = 0;
    law_facts_clear(&f, LAW_CONSENT_AT);
    static const enum law_fact given[] = {LAW_AT, LAW_CONSENT_STATE, LAW_CONSENT_GIVER,
                                          LAW_CONSENT_EXPLICIT, LAW_OBJECTED};
    for (size_t i = 0; i < ARRAY_LEN(given); i++) {
        law_facts_mark(&f, given[i]);
    }
    if (giver != LAW_CONSENT_GIVER_SELF) {
        f.guardian_verified = 1;
        f.guardian_method = LAW_GUARDIAN_METHOD_SIGNED_FORM;
        law_facts_mark(&f, LAW_GUARDIAN_VERIFIED);
        law_facts_mark(&f, LAW_GUARDIAN_METHOD);
    }
    TRY(settle(c->g, c->now_ms, &f));
    return law_decide(c->g->o.laws, law_set_mask(c->g->o.laws, true), &f, ret_answer);
}

static struct slice first_article(const struct guard *g, const struct law_answer *a) {
    int cite = law_answer_cite(a, 0);
    struct slice article = cite < 0 ? SLICE("") : law_set_cite(g->o.laws, (size_t)cite)->article;
    return slice_sub(article, 0, 20);
}

static struct status try_givers(struct call *c, const struct law_facts *facts,
                                struct choice *choice) {
    static const uint8_t givers[] = {LAW_CONSENT_GIVER_SELF, LAW_CONSENT_GIVER_GUARDIAN,
                                     LAW_CONSENT_GIVER_BOTH};
    for (size_t i = 0; i < ARRAY_LEN(givers); i++) {
        struct law_answer answer;
        TRY(decide(c, facts, givers[i], &answer));
        choice->article = choice->article.len > 0 ? choice->article : first_article(c->g, &answer);
        choice->giver = givers[i];
        choice->possible = answer.permit != 0;
        choice->answer = (struct vault_answer){.permit = choice->possible, .law = answer};
        choice->alone = i == 0 ? choice->answer : choice->alone;
        bool guardian = (answer.needs >> LAW_NEED_GUARDIAN_CONSENT & 1) != 0;
        if (choice->possible || (!guardian && givers[i] != LAW_CONSENT_GIVER_SELF)) {
            return STATUS_OK;
        }
    }
    return STATUS_OK;
}

struct status choice_of(struct call *c, uint64_t subject, uint8_t purpose,
                        struct choice *ret_choice) {
    struct choice choice = {.purpose = purpose};
    struct law_facts facts;
    if (!words_category_of(c->g, purpose, &choice.category)) {
        return FAIL(E_PURPOSE);
    }
    choice.use =
        (struct vault_use){.purpose = purpose, .operation = LAW_OPERATION_USE, .actor = NULL};
    TRY(vault_decision_facts(c->g->vault, &choice.use, choice.category, subject, &facts));
    TRY(try_givers(c, &facts, &choice));
    *ret_choice = choice;
    return STATUS_OK;
}

static const struct {
    const char *name;
    uint8_t state;
} states[] = {
    {"given", LAW_CONSENT_STATE_GIVEN},
    {"refused", LAW_CONSENT_STATE_REFUSED},
    {"withdrawn", LAW_CONSENT_STATE_WITHDRAWN},
};

struct status choice_read(struct call *c, struct slice purpose, struct slice state,
                          uint8_t *ret_purpose, uint8_t *ret_state) {
    if (failed(vault_purpose(c->g->vault, purpose, ret_purpose)) ||
        !words_stands_on_consent(c->g, *ret_purpose)) {
        return FAIL(E_PURPOSE);
    }
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        if (slice_eq(state, slice_str(states[i].name))) {
            *ret_state = states[i].state;
            return STATUS_OK;
        }
    }
    return FAIL(E_CHOICE);
}

static const char *giver_name(uint8_t giver) {
    return giver == LAW_CONSENT_GIVER_SELF       ? "self"
           : giver == LAW_CONSENT_GIVER_GUARDIAN ? "guardian"
                                                 : "both";
}

static const char *state_name(uint8_t state) {
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        if (states[i].state == state) {
            return states[i].name;
        }
    }
    return "none";
}

/* Not within thirty days after a no. */
static bool may_ask(const struct call *c, const struct vault_consent *consent) {
    switch ((enum law_consent_state)consent->state) {
    case LAW_CONSENT_STATE_NONE:
        return true;
    case LAW_CONSENT_STATE_GIVEN:
        return false;
    case LAW_CONSENT_STATE_REFUSED:
    case LAW_CONSENT_STATE_WITHDRAWN:
        return c->now_ms >= consent->at_ms + GUARD_ASK_AGAIN_MS;
    }
    return false;
}

static struct status fill(struct call *c, uint64_t subject, uint8_t purpose, struct slice language,
                          struct api_value *v) {
    struct choice choice;
    struct vault_consent consent;
    TRY(choice_of(c, subject, purpose, &choice));
    TRY(vault_consent_get(c->g->vault, subject, purpose, &consent));
    v[TYP_CHOICE_PURPOSE].bytes = vault_purpose_name(c->g->vault, purpose);
    v[TYP_CHOICE_TITLE].bytes = words_purpose_title(c->g, purpose, language);
    v[TYP_CHOICE_WHY].bytes = words_purpose_why(c->g, purpose, language);
    v[TYP_CHOICE_STATE] = api_text(state_name(consent.state));
    v[TYP_CHOICE_BY] = api_text(giver_name(choice.giver));
    v[TYP_CHOICE_POSSIBLE].yes = choice.possible;
    v[TYP_CHOICE_ARTICLE].bytes = choice.article;
    v[TYP_CHOICE_SINCE].i = consent.state == LAW_CONSENT_STATE_NONE ? 0 : consent.at_ms;
    v[TYP_CHOICE_ASK].yes = choice.possible && may_ask(c, &consent);
    return STATUS_OK;
}

struct status choice_list(struct call *c, uint64_t subject, struct slice language,
                          const struct api_type *type, struct api_value *ret_list) {
    uint8_t purposes[VAULT_PURPOSES_MAX];
    size_t count = words_consent_purposes(c->g, purposes, ARRAY_LEN(purposes));
    TRY(api_list_make(c->arena, type, count, ret_list));
    for (size_t i = 0; i < count; i++) {
        TRY(fill(c, subject, purposes[i], language, ret_list->list.items[i].fields));
    }
    return STATUS_OK;
}

static uint8_t giver_of(bool by_guardian) {
    return by_guardian ? LAW_CONSENT_GIVER_GUARDIAN : LAW_CONSENT_GIVER_SELF;
}

struct status choice_refuse(struct call *c, uint64_t subject, const struct choice *choice,
                            bool by_guardian) {
    TRY(vault_consent_refused(c->g->vault, &c->actor, subject, choice->purpose,
                              giver_of(by_guardian),
                              choice->possible ? &choice->alone : &choice->answer));
    if (choice->possible) {
        return FAIL(E_NEEDS_GUARDIAN);
    }
    call_decided(c, &choice->use, choice->category, subject, &choice->answer);
    return FAIL(E_DENIED);
}

struct status choice_shown(struct call *c, const struct vault_subject *person,
                           const struct notice *notice) {
    struct vault_facts facts = person->facts;
    if (slice_eq(slice_of(facts.notice.version, sizeof facts.notice.version),
                 slice_of(notice->shown.version, sizeof notice->shown.version))) {
        return STATUS_OK;
    }
    facts.notice = notice->shown;
    return vault_subject_set_facts(c->g->vault, &c->actor, person->id, &facts);
}

/* Where the law wants child and guardian together, the second yes makes it both. */
static uint8_t giver_now(const struct vault_consent *before, const struct choice *choice,
                         uint8_t state, bool by_guardian) {
    uint8_t giver = giver_of(by_guardian);
    bool other = before->state == LAW_CONSENT_STATE_GIVEN && before->giver != giver;
    bool joint = choice->giver == LAW_CONSENT_GIVER_BOTH && state == LAW_CONSENT_STATE_GIVEN;
    return joint && other ? LAW_CONSENT_GIVER_BOTH : giver;
}

struct status choice_set(struct call *c, uint64_t subject, const struct choice *choice,
                         uint8_t state, bool by_guardian, const struct vault_notice *notice) {
    struct vault_consent before;
    TRY(vault_consent_get(c->g->vault, subject, choice->purpose, &before));
    struct vault_consent consent = {
        .purpose = choice->purpose,
        .state = state,
        .giver = giver_now(&before, choice, state, by_guardian),
        .is_explicit = true,
        .at_ms = c->now_ms,
        .by = c->session.subject,
        .notice = *notice,
    };
    return vault_consent_set(c->g->vault, &c->actor, subject, &consent);
}

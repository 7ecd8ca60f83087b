/* The person's own choices, and objections. A no is always theirs to say. */
#include "internal.h"

static struct slice language_of(const struct call *c) {
    return slice_str(c->person.facts.language);
}

static struct status list(struct call *c) {
    const struct notice *notice = words_notice_for(c->g, &c->person.facts);
    c->fields[ANS_CONSENTS_LIST_NOTICE] = api_text(notice == NULL ? "" : notice->version);
    return choice_list(c, c->session.subject, language_of(c),
                       &c->op->answer->fields[ANS_CONSENTS_LIST_CHOICES].type,
                       &c->fields[ANS_CONSENTS_LIST_CHOICES]);
}

static struct status set(struct call *c) {
    uint8_t purpose;
    uint8_t state;
    struct choice choice;
    TRY(call_allowed(c));
    TRY(choice_read(c, arg_text(c, ARG_CONSENTS_SET_PURPOSE), arg_text(c, ARG_CONSENTS_SET_STATE),
                    &purpose, &state));
    const struct notice *notice = words_notice_version(c->g, arg_text(c, ARG_CONSENTS_SET_NOTICE));
    if (notice == NULL) {
        return FAIL(E_NOTICE_UNKNOWN);
    }
    TRY(choice_shown(c, &c->person, notice));
    TRY(choice_of(c, c->session.subject, purpose, &choice));
    bool counts = choice.possible && choice.giver != LAW_CONSENT_GIVER_GUARDIAN;
    if (state == LAW_CONSENT_STATE_GIVEN && !counts) {
        return choice_refuse(c, c->session.subject, &choice, false);
    }
    return choice_set(c, c->session.subject, &choice, state, false, &notice->shown);
}

static struct status object(struct call *c) {
    uint8_t purpose;
    TRY(call_allowed(c));
    if (failed(vault_purpose(c->g->vault, arg_text(c, ARG_RIGHTS_OBJECT_PURPOSE), &purpose))) {
        return FAIL(E_PURPOSE);
    }
    return vault_object(c->g->vault, &c->actor, c->session.subject, purpose,
                        arg(c, ARG_RIGHTS_OBJECT_ON)->yes);
}

const struct handler consent_handlers[] = {
    {API_CONSENTS_LIST, list, NULL, false, true},
    {API_CONSENTS_SET, set, NULL, false, false},
    {API_RIGHTS_OBJECT, object, NULL, false, false},
    {0},
};

/* People of programs: facts, consents, objections, erasure, the ledger's entries about them. What a
 * program says about a person is its declaration and recorded as that; a verified age, a guardian
 * and another's session are not a program's to say. Must never touch a person whom another program,
 * or the service, registered. */
#include <string.h>

#include "internal.h"

enum { ENTRIES_MAX = 1000, MARK_BYTES = 16 };

/* --- whose people --- */

/* E_NOT_FOUND for anybody else's, as for nobody. */
struct status person_of(struct call *c, uint64_t program, uint64_t subject) {
    struct buf mark CLEANUP(buf_done) = {0};
    buf_init(&mark, MARK_BYTES);
    if (subject == 0 || subject > INT64_MAX) {
        return FAIL(E_NOT_FOUND);
    }
    struct status s = vault_kept(c->g->vault, subject, KEPT_MEMBER, program, &mark);
    bool none = s.code == E_NO_RECORD || s.code == E_NO_SUBJECT || s.code == E_KEY_GONE;
    return none ? FAIL(E_NOT_FOUND) : s;
}

struct status person_own(struct call *c, uint64_t subject) {
    return person_of(c, c->program->id, subject);
}

struct status purpose_granted(const struct call *c, uint64_t number, uint8_t *ret_purpose) {
    uint8_t purpose;
    if (number >= VAULT_PURPOSES_MAX) {
        return FAIL(E_UNDECLARED);
    }
    TRY(vault_purpose(c->g->vault, vault_purpose_name(c->g->vault, (uint8_t)number), &purpose));
    if ((c->program->purposes >> purpose & 1) == 0) {
        return FAIL(E_GRANT);
    }
    *ret_purpose = purpose;
    return STATUS_OK;
}

/* The program's own names for people: no other program's lead to the same. */
static struct status reference_tag(struct call *c, uint64_t program, struct slice reference,
                                   struct vault_tag *ret) {
    struct buf domain CLEANUP(buf_done) = {0};
    buf_init(&domain, 64);
    TRY(buf_add_format(&domain, "program %llu", (unsigned long long)program));
    ret->value = reference;
    return arena_copy(c->arena, buf_slice(&domain), &ret->domain);
}

struct status person_referred(struct call *c, uint64_t program, struct slice reference,
                              uint64_t *ret_subject) {
    struct vault_tag tag;
    TRY(reference_tag(c, program, reference, &tag));
    return vault_subject_find(c->g->vault, &tag, ret_subject);
}

/* --- facts --- */

struct said {
    struct slice birth_date, country, region, language, notice;
};

static void forget_age(struct vault_facts *facts) {
    facts->age_kind = VAULT_AGE_UNKNOWN;
    facts->age_source = LAW_SUBJECT_AGE_SOURCE_NONE;
    facts->birth = (struct date){0};
    facts->age = 0;
    facts->age_on = (struct date){0};
}

static struct status read_age(const struct call *c, struct slice said, struct vault_facts *facts) {
    if (slice_eq(said, SLICE("unknown"))) {
        forget_age(facts);
        return STATUS_OK;
    }
    return said.len == 0 ? STATUS_OK : facts_birth(c, said, facts);
}

/* A region alone is one of the country that is known. */
static struct status read_place(const struct said *said, struct vault_facts *facts) {
    const struct vault_facts was = *facts;
    struct slice country = said->country.len > 0 ? said->country : slice_str(was.country);
    bool nothing = said->country.len + said->region.len == 0;
    return nothing ? STATUS_OK : facts_place(country, said->region, facts);
}

/* Over what is known already: what is left empty stays as it was. */
static struct status read_facts(struct call *c, const struct said *said,
                                struct vault_facts *facts) {
    TRY(read_age(c, said->birth_date, facts));
    TRY(read_place(said, facts));
    TRY(said->language.len == 0 ? STATUS_OK : facts_language(c, said->language, facts));
    return said->notice.len == 0 ? STATUS_OK : facts_notice(c, said->notice, facts);
}

static struct status add(struct call *c) {
    const struct said said = {
        arg_text(c, ARG_PERSON_ADD_BIRTH_DATE), arg_text(c, ARG_PERSON_ADD_COUNTRY),
        arg_text(c, ARG_PERSON_ADD_REGION), arg_text(c, ARG_PERSON_ADD_LANGUAGE),
        arg_text(c, ARG_PERSON_ADD_NOTICE)};
    struct slice reference = arg_text(c, ARG_PERSON_ADD_REFERENCE);
    struct vault_facts facts = {.age_kind = VAULT_AGE_UNKNOWN};
    struct vault_tag tag;
    uint64_t subject;
    TRY(read_facts(c, &said, &facts));
    TRY(reference_tag(c, c->program->id, reference, &tag));
    struct status s = vault_subject_add(c->g->vault, &c->actor, VAULT_ACTIVE, &facts, &tag,
                                        reference.len == 0 ? 0 : 1, &subject);
    TRY(s.code == E_TAG_TAKEN ? FAIL(E_REFERENCE) : s);
    TRY(vault_keep(c->g->vault, subject, KEPT_MEMBER, c->program->id, SLICE("1")));
    c->fields[ANS_PERSON_ADD_PERSON].n = subject;
    return STATUS_OK;
}

static struct status find(struct call *c) {
    return person_referred(c, c->program->id, arg_text(c, ARG_PERSON_FIND_REFERENCE),
                           &c->fields[ANS_PERSON_FIND_PERSON].n);
}

/* A protection that an age gave is not talked away afterwards; that is why somebody who counts as a
 * child may become younger, and not older, and nobody unknown again. */
static struct status check_age(const struct guard *g, const struct vault_facts *was,
                               const struct vault_facts *now) {
    bool older = now->age_kind != VAULT_AGE_BIRTH || now->birth.days < was->birth.days;
    bool protects = was->age_kind != VAULT_AGE_UNKNOWN && is_child(g, was);
    return protects && older ? FAIL(E_OLDER) : STATUS_OK;
}

static struct status set_facts(struct call *c) {
    uint64_t subject = arg(c, ARG_PERSON_FACTS_PERSON)->n;
    const struct said said = {
        arg_text(c, ARG_PERSON_FACTS_BIRTH_DATE), arg_text(c, ARG_PERSON_FACTS_COUNTRY),
        arg_text(c, ARG_PERSON_FACTS_REGION), arg_text(c, ARG_PERSON_FACTS_LANGUAGE),
        arg_text(c, ARG_PERSON_FACTS_NOTICE)};
    struct vault_subject person;
    TRY(person_own(c, subject));
    TRY(vault_subject_get(c->g->vault, subject, &person));
    struct vault_facts facts = person.facts;
    TRY(read_facts(c, &said, &facts));
    TRY(said.birth_date.len == 0 ? STATUS_OK : check_age(c->g, &person.facts, &facts));
    return vault_subject_set_facts(c->g->vault, &c->actor, subject, &facts);
}

/* --- consents --- */

/* What only a guardian can say yes to, no program can: it has no guardians. */
static struct status check_yes(struct call *c, uint64_t subject, uint8_t purpose) {
    struct choice choice;
    TRY(choice_of(c, subject, purpose, &choice));
    bool counts = choice.possible && choice.giver == LAW_CONSENT_GIVER_SELF;
    return counts ? STATUS_OK : choice_refuse(c, subject, &choice, false);
}

/* A no needs no notice. */
static struct status read_notice(struct call *c, uint64_t subject, uint8_t state,
                                 struct vault_notice *ret_shown) {
    struct slice version = arg_text(c, ARG_CONSENT_SET_NOTICE);
    struct vault_subject person;
    if (version.len == 0 && state != LAW_CONSENT_STATE_GIVEN) {
        return STATUS_OK;
    }
    const struct notice *notice = words_notice_version(c->g, version);
    if (notice == NULL) {
        return FAIL(E_NOTICE_UNKNOWN);
    }
    TRY(vault_subject_get(c->g->vault, subject, &person));
    TRY(choice_shown(c, &person, notice));
    *ret_shown = notice->shown;
    return STATUS_OK;
}

/* Whose, and for which purpose. */
static struct status own_and_granted(struct call *c, unsigned person, unsigned purpose,
                                     uint64_t *ret_subject, uint8_t *ret_purpose) {
    *ret_subject = arg(c, person)->n;
    TRY(person_own(c, *ret_subject));
    return purpose_granted(c, arg(c, purpose)->n, ret_purpose);
}

static struct status set_consent(struct call *c) {
    uint64_t subject;
    struct vault_consent consent = {.giver = LAW_CONSENT_GIVER_SELF,
                                    .is_explicit = arg(c, ARG_CONSENT_SET_EXPRESS)->yes,
                                    .at_ms = c->now_ms};
    TRY(own_and_granted(c, ARG_CONSENT_SET_PERSON, ARG_CONSENT_SET_PURPOSE, &subject,
                        &consent.purpose));
    TRY(choice_read(c, vault_purpose_name(c->g->vault, consent.purpose),
                    arg_text(c, ARG_CONSENT_SET_STATE), &consent.purpose, &consent.state));
    TRY(read_notice(c, subject, consent.state, &consent.notice));
    if (consent.state == LAW_CONSENT_STATE_GIVEN) {
        TRY(check_yes(c, subject, consent.purpose));
    }
    consent.by = subject;
    return vault_consent_set(c->g->vault, &c->actor, subject, &consent);
}

static struct status object(struct call *c) {
    uint64_t subject;
    uint8_t purpose;
    TRY(own_and_granted(c, ARG_PERSON_OBJECT_PERSON, ARG_PERSON_OBJECT_PURPOSE, &subject,
                        &purpose));
    return vault_object(c->g->vault, &c->actor, subject, purpose,
                        arg(c, ARG_PERSON_OBJECT_ON)->yes);
}

static struct status restrict_use(struct call *c) {
    uint64_t subject;
    uint8_t purpose;
    TRY(own_and_granted(c, ARG_PERSON_RESTRICT_PERSON, ARG_PERSON_RESTRICT_PURPOSE, &subject,
                        &purpose));
    return vault_restrict(c->g->vault, &c->actor, subject, purpose,
                          arg(c, ARG_PERSON_RESTRICT_ON)->yes);
}

/* --- the end, and what is known of it --- */

static struct status erase(struct call *c) {
    uint64_t subject = arg(c, ARG_PERSON_ERASE_PERSON)->n;
    uint64_t leaf;
    TRY(person_own(c, subject));
    return erase_person(c, subject, SLICE("GDPR Art. 17(1), asked through a program"),
                        &c->fields[ANS_PERSON_ERASE_RECEIPT].bytes, &leaf);
}

static struct status entries(struct call *c) {
    uint64_t subject = arg(c, ARG_PERSON_ENTRIES_PERSON)->n;
    uint64_t limit = arg(c, ARG_PERSON_ENTRIES_LIMIT)->n;
    TRY(person_own(c, subject));
    return entries_of(c, subject, arg(c, ARG_PERSON_ENTRIES_BELOW)->n,
                      limit < ENTRIES_MAX ? (size_t)limit : ENTRIES_MAX,
                      &c->op->answer->fields[ANS_PERSON_ENTRIES_ENTRIES].type,
                      &c->fields[ANS_PERSON_ENTRIES_ENTRIES]);
}

static struct status receipt(struct call *c) {
    uint64_t subject = arg(c, ARG_PERSON_RECEIPT_PERSON)->n;
    TRY(person_own(c, subject));
    return receipt_of(c, subject, arg(c, ARG_PERSON_RECEIPT_INDEX)->n,
                      &c->fields[ANS_PERSON_RECEIPT_RECEIPT].bytes);
}

const struct handler person_handlers[] = {
    {API_PERSON_ADD, add, NULL, false, false},
    {API_PERSON_FIND, find, NULL, false, false},
    {API_PERSON_FACTS, set_facts, NULL, false, false},
    {API_CONSENT_SET, set_consent, NULL, false, false},
    {API_PERSON_OBJECT, object, NULL, false, false},
    {API_PERSON_RESTRICT, restrict_use, NULL, false, false},
    {API_PERSON_ERASE, erase, NULL, true, false},
    {API_PERSON_ENTRIES, entries, NULL, false, false},
    {API_PERSON_RECEIPT, receipt, NULL, true, false},
    {0},
};

/* Decisions: every fact comes from the operation's use, the data map and the store; none from a
 * caller's word. Whatever cannot be looked up, or does not settle, is no permit.
 *
 * The full answer tells why. Where only permit or denial matters, what was decided about a person
 * is kept until the law says that time may change it, or anything about the person changes. */
#include <string.h>

#include "base/mem.h"
#include "inside.h"

#define SET(f, field, fact, value)                                                                 \
    do {                                                                                           \
        (f)->field = (value);                                                                      \
        law_facts_mark((f), (fact));                                                               \
    } while (0)

uint64_t map_purposes(const struct vault *v, uint8_t category) {
    return category < VAULT_CATEGORIES_MAX ? v->purposes_of[category] : 0;
}

static uint64_t purposes_for(const struct vault *v, uint8_t category) {
    const struct names *purposes = &v->names[NAME_PURPOSE];
    int in_map = map_number(v, NAME_CATEGORY, category);
    uint64_t mask = 0;
    for (size_t i = 0; i < purposes->count && i < VAULT_PURPOSES_MAX; i++) {
        int purpose = map_number(v, NAME_PURPOSE, (uint16_t)i);
        bool any = purpose >= 0 && in_map >= 0 && law_map_operations(v->map, purpose, in_map) != 0;
        mask |= (uint64_t)any << i;
    }
    return mask;
}

void map_purposes_learn(struct vault *v) {
    for (unsigned category = 0; category < VAULT_CATEGORIES_MAX; category++) {
        v->purposes_of[category] = purposes_for(v, (uint8_t)category);
    }
}

int64_t map_expiry(const struct vault *v, uint8_t category, int64_t collected_s, int64_t asked_s) {
    int number = map_number(v, NAME_CATEGORY, category);
    int64_t latest = VAULT_NEVER_EXPIRES;
    if (number >= 0) {
        const struct law_map_category *row = law_map_category(v->map, (size_t)number);
        if (row->retention == LAW_KEEP_DAYS) {
            latest = collected_s + (int64_t)row->days * 86400;
        }
    }
    return asked_s == 0 || asked_s > latest ? latest : asked_s;
}

/* Facts --------------------------------------------------------------------------------- */

static void add_age(struct law_facts *f, const struct vault_facts *facts) {
    if (facts->age_kind == VAULT_AGE_BIRTH) {
        SET(f, subject_birth_date, LAW_SUBJECT_BIRTH_DATE, facts->birth);
    }
    if (facts->age_kind == VAULT_AGE_OVER) {
        SET(f, subject_age, LAW_SUBJECT_AGE, facts->age);
    }
    SET(f, subject_age_source, LAW_SUBJECT_AGE_SOURCE,
        facts->age_kind == VAULT_AGE_UNKNOWN ? LAW_SUBJECT_AGE_SOURCE_NONE : facts->age_source);
}

/* Texts as the law numbers them, once for each person in memory. */
static const struct person_codes *codes_of(struct person *p) {
    struct person_codes *codes = &p->codes;
    if (!codes->known) {
        const struct vault_facts *facts = &p->subject.facts;
        codes->country = law_country_find(slice_str(facts->country));
        codes->region = law_region_parse(slice_str(facts->region));
        codes->language = law_language_parse(slice_str(facts->language));
        codes->known = true;
    }
    return codes;
}

static void add_place(struct law_facts *f, struct person *p) {
    const struct person_codes *codes = codes_of(p);
    if (codes->country != 0) {
        SET(f, subject_country, LAW_SUBJECT_COUNTRY, codes->country);
    }
    bool fits = codes->region != 0 && law_region_country(codes->region) == codes->country;
    if (fits) {
        SET(f, subject_region, LAW_SUBJECT_REGION, codes->region);
    }
    if (codes->language != 0) {
        SET(f, subject_language, LAW_SUBJECT_LANGUAGE, codes->language);
    }
}

static void add_notice(struct law_facts *f, const struct vault_notice *notice) {
    if (!notice->shown) {
        return;
    }
    SET(f, notice_shown, LAW_NOTICE_SHOWN, 1);
    SET(f, notice_child_friendly, LAW_NOTICE_CHILD_FRIENDLY, notice->child_friendly);
    SET(f, notice_names_transfers, LAW_NOTICE_NAMES_TRANSFERS, notice->names_transfers);
    SET(f, notice_retention_schedule, LAW_NOTICE_RETENTION_SCHEDULE, notice->retention_schedule);
    uint32_t language = law_language_parse(slice_str(notice->language));
    if (language != 0) {
        SET(f, notice_language, LAW_NOTICE_LANGUAGE, language);
    }
}

static const struct vault_consent *consent_for(const struct person *p, uint8_t purpose) {
    if ((p->consented >> purpose & 1) == 0) {
        return NULL;
    }
    for (size_t i = 0; i < p->consent_count; i++) {
        if (p->consents[i].purpose == purpose) {
            return &p->consents[i];
        }
    }
    return NULL;
}

static void add_consent(struct law_facts *f, const struct vault_consent *c) {
    SET(f, consent_state, LAW_CONSENT_STATE, c->state);
    SET(f, consent_giver, LAW_CONSENT_GIVER, c->giver);
    SET(f, consent_at, LAW_CONSENT_AT, ((struct moment){.unix_ms = c->at_ms}));
    SET(f, consent_explicit, LAW_CONSENT_EXPLICIT, c->is_explicit);
    SET(f, consent_written, LAW_CONSENT_WRITTEN, c->written);
    SET(f, consent_covers_disclosure, LAW_CONSENT_COVERS_DISCLOSURE, c->covers_disclosure);
    SET(f, consent_bundled, LAW_CONSENT_BUNDLED, c->bundled);
}

/* The link that stands longest; *ret_until_ms is when that may change. */
static void add_guardian(struct law_facts *f, const struct person *p, int64_t now_ms,
                         int64_t *io_until_ms) {
    const struct vault_guardian *best = NULL;
    for (size_t i = 0; i < p->guardian_count; i++) {
        const struct vault_guardian *link = &p->guardians[i];
        bool stands = link->verified && now_ms < link->until_ms;
        if (stands && (best == NULL || link->until_ms > best->until_ms)) {
            best = link;
        }
    }
    if (best != NULL) {
        SET(f, guardian_verified, LAW_GUARDIAN_VERIFIED, 1);
        SET(f, guardian_method, LAW_GUARDIAN_METHOD, best->method);
        *io_until_ms = best->until_ms < *io_until_ms ? best->until_ms : *io_until_ms;
    }
}

static void add_person(struct law_facts *f, struct person *p, uint8_t purpose, int64_t now_ms,
                       int64_t *io_until_ms) {
    const struct vault_subject *s = &p->subject;
    add_age(f, &s->facts);
    add_place(f, p);
    const struct vault_consent *consent = consent_for(p, purpose);
    if (consent != NULL) {
        add_consent(f, consent);
    }
    /* A guardian decides in front of their own notice; what the person was told is the person's. */
    bool own_notice =
        consent != NULL && consent->notice.shown && consent->giver != LAW_CONSENT_GIVER_GUARDIAN;
    add_notice(f, own_notice ? &consent->notice : &s->facts.notice);
    add_guardian(f, p, now_ms, io_until_ms);
    bool restricted =
        s->state == VAULT_RESTRICTED || p->held || (s->restrictions >> purpose & 1) != 0;
    if (restricted) {
        SET(f, restricted, LAW_RESTRICTED, 1);
    }
    if ((s->objections >> purpose & 1) != 0) {
        SET(f, objected, LAW_OBJECTED, 1);
    }
}

/* A purpose that was told when the record was collected is one it was collected for; any other
 * needs what the law asks of a further use (GDPR Art. 5(1)(b), 6(4)). */
static void add_record(const struct vault *v, struct law_facts *f, uint8_t purpose,
                       const struct record_facts *record) {
    if (record == NULL || !record->present) {
        return;
    }
    uint8_t collected_for = record->not_for ? record->collected_for : purpose;
    struct slice label = vault_purpose_name(v, collected_for);
    if (record->not_for && record->collected_for == purpose) {
        label = SLICE("removed"); /* this very purpose was taken from the record */
    }
    SET(f, record_collected_for, LAW_RECORD_COLLECTED_FOR, label);
    SET(f, record_lawful, LAW_RECORD_LAWFUL, record->lawful);
    if (record->objected) {
        SET(f, objected, LAW_OBJECTED, 1);
    }
    if (record->held) {
        SET(f, restricted, LAW_RESTRICTED, 1);
    }
}

static void add_actor(struct law_facts *f, const struct vault_actor *actor) {
    if (actor == NULL || actor->id.len == 0) {
        return;
    }
    SET(f, actor_id, LAW_ACTOR_ID, actor->id);
    SET(f, actor_same_entity, LAW_ACTOR_SAME_ENTITY, actor->same_entity);
    uint8_t country = law_country_find(actor->country);
    if (country != 0) {
        SET(f, actor_country, LAW_ACTOR_COUNTRY, country);
    }
}

static bool is_foreign(const struct vault_use *use) {
    return use->actor != NULL && use->actor->id.len > 0;
}

/* What the person asked for, the controller itself does for them: nobody else is handed anything,
 * and data of somebody else are not theirs to ask for. */
static bool is_own_request(const struct vault *v, const struct vault_use *use,
                           const struct person *p) {
    bool own = p != NULL && use->asked_by != 0 && use->asked_by == p->subject.id;
    return own && use->recipient == 0 && !is_foreign(use) &&
           slice_eq(vault_purpose_name(v, use->purpose), SLICE(LAW_MAP_RIGHTS));
}

static void add_use(struct law_facts *f, const struct vault_use *use) {
    add_actor(f, use->actor);
    if (use->by_subject_action) {
        SET(f, publish_by_subject_action, LAW_PUBLISH_BY_SUBJECT_ACTION, 1);
    }
    if (use->gpc) {
        SET(f, signals_gpc, LAW_SIGNALS_GPC, 1);
    }
    if (use->account) {
        SET(f, account, LAW_ACCOUNT, 1);
    }
    if (!use->from_authority) {
        return;
    }
    SET(f, request_from_authority, LAW_REQUEST_FROM_AUTHORITY, 1);
    SET(f, request_treaty, LAW_REQUEST_TREATY, use->treaty);
    uint8_t country = law_country_find(use->authority_country);
    if (country != 0) {
        SET(f, request_country, LAW_REQUEST_COUNTRY, country);
    }
}

struct question {
    int purpose; /* the data map's numbers */
    int category;
    int recipient;
};

static bool find_question(const struct vault *v, const struct vault_use *use, uint8_t category,
                          struct question *ret) {
    ret->purpose = map_number(v, NAME_PURPOSE, use->purpose);
    ret->category = map_number(v, NAME_CATEGORY, category);
    ret->recipient = -1;
    bool named = use->recipient != 0;
    if (named) {
        ret->recipient = map_number(v, NAME_RECIPIENT, (uint16_t)(use->recipient - 1));
    }
    if (ret->purpose < 0 || ret->category < 0 || (named && ret->recipient < 0)) {
        return false;
    }
    bool receives = !named || law_map_receives(v->map, ret->recipient, ret->purpose, ret->category);
    return receives && law_map_declares(v->map, ret->purpose, ret->category,
                                        (enum law_operation)use->operation);
}

static struct status gather(struct vault *v, const struct vault_use *use, const struct question *q,
                            struct person *p, const struct record_facts *record, int64_t now_ms,
                            struct law_facts *ret, int64_t *io_until_ms) {
    law_facts_init(ret);
    TRY(law_map_fill(v->map, q->purpose, q->category, (enum law_operation)use->operation,
                     q->recipient, ret));
    SET(ret, at, LAW_AT, ((struct moment){.unix_ms = now_ms}));
    if (p != NULL) {
        add_person(ret, p, use->purpose, now_ms, io_until_ms);
    }
    add_record(v, ret, use->purpose, record);
    add_use(ret, use);
    if (is_own_request(v, use, p)) {
        SET(ret, request_by_subject, LAW_REQUEST_BY_SUBJECT, 1);
    }
    return STATUS_OK;
}

/* Deciding ------------------------------------------------------------------------------ */

void specials_done(struct vault *v) {
    for (size_t i = 0; v->specials != NULL && i < SPECIALS; i++) {
        law_special_free(&v->specials[i]);
    }
    mem_free(v->specials);
    v->specials = NULL;
}

/* What the data map knows of the pair is folded away, once. Without it decisions are slower, not
 * different. */
static const struct law_special *special_of(struct vault *v, const struct vault_use *use,
                                            uint8_t category, const struct question *q,
                                            const struct law_facts *settled) {
    if (v->specials == NULL) {
        v->specials = mem_array(SPECIALS, sizeof(struct law_special *));
    }
    if (v->specials == NULL || use->purpose >= VAULT_PURPOSES_MAX ||
        category >= VAULT_CATEGORIES_MAX) {
        return NULL;
    }
    size_t number = (size_t)use->purpose * VAULT_CATEGORIES_MAX + category;
    struct law_special **special = &v->specials[number];
    if (*special == NULL) {
        uint64_t known[2];
        law_map_known(v->map, q->purpose, known);
        struct status made =
            law_specialise(v->laws, law_set_mask(v->laws, true), settled, known, special);
        if (failed(made)) {
            *special = NULL;
        }
    }
    return *special;
}

static struct status ask(struct vault *v, const struct vault_use *use, uint8_t category,
                         const struct question *q, const struct law_facts *settled,
                         struct law_answer *ret) {
    const struct law_special *special = special_of(v, use, category, q, settled);
    if (special != NULL) {
        return law_decide_special(special, settled, ret);
    }
    return law_decide(v->laws, law_set_mask(v->laws, true), settled, ret);
}

/* Until a guardian has spoken for them, a person's data serve what the account itself needs, what
 * the law demands (to look for the guardian, and the person's own rights among it), and their end.
 */
static bool waits_for_guardian(const struct person *p, const struct vault_use *use,
                               const struct law_facts *f) {
    bool serves = f->account || f->basis == LAW_BASIS_LEGAL_OBLIGATION;
    bool ends = use->operation == LAW_OPERATION_ERASE || use->operation == LAW_OPERATION_RESTRICT;
    return p != NULL && p->subject.state == VAULT_NEEDS_GUARDIAN && !serves && !ends;
}

/* No rule of a law stands in the way, and none that was in favour is named as if it did. */
static void refuse_waiting(struct law_answer *a) {
    if (a->permit != 0) {
        a->permit = 0;
        a->duties = 0;
        memset(a->cites, 0, sizeof a->cites);
    }
    a->needs |= UINT32_C(1) << LAW_NEED_GUARDIAN_CONSENT;
}

struct status decide(struct vault *v, const struct vault_use *use, uint8_t category,
                     struct person *p, const struct record_facts *record,
                     struct vault_answer *ret) {
    *ret = (struct vault_answer){.permit = false, .until_ms = INT64_MAX};
    struct question q;
    if (!find_question(v, use, category, &q)) {
        ret->undeclared = true;
        return STATUS_OK;
    }
    int64_t now_ms = vault_now_ms(v);
    struct law_facts facts;
    enum law_fact offending = LAW_NO_FACT;
    TRY(gather(v, use, &q, p, record, now_ms, &facts, &ret->until_ms));
    TRY(law_map_settle(v->map, q.purpose, &facts, now_ms, &offending));
    TRY(ask(v, use, category, &q, &facts, &ret->law));
    if (waits_for_guardian(p, use, &facts)) {
        refuse_waiting(&ret->law);
    }
    ret->permit = ret->law.permit == 1;
    ret->until_ms = ret->law.until < ret->until_ms ? ret->law.until : ret->until_ms;
    return STATUS_OK;
}

struct status answer_status(const struct vault_answer *answer) {
    if (answer->undeclared) {
        return FAIL(E_UNDECLARED);
    }
    return answer->permit ? STATUS_OK : FAIL(E_DENIED);
}

/* Everything that a decision depends on but the person; 0 when that is too much to keep. */
static uint64_t what_of(const struct vault *v, const struct vault_use *use, uint8_t category,
                        const struct person *p, const struct record_facts *record) {
    if (is_foreign(use) || use->from_authority) {
        return 0;
    }
    uint64_t flags = 1 | (uint64_t)use->by_subject_action << 1 | (uint64_t)use->gpc << 2 |
                     (uint64_t)use->account << 3 | (uint64_t)is_own_request(v, use, p) << 9;
    uint64_t collected_for = 0;
    if (record != NULL && record->present) {
        flags |= UINT64_C(1) << 4 | (uint64_t)record->lawful << 5 |
                 (uint64_t)record->objected << 6 | (uint64_t)record->not_for << 7 |
                 (uint64_t)record->held << 8;
        collected_for = record->not_for ? record->collected_for : 0;
    }
    return flags | (uint64_t)use->purpose << 16 | (uint64_t)category << 24 |
           (uint64_t)use->operation << 32 | (uint64_t)use->recipient << 40 | collected_for << 48;
}

static const struct decided *find_decided(struct vault *v, struct person *p, uint64_t what,
                                          int64_t now_ms) {
    if (p->opened_for != v->law_generation) {
        for (size_t i = 0; i < DECISIONS_PER_PERSON; i++) {
            p->decided[i].what = 0;
        }
        p->opened_for = v->law_generation;
    }
    for (size_t i = 0; what != 0 && i < DECISIONS_PER_PERSON; i++) {
        const struct decided *d = &p->decided[i];
        if (d->what == what && d->from_ms <= now_ms && now_ms < d->until_ms) {
            return d;
        }
    }
    return NULL;
}

static void keep_decided(struct person *p, uint64_t what, int64_t now_ms,
                         const struct vault_answer *answer) {
    if (what == 0) {
        return;
    }
    p->decided[p->decided_next] = (struct decided){
        .what = what, .from_ms = now_ms, .until_ms = answer->until_ms, .permit = answer->permit};
    p->decided_next = (uint8_t)((p->decided_next + 1) % DECISIONS_PER_PERSON);
}

/* Facts that do not settle concern this person alone: to the many they are a denial. */
static bool is_bad_fact(struct status status) {
    return failed(status) && error_info(status.code)->kind == KIND_INPUT;
}

struct status decide_fast(struct vault *v, const struct vault_use *use, uint8_t category,
                          struct person *p, const struct record_facts *record, int64_t now_ms,
                          bool *ret_permit, int64_t *ret_until_ms) {
    uint64_t what = what_of(v, use, category, p, record);
    const struct decided *before = find_decided(v, p, what, now_ms);
    if (before != NULL) {
        v->from_cache++;
        *ret_permit = before->permit;
        *ret_until_ms = before->until_ms;
        return STATUS_OK;
    }
    struct vault_answer answer;
    struct status status = decide(v, use, category, p, record, &answer);
    if (is_bad_fact(status)) {
        *ret_permit = false;
        *ret_until_ms = INT64_MAX;
        return STATUS_OK;
    }
    TRY(status);
    keep_decided(p, what, now_ms, &answer);
    *ret_permit = answer.permit;
    *ret_until_ms = answer.until_ms;
    return STATUS_OK;
}

void record_facts_of(const struct segment *s, uint32_t at, uint8_t purpose,
                     struct record_facts *ret) {
    *ret = (struct record_facts){
        .present = true,
        .collected_for = s->rows[at].collected_for,
        .lawful = !segment_bit(s, PLANES_FLAG, UNLAWFUL_BIT, at),
        .objected = segment_bit(s, PLANES_OBJECTION, purpose % 64, at),
        .not_for = !segment_bit(s, PLANES_PURPOSE, purpose % 64, at),
        .held = segment_bit(s, PLANES_FLAG, HELD_BIT, at),
    };
}

/* What others ask ------------------------------------------------------------------------ */

static struct status person_or_nobody(struct vault *v, uint64_t subject, struct person **ret) {
    *ret = NULL;
    return subject == 0 ? STATUS_OK : person_get(v, subject, ret);
}

struct status vault_decide(struct vault *v, const struct vault_use *use, uint8_t category,
                           uint64_t subject, struct vault_answer *ret_answer) {
    TRY(vault_ready(v));
    struct person *p = NULL;
    TRY(person_or_nobody(v, subject, &p));
    struct vault_answer answer;
    TRY(decide(v, use, category, p, NULL, &answer));
    *ret_answer = answer;
    return STATUS_OK;
}

struct status vault_permit(struct vault *v, const struct vault_use *use, uint8_t category,
                           uint64_t subject, struct vault_answer *ret_answer) {
    struct vault_answer answer;
    TRY(vault_decide(v, use, category, subject, &answer));
    if (ret_answer != NULL) {
        *ret_answer = answer;
    }
    return noted(v, use, category, subject, 0, &answer, answer_status(&answer));
}

struct status vault_decision_facts(struct vault *v, const struct vault_use *use, uint8_t category,
                                   uint64_t subject, struct law_facts *ret_facts) {
    TRY(vault_ready(v));
    struct person *p = NULL;
    TRY(person_or_nobody(v, subject, &p));
    struct question q;
    if (!find_question(v, use, category, &q)) {
        return FAIL(E_UNDECLARED);
    }
    int64_t until_ms = INT64_MAX;
    struct law_facts facts;
    TRY(gather(v, use, &q, p, NULL, vault_now_ms(v), &facts, &until_ms));
    *ret_facts = facts;
    return STATUS_OK;
}

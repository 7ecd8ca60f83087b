/* People come, are rectified, change state, object and restrict. */
#include <string.h>

#include "base/bytes.h"
#include "said.h"

static bool facts_sound(const struct vault_facts *f) {
    bool texts = f->country[2] == '\0' && f->region[7] == '\0' && f->language[11] == '\0' &&
                 f->notice.language[11] == '\0';
    return texts && f->age_kind <= VAULT_AGE_OVER && f->age <= 130 &&
           f->age_source <= LAW_SUBJECT_AGE_SOURCE_ATTESTED;
}

/* The row of a person who comes, and the key before it. */
static struct status add_rows(struct vault *v, struct person *p, const struct vault_tag *tags,
                              size_t tag_count) {
    struct seal_key key CLEANUP(seal_key_done);
    TRY(person_key_make(v, p, PERSON_KEY, &key));
    TRY(person_save(v, p, &p->subject));
    for (size_t i = 0; i < tag_count; i++) {
        TRY(tag_set(v, p, &tags[i]));
    }
    return STATUS_OK;
}

static struct status add(struct vault *v, const struct vault_actor *actor,
                         const struct vault_subject *subject, const struct vault_tag *tags,
                         size_t tag_count) {
    struct person *p = person_insert(v, subject);
    if (p == NULL) {
        return FAIL(E_MEMORY);
    }
    person_touch(v, p);
    TRY(add_rows(v, p, tags, tag_count));
    struct said said = {.subject = subject->id, .at_ms = subject->since_ms};
    said_actor(&said, actor);
    TRY(said_log(v, LEAF_JOIN, p, &said, NULL));
    v->counters.subjects++;
    return STATUS_OK;
}

struct status vault_subject_add(struct vault *v, const struct vault_actor *actor,
                                enum vault_subject_state state, const struct vault_facts *facts,
                                const struct vault_tag *tags, size_t tag_count,
                                uint64_t *ret_subject) {
    bool known = state >= VAULT_ACTIVE && state <= VAULT_RESTRICTED;
    if (!known || !facts_sound(facts)) {
        return FAIL(E_NUMBER);
    }
    if (tag_count > VAULT_TAGS_MAX || v->counters.next_subject > SUBJECT_ID_MAX) {
        return FAIL(E_TOO_MANY);
    }
    TRY(op_begin(v));
    struct vault_subject subject = {.id = v->counters.next_subject++,
                                    .state = (uint8_t)state,
                                    .since_ms = vault_now_ms(v),
                                    .facts = *facts};
    TRY(op_end(v, add(v, actor, &subject, tags, tag_count)));
    *ret_subject = subject.id;
    return STATUS_OK;
}

struct status vault_subject_get(struct vault *v, uint64_t subject, struct vault_subject *ret) {
    TRY(vault_ready(v));
    struct person *p = NULL;
    TRY(person_get(v, subject, &p));
    *ret = p->subject;
    return STATUS_OK;
}

struct listing {
    uint64_t *ids;
    size_t max;
    size_t count;
};

static struct status list_one(void *arg, uint64_t owner, uint64_t id, struct slice bytes) {
    struct listing *list = arg;
    (void)id;
    (void)bytes;
    if (list->count == list->max) {
        return FAIL(E_TOO_MANY);
    }
    list->ids[list->count++] = owner;
    return STATUS_OK;
}

struct status vault_subject_list(struct vault *v, uint64_t after, uint64_t *ret_ids, size_t max,
                                 size_t *ret_count) {
    TRY(vault_ready(v));
    struct listing list = {.ids = ret_ids, .max = max};
    struct status status = store_scan(v->store, STORE_SUBJECTS, after + 1, list_one, &list);
    if (failed(status) && status.code != E_TOO_MANY) {
        return status;
    }
    *ret_count = list.count;
    return STATUS_OK;
}

int32_t vault_age(const struct vault *v, const struct vault_facts *facts) {
    struct date today = {.days = (int32_t)(vault_now_s(v) / 86400)};
    if (facts->age_source == LAW_SUBJECT_AGE_SOURCE_NONE) {
        return -1;
    }
    if (facts->age_kind == VAULT_AGE_BIRTH) {
        int32_t age = date_age(facts->birth, today);
        return age < 0 ? -1 : age;
    }
    return facts->age_kind == VAULT_AGE_OVER ? facts->age : -1;
}

/* One change of a person's row: leaf, row, tightening, feed; memory last. */
struct change {
    enum leaf_kind kind;
    struct said said;
    struct tightening tight; /* kind 0: nothing tightened */
    uint64_t purposes;       /* that must look again */
    enum vault_cause cause;
};

static struct status apply(struct vault *v, struct person *p, const struct vault_subject *subject,
                           struct change *change) {
    change->said.subject = p->subject.id;
    change->said.at_ms = vault_now_ms(v);
    person_touch(v, p);
    TRY(person_save(v, p, subject));
    TRY(said_log(v, change->kind, p, &change->said, NULL));
    if (change->tight.kind == TIGHT_FACTS) { /* as sealed: they go with the person's key */
        TRY(store_view(v->store, STORE_SUBJECTS, p->subject.id, 0, &change->tight.ids));
    }
    if (change->tight.kind != 0) {
        change->tight.subject = p->subject.id;
        TRY(log_tighten(v, &change->tight));
    }
    TRY(feed_subject(v, p->subject.id, change->purposes, change->cause));
    p->subject = *subject;
    p->codes.known = false;
    return STATUS_OK;
}

static struct status set_facts(struct vault *v, const struct vault_actor *actor, uint64_t id,
                               const struct vault_facts *facts) {
    struct person *p = NULL;
    TRY(person_get(v, id, &p));
    struct vault_subject subject = p->subject;
    subject.facts = *facts;
    struct change change = {.kind = LEAF_RECTIFICATION,
                            .tight = {.kind = TIGHT_FACTS},
                            .purposes = UINT64_MAX,
                            .cause = VAULT_CAUSE_CHANGED};
    change.said.subject = id;
    said_actor(&change.said, actor);
    return apply(v, p, &subject, &change);
}

struct status vault_subject_set_facts(struct vault *v, const struct vault_actor *actor,
                                      uint64_t subject, const struct vault_facts *facts) {
    if (!facts_sound(facts)) {
        return FAIL(E_NUMBER);
    }
    TRY(op_begin(v));
    return op_end(v, set_facts(v, actor, subject, facts));
}

static struct status set_state(struct vault *v, const struct vault_actor *actor, uint64_t id,
                               enum vault_subject_state state) {
    struct person *p = NULL;
    TRY(person_get(v, id, &p));
    struct vault_subject subject = p->subject;
    subject.state = (uint8_t)state;
    subject.since_ms = vault_now_ms(v);
    bool tighter = state > p->subject.state;
    struct change change = {
        .kind = state == VAULT_RESTRICTED              ? LEAF_RESTRICTION
                : p->subject.state == VAULT_RESTRICTED ? LEAF_RESTRICTION_ENDED
                                                       : LEAF_RECTIFICATION,
        .tight = {.kind = tighter ? TIGHT_STATE : 0, .what = (uint64_t)state},
        .purposes = UINT64_MAX,
        .cause = tighter ? VAULT_CAUSE_RESTRICTED : VAULT_CAUSE_CHANGED,
    };
    change.said.subject = id;
    said_actor(&change.said, actor);
    return apply(v, p, &subject, &change);
}

struct status vault_subject_set_state(struct vault *v, const struct vault_actor *actor,
                                      uint64_t subject, enum vault_subject_state state) {
    if (state < VAULT_ACTIVE || state > VAULT_RESTRICTED) {
        return FAIL(E_NUMBER);
    }
    TRY(op_begin(v));
    return op_end(v, set_state(v, actor, subject, state));
}

static struct status set_tag(struct vault *v, uint64_t id, const struct vault_tag *tag) {
    struct person *p = NULL;
    TRY(person_get(v, id, &p));
    TRY(tag_set(v, p, tag));
    TRY(tag_tighten(v, p, tag->domain));
    struct said said = {.subject = id, .at_ms = vault_now_ms(v), .method = SLICE("tag")};
    said_actor(&said, NULL);
    return said_log(v, LEAF_RECTIFICATION, p, &said, NULL);
}

struct status vault_subject_set_tag(struct vault *v, uint64_t subject,
                                    const struct vault_tag *tag) {
    TRY(op_begin(v));
    return op_end(v, set_tag(v, subject, tag));
}

static uint64_t mask_of(uint8_t purpose) {
    return purpose == VAULT_ALL ? UINT64_MAX : UINT64_C(1) << purpose;
}

static struct status set_mask(struct vault *v, const struct vault_actor *actor, uint64_t id,
                              uint8_t purpose, bool on, bool objection) {
    struct person *p = NULL;
    TRY(person_get(v, id, &p));
    struct vault_subject subject = p->subject;
    uint64_t *mask = objection ? &subject.objections : &subject.restrictions;
    *mask = on ? *mask | mask_of(purpose) : *mask & ~mask_of(purpose);
    enum leaf_kind begun = objection ? LEAF_OBJECTION : LEAF_RESTRICTION;
    enum leaf_kind ended = objection ? LEAF_OBJECTION_ENDED : LEAF_RESTRICTION_ENDED;
    struct change change = {
        .kind = on ? begun : ended,
        .said = {.subject = id, .purpose = vault_purpose_name(v, purpose)},
        .tight = {.kind = !on         ? 0
                          : objection ? TIGHT_OBJECT
                                      : TIGHT_RESTRICT,
                  .what = purpose},
        .purposes = mask_of(purpose),
        .cause = !on         ? VAULT_CAUSE_CHANGED
                 : objection ? VAULT_CAUSE_OBJECTED
                             : VAULT_CAUSE_RESTRICTED,
    };
    said_actor(&change.said, actor);
    return apply(v, p, &subject, &change);
}

static struct status change_mask(struct vault *v, const struct vault_actor *actor, uint64_t subject,
                                 uint8_t purpose, bool on, bool objection) {
    if (purpose != VAULT_ALL && purpose >= VAULT_PURPOSES_MAX) {
        return FAIL(E_NUMBER);
    }
    TRY(op_begin(v));
    return op_end(v, set_mask(v, actor, subject, purpose, on, objection));
}

struct status vault_object(struct vault *v, const struct vault_actor *actor, uint64_t subject,
                           uint8_t purpose, bool on) {
    return change_mask(v, actor, subject, purpose, on, true);
}

struct status vault_restrict(struct vault *v, const struct vault_actor *actor, uint64_t subject,
                             uint8_t purpose, bool on) {
    return change_mask(v, actor, subject, purpose, on, false);
}

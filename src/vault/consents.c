/* Consents: per purpose, by whom, when, in front of which notice. Withdrawn as easily as given. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "said.h"

static struct vault_consent *find(const struct person *p, uint8_t purpose) {
    for (size_t i = 0; i < p->consent_count; i++) {
        if (p->consents[i].purpose == purpose) {
            return &p->consents[i];
        }
    }
    return NULL;
}

static enum leaf_kind leaf_of(uint8_t state) {
    switch (state) {
    case LAW_CONSENT_STATE_GIVEN:
        return LEAF_CONSENT;
    case LAW_CONSENT_STATE_REFUSED:
        return LEAF_CONSENT_REFUSED;
    default:
        return LEAF_WITHDRAWAL;
    }
}

static struct slice giver_of(uint8_t giver) {
    static const struct slice names[] = {
        [LAW_CONSENT_GIVER_SELF] = SLICE_INIT("self"),
        [LAW_CONSENT_GIVER_GUARDIAN] = SLICE_INIT("guardian"),
        [LAW_CONSENT_GIVER_BOTH] = SLICE_INIT("both"),
    };
    return giver < ARRAY_LEN(names) ? names[giver] : SLICE("");
}

/* "VERSION language", as the person's copy tells it. */
static struct status notice_text(const struct vault_notice *notice, struct buf *out) {
    if (!notice->shown) {
        return STATUS_OK;
    }
    TRY(hex_encode(slice_of(notice->version, sizeof notice->version), out));
    TRY(buf_add_byte(out, ' '));
    return buf_add_str(out, notice->language);
}

static struct status log_consent(struct vault *v, const struct vault_actor *actor,
                                 const struct person *p, const struct vault_consent *consent) {
    struct buf notice CLEANUP(buf_done);
    buf_init(&notice, 128);
    TRY(notice_text(&consent->notice, &notice));
    struct said said = {
        .subject = p->subject.id,
        .purpose = vault_purpose_name(v, consent->purpose),
        .at_ms = consent->at_ms,
        .notice = buf_slice(&notice),
        .giver = giver_of(consent->giver),
        .other = consent->by == p->subject.id ? 0 : consent->by,
    };
    said_actor(&said, actor);
    return said_log(v, leaf_of(consent->state), p, &said, NULL);
}

static struct status refuse(struct vault *v, const struct vault_actor *actor, uint64_t subject,
                            uint8_t purpose, uint8_t giver, const struct vault_answer *answer) {
    struct person *p = NULL;
    TRY(person_get(v, subject, &p));
    struct said said = {
        .subject = subject,
        .purpose = vault_purpose_name(v, purpose),
        .outcome = SLICE("deny"),
        .answer = &answer->law,
        .at_ms = vault_now_ms(v),
        .giver = giver_of(giver),
    };
    said_actor(&said, actor);
    return said_log(v, LEAF_CONSENT_REFUSED, p, &said, NULL);
}

struct status vault_consent_refused(struct vault *v, const struct vault_actor *actor,
                                    uint64_t subject, uint8_t purpose, uint8_t giver,
                                    const struct vault_answer *answer) {
    if (purpose >= VAULT_PURPOSES_MAX || answer->permit) {
        return FAIL(E_NUMBER);
    }
    TRY(op_begin(v));
    return op_end(v, refuse(v, actor, subject, purpose, giver, answer));
}

/* Room in memory first, so that the last step cannot fail. */
static struct status reserve(struct person *p) {
    struct vault_consent *grown =
        mem_resize(p->consents, (size_t)p->consent_count + 1, sizeof *grown);
    if (grown == NULL) {
        return FAIL(E_MEMORY);
    }
    p->consents = grown;
    return STATUS_OK;
}

static void keep(struct person *p, const struct vault_consent *consent) {
    struct vault_consent *old = find(p, consent->purpose);
    if (old == NULL) {
        old = &p->consents[p->consent_count++];
    }
    *old = *consent;
    p->consented |= UINT64_C(1) << consent->purpose;
}

/* Does a yes say less than the yes before it? Then no restore brings that one back. */
static bool narrower(const struct vault_consent *old, const struct vault_consent *now) {
    return old != NULL && old->state == LAW_CONSENT_STATE_GIVEN &&
           (old->giver != now->giver || old->is_explicit > now->is_explicit ||
            old->written > now->written || old->covers_disclosure > now->covers_disclosure ||
            old->bundled < now->bundled);
}

static struct status tighten(struct vault *v, const struct person *p,
                             const struct vault_consent *old, const struct vault_consent *now) {
    bool given = now->state == LAW_CONSENT_STATE_GIVEN;
    struct tightening tight = {.kind = TIGHT_CONSENT,
                               .subject = p->subject.id,
                               .what = now->purpose,
                               .value = given ? LAW_CONSENT_STATE_NONE : now->state};
    return given && !narrower(old, now) ? STATUS_OK : log_tighten(v, &tight);
}

static struct status set(struct vault *v, const struct vault_actor *actor, struct person *p,
                         const struct vault_consent *consent) {
    person_touch(v, p);
    TRY(reserve(p));
    TRY(consent_save(v, p, consent));
    TRY(log_consent(v, actor, p, consent));
    TRY(tighten(v, p, find(p, consent->purpose), consent));
    bool given = consent->state == LAW_CONSENT_STATE_GIVEN;
    TRY(feed_subject(v, p->subject.id, UINT64_C(1) << consent->purpose,
                     given ? VAULT_CAUSE_CHANGED : VAULT_CAUSE_WITHDRAWN));
    keep(p, consent);
    return STATUS_OK;
}

static struct status set_for(struct vault *v, const struct vault_actor *actor, uint64_t subject,
                             const struct vault_consent *consent) {
    struct person *p = NULL;
    TRY(person_get(v, subject, &p));
    struct vault_consent dated = *consent;
    dated.at_ms = consent->at_ms == 0 ? vault_now_ms(v) : consent->at_ms;
    return set(v, actor, p, &dated);
}

struct status vault_consent_set(struct vault *v, const struct vault_actor *actor, uint64_t subject,
                                const struct vault_consent *consent) {
    bool known = consent->purpose < VAULT_PURPOSES_MAX &&
                 consent->state <= LAW_CONSENT_STATE_WITHDRAWN &&
                 consent->giver <= LAW_CONSENT_GIVER_BOTH && consent->notice.language[11] == '\0';
    if (!known) {
        return FAIL(E_NUMBER);
    }
    TRY(op_begin(v));
    return op_end(v, set_for(v, actor, subject, consent));
}

struct status vault_consent_get(struct vault *v, uint64_t subject, uint8_t purpose,
                                struct vault_consent *ret) {
    TRY(vault_ready(v));
    struct person *p = NULL;
    TRY(person_get(v, subject, &p));
    const struct vault_consent *found = find(p, purpose);
    *ret = found == NULL ? (struct vault_consent){.purpose = purpose} : *found;
    return STATUS_OK;
}

struct status vault_consent_list(struct vault *v, uint64_t subject, struct vault_consent *ret,
                                 size_t max, size_t *ret_count) {
    TRY(vault_ready(v));
    struct person *p = NULL;
    TRY(person_get(v, subject, &p));
    size_t count = p->consent_count < max ? p->consent_count : max;
    for (size_t i = 0; i < count; i++) {
        ret[i] = p->consents[i];
    }
    *ret_count = count;
    return STATUS_OK;
}

/* Guardians ----------------------------------------------------------------------------- */

static struct vault_guardian *find_link(struct person *p, uint64_t guardian) {
    for (size_t i = 0; i < p->guardian_count; i++) {
        if (p->guardians[i].guardian == guardian) {
            return &p->guardians[i];
        }
    }
    return NULL;
}

/* A link that is renewed may stand for less than it did. */
static struct status tighten_link(struct vault *v, const struct vault_guardian *link) {
    uint8_t bytes[] = {link->method, link->verified};
    struct tightening tight = {.kind = TIGHT_LINK,
                               .subject = link->child,
                               .what = link->guardian,
                               .value = (uint64_t)link->until_ms,
                               .ids = slice_of(bytes, sizeof bytes)};
    return log_tighten(v, &tight);
}

static struct status link(struct vault *v, const struct vault_actor *actor,
                          const struct vault_guardian *link) {
    struct person *guardian = NULL;
    struct person *child = NULL;
    TRY(person_get(v, link->guardian, &guardian));
    TRY(person_get(v, link->child, &child));
    struct vault_guardian *old = find_link(child, link->guardian);
    if (old == NULL && child->guardian_count == PERSON_GUARDIANS_MAX) {
        return FAIL(E_TOO_MANY);
    }
    struct vault_guardian dated = *link;
    dated.at_ms = link->at_ms == 0 ? vault_now_ms(v) : link->at_ms;
    dated.until_ms = link->until_ms == 0 ? INT64_MAX : link->until_ms;
    person_touch(v, child);
    TRY(guardian_save(v, child, &dated));
    TRY(old == NULL ? STATUS_OK : tighten_link(v, &dated));
    struct said said = {.subject = link->child, .at_ms = dated.at_ms, .other = link->guardian};
    said_actor(&said, actor);
    TRY(said_log(v, LEAF_GUARDIAN_LINK, child, &said, NULL));
    TRY(feed_subject(v, link->child, UINT64_MAX, VAULT_CAUSE_CHANGED));
    if (old == NULL) {
        old = &child->guardians[child->guardian_count++];
    }
    *old = dated;
    return STATUS_OK;
}

struct status vault_guardian_link(struct vault *v, const struct vault_actor *actor,
                                  const struct vault_guardian *link_to) {
    bool known = link_to->method < law_fact_info(LAW_GUARDIAN_METHOD)->value_count;
    if (!known || link_to->child == link_to->guardian) {
        return FAIL(E_NUMBER);
    }
    TRY(op_begin(v));
    return op_end(v, link(v, actor, link_to));
}

struct status link_again(struct vault *v, const struct tightening *t) {
    struct person *child = NULL;
    TRY(person_get(v, t->subject, &child));
    const struct vault_guardian *old = find_link(child, t->what);
    if (old == NULL || t->ids.len != 2) {
        return old == NULL ? STATUS_OK : FAIL(E_VAULT_CORRUPT);
    }
    struct vault_guardian link = *old;
    int64_t until_ms = (int64_t)t->value;
    link.method = t->ids.ptr[0];
    link.verified = link.verified && t->ids.ptr[1] == 1;
    link.until_ms = until_ms < link.until_ms ? until_ms : link.until_ms;
    return vault_guardian_link(v, NULL, &link);
}

/* What this guardian gave is withdrawn with the link. */
static struct status withdraw_given_by(struct vault *v, const struct vault_actor *actor,
                                       struct person *child, uint64_t guardian) {
    for (size_t i = 0; i < child->consent_count; i++) {
        struct vault_consent consent = child->consents[i];
        bool theirs = consent.by == guardian && consent.state == LAW_CONSENT_STATE_GIVEN;
        if (theirs) {
            consent.state = LAW_CONSENT_STATE_WITHDRAWN;
            consent.at_ms = vault_now_ms(v);
            TRY(set(v, actor, child, &consent));
        }
    }
    return STATUS_OK;
}

static struct status revoke(struct vault *v, const struct vault_actor *actor, uint64_t child_id,
                            uint64_t guardian) {
    struct person *child = NULL;
    TRY(person_get(v, child_id, &child));
    struct vault_guardian *old = find_link(child, guardian);
    if (old == NULL) {
        return FAIL(E_NO_RECORD);
    }
    person_touch(v, child);
    TRY(store_delete(v->store, STORE_GUARDIANS, child_id, guardian));
    TRY(store_delete(v->store, STORE_WARDS, guardian, child_id));
    struct said said = {.subject = child_id, .at_ms = vault_now_ms(v), .other = guardian};
    said_actor(&said, actor);
    TRY(said_log(v, LEAF_GUARDIAN_ENDED, child, &said, NULL));
    struct tightening tight = {.kind = TIGHT_GUARDIAN, .subject = child_id, .what = guardian};
    TRY(log_tighten(v, &tight));
    TRY(withdraw_given_by(v, actor, child, guardian));
    TRY(feed_subject(v, child_id, UINT64_MAX, VAULT_CAUSE_CHANGED));
    *find_link(child, guardian) = child->guardians[child->guardian_count - 1];
    child->guardian_count--;
    return STATUS_OK;
}

static struct status collect_ward(void *arg, uint64_t owner, uint64_t id, struct slice bytes) {
    struct buf *ids = arg;
    (void)owner;
    (void)bytes;
    return buf_add(ids, slice_of(&id, sizeof id));
}

/* Inside an op: every link of a guardian who leaves. */
struct status guardian_leave(struct vault *v, uint64_t guardian) {
    struct buf wards CLEANUP(buf_done);
    buf_init(&wards, DELTA_MAX);
    TRY(store_each(v->store, STORE_WARDS, guardian, 0, collect_ward, &wards));
    for (size_t at = 0; at < wards.len; at += sizeof(uint64_t)) {
        uint64_t child = 0;
        memcpy(&child, wards.ptr + at, sizeof child);
        struct status status = revoke(v, NULL, child, guardian);
        if (failed(status) && status.code != E_NO_SUBJECT && status.code != E_NO_RECORD) {
            return status;
        }
        TRY(store_delete(v->store, STORE_WARDS, guardian, child));
    }
    return STATUS_OK;
}

struct status vault_guardian_revoke(struct vault *v, const struct vault_actor *actor,
                                    uint64_t child, uint64_t guardian) {
    TRY(op_begin(v));
    return op_end(v, revoke(v, actor, child, guardian));
}

struct ward_list {
    struct vault *v;
    struct vault_guardian *links;
    size_t max;
    size_t count;
};

static struct status list_ward(void *arg, uint64_t owner, uint64_t id, struct slice bytes) {
    struct ward_list *list = arg;
    (void)bytes;
    struct person *child = NULL;
    struct status found = person_get(list->v, id, &child);
    if (found.code == E_NO_SUBJECT) {
        return STATUS_OK;
    }
    TRY(found);
    const struct vault_guardian *link = find_link(child, owner);
    if (link != NULL && list->count < list->max) {
        list->links[list->count++] = *link;
    }
    return STATUS_OK;
}

struct status vault_guardian_list(struct vault *v, uint64_t subject, bool as_guardian,
                                  struct vault_guardian *ret, size_t max, size_t *ret_count) {
    TRY(vault_ready(v));
    struct ward_list list = {.v = v, .links = ret, .max = max};
    struct person *p = NULL;
    TRY(person_get(v, subject, &p));
    if (as_guardian) {
        TRY(store_each(v->store, STORE_WARDS, subject, 0, list_ward, &list));
    } else {
        for (; list.count < p->guardian_count && list.count < max; list.count++) {
            ret[list.count] = p->guardians[list.count];
        }
    }
    *ret_count = list.count;
    return STATUS_OK;
}

bool vault_guards(struct vault *v, uint64_t guardian, uint64_t child) {
    struct person *p = NULL;
    if (v->stopped || failed(person_get(v, child, &p))) {
        return false;
    }
    const struct vault_guardian *link = find_link(p, guardian);
    return link != NULL && link->verified && vault_now_ms(v) < link->until_ms;
}

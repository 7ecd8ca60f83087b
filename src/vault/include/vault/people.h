/* People in the vault: facts, look-up tags, guardians, consents, objections, restrictions.
 *
 * Each change is one transaction and one leaf of the ledger, durable when the function (or the
 * batch around it) returned success, and drops every cached decision about the person. What
 * tightens (withdrawn, objected, restricted, revoked) also goes to the tightening log, and to
 * followers as revocations. E_NO_SUBJECT where there is no such person (any more).
 *
 * `actor` is who did it, for the ledger; NULL is the controller. Whether that actor may is the
 * guard's to know (vault_guards tells whether a guardian link stands). */
#ifndef WARD_VAULT_PEOPLE_H
#define WARD_VAULT_PEOPLE_H

#include "vault/vault.h"

/* A look-up tag: finds the subject by a value without keeping the value. `domain` is "mail",
 * "name". Only a keyed hash is kept. */
struct vault_tag {
    struct slice domain;
    struct slice value;
};

/* A new person. Keys are made before rows. E_TAG_TAKEN if a tag leads to somebody. */
MUST_USE struct status vault_subject_add(struct vault *v, const struct vault_actor *actor,
                                         enum vault_subject_state state,
                                         const struct vault_facts *facts,
                                         const struct vault_tag *tags, size_t tag_count,
                                         uint64_t *ret_subject);
/* State and facts, for the guard's own decisions; not recorded as an access. */
MUST_USE struct status vault_subject_get(struct vault *v, uint64_t subject,
                                         struct vault_subject *ret);
/* E_NO_SUBJECT. */
MUST_USE struct status vault_subject_find(struct vault *v, const struct vault_tag *tag,
                                          uint64_t *ret_subject);
/* Rectification (GDPR Art. 16), a move, a better known age, a notice that was shown. */
MUST_USE struct status vault_subject_set_facts(struct vault *v, const struct vault_actor *actor,
                                               uint64_t subject, const struct vault_facts *facts);
MUST_USE struct status vault_subject_set_state(struct vault *v, const struct vault_actor *actor,
                                               uint64_t subject, enum vault_subject_state state);
/* Replaces the person's tag of that domain; an empty value takes it away. E_TAG_TAKEN. */
MUST_USE struct status vault_subject_set_tag(struct vault *v, uint64_t subject,
                                             const struct vault_tag *tag);
/* Ids of living subjects above `after`, in order; *ret_count is below max at the end. */
MUST_USE struct status vault_subject_list(struct vault *v, uint64_t after, uint64_t *ret_ids,
                                          size_t max, size_t *ret_count);
/* The person's age in completed years now, or -1 when it is unknown. An age known as "over NN" is
 * that much and not more. */
int32_t vault_age(const struct vault *v, const struct vault_facts *facts);

/* A yes that the law lets nobody, or not this giver, give: nothing is kept of it but a leaf, which
 * says with which rules and needs `answer` refused it. consent.giver as in vault_consent. */
MUST_USE struct status vault_consent_refused(struct vault *v, const struct vault_actor *actor,
                                             uint64_t subject, uint8_t purpose, uint8_t giver,
                                             const struct vault_answer *answer);
MUST_USE struct status vault_consent_set(struct vault *v, const struct vault_actor *actor,
                                         uint64_t subject, const struct vault_consent *consent);
/* Of one purpose; state none where nothing was ever said. */
MUST_USE struct status vault_consent_get(struct vault *v, uint64_t subject, uint8_t purpose,
                                         struct vault_consent *ret);
/* Everything the person was asked, by purpose. */
MUST_USE struct status vault_consent_list(struct vault *v, uint64_t subject,
                                          struct vault_consent *ret, size_t max, size_t *ret_count);

/* Links a guardian to a child, or renews the link. E_NUMBER where they are the same, and for a
 * method that the vocabulary does not have. */
MUST_USE struct status vault_guardian_link(struct vault *v, const struct vault_actor *actor,
                                           const struct vault_guardian *link);
/* Consents that this guardian gave are withdrawn with it. */
MUST_USE struct status vault_guardian_revoke(struct vault *v, const struct vault_actor *actor,
                                             uint64_t child, uint64_t guardian);
/* Links in which the person is the child (or, with as_guardian, the guardian). */
MUST_USE struct status vault_guardian_list(struct vault *v, uint64_t subject, bool as_guardian,
                                           struct vault_guardian *ret, size_t max,
                                           size_t *ret_count);
/* True while a verified link stands. A failed look-up is false. */
bool vault_guards(struct vault *v, uint64_t guardian, uint64_t child);

/* GDPR Art. 21; purpose or VAULT_ALL. Taking it back is `on` false. */
MUST_USE struct status vault_object(struct vault *v, const struct vault_actor *actor,
                                    uint64_t subject, uint8_t purpose, bool on);
/* GDPR Art. 18; purpose or VAULT_ALL. */
MUST_USE struct status vault_restrict(struct vault *v, const struct vault_actor *actor,
                                      uint64_t subject, uint8_t purpose, bool on);

/* The guard's own small state (sessions, invitations, throttles), kept sealed and counted as the
 * owner's: it goes with them. owner 0 is nobody's. `kind` tells kinds apart (1 to 255), `id` is
 * the guard's. No leaf, no decision: never for the data of the service. */
MUST_USE struct status vault_keep(struct vault *v, uint64_t owner, uint8_t kind, uint64_t id,
                                  struct slice plain);
/* E_NO_RECORD. */
MUST_USE struct status vault_kept(struct vault *v, uint64_t owner, uint8_t kind, uint64_t id,
                                  struct buf *ret_plain);
/* No restored backup brings it back. No error when there is none. */
MUST_USE struct status vault_unkeep(struct vault *v, uint64_t owner, uint8_t kind, uint64_t id);
/* Of one owner and kind, in order of id, from `from` on. `each` must not change the vault. */
typedef struct status vault_kept_fn(void *arg, uint64_t owner, uint64_t id, struct slice plain);
MUST_USE struct status vault_each_kept(struct vault *v, uint64_t owner, uint8_t kind, uint64_t from,
                                       vault_kept_fn *each, void *arg);

#endif

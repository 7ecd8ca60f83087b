/* Guardians: a link that a child sends, what it shows, what accepting it does, and the family. A
 * link is 32 bytes, of which 24 are random, as base64url; only its hash is kept, with the child. */
#include <string.h>

#include "base/bytes.h"
#include "internal.h"

enum { LINK_BYTES = 32, LINK_ID = 1, SIGNATURE_LEAST = 3 };

static struct status link_token(uint64_t child, struct buf *ret_text, struct seal_hash *ret_hash) {
    uint8_t token[LINK_BYTES];
    bytes_put_be64(token, child);
    seal_random(token + 8, sizeof token - 8);
    *ret_hash = seal_token_hash(slice_of(token, sizeof token));
    return base64url_encode(slice_of(token, sizeof token), ret_text);
}

static struct status invite(struct call *c) {
    struct slice mail = arg_text(c, ARG_GUARDIAN_INVITE_MAIL);
    struct buf token CLEANUP(buf_done) = {0};
    struct seal_hash hash;
    struct slice name;
    uint8_t who[8];
    buf_init_secret(&token, 64);
    if (!is_child(c->g, &c->person.facts)) {
        return FAIL(E_ROLE);
    }
    TRY(check_mail(mail));
    bytes_put_be64(who, c->session.subject);
    TRY(throttle_check(c->g, SLICE("invite"), slice_of(who, 8), GUARD_INVITE_TRIES));
    throttle_note(c->g, SLICE("invite"), slice_of(who, 8));
    TRY(shown_name(c, c->session.subject, &name));
    TRY(link_token(c->session.subject, &token, &hash));
    int64_t ends_ms = c->now_ms + GUARD_LINK_MS;
    struct api_value v[STO_LINK__COUNT] = {
        [STO_LINK_HASH] = api_bytes(slice_of(hash.bytes, SEAL_HASH_LEN)),
        [STO_LINK_ENDS_AT] = api_time(ends_ms),
    };
    TRY(vault_unkeep(c->g->vault, c->session.subject, KEPT_LINK, LINK_ID));
    TRY(kept_put(c->g, c->session.subject, KEPT_LINK, LINK_ID, API_STORED_LINK, v));
    TRY(mail_guardian(c->g, mail, slice_str(c->person.facts.language), name, buf_slice(&token)));
    c->fields[ANS_GUARDIAN_INVITE_EXPIRES_AT].i = ends_ms;
    return STATUS_OK;
}

struct child_link {
    uint64_t child;
    int64_t ends_ms;
    struct vault_subject subject;
};

static struct status read_link(struct call *c, struct slice text, struct child_link *ret_link) {
    struct buf token CLEANUP(buf_done) = {0};
    struct api_value *v = NULL;
    buf_init_secret(&token, LINK_BYTES * 2); /* room to decode a little more than is right */
    if (failed(base64url_decode(text, &token)) || token.len != LINK_BYTES) {
        return FAIL(E_LINK);
    }
    struct child_link link = {.child = bytes_be64(token.ptr)};
    struct status s = kept_get(c->g, link.child, KEPT_LINK, LINK_ID, API_STORED_LINK, c->arena, &v);
    if (s.code == E_NO_RECORD || s.code == E_NO_SUBJECT) {
        return FAIL(E_LINK);
    }
    TRY(s);
    struct seal_hash hash = seal_token_hash(buf_slice(&token));
    link.ends_ms = v[STO_LINK_ENDS_AT].i;
    if (!seal_equal(v[STO_LINK_HASH].bytes, slice_of(hash.bytes, SEAL_HASH_LEN)) ||
        c->now_ms >= link.ends_ms) {
        return FAIL(E_LINK);
    }
    TRY(vault_subject_get(c->g->vault, link.child, &link.subject));
    *ret_link = link;
    return STATUS_OK;
}

static struct slice reader_language(const struct call *c, const struct vault_facts *child) {
    bool person = c->session.kind == SESSION_PERSON;
    return slice_str(person ? c->person.facts.language : child->language);
}

static uint64_t age_of(const struct call *c, const struct vault_facts *facts) {
    int32_t age = vault_age(c->g->vault, facts);
    return age < 0 ? 0 : (uint64_t)age;
}

static struct status open_link(struct call *c) {
    struct child_link link;
    struct consent_limit limit;
    struct slice name;
    TRY(read_link(c, arg_text(c, ARG_GUARDIAN_OPEN_TOKEN), &link));
    const struct vault_facts *facts = &link.subject.facts;
    struct vault_use use = use_of(c, API_GUARDIAN_OPEN);
    TRY(call_permit(c, &use, c->g->uses[API_GUARDIAN_OPEN].category, link.child));
    TRY(shown_name(c, link.child, &name));
    TRY(consent_limit(c->g, facts, c->arena, &limit));
    c->fields[ANS_GUARDIAN_OPEN_CHILD_NAME].bytes = name;
    c->fields[ANS_GUARDIAN_OPEN_CHILD_AGE].n = age_of(c, facts);
    c->fields[ANS_GUARDIAN_OPEN_LIMIT_AGE].n = (uint64_t)limit.age;
    c->fields[ANS_GUARDIAN_OPEN_ARTICLE].bytes = limit.article;
    TRY(arena_copy(c->arena, slice_str(facts->country),
                   &c->fields[ANS_GUARDIAN_OPEN_COUNTRY].bytes));
    c->fields[ANS_GUARDIAN_OPEN_EXPIRES_AT].i = link.ends_ms;
    return choice_list(c, link.child, reader_language(c, facts),
                       &c->op->answer->fields[ANS_GUARDIAN_OPEN_CHOICES].type,
                       &c->fields[ANS_GUARDIAN_OPEN_CHOICES]);
}

/* --- accepting --- */

static struct status check_guardian(struct call *c, const struct child_link *link) {
    if (link->child == c->session.subject) {
        return FAIL(E_GUARDIAN_SELF);
    }
    if (is_child(c->g, &c->person.facts)) {
        return FAIL(E_GUARDIAN_ADULT);
    }
    struct slice signature = slice_trim(arg_text(c, ARG_GUARDIAN_ACCEPT_SIGNED_NAME));
    bool declared = arg(c, ARG_GUARDIAN_ACCEPT_DECLARES)->yes;
    return declared && signature.len >= SIGNATURE_LEAST ? STATUS_OK : FAIL(E_DECLARATION);
}

static struct status put_declaration(struct call *c, uint64_t child) {
    struct buf plain CLEANUP(buf_done) = {0};
    struct vault_use use = use_of(c, API_GUARDIAN_ACCEPT);
    struct vault_meta meta = {.owner = c->session.subject,
                              .category = c->g->uses[API_GUARDIAN_ACCEPT].category,
                              .others = {child}};
    struct api_value v[STO_GUARDIANSHIP__COUNT] = {
        [STO_GUARDIANSHIP_CHILD] = api_n(child),
        [STO_GUARDIANSHIP_SIGNED_NAME] = *arg(c, ARG_GUARDIAN_ACCEPT_SIGNED_NAME),
        [STO_GUARDIANSHIP_DECLARED_AT] = api_time(c->now_ms),
    };
    struct vault_answer answer = {0};
    uint64_t id;
    buf_init_secret(&plain, 4096);
    TRY(stored_write(API_STORED_GUARDIANSHIP, v, &plain));
    struct status s = vault_put(c->g->vault, &use, &meta, buf_slice(&plain), &id, &answer);
    if (s.code == E_DENIED) {
        call_decided(c, &use, meta.category, child, &answer);
    }
    return s;
}

static struct status link_guardian(struct call *c, uint64_t child) {
    struct vault_guardian link = {.child = child,
                                  .guardian = c->session.subject,
                                  .method = LAW_GUARDIAN_METHOD_SIGNED_FORM,
                                  .verified = true,
                                  .at_ms = c->now_ms,
                                  .until_ms = INT64_MAX};
    return vault_guardian_link(c->g->vault, &c->actor, &link);
}

/* A yes that the law allows to nobody is refused; a no always stands. */
static struct status decide_for(struct call *c, uint64_t child, struct slice purpose_name,
                                struct slice state_name) {
    uint8_t purpose;
    uint8_t state;
    struct choice choice;
    struct vault_subject subject;
    TRY(vault_subject_get(c->g->vault, child, &subject));
    TRY(choice_read(c, purpose_name, state_name, &purpose, &state));
    TRY(choice_of(c, child, purpose, &choice));
    if (state == LAW_CONSENT_STATE_GIVEN && !choice.possible) {
        return choice_refuse(c, child, &choice, true);
    }
    /* What the law asks about is what the child was told; the guardian was shown the choices. */
    return choice_set(c, child, &choice, state, true, &subject.facts.notice);
}

/* Purposes and states are looked at before anything is done. */
static struct status check_decisions(struct call *c, const struct api_value *list) {
    uint8_t ignored[2];
    for (size_t i = 0; i < list->list.count; i++) {
        const struct api_value *d = list->list.items[i].fields;
        TRY(choice_read(c, d[TYP_DECISION_PURPOSE].bytes, d[TYP_DECISION_STATE].bytes, &ignored[0],
                        &ignored[1]));
    }
    return STATUS_OK;
}

static struct status accept(struct call *c) {
    struct child_link link;
    const struct api_value *list = arg(c, ARG_GUARDIAN_ACCEPT_DECISIONS);
    TRY(read_link(c, arg_text(c, ARG_GUARDIAN_ACCEPT_TOKEN), &link));
    TRY(check_guardian(c, &link));
    TRY(check_decisions(c, list));
    TRY(put_declaration(c, link.child));
    TRY(link_guardian(c, link.child));
    TRY(vault_unkeep(c->g->vault, link.child, KEPT_LINK, LINK_ID));
    if (link.subject.state == VAULT_NEEDS_GUARDIAN) {
        TRY(vault_subject_set_state(c->g->vault, &c->actor, link.child, VAULT_ACTIVE));
    }
    for (size_t i = 0; i < list->list.count; i++) {
        const struct api_value *d = list->list.items[i].fields;
        struct status s =
            decide_for(c, link.child, d[TYP_DECISION_PURPOSE].bytes, d[TYP_DECISION_STATE].bytes);
        if (failed(s) && s.code != E_DENIED) {
            return s;
        }
    }
    c->fields[ANS_GUARDIAN_ACCEPT_CHILD].n = link.child;
    return STATUS_OK;
}

/* --- the family --- */

static struct status fill_child(struct call *c, uint64_t child, struct api_value *v,
                                const struct api_type *choices) {
    struct vault_subject subject;
    TRY(vault_subject_get(c->g->vault, child, &subject));
    v[TYP_CHILD_ID].n = child;
    TRY(shown_name(c, child, &v[TYP_CHILD_NAME].bytes));
    v[TYP_CHILD_AGE].n = age_of(c, &subject.facts);
    return choice_list(c, child, slice_str(c->person.facts.language), choices,
                       &v[TYP_CHILD_CHOICES]);
}

static struct status family(struct call *c) {
    struct vault_guardian links[GUARD_CHILDREN_EACH];
    size_t count;
    const struct api_type *type = &c->op->answer->fields[ANS_FAMILY_LIST_CHILDREN].type;
    struct api_value *list = &c->fields[ANS_FAMILY_LIST_CHILDREN];
    TRY(vault_guardian_list(c->g->vault, c->session.subject, true, links, ARRAY_LEN(links),
                            &count));
    TRY(api_list_make(c->arena, type, count, list));
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (vault_guards(c->g->vault, c->session.subject, links[i].child)) {
            TRY(fill_child(c, links[i].child, list->list.items[kept++].fields,
                           &type->item->shape->fields[TYP_CHILD_CHOICES].type));
        }
    }
    list->list.count = kept;
    return STATUS_OK;
}

static struct status decide(struct call *c) {
    uint64_t child = arg(c, ARG_FAMILY_DECIDE_CHILD)->n;
    if (!vault_guards(c->g->vault, c->session.subject, child)) {
        return FAIL(E_NOT_FOUND);
    }
    TRY(call_allowed(c));
    TRY(decide_for(c, child, arg_text(c, ARG_FAMILY_DECIDE_PURPOSE),
                   arg_text(c, ARG_FAMILY_DECIDE_STATE)));
    return call_own(c); /* the leaf of the choice is the child's */
}

const struct handler guardian_handlers[] = {
    {API_GUARDIAN_INVITE, invite, NULL, false, true},
    {API_GUARDIAN_OPEN, open_link, NULL, false, false},
    {API_GUARDIAN_ACCEPT, accept, NULL, false, false},
    {API_FAMILY_LIST, family, NULL, false, true},
    {API_FAMILY_DECIDE, decide, NULL, false, false},
    {0},
};

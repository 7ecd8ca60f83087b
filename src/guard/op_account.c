/* Accounts: join, sign in, sign out, who am I, erase. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "internal.h"

enum { DEVICE_LEAST = 16 };

/* --- the age screen --- */

static struct seal_hash birth_mark(const struct guard *g, struct slice birth_date) {
    return seal_keyed_hash(&g->mark_key, SLICE("birth"), birth_date);
}

static uint64_t device_mark(const struct guard *g, struct slice device) {
    return bytes_be64(seal_keyed_hash(&g->mark_key, SLICE("device"), device).bytes) >> 1;
}

/* The same answer as before may be given again, another may not: an under-age answer cannot be
 * mended into adulthood by trying. */
static struct status check_lock(struct call *c) {
    uint64_t id = device_mark(c->g, arg_text(c, ARG_ACCOUNT_JOIN_DEVICE));
    struct api_value *v = NULL;
    struct status s = kept_get(c->g, 0, KEPT_LOCK, id, API_STORED_LOCK, c->arena, &v);
    if (s.code == E_NO_RECORD) {
        return STATUS_OK;
    }
    TRY(s);
    struct seal_hash mark = birth_mark(c->g, arg_text(c, ARG_ACCOUNT_JOIN_BIRTH_DATE));
    bool same = seal_equal(v[STO_LOCK_BIRTH].bytes, slice_of(mark.bytes, SEAL_HASH_LEN));
    return same || c->now_ms >= v[STO_LOCK_ENDS_AT].i ? STATUS_OK : FAIL(E_AGE_LOCKED);
}

static struct status set_lock(struct call *c) {
    struct seal_hash mark = birth_mark(c->g, arg_text(c, ARG_ACCOUNT_JOIN_BIRTH_DATE));
    struct api_value v[STO_LOCK__COUNT] = {
        [STO_LOCK_BIRTH] = api_bytes(slice_of(mark.bytes, SEAL_HASH_LEN)),
        [STO_LOCK_ENDS_AT] = api_time(c->now_ms + GUARD_AGE_LOCK_MS),
    };
    uint64_t id = device_mark(c->g, arg_text(c, ARG_ACCOUNT_JOIN_DEVICE));
    return kept_put(c->g, 0, KEPT_LOCK, id, API_STORED_LOCK, v);
}

static struct status read_facts(const struct call *c, struct vault_facts *ret_facts) {
    struct vault_facts facts = {.age_kind = VAULT_AGE_UNKNOWN};
    TRY(facts_birth(c, arg_text(c, ARG_ACCOUNT_JOIN_BIRTH_DATE), &facts));
    TRY(facts_place(arg_text(c, ARG_ACCOUNT_JOIN_COUNTRY), arg_text(c, ARG_ACCOUNT_JOIN_REGION),
                    &facts));
    TRY(facts_language(c, arg_text(c, ARG_ACCOUNT_JOIN_LANGUAGE), &facts));
    TRY(facts_notice(c, arg_text(c, ARG_ACCOUNT_JOIN_NOTICE), &facts));
    *ret_facts = facts;
    return STATUS_OK;
}

/* --- join --- */

static struct status name_is_free(struct call *c, struct vault_tag tag) {
    uint64_t taken;
    struct status s = vault_subject_find(c->g->vault, &tag, &taken);
    return s.code == E_NO_SUBJECT ? STATUS_OK : failed(s) ? s : FAIL(E_NAME_TAKEN);
}

static struct status fill_password(struct slice password, struct guard_password *job) {
    if (password.len > sizeof job->password) {
        return FAIL(E_TOO_LARGE);
    }
    memcpy(job->password, password.ptr, password.len);
    job->password_len = password.len;
    return STATUS_OK;
}

static struct status check_join(struct call *c, struct vault_facts *ret_facts) {
    struct slice device = arg_text(c, ARG_ACCOUNT_JOIN_DEVICE);
    struct slice name = arg_text(c, ARG_ACCOUNT_JOIN_NAME);
    struct slice mail = arg_text(c, ARG_ACCOUNT_JOIN_MAIL);
    if (device.len < DEVICE_LEAST) {
        return FAIL(E_FRAME);
    }
    TRY(check_name(name));
    TRY(check_mail(mail));
    TRY(read_facts(c, ret_facts));
    TRY(check_lock(c));
    TRY(name_is_free(c, tag_name(c->arena, name)));
    return name_is_free(c, tag_mail(c->arena, mail));
}

static struct status join_prepare(struct call *c, struct guard_password *job) {
    struct vault_facts facts;
    struct slice device = arg_text(c, ARG_ACCOUNT_JOIN_DEVICE);
    struct slice password = arg_text(c, ARG_ACCOUNT_JOIN_PASSWORD);
    TRY(throttle_check(c->g, SLICE("join"), device, GUARD_JOIN_TRIES));
    throttle_note(c->g, SLICE("join"), device);
    TRY(check_join(c, &facts));
    TRY(check_password(password, arg_text(c, ARG_ACCOUNT_JOIN_NAME)));
    job->verify = false;
    return fill_password(password, job);
}

static struct status put_stored(struct call *c, uint64_t subject, struct slice category,
                                enum api_stored what, const struct api_value *values) {
    struct buf plain CLEANUP(buf_done) = {0};
    buf_init_secret(&plain, VAULT_PAYLOAD_MAX);
    struct vault_meta meta = {.owner = subject};
    struct vault_use use = use_of(c, API_ACCOUNT_JOIN);
    struct vault_answer answer = {0};
    uint64_t id;
    TRY(vault_category(c->g->vault, category, &meta.category));
    TRY(stored_write(what, values, &plain));
    struct status s = vault_put(c->g->vault, &use, &meta, buf_slice(&plain), &id, &answer);
    if (s.code == E_DENIED) {
        call_decided(c, &use, meta.category, subject, &answer);
    }
    return s;
}

static struct status furnish(struct call *c, uint64_t subject) {
    struct api_value account[STO_ACCOUNT__COUNT] = {
        [STO_ACCOUNT_NAME] = *arg(c, ARG_ACCOUNT_JOIN_NAME),
        [STO_ACCOUNT_LANGUAGE] = *arg(c, ARG_ACCOUNT_JOIN_LANGUAGE),
        [STO_ACCOUNT_JOINED_AT] = api_time(c->now_ms),
    };
    struct api_value address[STO_ADDRESS__COUNT] = {
        [STO_ADDRESS_MAIL] = *arg(c, ARG_ACCOUNT_JOIN_MAIL),
    };
    struct api_value credential[STO_CREDENTIAL__COUNT] = {
        [STO_CREDENTIAL_PASSWORD] = api_text(c->worked->text),
    };
    TRY(put_stored(c, subject, SLICE("account"), API_STORED_ACCOUNT, account));
    TRY(put_stored(c, subject, SLICE("mail-address"), API_STORED_ADDRESS, address));
    return kept_put(c->g, subject, KEPT_CREDENTIAL, 1, API_STORED_CREDENTIAL, credential);
}

static struct status give_session(struct call *c, enum session_kind kind, uint64_t who,
                                  unsigned field) {
    uint8_t token[API_TOKEN_BYTES];
    struct slice copy;
    TRY(session_begin(c, kind, who, token));
    TRY(arena_copy(c->arena, slice_of(token, sizeof token), &copy));
    c->fields[field].bytes = copy;
    return STATUS_OK;
}

/* A person about whom nothing could be stored is taken back at once. */
static struct status take_back(struct call *c, uint64_t subject, struct status why) {
    struct vault_erased erased;
    struct status s = vault_erase_subject(c->g->vault, NULL, subject,
                                          SLICE("the account could not be opened"), NULL, &erased);
    return failed(s) ? s : why;
}

static struct status join(struct call *c) {
    struct vault_facts facts;
    bool guarded = true;
    uint64_t subject;
    TRY(c->worked->result);
    TRY(check_join(c, &facts));
    TRY(needs_guardian(c, &facts, &guarded));
    if (guarded) {
        TRY(set_lock(c));
    }
    struct vault_tag tags[] = {tag_name(c->arena, arg_text(c, ARG_ACCOUNT_JOIN_NAME)),
                               tag_mail(c->arena, arg_text(c, ARG_ACCOUNT_JOIN_MAIL))};
    TRY(vault_subject_add(c->g->vault, NULL, guarded ? VAULT_NEEDS_GUARDIAN : VAULT_ACTIVE, &facts,
                          tags, ARRAY_LEN(tags), &subject));
    c->actor.subject = subject;
    struct status s = furnish(c, subject);
    if (!failed(s)) {
        s = give_session(c, SESSION_PERSON, subject, ANS_ACCOUNT_JOIN_SESSION);
    }
    if (failed(s)) {
        return take_back(c, subject, s);
    }
    c->fields[ANS_ACCOUNT_JOIN_STATE] = api_text(guarded ? "needs-guardian" : "active");
    return STATUS_OK;
}

/* --- login --- */

uint64_t operator_id(const struct guard *g, struct arena *a, struct slice name) {
    struct vault_tag tag = tag_name(a, name);
    return bytes_be64(seal_keyed_hash(&g->mark_key, SLICE("operator"), tag.value).bytes) >> 1;
}

struct found {
    enum session_kind kind;
    uint64_t who;
    struct slice password;
};

static struct status find_person(struct call *c, struct slice name, struct found *ret) {
    bool mail = slice_find(name, '@') < name.len;
    struct vault_tag tag = mail ? tag_mail(c->arena, name) : tag_name(c->arena, name);
    uint64_t subject;
    struct api_value *v = NULL;
    TRY(vault_subject_find(c->g->vault, &tag, &subject));
    TRY(kept_get(c->g, subject, KEPT_CREDENTIAL, 1, API_STORED_CREDENTIAL, c->arena, &v));
    *ret = (struct found){SESSION_PERSON, subject, v[STO_CREDENTIAL_PASSWORD].bytes};
    return STATUS_OK;
}

static struct status find_operator(struct call *c, struct slice name, struct found *ret) {
    uint64_t id = operator_id(c->g, c->arena, name);
    struct api_value *v = NULL;
    TRY(kept_get(c->g, 0, KEPT_OPERATOR, id, API_STORED_OPERATOR, c->arena, &v));
    *ret = (struct found){SESSION_OPERATOR, id, v[STO_OPERATOR_PASSWORD].bytes};
    return STATUS_OK;
}

static bool is_missing(struct status s) {
    return s.code == E_NO_SUBJECT || s.code == E_NO_RECORD;
}

/* kind SESSION_NONE when there is nobody of that name. */
static struct status find_account(struct call *c, struct slice name, struct found *ret) {
    *ret = (struct found){.kind = SESSION_NONE};
    struct status s = find_person(c, name, ret);
    if (is_missing(s)) {
        s = find_operator(c, name, ret);
    }
    return is_missing(s) ? STATUS_OK : s;
}

static struct status fill_verify(const struct found *found, struct slice password,
                                 struct guard_password *job) {
    job->verify = true;
    job->known = found->kind != SESSION_NONE;
    if (found->password.len >= sizeof job->text) {
        return FAIL(E_VAULT_FORMAT);
    }
    if (job->known) {
        memcpy(job->text, found->password.ptr, found->password.len);
    }
    return fill_password(password, job);
}

static struct slice throttle_name(struct call *c, struct slice name) {
    return tag_name(c->arena, name).value;
}

static struct status login_prepare(struct call *c, struct guard_password *job) {
    struct slice name = arg_text(c, ARG_ACCOUNT_LOGIN_NAME);
    struct found found;
    TRY(throttle_check(c->g, SLICE("login"), throttle_name(c, name), GUARD_LOGIN_TRIES));
    TRY(find_account(c, name, &found));
    return fill_verify(&found, arg_text(c, ARG_ACCOUNT_LOGIN_PASSWORD), job);
}

static struct status person_state(struct call *c, uint64_t subject, const char **ret_state) {
    struct vault_subject person;
    TRY(vault_subject_get(c->g->vault, subject, &person));
    *ret_state = person.state == VAULT_NEEDS_GUARDIAN ? "needs-guardian" : "active";
    return STATUS_OK;
}

static struct status login(struct call *c) {
    struct slice name = arg_text(c, ARG_ACCOUNT_LOGIN_NAME);
    struct found found;
    const char *state = "active";
    if (c->worked->result.code == E_PASSWORD) {
        throttle_note(c->g, SLICE("login"), throttle_name(c, name));
        return FAIL(E_LOGIN);
    }
    TRY(c->worked->result);
    TRY(find_account(c, name, &found));
    if (found.kind == SESSION_NONE) {
        return FAIL(E_LOGIN);
    }
    if (found.kind == SESSION_PERSON) {
        TRY(person_state(c, found.who, &state));
    }
    throttle_clear(c->g, SLICE("login"), throttle_name(c, name));
    c->fields[ANS_ACCOUNT_LOGIN_STATE] = api_text(state);
    return give_session(c, found.kind, found.who, ANS_ACCOUNT_LOGIN_SESSION);
}

static struct status logout(struct call *c) {
    return session_end(c->g, &c->session);
}

/* --- me --- */

static struct status me_operator(struct call *c) {
    c->fields[ANS_ACCOUNT_ME_ID].n = c->session.operator;
    c->fields[ANS_ACCOUNT_ME_NAME].bytes = c->operator.name;
    c->fields[ANS_ACCOUNT_ME_ROLE] = api_text("operator");
    c->fields[ANS_ACCOUNT_ME_STATE] = api_text("active");
    c->fields[ANS_ACCOUNT_ME_LANGUAGE] = api_text("en");
    c->fields[ANS_ACCOUNT_ME_COUNTRY].bytes = c->operator.country;
    return STATUS_OK;
}

static struct status me(struct call *c) {
    if (c->session.kind == SESSION_OPERATOR) {
        return me_operator(c);
    }
    const struct vault_facts *facts = &c->person.facts;
    const struct notice *notice = words_notice_for(c->g, facts);
    c->fields[ANS_ACCOUNT_ME_ID].n = c->session.subject;
    TRY(shown_name(c, c->session.subject, &c->fields[ANS_ACCOUNT_ME_NAME].bytes));
    c->fields[ANS_ACCOUNT_ME_ROLE] = api_text("person");
    c->fields[ANS_ACCOUNT_ME_STATE] =
        api_text(c->person.state == VAULT_NEEDS_GUARDIAN ? "needs-guardian" : "active");
    c->fields[ANS_ACCOUNT_ME_LANGUAGE] = api_text(facts->language);
    c->fields[ANS_ACCOUNT_ME_COUNTRY] = api_text(facts->country);
    c->fields[ANS_ACCOUNT_ME_CHILD].yes = is_child(c->g, facts);
    c->fields[ANS_ACCOUNT_ME_NOTICE] = api_text(notice == NULL ? "" : notice->version);
    return needs_guardian(c, facts, &c->fields[ANS_ACCOUNT_ME_NEEDS_GUARDIAN].yes);
}

/* --- erase --- */

static struct status erase_prepare(struct call *c, struct guard_password *job) {
    uint8_t who[8];
    struct api_value *v = NULL;
    bytes_put_be64(who, c->session.subject);
    TRY(throttle_check(c->g, SLICE("erase"), slice_of(who, sizeof who), GUARD_LOGIN_TRIES));
    TRY(kept_get(c->g, c->session.subject, KEPT_CREDENTIAL, 1, API_STORED_CREDENTIAL, c->arena,
                 &v));
    struct found found = {SESSION_PERSON, c->session.subject, v[STO_CREDENTIAL_PASSWORD].bytes};
    return fill_verify(&found, arg_text(c, ARG_ACCOUNT_ERASE_PASSWORD), job);
}

struct status erase_person(struct call *c, uint64_t subject, struct slice ground,
                           struct slice *ret_receipt, uint64_t *ret_leaf) {
    struct buf receipt CLEANUP(buf_done) = {0};
    struct vault_erased erased;
    buf_init(&receipt, 60000);
    TRY(vault_erase_subject(c->g->vault, &c->actor, subject, ground, &receipt, &erased));
    session_forget(c->g, subject);
    c->reply->after_seq = erased.feed_seq;
    *ret_leaf = erased.leaf;
    return arena_copy(c->arena, buf_slice(&receipt), ret_receipt);
}

static struct status erase(struct call *c) {
    uint8_t who[8];
    uint64_t leaf;
    bytes_put_be64(who, c->session.subject);
    if (c->worked->result.code == E_PASSWORD) {
        throttle_note(c->g, SLICE("erase"), slice_of(who, sizeof who));
        return FAIL(E_LOGIN);
    }
    TRY(c->worked->result);
    TRY(erase_person(c, c->session.subject, SLICE("GDPR Art. 17(1)"),
                     &c->fields[ANS_ACCOUNT_ERASE_RECEIPT].bytes, &leaf));
    struct buf name CLEANUP(buf_done) = {0};
    buf_init(&name, 60);
    TRY(buf_add_format(&name, "ward-receipt-%llu.tlog-proof", (unsigned long long)leaf));
    return arena_copy(c->arena, buf_slice(&name), &c->fields[ANS_ACCOUNT_ERASE_NAME].bytes);
}

const struct handler account_handlers[] = {
    {API_ACCOUNT_JOIN, join, join_prepare, true, false},
    {API_ACCOUNT_LOGIN, login, login_prepare, false, false},
    {API_ACCOUNT_LOGOUT, logout, NULL, false, false},
    {API_ACCOUNT_ME, me, NULL, false, false},
    {API_ACCOUNT_ERASE, erase, erase_prepare, true, true},
    {0},
};

/* A person is handed what is theirs, whatever the controller failed at and whatever rests: GDPR
 * Art. 15(1), 20(1). Nobody else is, and nothing else opens by it. */
#include "inside.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- an adult with a clip for everybody, a watch history and the notice for adults --- */

struct owner {
    struct inside *w;
    token session;
    char name[20];
    uint64_t id;
    uint64_t clip;
};

static void begin(struct inside *w, struct owner *o) {
    static unsigned number;
    char device[40];
    *o = (struct owner){.w = w};
    (void)snprintf(o->name, sizeof o->name, "owner%u", number);
    (void)snprintf(device, sizeof device, "device-a-0123456789-%u", number++);
    assert_int_equal(joins(w, o->name, "1990-02-01", device, o->session), OK);
    o->id = id_of(w, o->session);
    o->clip = puts_clip(w, o->id, "everyone");
    assert_int_equal(chooses(w, o->session, "keep-history", "given"), OK);
    struct api_value seen[ARG_HISTORY_ADD__COUNT] = {
        [ARG_HISTORY_ADD_CLIP] = api_n(o->clip), [ARG_HISTORY_ADD_WATCHED_MS] = api_n(7000)};
    assert_int_equal(call(w, API_HISTORY_ADD, o->session, seen, NULL), OK);
}

/* --- what opens, and what does not --- */

static size_t count_in(struct inside *w, const char *text) {
    static char all[1 << 20];
    size_t count = 0;
    assert_true(w->fd >= 0);
    ssize_t len = pread(w->fd, all, sizeof all - 1, 0);
    assert_true(len > 0);
    for (ssize_t i = 0; i < len; i++) {
        all[i] = all[i] == 0 ? ' ' : all[i];
    }
    all[len] = 0;
    for (const char *at = strstr(all, text); at != NULL; at = strstr(at + 1, text)) {
        count++;
    }
    return count;
}

static void assert_whole(struct inside *w) {
    assert_int_equal(count_in(w, "\"withheld\""), 0);
    assert_int_equal(count_in(w, "\"caption\":\"Sunrise\""), 1);
    assert_int_equal(count_in(w, "moving pictures"), 3);
    assert_int_equal(count_in(w, "\"category\":\"watch-history\""), 1);
    assert_int_equal(count_in(w, "\"category\":\"mail-address\""), 1);
}

static uint64_t exported(const struct owner *o) {
    struct api_answer answer;
    struct api_value whom[TYP_WHOM__COUNT] = {
        api_text(o->name), [TYP_WHOM_PROGRAM] = api_text(""), [TYP_WHOM_PERSON] = api_n(0)};
    struct api_value args[ARG_ADMIN_EXPORT__COUNT] = {[ARG_ADMIN_EXPORT_WHOM] = {.fields = whom}};
    assert_int_equal(call(o->w, API_ADMIN_EXPORT, NULL, args, &answer), OK);
    return answer.fields[ANS_ADMIN_EXPORT_WITHHELD].n;
}

/* By their own session, and by the owner of the machine on their request. */
static void is_handed_all(const struct owner *o) {
    assert_int_equal(call(o->w, API_DATA_HELD, o->session, NULL, NULL), OK);
    assert_int_equal(call(o->w, API_RECEIPTS_LIST, o->session, NULL, NULL), OK);
    assert_int_equal(call(o->w, API_DATA_EXPORT, o->session, NULL, NULL), OK);
    assert_whole(o->w);
    assert_int_equal(exported(o), 0);
    assert_whole(o->w);
}

static void is_heard(const struct owner *o) {
    struct api_value object[ARG_RIGHTS_OBJECT__COUNT] = {[ARG_RIGHTS_OBJECT_PURPOSE] =
                                                             api_text("play-clip"),
                                                         [ARG_RIGHTS_OBJECT_ON] = api_yes(true)};
    assert_int_equal(call(o->w, API_RIGHTS_OBJECT, o->session, object, NULL), OK);
    assert_int_equal(chooses(o->w, o->session, "keep-history", "withdrawn"), OK);
}

static void nothing_else_opens(const struct owner *o) {
    struct api_value cursor[ARG_HISTORY_LIST__COUNT] = {[ARG_HISTORY_LIST_CURSOR] = api_n(0)};
    uint64_t lease;
    round_of(o->w);
    assert_int_equal(plays(o->w, NULL, o->clip, &lease), E_NOT_FOUND);
    assert_int_equal(plays(o->w, o->session, o->clip, &lease), E_NOT_FOUND);
    assert_int_equal(call(o->w, API_CLIP_MINE, o->session, cursor, NULL), E_DENIED);
}

static void assert_rights_stand(const struct owner *o) {
    nothing_else_opens(o);
    is_handed_all(o);
    nothing_else_opens(o);
    is_heard(o);
    is_handed_all(o);
}

/* --- what the controller failed at, and what rests --- */

static void who_turns_out_to_be_a_child(void **state) {
    struct owner o;
    struct vault_subject person;
    begin(*state, &o);
    assert_int_equal(vault_subject_get(o.w->vault, o.id, &person).code, OK);
    assert_int_equal(date_parse(SLICE("2015-02-01"), &person.facts.birth).code, OK);
    assert_int_equal(vault_subject_set_facts(o.w->vault, NULL, o.id, &person.facts).code, OK);
    assert_rights_stand(&o);
}

static void who_was_told_nothing(void **state) {
    struct owner o;
    struct vault_subject person;
    begin(*state, &o);
    assert_int_equal(vault_subject_get(o.w->vault, o.id, &person).code, OK);
    person.facts.notice = (struct vault_notice){.shown = false};
    assert_int_equal(vault_subject_set_facts(o.w->vault, NULL, o.id, &person.facts).code, OK);
    assert_rights_stand(&o);
}

static void who_is_restricted(void **state) {
    struct owner o;
    begin(*state, &o);
    assert_int_equal(vault_restrict(o.w->vault, NULL, o.id, VAULT_ALL, true).code, OK);
    assert_rights_stand(&o);
}

static void who_is_under_a_legal_hold(void **state) {
    struct owner o;
    begin(*state, &o);
    struct vault_hold hold = {.subject = o.id,
                              .ground = VAULT_HOLD_LEGAL_CLAIMS,
                              .until_ms = o.w->fake.now_ms + DAY_MS,
                              .reference = SLICE("2026/17")};
    assert_int_equal(vault_hold_place(o.w->vault, NULL, &hold).code, OK);
    assert_rights_stand(&o);
}

static void whose_data_were_taken_unlawfully(void **state) {
    struct owner o;
    struct vault_found found;
    begin(*state, &o);
    for (uint8_t p = 0; p < VAULT_PURPOSES_MAX; p++) {
        struct vault_use use = {.purpose = p, .operation = LAW_OPERATION_USE};
        struct vault_query query = {.owner = o.id};
        struct vault_change change = {.flags_add = VAULT_UNLAWFUL};
        assert_int_equal(vault_change(o.w->vault, &use, &query, &change, &found).code, OK);
    }
    round_of(o.w);
    uint64_t lease;
    assert_int_equal(plays(o.w, NULL, o.clip, &lease), E_NOT_FOUND);
    is_handed_all(&o);
}

/* --- a yes that does not count --- */

static uint16_t says(struct inside *w, const uint8_t *child, const char *purpose,
                     const char *state) {
    struct api_value args[ARG_CONSENTS_SET__COUNT] = {
        [ARG_CONSENTS_SET_PURPOSE] = api_text(purpose),
        [ARG_CONSENTS_SET_STATE] = api_text(state),
        [ARG_CONSENTS_SET_NOTICE] = api_text(w->notice[1])};
    return call(w, API_CONSENTS_SET, child, args, NULL);
}

static uint16_t decides(struct inside *w, const uint8_t *guardian, uint64_t child,
                        const char *purpose) {
    struct api_value args[ARG_FAMILY_DECIDE__COUNT] = {
        [ARG_FAMILY_DECIDE_CHILD] = api_n(child),
        [ARG_FAMILY_DECIDE_PURPOSE] = api_text(purpose),
        [ARG_FAMILY_DECIDE_STATE] = api_text("given")};
    return call(w, API_FAMILY_DECIDE, guardian, args, NULL);
}

static uint64_t family(struct inside *w, token mum, token tim) {
    assert_int_equal(joins(w, "mum", "1985-02-01", "device-mum-0123456789", mum), OK);
    assert_int_equal(joins(w, "tim", "2015-02-01", "device-tim-0123456789", tim), OK);
    struct vault_guardian link = {.child = id_of(w, tim),
                                  .guardian = id_of(w, mum),
                                  .method = LAW_GUARDIAN_METHOD_SIGNED_FORM,
                                  .verified = true};
    assert_int_equal(vault_guardian_link(w->vault, NULL, &link).code, OK);
    assert_int_equal(vault_subject_set_state(w->vault, NULL, link.child, VAULT_ACTIVE).code, OK);
    return link.child;
}

/* The ledger says that it was refused, by whom it was given and by which rule; nothing that was
 * refused is told as kept, and what was kept is told once. */
static void a_yes_that_does_not_count_is_told_as_that(void **state) {
    struct inside *w = *state;
    token mum;
    token tim;
    uint64_t child = family(w, mum, tim);
    assert_int_equal(says(w, tim, "keep-history", "given"), E_NEEDS_GUARDIAN);
    assert_int_equal(says(w, tim, "ads-personalised", "given"), E_DENIED);
    assert_int_equal(decides(w, mum, child, "ads-personalised"), E_DENIED);
    assert_int_equal(says(w, tim, "keep-history", "refused"), OK);
    for (int minute = 0; minute < 3; minute++) {
        later(w, MINUTE_MS);
    }
    assert_int_equal(call(w, API_DATA_EXPORT, tim, NULL, NULL), OK);
    assert_int_equal(count_in(w, "\"kind\":\"consent-refused\""), 4);
    assert_int_equal(count_in(w, "\"role: self\",\"purpose: keep-history\",\"outcome: deny\","
                                 "\"rule: gdpr:8(1)\""),
                     1);
    assert_int_equal(count_in(w, "\"need: guardian-consent\""), 1);
    assert_int_equal(count_in(w, "\"role: other\",\"purpose: ads-personalised\","
                                 "\"outcome: deny\",\"rule: dsa:28(2)\""),
                     1);
    assert_int_equal(count_in(w, "\"category: consent-record\""), 0);
    assert_int_equal(call(w, API_DATA_EXPORT, mum, NULL, NULL), OK);
    assert_int_equal(count_in(w, "\"category: consent-record\""), 0);
    assert_int_equal(decides(w, mum, child, "keep-history"), OK);
    for (int minute = 0; minute < 3; minute++) {
        later(w, MINUTE_MS);
    }
    assert_int_equal(call(w, API_DATA_EXPORT, mum, NULL, NULL), OK);
    assert_int_equal(count_in(w, "\"category: consent-record\""), 1);
}

/* --- a guard of their own for all of them --- */

static int open_world(void **state) {
    static struct inside world;
    inside_open(&world);
    *state = &world;
    return 0;
}

static int close_world(void **state) {
    inside_close(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_turns_out_to_be_a_child),
        cmocka_unit_test(who_was_told_nothing),
        cmocka_unit_test(who_is_restricted),
        cmocka_unit_test(who_is_under_a_legal_hold),
        cmocka_unit_test(whose_data_were_taken_unlawfully),
        cmocka_unit_test(a_yes_that_does_not_count_is_told_as_that),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}

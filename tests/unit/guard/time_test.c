/* What time does: sessions, links, locks and throttles end when they say so, to the millisecond. */
#include "inside.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

static const char device_a[] = "device-a-0123456789";
static const char device_b[] = "device-b-0123456789";

static uint16_t me(struct inside *w, const uint8_t *session) {
    return call(w, API_ACCOUNT_ME, session, NULL, NULL);
}

/* --- sessions --- */

struct counted {
    size_t count;
};

static struct status count_row(void *arg, uint64_t owner, uint64_t id, struct slice plain) {
    struct counted *c = arg;
    (void)owner;
    (void)id;
    (void)plain;
    c->count++;
    return STATUS_OK;
}

static size_t rows(struct inside *w, uint64_t owner, enum kept_kind kind) {
    struct counted c = {0};
    assert_int_equal(vault_each_kept(w->vault, owner, (uint8_t)kind, 0, count_row, &c).code, OK);
    return c.count;
}

static void a_session_that_rests_ends(void **state) {
    struct inside *w = *state;
    token anna;
    assert_int_equal(joins(w, "anna", "1990-02-01", device_a, anna), OK);
    later(w, GUARD_SESSION_IDLE_MS - 1);
    assert_int_equal(me(w, anna), OK);
    later(w, GUARD_SESSION_IDLE_MS);
    assert_int_equal(me(w, anna), E_SESSION);
    w->fake.now_ms -= GUARD_SESSION_IDLE_MS;
    assert_int_equal(me(w, anna), E_SESSION); /* a clock set back brings nothing back */
}

static void a_session_in_use_ends_too(void **state) {
    struct inside *w = *state;
    token anna;
    assert_int_equal(logs_in(w, "anna", "three red apples", anna), OK);
    int64_t begun_ms = w->fake.now_ms;
    for (int i = 0; i < 29; i++) {
        later(w, DAY_MS);
        assert_int_equal(me(w, anna), OK);
    }
    later(w, begun_ms + GUARD_SESSION_MS - 1 - w->fake.now_ms);
    assert_int_equal(me(w, anna), OK);
    later(w, 1);
    assert_int_equal(me(w, anna), E_SESSION);
}

static void sessions_that_ended_are_swept(void **state) {
    struct inside *w = *state;
    token anna;
    token kept;
    assert_int_equal(logs_in(w, "anna", "three red apples", anna), OK);
    uint64_t id = id_of(w, anna);
    assert_int_equal(logs_in(w, "anna", "three red apples", kept), OK);
    size_t before = rows(w, id, KEPT_SESSION);
    later(w, 4 * DAY_MS);
    assert_int_equal(me(w, kept), OK);
    later(w, 4 * DAY_MS); /* anna's token was not seen for eight days */
    round_of(w);
    assert_true(before >= 2);
    assert_int_equal(rows(w, id, KEPT_SESSION), 1);
    assert_int_equal(me(w, kept), OK);
    assert_int_equal(me(w, anna), E_SESSION);
}

static void operators_work_a_day(void **state) {
    struct inside *w = *state;
    token olga;
    struct api_value args[ARG_ADMIN_OPERATOR__COUNT] = {
        [ARG_ADMIN_OPERATOR_NAME] = api_text("olga"),
        [ARG_ADMIN_OPERATOR_PASSWORD] = api_text("three red apples"),
        [ARG_ADMIN_OPERATOR_COMPANY] = api_text("Ward"),
        [ARG_ADMIN_OPERATOR_COUNTRY] = api_text("NL"),
        [ARG_ADMIN_OPERATOR_SAME_ENTITY] = api_yes(true)};
    assert_int_equal(call(w, API_ADMIN_OPERATOR, NULL, args, NULL), OK);
    assert_int_equal(logs_in(w, "olga", "three red apples", olga), OK);
    later(w, GUARD_OPERATOR_MS - 1);
    assert_int_equal(me(w, olga), OK);
    later(w, 1);
    assert_int_equal(me(w, olga), E_SESSION);
}

/* --- a guardian's link --- */

/* From the one mail in the outbox, which is then taken away. */
static void take_link(struct inside *w, char ret[64]) {
    static const char mark[] = "/guardian/";
    char pattern[100];
    char text[8192] = {0};
    glob_t found;
    (void)snprintf(pattern, sizeof pattern, "%s/*.eml", w->paths[3]);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, 1);
    FILE *f = fopen(found.gl_pathv[0], "r");
    assert_non_null(f);
    assert_true(fread(text, 1, sizeof text - 1, f) > 0);
    fclose(f);
    remove(found.gl_pathv[0]);
    globfree(&found);
    const char *at = strstr(text, mark);
    assert_non_null(at);
    at += sizeof mark - 1;
    size_t len = strcspn(at, "\r\n");
    assert_true(len < 64);
    memcpy(ret, at, len);
    ret[len] = 0;
}

static void invite(struct inside *w, const uint8_t *child, char ret_link[64]) {
    struct api_value mail[ARG_GUARDIAN_INVITE__COUNT] = {api_text("mum@example.org")};
    assert_int_equal(call(w, API_GUARDIAN_INVITE, child, mail, NULL), OK);
    take_link(w, ret_link);
}

static uint16_t opens(struct inside *w, const char *link) {
    struct api_value args[ARG_GUARDIAN_OPEN__COUNT] = {api_text(link)};
    return call(w, API_GUARDIAN_OPEN, NULL, args, NULL);
}

static uint16_t accepts(struct inside *w, const uint8_t *who, const char *link) {
    struct api_value args[ARG_GUARDIAN_ACCEPT__COUNT] = {
        [ARG_GUARDIAN_ACCEPT_TOKEN] = api_text(link),
        [ARG_GUARDIAN_ACCEPT_SIGNED_NAME] = api_text("Anna de Vries"),
        [ARG_GUARDIAN_ACCEPT_DECLARES] = api_yes(true)};
    return call(w, API_GUARDIAN_ACCEPT, who, args, NULL);
}

static void a_link_ends_and_works_once(void **state) {
    struct inside *w = *state;
    token tim;
    token anna;
    char first[64];
    char second[64];
    assert_int_equal(joins(w, "tim", "2015-02-01", device_b, tim), OK);
    uint64_t child = id_of(w, tim);
    invite(w, tim, first);
    later(w, GUARD_LINK_MS - 1);
    assert_int_equal(opens(w, first), OK);
    later(w, 1);
    assert_int_equal(opens(w, first), E_LINK);
    assert_int_equal(logs_in(w, "anna", "three red apples", anna), OK);
    assert_int_equal(accepts(w, anna, first), E_LINK);
    assert_int_equal(logs_in(w, "tim", "three red apples", tim), OK);
    invite(w, tim, second);
    assert_int_equal(opens(w, first), E_LINK);
    assert_int_equal(accepts(w, anna, second), OK);
    assert_int_equal(accepts(w, anna, second), E_LINK);
    assert_int_equal(opens(w, second), E_LINK);
    assert_int_equal(rows(w, child, KEPT_LINK), 0);
}

static void links_that_ended_are_swept(void **state) {
    struct inside *w = *state;
    token kim;
    char link[64];
    assert_int_equal(joins(w, "kim", "2015-03-01", device_b, kim), OK);
    uint64_t child = id_of(w, kim);
    invite(w, kim, link);
    assert_int_equal(rows(w, child, KEPT_LINK), 1);
    later(w, GUARD_LINK_MS);
    round_of(w);
    assert_int_equal(rows(w, child, KEPT_LINK), 0);
}

/* --- the age screen --- */

static void a_device_is_locked_for_a_day(void **state) {
    struct inside *w = *state;
    token who;
    const char device[] = "device-c-0123456789";
    assert_int_equal(joins(w, "mia", "2016-05-05", device, who), OK);
    assert_int_equal(joins(w, "mia2", "1990-05-05", device, who), E_AGE_LOCKED);
    assert_int_equal(joins(w, "mia2", "1990-05-05", "device-d-0123456789", who), OK);
    later(w, GUARD_AGE_LOCK_MS - 1);
    assert_int_equal(joins(w, "mia3", "1990-05-05", device, who), E_AGE_LOCKED);
    later(w, 1);
    assert_int_equal(joins(w, "mia3", "1990-05-05", device, who), OK);
    later(w, 2 * HOUR_MS);
    round_of(w);
    assert_int_equal(rows(w, 0, KEPT_LOCK), 0);
}

/* --- a no is asked again after a month --- */

static bool asks(struct inside *w, const uint8_t *session, const char *purpose) {
    struct api_answer answer;
    assert_int_equal(call(w, API_CONSENTS_LIST, session, NULL, &answer), OK);
    const struct api_value *list = &answer.fields[ANS_CONSENTS_LIST_CHOICES];
    for (size_t i = 0; i < list->list.count; i++) {
        const struct api_value *v = list->list.items[i].fields;
        if (slice_eq(v[TYP_CHOICE_PURPOSE].bytes, slice_str(purpose))) {
            return v[TYP_CHOICE_ASK].yes;
        }
    }
    fail_msg("no choice about %s", purpose);
    return false;
}

static void a_no_is_not_asked_again_for_a_month(void **state) {
    struct inside *w = *state;
    token anna;
    assert_int_equal(logs_in(w, "anna", "three red apples", anna), OK);
    assert_true(asks(w, anna, "recommend"));
    assert_int_equal(chooses(w, anna, "recommend", "refused"), OK);
    assert_int_equal(chooses(w, anna, "keep-history", "given"), OK);
    assert_false(asks(w, anna, "recommend"));
    assert_false(asks(w, anna, "keep-history"));
    later(w, GUARD_ASK_AGAIN_MS - 1);
    assert_int_equal(logs_in(w, "anna", "three red apples", anna), OK);
    assert_false(asks(w, anna, "recommend"));
    later(w, 1);
    assert_true(asks(w, anna, "recommend"));
    assert_false(asks(w, anna, "keep-history"));
}

/* --- throttles --- */

static void wrong_passwords_wait_a_quarter_of_an_hour(void **state) {
    struct inside *w = *state;
    token who;
    for (int i = 0; i < GUARD_LOGIN_TRIES; i++) {
        assert_int_equal(logs_in(w, "anna", "not the password", who), E_LOGIN);
    }
    assert_int_equal(logs_in(w, "ANNA", "three red apples", who), E_THROTTLED);
    assert_int_equal(logs_in(w, "tim", "three red apples", who), OK); /* others do not wait */
    later(w, GUARD_THROTTLE_MS - 1);
    assert_int_equal(logs_in(w, "anna", "three red apples", who), E_THROTTLED);
    later(w, 1);
    assert_int_equal(logs_in(w, "anna", "three red apples", who), OK);
}

static void invitations_are_few(void **state) {
    struct inside *w = *state;
    token kim;
    char link[64];
    struct api_value mail[ARG_GUARDIAN_INVITE__COUNT] = {api_text("mum@example.org")};
    assert_int_equal(logs_in(w, "kim", "three red apples", kim), OK);
    for (int i = 0; i < GUARD_INVITE_TRIES; i++) {
        invite(w, kim, link);
    }
    assert_int_equal(call(w, API_GUARDIAN_INVITE, kim, mail, NULL), E_THROTTLED);
    assert_int_equal(opens(w, link), OK);
    later(w, GUARD_THROTTLE_MS);
    invite(w, kim, link);
}

static void joining_is_throttled_by_device(void **state) {
    struct inside *w = *state;
    token who;
    const char device[] = "device-e-0123456789";
    for (int i = 0; i < GUARD_JOIN_TRIES; i++) {
        assert_int_equal(joins(w, "anna", "1990-02-01", device, who), E_NAME_TAKEN);
    }
    assert_int_equal(joins(w, "somebody", "1990-02-01", device, who), E_THROTTLED);
    later(w, GUARD_THROTTLE_MS);
    assert_int_equal(joins(w, "somebody", "1990-02-01", device, who), OK);
}

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
        cmocka_unit_test(a_session_that_rests_ends),
        cmocka_unit_test(a_session_in_use_ends_too),
        cmocka_unit_test(sessions_that_ended_are_swept),
        cmocka_unit_test(operators_work_a_day),
        cmocka_unit_test(a_link_ends_and_works_once),
        cmocka_unit_test(links_that_ended_are_swept),
        cmocka_unit_test(a_device_is_locked_for_a_day),
        cmocka_unit_test(a_no_is_not_asked_again_for_a_month),
        cmocka_unit_test(wrong_passwords_wait_a_quarter_of_an_hour),
        cmocka_unit_test(invitations_are_few),
        cmocka_unit_test(joining_is_throttled_by_device),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}

/* What people do, through the socket of a real guard: join, choose, be a child, be forgotten. */
#include "guard_world.h"

#include <signal.h>
#include <string.h>

static const char device_a[] = "device-a-0123456789";
static const char device_b[] = "device-b-0123456789";

static bool state_is(struct guard_world *w, const struct person *p, const char *want) {
    struct ward_answer answer;
    assert_int_equal(ask(w, API_ACCOUNT_ME, p->token, NULL, &answer), OK);
    bool is = slice_eq(answer.fields[ANS_ACCOUNT_ME_STATE].bytes, slice_str(want));
    ward_answer_done(&answer);
    return is;
}

static void a_person_joins_signs_in_and_out(void **state) {
    struct guard_world *w = *state;
    struct person anna = {0};
    struct person again = {0};
    assert_int_equal(join(w, "anna", "1990-02-01", device_a, &anna), OK);
    assert_false(anna.waits);
    assert_true(state_is(w, &anna, "active"));
    assert_int_equal(join(w, "Anna", "1990-02-01", device_a, &again), E_NAME_TAKEN);
    assert_int_equal(login(w, "anna", "three green apples", &again), E_LOGIN);
    assert_int_equal(login(w, "nobody", "three red apples", &again), E_LOGIN);
    assert_int_equal(login(w, "ANNA@example.org", "three red apples", &again), OK);
    assert_int_equal(ask(w, API_ACCOUNT_LOGOUT, again.token, NULL, NULL), OK);
    assert_int_equal(ask(w, API_ACCOUNT_ME, again.token, NULL, NULL), E_SESSION);
    assert_true(state_is(w, &anna, "active"));
}

static void an_adult_chooses_for_each_purpose(void **state) {
    struct guard_world *w = *state;
    struct person anna = {0};
    assert_int_equal(login(w, "anna", "three red apples", &anna), OK);
    assert_int_equal(ask(w, API_CONSENTS_LIST, anna.token, NULL, NULL), OK);
    assert_int_equal(choose(w, &anna, "keep-history", "given"), OK);
    assert_int_equal(choose(w, &anna, "recommend", "refused"), OK);
    assert_int_equal(choose(w, &anna, "keep-account", "given"), E_PURPOSE);
    assert_int_equal(choose(w, &anna, "keep-history", "maybe"), E_CHOICE);
    assert_int_equal(choose(w, &anna, "keep-history", "withdrawn"), OK);
    struct api_value cursor[ARG_HISTORY_LIST__COUNT] = {[ARG_HISTORY_LIST_CURSOR] = api_n(0)};
    struct ward_answer answer;
    assert_int_equal(ask(w, API_HISTORY_LIST, anna.token, cursor, &answer), E_DENIED);
    assert_true(answer.refusal.rule_count > 0);
    assert_true(answer.refusal.need_count > 0);
    ward_answer_done(&answer);
}

static uint16_t accept_as(struct guard_world *w, const struct person *p, const char *token,
                          bool declares) {
    struct api_value args[ARG_GUARDIAN_ACCEPT__COUNT] = {
        [ARG_GUARDIAN_ACCEPT_TOKEN] = api_text(token),
        [ARG_GUARDIAN_ACCEPT_SIGNED_NAME] = api_text("Anna de Vries"),
        [ARG_GUARDIAN_ACCEPT_DECLARES] = api_yes(declares)};
    return ask(w, API_GUARDIAN_ACCEPT, p->token, args, NULL);
}

static void a_child_waits_for_a_guardian(void **state) {
    struct guard_world *w = *state;
    struct person tim = {0};
    struct person other = {0};
    struct person anna = {0};
    char token[64];
    assert_int_equal(login(w, "anna", "three red apples", &anna), OK);
    assert_int_equal(join(w, "tim", "2014-02-01", device_b, &tim), OK);
    assert_true(tim.waits);
    assert_int_equal(join(w, "tom", "1990-02-01", device_b, &other), E_AGE_LOCKED);
    assert_int_equal(begin_clip(w, &tim, "me", 100), 0);
    struct api_value mail[ARG_GUARDIAN_INVITE__COUNT] = {api_text("mum@example.org")};
    assert_int_equal(ask(w, API_GUARDIAN_INVITE, tim.token, mail, NULL), OK);
    read_link_of_mail(w, token);
    struct api_value link[ARG_GUARDIAN_OPEN__COUNT] = {api_text(token)};
    struct ward_answer answer;
    assert_int_equal(ask(w, API_GUARDIAN_OPEN, NULL, link, &answer), OK);
    assert_int_equal(answer.fields[ANS_GUARDIAN_OPEN_LIMIT_AGE].n, 16);
    assert_true(slice_eq(answer.fields[ANS_GUARDIAN_OPEN_ARTICLE].bytes, SLICE("8(1)")));
    ward_answer_done(&answer);
    assert_int_equal(accept_as(w, &anna, token, false), E_DECLARATION);
    assert_int_equal(accept_as(w, &anna, token, true), OK);
    assert_int_equal(accept_as(w, &anna, token, true), E_LINK);
    assert_true(state_is(w, &tim, "active"));
    assert_int_equal(choose(w, &tim, "keep-history", "given"), E_NEEDS_GUARDIAN);
    assert_int_equal(choose(w, &tim, "keep-history", "refused"), OK);
    assert_int_equal(choose(w, &tim, "ads-personalised", "given"), E_DENIED);
}

static const char *export_of(struct guard_world *w, const struct person *p) {
    struct ward_answer answer;
    assert_int_equal(ask(w, API_DATA_EXPORT, p->token, NULL, &answer), OK);
    return archive_text(&answer, answer.fields[ANS_DATA_EXPORT_SIZE_BYTES].n);
}

/* The guardian's declaration concerns the child, who learns of it without the guardian's name. */
static void an_export_has_what_is_mine_and_names_what_is_shared(void **state) {
    struct guard_world *w = *state;
    struct person tim = {0};
    struct person anna = {0};
    assert_int_equal(login(w, "tim", "three red apples", &tim), OK);
    assert_int_equal(login(w, "anna", "three red apples", &anna), OK);
    const char *all = export_of(w, &tim);
    holds(all, "\"birth_date\":\"2014-02-01\"");
    holds(all, "\"data\":{\"name\":\"tim\",");
    holds(all, "{\"consent\":\"keep-history\",\"state\":\"refused\"");
    holds(all, "\"of_another\":true,\"category\":\"guardian-link\"");
    holds(all, "\"data\":null");
    holds_not(all, "Anna");
    holds(export_of(w, &anna), "\"signed_name\":\"Anna");
    holds(export_of(w, &anna), "\"kind\":\"export\"");
}

static void a_guardian_decides_and_nobody_else(void **state) {
    struct guard_world *w = *state;
    struct person anna = {0};
    struct person bea = {0};
    struct ward_answer answer;
    assert_int_equal(login(w, "anna", "three red apples", &anna), OK);
    assert_int_equal(join(w, "bea", "1985-05-05", device_a, &bea), OK);
    assert_int_equal(ask(w, API_FAMILY_LIST, anna.token, NULL, &answer), OK);
    const struct api_value *children = &answer.fields[ANS_FAMILY_LIST_CHILDREN];
    assert_int_equal(children->list.count, 1);
    uint64_t child = children->list.items[0].fields[TYP_CHILD_ID].n;
    ward_answer_done(&answer);
    struct api_value args[ARG_FAMILY_DECIDE__COUNT] = {
        [ARG_FAMILY_DECIDE_CHILD] = api_n(child),
        [ARG_FAMILY_DECIDE_PURPOSE] = api_text("keep-history"),
        [ARG_FAMILY_DECIDE_STATE] = api_text("given")};
    assert_int_equal(ask(w, API_FAMILY_DECIDE, bea.token, args, NULL), E_NOT_FOUND);
    assert_int_equal(ask(w, API_FAMILY_DECIDE, anna.token, args, NULL), OK);
    args[ARG_FAMILY_DECIDE_PURPOSE] = api_text("ads-personalised");
    assert_int_equal(ask(w, API_FAMILY_DECIDE, anna.token, args, NULL), E_DENIED);
}

static void what_was_acknowledged_survives_a_kill(void **state) {
    struct guard_world *w = *state;
    struct person cleo = {0};
    assert_int_equal(join(w, "cleo", "1979-09-09", device_a, &cleo), OK);
    assert_int_equal(choose(w, &cleo, "keep-history", "given"), OK);
    assert_int_equal(guard_end(w, SIGKILL), -SIGKILL);
    guard_begin(w);
    assert_true(state_is(w, &cleo, "active"));
    struct api_value cursor[ARG_HISTORY_LIST__COUNT] = {[ARG_HISTORY_LIST_CURSOR] = api_n(0)};
    assert_int_equal(ask(w, API_HISTORY_LIST, cleo.token, cursor, NULL), OK);
}

static void the_forgotten_are_gone(void **state) {
    struct guard_world *w = *state;
    struct person dora = {0};
    struct ward_answer answer;
    assert_int_equal(join(w, "dora", "1970-07-07", device_a, &dora), OK);
    assert_true(begin_clip(w, &dora, "me", 1000) != 0);
    assert_int_equal(ask(w, API_DATA_HELD, dora.token, NULL, NULL), OK);
    assert_int_equal(ask(w, API_DATA_EXPORT, dora.token, NULL, &answer), OK);
    assert_true(answer.fd >= 0);
    ward_answer_done(&answer);
    assert_int_equal(ask(w, API_RECEIPTS_LIST, dora.token, NULL, NULL), OK);
    struct api_value wrong[ARG_ACCOUNT_ERASE__COUNT] = {api_text("not the password")};
    struct api_value right[ARG_ACCOUNT_ERASE__COUNT] = {api_text("three red apples")};
    assert_int_equal(ask(w, API_ACCOUNT_ERASE, dora.token, wrong, NULL), E_LOGIN);
    assert_int_equal(ask(w, API_ACCOUNT_ERASE, dora.token, right, &answer), OK);
    assert_true(slice_starts(answer.fields[ANS_ACCOUNT_ERASE_RECEIPT].bytes,
                             SLICE("c2sp.org/tlog-proof@v1")));
    ward_answer_done(&answer);
    assert_int_equal(ask(w, API_ACCOUNT_ME, dora.token, NULL, NULL), E_SESSION);
    assert_int_equal(login(w, "dora", "three red apples", &dora), E_LOGIN);
    assert_int_equal(join(w, "dora", "1970-07-07", device_a, &dora), OK);
}

static uint16_t read_as(struct guard_world *w, const struct person *p, const char *purpose,
                        struct ward_answer *ret) {
    struct api_value args[ARG_CONSOLE_READ__COUNT] = {
        [ARG_CONSOLE_READ_NAME] = api_text("cleo"),
        [ARG_CONSOLE_READ_CATEGORY] = api_text("watch-history"),
        [ARG_CONSOLE_READ_PURPOSE] = api_text(purpose)};
    return ask(w, API_CONSOLE_READ, p->token, args, ret);
}

static void an_engineer_from_a_third_country_is_denied(void **state) {
    struct guard_world *w = *state;
    struct person engineer = {0};
    struct ward_answer answer;
    struct api_value args[ARG_ADMIN_OPERATOR__COUNT] = {
        [ARG_ADMIN_OPERATOR_NAME] = api_text("engineer"),
        [ARG_ADMIN_OPERATOR_PASSWORD] = api_text("three red apples"),
        [ARG_ADMIN_OPERATOR_COMPANY] = api_text("Elsewhere Ltd"),
        [ARG_ADMIN_OPERATOR_COUNTRY] = api_text("CN"),
        [ARG_ADMIN_OPERATOR_SAME_ENTITY] = api_yes(false)};
    assert_int_equal(ask_admin(w, API_ADMIN_OPERATOR, args, NULL), OK);
    assert_int_equal(ask_admin(w, API_ADMIN_OPERATOR, args, NULL), E_NAME_TAKEN);
    assert_int_equal(login(w, "engineer", "three red apples", &engineer), OK);
    assert_int_equal(read_as(w, &engineer, "keep-history", &answer), E_DENIED);
    bool chapter_five = false;
    for (size_t i = 0; i < answer.refusal.rule_count; i++) {
        chapter_five |= slice_eq(answer.refusal.rules[i].article, SLICE("44"));
    }
    assert_true(chapter_five);
    ward_answer_done(&answer);
    assert_int_equal(read_as(w, &engineer, "sell-it", NULL), E_UNDECLARED);
    assert_int_equal(ask(w, API_CONSOLE_OVERVIEW, engineer.token, NULL, NULL), OK);
    assert_int_equal(ask(w, API_CONSENTS_LIST, engineer.token, NULL, NULL), E_ROLE);
}

static void a_backup_has_a_name_and_no_path(void **state) {
    struct guard_world *w = *state;
    struct api_value args[ARG_ADMIN_BACKUP__COUNT] = {api_text("first")};
    assert_int_equal(ask_admin(w, API_ADMIN_BACKUP, args, NULL), OK);
    static const char *const wrong[] = {"", "../data/x", "/tmp/x", ".hidden", "a b"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        args[0] = api_text(wrong[i]);
        assert_int_equal(ask_admin(w, API_ADMIN_BACKUP, args, NULL), E_NAME);
    }
}

static void an_audit_is_for_the_owner(void **state) {
    struct guard_world *w = *state;
    struct ward_answer answer;
    struct api_value span[ARG_ADMIN_AUDIT__COUNT] = {[ARG_ADMIN_AUDIT_SINCE] = api_n(0)};
    assert_int_equal(ask(w, API_ADMIN_AUDIT, NULL, span, NULL), E_ROLE);
    assert_int_equal(ask_admin(w, API_ADMIN_AUDIT, span, &answer), OK);
    struct api_value args[ARG_ADMIN_OPENINGS__COUNT] = {answer.fields[ANS_ADMIN_AUDIT_AUDIT]};
    ward_answer_done(&answer);
    assert_int_equal(ask(w, API_ADMIN_OPENINGS, NULL, args, NULL), E_ROLE);
    assert_int_equal(ask_admin(w, API_ADMIN_OPENINGS, args, NULL), OK);
    assert_int_equal(ask_admin(w, API_ADMIN_OPENINGS, args, NULL), E_AUDIT_OVER);
}

static void too_many_wrong_passwords_wait(void **state) {
    struct guard_world *w = *state;
    struct person p = {0};
    for (int i = 0; i < 10; i++) {
        assert_int_equal(login(w, "cleo", "wrong password", &p), E_LOGIN);
    }
    assert_int_equal(login(w, "cleo", "wrong password", &p), E_THROTTLED);
    assert_int_equal(login(w, "cleo", "three red apples", &p), E_THROTTLED);
}

/* Zeroed arguments, no session: whatever is answered must be an answer of that operation. */
static void every_operation_answers_by_its_table(void **state) {
    struct guard_world *w = *state;
    struct arena a CLEANUP(arena_done);
    size_t count;
    const struct api_op *ops = api_ops(&count);
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < count; i++) {
        struct api_value *args = api_record(&a, ops[i].args);
        for (uint32_t f = 0; f < ops[i].args->count; f++) {
            if (ops[i].args->fields[f].type.kind == API_DATE) {
                args[f] = api_text("2000-01-01");
            }
        }
        if (ops[i].who == API_WHO_ADMIN) {
            (void)ask_admin(w, ops[i].number, args, NULL);
        } else {
            (void)ask(w, ops[i].number, NULL, args, NULL);
        }
        assert_true(w->hit[ops[i].number]);
    }
}

static int open_world(void **state) {
    static struct guard_world world;
    world_open(&world);
    *state = &world;
    return 0;
}

static int close_world(void **state) {
    world_close(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_person_joins_signs_in_and_out),
        cmocka_unit_test(an_adult_chooses_for_each_purpose),
        cmocka_unit_test(a_child_waits_for_a_guardian),
        cmocka_unit_test(an_export_has_what_is_mine_and_names_what_is_shared),
        cmocka_unit_test(a_guardian_decides_and_nobody_else),
        cmocka_unit_test(what_was_acknowledged_survives_a_kill),
        cmocka_unit_test(the_forgotten_are_gone),
        cmocka_unit_test(an_engineer_from_a_third_country_is_denied),
        cmocka_unit_test(a_backup_has_a_name_and_no_path),
        cmocka_unit_test(an_audit_is_for_the_owner),
        cmocka_unit_test(too_many_wrong_passwords_wait),
        cmocka_unit_test(every_operation_answers_by_its_table),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}

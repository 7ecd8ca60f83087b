/* Each tightening, made after a backup, stands when the backup is put back. */
#include "world.h"

#include <string.h>

/* The data are lost, and the backup comes back; twice, since the first restore is the past of the
 * second. */
static void lose_and_restore(struct world *w) {
    vault_close(&w->v);
    world_lose(w, "data");
    assert_true(world_restore(w) > 0);
    world_reopen(w);
}

static uint64_t put(struct world *w, uint64_t owner, const char *text) {
    uint64_t id = 0;
    ASSERT_OK(world_put(w, owner, w->share, w->clip, text, &id));
    return id;
}

static struct vault_meta meta_of(struct world *w, uint64_t id) {
    struct vault_use use = {.purpose = w->share, .operation = LAW_OPERATION_USE};
    struct buf plain CLEANUP(buf_done);
    struct vault_meta meta;
    buf_init_secret(&plain, 4096);
    ASSERT_OK(vault_read(w->v, &use, id, &plain, &meta, NULL));
    return meta;
}

static void change(struct world *w, uint64_t id, const struct vault_change *change) {
    struct vault_use use = {.purpose = w->share, .operation = LAW_OPERATION_USE};
    struct vault_query query = {.id = id};
    struct vault_found found;
    ASSERT_OK(vault_change(w->v, &use, &query, change, &found));
    assert_int_equal(found.permitted, 1);
}

static void set_birth(struct world *w, uint64_t subject, const char *birth) {
    struct vault_subject s;
    ASSERT_OK(vault_subject_get(w->v, subject, &s));
    ASSERT_OK(date_parse(slice_str(birth), &s.facts.birth));
    ASSERT_OK(vault_subject_set_facts(w->v, NULL, subject, &s.facts));
}

static void who_turned_out_a_child_stays_one(void **state) {
    struct world *w = *state;
    uint64_t id = 0;
    uint64_t kid = world_adult(w, "kid@x.org");
    uint64_t gone = world_adult(w, "gone@x.org");
    ASSERT_OK(world_consent(w, kid, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    ASSERT_OK(world_put(w, kid, w->keep_history, w->history, "seen", &id));
    world_back_up(w);
    set_birth(w, kid, "2015-05-01");
    set_birth(w, gone, "2015-05-01");
    struct vault_erased erased;
    ASSERT_OK(vault_erase_subject(w->v, NULL, gone, SLICE(""), NULL, &erased));
    assert_refused(w, w->keep_history, id, "8(1)");
    lose_and_restore(w);
    struct vault_subject s;
    ASSERT_OK(vault_subject_get(w->v, kid, &s));
    assert_int_equal(vault_age(w->v, &s.facts), 11);
    assert_string_equal(s.facts.country, "NL");
    assert_refused(w, w->keep_history, id, "8(1)");
    ASSERT_IS(vault_subject_get(w->v, gone, &s), E_NO_SUBJECT);
}

static void what_fewer_may_see_is_withheld(void **state) {
    struct world *w = *state;
    struct vault_use use = {.purpose = w->share, .operation = LAW_OPERATION_USE};
    uint64_t a = world_adult(w, "a@x.org");
    uint64_t narrowed = put(w, a, "everyone");
    uint64_t other = put(w, a, "everyone");
    world_back_up(w);
    ASSERT_OK(vault_narrow(w->v, &use, narrowed, SLICE("me"), NULL));
    ASSERT_OK(vault_rewrite(w->v, &use, other, SLICE("everyone, again"), NULL));
    assert_int_equal(meta_of(w, narrowed).flags & VAULT_WITHHELD, 0);
    lose_and_restore(w);
    assert_reads(w, w->share, narrowed, "everyone");
    assert_int_equal(meta_of(w, narrowed).flags & VAULT_WITHHELD, VAULT_WITHHELD);
    assert_int_equal(meta_of(w, other).flags & VAULT_WITHHELD, 0);
    /* Its owner says anew. */
    ASSERT_OK(vault_rewrite(w->v, &use, narrowed, SLICE("me"), NULL));
    assert_int_equal(meta_of(w, narrowed).flags & VAULT_WITHHELD, 0);
    world_reopen(w);
    assert_int_equal(meta_of(w, narrowed).flags & VAULT_WITHHELD, 0);
}

static void without_the_log_everything_is_withheld(void **state) {
    struct world *w = *state;
    uint64_t id = put(w, world_adult(w, "a@x.org"), "everyone");
    world_back_up(w);
    vault_close(&w->v);
    world_lose(w, "data");
    world_lose(w, "ledger");
    world_restore(w);
    assert_int_equal(meta_of(w, id).flags & VAULT_WITHHELD, VAULT_WITHHELD);
}

static void metadata_that_were_taken_away_stay_so(void **state) {
    struct world *w = *state;
    uint64_t a = world_adult(w, "a@x.org");
    uint64_t id = put(w, a, "one");
    uint64_t untouched = put(w, a, "two");
    uint64_t support = UINT64_C(1) << w->support;
    uint64_t relay = UINT64_C(1) << w->relay;
    int64_t soon = WORLD_START_S + 3600;
    uint16_t friends = 0;
    uint16_t family = 0;
    ASSERT_OK(vault_origin(w->v, SLICE("friends"), &friends));
    struct vault_change before = {
        .shares_add = relay, .flags_add = VAULT_DECISION, .access_list = friends};
    change(w, id, &before);
    world_back_up(w);
    struct vault_change purpose = {.purposes_remove = support, .flags_remove = VAULT_DECISION};
    struct vault_change objection = {.objections_add = UINT64_C(1) << w->rights,
                                     .shares_remove = relay};
    ASSERT_OK(vault_origin(w->v, SLICE("family"), &family));
    struct vault_change end = {.expires_s = soon, .access_list = family};
    change(w, id, &purpose);
    change(w, id, &objection);
    change(w, id, &end);
    lose_and_restore(w);
    struct vault_meta meta = meta_of(w, id);
    assert_int_equal(meta.purposes & support, 0);
    assert_int_equal(meta.objections, UINT64_C(1) << w->rights);
    assert_int_equal(meta.shares, 0);
    assert_int_equal(meta.flags & VAULT_DECISION, 0);
    assert_int_equal(meta.expires_s, soon);
    assert_int_equal(meta.access_list, family);
    assert_true(slice_eq(vault_origin_name(w->v, meta.access_list), SLICE("family")));
    assert_int_not_equal(meta_of(w, untouched).purposes & support, 0);
    assert_int_equal(meta_of(w, untouched).expires_s, VAULT_NEVER_EXPIRES);
    w->fake.now_ms = (soon + 1) * 1000;
    char got[64];
    ASSERT_IS(world_read(w, w->share, id, got, sizeof got), E_NO_RECORD);
}

static void what_was_unlawful_stays_so(void **state) {
    struct world *w = *state;
    uint64_t id = put(w, world_adult(w, "a@x.org"), "one");
    world_back_up(w);
    struct vault_change found = {.flags_add = VAULT_UNLAWFUL};
    char got[64];
    change(w, id, &found);
    ASSERT_IS(world_read(w, w->share, id, got, sizeof got), E_DENIED);
    lose_and_restore(w);
    ASSERT_IS(world_read(w, w->share, id, got, sizeof got), E_DENIED);
}

/* A later end is not done again: the earlier one protects. */
static void an_end_comes_no_later(void **state) {
    struct world *w = *state;
    uint64_t id = put(w, world_adult(w, "a@x.org"), "one");
    struct vault_change near = {.expires_s = WORLD_START_S + 3600};
    struct vault_change far = {.expires_s = WORLD_START_S + 7200};
    change(w, id, &near);
    world_back_up(w);
    change(w, id, &far);
    lose_and_restore(w);
    assert_int_equal(meta_of(w, id).expires_s, WORLD_START_S + 3600);
}

static struct vault_hold hold_of(const struct world *w, uint64_t subject, uint64_t record,
                                 int64_t hours) {
    return (struct vault_hold){.subject = subject,
                               .record = record,
                               .ground = VAULT_HOLD_LEGAL_CLAIMS,
                               .until_ms = w->fake.now_ms + hours * 3600000,
                               .reference = SLICE("file 7")};
}

static void holds_and_their_ends_stand(void **state) {
    struct world *w = *state;
    struct vault_erased erased;
    uint64_t held = world_adult(w, "held@x.org");
    uint64_t freed = world_adult(w, "freed@x.org");
    uint64_t anew = world_adult(w, "anew@x.org");
    uint64_t brief = world_adult(w, "brief@x.org");
    uint64_t record = put(w, freed, "evidence");
    struct vault_hold old[] = {hold_of(w, freed, 0, 24), hold_of(w, anew, 0, 24)};
    ASSERT_OK(vault_hold_place(w->v, NULL, &old[0]));
    ASSERT_OK(vault_hold_place(w->v, NULL, &old[1]));
    world_back_up(w);
    struct vault_hold holds[] = {hold_of(w, held, 0, 24), hold_of(w, 0, record, 24),
                                 hold_of(w, brief, 0, 1), hold_of(w, anew, 0, 48)};
    ASSERT_OK(vault_hold_lift(w->v, NULL, freed, 0));
    ASSERT_OK(vault_hold_lift(w->v, NULL, anew, 0));
    for (size_t i = 0; i < ARRAY_LEN(holds); i++) {
        ASSERT_OK(vault_hold_place(w->v, NULL, &holds[i]));
    }
    vault_close(&w->v);
    w->fake.now_ms += 2 * 3600000;
    world_lose(w, "data");
    world_restore(w);
    ASSERT_IS(vault_erase_subject(w->v, NULL, held, SLICE(""), NULL, &erased), E_HELD);
    ASSERT_IS(vault_erase_record(w->v, NULL, record, SLICE(""), NULL, &erased), E_HELD);
    int64_t next_ms;
    ASSERT_OK(vault_tick(w->v, &next_ms));
    ASSERT_OK(vault_erase_subject(w->v, NULL, brief, SLICE(""), NULL, &erased));
    world_reopen(w);
    ASSERT_IS(vault_erase_subject(w->v, NULL, held, SLICE(""), NULL, &erased), E_HELD);
    w->fake.now_ms += 24 * 3600000;
    ASSERT_OK(vault_tick(w->v, &next_ms));
    ASSERT_IS(vault_erase_subject(w->v, NULL, anew, SLICE(""), NULL, &erased), E_HELD);
    ASSERT_OK(vault_erase_subject(w->v, NULL, held, SLICE(""), NULL, &erased));
    ASSERT_OK(vault_erase_subject(w->v, NULL, freed, SLICE(""), NULL, &erased));
}

/* Placed before the backup or after it, and its first end has come meanwhile. */
static void a_later_end_of_a_hold_stands(void **state) {
    struct world *w = *state;
    struct vault_erased erased;
    uint64_t alice = world_adult(w, "alice@x.org");
    uint64_t bob = world_adult(w, "bob@x.org");
    uint64_t record = put(w, alice, "evidence");
    int64_t next_ms;
    struct vault_hold his = hold_of(w, bob, 0, 1);
    ASSERT_OK(vault_hold_place(w->v, NULL, &his));
    world_back_up(w);
    struct vault_hold hers = hold_of(w, 0, record, 1);
    ASSERT_OK(vault_hold_place(w->v, NULL, &hers));
    hers = hold_of(w, 0, record, 24);
    his = hold_of(w, bob, 0, 24);
    ASSERT_OK(vault_hold_extend(w->v, NULL, &hers));
    ASSERT_OK(vault_hold_extend(w->v, NULL, &his));
    vault_close(&w->v);
    w->fake.now_ms += 2 * 3600000;
    world_lose(w, "data");
    world_restore(w);
    for (int hour = 2; hour < 24; hour += 2) {
        ASSERT_OK(vault_tick(w->v, &next_ms));
        ASSERT_IS(vault_erase_record(w->v, NULL, record, SLICE(""), NULL, &erased), E_HELD);
        ASSERT_IS(vault_erase_subject(w->v, NULL, bob, SLICE(""), NULL, &erased), E_HELD);
        w->fake.now_ms += 2 * 3600000;
    }
    ASSERT_OK(vault_tick(w->v, &next_ms));
    ASSERT_OK(vault_erase_subject(w->v, NULL, bob, SLICE(""), NULL, &erased));
    ASSERT_OK(vault_erase_record(w->v, NULL, record, SLICE(""), NULL, &erased));
}

static void states_and_restrictions_stand(void **state) {
    struct world *w = *state;
    uint64_t kid = world_adult(w, "kid@x.org");
    uint64_t bob = world_adult(w, "bob@x.org");
    uint64_t his = 0;
    ASSERT_OK(world_put(w, bob, w->keep_account, w->account, "his", &his));
    world_back_up(w);
    ASSERT_OK(vault_subject_set_state(w->v, NULL, kid, VAULT_NEEDS_GUARDIAN));
    ASSERT_OK(vault_restrict(w->v, NULL, bob, w->support, true));
    lose_and_restore(w);
    struct vault_subject s;
    ASSERT_OK(vault_subject_get(w->v, kid, &s));
    assert_int_equal(s.state, VAULT_NEEDS_GUARDIAN);
    assert_refused(w, w->support, his, "18(2)");
}

/* A yes that covers less, and then, since nobody knows to what the first yes was, is asked anew. */
static void a_smaller_yes_is_no_larger_one(void **state) {
    struct world *w = *state;
    uint64_t a = world_adult(w, "a@x.org");
    struct vault_consent consent;
    ASSERT_OK(world_consent(w, a, w->recommend, LAW_CONSENT_STATE_GIVEN));
    ASSERT_OK(world_consent(w, a, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    world_back_up(w);
    ASSERT_OK(vault_consent_get(w->v, a, w->recommend, &consent));
    consent.is_explicit = false;
    ASSERT_OK(vault_consent_set(w->v, NULL, a, &consent));
    ASSERT_OK(world_consent(w, a, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    lose_and_restore(w);
    ASSERT_OK(vault_consent_get(w->v, a, w->recommend, &consent));
    assert_int_not_equal(consent.state, LAW_CONSENT_STATE_GIVEN);
    ASSERT_OK(vault_consent_get(w->v, a, w->keep_history, &consent));
    assert_int_equal(consent.state, LAW_CONSENT_STATE_GIVEN);
}

static void a_link_that_was_cut_short_ends(void **state) {
    struct world *w = *state;
    uint64_t kid = world_child(w, "2014-01-01");
    uint64_t mum = world_adult(w, "mum@x.org");
    uint64_t dad = world_adult(w, "dad@x.org");
    struct vault_guardian links[] = {
        {.child = kid, .guardian = mum, .method = LAW_GUARDIAN_METHOD_PAYMENT, .verified = true},
        {.child = kid, .guardian = dad, .method = LAW_GUARDIAN_METHOD_PAYMENT, .verified = true}};
    ASSERT_OK(vault_guardian_link(w->v, NULL, &links[0]));
    ASSERT_OK(vault_guardian_link(w->v, NULL, &links[1]));
    world_back_up(w);
    links[0].until_ms = w->fake.now_ms + 3600000;
    links[1].verified = false;
    ASSERT_OK(vault_guardian_link(w->v, NULL, &links[0]));
    ASSERT_OK(vault_guardian_link(w->v, NULL, &links[1]));
    lose_and_restore(w);
    assert_true(vault_guards(w->v, mum, kid));
    assert_false(vault_guards(w->v, dad, kid));
    w->fake.now_ms += 3600000;
    assert_false(vault_guards(w->v, mum, kid));
}

static enum error_code finds(struct world *w, const char *mail, uint64_t whom) {
    struct vault_tag tag = {SLICE("mail"), slice_str(mail)};
    uint64_t found = whom;
    struct status s = vault_subject_find(w->v, &tag, &found);
    assert_int_equal(found, whom);
    return s.code;
}

static void an_old_address_finds_nobody(void **state) {
    struct world *w = *state;
    uint64_t a = world_adult(w, "old@x.org");
    uint64_t b = world_adult(w, "none@x.org");
    world_back_up(w);
    struct vault_tag moved = {SLICE("mail"), SLICE("new@x.org")};
    struct vault_tag dropped = {SLICE("mail"), SLICE("")};
    ASSERT_OK(vault_subject_set_tag(w->v, a, &moved));
    ASSERT_OK(vault_subject_set_tag(w->v, b, &dropped));
    lose_and_restore(w);
    assert_int_equal(finds(w, "new@x.org", a), OK);
    assert_int_equal(finds(w, "old@x.org", a), E_NO_SUBJECT);
    assert_int_equal(finds(w, "none@x.org", b), E_NO_SUBJECT);
}

static void a_session_that_ended_does_not_begin_again(void **state) {
    struct world *w = *state;
    uint64_t a = world_adult(w, "a@x.org");
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, 4096);
    ASSERT_OK(vault_keep(w->v, a, 2, 7, SLICE("ended")));
    ASSERT_OK(vault_keep(w->v, a, 2, 8, SLICE("goes on")));
    ASSERT_OK(vault_keep(w->v, 0, 7, 1, SLICE("a grant")));
    world_back_up(w);
    ASSERT_OK(vault_unkeep(w->v, a, 2, 7));
    ASSERT_OK(vault_unkeep(w->v, 0, 7, 1));
    ASSERT_OK(vault_unkeep(w->v, a, 2, 99));
    lose_and_restore(w);
    ASSERT_IS(vault_kept(w->v, a, 2, 7, &plain), E_NO_RECORD);
    ASSERT_IS(vault_kept(w->v, 0, 7, 1, &plain), E_NO_RECORD);
    ASSERT_OK(vault_kept(w->v, a, 2, 8, &plain));
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(who_turned_out_a_child_stays_one),
        TEST(what_fewer_may_see_is_withheld),
        TEST(without_the_log_everything_is_withheld),
        TEST(metadata_that_were_taken_away_stay_so),
        TEST(what_was_unlawful_stays_so),
        TEST(an_end_comes_no_later),
        TEST(holds_and_their_ends_stand),
        TEST(a_later_end_of_a_hold_stands),
        TEST(states_and_restrictions_stand),
        TEST(a_smaller_yes_is_no_larger_one),
        TEST(a_link_that_was_cut_short_ends),
        TEST(an_old_address_finds_nobody),
        TEST(a_session_that_ended_does_not_begin_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

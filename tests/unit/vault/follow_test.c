/* The lawful feed: every record that a purpose may use, and every right that it lost. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

/* A projection as a follower keeps it: which records it believes it may use. */
struct projection {
    struct vault_follower *f;
    bool has[256];
    uint64_t owner[256];
    uint64_t cursor;
    size_t records, revocations, all;
};

static void forget(struct projection *p, const struct vault_event *e) {
    p->revocations++;
    for (size_t id = 0; id < 256; id++) {
        bool gone = e->kind == VAULT_EVENT_REVOKE_ALL ||
                    (e->kind == VAULT_EVENT_REVOKE_RECORD && id == e->record) ||
                    (e->kind == VAULT_EVENT_REVOKE_SUBJECT && p->owner[id] == e->subject);
        p->has[id] = p->has[id] && !gone;
    }
    p->all += e->kind == VAULT_EVENT_REVOKE_ALL;
}

static size_t pump(struct projection *p, size_t at_once) {
    struct vault_event events[16];
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, 1 << 16);
    size_t total = 0;
    for (;;) {
        size_t count = 0;
        buf_clear(&plain);
        ASSERT_OK(vault_follow_next(p->f, events, at_once, &plain, &count));
        for (size_t i = 0; i < count; i++) {
            if (events[i].kind == VAULT_EVENT_RECORD) {
                assert_true(slice_eq(events[i].payload, SLICE("seen")));
                p->has[events[i].record] = true;
                p->owner[events[i].record] = events[i].subject;
                p->records++;
            } else {
                forget(p, &events[i]);
            }
            assert_true(i == 0 || events[i].seq >= events[i - 1].seq);
        }
        if (count == 0) {
            return total;
        }
        total += count;
        p->cursor = events[count - 1].cursor;
        vault_follow_ack(p->f, events[count - 1].seq);
    }
}

static size_t held(const struct projection *p) {
    size_t count = 0;
    for (size_t id = 0; id < 256; id++) {
        count += p->has[id];
    }
    return count;
}

static void follow_for(struct world *w, struct projection *p, uint8_t purpose) {
    struct vault_use use = {.purpose = purpose, .operation = LAW_OPERATION_USE};
    ASSERT_OK(vault_follow(w->v, &use, p->cursor, &p->f));
}

static void follow(struct world *w, struct projection *p, uint64_t cursor) {
    p->cursor = cursor;
    follow_for(w, p, w->recommend);
}

static uint64_t viewer(struct world *w, const char *mail, int seen) {
    uint64_t id = world_adult(w, mail);
    uint64_t record = 0;
    ASSERT_OK(world_consent(w, id, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    ASSERT_OK(world_consent(w, id, w->recommend, LAW_CONSENT_STATE_GIVEN));
    for (int i = 0; i < seen; i++) {
        ASSERT_OK(world_put(w, id, w->keep_history, w->history, "seen", &record));
    }
    return id;
}

static void a_withdrawn_consent_is_told_and_a_given_one_too(void **state) {
    struct world *w = *state;
    uint64_t alice = viewer(w, "a@x.org", 3);
    viewer(w, "b@x.org", 2);
    struct projection p = {.cursor = 0};
    follow(w, &p, 0);
    pump(&p, 2);
    assert_int_equal(held(&p), 5);
    ASSERT_OK(world_consent(w, alice, w->recommend, LAW_CONSENT_STATE_WITHDRAWN));
    assert_true(vault_follow_behind(w->v, vault_follow_head(w->v)));
    pump(&p, 2);
    assert_false(vault_follow_behind(w->v, vault_follow_head(w->v)));
    assert_int_equal(held(&p), 2);
    ASSERT_OK(world_consent(w, alice, w->recommend, LAW_CONSENT_STATE_GIVEN));
    pump(&p, 2);
    assert_int_equal(held(&p), 5);
    assert_int_equal(pump(&p, 16), 0);
}

/* Against legitimate interests (GDPR Art. 21(1)), not against a contract or a consent. */
static void an_objection_is_told_where_it_counts(void **state) {
    struct world *w = *state;
    uint64_t alice = viewer(w, "a@x.org", 3);
    uint64_t clip = 0;
    struct projection support = {.cursor = 0};
    struct projection share = {.cursor = 0};
    struct projection recommend = {.cursor = 0};
    viewer(w, "b@x.org", 2);
    ASSERT_OK(world_put(w, alice, w->share, w->clip, "seen", &clip));
    follow_for(w, &support, w->support);
    follow_for(w, &share, w->share);
    follow_for(w, &recommend, w->recommend);
    for (int turn = 0; turn < 2; turn++) {
        pump(&support, 16);
        assert_int_equal(held(&support), 6);
        ASSERT_OK(vault_object(w->v, NULL, alice, w->support, true));
        ASSERT_OK(vault_object(w->v, NULL, alice, w->share, true));
        ASSERT_OK(vault_object(w->v, NULL, alice, w->recommend, true));
        assert_true(vault_follow_behind(w->v, vault_follow_head(w->v)));
        pump(&support, 16);
        pump(&share, 16);
        pump(&recommend, 16);
        assert_int_equal(held(&support), 2);
        assert_int_equal(held(&share), 1);
        assert_int_equal(held(&recommend), 5);
        ASSERT_OK(vault_object(w->v, NULL, alice, w->support, false));
    }
    pump(&support, 16);
    assert_int_equal(held(&support), 6);
}

/* Under restriction consent still carries (GDPR Art. 18(2)), and nothing else does. */
static void a_restriction_is_told_and_its_end_too(void **state) {
    struct world *w = *state;
    uint64_t alice = viewer(w, "a@x.org", 3);
    uint64_t clip = 0;
    struct projection share = {.cursor = 0};
    struct projection recommend = {.cursor = 0};
    ASSERT_OK(world_put(w, alice, w->share, w->clip, "seen", &clip));
    follow_for(w, &share, w->share);
    follow_for(w, &recommend, w->recommend);
    pump(&share, 16);
    pump(&recommend, 16);
    assert_int_equal(held(&share), 1);
    assert_int_equal(held(&recommend), 3);
    ASSERT_OK(vault_restrict(w->v, NULL, alice, VAULT_ALL, true));
    assert_true(vault_follow_behind(w->v, vault_follow_head(w->v)));
    pump(&share, 16);
    pump(&recommend, 16);
    assert_int_equal(held(&share), 0);
    assert_int_equal(held(&recommend), 3);
    ASSERT_OK(world_consent(w, alice, w->recommend, LAW_CONSENT_STATE_WITHDRAWN));
    pump(&recommend, 16);
    assert_int_equal(held(&recommend), 0);
    ASSERT_OK(vault_restrict(w->v, NULL, alice, VAULT_ALL, false));
    pump(&share, 16);
    assert_int_equal(held(&share), 1);
}

/* A message that passes on is the heir's: the follower has it under the new owner. */
static void what_an_heir_receives_is_told_again(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@x.org");
    uint64_t bob = world_adult(w, "bob@x.org");
    struct vault_use use = {.purpose = w->messages, .operation = LAW_OPERATION_COLLECT};
    struct vault_meta meta = {
        .owner = alice, .category = w->message, .flags = VAULT_STAYS, .others = {bob}};
    uint64_t id = 0;
    struct projection p = {.cursor = 0};
    struct vault_erased erased;
    ASSERT_OK(vault_put(w->v, &use, &meta, SLICE("seen"), &id, NULL));
    follow_for(w, &p, w->messages);
    pump(&p, 16);
    assert_int_equal(p.owner[id], alice);
    ASSERT_OK(vault_erase_subject(w->v, NULL, alice, SLICE(""), NULL, &erased));
    pump(&p, 1);
    assert_reads(w, w->messages, id, "seen");
    assert_true(p.has[id]);
    assert_int_equal(p.owner[id], bob);
    ASSERT_OK(vault_erase_subject(w->v, NULL, bob, SLICE(""), NULL, &erased));
    pump(&p, 1);
    assert_int_equal(held(&p), 0);
}

/* A child whose guardian says yes, under a link that ends then. */
static void guarded(struct world *w, const char *birth, int64_t until_ms, uint64_t *ret_record) {
    uint64_t child = world_child(w, birth);
    uint64_t parent = world_adult(w, "parent@x.org");
    struct vault_guardian link = {.child = child,
                                  .guardian = parent,
                                  .method = LAW_GUARDIAN_METHOD_PAYMENT,
                                  .verified = true,
                                  .until_ms = until_ms};
    struct vault_consent consent;
    ASSERT_OK(vault_guardian_link(w->v, NULL, &link));
    ASSERT_OK(world_consent(w, child, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    ASSERT_OK(vault_consent_get(w->v, child, w->keep_history, &consent));
    consent.giver = LAW_CONSENT_GIVER_GUARDIAN;
    consent.by = parent;
    ASSERT_OK(vault_consent_set(w->v, NULL, child, &consent));
    ASSERT_OK(world_put(w, child, w->keep_history, w->history, "seen", ret_record));
}

static void the_end_of_a_guardians_link_is_told(void **state) {
    struct world *w = *state;
    uint64_t id = 0;
    int64_t next_ms = 0;
    struct projection p = {.cursor = 0};
    guarded(w, "2014-06-01", w->fake.now_ms + 3600000, &id);
    follow_for(w, &p, w->keep_history);
    pump(&p, 16);
    assert_true(p.has[id]);
    w->fake.now_ms += 3600000 - 1;
    ASSERT_OK(vault_tick(w->v, &next_ms));
    assert_int_equal(pump(&p, 16), 0);
    w->fake.now_ms += 1;
    ASSERT_OK(vault_tick(w->v, &next_ms));
    assert_true(vault_follow_behind(w->v, vault_follow_head(w->v)));
    pump(&p, 16);
    assert_false(p.has[id]);
    assert_refused(w, w->keep_history, id, "");
}

/* Who waits for a guardian is followed for nothing but what the account needs. */
static void who_waits_for_a_guardian_is_not_followed(void **state) {
    struct world *w = *state;
    uint64_t alice = viewer(w, "a@x.org", 3);
    struct projection p = {.cursor = 0};
    follow(w, &p, 0);
    pump(&p, 16);
    assert_int_equal(held(&p), 3);
    ASSERT_OK(vault_subject_set_state(w->v, NULL, alice, VAULT_NEEDS_GUARDIAN));
    pump(&p, 16);
    assert_int_equal(held(&p), 0);
    ASSERT_OK(vault_subject_set_state(w->v, NULL, alice, VAULT_ACTIVE));
    pump(&p, 16);
    assert_int_equal(held(&p), 3);
}

static void erasure_and_expiry_are_told(void **state) {
    struct world *w = *state;
    uint64_t alice = viewer(w, "a@x.org", 3);
    w->fake.now_ms += 86400000;
    viewer(w, "b@x.org", 2);
    struct projection p = {.cursor = 0};
    follow(w, &p, 0);
    pump(&p, 16);
    struct vault_erased erased;
    ASSERT_OK(vault_erase_subject(w->v, NULL, alice, SLICE(""), NULL, &erased));
    assert_true(vault_follow_behind(w->v, erased.feed_seq));
    pump(&p, 16);
    assert_false(vault_follow_behind(w->v, erased.feed_seq));
    assert_int_equal(held(&p), 2);
    w->fake.now_ms += (int64_t)30 * 86400 * 1000;
    int64_t next_ms = 0;
    ASSERT_OK(vault_tick(w->v, &next_ms));
    pump(&p, 16);
    assert_int_equal(held(&p), 0);
}

/* In the Netherlands a consent is a person's own from the 16th birthday on: what a guardian gave
 * ends with that day, and nobody has to do anything for it. */
static void a_birthday_takes_a_guardians_consent_away(void **state) {
    enum { TO_MIDNIGHT_MS = 12 * 3600 * 1000 };
    struct world *w = *state;
    uint64_t id = 0;
    int64_t next_ms = 0;
    struct projection p = {.cursor = 0};
    guarded(w, "2010-11-22", 0, &id);
    follow_for(w, &p, w->keep_history);
    pump(&p, 16);
    assert_true(p.has[id]);
    w->fake.now_ms += TO_MIDNIGHT_MS - 1;
    ASSERT_OK(vault_tick(w->v, &next_ms));
    assert_int_equal(pump(&p, 16), 0);
    w->fake.now_ms += 1;
    ASSERT_OK(vault_tick(w->v, &next_ms));
    assert_true(vault_follow_behind(w->v, vault_follow_head(w->v)));
    pump(&p, 16);
    assert_false(p.has[id]);
    assert_refused(w, w->keep_history, id, "");
}

static void a_late_follower_is_stopped(void **state) {
    struct world *w = *state;
    uint64_t alice = viewer(w, "a@x.org", 1);
    struct projection p = {.cursor = 0};
    follow(w, &p, 0);
    pump(&p, 16);
    ASSERT_OK(world_consent(w, alice, w->recommend, LAW_CONSENT_STATE_WITHDRAWN));
    uint64_t head = vault_follow_head(w->v);
    int64_t next_ms = 0;
    w->fake.now_ms += VAULT_ACK_WITHIN_MS;
    ASSERT_OK(vault_tick(w->v, &next_ms));
    assert_true(vault_follow_behind(w->v, head));
    w->fake.now_ms += 1;
    ASSERT_OK(vault_tick(w->v, &next_ms));
    assert_false(vault_follow_behind(w->v, head));
    struct vault_event event;
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, 64);
    size_t count = 0;
    ASSERT_IS(vault_follow_next(p.f, &event, 1, &plain, &count), E_FOLLOWER_LATE);
}

/* Who sets the machine's clock makes nobody late, and gives nobody more time. */
static void a_clock_that_is_set_stops_nobody(void **state) {
    struct world *w = *state;
    for (int64_t set_ms = -3600000; set_ms <= 3600000; set_ms += 7200000) {
        uint64_t alice = viewer(w, set_ms < 0 ? "a@x.org" : "b@x.org", 1);
        struct projection p = {.cursor = 0};
        follow(w, &p, 0);
        pump(&p, 16);
        ASSERT_OK(world_consent(w, alice, w->recommend, LAW_CONSENT_STATE_WITHDRAWN));
        uint64_t head = vault_follow_head(w->v);
        int64_t next_ms = 0;
        w->fake.now_ms += set_ms;
        w->fake.set_ms += set_ms;
        ASSERT_OK(vault_tick(w->v, &next_ms));
        assert_true(vault_follow_behind(w->v, head));
        assert_true(next_ms <= w->fake.now_ms + VAULT_ACK_WITHIN_MS + 1);
        pump(&p, 16);
        assert_false(vault_follow_behind(w->v, head));
        ASSERT_OK(world_consent(w, alice, w->recommend, LAW_CONSENT_STATE_GIVEN));
        w->fake.now_ms += VAULT_ACK_WITHIN_MS + 1 + set_ms;
        w->fake.set_ms += set_ms;
        ASSERT_OK(vault_tick(w->v, &next_ms));
        struct vault_event event;
        struct buf plain CLEANUP(buf_done);
        buf_init_secret(&plain, 64);
        size_t count = 0;
        ASSERT_IS(vault_follow_next(p.f, &event, 1, &plain, &count), E_FOLLOWER_LATE);
    }
}

static void what_was_lost_while_nobody_followed_is_told(void **state) {
    struct world *w = *state;
    uint64_t alice = viewer(w, "a@x.org", 3);
    viewer(w, "b@x.org", 2);
    struct projection p = {.cursor = 0};
    follow(w, &p, 0);
    pump(&p, 16);
    vault_follow_end(&p.f);
    world_reopen(w);
    ASSERT_OK(world_consent(w, alice, w->recommend, LAW_CONSENT_STATE_WITHDRAWN));
    follow(w, &p, p.cursor);
    pump(&p, 16);
    assert_int_equal(held(&p), 2);
    vault_follow_end(&p.f);
    w->fake.now_ms += 3600000;
    world_reopen(w);
    int64_t next_ms = 0;
    w->fake.now_ms += 3600000;
    ASSERT_OK(vault_tick(w->v, &next_ms)); /* nobody is expected any more */
    ASSERT_OK(world_consent(w, alice, w->recommend, LAW_CONSENT_STATE_GIVEN));
    follow(w, &p, p.cursor);
    pump(&p, 16);
    assert_int_equal(p.all, 1);
    assert_int_equal(held(&p), 5);
}

static void new_laws_begin_anew(void **state) {
    struct world *w = *state;
    viewer(w, "a@x.org", 3);
    struct projection p = {.cursor = 0};
    follow(w, &p, 0);
    pump(&p, 16);
    ASSERT_OK(vault_set_law(w->v, world_laws(), world_map()));
    pump(&p, 16);
    assert_int_equal(p.all, 1);
    assert_int_equal(held(&p), 3);
}

static void open_under(struct world *w, const char *version) {
    struct vault_options options = world_options(w);
    options.law_version = version;
    vault_close(&w->v);
    ASSERT_OK(vault_open(&options, &w->v));
    world_names(w);
}

/* The ledger says once that they are others, and who followed forgets what the old ones allowed. */
static void laws_that_changed_while_nothing_served_begin_anew(void **state) {
    static const char old[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    static const char new[] = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    struct world *w = *state;
    struct projection p = {.cursor = 0};
    viewer(w, "a@x.org", 3);
    open_under(w, old); /* not a change: nobody knew them before */
    follow(w, &p, 0);
    pump(&p, 16);
    vault_follow_end(&p.f);
    open_under(w, old);
    uint64_t leaves = vault_stats(w->v).leaves;
    open_under(w, old);
    assert_int_equal(vault_stats(w->v).leaves, leaves);
    follow(w, &p, p.cursor);
    pump(&p, 16);
    assert_int_equal(p.all, 0);
    vault_follow_end(&p.f);
    leaves = vault_stats(w->v).leaves;
    open_under(w, new);
    assert_int_equal(vault_stats(w->v).leaves, leaves + 1);
    follow(w, &p, p.cursor);
    pump(&p, 16);
    assert_int_equal(p.all, 1);
    assert_int_equal(held(&p), 3);
    leaves = vault_stats(w->v).leaves;
    open_under(w, new);
    assert_int_equal(vault_stats(w->v).leaves, leaves);
    assert_ledger(w);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_withdrawn_consent_is_told_and_a_given_one_too),
        TEST(an_objection_is_told_where_it_counts),
        TEST(a_restriction_is_told_and_its_end_too),
        TEST(what_an_heir_receives_is_told_again),
        TEST(the_end_of_a_guardians_link_is_told),
        TEST(laws_that_changed_while_nothing_served_begin_anew),
        TEST(erasure_and_expiry_are_told),
        TEST(a_birthday_takes_a_guardians_consent_away),
        TEST(a_late_follower_is_stopped),
        TEST(a_clock_that_is_set_stops_nobody),
        TEST(who_waits_for_a_guardian_is_not_followed),
        TEST(what_was_lost_while_nobody_followed_is_told),
        TEST(new_laws_begin_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Legal holds: what is held outlives what would have erased it, is used for nothing meanwhile, goes
 * when the hold ends, and keeps nothing else from going. */
#include "inside.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/receipt.h"

enum { HOUR_MS = 3600 * 1000 };

static void tick(struct world *w) {
    int64_t next_ms = 0;
    ASSERT_OK(vault_tick(w->v, &next_ms));
}

static void hold_record(struct world *w, uint64_t id) {
    struct vault_hold hold = {.record = id,
                              .ground = VAULT_HOLD_LEGAL_CLAIMS,
                              .until_ms = w->fake.now_ms + HOUR_MS,
                              .reference = SLICE("2026/17")};
    ASSERT_OK(vault_hold_place(w->v, NULL, &hold));
}

/* Of a person who is not there any more: with what is left of their keys. */
static struct status remains(struct world *w, uint64_t id, char *to, size_t size) {
    struct vault_meta meta;
    struct buf ref CLEANUP(buf_done);
    struct buf plain CLEANUP(buf_done);
    struct seal_key key CLEANUP(seal_key_done);
    key = (struct seal_key){.bytes = {0}};
    buf_init(&ref, KEY_REF_LEN);
    buf_init_secret(&plain, size - 1);
    if (!columns_get(&w->v->columns, id, &meta)) {
        return FAIL(E_NO_RECORD);
    }
    TRY(state_get(w->v, STORE_KEYS, meta.owner, meta.category + 1u, &ref));
    TRY(keyring_key(w->v->keys, key_ref_get(ref.ptr), &key));
    TRY(record_payload_with(w->v, &key, &meta, &plain));
    memcpy(to, plain.ptr, plain.len);
    to[plain.len] = '\0';
    return STATUS_OK;
}

static void assert_remains(struct world *w, uint64_t id, const char *text) {
    char got[64];
    ASSERT_OK(remains(w, id, got, sizeof got));
    assert_string_equal(got, text);
    assert_true(failed(world_read(w, w->share, id, got, sizeof got)));
    assert_true(failed(world_read(w, w->rights, id, got, sizeof got)));
}

/* The person can still ask for it (GDPR Art. 15(1)). */
static void assert_handed_to_its_person(struct world *w, uint64_t person, uint64_t id,
                                        const char *text) {
    struct vault_use use = {
        .purpose = w->rights, .operation = LAW_OPERATION_USE, .asked_by = person};
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, 64);
    ASSERT_OK(vault_read(w->v, &use, id, &plain, NULL, NULL));
    assert_true(slice_eq(buf_slice(&plain), slice_str(text)));
}

static void assert_all_gone(struct world *w, uint64_t owner) {
    assert_int_equal(vault_stats(w->v).records, 0);
    assert_int_equal(w->v->hold_count, 0);
    struct slice row;
    for (uint64_t number = 0; number < 8; number++) {
        ASSERT_IS(store_view(w->v->store, STORE_KEYS, owner, number, &row), E_STORE_MISSING);
    }
    world_reopen(w);
    tick(w);
    assert_int_equal(vault_stats(w->v).records, 0);
    assert_ledger(w);
}

/* "count: 1" and so on, as `ward verify` prints a receipt. */
static void assert_receipt_says(struct world *w, const struct buf *receipt, const char *const *says,
                                size_t count) {
    struct buf vkey CLEANUP(buf_done);
    struct buf scratch CLEANUP(buf_done);
    struct buf text CLEANUP(buf_done);
    buf_init(&vkey, 1024);
    buf_init(&scratch, PROOF_EXTRA_MAX * 2);
    buf_init(&text, 4096);
    ASSERT_OK(vault_log_key(w->v, &vkey));
    struct note_vkey log;
    struct receipt read;
    struct checkpoint head;
    ASSERT_OK(note_vkey_parse(buf_slice(&vkey), &log));
    ASSERT_OK(receipt_verify(buf_slice(receipt), &log, &scratch, &read, &head));
    assert_int_equal(read.leaf.kind, LEAF_ERASURE_DONE);
    ASSERT_OK(content_print(read.openings[0].content, &text));
    ASSERT_OK(buf_add_byte(&text, '\0'));
    for (size_t i = 0; i < count; i++) {
        if (strstr((const char *)text.ptr, says[i]) == NULL) {
            fail_msg("no \"%s\" in: %s", says[i], (const char *)text.ptr);
        }
    }
}

static const char *const kept_one[] = {"count: 1", "GDPR Art. 17(3)(e)",
                                       "all but what a legal hold keeps"};

static void a_held_record_outlives_its_person(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t held = 0;
    uint64_t gone = 0;
    char got[64];
    ASSERT_OK(world_put(w, alice, w->share, w->clip, "evidence", &held));
    ASSERT_OK(world_put(w, alice, w->share, w->clip, "holiday", &gone));
    ASSERT_OK(world_put(w, alice, w->keep_account, w->account, "name", &gone));
    hold_record(w, held);
    struct vault_erased erased;
    struct buf receipt CLEANUP(buf_done);
    buf_init(&receipt, PROOF_MAX);
    ASSERT_IS(vault_erase_record(w->v, NULL, held, SLICE(""), NULL, &erased), E_HELD);
    ASSERT_OK(vault_erase_subject(w->v, NULL, alice, SLICE("asked"), &receipt, &erased));
    assert_int_equal(erased.records, 2);
    assert_int_equal(erased.held, 1);
    assert_receipt_says(w, &receipt, kept_one, ARRAY_LEN(kept_one));
    struct vault_subject subject;
    ASSERT_IS(vault_subject_get(w->v, alice, &subject), E_NO_SUBJECT);
    ASSERT_IS(world_read(w, w->keep_account, gone, got, sizeof got), E_NO_RECORD);
    for (int turn = 0; turn < 2; turn++) {
        assert_remains(w, held, "evidence");
        tick(w);
        assert_int_equal(vault_stats(w->v).records, 1);
        world_reopen(w);
    }
    w->fake.now_ms += HOUR_MS;
    tick(w);
    assert_all_gone(w, alice);
}

/* The key that opens it opens nothing of the person's that any old copy has. */
static void what_goes_beside_it_is_unreadable(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t held = 0;
    uint64_t gone = 0;
    struct vault_erased erased;
    struct seal_key key CLEANUP(seal_key_done);
    struct buf ref CLEANUP(buf_done);
    key = (struct seal_key){.bytes = {0}};
    buf_init(&ref, KEY_REF_LEN);
    ASSERT_OK(world_put(w, alice, w->share, w->clip, "evidence", &held));
    ASSERT_OK(world_put(w, alice, w->share, w->clip, "holiday", &gone));
    hold_record(w, held);
    ASSERT_OK(state_get(w->v, STORE_KEYS, alice, w->clip + 1u, &ref));
    ASSERT_OK(vault_erase_subject(w->v, NULL, alice, SLICE(""), NULL, &erased));
    tick(w);
    ASSERT_IS(keyring_key(w->v->keys, key_ref_get(ref.ptr), &key), E_KEY_GONE);
    assert_remains(w, held, "evidence");
}

/* Whether the hold or the backup was first, and also without what stood beside it. */
static void a_held_record_outlives_its_person_in_a_restore(void **state) {
    struct world *w = *state;
    struct vault_erased erased;
    uint64_t held[2];
    uint64_t gone = 0;
    uint64_t people[] = {world_adult(w, "alice@example.org"), world_adult(w, "bob@example.org")};
    for (size_t i = 0; i < ARRAY_LEN(people); i++) {
        ASSERT_OK(world_put(w, people[i], w->share, w->clip, "evidence", &held[i]));
        ASSERT_OK(world_put(w, people[i], w->share, w->clip, "holiday", &gone));
    }
    hold_record(w, held[0]);
    world_back_up(w);
    hold_record(w, held[1]);
    for (size_t i = 0; i < ARRAY_LEN(people); i++) {
        ASSERT_OK(vault_erase_subject(w->v, NULL, people[i], SLICE(""), NULL, &erased));
    }
    vault_close(&w->v);
    world_lose(w, "data");
    assert_true(world_restore(w) > 0);
    world_reopen(w);
    assert_remains(w, held[0], "evidence");
    assert_remains(w, held[1], "evidence");
    assert_int_equal(vault_stats(w->v).records, 2);
    w->fake.now_ms += HOUR_MS;
    tick(w);
    assert_all_gone(w, people[0]);
    assert_all_gone(w, people[1]);
}

static void a_held_record_outlives_its_category(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t held = 0;
    uint64_t gone = 0;
    uint64_t fresh = 0;
    char got[64];
    ASSERT_OK(world_put(w, alice, w->share, w->clip, "evidence", &held));
    ASSERT_OK(world_put(w, alice, w->share, w->clip, "holiday", &gone));
    hold_record(w, held);
    struct vault_erased erased;
    struct buf receipt CLEANUP(buf_done);
    buf_init(&receipt, PROOF_MAX);
    ASSERT_OK(vault_erase_category(w->v, NULL, alice, w->clip, SLICE(""), &receipt, &erased));
    assert_int_equal(erased.records, 1);
    assert_int_equal(erased.held, 1);
    assert_receipt_says(w, &receipt, kept_one, ARRAY_LEN(kept_one));
    tick(w);
    world_reopen(w);
    assert_remains(w, held, "evidence");
    assert_handed_to_its_person(w, alice, held, "evidence");
    ASSERT_IS(world_read(w, w->share, gone, got, sizeof got), E_NO_RECORD);
    ASSERT_OK(world_put(w, alice, w->share, w->clip, "new", &fresh));
    assert_handed_to_its_person(w, alice, held, "evidence");
    w->fake.now_ms += HOUR_MS;
    tick(w);
    tick(w);
    assert_int_equal(vault_stats(w->v).records, 1);
    assert_reads(w, w->share, fresh, "new");
    world_reopen(w);
    assert_reads(w, w->share, fresh, "new");
    assert_ledger(w);
}

/* A message that was received: its hold over, it is the receiver's, as without the hold. */
static void a_held_message_passes_on_in_the_end(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t bob = world_adult(w, "bob@example.org");
    struct vault_use use = {.purpose = w->messages, .operation = LAW_OPERATION_COLLECT};
    struct vault_meta meta = {
        .owner = alice, .category = w->message, .flags = VAULT_STAYS, .others = {bob}};
    uint64_t id = 0;
    char got[64];
    struct slice row;
    ASSERT_OK(vault_put(w->v, &use, &meta, SLICE("hi bob"), &id, NULL));
    hold_record(w, id);
    struct vault_erased erased;
    ASSERT_OK(vault_erase_subject(w->v, NULL, alice, SLICE(""), NULL, &erased));
    assert_int_equal(erased.held, 1);
    tick(w);
    assert_true(failed(world_read(w, w->messages, id, got, sizeof got)));
    w->fake.now_ms += HOUR_MS;
    tick(w);
    assert_reads(w, w->messages, id, "hi bob");
    ASSERT_IS(store_view(w->v->store, STORE_KEYS, alice, w->message + 1u, &row), E_STORE_MISSING);
    world_reopen(w);
    assert_reads(w, w->messages, id, "hi bob");
    assert_ledger(w);
}

/* One hold after the other: what is still held stays readable to the last. */
static void holds_end_one_by_one(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t ids[2];
    for (int i = 0; i < 2; i++) {
        ASSERT_OK(world_put(w, alice, w->share, w->clip, "evidence", &ids[i]));
        hold_record(w, ids[i]);
        w->fake.now_ms += HOUR_MS / 2;
    }
    struct vault_erased erased;
    ASSERT_OK(vault_erase_subject(w->v, NULL, alice, SLICE(""), NULL, &erased));
    assert_int_equal(erased.held, 2);
    tick(w);
    tick(w);
    assert_remains(w, ids[1], "evidence");
    assert_int_equal(vault_stats(w->v).records, 1);
    ASSERT_OK(vault_hold_lift(w->v, NULL, 0, ids[1])); /* before its time */
    assert_all_gone(w, alice);
}

static struct status extend_to(struct world *w, uint64_t id, int64_t hours) {
    struct vault_hold hold = {.record = id,
                              .ground = VAULT_HOLD_LEGAL_OBLIGATION,
                              .until_ms = w->fake.now_ms + hours * HOUR_MS,
                              .reference = SLICE("2026/17")};
    return vault_hold_extend(w->v, NULL, &hold);
}

static struct status see_hold(void *arg, const struct vault_hold *hold) {
    *(struct vault_hold *)arg = *hold;
    return STATUS_OK;
}

/* Its end moves later and never sooner; what was to go when it ended still goes, later. */
static void a_hold_is_extended(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t held = 0;
    ASSERT_OK(world_put(w, alice, w->share, w->clip, "evidence", &held));
    ASSERT_IS(extend_to(w, held, 2), E_NO_RECORD);
    hold_record(w, held);
    ASSERT_IS(extend_to(w, held, 1), E_HOLD_EARLIER);
    ASSERT_IS(extend_to(w, held, 0), E_HOLD_EARLIER);
    ASSERT_OK(extend_to(w, held, 2));
    struct vault_erased erased;
    ASSERT_OK(vault_erase_subject(w->v, NULL, alice, SLICE(""), NULL, &erased));
    assert_int_equal(erased.held, 1);
    ASSERT_OK(extend_to(w, held, 4)); /* of nobody any more */
    for (int turn = 0; turn < 2; turn++) {
        struct vault_hold stands = {.until_ms = 0};
        w->fake.now_ms += 3 * HOUR_MS / 2;
        tick(w);
        assert_remains(w, held, "evidence");
        ASSERT_OK(vault_holds(w->v, see_hold, &stands));
        assert_int_equal(stands.ground, VAULT_HOLD_LEGAL_OBLIGATION);
        world_reopen(w);
    }
    assert_int_equal(world_leaves(w, LEAF_HOLD), 1);
    assert_int_equal(world_leaves(w, LEAF_HOLD_EXTENDED), 2);
    w->fake.now_ms += HOUR_MS;
    tick(w);
    assert_all_gone(w, alice);
}

static void what_is_held_of_nobody_outlives_a_restore(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t held = 0;
    char path[128];
    char command[256];
    ASSERT_OK(world_put(w, alice, w->share, w->clip, "evidence", &held));
    hold_record(w, held);
    struct vault_erased erased;
    ASSERT_OK(vault_erase_subject(w->v, NULL, alice, SLICE(""), NULL, &erased));
    snprintf(path, sizeof path, "%s/backup", w->dir);
    ASSERT_OK(vault_backup(w->v, path));
    vault_close(&w->v);
    snprintf(command, sizeof command, "rm -rf '%s'", w->data);
    assert_int_equal(system(command), 0);
    struct vault_options options = world_options(w);
    struct vault_restored restored;
    ASSERT_OK(vault_restore(&options, path, &w->v, &restored));
    world_names(w);
    assert_int_equal(restored.lost_records, 0);
    assert_remains(w, held, "evidence");
    w->fake.now_ms += HOUR_MS;
    tick(w);
    assert_all_gone(w, alice);
}

static void a_hold_whose_record_is_gone_ends_quietly(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t id = 0;
    struct selection which CLEANUP(selection_done);
    struct doomed doomed CLEANUP(doomed_done);
    selection_init(&which);
    doomed_init(&doomed);
    ASSERT_OK(world_put(w, alice, w->share, w->clip, "evidence", &id));
    hold_record(w, id);
    ASSERT_OK(selection_add(&which, id));
    ASSERT_OK(op_begin(w->v));
    ASSERT_OK(op_end(w->v, records_erase(w->v, &which, &doomed))); /* as a restore may */
    w->fake.now_ms += HOUR_MS;
    tick(w);
    assert_int_equal(w->v->hold_count, 0);
    assert_ledger(w);
}

/* A part of the tick that fails, here the replacing of a key, does not end retention, holds, the
 * journal or the publishing. */
static void one_failure_keeps_nothing_else_waiting(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t bob = world_adult(w, "bob@example.org");
    uint64_t id = 0;
    int64_t next_ms = 0;
    ASSERT_OK(world_consent(w, bob, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    ASSERT_OK(world_put(w, alice, w->share, w->clip, "damaged", &id));
    ASSERT_OK(op_begin(w->v));
    ASSERT_OK(store_put(w->v->store, STORE_RECORDS, alice, id, SLICE("no such sealed payload")));
    ASSERT_OK(op_end(w->v, rekey_wait(w->v, alice, w->clip)));
    ASSERT_OK(world_put(w, bob, w->share, w->clip, "evidence", &id));
    hold_record(w, id);
    ASSERT_OK(world_put(w, bob, w->keep_history, w->history, "seen", &id));
    w->fake.now_ms += (int64_t)31 * 24 * HOUR_MS;
    for (int i = 0; i < 3; i++) {
        assert_true(failed(vault_tick(w->v, &next_ms)));
        w->fake.now_ms += 2000;
    }
    assert_int_equal(vault_stats(w->v).records, 2);
    assert_int_equal(w->v->hold_count, 0);
    assert_int_equal(w->v->unpublished.len, 0);
    w->v->stopped = true; /* its closing has nothing to add */
}

/* However much of one person's is held, what expired of another goes in its time. */
static void a_hold_does_not_starve_retention(void **state) {
    enum { MANY = 4100 };
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t bob = world_adult(w, "bob@example.org");
    uint64_t id = 0;
    ASSERT_OK(world_consent(w, alice, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    ASSERT_OK(world_consent(w, bob, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    ASSERT_OK(vault_begin_batch(w->v));
    for (int i = 0; i < MANY; i++) {
        ASSERT_OK(world_put(w, alice, w->keep_history, w->history, "seen", &id));
    }
    ASSERT_OK(world_put(w, bob, w->keep_history, w->history, "seen", &id));
    ASSERT_OK(vault_commit_batch(w->v));
    struct vault_hold hold = {.subject = alice,
                              .ground = VAULT_HOLD_LEGAL_CLAIMS,
                              .until_ms = w->fake.now_ms + (int64_t)400 * 24 * HOUR_MS};
    ASSERT_OK(vault_hold_place(w->v, NULL, &hold));
    w->fake.now_ms += (int64_t)31 * 24 * HOUR_MS;
    tick(w);
    assert_int_equal(vault_stats(w->v).records, MANY);
    uint32_t at = 0;
    assert_null(columns_at(&w->v->columns, id, &at));
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_held_record_outlives_its_person),
        TEST(what_goes_beside_it_is_unreadable),
        TEST(a_held_record_outlives_its_person_in_a_restore),
        TEST(a_held_record_outlives_its_category),
        TEST(a_held_message_passes_on_in_the_end),
        TEST(holds_end_one_by_one),
        TEST(a_hold_is_extended),
        TEST(what_is_held_of_nobody_outlives_a_restore),
        TEST(a_hold_whose_record_is_gone_ends_quietly),
        TEST(one_failure_keeps_nothing_else_waiting),
        TEST(a_hold_does_not_starve_retention),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

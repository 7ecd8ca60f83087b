/* What was deleted stays unreadable for whoever has older data, the whole living keyring and the
 * whole tightening log; and what was not comes back with them. */
#include "base/bytes.h"
#include "carry.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void shell(const struct world *w, const char *script) {
    char command[512];
    snprintf(command, sizeof command, "cd '%s' && %s", w->dir, script);
    assert_int_equal(system(command), 0);
}

static void tick(struct world *w) {
    int64_t next_ms;
    ASSERT_OK(vault_tick(w->v, &next_ms));
}

static void back_up(struct world *w, const char *name) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", w->dir, name);
    ASSERT_OK(vault_backup(w->v, path));
}

static struct vault_restored restore(struct world *w, const char *name) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", w->dir, name);
    struct vault_options options = world_options(w);
    struct vault_restored restored;
    ASSERT_OK(vault_restore(&options, path, &w->v, &restored));
    world_names(w);
    return restored;
}

/* The data are lost; a backup, the living keyring and the ledger are there. */
static struct vault_restored lose_and_restore(struct world *w, const char *name) {
    vault_close(&w->v);
    shell(w, "rm -rf data");
    return restore(w, name);
}

static uint64_t put(struct world *w, uint64_t owner, uint8_t purpose, uint8_t category,
                    const char *text) {
    uint64_t id = 0;
    ASSERT_OK(world_put(w, owner, purpose, category, text, &id));
    return id;
}

static void erase(struct world *w, uint64_t id) {
    struct vault_erased erased;
    ASSERT_OK(vault_erase_record(w->v, NULL, id, SLICE(""), NULL, &erased));
    tick(w);
}

static void erase_person(struct world *w, uint64_t subject) {
    struct vault_erased erased;
    ASSERT_OK(vault_erase_subject(w->v, NULL, subject, SLICE(""), NULL, &erased));
    tick(w);
}

static uint64_t say(struct world *w, uint64_t from, uint64_t to, unsigned flags, const char *text) {
    struct vault_use use = {.purpose = w->messages, .operation = LAW_OPERATION_COLLECT};
    struct vault_meta meta = {
        .owner = from, .category = w->message, .flags = (uint16_t)flags, .others = {to}};
    uint64_t id = 0;
    ASSERT_OK(vault_put(w->v, &use, &meta, slice_str(text), &id, NULL));
    return id;
}

/* Everything that the purpose may use comes out of the feed. */
static void assert_follows(struct world *w, uint8_t purpose, size_t records) {
    struct vault_use use = {.purpose = purpose, .operation = LAW_OPERATION_USE};
    struct vault_follower *f = NULL;
    struct vault_event events[16];
    struct buf plain CLEANUP(buf_done);
    size_t count = 0;
    size_t found = 0;
    buf_init_secret(&plain, 1 << 16);
    ASSERT_OK(vault_follow(w->v, &use, 0, &f));
    ASSERT_OK(vault_follow_next(f, events, 16, &plain, &count));
    for (size_t i = 0; i < count; i++) {
        found += events[i].kind == VAULT_EVENT_RECORD;
    }
    assert_int_equal(found, records);
    vault_follow_end(&f);
}

/* The attack: older data, the whole tightening log, whoever has them opened with every key that
 * lives ------------------ */

static void keep_old(struct world *w) {
    vault_close(&w->v);
    shell(w, "rm -rf old && mkdir old && cp -r data ledger old/");
    world_open(w);
}

/* Sealed lists that somebody got hold of: owner, category, row each. */
struct loot {
    struct buf rows;
};
static struct loot loot;

static struct status take_row(uint64_t owner, uint64_t category, struct slice row) {
    TRY(buf_add_be64(&loot.rows, owner));
    TRY(buf_add_be64(&loot.rows, category));
    TRY(buf_add_be32(&loot.rows, (uint32_t)row.len));
    return buf_add(&loot.rows, row);
}

static struct status take_frame(struct vault *v, const struct tightening *t, uint64_t next_id,
                                uint64_t next_subject) {
    (void)v;
    (void)next_id;
    (void)next_subject;
    return t->kind == TIGHT_CARRY ? take_row(t->subject, t->what, t->ids) : STATUS_OK;
}

static struct status take_stored(void *arg, uint64_t owner, uint64_t id, struct slice row) {
    (void)arg;
    return take_row(owner, id - 1, row);
}

static void open_old(struct world *w) {
    uint64_t count = 0;
    buf_done(&loot.rows);
    buf_init(&loot.rows, 1 << 20);
    tick(w);
    ASSERT_OK(tight_replay(w->v, 0, take_frame, &count));
    ASSERT_OK(store_scan(w->v->store, STORE_CARRIED, 0, take_stored, NULL));
    vault_close(&w->v);
    shell(w, "mv ledger today && rm -rf data && mv old/data old/ledger .");
    struct vault_options options = world_options(w);
    options.tentative = true; /* a thief destroys no key */
    ASSERT_OK(vault_open(&options, &w->v));
    world_names(w);
    ASSERT_OK(store_scan(w->v->store, STORE_CARRIED, 0, take_stored, NULL));
}

static struct status collect_ref(void *arg, struct key_ref ref, enum key_kind kind) {
    (void)kind;
    return buf_add(arg, slice_of(&ref, sizeof ref));
}

struct attack {
    struct world *w;
    const struct seal_key *key;
    const struct vault_meta *meta;
    bool opened;
};

static bool opens_with(struct world *w, const struct seal_key *key, const struct vault_meta *meta) {
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, 4096);
    return !failed(record_payload_with(w->v, key, meta, &plain)) ||
           !failed(record_payload_alone(w->v, key, meta, &plain));
}

/* All that lists say that this key opens. */
static bool lists_open_with(struct world *w, const struct seal_key *key,
                            const struct vault_meta *meta) {
    bool opened = false;
    for (struct slice rest = buf_slice(&loot.rows); rest.len > 0;) {
        struct seal_place place = {.what = SEAL_STATE,
                                   .owner = bytes_be64(rest.ptr),
                                   .category = STORE_CARRIED,
                                   .id = bytes_be64(rest.ptr + 8) + 1};
        size_t len = bytes_be32(rest.ptr + 16);
        struct buf list CLEANUP(buf_done);
        struct seal_key alone;
        buf_init_secret(&list, 1 << 20);
        struct slice sealed = slice_sub(rest, 20 + KEY_REF_LEN, len - KEY_REF_LEN);
        bool listed = !failed(record_open_buf(key, &place, sealed, &list));
        for (unsigned n = 0; listed && carry_find(buf_slice(&list), meta->id, n, &alone); n++) {
            opened |= opens_with(w, &alone, meta);
        }
        rest = slice_from(rest, 20 + len);
    }
    return opened;
}

static struct status try_wrap(void *arg, uint64_t owner, uint64_t id, struct slice wrapped) {
    struct attack *a = arg;
    struct seal_place place = {
        .what = SEAL_WRAP, .owner = id, .category = a->meta->category, .id = owner};
    struct seal_key record_key;
    if (!failed(record_unwrap_key(a->key, &place, wrapped.ptr, &record_key))) {
        a->opened |= opens_with(a->w, &record_key, a->meta);
    }
    return STATUS_OK;
}

/* Does any living key open the record, or a wrap of its key, in the data that are open? */
static bool any_key_opens(struct world *w, uint64_t id) {
    struct vault_meta meta;
    assert_true(columns_get(&w->v->columns, id, &meta));
    struct buf refs CLEANUP(buf_done);
    buf_init(&refs, 1 << 20);
    ASSERT_OK(keyring_each(w->v->keys, collect_ref, &refs));
    struct attack a = {.w = w, .meta = &meta};
    const struct key_ref *each = (const struct key_ref *)(const void *)refs.ptr;
    assert_true(refs.len > 0);
    for (size_t i = 0; i < refs.len / sizeof *each; i++) {
        struct seal_key key;
        ASSERT_OK(keyring_key(w->v->keys, each[i], &key));
        a.key = &key;
        a.opened |= opens_with(w, &key, &meta) || lists_open_with(w, &key, &meta);
        ASSERT_OK(store_each(w->v->store, STORE_WRAPS, id, 0, try_wrap, &a));
    }
    return a.opened;
}

static void a_deleted_message_is_gone_for_both(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@x.org");
    uint64_t bob = world_adult(w, "bob@x.org");
    uint64_t deleted = say(w, alice, bob, VAULT_STAYS, "secret");
    uint64_t kept = say(w, alice, bob, VAULT_STAYS, "hello");
    keep_old(w);
    erase(w, deleted);
    assert_reads(w, w->messages, kept, "hello");
    /* What stays goes on as his when she leaves. */
    erase_person(w, alice);
    assert_reads(w, w->messages, kept, "hello");
    open_old(w);
    assert_false(any_key_opens(w, deleted));
}

static void an_erased_persons_comment_is_gone(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@x.org");
    uint64_t bob = world_adult(w, "bob@x.org");
    uint64_t comment = say(w, bob, alice, 0, "his comment");
    uint64_t hers = put(w, alice, w->messages, w->message, "hers");
    keep_old(w);
    erase_person(w, bob);
    assert_reads(w, w->messages, hers, "hers");
    open_old(w);
    assert_false(any_key_opens(w, comment));
}

/* A backup, a deletion, a backup, a deletion: neither is to be had from the backups, the log and
 * all living keys, though they open everything else. */
static void lists_open_what_stays_and_nothing_else(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@x.org");
    uint64_t bob = world_adult(w, "bob@x.org");
    uint64_t first = put(w, alice, w->share, w->clip, "first");
    uint64_t second = put(w, alice, w->share, w->clip, "second");
    uint64_t kept = put(w, alice, w->share, w->clip, "kept");
    uint64_t said = say(w, alice, bob, VAULT_STAYS, "said");
    uint64_t unsaid = say(w, alice, bob, VAULT_STAYS, "unsaid");
    back_up(w, "one");
    keep_old(w);
    shell(w, "mv old older");
    erase(w, first);
    uint64_t later = put(w, alice, w->share, w->clip, "later");
    back_up(w, "two");
    keep_old(w);
    erase(w, second);
    erase(w, unsaid);
    erase(w, put(w, alice, w->share, w->clip, "last"));
    open_old(w);
    assert_false(any_key_opens(w, second));
    assert_false(any_key_opens(w, unsaid));
    assert_true(any_key_opens(w, kept));
    assert_true(any_key_opens(w, later));
    assert_true(any_key_opens(w, said));
    /* The same with the older backup. */
    vault_close(&w->v);
    shell(w, "rm -rf data ledger && mv older/data older/ledger .");
    struct vault_options options = world_options(w);
    options.tentative = true;
    ASSERT_OK(vault_open(&options, &w->v));
    assert_false(any_key_opens(w, first));
    assert_false(any_key_opens(w, second));
    assert_false(any_key_opens(w, unsaid));
    assert_true(any_key_opens(w, kept));
    assert_true(any_key_opens(w, said));
}

static void the_attack_would_find_it(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@x.org");
    uint64_t bob = world_adult(w, "bob@x.org");
    uint64_t message = say(w, alice, bob, VAULT_STAYS, "secret");
    uint64_t clip = put(w, alice, w->share, w->clip, "clip");
    keep_old(w);
    open_old(w);
    assert_true(any_key_opens(w, message));
    assert_true(any_key_opens(w, clip));
}

/* Restores ------------------------------------------------------------------------------- */

/* Deleting one clip costs no other; not one whose row was written again since, either. */
static void a_deletion_costs_nothing_else(void **state) {
    struct world *w = *state;
    struct vault_use use = {.purpose = w->share, .operation = LAW_OPERATION_USE};
    uint64_t alice = world_adult(w, "alice@x.org");
    uint64_t one = put(w, alice, w->share, w->clip, "one");
    uint64_t two = put(w, alice, w->share, w->clip, "two");
    uint64_t three = put(w, alice, w->share, w->clip, "three");
    back_up(w, "backup");
    ASSERT_OK(vault_rewrite(w->v, &use, three, SLICE("three, said better"), NULL));
    erase(w, one);
    erase(w, put(w, alice, w->share, w->clip, "four"));
    for (int times = 0; times < 2; times++) {
        struct vault_restored restored = lose_and_restore(w, "backup");
        assert_int_equal(restored.lost_records, 0);
        assert_int_equal(restored.replayed, 2 + times);
        char got[64];
        ASSERT_IS(world_read(w, w->share, one, got, sizeof got), E_NO_RECORD);
        assert_reads(w, w->share, two, "two");
        assert_reads(w, w->share, three, "three");
        assert_follows(w, w->share, 2);
        uint64_t five = put(w, alice, w->share, w->clip, "five");
        world_reopen(w);
        erase(w, five);
        assert_reads(w, w->share, two, "two");
        assert_ledger(w);
    }
}

/* What is shared comes back for each; also to an heir, where its owner has gone since. */
static void what_is_shared_comes_back(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@x.org");
    uint64_t bob = world_adult(w, "bob@x.org");
    uint64_t carol = world_adult(w, "carol@x.org");
    uint64_t his = say(w, bob, carol, VAULT_STAYS, "bob to carol");
    uint64_t hers = say(w, alice, bob, VAULT_STAYS, "alice to bob");
    uint64_t gone = say(w, bob, alice, VAULT_STAYS, "gone");
    uint64_t own = put(w, bob, w->messages, w->message, "a note");
    back_up(w, "backup");
    erase(w, gone);
    erase_person(w, alice);
    struct vault_restored restored = lose_and_restore(w, "backup");
    assert_int_equal(restored.lost_records, 0);
    assert_int_equal(restored.lost_people, 0);
    char got[64];
    ASSERT_IS(world_read(w, w->messages, gone, got, sizeof got), E_NO_RECORD);
    assert_reads(w, w->messages, his, "bob to carol");
    assert_reads(w, w->messages, hers, "alice to bob");
    assert_reads(w, w->messages, own, "a note");
    erase(w, own);
    erase_person(w, bob);
    assert_reads(w, w->messages, his, "bob to carol");
}

static void restores_in_any_order_cost_nothing(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@x.org");
    uint64_t kept = put(w, alice, w->share, w->clip, "kept");
    erase(w, put(w, alice, w->share, w->clip, "before all"));
    back_up(w, "older");
    erase(w, put(w, alice, w->share, w->clip, "between"));
    back_up(w, "newer");
    for (int times = 0; times < 6; times++) {
        const char *which = times % 3 == 2 ? "newer" : "older";
        assert_int_equal(lose_and_restore(w, which).lost_records, 0);
        assert_reads(w, w->share, kept, "kept");
        erase(w, put(w, alice, w->share, w->clip, "after"));
    }
}

/* A keyring that was lost and came back from a copy does not know the last lists' keys: an earlier
 * list serves as long as its key lives. */
static void an_earlier_list_serves_an_earlier_keyring(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@x.org");
    uint64_t kept = put(w, alice, w->share, w->clip, "kept");
    uint64_t first = put(w, alice, w->share, w->clip, "first");
    uint64_t second = put(w, alice, w->share, w->clip, "second");
    back_up(w, "older");
    erase(w, first);
    back_up(w, "newer");
    shell(w, "cp keys/generation escrow");
    erase(w, second);
    vault_close(&w->v);
    shell(w, "rm -rf data keys && mkdir keys && cp escrow keys/generation");
    assert_int_equal(restore(w, "newer").lost_records, 0);
    assert_int_equal(lose_and_restore(w, "older").lost_records, 0);
    char got[64];
    ASSERT_IS(world_read(w, w->share, first, got, sizeof got), E_NO_RECORD);
    ASSERT_IS(world_read(w, w->share, second, got, sizeof got), E_NO_RECORD);
    assert_reads(w, w->share, kept, "kept");
}

/* A list reaches back over four backups between which something was deleted. */
static void older_backups_come_back_up_to_a_limit(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@x.org");
    uint64_t kept = put(w, alice, w->share, w->clip, "kept");
    char name[16];
    for (int i = 0; i < 5; i++) {
        uint64_t id = put(w, alice, w->share, w->clip, "short-lived");
        snprintf(name, sizeof name, "backup%d", i);
        back_up(w, name);
        erase(w, id);
        erase(w, put(w, alice, w->share, w->clip, "shorter-lived"));
    }
    vault_close(&w->v);
    shell(w, "mkdir as-it-was && cp -r keys ledger as-it-was/");
    for (int i = 4; i >= 0; i--) {
        snprintf(name, sizeof name, "backup%d", i);
        shell(w, "rm -rf data keys ledger && cp -r as-it-was/keys as-it-was/ledger .");
        struct vault_restored restored = restore(w, name);
        assert_int_equal(restored.lost_records, i == 0);
        if (i > 0) {
            assert_reads(w, w->share, kept, "kept");
        }
        vault_close(&w->v);
    }
}

/* An entry of a history with an end is not worth a note of its own: those that stood with it in
 * the backup are lost, counted, and in nobody's way. */
static void what_no_key_opens_is_dropped_and_counted(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@x.org");
    ASSERT_OK(world_consent(w, alice, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    uint64_t one = put(w, alice, w->keep_history, w->history, "one");
    uint64_t two = put(w, alice, w->keep_history, w->history, "two");
    uint64_t held = put(w, alice, w->keep_history, w->history, "held");
    uint64_t hers = put(w, alice, w->keep_account, w->account, "hers");
    struct vault_hold hold = {.record = held,
                              .ground = VAULT_HOLD_LEGAL_CLAIMS,
                              .until_ms = w->fake.now_ms + 1000,
                              .reference = SLICE("1")};
    ASSERT_OK(vault_hold_place(w->v, NULL, &hold));
    back_up(w, "backup");
    erase(w, one);
    struct vault_restored restored = lose_and_restore(w, "backup");
    assert_int_equal(restored.lost_people, 0);
    assert_int_equal(restored.lost_records, 1);
    char got[64];
    ASSERT_IS(world_read(w, w->keep_history, one, got, sizeof got), E_NO_RECORD);
    ASSERT_IS(world_read(w, w->keep_history, two, got, sizeof got), E_NO_RECORD);
    assert_true(record_held(w->v, held));
    assert_follows(w, w->keep_history, 1); /* held, she still consents (GDPR Art. 18(2)) */
    uint64_t three = put(w, alice, w->keep_history, w->history, "three");
    w->fake.now_ms += 2000;
    tick(w);
    world_reopen(w);
    tick(w);
    assert_reads(w, w->keep_history, three, "three");
    assert_reads(w, w->keep_account, hers, "hers");
    assert_reads(w, w->keep_history, held, "held");
    assert_follows(w, w->keep_history, 2);
    assert_ledger(w);
}

/* With an older keyring as well nothing is lost, and what is deleted again is sealed away again. */
static void with_the_keyrings_copy_it_is_deleted_again(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@x.org");
    uint64_t one = put(w, alice, w->share, w->clip, "one");
    uint64_t two = put(w, alice, w->share, w->clip, "two");
    back_up(w, "backup");
    keep_old(w);
    shell(w, "cp keys/generation escrow");
    erase(w, one);
    vault_close(&w->v);
    shell(w, "rm -rf data keys && mkdir keys && cp escrow keys/generation");
    assert_int_equal(restore(w, "backup").lost_records, 0);
    assert_reads(w, w->share, two, "two");
    open_old(w);
    assert_false(any_key_opens(w, one));
}

/* Whom a restore of something older swept away cannot come back, and is in nobody's way. */
static void a_person_without_a_key_is_dropped_and_counted(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@x.org");
    uint64_t hers = put(w, alice, w->share, w->clip, "hers");
    back_up(w, "first");
    uint64_t bob = world_adult(w, "bob@x.org");
    uint64_t his = put(w, bob, w->share, w->clip, "his");
    back_up(w, "second");
    assert_int_equal(lose_and_restore(w, "first").lost_people, 0);
    struct vault_restored restored = lose_and_restore(w, "second");
    assert_int_equal(restored.lost_people, 1);
    char got[64];
    struct vault_subject subject;
    ASSERT_IS(vault_subject_get(w->v, bob, &subject), E_NO_SUBJECT);
    ASSERT_IS(world_read(w, w->share, his, got, sizeof got), E_NO_RECORD);
    assert_reads(w, w->share, hers, "hers");
    assert_follows(w, w->share, 1);
    assert_ledger(w);
}

static struct status count_opened(void *arg, const struct vault_audited *audited) {
    uint64_t *counts = arg;
    counts[audited->opening.len > 0]++;
    return STATUS_OK;
}

/* Leaves that are not opened for an auditor, and those that are. */
static void audit(struct world *w, uint64_t counts[2]) {
    struct audit_span span = {.since = 0, .until = UINT32_MAX};
    struct vault_audit audit;
    struct buf note CLEANUP(buf_done);
    buf_init(&note, NOTE_MAX);
    ASSERT_OK(vault_audit_begin(w->v, &span, &audit, &note));
    for (uint64_t next = 0; next < audit.leaves;) {
        ASSERT_OK(vault_audit_leaves(w->v, &audit, count_opened, counts, &next));
    }
}

/* The key of a period goes with a restore of something older, too. What it sealed is lost, and in
 * nobody's way. */
static void a_period_without_a_key_is_in_nobodys_way(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@x.org");
    uint64_t hers = put(w, alice, w->share, w->clip, "hers");
    back_up(w, "first");
    w->fake.now_ms += (int64_t)PERIOD_HOURS * 3600 * 1000;
    ASSERT_OK(world_consent(w, alice, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    back_up(w, "second");
    ASSERT_OK(world_consent(w, alice, w->keep_history, LAW_CONSENT_STATE_WITHDRAWN));
    lose_and_restore(w, "first");
    lose_and_restore(w, "second");
    assert_reads(w, w->share, hers, "hers");
    ASSERT_OK(world_consent(w, alice, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    world_reopen(w);
    assert_reads(w, w->share, hers, "hers");
    uint64_t counts[2] = {0};
    audit(w, counts);
    assert_true(counts[0] >= 2 && counts[1] >= 5); /* the consents before are lost */
    assert_ledger(w);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_deleted_message_is_gone_for_both),
        TEST(an_erased_persons_comment_is_gone),
        TEST(lists_open_what_stays_and_nothing_else),
        TEST(the_attack_would_find_it),
        TEST(a_deletion_costs_nothing_else),
        TEST(what_is_shared_comes_back),
        TEST(restores_in_any_order_cost_nothing),
        TEST(an_earlier_list_serves_an_earlier_keyring),
        TEST(older_backups_come_back_up_to_a_limit),
        TEST(what_no_key_opens_is_dropped_and_counted),
        TEST(with_the_keyrings_copy_it_is_deleted_again),
        TEST(a_person_without_a_key_is_dropped_and_counted),
        TEST(a_period_without_a_key_is_in_nobodys_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

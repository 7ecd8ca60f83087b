/* What a person, and whoever holds their data, would notice of the vault. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/receipt.h"

static void a_record_is_read_again_after_a_restart(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t id = 0;
    ASSERT_OK(world_put(w, alice, w->keep_account, w->account, "hello", &id));
    assert_reads(w, w->keep_account, id, "hello");
    world_reopen(w);
    assert_reads(w, w->keep_account, id, "hello");
    struct vault_tag tag = {SLICE("mail"), SLICE("alice@example.org")};
    uint64_t found = 0;
    ASSERT_OK(vault_subject_find(w->v, &tag, &found));
    assert_int_equal(found, alice);
    struct vault_tag other = {SLICE("mail"), SLICE("bob@example.org")};
    ASSERT_IS(vault_subject_find(w->v, &other, &found), E_NO_SUBJECT);
    assert_ledger(w);
}

static void without_consent_nothing_is_kept(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t id = 0;
    ASSERT_IS(world_put(w, alice, w->keep_history, w->history, "seen", &id), E_DENIED);
    ASSERT_OK(world_consent(w, alice, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    ASSERT_OK(world_put(w, alice, w->keep_history, w->history, "seen", &id));
    assert_reads(w, w->keep_history, id, "seen");
    assert_refused(w, w->recommend, id, "6(1)(a)");
    ASSERT_OK(world_consent(w, alice, w->recommend, LAW_CONSENT_STATE_GIVEN));
    assert_reads(w, w->recommend, id, "seen");
    ASSERT_OK(world_consent(w, alice, w->recommend, LAW_CONSENT_STATE_WITHDRAWN));
    assert_refused(w, w->recommend, id, "");
    assert_reads(w, w->keep_history, id, "seen");
    world_reopen(w);
    assert_refused(w, w->recommend, id, "");
    assert_reads(w, w->keep_history, id, "seen");
}

static void what_the_map_does_not_declare_is_refused(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t id = 0;
    ASSERT_IS(world_put(w, alice, w->recommend, w->account, "x", &id), E_UNDECLARED);
    uint8_t purpose = 0;
    ASSERT_IS(vault_purpose(w->v, SLICE("sell"), &purpose), E_UNDECLARED);
    ASSERT_OK(world_put(w, alice, w->keep_account, w->account, "x", &id));
    char got[64];
    ASSERT_IS(world_read(w, w->recommend, id, got, sizeof got), E_UNDECLARED);
}

static void a_child_cannot_consent_alone(void **state) {
    struct world *w = *state;
    uint64_t child = world_child(w, "2014-06-01");
    uint64_t parent = world_adult(w, "parent@example.org");
    uint64_t id = 0;
    ASSERT_OK(world_consent(w, child, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    ASSERT_IS(world_put(w, child, w->keep_history, w->history, "seen", &id), E_DENIED);
    struct vault_guardian link = {.child = child,
                                  .guardian = parent,
                                  .method = LAW_GUARDIAN_METHOD_PAYMENT,
                                  .verified = true};
    struct vault_guardian unknown = link;
    unknown.method = LAW_GUARDIAN_METHOD_ATTESTATION + 1;
    ASSERT_IS(vault_guardian_link(w->v, NULL, &unknown), E_NUMBER);
    ASSERT_OK(vault_guardian_link(w->v, NULL, &link));
    assert_true(vault_guards(w->v, parent, child));
    struct vault_consent consent;
    ASSERT_OK(vault_consent_get(w->v, child, w->keep_history, &consent));
    consent.giver = LAW_CONSENT_GIVER_GUARDIAN;
    consent.by = parent;
    ASSERT_OK(vault_consent_set(w->v, NULL, child, &consent));
    ASSERT_OK(world_put(w, child, w->keep_history, w->history, "seen", &id));
    world_reopen(w);
    assert_true(vault_guards(w->v, parent, child));
    ASSERT_OK(vault_guardian_revoke(w->v, NULL, child, parent));
    assert_false(vault_guards(w->v, parent, child));
    assert_refused(w, w->keep_history, id, "");
}

/* Whatever the guard asks: the vault itself serves the account, the guardian's link and rights, and
 * nothing else. */
static void who_waits_for_a_guardian_is_served_little(void **state) {
    struct world *w = *state;
    char got[64];
    uint64_t child = world_child(w, "2014-06-01");
    uint64_t clip = 0;
    uint64_t name = 0;
    uint64_t id = 0;
    struct vault_answer answer;
    struct vault_found found;
    ASSERT_OK(world_put(w, child, w->share, w->clip, "clip", &clip));
    ASSERT_OK(world_put(w, child, w->keep_account, w->account, "name", &name));
    assert_reads(w, w->share, clip, "clip"); /* and the decision is remembered */
    ASSERT_OK(vault_subject_set_state(w->v, NULL, child, VAULT_NEEDS_GUARDIAN));
    for (int turn = 0; turn < 2; turn++) {
        assert_reads(w, w->keep_account, name, "name");
        assert_reads(w, w->rights, clip, "clip");
        ASSERT_IS(world_read(w, w->share, clip, got, sizeof got), E_DENIED);
        ASSERT_IS(world_read(w, w->support, clip, got, sizeof got), E_DENIED);
        ASSERT_IS(world_put(w, child, w->share, w->clip, "more", &id), E_DENIED);
        /* The law alone would permit it: no rule in favour is named as if it stood against. */
        struct vault_use see = {.purpose = w->share, .operation = LAW_OPERATION_USE};
        ASSERT_IS(vault_permit(w->v, &see, w->clip, child, &answer), E_DENIED);
        assert_int_equal(law_answer_cite(&answer.law, 0), -1);
        assert_int_equal(answer.law.duties, 0);
        struct vault_use publish = {.purpose = w->share, .operation = LAW_OPERATION_PUBLISH};
        ASSERT_IS(vault_permit(w->v, &publish, w->clip, child, &answer), E_DENIED);
        assert_true((answer.law.needs >> LAW_NEED_GUARDIAN_CONSENT & 1) != 0);
        struct vault_use erase = {.purpose = w->share, .operation = LAW_OPERATION_ERASE};
        ASSERT_OK(vault_permit(w->v, &erase, w->clip, child, &answer));
        world_reopen(w);
    }
    struct vault_use use = {.purpose = w->share, .operation = LAW_OPERATION_ERASE};
    struct vault_query query = {.id = clip};
    ASSERT_OK(vault_delete(w->v, &use, &query, &found));
    assert_int_equal(found.permitted, 1);
    ASSERT_OK(vault_subject_set_state(w->v, NULL, child, VAULT_ACTIVE));
    ASSERT_OK(world_put(w, child, w->share, w->clip, "more", &id));
}

static struct status see_nothing(void *arg, const struct vault_meta *meta, struct slice payload) {
    (void)arg;
    (void)meta;
    (void)payload;
    return STATUS_OK;
}

/* Whether the record opens so; asked twice, since what was decided is kept. */
static bool opens(struct world *w, const struct vault_use *use, uint64_t id) {
    struct buf plain CLEANUP(buf_done);
    struct vault_query query = {.id = id};
    struct vault_found found;
    buf_init_secret(&plain, 64);
    struct status read = vault_read(w->v, use, id, &plain, NULL, NULL);
    ASSERT_OK(vault_find_meta(w->v, use, &query, see_nothing, NULL, &found));
    assert_int_equal(found.permitted, failed(read) ? 0 : 1);
    return !failed(read);
}

/* Told nothing, and restricted besides: it opens to the person's own request and to no other. */
static void only_who_asked_is_handed_what_is_theirs(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t bob = world_adult(w, "bob@example.org");
    uint64_t id = 0;
    struct vault_subject subject;
    const struct vault_actor self = {.session = 1, .subject = alice};
    const struct vault_actor other = {
        .session = 2, .subject = alice, .id = SLICE("carrier"), .country = SLICE("NL")};
    ASSERT_OK(world_put(w, alice, w->share, w->clip, "hers", &id));
    ASSERT_OK(vault_subject_get(w->v, alice, &subject));
    subject.facts.notice = (struct vault_notice){.shown = false};
    ASSERT_OK(vault_subject_set_facts(w->v, NULL, alice, &subject.facts));
    ASSERT_OK(vault_restrict(w->v, NULL, alice, VAULT_ALL, true));
    const struct vault_use asked = {
        .purpose = w->rights, .operation = LAW_OPERATION_USE, .actor = &self, .asked_by = alice};
    const struct {
        struct vault_use use;
        bool opens;
    } uses[] = {
        {{asked.purpose, LAW_OPERATION_USE, &self, .asked_by = 0}, false},
        {asked, true},
        {{asked.purpose, LAW_OPERATION_USE, NULL, .asked_by = alice}, true},
        {{asked.purpose, LAW_OPERATION_USE, NULL, .asked_by = bob}, false},
        {{w->share, LAW_OPERATION_USE, &self, .asked_by = alice}, false},
        {{w->support, LAW_OPERATION_USE, NULL, .asked_by = alice}, false},
        {{asked.purpose, LAW_OPERATION_USE, &other, .asked_by = alice}, false},
    };
    for (int turn = 0; turn < 3; turn++) {
        for (size_t i = 0; i < ARRAY_LEN(uses); i++) {
            assert_int_equal(opens(w, &uses[i].use, id), uses[i].opens);
        }
    }
    /* The relay receives accounts for this purpose, and not because somebody asked for their own.
     */
    struct vault_answer answer;
    struct vault_use handed = asked;
    handed.operation = LAW_OPERATION_DISCLOSE;
    handed.recipient = (uint8_t)(w->relay + 1);
    ASSERT_OK(vault_decide(w->v, &handed, w->account, alice, &answer));
    assert_false(answer.permit || answer.undeclared);
    handed.operation = LAW_OPERATION_USE;
    ASSERT_OK(vault_decide(w->v, &handed, w->account, alice, &answer));
    assert_false(answer.permit || answer.undeclared);
}

static void retention_is_kept_to_the_second(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t id = 0;
    uint64_t forever = 0;
    ASSERT_OK(world_consent(w, alice, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    ASSERT_OK(world_put(w, alice, w->keep_history, w->history, "seen", &id));
    ASSERT_OK(world_put(w, alice, w->keep_account, w->account, "me", &forever));
    w->fake.now_ms += (int64_t)30 * 86400 * 1000 - 1;
    assert_reads(w, w->keep_history, id, "seen");
    w->fake.now_ms += 1;
    char got[64];
    ASSERT_IS(world_read(w, w->keep_history, id, got, sizeof got), E_NO_RECORD);
    assert_int_equal(world_count(w, (struct vault_query){.owner = alice}), 1);
    assert_int_equal(vault_stats(w->v).records, 2);
    int64_t next_ms = 0;
    ASSERT_OK(vault_tick(w->v, &next_ms));
    assert_int_equal(vault_stats(w->v).records, 1);
    world_reopen(w);
    assert_int_equal(vault_stats(w->v).records, 1);
    assert_reads(w, w->keep_account, forever, "me");
}

static void an_erased_person_is_gone_and_proven(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t bob = world_adult(w, "bob@example.org");
    uint64_t hers = 0;
    uint64_t his = 0;
    ASSERT_OK(world_put(w, alice, w->keep_account, w->account, "hers", &hers));
    ASSERT_OK(world_put(w, bob, w->keep_account, w->account, "his", &his));
    struct buf receipt CLEANUP(buf_done);
    buf_init(&receipt, PROOF_MAX);
    struct vault_erased erased;
    ASSERT_OK(vault_erase_subject(w->v, NULL, alice, SLICE("asked"), &receipt, &erased));
    assert_int_equal(erased.records, 1);
    char got[64];
    ASSERT_IS(world_read(w, w->keep_account, hers, got, sizeof got), E_NO_RECORD);
    struct vault_subject subject;
    ASSERT_IS(vault_subject_get(w->v, alice, &subject), E_NO_SUBJECT);
    struct vault_tag tag = {SLICE("mail"), SLICE("alice@example.org")};
    uint64_t found = 0;
    ASSERT_IS(vault_subject_find(w->v, &tag, &found), E_NO_SUBJECT);
    assert_reads(w, w->keep_account, his, "his");

    struct buf vkey CLEANUP(buf_done);
    struct buf scratch CLEANUP(buf_done);
    buf_init(&vkey, 1024);
    buf_init(&scratch, PROOF_EXTRA_MAX * 2);
    ASSERT_OK(vault_log_key(w->v, &vkey));
    struct note_vkey log;
    struct receipt read;
    struct checkpoint head;
    ASSERT_OK(note_vkey_parse(buf_slice(&vkey), &log));
    ASSERT_OK(receipt_verify(buf_slice(&receipt), &log, &scratch, &read, &head));
    assert_int_equal(read.leaf.kind, LEAF_ERASURE_DONE);
    assert_int_equal(read.proof.index, erased.leaf);

    world_reopen(w);
    ASSERT_IS(vault_subject_get(w->v, alice, &subject), E_NO_SUBJECT);
    ASSERT_IS(vault_subject_find(w->v, &tag, &found), E_NO_SUBJECT);
    assert_reads(w, w->keep_account, his, "his");
    assert_ledger(w);
    uint64_t again = world_adult(w, "alice@example.org");
    assert_int_not_equal(again, alice);
}

static uint64_t put_message(struct world *w, uint64_t from, uint64_t to, unsigned flags,
                            const char *text) {
    struct vault_use use = {.purpose = w->messages, .operation = LAW_OPERATION_COLLECT};
    struct vault_meta meta = {
        .owner = from, .category = w->message, .flags = (uint16_t)flags, .others = {to}};
    uint64_t id = 0;
    ASSERT_OK(vault_put(w->v, &use, &meta, slice_str(text), &id, NULL));
    return id;
}

static void a_message_stays_for_the_other_without_the_one_who_left(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t bob = world_adult(w, "bob@example.org");
    uint64_t message = put_message(w, alice, bob, VAULT_STAYS, "hi bob");
    uint64_t comment = put_message(w, alice, bob, 0, "nice clip");
    uint64_t under = put_message(w, bob, alice, 0, "thanks");
    assert_reads(w, w->messages, message, "hi bob");
    struct vault_query about_bob = {.other = bob};
    assert_int_equal(world_count(w, about_bob), 2);
    struct vault_erased erased;
    ASSERT_OK(vault_erase_subject(w->v, NULL, alice, SLICE(""), NULL, &erased));
    assert_int_equal(erased.records, 1);
    assert_int_equal(erased.kept, 2);
    world_reopen(w);
    char got[64];
    ASSERT_IS(world_read(w, w->messages, comment, got, sizeof got), E_NO_RECORD);
    assert_reads(w, w->messages, message, "hi bob");
    assert_reads(w, w->messages, under, "thanks");
    struct vault_use use = {.purpose = w->messages, .operation = LAW_OPERATION_USE};
    struct vault_meta meta;
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, 64);
    ASSERT_OK(vault_read(w->v, &use, message, &plain, &meta, NULL));
    assert_int_equal(meta.owner, bob);
    assert_int_equal(meta.others[0], 0);
    assert_int_equal(world_count(w, (struct vault_query){.owner = alice}), 0);
}

/* What Bob erased of his messages is his copy of what Alice sent: hers goes when she does, and
 * nothing of his that comes later trips over it. */
static void who_erased_a_category_is_no_heir_of_it(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t bob = world_adult(w, "bob@example.org");
    uint64_t sent = put_message(w, alice, bob, VAULT_STAYS, "hi bob");
    struct vault_erased erased;
    ASSERT_OK(vault_erase_category(w->v, NULL, bob, w->message, SLICE(""), NULL, &erased));
    assert_int_equal(erased.records, 0);
    assert_int_equal(erased.kept, 1);
    assert_int_equal(world_count(w, (struct vault_query){.other = bob}), 0);
    assert_reads(w, w->messages, sent, "hi bob");
    ASSERT_OK(vault_erase_subject(w->v, NULL, alice, SLICE(""), NULL, &erased));
    assert_int_equal(erased.records, 1);
    world_reopen(w);
    char got[64];
    ASSERT_IS(world_read(w, w->messages, sent, got, sizeof got), E_NO_RECORD);
    assert_int_equal(vault_stats(w->v).records, 0);
    assert_ledger(w);
}

static void an_erased_category_is_begun_anew(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t bob = world_adult(w, "bob@example.org");
    uint64_t sent = put_message(w, alice, bob, VAULT_STAYS, "hi bob");
    uint64_t goes = 0;
    uint64_t stays = 0;
    int64_t next_ms = 0;
    struct vault_erased erased;
    ASSERT_OK(vault_erase_category(w->v, NULL, bob, w->message, SLICE(""), NULL, &erased));
    ASSERT_OK(world_put(w, bob, w->messages, w->message, "goes", &goes));
    ASSERT_OK(world_put(w, bob, w->messages, w->message, "stays", &stays));
    uint64_t again = put_message(w, alice, bob, VAULT_STAYS, "and again");
    ASSERT_OK(vault_erase_record(w->v, NULL, goes, SLICE(""), NULL, &erased));
    ASSERT_OK(vault_tick(w->v, &next_ms)); /* a new key for the category */
    char dir[128];
    snprintf(dir, sizeof dir, "%s/backup", w->dir);
    ASSERT_OK(vault_backup(w->v, dir));
    assert_reads(w, w->messages, sent, "hi bob");
    assert_reads(w, w->messages, stays, "stays");
    ASSERT_OK(vault_erase_subject(w->v, NULL, alice, SLICE(""), NULL, &erased));
    assert_int_equal(erased.kept, 1);
    assert_reads(w, w->messages, again, "and again");
}

struct sum {
    uint64_t count;
    uint64_t bytes;
};

static struct status add_up(void *arg, const struct vault_meta *meta, struct slice payload) {
    struct sum *sum = arg;
    (void)meta;
    sum->count++;
    sum->bytes += payload.len;
    return STATUS_OK;
}

static void metadata_are_changed_by_person_and_purpose(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t bob = world_adult(w, "bob@example.org");
    uint64_t id = 0;
    ASSERT_OK(world_consent(w, bob, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    for (int i = 0; i < 50; i++) {
        ASSERT_OK(world_put(w, alice, w->share, w->clip, "hers", &id));
        ASSERT_OK(world_put(w, bob, w->share, w->clip, "his", &id));
        ASSERT_OK(world_put(w, bob, w->keep_history, w->history, "seen", &id));
    }
    struct vault_use use = {.purpose = w->share, .operation = LAW_OPERATION_USE};
    struct vault_query of_alice = {.owner = alice};
    struct vault_change change = {.objections_add = UINT64_C(1) << w->support,
                                  .flags_add = VAULT_DECISION};
    struct vault_found found;
    uint64_t leaves = vault_stats(w->v).leaves;
    ASSERT_OK(vault_change(w->v, &use, &of_alice, &change, &found));
    assert_int_equal(found.permitted, 50);
    assert_int_equal(vault_stats(w->v).leaves, leaves + 1);
    struct vault_query objected = {.objections = UINT64_C(1) << w->support};
    assert_int_equal(world_count(w, objected), 50);
    world_reopen(w);
    assert_int_equal(world_count(w, objected), 50);
    assert_int_equal(world_count(w, (struct vault_query){.flags = VAULT_DECISION}), 50);
    struct sum sum = {.count = 0};
    struct vault_query by_purpose = {.purposes = UINT64_C(1) << w->share};
    ASSERT_OK(vault_find(w->v, &use, &by_purpose, add_up, &sum, &found));
    assert_int_equal(sum.count, 100);
    assert_int_equal(sum.bytes, 50 * 4 + 50 * 3);
    use.purpose = w->support;
    sum = (struct sum){.count = 0};
    ASSERT_OK(vault_find(w->v, &use, &by_purpose, add_up, &sum, &found));
    assert_int_equal(found.permitted, 50);
    assert_int_equal(found.denied, 50);
    use.purpose = w->share;
    ASSERT_OK(vault_delete(w->v, &use, &by_purpose, &found));
    assert_int_equal(found.permitted, 100);
    assert_int_equal(vault_stats(w->v).records, 50);
    assert_ledger(w);
}

static void a_batch_is_one_commit_and_its_parts_fail_alone(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t a = 0;
    uint64_t b = 0;
    uint64_t c = 0;
    ASSERT_OK(vault_begin_batch(w->v));
    ASSERT_OK(world_put(w, alice, w->keep_account, w->account, "one", &a));
    ASSERT_IS(world_put(w, alice, w->keep_history, w->history, "no", &b), E_DENIED);
    ASSERT_OK(world_put(w, alice, w->keep_account, w->account, "two", &c));
    ASSERT_OK(vault_commit_batch(w->v));
    ASSERT_IS(vault_commit_batch(w->v), E_BATCH);
    assert_reads(w, w->keep_account, a, "one");
    assert_reads(w, w->keep_account, c, "two");
    ASSERT_OK(vault_begin_batch(w->v));
    ASSERT_OK(world_put(w, alice, w->keep_account, w->account, "three", &b));
    world_reopen(w); /* never committed */
    char got[64];
    ASSERT_IS(world_read(w, w->keep_account, b, got, sizeof got), E_NO_RECORD);
    assert_reads(w, w->keep_account, c, "two");
}

static void a_blob_is_read_from_any_offset_and_goes(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    struct vault_use use = {.purpose = w->share, .operation = LAW_OPERATION_COLLECT};
    struct vault_meta meta = {.owner = alice, .category = w->clip};
    uint64_t id = 0;
    ASSERT_OK(vault_blob_begin(w->v, &use, &meta, SLICE("video/mp4"), &id, NULL));
    size_t size = 200000;
    uint8_t *bytes = malloc(size);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(i * 7);
    }
    ASSERT_OK(vault_blob_add(w->v, id, 0, slice_of(bytes, 1000)));
    ASSERT_IS(vault_blob_add(w->v, id, 5, slice_of(bytes, 10)), E_RANGE);
    ASSERT_OK(vault_blob_add(w->v, id, 1000, slice_of(bytes + 1000, size - 1000)));
    struct vault_blob *blob = NULL;
    use.operation = LAW_OPERATION_USE;
    ASSERT_IS(vault_blob_open(w->v, &use, id, &blob, NULL), E_NO_RECORD);
    ASSERT_OK(vault_blob_finish(w->v, id));
    world_reopen(w);
    ASSERT_OK(vault_blob_open(w->v, &use, id, &blob, NULL));
    assert_int_equal(vault_blob_bytes(blob), size);
    assert_true(slice_eq(vault_blob_type(blob), SLICE("video/mp4")));
    uint8_t got[100];
    ASSERT_OK(vault_blob_read(blob, 131050, got, sizeof got));
    assert_memory_equal(got, bytes + 131050, sizeof got);
    struct vault_erased erased;
    ASSERT_OK(vault_erase_record(w->v, NULL, id, SLICE(""), NULL, &erased));
    ASSERT_IS(vault_blob_read(blob, 0, got, sizeof got), E_NO_RECORD);
    vault_blob_close(&blob);
    free(bytes);
    world_reopen(w);
    ASSERT_IS(vault_blob_open(w->v, &use, id, &blob, NULL), E_NO_RECORD);
}

static void a_hold_keeps_and_ends(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t id = 0;
    ASSERT_OK(world_put(w, alice, w->share, w->clip, "evidence", &id));
    struct vault_hold hold = {.subject = alice,
                              .ground = VAULT_HOLD_LEGAL_CLAIMS,
                              .until_ms = w->fake.now_ms + 1000,
                              .reference = SLICE("2026/17")};
    ASSERT_OK(vault_hold_place(w->v, NULL, &hold));
    struct vault_erased erased;
    ASSERT_IS(vault_erase_subject(w->v, NULL, alice, SLICE(""), NULL, &erased), E_HELD);
    assert_refused(w, w->share, id, "18(2)");
    world_reopen(w);
    ASSERT_IS(vault_erase_subject(w->v, NULL, alice, SLICE(""), NULL, &erased), E_HELD);
    w->fake.now_ms += 1000;
    int64_t next_ms = 0;
    ASSERT_OK(vault_tick(w->v, &next_ms));
    assert_reads(w, w->share, id, "evidence");
    ASSERT_OK(vault_erase_subject(w->v, NULL, alice, SLICE(""), NULL, &erased));
}

static void the_guards_own_state_goes_with_its_owner(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    struct buf b CLEANUP(buf_done);
    buf_init_secret(&b, 64);
    ASSERT_OK(vault_keep(w->v, alice, 3, 77, SLICE("session")));
    ASSERT_OK(vault_keep(w->v, 0, 3, 77, SLICE("mine")));
    ASSERT_OK(vault_kept(w->v, alice, 3, 77, &b));
    assert_true(slice_eq(buf_slice(&b), SLICE("session")));
    struct vault_erased erased;
    ASSERT_OK(vault_erase_subject(w->v, NULL, alice, SLICE(""), NULL, &erased));
    buf_clear(&b);
    ASSERT_IS(vault_kept(w->v, alice, 3, 77, &b), E_NO_SUBJECT);
    ASSERT_OK(vault_kept(w->v, 0, 3, 77, &b));
    assert_true(slice_eq(buf_slice(&b), SLICE("mine")));
}

/* The row as a backup would still hold it, put back after its record was deleted. */
static void a_deleted_record_is_unreadable_in_old_copies(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t bob = world_adult(w, "bob@example.org");
    uint64_t gone = 0;
    uint64_t stays = 0;
    ASSERT_OK(world_put(w, alice, w->messages, w->message, "goes", &gone));
    ASSERT_OK(world_put(w, alice, w->messages, w->message, "stays", &stays));
    uint64_t from_bob = put_message(w, bob, alice, VAULT_STAYS, "from bob");
    uint64_t to_bob = put_message(w, alice, bob, VAULT_STAYS, "to bob");
    char copy[128];
    snprintf(copy, sizeof copy, "%s/old", w->dir);
    char command[512];
    vault_close(&w->v);
    snprintf(command, sizeof command, "cp -r '%s' '%s'", w->data, copy);
    assert_int_equal(system(command), 0);
    world_open(w);
    struct vault_erased erased;
    int64_t next_ms = 0;
    ASSERT_OK(vault_erase_record(w->v, NULL, gone, SLICE(""), NULL, &erased));
    ASSERT_OK(vault_tick(w->v, &next_ms));
    assert_reads(w, w->messages, stays, "stays");
    assert_reads(w, w->messages, from_bob, "from bob");
    assert_reads(w, w->messages, to_bob, "to bob");
    ASSERT_OK(vault_erase_subject(w->v, NULL, bob, SLICE(""), NULL, &erased));
    assert_reads(w, w->messages, from_bob, "from bob");
    vault_close(&w->v);

    /* The thief of an old copy of the data, with the living keyring and a ledger of his own. */
    snprintf(command, sizeof command, "rm -rf '%s' '%s' && mv '%s' '%s'", w->data, w->ledger, copy,
             w->data);
    assert_int_equal(system(command), 0);
    char got[64];
    struct status opened = world_try_open(w);
    if (!failed(opened)) {
        world_names(w);
        assert_true(failed(world_read(w, w->messages, gone, got, sizeof got)));
        assert_true(failed(world_read(w, w->messages, stays, got, sizeof got)));
    }
}

enum { CROWD = 150, DAY_AND_MORE_MS = 90000000 };

static void shell(const struct world *w, const char *script) {
    char command[512];
    snprintf(command, sizeof command, "cd '%s' && %s", w->dir, script);
    assert_int_equal(system(command), 0);
}

/* What expired in many hands at once goes on without a rest. */
static void tick_to_the_end(struct world *w) {
    int64_t next_ms = 0;
    int turns = 0;
    do {
        ASSERT_OK(vault_tick(w->v, &next_ms));
        turns++;
    } while (next_ms <= w->fake.now_ms);
    assert_true(turns > 2 && turns < CROWD);
}

static void crowd_sees(struct world *w, int turn, uint64_t ids[CROWD]) {
    for (int i = 0; i < CROWD; i++) {
        char mail[32];
        snprintf(mail, sizeof mail, "%d-%d@example.org", turn, i);
        uint64_t id = world_adult(w, mail);
        ASSERT_OK(world_consent(w, id, w->keep_history, LAW_CONSENT_STATE_GIVEN));
        struct vault_use use = {.purpose = w->keep_history, .operation = LAW_OPERATION_COLLECT};
        struct vault_meta meta = {
            .owner = id, .category = w->history, .expires_s = w->fake.now_ms / 1000 + 86400};
        ASSERT_OK(vault_put(w->v, &use, &meta, SLICE("seen"), &ids[i], NULL));
    }
}

/* Old data with the ledger and the clock of that day, and the keyring as it is now. */
static void thief_reads(struct world *w, const uint64_t ids[CROWD], bool may) {
    char got[64];
    shell(w, "mkdir now && mv data ledger keys now/ && cp -r old/data old/ledger . && cp -r stolen "
             "keys");
    w->fake.now_ms -= DAY_AND_MORE_MS;
    ASSERT_OK(world_try_open(w));
    world_names(w);
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(failed(world_read(w, w->keep_history, ids[i], got, sizeof got)), !may);
    }
    vault_close(&w->v);
    w->fake.now_ms += DAY_AND_MORE_MS;
    shell(w, "rm -r data ledger keys && mv now/data now/ledger now/keys . && rmdir now");
}

static void expired_records_are_unreadable_in_old_copies(void **state) {
    struct world *w = *state;
    for (int turn = 0; turn < 2; turn++) {
        uint64_t ids[CROWD];
        int64_t next_ms = 0;
        crowd_sees(w, turn, ids);
        vault_close(&w->v);
        shell(w, "rm -rf old stolen && mkdir old && cp -r data ledger old/ && cp -r keys stolen");
        w->fake.now_ms += DAY_AND_MORE_MS;
        thief_reads(w, ids, true); /* one who stole the keys in time */
        world_open(w);
        if (turn == 0) {
            tick_to_the_end(w);
            shell(w, "rm -r stolen && cp -r keys stolen");
            vault_close(&w->v);
        } else {
            ASSERT_OK(vault_tick(w->v, &next_ms)); /* and the service is stopped at once */
            vault_close(&w->v);
            shell(w, "rm -r stolen && cp -r keys stolen");
        }
        thief_reads(w, ids, false);
        world_open(w);
    }
}

struct told {
    size_t count;
    uint64_t leaves[64];
    uint8_t kinds[64];
};

static struct status tell(void *arg, uint64_t leaf, uint8_t kind, int64_t at_ms,
                          struct slice content) {
    struct told *told = arg;
    (void)at_ms;
    assert_true(content.len > 0);
    told->leaves[told->count] = leaf;
    told->kinds[told->count++] = kind;
    return STATUS_OK;
}

static void accesses_become_leaves_that_can_be_proven(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t bob = world_adult(w, "bob@example.org");
    uint64_t id = 0;
    ASSERT_OK(world_put(w, alice, w->keep_account, w->account, "hers", &id));
    ASSERT_OK(world_put(w, bob, w->keep_account, w->account, "his", &id));
    assert_reads(w, w->support, id, "his");
    w->fake.now_ms += 61000;
    int64_t next_ms = 0;
    ASSERT_OK(vault_tick(w->v, &next_ms));
    struct told told = {.count = 0};
    ASSERT_OK(vault_entries(w->v, bob, 0, 64, tell, &told));
    assert_int_equal(told.count, 3); /* join, write, read */
    assert_true(told.leaves[0] > told.leaves[2]);
    struct buf vkey CLEANUP(buf_done);
    buf_init(&vkey, 1024);
    ASSERT_OK(vault_log_key(w->v, &vkey));
    struct note_vkey log;
    ASSERT_OK(note_vkey_parse(buf_slice(&vkey), &log));
    for (size_t i = 0; i < told.count; i++) {
        struct buf file CLEANUP(buf_done);
        struct buf scratch CLEANUP(buf_done);
        buf_init(&file, PROOF_MAX);
        buf_init(&scratch, PROOF_EXTRA_MAX * 2);
        ASSERT_OK(vault_receipt(w->v, bob, told.leaves[i], &file));
        struct receipt read;
        struct checkpoint head;
        ASSERT_OK(receipt_verify(buf_slice(&file), &log, &scratch, &read, &head));
        assert_int_equal(read.leaf.kind, told.kinds[i]);
    }
    struct buf none CLEANUP(buf_done);
    buf_init(&none, PROOF_MAX);
    ASSERT_IS(vault_receipt(w->v, alice, told.leaves[2], &none), E_NO_RECORD);
    assert_ledger(w);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_record_is_read_again_after_a_restart),
        TEST(without_consent_nothing_is_kept),
        TEST(what_the_map_does_not_declare_is_refused),
        TEST(a_child_cannot_consent_alone),
        TEST(who_waits_for_a_guardian_is_served_little),
        TEST(only_who_asked_is_handed_what_is_theirs),
        TEST(retention_is_kept_to_the_second),
        TEST(an_erased_person_is_gone_and_proven),
        TEST(a_message_stays_for_the_other_without_the_one_who_left),
        TEST(who_erased_a_category_is_no_heir_of_it),
        TEST(an_erased_category_is_begun_anew),
        TEST(metadata_are_changed_by_person_and_purpose),
        TEST(a_batch_is_one_commit_and_its_parts_fail_alone),
        TEST(a_blob_is_read_from_any_offset_and_goes),
        TEST(a_hold_keeps_and_ends),
        TEST(the_guards_own_state_goes_with_its_owner),
        TEST(a_deleted_record_is_unreadable_in_old_copies),
        TEST(expired_records_are_unreadable_in_old_copies),
        TEST(accesses_become_leaves_that_can_be_proven),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

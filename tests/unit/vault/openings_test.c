/* What the ledger says about somebody is kept in few bytes: nothing of it may be lost by that. */
#include "inside.h"

#include <string.h>

#include "ledger/receipt.h"
#include "world.h"

enum { MINUTES = 120 };

struct seen {
    struct world *w;
    uint64_t subject;
    struct note_vkey log;
    uint64_t leaves[4 * MINUTES];
    uint8_t kinds[4 * MINUTES];
    size_t count;
};

static struct status see(void *arg, uint64_t leaf, uint8_t kind, int64_t at_ms,
                         struct slice content) {
    struct seen *seen = arg;
    assert_true(seen->count < ARRAY_LEN(seen->leaves));
    assert_true(content.len > 0 && at_ms > 0);
    seen->leaves[seen->count] = leaf;
    seen->kinds[seen->count++] = kind;
    return STATUS_OK;
}

static void list(struct seen *seen, uint64_t below, size_t max) {
    seen->count = 0;
    ASSERT_OK(vault_entries(seen->w->v, seen->subject, below, max, see, seen));
}

/* A person whose data are read and refused, minute after minute, beside another's. */
static void live(struct world *w, uint64_t alice, uint64_t bob) {
    uint64_t hers = 0;
    uint64_t his = 0;
    uint64_t watched = 0;
    ASSERT_OK(world_consent(w, alice, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    ASSERT_OK(world_put(w, alice, w->keep_history, w->history, "seen", &watched));
    ASSERT_OK(world_put(w, alice, w->keep_account, w->account, "hers", &hers));
    ASSERT_OK(world_put(w, bob, w->keep_account, w->account, "his", &his));
    for (int minute = 0; minute < MINUTES; minute++) {
        int64_t next_ms = 0;
        assert_reads(w, w->support, hers, "hers");
        if (minute % 3 == 0) {
            assert_reads(w, w->support, his, "his");
            assert_refused(w, w->recommend, watched, "6(1)(a)");
        }
        w->fake.now_ms += 61000;
        ASSERT_OK(vault_tick(w->v, &next_ms));
    }
}

/* Proven, so every byte of the entry and its salt came back. */
static struct leaf prove(const struct seen *seen, size_t i) {
    struct buf file CLEANUP(buf_done);
    struct buf scratch CLEANUP(buf_done);
    buf_init(&file, PROOF_MAX);
    buf_init(&scratch, PROOF_EXTRA_MAX * 2);
    ASSERT_OK(vault_receipt(seen->w->v, seen->subject, seen->leaves[i], &file));
    struct receipt read;
    struct checkpoint head;
    ASSERT_OK(receipt_verify(buf_slice(&file), &seen->log, &scratch, &read, &head));
    assert_int_equal(read.leaf.kind, seen->kinds[i]);
    return read.leaf;
}

static void learn_log(struct seen *seen) {
    struct buf vkey CLEANUP(buf_done);
    buf_init(&vkey, 1024);
    ASSERT_OK(vault_log_key(seen->w->v, &vkey));
    ASSERT_OK(note_vkey_parse(buf_slice(&vkey), &seen->log));
}

static void many_entries_are_listed_and_proven(void **state) {
    struct world *w = *state;
    static struct seen seen;
    uint64_t bob = world_adult(w, "bob@example.org");
    seen = (struct seen){.w = w, .subject = world_adult(w, "alice@example.org")};
    live(w, seen.subject, bob);
    world_reopen(w);
    learn_log(&seen);
    list(&seen, 0, SIZE_MAX);
    assert_int_equal(seen.count, 4 + MINUTES + MINUTES / 3); /* join, consent, two writes */
    for (size_t i = 0; i < seen.count; i++) {
        assert_true(i == 0 || seen.leaves[i] < seen.leaves[i - 1]);
        prove(&seen, i);
    }
    static struct seen page;
    page = (struct seen){.w = w, .subject = seen.subject};
    uint64_t below = 0;
    for (size_t from = 0; from < seen.count; from += page.count) {
        list(&page, below, 7);
        assert_int_equal(page.count, seen.count - from < 7 ? seen.count - from : 7);
        assert_memory_equal(page.leaves, seen.leaves + from, page.count * sizeof *page.leaves);
        below = page.leaves[page.count - 1];
    }
    list(&page, below, 7);
    assert_int_equal(page.count, 0);
    list(&page, 0, 0);
    assert_int_equal(page.count, 0);
    assert_ledger(w);
}

static struct status count_rows(void *arg, uint64_t owner, uint64_t id, struct slice bytes) {
    size_t *count = arg;
    (void)owner;
    (void)id;
    assert_true(bytes.len < 1000);
    (*count)++;
    return STATUS_OK;
}

static void entries_share_rows(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    live(w, alice, world_adult(w, "bob@example.org"));
    size_t rows = 0;
    ASSERT_OK(store_each(w->v->store, STORE_OPENINGS, alice, 0, count_rows, &rows));
    assert_true(rows > 2 && rows < MINUTES / 8);
}

struct auditor {
    struct world *w;
    size_t rows;
    struct seal_hash commitments[8 * MINUTES];
    bool there[8 * MINUTES];
};

static struct status open_auditor_row(void *arg, uint64_t owner, uint64_t id, struct slice bytes) {
    struct auditor *a = arg;
    struct buf plain CLEANUP(buf_done);
    struct buf entries CLEANUP(buf_done);
    struct buf content CLEANUP(buf_done);
    buf_init_secret(&plain, OPENING_ROW_MAX);
    buf_init_secret(&entries, OPENING_ROW_MAX);
    buf_init_secret(&content, OPENING_CONTENT_MAX);
    struct seal_key key CLEANUP(seal_key_done) = {.bytes = {1}};
    ASSERT_OK(openings_auditor_row(a->w->v, id, &key, &plain));
    ASSERT_OK(openings_entries(&key, &plain, &entries));
    assert_true(bytes.len > plain.len);
    a->rows++;
    for (size_t at = 0; at < entries.len; at += sizeof(struct opening_entry)) {
        struct opening_entry entry;
        memcpy(&entry, entries.ptr + at, sizeof entry);
        ASSERT_OK(opening_content(a->w->v, owner, &entry, &content));
        assert_true(entry.leaf < ARRAY_LEN(a->there));
        assert_false(a->there[entry.leaf]);
        a->there[entry.leaf] = true;
        a->commitments[entry.leaf] = leaf_commit(&entry.item);
    }
    return STATUS_OK;
}

/* Over the end of a period, whose key is another's than that of the next. */
static void the_auditor_opens_what_was_committed(void **state) {
    struct world *w = *state;
    static struct seen seen;
    static struct auditor auditor;
    seen = (struct seen){.w = w, .subject = world_adult(w, "alice@example.org")};
    auditor = (struct auditor){.w = w};
    live(w, seen.subject, world_adult(w, "bob@example.org"));
    w->fake.now_ms += (int64_t)PERIOD_HOURS * 3600 * 1000;
    ASSERT_OK(world_consent(w, seen.subject, w->keep_history, LAW_CONSENT_STATE_WITHDRAWN));
    world_reopen(w);
    w->fake.now_ms -= (int64_t)PERIOD_HOURS * 3600 * 1000; /* somebody set the clock back */
    ASSERT_OK(world_consent(w, seen.subject, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    learn_log(&seen);
    ASSERT_OK(
        store_each(w->v->store, STORE_OPENINGS, OPENINGS_AUDITOR, 0, open_auditor_row, &auditor));
    list(&seen, 0, SIZE_MAX);
    for (size_t i = 0; i < seen.count; i++) {
        struct leaf leaf = prove(&seen, i);
        assert_true(auditor.there[seen.leaves[i]]);
        assert_memory_equal(&leaf.auditor, &auditor.commitments[seen.leaves[i]],
                            sizeof leaf.auditor);
    }
    assert_true(auditor.rows > 3 && auditor.rows < MINUTES / 2);
}

/* The form of docs/FORMATS.md, "Openings in the store": what is near or named takes few bytes, what
 * is neither comes back as well. */
static void any_content_comes_back(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@example.org");
    struct buf content CLEANUP(buf_done);
    buf_init(&content, OPENING_CONTENT_MAX);
    ASSERT_OK(content_add_u64(&content, FIELD_SUBJECT, alice));
    ASSERT_OK(content_add_text(&content, FIELD_ROLE, SLICE("eight by")));
    ASSERT_OK(content_add_text(&content, FIELD_PURPOSE, SLICE("")));
    ASSERT_OK(content_add_text(&content, FIELD_CATEGORY, SLICE("no such category")));
    ASSERT_OK(content_add_u64(&content, FIELD_COUNT, UINT64_MAX));
    ASSERT_OK(content_add_u64(&content, FIELD_AT_MS, 0));
    ASSERT_OK(content_add_u64(&content, FIELD_RECORD, 900));
    ASSERT_OK(content_add_u64(&content, FIELD_RECORD, 7));
    ASSERT_OK(content_add_u64(&content, FIELD_RECORD, UINT64_MAX));
    ASSERT_OK(content_add_text(&content, FIELD_METHOD, SLICE("metadata")));
    uint64_t leaf = 0;
    ASSERT_OK(vault_note(w->v, LEAF_CONSENT, alice, buf_slice(&content), &leaf));
    static struct seen seen;
    seen = (struct seen){.w = w, .subject = alice};
    learn_log(&seen);
    list(&seen, 0, 1);
    assert_int_equal(seen.leaves[0], leaf);
    prove(&seen, 0);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(many_entries_are_listed_and_proven),
        TEST(entries_share_rows),
        TEST(the_auditor_opens_what_was_committed),
        TEST(any_content_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

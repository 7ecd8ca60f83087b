/* ledger: leaves tell nothing but what they are meant to; openings open what they belong to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "ledger/leaf.h"
#include "vectors.h"

static int start(void **state) {
    (void)state;
    return failed(seal_init());
}

static void vector(const char *name, struct buf *b) {
    buf_init(b, 4096);
    vector_get("ledger.txt", name, b);
}

static struct leaf_salt salt_of(const struct buf *b) {
    struct leaf_salt salt;
    memcpy(salt.bytes, b->ptr, sizeof salt.bytes);
    return salt;
}

static void make_content(struct buf *b) {
    buf_init(b, OPENING_CONTENT_MAX);
    assert_int_equal(content_add_u64(b, FIELD_SUBJECT, 7).code, OK);
    assert_int_equal(content_add_text(b, FIELD_PURPOSE, SLICE("ads")).code, OK);
    assert_int_equal(content_add_text(b, FIELD_OUTCOME, SLICE("deny")).code, OK);
    assert_int_equal(content_add_text(b, FIELD_RULE, SLICE("gdpr:8(1)")).code, OK);
    assert_int_equal(content_add_text(b, FIELD_RULE, SLICE("dsa:28(2)")).code, OK);
}

static void test_vectors(void **state) {
    (void)state;
    struct buf content CLEANUP(buf_done);
    struct buf want CLEANUP(buf_done);
    struct buf salt CLEANUP(buf_done);
    struct buf one CLEANUP(buf_done);
    struct buf five CLEANUP(buf_done);
    struct buf entry CLEANUP(buf_done);
    struct buf hash CLEANUP(buf_done);
    struct buf opening CLEANUP(buf_done);
    struct buf written CLEANUP(buf_done);
    make_content(&content);
    vector("content", &want);
    vector("salt", &salt);
    vector("commit.one", &one);
    vector("commit.five", &five);
    vector("leaf", &entry);
    vector("leaf.hash", &hash);
    vector("opening.one", &opening);
    buf_init(&written, 4096);
    assert_true(slice_eq(buf_slice(&content), buf_slice(&want)));

    struct opening_item items[5];
    uint8_t contents[5][21];
    struct opening_item item = {.salt = salt_of(&salt), .content = buf_slice(&content)};
    for (size_t i = 0; i < 5; i++) {
        memcpy(contents[i], content.ptr, 20);
        contents[i][20] = (uint8_t)i;
        items[i] = (struct opening_item){.salt = item.salt, .content = slice_of(contents[i], 21)};
        items[i].salt.bytes[31] = (uint8_t)i;
    }
    struct leaf leaf = {.kind = LEAF_DENIAL_BATCH, .hour = 498000};
    leaf.person = leaf_commit(&item);
    assert_memory_equal(leaf.person.bytes, one.ptr, 32);
    assert_int_equal(leaf_commit_many(items, 5, &leaf.auditor).code, OK);
    assert_memory_equal(leaf.auditor.bytes, five.ptr, 32);
    uint8_t got[LEAF_LEN];
    leaf_put(&leaf, got);
    assert_int_equal(entry.len, LEAF_LEN);
    assert_memory_equal(got, entry.ptr, LEAF_LEN);
    struct seal_hash leaf_hash = merkle_leaf_hash(slice_of(got, LEAF_LEN));
    assert_memory_equal(leaf_hash.bytes, hash.ptr, 32);
    assert_int_equal(opening_write(OPENING_PERSON, &item, 1, 0, &written).code, OK);
    assert_true(slice_eq(buf_slice(&written), buf_slice(&opening)));
}

static void test_salt_of_erasure(void **state) {
    (void)state;
    struct buf want CLEANUP(buf_done);
    struct seal_key key;
    vector("erasure.salt", &want);
    for (size_t i = 0; i < sizeof key.bytes; i++) {
        key.bytes[i] = (uint8_t)i;
    }
    struct leaf_salt salt = leaf_salt_of_erasure(&key);
    assert_memory_equal(salt.bytes, want.ptr, 32);
    key.bytes[0] ^= 1;
    salt = leaf_salt_of_erasure(&key);
    assert_memory_not_equal(salt.bytes, want.ptr, 32);
}

static void test_leaf_round_trip(void **state) {
    (void)state;
    struct leaf leaf = {.kind = LEAF_ERASURE_DONE,
                        .hour = leaf_hour(INT64_C(1795000000000)),
                        .person = leaf_commit_nothing(),
                        .auditor = leaf_commit_nothing()};
    struct leaf again;
    uint8_t entry[LEAF_LEN + 1] = {0};
    leaf_put(&leaf, entry);
    assert_int_equal(leaf_get(slice_of(entry, LEAF_LEN), &again).code, OK);
    assert_int_equal(again.kind, leaf.kind);
    assert_int_equal(again.hour, 498611);
    assert_memory_equal(&again.person, &leaf.person, 32);
    assert_int_equal(leaf_get(slice_of(entry, LEAF_LEN - 1), &again).code, E_LEAF_FORM);
    assert_int_equal(leaf_get(slice_of(entry, LEAF_LEN + 1), &again).code, E_LEAF_FORM);
    entry[0] = 2;
    assert_int_equal(leaf_get(slice_of(entry, LEAF_LEN), &again).code, E_LEAF_FORM);
    entry[0] = 1;
    entry[1] = 0;
    assert_int_equal(leaf_get(slice_of(entry, LEAF_LEN), &again).code, E_LEAF_FORM);
    entry[1] = 200;
    assert_int_equal(leaf_get(slice_of(entry, LEAF_LEN), &again).code, E_LEAF_FORM);
}

static void test_kinds_have_names(void **state) {
    (void)state;
    size_t count = 0;
    for (unsigned k = 0; k < 256; k++) {
        if (leaf_kind_text(k) != NULL) {
            assert_true(strlen(leaf_kind_text(k)) > 0 && strlen(leaf_kind_meaning(k)) > 0);
            count++;
        }
    }
    assert_int_equal(count, 42);
    assert_string_equal(leaf_kind_text(LEAF_ERASURE_DONE), "erasure-done");
    assert_null(leaf_kind_meaning(0));
}

static void test_each_item_of_a_batch_opens_alone(void **state) {
    (void)state;
    enum { N = 23 };
    struct opening_item items[N];
    struct leaf leaf = {.kind = LEAF_READ_BATCH, .auditor = leaf_commit_nothing()};
    uint8_t contents[N][4];
    for (size_t i = 0; i < N; i++) {
        contents[i][0] = FIELD_PURPOSE;
        contents[i][1] = 0;
        contents[i][2] = 1;
        contents[i][3] = (uint8_t)('a' + i);
        items[i] =
            (struct opening_item){.salt = leaf_salt_random(), .content = slice_of(contents[i], 4)};
    }
    assert_int_equal(leaf_commit_many(items, N, &leaf.person).code, OK);
    for (size_t i = 0; i < N; i++) {
        struct buf b CLEANUP(buf_done);
        struct opening opening;
        buf_init(&b, OPENING_MAX);
        assert_int_equal(opening_write(OPENING_PERSON, items, N, i, &b).code, OK);
        assert_int_equal(opening_read(buf_slice(&b), &opening).code, OK);
        assert_int_equal(opening_check(&opening, &leaf).code, OK);
        assert_int_equal(opening.content.ptr[3], 'a' + i);
        opening.item = (i + 1) % N;
        assert_int_equal(opening_check(&opening, &leaf).code, E_OPENING_WRONG);
        opening.item = i;
        opening.side = OPENING_AUDITOR;
        assert_int_equal(opening_check(&opening, &leaf).code, E_OPENING_WRONG);
        /* Nothing of the other items stands in it. */
        for (size_t k = 0; k < N; k++) {
            bool found = memmem(b.ptr, b.len, items[k].salt.bytes, LEAF_SALT_LEN) != NULL;
            assert_int_equal(found, k == i);
        }
    }
}

static void test_mutated_openings_fail(void **state) {
    (void)state;
    struct buf content CLEANUP(buf_done);
    struct buf b CLEANUP(buf_done);
    make_content(&content);
    struct opening_item item = {.salt = leaf_salt_random(), .content = buf_slice(&content)};
    struct leaf leaf = {.kind = LEAF_CONSENT, .auditor = leaf_commit_nothing()};
    leaf.person = leaf_commit(&item);
    buf_init(&b, OPENING_MAX);
    assert_int_equal(opening_write(OPENING_PERSON, &item, 1, 0, &b).code, OK);
    struct opening opening;
    for (size_t bit = 0; bit < b.len * 8; bit++) {
        b.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct status s = opening_read(buf_slice(&b), &opening);
        assert_true(failed(s) || failed(opening_check(&opening, &leaf)));
        b.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t n = 0; n < b.len; n++) {
        assert_int_equal(opening_read(slice_of(b.ptr, n), &opening).code, E_OPENING_FORM);
    }
}

static void test_content_is_read_in_one_way(void **state) {
    (void)state;
    struct buf b CLEANUP(buf_done);
    struct buf text CLEANUP(buf_done);
    make_content(&b);
    buf_init(&text, 4096);
    assert_int_equal(content_add_u64(&b, FIELD_SUBJECT, 8).code, E_OPENING_FORM);
    assert_int_equal(content_add_u64(&b, FIELD_AT_MS, UINT64_C(1795262400000)).code, OK);
    assert_int_equal(content_add_text(&b, FIELD_GROUND, SLICE("a\x1b[2Jb")).code, OK);
    assert_int_equal(content_print(buf_slice(&b), &text).code, OK);
    assert_true(slice_eq(buf_slice(&text),
                         SLICE("subject: 7\npurpose: ads\noutcome: deny\nrule: gdpr:8(1)\n"
                               "rule: dsa:28(2)\nat: 2026-11-21T12:00:00Z\nground: a?[2Jb\n")));
    struct slice rest = SLICE("\x05\x00\x01x\x01\x00\x01y");
    unsigned code = 0;
    struct slice value;
    assert_int_equal(content_next(&rest, &code, &value).code, OK);
    assert_int_equal(content_next(&rest, &code, &value).code, E_OPENING_FORM);
}

/* Written out, so that a field that is added is thought about twice. */
static void test_what_an_auditor_may_be_told(void **state) {
    (void)state;
    static const unsigned told[] = {FIELD_ROLE,   FIELD_OPERATION, FIELD_PURPOSE,   FIELD_CATEGORY,
                                    FIELD_BASIS,  FIELD_OUTCOME,   FIELD_RULE,      FIELD_NEED,
                                    FIELD_COUNT,  FIELD_GIVER,     FIELD_RECIPIENT, FIELD_GROUND,
                                    FIELD_DIGEST, FIELD_METHOD};
    for (unsigned code = 0; code < 300; code++) {
        bool is = false;
        for (size_t i = 0; i < ARRAY_LEN(told); i++) {
            is |= told[i] == code;
        }
        assert_int_equal(leaf_field_audited(code), is);
    }
    struct buf out CLEANUP(buf_done);
    struct slice all = SLICE("\x01\x00\x01x\x05\x00\x01y\x0c\x00\x01z");
    buf_init(&out, 64);
    assert_int_equal(content_for_auditor(all, &out).code, OK);
    assert_true(slice_eq(buf_slice(&out), SLICE("\x05\x00\x01y")));
    assert_int_equal(content_for_auditor(SLICE("\x05\x00\x02x"), &out).code, E_OPENING_FORM);
    assert_true(content_audited(SLICE("")));
    assert_true(content_audited(SLICE("\x05\x00\x01x\x08\x00\x01y")));
    assert_false(content_audited(SLICE("\x01\x00\x01x\x05\x00\x01y")));
    assert_false(content_audited(SLICE("\x05\x00\x01x\x0c\x00\x01y")));
    assert_false(content_audited(SLICE("\x05\x00\x01x\xff\x00\x01y")));
    assert_false(content_audited(SLICE("\x05\x00\x02x")));
    assert_false(content_audited(SLICE("\x08\x00\x01x\x05\x00\x01y")));
}

static void test_limits_of_openings(void **state) {
    (void)state;
    static uint8_t much[OPENING_CONTENT_MAX + 1];
    struct buf b CLEANUP(buf_done);
    struct seal_hash hash;
    struct opening_item item = {.salt = leaf_salt_random()};
    buf_init(&b, 2 * OPENING_MAX);
    for (size_t n = OPENING_CONTENT_MAX - 1; n <= OPENING_CONTENT_MAX + 1; n++) {
        enum error_code want = n <= OPENING_CONTENT_MAX ? OK : E_TOO_LARGE;
        item.content = slice_of(much, n);
        buf_clear(&b);
        assert_int_equal(leaf_commit_many(&item, 1, &hash).code, want);
        assert_int_equal(opening_write(OPENING_PERSON, &item, 1, 0, &b).code, want);
    }
    assert_int_equal(leaf_commit_many(&item, 0, &hash).code, E_TOO_LARGE);
}

/* The curious neighbour has the whole log and knows everybody in the school: every number and name,
 * every purpose, every outcome, the hour. Without a salt none of the guesses opens a leaf, and the
 * leaves of who was erased look like those of who was not: the same bytes but for random ones. */
enum { SCHOOL = 300 };

static void make_event(uint64_t subject, struct leaf *leaf) {
    struct buf content CLEANUP(buf_done);
    struct seal_key key CLEANUP(seal_key_done) = seal_key_random();
    buf_init(&content, 256);
    assert_int_equal(content_add_u64(&content, FIELD_SUBJECT, subject).code, OK);
    assert_int_equal(content_add_text(&content, FIELD_OUTCOME, SLICE("done")).code, OK);
    struct opening_item item = {.salt = leaf_salt_of_erasure(&key), .content = buf_slice(&content)};
    *leaf = (struct leaf){.kind = LEAF_ERASURE_DONE, .hour = 498000};
    leaf->person = leaf_commit(&item);
    leaf->auditor = leaf_commit_nothing();
}

static size_t guesses_that_open(const struct leaf *leaf) {
    size_t hits = 0;
    static const struct leaf_salt no_salt;
    for (uint64_t subject = 0; subject < SCHOOL; subject++) {
        struct buf content CLEANUP(buf_done);
        buf_init(&content, 256);
        assert_int_equal(content_add_u64(&content, FIELD_SUBJECT, subject).code, OK);
        assert_int_equal(content_add_text(&content, FIELD_OUTCOME, SLICE("done")).code, OK);
        struct opening_item guess = {.salt = no_salt, .content = buf_slice(&content)};
        struct seal_hash salted = leaf_commit(&guess);
        struct seal_hash bare = seal_sha256(buf_slice(&content));
        struct seal_hash leafy = merkle_leaf_hash(buf_slice(&content));
        hits += seal_hash_equal(&salted, &leaf->person) + seal_hash_equal(&bare, &leaf->person) +
                seal_hash_equal(&leafy, &leaf->person);
    }
    return hits;
}

static size_t ones(const uint8_t *bytes, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        count += (size_t)__builtin_popcount(bytes[i]);
    }
    return count;
}

static void test_the_curious_neighbour(void **state) {
    (void)state;
    uint8_t first[LEAF_LEN];
    size_t bits = 0;
    for (uint64_t i = 0; i < SCHOOL; i++) {
        struct leaf leaf;
        uint8_t entry[LEAF_LEN];
        /* The same person each second time: two leaves of one person are no more alike. */
        make_event(i / 2, &leaf);
        leaf_put(&leaf, entry);
        if (i == 0) {
            memcpy(first, entry, sizeof first);
        }
        assert_memory_equal(entry, first, 6);
        assert_true(i == 0 || memcmp(entry + 6, first + 6, 32) != 0);
        bits += ones(entry + 6, 64);
        assert_int_equal(guesses_that_open(&leaf), 0);
    }
    /* Half of the bits, within six standard deviations: 300 * 512 fair coins. */
    double expected = SCHOOL * 512 / 2.0;
    assert_true(bits > expected - 6 * 196 && bits < expected + 6 * 196);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_salt_of_erasure),
        cmocka_unit_test(test_leaf_round_trip),
        cmocka_unit_test(test_kinds_have_names),
        cmocka_unit_test(test_each_item_of_a_batch_opens_alone),
        cmocka_unit_test(test_mutated_openings_fail),
        cmocka_unit_test(test_content_is_read_in_one_way),
        cmocka_unit_test(test_what_an_auditor_may_be_told),
        cmocka_unit_test(test_limits_of_openings),
        cmocka_unit_test(test_the_curious_neighbour),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}

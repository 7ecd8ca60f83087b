/* ledger: what is appended is published, proved and never changed; damage is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ledger/receipt.h"
#include "ledger/tile.h"
#include "power.h"
#include "story.h"

static struct power *power;
static struct story story;
static struct ledger *ledger;

static int start(void **state) {
    (void)state;
    return failed(seal_init());
}

static int fresh(void **state) {
    (void)state;
    power = power_new(3);
    story_begin(&story, power_fs(power));
    return failed(ledger_create(&story.options)) || failed(ledger_open(&story.options, &ledger));
}

static int clear(void **state) {
    (void)state;
    ledger_close(&ledger);
    power_free(&power);
    return 0;
}

static void grow_to(uint64_t size) {
    uint64_t at = ledger_size(ledger);
    assert_int_equal(story_append(ledger, at, size - at).code, OK);
    assert_int_equal(ledger_publish(ledger).code, OK);
    assert_int_equal(ledger_published(ledger), size);
}

static void reopen(void) {
    story.options.store_leaves = ledger_size(ledger);
    ledger_close(&ledger);
    assert_int_equal(ledger_open(&story.options, &ledger).code, OK);
}

static void expect_whole(uint64_t size) {
    struct verify_log_report report;
    struct status s = story_verify(&story, power_fs(power), slice_of(NULL, 0), &report);
    if (failed(s)) {
        print_error("at %s\n", report.failed_path);
    }
    assert_int_equal(s.code, OK);
    assert_int_equal(report.size, size);
}

static bool exists(const char *path) {
    bool found = false;
    assert_int_equal(os_exists(power_fs(power), path, &found).code, OK);
    return found;
}

static void test_grows_and_verifies(void **state) {
    (void)state;
    uint64_t sizes[] = {1, 2, 3, 7, 8, 100, 255, 256, 257, 511, 512, 700};
    expect_whole(0);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        grow_to(sizes[i]);
        expect_whole(sizes[i]);
        if (i % 2 == 0) {
            reopen();
        }
    }
}

static void test_the_example_of_the_specification(void **state) {
    (void)state;
    grow_to(65000);
    grow_to(70000);
    assert_true(exists("log/tile/0/272"));
    assert_true(exists("log/tile/0/273.p/112"));
    assert_true(exists("log/tile/1/000"));
    assert_true(exists("log/tile/1/001.p/17"));
    assert_true(exists("log/tile/2/000.p/1"));
    assert_true(exists("log/tile/entries/273.p/112"));
    /* What the full tiles made superfluous is gone. */
    assert_false(exists("log/tile/0/253.p"));
    assert_false(exists("log/tile/1/000.p"));
    assert_false(exists("log/tile/entries/253.p"));
    expect_whole(70000);
    reopen();
    uint64_t some[] = {0, 255, 256, 65535, 65536, 69887, 69888, 69999};
    for (size_t i = 0; i < ARRAY_LEN(some); i++) {
        uint8_t want[LEAF_LEN];
        uint8_t got[LEAF_LEN];
        story_leaf(some[i], want);
        assert_int_equal(ledger_leaf(ledger, some[i], got).code, OK);
        assert_memory_equal(want, got, LEAF_LEN);
    }
}

static void test_bundles_are_the_leaves(void **state) {
    (void)state;
    static const uint64_t sizes[] = {1, 256, 300, 700};
    static uint8_t got[TILE_WIDTH * LEAF_LEN];
    for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
        grow_to(sizes[k]);
        size_t count = 0;
        for (uint64_t at = 0; at < sizes[k]; at += k == 3 ? count : 1) {
            assert_int_equal(ledger_bundle(ledger, at, got, &count).code, OK);
            uint64_t left = sizes[k] - at;
            uint64_t room = TILE_WIDTH - at % TILE_WIDTH;
            assert_int_equal(count, left < room ? left : room);
            for (uint64_t i = 0; i < count; i++) {
                uint8_t want[LEAF_LEN];
                story_leaf(at + i, want);
                assert_memory_equal(want, got + i * LEAF_LEN, LEAF_LEN);
            }
        }
        assert_int_equal(ledger_bundle(ledger, sizes[k], got, &count).code, E_LEDGER_MISSING);
    }
    assert_true(power_flip(power, "log/tile/entries/001", 255 * 72 + 70, 1));
    size_t count = 0;
    assert_int_equal(ledger_bundle(ledger, 256, got, &count).code, E_LEDGER_CORRUPT);
    assert_string_equal(ledger_failed_path(), "tile/entries/001");
}

static void expect_receipt(uint64_t index) {
    struct buf opening CLEANUP(buf_done);
    struct buf file CLEANUP(buf_done);
    struct buf scratch CLEANUP(buf_done);
    struct opening_item item = story_item(index);
    struct receipt receipt;
    struct checkpoint head;
    buf_init(&opening, OPENING_MAX);
    buf_init(&file, PROOF_MAX);
    buf_init(&scratch, PROOF_EXTRA_MAX);
    assert_int_equal(opening_write(OPENING_PERSON, &item, 1, 0, &opening).code, OK);
    struct slice openings[] = {buf_slice(&opening)};
    assert_int_equal(ledger_receipt(ledger, index, openings, 1, &file).code, OK);
    assert_int_equal(receipt_verify(buf_slice(&file), &story.vkey, &scratch, &receipt, &head).code,
                     OK);
    assert_int_equal(receipt.proof.index, index);
    assert_int_equal(head.size, ledger_published(ledger));
}

static void test_a_receipt_for_every_leaf(void **state) {
    (void)state;
    uint64_t sizes[] = {1, 5, 256, 300, 600};
    for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
        grow_to(sizes[k]);
        for (uint64_t i = 0; i < sizes[k]; i += 1 + sizes[k] / 100) {
            expect_receipt(i);
        }
        expect_receipt(sizes[k] - 1);
    }
    struct merkle_path path;
    assert_int_equal(ledger_prove_inclusion(ledger, 600, &path).code, E_LEDGER_MISSING);
    assert_int_equal(story_append(ledger, 600, 1).code, OK);
    assert_int_equal(ledger_prove_inclusion(ledger, 600, &path).code, E_LEDGER_MISSING);
}

static void test_consistency_from_every_checkpoint(void **state) {
    (void)state;
    struct verify_log_report report;
    struct seal_hash roots[8];
    uint64_t sizes[] = {1, 2, 6, 200, 256, 259, 512, 777};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct buf old CLEANUP(buf_done);
        struct checkpoint head;
        grow_to(sizes[i]);
        assert_int_equal(checkpoint_verify(ledger_checkpoint(ledger), &story.vkey, &head).code, OK);
        roots[i] = head.root;
        buf_init(&old, NOTE_MAX);
        assert_int_equal(buf_add(&old, ledger_checkpoint(ledger)).code, OK);
        grow_to(sizes[i] + 1);
        assert_int_equal(story_verify(&story, power_fs(power), buf_slice(&old), &report).code, OK);
        assert_int_equal(report.since_size, sizes[i]);
        assert_int_equal(checkpoint_verify(ledger_checkpoint(ledger), &story.vkey, &head).code, OK);
        for (size_t k = 0; k <= i; k++) {
            struct merkle_path path;
            assert_int_equal(ledger_prove_consistency(ledger, sizes[k], &path).code, OK);
            assert_int_equal(
                merkle_verify_consistency(sizes[k], &roots[k], head.size, &head.root, &path).code,
                OK);
        }
        if (i + 1 < ARRAY_LEN(sizes) && sizes[i + 1] == sizes[i] + 1) {
            i++;
            roots[i] = head.root;
        }
    }
}

static void test_an_index_has_one_leaf(void **state) {
    (void)state;
    uint8_t other[LEAF_LEN];
    grow_to(300);
    assert_int_equal(story_append(ledger, 0, 300).code, OK);
    assert_int_equal(story_append(ledger, 250, 80).code, OK);
    assert_int_equal(ledger_size(ledger), 330);
    story_leaf(1000, other);
    assert_int_equal(ledger_append_at(ledger, 3, other, 1).code, E_LEDGER_CONFLICT);
    assert_int_equal(ledger_append_at(ledger, 299, other, 1).code, E_LEDGER_CONFLICT);
    assert_int_equal(ledger_append_at(ledger, 320, other, 1).code, E_LEDGER_CONFLICT);
    assert_int_equal(ledger_append_at(ledger, 331, other, 1).code, E_LEDGER_GAP);
    other[1] = 0;
    assert_int_equal(ledger_append_at(ledger, 330, other, 1).code, E_LEAF_FORM);
    assert_int_equal(ledger_size(ledger), 330);
    grow_to(331);
    expect_whole(331);
}

static void test_append_many_gives_indexes(void **state) {
    (void)state;
    uint8_t entries[2 * LEAF_LEN];
    uint64_t first = 99;
    story_leaf(0, entries);
    story_leaf(1, entries + LEAF_LEN);
    assert_int_equal(ledger_append_many(ledger, entries, 2, &first).code, OK);
    assert_int_equal(first, 0);
    assert_int_equal(ledger_append_many(ledger, entries, 2, &first).code, OK);
    assert_int_equal(first, 2);
}

static void test_a_store_that_fell_behind_is_refused(void **state) {
    (void)state;
    grow_to(10);
    ledger_close(&ledger);
    story.options.store_leaves = 9;
    assert_int_equal(ledger_open(&story.options, &ledger).code, E_LEDGER_AHEAD);
    assert_null(ledger);
    assert_int_equal(ledger_open_restored(&story.options, &ledger).code, OK);
    assert_int_equal(ledger_published(ledger), 10);
    grow_to(11);
    expect_whole(11);
}

static void test_there_is_one_beginning(void **state) {
    (void)state;
    grow_to(300);
    ledger_close(&ledger);
    assert_int_equal(ledger_create(&story.options).code, E_FILE_EXISTS);
    assert_int_equal(os_remove(power_fs(power), "log/checkpoint").code, OK);
    assert_int_equal(ledger_create(&story.options).code, E_FILE_EXISTS);
    assert_int_equal(ledger_open(&story.options, &ledger).code, E_LEDGER_CORRUPT);
    assert_string_equal(ledger_failed_path(), "checkpoint");
}

static void test_another_key_or_origin(void **state) {
    (void)state;
    struct ledger_options other = story.options;
    struct seal_key seed = {{1}};
    struct seal_signing_key key = seal_signing_key_from_seed(&seed);
    other.store_leaves = 100;
    other.key = &key;
    ledger_close(&ledger);
    assert_int_equal(ledger_open(&other, &ledger).code, E_NOTE_UNSIGNED);
    other = story.options;
    other.origin = SLICE("other.example");
    assert_int_equal(ledger_open(&other, &ledger).code, E_CHECKPOINT_ORIGIN);
    other.origin = SLICE("not a name");
    assert_int_equal(ledger_open(&other, &ledger).code, E_VKEY);
}

/* Each file in turn; whichever it is, opening or proving or verifying names it, and putting the
 * byte back mends it. */
static const char *const files[] = {
    "checkpoint",
    "tile/0/000",
    "tile/0/001",
    "tile/0/002.p/88",
    "tile/1/000.p/2",
    "tile/entries/000",
    "tile/entries/002.p/88",
};

static struct status open_and_prove_all(void) {
    uint8_t entry[LEAF_LEN];
    TRY(ledger_open(&story.options, &ledger));
    struct status s = STATUS_OK;
    for (uint64_t i = 0; i < 600 && !failed(s); i += 3) {
        s = ledger_leaf(ledger, i, entry);
    }
    ledger_close(&ledger);
    return s;
}

static void test_flipped_bits_are_named(void **state) {
    (void)state;
    struct verify_log_report report;
    const struct os_fs *fs = power_fs(power);
    size_t unsigned_by = 0;
    grow_to(600);
    story.options.store_leaves = 600;
    ledger_close(&ledger);
    for (size_t f = 0; f < ARRAY_LEN(files); f++) {
        char path[OS_PATH_MAX] = "log/";
        strcat(path, files[f]);
        for (uint64_t byte = 0; power_flip(power, path, byte, byte % 8); byte += f == 0 ? 1 : 211) {
            struct status s = story_verify(&story, fs, slice_of(NULL, 0), &report);
            assert_true(failed(s));
            assert_non_null(strstr(report.failed_path, files[f]));
            s = open_and_prove_all();
            if (s.code == E_NOTE_UNSIGNED) {
                unsigned_by++;
            } else if (s.code != E_LEDGER_CORRUPT) {
                /* One in the length of an entry not looked at is the verifier's to find. */
                assert_int_equal(s.code, OK);
                assert_non_null(strstr(files[f], "entries"));
            } else {
                assert_string_equal(ledger_failed_path(), files[f]);
            }
            assert_true(power_flip(power, path, byte, byte % 8));
        }
    }
    /* In the one letter that is of the key's number and of the signature nobody sees whose it was.
     */
    assert_true(unsigned_by <= 1);
    assert_int_equal(open_and_prove_all().code, OK);
}

static void test_missing_files_are_named(void **state) {
    (void)state;
    struct verify_log_report report;
    const struct os_fs *fs = power_fs(power);
    grow_to(600);
    story.options.store_leaves = 600;
    ledger_close(&ledger);
    for (size_t f = 0; f < ARRAY_LEN(files); f++) {
        char path[OS_PATH_MAX] = "log/";
        strcat(path, files[f]);
        assert_int_equal(os_rename(fs, path, "log/away").code, OK);
        assert_int_equal(story_verify(&story, fs, slice_of(NULL, 0), &report).code, E_FILE_MISSING);
        assert_string_equal(report.failed_path, files[f]);
        assert_int_equal(open_and_prove_all().code, E_LEDGER_CORRUPT);
        assert_string_equal(ledger_failed_path(), files[f]);
        assert_int_equal(os_rename(fs, "log/away", path).code, OK);
    }
}

static void test_cosignatures_are_published(void **state) {
    (void)state;
    struct buf line CLEANUP(buf_done);
    struct buf disk CLEANUP(buf_done);
    struct note note;
    struct seal_key seed = {{2}};
    struct seal_signing_key witness = seal_signing_key_from_seed(&seed);
    struct note_vkey known;
    buf_init(&line, NOTE_MAX);
    buf_init(&disk, NOTE_MAX);
    assert_int_equal(
        note_vkey_make(SLICE("w.example"), NOTE_COSIGNATURE, witness.public_key, &known).code, OK);
    grow_to(5);
    assert_int_equal(note_parse(ledger_checkpoint(ledger), &note).code, OK);
    assert_int_equal(note_cosign(note.text, SLICE("w.example"), 1700000000, &witness, &line).code,
                     OK);
    assert_int_equal(ledger_cosign(ledger, buf_slice(&line), &known, 1).code, OK);
    assert_int_equal(os_read_file(power_fs(power), "log/checkpoint", &disk).code, OK);
    assert_true(slice_eq(buf_slice(&disk), ledger_checkpoint(ledger)));
    bool cosigned = false;
    uint64_t at_s = 0;
    size_t count = 0;
    assert_int_equal(
        verify_cosignatures(buf_slice(&disk), &known, 1, &cosigned, &at_s, &count).code, OK);
    assert_true(cosigned && count == 1 && at_s == 1700000000);
    reopen();
    grow_to(6);
    expect_whole(6);
}

static void test_nothing_new_publishes_nothing(void **state) {
    (void)state;
    grow_to(5);
    uint64_t before = power_changes(power);
    assert_int_equal(ledger_publish(ledger).code, OK);
    assert_int_equal(power_changes(power), before);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fresh, clear)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_grows_and_verifies),
        CASE(test_the_example_of_the_specification),
        CASE(test_a_receipt_for_every_leaf),
        CASE(test_bundles_are_the_leaves),
        CASE(test_consistency_from_every_checkpoint),
        CASE(test_an_index_has_one_leaf),
        CASE(test_append_many_gives_indexes),
        CASE(test_a_store_that_fell_behind_is_refused),
        CASE(test_there_is_one_beginning),
        CASE(test_another_key_or_origin),
        CASE(test_flipped_bits_are_named),
        CASE(test_missing_files_are_named),
        CASE(test_cosignatures_are_published),
        CASE(test_nothing_new_publishes_nothing),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}

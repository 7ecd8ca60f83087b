/* ledger: an outsider notices a log that was rewritten, cut, or signed by somebody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "power.h"
#include "story.h"

static struct power *power;
static struct story story;
static struct verify_log_report report;

static int start(void **state) {
    (void)state;
    return failed(seal_init());
}

static int fresh(void **state) {
    (void)state;
    power = power_new(3);
    story_begin(&story, power_fs(power));
    return 0;
}

static int clear(void **state) {
    (void)state;
    power_free(&power);
    return 0;
}

/* Leaves from `first` on under the name and key of the story; the checkpoint is handed back. */
static void make_log(uint64_t first, uint64_t size, struct buf *ret_checkpoint) {
    struct ledger *ledger = NULL;
    uint8_t entry[LEAF_LEN];
    assert_int_equal(ledger_create(&story.options).code, OK);
    assert_int_equal(ledger_open(&story.options, &ledger).code, OK);
    for (uint64_t i = 0; i < size; i++) {
        story_leaf(first + i, entry);
        assert_int_equal(ledger_append_at(ledger, i, entry, 1).code, OK);
    }
    assert_int_equal(ledger_publish(ledger).code, OK);
    buf_init(ret_checkpoint, NOTE_MAX);
    assert_int_equal(buf_add(ret_checkpoint, ledger_checkpoint(ledger)).code, OK);
    ledger_close(&ledger);
}

static void other_directory(void) {
    power_free(&power);
    power = power_new(4);
    story.options.fs = power_fs(power);
}

static void test_counts_what_is_there(void **state) {
    (void)state;
    struct buf c CLEANUP(buf_done);
    make_log(0, 400, &c);
    assert_int_equal(story_verify(&story, power_fs(power), slice_of(NULL, 0), &report).code, OK);
    assert_int_equal(report.kinds[LEAF_CONSENT], 134);
    assert_int_equal(report.kinds[LEAF_READ_BATCH], 266);
    assert_int_equal(report.hour_steps_back, 0);
    assert_int_equal(report.cosignatures, 0);
}

static void test_a_rewritten_log_is_a_fork(void **state) {
    (void)state;
    struct buf seen CLEANUP(buf_done);
    struct buf forged CLEANUP(buf_done);
    make_log(0, 300, &seen);
    other_directory();
    make_log(1, 400, &forged);
    assert_int_equal(story_verify(&story, power_fs(power), slice_of(NULL, 0), &report).code, OK);
    assert_int_equal(story_verify(&story, power_fs(power), buf_slice(&seen), &report).code,
                     E_LOG_FORKED);
}

static void test_a_log_that_went_back_is_a_fork(void **state) {
    (void)state;
    struct buf seen CLEANUP(buf_done);
    struct buf older CLEANUP(buf_done);
    make_log(0, 300, &seen);
    other_directory();
    make_log(0, 200, &older);
    assert_int_equal(story_verify(&story, power_fs(power), buf_slice(&seen), &report).code,
                     E_LOG_FORKED);
    assert_int_equal(story_verify(&story, power_fs(power), buf_slice(&older), &report).code, OK);
}

static void test_an_empty_log(void **state) {
    (void)state;
    struct buf c CLEANUP(buf_done);
    make_log(0, 0, &c);
    assert_int_equal(story_verify(&story, power_fs(power), buf_slice(&c), &report).code, OK);
    assert_int_equal(report.size, 0);
}

static void test_only_the_logs_own_checkpoints_count(void **state) {
    (void)state;
    struct buf c CLEANUP(buf_done);
    make_log(0, 10, &c);
    c.ptr[c.len - 5] ^= 1;
    struct status s = story_verify(&story, power_fs(power), buf_slice(&c), &report);
    assert_true(s.code == E_SIGNATURE || s.code == E_NOTE_UNSIGNED);
    s = story_verify(&story, power_fs(power), SLICE("no checkpoint\n"), &report);
    assert_int_equal(s.code, E_NOTE_FORM);
}

static void test_a_wider_tile_serves_for_a_narrower(void **state) {
    (void)state;
    struct buf early CLEANUP(buf_done);
    struct buf late CLEANUP(buf_done);
    make_log(0, 200, &early);
    other_directory();
    make_log(0, 300, &late);
    /* A mirror that was slow to fetch the checkpoint and found the partial tiles gone. */
    assert_int_equal(
        os_replace_file(power_fs(power), "log", "checkpoint", 0, buf_slice(&early)).code, OK);
    assert_int_equal(story_verify(&story, power_fs(power), slice_of(NULL, 0), &report).code, OK);
    assert_int_equal(report.size, 200);
}

static void test_running_out_of_memory_is_an_error(void **state) {
    (void)state;
    struct buf c CLEANUP(buf_done);
    make_log(0, 30, &c);
    for (uint64_t n = 1;; n++) {
        mem_fail_at(n, false);
        struct status s = story_verify(&story, power_fs(power), slice_of(NULL, 0), &report);
        bool came = mem_failures() > 0;
        mem_fail_at(0, false);
        assert_int_equal(s.code, came ? E_MEMORY : OK);
        if (!came) {
            assert_true(n > 3);
            return;
        }
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fresh, clear)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_counts_what_is_there),
        CASE(test_a_rewritten_log_is_a_fork),
        CASE(test_a_log_that_went_back_is_a_fork),
        CASE(test_an_empty_log),
        CASE(test_only_the_logs_own_checkpoints_count),
        CASE(test_a_wider_tile_serves_for_a_narrower),
        CASE(test_running_out_of_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}

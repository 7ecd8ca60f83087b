/* ledger: a scripted day with the power lost at every sync and every change, and every call and
 * allocation failing in turn. After each: the log verifies from outside, continues every checkpoint
 * that anybody saw, and takes the rest of the store's leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "faulty.h"
#include "power.h"
#include "story.h"

struct day {
    struct story story;
    struct ledger *ledger;
    bool created;
    uint64_t store_leaves; /* what the store holds durably */
    uint64_t acknowledged; /* what was published for sure */
    struct buf seen;       /* the last checkpoint that an outsider may have fetched */
};

static void see(struct day *d) {
    /* A mirror may fetch the checkpoint at any moment after it was published. */
    buf_clear(&d->seen);
    if (failed(buf_add(&d->seen, ledger_checkpoint(d->ledger)))) {
        panic("a test ran out of memory");
    }
}

static struct status batch(struct day *d, uint64_t count) {
    uint64_t first = d->store_leaves;
    d->store_leaves += count;
    TRY(story_append(d->ledger, first, count));
    TRY(ledger_publish(d->ledger));
    d->acknowledged = ledger_published(d->ledger);
    see(d);
    return STATUS_OK;
}

static struct status open_and_catch_up(struct day *d) {
    d->story.options.store_leaves = d->store_leaves;
    TRY(ledger_open(&d->story.options, &d->ledger));
    uint64_t at = ledger_published(d->ledger);
    TRY(story_append(d->ledger, at, d->store_leaves - at));
    return ledger_publish(d->ledger);
}

static struct status the_day(struct day *d) {
    TRY(ledger_create(&d->story.options));
    d->created = true;
    TRY(open_and_catch_up(d));
    TRY(batch(d, 1));
    TRY(batch(d, 3));
    TRY(batch(d, 250));
    TRY(batch(d, 2));
    ledger_close(&d->ledger);
    TRY(open_and_catch_up(d));
    TRY(batch(d, 1));
    TRY(batch(d, 2600)); /* many files: synced at once */
    return batch(d, 5);
}

static void day_begin(struct day *d, const struct os_fs *fs) {
    *d = (struct day){0};
    story_begin(&d->story, fs);
    buf_init(&d->seen, NOTE_MAX);
}

static void expect_whole(struct day *d, uint64_t at_least) {
    struct verify_log_report report;
    struct slice seen = d->seen.len == 0 ? slice_of(NULL, 0) : buf_slice(&d->seen);
    struct status s = story_verify(&d->story, d->story.options.fs, seen, &report);
    if (failed(s)) {
        print_error("%s at %s\n", error_info(s.code)->cause, report.failed_path);
    }
    assert_int_equal(s.code, OK);
    assert_true(report.size >= at_least);
}

/* On a healthy disk again; and what is acknowledged then survives the next loss of power as well,
 * whatever an earlier run left unsynced. */
static void check_day(struct day *d, struct power *power) {
    ledger_close(&d->ledger);
    d->story.options.fs = power_fs(power);
    if (!d->created) {
        struct status s = ledger_create(&d->story.options);
        assert_true(s.code == OK || s.code == E_FILE_EXISTS);
    }
    expect_whole(d, d->acknowledged);
    assert_int_equal(open_and_catch_up(d).code, OK);
    see(d);
    struct power *twin = power_clone(power, d->store_leaves);
    power_restart(twin);
    d->story.options.fs = power_fs(twin);
    expect_whole(d, d->store_leaves);
    power_free(&twin);
    d->story.options.fs = power_fs(power);
    assert_int_equal(batch(d, 300).code, OK);
    ledger_close(&d->ledger);
    power_restart(power);
    expect_whole(d, d->store_leaves);
    buf_done(&d->seen);
}

static unsigned seeds(void) {
    return check_all() ? 40 : 3;
}

static bool try_cut(uint64_t seed, uint64_t n, void (*cut_at)(struct power *, uint64_t)) {
    struct power *power = power_new(seed);
    struct day d;
    day_begin(&d, power_fs(power));
    cut_at(power, n);
    struct status s = the_day(&d);
    bool was_cut = power_is_cut(power);
    /* Removing what is superfluous may fail without anybody's harm. */
    assert_true(failed(s) == was_cut || (was_cut && !failed(s)));
    ledger_close(&d.ledger);
    power_restart(power);
    check_day(&d, power);
    power_free(&power);
    return was_cut;
}

static void cut_everywhere(void (*cut_at)(struct power *, uint64_t), uint64_t stride,
                           const char *what) {
    uint64_t cuts = 0;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        for (uint64_t n = 1 + seed % stride; try_cut(seed * 1000 + n, n, cut_at); n += stride) {
            cuts++;
        }
    }
    printf("coverage: ledger, power lost at %llu %s\n", (unsigned long long)cuts, what);
    assert_true(cuts > 20);
}

static void test_power_lost_at_every_sync(void **state) {
    (void)state;
    cut_everywhere(power_cut_at, 1, "syncs");
}

static void test_power_lost_at_every_change(void **state) {
    (void)state;
    cut_everywhere(power_cut_at_change, seeds() > 3 ? 1 : 4, "changes");
}

static bool try_fault(uint64_t n, bool forever) {
    struct power *power = power_new(n);
    struct faulty faulty;
    struct day d;
    faulty_init(&faulty, power_fs(power));
    day_begin(&d, &faulty.fs);
    faulty_fail_at(&faulty, n, forever);
    struct status s = the_day(&d);
    bool came = faulty.failures > 0;
    assert_true(came || !failed(s));
    if (failed(s) && d.ledger != NULL && ledger_size(d.ledger) > d.acknowledged) {
        /* After a failed write nothing goes on as if it had not happened. */
        faulty_fail_at(&faulty, 0, false);
        assert_int_equal(story_append(d.ledger, ledger_size(d.ledger), 1).code, E_LEDGER_BROKEN);
        assert_int_equal(ledger_publish(d.ledger).code, E_LEDGER_BROKEN);
    }
    ledger_close(&d.ledger);
    if (n % 2 == 0) {
        power_restart(power);
    }
    check_day(&d, power);
    power_free(&power);
    return came;
}

static void test_every_call_fails(void **state) {
    (void)state;
    uint64_t stride = seeds() > 3 ? 1 : 3;
    for (int forever = 0; forever < 2; forever++) {
        uint64_t n = 1 + (uint64_t)forever;
        while (try_fault(n, forever == 1)) {
            n += stride;
        }
        assert_true(n > 100);
    }
}

/* A sync that failed once, and no power later. */
static bool try_failed_sync(uint64_t n) {
    struct power *power = power_new(n);
    struct day d;
    day_begin(&d, power_fs(power));
    power_fail_sync_at(power, n);
    struct status s = the_day(&d);
    bool came = power_has_failed(power);
    assert_int_equal(failed(s), came);
    power_fail_sync_at(power, 0);
    check_day(&d, power);
    power_free(&power);
    return came;
}

static void test_every_sync_fails_for_good(void **state) {
    (void)state;
    uint64_t n = 1;
    while (try_failed_sync(n)) {
        n++;
    }
    assert_true(n > 10);
}

static bool try_no_memory(uint64_t n, bool forever) {
    struct power *power = power_new(1);
    struct day d;
    day_begin(&d, power_fs(power));
    if (failed(buf_reserve(&d.seen, NOTE_MAX))) {
        panic("a test ran out of memory");
    }
    mem_fail_at(n, forever);
    struct status s = the_day(&d);
    bool came = mem_failures() > 0;
    mem_fail_at(0, false);
    assert_true(came || !failed(s));
    assert_true(!failed(s) || s.code == E_MEMORY || s.code == E_LEDGER_BROKEN);
    check_day(&d, power);
    power_free(&power);
    return came;
}

static void test_every_allocation_fails(void **state) {
    (void)state;
    for (int forever = 0; forever < 2; forever++) {
        uint64_t n = 1;
        while (try_no_memory(n, forever == 1)) {
            n++;
        }
        assert_true(n > 10);
    }
}

static int start(void **state) {
    (void)state;
    return failed(seal_init());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_lost_at_every_sync),
        cmocka_unit_test(test_power_lost_at_every_change),
        cmocka_unit_test(test_every_call_fails),
        cmocka_unit_test(test_every_sync_fails_for_good),
        cmocka_unit_test(test_every_allocation_fails),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}

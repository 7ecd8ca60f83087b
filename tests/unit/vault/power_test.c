/* The power fails at every sync of a day, and after any change between them: what was acknowledged
 * is there, what was erased stays erased, row and leaf agree. Then every file call fails in turn.
 *
 * By default a seeded sample; WARD_CHECK_ALL=1 goes to every point. */
#include "day.h"

#include <stdio.h>
#include <stdlib.h>

#include "faulty.h"
#include "power.h"
#include "seal/seal.h"
#include "sqlite_vfs.h"
#include "store/store.h"

static uint64_t stride_of(uint64_t points, uint64_t sample) {
    bool all = check_all();
    return all || points <= sample ? 1 : points / sample;
}

static void begin(struct world *w, const struct os_fs *fs) {
    sqlite_vfs_install("layer", fs);
    world_begin_at(w, fs, "layer", "/ward");
    w->clock.self = &w->fake;
}

static struct status open_and_run(struct world *w, struct day *day) {
    TRY(world_try_open(w));
    world_names(w);
    return day_run(w, day);
}

/* How many syncs, or changes, an undisturbed day has. */
static uint64_t count_points(bool changes) {
    struct power *power = power_new(1);
    struct world w;
    struct day day = {.done = 0};
    begin(&w, power_fs(power));
    ASSERT_OK(os_mkdir(w.fs, "/ward", false));
    ASSERT_OK(open_and_run(&w, &day));
    day_assert(&w, &day);
    uint64_t points = changes ? power_changes(power) : power_syncs(power);
    vault_close(&w.v);
    power_free(&power);
    return points;
}

static void cut_at(uint64_t n, bool changes, uint64_t seed) {
    struct power *power = power_new(seed);
    struct world w;
    struct day day = {.done = 0};
    begin(&w, power_fs(power));
    ASSERT_OK(os_mkdir(w.fs, "/ward", false));
    ASSERT_OK(os_sync_all(w.fs, "/ward"));
    if (changes) {
        power_cut_at_change(power, n);
    } else {
        power_cut_at(power, n);
    }
    (void)open_and_run(&w, &day).code;
    vault_close(&w.v);
    power_cut_at(power, 0);
    power_restart(power);
    struct status again = world_try_open(&w);
    if (failed(again)) {
        printf("after a cut at %s %lu (seed %lu, step %zu): %s\n", changes ? "change" : "sync",
               (unsigned long)n, (unsigned long)seed, day.done, error_info(again.code)->name);
    }
    ASSERT_OK(again);
    world_names(&w);
    day_assert(&w, &day);
    world_reopen(&w);
    day_assert(&w, &day);
    vault_close(&w.v);
    power_free(&power);
}

static void cut_everywhere(bool changes, uint64_t sample) {
    uint64_t points = count_points(changes);
    uint64_t stride = stride_of(points, sample);
    uint64_t tried = 0;
    for (uint64_t n = 1; n <= points; n += stride, tried++) {
        cut_at(n, changes, n * 7 + 1);
        check_progress(changes ? "changes" : "syncs", n);
    }
    printf("[ coverage ] %lu of %lu %s\n", (unsigned long)tried, (unsigned long)points,
           changes ? "changes" : "syncs");
}

static void the_power_fails_at_a_sync(void **state) {
    (void)state;
    cut_everywhere(false, 60);
}

static void the_power_fails_between_syncs(void **state) {
    (void)state;
    cut_everywhere(true, 60);
}

/* One file call fails, once or for good; then the disk is well again. */
static uint64_t fail_at(uint64_t n, bool forever) {
    struct power *power = power_new(3);
    struct faulty faulty;
    faulty_init(&faulty, power_fs(power));
    struct world w;
    struct day day = {.powered = true};
    begin(&w, &faulty.fs);
    ASSERT_OK(os_mkdir(power_fs(power), "/ward", false));
    faulty_fail_at(&faulty, n, forever);
    (void)open_and_run(&w, &day).code;
    vault_close(&w.v);
    uint64_t calls = faulty.calls;
    faulty_fail_at(&faulty, 0, false);
    struct status again = world_try_open(&w);
    if (failed(again)) {
        printf("after call %lu failed%s (step %zu): %s\n", (unsigned long)n,
               forever ? " for good" : "", day.done, error_info(again.code)->name);
    }
    ASSERT_OK(again);
    world_names(&w);
    day_assert(&w, &day);
    vault_close(&w.v);
    power_free(&power);
    return calls;
}

static void a_file_call_fails(void **state) {
    (void)state;
    uint64_t points = fail_at(0, false);
    uint64_t stride = stride_of(points, 80);
    uint64_t tried = 0;
    for (uint64_t n = 1; n <= points; n += stride, tried++) {
        bool forever = tried % 2 == 1;
        fail_at(n, forever);
        if (stride == 1) {
            fail_at(n, !forever);
        }
        check_progress("calls", n);
    }
    printf("[ coverage ] %lu of %lu calls\n", (unsigned long)tried, (unsigned long)points);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_power_fails_at_a_sync),
        cmocka_unit_test(the_power_fails_between_syncs),
        cmocka_unit_test(a_file_call_fails),
    };
    if (failed(seal_init()) || failed(store_init())) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Each allocation fails in turn, once and for good. The answer is an error or a denial, never a
 * permit or a lost acknowledgement. */
#include "day.h"

#include <stdio.h>

#include "base/mem.h"
#include "faulty.h"
#include "power.h"
#include "sqlite_vfs.h"
#include "store/store.h"

static void begin(struct world *w, struct power *power) {
    sqlite_vfs_install("layer", power_fs(power));
    world_begin_at(w, power_fs(power), "layer", "/ward");
    w->clock.self = &w->fake;
}

static struct status open_and_run(struct world *w, struct day *day) {
    TRY(world_try_open(w));
    world_names(w);
    return day_run(w, day);
}

/* Returns how many allocations were made to fail. */
static uint64_t fail_at(uint64_t n, bool forever) {
    struct power *power = power_new(5);
    struct world w;
    struct day day = {.done = 0};
    begin(&w, power);
    ASSERT_OK(os_mkdir(w.fs, "/ward", false));
    ASSERT_OK(world_try_open(&w));
    world_names(&w);
    mem_fail_at(n, forever);
    struct status status = day_run(&w, &day);
    uint64_t failures = mem_failures();
    mem_fail_at(0, false);
    vault_close(&w.v);
    if (failed(status)) {
        enum error_kind kind = error_info(status.code)->kind;
        assert_true(kind == KIND_FAULT || kind == KIND_DENIED || kind == KIND_MISSING);
    }
    ASSERT_OK(world_try_open(&w));
    world_names(&w);
    day_assert(&w, &day);
    vault_close(&w.v);
    power_free(&power);
    return failures;
}

static void each_allocation_fails(void **state) {
    (void)state;
    bool all = check_all();
    uint64_t tried = 0;
    uint64_t failures = 1;
    for (uint64_t n = 1; failures > 0; n += all ? 1 : 29) {
        bool forever = tried++ % 2 == 1;
        failures = fail_at(n, forever);
        if (all) {
            (void)fail_at(n, !forever);
            check_progress("allocations", n);
        }
    }
    printf("[ coverage ] %lu allocations\n", (unsigned long)tried);
}

/* Opening with little memory is an error, and no harm. */
static void an_open_without_memory_is_an_error(void **state) {
    (void)state;
    struct power *power = power_new(6);
    struct world w;
    struct day day = {.done = 0};
    begin(&w, power);
    ASSERT_OK(os_mkdir(w.fs, "/ward", false));
    ASSERT_OK(open_and_run(&w, &day));
    vault_close(&w.v);
    bool all = check_all();
    uint64_t failures = 1;
    for (uint64_t n = 1; failures > 0; n += all ? 1 : 17) {
        mem_fail_at(n, false);
        struct status status = world_try_open(&w);
        failures = mem_failures();
        mem_fail_at(0, false);
        vault_close(&w.v);
        assert_true(!failed(status) || error_info(status.code)->kind == KIND_FAULT);
    }
    ASSERT_OK(world_try_open(&w));
    world_names(&w);
    day_assert(&w, &day);
    vault_close(&w.v);
    power_free(&power);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_fails),
        cmocka_unit_test(an_open_without_memory_is_an_error),
    };
    if (failed(seal_init()) || failed(store_init())) {
        return 1;
    }
    (void)world_laws();
    (void)world_map();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

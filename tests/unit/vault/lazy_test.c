/* A lazy vault and the power: whenever it fails, what is found is what had been acknowledged up to
 * some moment within the last second, whole and in order; row, leaf and tightening agree.
 *
 * By default a seeded sample; WARD_CHECK_ALL=1 goes to every point. */
#include <stdio.h>
#include <string.h>

#include "faulty.h"
#include "power.h"
#include "seal/seal.h"
#include "sqlite_vfs.h"
#include "store/store.h"
#include "world.h"

enum { STEPS = 60, STEP_MS = 105, SECOND_MS = 1000, TEXT = 32 };

struct run {
    uint64_t owner;
    uint64_t ids[STEPS];
    int64_t acked_ms[STEPS];
    size_t acked;
};

/* What a record is after some steps. */
struct expected {
    bool there;
    bool decision;
    char text[TEXT];
};

static bool stores(size_t step) {
    return step % 5 < 2;
}

static struct expected expect(size_t record, size_t steps) {
    struct expected e = {.there = stores(record) && record < steps};
    (void)snprintf(e.text, TEXT, "step %zu", record);
    if (record % 5 == 1 && record + 1 < steps) {
        (void)snprintf(e.text, TEXT, "again %zu", record + 1);
    }
    e.decision = record % 5 == 1 && record + 2 < steps;
    e.there = e.there && !(record % 5 == 0 && record + 4 < steps);
    return e;
}

static struct status do_step(struct world *w, struct run *r, size_t step) {
    struct vault_use use = {.purpose = w->rights, .operation = LAW_OPERATION_ERASE};
    struct vault_use change = {.purpose = w->keep_account, .operation = LAW_OPERATION_USE};
    struct vault_use again = {.purpose = w->keep_account, .operation = LAW_OPERATION_COLLECT};
    struct vault_change decide = {.flags_add = VAULT_DECISION};
    size_t of = step % 5 == 4 ? step - 4 : step - step % 5 + 1; /* the record that is changed */
    struct vault_query query = {.id = r->ids[of]};
    struct vault_found found = {.permitted = 0};
    char text[TEXT];
    if (stores(step)) {
        (void)snprintf(text, TEXT, "step %zu", step);
        return world_put(w, r->owner, w->keep_account, w->account, text, &r->ids[step]);
    }
    if (step % 5 == 2) {
        (void)snprintf(text, TEXT, "again %zu", step);
        return vault_rewrite(w->v, &again, query.id, slice_str(text), NULL);
    }
    struct status s = step % 5 == 3 ? vault_change(w->v, &change, &query, &decide, &found)
                                    : vault_delete(w->v, &use, &query, &found);
    return failed(s) ? s : found.permitted == 1 ? STATUS_OK : FAIL(E_UNKNOWN);
}

static struct status run_steps(struct world *w, struct run *r) {
    int64_t next_ms;
    for (size_t step = 0; step < STEPS; step++) {
        TRY(vault_begin_batch(w->v));
        TRY(do_step(w, r, step));
        TRY(vault_commit_batch(w->v));
        r->acked_ms[step] = w->fake.now_ms;
        r->acked = step + 1;
        w->fake.now_ms += STEP_MS;
        TRY(vault_tick(w->v, &next_ms));
    }
    return STATUS_OK;
}

static bool is_there(struct world *w, const struct run *r, size_t record,
                     const struct expected *e) {
    struct vault_use use = {.purpose = w->keep_account, .operation = LAW_OPERATION_USE};
    struct vault_meta meta = {.flags = 0};
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, 256);
    struct status s = vault_read(w->v, &use, r->ids[record], &plain, &meta, NULL);
    if (s.code == E_NO_RECORD) {
        return !e->there;
    }
    ASSERT_OK(s);
    return e->there && slice_eq(buf_slice(&plain), slice_str(e->text)) &&
           e->decision == ((meta.flags & VAULT_DECISION) != 0);
}

/* Is it as after so many steps? */
static bool is_as_after(struct world *w, const struct run *r, size_t steps) {
    uint64_t count = 0;
    for (size_t record = 0; record < STEPS; record++) {
        struct expected e = expect(record, steps);
        count += e.there;
        if (stores(record) && r->ids[record] != 0 && !is_there(w, r, record, &e)) {
            return false;
        }
    }
    return world_count(w, (struct vault_query){.owner = r->owner}) == count;
}

/* What was acknowledged a second before the end stands; of the rest a beginning. */
static size_t assert_prefix(struct world *w, const struct run *r) {
    size_t least = 0;
    while (least < r->acked && r->acked_ms[least] + SECOND_MS <= w->fake.now_ms) {
        least++;
    }
    size_t most = r->acked < STEPS ? r->acked + 1 : STEPS;
    for (size_t steps = least; steps <= most; steps++) {
        if (is_as_after(w, r, steps)) {
            return steps;
        }
    }
    fail_msg("nothing between %zu and %zu steps is what is there", least, most);
    return 0;
}

static void open_lazy(struct world *w) {
    struct vault_options options = world_options(w);
    options.lazy = true;
    ASSERT_OK(vault_open(&options, &w->v));
    world_names(w);
}

static struct power *begin(struct world *w, struct run *r, uint64_t seed) {
    struct power *power = power_new(seed);
    sqlite_vfs_install("layer", power_fs(power));
    world_begin_at(w, power_fs(power), "layer", "/ward");
    w->clock.self = &w->fake;
    ASSERT_OK(os_mkdir(w->fs, "/ward", false));
    ASSERT_OK(os_sync_all(w->fs, "/ward"));
    open_lazy(w);
    *r = (struct run){.owner = world_adult(w, "anna@example.org")};
    return power;
}

static uint64_t count_points(bool changes) {
    struct world w;
    struct run r;
    struct power *power = begin(&w, &r, 1);
    uint64_t before = changes ? power_changes(power) : power_syncs(power);
    ASSERT_OK(run_steps(&w, &r));
    assert_int_equal(assert_prefix(&w, &r), STEPS);
    uint64_t points = (changes ? power_changes(power) : power_syncs(power)) - before;
    vault_close(&w.v);
    power_free(&power);
    return points;
}

/* Returns how many acknowledged steps were lost. */
static size_t cut_at(uint64_t n, bool changes) {
    struct world w;
    struct run r;
    struct power *power = begin(&w, &r, n * 7 + 1);
    if (changes) {
        power_cut_at_change(power, n);
    } else {
        power_cut_at(power, n);
    }
    (void)run_steps(&w, &r).code;
    vault_close(&w.v);
    power_cut_at(power, 0);
    power_restart(power);
    open_lazy(&w);
    size_t steps = assert_prefix(&w, &r);
    assert_ledger(&w);
    uint64_t id;
    ASSERT_OK(world_put(&w, r.owner, w.keep_account, w.account, "and on", &id));
    assert_reads(&w, w.keep_account, id, "and on");
    vault_close(&w.v);
    power_free(&power);
    return steps < r.acked ? r.acked - steps : 0;
}

static void cut_everywhere(bool changes, uint64_t sample) {
    uint64_t points = count_points(changes);
    uint64_t tried = 0;
    size_t lost = 0;
    bool all = check_all() || points <= sample;
    for (uint64_t n = 1; n <= points; n += all ? 1 : points / sample, tried++) {
        lost += cut_at(n, changes);
    }
    printf("[ coverage ] %lu of %lu %s, %zu steps of %d each were lost\n", (unsigned long)tried,
           (unsigned long)points, changes ? "changes" : "syncs", lost, STEPS);
}

static void the_power_fails_at_a_sync(void **state) {
    (void)state;
    cut_everywhere(false, 40);
}

static void the_power_fails_between_syncs(void **state) {
    (void)state;
    cut_everywhere(true, 60);
}

/* That is what it is for: far fewer syncs than commits. What cannot wait does not. */
static void only_what_must_waits_for_the_disk(void **state) {
    struct world w;
    struct run r;
    uint64_t id;
    (void)state;
    struct power *power = begin(&w, &r, 1);
    uint64_t before = power_syncs(power);
    for (int i = 0; i < 20; i++) {
        ASSERT_OK(world_put(&w, r.owner, w.keep_account, w.account, "quick", &id));
    }
    assert_true(power_syncs(power) - before <= 4); /* keys are there before their rows */
    before = power_syncs(power);
    ASSERT_OK(world_consent(&w, r.owner, w.recommend, LAW_CONSENT_STATE_GIVEN));
    assert_true(power_syncs(power) > before);
    vault_close(&w.v);
    power_free(&power);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_must_waits_for_the_disk),
        cmocka_unit_test(the_power_fails_at_a_sync),
        cmocka_unit_test(the_power_fails_between_syncs),
    };
    if (failed(seal_init()) || failed(store_init())) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Reads that were answered and not yet gathered into leaves when the process was killed: they are
 * in the ledger after the next start, whichever store that start opens. */
#include "world.h"

#include <stdio.h>

#include "access.h"
#include "base/bytes.h"
#include "ledger/leaf.h"
#include "power.h"
#include "sqlite_vfs.h"
#include "store/store.h"
#include "vault/erase.h"

static const char backup_dir[] = "/ward/backup";
static const char other_dir[] = "/ward/other";

/* A vault that was killed after reads of the last minute. */
struct killed {
    struct power *power;
    uint64_t alice;
};

static void begin(struct world *w, struct power *power) {
    sqlite_vfs_install("layer", power_fs(power));
    world_begin_at(w, power_fs(power), "layer", "/ward");
    w->clock.self = &w->fake;
    w->fake.now_ms += 1000; /* of the life before */
}

static struct status see_nothing(void *arg, const struct vault_meta *meta, struct slice payload) {
    (void)arg;
    (void)meta;
    (void)payload;
    return STATUS_OK;
}

/* What was there when the backup was made, and what came after it, handed out at once. */
static void read_all(struct world *w, uint64_t owner) {
    struct vault_use use = {.purpose = w->support, .operation = LAW_OPERATION_USE};
    struct vault_query query = {.owner = owner};
    struct vault_found found;
    uint64_t later = 0;
    ASSERT_OK(world_put(w, owner, w->keep_account, w->account, "later", &later));
    ASSERT_OK(vault_find(w->v, &use, &query, see_nothing, NULL, &found));
    assert_int_equal(found.permitted, 2);
}

static int setup(void **state) {
    static struct killed k;
    static struct world w;
    int64_t next_ms = 0;
    uint64_t hers = 0;
    k.power = power_new(1);
    begin(&w, k.power);
    ASSERT_OK(os_mkdir(w.fs, "/ward", false));
    world_open(&w);
    k.alice = world_adult(&w, "alice@x.org");
    ASSERT_OK(world_put(&w, k.alice, w.keep_account, w.account, "hers", &hers));
    ASSERT_OK(vault_backup(w.v, backup_dir));
    read_all(&w, k.alice);
    w.fake.now_ms += 900; /* synced, and no minute is over */
    ASSERT_OK(vault_tick(w.v, &next_ms));
    struct power *as_killed = power_clone(k.power, 1);
    vault_close(&w.v);
    power_free(&k.power);
    k.power = as_killed;
    *state = &k;
    return 0;
}

static int teardown(void **state) {
    struct killed *k = *state;
    power_free(&k->power);
    return 0;
}

static struct power *again(const struct killed *k, struct world *w) {
    struct power *power = power_clone(k->power, 1);
    begin(w, power);
    return power;
}

static struct status restore(struct world *w, bool tentative) {
    struct vault_options options = world_options(w);
    struct vault_restored restored;
    options.data_dir = other_dir;
    options.tentative = tentative;
    return vault_restore(&options, backup_dir, &w->v, &restored);
}

/* As when the restored data changed places with those that were there. */
static void go_on_with_other(struct world *w) {
    snprintf(w->data, sizeof w->data, "%s", other_dir);
}

static struct status count_read(void *arg, uint64_t leaf, uint8_t kind, int64_t at_ms,
                                struct slice content) {
    size_t *count = arg;
    (void)leaf;
    (void)at_ms;
    (void)content;
    *count += kind == LEAF_READ_BATCH;
    return STATUS_OK;
}

/* The ledger has so many leaves of it, and the person opens one. */
static void assert_read(struct world *w, uint64_t person, uint64_t leaves) {
    size_t count = 0;
    ASSERT_OK(vault_entries(w->v, person, 0, SIZE_MAX, count_read, &count));
    assert_int_equal(count, 1);
    assert_int_equal(world_leaves(w, LEAF_READ_BATCH), leaves);
    assert_ledger(w);
}

static void a_start_gathers_them(void **state) {
    const struct killed *k = *state;
    struct world w;
    struct power *power = again(k, &w);
    world_open(&w);
    assert_read(&w, k->alice, 1);
    world_reopen(&w);
    assert_read(&w, k->alice, 1);
    vault_close(&w.v);
    power_free(&power);
}

/* Of the record that the backup does not have nobody knows any more whose it was, or what: that it
 * was read is a leaf of its own. */
static void a_restore_gathers_them(void **state) {
    const struct killed *k = *state;
    struct world w;
    struct power *power = again(k, &w);
    ASSERT_OK(restore(&w, false));
    assert_read(&w, k->alice, 2);
    vault_close(&w.v);
    go_on_with_other(&w);
    world_open(&w);
    assert_read(&w, k->alice, 2);
    vault_close(&w.v);
    power_free(&power);
}

static void the_first_start_after_a_tentative_restore_gathers_them(void **state) {
    const struct killed *k = *state;
    struct world w;
    struct power *power = again(k, &w);
    struct vault_options options = world_options(&w);
    ASSERT_OK(restore(&w, true));
    vault_close(&w.v);
    options.data_dir = other_dir;
    options.tentative = true;
    ASSERT_OK(vault_open(&options, &w.v));
    vault_close(&w.v);
    go_on_with_other(&w);
    for (int start = 0; start < 3; start++) {
        world_open(&w);
        assert_read(&w, k->alice, 2);
        vault_close(&w.v);
    }
    power_free(&power);
}

static void a_restore_that_is_given_up_takes_nothing_away(void **state) {
    const struct killed *k = *state;
    struct world w;
    struct power *power = again(k, &w);
    ASSERT_OK(restore(&w, true));
    vault_close(&w.v);
    world_open(&w);
    assert_read(&w, k->alice, 1);
    vault_close(&w.v);
    power_free(&power);
}

/* The power fails at the n-th change of a start, which is then given up for the backup. */
static bool cut_start(const struct killed *k, uint64_t n) {
    struct world w;
    struct power *power = again(k, &w);
    power_cut_at_change(power, n);
    bool cut = failed(world_try_open(&w));
    vault_close(&w.v);
    power_cut_at(power, 0);
    power_restart(power);
    if (cut) {
        ASSERT_OK(restore(&w, false));
        world_names(&w);
        assert_true(world_leaves(&w, LEAF_READ_BATCH) >= 1);
        assert_ledger(&w);
        vault_close(&w.v);
    }
    power_free(&power);
    return cut;
}

static void gathering_that_is_cut_off_loses_none(void **state) {
    uint64_t n = 1;
    while (cut_start(*state, n)) {
        n++;
    }
    assert_true(n > 10);
    printf("[ coverage ] %lu changes\n", (unsigned long)n);
}

/* Frames of several seconds, each synced before the next, as a kill leaves them. */
enum { FRAMES = 4 };

static struct power *with_frames(const struct killed *k, uint64_t ends[FRAMES]) {
    struct world w;
    struct power *power = again(k, &w);
    world_open(&w);
    for (int i = 0; i < FRAMES; i++) {
        struct vault_use use = {.purpose = w.support, .operation = LAW_OPERATION_USE};
        struct vault_actor actor = {.session = (uint64_t)i + 7};
        struct vault_query query = {.owner = k->alice};
        struct vault_found found;
        int64_t next_ms = 0;
        use.actor = &actor;
        ASSERT_OK(vault_find(w.v, &use, &query, see_nothing, NULL, &found));
        w.fake.now_ms += 900;
        ASSERT_OK(vault_tick(w.v, &next_ms));
        ends[i] = w.v->access->offset;
        assert_int_equal(w.v->access->synced, ends[i]);
    }
    struct power *as_killed = power_clone(power, 1);
    vault_close(&w.v);
    power_free(&power);
    return as_killed;
}

/* A flip is noticed where frames follow; in the last one it looks like a torn end, and what stands
 * before is gathered. Nothing is destroyed by looking, and once the file is moved away it goes on.
 */
static void flip(struct power *written, const uint64_t ends[FRAMES], uint64_t byte) {
    struct world w;
    struct power *power = power_clone(written, 1);
    assert_true(power_flip(power, "/ward/ledger/accesses", byte, byte % 8));
    begin(&w, power);
    struct status opened = world_try_open(&w);
    if (byte >= ends[FRAMES - 2]) {
        ASSERT_OK(opened);
        assert_int_equal(world_leaves(&w, LEAF_READ_BATCH), 1 + FRAMES - 1);
    } else {
        ASSERT_IS(opened, E_JOURNAL_DAMAGED);
        assert_true(power_flip(power, "/ward/ledger/accesses", byte, byte % 8));
        ASSERT_OK(world_try_open(&w));
        assert_int_equal(world_leaves(&w, LEAF_READ_BATCH), 1 + FRAMES);
    }
    vault_close(&w.v);
    power_free(&power);
}

static void damage_is_no_torn_end(void **state) {
    uint64_t ends[FRAMES];
    struct power *written = with_frames(*state, ends);
    for (uint64_t byte = 0; byte < ends[FRAMES - 1]; byte++) {
        flip(written, ends, byte);
    }
    printf("[ coverage ] %lu bytes\n", (unsigned long)ends[FRAMES - 1]);
    power_free(&written);
}

static void a_damaged_journal_is_moved_away(void **state) {
    uint64_t ends[FRAMES];
    struct world w;
    struct power *power = with_frames(*state, ends);
    begin(&w, power);
    assert_true(power_flip(power, "/ward/ledger/accesses", ends[0] + 20, 1));
    ASSERT_IS(world_try_open(&w), E_JOURNAL_DAMAGED);
    ASSERT_OK(os_rename(w.fs, "/ward/ledger/accesses", "/ward/ledger/accesses.damaged"));
    ASSERT_OK(world_try_open(&w));
    assert_int_equal(world_leaves(&w, LEAF_READ_BATCH), 1);
    assert_ledger(&w);
    vault_close(&w.v);
    power_free(&power);
}

/* What was never synced a power cut takes in any order: the frames that are left count. */
static void a_hole_that_was_never_synced_is_no_damage(void **state) {
    const struct killed *k = *state;
    struct world w;
    struct power *power = again(k, &w);
    uint64_t ends[3];
    world_open(&w);
    for (int i = 0; i < 3; i++) {
        struct vault_actor actor = {.session = (uint64_t)i + 7};
        struct vault_use use = {
            .purpose = w.support, .operation = LAW_OPERATION_USE, .actor = &actor};
        struct vault_query query = {.owner = k->alice};
        struct vault_found found;
        ASSERT_OK(vault_find(w.v, &use, &query, see_nothing, NULL, &found));
        ends[i] = w.v->access->offset;
    }
    struct power *torn = power_clone(power, 1);
    vault_close(&w.v);
    power_free(&power);
    assert_true(power_flip(torn, "/ward/ledger/accesses", ends[0] + 20, 1));
    begin(&w, torn);
    world_open(&w);
    assert_int_equal(world_leaves(&w, LEAF_READ_BATCH), 1 + 2);
    vault_close(&w.v);
    power_free(&torn);
}

/* Reads of records that go before they are gathered: by themselves, and among many. */
static void read_and_delete(struct world *w, uint64_t owner) {
    struct vault_use use = {.purpose = w->support, .operation = LAW_OPERATION_USE};
    struct vault_query query = {.owner = owner};
    struct vault_erased erased;
    struct vault_found found;
    uint64_t ids[3];
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        ASSERT_OK(world_put(w, owner, w->keep_account, w->account, "short-lived", &ids[i]));
    }
    ASSERT_OK(vault_find(w->v, &use, &query, see_nothing, NULL, &found));
    ASSERT_OK(vault_erase_record(w->v, NULL, ids[0], SLICE(""), NULL, &erased));
    query.id = ids[2];
    ASSERT_OK(vault_begin_batch(w->v));
    ASSERT_OK(vault_delete(w->v, &use, &query, &found));
    ASSERT_OK(vault_commit_batch(w->v));
}

static struct status sum_reads(void *arg, uint64_t leaf, uint8_t kind, int64_t at_ms,
                               struct slice content) {
    uint64_t *sum = arg;
    struct slice value;
    unsigned code = 0;
    (void)leaf;
    (void)at_ms;
    do {
        TRY(content_next(&content, &code, &value));
        *sum += kind == LEAF_READ_BATCH && code == FIELD_COUNT ? bytes_be64(value.ptr) : 0;
    } while (code != 0);
    return STATUS_OK;
}

/* Whose they were is known after a kill, though the columns know nothing of them any more. */
static void reads_of_what_is_deleted_are_gathered(void **state) {
    const struct killed *k = *state;
    struct world w;
    uint64_t reads = 0;
    struct power *power = again(k, &w);
    world_open(&w);
    read_and_delete(&w, k->alice);
    const struct killed then = {power_clone(power, 1), k->alice};
    vault_close(&w.v);
    power_free(&power);
    power = again(&then, &w);
    world_open(&w);
    ASSERT_OK(vault_entries(w.v, k->alice, 0, SIZE_MAX, sum_reads, &reads));
    assert_int_equal(reads, 2 + 5); /* those of before, and five at once */
    assert_ledger(&w);
    vault_close(&w.v);
    power_free(&power);
    power = then.power;
    power_free(&power);
}

int main(void) {
    ASSERT_OK(store_init());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_gathers_them),
        cmocka_unit_test(a_restore_gathers_them),
        cmocka_unit_test(the_first_start_after_a_tentative_restore_gathers_them),
        cmocka_unit_test(a_restore_that_is_given_up_takes_nothing_away),
        cmocka_unit_test(gathering_that_is_cut_off_loses_none),
        cmocka_unit_test(damage_is_no_torn_end),
        cmocka_unit_test(a_damaged_journal_is_moved_away),
        cmocka_unit_test(a_hole_that_was_never_synced_is_no_damage),
        cmocka_unit_test(reads_of_what_is_deleted_are_gathered),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

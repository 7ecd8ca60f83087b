/* A backup is made a step at a time, and between any two steps anything may happen: what happened
 * before its moment is in it, what came after is done again or is not there. And what happens to
 * the backup, happens to it alone. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faulty.h"
#include "power.h"
#include "seal/keyring.h"
#include "sqlite_vfs.h"
#include "store/store.h"

enum { STEPS_MAX = 200, BLOBS = 12, LONG_TEXTS = 50, LONG_TEXT = 60000, BLOB_BYTES = 300000 };
#define BACKUP "/ward/backup"

struct story {
    uint64_t owner;
    uint64_t puts[STEPS_MAX], blobs[STEPS_MAX]; /* made after each step */
    uint64_t doomed[STEPS_MAX];                 /* there before, deleted after each step */
    uint64_t doomed_blobs[BLOBS];
    uint64_t people[STEPS_MAX]; /* erased after each fourth */
    size_t steps;
    size_t moment; /* the step that took it */
    bool quiet;    /* no tick replaces a key */
};

static struct power *begin_world(struct world *w) {
    struct power *power = power_new(11);
    sqlite_vfs_install("layer", power_fs(power));
    world_begin_at(w, power_fs(power), "layer", "/ward");
    w->clock.self = &w->fake;
    ASSERT_OK(os_mkdir(w->fs, "/ward", false));
    world_open(w);
    return power;
}

static void end_world(struct world *w, struct power **power) {
    vault_close(&w->v);
    power_free(power);
}

static void put(struct world *w, uint64_t owner, const char *what, size_t n, uint64_t *ret_id) {
    char text[64];
    snprintf(text, sizeof text, "%s %zu", what, n);
    ASSERT_OK(world_put(w, owner, w->keep_account, w->account, text, ret_id));
}

static uint64_t share(struct world *w, uint64_t owner, size_t n) {
    static uint8_t bytes[BLOB_BYTES];
    struct vault_use use = {.purpose = w->share, .operation = LAW_OPERATION_COLLECT};
    struct vault_meta meta = {.owner = owner, .category = w->clip};
    uint64_t id = 0;
    memset(bytes, (int)n, sizeof bytes);
    ASSERT_OK(vault_blob_begin(w->v, &use, &meta, SLICE("video/mp4"), &id, NULL));
    ASSERT_OK(vault_blob_add(w->v, id, 0, slice_of(bytes, sizeof bytes)));
    ASSERT_OK(vault_blob_finish(w->v, id));
    return id;
}

static void drop(struct world *w, uint64_t id) {
    struct vault_erased erased;
    ASSERT_OK(vault_erase_record(w->v, NULL, id, SLICE(""), NULL, &erased));
}

static void erase(struct world *w, uint64_t person) {
    struct vault_erased erased;
    ASSERT_OK(vault_erase_subject(w->v, NULL, person, SLICE(""), NULL, &erased));
}

static void tick(struct world *w) {
    int64_t next_ms = 0;
    w->fake.now_ms += 300;
    ASSERT_OK(vault_tick(w->v, &next_ms));
}

static void begin_story(struct world *w, struct story *s) {
    static char text[LONG_TEXT + 1];
    uint64_t id = 0;
    char mail[64];
    memset(text, 'x', LONG_TEXT);
    *s = (struct story){.owner = world_adult(w, "owner@x.org")};
    ASSERT_OK(vault_begin_batch(w->v));
    for (size_t i = 0; i < LONG_TEXTS; i++) {
        ASSERT_OK(world_put(w, s->owner, w->messages, w->message, text, &id));
    }
    for (size_t i = 0; i < STEPS_MAX; i++) {
        put(w, s->owner, "doomed", i, &s->doomed[i]);
        snprintf(mail, sizeof mail, "p%zu@x.org", i);
        s->people[i] = i % 4 == 0 ? world_adult(w, mail) : 0;
    }
    ASSERT_OK(vault_commit_batch(w->v));
    for (size_t i = 0; i < BLOBS; i++) {
        s->doomed_blobs[i] = share(w, s->owner, i);
    }
}

/* The blobs go from both ends: copied ones, and ones whose turn has not come. */
static void meanwhile(struct world *w, struct story *s, size_t i) {
    put(w, s->owner, "step", i, &s->puts[i]);
    drop(w, s->doomed[i]);
    if (i % 4 == 0) {
        erase(w, s->people[i]);
    }
    if (i % 4 == 1) {
        s->blobs[i] = share(w, s->owner, i);
    }
    if (i % 5 == 4 && i / 5 < BLOBS) {
        size_t n = i / 5;
        drop(w, s->doomed_blobs[n % 2 == 0 ? n / 2 : BLOBS - 1 - n / 2]);
    }
    if (i % 3 == 0 && !s->quiet) {
        tick(w);
    }
}

static size_t blobs_deleted(size_t steps) {
    size_t n = steps / 5;
    return n < BLOBS ? n : BLOBS;
}

static bool blob_is_deleted(size_t n, size_t steps) {
    size_t gone = blobs_deleted(steps);
    return n < (gone + 1) / 2 || n >= BLOBS - gone / 2;
}

static void back_up(struct world *w, struct story *s) {
    uint64_t before = 0;
    ASSERT_OK(vault_backup_begin(w->v, BACKUP));
    for (bool done = false; !done; s->steps++) {
        assert_in_range(s->steps, 0, STEPS_MAX - 1);
        ASSERT_OK(vault_backup_step(w->v, &done));
        struct vault_backup_progress p = vault_backup_progress(w->v);
        assert_int_equal(p.runs, !done);
        assert_true(done || (p.done_bytes >= before && p.done_bytes <= p.total_bytes));
        before = p.done_bytes;
        s->moment = s->moment == 0 && p.records != 0 ? s->steps : s->moment;
        meanwhile(w, s, s->steps);
    }
}

static bool in_backup(const struct world *w, uint64_t blob) {
    char path[64];
    bool there = false;
    snprintf(path, sizeof path, BACKUP "/blobs/%016llx", (unsigned long long)blob);
    ASSERT_OK(os_exists(w->fs, path, &there));
    return there;
}

static void assert_blob(struct world *w, uint64_t id, size_t n, bool there) {
    struct vault_use use = {.purpose = w->share, .operation = LAW_OPERATION_USE};
    struct vault_blob *blob = NULL;
    uint8_t last = 0;
    struct status opened = vault_blob_open(w->v, &use, id, &blob, NULL);
    assert_int_equal(opened.code, there ? OK : E_NO_RECORD);
    if (there) {
        ASSERT_OK(vault_blob_read(blob, BLOB_BYTES - 1, &last, 1));
        assert_int_equal(last, (uint8_t)n);
    }
    vault_blob_close(&blob);
}

static void assert_record(struct world *w, uint64_t id, const char *what, size_t n, bool there) {
    char text[64];
    snprintf(text, sizeof text, "%s %zu", what, n);
    if (there) {
        assert_reads(w, w->keep_account, id, text);
        return;
    }
    ASSERT_IS(world_read(w, w->keep_account, id, text, sizeof text), E_NO_RECORD);
}

/* What was deleted stays deleted, before the moment or after it; what was made is there up to the
 * moment, and nothing of what came after it. */
static void assert_restored(struct world *w, const struct story *s) {
    for (size_t i = 0; i < STEPS_MAX; i++) {
        struct vault_subject subject;
        assert_record(w, s->doomed[i], "doomed", i, i >= s->steps);
        if (i < s->steps) {
            assert_record(w, s->puts[i], "step", i, i < s->moment);
        }
        if (s->blobs[i] != 0) {
            assert_blob(w, s->blobs[i], i, i < s->moment);
        }
        if (s->people[i] != 0) {
            assert_int_equal(vault_subject_get(w->v, s->people[i], &subject).code,
                             i < s->steps ? E_NO_SUBJECT : OK);
        }
    }
    for (size_t n = 0; n < BLOBS; n++) {
        assert_blob(w, s->doomed_blobs[n], n, !blob_is_deleted(n, s->steps));
    }
    assert_ledger(w);
}

static void restore(struct world *w, const char *from) {
    struct vault_options options = world_options(w);
    struct vault_restored restored;
    options.data_dir = "/ward/data-2";
    options.tentative = true;
    ASSERT_OK(vault_restore(&options, from, &w->v, &restored));
    assert_int_equal(restored.lost_records, 0);
    vault_close(&w->v);
    ASSERT_OK(os_sync_dir(w->fs, "/ward"));
    snprintf(w->data, sizeof w->data, "/ward/data-2");
    world_open(w);
}

static void assert_story(const struct story *s) {
    assert_in_range(s->moment, 20, s->steps - 8); /* or nothing happened on one side of it */
    assert_true(blobs_deleted(s->moment) > 2 && blobs_deleted(s->steps) > blobs_deleted(s->moment));
}

static void what_happens_meanwhile_is_in_it_or_done_again(void **state) {
    bool lose_keys = *state != NULL;
    struct world w;
    struct story s;
    struct power *power = begin_world(&w);
    begin_story(&w, &s);
    back_up(&w, &s);
    assert_story(&s);
    for (size_t n = 0; n < BLOBS; n++) {
        assert_true(!blob_is_deleted(n, s.moment) || !in_backup(&w, s.doomed_blobs[n]));
    }
    vault_close(&w.v);
    if (lose_keys) {
        ASSERT_OK(os_remove(w.fs, "/ward/keys/keyring"));
    }
    restore(&w, BACKUP);
    assert_restored(&w, &s);
    end_world(&w, &power);
}

/* The copy of the keyring is of the moment, too: what had been deleted by then is closed to it,
 * also in an older backup and with no log that says so. */
static void the_keyrings_copy_opens_nothing_that_was_deleted(void **state) {
    (void)state;
    struct world w;
    struct story s;
    struct power *power = begin_world(&w);
    begin_story(&w, &s);
    ASSERT_OK(vault_backup(w.v, "/ward/older"));
    s.quiet = true;
    back_up(&w, &s);
    vault_close(&w.v);
    ASSERT_OK(os_remove(w.fs, "/ward/keys/keyring"));
    ASSERT_OK(os_remove(w.fs, "/ward/ledger/tightenings"));
    struct keyring_options how = {.fs = w.fs,
                                  .path = "/ward/keys/keyring",
                                  .generation_path = "/ward/keys/generation",
                                  .root = &w.root};
    ASSERT_OK(keyring_restore(&how, BACKUP "/keyring"));
    struct vault_options options = world_options(&w);
    struct vault_restored restored;
    options.data_dir = "/ward/data-2";
    ASSERT_OK(vault_restore(&options, "/ward/older", &w.v, &restored));
    world_names(&w);
    for (size_t i = 0; i < s.moment; i++) {
        assert_record(&w, s.doomed[i], "doomed", i, false);
    }
    end_world(&w, &power);
}

/* At every point the directory says itself that it is no backup. */
static void what_was_cut_off_is_refused(void **state) {
    (void)state;
    struct world w;
    uint64_t id = 0;
    struct power *power = begin_world(&w);
    put(&w, world_adult(&w, "a@x.org"), "kept", 1, &id);
    ASSERT_OK(vault_backup_begin(w.v, BACKUP));
    bool done = false;
    for (size_t steps = 0; !done; steps++) {
        struct power *killed = power_clone(power, steps);
        struct world after = w;
        after.v = NULL;
        after.fs = power_fs(killed);
        struct vault_options options = world_options(&after);
        struct vault_restored restored;
        options.data_dir = "/ward/data-2";
        ASSERT_IS(vault_restore(&options, BACKUP, &after.v, &restored), E_BACKUP_UNFINISHED);
        power_free(&killed);
        ASSERT_OK(vault_backup_step(w.v, &done));
    }
    vault_close(&w.v);
    restore(&w, BACKUP);
    assert_record(&w, id, "kept", 1, true);
    end_world(&w, &power);
}

static void one_at_a_time(void **state) {
    (void)state;
    struct world w;
    bool there = true;
    bool done = false;
    struct power *power = begin_world(&w);
    tick(&w); /* the generation's days are counted from here */
    ASSERT_OK(vault_backup_begin(w.v, BACKUP));
    ASSERT_IS(vault_backup_begin(w.v, "/ward/second"), E_BACKUP_RUNS);
    ASSERT_IS(vault_backup_begin(w.v, BACKUP), E_BACKUP_RUNS);
    ASSERT_IS(vault_rotate(w.v), E_BACKUP_RUNS);
    ASSERT_OK(vault_begin_batch(w.v));
    ASSERT_IS(vault_backup_step(w.v, &done), E_BATCH);
    ASSERT_OK(vault_commit_batch(w.v));
    /* A generation that is due waits for it. */
    w.fake.now_ms += 40 * INT64_C(86400000);
    uint64_t generation = vault_stats(w.v).generation;
    tick(&w);
    assert_int_equal(vault_stats(w.v).generation, generation);
    while (!done) {
        ASSERT_OK(vault_backup_step(w.v, &done));
    }
    ASSERT_IS(vault_backup_begin(w.v, BACKUP), E_BACKUP_EXISTS);
    tick(&w);
    assert_int_equal(vault_stats(w.v).generation, generation + 1);
    /* The end of the vault leaves nothing of one. */
    ASSERT_OK(vault_backup_begin(w.v, "/ward/second"));
    for (int i = 0; i < 4; i++) {
        ASSERT_OK(vault_backup_step(w.v, &done));
    }
    vault_close(&w.v);
    ASSERT_OK(os_exists(w.fs, "/ward/second", &there));
    assert_false(there);
    end_world(&w, &power);
}

/* Any call on a file of the backup fails, once or for good: that is the end of the backup alone. */
static uint64_t fail_at(uint64_t n, bool forever) {
    struct power *power = power_new(3);
    struct faulty faulty;
    struct world w;
    uint64_t owner = 0;
    uint64_t id = 0;
    uint64_t later = 0;
    bool there = false;
    faulty_init(&faulty, power_fs(power));
    faulty_only_under(&faulty, BACKUP);
    sqlite_vfs_install("layer", &faulty.fs);
    world_begin_at(&w, &faulty.fs, "layer", "/ward");
    w.clock.self = &w.fake;
    ASSERT_OK(os_mkdir(w.fs, "/ward", false));
    world_open(&w);
    owner = world_adult(&w, "a@x.org");
    put(&w, owner, "kept", 1, &id);
    share(&w, owner, 1);
    faulty_fail_at(&faulty, n, forever);
    struct status made = vault_backup(w.v, BACKUP);
    uint64_t failures = faulty.failures;
    faulty_fail_at(&faulty, 0, false);
    assert_true(failures > 0 || !failed(made));
    put(&w, owner, "later", 2, &later); /* it serves */
    assert_record(&w, id, "kept", 1, true);
    ASSERT_OK(os_exists(w.fs, BACKUP "/manifest", &there));
    assert_int_equal(there, !failed(made) || (forever && there));
    const char *whole = failed(made) ? "/ward/other" : BACKUP;
    ASSERT_OK(failed(made) ? vault_backup(w.v, whole) : STATUS_OK);
    vault_close(&w.v);
    restore(&w, whole);
    assert_record(&w, id, "kept", 1, true);
    assert_record(&w, later, "later", 2, failed(made));
    end_world(&w, &power);
    return failures;
}

static void a_backup_that_cannot_be_written_harms_nothing(void **state) {
    (void)state;
    uint64_t tried = 0;
    for (uint64_t n = 1; fail_at(n, n % 2 == 0) > 0; n += check_all() ? 1 : 3) {
        tried++;
        check_progress("calls", n);
    }
    printf("[ coverage ] %lu calls\n", (unsigned long)tried);
    assert_true(tried > 10);
}

int main(void) {
    static char yes;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_happens_meanwhile_is_in_it_or_done_again),
        cmocka_unit_test_prestate(what_happens_meanwhile_is_in_it_or_done_again, &yes),
        cmocka_unit_test(the_keyrings_copy_opens_nothing_that_was_deleted),
        cmocka_unit_test(what_was_cut_off_is_refused),
        cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(a_backup_that_cannot_be_written_harms_nothing),
    };
    if (failed(seal_init()) || failed(store_init())) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* seal: a scripted day of the keyring, with the power lost at every sync and every change, and
 * every call and allocation failing in turn. After each: what was acknowledged is there, what was
 * destroyed is gone, and the keyring opens. */
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
#include "seal/keyring.h"

enum { KEYS_MAX = 200 };

enum fate { UNBORN, LIVES, MAY_DIE, DEAD };

/* What was acknowledged so far. */
struct day {
    struct keyring_options options;
    struct keyring *keys;
    bool created;
    size_t count;
    struct key_ref refs[KEYS_MAX];
    struct seal_key known[KEYS_MAX];
    enum fate fates[KEYS_MAX];
    uint32_t generation;
    uint32_t copy_generation; /* of the file "copy"; 0 if there is none for sure */
    size_t root;              /* which of them opens it */
    bool root_changes;        /* or the one after it: not known */
};

enum { ROOTS = 3 };
static struct seal_key roots[ROOTS];

static struct status give_birth(struct day *d, enum key_kind kind, size_t n) {
    TRY(keyring_create_many(d->keys, kind, n, d->refs + d->count));
    for (size_t i = d->count; i < d->count + n; i++) {
        d->fates[i] = LIVES;
    }
    size_t first = d->count;
    d->count += n;
    for (size_t i = first; i < d->count; i++) {
        TRY(keyring_key(d->keys, d->refs[i], &d->known[i]));
    }
    return STATUS_OK;
}

static struct status destroy(struct day *d, size_t first, size_t n) {
    for (size_t i = first; i < first + n; i++) {
        d->fates[i] = MAY_DIE;
    }
    TRY(keyring_destroy_many(d->keys, d->refs + first, n));
    for (size_t i = first; i < first + n; i++) {
        d->fates[i] = DEAD;
    }
    return STATUS_OK;
}

static struct status rotate(struct day *d) {
    TRY(keyring_rotate(d->keys));
    d->generation = keyring_stats(d->keys).generation;
    return STATUS_OK;
}

static struct status copy(struct day *d) {
    TRY(keyring_copy(d->keys, "copy"));
    d->copy_generation = keyring_stats(d->keys).generation;
    return STATUS_OK;
}

static struct status change_root(struct day *d) {
    d->root_changes = true;
    TRY(keyring_change_root(d->keys, &roots[d->root + 1]));
    d->root_changes = false;
    d->options.root = &roots[++d->root];
    return STATUS_OK;
}

static struct status the_day(struct day *d) {
    TRY(keyring_create(&d->options));
    d->created = true;
    TRY(keyring_open(&d->options, &d->keys));
    TRY(give_birth(d, KEY_SUBJECT, 5));
    TRY(give_birth(d, KEY_BLOB, 20));
    TRY(destroy(d, 3, 4));
    TRY(copy(d));
    TRY(rotate(d));
    TRY(give_birth(d, KEY_SUBJECT, 10));
    TRY(destroy(d, 12, 10));
    TRY(change_root(d));
    TRY(rotate(d));
    TRY(change_root(d));
    keyring_close(&d->keys);
    TRY(keyring_open(&d->options, &d->keys));
    TRY(give_birth(d, KEY_RECORD, 30));
    return destroy(d, 30, 3);
}

static void day_begin(struct day *d, const struct os_fs *fs) {
    *d = (struct day){.options = {.fs = fs,
                                  .path = "keyring",
                                  .generation_path = "generations",
                                  .root = &roots[0],
                                  .cache_keys = 16}};
}

static void check_key(struct day *d, size_t i) {
    struct seal_key got;
    struct status s = keyring_key(d->keys, d->refs[i], &got);
    if (d->fates[i] == DEAD) {
        assert_int_equal(s.code, E_KEY_GONE);
        return;
    }
    if (d->fates[i] == MAY_DIE && s.code == E_KEY_GONE) {
        return;
    }
    assert_int_equal(s.code, OK);
    bool known = false;
    for (size_t b = 0; b < sizeof got.bytes; b++) {
        known = known || d->known[i].bytes[b] != 0;
    }
    if (known) {
        assert_memory_equal(got.bytes, d->known[i].bytes, sizeof got.bytes);
    }
}

static void check_copy(struct day *d) {
    struct keyring_options elsewhere = d->options;
    elsewhere.path = "restored";
    if (d->copy_generation == 0) {
        return;
    }
    struct status s = keyring_restore(&elsewhere, "copy");
    if (d->generation > d->copy_generation) {
        assert_int_equal(s.code, E_GENERATION_GONE);
        return;
    }
    /* A rotation may or may not have come to its end. */
    assert_true(s.code == OK || s.code == E_GENERATION_GONE);
}

static void check_no_other_root(const struct day *d) {
    struct keyring_options other = d->options;
    struct keyring *keys = NULL;
    for (size_t i = 0; i < ROOTS; i++) {
        other.root = &roots[i];
        if (i != d->root) {
            assert_int_equal(keyring_open(&other, &keys).code, E_ROOT_KEY);
        }
    }
}

/* One root key opens it, and then no other. */
static void check_root(struct day *d) {
    if (!d->root_changes) {
        check_no_other_root(d); /* before it is opened and perhaps mended */
    }
    struct status s = keyring_open(&d->options, &d->keys);
    if (d->root_changes && s.code == E_ROOT_KEY) {
        d->options.root = &roots[++d->root];
        s = keyring_open(&d->options, &d->keys);
    }
    assert_int_equal(s.code, OK);
    keyring_close(&d->keys);
    d->root_changes = false;
    check_no_other_root(d);
}

static void check_keys(struct day *d) {
    check_root(d);
    assert_int_equal(keyring_open(&d->options, &d->keys).code, OK);
    assert_true(keyring_stats(d->keys).generation >= d->generation);
    for (size_t i = 0; i < d->count; i++) {
        check_key(d, i);
    }
}

/* Once a key was seen to be gone or there, it stays so: what was found may have been acted on. */
static void note_fates(struct day *d) {
    for (size_t i = 0; i < d->count; i++) {
        struct seal_key got;
        struct status s = keyring_key(d->keys, d->refs[i], &got);
        d->fates[i] = failed(s) ? DEAD : LIVES;
    }
    d->generation = keyring_stats(d->keys).generation;
}

/* On a healthy disk again; and what is found then survives the next loss of power as well, whatever
 * an earlier run left unsynced. */
static void check_day(struct day *d, struct power *power) {
    keyring_close(&d->keys);
    d->options.fs = power_fs(power);
    if (!d->created) {
        /* A half-made keyring can be finished or made anew. */
        struct status s = keyring_create(&d->options);
        assert_true(s.code == OK || s.code == E_FILE_EXISTS);
    }
    check_keys(d);
    note_fates(d);
    keyring_close(&d->keys);
    power_restart(power);
    check_keys(d);
    check_copy(d);
    struct key_ref more[40];
    assert_int_equal(keyring_create_many(d->keys, KEY_SUBJECT, 40, more).code, OK);
    for (size_t i = 0; i < d->count; i++) {
        check_key(d, i);
        for (size_t k = 0; k < 40; k++) {
            assert_false(key_ref_equal(d->refs[i], more[k]));
        }
    }
    keyring_close(&d->keys);
}

static unsigned seeds(void) {
    return check_all() ? 100 : 5;
}

/* Returns false when the day ended before the power did. */
static bool try_cut(uint64_t seed, uint64_t n, void (*cut_at)(struct power *, uint64_t)) {
    struct power *power = power_new(seed);
    static struct day d;
    day_begin(&d, power_fs(power));
    cut_at(power, n);
    struct status s = the_day(&d);
    bool was_cut = power_is_cut(power);
    assert_int_equal(failed(s), was_cut);
    keyring_close(&d.keys);
    power_restart(power);
    check_day(&d, power);
    power_free(&power);
    return was_cut;
}

static void cut_everywhere(void (*cut_at)(struct power *, uint64_t), const char *what) {
    uint64_t cuts = 0;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        for (uint64_t n = 1; try_cut(seed * 1000 + n, n, cut_at); n++) {
            cuts++;
        }
    }
    printf("coverage: keyring, power lost at %llu %s\n", (unsigned long long)cuts, what);
    assert_true(cuts > 20);
}

static void test_power_lost_at_every_sync(void **state) {
    (void)state;
    cut_everywhere(power_cut_at, "syncs");
}

static void test_power_lost_at_every_change(void **state) {
    (void)state;
    cut_everywhere(power_cut_at_change, "changes");
}

static bool try_fault(uint64_t n, bool forever) {
    struct power *power = power_new(1);
    struct faulty faulty;
    static struct day d;
    faulty_init(&faulty, power_fs(power));
    day_begin(&d, &faulty.fs);
    faulty_fail_at(&faulty, n, forever);
    struct status s = the_day(&d);
    bool came = faulty.failures > 0;
    assert_int_equal(failed(s), came);
    keyring_close(&d.keys);
    /* The worst of both: a failed call and then no power. */
    if (n % 2 == 0) {
        power_restart(power);
    }
    check_day(&d, power);
    power_free(&power);
    return came;
}

static void test_every_call_fails(void **state) {
    (void)state;
    for (int forever = 0; forever < 2; forever++) {
        uint64_t n = 1;
        while (try_fault(n, forever == 1)) {
            n++;
        }
        assert_true(n > 60);
    }
}

static bool try_no_memory(uint64_t n, bool forever) {
    struct power *power = power_new(1);
    static struct day d;
    day_begin(&d, power_fs(power));
    mem_fail_at(n, forever);
    struct status s = the_day(&d);
    bool came = mem_failures() > 0;
    mem_fail_at(0, false);
    assert_int_equal(s.code, came ? E_MEMORY : OK);
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
        assert_true(n > 20);
    }
}

/* A sync that failed once, and no power later. */
static bool try_failed_sync(uint64_t n) {
    struct power *power = power_new(n);
    static struct day d;
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
    assert_true(n > 15);
}

/* The same, with what failed being tried again by the same process, as an operator would. */
static void test_failed_syncs_are_made_good(void **state) {
    (void)state;
    for (uint64_t n = 1; n < 16; n++) {
        struct power *power = power_new(n);
        static struct day d;
        day_begin(&d, power_fs(power));
        assert_int_equal(keyring_create(&d.options).code, OK);
        d.created = true;
        assert_int_equal(keyring_open(&d.options, &d.keys).code, OK);
        assert_int_equal(give_birth(&d, KEY_SUBJECT, 30).code, OK);
        power_fail_sync_at(power, n);
        for (int step = 0; step < 3; step++) {
            struct status s = rotate(&d);
            for (int again = 0; failed(s) && again < 3; again++) {
                s = rotate(&d);
            }
            assert_int_equal(s.code, OK);
            size_t first = 10 * (size_t)step;
            s = destroy(&d, first, 5);
            s = failed(s) ? destroy(&d, first, 5) : s;
            assert_int_equal(s.code, OK);
        }
        struct status s = change_root(&d);
        s = failed(s) ? change_root(&d) : s;
        assert_int_equal(s.code, OK);
        power_fail_sync_at(power, 0);
        keyring_close(&d.keys);
        power_restart(power);
        check_day(&d, power);
        power_free(&power);
    }
}

/* A destruction that failed is repeated until it is done; nothing that it named survives. */
static void test_a_failed_destruction_is_repeated(void **state) {
    (void)state;
    for (uint64_t n = 1; n < 10; n++) {
        struct power *power = power_new(n);
        struct faulty faulty;
        static struct day d;
        faulty_init(&faulty, power_fs(power));
        day_begin(&d, &faulty.fs);
        assert_int_equal(keyring_create(&d.options).code, OK);
        d.created = true;
        assert_int_equal(keyring_open(&d.options, &d.keys).code, OK);
        assert_int_equal(give_birth(&d, KEY_SUBJECT, 30).code, OK);
        faulty_fail_at(&faulty, n, false);
        struct status s = destroy(&d, 3, 20);
        struct seal_key key;
        if (failed(s)) {
            /* Not acknowledged, but not handed out either. */
            assert_int_equal(keyring_key(d.keys, d.refs[3], &key).code, E_KEY_GONE);
            assert_int_equal(destroy(&d, 3, 20).code, OK);
        }
        keyring_close(&d.keys);
        power_restart(power);
        check_day(&d, power);
        power_free(&power);
    }
}

/* A change of which the n-th call fails, and then a rotation in which the power is lost. */
static void try_change_and_cut(uint64_t n, uint64_t cut, bool *ret_failed, bool *ret_cut) {
    struct power *power = power_new(n * 100 + cut);
    struct faulty faulty;
    static struct day d;
    faulty_init(&faulty, power_fs(power));
    day_begin(&d, &faulty.fs);
    assert_int_equal(keyring_create(&d.options).code, OK);
    d.created = true;
    assert_int_equal(keyring_open(&d.options, &d.keys).code, OK);
    assert_int_equal(give_birth(&d, KEY_SUBJECT, 30).code, OK);
    faulty_fail_at(&faulty, n, false);
    *ret_failed = failed(change_root(&d));
    faulty_fail_at(&faulty, 0, false);
    power_cut_at_change(power, cut);
    *ret_cut = failed(rotate(&d));
    keyring_close(&d.keys);
    power_restart(power);
    check_day(&d, power);
    power_free(&power);
}

/* A keyring of which a change failed is used on, and one of both keys opens it. */
static void test_a_failed_change_of_the_root(void **state) {
    (void)state;
    bool came = true;
    for (uint64_t n = 1; came; n++) {
        bool was_cut = true;
        for (uint64_t cut = 1; was_cut; cut++) {
            try_change_and_cut(n, cut, &came, &was_cut);
        }
    }
}

static int start(void **state) {
    (void)state;
    for (size_t i = 0; i < ROOTS; i++) {
        memset(roots[i].bytes, 0x77 + (int)i, sizeof roots[i].bytes);
    }
    return failed(seal_init());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_lost_at_every_sync),
        cmocka_unit_test(test_power_lost_at_every_change),
        cmocka_unit_test(test_every_call_fails),
        cmocka_unit_test(test_every_sync_fails_for_good),
        cmocka_unit_test(test_failed_syncs_are_made_good),
        cmocka_unit_test(test_every_allocation_fails),
        cmocka_unit_test(test_a_failed_destruction_is_repeated),
        cmocka_unit_test(test_a_failed_change_of_the_root),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}

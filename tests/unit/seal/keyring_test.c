/* seal: the keyring hands out what was born, never what was destroyed, and notices rot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "crc.h"
#include "generation.h"
#include "power.h"
#include "seal/keyring.h"
#include "seal/record.h"
#include "vectors.h"

static struct power *power;
static struct seal_key root;
static struct keyring_options options;
static struct keyring *keys;

static int start(void **state) {
    (void)state;
    memset(root.bytes, 0x55, sizeof root.bytes);
    return failed(seal_init());
}

static int fresh(void **state) {
    (void)state;
    power = power_new(7);
    options = (struct keyring_options){.fs = power_fs(power),
                                       .path = "keyring",
                                       .generation_path = "generations",
                                       .root = &root,
                                       .cache_keys = 8};
    return failed(keyring_create(&options)) || failed(keyring_open(&options, &keys));
}

static int clear(void **state) {
    (void)state;
    keyring_close(&keys);
    power_free(&power);
    return 0;
}

static void reopen(void) {
    keyring_close(&keys);
    assert_int_equal(keyring_open(&options, &keys).code, OK);
}

static struct seal_key key_of(struct key_ref ref) {
    struct seal_key key = {{0}};
    assert_int_equal(keyring_key(keys, ref, &key).code, OK);
    return key;
}

static void expect_same(struct key_ref ref, const struct seal_key *want) {
    struct seal_key got = key_of(ref);
    assert_memory_equal(got.bytes, want->bytes, sizeof got.bytes);
}

static void expect_code(struct key_ref ref, enum error_code code) {
    struct seal_key key;
    assert_int_equal(keyring_key(keys, ref, &key).code, code);
}

static void test_vectors(void **state) {
    (void)state;
    struct buf id CLEANUP(buf_done);
    struct buf generation CLEANUP(buf_done);
    struct buf slot_bytes CLEANUP(buf_done);
    struct buf want CLEANUP(buf_done);
    buf_init(&id, 256);
    buf_init(&generation, 256);
    buf_init(&slot_bytes, 256);
    buf_init(&want, 256);
    vector_get("seal.txt", "keyring.id", &id);
    vector_get("seal.txt", "keyring.generation", &generation);
    vector_get("seal.txt", "keyring.slot", &slot_bytes);
    vector_get("seal.txt", "key", &want);
    struct seal_key g;
    struct seal_key got;
    struct wrap_keys wrap;
    struct slot slot;
    memcpy(g.bytes, generation.ptr, sizeof g.bytes);
    wrap_keys_make(&g, SLICE("generation"), id.ptr, &wrap);
    assert_int_equal(slot_get(slot_bytes.ptr, 5, &slot).code, OK);
    assert_int_equal(slot.birth, 9);
    assert_int_equal(slot.kind, KEY_SUBJECT);
    assert_int_equal(slot_unwrap(&wrap, 5, &slot, &got).code, OK);
    assert_memory_equal(got.bytes, want.ptr, 32);
    assert_int_equal(slot_get(slot_bytes.ptr, 6, &slot).code, E_KEYRING_CORRUPT);
    uint8_t again[SLOT_LEN];
    slot_wrap(&wrap, 5, &slot, &got);
    slot_put(&slot, 5, again);
    assert_memory_equal(again, slot_bytes.ptr, SLOT_LEN);
    assert_int_equal(crc32c(0, SLICE("123456789")), 0xe3069283);
}

static void test_generation_vector(void **state) {
    (void)state;
    struct buf entry CLEANUP(buf_done);
    struct buf want CLEANUP(buf_done);
    struct os_file *f = NULL;
    struct generations g;
    buf_init(&entry, 1024);
    buf_init(&want, 256);
    vector_get("seal.txt", "keyring.generation.entry", &entry);
    vector_get("seal.txt", "keyring.generation", &want);
    assert_int_equal(os_open(options.fs, "g", OS_READ | OS_WRITE | OS_CREATE, &f).code, OK);
    assert_int_equal(os_truncate(options.fs, f, GENERATION_FILE_LEN).code, OK);
    assert_int_equal(os_write_at(options.fs, f, GENERATION_LEN, buf_slice(&entry)).code, OK);
    assert_int_equal(generations_load(options.fs, f, &root, &g).code, OK);
    assert_int_equal(generations_current(&g)->number, 1);
    assert_memory_equal(generations_current(&g)->key.bytes, want.ptr, 32);
    os_close(options.fs, &f);
}

static void test_keys_are_kept(void **state) {
    (void)state;
    struct key_ref refs[100];
    struct seal_key copies[100];
    assert_int_equal(keyring_create_many(keys, KEY_SUBJECT, 100, refs).code, OK);
    for (size_t i = 0; i < 100; i++) {
        copies[i] = key_of(refs[i]);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(copies[i].bytes, copies[k].bytes, sizeof copies[i].bytes);
        }
    }
    reopen();
    for (size_t i = 0; i < 100; i++) {
        expect_same(refs[i], &copies[i]); /* from the disk: the cache holds eight */
        expect_same(refs[i], &copies[i]);
    }
    assert_int_equal(keyring_stats(keys).living, 102);
}

static void test_a_destroyed_key_is_gone_for_good(void **state) {
    (void)state;
    struct key_ref refs[3];
    assert_int_equal(keyring_create_many(keys, KEY_SUBJECT, 3, refs).code, OK);
    struct seal_key kept = key_of(refs[0]);
    key_of(refs[1]);
    assert_int_equal(keyring_destroy_many(keys, &refs[1], 1).code, OK);
    expect_code(refs[1], E_KEY_GONE);
    expect_same(refs[0], &kept);
    assert_int_equal(keyring_destroy_many(keys, &refs[1], 1).code, OK);
    reopen();
    expect_code(refs[1], E_KEY_GONE);
    struct key_ref next;
    assert_int_equal(keyring_create_many(keys, KEY_BLOB, 1, &next).code, OK);
    assert_int_equal(next.slot, refs[1].slot);
    assert_int_equal(next.birth, refs[1].birth + 1);
    expect_code(refs[1], E_KEY_GONE);
    key_of(next);
    /* An erasure that is repeated after a crash must not hit whoever got the slot since. */
    assert_int_equal(keyring_destroy_many(keys, &refs[1], 1).code, OK);
    key_of(next);
}

static void test_unknown_references(void **state) {
    (void)state;
    struct key_ref refs[2];
    assert_int_equal(keyring_create_many(keys, KEY_SUBJECT, 2, refs).code, OK);
    struct key_ref future = {.slot = refs[0].slot, .birth = refs[0].birth + 1};
    struct key_ref beyond = {.slot = 1u << 20, .birth = 1};
    expect_code(future, E_KEY_UNKNOWN);
    expect_code(beyond, E_KEY_UNKNOWN);
    struct key_ref mixed[] = {refs[1], beyond};
    assert_int_equal(keyring_destroy_many(keys, mixed, 2).code, E_KEY_UNKNOWN);
    key_of(refs[1]);
    struct key_ref fixed = {.slot = 0, .birth = 1};
    assert_int_equal(keyring_destroy_many(keys, &fixed, 1).code, E_KEY_UNKNOWN);
}

static void test_many_die_with_one_sync(void **state) {
    (void)state;
    enum { N = 5000 };
    struct key_ref *refs = calloc(N, sizeof *refs);
    uint64_t before = power_syncs(power);
    assert_int_equal(keyring_create_many(keys, KEY_SUBJECT, N, refs).code, OK);
    assert_int_equal(power_syncs(power), before + 1);
    struct key_ref kept = refs[N - 1];
    assert_int_equal(keyring_destroy_many(keys, refs, N - 1).code, OK);
    assert_int_equal(power_syncs(power), before + 2);
    for (size_t i = 0; i < N - 1; i++) {
        expect_code(refs[i], E_KEY_GONE);
    }
    key_of(kept);
    free(refs);
}

/* What was in the slot, wrapped as it was, is nowhere on the disk any more. */
static void test_destroyed_bytes_leave_the_disk(void **state) {
    (void)state;
    struct key_ref ref;
    uint8_t slot[SLOT_LEN];
    struct os_file *f = NULL;
    assert_int_equal(keyring_create_many(keys, KEY_SUBJECT, 1, &ref).code, OK);
    assert_int_equal(os_open(options.fs, "keyring", OS_READ, &f).code, OK);
    assert_int_equal(
        os_read_exactly(options.fs, f, 4096 + ref.slot * SLOT_LEN, slot, sizeof slot).code, OK);
    os_close(options.fs, &f);
    assert_true(power_holds(power, slice_of(slot + 16, 48)));
    assert_int_equal(keyring_destroy_many(keys, &ref, 1).code, OK);
    assert_false(power_holds(power, slice_of(slot + 16, 16)));
    assert_false(power_holds(power, slice_of(slot + 32, 32)));
}

static void test_rotation_ends_old_copies(void **state) {
    (void)state;
    struct key_ref refs[20];
    struct seal_key copies[20];
    struct keyring_options elsewhere = options;
    struct keyring *restored = NULL;
    elsewhere.path = "restored";
    assert_int_equal(keyring_create_many(keys, KEY_SUBJECT, 20, refs).code, OK);
    for (size_t i = 0; i < 20; i++) {
        copies[i] = key_of(refs[i]);
    }
    assert_int_equal(keyring_copy(keys, "copy1").code, OK);
    assert_int_equal(keyring_rotate(keys).code, OK);
    assert_int_equal(keyring_stats(keys).generation, 2);
    assert_int_equal(keyring_copy(keys, "copy2").code, OK);
    for (size_t i = 0; i < 20; i++) {
        expect_same(refs[i], &copies[i]);
    }
    assert_int_equal(keyring_restore(&elsewhere, "copy1").code, E_GENERATION_GONE);
    assert_int_equal(keyring_restore(&options, "copy2").code, E_FILE_EXISTS);
    assert_int_equal(keyring_restore(&elsewhere, "copy2").code, OK);
    assert_int_equal(keyring_open(&elsewhere, &restored).code, OK);
    struct seal_key got;
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(keyring_key(restored, refs[i], &got).code, OK);
        assert_memory_equal(got.bytes, copies[i].bytes, sizeof got.bytes);
    }
    keyring_close(&restored);
    reopen();
    expect_same(refs[19], &copies[19]);
}

/* A plain copy of the file, taken by whatever means, ends with its generation as well. */
static void test_rotation_ends_stolen_files(void **state) {
    (void)state;
    struct buf stolen CLEANUP(buf_done);
    struct keyring_options thief = options;
    struct keyring *opened = NULL;
    buf_init(&stolen, 1 << 20);
    assert_int_equal(os_read_file(options.fs, "keyring", &stolen).code, OK);
    assert_int_equal(keyring_rotate(keys).code, OK);
    assert_int_equal(os_mkdir(options.fs, "thief", false).code, OK);
    assert_int_equal(os_replace_file(options.fs, "thief", "stolen", 0, buf_slice(&stolen)).code,
                     OK);
    thief.path = "thief/stolen";
    assert_int_equal(keyring_open(&thief, &opened).code, E_GENERATION_CORRUPT);
}

static void test_damaged_copies_are_refused(void **state) {
    (void)state;
    struct key_ref ref;
    struct keyring_options elsewhere = options;
    elsewhere.path = "restored";
    assert_int_equal(keyring_create_many(keys, KEY_SUBJECT, 1, &ref).code, OK);
    assert_int_equal(keyring_copy(keys, "copy").code, OK);
    for (uint64_t byte = 0; byte < 64 + 3 * SLOT_LEN + 32; byte += 5) {
        bool zero_padding = byte > 8 && byte < 12;
        assert_true(power_flip(power, "copy", byte, byte % 8));
        struct status s = keyring_restore(&elsewhere, "copy");
        assert_true(failed(s) || zero_padding);
        assert_true(power_flip(power, "copy", byte, byte % 8));
        bool made = true;
        assert_int_equal(os_exists(options.fs, "restored", &made).code, OK);
        assert_false(made);
    }
    assert_int_equal(keyring_restore(&elsewhere, "copy").code, OK);
}

static void test_escrow_restores_on_another_machine(void **state) {
    (void)state;
    struct key_ref ref;
    struct keyring *restored = NULL;
    struct keyring_options other = options;
    other.path = "other";
    other.generation_path = "away/escrow";
    assert_int_equal(keyring_create_many(keys, KEY_SUBJECT, 1, &ref).code, OK);
    struct seal_key key = key_of(ref);
    assert_int_equal(keyring_copy(keys, "copy").code, OK);
    struct buf escrow CLEANUP(buf_done);
    buf_init_secret(&escrow, 1 << 16);
    assert_int_equal(keyring_escrow(keys, &escrow).code, OK);
    assert_int_equal(keyring_generation(keys), 1);
    assert_int_equal(os_mkdir(options.fs, "away", false).code, OK);
    assert_int_equal(os_replace_file(options.fs, "away", "escrow", 0, buf_slice(&escrow)).code, OK);
    assert_int_equal(keyring_restore(&other, "copy").code, OK);
    assert_int_equal(keyring_open(&other, &restored).code, OK);
    struct seal_key got;
    assert_int_equal(keyring_key(restored, ref, &got).code, OK);
    assert_memory_equal(got.bytes, key.bytes, sizeof key.bytes);
    keyring_close(&restored);
}

static void test_wrong_root_key(void **state) {
    (void)state;
    struct seal_key wrong = root;
    struct keyring_options with_wrong = options;
    wrong.bytes[0] ^= 1;
    with_wrong.root = &wrong;
    keyring_close(&keys);
    assert_int_equal(keyring_open(&with_wrong, &keys).code, E_ROOT_KEY);
    assert_null(keys);
    assert_int_equal(keyring_create(&options).code, E_FILE_EXISTS);
    assert_int_equal(os_remove(options.fs, "keyring").code, OK);
    /* The generations alone may be what a restore needs: they are not overwritten. */
    assert_int_equal(keyring_create(&options).code, E_FILE_EXISTS);
}

static void test_one_opener(void **state) {
    (void)state;
    struct keyring *second = NULL;
    assert_int_equal(keyring_open(&options, &second).code, E_FILE_BUSY);
    assert_null(second);
}

static void test_flipped_bits_in_the_keyring(void **state) {
    (void)state;
    struct key_ref refs[3];
    assert_int_equal(keyring_create_many(keys, KEY_SUBJECT, 3, refs).code, OK);
    assert_int_equal(keyring_destroy_many(keys, &refs[1], 1).code, OK);
    keyring_close(&keys);
    for (uint64_t byte = 0; byte < 4096 + 5 * SLOT_LEN; byte += byte < 40 || byte > 4090 ? 1 : 97) {
        assert_true(power_flip(power, "keyring", byte, byte % 8));
        struct status s = keyring_open(&options, &keys);
        assert_true(s.code == E_KEYRING_CORRUPT || s.code == E_KEYRING_FORMAT);
        assert_true(power_flip(power, "keyring", byte, byte % 8));
    }
    assert_int_equal(keyring_open(&options, &keys).code, OK);
}

static void test_flipped_bits_under_an_open_keyring(void **state) {
    (void)state;
    struct key_ref refs[20];
    assert_int_equal(keyring_create_many(keys, KEY_SUBJECT, 20, refs).code, OK);
    for (unsigned bit = 0; bit < SLOT_LEN * 8; bit += 3) {
        uint64_t byte = 4096 + refs[9].slot * SLOT_LEN + bit / 8;
        assert_true(power_flip(power, "keyring", byte, bit % 8));
        expect_code(refs[9], E_KEYRING_CORRUPT);
        assert_true(power_flip(power, "keyring", byte, bit % 8));
    }
    key_of(refs[9]);
}

static void test_flipped_bits_in_generations_are_mended(void **state) {
    (void)state;
    struct key_ref ref;
    assert_int_equal(keyring_create_many(keys, KEY_SUBJECT, 1, &ref).code, OK);
    struct seal_key key = key_of(ref);
    keyring_close(&keys);
    for (uint64_t byte = 0; byte < GENERATION_LEN; byte += 3) {
        uint64_t first = GENERATION_LEN + byte; /* generation 1, first copy */
        assert_true(power_flip(power, "generations", first, 3));
        assert_int_equal(keyring_open(&options, &keys).code, OK);
        expect_same(ref, &key);
        keyring_close(&keys);
        /* Mended: now the twin may go. */
        assert_true(power_flip(power, "generations", 4096 + first, 5));
        reopen();
        expect_same(ref, &key);
        keyring_close(&keys);
    }
    assert_true(power_flip(power, "generations", GENERATION_LEN + 50, 0));
    assert_true(power_flip(power, "generations", 4096 + GENERATION_LEN + 50, 0));
    assert_int_equal(keyring_open(&options, &keys).code, E_GENERATION_CORRUPT);
}

static void test_tags(void **state) {
    (void)state;
    struct seal_hash a;
    struct seal_hash b;
    assert_int_equal(keyring_tag(keys, SLICE("mail"), SLICE("ana@example.org"), &a).code, OK);
    reopen();
    assert_int_equal(keyring_tag(keys, SLICE("mail"), SLICE("ana@example.org"), &b).code, OK);
    assert_true(seal_hash_equal(&a, &b));
    assert_int_equal(keyring_tag(keys, SLICE("name"), SLICE("ana@example.org"), &b).code, OK);
    assert_false(seal_hash_equal(&a, &b));
    assert_int_equal(keyring_tag(keys, SLICE("mail"), SLICE("ben@example.org"), &b).code, OK);
    assert_false(seal_hash_equal(&a, &b));
}

static void test_signing_key_stays(void **state) {
    (void)state;
    struct seal_signing_key a;
    struct seal_signing_key b;
    assert_int_equal(keyring_signing_key(keys, &a).code, OK);
    assert_int_equal(keyring_rotate(keys).code, OK);
    reopen();
    assert_int_equal(keyring_signing_key(keys, &b).code, OK);
    assert_memory_equal(a.public_key, b.public_key, sizeof a.public_key);
}

static struct status count_each(void *arg, struct key_ref ref, enum key_kind kind) {
    size_t *counts = arg;
    (void)ref;
    counts[kind]++;
    return STATUS_OK;
}

static void test_each_living(void **state) {
    (void)state;
    struct key_ref refs[10];
    size_t counts[8] = {0};
    assert_int_equal(keyring_create_many(keys, KEY_SUBJECT, 6, refs).code, OK);
    assert_int_equal(keyring_create_many(keys, KEY_BLOB, 4, refs + 6).code, OK);
    assert_int_equal(keyring_destroy_many(keys, refs + 5, 2).code, OK);
    assert_int_equal(keyring_each(keys, count_each, counts).code, OK);
    assert_int_equal(counts[KEY_SUBJECT], 5);
    assert_int_equal(counts[KEY_BLOB], 3);
    assert_int_equal(counts[KEY_SECRET] + counts[KEY_SIGNING], 0);
}

static void test_refs_as_bytes(void **state) {
    (void)state;
    struct key_ref ref = {.slot = 0x0102030405060708, .birth = 0x090a0b0c};
    uint8_t bytes[KEY_REF_LEN];
    key_ref_put(ref, bytes);
    assert_memory_equal(bytes, "\1\2\3\4\5\6\7\10\11\12\13\14", KEY_REF_LEN);
    assert_true(key_ref_equal(key_ref_get(bytes), ref));
}

/* Readers, while keys are born and die. Once a destruction has returned, nobody gets the key. */
enum { ROUNDS = 60, AT_ONCE = 20 };

struct crowd {
    pthread_mutex_t lock;
    struct key_ref refs[AT_ONCE];
    struct seal_key known[AT_ONCE];
    bool dead;
    bool over;
    unsigned wrong;
    unsigned read;
};

static void read_one(struct crowd *c, size_t i) {
    struct seal_key got;
    pthread_mutex_lock(&c->lock);
    struct key_ref ref = c->refs[i];
    struct seal_key known = c->known[i];
    bool dead_before = c->dead;
    pthread_mutex_unlock(&c->lock);
    if (ref.birth == 0) {
        return;
    }
    struct status s = keyring_key(keys, ref, &got);
    bool same = !failed(s) && memcmp(got.bytes, known.bytes, sizeof got.bytes) == 0;
    bool fine = dead_before ? s.code == E_KEY_GONE : same || s.code == E_KEY_GONE;
    pthread_mutex_lock(&c->lock);
    c->wrong += !fine;
    c->read++;
    pthread_mutex_unlock(&c->lock);
}

static bool is_over(struct crowd *c) {
    pthread_mutex_lock(&c->lock);
    bool over = c->over;
    pthread_mutex_unlock(&c->lock);
    return over;
}

static void *read_on(void *arg) {
    struct crowd *c = arg;
    for (size_t i = 0; !is_over(c); i++) {
        read_one(c, i % AT_ONCE);
    }
    return NULL;
}

static void live_and_die(struct crowd *c) {
    struct key_ref refs[AT_ONCE];
    struct seal_key known[AT_ONCE];
    assert_int_equal(keyring_create_many(keys, KEY_SUBJECT, AT_ONCE, refs).code, OK);
    for (size_t i = 0; i < AT_ONCE; i++) {
        known[i] = key_of(refs[i]);
    }
    pthread_mutex_lock(&c->lock);
    memcpy(c->refs, refs, sizeof refs);
    memcpy(c->known, known, sizeof known);
    c->dead = false;
    pthread_mutex_unlock(&c->lock);
    assert_int_equal(keyring_rotate(keys).code, OK);
    assert_int_equal(keyring_destroy_many(keys, refs, AT_ONCE).code, OK);
    pthread_mutex_lock(&c->lock);
    c->dead = true;
    pthread_mutex_unlock(&c->lock);
}

static void test_a_crowd_of_threads(void **state) {
    (void)state;
    struct crowd crowd = {.lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t threads[3];
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &crowd), 0);
    }
    for (int round = 0; round < ROUNDS; round++) {
        live_and_die(&crowd);
    }
    pthread_mutex_lock(&crowd.lock);
    crowd.over = true;
    pthread_mutex_unlock(&crowd.lock);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(crowd.wrong, 0);
    assert_true(crowd.read > 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fresh, clear)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_vectors),
        CASE(test_generation_vector),
        CASE(test_keys_are_kept),
        CASE(test_a_destroyed_key_is_gone_for_good),
        CASE(test_unknown_references),
        CASE(test_many_die_with_one_sync),
        CASE(test_destroyed_bytes_leave_the_disk),
        CASE(test_rotation_ends_old_copies),
        CASE(test_rotation_ends_stolen_files),
        CASE(test_damaged_copies_are_refused),
        CASE(test_escrow_restores_on_another_machine),
        CASE(test_wrong_root_key),
        CASE(test_one_opener),
        CASE(test_flipped_bits_in_the_keyring),
        CASE(test_flipped_bits_under_an_open_keyring),
        CASE(test_flipped_bits_in_generations_are_mended),
        CASE(test_tags),
        CASE(test_signing_key_stays),
        CASE(test_each_living),
        CASE(test_refs_as_bytes),
        CASE(test_a_crowd_of_threads),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}

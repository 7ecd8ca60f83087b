/* seal: records open at their own place and nowhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "seal/record.h"
#include "vectors.h"

static const struct seal_place home = {
    .what = SEAL_RECORD, .owner = 7, .category = 2, .id = 41, .version = 3};

static struct seal_key test_key(void) {
    struct seal_key key;
    for (size_t i = 0; i < sizeof key.bytes; i++) {
        key.bytes[i] = (uint8_t)i;
    }
    return key;
}

static int start(void **state) {
    (void)state;
    return failed(seal_init());
}

static void expect_opens(const char *vector, const struct seal_place *place, const char *plain) {
    struct buf sealed CLEANUP(buf_done);
    struct buf got CLEANUP(buf_done);
    struct buf want CLEANUP(buf_done);
    buf_init(&sealed, 4096);
    buf_init_secret(&got, 4096);
    buf_init(&want, 4096);
    vector_get("seal.txt", vector, &sealed);
    if (plain != NULL) {
        vector_get("seal.txt", plain, &want);
    }
    struct seal_key key = test_key();
    assert_int_equal(record_open_buf(&key, place, buf_slice(&sealed), &got).code, OK);
    assert_true(slice_eq(buf_slice(&got), buf_slice(&want)));
}

static void test_vectors_open(void **state) {
    (void)state;
    struct seal_place wrap = home;
    wrap.what = SEAL_WRAP;
    expect_opens("record.sealed", &home, "plain");
    expect_opens("record.empty", &home, NULL);
    expect_opens("wrap.sealed", &wrap, "wrap.key");
}

static void test_sealed_opens(void **state) {
    (void)state;
    struct seal_key key = test_key();
    uint8_t plain[300];
    uint8_t sealed[300 + RECORD_OVERHEAD];
    uint8_t again[300];
    memset(plain, 'p', sizeof plain);
    for (size_t n = 0; n <= sizeof plain; n += 7) {
        record_seal(&key, &home, slice_of(plain, n), sealed);
        assert_int_equal(
            record_open(&key, &home, slice_of(sealed, n + RECORD_OVERHEAD), again).code, OK);
        assert_memory_equal(plain, again, n);
    }
}

static void expect_closed(const struct seal_key *key, const struct seal_place *place,
                          struct slice sealed) {
    uint8_t plain[256];
    assert_int_equal(record_open(key, place, sealed, plain).code, E_SEAL_OPEN);
}

static void test_moved_does_not_open(void **state) {
    (void)state;
    struct seal_key key = test_key();
    uint8_t sealed[5 + RECORD_OVERHEAD];
    record_seal(&key, &home, SLICE("plain"), sealed);
    struct slice s = slice_of(sealed, sizeof sealed);
    struct seal_place moved[] = {home, home, home, home, home};
    moved[0].what = SEAL_FACTS;
    moved[1].owner = 8;
    moved[2].category = 3;
    moved[3].id = 42;
    moved[4].version = 4;
    for (size_t i = 0; i < ARRAY_LEN(moved); i++) {
        expect_closed(&key, &moved[i], s);
    }
    struct seal_key other = seal_key_random();
    expect_closed(&other, &home, s);
}

static void test_every_flipped_bit_is_noticed(void **state) {
    (void)state;
    struct seal_key key = test_key();
    uint8_t sealed[20 + RECORD_OVERHEAD];
    record_seal(&key, &home, SLICE("twenty bytes of text"), sealed);
    for (size_t bit = 0; bit < sizeof sealed * 8; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        expect_closed(&key, &home, slice_of(sealed, sizeof sealed));
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t n = 0; n < sizeof sealed; n++) {
        expect_closed(&key, &home, slice_of(sealed, n));
    }
}

static void test_equal_texts_do_not_look_equal(void **state) {
    (void)state;
    struct seal_key key = test_key();
    uint8_t a[5 + RECORD_OVERHEAD];
    uint8_t b[5 + RECORD_OVERHEAD];
    record_seal(&key, &home, SLICE("plain"), a);
    record_seal(&key, &home, SLICE("plain"), b);
    assert_memory_not_equal(a + 1, b + 1, RECORD_NONCE_LEN);
    assert_memory_not_equal(a + 25, b + 25, 5);
}

/* A comment by one under another's clip: whichever of the two is forgotten, the other reads it. */
static void test_a_record_of_two_people(void **state) {
    (void)state;
    struct seal_key ana = seal_key_random();
    struct seal_key ben = seal_key_random();
    struct seal_key own = seal_key_random();
    struct seal_key got;
    struct seal_place for_ana = {.owner = 1, .category = 2, .id = 9};
    struct seal_place for_ben = {.owner = 2, .category = 2, .id = 9};
    uint8_t a[RECORD_WRAPPED_KEY_LEN];
    uint8_t b[RECORD_WRAPPED_KEY_LEN];
    record_wrap_key(&ana, &for_ana, &own, a);
    record_wrap_key(&ben, &for_ben, &own, b);
    seal_key_done(&ana);
    assert_int_equal(record_unwrap_key(&ana, &for_ana, a, &got).code, E_SEAL_OPEN);
    assert_int_equal(record_unwrap_key(&ben, &for_ben, b, &got).code, OK);
    assert_memory_equal(got.bytes, own.bytes, sizeof own.bytes);
    assert_int_equal(record_unwrap_key(&ben, &for_ana, b, &got).code, E_SEAL_OPEN);
}

/* What opens one row, as it is and as it was, opens nothing else. */
static void test_a_key_for_one_record_alone(void **state) {
    (void)state;
    struct seal_key key = test_key();
    struct seal_key alone;
    struct seal_place other = home;
    struct buf first CLEANUP(buf_done);
    struct buf again CLEANUP(buf_done);
    struct buf apart CLEANUP(buf_done);
    struct buf plain CLEANUP(buf_done);
    buf_init(&first, 256);
    buf_init(&again, 256);
    buf_init(&apart, 256);
    buf_init(&plain, 256);
    other.id++;
    assert_int_equal(record_seal_buf(&key, &home, SLICE("first"), &first).code, OK);
    assert_int_equal(
        record_seal_again_buf(&key, &home, buf_slice(&first), SLICE("second"), &again).code, OK);
    assert_int_equal(record_seal_buf(&key, &other, SLICE("apart"), &apart).code, OK);
    assert_memory_equal(first.ptr + 1, again.ptr + 1, 16);
    assert_memory_not_equal(first.ptr + 17, again.ptr + 17, 8);
    assert_int_equal(record_key_alone(&key, buf_slice(&again), &alone).code, OK);
    assert_int_equal(record_open_alone_buf(&alone, &home, buf_slice(&first), &plain).code, OK);
    assert_true(slice_eq(buf_slice(&plain), SLICE("first")));
    buf_clear(&plain);
    assert_int_equal(record_open_alone_buf(&alone, &home, buf_slice(&again), &plain).code, OK);
    assert_true(slice_eq(buf_slice(&plain), SLICE("second")));
    assert_int_equal(record_open_buf(&key, &home, buf_slice(&again), &plain).code, OK);
    buf_clear(&plain);
    assert_int_equal(record_open_alone_buf(&alone, &other, buf_slice(&again), &plain).code,
                     E_SEAL_OPEN);
    assert_int_equal(record_open_alone_buf(&alone, &other, buf_slice(&apart), &plain).code,
                     E_SEAL_OPEN);
    assert_int_equal(record_open_alone_buf(&key, &home, buf_slice(&again), &plain).code,
                     E_SEAL_OPEN);
    assert_int_equal(record_open_buf(&alone, &home, buf_slice(&again), &plain).code, E_SEAL_OPEN);
    assert_int_equal(plain.len, 0);
    struct slice cut = slice_sub(buf_slice(&first), 0, RECORD_OVERHEAD - 1);
    assert_int_equal(record_key_alone(&key, cut, &alone).code, E_SEAL_OPEN);
    assert_int_equal(record_open_alone_buf(&alone, &home, cut, &plain).code, E_SEAL_OPEN);
    assert_int_equal(record_seal_again_buf(&key, &home, cut, SLICE("x"), &plain).code, E_SEAL_OPEN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors_open),
        cmocka_unit_test(test_sealed_opens),
        cmocka_unit_test(test_moved_does_not_open),
        cmocka_unit_test(test_every_flipped_bit_is_noticed),
        cmocka_unit_test(test_equal_texts_do_not_look_equal),
        cmocka_unit_test(test_a_record_of_two_people),
        cmocka_unit_test(test_a_key_for_one_record_alone),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}

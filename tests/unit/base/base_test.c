/* base: slices, buffers, arena, numbers, dates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/date.h"
#include "base/mem.h"

static struct date day(const char *text) {
    struct date d = {0};
    assert_int_equal(date_parse(slice_str(text), &d).code, OK);
    return d;
}

static void test_birthdays(void **state) {
    (void)state;
    assert_int_equal(date_age(day("2012-02-29"), day("2025-02-28")), 12);
    assert_int_equal(date_age(day("2012-02-29"), day("2025-03-01")), 13);
    assert_int_equal(date_age(day("2012-02-29"), day("2028-02-29")), 16);
    assert_int_equal(date_age(day("2010-11-21"), day("2026-11-20")), 15);
    assert_int_equal(date_age(day("2010-11-21"), day("2026-11-21")), 16);
    assert_int_equal(date_next_birthday(day("2012-02-29"), day("2025-02-28")).days,
                     day("2025-03-01").days);
}

static void test_dates_round_trip(void **state) {
    (void)state;
    for (int32_t d = day("0001-01-01").days; d < day("9999-12-31").days; d += 13) {
        assert_int_equal(date_from_civil(date_to_civil((struct date){d})).days, d);
    }
}

static void test_dates_refused(void **state) {
    (void)state;
    const char *bad[] = {"2026-02-29", "2026-13-01", "2026-1-1", "26-01-01", "2026-01-00", ""};
    struct date d;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(date_parse(slice_str(bad[i]), &d).code, E_TIME);
    }
}

static void test_moments(void **state) {
    (void)state;
    struct moment m;
    assert_int_equal(moment_parse(SLICE("2026-11-21T23:30:00-05:00"), &m).code, OK);
    assert_int_equal(moment_date(m).days, day("2026-11-21").days);
    assert_int_equal(m.unix_ms, ((int64_t)day("2026-11-22").days * 86400 + 4 * 3600 + 1800) * 1000);
    const char *bad[] = {"2026-11-21T12:00:00", "2026-11-21 12:00:00Z", "2026-11-21T24:00:00Z",
                         "2026-11-21T12:00:00.Z", "2026-11-21T12:00:00+2", "2026-11-21"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(moment_parse(slice_str(bad[i]), &m).code, E_TIME);
    }
}

static void test_buffer_has_a_maximum(void **state) {
    (void)state;
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 4);
    assert_int_equal(buf_add(&b, SLICE("abc")).code, OK);
    assert_int_equal(buf_add(&b, SLICE("de")).code, E_TOO_LARGE);
    assert_int_equal(buf_add(&b, SLICE("d")).code, OK);
    assert_true(slice_eq(buf_slice(&b), SLICE("abcd")));
}

/* Of a secret one nothing stays behind what is left. */
static void test_buffer_is_taken_from_the_front(void **state) {
    (void)state;
    struct buf b CLEANUP(buf_done);
    buf_init_secret(&b, 100);
    buf_take(&b, 0);
    assert_int_equal(buf_add_str(&b, "first second").code, OK);
    buf_take(&b, 6);
    assert_true(slice_eq(buf_slice(&b), SLICE("second")));
    assert_memory_equal(b.ptr + b.len, "\0\0\0\0\0\0", 6);
    buf_take(&b, 6);
    assert_int_equal(b.len, 0);
    assert_memory_equal(b.ptr, "\0\0\0\0\0\0", 6);
}

static void test_memory_failure_is_an_error(void **state) {
    (void)state;
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 4);
    mem_fail_at(1, false);
    assert_int_equal(buf_add(&b, SLICE("abc")).code, E_MEMORY);
    assert_int_equal(buf_add(&b, SLICE("abc")).code, OK);
    assert_null(mem_array(SIZE_MAX, 2));
}

static void test_base64_is_strict(void **state) {
    (void)state;
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 100);
    assert_int_equal(base64_decode(SLICE("aGk="), &b).code, OK);
    assert_true(slice_eq(buf_slice(&b), SLICE("hi")));
    const char *bad[] = {"aGk", "aGl=", "aG=k", "a===", "aGk=aGk=", "aG k"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(base64_decode(slice_str(bad[i]), &b).code, E_ENCODING);
    }
    buf_clear(&b);
    assert_int_equal(base64url_encode(slice_of("\xff\xfe\xfd\xfc", 4), &b).code, OK);
    assert_true(slice_eq(buf_slice(&b), SLICE("__79_A")));
}

static void test_numbers_are_strict(void **state) {
    (void)state;
    uint64_t v;
    assert_int_equal(parse_u64(SLICE("18446744073709551615"), UINT64_MAX, &v).code, OK);
    const char *bad[] = {"18446744073709551616", "01", "", "-1", "+1", "1 ", "0x1"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(parse_u64(slice_str(bad[i]), UINT64_MAX, &v).code, E_NUMBER);
    }
}

static void test_utf8(void **state) {
    (void)state;
    assert_true(slice_is_utf8(SLICE("na\xc3\xafve \xf0\x9f\x8e\xac")));
    const char *bad[] = {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(slice_is_utf8(slice_str(bad[i])));
    }
}

static void test_how_far_a_word_is_misspelt(void **state) {
    (void)state;
    assert_int_equal(slice_distance(SLICE("consent"), SLICE("consent")), 0);
    assert_int_equal(slice_distance(SLICE("cosnent"), SLICE("consent")), 1);
    assert_int_equal(slice_distance(SLICE(""), SLICE("age")), 3);
    assert_int_equal(slice_distance(SLICE("kitten"), SLICE("sitting")), 3);
    uint8_t longest[SLICE_COMPARED_BYTES + 1] = {0};
    assert_int_equal(slice_distance(slice_of(longest, sizeof longest - 1), SLICE("")),
                     SLICE_COMPARED_BYTES);
    assert_true(slice_distance(slice_of(longest, sizeof longest), SLICE("")) == SIZE_MAX);
}

static void test_arena_has_a_cap(void **state) {
    (void)state;
    struct arena a CLEANUP(arena_done);
    arena_init(&a, 1024);
    assert_non_null(arena_alloc(&a, 1000));
    assert_null(arena_alloc(&a, 1000));
    assert_null(arena_array(&a, SIZE_MAX, 8));
}

static void test_every_error_says_what_to_do(void **state) {
    (void)state;
    size_t n;
    const struct error_info *rows = error_table(&n);
    for (size_t i = 1; i < n; i++) {
        assert_true(rows[i].remedy[0] != 0 && rows[i].cause[0] != 0 && rows[i].http >= 400);
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(rows[i].code, rows[k].code);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_birthdays),
        cmocka_unit_test(test_dates_round_trip),
        cmocka_unit_test(test_dates_refused),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_buffer_has_a_maximum),
        cmocka_unit_test(test_buffer_is_taken_from_the_front),
        cmocka_unit_test(test_memory_failure_is_an_error),
        cmocka_unit_test(test_base64_is_strict),
        cmocka_unit_test(test_numbers_are_strict),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_how_far_a_word_is_misspelt),
        cmocka_unit_test(test_arena_has_a_cap),
        cmocka_unit_test(test_every_error_says_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A store in a place of its own, for each case. */
#ifndef WARD_TESTS_STORE_BENCH_H
#define WARD_TESTS_STORE_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kind.h"
#include "store/store.h"

#define ASSERT_OK(expr)      assert_int_equal((expr).code, OK)
#define ASSERT_IS(expr, err) assert_int_equal((expr).code, (err))

enum { MANY = 400 };

struct bench {
    char place[PLACE_MAX];
    char beside[PLACE_MAX];
    struct store *s;
};

int bench_begin(void **state);
int bench_end(void **state);
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, bench_begin, bench_end)

/* Closes and opens it. */
void reopen(struct bench *b);
/* Of the store beside it, which must be there. */
struct store *open_beside(const struct bench *b);

/* In STORE_RECORDS. */
void put(struct store *s, uint64_t owner, uint64_t id, const char *text);
void assert_row(struct store *s, uint64_t owner, uint64_t id, const char *text);
void assert_missing(struct store *s, uint64_t owner, uint64_t id);

/* MANY rows in one transaction. */
void put_many(struct bench *b);
/* Opens it, and closes it: every row as it was, or a refusal; never one less, never other words. */
bool all_there_or_refused(struct bench *b);

#endif

/* Who likes which clip, against a plain list, and with every allocation failing in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "likes.h"

enum { RECORDS = 600, VIEWERS = 20, CLIPS = 15, STEPS = 30000 };

/* By record; one that is not there is all 0. A viewer likes a clip once. */
static struct like plain[RECORDS + 1];

static uint32_t dice = 20261122;

static uint64_t draw(uint64_t most) {
    dice = dice * 1664525u + 1013904223u;
    return 1 + (dice >> 8) % most;
}

static uint64_t plain_find(uint64_t viewer, uint64_t clip) {
    for (uint64_t record = RECORDS; record > 0; record--) {
        if (plain[record].viewer == viewer && (clip == 0 || plain[record].clip == clip)) {
            return record;
        }
    }
    return 0;
}

static uint64_t plain_of_clip(uint64_t clip, uint64_t below) {
    for (uint64_t record = below - 1; record > 0; record--) {
        if (plain[record].clip == clip) {
            return record;
        }
    }
    return 0;
}

static void assert_same(const struct likes *l) {
    for (uint64_t record = 1; record <= RECORDS; record++) {
        struct like like = {.record = 0};
        assert_int_equal(likes_get(l, record, &like), plain[record].record != 0);
        assert_memory_equal(&like, &plain[record], sizeof like);
    }
    for (uint64_t viewer = 1; viewer <= VIEWERS + 1; viewer++) {
        assert_int_equal(likes_of_viewer(l, viewer), plain_find(viewer, 0));
        for (uint64_t clip = 1; clip <= CLIPS; clip++) {
            uint64_t record = 0;
            bool found = likes_find(l, viewer, clip, &record);
            assert_int_equal(found ? record : 0, plain_find(viewer, clip));
        }
    }
    for (uint64_t clip = 1; clip <= CLIPS + 1; clip++) {
        for (uint64_t below = RECORDS + 1; below > 0;) {
            uint64_t at = likes_of_clip(l, clip, below);
            assert_int_equal(at, plain_of_clip(clip, below));
            below = at;
        }
    }
}

static void add(struct likes *l, const struct like *like) {
    bool is_new = false;
    bool there = plain[like->record].record != 0;
    if (!there && plain_find(like->viewer, like->clip) != 0) {
        return;
    }
    assert_int_equal(likes_add(l, like, &is_new).code, OK);
    assert_int_equal(is_new, !there);
    plain[like->record] = there ? plain[like->record] : *like;
}

static void drop(struct likes *l, uint64_t record) {
    struct like gone = {.record = 0};
    assert_int_equal(likes_remove(l, record, &gone), plain[record].record != 0);
    assert_memory_equal(&gone, &plain[record], sizeof gone);
    memset(&plain[record], 0, sizeof plain[record]);
}

static void they_agree_with_a_list(void **state) {
    struct likes *l = NULL;
    (void)state;
    memset(plain, 0, sizeof plain);
    assert_int_equal(likes_new(&l).code, OK);
    for (uint32_t step = 0; step < STEPS; step++) {
        struct like like = {draw(RECORDS), draw(VIEWERS), draw(CLIPS)};
        if (draw(10) <= (step / 3000 % 2 == 0 ? 7 : 3)) {
            add(l, &like);
        } else {
            drop(l, like.record);
        }
        if (step % 1000 == 0) {
            assert_same(l);
        }
    }
    assert_same(l);
    likes_clear(l);
    memset(plain, 0, sizeof plain);
    assert_same(l);
    likes_free(&l);
    assert_null(l);
}

/* The later of two likes of one clip may go first, or last. */
static void twice_the_same_clip(void **state) {
    struct likes *l = NULL;
    struct like gone;
    bool is_new = false;
    uint64_t record = 0;
    (void)state;
    assert_int_equal(likes_new(&l).code, OK);
    assert_int_equal(likes_add(l, &(struct like){1, 7, 9}, &is_new).code, OK);
    assert_int_equal(likes_add(l, &(struct like){2, 7, 9}, &is_new).code, OK);
    assert_true(likes_remove(l, 1, &gone));
    assert_true(likes_find(l, 7, 9, &record));
    assert_int_equal(record, 2);
    assert_int_equal(likes_of_viewer(l, 7), 2);
    assert_true(likes_remove(l, 2, &gone));
    assert_false(likes_find(l, 7, 9, &record));
    assert_int_equal(likes_of_clip(l, 9, UINT64_MAX), 0);
    likes_free(&l);
}

/* Each like is tried with the next allocation failing until it fits. */
static void memory_may_fail(void **state) {
    struct likes *l = NULL;
    uint64_t failures = 0;
    (void)state;
    memset(plain, 0, sizeof plain);
    assert_int_equal(likes_new(&l).code, OK);
    for (uint64_t record = 1; record <= RECORDS; record++) {
        struct like like = {record, record % VIEWERS + 1, record};
        struct status added = FAIL(E_MEMORY);
        for (uint64_t n = 1; failed(added); n++) {
            bool is_new = false;
            uint64_t found = 0;
            mem_fail_at(n, false);
            added = likes_add(l, &like, &is_new);
            failures += mem_failures();
            mem_fail_at(0, false);
            assert_int_equal(likes_find(l, like.viewer, record, &found), !failed(added));
            assert_int_equal(likes_of_clip(l, record, UINT64_MAX), failed(added) ? 0 : record);
            assert_int_equal(likes_get(l, record, &like), !failed(added));
        }
        plain[record] = like;
    }
    assert_true(failures > RECORDS);
    assert_same(l);
    likes_free(&l);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_agree_with_a_list),
        cmocka_unit_test(twice_the_same_clip),
        cmocka_unit_test(memory_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

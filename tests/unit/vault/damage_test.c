/* Rows that are gone or stand elsewhere, and bytes that flipped, in everything that a vault keeps:
 * noticed and refused, with what to do about it, before anything follows from it. Never silently
 * another answer, and no key is destroyed for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seal/seal.h"
#include "store/store.h"
#include "world.h"

/* The store, while no vault has it. */
static struct store *open_rows(const struct world *w) {
    char path[160];
    struct store *s = NULL;
    snprintf(path, sizeof path, "%s/store.db", w->data);
    struct store_options options = {.path = path, .must_exist = true};
    ASSERT_OK(store_open(&options, &s));
    return s;
}

static void shell(const struct world *w, const char *script) {
    char command[256];
    snprintf(command, sizeof command, "cd '%s' && %s", w->dir, script);
    assert_int_equal(system(command), 0);
}

struct row {
    enum store_space space;
    uint64_t owner, id;
    struct buf bytes;
};

static struct row take_row(struct store *s, enum store_space space, uint64_t owner, uint64_t id) {
    struct row row = {.space = space, .owner = owner, .id = id};
    buf_init(&row.bytes, 1 << 20);
    ASSERT_OK(store_get(s, space, owner, id, &row.bytes));
    return row;
}

static void lay_row(struct store *s, const struct row *row, struct slice bytes) {
    ASSERT_OK(store_put(s, row->space, row->owner, row->id, bytes));
}

/* As a killed process leaves it: keys that no row names would be swept. */
static void make_unclean(struct store *s) {
    enum { META_CLEAN = 2 };
    ASSERT_OK(store_delete(s, STORE_META, 0, META_CLEAN));
}

static void assert_remedy(struct status refused) {
    const struct error_info *info = error_info(refused.code);
    assert_true(strlen(info->cause) > 0 && strlen(info->remedy) > 0);
}

/* Rows that are gone --------------------------------------------------------------------- */

struct cast {
    uint64_t anna, ben;
    uint64_t hers, too, his; /* account, account, account */
    uint64_t seen;           /* hers, watch history */
};

static void begin_story(struct world *w, struct cast *c) {
    c->anna = world_adult(w, "anna@x.org");
    c->ben = world_adult(w, "ben@x.org");
    ASSERT_OK(world_consent(w, c->anna, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    ASSERT_OK(world_put(w, c->anna, w->keep_account, w->account, "hers", &c->hers));
    ASSERT_OK(world_put(w, c->anna, w->keep_account, w->account, "too", &c->too));
    ASSERT_OK(world_put(w, c->ben, w->keep_account, w->account, "his", &c->his));
    ASSERT_OK(world_put(w, c->anna, w->keep_history, w->history, "seen", &c->seen));
}

static void assert_story(struct world *w, const struct cast *c) {
    assert_reads(w, w->keep_account, c->hers, "hers");
    assert_reads(w, w->keep_account, c->too, "too");
    assert_reads(w, w->keep_account, c->his, "his");
    assert_reads(w, w->keep_history, c->seen, "seen");
}

/* Without the row the vault is refused and destroys nothing: with it, all is as it was. */
static void assert_missed(struct world *w, const struct cast *c, enum store_space space,
                          uint64_t owner, uint64_t id) {
    vault_close(&w->v);
    struct store *s = open_rows(w);
    struct row row = take_row(s, space, owner, id);
    make_unclean(s);
    ASSERT_OK(store_delete(s, space, owner, id));
    store_close(&s);
    struct status opened = world_try_open(w);
    ASSERT_IS(opened, E_VAULT_CORRUPT);
    assert_remedy(opened);
    s = open_rows(w);
    lay_row(s, &row, buf_slice(&row.bytes));
    store_close(&s);
    buf_done(&row.bytes);
    world_open(w);
    assert_story(w, c);
}

static void a_missing_row_destroys_no_key(void **state) {
    struct world *w = *state;
    struct cast c;
    begin_story(w, &c);
    assert_missed(w, &c, STORE_SUBJECTS, c.anna, 0);
    assert_missed(w, &c, STORE_KEYS, c.anna, 0);
    assert_missed(w, &c, STORE_KEYS, c.ben, w->account + 1u);
    assert_missed(w, &c, STORE_KEYS, c.anna, w->history + 1u);
    assert_missed(w, &c, STORE_SEGMENTS, 0, 0);
}

static void a_missing_row_is_no_missing_person(void **state) {
    struct world *w = *state;
    struct cast c;
    char got[64];
    struct vault_subject subject;
    begin_story(w, &c);
    vault_close(&w->v);
    struct store *s = open_rows(w);
    ASSERT_OK(store_delete(s, STORE_SUBJECTS, c.anna, 0));
    ASSERT_OK(store_delete(s, STORE_RECORDS, c.ben, c.his));
    store_close(&s);
    struct status opened = world_try_open(w);
    if (failed(opened)) {
        ASSERT_IS(opened, E_VAULT_CORRUPT);
        return;
    }
    world_names(w);
    ASSERT_IS(vault_subject_get(w->v, c.anna, &subject), E_VAULT_CORRUPT);
    ASSERT_IS(world_read(w, w->keep_account, c.hers, got, sizeof got), E_VAULT_CORRUPT);
    ASSERT_IS(world_read(w, w->keep_account, c.his, got, sizeof got), E_VAULT_CORRUPT);
}

/* A transaction that is gone from the middle: what it changed would be silently undone. */
static void a_missing_delta_is_noticed(void **state) {
    struct world *w = *state;
    struct cast c;
    begin_story(w, &c);
    shell(w, "mkdir killed && cp -r data keys ledger killed");
    vault_close(&w->v);
    shell(w, "rm -r data keys ledger && mv killed/* .");
    struct store *s = open_rows(w);
    struct row row = take_row(s, STORE_DELTAS, 0, 4);
    ASSERT_OK(store_delete(s, STORE_DELTAS, 0, 4));
    store_close(&s);
    ASSERT_IS(world_try_open(w), E_VAULT_CORRUPT);
    s = open_rows(w);
    lay_row(s, &row, buf_slice(&row.bytes));
    store_close(&s);
    buf_done(&row.bytes);
    world_open(w);
    assert_story(w, &c);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_missing_row_destroys_no_key),
        TEST(a_missing_row_is_no_missing_person),
        TEST(a_missing_delta_is_noticed),
    };
    if (failed(seal_init()) || failed(store_init())) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

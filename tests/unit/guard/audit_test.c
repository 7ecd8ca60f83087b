/* An audit file comes in pages that fit: all of it, once, and never without its record. */
#include "inside.h"

#include <stdio.h>
#include <string.h>

#include "ledger/verify.h"

enum { NOTES = 6000, GROUND = 240, FILE_MAX = 16 << 20 };

/* Many leaves, with long lines. */
static void make_leaves(struct inside *w) {
    struct buf content CLEANUP(buf_done) = {0};
    char ground[GROUND];
    uint64_t leaf = 0;
    memset(ground, 'g', sizeof ground);
    buf_init(&content, 1024);
    assert_int_equal(content_add_text(&content, FIELD_GROUND, slice_of(ground, sizeof ground)).code,
                     OK);
    assert_int_equal(vault_begin_batch(w->vault).code, OK);
    for (int i = 0; i < NOTES; i++) {
        assert_int_equal(vault_note(w->vault, LEAF_REQUEST, 0, buf_slice(&content), &leaf).code,
                         OK);
    }
    assert_int_equal(vault_commit_batch(w->vault).code, OK);
}

static uint16_t begin(struct inside *w, uint64_t since, uint64_t until, uint64_t *ret_audit,
                      struct buf *file) {
    struct api_answer answer;
    struct api_value args[ARG_ADMIN_AUDIT__COUNT] = {
        [ARG_ADMIN_AUDIT_SINCE] = api_n(since), [ARG_ADMIN_AUDIT_UNTIL] = api_n(until)};
    uint16_t code = call(w, API_ADMIN_AUDIT, NULL, args, &answer);
    if (code == OK) {
        *ret_audit = answer.fields[ANS_ADMIN_AUDIT_AUDIT].n;
        assert_int_equal(buf_add(file, answer.fields[ANS_ADMIN_AUDIT_LINES].bytes).code, OK);
    }
    return code;
}

static uint16_t next(struct inside *w, uint64_t audit, struct buf *file, bool *ret_more) {
    struct api_answer answer;
    struct api_value args[ARG_ADMIN_OPENINGS__COUNT] = {[ARG_ADMIN_OPENINGS_AUDIT] = api_n(audit)};
    uint16_t code = call(w, API_ADMIN_OPENINGS, NULL, args, &answer);
    if (code == OK) {
        struct slice lines = answer.fields[ANS_ADMIN_OPENINGS_LINES].bytes;
        assert_true(lines.len <= GUARD_AUDIT_BYTES);
        assert_int_equal(buf_add(file, lines).code, OK);
        *ret_more = answer.fields[ANS_ADMIN_OPENINGS_MORE].yes;
    }
    return code;
}

/* How many pages it took. */
static int read_all(struct inside *w, uint64_t audit, struct buf *file) {
    bool more = true;
    int pages = 0;
    for (; more; pages++) {
        assert_int_equal(next(w, audit, file, &more), OK);
    }
    return pages;
}

static struct status next_line(void *self, struct slice *ret_line) {
    struct slice *rest = self;
    bool some = rest->len > 0 && slice_next(rest, '\n', ret_line);
    *ret_line = some ? *ret_line : slice_of(NULL, 0);
    return STATUS_OK;
}

static void assert_verifies(struct inside *w, const struct buf *file, uint64_t leaves) {
    static struct verify_audit_report report;
    struct buf vkey CLEANUP(buf_done) = {0};
    struct note_vkey log;
    char dir[128];
    struct slice rest = buf_slice(file);
    buf_init(&vkey, 1024);
    assert_int_equal(vault_log_key(w->vault, &vkey).code, OK);
    assert_int_equal(note_vkey_parse(buf_slice(&vkey), &log).code, OK);
    snprintf(dir, sizeof dir, "%s/log", w->paths[2]);
    struct verify_audit_options options = {.log = {.fs = os_fs_real(), .dir = dir, .log = &log},
                                           .lines = {.self = &rest, .next = next_line}};
    assert_int_equal(verify_audit(&options, &report).code, OK);
    assert_int_equal(report.leaves, leaves);
    assert_int_equal(report.opened, leaves);
}

static void it_comes_in_pages(void **state) {
    struct inside *w = *state;
    struct buf file CLEANUP(buf_done) = {0};
    uint64_t audit = 0;
    bool more = false;
    buf_init(&file, FILE_MAX);
    make_leaves(w);
    uint64_t leaves = vault_stats(w->vault).leaves + 1;
    assert_int_equal(begin(w, 0, 0, &audit, &file), OK);
    assert_int_equal(audit, leaves - 1);
    assert_true(read_all(w, audit, &file) > (int)(file.len / GUARD_AUDIT_BYTES));
    assert_verifies(w, &file, leaves);
    assert_int_equal(next(w, audit, &file, &more), E_AUDIT_OVER);
}

/* Hours without a leaf are passed over, some thousand leaves an answer. */
static void nothing_comes_of_hours_without_leaves(void **state) {
    struct inside *w = *state;
    struct buf file CLEANUP(buf_done) = {0};
    uint64_t audit = 0;
    buf_init(&file, FILE_MAX);
    uint32_t hour = leaf_hour(w->fake.now_ms);
    later(w, 5 * HOUR_MS);
    assert_int_equal(begin(w, hour + 1, hour + 3, &audit, &file), OK);
    assert_int_equal(read_all(w, audit, &file), 1 + (int)(audit / GUARD_AUDIT_LEAVES));
    assert_verifies(w, &file, 0);
    assert_int_equal(begin(w, hour + 6, 0, &audit, &file), E_AUDIT_SPAN);
    assert_int_equal(begin(w, hour, hour, &audit, &file), E_AUDIT_SPAN);
}

static void a_second_one_ends_the_first(void **state) {
    struct inside *w = *state;
    struct buf file CLEANUP(buf_done) = {0};
    struct buf other CLEANUP(buf_done) = {0};
    uint64_t first = 0;
    uint64_t second = 0;
    bool more = false;
    buf_init(&file, FILE_MAX);
    buf_init(&other, FILE_MAX);
    assert_int_equal(next(w, 0, &file, &more), E_AUDIT_OVER);
    assert_int_equal(begin(w, 0, 0, &first, &file), OK);
    assert_int_equal(next(w, first, &file, &more), OK);
    assert_true(more);
    assert_int_equal(begin(w, 0, 0, &second, &other), OK);
    assert_int_equal(next(w, first, &file, &more), E_AUDIT_OVER);
    read_all(w, second, &other);
    assert_verifies(w, &other, second + 1);
}

static int open_world(void **state) {
    static struct inside world;
    inside_open(&world);
    *state = &world;
    return 0;
}

static int close_world(void **state) {
    inside_close(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_in_pages),
        cmocka_unit_test(nothing_comes_of_hours_without_leaves),
        cmocka_unit_test(a_second_one_ends_the_first),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}

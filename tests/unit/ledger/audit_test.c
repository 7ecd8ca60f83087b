/* ledger: an audit file that is whole verifies, and one that was cut, mended or mixed does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "power.h"
#include "story.h"

enum { HOUR = 498000, EACH_HOUR = 100, FILE_MAX = 1 << 20 };

static struct power *power;
static struct story story;
static struct ledger *ledger;
static struct verify_audit_report report;
static struct buf file;

static int start(void **state) {
    (void)state;
    return failed(seal_init());
}

static int fresh(void **state) {
    (void)state;
    power = power_new(3);
    story_begin(&story, power_fs(power));
    buf_init(&file, FILE_MAX);
    return failed(ledger_create(&story.options)) || failed(ledger_open(&story.options, &ledger));
}

static int clear(void **state) {
    (void)state;
    buf_done(&file);
    ledger_close(&ledger);
    power_free(&power);
    return 0;
}

/* What the auditor may be told of leaf i. */
static struct opening_item item_of(uint64_t i) {
    static const uint8_t content[2][7] = {{FIELD_PURPOSE, 0, 4, 'f', 'e', 'e', 'd'},
                                          {FIELD_PURPOSE, 0, 4, 'm', 'a', 'i', 'l'}};
    struct opening_item item = {.content = slice_of(content[i % 2], sizeof content[0])};
    bytes_put_be64(item.salt.bytes, i);
    return item;
}

/* Every fifth leaf has nothing for the auditor; every 50th was gathered in the hour before. */
static void make_leaf(uint64_t i, uint8_t ret_entry[LEAF_LEN]) {
    struct opening_item item = item_of(i);
    struct leaf leaf = {.kind = i % 5 == 0 ? LEAF_ERASURE_DONE : LEAF_READ_BATCH,
                        .hour = (uint32_t)(HOUR + i / EACH_HOUR - (i % 50 == 49))};
    bytes_put_be64(leaf.person.bytes, i);
    bytes_put_be64(leaf.auditor.bytes, ~i);
    if (i % 5 != 0) {
        leaf.auditor = leaf_commit(&item);
    }
    leaf_put(&leaf, ret_entry);
}

static void grow_to(uint64_t size) {
    for (uint64_t i = ledger_size(ledger); i < size; i++) {
        uint8_t entry[LEAF_LEN];
        make_leaf(i, entry);
        assert_int_equal(ledger_append_at(ledger, i, entry, 1).code, OK);
    }
    assert_int_equal(ledger_publish(ledger).code, OK);
}

static void add_line(uint64_t i, enum opening_side side) {
    struct opening_item item = item_of(i);
    struct buf opening CLEANUP(buf_done);
    buf_init(&opening, OPENING_MAX);
    assert_int_equal(opening_write(side, &item, 1, 0, &opening).code, OK);
    struct slice bytes = i % 5 == 0 ? SLICE("") : buf_slice(&opening);
    assert_int_equal(audit_add(i, bytes, &file).code, OK);
}

/* What a guard hands out of these hours. */
static uint64_t make_file(uint32_t since, uint32_t until) {
    struct audit_span span = {.since = since, .until = until};
    uint64_t count = 0;
    buf_clear(&file);
    assert_int_equal(audit_begin(&span, ledger_checkpoint(ledger), &file).code, OK);
    for (uint64_t i = 0; i < ledger_published(ledger); i++) {
        uint8_t entry[LEAF_LEN];
        struct leaf leaf;
        assert_int_equal(ledger_leaf(ledger, i, entry).code, OK);
        assert_int_equal(leaf_get(slice_of(entry, LEAF_LEN), &leaf).code, OK);
        if (audit_spans(&span, &leaf)) {
            add_line(i, OPENING_AUDITOR);
            count++;
        }
    }
    assert_int_equal(audit_end(count, &file).code, OK);
    return count;
}

static struct status next_of(void *self, struct slice *ret_line) {
    struct slice *rest = self;
    bool some = rest->len > 0 && slice_next(rest, '\n', ret_line);
    *ret_line = some ? *ret_line : slice_of(NULL, 0);
    return STATUS_OK;
}

static uint16_t verify_bytes(struct slice bytes) {
    struct verify_audit_options options = {
        .log = {.fs = power_fs(power), .dir = "log", .log = &story.vkey},
        .lines = {.self = &bytes, .next = next_of}};
    return verify_audit(&options, &report).code;
}

static uint16_t verify(void) {
    return verify_bytes(buf_slice(&file));
}

static void test_a_whole_file(void **state) {
    (void)state;
    grow_to(600);
    uint64_t count = make_file(HOUR + 1, HOUR + 3);
    assert_int_equal(count, 200); /* one came from each neighbouring hour, and one went there */
    assert_int_equal(verify(), OK);
    assert_int_equal(report.span.since, HOUR + 1);
    assert_int_equal(report.span.until, HOUR + 3);
    assert_int_equal(report.leaves, count);
    assert_int_equal(report.unopened[LEAF_ERASURE_DONE], 40);
    assert_int_equal(report.opened, 160);
    assert_int_equal(report.size, 600);
    assert_int_equal(report.line, 0);
    /* The log went on. */
    grow_to(900);
    assert_int_equal(verify(), OK);
    assert_int_equal(report.size, 600);
    assert_int_equal(report.log.size, 900);
}

static void test_an_empty_span_and_an_empty_log(void **state) {
    (void)state;
    assert_int_equal(make_file(0, UINT32_MAX), 0);
    assert_int_equal(verify(), OK);
    grow_to(300);
    assert_int_equal(make_file(HOUR + 40, HOUR + 41), 0);
    assert_int_equal(verify(), OK);
    assert_int_equal(make_file(0, UINT32_MAX), 300);
    assert_int_equal(verify(), OK);
}

/* Other hours between which the same leaves lie are as true; every other flip is found. */
static void test_every_flipped_bit_is_found(void **state) {
    (void)state;
    grow_to(7);
    make_file(0, UINT32_MAX);
    assert_int_equal(verify(), OK);
    size_t hours = slice_find(buf_slice(&file), '\n') + 1;
    size_t checkpoint = hours + slice_find(slice_from(buf_slice(&file), hours), '\n') + 1;
    for (size_t i = 0; i < file.len * 8; i++) {
        file.ptr[i / 8] ^= (uint8_t)(1 << i % 8);
        uint16_t code = verify();
        bool as_true = code == OK && i / 8 >= hours && i / 8 < checkpoint && report.leaves == 7;
        assert_true(as_true || (code != OK && report.line != 0));
        file.ptr[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    assert_int_equal(verify(), OK);
}

static void test_every_cut_is_found(void **state) {
    (void)state;
    grow_to(30);
    make_file(HOUR, HOUR + 1);
    for (size_t len = 0; len < file.len - 1; len++) {
        assert_int_not_equal(verify_bytes(slice_sub(buf_slice(&file), 0, len)), OK);
        assert_int_not_equal(report.line, 0);
    }
    struct slice more = SLICE("end 29\n");
    assert_int_equal(buf_add(&file, more).code, OK);
    assert_int_equal(verify(), E_AUDIT_FORM);
}

/* The file's lines in another order: line n of the new one is line from[n] of the old. */
static uint16_t verify_lines(const size_t *from, size_t count) {
    struct slice lines[512];
    struct slice rest = buf_slice(&file);
    size_t have = 0;
    while (have < ARRAY_LEN(lines) && slice_next(&rest, '\n', &lines[have])) {
        have++;
    }
    struct buf mixed CLEANUP(buf_done);
    buf_init(&mixed, 2 * FILE_MAX);
    for (size_t i = 0; i < count; i++) {
        assert_true(from[i] < have);
        assert_int_equal(buf_add(&mixed, lines[from[i]]).code, OK);
        assert_int_equal(buf_add_byte(&mixed, '\n').code, OK);
    }
    return verify_bytes(buf_slice(&mixed));
}

static void test_lines_stay_where_they_are(void **state) {
    (void)state;
    size_t all[24];
    grow_to(20);
    assert_int_equal(make_file(0, UINT32_MAX), 20);
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        all[i] = i;
    }
    assert_int_equal(verify_lines(all, 24), OK);
    for (size_t i = 3; i < 22; i++) {
        all[i] = i + 1; /* two change places */
        all[i + 1] = i;
        assert_int_equal(verify_lines(all, 24), E_AUDIT_LEAF);
        assert_int_equal(report.line, i + 1);
        all[i + 1] = i; /* one twice, another not at all */
        all[i] = i;
        all[i + 1] = i;
        assert_int_equal(verify_lines(all, 24), E_AUDIT_LEAF);
        all[i + 1] = i + 1;
    }
    for (size_t i = 3; i < 23; i++) {
        memmove(all + i, all + i + 1, (23 - i) * sizeof *all); /* one is left out */
        uint16_t code = verify_lines(all, 23);
        assert_true(code == E_AUDIT_LEAF || code == E_AUDIT_FORM);
        for (size_t k = 0; k < ARRAY_LEN(all); k++) {
            all[k] = k;
        }
    }
}

/* The words that stand before the leaves say which leaves must follow. */
static void test_the_hours_cannot_be_told_otherwise(void **state) {
    (void)state;
    grow_to(300);
    static const uint32_t told[][2] = {
        {HOUR, HOUR + 2}, {HOUR + 1, HOUR + 3}, {HOUR - 1, UINT32_MAX}, {HOUR + 2, HOUR + 3}};
    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        struct buf head CLEANUP(buf_done);
        struct audit_span span = {.since = told[i][0], .until = told[i][1]};
        buf_init(&head, FILE_MAX);
        make_file(HOUR + 1, HOUR + 2);
        struct slice rest = buf_slice(&file);
        struct slice line;
        for (int k = 0; k < 3; k++) {
            assert_true(slice_next(&rest, '\n', &line));
        }
        assert_int_equal(audit_begin(&span, ledger_checkpoint(ledger), &head).code, OK);
        assert_int_equal(buf_add(&head, rest).code, OK);
        uint16_t code = verify_bytes(buf_slice(&head));
        assert_true(code == E_AUDIT_LEAF || code == E_AUDIT_FORM);
    }
}

static void test_only_the_auditors_opening_of_this_leaf(void **state) {
    (void)state;
    static const struct {
        uint64_t index, of;
        enum opening_side side;
        uint16_t code;
    } cases[] = {
        {1, 1, OPENING_AUDITOR, OK},
        {1, 3, OPENING_AUDITOR, E_OPENING_WRONG},
        {1, 1, OPENING_PERSON, E_OPENING_WRONG},
    };
    struct audit_span span = {.since = 0, .until = UINT32_MAX};
    grow_to(2);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct opening_item item = item_of(cases[i].of);
        struct buf opening CLEANUP(buf_done);
        buf_init(&opening, OPENING_MAX);
        buf_clear(&file);
        assert_int_equal(opening_write(cases[i].side, &item, 1, 0, &opening).code, OK);
        assert_int_equal(audit_begin(&span, ledger_checkpoint(ledger), &file).code, OK);
        assert_int_equal(audit_add(0, SLICE(""), &file).code, OK);
        assert_int_equal(audit_add(cases[i].index, buf_slice(&opening), &file).code, OK);
        assert_int_equal(audit_end(2, &file).code, OK);
        assert_int_equal(verify(), cases[i].code);
        assert_int_equal(report.line, failed(FAIL(cases[i].code)) ? 5 : 0);
    }
}

/* Whoever has the file can take an opening out of it; that it is not there is counted. */
static void test_what_is_withheld_is_counted(void **state) {
    (void)state;
    struct audit_span span = {.since = 0, .until = UINT32_MAX};
    grow_to(4);
    assert_int_equal(audit_begin(&span, ledger_checkpoint(ledger), &file).code, OK);
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(audit_add(i, SLICE(""), &file).code, OK);
    }
    assert_int_equal(audit_end(4, &file).code, OK);
    assert_int_equal(verify(), OK);
    assert_int_equal(report.opened, 0);
    assert_int_equal(report.unopened[LEAF_READ_BATCH], 3);
    assert_int_equal(report.unopened[LEAF_ERASURE_DONE], 1);
}

/* Another tree under the same name and key. */
static void other_directory(uint64_t first, uint64_t size) {
    ledger_close(&ledger);
    power_free(&power);
    power = power_new(4);
    story.options.fs = power_fs(power);
    assert_int_equal(ledger_create(&story.options).code, OK);
    assert_int_equal(ledger_open(&story.options, &ledger).code, OK);
    for (uint64_t i = 0; i < size; i++) {
        uint8_t entry[LEAF_LEN];
        make_leaf(first + i, entry);
        assert_int_equal(ledger_append_at(ledger, i, entry, 1).code, OK);
    }
    assert_int_equal(ledger_publish(ledger).code, OK);
}

static void test_a_file_of_another_log(void **state) {
    (void)state;
    grow_to(300);
    make_file(HOUR + 2, HOUR + 3);
    other_directory(0, 280);
    assert_int_equal(verify(), E_AUDIT_AHEAD);
    assert_int_equal(report.line, 0);
    other_directory(300, 400);
    make_file(HOUR + 90, HOUR + 91); /* no leaf, so the checkpoint alone can tell */
    other_directory(0, 500);
    assert_int_equal(verify(), E_LOG_FORKED);
    story.key = seal_signing_key_from_seed(&(struct seal_key){{43}});
    other_directory(0, 5);
    make_file(0, UINT32_MAX);
    assert_int_equal(verify(), E_NOTE_UNSIGNED);
    assert_int_equal(report.line, 3);
}

static void test_a_damaged_log_is_the_logs_fault(void **state) {
    (void)state;
    grow_to(300);
    make_file(0, UINT32_MAX);
    assert_true(power_flip(power, "log/tile/0/000", 77, 1));
    assert_int_equal(verify(), E_LEDGER_CORRUPT);
    assert_int_equal(report.line, 0);
    assert_non_null(strstr(report.log.failed_path, "tile/0/000"));
}

static void test_running_out_of_memory_is_an_error(void **state) {
    (void)state;
    grow_to(12);
    make_file(0, UINT32_MAX);
    for (uint64_t n = 1;; n++) {
        mem_fail_at(n, false);
        uint16_t code = verify();
        bool came = mem_failures() > 0;
        mem_fail_at(0, false);
        assert_int_equal(code, came ? E_MEMORY : OK);
        if (!came) {
            assert_true(n > 5);
            return;
        }
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fresh, clear)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_a_whole_file),
        CASE(test_an_empty_span_and_an_empty_log),
        CASE(test_every_flipped_bit_is_found),
        CASE(test_every_cut_is_found),
        CASE(test_lines_stay_where_they_are),
        CASE(test_the_hours_cannot_be_told_otherwise),
        CASE(test_only_the_auditors_opening_of_this_leaf),
        CASE(test_what_is_withheld_is_counted),
        CASE(test_a_file_of_another_log),
        CASE(test_a_damaged_log_is_the_logs_fault),
        CASE(test_running_out_of_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}

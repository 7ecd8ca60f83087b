/* What was committed to for the auditor is handed out, verifies, and says nothing about anybody. */
#include "inside.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "day.h"
#include "ledger/verify.h"

enum { FILE_MAX = 8 << 20, HOUR_MS = 3600 * 1000, EVERYTHING = UINT32_MAX };

/* --- a file, and an outsider who verifies it --- */

struct maker {
    struct buf file;
    uint64_t lines;
    uint64_t opened;
    uint64_t last;
};

static struct status add_line(void *arg, const struct vault_audited *audited) {
    struct maker *m = arg;
    assert_true(m->lines == 0 || audited->index > m->last);
    m->last = audited->index;
    m->lines++;
    m->opened += audited->opening.len > 0;
    return audit_add(audited->index, audited->opening, &m->file);
}

static struct vault_audit make_file(struct world *w, uint32_t since, uint32_t until,
                                    struct maker *m) {
    struct buf checkpoint CLEANUP(buf_done);
    struct vault_audit audit;
    *m = (struct maker){.lines = 0};
    buf_init(&m->file, FILE_MAX);
    buf_init(&checkpoint, NOTE_MAX);
    struct audit_span span = {.since = since, .until = until};
    ASSERT_OK(vault_audit_begin(w->v, &span, &audit, &checkpoint));
    ASSERT_OK(audit_begin(&audit.span, buf_slice(&checkpoint), &m->file));
    for (uint64_t next = 0; next < audit.leaves;) {
        uint64_t before = next;
        ASSERT_OK(vault_audit_leaves(w->v, &audit, add_line, m, &next));
        assert_true(next > before);
    }
    ASSERT_OK(audit_end(m->lines, &m->file));
    return audit;
}

static struct status next_line(void *self, struct slice *ret_line) {
    struct slice *rest = self;
    bool some = rest->len > 0 && slice_next(rest, '\n', ret_line);
    *ret_line = some ? *ret_line : slice_of(NULL, 0);
    return STATUS_OK;
}

typedef struct status seen_fn(void *arg, uint64_t index, const struct leaf *leaf,
                              const struct opening *opening);

static struct verify_audit_report assert_verifies(struct world *w, const struct maker *m,
                                                  seen_fn *each, void *arg) {
    static struct verify_audit_report report;
    struct buf vkey CLEANUP(buf_done);
    struct note_vkey log;
    struct slice rest = buf_slice(&m->file);
    char dir[128];
    buf_init(&vkey, 1024);
    ASSERT_OK(vault_log_key(w->v, &vkey));
    ASSERT_OK(note_vkey_parse(buf_slice(&vkey), &log));
    snprintf(dir, sizeof dir, "%s/log", w->ledger);
    struct verify_audit_options options = {.log = {.fs = w->fs, .dir = dir, .log = &log},
                                           .lines = {.self = &rest, .next = next_line},
                                           .each = each,
                                           .arg = arg};
    ASSERT_OK(verify_audit(&options, &report));
    assert_int_equal(report.leaves, m->lines);
    assert_int_equal(report.opened, m->opened);
    return report;
}

/* Every leaf of a kind that has an opening is opened. */
static void assert_nothing_withheld(const struct verify_audit_report *report) {
    for (unsigned kind = 0; kind < VERIFY_KINDS; kind++) {
        if (report->unopened[kind] > 0 && leaf_kind_audited(kind)) {
            print_error("%s is not opened\n", leaf_kind_text(kind));
            fail();
        }
    }
}

static uint32_t hour_of(const struct world *w) {
    return leaf_hour(w->fake.now_ms);
}

static void later(struct world *w, int64_t ms) {
    int64_t next_ms = 0;
    w->fake.now_ms += ms;
    ASSERT_OK(vault_tick(w->v, &next_ms));
}

/* --- what is handed out --- */

static void a_day_is_opened_whole(void **state) {
    struct world *w = *state;
    struct day day = {.done = 0};
    struct maker m;
    ASSERT_OK(day_run(w, &day));
    struct vault_audit audit = make_file(w, 0, EVERYTHING, &m);
    struct verify_audit_report report = assert_verifies(w, &m, NULL, NULL);
    /* The day ends with a restore, which has no openings of what came after its backup. */
    assert_int_equal(report.leaves, audit.leaves);
    assert_int_equal(audit.record, audit.leaves - 1);
    assert_true(report.opened > 15);
    assert_true(report.unopened[LEAF_ERASURE_DONE] > 0);
    buf_done(&m.file);
}

/* Many leaves, over hours and the end of a period, some rows full and one growing. */
static void live(struct world *w, const char *mail, int minutes) {
    uint64_t id = 0;
    uint64_t alice = world_adult(w, mail);
    ASSERT_OK(world_put(w, alice, w->keep_account, w->account, "hers", &id));
    for (int minute = 0; minute < minutes; minute++) {
        bool gives = minute % 2 == 0;
        assert_reads(w, w->support, id, "hers");
        ASSERT_OK(world_consent(w, alice, w->keep_history,
                                gives ? LAW_CONSENT_STATE_GIVEN : LAW_CONSENT_STATE_WITHDRAWN));
        later(w, 61000);
    }
}

static void spans_of_many_leaves(void **state) {
    struct world *w = *state;
    struct maker all;
    struct maker part;
    uint32_t begin = hour_of(w);
    live(w, "alice@example.org", 150);
    world_reopen(w);
    later(w, (int64_t)40 * 24 * HOUR_MS); /* the key of another period */
    live(w, "bob@example.org", 150);
    vault_close(&w->v);
    w->fake.now_ms += HOUR_MS;
    world_open(w);
    struct vault_audit audit = make_file(w, 0, EVERYTHING, &all);
    struct verify_audit_report report = assert_verifies(w, &all, NULL, NULL);
    assert_nothing_withheld(&report);
    assert_true(audit.leaves > 600);
    assert_int_equal(all.opened, audit.leaves);
    /* Hour after hour they add up. */
    uint64_t sum = 0;
    uint32_t hours[] = {0, begin, begin + 1, begin + 2, begin + 40 * 24, hour_of(w), EVERYTHING};
    for (size_t i = 0; i + 1 < ARRAY_LEN(hours); i++) {
        make_file(w, hours[i], hours[i + 1], &part);
        assert_verifies(w, &part, NULL, NULL);
        assert_int_equal(part.opened, part.lines);
        sum += part.lines;
        buf_done(&part.file);
    }
    assert_int_equal(sum, audit.leaves + ARRAY_LEN(hours) - 1); /* each handing out has a leaf */
    buf_done(&all.file);
}

static struct status find_record(void *arg, uint64_t index, const struct leaf *leaf,
                                 const struct opening *opening) {
    const struct vault_audit *audit = arg;
    struct buf said CLEANUP(buf_done);
    buf_init(&said, 4096);
    if (index != audit->record) {
        return STATUS_OK;
    }
    assert_int_equal(leaf->kind, LEAF_OPERATOR);
    assert_non_null(opening);
    ASSERT_OK(content_print(opening->content, &said));
    ASSERT_OK(buf_add_byte(&said, 0));
    assert_string_equal((const char *)said.ptr,
                        "role: controller\noperation: audit\n"
                        "method: 2026-11-21T10:00:00Z to 2026-11-21T13:00:00Z\n");
    return STATUS_OK;
}

static void handing_out_is_recorded(void **state) {
    struct world *w = *state;
    struct maker m;
    live(w, "alice@example.org", 3);
    uint64_t before = vault_stats(w->v).leaves;
    struct vault_audit audit = make_file(w, hour_of(w) - 2, EVERYTHING, &m);
    assert_int_equal(audit.record, before);
    assert_verifies(w, &m, find_record, &audit);
    buf_done(&m.file);
}

static void what_cannot_be_begun(void **state) {
    struct world *w = *state;
    struct buf note CLEANUP(buf_done);
    struct vault_audit audit;
    buf_init(&note, NOTE_MAX);
    uint64_t before = vault_stats(w->v).leaves;
    uint32_t now = hour_of(w);
    struct audit_span spans[] = {{now + 1, EVERYTHING}, {now, now}, {now, now - 1}};
    for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
        ASSERT_IS(vault_audit_begin(w->v, &spans[i], &audit, &note), E_AUDIT_SPAN);
    }
    ASSERT_OK(vault_begin_batch(w->v));
    ASSERT_IS(vault_audit_begin(w->v, &(struct audit_span){0, now}, &audit, &note), E_BATCH);
    ASSERT_OK(vault_commit_batch(w->v));
    assert_int_equal(note.len, 0);
    assert_int_equal(vault_stats(w->v).leaves, before);
}

static struct status refuse_second(void *arg, const struct vault_audited *audited) {
    uint64_t *count = arg;
    (void)audited;
    return ++*count == 2 ? FAIL(E_TOO_LARGE) : STATUS_OK;
}

static void it_goes_on_where_it_was_stopped(void **state) {
    struct world *w = *state;
    struct maker m;
    live(w, "alice@example.org", 4);
    struct vault_audit audit = make_file(w, 0, EVERYTHING, &m);
    uint64_t count = 0;
    uint64_t next = 0;
    ASSERT_IS(vault_audit_leaves(w->v, &audit, refuse_second, &count, &next), E_TOO_LARGE);
    assert_int_equal(next, 1);
    ASSERT_OK(vault_audit_leaves(w->v, &audit, refuse_second, &count, &next));
    assert_int_equal(next, audit.leaves);
    assert_int_equal(count, audit.leaves + 1);
    buf_done(&m.file);
}

/* --- about nobody --- */

struct canaries {
    const char *words[8];
    uint64_t numbers[16];
    size_t number_count;
    int64_t from_ms;
    uint64_t openings;
};

static bool holds(struct slice bytes, struct slice word) {
    for (size_t at = 0; at + word.len <= bytes.len; at++) {
        if (slice_eq(slice_sub(bytes, at, word.len), word)) {
            return true;
        }
    }
    return false;
}

/* No number but a count, and no count that is a moment. */
static void assert_no_number(const struct canaries *c, unsigned code, struct slice value) {
    if (code != FIELD_COUNT) {
        assert_true(value.len != 8 || slice_is_utf8(value));
        return;
    }
    uint64_t count = bytes_be64(value.ptr);
    assert_true(count < (uint64_t)c->from_ms / 1000);
}

static struct status look(void *arg, uint64_t index, const struct leaf *leaf,
                          const struct opening *opening) {
    struct canaries *c = arg;
    (void)index;
    if (opening == NULL) {
        assert_false(leaf_kind_audited(leaf->kind));
        return STATUS_OK;
    }
    c->openings++;
    assert_true(content_audited(opening->content));
    for (size_t i = 0; i < ARRAY_LEN(c->words) && c->words[i] != NULL; i++) {
        assert_false(holds(opening->content, slice_str(c->words[i])));
    }
    struct slice rest = opening->content;
    struct slice value;
    unsigned code = 0;
    for (;;) {
        ASSERT_OK(content_next(&rest, &code, &value));
        if (code == 0) {
            return STATUS_OK;
        }
        assert_no_number(c, code, value);
        for (size_t i = 0; i < c->number_count && code != FIELD_COUNT; i++) {
            uint8_t number[8];
            bytes_put_be64(number, c->numbers[i]);
            assert_false(holds(value, slice_of(number, sizeof number)));
        }
    }
}

static uint64_t many_people(struct world *w, struct canaries *c) {
    static const char *const mails[] = {"ada@example.org", "bob@example.org", "cyd@example.org"};
    for (size_t i = 0; i < ARRAY_LEN(mails); i++) {
        c->numbers[c->number_count++] = world_adult(w, mails[i]);
    }
    uint64_t child = world_child(w, "2014-03-05");
    c->numbers[c->number_count++] = child;
    return child;
}

/* Everything that writes to the auditor's side, for people who can be told apart. */
static void happen(struct world *w, struct canaries *c) {
    uint64_t child = many_people(w, c);
    uint64_t ada = c->numbers[0];
    uint64_t bob = c->numbers[1];
    uint64_t record = 0;
    struct vault_erased erased;
    struct vault_actor by_bob = {.session = 5, .subject = bob};
    struct vault_actor outside = {
        .session = 6, .id = SLICE("Acme Inspectors"), .country = SLICE("US")};
    struct vault_guardian link = {.child = child, .guardian = bob, .verified = true};
    struct vault_use support = {
        .purpose = w->support, .operation = LAW_OPERATION_USE, .actor = &outside};
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, 4096);
    ASSERT_OK(vault_guardian_link(w->v, &by_bob, &link));
    ASSERT_OK(world_consent(w, ada, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    ASSERT_OK(world_consent(w, ada, w->recommend, LAW_CONSENT_STATE_REFUSED));
    ASSERT_OK(world_put(w, ada, w->keep_history, w->history, "the lighthouse", &record));
    c->numbers[c->number_count++] = record;
    assert_refused(w, w->recommend, record, "6(1)(a)");
    struct status refused = vault_read(w->v, &support, record, &plain, NULL, NULL);
    assert_true(refused.code == E_DENIED || refused.code == OK);
    struct vault_hold hold = {.subject = ada,
                              .ground = VAULT_HOLD_LEGAL_CLAIMS,
                              .until_ms = w->fake.now_ms + HOUR_MS,
                              .reference = SLICE("C/13/742 Lovelace")};
    ASSERT_OK(vault_hold_place(w->v, &by_bob, &hold));
    ASSERT_OK(vault_hold_lift(w->v, NULL, ada, 0));
    ASSERT_OK(vault_object(w->v, &by_bob, ada, w->support, true));
    ASSERT_OK(vault_restrict(w->v, NULL, bob, w->support, true));
    struct vault_tag tag = {SLICE("mail"), SLICE("ada@elsewhere.example")};
    ASSERT_OK(vault_subject_set_tag(w->v, ada, &tag));
    ASSERT_OK(vault_guardian_revoke(w->v, &by_bob, child, bob));
    later(w, 90000);
    ASSERT_OK(vault_erase_record(w->v, NULL, record, SLICE("GDPR Art. 17(1)"), NULL, &erased));
    ASSERT_OK(vault_erase_category(w->v, NULL, bob, w->account, SLICE("asked"), NULL, &erased));
    ASSERT_OK(vault_erase_subject(w->v, NULL, ada, SLICE("asked"), NULL, &erased));
    ASSERT_OK(vault_set_law(w->v, world_laws(), world_map()));
    later(w, 90000);
}

static void nobody_can_be_found_in_it(void **state) {
    struct world *w = *state;
    struct canaries c = {.words = {"ada", "bob@", "example.org", "lighthouse", "Lovelace",
                                   "C/13/742", "elsewhere", "Acme"},
                         .from_ms = w->fake.now_ms};
    struct maker m;
    /* Numbers that cannot be mistaken for a count. */
    for (int i = 0; i < 40; i++) {
        world_child(w, "2010-01-01");
    }
    happen(w, &c);
    make_file(w, 0, EVERYTHING, &m);
    assert_verifies(w, &m, look, &c);
    assert_true(c.openings > 60);
    buf_done(&m.file);
}

/* Whoever wrote it: here as an earlier version did, with a moment. */
static void what_says_too_much_stays(void **state) {
    struct world *w = *state;
    struct buf content CLEANUP(buf_done);
    struct maker m;
    uint64_t leaf = 0;
    buf_init(&content, 256);
    ASSERT_OK(content_add_text(&content, FIELD_PURPOSE, SLICE("keep-account")));
    ASSERT_OK(content_add_u64(&content, FIELD_AT_MS, (uint64_t)w->fake.now_ms));
    ASSERT_OK(op_begin(w->v));
    ASSERT_OK(
        op_end(w->v, log_leaf(w->v, LEAF_REQUEST, NULL, SLICE(""), buf_slice(&content), &leaf)));
    ASSERT_OK(vault_note(w->v, LEAF_REQUEST, 0, buf_slice(&content), &leaf));
    make_file(w, 0, EVERYTHING, &m);
    struct verify_audit_report report = assert_verifies(w, &m, NULL, NULL);
    assert_int_equal(report.leaves, 3);
    assert_int_equal(report.unopened[LEAF_REQUEST], 1); /* of the note, the moment was left out */
    buf_done(&m.file);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_day_is_opened_whole),           TEST(spans_of_many_leaves),
        TEST(handing_out_is_recorded),         TEST(what_cannot_be_begun),
        TEST(it_goes_on_where_it_was_stopped), TEST(nobody_can_be_found_in_it),
        TEST(what_says_too_much_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* facts: JSON into struct law_facts, and what is said when it is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/mem.h"
#include "facts/facts.h"

static struct facts_table table;
static struct facts_room room;
static struct facts_fault fault;

static int setup(void **state) {
    (void)state;
    facts_table_init(&table);
    return 0;
}

static uint16_t read_str(const char *text, struct law_facts *f) {
    return facts_read_text(&table, slice_str(text), &room, f, &fault).code;
}

/* A value that the vocabulary allows for a fact; the last one, where it lists them. */
static struct slice sample(const struct law_fact_info *info) {
    switch ((enum law_kind)info->kind) {
    case LAW_KIND_BOOL:
    case LAW_KIND_ENUM:
        return slice_str(info->values[info->value_count - 1]);
    case LAW_KIND_COUNTRY:
        return SLICE("US");
    case LAW_KIND_INT:
        return SLICE("12");
    case LAW_KIND_REGION:
        return SLICE("US-IL");
    case LAW_KIND_LANGUAGE:
        return SLICE("nl");
    case LAW_KIND_DATE:
        return SLICE("2014-02-28");
    case LAW_KIND_TIME:
        return SLICE("2026-11-21T12:00:00Z");
    case LAW_KIND_NAME:
        break;
    }
    return SLICE("a \"label\"");
}

static void give_every_fact(struct law_facts *f) {
    law_facts_init(f);
    for (int i = 0; i < LAW_FACTS; i++) {
        struct slice value = sample(law_fact_info((enum law_fact)i));
        assert_int_equal(law_facts_set_written(f, (enum law_fact)i, value).code, OK);
    }
}

static void write_all(const struct law_facts *f, struct buf *out) {
    struct json_writer w;
    json_put_open(&w, out);
    facts_write(f, &w);
    assert_int_equal(json_put_done(&w).code, OK);
}

static void test_every_fact_there_and_back(void **state) {
    (void)state;
    struct law_facts f;
    struct law_facts again;
    struct buf b CLEANUP(buf_done);
    struct buf c CLEANUP(buf_done);
    buf_init(&b, 8192);
    buf_init(&c, 8192);
    give_every_fact(&f);
    write_all(&f, &b);
    assert_int_equal(facts_read_text(&table, buf_slice(&b), &room, &again, &fault).code, OK);
    for (int i = 0; i < LAW_FACTS; i++) {
        assert_true(law_facts_given(&again, (enum law_fact)i));
    }
    assert_int_equal(again.subject_age, 12);
    assert_int_equal(again.consent_state, LAW_CONSENT_STATE_WITHDRAWN);
    assert_true(slice_eq(again.recipient_id, SLICE("a \"label\"")));
    write_all(&again, &c);
    assert_true(slice_eq(buf_slice(&b), buf_slice(&c)));
}

static void test_null_is_absent(void **state) {
    (void)state;
    struct law_facts f;
    assert_int_equal(read_str("{\"at\":null,\"subject\":{\"age\":null,\"country\":\"NL\"},"
                              "\"recipient\":null,\"actor\":{}}",
                              &f),
                     OK);
    assert_false(law_facts_given(&f, LAW_AT));
    assert_false(law_facts_given(&f, LAW_SUBJECT_AGE));
    assert_true(law_facts_given(&f, LAW_SUBJECT_COUNTRY));
    assert_false(law_facts_given(&f, LAW_RECIPIENT_ID));
    assert_int_equal(read_str("{}", &f), OK);
    assert_int_equal(f.given[0] | f.given[1], 0);
}

static void test_wrong_facts_are_named(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint16_t code;
        const char *fact;
    } wrong[] = {
        {"{\"subject\":{\"age\":\"12\"}}", FACT_TYPE, "subject.age"},
        {"{\"subject\":{\"age\":12.0}}", FACT_TYPE, "subject.age"},
        {"{\"subject\":{\"age\":1e1}}", FACT_TYPE, "subject.age"},
        {"{\"subject\":{\"age\":-0}}", FACT_TYPE, "subject.age"},
        {"{\"subject\":{\"age\":true}}", FACT_TYPE, "subject.age"},
        {"{\"subject\":{\"age\":{}}}", FACT_TYPE, "subject.age"},
        {"{\"subject\":{\"age\":[12]}}", FACT_TYPE, "subject.age"},
        {"{\"subject\":{\"age\":01}}", E_JSON_SYNTAX, "subject.age"},
        {"{\"subject\":{\"age\":131}}", FACT_VALUE, "subject.age"},
        {"{\"subject\":{\"age\":-1}}", FACT_VALUE, "subject.age"},
        {"{\"subject\":{\"age\":99999999999999999999}}", FACT_VALUE, "subject.age"},
        {"{\"subject\":{\"country\":\"XX\"}}", FACT_VALUE, "subject.country"},
        {"{\"subject\":{\"country\":\"nl\"}}", FACT_VALUE, "subject.country"},
        {"{\"subject\":{\"country\":5}}", FACT_TYPE, "subject.country"},
        {"{\"subject\":{\"birth_date\":\"2026-02-29\"}}", FACT_VALUE, "subject.birth_date"},
        {"{\"subject\":{\"birth_date\":20120101}}", FACT_TYPE, "subject.birth_date"},
        {"{\"subject\":{\"language\":\"n\"}}", FACT_VALUE, "subject.language"},
        {"{\"subject\":{\"region\":\"Illinois\"}}", FACT_VALUE, "subject.region"},
        {"{\"subject\":{\"aeg\":12}}", FACT_UNKNOWN, "subject.aeg"},
        {"{\"subject\":{\"aeg\":null}}", FACT_UNKNOWN, "subject.aeg"},
        {"{\"subject\":{\"operation\":\"use\"}}", FACT_UNKNOWN, "subject.operation"},
        {"{\"subject\":12}", FACT_TYPE, "subject"},
        {"{\"subject\":[]}", FACT_TYPE, "subject"},
        {"{\"subject.age\":12}", FACT_UNKNOWN, "subject.age"},
        {"{\"consent\":{\"age\":12}}", FACT_UNKNOWN, "consent.age"},
        {"{\"at\":\"2026-11-21T12:00:00\"}", FACT_VALUE, "at"},
        {"{\"at\":\"2026-11-21\"}", FACT_VALUE, "at"},
        {"{\"at\":0}", FACT_TYPE, "at"},
        {"{\"operation\":\"Use\"}", FACT_VALUE, "operation"},
        {"{\"operation\":\"\"}", FACT_VALUE, "operation"},
        {"{\"operation\":true}", FACT_TYPE, "operation"},
        {"{\"objected\":\"true\"}", FACT_TYPE, "objected"},
        {"{\"objected\":1}", FACT_TYPE, "objected"},
        {"{\"purpose\":{\"id\":\"\"}}", FACT_VALUE, "purpose.id"},
        {"{\"purpose\":{\"id\":\"a\\nb\"}}", FACT_VALUE, "purpose.id"},
        {"{\"purpose\":{\"id\":\"a\\u0000b\"}}", E_JSON_STRING, "purpose.id"},
        {"{\"purpose\":{\"id\":\"\\ud800\"}}", E_JSON_STRING, "purpose.id"},
        {"{\"\":1}", FACT_UNKNOWN, ""},
        {"{\"subject\":{\"age\":1,\"age\":1}}", E_JSON_DUPLICATE, "subject"},
        {"{\"subject\":{},\"subject\":{}}", E_JSON_DUPLICATE, ""},
        {"[]", E_JSON_TYPE, ""},
        {"null", E_JSON_TYPE, ""},
        {"{} {}", E_JSON_TRAILING, ""},
        {"", E_JSON_SYNTAX, ""},
    };
    struct law_facts f;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        uint16_t code = read_str(wrong[i].text, &f);
        if (code != wrong[i].code || !slice_eq(fault.fact, slice_str(wrong[i].fact))) {
            print_error("%s: %s at %.*s\n", wrong[i].text, error_info(code)->name,
                        SLICE_ARG(fault.fact));
        }
        assert_int_equal(code, wrong[i].code);
        assert_int_equal(fault.why.code, wrong[i].code);
        assert_true(slice_eq(fault.fact, slice_str(wrong[i].fact)));
        assert_true(fault.message.len > 10);
    }
}

static void assert_message(const char *text, const char *message) {
    struct law_facts f;
    assert_int_not_equal(read_str(text, &f), OK);
    if (!slice_eq(fault.message, slice_str(message))) {
        print_error("%.*s\n", SLICE_ARG(fault.message));
    }
    assert_true(slice_eq(fault.message, slice_str(message)));
}

static void test_messages_help(void **state) {
    (void)state;
    assert_message("{\"subject\":{\"age\":\"12\"}}",
                   "subject.age must be a whole number from 0 to 130.");
    assert_message("{\"subject\":{\"contry\":\"NL\"}}",
                   "There is no such fact. Did you mean subject.country?");
    assert_message("{\"subject.age\":12}", "There is no such fact. Write groups as objects: "
                                           "{\"subject\":{\"age\":12}}.");
    assert_message("{\"consent\":{\"giver\":\"mum\"}}",
                   "consent.giver must be one of self, guardian, both.");
    assert_message("{\"quite\":\"other\"}",
                   "There is no such fact. Use the names of the table of facts.");
}

static void test_faults_as_json(void **state) {
    (void)state;
    struct law_facts f;
    struct json_writer w;
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 1024);
    assert_int_equal(read_str("{\"a\\\"b\":1}", &f), FACT_UNKNOWN);
    json_put_open(&w, &b);
    facts_write_fault(&fault, &w);
    assert_int_equal(json_put_done(&w).code, OK);
    assert_true(slice_eq(
        buf_slice(&b), SLICE("{\"code\":\"FACT_UNKNOWN\",\"message\":\"There is no such fact. Use "
                             "the names of the table of facts.\",\"fact\":\"a\\\"b\"}")));
    facts_explain(FAIL(FACT_MISSING), LAW_OPERATION, &fault);
    assert_true(slice_eq(fault.fact, SLICE("operation")));
    facts_explain(FAIL(E_TOO_LARGE), LAW_NO_FACT, &fault);
    assert_int_equal(fault.fact.len, 0);
}

/* Labels written with escapes are each kept, all five at once. */
static void test_labels_with_escapes(void **state) {
    (void)state;
    struct law_facts f;
    assert_int_equal(
        read_str("{\"purpose\":{\"id\":\"\\u0061-1\"},\"category\":{\"id\":\"\\u0062-2\"},"
                 "\"record\":{\"collected_for\":\"\\u0063\"},\"recipient\":{\"id\":\"\\u0064\"},"
                 "\"\\u0061ctor\":{\"\\u0069d\":\"\\u00e9\"},\"operation\":\"\\u0075se\"}",
                 &f),
        OK);
    assert_true(slice_eq(f.purpose_id, SLICE("a-1")));
    assert_true(slice_eq(f.category_id, SLICE("b-2")));
    assert_true(slice_eq(f.record_collected_for, SLICE("c")));
    assert_true(slice_eq(f.recipient_id, SLICE("d")));
    assert_true(slice_eq(f.actor_id, SLICE("\xc3\xa9")));
    assert_int_equal(f.operation, LAW_OPERATION_USE);
}

static uint16_t read_label(size_t bytes, const char *unit) {
    struct law_facts f;
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 4096);
    assert_int_equal(buf_add_str(&b, "{\"purpose\":{\"id\":\"").code, OK);
    for (size_t i = 0; i < bytes; i++) {
        assert_int_equal(buf_add_str(&b, unit).code, OK);
    }
    assert_int_equal(buf_add_str(&b, "\"}}").code, OK);
    return facts_read_text(&table, buf_slice(&b), &room, &f, &fault).code;
}

static uint16_t read_line(size_t bytes) {
    struct law_facts f;
    uint8_t *text = mem_alloc(bytes);
    assert_non_null(text);
    memset(text, ' ', bytes);
    text[0] = '{';
    text[bytes - 1] = '}';
    uint16_t code = facts_read_text(&table, slice_of(text, bytes), &room, &f, &fault).code;
    mem_free(text);
    return code;
}

static void test_limits(void **state) {
    (void)state;
    const char *units[] = {"x", "\\u0078"};
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        assert_int_equal(read_label(LAW_MAX_LABEL_BYTES - 1, units[i]), OK);
        assert_int_equal(read_label(LAW_MAX_LABEL_BYTES, units[i]), OK);
        assert_int_equal(read_label(LAW_MAX_LABEL_BYTES + 1, units[i]), FACT_VALUE);
    }
    assert_int_equal(read_line(FACTS_MAX_LINE_BYTES - 1), OK);
    assert_int_equal(read_line(FACTS_MAX_LINE_BYTES), OK);
    assert_int_equal(read_line(FACTS_MAX_LINE_BYTES + 1), E_TOO_LARGE);
}

/* Every way to cut a text short is an error, and never a reading past its end. */
static void test_cut_anywhere(void **state) {
    (void)state;
    struct law_facts f;
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 8192);
    give_every_fact(&f);
    write_all(&f, &b);
    for (size_t len = 0; len < b.len; len++) {
        uint8_t *exact = mem_alloc(len == 0 ? 1 : len);
        assert_non_null(exact);
        memcpy(exact, b.ptr, len);
        struct status s = facts_read_text(&table, slice_of(exact, len), &room, &f, &fault);
        assert_int_not_equal(s.code, OK);
        mem_free(exact);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_fact_there_and_back),
        cmocka_unit_test(test_null_is_absent),
        cmocka_unit_test(test_wrong_facts_are_named),
        cmocka_unit_test(test_messages_help),
        cmocka_unit_test(test_faults_as_json),
        cmocka_unit_test(test_labels_with_escapes),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_cut_anywhere),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

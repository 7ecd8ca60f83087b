/* law: every construct of docs/LAW.md is read and means what the page says; every mistake is told
 * where it stands, with what was expected. */
#include "packs.h"

#include "base/mem.h"

/* A mistake in a block below a good head; where it is, what is said, and the help. */
struct mistake {
    const char *text;
    unsigned line; /* of the text, from 1 */
    unsigned column;
    const char *message;
    const char *help;
};

static const char head[] = "law t \"T\"\n"
                           "  source \"s\"\n"
                           "  from 2020-01-01\n"
                           "  binds subject.age unknown or subject.age known\n"
                           "set EEA\n"
                           "  NL DE\n"
                           "table ages by country\n"
                           "  * 16\n"
                           "table level by country\n"
                           "  * none\n"
                           "  US listed\n"
                           "define young\n"
                           "  means subject.age < ages(subject.country)\n";
enum { HEAD_LINES = 13 };

#define RULE(clauses) "rule 1 \"R\"\n  source \"s\"\n" clauses

static const struct mistake mistakes[] = {
    /* lines and blocks */
    {"\tx\n", 1, 1, "tabs are not used", "spaces"},
    {"rule 1 \"R\n", 1, 8, "this string is not closed", ""},
    {"ruel 1 \"R\"\n", 1, 1, "`ruel` is no block", "did you mean `rule`?"},
    {"law u \"U\"\n", 1, 1, "a second `law`", "each law has a file of its own"},
    {"rule 1 \"R\"\n    forbid\n  source \"s\"\n", 3, 3, "indented less than the first", "indent"},
    {"\xff\n", 1, 1, "not well-formed UTF-8", ""},
    /* sets */
    {"set S\n  NL XX\n", 2, 6, "`XX` is no country", "ISO 3166-1"},
    {"set S\n  NL abc\n", 2, 6, "this set is of countries, `abc` is not", "two sets"},
    {"set S\n  NL\n  NL\n", 3, 3, "`NL` is a member already, since line 15", ""},
    {"set S\n  NL from 2020-02-30\n", 2, 11, "expected a date", ""},
    {"set S\n  NL from 2021-01-01 until 2020-01-01\n", 2, 6, "it ends before it begins", ""},
    {"set EEA\n  NL\n", 1, 5, "`EEA` is defined already", "another name"},
    {"set subject\n  NL\n", 1, 5, "`subject` means something already", ""},
    {"set US\n  NL\n", 1, 5, "`US` means something already", ""},
    /* tables */
    {"table t by county\n  * 1\n", 1, 12, "`county` is no kind of key", "`country`"},
    {"table t by country\n  * 1\n  NL x\n", 3, 6, "the values of this table are numbers", ""},
    {"table t by country\n  * 1\n  NL 2\n  NL 3\n", 4, 3, "in force on the same dates", "until"},
    {"table t by country\n  NL 2\n", 1, 7, "`t` has no value of `*` on 2020-01-01", "row for `*`"},
    {"table t by country\n  * 1 until 2024-12-31\n", 1, 7, "no value of `*` on 2025-01-01", ""},
    {"table t by country\n  * 1\n  US-IL 2\n", 3, 3, "the keys of this table are by country", ""},
    {"table t by country\n  * 99999\n", 2, 5, "expected a whole number up to 30000", ""},
    /* rules */
    {"rule 1 \"R\"\n  forbid\n", 1, 1, "neither a quote nor a source", "quote"},
    {RULE(""), 1, 1, "the rule says nothing", "exactly one"},
    {RULE("  forbid\n  duty log\n"), 1, 1, "the rule says more than one thing", ""},
    {RULE("  forbid\n  forbid\n"), 4, 3, "a second `forbid`", "once"},
    {RULE("  duty log\n  need consent\n"), 1, 1, "a rule with `duty` has no `need`", ""},
    {RULE("  forbid\n  need consnt\n"), 4, 8, "`consnt` is no need", "`consent`"},
    {RULE("  duty logs\n"), 3, 8, "`logs` is no duty", "`log`"},
    {RULE("  forbit\n"), 3, 3, "`forbit` is no clause of a rule", "`forbid`"},
    {RULE("  ground objected\n"), 0, 0, "has grounds but does not ask for one", "asks"},
    {RULE("  forbid\n  from 2021-01-01\n  until 2020-01-01\n"), 1, 1, "ends before it begins", ""},
    /* expressions */
    {RULE("  forbid\n  when subject.aeg < 16\n"), 4, 8, "`subject.aeg` is no fact, table or define",
     "did you mean `subject.age`?"},
    {RULE("  forbid\n  when subject.age < consent\n"), 4, 22, "expected a whole number or a table",
     ""},
    {RULE("  forbid\n  when basis is contarct\n"), 4, 17, "`contarct` is no value of `basis`",
     "`contract`"},
    {RULE("  forbid\n  when basis < 3\n"), 4, 8, "`basis` is one of its values", "numbers"},
    {RULE("  forbid\n  when subject.country in EAE\n"), 4, 27, "`EAE` is no set", "`EEA`"},
    {RULE("  forbid\n  when controller.size in EEA\n"), 4, 27, "`EEA` is of countries", ""},
    {RULE("  forbid\n  when ages(basis) is 3\n"), 4, 8, "`ages` is of countries", ""},
    {RULE("  forbid\n  when level(subject.country) is lsited\n"), 4, 34, "`lsited` is no value of",
     "`listed`"},
    {RULE("  forbid\n  when subject.age < level(subject.country)\n"), 4, 22, "are names, not", ""},
    {RULE("  forbid\n  when basis unknown\n"), 4, 8, "`basis` is never unknown", ""},
    {RULE("  forbid\n  when controller.country uncovered\n"), 4, 8, "only `subject.country`", ""},
    {RULE("  forbid\n  when at is 3\n"), 4, 8, "`at` is a time", "dates are not tested"},
    {RULE("  forbid\n  when subject.country\n"), 4, 23, "expected a test", ""},
    {RULE("  forbid\n  when objected and\n"), 4, 20, "expected a fact, a table or a define", ""},
    {RULE("  forbid\n  when (objected\n"), 4, 17, "expected `and`, `or` or `)`", ""},
    {RULE("  forbid\n  when objected objected\n"), 4, 17, "expected the end of the clause", ""},
    {RULE("  forbid\n  when notice present\n"), 4, 8, "only `record`, `recipient` and `actor`", ""},
    {RULE("  forbid\n  when objected matches notice.language\n"), 4, 8, "`objected` is true or",
     ""},
    {RULE("  forbid\n  when purpose.id same purpose.id\n"), 4, 24, "expected `same as`", ""},
    {RULE("  forbid\n  when EEA\n"), 4, 8, "`EEA` alone is no test", "FACT in SET"},
    {RULE("  forbid\n  when objected & restricted\n"), 4, 17, "expected the end of the clause", ""},
    {"define a\n  means b\ndefine b\n  means a or objected\n", 1, 8, "`a` rests on itself", ""},
    {"define a\n", 1, 1, "the define has no `means`", ""},
    /* cases */
    {"case \"c\"\n  given subject.aeg 3\n  expect deny\n", 2, 9, "`subject.aeg` is no fact",
     "`subject.age`"},
    {"case \"c\"\n  given basis consent\n", 1, 1, "the case has no `expect`", ""},
    {"case \"c\"\n  expect maybe\n", 2, 10, "`maybe` is no decision", ""},
    {"case \"c\"\n  given subject.age\n  expect deny\n", 2, 20, "expected a value, or `absent`",
     ""},
};

static void show(const struct mistake *m, const struct law_report *r) {
    print_error("for: %s\n", m->text);
    report_print(r, LAW_NOTE);
}

static bool told(const struct mistake *m, const struct law_diagnostic *d) {
    bool place = m->line == 0 || (d->line == m->line + HEAD_LINES && d->column == m->column);
    return d->severity == LAW_ERROR && place &&
           memmem(d->message.ptr, d->message.len, m->message, strlen(m->message)) != NULL &&
           (m->help[0] == 0 || memmem(d->help.ptr, d->help.len, m->help, strlen(m->help)) != NULL);
}

static void test_mistakes_are_told(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        char text[2000];
        struct law_report report CLEANUP(law_report_done);
        struct law_set *set = NULL;
        law_report_init(&report);
        (void)snprintf(text, sizeof text, "%s%s", head, mistakes[i].text);
        struct law_source source = {SLICE("t.law"), slice_str(text)};
        assert_int_equal(law_set_load(&source, 1, &report, &set).code, LAW_INVALID);
        assert_null(set);
        bool found = false;
        for (size_t k = 0; k < report.count; k++) {
            found |= told(&mistakes[i], &report.items[k]);
        }
        if (!found) {
            show(&mistakes[i], &report);
        }
        assert_true(found);
    }
}

static void test_several_mistakes_in_one_run(void **state) {
    (void)state;
    static const char text[] = "law t \"T\"\n  source \"s\"\n  from 2020-01-01\n"
                               "  binds subject.aeg < 3\n  covers XX\n"
                               "rule 1 \"R\"\n  when basis is x\n  forbit\n  source \"s\"\n";
    struct law_report report CLEANUP(law_report_done);
    struct law_set *set = NULL;
    struct law_source source = {SLICE("t.law"), slice_str(text)};
    law_report_init(&report);
    assert_int_equal(law_set_load(&source, 1, &report, &set).code, LAW_INVALID);
    assert_true(report.errors >= 4);
    for (size_t i = 1; i < report.count; i++) {
        assert_true(report.items[i - 1].line <= report.items[i].line);
    }
}

static void test_a_message_looks_so(void **state) {
    (void)state;
    static const char text[] = "law t \"T\"\n  source \"s\"\n  from 2020-01-01\n"
                               "  note \"é\" binds\n  binds subject.aeg < 16\n";
    static const char expected[] =
        "t.law:4:13: error: expected the end of the clause, found `binds`\n"
        "    4 |   note \"é\" binds\n"
        "      |            ^^^^^\n"
        "t.law:5:9: error: `subject.aeg` is no fact, table or define\n"
        "    5 |   binds subject.aeg < 16\n"
        "      |         ^^^^^^^^^^^\n"
        "      = did you mean `subject.age`?\n";
    struct law_report report CLEANUP(law_report_done);
    struct buf b CLEANUP(buf_done);
    struct law_set *set = NULL;
    struct law_source source = {SLICE("t.law"), slice_str(text)};
    law_report_init(&report);
    buf_init(&b, 1 << 16);
    assert_int_equal(law_set_load(&source, 1, &report, &set).code, LAW_INVALID);
    for (size_t i = 0; i < report.count; i++) {
        assert_int_equal(law_diagnostic_format(&report.items[i], &b).code, OK);
    }
    assert_int_equal(buf_add_byte(&b, 0).code, OK);
    assert_string_equal((const char *)b.ptr, expected);
}

static void test_every_construct(void **state) {
    (void)state;
    size_t len;
    char *text = read_whole(WARD_SOURCE "/tests/vectors/law/every.law", &len);
    struct law_report report CLEANUP(law_report_done);
    law_report_init(&report);
    struct law_set *set CLEANUP(law_set_free) = load_text(text, &report);
    free(text);
    struct status s = law_set_check(set, 0, &report);
    if (failed(s)) {
        report_print(&report, LAW_ERROR);
    }
    assert_int_equal(s.code, OK);
    assert_int_equal(report.cases, 5);
    assert_int_equal(report.cases_passed, 5);
}

/* Blocks of the example in another order: the same answers to every case. */
static void test_order_changes_nothing(void **state) {
    (void)state;
    struct packs p;
    packs_open(&p);
    for (size_t i = 0; i < p.count; i++) {
        /* Turn the blocks after the first around. A block begins at a line that is not indented,
         * not blank and no comment. */
        char *text = p.texts[i];
        size_t len = p.sources[i].text.len;
        char *turned = malloc(len + 2);
        assert_non_null(turned);
        size_t end = len;
        size_t out = 0;
        size_t first = 0;
        bool seen = false;
        for (size_t at = 0; at < len; at++) {
            bool start = (at == 0 || text[at - 1] == '\n') && text[at] >= 'a' && text[at] <= 'z';
            if (start && seen) {
                first = at;
                break;
            }
            seen |= start;
        }
        memcpy(turned, text, first);
        out = first;
        for (size_t at = len; first > 0 && at-- > first;) {
            bool start = text[at - 1] == '\n' && text[at] >= 'a' && text[at] <= 'z';
            if (start) {
                memcpy(turned + out, text + at, end - at);
                out += end - at;
                end = at;
            }
        }
        if (first == 0) {
            memcpy(turned, text, len);
            out = len;
        }
        assert_int_equal(out, len);
        memcpy(text, turned, len);
        free(turned);
    }
    /* And the files. */
    for (size_t i = 0; i < p.count / 2; i++) {
        struct law_source other = p.sources[i];
        p.sources[i] = p.sources[p.count - 1 - i];
        p.sources[p.count - 1 - i] = other;
    }
    struct law_report report CLEANUP(law_report_done);
    struct law_set *set CLEANUP(law_set_free) = NULL;
    law_report_init(&report);
    struct status s = law_set_load(p.sources, p.count, &report, &set);
    packs_close(&p);
    if (!failed(s)) {
        s = law_set_check(set, 0, &report);
    }
    if (failed(s)) {
        report_print(&report, LAW_ERROR);
    }
    assert_int_equal(s.code, OK);
    assert_true(report.cases > 0);
    assert_int_equal(report.cases, report.cases_passed);
}

static void test_memory_runs_out(void **state) {
    (void)state;
    size_t len;
    char *text = read_whole(WARD_SOURCE "/tests/vectors/law/every.law", &len);
    struct law_source source = {SLICE("test.law"), slice_of(text, len)};
    struct status s = FAIL(E_MEMORY);
    for (uint64_t n = 1; failed(s); n++) {
        struct law_report report CLEANUP(law_report_done);
        struct law_set *set CLEANUP(law_set_free) = NULL;
        law_report_init(&report);
        mem_fail_at(n, n % 2 == 0);
        s = law_set_load(&source, 1, &report, &set);
        mem_fail_at(0, false);
        assert_true(s.code == OK || s.code == E_MEMORY);
        assert_true((set != NULL) == (s.code == OK));
        assert_true(n < 100000);
    }
    free(text);
}

static struct status load_generated(const char *text) {
    struct law_report report CLEANUP(law_report_done);
    struct law_set *set CLEANUP(law_set_free) = NULL;
    struct law_source source = {SLICE("t.law"), slice_str(text)};
    law_report_init(&report);
    return law_set_load(&source, 1, &report, &set);
}

static char *generated(const char *before, const char *part, size_t times, const char *between,
                       const char *after) {
    size_t size = strlen(head) + strlen(before) + times * (strlen(part) + strlen(between)) +
                  strlen(after) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    char *at = text + snprintf(text, size, "%s%s", head, before);
    for (size_t i = 0; i < times; i++) {
        at += snprintf(at, size - (size_t)(at - text), "%s%s", i > 0 ? between : "", part);
    }
    (void)snprintf(at, size - (size_t)(at - text), "%s", after);
    return text;
}

/* n-1, n and n+1 of what a pack may have. */
static void test_limits(void **state) {
    (void)state;
    static const struct {
        const char *before;
        const char *part;
        const char *between;
        const char *after;
        size_t limit;
    } rows[] = {
        {RULE("  forbid\n  when "), "objected", "\n    and ", "\n", LAW_MAX_EXPR_TESTS},
        {RULE("  forbid\n  when "), "not", "\n    ", "\n    objected\n", LAW_MAX_DEPTH},
        {RULE("  forbid\n  need "), "consent", ", ", "\n", LAW_MAX_ITEMS},
        {"rule 1 \"", "x", "", "\"\n  forbid\n  source \"s\"\n", LAW_MAX_STRING_BYTES},
        {"rule ", "1", "", " \"R\"\n  forbid\n  source \"s\"\n", LAW_MAX_NAME_BYTES},
        {"#", "x", "", "\n", LAW_MAX_LINE_BYTES - 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (size_t n = rows[i].limit - 1; n <= rows[i].limit + 1; n++) {
            char *text = generated(rows[i].before, rows[i].part, n, rows[i].between, rows[i].after);
            struct status s = load_generated(text);
            free(text);
            assert_int_equal(s.code, n <= rows[i].limit ? OK : LAW_INVALID);
        }
    }
}

/* Numbered parts: members, rows, rules, articles, files. */
static char *numbered(const char *before, const char *part, size_t times) {
    size_t size = strlen(head) + strlen(before) + times * (strlen(part) + 16) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    char *at = text + snprintf(text, size, "%s%s", head, before);
    for (size_t i = 0; i < times; i++) {
        for (const char *c = part; *c != 0; c++) {
            at += *c == '@' ? snprintf(at, size - (size_t)(at - text), "%zu", i)
                            : snprintf(at, size - (size_t)(at - text), "%c", *c);
        }
    }
    return text;
}

static void test_limits_of_counts(void **state) {
    (void)state;
    static const struct {
        const char *before;
        const char *part;
        size_t limit;
    } rows[] = {
        {"set s\n", "  n@\n", LAW_MAX_MEMBERS},
        {"table s by name\n  * 1\n", "  n@ 1\n", LAW_MAX_ROWS - 1},
        {"", "set s@\n  NL\n", LAW_MAX_TABLES - 1}, /* the head has one */
        {"", "table s@ by name\n  * 1\n", LAW_MAX_TABLES - 2},
        {"", "rule @ \"R\"\n  source \"s\"\n  forbid\n", LAW_MAX_CITES},
        {"", "rule 1 \"R\"\n  source \"s\"\n  forbid\n", LAW_MAX_RULES},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (size_t n = rows[i].limit - 1; n <= rows[i].limit + 1; n++) {
            char *text = numbered(rows[i].before, rows[i].part, n);
            struct status s = load_generated(text);
            free(text);
            assert_int_equal(s.code, n <= rows[i].limit ? OK : LAW_LIMIT);
        }
    }
}

static void test_limits_of_files(void **state) {
    (void)state;
    char *text = malloc(LAW_MAX_FILE_BYTES + 2);
    assert_non_null(text);
    for (size_t n = LAW_MAX_FILE_BYTES - 1; n <= LAW_MAX_FILE_BYTES + 1; n++) {
        memset(text, '\n', n);
        memcpy(text, head, sizeof head - 1);
        text[n] = 0;
        assert_int_equal(load_generated(text).code, n <= LAW_MAX_FILE_BYTES ? OK : LAW_LIMIT);
    }
    free(text);
    char packs[LAW_MAX_LAWS + 1][120];
    struct law_source sources[LAW_MAX_LAWS + 1];
    for (size_t i = 0; i <= LAW_MAX_LAWS; i++) {
        (void)snprintf(packs[i], sizeof packs[i],
                       "law l%zu \"L\"\n  source \"s\"\n  from 2020-01-01\n"
                       "  binds subject.age unknown\n",
                       i);
        sources[i] = (struct law_source){SLICE("l.law"), slice_str(packs[i])};
    }
    for (size_t n = LAW_MAX_LAWS - 1; n <= LAW_MAX_LAWS + 1; n++) {
        struct law_report report CLEANUP(law_report_done);
        struct law_set *set CLEANUP(law_set_free) = NULL;
        law_report_init(&report);
        struct status s = law_set_load(sources, n, &report, &set);
        assert_int_equal(s.code, n <= LAW_MAX_LAWS ? OK : LAW_LIMIT);
        assert_true(failed(s) || law_set_mask(set, true) == (UINT64_C(1) << n) - 1);
    }
}

static int add_means(char *to, size_t size, const char *between, int below) {
    return between == NULL ? snprintf(to, size, "d%d\n", below)
                           : snprintf(to, size, "d%d %s d%d\n", below, between, below);
}

/* Defines upon defines, in either order: n-1, n and n+1; and such as unfold without end. */
static struct status load_chain(int count, const char *between, bool upwards) {
    char text[16000];
    size_t at = (size_t)snprintf(text, sizeof text, "%s", head);
    for (int k = 0; k < count; k++) {
        int i = upwards ? k : count - 1 - k;
        at += (size_t)snprintf(text + at, sizeof text - at, "define d%d\n  means ", i);
        at += (size_t)(i == 0 ? snprintf(text + at, sizeof text - at, "objected\n")
                              : add_means(text + at, sizeof text - at, between, i - 1));
    }
    (void)snprintf(text + at, sizeof text - at,
                   "rule 1 \"R\"\n  source \"s\"\n  forbid\n  when d%d\n", count - 1);
    return load_generated(text);
}

static void test_defines_do_not_explode(void **state) {
    (void)state;
    for (int upwards = 0; upwards < 2; upwards++) {
        assert_int_equal(load_chain(LAW_MAX_DEPTH - 1, NULL, upwards).code, OK);
        assert_int_equal(load_chain(LAW_MAX_DEPTH, NULL, upwards).code, OK);
        assert_int_equal(load_chain(LAW_MAX_DEPTH + 1, NULL, upwards).code, LAW_INVALID);
        assert_int_equal(load_chain(9, "or", upwards).code, OK);
        assert_int_equal(load_chain(10, "or", upwards).code, LAW_INVALID);
        assert_int_equal(load_chain(31, "or", upwards).code, LAW_INVALID);
    }
}

static void test_rubbish_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        "\n\n",
                                        "#\n",
                                        "law",
                                        "law t",
                                        "  x\n",
                                        "\"",
                                        "rule",
                                        "common\nlaw t \"T\"\n",
                                        "set EEA\n  NL\n"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct law_report report CLEANUP(law_report_done);
        struct law_set *set = NULL;
        struct law_source source = {SLICE("t.law"), slice_str(texts[i])};
        law_report_init(&report);
        assert_int_equal(law_set_load(&source, 1, &report, &set).code, LAW_INVALID);
        assert_null(set);
    }
    struct law_report report CLEANUP(law_report_done);
    struct law_set *set = NULL;
    law_report_init(&report);
    assert_int_equal(law_set_load(NULL, 0, &report, &set).code, LAW_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes_are_told),
        cmocka_unit_test(test_several_mistakes_in_one_run),
        cmocka_unit_test(test_a_message_looks_so),
        cmocka_unit_test(test_every_construct),
        cmocka_unit_test(test_order_changes_nothing),
        cmocka_unit_test(test_memory_runs_out),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_limits_of_counts),
        cmocka_unit_test(test_limits_of_files),
        cmocka_unit_test(test_defines_do_not_explode),
        cmocka_unit_test(test_rubbish_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* law: what a check finds beyond mistakes of reading. */
#include "packs.h"

static const char head[] = "law t \"T\"\n  source \"s\"\n  from 2020-01-01\n"
                           "  binds subject.country in (NL, DE) or subject.country unknown\n"
                           "table ages by country\n  * 16\n  NL 13\n"
                           "facts f\n  given at 2026-11-21T12:00:00Z, operation use\n"
                           "  given purpose.id p, category.id c, subject.country NL\n";

struct finding {
    const char *text;
    enum law_severity severity;
    const char *kind; /* NULL: nothing of this severity may be found */
    const char *message;
};

#define R(number, clauses) "rule " #number " \"R\"\n  source \"s\"\n" clauses

static const struct finding findings[] = {
    {R(1, "  when basis is consent and basis is contract\n  forbid\n"), LAW_ERROR, "unreachable",
     "1 can never apply"},
    {R(1, "  when subject.age < 13 and subject.age >= ages(subject.country)\n"
          "    and subject.country is not NL\n  forbid\n"),
     LAW_ERROR, "unreachable", "1 can never apply"},
    {R(1, "  when subject.age < 14 and subject.age >= ages(subject.country)\n  forbid\n"),
     LAW_ERROR, NULL, ""},
    {R(1, "  when basis is consent\n  require consent.giver is guardian\n")
         R(2, "  when consent.giver is guardian\n  forbid\n"),
     LAW_ERROR, "contradiction", "whatever satisfies 1 is refused by 2"},
    {R(1, "  when basis is consent\n  require consent.giver is guardian\n")
         R(2, "  when consent.giver is guardian\n  require guardian.verified\n"),
     LAW_ERROR, NULL, ""},
    {R(1, "  when basis is consent\n  require consent.giver is guardian\n")
         R(2, "  when basis is consent\n  require consent.giver is self\n"),
     LAW_ERROR, "contradiction", "whatever satisfies 2 is refused by 1"},
    {R(1, "  when subject.age < 16\n  forbid\n"), LAW_WARNING, "untested",
     "no case in which `forbid` of 1 forbids, none in which it does not apply"},
    {R(1, "  when subject.age < 16\n  forbid\n") "case \"a\"\n  like f\n  given subject.age 15\n  "
                                                 "expect deny 1\n",
     LAW_WARNING, "untested", "no case in which `forbid` of 1 does not apply"},
    {R(1, "  when subject.age < 16\n  forbid\n") "case \"a\"\n  like f\n  given subject.age 15\n  "
                                                 "expect deny 1\n"
                                                 "case \"b\"\n  like f\n  given subject.age 16\n  "
                                                 "expect permit\n",
     LAW_WARNING, "unused", "`ages` is not used"},
    {R(1, "  forbid\n  unverified\n"), LAW_NOTE, "unverified", "nobody verified the rule 1"},
    {R(1, "  forbid\n") "set S\n  NL unverified\n", LAW_NOTE, "unverified",
     "nobody verified this row"},
    {R(1, "  forbid\n") "case \"a\"\n  like f\n  expect permit\n", LAW_ERROR, "case",
     "case \"a\": the answer is {\"decision\":\"deny\",\"laws\":[\"t\"]"},
    {R(1, "  forbid\n") "case \"a\"\n  like f\n  expect deny 2\n", LAW_ERROR, "name",
     "no article of this law begins with `2`"},
    {R(1, "  forbid\n") "case \"a\"\n  like f\n  given subject.age 200\n  expect deny 1\n",
     LAW_ERROR, "case", "case \"a\": the answer is an error"},
    {R(1, "  forbid\n") "case \"a\"\n  like g\n  expect deny 1\n", LAW_ERROR, "name",
     "this file has no facts `g`"},
    {R(1, "  forbid\n") "facts g\n  like h\nfacts h\n  like g\n"
                        "case \"a\"\n  like g\n  expect deny 1\n",
     LAW_ERROR, "circle", "`g` is like itself"},
    {R(1, "  forbid\n") "case \"a\"\n  like f\n  given at absent\n  expect deny 1\n", LAW_WARNING,
     "undated", "case \"a\" has no date"},
};

static bool matches(const struct finding *f, const struct law_diagnostic *d) {
    return d->severity == f->severity && strcmp(d->kind, f->kind) == 0 &&
           memmem(d->message.ptr, d->message.len, f->message, strlen(f->message)) != NULL;
}

static void test_findings(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(findings); i++) {
        char text[3000];
        struct law_report report CLEANUP(law_report_done);
        law_report_init(&report);
        (void)snprintf(text, sizeof text, "%s%s", head, findings[i].text);
        struct law_set *set CLEANUP(law_set_free) = load_text(text, &report);
        struct status s = law_set_check(set, 0, &report);
        assert_int_equal(s.code, report.errors > 0 ? LAW_INVALID : OK);
        bool found = findings[i].kind == NULL && report.errors == 0;
        for (size_t k = 0; findings[i].kind != NULL && k < report.count; k++) {
            found |= matches(&findings[i], &report.items[k]);
        }
        if (!found) {
            print_error("for: %s\n", findings[i].text);
            report_print(&report, LAW_NOTE);
        }
        assert_true(found);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

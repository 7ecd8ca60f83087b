/* law: what expressions and decisions mean (docs/LAW.md sections 5 and 6): three values, absent
 * facts, dates at their edges, when an answer changes by itself. */
#include "packs.h"
#include "random_facts.h"

static const char head[] = "law t \"T\"\n  source \"s\"\n  from 2020-01-01\n  until 2029-12-31\n"
                           "  covers NL\n"
                           "  binds purpose.id is not free\n"
                           "set EEA\n  NL\n  GB until 2020-12-31\n  HR from 2024-02-29\n"
                           "set places\n  US-IL CA-QC\n"
                           "table ages by country\n  * 16\n  NL 13 until 2023-12-31\n"
                           "  NL 15 from 2024-01-01\n"
                           "table fee by region\n  * 1\n  US-IL 2\n"
                           "table word by country\n  * none\n  US listed\n";

static struct law_facts facts_of(const char *const *given, size_t count) {
    static const char *const always[] = {"operation", "use", "purpose.id", "p", "category.id", "c"};
    struct law_facts f;
    enum law_fact offending;
    law_facts_init(&f);
    assert_int_equal(law_facts_set_written(&f, LAW_AT, SLICE("2026-11-21T12:00:00Z")).code, OK);
    for (size_t i = 0; i + 1 < ARRAY_LEN(always); i += 2) {
        enum law_fact fact = law_fact_find(slice_str(always[i]));
        assert_int_equal(law_facts_set_written(&f, fact, slice_str(always[i + 1])).code, OK);
    }
    for (size_t i = 0; i + 1 < count && given[i] != NULL; i += 2) {
        enum law_fact fact = law_fact_find(slice_str(given[i]));
        assert_int_not_equal(fact, LAW_NO_FACT);
        assert_int_equal(law_facts_set_written(&f, fact, slice_str(given[i + 1])).code, OK);
    }
    assert_int_equal(law_facts_settle(&f, 0, &offending).code, OK);
    return f;
}

/* The value of an expression: a forbid applies unless it is surely false; a requirement is met
 * only if it is surely true. */
static char value_of(const char *expr, const struct law_facts *f) {
    char text[3000];
    struct law_report report CLEANUP(law_report_done);
    struct law_answer a;
    law_report_init(&report);
    (void)snprintf(text, sizeof text,
                   "%srule 1 \"R\"\n  source \"s\"\n  when %s\n  forbid\n"
                   "rule 2 \"R\"\n  source \"s\"\n  require %s\n",
                   head, expr, expr);
    struct law_set *set CLEANUP(law_set_free) = load_text(text, &report);
    assert_int_equal(law_decide(set, 1, f, &a).code, OK);
    bool possible = law_answer_met(set, &a, 0, SLICE("1"));
    bool sure = !law_answer_met(set, &a, 0, SLICE("2"));
    /* On a permit, rule 2 is for it; then it is surely true and rule 1 would be against. */
    assert_int_equal(a.permit, 0);
    return sure ? 'T' : possible ? '?' : 'F';
}

struct meaning {
    const char *expr;
    char value;
    const char *given[8];
};

/* The controller's country is not known in the rows without it: `U` below. */
#define U "controller.country is NL"
#define T "purpose.id is p"
#define F "purpose.id is q"

static const struct meaning meanings[] = {
    /* Kleene */
    {U, '?', {0}},
    {"not " U, '?', {0}},
    {U " and " T, '?', {0}},
    {U " and " F, 'F', {0}},
    {F " and " U, 'F', {0}},
    {U " or " T, 'T', {0}},
    {T " or " U, 'T', {0}},
    {U " or " F, '?', {0}},
    {U " or not " U, '?', {0}},
    {U " and not " U, '?', {0}},
    {"not (" U " and " F ")", 'T', {0}},
    {"not (" U " or " T ")", 'F', {0}},
    {"not (not " U ")", '?', {0}},
    {"controller.country is not NL", '?', {0}},
    {"controller.country in EEA", '?', {0}},
    {"controller.country not in EEA", '?', {0}},
    {"controller.country in (NL, US)", '?', {0}},
    {"controller.country unknown", 'T', {0}},
    {"controller.country known", 'F', {0}},
    {"word(controller.country) is none", '?', {0}},
    {"word(controller.country) not in (none, listed)", '?', {0}},
    {U, 'T', {"controller.country", "NL"}},
    {"controller.country is not NL", 'F', {"controller.country", "NL"}},
    /* binding: not tighter than and, and than or */
    {"not " F " and " F, 'F', {0}},
    {T " or " T " and " F, 'T', {0}},
    {"(" T " or " T ") and " F, 'F', {0}},
    /* languages */
    {"notice.language matches subject.language", '?', {0}},
    {"notice.language matches subject.language", '?', {"notice.language", "nl"}},
    {"notice.language matches subject.language",
     'T',
     {"notice.language", "nl-BE", "subject.language", "NL"}},
    {"not notice.language matches subject.language",
     'T',
     {"notice.language", "en", "subject.language", "nl"}},
    {"subject.language in (nl, de)", 'T', {"subject.language", "de-AT"}},
    {"subject.language unknown", 'T', {0}},
    /* ages */
    {"subject.age < 1", 'T', {0}},
    {"subject.age <= 0", 'T', {0}},
    {"subject.age > 0", 'F', {0}},
    {"subject.age >= 0", 'F', {0}},
    {"subject.age is 0", 'F', {0}},
    {"subject.age is not 0", 'T', {0}},
    {"subject.age < 0", 'T', {0}},
    {"subject.age unknown", 'T', {0}},
    {"consent.age unknown", 'T', {0}},
    {"consent.age < ages(subject.country)", 'T', {0}},
    {"subject.age < 16", 'F', {"subject.age", "16"}},
    {"subject.age <= 16", 'T', {"subject.age", "16"}},
    {"subject.age > 15", 'T', {"subject.age", "16"}},
    {"subject.age in (15, 16)", 'T', {"subject.age", "16"}},
    {"subject.age not in (15, 17)", 'T', {"subject.age", "16"}},
    {"subject.age unknown", 'T', {"subject.age", "16", "subject.age_source", "none"}},
    {"subject.age < ages(subject.country)", 'T', {"subject.age", "15"}},
    {"subject.age < ages(subject.country)", 'F', {"subject.age", "15", "subject.country", "NL"}},
    {"subject.age is ages(subject.country)", 'T', {"subject.age", "15", "subject.country", "NL"}},
    /* nowhere */
    {"subject.country is NL", 'F', {0}},
    {"subject.country is not NL", 'T', {0}},
    {"subject.country in EEA", 'F', {0}},
    {"subject.country not in EEA", 'T', {0}},
    {"subject.country unknown", 'T', {0}},
    {"subject.country uncovered", 'T', {0}},
    {"subject.country uncovered", 'F', {"subject.country", "NL"}},
    {"subject.country uncovered", 'T', {"subject.country", "US"}},
    {"word(recipient.country) is none", 'T', {0}},
    {"word(recipient.country) is listed", 'T', {"recipient.country", "US"}},
    /* regions */
    {"subject.region is US-IL", 'F', {0}},
    {"subject.region is US-IL", 'T', {"subject.country", "US"}},
    {"subject.region is not US-IL", 'F', {"subject.country", "US"}},
    {"subject.region in places", 'T', {"subject.country", "CA"}},
    {"subject.region not in places", 'F', {"subject.country", "CA"}},
    {"subject.region in places", 'F', {"subject.region", "US-TX"}},
    {"subject.region in (US-TX, US-IL)", 'T', {"subject.region", "US-TX"}},
    {"subject.region unknown", 'T', {"subject.country", "US"}},
    {"fee(subject.region) is 1", 'T', {"subject.country", "US"}},
    {"fee(subject.region) is 2", 'T', {"subject.region", "US-IL"}},
    /* labels and groups */
    {"record.collected_for same as purpose.id", 'F', {0}},
    {"record.collected_for is p", 'F', {0}},
    {"record.collected_for same as purpose.id", 'T', {"record.collected_for", "p"}},
    {"record.collected_for same as purpose.id", 'F', {"record.collected_for", "pp"}},
    {"recipient.id same as actor.id", 'F', {0}},
    {"record present", 'F', {0}},
    {"record present", 'T', {"record.lawful", "false"}},
    {"recipient present", 'F', {"record.lawful", "false"}},
    {"actor present", 'T', {"actor.same_entity", "false"}},
    /* what absence means */
    {"controller.directed_to_children", 'T', {0}},
    {"controller.size is large", 'T', {0}},
    {"consent.giver is self", 'T', {0}},
    {"recipient.role is controller", 'T', {0}},
    {"purpose.necessary", 'F', {0}},
    {"consent.state is none",
     'T',
     {"consent.state", "given", "consent.at", "2026-11-21T12:00:01Z"}},
    {"consent.state is given",
     'T',
     {"consent.state", "given", "consent.at", "2026-11-21T13:00:00+01:00"}},
    /* dates of members and rows */
    {"recipient.country in EEA", 'F', {"recipient.country", "GB"}},
    {"recipient.country in EEA", 'T', {"recipient.country", "GB", "at", "2020-12-31T23:59:59Z"}},
    {"recipient.country in EEA", 'F', {"recipient.country", "GB", "at", "2021-01-01T00:00:00Z"}},
    {"recipient.country in EEA", 'F', {"recipient.country", "HR", "at", "2024-02-28T23:59:59Z"}},
    {"recipient.country in EEA", 'T', {"recipient.country", "HR", "at", "2024-02-29T00:00:00Z"}},
    /* the date is that of the moment's own offset */
    {"recipient.country in EEA",
     'T',
     {"recipient.country", "GB", "at", "2020-12-31T23:30:00-05:00"}},
    {"recipient.country in EEA",
     'F',
     {"recipient.country", "GB", "at", "2021-01-01T00:30:00+05:00"}},
    {"ages(recipient.country) is 13",
     'T',
     {"recipient.country", "NL", "at", "2023-12-31T12:00:00Z"}},
    {"ages(recipient.country) is 15",
     'T',
     {"recipient.country", "NL", "at", "2024-01-01T00:00:00Z"}},
};

static void test_meanings(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
        struct law_facts f = facts_of(meanings[i].given, ARRAY_LEN(meanings[i].given));
        char value = value_of(meanings[i].expr, &f);
        if (value != meanings[i].value) {
            print_error("%s is %c, not %c (row %zu)\n", meanings[i].expr, value, meanings[i].value,
                        i);
        }
        assert_int_equal(value, meanings[i].value);
    }
}

static struct law_answer answer_of(const struct law_set *set, const char *at, const char *birth) {
    const char *given[] = {"at", at, birth == NULL ? NULL : "subject.birth_date", birth};
    struct law_facts f = facts_of(given, ARRAY_LEN(given));
    struct law_answer a;
    assert_int_equal(law_decide(set, law_set_mask(set, true), &f, &a).code, OK);
    return a;
}

static int64_t moment(const char *text) {
    struct moment m;
    assert_int_equal(moment_parse(slice_str(text), &m).code, OK);
    return m.unix_ms;
}

static void test_dates_of_laws_and_rules(void **state) {
    (void)state;
    char text[3000];
    struct law_report report CLEANUP(law_report_done);
    law_report_init(&report);
    (void)snprintf(text, sizeof text,
                   "%srule 1 \"R\"\n  source \"s\"\n  forbid\n  from 2024-02-29\n"
                   "  until 2025-02-28\n",
                   head);
    struct law_set *set CLEANUP(law_set_free) = load_text(text, &report);
    static const struct {
        const char *at;
        int binds, permit;
    } rows[] = {{"2019-12-31T23:59:59Z", 0, 1}, {"2020-01-01T00:00:00Z", 1, 1},
                {"2024-02-28T23:59:59Z", 1, 1}, {"2024-02-29T00:00:00Z", 1, 0},
                {"2025-02-28T23:59:59Z", 1, 0}, {"2025-03-01T00:00:00Z", 1, 1},
                {"2029-12-31T23:59:59Z", 1, 1}, {"2030-01-01T00:00:00Z", 0, 1}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct law_answer a = answer_of(set, rows[i].at, NULL);
        assert_int_equal(a.laws, rows[i].binds);
        assert_int_equal(a.permit, rows[i].permit);
        /* One step before it changes it is as now. */
        if (i > 0 && (rows[i].binds != rows[i - 1].binds || rows[i].permit != rows[i - 1].permit)) {
            struct law_answer before = answer_of(set, rows[i - 1].at, NULL);
            assert_int_equal(before.until, moment(rows[i].at));
        }
    }
}

static void test_until(void **state) {
    (void)state;
    char text[3000];
    struct law_report report CLEANUP(law_report_done);
    law_report_init(&report);
    (void)snprintf(text, sizeof text, "%srule 1 \"R\"\n  source \"s\"\n  forbid\n", head);
    struct law_set *set CLEANUP(law_set_free) = load_text(text, &report);
    struct law_answer a = answer_of(set, "2026-11-21T12:00:00Z", NULL);
    assert_int_equal(a.until, moment("2030-01-01T00:00:00Z"));
    a = answer_of(set, "2026-11-21T12:00:00+05:00", NULL);
    assert_int_equal(a.until, moment("2030-01-01T00:00:00+05:00"));
    a = answer_of(set, "2026-11-21T12:00:00Z", "2010-11-22");
    assert_int_equal(a.until, moment("2026-11-22T00:00:00Z"));
    a = answer_of(set, "2026-11-21T12:00:00Z", "2012-02-29");
    assert_int_equal(a.until, moment("2027-03-01T00:00:00Z"));
    a = answer_of(set, "2031-01-01T12:00:00Z", NULL);
    assert_int_equal(a.until, INT64_MAX);
    /* An age alone: the least age at the consent falls behind an anniversary of it. */
    const char *alone[] = {"consent.at", "2025-12-01T12:00:00Z", "subject.age", "16"};
    struct law_facts g = facts_of(alone, ARRAY_LEN(alone));
    assert_int_equal(law_decide(set, 1, &g, &a).code, OK);
    assert_int_equal(a.until, moment("2026-12-01T00:00:00Z"));
    const char *today[] = {"consent.at", "2025-11-21T12:00:00Z", "subject.age", "16"};
    g = facts_of(today, ARRAY_LEN(today));
    assert_int_equal(law_decide(set, 1, &g, &a).code, OK);
    assert_int_equal(a.until, moment("2026-11-22T00:00:00Z"));
    const char *later[] = {"consent.at", "2026-11-21T12:30:00Z"};
    struct law_facts f = facts_of(later, ARRAY_LEN(later));
    assert_int_equal(law_decide(set, 1, &f, &a).code, OK);
    assert_int_equal(a.until, moment("2026-11-21T12:30:00Z"));
}

/* Time alone changes no answer before `until`: the same facts, asked again just before it. */
static void test_nothing_changes_before_until(void **state) {
    (void)state;
    struct packs p;
    struct law_report report CLEANUP(law_report_done);
    struct law_set *set CLEANUP(law_set_free) = NULL;
    struct rng r = {4711};
    size_t compared = 0;
    law_report_init(&report);
    packs_open(&p);
    struct status s = law_set_load(p.sources, p.count, &report, &set);
    packs_close(&p);
    assert_int_equal(s.code, OK);
    for (int i = 0; i < 6000; i++) {
        struct law_facts raw;
        struct law_answer now;
        struct law_answer then;
        enum law_fact offending;
        random_facts(&r, &raw);
        law_facts_mark(&raw, LAW_AT);
        struct law_facts f = raw;
        if (failed(law_facts_settle(&f, 0, &offending))) {
            continue;
        }
        assert_int_equal(law_decide(set, law_set_mask(set, true), &f, &now).code, OK);
        assert_true(now.until > f.at.unix_ms);
        if (now.until == INT64_MAX) {
            continue;
        }
        raw.at.unix_ms = now.until - 1;
        assert_int_equal(law_facts_settle(&raw, 0, &offending).code, OK);
        assert_int_equal(law_decide(set, law_set_mask(set, true), &raw, &then).code, OK);
        assert_memory_equal(now.cites, then.cites, sizeof now.cites);
        assert_int_equal(now.permit, then.permit);
        assert_int_equal(now.laws, then.laws);
        assert_int_equal(now.needs, then.needs);
        assert_int_equal(now.duties, then.duties);
        compared++;
    }
    assert_true(compared > 1000);
}

static void test_grounds(void **state) {
    (void)state;
    static const char text[] = "law g \"G\"\n  source \"s\"\n  from 2020-01-01\n"
                               "  binds subject.age unknown or subject.age known\n"
                               "  asks 6 when operation is not erase\n  need consent\n"
                               "rule 6(a) \"A\"\n  source \"s\"\n  when basis is consent\n"
                               "  ground consent.state is given\n  need explicit-consent\n"
                               "rule 6(u) \"U\"\n  source \"s\"\n"
                               "  when controller.country is NL\n  ground objected\n"
                               "rule 9 \"D\"\n  source \"s\"\n  duty log\n";
    static const struct {
        const char *given[6];
        const char *answer;
    } rows[] = {
        {{"basis", "consent", "consent.state", "given", "controller.country", "DE"},
         "{\"decision\":\"permit\",\"laws\":[\"g\"],\"rules\":[{\"law\":\"g\",\"article\":\"6(a)\"}"
         "],"
         "\"needs\":[],\"duties\":[\"log\"]}"},
        {{"basis", "consent", "controller.country", "DE"},
         "{\"decision\":\"deny\",\"laws\":[\"g\"],\"rules\":[{\"law\":\"g\",\"article\":\"6(a)\"}],"
         "\"needs\":[\"explicit-consent\"],\"duties\":[]}"},
        {{"controller.country", "DE"},
         "{\"decision\":\"deny\",\"laws\":[\"g\"],\"rules\":[{\"law\":\"g\",\"article\":\"6\"}],"
         "\"needs\":[\"consent\"],\"duties\":[]}"},
        /* A ground that may or may not apply never holds, and is against when none holds. */
        {{"objected", "true"},
         "{\"decision\":\"deny\",\"laws\":[\"g\"],\"rules\":[{\"law\":\"g\",\"article\":\"6(u)\"}],"
         "\"needs\":[],\"duties\":[]}"},
        {{"operation", "erase", "basis", "consent"},
         "{\"decision\":\"permit\",\"laws\":[\"g\"],\"rules\":[],\"needs\":[],\"duties\":[\"log\"]"
         "}"},
    };
    struct law_report report CLEANUP(law_report_done);
    law_report_init(&report);
    struct law_set *set CLEANUP(law_set_free) = load_text(text, &report);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct law_facts f = facts_of(rows[i].given, ARRAY_LEN(rows[i].given));
        struct law_answer a;
        struct buf b CLEANUP(buf_done);
        buf_init(&b, 4096);
        assert_int_equal(law_decide(set, 1, &f, &a).code, OK);
        assert_int_equal(law_answer_format(set, &a, &b).code, OK);
        assert_int_equal(buf_add_byte(&b, 0).code, OK);
        assert_string_equal((const char *)b.ptr, rows[i].answer);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meanings), cmocka_unit_test(test_dates_of_laws_and_rules),
        cmocka_unit_test(test_until),    cmocka_unit_test(test_nothing_changes_before_until),
        cmocka_unit_test(test_grounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* cli: whatever fails while a line is decided, the answer is the right one or an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/mem.h"
#include "decide.h"

static const char pack[] = "law test \"Test law\"\n"
                           "  source  \"made up\"\n"
                           "  from    2000-01-01\n"
                           "  covers  NL\n"
                           "  binds   subject.country is NL or subject.country uncovered\n"
                           "\n"
                           "rule 1 \"Children are asked through a guardian\"\n"
                           "  when    subject.age < 16\n"
                           "  require consent.giver is guardian\n"
                           "  need    guardian-consent, age-assurance if subject.age unknown\n"
                           "  source  \"made up\"\n"
                           "\n"
                           "rule 2 \"Everybody is told\"\n"
                           "  require notice.language matches subject.language\n"
                           "  need    notice-in-language\n"
                           "  source  \"made up\"\n";

static const char good[] = "{\"at\":\"2026-11-21T12:00:00Z\",\"operation\":\"use\","
                           "\"purpose\":{\"id\":\"p\"},\"category\":{\"id\":\"c\"},"
                           "\"subject\":{\"age\":30,\"country\":\"NL\",\"language\":\"nl\"},"
                           "\"notice\":{\"language\":\"nl-BE\"}}";
static const char bad[] = "{\"at\":\"2026-11-21T12:00:00Z\",\"operation\":\"use\","
                          "\"purpose\":{\"id\":\"p\"},\"category\":{\"id\":\"c\"},"
                          "\"subject\":{\"country\":\"NL\",\"language\":\"nl\"}}";

static struct law_set *set;
static struct decider decider;

static int load(void **state) {
    (void)state;
    struct law_report report;
    struct law_source source = {SLICE("test.law"), SLICE_INIT("")};
    source.text = slice_of(pack, sizeof pack - 1);
    law_report_init(&report);
    struct status s = law_set_load(&source, 1, &report, &set);
    law_report_done(&report);
    return failed(s);
}

static int unload(void **state) {
    (void)state;
    law_set_free(&set);
    return 0;
}

static bool holds(struct slice text, const char *part) {
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static void test_answers(void **state) {
    (void)state;
    decider_init(&decider, set, law_set_mask(set, false), false);
    struct slice answer = decide_line(&decider, slice_str(good));
    assert_true(slice_eq(answer, SLICE("{\"decision\":\"permit\",\"laws\":[\"test\"],\"rules\":["
                                       "{\"law\":\"test\",\"article\":\"2\"}],\"needs\":[],"
                                       "\"duties\":[]}\n")));
    answer = decide_line(&decider, slice_str(bad));
    assert_true(holds(answer, "\"decision\":\"deny\""));
    assert_true(holds(answer, "age-assurance"));
    assert_true(holds(decide_line(&decider, SLICE("{")), "{\"error\":{\"code\":\"E_JSON_SYNTAX\""));
    assert_true(holds(decide_too_long(&decider), "{\"error\":{\"code\":\"E_TOO_LARGE\""));
    decider_done(&decider);
}

static void test_explanations(void **state) {
    (void)state;
    decider_init(&decider, set, law_set_mask(set, false), true);
    struct slice answer = decide_line(&decider, slice_str(bad));
    assert_true(holds(answer, "\"title\":\"Children are asked through a guardian\""));
    assert_true(holds(answer, "\"citation\":\"Test law, 1\""));
    assert_true(holds(answer, "It would need: age-assurance, guardian-consent."));
    assert_true(holds(answer, "\"subject.age\":\"unknown\""));
    assert_true(holds(answer, "whether what it asks for is there cannot be told"));
    decider_done(&decider);
}

/* Each allocation fails in turn, once and for good: never another decision than the right one. */
static void check_faults(const char *line, bool explain) {
    struct buf right CLEANUP(buf_done);
    buf_init(&right, 1 << 20);
    decider_init(&decider, set, law_set_mask(set, false), explain);
    assert_int_equal(buf_add(&right, decide_line(&decider, slice_str(line))).code, OK);
    decider_done(&decider);
    for (int forever = 0; forever < 2; forever++) {
        uint64_t failures = 1;
        size_t errors = 0;
        for (uint64_t n = 1; failures > 0; n++) {
            decider_init(&decider, set, law_set_mask(set, false), explain);
            mem_fail_at(n, forever != 0);
            struct slice answer = decide_line(&decider, slice_str(line));
            failures = mem_failures();
            mem_fail_at(0, false);
            bool same = slice_eq(answer, buf_slice(&right));
            assert_true(same || slice_starts(answer, SLICE("{\"error\":")));
            assert_true(slice_ends(answer, SLICE("}\n")));
            errors += !same;
            decider_done(&decider);
        }
        assert_true(errors > 0);
    }
}

static void test_without_memory(void **state) {
    (void)state;
    check_faults(good, false);
    check_faults(bad, false);
    check_faults(good, true);
    check_faults(bad, true);
    check_faults("{", false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_explanations),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, load, unload);
}

/* notice: a template that is not whole, or asks for what there is not, is refused with its place. */
#include "world.h"

static struct world world;

/* Loads the English notice with one text put for another; the first finding's message must hold
 * `says`, at a line or, with `line` false, of the file. */
static void expect(const char *from, const char *to, const char *says, bool line) {
    struct law_report report CLEANUP(law_report_done);
    struct notice_template *t CLEANUP(notice_template_free) = NULL;
    struct slice kept = world.map_text;
    world.map_text = world_read(&world, WARD_SOURCE "/datamap/notice/en.adult.txt");
    struct law_source source = {SLICE("en.adult.txt"), world_changed(&world, from, to)};
    world.map_text = kept;
    law_report_init(&report);
    assert_int_equal(notice_template_load(&source, &report, &t).code, NOTICE_INVALID);
    assert_null(t);
    assert_true(report.errors > 0);
    bool found = false;
    for (size_t i = 0; i < report.count && !found; i++) {
        found = slice_has(report.items[i].message, slice_str(says)) &&
                (report.items[i].line > 0) == line;
    }
    if (!found) {
        world_errors(&report);
    }
    assert_true(found);
}

static void test_mistakes_are_shown(void **state) {
    (void)state;
    expect("{kept}", "{keptt}", "there is no placeholder `keptt`", true);
    expect("{kept}", "{kept", "not closed", true);
    expect("  say The address is {address}.", "  say Of {category}.", "of what?", true);
    expect("  say The address", "  tell The address", "`tell` is no word of a section", true);
    expect("unless outsider", "unless outsidr", "there is no condition `outsidr`", true);
    expect("each category item {category}: {kept}", "each categry item x", "each of what?", true);
    expect("section complaint", "section complain", "there is no section `complain`", true);
    expect("section complaint", "section kept", "is there already", true);
    expect("  keep.day for one day", "  keep.dy for one day", "there is no word `keep.dy`", true);
    expect("for {days} days", "for some days", "this word lacks `{days}`", true);
    expect("audience adult", "audience adlt", "for whom?", true);
    expect("language en", "language", "this is no language", true);
}

/* GDPR Art. 13: what is left out is named. */
static void test_what_is_left_out_is_named(void **state) {
    (void)state;
    expect("{contact}", "nobody", "says nothing of `contact`", false);
    expect("{officer}", "nobody", "says nothing of `officer`", false);
    expect("{category}: {kept}", "{category}", "says nothing of `kept`", false);
    expect("  keep.day for one day\n", "", "the word `keep.day` is missing", false);
    expect("  heading If something is wrong\n", "", "no section `complaint` with a heading", false);
}

static int open_world(void **state) {
    (void)state;
    world_open(&world);
    return 0;
}

static int close_world(void **state) {
    (void)state;
    world_close(&world);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes_are_shown),
        cmocka_unit_test(test_what_is_left_out_is_named),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}

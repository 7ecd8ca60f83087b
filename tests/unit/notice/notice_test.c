/* notice: the eight notices of the service say what the map says, and nothing else; children can
 * read theirs. */
#include "world.h"

static const char *const languages[] = {"en", "nl", "de", "fr"};

static struct world world;

static struct slice whole(const struct notice_text *n, struct buf *out) {
    assert_int_equal(notice_put_text(n, out).code, OK);
    return buf_slice(out);
}

static struct slice title_of(const struct law_words *words, size_t count, const char *language,
                             bool child, struct slice otherwise) {
    uint32_t tag = law_language_parse(slice_str(language));
    return law_map_words(words, count, child ? LAW_WORDS_CHILD : LAW_WORDS_TITLE, tag, otherwise);
}

/* The map's words are there in each language: none falls back to English. */
static void test_nothing_is_missing(void **state) {
    (void)state;
    size_t before = world.report.errors;
    assert_int_equal(world.all.count, 8);
    assert_int_equal(notice_check(&world.all, world.map, SLICE("clips.map"), &world.report).code,
                     OK);
    world_errors(&world.report);
    assert_int_equal(world.report.errors, before);
}

static void check_titles(const struct notice_text *n, struct slice text, const char *language) {
    for (size_t i = 0; i < law_map_purposes(world.map); i++) {
        const struct law_map_purpose *p = law_map_purpose(world.map, i);
        struct slice title = title_of(p->words, p->words_count, language, n->child, p->title);
        assert_true(slice_has(text, title));
    }
    for (size_t i = 0; i < law_map_categories(world.map); i++) {
        const struct law_map_category *c = law_map_category(world.map, i);
        struct slice title = title_of(c->words, c->words_count, language, n->child, c->title);
        assert_true(slice_has(text, title));
    }
}

static void check_facts(struct slice text) {
    const struct law_map_controller *who = law_map_controller(world.map);
    assert_true(slice_has(text, who->name));
    assert_true(slice_has(text, who->contact));
    assert_true(slice_has(text, who->officer));
    assert_true(slice_has(text, SLICE("180 ")));
    assert_true(slice_has(text, SLICE("365 ")));
    assert_true(slice_has(text, SLICE("30 ")));
    assert_false(slice_has(text, SLICE("{")));
    assert_false(slice_has(text, SLICE("}")));
    assert_false(slice_has(text, SLICE("..")));
    assert_false(slice_has(text, SLICE("  ")));
}

static void test_each_says_what_the_map_says(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(languages) * 2; i++) {
        struct buf out CLEANUP(buf_done);
        const char *language = languages[i / 2];
        struct notice_text n = world_notice(&world, world.map, language, i % 2 == 1);
        buf_init(&out, 1 << 20);
        struct slice text = whole(&n, &out);
        assert_true(slice_is_utf8(text));
        assert_true(slice_eq(n.language, slice_str(language)));
        check_titles(&n, text, language);
        check_facts(text);
        assert_int_equal(n.part_count, law_map_purposes(world.map) + 9);
    }
}

static void test_versions_are_all_different(void **state) {
    (void)state;
    char seen[8][65];
    for (size_t i = 0; i < 8; i++) {
        struct notice_text n = world_notice(&world, world.map, languages[i / 2], i % 2 == 1);
        memcpy(seen[i], n.version, sizeof seen[i]);
        assert_int_equal(strlen(seen[i]), 64);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(seen[i], seen[k]);
        }
    }
}

static void expect_version(const char *from, const char *to, bool same) {
    struct law_map *map CLEANUP(law_map_free) = world_map(&world, world_changed(&world, from, to));
    for (size_t i = 0; i < 8; i++) {
        struct notice_text a = world_notice(&world, world.map, languages[i / 2], i % 2 == 1);
        struct notice_text b = world_notice(&world, map, languages[i / 2], i % 2 == 1);
        assert_int_equal(strcmp(a.version, b.version) == 0, same);
    }
}

static void test_version_changes_with_the_map_alone(void **state) {
    (void)state;
    expect_version("keep      180 days", "keep      180 days", true);
    expect_version("# The reference is docs/DATAMAP.md.", "# Something else altogether.", true);
    expect_version("keep      180 days", "keep      181 days", false);
    expect_version("privacy@clips.example", "data@clips.example", false);
    expect_version("uses watch-history for collect", "uses watch-history, like for collect", false);
}

static void test_a_removed_purpose_is_gone(void **state) {
    (void)state;
    struct slice text = world.map_text;
    const uint8_t *from = memmem(text.ptr, text.len, "purpose likes ", 14);
    const uint8_t *to = memmem(text.ptr, text.len, "purpose comments ", 17);
    assert_true(from != NULL && to != NULL && from < to);
    size_t before = (size_t)(from - text.ptr);
    size_t after = (size_t)(to - text.ptr);
    uint8_t *shorter = arena_alloc(&world.arena, text.len);
    memcpy(shorter, text.ptr, before);
    memcpy(shorter + before, to, text.len - after);
    struct law_map *map CLEANUP(law_map_free) =
        world_map(&world, slice_of(shorter, before + text.len - after));
    struct notice_text a = world_notice(&world, world.map, "en", false);
    struct notice_text b = world_notice(&world, map, "en", false);
    struct buf with CLEANUP(buf_done);
    struct buf without CLEANUP(buf_done);
    buf_init(&with, 1 << 20);
    buf_init(&without, 1 << 20);
    assert_true(slice_has(whole(&a, &with), SLICE("Let you like and follow")));
    assert_false(slice_has(whole(&b, &without), SLICE("Let you like and follow")));
    assert_int_equal(a.part_count, b.part_count + 1);
}

static const struct notice_part *part_called(const struct notice_text *n, const char *heading) {
    for (size_t i = 0; i < n->part_count; i++) {
        if (slice_eq(n->parts[i].heading, slice_str(heading))) {
            return &n->parts[i];
        }
    }
    fail_msg("no section %s", heading);
    return NULL;
}

static void test_grounds_by_age(void **state) {
    (void)state;
    struct notice_text adult = world_notice(&world, world.map, "en", false);
    struct notice_text child = world_notice(&world, world.map, "en", true);
    struct slice text = part_called(&adult, "Play videos")->text;
    assert_true(slice_has(text, SLICE("if you are under 18; what we agreed with you")));
    assert_true(slice_has(text, SLICE("from 18 years on")));
    assert_true(slice_has(text, SLICE("You can object to this")));
    text = part_called(&child, "So that you can watch")->text;
    assert_true(slice_has(text, SLICE("we need it, and it does not harm you.")));
    assert_false(slice_has(text, SLICE("18")));
}

static void test_grounds_by_country(void **state) {
    (void)state;
    struct slice changed = world_changed(
        &world, "  basis     contract\n  necessary \"an account is confirmed",
        "  basis     contract\n  basis     consent when subject.country in (NL)\n"
        "  necessary \"an account is confirmed");
    struct law_map *map CLEANUP(law_map_free) = world_map(&world, changed);
    struct notice_text n = world_notice(&world, map, "en", false);
    struct slice text = part_called(&n, "Send you the mails that belong to your account")->text;
    assert_true(slice_has(text, SLICE("what we agreed with you (GDPR Art. 6(1)(b)); "
                                      "in the Netherlands: your consent")));
}

/* Whom a law protects is told so, in place of what is never done. */
static void test_never_for_children(void **state) {
    (void)state;
    struct notice_text adult = world_notice(&world, world.map, "en", false);
    struct notice_text child = world_notice(&world, world.map, "en", true);
    const char *title = "Advertisements that look at what you watched: not for children";
    assert_true(slice_eq(part_called(&child, title)->text,
                         SLICE("We never do this with children.")));
    title = "Show advertisements chosen from what you watched";
    assert_true(slice_has(part_called(&adult, title)->text, SLICE("Never for anybody under 18.")));
    title = "Keep your watch history";
    assert_false(slice_has(part_called(&adult, title)->text, SLICE("Never for anybody")));
}

static void expect_transfer(const char *to, const char *says, bool leaves) {
    static const char from[] = "  role      processor\n  country   NL\n";
    struct law_map *map CLEANUP(law_map_free) = world_map(&world, world_changed(&world, from, to));
    struct notice_source source = world_source(&world, map);
    const struct notice_template *t = notice_find(&world.all, SLICE("en"), false);
    struct notice_text n;
    struct status s = notice_write(t, &source, &world.arena, &n);
    if (says == NULL) {
        assert_int_equal(s.code, NOTICE_WORDS);
        return;
    }
    assert_int_equal(s.code, OK);
    assert_int_equal(n.has_transfers, leaves);
    assert_true(slice_has(part_called(&n, "Where your data are")->text, slice_str(says)));
}

static void test_transfers(void **state) {
    (void)state;
    expect_transfer("  role      processor\n  country   NL\n", "They do not leave it", false);
    expect_transfer("  role      processor\n  country   US\n", NULL, true);
    expect_transfer("  role      processor\n", "a country that is not known: no safeguard", true);
    expect_transfer("  role      processor\n  instrument scc\n", "standard contractual clauses",
                    true);
}

static void test_rights_follow_the_grounds(void **state) {
    (void)state;
    struct notice_text n = world_notice(&world, world.map, "en", false);
    struct slice text = part_called(&n, "Your rights")->text;
    const uint8_t *take = memmem(text.ptr, text.len, "Take your data along", 20);
    const uint8_t *object = memmem(text.ptr, text.len, "Object, for reasons", 19);
    assert_true(take != NULL && object != NULL && take < object);
    struct slice taken = slice_of(take, (size_t)(object - take));
    struct slice objected = slice_from(text, (size_t)(object - text.ptr));
    assert_true(slice_has(taken, SLICE("- Keep your account")));
    assert_true(slice_has(taken, SLICE("- Keep your watch history")));
    assert_false(slice_has(taken, SLICE("- Keep people safe")));
    assert_true(slice_has(objected, SLICE("- Keep people safe")));
    assert_false(slice_has(objected, SLICE("- Keep your account")));
}

/* --- how children's notices read --- */

struct measure {
    size_t sentences;
    size_t words;
    size_t longest;
    struct slice longest_text;
};

static size_t count_words(struct slice s) {
    size_t words = 0;
    bool inside = false;
    for (size_t i = 0; i < s.len; i++) {
        bool letter = (s.ptr[i] | 0x20) >= 'a' || s.ptr[i] >= 0x80 ||
                      (s.ptr[i] >= '0' && s.ptr[i] <= '9') || s.ptr[i] == '@';
        bool space = s.ptr[i] == ' ';
        words += letter && !inside;
        inside = !space && (inside || letter);
    }
    return words;
}

static void measure_sentence(struct measure *m, struct slice s) {
    size_t words = count_words(s);
    if (words == 0) {
        return;
    }
    m->sentences++;
    m->words += words;
    if (words > m->longest) {
        m->longest = words;
        m->longest_text = s;
    }
}

/* A sentence ends with its mark before a space, or with the line. */
static void measure_text(struct measure *m, struct slice text) {
    size_t from = 0;
    for (size_t i = 0; i <= text.len; i++) {
        bool mark = i + 1 < text.len && strchr(".!?:", text.ptr[i]) != NULL && text.ptr[i + 1] == ' ';
        if (i == text.len || text.ptr[i] == '\n' || mark) {
            measure_sentence(m, slice_sub(text, from, i - from));
            from = i + 1;
        }
    }
}

static void test_children_read_short_sentences(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(languages); i++) {
        struct notice_text n = world_notice(&world, world.map, languages[i], true);
        struct measure m = {.longest = 0};
        for (size_t k = 0; k < n.part_count; k++) {
            measure_text(&m, n.parts[k].heading);
            measure_text(&m, n.parts[k].text);
        }
        print_message("%s: %zu sentences, mean %.1f words, longest %zu: %.*s\n", languages[i],
                      m.sentences, (double)m.words / (double)m.sentences, m.longest,
                      SLICE_ARG(m.longest_text));
        assert_true(m.sentences > 50);
        assert_true(m.words < 12 * m.sentences);
        assert_true(m.longest <= 22);
    }
}

/* Every allocation fails once; nothing is left, nothing is half. */
static void test_without_memory(void **state) {
    (void)state;
    struct notice_source source = world_source(&world, world.map);
    const struct notice_template *t = notice_find(&world.all, SLICE("nl"), true);
    struct notice_text whole_one = world_notice(&world, world.map, "nl", true);
    uint64_t n = 1;
    for (;; n += n < 60 ? 1 : 37) {
        struct arena a;
        struct notice_text got = {.part_count = 0};
        arena_init(&a, 64 << 20);
        mem_fail_at(n, false);
        struct status s = notice_write(t, &source, &a, &got);
        bool hit = mem_failures() > 0;
        mem_fail_at(0, false);
        if (!hit) {
            assert_int_equal(s.code, OK);
            assert_string_equal(got.version, whole_one.version);
        } else {
            assert_int_equal(s.code, E_MEMORY);
            assert_int_equal(got.part_count, 0);
        }
        arena_done(&a);
        if (!hit) {
            break;
        }
    }
    assert_true(n > 60);
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
        cmocka_unit_test(test_nothing_is_missing),
        cmocka_unit_test(test_each_says_what_the_map_says),
        cmocka_unit_test(test_versions_are_all_different),
        cmocka_unit_test(test_version_changes_with_the_map_alone),
        cmocka_unit_test(test_a_removed_purpose_is_gone),
        cmocka_unit_test(test_grounds_by_age),
        cmocka_unit_test(test_grounds_by_country),
        cmocka_unit_test(test_never_for_children),
        cmocka_unit_test(test_transfers),
        cmocka_unit_test(test_rights_follow_the_grounds),
        cmocka_unit_test(test_children_read_short_sentences),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}

/* notice: the record of processing, as JSON-LD read by another reader, and as pages. */
#include <jansson.h>

#include "rights/rights.h"
#include "notice/ropa.h"
#include "world.h"

static struct world world;

static const json_t *node(const json_t *graph, const char *kind, struct slice name) {
    char id[200];
    size_t i;
    const json_t *one;
    (void)snprintf(id, sizeof id, "urn:ward:clips:%s%s%.*s", kind, name.len > 0 ? ":" : "",
                   SLICE_ARG(name));
    json_array_foreach(graph, i, one) {
        if (strcmp(json_string_value(json_object_get(one, "@id")), id) == 0) {
            return one;
        }
    }
    fail_msg("no node %s", id);
    return NULL;
}

static bool refers(const json_t *list, const char *id) {
    size_t i;
    const json_t *one;
    json_array_foreach(list, i, one) {
        if (strcmp(json_string_value(json_object_get(one, "@id")), id) == 0) {
            return true;
        }
    }
    return false;
}

static void check_graph(const json_t *graph) {
    for (size_t i = 0; i < law_map_purposes(world.map); i++) {
        const json_t *p = node(graph, "process", law_map_purpose(world.map, i)->name);
        assert_true(json_array_size(json_object_get(p, "dpv:hasPersonalData")) > 0);
        assert_true(json_array_size(json_object_get(p, "dpv:hasLegalBasis")) > 0);
        assert_true(json_array_size(json_object_get(p, "dpv:hasProcessing")) > 0);
    }
    for (size_t i = 0; i < law_map_categories(world.map); i++) {
        const json_t *c = node(graph, "category", law_map_category(world.map, i)->name);
        assert_non_null(json_object_get(c, "dpv:hasStorageCondition"));
    }
    const json_t *history = node(graph, "process", SLICE("keep-history"));
    assert_true(refers(json_object_get(history, "dpv:hasLegalBasis"), "eu-gdpr:A6-1-a"));
    assert_true(refers(json_object_get(history, "dpv:hasRight"), "eu-gdpr:A7-3"));
    assert_false(refers(json_object_get(history, "dpv:hasRight"), "eu-gdpr:A21"));
    assert_true(refers(json_object_get(history, "dpv:hasProcessing"), "dpv:Erase"));
    assert_false(refers(json_object_get(history, "dpv:hasProcessing"), "dpv:Disclose"));
    const json_t *ads = node(graph, "process", SLICE("ads-personalised"));
    assert_false(refers(json_object_get(ads, "dpv:hasDataSubject"), "dpv:Child"));
    assert_true(refers(json_object_get(history, "dpv:hasDataSubject"), "dpv:Child"));
    const json_t *watched = node(graph, "category", SLICE("watch-history"));
    const json_t *kept = json_object_get(watched, "dpv:hasStorageCondition");
    assert_string_equal(json_string_value(json_object_get(kept, "dpv:hasDuration")), "P180D");
}

static void test_jsonld(void **state) {
    (void)state;
    struct buf out CLEANUP(buf_done) = {0};
    struct notice_source source = world_source(&world, world.map);
    json_error_t error;
    buf_init(&out, 8 << 20);
    assert_int_equal(ropa_put_jsonld(&source, &out).code, OK);
    json_t *root = json_loadb((const char *)out.ptr, out.len, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(root);
    check_graph(json_object_get(root, "@graph"));
    json_decref(root);
}

/* Tags open and close in order, attributes are quoted, nothing is left bare. */
static void check_tags(struct slice page) {
    struct slice open[64];
    size_t depth = 0;
    for (size_t i = 0; i < page.len; i++) {
        if (page.ptr[i] != '<') {
            continue;
        }
        struct slice tag = slice_from(page, i + 1);
        tag = slice_sub(tag, 0, slice_find(tag, '>'));
        assert_true(tag.len > 0 && slice_find(tag, '<') == tag.len);
        i += tag.len + 1;
        if (tag.ptr[0] == '!' || slice_ends(tag, SLICE("/"))) {
            continue;
        }
        if (tag.ptr[0] == '/') {
            assert_true(depth > 0 && slice_eq(open[depth - 1], slice_from(tag, 1)));
            depth--;
            continue;
        }
        assert_true(depth < ARRAY_LEN(open));
        open[depth++] = slice_sub(tag, 0, slice_find(tag, ' '));
    }
    assert_int_equal(depth, 0);
}

static void test_pages_are_well_formed(void **state) {
    (void)state;
    struct buf out CLEANUP(buf_done) = {0};
    struct notice_source source = world_source(&world, world.map);
    buf_init(&out, 8 << 20);
    assert_int_equal(ropa_put_html(&source, &out).code, OK);
    check_tags(buf_slice(&out));
    for (size_t i = 0; i < law_map_purposes(world.map); i++) {
        assert_true(slice_has(buf_slice(&out), law_map_purpose(world.map, i)->title));
    }
    for (size_t i = 0; i < world.all.count; i++) {
        struct slice language = notice_template_language(world.all.items[i]);
        char name[8];
        (void)snprintf(name, sizeof name, "%.*s", SLICE_ARG(language));
        struct notice_text n =
            world_notice(&world, world.map, name, notice_template_child(world.all.items[i]));
        buf_clear(&out);
        assert_int_equal(notice_put_html(&n, &out).code, OK);
        check_tags(buf_slice(&out));
    }
}

static void test_text_is_made_safe(void **state) {
    (void)state;
    struct buf out CLEANUP(buf_done) = {0};
    struct law_map *map CLEANUP(law_map_free) = world_map(
        &world, world_changed(&world, "Keep people safe", "<script>a & b</script>"));
    struct notice_source source = world_source(&world, map);
    buf_init(&out, 8 << 20);
    assert_int_equal(ropa_put_html(&source, &out).code, OK);
    assert_false(slice_has(buf_slice(&out), SLICE("<script>")));
    assert_true(slice_has(buf_slice(&out), SLICE("&lt;script&gt;a &amp; b&lt;/script&gt;")));
}

/* GDPR Art. 6(1)(a) to (f) against Art. 17, 20, 21, 7(3). */
static void test_rights_per_ground(void **state) {
    (void)state;
    static const struct {
        enum right right;
        const char *holds; /* of (a) to (f) */
    } rows[] = {
        {RIGHT_WITHDRAWAL, "a"}, {RIGHT_INFORMED, "abcdef"},   {RIGHT_ACCESS, "abcdef"},
        {RIGHT_RECTIFICATION, "abcdef"}, {RIGHT_ERASURE, "abdf"},    {RIGHT_RESTRICTION, "abcdef"},
        {RIGHT_PORTABILITY, "ab"}, {RIGHT_OBJECTION, "ef"},        {RIGHT_NO_MACHINE, "abdef"},
        {RIGHT_COMPLAINT, "abcdef"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (int b = 0; b < 6; b++) {
            bool want = strchr(rows[i].holds, 'a' + b) != NULL;
            assert_int_equal(
                rights_exists(rows[i].right, (enum law_basis)(LAW_BASIS_CONSENT + b)), want);
        }
    }
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
        cmocka_unit_test(test_jsonld),
        cmocka_unit_test(test_pages_are_well_formed),
        cmocka_unit_test(test_text_is_made_safe),
        cmocka_unit_test(test_rights_per_ground),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}

/* The service's own map, law and templates, loaded for the tests of notices. */
#ifndef WARD_TESTS_NOTICE_WORLD_H
#define WARD_TESTS_NOTICE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "notice/notice.h"

enum { WORLD_NOW_S = 1795000000 }; /* 2026-11-18 */

struct world {
    struct arena arena;
    struct law_report report;
    struct law_set *laws;
    struct law_map *map;
    struct slice map_text;
    struct notice_templates all;
};

static inline struct slice world_read(struct world *w, const char *path) {
    struct buf text CLEANUP(buf_done);
    struct slice copy;
    buf_init(&text, 4 << 20);
    assert_int_equal(os_read_file(os_fs_real(), path, &text).code, OK);
    assert_int_equal(arena_copy(&w->arena, buf_slice(&text), &copy).code, OK);
    return copy;
}

static inline void world_errors(const struct law_report *r) {
    for (size_t i = 0; i < r->count; i++) {
        if (r->items[i].severity == LAW_ERROR) {
            print_message("%.*s:%u: %.*s (%.*s)\n", SLICE_ARG(r->items[i].file), r->items[i].line,
                          SLICE_ARG(r->items[i].message), SLICE_ARG(r->items[i].help));
        }
    }
}

static inline struct law_map *world_map(struct world *w, struct slice text) {
    struct law_source source = {SLICE("clips.map"), text};
    struct law_map *map = NULL;
    struct status s = law_map_load(&source, &w->report, &map);
    world_errors(&w->report);
    assert_int_equal(s.code, OK);
    return map;
}

static inline void world_open(struct world *w) {
    struct law_source sources[LAW_MAX_FILES];
    size_t count = 0;
    glob_t found;
    memset(w, 0, sizeof *w);
    arena_init(&w->arena, 256 << 20);
    law_report_init(&w->report);
    assert_int_equal(glob(WARD_SOURCE "/law/*.law", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc && count < LAW_MAX_FILES; i++) {
        struct slice name;
        assert_int_equal(arena_copy(&w->arena, slice_str(strrchr(found.gl_pathv[i], '/') + 1),
                                    &name).code, OK);
        sources[count++] = (struct law_source){name, world_read(w, found.gl_pathv[i])};
    }
    globfree(&found);
    assert_int_equal(law_set_load(sources, count, &w->report, &w->laws).code, OK);
    w->map_text = world_read(w, WARD_SOURCE "/datamap/clips.map");
    w->map = world_map(w, w->map_text);
    struct status s = notice_templates_load(os_fs_real(), WARD_SOURCE "/datamap/notice",
                                            &w->report, &w->all);
    world_errors(&w->report);
    assert_int_equal(s.code, OK);
}

static inline void world_close(struct world *w) {
    notice_templates_done(&w->all);
    law_map_free(&w->map);
    law_set_free(&w->laws);
    law_report_done(&w->report);
    arena_done(&w->arena);
}

static inline struct notice_source world_source(const struct world *w, const struct law_map *map) {
    return (struct notice_source){.map = map, .laws = w->laws,
                                  .now_unix_ms = (int64_t)WORLD_NOW_S * 1000};
}

static inline struct notice_text world_notice(struct world *w, const struct law_map *map,
                                              const char *language, bool child) {
    struct notice_source source = world_source(w, map);
    struct notice_text n;
    const struct notice_template *t = notice_find(&w->all, slice_str(language), child);
    assert_non_null(t);
    struct status s = notice_write(t, &source, &w->arena, &n);
    assert_int_equal(s.code, OK);
    return n;
}

static inline bool slice_has(struct slice text, struct slice part) {
    return part.len == 0 || memmem(text.ptr, text.len, part.ptr, part.len) != NULL;
}

/* The map with one text put for another that stands in it once at least. */
static inline struct slice world_changed(struct world *w, const char *from, const char *to) {
    struct slice text = w->map_text;
    const uint8_t *at = memmem(text.ptr, text.len, from, strlen(from));
    assert_non_null(at);
    size_t before = (size_t)(at - text.ptr);
    size_t len = text.len - strlen(from) + strlen(to);
    uint8_t *copy = arena_alloc(&w->arena, len);
    assert_non_null(copy);
    memcpy(copy, text.ptr, before);
    memcpy(copy + before, to, strlen(to));
    memcpy(copy + before + strlen(to), at + strlen(from), text.len - before - strlen(from));
    return slice_of(copy, len);
}

#endif

/* Reads the packs of the repository, or small ones from text, for the tests of the law. */
#ifndef WARD_TESTS_LAW_PACKS_H
#define WARD_TESTS_LAW_PACKS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "law/law.h"

struct packs {
    struct law_source sources[LAW_MAX_FILES];
    char *texts[LAW_MAX_FILES];
    size_t count;
    glob_t found;
};

static inline char *read_whole(const char *path, size_t *ret_len) {
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    long len = ftell(f);
    assert_true(len >= 0);
    rewind(f);
    char *text = malloc((size_t)len + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)len, f), (size_t)len);
    text[len] = 0;
    assert_int_equal(fclose(f), 0);
    *ret_len = (size_t)len;
    return text;
}

/* WARD_SOURCE is the root of the sources; the build sets it. */
static inline void packs_open(struct packs *p) {
    memset(p, 0, sizeof *p);
    assert_int_equal(glob(WARD_SOURCE "/law/*.law", 0, NULL, &p->found), 0);
    for (size_t i = 0; i < p->found.gl_pathc && p->count < LAW_MAX_FILES; i++) {
        size_t len;
        const char *path = p->found.gl_pathv[i];
        p->texts[p->count] = read_whole(path, &len);
        const char *name = strrchr(path, '/') + 1;
        p->sources[p->count] =
            (struct law_source){slice_str(name), slice_of(p->texts[p->count], len)};
        p->count++;
    }
}

static inline void packs_close(struct packs *p) {
    for (size_t i = 0; i < p->count; i++) {
        free(p->texts[i]);
    }
    globfree(&p->found);
}

static inline void report_print(const struct law_report *r, enum law_severity worst) {
    for (size_t i = 0; i < r->count; i++) {
        struct buf b CLEANUP(buf_done);
        buf_init(&b, 1 << 16);
        if (r->items[i].severity <= worst && !failed(law_diagnostic_format(&r->items[i], &b))) {
            fwrite(b.ptr, 1, b.len, stdout);
        }
    }
}

static inline struct law_set *load_text(const char *text, struct law_report *report) {
    struct law_source source = {SLICE("test.law"), slice_str(text)};
    struct law_set *set = NULL;
    struct status s = law_set_load(&source, 1, report, &set);
    if (failed(s)) {
        report_print(report, LAW_ERROR);
    }
    assert_int_equal(s.code, OK);
    return set;
}

#endif

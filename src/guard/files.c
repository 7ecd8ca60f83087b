/* Reads the law packs and the data map. */
#include "files.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

enum { NAME_BYTES = 128, ARENA_BYTES = 64 << 20 };

struct reading {
    const struct os_fs *fs;
    const char *dir;
    struct arena arena;
    struct law_source sources[LAW_MAX_FILES];
    size_t count;
};

static struct status read_one(struct reading *r, const char *path, const char *name,
                              struct law_source *ret) {
    struct buf text CLEANUP(buf_done) = {0};
    buf_init(&text, LAW_MAX_FILE_BYTES);
    TRY(os_read_file(r->fs, path, &text));
    TRY(arena_copy(&r->arena, slice_str(name), &ret->name));
    return arena_copy(&r->arena, buf_slice(&text), &ret->text);
}

static struct status note_file(void *arg, const char *name, bool is_dir) {
    struct reading *r = arg;
    char path[OS_PATH_MAX];
    if (is_dir || name[0] == '.' || !slice_ends(slice_str(name), SLICE(".law"))) {
        return STATUS_OK;
    }
    if (r->count == LAW_MAX_FILES ||
        snprintf(path, sizeof path, "%s/%s", r->dir, name) >= (int)sizeof path) {
        return FAIL(E_TOO_LARGE);
    }
    return read_one(r, path, name, &r->sources[r->count++]);
}

static void sort(struct reading *r) {
    for (size_t i = 1; i < r->count; i++) {
        struct law_source one = r->sources[i];
        size_t at = i;
        for (; at > 0 && slice_cmp(r->sources[at - 1].name, one.name) > 0; at--) {
            r->sources[at] = r->sources[at - 1];
        }
        r->sources[at] = one;
    }
}

static void complain(const struct law_report *report) {
    struct buf text CLEANUP(buf_done) = {0};
    buf_init(&text, 1 << 20);
    for (size_t i = 0; i < report->count; i++) {
        if (report->items[i].severity == LAW_ERROR) {
            (void)!law_diagnostic_format(&report->items[i], &text).code;
        }
    }
    fprintf(stderr, "%.*s", SLICE_ARG(buf_slice(&text)));
}

static struct status name_version(const struct reading *r, const struct law_source *map,
                                  char ret_version[65]) {
    struct seal_sha256_state h;
    struct buf hex CLEANUP(buf_done) = {0};
    buf_init(&hex, 64);
    seal_sha256_begin(&h);
    for (size_t i = 0; i <= r->count; i++) {
        struct slice text = i < r->count ? r->sources[i].text : map->text;
        struct seal_hash one = seal_sha256(text);
        seal_sha256_add(&h, slice_of(one.bytes, sizeof one.bytes));
    }
    struct seal_hash sum = seal_sha256_end(&h);
    TRY(hex_encode(slice_of(sum.bytes, sizeof sum.bytes), &hex));
    memcpy(ret_version, hex.ptr, hex.len);
    ret_version[hex.len] = 0;
    return STATUS_OK;
}

static struct status load_notices(const struct os_fs *fs, const char *map_path,
                                  struct law_report *report, struct rules *rules) {
    char path[OS_PATH_MAX];
    const char *slash = strrchr(map_path, '/');
    int dir = slash == NULL ? 0 : (int)(slash - map_path) + 1;
    if (snprintf(path, sizeof path, "%.*snotice", dir, map_path) >= (int)sizeof path) {
        return FAIL(E_TOO_LARGE);
    }
    return notice_templates_load(fs, path, report, &rules->notices);
}

static struct status load(struct reading *r, const char *map_path, struct law_report *report,
                          struct rules *rules) {
    struct law_source map;
    TRY(os_list(r->fs, r->dir, note_file, r));
    sort(r);
    TRY(read_one(r, map_path, map_path, &map));
    TRY(law_set_load(r->sources, r->count, report, &rules->laws));
    TRY(law_map_load(&map, report, &rules->map));
    TRY(load_notices(r->fs, map_path, report, rules));
    return name_version(r, &map, rules->version);
}

struct status rules_load(const struct os_fs *fs, const char *law_dir, const char *map_path,
                         struct rules *ret_rules) {
    struct rules rules = {0};
    struct law_report report;
    static struct reading r;
    r = (struct reading){.fs = fs, .dir = law_dir};
    arena_init(&r.arena, ARENA_BYTES);
    law_report_init(&report);
    struct status s = load(&r, map_path, &report, &rules);
    complain(&report);
    law_report_done(&report);
    arena_done(&r.arena);
    if (failed(s)) {
        rules_done(&rules);
        return s;
    }
    *ret_rules = rules;
    return STATUS_OK;
}

void rules_done(struct rules *rules) {
    notice_templates_done(&rules->notices);
    law_map_free(&rules->map);
    law_set_free(&rules->laws);
}

/* Finds and reads a data map with its notices. */
#include "map_dir.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "os/clock.h"

static bool name_path(char to[OS_PATH_MAX], const char *dir, const char *rest) {
    int len = snprintf(to, OS_PATH_MAX, "%s%s", dir, rest);
    return len >= 0 && len < OS_PATH_MAX;
}

bool map_dir_notices(const char *map_path, char ret_path[OS_PATH_MAX]) {
    size_t name = law_file_name(slice_str(map_path)).len;
    int dir = (int)(strlen(map_path) - name);
    int len = snprintf(ret_path, OS_PATH_MAX, "%.*snotice", dir, map_path);
    return len >= 0 && len < OS_PATH_MAX;
}

static void print_errors(struct law_report *report) {
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 1 << 20);
    law_report_sort(report);
    for (size_t i = 0; i < report->count; i++) {
        if (report->items[i].severity == LAW_ERROR &&
            failed(law_diagnostic_format(&report->items[i], &b))) {
            break;
        }
    }
    fprintf(stderr, "%.*s", SLICE_ARG(buf_slice(&b)));
}

static struct status read_map(const char *path, struct law_report *report, struct map_dir *d) {
    struct buf text CLEANUP(buf_done);
    char notices[OS_PATH_MAX];
    buf_init(&text, LAW_MAX_FILE_BYTES);
    if (!map_dir_notices(path, notices)) {
        return FAIL(E_TOO_LARGE);
    }
    TRY(os_read_file(os_fs_real(), path, &text));
    struct law_source source = {slice_str(path), buf_slice(&text)};
    TRY(law_map_load(&source, report, &d->map));
    return notice_templates_load(os_fs_real(), notices, report, &d->notices);
}

int map_dir_open(const char *command, const struct map_dir_options *options,
                 struct map_dir *ret_dir) {
    char law[OS_PATH_MAX];
    char path[OS_PATH_MAX];
    struct law_report report;
    *ret_dir = (struct map_dir){.laws = NULL};
    law_dir_find(options->law, law);
    bool fits = options->map != NULL ? name_path(path, "", options->map)
                                     : name_path(path, law, "/../datamap/clips.map");
    if (!fits) {
        return cli_fail(CLI_USAGE, command, "the path of the data map is too long");
    }
    int code = law_dir_load(command, options->law, &ret_dir->laws);
    if (code != CLI_OK) {
        return code;
    }
    law_report_init(&report);
    struct status s = read_map(path, &report, ret_dir);
    if (failed(s)) {
        print_errors(&report);
        map_dir_close(ret_dir);
        code = cli_fail_status(command, path, s);
    }
    law_report_done(&report);
    return code;
}

void map_dir_close(struct map_dir *dir) {
    notice_templates_done(&dir->notices);
    law_map_free(&dir->map);
    law_set_free(&dir->laws);
}

struct notice_source map_dir_source(const struct map_dir *dir) {
    struct os_clock clock = os_clock_real();
    return (struct notice_source){.map = dir->map, .laws = dir->laws,
                                  .now_unix_ms = os_now_ms(&clock)};
}

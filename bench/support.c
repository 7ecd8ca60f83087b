#include "support.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void must(struct status s, const char *what) {
    if (failed(s)) {
        fprintf(stderr, "%s: %s\n", what, error_info(s.code)->name);
        exit(1);
    }
}

static struct slice read_whole(const char *path) {
    FILE *f = fopen(path, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0) {
        exit(1);
    }
    size_t len = (size_t)ftell(f);
    rewind(f);
    uint8_t *text = malloc(len + 1);
    len = fread(text, 1, len, f);
    fclose(f);
    return slice_of(text, len);
}

struct law_set *load_laws(void) {
    struct law_source sources[LAW_MAX_FILES];
    struct law_report report;
    struct law_set *set = NULL;
    glob_t found;
    if (glob(WARD_SOURCE "/law/*.law", 0, NULL, &found) != 0) {
        exit(1);
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        sources[i].name = slice_str(strrchr(found.gl_pathv[i], '/') + 1);
        sources[i].text = read_whole(found.gl_pathv[i]);
    }
    law_report_init(&report);
    must(law_set_load(sources, found.gl_pathc, &report, &set), "laws");
    law_report_done(&report);
    return set;
}

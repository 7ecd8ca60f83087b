/* Finds and reads the law packs. */
#include "law_dir.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

enum { NAME_BYTES = 256, MAX_NAMES = LAW_MAX_FILES, ANCESTORS = 5 };

static bool join(char *to, const char *dir, size_t dir_len, const char *rest) {
    size_t len = strlen(rest);
    if (dir_len + len + 1 > OS_PATH_MAX) {
        return false;
    }
    memmove(to, dir, dir_len);
    memcpy(to + dir_len, rest, len + 1);
    return true;
}

/* A directory counts when the packs' common file stands in it. */
static bool holds_law(const char *dir, size_t dir_len, const char *rest, char *ret_path) {
    char probe[OS_PATH_MAX];
    if (!join(probe, dir, dir_len, rest) || !join(probe, probe, strlen(probe), "/common.law") ||
        access(probe, R_OK) != 0) {
        return false;
    }
    return join(ret_path, dir, dir_len, rest);
}

/* From the executable's directory upwards: PREFIX/share/ward/law, or the tree it was built in. */
static bool find_beside(char *ret_path) {
    char exe[OS_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe);
    if (n <= 0 || (size_t)n >= sizeof exe) {
        return false;
    }
    size_t len = (size_t)n;
    for (int i = 0; i < ANCESTORS && len > 0; i++) {
        while (len > 0 && exe[len - 1] != '/') {
            len--;
        }
        len -= len > 0; /* the slash */
        if (holds_law(exe, len, "/share/ward/law", ret_path) ||
            holds_law(exe, len, "/law", ret_path)) {
            return true;
        }
    }
    return false;
}

void law_dir_find(const char *given, char ret_path[OS_PATH_MAX]) {
    const char *named = given != NULL ? given : getenv("WARD_LAW");
    if (named == NULL || named[0] == '\0') {
        if (find_beside(ret_path)) {
            return;
        }
        named = "law";
    }
    if (!join(ret_path, named, strlen(named), "")) {
        ret_path[0] = '\0'; /* a path that long names no file; opening it says so */
    }
}

struct names {
    char name[MAX_NAMES][NAME_BYTES];
    size_t count;
};

static struct status note_name(void *arg, const char *name, bool is_dir) {
    struct names *names = arg;
    size_t len = strlen(name);
    if (is_dir || name[0] == '.' || !slice_ends(slice_str(name), SLICE(".law"))) {
        return STATUS_OK;
    }
    if (names->count == MAX_NAMES || len >= NAME_BYTES) {
        return FAIL(LAW_LIMIT);
    }
    memcpy(names->name[names->count++], name, len + 1);
    return STATUS_OK;
}

static int by_name(const void *a, const void *b) {
    return strcmp(a, b);
}

static struct status add_file(struct law_files *files, const char *path, struct slice name) {
    struct buf text CLEANUP(buf_done);
    buf_init(&text, LAW_MAX_FILE_BYTES);
    TRY(os_read_file(os_fs_real(), path, &text));
    return law_files_put(files, (struct law_source){name, buf_slice(&text)});
}

struct slice law_file_name(struct slice path) {
    size_t at = path.len;
    while (at > 0 && path.ptr[at - 1] != '/') {
        at--;
    }
    return slice_from(path, at);
}

struct law_source *law_files_find(const struct law_files *files, struct slice path) {
    for (size_t i = 0; i < files->count; i++) {
        if (slice_eq(law_file_name(files->sources[i].name), law_file_name(path))) {
            return &files->sources[i];
        }
    }
    return NULL;
}

struct status law_files_put(struct law_files *files, struct law_source source) {
    struct law_source copy;
    struct law_source *old = law_files_find(files, source.name);
    TRY(arena_copy(&files->arena, source.text, &copy.text));
    TRY(arena_copy(&files->arena, source.name, &copy.name));
    if (old != NULL) {
        *old = copy;
        return STATUS_OK;
    }
    if (files->count == LAW_MAX_FILES) {
        return FAIL(LAW_LIMIT);
    }
    files->sources[files->count++] = copy;
    return STATUS_OK;
}

static struct status read_files(const char *path, struct law_files *files) {
    struct names *names = arena_alloc(&files->arena, sizeof *names);
    files->sources = arena_array(&files->arena, LAW_MAX_FILES, sizeof *files->sources);
    if (names == NULL || files->sources == NULL) {
        return FAIL(E_MEMORY);
    }
    if (slice_ends(slice_str(path), SLICE(".law"))) {
        return add_file(files, path, slice_str(path));
    }
    TRY(os_list(os_fs_real(), path, note_name, names));
    qsort(names->name, names->count, NAME_BYTES, by_name);
    for (size_t i = 0; i < names->count; i++) {
        char full[OS_PATH_MAX];
        if (!join(full, path, strlen(path), "/") ||
            !join(full, full, strlen(full), names->name[i])) {
            return FAIL(E_TOO_LARGE);
        }
        TRY(add_file(files, full, slice_str(full)));
    }
    return files->count == 0 ? FAIL(E_FILE_MISSING) : STATUS_OK;
}

struct status law_files_read(const char *path, struct law_files *ret_files) {
    *ret_files = (struct law_files){0};
    arena_init(&ret_files->arena, (size_t)LAW_MAX_FILES * LAW_MAX_FILE_BYTES);
    struct status s = read_files(path, ret_files);
    if (failed(s)) {
        law_files_done(ret_files);
    }
    return s;
}

void law_files_done(struct law_files *files) {
    arena_done(&files->arena);
    files->sources = NULL;
    files->count = 0;
}

/* Only errors: warnings and notes are for `ward check`. */
static void print_errors(struct law_report *report) {
    struct cli_out o;
    struct buf b CLEANUP(buf_done);
    out_init(&o, STDERR_FILENO);
    buf_init(&b, 1 << 16);
    law_report_sort(report);
    for (size_t i = 0; i < report->count; i++) {
        buf_clear(&b);
        if (report->items[i].severity == LAW_ERROR &&
            !failed(law_diagnostic_format(&report->items[i], &b))) {
            out_add(&o, buf_slice(&b));
        }
    }
    out_done(&o);
}

int law_files_load(const char *command, const struct law_files *files, struct law_set **ret_set) {
    struct law_report report;
    law_report_init(&report);
    struct status s = law_set_load(files->sources, files->count, &report, ret_set);
    if (failed(s)) {
        print_errors(&report);
        cli_fail_status(command, "the law", s);
    }
    law_report_done(&report);
    return failed(s) ? CLI_DIFFERS : CLI_OK;
}

int law_dir_load(const char *command, const char *given, struct law_set **ret_set) {
    char path[OS_PATH_MAX];
    struct law_files files;
    law_dir_find(given, path);
    struct status s = law_files_read(path, &files);
    if (failed(s)) {
        cli_fail_status(command, path, s);
        return cli_fail(CLI_DIFFERS, command, "name the directory of the law packs with --law DIR");
    }
    int code = law_files_load(command, &files, ret_set);
    law_files_done(&files);
    return code;
}

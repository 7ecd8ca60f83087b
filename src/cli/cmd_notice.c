/* ward notice: the privacy notice, as the data map and the law of today make it. */
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "map_dir.h"

enum { ARENA_BYTES = 64 << 20, PAGE_BYTES = 4 << 20 };

struct request {
    const char *language;
    const char *audience;
    const char *format;
    bool child;
};

static const char *const formats[] = {"text", "html", "json"};
typedef struct status put_fn(const struct notice_text *notice, struct buf *out);
static put_fn *const puts_as[] = {notice_put_text, notice_put_html, notice_put_json};

static int find_format(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (strcmp(name, formats[i]) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static int print(const struct map_dir *d, const struct request *q, struct arena *arena) {
    struct buf page CLEANUP(buf_done);
    struct notice_text notice;
    struct cli_out out;
    const struct notice_template *t = notice_find(&d->notices, slice_str(q->language), q->child);
    buf_init(&page, PAGE_BYTES);
    if (t == NULL) {
        return cli_fail_status("notice", q->language, FAIL(NOTICE_NONE));
    }
    struct notice_source source = map_dir_source(d);
    struct status s = notice_write(t, &source, arena, &notice);
    s = failed(s) ? s : puts_as[find_format(q->format)](&notice, &page);
    if (failed(s)) {
        return cli_fail_status("notice", q->language, s);
    }
    out_init(&out, STDOUT_FILENO);
    out_add(&out, buf_slice(&page));
    return out_done(&out) ? CLI_OK : CLI_DIFFERS;
}

int cmd_notice(int argc, char **argv);

int cmd_notice(int argc, char **argv) {
    struct request q = {.language = "en", .audience = "adult", .format = "text"};
    struct map_dir_options where = {.law = NULL};
    const struct cli_option options[] = {{.name = "language", .value = &q.language},
                                         {.name = "audience", .value = &q.audience},
                                         {.name = "format", .value = &q.format},
                                         {.name = "law", .value = &where.law},
                                         {.name = "map", .value = &where.map}};
    struct map_dir dir;
    struct arena arena;
    int operands;
    if (!cli_parse(argc, argv, options, ARRAY_LEN(options), 0, &operands)) {
        return CLI_USAGE;
    }
    q.child = strcmp(q.audience, "child") == 0;
    if ((!q.child && strcmp(q.audience, "adult") != 0) || find_format(q.format) < 0) {
        return cli_fail(CLI_USAGE, "notice", "--audience is adult or child, --format text, html or "
                                             "json");
    }
    int code = map_dir_open("notice", &where, &dir);
    if (code != CLI_OK) {
        return code;
    }
    arena_init(&arena, ARENA_BYTES);
    code = print(&dir, &q, &arena);
    arena_done(&arena);
    map_dir_close(&dir);
    return code;
}

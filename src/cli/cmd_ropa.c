/* ward ropa: the record of processing activities, as the data map makes it. */
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "map_dir.h"
#include "notice/ropa.h"

enum { PAGE_BYTES = 8 << 20 };

static int print(const struct map_dir *d, bool html) {
    struct buf page CLEANUP(buf_done) = {0};
    struct cli_out out;
    struct notice_source source = map_dir_source(d);
    buf_init(&page, PAGE_BYTES);
    struct status s = html ? ropa_put_html(&source, &page) : ropa_put_jsonld(&source, &page);
    if (failed(s)) {
        return cli_fail_status("ropa", "the data map", s);
    }
    out_init(&out, STDOUT_FILENO);
    out_add(&out, buf_slice(&page));
    return out_done(&out) ? CLI_OK : CLI_DIFFERS;
}

int cmd_ropa(int argc, char **argv);

int cmd_ropa(int argc, char **argv) {
    const char *format = "html";
    struct map_dir_options where = {.law = NULL};
    const struct cli_option options[] = {{.name = "format", .value = &format},
                                         {.name = "law", .value = &where.law},
                                         {.name = "map", .value = &where.map}};
    struct map_dir dir;
    int operands;
    if (!cli_parse(argc, argv, options, ARRAY_LEN(options), 0, &operands)) {
        return CLI_USAGE;
    }
    bool html = strcmp(format, "html") == 0;
    if (!html && strcmp(format, "jsonld") != 0) {
        return cli_fail(CLI_USAGE, "ropa", "--format is html or jsonld");
    }
    int code = map_dir_open("ropa", &where, &dir);
    if (code != CLI_OK) {
        return code;
    }
    code = print(&dir, html);
    map_dir_close(&dir);
    return code;
}

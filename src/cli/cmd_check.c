/* ward check: is the law well made, and does it do what its cases say? Shows everything that it
 * finds, and claims nothing that it did not run. */
#include <unistd.h>

#include "cases.h"
#include "cli.h"
#include "law_dir.h"
#include "map_check.h"
#include "os/clock.h"

enum { DIAGNOSTIC_BYTES = 1 << 16 };

static void print_severity(const struct law_report *r, enum law_severity severity,
                           struct cli_out *out) {
    struct buf b CLEANUP(buf_done);
    buf_init(&b, DIAGNOSTIC_BYTES);
    for (size_t i = 0; i < r->count; i++) {
        buf_clear(&b);
        if (r->items[i].severity == severity && !failed(law_diagnostic_format(&r->items[i], &b))) {
            out_add(out, buf_slice(&b));
        }
    }
}

/* Notes and warnings first, so that what must be mended stands last, above the counts. */
static void print_report(struct law_report *r, struct cli_out *out) {
    law_report_sort(r);
    print_severity(r, LAW_NOTE, out);
    print_severity(r, LAW_WARNING, out);
    print_severity(r, LAW_ERROR, out);
    size_t kept = r->count;
    size_t found = r->errors + r->warnings + r->notes;
    if (found > kept) {
        out_format(out, "and %zu more\n", found - kept);
    }
}

struct request {
    const char *cases;
    const char *map;
    char law[OS_PATH_MAX];
    struct law_files files;
    struct law_report report;
};

static void print_counts(const struct request *q, const struct law_set *set,
                         const struct map_counts *maps, struct cli_out *out) {
    const struct law_report *r = &q->report;
    if (maps->maps > 0) {
        out_format(out, "%zu data maps declare %zu uses, %zu of them never lawful\n", maps->maps,
                   maps->uses, maps->unlawful);
    }
    out_format(out, "%zu files, %zu laws, %zu articles: %zu errors, %zu warnings, %zu notes\n",
               q->files.count, set == NULL ? 0 : law_set_count(set),
               set == NULL ? 0 : law_set_cites(set), r->errors, r->warnings + maps->unlawful,
               r->notes);
}

/* The cases of a file, under all laws but the operator's. */
static int run_cases(const struct law_set *set, const char *path, struct cli_out *out,
                     struct cases_count *count) {
    struct decider d;
    if (path == NULL || set == NULL) {
        return CLI_OK;
    }
    decider_init(&d, set, law_set_mask(set, false), false);
    int code = cases_run(&d, "check", path, out, count);
    decider_done(&d);
    return code;
}

static int check(struct request *q, struct cli_out *out) {
    struct law_set *set CLEANUP(law_set_free) = NULL;
    struct os_clock clock = os_clock_real();
    struct cases_count count = {0};
    struct map_counts maps = {0};
    struct law_report *r = &q->report;
    struct status s = law_set_load(q->files.sources, q->files.count, r, &set);
    s = failed(s) ? s : law_set_check(set, os_now_ms(&clock), r);
    struct status mapped = map_check(q->law, q->map, set, os_now_ms(&clock), r, out, &maps);
    print_report(r, out);
    int code = run_cases(set, q->cases, out, &count);
    print_counts(q, set, &maps, out);
    size_t failing = r->cases - r->cases_passed + count.failed;
    out_format(out, "%zu passed, %zu failed\n", r->cases_passed + count.passed, failing);
    if (failed(s) && r->errors == 0) {
        code = cli_fail_status("check", "the law", s);
    }
    if (failed(mapped)) {
        code = cli_fail_status("check", "the data map", mapped);
    }
    return failed(s) || r->errors > 0 || failing > 0 ? CLI_DIFFERS : code;
}

int cmd_check(int argc, char **argv);

int cmd_check(int argc, char **argv) {
    static struct request q;
    const char *law_dir = NULL;
    const struct cli_option options[] = {{.name = "cases", .value = &q.cases},
                                         {.name = "map", .value = &q.map},
                                         {.name = "law", .value = &law_dir}};
    struct cli_out out;
    int operands;
    if (!cli_parse(argc, argv, options, ARRAY_LEN(options), 1, &operands)) {
        return CLI_USAGE;
    }
    law_dir_find(operands == 1 ? argv[1] : law_dir, q.law);
    struct status s = law_files_read(q.law, &q.files);
    if (failed(s)) {
        return cli_fail_status("check", q.law, s);
    }
    out_init(&out, STDOUT_FILENO);
    law_report_init(&q.report);
    int code = check(&q, &out);
    law_report_done(&q.report);
    law_files_done(&q.files);
    return out_done(&out) ? code : CLI_DIFFERS;
}

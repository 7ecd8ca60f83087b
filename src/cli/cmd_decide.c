/* ward decide: facts in, answers out, a line each. Never answers a line that it could not read with
 * anything but an error, and never leaves one out. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "cli.h"
#include "decide.h"
#include "law_dir.h"

struct options {
    const char *laws;
    const char *law_dir;
    const char *cases;
    bool house;
    bool explain;
};

static int unknown_law(const struct law_set *set, struct slice name) {
    const char *names[LAW_MAX_LAWS];
    char text[LAW_MAX_LAWS][LAW_MAX_NAME_BYTES + 1];
    size_t count = law_set_count(set);
    for (size_t i = 0; i < count; i++) {
        struct slice law = law_set_name(set, i);
        memcpy(text[i], law.ptr, law.len);
        text[i][law.len] = '\0';
        names[i] = text[i];
    }
    const char *near = cli_nearest(name, names, count);
    return near == NULL
               ? cli_fail(CLI_USAGE, "decide", "--laws: there is no law `%.*s`", SLICE_ARG(name))
               : cli_fail(CLI_USAGE, "decide", "--laws: there is no law `%.*s`; did you mean `%s`?",
                          SLICE_ARG(name), near);
}

/* The laws to ask. */
static int choose_laws(const struct law_set *set, const struct options *o, uint64_t *ret_mask) {
    uint64_t mask = 0;
    struct slice rest = o->laws == NULL ? slice_of(NULL, 0) : slice_str(o->laws);
    struct slice name;
    if (o->laws == NULL) {
        *ret_mask = law_set_mask(set, o->house);
        return CLI_OK;
    }
    while (slice_next(&rest, ',', &name)) {
        int law = law_set_find(set, name);
        if (law < 0) {
            return unknown_law(set, name);
        }
        mask |= (uint64_t)1 << law;
    }
    uint64_t house = law_set_mask(set, true) & ~law_set_mask(set, false);
    *ret_mask = o->house ? mask | house : mask;
    return CLI_OK;
}

static int answer_all(struct decider *d) {
    struct cli_lines in;
    struct cli_out out;
    struct slice line;
    bool too_long;
    lines_init(&in, STDIN_FILENO, FACTS_MAX_LINE_BYTES);
    out_init(&out, STDOUT_FILENO);
    while (!out.broken && lines_next(&in, &out, &line, &too_long)) {
        out_add(&out, too_long ? decide_too_long(d) : decide_line(d, line));
    }
    bool read_failed = in.broken;
    lines_done(&in);
    if (!out_done(&out)) {
        return cli_fail(CLI_DIFFERS, "decide", "the answers could not be written");
    }
    return read_failed ? cli_fail(CLI_DIFFERS, "decide", "the facts could not be read") : CLI_OK;
}

static int run(const struct options *o, const struct law_set *set) {
    struct decider d;
    uint64_t mask = 0;
    int code = choose_laws(set, o, &mask);
    if (code != CLI_OK) {
        return code;
    }
    decider_init(&d, set, mask, o->explain);
    if (o->cases == NULL) {
        code = answer_all(&d);
    } else {
        struct cli_out out;
        struct cases_count count = {0};
        out_init(&out, STDOUT_FILENO);
        code = cases_run(&d, "decide", o->cases, &out, &count);
        out_format(&out, "%zu passed, %zu failed\n", count.passed, count.failed);
        code = !out_done(&out) || count.failed > 0 ? CLI_DIFFERS : code;
    }
    decider_done(&d);
    return code;
}

int cmd_decide(int argc, char **argv);

int cmd_decide(int argc, char **argv) {
    struct options o = {0};
    const struct cli_option options[] = {
        {.name = "laws", .value = &o.laws},      {.name = "house", .flag = &o.house},
        {.name = "explain", .flag = &o.explain}, {.name = "cases", .value = &o.cases},
        {.name = "law", .value = &o.law_dir},
    };
    struct law_set *set CLEANUP(law_set_free) = NULL;
    int operands;
    if (!cli_parse(argc, argv, options, ARRAY_LEN(options), 0, &operands)) {
        return CLI_USAGE;
    }
    int code = law_dir_load("decide", o.law_dir, &set);
    return code == CLI_OK ? run(&o, set) : code;
}

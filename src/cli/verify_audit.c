/* ward verify audit: an audit file beside the published log, and what a regulator asks of it. Must
 * never print of what the file says before all of it was verified. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/date.h"
#include "verify.h"

enum { NAME_BYTES = 64, ROWS_MAX = 4096, RULES_MAX = 16, DAYS_MAX = 62, HOURS_A_DAY = 24 };
enum outcome { PERMITTED, DENIED, UNDECLARED, OUTCOMES };

#define HOUR_MS INT64_C(3600000)

/* Counts by name, in order of names. */
struct row {
    char name[NAME_BYTES];
    uint64_t uses[OUTCOMES];
};
struct tally {
    struct row rows[ROWS_MAX];
    size_t count;
};

struct summary {
    struct tally days, months, purposes, rules;
    uint64_t opened[VERIFY_KINDS];
};

/* --- what an opening says --- */

struct said {
    struct slice purpose;
    struct slice rules[RULES_MAX];
    size_t rule_count;
    enum outcome outcome; /* OUTCOMES: no use that was decided */
    uint64_t count;
};

static enum outcome outcome_of(struct slice text) {
    static const struct slice names[OUTCOMES] = {SLICE_INIT("permit"), SLICE_INIT("deny"),
                                                 SLICE_INIT("undeclared")};
    enum outcome o = PERMITTED;
    while (o < OUTCOMES && !slice_eq(text, names[o])) {
        o++;
    }
    return o;
}

static void hear(struct said *said, unsigned code, struct slice value) {
    switch (code) {
    case FIELD_PURPOSE:
        said->purpose = value;
        return;
    case FIELD_OUTCOME:
        said->outcome = outcome_of(value);
        return;
    case FIELD_COUNT:
        said->count = value.len == 8 ? bytes_be64(value.ptr) : said->count;
        return;
    case FIELD_RULE:
        if (said->rule_count < RULES_MAX) {
            said->rules[said->rule_count++] = value;
        }
        return;
    default:
        return;
    }
}

static struct said read_said(struct slice content) {
    struct said said = {.outcome = OUTCOMES, .count = 1};
    unsigned code = 0;
    struct slice value;
    while (!failed(content_next(&content, &code, &value)) && code != 0) {
        hear(&said, code, value);
    }
    return said;
}

/* --- counting --- */

/* A name that somebody else wrote, for a terminal. */
static void clean_name(struct slice name, char ret[NAME_BYTES]) {
    size_t len = name.len < NAME_BYTES ? name.len : NAME_BYTES - 1;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = name.ptr[i];
        ret[i] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
    }
    ret[len] = 0;
}

/* What finds no room is counted under the last name. */
static struct row *row_named(struct tally *t, const char *name) {
    size_t low = 0;
    size_t high = t->count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        bool before = strcmp(t->rows[mid].name, name) < 0;
        low = before ? mid + 1 : low;
        high = before ? high : mid;
    }
    bool there = low < t->count && strcmp(t->rows[low].name, name) == 0;
    if (there) {
        return &t->rows[low];
    }
    if (t->count == ROWS_MAX - 1) {
        snprintf(t->rows[t->count].name, NAME_BYTES, "(others)");
        return &t->rows[t->count];
    }
    memmove(&t->rows[low + 1], &t->rows[low], (t->count - low) * sizeof *t->rows);
    t->rows[low] = (struct row){.uses = {0}};
    memcpy(t->rows[low].name, name, strlen(name) + 1);
    t->count++;
    return &t->rows[low];
}

static void count_as(struct tally *t, struct slice name, const struct said *said) {
    char clean[NAME_BYTES];
    clean_name(name.len == 0 ? SLICE("(none named)") : name, clean);
    row_named(t, clean)->uses[said->outcome] += said->count;
}

/* "2026-03-01" begins with its month. */
static void count_day(struct summary *s, uint32_t hour, const struct said *said) {
    enum { MONTH = 7 };
    struct date date = {.days = (int32_t)(hour / HOURS_A_DAY)};
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 32);
    bool dated = !failed(date_format(date, &b));
    struct slice day = dated ? buf_slice(&b) : SLICE("(no date)");
    count_as(&s->days, day, said);
    count_as(&s->months, dated ? slice_sub(day, 0, MONTH) : day, said);
}

static struct status count_leaf(void *arg, uint64_t index, const struct leaf *leaf,
                                const struct opening *opening) {
    struct summary *s = arg;
    (void)index;
    if (opening == NULL) {
        return STATUS_OK;
    }
    s->opened[leaf->kind]++;
    struct said said = read_said(opening->content);
    if (said.outcome == OUTCOMES) {
        return STATUS_OK;
    }
    count_day(s, leaf->hour, &said);
    count_as(&s->purposes, said.purpose, &said);
    for (size_t i = 0; i < said.rule_count && said.outcome != PERMITTED; i++) {
        count_as(&s->rules, said.rules[i], &said);
    }
    if (said.rule_count == 0 && said.outcome != PERMITTED) {
        count_as(&s->rules, SLICE(""), &said);
    }
    return STATUS_OK;
}

/* --- printing --- */

static void print_tally(struct cli_out *o, const char *title, const struct tally *t,
                        enum outcome from) {
    static const char *const titles[OUTCOMES] = {"permitted", "denied", "undeclared"};
    size_t count = t->count + (t->rows[t->count].name[0] != 0);
    if (count == 0) {
        return;
    }
    out_format(o, "%-34s", title);
    for (int k = (int)from; k < OUTCOMES; k++) {
        out_format(o, " %12s", titles[k]);
    }
    for (size_t i = 0; i < count; i++) {
        out_format(o, "\n  %-32s", t->rows[i].name);
        for (int k = (int)from; k < OUTCOMES; k++) {
            out_format(o, " %12" PRIu64, t->rows[i].uses[k]);
        }
    }
    out_str(o, "\n");
}

static void print_kinds_opened(struct cli_out *o, const struct verify_audit_report *r,
                               const struct summary *s) {
    out_format(o, "%-34s %12s %12s\n", "leaves by kind", "opened", "not opened");
    for (unsigned k = 0; k < VERIFY_KINDS; k++) {
        if (s->opened[k] + r->unopened[k] == 0) {
            continue;
        }
        const char *why = r->unopened[k] == 0    ? ""
                          : leaf_kind_audited(k) ? "  withheld, or lost in a restore"
                                                 : "  what they say is the person's alone";
        out_format(o, "  %-32s %12" PRIu64 " %12" PRIu64 "%s\n", leaf_kind_text(k), s->opened[k],
                   r->unopened[k], why);
    }
}

static void print_span(struct cli_out *o, const struct verify_audit_report *r) {
    out_str(o, "audit      ");
    print_moment(o, r->span.since * HOUR_MS);
    out_str(o, " to ");
    print_moment(o, r->span.until * HOUR_MS);
    out_format(o,
               "\n           %" PRIu64 " leaves of the first %" PRIu64 ", of which %" PRIu64
               " are opened\n",
               r->leaves, r->size, r->opened);
}

static uint64_t withheld(const struct verify_audit_report *r) {
    uint64_t sum = 0;
    for (unsigned k = 0; k < VERIFY_KINDS; k++) {
        sum += leaf_kind_audited(k) ? r->unopened[k] : 0;
    }
    return sum;
}

static void print_audit(struct cli_out *o, const struct trust *t,
                        const struct verify_audit_report *r, const struct summary *s) {
    print_head(o, note_vkey_name(&t->log), r->log.size, &r->log.root);
    print_witnesses(o, t, r->log.cosigned, r->log.cosigned_at_s, r->log.cosignatures);
    print_span(o, r);
    print_kinds_opened(o, r, s);
    bool few = s->days.count <= DAYS_MAX;
    print_tally(o, few ? "uses by day" : "uses by month", few ? &s->days : &s->months, PERMITTED);
    print_tally(o, "uses by purpose", &s->purposes, PERMITTED);
    print_tally(o, "refused uses by rule", &s->rules, DENIED);
    out_str(o, "verified:   every entry, every tile, the root, and the log's signature; that the "
               "file has\n            every leaf of its hours; and that what it opens is what the "
               "leaves were\n            made from.\n");
    if (withheld(r) > 0) {
        out_format(o,
                   "not proved: what the %" PRIu64
                   " leaves say that are withheld or lost. Ask for the reason.\n",
                   withheld(r));
    }
    out_str(o, "not proved: who was concerned: that only the person can show. Hours are those "
               "that the\n            leaves name.\n");
    print_doubt(o, r->log.cosignatures);
}

static struct status list_leaf(void *arg, uint64_t index, const struct leaf *leaf,
                               const struct opening *opening) {
    struct cli_out *o = arg;
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 8 * OPENING_CONTENT_MAX);
    out_format(o, "%" PRIu64 " ", index);
    print_moment(o, leaf->hour * HOUR_MS);
    out_format(o, " %s", leaf_kind_text(leaf->kind));
    TRY(opening == NULL ? STATUS_OK : content_print(opening->content, &b));
    struct slice rest = buf_slice(&b);
    struct slice line;
    while (rest.len > 0 && slice_next(&rest, '\n', &line)) {
        out_str(o, "; ");
        out_add(o, line);
    }
    out_str(o, "\n");
    return STATUS_OK;
}

/* --- reading --- */

static struct status next_line(void *self, struct slice *ret_line) {
    struct cli_lines *lines = self;
    bool too_long = false;
    if (!lines_next(lines, NULL, ret_line, &too_long)) {
        *ret_line = slice_of(NULL, 0);
        return lines->broken ? FAIL(E_IO) : STATUS_OK;
    }
    return too_long ? FAIL(E_AUDIT_FORM) : STATUS_OK;
}

/* Once through the file and the log. */
static struct status read_through(int fd, struct verify_audit_options *options,
                                  struct verify_audit_report *ret) {
    struct cli_lines lines;
    if (lseek(fd, 0, SEEK_SET) != 0) {
        return FAIL(E_IO);
    }
    lines_init(&lines, fd, AUDIT_LINE_MAX);
    options->lines = (struct audit_source){.self = &lines, .next = next_line};
    struct status s = verify_audit(options, ret);
    lines_done(&lines);
    return s;
}

static int fail_audit(const char *path, const char *dir, const struct verify_audit_report *r,
                      struct status s) {
    char what[OS_PATH_MAX + 32];
    if (r->line == 0 && s.code != E_AUDIT_AHEAD) {
        return fail_log(dir, &r->log, s);
    }
    snprintf(what, sizeof what, r->line == 0 ? "%s" : "%s, line %" PRIu64, path, r->line);
    return cli_fail_status("verify", what, s);
}

static int run(int fd, const char *path, const char *dir, bool list, const struct trust *t) {
    static struct summary summary;
    static struct verify_audit_report report;
    struct verify_audit_options options = {.log = {.fs = os_fs_real(),
                                                   .dir = dir,
                                                   .log = &t->log,
                                                   .witnesses = t->witnesses,
                                                   .witness_count = t->count},
                                           .each = count_leaf,
                                           .arg = &summary};
    struct status s = read_through(fd, &options, &report);
    if (failed(s)) {
        return fail_audit(path, dir, &report, s);
    }
    struct cli_out o;
    out_init(&o, STDOUT_FILENO);
    options.each = list_leaf;
    options.arg = &o;
    s = list ? read_through(fd, &options, &report) : s;
    if (!failed(s)) {
        print_audit(&o, t, &report, &summary);
    }
    bool written = out_done(&o);
    return failed(s) ? fail_audit(path, dir, &report, s) : written ? CLI_OK : CLI_DIFFERS;
}

int verify_audit_file(const char *path, const char *dir, bool list, const struct trust *t) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return cli_fail_status("verify", path, FAIL(E_FILE_MISSING));
    }
    int code = run(fd, path, dir, list, t);
    close(fd);
    return code;
}

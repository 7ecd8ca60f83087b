/* ward law diff: which decisions change between two versions of the law, as concrete cases. Every
 * case that it prints was decided by both versions; what it did not find may still differ where the
 * space was too large to walk, and it says so. */
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cli.h"
#include "diff_space.h"
#include "facts/facts.h"
#include "law_dir.h"
#include "os/clock.h"
#include "wire/json.h"

enum {
    DEFAULT_BUDGET = 300000,
    MAX_KINDS = 200,
    HEADING_BYTES = 8192,
    SPACE_ARENA_BYTES = 64 << 20,
    PROGRESS_EVERY = 1 << 14,
    MAX_TRIED = 48, /* values of one axis */
};

/* One version, and what it answered last. */
struct side {
    const char *path;
    struct law_files files;
    struct law_set *set;
    uint64_t laws;
    struct law_answer answer;
};

struct diff {
    struct side a;
    struct side b;
    struct space *space;
    struct cli_out *out;
    struct arena *arena;
    struct slice kinds[MAX_KINDS]; /* headings that were printed */
    size_t kind_count;
    struct slice raw[MAX_KINDS]; /* headings before they were made small */
    size_t raw_count;
    uint64_t differing;
    bool full;
};

/* Whether a cite of `from` is also one of `to`, which numbers its cites in its own way. */
static bool shared(const struct side *from, size_t cite, const struct side *to) {
    const struct law_cite *c = law_set_cite(from->set, cite);
    int law = law_set_find(to->set, law_set_name(from->set, c->law));
    if (law < 0 || to->answer.permit != 0) {
        return false;
    }
    for (int i = law_answer_cite(&to->answer, 0); i >= 0;
         i = law_answer_cite(&to->answer, (size_t)i + 1)) {
        const struct law_cite *other = law_set_cite(to->set, (size_t)i);
        if (other->law == law && slice_eq(other->article, c->article)) {
            return true;
        }
    }
    return false;
}

/* The rules that stand in the way in one version alone. */
static struct status add_only(const struct side *from, const struct side *to, const char *word,
                              struct buf *heading) {
    if (from->answer.permit != 0) {
        return STATUS_OK;
    }
    for (int i = law_answer_cite(&from->answer, 0); i >= 0;
         i = law_answer_cite(&from->answer, (size_t)i + 1)) {
        if (shared(from, (size_t)i, to)) {
            continue;
        }
        const struct law_cite *c = law_set_cite(from->set, (size_t)i);
        TRY(buf_add_str(heading, word));
        TRY(buf_add(heading, law_set_name(from->set, c->law)));
        TRY(buf_add_str(heading, " "));
        TRY(buf_add(heading, c->article));
    }
    return STATUS_OK;
}

static struct status add_sets(struct diff *d, struct buf *heading) {
    for (int i = 0; i < LAW_NEED_COUNT; i++) {
        bool a = (d->a.answer.needs >> i & 1) != 0;
        bool b = (d->b.answer.needs >> i & 1) != 0;
        if (a != b) {
            TRY(buf_add_str(heading, a ? ", no longer needs " : ", now needs "));
            TRY(buf_add(heading, law_need_name((enum law_need)i)));
        }
    }
    bool both_permit = d->a.answer.permit != 0 && d->b.answer.permit != 0;
    for (int i = 0; both_permit && i < LAW_DUTY_COUNT; i++) {
        bool a = (d->a.answer.duties >> i & 1) != 0;
        bool b = (d->b.answer.duties >> i & 1) != 0;
        if (a != b) {
            TRY(buf_add_str(heading, a ? ", no longer owes " : ", now owes "));
            TRY(buf_add(heading, law_duty_name((enum law_duty)i)));
        }
    }
    return STATUS_OK;
}

static struct status add_laws(const struct side *from, const struct side *to, const char *word,
                              struct buf *heading) {
    for (size_t i = 0; i < law_set_count(from->set); i++) {
        int other = law_set_find(to->set, law_set_name(from->set, i));
        bool there = other >= 0 && (to->answer.laws >> other & 1) != 0;
        if ((from->answer.laws >> i & 1) != 0 && !there) {
            TRY(buf_add_str(heading, word));
            TRY(buf_add(heading, law_set_name(from->set, i)));
        }
    }
    return STATUS_OK;
}

/* What changed, in words; empty where nothing did that matters to anybody. */
static struct status describe(struct diff *d, struct buf *heading) {
    buf_clear(heading);
    const char *was = d->a.answer.permit != 0 ? "permit" : "deny";
    const char *is = d->b.answer.permit != 0 ? "permit" : "deny";
    TRY(buf_add_format(heading, was == is ? "still %s" : "%s, now %s", was, is));
    size_t plain = heading->len;
    TRY(add_only(&d->a, &d->b, ", no longer against it: ", heading));
    TRY(add_only(&d->b, &d->a, ", newly against it: ", heading));
    TRY(add_laws(&d->a, &d->b, ", no longer bound by ", heading));
    TRY(add_laws(&d->b, &d->a, ", newly bound by ", heading));
    TRY(add_sets(d, heading));
    if (heading->len == plain && d->a.answer.permit == d->b.answer.permit) {
        buf_clear(heading);
    }
    return STATUS_OK;
}

static bool decide_side(struct side *s, const struct law_facts *facts) {
    return !failed(law_decide(s->set, s->laws, facts, &s->answer));
}

/* The heading of a point; empty where the versions agree or the facts are an error. */
static struct status compare(struct diff *d, const uint16_t *choice, struct buf *heading) {
    struct law_facts facts;
    enum law_fact offending;
    buf_clear(heading);
    space_facts(d->space, choice, &facts);
    if (failed(law_facts_settle(&facts, 0, &offending)) || !decide_side(&d->a, &facts) ||
        !decide_side(&d->b, &facts)) {
        return STATUS_OK;
    }
    return describe(d, heading);
}

static size_t against(const struct side *s) {
    size_t count = 0;
    for (int i = s->answer.permit != 0 ? -1 : law_answer_cite(&s->answer, 0); i >= 0;
         i = law_answer_cite(&s->answer, (size_t)i + 1)) {
        count++;
    }
    return count;
}

/* Tries the values of one axis; keeps the one that leaves the difference and the fewest rules
 * against the rest. */
static struct status clear_axis(struct diff *d, uint16_t *choice, size_t axis, size_t *best) {
    struct buf trial CLEANUP(buf_done);
    uint16_t kept = choice[axis];
    size_t count = d->space->axes[axis].count;
    buf_init(&trial, HEADING_BYTES);
    for (size_t v = 0; v < count && v<MAX_TRIED && * best> 1; v++) {
        choice[axis] = (uint16_t)v;
        TRY(compare(d, choice, &trial));
        size_t left = against(&d->a) + against(&d->b);
        if (trial.len > 0 && left < *best) {
            *best = left;
            kept = (uint16_t)v;
        }
    }
    choice[axis] = kept;
    return STATUS_OK;
}

/* Moves to a point where the same change matters: where nothing else stands in the way. */
static struct status make_matter(struct diff *d, uint16_t *choice, struct buf *heading) {
    enum { PASSES = 3 };
    TRY(compare(d, choice, heading));
    size_t best = against(&d->a) + against(&d->b);
    for (int pass = 0; pass < PASSES && best > 1; pass++) {
        size_t before = best;
        for (size_t i = 0; i < d->space->axis_count && best > 1; i++) {
            TRY(clear_axis(d, choice, i, &best));
        }
        if (best == before) {
            break;
        }
    }
    return compare(d, choice, heading);
}

/* Takes away each fact without which the same still changes. */
static struct status make_small(struct diff *d, uint16_t *choice, struct buf *heading) {
    struct buf trial CLEANUP(buf_done);
    buf_init(&trial, HEADING_BYTES);
    for (size_t i = 0; i < d->space->axis_count; i++) {
        uint16_t kept = choice[i];
        if (kept == 0) {
            continue;
        }
        choice[i] = 0;
        TRY(compare(d, choice, &trial));
        if (!slice_eq(buf_slice(&trial), buf_slice(heading))) {
            choice[i] = kept;
        }
    }
    return compare(d, choice, heading);
}

static bool seen(struct diff *d, struct slice *list, size_t *count, struct slice heading,
                 struct status *ret_status) {
    for (size_t i = 0; i < *count; i++) {
        if (slice_eq(list[i], heading)) {
            return true;
        }
    }
    if (*count == MAX_KINDS) {
        d->full = true;
        return true;
    }
    *ret_status = arena_copy(d->arena, heading, &list[*count]);
    *count += !failed(*ret_status);
    return failed(*ret_status);
}

static struct status print_side(struct diff *d, const char *label, const struct side *s) {
    struct buf line CLEANUP(buf_done);
    buf_init(&line, 1 << 16);
    TRY(law_answer_format(s->set, &s->answer, &line));
    out_str(d->out, label);
    out_add(d->out, buf_slice(&line));
    out_str(d->out, "\n");
    return STATUS_OK;
}

static struct status print_case(struct diff *d, const uint16_t *choice, struct slice heading) {
    struct law_facts facts;
    struct json_writer w;
    struct buf line CLEANUP(buf_done);
    buf_init(&line, 1 << 16);
    space_facts(d->space, choice, &facts);
    json_put_open(&w, &line);
    facts_write(&facts, &w);
    TRY(json_put_done(&w));
    out_add(d->out, heading);
    out_str(d->out, "\n  facts ");
    out_add(d->out, buf_slice(&line));
    out_str(d->out, "\n");
    TRY(print_side(d, "  A     ", &d->a));
    TRY(print_side(d, "  B     ", &d->b));
    out_flush(d->out);
    return STATUS_OK;
}

static struct status try_point(struct diff *d, uint16_t *choice, struct buf *heading) {
    struct status s = STATUS_OK;
    TRY(compare(d, choice, heading));
    if (heading->len == 0) {
        return s;
    }
    d->differing++;
    if (seen(d, d->raw, &d->raw_count, buf_slice(heading), &s)) {
        return s;
    }
    TRY(make_matter(d, choice, heading));
    TRY(make_small(d, choice, heading));
    if (seen(d, d->kinds, &d->kind_count, buf_slice(heading), &s)) {
        return s;
    }
    return print_case(d, choice, buf_slice(heading));
}

static void show_progress(uint64_t done, uint64_t all) {
    if (isatty(STDERR_FILENO)) {
        struct cli_out o;
        out_init(&o, STDERR_FILENO);
        out_format(&o, "\r%3u%% of %llu points", (unsigned)(done * 100 / all),
                   (unsigned long long)all);
        out_str(&o, done == all ? "\r\x1b[K" : "");
        out_done(&o);
    }
}

static struct status walk(struct diff *d, uint64_t budget, uint64_t seed, uint64_t *ret_tried) {
    struct buf heading CLEANUP(buf_done);
    uint16_t choice[LAW_FACTS] = {0};
    uint64_t points = space_points(d->space);
    bool whole = points <= budget;
    uint64_t count = whole ? points : budget;
    buf_init(&heading, HEADING_BYTES);
    for (uint64_t i = 0; i < count; i++) {
        if (whole) {
            space_point(d->space, i, choice);
        } else {
            space_draw(d->space, seed + i, choice);
        }
        TRY(try_point(d, choice, &heading));
        if (i % PROGRESS_EVERY == 0) {
            show_progress(i, count);
        }
    }
    show_progress(count, count);
    *ret_tried = count;
    return STATUS_OK;
}

static bool is_common(struct slice name) {
    return slice_eq(law_file_name(name), SLICE("common.law"));
}

static bool unchanged(const struct law_files *files, const struct law_source *source) {
    const struct law_source *other = law_files_find(files, source->name);
    return other != NULL && slice_eq(other->text, source->text);
}

/* What the packs that changed read, and what all packs share. When that changed, everything. */
static struct status read_side(struct space *space, const struct law_files *mine,
                               const struct law_files *theirs, bool everything) {
    for (size_t i = 0; i < mine->count; i++) {
        const struct law_source *s = &mine->sources[i];
        const struct law_source *other = law_files_find(theirs, s->name);
        if (everything || is_common(s->name) || !unchanged(theirs, s)) {
            TRY(space_read(space, s->text, other == NULL ? SLICE("") : other->text));
        }
    }
    return STATUS_OK;
}

static bool common_changed(const struct law_files *a, const struct law_files *b) {
    const struct law_source *x = law_files_find(a, SLICE("common.law"));
    const struct law_source *y = law_files_find(b, SLICE("common.law"));
    return (x == NULL) != (y == NULL) || (x != NULL && !slice_eq(x->text, y->text));
}

static bool all_unchanged(const struct law_files *mine, const struct law_files *theirs) {
    for (size_t i = 0; i < mine->count; i++) {
        if (!unchanged(theirs, &mine->sources[i])) {
            return false;
        }
    }
    return true;
}

static struct status make_space(struct diff *d) {
    struct os_clock clock = os_clock_real();
    bool everything = common_changed(&d->a.files, &d->b.files);
    space_init(d->space, d->arena);
    TRY(read_side(d->space, &d->a.files, &d->b.files, everything));
    TRY(read_side(d->space, &d->b.files, &d->a.files, everything));
    return space_finish(d->space, os_now_ms(&clock));
}

static int report(struct diff *d, uint64_t tried) {
    uint64_t points = space_points(d->space);
    out_format(d->out, "%llu of %llu points differ, in %zu ways%s",
               (unsigned long long)d->differing, (unsigned long long)tried, d->kind_count,
               d->full ? " and more" : "");
    if (points == UINT64_MAX) {
        out_str(d->out, "; the space has more than 2^64 points, drawn by seed\n");
    } else if (points > tried) {
        out_format(d->out, "; the space has %llu points, drawn by seed\n",
                   (unsigned long long)points);
    } else {
        out_str(d->out, "; that is the whole space\n");
    }
    return d->differing > 0 ? CLI_DIFFERS : CLI_OK;
}

static int run(struct diff *d, uint64_t budget, uint64_t seed) {
    uint64_t tried = 0;
    if (all_unchanged(&d->a.files, &d->b.files) && all_unchanged(&d->b.files, &d->a.files)) {
        out_str(d->out, "the two versions are the same text\n");
        return CLI_OK;
    }
    struct status s = make_space(d);
    s = failed(s) ? s : walk(d, budget, seed, &tried);
    return failed(s) ? cli_fail_status("law", "diff", s) : report(d, tried);
}

/* One pack in the place of the installed one of its name. */
static struct status replace_pack(struct side *s) {
    struct law_files pack;
    TRY(law_files_read(s->path, &pack));
    struct status status = law_files_put(&s->files, pack.sources[0]);
    law_files_done(&pack);
    return status;
}

/* A directory of packs, or a single pack among the installed ones. */
static int load_side(struct side *s, const char *law_dir) {
    char path[OS_PATH_MAX];
    bool single = slice_ends(slice_str(s->path), SLICE(".law"));
    law_dir_find(single ? law_dir : s->path, path);
    struct status status = law_files_read(path, &s->files);
    if (failed(status)) {
        return cli_fail_status("law", path, status);
    }
    status = single ? replace_pack(s) : status;
    if (failed(status)) {
        return cli_fail_status("law", s->path, status);
    }
    int code = law_files_load("law", &s->files, &s->set);
    s->laws = code == CLI_OK ? law_set_mask(s->set, true) : 0;
    return code;
}

static void done_side(struct side *s) {
    law_set_free(&s->set);
    if (s->files.sources != NULL) {
        law_files_done(&s->files);
    }
}

static bool read_number(const char *name, const char *text, uint64_t *value) {
    if (text == NULL || !failed(parse_u64(slice_str(text), UINT32_MAX, value))) {
        return true;
    }
    cli_fail(CLI_USAGE, "law", "--%s wants a whole number, not `%s`", name, text);
    return false;
}

static int diff(const char *a, const char *b, const char *law_dir, uint64_t budget, uint64_t seed) {
    struct arena arena CLEANUP(arena_done);
    struct cli_out out;
    arena_init(&arena, SPACE_ARENA_BYTES);
    out_init(&out, STDOUT_FILENO);
    struct diff *d = arena_alloc(&arena, sizeof *d);
    struct space *space = arena_alloc(&arena, sizeof *space);
    if (d == NULL || space == NULL) {
        return cli_fail_status("law", "diff", FAIL(E_MEMORY));
    }
    *d = (struct diff){.a.path = a, .b.path = b, .space = space, .out = &out, .arena = &arena};
    int code = load_side(&d->a, law_dir);
    code = code == CLI_OK ? load_side(&d->b, law_dir) : code;
    code = code == CLI_OK ? run(d, budget, seed) : code;
    done_side(&d->a);
    done_side(&d->b);
    return out_done(&out) ? code : CLI_DIFFERS;
}

int cmd_law(int argc, char **argv);

int cmd_law(int argc, char **argv) {
    const char *budget_text = NULL;
    const char *seed_text = NULL;
    const char *law_dir = NULL;
    const struct cli_option options[] = {
        {.name = "budget", .value = &budget_text},
        {.name = "seed", .value = &seed_text},
        {.name = "law", .value = &law_dir},
    };
    uint64_t budget = DEFAULT_BUDGET;
    uint64_t seed = 1;
    int operands;
    if (!cli_parse(argc, argv, options, ARRAY_LEN(options), 3, &operands)) {
        return CLI_USAGE;
    }
    if (operands != 3 || strcmp(argv[1], "diff") != 0) {
        return cli_fail(CLI_USAGE, "law", "usage: ward law diff A B");
    }
    if (!read_number("budget", budget_text, &budget) || !read_number("seed", seed_text, &seed)) {
        return CLI_USAGE;
    }
    return diff(argv[2], argv[3], law_dir, budget == 0 ? 1 : budget, seed);
}

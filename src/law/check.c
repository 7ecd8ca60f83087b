/* The cases of the packs, run; and which rules they show at work.
 * Must never count a case as passed that was not decided. */
#include "check.h"

#include <string.h>

#include "base/mem.h"

static const struct law_case *find_shared(const struct law_set *set, uint32_t file,
                                          struct slice name) {
    for (uint32_t i = 0; i < set->cases.len; i++) {
        const struct law_case *c = &set->cases.ptr[i];
        if (c->shared && c->file == file && slice_eq(c->name, name)) {
            return c;
        }
    }
    return NULL;
}

static struct status apply(const struct law_set *set, const struct law_case *c, struct law_facts *f,
                           const struct law_given **ret_fault) {
    for (uint32_t i = c->given.first; i < c->given.first + c->given.count; i++) {
        const struct law_given *g = &set->givens.ptr[i];
        if (g->absent) {
            law_facts_clear(f, (enum law_fact)g->fact);
            continue;
        }
        struct status s = law_facts_set_written(f, (enum law_fact)g->fact, g->text);
        if (failed(s)) {
            *ret_fault = g;
            return s;
        }
    }
    return STATUS_OK;
}

/* The facts that it is like come first: what they are like, before them. */
static size_t lineage(const struct law_set *set, const struct law_case *c,
                      const struct law_case **chain, size_t max) {
    size_t n = 0;
    while (c != NULL && n < max) {
        chain[n++] = c;
        c = c->like.len == 0 ? NULL : find_shared(set, c->file, c->like);
    }
    return c == NULL ? n : 0;
}

struct status law_case_facts(const struct law_set *set, const struct law_case *c,
                             int64_t now_unix_ms, struct law_facts *ret_facts,
                             const struct law_given **ret_fault) {
    const struct law_case *chain[LAW_MAX_DEPTH];
    enum law_fact offending;
    size_t n = lineage(set, c, chain, ARRAY_LEN(chain));
    *ret_fault = NULL;
    law_facts_init(ret_facts);
    while (n-- > 0) {
        TRY(apply(set, chain[n], ret_facts, ret_fault));
    }
    return law_facts_settle(ret_facts, now_unix_ms, &offending);
}

static struct status check_like(const struct law_set *set, const struct law_case *c,
                                struct law_report *report) {
    const struct law_case *chain[LAW_MAX_DEPTH];
    char help[LAW_HELP_BYTES];
    struct law_token at = law_place(NULL, c->like_line, c->like_column);
    at.width = (uint32_t)c->like.len;
    if (c->like.len == 0) {
        return STATUS_OK;
    }
    if (find_shared(set, c->file, c->like) == NULL) {
        struct law_nearest nearest = law_nearest_to(c->like);
        for (uint32_t i = 0; i < set->cases.len; i++) {
            if (set->cases.ptr[i].shared && set->cases.ptr[i].file == c->file) {
                law_nearest_try(&nearest, set->cases.ptr[i].name);
            }
        }
        return law_error(report, law_case_file(set, c), at, "name",
                         law_nearest_help(&nearest, help, sizeof help),
                         "this file has no facts `%.*s`", SLICE_ARG(c->like));
    }
    return lineage(set, c, chain, ARRAY_LEN(chain)) > 0
               ? STATUS_OK
               : law_error(report, law_case_file(set, c), at, "circle", "", "`%.*s` is like itself",
                           SLICE_ARG(c->like));
}

struct outcome {
    struct status status;
    struct law_answer answer;
    struct law_facts facts;
    const struct law_given *fault;
};

static bool prefixes_hold(const struct law_set *set, const struct law_case *c,
                          const struct law_answer *a, int law) {
    for (uint32_t i = 0; i < c->met.count; i++) {
        if (!law_answer_met(set, a, law, set->prefixes.ptr[c->met.first + i].article)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < c->unmet.count; i++) {
        if (law_answer_met(set, a, law, set->prefixes.ptr[c->unmet.first + i].article)) {
            return false;
        }
    }
    return true;
}

static bool holds(const struct law_set *set, const struct law_case *c, const struct outcome *o,
                  int law) {
    if (failed(o->status) || c->expect == EXPECT_ERROR) {
        return failed(o->status) && c->expect == EXPECT_ERROR;
    }
    return (o->answer.permit != 0) == (c->expect == EXPECT_PERMIT) &&
           (o->answer.needs & c->needs) == c->needs &&
           (o->answer.duties & c->duties) == c->duties && prefixes_hold(set, c, &o->answer, law);
}

static struct status tell_differs(const struct law_set *set, const struct law_case *c,
                                  const struct outcome *o, struct law_report *report) {
    struct law_token at = law_place(NULL, c->expect_line, c->expect_column);
    struct buf answer CLEANUP(buf_done);
    buf_init(&answer, 64 << 10);
    if (failed(o->status)) {
        if (o->fault != NULL) {
            at = law_place(NULL, o->fault->line, o->fault->column);
            at.width = (uint32_t)o->fault->text.len;
        }
        return law_error(report, law_case_file(set, c), at, "case",
                         error_info(o->status.code)->remedy,
                         "case \"%.*s\": the answer is an error: %s", SLICE_ARG(c->name),
                         error_info(o->status.code)->cause);
    }
    TRY(law_answer_format(set, &o->answer, &answer));
    at.width = 6;
    return law_error(report, law_case_file(set, c), at, "case", "",
                     "case \"%.*s\": the answer is %.*s", SLICE_ARG(c->name),
                     (int)(answer.len < 600 ? answer.len : 600), (const char *)answer.ptr);
}

/* A prefix that begins no article of the law is a slip that `not` would hide. */
static struct status check_prefixes(const struct law_set *set, const struct law_case *c,
                                    struct law_span span, enum law_severity severity,
                                    struct law_report *report) {
    uint32_t law = (uint32_t)law_case_file(set, c)->law;
    for (uint32_t i = span.first; i < span.first + span.count; i++) {
        struct slice article = set->prefixes.ptr[i].article;
        bool found = false;
        for (uint32_t k = 0; k < set->cites.len && !found; k++) {
            found =
                set->cites.ptr[k].law == law && slice_starts(set->cites.ptr[k].article, article);
        }
        if (!found) {
            TRY(law_tell(report, severity, law_case_file(set, c),
                         law_place(NULL, c->expect_line, c->expect_column), "name", "",
                         "no article of this law begins with `%.*s`", SLICE_ARG(article)));
        }
    }
    return STATUS_OK;
}

/* Which side of each rule's edge a case is on. */
static void look(const struct law_set *set, uint32_t law, const struct law_facts *f,
                 struct law_sides *sides) {
    const struct law_law *l = &set->laws.ptr[law];
    if (f->today.days < l->from || f->today.days > l->until || !law_run(set, l->binds, f)) {
        return;
    }
    for (uint32_t i = l->rules.first; i < l->rules.first + l->rules.count; i++) {
        const struct law_rule *rule = &set->rules.ptr[i];
        if (f->today.days < rule->from || f->today.days > rule->until) {
            continue;
        }
        bool when = law_run(set, rule->when, f);
        bool then = law_run(set, rule->then, f);
        bool simple = rule->kind == RULE_FORBID || rule->kind == RULE_DUTY;
        /* A requirement is on the edge only where it applies: met, or not met. */
        sides[i].spoke |= rule->kind == RULE_GROUND ? when && then : simple ? when : when && !then;
        sides[i].silent |= rule->kind == RULE_GROUND ? !(when && then)
                           : simple                  ? !when
                                                     : when && then;
    }
}

static struct status run_case(const struct law_set *set, const struct law_case *c, int64_t now,
                              struct law_sides *sides, struct law_report *report) {
    struct outcome o = {0};
    int32_t law = law_case_file(set, c)->law;
    if (law < 0 || c->broken) {
        return STATUS_OK;
    }
    TRY(check_like(set, c, report));
    TRY(check_prefixes(set, c, c->met, LAW_ERROR, report));
    TRY(check_prefixes(set, c, c->unmet, LAW_WARNING, report));
    report->cases++;
    o.status = law_case_facts(set, c, now, &o.facts, &o.fault);
    if (!failed(o.status)) {
        o.status = law_decide(set, UINT64_C(1) << law, &o.facts, &o.answer);
    }
    if (!failed(o.status)) {
        look(set, (uint32_t)law, &o.facts, sides);
        if (!law_facts_given(&o.facts, LAW_AT)) {
            TRY(law_tell(report, LAW_WARNING, law_case_file(set, c), law_place(NULL, c->line, 0),
                         "undated", "give it `at`, so that it means the same tomorrow",
                         "case \"%.*s\" has no date", SLICE_ARG(c->name)));
        }
    }
    if (!holds(set, c, &o, law)) {
        return tell_differs(set, c, &o, report);
    }
    report->cases_passed++;
    return STATUS_OK;
}

struct status law_check_cases(const struct law_set *set, int64_t now_unix_ms,
                              struct law_sides *sides, struct law_report *report) {
    for (uint32_t i = 0; i < set->cases.len; i++) {
        const struct law_case *c = &set->cases.ptr[i];
        if (!c->shared) {
            TRY(law_go_on(run_case(set, c, now_unix_ms, sides, report)));
        }
    }
    return STATUS_OK;
}

static void free_sides(struct law_sides **sides) {
    mem_free(*sides);
}

struct status law_set_check(const struct law_set *set, int64_t now_unix_ms,
                            struct law_report *report) {
    struct law_sides *sides CLEANUP(free_sides) = mem_array(set->rules.len + 1, sizeof *sides);
    if (sides == NULL) {
        return FAIL(E_MEMORY);
    }
    TRY(law_check_cases(set, now_unix_ms, sides, report));
    TRY(law_check_rules(set, sides, report));
    law_report_sort(report);
    return report->errors > 0 ? FAIL(LAW_INVALID) : STATUS_OK;
}

/* Reads cases and compares. A case that cannot be read in every part has failed: a misspelt
 * expectation must not pass for one that is met. */
#include "cases.h"

#include <fcntl.h>
#include <unistd.h>

#include "wire/json.h"

enum { ITEM_BYTES = LAW_MAX_NAME_BYTES * 2 + 2, PROBLEM_BYTES = 4096 };

struct items {
    struct slice item[CASES_MAX_ITEMS];
    size_t count;
};

enum decision { EXPECT_NOTHING, EXPECT_PERMIT, EXPECT_DENY, EXPECT_ERROR };

struct expectation {
    enum decision decision;
    struct items rules;
    struct items any;
    struct items not_met;
    struct items needs;
};

struct one_case {
    struct slice name;
    struct slice facts;
    struct expectation expect;
    uint8_t name_room[CASES_MAX_NAME_BYTES];
};

static struct status read_items(struct json_reader *r, struct items *ret) {
    bool more;
    ret->count = 0;
    TRY(json_get_array(r));
    for (;;) {
        TRY(json_next_item(r, &more));
        if (!more) {
            return STATUS_OK;
        }
        if (ret->count == CASES_MAX_ITEMS) {
            return FAIL(E_TOO_LARGE);
        }
        /* Names and articles need no escapes: one with an escape does not fit. */
        TRY(json_get_string(r, NULL, 0, &ret->item[ret->count++]));
    }
}

static struct status read_decision(struct json_reader *r, enum decision *ret) {
    struct slice text;
    TRY(json_get_string(r, NULL, 0, &text));
    if (slice_eq(text, SLICE("permit"))) {
        *ret = EXPECT_PERMIT;
    } else if (slice_eq(text, SLICE("deny"))) {
        *ret = EXPECT_DENY;
    } else if (slice_eq(text, SLICE("error"))) {
        *ret = EXPECT_ERROR;
    } else {
        return FAIL(E_JSON_TYPE);
    }
    return STATUS_OK;
}

static struct status read_expected(struct json_reader *r, struct slice key, struct expectation *e) {
    if (slice_eq(key, SLICE("decision"))) {
        return read_decision(r, &e->decision);
    }
    if (slice_eq(key, SLICE("rules"))) {
        return read_items(r, &e->rules);
    }
    if (slice_eq(key, SLICE("any"))) {
        return read_items(r, &e->any);
    }
    if (slice_eq(key, SLICE("not"))) {
        return read_items(r, &e->not_met);
    }
    return slice_eq(key, SLICE("needs")) ? read_items(r, &e->needs) : FAIL(E_JSON_KEY);
}

static struct status read_expectation(struct json_reader *r, struct expectation *e) {
    struct slice key;
    bool more;
    TRY(json_get_object(r));
    for (;;) {
        TRY(json_next_key(r, &more, &key));
        if (!more) {
            return e->decision == EXPECT_NOTHING ? FAIL(E_JSON_KEY) : STATUS_OK;
        }
        TRY(read_expected(r, key, e));
    }
}

static struct status read_part(struct json_reader *r, struct slice key, struct one_case *c) {
    if (slice_eq(key, SLICE("name"))) {
        return json_get_string(r, c->name_room, sizeof c->name_room, &c->name);
    }
    if (slice_eq(key, SLICE("facts"))) {
        return json_skip_text(r, &c->facts);
    }
    return slice_eq(key, SLICE("expect")) ? read_expectation(r, &c->expect) : FAIL(E_JSON_KEY);
}

static struct status read_case(struct slice line, struct one_case *c) {
    struct json_reader r;
    struct slice key;
    bool more;
    c->name = slice_of(NULL, 0);
    c->facts = slice_of(NULL, 0);
    c->expect = (struct expectation){0};
    json_open(&r, line);
    TRY(json_get_object(&r));
    for (;;) {
        TRY(json_next_key(&r, &more, &key));
        if (!more) {
            break;
        }
        TRY(read_part(&r, key, c));
    }
    TRY(json_end(&r));
    bool whole =
        c->name.ptr != NULL && c->facts.ptr != NULL && c->expect.decision != EXPECT_NOTHING;
    return whole ? STATUS_OK : FAIL(E_JSON_KEY);
}

/* `gdpr:6(1)` against an answer, or `gdpr` for any rule; a law not loaded is met by nothing. */
static bool met(const struct decider *d, struct slice item) {
    size_t colon = slice_find(item, ':');
    int law = law_set_find(d->set, slice_sub(item, 0, colon));
    struct slice article = slice_from(item, colon < item.len ? colon + 1 : colon);
    return law >= 0 && law_answer_met(d->set, &d->answer, law, article);
}

static bool needed(const struct decider *d, struct slice name) {
    enum law_need need = law_need_find(name);
    return need != LAW_NEED_COUNT && (d->answer.needs >> need & 1) != 0;
}

/* What is missing, or NULL; *ret_item is the item to blame. */
static const char *compare_items(const struct decider *d, const struct expectation *e,
                                 struct slice *ret_item) {
    bool any = e->any.count == 0;
    *ret_item = slice_of(NULL, 0);
    for (size_t i = 0; i < e->rules.count; i++) {
        *ret_item = e->rules.item[i];
        if (!met(d, *ret_item)) {
            return "this rule should have spoken: ";
        }
    }
    for (size_t i = 0; i < e->not_met.count; i++) {
        *ret_item = e->not_met.item[i];
        if (met(d, *ret_item)) {
            return "this rule should not have spoken: ";
        }
    }
    for (size_t i = 0; i < e->needs.count; i++) {
        *ret_item = e->needs.item[i];
        if (!needed(d, *ret_item)) {
            return "this is missing among the needs: ";
        }
    }
    for (size_t i = 0; i < e->any.count; i++) {
        any = any || met(d, e->any.item[i]);
        *ret_item = e->any.item[0];
    }
    return any ? NULL : "one of several rules should have spoken, as ";
}

static const char *compare(const struct decider *d, const struct expectation *e, bool is_error,
                           struct slice *ret_item) {
    enum decision got = is_error ? EXPECT_ERROR : d->answer.permit ? EXPECT_PERMIT : EXPECT_DENY;
    *ret_item = slice_of(NULL, 0);
    if (e->decision != got) {
        return e->decision == EXPECT_PERMIT ? "this should be a permit"
               : e->decision == EXPECT_DENY ? "this should be a deny"
                                            : "this should be an error";
    }
    return is_error ? NULL : compare_items(d, e, ret_item);
}

static void report(struct cli_out *out, const char *path, size_t number, struct slice name,
                   const char *problem, struct slice item) {
    out_format(out, "%s:%zu: ", path, number);
    out_add(out, name);
    out_str(out, name.len > 0 ? ": " : "");
    out_str(out, problem);
    out_add(out, item);
    out_str(out, "\n");
}

static bool run_line(struct decider *d, const char *path, size_t number, struct slice line,
                     struct cli_out *out) {
    struct one_case c;
    struct slice item;
    struct status s = read_case(line, &c);
    if (failed(s)) {
        report(out, path, number, slice_of(NULL, 0), error_info(s.code)->cause,
               SLICE(" A case is {\"name\", \"facts\", \"expect\"}."));
        return false;
    }
    bool is_error = failed(decide_facts(d, c.facts));
    const char *problem = compare(d, &c.expect, is_error, &item);
    if (problem == NULL) {
        return true;
    }
    report(out, path, number, c.name, problem, item);
    out_str(out, "  facts  ");
    out_add(out, c.facts);
    out_str(out, "\n  answer ");
    out_add(out, decide_line(d, c.facts));
    return false;
}

int cases_run(struct decider *d, const char *command, const char *path, struct cli_out *out,
              struct cases_count *count) {
    struct cli_lines in;
    struct slice line;
    bool too_long;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return cli_fail(CLI_DIFFERS, command, "%s: the cases cannot be opened", path);
    }
    lines_init(&in, fd, CASES_MAX_LINE_BYTES);
    for (size_t number = 1; lines_next(&in, NULL, &line, &too_long); number++) {
        if (!too_long && slice_trim(line).len == 0) {
            continue;
        }
        bool good = !too_long && run_line(d, path, number, line, out);
        if (too_long) {
            report(out, path, number, slice_of(NULL, 0), "the line is too long", SLICE(""));
        }
        count->passed += good;
        count->failed += !good;
    }
    bool broken = in.broken;
    lines_done(&in);
    close(fd);
    return broken ? cli_fail(CLI_DIFFERS, command, "%s: the cases cannot be read", path) : CLI_OK;
}

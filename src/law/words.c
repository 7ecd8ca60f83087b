/* Small things that clauses hold: names, dates, strings, keywords; and what is said when
 * something else stands there. */
#include "reader.h"

#include <stdio.h>
#include <string.h>

struct status law_unexpected(struct law_text *t, struct law_token got, const char *wanted) {
    char shown[LAW_HELP_BYTES];
    return law_error(t->r->report, t->r->file, got, "syntax", "", "expected %s, found %s", wanted,
                     law_token_text(got, shown, sizeof shown));
}

struct status law_read_end(struct law_text *t) {
    struct law_token got = law_next(&t->cursor);
    return got.kind == TOK_END ? STATUS_OK : law_unexpected(t, got, "the end of the clause");
}

struct status law_read_string(struct law_text *t, struct slice *ret_text) {
    struct law_token got = law_next(&t->cursor);
    if (got.kind != TOK_STRING) {
        return law_unexpected(t, got, "a string in double quotes");
    }
    if (got.text.len > LAW_MAX_STRING_BYTES) {
        return law_error(t->r->report, t->r->file, got, "limit", "say it shorter",
                         "a string has at most %d bytes", LAW_MAX_STRING_BYTES);
    }
    return law_unescape(&t->r->set->arena, got, ret_text);
}

static bool is_name(struct slice s) {
    bool good = s.len > 0 && s.len <= LAW_MAX_NAME_BYTES &&
                ((s.ptr[0] >= 'a' && s.ptr[0] <= 'z') || (s.ptr[0] >= 'A' && s.ptr[0] <= 'Z'));
    for (size_t i = 0; good && i < s.len; i++) {
        uint8_t c = s.ptr[i];
        good = c != '.' && c != ':' && c != '+';
    }
    return good;
}

static bool is_taken(struct slice s) {
    static const char *const words[] = {"and",     "or",      "not",  "is",        "in",
                                        "unknown", "known",   "same", "as",        "if",
                                        "present", "matches", "when", "uncovered", "from",
                                        "until",   "absent",  "true", "false"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (slice_eq(s, slice_str(words[i]))) {
            return true;
        }
    }
    return law_fact_find_any(s) != LAW_NO_FACT || law_group_find(s) != LAW_NO_GROUP ||
           law_country_find(s) != 0;
}

struct status law_read_name(struct law_text *t, const char *what, struct slice *ret_name) {
    struct law_token got = law_next(&t->cursor);
    if (got.kind != TOK_WORD || !is_name(got.text)) {
        return law_unexpected(t, got, what);
    }
    if (is_taken(got.text)) {
        return law_error(t->r->report, t->r->file, got, "name", "take another name",
                         "`%.*s` means something already", SLICE_ARG(got.text));
    }
    *ret_name = got.text;
    return STATUS_OK;
}

/* Letters, digits, dots, dashes and round brackets. */
struct status law_read_article(struct law_text *t, struct slice *ret_article) {
    struct law_token got = law_next_article(&t->cursor);
    bool good = got.kind == TOK_WORD && got.text.len <= LAW_MAX_NAME_BYTES;
    for (size_t i = 0; good && i < got.text.len; i++) {
        good = strchr("_:+", got.text.ptr[i]) == NULL;
    }
    if (!good) {
        return law_unexpected(t, got, "an article, as `8(1)`");
    }
    *ret_article = got.text;
    return STATUS_OK;
}

struct status law_read_date(struct law_text *t, int32_t *ret_day) {
    struct date d;
    struct law_token got = law_next(&t->cursor);
    if (got.kind != TOK_WORD || failed(date_parse(got.text, &d))) {
        return law_unexpected(t, got, "a date, as `2026-11-21`");
    }
    *ret_day = d.days;
    return STATUS_OK;
}

static struct status read_tail_part(struct law_text *t, struct law_tail *tail) {
    struct law_token got = law_peek(&t->cursor);
    if (got.kind == TOK_STRING) {
        return law_read_string(t, &tail->source);
    }
    if (law_take(&t->cursor, "from")) {
        return law_read_date(t, &tail->from);
    }
    if (law_take(&t->cursor, "until")) {
        return law_read_date(t, &tail->until);
    }
    if (law_take(&t->cursor, "unverified")) {
        tail->unverified = true;
        return STATUS_OK;
    }
    return law_unexpected(t, got, "`from`, `until`, `unverified` or a string");
}

struct status law_read_tail(struct law_text *t, struct law_tail *ret_tail) {
    struct law_token first = law_peek(&t->cursor);
    *ret_tail = (struct law_tail){.from = NO_START, .until = NO_END};
    while (law_peek(&t->cursor).kind != TOK_END) {
        TRY(read_tail_part(t, ret_tail));
    }
    if (ret_tail->from > ret_tail->until) {
        return law_error(t->r->report, t->r->file, first, "date",
                         "both dates are inclusive; put the earlier first",
                         "it ends before it begins");
    }
    if (ret_tail->unverified) {
        TRY(law_tell(t->r->report, LAW_NOTE, t->r->file,
                     law_place(t->r->file, first.line, t->r->file->lines.ptr[first.line].indent),
                     "unverified", "", "nobody verified this row"));
    }
    return STATUS_OK;
}

struct status law_read_keyword(struct law_text *t, const char *const *list, size_t count,
                               const char *what, size_t *ret_index) {
    char help[LAW_HELP_BYTES];
    char shown[LAW_HELP_BYTES];
    struct law_token got = law_next(&t->cursor);
    struct law_nearest nearest = law_nearest_to(got.text);
    for (size_t i = 0; i < count; i++) {
        if (got.kind == TOK_WORD && slice_eq(got.text, slice_str(list[i]))) {
            *ret_index = i;
            return STATUS_OK;
        }
        law_nearest_try(&nearest, slice_str(list[i]));
    }
    return law_error(t->r->report, t->r->file, got, "name",
                     law_nearest_help(&nearest, help, sizeof help), "%s is no %s",
                     law_token_text(got, shown, sizeof shown), what);
}

#define NAME_TEXT(name, text) text,
static const char *const need_names[] = {LAW_NEEDS(NAME_TEXT)};
static const char *const duty_names[] = {LAW_DUTIES(NAME_TEXT)};

struct slice law_need_name(enum law_need need) {
    return need < LAW_NEED_COUNT ? slice_str(need_names[need]) : SLICE("");
}

struct slice law_duty_name(enum law_duty duty) {
    return duty < LAW_DUTY_COUNT ? slice_str(duty_names[duty]) : SLICE("");
}

enum law_need law_need_find(struct slice name) {
    int i = 0;
    while (i < LAW_NEED_COUNT && !slice_eq(name, slice_str(need_names[i]))) {
        i++;
    }
    return (enum law_need)i;
}

enum law_duty law_duty_find(struct slice name) {
    int i = 0;
    while (i < LAW_DUTY_COUNT && !slice_eq(name, slice_str(duty_names[i]))) {
        i++;
    }
    return (enum law_duty)i;
}

struct status law_read_need(struct law_text *t, enum law_need *ret_need) {
    size_t index;
    TRY(law_read_keyword(t, need_names, LAW_NEED_COUNT, "need", &index));
    *ret_need = (enum law_need)index;
    return STATUS_OK;
}

struct status law_read_duty(struct law_text *t, enum law_duty *ret_duty) {
    size_t index;
    TRY(law_read_keyword(t, duty_names, LAW_DUTY_COUNT, "duty", &index));
    *ret_duty = (enum law_duty)index;
    return STATUS_OK;
}

/* Reads the template of a notice (docs/NOTICE.md): lines of keywords and sentences with
 * {placeholders}. Must never let a notice through that leaves out what GDPR Art. 13 asks for. */
#include "template.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { ARENA_BYTES = 1 << 20, MESSAGE_BYTES = 400 };

struct reading {
    struct notice_template *t;
    struct law_report *report;
    struct slice line;    /* the one being read, whole */
    uint32_t number;      /* from 1 */
    int section;          /* enum notice_section, or -1: none, -2: the words */
    bool has_heading;
    bool wrong;
};
enum { IN_NOTHING = -1, IN_WORDS = -2 };

/* --- mistakes --- */

static struct status tell(struct reading *r, uint32_t number, struct slice at, const char *help,
                          const char *format, va_list args) {
    char message[MESSAGE_BYTES];
    struct law_diagnostic d = {.severity = LAW_ERROR, .kind = "notice", .file = r->t->name,
                               .line = number, .column = 1, .mark_bytes = 1};
    r->wrong = true;
    if (vsnprintf(message, sizeof message, format, args) < 0) {
        return FAIL(E_ENCODING);
    }
    d.message = slice_str(message);
    d.help = slice_str(help);
    if (number > 0) {
        d.source = r->line;
        d.column = at.ptr == NULL ? 1 : (uint32_t)(at.ptr - r->line.ptr) + 1;
        d.mark_bytes = at.len == 0 ? 1 : (uint32_t)at.len;
    }
    return law_report_add(r->report, d);
}

/* `at` is a part of the line being read. */
__attribute__((format(printf, 4, 5))) static struct status
fault(struct reading *r, struct slice at, const char *help, const char *format, ...) {
    va_list args;
    va_start(args, format);
    struct status s = tell(r, r->number, at, help, format, args);
    va_end(args);
    return s;
}

/* About the file as a whole. */
__attribute__((format(printf, 3, 4))) static struct status
lack(struct reading *r, const char *help, const char *format, ...) {
    va_list args;
    va_start(args, format);
    struct status s = tell(r, 0, SLICE(""), help, format, args);
    va_end(args);
    return s;
}

/* --- small things --- */

/* Takes the next word off the front. */
static struct slice take_word(struct slice *text) {
    struct slice word = slice_sub(*text, 0, slice_find(*text, ' '));
    *text = slice_trim(slice_from(*text, word.len));
    return word;
}

static struct slice keep(struct reading *r, struct slice text, struct status *ret_status) {
    struct slice copy = {NULL, 0};
    *ret_status = arena_copy(&r->t->arena, text, &copy);
    return copy;
}

/* The next {placeholder} of a text; false at the end. ret_open says that a brace is left open. */
static bool next_fill(struct slice *rest, struct slice *ret_name, bool *ret_open) {
    size_t from = slice_find(*rest, '{');
    *ret_open = false;
    if (from == rest->len) {
        return false;
    }
    struct slice after = slice_from(*rest, from + 1);
    size_t len = slice_find(after, '}');
    *ret_open = len == after.len;
    *ret_name = slice_sub(after, 0, len);
    *rest = slice_from(after, len + 1);
    return true;
}

/* --- sentences --- */

/* What can be filled in here: always what the notice has, and what `each` brings. */
static bool at_hand(uint8_t scope, int section, uint8_t each) {
    return scope == SCOPE_NOTICE || scope == each ||
           (scope == SCOPE_PURPOSE && section == SECTION_PURPOSE);
}

static struct status check_fills(struct reading *r, struct slice text, uint8_t each) {
    struct slice rest = text;
    struct slice name;
    bool open;
    while (next_fill(&rest, &name, &open)) {
        int fill = notice_named_find(notice_fills, FILL_COUNT, name);
        if (open) {
            return fault(r, name, "close it with `}`", "a placeholder is not closed");
        }
        if (fill < 0) {
            TRY(fault(r, name, "docs/NOTICE.md lists them", "there is no placeholder `%.*s`",
                      SLICE_ARG(name)));
        } else if (!at_hand(notice_fills[fill].scope, r->section, each)) {
            TRY(fault(r, name, "begin the line with `each` and what it is about",
                      "`%.*s` of what? Nothing is at hand here", SLICE_ARG(name)));
        }
    }
    return STATUS_OK;
}

static struct status check_word_fills(struct reading *r, struct slice text, const char *allowed) {
    struct slice rest = text;
    struct slice name;
    bool open;
    while (next_fill(&rest, &name, &open)) {
        if (open || !notice_list_holds(allowed, name)) {
            TRY(fault(r, name, allowed, "this word has no placeholder `%.*s`", SLICE_ARG(name)));
        }
    }
    rest = slice_str(allowed);
    while (slice_next(&rest, ' ', &name)) {
        char braced[40];
        (void)snprintf(braced, sizeof braced, "{%.*s}", SLICE_ARG(name));
        if (name.len > 0 && memmem(text.ptr, text.len, braced, strlen(braced)) == NULL) {
            TRY(fault(r, text, "put it where it belongs", "this word lacks `%s`", braced));
        }
    }
    return STATUS_OK;
}

static struct status read_each(struct reading *r, struct slice *text, struct template_line *line) {
    static const char *const names[] = {"", "purpose", "category", "recipient"};
    struct slice name = take_word(text);
    for (uint8_t i = SCOPE_PURPOSE; i < SCOPE_COUNT; i++) {
        if (slice_eq(name, slice_str(names[i]))) {
            line->each = i;
            return STATUS_OK;
        }
    }
    return fault(r, name, "purpose, category or recipient", "each of what?");
}

static struct status read_when(struct reading *r, struct slice *text, struct template_line *line,
                               bool unless) {
    struct slice name = take_word(text);
    int condition = notice_named_find(notice_conditions, COND_COUNT, name);
    if (condition < 0 || line->terms == LINE_TERMS) {
        return fault(r, name, "docs/NOTICE.md lists them", "there is no condition `%.*s`",
                     SLICE_ARG(name));
    }
    line->when[line->terms] = (uint8_t)condition;
    line->unless[line->terms++] = unless;
    return STATUS_OK;
}

/* `[each THING] [when CONDITION | unless CONDITION]... say|item SENTENCE` */
static struct status read_sentence(struct reading *r, struct slice word, struct slice text) {
    struct template_line line = {.number = r->number, .section = (uint8_t)r->section};
    struct status s = STATUS_OK;
    while (!slice_eq(word, SLICE("say")) && !slice_eq(word, SLICE("item"))) {
        if (slice_eq(word, SLICE("each"))) {
            TRY(read_each(r, &text, &line));
        } else if (slice_eq(word, SLICE("when")) || slice_eq(word, SLICE("unless"))) {
            TRY(read_when(r, &text, &line, word.ptr[0] == 'u'));
        } else {
            return fault(r, word, "say, item, each, when, unless or heading",
                         "`%.*s` is no word of a section", SLICE_ARG(word));
        }
        word = take_word(&text);
    }
    line.item = word.ptr[0] == 'i';
    if (text.len == 0 || r->t->line_count == NOTICE_LINES) {
        return fault(r, word, "write a sentence behind it", "there is nothing to say");
    }
    TRY(check_fills(r, text, line.each));
    line.text = keep(r, text, &s);
    r->t->lines[r->t->line_count++] = line;
    return s;
}

static struct status read_heading(struct reading *r, struct slice text) {
    struct status s;
    if (r->has_heading) {
        return fault(r, text, "leave one out", "a second heading");
    }
    r->has_heading = true;
    TRY(check_fills(r, text, SCOPE_NOTICE));
    r->t->headings[r->section] = keep(r, text, &s);
    return s;
}

static struct status read_word(struct reading *r, struct slice name, struct slice text) {
    struct notice_template *t = r->t;
    struct status s;
    int word = notice_named_find(notice_words, WORD_COUNT, name);
    struct slice *place = word >= 0 ? &t->words[word] : NULL;
    if (slice_starts(name, SLICE("country."))) {
        uint8_t country = law_country_find(slice_from(name, 8));
        place = country != 0 ? &t->countries[country] : NULL;
    }
    if (place == NULL) {
        return fault(r, name, "docs/NOTICE.md lists them", "there is no word `%.*s`",
                     SLICE_ARG(name));
    }
    if (place->len > 0 || text.len == 0) {
        return fault(r, name, "say it once", "`%.*s` is said twice, or not at all",
                     SLICE_ARG(name));
    }
    TRY(check_word_fills(r, text, word >= 0 ? notice_words[word].detail : ""));
    *place = keep(r, text, &s);
    return s;
}

/* --- lines --- */

static struct status begin_section(struct reading *r, struct slice name) {
    struct notice_template *t = r->t;
    int section = notice_named_find(notice_sections, SECTION_COUNT, name);
    if (section < 0) {
        return fault(r, name, "docs/NOTICE.md lists them", "there is no section `%.*s`",
                     SLICE_ARG(name));
    }
    for (size_t i = 0; i < t->section_count; i++) {
        if (t->order[i] == section) {
            return fault(r, name, "make one of both", "the section `%.*s` is there already",
                         SLICE_ARG(name));
        }
    }
    t->order[t->section_count++] = (uint8_t)section;
    r->section = section;
    r->has_heading = false;
    return STATUS_OK;
}

static struct status read_audience(struct reading *r, struct slice text) {
    r->t->child = slice_eq(text, SLICE("child"));
    r->t->audience_known = r->t->child || slice_eq(text, SLICE("adult"));
    return r->t->audience_known ? STATUS_OK : fault(r, text, "adult or child", "for whom?");
}

static struct status read_top(struct reading *r, struct slice word, struct slice text) {
    struct status s;
    r->section = IN_NOTHING;
    if (slice_eq(word, SLICE("language"))) {
        r->t->tag = law_language_parse(text);
        r->t->language = keep(r, text, &s);
        TRY(s);
        return r->t->tag != 0 ? STATUS_OK : fault(r, text, "as `nl`", "this is no language");
    }
    if (slice_eq(word, SLICE("audience"))) {
        return read_audience(r, text);
    }
    if (slice_eq(word, SLICE("title"))) {
        TRY(check_fills(r, text, SCOPE_NOTICE));
        r->t->title = keep(r, text, &s);
        return s;
    }
    if (slice_eq(word, SLICE("section"))) {
        return begin_section(r, text);
    }
    if (slice_eq(word, SLICE("words")) && text.len == 0) {
        r->section = IN_WORDS;
        return STATUS_OK;
    }
    return fault(r, word, "language, audience, title, section or words",
                 "`%.*s` begins nothing", SLICE_ARG(word));
}

static struct status read_line(struct reading *r) {
    struct slice text = slice_trim(r->line);
    if (text.len == 0 || text.ptr[0] == '#') {
        return STATUS_OK;
    }
    bool inside = r->line.ptr[0] == ' ';
    struct slice word = take_word(&text);
    if (!inside) {
        return read_top(r, word, text);
    }
    if (r->section == IN_WORDS) {
        return read_word(r, word, text);
    }
    if (r->section == IN_NOTHING) {
        return fault(r, word, "begin a section before", "this stands in no section");
    }
    return slice_eq(word, SLICE("heading")) ? read_heading(r, text) : read_sentence(r, word, text);
}

/* --- the whole --- */

/* Whether some line of the section asks for this, in a sentence or as a condition. */
static bool section_has(const struct notice_template *t, size_t section, struct slice what) {
    char braced[40];
    (void)snprintf(braced, sizeof braced, "{%.*s}", SLICE_ARG(what));
    const struct slice heading = t->headings[section];
    bool found = memmem(heading.ptr, heading.len, braced, strlen(braced)) != NULL;
    for (size_t i = 0; i < t->line_count && !found; i++) {
        const struct template_line *l = &t->lines[i];
        if (l->section != section) {
            continue;
        }
        found = memmem(l->text.ptr, l->text.len, braced, strlen(braced)) != NULL;
        for (size_t k = 0; k < l->terms && !found; k++) {
            found = slice_eq(slice_str(notice_conditions[l->when[k]].text), what);
        }
    }
    return found;
}

static struct status check_section(struct reading *r, size_t section) {
    const struct notice_named *info = &notice_sections[section];
    struct slice rest = slice_str(info->detail);
    struct slice what;
    char help[80];
    (void)snprintf(help, sizeof help, "GDPR Art. %s asks for it", info->article);
    if (r->t->headings[section].len == 0) {
        return lack(r, help, "there is no section `%s` with a heading", info->text);
    }
    while (slice_next(&rest, ' ', &what)) {
        if (!section_has(r->t, section, what)) {
            TRY(lack(r, help, "the section `%s` says nothing of `%.*s`", info->text,
                     SLICE_ARG(what)));
        }
    }
    return STATUS_OK;
}

static struct status check_whole(struct reading *r) {
    const struct notice_template *t = r->t;
    if (t->language.len == 0 || !t->audience_known || t->title.len == 0) {
        TRY(lack(r, "begin with the three of them", "the language, the audience or the title is "
                                                    "missing"));
    }
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        TRY(check_section(r, i));
    }
    for (size_t i = 0; i < WORD_COUNT; i++) {
        if (t->words[i].len == 0) {
            TRY(lack(r, "say it below `words`", "the word `%s` is missing",
                     notice_words[i].text));
        }
    }
    return STATUS_OK;
}

static struct status read_lines(struct reading *r, const struct law_source *source) {
    struct slice rest = source->text;
    r->t->lines = arena_array(&r->t->arena, NOTICE_LINES, sizeof *r->t->lines);
    if (r->t->lines == NULL) {
        return FAIL(E_MEMORY);
    }
    TRY(arena_copy(&r->t->arena, source->name, &r->t->name));
    if (source->text.len > NOTICE_FILE_BYTES) {
        return FAIL(E_TOO_LARGE);
    }
    if (!slice_is_utf8(source->text)) {
        TRY(lack(r, "save it as UTF-8", "the text is not well-formed UTF-8"));
        return FAIL(NOTICE_INVALID);
    }
    while (slice_next(&rest, '\n', &r->line)) {
        r->number++;
        TRY(read_line(r));
    }
    TRY(check_whole(r));
    return r->wrong ? FAIL(NOTICE_INVALID) : STATUS_OK;
}

struct status notice_template_load(const struct law_source *source, struct law_report *report,
                                   struct notice_template **ret_template) {
    struct notice_template *t CLEANUP(notice_template_free) = mem_alloc(sizeof *t);
    struct reading r = {.t = t, .report = report, .section = IN_NOTHING};
    if (t == NULL) {
        return FAIL(E_MEMORY);
    }
    arena_init(&t->arena, ARENA_BYTES);
    TRY(read_lines(&r, source));
    *ret_template = t;
    t = NULL;
    return STATUS_OK;
}

void notice_template_free(struct notice_template **template) {
    if (*template != NULL) {
        arena_done(&(*template)->arena);
        mem_free(*template);
        *template = NULL;
    }
}

struct slice notice_template_language(const struct notice_template *template) {
    return template->language;
}

bool notice_template_child(const struct notice_template *template) {
    return template->child;
}

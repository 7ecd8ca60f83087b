/* Reads the templates of a directory, and says what a map lacks for them. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "template.h"

enum { NAME_BYTES = 128 };

struct names {
    char name[NOTICE_TEMPLATES][NAME_BYTES];
    size_t count;
};

/* Keeps the names in order. */
static struct status note_name(void *arg, const char *name, bool is_dir) {
    struct names *names = arg;
    if (is_dir || name[0] == '.' || !slice_ends(slice_str(name), SLICE(".txt"))) {
        return STATUS_OK;
    }
    if (names->count == NOTICE_TEMPLATES || strlen(name) >= NAME_BYTES) {
        return FAIL(E_TOO_LARGE);
    }
    size_t at = names->count++;
    for (; at > 0 && strcmp(names->name[at - 1], name) > 0; at--) {
        memcpy(names->name[at], names->name[at - 1], NAME_BYTES);
    }
    memcpy(names->name[at], name, strlen(name) + 1);
    return STATUS_OK;
}

static struct status load_one(const struct os_fs *fs, const char *path, struct law_report *report,
                              struct notice_templates *all) {
    struct buf text CLEANUP(buf_done);
    struct notice_template *t = NULL;
    buf_init(&text, NOTICE_FILE_BYTES);
    TRY(os_read_file(fs, path, &text));
    struct law_source source = {slice_str(path), buf_slice(&text)};
    TRY(notice_template_load(&source, report, &t));
    all->items[all->count++] = t;
    return STATUS_OK;
}

/* Goes on after a template that is not valid, so that one run shows all mistakes. */
static struct status load_names(const struct os_fs *fs, const char *dir,
                                const struct names *names, struct law_report *report,
                                struct notice_templates *all) {
    struct status worst = STATUS_OK;
    for (size_t i = 0; i < names->count; i++) {
        char path[OS_PATH_MAX];
        int len = snprintf(path, sizeof path, "%s/%s", dir, names->name[i]);
        if (len < 0 || (size_t)len >= sizeof path) {
            return FAIL(E_TOO_LARGE);
        }
        struct status s = load_one(fs, path, report, all);
        if (failed(s) && s.code != NOTICE_INVALID) {
            return s;
        }
        worst = failed(s) ? s : worst;
    }
    return worst;
}

struct status notice_templates_load(const struct os_fs *fs, const char *dir,
                                    struct law_report *report,
                                    struct notice_templates *ret_templates) {
    struct names *names = mem_alloc(sizeof *names);
    *ret_templates = (struct notice_templates){.count = 0};
    if (names == NULL) {
        return FAIL(E_MEMORY);
    }
    struct status s = os_list(fs, dir, note_name, names);
    s = failed(s) ? s : load_names(fs, dir, names, report, ret_templates);
    s = failed(s) ? s : ret_templates->count == 0 ? FAIL(E_FILE_MISSING) : STATUS_OK;
    mem_free(names);
    if (failed(s)) {
        notice_templates_done(ret_templates);
    }
    return s;
}

void notice_templates_done(struct notice_templates *templates) {
    for (size_t i = 0; i < templates->count; i++) {
        notice_template_free(&templates->items[i]);
    }
    templates->count = 0;
}

const struct notice_template *notice_find(const struct notice_templates *templates,
                                          struct slice language, bool child) {
    uint32_t tag = law_language_parse(language);
    for (size_t i = 0; i < templates->count && tag != 0; i++) {
        if (templates->items[i]->tag == tag && templates->items[i]->child == child) {
            return templates->items[i];
        }
    }
    return NULL;
}

/* --- what a map lacks --- */

struct checking {
    const struct notice_template *t;
    const struct law_map *map;
    struct slice map_name;
    struct law_report *report;
};

__attribute__((format(printf, 3, 4))) static struct status
lack(const struct checking *c, struct slice file, const char *format, ...) {
    char message[300];
    struct law_diagnostic d = {.severity = LAW_ERROR, .kind = "notice", .file = file,
                               .help = SLICE("docs/NOTICE.md tells what a notice needs")};
    va_list args;
    va_start(args, format);
    int len = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (len < 0) {
        return FAIL(E_ENCODING);
    }
    d.message = slice_str(message);
    return law_report_add(c->report, d);
}

static bool has_words(const struct checking *c, const struct law_words *words, size_t count,
                      enum law_words_kind kind) {
    for (size_t i = 0; i < count; i++) {
        if (words[i].kind == kind && words[i].language == c->t->tag) {
            return true;
        }
    }
    return false;
}

/* The title after the name is the English one. */
static struct status check_words(const struct checking *c, const char *what, struct slice name,
                                 const struct law_words *words, size_t count, bool with_why) {
    static const char *const clauses[] = {"title", "why", "child", "child-why"};
    enum law_words_kind title = c->t->child ? LAW_WORDS_CHILD : LAW_WORDS_TITLE;
    enum law_words_kind why = c->t->child ? LAW_WORDS_CHILD_WHY : LAW_WORDS_WHY;
    bool english = c->t->tag == law_language_parse(SLICE("en")) && !c->t->child;
    if (!english && !has_words(c, words, count, title)) {
        TRY(lack(c, c->map_name, "the %s `%.*s` has no `%s %.*s \"...\"`", what, SLICE_ARG(name),
                 clauses[title], SLICE_ARG(c->t->language)));
    }
    if (with_why && !has_words(c, words, count, why)) {
        TRY(lack(c, c->map_name, "the %s `%.*s` has no `%s %.*s \"...\"`", what, SLICE_ARG(name),
                 clauses[why], SLICE_ARG(c->t->language)));
    }
    return STATUS_OK;
}

static struct status check_country(const struct checking *c, uint8_t country) {
    if (country == 0 || c->t->countries[country].len > 0) {
        return STATUS_OK;
    }
    return lack(c, c->t->name, "the word `country.%.*s` is missing, and the map names the country",
                SLICE_ARG(law_country_code(country)));
}

static struct status check_template(const struct checking *c) {
    for (size_t i = 0; i < law_map_categories(c->map); i++) {
        const struct law_map_category *k = law_map_category(c->map, i);
        TRY(check_words(c, "category", k->name, k->words, k->words_count, false));
    }
    for (size_t i = 0; i < law_map_purposes(c->map); i++) {
        const struct law_map_purpose *p = law_map_purpose(c->map, i);
        TRY(check_words(c, "purpose", p->name, p->words, p->words_count, true));
    }
    for (size_t i = 0; i < law_map_recipients(c->map); i++) {
        const struct law_map_recipient *r = law_map_recipient(c->map, i);
        TRY(check_words(c, "recipient", r->name, r->words, r->words_count, false));
        TRY(check_country(c, r->country));
    }
    return check_country(c, law_map_controller(c->map)->country);
}

struct status notice_check(const struct notice_templates *templates, const struct law_map *map,
                           struct slice map_name, struct law_report *report) {
    struct checking c = {.map = map, .map_name = map_name, .report = report};
    for (size_t i = 0; i < templates->count; i++) {
        c.t = templates->items[i];
        TRY(check_template(&c));
        if (notice_find(templates, c.t->language, !c.t->child) == NULL) {
            TRY(lack(&c, c.t->name, "there is no notice in this language for %s",
                     c.t->child ? "adults" : "children"));
        }
    }
    return STATUS_OK;
}

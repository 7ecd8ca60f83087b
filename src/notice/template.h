/* A template of a notice in memory, and the lists of what may stand in one. */
#ifndef WARD_NOTICE_TEMPLATE_H
#define WARD_NOTICE_TEMPLATE_H

#include "base/arena.h"
#include "notice/notice.h"

enum notice_word {
#define WORD(name, text, placeholders) WORD_##name,
#include "words.def"
#undef WORD
    WORD_COUNT
};

enum notice_section {
#define SECTION(name, text, article, must) SECTION_##name,
#include "sections.def"
#undef SECTION
    SECTION_COUNT
};

enum notice_subject { OF_PURPOSE, OF_RECIPIENT };

enum notice_condition {
#define CONDITION(name, text, subject) COND_##name,
#include "conditions.def"
#undef CONDITION
    COND_COUNT
};

/* Placeholders, by what must be at hand to fill them. */
enum notice_scope { SCOPE_NOTICE, SCOPE_PURPOSE, SCOPE_CATEGORY, SCOPE_RECIPIENT, SCOPE_COUNT };

enum notice_placeholder {
    FILL_SERVICE, FILL_CONTROLLER, FILL_ADDRESS, FILL_CONTACT, FILL_OFFICER, FILL_COUNTRY,
    FILL_PURPOSE, FILL_WHY, FILL_GROUNDS,
    FILL_CATEGORY, FILL_ABOUT, FILL_KEPT,
    FILL_RECIPIENT, FILL_ROLE, FILL_PLACE, FILL_SAFEGUARD, FILL_DATA,
    FILL_COUNT
};

struct notice_named {
    const char *text;
    const char *detail; /* of words their placeholders, of sections what they must hold */
    const char *article;
    uint8_t scope;      /* of placeholders enum notice_scope, of conditions enum notice_subject */
};
extern const struct notice_named notice_words[WORD_COUNT];
extern const struct notice_named notice_sections[SECTION_COUNT];
extern const struct notice_named notice_conditions[COND_COUNT];
extern const struct notice_named notice_fills[FILL_COUNT];
/* The place in the list, or -1. */
int notice_named_find(const struct notice_named *list, size_t count, struct slice name);
/* Whether the word stands in a list parted by spaces. */
bool notice_list_holds(const char *list, struct slice word);

enum { LINE_TERMS = 3 };

struct template_line {
    struct slice text;
    uint32_t number; /* from 1 */
    uint8_t section; /* enum notice_section */
    uint8_t each;    /* enum notice_scope; SCOPE_NOTICE: once */
    uint8_t when[LINE_TERMS]; /* enum notice_condition */
    bool unless[LINE_TERMS];
    uint8_t terms;
    bool item;
};

struct notice_template {
    struct arena arena;
    struct slice name; /* of the file */
    struct slice language;
    uint32_t tag;
    bool child;
    bool audience_known;
    struct slice title;
    struct slice words[WORD_COUNT];
    struct slice countries[LAW_COUNTRIES + 1];
    struct slice headings[SECTION_COUNT];
    uint8_t order[SECTION_COUNT]; /* sections as they stand in the file */
    size_t section_count;
    struct template_line *lines;
    size_t line_count;
};

#endif

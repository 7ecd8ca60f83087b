/* The lists of words, sections, conditions and placeholders of templates. */
#include <string.h>

#include "template.h"

#define WORD(name, said, placeholders) {.text = said, .detail = placeholders},
const struct notice_named notice_words[WORD_COUNT] = {
#include "words.def"
};
#undef WORD

#define SECTION(name, said, cited, must) {.text = said, .detail = must, .article = cited},
const struct notice_named notice_sections[SECTION_COUNT] = {
#include "sections.def"
};
#undef SECTION

#define CONDITION(name, said, subject) {.text = said, .scope = subject},
const struct notice_named notice_conditions[COND_COUNT] = {
#include "conditions.def"
};
#undef CONDITION

const struct notice_named notice_fills[FILL_COUNT] = {
    [FILL_SERVICE] = {.text = "service", .scope = SCOPE_NOTICE},
    [FILL_CONTROLLER] = {.text = "controller", .scope = SCOPE_NOTICE},
    [FILL_ADDRESS] = {.text = "address", .scope = SCOPE_NOTICE},
    [FILL_CONTACT] = {.text = "contact", .scope = SCOPE_NOTICE},
    [FILL_OFFICER] = {.text = "officer", .scope = SCOPE_NOTICE},
    [FILL_COUNTRY] = {.text = "country", .scope = SCOPE_NOTICE},
    [FILL_PURPOSE] = {.text = "purpose", .scope = SCOPE_PURPOSE},
    [FILL_WHY] = {.text = "why", .scope = SCOPE_PURPOSE},
    [FILL_GROUNDS] = {.text = "grounds", .scope = SCOPE_PURPOSE},
    [FILL_CATEGORY] = {.text = "category", .scope = SCOPE_CATEGORY},
    [FILL_ABOUT] = {.text = "about", .scope = SCOPE_CATEGORY},
    [FILL_KEPT] = {.text = "kept", .scope = SCOPE_CATEGORY},
    [FILL_RECIPIENT] = {.text = "recipient", .scope = SCOPE_RECIPIENT},
    [FILL_ROLE] = {.text = "role", .scope = SCOPE_RECIPIENT},
    [FILL_PLACE] = {.text = "place", .scope = SCOPE_RECIPIENT},
    [FILL_SAFEGUARD] = {.text = "safeguard", .scope = SCOPE_RECIPIENT},
    [FILL_DATA] = {.text = "data", .scope = SCOPE_RECIPIENT},
};

int notice_named_find(const struct notice_named *list, size_t count, struct slice name) {
    for (size_t i = 0; i < count; i++) {
        if (slice_eq(slice_str(list[i].text), name)) {
            return (int)i;
        }
    }
    return -1;
}

bool notice_list_holds(const char *list, struct slice word) {
    struct slice rest = slice_str(list);
    struct slice one;
    while (slice_next(&rest, ' ', &one)) {
        if (one.len > 0 && slice_eq(one, word)) {
            return true;
        }
    }
    return false;
}

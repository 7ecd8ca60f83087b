/* Rules about themselves and about each other: those that can never speak, that no case
 * exercises, that contradict. */
#include "check.h"

#include <string.h>

#include "base/mem.h"

static const char *const kind_words[] = {"forbid", "require", "duty", "ground"};

static struct law_token rule_place(const struct law_rule_text *text) {
    return law_place(NULL, text->line, text->column);
}

static struct status untested(const struct law_set *set, uint32_t i, struct law_sides side,
                              struct law_report *report) {
    static const char *const spoke[] = {"forbids", "is not met", "is owed", "holds"};
    static const char *const silent[] = {"does not apply", "is met", "is not owed",
                                         "does not hold"};
    const struct law_rule_text *text = &set->rule_texts.ptr[i];
    uint8_t kind = set->rules.ptr[i].kind;
    /* Without `when` it always speaks: there is no other side. */
    bool always = text->when.node == NO_NODE && (kind == RULE_DUTY || kind == RULE_FORBID);
    if (side.spoke && (side.silent || always)) {
        return STATUS_OK;
    }
    const char *missing = side.spoke ? silent[kind] : spoke[kind];
    return law_tell(report, LAW_WARNING, &set->files.ptr[text->file], rule_place(text), "untested",
                    "add a case on that side of its edge", "no case in which `%s` of %.*s %s%s%s",
                    kind_words[kind], SLICE_ARG(text->article), missing,
                    side.spoke || side.silent ? "" : ", none in which it ",
                    side.spoke || side.silent ? "" : silent[kind]);
}

struct status law_check_rules(const struct law_set *set, const struct law_sides *sides,
                              struct law_report *report) {
    for (uint32_t i = 0; i < set->rules.len; i++) {
        TRY(untested(set, i, sides[i], report));
    }
    return law_check_conflicts(set, report);
}

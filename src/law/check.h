/* Checks of a loaded set beyond reading: shared by cases, exercise and contradictions. */
#ifndef WARD_LAW_CHECK_H
#define WARD_LAW_CHECK_H

#include "lex.h"

/* What the cases showed of each rule. */
struct law_sides {
    bool spoke;
    bool silent;
};

/* The facts of a case, settled. A fact that cannot be set, or settled, is `ret_fault`. */
MUST_USE struct status law_case_facts(const struct law_set *set, const struct law_case *c,
                                      int64_t now_unix_ms, struct law_facts *ret_facts,
                                      const struct law_given **ret_fault);
MUST_USE struct status law_check_cases(const struct law_set *set, int64_t now_unix_ms,
                                       struct law_sides *sides, struct law_report *report);
MUST_USE struct status law_check_rules(const struct law_set *set, const struct law_sides *sides,
                                       struct law_report *report);

/* conflict.c: rules that can never speak, or that no processing can satisfy together. */
MUST_USE struct status law_check_conflicts(const struct law_set *set, struct law_report *report);

static inline const struct law_file *law_case_file(const struct law_set *set,
                                                   const struct law_case *c) {
    return &set->files.ptr[c->file];
}

#endif

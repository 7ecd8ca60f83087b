/* Sentences for what is wrong with facts: what was expected, and the nearest name for one that is
 * misspelt. They never repeat a value, which may be personal. */
#include "fault.h"

#include <string.h>

/* Text with an end; what does not fit is cut, as a message may be. */
struct text {
    uint8_t *at;
    size_t room;
    size_t len;
};

static void add(struct text *t, struct slice s) {
    size_t len = s.len < t->room - t->len ? s.len : t->room - t->len;
    if (len > 0) {
        memcpy(t->at + t->len, s.ptr, len);
        t->len += len;
    }
}

static void add_str(struct text *t, const char *s) {
    add(t, slice_str(s));
}

static void add_number(struct text *t, int n) {
    uint8_t digits[12];
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    add(t, slice_of(digits + at, sizeof digits - at));
}

static struct text begin_message(struct facts_fault *fault) {
    return (struct text){fault->message_text, sizeof fault->message_text, 0};
}

static void end_message(struct facts_fault *fault, const struct text *t) {
    fault->message = slice_of(t->at, t->len);
}

static void name_fact(struct facts_fault *fault, struct slice group, struct slice name) {
    struct text t = {fault->fact_text, sizeof fault->fact_text, 0};
    add(&t, group);
    if (group.len > 0 && name.len > 0) {
        add_str(&t, ".");
    }
    add(&t, name);
    fault->fact = slice_of(t.at, t.len);
}

static void add_values(struct text *t, const struct law_fact_info *info) {
    for (int i = 0; i < info->value_count; i++) {
        add_str(t, i == 0 ? "one of " : ", ");
        add_str(t, info->values[i]);
    }
}

static void add_wanted(struct text *t, const struct law_fact_info *info) {
    switch ((enum law_kind)info->kind) {
    case LAW_KIND_BOOL:
        add_str(t, "true or false");
        return;
    case LAW_KIND_ENUM:
        add_values(t, info);
        return;
    case LAW_KIND_COUNTRY:
        add_str(t, "a country in two capitals, as \"NL\" (ISO 3166-1)");
        return;
    case LAW_KIND_INT:
        add_str(t, "a whole number from ");
        add_number(t, info->low);
        add_str(t, " to ");
        add_number(t, info->high);
        return;
    case LAW_KIND_REGION:
        add_str(t, "a region, as \"US-IL\" (ISO 3166-2)");
        return;
    case LAW_KIND_LANGUAGE:
        add_str(t, "a language, as \"nl\" or \"pt-BR\" (BCP 47)");
        return;
    case LAW_KIND_DATE:
        add_str(t, "a date, as \"2012-02-29\"");
        return;
    case LAW_KIND_TIME:
        add_str(t, "a time with an offset, as \"2026-11-21T12:00:00+01:00\" (RFC 3339)");
        return;
    case LAW_KIND_NAME:
        add_str(t, "a label of 1 to 128 bytes without control characters");
        return;
    }
}

static void add_fact_sentence(struct text *t, struct status why, enum law_fact fact) {
    const struct law_fact_info *info = law_fact_info(fact);
    add(t, info->name);
    if (why.code == FACT_MISSING && info->group == LAW_GROUP_RECIPIENT) {
        add_str(t, " is missing: to disclose is to disclose to somebody; give a recipient.");
        return;
    }
    if (why.code == FACT_MISSING) {
        add_str(t, " is missing: nothing can be decided without it; give ");
    } else if (why.code == FACT_TYPE || why.code == FACT_VALUE) {
        add_str(t, " must be ");
    } else {
        add_str(t, ": ");
        add_str(t, error_info(why.code)->cause);
        add_str(t, " ");
        add_str(t, error_info(why.code)->remedy);
        return;
    }
    add_wanted(t, info);
    add_str(t, ".");
}

void facts_explain(struct status why, enum law_fact fact, struct facts_fault *ret_fault) {
    struct text t = begin_message(ret_fault);
    ret_fault->why = why;
    if (fact == LAW_NO_FACT) {
        name_fact(ret_fault, SLICE(""), SLICE(""));
        add_str(&t, error_info(why.code)->cause);
        add_str(&t, " ");
        add_str(&t, error_info(why.code)->remedy);
    } else {
        name_fact(ret_fault, SLICE(""), law_fact_info(fact)->name);
        add_fact_sentence(&t, why, fact);
    }
    end_message(ret_fault, &t);
}

void fault_group(enum law_group group, struct status why, struct facts_fault *ret_fault) {
    struct text t = begin_message(ret_fault);
    ret_fault->why = why;
    name_fact(ret_fault, law_group_name(group), SLICE(""));
    add(&t, law_group_name(group));
    if (why.code == FACT_TYPE) {
        add_str(&t, " must be an object that holds its facts, or null.");
    } else {
        add_str(&t, ": ");
        add_str(&t, error_info(why.code)->cause);
        add_str(&t, " ");
        add_str(&t, error_info(why.code)->remedy);
    }
    end_message(ret_fault, &t);
}

static enum law_fact nearest(struct slice name) {
    enum law_fact best = LAW_NO_FACT;
    size_t least = name.len / 4 + 1;
    for (int i = 0; i < LAW_FACTS; i++) {
        size_t d = slice_distance(name, law_fact_info((enum law_fact)i)->name);
        if (d <= least) {
            best = (enum law_fact)i;
            least = d == 0 ? 0 : d - 1;
        }
    }
    return best;
}

void fault_unknown(struct slice group, struct slice name, struct facts_fault *ret_fault) {
    struct text t = begin_message(ret_fault);
    ret_fault->why = FAIL(FACT_UNKNOWN);
    name_fact(ret_fault, group, name);
    enum law_fact near = nearest(ret_fault->fact);
    add_str(&t, "There is no such fact.");
    if (near != LAW_NO_FACT && slice_eq(law_fact_info(near)->name, ret_fault->fact)) {
        add_str(&t, " Write groups as objects: {\"subject\":{\"age\":12}}.");
    } else if (near != LAW_NO_FACT) {
        add_str(&t, " Did you mean ");
        add(&t, law_fact_info(near)->name);
        add_str(&t, "?");
    } else {
        add_str(&t, " Use the names of the table of facts.");
    }
    end_message(ret_fault, &t);
}

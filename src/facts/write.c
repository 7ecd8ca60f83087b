/* Writes facts, and what was wrong with them, as JSON. */
#include "facts/facts.h"

enum { TEXT_BYTES = 2 * LAW_MAX_LABEL_BYTES };

static void write_value(const struct law_facts *f, enum law_fact fact, struct json_writer *w) {
    struct buf text CLEANUP(buf_done);
    buf_init(&text, TEXT_BYTES);
    struct status s = law_facts_format(f, fact, &text);
    uint8_t kind = law_fact_info(fact)->kind;
    if (failed(s)) {
        w->error = failed(w->error) ? w->error : s;
    } else if (kind == LAW_KIND_BOOL || kind == LAW_KIND_INT) {
        json_put_raw(w, buf_slice(&text));
    } else {
        json_put_string(w, buf_slice(&text));
    }
}

/* The facts of one group, or those without one; an object is opened for the first of a group. */
static void write_group(const struct law_facts *f, uint8_t group, struct json_writer *w) {
    bool open = false;
    for (int i = 0; i < LAW_FACTS; i++) {
        const struct law_fact_info *info = law_fact_info((enum law_fact)i);
        if (info->group != group || !law_facts_given(f, (enum law_fact)i)) {
            continue;
        }
        if (group == LAW_NO_GROUP) {
            json_put_key(w, info->name);
        } else {
            if (!open) {
                json_put_key(w, law_group_name((enum law_group)group));
                json_put_object(w);
            }
            json_put_key(w, slice_from(info->name, slice_find(info->name, '.') + 1));
        }
        open = true;
        write_value(f, (enum law_fact)i, w);
    }
    if (open && group != LAW_NO_GROUP) {
        json_put_close(w);
    }
}

void facts_write(const struct law_facts *f, struct json_writer *w) {
    json_put_object(w);
    write_group(f, LAW_NO_GROUP, w);
    for (int group = 0; group < LAW_GROUPS; group++) {
        write_group(f, (uint8_t)group, w);
    }
    json_put_close(w);
}

void facts_write_fault(const struct facts_fault *fault, struct json_writer *w) {
    json_put_object(w);
    json_put_key(w, SLICE("code"));
    json_put_string(w, slice_str(error_info(fault->why.code)->name));
    json_put_key(w, SLICE("message"));
    json_put_string(w, fault->message);
    json_put_key(w, SLICE("fact"));
    if (fault->fact.len > 0) {
        json_put_string(w, fault->fact);
    } else {
        json_put_null(w);
    }
    json_put_close(w);
}

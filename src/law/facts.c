/* Facts by name and as text: finding, setting with a check, writing out.
 * Must never let a value in that the vocabulary does not allow. */
#include "law/facts.h"

#include <string.h>

#include "base/bytes.h"
#include "table.h"

const struct law_fact_info *law_fact_info(enum law_fact fact) {
    return &law_fact_table[fact <= LAW_FACTS ? fact : LAW_FACTS];
}

static enum law_fact find(struct slice name, int count) {
    for (int i = 0; i < count; i++) {
        if (slice_eq(law_fact_table[i].name, name)) {
            return (enum law_fact)i;
        }
    }
    return LAW_NO_FACT;
}

enum law_fact law_fact_find(struct slice name) {
    return find(name, LAW_FACTS);
}

enum law_fact law_fact_find_any(struct slice name) {
    return find(name, LAW_FACTS + 1);
}

static const char *const group_names[] = {LAW_GROUP_NAMES};

enum law_group law_group_find(struct slice name) {
    for (int i = 0; i < LAW_GROUPS; i++) {
        if (slice_eq(slice_str(group_names[i]), name)) {
            return (enum law_group)i;
        }
    }
    return LAW_NO_GROUP;
}

struct slice law_group_name(enum law_group group) {
    return group < LAW_GROUPS ? slice_str(group_names[group]) : SLICE("");
}

void law_facts_init(struct law_facts *f) {
    memset(f, 0, sizeof *f);
}

static void *field(struct law_facts *f, const struct law_fact_info *info) {
    return (uint8_t *)f + info->offset;
}

static struct status set_byte(struct law_facts *f, enum law_fact fact, size_t v, bool allowed) {
    if (!allowed) {
        return FAIL(FACT_VALUE);
    }
    *(uint8_t *)field(f, &law_fact_table[fact]) = (uint8_t)v;
    law_facts_mark(f, fact);
    return STATUS_OK;
}

static struct status set_word(struct law_facts *f, enum law_fact fact, uint32_t v) {
    if (v == 0) {
        return FAIL(FACT_VALUE);
    }
    memcpy(field(f, &law_fact_table[fact]), &v, sizeof v);
    law_facts_mark(f, fact);
    return STATUS_OK;
}

static size_t value_index(const struct law_fact_info *info, struct slice v) {
    size_t i = 0;
    while (i < info->value_count && !slice_eq(slice_str(info->values[i]), v)) {
        i++;
    }
    return i;
}

static struct status set_date(struct law_facts *f, enum law_fact fact, struct slice v) {
    struct date d;
    if (failed(date_parse(v, &d))) {
        return FAIL(FACT_VALUE);
    }
    memcpy(field(f, &law_fact_table[fact]), &d, sizeof d);
    law_facts_mark(f, fact);
    return STATUS_OK;
}

static struct status set_time(struct law_facts *f, enum law_fact fact, struct slice v) {
    struct moment m;
    if (failed(moment_parse(v, &m))) {
        return FAIL(FACT_VALUE);
    }
    memcpy(field(f, &law_fact_table[fact]), &m, sizeof m);
    law_facts_mark(f, fact);
    return STATUS_OK;
}

static struct status set_label(struct law_facts *f, enum law_fact fact, struct slice v) {
    if (!law_label_valid(v)) {
        return FAIL(FACT_VALUE);
    }
    memcpy(field(f, &law_fact_table[fact]), &v, sizeof v);
    law_facts_mark(f, fact);
    return STATUS_OK;
}

struct status law_facts_set_text(struct law_facts *f, enum law_fact fact, struct slice v) {
    if (fact >= LAW_FACTS) {
        return FAIL(FACT_UNKNOWN);
    }
    const struct law_fact_info *info = &law_fact_table[fact];
    size_t index = 0;
    switch ((enum law_kind)info->kind) {
    case LAW_KIND_ENUM:
        index = value_index(info, v);
        return set_byte(f, fact, index, index < info->value_count);
    case LAW_KIND_COUNTRY:
        index = law_country_find(v);
        return set_byte(f, fact, index, index != 0);
    case LAW_KIND_REGION:
        return set_word(f, fact, law_region_parse(v));
    case LAW_KIND_LANGUAGE:
        return set_word(f, fact, law_language_parse(v));
    case LAW_KIND_DATE:
        return set_date(f, fact, v);
    case LAW_KIND_TIME:
        return set_time(f, fact, v);
    case LAW_KIND_NAME:
        return set_label(f, fact, v);
    case LAW_KIND_BOOL:
    case LAW_KIND_INT:
        break;
    }
    return FAIL(FACT_TYPE);
}

struct status law_facts_set_int(struct law_facts *f, enum law_fact fact, int64_t v) {
    if (fact >= LAW_FACTS) {
        return FAIL(FACT_UNKNOWN);
    }
    const struct law_fact_info *info = &law_fact_table[fact];
    if (info->kind != LAW_KIND_INT) {
        return FAIL(FACT_TYPE);
    }
    if (v < info->low || v > info->high) {
        return FAIL(FACT_VALUE);
    }
    int16_t value = (int16_t)v;
    memcpy(field(f, info), &value, sizeof value);
    law_facts_mark(f, fact);
    return STATUS_OK;
}

struct status law_facts_set_bool(struct law_facts *f, enum law_fact fact, bool v) {
    if (fact >= LAW_FACTS) {
        return FAIL(FACT_UNKNOWN);
    }
    return law_fact_table[fact].kind == LAW_KIND_BOOL ? set_byte(f, fact, v, true)
                                                      : FAIL(FACT_TYPE);
}

struct status law_facts_set_written(struct law_facts *f, enum law_fact fact, struct slice v) {
    uint64_t number;
    if (fact >= LAW_FACTS) {
        return FAIL(FACT_UNKNOWN);
    }
    const struct law_fact_info *info = &law_fact_table[fact];
    if (info->kind == LAW_KIND_BOOL) {
        size_t index = value_index(info, v);
        return set_byte(f, fact, index, index < 2);
    }
    if (info->kind != LAW_KIND_INT) {
        return law_facts_set_text(f, fact, v);
    }
    if (failed(parse_u64(v, INT16_MAX, &number))) {
        return FAIL(FACT_VALUE);
    }
    return law_facts_set_int(f, fact, (int64_t)number);
}

static struct status format_region(uint32_t region, struct buf *out) {
    static const char signs[] = " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    uint32_t packed = region & 0xFFFF;
    char text[3] = {signs[packed / 37 / 37 % 37], signs[packed / 37 % 37], signs[packed % 37]};
    TRY(buf_add(out, law_country_code(law_region_country(region))));
    TRY(buf_add_byte(out, '-'));
    return buf_add(out, slice_trim(slice_of(text, sizeof text)));
}

static struct status format_language(uint32_t tag, struct buf *out) {
    for (int shift = 16; shift >= 0; shift -= 8) {
        if ((tag >> shift & 0xFF) != 0) {
            TRY(buf_add_byte(out, (uint8_t)(tag >> shift)));
        }
    }
    return STATUS_OK;
}

static struct status format_byte(const struct law_fact_info *info, uint8_t v, struct buf *out) {
    if (info->kind == LAW_KIND_COUNTRY) {
        return v == 0 ? buf_add_str(out, "unknown") : buf_add(out, law_country_code(v));
    }
    return buf_add_str(out, v < info->value_count ? info->values[v] : "unknown");
}

static struct status format_age(const struct law_facts *f, const struct law_fact_info *info,
                                struct buf *out) {
    int16_t v;
    memcpy(&v, (const uint8_t *)f + info->offset, sizeof v);
    return v < 0 ? buf_add_str(out, "unknown") : buf_add_i64(out, v);
}

static struct status format_wide(const struct law_fact_info *info, const void *at,
                                 struct buf *out) {
    uint32_t word;
    struct slice label;
    struct moment m;
    struct date d;
    switch ((enum law_kind)info->kind) {
    case LAW_KIND_REGION:
        memcpy(&word, at, sizeof word);
        return word == 0 ? buf_add_str(out, "unknown") : format_region(word, out);
    case LAW_KIND_LANGUAGE:
        memcpy(&word, at, sizeof word);
        return word == 0 ? buf_add_str(out, "unknown") : format_language(word, out);
    case LAW_KIND_DATE:
        memcpy(&d, at, sizeof d);
        return date_format(d, out);
    case LAW_KIND_TIME:
        memcpy(&m, at, sizeof m);
        return moment_format(m.unix_ms, out);
    case LAW_KIND_NAME:
        memcpy(&label, at, sizeof label);
        return label.len == 0 ? buf_add_str(out, "unknown") : buf_add(out, label);
    case LAW_KIND_BOOL:
    case LAW_KIND_ENUM:
    case LAW_KIND_COUNTRY:
    case LAW_KIND_INT:
        break;
    }
    return STATUS_OK;
}

struct status law_facts_format(const struct law_facts *f, enum law_fact fact, struct buf *out) {
    const struct law_fact_info *info = law_fact_info(fact);
    const uint8_t *at = (const uint8_t *)f + info->offset;
    bool given = f->settled != 0 || law_facts_given(f, fact);
    if (!given || (fact == LAW_SUBJECT_BIRTH_DATE && !law_facts_given(f, fact))) {
        return buf_add_str(out, "unknown");
    }
    if (info->kind == LAW_KIND_INT) {
        return format_age(f, info, out);
    }
    if (info->kind == LAW_KIND_BOOL || info->kind == LAW_KIND_ENUM ||
        info->kind == LAW_KIND_COUNTRY) {
        return format_byte(info, *at, out);
    }
    return format_wide(info, at, out);
}

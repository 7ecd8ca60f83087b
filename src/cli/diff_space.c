/* Reads off the texts of packs which facts matter and where their borders are. It looks at words
 * alone, not at what they mean, and so may find a border too many, never one too few. */
#include "diff_space.h"

#include <string.h>

enum { MS_PER_DAY = 86400000, DATE_BYTES = 10 };

void space_init(struct space *s, struct arena *arena) {
    memset(s, 0, sizeof *s);
    s->arena = arena;
}

static bool is_word_byte(uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

static bool note_slice(struct slice *list, size_t *count, struct slice item) {
    for (size_t i = 0; i < *count; i++) {
        if (slice_eq(list[i], item)) {
            return true;
        }
    }
    if (*count == SPACE_MAX_VALUES) {
        return false;
    }
    list[(*count)++] = item;
    return true;
}

static bool is_number(struct slice word, uint32_t *ret) {
    uint32_t v = 0;
    for (size_t i = 0; i < word.len; i++) {
        if (word.ptr[i] < '0' || word.ptr[i] > '9' || v > 1000) {
            return false;
        }
        v = v * 10 + (uint32_t)(word.ptr[i] - '0');
    }
    *ret = v;
    return word.len > 0;
}

static void note_age(struct space *s, uint32_t age) {
    for (uint32_t a = age == 0 ? 0 : age - 1; a <= age + 1 && a <= 130; a++) {
        s->ages[a] = true;
    }
}

/* Midday of a date, `days` later. */
static struct status note_date(struct space *s, struct date d, int days) {
    struct buf text CLEANUP(buf_done);
    struct slice copy;
    buf_init(&text, 64);
    d.days += days;
    TRY(date_format(d, &text));
    TRY(buf_add_str(&text, "T12:00:00Z"));
    TRY(arena_copy(s->arena, buf_slice(&text), &copy));
    return note_slice(s->times, &s->time_count, copy) ? STATUS_OK : FAIL(LAW_LIMIT);
}

static struct status note_word(struct space *s, struct slice word) {
    uint32_t number;
    struct date date;
    enum law_fact fact = law_fact_find(word);
    if (fact != LAW_NO_FACT) {
        s->facts[fact] = true;
    } else if (slice_eq(word, law_fact_info(LAW_CONSENT_AGE)->name)) {
        s->facts[LAW_SUBJECT_AGE] = true;
        s->facts[LAW_CONSENT_AT] = true;
    } else if (is_number(word, &number)) {
        note_age(s, number);
    } else if (word.len == DATE_BYTES && !failed(date_parse(word, &date))) {
        TRY(note_date(s, date, -1));
        TRY(note_date(s, date, 0));
        TRY(note_date(s, date, 1));
    } else if (law_country_find(word) != 0) {
        s->countries[law_country_find(word)] = true;
    } else if (law_region_parse(word) != 0) {
        s->countries[law_region_country(law_region_parse(word))] = true;
        return note_slice(s->regions, &s->region_count, word) ? STATUS_OK : FAIL(LAW_LIMIT);
    }
    return STATUS_OK;
}

/* The first byte after a string that opens at `at`. */
static size_t after_string(struct slice line, size_t at) {
    for (at++; at < line.len && line.ptr[at] != '"'; at++) {
        at += line.ptr[at] == '\\';
    }
    return at + 1;
}

static struct status read_line(struct space *s, struct slice line) {
    size_t i = 0;
    while (i < line.len && line.ptr[i] != '#') {
        if (line.ptr[i] == '"') {
            i = after_string(line, i);
            continue;
        }
        size_t from = i;
        while (i < line.len && is_word_byte(line.ptr[i])) {
            i++;
        }
        if (i == from) {
            i++;
            continue;
        }
        TRY(note_word(s, slice_sub(line, from, i - from)));
    }
    return STATUS_OK;
}

struct status space_read(struct space *s, struct slice pack_text) {
    struct slice rest = pack_text;
    struct slice line;
    bool skipping = false;
    while (slice_next(&rest, '\n', &line)) {
        if (line.len > 0 && line.ptr[0] != ' ' && line.ptr[0] != '#') {
            /* Cases use the law; they do not make it. */
            skipping = slice_starts(line, SLICE("case")) || slice_starts(line, SLICE("facts"));
        }
        if (!skipping) {
            TRY(read_line(s, line));
        }
    }
    return STATUS_OK;
}

static struct status add_value(struct space *s, struct space_axis *axis, struct slice text) {
    struct slice copy;
    if (axis->count == SPACE_MAX_VALUES) {
        return FAIL(LAW_LIMIT);
    }
    TRY(arena_copy(s->arena, text, &copy));
    axis->values[axis->count++] = copy;
    return STATUS_OK;
}

static struct status add_enum(struct space *s, struct space_axis *axis,
                              const struct law_fact_info *info) {
    for (int i = 0; i < info->value_count; i++) {
        /* What absence means anyway is not worth a point of its own. */
        if (info->absent == LAW_ABSENT_VALUE && info->value == i && info->group == LAW_NO_GROUP) {
            continue;
        }
        TRY(add_value(s, axis, slice_str(info->values[i])));
    }
    return STATUS_OK;
}

static struct status add_ages(struct space *s, struct space_axis *axis) {
    struct buf text CLEANUP(buf_done);
    buf_init(&text, 16);
    note_age(s, 30); /* somebody whom no border concerns */
    for (int age = 0; age <= 130; age++) {
        if (s->ages[age]) {
            buf_clear(&text);
            TRY(buf_add_i64(&text, age));
            TRY(add_value(s, axis, buf_slice(&text)));
        }
    }
    return STATUS_OK;
}

static struct status add_countries(struct space *s, struct space_axis *axis) {
    for (uint8_t c = 1; c <= LAW_COUNTRIES; c++) {
        if (s->countries[c]) {
            TRY(add_value(s, axis, law_country_code(c)));
        }
    }
    return add_value(s, axis, SLICE("AQ")); /* and one that no law names */
}

static struct status add_list(struct space *s, struct space_axis *axis, const struct slice *list,
                              size_t count) {
    for (size_t i = 0; i < count; i++) {
        TRY(add_value(s, axis, list[i]));
    }
    return STATUS_OK;
}

/* Labels: one that agrees with purpose.id, and one that does not. */
static struct status add_labels(struct space *s, struct space_axis *axis) {
    TRY(add_value(s, axis, SLICE("a")));
    return axis->fact == LAW_RECORD_COLLECTED_FOR ? add_value(s, axis, SLICE("b")) : STATUS_OK;
}

static struct status add_values(struct space *s, struct space_axis *axis,
                                const struct law_fact_info *info) {
    static const struct slice languages[] = {SLICE_INIT("en"), SLICE_INIT("nl")};
    static const struct slice births[] = {SLICE_INIT("2012-02-29")};
    static const struct slice consents[] = {SLICE_INIT("2020-01-01T12:00:00Z")};
    switch ((enum law_kind)info->kind) {
    case LAW_KIND_BOOL:
    case LAW_KIND_ENUM:
        return add_enum(s, axis, info);
    case LAW_KIND_COUNTRY:
        return add_countries(s, axis);
    case LAW_KIND_INT:
        return add_ages(s, axis);
    case LAW_KIND_REGION:
        return add_list(s, axis, s->regions, s->region_count);
    case LAW_KIND_LANGUAGE:
        return add_list(s, axis, languages, ARRAY_LEN(languages));
    case LAW_KIND_DATE:
        return add_list(s, axis, births, ARRAY_LEN(births));
    case LAW_KIND_TIME:
        return axis->fact == LAW_AT ? add_list(s, axis, s->times, s->time_count)
                                    : add_list(s, axis, consents, ARRAY_LEN(consents));
    case LAW_KIND_NAME:
        break;
    }
    return add_labels(s, axis);
}

static struct status add_axis(struct space *s, enum law_fact fact) {
    const struct law_fact_info *info = law_fact_info(fact);
    struct space_axis *axis = &s->axes[s->axis_count];
    *axis = (struct space_axis){.fact = fact};
    axis->needed = info->absent == LAW_ABSENT_ERROR || fact == LAW_AT;
    axis->values = arena_array(s->arena, SPACE_MAX_VALUES, sizeof *axis->values);
    if (axis->values == NULL) {
        return FAIL(E_MEMORY);
    }
    if (!axis->needed) {
        axis->values[axis->count++] = slice_of(NULL, 0);
    }
    TRY(add_values(s, axis, info));
    s->axis_count++;
    return STATUS_OK;
}

struct status space_finish(struct space *s, int64_t now_unix_ms) {
    static const uint8_t always[] = {LAW_AT, LAW_OPERATION, LAW_PURPOSE_ID, LAW_CATEGORY_ID};
    for (size_t i = 0; i < ARRAY_LEN(always); i++) {
        s->facts[always[i]] = true;
    }
    /* To disclose is to disclose to somebody. */
    s->facts[LAW_RECIPIENT_ID] = true;
    TRY(note_date(s, (struct date){(int32_t)(now_unix_ms / MS_PER_DAY)}, 0));
    for (int i = 0; i < LAW_FACTS; i++) {
        if (s->facts[i]) {
            TRY(add_axis(s, (enum law_fact)i));
        }
    }
    return STATUS_OK;
}

uint64_t space_points(const struct space *s) {
    uint64_t points = 1;
    for (size_t i = 0; i < s->axis_count; i++) {
        if (__builtin_mul_overflow(points, s->axes[i].count, &points)) {
            return UINT64_MAX;
        }
    }
    return points;
}

void space_point(const struct space *s, uint64_t number, uint16_t ret_choice[LAW_FACTS]) {
    for (size_t i = 0; i < s->axis_count; i++) {
        ret_choice[i] = (uint16_t)(number % s->axes[i].count);
        number /= s->axes[i].count;
    }
}

/* splitmix64 */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void space_draw(const struct space *s, uint64_t seed, uint16_t ret_choice[LAW_FACTS]) {
    uint64_t random = seed * 0xd1342543de82ef95u;
    /* Some points have few facts and some all: 1, 2, 4 or 8 of 8 are given. */
    uint64_t given = UINT64_C(1) << next_random(&random) % 4;
    for (size_t i = 0; i < s->axis_count; i++) {
        uint64_t r = next_random(&random);
        bool give = s->axes[i].needed || (r >> 56) % 8 < given;
        ret_choice[i] = (uint16_t)(give ? r % s->axes[i].count : 0);
    }
}

void space_facts(const struct space *s, const uint16_t choice[LAW_FACTS],
                 struct law_facts *ret_facts) {
    law_facts_init(ret_facts);
    for (size_t i = 0; i < s->axis_count; i++) {
        struct slice value = s->axes[i].values[choice[i]];
        if (value.ptr != NULL && failed(law_facts_set_written(ret_facts, s->axes[i].fact, value))) {
            panic("the space of facts holds a value that is none");
        }
    }
}

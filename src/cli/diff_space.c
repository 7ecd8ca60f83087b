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

static void warm(enum space_heat *at, enum space_heat heat) {
    *at = *at > heat ? *at : heat;
}

static struct status note_text(struct space_text *list, size_t *count, struct slice text,
                               enum space_heat heat) {
    for (size_t i = 0; i < *count; i++) {
        if (slice_eq(list[i].text, text)) {
            warm(&list[i].heat, heat);
            return STATUS_OK;
        }
    }
    if (*count == SPACE_MAX_VALUES) {
        return FAIL(LAW_LIMIT);
    }
    list[(*count)++] = (struct space_text){text, heat};
    return STATUS_OK;
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
        warm(&s->ages[a], s->heat);
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
    return note_text(s->times, &s->time_count, copy, s->heat);
}

static struct status note_word(struct space *s, struct slice word) {
    uint32_t number;
    struct date date;
    enum law_fact fact = law_fact_find(word);
    if (fact != LAW_NO_FACT) {
        warm(&s->facts[fact], s->heat);
    } else if (slice_eq(word, law_fact_info(LAW_CONSENT_AGE)->name)) {
        warm(&s->facts[LAW_SUBJECT_AGE], s->heat);
        warm(&s->facts[LAW_CONSENT_AT], s->heat);
    } else if (is_number(word, &number)) {
        note_age(s, number);
    } else if (word.len == DATE_BYTES && !failed(date_parse(word, &date))) {
        TRY(note_date(s, date, -1));
        TRY(note_date(s, date, 0));
        TRY(note_date(s, date, 1));
    } else if (law_country_find(word) != 0) {
        warm(&s->countries[law_country_find(word)], s->heat);
    } else if (law_region_parse(word) != 0) {
        warm(&s->countries[law_region_country(law_region_parse(word))], s->heat);
        return note_text(s->regions, &s->region_count, word, s->heat);
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

/* A block: its first line stands in column 1, and comments between blocks belong to none. */
static bool opens_block(struct slice line) {
    return line.len > 0 && line.ptr[0] != ' ' && line.ptr[0] != '#';
}

/* Takes the next block off the front of *rest; what stands before the first one goes with it. */
static bool next_block(struct slice *rest, struct slice *ret_block) {
    struct slice from = *rest;
    struct slice line;
    bool open = false;
    if (rest->ptr == NULL || rest->len == 0) {
        return false;
    }
    for (struct slice before = *rest; slice_next(rest, '\n', &line); before = *rest) {
        if (opens_block(line) && open) {
            *rest = before;
            break;
        }
        open = open || opens_block(line);
    }
    size_t len = rest->ptr == NULL ? from.len : (size_t)(rest->ptr - from.ptr);
    *ret_block = slice_trim(slice_sub(from, 0, len));
    return true;
}

static bool has_block(struct slice text, struct slice block) {
    struct slice other;
    while (next_block(&text, &other)) {
        if (slice_eq(other, block)) {
            return true;
        }
    }
    return false;
}

static struct status read_block(struct space *s, struct slice block) {
    struct slice line;
    /* Cases use the law; they do not make it. */
    if (slice_starts(block, SLICE("case")) || slice_starts(block, SLICE("facts"))) {
        return STATUS_OK;
    }
    while (slice_next(&block, '\n', &line)) {
        TRY(read_line(s, line));
    }
    return STATUS_OK;
}

/* A large block (a table, a set) is hot only in the lines that changed. */
static struct status read_changed(struct space *s, struct slice block, struct slice other) {
    enum { SMALL_BLOCK_BYTES = 1500 };
    struct slice rest = block;
    struct slice line;
    struct slice theirs;
    s->heat = block.len <= SMALL_BLOCK_BYTES ? SPACE_HOT : SPACE_NAMED;
    TRY(read_block(s, block));
    s->heat = SPACE_HOT;
    while (slice_next(&rest, '\n', &line)) {
        bool same = false;
        for (struct slice o = other; !same && slice_next(&o, '\n', &theirs);) {
            same = slice_eq(line, theirs);
        }
        TRY(same ? STATUS_OK : read_block(s, line));
    }
    return STATUS_OK;
}

struct status space_read(struct space *s, struct slice pack_text, struct slice other) {
    struct slice rest = pack_text;
    struct slice block;
    while (next_block(&rest, &block)) {
        s->heat = SPACE_NAMED;
        TRY(has_block(other, block) ? read_block(s, block) : read_changed(s, block, other));
    }
    s->heat = SPACE_NAMED;
    return STATUS_OK;
}

static struct status add_value(struct space *s, struct space_axis *axis, struct slice text,
                               enum space_heat heat) {
    struct slice copy;
    if (axis->count == SPACE_MAX_VALUES) {
        return FAIL(LAW_LIMIT);
    }
    TRY(arena_copy(s->arena, text, &copy));
    if (heat == SPACE_HOT) {
        axis->hot[axis->hot_count++] = (uint16_t)axis->count;
    }
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
        TRY(add_value(s, axis, slice_str(info->values[i]), s->facts[axis->fact]));
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
            TRY(add_value(s, axis, buf_slice(&text), s->ages[age]));
        }
    }
    return STATUS_OK;
}

static struct status add_countries(struct space *s, struct space_axis *axis) {
    for (uint8_t c = 1; c <= LAW_COUNTRIES; c++) {
        if (s->countries[c]) {
            TRY(add_value(s, axis, law_country_code(c), s->countries[c]));
        }
    }
    return add_value(s, axis, SLICE("AQ"), SPACE_COLD); /* and one that no law names */
}

static struct status add_texts(struct space *s, struct space_axis *axis,
                               const struct space_text *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        TRY(add_value(s, axis, list[i].text, list[i].heat));
    }
    return STATUS_OK;
}

static struct status add_one(struct space *s, struct space_axis *axis, struct slice text) {
    return add_value(s, axis, text, s->facts[axis->fact]);
}

static struct status add_languages(struct space *s, struct space_axis *axis) {
    TRY(add_one(s, axis, SLICE("en")));
    return add_one(s, axis, SLICE("nl"));
}

/* Labels: one that agrees with purpose.id, and one that does not. */
static struct status add_labels(struct space *s, struct space_axis *axis) {
    TRY(add_one(s, axis, SLICE("a")));
    return axis->fact == LAW_RECORD_COLLECTED_FOR ? add_one(s, axis, SLICE("b")) : STATUS_OK;
}

static struct status add_values(struct space *s, struct space_axis *axis,
                                const struct law_fact_info *info) {
    switch ((enum law_kind)info->kind) {
    case LAW_KIND_BOOL:
    case LAW_KIND_ENUM:
        return add_enum(s, axis, info);
    case LAW_KIND_COUNTRY:
        return add_countries(s, axis);
    case LAW_KIND_INT:
        return add_ages(s, axis);
    case LAW_KIND_REGION:
        return add_texts(s, axis, s->regions, s->region_count);
    case LAW_KIND_LANGUAGE:
        return add_languages(s, axis);
    case LAW_KIND_DATE:
        return add_one(s, axis, SLICE("2012-02-29"));
    case LAW_KIND_TIME:
        return axis->fact == LAW_AT ? add_texts(s, axis, s->times, s->time_count)
                                    : add_one(s, axis, SLICE("2020-01-01T12:00:00Z"));
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
    axis->hot = arena_array(s->arena, SPACE_MAX_VALUES, sizeof *axis->hot);
    if (axis->values == NULL || axis->hot == NULL) {
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
        warm(&s->facts[always[i]], SPACE_NAMED);
    }
    /* To disclose is to disclose to somebody. */
    warm(&s->facts[LAW_RECIPIENT_ID], SPACE_NAMED);
    s->heat = SPACE_NAMED;
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
        const struct space_axis *axis = &s->axes[i];
        uint64_t r = next_random(&random);
        if (axis->hot_count > 0 && (r >> 60) < 10) {
            ret_choice[i] = axis->hot[r % axis->hot_count];
            continue;
        }
        bool give = axis->needed || (r >> 56) % 8 < given;
        ret_choice[i] = (uint16_t)(give ? r % axis->count : 0);
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

/* What stands for each placeholder of a template. */
#include "compose.h"

#include <string.h>

enum { VALUE_BYTES = 4000, COUNTRY_GROUPS = LAW_COUNTRIES + 1 };

/* --- texts of the map --- */

static struct slice words_of(const struct maker *m, const struct law_words *words, size_t count,
                             bool why, struct slice otherwise) {
    enum law_words_kind grown = why ? LAW_WORDS_WHY : LAW_WORDS_TITLE;
    enum law_words_kind small = why ? LAW_WORDS_CHILD_WHY : LAW_WORDS_CHILD;
    struct slice adult = law_map_words(words, count, grown, m->t->tag, otherwise);
    return m->t->child ? law_map_words(words, count, small, m->t->tag, adult) : adult;
}

static struct slice category_title(const struct maker *m, int category) {
    const struct law_map_category *c = law_map_category(m->s->map, (size_t)category);
    return words_of(m, c->words, c->words_count, false, c->title);
}

static struct slice purpose_words(const struct maker *m, bool why) {
    const struct law_map_purpose *p = law_map_purpose(m->s->map, (size_t)m->purpose);
    return words_of(m, p->words, p->words_count, why, why ? SLICE("") : p->title);
}

/* --- words with numbers and names in them --- */

struct status fill_text(struct slice text, const struct fill *list, size_t count,
                        struct buf *out) {
    while (text.len > 0) {
        size_t open = slice_find(text, '{');
        size_t close = slice_find(text, '}');
        TRY(buf_add(out, slice_sub(text, 0, open)));
        if (open >= close) {
            return STATUS_OK;
        }
        struct slice name = slice_sub(text, open + 1, close - open - 1);
        for (size_t i = 0; i < count; i++) {
            if (slice_eq(slice_str(list[i].name), name)) {
                TRY(buf_add(out, list[i].value));
            }
        }
        text = slice_from(text, close + 1);
    }
    return STATUS_OK;
}

static struct status number(const struct maker *m, uint32_t n, struct slice *ret_text) {
    struct buf digits CLEANUP(buf_done);
    buf_init(&digits, 16);
    TRY(buf_add_u64(&digits, n));
    return arena_copy(m->arena, buf_slice(&digits), ret_text);
}

static struct status country_name(const struct maker *m, uint8_t country, struct slice *ret_name) {
    *ret_name = country == 0 ? m->t->words[WORD_PLACE_UNKNOWN] : m->t->countries[country];
    return ret_name->len > 0 ? STATUS_OK : FAIL(NOTICE_WORDS);
}

static struct status join_to(struct buf *out, struct slice part) {
    TRY(buf_add(out, out->len > 0 ? SLICE("; ") : SLICE("")));
    return buf_add(out, part);
}

static struct status kept(const struct maker *m, struct slice *ret_text) {
    const struct law_map_category *c = law_map_category(m->s->map, (size_t)m->category);
    struct buf text CLEANUP(buf_done);
    struct fill days = {.name = "days"};
    enum notice_word word = c->retention == LAW_KEEP_ACCOUNT   ? WORD_KEEP_ACCOUNT
                            : c->retention == LAW_KEEP_DELETED ? WORD_KEEP_DELETED
                            : c->days == 1                     ? WORD_KEEP_DAY
                                                               : WORD_KEEP_DAYS;
    buf_init(&text, VALUE_BYTES);
    TRY(number(m, c->days, &days.value));
    TRY(fill_text(m->t->words[word], &days, 1, &text));
    return arena_copy(m->arena, buf_slice(&text), ret_text);
}

/* --- grounds --- */

static struct slice basis_word(const struct maker *m, uint8_t basis) {
    static const uint8_t words[] = {
        [LAW_BASIS_NONE] = WORD_GROUND_NONE,
        [LAW_BASIS_CONSENT] = WORD_BASIS_CONSENT,
        [LAW_BASIS_CONTRACT] = WORD_BASIS_CONTRACT,
        [LAW_BASIS_LEGAL_OBLIGATION] = WORD_BASIS_LEGAL_OBLIGATION,
        [LAW_BASIS_VITAL_INTERESTS] = WORD_BASIS_VITAL_INTERESTS,
        [LAW_BASIS_PUBLIC_TASK] = WORD_BASIS_PUBLIC_TASK,
        [LAW_BASIS_LEGITIMATE_INTERESTS] = WORD_BASIS_LEGITIMATE_INTERESTS,
        [LAW_BASIS_RECOGNISED_LEGITIMATE_INTERESTS] = WORD_BASIS_RECOGNISED,
    };
    return m->t->words[words[basis]];
}

/* Children are told of the ages below 18. */
static int last_age(const struct maker *m) {
    return m->t->child ? FACTS_ADULT - 1 : FACTS_ADULT;
}

static struct status run_text(const struct maker *m, uint8_t basis, int from, int to,
                              struct buf *out) {
    struct buf one CLEANUP(buf_done);
    struct fill list[3] = {{"ground", basis_word(m, basis)}, {.name = "from"}, {.name = "until"}};
    enum notice_word word = from == 0             ? WORD_GROUND_UNDER
                            : to == last_age(m) ? WORD_GROUND_FROM
                                                  : WORD_GROUND_BETWEEN;
    buf_init(&one, VALUE_BYTES);
    if (from == 0 && to == last_age(m)) {
        return join_to(out, list[0].value);
    }
    TRY(number(m, (uint32_t)from, &list[1].value));
    TRY(number(m, (uint32_t)(word == WORD_GROUND_UNDER ? to + 1 : to), &list[2].value));
    TRY(fill_text(m->t->words[word], list, ARRAY_LEN(list), &one));
    return join_to(out, buf_slice(&one));
}

/* "your consent if you are under 16; the contract with you from 16 years on" */
static struct status row_text(const struct maker *m, const struct facts_row *row,
                              struct buf *out) {
    int from = 0;
    for (int age = 0; age <= last_age(m); age++) {
        if (age == last_age(m) || row->basis[age + 1] != row->basis[age]) {
            TRY(run_text(m, row->basis[age], from, age, out));
            from = age + 1;
        }
    }
    return STATUS_OK;
}

static bool same_row(const struct maker *m, const struct facts_row *a, const struct facts_row *b) {
    return memcmp(a->basis, b->basis, (size_t)last_age(m) + 1) == 0;
}

/* The countries from `first` on whose people have this row. */
static struct status group_text(const struct maker *m, const struct facts_row *rows,
                                size_t first, bool *told, struct buf *out) {
    struct buf names CLEANUP(buf_done);
    struct buf grounds CLEANUP(buf_done);
    struct buf one CLEANUP(buf_done);
    buf_init(&names, VALUE_BYTES);
    buf_init(&grounds, VALUE_BYTES);
    buf_init(&one, VALUE_BYTES);
    for (size_t i = first; i <= LAW_COUNTRIES; i++) {
        struct slice name;
        if (!told[i] && same_row(m, &rows[i], &rows[first])) {
            TRY(country_name(m, (uint8_t)i, &name));
            TRY(buf_add(&names, names.len > 0 ? SLICE(", ") : SLICE("")));
            TRY(buf_add(&names, name));
            told[i] = true;
        }
    }
    TRY(row_text(m, &rows[first], &grounds));
    struct fill list[] = {{"countries", buf_slice(&names)}, {"grounds", buf_slice(&grounds)}};
    TRY(fill_text(m->t->words[WORD_GROUND_COUNTRY], list, ARRAY_LEN(list), &one));
    return join_to(out, buf_slice(&one));
}

/* The row of most countries is the rule; the others are named. */
static size_t usual_row(const struct maker *m, const struct facts_row *rows) {
    size_t best = 1;
    size_t best_count = 0;
    for (size_t i = 1; i <= LAW_COUNTRIES && best_count * 2 <= LAW_COUNTRIES; i++) {
        size_t count = 0;
        for (size_t k = i; k <= LAW_COUNTRIES; k++) {
            count += same_row(m, &rows[k], &rows[i]);
        }
        if (count > best_count) {
            best = i;
            best_count = count;
        }
    }
    return best;
}

static struct status differing_text(const struct maker *m, struct buf *out) {
    const struct facts_row *rows = m->purposes[m->purpose].rows;
    bool told[LAW_COUNTRIES + 1] = {false};
    size_t usual = usual_row(m, rows);
    TRY(row_text(m, &rows[usual], out));
    for (size_t i = 1; i <= LAW_COUNTRIES; i++) {
        told[i] = same_row(m, &rows[i], &rows[usual]);
    }
    for (size_t i = 1; i <= LAW_COUNTRIES; i++) {
        if (!told[i]) {
            TRY(group_text(m, rows, i, told, out));
        }
    }
    return STATUS_OK;
}

static uint8_t only_ground(const struct maker *m, int purpose) {
    uint16_t bases = law_map_grounds(m->s->map, purpose);
    uint8_t basis = LAW_BASIS_NONE;
    while (basis < 15 && (bases >> basis & 1) == 0) {
        basis++;
    }
    return basis;
}

static struct status grounds(const struct maker *m, struct slice *ret_text) {
    struct buf text CLEANUP(buf_done);
    buf_init(&text, VALUE_BYTES);
    if (m->purposes[m->purpose].rows == NULL) {
        *ret_text = basis_word(m, only_ground(m, m->purpose));
        return STATUS_OK;
    }
    TRY(differing_text(m, &text));
    return arena_copy(m->arena, buf_slice(&text), ret_text);
}

/* --- asked once --- */

static struct status know_rows(struct maker *m, int purpose, struct purpose_facts *known) {
    known->rows = arena_array(m->arena, LAW_COUNTRIES + 1, sizeof *known->rows);
    if (known->rows == NULL) {
        return FAIL(E_MEMORY);
    }
    known->bases = 0;
    for (size_t i = 1; i <= LAW_COUNTRIES; i++) {
        TRY(facts_grounds(m->s, purpose, (uint8_t)i, &known->rows[i]));
        for (int age = 0; age <= last_age(m); age++) {
            known->bases = (uint16_t)(known->bases | 1u << known->rows[i].basis[age]);
        }
    }
    return STATUS_OK;
}

struct status fill_know(struct maker *m) {
    size_t purposes = law_map_purposes(m->s->map);
    size_t recipients = law_map_recipients(m->s->map);
    m->purposes = arena_array(m->arena, purposes + 1, sizeof *m->purposes);
    m->transfers = arena_array(m->arena, recipients + 1, sizeof *m->transfers);
    if (m->purposes == NULL || m->transfers == NULL) {
        return FAIL(E_MEMORY);
    }
    for (size_t p = 0; p < purposes; p++) {
        struct purpose_facts *known = &m->purposes[p];
        known->bases = law_map_grounds(m->s->map, (int)p);
        TRY(facts_for_children(m->s, (int)p, &known->children));
        if (!facts_one_ground(m->s->map, (int)p)) {
            TRY(know_rows(m, (int)p, known));
        }
    }
    for (size_t r = 0; r < recipients; r++) {
        TRY(facts_transfer(m->s, (int)r, &m->transfers[r]));
    }
    return STATUS_OK;
}

/* --- recipients --- */

static const struct law_map_recipient *recipient(const struct maker *m) {
    return law_map_recipient(m->s->map, (size_t)m->recipient);
}

static struct slice role(const struct maker *m) {
    static const uint8_t words[] = {
        [LAW_RECIPIENT_ROLE_PROCESSOR] = WORD_ROLE_PROCESSOR,
        [LAW_RECIPIENT_ROLE_CONTROLLER] = WORD_ROLE_CONTROLLER,
        [LAW_RECIPIENT_ROLE_JOINT_CONTROLLER] = WORD_ROLE_JOINT,
        [LAW_RECIPIENT_ROLE_AUTHORITY] = WORD_ROLE_AUTHORITY,
    };
    return m->t->words[recipient(m)->same_entity ? WORD_ROLE_SAME : words[recipient(m)->role]];
}

static struct slice safeguard(const struct maker *m) {
    static const uint8_t instruments[] = {
        [LAW_TRANSFER_INSTRUMENT_NONE] = WORD_SAFE_NONE,
        [LAW_TRANSFER_INSTRUMENT_SCC] = WORD_SAFE_SCC,
        [LAW_TRANSFER_INSTRUMENT_BCR] = WORD_SAFE_BCR,
        [LAW_TRANSFER_INSTRUMENT_CODE] = WORD_SAFE_CODE,
        [LAW_TRANSFER_INSTRUMENT_CERTIFICATION] = WORD_SAFE_CERTIFICATION,
        [LAW_TRANSFER_INSTRUMENT_DEROGATION] = WORD_SAFE_DEROGATION,
    };
    enum facts_transfer transfer = m->transfers[m->recipient];
    return m->t->words[transfer == TRANSFER_WITHIN     ? WORD_SAFE_HOME
                       : transfer == TRANSFER_ADEQUATE ? WORD_SAFE_ADEQUATE
                                                       : instruments[recipient(m)->instrument]];
}

static struct status place(const struct maker *m, struct slice *ret_text) {
    uint8_t country = recipient(m)->country;
    if (country == 0 && recipient(m)->same_entity) {
        country = law_map_controller(m->s->map)->country;
    }
    return country_name(m, country, ret_text);
}

static struct status received(const struct maker *m, struct slice *ret_text) {
    struct buf text CLEANUP(buf_done);
    buf_init(&text, VALUE_BYTES);
    for (size_t c = 0; c < law_map_categories(m->s->map); c++) {
        if (facts_receives(m->s->map, m->recipient, -1, (int)c)) {
            TRY(join_to(&text, category_title(m, (int)c)));
        }
    }
    return arena_copy(m->arena, buf_slice(&text), ret_text);
}

static struct slice recipient_title(const struct maker *m) {
    const struct law_map_recipient *r = recipient(m);
    return words_of(m, r->words, r->words_count, false, r->title);
}

static struct slice about(const struct maker *m) {
    const struct law_map_category *c = law_map_category(m->s->map, (size_t)m->category);
    return words_of(m, c->words, c->words_count, true, SLICE(""));
}

static struct slice controller_value(const struct maker *m, enum notice_placeholder fill) {
    const struct law_map_controller *who = law_map_controller(m->s->map);
    return fill == FILL_CONTROLLER ? who->name
           : fill == FILL_ADDRESS  ? who->address
           : fill == FILL_CONTACT  ? who->contact
                                   : who->officer;
}

static struct status titles(const struct maker *m, enum notice_placeholder fill,
                            struct slice *ret_value) {
    *ret_value = fill == FILL_SERVICE     ? law_map_title(m->s->map)
                 : fill == FILL_CATEGORY  ? category_title(m, m->category)
                 : fill == FILL_ABOUT     ? about(m)
                 : fill == FILL_RECIPIENT ? recipient_title(m)
                 : fill == FILL_ROLE      ? role(m)
                                          : purpose_words(m, fill == FILL_WHY);
    return STATUS_OK;
}

struct status fill_value(const struct maker *m, enum notice_placeholder fill,
                         struct slice *ret_value) {
    switch (fill) {
    case FILL_CONTROLLER:
    case FILL_ADDRESS:
    case FILL_CONTACT:
    case FILL_OFFICER:
        *ret_value = controller_value(m, fill);
        return STATUS_OK;
    case FILL_COUNTRY:
        return country_name(m, law_map_controller(m->s->map)->country, ret_value);
    case FILL_GROUNDS:
        return grounds(m, ret_value);
    case FILL_KEPT:
        return kept(m, ret_value);
    case FILL_PLACE:
        return place(m, ret_value);
    case FILL_SAFEGUARD:
        *ret_value = safeguard(m);
        return STATUS_OK;
    case FILL_DATA:
        return received(m, ret_value);
    case FILL_SERVICE:
    case FILL_PURPOSE:
    case FILL_WHY:
    case FILL_CATEGORY:
    case FILL_ABOUT:
    case FILL_RECIPIENT:
    case FILL_ROLE:
    case FILL_COUNT:
        break;
    }
    return titles(m, fill, ret_value);
}

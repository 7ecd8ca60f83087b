/* Asks the map and the law. Must never know a country or an age by itself: where adequacy ends
 * stands in the packs, and on whom a ground depends in the map. */
#include "facts.h"

bool facts_one_ground(const struct law_map *map, int purpose) {
    uint64_t known[2];
    law_map_known(map, purpose, known);
    return facts_flag(known, LAW_BASIS);
}

bool facts_uses(const struct law_map *map, int purpose, int category) {
    return law_map_operations(map, purpose, category) != 0;
}

bool facts_receives(const struct law_map *map, int recipient, int purpose, int category) {
    if (purpose >= 0) {
        return law_map_receives(map, recipient, purpose, category);
    }
    for (size_t p = 0; p < law_map_purposes(map); p++) {
        if (law_map_receives(map, recipient, (int)p, category)) {
            return true;
        }
    }
    return false;
}

/* A use that the purpose declares, to have facts to ask about. */
static bool any_use(const struct law_map *map, int purpose, int *ret_category,
                    enum law_operation *ret_operation) {
    for (size_t c = 0; c < law_map_categories(map); c++) {
        for (int op = LAW_OPERATION_COLLECT; op <= LAW_OPERATION_ERASE; op++) {
            if (law_map_declares(map, purpose, (int)c, (enum law_operation)op) &&
                op != LAW_OPERATION_DISCLOSE) {
                *ret_category = (int)c;
                *ret_operation = (enum law_operation)op;
                return true;
            }
        }
    }
    return false;
}

static struct status person_of(uint8_t country, int age, struct law_facts *f) {
    law_facts_init(f);
    TRY(law_facts_set_int(f, LAW_SUBJECT_AGE, age));
    if (country != 0) {
        TRY(law_facts_set_text(f, LAW_SUBJECT_COUNTRY, law_country_code(country)));
    }
    return STATUS_OK;
}

static struct status ground_at(const struct notice_source *s, int purpose, uint8_t country,
                               int age, uint8_t *ret_basis) {
    struct law_facts f;
    enum law_fact offending;
    int category = 0;
    enum law_operation operation = LAW_OPERATION_USE;
    TRY(person_of(country, age, &f));
    if (any_use(s->map, purpose, &category, &operation)) {
        TRY(law_map_fill(s->map, purpose, category, operation, -1, &f));
    }
    TRY(law_map_settle(s->map, purpose, &f, s->now_unix_ms, &offending));
    *ret_basis = f.basis;
    return STATUS_OK;
}

struct status facts_grounds(const struct notice_source *source, int purpose, uint8_t country,
                            struct facts_row *ret_row) {
    for (int age = 0; age < FACTS_AGES; age++) {
        TRY(ground_at(source, purpose, country, age, &ret_row->basis[age]));
    }
    return STATUS_OK;
}

/* Everything that can be done for a child, done. */
static const struct {
    uint8_t fact;
    const char *value;
} best_for_child[] = {
    {LAW_SUBJECT_AGE_SOURCE, "attested"},
    {LAW_NOTICE_SHOWN, "true"},
    {LAW_NOTICE_CHILD_FRIENDLY, "true"},
    {LAW_NOTICE_NAMES_TRANSFERS, "true"},
    {LAW_NOTICE_RETENTION_SCHEDULE, "true"},
    {LAW_CONSENT_STATE, "given"},
    {LAW_CONSENT_GIVER, "both"},
    {LAW_CONSENT_EXPLICIT, "true"},
    {LAW_CONSENT_WRITTEN, "true"},
    {LAW_GUARDIAN_VERIFIED, "true"},
    {LAW_PUBLISH_BY_SUBJECT_ACTION, "true"},
};

static struct status lawful_at(const struct notice_source *s, int purpose, int age,
                               bool *ret_lawful) {
    struct law_facts f;
    struct law_answer answer;
    enum law_fact offending;
    int category;
    enum law_operation operation;
    *ret_lawful = false;
    if (!any_use(s->map, purpose, &category, &operation)) {
        return STATUS_OK;
    }
    TRY(person_of(law_map_controller(s->map)->country, age, &f));
    for (size_t i = 0; i < ARRAY_LEN(best_for_child); i++) {
        TRY(law_facts_set_written(&f, best_for_child[i].fact, slice_str(best_for_child[i].value)));
    }
    TRY(law_facts_set_text(&f, LAW_SUBJECT_LANGUAGE, SLICE("en")));
    TRY(law_facts_set_text(&f, LAW_NOTICE_LANGUAGE, SLICE("en")));
    TRY(law_map_fill(s->map, purpose, category, operation, -1, &f));
    TRY(law_map_settle(s->map, purpose, &f, s->now_unix_ms, &offending));
    TRY(law_decide(s->laws, law_set_mask(s->laws, true), &f, &answer));
    *ret_lawful = answer.permit != 0;
    return STATUS_OK;
}

struct status facts_for_children(const struct notice_source *source, int purpose,
                                 bool *ret_may) {
    *ret_may = false;
    for (int age = 0; age < FACTS_ADULT && !*ret_may; age++) {
        TRY(lawful_at(source, purpose, age, ret_may));
    }
    return STATUS_OK;
}

static int gdpr_of(const struct notice_source *s) {
    return law_set_find(s->laws, SLICE("gdpr"));
}

/* Whether the Regulation binds somebody who is there, with a controller who is there: whether the
 * country is in the European Economic Area. */
static struct status in_area(const struct notice_source *s, uint8_t country, bool *ret_in) {
    struct law_facts f;
    struct law_answer answer;
    enum law_fact offending;
    int gdpr = gdpr_of(s);
    *ret_in = false;
    if (gdpr < 0 || country == 0) {
        return STATUS_OK;
    }
    TRY(person_of(country, FACTS_ADULT, &f));
    TRY(law_facts_set_text(&f, LAW_CONTROLLER_COUNTRY, law_country_code(country)));
    TRY(law_facts_set_text(&f, LAW_OPERATION, SLICE("use")));
    TRY(law_facts_set_text(&f, LAW_PURPOSE_ID, SLICE("p")));
    TRY(law_facts_set_text(&f, LAW_CATEGORY_ID, SLICE("c")));
    TRY(law_facts_settle(&f, s->now_unix_ms, &offending));
    TRY(law_decide(s->laws, UINT64_C(1) << gdpr, &f, &answer));
    *ret_in = (answer.laws >> gdpr & 1) != 0;
    return STATUS_OK;
}

static bool any_gift(const struct law_map *map, int recipient, int *ret_purpose,
                     int *ret_category) {
    for (size_t p = 0; p < law_map_purposes(map); p++) {
        for (size_t c = 0; c < law_map_categories(map); c++) {
            if (law_map_receives(map, recipient, (int)p, (int)c)) {
                *ret_purpose = (int)p;
                *ret_category = (int)c;
                return true;
            }
        }
    }
    return false;
}

/* Whether the law asks for a safeguard when there is no instrument. */
static struct status is_adequate(const struct notice_source *s, int recipient, bool *ret_adequate) {
    struct law_facts f;
    struct law_answer answer;
    enum law_fact offending;
    int purpose;
    int category;
    int gdpr = gdpr_of(s);
    *ret_adequate = false;
    if (gdpr < 0 || !any_gift(s->map, recipient, &purpose, &category)) {
        return STATUS_OK;
    }
    TRY(person_of(law_map_controller(s->map)->country, FACTS_ADULT, &f));
    TRY(law_map_fill(s->map, purpose, category, LAW_OPERATION_DISCLOSE, recipient, &f));
    law_facts_clear(&f, LAW_TRANSFER_INSTRUMENT);
    TRY(law_map_settle(s->map, purpose, &f, s->now_unix_ms, &offending));
    TRY(law_decide(s->laws, UINT64_C(1) << gdpr, &f, &answer));
    *ret_adequate = (answer.laws >> gdpr & 1) != 0 &&
                    (answer.needs >> LAW_NEED_TRANSFER_SAFEGUARD & 1) == 0;
    return STATUS_OK;
}

struct status facts_transfer(const struct notice_source *source, int recipient,
                             enum facts_transfer *ret_transfer) {
    const struct law_map_recipient *r = law_map_recipient(source->map, (size_t)recipient);
    bool within = r->same_entity;
    bool adequate = false;
    if (!within) {
        TRY(in_area(source, r->country, &within));
    }
    if (!within) {
        TRY(is_adequate(source, recipient, &adequate));
    }
    *ret_transfer = within     ? TRANSFER_WITHIN
                    : adequate ? TRANSFER_ADEQUATE
                    : r->instrument != LAW_TRANSFER_INSTRUMENT_NONE ? TRANSFER_INSTRUMENT
                                                                    : TRANSFER_BARE;
    return STATUS_OK;
}

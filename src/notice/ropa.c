/* The record of processing activities as JSON-LD, in terms of the Data Privacy Vocabulary 2.
 * Everything but the measures comes from the data map. */
#include "ropa.h"

#include "wire/json.h"

const struct ropa_measure ropa_measures[] = {
    {"Everything stored is sealed with a key of the person's own", "dpv:EncryptionAtRest"},
    {"Every use is decided by the law before a key is given", "dpv:AccessControlMethod"},
    {"Every use and every refusal is recorded in a log that outsiders can verify",
     "dpv:ActivityMonitoring"},
    {"What learns from behaviour knows pseudonyms, no names", "dpv:Pseudonymisation"},
    {"Passwords and tokens are kept as hashes only", "dpv:HashFunctions"},
};
const size_t ropa_measure_count = ARRAY_LEN(ropa_measures);

struct status ropa_retention(const struct law_map_category *c, struct buf *out) {
    if (c->retention == LAW_KEEP_DAYS) {
        TRY(buf_add_u64(out, c->days));
        return buf_add_str(out, c->days == 1 ? " day after collection" : " days after collection");
    }
    return buf_add_str(out, c->retention == LAW_KEEP_ACCOUNT ? "until the account ends"
                                                             : "until the person deletes it");
}

struct writer {
    struct json_writer w;
    const struct notice_source *s;
    struct buf *room; /* for values that are put together */
    struct status error;
};

static void key(struct writer *r, const char *name) {
    json_put_key(&r->w, slice_str(name));
}

static void pair(struct writer *r, const char *name, struct slice value) {
    if (value.len > 0) {
        key(r, name);
        json_put_string(&r->w, value);
    }
}

static void note_error(struct writer *r, struct status s) {
    r->error = failed(r->error) ? r->error : s;
}

/* `urn:ward:MAP:KIND:NAME`, valid until the next one. */
static struct slice iri(struct writer *r, const char *kind, struct slice name) {
    buf_clear(r->room);
    note_error(r, buf_add_format(r->room, "urn:ward:%.*s:%s%s%.*s",
                                 SLICE_ARG(law_map_name(r->s->map)), kind, name.len > 0 ? ":" : "",
                                 SLICE_ARG(name)));
    return buf_slice(r->room);
}

static void reference(struct writer *r, struct slice id) {
    json_put_object(&r->w);
    pair(r, "@id", id);
    json_put_close(&r->w);
}

static void refers(struct writer *r, const char *name, struct slice id) {
    key(r, name);
    reference(r, id);
}

static void put_context(struct writer *r) {
    static const char *const prefixes[][2] = {
        {"dpv", "https://w3id.org/dpv#"},
        {"pd", "https://w3id.org/dpv/pd#"},
        {"loc", "https://w3id.org/dpv/loc#"},
        {"eu-gdpr", "https://w3id.org/dpv/legal/eu/gdpr#"},
        {"dct", "http://purl.org/dc/terms/"},
        {"skos", "http://www.w3.org/2004/02/skos/core#"},
    };
    key(r, "@context");
    json_put_object(&r->w);
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        pair(r, prefixes[i][0], slice_str(prefixes[i][1]));
    }
    json_put_close(&r->w);
}

static void put_country(struct writer *r, uint8_t country) {
    char id[] = "loc:XX";
    struct slice code = law_country_code(country);
    if (country != 0) {
        id[4] = (char)code.ptr[0];
        id[5] = (char)code.ptr[1];
        refers(r, "dpv:hasCountry", slice_str(id));
    }
}

static void put_controller(struct writer *r) {
    const struct law_map_controller *who = law_map_controller(r->s->map);
    json_put_object(&r->w);
    pair(r, "@id", iri(r, "controller", SLICE("")));
    pair(r, "@type", SLICE("dpv:DataController"));
    pair(r, "dpv:hasName", who->name);
    pair(r, "dpv:hasAddress", who->address);
    pair(r, "dpv:hasContact", who->contact);
    put_country(r, who->country);
    if (who->officer.len > 0) {
        key(r, "dpv:hasDataProtectionOfficer");
        json_put_object(&r->w);
        pair(r, "@type", SLICE("dpv:DataProtectionOfficer"));
        pair(r, "dpv:hasContact", who->officer);
        json_put_close(&r->w);
    }
    json_put_close(&r->w);
}

static void put_storage(struct writer *r, const struct law_map_category *c) {
    struct buf text CLEANUP(buf_done) = {0};
    buf_init(&text, 100);
    note_error(r, ropa_retention(c, &text));
    key(r, "dpv:hasStorageCondition");
    json_put_object(&r->w);
    pair(r, "@type", SLICE("dpv:StorageDuration"));
    pair(r, "dct:description", buf_slice(&text));
    if (c->retention == LAW_KEEP_DAYS) {
        buf_clear(&text);
        note_error(r, buf_add_format(&text, "P%uD", (unsigned)c->days));
        pair(r, "dpv:hasDuration", buf_slice(&text));
    }
    json_put_close(&r->w);
}

static void put_category(struct writer *r, size_t n) {
    const struct law_map_category *c = law_map_category(r->s->map, n);
    json_put_object(&r->w);
    pair(r, "@id", iri(r, "category", c->name));
    pair(r, "@type", c->dpv.len > 0 ? c->dpv : SLICE("dpv:PersonalData"));
    pair(r, "dct:title", c->title);
    if (facts_flag(c->flags, LAW_CATEGORY_SPECIAL)) {
        refers(r, "skos:broader", SLICE("dpv:SpecialCategoryPersonalData"));
    }
    pair(r, "dpv:hasDataSource", c->source);
    put_storage(r, c);
    json_put_close(&r->w);
}

static void put_transfer(struct writer *r, size_t n) {
    static const char *const instruments[] = {
        [LAW_TRANSFER_INSTRUMENT_NONE] = "",
        [LAW_TRANSFER_INSTRUMENT_SCC] = "eu-gdpr:A46-2-c",
        [LAW_TRANSFER_INSTRUMENT_BCR] = "eu-gdpr:A46-2-b",
        [LAW_TRANSFER_INSTRUMENT_CODE] = "eu-gdpr:A46-2-e",
        [LAW_TRANSFER_INSTRUMENT_CERTIFICATION] = "eu-gdpr:A46-2-f",
        [LAW_TRANSFER_INSTRUMENT_DEROGATION] = "dpv:DataTransferLegalBasis",
    };
    enum facts_transfer transfer = TRANSFER_BARE;
    note_error(r, facts_transfer(r->s, (int)n, &transfer));
    const char *basis = transfer == TRANSFER_ADEQUATE ? "eu-gdpr:A45-3"
                        : transfer == TRANSFER_INSTRUMENT
                            ? instruments[law_map_recipient(r->s->map, n)->instrument]
                            : "";
    if (transfer != TRANSFER_WITHIN) {
        pair(r, "dct:type", SLICE("dpv:ThirdCountry"));
    }
    if (basis[0] != 0) {
        refers(r, "dpv:hasLegalBasis", slice_str(basis));
    }
}

static void put_recipient(struct writer *r, size_t n) {
    static const char *const roles[] = {
        [LAW_RECIPIENT_ROLE_PROCESSOR] = "dpv:DataProcessor",
        [LAW_RECIPIENT_ROLE_CONTROLLER] = "dpv:DataController",
        [LAW_RECIPIENT_ROLE_JOINT_CONTROLLER] = "dpv:JointDataControllers",
        [LAW_RECIPIENT_ROLE_AUTHORITY] = "dpv:Authority",
    };
    const struct law_map_recipient *one = law_map_recipient(r->s->map, n);
    json_put_object(&r->w);
    pair(r, "@id", iri(r, "recipient", one->name));
    key(r, "@type");
    json_put_array(&r->w);
    json_put_string(&r->w, SLICE("dpv:Recipient"));
    if (!one->same_entity) {
        json_put_string(&r->w, slice_str(roles[one->role]));
    }
    json_put_close(&r->w);
    pair(r, "dct:title", one->title);
    put_country(r, one->country);
    put_transfer(r, n);
    json_put_close(&r->w);
}

static void put_uses(struct writer *r, int purpose) {
    static const char *const terms[] = {"dpv:Collect", "dpv:Store", "dpv:Use", "dpv:Disclose",
                                        "dpv:Disseminate", "dpv:Restrict", "dpv:Erase"};
    unsigned operations = 0;
    key(r, "dpv:hasPersonalData");
    json_put_array(&r->w);
    for (size_t c = 0; c < law_map_categories(r->s->map); c++) {
        unsigned here = law_map_operations(r->s->map, purpose, (int)c);
        operations |= here;
        if (here != 0) {
            reference(r, iri(r, "category", law_map_category(r->s->map, c)->name));
        }
    }
    json_put_close(&r->w);
    key(r, "dpv:hasProcessing");
    json_put_array(&r->w);
    for (size_t i = 0; i < ARRAY_LEN(terms); i++) {
        if ((operations >> i & 1) != 0) {
            reference(r, slice_str(terms[i]));
        }
    }
    json_put_close(&r->w);
}

/* `eu-gdpr:A6-1-a`; what the vocabulary has no term for is the ground of another law. */
static const char *basis_term(uint8_t basis) {
    static const char *const terms[] = {
        [LAW_BASIS_CONSENT] = "eu-gdpr:A6-1-a",
        [LAW_BASIS_CONTRACT] = "eu-gdpr:A6-1-b",
        [LAW_BASIS_LEGAL_OBLIGATION] = "eu-gdpr:A6-1-c",
        [LAW_BASIS_VITAL_INTERESTS] = "eu-gdpr:A6-1-d",
        [LAW_BASIS_PUBLIC_TASK] = "eu-gdpr:A6-1-e",
        [LAW_BASIS_LEGITIMATE_INTERESTS] = "eu-gdpr:A6-1-f",
        [LAW_BASIS_RECOGNISED_LEGITIMATE_INTERESTS] = "dpv:LegitimateInterest",
    };
    return terms[basis];
}

static void put_bases(struct writer *r, int purpose) {
    uint16_t bases = law_map_grounds(r->s->map, purpose);
    key(r, "dpv:hasLegalBasis");
    json_put_array(&r->w);
    for (uint8_t b = LAW_BASIS_CONSENT; b <= LAW_BASIS_RECOGNISED_LEGITIMATE_INTERESTS; b++) {
        if ((bases >> b & 1) != 0) {
            reference(r, slice_str(basis_term(b)));
        }
    }
    json_put_close(&r->w);
    key(r, "dpv:hasRight");
    json_put_array(&r->w);
    for (unsigned i = 0; i < RIGHTS; i++) {
        const struct right_info *info = rights_info((enum right)i);
        if ((info->bases & bases) != 0) {
            buf_clear(r->room);
            note_error(r, buf_add_str(r->room, i == RIGHT_WITHDRAWAL ? "eu-gdpr:A7-3" : "eu-gdpr:A"));
            note_error(r, buf_add_str(r->room, i == RIGHT_WITHDRAWAL ? "" : info->article));
            reference(r, buf_slice(r->room));
        }
    }
    json_put_close(&r->w);
}

static void put_recipients_of(struct writer *r, int purpose) {
    key(r, "dpv:hasRecipient");
    json_put_array(&r->w);
    for (size_t i = 0; i < law_map_recipients(r->s->map); i++) {
        bool receives = false;
        for (size_t c = 0; c < law_map_categories(r->s->map) && !receives; c++) {
            receives = law_map_receives(r->s->map, (int)i, purpose, (int)c);
        }
        if (receives) {
            reference(r, iri(r, "recipient", law_map_recipient(r->s->map, i)->name));
        }
    }
    json_put_close(&r->w);
}

static void put_subjects(struct writer *r, int purpose) {
    bool children = false;
    note_error(r, facts_for_children(r->s, purpose, &children));
    key(r, "dpv:hasDataSubject");
    json_put_array(&r->w);
    reference(r, SLICE("dpv:User"));
    if (children) {
        reference(r, SLICE("dpv:Child"));
    }
    json_put_close(&r->w);
}

static void put_process(struct writer *r, size_t n) {
    const struct law_map_purpose *p = law_map_purpose(r->s->map, n);
    json_put_object(&r->w);
    pair(r, "@id", iri(r, "process", p->name));
    pair(r, "@type", SLICE("dpv:PersonalDataProcess"));
    pair(r, "dct:title", p->title);
    refers(r, "dpv:hasDataController", iri(r, "controller", SLICE("")));
    key(r, "dpv:hasPurpose");
    json_put_object(&r->w);
    pair(r, "@id", iri(r, "purpose", p->name));
    pair(r, "@type", p->dpv.len > 0 ? p->dpv : SLICE("dpv:Purpose"));
    pair(r, "dct:title", p->title);
    json_put_close(&r->w);
    pair(r, "dpv:hasJustification", p->necessary);
    put_subjects(r, (int)n);
    put_uses(r, (int)n);
    put_bases(r, (int)n);
    put_recipients_of(r, (int)n);
    json_put_close(&r->w);
}

static void put_record(struct writer *r) {
    json_put_object(&r->w);
    pair(r, "@id", iri(r, "record", SLICE("")));
    pair(r, "@type", SLICE("dpv:RecordsOfActivities"));
    pair(r, "dct:title", law_map_title(r->s->map));
    refers(r, "dpv:hasDataController", iri(r, "controller", SLICE("")));
    key(r, "dpv:hasPersonalDataProcess");
    json_put_array(&r->w);
    for (size_t p = 0; p < law_map_purposes(r->s->map); p++) {
        reference(r, iri(r, "process", law_map_purpose(r->s->map, p)->name));
    }
    json_put_close(&r->w);
    key(r, "dpv:hasTechnicalMeasure");
    json_put_array(&r->w);
    for (size_t i = 0; i < ropa_measure_count; i++) {
        json_put_object(&r->w);
        pair(r, "@type", slice_str(ropa_measures[i].dpv));
        pair(r, "dct:description", slice_str(ropa_measures[i].title));
        json_put_close(&r->w);
    }
    json_put_close(&r->w);
    json_put_close(&r->w);
}

static void put_graph(struct writer *r) {
    json_put_array(&r->w);
    put_record(r);
    put_controller(r);
    for (size_t i = 0; i < law_map_purposes(r->s->map); i++) {
        put_process(r, i);
    }
    for (size_t i = 0; i < law_map_categories(r->s->map); i++) {
        put_category(r, i);
    }
    for (size_t i = 0; i < law_map_recipients(r->s->map); i++) {
        put_recipient(r, i);
    }
    json_put_close(&r->w);
}

struct status ropa_put_jsonld(const struct notice_source *source, struct buf *out) {
    struct buf room CLEANUP(buf_done) = {0};
    struct writer r = {.s = source, .room = &room};
    buf_init(&room, 1000);
    json_put_open(&r.w, out);
    json_put_object(&r.w);
    put_context(&r);
    key(&r, "@graph");
    put_graph(&r);
    json_put_close(&r.w);
    TRY(r.error);
    TRY(json_put_done(&r.w));
    return buf_add_byte(out, '\n');
}

/* Tries every use that a data map declares on the person whom the laws protect least: an adult who
 * was told everything in words that they understand, and said yes to everything. What is refused
 * even then can be nobody's use, and the map should not declare it. */
#include "map_check.h"

#include <stdio.h>
#include <string.h>

#include "map_dir.h"
#include "os/file.h"

enum { MAX_MAPS = 16, REASON_BYTES = 2048 };

/* A person, and what was done for that person. */
static const struct {
    uint8_t fact;
    const char *value;
} mildest[] = {
    {LAW_SUBJECT_AGE, "40"},
    {LAW_SUBJECT_AGE_SOURCE, "attested"},
    {LAW_SUBJECT_COUNTRY, "NL"},
    {LAW_SUBJECT_LANGUAGE, "nl"},
    {LAW_NOTICE_LANGUAGE, "nl"},
    {LAW_NOTICE_SHOWN, "true"},
    {LAW_NOTICE_CHILD_FRIENDLY, "true"},
    {LAW_NOTICE_NAMES_TRANSFERS, "true"},
    {LAW_NOTICE_RETENTION_SCHEDULE, "true"},
    {LAW_CONSENT_STATE, "given"},
    {LAW_CONSENT_EXPLICIT, "true"},
    {LAW_CONSENT_WRITTEN, "true"},
    {LAW_CONSENT_COVERS_DISCLOSURE, "true"},
    {LAW_PUBLISH_BY_SUBJECT_ACTION, "true"},
};

struct checking {
    const struct law_map *map;
    const struct law_set *set;
    struct slice file;
    int64_t now_unix_ms;
    struct cli_out *out;
    struct map_counts *counts;
};

struct use {
    int purpose;
    int category;
    int recipient; /* or -1 */
    enum law_operation operation;
};

static struct status decide_use(const struct checking *c, struct use u, struct law_answer *ret) {
    struct law_facts f;
    enum law_fact offending;
    law_facts_init(&f);
    for (size_t i = 0; i < ARRAY_LEN(mildest); i++) {
        TRY(law_facts_set_written(&f, mildest[i].fact, slice_str(mildest[i].value)));
    }
    TRY(law_map_fill(c->map, u.purpose, u.category, u.operation, u.recipient, &f));
    TRY(law_map_settle(c->map, u.purpose, &f, c->now_unix_ms, &offending));
    return law_decide(c->set, law_set_mask(c->set, true), &f, ret);
}

static void print_rules(const struct checking *c, const struct law_answer *a) {
    const char *separator = "";
    for (int i = law_answer_cite(a, 0); i >= 0; i = law_answer_cite(a, (size_t)i + 1)) {
        const struct law_cite *cite = law_set_cite(c->set, (size_t)i);
        out_str(c->out, separator);
        out_add(c->out, law_set_name(c->set, cite->law));
        out_str(c->out, " ");
        out_add(c->out, cite->article);
        separator = ", ";
    }
}

static void print_unlawful(const struct checking *c, struct use u, const struct law_answer *a) {
    out_add(c->out, c->file);
    out_str(c->out, ": warning: no law lets `");
    out_add(c->out, law_map_purpose(c->map, (size_t)u.purpose)->name);
    out_format(c->out, "` %s `", law_fact_info(LAW_OPERATION)->values[u.operation]);
    out_add(c->out, law_map_category(c->map, (size_t)u.category)->name);
    if (u.recipient >= 0) {
        out_str(c->out, "` to `");
        out_add(c->out, law_map_recipient(c->map, (size_t)u.recipient)->name);
    }
    out_str(c->out, "`, not even of an adult who was told and said yes: ");
    print_rules(c, a);
    out_str(c->out, "\n");
}

static struct status check_use(const struct checking *c, struct use u) {
    struct law_answer answer;
    TRY(decide_use(c, u, &answer));
    c->counts->uses++;
    if (answer.permit == 0) {
        c->counts->unlawful++;
        print_unlawful(c, u, &answer);
    }
    return STATUS_OK;
}

static struct status check_disclosures(const struct checking *c, struct use u) {
    for (size_t r = 0; r < law_map_recipients(c->map); r++) {
        u.recipient = (int)r;
        if (law_map_receives(c->map, u.recipient, u.purpose, u.category)) {
            TRY(check_use(c, u));
        }
    }
    return STATUS_OK;
}

static struct status check_pair(const struct checking *c, int purpose, int category) {
    uint8_t operations = law_map_operations(c->map, purpose, category);
    for (int op = LAW_OPERATION_COLLECT; op <= LAW_OPERATION_ERASE; op++) {
        struct use u = {purpose, category, -1, (enum law_operation)op};
        if ((operations >> op & 1) == 0) {
            continue;
        }
        TRY(op == LAW_OPERATION_DISCLOSE ? check_disclosures(c, u) : check_use(c, u));
    }
    return STATUS_OK;
}

static struct status check_uses(const struct checking *c) {
    for (size_t p = 0; p < law_map_purposes(c->map); p++) {
        for (size_t k = 0; k < law_map_categories(c->map); k++) {
            TRY(check_pair(c, (int)p, (int)k));
        }
    }
    return STATUS_OK;
}

/* What people cannot be handed of their own nobody notices before one of them asks. */
static struct status check_rights(const struct law_map *map, struct slice file,
                                  struct law_report *report) {
    int rights = law_map_find_purpose(map, SLICE(LAW_MAP_RIGHTS));
    for (size_t k = 0; k < law_map_categories(map); k++) {
        char message[300];
        if (law_map_declares(map, rights, (int)k, LAW_OPERATION_USE)) {
            continue;
        }
        (void)snprintf(message, sizeof message,
                       "`" LAW_MAP_RIGHTS "` does not use `%.*s`, so that it cannot be handed to "
                       "the person it is about (GDPR Art. 15)",
                       SLICE_ARG(law_map_category(map, k)->name));
        struct law_diagnostic d = {.severity = LAW_WARNING,
                                   .kind = "map",
                                   .file = file,
                                   .message = slice_str(message),
                                   .help = SLICE("docs/DATAMAP.md tells what the purpose is for")};
        TRY(law_report_add(report, d));
    }
    return STATUS_OK;
}

/* The notices beside a map: are the templates whole, and has the map their words? */
static struct status check_notices(const char *map_path, const struct law_map *map,
                                   struct law_report *report) {
    char dir[OS_PATH_MAX];
    struct notice_templates all CLEANUP(notice_templates_done) = {.count = 0};
    bool there = false;
    if (!map_dir_notices(map_path, dir)) {
        return FAIL(E_TOO_LARGE);
    }
    TRY(os_exists(os_fs_real(), dir, &there));
    if (!there) {
        return STATUS_OK;
    }
    struct status s = notice_templates_load(os_fs_real(), dir, report, &all);
    if (s.code == NOTICE_INVALID) {
        return STATUS_OK; /* the report says what is wrong */
    }
    TRY(s);
    return notice_check(&all, map, slice_str(map_path), report);
}

static struct status check_file(struct checking *c, const char *path, struct law_report *report) {
    struct buf text CLEANUP(buf_done);
    struct law_map *map CLEANUP(law_map_free) = NULL;
    buf_init(&text, LAW_MAX_FILE_BYTES);
    TRY(os_read_file(os_fs_real(), path, &text));
    struct law_source source = {slice_str(path), buf_slice(&text)};
    struct status s = law_map_load(&source, report, &map);
    if (s.code == MAP_INVALID) {
        return STATUS_OK; /* the report says what is wrong */
    }
    TRY(s);
    c->map = map;
    c->file = source.name;
    c->counts->maps++;
    TRY(check_notices(path, map, report));
    TRY(check_rights(map, source.name, report));
    return c->set == NULL ? STATUS_OK : check_uses(c);
}

struct map_names {
    char name[MAX_MAPS][256];
    size_t count;
};

static struct status note_map(void *arg, const char *name, bool is_dir) {
    struct map_names *names = arg;
    if (is_dir || !slice_ends(slice_str(name), SLICE(".map"))) {
        return STATUS_OK;
    }
    if (names->count == MAX_MAPS || strlen(name) >= sizeof names->name[0]) {
        return FAIL(LAW_LIMIT);
    }
    memcpy(names->name[names->count++], name, strlen(name) + 1);
    return STATUS_OK;
}

static struct status check_beside(struct checking *c, const char *law_path,
                                  struct law_report *report) {
    char dir[OS_PATH_MAX];
    char path[OS_PATH_MAX];
    struct map_names names = {.count = 0};
    bool there = false;
    int len = snprintf(dir, sizeof dir, "%s/../datamap", law_path);
    if (len < 0 || (size_t)len >= sizeof dir) {
        return FAIL(E_TOO_LARGE);
    }
    TRY(os_exists(os_fs_real(), dir, &there));
    if (!there) {
        return STATUS_OK;
    }
    TRY(os_list(os_fs_real(), dir, note_map, &names));
    for (size_t i = 0; i < names.count; i++) {
        len = snprintf(path, sizeof path, "%s/%s", dir, names.name[i]);
        if (len < 0 || (size_t)len >= sizeof path) {
            return FAIL(E_TOO_LARGE);
        }
        TRY(check_file(c, path, report));
    }
    return STATUS_OK;
}

struct status map_check(const char *law_path, const char *map_path, const struct law_set *set,
                        int64_t now_unix_ms, struct law_report *report, struct cli_out *out,
                        struct map_counts *counts) {
    struct checking c = {.set = set, .now_unix_ms = now_unix_ms, .out = out, .counts = counts};
    return map_path != NULL ? check_file(&c, map_path, report) : check_beside(&c, law_path, report);
}

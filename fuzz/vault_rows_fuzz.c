/* Any bytes as one row, or one file beside the ledger, of a vault that was killed, sealed as the
 * vault seals it: it opens or says what is wrong, and whatever is asked of it afterwards is
 * answered or refused.
 *
 * An input is the space of the row (docs/FORMATS.md, "Store"; or one of enum file), its owner, its
 * id in eight bytes, and what the row says. */
#include "fuzz.h"

#include <string.h>

#include "../tests/support/power.h"
#include "../tests/support/sqlite_vfs.h"
#include "../tests/unit/vault/world.h"
#include "access.h"
#include "base/bytes.h"
#include "inside.h"

enum {
    PEOPLE = 5, /* one more than the last */
    HEAD = 10,
    TEXT_MAX = 1 << 20,
    PAGE = 64,
};

/* Beside the spaces. */
enum file {
    FILE_ACCESSES = 0xf0,       /* one sealed frame */
    FILE_ACCESSES_RAW = 0xf1,   /* the file as it stands */
    FILE_TIGHTENINGS = 0xf2,    /* one sealed frame after the backup, which is restored */
    FILE_TIGHTENINGS_RAW = 0xf3 /* the file from there on as it stands */
};

/* Enough for a decision to look at what is known of a person; soon made ready for each vault. */
static const char law_text[] =
    "law test \"A law of the tests\"\n"
    "  source \"s\"\n"
    "  from   2020-01-01\n"
    "  binds  subject.country in (NL, FR)\n"
    "  asks   6(1) when operation is not erase\n"
    "  need   consent\n"
    "rule 6(1)(a) \"Consent\"\n"
    "  when   basis is consent\n"
    "  ground consent.state is given and (consent.giver is self and subject.age >= 16\n"
    "         or guardian.verified and guardian.method is payment)\n"
    "  source \"s\"\n"
    "rule 6(1)(b) \"Need\"\n"
    "  when   basis in (contract, legitimate-interests)\n"
    "  ground purpose.necessary\n"
    "  source \"s\"\n"
    "rule 21 \"Objected\"\n"
    "  when   objected and operation is not erase\n"
    "  forbid\n"
    "  source \"s\"\n";

/* A vault that was killed, and what opens its rows. */
static struct {
    struct power *power;
    struct law_set *laws;
    struct seal_key root, state, period, people[PEOPLE];
    uint64_t epoch, tight_offset;
} killed;

#define DONE(call)                                                                                 \
    do {                                                                                           \
        struct status done_status = (call);                                                        \
        if (failed(done_status)) {                                                                 \
            fprintf(stderr, "%s\n", error_info(done_status.code)->name);                           \
            FUZZ_MUST(!#call);                                                                     \
        }                                                                                          \
    } while (0)

static void begin_world(struct world *w, struct power *power) {
    sqlite_vfs_install("fuzz", power_fs(power));
    world_begin_at(w, power_fs(power), "fuzz", "/ward");
    w->clock.self = &w->fake;
}

/* The killed vault ------------------------------------------------------------------------ */

static void add_people(struct world *w) {
    struct vault_facts facts = {.age_kind = VAULT_AGE_BIRTH,
                                .age_source = LAW_SUBJECT_AGE_SOURCE_DECLARED,
                                .country = "NL",
                                .language = "nl"};
    facts.notice = (struct vault_notice){
        .language = "nl", .shown = true, .child_friendly = true, .names_transfers = true};
    const char *const births[] = {"1990-05-01", "1980-01-01", "2014-01-01", "1970-07-07"};
    for (size_t i = 0; i < ARRAY_LEN(births); i++) {
        struct vault_tag tag = {SLICE("mail"), slice_str(births[i])};
        uint64_t id = 0;
        DONE(date_parse(slice_str(births[i]), &facts.birth));
        DONE(vault_subject_add(w->v, NULL, VAULT_ACTIVE, &facts, &tag, 1, &id));
        FUZZ_MUST(id == i + 1);
    }
    struct vault_guardian link = {
        .child = 3, .guardian = 2, .method = LAW_GUARDIAN_METHOD_PAYMENT, .verified = true};
    DONE(vault_guardian_link(w->v, NULL, &link));
    DONE(world_consent(w, 1, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    DONE(world_consent(w, 1, w->recommend, LAW_CONSENT_STATE_GIVEN));
}

static void add_records(struct world *w) {
    uint64_t id = 0;
    struct vault_use use = {.purpose = w->messages, .operation = LAW_OPERATION_COLLECT};
    struct vault_meta message = {.owner = 1, .category = w->message, .others = {2}};
    struct vault_hold hold = {.record = 2,
                              .ground = VAULT_HOLD_LEGAL_CLAIMS,
                              .until_ms = INT64_C(1000) * (WORLD_START_S + 90),
                              .reference = SLICE("a file")};
    DONE(world_put(w, 1, w->keep_account, w->account, "one", &id));
    DONE(world_put(w, 2, w->keep_account, w->account, "two", &id));
    DONE(world_put(w, 1, w->keep_history, w->history, "three", &id));
    DONE(world_put(w, 3, w->keep_account, w->account, "four", &id));
    DONE(vault_put(w->v, &use, &message, SLICE("five"), &id, NULL));
    DONE(world_put(w, 4, w->share, w->clip, "six", &id));
    DONE(vault_hold_place(w->v, NULL, &hold));
}

/* Somebody follows, so that events are kept; somebody reads; then it is taken away again. */
static void live(struct world *w) {
    struct vault_use use = {.purpose = w->support, .operation = LAW_OPERATION_USE};
    struct vault_follower *follower = NULL;
    struct vault_erased erased;
    char got[64];
    int64_t next_ms = 0;
    DONE(vault_follow(w->v, &use, 0, &follower));
    DONE(world_read(w, w->support, 1, got, sizeof got));
    DONE(world_read(w, w->support, 4, got, sizeof got));
    w->fake.now_ms += 61000;
    DONE(vault_tick(w->v, &next_ms));
    DONE(vault_backup(w->v, "/ward/backup"));
    DONE(segments_save(w->v, SIZE_MAX, true));
    killed.tight_offset = w->v->tight_offset;
    DONE(world_consent(w, 1, w->recommend, LAW_CONSENT_STATE_WITHDRAWN));
    DONE(vault_object(w->v, NULL, 4, w->support, true));
    DONE(vault_erase_record(w->v, NULL, 6, SLICE(""), NULL, &erased));
    DONE(world_read(w, w->support, 1, got, sizeof got));
    (void)world_read(w, w->recommend, 3, got, sizeof got).code;
    w->fake.now_ms += 500;
}

/* As an erasure leaves it that was killed between its intent and its end. */
static void put_erasure(struct world *w) {
    struct buf row CLEANUP(buf_done);
    uint8_t salt[LEAF_SALT_LEN] = {1};
    buf_init(&row, TEXT_MAX);
    DONE(buf_add_be64(&row, 1));
    DONE(buf_add_byte(&row, TIGHT_ERASE_SUBJECT));
    DONE(buf_add_be64(&row, 0));
    DONE(buf_add_be64(&row, 4));
    DONE(buf_add(&row, slice_of(salt, sizeof salt)));
    DONE(op_begin(w->v));
    DONE(op_end(w->v, state_put(w->v, STORE_ERASURES, 0, 1, buf_slice(&row))));
}

static void learn_keys(struct world *w) {
    killed.root = w->root;
    killed.state = w->v->state_key;
    killed.epoch = w->v->access->epoch;
    DONE(op_begin(w->v));
    DONE(op_end(w->v, period_key(w->v, w->fake.now_ms, &killed.period)));
    for (uint64_t id = 1; id < PEOPLE; id++) {
        struct person *p = NULL;
        DONE(person_get(w->v, id, &p));
        DONE(person_key_get(w->v, p, PERSON_KEY, &killed.people[id]));
    }
}

static void load_laws(void) {
    struct law_source source = {SLICE("test.law"), slice_str(law_text)};
    struct law_report report;
    law_report_init(&report);
    DONE(law_set_load(&source, 1, &report, &killed.laws));
    law_report_done(&report);
}

static struct vault_options options_of(const struct world *w) {
    struct vault_options options = world_options(w);
    options.laws = killed.laws;
    return options;
}

/* Once. */
static void make_killed(void) {
    struct world w;
    load_laws();
    DONE(store_init());
    killed.power = power_new(1);
    begin_world(&w, killed.power);
    DONE(os_mkdir(w.fs, "/ward", false));
    struct vault_options options = options_of(&w);
    DONE(vault_open(&options, &w.v));
    world_names(&w);
    add_people(&w);
    add_records(&w);
    live(&w);
    put_erasure(&w);
    learn_keys(&w);
    w.v->stopped = true;
    vault_close(&w.v);
}

/* One row of it ---------------------------------------------------------------------------- */

struct target {
    uint8_t space;
    uint64_t owner;
    uint64_t id;
};

/* How the space's rows are sealed; false: they are not. */
static bool place_of(const struct target *t, struct seal_place *place,
                     const struct seal_key **key) {
    *place = (struct seal_place){
        .what = SEAL_STATE, .owner = t->owner, .category = t->space, .id = t->id};
    *key = &killed.state;
    switch (t->space) {
    case STORE_META:
    case STORE_NAMES:
    case STORE_KEYS:
    case STORE_SEGMENTS:
    case STORE_DELTAS:
    case STORE_LEAVES:
    case STORE_HOLDS:
    case STORE_FEED:
    case STORE_ERASURES:
        return true;
    case STORE_SUBJECTS:
    case STORE_CONSENTS:
    case STORE_GUARDIANS:
    case STORE_TAGGED:
        place->what = SEAL_FACTS;
        *key = &killed.people[t->owner % PEOPLE];
        return true;
    case STORE_OPENINGS:
        place->what = SEAL_OPENING;
        place->category = 0;
        *key = t->owner == 0 ? &killed.period : &killed.people[t->owner % PEOPLE];
        return true;
    case FILE_ACCESSES:
        *place = (struct seal_place){.what = SEAL_STATE, .owner = killed.epoch, .category = 0xfffe};
        return true;
    case FILE_TIGHTENINGS:
        *place =
            (struct seal_place){.what = SEAL_STATE, .category = 0xffff, .id = killed.tight_offset};
        return true;
    default:
        return false;
    }
}

static void seal(const struct target *t, struct slice plain, struct buf *out) {
    struct seal_place place;
    const struct seal_key *key = NULL;
    bool sealed = place_of(t, &place, &key);
    if (t->space == FILE_ACCESSES || t->space == FILE_TIGHTENINGS) {
        DONE(buf_add_be32(out, (uint32_t)(plain.len + RECORD_OVERHEAD)));
    }
    if (t->space == FILE_ACCESSES) {
        DONE(buf_add_be64(out, killed.epoch));
    }
    DONE(sealed ? record_seal_buf(key, &place, plain, out) : buf_add(out, plain));
}

static void put_row(const struct world *w, const struct target *t, struct slice bytes) {
    struct store *store = NULL;
    struct store_options options = {.path = "/ward/data/store.db", .vfs = w->vfs};
    DONE(store_open(&options, &store));
    DONE(store_begin(store));
    DONE(store_put(store, (enum store_space)t->space, t->owner, t->id, bytes));
    DONE(store_commit(store));
    store_close(&store);
}

static void put_file(const struct world *w, const char *path, uint64_t from, struct slice bytes) {
    struct os_file *file = NULL;
    DONE(os_open(w->fs, path, OS_READ | OS_WRITE, &file));
    DONE(os_truncate(w->fs, file, from));
    DONE(os_write_at(w->fs, file, from, bytes));
    DONE(os_sync(w->fs, file));
    os_close(w->fs, &file);
}

static bool is_restore(const struct target *t) {
    return t->space == FILE_TIGHTENINGS || t->space == FILE_TIGHTENINGS_RAW;
}

static void put(struct world *w, const struct target *t, struct slice plain) {
    struct buf bytes CLEANUP(buf_done);
    buf_init(&bytes, TEXT_MAX);
    seal(t, plain, &bytes);
    if (is_restore(t)) {
        put_file(w, "/ward/ledger/tightenings", killed.tight_offset, buf_slice(&bytes));
    } else if (t->space == FILE_ACCESSES || t->space == FILE_ACCESSES_RAW) {
        put_file(w, "/ward/ledger/accesses", 0, buf_slice(&bytes));
    } else {
        put_row(w, t, buf_slice(&bytes));
    }
}

/* Asking ----------------------------------------------------------------------------------- */

static struct status see_entry(void *arg, uint64_t leaf, uint8_t kind, int64_t at_ms,
                               struct slice content) {
    struct buf text CLEANUP(buf_done);
    (void)leaf;
    (void)kind;
    (void)at_ms;
    (void)arg;
    buf_init(&text, TEXT_MAX);
    (void)content_print(content, &text).code;
    return STATUS_OK;
}

static void ask_person(struct world *w, uint64_t id) {
    struct vault_subject subject;
    struct vault_consent consents[VAULT_PURPOSES_MAX];
    struct vault_guardian links[PERSON_GUARDIANS_MAX];
    struct buf file CLEANUP(buf_done);
    size_t count = 0;
    buf_init(&file, TEXT_MAX);
    if (failed(vault_subject_get(w->v, id, &subject))) {
        return;
    }
    (void)vault_age(w->v, &subject.facts);
    (void)vault_consent_list(w->v, id, consents, ARRAY_LEN(consents), &count).code;
    (void)vault_guardian_list(w->v, id, false, links, ARRAY_LEN(links), &count).code;
    (void)vault_guardian_list(w->v, id, true, links, ARRAY_LEN(links), &count).code;
    (void)vault_entries(w->v, id, 0, PAGE, see_entry, NULL).code;
    for (uint64_t leaf = 0; leaf < 4; leaf++) {
        buf_clear(&file);
        (void)vault_receipt(w->v, id, leaf, &file).code;
    }
}

static struct status see_record(void *arg, const struct vault_meta *meta, struct slice payload) {
    struct world *w = arg;
    FUZZ_MUST(meta->owner != 0 && payload.len <= VAULT_PAYLOAD_MAX);
    (void)vault_category_name(w->v, meta->category);
    (void)vault_origin_name(w->v, meta->origin);
    return STATUS_OK;
}

static void ask_records(struct world *w) {
    struct vault_query query = {.limit = PAGE};
    struct vault_found found;
    char got[4096];
    for (uint64_t id = 1; id < 8; id++) {
        (void)world_read(w, w->support, id, got, sizeof got).code;
        (void)world_read(w, w->recommend, id, got, sizeof got).code;
    }
    struct vault_use use = {.purpose = w->support, .operation = LAW_OPERATION_USE};
    (void)vault_find(w->v, &use, &query, see_record, w, &found).code;
    (void)vault_newest(w->v, &use, 1, w->account, 0, PAGE, see_record, w, &found).code;
    (void)vault_count(w->v, &query, &found.permitted).code;
}

static void ask_feed(struct world *w) {
    struct vault_use use = {.purpose = w->support, .operation = LAW_OPERATION_USE};
    struct vault_follower *follower = NULL;
    struct vault_event events[PAGE];
    struct buf plain CLEANUP(buf_done);
    size_t count = 0;
    buf_init_secret(&plain, TEXT_MAX);
    if (!failed(vault_follow(w->v, &use, 1, &follower))) {
        (void)vault_follow_next(follower, events, PAGE, &plain, &count).code;
    }
}

static void ask(struct world *w) {
    struct vault_tag tag = {SLICE("mail"), SLICE("1990-05-01")};
    struct vault_erased erased;
    uint64_t id = 0;
    int64_t next_ms = 0;
    for (id = 1; id < PEOPLE; id++) {
        ask_person(w, id);
    }
    (void)vault_subject_find(w->v, &tag, &id).code;
    ask_records(w);
    ask_feed(w);
    w->fake.now_ms += 91000;
    (void)vault_tick(w->v, &next_ms).code;
    (void)vault_erase_subject(w->v, NULL, 1, SLICE(""), NULL, &erased).code;
}

static void learn_names(struct world *w) {
    (void)vault_purpose(w->v, SLICE("support"), &w->support).code;
    (void)vault_purpose(w->v, SLICE("recommend"), &w->recommend).code;
    (void)vault_category(w->v, SLICE("account"), &w->account).code;
}

static struct status open_again(struct world *w, const struct target *t) {
    struct vault_options options = options_of(w);
    char restored[] = "/ward/restored";
    struct vault_restored done;
    if (!is_restore(t)) {
        return vault_open(&options, &w->v);
    }
    options.data_dir = restored;
    return vault_restore(&options, "/ward/backup", &w->v, &done);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct world w;
    if (killed.power == NULL) {
        make_killed();
    }
    if (size < HEAD || size > TEXT_MAX / 2) {
        return 0;
    }
    struct target t = {.space = data[0], .owner = data[1], .id = bytes_be64(data + 2) >> 1};
    if (t.space == 0 || (t.space >= STORE_SPACES && t.space < FILE_ACCESSES) ||
        t.space > FILE_TIGHTENINGS_RAW) {
        return 0;
    }
    struct power *power = power_clone(killed.power, 1);
    begin_world(&w, power);
    put(&w, &t, slice_of(data + HEAD, size - HEAD));
    if (!failed(open_again(&w, &t))) {
        learn_names(&w);
        ask(&w);
        vault_close(&w.v);
    }
    power_free(&power);
    return 0;
}

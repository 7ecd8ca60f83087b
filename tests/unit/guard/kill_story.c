#include "kill_story.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

static uint32_t roll(struct story *s, uint32_t below) {
    s->dice = s->dice * 1664525u + 1013904223u;
    return (s->dice >> 10) % below;
}

static bool wrong(const struct soul *soul, const char *what, uint64_t got, uint64_t want) {
    fprintf(stderr, "%s (person %llu): %s: %llu, and not %llu\n", soul->reference,
            (unsigned long long)soul->person, what, (unsigned long long)got,
            (unsigned long long)want);
    return false;
}

/* One call of the program; false when no answer came, as at the end of a guard. */
static bool call(struct story *s, uint16_t op, const struct api_value *args, uint16_t *ret_code,
                 struct ward_answer *ret_answer) {
    struct status status = ward_call(s->w->programs, op, s->token, args, ret_answer);
    *ret_code = status.code;
    return ret_answer->answered;
}

/* Acts ---------------------------------------------------------------------------------- */

static bool add(struct story *s, struct soul *soul, uint16_t *ret_code) {
    struct api_value args[ARG_PERSON_ADD__COUNT] = {
        [ARG_PERSON_ADD_REFERENCE] = api_text(soul->reference),
        [ARG_PERSON_ADD_BIRTH_DATE] = api_text("1990-02-01"),
        [ARG_PERSON_ADD_COUNTRY] = api_text("NL"),
        [ARG_PERSON_ADD_REGION] = api_text(""),
        [ARG_PERSON_ADD_LANGUAGE] = api_text("en"),
        [ARG_PERSON_ADD_NOTICE] = api_text(s->w->notice[0]),
    };
    struct ward_answer answer;
    bool answered = call(s, API_PERSON_ADD, args, ret_code, &answer);
    if (answered && *ret_code == OK) {
        soul->person = answer.fields[ANS_PERSON_ADD_PERSON].n;
    }
    ward_answer_done(&answer);
    return answered;
}

static bool put(struct story *s, struct soul *soul, const struct doing *d, uint16_t *ret_code) {
    struct api_value args[ARG_RECORD_PUT__COUNT] = {
        [ARG_RECORD_PUT_PURPOSE] = api_n(s->comments),
        [ARG_RECORD_PUT_PERSON] = api_n(soul->person),
        [ARG_RECORD_PUT_CATEGORY] = api_n(s->comment),
        [ARG_RECORD_PUT_PURPOSES] = api_n(UINT64_C(1) << s->comments | UINT64_C(1) << s->safety),
        [ARG_RECORD_PUT_PAYLOAD] = api_bytes(slice_of(&d->stamp, sizeof d->stamp)),
    };
    struct ward_answer answer;
    bool answered = call(s, API_RECORD_PUT, args, ret_code, &answer);
    if (answered && *ret_code == OK) {
        soul->records[d->slot] = answer.fields[ANS_RECORD_PUT_RECORD].n;
        soul->stamps[d->slot] = d->stamp;
    }
    ward_answer_done(&answer);
    return answered;
}

static bool rewrite(struct story *s, struct soul *soul, const struct doing *d, uint16_t *ret_code) {
    struct api_value args[ARG_RECORD_REWRITE__COUNT] = {
        api_n(s->comments), api_n(soul->records[d->slot]),
        api_bytes(slice_of(&d->stamp, sizeof d->stamp))};
    struct ward_answer answer;
    bool answered = call(s, API_RECORD_REWRITE, args, ret_code, &answer);
    if (answered && *ret_code == OK) {
        soul->stamps[d->slot] = d->stamp;
    }
    ward_answer_done(&answer);
    return answered;
}

/* *ret_stamp: what was read. */
static bool read_record(struct story *s, uint64_t purpose, uint64_t record, uint16_t *ret_code,
                        uint32_t *ret_stamp) {
    struct api_value args[ARG_RECORD_READ__COUNT] = {api_n(purpose), api_n(record)};
    struct ward_answer answer;
    bool answered = call(s, API_RECORD_READ, args, ret_code, &answer);
    if (answered && *ret_code == OK) {
        struct slice payload = answer.fields[ANS_RECORD_READ_PAYLOAD].bytes;
        *ret_stamp = UINT32_MAX;
        if (payload.len == sizeof *ret_stamp) {
            memcpy(ret_stamp, payload.ptr, sizeof *ret_stamp);
        }
    }
    ward_answer_done(&answer);
    return answered;
}

static bool simple(struct story *s, uint16_t op, const struct api_value *args, uint16_t *ret_code) {
    struct ward_answer answer;
    bool answered = call(s, op, args, ret_code, &answer);
    ward_answer_done(&answer);
    return answered;
}

static bool delete_record(struct story *s, struct soul *soul, size_t slot, uint16_t *ret_code) {
    struct api_value query[TYP_QUERY__COUNT] = {[TYP_QUERY_RECORD] = api_n(soul->records[slot])};
    struct api_value args[ARG_RECORD_DELETE__COUNT] = {
        [ARG_RECORD_DELETE_PURPOSE] = api_n(s->comments),
        [ARG_RECORD_DELETE_QUERY] = {.fields = query}};
    return simple(s, API_RECORD_DELETE, args, ret_code);
}

static bool on_off(struct story *s, uint16_t op, struct soul *soul, uint64_t purpose, bool on,
                   uint16_t *ret_code) {
    struct api_value args[ARG_PERSON_OBJECT__COUNT] = {api_n(soul->person), api_n(purpose),
                                                       api_yes(on)};
    return simple(s, op, args, ret_code);
}

static bool receipt_is_good(struct story *s, struct slice file, uint64_t person,
                            enum leaf_kind *ret_kind, uint64_t *ret_count) {
    struct buf scratch CLEANUP(buf_done);
    struct receipt receipt;
    struct checkpoint head;
    buf_init(&scratch, PROOF_EXTRA_MAX);
    struct status status = receipt_verify(file, &s->log, &scratch, &receipt, &head);
    if (failed(status) || receipt.count != 1) {
        fprintf(stderr, "a receipt does not verify: %s\n", error_info(status.code)->name);
        return false;
    }
    struct slice rest = receipt.openings[0].content;
    struct slice value;
    uint64_t subject = 0;
    *ret_kind = receipt.leaf.kind;
    *ret_count = 1;
    for (unsigned code = 0; !failed(content_next(&rest, &code, &value)) && code != 0;) {
        uint64_t n = value.len == 8 ? bytes_be64(value.ptr) : 0;
        subject = code == FIELD_SUBJECT ? n : subject;
        *ret_count = code == FIELD_COUNT ? n : *ret_count;
    }
    /* The end of an erasure names nobody. */
    person = receipt.leaf.kind == LEAF_ERASURE_DONE ? 0 : person;
    if (subject != person) {
        fprintf(stderr, "a receipt of %llu speaks of %llu\n", (unsigned long long)person,
                (unsigned long long)subject);
    }
    s->receipts++;
    return subject == person;
}

static void bury(struct story *s, struct soul *soul) {
    struct erased *gone = &s->erased[s->erasures++ % STORY_ERASED];
    memcpy(gone->reference, soul->reference, sizeof gone->reference);
    memcpy(gone->records, soul->records, sizeof gone->records);
    gone->person = soul->person;
    soul->lives = false;
}

static bool erase(struct story *s, struct soul *soul, uint16_t *ret_code) {
    struct api_value args[ARG_PERSON_ERASE__COUNT] = {api_n(soul->person)};
    struct ward_answer answer;
    bool answered = call(s, API_PERSON_ERASE, args, ret_code, &answer);
    if (answered && *ret_code == OK) {
        enum leaf_kind kind;
        uint64_t count;
        struct slice file = answer.fields[ANS_PERSON_ERASE_RECEIPT].bytes;
        if (!receipt_is_good(s, file, soul->person, &kind, &count) || kind != LEAF_ERASURE_DONE) {
            *ret_code = E_PROOF_WRONG;
        }
    }
    ward_answer_done(&answer);
    return answered;
}

/* What an act leaves in the ledger --------------------------------------------------------- */

static const enum leaf_kind kinds[TOLD_KINDS] = {
    [TOLD_READS] = LEAF_READ_BATCH,
    [TOLD_WRITES] = LEAF_WRITE_BATCH,
    [TOLD_DENIALS] = LEAF_DENIAL_BATCH,
    [TOLD_OBJECTIONS] = LEAF_OBJECTION,
    [TOLD_OBJECTIONS_ENDED] = LEAF_OBJECTION_ENDED,
    [TOLD_RESTRICTIONS] = LEAF_RESTRICTION,
    [TOLD_RESTRICTIONS_ENDED] = LEAF_RESTRICTION_ENDED,
};

/* Which tally an act that is answered so adds to; TOLD_KINDS: none. */
static enum story_tally tally_of(const struct soul *soul, enum story_act act, uint16_t code) {
    if (code == E_DENIED) {
        return TOLD_DENIALS;
    }
    switch (act) {
    case ACT_READ:
    case ACT_JUDGE:
        return TOLD_READS;
    case ACT_PUT:
    case ACT_REWRITE:
        return TOLD_WRITES;
    case ACT_OBJECT:
        return soul->objected ? TOLD_OBJECTIONS_ENDED : TOLD_OBJECTIONS;
    case ACT_RESTRICT:
        return soul->restricted ? TOLD_RESTRICTIONS_ENDED : TOLD_RESTRICTIONS;
    case ACT_NONE:
    case ACT_ADD:
    case ACT_DELETE:
    case ACT_ERASE:
    default:
        return TOLD_KINDS;
    }
}

static bool is_refused(const struct soul *soul, enum story_act act) {
    bool restricted = act == ACT_READ || act == ACT_PUT || act == ACT_REWRITE;
    return (act == ACT_JUDGE && soul->objected) || (restricted && soul->restricted);
}

/* The answer that must come, given all that was answered before. */
static bool is_right(struct story *s, struct soul *soul, const struct doing *d, uint16_t code,
                     uint32_t stamp) {
    bool reads = d->act == ACT_READ || d->act == ACT_JUDGE;
    uint16_t want = is_refused(soul, d->act) ? E_DENIED : OK;
    if (code != want) {
        fprintf(stderr, "act %d is answered with %s\n", d->act, error_info(code)->name);
        return wrong(soul, "an answer", code, want);
    }
    if (reads && code == OK && stamp != soul->stamps[d->slot]) {
        return wrong(soul, "what was read", stamp, soul->stamps[d->slot]);
    }
    (void)s;
    return true;
}

/* What begins just after the kill waits for the next guard and is answered by it; that one gathers
 * its entry later. */
static void count(struct story *s, struct soul *soul, enum story_tally tally) {
    bool late = s->goes_on && s->stops;
    if (tally != TOLD_KINDS) {
        soul->told[tally].sure += !late;
        soul->told[tally].maybe += late;
    }
}

static void apply(struct story *s, struct soul *soul, const struct doing *d, uint16_t code) {
    count(s, soul, tally_of(soul, d->act, code));
    switch (d->act) {
    case ACT_ADD:
        soul->lives = true;
        break;
    case ACT_DELETE:
        soul->records[d->slot] = 0;
        break;
    case ACT_OBJECT:
        soul->objected = !soul->objected;
        break;
    case ACT_RESTRICT:
        soul->restricted = !soul->restricted;
        break;
    case ACT_ERASE:
        bury(s, soul);
        break;
    case ACT_NONE:
    case ACT_PUT:
    case ACT_REWRITE:
    case ACT_READ:
    case ACT_JUDGE:
    default:
        break;
    }
    s->acts++;
}

static bool perform(struct story *s, struct soul *soul, const struct doing *d, uint16_t *ret_code,
                    uint32_t *ret_stamp) {
    uint64_t record = soul->records[d->slot];
    switch (d->act) {
    case ACT_ADD:
        return add(s, soul, ret_code);
    case ACT_PUT:
        return put(s, soul, d, ret_code);
    case ACT_REWRITE:
        return rewrite(s, soul, d, ret_code);
    case ACT_READ:
        return read_record(s, s->comments, record, ret_code, ret_stamp);
    case ACT_JUDGE:
        return read_record(s, s->safety, record, ret_code, ret_stamp);
    case ACT_DELETE:
        return delete_record(s, soul, d->slot, ret_code);
    case ACT_OBJECT:
        return on_off(s, API_PERSON_OBJECT, soul, s->safety, !soul->objected, ret_code);
    case ACT_RESTRICT:
        return on_off(s, API_PERSON_RESTRICT, soul, s->comments, !soul->restricted, ret_code);
    case ACT_ERASE:
        return erase(s, soul, ret_code);
    case ACT_NONE:
    default:
        return true;
    }
}

/* False when no answer came, or a wrong one. *ret_answered tells which. */
static bool act(struct story *s, const struct doing *d, bool *ret_answered) {
    struct soul *soul = &s->souls[d->soul];
    uint16_t code = OK;
    uint32_t stamp = 0;
    *ret_answered = perform(s, soul, d, &code, &stamp);
    if (!*ret_answered || !is_right(s, soul, d, code, stamp)) {
        return false;
    }
    apply(s, soul, d, code);
    return true;
}

static void be_born(struct story *s, struct soul *soul) {
    *soul = (struct soul){.lives = false};
    snprintf(soul->reference, sizeof soul->reference, "soul %u", (unsigned)s->born++);
}

static struct doing choose_act(struct story *s) {
    static const enum story_act acts[] = {
        ACT_PUT,   ACT_PUT,   ACT_PUT,     ACT_READ,   ACT_READ,   ACT_READ,    ACT_JUDGE,
        ACT_JUDGE, ACT_JUDGE, ACT_REWRITE, ACT_DELETE, ACT_OBJECT, ACT_RESTRICT};
    struct doing d = {
        .soul = roll(s, STORY_SOULS), .slot = roll(s, STORY_KEPT), .stamp = roll(s, 1u << 20)};
    struct soul *soul = &s->souls[d.soul];
    if (!soul->lives) {
        be_born(s, soul);
        d.act = ACT_ADD;
        return d;
    }
    d.act = roll(s, 60) == 0 ? ACT_ERASE : acts[roll(s, sizeof acts / sizeof *acts)];
    bool of_record = d.act >= ACT_REWRITE && d.act <= ACT_DELETE;
    if (of_record && soul->records[d.slot] == 0) {
        d.act = ACT_PUT;
    }
    if (d.act == ACT_PUT && soul->records[d.slot] != 0) {
        d.act = ACT_READ;
    }
    return d;
}

void *story_go_on(void *story) {
    struct story *s = story;
    bool answered = true;
    s->goes_on = true;
    while (!s->stops && answered && !s->wrong) {
        s->doing = choose_act(s);
        if (act(s, &s->doing, &answered)) {
            s->doing.act = ACT_NONE;
        } else {
            s->wrong = answered;
        }
    }
    s->goes_on = false;
    return NULL;
}

/* Afterwards ------------------------------------------------------------------------------ */

/* How often each kind stands in the ledger since the last time; each entry is proved. */
static bool count_entry(struct story *s, struct soul *soul, uint64_t leaf) {
    struct api_value args[ARG_PERSON_RECEIPT__COUNT] = {api_n(soul->person), api_n(leaf)};
    struct ward_answer answer;
    enum leaf_kind kind = LEAF_BEGIN;
    uint64_t count = 0;
    uint16_t code;
    bool good = call(s, API_PERSON_RECEIPT, args, &code, &answer) && code == OK &&
                receipt_is_good(s, answer.fields[ANS_PERSON_RECEIPT_RECEIPT].bytes, soul->person,
                                &kind, &count);
    ward_answer_done(&answer);
    for (int i = 0; good && i < TOLD_KINDS; i++) {
        soul->told[i].in_ledger += kinds[i] == kind ? count : 0;
    }
    s->entries += good;
    return good || wrong(soul, "an entry cannot be proved", leaf, code);
}

static bool count_entries(struct story *s, struct soul *soul) {
    struct api_value args[ARG_PERSON_ENTRIES__COUNT] = {api_n(soul->person), api_n(0), api_n(1000)};
    struct ward_answer answer;
    uint16_t code;
    uint64_t newest = soul->seen_through;
    bool good = call(s, API_PERSON_ENTRIES, args, &code, &answer) && code == OK;
    const struct api_value *list = good ? &answer.fields[ANS_PERSON_ENTRIES_ENTRIES] : NULL;
    for (size_t i = 0; good && i < list->list.count; i++) {
        uint64_t leaf = list->list.items[i].fields[TYP_ENTRY_INDEX].n;
        if (leaf < soul->seen_through) {
            break;
        }
        good = count_entry(s, soul, leaf);
        newest = leaf >= newest ? leaf + 1 : newest;
    }
    ward_answer_done(&answer);
    soul->seen_through = newest;
    return good || wrong(soul, "the entries", code, OK);
}

static bool entries_stand(struct story *s, struct soul *soul) {
    if (!count_entries(s, soul)) {
        return false;
    }
    for (int i = 0; i < TOLD_KINDS; i++) {
        const struct told *told = &soul->told[i];
        if (told->in_ledger < told->sure || told->in_ledger > told->sure + told->maybe) {
            return wrong(soul, leaf_kind_text(kinds[i]), told->in_ledger, told->sure);
        }
    }
    return true;
}

/* Each of their records, for both purposes: as it was acknowledged, or refused. */
static bool records_stand(struct story *s, size_t n) {
    bool answered = true;
    for (size_t slot = 0; slot < STORY_KEPT; slot++) {
        struct doing read = {.act = ACT_READ, .soul = n, .slot = slot};
        struct doing judge = {.act = ACT_JUDGE, .soul = n, .slot = slot};
        bool there = s->souls[n].records[slot] != 0;
        if (there && (!act(s, &read, &answered) || !act(s, &judge, &answered))) {
            return false;
        }
    }
    return true;
}

static uint16_t look_for(struct story *s, const char *reference, uint64_t *ret_person) {
    struct api_value args[ARG_PERSON_FIND__COUNT] = {api_text(reference)};
    struct ward_answer answer;
    uint16_t code;
    bool answered = call(s, API_PERSON_FIND, args, &code, &answer);
    *ret_person = answered && code == OK ? answer.fields[ANS_PERSON_FIND_PERSON].n : 0;
    ward_answer_done(&answer);
    return code;
}

static bool stays_gone(struct story *s, const struct erased *gone) {
    const struct soul soul = {.person = gone->person};
    struct api_value entries[ARG_PERSON_ENTRIES__COUNT] = {api_n(gone->person), api_n(0),
                                                           api_n(10)};
    uint64_t person;
    uint32_t stamp;
    uint16_t code = look_for(s, gone->reference, &person);
    if (code != E_NOT_FOUND || !simple(s, API_PERSON_ENTRIES, entries, &code) ||
        code != E_NOT_FOUND) {
        return wrong(&soul, "who was erased", code, E_NOT_FOUND);
    }
    for (size_t i = 0; i < STORY_KEPT; i++) {
        bool answered =
            gone->records[i] == 0 || read_record(s, s->comments, gone->records[i], &code, &stamp);
        if (gone->records[i] != 0 && (!answered || code != E_NOT_FOUND)) {
            return wrong(&soul, "a record of who was erased", code, E_NOT_FOUND);
        }
    }
    return true;
}

/* What had no answer happened whole or not at all; who came and who went is known now. An entry of
 * it may be there or not. */
static void learn_what_happened(struct story *s, const struct doing *d) {
    struct soul *soul = &s->souls[d->soul];
    uint64_t person;
    uint16_t found = look_for(s, soul->reference, &person);
    enum story_tally tally = tally_of(soul, d->act, is_refused(soul, d->act) ? E_DENIED : OK);
    if (tally != TOLD_KINDS) {
        soul->told[tally].maybe++;
    }
    if (d->act == ACT_ADD) {
        soul->lives = found == OK;
        soul->person = person;
    }
    if (d->act == ACT_ERASE && found == E_NOT_FOUND) {
        bury(s, soul);
    }
}

/* What had no answer, once more: then it is done in any case. After the entries were counted, since
 * its own is not there yet. */
static bool do_again(struct story *s, const struct doing *d) {
    bool answered = true;
    bool changes = d->act == ACT_DELETE || d->act == ACT_OBJECT || d->act == ACT_RESTRICT ||
                   d->act == ACT_REWRITE;
    return !changes || act(s, d, &answered);
}

bool story_stands(struct story *s) {
    struct doing d = s->doing;
    bool good = !s->wrong;
    s->doing.act = ACT_NONE;
    learn_what_happened(s, &d);
    for (size_t i = 0; good && i < STORY_SOULS; i++) {
        good = !s->souls[i].lives || entries_stand(s, &s->souls[i]);
    }
    good = good && do_again(s, &d);
    for (size_t i = 0; good && i < STORY_SOULS; i++) {
        good = !s->souls[i].lives || records_stand(s, i);
    }
    for (size_t i = 0; good && i < STORY_ERASED && i < s->erasures; i++) {
        good = stays_gone(s, &s->erased[i]);
    }
    return good;
}

/* The published log ------------------------------------------------------------------------ */

static bool read_checkpoint(struct story *s) {
    char path[80];
    snprintf(path, sizeof path, "%s/ledger/log/checkpoint", s->w->dir);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return false;
    }
    s->checkpoint_len = fread(s->checkpoint, 1, sizeof s->checkpoint, f);
    fclose(f);
    return s->checkpoint_len > 0;
}

bool story_log_verifies(struct story *s) {
    char dir[80];
    struct verify_log_report report;
    snprintf(dir, sizeof dir, "%s/ledger/log", s->w->dir);
    struct verify_log_options options = {.fs = os_fs_real(),
                                         .dir = dir,
                                         .log = &s->log,
                                         .since = s->checkpoint_len == 0
                                                      ? (struct slice){0}
                                                      : slice_of(s->checkpoint, s->checkpoint_len)};
    struct status status = verify_log(&options, &report);
    if (failed(status) || report.size < s->leaves) {
        fprintf(stderr, "the log of %llu leaves, now %llu: %s %s\n", (unsigned long long)s->leaves,
                (unsigned long long)report.size, error_info(status.code)->name, report.failed_path);
        return false;
    }
    s->leaves = report.size;
    return read_checkpoint(s);
}

/* Before ---------------------------------------------------------------------------------- */

static bool learn_key(struct story *s) {
    struct ward_answer answer;
    bool good = ask(s->w, API_SERVICE_INFO, NULL, NULL, &answer) == OK &&
                !failed(note_vkey_parse(answer.fields[ANS_SERVICE_INFO_LEDGER_KEY].bytes, &s->log));
    ward_answer_done(&answer);
    return good;
}

bool story_open(struct story *s, struct guard_world *w, uint32_t seed) {
    struct ward_answer answer;
    *s = (struct story){.w = w, .dice = seed};
    if (!learn_key(s) || register_program(w, "story", "comments,safety", "", s->token) != OK ||
        ask_program(w, API_PROGRAM_NAMES, s->token, NULL, &answer) != OK) {
        return false;
    }
    s->comments = number_named(&answer.fields[ANS_PROGRAM_NAMES_PURPOSES], "comments");
    s->safety = number_named(&answer.fields[ANS_PROGRAM_NAMES_PURPOSES], "safety");
    s->comment = number_named(&answer.fields[ANS_PROGRAM_NAMES_CATEGORIES], "comment");
    ward_answer_done(&answer);
    return true;
}

/* kill -9 of a process that writes into a vault, at random moments, again and again on the same
 * directories. What it acknowledged on a pipe before must hold at the next open: records,
 * deletions, consents, objections, erasures, the entries of what was read and written; the ledger
 * only grows, begins with what was published before, and verifies.
 *
 * Usage: vault_kill KILLS SECONDS [SEED]: so many kills, or as many as the time allows (0 s: all of
 * them). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../unit/vault/world.h"
#include "base/bytes.h"
#include "ledger/ledger.h"
#include "ledger/verify.h"

enum { PEOPLE = 24, RECORDS = 1 << 16, VERIFY_EVERY = 8 };

enum act { JOIN = 1, PUT, READ, FIND, DELETE, GIVE, WITHDRAW, OBJECT, AGREE, ROTATE, ERASE };

/* What goes over the pipe: begun or acknowledged. */
struct message {
    uint8_t acked;
    uint8_t act;
    uint16_t slot; /* of the person */
    uint32_t salt;
    uint64_t id;
};

enum state { UNKNOWN, THERE, GONE };

/* How often the entries about a person must say that something was done; as often again as
 * `maybe`, where nobody knows. */
struct tally {
    uint64_t sure, maybe;
};

struct model {
    struct {
        enum state state;
        uint64_t id;
        enum state consent;   /* THERE: given, GONE: withdrawn */
        enum state objection; /* THERE: objected to support */
        struct tally reads, writes;
    } people[PEOPLE];
    struct {
        enum state state;
        uint16_t slot;
        uint32_t salt;
    } records[RECORDS];
    uint64_t leaves;
    uint64_t acknowledged;
    uint64_t entries;      /* acknowledged reads and writes that were found */
    char checkpoint[4096]; /* published before */
    size_t checkpoint_len;
};

static uint64_t random_state;

static uint32_t roll(uint32_t below) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 20) % below;
}

static void text_of(uint32_t salt, char *to, size_t size) {
    snprintf(to, size, "record %u of a day that ends early", salt);
}

/* The writer ---------------------------------------------------------------------------- */

static void say(int fd, const struct message *m) {
    if (write(fd, m, sizeof *m) != (ssize_t)sizeof *m) {
        _exit(3);
    }
}

static struct status join(struct world *w, struct message *m) {
    struct vault_facts facts = {.age_kind = VAULT_AGE_BIRTH,
                                .age_source = LAW_SUBJECT_AGE_SOURCE_DECLARED,
                                .country = "NL",
                                .language = "nl"};
    TRY(date_parse(SLICE("1990-05-01"), &facts.birth));
    facts.notice = (struct vault_notice){
        .language = "nl", .shown = true, .names_transfers = true, .retention_schedule = true};
    return vault_subject_add(w->v, NULL, VAULT_ACTIVE, &facts, NULL, 0, &m->id);
}

static struct status pass_over(void *arg, const struct vault_meta *meta, struct slice payload) {
    (void)arg;
    (void)meta;
    (void)payload;
    return STATUS_OK;
}

/* m->salt: how many. */
static struct status find(struct world *w, uint64_t person, struct message *m) {
    struct vault_use use = {.purpose = w->keep_account, .operation = LAW_OPERATION_USE};
    struct vault_query query = {.owner = person, .limit = 20};
    struct vault_found found;
    TRY(vault_find(w->v, &use, &query, pass_over, NULL, &found));
    m->salt = (uint32_t)found.permitted;
    return STATUS_OK;
}

static struct status act(struct world *w, const struct model *model, struct message *m) {
    uint64_t person = model->people[m->slot].id;
    char text[64];
    struct vault_erased erased;
    switch ((enum act)m->act) {
    case JOIN:
        return join(w, m);
    case PUT:
        text_of(m->salt, text, sizeof text);
        return world_put(w, person, w->keep_account, w->account, text, &m->id);
    case READ:
        return world_read(w, w->keep_account, m->id, text, sizeof text);
    case FIND:
        return find(w, person, m);
    case DELETE:
        return vault_erase_record(w->v, NULL, m->id, SLICE(""), NULL, &erased);
    case OBJECT:
    case AGREE:
        return vault_object(w->v, NULL, person, w->support, m->act == OBJECT);
    case ROTATE:
        return vault_rotate(w->v);
    case GIVE:
        return world_consent(w, person, w->keep_history, LAW_CONSENT_STATE_GIVEN);
    case WITHDRAW:
        return world_consent(w, person, w->keep_history, LAW_CONSENT_STATE_WITHDRAWN);
    case ERASE:
    default:
        return vault_erase_subject(w->v, NULL, person, SLICE(""), NULL, &erased);
    }
}

static bool choose_record(const struct model *model, struct message *m) {
    m->id = 1 + roll(RECORDS - 1);
    for (int tries = 0; tries < 200 && model->records[m->id].state != THERE; tries++) {
        m->id = 1 + roll(2000);
    }
    m->slot = model->records[m->id].slot;
    return model->records[m->id].state == THERE;
}

static bool choose(const struct model *model, struct message *m) {
    m->slot = (uint16_t)roll(PEOPLE);
    m->salt = roll(1u << 30);
    if (model->people[m->slot].state != THERE) {
        m->act = JOIN;
        return true;
    }
    static const struct {
        uint8_t below, act;
    } dice[] = {{40, PUT},      {60, READ},   {70, FIND},  {78, DELETE}, {83, GIVE},
                {88, WITHDRAW}, {91, OBJECT}, {94, AGREE}, {95, ROTATE}, {100, ERASE}};
    uint32_t what = roll(100);
    size_t i = 0;
    while (what >= dice[i].below) {
        i++;
    }
    m->act = dice[i].act;
    return (m->act != DELETE && m->act != READ) || choose_record(model, m);
}

static void apply(struct model *model, const struct message *m);

static void write_until_killed(struct world *w, struct model *model, int fd) {
    if (failed(world_try_open(w))) {
        _exit(4);
    }
    world_names(w);
    for (uint32_t n = 0;; n++) {
        struct message m = {.act = 0};
        if (!choose(model, &m)) {
            continue;
        }
        say(fd, &m);
        if (failed(act(w, model, &m))) {
            _exit(5);
        }
        m.acked = 1;
        say(fd, &m);
        apply(model, &m);
        int64_t next_ms = 0;
        w->fake.now_ms += 500;
        if (n % 16 == 15 && failed(vault_tick(w->v, &next_ms))) {
            _exit(6);
        }
    }
}

/* The model ----------------------------------------------------------------------------- */

static void forget_person(struct model *model, uint16_t slot, enum state state) {
    for (size_t id = 0; id < RECORDS; id++) {
        if (model->records[id].state == THERE && model->records[id].slot == slot) {
            model->records[id].state = state;
        }
    }
}

static void count(struct tally *tally, bool acked, uint64_t times) {
    tally->sure += acked ? times : 0;
    tally->maybe += acked ? 0 : times;
}

/* An act that was begun and not acknowledged may have happened or not. */
static void apply(struct model *model, const struct message *m) {
    enum state done = m->acked ? THERE : UNKNOWN;
    enum state gone = m->acked ? GONE : UNKNOWN;
    switch ((enum act)m->act) {
    case JOIN:
        model->people[m->slot].state = done;
        model->people[m->slot].id = m->id;
        model->people[m->slot].consent = UNKNOWN;
        model->people[m->slot].objection = GONE;
        model->people[m->slot].reads = (struct tally){.sure = 0};
        model->people[m->slot].writes = (struct tally){.sure = 0};
        break;
    case READ:
        count(&model->people[m->slot].reads, m->acked, 1);
        break;
    case FIND:
        count(&model->people[m->slot].reads, m->acked, m->acked ? m->salt : RECORDS);
        break;
    case PUT:
        count(&model->people[m->slot].writes, m->acked, 1);
        if (m->acked && m->id < RECORDS) {
            model->records[m->id].state = THERE;
            model->records[m->id].slot = m->slot;
            model->records[m->id].salt = m->salt;
        }
        break;
    case DELETE:
        model->records[m->id].state = gone;
        break;
    case GIVE:
        model->people[m->slot].consent = done;
        break;
    case WITHDRAW:
        model->people[m->slot].consent = gone;
        break;
    case OBJECT:
        model->people[m->slot].objection = done;
        break;
    case AGREE:
        model->people[m->slot].objection = gone;
        break;
    case ROTATE:
        break;
    case ERASE:
    default:
        forget_person(model, m->slot, gone);
        model->people[m->slot].state = gone;
        break;
    }
    model->acknowledged += m->acked;
}

static void read_messages(struct model *model, int fd) {
    struct message pending = {.act = 0};
    struct message m;
    while (read(fd, &m, sizeof m) == (ssize_t)sizeof m) {
        if (m.acked) {
            apply(model, &m);
            pending.act = 0;
        } else {
            pending = m;
        }
    }
    if (pending.act != 0) {
        apply(model, &pending);
    }
}

/* The check ----------------------------------------------------------------------------- */

struct counted {
    uint64_t reads, writes;
};

static struct status count_entry(void *arg, uint64_t leaf, uint8_t kind, int64_t at_ms,
                                 struct slice content) {
    struct counted *counted = arg;
    struct slice value;
    unsigned code = 0;
    (void)leaf;
    (void)at_ms;
    do {
        TRY(content_next(&content, &code, &value));
        uint64_t times = code == FIELD_COUNT ? bytes_be64(value.ptr) : 0;
        counted->reads += kind == LEAF_READ_BATCH ? times : 0;
        counted->writes += kind == LEAF_WRITE_BATCH ? times : 0;
    } while (code != 0);
    return STATUS_OK;
}

static bool is_told(const struct tally *tally, uint64_t counted, const char *what) {
    if (counted >= tally->sure && counted <= tally->sure + tally->maybe) {
        return true;
    }
    printf("%lu %s stand in a person's entries, and %lu were acknowledged\n",
           (unsigned long)counted, what, (unsigned long)tally->sure);
    return false;
}

/* What was read and written before the kill: the journal was replayed and gathered. Before anything
 * else is read. */
static bool check_entries(struct world *w, struct model *model) {
    for (size_t i = 0; i < PEOPLE; i++) {
        struct counted counted = {.reads = 0};
        if (model->people[i].state != THERE) {
            continue;
        }
        struct status status =
            vault_entries(w->v, model->people[i].id, 0, SIZE_MAX, count_entry, &counted);
        if (failed(status)) {
            printf("a person's entries: %s\n", error_info(status.code)->name);
            return false;
        }
        if (!is_told(&model->people[i].reads, counted.reads, "reads") ||
            !is_told(&model->people[i].writes, counted.writes, "writes")) {
            return false;
        }
        model->entries += model->people[i].reads.sure + model->people[i].writes.sure;
    }
    return true;
}

/* Who objected is not served. */
static bool check_refused(struct world *w, const struct model *model, uint64_t id) {
    enum state objection = model->people[model->records[id].slot].objection;
    char got[128];
    if (objection == UNKNOWN || model->records[id].state != THERE) {
        return true;
    }
    struct status status = world_read(w, w->support, id, got, sizeof got);
    return status.code == (objection == THERE ? E_DENIED : OK);
}

static bool check_records(struct world *w, struct model *model) {
    char got[128];
    char text[64];
    for (uint64_t id = 0; id < RECORDS; id++) {
        enum state state = model->records[id].state;
        if (state == UNKNOWN) {
            continue;
        }
        struct status status = world_read(w, w->keep_account, id, got, sizeof got);
        text_of(model->records[id].salt, text, sizeof text);
        bool right =
            state == GONE ? status.code == E_NO_RECORD : !failed(status) && strcmp(got, text) == 0;
        struct tally *reads = &model->people[model->records[id].slot].reads;
        reads->sure += state == THERE ? 1 : 0;
        right = right && check_refused(w, model, id);
        reads->maybe += state == THERE ? 1 : 0;
        if (!right) {
            printf("record %lu is not as acknowledged: %s\n", (unsigned long)id,
                   error_info(status.code)->name);
            return false;
        }
    }
    return true;
}

static bool check_people(struct world *w, const struct model *model) {
    for (size_t i = 0; i < PEOPLE; i++) {
        struct vault_subject subject;
        struct vault_consent consent;
        if (model->people[i].state == UNKNOWN) {
            continue;
        }
        struct status status = vault_subject_get(w->v, model->people[i].id, &subject);
        bool right = status.code == (model->people[i].state == THERE ? OK : E_NO_SUBJECT);
        if (right && model->people[i].state == THERE && model->people[i].consent != UNKNOWN) {
            uint8_t wanted = model->people[i].consent == THERE ? LAW_CONSENT_STATE_GIVEN
                                                               : LAW_CONSENT_STATE_WITHDRAWN;
            right = !failed(vault_consent_get(w->v, subject.id, w->keep_history, &consent)) &&
                    consent.state == wanted;
        }
        if (!right) {
            printf("person %lu is not as acknowledged: %s\n", (unsigned long)model->people[i].id,
                   error_info(status.code)->name);
            return false;
        }
    }
    return true;
}

/* The log begins with what was published before, and every now and then is computed anew. */
static bool check_log(struct world *w, struct model *model, bool whole) {
    struct buf note CLEANUP(buf_done);
    struct buf key CLEANUP(buf_done);
    struct note_vkey log;
    struct verify_log_report report;
    char dir[128];
    buf_init(&note, sizeof model->checkpoint);
    buf_init(&key, 1024);
    snprintf(dir, sizeof dir, "%s/log", w->ledger);
    ASSERT_OK(vault_checkpoint(w->v, &note));
    ASSERT_OK(vault_log_key(w->v, &key));
    ASSERT_OK(note_vkey_parse(buf_slice(&key), &log));
    struct verify_log_options options = {.fs = w->fs, .dir = dir, .log = &log};
    if (model->checkpoint_len > 0) {
        options.since = slice_of(model->checkpoint, model->checkpoint_len);
    }
    struct status status = whole ? verify_log(&options, &report) : STATUS_OK;
    if (failed(status) || (whole && report.size != vault_stats(w->v).leaves)) {
        printf("the log: %s\n", error_info(status.code)->name);
        return false;
    }
    if (whole) {
        memcpy(model->checkpoint, note.ptr, note.len);
        model->checkpoint_len = note.len;
    }
    return true;
}

static bool check(struct world *w, struct model *model, bool whole_ledger) {
    struct status opened = world_try_open(w);
    if (failed(opened)) {
        printf("does not open again: %s\n", error_info(opened.code)->name);
        return false;
    }
    world_names(w);
    uint64_t leaves = vault_stats(w->v).leaves;
    bool right = leaves >= model->leaves && check_people(w, model) && check_entries(w, model) &&
                 check_records(w, model) && check_log(w, model, whole_ledger);
    model->leaves = leaves;
    vault_close(&w->v);
    return right;
}

/* A writer whose person was unknown begins with a new one; its number is lost, which is allowed. */
static bool once(struct world *w, struct model *model, bool whole_ledger) {
    int pipes[2];
    if (pipe(pipes) != 0) {
        return false;
    }
    pid_t child = fork();
    if (child == 0) {
        close(pipes[0]);
        write_until_killed(w, model, pipes[1]);
    }
    close(pipes[1]);
    struct timespec wait = {.tv_nsec = (long)roll(400) * 1000000 + roll(1000000)};
    nanosleep(&wait, NULL);
    kill(child, SIGKILL);
    read_messages(model, pipes[0]);
    close(pipes[0]);
    int how = 0;
    waitpid(child, &how, 0);
    if (WIFEXITED(how)) {
        printf("the writer ended by itself: %d\n", WEXITSTATUS(how));
        return false;
    }
    w->fake.now_ms += 600000;
    return check(w, model, whole_ledger);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fputs("usage: vault_kill KILLS SECONDS [SEED]; 0 seconds: until there were so many\n",
              stderr);
        return 2;
    }
    long kills = strtol(argv[1], NULL, 10);
    long seconds = strtol(argv[2], NULL, 10);
    time_t end = time(NULL) + seconds;
    uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) | 1 : 20261121;
    random_state = seed;
    static struct model model;
    struct world w;
    (void)world_laws();
    (void)world_map();
    world_begin(&w);
    vault_close(&w.v);
    long passed = 0;
    long failures = 0;
    for (long n = 0; n < kills && (seconds == 0 || time(NULL) < end) && failures == 0; n++) {
        bool right = once(&w, &model, n % VERIFY_EVERY == 0);
        passed += right;
        failures += !right;
    }
    if (failures == 0) {
        world_end(&w);
    } else {
        printf("kept for a look: %s\n", w.dir);
    }
    printf("coverage: %lu operations were acknowledged before %ld kills (seed %lu); %lu times an "
           "entry was looked for\n",
           (unsigned long)model.acknowledged, passed + failures, (unsigned long)seed,
           (unsigned long)model.entries);
    printf("%ld passed, %ld failed\n", passed, failures);
    return failures == 0 ? 0 : 1;
}

/* ward backup and ward status: a backup is made by the running guard, beside what it serves; these
 * begin it and say how far it is. Must never call one whole that the guard has not verified. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "admin.h"
#include "base/date.h"
#include "os/file.h"

enum { FIRST_MS = 20, LONGEST_MS = 400, TENTHS = 10 };

int cmd_backup(int argc, char **argv);
int cmd_status(int argc, char **argv);

/* How far the last backup is, or how it ended. */
struct backup_state {
    char path[OS_PATH_MAX];
    bool runs, verified;
    uint64_t done, total; /* bytes */
    uint64_t records;
    int64_t ended_ms;
    struct status why; /* it failed */
};

static void read_state(const struct api_value *fields, struct backup_state *ret) {
    struct slice state = fields[TYP_BACKUP_STATE].bytes;
    *ret = (struct backup_state){
        .runs = slice_eq(state, SLICE("running")),
        .verified = slice_eq(state, SLICE("verified")),
        .done = fields[TYP_BACKUP_DONE_BYTES].n,
        .total = fields[TYP_BACKUP_TOTAL_BYTES].n,
        .records = fields[TYP_BACKUP_RECORDS].n,
        .ended_ms = fields[TYP_BACKUP_ENDED_AT].i,
        .why = {(uint16_t)fields[TYP_BACKUP_ERROR].n},
    };
    snprintf(ret->path, sizeof ret->path, "%.*s", SLICE_ARG(fields[TYP_BACKUP_PATH].bytes));
}

static void print_bytes(FILE *out, uint64_t bytes) {
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    size_t unit = 0;
    uint64_t tenths = bytes * 10;
    while (tenths >= 10000 && unit + 1 < ARRAY_LEN(units)) {
        tenths /= 1000;
        unit++;
    }
    if (unit == 0) {
        fprintf(out, "%" PRIu64 " bytes", bytes);
    } else {
        fprintf(out, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, units[unit]);
    }
}

static void print_progress(FILE *out, const struct backup_state *b) {
    fprintf(out, "%s: ", b->path);
    print_bytes(out, b->done);
    fprintf(out, " of about ");
    print_bytes(out, b->total);
}

/* On a terminal one line that is written over; elsewhere a line for each tenth. */
static void show(const struct backup_state *b, uint64_t *io_tenth) {
    bool terminal = isatty(STDERR_FILENO) != 0;
    uint64_t tenth = b->total == 0 ? 0 : b->done * TENTHS / b->total;
    if (!terminal && tenth <= *io_tenth) {
        return;
    }
    *io_tenth = tenth;
    fputs(terminal ? "\r" : "", stderr);
    print_progress(stderr, b);
    fputs(terminal ? "\033[K" : "\n", stderr);
}

static void pause_ms(int ms) {
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    (void)nanosleep(&t, NULL);
}

static struct status ask_state(struct ward_client *guard, struct backup_state *ret) {
    struct ward_answer answer;
    struct status s = ward_call(guard, API_ADMIN_STATUS, NULL, NULL, &answer);
    if (!failed(s)) {
        read_state(answer.fields[ANS_ADMIN_STATUS_BACKUP].fields, ret);
    }
    ward_answer_done(&answer);
    return s;
}

/* Until it is not running any more. */
static struct status follow(struct ward_client *guard, struct backup_state *b) {
    uint64_t tenth = 0;
    struct status s = ask_state(guard, b);
    for (int wait_ms = FIRST_MS; !failed(s) && b->runs;
         wait_ms = wait_ms * 2 < LONGEST_MS ? wait_ms * 2 : LONGEST_MS) {
        show(b, &tenth);
        pause_ms(wait_ms);
        s = ask_state(guard, b);
    }
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r\033[K");
    }
    return s;
}

static struct status begin(struct ward_client *guard, const char *name, char path[OS_PATH_MAX]) {
    struct api_value args[ARG_ADMIN_BACKUP__COUNT] = {[ARG_ADMIN_BACKUP_DIRECTORY] =
                                                          api_text(name)};
    struct ward_answer answer;
    struct status s = ward_call(guard, API_ADMIN_BACKUP, NULL, args, &answer);
    if (!failed(s)) {
        snprintf(path, OS_PATH_MAX, "%.*s", SLICE_ARG(answer.fields[ANS_ADMIN_BACKUP_PATH].bytes));
    }
    ward_answer_done(&answer);
    return s;
}

static int make(struct ward_client *guard, const char *name) {
    char path[OS_PATH_MAX];
    struct backup_state b;
    struct status s = begin(guard, name, path);
    if (failed(s)) {
        return cli_fail_status("backup", name, s);
    }
    s = follow(guard, &b);
    if (failed(s)) {
        return cli_fail(
            CLI_DIFFERS, "backup",
            "%s: %s [%s] Whether the backup goes on, ward status says; without the file "
            "`manifest` in it, it is none",
            path, error_info(s.code)->cause, error_info(s.code)->name);
    }
    if (strcmp(path, b.path) != 0) {
        return cli_fail(CLI_DIFFERS, "backup",
                        "%s: the guard was started anew, or another backup was begun. Without the "
                        "file `manifest` in it, it is none",
                        path);
    }
    if (!b.verified) {
        return cli_fail_status("backup", path, b.why);
    }
    printf("%s: %" PRIu64 " records, verified\n", path, b.records);
    return CLI_OK;
}

int cmd_backup(int argc, char **argv) {
    const char *var = "var";
    char moment[32];
    int operands;
    const struct cli_option options[] = {{"var", &var, NULL}};
    if (!cli_parse(argc, argv, options, ARRAY_LEN(options), 1, &operands)) {
        return CLI_USAGE;
    }
    time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    (void)strftime(moment, sizeof moment, "%Y-%m-%dT%H%M%SZ", &parts);
    const char *name = operands == 1 ? argv[1] : moment;
    struct ward_client *guard = NULL;
    struct status s = admin_open(var, &guard);
    int code = failed(s) ? cli_fail_status("backup", name, s) : make(guard, name);
    ward_close(&guard);
    return code;
}

/* --- status --- */

static void print_ended(const struct backup_state *b) {
    struct buf at CLEANUP(buf_done);
    buf_init(&at, 64);
    if (failed(moment_format(b->ended_ms, &at))) {
        buf_clear(&at);
    }
    if (b->verified) {
        printf("the last backup: %s: %" PRIu64 " records, verified at %.*s\n", b->path, b->records,
               SLICE_ARG(buf_slice(&at)));
        return;
    }
    const struct error_info *e = error_info(b->why.code);
    printf("the last backup: %s: failed at %.*s, and was removed: %s %s [%s]\n", b->path,
           SLICE_ARG(buf_slice(&at)), e->cause, e->remedy, e->name);
}

static void print_backup(const struct backup_state *b) {
    if (b->path[0] == '\0') {
        return;
    }
    if (!b->runs) {
        print_ended(b);
        return;
    }
    printf("a backup is being made: ");
    print_progress(stdout, b);
    printf("\n");
}

static void print_status(const struct api_value *fields) {
    struct backup_state b;
    printf("the guard serves; the store is %s; the root key is in generation %" PRIu64 "\n",
           fields[ANS_ADMIN_STATUS_DEMO].yes ? "in use" : "empty",
           fields[ANS_ADMIN_STATUS_GENERATION].n);
    read_state(fields[ANS_ADMIN_STATUS_BACKUP].fields, &b);
    print_backup(&b);
}

int cmd_status(int argc, char **argv) {
    const char *var = "var";
    int operands;
    const struct cli_option options[] = {{"var", &var, NULL}};
    if (!cli_parse(argc, argv, options, ARRAY_LEN(options), 0, &operands)) {
        return CLI_USAGE;
    }
    struct ward_client *guard = NULL;
    struct ward_answer answer = {.fd = -1};
    struct status s = admin_open(var, &guard);
    s = failed(s) ? s : ward_call(guard, API_ADMIN_STATUS, NULL, NULL, &answer);
    if (!failed(s)) {
        print_status(answer.fields);
    }
    ward_answer_done(&answer);
    ward_close(&guard);
    return failed(s) ? cli_fail_status("status", var, s) : CLI_OK;
}

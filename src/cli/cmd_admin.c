/* What the owner of the machine asks a running guard, over the socket that only they can reach. */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "admin.h"
#include "base/bytes.h"
#include "base/date.h"
#include "os/file.h"

enum { LINE_BYTES = 256, COPY_BYTES = 65536, CALL_MS = 600 * 1000 };

int cmd_operator(int argc, char **argv);
int cmd_program(int argc, char **argv);
int cmd_erase(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_hold(int argc, char **argv);
int cmd_escrow(int argc, char **argv);

struct status admin_open(const char *var, struct ward_client **ret_guard) {
    char path[OS_PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/admin/guard.sock", var);
    if (n < 0 || n >= (int)sizeof path) {
        return FAIL(E_TOO_LARGE);
    }
    TRY(ward_open(path, ret_guard));
    ward_set_timeout_ms(*ret_guard, CALL_MS);
    return STATUS_OK;
}

/* One call. The answer must be done in every case. */
static struct status ask(const char *var, uint16_t op, const struct api_value *args,
                         struct ward_answer *ret_answer) {
    struct ward_client *guard = NULL;
    *ret_answer = (struct ward_answer){.fd = -1};
    TRY(admin_open(var, &guard));
    struct status s = ward_call(guard, op, NULL, args, ret_answer);
    ward_close(&guard);
    return s;
}

static int finish(const char *command, const char *what, struct status s,
                  struct ward_answer *answer) {
    ward_answer_done(answer);
    return failed(s) ? cli_fail_status(command, what, s) : CLI_OK;
}

/* --- operator --- */

static bool read_password(char *to, size_t size) {
    struct termios was;
    bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &was) == 0;
    if (terminal) {
        struct termios quiet = was;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
        fprintf(stderr, "Password: ");
    }
    bool got = fgets(to, (int)size, stdin) != NULL;
    if (terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
        fprintf(stderr, "\n");
    }
    to[strcspn(to, "\r\n")] = 0;
    return got;
}

int cmd_operator(int argc, char **argv) {
    const char *var = "var";
    const char *name = NULL;
    const char *company = NULL;
    const char *country = NULL;
    bool outside = false;
    int operands;
    const struct cli_option options[] = {
        {"var", &var, NULL},         {"name", &name, NULL},       {"company", &company, NULL},
        {"country", &country, NULL}, {"outside", NULL, &outside},
    };
    if (!cli_parse(argc, argv, options, ARRAY_LEN(options), 0, &operands)) {
        return CLI_USAGE;
    }
    if (name == NULL || company == NULL || country == NULL) {
        return cli_fail(CLI_USAGE, "operator", "--name, --company and --country are needed");
    }
    char password[LINE_BYTES] = {0};
    if (!read_password(password, sizeof password)) {
        return cli_fail(CLI_USAGE, "operator", "no password was given");
    }
    struct api_value args[ARG_ADMIN_OPERATOR__COUNT] = {
        [ARG_ADMIN_OPERATOR_NAME] = api_text(name),
        [ARG_ADMIN_OPERATOR_PASSWORD] = api_text(password),
        [ARG_ADMIN_OPERATOR_COMPANY] = api_text(company),
        [ARG_ADMIN_OPERATOR_COUNTRY] = api_text(country),
        [ARG_ADMIN_OPERATOR_SAME_ENTITY] = api_yes(!outside),
    };
    struct ward_answer answer;
    struct status s = ask(var, API_ADMIN_OPERATOR, args, &answer);
    explicit_bzero(password, sizeof password);
    return finish("operator", name, s, &answer);
}

/* --- program --- */

/* The words between commas as texts of the argument; they point into `list`. */
static struct status split(const char *list, struct arena *a, struct api_value *ret) {
    struct slice rest = slice_str(list == NULL ? "" : list);
    struct api_value *items = arena_array(a, rest.len + 1, sizeof *items);
    size_t count = 0;
    if (items == NULL) {
        return FAIL(E_MEMORY);
    }
    while (rest.len > 0) {
        size_t comma = slice_find(rest, ',');
        items[count++].bytes = slice_sub(rest, 0, comma);
        rest = comma < rest.len ? slice_from(rest, comma + 1) : SLICE("");
    }
    ret->list.items = items;
    ret->list.count = count;
    return STATUS_OK;
}

static void print_hex(struct slice bytes) {
    for (size_t i = 0; i < bytes.len; i++) {
        printf("%02x", bytes.ptr[i]);
    }
    printf("\n");
}

static void print_registered(const struct api_value *program) {
    const struct api_value *purposes = &program[TYP_REGISTERED_PURPOSES];
    struct buf at CLEANUP(buf_done) = {0};
    buf_init(&at, LINE_BYTES);
    if (program[TYP_REGISTERED_AT].i == 0 ||
        failed(moment_format(program[TYP_REGISTERED_AT].i, &at))) {
        buf_clear(&at);
    }
    printf("%.*s\t%.*s, %.*s\t", SLICE_ARG(program[TYP_REGISTERED_NAME].bytes),
           SLICE_ARG(program[TYP_REGISTERED_COMPANY].bytes),
           SLICE_ARG(program[TYP_REGISTERED_COUNTRY].bytes));
    for (size_t i = 0; i < purposes->list.count; i++) {
        printf("%s%.*s", i == 0 ? "" : ",", SLICE_ARG(purposes->list.items[i].bytes));
    }
    printf("\t%s %.*s\n", program[TYP_REGISTERED_ENDED].yes ? "ended" : "since",
           SLICE_ARG(buf_slice(&at)));
}

static int list_programs(const char *var) {
    struct ward_answer answer;
    struct status s = ask(var, API_ADMIN_PROGRAMS, NULL, &answer);
    if (!failed(s)) {
        const struct api_value *list = &answer.fields[ANS_ADMIN_PROGRAMS_PROGRAMS];
        for (size_t i = 0; i < list->list.count; i++) {
            print_registered(list->list.items[i].fields);
        }
    }
    return finish("program", var, s, &answer);
}

static int end_program(const char *var, const char *name) {
    struct api_value args[ARG_ADMIN_DISMISS__COUNT] = {[ARG_ADMIN_DISMISS_NAME] = api_text(name)};
    struct ward_answer answer;
    struct status s = ask(var, API_ADMIN_DISMISS, args, &answer);
    return finish("program", name, s, &answer);
}

int cmd_program(int argc, char **argv) {
    const char *var = "var";
    const char *end = NULL;
    bool list = false;
    const char *name = NULL;
    const char *company = NULL;
    const char *country = NULL;
    const char *purposes = NULL;
    const char *names = NULL;
    bool outside = false;
    int operands;
    const struct cli_option options[] = {
        {"var", &var, NULL},         {"name", &name, NULL},         {"company", &company, NULL},
        {"country", &country, NULL}, {"purposes", &purposes, NULL}, {"names", &names, NULL},
        {"outside", NULL, &outside}, {"end", &end, NULL},           {"list", NULL, &list},
    };
    if (!cli_parse(argc, argv, options, ARRAY_LEN(options), 0, &operands)) {
        return CLI_USAGE;
    }
    if (list + (end != NULL) + (name != NULL) > 1) {
        return cli_fail(CLI_USAGE, "program", "--name to register one, or --list, or --end?");
    }
    if (list || end != NULL) {
        return list ? list_programs(var) : end_program(var, end);
    }
    if (name == NULL || company == NULL || country == NULL || purposes == NULL) {
        return cli_fail(CLI_USAGE, "program",
                        "--name, --company, --country and --purposes are needed");
    }
    struct arena a CLEANUP(arena_done);
    struct ward_answer answer = {.fd = -1};
    struct api_value args[ARG_ADMIN_PROGRAM__COUNT] = {
        [ARG_ADMIN_PROGRAM_NAME] = api_text(name),
        [ARG_ADMIN_PROGRAM_COMPANY] = api_text(company),
        [ARG_ADMIN_PROGRAM_COUNTRY] = api_text(country),
        [ARG_ADMIN_PROGRAM_SAME_ENTITY] = api_yes(!outside),
    };
    arena_init(&a, 1 << 20);
    struct status s = split(purposes, &a, &args[ARG_ADMIN_PROGRAM_PURPOSES]);
    s = failed(s) ? s : split(names, &a, &args[ARG_ADMIN_PROGRAM_NAMES]);
    s = failed(s) ? s : ask(var, API_ADMIN_PROGRAM, args, &answer);
    if (!failed(s)) {
        print_hex(answer.fields[ANS_ADMIN_PROGRAM_TOKEN].bytes);
    }
    return finish("program", name, s, &answer);
}

/* --- one person --- */

struct asked {
    const char *var;
    const char *name; /* as the owner wrote it, for messages */
    struct api_value whom[TYP_WHOM__COUNT];
};

/* In full or not at all. An empty --program, of a script's empty variable, must not make a
 * reference the name of an account. */
static int take_whom(const char *command, const char *operand, const char *program,
                     const char *person, struct asked *ret) {
    uint64_t number = 0;
    bool one_way = (operand != NULL) != (person != NULL);
    bool of_whom = program == NULL ? person == NULL : program[0] != 0;
    if (!one_way || !of_whom) {
        return cli_fail(CLI_USAGE, command,
                        "whom? Give the account's name, or --program and either the reference by "
                        "which the program knows the person or --person and the number");
    }
    if (person != NULL && (failed(parse_u64(slice_str(person), INT64_MAX, &number)) || !number)) {
        return cli_fail(CLI_USAGE, command, "--person takes a number, from 1 on");
    }
    ret->name = person == NULL ? operand : person;
    ret->whom[TYP_WHOM_NAME] = api_text(person == NULL ? operand : "");
    ret->whom[TYP_WHOM_PROGRAM] = api_text(program == NULL ? "" : program);
    ret->whom[TYP_WHOM_PERSON] = api_n(number);
    return CLI_OK;
}

static int read_whom(int argc, char **argv, const char *command, struct asked *ret) {
    const char *program = NULL;
    const char *person = NULL;
    int operands;
    *ret = (struct asked){.var = "var"};
    const struct cli_option options[] = {
        {"var", &ret->var, NULL}, {"program", &program, NULL}, {"person", &person, NULL}};
    if (!cli_parse(argc, argv, options, ARRAY_LEN(options), 1, &operands)) {
        return CLI_USAGE;
    }
    return take_whom(command, operands == 1 ? argv[1] : NULL, program, person, ret);
}

static bool write_all(struct slice bytes) {
    struct cli_out out;
    out_init(&out, STDOUT_FILENO);
    out_add(&out, bytes);
    return out_done(&out);
}

int cmd_erase(int argc, char **argv) {
    struct asked asked;
    struct ward_answer answer;
    int code = read_whom(argc, argv, "erase", &asked);
    if (code != CLI_OK) {
        return code;
    }
    struct api_value args[ARG_ADMIN_ERASE__COUNT] = {
        [ARG_ADMIN_ERASE_WHOM] = {.fields = asked.whom}};
    struct status s = ask(asked.var, API_ADMIN_ERASE, args, &answer);
    if (!failed(s) && !write_all(answer.fields[ANS_ADMIN_ERASE_RECEIPT].bytes)) {
        s = FAIL(E_IO);
    }
    return finish("erase", asked.name, s, &answer);
}

static struct status copy_out(int fd) {
    char room[COPY_BYTES];
    off_t at = 0;
    for (;;) {
        ssize_t n = pread(fd, room, sizeof room, at);
        if (n <= 0) {
            return n == 0 ? STATUS_OK : FAIL(E_IO);
        }
        if (!write_all(slice_of(room, (size_t)n))) {
            return FAIL(E_IO);
        }
        at += n;
    }
}

int cmd_export(int argc, char **argv) {
    struct asked asked;
    struct ward_answer answer;
    uint64_t withheld = 0;
    int code = read_whom(argc, argv, "export", &asked);
    if (code != CLI_OK) {
        return code;
    }
    struct api_value args[ARG_ADMIN_EXPORT__COUNT] = {
        [ARG_ADMIN_EXPORT_WHOM] = {.fields = asked.whom}};
    struct status s = ask(asked.var, API_ADMIN_EXPORT, args, &answer);
    if (!failed(s)) {
        withheld = answer.fields[ANS_ADMIN_EXPORT_WITHHELD].n;
        s = copy_out(answer.fd);
    }
    code = finish("export", asked.name, s, &answer);
    if (code != CLI_OK || withheld == 0) {
        return code;
    }
    return cli_fail(CLI_DIFFERS, "export",
                    "%llu records are not in the archive: its lines `withheld` say of which "
                    "category and why",
                    (unsigned long long)withheld);
}

/* --- legal holds --- */

struct hold_words {
    const char *program, *person, *record, *ground, *until, *file, *extend, *end;
    bool list;
};

static bool read_day(const char *text, int64_t *ret_ms) {
    struct buf midnight CLEANUP(buf_done) = {0};
    struct moment moment;
    buf_init(&midnight, LINE_BYTES);
    if (failed(buf_add_format(&midnight, "%sT00:00:00Z", text)) ||
        failed(moment_parse(buf_slice(&midnight), &moment))) {
        return false;
    }
    *ret_ms = moment.unix_ms;
    return true;
}

static int place_hold(const struct hold_words *h, const char *operand, struct asked *asked) {
    struct ward_answer answer;
    int64_t until_ms = 0;
    uint64_t record = 0;
    int code = take_whom("hold", operand, h->program, h->person, asked);
    if (code != CLI_OK) {
        return code;
    }
    if (h->ground == NULL || h->until == NULL || h->file == NULL) {
        return cli_fail(CLI_USAGE, "hold", "--ground, --until and --file are needed");
    }
    bool numbered = h->record == NULL ||
                    (!failed(parse_u64(slice_str(h->record), INT64_MAX, &record)) && record > 0);
    if (!read_day(h->until, &until_ms) || !numbered) {
        return cli_fail(CLI_USAGE, "hold",
                        "--until takes a date as 2027-12-31, --record a number from 1 on");
    }
    struct api_value args[ARG_ADMIN_HOLD__COUNT] = {[ARG_ADMIN_HOLD_WHOM] = {.fields = asked->whom},
                                                    [ARG_ADMIN_HOLD_RECORD] = api_n(record),
                                                    [ARG_ADMIN_HOLD_GROUND] = api_text(h->ground),
                                                    [ARG_ADMIN_HOLD_UNTIL] = api_time(until_ms),
                                                    [ARG_ADMIN_HOLD_REFERENCE] = api_text(h->file)};
    struct status s = ask(asked->var, API_ADMIN_HOLD, args, &answer);
    return finish("hold", asked->name, s, &answer);
}

static void print_hold(const struct api_value *hold) {
    bool person = hold[TYP_LEGAL_HOLD_PERSON].n != 0;
    struct buf until CLEANUP(buf_done);
    buf_init(&until, LINE_BYTES);
    if (failed(moment_format(hold[TYP_LEGAL_HOLD_UNTIL].i, &until))) {
        buf_clear(&until);
    }
    printf("%s %llu\t%.*s\tuntil %.*s\t%.*s\n", person ? "person" : "record",
           (unsigned long long)hold[person ? TYP_LEGAL_HOLD_PERSON : TYP_LEGAL_HOLD_RECORD].n,
           SLICE_ARG(hold[TYP_LEGAL_HOLD_GROUND].bytes), SLICE_ARG(buf_slice(&until)),
           SLICE_ARG(hold[TYP_LEGAL_HOLD_REFERENCE].bytes));
}

static int list_holds(const char *var) {
    struct ward_answer answer;
    struct status s = ask(var, API_ADMIN_HOLDS, NULL, &answer);
    if (!failed(s)) {
        const struct api_value *list = &answer.fields[ANS_ADMIN_HOLDS_HOLDS];
        uint64_t more = answer.fields[ANS_ADMIN_HOLDS_MORE].n;
        for (size_t i = 0; i < list->list.count; i++) {
            print_hold(list->list.items[i].fields);
        }
        if (more > 0) {
            printf("and %llu more\n", (unsigned long long)more);
        }
    }
    return finish("hold", var, s, &answer);
}

static int extend_holds(const struct hold_words *h, const char *var) {
    struct ward_answer answer;
    int64_t until_ms = 0;
    if (h->ground == NULL || h->until == NULL || h->file != NULL || h->record != NULL ||
        h->program != NULL) {
        return cli_fail(CLI_USAGE, "hold", "--extend takes the file, --ground and --until");
    }
    if (!read_day(h->until, &until_ms)) {
        return cli_fail(CLI_USAGE, "hold", "--until takes a date as 2027-12-31");
    }
    struct api_value args[ARG_ADMIN_EXTEND__COUNT] = {
        [ARG_ADMIN_EXTEND_REFERENCE] = api_text(h->extend),
        [ARG_ADMIN_EXTEND_GROUND] = api_text(h->ground),
        [ARG_ADMIN_EXTEND_UNTIL] = api_time(until_ms)};
    struct status s = ask(var, API_ADMIN_EXTEND, args, &answer);
    return finish("hold", h->extend, s, &answer);
}

static int end_holds(const char *var, const char *file) {
    struct api_value args[ARG_ADMIN_RELEASE__COUNT] = {[ARG_ADMIN_RELEASE_REFERENCE] =
                                                           api_text(file)};
    struct ward_answer answer;
    struct status s = ask(var, API_ADMIN_RELEASE, args, &answer);
    return finish("hold", file, s, &answer);
}

int cmd_hold(int argc, char **argv) {
    struct hold_words h = {.list = false};
    struct asked asked = {.var = "var"};
    int operands;
    const struct cli_option options[] = {
        {"var", &asked.var, NULL},   {"program", &h.program, NULL}, {"person", &h.person, NULL},
        {"record", &h.record, NULL}, {"ground", &h.ground, NULL},   {"until", &h.until, NULL},
        {"file", &h.file, NULL},     {"end", &h.end, NULL},         {"list", NULL, &h.list},
        {"extend", &h.extend, NULL},
    };
    if (!cli_parse(argc, argv, options, ARRAY_LEN(options), 1, &operands)) {
        return CLI_USAGE;
    }
    const char *operand = operands == 1 ? argv[1] : NULL;
    bool places = operand != NULL || h.person != NULL;
    if (places + h.list + (h.extend != NULL) + (h.end != NULL) != 1) {
        return cli_fail(CLI_USAGE, "hold", "whom, or --list, or --extend or --end and the file?");
    }
    if (h.list) {
        return list_holds(asked.var);
    }
    if (h.extend != NULL) {
        return extend_holds(&h, asked.var);
    }
    return h.end != NULL ? end_holds(asked.var, h.end) : place_hold(&h, operand, &asked);
}

/* --- the service --- */

int cmd_escrow(int argc, char **argv) {
    const char *var = "var";
    int operands;
    const struct cli_option options[] = {{"var", &var, NULL}};
    if (!cli_parse(argc, argv, options, ARRAY_LEN(options), 0, &operands)) {
        return CLI_USAGE;
    }
    struct ward_answer answer;
    struct status s = ask(var, API_ADMIN_ESCROW, NULL, &answer);
    if (!failed(s)) {
        s = write_all(answer.fields[ANS_ADMIN_ESCROW_SEALED].bytes) ? STATUS_OK : FAIL(E_IO);
        fprintf(stderr,
                "generation %llu of the root key: keep it apart from backups, and in the place of "
                "the one before\n",
                (unsigned long long)answer.fields[ANS_ADMIN_ESCROW_GENERATION].n);
    }
    return finish("escrow", var, s, &answer);
}

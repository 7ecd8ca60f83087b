/* ward audit: what the ledger says to an auditor, as a file that `ward verify audit` checks. Must
 * leave no file that is not whole. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "admin.h"
#include "base/date.h"

enum { HOURS_A_DAY = 24 };
#define HOUR_MS INT64_C(3600000)

int cmd_audit(int argc, char **argv);

/* A date is its first hour. */
static bool read_hour(const char *text, uint32_t *ret_hour) {
    struct date date;
    struct moment moment;
    if (!failed(date_parse(slice_str(text), &date)) && date.days >= 0) {
        *ret_hour = (uint32_t)date.days * HOURS_A_DAY;
        return true;
    }
    bool whole = !failed(moment_parse(slice_str(text), &moment)) && moment.unix_ms >= 0 &&
                 moment.unix_ms % HOUR_MS == 0;
    *ret_hour = whole ? (uint32_t)(moment.unix_ms / HOUR_MS) : 0;
    return whole;
}

static int read_span(const char *since, const char *until, struct api_value *args) {
    static const char help[] = "--%s %s: give a date, 2026-03-01, or a whole hour, "
                               "2026-03-01T14:00:00Z";
    uint32_t hours[2] = {0, 0};
    if (since != NULL && !read_hour(since, &hours[0])) {
        return cli_fail(CLI_USAGE, "audit", help, "since", since);
    }
    if (until != NULL && (!read_hour(until, &hours[1]) || hours[1] == 0)) {
        return cli_fail(CLI_USAGE, "audit", help, "until", until);
    }
    args[ARG_ADMIN_AUDIT_SINCE] = api_n(hours[0]);
    args[ARG_ADMIN_AUDIT_UNTIL] = api_n(hours[1]);
    return CLI_OK;
}

static struct status write_next(struct ward_client *guard, uint64_t audit, struct cli_out *out,
                                bool *ret_more) {
    struct api_value args[ARG_ADMIN_OPENINGS__COUNT] = {[ARG_ADMIN_OPENINGS_AUDIT] = api_n(audit)};
    struct ward_answer answer;
    struct status s = ward_call(guard, API_ADMIN_OPENINGS, NULL, args, &answer);
    if (!failed(s)) {
        out_add(out, answer.fields[ANS_ADMIN_OPENINGS_LINES].bytes);
        *ret_more = answer.fields[ANS_ADMIN_OPENINGS_MORE].yes;
    }
    ward_answer_done(&answer);
    return s;
}

static struct status write_file(struct ward_client *guard, const struct api_value *args,
                                struct cli_out *out) {
    struct ward_answer answer;
    uint64_t audit = 0;
    bool more = true;
    struct status s = ward_call(guard, API_ADMIN_AUDIT, NULL, args, &answer);
    if (!failed(s)) {
        audit = answer.fields[ANS_ADMIN_AUDIT_AUDIT].n;
        out_add(out, answer.fields[ANS_ADMIN_AUDIT_LINES].bytes);
    }
    ward_answer_done(&answer);
    while (more && !failed(s) && !out->broken) {
        s = write_next(guard, audit, out, &more);
    }
    return s;
}

static struct status hand_out(const char *var, const struct api_value *args, int fd) {
    struct ward_client *guard = NULL;
    struct cli_out out;
    TRY(admin_open(var, &guard));
    out_init(&out, fd);
    struct status s = write_file(guard, args, &out);
    ward_close(&guard);
    bool written = out_done(&out);
    return failed(s) ? s : written ? STATUS_OK : FAIL(E_IO);
}

static struct status create(const char *path, int *ret_fd) {
    *ret_fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return *ret_fd >= 0      ? STATUS_OK
           : errno == EEXIST ? FAIL(E_FILE_EXISTS)
           : errno == ENOENT ? FAIL(E_FILE_MISSING)
                             : FAIL(E_FILE_DENIED);
}

/* Into a new file, on the disk when it returned success, or not there. */
static struct status into_file(const char *var, const struct api_value *args, const char *path) {
    int fd = -1;
    TRY(create(path, &fd));
    struct status s = hand_out(var, args, fd);
    s = !failed(s) && fsync(fd) != 0 ? FAIL(E_IO) : s;
    close(fd);
    if (failed(s)) {
        unlink(path);
    }
    return s;
}

int cmd_audit(int argc, char **argv) {
    const char *var = "var";
    const char *since = NULL;
    const char *until = NULL;
    const char *path = NULL;
    int operands;
    const struct cli_option options[] = {{"var", &var, NULL},
                                         {"since", &since, NULL},
                                         {"until", &until, NULL},
                                         {"out", &path, NULL}};
    struct api_value args[ARG_ADMIN_AUDIT__COUNT];
    if (!cli_parse(argc, argv, options, ARRAY_LEN(options), 0, &operands)) {
        return CLI_USAGE;
    }
    int code = read_span(since, until, args);
    if (code != CLI_OK) {
        return code;
    }
    struct status s =
        path == NULL ? hand_out(var, args, STDOUT_FILENO) : into_file(var, args, path);
    return failed(s) ? cli_fail_status("audit", path == NULL ? var : path, s) : CLI_OK;
}

/* ward-studio: one process for one job on one file, shut in before it touches the file.
 *
 * It knows no names, no people and no network; what it is given is a memory file, what it gives
 * back are memory files. It must never outlive its client: the kernel kills it when the other end
 * of its socket closes. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/bytes.h"
#include "media/boxcheck.h"
#include "media/media.h"
#include "os/sandbox.h"
#include "studio_wire.h"

enum { EXIT_USAGE = 2, EXIT_SANDBOX = 3, EXIT_CLIENT = 4, NICENESS = 10 };

struct arguments {
    int fd;
    enum studio_role role;
    bool drop_user;
    uint32_t uid;
    uint32_t gid;
};

static bool parse_user(struct slice text, struct arguments *args) {
    struct slice uid;
    uint64_t u;
    uint64_t g;
    if (!slice_next(&text, ':', &uid) || failed(parse_u64(uid, UINT32_MAX - 1, &u)) ||
        failed(parse_u64(text, UINT32_MAX - 1, &g))) {
        return false;
    }
    args->drop_user = true;
    args->uid = (uint32_t)u;
    args->gid = (uint32_t)g;
    return true;
}

static bool parse_one(struct slice name, struct slice value, struct arguments *args) {
    uint64_t fd;
    if (slice_eq(name, SLICE("--fd")) && !failed(parse_u64(value, 1023, &fd))) {
        args->fd = (int)fd;
        return true;
    }
    if (slice_eq(name, SLICE("--role"))) {
        args->role = slice_eq(value, SLICE("transcode")) ? STUDIO_TRANSCODE : STUDIO_CHECK;
        return args->role == STUDIO_TRANSCODE || slice_eq(value, SLICE("check"));
    }
    return slice_eq(name, SLICE("--user")) && parse_user(value, args);
}

static bool parse(int argc, char **argv, struct arguments *args) {
    *args = (struct arguments){.fd = -1};
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!parse_one(slice_str(argv[i]), slice_str(argv[i + 1]), args)) {
            return false;
        }
    }
    return argc % 2 == 1 && args->fd >= 0 && args->role != 0;
}

/* From here on, whatever arrives on the socket (its end, for nothing else is ever sent) kills us,
 * and no code of ours can prevent it. */
static bool die_with_client(int fd) {
    int flags = fcntl(fd, F_GETFL);
    bool armed = flags >= 0 && fcntl(fd, F_SETSIG, SIGKILL) == 0 &&
                 fcntl(fd, F_SETOWN, getpid()) == 0 && fcntl(fd, F_SETFL, flags | O_ASYNC) == 0;
    struct pollfd gone = {.fd = fd, .events = POLLIN};
    return armed && poll(&gone, 1, 0) == 0; /* it may have closed just before */
}

static bool shut_in(const struct arguments *args) {
    if (args->drop_user && failed(os_become_user(args->uid, args->gid))) {
        return false;
    }
    (void)setpriority(PRIO_PROCESS, 0, NICENESS);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || !die_with_client(args->fd)) {
        return false;
    }
    enum os_profile profile =
        args->role == STUDIO_CHECK ? OS_PROFILE_STUDIO_CHECK : OS_PROFILE_STUDIO_TRANSCODE;
    return !failed(os_sandbox_enter(profile, NULL, 0));
}

static void report_progress(uint16_t permille, void *context) {
    const struct arguments *args = context;
    struct studio_message m = {
        .version = STUDIO_VERSION, .kind = STUDIO_PROGRESS, .permille = permille};
    if (failed(studio_send(args->fd, &m, -1))) {
        _exit(EXIT_CLIENT);
    }
}

static struct status send_output(int fd, enum studio_output output, const struct media_output *o) {
    TRY(studio_seal(o->fd));
    struct studio_message m = {.version = STUDIO_VERSION,
                               .kind = STUDIO_OUTPUT,
                               .output = (uint8_t)output,
                               .width = o->width,
                               .height = o->height,
                               .duration_ms = o->duration_ms,
                               .audio = o->audio,
                               .size_bytes = o->size_bytes};
    return studio_send(fd, &m, o->fd);
}

static struct status send_outputs(int fd, const struct media_outputs *o) {
    TRY(send_output(fd, STUDIO_OUT_FULL, &o->full));
    TRY(send_output(fd, STUDIO_OUT_SMALL, &o->small));
    return send_output(fd, STUDIO_OUT_POSTER, &o->poster);
}

static struct status transcode(struct arguments *args, int in_fd, struct studio_message *answer) {
    struct slice file;
    struct media_outputs outputs;
    TRY(media_map(in_fd, MEDIA_MAX_INPUT_BYTES, &file));
    TRY(media_transcode(file, report_progress, args, &outputs));
    answer->permille = 1000;
    struct status s = send_outputs(args->fd, &outputs);
    media_outputs_done(&outputs);
    return s;
}

static struct status check(enum studio_output claimed, int in_fd, struct studio_message *answer) {
    struct slice file;
    struct media_facts facts;
    TRY(media_map(in_fd, MEDIA_MAX_OUTPUT_BYTES, &file));
    TRY(media_boxcheck(claimed == STUDIO_OUT_POSTER ? MEDIA_POSTER : MEDIA_CLIP, file, &facts,
                       NULL));
    answer->permille = 1000;
    answer->output = (uint8_t)claimed;
    answer->width = facts.width;
    answer->height = facts.height;
    answer->duration_ms = facts.duration_ms;
    answer->audio = facts.audio;
    answer->size_bytes = file.len;
    return STATUS_OK;
}

static struct status work(struct arguments *args, const struct studio_message *job, int in_fd,
                          struct studio_message *answer) {
    bool check_job = args->role == STUDIO_CHECK;
    bool right = job->version == STUDIO_VERSION && job->kind == STUDIO_JOB &&
                 job->output <= STUDIO_OUT_POSTER &&
                 (job->output != STUDIO_OUT_NONE) == check_job && in_fd >= 0 &&
                 studio_is_sealed(in_fd);
    if (!right) {
        return FAIL(E_STUDIO_PROTOCOL);
    }
    return check_job ? check((enum studio_output)job->output, in_fd, answer)
                     : transcode(args, in_fd, answer);
}

int main(int argc, char **argv) {
    struct arguments args;
    if (!parse(argc, argv, &args)) {
        return EXIT_USAGE;
    }
    struct studio_message job;
    int in_fd = -1;
    if (studio_receive(args.fd, &job, &in_fd) != STUDIO_MESSAGE) {
        return EXIT_CLIENT;
    }
    if (!shut_in(&args)) {
        return EXIT_SANDBOX;
    }
    struct studio_message answer = {.version = STUDIO_VERSION, .kind = STUDIO_DONE};
    struct status s = work(&args, &job, in_fd, &answer);
    if (failed(s)) {
        answer = (struct studio_message){
            .version = STUDIO_VERSION, .kind = STUDIO_FAILED, .code = s.code};
    }
    _exit(failed(studio_send(args.fd, &answer, -1)) ? EXIT_CLIENT : EXIT_SUCCESS);
}

/* The studio protocol, and its guard side. Links no media code.
 *
 * A studio is one process for one job: `ward-studio --fd 3 --role transcode|check`. Descriptor 3 is
 * its end of a SOCK_SEQPACKET pair and all that it has. It takes the
 * job, enters its sandbox, works (only now it touches a byte of the file), and exits. One message
 * is one packet: a struct studio_message, whole, in the byte order of the machine (both ends are of
 * one build), with at most one descriptor (SCM_RIGHTS).
 *
 *  - STUDIO_JOB, from the client, with the original or an output to check: for a check, which
 * output it claims to be.
 *  - STUDIO_PROGRESS, from the studio: permille, never falling.
 *  - STUDIO_OUTPUT, from the studio, with a sealed memfd: which output, width, height, duration,
 *    whether it has sound, size.
 *  - STUDIO_DONE, from the studio: permille 1000; of a check also what the output says of itself,
 * in the fields of STUDIO_OUTPUT. Keep these rather than what its maker claimed.
 *  - STUDIO_FAILED, from the studio: code, one of errors.def.
 *
 * Transcode: JOB, then PROGRESS..., OUTPUT full, OUTPUT small, OUTPUT poster, DONE; or FAILED at
 * any time. Check: JOB, then DONE or FAILED. Every descriptor is a memfd sealed against writing,
 * growing and shrinking, so that neither end can change or cut it under the other.
 *
 * The studio is not believed: the client checks kinds, order, sizes, seals and dimensions of what
 * comes, and nothing may be published that a check (a second process that never saw the original)
 * has not passed. An end of file before DONE or FAILED is E_STUDIO_DIED, silence or slowness
 * E_STUDIO_TIMEOUT, nonsense E_STUDIO_PROTOCOL. */
#ifndef WARD_MEDIA_STUDIO_H
#define WARD_MEDIA_STUDIO_H

#include <sys/types.h>

#include "base/status.h"
#include "media/limits.h"

#define STUDIO_VERSION      1
#define STUDIO_FD           3
#define STUDIO_WALL_MAX_MS  (30U * 60U * 1000U) /* a transcoding, start to end */
#define STUDIO_STALL_MAX_MS (90U * 1000U)       /* without a message */
#define STUDIO_CHECK_MAX_MS (20U * 1000U)
#define STUDIO_MAX_MESSAGES 2048U

enum studio_role { STUDIO_TRANSCODE = 1, STUDIO_CHECK = 2 };

enum studio_kind {
    STUDIO_JOB = 1,
    STUDIO_PROGRESS = 2,
    STUDIO_OUTPUT = 3,
    STUDIO_DONE = 4,
    STUDIO_FAILED = 5,
};

enum studio_output {
    STUDIO_OUT_NONE = 0,
    STUDIO_OUT_FULL = 1,   /* MP4, H.264 and AAC, short edge up to 720 px */
    STUDIO_OUT_SMALL = 2,  /* the same, up to 480 px */
    STUDIO_OUT_POSTER = 3, /* JPEG of the size of the full rendition */
};

struct studio_message {
    uint8_t version;   /* STUDIO_VERSION */
    uint8_t kind;      /* enum studio_kind */
    uint8_t output;    /* enum studio_output */
    uint8_t reserved;  /* 0 */
    uint16_t code;     /* an enum error_code, for STUDIO_FAILED; else 0 */
    uint16_t permille; /* 0..1000 */
    uint32_t width;    /* in pixels */
    uint32_t height;
    uint32_t duration_ms; /* 0 for a poster */
    uint32_t audio;       /* 1 if the rendition has sound */
    uint64_t size_bytes;
};
_Static_assert(sizeof(struct studio_message) == 32, "the message is a packet of 32 bytes");

/* A studio process, seen by the one that started it. */
struct studio_child {
    pid_t pid;
    int fd; /* our end; pass it to the guard with SCM_RIGHTS, or begin a job on it */
};

struct studio_exe {
    const char *path; /* of ward-studio */
    bool drop_user;   /* the studio turns into uid and gid before it enters its sandbox */
    uint32_t uid;
    uint32_t gid;
};

/* Starts a studio with an empty environment and nothing but its end of the pair. For the
 * supervisor: the guard may not execute programs. Call it from a thread that lives as long as the
 * child (it dies with it). The caller owns ret_child and must studio_child_end it.
 * Errors: E_STUDIO_START. */
MUST_USE struct status studio_spawn(const struct studio_exe *exe, enum studio_role role,
                                    struct studio_child *ret_child);
/* Kills it if it still runs, collects it, closes fd if that is still ours (>= 0). True when it had
 * ended by itself with exit code 0. Safe to call twice. */
bool studio_child_end(struct studio_child *child);
/* True when it has ended (then it is collected and pid is 0). Does not wait. */
bool studio_child_ended(struct studio_child *child);

/* One job, on the guard's side. Poll `fd` for input, and call studio_job_step when there is some or
 * when studio_job_wait_ms has passed. */
struct studio_job {
    int fd;
    enum studio_role role;
    uint16_t permille;
    uint8_t outputs; /* how many have come */
    bool ended;
    uint32_t messages;
    uint32_t full_width;
    uint32_t full_height;
    int64_t end_ms; /* on the caller's monotonic clock */
    int64_t stall_ms;
};

enum studio_event_kind {
    STUDIO_EVENT_NONE,     /* nothing yet */
    STUDIO_EVENT_PROGRESS, /* message.permille */
    STUDIO_EVENT_OUTPUT,   /* message and fd: an output, not yet checked */
    STUDIO_EVENT_DONE,
};

struct studio_event {
    enum studio_event_kind kind;
    struct studio_message message;
    int fd; /* for STUDIO_EVENT_OUTPUT: a sealed memfd, now the caller's; else -1 */
};

/* Sends the job over `fd` (a connected end from studio_spawn). The job owns fd from here on, also
 * after an error. in_fd stays the caller's; it must be a memfd with all seals (studio_seal).
 * `claimed` is the kind of output for a check, STUDIO_OUT_NONE for a transcoding. */
MUST_USE struct status studio_job_begin(int fd, enum studio_role role, enum studio_output claimed,
                                        int in_fd, int64_t now_ms, struct studio_job *ret_job);
/* Takes at most one message, without waiting. An error ends the job: E_MEDIA_*, E_STUDIO_*. */
MUST_USE struct status studio_job_step(struct studio_job *job, int64_t now_ms,
                                       struct studio_event *ret_event);
/* How long poll may wait before the job is overdue. */
int studio_job_wait_ms(const struct studio_job *job, int64_t now_ms);
/* Closes the job. A studio whose client is gone gets SIGPIPE or an error at its next message and
 * ends; the supervisor's deadline kills one that sends none. */
void studio_job_end(struct studio_job *job);

/* A memfd for bytes on their way to a studio: write, then seal. */
MUST_USE struct status studio_memfd(const char *name, int *ret_fd);
MUST_USE struct status studio_seal(int fd);
/* True for a memfd that can no longer be written, grown, shrunk or unsealed. */
bool studio_is_sealed(int fd);

/* For programs without an event loop (commands, tests, bench): runs a job to its end in a studio
 * of its own. on_event may be NULL; it owns event->fd. */
typedef void studio_on_event(const struct studio_event *event, void *context);
MUST_USE struct status studio_run(const struct studio_exe *exe, enum studio_role role,
                                  enum studio_output claimed, int in_fd, studio_on_event *on_event,
                                  void *context);

#endif

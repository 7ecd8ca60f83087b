/* The guard's half of a job: one message at a time, none of them believed. Must never link what
 * parses media, and never wait. */
#include "media/studio.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "studio_wire.h"

enum { ALL_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

struct status studio_memfd(const char *name, int *ret_fd) {
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return FAIL(E_MEMORY);
    }
    *ret_fd = fd;
    return STATUS_OK;
}

struct status studio_seal(int fd) {
    return fcntl(fd, F_ADD_SEALS, ALL_SEALS) == 0 ? STATUS_OK : FAIL(E_STUDIO_PROTOCOL);
}

bool studio_is_sealed(int fd) {
    int seals = fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & ALL_SEALS) == ALL_SEALS;
}

static void forget(struct studio_job *job) {
    if (job->fd >= 0) {
        (void)close(job->fd);
    }
    job->fd = -1;
    job->ended = true;
}

void studio_job_end(struct studio_job *job) {
    forget(job);
}

static int64_t wall_ms(enum studio_role role) {
    return role == STUDIO_CHECK ? STUDIO_CHECK_MAX_MS : STUDIO_WALL_MAX_MS;
}

struct status studio_job_begin(int fd, enum studio_role role, enum studio_output claimed, int in_fd,
                               int64_t now_ms, struct studio_job *ret_job) {
    struct studio_job job = {.fd = fd,
                             .role = role,
                             .end_ms = now_ms + wall_ms(role),
                             .stall_ms = now_ms + STUDIO_STALL_MAX_MS};
    struct studio_message message = {
        .version = STUDIO_VERSION, .kind = STUDIO_JOB, .output = (uint8_t)claimed};
    int flags = fcntl(fd, F_GETFL);
    struct status s = FAIL(E_STUDIO_PROTOCOL);
    if (studio_is_sealed(in_fd) && flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0) {
        s = studio_send(fd, &message, in_fd);
    }
    if (failed(s)) {
        forget(&job);
        return s;
    }
    *ret_job = job;
    return STATUS_OK;
}

int studio_job_wait_ms(const struct studio_job *job, int64_t now_ms) {
    int64_t until = job->end_ms < job->stall_ms ? job->end_ms : job->stall_ms;
    int64_t wait = until - now_ms;
    return wait < 0 ? 0 : (int)wait;
}

static uint64_t max_bytes(uint8_t output) {
    return output == STUDIO_OUT_POSTER ? MEDIA_MAX_POSTER_BYTES : MEDIA_MAX_OUTPUT_BYTES;
}

/* What it says of the output holds for the file that came with it. */
static bool is_plausible(const struct studio_job *job, const struct studio_message *m, int fd) {
    struct stat st;
    bool in_order = job->role == STUDIO_TRANSCODE && m->output == job->outputs + 1 &&
                    m->output <= STUDIO_OUT_POSTER;
    bool sized = m->width > 0 && m->width <= MEDIA_LONG_EDGE_PX && m->height > 0 &&
                 m->height <= MEDIA_LONG_EDGE_PX && m->audio <= 1 &&
                 m->duration_ms <= MEDIA_MAX_DURATION_MS + 2000;
    return in_order && sized && fd >= 0 && studio_is_sealed(fd) && fstat(fd, &st) == 0 &&
           S_ISREG(st.st_mode) && st.st_size > 0 && (uint64_t)st.st_size == m->size_bytes &&
           m->size_bytes <= max_bytes(m->output);
}

static struct status take_output(struct studio_job *job, const struct studio_message *m, int *fd,
                                 struct studio_event *event) {
    if (!is_plausible(job, m, *fd)) {
        return FAIL(E_STUDIO_PROTOCOL);
    }
    job->outputs++;
    event->kind = STUDIO_EVENT_OUTPUT;
    event->fd = *fd;
    *fd = -1;
    return STATUS_OK;
}

static struct status take_progress(struct studio_job *job, const struct studio_message *m,
                                   struct studio_event *event) {
    if (m->permille < job->permille || m->permille > 1000) {
        return FAIL(E_STUDIO_PROTOCOL);
    }
    job->permille = m->permille;
    event->kind = STUDIO_EVENT_PROGRESS;
    return STATUS_OK;
}

static struct status take_done(struct studio_job *job, struct studio_event *event) {
    uint8_t expected = job->role == STUDIO_TRANSCODE ? STUDIO_OUT_POSTER : 0;
    if (job->outputs != expected) {
        return FAIL(E_STUDIO_PROTOCOL);
    }
    event->kind = STUDIO_EVENT_DONE;
    forget(job);
    return STATUS_OK;
}

/* A code that is none of media's would let a studio put words into our mouth. */
static struct status reported_failure(uint16_t code) {
    bool known = code == E_MEMORY || (code >= E_MEDIA_UNSUPPORTED && code <= E_STUDIO_PROTOCOL);
    const struct error_info *info = error_info(code);
    return known && info->code == code ? (struct status){code} : FAIL(E_STUDIO_PROTOCOL);
}

static struct status take(struct studio_job *job, const struct studio_message *m, int *fd,
                          struct studio_event *event) {
    if (m->version != STUDIO_VERSION || ++job->messages > STUDIO_MAX_MESSAGES) {
        return FAIL(E_STUDIO_PROTOCOL);
    }
    if (m->kind != STUDIO_OUTPUT && *fd >= 0) {
        return FAIL(E_STUDIO_PROTOCOL);
    }
    switch ((enum studio_kind)m->kind) {
    case STUDIO_PROGRESS:
        return take_progress(job, m, event);
    case STUDIO_OUTPUT:
        return take_output(job, m, fd, event);
    case STUDIO_DONE:
        return take_done(job, event);
    case STUDIO_FAILED:
        return reported_failure(m->code);
    case STUDIO_JOB:
    default:
        return FAIL(E_STUDIO_PROTOCOL);
    }
}

static struct status receive(struct studio_job *job, int64_t now_ms, struct studio_event *event) {
    int fd = -1;
    enum studio_received got = studio_receive(job->fd, &event->message, &fd);
    if (got == STUDIO_NOTHING) {
        bool late = now_ms >= job->end_ms || now_ms >= job->stall_ms;
        return late ? FAIL(E_STUDIO_TIMEOUT) : STATUS_OK;
    }
    if (got != STUDIO_MESSAGE) {
        return FAIL(got == STUDIO_GONE ? E_STUDIO_DIED : E_STUDIO_PROTOCOL);
    }
    struct status s =
        now_ms >= job->end_ms ? FAIL(E_STUDIO_TIMEOUT) : take(job, &event->message, &fd, event);
    if (fd >= 0) {
        (void)close(fd);
    }
    job->stall_ms = now_ms + STUDIO_STALL_MAX_MS;
    return s;
}

struct status studio_job_step(struct studio_job *job, int64_t now_ms,
                              struct studio_event *ret_event) {
    struct studio_event event = {.kind = STUDIO_EVENT_NONE, .fd = -1};
    if (job->ended) {
        return FAIL(E_STUDIO_PROTOCOL);
    }
    struct status s = receive(job, now_ms, &event);
    if (failed(s)) {
        forget(job);
        return s;
    }
    *ret_event = event;
    return STATUS_OK;
}

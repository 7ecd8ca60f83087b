/* Uploads. Must never hold more than one chunk of one in memory, nor say that bytes have arrived
 * which the guard did not confirm. */
#include "upload.h"

#include <stdatomic.h>
#include <unistd.h>

#include "answer.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "http/range.h"

struct upload {
    struct buf chunk;
    uint64_t offset;       /* of the chunk's first byte */
    uint64_t received;     /* as the guard said last */
    struct status trouble; /* what a chunk met; the rest of the body is dropped */
    struct buf members;    /* and what the law said */
    bool asked;
};

static atomic_uint uploads;

static struct status read_offset(struct turn *t, uint64_t *ret_offset) {
    struct slice range = http_field(t->x, "Content-Range");
    struct slice offset = http_query(t->x, SLICE("offset"));
    *ret_offset = 0;
    if (range.ptr != NULL) {
        return http_content_range_parse(range, t->x->body_bytes, ret_offset);
    }
    if (offset.ptr != NULL && failed(parse_u64(offset, INT64_MAX, ret_offset))) {
        return FAIL(E_HTTP_CONTENT_RANGE);
    }
    return STATUS_OK;
}

static struct status check(struct turn *t, uint64_t *ret_offset) {
    if (!t->session.present) {
        return FAIL(E_SESSION);
    }
    struct slice type = http_field(t->x, "Content-Type");
    if (!slice_eq(type, SLICE("application/octet-stream")) &&
        !slice_starts(type, SLICE("video/"))) {
        return FAIL(E_HTTP_CONTENT_TYPE);
    }
    return read_offset(t, ret_offset);
}

static struct status make(struct turn *t, uint64_t offset) {
    struct upload *u = arena_alloc(&t->x->arena, sizeof *u);
    if (u == NULL) {
        return FAIL(E_MEMORY);
    }
    if (atomic_fetch_add(&uploads, 1) >= FRONT_MAX_UPLOADS) {
        atomic_fetch_sub(&uploads, 1);
        return FAIL(E_HTTP_BUSY);
    }
    *u = (struct upload){.offset = offset};
    buf_init_secret(&u->chunk, FRONT_CHUNK_BYTES);
    buf_init(&u->members, FRONT_MAX_ANSWER_BYTES);
    t->upload = u;
    return STATUS_OK;
}

void upload_begin(struct turn *t, uint64_t clip) {
    uint64_t offset;
    t->x->body_mode = HTTP_BODY_STREAM;
    t->x->body_max_bytes = HTTP_MAX_STREAM_BYTES;
    struct status s = check(t, &offset);
    s = failed(s) ? s : make(t, offset);
    if (failed(s)) {
        front_refuse(t, s, NULL);
        return;
    }
    t->args[ARG_CLIP_CHUNK_CLIP].n = clip;
}

void upload_gone(struct turn *t) {
    struct upload *u = t->upload;
    if (u != NULL) {
        buf_done(&u->chunk);
        buf_done(&u->members);
        atomic_fetch_sub(&uploads, 1);
        t->upload = NULL;
    }
}

/* A chunk was answered; with its answer the exchange goes on. */
static bool settle(struct turn *t, struct status s, const struct api_answer *answer, int fd) {
    struct upload *u = t->upload;
    if (fd >= 0) {
        close(fd);
    }
    if (failed(s)) {
        u->trouble = s;
        const struct api_refusal *refusal = answer == NULL ? NULL : &answer->refusal;
        if (failed(front_error_members(t, refusal, &u->members))) {
            buf_clear(&u->members);
        }
        return false;
    }
    u->received = answer->fields[ANS_CLIP_CHUNK_RECEIVED].n;
    return true;
}

static void answer_received(struct turn *t) {
    struct buf body CLEANUP(buf_done);
    buf_init(&body, 64);
    struct status s = buf_add_str(&body, "{\"received\":");
    s = failed(s) ? s : buf_add_u64(&body, t->upload->received);
    s = failed(s) ? s : buf_add_str(&body, "}");
    if (failed(s)) {
        front_refuse(t, s, NULL);
        return;
    }
    http_answer(t->x, 200, SLICE("application/json"), buf_slice(&body));
}

static void answer_trouble(struct turn *t) {
    struct upload *u = t->upload;
    if (u->trouble.code == E_SESSION) {
        front_refuse(t, u->trouble, NULL);
        return;
    }
    http_answer_error_with(t->x, u->trouble, buf_slice(&u->members));
}

static void on_chunk(void *context, struct status s, const struct api_answer *answer, int fd) {
    struct turn *t = context;
    (void)settle(t, s, answer, fd);
    http_wake(t->x);
}

static void on_last_chunk(void *context, struct status s, const struct api_answer *answer, int fd) {
    struct turn *t = context;
    if (settle(t, s, answer, fd)) {
        answer_received(t);
    } else {
        answer_trouble(t);
    }
}

/* Sends the chunk. The protocol copies it, so that the buffer is free at once. */
static void send_chunk(struct turn *t, link_done *done) {
    struct upload *u = t->upload;
    uint64_t bytes = u->chunk.len;
    t->args[ARG_CLIP_CHUNK_OFFSET].n = u->offset;
    t->args[ARG_CLIP_CHUNK_BYTES].bytes = buf_slice(&u->chunk);
    http_wait(t->x);
    struct status s = link_call(t->front->guard, LINK_UPLOAD, t->op, t->session.flags,
                                t->session.token, t->args, done, t);
    if (failed(s)) {
        done(t, s, NULL, -1);
        return;
    }
    u->offset += bytes;
    buf_clear(&u->chunk);
}

size_t upload_body(struct turn *t, struct slice bytes) {
    struct upload *u = t->upload;
    if (failed(u->trouble)) {
        return bytes.len;
    }
    size_t room = FRONT_CHUNK_BYTES - u->chunk.len;
    size_t n = bytes.len < room ? bytes.len : room;
    struct status s = buf_add(&u->chunk, slice_sub(bytes, 0, n));
    if (failed(s)) {
        u->trouble = s;
        return bytes.len;
    }
    if (u->chunk.len == FRONT_CHUNK_BYTES) {
        send_chunk(t, on_chunk);
    }
    return n;
}

void upload_ready(struct turn *t) {
    struct upload *u = t->upload;
    if (failed(u->trouble)) {
        answer_trouble(t);
        return;
    }
    if (u->chunk.len == 0 && u->received > 0) {
        answer_received(t);
        return;
    }
    send_chunk(t, on_last_chunk);
}

static void on_status(void *context, struct status s, const struct api_answer *answer, int fd) {
    struct turn *t = context;
    if (fd >= 0) {
        close(fd);
    }
    if (failed(s)) {
        front_refuse(t, s, answer == NULL ? NULL : &answer->refusal);
        return;
    }
    front_answer(t, answer);
}

void upload_status_ready(struct turn *t) {
    front_ask(t, LINK_ASK, on_status);
}

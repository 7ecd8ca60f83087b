/* Between the exchange and the link. Must never put a secret into a body. */
#include "answer.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cache.h"
#include "session.h"
#include "values.h"

int64_t front_now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void front_ask(struct turn *t, enum link_lane lane, link_done *done) {
    const uint8_t *token = t->session.present ? t->session.token : NULL;
    http_wait(t->x);
    struct status s =
        link_call(t->front->guard, lane, t->op, t->session.flags, token, t->args, done, t);
    if (failed(s)) {
        front_refuse(t, s, NULL);
    }
}

struct status front_error_members(const struct turn *t, const struct api_refusal *refusal,
                                  struct buf *out) {
    static const struct api_refusal none;
    TRY(values_write_refusal(refusal == NULL ? &none : refusal, out));
    if (t->wrong != NULL) {
        TRY(buf_add_str(out, ",\"argument\":\""));
        TRY(buf_add_str(out, t->wrong));
        TRY(buf_add_str(out, "\""));
    }
    return STATUS_OK;
}

void front_refuse(struct turn *t, struct status s, const struct api_refusal *refusal) {
    struct buf members CLEANUP(buf_done);
    buf_init(&members, FRONT_MAX_ANSWER_BYTES);
    if (s.code == E_SESSION && t->session.present) {
        session_clear(t);
    }
    if (error_info(s.code)->http == 503) {
        http_add_field(t->x, SLICE("Retry-After"), SLICE("2"));
    }
    if (failed(front_error_members(t, refusal, &members))) {
        buf_clear(&members);
    }
    http_answer_error_with(t->x, s, buf_slice(&members));
}

/* The token of a session never reaches the body: it becomes a cookie. */
static void move_session(struct turn *t, const struct api_answer *answer) {
    const struct api_shape *shape = t->op->answer;
    for (size_t i = 0; i < shape->count; i++) {
        if (shape->fields[i].type.kind == API_SECRET &&
            strcmp(shape->fields[i].name, "session") == 0) {
            session_set(t, answer->fields[i].bytes);
        }
    }
    if (t->op->number == API_ACCOUNT_LOGOUT || t->op->number == API_ACCOUNT_ERASE) {
        session_clear(t);
    }
}

static struct status write_fields(struct turn *t, const struct api_answer *answer,
                                  struct buf *out) {
    struct json_writer w;
    json_put_open(&w, out);
    values_write(t->op->answer, answer->fields, &w);
    return json_put_done(&w);
}

void front_answer(struct turn *t, const struct api_answer *answer) {
    struct buf body CLEANUP(buf_done);
    buf_init_secret(&body, FRONT_MAX_ANSWER_BYTES);
    move_session(t, answer);
    struct status s = write_fields(t, answer, &body);
    if (failed(s)) {
        front_refuse(t, s, NULL);
        return;
    }
    if ((answer->flags & API_FLAG_PUBLIC) != 0 && t->public_key.ptr != NULL) {
        cache_put(t->front->cache, t->public_epoch, t->public_key, buf_slice(&body),
                  front_now_ms());
    }
    http_answer(t->x, 200, SLICE("application/json"), buf_slice(&body));
}

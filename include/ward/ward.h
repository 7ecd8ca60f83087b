/* libward: how a program on this machine talks to a running guard.
 *
 *   struct ward_client *guard = NULL;
 *   TRY(ward_open("var/run/front/guard.sock", &guard));
 *   struct api_value args[ARG_FEED_PAGE__COUNT] = {[ARG_FEED_PAGE_LIMIT] = {.n = 10}};
 *   struct ward_answer answer;
 *   struct status s = ward_call(guard, API_FEED_PAGE, NULL, args, &answer);
 *   if (!failed(s)) {
 *       const struct api_value *items = &answer.fields[ANS_FEED_PAGE_ITEMS];
 *       ...
 *   }
 *   ward_answer_done(&answer);
 *   ward_close(&guard);
 *
 * A program with data of its own asks on the programs' socket, with the token that `ward program`
 * printed when the owner of the machine registered it (docs/PROTOCOL.md, examples/notes.c).
 *
 * A client may be used by many threads at once: each call takes a connection of its own from a
 * pool. Sessions are tokens that the guard issued; nothing else that a caller says is believed. */
#ifndef WARD_WARD_H
#define WARD_WARD_H

#include "api/frame.h"

struct ward_client;

struct ward_answer {
    bool answered;                  /* the guard answered; else the status is of the way there */
    uint8_t flags;                  /* API_FLAG_* */
    const struct api_value *fields; /* when the status is success, in the order of op->answer */
    struct api_refusal refusal;     /* else: what the law said, if it was the law */
    int fd;                         /* a descriptor that came with it, or -1; the answer's */
    struct arena arena;             /* the rest is the answer's own */
    struct buf frame;
};

/* Where the guard listens; connects at the first call, and again whenever it must.
 * On success the caller owns *ret_client. E_MEMORY, E_TOO_LARGE (the path). */
MUST_USE struct status ward_open(const char *socket_path, struct ward_client **ret_client);
/* Accepts NULL, nulls it. No call may be under way. */
void ward_close(struct ward_client **client);
/* How long a call may take before it fails with E_NOT_RUNNING; 30 s unless set. */
void ward_set_timeout_ms(struct ward_client *client, uint32_t timeout_ms);

/* The token of a program from the 64 digits that `ward program` printed. E_ENCODING. */
MUST_USE struct status ward_token_read(const char *hex, uint8_t ret_token[API_TOKEN_BYTES]);

/* Calls an operation and waits for its answer. `token` are API_TOKEN_BYTES bytes, or NULL without
 * a session; `args` as many as the operation has. The answer must be done in every case.
 * Errors: those of the operation; E_NOT_RUNNING when the guard cannot be reached or went away (then
 * it is not known whether the operation was done); E_FRAME for an answer that makes no sense. */
MUST_USE struct status ward_call(struct ward_client *client, uint16_t op, const uint8_t *token,
                                 const struct api_value *args, struct ward_answer *ret_answer);
/* Releases what the answer holds; the descriptor too, unless the caller set fd to -1. */
void ward_answer_done(struct ward_answer *answer);

/* What the guard says unasked, on a connection of its own (front socket only). */
struct ward_watch;

struct ward_notice {
    enum api_notice kind;
    uint64_t lease;
};

MUST_USE struct status ward_watch_open(struct ward_client *client, struct ward_watch **ret_watch);
/* Waits for the next notice, timeout_ms at most (-1: for ever). *ret_some is false when the time
 * was up. After E_NOT_RUNNING every lease counts as ended: open a new watch. */
MUST_USE struct status ward_watch_next(struct ward_watch *watch, int timeout_ms,
                                       struct ward_notice *ret_notice, bool *ret_some);
void ward_watch_close(struct ward_watch **watch);

#endif

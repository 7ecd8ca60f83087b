/* The HTTP seam: the one room that includes the HTTP library.
 *
 * A request passes in this order: its head is checked on the raw bytes (http/head.h), the library
 * reads it, its target is decoded (http/target.h), cross-site requests are refused, then the
 * application hears of it:
 *
 *   begin    the head is there; the application may answer at once, or choose how the body comes
 *   body     only for a streamed body: some bytes of it; the application takes as many as it can
 *   ready    the request is whole
 *   gone     the last word: answered, or cut; the application releases what it holds
 *
 * An application that must wait for somebody else calls http_wait in one of these, and later, from
 * any thread, http_answer or http_wake. Never both without another http_wait between. */
#ifndef WARD_HTTP_SERVER_H
#define WARD_HTTP_SERVER_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "http/target.h"

struct MHD_Connection;
struct MHD_Response;
struct http_conn;
struct http_server;

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_DELETE,
    HTTP_OTHER,
};

enum http_body {
    HTTP_BODY_WHOLE,  /* at most HTTP_MAX_BODY_BYTES, kept in x->body until ready */
    HTTP_BODY_STREAM, /* at most x->body_max_bytes, given to body() as it comes */
};

#define HTTP_MAX_REPLY_FIELDS 10

struct http_field {
    struct slice name;
    struct slice value;
};

/* One request and its answer. */
struct http_exchange {
    enum http_method method;
    struct http_target target;
    struct arena arena;      /* lives until gone */
    uint64_t body_bytes;     /* Content-Length */
    uint64_t body_max_bytes; /* begin may lower or raise it; 64 KiB at first */
    enum http_body body_mode;
    struct buf body;
    bool reads_ended; /* every byte of the body has been taken */
    void *state;      /* the application's own */
    /* below: the seam's */
    const struct http_server *server;
    struct http_conn *conn;
    struct MHD_Connection *mhd;
    struct MHD_Response *reply;
    struct http_field reply_fields[HTTP_MAX_REPLY_FIELDS];
    size_t reply_field_count;
    uint16_t reply_status;
    uint16_t refusal;
    uint64_t body_seen;
    bool begun;
    bool suspended;       /* known to the serving thread alone: http_wait was called in this turn */
    _Atomic bool waiting; /* for whoever answers from another thread */
    bool reply_broken;
    bool reply_queued;
    bool close_after;
    char raw_target[HTTP_MAX_TARGET_BYTES + 1];
};

struct http_app {
    void *context;
    void (*begin)(void *context, struct http_exchange *x);
    size_t (*body)(void *context, struct http_exchange *x, struct slice bytes);
    void (*ready)(void *context, struct http_exchange *x);
    void (*gone)(void *context, struct http_exchange *x);
};

struct http_options {
    int listen_fd;     /* listening already; stays the caller's */
    unsigned threads;  /* that answer; 1.. */
    bool behind_proxy; /* every client has one address: no limit per address */
    struct http_app app;
};

/* Starts serving in threads of its own. Errors: E_HTTP_START, E_MEMORY. */
MUST_USE struct status http_server_start(const struct http_options *options,
                                         struct http_server **ret_server);
/* Takes no more connections. What waits must be answered by the application before stop. */
void http_server_quiesce(struct http_server *server);
/* Stops; every exchange is gone afterwards. */
void http_server_stop(struct http_server **server);

/* A request field, ptr NULL when absent. A field that is there twice reads as absent unless its
 * values are the same: none that Ward looks at is a list. */
struct slice http_field(const struct http_exchange *x, const char *name);
/* A query argument, ptr NULL when absent. */
struct slice http_query(const struct http_exchange *x, struct slice name);

/* The calls that make an answer. A field added before the answer goes with it; name and value are
 * copied. Fields of safety (Content-Security-Policy and its like) are added by the seam. */
void http_add_field(struct http_exchange *x, struct slice name, struct slice value);
/* Copies `body`. */
void http_answer(struct http_exchange *x, uint16_t status, struct slice type, struct slice body);
/* Bytes that outlive the server. */
void http_answer_static(struct http_exchange *x, uint16_t status, struct slice type,
                        struct slice body);
/* From `from`, `bytes` bytes of a file, without copying them. Takes fd over. */
void http_answer_file(struct http_exchange *x, uint16_t status, struct slice type, int fd,
                      uint64_t from, uint64_t bytes);
/* The row of errors.def as JSON: {"error":{"code","cause","remedy"}}. */
void http_answer_error(struct http_exchange *x, struct status error);
/* As above with one more member of the error object, for example "\"argument\":\"name\"". */
void http_answer_error_with(struct http_exchange *x, struct status error, struct slice member);
/* The body of an error answer, appended to `out`. */
MUST_USE struct status http_error_json(struct status error, struct slice member, struct buf *out);

void http_wait(struct http_exchange *x);
void http_wake(struct http_exchange *x);
/* Ends the connection now, unsent bytes included. From any thread, while x is not gone. */
void http_cut(struct http_exchange *x);

#endif

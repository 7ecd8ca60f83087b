/* Drives the HTTP library: threads, suspension, bodies, limits. Must never pass a request on whose
 * head was not checked, and never keep a body longer than the request. */
#include "http/server.h"

#include <microhttpd.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "conn.h"
#include "reply.h"

struct http_server {
    struct MHD_Daemon *daemon;
    struct http_app app;
    int listen_fd;
};

static struct http_exchange *exchange_new(const struct http_server *server,
                                          struct MHD_Connection *mhd, const char *target) {
    struct http_exchange *x = mem_alloc(sizeof *x);
    size_t len = strlen(target);
    if (x == NULL || len > HTTP_MAX_TARGET_BYTES) {
        mem_free(x);
        return NULL;
    }
    memcpy(x->raw_target, target, len);
    arena_init(&x->arena, HTTP_MAX_ARENA_BYTES);
    buf_init_secret(&x->body, HTTP_MAX_BODY_BYTES);
    x->server = server;
    x->mhd = mhd;
    x->body_max_bytes = HTTP_MAX_BODY_BYTES;
    x->target.raw_path = slice_str(x->raw_target);
    return x;
}

/* Called with the raw target as soon as the library has read the head. */
static void *on_target(void *context, const char *target, struct MHD_Connection *mhd) {
    return exchange_new(context, mhd, target);
}

static void on_completed(void *context, struct MHD_Connection *mhd, void **state,
                         enum MHD_RequestTerminationCode why) {
    struct http_server *server = context;
    struct http_exchange *x = *state;
    (void)mhd;
    (void)why;
    *state = NULL;
    if (x == NULL) {
        return;
    }
    if (x->begun && x->refusal == OK) {
        server->app.gone(server->app.context, x);
    }
    if (x->reply != NULL) {
        MHD_destroy_response(x->reply);
    }
    buf_done(&x->body);
    arena_done(&x->arena);
    mem_wipe(x->raw_target, sizeof x->raw_target);
    mem_free(x);
}

static void tune_socket(int fd) {
    int bytes = HTTP_SEND_BUFFER_BYTES;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

static void on_connection(void *context, struct MHD_Connection *mhd, void **socket_context,
                          enum MHD_ConnectionNotificationCode code) {
    (void)context;
    struct http_conn *conn = *socket_context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        http_conn_close(&conn);
        *socket_context = NULL;
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info == NULL || failed(http_conn_open(info->connect_fd, &conn))) {
        *socket_context = NULL; /* its requests are answered with E_HTTP_UNCHECKED */
        return;
    }
    tune_socket(info->connect_fd);
    *socket_context = conn;
}

static struct http_conn *conn_of(struct MHD_Connection *mhd) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

static enum http_method method_of(const char *name) {
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "DELETE"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return (enum http_method)i;
        }
    }
    return HTTP_OTHER;
}

/* What must hold for every request, whatever it asks for. */
static struct status admit(struct http_exchange *x) {
    struct http_conn *conn = x->conn;
    if (conn == NULL || conn->handled >= conn->checked) {
        return FAIL(E_HTTP_UNCHECKED);
    }
    conn->handled++;
    if (strcmp(x->raw_target, HTTP_REFUSED_TARGET) == 0) {
        return (struct status){conn->refusal == OK ? E_HTTP_NOT_FOUND : conn->refusal};
    }
    TRY(http_target_parse(slice_str(x->raw_target), &x->arena, &x->target));
    struct slice length = http_field(x, "Content-Length");
    if (length.ptr != NULL) {
        TRY(parse_u64(length, HTTP_MAX_STREAM_BYTES, &x->body_bytes));
    }
    return http_reply_same_site(x);
}

static void begin(struct http_exchange *x, const char *method) {
    x->begun = true;
    x->method = method_of(method);
    x->conn = conn_of(x->mhd);
    struct status s = admit(x);
    if (failed(s)) {
        x->refusal = s.code;
        http_answer_error(x, s);
        return;
    }
    x->server->app.begin(x->server->app.context, x);
    if (!x->suspended && x->reply == NULL && x->body_bytes > x->body_max_bytes) {
        http_answer_error(x, FAIL(E_HTTP_BODY_LARGE));
    }
}

static enum MHD_Result queue(struct http_exchange *x) {
    if (x->close_after) {
        (void)MHD_add_response_header(x->reply, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    x->reply_queued = true;
    return MHD_queue_response(x->mhd, x->reply_status, x->reply);
}

static enum MHD_Result take_body(struct http_exchange *x, const char *data, size_t *size) {
    struct slice bytes = slice_of(data, *size);
    if (x->reply != NULL) {
        *size = 0; /* answered already: the rest of the body is read and dropped */
        return MHD_YES;
    }
    if (x->body_mode == HTTP_BODY_WHOLE) {
        struct status s = buf_add(&x->body, bytes);
        if (failed(s)) {
            http_answer_error(x, s.code == E_TOO_LARGE ? FAIL(E_HTTP_BODY_LARGE) : s);
        }
        *size = 0;
        return MHD_YES;
    }
    size_t taken = x->server->app.body(x->server->app.context, x, bytes);
    x->body_seen += taken;
    *size = bytes.len - taken;
    return MHD_YES;
}

/* The first call: the head is there. A large body is not waited for when the answer stands. */
static enum MHD_Result on_head(struct http_exchange *x, const char *method) {
    begin(x, method);
    if (x->suspended || x->reply == NULL || x->body_bytes <= HTTP_MAX_BODY_BYTES) {
        return MHD_YES;
    }
    x->close_after = true;
    return queue(x);
}

static enum MHD_Result on_end(struct http_exchange *x) {
    if (!x->reads_ended) {
        x->reads_ended = true;
        if (x->reply == NULL) {
            x->server->app.ready(x->server->app.context, x);
        }
        if (x->suspended) {
            return MHD_YES;
        }
    }
    if (x->reply == NULL) {
        http_answer_error(x, FAIL(E_UNKNOWN));
    }
    return queue(x);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *mhd, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **state) {
    struct http_exchange *x = *state;
    (void)context;
    (void)mhd;
    (void)path;
    (void)version;
    if (x == NULL) {
        return MHD_NO;
    }
    x->suspended = false;
    if (!x->begun) {
        return on_head(x, method);
    }
    return *size > 0 ? take_body(x, data, size) : on_end(x);
}

/* The library's own decoding is off: http_target_parse is the only reader of targets. */
static size_t keep_escaped(void *context, struct MHD_Connection *mhd, char *text) {
    (void)context;
    (void)mhd;
    return strlen(text);
}

struct status http_server_start(const struct http_options *options,
                                struct http_server **ret_server) {
    struct http_server *server = mem_alloc(sizeof *server);
    if (server == NULL) {
        return FAIL(E_MEMORY);
    }
    server->app = options->app;
    server->listen_fd = options->listen_fd;
    unsigned per_address = options->behind_proxy ? 0 : HTTP_MAX_PER_ADDRESS;
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC, 0, NULL, NULL,
        on_request, server, MHD_OPTION_LISTEN_SOCKET, options->listen_fd,
        MHD_OPTION_THREAD_POOL_SIZE, options->threads, MHD_OPTION_CONNECTION_LIMIT,
        HTTP_MAX_CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT, per_address,
        MHD_OPTION_CONNECTION_TIMEOUT, HTTP_IDLE_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HTTP_CONNECTION_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK,
        on_target, server, MHD_OPTION_UNESCAPE_CALLBACK, keep_escaped, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, server, MHD_OPTION_END);
    if (server->daemon == NULL) {
        mem_free(server);
        return FAIL(E_HTTP_START);
    }
    *ret_server = server;
    return STATUS_OK;
}

void http_server_quiesce(struct http_server *server) {
    (void)MHD_quiesce_daemon(server->daemon);
}

void http_server_stop(struct http_server **server) {
    if (*server != NULL) {
        MHD_stop_daemon((*server)->daemon);
        mem_free(*server);
        *server = NULL;
    }
}

struct fields {
    const char *name;
    struct slice found;
    bool twice;
};

static enum MHD_Result look_at_field(void *context, enum MHD_ValueKind kind, const char *key,
                                     size_t key_len, const char *value, size_t value_len) {
    struct fields *f = context;
    (void)kind;
    if (key_len != strlen(f->name) || strncasecmp(key, f->name, key_len) != 0) {
        return MHD_YES;
    }
    struct slice this = slice_of(value == NULL ? "" : value, value_len);
    f->twice |= f->found.ptr != NULL && !slice_eq(f->found, this);
    f->found = this;
    return MHD_YES;
}

struct slice http_field(const struct http_exchange *x, const char *name) {
    struct fields f = {.name = name};
    (void)MHD_get_connection_values_n(x->mhd, MHD_HEADER_KIND, look_at_field, &f);
    return f.twice ? (struct slice){NULL, 0} : f.found;
}

struct slice http_query(const struct http_exchange *x, struct slice name) {
    for (size_t i = 0; i < x->target.arg_count; i++) {
        if (slice_eq(x->target.args[i].name, name)) {
            return x->target.args[i].value;
        }
    }
    return (struct slice){NULL, 0};
}

void http_wait(struct http_exchange *x) {
    x->suspended = true;
    atomic_store(&x->waiting, true);
    MHD_suspend_connection(x->mhd);
}

void http_wake(struct http_exchange *x) {
    atomic_store(&x->waiting, false);
    MHD_resume_connection(x->mhd);
}

void http_cut(struct http_exchange *x) {
    /* Closing with a linger time of zero throws away what the kernel has not sent yet. */
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(x->conn->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    (void)shutdown(x->conn->fd, SHUT_RDWR);
}

/* clips: the front between a browser's bytes and a guard that this file plays, frame by frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cache.h"
#include "dispatch.h"
#include "media.h"
#include "routes.h"

#define HOST       "Host: ward\r\nConnection: close\r\n"
#define JSON       "Content-Type: application/json\r\n"
#define CLIP_BYTES (8 << 20)
#define LEASE      7

/* --- the guard that is played --- */

struct played {
    int fd;
    pthread_t thread;
};

static int guard_listener;
static char guard_path[] = "/tmp/ward-front-XXXXXX";
static struct played links[32];
static size_t link_count;
static atomic_int watch_fd = -1;
static atomic_int calls[128];
static atomic_ulong received;
static atomic_uchar first_token_byte;
static atomic_bool session_over;
static atomic_uint last_limit;
static pthread_t acceptor;

static void send_frame(int fd, const struct buf *out, int descriptor) {
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    struct iovec part = {out->ptr, out->len};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0) {
        m.msg_control = control.bytes;
        m.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &descriptor, sizeof descriptor);
    }
    ssize_t n = sendmsg(fd, &m, MSG_NOSIGNAL);
    (void)n;
}

static int make_clip(void) {
    int fd = memfd_create("clip", MFD_CLOEXEC);
    char *at = NULL;
    if (fd < 0 || ftruncate(fd, CLIP_BYTES) != 0) {
        abort();
    }
    at = mmap(NULL, CLIP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    memset(at, 'v', CLIP_BYTES);
    memcpy(at, "0123456789", 10);
    munmap(at, CLIP_BYTES);
    return fd;
}

static void refuse_by_law(const struct api_request *r, struct buf *out) {
    struct api_rule rule = {SLICE("gdpr"), SLICE("8(1)"), SLICE("A \"child\""), SLICE("shall")};
    struct slice need = SLICE("guardian-consent");
    struct api_refusal refusal = {&rule, 1, &need, 1};
    assert_int_equal(api_refusal_write(E_DENIED, r->id, &refusal, out).code, OK);
}

static void say(const struct api_request *r, uint8_t flags, struct api_value *v, struct buf *out) {
    struct status s = api_answer_write(r->op, r->id, flags, v, out);
    if (failed(s)) {
        abort();
    }
}

static void say_error(const struct api_request *r, uint16_t code, struct buf *out) {
    if (failed(api_refusal_write(code, r->id, NULL, out))) {
        abort();
    }
}

static void answer_login(const struct api_request *r, struct buf *out) {
    static const uint8_t token[API_TOKEN_BYTES] = {9, 9, 9};
    struct api_value v[ANS_ACCOUNT_LOGIN__COUNT] = {0};
    if (!slice_eq(r->args[ARG_ACCOUNT_LOGIN_PASSWORD].bytes, SLICE("right"))) {
        say_error(r, E_LOGIN, out);
        return;
    }
    v[ANS_ACCOUNT_LOGIN_STATE] = api_text("active");
    v[ANS_ACCOUNT_LOGIN_SESSION] = api_bytes(slice_of(token, sizeof token));
    say(r, 0, v, out);
}

static void answer_open(const struct api_request *r, int fd, struct buf *out) {
    struct api_value v[ANS_CLIP_OPEN__COUNT] = {0};
    if (r->args[ARG_CLIP_OPEN_CLIP].n != 5) {
        say_error(r, E_NOT_FOUND, out);
        send_frame(fd, out, -1);
        return;
    }
    v[ANS_CLIP_OPEN_SIZE_BYTES] = api_n(CLIP_BYTES);
    v[ANS_CLIP_OPEN_TYPE] = api_text("video/mp4");
    v[ANS_CLIP_OPEN_LEASE] = api_n(LEASE);
    int clip = make_clip();
    say(r, API_FLAG_DESCRIPTOR, v, out);
    send_frame(fd, out, clip);
    close(clip);
}

static void answer_chunk(const struct api_request *r, struct buf *out) {
    struct slice bytes = r->args[ARG_CLIP_CHUNK_BYTES].bytes;
    struct api_value v[1] = {0};
    if (bytes.len > 0 && r->args[ARG_CLIP_CHUNK_OFFSET].n != atomic_load(&received)) {
        say_error(r, E_OFFSET, out);
        return;
    }
    v[0] = api_n(atomic_fetch_add(&received, bytes.len) + bytes.len);
    say(r, 0, v, out);
}

static void answer_page(const struct api_request *r, struct buf *out) {
    struct api_value v[ANS_FEED_PAGE__COUNT] = {0};
    atomic_store(&last_limit, (unsigned)r->args[ARG_FEED_PAGE_LIMIT].n);
    v[ANS_FEED_PAGE_REASON] = api_text("newest");
    say(r, API_FLAG_PUBLIC, v, out);
}

static void answer_me(const struct api_request *r, struct arena *a, struct buf *out) {
    struct api_value *v = api_record(a, r->op->answer);
    atomic_store(&first_token_byte, r->token[0]);
    if (atomic_load(&session_over) || r->token[0] == 0) {
        say_error(r, E_SESSION, out);
        return;
    }
    v[ANS_ACCOUNT_ME_ID] = api_n(42);
    v[ANS_ACCOUNT_ME_NAME] = api_text("zo\xc3\xab");
    say(r, 0, v, out);
}

static void answer_other(const struct api_request *r, struct arena *a, struct buf *out) {
    switch (r->op->number) {
    case API_ACCOUNT_LOGIN:
        answer_login(r, out);
        return;
    case API_ACCOUNT_ME:
        answer_me(r, a, out);
        return;
    case API_CLIP_CHUNK:
        answer_chunk(r, out);
        return;
    case API_FEED_PAGE:
        answer_page(r, out);
        return;
    case API_ACCOUNT_JOIN:
        refuse_by_law(r, out);
        return;
    default:
        say(r, 0, api_record(a, r->op->answer), out);
    }
}

static void answer(int fd, struct slice frame) {
    struct arena a;
    struct buf out CLEANUP(buf_done);
    struct api_request r;
    arena_init(&a, 4 << 20);
    buf_init(&out, API_MAX_ANSWER);
    if (failed(api_request_read(frame, &a, &r))) {
        abort();
    }
    atomic_fetch_add(&calls[r.op->number], 1);
    if (r.op->number == API_CLIP_OPEN) {
        answer_open(&r, fd, &out);
        arena_done(&a);
        return;
    }
    answer_other(&r, &a, &out);
    send_frame(fd, &out, -1);
    if (r.op->number == API_LEASE_WATCH) {
        atomic_store(&watch_fd, fd);
    }
    arena_done(&a);
}

static void *serve_link(void *context) {
    struct played *p = context;
    static const size_t most = API_MAX_REQUEST;
    uint8_t *bytes = malloc(most);
    size_t have = 0;
    for (;;) {
        ssize_t n = read(p->fd, bytes + have, most - have);
        if (n <= 0) {
            break;
        }
        have += (size_t)n;
        size_t size = 0;
        while (!failed(api_frame_size(slice_of(bytes, have), most, &size)) && size > 0 &&
               size <= have) {
            answer(p->fd, slice_of(bytes, size));
            have -= size;
            memmove(bytes, bytes + size, have);
        }
    }
    free(bytes);
    return NULL;
}

static void *accept_links(void *context) {
    (void)context;
    for (;;) {
        int fd = accept(guard_listener, NULL, NULL);
        if (fd < 0) {
            return NULL;
        }
        struct played *p = &links[link_count++];
        p->fd = fd;
        pthread_create(&p->thread, NULL, serve_link, p);
    }
}

static void notify(enum api_notice kind, uint64_t lease) {
    struct buf out CLEANUP(buf_done);
    buf_init(&out, 64);
    for (int i = 0; i < 1000 && atomic_load(&watch_fd) < 0; i++) {
        poll(NULL, 0, 2);
    }
    assert_int_equal(api_notice_write(kind, lease, &out).code, OK);
    send_frame(atomic_load(&watch_fd), &out, -1);
}

/* --- the browser --- */

static struct front front;
static struct http_server *server;
static int port;
static char got[CLIP_BYTES + 65536];
static size_t got_bytes;

static int dial(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void read_all(int fd) {
    ssize_t n;
    got_bytes = 0;
    while ((n = read(fd, got + got_bytes, sizeof got - 1 - got_bytes)) > 0) {
        got_bytes += (size_t)n;
    }
    got[got_bytes] = 0;
}

static void ask(const char *bytes, size_t len) {
    int fd = dial();
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    read_all(fd);
    close(fd);
}
#define ASK(text) ask(text, sizeof text - 1)

/* A request with a body, Content-Length counted. */
static void post(const char *path, const char *fields, const char *body) {
    char request[4096];
    int n = snprintf(request, sizeof request,
                     "POST %s HTTP/1.1\r\n" HOST "%sContent-Length: %zu\r\n\r\n%s", path, fields,
                     strlen(body), body);
    ask(request, (size_t)n);
}

static void has(const char *text) {
    if (strstr(got, text) == NULL) {
        print_error("no %s in: %.900s\n", text, got);
    }
    assert_non_null(strstr(got, text));
}

static void lacks(const char *text) {
    assert_null(strstr(got, text));
}

#define COOKIE "Cookie: ward=CQkJAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"

static void test_login_and_session(void **state) {
    (void)state;
    post("/api/login", JSON, "{\"name\":\"a\",\"password\":\"wrong\"}");
    has("HTTP/1.1 403");
    has("\"code\":\"E_LOGIN\"");
    has("\"remedy\":");
    lacks("Set-Cookie");
    post("/api/login", JSON, "{\"name\":\"a\",\"password\":\"right\"}");
    has("HTTP/1.1 200");
    has("Set-Cookie: ward=CQkJAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; Path=/; HttpOnly; "
        "SameSite=Strict");
    has("{\"state\":\"active\"}");
    front.secure = true; /* behind a proxy that speaks TLS */
    post("/api/login", JSON, "{\"name\":\"a\",\"password\":\"right\"}");
    has("; Secure\r\n");
    front.secure = false;
    ASK("GET /api/me HTTP/1.1\r\n" HOST COOKIE "\r\n");
    has("{\"id\":\"42\",\"name\":\"zo\xc3\xab\"");
    assert_int_equal(atomic_load(&first_token_byte), 9);
    ASK("GET /api/me HTTP/1.1\r\n" HOST "\r\n");
    has("HTTP/1.1 401");
    atomic_store(&session_over, true);
    ASK("GET /api/me HTTP/1.1\r\n" HOST COOKIE "\r\n");
    has("HTTP/1.1 401");
    has("Set-Cookie: ward=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    atomic_store(&session_over, false);
    ASK("GET /api/me HTTP/1.1\r\n" HOST "Cookie: ward=a; ward=b\r\n\r\n");
    has("E_HTTP_COOKIE");
    ASK("GET /api/me HTTP/1.1\r\n" HOST "Cookie: ward=nonsense\r\n\r\n");
    has("HTTP/1.1 401");
    has("Max-Age=0");
}

static void test_denied_with_reasons(void **state) {
    (void)state;
    static const char body[] =
        "{\"name\":\"z\",\"mail\":\"a@b.c\",\"password\":\"p\",\"birth_date\":\"2014-01-02\","
        "\"country\":\"NL\",\"region\":\"\",\"language\":\"nl\",\"notice\":\"v\"}";
    post("/api/join", JSON, body);
    has("HTTP/1.1 403");
    has("\"code\":\"E_DENIED\"");
    has("\"rules\":[{\"law\":\"gdpr\",\"article\":\"8(1)\",\"title\":\"A \\\"child\\\"\","
        "\"quote\":\"shall\"}]");
    has("\"needs\":[\"guardian-consent\"]");
    has("Set-Cookie: ward_device=");
    has("HttpOnly; SameSite=Strict");
}

static void test_arguments_refused(void **state) {
    (void)state;
    post("/api/login", JSON, "{\"name\":\"a\"}");
    has("E_HTTP_ARGUMENT");
    has("\"argument\":\"password\"");
    post("/api/login", JSON, "{\"name\":");
    has("HTTP/1.1 400");
    has("E_JSON_");
    post("/api/login", "Content-Type: text/plain\r\n", "{}");
    has("E_HTTP_CONTENT_TYPE");
    post("/api/login", "", "{}");
    has("E_HTTP_CONTENT_TYPE");
    post("/api/login", JSON "Origin: https://evil.example\r\n", "{}");
    has("E_HTTP_CROSS_SITE");
    ASK("GET /api/login HTTP/1.1\r\n" HOST "\r\n");
    has("HTTP/1.1 405");
    has("Allow: POST\r\n");
    ASK("GET /api/feed?limit=x HTTP/1.1\r\n" HOST "\r\n");
    has("\"argument\":\"limit\"");
    ASK("GET /api/feed?more=1 HTTP/1.1\r\n" HOST "\r\n");
    has("E_HTTP_QUERY");
    ASK("GET /api/clips/abc HTTP/1.1\r\n" HOST "\r\n");
    has("E_HTTP_ARGUMENT");
    ASK("GET /nothing HTTP/1.1\r\n" HOST "\r\n");
    has("E_HTTP_NOT_FOUND");
    ASK("GET /.well-known/gpc.json HTTP/1.1\r\n" HOST "\r\n");
    has("{\"gpc\":true");
    ASK("GET /ledger/../guard.sock HTTP/1.1\r\n" HOST "\r\n");
    has("E_HTTP_TRAVERSAL");
}

static void test_public_answers_are_kept(void **state) {
    (void)state;
    int before = atomic_load(&calls[API_FEED_PAGE]);
    ASK("GET /api/feed?limit=31 HTTP/1.1\r\n" HOST "\r\n");
    has("\"reason\":\"newest\"");
    ASK("GET /api/feed?limit=31 HTTP/1.1\r\n" HOST "\r\n");
    has("\"reason\":\"newest\"");
    assert_int_equal(atomic_load(&calls[API_FEED_PAGE]), before + 1);
    /* never for who is signed in */
    ASK("GET /api/feed?limit=31 HTTP/1.1\r\n" HOST COOKIE "\r\n");
    assert_int_equal(atomic_load(&calls[API_FEED_PAGE]), before + 2);
    notify(API_NOTICE_FEED, 0);
    for (int i = 0; i < 500 && atomic_load(&calls[API_FEED_PAGE]) < before + 3; i++) {
        ASK("GET /api/feed?limit=31 HTTP/1.1\r\n" HOST "\r\n");
    }
    assert_int_equal(atomic_load(&calls[API_FEED_PAGE]), before + 3);
}

static void test_clip(void **state) {
    (void)state;
    int before = atomic_load(&calls[API_CLIP_OPEN]);
    ASK("GET /media/5/large HTTP/1.1\r\n" HOST COOKIE "\r\n");
    has("HTTP/1.1 200");
    has("Accept-Ranges: bytes");
    has("Cache-Control: private, no-store");
    assert_true(got_bytes > CLIP_BYTES);
    ASK("GET /media/5/large HTTP/1.1\r\n" HOST COOKIE "Range: bytes=2-5\r\n\r\n");
    has("HTTP/1.1 206");
    has("Content-Range: bytes 2-5/8388608\r\n");
    has("\r\n\r\n2345");
    ASK("GET /media/5/large HTTP/1.1\r\n" HOST COOKIE "Range: bytes=8388608-\r\n\r\n");
    has("HTTP/1.1 416");
    has("Content-Range: bytes */8388608\r\n");
    has("E_HTTP_RANGE");
    assert_int_equal(atomic_load(&calls[API_CLIP_OPEN]), before + 1); /* one decision, kept */
    ASK("GET /media/5/large HTTP/1.1\r\n" HOST "Range: bytes=0-0\r\n\r\n");
    assert_int_equal(atomic_load(&calls[API_CLIP_OPEN]), before + 2); /* not for somebody else */
    ASK("GET /media/6/large HTTP/1.1\r\n" HOST COOKIE "\r\n");
    has("HTTP/1.1 404");
    ASK("GET /media/x/large HTTP/1.1\r\n" HOST COOKIE "\r\n");
    has("HTTP/1.1 404");
}

/* A transfer that is under way when its lease ends stops, and no new one begins without asking. */
static void test_revocation(void **state) {
    (void)state;
    static const char request[] = "GET /media/5/large HTTP/1.1\r\n" HOST COOKIE "\r\n";
    int fd = dial();
    int small = 65536;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    assert_int_equal(write(fd, request, sizeof request - 1), sizeof request - 1);
    assert_true(read(fd, got, 1024) > 0);
    notify(API_NOTICE_LEASE_ENDS, LEASE);
    int before = atomic_load(&calls[API_CLIP_OPEN]);
    for (int i = 0; i < 500 && atomic_load(&calls[API_CLIP_OPEN]) == before; i++) {
        ASK("GET /media/5/large HTTP/1.1\r\n" HOST COOKIE "Range: bytes=0-0\r\n\r\n");
    }
    /* the notice has been taken: what is read now is what had left before */
    read_all(fd);
    assert_true(got_bytes < CLIP_BYTES / 2);
    close(fd);
    /* lease 7 has ended for good, so this guard's answer under it is not served */
    ASK("GET /media/5/large HTTP/1.1\r\n" HOST COOKIE "\r\n");
    has("HTTP/1.1 404");
}

static void put_clip(const char *fields, size_t length, size_t sent) {
    static char request[4 << 20];
    int n = snprintf(request, sizeof request,
                     "PUT /api/clips/5/bytes HTTP/1.1\r\n" HOST COOKIE
                     "Content-Type: application/octet-stream\r\n%sContent-Length: %zu\r\n\r\n",
                     fields, length);
    memset(request + n, 'u', sent);
    if (sent == length) {
        ask(request, (size_t)n + sent);
        return;
    }
    int fd = dial();
    assert_int_equal(write(fd, request, (size_t)n + sent), (ssize_t)((size_t)n + sent));
    for (int i = 0; i < 2000 && atomic_load(&received) < sent / (1 << 20) * (1 << 20); i++) {
        poll(NULL, 0, 2);
    }
    close(fd);
}

static void test_upload(void **state) {
    (void)state;
    atomic_store(&received, 0);
    put_clip("", 3000000, 2500000); /* cut: what came in whole chunks has arrived */
    ASK("GET /api/clips/5/bytes HTTP/1.1\r\n" HOST COOKIE "\r\n");
    has("{\"received\":2097152}");
    put_clip("Content-Range: bytes 2097152-2999999/3000000\r\n", 902848, 902848);
    has("HTTP/1.1 200");
    has("{\"received\":3000000}");
    put_clip("Content-Range: bytes 0-9/10\r\n", 10, 10);
    has("HTTP/1.1 409");
    has("E_OFFSET");
    put_clip("Content-Range: bytes 0-9/10\r\n", 11, 11);
    has("E_HTTP_CONTENT_RANGE");
    ASK("PUT /api/clips/5/bytes HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx");
    has("HTTP/1.1 401");
    ASK("PUT /api/clips/5/bytes HTTP/1.1\r\n" HOST COOKIE "Content-Length: 1\r\n\r\nx");
    has("E_HTTP_CONTENT_TYPE");
    ASK("PUT /api/clips/5/bytes HTTP/1.1\r\n" HOST COOKIE "Content-Length: 268435457\r\n\r\n");
    has("HTTP/1.1 413");
}

/* The guard goes: whoever waits, and whoever comes, is told; nothing hangs. Comes last. */
static void test_guard_gone(void **state) {
    (void)state;
    for (size_t i = 0; i < link_count; i++) {
        shutdown(links[i].fd, SHUT_RDWR);
    }
    for (int i = 0; i < 500 && !link_is_away(front.guard); i++) {
        poll(NULL, 0, 2);
    }
    ASK("GET /api/me HTTP/1.1\r\n" HOST COOKIE "\r\n");
    has("HTTP/1.1 503");
    has("E_HTTP_GUARD_AWAY");
    has("Retry-After: 2");
    ASK("GET /api/feed?limit=31 HTTP/1.1\r\n" HOST "\r\n");
    has("HTTP/1.1 503");
    ASK("GET /media/5/large HTTP/1.1\r\n" HOST COOKIE "\r\n");
    has("HTTP/1.1 503");
}

static int listen_inet(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof a;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    port = ntohs(a.sin_port);
    return fd;
}

static int begin(void **state) {
    (void)state;
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    assert_non_null(mkdtemp(guard_path));
    snprintf(a.sun_path, sizeof a.sun_path, "%s/g", guard_path);
    guard_listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(guard_listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(guard_listener, 64), 0);
    assert_int_equal(pthread_create(&acceptor, NULL, accept_links, NULL), 0);
    front.ledger_dir = -1;
    assert_int_equal(link_pool_open(a.sun_path, &front.guard).code, OK);
    assert_int_equal(routes_new(&front.routes).code, OK);
    assert_int_equal(media_new(&front.media).code, OK);
    assert_int_equal(cache_new(&front.cache).code, OK);
    assert_int_equal(link_pool_start(front.guard, dispatch_notice, &front).code, OK);
    struct http_options o = {.listen_fd = listen_inet(), .threads = 2, .app = dispatch_app(&front)};
    return http_server_start(&o, &server).code;
}

static int end(void **state) {
    (void)state;
    http_server_quiesce(server);
    link_pool_fail(front.guard);
    http_server_stop(&server);
    link_pool_stop(&front.guard);
    media_free(&front.media);
    cache_free(&front.cache);
    routes_free(&front.routes);
    shutdown(guard_listener, SHUT_RDWR);
    pthread_join(acceptor, NULL);
    for (size_t i = 0; i < link_count; i++) {
        pthread_join(links[i].thread, NULL);
        close(links[i].fd);
    }
    char path[64];
    snprintf(path, sizeof path, "%s/g", guard_path);
    unlink(path);
    return rmdir(guard_path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login_and_session),
        cmocka_unit_test(test_denied_with_reasons),
        cmocka_unit_test(test_arguments_refused),
        cmocka_unit_test(test_public_answers_are_kept),
        cmocka_unit_test(test_clip),
        cmocka_unit_test(test_revocation),
        cmocka_unit_test(test_upload),
        cmocka_unit_test(test_guard_gone),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

/* http: a server on loopback, asked in raw bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/range.h"
#include "http/server.h"
#include "http/site.h"

#define KEEP "Host: ward\r\n"
#define HOST KEEP "Connection: close\r\n"

static struct http_server *server;
static struct http_site *site;
static int port;
static int gone_count;
static int begun_count;
static pthread_mutex_t gone_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(struct http_exchange *) held;

static void *answer_later(void *context) {
    http_answer(context, 200, SLICE("text/plain"), SLICE("later"));
    return NULL;
}

static void on_begin(void *context, struct http_exchange *x) {
    (void)context;
    pthread_mutex_lock(&gone_lock);
    begun_count++;
    pthread_mutex_unlock(&gone_lock);
    if (slice_eq(x->target.raw_path, SLICE("/stream"))) {
        x->body_mode = HTTP_BODY_STREAM;
        x->body_max_bytes = 1 << 20;
    }
}

/* Takes at most 1000 bytes a turn and waits for another thread before each next turn. */
static void *wake_later(void *context) {
    http_wake(context);
    return NULL;
}

static void run(void *(*what)(void *), struct http_exchange *x) {
    pthread_t t;
    http_wait(x);
    assert_int_equal(pthread_create(&t, NULL, what, x), 0);
    pthread_detach(t);
}

static size_t on_body(void *context, struct http_exchange *x, struct slice bytes) {
    (void)context;
    size_t n = bytes.len < 1000 ? bytes.len : 1000;
    x->state = (void *)((uintptr_t)x->state + n);
    run(wake_later, x);
    return n;
}

static void answer_clip(struct http_exchange *x) {
    int fd = memfd_create("clip", MFD_CLOEXEC);
    static char bytes[1 << 20];
    memset(bytes, 'v', sizeof bytes);
    memcpy(bytes, "0123456789", 10);
    assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    struct http_range r;
    assert_int_equal(http_range_parse(http_field(x, "Range"), sizeof bytes, &r).code, OK);
    http_answer_file(x, r.partial ? 206 : 200, SLICE("video/mp4"), fd, r.from, r.bytes);
}

static void on_ready(void *context, struct http_exchange *x) {
    (void)context;
    struct slice path = x->target.raw_path;
    if (slice_eq(path, SLICE("/later"))) {
        run(answer_later, x);
        return;
    }
    if (slice_eq(path, SLICE("/stream"))) {
        char text[32];
        snprintf(text, sizeof text, "%zu", (size_t)(uintptr_t)x->state);
        http_answer(x, 200, SLICE("text/plain"), slice_str(text));
        return;
    }
    if (slice_eq(path, SLICE("/clip"))) {
        answer_clip(x);
        return;
    }
    if (slice_eq(path, SLICE("/hold"))) {
        http_wait(x);
        atomic_store(&held, x);
        return;
    }
    if (slice_eq(path, SLICE("/echo"))) {
        http_answer(x, 200, SLICE("text/plain"), buf_slice(&x->body));
        return;
    }
    if (!http_site_answer(site, x)) {
        http_answer_error(x, FAIL(E_HTTP_NOT_FOUND));
    }
}

static void on_gone(void *context, struct http_exchange *x) {
    (void)context;
    (void)x;
    pthread_mutex_lock(&gone_lock);
    gone_count++;
    pthread_mutex_unlock(&gone_lock);
}

static int dial(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static char answer[4 << 20];

/* Sends the bytes and reads until the server closes. */
static const char *ask(const char *bytes, size_t len) {
    int fd = dial();
    size_t got = 0;
    ssize_t n = write(fd, bytes, len);
    assert_int_equal(n, (ssize_t)len);
    while ((n = read(fd, answer + got, sizeof answer - 1 - got)) > 0) {
        got += (size_t)n;
    }
    answer[got] = 0;
    close(fd);
    return answer;
}
#define ASK(text) ask(text, sizeof text - 1)

static void has(const char *text) {
    if (strstr(answer, text) == NULL) {
        print_error("no %s in: %.600s\n", text, answer);
    }
    assert_non_null(strstr(answer, text));
}

static void test_hostile(void **state) {
    (void)state;
    int before = begun_count;
    ASK("GET / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello");
    has("HTTP/1.1 400 ");
    has("\"code\":\"E_HTTP_BOTH_LENGTHS\"");
    has("\"remedy\":\"Send Content-Length alone.\"");
    ASK("GET / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello");
    has("E_HTTP_LENGTH_REPEATED");
    ASK("GET / HTTP/1.1\r\nAccept: a\r\n\r\n");
    has("E_HTTP_NO_HOST");
    ASK("GET / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\nhello");
    has("E_HTTP_LENGTH\"");
    ASK("GET / HTTP/1.1\r\nHost : ward\r\n\r\n");
    has("E_HTTP_FIELD\"");
    ASK("GET / HTTP/1.1\nHost: ward\n\n");
    has("E_HTTP_BARE_LF");
    ASK("GET / HTTP/1.1\r\n" HOST "X-A: b\0c\r\n\r\n");
    has("E_HTTP_NUL");
    ASK("GET / HTTP/1.1\r\n" HOST "X-A: b\r\n c\r\n\r\n");
    has("E_HTTP_FOLDED");
    ASK("GET /.refused HTTP/1.1\r\n" HOST "\r\n");
    has("E_HTTP_NOT_FOUND");
    ASK("GET /a/../b HTTP/1.1\r\n" HOST "\r\n");
    has("E_HTTP_TRAVERSAL");
    ASK("GET / HTTP/3.0\r\n" HOST "\r\n");
    has("HTTP/1.1 505 ");
    assert_int_equal(begun_count, before); /* the application heard of none of them */
}

static void test_answers(void **state) {
    (void)state;
    ASK("GET /index.html HTTP/1.1\r\n" HOST "\r\n");
    has("HTTP/1.1 200 OK");
    has("Content-Security-Policy: default-src 'none'; script-src 'self'");
    has("X-Content-Type-Options: nosniff");
    has("Referrer-Policy: no-referrer");
    has("<!doctype html>");
    ASK("GET /a/x-1.js HTTP/1.1\r\n" HOST "Accept-Encoding: br, gzip\r\n\r\n");
    has("Cache-Control: public, max-age=31536000, immutable");
    has("Content-Encoding: gzip");
    has("packed");
    ASK("GET /a/x-1.js HTTP/1.1\r\n" HOST "\r\n");
    has("plain");
    ASK("GET /later HTTP/1.1\r\n" KEEP "\r\nGET /later HTTP/1.1\r\n" HOST "\r\n");
    has("later");
    assert_non_null(strstr(strstr(answer, "later") + 1, "later")); /* both of the pipeline */
    has("Cache-Control: private, no-store");
    ASK("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello");
    has("\r\n\r\nhello");
    ASK("GET /nothing HTTP/1.1\r\n" HOST "\r\n");
    has("HTTP/1.1 404 ");
    has("E_HTTP_NOT_FOUND");
}

static void test_cross_site(void **state) {
    (void)state;
    ASK("POST /echo HTTP/1.1\r\n" HOST "Origin: http://ward\r\nContent-Length: 0\r\n\r\n");
    has("HTTP/1.1 200");
    ASK("POST /echo HTTP/1.1\r\n" HOST "Origin: http://evil\r\nContent-Length: 0\r\n\r\n");
    has("E_HTTP_CROSS_SITE");
    ASK("POST /echo HTTP/1.1\r\n" HOST "Origin: null\r\nContent-Length: 0\r\n\r\n");
    has("E_HTTP_CROSS_SITE");
    ASK("POST /echo HTTP/1.1\r\n" HOST "Sec-Fetch-Site: same-site\r\nContent-Length: 0\r\n\r\n");
    has("E_HTTP_CROSS_SITE");
    ASK("GET /echo HTTP/1.1\r\n" HOST "Sec-Fetch-Site: cross-site\r\n\r\n");
    has("E_HTTP_CROSS_SITE");
    ASK("GET /echo HTTP/1.1\r\n" HOST
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n\r\n");
    has("HTTP/1.1 200");
}

static void test_bodies(void **state) {
    (void)state;
    static char request[1 << 20];
    int n = snprintf(request, sizeof request,
                     "POST /stream HTTP/1.1\r\n" HOST "Content-Length: 200000\r\n\r\n");
    memset(request + n, 'x', 200000);
    ask(request, (size_t)n + 200000);
    has("\r\n\r\n200000");
    n = snprintf(request, sizeof request,
                 "POST /echo HTTP/1.1\r\n" HOST "Content-Length: %u\r\n\r\n", HTTP_MAX_BODY_BYTES);
    memset(request + n, 'x', HTTP_MAX_BODY_BYTES);
    ask(request, (size_t)n + HTTP_MAX_BODY_BYTES);
    has("HTTP/1.1 200");
    n = snprintf(request, sizeof request,
                 "POST /echo HTTP/1.1\r\n" HOST "Content-Length: %u\r\n\r\n",
                 HTTP_MAX_BODY_BYTES + 1);
    ask(request, (size_t)n + 1);
    has("HTTP/1.1 413");
    has("E_HTTP_BODY_LARGE");
}

static void test_ranges(void **state) {
    (void)state;
    ASK("GET /clip HTTP/1.1\r\n" HOST "Range: bytes=2-5\r\n\r\n");
    has("HTTP/1.1 206");
    has("\r\n\r\n2345");
    ASK("HEAD /clip HTTP/1.1\r\n" HOST "\r\n");
    has("Content-Length: 1048576");
    assert_null(strstr(answer, "0123456789"));
    ASK("GET /clip HTTP/1.1\r\n" HOST "\r\n");
    assert_true(strlen(answer) > 1048576);
}

static void test_cut(void **state) {
    (void)state;
    int fd = dial();
    static const char request[] = "GET /hold HTTP/1.1\r\n" HOST "\r\n";
    atomic_store(&held, NULL);
    assert_int_equal(write(fd, request, sizeof request - 1), sizeof request - 1);
    for (int i = 0; i < 1000 && atomic_load(&held) == NULL; i++) {
        poll(NULL, 0, 2);
    }
    struct http_exchange *x = atomic_load(&held);
    assert_non_null(x);
    http_cut(x);
    http_answer(x, 200, SLICE("text/plain"), SLICE("never"));
    char c;
    assert_true(read(fd, &c, 1) <= 0);
    close(fd);
}

static void put_file(int dir, const char *name, const char *text) {
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static char dir_name[] = "/tmp/ward-http-XXXXXX";

static int begin(void **state) {
    (void)state;
    assert_non_null(mkdtemp(dir_name));
    int dir = open(dir_name, O_RDONLY | O_DIRECTORY);
    assert_int_equal(mkdirat(dir, "a", 0700), 0);
    put_file(dir, "index.html", "<!doctype html>");
    put_file(dir, "a/x-1.js", "plain");
    put_file(dir, "a/x-1.js.gz", "packed");
    put_file(dir, "secret", "no type, not served");
    assert_int_equal(http_site_load(dir, &site).code, OK);
    close(dir);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof a;
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    port = ntohs(a.sin_port);
    struct http_options o = {.listen_fd = fd, .threads = 2};
    o.app = (struct http_app){NULL, on_begin, on_body, on_ready, on_gone};
    assert_int_equal(http_server_start(&o, &server).code, OK);
    return 0;
}

static int end(void **state) {
    (void)state;
    http_server_stop(&server);
    http_site_free(&site);
    assert_int_equal(gone_count, begun_count); /* every exchange was let go of, once */
    char path[64];
    static const char *const names[] = {"index.html", "a/x-1.js", "a/x-1.js.gz", "secret"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s", dir_name, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/a", dir_name);
    rmdir(path);
    return rmdir(dir_name);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile),    cmocka_unit_test(test_answers),
        cmocka_unit_test(test_cross_site), cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_ranges),     cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

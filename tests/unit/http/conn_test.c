/* http: what the library reads is what was checked, however the bytes come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"

#define ONE "POST /one HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
#define TWO "GET /two HTTP/1.1\r\nHost: a\r\n\r\n"

struct ends {
    int peer;
    int own;
    struct http_conn *conn;
};

static struct ends begin(void) {
    int fds[2];
    struct ends e = {0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
    e.peer = fds[0];
    e.own = fds[1];
    assert_int_equal(http_conn_open(e.own, &e.conn).code, OK);
    return e;
}

static void end(struct ends *e) {
    http_conn_close(&e->conn);
    close(e->peer);
    close(e->own);
}

static void put(struct ends *e, const char *bytes, size_t len) {
    assert_int_equal(write(e->peer, bytes, len), (ssize_t)len);
}

/* Through recv, as the library does it. */
static size_t take(struct ends *e, char *to, size_t max) {
    ssize_t n = recv(e->own, to, max, 0);
    if (n < 0) {
        assert_int_equal(errno, EAGAIN);
    }
    return n < 0 ? 0 : (size_t)n;
}

static void test_byte_by_byte(void **state) {
    (void)state;
    static const char stream[] = ONE TWO ONE;
    struct ends e = begin();
    char out[1024];
    size_t got = 0;
    for (size_t i = 0; i < sizeof stream - 1; i++) {
        put(&e, stream + i, 1);
        got += take(&e, out + got, sizeof out - got);
    }
    assert_int_equal(got, sizeof stream - 1);
    assert_memory_equal(out, stream, got);
    assert_int_equal(e.conn->checked, 3);
    end(&e);
}

static void test_pipelined_into_small_reads(void **state) {
    (void)state;
    static const char stream[] = ONE TWO TWO;
    for (size_t size = 1; size < 40; size++) {
        struct ends e = begin();
        char out[1024];
        size_t got = 0;
        put(&e, stream, sizeof stream - 1);
        for (size_t n = 1; n > 0; got += n) {
            n = take(&e, out + got, size);
            /* an answer shorter than asked for must mean that there is no more */
            assert_true(n == size || got + n == sizeof stream - 1);
        }
        assert_int_equal(got, sizeof stream - 1);
        assert_memory_equal(out, stream, got);
        end(&e);
    }
}

static void test_head_is_held_back(void **state) {
    (void)state;
    struct ends e = begin();
    char out[256];
    put(&e, "GET / HTTP/1.1\r\nHost: a\r\n", 25);
    assert_int_equal(take(&e, out, sizeof out), 0);
    assert_int_equal(e.conn->checked, 0);
    put(&e, "\r\n", 2);
    assert_int_equal(take(&e, out, sizeof out), 27);
    assert_int_equal(e.conn->checked, 1);
    end(&e);
}

static void test_refused_after_a_good_one(void **state) {
    (void)state;
    struct ends e = begin();
    char out[1024] = {0};
    static const char bad[] = ONE "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\nGET /smuggled HTTP/1.1\r\n";
    put(&e, bad, sizeof bad - 1);
    size_t n = take(&e, out, sizeof out - 1);
    assert_memory_equal(out, ONE, sizeof ONE - 1);
    assert_memory_equal(out + sizeof ONE - 1, "GET " HTTP_REFUSED_TARGET " ", 14);
    assert_null(strstr(out, "smuggled"));
    assert_int_equal(e.conn->refusal, E_HTTP_BOTH_LENGTHS);
    put(&e, TWO, sizeof TWO - 1);
    assert_int_equal(take(&e, out + n, sizeof out - n), 0);
    end(&e);
}

static void test_body_is_no_head(void **state) {
    (void)state;
    struct ends e = begin();
    char out[1024];
    /* what looks like an ambiguous request inside a body is only a body */
    static const char stream[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n"
                                 "GET / HTTP/1.1\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" TWO;
    put(&e, stream, sizeof stream - 1);
    assert_int_equal(take(&e, out, sizeof out), sizeof stream - 1);
    assert_int_equal(e.conn->checked, 2);
    assert_false(e.conn->refused);
    end(&e);
}

static void test_end_and_other_descriptors(void **state) {
    (void)state;
    struct ends e = begin();
    char out[16];
    put(&e, "GET /", 5);
    shutdown(e.peer, SHUT_WR);
    assert_int_equal(recv(e.own, out, sizeof out, 0), -1);
    assert_int_equal(recv(e.own, out, sizeof out, 0), 0);
    assert_null(http_conn_of(e.peer));
    assert_null(http_conn_of(-1));
    assert_null(http_conn_of(1 << 30));
    end(&e);
    assert_null(http_conn_of(e.own));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_byte_by_byte),      cmocka_unit_test(test_pipelined_into_small_reads),
        cmocka_unit_test(test_head_is_held_back), cmocka_unit_test(test_refused_after_a_good_one),
        cmocka_unit_test(test_body_is_no_head),   cmocka_unit_test(test_end_and_other_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

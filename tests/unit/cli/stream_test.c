/* cli: lines from a pipe in pieces of any size, and output that waits for nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

enum { MAX_LINE = 8 };

static void feed(int fd, const char *text) {
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void assert_line(struct cli_lines *l, const char *want, bool want_too_long) {
    struct slice line;
    bool too_long;
    assert_true(lines_next(l, NULL, &line, &too_long));
    assert_true(slice_eq(line, slice_str(want)));
    assert_int_equal(too_long, want_too_long);
}

static void assert_end(struct cli_lines *l) {
    struct slice line;
    bool too_long;
    assert_false(lines_next(l, NULL, &line, &too_long));
    assert_false(l->broken);
}

static void open_lines(struct cli_lines *l, const char *text) {
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    feed(fds[1], text);
    close(fds[1]);
    lines_init(l, fds[0], MAX_LINE);
}

static void close_lines(struct cli_lines *l) {
    close(l->fd);
    lines_done(l);
}

static void test_lines(void **state) {
    (void)state;
    struct cli_lines l;
    open_lines(&l, "one\n\ntwo\r\n1234567\n12345678\nlast");
    assert_line(&l, "one", false);
    assert_line(&l, "", false);
    assert_line(&l, "two\r", false);
    assert_line(&l, "1234567", false);
    assert_line(&l, "12345678", false);
    assert_line(&l, "last", false);
    assert_end(&l);
    assert_end(&l);
    close_lines(&l);
}

static void test_long_lines(void **state) {
    (void)state;
    struct cli_lines l;
    open_lines(&l, "123456789\nnext\n1234567890123456789012345\n\n123456789");
    assert_line(&l, "12345678", true);
    assert_line(&l, "next", false);
    assert_line(&l, "12345678", true);
    assert_line(&l, "", false);
    assert_line(&l, "12345678", true);
    assert_end(&l);
    close_lines(&l);
}

static void test_nothing(void **state) {
    (void)state;
    struct cli_lines l;
    open_lines(&l, "");
    assert_end(&l);
    close_lines(&l);
}

/* A line that arrives in pieces, and one that is cut between two reads. */
static void test_pieces(void **state) {
    (void)state;
    int fds[2];
    struct cli_lines l;
    assert_int_equal(pipe(fds), 0);
    lines_init(&l, fds[0], MAX_LINE);
    feed(fds[1], "ab\ncd");
    assert_line(&l, "ab", false);
    feed(fds[1], "ef\ngh\n");
    assert_line(&l, "cdef", false);
    assert_line(&l, "gh", false);
    close(fds[1]);
    assert_end(&l);
    close_lines(&l);
}

static void test_a_failing_read_is_told_from_the_end(void **state) {
    (void)state;
    struct cli_lines l;
    struct slice line;
    bool too_long;
    lines_init(&l, -1, MAX_LINE);
    assert_false(lines_next(&l, NULL, &line, &too_long));
    assert_true(l.broken);
    lines_done(&l);
}

/* What was answered is written before the reader waits for more, and not while more is there. The
 * other end answers only once it has seen the answer, so a reader that waits first waits forever.
 */
static void test_flushes_before_it_waits(void **state) {
    (void)state;
    int ends[2];
    struct cli_lines l;
    struct cli_out o;
    struct slice line;
    bool too_long;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    pid_t peer = fork();
    if (peer == 0) {
        char seen[16];
        close(ends[0]);
        feed(ends[1], "a\nb\n");
        bool good = read(ends[1], seen, sizeof seen) == 2 && memcmp(seen, "12", 2) == 0;
        feed(ends[1], good ? "yes\n" : "no\n");
        _exit(0);
    }
    close(ends[1]);
    lines_init(&l, ends[0], MAX_LINE);
    out_init(&o, ends[0]);
    assert_true(lines_next(&l, &o, &line, &too_long));
    out_str(&o, "1");
    assert_true(lines_next(&l, &o, &line, &too_long));
    out_str(&o, "2");
    assert_true(lines_next(&l, &o, &line, &too_long));
    assert_true(slice_eq(line, SLICE("yes")));
    assert_true(out_done(&o));
    assert_int_equal(waitpid(peer, NULL, 0), peer);
    close_lines(&l);
}

static void test_output_that_cannot_be_written(void **state) {
    (void)state;
    struct cli_out o;
    out_init(&o, -1);
    out_str(&o, "lost");
    assert_false(out_done(&o));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_a_failing_read_is_told_from_the_end),
        cmocka_unit_test(test_flushes_before_it_waits),
        cmocka_unit_test(test_output_that_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

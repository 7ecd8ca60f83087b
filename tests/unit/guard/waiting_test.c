/* Many clients wait together for what they erased to be forgotten by every projection: each gets
 * its answers, in order, and nobody is left waiting. */
#include "guard_world.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/frame.h"

/* More than one round of the guard hears, and with two requests each more than it kept room for. */
enum { CLIENTS = 300, REQUESTS = 2, PATIENCE_S = 120 };

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    return fd;
}

static void ask_twice(int fd, const struct person *p) {
    struct buf frames CLEANUP(buf_done);
    buf_init(&frames, 4096);
    for (uint32_t id = 1; id <= REQUESTS; id++) {
        assert_int_equal(
            api_request_write(api_op_find(API_HISTORY_EMPTY), id, 0, p->token, NULL, &frames).code,
            OK);
    }
    assert_int_equal(send(fd, frames.ptr, frames.len, MSG_NOSIGNAL), frames.len);
}

/* The answer's frame, which api_frame_size finds whole; false at the end of the connection. */
static bool read_frame(int fd, struct buf *in, size_t *ret_size) {
    *ret_size = 0;
    while (*ret_size == 0 || *ret_size > in->len) {
        uint8_t bytes[512];
        assert_int_equal(api_frame_size(buf_slice(in), API_MAX_ANSWER, ret_size).code, OK);
        if (*ret_size > 0 && *ret_size <= in->len) {
            break;
        }
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        if (n <= 0) {
            return false;
        }
        assert_int_equal(buf_add(in, slice_of(bytes, (size_t)n)).code, OK);
    }
    return true;
}

static void assert_answered(int fd) {
    struct buf in CLEANUP(buf_done);
    buf_init(&in, API_MAX_ANSWER);
    for (uint32_t id = 1; id <= REQUESTS; id++) {
        struct arena a CLEANUP(arena_done);
        struct api_answer answer;
        size_t size = 0;
        arena_init(&a, 1 << 16);
        assert_true(read_frame(fd, &in, &size));
        assert_int_equal(api_answer_read(slice_sub(buf_slice(&in), 0, size),
                                         api_op_find(API_HISTORY_EMPTY), &a, &answer)
                             .code,
                         OK);
        assert_int_equal(answer.code, OK);
        assert_int_equal(answer.id, id);
        memmove(in.ptr, in.ptr + size, in.len - size);
        in.len -= size;
    }
    assert_int_equal(in.len, 0);
}

/* The guard is stopped while they ask, so that all of them have when it looks. */
static void hundreds_wait_together(void **state) {
    struct guard_world *w = *state;
    struct person anna = {0};
    int fds[CLIENTS];
    assert_int_equal(join(w, "anna", "1990-02-01", "device-0123456789abc", &anna), OK);
    for (size_t i = 0; i < CLIENTS; i++) {
        fds[i] = connect_to(w->front_path);
    }
    assert_int_equal(ask(w, API_ACCOUNT_ME, anna.token, NULL, NULL), OK);
    assert_int_equal(kill(w->pid, SIGSTOP), 0);
    for (size_t i = 0; i < CLIENTS; i++) {
        ask_twice(fds[i], &anna);
    }
    assert_int_equal(kill(w->pid, SIGCONT), 0);
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_answered(fds[i]);
        close(fds[i]);
    }
    assert_int_equal(ask(w, API_ACCOUNT_ME, anna.token, NULL, NULL), OK);
}

static int open_world(void **state) {
    static struct guard_world world;
    world_open(&world);
    *state = &world;
    return 0;
}

static int close_world(void **state) {
    world_close(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hundreds_wait_together),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}

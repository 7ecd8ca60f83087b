/* libward against a peer that misbehaves: what it says is checked, and a connection that no longer
 * stands between two frames is never used again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "ward/ward.h"

enum script { ANSWER, ANSWER_FD, WRONG_ID, NONSENSE, HANG_UP, REFUSE };

struct peer {
    char dir[32];
    char path[64];
    int listener;
    const enum script *script;
    size_t steps;
    pthread_t thread;
};

static void send_with_fd(int to, struct slice bytes, int fd) {
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {(void *)(uintptr_t)bytes.ptr, bytes.len};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        m.msg_control = control.bytes;
        m.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    (void)!sendmsg(to, &m, MSG_NOSIGNAL);
}

static void reply(int fd, uint32_t id, enum script step) {
    struct buf out CLEANUP(buf_done);
    buf_init(&out, 4096);
    struct api_value backup[TYP_BACKUP__COUNT] = {
        [TYP_BACKUP_STATE] = api_text("none"), [TYP_BACKUP_PATH] = api_text("")};
    struct api_value fields[ANS_ADMIN_STATUS__COUNT] = {
        [ANS_ADMIN_STATUS_READY] = {.yes = true}, [ANS_ADMIN_STATUS_BACKUP] = {.fields = backup}};
    const struct api_op *op = api_op_find(API_ADMIN_STATUS);
    uint8_t flags = step == ANSWER_FD ? API_FLAG_DESCRIPTOR : 0;
    struct status s = step == REFUSE ? api_refusal_write(E_ROLE, id, NULL, &out)
                                     : api_answer_write(op, id, flags, fields, &out);
    assert_int_equal(s.code, OK);
    int memory = step == ANSWER_FD ? memfd_create("x", MFD_CLOEXEC) : -1;
    send_with_fd(fd, buf_slice(&out), memory);
    if (memory >= 0) {
        close(memory);
    }
}

static bool serve_one(int fd, enum script step) {
    uint8_t frame[4096];
    ssize_t n = recv(fd, frame, sizeof frame, 0);
    if (n <= 0) {
        return false;
    }
    uint32_t id = api_frame_id(slice_of(frame, (size_t)n));
    switch (step) {
    case HANG_UP:
        return true;
    case NONSENSE:
        send_with_fd(fd, SLICE("\0\0\0\x08nonsense"), -1);
        return true;
    case WRONG_ID:
        reply(fd, id + 1, ANSWER);
        return true;
    case ANSWER:
    case ANSWER_FD:
    case REFUSE:
        reply(fd, id, step);
        return true;
    }
    return false;
}

static void *serve(void *arg) {
    struct peer *p = arg;
    size_t step = 0;
    while (step < p->steps) {
        int fd = accept(p->listener, NULL, NULL);
        while (step < p->steps && serve_one(fd, p->script[step])) {
            step++;
            enum script done = p->script[step - 1];
            if (done == WRONG_ID || done == NONSENSE || done == HANG_UP) {
                break;
            }
        }
        close(fd);
    }
    return NULL;
}

static void start(struct peer *p, const enum script *script, size_t steps) {
    *p = (struct peer){.dir = "/tmp/ward-client-XXXXXX", .script = script, .steps = steps};
    assert_non_null(mkdtemp(p->dir));
    (void)snprintf(p->path, sizeof p->path, "%s/s", p->dir);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, p->path, strlen(p->path));
    p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(p->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(p->listener, 8), 0);
    assert_int_equal(pthread_create(&p->thread, NULL, serve, p), 0);
}

static void stop(struct peer *p) {
    pthread_join(p->thread, NULL);
    close(p->listener);
    unlink(p->path);
    rmdir(p->dir);
}

static void each_answer_is_checked(void **state) {
    (void)state;
    static const enum script script[] = {ANSWER,   REFUSE,  WRONG_ID,  ANSWER,
                                         NONSENSE, HANG_UP, ANSWER_FD, ANSWER};
    static const uint16_t want[] = {OK, E_ROLE, E_FRAME, OK, E_FRAME, E_NOT_RUNNING, OK, OK};
    struct peer peer;
    start(&peer, script, ARRAY_LEN(script));
    struct ward_client *c = NULL;
    assert_int_equal(ward_open(peer.path, &c).code, OK);
    for (size_t i = 0; i < ARRAY_LEN(script); i++) {
        struct ward_answer answer;
        assert_int_equal(ward_call(c, API_ADMIN_STATUS, NULL, NULL, &answer).code, want[i]);
        assert_int_equal(answer.answered, want[i] == OK || want[i] == E_ROLE);
        assert_int_equal(answer.fd >= 0, script[i] == ANSWER_FD);
        ward_answer_done(&answer);
    }
    ward_close(&c);
    assert_null(c);
    stop(&peer);
}

static void nobody_there_is_said_so(void **state) {
    (void)state;
    struct ward_client *c = NULL;
    assert_int_equal(ward_open("/nonexistent/guard.sock", &c).code, OK);
    struct ward_answer answer;
    assert_int_equal(ward_call(c, API_ADMIN_STATUS, NULL, NULL, &answer).code, E_NOT_RUNNING);
    ward_answer_done(&answer);
    assert_int_equal(ward_call(c, 9999, NULL, NULL, &answer).code, E_OP_UNKNOWN);
    ward_answer_done(&answer);
    ward_close(&c);
    char path[200];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = 0;
    assert_int_equal(ward_open(path, &c).code, E_TOO_LARGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_is_checked),
        cmocka_unit_test(nobody_there_is_said_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* cli: the root key from a command: the key and nothing else, in time, and no trace of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "serve.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define RAW "0123456789abcdef0123456789ABCDEF"

enum { AMPLE_MS = 20000, SHORT_MS = 300 };

/* What serve_root.c needs of its neighbours. */
int64_t serve_now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

char *serve_word(const char *constant) {
    return (char *)(uintptr_t)constant;
}

static enum error_code run(const char *command) {
    struct seal_key key = {{0}};
    struct status s = root_from_command(command, AMPLE_MS, &key);
    return s.code;
}

static void test_a_key(void **state) {
    (void)state;
    struct seal_key key = {{0}};
    assert_int_equal(root_from_command("printf " RAW, AMPLE_MS, &key).code, OK);
    assert_memory_equal(key.bytes, RAW, sizeof key.bytes);
    assert_int_equal(root_from_command("echo " HEX, AMPLE_MS, &key).code, OK);
    assert_int_equal(key.bytes[1], 0x11);
    assert_int_equal(key.bytes[31], 0xff);
    /* In pieces, with words beside it, and with a child that lives on. */
    assert_int_equal(run("echo unsealing >&2; printf 0123456789abcdef; sleep 0.05; "
                         "printf 0123456789ABCDEF; sleep 100 >/dev/null &"),
                     OK);
}

static void test_anything_else(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "true",
        "printf 0123456789abcdef0123456789ABCDE",
        "printf '" RAW "\n'",
        "printf " RAW RAW, /* as long as hexadecimal digits, and none */
        "echo " HEX "0",
        "echo key: " HEX,
        "echo " HEX "; echo " HEX,
        "yes", /* without an end */
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(run(wrong[i]), E_ROOT_KEY_OUTPUT);
    }
}

static void test_a_failure(void **state) {
    (void)state;
    assert_int_equal(run("exit 1"), E_ROOT_KEY_COMMAND);
    assert_int_equal(run("printf " RAW "; exit 3"),
                     E_ROOT_KEY_COMMAND); /* what it says is doubtful */
    assert_int_equal(run("/nowhere/to/be/found"), E_ROOT_KEY_COMMAND);
    assert_int_equal(run("printf " RAW "; kill -TERM $$"), E_ROOT_KEY_COMMAND);
}

static bool is_dead(long pid) {
    char stat[64];
    char name[64];
    snprintf(name, sizeof name, "/proc/%ld/stat", pid);
    FILE *f = fopen(name, "r");
    bool dead = f == NULL || fgets(stat, sizeof stat, f) == NULL || strstr(stat, ") Z") != NULL;
    if (f != NULL) {
        fclose(f);
    }
    return dead;
}

static void pause_shortly(void) {
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

/* The process whose number the command wrote into the file. Whose parent is not us lingers until it
 * is collected by another. */
static void assert_gone(int fd) {
    char text[32] = "";
    assert_true(pread(fd, text, sizeof text - 1, 0) > 0);
    long pid = strtol(text, NULL, 10);
    assert_true(pid > 1);
    for (int turn = 0; !is_dead(pid); turn++) {
        assert_true(turn < 200);
        pause_shortly();
    }
}

static const char *const hanging[] = {
    "echo $$ >$at; sleep 100",
    "echo $$ >$at; printf " RAW "; sleep 100",
    "echo $$ >$at; printf " RAW "; exec >&-; sleep 100",
    "sleep 100 & echo $! >$at; printf " RAW, /* holds the pipe */
    "trap '' TERM; echo $$ >$at; while :; do sleep 1; done",
    "(sleep 100; true) & echo $! >$at; wait",
};

/* Ends all of it, at once: also what it started. */
static void test_a_hang(void **state) {
    (void)state;
    char path[] = "/tmp/ward-root-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (size_t i = 0; i < ARRAY_LEN(hanging); i++) {
        char command[256];
        struct seal_key key = {{0}};
        snprintf(command, sizeof command, "at=%s; %s", path, hanging[i]);
        int64_t begin_ms = serve_now_ms();
        assert_int_equal(root_from_command(command, SHORT_MS, &key).code, E_ROOT_KEY_LATE);
        assert_true(serve_now_ms() - begin_ms < AMPLE_MS);
        assert_gone(fd);
    }
    close(fd);
    unlink(path);
}

/* A process that waits for the command's key: 0 when it was told that there is none, and the signal
 * is there to be taken. */
static pid_t start_waiting(const char *command, bool takes_signals) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid != 0) {
        return pid;
    }
    struct seal_key key = {{0}};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(takes_signals ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
    bool ended = root_from_command(command, 10 * AMPLE_MS, &key).code == E_ROOT_KEY_COMMAND;
    bool there = sigpending(&set) == 0 && sigismember(&set, SIGTERM) == 1;
    _exit(ended && there ? 0 : 1);
}

/* Who is asked to end while a command hangs ends it, and then itself: by the signal, or as its own
 * loop would have it. */
static void test_asked_to_end(void **state) {
    (void)state;
    char path[] = "/tmp/ward-root-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (size_t i = 0; i < 2 * ARRAY_LEN(hanging); i++) {
        bool takes_signals = i % 2 == 1;
        char command[256];
        char byte;
        int code = 0;
        assert_int_equal(ftruncate(fd, 0), 0);
        snprintf(command, sizeof command, "at=%s; %s", path, hanging[i / 2]);
        pid_t pid = start_waiting(command, takes_signals);
        int64_t begin_ms = serve_now_ms();
        while (pread(fd, &byte, 1, 0) != 1) {
            assert_true(serve_now_ms() - begin_ms < AMPLE_MS);
            pause_shortly();
        }
        begin_ms = serve_now_ms();
        assert_int_equal(kill(pid, SIGTERM), 0);
        assert_int_equal(waitpid(pid, &code, 0), pid);
        assert_true(serve_now_ms() - begin_ms < AMPLE_MS);
        assert_true(takes_signals ? WIFEXITED(code) && WEXITSTATUS(code) == 0
                                  : WIFSIGNALED(code) && WTERMSIG(code) == SIGTERM);
        assert_gone(fd);
    }
    close(fd);
    unlink(path);
}

/* Nothing of ours but what is named: environment, descriptors, input. */
static void test_a_closed_world(void **state) {
    (void)state;
    setenv("WARD_SECRET", "x", 1);
    setenv("HOME", "/the/home", 1);
    int ours = open("/dev/null", O_RDONLY);
    assert_true(ours >= 0);
    char command[512];
    snprintf(command, sizeof command,
             "[ -z \"$WARD_SECRET\" ] && [ \"$HOME\" = /the/home ] && [ ! -e /proc/self/fd/%d ] && "
             "! read line && printf " RAW,
             ours);
    assert_int_equal(run(command), OK);
    close(ours);
}

static void test_the_pipe(void **state) {
    (void)state;
    struct root_source source = {.command = "printf " RAW};
    uint8_t bytes[64];
    int fd = -1;
    assert_int_equal(root_pipe(&source, &fd).code, OK);
    assert_int_equal(read(fd, bytes, sizeof bytes), SEAL_KEY_LEN);
    assert_memory_equal(bytes, RAW, SEAL_KEY_LEN);
    close(fd);
    assert_int_equal(root_pipe(&(struct root_source){.command = "exit 1"}, &fd).code,
                     E_ROOT_KEY_COMMAND);
    assert_true(root_source_one(&source) && root_source_named(&source));
    source.file = "too";
    assert_false(root_source_one(&source));
    assert_false(root_source_named(&(struct root_source){0}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_key),        cmocka_unit_test(test_anything_else),
        cmocka_unit_test(test_a_failure),    cmocka_unit_test(test_a_hang),
        cmocka_unit_test(test_asked_to_end), cmocka_unit_test(test_a_closed_world),
        cmocka_unit_test(test_the_pipe),
    };
    return failed(seal_init()) ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}

/* Each process tries what its sandbox forbids, and fails; and what it needs still works. Every
 * attempt runs in a child of its own, because there is no way out of a sandbox. */
#include "os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What a child of a sandbox reports: attempt refused, attempt went through, no sandbox. */
enum { REFUSED = 0, WENT_THROUGH = 10, NOT_ENTERED = 20 };

static char dir[64];     /* a directory that the sandbox names */
static char outside[80]; /* a file beside it */
static char inside[96];  /* a file in it */
static int tcp_listener; /* bound to a port of 127.0.0.1 */
static struct sockaddr_in tcp_address;
static int made_before = -1; /* a TCP socket from before the sandbox, new for each attempt */
static pid_t parent;

static bool can_open_outside(void) {
    return open(outside, O_RDONLY | O_CLOEXEC) >= 0;
}
static bool can_open_passwd(void) {
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0;
}
static bool can_create_outside(void) {
    char path[96];
    (void)snprintf(path, sizeof path, "%s.new", outside);
    return open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0;
}
static bool can_unlink_outside(void) {
    return unlink(outside) == 0;
}
static bool can_read_inside(void) {
    return open(inside, O_RDONLY | O_CLOEXEC) >= 0;
}
static bool can_write_inside(void) {
    return open(inside, O_RDWR | O_CLOEXEC) >= 0;
}
static bool can_create_inside(void) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s.new", inside);
    return open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0;
}
static bool can_make_inet_socket(void) {
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
}
static bool can_make_unix_socket(void) {
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
}
static bool can_connect(void) {
    return connect(made_before, (struct sockaddr *)&tcp_address, sizeof tcp_address) == 0;
}
static bool can_listen_on_port(void) {
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    return bind(made_before, (struct sockaddr *)&any, sizeof any) == 0;
}
static bool can_accept(void) {
    int flags = fcntl(tcp_listener, F_GETFL);
    if ((flags & O_NONBLOCK) == 0) {
        return false;
    }
    int fd = accept4(tcp_listener, NULL, NULL, SOCK_CLOEXEC);
    return fd >= 0 || errno == EAGAIN;
}
static bool can_execute(void) {
    char name[] = "/bin/true";
    char *argv[] = {name, NULL};
    char *none[] = {NULL};
    (void)execve(name, argv, none);
    return errno == ENOENT;
}
static bool can_fork(void) {
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    return child > 0;
}
static bool can_trace_parent(void) {
    return ptrace(PTRACE_ATTACH, parent, NULL, NULL) == 0;
}
static bool can_read_parent(void) {
    char byte;
    struct iovec mine = {&byte, 1};
    struct iovec theirs = {dir, 1};
    return process_vm_readv(parent, &mine, 1, &theirs, 1, 0) == 1;
}
static bool can_signal_parent(void) {
    return kill(parent, 0) == 0;
}
static bool can_map_executable(void) {
    void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at != MAP_FAILED;
}
static bool can_become_root_again(void) {
    return setuid(0) == 0;
}
static bool can_raise_limit(void) {
    struct rlimit more = {RLIM_INFINITY, RLIM_INFINITY};
    return setrlimit(RLIMIT_CORE, &more) == 0;
}
static bool can_make_memfd(void) {
    int fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd >= 0 && ftruncate(fd, 10) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0;
}
static void *idle(void *argument) {
    return argument;
}
static bool can_make_thread(void) {
    pthread_t thread;
    return pthread_create(&thread, NULL, idle, NULL) == 0 && pthread_join(thread, NULL) == 0;
}
static bool can_use_memory(void) {
    size_t size = 8U << 20;
    char *memory = malloc(size);
    if (memory == NULL) {
        return false;
    }
    memset(memory, 1, size);
    bool good = memory[size - 1] == 1;
    free(memory);
    return good;
}

static pthread_barrier_t together;
static void *allocate(void *argument) {
    void *memory = malloc(100000);
    (void)pthread_barrier_wait(&together);
    free(memory);
    return argument;
}
/* So many threads that the C library would ask how many processors there are, by opening a file. */
static bool can_allocate_in_many_threads(void) {
    enum { THREADS = 24 };
    pthread_t threads[THREADS];
    if (pthread_barrier_init(&together, NULL, THREADS) != 0) {
        return false;
    }
    for (size_t i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, allocate, NULL) != 0) {
            return false;
        }
    }
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    return true;
}

/* A thread that gives back so much that the C library would look, in a file, whether it may. */
static void *allocate_and_return(void *argument) {
    enum { BLOCKS = 400, BLOCK = 60000 };
    void *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(BLOCK);
    }
    for (size_t i = BLOCKS; i > 0; i--) {
        free(blocks[i - 1]);
    }
    return argument;
}
static bool can_return_memory_of_a_thread(void) {
    pthread_t thread;
    return pthread_create(&thread, NULL, allocate_and_return, NULL) == 0 &&
           pthread_join(thread, NULL) == 0;
}

struct attempt {
    const char *what;
    bool (*can)(void);
    unsigned who_may; /* bits of enum os_profile */
};

#define MAY(p)  (1U << OS_PROFILE_##p)
#define NOBODY  0U
#define ALL     ((1U << OS_PROFILE_COUNT) - 1)
#define SERVERS (MAY(GUARD) | MAY(FRONT) | MAY(COURIER) | MAY(RANK))

static const struct attempt attempts[] = {
    {"opens a file outside", can_open_outside, NOBODY},
    {"opens /etc/passwd", can_open_passwd, NOBODY},
    {"creates a file outside", can_create_outside, NOBODY},
    {"removes a file outside", can_unlink_outside, NOBODY},
    {"reads a file of its own", can_read_inside, MAY(GUARD) | MAY(FRONT) | MAY(COURIER)},
    {"writes a file of its own", can_write_inside, MAY(GUARD) | MAY(COURIER)},
    {"creates a file of its own", can_create_inside, MAY(GUARD) | MAY(COURIER)},
    {"makes an internet socket", can_make_inet_socket, MAY(COURIER)},
    {"makes a local socket", can_make_unix_socket, NOBODY},
    {"dials out", can_connect, MAY(COURIER)},
    {"listens on a port", can_listen_on_port, NOBODY},
    {"accepts from a listener", can_accept, MAY(GUARD) | MAY(FRONT)},
    {"executes a program", can_execute, NOBODY},
    {"forks", can_fork, NOBODY},
    {"traces its parent", can_trace_parent, NOBODY},
    {"reads its parent's memory", can_read_parent, NOBODY},
    {"signals its parent", can_signal_parent, NOBODY},
    {"makes memory executable", can_map_executable, NOBODY},
    {"becomes root again", can_become_root_again, NOBODY},
    {"raises a limit", can_raise_limit, NOBODY},
    {"makes and seals a memfd", can_make_memfd, MAY(GUARD) | MAY(STUDIO_TRANSCODE)},
    {"makes a thread", can_make_thread, SERVERS | MAY(STUDIO_TRANSCODE)},
    {"uses memory", can_use_memory, ALL},
    {"returns memory of a thread", can_return_memory_of_a_thread, SERVERS | MAY(STUDIO_TRANSCODE)},
    {"uses memory in many threads", can_allocate_in_many_threads, SERVERS | MAY(STUDIO_TRANSCODE)},
};

static bool enter(enum os_profile profile) {
    bool files =
        profile == OS_PROFILE_GUARD || profile == OS_PROFILE_FRONT || profile == OS_PROFILE_COURIER;
    struct os_sandbox_dir own = {.fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC),
                                 .write = profile != OS_PROFILE_FRONT};
    bool done = own.fd >= 0 && !failed(os_sandbox_enter(profile, &own, files ? 1 : 0));
    (void)close(own.fd);
    return done;
}

static void renew_socket(void) {
    (void)close(made_before);
    made_before = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(made_before >= 0);
}

/* True when the kernel let it through; a child that was killed was refused. */
static bool goes_through(enum os_profile profile, bool (*can)(void)) {
    renew_socket();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* Nothing may be heard of a program that is about to be killed. */
        (void)signal(SIGSYS, SIG_DFL);
        if (!enter(profile)) {
            _exit(NOT_ENTERED);
        }
        _exit(can() ? WENT_THROUGH : REFUSED);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGSYS);
        return false;
    }
    assert_int_not_equal(WEXITSTATUS(status), NOT_ENTERED);
    return WEXITSTATUS(status) == WENT_THROUGH;
}

static void profile_is_as_its_row_says(void **state) {
    enum os_profile profile = *(const enum os_profile *)*state;
    for (size_t i = 0; i < ARRAY_LEN(attempts); i++) {
        bool may = (attempts[i].who_may & (1U << profile)) != 0;
        if (goes_through(profile, attempts[i].can) != may) {
            fail_msg("%s %s: must be %s", os_profile_name(profile), attempts[i].what,
                     may ? "possible" : "refused");
        }
    }
}

/* The attempts that a sandbox refuses must be possible outside, or the test proves nothing. */
static void attempts_go_through_outside(void **state) {
    (void)state;
    bool (*const possible[])(void) = {
        can_open_outside,   can_read_inside,     can_write_inside, can_make_inet_socket,
        can_connect,        can_accept,          can_fork,         can_read_parent,
        can_signal_parent,  can_map_executable,  can_make_memfd,   can_make_thread,
        can_listen_on_port, can_make_unix_socket};
    for (size_t i = 0; i < ARRAY_LEN(possible); i++) {
        renew_socket();
        pid_t child = fork();
        if (child == 0) {
            _exit(possible[i]() ? WENT_THROUGH : REFUSED);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != WENT_THROUGH) {
            fail_msg("attempt %zu is not even possible outside", i);
        }
    }
}

static int code_of_child(struct status (*act)(void)) {
    pid_t child = fork();
    if (child == 0) {
        struct status s = act();
        _exit(s.code == OK ? 0 : s.code == E_SANDBOX ? 1 : s.code == E_SANDBOX_THREADS ? 2 : 3);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static struct status enter_unknown(void) {
    return os_sandbox_enter(OS_PROFILE_COUNT, NULL, 0);
}
static struct status enter_with_files_not_of_its_row(void) {
    struct os_sandbox_dir own = {.fd = open(dir, O_PATH | O_CLOEXEC)};
    return os_sandbox_enter(OS_PROFILE_STUDIO_CHECK, &own, 1);
}
static struct status enter_with_bad_directory(void) {
    struct os_sandbox_dir own = {.fd = 9999};
    return os_sandbox_enter(OS_PROFILE_GUARD, &own, 1);
}
static void *wait_long(void *argument) {
    (void)pause();
    return argument;
}
static struct status enter_with_threads(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, wait_long, NULL) != 0) {
        return FAIL(E_MEMORY);
    }
    return os_sandbox_enter(OS_PROFILE_RANK, NULL, 0);
}
static struct status become_other_user(void) {
    TRY(os_become_user(65534, 65534));
    return getuid() == 65534 && setuid(0) != 0 && geteuid() == 65534 ? STATUS_OK
                                                                     : FAIL(E_SANDBOX_USER);
}
static struct status become_who_we_are(void) {
    return os_become_user(getuid(), getgid());
}

static void entering_wrongly_is_an_error(void **state) {
    (void)state;
    assert_int_equal(code_of_child(enter_unknown), 1);
    assert_int_equal(code_of_child(enter_with_files_not_of_its_row), 1);
    assert_int_equal(code_of_child(enter_with_bad_directory), 1);
    assert_int_equal(code_of_child(enter_with_threads), 2);
    assert_null(os_profile_name(OS_PROFILE_COUNT));
}

static void user_is_left_for_good(void **state) {
    (void)state;
    assert_int_equal(code_of_child(become_who_we_are), 0);
    /* Only root can turn into somebody else; everybody else must be told so. */
    assert_int_equal(code_of_child(become_other_user), getuid() == 0 ? 0 : 3);
}

static int prepare(void **state) {
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/ward-sandbox-XXXXXX");
    if (mkdtemp(dir) == NULL) {
        return -1;
    }
    (void)snprintf(outside, sizeof outside, "%s.outside", dir);
    (void)snprintf(inside, sizeof inside, "%s/inside", dir);
    int a = open(outside, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    int b = open(inside, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (a < 0 || b < 0 || close(a) != 0 || close(b) != 0) {
        return -1;
    }
    parent = getpid();
    socklen_t size = sizeof tcp_address;
    tcp_address.sin_family = AF_INET;
    tcp_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    tcp_listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    made_before = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return made_before >= 0 && bind(tcp_listener, (struct sockaddr *)&tcp_address, size) == 0 &&
                   listen(tcp_listener, 100) == 0 &&
                   getsockname(tcp_listener, (struct sockaddr *)&tcp_address, &size) == 0
               ? 0
               : -1;
}

static int tidy(void **state) {
    (void)state;
    char made[128];
    (void)snprintf(made, sizeof made, "%s.new", inside);
    (void)unlink(made);
    (void)unlink(inside);
    (void)unlink(outside);
    (void)close(tcp_listener);
    (void)close(made_before);
    return rmdir(dir);
}

int main(void) {
    static enum os_profile each[] = {
        OS_PROFILE_GUARD,        OS_PROFILE_FRONT,   OS_PROFILE_STUDIO_TRANSCODE,
        OS_PROFILE_STUDIO_CHECK, OS_PROFILE_COURIER, OS_PROFILE_RANK};
    _Static_assert(ARRAY_LEN(each) == OS_PROFILE_COUNT, "every profile is tried");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attempts_go_through_outside),
        cmocka_unit_test_prestate(profile_is_as_its_row_says, &each[0]),
        cmocka_unit_test_prestate(profile_is_as_its_row_says, &each[1]),
        cmocka_unit_test_prestate(profile_is_as_its_row_says, &each[2]),
        cmocka_unit_test_prestate(profile_is_as_its_row_says, &each[3]),
        cmocka_unit_test_prestate(profile_is_as_its_row_says, &each[4]),
        cmocka_unit_test_prestate(profile_is_as_its_row_says, &each[5]),
        cmocka_unit_test(entering_wrongly_is_an_error),
        cmocka_unit_test(user_is_left_for_good),
    };
    return cmocka_run_group_tests(tests, prepare, tidy);
}

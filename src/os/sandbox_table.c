/* What each process may do: a table, meant to be read by who reviews Ward. Every line added here
 * widens what a process that was taken over can do; none may be added to make a test pass. */
#include "sandbox_table.h"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* Groups that stand or fall together. */
#define RUN    (GROUP_RUN | GROUP_MESSAGES)
#define SERVER (RUN | GROUP_WAIT | GROUP_THREADS)

static const struct sandbox_profile profiles[OS_PROFILE_COUNT] = {
    [OS_PROFILE_GUARD] = {.name = "guard",
                          .groups = SERVER | GROUP_MEMFD | GROUP_READ | GROUP_WRITE | GROUP_ACCEPT,
                          .otherwise = OTHERWISE_EPERM,
                          .address_space_mib = LIMIT_KEEP,
                          .cpu_s = LIMIT_KEEP,
                          .file_size_mib = LIMIT_KEEP,
                          .descriptors = 4096,
                          .processes = LIMIT_KEEP},
    [OS_PROFILE_FRONT] = {.name = "front",
                          .groups = SERVER | GROUP_READ | GROUP_ACCEPT,
                          .otherwise = OTHERWISE_EPERM,
                          .address_space_mib = LIMIT_KEEP,
                          .cpu_s = LIMIT_KEEP,
                          .file_size_mib = LIMIT_KEEP,
                          .descriptors = 16384,
                          .processes = LIMIT_KEEP},
    /* 2 GiB: the original (256 MiB) is mapped, 4096 x 2304 in ten bits with sixteen reference
     * frames takes 700 MiB. 128 MiB is the largest rendition. Processor time: several times what
     * three minutes take. */
    [OS_PROFILE_STUDIO_TRANSCODE] = {.name = "studio-transcode",
                                     .groups = RUN | GROUP_MEMFD | GROUP_THREADS,
                                     .otherwise = OTHERWISE_KILL,
                                     .address_space_mib = 2048,
                                     .cpu_s = 3600,
                                     .file_size_mib = 128,
                                     .descriptors = 16,
                                     .processes = LIMIT_KEEP},
    [OS_PROFILE_STUDIO_CHECK] = {.name = "studio-check",
                                 .groups = RUN,
                                 .otherwise = OTHERWISE_KILL,
                                 .address_space_mib = 512,
                                 .cpu_s = 10,
                                 .file_size_mib = 0,
                                 .descriptors = 5,
                                 .processes = 0},
    [OS_PROFILE_COURIER] = {.name = "courier",
                            .groups = SERVER | GROUP_READ | GROUP_WRITE | GROUP_DIAL,
                            .otherwise = OTHERWISE_EPERM,
                            .connect_tcp = true,
                            .address_space_mib = LIMIT_KEEP,
                            .cpu_s = LIMIT_KEEP,
                            .file_size_mib = 64,
                            .descriptors = 256,
                            .processes = LIMIT_KEEP},
    [OS_PROFILE_RANK] = {.name = "rank",
                         .groups = SERVER,
                         .otherwise = OTHERWISE_KILL,
                         .address_space_mib = 8192,
                         .cpu_s = LIMIT_KEEP,
                         .file_size_mib = LIMIT_KEEP,
                         .descriptors = 64,
                         .processes = LIMIT_KEEP},
};

#define CALL(name)                                                                                 \
    { .number = SCMP_SYS(name) }
#define CALL_IF(name, arg, bits, equals)                                                           \
    {                                                                                              \
        .number = SCMP_SYS(name), .conditional = true, .argument = (arg), .mask = (bits),          \
        .value = (equals)                                                                          \
    }
#define WHOLE UINT64_C(0xffffffff) /* the arguments compared here are ints */

static const struct sandbox_call run[] = {
    /* Nothing new becomes executable. */
    CALL_IF(mmap, 2, PROT_EXEC, 0),
    CALL_IF(mprotect, 2, PROT_EXEC, 0),
    CALL(munmap),
    CALL(mremap),
    CALL(brk),
    CALL(madvise),
    CALL(mlock),
    CALL(munlock),
    CALL(read),
    CALL(readv),
    CALL(pread64),
    CALL(preadv),
    CALL(write),
    CALL(writev),
    CALL(pwrite64),
    CALL(pwritev),
    CALL(lseek),
    CALL(fstat),
    CALL(close),
    CALL(poll),
    CALL(ppoll),
    /* Seals are looked at (F_GET_SEALS), flags too. */
    CALL_IF(fcntl, 1, WHOLE, F_GET_SEALS),
    CALL_IF(fcntl, 1, WHOLE, F_GETFL),
    CALL_IF(fcntl, 1, WHOLE, F_GETFD),
    CALL(futex),
    CALL(sched_yield),
    CALL(sched_getaffinity),
    CALL(getcpu),
    CALL(clock_gettime),
    CALL(clock_getres),
    CALL(gettimeofday),
    CALL(time),
    CALL(nanosleep),
    CALL(clock_nanosleep),
    CALL(getrandom),
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(sigaltstack),
    CALL(restart_syscall),
    CALL(getpid),
    CALL(gettid),
    CALL(getppid),
    CALL(getuid),
    CALL(geteuid),
    CALL(getgid),
    CALL(getegid),
    CALL(exit),
    CALL(exit_group),
    CALL(rseq),
    CALL(set_robust_list),
    CALL(set_tid_address),
    CALL(uname),
    CALL(sysinfo),
    CALL(getrusage),
    CALL(times),
};

static const struct sandbox_call threads[] = {
    CALL_IF(clone, 0, CLONE_THREAD, CLONE_THREAD),
    CALL_IF(prctl, 0, WHOLE, PR_SET_NAME),
    CALL(sched_getparam),
    CALL(sched_getscheduler),
    CALL(membarrier),
};

static const struct sandbox_call messages[] = {
    CALL(sendmsg), CALL(recvmsg), CALL(sendto), CALL(recvfrom), CALL(shutdown),
};

static const struct sandbox_call memfd[] = {
    CALL(memfd_create),
    CALL(ftruncate),
    CALL(fallocate),
    CALL_IF(fcntl, 1, WHOLE, F_ADD_SEALS),
};

static const struct sandbox_call waiting[] = {
    CALL(select),
    CALL(pselect6),
    CALL(epoll_create1),
    CALL(epoll_ctl),
    CALL(epoll_wait),
    CALL(epoll_pwait),
    CALL(epoll_pwait2),
    CALL(eventfd2),
    CALL(timerfd_create),
    CALL(timerfd_settime),
    CALL(timerfd_gettime),
    CALL(signalfd4),
    CALL(pipe2),
    CALL(dup),
    CALL(dup3),
    CALL_IF(fcntl, 1, WHOLE, F_SETFL),
    CALL_IF(fcntl, 1, WHOLE, F_SETFD),
    CALL_IF(fcntl, 1, WHOLE, F_DUPFD_CLOEXEC),
    CALL_IF(ioctl, 1, WHOLE, 0x5421 /* FIONBIO */),
    CALL(getsockopt),
    CALL(setsockopt),
    CALL(getsockname),
    CALL(getpeername),
    CALL(sendfile),
    CALL(mlock2),
    CALL_IF(prlimit64, 0, WHOLE, 0),
    CALL(getrlimit),
};

#define FOR_READING (O_ACCMODE | O_CREAT | O_TRUNC)

static const struct sandbox_call reading[] = {
    CALL_IF(openat, 2, FOR_READING, O_RDONLY),
    CALL_IF(open, 1, FOR_READING, O_RDONLY),
    CALL(newfstatat),
    CALL(stat),
    CALL(lstat),
    CALL(statx),
    CALL(fstatfs),
    CALL(statfs),
    CALL(access),
    CALL(faccessat),
    CALL(faccessat2),
    CALL(getdents64),
    CALL(readlink),
    CALL(readlinkat),
    CALL(getcwd),
    CALL(fadvise64),
    CALL(flock),
};

static const struct sandbox_call writing[] = {
    CALL(openat),
    CALL(open),
    CALL(unlink),
    CALL(unlinkat),
    CALL(rename),
    CALL(renameat),
    CALL(renameat2),
    CALL(mkdir),
    CALL(mkdirat),
    CALL(rmdir),
    CALL(link),
    CALL(linkat),
    CALL(fsync),
    CALL(fdatasync),
    CALL(syncfs),
    CALL(sync_file_range),
    CALL(ftruncate),
    CALL(truncate),
    CALL(fallocate),
    CALL(fchmod),
    CALL(fchmodat),
    CALL(chmod),
    CALL(fchown),
    CALL(utimensat),
    CALL(umask),
    CALL(msync),
    CALL_IF(fcntl, 1, WHOLE, F_SETLK),
    CALL_IF(fcntl, 1, WHOLE, F_SETLKW),
    CALL_IF(fcntl, 1, WHOLE, F_GETLK),
    CALL_IF(fcntl, 1, WHOLE, F_OFD_SETLK),
    CALL_IF(fcntl, 1, WHOLE, F_OFD_GETLK),
};

static const struct sandbox_call accepting[] = {CALL(accept), CALL(accept4)};

static const struct sandbox_call dialling[] = {
    CALL_IF(socket, 0, WHOLE, AF_INET),
    CALL_IF(socket, 0, WHOLE, AF_INET6),
    CALL_IF(socket, 0, WHOLE, AF_NETLINK), /* which addresses this machine has: getaddrinfo asks */
    CALL_IF(socketpair, 0, WHOLE, AF_UNIX),
    CALL(connect),
    CALL(bind),
    CALL(sendmmsg),
    CALL(recvmmsg),
    CALL_IF(ioctl, 1, WHOLE, 0x541b /* FIONREAD */),
};

/* Reports of ASan and UBSan; their shadow memory is far beyond any limit of address space. */
static const struct sandbox_call sanitizer[] = {
    CALL(newfstatat),
    CALL(stat),
    CALL(readlink),
    CALL_IF(openat, 2, FOR_READING, O_RDONLY),
    CALL_IF(open, 1, FOR_READING, O_RDONLY),
    CALL(getrlimit),
    CALL_IF(prlimit64, 0, WHOLE, 0),
    CALL(prctl),
    CALL(tkill),
    CALL(tgkill),
    CALL(dup),
    CALL(dup2),
    CALL(pipe),
    CALL(pipe2),
    CALL(getdents64),
    CALL(ioctl),
    CALL(munlockall),
};

static const int never[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(bpf),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(setns),
    SCMP_SYS(unshare),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(personality),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
};

/* The allocator looks for the number of processors and for the machine's policy when threads come
 * and go, a demuxer that formats a time looks for the time zone. They are told that there is no
 * such file and go on. */
static const int refused[] = {
    SCMP_SYS(open),   SCMP_SYS(openat),     SCMP_SYS(stat),     SCMP_SYS(lstat),
    SCMP_SYS(access), SCMP_SYS(newfstatat), SCMP_SYS(readlink), SCMP_SYS(faccessat2),
};

static const struct {
    const struct sandbox_call *calls;
    size_t count;
} groups[] = {
    {run, ARRAY_LEN(run)},           {threads, ARRAY_LEN(threads)},
    {messages, ARRAY_LEN(messages)}, {memfd, ARRAY_LEN(memfd)},
    {waiting, ARRAY_LEN(waiting)},   {reading, ARRAY_LEN(reading)},
    {writing, ARRAY_LEN(writing)},   {accepting, ARRAY_LEN(accepting)},
    {dialling, ARRAY_LEN(dialling)}, {sanitizer, ARRAY_LEN(sanitizer)},
};

const struct sandbox_profile *sandbox_profile(enum os_profile profile) {
    return (size_t)profile < ARRAY_LEN(profiles) ? &profiles[profile] : NULL;
}

const struct sandbox_call *sandbox_group(unsigned bit, size_t *ret_count) {
    if (bit >= ARRAY_LEN(groups)) {
        return NULL;
    }
    *ret_count = groups[bit].count;
    return groups[bit].calls;
}

const int *sandbox_never(size_t *ret_count) {
    *ret_count = ARRAY_LEN(never);
    return never;
}

const int *sandbox_refused(size_t *ret_count) {
    *ret_count = ARRAY_LEN(refused);
    return refused;
}

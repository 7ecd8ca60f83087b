/* Shuts a process in: Landlock, limits, seccomp, in this order, each for good. Reads the table, has
 * no opinions of its own, and never reports success when one of the walls could not be raised. */
#include "os/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox_table.h"

#ifndef WARD_SANITIZED
#define WARD_SANITIZED 0
#endif

/* Later than the oldest kernel header that we build with; numbers as in the kernel's interface. */
#define ACCESS_FS_TRUNCATE     (UINT64_C(1) << 14) /* ABI 3 */
#define ACCESS_NET_BIND_TCP    (UINT64_C(1) << 0)  /* ABI 4 */
#define ACCESS_NET_CONNECT_TCP (UINT64_C(1) << 1)
#define ACCESS_FS_IOCTL_DEV    (UINT64_C(1) << 15) /* ABI 5 */
#define SCOPE_ABSTRACT_UNIX    (UINT64_C(1) << 0)  /* ABI 6 */
#define SCOPE_SIGNAL           (UINT64_C(1) << 1)

/* Of struct landlock_ruleset_attr the part that ABI 1 knows, then what came later. */
struct ruleset {
    uint64_t access_fs;
    uint64_t access_net;
    uint64_t scoped;
};

#define FS_ABI_1 ((UINT64_C(1) << 13) - 1)
#define FS_FILE  (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | ACCESS_FS_TRUNCATE)
#define FS_READ  (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_WRITE                                                                                   \
    (FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                     \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |  \
     LANDLOCK_ACCESS_FS_REFER | ACCESS_FS_TRUNCATE)

#if WARD_SANITIZED
/* The leak check at exit stops its own process with ptrace, which no sandbox allows. */
static bool leak_check_off;
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void) {
    return leak_check_off;
}
#endif

static int landlock_abi(void) {
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi < 0 ? 0 : (int)abi;
}

struct os_sandbox_report os_sandbox_probe(void) {
    return (struct os_sandbox_report){.landlock_abi = landlock_abi(),
                                      .sanitized = WARD_SANITIZED != 0};
}

const char *os_profile_name(enum os_profile profile) {
    const struct sandbox_profile *row = sandbox_profile(profile);
    return row == NULL ? NULL : row->name;
}

static bool limit(int resource, int64_t value) {
    if (value == LIMIT_KEEP) {
        return true;
    }
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)resource, &now) != 0) {
        return false;
    }
    rlim_t wanted = (rlim_t)value;
    if (now.rlim_max < wanted) {
        wanted = now.rlim_max;
    }
    struct rlimit next = {wanted, wanted};
    return setrlimit((__rlimit_resource_t)resource, &next) == 0;
}

struct status os_harden(void) {
    bool done = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && limit(RLIMIT_CORE, 0);
#if WARD_SANITIZED
    leak_check_off = leak_check_off || geteuid() != 0;
#endif
    return done ? STATUS_OK : FAIL(E_SANDBOX);
}

struct status os_become_user(uint32_t uid, uint32_t gid) {
    uid_t real;
    uid_t effective;
    uid_t saved;
    if (getresuid(&real, &effective, &saved) != 0) {
        return FAIL(E_SANDBOX_USER);
    }
    if (real == uid && effective == uid && saved == uid && getegid() == gid) {
        return STATUS_OK;
    }
    bool done =
        setgroups(0, NULL) == 0 && setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;
    /* Who can come back has not left. */
    bool can_return = done && uid != 0 && setresuid(0, 0, 0) == 0;
    return done && !can_return ? STATUS_OK : FAIL(E_SANDBOX_USER);
}

static int64_t mebibytes(int64_t mib) {
    return mib == LIMIT_KEEP ? LIMIT_KEEP : mib << 20;
}

static struct status set_limits(const struct sandbox_profile *row) {
    bool done = limit(RLIMIT_CPU, row->cpu_s) && limit(RLIMIT_NOFILE, row->descriptors) &&
                limit(RLIMIT_NPROC, row->processes);
    if (!WARD_SANITIZED) {
        done = done && limit(RLIMIT_AS, mebibytes(row->address_space_mib)) &&
               limit(RLIMIT_FSIZE, mebibytes(row->file_size_mib));
    }
    return done ? STATUS_OK : FAIL(E_SANDBOX);
}

static uint64_t fs_rights_known(int abi) {
    uint64_t known = FS_ABI_1;
    known |= abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
    known |= abi >= 3 ? ACCESS_FS_TRUNCATE : 0;
    known |= abi >= 5 ? ACCESS_FS_IOCTL_DEV : 0;
    return known;
}

static bool add_dir(int ruleset, uint64_t known, const struct os_sandbox_dir *dir) {
    struct stat st;
    if (fstat(dir->fd, &st) != 0) {
        return false;
    }
    uint64_t rights = (dir->write ? FS_WRITE : FS_READ) & known;
    if (!S_ISDIR(st.st_mode)) {
        rights &= FS_FILE;
    }
    struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = dir->fd};
    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

static bool restrict_to(int ruleset, uint64_t known, const struct os_sandbox_dir *dirs,
                        size_t dir_count) {
    for (size_t i = 0; i < dir_count; i++) {
        if (!add_dir(ruleset, known, &dirs[i])) {
            return false;
        }
    }
    return syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
}

static struct status raise_landlock(const struct sandbox_profile *row,
                                    const struct os_sandbox_dir *dirs, size_t dir_count) {
    bool opens_files = (row->groups & (GROUP_READ | GROUP_WRITE)) != 0;
    if (dir_count > 0 && !opens_files) {
        return FAIL(E_SANDBOX);
    }
    int abi = landlock_abi();
    if (abi == 0) {
        /* The filter alone keeps a process from files whose row has no call to open one. */
        return opens_files ? FAIL(E_SANDBOX_KERNEL) : STATUS_OK;
    }
    struct ruleset rules = {.access_fs = fs_rights_known(abi)};
    size_t size = sizeof rules.access_fs;
    if (abi >= 4) {
        rules.access_net = ACCESS_NET_BIND_TCP | (row->connect_tcp ? 0 : ACCESS_NET_CONNECT_TCP);
        size += sizeof rules.access_net;
    }
    if (abi >= 6) {
        rules.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
        size += sizeof rules.scoped;
    }
    int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    if (fd < 0) {
        return FAIL(E_SANDBOX);
    }
    bool done = restrict_to(fd, rules.access_fs, dirs, dir_count);
    (void)close(fd);
    return done ? STATUS_OK : FAIL(E_SANDBOX);
}

static bool allow_call(scmp_filter_ctx filter, const struct sandbox_call *call) {
    if (!call->conditional) {
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call->number, 0) == 0;
    }
    struct scmp_arg_cmp only = {.arg = call->argument,
                                .op = SCMP_CMP_MASKED_EQ,
                                .datum_a = call->mask,
                                .datum_b = call->value};
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call->number, 1, &only) == 0;
}

static bool allow_groups(scmp_filter_ctx filter, unsigned wanted) {
    size_t count;
    const struct sandbox_call *calls;
    for (unsigned bit = 0; (calls = sandbox_group(bit, &count)) != NULL; bit++) {
        if ((wanted & (1U << bit)) == 0) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            if (!allow_call(filter, &calls[i])) {
                return false;
            }
        }
    }
    return true;
}

static bool answer(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (seccomp_rule_add(filter, action, calls[i], 0) != 0) {
            return false;
        }
    }
    return true;
}

/* Where the rest is refused, what is never done is death; where the rest is death, what the C
 * library does on its own is refused. */
static bool forbid(scmp_filter_ctx filter, const struct sandbox_profile *row) {
    size_t count;
    if (row->otherwise == OTHERWISE_EPERM) {
        const int *calls = sandbox_never(&count);
        return answer(filter, SCMP_ACT_KILL_PROCESS, calls, count);
    }
    const int *calls = sandbox_refused(&count);
    return WARD_SANITIZED || answer(filter, SCMP_ACT_ERRNO(EACCES), calls, count);
}

static bool load_filter(scmp_filter_ctx filter, const struct sandbox_profile *row) {
    unsigned groups = row->groups | (WARD_SANITIZED ? GROUP_SANITIZER : 0);
    /* The library asks for clone3 first and then does with clone, whose flags can be looked at. */
    return seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
           seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SYS_clone3, 0) == 0 &&
           forbid(filter, row) && allow_groups(filter, groups) && seccomp_load(filter) == 0;
}

static struct status raise_filter(const struct sandbox_profile *row) {
    scmp_filter_ctx filter = seccomp_init(row->otherwise == OTHERWISE_KILL ? SCMP_ACT_KILL_PROCESS
                                                                           : SCMP_ACT_ERRNO(EPERM));
    if (filter == NULL) {
        return FAIL(E_SANDBOX);
    }
    bool done = load_filter(filter, row);
    seccomp_release(filter);
    return done ? STATUS_OK : FAIL(E_SANDBOX);
}

/* A thread has one directory in here; the directory itself has two links more. */
static bool has_one_thread(void) {
    struct stat st;
    return stat("/proc/self/task", &st) == 0 && st.st_nlink == 3;
}

struct status os_sandbox_enter(enum os_profile profile, const struct os_sandbox_dir *dirs,
                               size_t dir_count) {
    const struct sandbox_profile *row = sandbox_profile(profile);
    if (row == NULL) {
        return FAIL(E_SANDBOX);
    }
    if (!has_one_thread()) {
        return FAIL(E_SANDBOX_THREADS);
    }
#if WARD_SANITIZED
    leak_check_off = true;
#endif
    TRY(os_harden());
    TRY(raise_landlock(row, dirs, dir_count)); /* needs a descriptor, so before the limits */
    TRY(set_limits(row));
    return raise_filter(row);
}

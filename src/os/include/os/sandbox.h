/* What each process of Ward may ask of the kernel, and the one way in.
 *
 * Every process has a row in the table of sandbox_table.c: the system calls it may make, whether it
 * may read or write files at all, whether it may dial out, whether it may have threads, and its
 * limits. All else is refused by the kernel: by a seccomp filter (an allow-list), by Landlock (no
 * file that was not named; no TCP port; no signal or abstract socket across the border), and by
 * resource limits. There is no way out again, and children inherit it.
 *
 *   struct os_sandbox_dir store = {.fd = store_fd, .write = true};
 *   TRY(os_sandbox_enter(OS_PROFILE_GUARD, &store, 1));
 *
 * Enter with one thread, before the first byte that somebody else wrote. File descriptors that are
 * already open keep working. Programs must be started, users changed, ports bound and libraries
 * loaded before. */
#ifndef WARD_OS_SANDBOX_H
#define WARD_OS_SANDBOX_H

#include "base/status.h"

enum os_profile {
    OS_PROFILE_GUARD,            /* files of the store; no network; no programs */
    OS_PROFILE_FRONT,            /* accepts on inherited listeners; reads named directories */
    OS_PROFILE_STUDIO_TRANSCODE, /* memory and inherited descriptors, threads, memfds */
    OS_PROFILE_STUDIO_CHECK,     /* memory and inherited descriptors alone */
    OS_PROFILE_COURIER,          /* dials out; reads and writes named directories */
    OS_PROFILE_RANK,             /* memory and inherited descriptors; no network, no files */
    OS_PROFILE_COUNT
};

/* A directory (or file) that stays reachable by name, with all that is beneath it. Open it with
 * O_PATH | O_CLOEXEC; it may be closed after entering. */
struct os_sandbox_dir {
    int fd;
    bool write; /* also create, change, rename and remove; otherwise read alone */
};

/* What the kernel could do for us. */
struct os_sandbox_report {
    int landlock_abi; /* 0: this kernel has no Landlock */
    bool sanitized;   /* a build with ASan: a few more calls and no limit on address space */
};

/* Shuts the calling process in, for good. The profile must be one whose row may use files if
 * dir_count > 0. After an error the process may be half shut in: it must exit.
 * Errors: E_SANDBOX (the kernel refused), E_SANDBOX_KERNEL (no Landlock, and this profile may open
 * files, so that nothing would hold it to the named directories), E_SANDBOX_THREADS. */
MUST_USE struct status os_sandbox_enter(enum os_profile profile, const struct os_sandbox_dir *dirs,
                                        size_t dir_count);

/* What entering would meet on this machine; changes nothing. */
struct os_sandbox_report os_sandbox_probe(void);

/* "guard", "front", "studio-transcode", ...; NULL for a number that is no profile. */
const char *os_profile_name(enum os_profile profile);

/* For every process, the supervisor too: no core file, no reading of our memory by others of the
 * same user, no gain of privileges by executing something. os_sandbox_enter does it as well. */
MUST_USE struct status os_harden(void);

/* Turns into another user for good, dropping all groups; what root does before it enters. Does
 * nothing and succeeds when the process already runs as uid and gid. E_SANDBOX_USER. */
MUST_USE struct status os_become_user(uint32_t uid, uint32_t gid);

#endif

/* Where everything of a service stands: directories with owners and modes, the root key, sockets,
 * and the programs beside our own. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "law_dir.h"
#include "os/sandbox.h"
#include "serve.h"

enum { ROOT_KEY_BYTES = 32, BACKLOG = 256 };

/* As the guard's user: can everything that it needs be reached? A checkout in somebody's closed
 * home cannot. */
static bool reaches(const struct serve_places *p, const char *var) {
    const char *const run[] = {p->guard_exe, p->front_exe, p->studio_exe, p->rank_exe, p->law, var};
    for (size_t i = 0; i < ARRAY_LEN(run); i++) {
        if (access(run[i], X_OK) != 0) {
            return false;
        }
    }
    return access(p->map, R_OK) == 0 && (p->web[0] == 0 || access(p->web, X_OK) == 0);
}

bool serve_can_drop(const struct serve_places *places, const char *var) {
    if (geteuid() != 0 || (mkdir(var, 0711) != 0 && errno != EEXIST)) {
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        bool can = !failed(os_become_user(UID_GUARD, UID_GUARD)) && reaches(places, var);
        _exit(can ? 0 : 1);
    }
    int code = 1;
    return pid > 0 && waitpid(pid, &code, 0) == pid && code == 0;
}

static struct status join(char to[OS_PATH_MAX], const char *dir, const char *name) {
    int n = snprintf(to, OS_PATH_MAX, "%s/%s", dir, name);
    return n < 0 || n >= OS_PATH_MAX ? FAIL(E_TOO_LARGE) : STATUS_OK;
}

/* --- programs and texts --- */

static struct status own_dir(char ret_dir[OS_PATH_MAX]) {
    ssize_t n = readlink("/proc/self/exe", ret_dir, OS_PATH_MAX - 1);
    if (n <= 0) {
        return FAIL(E_EXEC);
    }
    ret_dir[n] = 0;
    char *slash = strrchr(ret_dir, '/');
    if (slash != NULL) {
        *slash = 0;
    }
    return STATUS_OK;
}

/* Beside `ward` when installed; in the directory of its room where it was built. */
static struct status find_program(const char *dir, const char *room, const char *name,
                                  char ret_path[OS_PATH_MAX]) {
    char beside[OS_PATH_MAX];
    TRY(join(ret_path, dir, name));
    if (access(ret_path, X_OK) == 0) {
        return STATUS_OK;
    }
    int n = snprintf(beside, sizeof beside, "%s/../%s/%s", dir, room, name);
    if (n < 0 || n >= OS_PATH_MAX || access(beside, X_OK) != 0) {
        return FAIL(E_EXEC);
    }
    memcpy(ret_path, beside, (size_t)n + 1);
    return STATUS_OK;
}

/* `given`, or `name` in one of the directories above the programs. */
static bool find_above(const char *dir, const char *given, const char *const *names,
                       char ret_path[OS_PATH_MAX]) {
    if (given != NULL) {
        return snprintf(ret_path, OS_PATH_MAX, "%s", given) < OS_PATH_MAX &&
               access(ret_path, R_OK) == 0;
    }
    static const char *const ups[] = {"", "/..", "/../..", "/../../..", "/../../../.."};
    for (size_t i = 0; i < ARRAY_LEN(ups); i++) {
        for (size_t k = 0; names[k] != NULL; k++) {
            int n = snprintf(ret_path, OS_PATH_MAX, "%s%s/%s", dir, ups[i], names[k]);
            if (n > 0 && n < OS_PATH_MAX && access(ret_path, R_OK) == 0) {
                return true;
            }
        }
    }
    return false;
}

struct status serve_find(const struct serve_options *o, struct serve_places *ret_places) {
    static const char *const maps[] = {"share/ward/datamap/clips.map", "datamap/clips.map", NULL};
    static const char *const webs[] = {"share/ward/web", "web/dist", NULL};
    struct serve_places *p = ret_places;
    char dir[OS_PATH_MAX];
    TRY(own_dir(dir));
    TRY(find_program(dir, "guard", "ward-guard", p->guard_exe));
    TRY(find_program(dir, "clips", "ward-front", p->front_exe));
    TRY(find_program(dir, "media", "ward-studio", p->studio_exe));
    TRY(find_program(dir, "rank", "ward-rank", p->rank_exe));
    if (o->smtp != NULL) {
        TRY(find_program(dir, "courier", "ward-courier", p->courier_exe));
    }
    law_dir_find(o->law, p->law);
    if (!find_above(dir, o->map, maps, p->map)) {
        return FAIL(E_FILE_MISSING);
    }
    if (!find_above(dir, o->web, webs, p->web)) {
        p->web[0] = 0;
    }
    return STATUS_OK;
}

/* --- directories --- */

static struct status make_dir(const char *path, mode_t mode, bool owned, uint32_t owner) {
    if (mkdir(path, mode) != 0 && errno != EEXIST) {
        return FAIL(E_VAR);
    }
    if (owned && chown(path, owner, owner) != 0) {
        return FAIL(E_VAR);
    }
    return chmod(path, mode) == 0 ? STATUS_OK : FAIL(E_VAR);
}

static const struct {
    const char *name;
    mode_t mode;
    uint32_t owner; /* 0: who runs the supervisor */
} directories[] = {
    {"data", 0700, UID_GUARD},   {"keys", 0700, UID_GUARD},    {"ledger", 0755, UID_GUARD},
    {"outbox", 0700, UID_GUARD}, {"backups", 0700, UID_GUARD}, {"front", 0711, 0},
    {"admin", 0700, 0},
};

/* With the same group, courier and guard share the outbox: only they are in it. */
static struct status share_outbox(const struct serve_options *o, bool separate,
                                  const struct serve_places *p) {
    if (!separate || o->smtp == NULL) {
        return STATUS_OK;
    }
    bool shared = chown(p->outbox, UID_GUARD, UID_COURIER) == 0 && chmod(p->outbox, 02770) == 0;
    return shared ? STATUS_OK : FAIL(E_VAR);
}

/* The directory of the programs' socket, and the group that may enter it, by name or number. */
static struct status make_programs(const struct serve_options *o, struct serve_places *p) {
    char path[OS_PATH_MAX];
    uint64_t number = 0;
    if (o->programs == NULL) {
        return STATUS_OK;
    }
    const struct group *g = getgrnam(o->programs);
    if (g == NULL && failed(parse_u64(slice_str(o->programs), UINT32_MAX - 1, &number))) {
        return FAIL(E_GROUP);
    }
    p->program_group = g != NULL ? g->gr_gid : (gid_t)number;
    TRY(join(path, o->var, "programs"));
    TRY(join(p->program_socket, o->var, "programs/guard.sock"));
    TRY(make_dir(path, 0710, false, 0));
    return chown(path, (uid_t)-1, p->program_group) == 0 ? STATUS_OK : FAIL(E_GROUP);
}

struct status serve_sync_dir(const char *dir) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return synced ? STATUS_OK : FAIL(E_VAR);
}

static bool write_root(int fd) {
    uint8_t key[ROOT_KEY_BYTES];
    bool made = getrandom(key, sizeof key, 0) == (ssize_t)sizeof key &&
                write(fd, key, sizeof key) == (ssize_t)sizeof key && fsync(fd) == 0;
    explicit_bzero(key, sizeof key);
    return made;
}

/* One that is there is synced all the same: who made it may have been killed before that. */
struct status serve_make_root(const char *path, bool *ret_new) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool is_new = fd >= 0;
    fd = is_new || errno != EEXIST ? fd : open(path, O_RDONLY | O_CLOEXEC);
    bool made = fd >= 0 && (is_new ? write_root(fd) : fsync(fd) == 0);
    if (fd >= 0) {
        close(fd);
    }
    if (is_new && !made) {
        unlink(path);
    }
    *ret_new = is_new && made;
    return made ? STATUS_OK : FAIL(E_VAR);
}

struct status serve_layout(const struct serve_options *o, bool separate,
                           struct serve_places *places, bool *ret_new) {
    char path[OS_PATH_MAX];
    *ret_new = false;
    TRY(make_dir(o->var, 0711, false, 0));
    for (size_t i = 0; i < ARRAY_LEN(directories); i++) {
        TRY(join(path, o->var, directories[i].name));
        TRY(make_dir(path, directories[i].mode, separate, directories[i].owner));
    }
    TRY(join(places->front_socket, o->var, "front/guard.sock"));
    TRY(join(places->admin_socket, o->var, "admin/guard.sock"));
    TRY(join(places->ledger, o->var, "ledger/log"));
    TRY(join(places->outbox, o->var, "outbox"));
    TRY(share_outbox(o, separate, places));
    TRY(make_programs(o, places));
    places->root = o->root;
    if (root_source_named(&o->root)) {
        return STATUS_OK;
    }
    TRY(join(places->root_key, o->var, "root.key"));
    places->root.file = places->root_key;
    TRY(serve_make_root(places->root_key, ret_new));
    return serve_sync_dir(o->var); /* before anything is wrapped under it */
}

/* --- sockets --- */

bool serve_is_up(const struct serve_places *places) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(places->admin_socket);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || len >= sizeof address.sun_path) {
        return false;
    }
    memcpy(address.sun_path, places->admin_socket, len);
    /* A full queue is somebody's too. */
    bool up = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EAGAIN;
    close(fd);
    return up;
}

static struct status listen_unix(const char *path, int *ret_fd) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len >= sizeof address.sun_path) {
        return FAIL(E_TOO_LARGE);
    }
    memcpy(address.sun_path, path, len);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(path);
    bool made = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
                chmod(path, 0600) == 0 && listen(fd, BACKLOG) == 0;
    if (!made) {
        if (fd >= 0) {
            close(fd);
        }
        return FAIL(E_VAR);
    }
    *ret_fd = fd;
    return STATUS_OK;
}

struct status serve_unix(const char *path, uint32_t owner, bool separate, int *ret_fd) {
    TRY(listen_unix(path, ret_fd));
    return !separate || chown(path, owner, owner) == 0 ? STATUS_OK : FAIL(E_VAR);
}

struct status serve_unix_group(const char *path, gid_t group, int *ret_fd) {
    TRY(listen_unix(path, ret_fd));
    bool theirs = chown(path, (uid_t)-1, group) == 0 && chmod(path, 0660) == 0;
    return theirs ? STATUS_OK : FAIL(E_GROUP);
}

static int bind_tcp(const struct sockaddr *address, socklen_t len, int family) {
    int on = 1;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, address, len) != 0 || listen(fd, BACKLOG) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static uint16_t port_of(int fd) {
    struct sockaddr_storage got;
    socklen_t len = sizeof got;
    if (getsockname(fd, (struct sockaddr *)&got, &len) != 0) {
        return 0;
    }
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    memcpy(&v4, &got, sizeof v4);
    memcpy(&v6, &got, sizeof v6);
    return ntohs(got.ss_family == AF_INET6 ? v6.sin6_port : v4.sin_port);
}

struct status serve_tcp(const char *host, uint16_t port, int *ret_fd, uint16_t *ret_port) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    int fd = -1;
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        fd = bind_tcp((const struct sockaddr *)&v4, sizeof v4, AF_INET);
    } else if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
        fd = bind_tcp((const struct sockaddr *)&v6, sizeof v6, AF_INET6);
    }
    if (fd < 0) {
        return FAIL(E_PORT);
    }
    *ret_fd = fd;
    *ret_port = port_of(fd);
    return STATUS_OK;
}

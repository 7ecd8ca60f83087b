#include "guard_world.h"

#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "seal/seal.h"

enum { START_MS = 60000 };

static int listen_at(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 64), 0);
    return fd;
}

static void run_guard(const struct guard_world *w, int root, int studio, int ready) {
    const int fds[] = {root, w->front_fd, w->admin_fd, studio, ready, w->program_fd};
    int away[6];
    for (int i = 0; i < 6; i++) {
        away[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 20);
    }
    for (int i = 0; i < 6; i++) {
        dup2(away[i], 3 + i);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execl(WARD_GUARD, "ward-guard", "--var", w->dir, "--law", WARD_SOURCE "/law", "--map",
          WARD_SOURCE "/datamap/clips.map", "--root-fd", "3", "--front-fd", "4", "--admin-fd", "5",
          "--studio-fd", "6", "--ready-fd", "7", "--program-fd", "8", "--durable", w->durable,
          (char *)NULL);
    _exit(127);
}

void guard_begin(struct guard_world *w) {
    int root[2];
    int ready[2];
    int studio[2];
    assert_int_equal(pipe2(root, O_CLOEXEC), 0);
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, studio), 0);
    assert_int_equal(write(root[1], w->root, sizeof w->root), sizeof w->root);
    close(root[1]);
    w->pid = fork();
    if (w->pid == 0) {
        run_guard(w, root[0], studio[1], ready[1]);
    }
    close(root[0]);
    close(studio[1]);
    close(ready[1]);
    w->channel = studio[0];
    struct pollfd wait = {ready[0], POLLIN, 0};
    uint8_t byte = 0;
    assert_int_equal(poll(&wait, 1, START_MS), 1);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
}

int guard_end(struct guard_world *w, int sig) {
    int code = -1;
    kill(w->pid, sig);
    waitpid(w->pid, &code, 0);
    close(w->channel);
    w->pid = 0;
    return WIFEXITED(code) ? WEXITSTATUS(code) : -WTERMSIG(code);
}

static void read_notice(struct guard_world *w, const char *audience, char ret[65]) {
    struct api_value args[ARG_NOTICE_READ__COUNT] = {[ARG_NOTICE_READ_LANGUAGE] = api_text("en"),
                                                     [ARG_NOTICE_READ_AUDIENCE] =
                                                         api_text(audience)};
    struct ward_answer answer;
    assert_int_equal(ask(w, API_NOTICE_READ, NULL, args, &answer), OK);
    struct slice version = answer.fields[ANS_NOTICE_READ_VERSION].bytes;
    assert_int_equal(version.len, 64);
    memcpy(ret, version.ptr, 64);
    ward_answer_done(&answer);
}

void world_open(struct guard_world *w) {
    world_open_as(w, "each");
}

void world_open_as(struct guard_world *w, const char *durable) {
    static const char *const dirs[] = {"data", "keys", "ledger", "outbox", "backups"};
    char path[80];
    *w = (struct guard_world){.dir = "/tmp/ward-guard-XXXXXX", .durable = durable};
    assert_non_null(mkdtemp(w->dir));
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", w->dir, dirs[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    (void)snprintf(w->front_path, sizeof w->front_path, "%s/front.sock", w->dir);
    (void)snprintf(w->admin_path, sizeof w->admin_path, "%s/admin.sock", w->dir);
    (void)snprintf(w->program_path, sizeof w->program_path, "%s/program.sock", w->dir);
    w->front_fd = listen_at(w->front_path);
    w->program_fd = listen_at(w->program_path);
    w->admin_fd = listen_at(w->admin_path);
    assert_int_equal(seal_init().code, OK);
    seal_random(w->root, sizeof w->root);
    assert_int_equal(ward_open(w->front_path, &w->front).code, OK);
    assert_int_equal(ward_open(w->admin_path, &w->admin).code, OK);
    assert_int_equal(ward_open(w->program_path, &w->programs).code, OK);
    guard_begin(w);
    read_notice(w, "adult", w->notice[0]);
    read_notice(w, "child", w->notice[1]);
}

void world_close(struct guard_world *w) {
    char command[80];
    ward_close(&w->front);
    ward_close(&w->admin);
    ward_close(&w->programs);
    if (w->pid != 0) {
        assert_int_equal(guard_end(w, SIGTERM), 0);
    }
    close(w->front_fd);
    close(w->admin_fd);
    close(w->program_fd);
    (void)snprintf(command, sizeof command, "rm -rf %s", w->dir);
    FILE *run = popen(command, "r");
    assert_non_null(run);
    pclose(run);
}

static uint16_t check(struct guard_world *w, uint16_t op, struct status s,
                      struct ward_answer *answer, struct ward_answer *ret_answer) {
    if (!answer->answered) {
        fail_msg("operation %u was not answered: %s", op, error_info(s.code)->name);
    }
    if (failed(s) && !api_op_may_fail(api_op_find(op), s.code)) {
        fail_msg("%s may not answer %s", api_op_find(op)->name, error_info(s.code)->name);
    }
    w->hit[op] = true;
    if (ret_answer != NULL) {
        *ret_answer = *answer;
    } else {
        ward_answer_done(answer);
    }
    return s.code;
}

uint16_t ask(struct guard_world *w, uint16_t op, const uint8_t *token, const struct api_value *args,
             struct ward_answer *ret_answer) {
    struct ward_answer answer;
    struct status s = ward_call(w->front, op, token, args, &answer);
    return check(w, op, s, &answer, ret_answer);
}

uint16_t ask_admin(struct guard_world *w, uint16_t op, const struct api_value *args,
                   struct ward_answer *ret_answer) {
    struct ward_answer answer;
    struct status s = ward_call(w->admin, op, NULL, args, &answer);
    return check(w, op, s, &answer, ret_answer);
}

uint16_t ask_program(struct guard_world *w, uint16_t op, const uint8_t *token,
                     const struct api_value *args, struct ward_answer *ret_answer) {
    struct ward_answer answer;
    struct status s = ward_call(w->programs, op, token, args, &answer);
    return check(w, op, s, &answer, ret_answer);
}

static struct api_value split(const char *text, struct api_value *items) {
    struct api_value list = {.list = {.items = items}};
    struct slice rest = slice_str(text);
    while (rest.len > 0) {
        size_t comma = slice_find(rest, ',');
        items[list.list.count++].bytes = slice_sub(rest, 0, comma);
        rest = comma < rest.len ? slice_from(rest, comma + 1) : SLICE("");
    }
    return list;
}

uint16_t register_program(struct guard_world *w, const char *name, const char *purposes,
                          const char *names, uint8_t ret_token[API_TOKEN_BYTES]) {
    struct api_value items[2][64];
    struct api_value args[ARG_ADMIN_PROGRAM__COUNT] = {
        [ARG_ADMIN_PROGRAM_NAME] = api_text(name),
        [ARG_ADMIN_PROGRAM_COMPANY] = api_text("Notes B.V."),
        [ARG_ADMIN_PROGRAM_COUNTRY] = api_text("NL"),
        [ARG_ADMIN_PROGRAM_SAME_ENTITY] = api_yes(true),
        [ARG_ADMIN_PROGRAM_PURPOSES] = split(purposes, items[0]),
        [ARG_ADMIN_PROGRAM_NAMES] = split(names, items[1]),
    };
    struct ward_answer answer;
    uint16_t code = ask_admin(w, API_ADMIN_PROGRAM, args, &answer);
    if (code == OK) {
        memcpy(ret_token, answer.fields[ANS_ADMIN_PROGRAM_TOKEN].bytes.ptr, API_TOKEN_BYTES);
    }
    ward_answer_done(&answer);
    return code;
}

uint64_t number_named(const struct api_value *list, const char *name) {
    for (size_t i = 0; i < list->list.count; i++) {
        const struct api_value *v = list->list.items[i].fields;
        if (slice_eq(v[TYP_NUMBER_NAME].bytes, slice_str(name))) {
            return v[TYP_NUMBER_NUMBER].n;
        }
    }
    return UINT32_MAX;
}

uint16_t join(struct guard_world *w, const char *name, const char *birth, const char *device,
              struct person *ret) {
    char mail[80];
    (void)snprintf(mail, sizeof mail, "%s@example.org", name);
    struct api_value args[ARG_ACCOUNT_JOIN__COUNT] = {
        [ARG_ACCOUNT_JOIN_NAME] = api_text(name),
        [ARG_ACCOUNT_JOIN_MAIL] = api_text(mail),
        [ARG_ACCOUNT_JOIN_PASSWORD] = api_text("three red apples"),
        [ARG_ACCOUNT_JOIN_BIRTH_DATE] = api_text(birth),
        [ARG_ACCOUNT_JOIN_COUNTRY] = api_text("NL"),
        [ARG_ACCOUNT_JOIN_REGION] = api_text(""),
        [ARG_ACCOUNT_JOIN_LANGUAGE] = api_text("en"),
        [ARG_ACCOUNT_JOIN_NOTICE] = api_text(w->notice[strcmp(birth, "2008-01-01") > 0 ? 1 : 0]),
        [ARG_ACCOUNT_JOIN_DEVICE] = api_text(device),
    };
    struct ward_answer answer;
    uint16_t code = ask(w, API_ACCOUNT_JOIN, NULL, args, &answer);
    if (code == OK) {
        struct slice token = answer.fields[ANS_ACCOUNT_JOIN_SESSION].bytes;
        assert_int_equal(token.len, API_TOKEN_BYTES);
        memcpy(ret->token, token.ptr, token.len);
        ret->child = strcmp(birth, "2008-01-01") > 0;
        ret->waits = slice_eq(answer.fields[ANS_ACCOUNT_JOIN_STATE].bytes, SLICE("needs-guardian"));
    }
    ward_answer_done(&answer);
    return code;
}

uint16_t login(struct guard_world *w, const char *name, const char *password, struct person *ret) {
    struct api_value args[ARG_ACCOUNT_LOGIN__COUNT] = {[ARG_ACCOUNT_LOGIN_NAME] = api_text(name),
                                                       [ARG_ACCOUNT_LOGIN_PASSWORD] =
                                                           api_text(password)};
    struct ward_answer answer;
    uint16_t code = ask(w, API_ACCOUNT_LOGIN, NULL, args, &answer);
    if (code == OK) {
        memcpy(ret->token, answer.fields[ANS_ACCOUNT_LOGIN_SESSION].bytes.ptr, API_TOKEN_BYTES);
    }
    ward_answer_done(&answer);
    return code;
}

uint16_t choose(struct guard_world *w, const struct person *p, const char *purpose,
                const char *state) {
    struct api_value args[ARG_CONSENTS_SET__COUNT] = {
        [ARG_CONSENTS_SET_PURPOSE] = api_text(purpose),
        [ARG_CONSENTS_SET_STATE] = api_text(state),
        [ARG_CONSENTS_SET_NOTICE] = api_text(w->notice[p->child ? 1 : 0])};
    return ask(w, API_CONSENTS_SET, p->token, args, NULL);
}

uint64_t begin_clip(struct guard_world *w, const struct person *p, const char *audience,
                    uint64_t size) {
    struct api_value args[ARG_CLIP_BEGIN__COUNT] = {[ARG_CLIP_BEGIN_CAPTION] =
                                                        api_text("a caption"),
                                                    [ARG_CLIP_BEGIN_AUDIENCE] = api_text(audience),
                                                    [ARG_CLIP_BEGIN_SIZE_BYTES] = api_n(size)};
    struct ward_answer answer;
    uint64_t clip = 0;
    if (ask(w, API_CLIP_BEGIN, p->token, args, &answer) == OK) {
        clip = answer.fields[ANS_CLIP_BEGIN_CLIP].n;
    }
    ward_answer_done(&answer);
    return clip;
}

const char *archive_text(struct ward_answer *answer, uint64_t size_bytes) {
    static char text[1 << 20];
    assert_true(size_bytes % 512 == 0 && size_bytes < sizeof text);
    assert_int_equal(pread(answer->fd, text, sizeof text, 0), size_bytes);
    ward_answer_done(answer);
    for (size_t i = 0; i < size_bytes; i++) {
        text[i] = text[i] == 0 ? ' ' : text[i];
    }
    text[size_bytes] = 0;
    return text;
}

void holds(const char *archive, const char *text) {
    if (strstr(archive, text) == NULL) {
        print_error("%s is not in it\n", text);
        fail();
    }
}

void holds_not(const char *archive, const char *text) {
    if (strstr(archive, text) != NULL) {
        print_error("%s is in it\n", text);
        fail();
    }
}

void read_link_of_mail(struct guard_world *w, char ret_token[64]) {
    static const char mark[] = "/guardian/";
    char pattern[80];
    char text[8192] = {0};
    glob_t found;
    (void)snprintf(pattern, sizeof pattern, "%s/outbox/*.eml", w->dir);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    FILE *f = fopen(found.gl_pathv[0], "r");
    assert_non_null(f);
    assert_true(fread(text, 1, sizeof text - 1, f) > 0);
    fclose(f);
    globfree(&found);
    const char *at = strstr(text, mark);
    assert_non_null(at);
    size_t len = strcspn(at + sizeof mark - 1, "\n");
    assert_true(len < 64);
    memcpy(ret_token, at + sizeof mark - 1, len);
    ret_token[len] = 0;
}

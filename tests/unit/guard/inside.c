#include "inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct status note_spawn(void *arg, uint8_t role) {
    struct inside *w = arg;
    w->spawned++;
    w->spawn_role = role;
    return STATUS_OK;
}

static void make_dirs(struct inside *w) {
    static const char *const names[] = {"data", "keys", "ledger", "outbox", "backups"};
    memcpy(w->dir, "/tmp/ward-inside-XXXXXX", 24);
    assert_non_null(mkdtemp(w->dir));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        (void)snprintf(w->paths[i], sizeof w->paths[i], "%s/%s", w->dir, names[i]);
        assert_int_equal(mkdir(w->paths[i], 0700), 0);
    }
}

static void open_vault(struct inside *w) {
    struct vault_options options = {.fs = os_fs_real(),
                                    .clock = &w->clock,
                                    .data_dir = w->paths[0],
                                    .keys_dir = w->paths[1],
                                    .ledger_dir = w->paths[2],
                                    .root = &w->root,
                                    .laws = w->rules.laws,
                                    .map = w->rules.map,
                                    .ledger_origin = "ward.example/inside"};
    assert_int_equal(vault_open(&options, &w->vault).code, OK);
}

static void open_guard(struct inside *w) {
    struct guard_options options = {.fs = os_fs_real(),
                                    .clock = &w->clock,
                                    .vault = w->vault,
                                    .laws = w->rules.laws,
                                    .map = w->rules.map,
                                    .notices = &w->rules.notices,
                                    .law_version = w->rules.version,
                                    .outbox_dir = w->paths[3],
                                    .backups_dir = w->paths[4],
                                    .address = "http://localhost",
                                    .spawn = note_spawn,
                                    .spawn_arg = w};
    assert_int_equal(guard_new(&options, &w->guard).code, OK);
}

static void read_notice(struct inside *w, const char *audience, char ret[65]) {
    struct api_value args[ARG_NOTICE_READ__COUNT] = {[ARG_NOTICE_READ_LANGUAGE] = api_text("en"),
                                                     [ARG_NOTICE_READ_AUDIENCE] =
                                                         api_text(audience)};
    struct api_answer answer;
    assert_int_equal(call(w, API_NOTICE_READ, NULL, args, &answer), OK);
    assert_int_equal(answer.fields[ANS_NOTICE_READ_VERSION].bytes.len, 64);
    memcpy(ret, answer.fields[ANS_NOTICE_READ_VERSION].bytes.ptr, 64);
}

void inside_open(struct inside *w) {
    *w = (struct inside){.fake.now_ms = 1800000000000LL, .fd = -1}; /* 2027-01-15 */
    w->clock = os_clock_fake(&w->fake);
    assert_int_equal(seal_init().code, OK);
    make_dirs(w);
    w->root = seal_key_random();
    arena_init(&w->arena, GUARD_ARENA_BYTES);
    buf_init(&w->out, API_MAX_ANSWER + 64);
    buf_init(&w->notices, 1 << 20);
    assert_int_equal(
        rules_load(os_fs_real(), WARD_SOURCE "/law", WARD_SOURCE "/datamap/clips.map", &w->rules)
            .code,
        OK);
    open_vault(w);
    open_guard(w);
    read_notice(w, "adult", w->notice[0]);
    read_notice(w, "child", w->notice[1]);
}

static void drop_file(struct inside *w) {
    if (w->fd >= 0) {
        close(w->fd);
    }
    w->fd = -1;
}

void inside_reopen(struct inside *w) {
    guard_free(&w->guard);
    vault_close(&w->vault);
    open_vault(w);
    open_guard(w);
}

void inside_close(struct inside *w) {
    char command[80];
    drop_file(w);
    guard_free(&w->guard);
    vault_close(&w->vault);
    rules_done(&w->rules);
    buf_done(&w->out);
    buf_done(&w->notices);
    arena_done(&w->arena);
    (void)snprintf(command, sizeof command, "rm -rf %s", w->dir);
    FILE *run = popen(command, "r");
    assert_non_null(run);
    pclose(run);
}

static struct guard_reply take(struct inside *w, const struct api_op *op, struct slice frame) {
    enum guard_role role = op->who == API_WHO_ADMIN ? GUARD_ADMIN : GUARD_FRONT;
    struct guard_request in = {.role = role, .frame = frame, .alone = true};
    struct guard_reply reply = {.out = &w->out, .fd = -1};
    enum guard_outcome outcome = guard_take(w->guard, &in, &reply);
    if (outcome == GUARD_PASSWORD) {
        struct guard_password *job = reply.job;
        guard_password_work(job);
        in.worked = job;
        reply = (struct guard_reply){.out = &w->out, .fd = -1};
        outcome = guard_take(w->guard, &in, &reply);
        guard_password_free(&job);
    }
    assert_int_equal(outcome, GUARD_ANSWERED);
    return reply;
}

uint16_t call(struct inside *w, uint16_t number, const uint8_t *session,
              const struct api_value *args, struct api_answer *ret_answer) {
    const struct api_op *op = api_op_find(number);
    struct buf frame CLEANUP(buf_done) = {0};
    struct api_answer answer;
    buf_init(&frame, API_MAX_REQUEST + 64);
    buf_clear(&w->out);
    arena_done(&w->arena);
    arena_init(&w->arena, GUARD_ARENA_BYTES);
    assert_int_equal(api_request_write(op, 7, 0, session, args, &frame).code, OK);
    struct guard_reply reply = take(w, op, buf_slice(&frame));
    assert_int_equal(api_answer_read(buf_slice(&w->out), op, &w->arena, &answer).code, OK);
    if (answer.code != OK && !api_op_may_fail(op, answer.code)) {
        fail_msg("%s may not answer %s", op->name, error_info(answer.code)->name);
    }
    drop_file(w);
    w->fd = reply.fd;
    if (ret_answer != NULL) {
        *ret_answer = answer;
    }
    return answer.code;
}

uint16_t joins(struct inside *w, const char *name, const char *birth, const char *device,
               token ret_session) {
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
        [ARG_ACCOUNT_JOIN_NOTICE] = api_text(w->notice[strcmp(birth, "2009-01-01") > 0 ? 1 : 0]),
        [ARG_ACCOUNT_JOIN_DEVICE] = api_text(device),
    };
    struct api_answer answer;
    uint16_t code = call(w, API_ACCOUNT_JOIN, NULL, args, &answer);
    if (code == OK) {
        memcpy(ret_session, answer.fields[ANS_ACCOUNT_JOIN_SESSION].bytes.ptr, API_TOKEN_BYTES);
    }
    return code;
}

uint16_t logs_in(struct inside *w, const char *name, const char *password, token ret_session) {
    struct api_value args[ARG_ACCOUNT_LOGIN__COUNT] = {[ARG_ACCOUNT_LOGIN_NAME] = api_text(name),
                                                       [ARG_ACCOUNT_LOGIN_PASSWORD] =
                                                           api_text(password)};
    struct api_answer answer;
    uint16_t code = call(w, API_ACCOUNT_LOGIN, NULL, args, &answer);
    if (code == OK) {
        memcpy(ret_session, answer.fields[ANS_ACCOUNT_LOGIN_SESSION].bytes.ptr, API_TOKEN_BYTES);
    }
    return code;
}

uint16_t chooses(struct inside *w, const uint8_t *session, const char *purpose, const char *state) {
    struct api_value args[ARG_CONSENTS_SET__COUNT] = {
        [ARG_CONSENTS_SET_PURPOSE] = api_text(purpose),
        [ARG_CONSENTS_SET_STATE] = api_text(state),
        [ARG_CONSENTS_SET_NOTICE] = api_text(w->notice[0])};
    return call(w, API_CONSENTS_SET, session, args, NULL);
}

uint64_t id_of(struct inside *w, const uint8_t *session) {
    struct api_answer answer;
    assert_int_equal(call(w, API_ACCOUNT_ME, session, NULL, &answer), OK);
    return answer.fields[ANS_ACCOUNT_ME_ID].n;
}

static uint64_t put_blob(struct inside *w, uint64_t owner) {
    const struct use_numbers *n = &w->guard->uses[API_CLIP_BEGIN];
    struct vault_use use = {.purpose = n->purpose, .operation = LAW_OPERATION_STORE};
    struct vault_meta meta = {.owner = owner, .category = n->category};
    struct vault_answer answer;
    uint64_t id = 0;
    assert_int_equal(vault_blob_begin(w->vault, &use, &meta, SLICE("video/mp4"), &id, &answer).code,
                     OK);
    assert_int_equal(vault_blob_add(w->vault, id, 0, SLICE("moving pictures")).code, OK);
    assert_int_equal(vault_blob_finish(w->vault, id).code, OK);
    return id;
}

uint64_t puts_clip(struct inside *w, uint64_t owner, const char *audience) {
    struct vault_use use = {.purpose = w->guard->uses[API_CLIP_BEGIN].purpose,
                            .operation = LAW_OPERATION_STORE};
    struct vault_meta meta = {.owner = owner, .category = w->guard->uses[API_CLIP_MINE].category};
    struct vault_answer answer;
    struct buf plain CLEANUP(buf_done) = {0};
    uint64_t id = 0;
    struct api_value v[STO_CLIP__COUNT] = {
        [STO_CLIP_CAPTION] = api_text("Sunrise"),
        [STO_CLIP_OWNER_NAME] = api_text("somebody"),
        [STO_CLIP_AUDIENCE] = api_text(audience),
        [STO_CLIP_STATE] = api_text("ready"),
        [STO_CLIP_LARGE] = api_n(put_blob(w, owner)),
        [STO_CLIP_SMALL] = api_n(put_blob(w, owner)),
        [STO_CLIP_POSTER] = api_n(put_blob(w, owner)),
        [STO_CLIP_CREATED_AT] = api_time(w->fake.now_ms),
    };
    buf_init(&plain, VAULT_PAYLOAD_MAX);
    assert_int_equal(stored_write(API_STORED_CLIP, v, &plain).code, OK);
    assert_int_equal(vault_put(w->vault, &use, &meta, buf_slice(&plain), &id, &answer).code, OK);
    round_of(w);
    return id;
}

uint16_t plays(struct inside *w, const uint8_t *viewer, uint64_t clip, uint64_t *ret_lease) {
    struct api_value args[ARG_CLIP_OPEN__COUNT] = {api_n(clip), api_text("large")};
    struct api_answer answer;
    uint16_t code = call(w, API_CLIP_OPEN, viewer, args, &answer);
    *ret_lease = code == OK ? answer.fields[ANS_CLIP_OPEN_LEASE].n : 0;
    return code;
}

void round_of(struct inside *w) {
    int wait_ms;
    buf_clear(&w->notices);
    assert_int_equal(guard_tick(w->guard, &w->notices, &wait_ms).code, OK);
}

void later(struct inside *w, int64_t ms) {
    round_of(w);
    w->fake.now_ms += ms;
}

bool ended(const struct inside *w, uint64_t lease) {
    struct slice rest = buf_slice(&w->notices);
    size_t size = 0;
    bool found = false;
    while (rest.len > 0) {
        struct arena a CLEANUP(arena_done);
        struct api_answer notice;
        arena_init(&a, 4096);
        assert_int_equal(api_frame_size(rest, API_MAX_ANSWER, &size).code, OK);
        assert_int_not_equal(size, 0);
        assert_int_equal(api_answer_read(slice_sub(rest, 0, size), NULL, &a, &notice).code, OK);
        found |= notice.code == API_NOTICE_LEASE_ENDS && notice.lease == lease;
        rest = slice_from(rest, size);
    }
    return found;
}

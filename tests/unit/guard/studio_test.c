/* A studio that is killed in the middle of its work: the clip ends as failed with a reason that its
 * owner can read, and nothing of it stays: no record, no blob, no descriptor. */
#include "inside.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "media/studio.h"

static const char device[] = "device-a-0123456789";

static size_t entries(const char *path) {
    DIR *dir = opendir(path);
    size_t count = 0;
    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        count++;
    }
    closedir(dir);
    return count;
}

static size_t blobs(const struct inside *w) {
    char path[100];
    (void)snprintf(path, sizeof path, "%s/blobs", w->paths[0]);
    return entries(path);
}

static uint64_t uploads(struct inside *w, const uint8_t *who) {
    static const char bytes[] = "bytes that a studio would look at";
    struct api_value begin[ARG_CLIP_BEGIN__COUNT] = {
        [ARG_CLIP_BEGIN_CAPTION] = api_text("Sunrise"),
        [ARG_CLIP_BEGIN_AUDIENCE] = api_text("me"),
        [ARG_CLIP_BEGIN_SIZE_BYTES] = api_n(sizeof bytes)};
    struct api_answer answer;
    assert_int_equal(call(w, API_CLIP_BEGIN, who, begin, &answer), OK);
    uint64_t clip = answer.fields[ANS_CLIP_BEGIN_CLIP].n;
    round_of(w);
    struct api_value chunk[ARG_CLIP_CHUNK__COUNT] = {
        [ARG_CLIP_CHUNK_CLIP] = api_n(clip),
        [ARG_CLIP_CHUNK_BYTES] = api_bytes(slice_of(bytes, sizeof bytes))};
    assert_int_equal(call(w, API_CLIP_CHUNK, who, chunk, NULL), OK);
    struct api_value finish[ARG_CLIP_FINISH__COUNT] = {api_n(clip)};
    assert_int_equal(call(w, API_CLIP_FINISH, who, finish, NULL), OK);
    for (int i = 0; i < 10 && w->spawned == 0; i++) {
        round_of(w);
    }
    assert_int_equal(w->spawned, 1);
    assert_int_equal(w->spawn_role, STUDIO_TRANSCODE);
    return clip;
}

static uint16_t status_of(struct inside *w, const uint8_t *who, uint64_t clip,
                          struct api_answer *ret_answer) {
    struct api_value args[ARG_CLIP_STATUS__COUNT] = {api_n(clip)};
    return call(w, API_CLIP_STATUS, who, args, ret_answer);
}

static const struct api_value *item(const struct api_answer *answer) {
    return answer->fields[ANS_CLIP_STATUS_CLIP].fields;
}

static bool state_is(struct inside *w, const uint8_t *who, uint64_t clip, const char *want) {
    struct api_answer answer;
    return status_of(w, who, clip, &answer) == OK &&
           slice_eq(item(&answer)[TYP_ITEM_STATE].bytes, slice_str(want));
}

static void has_failed(struct inside *w, const uint8_t *who, uint64_t clip, const char *why) {
    struct api_answer answer;
    assert_int_equal(status_of(w, who, clip, &answer), OK);
    assert_true(slice_eq(item(&answer)[TYP_ITEM_STATE].bytes, SLICE("failed")));
    assert_true(slice_eq(item(&answer)[TYP_ITEM_PROBLEM].bytes, slice_str(why)));
}

/* --- what stays --- */

struct before {
    uint64_t records;
    size_t blobs;
    size_t descriptors;
};

static struct before look(struct inside *w) {
    return (struct before){vault_stats(w->vault).records, blobs(w), entries("/proc/self/fd")};
}

static void nothing_stays(struct inside *w, const struct before *before) {
    struct before now = look(w);
    assert_int_equal(now.records, before->records);
    assert_int_equal(now.blobs, before->blobs);
    assert_int_equal(now.descriptors, before->descriptors);
}

/* The reason can be read for an hour, by its owner. */
static void the_reason_goes(struct inside *w, const uint8_t *who, uint64_t clip) {
    assert_int_equal(status_of(w, NULL, clip, NULL), E_NOT_FOUND);
    later(w, GUARD_FAILED_KEPT_MS);
    round_of(w);
    assert_int_equal(status_of(w, who, clip, NULL), E_NOT_FOUND);
}

static void a_studio_killed_at_work(void **state) {
    struct inside *w = *state;
    const struct studio_exe exe = {.path = WARD_STUDIO};
    struct studio_child child;
    token anna;
    assert_int_equal(joins(w, "anna", "1990-02-01", device, anna), OK);
    round_of(w);
    struct before before = look(w);
    uint64_t clip = uploads(w, anna);
    assert_int_equal(studio_spawn(&exe, STUDIO_TRANSCODE, &child).code, OK);
    assert_int_equal(kill(child.pid, SIGSTOP), 0); /* it has the job and gets no further */
    guard_studio_came(w->guard, child.fd);
    w->spawned = 0;
    child.fd = -1;
    round_of(w);
    assert_true(state_is(w, anna, clip, "processing"));
    assert_int_equal(kill(child.pid, SIGKILL), 0);
    assert_false(studio_child_end(&child));
    round_of(w);
    has_failed(w, anna, clip, "E_STUDIO_DIED");
    nothing_stays(w, &before);
    the_reason_goes(w, anna, clip);
}

static void a_studio_that_does_not_start(void **state) {
    struct inside *w = *state;
    token anna;
    assert_int_equal(logs_in(w, "anna", "three red apples", anna), OK);
    round_of(w);
    struct before before = look(w);
    uint64_t clip = uploads(w, anna);
    guard_studio_came(w->guard, -1);
    w->spawned = 0;
    round_of(w);
    has_failed(w, anna, clip, "E_STUDIO_START");
    nothing_stays(w, &before);
    the_reason_goes(w, anna, clip);
}

static int open_world(void **state) {
    static struct inside world;
    inside_open(&world);
    *state = &world;
    return 0;
}

static int close_world(void **state) {
    inside_close(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_studio_killed_at_work),
        cmocka_unit_test(a_studio_that_does_not_start),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}

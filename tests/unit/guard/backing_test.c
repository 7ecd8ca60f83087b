/* A backup beside what the guard serves, with a clock that the test moves: who asks about it is
 * told how far it is and how it ended, and others are served between its steps. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct seen {
    char state[16];
    char path[160];
    uint64_t done, total, records;
    int64_t ended_ms;
    uint16_t error;
};

static uint16_t begin(struct inside *w, const char *name) {
    struct api_value args[ARG_ADMIN_BACKUP__COUNT] = {api_text(name)};
    return call(w, API_ADMIN_BACKUP, NULL, args, NULL);
}

static struct seen look(struct inside *w) {
    struct api_answer answer;
    struct seen s = {0};
    assert_int_equal(call(w, API_ADMIN_STATUS, NULL, NULL, &answer), OK);
    const struct api_value *f = answer.fields[ANS_ADMIN_STATUS_BACKUP].fields;
    (void)snprintf(s.state, sizeof s.state, "%.*s", SLICE_ARG(f[TYP_BACKUP_STATE].bytes));
    (void)snprintf(s.path, sizeof s.path, "%.*s", SLICE_ARG(f[TYP_BACKUP_PATH].bytes));
    s.done = f[TYP_BACKUP_DONE_BYTES].n;
    s.total = f[TYP_BACKUP_TOTAL_BYTES].n;
    s.records = f[TYP_BACKUP_RECORDS].n;
    s.ended_ms = f[TYP_BACKUP_ENDED_AT].i;
    s.error = (uint16_t)f[TYP_BACKUP_ERROR].n;
    return s;
}

static bool is_there(const struct inside *w, const char *name) {
    char path[160];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/%s", w->paths[4], name);
    return stat(path, &st) == 0;
}

static void it_goes_on_between_requests(void **state) {
    struct inside *w = *state;
    token anna;
    assert_string_equal(look(w).state, "");
    assert_int_equal(joins(w, "anna", "1990-02-01", "device-0123456789", anna), OK);
    assert_int_equal(begin(w, "first"), OK);
    assert_int_equal(begin(w, "second"), E_BACKUP_RUNS);
    assert_false(is_there(w, "second"));
    unsigned rounds = 0;
    struct seen s = look(w);
    for (uint64_t before = 0; strcmp(s.state, "running") == 0; s = look(w), rounds++) {
        assert_true(rounds < 1000 && s.done >= before && s.done <= s.total);
        assert_false(is_there(w, "first/manifest"));
        before = s.done;
        assert_int_equal(chooses(w, anna, "keep-history", rounds % 2 == 0 ? "given" : "withdrawn"),
                         OK);
        later(w, 5);
    }
    assert_true(rounds > 8);
    assert_string_equal(s.state, "verified");
    assert_true(s.records > 0 && s.total > 0 && s.done <= s.total && s.ended_ms > 0);
    assert_non_null(strstr(s.path, "/first"));
    assert_true(is_there(w, "first/manifest"));
    assert_int_equal(begin(w, "first"), E_BACKUP_EXISTS);
    assert_string_equal(look(w).state, "verified");
}

/* After a step the requests have as long for themselves. */
static void it_leaves_time(void **state) {
    struct inside *w = *state;
    int wait_ms = 0;
    assert_int_equal(begin(w, "slow"), OK);
    buf_clear(&w->notices);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(guard_tick(w->guard, &w->notices, &wait_ms).code, OK);
    }
    assert_string_equal(look(w).state, "running"); /* no time passed: one step at most */
    assert_int_equal(wait_ms, 1);
    for (int i = 0; i < 1000 && strcmp(look(w).state, "running") == 0; i++) {
        later(w, 5);
    }
    assert_string_equal(look(w).state, "verified");
}

/* The directory is taken away beneath it. */
static void one_that_fails_ends_alone(void **state) {
    struct inside *w = *state;
    char command[160];
    token anna;
    assert_int_equal(logs_in(w, "anna", "three red apples", anna), OK);
    assert_int_equal(begin(w, "third"), OK);
    later(w, 5);
    (void)snprintf(command, sizeof command, "rm -r '%s/third'", w->paths[4]);
    assert_int_equal(system(command), 0);
    for (int i = 0; i < 1000 && strcmp(look(w).state, "running") == 0; i++) {
        later(w, 5);
    }
    struct seen s = look(w);
    assert_string_equal(s.state, "failed");
    assert_int_not_equal(s.error, OK);
    assert_false(is_there(w, "third"));
    assert_int_equal(chooses(w, anna, "keep-history", "given"), OK);
    assert_int_equal(begin(w, "fourth"), OK);
    for (int i = 0; i < 1000 && strcmp(look(w).state, "running") == 0; i++) {
        later(w, 5);
    }
    assert_string_equal(look(w).state, "verified");
}

static int open_inside(void **state) {
    static struct inside w;
    inside_open(&w);
    *state = &w;
    return 0;
}

static int close_inside(void **state) {
    inside_close(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_goes_on_between_requests),
        cmocka_unit_test(it_leaves_time),
        cmocka_unit_test(one_that_fails_ends_alone),
    };
    return cmocka_run_group_tests(tests, open_inside, close_inside);
}

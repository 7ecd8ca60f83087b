/* The lying front: holds the front socket and says what it likes. It must get nothing that the
 * sessions passing through it would not give. */
#include "guard_world.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "seal/seal.h"

static const char device[] = "device-0123456789abc";

static uint64_t id_of(struct guard_world *w, const struct person *p) {
    struct ward_answer answer;
    assert_int_equal(ask(w, API_ACCOUNT_ME, p->token, NULL, &answer), OK);
    uint64_t id = answer.fields[ANS_ACCOUNT_ME_ID].n;
    ward_answer_done(&answer);
    return id;
}

/* The number of a person stands in the open in their token; the rest cannot be guessed. */
static void another_actor_cannot_be_claimed(void **state) {
    struct guard_world *w = *state;
    struct person anna = {0};
    struct person bea = {0};
    assert_int_equal(join(w, "anna", "1990-02-01", device, &anna), OK);
    assert_int_equal(join(w, "bea", "1991-02-01", device, &bea), OK);
    uint8_t forged[API_TOKEN_BYTES];
    for (size_t bit = 0; bit < API_TOKEN_BYTES * 8; bit += 5) {
        memcpy(forged, anna.token, sizeof forged);
        forged[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(ask(w, API_ACCOUNT_ME, forged, NULL, NULL), E_SESSION);
    }
    memcpy(forged, bea.token, sizeof forged);
    bytes_put_be64(forged, id_of(w, &anna));
    assert_int_equal(ask(w, API_ACCOUNT_ME, forged, NULL, NULL), E_SESSION);
    for (int i = 0; i < 200; i++) {
        seal_random(forged, sizeof forged);
        assert_int_equal(ask(w, API_ACCOUNT_ME, forged, NULL, NULL), E_SESSION);
    }
}

static void ended_sessions_cannot_be_replayed(void **state) {
    struct guard_world *w = *state;
    struct person anna = {0};
    assert_int_equal(login(w, "anna", "three red apples", &anna), OK);
    assert_int_equal(ask(w, API_ACCOUNT_LOGOUT, anna.token, NULL, NULL), OK);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(ask(w, API_ACCOUNT_ME, anna.token, NULL, NULL), E_SESSION);
        assert_int_equal(ask(w, API_DATA_EXPORT, anna.token, NULL, NULL), E_SESSION);
    }
}

static void other_peoples_clips_are_not_there(void **state) {
    struct guard_world *w = *state;
    struct person anna = {0};
    struct person bea = {0};
    assert_int_equal(login(w, "anna", "three red apples", &anna), OK);
    assert_int_equal(login(w, "bea", "three red apples", &bea), OK);
    uint64_t clip = begin_clip(w, &anna, "me", 8);
    assert_true(clip != 0);
    struct api_value id[1] = {api_n(clip)};
    struct api_value bytes[ARG_CLIP_CHUNK__COUNT] = {api_n(clip), api_n(0), api_text("12345678")};
    struct api_value show[ARG_CLIP_AUDIENCE__COUNT] = {api_n(clip), api_text("everyone")};
    struct api_value open[ARG_CLIP_OPEN__COUNT] = {api_n(clip), api_text("large")};
    struct api_value like[ARG_LIKE_SET__COUNT] = {api_n(clip), api_yes(true)};
    struct api_value seen[ARG_HISTORY_ADD__COUNT] = {api_n(clip), api_n(5)};
    const uint8_t *callers[] = {bea.token, NULL};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ask(w, API_CLIP_STATUS, callers[i], id, NULL), E_NOT_FOUND);
        assert_int_equal(ask(w, API_CLIP_OPEN, callers[i], open, NULL), E_NOT_FOUND);
    }
    assert_int_equal(ask(w, API_CLIP_CHUNK, bea.token, bytes, NULL), E_NOT_FOUND);
    assert_int_equal(ask(w, API_CLIP_FINISH, bea.token, id, NULL), E_NOT_FOUND);
    assert_int_equal(ask(w, API_CLIP_AUDIENCE, bea.token, show, NULL), E_NOT_FOUND);
    assert_int_equal(ask(w, API_CLIP_DELETE, bea.token, id, NULL), E_NOT_FOUND);
    assert_int_equal(ask(w, API_LIKE_SET, bea.token, like, NULL), E_NOT_FOUND);
    assert_int_equal(ask(w, API_HISTORY_ADD, bea.token, seen, NULL), E_NOT_FOUND);
    assert_int_equal(ask(w, API_CLIP_STATUS, anna.token, id, NULL), OK);
    assert_int_equal(ask(w, API_CLIP_CHUNK, anna.token, bytes, NULL), OK);
    bytes[ARG_CLIP_CHUNK_OFFSET] = api_n(3);
    assert_int_equal(ask(w, API_CLIP_CHUNK, anna.token, bytes, NULL), E_OFFSET);
    bytes[ARG_CLIP_CHUNK_OFFSET] = api_n(8);
    assert_int_equal(ask(w, API_CLIP_CHUNK, anna.token, bytes, NULL), E_CLIP_TOO_LARGE);
    assert_int_equal(ask(w, API_CLIP_DELETE, anna.token, id, NULL), OK);
    assert_int_equal(ask(w, API_CLIP_STATUS, anna.token, id, NULL), E_NOT_FOUND);
}

static void the_owners_operations_are_not_on_this_socket(void **state) {
    struct guard_world *w = *state;
    struct person anna = {0};
    struct arena a CLEANUP(arena_done);
    size_t count;
    const struct api_op *ops = api_ops(&count);
    arena_init(&a, 1 << 20);
    assert_int_equal(login(w, "anna", "three red apples", &anna), OK);
    for (size_t i = 0; i < count; i++) {
        struct api_value *args = api_record(&a, ops[i].args);
        if (ops[i].who == API_WHO_ADMIN) {
            assert_int_equal(ask(w, ops[i].number, anna.token, args, NULL), E_ROLE);
            assert_int_equal(ask(w, ops[i].number, NULL, args, NULL), E_ROLE);
        }
        if (ops[i].who == API_WHO_OPERATOR) {
            assert_int_equal(ask(w, ops[i].number, anna.token, args, NULL), E_OPERATOR);
            assert_int_equal(ask(w, ops[i].number, NULL, args, NULL), E_SESSION);
        }
    }
}

static void notices_ages_and_guardians_are_not_taken_on_trust(void **state) {
    struct guard_world *w = *state;
    struct person anna = {0};
    struct person tim = {0};
    assert_int_equal(login(w, "anna", "three red apples", &anna), OK);
    char was[65];
    memcpy(was, w->notice[0], sizeof was);
    memset(w->notice[0], 'a', 64);
    assert_int_equal(choose(w, &anna, "keep-history", "given"), E_NOTICE_UNKNOWN);
    assert_int_equal(join(w, "carl", "1990-02-01", device, &tim), E_NOTICE_UNKNOWN);
    memcpy(w->notice[0], was, sizeof was);
    assert_int_equal(join(w, "carl", "2090-02-01", device, &tim), E_BIRTH_DATE);
    assert_int_equal(join(w, "tim", "2014-02-01", device, &tim), OK);
    struct api_value decide[ARG_FAMILY_DECIDE__COUNT] = {
        api_n(id_of(w, &tim)), api_text("keep-history"), api_text("given")};
    assert_int_equal(ask(w, API_FAMILY_DECIDE, anna.token, decide, NULL), E_NOT_FOUND);
    assert_int_equal(ask(w, API_FAMILY_DECIDE, tim.token, decide, NULL), E_WAITING);
    struct api_value accept[ARG_GUARDIAN_ACCEPT__COUNT] = {
        [ARG_GUARDIAN_ACCEPT_TOKEN] = api_text("AAAAAAAAAAMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        [ARG_GUARDIAN_ACCEPT_SIGNED_NAME] = api_text("Anna de Vries"),
        [ARG_GUARDIAN_ACCEPT_DECLARES] = api_yes(true)};
    assert_int_equal(ask(w, API_GUARDIAN_ACCEPT, anna.token, accept, NULL), E_LINK);
    assert_int_equal(join(w, "tom", "1990-02-01", device, &tim), E_AGE_LOCKED);
}

/* --- bytes that are no frames --- */

static int dial(const struct guard_world *w) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, w->front_path, strlen(w->front_path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void throw_at(struct guard_world *w, struct slice bytes) {
    uint8_t reply[4096];
    int fd = dial(w);
    (void)!send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    struct pollfd wait = {fd, POLLIN, 0};
    while (poll(&wait, 1, 10000) == 1 && recv(fd, reply, sizeof reply, 0) > 0) {
    }
    close(fd);
}

static void nonsense_is_refused_and_the_guard_goes_on(void **state) {
    struct guard_world *w = *state;
    struct buf good CLEANUP(buf_done) = {0};
    struct api_value args[ARG_FEED_PAGE__COUNT] = {[ARG_FEED_PAGE_LIMIT] = api_n(5)};
    buf_init(&good, 4096);
    assert_int_equal(api_request_write(api_op_find(API_FEED_PAGE), 9, 0, NULL, args, &good).code, OK);
    for (size_t at = 0; at < good.len; at++) {
        uint8_t was = good.ptr[at];
        good.ptr[at] = (uint8_t)(was ^ 0x81);
        throw_at(w, buf_slice(&good));
        good.ptr[at] = was;
        throw_at(w, slice_sub(buf_slice(&good), 0, at));
    }
    uint8_t noise[300];
    for (int i = 0; i < 50; i++) {
        seal_random(noise, sizeof noise);
        throw_at(w, slice_of(noise, sizeof noise));
    }
    assert_int_equal(ask(w, API_FEED_PAGE, NULL, args, NULL), OK);
}

static int open_world(void **state) {
    static struct guard_world world;
    world_open(&world);
    *state = &world;
    return 0;
}

static int close_world(void **state) {
    world_close(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_actor_cannot_be_claimed),
        cmocka_unit_test(ended_sessions_cannot_be_replayed),
        cmocka_unit_test(other_peoples_clips_are_not_there),
        cmocka_unit_test(the_owners_operations_are_not_on_this_socket),
        cmocka_unit_test(notices_ages_and_guardians_are_not_taken_on_trust),
        cmocka_unit_test(nonsense_is_refused_and_the_guard_goes_on),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}

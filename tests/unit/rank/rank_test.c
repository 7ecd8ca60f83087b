/* rank: the order follows from age and likes alone, what is revoked is gone, memory has an end, and
 * a message that breaks the rules changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/clock.h"
#include "rank/rank.h"

enum { NOW = 500000, VARIETY = 300 };

static uint64_t order[RANK_ORDER_MOST];
static uint64_t seq;

static struct rank_fact fact(enum rank_fact_kind kind, uint64_t clip, uint32_t hour,
                             uint32_t likes) {
    return (struct rank_fact){.version = RANK_VERSION,
                              .kind = (uint8_t)kind,
                              .seq = ++seq,
                              .clip = clip,
                              .hour = hour,
                              .likes = likes};
}

static struct slice packet_of(const struct rank_fact *facts, size_t count) {
    return slice_of((const uint8_t *)facts, count * sizeof *facts);
}

static void take(struct rank *r, struct rank_fact f) {
    uint64_t acked = 0;
    assert_int_equal(rank_take(r, packet_of(&f, 1), &acked).code, OK);
    assert_int_equal(acked, f.seq);
}

static size_t place_of(struct rank *r, uint64_t clip, uint32_t now) {
    size_t count;
    rank_order(r, now, order, &count);
    for (size_t i = 0; i < count; i++) {
        if (order[i] == clip) {
            return i;
        }
    }
    return SIZE_MAX;
}

static struct rank *new_rank(void) {
    struct rank *r = NULL;
    seq = 0;
    assert_int_equal(rank_new(&r).code, OK);
    return r;
}

/* --- the score --- */

static void test_fresh_first(void **state) {
    (void)state;
    for (uint64_t clip = 1; clip < 200; clip++) {
        uint32_t now = rank_score(clip, NOW, 0, NOW);
        assert_true(now > rank_score(clip + 1000, NOW - 24, 0, NOW));
        assert_true(now >= 2000 && now < 2000 + VARIETY);
        assert_true(rank_score(clip, NOW - 48, 0, NOW) < 1000 + VARIETY);
    }
    /* A clock that was set back, and one that stands at its end. */
    assert_int_equal(rank_score(7, NOW + 9, 0, NOW), rank_score(7, NOW, 0, NOW));
    assert_true(rank_score(7, 0, 0, UINT32_MAX) < VARIETY);
}

static void test_likes_saturate(void **state) {
    (void)state;
    uint32_t last = rank_score(7, NOW, 0, NOW);
    uint32_t step = UINT32_MAX;
    for (uint32_t likes = 20; likes <= 200; likes += 20) {
        uint32_t score = rank_score(7, NOW, likes, NOW);
        assert_true(score > last && score - last <= step);
        step = score - last;
        last = score;
    }
    assert_true(rank_score(7, NOW, UINT32_MAX, NOW) - rank_score(7, NOW, 0, NOW) < 1000);
    /* No number of likes keeps a clip of last month above one of today. */
    assert_true(rank_score(7, NOW - 24 * 30, UINT32_MAX, NOW) < rank_score(8, NOW, 0, NOW));
}

static void test_variety_is_the_same_everywhere(void **state) {
    (void)state;
    bool differs = false;
    for (uint64_t clip = 1; clip < 50; clip++) {
        uint32_t today = rank_score(clip, 0, 0, NOW / 24 * 24);
        assert_int_equal(today, rank_score(clip, 0, 0, NOW / 24 * 24));
        differs |= today != rank_score(clip, 0, 0, NOW / 24 * 24 + 24);
    }
    assert_true(differs);
}

/* --- the order --- */

static void test_order(void **state) {
    (void)state;
    struct rank *r = new_rank();
    take(r, fact(RANK_PUT, 1, NOW - 240, 0));
    take(r, fact(RANK_PUT, 2, NOW, 0));
    take(r, fact(RANK_PUT, 3, NOW - 240, 500));
    assert_int_equal(place_of(r, 2, NOW), 0);
    assert_int_equal(place_of(r, 3, NOW), 1);
    assert_int_equal(place_of(r, 1, NOW), 2);
    take(r, fact(RANK_PUT, 2, NOW - 480, 0));
    take(r, fact(RANK_PUT, 1, NOW, 50));
    assert_int_equal(rank_count(r), 3);
    assert_int_equal(place_of(r, 1, NOW), 0);
    assert_int_equal(place_of(r, 2, NOW), 2);
    rank_free(&r);
    assert_null(r);
}

static void test_revocation(void **state) {
    (void)state;
    struct rank *r = new_rank();
    for (uint64_t clip = 1; clip <= 100; clip++) {
        take(r, fact(RANK_PUT, clip, NOW, 0));
    }
    for (uint64_t clip = 1; clip <= 100; clip += 3) {
        take(r, fact(RANK_DROP, clip, 0, 0));
        take(r, fact(RANK_DROP, clip, 0, 0)); /* told twice */
    }
    assert_int_equal(rank_count(r), 66);
    for (uint64_t clip = 1; clip <= 100; clip++) {
        assert_int_equal(place_of(r, clip, NOW) == SIZE_MAX, clip % 3 == 1);
    }
    rank_free(&r);
}

static void fill(struct rank *r, size_t count) {
    struct rank_fact facts[RANK_FACTS_MOST];
    uint64_t acked;
    for (size_t done = 0; done < count;) {
        size_t n = 0;
        for (; n < RANK_FACTS_MOST && done < count; n++, done++) {
            facts[n] = fact(RANK_PUT, 1 + done * 7, NOW + (uint32_t)done, 0);
        }
        assert_int_equal(rank_take(r, packet_of(facts, n), &acked).code, OK);
    }
}

static void test_memory_ends(void **state) {
    (void)state;
    struct rank *r = new_rank();
    size_t count;
    fill(r, RANK_ORDER_MOST + 1);
    rank_order(r, NOW, order, &count);
    assert_int_equal(count, RANK_ORDER_MOST);
    rank_free(&r);
    r = new_rank();
    fill(r, RANK_CLIPS_MOST - 1);
    take(r, fact(RANK_PUT, 2, NOW, 0));
    assert_int_equal(rank_count(r), RANK_CLIPS_MOST);
    take(r, fact(RANK_PUT, 3, NOW - 1, 0)); /* older than all: no room */
    assert_int_equal(rank_count(r), RANK_CLIPS_MOST);
    take(r, fact(RANK_PUT, UINT64_MAX, NOW + RANK_CLIPS_MOST, 1000000));
    assert_int_equal(rank_count(r), RANK_CLIPS_MOST);
    rank_order(r, NOW, order, &count);
    assert_int_equal(count, RANK_ORDER_MOST);
    assert_int_not_equal(place_of(r, UINT64_MAX, NOW), SIZE_MAX);
    rank_free(&r);
}

static void test_no_memory(void **state) {
    (void)state;
    struct rank *r = NULL;
    mem_fail_at(1, false);
    assert_int_equal(rank_new(&r).code, E_MEMORY);
    assert_null(r);
    mem_fail_at(0, false);
}

/* --- messages --- */

static void refused(struct rank *r, struct slice packet) {
    uint64_t acked = 77;
    assert_int_equal(rank_take(r, packet, &acked).code, E_FRAME);
    assert_int_equal(acked, 77);
    assert_int_equal(rank_count(r), 1);
}

static void test_malformed(void **state) {
    (void)state;
    static struct rank_fact many[RANK_FACTS_MOST + 1];
    struct rank *r = new_rank();
    take(r, fact(RANK_PUT, 1, NOW, 0));
    const struct rank_fact good = {.version = RANK_VERSION, .kind = RANK_PUT, .seq = 2, .clip = 9};
    struct rank_fact bad[8];
    for (size_t i = 0; i < 8; i++) {
        bad[i] = good;
    }
    bad[0].version = 2;
    bad[1].kind = 3;
    bad[2].zero = 1;
    bad[3].seq = 1;
    bad[4].seq = 3;
    bad[5].clip = 0;
    bad[6].zero_too = 1;
    bad[7].kind = RANK_DROP;
    bad[7].likes = 1;
    for (size_t i = 0; i < 8; i++) {
        struct rank_fact pair[2] = {good, bad[i]};
        refused(r, packet_of(&bad[i], 1));
        pair[1].seq += 1;
        refused(r, packet_of(pair, 2)); /* the good one is not applied either */
    }
    for (size_t len = 0; len < sizeof good; len++) {
        refused(r, slice_of((const uint8_t *)&good, len));
    }
    seq = 1;
    for (size_t i = 0; i < RANK_FACTS_MOST + 1; i++) {
        many[i] = fact(RANK_PUT, 10 + i, NOW, 0);
    }
    refused(r, packet_of(many, RANK_FACTS_MOST + 1));
    uint64_t acked;
    assert_int_equal(rank_take(r, packet_of(many, RANK_FACTS_MOST), &acked).code, OK);
    assert_int_equal(rank_count(r), 1 + RANK_FACTS_MOST);
    rank_free(&r);
}

/* --- the loop --- */

struct loop {
    pthread_t thread;
    int fd; /* ours */
    int theirs;
    struct status result;
};

static void *run_loop(void *arg) {
    struct loop *l = arg;
    struct os_clock clock = os_clock_real();
    struct rank *r = NULL;
    l->result = rank_new(&r);
    if (!failed(l->result)) {
        l->result = rank_serve(r, l->theirs, &clock);
    }
    rank_free(&r);
    close(l->theirs);
    return NULL;
}

static void begin_loop(struct loop *l) {
    int ends[2];
    struct timeval limit = {.tv_sec = 20};
    seq = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    *l = (struct loop){.fd = ends[0], .theirs = ends[1]};
    assert_int_equal(setsockopt(l->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(pthread_create(&l->thread, NULL, run_loop, l), 0);
}

static void tell(struct loop *l, struct rank_fact f) {
    assert_int_equal(send(l->fd, &f, sizeof f, MSG_NOSIGNAL), sizeof f);
}

static void hear(struct loop *l, enum rank_answer_kind kind, struct rank_answer *ret) {
    memset(ret, 0, sizeof *ret);
    do {
        ssize_t n = recv(l->fd, ret, sizeof *ret, 0);
        assert_true(n >= (ssize_t)RANK_HEAD_BYTES);
        assert_int_equal(n, RANK_HEAD_BYTES + ret->count * sizeof *ret->clips);
        assert_int_equal(ret->version, RANK_VERSION);
    } while (ret->kind != kind);
}

static struct status end_loop(struct loop *l) {
    close(l->fd);
    pthread_join(l->thread, NULL);
    return l->result;
}

static void test_loop(void **state) {
    (void)state;
    struct loop l;
    struct rank_answer a;
    begin_loop(&l);
    tell(&l, fact(RANK_PUT, 5, NOW, 1));
    hear(&l, RANK_ACK, &a);
    assert_int_equal(a.seq, 1);
    assert_int_equal(a.count, 0);
    hear(&l, RANK_ORDERED, &a);
    assert_int_equal(a.count, 1);
    assert_int_equal(a.clips[0], 5);
    tell(&l, fact(RANK_DROP, 5, 0, 0));
    hear(&l, RANK_ACK, &a);
    assert_int_equal(a.seq, 2);
    hear(&l, RANK_ORDERED, &a);
    assert_int_equal(a.seq, 2);
    assert_int_equal(a.count, 0);
    assert_int_equal(end_loop(&l).code, OK);
}

static void test_loop_ends_on_nonsense(void **state) {
    (void)state;
    static uint8_t large[(RANK_FACTS_MOST + 2) * sizeof(struct rank_fact)];
    struct loop l;
    struct rank_answer a;
    begin_loop(&l);
    assert_int_equal(send(l.fd, "x", 1, MSG_NOSIGNAL), 1);
    assert_int_equal(recv(l.fd, &a, sizeof a, 0), 0);
    assert_int_equal(end_loop(&l).code, E_FRAME);
    begin_loop(&l);
    assert_int_equal(send(l.fd, large, sizeof large, MSG_NOSIGNAL), sizeof large);
    assert_int_equal(recv(l.fd, &a, sizeof a, 0), 0);
    assert_int_equal(end_loop(&l).code, E_FRAME);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fresh_first),
        cmocka_unit_test(test_likes_saturate),
        cmocka_unit_test(test_variety_is_the_same_everywhere),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_revocation),
        cmocka_unit_test(test_memory_ends),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_loop),
        cmocka_unit_test(test_loop_ends_on_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

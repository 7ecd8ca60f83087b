/* What auditing costs, in one run: requests through the socket of a real guard in its sandbox, each
 * with a session looked up, a decision of the law for this viewer, an entry of the access journal
 * and an answer after the commit; leaves through the same socket until they are published; receipts
 * and their verification as the log grows; erasing one person, a thousand and a million. Where
 * there is a target, it is printed with the share of it that was reached.
 *
 * Usage: bench_guard SOURCE [PEOPLE [REQUESTS]] (1000000, 100000) */
#include "parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tests/unit/guard/guard_world.h"
#include "asking.h"
#include "base/bytes.h"
#include "roles/roles.h"

enum {
    TARGET_US = 100,
    TARGET_RATE = 80000,
    LOG_LEAVES = 1000000,
    PUBLISHED_S = 30, /* what was answered is published long before */
};

/* Audited requests ------------------------------------------------------------------------ */

static void print_requests(const struct asking *a) {
    double rate = (double)a->done / a->seconds;
    double median_us = a->took_s[a->done / 2] * 1e6;
    printf("  %2zu clients, %2zu under way each: %7.0f a second, median %5.0f us, p99 %5.0f us",
           a->clients, a->depth, rate, median_us, a->took_s[a->done * 99 / 100] * 1e6);
    if (a->clients == 1) {
        printf("  (target: a median of %d us; %.2f of it)\n", TARGET_US, median_us / TARGET_US);
    } else {
        printf("  (target: %d a second; %.2f of it)\n", TARGET_RATE, rate / TARGET_RATE);
    }
}

static void request(const struct guard_world *w, struct slice frame, size_t clients, size_t depth,
                    size_t wanted) {
    struct asking a = {.path = w->front_path, .clients = clients, .depth = depth, .wanted = wanted};
    for (size_t i = 0; i < clients; i++) {
        a.frames[i][0] = a.frames[i][1] = frame;
    }
    a.took_s = need(wanted, sizeof *a.took_s);
    asking_run(&a);
    print_requests(&a);
    free(a.took_s);
}

static void measure_requests(struct guard_world *w, size_t wanted) {
    struct person anna = {0};
    struct buf frame CLEANUP(buf_done);
    buf_init(&frame, 4096);
    if (join(w, "anna", "1990-02-01", "device-0123456789", &anna) != OK) {
        die("nobody could join");
    }
    struct api_value args[ARG_CLIP_STATUS__COUNT] = {api_n(begin_clip(w, &anna, "me", 1000))};
    if (failed(api_request_write(api_op_find(API_CLIP_STATUS), 1, 0, anna.token, args, &frame))) {
        die("no request");
    }
    printf(
        "audited requests (clip.status of a private clip: session, decision, journal, commit)\n");
    request(w, buf_slice(&frame), 1, 1, wanted / 10 + 100);
    request(w, buf_slice(&frame), 64, 1, wanted);
    request(w, buf_slice(&frame), 64, 16, wanted);
}

/* Leaves ---------------------------------------------------------------------------------- */

/* A program with somebody for each client, who says yes and no in turn. */
struct choosing {
    uint8_t token[API_TOKEN_BYTES];
    uint64_t purpose;
    struct buf frames[ASKING_CLIENTS][2];
};

static uint64_t add_person(struct guard_world *w, const struct choosing *c) {
    struct ward_answer answer;
    struct api_value args[ARG_PERSON_ADD__COUNT] = {
        [ARG_PERSON_ADD_REFERENCE] = api_text(""),
        [ARG_PERSON_ADD_BIRTH_DATE] = api_text("1990-02-01"),
        [ARG_PERSON_ADD_COUNTRY] = api_text("NL"),
        [ARG_PERSON_ADD_REGION] = api_text(""),
        [ARG_PERSON_ADD_LANGUAGE] = api_text("en"),
        [ARG_PERSON_ADD_NOTICE] = api_text(w->notice[0]),
    };
    if (ask_program(w, API_PERSON_ADD, c->token, args, &answer) != OK) {
        die("no person for the program");
    }
    uint64_t person = answer.fields[ANS_PERSON_ADD_PERSON].n;
    ward_answer_done(&answer);
    return person;
}

static void write_choice(const struct guard_world *w, struct choosing *c, uint64_t person,
                         const char *state, struct buf *out) {
    struct api_value args[ARG_CONSENT_SET__COUNT] = {
        [ARG_CONSENT_SET_PERSON] = api_n(person),
        [ARG_CONSENT_SET_PURPOSE] = api_n(c->purpose),
        [ARG_CONSENT_SET_STATE] = api_text(state),
        [ARG_CONSENT_SET_NOTICE] = api_text(w->notice[0]),
    };
    buf_init(out, 4096);
    if (failed(api_request_write(api_op_find(API_CONSENT_SET), 1, 0, c->token, args, out))) {
        die("no request");
    }
}

static void choosing_open(struct guard_world *w, struct choosing *c) {
    struct ward_answer answer;
    if (register_program(w, "bench", "recommend", "", c->token) != OK ||
        ask_program(w, API_PROGRAM_NAMES, c->token, NULL, &answer) != OK) {
        die("no program");
    }
    c->purpose = number_named(&answer.fields[ANS_PROGRAM_NAMES_PURPOSES], "recommend");
    ward_answer_done(&answer);
    for (size_t i = 0; i < ASKING_CLIENTS; i++) {
        uint64_t person = add_person(w, c);
        write_choice(w, c, person, "given", &c->frames[i][0]);
        write_choice(w, c, person, "withdrawn", &c->frames[i][1]);
    }
}

/* Leaves under the checkpoint that anybody can read. */
static uint64_t published(const struct guard_world *w) {
    char path[80];
    char text[512] = {0};
    uint64_t leaves = 0;
    snprintf(path, sizeof path, "%s/ledger/log/checkpoint", w->dir);
    FILE *f = fopen(path, "rb");
    size_t len = f == NULL ? 0 : fread(text, 1, sizeof text - 1, f);
    const char *second = len == 0 ? NULL : strchr(text, '\n');
    if (second == NULL ||
        failed(parse_u64(slice_of(second + 1, strcspn(second + 1, "\n")), UINT64_MAX, &leaves))) {
        die("no checkpoint in %s", path);
    }
    fclose(f);
    return leaves;
}

static double wait_for(const struct guard_world *w, uint64_t leaves) {
    double from_s = now_s();
    while (published(w) < leaves) {
        if (now_s() - from_s > PUBLISHED_S) {
            die("of %llu leaves only %llu are published", (unsigned long long)leaves,
                (unsigned long long)published(w));
        }
        usleep(1000);
    }
    return now_s() - from_s;
}

static void measure_leaves(struct guard_world *w, size_t wanted) {
    static struct choosing c;
    struct asking a = {.path = w->program_path, .clients = 64, .depth = 16, .wanted = wanted};
    choosing_open(w, &c);
    sleep(2); /* what came before is published */
    uint64_t before = published(w);
    for (size_t i = 0; i < ASKING_CLIENTS; i++) {
        a.frames[i][0] = buf_slice(&c.frames[i][0]);
        a.frames[i][1] = buf_slice(&c.frames[i][1]);
    }
    asking_run(&a);
    double seconds = a.seconds + wait_for(w, before + wanted);
    printf("leaves (consents given and withdrawn, each sealed for the person and for the auditor)\n"
           "  64 clients, 16 under way each: %7.0f a second committed and answered, %7.0f a second "
           "until the last is published\n",
           (double)wanted / a.seconds, (double)wanted / seconds);
    for (size_t i = 0; i < ASKING_CLIENTS; i++) {
        buf_done(&c.frames[i][0]);
        buf_done(&c.frames[i][1]);
    }
}

int main(int argc, char **argv) {
    static struct guard_world w;
    double load[1] = {-1};
    unsigned long people = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000000;
    unsigned long wanted = argc > 3 ? strtoul(argv[3], NULL, 10) : 100000;
    if (argc < 2 || people < 1 || people > UINT32_MAX / 2 || wanted < 1000) {
        die("usage: bench_guard SOURCE [PEOPLE [REQUESTS >= 1000]]");
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (getloadavg(load, 1) == 1) {
        printf("load average %.2f\n", load[0]);
    }
    world_open(&w);
    measure_requests(&w, wanted);
    measure_leaves(&w, wanted);
    world_close(&w);
    measure_log(LOG_LEAVES);
    measure_erasure(argv[1], (uint32_t)people);
    return 0;
}

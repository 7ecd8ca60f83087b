/* kill -9 of a guard under load, again and again: what was acknowledged is there afterwards, what
 * was not is there whole or not at all. Ends with "N passed, N failed".
 *
 * Usage: guard_kill KILLS SEED */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "guard_world.h"

static const char device[] = "device-0123456789abc";

struct load {
    struct guard_world *w;
    struct person person;
    const char *purpose;
    atomic_uint tried;
    atomic_uint acked;
    atomic_bool stops;
};

static const char *state_of(unsigned step) {
    return step == 0 ? "none" : step % 2 == 1 ? "given" : "withdrawn";
}

/* Gives and withdraws in turn until nobody answers any more. */
static void *toggle(void *arg) {
    struct load *l = arg;
    for (unsigned step = l->acked + 1; !l->stops; step++) {
        struct api_value args[ARG_CONSENTS_SET__COUNT] = {
            [ARG_CONSENTS_SET_PURPOSE] = api_text(l->purpose),
            [ARG_CONSENTS_SET_STATE] = api_text(state_of(step)),
            [ARG_CONSENTS_SET_NOTICE] = api_text(l->w->notice[0])};
        struct ward_answer answer;
        l->tried = step;
        struct status s = ward_call(l->w->front, API_CONSENTS_SET, l->person.token, args, &answer);
        ward_answer_done(&answer);
        if (failed(s)) {
            return NULL;
        }
        l->acked = step;
    }
    return NULL;
}

static bool stands(struct load *l, const char *want) {
    struct ward_answer answer;
    bool is = false;
    if (ask(l->w, API_CONSENTS_LIST, l->person.token, NULL, &answer) == OK) {
        const struct api_value *list = &answer.fields[ANS_CONSENTS_LIST_CHOICES];
        for (size_t i = 0; i < list->list.count; i++) {
            const struct api_value *v = list->list.items[i].fields;
            is |= slice_eq(v[TYP_CHOICE_PURPOSE].bytes, slice_str(l->purpose)) &&
                  slice_eq(v[TYP_CHOICE_STATE].bytes, slice_str(want));
        }
    }
    ward_answer_done(&answer);
    return is;
}

static void pause_ms(unsigned ms) {
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000L};
    nanosleep(&t, NULL);
}

/* One kill under load of all; true when everybody's last acknowledged choice stands. */
static bool kill_once(struct guard_world *w, struct load *loads, size_t count, unsigned after_ms) {
    pthread_t threads[4];
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        pthread_create(&threads[i], NULL, toggle, &loads[i]);
    }
    pause_ms(after_ms);
    (void)guard_end(w, SIGKILL);
    for (size_t i = 0; i < count; i++) {
        loads[i].stops = true;
    }
    guard_begin(w);
    for (size_t i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        loads[i].stops = false;
        unsigned acked = loads[i].acked;
        unsigned tried = loads[i].tried;
        bool before = stands(&loads[i], state_of(acked));
        bool after = !before && stands(&loads[i], state_of(tried));
        if (!before && !after) {
            fprintf(stderr, "after %u of %u, the choice is neither\n", acked, tried);
            good = false;
        }
        loads[i].acked = after ? tried : acked;
    }
    return good;
}

int main(int argc, char **argv) {
    static struct guard_world w;
    static struct load loads[3];
    static const char *const names[] = {"anna", "bea", "cleo"};
    static const char *const purposes[] = {"keep-history", "recommend", "ads-personalised"};
    unsigned kills = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 5;
    unsigned dice = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1;
    unsigned passed = 0;
    world_open(&w);
    for (size_t i = 0; i < 3; i++) {
        loads[i].w = &w;
        loads[i].purpose = purposes[i];
        if (join(&w, names[i], "1990-02-01", device, &loads[i].person) != OK) {
            return 1;
        }
    }
    for (unsigned i = 0; i < kills; i++) {
        dice = dice * 1664525u + 1013904223u;
        passed += kill_once(&w, loads, 3, 5 + (dice >> 8) % 400) ? 1 : 0;
    }
    printf("coverage: %u kills, %u changes acknowledged\n", kills,
           loads[0].acked + loads[1].acked + loads[2].acked);
    world_close(&w);
    printf("%u passed, %u failed\n", passed, kills - passed);
    return passed == kills ? 0 : 1;
}

/* kill -9 of a guard under load, again and again: what was acknowledged is there afterwards, what
 * was not is there whole or not at all; the published log verifies at once, and after the restart,
 * and only grew. Ends with "N passed, N failed".
 *
 * Usage: guard_kill KILLS SEED */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kill_desk.h"
#include "kill_family.h"
#include "kill_story.h"

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

/* A program that writes records, which may be on disk a second after they were answered: the end of
 * the process takes none all the same. */
enum { WRITTEN_MAX = 1 << 20, LOOKED_AT = 40 };

struct writer {
    struct guard_world *w;
    uint8_t token[API_TOKEN_BYTES];
    uint64_t purpose, category, person;
    uint64_t ids[WRITTEN_MAX];
    atomic_uint acked;
    atomic_bool stops;
};

static bool writer_open(struct guard_world *w, struct writer *wr) {
    struct ward_answer answer;
    struct api_value add[ARG_PERSON_ADD__COUNT] = {
        [ARG_PERSON_ADD_REFERENCE] = api_text("writer"),
        [ARG_PERSON_ADD_BIRTH_DATE] = api_text("1990-02-01"),
        [ARG_PERSON_ADD_COUNTRY] = api_text("NL"),
        [ARG_PERSON_ADD_REGION] = api_text(""),
        [ARG_PERSON_ADD_LANGUAGE] = api_text("en"),
        [ARG_PERSON_ADD_NOTICE] = api_text(w->notice[0]),
    };
    wr->w = w;
    if (register_program(w, "writer", "comments", "", wr->token) != OK ||
        ask_program(w, API_PROGRAM_NAMES, wr->token, NULL, &answer) != OK) {
        return false;
    }
    wr->purpose = number_named(&answer.fields[ANS_PROGRAM_NAMES_PURPOSES], "comments");
    wr->category = number_named(&answer.fields[ANS_PROGRAM_NAMES_CATEGORIES], "comment");
    ward_answer_done(&answer);
    bool added = ask_program(w, API_PERSON_ADD, wr->token, add, &answer) == OK;
    wr->person = added ? answer.fields[ANS_PERSON_ADD_PERSON].n : 0;
    ward_answer_done(&answer);
    return added;
}

static void *write_on(void *arg) {
    struct writer *wr = arg;
    while (!wr->stops && wr->acked < WRITTEN_MAX) {
        unsigned number = wr->acked;
        struct api_value args[ARG_RECORD_PUT__COUNT] = {
            [ARG_RECORD_PUT_PURPOSE] = api_n(wr->purpose),
            [ARG_RECORD_PUT_PERSON] = api_n(wr->person),
            [ARG_RECORD_PUT_CATEGORY] = api_n(wr->category),
            [ARG_RECORD_PUT_PAYLOAD] = api_bytes(slice_of(&number, sizeof number)),
        };
        struct ward_answer answer;
        struct status s = ward_call(wr->w->programs, API_RECORD_PUT, wr->token, args, &answer);
        if (!failed(s)) {
            wr->ids[number] = answer.fields[ANS_RECORD_PUT_RECORD].n;
            wr->acked = number + 1;
        }
        ward_answer_done(&answer);
        if (failed(s)) {
            return NULL;
        }
    }
    return NULL;
}

static bool is_written(struct writer *wr, unsigned number) {
    struct api_value args[ARG_RECORD_READ__COUNT] = {api_n(wr->purpose), api_n(wr->ids[number])};
    struct ward_answer answer;
    uint16_t code = ask_program(wr->w, API_RECORD_READ, wr->token, args, &answer);
    bool is = code == OK && slice_eq(answer.fields[ANS_RECORD_READ_PAYLOAD].bytes,
                                     slice_of(&number, sizeof number));
    ward_answer_done(&answer);
    return is;
}

/* The last ones, and as many of all that came before, evenly. */
static bool all_written(struct writer *wr) {
    unsigned acked = wr->acked;
    unsigned late = acked < LOOKED_AT ? 0 : acked - LOOKED_AT;
    unsigned stride = late / LOOKED_AT + 1;
    for (unsigned i = 0; i < acked; i += i < late ? stride : 1) {
        if (!is_written(wr, i)) {
            fprintf(stderr, "record %u of %u that were acknowledged is not there\n", i, acked);
            return false;
        }
    }
    return true;
}

static void pause_ms(unsigned ms) {
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000L};
    nanosleep(&t, NULL);
}

/* Everybody who works with the guard until it is killed. */
struct everybody {
    struct load loads[3];
    struct writer writer;
    struct story story;
    struct desk desk;
    struct family family;
};

/* One kill under load of all; true when what anybody was told last stands. */
static bool kill_once(struct guard_world *w, struct everybody *all, unsigned after_ms) {
    struct load *loads = all->loads;
    struct writer *writer = &all->writer;
    struct story *story = &all->story;
    const size_t count = ARRAY_LEN(all->loads);
    pthread_t threads[3];
    pthread_t writing, telling, posting, growing;
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        pthread_create(&threads[i], NULL, toggle, &loads[i]);
    }
    writer->stops = false;
    pthread_create(&writing, NULL, write_on, writer);
    story->stops = false;
    pthread_create(&telling, NULL, story_go_on, story);
    all->desk.stops = false;
    pthread_create(&posting, NULL, desk_go_on, &all->desk);
    all->family.stops = false;
    pthread_create(&growing, NULL, family_go_on, &all->family);
    pause_ms(after_ms);
    (void)guard_end(w, SIGKILL);
    writer->stops = true;
    story->stops = true;
    all->desk.stops = true;
    all->family.stops = true;
    good &= story_log_verifies(story);
    for (size_t i = 0; i < count; i++) {
        loads[i].stops = true;
    }
    guard_begin(w);
    pthread_join(writing, NULL);
    pthread_join(telling, NULL);
    pthread_join(posting, NULL);
    pthread_join(growing, NULL);
    good &= story_stands(story) && story_log_verifies(story);
    good &= desk_stands(&all->desk);
    good &= family_stands(&all->family);
    good &= all_written(writer);
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

static void print_coverage(const struct everybody *all, unsigned kills) {
    const struct load *l = all->loads;
    const uint64_t *desk = all->desk.of_kind;
    printf(
        "coverage: %u kills; acknowledged: %u choices, %u records, %lu acts of a program, %lu "
        "erasures, %lu letters of two, %lu holds, %lu tokens of a program, %zu guardians' links, "
        "%u of their decisions; %lu entries proved in %lu leaves\n",
        kills, l[0].acked + l[1].acked + l[2].acked, all->writer.acked,
        (unsigned long)all->story.acts, (unsigned long)(all->story.erasures + desk[DESK_LEAVE]),
        (unsigned long)desk[DESK_SEND], (unsigned long)(desk[DESK_HOLD] + desk[DESK_HOLD_SUSPECT]),
        (unsigned long)desk[DESK_REGISTER], all->family.linked, all->family.decided,
        (unsigned long)all->story.entries, (unsigned long)all->story.leaves);
}

int main(int argc, char **argv) {
    static struct guard_world w;
    static struct everybody all;
    static const char *const names[] = {"anna", "bea", "cleo"};
    static const char *const purposes[] = {"keep-history", "recommend", "ads-personalised"};
    unsigned kills = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 5;
    unsigned dice = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1;
    unsigned passed = 0;
    world_open_as(&w, "second");
    for (size_t i = 0; i < 3; i++) {
        all.loads[i].w = &w;
        all.loads[i].purpose = purposes[i];
        if (join(&w, names[i], "1990-02-01", device, &all.loads[i].person) != OK) {
            return 1;
        }
    }
    if (!writer_open(&w, &all.writer) || !story_open(&all.story, &w, dice) ||
        !desk_open(&all.desk, &w, dice) || !family_open(&all.family, &w)) {
        return 1;
    }
    for (unsigned i = 0; i < kills; i++) {
        dice = dice * 1664525u + 1013904223u;
        passed += kill_once(&w, &all, 5 + (dice >> 8) % 400) ? 1 : 0;
    }
    print_coverage(&all, kills);
    world_close(&w);
    printf("%u passed, %u failed\n", passed, kills - passed);
    return passed == kills ? 0 : 1;
}

/* What requests notice of a backup: the same reads and the same writes through the socket of a real
 * guard in its sandbox, first alone and then for as long as a backup runs beside them.
 *
 * Usage: bench_backup [BLOBS_MB [STORE_MB]] (2000, 500) */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tests/unit/guard/guard_world.h"
#include "asking.h"
#include "base/bytes.h"
#include "roles/roles.h"

enum {
    PART_BYTES = 1 << 20,
    FILM_BYTES = 200 << 20,
    RECORD_BYTES = 64 << 10,
    SMALL_BYTES = 200,
    ALONE = 20000,          /* requests */
    MANY = 8 * 1000 * 1000, /* more than there are beside a backup */
    LOOK_MS = 50,
};

struct scene {
    struct guard_world w;
    struct person anna;
    uint8_t token[API_TOKEN_BYTES]; /* of a program */
    uint64_t person, purpose, category;
    struct buf read, write; /* requests */
};

static void must(uint16_t code, const char *what) {
    if (code != OK) {
        die("%s: %s", what, error_info(code)->name);
    }
}

static void write_request(uint16_t op, const uint8_t *token, const struct api_value *args,
                          struct buf *ret) {
    buf_init(ret, 4096);
    must(api_request_write(api_op_find(op), 1, 0, token, args, ret).code, "a request");
}

/* The service: somebody who looks at a clip of their own. */
static void open_anna(struct scene *s) {
    must(join(&s->w, "anna", "1990-02-01", "device-0123456789", &s->anna), "join");
    struct api_value args[ARG_CLIP_STATUS__COUNT] = {
        api_n(begin_clip(&s->w, &s->anna, "me", 1000))};
    write_request(API_CLIP_STATUS, s->anna.token, args, &s->read);
}

/* A program, and somebody of whom it keeps records. */
static void open_program(struct scene *s) {
    static uint8_t text[SMALL_BYTES];
    struct ward_answer answer;
    must(register_program(&s->w, "bench", "comments", "", s->token), "admin.program");
    must(ask_program(&s->w, API_PROGRAM_NAMES, s->token, NULL, &answer), "program.names");
    s->purpose = number_named(&answer.fields[ANS_PROGRAM_NAMES_PURPOSES], "comments");
    s->category = number_named(&answer.fields[ANS_PROGRAM_NAMES_CATEGORIES], "comment");
    ward_answer_done(&answer);
    struct api_value person[ARG_PERSON_ADD__COUNT] = {
        [ARG_PERSON_ADD_REFERENCE] = api_text("somebody"),
        [ARG_PERSON_ADD_BIRTH_DATE] = api_text("1990-02-01"),
        [ARG_PERSON_ADD_COUNTRY] = api_text("NL"),
        [ARG_PERSON_ADD_REGION] = api_text(""),
        [ARG_PERSON_ADD_LANGUAGE] = api_text("en"),
        [ARG_PERSON_ADD_NOTICE] = api_text(s->w.notice[0]),
    };
    must(ask_program(&s->w, API_PERSON_ADD, s->token, person, &answer), "person.add");
    s->person = answer.fields[ANS_PERSON_ADD_PERSON].n;
    ward_answer_done(&answer);
    struct api_value record[ARG_RECORD_PUT__COUNT] = {
        [ARG_RECORD_PUT_PURPOSE] = api_n(s->purpose),
        [ARG_RECORD_PUT_PERSON] = api_n(s->person),
        [ARG_RECORD_PUT_CATEGORY] = api_n(s->category),
        [ARG_RECORD_PUT_PAYLOAD] = api_bytes(slice_of(text, sizeof text)),
    };
    write_request(API_RECORD_PUT, s->token, record, &s->write);
}

/* An original whose studio never comes: a sealed file like any other. Nobody has many of them. */
static void share_film(struct scene *s, const uint8_t *part, unsigned n) {
    struct person owner = {0};
    char name[32];
    char device[32];
    snprintf(name, sizeof name, "owner%u", n);
    snprintf(device, sizeof device, "device-%010u", n);
    must(join(&s->w, name, "1990-02-01", device, &owner), "join");
    uint64_t clip = begin_clip(&s->w, &owner, "me", FILM_BYTES);
    for (uint64_t at = 0; at < FILM_BYTES; at += PART_BYTES) {
        struct api_value args[ARG_CLIP_CHUNK__COUNT] = {[ARG_CLIP_CHUNK_CLIP] = api_n(clip),
                                                        [ARG_CLIP_CHUNK_OFFSET] = api_n(at),
                                                        [ARG_CLIP_CHUNK_BYTES] =
                                                            api_bytes(slice_of(part, PART_BYTES))};
        must(ask(&s->w, API_CLIP_CHUNK, owner.token, args, NULL), "clip.chunk");
    }
    struct api_value args[ARG_CLIP_FINISH__COUNT] = {api_n(clip)};
    must(ask(&s->w, API_CLIP_FINISH, owner.token, args, NULL), "clip.finish");
}

static void keep_record(struct scene *s, const uint8_t *part) {
    struct api_value args[ARG_RECORD_PUT__COUNT] = {
        [ARG_RECORD_PUT_PURPOSE] = api_n(s->purpose),
        [ARG_RECORD_PUT_PERSON] = api_n(s->person),
        [ARG_RECORD_PUT_CATEGORY] = api_n(s->category),
        [ARG_RECORD_PUT_PAYLOAD] = api_bytes(slice_of(part, RECORD_BYTES)),
    };
    must(ask_program(&s->w, API_RECORD_PUT, s->token, args, NULL), "record.put");
}

static void fill(struct scene *s, uint64_t blobs, uint64_t store) {
    static uint8_t part[PART_BYTES];
    for (unsigned n = 0; (uint64_t)n * FILM_BYTES < blobs; n++) {
        share_film(s, part, n);
    }
    for (uint64_t done = 0; done < store; done += RECORD_BYTES) {
        keep_record(s, part);
    }
}

/* One backup, from a thread of its own; its end is the end of what is asked beside it. */
struct backing {
    struct guard_world *w;
    const char *name;
    struct asking *beside;
    double seconds;
};

static bool runs(struct guard_world *w) {
    struct ward_answer answer;
    must(ask_admin(w, API_ADMIN_STATUS, NULL, &answer), "admin.status");
    const struct api_value *backup = answer.fields[ANS_ADMIN_STATUS_BACKUP].fields;
    bool runs = slice_eq(backup[TYP_BACKUP_STATE].bytes, SLICE("running"));
    must((uint16_t)backup[TYP_BACKUP_ERROR].n, "the backup");
    ward_answer_done(&answer);
    return runs;
}

static void *back_up(void *arg) {
    struct backing *b = arg;
    struct api_value args[ARG_ADMIN_BACKUP__COUNT] = {api_text(b->name)};
    double from_s = now_s();
    must(ask_admin(b->w, API_ADMIN_BACKUP, args, NULL), "admin.backup");
    do {
        usleep(LOOK_MS * 1000);
    } while (runs(b->w));
    b->seconds = now_s() - from_s;
    b->beside->stops = true;
    return NULL;
}

static void print_asked(const char *when, const struct asking *a) {
    printf("  %-15s %8zu answers, %6.0f a second: median %5.0f us, p99 %6.0f us, p99.9 %6.0f us, "
           "longest %6.1f ms\n",
           when, a->done, (double)a->done / a->seconds, a->took_s[a->done / 2] * 1e6,
           a->took_s[a->done * 99 / 100] * 1e6, a->took_s[a->done * 999 / 1000] * 1e6,
           a->took_s[a->done - 1] * 1e3);
}

static void begin_asking(struct asking *a, const char *path, struct slice frame, size_t clients) {
    *a = (struct asking){.path = path, .clients = clients, .depth = 1, .took_s = a->took_s};
    for (size_t i = 0; i < clients; i++) {
        a->frames[i][0] = a->frames[i][1] = frame;
    }
}

static void compare(struct scene *s, const char *what, const char *path, struct slice frame,
                    size_t clients) {
    static struct asking a;
    static unsigned backups;
    char name[16];
    pthread_t thread;
    a.took_s = need(MANY, sizeof *a.took_s);
    printf("%s, %zu at a time\n", what, clients);
    begin_asking(&a, path, frame, clients);
    a.wanted = ALONE;
    asking_run(&a);
    print_asked("alone", &a);
    begin_asking(&a, path, frame, clients);
    a.wanted = MANY;
    snprintf(name, sizeof name, "backup-%u", ++backups);
    struct backing b = {.w = &s->w, .name = name, .beside = &a};
    if (pthread_create(&thread, NULL, back_up, &b) != 0) {
        die("no thread");
    }
    asking_run(&a);
    pthread_join(thread, NULL);
    print_asked("beside a backup", &a);
    printf("  the backup took %.1f s\n", b.seconds);
    free(a.took_s);
}

static uint64_t megabytes(int argc, char **argv, int i, uint64_t otherwise) {
    uint64_t n = otherwise;
    if (argc > i && failed(parse_u64(slice_str(argv[i]), 1 << 20, &n))) {
        die("%s: give a number of megabytes", argv[i]);
    }
    return n << 20;
}

int main(int argc, char **argv) {
    static struct scene s;
    uint64_t blobs = megabytes(argc, argv, 1, 2000);
    uint64_t store = megabytes(argc, argv, 2, 500);
    world_open(&s.w);
    open_anna(&s);
    open_program(&s);
    fill(&s, blobs, store);
    printf("%llu MB of blobs, %llu MB of records\n", (unsigned long long)(blobs >> 20),
           (unsigned long long)(store >> 20));
    compare(&s, "reads (clip.status)", s.w.front_path, buf_slice(&s.read), 1);
    compare(&s, "reads (clip.status)", s.w.front_path, buf_slice(&s.read), 16);
    compare(&s, "writes (record.put)", s.w.program_path, buf_slice(&s.write), 1);
    compare(&s, "writes (record.put)", s.w.program_path, buf_slice(&s.write), 16);
    buf_done(&s.read);
    buf_done(&s.write);
    world_close(&s.w);
    return 0;
}

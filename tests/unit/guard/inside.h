/* A guard in this process, with a clock that moves when the test says so. Requests are frames, as
 * the server brings them; no socket, no thread, no sleeping. */
#ifndef WARD_TESTS_GUARD_INSIDE_H
#define WARD_TESTS_GUARD_INSIDE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "feed.h"
#include "files.h"

#define MINUTE_MS (60LL * 1000)
#define HOUR_MS   (60LL * MINUTE_MS)
#define DAY_MS    (24LL * HOUR_MS)

struct inside {
    char dir[40];
    char paths[5][80];
    struct os_fake_clock fake;
    struct os_clock clock;
    struct rules rules;
    struct seal_key root;
    struct vault *vault;
    struct guard *guard;
    struct arena arena; /* of the last answer */
    struct buf out;     /* its frame */
    int fd;             /* the file that came with it, until the next; -1: none */
    struct buf notices; /* of the last round */
    char notice[2][65]; /* adult, child; in English */
    unsigned spawned;   /* studios asked for and not yet given */
    uint8_t spawn_role;
};

typedef uint8_t token[API_TOKEN_BYTES];

void inside_open(struct inside *w);
void inside_close(struct inside *w);
/* Stops it in order and starts it again, on the same directory. */
void inside_reopen(struct inside *w);
/* A request and its answer, which lives until the next. The code. */
uint16_t call(struct inside *w, uint16_t op, const uint8_t *session, const struct api_value *args,
              struct api_answer *ret_answer);
uint16_t joins(struct inside *w, const char *name, const char *birth, const char *device,
               token ret_session);
uint16_t logs_in(struct inside *w, const char *name, const char *password, token ret_session);
uint16_t chooses(struct inside *w, const uint8_t *session, const char *purpose, const char *state);
uint64_t id_of(struct inside *w, const uint8_t *session);
/* A clip that is ready, as the studio leaves it: its caption is Sunrise. */
uint64_t puts_clip(struct inside *w, uint64_t owner, const char *audience);
uint16_t plays(struct inside *w, const uint8_t *viewer, uint64_t clip, uint64_t *ret_lease);
/* One round between requests. */
void round_of(struct inside *w);
/* A round, then time passes: nothing that happened before is still waiting to be acknowledged. */
void later(struct inside *w, int64_t ms);
/* Whether the last round said that this lease ends. */
bool ended(const struct inside *w, uint64_t lease);

#endif

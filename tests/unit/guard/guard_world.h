/* A real ward-guard on a directory of its own, and callers that check every answer against the
 * tables: the shape (libward refuses any other), and that the error is one the operation names. */
#ifndef WARD_TESTS_GUARD_WORLD_H
#define WARD_TESTS_GUARD_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>

#include <cmocka.h>

#include "ward/ward.h"

struct guard_world {
    char dir[40];
    char front_path[80];
    char admin_path[80];
    char program_path[80];
    int front_fd;
    int admin_fd;
    int program_fd;
    const char *durable; /* as ward-guard takes it */
    uint8_t root[32];
    pid_t pid;
    int channel; /* our end of the studio channel: closed, the guard ends */
    struct ward_client *front;
    struct ward_client *admin;
    struct ward_client *programs;
    char notice[2][65]; /* adult, child; in English */
    bool hit[API_OP_LAST + 1];
};

struct person {
    uint8_t token[API_TOKEN_BYTES];
    bool waits;
    bool child; /* reads the notice for children */
};

void world_open(struct guard_world *w);
void world_open_as(struct guard_world *w, const char *durable);
void world_close(struct guard_world *w);
void guard_begin(struct guard_world *w);
/* With SIGKILL: as a crash; with SIGTERM: returns the exit status. */
int guard_end(struct guard_world *w, int sig);

/* Calls, checks, and returns the code; ret_answer may be NULL. */
uint16_t ask(struct guard_world *w, uint16_t op, const uint8_t *token, const struct api_value *args,
             struct ward_answer *ret_answer);
uint16_t ask_admin(struct guard_world *w, uint16_t op, const struct api_value *args,
                   struct ward_answer *ret_answer);
uint16_t ask_program(struct guard_world *w, uint16_t op, const uint8_t *token,
                     const struct api_value *args, struct ward_answer *ret_answer);
/* Registers a program of Notes B.V. in the Netherlands; purposes and names are separated by commas.
 */
uint16_t register_program(struct guard_world *w, const char *name, const char *purposes,
                          const char *names, uint8_t ret_token[API_TOKEN_BYTES]);
/* The number of a name in a list of program.names; UINT32_MAX where it is not. */
uint64_t number_named(const struct api_value *list, const char *name);
uint16_t join(struct guard_world *w, const char *name, const char *birth, const char *device,
              struct person *ret);
uint16_t login(struct guard_world *w, const char *name, const char *password, struct person *ret);
uint16_t choose(struct guard_world *w, const struct person *p, const char *purpose,
                const char *state);
uint64_t begin_clip(struct guard_world *w, const struct person *p, const char *audience,
                    uint64_t size);
/* The archive that came with an answer, as text in a place of its own, until the next call; ends
 * the answer. */
const char *archive_text(struct ward_answer *answer, uint64_t size_bytes);
void holds(const char *archive, const char *text);
void holds_not(const char *archive, const char *text);
/* The newest link in the outbox. */
void read_link_of_mail(struct guard_world *w, char ret_token[64]);

#endif

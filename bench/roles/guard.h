/* A real ward-guard for programs alone, with a data map of its own. */
#ifndef WARD_BENCH_GUARD_H
#define WARD_BENCH_GUARD_H

#include "roles.h"
#include "ward/ward.h"

struct bench_guard {
    char dir[600]; /* what the guard keeps stands in dir/var */
    char source[512];
    uint8_t root[32];
    bool each; /* each change is on disk before it is answered */
    int admin_fd, program_fd;
    int pid;
    struct ward_client *admin, *programs;
    uint8_t token[API_TOKEN_BYTES];
};

/* Writes the map, starts the guard and registers a program with all of its purposes. */
void bench_guard_open(struct bench_guard *g, const struct config *config);
/* Ends it in order and starts it again. */
void bench_guard_again(struct bench_guard *g);
void bench_guard_close(struct bench_guard *g);
/* Ends the program for an error that is not among `fine`, which 0 ends. */
uint16_t bench_guard_ask(struct bench_guard *g, uint16_t op, const struct api_value *args,
                         struct ward_answer *ret_answer, const uint16_t *fine);

#endif

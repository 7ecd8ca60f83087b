/* A program whose people write to each other, the owner of the machine who puts letters and a
 * person under a legal hold and registers another program anew, until the guard is killed under
 * them. After the restart, what was acknowledged stands: letters of two people, also when one of
 * them has gone, holds with their files, and the other program's newest token. */
#ifndef WARD_TESTS_GUARD_KILL_DESK_H
#define WARD_TESTS_GUARD_KILL_DESK_H

#include <stdatomic.h>

#include "guard_world.h"

enum { DESK_PEOPLE = 5, DESK_LETTERS = 8 };

struct writer_of_letters {
    bool lives;
    char reference[24];
    uint64_t person;
};

struct letter {
    uint64_t record; /* 0: none */
    uint32_t stamp;
    size_t from, to;
    bool between;  /* both of them are there */
    unsigned file; /* of its hold, or 0 */
};

enum desk_act {
    DESK_NOTHING,
    DESK_MEET,
    DESK_SEND,
    DESK_TAKE_BACK,
    DESK_HOLD,
    DESK_RELEASE,
    DESK_LEAVE,
    DESK_HOLD_SUSPECT,
    DESK_RELEASE_SUSPECT,
    DESK_REGISTER,
};

struct desk {
    struct guard_world *w;
    uint8_t token[API_TOKEN_BYTES];
    uint64_t comments, comment; /* numbers */
    struct writer_of_letters people[DESK_PEOPLE];
    struct letter letters[DESK_LETTERS];
    struct writer_of_letters suspect;
    unsigned suspect_file; /* of the hold, or 0 */
    uint8_t helper[API_TOKEN_BYTES], ended[API_TOKEN_BYTES];
    bool has_helper, has_ended;
    unsigned born, files;
    struct {
        enum desk_act act;
        size_t which;
    } doing; /* after the kill, what was never answered */
    uint64_t acts, of_kind[DESK_REGISTER + 1];
    uint32_t dice;
    atomic_bool stops;
    bool wrong; /* an answer that may not be */
};

bool desk_open(struct desk *d, struct guard_world *w, uint32_t seed);
/* For a thread: acts until nobody answers. */
void *desk_go_on(void *desk);
/* With a guard again. */
bool desk_stands(struct desk *d);

#endif

/* Children who join, ask for a guardian and are confirmed by one, who then decides for them, until
 * the guard is killed under it. After the restart every acknowledged link and decision stands. */
#ifndef WARD_TESTS_GUARD_KILL_FAMILY_H
#define WARD_TESTS_GUARD_KILL_FAMILY_H

#include <stdatomic.h>

#include "guard_world.h"

enum { FAMILY_CHILDREN = 18 }; /* of one guardian, who may have 20 */

enum family_act { FAMILY_NOTHING, FAMILY_JOIN, FAMILY_INVITE, FAMILY_ACCEPT, FAMILY_DECIDE };

struct family {
    struct guard_world *w;
    struct person guardian;
    struct {
        uint64_t id;
        unsigned step; /* of what was decided: nothing, then given and withdrawn in turn */
    } children[FAMILY_CHILDREN];
    size_t linked;
    /* The one who is not linked yet. */
    struct person coming;
    enum family_act next; /* what comes next with them; FAMILY_DECIDE: nobody is coming */
    unsigned born, invites;
    char link[64];
    struct {
        enum family_act act;
        size_t which; /* of the children, who was decided for */
    } doing;          /* after the kill, what was never answered */
    unsigned decided;
    atomic_bool stops;
    bool wrong; /* an answer that may not be */
};

bool family_open(struct family *f, struct guard_world *w);
/* For a thread: acts until nobody answers. */
void *family_go_on(void *family);
/* With a guard again. */
bool family_stands(struct family *f);

#endif

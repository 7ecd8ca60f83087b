/* How the front asks the guard and turns what comes back into HTTP. */
#ifndef WARD_CLIPS_ANSWER_H
#define WARD_CLIPS_ANSWER_H

#include "front.h"

int64_t front_now_ms(void);
/* Sends t->op with t->args and t's session; waits; `done` gets t. When it cannot be sent, the error
 * is answered. */
void front_ask(struct turn *t, enum link_lane lane, link_done *done);
/* Answers an error with the rules and needs of the law, if there are any (refusal may be NULL), and
 * with the name of the wrong argument. A session that has ended is cleared. */
void front_refuse(struct turn *t, struct status s, const struct api_refusal *refusal);
/* Answers success with the fields of t->op. */
void front_answer(struct turn *t, const struct api_answer *answer);
/* As front_refuse, for a reply that is kept: the members of the error object that say more. */
MUST_USE struct status front_error_members(const struct turn *t, const struct api_refusal *refusal,
                                           struct buf *out);

#endif

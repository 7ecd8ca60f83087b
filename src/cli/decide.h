/* One line of facts to one line of answer: the engine between two texts. Used by `ward decide`,
 * its cases and `ward law diff`. */
#ifndef WARD_CLI_DECIDE_H
#define WARD_CLI_DECIDE_H

#include "facts/facts.h"
#include "law/law.h"

struct decider {
    const struct law_set *set;
    uint64_t laws;
    bool explain;
    struct facts_table table;
    struct facts_room room;
    struct facts_fault fault;
    struct law_facts facts;   /* of the last line, settled if it could be */
    struct law_answer answer; /* of the last line, if it has one */
    struct buf line;
};

void decider_init(struct decider *d, const struct law_set *set, uint64_t laws, bool explain);
void decider_done(struct decider *d);
/* Reads, settles and decides; on an error d->fault says why. */
MUST_USE struct status decide_facts(struct decider *d, struct slice json);
/* The answer with its LF, valid until the next call. Never fails: an error is an answer too. */
struct slice decide_line(struct decider *d, struct slice json);
/* The answer to a line that is longer than FACTS_MAX_LINE_BYTES. */
struct slice decide_too_long(struct decider *d);

#endif

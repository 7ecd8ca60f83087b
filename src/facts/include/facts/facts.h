/* Facts as JSON, read straight into struct law_facts, and back.
 *
 * It stands between law and wire, which do not know each other, and below whoever takes facts from
 * outside: `ward decide`, the audit of an imported log, the interface for other programs. Reading
 * is pure, allocates nothing and takes about a microsecond. It must never let a value pass that
 * the vocabulary does not allow, nor skip a fact that it does not know.
 *
 *   struct facts_table table;
 *   facts_table_init(&table);
 *   struct facts_room room;
 *   struct facts_fault fault;
 *   struct law_facts f;
 *   struct slice line = SLICE("{\"operation\":\"use\",\"subject\":{\"age\":12}}");
 *   if (failed(facts_read_text(&table, line, &room, &f, &fault))) { ... fault.fact, fault.message }
 *
 * Groups are objects: {"subject":{"age":12}}. `null` is the same as absent, also for a group. */
#ifndef WARD_FACTS_FACTS_H
#define WARD_FACTS_FACTS_H

#include "law/facts.h"
#include "law/limits.h"
#include "wire/json.h"

enum {
    FACTS_MAX_LINE_BYTES = 64 * 1024, /* one object of facts; more is an error */
    FACTS_SLOTS = 256,                /* a power of two, more than three times the names */
    FACTS_NAME_BYTES = 2 * JSON_MAX_KEY_BYTES + 1,
    FACTS_MESSAGE_BYTES = 480,
    FACTS_LABELS = 8, /* labels with escapes that one object can hold */
};

struct facts_slot {
    struct slice text; /* the name within its group; ptr NULL where the slot is empty */
    uint8_t scope;     /* enum law_group, or one of the two below */
    uint8_t what;      /* enum law_fact, or enum law_group */
};

/* Where names are found. Made once, then only read; may be shared by threads. */
struct facts_table {
    struct facts_slot slots[FACTS_SLOTS];
};

/* Where strings with escapes are decoded: labels stay here as long as the facts are used. */
struct facts_room {
    uint32_t labels;
    uint8_t label[FACTS_LABELS][LAW_MAX_LABEL_BYTES];
    uint8_t scratch[LAW_MAX_LABEL_BYTES];
};

/* What was wrong. `fact` is the dotted name as the sender wrote it, empty where none is to blame;
 * `message` is a sentence with the remedy. Neither repeats a value. */
struct facts_fault {
    struct status why;
    struct slice fact;
    struct slice message;
    uint8_t fact_text[FACTS_NAME_BYTES];
    uint8_t message_text[FACTS_MESSAGE_BYTES];
};

void facts_table_init(struct facts_table *t);
/* Reads one object where the reader stands. Labels point into the reader's text or into the room.
 * The facts are checked one by one, not settled. After an error ret_fault is set, and ret_facts is
 * not to be used. */
MUST_USE struct status facts_read(const struct facts_table *t, struct json_reader *r,
                                  struct facts_room *room, struct law_facts *ret_facts,
                                  struct facts_fault *ret_fault);
/* The same for a text that holds the object and nothing else. */
MUST_USE struct status facts_read_text(const struct facts_table *t, struct slice text,
                                       struct facts_room *room, struct law_facts *ret_facts,
                                       struct facts_fault *ret_fault);
/* Describes an error of law_facts_settle, or any other; `fact` may be LAW_NO_FACT. */
void facts_explain(struct status why, enum law_fact fact, struct facts_fault *ret_fault);

/* The given facts as one object, in the order of the vocabulary. Times are written in UTC. */
void facts_write(const struct law_facts *f, struct json_writer *w);
/* {"code":...,"message":...,"fact":...}, the value of "error" in an answer. */
void facts_write_fault(const struct facts_fault *fault, struct json_writer *w);

#endif

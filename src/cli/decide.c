/* Decides on one line. Every fault of any kind becomes an error, never a permit. */
#include "decide.h"

#include "explain.h"
#include "os/clock.h"

enum { ANSWER_BYTES = 4 << 20 };

void decider_init(struct decider *d, const struct law_set *set, uint64_t laws, bool explain) {
    d->set = set;
    d->laws = laws;
    d->explain = explain;
    facts_table_init(&d->table);
    buf_init(&d->line, ANSWER_BYTES);
}

void decider_done(struct decider *d) {
    buf_done(&d->line);
}

/* The clock is asked only where the facts name no time. */
static int64_t now_for(const struct law_facts *f) {
    if (law_facts_given(f, LAW_AT)) {
        return 0;
    }
    struct os_clock clock = os_clock_real();
    return os_now_ms(&clock);
}

static struct status explain_fault(struct decider *d, struct status why, enum law_fact fact) {
    facts_explain(why, fact, &d->fault);
    return why;
}

struct status decide_facts(struct decider *d, struct slice json) {
    enum law_fact offending = LAW_NO_FACT;
    TRY(facts_read_text(&d->table, json, &d->room, &d->facts, &d->fault));
    struct status s = law_facts_settle(&d->facts, now_for(&d->facts), &offending);
    if (failed(s)) {
        return explain_fault(d, s, offending);
    }
    s = law_decide(d->set, d->laws, &d->facts, &d->answer);
    return failed(s) ? explain_fault(d, s, LAW_NO_FACT) : s;
}

static struct status put_answer(struct decider *d) {
    TRY(law_answer_format(d->set, &d->answer, &d->line));
    if (!d->explain) {
        return STATUS_OK;
    }
    d->line.len--; /* the brace comes back after the explanation */
    TRY(buf_add_str(&d->line, ",\"explain\":"));
    TRY(explain_write(d->set, d->laws, &d->facts, &d->line));
    return buf_add_byte(&d->line, '}');
}

static struct status put_fault(struct decider *d) {
    struct json_writer w;
    buf_clear(&d->line);
    json_put_open(&w, &d->line);
    json_put_object(&w);
    json_put_key(&w, SLICE("error"));
    facts_write_fault(&d->fault, &w);
    json_put_close(&w);
    return json_put_done(&w);
}

static struct slice finish(struct decider *d, struct status s) {
    s = failed(s) ? put_fault(d) : put_answer(d);
    if (failed(s)) {
        explain_fault(d, s, LAW_NO_FACT);
        s = put_fault(d);
    }
    s = failed(s) ? s : buf_add_byte(&d->line, '\n');
    /* Without memory for a line there is still one to say so. */
    return failed(s) ? SLICE("{\"error\":{\"code\":\"E_MEMORY\",\"message\":\"There was not enough "
                             "memory.\",\"fact\":null}}\n")
                     : buf_slice(&d->line);
}

struct slice decide_line(struct decider *d, struct slice json) {
    buf_clear(&d->line);
    return finish(d, decide_facts(d, json));
}

struct slice decide_too_long(struct decider *d) {
    return finish(d, explain_fault(d, FAIL(E_TOO_LARGE), LAW_NO_FACT));
}

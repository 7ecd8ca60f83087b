/* Facts from any bytes: an error that can be written as JSON, or facts that, written and read
 * again, are the same. */
#include "fuzz.h"

#include "facts/facts.h"

static void write_fault(const struct facts_fault *fault) {
    struct buf b CLEANUP(buf_done);
    struct json_writer w;
    buf_init(&b, 1 << 16);
    json_put_open(&w, &b);
    facts_write_fault(fault, &w);
    FUZZ_MUST(!failed(json_put_done(&w)));
}

static void write_facts(const struct law_facts *f, struct buf *out) {
    struct json_writer w;
    json_put_open(&w, out);
    facts_write(f, &w);
    FUZZ_MUST(!failed(json_put_done(&w)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct facts_table table;
    static struct facts_room room;
    static struct facts_room second;
    struct facts_fault fault;
    struct law_facts f;
    struct law_facts again;
    if (table.slots[0].text.ptr == NULL) {
        facts_table_init(&table);
    }
    if (failed(facts_read_text(&table, slice_of(data, size), &room, &f, &fault))) {
        write_fault(&fault);
        return 0;
    }
    struct buf a CLEANUP(buf_done);
    struct buf b CLEANUP(buf_done);
    buf_init(&a, 1 << 16);
    buf_init(&b, 1 << 16);
    write_facts(&f, &a);
    FUZZ_MUST(!failed(facts_read_text(&table, buf_slice(&a), &second, &again, &fault)));
    FUZZ_MUST(again.given[0] == f.given[0] && again.given[1] == f.given[1]);
    write_facts(&again, &b);
    FUZZ_MUST(slice_eq(buf_slice(&a), buf_slice(&b)));
    enum law_fact offending;
    if (failed(law_facts_settle(&f, 1795262400000, &offending))) {
        facts_explain(FAIL(FACT_VALUE), offending, &fault);
        write_fault(&fault);
    }
    return 0;
}

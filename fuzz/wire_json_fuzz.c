/* The JSON reader on any bytes: it stays inside them, ends, and what it accepts can be written
 * again and is then accepted with the same strings. */
#include "fuzz.h"

#include "base/buf.h"
#include "wire/json.h"

/* Copies one value from the reader to the writer without recursion. */
static struct status copy_value(struct json_reader *r, struct json_writer *w) {
    static uint8_t room[1 << 20];
    struct slice s;
    bool b;
    switch (json_peek(r)) {
    case JSON_TYPE_NULL:
        json_put_null(w);
        return json_get_null(r);
    case JSON_TYPE_BOOL:
        TRY(json_get_bool(r, &b));
        json_put_bool(w, b);
        return STATUS_OK;
    case JSON_TYPE_NUMBER:
        TRY(json_get_number(r, &s));
        json_put_raw(w, s);
        return STATUS_OK;
    case JSON_TYPE_STRING:
        TRY(json_get_string(r, room, sizeof room, &s));
        json_put_string(w, s);
        return STATUS_OK;
    case JSON_TYPE_ARRAY:
        json_put_array(w);
        return json_get_array(r);
    case JSON_TYPE_OBJECT:
        json_put_object(w);
        return json_get_object(r);
    case JSON_TYPE_NOTHING:
        break;
    }
    return FAIL(E_JSON_SYNTAX);
}

static struct status copy(struct json_reader *r, struct json_writer *w) {
    TRY(copy_value(r, w));
    while (r->depth > 0) {
        struct slice key;
        bool more;
        bool object = r->frames[r->depth - 1].closing == '}';
        TRY(object ? json_next_key(r, &more, &key) : json_next_item(r, &more));
        if (!more) {
            json_put_close(w);
            continue;
        }
        if (object) {
            json_put_key(w, key);
        }
        TRY(copy_value(r, w));
    }
    return json_end(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct json_reader r;
    struct json_writer w;
    struct buf first CLEANUP(buf_done);
    struct buf second CLEANUP(buf_done);
    buf_init(&first, 16 << 20);
    buf_init(&second, 16 << 20);

    json_open(&r, slice_of(data, size));
    struct status skipped = json_skip(&r);
    skipped = failed(skipped) ? skipped : json_end(&r);
    FUZZ_MUST(json_offset(&r) <= size);

    json_open(&r, slice_of(data, size));
    json_put_open(&w, &first);
    struct status copied = copy(&r, &w);
    FUZZ_MUST(failed(copied) == failed(skipped));
    if (failed(copied)) {
        return 0;
    }
    FUZZ_MUST(!failed(json_put_done(&w)));
    json_open(&r, buf_slice(&first));
    json_put_open(&w, &second);
    FUZZ_MUST(!failed(copy(&r, &w)) && !failed(json_put_done(&w)));
    FUZZ_MUST(slice_eq(buf_slice(&first), buf_slice(&second)));
    return 0;
}

/* Every operation: arguments and answer survive the way over the wire; no cut, longer or changed
 * frame is read as something else than it is; refusals carry the law. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "api/frame.h"
#include "base/bytes.h"

enum { ARENA_BYTES = 1 << 20 };

static void fill(struct arena *a, const struct api_shape *shape, struct api_value *v, uint32_t n);

static void fill_one(struct arena *a, const struct api_type *t, struct api_value *v, uint32_t n) {
    switch (t->kind) {
    case API_BOOL:
        v->yes = n % 2 == 0;
        return;
    case API_U32:
        v->n = UINT32_MAX - n;
        return;
    case API_U64:
    case API_ID:
    case API_I64:
    case API_TIME:
        v->n = UINT64_MAX - n;
        return;
    case API_DATE:
        v->bytes = SLICE("2012-02-29");
        return;
    case API_TEXT:
    case API_SECRET:
    case API_BYTES:
        v->bytes = slice_sub(SLICE("zo\xc3\xa9"), 0, t->max < 4 ? 2 : 4);
        return;
    case API_LIST:
        assert_int_equal(api_list_make(a, t, 2, v).code, OK);
        fill_one(a, t->item, &v->list.items[0], n + 1);
        fill_one(a, t->item, &v->list.items[1], n + 2);
        return;
    case API_RECORD:
        fill(a, t->shape, v->fields, n + 1);
        return;
    }
}

static void fill(struct arena *a, const struct api_shape *shape, struct api_value *v, uint32_t n) {
    for (uint32_t i = 0; i < shape->count; i++) {
        fill_one(a, &shape->fields[i].type, &v[i], n + i);
    }
}

static void round_trip(const struct api_shape *shape) {
    struct arena a CLEANUP(arena_done);
    arena_init(&a, ARENA_BYTES);
    struct buf one CLEANUP(buf_done);
    struct buf two CLEANUP(buf_done);
    buf_init(&one, ARENA_BYTES);
    buf_init(&two, ARENA_BYTES);
    struct api_value *v = api_record(&a, shape);
    assert_non_null(v);
    fill(&a, shape, v, 1);
    assert_int_equal(api_encode(shape, v, &one).code, OK);
    struct api_value *back = NULL;
    assert_int_equal(api_decode(shape, buf_slice(&one), &a, &back).code, OK);
    assert_int_equal(api_encode(shape, back, &two).code, OK);
    assert_true(slice_eq(buf_slice(&one), buf_slice(&two)));
    for (size_t cut = 0; cut < one.len; cut++) {
        assert_int_not_equal(api_decode(shape, slice_sub(buf_slice(&one), 0, cut), &a, &back).code,
                             OK);
    }
    assert_int_equal(buf_add_byte(&one, 0).code, OK);
    assert_int_equal(api_decode(shape, buf_slice(&one), &a, &back).code, E_FRAME);
}

static void every_operation_round_trips(void **state) {
    (void)state;
    size_t count;
    const struct api_op *ops = api_ops(&count);
    assert_int_equal(count, API_OP_COUNT);
    for (size_t i = 0; i < count; i++) {
        round_trip(ops[i].args);
        round_trip(ops[i].answer);
        assert_ptr_equal(api_op_find(ops[i].number), &ops[i]);
        assert_ptr_equal(api_op_named(slice_str(ops[i].name)), &ops[i]);
    }
    assert_null(api_op_find(0));
    assert_null(api_op_find(API_OP_LAST + 1));
    assert_null(api_op_named(SLICE("clip")));
}

static void limits_hold_at_their_edge(void **state) {
    (void)state;
    struct arena a CLEANUP(arena_done);
    arena_init(&a, ARENA_BYTES);
    struct buf out CLEANUP(buf_done);
    buf_init(&out, ARENA_BYTES);
    char text[302];
    memset(text, 'x', sizeof text);
    struct api_value *v = api_record(&a, api_op_find(API_CLIP_BEGIN)->args);
    v[ARG_CLIP_BEGIN_CAPTION].bytes = slice_of(text, 300);
    assert_int_equal(api_encode(api_op_find(API_CLIP_BEGIN)->args, v, &out).code, OK);
    v[ARG_CLIP_BEGIN_CAPTION].bytes = slice_of(text, 301);
    assert_int_equal(api_encode(api_op_find(API_CLIP_BEGIN)->args, v, &out).code, E_TOO_LARGE);
    v[ARG_CLIP_BEGIN_CAPTION].bytes = SLICE("\xff");
    assert_int_equal(api_encode(api_op_find(API_CLIP_BEGIN)->args, v, &out).code, E_ENCODING);
}

/* A reader that trusted the count would allocate four thousand million items. */
static void a_list_longer_than_its_bytes_is_refused(void **state) {
    (void)state;
    struct arena a CLEANUP(arena_done);
    arena_init(&a, 4096);
    static const uint8_t lie[] = {0xff, 0xff, 0xff, 0xff, 0};
    struct api_value *v;
    const struct api_shape *shape = api_op_find(API_CLIP_MINE)->answer;
    assert_int_equal(api_decode(shape, slice_of(lie, sizeof lie), &a, &v).code, E_FRAME);
}

static void bools_are_0_or_1(void **state) {
    (void)state;
    struct arena a CLEANUP(arena_done);
    arena_init(&a, 4096);
    uint8_t like[9] = {0, 0, 0, 0, 0, 0, 0, 7, 2};
    struct api_value *v;
    const struct api_shape *shape = api_op_find(API_LIKE_SET)->args;
    assert_int_equal(api_decode(shape, slice_of(like, sizeof like), &a, &v).code, E_FRAME);
    like[8] = 1;
    assert_int_equal(api_decode(shape, slice_of(like, sizeof like), &a, &v).code, OK);
    assert_true(v[ARG_LIKE_SET_ON].yes);
    assert_int_equal(v[ARG_LIKE_SET_CLIP].n, 7);
}

static void write_like(struct buf *out) {
    uint8_t token[API_TOKEN_BYTES];
    memset(token, 9, sizeof token);
    struct api_value args[ARG_LIKE_SET__COUNT] = {
        [ARG_LIKE_SET_CLIP] = {.n = 5}, [ARG_LIKE_SET_ON] = {.yes = true}};
    const struct api_op *op = api_op_find(API_LIKE_SET);
    assert_int_equal(api_request_write(op, 77, API_FLAG_GPC, token, args, out).code, OK);
}

static void requests_survive_and_wrong_ones_do_not(void **state) {
    (void)state;
    struct arena a CLEANUP(arena_done);
    arena_init(&a, 65536);
    struct buf out CLEANUP(buf_done);
    buf_init(&out, 4096);
    write_like(&out);
    size_t size;
    assert_int_equal(api_frame_size(buf_slice(&out), API_MAX_REQUEST, &size).code, OK);
    assert_int_equal(size, out.len);
    struct api_request r;
    assert_int_equal(api_request_read(buf_slice(&out), &a, &r).code, OK);
    assert_int_equal(r.op->number, API_LIKE_SET);
    assert_int_equal(r.id, 77);
    assert_int_equal(r.flags, API_FLAG_GPC);
    assert_int_equal(r.token[31], 9);
    assert_int_equal(r.args[ARG_LIKE_SET_CLIP].n, 5);
    /* version, flags, an operation that is not, and a length that lies */
    static const struct {
        size_t at;
        uint8_t value;
        uint16_t code;
    } wrong[] = {{4, 2, E_FRAME}, {5, 2, E_FRAME}, {6, 0xff, E_OP_UNKNOWN}, {3, 0, E_FRAME}};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        uint8_t was = out.ptr[wrong[i].at];
        out.ptr[wrong[i].at] = wrong[i].value;
        assert_int_equal(api_request_read(buf_slice(&out), &a, &r).code, wrong[i].code);
        out.ptr[wrong[i].at] = was;
    }
}

static void frame_sizes_are_bounded(void **state) {
    (void)state;
    size_t size = 1;
    uint8_t head[4] = {0};
    assert_int_equal(api_frame_size(slice_of(head, 3), 100, &size).code, OK);
    assert_int_equal(size, 0);
    bytes_put_be32(head, API_HEAD_BYTES - 5);
    assert_int_equal(api_frame_size(slice_of(head, 4), 100, &size).code, E_FRAME);
    bytes_put_be32(head, 96);
    assert_int_equal(api_frame_size(slice_of(head, 4), 100, &size).code, OK);
    assert_int_equal(size, 100);
    bytes_put_be32(head, 97);
    assert_int_equal(api_frame_size(slice_of(head, 4), 100, &size).code, E_TOO_LARGE);
    bytes_put_be32(head, UINT32_MAX);
    assert_int_equal(api_frame_size(slice_of(head, 4), 100, &size).code, E_TOO_LARGE);
}

static void refusals_carry_the_law(void **state) {
    (void)state;
    struct arena a CLEANUP(arena_done);
    arena_init(&a, 65536);
    struct buf out CLEANUP(buf_done);
    buf_init(&out, 4096);
    struct api_rule rule = {SLICE("gdpr"), SLICE("8(1)"), SLICE("A child's consent"),
                            SLICE("shall be lawful only if")};
    struct slice need = SLICE("guardian-consent");
    struct api_refusal refusal = {&rule, 1, &need, 1};
    assert_int_equal(api_refusal_write(E_DENIED, 3, &refusal, &out).code, OK);
    struct api_answer answer;
    const struct api_op *op = api_op_find(API_HISTORY_ADD);
    assert_int_equal(api_answer_read(buf_slice(&out), op, &a, &answer).code, OK);
    assert_int_equal(answer.code, E_DENIED);
    assert_int_equal(answer.refusal.rule_count, 1);
    assert_true(slice_eq(answer.refusal.rules[0].article, rule.article));
    assert_true(slice_eq(answer.refusal.rules[0].quote, rule.quote));
    assert_true(slice_eq(answer.refusal.needs[0], need));
    assert_true(api_op_may_fail(op, E_DENIED));
    assert_true(api_op_may_fail(op, E_BUSY));
    assert_false(api_op_may_fail(op, E_LINK));
}

static void notices_name_a_lease(void **state) {
    (void)state;
    struct buf out CLEANUP(buf_done);
    buf_init(&out, 64);
    struct api_answer answer;
    assert_int_equal(api_notice_write(API_NOTICE_LEASE_ENDS, 1ULL << 40, &out).code, OK);
    assert_int_equal(api_answer_read(buf_slice(&out), NULL, NULL, &answer).code, OK);
    assert_int_equal(answer.code, API_NOTICE_LEASE_ENDS);
    assert_int_equal(answer.lease, 1ULL << 40);
    assert_true((answer.flags & API_FLAG_NOTICE) != 0);
}

/* Nothing of a frame that failed stays in the output, where it would be sent. */
static void a_failed_write_leaves_nothing(void **state) {
    (void)state;
    struct buf out CLEANUP(buf_done);
    buf_init(&out, API_MAX_REQUEST);
    write_like(&out);
    size_t before = out.len;
    struct api_value date[ARG_ACCOUNT_JOIN__COUNT] = {0};
    date[ARG_ACCOUNT_JOIN_BIRTH_DATE].bytes = SLICE("2012-02-30");
    const struct api_op *op = api_op_find(API_ACCOUNT_JOIN);
    assert_int_equal(api_request_write(op, 1, 0, NULL, date, &out).code, E_TIME);
    assert_int_equal(out.len, before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_round_trips),
        cmocka_unit_test(limits_hold_at_their_edge),
        cmocka_unit_test(a_list_longer_than_its_bytes_is_refused),
        cmocka_unit_test(bools_are_0_or_1),
        cmocka_unit_test(requests_survive_and_wrong_ones_do_not),
        cmocka_unit_test(frame_sizes_are_bounded),
        cmocka_unit_test(refusals_carry_the_law),
        cmocka_unit_test(notices_name_a_lease),
        cmocka_unit_test(a_failed_write_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

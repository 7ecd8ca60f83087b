/* What is known of records: planes, rows and bytes must never say different things. */
#include "columns.h"

#include "world.h"
enum { RECORDS = 3 * SEGMENT_RECORDS, ROUNDS = 400, OWNERS = 40 };

static uint64_t dice_state = 42;
static uint64_t dice(uint64_t below) {
    dice_state = dice_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (dice_state >> 33) % below;
}

struct model {
    struct columns c;
    struct vault_meta metas[RECORDS]; /* owner 0: not there */
    struct buf deltas;
};

static struct vault_meta any_meta(uint64_t id) {
    return (struct vault_meta){.id = id,
                               .owner = 1 + dice(OWNERS),
                               .category = (uint8_t)dice(10),
                               .collected_for = (uint8_t)dice(20),
                               .flags = (uint16_t)dice(128),
                               .origin = (uint16_t)dice(3000),
                               .access_list = (uint16_t)dice(9),
                               .place = (uint8_t)dice(3),
                               .purposes = UINT64_C(1) << dice(64),
                               .objections = dice(5) == 0 ? UINT64_C(1) << dice(64) : 0,
                               .shares = dice(1 << 10),
                               .collected_s = 1700000000 + (int64_t)dice(90000),
                               .expires_s = dice(3) == 0 ? VAULT_NEVER_EXPIRES
                                                         : 1800000000 + (int64_t)dice(1 << 20)};
}

static void put(struct model *m, uint64_t id) {
    m->metas[id] = any_meta(id);
    ASSERT_OK(columns_reserve(&m->c, &m->metas[id]));
    ASSERT_OK(delta_put(&m->deltas, &m->metas[id]));
    columns_put(&m->c, &m->metas[id], 1);
}

/* Few records or many, so that both forms of a selection occur. */
static void pick(const struct model *m, struct selection *which) {
    uint64_t every = 1 + dice(dice(2) == 0 ? 4 : 2000);
    selection_init(which);
    for (uint64_t id = 1 + dice(every); id < RECORDS; id += every) {
        if (m->metas[id].owner != 0) {
            ASSERT_OK(selection_add(which, id));
        }
    }
}

static void change(struct model *m) {
    struct selection which CLEANUP(selection_done);
    pick(m, &which);
    struct vault_change to = {.purposes_add = UINT64_C(1) << dice(64),
                              .purposes_remove = UINT64_C(1) << dice(64),
                              .objections_add = dice(8),
                              .shares_remove = dice(8),
                              .flags_add = 1,
                              .access_list = (uint16_t)dice(3)};
    ASSERT_OK(columns_reserve_change(&m->c, &which, &to));
    ASSERT_OK(delta_change(&m->deltas, &which, &to));
    columns_change(&m->c, &which, &to, 1);
    for (uint64_t id = selection_next(&which, 0); id != 0; id = selection_next(&which, id)) {
        struct vault_meta *meta = &m->metas[id];
        meta->purposes = (meta->purposes & ~to.purposes_remove) | to.purposes_add;
        meta->objections |= to.objections_add;
        meta->shares &= ~to.shares_remove;
        meta->flags |= to.flags_add;
        meta->access_list = to.access_list != 0 ? to.access_list : meta->access_list;
    }
}

static void drop(struct model *m) {
    struct selection which CLEANUP(selection_done);
    pick(m, &which);
    ASSERT_OK(delta_drop(&m->deltas, &which));
    columns_drop(&m->c, &which, 1);
    for (uint64_t id = selection_next(&which, 0); id != 0; id = selection_next(&which, id)) {
        m->metas[id] = (struct vault_meta){.owner = 0};
    }
}

/* Under an owner who has newer ones, too. */
static void put_some(struct model *m) {
    uint64_t every = 1 + dice(2000);
    for (uint64_t id = 1 + dice(every); id < RECORDS; id += every) {
        if (m->metas[id].owner == 0) {
            put(m, id);
        }
    }
}

static bool same(const struct vault_meta *a, const struct vault_meta *b) {
    return a->owner == b->owner && a->category == b->category &&
           a->collected_for == b->collected_for && a->flags == b->flags && a->origin == b->origin &&
           a->access_list == b->access_list && a->place == b->place && a->purposes == b->purposes &&
           a->objections == b->objections && a->shares == b->shares &&
           a->collected_s == b->collected_s && a->expires_s == b->expires_s;
}

static void assert_rows(const struct model *m, const struct columns *c) {
    for (uint64_t id = 1; id < RECORDS; id++) {
        struct vault_meta meta;
        bool there = columns_get(c, id, &meta);
        assert_int_equal(there, m->metas[id].owner != 0);
        assert_true(!there || same(&meta, &m->metas[id]));
    }
}

/* The planes, and the lists of owners, find exactly what the rows say. */
static void assert_finds(const struct model *m, const struct columns *c) {
    for (unsigned i = 0; i < 64; i++) {
        struct vault_query by_purpose = {.purposes = UINT64_C(1) << i};
        struct vault_query by_owner = {.owner = i + 1, .shares = 3};
        struct selection purpose CLEANUP(selection_done);
        struct selection owner CLEANUP(selection_done);
        selection_init(&purpose);
        selection_init(&owner);
        ASSERT_OK(columns_select(c, &by_purpose, 0, true, &purpose));
        ASSERT_OK(columns_select(c, &by_owner, 0, true, &owner));
        uint64_t p = 0;
        uint64_t o = 0;
        uint64_t last = 0;
        for (uint64_t id = 1; id < RECORDS; id++) {
            const struct vault_meta *meta = &m->metas[id];
            if (meta->owner != 0 && (meta->purposes >> i & 1) != 0) {
                p = selection_next(&purpose, p);
                assert_int_equal(p, id);
            }
            if (meta->owner == i + 1 && (meta->shares & 3) != 0) {
                o = selection_next(&owner, o);
                assert_int_equal(o, id);
                last = id;
            }
        }
        assert_int_equal(selection_next(&purpose, p), 0);
        assert_int_equal(selection_next(&owner, o), 0);
        assert_int_equal(selection_last(&owner), last);
        assert_int_equal(columns_count(c, &by_purpose, 0), purpose.records);
    }
}

static void assert_owned(const struct model *m, const struct columns *c, uint64_t owner) {
    size_t count = 0;
    const uint32_t *ids = columns_owned(c, owner, 0, &count);
    uint64_t below = 0;
    size_t i = 0;
    for (uint64_t id = 1; id < RECORDS; id++) {
        if (m->metas[id].owner == owner) {
            size_t above = 0;
            assert_true(i < count && ids[i++] == id);
            assert_true(columns_owned(c, owner, id - 1, &above) == ids + i - 1);
            assert_int_equal(above, count - i + 1);
            assert_int_equal(columns_newest(c, owner, id), below);
            below = id;
        }
    }
    assert_int_equal(i, count);
    assert_int_equal(columns_newest(c, owner, 0), below);
}

/* Everybody's at once is all there is, whatever order they came in. */
static void assert_owners_add_up(const struct model *m) {
    struct selection all CLEANUP(selection_done);
    selection_init(&all);
    for (uint64_t owner = OWNERS; owner > 0; owner--) {
        struct vault_query query = {.owner = owner};
        ASSERT_OK(columns_select(&m->c, &query, 0, true, &all));
    }
    uint64_t last = 0;
    for (uint64_t id = 1; id < RECORDS; id++) {
        if (m->metas[id].owner != 0) {
            last = selection_next(&all, last);
            assert_int_equal(last, id);
        }
    }
    assert_int_equal(selection_next(&all, last), 0);
    assert_int_equal(all.records, m->c.alive);
}

static void assert_segments_come_back(const struct model *m) {
    struct columns again;
    columns_init(&again);
    for (uint32_t i = 0; i < RECORDS >> SEGMENT_BITS; i++) {
        struct buf bytes CLEANUP(buf_done);
        buf_init(&bytes, 1 << 20);
        ASSERT_OK(segment_write(m->c.segments[i], &bytes));
        ASSERT_OK(segment_read(&again, OWNERS + 1, i, buf_slice(&bytes)));
        struct columns cut;
        columns_init(&cut);
        for (size_t len = 0; len < bytes.len; len += 1 + bytes.len / 50) {
            struct status s = segment_read(&cut, OWNERS + 1, i, slice_of(bytes.ptr, len));
            assert_true(!failed(s) || s.code == E_VAULT_CORRUPT);
            columns_done(&cut);
        }
    }
    assert_rows(m, &again);
    assert_finds(m, &again);
    columns_done(&again);
}

static void assert_deltas_come_back(const struct model *m) {
    struct columns again;
    columns_init(&again);
    ASSERT_OK(delta_replay(&again, OWNERS + 1, 1, buf_slice(&m->deltas)));
    assert_rows(m, &again);
    columns_done(&again);
}

static void rows_planes_and_bytes_agree(void **state) {
    (void)state;
    static struct model m;
    m = (struct model){.metas = {{.owner = 0}}};
    columns_init(&m.c);
    buf_init(&m.deltas, 16 << 20);
    for (uint64_t id = 1; id < RECORDS; id++) {
        put(&m, id);
    }
    assert_segments_come_back(&m);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t what = dice(4);
        what == 0 ? drop(&m) : what == 1 ? put_some(&m) : change(&m);
    }
    assert_rows(&m, &m.c);
    assert_finds(&m, &m.c);
    for (uint64_t owner = 1; owner <= OWNERS + 1; owner++) {
        assert_owned(&m, &m.c, owner);
    }
    assert_owners_add_up(&m);
    assert_segments_come_back(&m);
    assert_deltas_come_back(&m);
    buf_done(&m.deltas);
    columns_done(&m.c);
}

static void selections_keep_their_form(void **state) {
    (void)state;
    static const uint32_t counts[] = {0, 1, 2, 64, 511, 512, 513, 4095, 4096};
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        struct selection one CLEANUP(selection_done);
        struct selection two CLEANUP(selection_done);
        struct buf bytes CLEANUP(buf_done);
        selection_init(&one);
        selection_init(&two);
        buf_init(&bytes, 1 << 16);
        uint64_t base = (uint64_t)7 << SEGMENT_BITS;
        ASSERT_OK(selection_add(&one, 5));
        for (uint32_t k = 0; k < counts[i]; k++) {
            ASSERT_OK(selection_add(&one, base + k * (SEGMENT_RECORDS / counts[i])));
        }
        ASSERT_OK(selection_write(&one, &bytes));
        struct slice rest = buf_slice(&bytes);
        ASSERT_OK(selection_read(&rest, &two));
        assert_int_equal(rest.len, 0);
        assert_int_equal(two.records, 1 + counts[i]);
        for (uint64_t a = 0, b = 0;;) {
            a = selection_next(&one, a);
            b = selection_next(&two, b);
            assert_int_equal(a, b);
            if (a == 0) {
                break;
            }
        }
        uint64_t last = selection_last(&two);
        selection_remove(&two, last);
        selection_remove(&two, last);
        assert_int_equal(two.records, counts[i]);
        assert_true(selection_last(&two) < last);
    }
}

static void a_selection_as_documented(void **state) {
    (void)state;
    /* Records 3 and 4 of segment 0, and 4095 of segment 2 (docs/FORMATS.md, "Columns"). */
    static const uint8_t bytes[] = {2, 0, 2, 3, 0, 1, 1, 0xff, 0x1f};
    struct selection which CLEANUP(selection_done);
    struct buf again CLEANUP(buf_done);
    selection_init(&which);
    buf_init(&again, 64);
    struct slice rest = slice_of(bytes, sizeof bytes);
    ASSERT_OK(selection_read(&rest, &which));
    assert_int_equal(selection_next(&which, 0), 3);
    assert_int_equal(selection_next(&which, 3), 4);
    assert_int_equal(selection_next(&which, 4), 3 * SEGMENT_RECORDS - 1);
    ASSERT_OK(selection_write(&which, &again));
    assert_true(slice_eq(buf_slice(&again), slice_of(bytes, sizeof bytes)));
}

static void what_is_no_selection_is_refused(void **state) {
    (void)state;
    static const struct slice bad[] = {
        SLICE_INIT(""),                                         /* nothing */
        SLICE_INIT("\x01\x00\x02\x03"),                         /* fewer places than said */
        SLICE_INIT("\x01\x00\x01\xff\x20"),                     /* a place past the segment */
        SLICE_INIT("\x01\xff\xff\xff\x0f\x01\x00"),             /* a segment past the last */
        SLICE_INIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), /* more than 64 bits */
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct selection which CLEANUP(selection_done);
        selection_init(&which);
        struct slice rest = bad[i];
        ASSERT_IS(selection_read(&rest, &which), E_VAULT_CORRUPT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_planes_and_bytes_agree),
        cmocka_unit_test(selections_keep_their_form),
        cmocka_unit_test(a_selection_as_documented),
        cmocka_unit_test(what_is_no_selection_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

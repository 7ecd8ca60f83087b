/* ledger: trees of every size to a thousand against the definition, and proofs that must fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "ledger/merkle.h"
#include "ledger/tile.h"
#include "vectors.h"

enum { SIZE_MAX_TESTED = 1000 };

static struct seal_hash leaves[SIZE_MAX_TESTED];
static struct seal_hash roots[SIZE_MAX_TESTED + 1];

/* RFC 9162, 2.1.1, word for word; the recursion that the engine does not have. */
static struct seal_hash naive(size_t first, size_t count) {
    if (count == 0) {
        return seal_sha256(slice_of(NULL, 0));
    }
    if (count == 1) {
        return leaves[first];
    }
    size_t k = 1;
    while (k * 2 < count) {
        k *= 2;
    }
    struct seal_hash left = naive(first, k);
    struct seal_hash right = naive(first + k, count - k);
    return merkle_node_hash(&left, &right);
}

static struct status naive_node(void *self, unsigned level, uint64_t index,
                                struct seal_hash *ret_hash) {
    (void)self;
    *ret_hash = naive((size_t)(index << level), (size_t)1 << level);
    return STATUS_OK;
}

/* Node hashes are asked for again and again: kept. */
static struct seal_hash kept[10][SIZE_MAX_TESTED];
static struct status kept_node(void *self, unsigned level, uint64_t index,
                               struct seal_hash *ret_hash) {
    (void)self;
    *ret_hash = kept[level][index];
    return STATUS_OK;
}

static const struct merkle_source source = {.node = kept_node};

static int start(void **state) {
    (void)state;
    for (size_t i = 0; i < SIZE_MAX_TESTED; i++) {
        uint8_t entry[4];
        bytes_put_be32(entry, (uint32_t)i);
        leaves[i] = merkle_leaf_hash(slice_of(entry, sizeof entry));
    }
    for (unsigned level = 0; level < 10; level++) {
        for (uint64_t i = 0; (i + 1) << level <= SIZE_MAX_TESTED; i++) {
            if (failed(naive_node(NULL, level, i, &kept[level][i]))) {
                return 1;
            }
        }
    }
    return failed(seal_init());
}

static void test_spec_roots(void **state) {
    (void)state;
    static const uint8_t data[8][16] = {"",         "\x00", "\x10",     "\x20\x21",
                                        "\x30\x31", "@ABC", "PQRSTUVW", "`abcdefghijklmno"};
    static const size_t lens[8] = {0, 1, 1, 2, 2, 4, 8, 16};
    struct merkle_edge edge = {0};
    for (size_t n = 0; n <= 8; n++) {
        char name[] = "tree.0";
        struct buf want CLEANUP(buf_done);
        buf_init(&want, 64);
        name[5] = (char)('0' + n);
        vector_get("ledger.txt", name, &want);
        struct seal_hash root = merkle_edge_root(&edge);
        assert_memory_equal(root.bytes, want.ptr, 32);
        if (n < 8) {
            merkle_edge_add(&edge, merkle_leaf_hash(slice_of(data[n], lens[n])));
        }
    }
}

static void test_roots_of_every_size(void **state) {
    (void)state;
    struct merkle_edge edge = {0};
    struct merkle_edge again;
    for (size_t n = 0; n <= SIZE_MAX_TESTED; n++) {
        roots[n] = naive(0, n);
        struct seal_hash root = merkle_edge_root(&edge);
        assert_memory_equal(&root, &roots[n], sizeof root);
        assert_int_equal(merkle_edge_of(&source, n, &again).code, OK);
        assert_int_equal(again.size, n);
        root = merkle_edge_root(&again);
        assert_memory_equal(&root, &roots[n], sizeof root);
        if (n < SIZE_MAX_TESTED) {
            merkle_edge_add(&edge, leaves[n]);
        }
    }
}

static void test_inclusion_in_every_size(void **state) {
    (void)state;
    struct merkle_path path;
    for (uint64_t n = 1; n <= SIZE_MAX_TESTED; n++) {
        /* Every leaf of small trees; of large ones the ends and a stride. */
        uint64_t step = n <= 130 ? 1 : 37;
        for (uint64_t i = 0; i < n; i += i + step < n || i == n - 1 ? step : n - 1 - i) {
            assert_int_equal(merkle_prove_inclusion(&source, i, n, &path).code, OK);
            assert_int_equal(merkle_verify_inclusion(leaves[i], i, n, &path, &roots[n]).code, OK);
        }
    }
}

static void test_consistency_of_every_size(void **state) {
    (void)state;
    struct merkle_path path;
    for (uint64_t n = 1; n <= SIZE_MAX_TESTED; n++) {
        uint64_t step = n <= 130 ? 1 : 41;
        for (uint64_t m = 1; m <= n; m += m + step <= n || m == n ? step : n - m) {
            assert_int_equal(merkle_prove_consistency(&source, m, n, &path).code, OK);
            assert_int_equal(merkle_verify_consistency(m, &roots[m], n, &roots[n], &path).code, OK);
        }
    }
}

static void expect_no_inclusion(uint64_t i, uint64_t n, const struct merkle_path *path) {
    struct status s = merkle_verify_inclusion(leaves[i], i, n, path, &roots[n]);
    assert_int_equal(s.code, E_PROOF_WRONG);
}

static void test_mutated_inclusion_fails(void **state) {
    (void)state;
    struct merkle_path path;
    for (uint64_t n = 2; n <= 300; n = n * 3 / 2 + 1) {
        for (uint64_t i = 0; i < n; i += 1 + n / 20) {
            assert_int_equal(merkle_prove_inclusion(&source, i, n, &path).code, OK);
            for (size_t k = 0; k < path.count; k++) {
                path.hashes[k].bytes[i % 32] ^= 1;
                expect_no_inclusion(i, n, &path);
                path.hashes[k].bytes[i % 32] ^= 1;
            }
            path.count--;
            expect_no_inclusion(i, n, &path);
            path.count += 2;
            path.hashes[path.count - 1] = leaves[0];
            expect_no_inclusion(i, n, &path);
            path.count--;
            struct status other =
                merkle_verify_inclusion(leaves[i], (i + 1) % n, n, &path, &roots[n]);
            assert_int_equal(other.code, E_PROOF_WRONG);
            other = merkle_verify_inclusion(leaves[(i + 1) % n], i, n, &path, &roots[n]);
            assert_int_equal(other.code, E_PROOF_WRONG);
            other = merkle_verify_inclusion(leaves[i], i, n, &path, &roots[n - 1]);
            assert_int_equal(other.code, E_PROOF_WRONG);
            assert_int_equal(merkle_verify_inclusion(leaves[i], n, n, &path, &roots[n]).code,
                             E_PROOF_WRONG);
        }
    }
}

static void test_mutated_consistency_fails(void **state) {
    (void)state;
    struct merkle_path path;
    for (uint64_t n = 2; n <= 300; n = n * 3 / 2 + 1) {
        for (uint64_t m = 1; m < n; m += 1 + n / 20) {
            assert_int_equal(merkle_prove_consistency(&source, m, n, &path).code, OK);
            for (size_t k = 0; k < path.count; k++) {
                path.hashes[k].bytes[m % 32] ^= 0x80;
                assert_int_equal(merkle_verify_consistency(m, &roots[m], n, &roots[n], &path).code,
                                 E_PROOF_WRONG);
                path.hashes[k].bytes[m % 32] ^= 0x80;
            }
            struct seal_hash forged = roots[m];
            forged.bytes[0] ^= 1;
            assert_int_equal(merkle_verify_consistency(m, &forged, n, &roots[n], &path).code,
                             E_PROOF_WRONG);
            assert_int_equal(merkle_verify_consistency(m, &roots[m], n, &forged, &path).code,
                             E_PROOF_WRONG);
            path.count--;
            assert_int_equal(merkle_verify_consistency(m, &roots[m], n, &roots[n], &path).code,
                             E_PROOF_WRONG);
            path.count += 2;
            path.hashes[path.count - 1] = leaves[0];
            assert_int_equal(merkle_verify_consistency(m, &roots[m], n, &roots[n], &path).code,
                             E_PROOF_WRONG);
        }
    }
}

static void test_edges_of_consistency(void **state) {
    (void)state;
    struct merkle_path none = {0};
    struct merkle_path one = {.count = 1};
    assert_int_equal(merkle_verify_consistency(0, &roots[0], 7, &roots[7], &none).code, OK);
    assert_int_equal(merkle_verify_consistency(0, &roots[1], 7, &roots[7], &none).code,
                     E_PROOF_WRONG);
    assert_int_equal(merkle_verify_consistency(0, &roots[0], 7, &roots[7], &one).code,
                     E_PROOF_WRONG);
    assert_int_equal(merkle_verify_consistency(7, &roots[7], 7, &roots[7], &none).code, OK);
    assert_int_equal(merkle_verify_consistency(7, &roots[7], 7, &roots[6], &none).code,
                     E_PROOF_WRONG);
    assert_int_equal(merkle_verify_consistency(8, &roots[8], 7, &roots[7], &none).code,
                     E_PROOF_WRONG);
    assert_int_equal(merkle_verify_consistency(4, &roots[4], 7, &roots[7], &none).code,
                     E_PROOF_WRONG);
}

static void test_what_cannot_be_proved(void **state) {
    (void)state;
    struct merkle_path path;
    assert_int_equal(merkle_prove_inclusion(&source, 5, 5, &path).code, E_NUMBER);
    assert_int_equal(merkle_prove_inclusion(&source, 0, UINT64_MAX, &path).code, E_NUMBER);
    assert_int_equal(merkle_prove_consistency(&source, 0, 5, &path).code, E_NUMBER);
    assert_int_equal(merkle_prove_consistency(&source, 6, 5, &path).code, E_NUMBER);
}

static void test_paths_in_lists(void **state) {
    (void)state;
    struct merkle_path path;
    for (size_t n = 1; n < 40; n++) {
        struct seal_hash root = merkle_root_of(leaves, n);
        for (size_t i = 0; i < n; i++) {
            merkle_path_in(leaves, n, i, &path);
            assert_int_equal(merkle_verify_inclusion(leaves[i], i, n, &path, &root).code, OK);
        }
    }
}

/* The example in the text of tlog-tiles. */
static void test_tiles_of_the_specification(void **state) {
    (void)state;
    char path[TILE_PATH_MAX];
    tile_path(0, 1234067, TILE_WIDTH, path);
    assert_string_equal(path, "tile/0/x001/x234/067");
    tile_path(TILE_ENTRIES, 0, 17, path);
    assert_string_equal(path, "tile/entries/000.p/17");
    tile_path(2, 999, 255, path);
    assert_string_equal(path, "tile/2/999.p/255");
    tile_path(63, UINT64_MAX, 1, path);
    assert_string_equal(path, "tile/63/x018/x446/x744/x073/x709/x551/615.p/1");
    assert_int_equal(tile_hashes_at(0, 70000) / TILE_WIDTH, 273);
    assert_int_equal(tile_partial_width(0, 70000), 112);
    assert_int_equal(tile_hashes_at(1, 70000) / TILE_WIDTH, 1);
    assert_int_equal(tile_partial_width(1, 70000), 17);
    assert_int_equal(tile_partial_width(2, 70000), 1);
    assert_int_equal(tile_hashes_at(3, 70000), 0);
    assert_int_equal(tile_partial_width(1, 256), 1);
    assert_int_equal(tile_partial_width(0, 256), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spec_roots),
        cmocka_unit_test(test_roots_of_every_size),
        cmocka_unit_test(test_inclusion_in_every_size),
        cmocka_unit_test(test_consistency_of_every_size),
        cmocka_unit_test(test_mutated_inclusion_fails),
        cmocka_unit_test(test_mutated_consistency_fails),
        cmocka_unit_test(test_edges_of_consistency),
        cmocka_unit_test(test_what_cannot_be_proved),
        cmocka_unit_test(test_paths_in_lists),
        cmocka_unit_test(test_tiles_of_the_specification),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}

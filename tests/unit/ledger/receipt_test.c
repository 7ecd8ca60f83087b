/* ledger: a receipt convinces somebody who has nothing but it and the log's key; a mended one does
 * not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "ledger/receipt.h"

enum { LEAVES = 13, MINE = 5 };

static struct seal_signing_key key;
static struct note_vkey vkey;
static struct opening_item item;
static uint8_t entry[LEAF_LEN];
static struct buf checkpoint;
static struct merkle_path path;

static int start(void **state) {
    (void)state;
    static const uint8_t content[] = {FIELD_OUTCOME, 0, 4, 'd', 'o', 'n', 'e'};
    struct seal_hash hashes[LEAVES];
    struct seal_key seed = {{9}};
    struct buf text CLEANUP(buf_done);
    if (failed(seal_init())) {
        return 1;
    }
    key = seal_signing_key_from_seed(&seed);
    item = (struct opening_item){.salt = leaf_salt_random(),
                                 .content = slice_of(content, sizeof content)};
    struct leaf leaf = {.kind = LEAF_ERASURE_DONE, .hour = 498000};
    leaf.person = leaf_commit(&item);
    leaf.auditor = leaf_commit_nothing();
    leaf_put(&leaf, entry);
    for (size_t i = 0; i < LEAVES; i++) {
        seal_random(hashes[i].bytes, sizeof hashes[i].bytes);
    }
    hashes[MINE] = merkle_leaf_hash(slice_of(entry, sizeof entry));
    struct checkpoint head = {.origin = SLICE("ward.example/log"),
                              .size = LEAVES,
                              .root = merkle_root_of(hashes, LEAVES)};
    merkle_path_in(hashes, LEAVES, MINE, &path);
    buf_init(&text, 4096);
    buf_init(&checkpoint, 4096);
    return failed(note_vkey_make(head.origin, NOTE_ED25519, key.public_key, &vkey)) ||
           failed(checkpoint_print(&head, &text)) ||
           failed(note_sign(buf_slice(&text), head.origin, &key, &checkpoint));
}

static int finish(void **state) {
    (void)state;
    buf_done(&checkpoint);
    return 0;
}

static void make_receipt(struct buf *out) {
    struct buf opening CLEANUP(buf_done);
    struct buf extra CLEANUP(buf_done);
    buf_init(&opening, OPENING_MAX);
    buf_init(&extra, PROOF_EXTRA_MAX);
    buf_init(out, PROOF_MAX);
    assert_int_equal(opening_write(OPENING_PERSON, &item, 1, 0, &opening).code, OK);
    struct slice openings[] = {buf_slice(&opening)};
    assert_int_equal(receipt_extra(entry, openings, 1, &extra).code, OK);
    assert_int_equal(
        tlog_proof_write(buf_slice(&extra), MINE, &path, buf_slice(&checkpoint), out).code, OK);
}

static enum error_code verify(struct slice file, const struct note_vkey *log,
                              struct receipt *receipt) {
    struct buf scratch CLEANUP(buf_done);
    struct checkpoint head;
    buf_init(&scratch, PROOF_EXTRA_MAX);
    return receipt_verify(file, log, &scratch, receipt, &head).code;
}

static void test_a_receipt_convinces(void **state) {
    (void)state;
    struct buf file CLEANUP(buf_done);
    struct buf scratch CLEANUP(buf_done);
    struct receipt receipt;
    struct checkpoint head;
    make_receipt(&file);
    buf_init(&scratch, PROOF_EXTRA_MAX);
    assert_int_equal(receipt_verify(buf_slice(&file), &vkey, &scratch, &receipt, &head).code, OK);
    assert_int_equal(receipt.leaf.kind, LEAF_ERASURE_DONE);
    assert_int_equal(receipt.proof.index, MINE);
    assert_int_equal(head.size, LEAVES);
    assert_int_equal(receipt.count, 1);
    assert_true(slice_eq(receipt.openings[0].content, item.content));
    assert_true(slice_starts(buf_slice(&file), SLICE("c2sp.org/tlog-proof@v1\nextra ")));
}

static void test_another_logs_key_does_not_verify_it(void **state) {
    (void)state;
    struct buf file CLEANUP(buf_done);
    struct seal_key seed = {{10}};
    struct seal_signing_key other = seal_signing_key_from_seed(&seed);
    struct note_vkey other_vkey;
    struct receipt receipt;
    make_receipt(&file);
    assert_int_equal(
        note_vkey_make(SLICE("ward.example/log"), NOTE_ED25519, other.public_key, &other_vkey).code,
        OK);
    assert_int_equal(verify(buf_slice(&file), &other_vkey, &receipt), E_NOTE_UNSIGNED);
}

static void test_every_changed_byte_is_noticed(void **state) {
    (void)state;
    struct buf file CLEANUP(buf_done);
    struct receipt receipt;
    make_receipt(&file);
    for (size_t i = 0; i < file.len; i++) {
        for (unsigned bit = 0; bit < 8; bit += 3) {
            file.ptr[i] ^= (uint8_t)(1u << bit);
            assert_int_not_equal(verify(buf_slice(&file), &vkey, &receipt), OK);
            file.ptr[i] ^= (uint8_t)(1u << bit);
        }
        assert_int_not_equal(verify(slice_of(file.ptr, i), &vkey, &receipt), OK);
    }
    assert_int_equal(verify(buf_slice(&file), &vkey, &receipt), OK);
}

static void test_malformed_proofs(void **state) {
    (void)state;
#define HASH "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    const char *bad[] = {
        "",
        "c2sp.org/tlog-proof@v1",
        "c2sp.org/tlog-proof@v2\nindex 0\n\nx",
        "c2sp.org/tlog-proof@v1\nextra AA==\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 00\n\nx",
        "c2sp.org/tlog-proof@v1\nindex -1\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 0\n" HASH,
        "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 0\n" HASH "\n" + 1,
    };
    struct tlog_proof proof;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(tlog_proof_read(slice_str(bad[i]), &proof).code, E_PROOF_FORM);
    }
    assert_int_equal(
        tlog_proof_read(SLICE("c2sp.org/tlog-proof@v1\nindex 7\n" HASH HASH "\nnote\n"), &proof)
            .code,
        OK);
    assert_int_equal(proof.index, 7);
    assert_int_equal(proof.path.count, 2);
    assert_null(proof.extra.ptr);
    assert_true(slice_eq(proof.checkpoint, SLICE("note\n")));
}

static void test_the_length_of_a_path_has_a_limit(void **state) {
    (void)state;
    struct tlog_proof proof;
    for (size_t n = MERKLE_PATH_MAX - 1; n <= MERKLE_PATH_MAX + 1; n++) {
        struct buf b CLEANUP(buf_done);
        buf_init(&b, PROOF_MAX);
        assert_int_equal(buf_add_str(&b, "c2sp.org/tlog-proof@v1\nindex 0\n").code, OK);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(buf_add_str(&b, HASH).code, OK);
        }
        assert_int_equal(buf_add_str(&b, "\nnote\n").code, OK);
        assert_int_equal(tlog_proof_read(buf_slice(&b), &proof).code,
                         n <= MERKLE_PATH_MAX ? OK : E_PROOF_FORM);
    }
}

static void test_the_number_of_openings_has_a_limit(void **state) {
    (void)state;
    struct buf opening CLEANUP(buf_done);
    struct slice openings[RECEIPT_OPENINGS_MAX + 1];
    buf_init(&opening, OPENING_MAX);
    assert_int_equal(opening_write(OPENING_PERSON, &item, 1, 0, &opening).code, OK);
    for (size_t n = 0; n <= RECEIPT_OPENINGS_MAX; n++) {
        openings[n] = buf_slice(&opening);
    }
    for (size_t n = RECEIPT_OPENINGS_MAX - 1; n <= RECEIPT_OPENINGS_MAX + 1; n++) {
        struct buf extra CLEANUP(buf_done);
        struct buf file CLEANUP(buf_done);
        struct receipt receipt;
        buf_init(&extra, PROOF_EXTRA_MAX);
        buf_init(&file, PROOF_MAX);
        bool fits = n <= RECEIPT_OPENINGS_MAX;
        assert_int_equal(receipt_extra(entry, openings, n, &extra).code, fits ? OK : E_TOO_LARGE);
        if (fits) {
            assert_int_equal(
                tlog_proof_write(buf_slice(&extra), MINE, &path, buf_slice(&checkpoint), &file)
                    .code,
                OK);
            assert_int_equal(verify(buf_slice(&file), &vkey, &receipt), OK);
            assert_int_equal(receipt.count, n);
        }
    }
}

static void test_a_plain_proof_without_extra(void **state) {
    (void)state;
    struct buf b CLEANUP(buf_done);
    struct tlog_proof proof;
    struct checkpoint head;
    struct receipt receipt;
    struct slice none = {0};
    buf_init(&b, PROOF_MAX);
    assert_int_equal(tlog_proof_write(none, MINE, &path, buf_slice(&checkpoint), &b).code, OK);
    assert_int_equal(tlog_proof_read(buf_slice(&b), &proof).code, OK);
    struct seal_hash leaf_hash = merkle_leaf_hash(slice_of(entry, sizeof entry));
    assert_int_equal(tlog_proof_verify(&proof, leaf_hash, &vkey, &head).code, OK);
    leaf_hash.bytes[5] ^= 4;
    assert_int_equal(tlog_proof_verify(&proof, leaf_hash, &vkey, &head).code, E_PROOF_WRONG);
    assert_int_equal(verify(buf_slice(&b), &vkey, &receipt), E_PROOF_FORM);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_receipt_convinces),
        cmocka_unit_test(test_another_logs_key_does_not_verify_it),
        cmocka_unit_test(test_every_changed_byte_is_noticed),
        cmocka_unit_test(test_malformed_proofs),
        cmocka_unit_test(test_the_length_of_a_path_has_a_limit),
        cmocka_unit_test(test_the_number_of_openings_has_a_limit),
        cmocka_unit_test(test_a_plain_proof_without_extra),
    };
    return cmocka_run_group_tests(tests, start, finish);
}

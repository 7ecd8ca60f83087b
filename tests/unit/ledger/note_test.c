/* ledger: signed notes, checkpoints and cosignatures, among them such as other programs made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "ledger/note.h"
#include "ledger/witness.h"
#include "vectors.h"

#define PETER "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define FOO   "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define SUMDB "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
#define ARCHE                                                                                      \
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/"                                 \
    "PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
#define REMORA "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"

static int start(void **state) {
    (void)state;
    return failed(seal_init());
}

static struct note_vkey vkey(const char *text) {
    struct note_vkey key;
    assert_int_equal(note_vkey_parse(slice_str(text), &key).code, OK);
    return key;
}

static void read_note(const char *file, struct buf *b) {
    buf_init(b, NOTE_MAX);
    vector_file(file, b);
}

static enum error_code check(struct slice bytes, const char *key_text, uint64_t *ret_time_s) {
    struct note note;
    struct note_vkey key = vkey(key_text);
    struct status s = note_parse(bytes, &note);
    return failed(s) ? s.code : note_check(&note, &key, ret_time_s).code;
}

static void test_notes_of_others(void **state) {
    (void)state;
    static const struct {
        const char *file;
        const char *key;
    } rows[] = {{"notes/peter.note", PETER},
                {"notes/foo.note", FOO},
                {"notes/sumdb.note", SUMDB},
                {"notes/arche.note", ARCHE}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf b CLEANUP(buf_done);
        read_note(rows[i].file, &b);
        assert_int_equal(check(buf_slice(&b), rows[i].key, NULL), OK);
        assert_int_equal(check(buf_slice(&b), rows[(i + 1) % 4].key, NULL), E_NOTE_UNSIGNED);
        for (size_t k = 0; k < 40; k++) {
            b.ptr[k] ^= 1;
            assert_int_not_equal(check(buf_slice(&b), rows[i].key, NULL), OK);
            b.ptr[k] ^= 1;
        }
    }
}

/* Wherever the name or the number of the signer was damaged, the key is not what is blamed; and a
 * note that another key signed stays unsigned by this one. */
static void test_a_signer_that_is_misnamed(void **state) {
    (void)state;
    struct buf b CLEANUP(buf_done);
    read_note("notes/peter.note", &b);
    struct slice line = slice_from(buf_slice(&b), 0);
    size_t name = b.len;
    while (memcmp(b.ptr + name, "\xe2\x80\x94 ", 4) != 0) {
        name--;
    }
    name += 4;
    size_t seen = 0;
    for (size_t k = name; k < name + sizeof "PeterNeumann" + 5; k++) {
        uint8_t was = b.ptr[k];
        b.ptr[k] = was == 'x' ? 'y' : 'x';
        bool space = was == ' ';
        enum error_code code = check(line, PETER, NULL);
        assert_int_equal(code, space ? E_NOTE_FORM : E_NOTE_NAME);
        assert_int_equal(check(line, FOO, NULL), space ? E_NOTE_FORM : E_NOTE_UNSIGNED);
        seen += code == E_NOTE_NAME;
        b.ptr[k] = was;
    }
    assert_int_equal(seen, sizeof "PeterNeumann" - 1 + 5);
    assert_int_equal(check(line, PETER, NULL), OK);
}

static void test_a_witness_of_others(void **state) {
    (void)state;
    struct buf b CLEANUP(buf_done);
    uint64_t time_s = 0;
    struct checkpoint head;
    struct note_vkey log = vkey(ARCHE);
    read_note("notes/arche.note", &b);
    assert_int_equal(check(buf_slice(&b), REMORA, &time_s), OK);
    assert_int_equal(time_s, 0x6a122120);
    assert_int_equal(checkpoint_verify(buf_slice(&b), &log, &head).code, OK);
    assert_int_equal(head.size, 1432088532);
    b.ptr[45] ^= 1; /* a digit of the size */
    assert_int_equal(check(buf_slice(&b), REMORA, &time_s), E_SIGNATURE);
    assert_int_equal(checkpoint_verify(buf_slice(&b), &log, &head).code, E_SIGNATURE);
}

/* Ed25519 is deterministic: the published note must come out byte for byte. */
static void test_signing_as_others_do(void **state) {
    (void)state;
    struct buf want CLEANUP(buf_done);
    struct buf got CLEANUP(buf_done);
    struct buf raw CLEANUP(buf_done);
    struct seal_key seed;
    read_note("notes/peter.note", &want);
    buf_init(&got, NOTE_MAX);
    buf_init(&raw, 64);
    assert_int_equal(
        base64_decode(SLICE("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"), &raw).code, OK);
    memcpy(seed.bytes, raw.ptr + 1, sizeof seed.bytes);
    struct seal_signing_key key = seal_signing_key_from_seed(&seed);
    struct slice text = SLICE("If you think cryptography is the answer to your problem,\n"
                              "then you don't know what your problem is.\n");
    assert_int_equal(note_sign(text, SLICE("PeterNeumann"), &key, &got).code, OK);
    assert_true(slice_eq(buf_slice(&got), buf_slice(&want)));
}

static void test_vkeys_round_trip(void **state) {
    (void)state;
    const char *good[] = {PETER, FOO, SUMDB, ARCHE, REMORA};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct buf b CLEANUP(buf_done);
        struct note_vkey key = vkey(good[i]);
        buf_init(&b, 512);
        assert_int_equal(note_vkey_print(&key, &b).code, OK);
        assert_true(slice_eq(buf_slice(&b), slice_str(good[i])));
    }
}

static void test_mangled_vkeys(void **state) {
    (void)state;
    struct note_vkey key;
    char text[] = PETER;
    size_t n = sizeof text - 1;
    for (size_t i = 0; i < n; i++) {
        text[i]++;
        assert_int_equal(note_vkey_parse(slice_str(text), &key).code, E_VKEY);
        text[i]--;
        assert_int_equal(note_vkey_parse(slice_of(text, i), &key).code, E_VKEY);
        assert_true(i == 0 || note_vkey_parse(slice_of(text + i, n - i), &key).code == E_VKEY);
    }
    const char *bad_names[] = {"", "a b", "a+b", "a\xc2\xa0z", "a\xe3\x80\x80", "a\nb", "\x80"};
    for (size_t i = 0; i < ARRAY_LEN(bad_names); i++) {
        assert_int_equal(
            note_vkey_make(slice_str(bad_names[i]), NOTE_ED25519, key.public_key, &key).code,
            E_VKEY);
    }
}

static void test_malformed_notes(void **state) {
    (void)state;
    const char *bad[] = {
        "",
        "\n",
        "text\n",
        "text\n\n",
        "text\n\n\xe2\x80\x94 name AAAAAAAA",
        "text\n\n\xe2\x80\x94 name\n",
        "text\n\n\xe2\x80\x94  AAAAAAAA\n",
        "text\n\n- name AAAAAAAA\n",
        "text\n\n\xe2\x80\x94 name AAAAAAAA\nmore\n",
        "te\txt\n\n\xe2\x80\x94 name AAAAAAAA\n",
        "te\rxt\n\n\xe2\x80\x94 name AAAAAAAA\n",
        "te\xfftxt\n\n\xe2\x80\x94 name AAAAAAAA\n",
        "text\n\n\xe2\x80\x94 na+me AAAAAAAA\n",
    };
    struct note note;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(note_parse(slice_str(bad[i]), &note).code, E_NOTE_FORM);
    }
    struct slice good = SLICE("a\n\nb\n\n\xe2\x80\x94 name AAAAAAAA\n");
    assert_int_equal(note_parse(good, &note).code, OK);
    assert_true(slice_eq(note.text, SLICE("a\n\nb\n")));
}

static void add_lines(struct buf *b, size_t count) {
    assert_int_equal(buf_add_str(b, "text\n\n").code, OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(buf_add_str(b, "\xe2\x80\x94 name AAAAAAAA\n").code, OK);
    }
}

static void test_the_number_of_signatures_has_a_limit(void **state) {
    (void)state;
    struct note note;
    for (size_t n = NOTE_SIGNATURES_MAX - 1; n <= NOTE_SIGNATURES_MAX + 1; n++) {
        struct buf b CLEANUP(buf_done);
        buf_init(&b, NOTE_MAX);
        add_lines(&b, n);
        assert_int_equal(note_parse(buf_slice(&b), &note).code,
                         n <= NOTE_SIGNATURES_MAX ? OK : E_NOTE_FORM);
    }
}

static void test_the_length_of_a_note_has_a_limit(void **state) {
    (void)state;
    static const struct slice tail = SLICE_INIT("\n\n\xe2\x80\x94 name AAAAAAAA\n");
    struct note note;
    for (size_t n = NOTE_MAX - 1; n <= NOTE_MAX + 1; n++) {
        struct buf b CLEANUP(buf_done);
        buf_init(&b, NOTE_MAX + 1);
        while (b.len < n - tail.len) {
            assert_int_equal(buf_add_byte(&b, 'x').code, OK);
        }
        assert_int_equal(buf_add(&b, tail).code, OK);
        assert_int_equal(note_parse(buf_slice(&b), &note).code, n <= NOTE_MAX ? OK : E_NOTE_FORM);
    }
}

static void test_malformed_checkpoints(void **state) {
    (void)state;
#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    const char *bad[] = {
        "",
        "origin\n",
        "origin\n5\n",
        "\n5\n" ROOT,
        "origin\n05\n" ROOT,
        "origin\n-5\n" ROOT,
        "origin\n9223372036854775808\n" ROOT,
        "origin\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n",
        "origin\n5\n" ROOT "\n",
        "origin\n5\n" ROOT "extension\n\n",
        "origin\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
    };
    struct checkpoint head;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(checkpoint_parse(slice_str(bad[i]), &head).code, E_CHECKPOINT_FORM);
    }
    assert_int_equal(checkpoint_parse(SLICE("an origin\n0\n" ROOT "ext\n"), &head).code, OK);
    assert_true(slice_eq(head.origin, SLICE("an origin")));
    assert_int_equal(checkpoint_parse(SLICE("o\n9223372036854775807\n" ROOT), &head).code, OK);
}

static struct seal_signing_key key_of(uint8_t byte) {
    struct seal_key seed;
    memset(seed.bytes, byte, sizeof seed.bytes);
    return seal_signing_key_from_seed(&seed);
}

static struct note_vkey vkey_of(struct slice name, uint8_t type,
                                const struct seal_signing_key *key) {
    struct note_vkey v;
    assert_int_equal(note_vkey_make(name, type, key->public_key, &v).code, OK);
    return v;
}

static const struct slice head_text =
    SLICE_INIT("log.example\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n");

static void test_another_logs_checkpoint(void **state) {
    (void)state;
    struct buf b CLEANUP(buf_done);
    struct seal_signing_key key = key_of(1);
    struct note_vkey other = vkey_of(SLICE("other.example"), NOTE_ED25519, &key);
    struct checkpoint head;
    buf_init(&b, NOTE_MAX);
    assert_int_equal(note_sign(head_text, SLICE("other.example"), &key, &b).code, OK);
    assert_int_equal(checkpoint_verify(buf_slice(&b), &other, &head).code, E_CHECKPOINT_ORIGIN);
}

static void test_merging_cosignatures(void **state) {
    (void)state;
    struct buf signed_head CLEANUP(buf_done);
    struct buf answer CLEANUP(buf_done);
    struct buf merged CLEANUP(buf_done);
    struct buf again CLEANUP(buf_done);
    struct seal_signing_key log = key_of(1);
    struct seal_signing_key w1 = key_of(2);
    struct seal_signing_key w2 = key_of(3);
    struct note_vkey known[] = {vkey_of(SLICE("w1.example"), NOTE_COSIGNATURE, &w1),
                                vkey_of(SLICE("w2.example"), NOTE_COSIGNATURE, &w2)};
    size_t added = 9;
    buf_init(&signed_head, NOTE_MAX);
    buf_init(&answer, NOTE_MAX);
    buf_init(&merged, NOTE_MAX);
    buf_init(&again, NOTE_MAX);
    assert_int_equal(note_sign(head_text, SLICE("log.example"), &log, &signed_head).code, OK);
    assert_int_equal(note_cosign(head_text, SLICE("w1.example"), 1700000000, &w1, &answer).code,
                     OK);
    assert_int_equal(note_cosign(head_text, SLICE("stranger"), 1700000000, &w2, &answer).code, OK);
    assert_int_equal(
        witness_merge(buf_slice(&signed_head), buf_slice(&answer), known, 2, &merged, &added).code,
        OK);
    assert_int_equal(added, 1);
    struct note note;
    uint64_t time_s = 0;
    assert_int_equal(note_parse(buf_slice(&merged), &note).code, OK);
    assert_int_equal(note.count, 2);
    assert_int_equal(note_check(&note, &known[0], &time_s).code, OK);
    assert_int_equal(time_s, 1700000000);
    assert_int_equal(note_check(&note, &known[1], &time_s).code, E_NOTE_UNSIGNED);
    /* A later word of the same witness takes the place of the earlier. */
    buf_clear(&answer);
    assert_int_equal(note_cosign(head_text, SLICE("w1.example"), 1700000060, &w1, &answer).code,
                     OK);
    assert_int_equal(
        witness_merge(buf_slice(&merged), buf_slice(&answer), known, 2, &again, &added).code, OK);
    assert_int_equal(note_parse(buf_slice(&again), &note).code, OK);
    assert_int_equal(note.count, 2);
    assert_int_equal(note_check(&note, &known[0], &time_s).code, OK);
    assert_int_equal(time_s, 1700000060);
}

static void test_forged_cosignatures(void **state) {
    (void)state;
    struct buf signed_head CLEANUP(buf_done);
    struct buf answer CLEANUP(buf_done);
    struct buf merged CLEANUP(buf_done);
    struct seal_signing_key log = key_of(1);
    struct seal_signing_key w1 = key_of(2);
    struct note_vkey known = vkey_of(SLICE("w1.example"), NOTE_COSIGNATURE, &w1);
    size_t added = 0;
    buf_init(&signed_head, NOTE_MAX);
    buf_init(&answer, NOTE_MAX);
    buf_init(&merged, NOTE_MAX);
    assert_int_equal(note_sign(head_text, SLICE("log.example"), &log, &signed_head).code, OK);
    struct slice other = SLICE("log.example\n6\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n");
    assert_int_equal(note_cosign(other, SLICE("w1.example"), 1700000000, &w1, &answer).code, OK);
    assert_int_equal(
        witness_merge(buf_slice(&signed_head), buf_slice(&answer), &known, 1, &merged, &added).code,
        E_SIGNATURE);
}

static void test_the_number_of_witnesses_has_a_limit(void **state) {
    (void)state;
    struct buf signed_head CLEANUP(buf_done);
    struct buf answer CLEANUP(buf_done);
    struct seal_signing_key log = key_of(1);
    struct seal_signing_key w1 = key_of(2);
    struct note_vkey known[WITNESSES_MAX + 1];
    size_t added = 0;
    for (size_t i = 0; i <= WITNESSES_MAX; i++) {
        struct seal_signing_key other = key_of((uint8_t)(100 + i));
        known[i] = vkey_of(SLICE("w.example"), NOTE_COSIGNATURE, &other);
    }
    known[0] = vkey_of(SLICE("w1.example"), NOTE_COSIGNATURE, &w1);
    buf_init(&signed_head, NOTE_MAX);
    buf_init(&answer, NOTE_MAX);
    assert_int_equal(note_sign(head_text, SLICE("log.example"), &log, &signed_head).code, OK);
    assert_int_equal(note_cosign(head_text, SLICE("w1.example"), 1700000000, &w1, &answer).code,
                     OK);
    for (size_t n = WITNESSES_MAX - 1; n <= WITNESSES_MAX + 1; n++) {
        struct buf merged CLEANUP(buf_done);
        buf_init(&merged, NOTE_MAX);
        assert_int_equal(
            witness_merge(buf_slice(&signed_head), buf_slice(&answer), known, n, &merged, &added)
                .code,
            n <= WITNESSES_MAX ? OK : E_TOO_LARGE);
    }
}

static void test_what_a_witness_is_asked(void **state) {
    (void)state;
    struct buf b CLEANUP(buf_done);
    struct merkle_path path = {.count = 1};
    buf_init(&b, NOTE_MAX);
    assert_int_equal(witness_request(20852014, &path, SLICE("checkpoint\n"), &b).code, OK);
    assert_true(
        slice_eq(buf_slice(&b), SLICE("old 20852014\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
                                      "\ncheckpoint\n")));
    assert_int_equal(witness_request(0, &path, SLICE("c\n"), &b).code, E_PROOF_FORM);
    path.count = 64;
    assert_int_equal(witness_request(5, &path, SLICE("c\n"), &b).code, E_PROOF_FORM);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notes_of_others),
        cmocka_unit_test(test_a_signer_that_is_misnamed),
        cmocka_unit_test(test_a_witness_of_others),
        cmocka_unit_test(test_signing_as_others_do),
        cmocka_unit_test(test_vkeys_round_trip),
        cmocka_unit_test(test_mangled_vkeys),
        cmocka_unit_test(test_malformed_notes),
        cmocka_unit_test(test_the_number_of_signatures_has_a_limit),
        cmocka_unit_test(test_the_length_of_a_note_has_a_limit),
        cmocka_unit_test(test_malformed_checkpoints),
        cmocka_unit_test(test_another_logs_checkpoint),
        cmocka_unit_test(test_merging_cosignatures),
        cmocka_unit_test(test_forged_cosignatures),
        cmocka_unit_test(test_the_number_of_witnesses_has_a_limit),
        cmocka_unit_test(test_what_a_witness_is_asked),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}

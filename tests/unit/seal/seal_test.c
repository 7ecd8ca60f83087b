/* seal: hashes, signatures, passwords, root keys; against vectors of other code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "seal/root.h"
#include "seal/seal.h"
#include "vectors.h"

static int start(void **state) {
    (void)state;
    return failed(seal_init());
}

static void vector(const char *name, struct buf *b) {
    buf_init(b, 1 << 16);
    vector_get("seal.txt", name, b);
}

static void test_sha256(void **state) {
    (void)state;
    uint8_t want[32];
    struct slice hex = SLICE("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(hex_decode(hex, want, sizeof want).code, OK);
    struct seal_hash sum = seal_sha256(SLICE("abc"));
    assert_memory_equal(sum.bytes, want, 32);
    sum = seal_sha256_parts('a', SLICE("b"), SLICE("c"));
    assert_memory_equal(sum.bytes, want, 32);
}

static void test_keyed_hash_and_token(void **state) {
    (void)state;
    struct buf key CLEANUP(buf_done);
    struct buf plain CLEANUP(buf_done);
    struct buf want CLEANUP(buf_done);
    struct buf token CLEANUP(buf_done);
    vector("key", &key);
    vector("plain", &plain);
    vector("keyed.hash", &want);
    vector("token.hash", &token);
    struct seal_key k;
    memcpy(k.bytes, key.ptr, sizeof k.bytes);
    struct seal_hash sum = seal_keyed_hash(&k, SLICE("ward test"), buf_slice(&plain));
    assert_memory_equal(sum.bytes, want.ptr, 32);
    sum = seal_token_hash(SLICE("a token"));
    assert_memory_equal(sum.bytes, token.ptr, 32);
    struct seal_hash other = seal_keyed_hash(&k, SLICE("ward tes"), SLICE("t"));
    struct seal_hash same_bytes = seal_keyed_hash(&k, SLICE("ward test"), SLICE(""));
    assert_false(seal_hash_equal(&other, &same_bytes));
}

/* RFC 8032, 7.1, test 2. */
static void test_ed25519(void **state) {
    (void)state;
    struct seal_key seed;
    uint8_t public_key[32];
    uint8_t want[64];
    uint8_t got[64];
    assert_int_equal(
        hex_decode(SLICE("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"),
                   seed.bytes, 32)
            .code,
        OK);
    assert_int_equal(
        hex_decode(SLICE("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
                   public_key, 32)
            .code,
        OK);
    assert_int_equal(
        hex_decode(SLICE("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                         "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
                   want, 64)
            .code,
        OK);
    struct seal_signing_key key = seal_signing_key_from_seed(&seed);
    assert_memory_equal(key.public_key, public_key, 32);
    seal_sign(&key, SLICE("\x72"), got);
    assert_memory_equal(got, want, 64);
    assert_int_equal(seal_verify(public_key, SLICE("\x72"), got).code, OK);
    assert_int_equal(seal_verify(public_key, SLICE("\x73"), got).code, E_SIGNATURE);
    got[3] ^= 1;
    assert_int_equal(seal_verify(public_key, SLICE("\x72"), got).code, E_SIGNATURE);
}

static void test_passwords(void **state) {
    (void)state;
    char text[SEAL_PASSWORD_LEN];
    bool stale = true;
    assert_int_equal(seal_password_hash(SLICE("correct horse"), text).code, OK);
    assert_memory_equal(text, "$argon2id$v=19$m=32768,t=3,p=1$", 31);
    assert_int_equal(seal_password_verify(text, SLICE("correct horse"), &stale).code, OK);
    assert_false(stale);
    assert_int_equal(seal_password_verify(text, SLICE("correct horsf"), &stale).code, E_PASSWORD);
    assert_int_equal(seal_password_verify(text, SLICE(""), &stale).code, E_PASSWORD);
    memset(text, 'x', sizeof text);
    assert_int_equal(seal_password_verify(text, SLICE("x"), &stale).code, E_PASSWORD);
    static uint8_t long_one[SEAL_PASSWORD_MAX + 1];
    struct slice most = slice_of(long_one, SEAL_PASSWORD_MAX);
    assert_int_equal(seal_password_hash(most, text).code, OK);
    assert_int_equal(seal_password_hash(slice_of(long_one, sizeof long_one), text).code,
                     E_TOO_LARGE);
}

static void test_random_differs_after_fork(void **state) {
    (void)state;
    uint8_t mine[16];
    uint8_t its[16];
    int pipe_fds[2];
    seal_random(mine, sizeof mine); /* the pool is filled before the fork */
    assert_int_equal(pipe(pipe_fds), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    seal_random(mine, sizeof mine);
    if (child == 0) {
        ssize_t n = write(pipe_fds[1], mine, sizeof mine);
        _exit(n == sizeof mine ? 0 : 1);
    }
    assert_int_equal(read(pipe_fds[0], its, sizeof its), sizeof its);
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_memory_not_equal(mine, its, sizeof mine);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static void test_random_never_repeats(void **state) {
    (void)state;
    enum { N = 20000 };
    static uint64_t seen[N];
    for (size_t i = 0; i < N; i++) {
        seal_random(&seen[i], sizeof seen[i]);
    }
    /* Sorting is not needed to find a broken pool: repeats would be near. */
    for (size_t i = 1; i < N; i++) {
        for (size_t k = i < 200 ? 0 : i - 200; k < i; k++) {
            assert_true(seen[i] != seen[k]);
        }
    }
}

static void write_key_file(const char *path, mode_t mode, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void test_root_key_from_file(void **state) {
    (void)state;
    char path[] = "/tmp/ward-root-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    struct seal_key key;
    const char *hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
    write_key_file(path, 0600, hex);
    assert_int_equal(root_key_from_file(path, &key).code, OK);
    assert_int_equal(key.bytes[31], 0x1f);
    write_key_file(path, 0640, hex);
    assert_int_equal(root_key_from_file(path, &key).code, E_ROOT_KEY_PUBLIC);
    write_key_file(path, 0600, "0001");
    assert_int_equal(root_key_from_file(path, &key).code, E_ROOT_KEY_FORM);
    write_key_file(path, 0600, "exactly thirty-two bytes of a key");
    assert_int_equal(root_key_from_file(path, &key).code, E_ROOT_KEY_FORM);
    write_key_file(path, 0600, "exactly thirty-two bytes of key!");
    assert_int_equal(root_key_from_file(path, &key).code, OK);
    unlink(path);
    assert_int_equal(root_key_from_file(path, &key).code, E_FILE_MISSING);
}

static void test_root_key_from_credential(void **state) {
    (void)state;
    char dir[] = "/tmp/ward-cred-XXXXXX";
    assert_non_null(mkdtemp(dir));
    char path[64];
    strcpy(path, dir);
    strcat(path, "/root");
    write_key_file(path, 0440, "exactly thirty-two bytes of key!");
    struct seal_key key;
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_int_equal(root_key_from_credential("root", &key).code, E_FILE_MISSING);
    setenv("CREDENTIALS_DIRECTORY", dir, 1);
    assert_int_equal(root_key_from_credential("root", &key).code, OK);
    assert_int_equal(root_key_from_credential("../root", &key).code, E_FILE_MISSING);
    unlink(path);
    rmdir(dir);
}

static void test_root_key_from_fd(void **state) {
    (void)state;
    int fds[2];
    struct seal_key key;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "exactly thirty-two bytes of key!", 32), 32);
    close(fds[1]);
    assert_int_equal(root_key_from_fd(fds[0], &key).code, OK);
    assert_int_equal(fcntl(fds[0], F_GETFD), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_keyed_hash_and_token),
        cmocka_unit_test(test_ed25519),
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_random_differs_after_fork),
        cmocka_unit_test(test_random_never_repeats),
        cmocka_unit_test(test_root_key_from_file),
        cmocka_unit_test(test_root_key_from_credential),
        cmocka_unit_test(test_root_key_from_fd),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}

/* Heads and padding: blocks of 512 bytes, numbers in octal, a sum over each head. */
#include "tar.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BLOCK = 512, NAME_MAX_BYTES = 99, SIZE_DIGITS = 11 };

struct status tar_open(struct tar *t, int64_t at_s) {
    int fd = memfd_create("archive", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return FAIL(E_MEMORY);
    }
    *t = (struct tar){.fd = fd, .at_s = at_s};
    return STATUS_OK;
}

struct status tar_add(struct tar *t, struct slice bytes) {
    while (bytes.len > 0) {
        ssize_t n = write(t->fd, bytes.ptr, bytes.len);
        if (n <= 0) {
            return FAIL(E_MEMORY);
        }
        bytes = slice_from(bytes, (size_t)n);
    }
    return STATUS_OK;
}

static struct status add_zeros(struct tar *t, size_t len) {
    static const uint8_t zeros[2 * BLOCK];
    return tar_add(t, slice_of(zeros, len));
}

struct status tar_begin(struct tar *t) {
    t->head = lseek(t->fd, 0, SEEK_CUR);
    return t->head < 0 ? FAIL(E_IO) : add_zeros(t, BLOCK);
}

static void octal(char *to, size_t digits, uint64_t n) {
    for (size_t i = digits; i > 0; i--) {
        to[i - 1] = (char)('0' + (n & 7));
        n >>= 3;
    }
}

static void make_head(char head[BLOCK], struct slice name, uint64_t size, int64_t at_s) {
    unsigned sum = 0;
    memset(head, 0, BLOCK);
    memcpy(head, name.ptr, name.len);
    octal(head + 100, 7, 0600);
    octal(head + 108, 7, 0);
    octal(head + 116, 7, 0);
    octal(head + 124, SIZE_DIGITS, size);
    octal(head + 136, 11, (uint64_t)at_s);
    memset(head + 148, ' ', 8);
    head[156] = '0';
    memcpy(head + 257, "ustar", 6);
    memcpy(head + 263, "00", 2);
    for (size_t i = 0; i < BLOCK; i++) {
        sum += (uint8_t)head[i];
    }
    octal(head + 148, 6, sum);
    head[154] = 0;
}

struct status tar_end(struct tar *t, struct slice name) {
    char head[BLOCK];
    int64_t end = lseek(t->fd, 0, SEEK_CUR);
    if (end < t->head + BLOCK) {
        return FAIL(E_IO);
    }
    uint64_t size = (uint64_t)(end - t->head - BLOCK);
    if (name.len > NAME_MAX_BYTES || size >> (3 * SIZE_DIGITS) != 0) {
        return FAIL(E_TOO_LARGE);
    }
    make_head(head, name, size, t->at_s);
    if (pwrite(t->fd, head, sizeof head, t->head) != (ssize_t)sizeof head) {
        return FAIL(E_IO);
    }
    return add_zeros(t, (BLOCK - size % BLOCK) % BLOCK);
}

struct status tar_seal(struct tar *t, uint64_t *ret_size_bytes) {
    const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    TRY(add_zeros(t, 2 * BLOCK));
    int64_t size = lseek(t->fd, 0, SEEK_CUR);
    if (size < 0 || fcntl(t->fd, F_ADD_SEALS, seals) != 0) {
        return FAIL(E_IO);
    }
    *ret_size_bytes = (uint64_t)size;
    return STATUS_OK;
}

/* The allocator's wrapper. Must never hand out memory for a size that overflowed. */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static _Thread_local uint64_t fail_countdown;
static _Thread_local bool fail_forever;
static _Thread_local uint64_t fail_count;

void mem_fail_at(uint64_t n, bool forever) {
    fail_countdown = n;
    fail_forever = forever;
    fail_count = 0;
}

uint64_t mem_failures(void) {
    return fail_count;
}

static bool must_fail(void) {
    if (fail_countdown == 0) {
        return false;
    }
    if (fail_countdown > 1) {
        fail_countdown--;
        return false;
    }
    fail_countdown = fail_forever ? 1 : 0;
    fail_count++;
    return true;
}

/* The C library keeps small blocks that were freed at hand for each thread, but calloc does not
 * look there. Large blocks come zeroed from the kernel. */
enum { SMALL = 1024 };

void *mem_alloc(size_t size) {
    if (must_fail()) {
        return NULL;
    }
    if (size > SMALL) {
        return calloc(1, size);
    }
    size = size == 0 ? 1 : size;
    void *small = malloc(size);
    return small == NULL ? NULL : memset(small, 0, size);
}

void *mem_lines(size_t size) {
    size_t whole = (size + MEM_LINE - 1) / MEM_LINE * MEM_LINE;
    void *lines = must_fail() || whole < size ? NULL : aligned_alloc(MEM_LINE, whole);
    return lines == NULL ? NULL : memset(lines, 0, whole);
}

void *mem_array(size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        return NULL;
    }
    return mem_alloc(total);
}

void *mem_resize(void *ptr, size_t count, size_t size) {
    size_t total;
    if (must_fail() || __builtin_mul_overflow(count, size, &total)) {
        return NULL;
    }
    return realloc(ptr, total == 0 ? 1 : total);
}

void mem_free(void *ptr) {
    free(ptr);
}

void mem_wipe(void *ptr, size_t len) {
    if (len > 0) {
        explicit_bzero(ptr, len);
    }
}

__attribute__((noinline)) void mem_wipe_stack(void) {
    uint8_t left[64 * 1024];
    mem_wipe(left, sizeof left);
}

bool mem_equal_secret(const void *a, const void *b, size_t len) {
    const volatile uint8_t *x = a;
    const volatile uint8_t *y = b;
    uint8_t different = 0;
    for (size_t i = 0; i < len; i++) {
        different = (uint8_t)(different | (x[i] ^ y[i]));
    }
    return different == 0;
}

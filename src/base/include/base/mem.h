/* Memory: the only door to malloc, with checked sizes, wiping, and a switch that makes the
 * n-th allocation fail for tests. */
#ifndef WARD_BASE_MEM_H
#define WARD_BASE_MEM_H

#include "base/status.h"

/* Zeroed memory, or NULL. Release with mem_free. count * size is checked. */
void *mem_alloc(size_t size);
void *mem_array(size_t count, size_t size);
/* The same, beginning at a line of the processor's cache. */
enum { MEM_LINE = 64 };
void *mem_lines(size_t size);
/* Grows or shrinks; new bytes are not zeroed. On failure NULL, and ptr stays valid. */
void *mem_resize(void *ptr, size_t count, size_t size);
/* Accepts NULL. */
void mem_free(void *ptr);
/* Overwrites secrets in a way that the compiler keeps. */
void mem_wipe(void *ptr, size_t len);
/* What functions that have returned left on this thread's stack, up to 64 KiB deep: for who called
 * a library with what must not stay. */
void mem_wipe_stack(void);
/* Compares in time that depends on len alone. */
bool mem_equal_secret(const void *a, const void *b, size_t len);

/* Tests: let the n-th allocation from now fail (1 is the next; 0 switches it off); with
 * `forever`, all after it too. mem_failures tells how many were made to fail since. */
void mem_fail_at(uint64_t n, bool forever);
uint64_t mem_failures(void);

#endif

/* What a process frees, it forgets. Compiled into those that see what people say and hand it to
 * libraries that keep copies of their own: answers and bodies in the HTTP library, mails in the
 * mail client and in TLS. The C library lets a program define free and realloc; its own remain
 * under other names. Never under a sanitizer, which has an allocator of its own. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

extern void __libc_free(void *ptr);

void free(void *ptr) {
    int before = errno;
    if (ptr != NULL) {
        explicit_bzero(ptr, malloc_usable_size(ptr));
    }
    __libc_free(ptr);
    errno = before;
}

/* Where the place must change, the old one is wiped as well. */
void *realloc(void *ptr, size_t size) {
    size_t had = ptr == NULL ? 0 : malloc_usable_size(ptr);
    if (ptr != NULL && size == 0) {
        free(ptr);
        return NULL;
    }
    if (size <= had && size > had / 2) {
        return ptr;
    }
    void *moved = malloc(size);
    if (moved != NULL && ptr != NULL) {
        memcpy(moved, ptr, had < size ? had : size);
        free(ptr);
    }
    return moved;
}

/* Test vectors: files of lines "name = hex", made by tests/vectors/make.py with other code than
 * Ward's. */
#ifndef WARD_TESTS_VECTORS_H
#define WARD_TESTS_VECTORS_H

#include "base/buf.h"

/* The bytes of one vector at the end of `out`; ends the test program if there is none. */
void vector_get(const char *file, const char *name, struct buf *out);
/* A file of tests/vectors as it is. */
void vector_file(const char *file, struct buf *out);

#endif

/* A tar file (POSIX ustar) in a memfd, written from front to back. How long a file in it is need
 * not be known before: its head is filled in when it ends. */
#ifndef WARD_GUARD_TAR_H
#define WARD_GUARD_TAR_H

#include "base/slice.h"
#include "base/status.h"

struct tar {
    int fd;       /* the caller's: to write a file's bytes to, and to close */
    int64_t at_s; /* of its files, in unix seconds */
    int64_t head; /* of the file that is being written */
};

/* E_MEMORY. */
MUST_USE struct status tar_open(struct tar *t, int64_t at_s);
MUST_USE struct status tar_begin(struct tar *t);
/* Of the file that was begun. E_MEMORY. */
MUST_USE struct status tar_add(struct tar *t, struct slice bytes);
/* E_TOO_LARGE where the name or the file is longer than the form allows. */
MUST_USE struct status tar_end(struct tar *t, struct slice name);
/* The end of the last file; nobody can change it any more. */
MUST_USE struct status tar_seal(struct tar *t, uint64_t *ret_size_bytes);

#endif

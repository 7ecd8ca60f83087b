/* A file layer that fails: wraps another, and lets the n-th call fail, once or from then on.
 *
 *   struct faulty faulty;
 *   faulty_init(&faulty, base);
 *   faulty_fail_at(&faulty, n, forever);
 *   ... use &faulty.fs; faulty.failures > 0 tells whether it came to that ...
 */
#ifndef WARD_TESTS_FAULTY_H
#define WARD_TESTS_FAULTY_H

#include "os/file.h"

enum { FAULTY_FILES = 16 };

struct faulty {
    struct os_fs fs;
    const struct os_fs *base;
    uint64_t calls; /* since faulty_fail_at */
    uint64_t fail_at;
    bool forever;
    uint64_t failures;
    const char *under; /* NULL: every call counts */
    struct os_file *counted[FAULTY_FILES];
};

void faulty_init(struct faulty *faulty, const struct os_fs *base);
/* From now on only calls count that concern a path which begins so, or a file that was opened by
 * such a path. */
void faulty_only_under(struct faulty *faulty, const char *under);
/* 1 is the next call, 0 none. A failing write leaves its first sectors behind. */
void faulty_fail_at(struct faulty *faulty, uint64_t n, bool forever);

/* Whether suites that could run for hours run whole (`./check --all`) or a sample. */
bool check_all(void);
/* Says how far a whole loop has come: every hundredth point, in whole runs only. */
void check_progress(const char *what, uint64_t n);

#endif

/* What can fail returns a struct status; every error stands in errors.def.
 *
 * A status is one number. Zero is success. The number is stable: it is written into protocols,
 * logs and tests, and never given to another error. */
#ifndef WARD_BASE_STATUS_H
#define WARD_BASE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum error_kind {
    KIND_NONE,
    KIND_INPUT,   /* the caller's request is wrong: mend it, do not repeat it */
    KIND_DENIED,  /* the law, or missing rights, stand in the way */
    KIND_MISSING, /* there is no such thing, or not for this caller */
    KIND_LIMIT,   /* a named limit was reached: wait, or ask for less */
    KIND_FAULT,   /* the machine failed: memory, disk, a process */
    KIND_CORRUPT, /* stored bytes are not what was written; serving stops */
};

#define ERROR(name, code, kind, http, cause, remedy) name = (code),
enum error_code {
    OK = 0,
#include "base/errors.def"
};
#undef ERROR

struct status {
    uint16_t code; /* an enum error_code */
};

struct error_info {
    uint16_t code;
    enum error_kind kind;
    uint16_t http;      /* HTTP status that says the same */
    const char *name;   /* the stable name, lower case with dashes made from the enum's */
    const char *cause;  /* one sentence: what happened */
    const char *remedy; /* one sentence: what to do */
};

#define MUST_USE     __attribute__((warn_unused_result))
#define STATUS_OK    ((struct status){OK})
#define FAIL(name)   ((struct status){(name)})
#define CLEANUP(fn)  __attribute__((cleanup(fn)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Returns from the calling function when expr is not success. */
#define TRY(expr)                                                                                  \
    do {                                                                                           \
        struct status try_status_ = (expr);                                                        \
        if (try_status_.code != OK) {                                                              \
            return try_status_;                                                                    \
        }                                                                                          \
    } while (0)

static inline bool failed(struct status s) {
    return s.code != OK;
}

/* The row of errors.def; never NULL: an unknown code yields the row of E_UNKNOWN. */
const struct error_info *error_info(uint16_t code);
/* All rows, for the manual, the API description and the tests. */
const struct error_info *error_table(size_t *ret_count);

/* Stops the process: an invariant of the program is broken and going on could harm somebody. */
_Noreturn void panic(const char *what);

#endif

/* The table of errors, made from errors.def, and the one way to stop a broken process. */
#include "base/status.h"

#include <unistd.h>

#define ERROR(name, code, kind, http, cause, remedy) {code, kind, http, #name, cause, remedy},
static const struct error_info table[] = {
    {OK, KIND_NONE, 200, "OK", "It worked.", ""},
#include "base/errors.def"
};
#undef ERROR

const struct error_info *error_info(uint16_t code) {
    const struct error_info *unknown = NULL;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (table[i].code == code) {
            return &table[i];
        }
        if (table[i].code == E_UNKNOWN) {
            unknown = &table[i];
        }
    }
    return unknown;
}

const struct error_info *error_table(size_t *ret_count) {
    *ret_count = ARRAY_LEN(table);
    return table;
}

_Noreturn void panic(const char *what) {
    struct slice text = slice_str(what);
    /* Nothing can be done if standard error is gone. */
    ssize_t ignored = write(STDERR_FILENO, "ward: broken invariant: ", 24);
    ignored = write(STDERR_FILENO, text.ptr, text.len);
    ignored = write(STDERR_FILENO, "\n", 1);
    (void)ignored;
    __builtin_trap();
}

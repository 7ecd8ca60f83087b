/* Questions about the tables that need no table of their own. */
#include <string.h>

#include "api/api.h"

const struct api_op *api_op_named(struct slice name) {
    size_t count;
    const struct api_op *ops = api_ops(&count);
    for (size_t i = 0; i < count; i++) {
        if (slice_eq(slice_str(ops[i].name), name)) {
            return &ops[i];
        }
    }
    return NULL;
}

static bool has(const uint16_t *codes, size_t count, uint16_t code) {
    for (size_t i = 0; i < count; i++) {
        if (codes[i] == code) {
            return true;
        }
    }
    return false;
}

bool api_op_may_fail(const struct api_op *op, uint16_t code) {
    size_t common_count;
    const uint16_t *common = api_common_errors(&common_count);
    return has(op->errors, op->error_count, code) || has(common, common_count, code);
}

const char *api_who_name(enum api_who who) {
    static const char *const names[] = {
        [API_WHO_ANYONE] = "anyone", [API_WHO_SESSION] = "session", [API_WHO_OPERATOR] = "operator",
        [API_WHO_SIGNED] = "signed", [API_WHO_FRONT] = "front",     [API_WHO_ADMIN] = "admin",
        [API_WHO_PROGRAM] = "program",
    };
    return (size_t)who < ARRAY_LEN(names) ? names[who] : "nobody";
}

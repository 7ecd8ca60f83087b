/* The operations of the guard as tables, made from api/ by tools/api.mjs.
 *
 * An operation has a number, a name, who may call it, a route (if programs reach it over HTTP), the
 * triple on which the law decides, and the shapes of its arguments and its answer. A shape is a
 * list of fields; a value is decoded into the same order, so that generated names are its indexes:
 *
 *   const struct api_op *op = api_op_find(API_CLIP_STATUS);
 *   struct api_value args[ARG_CLIP_STATUS__COUNT] = {[ARG_CLIP_STATUS_CLIP] = {.n = 42}};
 */
#ifndef WARD_API_API_H
#define WARD_API_API_H

#include "api/ops.h"
#include "base/status.h"

enum api_kind {
    API_BOOL,
    API_U32,
    API_U64,
    API_I64,
    API_TIME, /* milliseconds since 1970-01-01T00:00:00Z; 0: never */
    API_ID,
    API_DATE,   /* "2026-11-21" */
    API_TEXT,   /* UTF-8 */
    API_SECRET, /* bytes that no log, screen or script may see */
    API_BYTES,
    API_LIST,
    API_RECORD,
};

struct api_shape;

struct api_type {
    enum api_kind kind;
    uint32_t max;                  /* bytes of text, secret and bytes; items of a list */
    const struct api_type *item;   /* of a list */
    const struct api_shape *shape; /* of a record */
};

struct api_field {
    const char *name;
    const char *meaning;
    struct api_type type;
};

struct api_shape {
    const char *name;
    const struct api_field *fields; /* NULL when count is 0 */
    uint32_t count;
};

enum api_who {
    API_WHO_ANYONE,   /* with or without a session, on the front socket */
    API_WHO_SESSION,  /* a person who is signed in */
    API_WHO_OPERATOR, /* an operator who is signed in */
    API_WHO_SIGNED,   /* either of them */
    API_WHO_FRONT,    /* the front itself */
    API_WHO_ADMIN,    /* the socket of the machine's owner */
    API_WHO_PROGRAM,  /* a registered program, on the programs' socket */
};

struct api_op {
    uint16_t number; /* an enum api_op_number */
    const char *name;
    const char *summary;
    enum api_who who;
    bool waiting;        /* also for an account that waits for its guardian */
    const char *method;  /* NULL without a route */
    const char *path;    /* "/api/clips/{clip}" */
    const char *purpose; /* NULL when no personal data are touched, or the handler decides */
    const char *category;
    const char *operation;
    const struct api_shape *args;
    const struct api_shape *answer;
    const uint16_t *errors; /* its own, beside those that any operation may answer */
    uint32_t error_count;
};

/* All operations, by number ascending. */
const struct api_op *api_ops(size_t *ret_count);
/* NULL when there is no such operation. */
const struct api_op *api_op_find(uint16_t number);
/* By name, such as "clip.open"; NULL when there is none. */
const struct api_op *api_op_named(struct slice name);
/* Errors that any operation may answer. */
const uint16_t *api_common_errors(size_t *ret_count);
/* True when the operation may answer this error. */
bool api_op_may_fail(const struct api_op *op, uint16_t code);
/* What an answer carries whose code is not 0. */
const struct api_shape *api_shape_refusal(void);
/* What the guard's records hold, behind one version byte (api/STORED.json). */
const struct api_shape *api_shape_stored(enum api_stored what);
const char *api_who_name(enum api_who who);

#endif

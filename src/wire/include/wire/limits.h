/* Every size that a sender of JSON controls. Reading past one is an error, never a cut. */
#ifndef WARD_WIRE_LIMITS_H
#define WARD_WIRE_LIMITS_H

enum {
    JSON_MAX_TEXT_BYTES = 16 << 20, /* one text, from its first byte to its last */
    JSON_MAX_DEPTH = 32,            /* objects and arrays open at once */
    JSON_MAX_KEYS = 512,            /* keys of all objects that are open at once */
    JSON_MAX_KEY_BYTES = 128,       /* one key, after its escapes are undone */
    JSON_MAX_NUMBER_BYTES = 64,     /* one number, as written */
};

#endif

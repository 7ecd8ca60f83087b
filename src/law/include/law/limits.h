/* Every size and count that somebody who writes a law pack, a data map or facts controls.
 * The manual shows them; the tests go to each, one below and one above. */
#ifndef WARD_LAW_LIMITS_H
#define WARD_LAW_LIMITS_H

enum law_limits {
    LAW_MAX_FILE_BYTES = 1 << 20, /* one pack or data map */
    LAW_MAX_FILES = 64,           /* packs in a set, common.law included */
    LAW_MAX_LAWS = 63,            /* one bit each in a mask */
    LAW_MAX_LINE_BYTES = 2000,
    LAW_MAX_TOKENS = 262144,         /* of one file */
    LAW_MAX_BLOCKS = 8192,           /* of one file */
    LAW_MAX_NAME_BYTES = 64,         /* names, articles and facts in packs */
    LAW_MAX_LABEL_BYTES = 128,       /* ids of purposes, categories, recipients, actors */
    LAW_MAX_STRING_BYTES = 1500,     /* titles, quotes, notes */
    LAW_MAX_DEPTH = 32,              /* nested not, parentheses and defines */
    LAW_MAX_EXPR_TESTS = 256,        /* tests in one expression, defines expanded */
    LAW_MAX_MEMBERS = 2000,          /* of a set, over all dates */
    LAW_MAX_ROWS = 4000,             /* of a table, over all dates */
    LAW_MAX_TABLES = 512,            /* tables, or sets, of all packs */
    LAW_MAX_RULES = 4096,            /* of all packs */
    LAW_MAX_CITES = 1536,            /* pairs of law and article */
    LAW_MAX_CODE = 60000,            /* instructions of all packs */
    LAW_MAX_ITEMS = 16,              /* needs, duties or prefixes in one clause */
    LAW_MAX_VALUE = 30000,           /* whole numbers in tables and expressions */
    LAW_MAX_DIAGNOSTICS = 200,       /* kept of one kind; the rest is counted */
    LAW_MAX_ARENA_BYTES = 256 << 20, /* all that a loaded set keeps */
    LAW_MAX_CASES = 20000,
};

#endif

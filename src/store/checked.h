/* Between SQLite and the files of a store, so that damaged bytes are noticed.
 *
 * The file: the last bytes of each page are a sum over the rest and the page's number, made when
 * it is written and checked when it is read. SQLite looks at how pages hang together, not at what
 * they say: one flipped bit could lose rows without a word.
 *
 * The log: SQLite takes it up to the first frame that does not add up and forgets the rest. That is
 * right for what a power loss tore, and wrong for what was synced. How far the log was synced
 * stands in a file beside it, the mark; a log that holds less is refused. */
#ifndef WARD_STORE_CHECKED_H
#define WARD_STORE_CHECKED_H

#include <sqlite3.h>

#include "base/status.h"

enum {
    PAGE_BYTES = 4096,
    PAGE_SUM_BYTES = 8,          /* SQLite's "reserved" bytes at the end of each page */
    APPLICATION_ID = 0x57415244, /* "WARD" */
    FORMAT_VERSION = 3,
};

struct checked {
    sqlite3_vfs vfs; /* first: SQLite hands it back */
    sqlite3_vfs *below;
    char name[32];
};

/* Registers a layer over the VFS of that name (NULL: SQLite's own) until checked_done. What it
 * finds damaged is SQLITE_IOERR_DATA. E_STORE where there is no such VFS. */
MUST_USE struct status checked_init(struct checked *c, const char *below);
/* After everything opened through it was closed. Accepts one that was never registered. */
void checked_done(struct checked *c);

#endif

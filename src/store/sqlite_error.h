/* SQLite's result codes as Ward's. */
#ifndef WARD_STORE_SQLITE_ERROR_H
#define WARD_STORE_SQLITE_ERROR_H

#include "base/status.h"

/* OK for SQLITE_OK, SQLITE_ROW and SQLITE_DONE. */
struct status sqlite_status(int rc);
/* SQLite's memory through base/mem.h. */
struct status sqlite_memory_install(void);

#endif

/* SQLite over a struct os_fs: lets the store run on the layers that lose power or fail.
 *
 *   sqlite_vfs_install("power", power_fs(power));     -- again with another layer: replaced
 *   options.sqlite_vfs = "power";
 *
 * For stores in exclusive locking mode, which need no shared memory. */
#ifndef WARD_TESTS_SQLITE_VFS_H
#define WARD_TESTS_SQLITE_VFS_H

#include "os/file.h"

void sqlite_vfs_install(const char *name, const struct os_fs *fs);

#endif

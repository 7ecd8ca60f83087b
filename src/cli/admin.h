/* How the owner's subcommands reach the running guard. */
#ifndef WARD_CLI_ADMIN_H
#define WARD_CLI_ADMIN_H

#include "cli.h"
#include "ward/ward.h"

/* Over var/admin/guard.sock, with time for what takes long. On success the caller owns *ret_guard.
 */
MUST_USE struct status admin_open(const char *var, struct ward_client **ret_guard);

#endif

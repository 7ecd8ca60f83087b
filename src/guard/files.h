/* The law and the data map, read from files before the sandbox closes. */
#ifndef WARD_GUARD_FILES_H
#define WARD_GUARD_FILES_H

#include "law/map.h"
#include "notice/notice.h"
#include "os/file.h"
#include "seal/seal.h"

struct rules {
    struct law_set *laws;
    struct law_map *map;
    struct notice_templates notices; /* of the directory `notice` beside the map */
    char version[65];                /* a hash of all of them, hexadecimal */
};

/* All DIR/NAME.law, and the map. What is wrong is said on standard error. On success the caller
 * owns *ret_rules. */
MUST_USE struct status rules_load(const struct os_fs *fs, const char *law_dir, const char *map_path,
                                  struct rules *ret_rules);
void rules_done(struct rules *rules);

#endif

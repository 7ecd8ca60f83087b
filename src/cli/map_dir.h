/* The data map with its notices, and the law beside it: found, read, and faults said. */
#ifndef WARD_CLI_MAP_DIR_H
#define WARD_CLI_MAP_DIR_H

#include "law_dir.h"
#include "notice/notice.h"

struct map_dir_options {
    const char *law; /* NULL: as law_dir_find */
    const char *map; /* NULL: datamap/clips.map beside the law */
};

struct map_dir {
    struct law_set *laws;
    struct law_map *map;
    struct notice_templates notices;
};

/* Notices stand in the directory `notice` beside the map. CLI_OK, or the exit status after a
 * message. */
int map_dir_open(const char *command, const struct map_dir_options *options,
                 struct map_dir *ret_dir);
void map_dir_close(struct map_dir *dir);
struct notice_source map_dir_source(const struct map_dir *dir);
/* DIR/notice for the map DIR/NAME.map; false when it is too long. */
bool map_dir_notices(const char *map_path, char ret_path[OS_PATH_MAX]);

#endif

/* Where the law packs are, and reading them. */
#ifndef WARD_CLI_LAW_DIR_H
#define WARD_CLI_LAW_DIR_H

#include "law/law.h"
#include "os/file.h"

/* Packs in memory: the sources of law_set_load. law_files_done releases all. */
struct law_files {
    struct arena arena;
    struct law_source *sources;
    size_t count;
};

/* The directory: `given` (an option, or NULL), else $WARD_LAW, else the one installed with the
 * executable (PREFIX/bin/ward and PREFIX/share/ward/law, or the source tree that it was built in),
 * else ./law. */
void law_dir_find(const char *given, char ret_path[OS_PATH_MAX]);
/* All files DIR/NAME.law in the order of names, or the one file if `path` is a file. E_FILE_MISSING
 * where there is none. */
MUST_USE struct status law_files_read(const char *path, struct law_files *ret_files);
void law_files_done(struct law_files *files);
/* The part after the last slash: `gdpr.law`. */
struct slice law_file_name(struct slice path);
/* The file whose name is that of the path, or NULL. */
struct law_source *law_files_find(const struct law_files *files, struct slice path);
/* A copy of the source in the place of the file of the same name, or beside the others. */
MUST_USE struct status law_files_put(struct law_files *files, struct law_source source);

/* Finds, reads and compiles; says on standard error what is wrong. Returns CLI_OK and the set, or
 * the exit status. */
int law_dir_load(const char *command, const char *given, struct law_set **ret_set);
/* Compiles what was read, with the same messages. */
int law_files_load(const char *command, const struct law_files *files, struct law_set **ret_set);

#endif

/* The data map against the law: is what it declares ever lawful? */
#ifndef WARD_CLI_MAP_CHECK_H
#define WARD_CLI_MAP_CHECK_H

#include "cli.h"
#include "law/map.h"

struct map_counts {
    size_t maps;
    size_t uses;     /* purpose, category and operation, with each recipient of a disclosure */
    size_t unlawful; /* of them, those that stand against the law at its mildest */
};

/* Every data map in the directory `datamap` beside the law directory, or the one file `map_path`.
 * What is wrong with a map goes to the report. */
MUST_USE struct status map_check(const char *law_path, const char *map_path,
                                 const struct law_set *set, int64_t now_unix_ms,
                                 struct law_report *report, struct cli_out *out,
                                 struct map_counts *counts);

#endif

/* Any bytes as a data map: refused with a place to mend, or loaded; then what it does not declare
 * is never filled in, and facts that it fills in can be settled. */
#include "fuzz.h"

#include <string.h>

#include "law/map.h"

static void use(const struct law_map *map, int purpose, int category, enum law_operation op) {
    struct law_facts f;
    struct law_facts before;
    enum law_fact offending;
    law_facts_init(&f);
    before = f;
    struct status s = law_map_fill(map, purpose, category, op, -1, &f);
    FUZZ_MUST(failed(s) == !law_map_declares(map, purpose, category, op));
    if (failed(s)) {
        FUZZ_MUST(memcmp(&f, &before, sizeof f) == 0);
        return;
    }
    s = law_map_settle(map, purpose, &f, 0, &offending);
    FUZZ_MUST(failed(s) == (op == LAW_OPERATION_DISCLOSE));
    FUZZ_MUST(failed(s) || f.basis == LAW_BASIS_NONE ||
              (law_map_grounds(map, purpose) >> f.basis & 1) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct law_source source = {SLICE("fuzz.map"), slice_of(data, size)};
    struct law_report report;
    struct law_map *map = NULL;
    law_report_init(&report);
    struct status s = law_map_load(&source, &report, &map);
    FUZZ_MUST(failed(s) == (map == NULL));
    FUZZ_MUST(s.code != MAP_INVALID || report.errors > 0);
    for (size_t i = 0; i < report.count && i < 20; i++) {
        struct buf b CLEANUP(buf_done);
        buf_init(&b, 1 << 16);
        FUZZ_MUST(!failed(law_diagnostic_format(&report.items[i], &b)));
    }
    for (int p = -1; map != NULL && p <= (int)law_map_purposes(map); p++) {
        for (int c = -1; c <= (int)law_map_categories(map); c++) {
            for (int op = 0; op <= LAW_OPERATION_ERASE; op++) {
                use(map, p, c, (enum law_operation)op);
            }
        }
    }
    law_map_free(&map);
    law_report_done(&report);
    return 0;
}

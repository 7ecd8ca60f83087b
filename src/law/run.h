/* Running programs: shared by both decision procedures, inlined into each. */
#ifndef WARD_LAW_RUN_H
#define WARD_LAW_RUN_H

#include <string.h>

#include "set.h"

static inline bool law_run_code(const struct law_set *set, const struct law_ins *code, uint16_t pc,
                                const struct law_facts *f) {
    while (pc < PC_NONE) {
        const struct law_ins *ins = &code[pc];
        bool yes;
        /* The most frequent tests need no further look. */
        if (ins->op == OP_BYTE_IS && ins->maybe == 0) {
            yes = ((const uint8_t *)f)[ins->at] == ins->arg;
        } else if (ins->op == OP_BYTE_MASK) {
            yes = (ins->arg >> (((const uint8_t *)f)[ins->at] & 31) & 1) != 0;
        } else if (ins->op == OP_INT_LT) {
            int16_t v;
            memcpy(&v, (const uint8_t *)f + ins->at, sizeof v);
            yes = v < (int32_t)ins->arg;
        } else {
            enum law_truth v = law_test(set, ins, f);
            yes = v == LAW_UNKNOWN ? ins->lean != 0 : v == LAW_TRUE;
        }
        pc = yes ? ins->yes : ins->no;
    }
    return pc == PC_TRUE;
}

/* From the first thing against it on, only what is against it is kept. */
static inline void law_against(struct law_answer *a, uint16_t cite) {
    if (a->permit != 0) {
        a->permit = 0;
        memset(a->cites, 0, sizeof a->cites);
    }
    a->cites[cite >> 6] |= UINT64_C(1) << (cite & 63);
}

static inline void law_for(struct law_answer *a, uint16_t cite) {
    a->cites[cite >> 6] |= a->permit << (cite & 63);
}

static inline void law_finish(struct law_answer *a) {
    if (a->permit == 0) {
        a->duties = 0;
    } else {
        a->needs = 0;
    }
}

#endif

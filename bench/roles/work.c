/* What is stored and what is asked: values, distributions and mixes of GDPRbench. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "roles.h"

/* Key number and a chain of hashes, repeated to 100 bytes. */
void data_of(uint32_t key, uint32_t version, char ret[DATA_BYTES]) {
    uint32_t hash = key * 2654435761u + version;
    size_t at = 0;
    while (at < DATA_BYTES) {
        char part[32];
        int len = snprintf(part, sizeof part, "%u%u", key, hash);
        for (int i = 0; i < len && at < DATA_BYTES; i++) {
            ret[at++] = part[i];
        }
        hash = hash * 31 + 17;
    }
}

struct record record_of(uint32_t key, uint32_t users, int64_t start_s, int64_t short_ttl_s) {
    static const int64_t ttl[TTLS] = {0,     10000, 12000, 14000, 16000,
                                      18000, 20000, 22000, 24000, 1000000};
    int64_t lives_s = key % TTLS == 0 ? short_ttl_s : ttl[key % TTLS];
    return (struct record){
        .key = key,
        .user = key % users,
        .expires_s = start_s + lives_s,
        .objections = 1u << (key % OBJECTIONS),
        .shares = (uint16_t)(1u << (key % TENS)),
        .purpose = (uint8_t)(key % PURPOSES),
        .decision = (uint8_t)(key % 2),
        .access_list = (uint8_t)(key % TENS),
        .source = (uint8_t)(key % TENS),
        .category = (uint8_t)(key % TENS),
    };
}

/* splitmix64 */
uint64_t dice_next(struct dice *d) {
    uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint32_t dice_below(struct dice *d, uint32_t n) {
    return (uint32_t)((dice_next(d) >> 32) * n >> 32);
}

/* The generator of YCSB (after Gray et al., SIGMOD 1994), scrambled so that what is asked for often
 * stands nowhere in particular. */
void zipf_init(struct zipf *z, uint32_t n) {
    *z = (struct zipf){.theta = 0.99, .n = n};
    for (uint32_t i = 1; i <= n; i++) {
        z->zetan += 1 / pow(i, z->theta);
    }
    double zeta2 = 1 + pow(0.5, z->theta);
    z->alpha = 1 / (1 - z->theta);
    z->eta = (1 - pow(2.0 / n, 1 - z->theta)) / (1 - zeta2 / z->zetan);
}

uint32_t zipf_next(const struct zipf *z, struct dice *d) {
    double u = (double)(dice_next(d) >> 11) / 9007199254740992.0;
    double uz = u * z->zetan;
    uint32_t rank = 0;
    if (uz >= 1) {
        rank = uz < 1 + pow(0.5, z->theta)
                   ? 1
                   : (uint32_t)(z->n * pow(z->eta * u - z->eta + 1, z->alpha));
    }
    struct dice scramble = {.state = rank};
    return (uint32_t)(dice_next(&scramble) % z->n);
}

const char *const op_names[OP_KINDS] = {"read data by key",
                                        "read metadata by purpose",
                                        "read metadata by person",
                                        "rewrite data by key",
                                        "change metadata by purpose",
                                        "change metadata by person",
                                        "delete by key",
                                        "create",
                                        "read the log",
                                        "verify that it is gone"};

/* Controller, customer and processor as released; the regulator as in the paper, since the release
 * that has one leaves its verification out of the mix. */
const struct role roles[ROLES] = {
    {"processor", false, {[OP_READ] = 20, [OP_META_PURPOSE] = 40, [OP_META_USER] = 40}},
    {"customer",
     true,
     {[OP_READ] = 20,
      [OP_META_PURPOSE] = 10,
      [OP_META_USER] = 10,
      [OP_REWRITE] = 20,
      [OP_CHANGE_PURPOSE] = 10,
      [OP_CHANGE_USER] = 10,
      [OP_DELETE] = 20}},
    {"regulator", true, {[OP_META_USER] = 46, [OP_LOG] = 31, [OP_VERIFY] = 23}},
    {"controller",
     false,
     {[OP_CHANGE_PURPOSE] = 25, [OP_CHANGE_USER] = 25, [OP_DELETE] = 25, [OP_INSERT] = 25}},
};

enum op_kind role_pick(const struct role *role, struct dice *d) {
    uint32_t at = dice_below(d, 100);
    for (int kind = 0; kind < OP_KINDS; kind++) {
        if (at < role->percent[kind]) {
            return (enum op_kind)kind;
        }
        at -= role->percent[kind];
    }
    die("the mix of %s is not whole", role->name);
}

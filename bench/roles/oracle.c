/* The oracle: what a store must hold after everything it was told, and so what it must answer.
 * Knows no engine. Looks at an answer record by record, and at nothing else. */
#include <stdlib.h>
#include <string.h>

#include "roles.h"

struct held {
    struct record r;
    uint32_t version;
    uint32_t seen; /* number of the answer that last contained it */
    bool alive;
};

enum { ASKED = 4096 };

/* How often records of somebody were used and collected. */
struct told {
    uint64_t uses, collects;
};

struct oracle {
    struct {
        enum op_kind kind;
        uint32_t value;
    } asked[ASKED]; /* the newest operations, around */
    uint64_t asked_count;
    struct told *told, *settled; /* of each person: now, and what must be in the log */
    struct held *all;
    uint32_t cap, next, users, answers;
    uint64_t alive;
    uint32_t *by_user; /* how many live */
    uint32_t by_purpose[PURPOSES];
};

struct oracle *oracle_new(uint32_t records, uint32_t users, uint32_t inserts_max) {
    struct oracle *o = need(1, sizeof *o);
    o->cap = records + inserts_max;
    o->users = users;
    o->all = need(o->cap, sizeof *o->all);
    o->by_user = need(users, sizeof *o->by_user);
    o->told = need(users, sizeof *o->told);
    o->settled = need(users, sizeof *o->settled);
    return o;
}

void oracle_free(struct oracle *o) {
    free(o->all);
    free(o->by_user);
    free(o->told);
    free(o->settled);
    free(o);
}

static void count(struct oracle *o, const struct record *r, int by) {
    o->alive += (uint64_t)(int64_t)by;
    o->by_user[r->user] += (uint32_t)by;
    o->by_purpose[r->purpose] += (uint32_t)by;
}

void oracle_put(struct oracle *o, const struct record *r) {
    if (r->key != o->next || r->key >= o->cap) {
        die("the oracle was given key %u after %u", r->key, o->next);
    }
    o->all[o->next++] = (struct held){.r = *r, .alive = true};
    o->told[r->user].collects++;
    count(o, r, 1);
}

void oracle_delete(struct oracle *o, uint32_t key) {
    if (oracle_alive(o, key)) {
        o->all[key].alive = false;
        count(o, &o->all[key].r, -1);
    }
}

void oracle_expire(struct oracle *o, int64_t at_s) {
    for (uint32_t key = 0; key < o->next; key++) {
        if (o->all[key].r.expires_s <= at_s) {
            oracle_delete(o, key);
        }
    }
}

bool oracle_alive(const struct oracle *o, uint32_t key) {
    return key < o->next && o->all[key].alive;
}

uint64_t oracle_count(const struct oracle *o) {
    return o->alive;
}

uint32_t oracle_next_key(const struct oracle *o) {
    return o->next;
}

const struct record *oracle_record(const struct oracle *o, uint32_t key) {
    return &o->all[key].r;
}

uint32_t oracle_rewritten(struct oracle *o, uint32_t key) {
    o->told[o->all[key].r.user].collects += oracle_alive(o, key);
    return oracle_alive(o, key) ? ++o->all[key].version : 0;
}

uint32_t oracle_dead(const struct oracle *o, struct dice *d) {
    for (int i = 0; i < 1000; i++) {
        uint32_t key = dice_below(d, o->next);
        if (!o->all[key].alive) {
            return key;
        }
    }
    return o->next + 1;
}

bool oracle_judge_found(const struct oracle *o, uint32_t key, enum found found) {
    return found == (oracle_alive(o, key) ? FOUND : NONE);
}

bool oracle_judge_read(const struct oracle *o, uint32_t key, enum found found, const char *data) {
    char want[DATA_BYTES];
    o->told[o->all[key].r.user].uses += oracle_alive(o, key);
    if (!oracle_judge_found(o, key, found)) {
        return false;
    }
    if (found != FOUND) {
        return true;
    }
    data_of(key, o->all[key].version, want);
    return memcmp(want, data, DATA_BYTES) == 0;
}

static bool same(const struct record *a, const struct record *b) {
    return a->key == b->key && a->user == b->user && a->expires_s == b->expires_s &&
           a->objections == b->objections && a->shares == b->shares && a->purpose == b->purpose &&
           a->decision == b->decision && a->access_list == b->access_list &&
           a->source == b->source && a->category == b->category;
}

/* Each record once, alive, with all attributes as they are now. */
static bool judge(struct oracle *o, const struct answer *a, size_t expected, bool by_user,
                  uint32_t value) {
    uint32_t number = ++o->answers;
    for (size_t i = 0; i < a->count; i++) {
        const struct record *r = &a->records[i];
        if (!oracle_alive(o, r->key) || o->all[r->key].seen == number ||
            !same(r, &o->all[r->key].r) || (by_user ? r->user : r->purpose) != value) {
            return false;
        }
        o->all[r->key].seen = number;
        o->told[r->user].uses++;
    }
    return a->count == expected;
}

bool oracle_judge_purpose(struct oracle *o, uint8_t purpose, const struct answer *a) {
    return judge(o, a, o->by_purpose[purpose], false, purpose);
}

bool oracle_judge_user(struct oracle *o, uint32_t user, const struct answer *a) {
    return judge(o, a, o->by_user[user], true, user);
}

static void change(struct record *r, struct change c) {
    switch (c.kind) {
    case CHANGE_ACCESS_LIST:
        r->access_list = c.value;
        break;
    case CHANGE_SHARE_ADD:
        r->shares |= (uint16_t)(1u << c.value);
        break;
    case CHANGE_SHARE_REMOVE:
        r->shares &= (uint16_t) ~(1u << c.value);
        break;
    case CHANGE_DECISION:
        r->decision = c.value;
        break;
    }
}

static void change_every(struct oracle *o, uint32_t first, uint32_t step, struct change c) {
    for (uint64_t key = first; key < o->next; key += step) {
        if (o->all[key].alive) {
            o->told[o->all[key].r.user].uses++;
            change(&o->all[key].r, c);
        }
    }
}

bool oracle_change_purpose(struct oracle *o, uint8_t purpose, struct change c, size_t changed) {
    change_every(o, purpose, PURPOSES, c);
    return changed == o->by_purpose[purpose];
}

bool oracle_change_user(struct oracle *o, uint32_t user, struct change c, size_t changed) {
    change_every(o, user, o->users, c);
    return changed == o->by_user[user];
}

/* The log ----------------------------------------------------------------------------------- */

void oracle_asked(struct oracle *o, enum op_kind kind, uint32_t value) {
    o->asked[o->asked_count % ASKED].kind = kind;
    o->asked[o->asked_count++ % ASKED].value = value;
}

void oracle_settled(struct oracle *o) {
    memcpy(o->settled, o->told, o->users * sizeof *o->told);
}

/* The newest operations, one after the other, and none left out. */
static bool judge_operations(const struct oracle *o, bool logs_log, size_t asked,
                             const struct answer *a) {
    uint64_t at = o->asked_count;
    uint64_t oldest = at < ASKED ? 0 : at - ASKED;
    for (size_t i = 0; i < a->logged && at > oldest; i++) {
        do {
            at--;
        } while (at > oldest && !logs_log && o->asked[at % ASKED].kind == OP_LOG);
        bool same = a->log[i].kind == o->asked[at % ASKED].kind &&
                    a->log[i].value == o->asked[at % ASKED].value;
        bool left_out = !logs_log && o->asked[at % ASKED].kind == OP_LOG;
        if (!same && !left_out) {
            return false;
        }
    }
    return (a->changed == asked || at == oldest) && (a->logged > 0 || asked == 1);
}

struct sums {
    struct told told;
    size_t came;
    bool counted;
};

static bool add_up(const struct answer *a, struct sums *ret) {
    *ret = (struct sums){.counted = true};
    for (size_t i = 0; i < a->logged; i++) {
        const struct logged *l = &a->log[i];
        ret->told.uses += l->kind == LOGGED_USED ? l->times : 0;
        ret->told.collects += l->kind == LOGGED_COLLECTED ? l->times : 0;
        ret->came += l->kind == LOGGED_CAME;
        ret->counted &= l->counted;
        if (l->kind == LOGGED_OTHER || (i > 0 && l->index > a->log[i - 1].index)) {
            return false;
        }
    }
    return true;
}

/* Where it is whole, it begins with their coming, and says neither less than what must be in it nor
 * more than what was done. */
static bool judge_person(const struct oracle *o, uint32_t user, size_t asked, bool settled,
                         const struct answer *a) {
    const struct told *most = &o->told[user];
    const struct told *least = settled ? most : &o->settled[user];
    struct sums s;
    if (!add_up(a, &s) || a->logged == 0 || a->changed > asked) {
        return false;
    }
    bool whole = a->changed < asked;
    if (whole && (s.came != 1 || a->log[a->logged - 1].kind != LOGGED_CAME)) {
        return false;
    }
    bool enough = s.told.uses >= least->uses && s.told.collects >= least->collects;
    bool not_more = s.told.uses <= most->uses && s.told.collects <= most->collects;
    return !s.counted ? !settled : not_more && (enough || !whole);
}

bool oracle_judge_log(const struct oracle *o, enum log_promise promise, bool logs_log,
                      uint32_t user, size_t asked, bool settled, const struct answer *a) {
    switch (promise) {
    case LOG_OPERATIONS:
        return judge_operations(o, logs_log, asked, a);
    case LOG_PERSON:
        return judge_person(o, user, asked, settled, a);
    case LOG_LINES:
    default:
        return a->changed > 0 && a->changed <= asked;
    }
}

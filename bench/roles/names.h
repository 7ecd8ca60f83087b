/* The data map that is measured, and how its names stand for the attributes of GDPRbench: the same
 * embedded and through the socket. */
#ifndef WARD_BENCH_NAMES_H
#define WARD_BENCH_NAMES_H

#include "base/buf.h"
#include "roles.h"
#include "vault/records.h"

/* The vault's numbers of the names. */
struct names {
    uint8_t purpose[PURPOSES], objection[OBJECTIONS], category[TENS], recipient[TENS];
    uint8_t rights;
    uint16_t access_list[TENS], source[TENS];
    uint8_t of_purpose[VAULT_PURPOSES_MAX], of_category[VAULT_CATEGORIES_MAX]; /* names_known */
};

void names_map(struct buf *out);
/* "cat7"; good until the next call. */
struct slice names_name(const char *prefix, unsigned i);
/* Once all numbers are there. */
void names_known(struct names *n);
/* Without owner. */
struct vault_meta names_meta(const struct names *n, const struct record *r);
struct record names_record(const struct names *n, const struct vault_meta *meta, uint32_t key,
                           uint32_t user);
struct vault_change names_change(const struct names *n, struct change c);
/* An entry of the ledger, by the text of its kind. */
uint8_t names_logged(const char *leaf_kind);
/* What its opening says: how often, and of whom, which must be `subject`. */
void names_opened(struct slice content, uint64_t subject, struct logged *io);

#endif

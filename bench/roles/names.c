#include "names.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "ledger/leaf.h"

static void must(struct status s, const char *what) {
    if (failed(s)) {
        die("names: %s: %s", what, error_info(s.code)->name);
    }
}

/* The data map ------------------------------------------------------------------------ */

static void add_names(struct buf *out, const char *prefix, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        must(buf_add_format(out, "%s%s%u", i == 0 ? "" : ", ", prefix, i), "map");
    }
}

static void add_purpose(struct buf *out, const char *name, const char *clauses,
                        const char *operations) {
    must(buf_add_format(out, "purpose %s \"%s\"\n%s  uses ", name, name, clauses), "map");
    add_names(out, "cat", TENS);
    must(buf_add_format(out, " for %s\n", operations), "map");
}

/* Twenty-five purposes and ten categories; what one can object to; ten recipients; and what the
 * unlawful mix asks for: a purpose that needs consent, one that may be objected to, and a recipient
 * in a third country without any safeguard. */
void names_map(struct buf *out) {
    static const char contract[] = "  basis contract\n  necessary \"the service is this\"\n";
    static const char interests[] =
        "  basis legitimate-interests\n  necessary \"nothing less would do\"\n";
    static const char legal[] = "  basis legal-obligation\n  necessary \"owed by law\"\n";
    char name[32];
    must(buf_add_str(out, "map bench \"A service that is measured\"\n"
                          "  name \"Bench B.V.\"\n  address \"Amsterdam\"\n"
                          "  contact \"privacy@bench.example\"\n  officer \"dpo@bench.example\"\n"
                          "  country NL\n  size large\n"),
         "map");
    for (unsigned i = 0; i < TENS; i++) {
        must(buf_add_format(out, "category cat%u \"Category %u\"\n  keep deleted\n", i, i), "map");
    }
    for (unsigned i = 0; i < PURPOSES; i++) {
        snprintf(name, sizeof name, "purpose%u", i);
        add_purpose(out, name, contract, "collect, store, use, erase");
    }
    for (unsigned i = 0; i < OBJECTIONS; i++) {
        snprintf(name, sizeof name, "obj%u", i);
        add_purpose(out, name, interests, "use");
    }
    add_purpose(out, "fulfil-rights", legal, "use, collect, disclose, restrict, erase");
    add_purpose(out, "profile", "  is profiling\n  basis consent\n", "collect, store, use");
    add_purpose(out, "care", interests, "collect, store, use, disclose");
    for (unsigned i = 0; i < TENS + 1; i++) {
        must(buf_add_format(out, "recipient shr%u \"Recipient %u\"\n  role controller\n%s", i, i,
                            i < TENS ? "  country NL\n" : ""),
             "map");
        must(buf_add_str(out, "  receives "), "map");
        add_names(out, "cat", TENS);
        must(buf_add_str(out, " for fulfil-rights, care\n"), "map");
    }
}

/* Names and numbers --------------------------------------------------------------------- */

struct slice names_name(const char *prefix, unsigned i) {
    static char name[32];
    snprintf(name, sizeof name, "%s%u", prefix, i);
    return slice_str(name);
}

static void must_ascend(const uint8_t *numbers, unsigned count) {
    for (unsigned i = 1; i < count; i++) {
        if (numbers[i] != numbers[0] + i) {
            die("names are not numbered in their order");
        }
    }
}

void names_known(struct names *n) {
    for (uint8_t i = 0; i < PURPOSES; i++) {
        n->of_purpose[n->purpose[i]] = i;
    }
    for (uint8_t i = 0; i < TENS; i++) {
        n->of_category[n->category[i]] = i;
    }
    must_ascend(n->objection, OBJECTIONS);
    must_ascend(n->recipient, TENS);
}

static uint64_t to_mask(uint32_t bits, const uint8_t *numbers, unsigned count) {
    uint64_t mask = 0;
    for (unsigned i = 0; i < count; i++) {
        mask |= (uint64_t)(bits >> i & 1) << numbers[i];
    }
    return mask;
}

/* The vault numbered the names in their order (names_known makes sure of it). */
static uint32_t from_mask(uint64_t mask, const uint8_t *numbers, unsigned count) {
    return (uint32_t)(mask >> numbers[0] & ((UINT64_C(1) << count) - 1));
}

static uint8_t find16(const uint16_t *numbers, uint16_t number) {
    for (uint8_t i = 0; i < TENS; i++) {
        if (numbers[i] == number) {
            return i;
        }
    }
    return UINT8_MAX;
}

struct vault_meta names_meta(const struct names *n, const struct record *r) {
    return (struct vault_meta){.category = n->category[r->category],
                               .flags = r->decision ? VAULT_DECISION : 0,
                               .origin = n->source[r->source],
                               .access_list = n->access_list[r->access_list],
                               .purposes = UINT64_C(1) << n->purpose[r->purpose] | UINT64_C(1)
                                                                                       << n->rights,
                               .objections = to_mask(r->objections, n->objection, OBJECTIONS),
                               .shares = to_mask(r->shares, n->recipient, TENS),
                               .expires_s = r->expires_s};
}

struct record names_record(const struct names *n, const struct vault_meta *meta, uint32_t key,
                           uint32_t user) {
    uint64_t purposes = meta->purposes & ~(UINT64_C(1) << n->rights);
    return (struct record){
        .key = key,
        .user = user,
        .expires_s = meta->expires_s,
        .objections = from_mask(meta->objections, n->objection, OBJECTIONS),
        .shares = (uint16_t)from_mask(meta->shares, n->recipient, TENS),
        .purpose = purposes == 0 ? UINT8_MAX : n->of_purpose[__builtin_ctzll(purposes)],
        .decision = (meta->flags & VAULT_DECISION) != 0,
        .access_list = find16(n->access_list, meta->access_list),
        .source = find16(n->source, meta->origin),
        .category = n->of_category[meta->category],
    };
}

struct vault_change names_change(const struct names *n, struct change c) {
    uint64_t recipient = UINT64_C(1) << n->recipient[c.value % TENS];
    return (struct vault_change){
        .access_list = c.kind == CHANGE_ACCESS_LIST ? n->access_list[c.value] : 0,
        .shares_add = c.kind == CHANGE_SHARE_ADD ? recipient : 0,
        .shares_remove = c.kind == CHANGE_SHARE_REMOVE ? recipient : 0,
        .flags_add = c.kind == CHANGE_DECISION && c.value == 1 ? VAULT_DECISION : 0,
        .flags_remove = c.kind == CHANGE_DECISION && c.value == 0 ? VAULT_DECISION : 0};
}

/* Entries of the ledger ------------------------------------------------------------------ */

uint8_t names_logged(const char *leaf_kind) {
    return strcmp(leaf_kind, leaf_kind_text(LEAF_JOIN)) == 0          ? LOGGED_CAME
           : strcmp(leaf_kind, leaf_kind_text(LEAF_READ_BATCH)) == 0  ? LOGGED_USED
           : strcmp(leaf_kind, leaf_kind_text(LEAF_WRITE_BATCH)) == 0 ? LOGGED_COLLECTED
                                                                      : LOGGED_OTHER;
}

void names_opened(struct slice content, uint64_t subject, struct logged *io) {
    struct slice value;
    uint64_t whom = 0;
    io->times = 1;
    for (unsigned code = 0; !failed(content_next(&content, &code, &value)) && code != 0;) {
        io->times = code == FIELD_COUNT ? bytes_be64(value.ptr) : io->times;
        whom = code == FIELD_SUBJECT ? bytes_be64(value.ptr) : whom;
    }
    io->counted = true;
    io->kind = whom == subject ? io->kind : LOGGED_OTHER;
}

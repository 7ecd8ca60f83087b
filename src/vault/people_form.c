/* People's rows as bytes. What does not read back exactly is corrupt, never a default. */
#include "people_form.h"

#include <string.h>

#include "base/bytes.h"
#include "law/facts.h"

enum { FORM_VERSION = 1, NOTICE_BYTES = 32 + 12 + 1 };

/* Reads to the end or turns bad; what it returns when bad is 0. */
struct reader {
    struct slice rest;
    bool bad;
};

static const uint8_t *take(struct reader *r, size_t len) {
    static const uint8_t zeros[64];
    if (r->bad || r->rest.len < len) {
        r->bad = true;
        return zeros;
    }
    const uint8_t *from = r->rest.ptr;
    r->rest = slice_from(r->rest, len);
    return from;
}

static uint8_t take_u8(struct reader *r) {
    return *take(r, 1);
}

/* A value of the vocabulary: nothing is decided on one that is not in it. */
static uint8_t take_value(struct reader *r, enum law_fact fact) {
    uint8_t value = take_u8(r);
    r->bad |= value >= law_fact_info(fact)->value_count;
    return value;
}

static uint64_t take_u64(struct reader *r) {
    return bytes_be64(take(r, 8));
}

static bool take_bool(struct reader *r) {
    uint8_t byte = take_u8(r);
    r->bad |= byte > 1;
    return byte == 1;
}

/* A short text in a field of fixed size that ends with a zero. */
static void take_text(struct reader *r, char *to, size_t size) {
    memcpy(to, take(r, size), size);
    r->bad |= to[size - 1] != '\0';
    to[size - 1] = '\0';
}

static struct status finish(const struct reader *r) {
    return r->bad || r->rest.len != 0 ? FAIL(E_VAULT_CORRUPT) : STATUS_OK;
}

static struct status add_fixed(struct buf *out, const void *bytes, size_t len) {
    return buf_add(out, slice_of(bytes, len));
}

static struct status notice_write(const struct vault_notice *n, struct buf *out) {
    TRY(add_fixed(out, n->version, sizeof n->version));
    TRY(add_fixed(out, n->language, sizeof n->language));
    unsigned flags = (unsigned)n->shown | (unsigned)n->child_friendly << 1 |
                     (unsigned)n->names_transfers << 2 | (unsigned)n->retention_schedule << 3;
    return buf_add_byte(out, (uint8_t)flags);
}

static void notice_take(struct reader *r, struct vault_notice *ret) {
    memcpy(ret->version, take(r, sizeof ret->version), sizeof ret->version);
    take_text(r, ret->language, sizeof ret->language);
    uint8_t flags = take_u8(r);
    r->bad |= flags > 15;
    ret->shown = (flags & 1) != 0;
    ret->child_friendly = (flags & 2) != 0;
    ret->names_transfers = (flags & 4) != 0;
    ret->retention_schedule = (flags & 8) != 0;
}

static struct status facts_write(const struct vault_facts *f, struct buf *out) {
    TRY(buf_add_byte(out, f->age_kind));
    TRY(buf_add_byte(out, f->age_source));
    TRY(buf_add_be32(out, (uint32_t)f->birth.days));
    TRY(buf_add_byte(out, f->age));
    TRY(buf_add_be32(out, (uint32_t)f->age_on.days));
    TRY(add_fixed(out, f->country, sizeof f->country));
    TRY(add_fixed(out, f->region, sizeof f->region));
    TRY(add_fixed(out, f->language, sizeof f->language));
    return notice_write(&f->notice, out);
}

static void facts_take(struct reader *r, struct vault_facts *ret) {
    ret->age_kind = take_u8(r);
    r->bad |= ret->age_kind > VAULT_AGE_OVER;
    ret->age_source = take_value(r, LAW_SUBJECT_AGE_SOURCE);
    ret->birth.days = (int32_t)bytes_be32(take(r, 4));
    ret->age = take_u8(r);
    ret->age_on.days = (int32_t)bytes_be32(take(r, 4));
    take_text(r, ret->country, sizeof ret->country);
    take_text(r, ret->region, sizeof ret->region);
    take_text(r, ret->language, sizeof ret->language);
    notice_take(r, &ret->notice);
}

struct status subject_write(const struct vault_subject *s, struct buf *out) {
    TRY(buf_add_byte(out, FORM_VERSION));
    TRY(buf_add_byte(out, s->state));
    TRY(buf_add_be64(out, (uint64_t)s->since_ms));
    TRY(buf_add_be64(out, s->objections));
    TRY(buf_add_be64(out, s->restrictions));
    return facts_write(&s->facts, out);
}

struct status subject_read(struct slice bytes, struct vault_subject *ret) {
    struct reader r = {.rest = bytes};
    r.bad |= take_u8(&r) != FORM_VERSION;
    ret->state = take_u8(&r);
    r.bad |= ret->state < VAULT_ACTIVE || ret->state > VAULT_RESTRICTED;
    ret->since_ms = (int64_t)take_u64(&r);
    ret->objections = take_u64(&r);
    ret->restrictions = take_u64(&r);
    facts_take(&r, &ret->facts);
    return finish(&r);
}

struct status consent_write(const struct vault_consent *c, struct buf *out) {
    TRY(buf_add_byte(out, FORM_VERSION));
    TRY(buf_add_byte(out, c->purpose));
    TRY(buf_add_byte(out, c->state));
    TRY(buf_add_byte(out, c->giver));
    TRY(buf_add_byte(out, c->is_explicit));
    TRY(buf_add_byte(out, c->written));
    TRY(buf_add_byte(out, c->covers_disclosure));
    TRY(buf_add_byte(out, c->bundled));
    TRY(buf_add_be64(out, (uint64_t)c->at_ms));
    TRY(buf_add_be64(out, c->by));
    return notice_write(&c->notice, out);
}

struct status consent_read(struct slice bytes, struct vault_consent *ret) {
    struct reader r = {.rest = bytes};
    r.bad |= take_u8(&r) != FORM_VERSION;
    ret->purpose = take_u8(&r);
    r.bad |= ret->purpose >= VAULT_PURPOSES_MAX;
    ret->state = take_value(&r, LAW_CONSENT_STATE);
    ret->giver = take_value(&r, LAW_CONSENT_GIVER);
    ret->is_explicit = take_bool(&r);
    ret->written = take_bool(&r);
    ret->covers_disclosure = take_bool(&r);
    ret->bundled = take_bool(&r);
    ret->at_ms = (int64_t)take_u64(&r);
    ret->by = take_u64(&r);
    notice_take(&r, &ret->notice);
    return finish(&r);
}

struct status guardian_write(const struct vault_guardian *g, struct buf *out) {
    TRY(buf_add_byte(out, FORM_VERSION));
    TRY(buf_add_byte(out, g->method));
    TRY(buf_add_byte(out, g->verified));
    TRY(buf_add_be64(out, (uint64_t)g->at_ms));
    return buf_add_be64(out, (uint64_t)g->until_ms);
}

/* child and guardian are the row's owner and id. */
struct status guardian_read(struct slice bytes, struct vault_guardian *ret) {
    struct reader r = {.rest = bytes};
    r.bad |= take_u8(&r) != FORM_VERSION;
    ret->method = take_value(&r, LAW_GUARDIAN_METHOD);
    ret->verified = take_bool(&r);
    ret->at_ms = (int64_t)take_u64(&r);
    ret->until_ms = (int64_t)take_u64(&r);
    return finish(&r);
}

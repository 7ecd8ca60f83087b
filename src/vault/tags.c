/* Look-up tags: who is found by a mail address or a name.
 *
 * A row of the person's own holds the tag, a hash under the keyring's secret; the index from tag to
 * person is made from those rows at open and lives in memory alone. Must never: keep the value, or
 * leave a tag in the data that the person's key does not protect. */
#include <string.h>

#include "base/mem.h"
#include "inside.h"

enum { SLOTS_FIRST = 1024, DELETED = 1 };

struct tag_slot {
    uint64_t half;   /* of the tag; 0: free, DELETED: once used */
    uint64_t person; /* subject */
};

static uint64_t half_of(const struct seal_hash *tag) {
    uint64_t half = 0;
    memcpy(&half, tag->bytes, sizeof half);
    return half <= DELETED ? half + 2 : half;
}

/* A domain as a row's id. */
static uint64_t domain_id(struct slice domain) {
    return slice_hash(domain) >> 1;
}

static void insert(struct tags *tags, uint64_t half, uint64_t person) {
    size_t at = (size_t)half & (tags->slot_count - 1);
    while (tags->slots[at].half > DELETED) {
        at = (at + 1) & (tags->slot_count - 1);
    }
    tags->slots[at] = (struct tag_slot){.half = half, .person = person};
    tags->count++;
}

void tags_done(struct tags *tags) {
    mem_wipe(tags->slots, tags->slot_count * sizeof *tags->slots);
    mem_free(tags->slots);
    *tags = (struct tags){.slots = NULL};
}

static struct status reserve(struct tags *tags) {
    if (tags->count + 1 < tags->slot_count / 2) {
        return STATUS_OK;
    }
    struct tags grown = {.slot_count = tags->slot_count == 0 ? SLOTS_FIRST : tags->slot_count * 2};
    grown.slots = mem_array(grown.slot_count, sizeof *grown.slots);
    if (grown.slots == NULL) {
        return FAIL(E_MEMORY);
    }
    for (size_t i = 0; i < tags->slot_count; i++) {
        if (tags->slots[i].half > DELETED) {
            insert(&grown, tags->slots[i].half, tags->slots[i].person);
        }
    }
    tags_done(tags);
    *tags = grown;
    return STATUS_OK;
}

static void drop(struct tags *tags, uint64_t half, uint64_t person) {
    if (tags->slot_count == 0) {
        return;
    }
    size_t at = (size_t)half & (tags->slot_count - 1);
    while (tags->slots[at].half != 0) {
        if (tags->slots[at].half == half && tags->slots[at].person == person) {
            tags->slots[at] = (struct tag_slot){.half = DELETED};
            tags->count--;
            return;
        }
        at = (at + 1) & (tags->slot_count - 1);
    }
}

/* Opening the index --------------------------------------------------------------------- */

static struct status load_row(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    struct vault *v = arg;
    people_trim(v);
    struct person *p = NULL;
    struct status found = person_get(v, owner, &p);
    if (found.code == E_NO_SUBJECT) {
        return STATUS_OK; /* an erasure that goes on */
    }
    TRY(found);
    struct seal_key key CLEANUP(seal_key_done);
    TRY(person_key_get(v, p, PERSON_KEY, &key));
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, sizeof(struct seal_hash));
    TRY(person_row_open(&key, STORE_TAGGED, owner, id, sealed, &plain));
    if (plain.len != sizeof(struct seal_hash)) {
        return FAIL(E_VAULT_CORRUPT);
    }
    TRY(reserve(&v->tags));
    struct seal_hash tag;
    memcpy(tag.bytes, plain.ptr, sizeof tag);
    insert(&v->tags, half_of(&tag), owner);
    return STATUS_OK;
}

struct status tags_load(struct vault *v) {
    return store_scan(v->store, STORE_TAGGED, 0, load_row, v);
}

/* Use ----------------------------------------------------------------------------------- */

static struct status tag_row(struct vault *v, const struct person *p, uint64_t domain,
                             struct seal_hash *ret) {
    struct slice sealed;
    TRY(store_view(v->store, STORE_TAGGED, p->subject.id, domain, &sealed));
    struct seal_key key CLEANUP(seal_key_done);
    TRY(person_key_get(v, p, PERSON_KEY, &key));
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, sizeof *ret);
    TRY(person_row_open(&key, STORE_TAGGED, p->subject.id, domain, sealed, &plain));
    if (plain.len != sizeof *ret) {
        return FAIL(E_VAULT_CORRUPT);
    }
    memcpy(ret->bytes, plain.ptr, sizeof *ret);
    return STATUS_OK;
}

/* Half a tag is only a hint: the person's own row decides. */
static struct status check_hit(struct vault *v, uint64_t subject, struct slice domain,
                               const struct seal_hash *tag, bool *ret_hit) {
    struct person *p = NULL;
    struct seal_hash kept;
    *ret_hit = false;
    struct status found = person_get(v, subject, &p);
    if (!failed(found)) {
        found = tag_row(v, p, domain_id(domain), &kept);
    }
    if (found.code == E_STORE_MISSING || found.code == E_NO_SUBJECT) {
        return STATUS_OK;
    }
    TRY(found);
    *ret_hit = seal_hash_equal(tag, &kept);
    return STATUS_OK;
}

struct status vault_subject_find(struct vault *v, const struct vault_tag *tag,
                                 uint64_t *ret_subject) {
    TRY(vault_ready(v));
    struct seal_hash wanted;
    TRY(keyring_tag(v->keys, tag->domain, tag->value, &wanted));
    uint64_t half = half_of(&wanted);
    size_t mask = v->tags.slot_count - 1;
    for (size_t at = (size_t)half & mask; v->tags.slot_count != 0; at = (at + 1) & mask) {
        const struct tag_slot *slot = &v->tags.slots[at];
        if (slot->half == 0) {
            break;
        }
        bool hit = false;
        if (slot->half == half) {
            TRY(check_hit(v, slot->person, tag->domain, &wanted, &hit));
        }
        if (hit) {
            *ret_subject = slot->person;
            return STATUS_OK;
        }
    }
    return FAIL(E_NO_SUBJECT);
}

static struct status collect_half(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    struct buf *ids = arg;
    (void)owner;
    (void)sealed;
    return buf_add(ids, slice_of(&id, sizeof id));
}

struct status tags_forget(struct vault *v, const struct person *p) {
    struct buf ids CLEANUP(buf_done);
    buf_init(&ids, 4096);
    TRY(store_each(v->store, STORE_TAGGED, p->subject.id, 0, collect_half, &ids));
    for (size_t at = 0; at < ids.len; at += sizeof(uint64_t)) {
        uint64_t domain = 0;
        memcpy(&domain, ids.ptr + at, sizeof domain);
        struct seal_hash tag;
        TRY(tag_row(v, p, domain, &tag));
        drop(&v->tags, half_of(&tag), p->subject.id);
    }
    return STATUS_OK;
}

static struct status free_for(struct vault *v, const struct person *p,
                              const struct vault_tag *tag) {
    uint64_t holder = 0;
    struct status found = vault_subject_find(v, tag, &holder);
    if (found.code == E_NO_SUBJECT) {
        return STATUS_OK;
    }
    TRY(found);
    return holder == p->subject.id ? STATUS_OK : FAIL(E_TAG_TAKEN);
}

/* A tag in memory whose row is not there (because the op failed after this) finds nobody. */
struct status tag_set(struct vault *v, struct person *p, const struct vault_tag *tag) {
    uint64_t domain = domain_id(tag->domain);
    struct seal_hash old;
    struct status had = tag_row(v, p, domain, &old);
    if (failed(had) && had.code != E_STORE_MISSING) {
        return had;
    }
    if (tag->value.len == 0) {
        TRY(store_delete(v->store, STORE_TAGGED, p->subject.id, domain));
    } else {
        TRY(free_for(v, p, tag));
        struct seal_hash made;
        TRY(keyring_tag(v->keys, tag->domain, tag->value, &made));
        TRY(reserve(&v->tags));
        TRY(person_row_put(v, p, STORE_TAGGED, p->subject.id, domain,
                           slice_of(made.bytes, sizeof made.bytes)));
        insert(&v->tags, half_of(&made), p->subject.id);
    }
    return STATUS_OK;
}

/* Whom the old value found, it must not find again. The row goes along as it is sealed, or nothing
 * where there is none any more. */
struct status tag_tighten(struct vault *v, const struct person *p, struct slice domain) {
    struct tightening tight = {
        .kind = TIGHT_TAG, .subject = p->subject.id, .what = domain_id(domain)};
    struct status found = store_view(v->store, STORE_TAGGED, tight.subject, tight.what, &tight.ids);
    if (failed(found) && found.code != E_STORE_MISSING) {
        return found;
    }
    return log_tighten(v, &tight);
}

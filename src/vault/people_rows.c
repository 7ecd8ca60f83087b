/* Rows of a person's own in the store, each sealed under the person's key and bound to its place.
 */
#include "inside.h"
#include "people_form.h"

enum { ROW_MAX = 64 * 1024 };

static struct seal_place place_of(enum store_space space, uint64_t owner, uint64_t id) {
    return (struct seal_place){
        .what = SEAL_FACTS, .owner = owner, .category = (uint32_t)space, .id = id};
}

struct status person_row_put(struct vault *v, const struct person *p, enum store_space space,
                             uint64_t owner, uint64_t id, struct slice plain) {
    struct seal_key key CLEANUP(seal_key_done);
    TRY(person_key_get(v, p, PERSON_KEY, &key));
    struct buf sealed CLEANUP(buf_done);
    buf_init(&sealed, ROW_MAX + RECORD_OVERHEAD);
    struct seal_place place = place_of(space, owner, id);
    TRY(record_seal_buf(&key, &place, plain, &sealed));
    return store_put(v->store, space, owner, id, buf_slice(&sealed));
}

struct status person_row_open(const struct seal_key *key, enum store_space space, uint64_t owner,
                              uint64_t id, struct slice sealed, struct buf *ret_plain) {
    struct seal_place place = place_of(space, owner, id);
    struct status status = record_open_buf(key, &place, sealed, ret_plain);
    return status.code == E_SEAL_OPEN ? FAIL(E_VAULT_CORRUPT) : status;
}

struct status person_save(struct vault *v, const struct person *p,
                          const struct vault_subject *subject) {
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, ROW_MAX);
    TRY(subject_write(subject, &plain));
    return person_row_put(v, p, STORE_SUBJECTS, p->subject.id, 0, buf_slice(&plain));
}

struct status consent_save(struct vault *v, const struct person *p,
                           const struct vault_consent *consent) {
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, ROW_MAX);
    TRY(consent_write(consent, &plain));
    return person_row_put(v, p, STORE_CONSENTS, p->subject.id, consent->purpose, buf_slice(&plain));
}

struct status guardian_save(struct vault *v, const struct person *child,
                            const struct vault_guardian *link) {
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, ROW_MAX);
    TRY(guardian_write(link, &plain));
    TRY(person_row_put(v, child, STORE_GUARDIANS, link->child, link->guardian, buf_slice(&plain)));
    return store_put(v->store, STORE_WARDS, link->guardian, link->child, SLICE(""));
}

/* Doing again, in a restored backup, what took something away since it was made.
 *
 * What each function that changes the vault leaves in the tightening log, and what of it stands
 * after a restore. What the log does not say of a backup's past is read so that it protects.
 *
 *   vault_erase_subject, _many  ERASE_SUBJECT   gone, with or without their keys
 *   vault_erase_category        ERASE_CATEGORY  gone
 *   vault_erase_record          DELETE          gone
 *   vault_delete, _delete_ids   DELETE          gone
 *   vault_blob_abort            DELETE          gone
 *   what expires                DELETE          gone
 *   vault_consent_set           CONSENT         a no stands; a yes to less: not asked yet
 *   vault_object                OBJECT          it stands, also when it was taken back since
 *   vault_restrict              RESTRICT        it stands, also when it was lifted since
 *   vault_subject_set_state     STATE           the stricter state; a laxer one is not set again
 *   vault_subject_set_facts     FACTS           as they were set; unknown if they do not open
 *   vault_subject_set_tag       TAG             the new one or none; the old one finds nobody
 *   vault_guardian_revoke       GUARDIAN        no link, and what it gave is withdrawn
 *   vault_guardian_link         LINK            renewed: the new method, the earlier end,
 *                                               verified if both were
 *   vault_change                CHANGE          what it takes away, the new access list, the
 *                                               earlier end
 *   vault_narrow                REWRITE         VAULT_WITHHELD until it is rewritten
 *   vault_hold_place            HOLD            it stands until its end
 *   vault_hold_extend           HOLD            the later end
 *   vault_hold_lift, and ends   HOLD_ENDED      no hold
 *   vault_unkeep                KEPT            gone
 *   what numbers a name         NAME            the same number
 *   vault_restore without log   LOST            no consent is known, and every record is withheld
 *
 * Nothing is taken away by vault_subject_add, vault_put, vault_rewrite, vault_keep, vault_read,
 * vault_note, vault_follow, an upload, a backup or a rotation; nor by vault_set_law, since a
 * restore has today's law. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "inside.h"
#include "people_form.h"

enum { PERSON_ROW_MAX = 64 * 1024 };

/* People -------------------------------------------------------------------------------- */

static struct status again_people(struct vault *v, const struct tightening *t) {
    size_t count = t->ids.len / 4;
    uint64_t *ids = mem_array(count, sizeof *ids);
    if (ids == NULL) {
        return FAIL(E_MEMORY);
    }
    for (size_t i = 0; i < count; i++) {
        ids[i] = bytes_be32(t->ids.ptr + i * 4);
    }
    struct status status = erase_again(v, t->kind, t->what, ids, count);
    mem_free(ids);
    return status;
}

static struct status again_consent(struct vault *v, const struct tightening *t) {
    struct vault_consent consent;
    TRY(vault_consent_get(v, t->subject, (uint8_t)t->what, &consent));
    consent.purpose = (uint8_t)t->what;
    consent.state = (uint8_t)t->value;
    return vault_consent_set(v, NULL, t->subject, &consent);
}

static struct status open_facts(struct vault *v, const struct tightening *t,
                                struct vault_subject *ret) {
    struct person *p = NULL;
    struct seal_key key CLEANUP(seal_key_done);
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, PERSON_ROW_MAX);
    key = (struct seal_key){.bytes = {0}};
    TRY(person_get(v, t->subject, &p));
    TRY(person_key_get(v, p, PERSON_KEY, &key));
    TRY(person_row_open(&key, STORE_SUBJECTS, t->subject, 0, t->ids, &plain));
    return subject_read(buf_slice(&plain), ret);
}

static struct status again_facts(struct vault *v, const struct tightening *t) {
    struct vault_subject then = {.id = 0};
    struct status opened = open_facts(v, t, &then);
    if (opened.code == E_VAULT_CORRUPT) {
        then.facts = (struct vault_facts){.age_kind = VAULT_AGE_UNKNOWN};
        opened = STATUS_OK;
    }
    TRY(opened);
    return vault_subject_set_facts(v, NULL, t->subject, &then.facts);
}

/* The index over the tags is made after this. */
static struct status again_tag(struct vault *v, const struct tightening *t) {
    struct person *p = NULL;
    TRY(person_get(v, t->subject, &p));
    TRY(op_begin(v));
    return op_end(v, t->ids.len == 0
                         ? store_delete(v->store, STORE_TAGGED, t->subject, t->what)
                         : store_put(v->store, STORE_TAGGED, t->subject, t->what, t->ids));
}

/* Records ------------------------------------------------------------------------------- */

/* Leaves what is there (still). */
static void keep_living(const struct vault *v, struct selection *which) {
    for (uint64_t id = selection_next(which, 0); id != 0; id = selection_next(which, id)) {
        uint32_t at = 0;
        if (columns_at(&v->columns, id, &at) == NULL) {
            selection_remove(which, id);
        }
    }
    selection_trim(which);
}

static struct status again_records(struct vault *v, const struct tightening *t) {
    struct selection which CLEANUP(selection_done);
    struct doomed doomed CLEANUP(doomed_done);
    selection_init(&which);
    doomed_init(&doomed);
    struct slice rest = t->ids;
    TRY(selection_read(&rest, &which));
    keep_living(v, &which);
    TRY(op_begin(v));
    struct status status = rekey_mark(v, &which);
    TRY(op_end(v, failed(status) ? status : records_erase(v, &which, &doomed)));
    return doomed_destroy(v, &doomed);
}

static struct status end_sooner(struct vault *v, const struct selection *which, int64_t expires_s) {
    struct selection later CLEANUP(selection_done);
    selection_init(&later);
    for (uint64_t id = selection_next(which, 0); id != 0; id = selection_next(which, id)) {
        struct vault_meta meta;
        bool is_later = columns_get(&v->columns, id, &meta) && meta.expires_s > expires_s;
        TRY(is_later ? selection_add(&later, id) : STATUS_OK);
    }
    struct vault_change change = {.expires_s = expires_s};
    return later.records == 0 ? STATUS_OK : records_change(v, &later, &change, VAULT_CAUSE_CHANGED);
}

static struct status change_again(struct vault *v, const struct selection *which,
                                  const struct vault_change *change) {
    struct vault_change rest = *change;
    rest.expires_s = 0;
    TRY(change->expires_s == 0 ? STATUS_OK : end_sooner(v, which, change->expires_s));
    return records_change(v, which, &rest, VAULT_CAUSE_CHANGED);
}

static struct status again_change(struct vault *v, const struct tightening *t) {
    struct selection which CLEANUP(selection_done);
    selection_init(&which);
    struct vault_change change = {.flags_add = 0};
    struct slice rest = t->ids;
    TRY(delta_change_read(&rest, &which, &change));
    keep_living(v, &which);
    TRY(op_begin(v));
    return op_end(v, which.count == 0 ? STATUS_OK : change_again(v, &which, &change));
}

static struct status withhold(struct vault *v, const struct selection *which) {
    struct vault_change change = {.flags_add = VAULT_WITHHELD};
    return which->count == 0 ? STATUS_OK : records_change(v, which, &change, VAULT_CAUSE_CHANGED);
}

static struct status again_rewrite(struct vault *v, const struct tightening *t) {
    struct selection which CLEANUP(selection_done);
    selection_init(&which);
    TRY(selection_add(&which, t->what));
    keep_living(v, &which);
    TRY(op_begin(v));
    return op_end(v, withhold(v, &which));
}

/* Everything ---------------------------------------------------------------------------- */

struct status tighten_all(struct vault *v) {
    struct selection all CLEANUP(selection_done);
    struct vault_query query = {.id = 0};
    selection_init(&all);
    TRY(store_delete_owners(v->store, STORE_CONSENTS, 0, UINT64_MAX));
    people_done(&v->people);
    TRY(columns_select(&v->columns, &query, vault_now_s(v), true, &all));
    return withhold(v, &all);
}

static struct status again_lost(struct vault *v) {
    TRY(op_begin(v));
    return op_end(v, tighten_all(v));
}

/* Names, and what the guard keeps ------------------------------------------------------- */

static struct status again_name(struct vault *v, const struct tightening *t) {
    uint16_t number = 0;
    if (t->what < NAME_PURPOSE || t->what >= NAME_KINDS) {
        return FAIL(E_VAULT_CORRUPT);
    }
    TRY(op_begin(v));
    TRY(op_end(v, names_number(v, (enum name_kind)t->what, t->ids, &number)));
    return number == t->value ? STATUS_OK : FAIL(E_VAULT_CORRUPT);
}

static struct status again_hold_ended(struct vault *v, const struct tightening *t) {
    return vault_hold_lift(v, NULL, t->subject, t->what);
}

struct status tighten_again(struct vault *v, const struct tightening *t) {
    switch (t->kind) {
    case TIGHT_ERASE_SUBJECT:
    case TIGHT_ERASE_CATEGORY:
        return again_people(v, t);
    case TIGHT_DELETE:
        return again_records(v, t);
    case TIGHT_CONSENT:
        return again_consent(v, t);
    case TIGHT_OBJECT:
        return vault_object(v, NULL, t->subject, (uint8_t)t->what, true);
    case TIGHT_RESTRICT:
        return vault_restrict(v, NULL, t->subject, (uint8_t)t->what, true);
    case TIGHT_GUARDIAN:
        return vault_guardian_revoke(v, NULL, t->subject, t->what);
    case TIGHT_STATE:
        return vault_subject_set_state(v, NULL, t->subject, (enum vault_subject_state)t->what);
    case TIGHT_FACTS:
        return again_facts(v, t);
    case TIGHT_LINK:
        return link_again(v, t);
    case TIGHT_CHANGE:
        return again_change(v, t);
    case TIGHT_REWRITE:
        return again_rewrite(v, t);
    case TIGHT_HOLD:
        return hold_again(v, t);
    case TIGHT_HOLD_ENDED:
        return again_hold_ended(v, t);
    case TIGHT_NAME:
        return again_name(v, t);
    case TIGHT_KEPT:
        return vault_unkeep(v, t->subject, (uint8_t)t->what, t->value);
    case TIGHT_TAG:
        return again_tag(v, t);
    case TIGHT_LOST:
        return again_lost(v);
    case TIGHT_CARRY:
    case TIGHT_BACKUP:
        return STATUS_OK; /* carry.c has taken note of them */
    default:
        return FAIL(E_VAULT_CORRUPT);
    }
}

/* People's rows as bytes, before they are sealed (docs/FORMATS.md, "People"). */
#ifndef WARD_VAULT_PEOPLE_FORM_H
#define WARD_VAULT_PEOPLE_FORM_H

#include "vault/types.h"

MUST_USE struct status subject_write(const struct vault_subject *s, struct buf *out);
MUST_USE struct status subject_read(struct slice bytes, struct vault_subject *ret);
MUST_USE struct status consent_write(const struct vault_consent *c, struct buf *out);
MUST_USE struct status consent_read(struct slice bytes, struct vault_consent *ret);
MUST_USE struct status guardian_write(const struct vault_guardian *g, struct buf *out);
MUST_USE struct status guardian_read(struct slice bytes, struct vault_guardian *ret);

#endif

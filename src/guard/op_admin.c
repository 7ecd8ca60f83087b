/* What only the owner of the machine may ask, over the socket that only they can reach. */
#include "internal.h"

#include <string.h>

static struct status operator_prepare(struct call *c, struct guard_password *job) {
    struct slice name = arg_text(c, ARG_ADMIN_OPERATOR_NAME);
    struct slice password = arg_text(c, ARG_ADMIN_OPERATOR_PASSWORD);
    TRY(check_name(name));
    TRY(check_password(password, name));
    if (law_country_find(arg_text(c, ARG_ADMIN_OPERATOR_COUNTRY)) == 0) {
        return FAIL(E_COUNTRY);
    }
    if (password.len > sizeof job->password) {
        return FAIL(E_TOO_LARGE);
    }
    memcpy(job->password, password.ptr, password.len);
    job->password_len = password.len;
    return STATUS_OK;
}

static struct status make_operator(struct call *c) {
    struct slice name = arg_text(c, ARG_ADMIN_OPERATOR_NAME);
    struct vault_tag tag = tag_name(c->arena, name);
    uint64_t id = operator_id(c->g, c->arena, name);
    uint64_t taken;
    struct api_value *v = NULL;
    TRY(c->worked->result);
    struct status s = kept_get(c->g, 0, KEPT_OPERATOR, id, API_STORED_OPERATOR, c->arena, &v);
    if (s.code == OK || vault_subject_find(c->g->vault, &tag, &taken).code == OK) {
        return FAIL(E_NAME_TAKEN);
    }
    struct api_value row[STO_OPERATOR__COUNT] = {
        [STO_OPERATOR_NAME] = *arg(c, ARG_ADMIN_OPERATOR_NAME),
        [STO_OPERATOR_PASSWORD] = api_text(c->worked->text),
        [STO_OPERATOR_COMPANY] = *arg(c, ARG_ADMIN_OPERATOR_COMPANY),
        [STO_OPERATOR_COUNTRY] = *arg(c, ARG_ADMIN_OPERATOR_COUNTRY),
        [STO_OPERATOR_SAME_ENTITY] = *arg(c, ARG_ADMIN_OPERATOR_SAME_ENTITY),
    };
    return kept_put(c->g, 0, KEPT_OPERATOR, id, API_STORED_OPERATOR, row);
}

/* Of a program, by its reference or by its number: a number alone is mistyped too easily to erase
 * anybody of the machine by it. */
static struct status find_of_program(struct call *c, const struct api_value *whom,
                                     uint64_t *ret_subject) {
    uint64_t program;
    uint64_t number = whom[TYP_WHOM_PERSON].n;
    TRY(program_named(c, whom[TYP_WHOM_PROGRAM].bytes, &program));
    if (number == 0) {
        return person_referred(c, program, whom[TYP_WHOM_NAME].bytes, ret_subject);
    }
    TRY(person_of(c, program, number));
    *ret_subject = number;
    return STATUS_OK;
}

struct status find_whom(struct call *c, unsigned index, uint64_t *ret_subject) {
    const struct api_value *whom = arg(c, index)->fields;
    if (whom[TYP_WHOM_PROGRAM].bytes.len > 0) {
        return find_of_program(c, whom, ret_subject);
    }
    struct vault_tag tag = tag_name(c->arena, whom[TYP_WHOM_NAME].bytes);
    return vault_subject_find(c->g->vault, &tag, ret_subject);
}

static struct status erase(struct call *c) {
    uint64_t subject;
    uint64_t leaf;
    TRY(find_whom(c, ARG_ADMIN_ERASE_WHOM, &subject));
    return erase_person(c, subject, SLICE("GDPR Art. 17(1), on a request by post"),
                        &c->fields[ANS_ADMIN_ERASE_RECEIPT].bytes, &leaf);
}

static struct status export_data(struct call *c) {
    uint64_t subject;
    TRY(find_whom(c, ARG_ADMIN_EXPORT_WHOM, &subject));
    return archive_write(c, subject, &c->fields[ANS_ADMIN_EXPORT_SIZE_BYTES].n,
                         &c->fields[ANS_ADMIN_EXPORT_WITHHELD].n);
}

static struct status escrow(struct call *c) {
    struct buf sealed CLEANUP(buf_done) = {0};
    buf_init_secret(&sealed, 16384);
    TRY(vault_escrow(c->g->vault, &sealed));
    c->fields[ANS_ADMIN_ESCROW_GENERATION].n = vault_stats(c->g->vault).generation;
    return arena_copy(c->arena, buf_slice(&sealed), &c->fields[ANS_ADMIN_ESCROW_SEALED].bytes);
}

static struct status status(struct call *c) {
    c->fields[ANS_ADMIN_STATUS_READY].yes = true;
    c->fields[ANS_ADMIN_STATUS_STARTED_AT].i = c->g->started_ms;
    c->fields[ANS_ADMIN_STATUS_DEMO].yes = vault_stats(c->g->vault).subjects > 0;
    c->fields[ANS_ADMIN_STATUS_RECORDS].n = vault_stats(c->g->vault).records;
    c->fields[ANS_ADMIN_STATUS_GENERATION].n = vault_stats(c->g->vault).generation;
    return backup_tell(c, c->fields[ANS_ADMIN_STATUS_BACKUP].fields);
}

const struct handler admin_handlers[] = {
    {API_ADMIN_PROGRAM, program_register, NULL, false, false},
    {API_ADMIN_PROGRAMS, program_list, NULL, false, false},
    {API_ADMIN_DISMISS, program_dismiss, NULL, false, false},
    {API_ADMIN_OPERATOR, make_operator, operator_prepare, false, false},
    {API_ADMIN_ERASE, erase, NULL, true, false},
    {API_ADMIN_EXPORT, export_data, NULL, false, false},
    {API_ADMIN_ESCROW, escrow, NULL, true, false},
    {API_ADMIN_STATUS, status, NULL, false, false},
    {0},
};

/* A request from frame to answer: whose socket, which operation, which session, what the law says,
 * then its handler. Everything a request may do is said by its row in api/ and in the handlers'
 * tables. An error of any kind becomes a refusal; there is no way from here to a permit. */
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "tally.h"

int64_t guard_now(const struct guard *g) {
    return os_now_ms(g->o.clock);
}

struct vault_use use_of(const struct call *c, uint16_t op) {
    const struct use_numbers *n = &c->g->uses[op];
    return (struct vault_use){.purpose = n->purpose,
                              .operation = n->operation,
                              .actor = &c->actor,
                              .gpc = c->gpc,
                              .asked_by = c->session.subject};
}

void call_decided(struct call *c, const struct vault_use *use, uint8_t category, uint64_t subject,
                  const struct vault_answer *answer) {
    c->use = *use;
    c->category = category;
    c->about = subject;
    c->answer = *answer;
    c->decided = true;
    tally_denial(c->g, answer);
}

struct status call_permit(struct call *c, const struct vault_use *use, uint8_t category,
                          uint64_t subject) {
    struct vault_answer answer = {0};
    struct status s = vault_permit(c->g->vault, use, category, subject, &answer);
    if (s.code == OK || s.code == E_DENIED) {
        call_decided(c, use, category, subject, &answer);
    }
    return s;
}

struct status call_own(struct call *c) {
    const struct use_numbers *n = &c->g->uses[c->op->number];
    struct vault_use use = use_of(c, c->op->number);
    TRY(call_permit(c, &use, n->category, c->session.subject));
    c->decided = false;
    return STATUS_OK;
}

struct status call_allowed(struct call *c) {
    const struct use_numbers *n = &c->g->uses[c->op->number];
    struct vault_use use = use_of(c, c->op->number);
    struct vault_answer answer;
    TRY(vault_decide(c->g->vault, &use, n->category, c->session.subject, &answer));
    return answer.permit ? STATUS_OK : call_own(c);
}

/* --- may this caller ask this at all? --- */

static bool role_fits(enum guard_role role, enum api_who who) {
    static const bool table[][7] = {
        /*                 anyone session operator signed front admin program */
        [GUARD_FRONT] = {true, true, true, true, true, false, false},
        [GUARD_ADMIN] = {true, true, true, true, false, true, false},
        [GUARD_PROGRAM] = {false, false, false, false, false, false, true},
    };
    return table[role][who];
}

static struct status check_who(const struct call *c) {
    enum session_kind kind = c->session.kind;
    switch (c->op->who) {
    case API_WHO_SESSION:
        return kind == SESSION_PERSON     ? STATUS_OK
               : kind == SESSION_OPERATOR ? FAIL(E_ROLE)
                                          : FAIL(E_SESSION);
    case API_WHO_OPERATOR:
        return kind == SESSION_OPERATOR ? STATUS_OK
               : kind == SESSION_PERSON ? FAIL(E_OPERATOR)
                                        : FAIL(E_SESSION);
    case API_WHO_SIGNED:
        return kind == SESSION_NONE ? FAIL(E_SESSION) : STATUS_OK;
    case API_WHO_ANYONE:
    case API_WHO_FRONT:
    case API_WHO_ADMIN:
    case API_WHO_PROGRAM:
        return STATUS_OK;
    }
    return FAIL(E_ROLE);
}

static struct status load_operator(struct call *c) {
    struct api_value *v = NULL;
    TRY(kept_get(c->g, 0, KEPT_OPERATOR, c->session.operator, API_STORED_OPERATOR, c->arena, &v));
    c->operator.name = v[STO_OPERATOR_NAME].bytes;
    c->operator.company = v[STO_OPERATOR_COMPANY].bytes;
    c->operator.country = v[STO_OPERATOR_COUNTRY].bytes;
    c->operator.same_entity = v[STO_OPERATOR_SAME_ENTITY].yes;
    c->actor = (struct vault_actor){.session = c->session.id,
                                    .id = c->operator.company,
                                    .country = c->operator.country,
                                    .same_entity = c->operator.same_entity };
    return STATUS_OK;
}

static struct status load_person(struct call *c) {
    struct status s = vault_subject_get(c->g->vault, c->session.subject, &c->person);
    if (s.code == E_NO_SUBJECT || (!failed(s) && c->person.state == VAULT_ERASED)) {
        c->session = (struct session){0};
        return STATUS_OK;
    }
    TRY(s);
    c->actor = (struct vault_actor){.session = c->session.id, .subject = c->session.subject};
    bool waits = c->person.state == VAULT_NEEDS_GUARDIAN && c->op->who == API_WHO_SESSION;
    return waits && !c->op->waiting ? FAIL(E_WAITING) : STATUS_OK;
}

/* Here tokens are programs' and nobody's session. */
static struct status identify_program(struct call *c, const struct api_request *request) {
    c->program = programs_find(c->g, request->token);
    if (c->program == NULL) {
        return FAIL(E_SESSION);
    }
    c->actor = programs_actor(c->g, c->program);
    return STATUS_OK;
}

/* Without the service, only what is for programs and for the owner of the machine. */
static bool is_offered(const struct call *c) {
    bool of_service = c->op->who != API_WHO_PROGRAM && c->op->who != API_WHO_ADMIN;
    return !(c->g->o.programs_only && of_service);
}

static struct status identify(struct call *c, const struct api_request *request) {
    if (!role_fits(c->role, c->op->who)) {
        return FAIL(E_ROLE);
    }
    if (!is_offered(c)) {
        return FAIL(E_OP_UNKNOWN);
    }
    if (c->role == GUARD_PROGRAM) {
        return identify_program(c, request);
    }
    TRY(session_find(c->g, request->token, c->arena, &c->session));
    struct status s = STATUS_OK;
    if (c->session.kind == SESSION_PERSON) {
        s = load_person(c);
    } else if (c->session.kind == SESSION_OPERATOR) {
        s = load_operator(c);
    }
    TRY(s);
    return check_who(c);
}

/* --- running it --- */

static struct status prepare(struct call *c, const struct handler *h) {
    struct guard_password *job = mem_alloc(sizeof *job);
    if (job == NULL) {
        return FAIL(E_MEMORY);
    }
    struct status s = h->prepare(c, job);
    if (failed(s)) {
        guard_password_free(&job);
        return s;
    }
    c->reply->job = job;
    return STATUS_OK;
}

static struct status run(struct call *c, const struct handler *h) {
    c->fields = api_record(c->arena, c->op->answer);
    if (c->fields == NULL) {
        return FAIL(E_MEMORY);
    }
    TRY(h->permit ? call_own(c) : STATUS_OK);
    return h->run(c);
}

/* Errors of the rooms below that mean something else to a caller of this operation. */
static uint16_t caller_code(const struct api_op *op, uint16_t code) {
    static const struct {
        uint16_t below;
        uint16_t above;
    } names[] = {
        {E_NO_RECORD, E_NOT_FOUND},  {E_NO_SUBJECT, E_NOT_FOUND},   {E_LEDGER_MISSING, E_NOT_FOUND},
        {E_TAG_TAKEN, E_NAME_TAKEN}, {E_VAULT_STOPPED, E_STOPPING}, {E_RANGE, E_OFFSET},
    };
    if (api_op_may_fail(op, code)) {
        return code;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (names[i].below == code && api_op_may_fail(op, names[i].above)) {
            return names[i].above;
        }
    }
    /* For the operator: the operation and the error, never who asked or about whom. */
    fprintf(stderr, "ward-guard: %s: %s\n", op->name, error_info(code)->name);
    return E_UNKNOWN;
}

static struct status refuse(struct call *c, uint32_t id, uint16_t code, struct buf *out) {
    struct api_refusal refusal = {0};
    bool law = code == E_DENIED && c->decided;
    if (law && failed(explain_refusal(c, &refusal))) {
        refusal = (struct api_refusal){0};
    }
    return api_refusal_write(code, id, &refusal, out);
}

/* Adds the answer, or the refusal; what cannot be written is refused in turn. */
static void answer(struct call *c, uint32_t id, struct status s) {
    struct buf *out = c->reply->out;
    if (!failed(s)) {
        uint8_t flags = c->flags | (c->fd >= 0 ? API_FLAG_DESCRIPTOR : 0);
        s = api_answer_write(c->op, id, flags, c->fields, out);
    }
    if (!failed(s)) {
        c->reply->fd = c->fd;
        return;
    }
    if (c->fd >= 0) {
        close(c->fd);
    }
    if (failed(refuse(c, id, caller_code(c->op, s.code), out))) {
        (void)!api_refusal_write(E_MEMORY, id, NULL, out).code;
    }
}

static enum guard_outcome take(struct call *c, const struct guard_request *in,
                               const struct api_request *request) {
    struct status s = identify(c, request);
    const struct handler *h = c->g->handlers[c->op->number];
    if (!failed(s) && h == NULL) {
        s = FAIL(E_OP_UNKNOWN);
    }
    if (!failed(s) && h->prepare != NULL && in->worked == NULL) {
        s = prepare(c, h);
        if (!failed(s)) {
            return GUARD_PASSWORD;
        }
    }
    if (!failed(s) && h->alone && !in->alone) {
        return GUARD_ALONE;
    }
    answer(c, request->id, failed(s) ? s : run(c, h));
    return GUARD_ANSWERED;
}

enum guard_outcome guard_take(struct guard *g, const struct guard_request *in,
                              struct guard_reply *reply) {
    struct arena arena CLEANUP(arena_done);
    arena_init(&arena, GUARD_ARENA_BYTES);
    struct api_request request = {0};
    reply->fd = -1;
    struct status s = api_request_read(in->frame, &arena, &request);
    if (failed(s)) {
        (void)!api_refusal_write(s.code, api_frame_id(in->frame), NULL, reply->out).code;
        return s.code == E_FRAME ? GUARD_BROKEN : GUARD_ANSWERED;
    }
    struct call c = {.g = g,
                     .role = in->role,
                     .op = request.op,
                     .args = request.args,
                     .gpc = (request.flags & API_FLAG_GPC) != 0,
                     .arena = &arena,
                     .now_ms = guard_now(g),
                     .worked = in->worked,
                     .reply = reply,
                     .fd = -1};
    return take(&c, in, &request);
}

/* Clips of the person who is signed in: upload, audience, deletion, list. */
#include "feed.h"
#include "ledger/leaf.h"
#include "media/limits.h"

/* --- upload --- */

static struct status check_audience(struct call *c, struct slice text, enum audience *ret) {
    *ret = audience_of(text);
    if (*ret == AUDIENCE_NONE) {
        return FAIL(E_AUDIENCE);
    }
    if (*ret != AUDIENCE_EVERYONE) {
        return STATUS_OK;
    }
    struct vault_use use = use_of(c, API_CLIP_AUDIENCE);
    use.by_subject_action = true;
    return call_permit(c, &use, c->g->uses[API_CLIP_AUDIENCE].category, c->session.subject);
}

static struct status check_begin(struct call *c) {
    uint64_t size = arg(c, ARG_CLIP_BEGIN_SIZE_BYTES)->n;
    uint64_t count;
    enum audience audience;
    struct vault_query mine = {.owner = c->session.subject,
                               .category = (uint8_t)(c->g->uses[API_CLIP_MINE].category + 1)};
    if (size == 0) {
        return FAIL(E_MEDIA_EMPTY);
    }
    if (size > MEDIA_MAX_INPUT_BYTES) {
        return FAIL(E_CLIP_TOO_LARGE);
    }
    TRY(check_audience(c, arg_text(c, ARG_CLIP_BEGIN_AUDIENCE), &audience));
    TRY(studio_room(c->g, c->session.subject));
    TRY(vault_count(c->g->vault, &mine, &count));
    return count < GUARD_CLIPS_EACH ? STATUS_OK : FAIL(E_QUOTA);
}

static struct status begin_blob(struct call *c, uint64_t *ret_blob) {
    struct vault_use use = use_of(c, API_CLIP_BEGIN);
    struct vault_meta meta = {.owner = c->session.subject,
                              .category = c->g->uses[API_CLIP_BEGIN].category};
    struct vault_answer answer = {0};
    struct status s = vault_blob_begin(c->g->vault, &use, &meta, SLICE("application/octet-stream"),
                                       ret_blob, &answer);
    if (s.code == E_DENIED) {
        call_decided(c, &use, meta.category, meta.owner, &answer);
    }
    return s;
}

static struct status put_row(struct call *c, uint64_t blob, uint64_t *ret_clip) {
    struct buf plain CLEANUP(buf_done) = {0};
    struct vault_use use = use_of(c, API_CLIP_BEGIN);
    struct vault_meta meta = {.owner = c->session.subject,
                              .category = c->g->uses[API_CLIP_MINE].category};
    struct vault_answer answer = {0};
    struct api_value v[STO_CLIP__COUNT] = {
        [STO_CLIP_CAPTION] = *arg(c, ARG_CLIP_BEGIN_CAPTION),
        [STO_CLIP_AUDIENCE] = *arg(c, ARG_CLIP_BEGIN_AUDIENCE),
        [STO_CLIP_STATE] = api_text("receiving"),
        [STO_CLIP_SIZE_BYTES] = *arg(c, ARG_CLIP_BEGIN_SIZE_BYTES),
        [STO_CLIP_ORIGINAL] = api_n(blob),
        [STO_CLIP_CREATED_AT] = api_time(c->now_ms),
    };
    buf_init_secret(&plain, VAULT_PAYLOAD_MAX);
    TRY(shown_name(c, c->session.subject, &v[STO_CLIP_OWNER_NAME].bytes));
    TRY(stored_write(API_STORED_CLIP, v, &plain));
    struct status s = vault_put(c->g->vault, &use, &meta, buf_slice(&plain), ret_clip, &answer);
    if (s.code == E_DENIED) {
        call_decided(c, &use, meta.category, meta.owner, &answer);
    }
    return s;
}

static struct status begin(struct call *c) {
    uint64_t blob;
    uint64_t clip;
    TRY(check_begin(c));
    TRY(begin_blob(c, &blob));
    struct status s = put_row(c, blob, &clip);
    s = failed(s) ? s
                  : studio_begin(c->g, clip, c->session.subject, blob,
                                 arg(c, ARG_CLIP_BEGIN_SIZE_BYTES)->n);
    if (failed(s)) {
        struct status undone = vault_blob_abort(c->g->vault, blob);
        return failed(undone) ? undone : s;
    }
    c->fields[ANS_CLIP_BEGIN_CLIP].n = clip;
    return STATUS_OK;
}

static struct status chunk(struct call *c) {
    return studio_add(c->g, arg(c, ARG_CLIP_CHUNK_CLIP)->n, c->session.subject,
                      arg(c, ARG_CLIP_CHUNK_OFFSET)->n, arg_text(c, ARG_CLIP_CHUNK_BYTES),
                      &c->fields[ANS_CLIP_CHUNK_RECEIVED].n);
}

/* --- the row of one's own clip --- */

static struct status read_own(struct call *c, const struct vault_use *use, uint64_t id,
                              struct api_value **ret_v) {
    struct buf plain CLEANUP(buf_done) = {0};
    struct vault_meta meta;
    struct vault_answer answer = {0};
    buf_init_secret(&plain, VAULT_PAYLOAD_MAX);
    const struct clip *clip = feed_clip(c->g, id);
    if (clip == NULL || clip->owner != c->session.subject) {
        return FAIL(E_NOT_FOUND);
    }
    struct status s = vault_read(c->g->vault, use, id, &plain, &meta, &answer);
    if (s.code == E_DENIED) {
        call_decided(c, use, meta.category, c->session.subject, &answer);
    }
    TRY(s);
    TRY(stored_read(API_STORED_CLIP, buf_slice(&plain), c->arena, ret_v));
    clip_withhold(&meta, *ret_v);
    return STATUS_OK;
}

/* fewer: who may see it become fewer, so that no restored backup may show it to the others. */
static struct status rewrite_own(struct call *c, const struct vault_use *use, uint64_t id,
                                 const struct api_value *v, bool fewer) {
    struct buf plain CLEANUP(buf_done) = {0};
    struct vault_answer answer = {0};
    buf_init_secret(&plain, VAULT_PAYLOAD_MAX);
    TRY(stored_write(API_STORED_CLIP, v, &plain));
    struct status s =
        (fewer ? vault_narrow : vault_rewrite)(c->g->vault, use, id, buf_slice(&plain), &answer);
    if (s.code == E_DENIED) {
        call_decided(c, use, c->g->uses[API_CLIP_MINE].category, c->session.subject, &answer);
    }
    return s;
}

static struct status finish(struct call *c) {
    uint64_t id = arg(c, ARG_CLIP_FINISH_CLIP)->n;
    struct vault_use use = use_of(c, API_CLIP_FINISH);
    struct api_value *v = NULL;
    TRY(read_own(c, &use, id, &v));
    TRY(studio_finish(c->g, id, c->session.subject));
    v[STO_CLIP_STATE] = api_text("processing");
    return rewrite_own(c, &use, id, v, false);
}

/* That something became public is an access, decided and recorded; that it no longer is, is not. */
static struct status note_unpublished(struct call *c, uint64_t id) {
    struct buf said CLEANUP(buf_done) = {0};
    const struct use_numbers *n = &c->g->uses[API_CLIP_AUDIENCE];
    uint64_t leaf;
    buf_init(&said, 256);
    TRY(content_add_text(&said, FIELD_PURPOSE, vault_purpose_name(c->g->vault, n->purpose)));
    TRY(content_add_text(&said, FIELD_CATEGORY, vault_category_name(c->g->vault, n->category)));
    TRY(content_add_u64(&said, FIELD_AT_MS, (uint64_t)c->now_ms));
    TRY(content_add_u64(&said, FIELD_RECORD, id));
    return vault_note(c->g->vault, LEAF_PUBLISH_ENDED, c->session.subject, buf_slice(&said), &leaf);
}

static struct status set_audience(struct call *c) {
    uint64_t id = arg(c, ARG_CLIP_AUDIENCE_CLIP)->n;
    struct vault_use use = use_of(c, API_CLIP_FINISH);
    struct api_value *v = NULL;
    enum audience audience;
    TRY(read_own(c, &use, id, &v));
    TRY(check_audience(c, arg_text(c, ARG_CLIP_AUDIENCE_AUDIENCE), &audience));
    bool ends = audience_of(v[STO_CLIP_AUDIENCE].bytes) == AUDIENCE_EVERYONE &&
                audience != AUDIENCE_EVERYONE;
    v[STO_CLIP_AUDIENCE] = *arg(c, ARG_CLIP_AUDIENCE_AUDIENCE);
    TRY(rewrite_own(c, &use, id, v, ends));
    return ends ? note_unpublished(c, id) : STATUS_OK;
}

/* --- deletion --- */

static struct status delete_record(struct call *c, uint64_t id, struct vault_erased *erased) {
    struct vault_erased one = {0};
    if (id == 0) {
        return STATUS_OK;
    }
    struct status s =
        vault_erase_record(c->g->vault, &c->actor, id, SLICE("GDPR Art. 17(1)"), NULL, &one);
    if (s.code == E_NO_RECORD) {
        return STATUS_OK;
    }
    TRY(s);
    *erased = one;
    return STATUS_OK;
}

static struct status delete_clip(struct call *c) {
    uint64_t id = arg(c, ARG_CLIP_DELETE_CLIP)->n;
    const struct clip *clip = feed_clip(c->g, id);
    struct upload upload;
    if (clip == NULL || clip->owner != c->session.subject) {
        bool failed_one = studio_upload(c->g, id, &upload) && upload.owner == c->session.subject;
        if (failed_one) {
            studio_forget_clip(c->g, id);
        }
        return failed_one ? STATUS_OK : FAIL(E_NOT_FOUND);
    }
    /* Its row last: it names the others, should this be interrupted. */
    static const unsigned blobs[] = {STO_CLIP_ORIGINAL, STO_CLIP_LARGE, STO_CLIP_SMALL,
                                     STO_CLIP_POSTER};
    struct vault_erased erased = {0};
    for (size_t i = 0; i < ARRAY_LEN(blobs); i++) {
        TRY(delete_record(c, clip->v[blobs[i]].n, &erased));
    }
    TRY(delete_record(c, id, &erased));
    studio_forget_clip(c->g, id);
    c->reply->after_seq = erased.feed_seq;
    c->fields[ANS_CLIP_DELETE_RECEIPT].n = erased.leaf;
    return STATUS_OK;
}

const struct handler clip_handlers[] = {
    {API_CLIP_BEGIN, begin, NULL, false, false},
    {API_CLIP_CHUNK, chunk, NULL, false, false},
    {API_CLIP_FINISH, finish, NULL, false, false},
    {API_CLIP_AUDIENCE, set_audience, NULL, false, false},
    {API_CLIP_DELETE, delete_clip, NULL, true, true},
    {0},
};

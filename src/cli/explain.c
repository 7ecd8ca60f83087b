/* Puts the engine's explanation into words. Says only what the engine reckoned. */
#include "explain.h"

#include "wire/json.h"

enum { ARENA_BYTES = 4 << 20, WORDS_BYTES = 4096, VALUE_BYTES = 512 };

/* Whether it applies. */
static const char *applies(const struct law_explanation *e) {
    return e->when == LAW_UNKNOWN
               ? "It is not known whether this applies, and the doubt protects the person"
               : "This applies";
}

/* What it came to. */
static const char *comes_to(const struct law_explanation *e) {
    if (e->verdict == LAW_OWED) {
        return "what it asks is owed.";
    }
    if (e->verdict == LAW_FOR) {
        return "what it asks for is there.";
    }
    switch (e->then) {
    case LAW_FALSE:
        return "what it asks for is not there.";
    case LAW_UNKNOWN:
        return "whether what it asks for is there cannot be told, which is not enough.";
    case LAW_TRUE:
        break;
    }
    return "it stands in the way.";
}

static struct status put_needs(uint32_t needs, struct buf *words) {
    const char *separator = " It would need: ";
    for (int i = 0; i < LAW_NEED_COUNT; i++) {
        if ((needs >> i & 1) != 0) {
            TRY(buf_add_str(words, separator));
            TRY(buf_add(words, law_need_name((enum law_need)i)));
            separator = ", ";
        }
    }
    return needs == 0 ? STATUS_OK : buf_add_byte(words, '.');
}

static struct status in_words(const struct law_explanation *e, struct buf *words) {
    buf_clear(words);
    TRY(buf_add(words, e->title));
    TRY(buf_add_str(words, e->title.len > 0 ? ". " : ""));
    TRY(buf_add_str(words, applies(e)));
    TRY(buf_add_str(words, "; "));
    TRY(buf_add_str(words, comes_to(e)));
    return e->verdict == LAW_AGAINST ? put_needs(e->needs, words) : STATUS_OK;
}

static struct status put_facts(const struct law_explanation *e, const struct law_facts *f,
                               struct json_writer *w) {
    struct buf value CLEANUP(buf_done);
    buf_init(&value, VALUE_BYTES);
    json_put_key(w, SLICE("facts"));
    json_put_object(w);
    for (int i = 0; i < LAW_FACTS + e->asked_consent_age; i++) {
        if (i < LAW_FACTS && (e->facts[i >> 6] >> (i & 63) & 1) == 0) {
            continue;
        }
        buf_clear(&value);
        TRY(law_facts_format(f, (enum law_fact)i, &value));
        json_put_key(w, law_fact_info((enum law_fact)i)->name);
        json_put_string(w, buf_slice(&value));
    }
    json_put_close(w);
    return STATUS_OK;
}

static struct status put_citation(const struct law_set *set, const struct law_explanation *e,
                                  struct buf *words, struct json_writer *w) {
    buf_clear(words);
    TRY(buf_add(words, law_set_title(set, e->law)));
    TRY(buf_add_str(words, ", "));
    TRY(buf_add(words, e->article));
    json_put_key(w, SLICE("citation"));
    json_put_string(w, buf_slice(words));
    return STATUS_OK;
}

static struct slice verdict_name(enum law_verdict v) {
    switch (v) {
    case LAW_AGAINST:
        return SLICE("against");
    case LAW_FOR:
        return SLICE("for");
    case LAW_OWED:
        break;
    }
    return SLICE("owed");
}

static void put_text(struct json_writer *w, struct slice key, struct slice text) {
    if (text.len > 0) {
        json_put_key(w, key);
        json_put_string(w, text);
    }
}

static struct status put_rule(const struct law_set *set, const struct law_explanation *e,
                              const struct law_facts *f, struct json_writer *w) {
    struct buf words CLEANUP(buf_done);
    buf_init(&words, WORDS_BYTES);
    json_put_object(w);
    put_text(w, SLICE("law"), law_set_name(set, e->law));
    put_text(w, SLICE("article"), e->article);
    put_text(w, SLICE("title"), e->title);
    TRY(put_citation(set, e, &words, w));
    put_text(w, SLICE("verdict"), verdict_name(e->verdict));
    TRY(in_words(e, &words));
    put_text(w, SLICE("why"), buf_slice(&words));
    put_text(w, SLICE("quote"), e->quote);
    put_text(w, SLICE("source"), e->source);
    TRY(put_facts(e, f, w));
    json_put_close(w);
    return STATUS_OK;
}

struct status explain_write(const struct law_set *set, uint64_t laws,
                            const struct law_facts *settled, struct buf *out) {
    struct arena arena CLEANUP(arena_done);
    struct law_explanation *list;
    struct json_writer w;
    size_t count;
    arena_init(&arena, ARENA_BYTES);
    TRY(law_explain(set, laws, settled, &arena, &list, &count));
    json_put_open(&w, out);
    json_put_array(&w);
    for (size_t i = 0; i < count; i++) {
        TRY(put_rule(set, &list[i], settled, &w));
    }
    json_put_close(&w);
    return json_put_done(&w);
}

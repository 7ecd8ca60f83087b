/* Privacy notices, made from the data map: who is responsible, what is used for what and on which
 * ground, for how long, who receives it, and what the reader can do (GDPR Art. 13). One for adults
 * and one in words for children, in each language. The version is a hash of all of it. */
#include "notices.h"

#include <string.h>

#include "base/bytes.h"

enum { TEXT_BYTES = 8000, SECTIONS_MAX = 72 };

/* Sentences that the data map does not hold; facts are filled in. */
struct phrases {
    const char *language;
    const char *title[2]; /* adult, child */
    const char *who_heading[2];
    const char *who[2]; /* then the controller's name */
    const char *contact[2];
    const char *data[2];
    const char *ground[2];
    const char *kept[2];
    const char *receives[2];
    const char *rights_heading[2];
    const char *rights[2];
};

static const struct phrases all[] = {
    {"en",
     {"How your data are used", "What we know about you"},
     {"Who is responsible", "Who we are"},
     {"Responsible for your data: ", "The people who run this and must look after what we know "
                                     "about you: "},
     {"Contact: ", "You can write to: "},
     {"Data: ", "What we use: "},
     {"Ground: ", "Why we may: "},
     {"Kept: ", "How long: "},
     {"Received by: ", "Who gets it: "},
     {"Your rights", "What you can do"},
     {"You can see everything that is held about you, correct it, take it with you, restrict its "
      "use, object to it, withdraw any consent as easily as you gave it, and have it erased. You "
      "can complain to the data protection authority where you live.",
      "You can see everything we know about you. You can ask us to fix it or to throw it away. You "
      "can say no, and a yes can become a no at any time. Nothing bad happens when you say no. A "
      "grown-up can help you with all of this."}},
    {"nl",
     {"Hoe je gegevens worden gebruikt", "Wat we over jou weten"},
     {"Wie verantwoordelijk is", "Wie wij zijn"},
     {"Verantwoordelijk voor je gegevens: ", "De mensen die dit maken en goed moeten zorgen voor wat "
                                             "we over jou weten: "},
     {"Contact: ", "Je kunt schrijven naar: "},
     {"Gegevens: ", "Wat we gebruiken: "},
     {"Grondslag: ", "Waarom dat mag: "},
     {"Bewaard: ", "Hoe lang: "},
     {"Ontvangen door: ", "Wie het krijgt: "},
     {"Je rechten", "Wat jij kunt doen"},
     {"Je kunt alles zien wat over je wordt bewaard, het verbeteren, meenemen, het gebruik ervan "
      "beperken, bezwaar maken, elke toestemming even makkelijk intrekken als je haar gaf, en "
      "alles laten wissen. Je kunt klagen bij de Autoriteit Persoonsgegevens.",
      "Je kunt alles zien wat we over jou weten. Je kunt vragen om het te verbeteren of weg te "
      "gooien. Je mag nee zeggen, en een ja mag altijd een nee worden. Er gebeurt niets ergs als je "
      "nee zegt. Een volwassene kan je hierbij helpen."}},
    {"de",
     {"Wie deine Daten verwendet werden", "Was wir \u00fcber dich wissen"},
     {"Wer verantwortlich ist", "Wer wir sind"},
     {"Verantwortlich f\u00fcr deine Daten: ", "Die Leute, die das hier machen und gut auf das "
                                          "aufpassen m\u00fcssen, was wir \u00fcber dich wissen: "},
     {"Kontakt: ", "Du kannst schreiben an: "},
     {"Daten: ", "Was wir benutzen: "},
     {"Rechtsgrundlage: ", "Warum wir das d\u00fcrfen: "},
     {"Gespeichert: ", "Wie lange: "},
     {"Empf\u00e4nger: ", "Wer es bekommt: "},
     {"Deine Rechte", "Was du tun kannst"},
     {"Du kannst alles sehen, was \u00fcber dich gespeichert ist, es berichtigen, mitnehmen, seine "
      "Verwendung einschr\u00e4nken, ihr widersprechen, jede Einwilligung so leicht widerrufen, wie du sie "
      "gegeben hast, und alles l\u00f6schen lassen. Du kannst dich bei der Datenschutzbeh\u00f6rde beschweren.",
      "Du kannst alles sehen, was wir \u00fcber dich wissen. Du kannst uns bitten, es zu verbessern oder "
      "wegzuwerfen. Du darfst Nein sagen, und aus einem Ja darf jederzeit ein Nein werden. Es passiert "
      "nichts Schlimmes, wenn du Nein sagst. Ein Erwachsener kann dir dabei helfen."}},
    {"fr",
     {"Comment tes donn\u00e9es sont utilis\u00e9es", "Ce que nous savons de toi"},
     {"Qui est responsable", "Qui nous sommes"},
     {"Responsable de tes donn\u00e9es : ", "Les personnes qui font ce service et doivent prendre soin de "
                                       "ce que nous savons de toi : "},
     {"Contact : ", "Tu peux \u00e9crire \u00e0 : "},
     {"Donn\u00e9es : ", "Ce que nous utilisons : "},
     {"Fondement : ", "Pourquoi nous pouvons : "},
     {"Conserv\u00e9es : ", "Combien de temps : "},
     {"Re\u00e7ues par : ", "Qui les re\u00e7oit : "},
     {"Tes droits", "Ce que tu peux faire"},
     {"Tu peux voir tout ce qui est conserv\u00e9 sur toi, le corriger, l\u2019emporter, en limiter l\u2019usage, "
      "t\u2019y opposer, retirer chaque consentement aussi facilement que tu l\u2019as donn\u00e9, et tout faire "
      "effacer. Tu peux te plaindre \u00e0 l\u2019autorit\u00e9 de protection des donn\u00e9es.",
      "Tu peux voir tout ce que nous savons de toi. Tu peux demander de le corriger ou de le jeter. Tu "
      "peux dire non, et un oui peut toujours devenir un non. Rien de grave n\u2019arrive si tu dis non. "
      "Un adulte peut t\u2019aider pour tout cela."}},
};

struct maker {
    const struct guard *g;
    struct arena *arena;
    const struct phrases *p;
    struct slice language;
    uint32_t tag;
    bool child;
    struct notice_section *sections;
    size_t count;
};

static const char *said(const struct maker *m, const char *const both[2]) {
    return both[m->child ? 1 : 0];
}

static struct status add_section(struct maker *m, struct slice heading, struct buf *text) {
    if (m->count == SECTIONS_MAX) {
        return FAIL(E_TOO_MANY);
    }
    struct notice_section *s = &m->sections[m->count++];
    s->heading = slice_sub(heading, 0, 200);
    return arena_copy(m->arena, buf_slice(text), &s->text);
}

static struct status add_who(struct maker *m) {
    struct buf text CLEANUP(buf_done) = {0};
    const struct law_map_controller *who = law_map_controller(m->g->o.map);
    buf_init(&text, TEXT_BYTES);
    TRY(buf_add_str(&text, said(m, m->p->who)));
    TRY(buf_add(&text, who->name));
    TRY(buf_add_str(&text, who->address.len > 0 ? ", " : ""));
    TRY(buf_add(&text, who->address));
    TRY(buf_add_str(&text, ".\n\n"));
    TRY(buf_add_str(&text, said(m, m->p->contact)));
    TRY(buf_add(&text, who->contact));
    if (who->officer.len > 0) {
        TRY(buf_add_str(&text, ", "));
        TRY(buf_add(&text, who->officer));
    }
    return add_section(m, slice_str(said(m, m->p->who_heading)), &text);
}

static struct slice words_of(const struct maker *m, const struct law_words *words, size_t count,
                             bool why, struct slice otherwise) {
    enum law_words_kind grown = why ? LAW_WORDS_WHY : LAW_WORDS_TITLE;
    enum law_words_kind small = why ? LAW_WORDS_CHILD_WHY : LAW_WORDS_CHILD;
    struct slice adult = law_map_words(words, count, grown, m->tag, otherwise);
    return m->child ? law_map_words(words, count, small, m->tag, adult) : adult;
}

static struct status add_category(struct maker *m, size_t n, struct buf *text) {
    const struct law_map_category *c = law_map_category(m->g->o.map, n);
    uint8_t number;
    TRY(vault_category(m->g->vault, c->name, &number));
    TRY(buf_add_str(text, "\n\n"));
    TRY(buf_add_str(text, said(m, m->p->data)));
    TRY(buf_add(text, words_of(m, c->words, c->words_count, false, c->title)));
    TRY(buf_add_str(text, ". "));
    TRY(buf_add_str(text, said(m, m->p->kept)));
    TRY(buf_add(text, words_until(m->g, number, m->language)));
    TRY(buf_add_str(text, ". "));
    TRY(buf_add_str(text, said(m, m->p->receives)));
    TRY(buf_add(text, words_recipients(m->g, number, m->language)));
    return buf_add_str(text, ".");
}

static struct status add_grounds(struct maker *m, size_t purpose, struct buf *text) {
    uint16_t grounds = law_map_grounds(m->g->o.map, (int)purpose);
    bool first = true;
    TRY(buf_add_str(text, "\n\n"));
    TRY(buf_add_str(text, said(m, m->p->ground)));
    for (uint8_t b = 0; b < 16; b++) {
        if ((grounds >> b & 1) != 0) {
            TRY(buf_add_str(text, first ? "" : ", "));
            TRY(buf_add(text, words_basis(b, m->language)));
            first = false;
        }
    }
    return buf_add_str(text, ".");
}

static struct status add_purpose(struct maker *m, size_t n) {
    const struct law_map_purpose *p = law_map_purpose(m->g->o.map, n);
    struct buf text CLEANUP(buf_done) = {0};
    buf_init(&text, TEXT_BYTES);
    TRY(buf_add(&text, words_of(m, p->words, p->words_count, true, SLICE(""))));
    TRY(add_grounds(m, n, &text));
    for (size_t c = 0; c < law_map_categories(m->g->o.map); c++) {
        if (law_map_operations(m->g->o.map, (int)n, (int)c) != 0) {
            TRY(add_category(m, c, &text));
        }
    }
    return add_section(m, words_of(m, p->words, p->words_count, false, p->title), &text);
}

static struct status add_rights(struct maker *m) {
    struct buf text CLEANUP(buf_done) = {0};
    buf_init(&text, TEXT_BYTES);
    TRY(buf_add_str(&text, said(m, m->p->rights)));
    return add_section(m, slice_str(said(m, m->p->rights_heading)), &text);
}

static void add_hashed(struct seal_sha256_state *h, struct slice s) {
    uint8_t length[8];
    bytes_put_be64(length, s.len);
    seal_sha256_add(h, slice_of(length, sizeof length));
    seal_sha256_add(h, s);
}

static struct status name_version(const struct maker *m, struct notice *n) {
    struct seal_sha256_state h;
    struct buf hex CLEANUP(buf_done) = {0};
    buf_init(&hex, sizeof n->version);
    seal_sha256_begin(&h);
    add_hashed(&h, m->language);
    add_hashed(&h, n->title);
    for (size_t i = 0; i < m->count; i++) {
        add_hashed(&h, m->sections[i].heading);
        add_hashed(&h, m->sections[i].text);
    }
    struct seal_hash sum = seal_sha256_end(&h);
    memcpy(n->shown.version, sum.bytes, sizeof n->shown.version);
    TRY(hex_encode(slice_of(sum.bytes, sizeof sum.bytes), &hex));
    memcpy(n->version, hex.ptr, hex.len);
    return STATUS_OK;
}

/* What the notice can truly be said to tell. */
static void claim(const struct maker *m, struct notice *n) {
    n->shown.shown = true;
    n->shown.child_friendly = m->child;
    n->shown.names_transfers = true;
    n->shown.retention_schedule = true;
    memcpy(n->shown.language, m->language.ptr, m->language.len);
    n->child = m->child;
    n->title = slice_str(said(m, m->p->title));
    n->sections = m->sections;
    n->section_count = m->count;
}

static const struct phrases *find_phrases(struct slice language) {
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (slice_eq(slice_str(all[i].language), language)) {
            return &all[i];
        }
    }
    return NULL;
}

struct status notice_make(const struct guard *g, struct arena *a, struct slice language,
                          bool child, struct notice *ret_notice) {
    struct maker m = {.g = g, .arena = a, .p = find_phrases(language), .language = language,
                      .tag = law_language_parse(language), .child = child};
    struct notice notice = {.child = child};
    if (m.p == NULL) {
        return FAIL(E_NO_LANGUAGE);
    }
    m.sections = arena_array(a, SECTIONS_MAX, sizeof *m.sections);
    if (m.sections == NULL) {
        return FAIL(E_MEMORY);
    }
    TRY(add_who(&m));
    for (size_t p = 0; p < law_map_purposes(g->o.map); p++) {
        TRY(add_purpose(&m, p));
    }
    TRY(add_rights(&m));
    claim(&m, &notice);
    TRY(name_version(&m, &notice));
    *ret_notice = notice;
    return STATUS_OK;
}

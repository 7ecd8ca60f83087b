/* What a name, an address and a password must be; who counts as a child. */
#include <string.h>

#include "base/date.h"
#include "internal.h"

enum { OLDEST_YEARS = 130 };

static struct slice lower(struct arena *a, struct slice s) {
    uint8_t *copy = arena_alloc(a, s.len + 1);
    for (size_t i = 0; copy != NULL && i < s.len; i++) {
        uint8_t c = s.ptr[i];
        copy[i] = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
    }
    return copy == NULL ? (struct slice){NULL, 0} : slice_of(copy, s.len);
}

struct vault_tag tag_name(struct arena *a, struct slice name) {
    return (struct vault_tag){SLICE("name"), lower(a, name)};
}

struct vault_tag tag_mail(struct arena *a, struct slice mail) {
    return (struct vault_tag){SLICE("mail"), lower(a, mail)};
}

static bool in_name(uint8_t c) {
    return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z') || c == ' ' || c == '.' || c == '-' || c == '_';
}

struct status check_name(struct slice name) {
    if (name.len < GUARD_NAME_LEAST || name.ptr[0] == ' ' || name.ptr[name.len - 1] == ' ') {
        return FAIL(E_NAME);
    }
    for (size_t i = 0; i < name.len; i++) {
        if (!in_name(name.ptr[i])) {
            return FAIL(E_NAME);
        }
    }
    return STATUS_OK;
}

/* Enough to refuse slips; whether it exists is seen when the mail comes back. No control characters
 * and no spaces, so that none can end a header line. */
struct status check_mail(struct slice mail) {
    size_t at = slice_find(mail, '@');
    struct slice host = slice_from(mail, at + 1);
    if (at == 0 || at >= mail.len || slice_find(host, '@') < host.len ||
        slice_find(host, '.') >= host.len || slice_starts(host, SLICE(".")) ||
        slice_ends(host, SLICE("."))) {
        return FAIL(E_MAIL);
    }
    for (size_t i = 0; i < mail.len; i++) {
        uint8_t c = mail.ptr[i];
        if (c <= ' ' || c == 0x7f || c == ',' || c == ';' || c == '<' || c == '>' || c == '"') {
            return FAIL(E_MAIL);
        }
    }
    return STATUS_OK;
}

static size_t characters(struct slice s) {
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        n += (s.ptr[i] & 0xc0) != 0x80 ? 1 : 0;
    }
    return n;
}

/* Those that lists of leaked passwords have at their top, and what is made of one character. */
struct status check_password(struct slice password, struct slice name) {
    static const char *const common[] = {
        "password", "password1", "12345678",  "123456789",  "1234567890", "qwertyuiop", "qwerty123",
        "iloveyou", "sunshine",  "princess",  "football",   "baseball",   "welcome1",   "abc12345",
        "11111111", "passw0rd",  "superman",  "starwars",   "whatever",   "trustno1",   "letmein1",
        "87654321", "asdfghjkl", "geheim123", "wachtwoord", "passwort",   "motdepasse",
    };
    if (characters(password) < GUARD_PASSWORD_LEAST || slice_eq(password, name)) {
        return FAIL(E_PASSWORD_WEAK);
    }
    for (size_t i = 0; i < ARRAY_LEN(common); i++) {
        if (slice_eq(password, slice_str(common[i]))) {
            return FAIL(E_PASSWORD_WEAK);
        }
    }
    size_t same = 0;
    while (same < password.len && password.ptr[same] == password.ptr[0]) {
        same++;
    }
    return same == password.len ? FAIL(E_PASSWORD_WEAK) : STATUS_OK;
}

/* --- facts --- */

static void put_text(char *to, size_t room, struct slice s) {
    size_t len = s.len < room ? s.len : room - 1;
    memcpy(to, s.ptr, len);
    to[len] = 0;
}

struct status facts_birth(const struct call *c, struct slice date, struct vault_facts *facts) {
    struct date birth;
    TRY(date_parse(date, &birth));
    int32_t age = date_age(birth, moment_date((struct moment){c->now_ms, 0}));
    if (age < 0 || age > OLDEST_YEARS) {
        return FAIL(E_BIRTH_DATE);
    }
    facts->age_kind = VAULT_AGE_BIRTH;
    facts->age_source = LAW_SUBJECT_AGE_SOURCE_DECLARED;
    facts->birth = birth;
    return STATUS_OK;
}

struct status facts_place(struct slice country, struct slice region, struct vault_facts *facts) {
    uint8_t number = law_country_find(country);
    if (number == 0) {
        return FAIL(E_COUNTRY);
    }
    if (!slice_eq(country, slice_str(facts->country))) {
        facts->region[0] = 0; /* of the country before */
    }
    put_text(facts->country, sizeof facts->country, country);
    if (region.len == 0) {
        return STATUS_OK;
    }
    uint32_t parsed = law_region_parse(region);
    if (parsed == 0 || law_region_country(parsed) != number || region.len >= sizeof facts->region) {
        return FAIL(E_COUNTRY);
    }
    put_text(facts->region, sizeof facts->region, region);
    return STATUS_OK;
}

struct status facts_language(const struct call *c, struct slice language,
                             struct vault_facts *facts) {
    if (words_notice(c->g, language, false) == NULL) {
        return FAIL(E_NO_LANGUAGE);
    }
    put_text(facts->language, sizeof facts->language, language);
    return STATUS_OK;
}

struct status facts_notice(const struct call *c, struct slice version, struct vault_facts *facts) {
    const struct notice *notice = words_notice_version(c->g, version);
    if (notice == NULL) {
        return FAIL(E_NOTICE_UNKNOWN);
    }
    facts->notice = notice->shown;
    return STATUS_OK;
}

/* GDPR and the children's code speak of a child up to 18; unknown is one. */
bool is_child(const struct guard *g, const struct vault_facts *facts) {
    return vault_age(g->vault, facts) < 18;
}

struct status needs_guardian(struct call *c, const struct vault_facts *facts, bool *ret) {
    struct consent_limit limit;
    TRY(consent_limit(c->g, facts, c->arena, &limit));
    *ret = vault_age(c->g->vault, facts) < limit.age;
    return STATUS_OK;
}

struct account_name {
    struct arena *arena;
    struct slice name;
};

static struct status take_name(void *arg, const struct vault_meta *meta, struct slice payload) {
    struct account_name *found = arg;
    struct api_value *v = NULL;
    (void)meta;
    TRY(stored_read(API_STORED_ACCOUNT, payload, found->arena, &v));
    found->name = v[STO_ACCOUNT_NAME].bytes;
    return STATUS_OK;
}

struct status shown_name(struct call *c, uint64_t subject, struct slice *ret_name) {
    struct account_name found = {.arena = c->arena, .name = SLICE("")};
    struct vault_use use = use_of(c, API_ACCOUNT_ME);
    struct vault_found count = {0};
    TRY(vault_newest(c->g->vault, &use, subject, c->g->uses[API_ACCOUNT_ME].category, 0, 1,
                     take_name, &found, &count));
    *ret_name = found.name;
    return STATUS_OK;
}

/* Mails whose sending was decided, as files in the outbox, from where the courier sends them. No
 * mail holds more than its reader needs. */
#include <string.h>

#include "base/bytes.h"
#include "internal.h"

enum { MAIL_BYTES = 8192 };

struct letter {
    const char *language;
    const char *subject;
    const char *before; /* the child's name */
    const char *after;  /* then the link */
    const char *end;
};

static const struct letter letters[] = {
    {"en", "A child asks for your permission", "",
     " would like to use Ward and is too young to "
     "decide alone. Please read what it is about, and decide. The link works for seven days:\n\n",
     "\n\nIf you know nothing about this, do nothing: without you nothing happens.\n"},
    {"nl", "Een kind vraagt je toestemming", "",
     " wil Ward gebruiken en is te jong om dat alleen "
     "te beslissen. Lees waar het over gaat, en beslis. De link werkt zeven dagen:\n\n",
     "\n\nWeet je hier niets van? Doe dan niets: zonder jou gebeurt er niets.\n"},
    {"de", "Ein Kind bittet um deine Erlaubnis", "",
     " m\u00f6chte Ward benutzen und ist zu jung, um "
     "das allein zu entscheiden. Bitte lies, worum es geht, und entscheide. Der Link gilt sieben "
     "Tage:\n\n",
     "\n\nWenn du davon nichts wei\u00dft, tu nichts: Ohne dich geschieht nichts.\n"},
    {"fr", "Un enfant demande ton accord", "",
     " voudrait utiliser Ward et est trop jeune pour en "
     "d\u00e9cider seul. Lis de quoi il s\u2019agit, puis d\u00e9cide. Le lien est valable sept "
     "jours :\n\n",
     "\n\nSi tu n\u2019en sais rien, ne fais rien : sans toi, rien ne se passe.\n"},
};

static const struct letter *find_letter(struct slice language) {
    for (size_t i = 0; i < ARRAY_LEN(letters); i++) {
        if (slice_starts(language, slice_str(letters[i].language))) {
            return &letters[i];
        }
    }
    return &letters[0];
}

static struct status write_letter(const struct guard *g, const struct letter *l, struct slice to,
                                  struct slice child_name, struct slice token, struct buf *out) {
    TRY(buf_add_str(out, "To: "));
    TRY(buf_add(out, to));
    TRY(buf_add_str(out, "\nSubject: "));
    TRY(buf_add_str(out, l->subject));
    TRY(buf_add_str(out, "\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
                         "Content-Transfer-Encoding: 8bit\n\n"));
    TRY(buf_add_str(out, l->before));
    TRY(buf_add(out, child_name));
    TRY(buf_add_str(out, l->after));
    TRY(buf_add_str(out, g->o.address));
    TRY(buf_add_str(out, "/guardian/"));
    TRY(buf_add(out, token));
    return buf_add_str(out, l->end);
}

/* The file's name is random: it says nothing of who writes to whom. */
static struct status file_name(struct buf *out) {
    uint8_t random[12];
    seal_random(random, sizeof random);
    TRY(hex_encode(slice_of(random, sizeof random), out));
    TRY(buf_add_str(out, ".eml"));
    return buf_add_byte(out, 0);
}

struct status mail_guardian(struct guard *g, struct slice to, struct slice language,
                            struct slice child_name, struct slice token) {
    struct buf text CLEANUP(buf_done) = {0};
    struct buf name CLEANUP(buf_done) = {0};
    if (g->o.outbox_dir == NULL) {
        return STATUS_OK;
    }
    buf_init_secret(&text, MAIL_BYTES);
    buf_init(&name, 64);
    TRY(write_letter(g, find_letter(language), to, child_name, token, &text));
    TRY(file_name(&name));
    return os_replace_file(g->o.fs, g->o.outbox_dir, (const char *)name.ptr, 0, buf_slice(&text));
}

/* The courier: takes mails that the guard decided to send out of the outbox and hands them to a
 * mail server. It knows no more about a person than the mail it carries, and keeps none of it: a
 * mail that was taken is removed, one that cannot be delivered is set aside.
 *
 * The outbox is a directory; a mail is a file NAME.eml, put there whole by renaming. Names that
 * begin with a dot are not looked at. */
#ifndef WARD_COURIER_COURIER_H
#define WARD_COURIER_COURIER_H

#include "base/buf.h"

#define COURIER_MAX_MAIL_BYTES (1U << 20)
#define COURIER_MAX_ADDRESS    254U
#define COURIER_SCAN_MS        1000 /* between two looks at an empty outbox */
#define COURIER_RETRY_FIRST_MS 5000 /* after a failure, doubled each time */
#define COURIER_RETRY_MOST_MS  600000
#define COURIER_SEND_TIMEOUT_S 60L

struct courier_server {
    const char *url;      /* "smtp://host:25", "smtps://host:465" */
    const char *from;     /* the service's address, for mails that name no sender */
    const char *user;     /* NULL: none */
    const char *password; /* NULL: none */
};

struct courier_mail {
    char from[COURIER_MAX_ADDRESS + 1]; /* empty: the service */
    char to[COURIER_MAX_ADDRESS + 1];
};

/* Reads sender and recipient from the head of a mail: one To and at most one From, each with one
 * address. E_COURIER_MAIL otherwise. */
MUST_USE struct status courier_read_head(struct slice mail, struct courier_mail *ret_mail);

/* Delivers one mail. E_COURIER_REFUSED: the server will never take it; E_COURIER_AWAY: try again.
 */
MUST_USE struct status courier_send(const struct courier_server *server,
                                    const struct courier_mail *mail, struct slice bytes);

/* Takes every mail that is in the directory: delivered ones are removed, refused ones renamed to
 * NAME.eml.refused. Stops at the first E_COURIER_AWAY. *ret_sent counts the delivered. */
MUST_USE struct status courier_empty(int dir_fd, const struct courier_server *server,
                                     size_t *ret_sent);

#endif

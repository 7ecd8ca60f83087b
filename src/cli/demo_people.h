/* Who is in the demo, and their passwords, which are made at random once and kept in a file that
 * only its owner can read. */
#ifndef WARD_CLI_DEMO_PEOPLE_H
#define WARD_CLI_DEMO_PEOPLE_H

#include "base/buf.h"

enum demo_who { DEMO_ADULT, DEMO_GUARDIAN, DEMO_CHILD, DEMO_OPERATOR, DEMO_ENGINEER, DEMO_PEOPLE };

#define DEMO_CHILD_AGE 12

struct demo_person {
    const char *role; /* for the reader */
    const char *name;
    const char *mail;    /* NULL: an operator, who has none */
    const char *birth;   /* NULL: the child's, reckoned from today */
    const char *company; /* of an operator */
    const char *country;
    bool same_entity; /* the operator's company is the controller itself */
    char password[64];
};

/* Reads the passwords from `path`, or makes them and writes it. E_DEMO_FILE. */
MUST_USE struct status demo_people_read(const char *path, struct demo_person **ret_people);
/* Names, passwords and what each can show. */
void demo_people_print(const struct demo_person *people, const char *url, const char *path);

#endif

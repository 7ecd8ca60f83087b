/* Dates and times as values: proleptic Gregorian calendar, no clock, no time zones but offsets. */
#ifndef WARD_BASE_DATE_H
#define WARD_BASE_DATE_H

#include "base/buf.h"

/* Days since 1970-01-01; comparable and subtractable. */
struct date {
    int32_t days;
};

struct civil {
    int32_t year;
    uint8_t month; /* 1..12 */
    uint8_t day;   /* 1..31 */
};

/* A moment, and the offset it was written with. */
struct moment {
    int64_t unix_ms;
    int16_t offset_min;
};

struct date date_from_civil(struct civil c);
struct civil date_to_civil(struct date d);
/* "2026-11-21", years 0001 to 9999; else E_TIME. */
MUST_USE struct status date_parse(struct slice text, struct date *ret);
MUST_USE struct status date_format(struct date d, struct buf *out);
/* RFC 3339 with an offset; a leap second is read as the second before; else E_TIME. */
MUST_USE struct status moment_parse(struct slice text, struct moment *ret);
/* RFC 3339 in UTC, whole seconds. */
MUST_USE struct status moment_format(int64_t unix_ms, struct buf *out);
/* The calendar date at the moment's own offset. */
struct date moment_date(struct moment m);
/* Completed years from `birth` to `on`. Who was born on 29 February has the birthday on 1 March in
 * other years. Negative when `on` is before `birth`. */
int32_t date_age(struct date birth, struct date on);
/* The first date after `on` on which that age is one more. */
struct date date_next_birthday(struct date birth, struct date on);
/* The same day `years` later or earlier; 29 February becomes 1 March where it does not exist. */
struct date date_add_years(struct date d, int32_t years);

#endif

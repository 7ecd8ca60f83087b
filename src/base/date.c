/* Calendar arithmetic. Pure.
 * Day numbers after H. Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
#include "base/date.h"

#include "base/bytes.h"

struct date date_from_civil(struct civil c) {
    int32_t y = c.month <= 2 ? c.year - 1 : c.year;
    int32_t era = (y >= 0 ? y : y - 399) / 400;
    int32_t yoe = y - era * 400;
    int32_t mp = (c.month + 9) % 12;
    int32_t doy = (153 * mp + 2) / 5 + c.day - 1;
    int32_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return (struct date){era * 146097 + doe - 719468};
}

struct civil date_to_civil(struct date d) {
    int32_t z = d.days + 719468;
    int32_t era = (z >= 0 ? z : z - 146096) / 146097;
    int32_t doe = z - era * 146097;
    int32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int32_t mp = (5 * doy + 2) / 153;
    uint8_t month = (uint8_t)(mp < 10 ? mp + 3 : mp - 9);
    return (struct civil){yoe + era * 400 + (month <= 2), month,
                          (uint8_t)(doy - (153 * mp + 2) / 5 + 1)};
}

static bool is_leap(int32_t year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint8_t month_days(int32_t year, uint8_t month) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Exactly `n` digits at `at`. */
static bool digits(struct slice text, size_t at, size_t n, int32_t *ret) {
    int32_t v = 0;
    if (text.len < at + n) {
        return false;
    }
    for (size_t i = at; i < at + n; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
        v = v * 10 + (text.ptr[i] - '0');
    }
    *ret = v;
    return true;
}

struct status date_parse(struct slice text, struct date *ret) {
    int32_t y;
    int32_t m;
    int32_t d;
    if (text.len != 10 || !digits(text, 0, 4, &y) || text.ptr[4] != '-' ||
        !digits(text, 5, 2, &m) || text.ptr[7] != '-' || !digits(text, 8, 2, &d)) {
        return FAIL(E_TIME);
    }
    if (y < 1 || m < 1 || m > 12 || d < 1 || d > month_days(y, (uint8_t)m)) {
        return FAIL(E_TIME);
    }
    *ret = date_from_civil((struct civil){y, (uint8_t)m, (uint8_t)d});
    return STATUS_OK;
}

struct status date_format(struct date d, struct buf *out) {
    struct civil c = date_to_civil(d);
    return buf_add_format(out, "%04d-%02u-%02u", (int)c.year, c.month, c.day);
}

/* ".123" with at least one digit; digits past the millisecond are dropped. */
static bool fraction(struct slice text, size_t *at, int32_t *ret_ms) {
    int32_t ms = 0;
    int32_t unit = 100;
    size_t i = *at + 1;
    while (i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9') {
        ms += (text.ptr[i] - '0') * unit;
        unit /= 10;
        i++;
    }
    bool some = i > *at + 1;
    *at = i;
    *ret_ms = ms;
    return some;
}

static bool offset(struct slice text, int32_t *ret_min) {
    int32_t h;
    int32_t m;
    if (text.len == 1 && (text.ptr[0] == 'Z' || text.ptr[0] == 'z')) {
        *ret_min = 0;
        return true;
    }
    if (text.len != 6 || (text.ptr[0] != '+' && text.ptr[0] != '-') || text.ptr[3] != ':' ||
        !digits(text, 1, 2, &h) || !digits(text, 4, 2, &m) || h > 23 || m > 59) {
        return false;
    }
    *ret_min = (h * 60 + m) * (text.ptr[0] == '-' ? -1 : 1);
    return true;
}

struct status moment_parse(struct slice text, struct moment *ret) {
    struct date d;
    int32_t h;
    int32_t m;
    int32_t s;
    int32_t ms = 0;
    int32_t off;
    size_t at = 19;
    TRY(date_parse(slice_sub(text, 0, 10), &d));
    if (text.len < 20 || (text.ptr[10] != 'T' && text.ptr[10] != 't') || text.ptr[13] != ':' ||
        text.ptr[16] != ':' || !digits(text, 11, 2, &h) || !digits(text, 14, 2, &m) ||
        !digits(text, 17, 2, &s) || h > 23 || m > 59 || s > 60) {
        return FAIL(E_TIME);
    }
    if (text.ptr[at] == '.' && !fraction(text, &at, &ms)) {
        return FAIL(E_TIME);
    }
    if (!offset(slice_from(text, at), &off)) {
        return FAIL(E_TIME);
    }
    int64_t seconds = (int64_t)d.days * 86400 + h * 3600 + m * 60 + (s == 60 ? 59 : s) - off * 60;
    *ret = (struct moment){seconds * 1000 + ms, (int16_t)off};
    return STATUS_OK;
}

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

struct status moment_format(int64_t unix_ms, struct buf *out) {
    int64_t s = floor_div(unix_ms, 1000);
    int64_t day = floor_div(s, 86400);
    int64_t rest = s - day * 86400;
    TRY(date_format((struct date){(int32_t)day}, out));
    return buf_add_format(out, "T%02d:%02d:%02dZ", (int)(rest / 3600), (int)(rest / 60 % 60),
                          (int)(rest % 60));
}

struct date moment_date(struct moment m) {
    return (struct date){(int32_t)floor_div(m.unix_ms + (int64_t)m.offset_min * 60000, 86400000)};
}

struct date date_add_years(struct date d, int32_t years) {
    struct civil c = date_to_civil(d);
    c.year += years;
    if (c.month == 2 && c.day == 29 && !is_leap(c.year)) {
        c.month = 3;
        c.day = 1;
    }
    return date_from_civil(c);
}

int32_t date_age(struct date birth, struct date on) {
    int32_t years = date_to_civil(on).year - date_to_civil(birth).year;
    return date_add_years(birth, years).days > on.days ? years - 1 : years;
}

struct date date_next_birthday(struct date birth, struct date on) {
    return date_add_years(birth, date_age(birth, on) + 1);
}

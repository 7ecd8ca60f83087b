/* ISO 3166-1 alpha-2 as numbers, ISO 3166-2 and BCP 47 packed into words. Pure. */
#include "law/facts.h"
#include "law/limits.h"

#include <string.h>

/* The officially assigned codes, sorted. */
static const char codes[] =
    "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZ"
    "CACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFR"
    "GAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISIT"
    "JEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLY"
    "MAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOM"
    "PAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURW"
    "SASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZ"
    "UAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW";
_Static_assert(sizeof codes == 2 * LAW_COUNTRIES + 1, "ISO 3166-1 has 249 codes");

uint8_t law_country_find(struct slice code) {
    size_t low = 0;
    size_t high = LAW_COUNTRIES;
    if (code.len != 2) {
        return 0;
    }
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = memcmp(codes + 2 * mid, code.ptr, 2);
        if (order == 0) {
            return (uint8_t)(mid + 1);
        }
        low = order < 0 ? mid + 1 : low;
        high = order < 0 ? high : mid;
    }
    return 0;
}

struct slice law_country_code(uint8_t country) {
    return country == 0 || country > LAW_COUNTRIES ? slice_of(codes, 0)
                                                   : slice_of(codes + 2 * (country - 1), 2);
}

static bool is_upper(uint8_t c) {
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c) {
    return is_upper((uint8_t)(c & ~0x20)) && c >= 'A';
}

/* Where a law is a region's own, a misspelt region would slip out of it: these are checked by name.
 */
static const struct {
    char country[3];
    const char *regions;
} named[] = {
    {"CA", "ABBCMBNBNLNSNTNUONPEQCSKYT"},
    {"US",
     "AKALARASAZCACOCTDCDEFLGAGUHIIAIDILINKSKYLAMAMDMEMIMNMOMPMSMTNCNDNENHNJNMNVNYOHOKORPAPRRI"
     "SCSDTNTXUMUTVAVIVTWAWIWVWY"},
};

static bool region_named(struct slice text) {
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        const char *at = named[i].regions;
        if (memcmp(named[i].country, text.ptr, 2) != 0) {
            continue;
        }
        while (text.len == 5 && *at != '\0' && memcmp(at, text.ptr + 3, 2) != 0) {
            at += 2;
        }
        return text.len == 5 && *at != '\0';
    }
    return true;
}

/* Three places of 36 signs and none each: fits into sixteen bits below the country. */
uint32_t law_region_parse(struct slice text) {
    uint32_t packed = 0;
    uint8_t country = law_country_find(slice_sub(text, 0, 2));
    if (country == 0 || text.len < 4 || text.len > 6 || text.ptr[2] != '-') {
        return 0;
    }
    for (size_t i = 3; i < 6; i++) {
        uint8_t c = i < text.len ? text.ptr[i] : 0;
        if (c != 0 && !is_upper(c) && !is_digit(c)) {
            return 0;
        }
        packed = packed * 37 + (c == 0 ? 0u : is_digit(c) ? c - '0' + 1u : c - 'A' + 11u);
    }
    return region_named(text) ? (uint32_t)country << 16 | packed : 0;
}

static bool subtag(struct slice part) {
    if (part.len < 1 || part.len > 8) {
        return false;
    }
    for (size_t i = 0; i < part.len; i++) {
        if (!is_letter(part.ptr[i]) && !is_digit(part.ptr[i])) {
            return false;
        }
    }
    return true;
}

uint32_t law_language_parse(struct slice tag) {
    struct slice rest = tag;
    struct slice part;
    uint32_t packed = 0;
    if (tag.len == 0 || tag.len > 35 || !slice_next(&rest, '-', &part) || part.len < 2 ||
        part.len > 3) {
        return 0;
    }
    for (size_t i = 0; i < part.len; i++) {
        if (!is_letter(part.ptr[i])) {
            return 0;
        }
        packed = packed << 8 | (uint32_t)(part.ptr[i] | 0x20);
    }
    while (slice_next(&rest, '-', &part)) {
        if (!subtag(part)) {
            return 0;
        }
    }
    return packed;
}

bool law_label_valid(struct slice label) {
    if (label.len < 1 || label.len > LAW_MAX_LABEL_BYTES || !slice_is_utf8(label)) {
        return false;
    }
    for (size_t i = 0; i < label.len; i++) {
        if (label.ptr[i] < 0x20 || label.ptr[i] == 0x7F) {
            return false;
        }
    }
    return true;
}

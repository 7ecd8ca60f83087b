/* Any bytes as the row of a person, a consent, a guardian: what is read has only values that there
 * are, and is written back byte for byte. */
#include "fuzz.h"

#include "law/facts.h"
#include "people_form.h"

enum { SUBJECT, CONSENT, GUARDIAN, KINDS };

static struct status try_subject(struct slice bytes, struct buf *out) {
    struct vault_subject subject;
    TRY(subject_read(bytes, &subject));
    FUZZ_MUST(subject.facts.age_source <= LAW_SUBJECT_AGE_SOURCE_ATTESTED);
    FUZZ_MUST(!failed(subject_write(&subject, out)));
    return STATUS_OK;
}

static struct status try_consent(struct slice bytes, struct buf *out) {
    struct vault_consent consent;
    TRY(consent_read(bytes, &consent));
    FUZZ_MUST(consent.state <= LAW_CONSENT_STATE_WITHDRAWN);
    FUZZ_MUST(consent.giver <= LAW_CONSENT_GIVER_BOTH);
    FUZZ_MUST(!failed(consent_write(&consent, out)));
    return STATUS_OK;
}

static struct status try_guardian(struct slice bytes, struct buf *out) {
    struct vault_guardian link;
    TRY(guardian_read(bytes, &link));
    FUZZ_MUST(link.method < law_fact_info(LAW_GUARDIAN_METHOD)->value_count);
    FUZZ_MUST(!failed(guardian_write(&link, out)));
    return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    struct slice bytes = slice_of(data + 1, size - 1);
    struct buf out CLEANUP(buf_done);
    buf_init(&out, 1024);
    struct status read = data[0] % KINDS == SUBJECT   ? try_subject(bytes, &out)
                         : data[0] % KINDS == CONSENT ? try_consent(bytes, &out)
                                                      : try_guardian(bytes, &out);
    FUZZ_MUST(!failed(read) || read.code == E_VAULT_CORRUPT);
    FUZZ_MUST(failed(read) || slice_eq(buf_slice(&out), bytes));
    return 0;
}

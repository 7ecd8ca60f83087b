/* The table of rights per ground. Its rows are GDPR Art. 7(3), 13 to 22 and 77, read against the
 * grounds of Art. 6(1); the Data Privacy Vocabulary's mapping of grounds to rights agrees with it.
 * Where the Regulation leaves room, the row says that it is a reading. */
#include "notice/rights.h"

#define A  (1u << LAW_BASIS_CONSENT)
#define B  (1u << LAW_BASIS_CONTRACT)
#define C  (1u << LAW_BASIS_LEGAL_OBLIGATION)
#define D  (1u << LAW_BASIS_VITAL_INTERESTS)
#define E  (1u << LAW_BASIS_PUBLIC_TASK)
#define F  (1u << LAW_BASIS_LEGITIMATE_INTERESTS)
#define UK (1u << LAW_BASIS_RECOGNISED_LEGITIMATE_INTERESTS)
#define ALL (A | B | C | D | E | F | UK)

/* A recognised legitimate interest is a ground of the United Kingdom alone (UK GDPR
 * Art. 6(1)(ea)); its rights are read as those of a legitimate interest. */
static const struct notice_right_info rows[RIGHT_COUNT] = {
    {RIGHT_WITHDRAW, "7(3)", "Withdraw consent", A, 0, "consent can be withdrawn at any time"},
    {RIGHT_INFORMED, "13", "Be told when data are collected", ALL, UK, "whatever the ground"},
    {RIGHT_INFORMED_ELSEWHERE, "14", "Be told of data from elsewhere", ALL, C | UK,
     "whatever the ground; not where the law itself lays the obtaining down (Art. 14(5)(c))"},
    {RIGHT_ACCESS, "15", "See the data", ALL, UK, "whatever the ground"},
    {RIGHT_RECTIFY, "16", "Have the data corrected", ALL, UK, "whatever the ground"},
    {RIGHT_ERASE, "17", "Have the data erased", A | B | D | F | UK, UK,
     "not where a legal obligation or a public task requires them (Art. 17(3)(b))"},
    {RIGHT_RESTRICT, "18", "Have the use restricted", ALL, UK, "whatever the ground"},
    {RIGHT_RECIPIENTS, "19", "Have recipients told of corrections and erasure", ALL, C | E | UK,
     "follows Art. 16, 17 and 18; what cannot be erased is still corrected and restricted"},
    {RIGHT_PORTABLE, "20", "Take the data along", A | B, 0,
     "consent or contract, by automated means (Art. 20(1)(a))"},
    {RIGHT_OBJECT, "21", "Object", E | F | UK, UK,
     "public task or legitimate interests (Art. 21(1)); direct marketing always (Art. 21(2))"},
    {RIGHT_NO_MACHINE, "22", "Not be decided on by a machine alone", A | B | D | E | F | UK,
     A | B | C | UK,
     "a contract, a law or explicit consent can allow it (Art. 22(2)); for a contract and consent "
     "the human, one's point of view and the contest remain (Art. 22(3))"},
    {RIGHT_COMPLAIN, "77", "Complain to an authority", ALL, UK, "whatever the ground"},
};

const struct notice_right_info *notice_right_info(enum notice_right right) {
    return &rows[right < RIGHT_COUNT ? right : 0];
}

const char *notice_basis_article(enum law_basis basis) {
    static const char *const articles[] = {
        [LAW_BASIS_NONE] = "",
        [LAW_BASIS_CONSENT] = "6(1)(a)",
        [LAW_BASIS_CONTRACT] = "6(1)(b)",
        [LAW_BASIS_LEGAL_OBLIGATION] = "6(1)(c)",
        [LAW_BASIS_VITAL_INTERESTS] = "6(1)(d)",
        [LAW_BASIS_PUBLIC_TASK] = "6(1)(e)",
        [LAW_BASIS_LEGITIMATE_INTERESTS] = "6(1)(f)",
        [LAW_BASIS_RECOGNISED_LEGITIMATE_INTERESTS] = "6(1)(ea)",
    };
    return articles[basis];
}

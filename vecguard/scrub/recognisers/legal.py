"""Numbers of cases, applications, claims and other files that lead to a person."""

from __future__ import annotations

from vecguard.scrub.recognisers.keyed import ID, Keyed
from vecguard.scrub.recognisers.rules import LIKELY, PLAUSIBLE, Form, Rule, any_of

_FEDERAL = (
    r"(?<![\w-])(?:\d{1,2}:)?\d{2}-(?:cv|cr|mj|md|mc|bk|ap|po|misc|civ|crim)-\d{3,6}(?:-[a-z]{2,"
    r"4}(?:-[a-z]{2,4}){0,2})?(?![\w-])"
)
_STATE = (
    r"(?<![\w-])(?:\d{2}|\d{4})[- ]?(?:cf|cv|cr|dr|ca|cp|mm|fa|jv|pr|sc|tr|ci|fl|ct|dv|cc|dc|ci?v|l|d)[- "
    r"]\d{4,8}(?:-[a-z0-9]{1,4}){0,3}(?![\w-])"
)
_CIVIL = r"(?<![\w-])\d{2} ?(?:civ|cr|crim|cv|misc|mag|bankr)\.? ?(?:no\.? )?\d{3,6}(?: ?\([a-z]{2,4}\)){0,3}"
_EUROPEAN = r"(?<![\w-])[ctf]-\d{1,4}/\d{2}(?: ?p)?(?![\w-]|/)"
_STRASBOURG = r"(?<![\w/.-])\d{1,6}/\d{2,4}(?![\w/-]|\.\d)"
_TICKET = r"(?<![\w-])(?:inc|req|ritm|chg|tkt|ticket|clm|claim|case|sr|cas|ref|app|apl|dkt)[-#]?\d{5,12}(?![\w-])"
_ANY = rf"{_FEDERAL}|{_CIVIL}|(?<![\w-])(?-i:[A-Z]{{1,4}}(?:(?<!IS)(?<!NO)(?<!TO) )?)\d{{1,6}}/\d{{2,4}}(?![\w/-])|{ID}"

RULES: tuple[Rule, ...] = (
    Form("CASE_NUMBER", "US federal docket", _FEDERAL, LIKELY, 5, ("-",)),
    Form(
        "CASE_NUMBER",
        "US state docket",
        _STATE,
        PLAUSIBLE,
        6,
        ("-",),
        as_written=False,
        unless=r"\b(?:figure|table|doi|catalog|cat|part|model)[ .:#no]{1,6}",
    ),
    Form("CASE_NUMBER", "19 Civ. 1234", _CIVIL, LIKELY, 5, ("civ", "cr", "cv", "misc", "mag", "bankr")),
    Keyed(
        "CASE_NUMBER",
        "C-123/04 beside 'Case'",
        strong=("(?:joined )?cases?(?: {n})?", "judgments?", "court", "opinion"),
        words=any_of("case, judgment, court, opinion"),
        value=_EUROPEAN,
        near=3,
        far=3,
        dated=True,
    ),
    Keyed(
        "CASE_NUMBER",
        "36244/06 beside 'no.' or 'application'",
        strong=(
            "applications?(?: (?:{n}))?",
            "petitions?(?: {n})?",
            "cases?(?: {n})?",
            "appeals?(?: {n})?",
            "decisions? {n}",
            "judgments?(?: {n})?",
            "complaints?(?: {n})?",
            "proceedings?(?: {n})?",
            "files?(?: {n})?",
            "warrants?(?: {n})?",
        ),
        weak=("nos?\\.?", "numbers?", "order", "communication"),
        words=any_of(
            "appl, petition, case, appeal, decision, judgment, complaint, proceeding, file, no, number, warrant, "
            "order, communication"
        ),
        value=_STRASBOURG,
        near=4,
        far=5,
        dated=True,
    ),
    Keyed(
        "CASE_NUMBER",
        "number beside a word for a case, claim or ticket",
        strong=(
            (
                "(?:case|docket|court|claim|ticket|file|complaint|incident|petition|application|appeal|confirmation|"
                "tracking|"
                "report|police|matter|dispute|booking|reservation|service|support|reference|request|filing|cause|"
                "warrant|arrest|"
                "citation|probation|judgment|indictment|permit|grievance|adjuster|proceedings?|investigation|"
                "registry|registration|"
                "transaction|shipment|return|rma|order|work order|prior authori[sz]ation|authori[sz]ation|referral)"
                "(?: (?:file|report|claim|case|docket|ticket|request|reference|tracking|order))?\\.? {n}"
            ),
            "docket",
            (
                "(?:court|police|insurance|legal|criminal|civil|support) (?:case|claim|file|report|docket|reference|"
                "ticket|matter)"
            ),
            "civil action(?: {n})?",
            "criminal action(?: {n})?",
        ),
        weak=(
            "cases?",
            "claims?",
            "tickets?",
            "files?",
            "reference",
            "ref",
            "our ref",
            "your ref",
            "incident",
            "application",
            "complaint",
            "petition",
            "appeal",
            "confirmation",
            "tracking",
            "matter",
            "cause",
            "citation",
            "referral",
            "authori[sz]ation",
            "index {n}",
            "reservation",
            "booking",
        ),
        words=any_of(
            "case, docket, court, claim, ticket, file, complaint, incident, petition, appl, appeal, confirm, "
            "track, report, police, matter, dispute, book, reserv, service, support, ref, request, filing, cause,"
            " warrant, arrest, citation, probation, judgment, indict, permit, griev, adjust, proceed, investig, "
            "regist, transaction, shipment, return, rma, order, author, action, index"
        ),
        value=_ANY,
        near=4,
        far=5,
    ),
    Form(
        "CASE_NUMBER",
        "ticket with its prefix",
        _TICKET,
        PLAUSIBLE,
        5,
        ("inc", "req", "ritm", "chg", "tkt", "ticket", "clm", "claim", "case", "sr", "cas", "ref", "app", "apl", "dkt"),
    ),
)

"""Numbers of patients, their plans, and those who treat them."""

from __future__ import annotations

import re

from presidio_analyzer import predefined_recognizers as stock

from vecguard.scrub.recognisers.keyed import Keyed
from vecguard.scrub.recognisers.rules import PLAUSIBLE, Form, Rule, any_of, luhn

_C, _A = "[ac-hj-km-np-rt-y]", "[0-9ac-hj-km-np-rt-y]"
_MBI = rf"(?<![\w-])[1-9]{_C}{_A}\d(-?){_C}{_A}\d\1{_C}{{2}}\d{{2}}(?![\w-])"
_MBI_LOOSE = r"(?<![\w-])\d[a-z][a-z0-9]\d[- ]?[a-z][a-z0-9]\d[- ]?[a-z]{2}\d{2}(?![\w-])"
_NPI = r"(?<![\w-])[12]\d{9}(?![\w-])"
_DEA = r"(?<![\w-])[a-z][a-z9]-?\d{7}(?![\w-])"

_dea = stock.MedicalLicenseRecognizer()


def npi(value: str) -> bool:
    """Check the last digit by CMS: Luhn over the number with its issuer's prefix 80840."""
    return luhn("80840" + value)


def _is_dea(value: str) -> bool:
    return bool(_dea.validate_result(re.sub(r"\W", "", value)))


RULES: tuple[Rule, ...] = (
    Keyed(
        "MEDICAL_RECORD_NUMBER",
        "number beside a word for a medical record",
        strong=(
            "(?:mrns?|emrn|empi|mpi)(?: {n})?",
            (
                "(?:medical|health|patient|hospital|clinical|electronic health|electronic medical) (?:record|chart|"
                "file)s?(?: {n})?"
            ),
            (
                "(?:patient|chart|record|hospital|encounter|admission|visit|specimen|pathology|radiology|"
                "episode|"
                "case history|unit) {n}"
            ),
            "(?:ehr|emr|chart|pt)(?: {n})",
            "patient identifier",
            "record locator",
            "med rec(?: {n})?",
        ),
        weak=("chart", "patient", "hosp", "encounter", "mr", "emr", "ehr"),
        words=any_of(
            "mrn, mpi, record, chart, patient, hosp, encounter, admission, visit, specimen, accession, pathology,"
            " radiology, episode, ehr, emr, pt, unit, med rec, mr, history, file"
        ),
        near=3,
        far=5,
    ),
    Keyed(
        "HEALTH_PLAN_NUMBER",
        "number beside a word for a health plan or policy",
        strong=(
            (
                "(?:member|membership|policy|group|plan|beneficiary|enrollee|insured|insurance|subscriber|medicaid|"
                "medicare|"
                "coverage|payer|certificate|hicn?|rx ?(?:bin|grp|pcn|group))(?: (?:policy|card|plan|member|group|"
                "health))?\\.? {n}"
            ),
            "(?:health|medical|dental|vision)(?: care)? (?:insurance|plan|coverage|policy)(?: {n})?",
            "(?:insurance|insurer) (?:policy|card|member|plan|id)",
            "(?:medicaid|medicare|hicn|tricare|champus|ehic)(?: {n})?",
            (
                "(?:blue ?cross|blue shield|bcbs|aetna|cigna|humana|kaiser(?: permanente)?|united ?healthcare|anthem|"
                "bupa|axa)"
            ),
        ),
        weak=(
            "policy",
            "policies",
            "member",
            "group",
            "insurance",
            "insured",
            "plan",
            "beneficiary",
            "subscriber",
            "medicare",
            "coverage",
        ),
        words=any_of(
            "member, policy, policies, group, plan, beneficiary, enrollee, insur, subscriber, medicaid, medicare,"
            " coverage, payer, certificate, hic, rx, tricare, champus, ehic, cross, shield, bcbs, aetna, cigna, "
            "humana, kaiser, united, anthem, bupa, axa"
        ),
        near=4,
        far=5,
    ),
    Form("US_MBI", "Medicare beneficiary's eleven characters", _MBI, PLAUSIBLE, 4),
    Keyed(
        "US_MBI",
        "eleven characters beside 'Medicare'",
        strong=("mbi(?: {n})?", "medicare(?: beneficiary)?(?: {n})?", "beneficiary(?: {n})?"),
        words=("mbi", "medicare", "beneficiary"),
        value=_MBI_LOOSE,
        near=5,
        far=5,
    ),
    Keyed(
        "US_NPI",
        "ten digits beside 'NPI'",
        strong=("npis?(?: {n})?", "national provider(?: {n})?", "provider {n}"),
        weak=("provider", "physician", "prescriber", "doctor"),
        words=any_of("npi, provider, physician, prescriber, doctor"),
        value=_NPI,
        near=10,
        far=10,
        check=npi,
    ),
    Keyed(
        "MEDICAL_LICENSE",
        "DEA number beside its name",
        strong=(
            "dea(?: registration)?(?: {n})?",
            "prescriber(?: {n})?",
            "controlled substances?(?: registration)?(?: {n})?",
            "licen[sc]e(?: {n})?",
            "certificate(?: {n})?",
            "registration {n}",
        ),
        words=any_of("dea, prescriber, controlled, licen, certificate, registration"),
        value=_DEA,
        near=7,
        far=7,
    ),
    Keyed(
        "MEDICAL_LICENSE",
        "number beside a word for a licence to practise",
        strong=(
            (
                "(?:medical|physician'?s?|nursing|nurse'?s?|dental|dentist'?s?|pharmacy|pharmacist'?s?|professional|"
                "state|rn|md|"
                "practitioner'?s?|provider'?s?|therapist'?s?|doctor'?s?|veterinary|surgeon'?s?|practice|board|"
                "psychologist'?s?) "
                "(?:licen[sc]e|lic|registration|certificate|certification)\\.?(?: {n})?"
            ),
            "licen[sc]e {n}",
            "dea(?: registration)?(?: {n})?",
            "(?:gmc|nmc|gdc|ahpra)(?: registration)?(?: {n})?",
            "(?:licensure|certification|certificate|registration) {n}",
        ),
        weak=("licen[sc]ed?", "lic"),
        words=any_of("lic, dea, gmc, nmc, gdc, ahpra, certificat, registration"),
        near=4,
        far=5,
    ),
)

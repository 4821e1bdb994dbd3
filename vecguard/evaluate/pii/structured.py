"""Made-up texts with structured personal data of every type, and texts with innocent numbers.

The sentences are those of clinics, offices, courts, chats, logs and forms. They follow what people write, not what the
patterns look for; a type's name varies as it does in practice ("MRN", "chart number", "hospital no.").
Whoever changes them to suit a pattern makes the measurement worthless.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from vecguard.evaluate.pii.labelled import Labelled
from vecguard.evaluate.pii.structured_negatives import negatives
from vecguard.evaluate.pii.structured_source import Source
from vecguard.evaluate.pii.structured_values import VALUES
from vecguard.scrub import Finding

__all__ = ["generated", "negatives"]

# What a number is called before or behind it. None of these types has a form that says enough.
LABELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ZIP_CODE": ("ZIP", "ZIP code", "zip", "postal code", "Zip Code"),
        "US_EIN": ("EIN", "employer identification number", "tax ID", "FEIN"),
        "US_PASSPORT": ("passport", "passport number", "US passport no.", "passport #"),
        "PASSPORT": ("passport", "passport number", "passport no.", "travel document number"),
        "US_DRIVER_LICENSE": (
            "driver's license",
            "driver's license number",
            "driving licence",
            "DL number",
            "drivers license no.",
            "driver license",
        ),
        "UK_NHS": ("NHS number", "NHS no.", "NHS", "NHS no"),
        "ID_NUMBER": (
            "employee ID",
            "student ID",
            "national ID number",
            "badge number",
            "employee number",
            "identity card number",
        ),
        "MEDICAL_RECORD_NUMBER": (
            "MRN",
            "medical record number",
            "chart number",
            "patient ID",
            "hospital number",
            "medical record no.",
            "patient number",
        ),
        "HEALTH_PLAN_NUMBER": (
            "member ID",
            "policy number",
            "insurance ID",
            "group number",
            "health plan number",
            "subscriber ID",
            "Medicaid number",
        ),
        "US_NPI": ("NPI", "NPI number", "national provider identifier"),
        "MEDICAL_LICENSE": (
            "medical license",
            "medical license number",
            "license number",
            "nursing license",
            "state license number",
        ),
        "ACCOUNT_NUMBER": (
            "account number",
            "account no.",
            "customer number",
            "acct #",
            "billing account",
            "customer ID",
            "account",
        ),
        "US_BANK_NUMBER": (
            "bank account number",
            "routing number",
            "checking account",
            "savings account number",
            "bank account",
        ),
        "CASE_NUMBER": (
            "case number",
            "docket number",
            "case no.",
            "claim number",
            "application no.",
            "file number",
            "reference number",
            "ticket",
        ),
        "DEVICE_ID": (
            "serial number",
            "device serial number",
            "pacemaker serial number",
            "device ID",
            "implant serial no.",
        ),
        "LICENSE_PLATE": (
            "license plate",
            "licence plate",
            "number plate",
            "plate number",
            "registration number",
            "vehicle registration",
        ),
        "BIOMETRIC_ID": (
            "fingerprint ID",
            "biometric ID",
            "voiceprint",
            "retina scan ID",
            "fingerprint template",
            "face template ID",
        ),
        "USERNAME": ("username", "user name", "login", "user ID", "Twitter handle"),
        "PASSWORD": ("password", "passphrase", "pwd", "temporary password"),
        "DATE_OF_BIRTH": ("date of birth", "DOB", "birth date", "birthday"),
    }
)

# What a value is called whose form speaks for itself; these also stand in a sentence without a name.
NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "US_SSN": ("SSN", "social security number", "Social Security no.", "SS#"),
        "US_ITIN": ("ITIN", "individual taxpayer identification number", "taxpayer ID"),
        "UK_NINO": ("national insurance number", "NI number", "NINO"),
        "US_MBI": ("MBI", "Medicare number", "Medicare beneficiary identifier"),
        "CREDIT_CARD": ("card number", "credit card", "Visa card", "card"),
        "IBAN_CODE": ("IBAN", "bank details", "account"),
        "CRYPTO": ("wallet", "bitcoin address", "wallet address"),
        "VIN": ("VIN", "vehicle identification number", "chassis number"),
        "IP_ADDRESS": ("IP address", "IP", "client address", "remote host"),
        "MAC_ADDRESS": ("MAC address", "MAC", "hardware address"),
        "EMAIL_ADDRESS": ("email", "e-mail address", "E-mail", "contact"),
        "PHONE_NUMBER": ("phone", "telephone number", "cell", "mobile", "fax", "phone number", "tel."),
        "SECRET": ("API key", "token", "access key", "secret"),
        "COORDINATES": ("coordinates", "GPS position", "location", "last fix"),
        "ADDRESS": ("address", "home address", "mailing address", "residence"),
        "URL": ("website", "link", "home page", "profile"),
        "DOMAIN_NAME": ("domain", "host name", "site"),
        "PHOTO": ("photo", "photograph", "image file", "picture"),
    }
)

_BESIDE = (
    "{label}: {v}",
    "{Label}: {v}",
    "{label} {v}",
    "{Label} = {v}",
    "{label} is {v}.",
    "Name: withheld\n{Label}: {v}\nStatus: active",
    '{{"{key}": "{v}", "active": true}}',
    "{key}={v}",
    "{Label}\t{v}",
    "| {Label} | {v} |",
    "* {Label} - {v}",
    "The {label} on file is {v}.",
    "Please note the new {label}: {v}.",
    "Her {label} is {v}, in case you need it.",
    "Could you check whether {label} {v} is still valid?",
    "According to the letter, the {label} is {v} and nothing else changed.",
    "My {label} is {v} and I have been waiting since Monday.",
    "Somebody read me the {label} over the line ({v}) but I did not write it down.",
    "We have updated your {label} to {v}.",
    "he gave his {label} as {v} when asked",
    "PLEASE QUOTE {LABEL} {v} IN ALL LETTERS",
    "Regarding {label} {v}: nothing was found in the archive.",
    "I can confirm that the {label} you want is {v}.",
    "Thanks, got it. {Label}: {v}. Talk soon!",
    "For the record, his {label} was {v} before the move.",
    "The front desk asked for the {label}, which is {v}.",
    "On the second page you will find {label} {v} in small print.",
    "{v} is the {label} that was given at the desk.",
    "The form lists {v} as the {label}.",
    "Two fields were blank, but {label} was filled in with {v}.",
)
_NUMERIC_BEHIND = ("{v} is the {label}", "lists {v} as the {label}")  # a name for a person is no sentence with these

_BARE = (
    "{v}",
    "Got {v} from the front desk this morning.",
    "Please use {v} from now on.",
    "({v})",
    "We saw {v} in the logs and in two letters.",
    "Sent to {v} on request, no answer so far.",
    "Can somebody remove {v}, please?",
    "Both the old one and {v} were written on the envelope.",
    "I found this note: {v}; does it belong to you?",
    "Row 17: ok, {v}, ok, pending",
    "It says '{v}' on the back.",
    "The old form still shows {v} at the top, and the nurse copied it.",
)

_OWN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "AGE": (
            "The patient is a {v}-year-old woman with chest pain.",
            "A {v} year old man was admitted.",
            "Age: {v}",
            "She is {v} years old.",
            "He was aged {v} at the time.",
            "{v} yo male, no known allergies.",
            "at the age of {v} she moved away",
            "{v}-year-old",
            "age {v}, lives alone",
            "Pt is a {v} y/o F presenting with cough.",
            "My son is {v} years old and loves trains.",
            "A man, aged {v}, was found.",
        ),
        "DATE_TIME": (
            "The visit took place on {v}.",
            "Date: {v}",
            "{v}",
            "Seen on {v} for follow-up.",
            "Admitted {v}, discharged two days later.",
            "The hearing of {v} was adjourned.",
            "We last spoke on {v}, I believe.",
            "Signed {v} in Leeds.",
            "It has been open since {v}.",
            "created_at: {v}",
            "He resigned on {v} and left.",
        ),
        "DATE_OF_BIRTH": (
            "She was born on {v} in a small village.",
            "DOB {v}",
            "born {v}",
            "Born: {v}",
            "Patient (DOB {v}) was seen today.",
            "date_of_birth: {v}",
            "He was born {v}.",
            "Her date of birth, {v}, does not match.",
        ),
        "EMAIL_ADDRESS": (
            "Write to {v}, please.",
            "<{v}>",
            "mailto:{v}",
            "/home/{v}/inbox",
            "https://example.org/unsubscribe?user={v}&x=1",
            "cc {v}; thanks",
            "From: {v}",
            "C:\\mail\\{v}\\sent",
            "contact={v}",
        ),
        "PHONE_NUMBER": (
            "Call me at {v} after five.",
            "You can reach him on {v}.",
            "Phone: {v}",
            "Tel. {v}",
            "fax {v}",
            "her cell is {v}",
            "My number is {v}, text me.",
            "Please dial {v} and ask for the ward.",
            "Contact: {v}",
            "phone={v}",
            "Mobile {v} (evenings)",
            "If it gets worse, ring {v} at once.",
            "T: phone {v}",
            "For questions, telephone {v}.",
        ),
        "ZIP_CODE": (
            "Springfield, IL {v}",
            "She lives in zip code {v}.",
            "Austin, TX {v}, USA",
            "The ZIP is {v}.",
            "zip: {v}",
            "Postal code {v}",
            "mail sent to Portland, Oregon {v}",
        ),
        "USERNAME": (
            "Logged in as {v} from the office.",
            "username: {v}",
            "Her username is {v}.",
            "login={v}",
            "User {v} was locked out.",
            "@{v} posted it.",
            "the user name {v} is taken",
            "/home/{v}/notes.txt",
            "C:\\Users\\{v}\\Desktop",
            "signed up under the handle {v}",
        ),
        "LICENSE_PLATE": (
            "A red sedan with license plate {v} was parked outside.",
            "Plate: {v}",
            "The car, plate number {v}, drove off.",
            "vehicle registration {v}",
            "Licence plate {v} was seen twice.",
            "number plate {v}",
        ),
        "CASE_NUMBER": (
            "The applicant lodged application no. {v} with the court.",
            "Case No. {v}",
            "In case number {v} the appeal was dismissed.",
            "Your claim number is {v}.",
            "docket no. {v}",
            "Ticket {v} was closed.",
            "Ref. no. {v}",
            "see file number {v}",
        ),
        "US_PASSPORT": ("She travelled on passport {v}.", "Passport no. {v}, issued in 2019.", "US passport: {v}"),
    }
)

_SELF_CONTAINED = frozenset(NAMES) - {"PHONE_NUMBER", "UK_NINO", "COORDINATES"}
_OPENINGS = (
    "",
    "",
    "",
    "",
    "Hello, ",
    "Good morning. ",
    "Note from 3 people: ",
    "As agreed, here it is. ",
    "Update 2: ",
    "Hi team, see below.\n",
)
_ENDINGS = (
    "",
    "",
    "",
    "",
    " Thank you.",
    " The other 12 pages were empty.",
    " Nothing else.",
    "\nKind regards",
    " Call ended after 4 minutes.",
)


def generated(per_entity: int, seed: int) -> list[Labelled]:
    """Return `per_entity` texts with one value each for every structured type; equal seeds give equal lists.

    The group of each text is its template, so that a score can be taken per template as well.
    """
    source = Source.of(seed)
    entities = sorted(set(VALUES) - {"PASSWORD"})
    return [_one(source, entity, number) for entity in entities for number in range(per_entity)]


def _one(source: Source, entity: str, number: int) -> Labelled:
    kind = "PASSWORD" if entity == "SECRET" and number % 2 else entity
    value = VALUES[kind](source)
    template = source.random.choice(_templates(kind, value))
    label = source.random.choice(LABELS.get(kind) or NAMES.get(kind) or (kind.lower().replace("_", " "),))
    head, tail = _filled(template, label)
    opening, ending = (
        ("", "") if kind == "SECRET" else (source.random.choice(_OPENINGS), source.random.choice(_ENDINGS))
    )
    if template.startswith("{v}") or "\n" in template or "{key}" in template:
        opening = ""
    start = len(opening) + len(head)
    span = Finding(start, start + len(value), entity, 1.0)
    return Labelled(opening + head + value + tail + ending, (span,), f"{kind}: {template}")


def _templates(kind: str, value: str) -> tuple[str, ...]:
    own = _OWN.get(kind, ())
    if kind in {"AGE_OVER_89"}:
        return _OWN["AGE"]
    if kind in {"AGE", "DATE_TIME"}:
        return own
    beside = (
        _BESIDE
        if any(map(str.isdigit, value))
        else tuple(t for t in _BESIDE if not any(part in t for part in _NUMERIC_BEHIND))
    )
    if kind in {"USERNAME", "PASSWORD", "DATE_OF_BIRTH", "ZIP_CODE"}:
        beside = tuple(t for t in beside if not any(part in t for part in _NUMERIC_BEHIND))
    bare = _BARE if kind in _SELF_CONTAINED else ()
    return (*own, *own, *beside, *bare)


def _filled(template: str, label: str) -> tuple[str, str]:
    """Return what stands before and behind the value."""
    key = re.sub(r"\W+", "_", label.lower().replace("'", "")).strip("_")
    names = {"label": label, "Label": label[0].upper() + label[1:], "LABEL": label.upper(), "key": key}
    head, _, tail = template.format(v="\0", **names).partition("\0")
    return head, tail

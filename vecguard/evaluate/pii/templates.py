"""Sentences around structured values, as a nurse, a clerk or a customer would write them: a second source of tests.

They were written by another hand than the recognisers and than `structured`, so that whoever wrote a pattern did not
also write the sentence that it is tested with. `{}` is where the value goes.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from vecguard.evaluate.pii.labelled import Labelled
from vecguard.evaluate.pii.values import MAKERS
from vecguard.scrub import Finding

SENTENCES: Mapping[str, tuple[str, ...]] = {
    "US_SSN": (
        "Please correct the SSN on file, it should read {}.",
        "He gave his social security number as {} when he checked in.",
        "Applicant's Social Security No.: {}\nCitizenship: US",
        "my social is {}, can you look up my claim with that?",
    ),
    "US_ITIN": (
        "She has no SSN and files with ITIN {}.",
        "Individual taxpayer identification number: {}",
        "The W-7 came back, his ITIN is {} from now on.",
    ),
    "CREDIT_CARD": (
        "She wants the copay on her card {}, expires 04/29.",
        "I was charged twice on my Visa {} on Monday.",
        "Card number: {} CVV on back",
        "Refund the deposit to {} (company credit card).",
    ),
    "US_NPI": (
        "Referring provider NPI: {}.",
        "The claim was rejected because NPI {} is not enrolled in this state.",
        "Rendering physician, national provider identifier {}, signed electronically.",
    ),
    "UK_NHS": (
        "NHS number {} was matched on the Spine.",
        "Patient is registered with the practice, NHS No: {}.",
        "Could you resend the letter? The NHS number should be {}, not the old one.",
    ),
    "MEDICAL_LICENSE": (
        "Prescriber DEA number {} must be on every schedule II script.",
        "DEA: {}\nRefills: 0",
        "The pharmacist called to verify the DEA registration {} before dispensing.",
    ),
    "US_MBI": (
        "Medicare beneficiary identifier on the new card is {}.",
        "Her Medicare number (MBI) is {}.",
        "Please bill Medicare, MBI {}, as primary.",
    ),
    "UK_NINO": (
        "National Insurance number: {}",
        "Payroll needs your NI number, ours shows {} which HMRC rejected.",
        "His NINO {} is on the P45.",
    ),
    "CRYPTO": (
        "Send the ransom to {} within 48 hours, the note said.",
        "My bitcoin wallet is {} if you'd rather donate that way.",
        "Payment received at BTC address {}.",
    ),
    "PHONE_NUMBER": (
        "Daughter can be reached at {} after 5 pm.",
        "Phone: {}\nFax: none",
        "If I don't pick up, just text me on {}.",
        "Left a voicemail at {} about the biopsy results.",
    ),
    "DATE_OF_BIRTH": (
        "DOB: {}\nSex: F",
        "The patient was born on {} in Ohio.",
        "To verify, my date of birth is {}.",
        "Name and birth date ({}) were confirmed before the procedure.",
    ),
    "EMAIL_ADDRESS": (
        "She asked for the portal invite to go to {} instead.",
        "Contact: {}",
        "cc {} on anything about the appeal, please",
        "His old address {} bounces.",
    ),
    "IBAN_CODE": (
        "Please transfer the rest of the deposit to IBAN {}.",
        "Beneficiary account {} at the same bank.",
        "IBAN: {}\nReference: invoice 7",
    ),
    "IP_ADDRESS": (
        "Portal login from {} was blocked after five attempts.",
        "The infusion pump answers at IP address {}.",
        "src={} action=deny",
    ),
    "MAC_ADDRESS": (
        "The monitor in bay four registers with MAC address {}.",
        "Guest laptop {} was seen on the staff network.",
        "hwaddr {} lease expired",
    ),
    "URL": (
        "Her profile is at {} and lists her employer.",
        "See {} for his page.",
        "homepage: {}",
    ),
    "US_PASSPORT": (
        "Passport number {} expires next spring.",
        "He showed a US passport, no. {}, as proof of identity.",
        "Travel document (passport): {}",
    ),
    "US_BANK_NUMBER": (
        "Direct deposit goes to checking account {}.",
        "Bank account number: {}",
        "The bank says the savings account {} was closed.",
    ),
    "US_DRIVER_LICENSE": (
        "Driver's license {} was scanned at the desk.",
        "ID shown: driver license no. {}",
        "His driving license number, {}, does not match the DMV record.",
    ),
    "MEDICAL_RECORD_NUMBER": (
        "MRN: {}",
        "Chart pulled for medical record number {} before rounds.",
        "This is about the patient with MRN {} in room 12.",
        "Medical Record No. {} was merged with a duplicate.",
    ),
    "ADDRESS": (
        "She moved to {} in March.",
        "Home address: {}",
        "The ambulance was sent to {} at 3 am.",
        "Mail the hearing aids to {}, please.",
    ),
    "ZIP_CODE": (
        "Which clinics are near zip code {}?",
        "ZIP: {}",
        "The envelope gave {} as the zip code, so it went to the wrong town.",
    ),
    "COORDINATES": (
        "The phone last reported from {} before the battery died.",
        "GPS coordinates: {}",
        "Pick her up at lat/long {}, by the barn.",
    ),
    "USERNAME": (
        "Username: {}",
        "She logs in to the portal as user {} from home.",
        "account locked for login {} after 3 failed attempts",
    ),
    "SECRET": (
        "Password: {}",
        "His wifi password is {} if the nurse needs it.",
        "I reset her portal, temporary password {} until tomorrow.",
    ),
    "US_EIN": (
        "The practice bills under EIN {}.",
        "Employer identification number: {}",
        "Federal tax ID {} goes in box 25 of the form.",
    ),
    "PASSPORT": (
        "Passport no. {} was issued in Lagos.",
        "The traveller's passport number is {}.",
        "Passport: {}, valid until 2031",
    ),
    "ID_NUMBER": (
        "National ID number {} was copied from the card.",
        "Student ID: {}",
        "Her employee ID is {}, ask HR about the leave.",
    ),
    "HEALTH_PLAN_NUMBER": (
        "Member ID {} is active through December.",
        "Insurance: Blue Cross, policy number {}",
        "Health plan beneficiary number: {}",
        "The subscriber ID on his card reads {}.",
    ),
    "ACCOUNT_NUMBER": (
        "The balance on account number {} is overdue.",
        "Account no. {} was opened last May.",
        "Acct #: {}",
    ),
    "CASE_NUMBER": (
        "Case No. {} is set for trial in June.",
        "Please quote case number {} in your reply.",
        "The court dismissed the application (no. {}) as inadmissible.",
        "Docket number: {}",
    ),
    "DEVICE_ID": (
        "Pacemaker serial number {} was interrogated today.",
        "Device ID: {}",
        "The CPAP machine, S/N {}, is under recall.",
    ),
    "VIN": (
        "VIN {} was totalled in the crash.",
        "The vehicle identification number is {}.",
        "2014 Honda Accord, VIN: {}",
    ),
    "LICENSE_PLATE": (
        "A grey sedan with license plate {} left the scene.",
        "Plate number: {}",
        "He parks a truck, licence plate {}, in the staff lot.",
    ),
    "BIOMETRIC_ID": (
        "Fingerprint ID {} matched at the dispensing cabinet.",
        "Biometric template number: {}",
        "Her voiceprint, ID {}, was enrolled in March.",
    ),
    "DATE_TIME": (
        "Admitted on {} through the emergency room.",
        "The biopsy of {} was benign.",
        "Date of service: {}",
        "She passed away on {} at home.",
    ),
    "AGE_OVER_89": (
        "This is a {}-year-old woman with a hip fracture.",
        "Her mother died at the age of {} of a stroke.",
        "Age: {}\nSex: M",
        "He is {} years old and lives alone.",
    ),
    "PHOTO": (
        "See attached photo {} of the rash on her cheek.",
        "Full-face photograph: {}",
        "The picture {} shows him before surgery.",
    ),
    "DOMAIN_NAME": (
        "Mail from {} goes to spam.",
        "He runs the site {} from his garage.",
        "domain: {}",
    ),
}


def written(per_entity: int, seed: int) -> list[Labelled]:
    """Return `per_entity` texts for each type, its sentences in turn, with fresh values; equal seeds give equal texts.

    The group is the sentence, so that an interval over groups tells how sure a figure is over other sentences.
    """
    from faker import Faker  # noqa: PLC0415 - loads its providers

    rng = random.Random(seed)  # noqa: S311 - made-up values need to be repeatable and nothing else
    fake = Faker("en_US")
    fake.seed_instance(seed)
    texts = []
    for entity, sentences in SENTENCES.items():
        for number in range(per_entity):
            sentence = sentences[number % len(sentences)]
            before, _, after = sentence.partition("{}")
            value = MAKERS[entity](rng, fake)
            span = Finding(len(before), len(before) + len(value), entity, 1.0)
            texts.append(Labelled(before + value + after, (span,), f"{entity}: {sentence}"))
    return texts

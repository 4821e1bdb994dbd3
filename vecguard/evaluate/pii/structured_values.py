"""Made-up values of every structured type, with the check digits that real ones have.

Drawn from a `random.Random` and a seeded Faker alone, so that one seed gives one list.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

from vecguard.evaluate.pii.structured_source import CODES, DIGITS, LETTERS, Source, luhn_digit

_VIN_VALUES = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True))
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_TOKEN_CHARACTERS = LETTERS + LETTERS.lower() + DIGITS


def _ssn(s: Source) -> str:
    area = s.random.choice([*range(1, 666), *range(667, 900)])
    sep = s.random.choice("--- ")
    return f"{area:03}{sep}{s.random.randint(1, 99):02}{sep}{s.random.randint(1, 9999):04}"


def _itin(s: Source) -> str:
    middle = s.random.choice([*range(50, 66), *range(70, 89), *range(90, 93), *range(94, 100)])
    return s.fill(f"9##-{middle}-####")


def _nhs(s: Source) -> str:
    while True:
        digits = s.fill("%########")
        check = -sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
        if check < 10:
            number = f"{digits}{check}"
            return s.random.choice(
                [number, f"{number[:3]} {number[3:6]} {number[6:]}", f"{number[:3]}-{number[3:6]}-{number[6:]}"]
            )


def _nino(s: Source) -> str:
    prefix = s.random.choice(["AB", "CE", "JK", "PW", "SR", "TX", "WM", "HN", "LA", "YZ"])
    return s.fill(f"{prefix}######A|{prefix} ## ## ## B|{prefix} ## ## ## C|{prefix}######D")


def _npi(s: Source) -> str:
    body = s.fill("1########|2########")
    return body + luhn_digit("80840" + body)


def _dea(s: Source) -> str:
    digits = s.fill("######")
    odd, even = (sum(int(digit) for digit in digits[start::2]) for start in (0, 1))
    return s.random.choice("ABFGM") + s.random.choice(LETTERS) + digits + str((odd + 2 * even) % 10)


def _mbi(s: Source) -> str:
    letters, both = "ACDEFGHJKMNPQRTUVWXY", "0123456789ACDEFGHJKMNPQRTUVWXY"
    first, second = (s.random.choice(letters) + s.random.choice(both) + s.fill("#") for _ in range(2))
    parts = [s.fill("%") + first, second, s.text(letters, 2) + s.fill("##")]
    return s.random.choice(["-", ""]).join(parts)


def _card(s: Source) -> str:
    prefix, length = s.random.choice(
        [("4", 16), ("51", 16), ("2221", 16), ("37", 15), ("6011", 16), ("4", 16), ("55", 16)]
    )
    body = prefix + s.text(DIGITS, length - len(prefix) - 1)
    number = body + luhn_digit(body)
    groups = (4, 6, 5) if length == 15 else (4, 4, 4, 4)
    starts = [sum(groups[:place]) for place in range(len(groups))]
    return s.random.choice(["", " ", "-", " "]).join(
        number[at : at + size] for at, size in zip(starts, groups, strict=True)
    )


def _iban(s: Source) -> str:
    country, body = s.random.choice(
        [
            ("DE", "##################"),
            ("GB", "????##############"),
            ("FR", "##########***********##"),
            ("NL", "????##########"),
            ("ES", "####################"),
            ("IT", "?######################"),
            ("BE", "############"),
            ("CH", "#################"),
            ("AT", "################"),
            ("PL", "########################"),
            ("NO", "###########"),
            ("IE", "????##############"),
        ]
    )
    bban = s.fill(body)
    number = int("".join(str(int(c, 36)) for c in f"{bban}{country}00"))
    iban = f"{country}{98 - number % 97:02}{bban}"
    return s.random.choice([iban, " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))])


def _bitcoin(s: Source) -> str:
    payload = b"\x00" + bytes(s.random.randrange(256) for _ in range(20))
    payload += hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number, text = int.from_bytes(payload), ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return "1" + text


def _wallet(s: Source) -> str:
    return s.random.choice(
        [_bitcoin(s), "0x" + s.text("0123456789abcdef", 40), "0x" + s.text("0123456789abcdefABCDEF", 40)]
    )


def _vin(s: Source) -> str:
    body = s.text(CODES, 8) + "0" + s.text(CODES, 2) + s.fill("######")
    total = sum(w * (_VIN_VALUES.get(c) or int(c)) for c, w in zip(body, _VIN_WEIGHTS, strict=True) if c != "0")
    return body[:8] + "0123456789X"[total % 11] + body[9:]


def _device(s: Source) -> str:
    body = s.fill("35############|86############")
    imei = body + luhn_digit(body)
    iccid = s.fill("8901##############|8944##############")
    gtin = s.fill("0088452#######")
    return s.random.choice(
        [
            imei,
            f"{imei[:2]}-{imei[2:8]}-{imei[8:14]}-{imei[14]}",
            iccid + luhn_digit(iccid),
            f"(01){gtin}(17)261130(10)A{s.fill('###')}",
            *(
                s.fill("SN-#####-??|??#######|**-####-**9|SN########|?##?#####|PJN######?|########|#?##-####-###")
                for _ in range(5)
            ),
        ]
    )


def _plate(s: Source) -> str:
    return s.fill("??? ####|???-####|%???###|?? ## ???|??## ???|???###|B-?? ####|M ?? ###|??-###-??|### ???|%??? ###")


def _medical_licence(s: Source) -> str:
    return s.random.choice([_dea(s), s.fill("MD######|A######|ME-#####|RN#######|G#####|#######")])


def _license(s: Source) -> str:
    return s.fill(
        "?#######|########|?###-####-####|?###-###-##-###-#|?##-##-####|??######?|#########|?############|"
        "?????######??#??"
    )


def _case(s: Source) -> str:
    return s.fill(
        "%:2#-cv-0####|2:1#-cr-00###-???|201#-CF-00####|CV-2020-00####|%####/0#|%###/1#|CLM-20##-#####|"
        "INC00#####|##-####|20-CA-00####|TKT-######|RF#######|####-##-###-####|C-###/1#|########"
    )


def _mrn(s: Source) -> str:
    return s.fill(
        "########|#######|MRN-######|##-##-##|M#######|E##########|##########|###-###-###|H-#######|A-######-#"
    )


def _plan(s: Source) -> str:
    return s.fill(
        "???#########|W##########|??#######|H####-###-##|GRP-#####|#########-##|##########|?##########?|X?? ### ####"
    )


def _account(s: Source) -> str:
    return s.fill(
        "########|##########|####-####-####|AC-#######|############|C-######|00########|##-######-#|CUST#######"
    )


def _bank(s: Source) -> str:
    while True:
        number = s.fill("0########|1########|2########")
        if sum(int(d) * w for d, w in zip(number, (3, 7, 1) * 3, strict=True)) % 10 == 0:
            return s.random.choice([number, s.fill("##########|########|############|##-##-##")])


def _identity(s: Source) -> str:
    return s.fill(
        "E#######|######|EMP-#####|S########|A#########|########?|####-####-####|???######|20##-#####|##########"
    )


def _passport(s: Source) -> str:
    return s.fill("?########|#########|??#######|?#######|C0%X##T#%|##??#####")


def _us_passport(s: Source) -> str:
    return s.fill("?########|#########")


def _email(s: Source) -> str:
    first, last = s.faker.first_name().lower(), s.faker.last_name().lower()
    ascii_names = [
        name.encode("ascii", "ignore").decode().replace(" ", "-").replace("'", "") or "pat" for name in (first, last)
    ]
    first, last = ascii_names
    local = s.random.choice(
        [
            f"{first}.{last}",
            f"{first[0]}{last}",
            f"{first}_{last}{s.fill('##')}",
            f"{last}+news",
            f"{first}-{last}",
            f"{first}{s.fill('####')}",
        ]
    )
    host = s.random.choice(
        [
            "gmail.com",
            "outlook.com",
            "example.org",
            "mail.uni-bonn.de",
            "nhs.net",
            "st-mary.co.uk",
            "acme.io",
            "corp.internal",
        ]
    )
    return f"{local}@{host}"


def _phone(s: Source) -> str:
    return s.fill(
        "(%##) %##-####|%##-%##-####|%##.%##.####|+1 %## %## ####|+1-%##-%##-####|+44 20 79## ####|+44 7### "
        "######|020 79## ####|07### ######|+49 30 ########|+49 (0)151 #######|+33 6 ## ## ## ##|06 ## ## ## "
        "##|+91 9#### #####|+61 4## ### ###|+34 6## ### ###|+81 3-####-####|+55 11 9####-####|1-800-%##-####|"
        "0044 20 79## ####|%#########|+86 138 #### ####|(%##) %##-#### ext. ###|+27 82 ### ####|00 49 30 "
        "######"
    )


def _name_of_user(s: Source) -> str:
    word = s.faker.first_name().encode("ascii", "ignore").decode().lower().replace(" ", "") or "pat"
    return s.random.choice(
        [
            f"{word}{s.fill('##')}",
            f"{word}_{s.fill('###')}",
            f"{word[0]}smith{s.fill('#')}",
            f"the_{word}",
            f"{word}.dev",
            f"x{word}x{s.fill('##')}",
        ]
    )


def _password(s: Source) -> str:
    word = s.faker.word().encode("ascii", "ignore").decode().capitalize() or "Word"
    return s.random.choice(
        [
            f"{word}{s.fill('####')}!",
            s.text(_TOKEN_CHARACTERS, 10) + "7$",
            f"{word.lower()}#{s.fill('##')}X",
            f"{word}-{s.fill('###')}-Zq",
        ]
    )


def _key(s: Source) -> str:
    sizes = {"ghp_": 36, "sk-": 48, "sk_live_": 24, "glpat-": 20, "AIza": 35, "npm_": 36, "hf_": 34}
    prefixed = [prefix + s.text(_TOKEN_CHARACTERS, size) for prefix, size in sizes.items()]
    aws = "AKIA" + s.text(LETTERS + "234567", 16)
    slack = "xoxb-" + s.fill("###########-") + s.text(_TOKEN_CHARACTERS, 24)
    jwt = ".".join(["eyJhbGciOiJIUzI1NiJ9", _base64(s, 30), _base64(s, 32)])
    return s.random.choice([*prefixed, aws, slack, jwt])


def _base64(s: Source, size: int) -> str:
    return base64.urlsafe_b64encode(s.text(_TOKEN_CHARACTERS, size).encode()).decode().rstrip("=")


def _ip(s: Source) -> str:
    return str(
        s.random.choice(
            [
                str(s.faker.ipv4_public()),
                s.faker.ipv4_private(),
                s.faker.ipv6(),
                "fe80::" + s.fill("####") + ":a%f",
                "2001:db8::" + s.fill("%#") + ":" + s.fill("%##"),
            ]
        )
    )


def _mac(s: Source) -> str:
    pairs = [s.text("0123456789abcdef", 2) for _ in range(6)]
    return s.random.choice(
        [":".join(pairs), "-".join(pairs).upper(), f"{pairs[0]}{pairs[1]}.{pairs[2]}{pairs[3]}.{pairs[4]}{pairs[5]}"]
    )


def _coordinates(s: Source) -> str:
    latitude, longitude = s.random.uniform(-80, 80), s.random.uniform(-170, 170)
    north, east = ("N" if latitude > 0 else "S"), ("E" if longitude > 0 else "W")
    degrees = [
        f"{int(abs(v))}\u00b0{s.random.randrange(60)}'{s.random.randrange(60)}\"{h}"
        for v, h in ((latitude, north), (longitude, east))
    ]
    return s.random.choice(
        [
            f"{latitude:.5f}, {longitude:.5f}",
            f"{latitude:.4f},{longitude:.4f}",
            f"{abs(latitude):.4f}\u00b0 {north}, {abs(longitude):.4f}\u00b0 {east}",
            " ".join(degrees),
        ]
    )


def _written_date(s: Source, day: date) -> str:
    forms = [
        "%Y-%m-%d",
        "%m/%d/%Y",
        "%d/%m/%Y",
        "%d.%m.%Y",
        "%B %d, %Y",
        "%d %B %Y",
        "%b %d, %Y",
        "%d-%b-%Y",
        "%m-%d-%Y",
        "%m/%d/%y",
        "%dth of %B %Y",
        "%Y/%m/%d",
    ]
    return day.strftime(s.random.choice(forms))


def _date(s: Source) -> str:
    day = s.day(1990)
    more = ["%Y-%m-%dT10:45:00Z", "%B %Y", "%d %B", "%A, %B %d, %Y", "%B %dth", "%a %d %b %Y", "%m/%Y", "%b %Y"]
    return day.strftime(s.random.choice(more)) if s.random.random() < 0.5 else _written_date(s, day)


def _age(low: int, high: int) -> Callable[[Source], str]:
    return lambda s: str(s.random.randint(low, high))


def _zip(s: Source) -> str:
    return s.fill("#####|#####-####|#####")


def _biometric(s: Source) -> str:
    return s.fill("FP-########|BIO-####-####|IRIS-######|??########|VP#######|T-######-?#|############")


def _photo(s: Source) -> str:
    name = "".join(filter(str.isalnum, s.faker.last_name().encode("ascii", "ignore").decode())).lower() or "pat"
    return s.random.choice(
        [
            s.fill("IMG_####.jpg|DSC0####.JPG|scan-####.png|IMG-2021####-WA0###.jpeg"),
            f"{name}_face.jpg",
            f"{name}-portrait.png",
            f"photos/{name}/front.heic",
        ]
    )


def _domain(s: Source) -> str:
    return s.random.choice(["", "", "", "mail."]) + str(s.faker.domain_name())


def _url(s: Source) -> str:
    return (
        s.random.choice(["https://", "http://", "https://www."])
        + str(s.faker.domain_name())
        + s.random.choice(["", f"/u/{_name_of_user(s)}", "/profile?id=" + s.fill("####"), "/a/b/c.html"])
    )


def _street(s: Source) -> str:
    american = s.faker["en_US"]
    number = s.fill("%|%#|%##|%###")
    street = f"{number} {american.street_name()}"
    return s.random.choice(
        [
            street,
            f"{street}, {american.city()}, {american.state_abbr()} {s.fill('#####')}",
            f"{street}, Apt. {s.fill('%#')}",
            f"P.O. Box {s.fill('%###')}",
        ]
    )


VALUES: Mapping[str, Callable[[Source], str]] = MappingProxyType(
    {
        "ADDRESS": _street,
        "ZIP_CODE": _zip,
        "COORDINATES": _coordinates,
        "EMAIL_ADDRESS": _email,
        "PHONE_NUMBER": _phone,
        "USERNAME": _name_of_user,
        "PASSWORD": _password,
        "SECRET": _key,
        "DATE_OF_BIRTH": lambda s: _written_date(s, s.day()),
        "US_SSN": _ssn,
        "US_ITIN": _itin,
        "US_EIN": lambda s: s.fill("##-#######"),
        "US_PASSPORT": _us_passport,
        "PASSPORT": _passport,
        "US_DRIVER_LICENSE": _license,
        "UK_NINO": _nino,
        "UK_NHS": _nhs,
        "ID_NUMBER": _identity,
        "MEDICAL_RECORD_NUMBER": _mrn,
        "HEALTH_PLAN_NUMBER": _plan,
        "US_MBI": _mbi,
        "US_NPI": _npi,
        "MEDICAL_LICENSE": _medical_licence,
        "ACCOUNT_NUMBER": _account,
        "US_BANK_NUMBER": _bank,
        "CREDIT_CARD": _card,
        "IBAN_CODE": _iban,
        "CRYPTO": _wallet,
        "CASE_NUMBER": _case,
        "DEVICE_ID": _device,
        "VIN": _vin,
        "LICENSE_PLATE": _plate,
        "BIOMETRIC_ID": _biometric,
        "IP_ADDRESS": _ip,
        "MAC_ADDRESS": _mac,
        "DATE_TIME": _date,
        "AGE": _age(1, 89),
        "AGE_OVER_89": _age(90, 106),
        "URL": _url,
        "DOMAIN_NAME": _domain,
        "PHOTO": _photo,
    }
)

"""What belongs to a person or shows one: devices, vehicles, biometric templates, photographs."""

from __future__ import annotations

from vecguard.scrub.recognisers.keyed import ID, Keyed
from vecguard.scrub.recognisers.rules import CERTAIN, LIKELY, PLAUSIBLE, Form, Rule, any_of, digit_count, luhn

_UDI = r"\(01\)\d{14}(?:\((?:10|11|17|21|240)\)[a-z0-9/.-]{0,19}[a-z0-9]){0,5}"
_IMEI = r"(?<![\w-])\d{2}-\d{6}-\d{6}-\d(?:\d)?(?![\w-])"
_IMEI_LOOSE = r"(?<![\w-])\d(?:[ -]?\d){13,15}(?![\w-])"
_ICCID = r"(?<![\w-])89\d{2}(?:[ -]?\d){14,16}f?(?![\w-])"
_VIN = r"(?<![\w-])[a-hj-npr-z0-9]{17}(?![\w-])"

# Three letters and four digits in some order, or one of Europe's forms.
_PLATE = (
    r"(?<![\w-])(?:[A-Z]{1,3}[ -]?\d{1,4}[ -]?[A-Z]{1,3}|[A-Z]{2}\d{2}[ -]?[A-Z]{3}|[A-Z]{1,3}[ -][A-Z]{1,"
    r"2}[ -]?\d{1,4}[EH]?|"
    r"[A-Z]{1,4}[ -]?\d{2,5}|\d{1,4}[ -]?[A-Z]{1,4}(?:[ -]?\d{1,4})?|[A-Z]\d{2}[ -]?[A-Z0-9]{3,4}|"
    r"\d[A-Z]{3}[ -]?\d{3})(?![\w-])"
)
_ANY_PLATE = (
    r"(?<![\w-])(?:(?=[a-z-]{0,5}\d)[a-z0-9]{1,4}(?:-?[a-z0-9]{1,4}){1,2}|(?!is|as|no|of|to|was|the|"
    r"for)[a-z]{2,3} \d{3,4}|"
    r"\d{3,4} (?!is|as|in|of|on|to|was|and|for|the)[a-z]{2,3})(?![\w-])"
)

_LETTERS = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)
)
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)

_PHOTO = (
    r"(?<![\w./\\-])(?:[a-z]:[\\/])?[\w~./\\%-]{0,160}[\w%)-]\.(?:jpe?g|png|heic|heif|tiff?|bmp|gif|webp|"
    r"dcm|dng|cr2|nef|raw)(?![\w/-]|\.\w)"
)
_IMAGE_NAME = (
    r"(?<![\w-])(?:img|dsc|dscn|dscf|pxl|dcim|mvimg|photo|pict|selfie|portrait|headshot|mugshot)[_-]\d{3,"
    r"8}(?:[_-]\d{3,9})?(?![\w-])"
)


def vin(value: str) -> bool:
    """Check the ninth of 17 characters (49 CFR 565.15): transliterated, weighted, modulo 11, X for 10."""
    value = value.upper()
    if not value.isalnum() or value.isdigit() or digit_count(value) < 3:
        return False
    total = sum(weight * (_LETTERS.get(c) or int(c)) for c, weight in zip(value, _WEIGHTS, strict=True) if c != "0")
    return value[8] == "0123456789X"[total % 11]


def _mixed(value: str) -> bool:
    """Say whether there are both letters and digits."""
    return any(map(str.isalpha, value)) and any(map(str.isdigit, value))


def _is_imei(value: str) -> bool:
    return digit_count(value) in {14, 16} or luhn(value)


RULES: tuple[Rule, ...] = (
    Form("DEVICE_ID", "unique device identifier (GS1)", _UDI, CERTAIN, 16, ("(01)",)),
    Form("DEVICE_ID", "IMEI with dashes", _IMEI, LIKELY, 15, ("-",), _is_imei),
    Form("DEVICE_ID", "ICCID with check digit", _ICCID, LIKELY, 18, ("89",), luhn),
    Keyed(
        "DEVICE_ID",
        "digits beside 'IMEI' or 'SIM'",
        strong=("(?:imei|imeisv|meid|imsi|esn)(?: {n})?",),
        words=any_of("imei, meid, imsi, esn"),
        value=_IMEI_LOOSE,
        near=14,
        far=14,
    ),
    Keyed(
        "DEVICE_ID",
        "digits beside 'SIM'",
        strong=("(?:iccid|sim)(?: card)?(?: {n})?",),
        words=("iccid", "sim"),
        value=r"(?<![\w-])\d(?:[ -]?\d){17,19}f?(?![\w-])",
        near=18,
        far=18,
    ),
    Keyed(
        "DEVICE_ID",
        "number beside a word for a device",
        strong=(
            "serial(?: {n})",
            "s/n",
            "sn",
            "(?:udi|udid|gsf|idfa|idfv|aaid|gaid)(?: {n})?",
            "(?:advertising|android|hardware|machine|handset) id",
            (
                "(?:device|implant|implanted|pacemaker|defibrillator|pump|monitor|sensor|stent|prosthesis|hearing "
                "aid|unit|equipment|"
                "glucometer|ventilator|generator|lead|valve|handset|laptop|phone|tablet|meter|asset|icd|cgm|cpap|"
                "machine|wheelchair|stimulator|"
                "component|transmitter|imei)(?: (?:device|serial|identification))? {n}"
            ),
            "(?:device|pacemaker|implant|pump|icd|defibrillator) serial(?: {n})?",
            "device identifier",
            "imei",
        ),
        weak=("serial", "pacemaker", "implant", "device", "defibrillator", "glucometer", "insulin pump"),
        words=any_of(
            "imei, serial, s/n, sn, udi, id, device, implant, pacemaker, defib, pump, monitor, sensor, stent, "
            "prosth, hearing, equipment, gluco, ventil, generator, lead, valve, handset, laptop, phone, tablet, "
            "meter, asset, icd, cgm, cpap, machine, wheelchair, stimul, component, transmit, unit"
        ),
        near=2,
        far=4,
    ),
    Form("VIN", "17 characters with check digit", _VIN, CERTAIN, 3, check=vin),
    Keyed(
        "VIN",
        "17 characters beside 'VIN'",
        strong=("vins?(?: {n})?", "vehicle identification(?: {n})?", "chassis(?: {n})?", "vehicle id(?: {n})?"),
        words=("vin", "vehicle", "chassis"),
        value=_VIN,
        near=1,
        far=1,
    ),
    Keyed(
        "LICENSE_PLATE",
        "form of a plate beside a word for a vehicle",
        strong=(
            "(?:licen[sc]e|number|registration|vehicle|car|truck) (?:plate|tag)s?(?: {n})?",
            "plate(?: {n})?s?",
            "tag {n}",
            "(?:vehicle |car )?reg(?:istration)?(?: {n}| mark)?",
            "licen[sc]e tag",
            "registered as",
            "kennzeichen",
        ),
        weak=("tag", "car", "vehicle", "sedan", "truck", "van", "suv", "motorcycle"),
        words=any_of("plate, tag, reg, licen, car, vehicle, sedan, truck, van, suv, motorcycle, kennz"),
        value=_PLATE,
        near=1,
        far=1,
        check=_mixed,
        as_written=True,
    ),
    Keyed(
        "LICENSE_PLATE",
        "any letters and digits beside 'license plate'",
        strong=(
            "(?:licen[sc]e|number|registration|vehicle) plates?(?: {n})?",
            "(?:plate|vehicle registration|tag) {n}",
            "licen[sc]e plate",
        ),
        words=("plate", "registration", "tag"),
        value=_ANY_PLATE,
        near=1,
        far=2,
        check=_mixed,
    ),
    Keyed(
        "BIOMETRIC_ID",
        "number beside a word for a biometric template",
        strong=(
            (
                "(?:finger ?prints?|thumb ?prints?|palm ?prints?|palm vein|voice ?prints?|face ?prints?|retinal?|"
                "iris|facial(?: recognition| geometry)?|"
                "biometrics?|dna|gait|hand geometry|face|voice|vein|fingerprint card)(?: (?:scan|template|hash|"
                "profile|record|sample|enrol?lment|"
                "print|map|signature|data|file|code|image|pattern|recognition|biometric))?(?: {n})"
            ),
            (
                "(?:finger ?prints?|thumb ?prints?|palm ?prints?|voice ?prints?|face ?prints?|retinal?|iris|facial "
                "recognition|facial geometry|"
                "biometrics?|dna|face|voice) (?:scan|template|hash|profile|enrol?lment|signature|biometric|record|"
                "sample|map)s?"
            ),
            "biometrics?",
            "(?:finger|voice|face|thumb|palm) ?prints?",
        ),
        words=any_of("finger, thumb, palm, voice, face, retina, iris, facial, biometric, dna, gait, hand geo, vein"),
        value=ID,
        near=2,
        far=4,
    ),
    Form(
        "PHOTO",
        "name of an image file",
        _PHOTO,
        LIKELY,
        words=any_of(".jp, .png, .hei, .tif, .bmp, .gif, .webp, .dcm, .dng, .cr2, .nef, .raw"),
    ),
    Form("PHOTO", "number of an image", _IMAGE_NAME, PLAUSIBLE, 3),
)

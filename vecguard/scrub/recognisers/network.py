"""Addresses of machines and places on the network."""

from __future__ import annotations

import ipaddress

from presidio_analyzer import predefined_recognizers as stock

from vecguard.scrub.recognisers.rules import LIKELY, PLAUSIBLE, Form, Rule, digit_count

_V4 = r"(?<![\w.@])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:/\d{1,2})?(?!\w|\.\d|-\d)"
_V6 = (
    r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{1,4}|(?<=::))"
    r"(?:%\w{1,16})?(?:/\d{1,3})?(?!\w|:\w|::)"
)
# Four numbers with dots are also a version, a section, or an enzyme class (EC 3.4.21.4).
_NOT_BEFORE_V4 = (
    r"(?:\b(?:v|version|ver|release|section|sec|chapter|table|figure|fig|build|ec|ec number|part|no)[ "
    r".:]{1,2}|\u00a7\s?)"
)

_URL = r"(?<![a-z0-9+.-])(?:https?|ftps?|sftp|ssh|wss?|s3|gs|smb|ldaps?|rtsp|git)://[^\s<>\"{}|\\^`]{1,2000}"
_WWW = r"(?<![\w.@/-])www\d?\.[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,6}(?:[:/?#][^\s<>\"{}|\\^`]{0,2000})?"
_TOP = (
    r"(?:com|org|net|edu|gov|mil|int|info|biz|name|pro|io|ai|app|dev|xyz|online|site|shop|store|blog|cloud|tech|health|"
    r"care|hospital|clinic|eu|uk|us|ca|au|nz|ie|de|fr|it|es|pt|nl|be|lu|ch|at|se|no|dk|fi|pl|cz|sk|hu|ro|bg|gr|tr|ru|"
    r"ua|jp|cn|hk|tw|kr|in|sg|my|th|vn|ph|id|br|mx|ar|cl|co|pe|za|ng|ke|eg|ma|il|ae|sa|ir|pk|me|tv|cc|internal|local)"
)
_HOST = rf"(?<![\w.@/-])(?:[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9-])){{0,62}}\.){{1,6}}{_TOP}(?![\w@-]|\.\w)"
_HOST_PATH = rf"{_HOST}(?::\d{{2,5}})?/[^\s<>\"{{}}|\\^`]{{0,2000}}"
_TRIMMED = r"(?<![.,;:!?'\"\])])"  # a sentence's punctuation is not the address's

_mac = stock.MacAddressRecognizer()


def _v6(value: str) -> bool:
    """Accept what parses and has three groups or more: `::` and 12:30:45 are no one's address."""
    bare = value.partition("%")[0].partition("/")[0]
    if sum(bool(group) for group in bare.split(":")) < 3 or not digit_count(bare):
        return False
    try:
        ipaddress.IPv6Address(bare)
    except ValueError:
        return False
    return True


def _is_mac(value: str) -> bool:
    return not _mac.invalidate_result(value)


def _named(value: str) -> bool:
    """Refuse `e.g.in` and the like: some label but the last is longer than one letter."""
    labels = value.split(".")
    return any(len(label) > 1 for label in labels[:-1])


def _not_a_version(value: str) -> bool:
    """Refuse four one-digit numbers: 1.1.1.1 is nobody's machine, and 2.4.1.0 is a release."""
    return any(len(part) > 1 for part in value.split("."))


RULES: tuple[Rule, ...] = (
    Form("IP_ADDRESS", "IPv4", _V4, PLAUSIBLE, 4, check=_not_a_version, unless=_NOT_BEFORE_V4),
    Form("IP_ADDRESS", "IPv6", _V6, LIKELY, 1, (":",), _v6),
    *(
        Form("MAC_ADDRESS", p.name, p.regex, LIKELY, 2, (":", "-", "."), _is_mac)
        for p in stock.MacAddressRecognizer.PATTERNS
    ),
    Form("URL", "scheme://", _URL + _TRIMMED, 0.9, words=("://",)),
    Form("URL", "www.", _WWW + _TRIMMED, 0.8, words=("www",)),
    Form("URL", "host/path", _HOST_PATH + _TRIMMED, PLAUSIBLE, words=("/",)),
    Form("DOMAIN_NAME", "name.top-level domain", _HOST, PLAUSIBLE, words=(".",), check=_named),
)

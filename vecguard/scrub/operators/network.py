"""Fake addresses of machines and mailboxes, from the ranges and domains that are kept for documentation."""

from __future__ import annotations

import ipaddress
import re
from itertools import count
from string import hexdigits

from vecguard.scrub.operators.keyed import Draws, Keyed
from vecguard.scrub.operators.names import WORD, fake_name, fake_word, plain
from vecguard.scrub.operators.numbers import fake_number

_TEST_NETS = ("192.0.2", "198.51.100", "203.0.113")  # RFC 5737
_HEX = "0123456789abcdef"
_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)?(?P<host>[^/?#:]*)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)


def fake_ip(keyed: Keyed, value: str) -> str:
    """Return an address of RFC 5737 or of 2001:db8::/32 (RFC 3849); a prefix length stays."""
    address, slash, length = plain(value).strip().partition("/")
    try:
        held = ipaddress.ip_address(address)
    except ValueError:
        return fake_number(keyed, "IP_ADDRESS", value)
    fakes = (_ip(held.version, keyed.draws("ip", held.compressed, attempt)) for attempt in count())
    return next(fake for fake in fakes if fake != held.compressed) + slash + length


def _ip(version: int, draws: Draws) -> str:
    if version == 4:
        return f"{_TEST_NETS[draws.below(3)]}.{1 + draws.below(254, 1)}"
    return ipaddress.IPv6Address((0x20010DB8 << 96) | draws.below(2**96)).compressed


def fake_mac(keyed: Keyed, value: str) -> str:
    """Return an address that starts with 02, the locally administered ones (IEEE 802c), in the notation given."""
    text = plain(value)
    draws = keyed.draws("mac", re.sub(r"[^0-9a-f]", "", text.casefold()))
    fresh = iter("02" + "".join(_HEX[draws.below(16, at)] for at in range(len(text))))
    laid = "".join(next(fresh) if character in hexdigits else character for character in text)
    laid = laid.upper() if text.upper() == text else laid
    return laid if laid != text else fake_number(keyed, "MAC_ADDRESS", value)


def fake_email(keyed: Keyed, value: str) -> str:
    """Return a mailbox in a domain under `.example` (RFC 2606), its words faked as they are in names."""
    local, _, domain = plain(value).rpartition("@")
    return f"{fake_name(keyed, local)}@{fake_host(keyed, domain)}" if local else fake_host(keyed, domain)


def fake_host(keyed: Keyed, host: str) -> str:
    """Return one domain under `.example` for a host and its sub-domains' common end."""
    labels = [label for label in host.casefold().split(".") if label not in {"www", "mail", "co", "com", "org", "ac"}]
    word = next(iter(sorted(labels[:-1] or labels, key=len, reverse=True)), host)
    taken = frozenset(match.group().casefold() for match in WORD.finditer(host))
    return f"{fake_word(keyed, word, taken).lower()}.example"


def fake_url(keyed: Keyed, value: str) -> str:
    """Return an address under `.example`; what follows the host keeps its shape."""
    parts = _URL.fullmatch(plain(value))
    if parts is None:
        return fake_number(keyed, "URL", value)
    rest = fake_number(keyed, "URL_PATH", parts["rest"]) if any(map(str.isalnum, parts["rest"])) else parts["rest"]
    return f"{parts['scheme'] or ''}{fake_host(keyed, parts['host'])}{rest}"

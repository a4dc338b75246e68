"""Domain names and e-mail addresses, parsed once at the door and trusted afterwards.

A `Domain` is a host or mail domain name under IDNA 2008 (RFC 5890 to 5893) after the UTS 46 mapping without its
transitional part, so that "Byrå.SE." and "xn--byr-wla.se" are equal while "faß.se" and "fass.se" are not. An `EmailAddress` is
an RFC 5321 Mailbox with the non-ASCII local parts of RFC 6531. Nothing here asks the network.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass, field

import idna

from autoconfig.errors import N_, AddressError

MAX_LOCAL_OCTETS = 64  # RFC 5321, 4.5.3.1.1
MAX_DOMAIN_OCTETS = 253  # RFC 1035, 2.3.4: 255 octets on the wire, with length octets and root
MAX_LABEL_OCTETS = 63  # RFC 1035, 2.3.4
MAX_ADDRESS_OCTETS = 254  # RFC 5321, 4.5.3.1.3: a path of 256 with its angle brackets

# RFC 5890, 2.3.1: letters, digits and hyphens, no hyphen at either end.
_LDH = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z")
# RFC 5322, 3.2.3, atext; RFC 6531, 3.3 adds every character outside ASCII.
_ATEXT = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+\Z")
# RFC 6531 lets in any non-ASCII character; these cannot be seen or typed and only serve to deceive.
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})
# RFC 6761, 6.3: names that never leave the machine.
_LOOPBACK = "localhost"


@dataclass(frozen=True, slots=True, order=True)
class Domain:
    """A domain name with at least two labels: `ascii` in A-labels, `unicode` in U-labels, both lower case, no trailing dot."""

    ascii: str
    unicode: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> Domain:
        """Parse *text* in any letter case, with or without trailing dot, in A-labels or U-labels.

        Raises AddressError (part "domain") for what is not a domain name, for IP addresses and for localhost.
        """
        name = text.strip()
        if not name:
            raise AddressError("domain", N_("the domain is missing"))
        if _is_ip_address(name):
            raise AddressError("domain", N_("%(domain)s is an IP address, not a domain name"), domain=name)
        try:
            mapped = idna.uts46_remap(name, std3_rules=False)
        except (idna.IDNAError, UnicodeError) as error:
            raise _wrong_domain(name, error) from None
        mapped = mapped.removesuffix(".")
        if mapped == _LOOPBACK or mapped.endswith("." + _LOOPBACK):
            raise AddressError("domain", N_("%(domain)s is this computer itself, not a mail domain"), domain=name)
        labels = mapped.split(".")
        if "" in labels:
            raise AddressError("domain", N_("the domain %(domain)s has an empty part between its dots"), domain=name)
        if len(labels) < 2:
            raise AddressError("domain", N_("the domain %(domain)s has no dot; a domain looks like kund.se"), domain=name)
        ascii_labels = [_ascii_label(label, name) for label in labels]
        if ascii_labels[-1].isdigit():
            raise AddressError("domain", N_("the domain %(domain)s ends in a number"), domain=name)
        ascii_name = ".".join(ascii_labels)
        if len(ascii_name) > MAX_DOMAIN_OCTETS:
            raise AddressError("domain", N_("the domain is longer than %(limit)d characters"), limit=MAX_DOMAIN_OCTETS)
        unicode_labels = [_unicode_label(label) for label in ascii_labels]
        _check_bidi(unicode_labels, name)
        return cls(ascii_name, ".".join(unicode_labels))

    def __str__(self) -> str:
        return self.unicode

    @property
    def parents(self) -> tuple[str, ...]:
        """The A-label names above this one, nearest first, top-level domain left out: a.b.se -> ("b.se",)."""
        return parents(self.ascii)

    @property
    def is_internationalised(self) -> bool:
        """Tell whether the two forms differ."""
        return self.ascii != self.unicode


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """A mailbox: `local` is the local part's value, unquoted and in its own letter case."""

    local: str
    domain: Domain

    @classmethod
    def parse(cls, text: str) -> EmailAddress:
        """Parse *text*; raises AddressError whose part tells what is wrong: "address", "local part" or "domain"."""
        address = text.strip()
        if not address:
            raise AddressError("address", N_("the e-mail address is missing"))
        # A quoted local part may hold an @ itself; a domain never does.
        local_text, at, domain_text = address.rpartition("@")
        if not at:
            raise AddressError("address", N_("%(address)s is not an e-mail address: it has no @"), address=address)
        if domain_text.startswith("["):
            raise AddressError("domain", N_("an address with an IP address after the @ has no mail domain"))
        local = _parse_local(local_text)
        if len(_dot_or_quoted(local).encode()) > MAX_LOCAL_OCTETS:
            raise AddressError("local part", N_("the part before the @ is longer than %(limit)d bytes"), limit=MAX_LOCAL_OCTETS)
        parsed = cls(local, Domain.parse(domain_text))
        if len(parsed.ascii.encode()) > MAX_ADDRESS_OCTETS:
            raise AddressError("address", N_("the address is longer than %(limit)d bytes"), limit=MAX_ADDRESS_OCTETS)
        return parsed

    def __str__(self) -> str:
        """Return the address for people, the domain in U-labels."""
        return f"{self.local_part}@{self.domain.unicode}"

    @property
    def local_part(self) -> str:
        """The local part as it stands in an address, quoted where it must be (RFC 5321, 4.1.2)."""
        return _dot_or_quoted(self.local)

    @property
    def ascii(self) -> str:
        """The address with its domain in A-labels; the local part may still be non-ASCII."""
        return f"{self.local_part}@{self.domain.ascii}"


def parents(name: str) -> tuple[str, ...]:
    """Return the names above the A-label *name*, as `Domain.parents` does."""
    labels = name.split(".")
    return tuple(".".join(labels[i:]) for i in range(1, len(labels) - 1))


def is_ip(text: str) -> bool:
    """Tell whether *text* is an IPv4 or IPv6 address, without brackets."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_ip_address(text: str) -> bool:
    return is_ip(text.strip("[]").removeprefix("IPv6:").partition("%")[0])


def _wrong_domain(name: str, error: Exception) -> AddressError:
    code = getattr(error, "codepoint", None)
    if isinstance(code, int):
        return _wrong_domain_character(name, chr(code))
    return AddressError("domain", N_("%(domain)s is not a valid domain name"), domain=name)


def _wrong_domain_character(name: str, c: str) -> AddressError:
    return AddressError(
        "domain", N_("the domain %(domain)s has a character that no domain may have: %(character)s"), domain=name, character=_shown(c)
    )


def _ascii_label(label: str, name: str) -> str:
    # RFC 5891, 5.4 is asked for every label that is, or stands for, a U-label. Plain LDH labels are older than IDNA and in use with
    # hyphens in third and fourth place, so they only obey RFC 5890.
    if label.isascii() and not label.startswith("xn--"):
        bad = next((c for c in label if not (c.isalnum() or c == "-")), None)
        if bad is not None:
            raise _wrong_domain_character(name, bad)
        if not _LDH.match(label):
            raise AddressError("domain", N_("a part of the domain %(domain)s begins or ends with a hyphen"), domain=name)
        ascii_label = label
    else:
        try:
            ascii_label = idna.alabel(label).decode("ascii")
        except idna.IDNAError as error:
            if getattr(error, "code", None) == "label_too_long":
                raise _label_too_long(name) from None
            raise _wrong_domain(name, error) from None
        except UnicodeError as error:
            raise _wrong_domain(name, error) from None
    if len(ascii_label) > MAX_LABEL_OCTETS:
        raise _label_too_long(name)
    return ascii_label


def _label_too_long(name: str) -> AddressError:
    return AddressError(
        "domain", N_("a part of the domain %(domain)s is longer than %(limit)d characters"), domain=name, limit=MAX_LABEL_OCTETS
    )


def _unicode_label(ascii_label: str) -> str:
    return idna.ulabel(ascii_label) if ascii_label.startswith("xn--") else ascii_label


def _check_bidi(labels: list[str], name: str) -> None:
    # RFC 5893, 1.4: one right-to-left label makes the whole name a Bidi domain name, and its rule holds for every label.
    if all(label.isascii() for label in labels):
        return
    if not any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for label in labels for c in label):
        return
    try:
        for label in labels:
            idna.check_bidi(label, check_ltr=True)
    except idna.IDNAError as error:
        raise _wrong_domain(name, error) from None


def _parse_local(text: str) -> str:
    # RFC 6532, 3.1 asks for NFC, so that one mailbox has one spelling. First of all: NFC makes a semicolon of U+037E.
    text = unicodedata.normalize("NFC", text)
    if not text:
        raise AddressError("local part", N_("the part before the @ is missing"))
    if text.startswith('"'):
        local = _parse_quoted(text)
    else:
        for atom in text.split("."):
            if not atom:
                raise AddressError("local part", N_("the part before the @ begins or ends with a dot, or has two in a row"))
            if not _ATEXT.match(atom):
                bad = next(c for c in atom if not _ATEXT.match(c))
                raise _wrong_character(bad)
        local = text
    for c in local:
        if not c.isascii() and unicodedata.category(c) in _UNSEEN:
            raise _wrong_character(c)
    return local


def _parse_quoted(text: str) -> str:
    # RFC 5321, 4.1.2: Quoted-string = DQUOTE *( qtextSMTP / quoted-pairSMTP ) DQUOTE
    value: list[str] = []
    rest = iter(text[1:])
    for c in rest:
        if c == '"':
            if next(rest, None) is not None:
                break
            if not value:
                raise AddressError("local part", N_("the part before the @ is empty quotes"))
            return "".join(value)
        if c == "\\":
            c = next(rest, "")
        if not c or (c.isascii() and not " " <= c <= "~"):
            raise _wrong_character(c or "\\")
        value.append(c)
    raise AddressError("local part", N_("the quotes before the @ do not end where they should"))


def _wrong_character(c: str) -> AddressError:
    return AddressError("local part", N_("the part before the @ has a character that it may not have: %(character)s"), character=_shown(c))


def _shown(c: str) -> str:
    return f"{c} (U+{ord(c):04X})" if c.isprintable() and c != " " else f"U+{ord(c):04X}"


def _dot_or_quoted(local: str) -> str:
    if all(_ATEXT.match(atom) for atom in local.split(".")):
        return local
    return '"' + re.sub(r'(["\\])', r"\\\1", local) + '"'

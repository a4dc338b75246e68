"""What an SPF record says, term by term (RFC 7208, 4.5, 4.6 and 12). Reads text; asks nobody and judges nothing.

Macros are recognised and not filled in: what they stand for is known only when a message arrives.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from autoconfig.address import MAX_DOMAIN_OCTETS

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# RFC 7208, 4.5: record = version terms *SP, and version = "v=spf1"; "v=spf10" is something else.
_VERSION = re.compile(r"v=spf1(?= |\Z)", re.IGNORECASE)
# 12: modifier = name "=" macro-string; name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )
_MODIFIER = re.compile(r"([a-z][a-z0-9._-]*)=(.*)\Z", re.IGNORECASE | re.DOTALL)
_MECHANISM = re.compile(r"([+?~-]?)([a-z][a-z0-9._-]*)([:/].*)?\Z", re.IGNORECASE | re.DOTALL)
# 7.1: macro-expand = ( "%{" macro-letter transformers *delimiter "}" ) / "%%" / "%_" / "%-"
_MACRO = r"%(?:\{[slodiphcrtv][0-9]{0,3}r?[.+,/_=-]*\}|[%_-])"
_MACRO_STRING = re.compile(rf"(?:{_MACRO}|[\x21-\x24\x26-\x7e])*\Z", re.IGNORECASE)
_DOMAIN_SPEC = re.compile(rf"(?:{_MACRO}|[\x21-\x24\x26-\x2e\x30-\x7e])+", re.IGNORECASE)
# 12: dual-cidr-length = [ ip4-cidr-length ] [ "/" ip6-cidr-length ]
_LENGTHS = re.compile(r"(?:/(0|[1-9][0-9]?))?(?://(0|[1-9][0-9]{0,2}))?\Z")
_TOP = re.compile(r"(?=.*[a-z])[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z|[a-z]\Z", re.IGNORECASE)

_NEEDS_DOMAIN = ("include", "exists")
_MAY_HAVE_DOMAIN = ("a", "mx", "ptr")
_ASKING = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})  # 4.6.4: what costs a DNS look-up

_MISTAKEN = frozenset({"include", "a", "mx", "ptr", "exists", "all", "ip4", "ip6", "ipv4", "ipv6", "v"})


@dataclass(frozen=True, slots=True)
class Term:
    """A mechanism or modifier. *target* is its domain, "" for the record's own; *network* is of ip4 and ip6, *lengths* of a and mx."""

    text: str
    name: str
    qualifier: str = "+"
    target: str = ""
    network: Network | None = None
    lengths: tuple[int, int] = (32, 128)

    @property
    def asks(self) -> bool:
        """Whether it costs a DNS look-up."""
        return self.name in _ASKING

    @property
    def has_macro(self) -> bool:
        """Whether its domain is only known when a message arrives."""
        return "%" in self.target


@dataclass(frozen=True, slots=True)
class Record:
    """A record. *faults* are the terms that are against the grammar, each of which makes the whole record void (4.6)."""

    text: str
    terms: tuple[Term, ...]
    faults: tuple[str, ...] = ()

    @property
    def reachable(self) -> tuple[Term, ...]:
        """The mechanisms up to "all", and what counts after the last of them: "redirect" only where there is no "all" (6.1)."""
        mechanisms = [term for term in self.terms if term.name not in ("redirect", "exp", "modifier")]
        end = next((place for place, term in enumerate(mechanisms) if term.name == "all"), None)
        if end is not None:
            return tuple(mechanisms[: end + 1])
        return (*mechanisms, *(term for term in self.terms if term.name == "redirect"))

    @property
    def doubtful(self) -> tuple[str, ...]:
        """The modifiers that nobody knows and that were meant as mechanisms: "include=" is passed over without a word (6)."""
        modifiers = [term.text for term in self.terms if term.name == "modifier"]
        return tuple(text for text in modifiers if text.partition("=")[0].lower() in _MISTAKEN)

    @property
    def lost(self) -> tuple[Term, ...]:
        """The terms that nobody looks at, since they stand after "all", or beside it."""
        reached = self.reachable
        return tuple(term for term in self.terms if term not in reached and term.name not in ("exp", "modifier"))


def is_record(text: str) -> bool:
    """Tell whether *text* is meant as an SPF record."""
    return bool(_VERSION.match(text))


def resembles(text: str) -> bool:
    """Tell whether *text*, which is no SPF record, was meant to be one."""
    plain = text.strip(" \t\r\n\"'“”").lower()
    return not is_record(text) and re.match(r"v ?= ?spf ?1|spf1[ :]|v=spf[02-9]|v=spf ", plain) is not None


def parse(text: str) -> Record:
    """Read the record *text*, which begins with its version."""
    terms, faults = [], []
    for word in text[len("v=spf1") :].split(" "):
        if not word:
            continue
        term = _term(word)
        if term is None:
            faults.append(word)
        else:
            terms.append(term)
    for name in ("redirect", "exp"):  # 6: neither may appear more than once
        faults += [term.text for term in terms if term.name == name][1:]
    return Record(text, tuple(terms), tuple(faults))


def _term(text: str) -> Term | None:
    modifier = _MODIFIER.match(text)
    if modifier:
        name, value = modifier[1].lower(), modifier[2]
        if name in ("redirect", "exp"):
            return Term(text, name, target=value.lower()) if _is_domain(value) else None
        return Term(text, "modifier") if _MACRO_STRING.match(value) else None
    mechanism = _MECHANISM.match(text)
    if not mechanism:
        return None
    qualifier, name, rest = mechanism[1] or "+", mechanism[2].lower(), mechanism[3] or ""
    if name == "all":
        return None if rest else Term(text, name, qualifier)
    if name in ("ip4", "ip6"):
        network = _network(rest, 4 if name == "ip4" else 6)
        return None if network is None else Term(text, name, qualifier, network=network)
    if name in _NEEDS_DOMAIN:
        return Term(text, name, qualifier, rest[1:].lower()) if rest.startswith(":") and _is_domain(rest[1:]) else None
    return _host(text, qualifier, name, rest) if name in _MAY_HAVE_DOMAIN else None


def _host(text: str, qualifier: str, name: str, rest: str) -> Term | None:
    target = ""
    if rest.startswith(":"):
        spec = _DOMAIN_SPEC.match(rest, 1)
        if not spec or not _is_domain(spec[0]):
            return None
        target, rest = spec[0].lower(), rest[spec.end() :]
    lengths = _LENGTHS.match(rest)
    if not lengths or (rest and name == "ptr"):
        return None
    four, six = int(lengths[1] or 32), int(lengths[2] or 128)
    return Term(text, name, qualifier, target, lengths=(four, six)) if four <= 32 and six <= 128 else None


def _network(rest: str, version: int) -> Network | None:
    if not rest.startswith(":") or not re.fullmatch(r"[0-9a-f.:]+(/(0|[1-9][0-9]{0,2}))?", rest[1:], re.IGNORECASE):
        return None
    try:
        network = ipaddress.ip_network(rest[1:], strict=False)
    except ValueError:
        return None
    return network if network.version == version else None


def _is_domain(text: str) -> bool:
    """Tell whether *text* is a domain-spec (7.1): with a macro at its end, or a name of at least two labels."""
    if _DOMAIN_SPEC.fullmatch(text) is None:
        return False
    if re.search(rf"{_MACRO}\Z", text, re.IGNORECASE):
        return True
    labels = text.removesuffix(".").split(".")
    if "%" not in text and (len(text) > MAX_DOMAIN_OCTETS or not all(0 < len(label) <= 63 for label in labels)):
        return False
    return len(labels) > 1 and bool(_TOP.match(labels[-1]))


def mechanisms(terms: Sequence[Term]) -> frozenset[str]:
    """Return the texts of the mechanisms that let somebody send, in one spelling."""
    return frozenset(
        term.text.lower().removeprefix("+") for term in terms if term.qualifier == "+" and term.name not in ("all", "redirect")
    )

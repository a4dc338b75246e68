"""The public keys that signatures of the domain are checked with (RFC 6376, 8301, 8463).

Nobody can ask which keys there are: they stand at selectors that only the signer knows. So a key that somebody named must be there, and
of the usual names none need be. The DNS gives one hint: where nothing stands below `_domainkey`, there is no key at all (RFC 8020).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from autoconfig.catalogue import finding, passed
from autoconfig.checks import taglist
from autoconfig.checks.asking import Answers, Asking, is_decided
from autoconfig.checks.case import Case
from autoconfig.checks.spf import is_elsewhere, is_null_mx
from autoconfig.errors import printable
from autoconfig.findings import Severity, Subject, Verdict
from autoconfig.observations import Lookup, LookupStatus

MIN_BITS = 1024  # RFC 8301, 3.2: what verifiers must not take for valid below
GOOD_BITS = 2048  # RFC 8301, 3.2: what signers should have
MAX_SELECTORS = 20

# What mail hosts, panels and senders of newsletters use without asking.
USUAL = (
    "default",  # cPanel, Plesk
    "dkim",
    "mail",
    "x",  # DirectAdmin
    "s1",
    "s2",
    "selector1",  # Microsoft 365
    "selector2",
    "google",  # Google Workspace
    "k1",
    "k2",
    "k3",
    "fm1",  # Fastmail
    "protonmail",
    "sig1",  # iCloud
    "key1",
    "dkim1",
    "zoho",
    "zmail",
    "20230601",
)
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Key:
    """A key record. *fault* is the tag that makes it useless, "" where there is none; *bits* is None for what is not RSA."""

    kind: str
    bits: int | None = None
    revoked: bool = False
    testing: bool = False
    fault: str = ""


async def gather(case: Case, asking: Asking) -> None:
    """Ask for the keys that somebody named, else for the usual ones."""
    below = asking.of(f"_domainkey.{case.domain.ascii}", "TXT")
    await asyncio.gather(below, asking.all((_name(case, selector), "TXT") for selector in _selectors(case)))


def _selectors(case: Case) -> tuple[str, ...]:
    return named(case) or USUAL


def named(case: Case) -> tuple[str, ...]:
    """Return the selectors that somebody named: on the command line, or as the provider's."""
    own = () if case.expected is None else case.expected.provider.dkim_selectors
    return tuple(dict.fromkeys(case.selectors or own))[:MAX_SELECTORS]


def _name(case: Case, selector: str) -> str:
    return f"{selector}._domainkey.{case.domain.ascii}"


# --- reading -----------------------------------------------------------------------------------------------------------------------


def is_key(text: str) -> bool:
    """Tell whether *text* is meant as a key record: a wildcard may answer with anything."""
    return taglist.resembles(text, "DKIM1") or re.search(r"(?:\A|;)\s*p\s*=", text) is not None


def parse(text: str) -> Key:
    """Read the key record *text* (RFC 6376, 3.6.1)."""
    tags = taglist.parse(text)
    kind = (tags.get("k") or "rsa").lower()
    flags = [flag.strip().lower() for flag in (tags.get("t") or "").split(":")]
    key = Key(kind, testing="y" in flags)
    fault = _fault(tags)
    if fault:
        return Key(kind, testing=key.testing, fault=fault)
    data = _SPACE.sub("", tags.get("p") or "")
    if not data:
        return Key(kind, revoked=True, testing=key.testing)
    try:
        octets = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return Key(kind, testing=key.testing, fault=f"p={data}")
    if kind == "ed25519":  # RFC 8463, 3: the 32 octets of the key, without anything around them
        return Key(kind, testing=key.testing, fault="" if len(octets) == 32 else f"p={data}")
    bits = _rsa_bits(octets)
    return Key(kind, bits, testing=key.testing, fault="" if bits else f"p={data}")


def _fault(tags: taglist.TagList) -> str:
    if tags.faults:
        return tags.faults[0] or ";;"
    version = tags.get("v")
    if version is not None and (version != "DKIM1" or tags.tags[0][0] != "v"):
        return f"v={version}"
    kind = tags.get("k")
    if kind is not None and kind.lower() not in ("rsa", "ed25519"):
        return f"k={kind}"
    if tags.get("p") is None:
        return "p"
    hashes = tags.get("h")
    # RFC 8301, 3.1: SHA-1 must not be used.
    if hashes is not None and "sha256" not in [name.strip().lower() for name in hashes.split(":")]:
        return f"h={hashes}"
    services = tags.get("s")
    if services is not None and not {"*", "email"} & {name.strip().lower() for name in services.split(":")}:
        return f"s={services}"
    return ""


def _rsa_bits(octets: bytes) -> int | None:
    try:
        key = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key.key_size if isinstance(key, RSAPublicKey) else None


# --- judging -----------------------------------------------------------------------------------------------------------------------


def judge(case: Case, answers: Answers) -> Iterator[Verdict]:
    """Judge each key, and that there is one."""
    known = named(case)
    parked = is_null_mx(answers.of(case.domain.ascii, "MX"))
    good = False
    for selector in _selectors(case):
        name = _name(case, selector)
        lookup = answers.of(name, "TXT")
        if not is_decided(lookup):
            good = True  # nobody knows
            continue
        found = [value for value in lookup.values if is_key(value)]
        good = good or bool(found)
        if found or lookup.aliases:
            yield from _key(name, lookup, found, required=bool(known))
        elif known:
            # By whom those send whose mail is elsewhere, nobody knows; who names a selector does.
            eased = Severity.NOTICE if not case.selectors and is_elsewhere(case, answers) else None
            yield finding("DKIM_MISSING", Subject(name), severity=eased, evidence=[_said(lookup)], name=name, selector=selector)
    below = answers.of(f"_domainkey.{case.domain.ascii}", "TXT")
    if not known and not good and below.status is LookupStatus.NXDOMAIN and not parked:
        evidence = [f"_domainkey.{case.domain.ascii} does not exist, so nothing is below it"]
        yield finding("DKIM_NONE_FOUND", Subject(case.domain.ascii), evidence=evidence, domain=case.domain.ascii)


def _key(name: str, lookup: Lookup, found: list[str], *, required: bool) -> Iterator[Verdict]:
    subject = Subject(name)
    # A key of a usual name that nobody named may be a forgotten one.
    eased = None if required else Severity.WARNING
    evidence = [printable(value, 120) for value in found[:3]]
    if not found:
        target = lookup.aliases[-1]
        if required or lookup.status is LookupStatus.NXDOMAIN:
            yield finding("DKIM_ALIAS", subject, severity=eased, evidence=[f"{name}. IN CNAME {target}."], name=name, target=target)
        return
    if required:
        yield passed("DKIM_MISSING", subject)
    if len(found) > 1:
        yield finding("DKIM_TWO", subject, severity=eased, evidence=evidence, name=name)
        return
    key = parse(found[0])
    if key.fault:
        yield finding("DKIM_SYNTAX", subject, severity=eased, evidence=evidence, name=name, tag=printable(key.fault, 60))
        return
    yield passed("DKIM_SYNTAX", subject)
    if key.revoked:
        if required:
            yield finding("DKIM_REVOKED", subject, evidence=evidence, name=name)
        return
    if key.bits is not None and key.bits < GOOD_BITS:
        severity = Severity.WARNING if key.bits >= MIN_BITS else eased
        yield finding("DKIM_WEAK", subject, severity=severity, evidence=evidence, name=name, bits=key.bits)
    else:
        yield passed("DKIM_WEAK", subject)
    if key.testing:
        yield finding("DKIM_TESTING", subject, evidence=evidence, name=name)


def _said(lookup: Lookup) -> str:
    return f"{lookup.question.type} {lookup.question.name}: {lookup.status.value}"

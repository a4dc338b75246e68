"""What receivers shall do with mail that only claims to be from the domain (RFC 7489).

A domain without a record of its own has that of its organisational domain, the one that was registered (3.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from autoconfig import dnsrecords
from autoconfig.catalogue import finding, passed
from autoconfig.checks import taglist
from autoconfig.checks.asking import Answers, Asking, is_decided
from autoconfig.checks.case import Case
from autoconfig.checks.exchangers import paste
from autoconfig.checks.spf import is_null_mx
from autoconfig.checks.zone import is_below
from autoconfig.errors import printable
from autoconfig.findings import Severity, Subject, Verdict
from autoconfig.observations import Lookup
from autoconfig.publicsuffix import base_domain

MAX_URIS = 6

POLICIES = ("none", "quarantine", "reject")
_STRENGTH = {policy: strength for strength, policy in enumerate(POLICIES)}
# RFC 7489, 6.4, and 6.3 for what each tag may be; a tag that is not listed is left alone.
_VALUES = {
    "p": re.compile(r"none|quarantine|reject", re.IGNORECASE),
    "sp": re.compile(r"none|quarantine|reject", re.IGNORECASE),
    "adkim": re.compile(r"[rs]", re.IGNORECASE),
    "aspf": re.compile(r"[rs]", re.IGNORECASE),
    "pct": re.compile(r"100|[0-9]{1,2}"),
    "ri": re.compile(r"[0-9]{1,10}"),
    "fo": re.compile(r"[01ds](\s*:\s*[01ds])*", re.IGNORECASE),
}
# dmarc-uri = URI [ "!" 1*DIGIT [ "k" / "m" / "g" / "t" ] ]
_URI = re.compile(r"(mailto:[^\s@!,]+@([^\s@!,?]+)[^\s!,]*|https?://([^\s/!,:]+)[^\s!,]*)(![0-9]{1,19}[kmgt]?)?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy. *faults* are the tags that nobody understands; *reports* the hosts that reports are sent to."""

    policy: str
    subdomains: str
    faults: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()


async def gather(case: Case, asking: Asking) -> None:
    """Ask for the record, and whether those want reports whom it sends them to."""
    domain = case.domain.ascii
    for name in _places(domain):
        lookup = await asking.of(f"_dmarc.{name}", "TXT")
        if not is_decided(lookup) or any(taglist.begins(value, "DMARC1") for value in lookup.values):
            break
    place, _, records = _found(domain, asking.answers)
    if len(records) == 1:
        await asking.all((_consent(place, host), "TXT") for host in _foreign(place, parse(records[0])))


def parse(text: str) -> Policy:
    """Read the record *text*, which begins with its version."""
    tags = taglist.parse(text)
    faults = [*tags.faults]
    for name, value in tags.tags:
        allowed = _VALUES.get(name)
        if allowed is not None and not allowed.fullmatch(value):
            faults.append(f"{name}={value}")
    if tags.get("p") is None:
        faults.append("p")
    hosts: dict[str, None] = {}
    for name in ("rua", "ruf"):
        uris = [uri.strip() for uri in (tags.get(name) or "").split(",")] if tags.get(name) is not None else []
        for uri in uris[:MAX_URIS]:
            found = _URI.match(uri)
            if found is None:
                faults.append(f"{name}={uri}")
            elif found[2]:
                hosts[unquote(found[2]).lower().removesuffix(".")] = None
    policy = (tags.get("p") or "none").lower()
    return Policy(policy, (tags.get("sp") or policy).lower(), tuple(faults), tuple(hosts))


def _places(domain: str) -> Iterator[str]:
    """Yield the domains whose record may be the domain's, its own first (6.6.3)."""
    yield domain
    # Only now: to read the list of public suffixes takes longer than most answers.
    base = base_domain(domain)
    if base is not None and base != domain:
        yield base


def _found(domain: str, answers: Answers) -> tuple[str, Lookup, list[str]]:
    """Return where the records are that count, what was answered there, and them."""
    for place in _places(domain):
        lookup = answers.of(f"_dmarc.{place}", "TXT")
        records = [value for value in lookup.values if taglist.begins(value, "DMARC1")]
        if records or not is_decided(lookup):
            break
    return place, lookup, records


def _foreign(place: str, policy: Policy) -> list[str]:
    """Return the hosts outside of the organisation that reports are to be sent to."""
    return [host for host in policy.reports if not _is_kin(place, host)]


def _is_kin(domain: str, other: str) -> bool:
    """Tell whether both have one organisational domain; most that have not differ in their last two labels already."""
    if is_below(other, domain):
        return True
    if domain.split(".")[-2:] != other.split(".")[-2:]:
        return False
    return base_domain(domain) == base_domain(other)


def _consent(place: str, host: str) -> str:
    return f"{place}._report._dmarc.{host}"  # 7.1


def judge(case: Case, answers: Answers) -> Iterator[Verdict]:
    """Judge the record that counts for the domain."""
    domain = case.domain.ascii
    place, lookup, records = _found(domain, answers)
    if not is_decided(lookup):
        return
    name, subject = f"_dmarc.{place}", Subject(domain)
    evidence = [f'{name}. IN TXT "{printable(value, 200)}"' for value in records[:3]]
    if not records:
        yield from _missing(case, answers)
        return
    yield passed("DMARC_MISSING", subject)
    if len(records) > 1:
        yield finding("DMARC_TWO", subject, evidence=evidence, name=name)
        return
    yield passed("DMARC_TWO", subject)
    policy = parse(records[0])
    if policy.faults:
        yield finding("DMARC_SYNTAX", subject, evidence=evidence, name=name, tag=printable(policy.faults[0], 60))
        return
    yield passed("DMARC_SYNTAX", subject)
    if (policy.policy if place == domain else policy.subdomains) == "none":
        yield finding("DMARC_NONE", subject, evidence=evidence, name=name, domain=domain)
    elif _STRENGTH[policy.subdomains] < _STRENGTH[policy.policy]:
        yield finding("DMARC_SUBDOMAINS", subject, evidence=evidence, name=name, policy=policy.subdomains)
    refused = [host for host in _foreign(place, policy) if _is_refused(answers.of(_consent(place, host), "TXT"))]
    if refused:
        lines = [f'{_consent(place, host)}. IN TXT "v=DMARC1"' for host in refused]
        told = [f"TXT {_consent(place, host)}: nothing" for host in refused]
        yield finding("DMARC_RUA_REFUSED", subject, records=lines, evidence=[*evidence, *told], name=name, hosts=tuple(refused))
    else:
        yield passed("DMARC_RUA_REFUSED", subject)


def _is_refused(lookup: Lookup) -> bool:
    return is_decided(lookup) and not any(taglist.begins(value, "DMARC1") for value in lookup.values)


def _missing(case: Case, answers: Answers) -> Iterator[Verdict]:
    domain, subject = case.domain.ascii, Subject(case.domain.ascii)
    name = f"_dmarc.{domain}"
    due = [record for record in case.due if record.name == name and isinstance(record.data, dnsrecords.Txt)]
    values = answers.of(name, "TXT").values
    strange = next((value for value in values if taglist.resembles(value, "DMARC")), None)
    if strange is not None:
        tag, evidence = printable(strange, 60), [f'{name}. IN TXT "{printable(strange, 200)}"']
        yield finding("DMARC_SYNTAX", subject, records=map(paste, due), evidence=evidence, name=name, tag=tag)
    elif is_null_mx(answers.of(domain, "MX")):
        yield finding("DMARC_MISSING", subject, severity=Severity.NOTICE, evidence=["null MX"], domain=domain)
    else:
        lines = [paste(record) for record in due] or [f'{name}. IN TXT "v=DMARC1; p=none"']
        yield finding("DMARC_MISSING", subject, records=lines, evidence=[f"TXT {name}: nothing"], domain=domain)

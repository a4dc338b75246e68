"""Whether senders are told to insist on encryption to the domain's mail exchangers (RFC 8461), and told right.

Most domains have nothing of it, and need not. What is half there, or speaks of other exchangers, makes mail come back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from autoconfig.catalogue import finding, passed
from autoconfig.checks import taglist
from autoconfig.checks.asking import Answers, Asking, is_decided
from autoconfig.checks.case import Case
from autoconfig.checks.zone import exchangers_of, is_below
from autoconfig.errors import printable
from autoconfig.findings import Owner, Severity, Subject, Verdict
from autoconfig.observations import HTTPFailure, Lookup, Request, Response, names_host

MODES = ("enforce", "testing", "none")
MAX_AGE = 31_557_600  # seconds (RFC 8461, 3.2)
SHORT_AGE = 86_400  # RFC 8461, 3.2: "highly discouraged" are lifetimes of a day or less
MAX_POLICY = 64 * 1024  # octets that are read (3.3)
MAX_PATTERNS = 100

_ID = re.compile(r"[a-z0-9]{1,32}", re.IGNORECASE)
_FIELD = re.compile(r"([a-z0-9][a-z0-9_.-]{0,31})\s*:\s*(.*)\Z", re.IGNORECASE)
_PATTERN = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.IGNORECASE)

# What says that *we* could not go there.
_OURS = (HTTPFailure.UNKNOWN, HTTPFailure.FORBIDDEN, HTTPFailure.NO_WAY_FROM_HERE)
_SECURITY = (HTTPFailure.CERTIFICATE, HTTPFailure.TLS)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy file. *fault* is the first line that is against its grammar, or a field that is missing; "" where all is well."""

    mode: str = ""
    patterns: tuple[str, ...] = ()
    max_age: int = 0
    fault: str = ""

    def covers(self, host: str) -> bool:
        """Tell whether *host* is one of the exchangers that it names (RFC 8461, 4.1)."""
        return any(names_host(pattern, host) for pattern in self.patterns)


async def gather(case: Case, asking: Asking) -> Response | None:
    """Ask for the record, and for the policy where there is one or the host that would have it; return the answer to the latter."""
    domain = case.domain.ascii
    host = f"mta-sts.{domain}"
    record, *places = await asking.all([(f"_mta-sts.{domain}", "TXT"), (host, "A"), (host, "AAAA")])
    if _meant(record) or any(place.values for place in places):
        return await case.world.fetch(Request(url_of(case)))
    return None


def url_of(case: Case) -> str:
    """Return where the policy is."""
    return f"https://mta-sts.{case.domain.ascii}/.well-known/mta-sts.txt"


def parse(body: bytes) -> Policy:
    """Read a policy file (RFC 8461, 3.2)."""
    text = body[:MAX_POLICY].decode("utf-8", "replace")
    fields: dict[str, str] = {}
    patterns: list[str] = []
    fault = ""
    for line in re.split(r"\r?\n", text.rstrip()):
        found = _FIELD.match(line.rstrip())
        if found is None:
            fault = fault or printable(line, 60) or "\\n"
        elif found[1] == "mx":
            patterns.append(found[2].strip().lower().removesuffix("."))
        else:
            fields.setdefault(found[1], found[2].strip())  # 3.2: of a field that comes twice, the first counts
    mode, age = fields.get("mode", ""), fields.get("max_age", "")
    wrong = [
        (fields.get("version") != "STSv1", "version"),
        (mode not in MODES, "mode"),
        (not re.fullmatch(r"[0-9]{1,10}", age) or int(age) > MAX_AGE, "max_age"),
        (mode != "none" and not patterns, "mx"),
        (not all(_PATTERN.fullmatch(pattern) for pattern in patterns), "mx"),
    ]
    fault = next((f"{name}: {printable(fields.get(name, ''), 40)}".strip() for bad, name in wrong if bad), fault)
    number = int(age) if re.fullmatch(r"[0-9]{1,10}", age) else 0
    return Policy(mode, tuple(patterns[:MAX_PATTERNS]), number, fault)


def judge(case: Case, answers: Answers, response: Response | None) -> Iterator[Verdict]:
    """Judge the record and the policy; a domain without either is left alone."""
    domain = case.domain.ascii
    name, subject = f"_mta-sts.{domain}", Subject(domain)
    lookup = answers.of(name, "TXT")
    if not is_decided(lookup):
        return
    meant = _meant(lookup)
    if not meant:
        if response is not None and response.status == 200 and not parse(response.body).fault:
            yield finding("STS_NO_RECORD", subject, evidence=[f"{url_of(case)} is there", f"TXT {name}: nothing"], name=name)
        return
    evidence = [f'{name}. IN TXT "{printable(value, 100)}"' for value in meant[:3]]
    if len(meant) > 1 or not _is_good(meant[0]):
        yield finding("STS_RECORD", subject, evidence=evidence, name=name)
    else:
        yield passed("STS_RECORD", subject)
    if response is not None:
        yield from _policy(case, answers, response)


def is_unknown(case: Case, answers: Answers, response: Response | None) -> bool:
    """Tell whether there is a policy, and we could not go there."""
    lookup = answers.of(f"_mta-sts.{case.domain.ascii}", "TXT")
    return response is not None and response.failure in _OURS and bool(_meant(lookup))


def _meant(lookup: Lookup) -> list[str]:
    return [value for value in lookup.values if taglist.resembles(value, "STSv1")]


def _is_good(text: str) -> bool:
    tags = taglist.parse(text)
    return taglist.begins(text, "STSv1") and not tags.faults and _ID.fullmatch(tags.get("id") or "") is not None


def _policy(case: Case, answers: Answers, response: Response) -> Iterator[Verdict]:
    url, host = url_of(case), f"mta-sts.{case.domain.ascii}"
    subject = Subject(host, "https")
    # A policy can be kept at the mail host's, by an alias: then its server is theirs.
    aliases = answers.of(host, "A").aliases or answers.of(host, "AAAA").aliases
    owner = Owner.PROVIDER if aliases and not is_below(aliases[-1], case.domain.ascii) else None
    if response.failure in _OURS:
        return
    if response.failure in _SECURITY:
        yield finding("STS_CERTIFICATE", subject, owner=owner, evidence=[f"{url}: {printable(response.detail)}"], host=host)
        return
    if response.status != 200:
        # RFC 8461, 3.3: HTTP redirects must not be followed.
        said = response.status or (response.failure.value if response.failure else "")
        told = f"{url}: {said} {printable(response.location or response.detail)}".rstrip()
        yield finding("STS_UNREACHABLE", subject, owner=owner, evidence=[told], url=url)
        return
    yield passed("STS_CERTIFICATE", subject)
    yield passed("STS_UNREACHABLE", subject)
    policy = parse(response.body)
    if policy.fault:
        yield finding("STS_POLICY", subject, owner=owner, evidence=[f"{url}: {policy.fault}"], url=url, line=policy.fault)
        return
    yield passed("STS_POLICY", subject)
    exchangers = answers.of(case.domain.ascii, "MX")
    missing = tuple(host for _, host in exchangers_of(exchangers) if host and not policy.covers(host))
    if missing and policy.mode != "none":
        seen = [f"mode: {policy.mode}", *(f"mx: {printable(pattern, 80)}" for pattern in policy.patterns[:6])]
        severity = None if policy.mode == "enforce" else Severity.WARNING
        yield finding("STS_MX", Subject(case.domain.ascii), severity=severity, evidence=seen, url=url, hosts=missing)
    elif exchangers.values:
        yield passed("STS_MX", Subject(case.domain.ascii))
    if policy.mode != "none" and policy.max_age < SHORT_AGE:
        yield finding("STS_MAX_AGE", subject, owner=owner, evidence=[f"max_age: {policy.max_age}"], url=url, seconds=policy.max_age)

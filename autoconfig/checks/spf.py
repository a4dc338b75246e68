"""Which servers may send mail from the domain (RFC 7208): one record, readable, within its limits, and with the mail host in it.

`gather` follows the record as receivers do, everything of a level at once; `judge` is pure. Of a stranger's record nobody knows whom it
should let send, so nothing is said of that.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from autoconfig import dnsrecords
from autoconfig.catalogue import finding, passed
from autoconfig.checks import spfrecord
from autoconfig.checks.asking import Answers, Asking, is_decided
from autoconfig.checks.case import Case
from autoconfig.checks.exchangers import paste
from autoconfig.checks.spfrecord import Record, Term
from autoconfig.checks.zone import due_exchangers, exchangers_of, expected_hosts, is_below
from autoconfig.errors import printable
from autoconfig.findings import Finding, Severity, Subject, Verdict
from autoconfig.observations import Lookup, LookupStatus

MAX_LOOKUPS = 10  # RFC 7208, 4.6.4
MAX_VOID = 2
MAX_EXCHANGERS = 10  # of one "mx" (4.6.4)
_MAX_TERMS = 60  # that are followed, in all records together
_MAX_DEPTH = 12
_SHOWN = 200  # characters of a record

IP = ipaddress.IPv4Address | ipaddress.IPv6Address


# --- asking ------------------------------------------------------------------------------------------------------------------------


async def gather(case: Case, asking: Asking) -> None:
    """Ask for the record, for all that it includes, and for the addresses of those who should be allowed."""
    follow = _Follow(asking)
    await asyncio.gather(follow.record(case.domain.ascii), asking.addresses(senders(case)))


class _Follow:
    """Follows records; *names* are those that were asked for."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._names: set[str] = set()
        self._left = _MAX_TERMS

    async def record(self, name: str) -> None:
        if name in self._names:
            return
        self._names.add(name)
        lookup = await self._asking.of(name, "TXT")
        records = records_of(lookup)
        if len(records) == 1:
            terms = [term for term in records[0].reachable if term.asks and not term.has_macro]
            terms, self._left = terms[: self._left], max(0, self._left - len(terms))
            await asyncio.gather(*(self._term(name, term) for term in terms))

    async def _term(self, name: str, term: Term) -> None:
        target = _target(term, name)
        match term.name:
            case "include" | "redirect":
                await self.record(target)
            case "a":
                await self._asking.addresses([target])
            case "exists":
                await self._asking.of(target, "A")
            case "mx":
                lookup = await self._asking.of(target, "MX")
                await self._asking.addresses(_hosts(lookup))


def senders(case: Case) -> tuple[str, ...]:
    """Return the hosts that mail of a domain of ours leaves by: those for outgoing mail that have the provider's own names."""
    if case.expected is None:
        return ()
    hosts = dict.fromkeys(account.outgoing.host.ascii for account in case.expected.accounts)
    return tuple(host for host in hosts if not is_below(host, case.domain.ascii))


def records_of(lookup: Lookup) -> tuple[Record, ...]:
    """Return the SPF records in *lookup*."""
    return tuple(spfrecord.parse(value) for value in lookup.values if spfrecord.is_record(value))


def _target(term: Term, name: str) -> str:
    return (term.target or name).removesuffix(".")


def _hosts(lookup: Lookup) -> list[str]:
    """Return at most as many hosts of the MX records as one "mx" may have."""
    return [value.rpartition(" ")[2].removesuffix(".") for value in lookup.values[:MAX_EXCHANGERS] if not value.endswith((" .", " "))]


# --- following what was answered ---------------------------------------------------------------------------------------------------


class Result(StrEnum):
    """What a receiver makes of an address (2.6); UNKNOWN is what we cannot tell."""

    PASS = "pass"  # noqa: S105  # the word of RFC 7208
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    ERROR = "permerror"
    UNKNOWN = "unknown"


_RESULTS = {"+": Result.PASS, "-": Result.FAIL, "~": Result.SOFTFAIL, "?": Result.NEUTRAL}


@dataclass
class _Walk:
    """What a walk through a record, and all that it includes, comes upon."""

    answers: Answers
    domain: str
    lookups: list[str] = field(default_factory=list)  # the terms that cost one, each with where it stands
    void: list[str] = field(default_factory=list)
    found: list[Finding] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)

    def record(self, name: str, record: Record, path: tuple[str, ...]) -> None:
        subject = Subject(self.domain)
        evidence = [_quoted(name, record.text)]
        if record.faults:
            fault = printable(record.faults[0], 60)
            self.found.append(finding("SPF_SYNTAX", subject, root=(name,), evidence=evidence, name=name, term=fault))
        elif record.doubtful and name == self.domain:
            fault = printable(record.doubtful[0], 60)
            self.found.append(
                finding("SPF_SYNTAX", subject, severity=Severity.WARNING, root=(name,), evidence=evidence, name=name, term=fault)
            )
        for term in record.reachable:
            # What names no domain means that of its own record.
            if name == self.domain or term.target or term.network is not None or term.name == "all":
                self.terms.append(term)
            if term.asks and len(self.lookups) < _MAX_TERMS:
                self.lookups.append(f"{name}: {printable(term.text, 80)}")
                self._term(name, term, (*path, name))
        if any(term.name == "ptr" for term in record.reachable) and name == self.domain:
            self.found.append(finding("SPF_PTR", subject, evidence=evidence, name=name))
        lost = tuple(printable(term.text, 60) for term in record.lost)
        if lost and name == self.domain:
            self.found.append(finding("SPF_AFTER_ALL", subject, evidence=evidence, name=name, terms=lost))

    def _term(self, name: str, term: Term, path: tuple[str, ...]) -> None:
        target = _target(term, name)
        if term.has_macro:
            return
        match term.name:
            case "include" | "redirect":
                self._included(name, term, target, path)
            case "a":
                both = [self.answers.of(target, type) for type in ("A", "AAAA")]
                self._void(term, target, both)
            case "exists":
                self._void(term, target, [self.answers.of(target, "A")])
            case "mx":
                self._void(term, target, [self.answers.of(target, "MX")])

    def _void(self, term: Term, target: str, lookups: Sequence[Lookup]) -> None:
        if all(is_decided(lookup) and not lookup.values for lookup in lookups):
            self.void.append(f"{printable(term.text, 80)}: nothing at {target}")

    def _included(self, name: str, term: Term, target: str, path: tuple[str, ...]) -> None:
        subject, text = Subject(self.domain), printable(term.text, 80)
        if target in path or len(path) > _MAX_DEPTH:
            circle = " > ".join((*path, target))
            self.found.append(finding("SPF_LOOP", subject, root=(self.domain,), evidence=[printable(circle, 300)], name=target))
            return
        lookup = self.answers.of(target, "TXT")
        if not is_decided(lookup):
            return
        records = records_of(lookup)
        if len(records) == 1:
            self.record(target, records[0], path)
        elif records:
            evidence = [_quoted(target, record.text) for record in records]
            self.found.append(finding("SPF_TWO", subject, root=(target,), evidence=evidence, name=target))
        else:
            said = "does not exist" if lookup.status is LookupStatus.NXDOMAIN else "has no SPF record"
            self.found.append(
                finding("SPF_INCLUDE_MISSING", subject, root=(target,), evidence=[f"{name}: {text}", f"{target} {said}"], name=target)
            )


def evaluate(answers: Answers, domain: str, ip: str) -> Result:
    """Return what receivers make of mail from *domain* that comes from *ip* (4), without counting how much they have to ask for it."""
    return _Evaluation(answers, ipaddress.ip_address(ip)).of(domain)


class _Evaluation:
    """What is made of one address; each domain on the way is looked at once."""

    def __init__(self, answers: Answers, ip: IP) -> None:
        self._answers = answers
        self._ip = ip
        self._results: dict[str, Result] = {}

    def of(self, domain: str) -> Result:
        if domain not in self._results:
            self._results[domain] = Result.ERROR  # who comes by again meanwhile goes in a circle
            self._results[domain] = self._of(domain)
        return self._results[domain]

    def _of(self, domain: str) -> Result:
        lookup = self._answers.of(domain, "TXT")
        if not is_decided(lookup):
            return Result.UNKNOWN
        records = records_of(lookup)
        if not records:
            return Result.NONE
        if len(records) > 1 or records[0].faults:
            return Result.ERROR
        for term in records[0].reachable:
            if term.name == "redirect":
                result = Result.UNKNOWN if term.has_macro else self.of(_target(term, domain))
                return Result.ERROR if result is Result.NONE else result
            matched = self._matches(domain, term)
            if isinstance(matched, Result):
                return matched
            if matched:
                return _RESULTS[term.qualifier]
        return Result.NEUTRAL

    def _matches(self, domain: str, term: Term) -> bool | Result:
        """Tell whether the address is among what *term* names; a result where that ends the evaluation."""
        if term.name == "all":
            return True
        if term.network is not None:
            return self._ip in term.network
        if term.has_macro or term.name == "ptr":
            return Result.UNKNOWN
        target = _target(term, domain)
        if term.name == "include":
            match self.of(target):
                case Result.ERROR | Result.NONE:
                    return Result.ERROR
                case Result.UNKNOWN:
                    return Result.UNKNOWN
                case result:
                    return result is Result.PASS
        if term.name == "exists":
            lookup = self._answers.of(target, "A")
            return bool(lookup.values) if is_decided(lookup) else Result.UNKNOWN
        named = [self._answers.of(target, "MX")] if term.name == "mx" else []
        hosts = _hosts(named[0]) if named else [target]
        places = [self._answers.of(host, "A" if self._ip.version == 4 else "AAAA") for host in hosts]
        if any(_within(self._ip, value, term) for lookup in places for value in lookup.values):
            return True
        return False if all(is_decided(lookup) for lookup in (*named, *places)) else Result.UNKNOWN


def _within(address: IP, other: str, term: Term) -> bool:
    length = term.lengths[0 if address.version == 4 else 1]
    try:
        return address in ipaddress.ip_network(f"{other}/{length}", strict=False)
    except ValueError:
        return False


# --- judging -----------------------------------------------------------------------------------------------------------------------


def judge(case: Case, answers: Answers) -> Iterator[Verdict]:
    """Judge the domain's record; of an included one, what makes the domain's own fail."""
    domain, subject = case.domain.ascii, Subject(case.domain.ascii)
    lookup = answers.of(domain, "TXT")
    if not is_decided(lookup):
        return
    records = records_of(lookup)
    if not records:
        yield _missing(case, answers, lookup)
        return
    yield passed("SPF_MISSING", subject)
    if len(records) > 1:
        # A resolver gives them in any order; what is to be pasted shall be the same each time.
        records = tuple(sorted(records, key=lambda record: record.text))
        evidence = [_quoted(domain, record.text) for record in records]
        merged = _merged(case, records)
        lines = () if merged is None else (_line(domain, merged),)
        yield finding("SPF_TWO", subject, root=(domain,), records=lines, evidence=evidence, name=domain)
        return
    yield passed("SPF_TWO", subject)
    walk = _Walk(answers, domain)
    walk.record(domain, records[0], ())
    yield from walk.found
    for code in ("SPF_SYNTAX", "SPF_INCLUDE_MISSING", "SPF_LOOP"):
        if all(found.code != code for found in walk.found):
            yield passed(code, subject)
    yield from _limits(case, walk)
    yield from _open(domain, records[0], walk)
    # A record that nobody can use is told as that; whom it lets send is the next question.
    if not any(isinstance(found, Finding) and found.severity.rank >= Severity.ERROR.rank for found in walk.found):
        yield from _provider(case, answers, records[0], walk)


def _missing(case: Case, answers: Answers, lookup: Lookup) -> Finding:
    domain, subject = case.domain.ascii, Subject(case.domain.ascii)
    own = [paste(record) for record in _due(case)]
    strange = [value for value in lookup.values if spfrecord.resembles(value)]
    if strange:
        term = printable(strange[0], 60)
        return finding("SPF_SYNTAX", subject, root=(domain,), records=own, evidence=[_quoted(domain, strange[0])], name=domain, term=term)
    if is_null_mx(answers.of(domain, "MX")):
        # Who takes no mail mostly sends none either, but nobody knows.
        return finding("SPF_MISSING", subject, severity=Severity.NOTICE, evidence=["null MX"], domain=domain)
    return finding("SPF_MISSING", subject, records=own, evidence=["no TXT record begins with v=spf1"], domain=domain)


def is_null_mx(lookup: Lookup) -> bool:
    """Tell whether the domain says that it takes no mail (RFC 7505)."""
    hosts = [host for _, host in exchangers_of(lookup)]
    return bool(hosts) and not any(hosts)


def _limits(case: Case, walk: _Walk) -> Iterator[Verdict]:
    domain, subject = walk.domain, Subject(walk.domain)
    crowded = [
        term for term in walk.terms if term.name == "mx" and len(walk.answers.of(_target(term, domain), "MX").values) > MAX_EXCHANGERS
    ]
    if len(walk.lookups) > MAX_LOOKUPS or crowded:
        count = len(walk.lookups) + sum(len(walk.answers.of(_target(term, domain), "MX").values) for term in crowded)
        yield finding("SPF_TOO_MANY_LOOKUPS", subject, evidence=walk.lookups, name=domain, count=count)
    else:
        yield passed("SPF_TOO_MANY_LOOKUPS", subject)
    if len(walk.void) > MAX_VOID:
        yield finding("SPF_VOID_LOOKUPS", subject, evidence=walk.void, name=domain, count=len(walk.void))
    else:
        yield passed("SPF_VOID_LOOKUPS", subject)


def _open(domain: str, record: Record, walk: _Walk) -> Iterator[Verdict]:
    subject, evidence = Subject(domain), [_quoted(domain, record.text)]
    everybody = [term for term in walk.terms if term.qualifier == "+" and (term.name == "all" or _is_everything(term))]
    last = record.reachable[-1] if record.reachable else None
    if everybody:
        term = printable(everybody[0].text, 60)
        lines = [_line(domain, _closed(record))] if everybody[0] in record.terms else []
        yield finding("SPF_ALLOWS_ALL", subject, records=lines, evidence=evidence, name=domain, term=term)
    else:
        yield passed("SPF_ALLOWS_ALL", subject)
        if last is None or (last.name != "redirect" and (last.name != "all" or last.qualifier == "?")):
            yield finding("SPF_NEUTRAL", subject, evidence=evidence, name=domain)


def _is_everything(term: Term) -> bool:
    return (term.network is not None and term.network.prefixlen == 0) or (term.name in ("a", "mx") and 0 in term.lengths)


def _closed(record: Record) -> str:
    """Return *record* without what lets everybody send."""
    kept = [term.text for term in record.terms if term.name != "all" and not _is_everything(term)]
    return " ".join(["v=spf1", *kept, "~all"])


def _provider(case: Case, answers: Answers, record: Record, walk: _Walk) -> Iterator[Verdict]:
    """Tell whether mail that leaves by the provider's servers passes."""
    domain, subject = case.domain.ascii, Subject(case.domain.ascii)
    if case.expected is None:
        return
    due = [spfrecord.parse(text) for text in _texts(_due(case))]
    wanted = spfrecord.mechanisms([term for own in due for term in own.reachable])
    known = all(is_decided(answers.of(host, type)) for host in senders(case) for type in ("A", "AAAA"))
    ips = [ip for host in senders(case) for ip in answers.addresses(host)]
    results = {ip: evaluate(answers, domain, ip) for ip in ips}
    if wanted and wanted <= spfrecord.mechanisms(walk.terms):
        yield passed("SPF_LACKS_PROVIDER", subject)
        return
    if not known or Result.UNKNOWN in results.values() or not (wanted or results):
        return
    refused = [ip for ip, result in results.items() if result is not Result.PASS]
    if results and not refused:
        yield passed("SPF_LACKS_PROVIDER", subject)
        return
    text = _with(record, due) if due else _with(record, [spfrecord.parse("v=spf1 " + " ".join(f"a:{host}" for host in senders(case)))])
    evidence = [_quoted(domain, record.text), *(f"{ip}: {results[ip].value}" for ip in refused)]
    yield finding(
        "SPF_LACKS_PROVIDER",
        subject,
        severity=_weight(case, answers, sure=bool(due)),
        records=[_line(domain, text)],
        evidence=evidence,
        name=domain,
        provider=case.expected.provider.name,
    )


def _weight(case: Case, answers: Answers, *, sure: bool) -> Severity:
    """Return how bad it is: whose mail is with somebody else may well send by them alone; nobody said how ours leaves unless *sure*."""
    if is_elsewhere(case, answers):
        return Severity.NOTICE
    return Severity.ERROR if sure else Severity.WARNING


def is_elsewhere(case: Case, answers: Answers) -> bool:
    """Tell whether the mail of a domain of ours is delivered to nobody who is ours."""
    hosts = {host for _, host in exchangers_of(answers.of(case.domain.ascii, "MX"))}
    due = due_exchangers(case)
    return bool(due) and not hosts & {*due, *(host.ascii for host in expected_hosts(case))}


def _due(case: Case) -> list[dnsrecords.Record]:
    return [record for record in case.due if isinstance(record.data, dnsrecords.Txt) and spfrecord.is_record(record.data.text)]


def _with(record: Record, others: Iterable[Record]) -> str:
    """Return *record* with the mechanisms of *others*, which it lacks, before its end."""
    known = spfrecord.mechanisms(record.reachable)
    more = [term.text for other in others for term in other.reachable if term.name != "all" and term.text.lower() not in known]
    kept = [term.text for term in record.reachable if term.name not in ("all", "redirect")]
    end = [term.text for term in record.reachable if term.name in ("all", "redirect")]
    return " ".join(dict.fromkeys(["v=spf1", *more, *kept, *(end or ["~all"])]))


def _merged(case: Case, records: Sequence[Record]) -> str | None:
    """Return one record that lets all those send whom *records* let; None where one of them is not readable."""
    if any(record.faults for record in records) or any(term.name == "redirect" for record in records for term in record.reachable):
        return None
    ends = {term.text for record in records for term in record.reachable if term.name == "all"}
    kept = [term.text for record in records for term in record.reachable if term.name != "all"]
    end = ends.pop() if len(ends) == 1 else "~all"
    return _with(spfrecord.parse(" ".join(dict.fromkeys(["v=spf1", *kept, end]))), [spfrecord.parse(text) for text in _texts(_due(case))])


def _texts(records: Iterable[dnsrecords.Record]) -> Iterator[str]:
    return (record.data.text for record in records if isinstance(record.data, dnsrecords.Txt))


def _line(name: str, text: str) -> str:
    return f"{name}. IN TXT {dnsrecords.Txt(text)}"


def _quoted(name: str, text: str) -> str:
    return f'{name}. IN TXT "{printable(text, _SHOWN)}"'

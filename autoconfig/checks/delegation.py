"""Does the domain exist, who answers for it, and do its names lead where they should. Pure: `zone` has asked, `exchangers` speaks of mail.

What the resolver still remembers and the name servers have changed already is told once, as that; the rest is judged by what the name
servers say. A question without an answer is ours to mend, never the owner's fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from autoconfig import dnsrecords
from autoconfig.catalogue import finding, passed
from autoconfig.checks import exchangers
from autoconfig.checks.case import Case, Named
from autoconfig.checks.zone import (
    WILDCARD,
    Delegation,
    due_exchangers,
    expected_hosts,
    gather,
    gather_existence,
    is_below,
)
from autoconfig.findings import Finding, Severity, Subject, Verdict
from autoconfig.observations import Lookup, LookupStatus

__all__ = ["Delegation", "gather", "gather_existence", "judge", "judge_hosts"]

# RFC 8914, 4: what resolvers say of signatures that do not fit, and of servers that do not answer.
_BOGUS = {"1", "2", "5", "6", "9", "10", "11", "12"}
_EXPIRED = {"7", "8"}
_NO_AUTHORITY = {"22", "23"}
# Names with short-lived addresses belong to those who answer everybody differently: a difference means nothing.
_SHORT_LIVED = 600


def judge(case: Case, facts: Delegation) -> Iterator[Verdict]:
    """Judge the domain, its name servers, its names and its mail exchangers; a domain that is not there, or broken, only for that."""
    subject = Subject(facts.domain)
    if facts.gone:
        yield finding("DNS_NXDOMAIN", subject, evidence=_lines(facts.first), domain=facts.domain)
        return
    if not facts.exists:
        yield _no_domain(case, facts)
        return
    for code in ("DNS_NXDOMAIN", "DNS_SERVFAIL", *(["DNS_DS_MISMATCH"] if facts.of(facts.domain, "DS").values else [])):
        yield passed(code, subject)
    verdicts = [
        *_unanswered(facts),
        *_servers(facts),
        *_stale(case, facts),
        *_names(case, facts),
        *_wildcard(case, facts),
        *_private(case, facts),
        *exchangers.judge(case, facts),
    ]
    yield from verdicts
    yield from _kept_elsewhere(case, facts)


def judge_hosts(case: Case, facts: Delegation, servers: Iterable[tuple[Named, Sequence[Lookup]]]) -> Iterator[Verdict]:
    """Judge whether the hosts of *servers*, each with the answers for its addresses, have any; the domain's own MX are told by `judge`."""
    seen = set(facts.exchangers)
    for named, lookups in servers:
        host = named.host.ascii
        if host in seen or not lookups:
            continue
        seen.add(host)
        if any(lookup.values for lookup in lookups):
            yield passed("DNS_HOST_MISSING", Subject(host))
        else:
            yield from exchangers.lost(case, facts, host, lookups, f"{named.via or named.source.value} names {host}")


# --- the domain --------------------------------------------------------------------------------------------------------------------


def _no_domain(case: Case, facts: Delegation) -> Finding:
    statuses = [lookup.status for lookup in facts.first]
    if LookupStatus.SERVFAIL in statuses:
        return _out_of_order(facts)
    if LookupStatus.LOOP in statuses:
        return _alias_loop(case, facts, facts.domain)
    # A resolver that tells what is above the domain, and nothing of the domain itself, waits for the domain's name servers.
    if LookupStatus.TIMEOUT in statuses and facts.of(facts.domain, "DS").status.known:
        return _out_of_order(facts)
    return _no_answer(facts, facts.first)


def _out_of_order(facts: Delegation) -> Finding:
    domain, subject = facts.domain, Subject(facts.domain)
    asked = (*facts.first, facts.of(domain, "DS"))
    errors = tuple(dict.fromkeys(error for lookup in asked for error in lookup.errors))
    codes = {error.partition(" ")[0] for error in errors}
    signed = bool(facts.of(domain, "DS").values)
    direct = [facts.of(facts.zone, "SOA", server.ip) for server in facts.servers if server.ip]
    evidence = (*_lines(asked), *(f"the resolver says why: {error}" for error in errors[:2]), *_lines(direct, facts))
    if codes & _EXPIRED or (codes & _BOGUS and any("expired" in error.lower() for error in errors)):
        return finding("DNS_SIGNATURE_EXPIRED", subject, evidence=evidence, domain=domain)
    if codes & _BOGUS or (signed and facts.good_servers):
        return finding("DNS_DS_MISMATCH", subject, evidence=evidence, domain=domain)
    # One resolver's word alone is not enough: its own network may be what fails.
    sure = not facts.good_servers and (bool(codes & _NO_AUTHORITY) or any(_refuses(lookup) for lookup in direct))
    return finding("DNS_SERVFAIL", subject, severity=None if sure else Severity.UNKNOWN, evidence=evidence, domain=domain)


def _refuses(lookup: Lookup) -> bool:
    return lookup.status in (LookupStatus.REFUSED, LookupStatus.SERVFAIL, LookupStatus.TIMEOUT)


def _no_answer(facts: Delegation, lookups: Iterable[Lookup]) -> Finding:
    lookups = tuple(lookups)
    questions = tuple(f"{lookup.question.type} {lookup.question.name}" for lookup in lookups)
    return finding("DNS_NO_ANSWER", Subject(facts.domain), root=(), evidence=_lines(lookups), questions=questions)


def _unanswered(facts: Delegation) -> Iterator[Verdict]:
    """Yield what the resolver did not tell. Names that it is asked for by other checks are theirs."""
    own = [(facts.domain, "MX"), *((name, type) for name in (facts.domain, *facts.names, *facts.exchangers) for type in ("A", "AAAA"))]
    lookups = [facts.of(name, type) for name, type in dict.fromkeys(own)]
    silent = [lookup for lookup in lookups if not lookup.status.known and not facts.circles(lookup.question.name)]
    if silent:
        yield _no_answer(facts, silent)


# --- its name servers --------------------------------------------------------------------------------------------------------------


def _servers(facts: Delegation) -> Iterator[Verdict]:
    good = facts.good_servers
    silent: list[str] = []
    evidence: list[str] = []
    for server in facts.servers:
        start = facts.of(facts.zone, "SOA", server.ip)
        if server in good:
            yield passed("DNS_LAME", Subject(server.name, ip=server.ip))
        elif not server.ip:
            places = [facts.of(server.name, type) for type in ("A", "AAAA")]
            if all(lookup.status.known for lookup in places):
                silent.append(server.name)
                evidence += _lines(places)
        elif start.status.known or _refuses(start):
            silent.append(server.name)
            evidence.append(_line(start, facts))
    statuses = {facts.of(facts.zone, "SOA", server.ip).status for server in facts.servers if server.ip}
    # Where none lets itself be asked, or somebody else answers in the place of all, a firewall on our side is as likely.
    if silent and (good or not statuses & {LookupStatus.TIMEOUT, LookupStatus.FOUND}):
        # A name server without an address answers nobody, wherever one asks from.
        severity = None if good or statuses == set() else Severity.UNKNOWN
        subject = Subject(facts.zone)
        yield finding("DNS_LAME", subject, severity=severity, evidence=evidence, zone=facts.zone, servers=tuple(silent))


def _stale(case: Case, facts: Delegation) -> Iterator[Verdict]:
    for name in (facts.domain, *facts.names):
        types = ("MX", "A", "AAAA") if name == facts.domain else ("A", "AAAA")
        differ = [type for type in types if _disagree(case, facts, name, type)]
        if differ:
            evidence = [_line(lookup, facts) for type in differ for lookup in facts.authority(name, type)]
            yield finding("DNS_SERVERS_DIFFER", Subject(name), root=(), evidence=evidence, name=name)
            continue
        stale = [type for type in types if _is_stale(case, facts, name, type)]
        if stale:
            yield _not_yet(case, facts, name, stale)
        elif any(facts.authority(name, type) for type in types):
            yield passed("DNS_STALE_CACHE", Subject(name))


def _not_yet(case: Case, facts: Delegation, name: str, types: list[str]) -> Finding:
    pairs = [(facts.of(name, type), facts.authority(name, type)) for type in types]
    old, new = pairs[0][0], pairs[0][1][0]
    seconds = max(_left(facts, remembered) for remembered, _ in pairs)
    seen = case.world.now + timedelta(seconds=seconds)
    evidence = [line for remembered, said in pairs for line in (*(_line(lookup, facts) for lookup in said), _line(remembered))]
    return finding(
        "DNS_STALE_CACHE",
        Subject(name),
        evidence=evidence,
        name=name,
        old=_content(old),
        new=_content(new),
        time=f"{seen:%H:%M:%S} UTC" if seen.date() == case.world.now.date() else f"{seen:%Y-%m-%d %H:%M:%S} UTC",
        seconds=seconds,
    )


def _left(facts: Delegation, remembered: Lookup) -> int:
    """Return for how many seconds *remembered* is kept at most."""
    if remembered.ttl is not None:
        return max(0, min(remembered.ttl, _WEEK))
    # RFC 2308, 5: that there is nothing is remembered as the zone's SOA says.
    last = next(iter(facts.of(facts.zone, "SOA").values), "").rpartition(" ")[2]
    return min(int(last), _WEEK) if last.isascii() and last.isdigit() and len(last) <= 10 else 3600


_WEEK = 7 * 86400  # RFC 8767, 4: resolvers keep nothing for longer

Essence = tuple[str, ...]


def _essence(lookup: Lookup) -> Essence:
    """Return what this zone says: where its alias leads, or the values; not what is behind the alias."""
    return ("CNAME", lookup.aliases[0]) if lookup.aliases else tuple(sorted(lookup.values))


def _disagree(case: Case, facts: Delegation, name: str, type: str) -> bool:
    said = facts.authority(name, type)
    return len({_essence(lookup) for lookup in said}) > 1 and not _as_it_comes(case, said)


def _is_stale(case: Case, facts: Delegation, name: str, type: str) -> bool:
    said, remembered = facts.authority(name, type), facts.of(name, type)
    if not said or not (remembered.status.known or remembered.status is LookupStatus.LOOP) or remembered.ttl == 0:
        return False
    return {_essence(lookup) for lookup in said} != {_essence(remembered)} and not _as_it_comes(case, (*said, remembered))


def _as_it_comes(case: Case, lookups: Iterable[Lookup]) -> bool:
    """Tell whether different addresses are as they come: of a foreign domain, short-lived or partly the same."""
    lookups = tuple(lookups)
    if case.expected is not None or any(not lookup.values or lookup.aliases for lookup in lookups) or lookups[0].question.type == "MX":
        return False
    return any((lookup.ttl or 0) < _SHORT_LIVED for lookup in lookups) or bool(set.intersection(*(set(k.values) for k in lookups)))


# --- its names ---------------------------------------------------------------------------------------------------------------------


def _names(case: Case, facts: Delegation) -> Iterator[Verdict]:
    if not exchangers.alias_at_apex(case, facts) and facts.circles(facts.domain):
        yield _alias_loop(case, facts, facts.domain)
    hosts = {host.ascii for host in expected_hosts(case)}
    for name in facts.names:
        both = [facts.of(name, type) for type in ("A", "AAAA")]
        subject = Subject(name)
        if any(_is_stale(case, facts, name, type) for type in ("A", "AAAA")):
            # Whether it will have an address: an alias of another zone is taken at its word.
            said = [lookup for type in ("A", "AAAA") for lookup in facts.authority(name, type)]
            if name in hosts and not any(lookup.values or lookup.aliases for lookup in said):
                yield _missing(case, facts, name, said)
        elif facts.circles(name):
            yield _alias_loop(case, facts, name)
        elif not all(lookup.status.known for lookup in both) or any(lookup.values for lookup in both):
            if name in hosts and any(lookup.values for lookup in both):
                yield passed("DNS_HOST_MISSING", subject)
        elif any(lookup.status is LookupStatus.NXDOMAIN and lookup.aliases for lookup in both):
            target = next(lookup.aliases[-1] for lookup in both if lookup.aliases)
            records = _records_for(case, facts, name)
            weight = _weight(case, name)
            yield finding(
                "DNS_CNAME_TO_NXDOMAIN",
                subject,
                severity=weight,
                root=(target,),
                records=records,
                evidence=_lines(both),
                name=name,
                target=target,
            )
        elif name in hosts:
            yield _missing(case, facts, name, both)


def _missing(case: Case, facts: Delegation, name: str, lookups: Iterable[Lookup]) -> Finding:
    return finding(
        "DNS_HOST_MISSING",
        Subject(name),
        owner=exchangers.owner_of(facts, name),
        records=_records_for(case, facts, name),
        evidence=[_line(lookup, facts) for lookup in lookups],
        name=name,
    )


def _alias_loop(case: Case, facts: Delegation, name: str) -> Finding:
    lookups = facts.circles(name)
    # Every name of a circle is told the same one.
    root = tuple(sorted({alias for lookup in lookups for alias in lookup.aliases}))
    records, weight = _records_for(case, facts, name), _weight(case, name)
    return finding("DNS_CNAME_LOOP", Subject(name), severity=weight, root=root, records=records, evidence=_lines(lookups, facts), name=name)


def _weight(case: Case, name: str) -> Severity | None:
    """Return WARNING for the one name that is only looked at because many have it."""
    unused = name == f"mail.{case.domain.ascii}" and name not in {host.ascii for host in expected_hosts(case)}
    return Severity.WARNING if unused else None


def _records_for(case: Case, facts: Delegation, name: str) -> tuple[str, ...]:
    """Return what to paste for *name*: what is due, or what leads to the servers that other accounts use."""
    due = tuple(exchangers.paste(record) for record in case.due if record.name == name and isinstance(record.data, dnsrecords.Cname))
    if due or not is_below(name, facts.domain):
        return due
    hosts = [host.ascii for host in expected_hosts(case) if not is_below(host.ascii, facts.domain)]
    if not hosts or name not in {host.ascii for host in expected_hosts(case)}:
        return ()
    # RFC 2181, 10.3: what an MX record names is no alias, and neither is the domain itself.
    if name in (*facts.exchangers, *due_exchangers(case), facts.domain):
        return tuple(f"{name}. IN {lookup.question.type} {ip}" for lookup in _both(facts, hosts[0]) for ip in lookup.values)
    return (f"{name}. IN CNAME {hosts[0]}.",)


def _both(facts: Delegation, name: str) -> tuple[Lookup, Lookup]:
    return facts.of(name, "A"), facts.of(name, "AAAA")


def _wildcard(case: Case, facts: Delegation) -> Iterator[Verdict]:
    wild = facts.of(f"{WILDCARD}.{facts.domain}", "A")
    if not wild.status.known:
        return
    hit = [name for name in facts.names if is_below(name, facts.domain) and _is_hit(case, facts, name, wild)]
    if not hit:
        yield passed("DNS_WILDCARD_HIT", Subject(facts.domain))
        return
    records = [line for name in hit for line in _records_for(case, facts, name)]
    evidence = _lines([wild, *(facts.of(name, "A") for name in hit)])
    target = _content(wild)
    subject = Subject(facts.domain)
    yield finding("DNS_WILDCARD_HIT", subject, records=records, evidence=evidence, domain=facts.domain, names=tuple(hit), target=target)


def _is_hit(case: Case, facts: Delegation, name: str, wild: Lookup) -> bool:
    lookup = facts.of(name, "A")
    if not (wild.values and lookup.values) or _essence(lookup) != _essence(wild):
        return False
    # Where the wildcard is an alias of the right place, it does no harm.
    if any(
        record.data.target.ascii in lookup.aliases
        for record in case.due
        if record.name == name and isinstance(record.data, dnsrecords.Cname)
    ):
        return False
    hosts = {host.ascii for host in expected_hosts(case)}
    if name in hosts:
        right = {ip for host in hosts if not is_below(host, facts.domain) for ip in facts.addresses(host)}
        return bool(right) and not set(lookup.values) <= right
    return not name.startswith("mail.")


def _private(case: Case, facts: Delegation) -> Iterator[Verdict]:
    # Split DNS and test networks are legitimate for those who run them.
    if case.expected is not None:
        return
    names = [name for name in facts.names if any(exchangers.is_private(ip) for ip in facts.addresses(name))]
    if names:
        addresses = tuple(dict.fromkeys(ip for name in names for ip in facts.addresses(name) if exchangers.is_private(ip)))
        evidence = _lines(lookup for name in names for lookup in _both(facts, name) if lookup.values)
        yield finding("DNS_PRIVATE_ADDRESS", Subject(facts.domain), evidence=evidence, names=tuple(names), addresses=addresses)


# --- where the records are kept ----------------------------------------------------------------------------------------------------


def _kept_elsewhere(case: Case, facts: Delegation) -> Iterator[Verdict]:
    """Yield where to add what is missing, when that is not with the mail host."""
    if case.expected is None or not facts.servers:
        return
    wrong = (dnsrecords.Verdict.MISSING, dnsrecords.Verdict.DIFFERENT, dnsrecords.Verdict.CNAME)
    lacking = [
        comparison.record
        for comparison in _compared(case, facts)
        if comparison.verdict in wrong and comparison.record and comparison.record.necessity is not dnsrecords.Necessity.OPTIONAL
        if not isinstance(comparison.record.data, dnsrecords.Mx) or not exchangers.is_ours(case, facts)
    ]
    missing = [line for host in expected_hosts(case) if _is_absent(facts, host.ascii) for line in _records_for(case, facts, host.ascii)]
    if not lacking and not missing:
        return
    names = tuple(server.name for server in facts.servers)
    if any(_kin(name, other) for name in names for other in _provider_names(case, facts)):
        return
    records = [*(exchangers.paste(record) for record in lacking), *missing]
    subject = Subject(facts.domain)
    yield finding("DNS_NOT_OURS", subject, records=records, evidence=_lines([facts.of(facts.zone, "NS")]), domain=facts.domain, ns=names)


def _is_absent(facts: Delegation, name: str) -> bool:
    return all(lookup.status.known and not lookup.values for lookup in _both(facts, name))


def _provider_names(case: Case, facts: Delegation) -> tuple[str, ...]:
    own = (*(host.ascii for host in expected_hosts(case)), *due_exchangers(case), *([case.own_host.ascii] if case.own_host else []))
    return tuple(name for name in own if not is_below(name, facts.domain))


def _kin(name: str, other: str) -> bool:
    """Tell whether two hosts look like one company's: they share what is right of their first label, or one is below the other's."""
    mine, theirs = name.partition(".")[2], other.partition(".")[2]
    return "." in mine and "." in theirs and (is_below(mine, theirs) or is_below(theirs, mine))


def _compared(case: Case, facts: Delegation) -> tuple[dnsrecords.Comparison, ...]:
    answers = []
    for name, type in dnsrecords.questions(case.due):
        lookup = facts.of(name, type)
        # What is only remembered is not what the domain has.
        if type in ("A", "AAAA", "CNAME", "MX") and any(_is_stale(case, facts, name, other) for other in ("A", "AAAA", "MX")):
            continue
        answers.append(dnsrecords.Answer(name, type, lookup.values if lookup.status.known else None))
    return dnsrecords.compare(case.due, answers)


# --- what we saw -------------------------------------------------------------------------------------------------------------------


def _lines(lookups: Iterable[Lookup], facts: Delegation | None = None) -> tuple[str, ...]:
    return tuple(_line(lookup, facts) for lookup in lookups)


def _line(lookup: Lookup, facts: Delegation | None = None) -> str:
    """Return one answer as a line: "ns1.kund.se (192.0.2.1) says mail.kund.se A 192.0.2.20, TTL 3600"."""
    question = lookup.question
    who = "the resolver"
    if question.server:
        server = next((server.name for server in facts.servers if server.ip == question.server), "") if facts else ""
        who = f"{server} ({question.server})" if server else question.server
    ttl = f", TTL {lookup.ttl}" if lookup.ttl is not None else ""
    return f"{who} says {question.name} {question.type} {_told(lookup)}{ttl}"


_WORDS = {
    LookupStatus.NODATA: "nothing",
    LookupStatus.NXDOMAIN: "no such name",
    LookupStatus.TIMEOUT: "no answer in time",
    LookupStatus.UNREACHABLE: "cannot be reached",
    LookupStatus.UNKNOWN: "not asked",
    LookupStatus.LOOP: "aliases in a circle",
}


def _content(lookup: Lookup) -> str:
    """Return what stands at the name, in no language: its alias, or its values."""
    return lookup.aliases[0] if lookup.aliases else ", ".join(lookup.values[:8]) or "–"


def _told(lookup: Lookup) -> str:
    way = " ".join(f"CNAME {alias}" for alias in lookup.aliases[:4])
    if lookup.values:
        return " ".join(part for part in (way, ", ".join(lookup.values[:8])) if part)
    # An alias that a name server does not follow is its whole answer.
    if way and lookup.question.server and lookup.status is LookupStatus.NODATA:
        return way
    words = _WORDS.get(lookup.status, lookup.status.value.upper())
    return f"{way}, {words}" if way else words

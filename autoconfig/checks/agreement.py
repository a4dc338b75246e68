"""Whether all sources say the same: with our own settings, where the domain is ours, else with one another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from autoconfig import catalogue
from autoconfig.checks.autoconfig import subject_of
from autoconfig.checks.case import Case, Named, Source, servers_of
from autoconfig.checks.sources import Answer, Discovery, Name, paste_name
from autoconfig.findings import Finding, Owner, Severity, Subject, Verdict
from autoconfig.model import EMAILLOCALPART, TLSMode
from autoconfig.observations import TCP, Connection, Service

# Which programs end up with what a source says.
READERS = {
    Source.AUTOCONFIG: ("thunderbird", "k9", "deltachat", "evolution", "kmail", "geary", "nextcloud", "fairemail", "aerc"),
    Source.AUTODISCOVER: ("outlook", "outlook-new", "emclient"),
    Source.SRV: ("evolution", "fairemail", "aerc", "emclient"),
}

# RFC 8314, 7.3; RFC 6409, 3.1: the ports on which TLS begins at once, and those on which it has to be asked for.
_IMPLICIT = (993, 995, 465)
_STARTTLS = (143, 110, 587)

Told = tuple[str, tuple[Named, ...]]  # a source's name for people, and what it names


def judge(case: Case, facts: Discovery) -> Iterator[Verdict]:
    """Judge what the documents say."""
    answers = _different(facts)
    for answer in answers:
        yield from _ports(case, answer)
    if case.expected is None:
        yield from _disagree(facts, answers)
    else:
        for answer in answers:
            yield from _against_settings(case, facts, answer)


def _different(facts: Discovery) -> list[Answer]:
    """Return the answers that name servers, without those over http that only repeat the one over https."""
    found = [answer for answer in facts.answers if answer.works and answer.named]
    secure = {(answer.host, _places(answer.named)) for answer in found if answer.url.startswith("https:")}
    return [answer for answer in found if answer.url.startswith("https:") or (answer.host, _places(answer.named)) not in secure]


def _places(named: Iterable[Named]) -> frozenset[tuple[str, str, int, TLSMode]]:
    return frozenset((one.service.talk.value, one.host.ascii, one.port, one.tls) for one in named)


def shown(named: Named) -> str:
    """Return a server as one word, in no language."""
    return f"{named.service.value} {named.host.ascii}:{named.port}" + (" tls=none" if named.tls is TLSMode.NONE else "")


def _url(answer: Answer) -> str:
    return answer.url.partition("?")[0]


# --- ports -------------------------------------------------------------------------------------------------------------------------


def _is_mismatched(named: Named) -> bool:
    if named.tls is TLSMode.STARTTLS:
        return named.port in _IMPLICIT
    return named.port in (_STARTTLS if named.tls is TLSMode.IMPLICIT else _IMPLICIT) or _other_protocol(named)


def _other_protocol(named: Named) -> bool:
    """Tell whether the port is the registered one of another protocol."""
    talks = {service.default_port: service.talk for service in Service}
    return talks.get(named.port, named.service.talk) is not named.service.talk


def _ports(case: Case, answer: Answer) -> Iterator[Verdict]:
    wanted = _expected_places(case)
    wrong = [named for named in answer.named if _is_mismatched(named) and not _places([named]) & wanted]
    if not wrong:
        yield catalogue.passed("AC_PORT_SOCKET_MISMATCH", subject_of(answer))
        return
    for named in wrong:
        yield catalogue.finding(
            "AC_PORT_SOCKET_MISMATCH",
            subject_of(answer),
            root=(shown(named),),
            evidence=(f"{_url(answer)}: {shown(named)}",),
            affects=READERS.get(answer.source, ()),
            url=_url(answer),
            host=named.host.ascii,
            port=named.port,
            tls={TLSMode.IMPLICIT: "SSL/TLS", TLSMode.STARTTLS: "STARTTLS"}.get(named.tls, named.tls.value),
        )


# --- our settings ------------------------------------------------------------------------------------------------------------------


def _expected(case: Case) -> tuple[Named, ...]:
    accounts = case.expected.accounts if case.expected else ()
    return tuple(named for account in accounts for named in servers_of(account, case.address, Source.SETTINGS))


def _expected_places(case: Case) -> frozenset[tuple[str, str, int, TLSMode]]:
    return _places(_expected(case))


def _against_settings(case: Case, facts: Discovery, answer: Answer) -> Iterator[Verdict]:
    """Compare with what the domain should use. That POP's own outgoing server is not named is no fault: these formats cannot pair."""
    expected = _expected(case)
    places, subject = _places(expected), subject_of(answer)
    usernames = {(one.service.talk.value, one.username) for one in expected}
    wrong = [one for one in answer.named if not _places([one]) & places and not _is_mismatched(one)]
    strangers = [one for one in answer.named if one not in wrong and _is_other_user(case, one, usernames)]
    named = {one.service.talk.value for one in answer.named}
    missing = [] if answer.source is Source.PACC else [one for one in expected if one.service.talk.value not in named]
    found = tuple(shown(one) for one in wrong) + tuple(f"{shown(one)} username={one.username}" for one in strangers)
    lacks = tuple(f"{talk} –" for talk in dict.fromkeys(one.service.talk.value for one in missing))
    if not (found or lacks):
        yield catalogue.passed("DISC_VS_STORE", subject)
        return
    ours = _is_ours(case, facts, answer)
    yield catalogue.finding(
        "DISC_VS_STORE",
        subject,
        owner=Owner.PROVIDER if ours else Owner.CUSTOMER,
        root=(str(ours), *sorted(found + lacks)),
        records=() if ours else paste_name(case, answer.host),
        evidence=(f"{_url(answer)}: {', '.join(shown(one) for one in answer.named)}",),
        affects=READERS.get(answer.source, ()),
        url=_url(answer),
        found=found + lacks,
        expected=tuple(dict.fromkeys(shown(one) for one in expected)),
    )


def _is_other_user(case: Case, named: Named, usernames: set[tuple[str, str | None]]) -> bool:
    if named.username is None or named.source is Source.PACC:
        return False
    # The part before the @ is AC_USERNAME's; names are compared as mail servers do, in any letter case.
    names = {name.lower() for talk, name in usernames if talk == named.service.talk.value and name}
    is_local_part = named.source is Source.AUTOCONFIG and named.username == case.address.local_part
    return named.username.lower() not in names and EMAILLOCALPART not in named.username and not is_local_part


def _is_ours(case: Case, facts: Discovery, answer: Answer) -> bool:
    """Tell whether *answer* comes from our own service; where its name is not known, nothing else is to be believed."""
    if case.own_host is None:
        return True
    own = facts.hosts.get(case.own_host.ascii)
    host = next((name for name in facts.names.values() if name.name == answer.host), None)
    if own is None or host is None:
        return case.own_host.ascii == answer.host
    return case.own_host.ascii in (host.name, *host.aliases) or bool(set(own.addresses) & set(host.addresses))


# --- one another -------------------------------------------------------------------------------------------------------------------


def _told(facts: Discovery, answers: Sequence[Answer]) -> list[Told]:
    told = [(_url(answer), answer.named) for answer in answers]
    return [*told, ("SRV", facts.by_srv)] if facts.by_srv else told


def _disagree(facts: Discovery, answers: Sequence[Answer]) -> Iterator[Verdict]:
    told = _told(facts, answers)
    if len(told) < 2:
        return
    findings = list(_contradictions(facts, told))
    yield from findings
    if not findings:
        yield catalogue.passed("DISC_DISAGREE", Subject())


def _contradictions(facts: Discovery, told: Sequence[Told], severity: Severity | None = None) -> Iterator[Finding]:
    """Yield each protocol of which two sources have no server in common, with the first two that differ."""
    for talk in ("imap", "pop3", "smtp"):
        said = [(source, [one for one in named if one.service.talk.value == talk]) for source, named in told]
        said = [(source, named) for source, named in said if named]
        pair = next(((a, b) for a, b in combinations(said, 2) if not _have_one_in_common(facts.hosts, a[1], b[1])), None)
        if pair is None:
            continue
        (first, firsts), (second, seconds) = pair
        readers = dict.fromkeys(client for _, named in said for client in READERS.get(named[0].source, ()))
        yield catalogue.finding(
            "DISC_DISAGREE",
            Subject(service=talk),
            severity=severity,
            root=(first, second),
            evidence=tuple(f"{source}: {', '.join(map(shown, named))}" for source, named in said),
            affects=readers,
            first=first,
            first_names=tuple(map(shown, firsts)),
            second=second,
            second_names=tuple(map(shown, seconds)),
        )


def _have_one_in_common(hosts: Mapping[str, Name], first: Sequence[Named], second: Sequence[Named]) -> bool:
    return any(_is_same(hosts, one, other) for one in first for other in second)


def _is_same(hosts: Mapping[str, Name], one: Named, other: Named) -> bool:
    """Tell whether both are the same server; its usual port with TLS and that with STARTTLS are two doors of one house."""
    names = [hosts.get(named.host.ascii) for named in (one, other)]
    addresses = [set(name.addresses) if name else set() for name in names]
    same_host = one.host == other.host or bool(addresses[0] & addresses[1])
    same_port = (one.port, one.tls) == (other.port, other.tls) or all(_is_usual(named) for named in (one, other))
    return same_host and same_port


def _is_usual(named: Named) -> bool:
    return named.port == named.service.default_port and named.tls is not TLSMode.NONE


def judge_dead(case: Case, facts: Discovery, connections: Sequence[Connection]) -> Iterator[Verdict]:
    """Judge again where sources contradict one another, now that *connections* tell which servers are dead: an error if one is."""
    if case.expected is not None:
        return
    told = _told(facts, _different(facts))
    for finding in _contradictions(facts, told, Severity.ERROR):
        places = {one.place: one for _, named in told for one in named if one.service.talk.value == finding.subject.service}
        dead = [one for one in places.values() if _is_dead(one, facts, connections)]
        if dead and len(dead) < len(places):
            yield finding


def _is_dead(named: Named, facts: Discovery, connections: Sequence[Connection]) -> bool:
    host = facts.hosts.get(named.host.ascii)
    if host is not None and host.absent:
        return True
    tried = [one for one in connections if (one.endpoint.service, one.endpoint.host, one.endpoint.port) == named.place]
    known = [one for one in tried if one.tcp not in (TCP.UNKNOWN, TCP.FORBIDDEN, TCP.NO_WAY_FROM_HERE)]
    return bool(known) and len(known) == len(tried) and all(one.tcp is not TCP.CONNECTED or one.stop is not None for one in known)

"""A report in words for the customer who reads the guide: which of the settings work, and what is whose to put right. Pure.

Which findings a customer hears of, and in which words, is as in the mail that support sends (`report.answer`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from autoconfig.address import Domain
from autoconfig.errors import escaped, printable
from autoconfig.findings import Finding, Group, Report, Severity, Subject
from autoconfig.i18n import Texts
from autoconfig.livecheck.state import MAX_ITEMS, MAX_TEXT, Answer, Health, Instead, Item, Outcome, Said, Side, Way
from autoconfig.model import ClientConfig, Server
from autoconfig.report.answer import fix_of, sentence, todo
from autoconfig.report.words import tell, where

_SERIOUS = frozenset({Severity.ERROR, Severity.CRITICAL})
_AT_SERVERS = frozenset({Group.ENDPOINTS, Group.CERTIFICATES, Group.SUBMISSION})
# Where one address does not answer, programs go on to the next; what the others have is met by whoever comes there first.
_PASSED_OVER = frozenset({"TCP_REFUSED", "TCP_TIMEOUT", "TCP_UNREACH", "DNS_AAAA_STALE"})
_GREETED = "GREET_GARBAGE"  # what every check of a conversation that began well tells


def answer(report: Report, config: ClientConfig, languages: Sequence[Texts]) -> Answer:
    """Return what the customers of *config* are told of *report*, in each of *languages*."""
    found = todo(report)
    ours = tuple(finding for finding in found.ours if finding.severity in _SERIOUS)
    servers = _Servers(report)
    ways = tuple(
        Way(account.protocol, servers.side(account.incoming, config.domain), servers.side(account.outgoing, config.domain))
        for account in config.accounts
    )
    told = (*found.theirs, *ours, *found.open)[:MAX_ITEMS]
    return Answer(
        _outcome([way.health for way in ways], (*found.theirs, *ours)),
        ways,
        tuple(_item(finding, languages) for finding in told),
        len(found.ours) - len(ours),
    )


def _outcome(ways: Sequence[Health], findings: Sequence[Finding]) -> Outcome:
    if all(health is Health.WORKS for health in ways):
        return Outcome.CARE if findings else Outcome.WELL
    if Health.BROKEN in ways:
        return Outcome.PARTLY if Health.WORKS in ways else Outcome.BROKEN
    # Of a domain that is not there the servers are not asked any more.
    is_lost = any(finding.group is Group.DELEGATION and finding.severity in _SERIOUS for finding in findings)
    return Outcome.BROKEN if is_lost and Health.WORKS not in ways else Outcome.UNKNOWN


class _Servers:
    """What a report says of servers, by host, port and address."""

    def __init__(self, report: Report) -> None:
        self._greeted = [passed.subject for passed in report.passed if passed.check == _GREETED]
        self._findings = [
            (finding, (finding.subject, *finding.also))
            for finding in report.findings
            if finding.severity in {*_SERIOUS, Severity.UNKNOWN} and finding.group in {*_AT_SERVERS, Group.DELEGATION}
        ]

    def side(self, server: Server[Domain], domain: Domain) -> Side:
        """Return what is known of *server*, which customers of *domain* use."""
        host = server.host.ascii
        health = self._health(host, server.port, domain)
        instead = None
        if health is not Health.WORKS:
            works = (also for also in server.also if self._health(host, also.port, domain) is Health.WORKS)
            instead = next((Instead(also.port, also.tls) for also in works), None)
        return Side(server.host.unicode, server.port, health, instead)

    def _health(self, host: str, port: int, domain: Domain) -> Health:
        # Of the domain itself it is mostly the delegation or the exchangers that are meant.
        own = [
            (finding, [subject for subject in subjects if subject.host == host and subject.port in (None, port)])
            for finding, subjects in self._findings
            if finding.group in _AT_SERVERS or host != domain.ascii
        ]
        greeted = {subject.ip for subject in self._greeted if subject.host == host and subject.port == port}
        faults = [(finding, subjects) for finding, subjects in own if subjects]
        bad = [(finding, subjects) for finding, subjects in faults if finding.severity in _SERIOUS]
        passed_over = _ips(subjects for finding, subjects in bad if finding.code in _PASSED_OVER)
        if any(finding.code not in _PASSED_OVER for finding, _ in bad):
            return Health.BROKEN
        if good := greeted - passed_over:
            open_ = _ips(subjects for finding, subjects in faults if finding.severity is Severity.UNKNOWN)
            return Health.WORKS if good - open_ and None not in open_ else Health.UNKNOWN
        return Health.BROKEN if passed_over else Health.UNKNOWN


def _ips(every: Iterable[Iterable[Subject]]) -> set[str | None]:
    return {subject.ip for subjects in every for subject in subjects}


def _item(finding: Finding, languages: Sequence[Texts]) -> Item:
    said = {}
    for texts in languages:
        told = tell(finding, texts)
        fix = fix_of(finding, told.fix, texts)
        said[texts.language] = Said(printable(sentence(told.message), MAX_TEXT), printable(fix, MAX_TEXT))
    places = "; ".join(where((finding.subject, *finding.also)))
    return Item(
        code=finding.code,
        owner=finding.owner,
        where=printable(places, MAX_TEXT),
        said=said,
        records=tuple(record for line in finding.records[:MAX_ITEMS] if len(record := escaped(line)) <= MAX_TEXT),
        is_open=finding.severity is Severity.UNKNOWN,
        about_certificate=finding.group is Group.CERTIFICATES,
    )

"""The names that the addresses of mail servers lead back to, and whether these lead forth again (RFC 1912, 2.1).

Receivers look at that of who sends. For a domain of ours we know by which servers its mail leaves; of a stranger's exchangers it is only
a guess that they send as well.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from autoconfig.catalogue import finding, passed
from autoconfig.checks import spf
from autoconfig.checks.asking import Answers, Asking, is_decided
from autoconfig.checks.case import Case
from autoconfig.checks.zone import due_exchangers, exchangers_of
from autoconfig.findings import Owner, Severity, Subject, Verdict

MAX_ADDRESSES = 8
_MAX_NAMES = 3  # that one address leads back to

# Where every network has its own names, and nobody outside can see them.
_LOCAL = tuple(
    map(
        ipaddress.ip_network,
        (
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "::1/128",
            "fc00::/7",
            "fe80::/10",
        ),
    )
)


async def gather(case: Case, asking: Asking) -> None:
    """Ask for the names of the servers' addresses, and for the addresses of those names."""
    await asking.of(case.domain.ascii, "MX")
    await asking.addresses(hosts(case, asking.answers))
    found = await asking.all((_pointer(ip), "PTR") for _, ip in addresses(case, asking.answers))
    await asking.addresses(dict.fromkeys(name for lookup in found for name in lookup.values[:_MAX_NAMES]))


def hosts(case: Case, answers: Answers) -> tuple[str, ...]:
    """Return the servers that mail leaves by, or may: for a domain of ours the provider's, for others the exchangers."""
    exchangers = [host for _, host in exchangers_of(answers.of(case.domain.ascii, "MX")) if host]
    if case.expected is not None:
        due = due_exchangers(case)
        return tuple(dict.fromkeys((*spf.senders(case), *(host for host in exchangers if host in due))))
    return tuple(dict.fromkeys(exchangers))


def addresses(case: Case, answers: Answers) -> tuple[tuple[str, str], ...]:
    """Return host and address of each server, each address once."""
    found: dict[str, str] = {}
    for host in hosts(case, answers):
        for ip in answers.addresses(host):
            if not any(ipaddress.ip_address(ip) in network for network in _LOCAL):
                found.setdefault(ip, host)
    return tuple((host, ip) for ip, host in list(found.items())[:MAX_ADDRESSES])


def _pointer(ip: str) -> str:
    return ipaddress.ip_address(ip).reverse_pointer


def judge(case: Case, answers: Answers) -> Iterator[Verdict]:
    """Judge each address by itself."""
    for host, ip in addresses(case, answers):
        subject, name = Subject(host, ip=ip), _pointer(ip)
        lookup = answers.of(name, "PTR")
        if not is_decided(lookup):
            continue
        names = lookup.values[:_MAX_NAMES]
        severity, owner = _severity(case, answers, host, ip), None if case.expected is None else Owner.PROVIDER
        lines = () if case.expected is None else (f"{name}. IN PTR {host}.",)
        if not names:
            evidence = [f"PTR {name}: {lookup.status.value}"]
            yield finding("PTR_MISSING", subject, severity=severity, owner=owner, records=lines, evidence=evidence, host=host, ip=ip)
            continue
        yield passed("PTR_MISSING", subject)
        back = [answers.of(other, "A" if "." in ip else "AAAA") for other in names]
        if any(ip in forth.values for forth in back):
            yield passed("PTR_FCRDNS", subject)
        elif all(is_decided(forth) for forth in back):
            evidence = [f"{name}. IN PTR {names[0]}.", f"{names[0]}: {', '.join(back[0].values[:3]) or back[0].status.value}"]
            yield finding(
                "PTR_FCRDNS", subject, severity=severity, owner=owner, records=lines, evidence=evidence, host=host, ip=ip, name=names[0]
            )


def _severity(case: Case, answers: Answers, host: str, ip: str) -> Severity:
    if case.expected is None:
        return Severity.NOTICE
    # Whom the domain itself names as its sender does send.
    if spf.evaluate(answers, case.domain.ascii, ip) is spf.Result.PASS:
        return Severity.ERROR
    return Severity.WARNING if host in spf.senders(case) else Severity.NOTICE

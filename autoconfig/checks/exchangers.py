"""Where the domain's mail is delivered: its MX records against those that it should have, and their hosts. Pure.

Speaks for RFC 5321, 5.1 (MX), RFC 7505 (null MX) and RFC 2181, 10.3 (an MX record names no alias).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from autoconfig import dnsrecords
from autoconfig.catalogue import finding, passed, skipped
from autoconfig.checks.case import Case
from autoconfig.checks.zone import Delegation, due_exchangers, exchangers_of, expected_hosts, is_below
from autoconfig.findings import Finding, Owner, Severity, Subject, Verdict
from autoconfig.observations import Lookup, LookupStatus

# Who runs the mail servers whose names end so.
_OPERATORS = {
    "google.com": "Google Workspace",
    "googlemail.com": "Google Workspace",
    "mail.protection.outlook.com": "Microsoft 365",
    "mx.microsoft": "Microsoft 365",
    "mail.icloud.com": "iCloud",
    "protonmail.ch": "Proton Mail",
    "messagingengine.com": "Fastmail",
    "zoho.com": "Zoho Mail",
    "zoho.eu": "Zoho Mail",
    "yandex.net": "Yandex",
    "one.com": "one.com",
    "loopia.se": "Loopia",
    "simply.com": "Simply.com",
    "gandi.net": "Gandi",
    "ovh.net": "OVHcloud",
    "kundenserver.de": "IONOS",
    "secureserver.net": "GoDaddy",
    "pphosted.com": "Proofpoint",
    "mimecast.com": "Mimecast",
}


def judge(case: Case, facts: Delegation) -> Iterator[Verdict]:
    """Judge the MX records of the domain and the hosts that they name."""
    subject = Subject(facts.domain)
    alias = alias_at_apex(case, facts)
    if alias is not None:
        yield alias
        yield skipped("MX_NONE", subject, alias)
        return
    lookup = _truth(facts)
    if not lookup.status.known:
        return
    found = exchangers_of(lookup)
    hosts = tuple(dict.fromkeys(host for _, host in found if host))
    evidence = tuple(f"{facts.domain}. IN MX {value.rstrip('.')}." for value in lookup.values) or ("no MX record",)
    if not found:
        yield finding("MX_NONE", subject, records=_due_lines(case), evidence=evidence, domain=facts.domain)
        return
    yield passed("MX_NONE", subject)
    if len(hosts) < len({host for _, host in found}):
        # RFC 7505, 3: a null MX stands alone. A domain whose mail is here needs another record.
        severity = Severity.ERROR if due_exchangers(case) else Severity.WARNING if hosts else None
        yield finding("MX_NULL", subject, severity=severity, records=_due_lines(case), evidence=evidence, domain=facts.domain)
    if hosts:
        yield from _against_due(case, facts, hosts, evidence)
    for host in hosts:
        yield from _host(case, facts, host)


def alias_at_apex(case: Case, facts: Delegation) -> Finding | None:
    """Return the finding that the domain itself is an alias, which an apex may not be; None where it is none."""
    alias = facts.of(facts.domain, "CNAME")
    start = facts.of(facts.domain, "SOA")
    apex = not case.domain.parents or (start.status is LookupStatus.FOUND and not start.aliases)
    if not alias.values or not apex or LookupStatus.LOOP in (start.status, facts.of(facts.domain, "A").status):
        return None
    target = alias.values[0]
    evidence = (f"{facts.domain}. IN CNAME {target}.",)
    return finding("DNS_CNAME_AT_APEX", Subject(facts.domain), evidence=evidence, domain=facts.domain, target=target)


def is_ours(case: Case, facts: Delegation) -> bool:
    """Tell whether all mail is delivered where it should be, or nobody knows where that is."""
    hosts = [host for _, host in exchangers_of(_truth(facts)) if host]
    return bool(hosts) and (case.expected is None or all(_belongs(case, facts, host) for host in hosts))


def owner_of(facts: Delegation, name: str) -> Owner | None:
    """Return whose job the records of *name* are: the provider's unless it is below the domain (None: as the catalogue says)."""
    return None if is_below(name, facts.domain) else Owner.PROVIDER


def is_private(ip: str) -> bool:
    """Tell whether *ip* cannot be reached from everywhere; what is no address is not."""
    try:
        return not ipaddress.ip_address(ip).is_global
    except ValueError:
        return False


def paste(record: dnsrecords.Record) -> str:
    """Return *record* as a line of a zone file."""
    return f"{record.name}. IN {record.type} {record.data}"


def _truth(facts: Delegation) -> Lookup:
    """Return the MX records as the name servers have them, if they agree; else as the resolver does."""
    said = facts.authority(facts.domain, "MX")
    return said[0] if len({frozenset(lookup.values) for lookup in said}) == 1 else facts.of(facts.domain, "MX")


def _due_lines(case: Case) -> tuple[str, ...]:
    return tuple(paste(record) for record in case.due if isinstance(record.data, dnsrecords.Mx))


def _belongs(case: Case, facts: Delegation, host: str) -> bool:
    """Tell whether *host* is one that mail should go to, or has its addresses: a name of the customer's own for it is common.

    Everything under the provider's own name is the provider's.
    """
    due = due_exchangers(case)
    if host in due:
        return True
    # What is expected below the domain leads wherever its owner lets it lead: it proves nothing.
    right = (*due, *(server.ascii for server in expected_hosts(case) if not is_below(server.ascii, facts.domain)))
    if any(_kin(host, server) for server in right):
        return True
    places = set(facts.addresses(host))
    return bool(places) and places <= {ip for other in right for ip in facts.addresses(other)}


def _kin(host: str, server: str) -> bool:
    """Tell whether both are below the same registered name, as far as that can be told without a list of all registries."""
    base = server.partition(".")[2]
    return "." in base and is_below(host, base)


def _against_due(case: Case, facts: Delegation, hosts: tuple[str, ...], evidence: tuple[str, ...]) -> Iterator[Verdict]:
    due, subject = due_exchangers(case), Subject(facts.domain)
    if case.expected is None:
        return
    ours = [host for host in hosts if _belongs(case, facts, host)]
    others = tuple(host for host in hosts if host not in ours)
    provider, operator = case.expected.provider.name, tuple(dict.fromkeys(_operator(host) for host in others))
    # What is not known yet is not held against the domain: without addresses a host may be anybody's.
    unknown = [host for host in others if not all(facts.of(host, type).status.known for type in ("A", "AAAA"))]
    if others and unknown == list(others) and not any(_known_operator(host) for host in others):
        return
    if others and not ours:
        records = _due_lines(case)
        yield finding(
            "MX_ELSEWHERE", subject, records=records, evidence=evidence, domain=facts.domain, provider=provider, operator=operator
        )
    elif others and due:
        yield finding("MX_MIXED", subject, evidence=evidence, domain=facts.domain, provider=provider, operator=operator, hosts=others)
    else:
        yield passed("MX_ELSEWHERE", subject)
        missing = tuple(host for host in due if host not in hosts)
        if missing and any(host in due for host in ours):
            records = tuple(line for line in _due_lines(case) if line.split()[-1].rstrip(".") in missing)
            yield finding(
                "MX_INCOMPLETE", subject, records=records, evidence=evidence, domain=facts.domain, provider=provider, hosts=missing
            )


def _known_operator(host: str) -> str | None:
    return next((operator for suffix, operator in _OPERATORS.items() if is_below(host, suffix)), None)


def _operator(host: str) -> str:
    known = _known_operator(host)
    return f"{known} ({host})" if known else host


def _host(case: Case, facts: Delegation, host: str) -> Iterator[Verdict]:
    subject = Subject(host, "smtp")
    both = facts.of(host, "A"), facts.of(host, "AAAA")
    alias = next((lookup.aliases for lookup in both if lookup.aliases), ())
    addresses = facts.addresses(host)
    if not addresses:
        yield from lost(case, facts, host, both, f"{facts.domain}. IN MX {host}.")
        return
    yield passed("DNS_HOST_MISSING", subject)
    if alias:
        evidence = (f"{facts.domain}. IN MX {host}.", f"{host}. IN CNAME {alias[0]}.")
        yield finding("MX_CNAME", subject, evidence=evidence, domain=facts.domain, name=host, target=alias[-1])
    else:
        yield passed("MX_CNAME", subject)
    private = [ip for ip in addresses if is_private(ip)]
    if private and case.expected is None:
        seen = [f"{host} has {ip}" for ip in private]
        yield finding("MX_PRIVATE_IP", subject, root=(), evidence=seen, name=host, ip=tuple(private))


def lost(case: Case, facts: Delegation, host: str, lookups: Sequence[Lookup], named_by: str) -> Iterator[Verdict]:
    """Yield why *host*, which *named_by* names, has no address, unless that is told among the domain's names."""
    alias = next((lookup.aliases for lookup in lookups if lookup.aliases), ())
    told = host in facts.names if alias else host in {server.ascii for server in expected_hosts(case)}
    if told:
        return
    statuses = [lookup.status for lookup in lookups]
    # Whoever wrote the record or the document named the host; only the provider's own hosts are the provider's to mend.
    owner = owner_of(facts, host) if host in due_exchangers(case) else None
    evidence = (named_by, *(f"{host}. IN CNAME {other}." for other in alias[:1]))
    if LookupStatus.LOOP in statuses:
        yield finding("DNS_CNAME_LOOP", Subject(host), owner=owner, evidence=evidence, name=host)
    elif LookupStatus.NXDOMAIN in statuses and alias:
        yield finding(
            "DNS_CNAME_TO_NXDOMAIN", Subject(host), owner=owner, root=(alias[-1],), evidence=evidence, name=host, target=alias[-1]
        )
    elif all(status.known for status in statuses):
        # Nobody can add a record in somebody else's zone: what names the host is what is wrong.
        records = () if is_below(host, facts.domain) or host in due_exchangers(case) else _due_lines(case)
        yield finding("DNS_HOST_MISSING", Subject(host), owner=owner, records=records, evidence=evidence, name=host)

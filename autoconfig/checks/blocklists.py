"""Whether the mail servers' addresses stand on lists of senders of spam (RFC 5782). Asked only when wanted: it tells others about us."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from autoconfig.catalogue import finding, passed
from autoconfig.checks import reverse
from autoconfig.checks.asking import Answers, Asking
from autoconfig.checks.case import Case
from autoconfig.findings import Subject, Verdict

LISTS = ("zen.spamhaus.org", "bl.spamcop.net", "b.barracudacentral.org")

# Spamhaus answers so to public resolvers, and to who asks too much: nothing is said of the address.
_NOT_TO_US = ipaddress.ip_network("127.255.255.0/24")
_LISTED = ipaddress.ip_network("127.0.0.0/8")  # RFC 5782, 2.1


async def gather(case: Case, asking: Asking) -> None:
    """Ask each list for each address, when it is wanted; `reverse` has asked for the addresses."""
    if case.blocklists:
        await asking.all((_name(ip, zone), "A") for _, ip in reverse.addresses(case, asking.answers) for zone in LISTS)


def _name(ip: str, zone: str) -> str:
    pointer = ipaddress.ip_address(ip).reverse_pointer
    return f"{pointer.removesuffix('.in-addr.arpa').removesuffix('.ip6.arpa')}.{zone}"


def judge(case: Case, answers: Answers) -> Iterator[Verdict]:
    """Judge each address at each list."""
    if not case.blocklists:
        return
    silent: dict[str, str] = {}
    for host, ip in reverse.addresses(case, answers):
        subject, listed = Subject(host, ip=ip), []
        for zone in LISTS:
            lookup = answers.of(_name(ip, zone), "A")
            found = [ipaddress.ip_address(value) for value in lookup.values]
            if not lookup.status.known or any(value in _NOT_TO_US for value in found):
                silent[zone] = f"A {_name(ip, zone)}: {', '.join(lookup.values) or lookup.status.value}"
            elif any(value in _LISTED for value in found):
                listed.append((zone, f"A {_name(ip, zone)}: {', '.join(lookup.values[:5])}"))
        if listed:
            zones, evidence = zip(*listed, strict=True)
            yield finding("RBL_LISTED", subject, evidence=evidence, host=host, ip=ip, lists=zones)
        elif not silent:
            yield passed("RBL_LISTED", subject)
    if silent:
        yield finding("RBL_NOT_ANSWERED", Subject(case.domain.ascii), evidence=silent.values(), lists=tuple(silent))

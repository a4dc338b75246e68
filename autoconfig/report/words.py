"""What a report says, in the reader's language: a finding's texts filled in, and the names of groups, owners and severities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from autoconfig.catalogue import ENTRIES
from autoconfig.errors import N_, printable
from autoconfig.findings import Finding, Group, Owner, Report, Severity, Subject, Value
from autoconfig.i18n import Texts
from autoconfig.model import TLSMode
from autoconfig.observations import Stop
from autoconfig.report.outcomes import reason

K = TypeVar("K")

GROUPS = {
    Group.DELEGATION: N_("Domain and names"),
    Group.DISCOVERY: N_("Settings for mail programs"),
    Group.ENDPOINTS: N_("Mail servers"),
    Group.CERTIFICATES: N_("Certificates"),
    Group.SUBMISSION: N_("Logging in and sending"),
    Group.DELIVERABILITY: N_("Delivery"),
    Group.CLIENTS: N_("Mail programs"),
}

OWNERS = {
    Owner.PROVIDER: N_("the mail host"),
    Owner.CUSTOMER: N_("the owner of the domain"),
    Owner.REGISTRAR: N_("the owner of the domain, at the registrar"),
    Owner.NETWORK: N_("whoever runs the network in between"),
    Owner.NOBODY: N_("nobody"),
}

SEVERITIES = {
    Severity.NOTICE: N_("notice"),
    Severity.WARNING: N_("warning"),
    Severity.UNKNOWN: N_("unknown"),
    Severity.ERROR: N_("error"),
    Severity.CRITICAL: N_("critical"),
}

# The sign for each severity and for "ok", and its style at a terminal.
MARKS = {
    "ok": ("✓", "green"),
    Severity.NOTICE: ("i", "cyan"),
    Severity.WARNING: ("!", "yellow"),
    Severity.UNKNOWN: ("?", "magenta"),
    Severity.ERROR: ("✗", "red"),
    Severity.CRITICAL: ("✗", "bold red"),
}

_STOPS = {
    Stop.TIMEOUT.value: N_("it fell silent"),
    Stop.CLOSED.value: N_("it closed the connection"),
    Stop.RESET.value: N_("it cut the connection"),
    Stop.TOO_LONG.value: N_("its answer has no end"),
    Stop.GARBAGE.value: N_("its answer cannot be understood"),
    Stop.TLS_FAILED.value: N_("TLS broke off"),
}

_NAMES: dict[tuple[str, str], dict[str, str]] = {  # values with a name in the reader's language, by code and argument
    ("CHECK_FAILED", "what"): {group.value: name for group, name in GROUPS.items()},
    ("AC_PORT_SOCKET_MISMATCH", "tls"): {TLSMode.NONE.value: N_("no encryption")},
    ("LOGIN_NOT_TRIED", "because"): {
        "certificate": N_("its certificate could not be verified"),
        "connection": N_("no connection to it got as far as the login"),
        "mechanism": N_("it offers no login with a password that this check knows"),
        "nowhere": N_("nothing names a server to log in to"),
    },
    ("RT_NOT_TRIED", "because"): {
        "sending": N_("nobody could log in to a server for outgoing mail"),
        "mailbox": N_("nobody could log in to a mailbox"),
    },
    **dict.fromkeys((("LOGIN_BROKEN", "how"), ("MBOX_LIST", "how"), ("SUBM_BROKEN", "how"), ("RT_NOT_SEEN", "because")), _STOPS),
}
_LONG = 1000  # characters of one value; a message is for reading


@dataclass(frozen=True, slots=True)
class Told:
    """What a finding says."""

    message: str
    cause: str
    fix: str


def tell(finding: Finding, texts: Texts) -> Told:
    """Return what *finding* says in the language of *texts*, in one line each."""
    entry = ENTRIES[finding.code]
    values = {name: _plain(value, _NAMES.get((finding.code, name), {}), texts) for name, value in finding.args.items()}
    if "why" in finding.args:  # a clause of its own, with its own arguments
        given = {name.removeprefix("why_"): values[name] for name in values if name.startswith("why_")}
        values["reason"] = reason(str(finding.args["why"]), given, texts)
    message, cause, fix = (texts.gettext(template) % values for template in (entry.message, entry.cause, entry.fix))
    return Told(message, cause, fix)


def _plain(value: Value, names: Mapping[str, str], texts: Texts) -> str | int:
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return texts.decimal(value, 1)
    if isinstance(value, str) and value in names:
        return texts.gettext(names[value])
    if isinstance(value, tuple):
        *several, last = value or ("–",)
        value = texts.gettext("%(several)s and %(last)s", several=", ".join(several), last=last) if several else last
    return printable(value, _LONG)


def count(severity: Severity | str, number: int, texts: Texts) -> str:
    """Return "2 warnings" and the like; *severity* may also be "ok" or "skipped"."""
    match severity:
        case Severity.CRITICAL:
            return texts.ngettext("%(n)d critical", "%(n)d critical", number)
        case Severity.ERROR:
            return texts.ngettext("%(n)d error", "%(n)d errors", number)
        case Severity.UNKNOWN:
            return texts.ngettext("%(n)d unknown", "%(n)d unknown", number)
        case Severity.WARNING:
            return texts.ngettext("%(n)d warning", "%(n)d warnings", number)
        case Severity.NOTICE:
            return texts.ngettext("%(n)d notice", "%(n)d notices", number)
        case "skipped":
            return texts.ngettext("%(n)d skipped", "%(n)d skipped", number)
    return texts.gettext("%(n)d ok", n=number)


def counts(numbers: Mapping[str, int], texts: Texts) -> str:
    """Return "1 error · 41 ok" and the like, the worst first, of those that there are."""
    worst_first = [*sorted(Severity, key=lambda severity: -severity.rank), "ok", "skipped"]
    return " · ".join(count(kind, numbers[kind], texts) for kind in worst_first if numbers.get(kind))


def name_of(report: Report) -> str:
    """Return the address or the domain that *report* is about, as people write it, with what programs call the domain."""
    name = str(report.address) if report.address else report.domain.unicode
    return f"{name} ({report.domain.ascii})" if report.domain.is_internationalised else name


def by_group(report: Report) -> list[tuple[Group, str, dict[str, int]]]:
    """Return each group that has something to tell, its worst severity ("ok", or "skipped" where nothing was looked at) and its numbers."""
    passed = Counter(passed.group for passed in report.passed)
    skipped = Counter(skipped.group for skipped in report.skipped)
    found = []
    for group in Group:
        severities = Counter(finding.severity.value for finding in report.findings if finding.group is group)
        if not (severities or passed[group] or skipped[group]):
            continue
        worst = max((severity for severity in Severity if severities[severity]), key=lambda severity: severity.rank, default="ok")
        numbers = {**severities, "ok": passed[group], "skipped": skipped[group]}
        found.append((group, worst if severities or passed[group] else "skipped", numbers))
    return found


def together(pairs: Iterable[tuple[K, Subject]]) -> dict[K, tuple[Subject, ...]]:
    """Return the subjects of each key, in their order."""
    found: dict[K, tuple[Subject, ...]] = {}
    for key, subject in pairs:
        found[key] = (*found.get(key, ()), subject)
    return found


def where(subjects: tuple[Subject, ...]) -> list[str]:
    """Return a line for each host of *subjects*: its services with their ports, then its addresses."""
    lines = []
    for host in dict.fromkeys(subject.host for subject in subjects):
        own = [subject for subject in subjects if subject.host == host]
        services = dict.fromkeys(_service(subject) for subject in own)
        addresses = dict.fromkeys(subject.ip for subject in own if subject.ip)
        rest = [", ".join(filter(None, services)), ", ".join(addresses)]
        lines.append(" · ".join(filter(None, [printable(host or ""), *rest])))
    return list(filter(None, lines))


def _service(subject: Subject) -> str:
    return " ".join(str(part) for part in (subject.service, subject.port) if part is not None)

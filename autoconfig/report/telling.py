"""What every form of a report is made of: the report with what we know of its domain beside it, how it is to be told, and the exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from autoconfig.findings import Report, Severity
from autoconfig.i18n import Texts
from autoconfig.model import ClientConfig
from autoconfig.report.changes import Changes


class FailOn(StrEnum):
    """From what on the exit code says that something is wrong."""

    WARNING = "warning"
    ERROR = "error"
    NEVER = "never"


# What a monitoring system hears, by status, the worst last.
EXIT = {"ok": 0, Severity.NOTICE: 0, Severity.WARNING: 1, Severity.UNKNOWN: 3, Severity.ERROR: 2, Severity.CRITICAL: 2}
_WORST_LAST = list(dict.fromkeys(EXIT.values()))


@dataclass(frozen=True, slots=True)
class Told:
    """A report to be told in the language of *texts*.

    *config* is what we have for the domain, None where it is not one of ours; *guide* is the address of its guide on the web. *changes* is
    what is different from an earlier report, None where none was given.
    """

    report: Report
    texts: Texts
    config: ClientConfig | None = None
    guide: str | None = None
    changes: Changes | None = None


@dataclass(frozen=True, slots=True)
class Manner:
    """How to tell: what is about all the reports in the language of *texts*, *everything* or the usual, in an *encoding*."""

    texts: Texts
    fail_on: FailOn = FailOn.WARNING
    everything: bool = False
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True)
class Format:
    """A form: *write* makes the text of some reports.

    Of all at once, or *each* by itself as soon as it can be told, with *between* in between; *as_done* in the order in which they come.
    *for_customer* is a text in the language of the domain's owner. *with_changes* tells what is different from an earlier report.
    """

    write: Callable[[Sequence[Told], Manner], str]
    each: bool = False
    between: str = ""
    as_done: bool = False
    for_customer: bool = False
    with_changes: bool = False


def exit_code(statuses: Iterable[str], fail_on: FailOn) -> int:
    """Return 0 where all is well, 1 for warnings, 2 for errors, 3 where something could not be found out; the worst of all.

    What is unknown may be an error, and only those who never want to fail do not want to know that.
    """
    if fail_on is FailOn.NEVER:
        return 0
    codes = (EXIT[status] for status in statuses if fail_on is FailOn.WARNING or status != Severity.WARNING)
    return max(codes, key=_WORST_LAST.index, default=0)


def rank(report: Report) -> int:
    """Return a number that grows with how bad *report* is."""
    return list(EXIT).index(report.status)


def markup(text: str, encoding: str) -> str:
    """Return *text* of a document that says it is UTF-8 in a way that is true in every *encoding*."""
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        return text
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")

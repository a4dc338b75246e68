"""A report as the mail that support sends to the customer: only what the customer must do, what to copy, and where to read more.

What the mail host must do is one calm sentence. Plain text of 72 columns with its subject as the first line; what is to be copied is
never broken.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autoconfig.errors import N_, escaped, printable
from autoconfig.findings import Finding, Owner, Report, Severity
from autoconfig.i18n import Texts
from autoconfig.report.telling import Format, Manner, Told
from autoconfig.report.words import tell

_WIDTH = 72
_INDENT = " " * 4
_MUST = frozenset({Severity.WARNING, Severity.ERROR, Severity.CRITICAL})
_THEIRS = frozenset({Owner.CUSTOMER, Owner.REGISTRAR})

_SUBJECT = N_("Subject: %(subject)s")
_SUBJECT_TO_DO = N_("Mail for %(domain)s: what you can do")
_SUBJECT_OURS = N_("Mail for %(domain)s: we are on it")
_SUBJECT_WELL = N_("Mail for %(domain)s: all is well")
_SUBJECT_OPEN = N_("Mail for %(domain)s: we will look once more")
_HELLO = N_("Hello,")
_LOOKED = N_("We have looked at how the mail for %(domain)s is set up.")
_WELL = N_("Everything is as it should be, and there is nothing that you need to do.")
_WELL_WITH_YOU = N_("On your side everything is as it should be, and there is nothing that you need to do.")
_COPY = N_("To copy, exactly as it stands:")
_AT_REGISTRAR = N_("This is done at the company where you have registered the domain.")
_ALSO_OURS = N_("We have also found something on our side. We are on it; you need not do anything about that.")
_OURS = N_("We have found something on our side. We are on it; you need not do anything about that.")
_OPEN = N_("Something could not be found out this time, so we will look once more.")
_TIME = N_("A change can take some hours until it is seen everywhere. After that mail programs mostly find their way by themselves.")
_GUIDE = N_("How to set up mail in a phone or a computer, step by step:")
_REPLY = N_("If something is unclear, just reply to this mail, and we will help.")
_REGARDS = N_("Kind regards")
_SOMEBODY = N_("Support")


@dataclass(frozen=True, slots=True)
class ToDo:
    """The findings that a customer hears of: *theirs* to mend, *ours* as the mail host, and what is *open*."""

    theirs: tuple[Finding, ...]
    ours: tuple[Finding, ...]
    open: tuple[Finding, ...]


def todo(report: Report) -> ToDo:
    """Return what of *report* is whose. A notice asks nothing of anybody, unless it has something to be copied."""
    must = [f for f in report.findings if f.severity in _MUST or (f.severity is Severity.NOTICE and f.records and f.owner in _THEIRS)]
    return ToDo(
        tuple(finding for finding in must if finding.owner in _THEIRS),
        tuple(finding for finding in must if finding.owner not in _THEIRS),
        tuple(finding for finding in report.findings if finding.severity is Severity.UNKNOWN),
    )


def sentence(message: str) -> str:
    """Return *message* with its full stop."""
    return message if message.endswith(".") else message + "."


def fix_of(finding: Finding, told: str, texts: Texts) -> str:
    """Return *told*, what *finding* asks for, with where that is done."""
    return f"{told} {texts.gettext(_AT_REGISTRAR)}" if finding.owner is Owner.REGISTRAR else told


def _write(every: Sequence[Told], manner: Manner) -> str:
    return "".join("\n\n".join("\n".join(part) for part in _parts(told)) + "\n" for told in every)


FORMAT = Format(_write, each=True, between="\n" + "=" * _WIDTH + "\n\n", for_customer=True)


def _parts(told: Told) -> Iterator[list[str]]:
    """Yield the paragraphs, each as its lines."""
    report, _ = told.report, told.texts.gettext
    domain = report.domain.unicode
    found = todo(report)
    theirs, ours, unknown = found.theirs, found.ours, found.open
    subject = _SUBJECT_TO_DO if theirs else _SUBJECT_OURS if ours else _SUBJECT_OPEN if unknown else _SUBJECT_WELL
    yield [_(_SUBJECT, subject=_(subject, domain=domain))]
    yield [_(_HELLO)]
    looked = _(_LOOKED, domain=domain)
    if theirs:
        things = told.texts.ngettext(
            "One thing is in your hands, and only you can put it right:",
            "%(n)d things are in your hands, and only you can put them right:",
            len(theirs),
        )
        yield _wrapped(f"{looked} {things}")
    elif ours or unknown:
        yield _wrapped(looked if unknown and not ours else f"{looked} {_(_WELL_WITH_YOU)}")
    else:
        yield _wrapped(f"{looked} {_(_WELL)}")
    for number, finding in enumerate(theirs, 1):
        yield from _to_do(told, finding, f"{number}. " if len(theirs) > 1 else "")
    if ours:
        yield _wrapped(_(_ALSO_OURS) if theirs else _(_OURS))
    if unknown:
        yield _wrapped(_(_OPEN))
    if theirs:
        yield _wrapped(_(_TIME))
    if told.guide is not None:
        yield [*_wrapped(_(_GUIDE)), told.guide]
    yield _wrapped(_(_REPLY))
    yield [_(_REGARDS), *_signature(told)]


def _to_do(told: Told, finding: Finding, mark: str) -> Iterator[list[str]]:
    said, indent = tell(finding, told.texts), " " * len(mark)
    yield _wrapped(sentence(said.message), mark)
    yield _wrapped(fix_of(finding, said.fix, told.texts), indent, indent)
    if lines := (*finding.records, *finding.commands):
        yield _wrapped(told.texts.gettext(_COPY), indent, indent)
        yield [_INDENT + escaped(line) for line in lines]


def _signature(told: Told) -> list[str]:
    if told.config is None:
        return [told.texts.gettext(_SOMEBODY)]
    provider = told.config.provider
    support = provider.support
    page = told.config.url(support.url) if support.url else None
    return [printable(line) for line in (provider.name, support.email, support.phone, page) if line]


def _wrapped(text: str, first: str = "", later: str | None = None) -> list[str]:
    later = " " * len(first) if later is None else later
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False)

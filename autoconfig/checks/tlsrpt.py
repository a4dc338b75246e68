"""Where senders report that they could not encrypt (RFC 8460). Without the record nobody reports, and that is no fault."""

from __future__ import annotations

import re
from collections.abc import Iterator

from autoconfig.catalogue import finding, passed
from autoconfig.checks import taglist
from autoconfig.checks.asking import Answers, Asking
from autoconfig.checks.case import Case
from autoconfig.errors import printable
from autoconfig.findings import Subject, Verdict

# RFC 8460, 3: tlsrpt-uri = URI; "mailto" and "https" are what reports can be sent to.
_URI = re.compile(r"mailto:[^\s@!,]+@[^\s@!,]+|https://[^\s/!,]+[^\s!,]*", re.IGNORECASE)


async def gather(case: Case, asking: Asking) -> None:
    """Ask for the record."""
    await asking.of(_name(case), "TXT")


def _name(case: Case) -> str:
    return f"_smtp._tls.{case.domain.ascii}"


def is_good(text: str) -> bool:
    """Tell whether senders understand the record *text*."""
    tags = taglist.parse(text)
    uris = [uri.strip() for uri in (tags.get("rua") or "").split(",")]
    return taglist.begins(text, "TLSRPTv1") and not tags.faults and all(_URI.fullmatch(uri) for uri in uris)


def judge(case: Case, answers: Answers) -> Iterator[Verdict]:
    """Judge the record, where there is one."""
    name, subject = _name(case), Subject(case.domain.ascii)
    found = [value for value in answers.of(name, "TXT").values if taglist.resembles(value, "TLSRPTv1")]
    if not found:
        return
    if len(found) > 1 or not is_good(found[0]):
        evidence = [f'{name}. IN TXT "{printable(value, 150)}"' for value in found[:3]]
        yield finding("TLSRPT_SYNTAX", subject, evidence=evidence, name=name)
    else:
        yield passed("TLSRPT_SYNTAX", subject)

"""What is different from an earlier report: read as JSON that may be anything, told by fingerprint."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from autoconfig import i18n
from autoconfig.address import Domain
from autoconfig.errors import DocumentError
from autoconfig.findings import Report, Severity
from autoconfig.report import changes, text
from autoconfig.report.changes import Changes, compare, read
from tests.report.reports import HOSTILE, IMAPS, faulty, missing_name, report, reports, server_name, tell, unfinished, well

EN = i18n.texts("en")


def since(before: Report, now: Report) -> Changes:
    """What is different now."""
    return compare(now, read(tell("json", before).encode()))


def lines(found: Changes, now: Report) -> list[str]:
    """What the terminal shows of it."""
    console = Console(file=io.StringIO(), width=100, highlight=False, markup=False, emoji=False)
    with console.capture() as shown:
        text.show(now, EN, console, changes=found)
    told = shown.get().splitlines()
    return told[next(at for at, line in enumerate(told) if line.startswith(("Since", "The earlier"))) :]


def test_new_gone_and_changed() -> None:
    """A severity that is another is a change; so is another argument."""
    before = report(missing_name(), unfinished())
    now = report(replace(missing_name(), severity=Severity.ERROR), server_name(IMAPS))
    found = since(before, now)
    assert [finding.code for finding in found.new] == ["CERT_NAME_MISMATCH"]
    assert [past.code for past in found.gone] == ["DEADLINE"]
    assert [(past.severity, finding.severity.value) for past, finding in found.changed] == [("warning", "error")]
    told = lines(found, now)
    assert told[0] == "Since 2026-11-23T08:00:00Z: 1 new · 1 changed · 1 gone"
    assert [line[0] for line in told[1:]] == ["+", "~", "-"]
    assert "(warning → error)" in told[2]
    other = replace(missing_name(), args={"names": ("x.kund.se",)})
    assert [past.args["names"] for past, _ in since(report(missing_name()), report(other)).changed] == [["autodiscover.kund.se"]]


def test_the_same_is_no_change() -> None:
    """Nor are other evidence and another language."""
    now = report(replace(missing_name(), evidence=("something else",)))
    assert since(report(missing_name()), now) == Changes("2026-11-23T08:00:00Z")
    assert lines(since(faulty(), faulty()), faulty()) == ["Since 2026-11-23T08:00:00Z: nothing is different"]
    assert compare(faulty(), read(tell("json", faulty(), language="sv").encode())) == Changes("2026-11-23T08:00:00Z")


def test_what_was_never_looked_at_is_not_compared() -> None:
    """Another domain's report says nothing of this one."""
    now = replace(faulty(), domain=Domain.parse("annan.se"))
    found = since(faulty(), now)
    assert found == Changes(None)
    assert changes.to_data(found, now) is None
    assert lines(found, now) == ["The earlier report says nothing about annan.se"]


def test_the_report_of_the_same_address_is_the_nearest() -> None:
    """One of the domain alone will do where there is none."""
    anna = report(missing_name(), address="anna@kund.se")
    earlier = read(tell("json", well(), anna).encode())
    assert compare(anna, earlier).new == ()
    assert len(compare(report(missing_name()), earlier).new) == 1
    assert len(compare(anna, earlier[:1]).new) == 1


@given(reports(), reports())
def test_nothing_is_lost_and_nothing_counted_twice(before: Report, now: Report) -> None:
    """Also where several share a fingerprint."""
    found = since(before, now)
    same = len(now.findings) - len(found.new) - len(found.changed)
    assert same >= 0
    assert len(before.findings) == same + len(found.gone) + len(found.changed)
    assert since(now, now) == Changes(found.since)
    json.dumps(changes.to_data(found, now))
    lines(found, now)


GOOD = json.loads(tell("json", faulty()))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"{}", "no report"),
        (b"null", "no report"),
        (b'"autoconfig.report/1"', "no report"),
        (b'{"schema": "autoconfig.lint/1"}', "no report"),
        (json.dumps({**GOOD, "findings": {}}).encode(), "no report"),
        (json.dumps({**GOOD, "findings": [1]}).encode(), "no report"),
        (json.dumps({**GOOD, "started": None}).encode(), "no report"),
        (json.dumps([GOOD, {**GOOD, "domain": 1}]).encode(), "no report"),
        (b" " * (changes.MAX_OCTETS + 1), "larger than"),
    ],
    ids=range(12),
)
def test_what_is_no_report_is_told(content: bytes, said: str) -> None:
    """In one line."""
    with pytest.raises(DocumentError, match=said):
        read(content)


@given(
    st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*GOOD]), inner))
)
def test_anything_is_a_report_or_is_refused(value: object) -> None:
    """Never a traceback."""
    for document in (value, {**GOOD, "findings": value}, {**GOOD, "findings": [value]}, [{**GOOD, "address": value}]):
        with suppress(DocumentError):
            read(json.dumps(document).encode())


def test_a_hostile_report_is_harmless() -> None:
    """It may have been edited."""
    finding = {**GOOD["findings"][0], "code": HOSTILE, "message": HOSTILE * 50, "severity": HOSTILE}
    earlier = read(json.dumps({**GOOD, "started": HOSTILE, "findings": [finding]}).encode())
    now = faulty()
    assert all(line.isprintable() and len(line) <= 400 for line in lines(compare(now, earlier), now))

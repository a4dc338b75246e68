"""Findings of one cause are one, the worst are first, and another run knows them again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.address import Domain
from autoconfig.findings import Finding, Group, Owner, Passed, Report, Severity, Skipped, Subject, Verdict, settle

KUND = Domain.parse("kund.se")
MAIL = Subject("mail.kund.se", "imaps", "192.0.2.20", 993)
POP = replace(MAIL, service="pop3s", port=995)
SIX = replace(MAIL, ip="2001:db8::20")


def found(code: str = "CERT_EXPIRED", subject: Subject = MAIL, severity: Severity = Severity.ERROR, **more) -> Finding:
    """A finding about a certificate."""
    return Finding(code, severity, Owner.PROVIDER, more.pop("group", Group.CERTIFICATES), subject, **more)


def report(*verdicts: Verdict) -> Report:
    """The report of *verdicts*."""
    return Report(KUND, None, datetime(2026, 11, 23, tzinfo=UTC), 412, *settle(verdicts), stages=())


def test_findings_of_one_root_are_one() -> None:
    """The first subject stays, the others are beside it, each once and in order."""
    one, two, three = (found(subject=subject, root=("cert", "f1")) for subject in (MAIL, POP, SIX))
    ((only,), _, _) = settle([one, two, three, two, one])
    assert only.subject == MAIL
    assert only.also == (POP, SIX)


def test_without_a_root_the_subject_is_the_cause() -> None:
    """The same said twice is one finding; of two subjects there are two."""
    findings, _, _ = settle([found(), found(subject=POP), found()])
    assert [(finding.subject, finding.also) for finding in findings] == [(MAIL, ()), (POP, ())]


def test_another_code_or_another_root_is_another_finding() -> None:
    """One machine may have several faults, and one fault may be on several machines."""
    findings, _, _ = settle([found(root=("a",)), found(root=("b",)), found("CERT_WEAK", root=("a",))])
    assert len(findings) == 3


def test_the_worst_severity_wins_with_its_own_words() -> None:
    """Owner and arguments are those of the worst, evidence and what to paste are everybody's, the worst's first."""
    mild = found(subject=MAIL, severity=Severity.WARNING, root=(), args={"n": 1}, evidence=("a", "b"), records=("r1",), affects=("apple",))
    bad = replace(
        found(subject=POP, severity=Severity.CRITICAL, root=(), args={"n": 2}, evidence=("b", "c"), records=("r2",), commands=("x",)),
        owner=Owner.CUSTOMER,
    )
    ((only,), _, _) = settle([mild, bad])
    assert (only.severity, only.owner, only.args) == (Severity.CRITICAL, Owner.CUSTOMER, {"n": 2})
    assert (only.subject, only.also) == (MAIL, (POP,))
    assert (only.evidence, only.records, only.commands, only.affects) == (("b", "c", "a"), ("r2", "r1"), ("x",), ("apple",))


def test_equal_severities_keep_the_first_words() -> None:
    """Which is the order of asking, not of chance."""
    ((only,), _, _) = settle([found(root=(), args={"n": 1}), found(subject=POP, root=(), args={"n": 2})])
    assert only.args == {"n": 1}


def test_what_was_skipped_names_the_finding_that_its_reason_became() -> None:
    """Also where the reason came later, or is worse by now; a fingerprint in the report is one of its findings."""
    first, second = found(root=(), severity=Severity.WARNING), found(subject=POP, root=(), severity=Severity.CRITICAL)
    skip = Skipped("AUTH_NONE", Group.SUBMISSION, POP, second)
    made = report(skip, first, second)
    assert made.skipped[0].by is made.findings[0]
    assert made.findings[0].subject == MAIL
    assert {skip.by.fingerprint(KUND) for skip in made.skipped} <= {finding.fingerprint(KUND) for finding in made.findings}


def test_what_passed_or_was_skipped_counts_once() -> None:
    """However many looked at it, and at however many places its reason was seen."""
    one, two = found(root=()), found(subject=POP, root=())
    skips = (Skipped("CERT_WEAK", Group.CERTIFICATES, MAIL, by) for by in (one, two))
    assert report(one, two, *skips).counts["skipped"] == 1
    good = Passed("CERT_EXPIRED", Group.CERTIFICATES, MAIL)
    skip = Skipped("CERT_WEAK", Group.CERTIFICATES, MAIL, found())
    made = report(good, good, replace(good, subject=POP), skip, skip)
    assert (made.counts["ok"], made.counts["skipped"]) == (2, 1)


def test_the_order_is_the_worst_first_then_by_group() -> None:
    """What was found first within these stays first."""
    findings = [
        found(severity=severity, group=group, root=(severity, group, n))
        for n in ("1", "2")
        for group in (Group.SUBMISSION, Group.DELEGATION)
        for severity in Severity
    ]
    ordered, _, _ = settle(findings)
    keys = [(-finding.severity.rank, list(Group).index(finding.group), finding.root[-1] if finding.root else "") for finding in ordered]
    assert keys == sorted(keys)


def test_the_status_is_the_worst_severity() -> None:
    """Critical, error, unknown, warning, notice, ok."""
    order = [Severity.CRITICAL, Severity.ERROR, Severity.UNKNOWN, Severity.WARNING, Severity.NOTICE]
    assert [severity.value for severity in sorted(Severity, key=lambda severity: -severity.rank)] == order
    for place, severity in enumerate(order):
        for several in permutations(order[place:], 2):
            made = report(*(found(severity=each, root=(each,)) for each in several))
            assert made.status == min(several, key=order.index)
        assert report(found(severity=severity)).status == severity.value
    assert report().status == "ok"
    assert report(Passed("AUTH_NONE", Group.SUBMISSION, MAIL)).status == "ok"


def test_the_counts_are_complete_and_in_order() -> None:
    """Every key is there, zero or not."""
    assert list(report().counts.items()) == [
        ("ok", 0),
        ("notice", 0),
        ("warning", 0),
        ("unknown", 0),
        ("error", 0),
        ("critical", 0),
        ("skipped", 0),
    ]
    made = report(*(found(severity=severity, root=(severity, str(n))) for severity in Severity for n in range(severity.rank + 1)))
    assert [made.counts[severity] for severity in Severity] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("other", [replace(MAIL, ip="192.0.2.99"), replace(MAIL, ip=None)])
def test_a_fingerprint_does_not_care_for_the_address(other: Subject) -> None:
    """A server that has moved has the same fault as before."""
    assert found(subject=other).fingerprint(KUND) == found().fingerprint(KUND)


def test_a_fingerprint_is_of_code_domain_service_host_and_port() -> None:
    """Each of them makes another one; nothing else does."""
    usual = found()
    others = [
        found("CERT_WEAK").fingerprint(KUND),
        usual.fingerprint(Domain.parse("other.se")),
        *(
            found(subject=replace(MAIL, **{part: value})).fingerprint(KUND)
            for part, value in (
                ("service", "imap"),
                ("host", "imap.kund.se"),
                ("port", 994),
                ("service", None),
                ("host", None),
                ("port", None),
            )
        ),
    ]
    assert len({usual.fingerprint(KUND), *others}) == len(others) + 1
    same = found(
        severity=Severity.NOTICE,
        group=Group.DISCOVERY,
        root=("x",),
        args={"n": 1},
        also=(POP,),
        evidence=("e",),
        records=("r",),
        commands=("c",),
        affects=("apple",),
    )
    assert same.fingerprint(KUND) == replace(usual, owner=Owner.NETWORK).fingerprint(KUND) == usual.fingerprint(KUND)


def test_a_fingerprint_stays_what_it_is() -> None:
    """Others have it in their files: this value may never change."""
    assert found().fingerprint(KUND) == "910182d32555389a"


subjects = st.builds(Subject, st.sampled_from(["a.se", "b.se"]), st.sampled_from(["imap", None]), st.none(), st.sampled_from([143, None]))
findings = st.builds(
    found,
    st.sampled_from(["CERT_EXPIRED", "CERT_WEAK"]),
    subjects,
    st.sampled_from(Severity),
    root=st.sampled_from([None, (), ("a",)]),
    group=st.sampled_from(Group),
)
verdicts = st.one_of(
    findings,
    st.builds(Passed, st.just("CERT_WEAK"), st.sampled_from(Group), subjects),
    st.builds(Skipped, st.just("CERT_WEAK"), st.sampled_from(Group), subjects, findings),
)


@given(st.lists(verdicts, max_size=12))
def test_nothing_is_lost_and_nothing_is_told_twice(some: list[Verdict]) -> None:
    """Every subject of every finding is told, by a finding as bad as the worst of its cause; settling again changes nothing."""
    settled, passed, skipped = settle(some)
    own = [verdict for verdict in some if isinstance(verdict, Finding)]
    assert len({finding.cause for finding in settled if finding.root is not None}) == len([f for f in settled if f.root is not None])
    for finding in own:
        (became,) = [other for other in settled if other.cause == finding.cause]
        assert finding.subject in (became.subject, *became.also)
        assert became.severity.rank == max(other.severity.rank for other in own if other.cause == finding.cause)
    assert settle([*settled, *passed, *skipped]) == (settled, passed, skipped)

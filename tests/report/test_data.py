"""The report as data: exactly the contract's shape, key by key, in its order and types."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig import i18n
from autoconfig.address import Domain
from autoconfig.report.data import to_data, to_json
from tests.report.reports import COMMAND, RECORD, faulty, hostile, report, unfinished, well

EN = i18n.texts("en")

TOP = ["schema", "domain", "address", "started", "elapsed_ms", "status", "counts", "findings", "skipped", "clients", "stages"]
COUNTS = ["ok", "notice", "warning", "unknown", "error", "critical", "skipped"]
FINDING = {
    "code": str,
    "severity": str,
    "group": str,  # added to the contract's
    "subject": dict,
    "also": list,
    "args": dict,
    "message": str,
    "cause": str,
    "fix": dict,
    "evidence": list,
    "affects": list,
    "fingerprint": str,
}
SUBJECT = ["service", "host", "ip", "port"]


def test_the_top_has_every_key_in_order() -> None:
    """Also where all is well and nothing is there to tell."""
    for made in (faulty(), well(), report()):
        data = to_data(made, EN)
        assert list(data) == TOP
        assert list(data["counts"]) == COUNTS
        assert all(type(number) is int for number in data["counts"].values())
        assert (data["schema"], data["domain"], data["address"]) == ("autoconfig.report/1", "kund.se", None)
        assert (data["started"], data["elapsed_ms"]) == ("2026-11-23T08:00:00Z", 412)
        assert data["clients"] == []
        assert data["stages"] == [{"name": "delegation", "elapsed_ms": 120}, {"name": "endpoints", "elapsed_ms": 230}]


def test_status_and_counts_are_of_the_findings() -> None:
    """The worst, and how many of each."""
    data = to_data(faulty(), EN)
    assert data["status"] == "critical"
    assert data["counts"] == {"ok": 2, "notice": 0, "warning": 1, "unknown": 1, "error": 0, "critical": 1, "skipped": 1}
    assert type(data["status"]) is str
    assert to_data(well(), EN)["status"] == "ok"


def test_a_finding_has_every_key_in_order() -> None:
    """With values of plain types alone."""
    for finding in to_data(faulty(), EN)["findings"]:
        assert {name: type(value) for name, value in finding.items()} == FINDING
        assert list(finding) == list(FINDING)
        assert list(finding["fix"]) == ["owner", "text", "records", "commands"]
        for subject in (finding["subject"], *finding["also"]):
            assert list(subject) == [key for key in SUBJECT if key in subject]
            assert all(type(value) in (str, int) for value in subject.values())
        assert all(type(value) in (str, int, list) for value in finding["args"].values())


def test_a_finding_says_what_is_known() -> None:
    """One certificate at three places is one finding with two more subjects."""
    worst, unknown, missing = to_data(faulty(), EN)["findings"]
    assert (worst["code"], worst["severity"], worst["group"]) == ("CERT_NAME_MISMATCH", "critical", "certificates")
    assert worst["subject"] == {"service": "imaps", "host": "mail.kund.se", "ip": "192.0.2.20", "port": 993}
    assert worst["also"] == [
        {"service": "pop3s", "host": "mail.kund.se", "ip": "192.0.2.20", "port": 995},
        {"service": "pop3s", "host": "mail.kund.se", "ip": "2001:db8::20", "port": 995},
    ]
    assert worst["args"]["certificate_names"] == ["server7.host.se", "www.host.se"]
    assert (worst["fix"]["owner"], worst["fix"]["commands"], worst["affects"]) == ("provider", [COMMAND], ["thunderbird", "apple"])
    assert (unknown["code"], unknown["severity"], len(unknown["evidence"])) == ("DEADLINE", "unknown", 9)
    assert (missing["subject"], missing["fix"]["records"]) == ({"host": "autodiscover.kund.se"}, [RECORD])
    assert all("%(" not in finding["message"] + finding["cause"] + finding["fix"]["text"] for finding in (worst, unknown, missing))


def test_what_was_skipped_names_its_finding() -> None:
    """By the fingerprint that this finding has in the same report."""
    data = to_data(faulty(), EN)
    (skipped,) = data["skipped"]
    assert list(skipped) == ["check", "subject", "by"]
    assert skipped["check"] == "AUTH_NONE"
    assert skipped["by"] == data["findings"][0]["fingerprint"]


def test_names_are_a_labels_and_the_address_is_whole() -> None:
    """What other programs compare."""
    data = to_data(report(domain=Domain.parse("byrå.se"), address="anna@byrå.se"), EN)
    assert (data["domain"], data["address"]) == ("xn--byr-wla.se", "anna@xn--byr-wla.se")


def test_the_language_changes_texts_alone() -> None:
    """Codes, owners and severities are for programs."""
    english, swedish = (to_data(faulty(), i18n.texts(language)) for language in ("en", "sv"))
    for data in (english, swedish):
        for finding in data["findings"]:
            del finding["message"], finding["cause"], finding["fix"]["text"]
    assert english == swedish


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
@pytest.mark.parametrize("make", [faulty, well, hostile])
def test_json_is_what_the_data_is_in_every_encoding(make, encoding: str) -> None:
    """And on one line, unless it is to be read by people; no control character is among it."""
    data = to_data(make(), EN)
    line = to_json(data, encoding=encoding)
    assert json.loads(line) == data
    assert line.isprintable()
    line.encode(encoding)
    assert json.loads(to_json(data, indent=2, encoding=encoding)) == data


def test_letters_stay_letters() -> None:
    """Where the encoding has them."""
    assert to_json("Åland ✓") == '"Åland ✓"'
    assert to_json("Åland", encoding="latin-1") == '"Åland"'
    assert to_json("Åland ✓", encoding="latin-1") == '"\\u00c5land \\u2713"'


@given(
    st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)), st.sampled_from([None, 2])
)
def test_any_data_comes_back(value: object, indent: int | None) -> None:
    """Half surrogate pairs as well."""
    for encoding in ("utf-8", "ascii", "latin-1"):
        text = to_json(value, indent=indent, encoding=encoding)
        assert json.loads(text) == value
        text.encode(encoding)
        assert all(line.isprintable() for line in text.split("\n"))


def test_a_deadline_tells_what_was_not_finished() -> None:
    """In its message, for people who read no evidence."""
    (finding,) = to_data(report(unfinished()), EN)["findings"]
    assert "DNS MX kund.se" in finding["message"]

"""The report as a page: well-formed, everything in it, and nothing that a server says is markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.findings import Report
from tests.report.reports import COMMAND, HOSTILE, RECORD, faulty, hostile, report, reports, tell, well, whole

VOID = {"meta", "link", "br", "img", "hr", "input"}
# Nothing else may come out of the template: what a server says makes no element.
KNOWN = {"html", "head", "title", "style", "body", "main", "article", "header", "h1", "h2", "h3", "h4", "div", "p", "ul", "li"}
KNOWN |= {"span", "strong", "a", "dl", "dt", "dd", "pre", "code", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"} | VOID


class Reader(HTMLParser):
    """Says what stands on the page; a tag that does not fit is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        assert tag in KNOWN, tag
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Hold it against the one that is open."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep it, but for the style."""
        if self.open and self.open[-1] != "style":
            self.text.append(data)


def words(text: str) -> str:
    """What a reader sees."""
    return " ".join("".join(Reader(text).text).split())


def test_everything_is_on_the_page() -> None:
    """Place, evidence, programs, why, what to do, who, and what to copy."""
    shown = words(tell("html", whole()))
    for part in (
        "Mail check of kund.se",
        "1 critical · 1 unknown · 1 warning",
        "2026-11-23 08:00 UTC · 0.41 s",
        "The certificate that mail.kund.se shows is not for that name",
        "critical · CERT_NAME_MISMATCH",
        "mail.kund.se · imaps 993, pop3s 995 · 192.0.2.20, 2001:db8::20",
        "mail.kund.se:995 [2001:db8::20] shows a certificate for server7.host.se",
        "Thunderbird, Apple Mail",
        "Issue a certificate that has mail.kund.se among its names",
        "Do this (the mail host)",
        "Do this (the owner of the domain)",
        COMMAND,
        RECORD,
        "mail.kund.se turns everybody away on port 993",
        "https://autoconfig.kund.se/mail/config-v1.1.xml",
        "AUTH_NONE: skipped because of CERT_NAME_MISMATCH",
    ):
        assert part in shown, part


def test_what_is_to_be_copied_is_a_block_of_its_own() -> None:
    """Without a prompt, line for line."""
    assert f"<pre>{RECORD}</pre>" in tell("html", faulty())
    assert f"<pre>{COMMAND}</pre>" in tell("html", faulty())


def test_nothing_is_fetched() -> None:
    """No address but those within the page; the policy forbids all others."""
    page = tell("html", whole(), well())
    for tag, attributes in Reader(page).seen:
        assert not {"src", "srcset", "background", "onclick", "onload", "style"} & set(attributes), tag
        assert (attributes.get("href") or "#").startswith(("#", "data:,")), attributes
    assert "default-src 'none'" in page
    assert not re.search(r"url\(|@import|<script", page)


def test_several_reports_are_one_page() -> None:
    """With a list of them at its head that leads to each."""
    page = tell("html", faulty(), well(), hostile())
    shown = words(page)
    assert shown.startswith("Mail check of 3 domains")
    links = [attributes["href"] for tag, attributes in Reader(page).seen if tag == "a"]
    ids = [f"#{attributes['id']}" for _, attributes in Reader(page).seen if "id" in attributes]
    assert links == ["#report-1", "#report-2", "#report-3"]
    assert set(links) <= set(ids)
    assert len(ids) == len(set(ids))
    assert "3 ok" in shown


def test_the_language_is_said() -> None:
    """For whoever has it read aloud."""
    assert ("html", {"lang": "sv"}) in Reader(tell("html", faulty(), language="sv")).seen
    assert ("html", {"lang": "en"}) in Reader(tell("html", faulty())).seen


def test_everything_unfolds_on_demand() -> None:
    """-v opens what is well."""
    folded, unfolded = (Reader(tell("html", faulty(), everything=everything)).seen for everything in (False, True))
    assert [attributes for tag, attributes in folded if tag == "details"] == [{}, {}]
    assert all("open" in attributes for tag, attributes in unfolded if tag == "details")


@pytest.mark.parametrize("text", [HOSTILE, "</pre></article><script>alert(1)</script>", "{{ 7 * 7 }}", '" onload="x', "x" * 10_000])
def test_a_hostile_server_makes_no_markup(text: str) -> None:
    """Nor can it turn the direction of reading."""
    page = tell("html", hostile(text))
    assert "49" not in words(page).replace(text, "") or "7 * 7" not in text
    assert all(line.isprintable() for line in page.splitlines())


@given(st.lists(reports(), max_size=3))
def test_any_report_is_well_formed(made: list[Report]) -> None:
    """Whatever a server says."""
    words(tell("html", *made))


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "iso-8859-1"])
def test_the_encoding_is_what_it_says(encoding: str) -> None:
    """Where the terminal has another, all that is not ASCII is a reference."""
    page = tell("html", hostile("Åland ✓"), encoding=encoding).encode(encoding).decode("utf-8")
    assert "Åland ✓" in words(page)
    assert "3 ok" in words(tell("html", report(*well().passed), encoding=encoding))

"""The mail to the customer: what is theirs to do and nothing else, in plain text that can be copied from."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig import i18n
from autoconfig.address import Domain
from autoconfig.findings import Owner, Report, Severity
from autoconfig.model import Account, ClientConfig, Protocol, Provider, Server, Support, TLSMode
from autoconfig.report.formats import FORMATS
from autoconfig.report.telling import Manner, Told
from tests.report.reports import IMAPS, RECORD, faulty, missing_name, report, reports, server_name, tell, unfinished, well

GUIDE = "https://autoconfig.karlahosting.se/guide/kund.se"


def config() -> ClientConfig:
    """What KarlaHosting has for kund.se."""
    servers = (Server(Domain.parse(name), port, TLSMode.IMPLICIT) for name, port in (("imap.host.se", 993), ("smtp.host.se", 465)))
    support = Support(url="https://karlahosting.se/%EMAILDOMAIN%", email="support@karlahosting.se", phone="08-123 45 67")
    provider = Provider("karla", "KarlaHosting", "Karla", (), support=support)
    return ClientConfig(Domain.parse("kund.se"), provider, (Account(Protocol.IMAP, *servers),))


def mail(made: Report, language: str = "en") -> str:
    """The mail of KarlaHosting about *made*."""
    texts = i18n.texts(language)
    return FORMATS["answer"].write([Told(made, texts, config(), GUIDE)], Manner(texts))


def flat(text: str) -> str:
    """The words without their line breaks."""
    return " ".join(text.split())


def test_the_whole_mail() -> None:
    """Subject, greeting, what to do, what to copy, that we are on the rest, the guide, who signs."""
    assert mail(report(missing_name(), server_name(IMAPS))) == (
        "Subject: Mail for kund.se: what you can do\n\n"
        "Hello,\n\n"
        "We have looked at how the mail for kund.se is set up. One thing is in\n"
        "your hands, and only you can put it right:\n\n"
        "Missing in the DNS: autodiscover.kund.se.\n\n"
        "Add the records to the DNS of the domain; they usually begin to work\n"
        "within the hour.\n\n"
        "To copy, exactly as it stands:\n\n"
        f"    {RECORD}\n\n"
        "We have also found something on our side. We are on it; you need not do\n"
        "anything about that.\n\n"
        "A change can take some hours until it is seen everywhere. After that\n"
        "mail programs mostly find their way by themselves.\n\n"
        "How to set up mail in a phone or a computer, step by step:\n"
        f"{GUIDE}\n\n"
        "If something is unclear, just reply to this mail, and we will help.\n\n"
        "Kind regards\nKarlaHosting\nsupport@karlahosting.se\n08-123 45 67\nhttps://karlahosting.se/kund.se\n"
    )


@pytest.mark.parametrize(
    ("made", "subject", "said"),
    [
        (well(), "all is well", "Everything is as it should be"),
        (report(replace(missing_name(), severity=Severity.NOTICE, records=())), "all is well", "there is nothing that you need to do"),
        (report(server_name(IMAPS)), "we are on it", "On your side everything is as it should be"),
        (report(unfinished()), "we will look once more", "Something could not be found out this time"),
        (faulty(), "what you can do", "One thing is in your hands"),
        (report(replace(missing_name(), severity=Severity.NOTICE)), "what you can do", RECORD),
    ],
)
def test_the_subject_says_whose_turn_it_is(made: Report, subject: str, said: str) -> None:
    """And a customer who has nothing to do is told so kindly."""
    told = mail(made)
    assert told.startswith(f"Subject: Mail for kund.se: {subject}\n\n")
    assert said in flat(told)


def test_what_is_unknown_is_not_called_well() -> None:
    """We have not seen it."""
    assert "as it should be" not in mail(report(unfinished()))


def test_what_the_host_must_do_is_no_burden() -> None:
    """Neither its words nor its commands are in the mail."""
    told = mail(report(server_name(IMAPS), missing_name()))
    assert "certificate" not in told
    assert "whmapi1" not in told


def test_several_things_are_numbered() -> None:
    """And the one at the registrar says where."""
    other = replace(missing_name(), root=("other",), owner=Owner.REGISTRAR)
    told = mail(report(missing_name(), other))
    assert "2 things are in your hands" in flat(told)
    assert "\n1. Missing" in told
    assert "\n2. Missing" in told
    assert "the company where you have registered the domain" in flat(told)


def test_a_domain_of_nobody_is_answered_as_well() -> None:
    """Without a guide, signed by support."""
    told = tell("answer", faulty())
    assert told.endswith("Kind regards\nSupport\n")
    assert "guide" not in told


@given(st.lists(reports(), max_size=3), st.sampled_from(["en", "sv"]))
def test_any_report_is_plain_text(made: list[Report], language: str) -> None:
    """Whatever a server says; the first line is the subject, and a record is one line."""
    told = tell("answer", *made, language=language)
    assert all(line.isprintable() for line in told.splitlines())
    assert "\r" not in told
    for each in made:
        lines = mail(each).splitlines()
        assert lines[0].startswith("Subject: ")
        assert lines[1] == ""

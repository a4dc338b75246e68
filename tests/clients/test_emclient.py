"""eM Client, as its maker lists what it tries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.clients.emclient import CLIENT
from autoconfig.clients.outcome import Outcome, Result
from tests.clients.made import AUTOCONFIG, AUTODISCOVER, IMAP, SMTP, answers, document, page, search
from tests.clients.test_outlook import GOOD

SRV = {
    "_imaps._tcp.kund.se": {"SRV": ["20 0 993 b.kund.se", "10 0 993 a.kund.se"]},
    "_submission._tcp.kund.se": {"SRV": ["0 0 587 a.kund.se"]},
}


def test_srv_records_come_first() -> None:
    """The one with the lowest priority is used."""
    outcome = search(CLIENT, page(AUTODISCOVER, GOOD), dns=SRV)
    assert (outcome.result, outcome.source, outcome.via) == (Result.AUTOMATIC, "srv", "_imaps._tcp.kund.se")
    assert [choice.host for choice in outcome.incoming] == ["a.kund.se", "b.kund.se"]
    assert outcome.requests == ()


def test_then_autodiscover() -> None:
    """At the domain, then at its autodiscover host."""
    outcome = search(CLIENT, page(("autodiscover.kund.se", "/autodiscover/autodiscover.xml"), GOOD), open=(993, 587))
    assert (outcome.source, outcome.incoming[0].username) == ("autodiscover", "anna@kund.se")
    assert [request.split("//")[1].split("/")[0] for request in outcome.requests] == ["kund.se", "autodiscover.kund.se"]


def test_then_the_usual_names() -> None:
    """Those that answer."""
    outcome = search(CLIENT, open=(143, 587))
    assert (outcome.source, outcome.incoming[0].port, outcome.outgoing[0].port) == ("guess", 143, 587)


@pytest.mark.parametrize("open", [(), (993,)])
def test_autoconfig_is_not_in_its_list(open: tuple[int, ...]) -> None:
    """And one side alone is nothing."""
    outcome = search(CLIENT, page(AUTOCONFIG, document(IMAP, SMTP)), open=open)
    assert (outcome.result, outcome.why) == (Result.MANUAL, "NOTHING_FOUND")


@given(answers(AUTODISCOVER), st.sampled_from(["anna@kund.se", "anna", "@", "Ånna@kund.se", '"a b"@kund.se']))
def test_searching_never_fails(pages: list[dict[str, object]], email: str) -> None:
    """In whatever world, for whatever is typed."""
    assert isinstance(search(CLIENT, *pages, email=email), Outcome)

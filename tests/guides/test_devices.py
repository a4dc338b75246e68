"""Which guide comes first for a browser."""

from __future__ import annotations

import time

import pytest

from autoconfig.errors import UsageError
from autoconfig.guides.clients import TITLES, ClientName
from autoconfig.guides.devices import client_of
from autoconfig.i18n import texts

_WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_BLINK = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"

AGENTS = [
    (f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {_WEBKIT} Version/18.5 Mobile/15E148 Safari/604.1", "iphone"),
    (f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {_WEBKIT} CriOS/142.0.7444.77 Mobile/15E148 Safari/604.1", "iphone"),
    (f"Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) {_WEBKIT} Version/17.7 Mobile/15E148 Safari/604.1", "iphone"),
    (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Version/18.5 Safari/605.1.15", "mac"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0", "mac"),
    (f"Mozilla/5.0 (Linux; Android 10; K) {_BLINK} Mobile Safari/537.36", "gmail"),
    ("Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0", "gmail"),
    (f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {_BLINK} Mobile Safari/537.36", "gmail"),
    (f"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 {_BLINK} Mobile", "samsung"),
    (f"Mozilla/5.0 (Linux; Android 14; SM-S921B) {_BLINK} Mobile Safari/537.36", "samsung"),
    (f"Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-A536B) {_BLINK} Mobile", "samsung"),
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_BLINK} Safari/537.36 Edg/142.0.0.0", "outlook"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0", "outlook"),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "thunderbird"),
    (f"Mozilla/5.0 (X11; Linux x86_64) {_BLINK} Safari/537.36", "thunderbird"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Thunderbird/140.5.0", "thunderbird"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Thunderbird/140.5.0", "thunderbird"),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.5.0", "thunderbird"),
    ("Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) Edge/15 like iPhone", "other"),
    (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {_BLINK} Safari/537.36", "other"),
    ("curl/8.14.1", "other"),
    ("", "other"),
    (None, "other"),
]


@pytest.mark.parametrize(("agent", "client"), AGENTS)
def test_a_browser_gets_the_guide_of_its_device(agent, client):
    """The table is of real User-Agents; what is not known gets the guide for any program."""
    assert client_of(agent) == client


@pytest.mark.parametrize("agent", ["A" * 1_000_000, "Android " * 200_000, "Android; SM-" * 100_000, "\x00\ud800\n(", "(iPhone" * 99_999])
def test_a_hostile_user_agent_costs_nothing(agent):
    """Only the beginning is looked at, so that length never buys time."""
    started = time.process_time()
    assert client_of(agent) in ClientName
    assert time.process_time() - started < 0.1


@pytest.mark.parametrize("language", ["en", "sv"])
@pytest.mark.parametrize(
    ("client", "name"),
    [("iphone", "iPhone"), ("gmail", "Android"), ("samsung", "Android"), ("outlook", "Outlook")],
)
def test_a_title_names_the_device(client, name, language):
    """The contract: the first heading of a guide contains "iPhone", "Android" or "Outlook" for those browsers."""
    assert name in texts(language).gettext(TITLES[ClientName(client)])


def test_every_client_has_a_title():
    """A guide without a title could not be offered."""
    assert set(TITLES) == set(ClientName)


@pytest.mark.parametrize(
    ("name", "client"), [("apple", "iphone"), ("aerc", "other"), (" Thunderbird ", "thunderbird"), ("fairemail-play", "fairemail")]
)
def test_the_names_of_checked_clients_lead_to_a_guide(name, client):
    """`autoconfig guide --client` takes every name that `check` takes."""
    assert ClientName.parse(name) == client


def test_an_unknown_client_is_refused_with_the_known_ones():
    """Whoever mistypes a name is told the right ones."""
    with pytest.raises(UsageError, match="there is no guide for pine; there are iphone, mac"):
        ClientName.parse("pine")

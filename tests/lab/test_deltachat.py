"""Real Delta Chat, given an address and a password, logs in at the right servers by every way in that it knows."""

from __future__ import annotations

import pytest

from .ca import Authority
from .deltachat import DeltaChat
from .outcome import Outcome, Server
from .service import Service
from .webfront import Site
from .world import HOST, KARLAHOSTING, STARTTLS, World, customers

pytestmark = pytest.mark.lab

AUTODISCOVER = "/autodiscover/autodiscover.xml"
WELL_KNOWN = "/.well-known/autoconfig/mail/config-v1.1.xml"


@pytest.fixture(scope="module", autouse=True)
def ways_in(world: World, service: Service, authority: Authority) -> None:
    """One way in for each domain, by https."""
    implicit = ("dc-query.test", "dc-wellknown.test", "dc-domain.test", "dc-host.test")
    service.import_settings(KARLAHOSTING + STARTTLS + customers(*implicit) + customers("dc-s.test", "dc-s-host.test", provider="starttls"))
    paths = {
        "autoconfig.dc-query.test": "/",
        "dc-wellknown.test": "/.well-known/",
        "dc-domain.test": "/autodiscover/",
        "autodiscover.dc-host.test": "/",
        "autoconfig.dc-s.test": "/",
        "autodiscover.dc-s-host.test": "/",
        # Not ours; but the program guesses mail.DOMAIN, and is let in there.
        **{f"{label}dc-okand.test": "/" for label in ("autoconfig.", "autodiscover.", "")},
    }
    world.serve({host: Site(authority.issue(host), paths=(path,)) for host, path in paths.items()})


def _candidates(kind: str, address: str, port: int, *security: str, login: str) -> tuple[Server, ...]:
    return tuple(Server(kind, HOST, port, how, address if how == login else None, auth=None) for how in security)


@pytest.mark.parametrize(
    ("domain", "source", "asked"),
    [
        ("dc-query.test", "autoconfig-https", "https://autoconfig.dc-query.test/mail/config-v1.1.xml?emailaddress=anna%40dc%2Dquery.test"),
        ("dc-wellknown.test", "well-known-https", f"https://dc-wellknown.test{WELL_KNOWN}"),
    ],
)
def test_from_the_xml(world: World, deltachat: DeltaChat, domain: str, source: str, asked: str) -> None:
    """With the address in the query and, by well-known, without: the host's own servers, of which there is one for each way."""
    address = f"anna@{domain}"
    assert deltachat.find_config(address) == Outcome(
        source=source,
        incoming=_candidates("imap", address, 993, "SSL", login="SSL"),
        outgoing=_candidates("smtp", address, 465, "SSL", login="SSL"),
    )
    assert world.asked(domain)[-1] == f"GET {asked} 200"


@pytest.mark.parametrize(
    ("domain", "source", "asked"),
    [
        ("dc-domain.test", "autodiscover-domain", f"https://dc-domain.test{AUTODISCOVER}"),
        ("dc-host.test", "autodiscover-host", f"https://autodiscover.dc-host.test{AUTODISCOVER}"),
    ],
)
def test_from_autodiscover(world: World, deltachat: DeltaChat, domain: str, source: str, asked: str) -> None:
    """A GET that names no address is answered for the domain in Host; the first of what the program makes of "on" is right."""
    address = f"anna@{domain}"
    assert deltachat.find_config(address) == Outcome(
        source=source,
        incoming=_candidates("imap", address, 993, "SSL", "STARTTLS", login="SSL"),
        outgoing=_candidates("smtp", address, 465, "SSL", "STARTTLS", login="SSL"),
    )
    assert world.asked(domain)[-1] == f"GET {asked} 200"


def test_starttls_from_the_xml(deltachat: DeltaChat) -> None:
    """STARTTLS is said, and nothing else tried."""
    address = "anna@dc-s.test"
    assert deltachat.find_config(address) == Outcome(
        source="autoconfig-https",
        incoming=_candidates("imap", address, 143, "STARTTLS", login="STARTTLS"),
        outgoing=_candidates("smtp", address, 587, "STARTTLS", login="STARTTLS"),
    )


def test_starttls_from_autodiscover(deltachat: DeltaChat) -> None:
    """Autodiscover has no word for it that this program reads (2.65): it tries TLS at the port, and then STARTTLS succeeds."""
    address = "anna@dc-s-host.test"
    assert deltachat.find_config(address) == Outcome(
        source="autodiscover-host",
        incoming=_candidates("imap", address, 143, "SSL", "STARTTLS", login="STARTTLS"),
        outgoing=_candidates("smtp", address, 587, "SSL", "STARTTLS", login="STARTTLS"),
    )


def test_a_capital_letter(deltachat: DeltaChat) -> None:
    """The program writes the address in lower case itself, and finds what is there."""
    outcome = deltachat.find_config("Anna@DC-Host.test")
    assert outcome.source == "autodiscover-host"
    assert outcome.incoming[0] == Server("imap", HOST, 993, "SSL", "anna@dc-host.test", auth=None)


def test_a_domain_that_is_not_ours(world: World, deltachat: DeltaChat) -> None:
    """Nothing that we answer ends the search: every way in is asked, none says yes, and the program is left to its own guesses."""
    outcome = deltachat.find_config("anna@dc-okand.test")
    assert {server.hostname for server in outcome.incoming} == {"imap.dc-okand.test", "mail.dc-okand.test", "dc-okand.test"}
    assert world.asked("dc-okand.test") == [
        "GET https://autoconfig.dc-okand.test/mail/config-v1.1.xml?emailaddress=anna%40dc%2Dokand.test 404",
        f"GET https://dc-okand.test{WELL_KNOWN} 404",
        f"GET https://dc-okand.test{AUTODISCOVER} 404",
        f"GET https://autodiscover.dc-okand.test{AUTODISCOVER} 404",
    ]

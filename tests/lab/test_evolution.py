"""Real Evolution, given only an address, finds the right servers through our running service."""

from __future__ import annotations

import pytest

from .ca import Authority
from .evolution import Evolution
from .outcome import Outcome, Server
from .service import Service
from .webfront import Site
from .world import HOST, KARLAHOSTING, STARTTLS, World, customers

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module", autouse=True)
def ways_in(world: World, service: Service, authority: Authority) -> None:
    """Domains with autoconfig.DOMAIN, and one with nothing but its own https site."""
    service.import_settings(
        KARLAHOSTING + STARTTLS + customers("ev-kund.test", "ev-wellknown.test") + customers("ev-s.test", provider="starttls")
    )
    hosts = ("autoconfig.ev-kund.test", "ev-wellknown.test", "autoconfig.ev-s.test", "autoconfig.ev-okand.test")
    world.serve({host: Site(authority.issue(host), http=True) for host in hosts})


def _found(address: str, *servers: tuple[str, str, int], security: str = "SSL") -> Outcome:
    # "LOGIN" is its word for a password in the clear, and none at all is its default, which is the same (3.46).
    found = [Server(kind, host, port, security, address, "LOGIN" if kind == "smtp" else None) for kind, host, port in servers]
    return Outcome(incoming=tuple(found[:-1]), outgoing=(found[-1],))


@pytest.mark.parametrize("domain", ["ev-kund.test", "ev-wellknown.test"])
def test_imap_pop_and_sending(evolution: Evolution, domain: str) -> None:
    """The last server of each type wins (3.46), and there is one of each; the POP server's host name arrives whole."""
    address = f"anna@{domain}"
    expected = _found(address, ("imap", HOST, 993), ("pop3", f"mail.{domain}", 995), ("smtp", HOST, 465))
    assert evolution.find_config(address) == expected


def test_the_user_is_the_person_and_not_evolution(world: World, evolution: Evolution) -> None:
    """Evolution asks for EVOLUTIONUSER@ev-kund.test (3.46), and fills in the address itself."""
    outcome = evolution.find_config("Anna@ev-kund.test")
    assert {server.username for server in (*outcome.incoming, *outcome.outgoing)} == {"Anna@ev-kund.test"}
    assert "EVOLUTIONUSER%40ev-kund.test" in world.asked("ev-kund.test")[-1]


def test_starttls(evolution: Evolution) -> None:
    """Evolution has STARTTLS where we say so."""
    address = "anna@ev-s.test"
    servers = (("imap", HOST, 143), ("pop3", "mail.ev-s.test", 110), ("smtp", HOST, 587))
    assert evolution.find_config(address) == _found(address, *servers, security="STARTTLS")


def test_a_domain_that_is_not_ours(world: World, evolution: Evolution) -> None:
    """Evolution ends without servers, by https and by plain http."""
    outcome = evolution.find_config("anna@ev-okand.test")
    assert not outcome.incoming
    assert not outcome.outgoing
    assert [request.rsplit(" ", 1)[1] for request in world.asked("ev-okand.test")] == ["404", "404"]

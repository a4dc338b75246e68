"""Real Thunderbird, given only an address, is configured through our running service, or finds nothing where we say nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from .ca import Authority, Fault
from .network import wait_until
from .outcome import NOTHING, Outcome, Server
from .service import Service
from .thunderbird import Thunderbird
from .webfront import Site
from .world import HOST, KARLAHOSTING, World, customers

pytestmark = pytest.mark.lab

SETTINGS = f"""
{KARLAHOSTING}
{customers("karlahosting.test", "kund.test", "byrå.test", "hemsida.test", "flytt.test", "paus.test")}
[[domain]]
name = "poppen.test"
provider = "karlahosting"
protocols = ["pop3", "imap"]

[[domain]]
name = "vilande.test"
provider = "karlahosting"
suspended = true
"""
MOVED = """
[[domain]]
name = "flytt.test"
provider = "karlahosting"
[[domain.account]]
protocol = "imap"
incoming = { host = "ny.karlahosting.test" }
"""
BYRA = "xn--byr-wla.test"  # byrå.test


NOT_QUICK = 2.0  # seconds; one host that hangs costs 5
FOLLOWED_WITHIN = 2.0  # seconds from a change to its being served: the contract


def _domain_with(fault: Fault) -> str:
    return f"{fault.replace('_', '-')}.test"


def _found(address: str, *incoming: tuple[str, str, int], outgoing: str) -> Outcome:
    """Return what Thunderbird finds at our service: *incoming* are type, host and port, the first of them chosen."""
    first, *others = (Server(kind, host, port, "SSL", address) for kind, host, port in incoming)
    return Outcome(
        source="xml-from-isp-https",
        incoming=(first,),
        outgoing=(Server("smtp", outgoing, 465, "SSL", address),),
        alternatives=tuple(others),
    )


def _imap_first(address: str, domain: str) -> Outcome:
    return _found(address, ("imap", HOST, 993), ("pop3", f"mail.{domain}", 995), outgoing=HOST)


@pytest.fixture(scope="module", autouse=True)
def ways_in(world: World, service: Service, authority: Authority) -> None:
    """The customers' domains, each with autoconfig.DOMAIN at our service, but hemsida.test with nothing but its own https site."""
    service.import_settings(SETTINGS + customers(*(_domain_with(fault) for fault in Fault)))
    named = [f"autoconfig.{domain}" for domain in ("karlahosting.test", "kund.test", BYRA, "poppen.test", "flytt.test", "paus.test")]
    # These two have every way in that there is, so that nothing but our answer can be the reason for finding nothing.
    silent = [f"{label}{domain}" for domain in ("vilande.test", "okand.test") for label in ("autoconfig.", "autodiscover.", "")]
    bad = {f"autoconfig.{_domain_with(fault)}": fault for fault in Fault}
    sites = {host: Site(authority.issue(host, fault=bad.get(host)), http=True) for host in (*named, *silent, *bad)}
    world.serve({**sites, "hemsida.test": Site(authority.issue("hemsida.test"))})


def test_imap_at_the_host_comes_first_and_pop_at_the_domain_second(world: World, thunderbird: Thunderbird) -> None:
    """The host's rule arrives: IMAP and sending at the host's server, POP at mail.kund.test as the alternative."""
    assert thunderbird.find_config("anna@kund.test") == _imap_first("anna@kund.test", "kund.test")


def test_an_upper_case_address(world: World, thunderbird: Thunderbird) -> None:
    """The address is found in any letter case and stays as it was typed, in the user name too."""
    assert thunderbird.find_config("Anna@KUND.TEST") == _imap_first("Anna@KUND.TEST", "kund.test")


def test_an_internationalised_domain_as_a_label(world: World, thunderbird: Thunderbird) -> None:
    """The A-label form works as any domain."""
    assert thunderbird.find_config(f"anna@{BYRA}") == _imap_first(f"anna@{BYRA}", BYRA)


def test_an_internationalised_domain_as_people_write_it_is_refused_by_thunderbird(world: World, thunderbird: Thunderbird) -> None:
    """Thunderbird 153.7 takes no U-label for a host name (InputSanitizer.hostname) and gives up before it asks anybody."""
    assert thunderbird.find_config("ulabel@byrå.test") == NOTHING
    assert not world.asked("ulabel")


def test_a_domain_with_well_known_only(world: World, thunderbird: Thunderbird) -> None:
    """https://D/.well-known/autoconfig/ is enough: no autoconfig name in the DNS, no plain http."""
    assert thunderbird.find_config("anna@hemsida.test") == _imap_first("anna@hemsida.test", "hemsida.test")


def test_a_pop_first_domain(world: World, thunderbird: Thunderbird) -> None:
    """Where POP is preferred, the domain's own server is chosen for both ways, with IMAP as the alternative."""
    address = "anna@poppen.test"
    expected = _found(address, ("pop3", "mail.poppen.test", 995), ("imap", HOST, 993), outgoing="mail.poppen.test")
    assert thunderbird.find_config(address) == expected


@pytest.mark.parametrize("domain", ["okand.test", "vilande.test"])
def test_nothing_is_found_quickly_where_we_say_nothing(world: World, thunderbird: Thunderbird, domain: str) -> None:
    """For a domain that is not ours, and for a suspended one, every way in answers at once, and never with success."""
    outcome = thunderbird.find_config(f"anna@{domain}")
    assert outcome == NOTHING
    assert outcome.elapsed < NOT_QUICK
    ways_in = {f"{scheme}://{label}{domain}" for scheme in ("https", "http") for label in ("", "autoconfig.")}
    wait_until(lambda: ways_in <= {_origin(request) for request in world.asked(domain)}, "request by every way in", seconds=1)
    assert {request.rsplit(" ", 1)[1] for request in world.asked(domain)} == {"404"}


def _origin(request: str) -> str:
    _, url, _ = request.split(" ")
    return "/".join(url.split("/")[:3])


def test_an_import_is_found_by_the_next_lookup(world: World, service: Service, thunderbird: Thunderbird) -> None:
    """A change made by a command while the service runs is served by every worker within two seconds."""
    address = "anna@flytt.test"
    assert thunderbird.find_config(address) == _imap_first(address, "flytt.test")
    service.import_settings(MOVED)
    expected = _found(address, ("imap", "ny.karlahosting.test", 993), ("pop3", "mail.flytt.test", 995), outgoing=HOST)
    wait_until(lambda: thunderbird.find_config(address) == expected, "new settings", FOLLOWED_WITHIN)


def test_a_suspended_domain_is_gone_until_it_is_active_again(world: World, service: Service, thunderbird: Thunderbird) -> None:
    """`autoconfig domain set` is followed both ways."""
    address = "anna@paus.test"
    expected = _imap_first(address, "paus.test")
    assert thunderbird.find_config(address) == expected
    service.command("domain", "set", "paus.test", "--suspended")
    wait_until(lambda: thunderbird.find_config(address) == NOTHING, "silence", FOLLOWED_WITHIN)
    service.command("domain", "set", "paus.test", "--active")
    wait_until(lambda: thunderbird.find_config(address) == expected, "new settings", FOLLOWED_WITHIN)


@pytest.mark.parametrize("fault", Fault)
def test_a_bad_certificate_sends_thunderbird_to_plain_http(world: World, thunderbird: Thunderbird, fault: Fault) -> None:
    """Thunderbird 153.7 warns nobody of a bad certificate: it takes the same answer over plain http, where anybody may forge it."""
    domain = _domain_with(fault)
    expected = replace(_imap_first(f"anna@{domain}", domain), source="xml-from-isp-http")
    assert thunderbird.find_config(f"anna@{domain}") == expected

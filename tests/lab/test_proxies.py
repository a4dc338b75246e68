"""What we tell operators to put in front of the service does what it should: Caddy, with certificates on demand, and nginx."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest

from . import caddy as caddy_program
from . import webfront
from .ca import Authority
from .caddy import Caddy
from .network import Network
from .outcome import NOTHING, Outcome, Server
from .service import Service
from .thunderbird import Thunderbird
from .world import HOST, KARLAHOSTING, World, customers

pytestmark = pytest.mark.lab

OURS = tuple(f"{label}px-kund.test" for label in ("autoconfig.", "autodiscover.", "ua-auto-config."))
PASSWORD = "ogissbart-9c1d"
STRANGE = (
    "autoconfig.px-okand.test",
    "px-okand.test",
    "autoconfig.px-vilande.test",
    "www.px-kund.test",
    "autoconfig.autoconfig.px-kund.test",
)
SUSPENDED = '\n[[domain]]\nname = "px-vilande.test"\nprovider = "karlahosting"\nsuspended = true\n'


@pytest.fixture(scope="module", autouse=True)
def settings(service: Service) -> None:
    """A customer, and one who is suspended."""
    service.import_settings(KARLAHOSTING + customers("px-kund.test") + SUSPENDED)


@pytest.fixture(scope="module")
def caddy_thunderbird(network: Network, caddy: Caddy) -> Iterator[Thunderbird]:
    """A Thunderbird that trusts Caddy's own authority."""
    with Thunderbird(network, caddy.certificate) as thunderbird:
        yield thunderbird


def _shake_hands(network: Network, address: str, host: str, authority: Path) -> None:
    trust = ssl.create_default_context(cafile=str(authority))
    with network.connect(address, 443) as plain, trust.wrap_socket(plain, server_hostname=host):
        pass


def _ask(network: Network, address: str, host: str, path: str, authority: Path | None = None) -> HTTPResponse:
    """Ask by https where there is an *authority* to trust, else by plain http."""
    with network.connect(address, 443 if authority else 80) as connection:
        if authority:
            connection = ssl.create_default_context(cafile=str(authority)).wrap_socket(connection, server_hostname=host)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        response = HTTPResponse(connection)
        response.begin()
        response.read()
        connection.close()
        return response


def _found(source: str, address: str, domain: str) -> Outcome:
    return Outcome(
        source,
        incoming=(Server("imap", HOST, 993, "SSL", address),),
        outgoing=(Server("smtp", HOST, 465, "SSL", address),),
        alternatives=(Server("pop3", f"mail.{domain}", 995, "SSL", address),),
    )


@pytest.mark.parametrize("host", [*OURS, "px-kund.test"])
def test_caddy_issues_for_a_customers_names(network: Network, caddy: Caddy, host: str) -> None:
    """/tls/allowed says yes, and the handshake ends with a certificate for the name."""
    _shake_hands(network, caddy_program.ADDRESS, host, caddy.certificate)


@pytest.mark.parametrize("host", STRANGE)
def test_caddy_refuses_all_other_names(network: Network, caddy: Caddy, host: str) -> None:
    """/tls/allowed says no, and there is no handshake: nobody can make the proxy fetch certificates without end."""
    with pytest.raises((ssl.SSLError, ConnectionError)) as refusal:
        _shake_hands(network, caddy_program.ADDRESS, host, caddy.certificate)
    assert not isinstance(refusal.value, ssl.SSLCertVerificationError)


def test_thunderbird_is_configured_through_caddy(world: World, caddy_thunderbird: Thunderbird) -> None:
    """By its own XML and by https, with a certificate that did not exist before."""
    world.publish(["autoconfig.px-kund.test"], caddy_program.ADDRESS)
    assert caddy_thunderbird.find_config("anna@px-kund.test") == _found("xml-from-isp-https", "anna@px-kund.test", "px-kund.test")


def test_thunderbird_is_configured_through_caddy_and_autodiscover(world: World, caddy: Caddy, caddy_thunderbird: Thunderbird) -> None:
    """Nothing but autodiscover.DOMAIN in the DNS; the password that Thunderbird sends along is not in Caddy's log."""
    world.publish(["autodiscover.px-kund.test"], caddy_program.ADDRESS)
    address = "anna@px-kund.test"
    assert caddy_thunderbird.find_config(address, PASSWORD) == _found("exchange-from-url1", address, "px-kund.test")
    assert "px-kund.test" in caddy.log.read_text()
    for secret in (PASSWORD, base64.b64encode(f"{address}:{PASSWORD}".encode()).decode()):
        assert secret not in caddy.log.read_text()


def test_thunderbird_finds_nothing_through_caddy_for_others(world: World, caddy_thunderbird: Thunderbird) -> None:
    """A suspended customer whose names still lead here gets no handshake by https and 404 by plain http, and soon."""
    world.publish(["autoconfig.px-vilande.test", "autodiscover.px-vilande.test"], caddy_program.ADDRESS)
    outcome = caddy_thunderbird.find_config("anna@px-vilande.test")
    assert outcome == NOTHING
    assert outcome.elapsed < 2


def test_nginx_serves_a_customers_names(world: World, authority: Authority, thunderbird: Thunderbird) -> None:
    """nginx with certificates from elsewhere: Thunderbird is configured by either way."""
    world.web_front.serve_documented(authority.issue(*OURS))
    for host, source in zip(OURS, ("xml-from-isp-https", "exchange-from-url1"), strict=False):
        world.publish([host], webfront.ADDRESS)
        assert thunderbird.find_config("anna@px-kund.test") == _found(source, "anna@px-kund.test", "px-kund.test")


def test_nginx_serves_a_customers_web_site(network: Network, world: World, authority: Authority, thunderbird: Thunderbird) -> None:
    """docs/proxy.md: two paths of the customer's own site are passed on in any letter case, and no other; Thunderbird needs no more."""
    site = "px-kund.test"
    world.web_front.serve_documented(authority.issue(site), "docs/proxy.md", (r"server_name kund\.se;", f"server_name {site};"))
    world.publish([site], webfront.ADDRESS)
    assert thunderbird.find_config(f"anna@{site}") == _found("xml-from-isp-https", f"anna@{site}", site)
    statuses = [
        _ask(network, webfront.ADDRESS, site, path, authority.certificate).status
        for path in ("/Autodiscover/AutoDiscover.xml", "/autodiscover/autodiscover.xml", "/healthz")
    ]
    assert statuses == [200, 200, 404]


@pytest.fixture(params=["caddy", "nginx"])
def proxy(request: pytest.FixtureRequest, world: World, authority: Authority) -> str:
    """The address of either, serving what the README says."""
    if request.param == "caddy":
        request.getfixturevalue("caddy")
        return caddy_program.ADDRESS
    world.web_front.serve_documented(authority.issue(*OURS))
    return webfront.ADDRESS


def test_plain_http_is_answered(network: Network, proxy: str) -> None:
    """Host arrives as it was: some programs begin at http://autoconfig.DOMAIN, and a redirect would only delay them."""
    path = "/mail/config-v1.1.xml?emailaddress=anna%40px-kund.test"
    assert _ask(network, proxy, "autoconfig.px-kund.test", path).status == 200
    assert _ask(network, proxy, "autoconfig.px-okand.test", "/mail/config-v1.1.xml").status == 404


def test_plain_http_at_autodiscover_is_sent_to_https(network: Network, proxy: str) -> None:
    """X-Forwarded-Proto arrives, so that http is told from https; Outlook asks http for nothing but this."""
    answer = _ask(network, proxy, "autodiscover.px-kund.test", "/autodiscover/autodiscover.xml")
    assert (answer.status, answer.getheader("Location")) == (302, "https://autodiscover.px-kund.test/autodiscover/autodiscover.xml")
    assert _ask(network, proxy, "autodiscover.px-okand.test", "/autodiscover/autodiscover.xml").status == 404

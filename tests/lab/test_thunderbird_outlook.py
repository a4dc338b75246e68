"""Real Thunderbird is configured through Autodiscover alone, where nothing answers the XML of its own: every URL that it asks, in turn."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .ca import Authority
from .network import Network, wait_until
from .outcome import NOTHING, Outcome, Server
from .service import Service
from .thunderbird import Thunderbird
from .webfront import Site
from .world import ELSEWHERE, HOST, KARLAHOSTING, STARTTLS, World, customers

pytestmark = pytest.mark.lab

PATH = "/autodiscover/autodiscover.xml"
PASSWORD = "ogissbart-7f3a"

SETTINGS = f"""
{KARLAHOSTING}
{STARTTLS}
[[provider]]
id = "kortnamn"
name = "KarlaHosting, user names without domain"
short_name = "Karla"

[[provider.account]]
protocol = "imap"
incoming = {{ host = "{HOST}", port = 993, tls = "implicit", username = "%EMAILLOCALPART%" }}
outgoing = {{ host = "{HOST}", port = 465, tls = "implicit", username = "%EMAILLOCALPART%" }}

[[domain]]
name = "ad-poppen.test"
provider = "karlahosting"
protocols = ["pop3", "imap"]
"""


@pytest.fixture(scope="module", autouse=True)
def ways_in(world: World, service: Service, authority: Authority) -> None:
    """Domains with autodiscover.DOMAIN, one with a part of its own site, one whose only SRV record names the host's autodiscover."""
    service.import_settings(
        SETTINGS
        + customers("ad-kund.test", "ad-domain.test", "ad-http.test", "ad-srv.test", "ad-losen.test")
        + customers("ad-s.test", "s.test", provider="starttls")
        + customers("ad-kort.test", provider="kortnamn")
    )

    def site(host: str, **more: object) -> Site:
        return Site(authority.issue(host), **more)  # type: ignore[arg-type]

    hosts = [f"autodiscover.ad-{name}.test" for name in ("kund", "poppen", "s", "kort", "losen", "okand")]
    world.serve(
        {
            **{host: site(host, http=True) for host in (*hosts, "autoconfig.s.test")},
            "ad-domain.test": site("ad-domain.test", paths=("/autodiscover/",)),
            # What the redirect leads to is the first that is asked anyway; so that it is seen to lead there, the first POST must fail.
            "autodiscover.ad-http.test": site("autodiscover.ad-http.test", http=True, refuses="https POST"),
            "autodiscover.karlahosting.test": site("autodiscover.karlahosting.test"),
        },
        {
            "ad-srv.test": {"A": [ELSEWHERE]},
            "_autodiscover._tcp.ad-srv.test": {"SRV": ["0 0 443 autodiscover.karlahosting.test."]},
        },
    )


def _found(
    source: str, address: str, *servers: tuple[str, str, int], outgoing: tuple[str, int] = (HOST, 465), security: str = "SSL"
) -> Outcome:
    """Return what Thunderbird finds: *servers* are type, host and port, the first of them chosen."""
    first, *others = (Server(kind, host, port, security, address) for kind, host, port in servers)
    return Outcome(source, (first,), (Server("smtp", *outgoing, security, address),), tuple(others))


def _imap_first(source: str, domain: str) -> Outcome:
    return _found(source, f"anna@{domain}", ("imap", HOST, 993), ("pop3", f"mail.{domain}", 995))


def test_at_the_autodiscover_host(world: World, thunderbird: Thunderbird) -> None:
    """https://autodiscover.D, by POST: IMAP and sending at the host's server, POP as the alternative."""
    assert thunderbird.find_config("anna@ad-kund.test") == _imap_first("exchange-from-url1", "ad-kund.test")
    assert f"POST https://autodiscover.ad-kund.test{PATH} 200" in world.asked("ad-kund.test")


def test_at_the_domain_itself(world: World, thunderbird: Thunderbird) -> None:
    """https://D, of which only /autodiscover/ is passed on to us."""
    assert thunderbird.find_config("anna@ad-domain.test") == _imap_first("exchange-from-url2", "ad-domain.test")
    assert f"POST https://ad-domain.test{PATH} 200" in world.asked("ad-domain.test")


def test_by_redirect_from_plain_http(world: World, thunderbird: Thunderbird) -> None:
    """A POST to http://autodiscover.D is sent to https, arrives as a GET without its body, and is answered for the domain in Host."""
    assert thunderbird.find_config("anna@ad-http.test") == _imap_first("exchange-from-url3", "ad-http.test")
    asked = [request for request in world.asked("autodiscover.ad-http.test") if PATH in request]
    redirected = asked.index(f"POST http://autodiscover.ad-http.test{PATH} 302")
    assert f"GET https://autodiscover.ad-http.test{PATH} 200" in asked[redirected:]


def test_by_srv_at_the_hosts_own_name(world: World, thunderbird: Thunderbird) -> None:
    """One name and certificate for all customers: the address in the body decides and not the Host. The person is asked, and agrees."""
    assert thunderbird.find_config("anna@ad-srv.test") == _imap_first("exchange-from-srv", "ad-srv.test")
    assert world.asked("autodiscover.karlahosting.test") == [f"POST https://autodiscover.karlahosting.test{PATH} 200"]


def test_a_pop_first_domain(thunderbird: Thunderbird) -> None:
    """The first protocol in the document is the one that is chosen."""
    address = "anna@ad-poppen.test"
    host = "mail.ad-poppen.test"
    expected = _found("exchange-from-url1", address, ("pop3", host, 995), ("imap", HOST, 993), outgoing=(host, 465))
    assert thunderbird.find_config(address) == expected


@pytest.mark.parametrize(("domain", "source"), [("ad-s.test", "exchange-from-url1"), ("s.test", "xml-from-isp-https")])
def test_starttls(thunderbird: Thunderbird, domain: str, source: str) -> None:
    """Ports 143, 110 and 587 are STARTTLS, by Autodiscover as by the XML."""
    address = f"anna@{domain}"
    expected = _found(source, address, ("imap", HOST, 143), ("pop3", f"mail.{domain}", 110), outgoing=(HOST, 587), security="STARTTLS")
    assert thunderbird.find_config(address) == expected


def test_a_user_name_without_the_domain(thunderbird: Thunderbird) -> None:
    """LoginName is what the provider says, since the POST names the address."""
    outcome = thunderbird.find_config("Anna@ad-kort.test")
    assert {server.username for server in (*outcome.incoming, *outcome.outgoing)} == {"Anna"}


def test_nothing_is_found_quickly_where_we_say_nothing(world: World, thunderbird: Thunderbird) -> None:
    """A domain that is not ours gets 404, also by plain http: nobody is redirected."""
    outcome = thunderbird.find_config("anna@ad-okand.test")
    assert outcome == NOTHING
    assert outcome.elapsed < 2
    wait_until(lambda: len(_of(world, "ad-okand.test")) == 2, "POST by https and http", seconds=1)
    assert _of(world, "ad-okand.test") == {f"POST {scheme}://autodiscover.ad-okand.test{PATH} 404" for scheme in ("http", "https")}


def _of(world: World, domain: str) -> set[str]:
    return {request for request in world.asked(f"autodiscover.{domain}") if PATH in request}


def test_a_password_arrives_and_is_written_nowhere(network: Network, world: World, thunderbird: Thunderbird) -> None:
    """A program that knows the password sends it uncalled (Basic, by https); it is in no file that the service or the proxy writes."""
    address = "anna@ad-losen.test"
    assert thunderbird.find_config(address) == _imap_first("exchange-from-url1", "ad-losen.test")
    assert not world.web_front.requests_with_credentials()
    assert thunderbird.find_config(address, PASSWORD) == _imap_first("exchange-from-url1", "ad-losen.test")
    assert set(world.web_front.requests_with_credentials()) == {f"POST https://autodiscover.ad-losen.test{PATH} 200"}

    secrets = (PASSWORD.encode(), base64.b64encode(f"{address}:{PASSWORD}".encode()))
    files = list(_written_by_servers(network))
    assert {file.name for file in files} >= {"autoconfig-serve.log", "nginx.log", "requests.log", "snapshot.mdb"}
    assert [file for file in files for secret in secrets if secret in file.read_bytes()] == []


def _written_by_servers(network: Network) -> Iterator[Path]:
    """Yield everything in the lab but the programs' own profiles: there a password may well be."""
    for file in network.directory.rglob("*"):
        if file.is_file() and not re.match(r"(thunderbird|deltachat|home)", str(file.relative_to(network.directory))):
            yield file

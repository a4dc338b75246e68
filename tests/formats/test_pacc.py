"""PACC: the bytes whose digest stands in the customers' DNS, what can be told in them, and what strangers may send."""

from __future__ import annotations

import base64
import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.address import Domain, EmailAddress
from autoconfig.errors import DocumentError
from autoconfig.formats import pacc
from autoconfig.formats.pacc import (
    Authentication,
    Configuration,
    Help,
    HttpServer,
    Info,
    Logo,
    OAuthPublic,
    PaccError,
    Protocols,
    ProviderInfo,
    TextServer,
)
from autoconfig.model import (
    Account,
    AuthMethod,
    ClientConfig,
    HostPattern,
    OAuth2,
    Port,
    Protocol,
    Provider,
    Server,
    Shape,
    TLSMode,
    UserPattern,
)
from tests import strategies

GOLDEN = Path(__file__).parent / "golden"

IMPLICIT, STARTTLS, NONE = TLSMode.IMPLICIT, TLSMode.STARTTLS, TLSMode.NONE
SHARED, OWN = HostPattern("server.karlahosting.se"), HostPattern("mail.%EMAILDOMAIN%")
IMAP = Account(Protocol.IMAP, Server(SHARED, 993, IMPLICIT), Server(SHARED, 465, IMPLICIT))
POP3 = Account(Protocol.POP3, Server(OWN, 995, IMPLICIT), Server(OWN, 465, IMPLICIT))
KARLA = Provider("karlahosting", "KarlaHosting", "Karla", (IMAP, POP3))
OAUTH = OAuth2("https://login.karlahosting.se", "https://login.karlahosting.se/a", "https://login.karlahosting.se/t", "mail")


def config(provider: Provider = KARLA, domain: str = "kund.se") -> ClientConfig:
    return Shape(provider, provider.accounts).fill(Domain.parse(domain))


def protocols(provider: Provider) -> Protocols:
    found = pacc.from_config(config(provider)).protocols
    assert found is not None
    return found


# What customers have in their DNS

RICH = replace(
    KARLA,
    name="Kärlas  <Hosting> & Co",
    caldav_url="https://dav.%EMAILDOMAIN%/kalender/",
    carddav_url="https://dav.karlahosting.se/kontakter/åäö/",
    jmap_url="https://jmap.karlahosting.se:443/session",
    documentation_url="https://karlahosting.se/hjalp?lang=sv",
    logo="https://karlahosting.se/logo.svg",
    oauth2=OAUTH,
    accounts=(replace(IMAP, incoming=replace(IMAP.incoming, auth=(AuthMethod.OAUTH2, AuthMethod.PASSWORD_CLEARTEXT))), POP3),
)


@pytest.mark.parametrize(
    ("provider", "domain", "digest"),
    [
        (KARLA, "kund.se", "KzOpMAHJ7INGab+JiNZ6GWgaUtqAGqLM8dqHR9Wn2Zo="),
        (KARLA, "byrå.se", "/RHgGxTcsxibPRIPas3IkI96abtaz47R9whtfvYGC5Y="),
        (RICH, "kund.se", "beddDknwqDfl5wWg8D8/RKiJOtz7Svk+8r+dC6vUDqs="),
    ],
    ids=["kund.se", "byrå.se", "rich"],
)
def test_the_bytes_and_their_digest_never_change(provider: Provider, domain: str, digest: str) -> None:
    """A golden file that must change means that every customer's DNS must change: do not."""
    document = pacc.document(config(provider, domain))
    name = "rich" if provider is RICH else Domain.parse(domain).ascii
    assert document.content == (GOLDEN / f"{name}.pacc.json").read_bytes()
    assert pacc.digest(document.content) == f"v=UAAC1; a=sha256; d={digest}"
    assert (document.content_type, document.file_name) == ("application/json", "user-agent-configuration.json")


def test_digest_is_base64_of_sha256_of_the_exact_body() -> None:
    """The TXT record's form, tag by tag."""
    text = pacc.digest(b"{}")
    assert text.startswith("v=UAAC1; a=sha256; d=")
    assert base64.b64decode(text.rpartition("d=")[2]) == hashlib.sha256(b"{}").digest()
    assert pacc.digest(b"{}\n") != text


# What can be told


def test_outgoing_server_stands_under_both_its_names() -> None:
    """-02 says smtp, -03 says submit; both are the first account's outgoing server."""
    found = protocols(KARLA)
    assert found.submit == found.smtp == TextServer(host="server.karlahosting.se")
    assert found.imap == TextServer(host="server.karlahosting.se")
    assert found.pop3 == TextServer(host="mail.kund.se")
    assert found.managesieve is None


def test_order_of_accounts_decides_the_outgoing_server() -> None:
    """A domain that prefers POP sends where POP sends."""
    assert protocols(replace(KARLA, accounts=(POP3, IMAP))).submit == TextServer(host="mail.kund.se")


def test_alternative_port_counts_when_it_is_the_registered_one() -> None:
    """A document names hosts, so the client connects to 993, 995 and 465, whichever port the operator prefers."""
    incoming = Server(SHARED, 143, STARTTLS, also=(Port(993, IMPLICIT),))
    outgoing = Server(SHARED, 587, STARTTLS, also=(Port(465, IMPLICIT),))
    found = protocols(replace(KARLA, accounts=(Account(Protocol.IMAP, incoming, outgoing),)))
    assert found.imap == found.submit == TextServer(host="server.karlahosting.se")


@pytest.mark.parametrize(
    "incoming",
    [
        Server(SHARED, 143, STARTTLS),
        Server(SHARED, 993, STARTTLS),
        Server(SHARED, 143, NONE),
        Server(SHARED, 1993, IMPLICIT),
        Server(SHARED, 995, IMPLICIT),
        Server(SHARED, 993, IMPLICIT, username=UserPattern("%EMAILLOCALPART%")),
        Server(SHARED, 993, IMPLICIT, auth=(AuthMethod.GSSAPI,)),
        Server(SHARED, 993, IMPLICIT, auth=(AuthMethod.OAUTH2,)),
    ],
    ids=["starttls", "starttls-993", "plain", "other port", "pop's port", "other user name", "gssapi", "oauth2 without issuer"],
)
def test_server_that_its_host_does_not_tell_is_not_named(incoming: Server[HostPattern]) -> None:
    """A client would connect elsewhere, or log in as somebody else."""
    found = protocols(replace(KARLA, accounts=(replace(IMAP, incoming=incoming), POP3)))
    assert found.imap is None
    assert found.pop3 == TextServer(host="mail.kund.se")
    with pytest.raises(PaccError, match=r"kund\.se has no PACC document"):
        pacc.document(config(replace(KARLA, accounts=(replace(IMAP, incoming=incoming),), caldav_url="https://dav.karlahosting.se/")))


def test_no_document_where_mail_cannot_be_sent_by_it() -> None:
    """A program that finds half a configuration asks nowhere else for the rest."""
    starttls_only = replace(IMAP, outgoing=Server(SHARED, 587, STARTTLS))
    with pytest.raises(PaccError):
        pacc.from_config(config(replace(KARLA, accounts=(starttls_only,))))


def test_jmap_alone_is_a_document() -> None:
    """JMAP fetches and sends (RFC 8621), so mail servers that cannot be told are left out, and the rest is told."""
    starttls_only = replace(IMAP, outgoing=Server(SHARED, 587, STARTTLS))
    found = protocols(replace(KARLA, accounts=(starttls_only,), jmap_url="https://jmap.karlahosting.se/session"))
    assert found == Protocols(jmap=HttpServer(url="https://jmap.karlahosting.se/session"))


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://dav.%EMAILDOMAIN%/", "https://dav.xn--byr-wla.se/"),
        ("https://DAV.karlahosting.se:443/k%20l/å?x=1", "https://dav.karlahosting.se/k%20l/%C3%A5?x=1"),
        ("https://dav.byrå.se/", "https://dav.xn--byr-wla.se/"),
        ("http://dav.karlahosting.se/", None),
        ("https://dav.karlahosting.se:8443/", None),
        ("https://user@dav.karlahosting.se/", None),
        ("https://192.0.2.1/", None),
        ("https://dav.karlahosting.se:port/", None),
    ],
)
def test_urls_are_https_on_443_and_ascii(url: str, told: str | None) -> None:
    """The draft: https, port 443; RFC 3986: ASCII."""
    found = pacc.from_config(config(replace(KARLA, caldav_url=url), "byrå.se")).protocols
    assert found is not None
    assert found.caldav == (HttpServer(url=told) if told else None)


@pytest.mark.parametrize(
    ("auth", "issuer", "said"),
    [
        ((AuthMethod.PASSWORD_CLEARTEXT,), None, Authentication(password=True)),
        ((AuthMethod.PASSWORD_ENCRYPTED,), OAUTH.issuer, Authentication(password=True)),
        ((AuthMethod.OAUTH2,), OAUTH.issuer, Authentication(password=False, oauth_public=OAuthPublic(issuer=OAUTH.issuer))),
        (
            (AuthMethod.OAUTH2, AuthMethod.PASSWORD_CLEARTEXT),
            OAUTH.issuer,
            Authentication(password=True, oauth_public=OAuthPublic(issuer=OAUTH.issuer)),
        ),
        ((AuthMethod.OAUTH2, AuthMethod.PASSWORD_CLEARTEXT), "https://login.karlahosting.se/?x", Authentication(password=True)),
    ],
)
def test_authentication_is_told_for_all_servers_alike(auth: tuple[AuthMethod, ...], issuer: str | None, said: Authentication) -> None:
    """`password` when any server takes one; the issuer where a server takes OAuth 2.0, and only a valid one (RFC 8414, 2)."""
    account = Account(Protocol.IMAP, replace(IMAP.incoming, auth=auth), replace(IMAP.outgoing, auth=auth))
    provider = replace(KARLA, accounts=(account,), oauth2=replace(OAUTH, issuer=issuer) if issuer else None)
    assert pacc.from_config(config(provider)).authentication == said


def test_names_are_clipped_to_the_lengths_of_the_draft() -> None:
    """name at most 60 characters, shortName at most 20."""
    info = pacc.from_config(config(replace(KARLA, name="å" * 70, short_name="x" * 19 + " y"))).info
    assert info == Info(provider=ProviderInfo(name="å" * 60, short_name="x" * 19))


def test_only_a_logo_whose_size_need_not_be_told_is_named() -> None:
    """SVG has no size in pixels; of a PNG nobody told us."""
    assert pacc.from_config(config(replace(KARLA, logo="https://karlahosting.se/logo.png"))).info == Info(
        provider=ProviderInfo(name="KarlaHosting", short_name="Karla")
    )
    found = pacc.from_config(config(RICH)).info
    assert found is not None
    assert found.provider is not None
    assert found.provider.logo == (Logo(url="https://karlahosting.se/logo.svg", content_type="image/svg+xml"),)


@given(strategies.client_configs(), strategies.addresses())
def test_document_is_read_back_as_it_was_written(config: ClientConfig, address: EmailAddress) -> None:
    """parse(write(x)) is x, and an address changes nothing; a domain without a document has none for any address."""
    try:
        wire = pacc.from_config(config)
    except PaccError:
        return
    content = pacc.write(wire)
    assert pacc.parse(content) == wire
    assert pacc.document(config, address).content == content
    assert b"%EMAIL" not in content
    found = json.loads(content)
    assert found["protocols"].get("submit") == found["protocols"].get("smtp")
    assert "jmap" in found["protocols"] or {"imap", "pop3"} & set(found["protocols"])
    assert found["authentication"]["password"] or "oauth-public" in found["authentication"]


# What strangers send

# draft-ietf-mailmaint-pacc-02, 4.1, in its order and with its blanks
EXAMPLE = b"""{
  "protocols": {
    "jmap": {"url": "https://jmap.example.com/session"},
    "imap": {"host": "imap.example.com"},
    "smtp": {"host": "smtp.example.com"},
    "future": {"endpoint": "wss://example.com"},
    "pop3": "pop3.example.com"
  },
  "authentication": {"oauth-public": {"issuer": "https://auth.example.com/"}, "password": 1},
  "info": {
    "provider": {"name": "Example", "logo": [{"url": "https://example.net/l.png", "content-type": "image/png", "width": 8, "height": 8}]},
    "help": {"developer": "https://developer.example.net/", "contact": ["mailto:it@team.example.net"]}
  },
  "later": [1, {"b": null, "a": 2.50}]
}
"""


def test_unknown_members_and_odd_values_are_kept() -> None:
    """A linter must see what a client would see: 1 is not true, and a text is not a server."""
    found = pacc.parse(EXAMPLE)
    assert found == Configuration(
        protocols=Protocols(
            jmap=HttpServer(url="https://jmap.example.com/session"),
            imap=TextServer(host="imap.example.com"),
            smtp=TextServer(host="smtp.example.com"),
            extra=(("future", '{"endpoint":"wss://example.com"}'), ("pop3", '"pop3.example.com"')),
        ),
        authentication=Authentication(oauth_public=OAuthPublic(issuer="https://auth.example.com/"), extra=(("password", "1"),)),
        info=Info(
            provider=ProviderInfo(
                name="Example", logo=(Logo(url="https://example.net/l.png", content_type="image/png", width=8, height=8),)
            ),
            help=Help(developer="https://developer.example.net/", contact=("mailto:it@team.example.net",)),
        ),
        extra=(("later", '[1,{"a":2.5,"b":null}]'),),
    )
    assert json.loads(pacc.write(found)) == json.loads(EXAMPLE)


_KEYS = st.sampled_from(("protocols", "imap", "host", "jmap", "url", "info", "provider", "logo", "contact", "password", "é")) | st.text(
    st.characters(codec="utf-8"), max_size=3
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(_KEYS, _JSON, max_size=4))
def test_any_object_keeps_all_that_it_says(value: dict[str, object]) -> None:
    """What is written after reading means the same, and is stable."""
    content = pacc.write(pacc.parse(json.dumps(value).encode()))
    assert json.loads(content) == value
    assert pacc.write(pacc.parse(content)) == content


@given(st.binary(max_size=40) | st.text().map(str.encode))
def test_bytes_are_a_document_or_a_document_error(data: bytes) -> None:
    """Nothing else leaves the parser."""
    with suppress(DocumentError):
        assert isinstance(pacc.parse(data), Configuration)


@pytest.mark.parametrize(
    ("data", "line", "says"),
    [
        (b"", 1, "not JSON"),
        (b'{\n"info"', 2, "not JSON"),
        (b"[]", 1, "not a JSON object"),
        (b'{"info": 1, "info": 2}', None, "info stands twice"),
        (b'{"a": {"b": {}, "b": {}}}', None, "b stands twice"),
        (b'{"a": NaN}', None, "NaN"),
        (b'{"a": 1e999}', None, "not JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", None, "not JSON"),
        (b'{"a": "\\ud800"}', None, "not JSON"),
        (b"\xef\xbb\xbf{}", 1, "byte order mark"),
        (b'{\n"a": "\xe5"}', 2, "not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), 1, "not UTF-8"),
        (b"[" * 60_000, None, "too deeply"),
        (b'{"a":' * 12_000, None, "too deeply"),
        (b" " * 10_000_000, None, "larger than"),
    ],
)
def test_what_is_not_a_document_is_refused_with_its_line(data: bytes, line: int | None, says: str) -> None:
    """A DocumentError, quickly, and with the line where it is known."""
    with pytest.raises(DocumentError, match=says) as caught:
        pacc.parse(data)
    assert caught.value.line == line


@pytest.mark.parametrize("around", [(b"", b""), (b'{"info":{"x":', b"}}")])
@pytest.mark.parametrize("nested", [(b"[", b"]"), (b'{"a":', b"}")])
def test_no_depth_is_too_much(around: tuple[bytes, bytes], nested: tuple[bytes, bytes]) -> None:
    """Also where there is just stack enough to read it, and not to write it again."""
    for depth in range(900, 1010):
        with suppress(DocumentError):
            pacc.write(pacc.parse(around[0] + nested[0] * depth + b"1" + nested[1] * depth + around[1]))

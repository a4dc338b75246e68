"""Mozilla autoconfig: what `from_config` publishes, byte for byte and client by client, and that reading and writing lose nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given

from autoconfig import model
from autoconfig.address import Domain, EmailAddress
from autoconfig.errors import DocumentError
from autoconfig.formats import FORMATS, mozilla
from autoconfig.formats.mozilla import ClientConfigDocument, EmailProvider, Server, from_config, parse, write
from autoconfig.formats.wire import Value
from autoconfig.formats.xml import Element
from autoconfig.model import Account, AuthMethod, HostPattern, Port, Protocol, Provider, Shape, TLSMode, UserPattern
from tests import strategies
from tests.formats.strategies import elements, sections

GOLDEN = Path(__file__).parent / "golden"


def _pattern(host: str, port: int, tls: TLSMode = TLSMode.IMPLICIT, **more: object) -> model.Server[HostPattern]:
    return model.Server(HostPattern.parse(host), port, tls, **more)


KARLA = Provider(
    id="karlahosting",
    name="KarlaHosting",
    short_name="Karla",
    accounts=(
        Account(
            Protocol.IMAP,
            _pattern("server.karlahosting.se", 993, also=(Port(143, TLSMode.STARTTLS),)),
            _pattern("server.karlahosting.se", 465, also=(Port(587, TLSMode.STARTTLS),)),
        ),
        Account(Protocol.POP3, _pattern("mail.%EMAILDOMAIN%", 995), _pattern("mail.%EMAILDOMAIN%", 465)),
    ),
)

GROUPWARE = replace(
    KARLA,
    documentation_url="https://hjälp.karlahosting.se/e-post?för=%EMAILDOMAIN%&språk=sv",
    caldav_url="https://dav.%EMAILDOMAIN%/calendars/",
    carddav_url="https://dav.karlahosting.se/addressbooks/",
    jmap_url="https://jmap.karlahosting.se/session",
    sieve=model.Sieve(HostPattern.parse("server.karlahosting.se"), 4190, TLSMode.STARTTLS),
    oauth2=model.OAuth2(
        "https://login.karlahosting.se", "https://login.karlahosting.se/auth", "https://login.karlahosting.se/token", "mail dav"
    ),
)


def _config(provider: Provider = KARLA, domain: str = "kund.se") -> model.ClientConfig:
    return Shape.of(provider).fill(Domain.parse(domain))


@pytest.mark.parametrize(
    ("name", "config", "file"),
    [
        ("mozilla", _config(), "kund.se.xml"),
        ("mozilla", _config(domain="byrå.se"), "xn--byr-wla.se.xml"),
        ("mozilla", _config(GROUPWARE), "kund.se-groupware.xml"),  # 1.1 carries the help page of it
        ("mozilla-1.2", _config(GROUPWARE), "kund.se-1.2.xml"),
    ],
)
def test_the_document_is_the_golden_one_to_the_byte(name: str, config: model.ClientConfig, file: str) -> None:
    """The bytes that all clients were tried with are the bytes that we send."""
    document = FORMATS[name](config, None)
    assert document.content.decode() == (GOLDEN / file).read_text()
    assert (document.content_type, document.file_name) == ("text/xml; charset=utf-8", "config-v1.1.xml")


def test_everybody_of_a_domain_gets_the_same_bytes() -> None:
    """No address, and so no address that exists, makes a difference (draft, "Return config for non-existing email addresses")."""
    anna = EmailAddress.parse("Anna+x@KUND.se")
    for name in ("mozilla", "mozilla-1.2"):
        content = FORMATS[name](_config(GROUPWARE), anna).content
        assert content == FORMATS[name](_config(GROUPWARE), None).content
        assert b"nna" not in content


TCP_SERVER = ["hostname", "port", "socketType", "authentication", "username"]


@given(strategies.client_configs())
def test_nothing_that_a_strict_client_refuses(config: model.ClientConfig) -> None:
    """Himalaya, Thunderbird and K-9 together: these elements, in this order, with these attributes, and no others."""
    root = ElementTree.fromstring(mozilla.document(config).content)  # noqa: S314  # our own bytes
    assert (root.tag, root.attrib, [e.tag for e in root]) == ("clientConfig", {"version": "1.1"}, ["emailProvider"])
    provider = root[0]
    domain, name, short_name, *servers = provider
    assert provider.attrib == {"id": config.domain.ascii}
    assert [(e.tag, e.attrib) for e in (domain, name, short_name)] == [("domain", {}), ("displayName", {}), ("displayShortName", {})]
    assert domain.text == config.domain.ascii
    assert len(name.text) <= 60
    assert len(short_name.text) <= 20
    expected = [("incomingServer", {"type": account.protocol.value}) for account in config.accounts] + [
        ("outgoingServer", {"type": "smtp"})
    ]
    if config.provider.documentation_url:
        assert (servers[-1].tag, [e.tag for e in servers.pop()]) == ("documentation", ["descr"])
    assert [(e.tag, e.attrib) for e in servers] == expected
    for server in servers:
        assert list(dict.fromkeys(e.tag for e in server)) == TCP_SERVER
        assert all(e.text and not e.attrib and not len(e) for e in server)
        assert Domain.parse(server.findtext("hostname")).ascii == server.findtext("hostname")


@given(strategies.client_configs())
def test_from_config_says_what_the_model_says(config: model.ClientConfig) -> None:
    """Every value is read back as it was meant, in both versions, after a walk through the bytes."""
    for version in ("1.1", "1.2"):
        document = from_config(config, version=version)
        again = parse(write(document))
        assert again == document
        provider = again.email_provider
        sent = [(account.protocol.value, account.incoming) for account in config.accounts] + [("smtp", config.accounts[0].outgoing)]
        read = [server for server in (*provider.incoming_servers, *provider.outgoing_servers) if server.type != "jmap"]
        for (kind, server), found in zip(sent, read, strict=True):
            assert found.type == kind
            assert found.hostname.text == server.host.ascii
            assert found.port.text == str(server.port)
            assert found.socket_type.text == {"implicit": "SSL", "starttls": "STARTTLS", "none": "plain"}[server.tls]
            assert [a.text.lower() for a in found.authentications] == [method.value for method in server.auth]
            assert found.username.text == server.username.text


@given(strategies.client_configs())
def test_version_1_2_carries_what_the_provider_has(config: model.ClientConfig) -> None:
    """Draft, "type": the table of elements and types; placeholders in addresses are filled."""
    document, provider = from_config(config, version="1.2"), config.provider
    sections = (document.addressbooks, document.calendars, [s for s in document.email_provider.incoming_servers if s.type == "jmap"])
    for servers, kind, url in zip(
        sections, ("carddav", "caldav", "jmap"), (provider.carddav_url, provider.caldav_url, provider.jmap_url), strict=True
    ):
        assert [server.type for server in servers] == [kind] * (url is not None)
        for server in servers:
            assert server.url.text == url.replace("%EMAILDOMAIN%", config.domain.ascii)
            assert server.authentications == (Value("Basic", (("system", "http"),)),)
    assert [s.type for s in document.setup_servers] == ["managesieve"] * (provider.sieve is not None)
    assert len(document.oauth2) == (provider.oauth2 is not None)
    assert len(document.email_provider.documentation) == (provider.documentation_url is not None)


@given(strategies.client_configs())
def test_version_1_1_names_the_help_page_and_nothing_else_beside_mail(config: model.ClientConfig) -> None:
    """Every second document of Mozilla's collection has one; of calendars and the rest no client of 1.1 knows."""
    document = from_config(config)
    assert len(document.email_provider.documentation) == (config.provider.documentation_url is not None)
    assert {server.type for server in document.email_provider.incoming_servers} <= {"imap", "pop3"}
    beside = (document.addressbooks, document.calendars, document.setup_servers, document.oauth2, document.email_provider.oauth2)
    assert not any(beside)


def test_alternative_ports_are_never_written() -> None:
    """Evolution and aerc would take the last of several servers of a type."""
    assert b"143" not in mozilla.document(_config()).content
    assert b"587" not in mozilla.document(_config()).content


def test_the_preferred_account_comes_first_and_brings_its_outgoing_server() -> None:
    """Thunderbird takes the first incoming server; the format cannot pair them."""
    config = Shape.of(KARLA, protocols=(Protocol.POP3, Protocol.IMAP)).fill(Domain.parse("kund.se"))
    provider = from_config(config).email_provider
    assert [server.type for server in provider.incoming_servers] == ["pop3", "imap"]
    assert [server.hostname.text for server in provider.outgoing_servers] == ["mail.kund.se"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Åsas & <Söners> E-post", "Åsas & <Söners> E-post"),
        ("x" * 61, "x" * 60),
        (" two \n lines\t", "two lines"),
        ("bell\x07\ufffe", "bell"),
        ("\x00", "kund.se"),
    ],
)
def test_a_name_is_one_line_that_xml_can_carry(name: str, expected: str) -> None:
    """Draft, "displayName and displayShortName": at most 60 and 20 characters."""
    document = parse(mozilla.document(_config(replace(KARLA, name=name, short_name=name))).content)
    assert document.email_provider.display_name.text == expected
    assert document.email_provider.display_short_name.text == expected[:20].strip()


@pytest.mark.parametrize("method", AuthMethod)
@pytest.mark.parametrize("tls", TLSMode)
def test_every_word_of_the_model_has_a_word_on_the_wire(method: AuthMethod, tls: TLSMode) -> None:
    """A new method or mode without its word would fail here, not at a customer's."""
    server = _pattern("server.karlahosting.se", 1143, tls, auth=(method,), username=UserPattern.parse("%EMAILLOCALPART%"))
    config = _config(replace(KARLA, accounts=(Account(Protocol.IMAP, server, server),)))
    found = from_config(config).email_provider.incoming_servers[0]
    assert found.socket_type.text in ("SSL", "STARTTLS", "plain")
    assert found.authentications[0].text in ("password-cleartext", "password-encrypted", "OAuth2", "GSSAPI", "NTLM", "none")
    assert found.username.text == "%EMAILLOCALPART%"


# Reading and writing


@given(sections(ClientConfigDocument))
def test_what_is_written_is_read_again(document: ClientConfigDocument) -> None:
    """parse(write(w)) == w for everything that the wire types can say, and the bytes are the same the second time."""
    data = write(document)
    assert parse(data) == document
    assert write(parse(data)) == data


@given(elements())
def test_what_is_unknown_is_kept_whole(element: Element) -> None:
    """Draft, "XML validation": unknown elements are ignored by clients, and so must not be lost by us."""
    document = ClientConfigDocument(version="9", email_provider=EmailProvider(extra=(element,)), extra=(element, element))
    assert parse(write(document)) == document


STRANGE = b"""<?xml version="1.0"?>
<clientConfig version="1.1" x-made-by="hand">
  <emailProvider id="a.example">
    <domain purpose="mx">mx.example</domain>
    <displayNameShort>A</displayNameShort>
    <incomingServer type="imap">
      <hostname> imap.a.example
      </hostname>
      <hostname>imap2.a.example</hostname>
      <port>993.0</port>
      <socketType>ssl</socketType><socketType>SSL</socketType>
      <authentication system="sasl">SCRAM-SHA-256-PLUS</authentication>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS</username>
      stray
      <pop3><checkInterval minutes="15"/><leaveMessagesOnServer>true</leaveMessagesOnServer></pop3>
    </incomingServer>
    <outgoingServer><hostname>smtp<!-- 1 -->.a.<b>example</b></hostname><username/></outgoingServer>
  </emailProvider>
  <emailProvider id="b.example"/>
  <fileShare type="webdav"><url>https://a.example/</url></fileShare>
  <clientConfigUpdate url="https://a.example/mail.xml"/>
</clientConfig>
"""


def test_the_wire_type_says_what_the_file_says() -> None:
    """Values are text as it stands, wrong ones too; repeated, misplaced and unknown elements are still there."""
    document = parse(STRANGE)
    provider = document.email_provider
    server, outgoing = provider.incoming_servers[0], provider.outgoing_servers[0]
    assert document.attributes == (("x-made-by", "hand"),)
    assert [e.name for e in document.extra] == ["emailProvider"]
    assert document.client_config_update.get("url") == "https://a.example/mail.xml"
    assert document.file_shares[0].url.text == "https://a.example/"
    assert (provider.domains[0].text, provider.domains[0].get("purpose")) == ("mx.example", "mx")
    assert provider.extra == (Element("displayNameShort", (), ("A",)),)
    assert server.hostname.text == " imap.a.example\n      "
    assert [(e.name, e.text) for e in server.extra] == [("hostname", "imap2.a.example"), ("socketType", "SSL")]
    assert (str(server.port), str(server.socket_type), str(server.username)) == ("993.0", "ssl", "%EMAILADDRESS")
    assert [(a.text, a.get("system")) for a in server.authentications] == [("SCRAM-SHA-256-PLUS", "sasl"), ("password-cleartext", None)]
    assert server.text == "stray"
    assert (server.pop3.check_interval.get("minutes"), server.pop3.leave_messages_on_server.text) == ("15", "true")
    assert (outgoing.type, outgoing.hostname, outgoing.username) == (None, None, Value(""))
    assert outgoing.extra == (Element("hostname", (), ("smtp.a.", Element("b", (), ("example",)))),)
    assert parse(write(document)) == document


def test_lines_are_kept_and_make_no_difference() -> None:
    """A linter prints the line; two files that say the same are equal."""
    server = parse(STRANGE).email_provider.incoming_servers[0]
    assert (server.line, server.hostname.line, server.port.line) == (6, 7, 10)
    assert server == replace(server, line=None, port=Value("993.0"))


def test_a_namespace_of_the_whole_document_is_kept() -> None:
    """The draft has none; some servers send one, and clients ignore it."""
    data = b'<clientConfig xmlns="urn:x"><emailProvider id="a"><domain xmlns="">b</domain><domain>c</domain></emailProvider></clientConfig>'
    document = parse(data)
    assert document.namespace == "urn:x"
    assert document.email_provider.domains == (Value("c"),)
    assert document.email_provider.extra == (Element("domain", (), ("b",)),)
    assert parse(write(document)) == document


@pytest.mark.parametrize("data", [b"<Autodiscover/>", b"<emailProvider/>", b"<CLIENTCONFIG/>", b'<x:html xmlns:x="y"/>'])
def test_another_root_is_another_document(data: bytes) -> None:
    """XML names are case-sensitive; what is well-formed need not be ours."""
    with pytest.raises(DocumentError, match="not a clientConfig") as caught:
        parse(data)
    assert caught.value.line == 1


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "2.0", "", None])
def test_any_version_is_read(version: str | None) -> None:
    """Draft, "clientConfig": no client may reject a file for its version alone."""
    document = ClientConfigDocument(version=version)
    assert parse(write(document)) == document


def test_a_value_that_xml_cannot_carry_is_not_written() -> None:
    """Rather an error than a document that no client can read."""
    server = Server(type="imap", hostname=Value("a\x00.example"))
    with pytest.raises(DocumentError):
        write(ClientConfigDocument(email_provider=EmailProvider(incoming_servers=(server,))))

"""Autodiscover in plain old XML: what Outlook and Thunderbird make of it, by our own schemas, and against hostile requests."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import time as clock
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from autoconfig.address import Domain, EmailAddress
from autoconfig.errors import AddressError, DocumentError
from autoconfig.formats import outlook
from autoconfig.formats.outlook import ErrorCode, Request, Schema, TooLarge
from autoconfig.formats.wire import Section, Value
from autoconfig.formats.xml import Element
from autoconfig.model import Account, AuthMethod, ClientConfig, HostPattern, Protocol, Provider, Server, Shape, TLSMode, UserPattern
from tests.formats.strategies import sections
from tests.strategies import addresses, client_configs

NOON = clock(12, 0, 0, 250)
KUND = Domain.parse("kund.se")
ANNA = EmailAddress.parse("anna@kund.se")
CANARY = "CANARY"

# Written from what the clients need (MS-OXDSCLI, 2.2.4, leaves order and presence open): one account, every value there and not empty.
RESPONSE_XSD = f"""
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{outlook.OUTLOOK_RESPONSE}" elementFormDefault="qualified"
    xmlns="{outlook.OUTLOOK_RESPONSE}">
  <xs:element name="Response"><xs:complexType><xs:sequence>
    <xs:element name="Account"><xs:complexType><xs:sequence>
      <xs:element name="AccountType" fixed="email"/>
      <xs:element name="Action" fixed="settings"/>
      <xs:element name="Protocol" type="Protocol" minOccurs="2" maxOccurs="3"/>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
  <xs:complexType name="Protocol"><xs:sequence>
    <xs:element name="Type"><xs:simpleType><xs:restriction base="xs:string">
      <xs:enumeration value="IMAP"/><xs:enumeration value="POP3"/><xs:enumeration value="SMTP"/>
    </xs:restriction></xs:simpleType></xs:element>
    <xs:element name="Server" type="Text"/>
    <xs:element name="Port"><xs:simpleType><xs:restriction base="xs:unsignedShort">
      <xs:minInclusive value="1"/></xs:restriction></xs:simpleType></xs:element>
    <xs:element name="DomainRequired" fixed="off"/>
    <xs:element name="LoginName" type="Text" minOccurs="0"/>
    <xs:element name="SPA" fixed="off"/>
    <xs:element name="SSL" type="OnOff"/>
    <xs:element name="Encryption"><xs:simpleType><xs:restriction base="xs:string">
      <xs:enumeration value="None"/><xs:enumeration value="SSL"/><xs:enumeration value="TLS"/><xs:enumeration value="Auto"/>
    </xs:restriction></xs:simpleType></xs:element>
    <xs:element name="AuthRequired" type="OnOff"/>
  </xs:sequence></xs:complexType>
  <xs:simpleType name="Text"><xs:restriction base="xs:string"><xs:minLength value="1"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="OnOff"><xs:restriction base="xs:string">
    <xs:enumeration value="on"/><xs:enumeration value="off"/></xs:restriction></xs:simpleType>
</xs:schema>
"""

ANSWER_XSD = f"""
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{outlook.ANSWER}" elementFormDefault="qualified"
    xmlns:outlook="{outlook.OUTLOOK_RESPONSE}">
  <xs:import namespace="{outlook.OUTLOOK_RESPONSE}" schemaLocation="response.xsd"/>
  <xs:element name="Autodiscover"><xs:complexType><xs:sequence>
    <xs:element ref="outlook:Response"/>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>
"""

# After learn.microsoft.com, "Error (POX)", and the answers that Exchange gives.
ERROR_XSD = f"""
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{outlook.ANSWER}" elementFormDefault="qualified">
  <xs:element name="Autodiscover"><xs:complexType><xs:sequence>
    <xs:element name="Response"><xs:complexType><xs:sequence>
      <xs:element name="Error"><xs:complexType>
        <xs:sequence>
          <xs:element name="ErrorCode" type="xs:unsignedShort"/>
          <xs:element name="Message" type="xs:string"/>
          <xs:element name="DebugData"/>
        </xs:sequence>
        <xs:attribute name="Time" type="xs:time" use="required"/>
        <xs:attribute name="Id" type="xs:unsignedInt" use="required"/>
      </xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>
"""


Schemas = Callable[[bytes], str | None]


@pytest.fixture(scope="module")
def fault_of_answer(tmp_path_factory: pytest.TempPathFactory) -> Schemas:
    """Return what our schema has against an answer with settings, None when nothing."""
    folder = tmp_path_factory.mktemp("xsd")
    (folder / "response.xsd").write_text(RESPONSE_XSD)
    (folder / "answer.xsd").write_text(ANSWER_XSD)
    return _validator(etree.XMLSchema(file=str(folder / "answer.xsd")))


@pytest.fixture(scope="module")
def fault_of_error() -> Schemas:
    """Return what our schema has against an answer with an error, None when nothing."""
    return _validator(etree.XMLSchema(etree.fromstring(ERROR_XSD)))


def _validator(schema: etree.XMLSchema) -> Schemas:
    def fault(data: bytes) -> str | None:
        return None if schema.validate(etree.fromstring(data)) else str(schema.error_log.last_error)

    return fault


def _server(host: str, port: int, tls: TLSMode, *auth: AuthMethod, username: str = "%EMAILADDRESS%") -> Server[HostPattern]:
    return Server(HostPattern.parse(host), port, tls, auth or (AuthMethod.PASSWORD_CLEARTEXT,), UserPattern.parse(username))


def _config(*accounts: Account[HostPattern]) -> ClientConfig:
    return Shape.of(Provider("karlahosting", "KarlaHosting", "Karla", accounts)).fill(KUND)


def _imap(incoming: Server[HostPattern], outgoing: Server[HostPattern] | None = None) -> ClientConfig:
    return _config(Account(Protocol.IMAP, incoming, outgoing or incoming))


IMAP = Account(
    Protocol.IMAP,
    _server("server.karlahosting.se", 993, TLSMode.IMPLICIT),
    _server("server.karlahosting.se", 465, TLSMode.IMPLICIT),
)
POP3 = Account(
    Protocol.POP3,
    _server("mail.%EMAILDOMAIN%", 995, TLSMode.IMPLICIT),
    _server("mail.%EMAILDOMAIN%", 465, TLSMode.IMPLICIT),
)
KARLA = _config(IMAP, POP3)


# What we publish


def test_the_answer_is_the_sample_of_the_facts_to_the_byte() -> None:
    """One Account; IMAP, POP3, SMTP; the elements in the order that every client was tried with."""
    assert outlook.document(KARLA, ANNA).content.decode() == (
        """<?xml version="1.0" encoding="UTF-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">
    <Account>
      <AccountType>email</AccountType>
      <Action>settings</Action>
      <Protocol>
        <Type>IMAP</Type>
        <Server>server.karlahosting.se</Server>
        <Port>993</Port>
        <DomainRequired>off</DomainRequired>
        <LoginName>anna@kund.se</LoginName>
        <SPA>off</SPA>
        <SSL>on</SSL>
        <Encryption>SSL</Encryption>
        <AuthRequired>on</AuthRequired>
      </Protocol>
      <Protocol>
        <Type>POP3</Type>
        <Server>mail.kund.se</Server>
        <Port>995</Port>
        <DomainRequired>off</DomainRequired>
        <LoginName>anna@kund.se</LoginName>
        <SPA>off</SPA>
        <SSL>on</SSL>
        <Encryption>SSL</Encryption>
        <AuthRequired>on</AuthRequired>
      </Protocol>
      <Protocol>
        <Type>SMTP</Type>
        <Server>server.karlahosting.se</Server>
        <Port>465</Port>
        <DomainRequired>off</DomainRequired>
        <LoginName>anna@kund.se</LoginName>
        <SPA>off</SPA>
        <SSL>on</SSL>
        <Encryption>SSL</Encryption>
        <AuthRequired>on</AuthRequired>
      </Protocol>
    </Account>
  </Response>
</Autodiscover>
"""
    )


def test_the_document_has_the_type_and_name_that_clients_expect() -> None:
    """Thunderbird takes nothing whose type does not begin with text/xml or application/xml in lower case."""
    document = outlook.document(KARLA)
    assert (document.content_type, document.file_name) == ("text/xml; charset=utf-8", "autodiscover.xml")


def test_no_element_has_a_prefix() -> None:
    """Thunderbird's JXON reads a prefix as part of the name and would find no Response."""
    tree = etree.fromstring(outlook.document(KARLA, ANNA).content)
    assert {element.prefix for element in tree.iter()} == {None}


def test_accounts_keep_their_order_and_smtp_is_the_first_account_s() -> None:
    """POP3 preferred: POP3 stands first, because the first usable server wins, and sends through POP3's own server."""
    found = [(str(p.type), str(p.server)) for p in _protocols(outlook.from_config(_config(POP3, IMAP)))]
    assert found == [("POP3", "mail.kund.se"), ("IMAP", "server.karlahosting.se"), ("SMTP", "mail.kund.se")]


def test_without_an_address_there_is_no_login_name_and_with_one_it_is_filled() -> None:
    """Placeholders mean nothing in this format, and an empty LoginName is the user "true" for Thunderbird."""
    config = _imap(_server("imap.kund.se", 993, TLSMode.IMPLICIT, username="%EMAILLOCALPART%.%EMAILDOMAIN%"))
    assert b"LoginName" not in outlook.document(config).content
    assert {str(p.login_name) for p in _protocols(outlook.from_config(config, ANNA))} == {"anna.kund.se"}


def test_a_login_name_is_escaped() -> None:
    """An address may hold markup; the document that names it is still one document."""
    address = EmailAddress.parse('"</LoginName><Server>evil.example</Server>&"@kund.se')
    content = outlook.document(KARLA, address).content
    assert b"<Server>evil" not in content
    assert {str(p.login_name) for p in _protocols(outlook.parse(content))} == {address.ascii}


@pytest.mark.parametrize(
    ("auth", "incoming", "smtp"),
    [
        ((AuthMethod.PASSWORD_CLEARTEXT,), "on", "on"),
        ((AuthMethod.NONE,), "on", "off"),
        ((AuthMethod.PASSWORD_CLEARTEXT, AuthMethod.NONE), "on", "on"),
        ((AuthMethod.NTLM,), "on", "on"),
    ],
)
def test_auth_required_is_off_only_for_sending_without_authentication(auth: tuple[AuthMethod, ...], incoming: str, smtp: str) -> None:
    """AuthRequired (POX); and SPA stays off, because it is on where it is absent."""
    protocols = _protocols(outlook.from_config(_imap(_server("mail.kund.se", 993, TLSMode.IMPLICIT, *auth))))
    assert [str(p.auth_required) for p in protocols] == [incoming, smtp]
    assert {str(p.spa) for p in protocols} == {"off"}


def _outlook_reads(protocol: outlook.Protocol) -> TLSMode:
    # Encryption overrides SSL, and "TLS" is STARTTLS (learn.microsoft.com; stalwart#3248, virtualmin#764).
    return {"SSL": TLSMode.IMPLICIT, "TLS": TLSMode.STARTTLS, "None": TLSMode.NONE}[str(protocol.encryption)]


def _thunderbird_reads(protocol: outlook.Protocol) -> TLSMode:
    # ExchangeAutoDiscover.sys.mjs, readAutoDiscoverXML (153).
    if str(protocol.ssl).lower() == "off" or str(protocol.encryption).lower() == "none":
        return TLSMode.NONE
    return TLSMode.STARTTLS if int(str(protocol.port)) in (143, 110, 25, 587) else TLSMode.IMPLICIT


@pytest.mark.parametrize(
    ("port", "tls", "ssl", "encryption"),
    [
        (993, TLSMode.IMPLICIT, "on", "SSL"),
        (995, TLSMode.IMPLICIT, "on", "SSL"),
        (465, TLSMode.IMPLICIT, "on", "SSL"),
        (143, TLSMode.STARTTLS, "on", "TLS"),
        (110, TLSMode.STARTTLS, "on", "TLS"),
        (587, TLSMode.STARTTLS, "on", "TLS"),
        (25, TLSMode.STARTTLS, "on", "TLS"),
        (143, TLSMode.NONE, "off", "None"),
        (587, TLSMode.NONE, "off", "None"),
        (10993, TLSMode.IMPLICIT, "on", "SSL"),
        (2525, TLSMode.NONE, "off", "None"),
    ],
)
def test_outlook_and_thunderbird_read_the_same_encryption(port: int, tls: TLSMode, ssl: str, encryption: str) -> None:
    """SSL and Encryption as wire-formats.md has them: implicit on+SSL, STARTTLS on+TLS, none off+None."""
    for protocol in _protocols(outlook.from_config(_imap(_server("mail.kund.se", port, tls)))):
        assert (str(protocol.ssl), str(protocol.encryption)) == (ssl, encryption)
        assert _outlook_reads(protocol) is tls
        assert _thunderbird_reads(protocol) is tls


@pytest.mark.parametrize(("port", "tls"), [(2525, TLSMode.STARTTLS), (587, TLSMode.IMPLICIT)])
def test_thunderbird_judges_encrypted_ports_by_number(port: int, tls: TLSMode) -> None:
    """The format's limit: no pair of SSL and Encryption makes Thunderbird speak STARTTLS on 2525, or implicit TLS on 587."""
    for protocol in _protocols(outlook.from_config(_imap(_server("mail.kund.se", port, tls)))):
        assert _outlook_reads(protocol) is tls
        assert _thunderbird_reads(protocol) not in (tls, TLSMode.NONE)


@given(client_configs(), st.one_of(st.none(), addresses()))
def test_every_value_survives_and_the_schema_is_content(
    fault_of_answer: Schemas, config: ClientConfig, address: EmailAddress | None
) -> None:
    """parse(write(from_config(c, a))) keeps hosts, ports, TLS modes, user names and order; nothing is empty."""
    data = outlook.document(config, address).content
    assert fault_of_answer(data) is None
    document = outlook.parse(data)
    assert document == outlook.from_config(config, address)
    servers = [account.incoming for account in config.accounts] + [config.accounts[0].outgoing]
    protocols = _protocols(document)
    assert [str(p.type) for p in protocols] == [*(account.protocol.value.upper() for account in config.accounts), "SMTP"]
    for protocol, server in zip(protocols, servers, strict=True):
        assert (str(protocol.server), int(str(protocol.port))) == (server.host.ascii, server.port)
        assert _outlook_reads(protocol) is server.tls
        assert (protocol.login_name and str(protocol.login_name)) == (address and server.username.fill(address))


# Errors


@pytest.mark.parametrize(
    ("code", "status", "message"),
    [
        (ErrorCode.ADDRESS, 404, "The email address can't be found."),
        (ErrorCode.REQUEST, 400, "Invalid Request"),
        (ErrorCode.SCHEMA, 200, "Provider is not available"),
    ],
)
def test_errors_are_right_to_the_attribute(fault_of_error: Schemas, code: ErrorCode, status: int, message: str) -> None:
    """Response in the root's namespace, Time an xs:time, Id an unsignedInt, the three children."""
    document = outlook.error_document(code, NOON)
    assert document.content.decode() == (
        f"""<?xml version="1.0" encoding="UTF-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response>
    <Error Time="12:00:00.000250" Id="1463266331">
      <ErrorCode>{code.value}</ErrorCode>
      <Message>{message}</Message>
      <DebugData/>
    </Error>
  </Response>
</Autodiscover>
"""
    )
    assert fault_of_error(document.content) is None
    assert outlook.STATUS[code] == status
    assert document.content_type == "text/xml; charset=utf-8"
    assert outlook.parse(document.content) == outlook.error(code, NOON)


@given(st.sampled_from(ErrorCode), st.times())
def test_errors_are_valid_at_every_time_of_day(fault_of_error: Schemas, code: ErrorCode, now: clock) -> None:
    """xs:time has no room for a time without its fraction's digits or with half a zone."""
    assert fault_of_error(outlook.error_document(code, now).content) is None


# What others answer


@given(
    sections(outlook.Response), sections(outlook.Autodiscover), st.sampled_from((outlook.ANSWER, outlook.MOBILESYNC_RESPONSE, "", "urn:x"))
)
def test_what_is_written_is_read_again(response: Section, root: Section, namespace: str) -> None:
    """parse(write(w)) == w for everything that the wire types can say, and the bytes are the same the second time."""
    assert isinstance(response, outlook.Response)
    assert isinstance(root, outlook.Autodiscover)
    document = replace(root, response=replace(response, namespace=namespace))
    data = outlook.write(document)
    assert outlook.parse(data) == document
    assert outlook.write(outlook.parse(data)) == data


def test_exchange_s_own_answer_is_kept_whole() -> None:
    """User, EXCH, EXPR and WEB protocols, several accounts, elements that we have no field for, with their lines."""
    document = outlook.parse(EXCHANGE)
    assert outlook.parse(outlook.write(document)) == document
    assert document.response is not None
    assert str(document.response.user and document.response.user.display_name) == "Anna Ek"
    first, second = document.response.accounts
    assert [str(p.type) for p in first.protocols] == ["EXCH", "EXPR", "WEB", "None"]
    exch, expr, web, mapi = first.protocols
    assert (str(exch.ttl), str(exch.ews_url)) == ("2", "https://ex.se/EWS/Exchange.asmx")
    assert [element.name.rpartition("}")[2] for element in exch.extra] == ["ServerDN", "EcpUrl-photo"]
    assert exch.line == 9
    assert expr.cert_principal_name == Value("msstd:ex.se")
    assert web.internal is not None
    assert [url.get("AuthenticationMethod") for url in web.internal.owa_urls] == ["Basic, Fba"]
    assert str(web.internal.protocol and web.internal.protocol.as_url) == "https://ex.se/EWS/Exchange.asmx"
    assert (mapi.type_attribute, mapi.version) == ("mapiHttp", "1")
    assert str(second.action) == "settings"


EXCHANGE = b"""<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">
    <User><DisplayName>Anna Ek</DisplayName><LegacyDN>/o=ex/cn=anna</LegacyDN></User>
    <Account>
      <AccountType>email</AccountType>
      <Action>settings</Action>
      <MicrosoftOnline>False</MicrosoftOnline>
      <Protocol>
        <Type>EXCH</Type>
        <Server>ex.se</Server>
        <ServerDN>/o=ex/cn=Servers</ServerDN>
        <TTL>2</TTL>
        <EwsUrl>https://ex.se/EWS/Exchange.asmx</EwsUrl>
        <EcpUrl-photo>?p=photo</EcpUrl-photo>
      </Protocol>
      <Protocol><Type>EXPR</Type><CertPrincipalName>msstd:ex.se</CertPrincipalName></Protocol>
      <Protocol>
        <Type>WEB</Type>
        <Internal>
          <OWAUrl AuthenticationMethod="Basic, Fba">https://ex.se/owa/</OWAUrl>
          <Protocol><Type>EXCH</Type><ASUrl>https://ex.se/EWS/Exchange.asmx</ASUrl></Protocol>
        </Internal>
      </Protocol>
      <Protocol Type="mapiHttp" Version="1"><MailStore><ExternalUrl>https://ex.se/mapi/</ExternalUrl></MailStore></Protocol>
    </Account>
    <Account><AccountType>email</AccountType><Action>settings</Action></Account>
  </Response>
</Autodiscover>
"""


def _answer(inner: str, namespace: str = outlook.OUTLOOK_RESPONSE) -> outlook.Response:
    data = f'<Autodiscover xmlns="{outlook.ANSWER}"><Response xmlns="{namespace}">{inner}</Response></Autodiscover>'.encode()
    document = outlook.parse(data)
    assert outlook.parse(outlook.write(document)) == document
    assert document.response is not None
    return document.response


def test_redirects_are_read() -> None:
    """To another address, or to another URL."""
    (account,) = _answer("<Account><Action>redirectAddr</Action><RedirectAddr>anna@redir.se</RedirectAddr></Account>").accounts
    assert (str(account.action), str(account.redirect_addr)) == ("redirectAddr", "anna@redir.se")
    (account,) = _answer("<Account><Action>redirectUrl</Action><RedirectUrl>https://redir.se/a.xml</RedirectUrl></Account>").accounts
    assert (str(account.action), str(account.redirect_url)) == ("redirectUrl", "https://redir.se/a.xml")


def test_mobilesync_is_read() -> None:
    """Settings, a redirect and an error of MS-ASCMD, whose Action holds elements where Outlook's holds a word."""
    response = _answer(
        "<Culture>en:us</Culture><User><EMailAddress>a@kund.se</EMailAddress></User><Action><Settings><Server><Type>MobileSync</Type>"
        "<Url>https://eas.se/</Url><Name>https://eas.se/</Name></Server></Settings></Action>",
        outlook.MOBILESYNC_RESPONSE,
    )
    assert response.namespace == outlook.MOBILESYNC_RESPONSE
    assert response.action is not None
    assert response.action.settings is not None
    assert [str(server.url) for server in response.action.settings.servers] == ["https://eas.se/"]
    response = _answer("<Action><Error><Status>2</Status><Message>no</Message></Error></Action>", outlook.MOBILESYNC_RESPONSE)
    assert response.action is not None
    assert response.action.error is not None
    assert str(response.action.error.status) == "2"


def test_an_answer_in_no_namespace_and_with_prefixes_is_read() -> None:
    """Namespaces are judged by clients and linters, not here."""
    inner = b"<p:Account xmlns:p='urn:p'/><Account><Protocol><Type>IMAP</Type></Protocol></Account>"
    document = outlook.parse(b"<Autodiscover><Response>" + inner + b"</Response></Autodiscover>")
    assert document.response is not None
    assert [str(p.type) for p in _protocols(document)] == ["IMAP"]
    assert document.response.extra == (Element("{urn:p}Account"),)


@pytest.mark.parametrize("data", [b"<html/>", b"", b"<clientConfig/>", b"<autodiscover/>", b"{}"])
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    """The root is Autodiscover, in this letter case: no client reads another."""
    with pytest.raises(DocumentError):
        outlook.parse(data)


# Requests


def _request(email: str = "anna@kund.se", schema: str = outlook.OUTLOOK_RESPONSE, head: str = "") -> str:
    return (
        f'{head}<Autodiscover xmlns="{outlook.OUTLOOK_REQUEST}"><Request><EMailAddress>{email}</EMailAddress>'
        f"<AcceptableResponseSchema>{schema}</AcceptableResponseSchema></Request></Autodiscover>"
    )


def _declared(encoding: str) -> str:
    return _request(head=f'<?xml version="1.0" encoding="{encoding}"?>')


@pytest.mark.parametrize("body", [b"", b" \r\n\t"])
def test_an_empty_body_asks_for_the_domain(body: bytes) -> None:
    """GET and an empty POST get the settings without LoginName."""
    assert outlook.parse_request(body) == Request()
    assert Request().schema is Schema.OUTLOOK


@pytest.mark.parametrize(
    ("request_", "schema"),
    [
        (Request("a@kund.se", acceptable_response_schema=outlook.OUTLOOK_RESPONSE), Schema.OUTLOOK),
        (Request(acceptable_response_schema=outlook.OUTLOOK_RESPONSE.upper()), Schema.OUTLOOK),
        (Request(acceptable_response_schema=outlook.MOBILESYNC_RESPONSE, namespace=outlook.MOBILESYNC_REQUEST), Schema.MOBILESYNC),
        (Request(acceptable_response_schema=outlook.MOBILESYNC_RESPONSE), Schema.MOBILESYNC),
        (Request(acceptable_response_schema=outlook.OUTLOOK_RESPONSE, namespace="urn:x"), Schema.OUTLOOK),
        (Request(acceptable_response_schema="urn:x"), Schema.OTHER),
        (Request(), Schema.OUTLOOK),
        (Request(namespace=""), Schema.OUTLOOK),
        (Request(namespace=outlook.MOBILESYNC_REQUEST), Schema.MOBILESYNC),
        (Request(namespace="urn:x"), Schema.OTHER),
    ],
)
def test_the_schema_is_what_the_client_can_read(request_: Request, schema: Schema) -> None:
    """AcceptableResponseSchema decides; without one the request's own namespace does."""
    assert request_.schema is schema
    assert outlook.parse_request(outlook.write_request(request_)) == request_


@given(addresses(), st.sampled_from((None, outlook.OUTLOOK_RESPONSE, outlook.MOBILESYNC_RESPONSE, "<&>")))
def test_requests_are_read_as_written(address: EmailAddress, schema: str | None) -> None:
    """Every address, also with blanks and markup in its quotes."""
    request = Request(str(address), None, schema)
    assert outlook.parse_request(outlook.write_request(request)) == request
    assert EmailAddress.parse(request.email or "") == address


@pytest.mark.parametrize(
    "body",
    [
        _request(),
        _request(head='<?xml version="1.0" encoding="utf-8"?>\n'),
        _request("\n  anna@kund.se\t"),
        _request("<![CDATA[anna@kund.se]]>"),
        _request("anna@<!-- -->kund.se"),
        "<Autodiscover><Request><EMailAddress>anna@kund.se</EMailAddress></Request></Autodiscover>",
        "<AutoDiscover><Request><EmailAddress>anna@kund.se</EmailAddress></Request></AutoDiscover>",
        f"<Autodiscover xmlns='{outlook.OUTLOOK_REQUEST}'><Request><AcceptableResponseSchema>{outlook.OUTLOOK_RESPONSE}"
        "</AcceptableResponseSchema><New a='b'><EMailAddress>x@y.se</EMailAddress></New>"
        "<EMailAddress>anna@kund.se</EMailAddress></Request></Autodiscover>",
        f"<a:Autodiscover xmlns:a='{outlook.OUTLOOK_REQUEST}'><a:Request>"
        "<a:EMailAddress>anna@kund.se</a:EMailAddress></a:Request></a:Autodiscover>",
    ],
)
def test_prefixes_order_and_spelling_do_not_matter(body: str) -> None:
    """What Outlook, Thunderbird, FairEmail and test pages send, and what future ones may add."""
    request = outlook.parse_request(body.encode())
    assert (request.email, request.schema) == ("anna@kund.se", Schema.OUTLOOK)


def test_a_request_by_legacy_dn_has_no_address() -> None:
    """Outlook may know its mailbox by Exchange's name alone."""
    request = outlook.parse_request(b"<Autodiscover><Request><LegacyDN>/o=x</LegacyDN><EMailAddress/></Request></Autodiscover>")
    assert request == Request(legacy_dn="/o=x", namespace="")


LAUGHS = "<!DOCTYPE Autodiscover [<!ENTITY a0 'CANARY'>" + "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 10)) + "]>"
OURS, REFUSED, BIG, NO_ADDRESS = "settings", "600", "413", "600 for its address"

HOSTILE: dict[str, tuple[bytes, str]] = {
    "billion laughs": (_request("&a9;", head=LAUGHS).encode(), REFUSED),
    "external entity": (_request("&x;", head='<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>').encode(), REFUSED),
    "external DTD": (_request(head='<!DOCTYPE a SYSTEM "http://127.0.0.1:9/CANARY.dtd">').encode(), REFUSED),
    "parameter entity": (_request(head='<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/passwd">%x;]>').encode(), REFUSED),
    "bare DOCTYPE": (_request(head="<!DOCTYPE Autodiscover>").encode(), REFUSED),
    "unknown entity": (_request("&CANARY;").encode(), REFUSED),
    "XInclude": (
        b'<Autodiscover xmlns:xi="http://www.w3.org/2001/XInclude"><Request><EMailAddress>'
        b'<xi:include href="/etc/passwd" parse="text"/></EMailAddress></Request></Autodiscover>',
        REFUSED,
    ),
    "10 MB": (_request("a" * 10_000_000).encode(), BIG),
    "10 MB of nothing": (b" " * 10_000_000, BIG),
    "100,000 nested": (b"<a>" * 100_000 + b"</a>" * 100_000, BIG),
    "nested to the limit": (b"<a>" * 2_300 + b"</a>" * 2_300, REFUSED),
    "elements to the limit": (b"<Autodiscover><Request>" + b"<a/>" * 4_000 + b"</Request></Autodiscover>", OURS),
    "attributes to the limit": (b"<Autodiscover " + b" ".join(b'a%d=""' % i for i in range(1_900)) + b"/>", REFUSED),
    "UTF-16 with BOM": (_declared("utf-16").encode("utf-16"), OURS),
    "UTF-16 without BOM": (_declared("utf-16").encode("utf-16-le"), OURS),
    "UTF-16 without BOM or declaration": (_request().encode("utf-16-be"), REFUSED),
    "UTF-16 that says UTF-8": (_declared("utf-8").encode("utf-16"), REFUSED),
    "UTF-8 that says UTF-16": (_declared("utf-16").encode(), REFUSED),
    "UTF-8 BOM that says Latin-1": (b"\xef\xbb\xbf" + _declared("iso-8859-1").encode(), REFUSED),
    "UTF-8 with BOM": (b"\xef\xbb\xbf" + _declared("utf-8").encode(), OURS),
    "Latin-1 that says nothing": (_request("ännä@kund.se").encode("latin-1"), REFUSED),
    "unknown charset": (_declared("CANARY").encode(), REFUSED),
    "UTF-32": (_declared("utf-32").encode("utf-32"), REFUSED),
    "NUL": (_request("anna\0@kund.se").encode(), REFUSED),
    "NUL at the end": (_request().encode() + b"\0", REFUSED),
    "NUL by reference": (_request("anna&#0;@kund.se").encode(), REFUSED),
    "two addresses": (_request("anna@kund.se</EMailAddress><EMailAddress>CANARY@kund.se").encode(), REFUSED),
    "two schemas": (_request(schema="urn:x</AcceptableResponseSchema><AcceptableResponseSchema>").encode(), REFUSED),
    "two requests": (b"<Autodiscover><Request/><Request/></Autodiscover>", REFUSED),
    "markup in the address": (_request("<b>CANARY</b>anna@kund.se").encode(), REFUSED),
    "escaped markup in the address": (_request("&lt;script&gt;CANARY@kund.se").encode(), NO_ADDRESS),
    "newline in the address": (_request("anna@kund.se&#13;&#10;Set-Cookie: CANARY").encode(), NO_ADDRESS),
    "newline in the local part": (_request("CANARY\n@kund.se").encode(), NO_ADDRESS),
    "several addresses in one": (_request("anna@kund.se,CANARY@kund.se").encode(), NO_ADDRESS),
    "long address": (_request("a." * 7_000 + "@kund.se").encode(), NO_ADDRESS),
    "IP address": (_request("CANARY@[192.0.2.1]").encode(), NO_ADDRESS),
    "a template": (_request("{{CANARY}}${CANARY}%CANARY%").encode(), NO_ADDRESS),
    "no request": (b"<Autodiscover/>", REFUSED),
    "SOAP": (b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>CANARY</s:Body></s:Envelope>', REFUSED),
    "HTML": (b"<!doctype html><html><br>CANARY</html>", REFUSED),
    "JSON": (b'{"Email":"CANARY"}', REFUSED),
    "a form": (b"EMailAddress=CANARY%40kund.se", REFUSED),
}


def _asked(body: bytes) -> tuple[str, bytes]:
    """Answer *body* as a service would."""
    try:
        request = outlook.parse_request(body)
    except TooLarge:
        return BIG, outlook.error_document(ErrorCode.REQUEST, NOON).content
    except DocumentError:
        return REFUSED, outlook.error_document(ErrorCode.REQUEST, NOON).content
    try:
        address = EmailAddress.parse(request.email) if request.email else None
    except AddressError:
        return NO_ADDRESS, outlook.error_document(ErrorCode.REQUEST, NOON).content
    return OURS, outlook.document(KARLA, address).content


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_request_has_one_outcome_and_nothing_of_it_comes_back(name: str) -> None:
    """Quickly, and nothing reflected."""
    body, outcome = HOSTILE[name]
    before = time.process_time()
    found, answer = _asked(body)
    assert time.process_time() - before < 2
    assert found == outcome
    assert CANARY.encode() not in answer
    assert b"root:" not in answer


def test_an_unknown_schema_is_never_reflected() -> None:
    """The namespace of the answer is ours, whatever the client says that it accepts."""
    request = outlook.parse_request(_request(schema='CANARY"&gt;&lt;x').encode())
    assert request.schema is Schema.OTHER
    assert request.acceptable_response_schema == 'CANARY"><x'
    assert b"CANARY" not in outlook.error_document(ErrorCode.SCHEMA, NOON).content


def test_hostile_requests_take_no_memory() -> None:
    """The whole table grows a process of its own by less than 16 MiB beyond the bodies themselves."""
    script = (
        "import resource; from tests.formats import test_outlook as t\n"
        "t._asked(t._request().encode()); before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for body, outcome in t.HOSTILE.values(): assert t._asked(body)[0] == outcome\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 16 * 1024


def _protocols(document: outlook.Autodiscover) -> tuple[outlook.Protocol, ...]:
    assert document.response is not None
    (account,) = document.response.accounts
    return account.protocols

"""Autodiscover in plain old XML (MS-OXDSCLI; learn.microsoft.com, "POX Autodiscover XML elements for Exchange"): requests and answers.

Parses, writes and makes documents; knows no clock, and repeats nothing of a request. The wire types of answers hold what any system
says, Exchange's protocols, redirects and MobileSync (MS-ASCMD, 2.2.1.1) included; what we ourselves publish is `from_config`.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from datetime import time
from enum import IntEnum, StrEnum
from http import HTTPStatus
from typing import Annotated

from autoconfig import model
from autoconfig.address import Domain, EmailAddress
from autoconfig.errors import N_, DocumentError
from autoconfig.formats import wire
from autoconfig.formats.wire import Section, Value
from autoconfig.formats.xml import Element, parse_xml, to_bytes

# Thunderbird compares it case-sensitively (153); Outlook itself asks with it.
CONTENT_TYPE = "text/xml; charset=utf-8"
FILE_NAME = "autodiscover.xml"

# MS-OXDSCLI, 2.2.1; the two of MobileSync are MS-ASCMD's.
_SCHEMAS = "http://schemas.microsoft.com/exchange/autodiscover/"
OUTLOOK_REQUEST = _SCHEMAS + "outlook/requestschema/2006"
MOBILESYNC_REQUEST = _SCHEMAS + "mobilesync/requestschema/2006"
ANSWER = _SCHEMAS + "responseschema/2006"
OUTLOOK_RESPONSE = _SCHEMAS + "outlook/responseschema/2006a"
MOBILESYNC_RESPONSE = _SCHEMAS + "mobilesync/responseschema/2006"

MAX_REQUEST_OCTETS = 16 * 1024  # Outlook's and Thunderbird's have about 500

PROTOCOLS = {model.Protocol.IMAP: "IMAP", model.Protocol.POP3: "POP3"}

# SSL and Encryption. For Outlook Encryption overrides SSL and "TLS" is STARTTLS; for Thunderbird (153) SSL "off" is plaintext whatever
# Encryption says, and with "on" the port decides. Only these pairs mean the same to both.
ENCRYPTION = {
    model.TLSMode.IMPLICIT: ("on", "SSL"),
    model.TLSMode.STARTTLS: ("on", "TLS"),
    model.TLSMode.NONE: ("off", "None"),
}


class ErrorCode(IntEnum):
    """Why there are no settings (MS-ASCMD, 2.2.3.64; 500 as Exchange uses it)."""

    ADDRESS = 500
    REQUEST = 600
    SCHEMA = 601


# Exchange's own words, because clients compare them: exchangelib knows an unknown address by this sentence alone.
MESSAGES = {
    ErrorCode.ADDRESS: "The email address can't be found.",
    ErrorCode.REQUEST: "Invalid Request",
    ErrorCode.SCHEMA: "Provider is not available",
}

# Exchange answers all of them with 200. Ours do not where another URL, or another service, may know more: Thunderbird (153) takes
# every 2xx for an answer and passes over the URLs behind it.
STATUS = {
    ErrorCode.ADDRESS: HTTPStatus.NOT_FOUND,
    ErrorCode.REQUEST: HTTPStatus.BAD_REQUEST,
    ErrorCode.SCHEMA: HTTPStatus.OK,
}

# Error (POX), Id: "a hash of the name of the computer". Short enough to guess the name from; so ours is everybody's.
ERROR_ID = zlib.crc32(b"autoconfig")


class TooLarge(DocumentError):
    """A request is larger than any client's."""


class Schema(StrEnum):
    """What a request wants to be answered with."""

    OUTLOOK = OUTLOOK_RESPONSE
    MOBILESYNC = MOBILESYNC_RESPONSE
    OTHER = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks, as it stands in the request without blanks around it; None for what is missing or empty."""

    email: str | None = None
    legacy_dn: str | None = None
    acceptable_response_schema: str | None = None
    namespace: str = OUTLOOK_REQUEST

    @property
    def schema(self) -> Schema:
        """The answer that the client can read; where it does not say, the one that belongs to its question."""
        belongs = {OUTLOOK_REQUEST: OUTLOOK_RESPONSE, MOBILESYNC_REQUEST: MOBILESYNC_RESPONSE, "": OUTLOOK_RESPONSE}
        wanted = (self.acceptable_response_schema or belongs.get(self.namespace, "")).lower()
        return next((schema for schema in (Schema.OUTLOOK, Schema.MOBILESYNC) if schema.value == wanted), Schema.OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebProtocol(Section):
    """What lies behind Outlook on the web."""

    type: Annotated[Value | None, "Type"] = None
    as_url: Annotated[Value | None, "ASUrl"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Web(Section):
    """Where Outlook on the web is, from within or from outside the server's own network."""

    owa_urls: Annotated[tuple[Value, ...], "OWAUrl"] = ()
    protocol: Annotated[WebProtocol | None, "Protocol"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol(Section):
    """One server, or one way to reach Exchange. Of Exchange's many URLs only those have a field that some client reads."""

    type: Annotated[Value | None, "Type"] = None
    type_attribute: Annotated[str | None, "Type"] = None  # "mapiHttp"
    version: Annotated[str | None, "Version"] = None
    internal: Annotated[Web | None, "Internal"] = None
    external: Annotated[Web | None, "External"] = None
    ttl: Annotated[Value | None, "TTL"] = None
    expiration_date: Annotated[Value | None, "ExpirationDate"] = None
    server: Annotated[Value | None, "Server"] = None
    port: Annotated[Value | None, "Port"] = None
    as_url: Annotated[Value | None, "ASUrl"] = None
    ews_url: Annotated[Value | None, "EwsUrl"] = None
    domain_required: Annotated[Value | None, "DomainRequired"] = None
    domain_name: Annotated[Value | None, "DomainName"] = None
    login_name: Annotated[Value | None, "LoginName"] = None
    spa: Annotated[Value | None, "SPA"] = None
    ssl: Annotated[Value | None, "SSL"] = None
    encryption: Annotated[Value | None, "Encryption"] = None
    auth_package: Annotated[Value | None, "AuthPackage"] = None
    cert_principal_name: Annotated[Value | None, "CertPrincipalName"] = None
    auth_required: Annotated[Value | None, "AuthRequired"] = None
    use_pop_auth: Annotated[Value | None, "UsePOPAuth"] = None
    smtp_last: Annotated[Value | None, "SMTPLast"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User(Section):
    """Who asks."""

    display_name: Annotated[Value | None, "DisplayName"] = None
    legacy_dn: Annotated[Value | None, "LegacyDN"] = None
    auto_discover_smtp_address: Annotated[Value | None, "AutoDiscoverSMTPAddress"] = None
    deployment_id: Annotated[Value | None, "DeploymentId"] = None
    email_address: Annotated[Value | None, "EMailAddress"] = None  # MobileSync


@dataclass(frozen=True, slots=True, kw_only=True)
class Error(Section):
    """Why there are no settings."""

    time: Annotated[str | None, "Time"] = None
    id: Annotated[str | None, "Id"] = None
    status: Annotated[Value | None, "Status"] = None  # MobileSync
    error_code: Annotated[Value | None, "ErrorCode"] = None
    message: Annotated[Value | None, "Message"] = None
    debug_data: Annotated[Value | None, "DebugData"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Section):
    """An account's servers, or where else to ask for them."""

    account_type: Annotated[Value | None, "AccountType"] = None
    action: Annotated[Value | None, "Action"] = None
    redirect_addr: Annotated[Value | None, "RedirectAddr"] = None
    redirect_url: Annotated[Value | None, "RedirectUrl"] = None
    error: Annotated[Error | None, "Error"] = None
    protocols: Annotated[tuple[Protocol, ...], "Protocol"] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileSyncServer(Section):
    """MS-ASCMD, Server."""

    type: Annotated[Value | None, "Type"] = None
    url: Annotated[Value | None, "Url"] = None
    name: Annotated[Value | None, "Name"] = None
    server_data: Annotated[Value | None, "ServerData"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileSyncSettings(Section):
    """MS-ASCMD, Settings."""

    servers: Annotated[tuple[MobileSyncServer, ...], "Server"] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileSyncAction(Section):
    """MS-ASCMD, Action."""

    redirect: Annotated[Value | None, "Redirect"] = None
    settings: Annotated[MobileSyncSettings | None, "Settings"] = None
    error: Annotated[Error | None, "Error"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response(Section):
    """The answer proper; *namespace* tells whose: Outlook's, MobileSync's, or, of an error, that of the whole document."""

    namespace: str = OUTLOOK_RESPONSE
    culture: Annotated[Value | None, "Culture"] = None  # MobileSync
    user: Annotated[User | None, "User"] = None
    accounts: Annotated[tuple[Account, ...], "Account"] = ()
    action: Annotated[MobileSyncAction | None, "Action"] = None
    error: Annotated[Error | None, "Error"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Autodiscover(Section):
    """The root of an answer."""

    namespace: str = ANSWER
    response: Response | None = None


def parse_request(body: bytes) -> Request:
    """Parse *body*, in any namespace and order of elements; nothing at all asks for the domain's settings.

    Raises TooLarge, and DocumentError for what is no request or says something twice: of two addresses we cannot know which the client
    means, and a proxy in between may have read the other.
    """
    if len(body) > MAX_REQUEST_OCTETS:
        raise TooLarge(N_("the document is larger than %(limit)d bytes"), limit=MAX_REQUEST_OCTETS)
    if not body.strip():
        return Request()
    root = parse_xml(body)
    # Microsoft's own pages spell AutoDiscover and EmailAddress in several ways.
    if _local(root).lower() != "autodiscover":
        raise DocumentError(N_("the document is no Autodiscover request"), line=root.line)
    request = _only(root, "request")
    if request is None:
        raise DocumentError(N_("the document is no Autodiscover request"), line=root.line)
    return Request(
        email=_text(request, "emailaddress"),
        legacy_dn=_text(request, "legacydn"),
        acceptable_response_schema=_text(request, "acceptableresponseschema"),
        namespace=_namespace(root),
    )


def write_request(request: Request) -> bytes:
    """Return *request* as a client would send it."""
    said = (
        ("EMailAddress", request.email),
        ("LegacyDN", request.legacy_dn),
        ("AcceptableResponseSchema", request.acceptable_response_schema),
    )
    space = _braced(request.namespace)
    children = tuple(Element(space + name, (), (text,)) for name, text in said if text)
    return to_bytes(Element(space + "Autodiscover", (), (Element(space + "Request", (), children),)))


def parse(data: bytes) -> Autodiscover:
    """Parse *data*, an answer of any kind; raises DocumentError for all else."""
    root = parse_xml(data)
    if _local(root) != "Autodiscover":
        raise DocumentError(N_("the document is a %(name)s, not an Autodiscover answer"), line=root.line, name=_local(root))
    # Response is in a namespace of its own, so it is read by itself.
    found = next((element for element in root.elements if _local(element) == "Response"), None)
    rest = replace(root, content=tuple(part for part in root.content if part is not found))
    space = _namespace(root)
    response = None if found is None else replace(wire.read(Response, found, _braced(_namespace(found))), namespace=_namespace(found))
    return replace(wire.read(Autodiscover, rest, _braced(space)), namespace=space, response=response)


def write(document: Autodiscover) -> bytes:
    """Return *document* as UTF-8 without BOM, the same bytes for equal documents.

    Raises DocumentError for characters that XML 1.0 cannot carry.
    """
    root = wire.write(document, "Autodiscover", _braced(document.namespace))
    if document.response is None:
        return to_bytes(root)
    response = wire.write(document.response, "Response", _braced(document.response.namespace))
    text = (document.text,) if document.text else ()
    return to_bytes(replace(root, content=(*text, response, *document.extra)))


def from_config(config: model.ClientConfig, address: EmailAddress | None = None) -> Autodiscover:
    """Return what *config* says in the one form that Outlook, Thunderbird, Delta Chat and FairEmail read alike.

    One Account, of which Thunderbird reads no second. Incoming servers in order of preference, because the first usable one wins; one
    outgoing server, the first account's. Without *address* no LoginName: Thunderbird then takes the whole address, and an empty one
    would be the user "true". No User either: no client needs it to set up IMAP or POP3, and a display name would tell strangers who has
    a mailbox.
    """
    incoming = tuple(_protocol(PROTOCOLS[account.protocol], account.incoming, address) for account in config.accounts)
    outgoing = _protocol("SMTP", config.accounts[0].outgoing, address)
    account = Account(account_type=Value("email"), action=Value("settings"), protocols=(*incoming, outgoing))
    return Autodiscover(response=Response(accounts=(account,)))


def document(config: model.ClientConfig, address: EmailAddress | None = None) -> model.Document:
    """Return *config* as an answer to Outlook's schema."""
    return model.Document(write(from_config(config, address)), CONTENT_TYPE, FILE_NAME)


def error(code: ErrorCode, now: time) -> Autodiscover:
    """Return the answer that says why there are no settings, at *now* by the server's clock."""
    said = Error(
        time=now.strftime("%H:%M:%S.%f"),  # XML Schema, xs:time, as Exchange without a zone
        id=str(ERROR_ID),
        error_code=Value(str(code.value)),
        message=Value(MESSAGES[code]),
        debug_data=Value(),
    )
    return Autodiscover(response=Response(namespace=ANSWER, error=said))


def error_document(code: ErrorCode, now: time) -> model.Document:
    """Return `error` as the answer to serve with its STATUS."""
    return model.Document(write(error(code, now)), CONTENT_TYPE, FILE_NAME)


def _protocol(kind: str, server: model.Server[Domain], address: EmailAddress | None) -> Protocol:
    ssl, encryption = ENCRYPTION[server.tls]
    anybody = kind == "SMTP" and server.auth == (model.AuthMethod.NONE,)
    return Protocol(
        type=Value(kind),
        server=Value(server.host.ascii),
        port=Value(str(server.port)),
        domain_required=Value("off"),
        login_name=None if address is None else Value(server.username.fill(address)),
        spa=Value("off"),  # SPA (POX): on where it is absent
        ssl=Value(ssl),
        encryption=Value(encryption),
        auth_required=Value("off" if anybody else "on"),
    )


def _text(parent: Element, name: str) -> str | None:
    found = _only(parent, name)
    if found is None:
        return None
    if found.elements:
        raise DocumentError(N_("%(name)s is to be text alone"), line=found.line, name=name)
    return found.text.strip() or None


def _only(parent: Element, name: str) -> Element | None:
    found = [element for element in parent.elements if _local(element).lower() == name]
    if len(found) > 1:
        raise DocumentError(N_("%(name)s stands there more than once"), line=found[1].line, name=name)
    return found[0] if found else None


def _local(element: Element) -> str:
    return element.name.rpartition("}")[2]


def _namespace(element: Element) -> str:
    return element.name.rpartition("}")[0].removeprefix("{")


def _braced(namespace: str) -> str:
    return f"{{{namespace}}}" if namespace else ""

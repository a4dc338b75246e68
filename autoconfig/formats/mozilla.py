"""Mozilla autoconfig: clientConfig 1.1 (wiki.mozilla.org, Thunderbird:Autoconfiguration:ConfigFileFormat) and 1.2
(draft-ietf-mailmaint-autoconfig-06, "Data format"). Parses, writes and makes documents; judges nothing and asks nobody.

The wire types say what the file says: values are text as it stands, port "993.0" as well as a misspelt socketType. What clients make
of them is the clients' business; what we ourselves publish is `from_config`, the only place of that recipe.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from autoconfig import model
from autoconfig.address import Domain, EmailAddress
from autoconfig.errors import N_, DocumentError
from autoconfig.formats import wire
from autoconfig.formats.wire import Section, Value
from autoconfig.formats.xml import parse_xml, to_bytes, without_illegal

Version = Literal["1.1", "1.2"]

# Draft, "Data format": text/xml. Thunderbird compares it case-sensitively (153).
CONTENT_TYPE = "text/xml; charset=utf-8"
# Draft, "Mail provider": the same name for both versions.
FILE_NAME = "config-v1.1.xml"

# Draft, "displayName and displayShortName".
MAX_DISPLAY_NAME = 60
MAX_DISPLAY_SHORT_NAME = 20

# Draft, "socketType".
SOCKET_TYPES = {
    model.TLSMode.IMPLICIT: "SSL",
    model.TLSMode.STARTTLS: "STARTTLS",
    model.TLSMode.NONE: "plain",
}

# Draft, "TCP-based protocols", authentication. Its list says "OAuth", its examples and all clients "OAuth2".
AUTHENTICATIONS = {
    model.AuthMethod.PASSWORD_CLEARTEXT: "password-cleartext",
    model.AuthMethod.PASSWORD_ENCRYPTED: "password-encrypted",
    model.AuthMethod.OAUTH2: "OAuth2",
    model.AuthMethod.GSSAPI: "GSSAPI",
    model.AuthMethod.NTLM: "NTLM",
    model.AuthMethod.NONE: "none",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pop3(Section):
    """What to do with mail that is fetched by POP3 (1.1 only)."""

    leave_messages_on_server: Annotated[Value | None, "leaveMessagesOnServer"] = None
    download_on_biff: Annotated[Value | None, "downloadOnBiff"] = None
    days_to_leave_messages_on_server: Annotated[Value | None, "daysToLeaveMessagesOnServer"] = None
    check_interval: Annotated[Value | None, "checkInterval"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Server(Section):
    """A server, by URL or by host and port (draft, "Server sections"); the element that holds it says what it is for."""

    type: Annotated[str | None, "type"] = None
    url: Annotated[Value | None, "url"] = None
    hostname: Annotated[Value | None, "hostname"] = None
    port: Annotated[Value | None, "port"] = None
    socket_type: Annotated[Value | None, "socketType"] = None
    authentications: Annotated[tuple[Value, ...], "authentication"] = ()
    username: Annotated[Value | None, "username"] = None
    # 1.1 only
    pop3: Annotated[Pop3 | None, "pop3"] = None
    restriction: Annotated[Value | None, "restriction"] = None
    add_this_server: Annotated[Value | None, "addThisServer"] = None
    use_global_preferred_server: Annotated[Value | None, "useGlobalPreferredServer"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Documentation(Section):
    """A page of help, and what it is about in several languages (draft, "documentation")."""

    url: Annotated[str | None, "url"] = None
    descriptions: Annotated[tuple[Value, ...], "descr"] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Enable(Section):
    """A page to visit before mail programs are let in (1.1 only)."""

    visit_url: Annotated[str | None, "visiturl"] = None
    instructions: Annotated[tuple[Value, ...], "instruction"] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2(Section):
    """An OAuth 2.0 server for public clients (draft, "XML config file" and "OAuth2 requirements")."""

    auth_url: Annotated[Value | None, "authURL"] = None
    token_url: Annotated[Value | None, "tokenURL"] = None
    issuer: Annotated[Value | None, "issuer"] = None
    scope: Annotated[Value | None, "scope"] = None
    client_id: Annotated[Value | None, "clientID"] = None
    client_secret: Annotated[Value | None, "clientSecret"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPageInfo(Section):
    """How to fill in the login page of a webmail (1.1 only)."""

    url: Annotated[str | None, "url"] = None
    username: Annotated[Value | None, "username"] = None
    username_field: Annotated[Value | None, "usernameField"] = None
    password_field: Annotated[Value | None, "passwordField"] = None
    login_button: Annotated[Value | None, "loginButton"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebMail(Section):
    """A webmail (1.1 only)."""

    login_page: Annotated[Value | None, "loginPage"] = None
    login_page_info: Annotated[LoginPageInfo | None, "loginPageInfo"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailProvider(Section):
    """The provider with its mail servers (draft, "emailProvider")."""

    id: Annotated[str | None, "id"] = None
    domains: Annotated[tuple[Value, ...], "domain"] = ()
    display_name: Annotated[Value | None, "displayName"] = None
    display_short_name: Annotated[Value | None, "displayShortName"] = None
    incoming_servers: Annotated[tuple[Server, ...], "incomingServer"] = ()
    outgoing_servers: Annotated[tuple[Server, ...], "outgoingServer"] = ()
    documentation: Annotated[tuple[Documentation, ...], "documentation"] = ()
    # 1.1 only
    instructions: Annotated[tuple[Documentation, ...], "instruction"] = ()
    enable: Annotated[tuple[Enable, ...], "enable"] = ()
    oauth2: Annotated[tuple[OAuth2, ...], "oAuth2"] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConfigDocument(Section):
    """The root (draft, "clientConfig"); *namespace* is the root's own and that of every element in a field."""

    namespace: str = ""
    version: Annotated[str | None, "version"] = None
    email_provider: Annotated[EmailProvider | None, "emailProvider"] = None
    addressbooks: Annotated[tuple[Server, ...], "addressbook"] = ()
    calendars: Annotated[tuple[Server, ...], "calendar"] = ()
    file_shares: Annotated[tuple[Server, ...], "fileShare"] = ()
    chat_servers: Annotated[tuple[Server, ...], "chatServer"] = ()
    video_conferences: Annotated[tuple[Server, ...], "videoConference"] = ()
    setup_servers: Annotated[tuple[Server, ...], "setupServer"] = ()
    oauth2: Annotated[tuple[OAuth2, ...], "oAuth2"] = ()
    client_config_update: Annotated[Value | None, "clientConfigUpdate"] = None
    # 1.1 only
    enable: Annotated[tuple[Enable, ...], "enable"] = ()
    web_mail: Annotated[tuple[WebMail, ...], "webMail"] = ()


def parse(data: bytes) -> ClientConfigDocument:
    """Parse *data*, a clientConfig of any version; raises DocumentError for all else."""
    root = parse_xml(data)
    namespace, brace, local = root.name.rpartition("}")
    if local != "clientConfig":
        raise DocumentError(N_("the document is a %(name)s, not a clientConfig"), line=root.line, name=local)
    document = wire.read(ClientConfigDocument, root, namespace + brace)
    return replace(document, namespace=namespace.removeprefix("{"))


def write(document: ClientConfigDocument) -> bytes:
    """Return *document* as UTF-8 without BOM, the same bytes for equal documents.

    Raises DocumentError for characters that XML 1.0 cannot carry.
    """
    namespace = f"{{{document.namespace}}}" if document.namespace else ""
    return to_bytes(wire.write(document, "clientConfig", namespace))


def from_config(config: model.ClientConfig, address: EmailAddress | None = None, version: Version = "1.1") -> ClientConfigDocument:
    """Return what *config* says in the one form that every known client reads alike.

    One server of each type, the preferred one first: Thunderbird takes the first, Evolution and aerc the last, Geary and FairEmail an
    IMAP server only where none precedes it. One outgoing server, the first account's. Literal host names: Evolution 3.46 makes
    %EMAILDOMAIN% empty. All five children in one order and without attributes, of which Thunderbird would make nothing; no element
    that himalaya refuses. Of what is not needed for mail, 1.1 names only the help page: every second document of Mozilla's own
    collection does, so no client can mind it; calendars, JMAP, ManageSieve and OAuth 2.0 are 1.2's. *address* changes nothing:
    everybody of a domain gets the same bytes, and these name no other domain.
    """
    domain, provider = config.domain.ascii, config.provider
    mail = EmailProvider(
        id=domain,
        domains=(Value(domain),),
        display_name=_name(provider.name, MAX_DISPLAY_NAME) or Value(domain),
        display_short_name=_name(provider.short_name, MAX_DISPLAY_SHORT_NAME) or Value(domain[:MAX_DISPLAY_SHORT_NAME]),
        incoming_servers=tuple(_server(account.protocol.value, account.incoming) for account in config.accounts),
        outgoing_servers=(_server("smtp", config.accounts[0].outgoing),),
        documentation=_documentation(config),
    )
    return ClientConfigDocument(version=version, email_provider=mail) if version == "1.1" else _with_draft(config, mail)


def document(config: model.ClientConfig, address: EmailAddress | None = None) -> model.Document:
    """Return *config* as clientConfig 1.1."""
    return model.Document(write(from_config(config, address)), CONTENT_TYPE, FILE_NAME)


def document_1_2(config: model.ClientConfig, address: EmailAddress | None = None) -> model.Document:
    """Return *config* as clientConfig 1.2."""
    return model.Document(write(from_config(config, address, "1.2")), CONTENT_TYPE, FILE_NAME)


def _server(kind: str, server: model.Server[Domain]) -> Server:
    return Server(
        type=kind,
        hostname=Value(server.host.ascii),
        port=Value(str(server.port)),
        socket_type=Value(SOCKET_TYPES[server.tls]),
        authentications=tuple(Value(AUTHENTICATIONS[method]) for method in server.auth),
        username=Value(server.username.text),
    )


def _name(text: str, limit: int) -> Value | None:
    name = " ".join(without_illegal(text).split())[:limit].rstrip()
    return Value(name) if name else None


def _documentation(config: model.ClientConfig) -> tuple[Documentation, ...]:
    provider = config.provider
    if not provider.documentation_url:
        return ()
    name = _name(provider.name, MAX_DISPLAY_NAME) or Value(config.domain.ascii)
    descriptions = tuple(Value(str(name), (("lang", language),)) for language in provider.languages[:1])
    return (Documentation(url=_filled(config, provider.documentation_url).text, descriptions=descriptions),)


def _filled(config: model.ClientConfig, url: str) -> Value:
    return Value(without_illegal(config.url(url)))


def _with_draft(config: model.ClientConfig, mail: EmailProvider) -> ClientConfigDocument:
    """Return *mail* with what clientConfig 1.2 adds; other servers know the user as the preferred account does."""
    provider, preferred = config.provider, config.accounts[0].incoming
    sieve, oauth2 = provider.sieve, provider.oauth2

    def by_url(kind: str, url: str | None) -> tuple[Server, ...]:
        # Draft, "URL-based protocols", authentication; RFC 7617 for the scheme's name.
        basic = Value("Basic", (("system", "http"),))
        return (
            (Server(type=kind, url=_filled(config, url), authentications=(basic,), username=Value(preferred.username.text)),) if url else ()
        )

    def by_host(found: model.Sieve) -> Server:
        server = model.Server(found.host.fill(config.domain), found.port, found.tls, preferred.auth, preferred.username)
        return _server("managesieve", server)

    def authorization(found: model.OAuth2) -> OAuth2:
        auth_url, token_url, issuer = (_filled(config, url) for url in (found.auth_url, found.token_url, found.issuer))
        return OAuth2(auth_url=auth_url, token_url=token_url, issuer=issuer, scope=Value(without_illegal(found.scope)))

    return ClientConfigDocument(
        version="1.2",
        email_provider=replace(
            mail,
            incoming_servers=mail.incoming_servers + by_url("jmap", provider.jmap_url),
        ),
        addressbooks=by_url("carddav", provider.carddav_url),
        calendars=by_url("caldav", provider.caldav_url),
        setup_servers=(by_host(sieve),) if sieve else (),
        oauth2=(authorization(oauth2),) if oauth2 else (),
    )

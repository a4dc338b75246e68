"""What is wrong in a clientConfig by its own grammar: draft-ietf-mailmaint-autoconfig-06, and clientConfig 1.1 of wiki.mozilla.org.

What a program makes of it is that program's business (`programs`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from autoconfig.errors import DocumentError
from autoconfig.formats import mozilla
from autoconfig.formats.mozilla import ClientConfigDocument, EmailProvider, Server
from autoconfig.formats.wire import Section, Value
from autoconfig.lint.markup import broken, check_section, other_root, subsections
from autoconfig.lint.problem import MOST, Problem, nearest
from autoconfig.lint.values import fits, is_host, is_https, misfit, port_of, unknown_placeholder
from autoconfig.model import AuthMethod

_ROOT = "clientConfig"
_VERSIONS = ("1.0", "1.1", "1.2")
_MAIL = ("imap", "pop3", "smtp")
_BY_URL = ("jmap", "activeSync", "caldav", "carddav", "webdav")  # others may name a host as well
_TYPES = {
    "incomingServer": ("imap", "pop3", "jmap", "ews", "activeSync", "graph", "exchange", "owa", "nntp"),
    "outgoingServer": ("smtp", "ews", "activeSync", "graph", "exchange"),
}
_MEANT = {"incomingServer": "imap, pop3", "outgoingServer": "smtp"}
_VALUES = ("hostname", "port", "socketType", "authentication", "username")
_SOCKETS = {word: mode for mode, word in mozilla.SOCKET_TYPES.items()}
_AUTHENTICATIONS = tuple(mozilla.AUTHENTICATIONS.values())
_ANONYMOUS = (mozilla.AUTHENTICATIONS[AuthMethod.NONE], "client-IP-address", "smtp-after-pop")
_NAMES = (
    ("displayName", "display_name", mozilla.MAX_DISPLAY_NAME),
    ("displayShortName", "display_short_name", mozilla.MAX_DISPLAY_SHORT_NAME),
)
_SERVERS = ("incomingServer", "outgoingServer")


def servers_of(data: bytes) -> tuple[tuple[str, int], ...]:
    """Return the elements of *data* that are mail servers, each with its line, in the order of the document; none where it is broken."""
    try:
        return _servers(mozilla.parse(data).email_provider)
    except DocumentError:
        return ()


def _servers(provider: EmailProvider | None) -> tuple[tuple[str, int], ...]:
    found = subsections(provider) if provider else ()
    return tuple(sorted(((name, server.line or 1) for name, server in found if name in _SERVERS), key=lambda one: one[1]))


def check(data: bytes, plain: bytes) -> Iterator[Problem]:
    """Yield what is wrong in *data*; *plain* is what `markup.narrow` made of it."""
    if wrong := other_root(plain, _ROOT, "ROOT_UNKNOWN"):
        yield wrong
        return
    try:
        document = mozilla.parse(data)
    except DocumentError as error:
        yield broken(error)
        return
    yield from _check_root(document)
    if document.email_provider is None:
        yield Problem("PROVIDER_MISSING", document.line, fatal=True)
    else:
        yield from _check_provider(document.email_provider)


def _check_root(document: ClientConfigDocument) -> Iterator[Problem]:
    if document.version not in _VERSIONS:
        yield Problem("VERSION_ODD", document.line)
    yield from check_section(document, _ROOT)
    for name, section in subsections(document):
        if isinstance(section, Server):
            yield from check_section(section, name)
            if section.type in _BY_URL:
                yield from _check_url(name, section)
        elif not isinstance(section, EmailProvider):
            yield from _check_rest(name, section)


def _check_rest(name: str, section: Section) -> Iterator[Problem]:
    yield from check_section(section, name)
    for below, one in subsections(section):
        yield from _check_rest(below, one)


def _check_provider(provider: EmailProvider) -> Iterator[Problem]:
    yield from check_section(provider, "emailProvider")
    # One label will do: Mozilla's own database has MessagingEngine.
    if not is_host(f"{(provider.id or '').strip()}.example"):
        yield Problem("PROVIDER_ID", provider.line)
    # A domain with an attribute is none for Thunderbird.
    if not any(is_host(domain.text.strip()) and not domain.attributes for domain in provider.domains):
        yield Problem("DOMAIN_MISSING", provider.line)
    else:
        for domain in provider.domains:
            if not is_host(domain.text.strip()):
                yield Problem("DOMAIN_INVALID", domain.line, {"value": domain.text}, about="domain")
    for name, field, limit in _NAMES:
        value: Value | None = getattr(provider, field)
        if value is None:
            if not any(nearest(extra.name, [name]) for extra in provider.extra[:MOST]):
                yield Problem("NAME_MISSING", provider.line, {"element": name}, about=name)
        elif len(value.text.strip()) > limit:
            yield Problem("NAME_LONG", value.line, {"element": name, "limit": limit}, about=name)
    yield from _check_sides(provider)
    places = {line: number for number, (_, line) in enumerate(_servers(provider))}
    for name, section in subsections(provider):
        if isinstance(section, Server):
            yield from _check_server(name, section, places[section.line or 1])
        else:
            yield from _check_rest(name, section)


def _check_sides(provider: EmailProvider) -> Iterator[Problem]:
    incoming, outgoing = provider.incoming_servers, provider.outgoing_servers
    if not incoming and not outgoing:
        yield Problem("SERVERS_MISSING", provider.line, about="sides")
    elif not incoming:
        yield Problem("INCOMING_MISSING", provider.line, about="incomingServer")
    elif not outgoing:
        yield Problem("OUTGOING_MISSING", provider.line, about="outgoingServer")
    if incoming and all(server.type in _TYPES["incomingServer"] and server.type != "imap" for server in incoming):
        yield Problem("IMAP_MISSING", incoming[0].line, about="incomingServer")


def _check_server(name: str, server: Server, place: int) -> Iterator[Problem]:
    if server.attributes:
        yield Problem("SERVER_ATTRIBUTES", server.line, place=place, about="type")
    type = server.type or ""
    by_host = type in _MAIL or type not in _TYPES[name]
    yield from check_section(replace(server, attributes=()), name, place, values=_VALUES if by_host else ())
    if type not in _TYPES[name]:
        yield Problem("TYPE_UNKNOWN", server.line, {"value": type, "known": _MEANT[name]}, place=place, about="type")
    if server.pop3:
        yield from _check_rest("pop3", server.pop3)
    if not by_host:
        if type in _BY_URL:
            yield from _check_url(name, server, place)
        return
    yield from _check_host(server, place)
    yield from _check_connection(type if type in _MAIL else "", server, place)
    yield from _check_login(name, server, place)


def _check_url(name: str, server: Server, place: int | None = None) -> Iterator[Problem]:
    url = str(server.url or "").strip()
    if not is_https(url):
        line = server.url.line if server.url else server.line
        yield Problem("URL_INVALID", line, {"element": name, "url": url}, place=place, about="url")


def _check_host(server: Server, place: int) -> Iterator[Problem]:
    host = server.hostname
    if _is_missing(host, server, "hostname"):
        yield Problem("HOSTNAME_MISSING", server.line, place=place, about="hostname")
    elif host is not None and not host.text.strip():
        yield Problem("VALUE_EMPTY", host.line, {"element": "hostname"}, place=place, about="hostname")
    elif host is not None and (placeholder := unknown_placeholder(host.text)):
        args: dict[str, str | int] = {"element": "hostname", "placeholder": placeholder}
        yield Problem("PLACEHOLDER_UNKNOWN", host.line, args, place=place, about="hostname")
    elif host is not None and not is_host(host.text, with_placeholders=True):
        yield Problem("HOST_NOT_A_NAME", host.line, {"host": host.text}, place=place, about="hostname")


def _check_connection(protocol: str, server: Server, place: int) -> Iterator[Problem]:
    port, socket = server.port, server.socket_type
    number = port_of(port.text) if port else None
    if _is_missing(port, server, "port"):
        yield Problem("PORT_MISSING", server.line, place=place, about="port")
    elif port is not None and number is None:
        yield Problem("PORT_INVALID", port.line, {"value": port.text}, place=place, about="port")
    tls = _SOCKETS.get(socket.text) if socket else None
    if _is_missing(socket, server, "socketType"):
        yield Problem("SOCKET_TYPE_MISSING", server.line, place=place, about="socketType")
    elif socket is not None and tls is None:
        yield Problem("SOCKET_TYPE_UNKNOWN", socket.line, {"value": socket.text}, place=place, about="socketType")
    elif socket is not None and socket.text == "plain":
        yield Problem("SERVER_PLAIN", socket.line, {"host": str(server.hostname or "").strip()}, place=place, about="socketType")
    if port and protocol and number is not None and tls is not None and not fits(protocol, number, tls):
        yield Problem("PORT_MISFIT", port.line, misfit(protocol, number, tls), place=place, about="port")


def _check_login(name: str, server: Server, place: int) -> Iterator[Problem]:
    words = [value.text.strip() for value in server.authentications]
    known = (*_AUTHENTICATIONS, *(_ANONYMOUS if name == "outgoingServer" else ()))
    if not any(word in known for word in words):
        if not _is_there(server, "authentication") or words:
            line = server.authentications[0].line if words else server.line
            yield Problem("AUTHENTICATION_MISSING", line, place=place, about="authentication")
    else:
        for value, word in zip(server.authentications, words, strict=True):
            if word not in known:
                yield Problem("AUTHENTICATION_UNKNOWN", value.line, {"value": word}, place=place, about="authentication")
    username = server.username
    if username is None:
        if words and all(word in _ANONYMOUS for word in words):
            return
        if not _is_there(server, "username"):
            yield Problem("USERNAME_MISSING", server.line, place=place, about="username")
    elif not username.text.strip():
        yield Problem("VALUE_EMPTY", username.line, {"element": "username"}, place=place, about="username")
    elif placeholder := unknown_placeholder(username.text):
        args: dict[str, str | int] = {"element": "username", "placeholder": placeholder}
        yield Problem("PLACEHOLDER_UNKNOWN", username.line, args, place=place, about="username")


def _is_missing(value: Value | None, server: Server, name: str) -> bool:
    return value is None and not _is_there(server, name)


def _is_there(server: Server, name: str) -> bool:
    """Tell whether the element *name* is there in some form, misspelt or with elements in it: that is told already."""
    return any(nearest(extra.name.rpartition("}")[2], (*_VALUES, "url")) == name for extra in server.extra[:MOST])

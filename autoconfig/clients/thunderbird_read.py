"""What Thunderbird (153) takes out of a document: its readers of clientConfig and of autodiscover, and how it fills in placeholders.

Both walk over the JXON tree and skip each server that they cannot use; what JavaScript makes of an odd value is what is used.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from autoconfig.clients.outcome import Choice, Effect, Note, Reading
from autoconfig.clients.parsers import jxon
from autoconfig.clients.parsers.jxon import Node
from autoconfig.errors import DocumentError
from autoconfig.model import TLSMode

_TLS = {"SSL": TLSMode.IMPLICIT, "STARTTLS": TLSMode.STARTTLS, "plain": TLSMode.NONE}
_INCOMING = ("pop3", "imap", "nntp", "exchange", "ews", "owa")
_PASSWORDS = ("password-cleartext", "plain", "password-encrypted", "secure")
_MECHANISMS = (*_PASSWORDS, "GSSAPI", "NTLM")
_WITHOUT_LOGIN = ("none", "client-IP-address", "smtp-after-pop")
_OAUTH2 = "OAuth2"
# OAuth2Providers.sys.mjs: for these hosts, and those below, it has a client id of its own.
_OAUTH2_HOSTS = (
    *("gmail.com", "googlemail.com", "mail.ru", "yandex.com", "yandex.ru", "aol.com", "mail.yahoo.com", "comcast.net", "fastmail.com"),
    *("outlook.office365.com", "smtp.office365.com", "outlook.com", "hotmail.com", "thundermail.com"),
)
_SERVER_NAME = {"IMAP": "imap", "POP3": "pop3", "SMTP": "smtp"}
_STARTTLS_PORTS = (143, 110, 25, 587)
_WEB_PORTS = {"http": 80, "https": 443}
_OUTLOOK_TLS = {"ssl": TLSMode.IMPLICIT, "tls": TLSMode.STARTTLS, "none": TLSMode.NONE}
ADDRESS = "%EMAILADDRESS%"

MAX_HOST = 255
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}\.?", re.ASCII)
_HOST_WITH_PLACEHOLDERS = re.compile(r"[a-zA-Z0-9.-]*(?:%[A-Z0-9]+%[a-zA-Z0-9.-]*)+", re.ASCII)
# InputSanitizer.emailAddress
_EMAIL_ADDRESS = re.compile(r"[a-z0-9\-%+_.*]+@[a-z0-9\-.]+\.[a-z]+", re.ASCII | re.IGNORECASE)
_PLACEHOLDER = re.compile(r"%[A-Za-z]+%?")
# ECMAScript, GetSubstitution: what "$" means in a replacement.
_DOLLAR = re.compile(r"\$([$&`'])")


class _RejectedError(Exception):
    """The document, or one server of it, is not used; *note* says why."""

    def __init__(self, rule: str, line: int | None = None, **args: str | int) -> None:
        super().__init__(rule)
        self.rule, self.line, self.args_of_rule = rule, line, args

    def note(self, effect: Effect) -> Note:
        return Note(self.rule, effect, self.line, self.args_of_rule)


def _reading(data: bytes, charset: str, read: Callable[[Node, list[Note]], Reading]) -> Reading:
    notes = list[Note]()
    try:
        found = read(jxon.parse(data, charset), notes)
    except DocumentError as error:
        reason = str(error.values.get("reason", error))
        return Reading(accepted=False, notes=(Note("XML_BROKEN", Effect.REJECTS, error.line, {"reason": reason}),))
    except _RejectedError as error:
        return Reading(accepted=False, notes=(*notes, error.note(Effect.REJECTS)))
    return replace(found, notes=tuple(notes))


def _none_left(notes: list[Note], rule: str, node: Node) -> _RejectedError:
    """Return why the document is not used, without a server that is: what was wrong with the last of them."""
    if not notes or notes[-1].effect is not Effect.SKIPS:
        return _RejectedError(rule, node.line)
    last = notes.pop()
    return _RejectedError(last.rule, last.line, **last.args)


# --- clientConfig ------------------------------------------------------------------------------------------------------------------


def mozilla(data: bytes, charset: str = "") -> Reading:
    """Read a clientConfig document, as readFromXML does; *charset* is that of the HTTP answer."""
    return _reading(data, charset, _client_config)


def _client_config(top: Node, notes: list[Note]) -> Reading:
    root = top.first("clientConfig")
    if root is None:
        name = next(iter(top.children), None)
        raise _RejectedError("ROOT_UNKNOWN", 1, element=name) if name else _RejectedError("PREFIXED_NAMES", 1)
    provider = root.first("emailProvider")
    if provider is None:
        raise _RejectedError("PROVIDER_MISSING", root.line)
    if hostname(jxon.string(provider.attributes.get("id")), provider.attributes.get("id")) is None:
        raise _RejectedError("PROVIDER_ID", provider.line)
    if not any(_host_of(domain) for domain in provider.all("domain")):
        raise _RejectedError("DOMAIN_MISSING", next((domain.line for domain in provider.all("domain")), provider.line))
    incoming = _servers(provider.all("incomingServer"), _incoming, notes)
    if not incoming:
        raise _none_left(notes, "INCOMING_MISSING", provider)
    of_outgoing = list[Note]()
    outgoing = _servers(provider.all("outgoingServer"), _outgoing, of_outgoing)
    if not outgoing:
        raise _none_left(of_outgoing, "OUTGOING_MISSING", provider)
    notes += of_outgoing
    other = outgoing[0][0].first("useGlobalPreferredServer")
    if other is not None and jxon.text_of(other) == "true":
        notes.append(Note("SMTP_ELSEWHERE", Effect.SKIPS, other.line))
        outgoing = []
    return Reading(tuple(choice for _, choice in incoming), tuple(choice for _, choice in outgoing))


def _servers(nodes: Sequence[Node], read: Callable[[Node, list[Note]], Choice], notes: list[Note]) -> list[tuple[Node, Choice]]:
    found = list[tuple[Node, Choice]]()
    for node in nodes:
        of_this = list[Note]()
        try:
            found.append((node, read(node, of_this)))
            notes += of_this
        except _RejectedError as error:
            notes.append(error.note(Effect.SKIPS))
    return found


def _incoming(node: Node, notes: list[Note]) -> Choice:
    protocol = jxon.string(node.attributes.get("type"))
    if protocol not in _INCOMING:
        raise _RejectedError("SERVER_TYPE_UNKNOWN", node.line, value=protocol)
    host, tls = None if node.first("hostname") is None else _host(node), None
    port = None
    if node.first("port") is None:
        notes.append(Note("PORT_MISSING", Effect.MISREADS, node.line))
    else:
        port = _port(node)
    if (url := node.first("url")) is not None and (named := _named_by(jxon.text_of(url))) is not None:
        host, tls = named
    username = _username(node, notes)
    tls = _tls(node, tls)
    if host is None:
        raise _RejectedError("HOSTNAME_MISSING", node.line)
    _authentication(node, host, _MECHANISMS)
    return Choice(protocol, host, port, tls, username, node.line)


def _outgoing(node: Node, notes: list[Note]) -> Choice:
    if (protocol := jxon.string(node.attributes.get("type"))) != "smtp":
        raise _RejectedError("SERVER_TYPE_UNKNOWN", node.line, value=protocol)
    host, port, tls = _host(node), _port(node), _tls(node)
    mechanism = _authentication(node, host, _MECHANISMS + _WITHOUT_LOGIN)
    named = node.first("username") is not None or mechanism in _PASSWORDS
    return Choice("smtp", host, port, tls, _username(node, notes) if named else None, node.line)


def _host(node: Node) -> str:
    value = node.first("hostname")
    if value is None:
        raise _RejectedError("HOSTNAME_MISSING", node.line)
    _plain(value, "hostname")
    host = _host_of(value)
    if host is None:
        raise _RejectedError("HOST_NOT_A_NAME", value.line, host=jxon.text_of(value))
    return host


def _port(node: Node) -> int:
    number = _number(node, "port")
    if not 1 <= number <= 65535:
        value = node.first("port") or node
        raise _RejectedError("PORT_INVALID", value.line, value=jxon.text_of(value))
    return number


def _number(node: Node, name: str) -> int:
    value = node.first(name)
    if value is None:
        raise _RejectedError("PORT_MISSING", node.line)
    _plain(value, name)
    number = value.value
    if isinstance(number, bool) or not isinstance(number, float) or number != number:
        number = jxon.integer(jxon.text_of(value))
    if number is None:
        raise _RejectedError("PORT_INVALID", value.line, value=jxon.text_of(value))
    return int(number)


def _named_by(url: str) -> tuple[str, TLSMode] | None:
    """Return the host that *url* names, and its security; with a port it is no host to this program."""
    tls = {"https": TLSMode.IMPLICIT, "http": TLSMode.NONE}.get(url.partition(":")[0])
    try:
        parts = urlsplit(url)
        host = hostname(parts.hostname or "") if parts.port in (None, _WEB_PORTS.get(parts.scheme)) else None
    except ValueError:
        return None
    return None if tls is None or host is None else (host, tls)


def _tls(node: Node, otherwise: TLSMode | None = None) -> TLSMode:
    every = node.all("socketType")
    for value in every:
        if (tls := _TLS.get(jxon.text_of(value))) is not None:
            return tls
    if otherwise is not None:
        return otherwise
    if not every:
        raise _RejectedError("SOCKET_TYPE_MISSING", node.line)
    _plain(every[0], "socketType")
    raise _RejectedError("SOCKET_TYPE_UNKNOWN", every[0].line, value=jxon.text_of(every[0]))


def _authentication(node: Node, host: str, known: Sequence[str]) -> str:
    """Return the first of its mechanisms that is *known*."""
    every = node.all("authentication")
    words = [jxon.text_of(value) for value in every]
    for word in words:
        if word in known or (word == _OAUTH2 and _has_oauth2(host)):
            return word
    if not every:
        raise _RejectedError("AUTHENTICATION_MISSING", node.line)
    if _OAUTH2 in words:
        raise _RejectedError("OAUTH2_ONLY", every[words.index(_OAUTH2)].line, host=host)
    _plain(every[0], "authentication")
    raise _RejectedError("AUTHENTICATION_MISSING", every[0].line)


def _has_oauth2(host: str) -> bool:
    return any(host == known or host.endswith("." + known) for known in _OAUTH2_HOSTS)


def _username(node: Node, notes: list[Note], name: str = "username") -> str:
    value = node.first(name)
    username = jxon.text_of(value)
    if value is None:
        notes.append(Note("USERNAME_MISSING", Effect.MISREADS, node.line))
    elif username != value.text or value.value is None:
        notes.append(Note("USERNAME_CHANGED", Effect.MISREADS, value.line, {"value": username}))
    elif (left := _unknown_placeholder(username)) is not None:
        notes.append(Note("PLACEHOLDER_LOST", Effect.MISREADS, value.line, {"element": name, "placeholder": left}))
    return username


def _unknown_placeholder(text: str) -> str | None:
    for name in ("EMAILADDRESS", "EMAILLOCALPART", "EMAILDOMAIN", "REALNAME"):
        text = text.replace(f"%{name}%", "")
    found = _PLACEHOLDER.search(text)
    return found[0] if found else None


def _plain(value: Node, name: str) -> None:
    if value.value is None and value.attributes:
        raise _RejectedError("VALUE_ATTRIBUTE", value.line, element=name)


# --- autodiscover ------------------------------------------------------------------------------------------------------------------


_NOTHING_YET = Choice("", "", _WEB_PORTS["https"], TLSMode.IMPLICIT, ADDRESS)


@dataclass(slots=True)
class _Gathered:
    """What was gathered so far. *first* is what Exchange writes itself into, even where it is the IMAP server that was found before."""

    first: Choice = _NOTHING_YET
    others: list[Choice] = field(default_factory=list)
    outgoing: list[Choice] = field(default_factory=list)

    def take(self, url: str, line: int) -> None:
        """Take *url* as that of Exchange."""
        try:
            parts = urlsplit(url)
            host, port = hostname(parts.hostname or ""), parts.port
        except ValueError:
            return
        if url.partition(":")[0] in _WEB_PORTS and host is not None:
            port = None if port == _WEB_PORTS[parts.scheme] else port
            self.first = replace(self.first, protocol="exchange", host=host, port=port or self.first.port, line=line)

    def add(self, server: Choice) -> None:
        """Take *server* behind those that are there."""
        if server.protocol == "smtp":
            self.outgoing.append(server)
        elif self.first.host:
            self.others.append(server)
        else:
            self.first = server


def outlook(data: bytes, charset: str = "") -> Reading:
    """Read an answer of autodiscover, as fetchConfigFromExchange does. Exchange comes last, as an alternative to IMAP and POP3."""
    return _reading(data, charset, _autodiscover)


def _autodiscover(top: Node, notes: list[Note]) -> Reading:
    node: Node | None = top
    for name in ("Autodiscover", "Response", "Account"):
        node = node.first(name) if node is not None else None
    if node is None:
        raise _RejectedError("ACCOUNT_MISSING", 1)
    if (address := node.first("RedirectAddr")) is not None and _is_truthy(address):
        if not _EMAIL_ADDRESS.fullmatch(text := jxon.text_of(address)):
            raise _RejectedError("HOST_NOT_A_NAME", address.line, host=text)
        return Reading(redirect=text.lower())
    if not node.all("Protocol"):
        if (url := node.first("RedirectUrl")) is not None:
            raise _RejectedError("REDIRECT_URL", url.line)
        raise _RejectedError("ACCOUNT_MISSING", node.line)
    found = _Gathered()
    for protocol in node.all("Protocol"):
        of_this = list[Note]()
        try:
            _protocol(protocol, found, of_this)
            notes += of_this
        except _RejectedError as error:
            notes.append(error.note(Effect.SKIPS))
    if not found.first.host:
        raise _none_left(notes, "INCOMING_MISSING", node)
    if not all(server.port for server in (found.first, *found.outgoing[:1])):
        raise _RejectedError("PORT_INVALID", node.line, value="0")
    incoming = sorted((found.first, *found.others), key=lambda choice: choice.protocol == "exchange")
    return Reading(tuple(incoming), tuple(found.outgoing))


def _protocol(node: Node, found: _Gathered, notes: list[Note]) -> None:
    kind = jxon.text_of(node.first("Type"))
    if kind == "WEB":
        section = node.first("External") or node.first("Internal")
        url = section.first("OWAUrl") if section is not None else None
        # Only its text beside an attribute is looked at.
        if url is not None and url.attributes:
            found.take(url.text, url.line)
    elif kind in ("EXHTTP", "EXCH"):
        if (url := node.first("EwsUrl")) is not None:
            found.take(jxon.text_of(url), url.line)
    elif kind in _SERVER_NAME:
        found.add(_server(node, _SERVER_NAME[kind], notes))
    elif kind.upper() in _SERVER_NAME:
        raise _RejectedError("SERVER_TYPE_UNKNOWN", node.line, value=kind)


def _server(node: Node, protocol: str, notes: list[Note]) -> Choice:
    server = node.first("Server")
    if server is None:
        raise _RejectedError("HOSTNAME_MISSING", node.line)
    host = _host_of(server)
    if host is None:
        raise _RejectedError("HOST_NOT_A_NAME", server.line, host=jxon.text_of(server))
    port = _number(node, "Port")
    tls = _tls_of(node, port, notes)
    _word(node, "SPA")
    login = node.first("LoginName")
    if login is not None and not _is_truthy(login):
        raise _RejectedError("USERNAME_MISSING", login.line)
    username = ADDRESS if login is None else _username(node, notes, "LoginName")
    return Choice(protocol, host, port, tls, username, node.line)


def _tls_of(node: Node, port: int, notes: list[Note]) -> TLSMode:
    if _word(node, "SSL") == "off":
        return TLSMode.NONE
    if (encryption := _word(node, "Encryption")) == "none":
        return TLSMode.NONE
    tls = TLSMode.STARTTLS if port in _STARTTLS_PORTS else TLSMode.IMPLICIT
    if (meant := _OUTLOOK_TLS.get(encryption)) is not None and meant is not tls:
        notes.append(Note("ENCRYPTION_BY_PORT", Effect.MISREADS, node.line, {"port": port, "value": encryption.upper()}))
    return tls


def _word(node: Node, name: str) -> str:
    """Return a value in lower case, "" where it is missing; on all that is no text JavaScript fails."""
    value = node.first(name)
    if value is None:
        return ""
    if not isinstance(value.value, str):
        raise _RejectedError("WORD_UNKNOWN", value.line, element=name, value=jxon.text_of(value))
    return value.value.lower()


def _is_truthy(node: Node) -> bool:
    """Tell whether JavaScript takes it for true: an object is, 0 and blanks are not."""
    value = node.value
    return value is None or (bool(value) and value == value)


# --- values ------------------------------------------------------------------------------------------------------------------------


def hostname(text: str, value: jxon.Value = "?") -> str | None:
    """Return *text* as the name or address of a host in lower case, placeholders as they are; None where it is neither."""
    # A number that is 0 or none at all is as good as missing.
    if not value or value != value:
        return None
    stripped = text.strip()
    if _HOST_WITH_PLACEHOLDERS.fullmatch(stripped):
        return stripped
    if _HOST.fullmatch(stripped) and len(stripped) <= MAX_HOST:
        return stripped.lower()
    try:
        ip = ipaddress.IPv6Address(stripped)
    except ValueError:
        return None
    return None if ip.is_unspecified or ip.scope_id else stripped.lower()


def _host_of(node: Node) -> str | None:
    return hostname(jxon.text_of(node), True if node.value is None else node.value)


def filled(choice: Choice, values: Mapping[str, str]) -> Choice:
    """Return *choice* with the placeholders of host and user name replaced by *values*."""
    username = choice.username
    return replace(choice, host=_fill(choice.host, values), username=None if username is None else _fill(username, values))


def _fill(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = _replaced(text, f"%{name}%", value)
    return text


def _replaced(text: str, placeholder: str, value: str) -> str:
    # String.prototype.replaceAll reads "$" in what it puts in, and means the text as it was.
    pieces, at = list[str](), 0
    while (found := text.find(placeholder, at)) >= 0:
        meaning = {"$": "$", "&": placeholder, "`": text[:found], "'": text[found + len(placeholder) :]}
        pieces += text[at:found], _DOLLAR.sub(lambda dollar, meaning=meaning: meaning[dollar[1]], value)  # type: ignore[misc]
        at = found + len(placeholder)
    return "".join((*pieces, text[at:]))


def problems(choices: Sequence[Choice], notes: Sequence[Note]) -> Iterator[tuple[str, Mapping[str, str | int]]]:
    """Yield what cannot be right about servers as they would be entered, a rule and its values; *notes* are those of their document."""
    changed = {note.args["value"] for note in notes if note.rule == "USERNAME_CHANGED"}
    for choice in choices:
        if choice.protocol == "nntp":
            yield "SERVER_TYPE_UNKNOWN", {"value": choice.protocol}
        if choice.username == jxon.text_of(None):
            yield "USERNAME_MISSING", {}
        elif choice.username in changed:
            yield "USERNAME_CHANGED", {"value": choice.username}
        for name, value in (("hostname", choice.host), ("username", choice.username or "")):
            if (left := _unknown_placeholder(value)) is not None:
                yield "PLACEHOLDER_LOST", {"element": name, "placeholder": left}

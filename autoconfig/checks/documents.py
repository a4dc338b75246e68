"""What documents and SRV records name, as `Named` servers for one address; or why they cannot be read. Asks nobody, judges nothing.

The formats' parsers say what a file says. Here that becomes servers that can be compared and connected to: placeholders are filled, and
what no program could use (no host, no port, an unknown word for TLS) is left out, with its reason. Every list is bounded, since every
server that is named will be connected to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from autoconfig.address import Domain, EmailAddress
from autoconfig.checks.case import Named, Source
from autoconfig.errors import AddressError, DocumentError, printable
from autoconfig.formats import mozilla, outlook, pacc
from autoconfig.formats.wire import Value
from autoconfig.formats.xml import MAX_OCTETS
from autoconfig.model import EMAILADDRESS, EMAILDOMAIN, EMAILLOCALPART, AuthMethod, Protocol, TLSMode
from autoconfig.observations import Lookup, Service, service_of

MAX_SERVERS = 20  # of one document; the largest of Mozilla's database has 8


class Fault(StrEnum):
    """Why a document is of no use."""

    HTML = "html"  # a web page
    HUGE = "huge"
    DTD = "dtd"
    BROKEN = "broken"  # anything else; `Reading.reason` says what


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document says. *usernames* are as they stand in it, placeholders and all; *reason* is a line of English, *line* 1-based.

    *settings* is true for an Autodiscover answer with settings of any kind, Exchange's own included, which name no server of ours.
    """

    servers: tuple[Named, ...] = ()
    usernames: tuple[str, ...] = ()
    fault: Fault | None = None
    reason: str = ""
    line: int | None = None
    settings: bool = False
    redirect_addr: str = ""
    redirect_url: str = ""
    error: str = ""  # the ErrorCode of an Autodiscover answer

    @property
    def place(self) -> str:
        """The reason with its line."""
        return f"line {self.line}: {self.reason}" if self.line else self.reason


Reader = Callable[[bytes], Reading]


class _Unusable(Exception):
    """A server that no program could use, and why."""


# --- autoconfig --------------------------------------------------------------------------------------------------------------------

_SOCKET_TYPES = {word: mode for mode, word in mozilla.SOCKET_TYPES.items()}
_AUTHENTICATIONS = {word: method for method, word in mozilla.AUTHENTICATIONS.items()} | {
    "plain": AuthMethod.PASSWORD_CLEARTEXT,  # the words of clientConfig 1.0
    "secure": AuthMethod.PASSWORD_ENCRYPTED,
}


def read_autoconfig(body: bytes, address: EmailAddress, via: str = "") -> Reading:
    """Return what *body*, a clientConfig, says for *address*."""
    return _read(body, lambda: _autoconfig(body, address, via))


def _autoconfig(body: bytes, address: EmailAddress, via: str) -> Reading:
    provider = mozilla.parse(body).email_provider
    servers = (*provider.incoming_servers, *provider.outgoing_servers) if provider else ()
    wanted = [server for server in servers if (server.type or "").lower() in _TALKS]
    found, reasons = _each(wanted, lambda server: _mozilla_server(server, address, via))
    usernames = tuple(str(server.username) for server in wanted[:MAX_SERVERS] if server.username)
    return _complete(Reading(servers=found, usernames=usernames, settings=bool(found)), reasons)


_TALKS = ("imap", "pop3", "smtp")


def _mozilla_server(server: mozilla.Server, address: EmailAddress, via: str) -> Named:
    tls = _SOCKET_TYPES.get(str(server.socket_type or "").strip())
    if tls is None:
        raise _Unusable(f"socketType is {printable(server.socket_type or '')!r}, which is none of SSL, STARTTLS, plain")
    methods = (_AUTHENTICATIONS.get(value.text.strip()) for value in server.authentications)
    return Named(
        service=service_of((server.type or "").lower(), tls),
        host=_host(filled(str(server.hostname or ""), address)),
        port=_port(str(server.port or "")),
        source=Source.AUTOCONFIG,
        via=via,
        auth=tuple(dict.fromkeys(method for method in methods if method)),
        username=filled(str(server.username), address) if server.username else None,
        tls=tls,
    )


# --- Autodiscover ------------------------------------------------------------------------------------------------------------------

_STARTTLS_PORTS = (143, 110, 25, 587)
_PROTOCOLS = {"IMAP": "imap", "POP3": "pop3", "SMTP": "smtp"}


def read_autodiscover(body: bytes, via: str = "") -> Reading:
    """Return what *body*, an Autodiscover answer in plain old XML, says."""
    return _read(body, lambda: _autodiscover(body, via))


def _autodiscover(body: bytes, via: str) -> Reading:
    response = outlook.parse(body).response
    accounts = response.accounts if response else ()
    protocols = [protocol for account in accounts for protocol in account.protocols]
    wanted = [protocol for protocol in protocols if _text(protocol.type).upper() in _PROTOCOLS]
    found, reasons = _each(wanted, lambda protocol: _outlook_server(protocol, via))
    errors = [part.error for part in (response, *accounts) if part and part.error]
    reading = Reading(
        servers=found,
        # Exchange's own protocols are settings as well, though not for the programs that we speak of.
        settings=bool(found) or len(protocols) > len(wanted),
        redirect_addr=next((text for account in accounts if (text := _text(account.redirect_addr))), ""),
        redirect_url=next((text for account in accounts if (text := _text(account.redirect_url))), ""),
        error=next((_text(error.error_code) or "0" for error in errors), ""),
    )
    return reading if reading.redirect_addr or reading.redirect_url or reading.error else _complete(reading, reasons)


def _outlook_server(protocol: outlook.Protocol, via: str) -> Named:
    kind = _PROTOCOLS[_text(protocol.type).upper()]
    ssl, encryption = _text(protocol.ssl).lower(), _text(protocol.encryption).lower()
    port = _port(_text(protocol.port)) if _text(protocol.port) else None
    # Encryption (POX): it overrides SSL, and its TLS is STARTTLS. Where neither says, the port does (Thunderbird 153).
    if encryption in ("ssl", "tls", "none"):
        tls = {"ssl": TLSMode.IMPLICIT, "tls": TLSMode.STARTTLS, "none": TLSMode.NONE}[encryption]
    elif ssl == "off":
        tls = TLSMode.NONE
    else:
        tls = TLSMode.STARTTLS if port in _STARTTLS_PORTS else TLSMode.IMPLICIT
    service = service_of(kind, tls)
    return Named(
        service=service,
        host=_host(_text(protocol.server)),
        port=port or service.default_port,
        source=Source.AUTODISCOVER,
        via=via,
        username=_text(protocol.login_name) or None,
        tls=tls,
    )


# --- PACC --------------------------------------------------------------------------------------------------------------------------


def read_pacc(body: bytes, address: EmailAddress, via: str = "") -> Reading:
    """Return what *body*, a user-agent-configuration, says for *address*; ports and TLS are the protocol's own."""
    return _read(body, lambda: _pacc(body, address, via))


def _pacc(body: bytes, address: EmailAddress, via: str) -> Reading:
    protocols = pacc.parse(body).protocols or pacc.Protocols()
    said = (
        (Service.IMAPS, pacc.INCOMING_PORTS[Protocol.IMAP], protocols.imap),
        (Service.POP3S, pacc.INCOMING_PORTS[Protocol.POP3], protocols.pop3),
        (Service.SUBMISSIONS, pacc.OUTGOING_PORT, protocols.submit or protocols.smtp),
    )

    def named(told: tuple[Service, int, pacc.TextServer]) -> Named:
        service, port, server = told
        return Named(service, _host(server.host or ""), port, Source.PACC, via, username=address.ascii)

    found, reasons = _each([(service, port, server) for service, port, server in said if server], named)
    groupware = protocols.jmap or protocols.caldav or protocols.carddav or protocols.webdav
    reading = Reading(servers=found, settings=bool(found or groupware))
    return reading if groupware and not reasons else _complete(reading, reasons)


# --- SRV ---------------------------------------------------------------------------------------------------------------------------

# RFC 6186, 3; RFC 8314, 5.1.
MAIL_SERVICES = {
    "_imaps": Service.IMAPS,
    "_imap": Service.IMAP,
    "_pop3s": Service.POP3S,
    "_pop3": Service.POP3,
    "_submissions": Service.SUBMISSIONS,
    "_submission": Service.SUBMISSION,
}

_SRV = re.compile(r"(\d{1,5}) (\d{1,5}) (\d{1,5}) (\S+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Srv:
    """One SRV record (RFC 2782); *target* as it stands, "." where the service is decidedly not available."""

    text: str
    priority: int
    port: int
    target: str

    @property
    def denies(self) -> bool:
        """Whether it says that there is no such service."""
        return self.target == "."

    @property
    def host(self) -> Domain | None:
        """The target, None where it cannot be a host's name."""
        try:
            return Domain.parse(self.target)
        except AddressError:
            return None


def srv_records(lookup: Lookup) -> tuple[Srv, ...]:
    """Return the records of *lookup*, the preferred one first; what is not a record is left out."""
    found = [match for value in lookup.values[:MAX_SERVERS] if (match := _SRV.fullmatch(value))]
    records = [Srv(match[0], int(match[1]), int(match[3]), match[4]) for match in found]
    return tuple(sorted(records, key=lambda record: record.priority))


def read_srv(label: str, lookup: Lookup) -> tuple[Named, ...]:
    """Return the servers that the records of *label* ("_imaps") name."""
    service = MAIL_SERVICES[label]
    tls = TLSMode.IMPLICIT if service.implicit else TLSMode.STARTTLS
    records = [(record, record.host) for record in srv_records(lookup) if not record.denies and 0 < record.port < 65536]
    return tuple(Named(service, host, record.port, Source.SRV, lookup.question.name, tls=tls) for record, host in records if host)


# --- what they have in common ------------------------------------------------------------------------------------------------------

_PLACEHOLDER = re.compile("|".join((EMAILADDRESS, EMAILLOCALPART, EMAILDOMAIN)))
_BEFORE = re.compile(rb"<!--.*?-->|<\?.*?>", re.DOTALL)
_HTML = re.compile(rb"\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_HEAD = 4096


def filled(text: str, address: EmailAddress) -> str:
    """Return *text* with Mozilla's placeholders filled for *address*, its domain in A-labels; others stay as they are."""
    values = {EMAILADDRESS: address.ascii, EMAILLOCALPART: address.local_part, EMAILDOMAIN: address.domain.ascii}
    return _PLACEHOLDER.sub(lambda found: values[found.group()], text)


def _read(body: bytes, read: Callable[[], Reading]) -> Reading:
    try:
        return read()
    except DocumentError as error:
        return Reading(fault=_fault(body), reason=str(error), line=error.line)


def _fault(body: bytes) -> Fault:
    # Without byte order marks, and with UTF-16 as if it were ASCII.
    plain = body[:_HEAD].lstrip(b"\xef\xbb\xbf\xff\xfe").replace(b"\0", b"")
    if _HTML.match(_BEFORE.sub(b"", plain)):
        return Fault.HTML
    if len(body) > MAX_OCTETS:
        return Fault.HUGE
    return Fault.DTD if b"<!DOCTYPE" in plain else Fault.BROKEN


def cut_off(body: bytes) -> Reading:
    """Return what is to be said of *body*, of which only the beginning was taken."""
    fault = Fault.HTML if _fault(body) is Fault.HTML else Fault.HUGE
    return Reading(fault=fault, reason=f"more than {len(body)} bytes")


Told = TypeVar("Told")


def _each(told: Iterable[Told], read: Callable[[Told], Named]) -> tuple[tuple[Named, ...], tuple[str, ...]]:
    """Return what can be used, and the reasons for the rest."""
    found: list[Named] = []
    reasons: list[str] = []
    for one in list(told)[:MAX_SERVERS]:
        try:
            found.append(read(one))
        except _Unusable as error:
            reasons.append(str(error))
    return tuple(found), tuple(reasons)


def _complete(reading: Reading, reasons: tuple[str, ...]) -> Reading:
    """Return *reading* as broken where no program could make anything of it."""
    if reading.settings:
        return reading
    return replace(reading, fault=Fault.BROKEN, reason=reasons[0] if reasons else "it names no mail server")


def _host(text: str) -> Domain:
    try:
        return Domain.parse(text)
    except AddressError as error:
        raise _Unusable(str(error)) from None


def _port(text: str) -> int:
    plain = text.strip()
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 5 and 0 < int(plain) < 65536):
        raise _Unusable(f"the port is {printable(text)!r}")
    return int(plain)


def _text(value: Value | None) -> str:
    return str(value).strip() if value else ""

"""Apple configuration profiles (.mobileconfig): property lists that make a mail, calendar and contacts account on iPhone, iPad and Mac.

Renders and parses; asks nobody, and never carries a password. Keys and their types are those of Apple's device-management schema
(TopLevel, com.apple.mail.managed, com.apple.caldav.account, com.apple.carddav.account). A profile that somebody else wrote keeps every
key and payload that we do not know, and every value of the wrong type, in `others`. Signatures are the business of `signing.py`.
"""

from __future__ import annotations

import plistlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID, uuid5
from xml.parsers.expat import ExpatError

from autoconfig.address import Domain, EmailAddress
from autoconfig.errors import N_, AddressError, DocumentError, UsageError
from autoconfig.formats.xml import without_illegal
from autoconfig.model import Account, AuthMethod, ClientConfig, Document, Port, Protocol, Server, TLSMode

CONTENT_TYPE = "application/x-apple-aspen-config"
SUFFIX = ".mobileconfig"

MAX_OCTETS = 1024 * 1024
MAX_DEPTH = 32

CONFIGURATION = "Configuration"
MAIL = "com.apple.mail.managed"
CALDAV = "com.apple.caldav.account"
CARDDAV = "com.apple.carddav.account"

# The words of com.apple.mail.managed. There is none for OAuth 2.0 or GSSAPI.
_ACCOUNT_TYPES = {Protocol.IMAP: "EmailTypeIMAP", Protocol.POP3: "EmailTypePOP"}
_PASSWORD = "EmailAuthPassword"  # noqa: S105  # a mechanism
_AUTHENTICATIONS = {
    AuthMethod.PASSWORD_CLEARTEXT: _PASSWORD,
    AuthMethod.PASSWORD_ENCRYPTED: "EmailAuthCRAMMD5",
    AuthMethod.NTLM: "EmailAuthNTLM",
    AuthMethod.NONE: "EmailAuthNone",
}

# Every identifier on every device stands on this: it never changes.
_NAMESPACE = UUID("6f0d6a52-3b0e-4c5e-9f0b-2d6c1f7a9e41")

_FILE_CHARACTERS = re.compile(r"[^A-Za-z0-9@.+_-]")
_LINE = re.compile(r"(.*?) at line (\d+)\Z", re.DOTALL)

# What a property list can say (plist(5)).
Value = Any


def _key(name: str, kind: type, default: object = None) -> Any:  # noqa: ANN401  # as dataclasses.field itself
    """Return a field that stands for the key *name*, whose value is a *kind*; None means that the key is absent."""
    return field(default=default, metadata={"key": name, "kind": kind})


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """One payload of any type; `others` are the keys that have no field here, or whose value is not of the field's type."""

    type: str | None = _key("PayloadType", str)
    version: int | None = _key("PayloadVersion", int)
    identifier: str | None = _key("PayloadIdentifier", str)
    uuid: str | None = _key("PayloadUUID", str)
    display_name: str | None = _key("PayloadDisplayName", str)
    description: str | None = _key("PayloadDescription", str)
    organization: str | None = _key("PayloadOrganization", str)
    others: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPayload(Payload):
    """com.apple.mail.managed: an IMAP or POP account with its outgoing server."""

    type: str | None = _key("PayloadType", str, MAIL)
    account_type: str | None = _key("EmailAccountType", str)
    account_description: str | None = _key("EmailAccountDescription", str)
    account_name: str | None = _key("EmailAccountName", str)
    address: str | None = _key("EmailAddress", str)
    incoming_host: str | None = _key("IncomingMailServerHostName", str)
    incoming_port: int | None = _key("IncomingMailServerPortNumber", int)
    incoming_ssl: bool | None = _key("IncomingMailServerUseSSL", bool)
    incoming_authentication: str | None = _key("IncomingMailServerAuthentication", str)
    incoming_username: str | None = _key("IncomingMailServerUsername", str)
    outgoing_host: str | None = _key("OutgoingMailServerHostName", str)
    outgoing_port: int | None = _key("OutgoingMailServerPortNumber", int)
    outgoing_ssl: bool | None = _key("OutgoingMailServerUseSSL", bool)
    outgoing_authentication: str | None = _key("OutgoingMailServerAuthentication", str)
    outgoing_username: str | None = _key("OutgoingMailServerUsername", str)
    same_password: bool | None = _key("OutgoingPasswordSameAsIncomingPassword", bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalDAVPayload(Payload):
    """com.apple.caldav.account: a calendar account."""

    type: str | None = _key("PayloadType", str, CALDAV)
    account_description: str | None = _key("CalDAVAccountDescription", str)
    host: str | None = _key("CalDAVHostName", str)
    port: int | None = _key("CalDAVPort", int)
    ssl: bool | None = _key("CalDAVUseSSL", bool)
    principal_url: str | None = _key("CalDAVPrincipalURL", str)
    username: str | None = _key("CalDAVUsername", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardDAVPayload(Payload):
    """com.apple.carddav.account: a contacts account."""

    type: str | None = _key("PayloadType", str, CARDDAV)
    account_description: str | None = _key("CardDAVAccountDescription", str)
    host: str | None = _key("CardDAVHostName", str)
    port: int | None = _key("CardDAVPort", int)
    ssl: bool | None = _key("CardDAVUseSSL", bool)
    principal_url: str | None = _key("CardDAVPrincipalURL", str)
    username: str | None = _key("CardDAVUsername", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile(Payload):
    """The whole profile. An encrypted one has no `content`, but the key EncryptedPayloadContent in `others`."""

    type: str | None = _key("PayloadType", str, CONFIGURATION)
    content: tuple[Payload, ...] = ()


_PAYLOADS: dict[str, type[Payload]] = {MAIL: MailPayload, CALDAV: CalDAVPayload, CARDDAV: CardDAVPayload}

_P = TypeVar("_P", bound=Payload)


def parse(data: bytes) -> Profile:
    """Parse an unsigned profile; raises DocumentError for all that is not one.

    Binary property lists are refused: no service serves them, and their references can say a thousand times what is there once.
    """
    if len(data) > MAX_OCTETS:
        raise DocumentError(N_("the document is larger than %(limit)d bytes"), limit=MAX_OCTETS)
    if data.startswith(b"bplist"):
        raise DocumentError(N_("this is a binary property list; change it into XML first: plutil -convert xml1 FILE"))
    if data.startswith(b"\x30"):  # ASN.1, SEQUENCE: the first byte of every CMS signature, and of no XML
        raise DocumentError(N_("the profile is signed; take it out of its signature first"))
    try:
        # plistlib refuses entity declarations, and expat fetches nothing.
        found = plistlib.loads(data, fmt=plistlib.FMT_XML)
    except Exception as error:  # plistlib lets out what its parts raise: ExpatError, ValueError, IndexError, AttributeError ...
        raise _not_a_plist(error) from None
    if not isinstance(found, dict):
        raise DocumentError(N_("the property list is not a dictionary"))
    _check(found)
    kind = found.get("PayloadType")
    if kind != CONFIGURATION:
        raise DocumentError(
            N_("this is not a configuration profile: its PayloadType is %(found)s, not %(expected)s"),
            found=kind if isinstance(kind, str) else "-",
            expected=CONFIGURATION,
        )
    payloads = found.get("PayloadContent")
    if isinstance(payloads, list) and all(isinstance(payload, dict) for payload in payloads):
        del found["PayloadContent"]
        return _read(Profile, found, content=tuple(_payload(payload) for payload in payloads))
    return _read(Profile, found)


def write(profile: Profile) -> bytes:
    """Return *profile* as an XML property list with sorted keys: the same bytes for the same profile.

    Raises DocumentError for values that no property list can carry.
    """
    data = _keys(profile)
    if profile.content:
        data["PayloadContent"] = [_keys(payload) for payload in profile.content]
    try:
        return plistlib.dumps(data, fmt=plistlib.FMT_XML, sort_keys=True)
    except (ValueError, OverflowError, TypeError) as error:
        raise DocumentError(N_("this cannot be written as a property list: %(reason)s"), reason=error) from None


def from_config(config: ClientConfig, address: EmailAddress) -> Profile:
    """Return the profile of *address* for the first account of *config*, with that account's own outgoing server."""
    account = config.accounts[0]
    payloads: list[Payload] = [_mail(account, address)]
    if config.provider.caldav_url:
        payloads += _dav(CalDAVPayload, config.url(config.provider.caldav_url), account, address)
    if config.provider.carddav_url:
        payloads += _dav(CardDAVPayload, config.url(config.provider.carddav_url), account, address)
    name = without_illegal(config.provider.name)
    return Profile(
        version=1,
        identifier=_identifier(address, account.protocol),
        uuid=_uuid(address, account.protocol, "profile"),
        display_name=f"{name}: {address}",
        organization=name or None,
        content=tuple(payloads),
    )


def document(config: ClientConfig, address: EmailAddress | None = None) -> Document:
    """Return the unsigned profile of *address* as a document; raises UsageError without an address: whose account would it be?"""
    if address is None:
        raise UsageError(
            N_("an Apple profile is made for one address, such as %(example)s, not for a whole domain"), example=f"anna@{config.domain}"
        )
    return Document(write(from_config(config, address)), CONTENT_TYPE, _file_name(address))


def _mail(account: Account[Domain], address: EmailAddress) -> MailPayload:
    incoming, outgoing = _port(account.incoming), _port(account.outgoing)
    return MailPayload(
        version=1,
        identifier=_identifier(address, account.protocol, "mail"),
        uuid=_uuid(address, account.protocol, "mail"),
        display_name=f"{'IMAP' if account.protocol is Protocol.IMAP else 'POP'}: {address}",
        account_type=_ACCOUNT_TYPES[account.protocol],
        # No EmailAccountName: we do not know the person's name, and the device asks for it.
        account_description=str(address),
        address=address.ascii,
        incoming_host=account.incoming.host.ascii,
        incoming_port=incoming.port,
        incoming_ssl=incoming.tls is not TLSMode.NONE,
        incoming_authentication=_authentication(account.incoming),
        incoming_username=account.incoming.username.fill(address),
        outgoing_host=account.outgoing.host.ascii,
        outgoing_port=outgoing.port,
        outgoing_ssl=outgoing.tls is not TLSMode.NONE,
        outgoing_authentication=_authentication(account.outgoing),
        outgoing_username=account.outgoing.username.fill(address),
        same_password=True,  # asked for once, not twice
    )


def _port(server: Server[Domain]) -> Port:
    # UseSSL is all that Apple can say: it does not tell STARTTLS from TLS at once, and what a device makes of it on a STARTTLS port
    # is told in different ways. On a port with TLS from the first byte there is only one way to understand it.
    first = Port(server.port, server.tls)
    if first.tls is not TLSMode.STARTTLS:
        return first
    return next((port for port in server.also if port.tls is TLSMode.IMPLICIT), first)


def _authentication(server: Server[Domain]) -> str:
    # The key is required. Where Apple knows none of the methods (oauth2, gssapi), a password is the one thing that a person can still give,
    # often an "app password"; EmailAuthNone would never even ask.
    return next((_AUTHENTICATIONS[method] for method in server.auth if method in _AUTHENTICATIONS), _PASSWORD)


_DAV = TypeVar("_DAV", CalDAVPayload, CardDAVPayload)


def _dav(payload: type[_DAV], url: str, account: Account[Domain], address: EmailAddress) -> list[_DAV]:
    """Return the payload for the server at *url*, or none where the URL names no server: an empty host breaks the whole import."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return []
    if not host or parts.scheme not in ("http", "https"):
        return []
    try:
        host = Domain.parse(host).ascii
    except AddressError:  # an IP address, or a host of one label: as it is
        if not host.isascii():
            return []
    kind, name = ("caldav", "CalDAV") if payload is CalDAVPayload else ("carddav", "CardDAV")
    return [
        payload(
            version=1,
            identifier=_identifier(address, account.protocol, kind),
            uuid=_uuid(address, account.protocol, kind),
            display_name=f"{name}: {address}",
            account_description=str(address),
            host=host,
            port=port or (443 if parts.scheme == "https" else 80),
            ssl=parts.scheme == "https",
            principal_url=_principal(parts.path, parts.query),
            username=account.incoming.username.fill(address),
        )
    ]


def _principal(path: str, query: str) -> str | None:
    # Without it a device asks /.well-known/ (RFC 6764, 5) and "/" who the user is. Any other path is where a host without /.well-known/
    # answers that. As a path, not a URL: so mailcow and Mail-in-a-Box give it to thousands of devices.
    if path in ("", "/") or path.startswith("/.well-known/"):
        return None
    return f"{path}?{query}" if query else path


def _identifier(address: EmailAddress, protocol: Protocol, *more: str) -> str:
    # Apple, TopLevel, PayloadIdentifier: "used to determine whether a new profile should replace an existing one or should be added".
    # The same address and protocol replaces. IMAP and POP do not replace each other: a replaced profile takes its account along, and with a
    # POP account the mail that lies on the device only.
    domain = reversed(address.domain.ascii.split("."))
    return ".".join((*domain, "autoconfig", protocol.value, _uuid(address, protocol, "identifier").replace("-", "").lower(), *more))


def _uuid(address: EmailAddress, protocol: Protocol, what: str) -> str:
    # RFC 5321, 2.4 lets "Anna@" and "anna@" be two mailboxes; nobody has them, and people type both.
    return str(uuid5(_NAMESPACE, f"{what} {protocol.value} {address.local.lower()}@{address.domain.ascii}")).upper()


def _file_name(address: EmailAddress) -> str:
    """Return a file name of *address* that every system, and a quoted string in Content-Disposition (RFC 6266), takes as it is."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", address.ascii) if not unicodedata.combining(c))
    safe = _FILE_CHARACTERS.sub("_", plain)[:200]
    return ("_" + safe[1:] if safe[0] in ".-" else safe) + SUFFIX


def _payload(data: dict[str, Value]) -> Payload:
    kind = data.get("PayloadType")
    return _read(_PAYLOADS.get(kind, Payload) if isinstance(kind, str) else Payload, data)


def _read(cls: type[_P], data: Mapping[str, Value], **more: object) -> _P:
    known: dict[str, Any] = dict(more)
    others = dict(data)
    for part in fields(cls):
        key = part.metadata.get("key")
        # Exactly: to Python, and not to Apple, True is an integer.
        if key in others and type(others[key]) is part.metadata["kind"]:
            known[part.name] = others.pop(key)
    return cls(**known, others=others)


def _keys(payload: Payload) -> dict[str, Value]:
    named = {part.metadata["key"]: getattr(payload, part.name) for part in fields(payload) if "key" in part.metadata}
    return {**payload.others, **{key: value for key, value in named.items() if value is not None}}


def _check(value: Value, depth: int = 1) -> None:
    """Refuse what could be read but not written, or only with a deep breath."""
    if depth > MAX_DEPTH:
        raise DocumentError(N_("the document has elements more than %(limit)d deep"), limit=MAX_DEPTH)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise DocumentError(N_("the property list has an integer of more than 64 bits"))
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            _check(part, depth + 1)


def _not_a_plist(error: Exception) -> DocumentError:
    template = N_("the document is not an XML property list: %(reason)s")
    if isinstance(error, ExpatError):
        return DocumentError(template, line=error.lineno, reason=str(error).partition(":")[0])
    if isinstance(error, ValueError) or type(error) is LookupError:  # the others are accidents, whose words help nobody
        told = _LINE.match(str(error))
        return DocumentError(template, line=int(told[2]) if told else None, reason=told[1] if told else error)
    return DocumentError(N_("the document is not an XML property list"))

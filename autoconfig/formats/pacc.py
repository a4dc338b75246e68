"""PACC, the user-agent-configuration.json of draft-ietf-mailmaint-pacc-03. Parses, writes and makes documents; asks nobody.

Customers have the SHA-256 of these bytes in their DNS, so equal documents are equal bytes, today and after every upgrade: members
sorted by name, no blanks, no newline at the end, UTF-8 with only those characters escaped that JSON demands. That is the form of
RFC 8785 for all that this service says. A change of it is a change in the DNS of every customer: the golden files hold it.

The wire types below are the grammar: `parse` and `write` follow their fields. What no field can hold (an unknown member, or a
known one with another kind of value) stays in `extra`, as JSON.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints
from urllib.parse import quote, urlsplit, urlunsplit

from autoconfig.address import Domain, EmailAddress
from autoconfig.errors import N_, AddressError, AutoconfigError, DocumentError
from autoconfig.model import AuthMethod, ClientConfig, Document, Protocol, Server, TLSMode

CONTENT_TYPE = "application/json"
FILE_NAME = "user-agent-configuration.json"

MAX_OCTETS = 64 * 1024
MAX_NAME = 60
MAX_SHORT_NAME = 20

# The document names hosts alone: a client connects to the port that is registered for TLS from the first byte.
INCOMING_PORTS = {Protocol.IMAP: 993, Protocol.POP3: 995}
OUTGOING_PORT = 465

# A document cannot say a user name either: clients take the address.
_ADDRESS_AS_USER_NAME = ("%EMAILADDRESS%", "%EMAILLOCALPART%@%EMAILDOMAIN%")
_PASSWORDS = {AuthMethod.PASSWORD_CLEARTEXT, AuthMethod.PASSWORD_ENCRYPTED}
_URI = "/:?#[]@!$&'()*+,;=-._~%"  # RFC 3986, 2.2 and 2.3, and what is already escaped

# The members that Python cannot spell.
_NAMES = {"oauth_public": "oauth-public", "short_name": "shortName", "content_type": "content-type"}

Extra = tuple[tuple[str, str], ...]  # member -> its value as JSON, sorted


class PaccError(AutoconfigError):
    """What a domain should use cannot be told in a PACC document; there is none, and no digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """A JSON object, with what its fields cannot hold."""

    extra: Extra = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextServer(Object):
    """A server that is reached on its protocol's port for direct TLS."""

    host: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpServer(Object):
    """A server that is reached by its https URL, on port 443."""

    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocols(Object):
    """What the provider speaks, and where. `submit` was called `smtp` until -02."""

    imap: TextServer | None = None
    pop3: TextServer | None = None
    submit: TextServer | None = None
    smtp: TextServer | None = None
    managesieve: TextServer | None = None
    jmap: HttpServer | None = None
    caldav: HttpServer | None = None
    carddav: HttpServer | None = None
    webdav: HttpServer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthPublic(Object):
    """OAuth 2.0 for public clients; the issuer is an https URL without query and fragment (RFC 8414, 2)."""

    issuer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication(Object):
    """How users prove who they are, for all protocols alike."""

    password: bool | None = None
    oauth_public: OAuthPublic | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo(Object):
    """One picture; width and height are left out for SVG."""

    url: str | None = None
    content_type: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderInfo(Object):
    """Who the provider is."""

    name: str | None = None
    short_name: str | None = None
    logo: tuple[Logo, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Help(Object):
    """Where to read on. *contact* is for makers of mail programs, not for users."""

    documentation: str | None = None
    developer: str | None = None
    contact: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Info(Object):
    """What people may be shown."""

    provider: ProviderInfo | None = None
    help: Help | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration(Object):
    """The document."""

    protocols: Protocols | None = None
    authentication: Authentication | None = None
    info: Info | None = None


def parse(data: bytes) -> Configuration:
    """Parse *data*, any JSON object; raises DocumentError for all else.

    RFC 8259 leaves open what a member that stands twice means, and whether a byte order mark is read over; programs that check a
    digest must not differ in what they read, so both are refused.
    """
    if len(data) > MAX_OCTETS:
        raise DocumentError(N_("the document is larger than %(limit)d bytes"), limit=MAX_OCTETS)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DocumentError(N_("the document is not UTF-8"), line=data.count(b"\n", 0, error.start) + 1) from None
    if text.startswith("\ufeff"):
        raise DocumentError(N_("the document begins with a byte order mark, which JSON may not"), line=1)
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
        _canonical(value)
        # Writing again what is of no member needs a few more levels of the stack than reading did: within the same "try".
        found = _read(Configuration, value) if isinstance(value, dict) else None
    except json.JSONDecodeError as error:
        raise DocumentError(N_("the document is not JSON: %(reason)s"), line=error.lineno, reason=error.msg) from None
    except RecursionError:
        raise DocumentError(N_("the document is nested too deeply")) from None
    except ValueError as error:  # half a surrogate pair, or a number that no program can hold
        raise DocumentError(N_("the document is not JSON: %(reason)s"), reason=error) from None
    if found is None:
        raise DocumentError(N_("the document is not a JSON object"), line=1)
    return found


def write(configuration: Configuration) -> bytes:
    """Return *configuration* as JSON, the same bytes for equal configurations."""
    try:
        return _canonical(_written(configuration))
    except RecursionError:
        raise DocumentError(N_("the document is nested too deeply")) from None
    except ValueError as error:
        raise DocumentError(N_("this cannot be written as JSON: %(reason)s"), reason=error) from None


def digest(content: bytes) -> str:
    """Return the text of the TXT record at _ua-auto-config that vouches for *content*, the exact bytes that are served."""
    return f"v=UAAC1; a=sha256; d={base64.b64encode(hashlib.sha256(content).digest()).decode('ascii')}"


def digest_of(config: ClientConfig) -> str | None:
    """Return the same for the document of *config* as it is served; None where PACC cannot say it."""
    try:
        return digest(document(config).content)
    except PaccError:
        return None


def from_config(config: ClientConfig, address: EmailAddress | None = None) -> Configuration:
    """Return what *config* says in a form that programs of -02 and of -03 understand: the outgoing server stands under both its names.

    A server is named when a client that knows only its host reaches it and can log in: it answers on the protocol's port for
    direct TLS (as its port or one of `also`), the user name is the address, and a password or public OAuth 2.0 will do. Raises
    PaccError when mail cannot both be fetched and sent that way: a program that finds half a configuration asks nowhere else for
    the rest. ManageSieve has no port for direct TLS, and is never named. *address* changes nothing.
    """
    provider, sending = config.provider, config.accounts[0].outgoing
    issuer = _issuer(config)
    methods = _PASSWORDS | ({AuthMethod.OAUTH2} if issuer else set())
    servers = {
        account.protocol: TextServer(host=account.incoming.host.ascii)
        for account in config.accounts
        if _is_told_by_its_host(account.incoming, INCOMING_PORTS[account.protocol], methods)
    }
    submit = TextServer(host=sending.host.ascii) if _is_told_by_its_host(sending, OUTGOING_PORT, methods) else None
    jmap = _http_server(config, provider.jmap_url)
    used = {method for account in config.accounts for method in account.incoming.auth} | set(sending.auth)
    if not used & methods or not (jmap or (servers and submit)):
        raise PaccError(
            N_(
                "%(domain)s has no PACC document: that needs incoming mail on port 993 or 995 and outgoing mail on port 465, all with TLS "
                "from the start, the address as user name, and a password or OAuth 2.0"
            ),
            domain=config.domain,
        )
    has_mail_servers = bool(servers and submit)
    return Configuration(
        protocols=Protocols(
            imap=servers.get(Protocol.IMAP) if has_mail_servers else None,
            pop3=servers.get(Protocol.POP3) if has_mail_servers else None,
            submit=submit if has_mail_servers else None,
            smtp=submit if has_mail_servers else None,
            jmap=jmap,
            caldav=_http_server(config, provider.caldav_url),
            carddav=_http_server(config, provider.carddav_url),
        ),
        authentication=Authentication(
            password=bool(used & _PASSWORDS),
            oauth_public=OAuthPublic(issuer=issuer) if issuer and AuthMethod.OAUTH2 in used else None,
        ),
        info=_info(config),
    )


def document(config: ClientConfig, address: EmailAddress | None = None) -> Document:
    """Return *config* as a PACC document; raises PaccError where there is none."""
    return Document(write(from_config(config, address)), CONTENT_TYPE, FILE_NAME)


def members(kind: type[Object]) -> dict[str, str]:
    """Return the names of the members that a *kind* may have, each with the field that holds it."""
    return {name: field for name, (field, _) in _grammar()[kind].items()}


# From the model to the wire


def _is_told_by_its_host(server: Server[Domain], port: int, methods: set[AuthMethod]) -> bool:
    ports = ((server.port, server.tls), *((other.port, other.tls) for other in server.also))
    return (port, TLSMode.IMPLICIT) in ports and server.username.text in _ADDRESS_AS_USER_NAME and bool(methods & set(server.auth))


def _issuer(config: ClientConfig) -> str | None:
    url = _https(config, config.provider.oauth2.issuer) if config.provider.oauth2 else None
    return None if url is None or "?" in url or "#" in url else url


def _http_server(config: ClientConfig, pattern: str | None) -> HttpServer | None:
    url = _https(config, pattern)
    return HttpServer(url=url) if url else None


def _https(config: ClientConfig, pattern: str | None) -> str | None:
    """Return *pattern* filled and in ASCII, None where it is not https on port 443 of a named host."""
    if pattern is None:
        return None
    try:
        parts = urlsplit(config.url(pattern))
        host = Domain.parse(parts.hostname or "")
        port = parts.port
    except (AddressError, ValueError):
        return None
    if parts.scheme != "https" or port not in (None, 443) or "@" in parts.netloc:
        return None
    return urlunsplit(("https", host.ascii, *(quote(part, safe=_URI) for part in (parts.path, parts.query, parts.fragment))))


def _info(config: ClientConfig) -> Info:
    provider = config.provider
    # Of other pictures the size must be told, and nobody told us.
    logo = _https(config, provider.logo)
    logos = (Logo(url=logo, content_type="image/svg+xml"),) if logo and urlsplit(logo).path.lower().endswith(".svg") else None
    documentation = _https(config, provider.documentation_url)
    return Info(
        provider=ProviderInfo(
            name=_clipped(provider.name, MAX_NAME) or config.domain.ascii[:MAX_NAME],
            short_name=_clipped(provider.short_name, MAX_SHORT_NAME) or None,
            logo=logos,
        ),
        help=Help(documentation=documentation) if documentation else None,
    )


def _clipped(text: str, limit: int) -> str:
    return " ".join(text.split())[:limit].rstrip()


# Between the wire types and JSON

Wire = TypeVar("Wire", bound=Object)


_KINDS = (
    Configuration, Protocols, TextServer, HttpServer, Authentication, OAuthPublic, Info, ProviderInfo, Logo, Help,
)  # fmt: skip


@cache
def _grammar() -> dict[type[Object], dict[str, tuple[str, object]]]:
    """Return each kind's members, each with its field and what that holds: a type, or a tuple of it."""
    return {kind: dict(_members(kind)) for kind in _KINDS}


def _members(kind: type[Object]) -> Iterator[tuple[str, tuple[str, object]]]:
    hints = get_type_hints(kind)
    for part in fields(kind):
        if part.name != "extra":
            yield _NAMES.get(part.name, part.name), (part.name, get_args(hints[part.name])[0])


def _read(kind: type[Wire], value: dict[str, object]) -> Wire:
    members = _grammar()[kind]
    held = {name: found for name in value if name in members and (found := _held(members[name][1], value[name])) is not None}
    extra = tuple((name, _canonical(value[name]).decode()) for name in sorted(value) if name not in held)
    known: dict[str, Any] = {members[name][0]: found for name, found in held.items()}
    return kind(extra=extra, **known)


def _held(kind: object, value: object) -> object:
    """Return *value* as a field of *kind* holds it, None where it cannot."""
    if not isinstance(kind, type):  # tuple[kind, ...]
        found = tuple(_held(get_args(kind)[0], item) for item in value) if isinstance(value, list) else (None,)
        return None if None in found else found
    if issubclass(kind, Object):
        return _read(kind, value) if isinstance(value, dict) else None
    return value if type(value) is kind else None  # a truth value is a number to Python


def _written(value: object) -> object:
    if isinstance(value, tuple):
        return [_written(item) for item in value]
    if not isinstance(value, Object):
        return value
    known = {name: getattr(value, attribute) for name, (attribute, _) in _grammar()[type(value)].items()}
    return {
        **{name: json.loads(text) for name, text in value.extra},
        **{name: _written(found) for name, found in known.items() if found is not None},
    }


def _canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DocumentError(N_("the member %(name)s stands twice in one object"), name=twice)
    return value


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not a number in JSON")

"""The model as plain data and back: dictionaries, lists, text, numbers and truth values, with the contract's names.

One codec serves settings files, the store's columns and the snapshot. Writing leaves defaults out and keeps the contract's order;
reading notes every mistake with its path, and never stops at the first.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from autoconfig.address import Domain, EmailAddress
from autoconfig.errors import N_, AutoconfigError
from autoconfig.model import (
    EMAILADDRESS,
    EMAILDOMAIN,
    EMAILLOCALPART,
    Account,
    AccountOverride,
    AuthMethod,
    DomainSettings,
    HostPattern,
    ModelError,
    OAuth2,
    Port,
    Protocol,
    Provider,
    Server,
    ServerOverride,
    Sieve,
    Support,
    TLSMode,
    UserPattern,
)
from autoconfig.store.places import Path

Data = dict[str, Any]
T = TypeVar("T")
Word = TypeVar("Word", bound=StrEnum)
Reader = Callable[[str, object], T]  # (key, value) -> what the model holds

PROVIDER_KEYS = (
    "id", "name", "short_name", "default", "languages", "support", "webmail_url", "documentation_url", "logo", "color", "caldav_url",
    "carddav_url", "jmap_url", "sieve", "oauth2", "mx", "spf", "dmarc", "dkim_selectors", "software", "account",
)  # fmt: skip
DOMAIN_KEYS = ("name", "provider", "protocols", "alias_of", "suspended", "subdomains", "note", "account")
ACCOUNT_KEYS = ("protocol", "incoming", "outgoing")
SERVER_KEYS = ("host", "port", "tls", "username", "auth", "also")
SOFTWARE = ("cpanel", "directadmin", "plesk", "postfix-dovecot")

_PROVIDER_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*\Z")  # RFC 5646, 2.1, its common part
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}\Z")
_SELECTOR = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?\Z")  # RFC 6376, 3.1
_MX = re.compile(r"(\d{1,5}) +(\S+)\Z")
_BLANK_PROVIDER = Provider("", "", "", ())


class Mistake(NamedTuple):
    """What is wrong, and the way to it."""

    path: Path
    error: AutoconfigError


# --- out ---------------------------------------------------------------------------------------------------------------------------


def provider_to_data(provider: Provider) -> Data:
    """Return *provider* as plain data, defaults left out."""
    data: Data = {"id": provider.id, "name": provider.name, "short_name": provider.short_name}
    for key in PROVIDER_KEYS[3:-1]:
        value = getattr(provider, key)
        if value == getattr(_BLANK_PROVIDER, key):
            continue
        data[key] = _PROVIDER_PARTS[key](value) if key in _PROVIDER_PARTS else list(value) if isinstance(value, tuple) else value
    data["account"] = [
        {"protocol": a.protocol.value, "incoming": _server_to_data(a.incoming), "outgoing": _server_to_data(a.outgoing)}
        for a in provider.accounts
    ]
    return data


def domain_to_data(settings: DomainSettings) -> Data:
    """Return *settings* as plain data, defaults left out and names as people write them."""
    data: Data = {"name": settings.domain.unicode}
    if settings.provider is not None:
        data["provider"] = settings.provider
    if settings.protocols:
        data["protocols"] = [protocol.value for protocol in settings.protocols]
    if settings.alias_of is not None:
        data["alias_of"] = settings.alias_of.unicode
    data.update({key: value for key in ("suspended", "subdomains", "note") if (value := getattr(settings, key))})
    if settings.accounts:
        data["account"] = overrides_to_data(settings.accounts)
    return data


def overrides_to_data(overrides: Iterable[AccountOverride]) -> list[Data]:
    """Return a domain's overrides as plain data."""
    return [
        {
            "protocol": override.protocol.value,
            **{key: part for key in ("incoming", "outgoing") if (part := _override_to_data(getattr(override, key)))},
        }
        for override in overrides
    ]


def _server_to_data(server: Server[HostPattern]) -> Data:
    data: Data = {"host": server.host.text, "port": server.port, "tls": server.tls.value}
    if server.username != UserPattern():
        data["username"] = server.username.text
    if server.auth != (AuthMethod.PASSWORD_CLEARTEXT,):
        data["auth"] = [method.value for method in server.auth]
    if server.also:
        data["also"] = _ports_to_data(server.also)
    return data


def _override_to_data(override: ServerOverride) -> Data:
    said: Data = {
        "host": override.host and override.host.text,
        "port": override.port,
        "tls": override.tls and override.tls.value,
        "username": override.username and override.username.text,
        "auth": override.auth and [method.value for method in override.auth],
        "also": None if override.also is None else _ports_to_data(override.also),
    }
    return {key: value for key, value in said.items() if value is not None}


def _ports_to_data(ports: Iterable[Port]) -> list[Data]:
    return [{"port": port.port, "tls": port.tls.value} for port in ports]


def _sieve_to_data(sieve: Sieve) -> Data:
    return {"host": sieve.host.text, "port": sieve.port, "tls": sieve.tls.value}


def _oauth2_to_data(oauth2: OAuth2) -> Data:
    return {key: getattr(oauth2, key) for key in ("issuer", "auth_url", "token_url", "scope")}


def _support_to_data(support: Support) -> Data:
    return {key: value for key in ("url", "email", "phone", "password_url") if (value := getattr(support, key)) is not None}


_PROVIDER_PARTS: dict[str, Callable[[Any], Data]] = {"support": _support_to_data, "sieve": _sieve_to_data, "oauth2": _oauth2_to_data}


# --- in ----------------------------------------------------------------------------------------------------------------------------


def provider_from_data(data: object, path: Path = (), mistakes: list[Mistake] | None = None) -> Provider | None:
    """Read a provider; None where something is wrong, which is then among *mistakes*. Without a list, the first mistake is raised."""
    notes: list[Mistake] = []
    table = Table.open(data, path, notes, PROVIDER_KEYS)
    found = None if table is None else _provider(table)
    return _done(found, notes, mistakes)


def domain_from_data(
    data: object, path: Path = (), mistakes: list[Mistake] | None = None, default_provider: str | None = None
) -> DomainSettings | None:
    """Read a domain's settings, as `provider_from_data` does; *default_provider* is for a domain that names none."""
    notes: list[Mistake] = []
    table = Table.open(data, path, notes, DOMAIN_KEYS)
    found = None if table is None else _domain(table, default_provider)
    return _done(found, notes, mistakes)


def overrides_from_data(data: object) -> tuple[AccountOverride, ...]:
    """Read a domain's overrides, as `overrides_to_data` wrote them."""
    notes: list[Mistake] = []
    found = _accounts(Table({"account": data}, (), notes), _override)
    return _done(found, notes, None) or ()


def _done(found: T | None, notes: list[Mistake], mistakes: list[Mistake] | None) -> T | None:
    if mistakes is not None:
        mistakes.extend(notes)
    elif notes:
        raise notes[0].error
    return None if notes else found


@dataclass(slots=True)
class Table:
    """One table of foreign data: hands out its keys, and notes each mistake with its path."""

    data: Data
    path: Path
    mistakes: list[Mistake]

    @classmethod
    def open(cls, data: object, path: Path, mistakes: list[Mistake], known: tuple[str, ...]) -> Table | None:
        """Return *data* as a table, None where it is none; note the keys that are not *known*."""
        if not isinstance(data, dict):
            mistakes.append(Mistake(path, ModelError(N_("%(key)s must be a table"), key=_last_key(path))))
            return None
        for key in data:
            if key not in known:
                mistakes.append(Mistake((*path, key), unknown_key(key, known)))
        return cls(data, path, mistakes)

    def note(self, error: AutoconfigError, *way: str | int) -> None:
        self.mistakes.append(Mistake(self.path + way, error))

    def get(self, key: str, read: Reader[T]) -> T | None:
        """Return what *key* says, None where it says nothing or something wrong."""
        if key not in self.data:
            return None
        try:
            return read(key, self.data[key])
        except AutoconfigError as error:
            self.note(error, key)
            return None

    def need(self, key: str, read: Reader[T]) -> T | None:
        """Return what *key* says, and note it where it is missing."""
        if key not in self.data:
            self.note(ModelError(N_("%(key)s is missing"), key=key))
        return self.get(key, read)

    def several(self, key: str, read: Reader[T]) -> tuple[T, ...] | None:
        """Return the list under *key*, in which nothing may stand twice, without the elements that are wrong."""
        values = self.get(key, _list)
        if values is None:
            return None
        found: dict[T, None] = {}
        for i, value in enumerate(values):
            try:
                element = read(key, value)
            except AutoconfigError as error:
                self.note(error, key, i)
                continue
            if element in found:
                self.note(ModelError(N_("%(key)s names %(value)s twice"), key=key, value=element), key, i)
            found[element] = None
        if not values:
            self.note(ModelError(N_("%(key)s is empty"), key=key), key)
        return tuple(found)

    def table(self, key: str, known: tuple[str, ...]) -> Table | None:
        """Return the table under *key*, None where there is none."""
        return Table.open(self.data[key], (*self.path, key), self.mistakes, known) if key in self.data else None

    def tables(self, key: str, known: tuple[str, ...]) -> list[Table]:
        """Return the tables of the list under *key*."""
        values = self.get(key, _list) or []
        found = (Table.open(value, (*self.path, key, i), self.mistakes, known) for i, value in enumerate(values))
        return [table for table in found if table is not None]


def unknown_key(key: str, known: tuple[str, ...]) -> ModelError:
    """Return the error for a key that does not exist, with the nearest that does."""
    nearest = difflib.get_close_matches(key, known, 1)
    if nearest:
        return ModelError(N_("there is no key %(key)s here; did you mean %(nearest)s?"), key=key, nearest=nearest[0])
    return ModelError(N_("there is no key %(key)s here; the keys are %(known)s"), key=key, known=", ".join(known))


def _last_key(path: Path) -> str:
    return next((step for step in reversed(path) if isinstance(step, str)), "this")


def _provider(table: Table) -> Provider | None:
    name, short_name = table.need("name", _line), table.need("short_name", _line)
    id = table.need("id", _provider_id)
    languages = table.several("languages", _language)
    if "account" not in table.data or table.data["account"] == []:
        table.note(ModelError(N_("the provider has no account; write at least one [[provider.account]]")))
    accounts = _accounts(table, _account)
    support = table.table("support", ("url", "email", "phone", "password_url"))
    sieve = table.table("sieve", ("host", "port", "tls"))
    oauth2 = table.table("oauth2", ("issuer", "auth_url", "token_url", "scope"))
    provider = Provider(
        id=id or "",
        name=name or "",
        short_name=short_name or "",
        accounts=accounts,
        default=table.get("default", _flag) or False,
        languages=languages or _BLANK_PROVIDER.languages,
        support=_support(support) if support else Support(),
        webmail_url=table.get("webmail_url", _url),
        documentation_url=table.get("documentation_url", _url),
        logo=table.get("logo", _url),
        color=table.get("color", _color),
        caldav_url=table.get("caldav_url", _url),
        carddav_url=table.get("carddav_url", _url),
        jmap_url=table.get("jmap_url", _url),
        sieve=_sieve(sieve) if sieve else None,
        oauth2=_oauth2(oauth2) if oauth2 else None,
        mx=table.several("mx", _mx) or (),
        spf=table.get("spf", _line),
        dmarc=table.get("dmarc", _line),
        dkim_selectors=table.several("dkim_selectors", _selector) or (),
        software=table.get("software", _software),
    )
    return None if table.mistakes else provider


def _support(table: Table) -> Support:
    return Support(table.get("url", _url), table.get("email", _email), table.get("phone", _line), table.get("password_url", _url))


def _sieve(table: Table) -> Sieve | None:
    host, port, tls = table.need("host", _host), table.need("port", _port_number), table.need("tls", _tls)
    return None if host is None or port is None or tls is None else Sieve(host, port, tls)


def _oauth2(table: Table) -> OAuth2 | None:
    issuer, auth_url, token_url = (table.need(key, _url) for key in ("issuer", "auth_url", "token_url"))
    scope = table.need("scope", _line)
    return None if issuer is None or auth_url is None or token_url is None or scope is None else OAuth2(issuer, auth_url, token_url, scope)


def _domain(table: Table, default_provider: str | None) -> DomainSettings | None:
    name = table.need("name", _domain_name)
    alias_of = table.get("alias_of", _domain_name)
    provider = table.get("provider", _provider_id)
    protocols = table.several("protocols", _protocol)
    accounts = _accounts(table, _override)
    if "alias_of" in table.data:
        for key, given in (("provider", "provider" in table.data), ("protocols", protocols), ("account", accounts)):
            if given:
                error = ModelError(N_("an alias takes everything from its target; leave out %(key)s, or alias_of"), key=key)
                table.note(error, key)
    elif "provider" not in table.data:
        provider = default_provider
        if provider is None:
            table.note(ModelError(N_("provider is missing; name a provider, or alias_of and another domain")))
    suspended, subdomains = table.get("suspended", _flag), table.get("subdomains", _flag)
    note = table.get("note", _text)
    if name is None:
        return None
    return DomainSettings(name, provider, alias_of, protocols or (), suspended or False, subdomains or False, note or "", accounts)


Named = TypeVar("Named", Account[HostPattern], AccountOverride)


def _accounts(table: Table, read: Callable[[Table, Protocol], Named | None]) -> tuple[Named, ...]:
    found: list[Named] = []
    seen: set[Protocol] = set()
    for account in table.tables("account", ACCOUNT_KEYS):
        protocol = account.need("protocol", _protocol)
        if protocol in seen:
            error = ModelError(N_("there are two %(protocol)s accounts here; there may be one for each protocol"), protocol=protocol)
            account.note(error, "protocol")
        # Without its protocol an account is still read, for the mistakes in it.
        value = read(account, protocol or Protocol.IMAP)
        if protocol is not None and value is not None:
            seen.add(protocol)
            found.append(value)
    return tuple(found)


def _account(table: Table, protocol: Protocol) -> Account[HostPattern] | None:
    sides: list[Server[HostPattern] | None] = []
    for key in ("incoming", "outgoing"):
        if key not in table.data:
            table.note(ModelError(N_("%(key)s is missing"), key=key))
        side = table.table(key, SERVER_KEYS)
        sides.append(_server(side, is_incoming=key == "incoming") if side else None)
    incoming, outgoing = sides
    return None if incoming is None or outgoing is None else Account(protocol, incoming, outgoing)


def _override(table: Table, protocol: Protocol) -> AccountOverride:
    sides = ((key, table.table(key, SERVER_KEYS)) for key in ("incoming", "outgoing"))
    parts = (_server_parts(side, is_incoming=key == "incoming") if side else ServerOverride() for key, side in sides)
    return AccountOverride(protocol, *parts)


def _server(table: Table, *, is_incoming: bool) -> Server[HostPattern] | None:
    for key in ("host", "port", "tls"):
        if key not in table.data:
            table.note(ModelError(N_("%(key)s is missing"), key=key))
    return _server_parts(table, is_incoming=is_incoming).complete()


def _server_parts(table: Table, *, is_incoming: bool) -> ServerOverride:
    port = table.get("port", _port_number)
    auth = table.several("auth", _auth)
    if is_incoming and auth and AuthMethod.NONE in auth:
        table.note(ModelError(N_("mail is never fetched without a password; only outgoing servers may have auth none")), "auth")
    return ServerOverride(
        host=table.get("host", _host),
        port=port,
        tls=table.get("tls", _tls),
        auth=auth or None,
        username=table.get("username", _username),
        also=_also(table, port),
    )


def _also(table: Table, main: int | None) -> tuple[Port, ...] | None:
    if "also" not in table.data:
        return None
    found: list[Port] = []
    seen = {main}
    for entry in table.tables("also", ("port", "tls")):
        port, tls = entry.need("port", _port_number), entry.need("tls", _tls)
        if port is not None and port in seen:
            entry.note(ModelError(N_("port %(port)d is named twice"), port=port), "port")
        elif port is not None and tls is not None:
            found.append(Port(port, tls))
        seen.add(port)
    return tuple(found)


# --- single values -----------------------------------------------------------------------------------------------------------------


def _list(key: str, value: object) -> list[object]:
    if not isinstance(value, list):
        raise ModelError(N_("%(key)s must be a list in brackets"), key=key)
    return value


def _string(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise ModelError(N_("%(key)s must be text in quotes"), key=key)
    return value


def _flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ModelError(N_("%(key)s must be true or false, without quotes"), key=key)
    return value


def _line(key: str, value: object) -> str:
    text = _string(key, value).strip()
    if not text:
        raise ModelError(N_("%(key)s is empty"), key=key)
    if not text.isprintable():
        raise ModelError(N_("%(key)s has a character that cannot be seen: %(value)s"), key=key, value=text)
    return text


def _text(key: str, value: object) -> str:
    text = _string(key, value)
    if not text.replace("\n", "").replace("\t", "").isprintable():
        raise ModelError(N_("%(key)s has a character that cannot be seen: %(value)s"), key=key, value=text)
    return text


def _port_number(key: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ModelError(N_("%(key)s must be a whole number, without quotes"), key=key)
    if not 1 <= value <= 65535:
        # Python refuses to write numbers of thousands of digits, but for hexadecimal ones.
        raise ModelError(
            N_("%(key)s must be between 1 and 65535, not %(value)s"), key=key, value=value if abs(value) < 2**63 else hex(value)
        )
    return value


def _word(key: str, value: object, words: type[Word]) -> Word:
    try:
        return words(_string(key, value))
    except ValueError:
        raise _unknown_word(key, value, tuple(words)) from None


def _unknown_word(key: str, value: object, words: tuple[str, ...]) -> ModelError:
    return ModelError(N_("%(value)s is not a value of %(key)s; use one of: %(known)s"), key=key, value=value, known=", ".join(words))


def _tls(key: str, value: object) -> TLSMode:
    return _word(key, value, TLSMode)


def _auth(key: str, value: object) -> AuthMethod:
    return _word(key, value, AuthMethod)


def _protocol(key: str, value: object) -> Protocol:
    return _word(key, value, Protocol)


def _software(key: str, value: object) -> str:
    if _string(key, value) not in SOFTWARE:
        raise _unknown_word(key, value, SOFTWARE)
    return str(value)


def _host(key: str, value: object) -> HostPattern:
    return HostPattern.parse(_line(key, value))


def _username(key: str, value: object) -> UserPattern:
    return UserPattern.parse(_string(key, value))


def _domain_name(key: str, value: object) -> Domain:
    return Domain.parse(_string(key, value))


def _email(key: str, value: object) -> str:
    text = _line(key, value)
    EmailAddress.parse(text.replace(EMAILDOMAIN, "a.example"))
    return text


def _provider_id(key: str, value: object) -> str:
    text = _string(key, value)
    if not _PROVIDER_ID.match(text):
        raise ModelError(N_("%(value)s is not an id; use a-z, 0-9 and hyphens, at most 64, such as karlahosting"), value=text)
    return text


def _language(key: str, value: object) -> str:
    text = _string(key, value)
    if not _LANGUAGE.match(text):
        raise ModelError(N_("%(value)s is not a language; write it like sv or en"), value=text)
    return text


def _color(key: str, value: object) -> str:
    text = _string(key, value)
    if not _COLOR.match(text):
        raise ModelError(N_("%(value)s is not a color; write it like #1a7f64"), value=text)
    return text


def _mx(key: str, value: object) -> str:
    text = _line(key, value)
    found = _MX.match(text)
    if found is None or int(found[1]) > 65535:
        raise ModelError(N_('%(value)s is not a mail exchanger; write it like "10 mx.karlahosting.se"'), value=text)
    return f"{int(found[1])} {HostPattern.parse(found[2])}"


def _selector(key: str, value: object) -> str:
    text = _string(key, value)
    if not _SELECTOR.match(text):
        raise ModelError(N_("%(value)s is not a DKIM selector"), value=text)
    return text


def _url(key: str, value: object) -> str:
    text = _line(key, value)
    try:
        parts = urlsplit(text.replace(EMAILDOMAIN, "a.example"))
        is_web_page = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and " " not in text
    except ValueError:
        is_web_page = False
    if not is_web_page:
        raise ModelError(N_("%(key)s must be an http or https address, not %(value)s"), key=key, value=text)
    for placeholder in (EMAILADDRESS, EMAILLOCALPART):
        if placeholder in text:
            raise ModelError(N_("%(key)s may only have the placeholder %(placeholder)s"), key=key, placeholder=EMAILDOMAIN)
    return text

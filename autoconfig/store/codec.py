"""The model as plain data and back: dictionaries, lists, text, numbers and truth values, with the contract's names.

One codec serves settings files, the store's columns and the snapshot. Writing leaves defaults out and keeps the contract's order;
reading notes every mistake with its path, and never stops at the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from autoconfig.errors import N_
from autoconfig.model import (
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
    UserPattern,
)
from autoconfig.store.places import Path
from autoconfig.store.values import (
    Data,
    Mistake,
    Table,
    read_auth,
    read_color,
    read_domain_name,
    read_email,
    read_flag,
    read_host,
    read_language,
    read_line,
    read_mx,
    read_port_number,
    read_protocol,
    read_provider_id,
    read_selector,
    read_software,
    read_text,
    read_tls,
    read_url,
    read_username,
)

T = TypeVar("T")

PROVIDER_KEYS = (
    "id", "name", "short_name", "default", "languages", "support", "webmail_url", "documentation_url", "logo", "color", "caldav_url",
    "carddav_url", "jmap_url", "sieve", "oauth2", "mx", "spf", "dmarc", "dkim_selectors", "software", "account",
)  # fmt: skip
DOMAIN_KEYS = ("name", "provider", "protocols", "alias_of", "suspended", "subdomains", "note", "account")
ACCOUNT_KEYS = ("protocol", "incoming", "outgoing")
SERVER_KEYS = ("host", "port", "tls", "username", "auth", "also")
SIDES = ("incoming", "outgoing")
# The tables of a provider.
TABLE_KEYS = {
    "support": ("url", "email", "phone", "password_url"),
    "sieve": ("host", "port", "tls"),
    "oauth2": ("issuer", "auth_url", "token_url", "scope"),
}

_BLANK_PROVIDER = Provider("", "", "", ())


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
            **{key: part for key in SIDES if (part := _override_to_data(getattr(override, key)))},
        }
        for override in overrides
    ]


def flat(data: Data) -> Data:
    """Return *data* with one key for each value, as people name it: "support.url", and "imap.incoming.host" in an account."""
    found: Data = {}
    for key, value in data.items():
        if key == "account":
            for account in value:
                found |= flat({account["protocol"]: {side: account[side] for side in SIDES if side in account}})
        elif isinstance(value, dict):
            found |= {f"{key}.{name}": part for name, part in flat(value).items()}
        else:
            found[key] = value
    return found


def _server_to_data(server: Server[HostPattern]) -> Data:
    data: Data = {"host": server.host.text, "port": server.port, "tls": server.tls.value}
    if server.username != UserPattern():
        data["username"] = server.username.text
    if server.auth != (AuthMethod.PASSWORD_CLEARTEXT,):
        data["auth"] = [method.value for method in server.auth]
    if server.also:
        data["also"] = ports_to_data(server.also)
    return data


def _override_to_data(override: ServerOverride) -> Data:
    said: Data = {
        "host": override.host and override.host.text,
        "port": override.port,
        "tls": override.tls and override.tls.value,
        "username": override.username and override.username.text,
        "auth": override.auth and [method.value for method in override.auth],
        "also": None if override.also is None else ports_to_data(override.also),
    }
    return {key: value for key, value in said.items() if value is not None}


def ports_to_data(ports: Iterable[Port]) -> list[Data]:
    """Return further ports of a host as plain data."""
    return [{"port": port.port, "tls": port.tls.value} for port in ports]


def _sieve_to_data(sieve: Sieve) -> Data:
    return {"host": sieve.host.text, "port": sieve.port, "tls": sieve.tls.value}


def _oauth2_to_data(oauth2: OAuth2) -> Data:
    return {key: getattr(oauth2, key) for key in TABLE_KEYS["oauth2"]}


def _support_to_data(support: Support) -> Data:
    return {key: value for key in TABLE_KEYS["support"] if (value := getattr(support, key)) is not None}


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


def _provider(table: Table) -> Provider | None:
    name, short_name = table.need("name", read_line), table.need("short_name", read_line)
    id = table.need("id", read_provider_id)
    languages = table.several("languages", read_language)
    if "account" not in table.data or table.data["account"] == []:
        table.note(ModelError(N_("the provider has no account; write at least one [[provider.account]]")))
    accounts = _accounts(table, _account)
    support, sieve, oauth2 = (table.table(key, known) for key, known in TABLE_KEYS.items())
    provider = Provider(
        id=id or "",
        name=name or "",
        short_name=short_name or "",
        accounts=accounts,
        default=table.get("default", read_flag) or False,
        languages=languages or _BLANK_PROVIDER.languages,
        support=_support(support) if support else Support(),
        webmail_url=table.get("webmail_url", read_url),
        documentation_url=table.get("documentation_url", read_url),
        logo=table.get("logo", read_url),
        color=table.get("color", read_color),
        caldav_url=table.get("caldav_url", read_url),
        carddav_url=table.get("carddav_url", read_url),
        jmap_url=table.get("jmap_url", read_url),
        sieve=_sieve(sieve) if sieve else None,
        oauth2=_oauth2(oauth2) if oauth2 else None,
        mx=table.several("mx", read_mx) or (),
        spf=table.get("spf", read_line),
        dmarc=table.get("dmarc", read_line),
        dkim_selectors=table.several("dkim_selectors", read_selector) or (),
        software=table.get("software", read_software),
    )
    return None if table.mistakes else provider


def _support(table: Table) -> Support:
    return Support(
        table.get("url", read_url), table.get("email", read_email), table.get("phone", read_line), table.get("password_url", read_url)
    )


def _sieve(table: Table) -> Sieve | None:
    host, port, tls = table.need("host", read_host), table.need("port", read_port_number), table.need("tls", read_tls)
    return None if host is None or port is None or tls is None else Sieve(host, port, tls)


def _oauth2(table: Table) -> OAuth2 | None:
    issuer, auth_url, token_url = (table.need(key, read_url) for key in ("issuer", "auth_url", "token_url"))
    scope = table.need("scope", read_line)
    return None if issuer is None or auth_url is None or token_url is None or scope is None else OAuth2(issuer, auth_url, token_url, scope)


def _domain(table: Table, default_provider: str | None) -> DomainSettings | None:
    name = table.need("name", read_domain_name)
    alias_of = table.get("alias_of", read_domain_name)
    provider = table.get("provider", read_provider_id)
    protocols = table.several("protocols", read_protocol)
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
    suspended, subdomains = table.get("suspended", read_flag), table.get("subdomains", read_flag)
    note = table.get("note", read_text)
    if name is None:
        return None
    return DomainSettings(name, provider, alias_of, protocols or (), suspended or False, subdomains or False, note or "", accounts)


Named = TypeVar("Named", Account[HostPattern], AccountOverride)


def _accounts(table: Table, read: Callable[[Table, Protocol], Named | None]) -> tuple[Named, ...]:
    found: list[Named] = []
    seen: set[Protocol] = set()
    for account in table.tables("account", ACCOUNT_KEYS):
        protocol = account.need("protocol", read_protocol)
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
    for key in SIDES:
        if key not in table.data:
            table.note(ModelError(N_("%(key)s is missing"), key=key))
        side = table.table(key, SERVER_KEYS)
        sides.append(_server(side, is_incoming=key == "incoming") if side else None)
    incoming, outgoing = sides
    return None if incoming is None or outgoing is None else Account(protocol, incoming, outgoing)


def _override(table: Table, protocol: Protocol) -> AccountOverride:
    sides = ((key, table.table(key, SERVER_KEYS)) for key in SIDES)
    parts = (_server_parts(side, is_incoming=key == "incoming") if side else ServerOverride() for key, side in sides)
    return AccountOverride(protocol, *parts)


def _server(table: Table, *, is_incoming: bool) -> Server[HostPattern] | None:
    for key in ("host", "port", "tls"):
        if key not in table.data:
            table.note(ModelError(N_("%(key)s is missing"), key=key))
    return _server_parts(table, is_incoming=is_incoming).complete()


def _server_parts(table: Table, *, is_incoming: bool) -> ServerOverride:
    port = table.get("port", read_port_number)
    auth = table.several("auth", read_auth)
    if is_incoming and auth and AuthMethod.NONE in auth:
        table.note(ModelError(N_("mail is never fetched without a password; only outgoing servers may have auth none")), "auth")
    return ServerOverride(
        host=table.get("host", read_host),
        port=port,
        tls=table.get("tls", read_tls),
        auth=auth or None,
        username=table.get("username", read_username),
        also=_also(table, port),
    )


def _also(table: Table, main: int | None) -> tuple[Port, ...] | None:
    if "also" not in table.data:
        return None
    found: list[Port] = []
    seen = {main}
    for entry in table.tables("also", ("port", "tls")):
        port, tls = entry.need("port", read_port_number), entry.need("tls", read_tls)
        if port is not None and port in seen:
            entry.note(ModelError(N_("port %(port)d is named twice"), port=port), "port")
        elif port is not None and tls is not None:
            found.append(Port(port, tls))
        seen.add(port)
    return tuple(found)

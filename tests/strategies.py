"""Hypothesis strategies for the words of the core: only what is valid, and nothing that needs a filter to become so.

They are remembered, because making a strategy costs more than drawing from it.
"""

from __future__ import annotations

import string
from dataclasses import replace
from functools import cache

from hypothesis import strategies as st

from autoconfig.address import Domain, EmailAddress
from autoconfig.model import (
    Account,
    AccountOverride,
    AuthMethod,
    ClientConfig,
    DomainSettings,
    HostPattern,
    OAuth2,
    Port,
    Protocol,
    Provider,
    Server,
    ServerOverride,
    Settings,
    Shape,
    Sieve,
    Support,
    TLSMode,
    UserPattern,
)

_ALNUM = string.ascii_lowercase + string.digits
_U_LABELS = ("byrå", "räksmörgås", "faß", "straße", "βόλος", "пример", "例え", "한국어", "ünïcödé")
_TLDS = ("se", "nu", "com", "test", "example", "museum", "xn--p1ai", "みんな")
_RIGHT_TO_LEFT = ("مثال.إختبار", "דוגמה.טעסט")
_ATEXT = string.ascii_letters + string.digits + "!#$%&'*+/=?^_`{|}~-"

# Printable text as people write it in names and notes, without the blanks around it that every reader strips.
_LETTERS = st.characters(codec="utf-8", categories=("L", "M", "N", "P", "S"), include_characters=" ")


@cache
def lines(max_size: int, min_size: int = 1) -> st.SearchStrategy[str]:
    """One line of printable text without blanks at its ends."""
    return st.text(_LETTERS, min_size=min_size, max_size=max_size).map(lambda text: text.strip() or "x" * min_size)


@cache
def ldh_labels(max_size: int = 20) -> st.SearchStrategy[str]:
    """Letters, digits and hyphens, no hyphen at either end, nor in third and fourth place."""
    return st.builds(
        lambda first, middle, last: (first + middle.replace("--", "-a") + last)[:max_size].rstrip("-"),
        st.sampled_from(string.ascii_lowercase),
        st.text(_ALNUM + "-", max_size=max_size - 2),
        st.sampled_from(("", *_ALNUM)),
    )


@cache
def domains(max_labels: int = 3) -> st.SearchStrategy[Domain]:
    """Domains short enough to stand behind "mail." and in addresses."""
    labels = st.lists(st.one_of(ldh_labels(), st.sampled_from(_U_LABELS)), min_size=1, max_size=max_labels)
    names = st.builds(lambda front, tld: ".".join([*front, tld]), labels, st.sampled_from(_TLDS))
    return st.one_of(names, names, names, st.sampled_from(_RIGHT_TO_LEFT)).map(Domain.parse)


@cache
def local_parts() -> st.SearchStrategy[str]:
    """Local parts as they stand in an address: dot-atoms, non-ASCII ones and quoted strings."""
    atoms = st.text(st.sampled_from(_ATEXT + "åäöß例"), min_size=1, max_size=8)
    quoted = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=16)
    return st.one_of(
        st.lists(atoms, min_size=1, max_size=2).map(".".join),
        quoted.map(lambda value: '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'),
    )


@cache
def addresses() -> st.SearchStrategy[EmailAddress]:
    return st.builds(lambda local, domain: EmailAddress.parse(f"{local}@{domain}"), local_parts(), domains())


@cache
def host_patterns() -> st.SearchStrategy[HostPattern]:
    with_domain = st.sampled_from(("mail.%EMAILDOMAIN%", "%EMAILDOMAIN%", "imap.mail.%EMAILDOMAIN%"))
    return st.one_of(domains().map(lambda domain: domain.ascii), with_domain).map(HostPattern.parse)


@cache
def user_patterns() -> st.SearchStrategy[UserPattern]:
    texts = ("%EMAILADDRESS%", "%EMAILLOCALPART%", "%EMAILLOCALPART%.%EMAILDOMAIN%", "KARLA\\%EMAILLOCALPART%", "u<&>'\"å", "anna")
    return st.sampled_from(texts).map(UserPattern.parse)


@cache
def _ports() -> st.SearchStrategy[int]:
    return st.one_of(st.sampled_from((143, 993, 110, 995, 465, 587, 65535)), st.integers(1, 49151))


@cache
def _auth(*, is_incoming: bool) -> st.SearchStrategy[tuple[AuthMethod, ...]]:
    """Ways to log in; mail is never fetched without one."""
    methods = [method for method in AuthMethod if not is_incoming or method is not AuthMethod.NONE]
    return st.lists(st.sampled_from(methods), min_size=1, max_size=3, unique=True).map(tuple)


@cache
def _also() -> st.SearchStrategy[tuple[Port, ...]]:
    # From a range of their own, so that no override makes one port stand twice.
    ports = st.builds(Port, st.integers(49152, 65534), st.sampled_from(TLSMode))
    return st.lists(ports, max_size=2, unique_by=lambda port: port.port).map(tuple)


@cache
def servers(*, is_incoming: bool) -> st.SearchStrategy[Server[HostPattern]]:
    auth = _auth(is_incoming=is_incoming)
    return st.builds(Server, host_patterns(), _ports(), st.sampled_from(TLSMode), auth, user_patterns(), _also())


@cache
def accounts() -> st.SearchStrategy[Account[HostPattern]]:
    return st.builds(Account, st.sampled_from(Protocol), servers(is_incoming=True), servers(is_incoming=False))


@cache
def account_lists() -> st.SearchStrategy[tuple[Account[HostPattern], ...]]:
    """At least one account, at most one per protocol, in any order."""
    return st.lists(accounts(), min_size=1, max_size=len(Protocol), unique_by=lambda account: account.protocol).map(tuple)


@cache
def urls() -> st.SearchStrategy[str]:
    hosts = st.one_of(domains(max_labels=1).map(lambda domain: domain.ascii), st.just("webmail.%EMAILDOMAIN%"))
    return st.builds("https://{}{}".format, hosts, st.sampled_from(("/", "/dav/", "/help?lang=sv&client=mail", "/dav/%EMAILDOMAIN%/")))


@cache
def _maybe(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.one_of(st.none(), strategy)


@cache
def providers() -> st.SearchStrategy[Provider]:
    """Providers that are not the default."""
    host = domains(max_labels=1).map(lambda domain: domain.ascii)
    return st.builds(
        Provider,
        id=ldh_labels(),
        name=lines(60),
        short_name=lines(20),
        accounts=account_lists(),
        languages=st.sampled_from((("sv", "en"), ("en", "sv"), ("en",))),
        support=st.builds(
            Support,
            url=_maybe(urls()),
            email=_maybe(st.just("support@karlahosting.se")),
            phone=_maybe(st.just("+46 8 123 45 67")),
            password_url=_maybe(urls()),
        ),
        webmail_url=_maybe(urls()),
        documentation_url=_maybe(urls()),
        logo=_maybe(st.just("https://karlahosting.se/logo.svg")),
        color=_maybe(st.just("#1a7f64")),
        caldav_url=_maybe(urls()),
        carddav_url=_maybe(urls()),
        jmap_url=_maybe(urls()),
        sieve=st.one_of(st.none(), st.builds(Sieve, host_patterns(), _ports(), st.sampled_from(TLSMode))),
        oauth2=st.one_of(st.none(), st.builds(OAuth2, urls(), urls(), urls(), st.sampled_from(("mail", "imap smtp offline_access")))),
        mx=st.lists(host.map("10 {}".format), max_size=2, unique=True).map(tuple),
        spf=_maybe(st.just("v=spf1 include:spf.karlahosting.se -all")),
        dmarc=_maybe(st.just("v=DMARC1; p=none; rua=mailto:dmarc@karlahosting.se")),
        dkim_selectors=st.lists(ldh_labels(), max_size=2, unique=True).map(tuple),
        software=_maybe(st.sampled_from(("cpanel", "directadmin", "plesk", "postfix-dovecot"))),
    )


@cache
def _server_overrides(*, is_incoming: bool) -> st.SearchStrategy[ServerOverride]:
    parts = (host_patterns(), _ports(), st.sampled_from(TLSMode), _auth(is_incoming=is_incoming), user_patterns(), _also())
    return st.builds(ServerOverride, *(st.one_of(st.none(), part) for part in parts))


def _complete(account: Account[HostPattern]) -> AccountOverride:
    parts = (
        ServerOverride(server.host, server.port, server.tls, server.auth, server.username, server.also or None)
        for server in (account.incoming, account.outgoing)
    )
    return AccountOverride(account.protocol, *parts)


@cache
def _some_protocols() -> st.SearchStrategy[list[Protocol]]:
    return st.lists(st.sampled_from(Protocol), unique=True)


@st.composite
def _overrides(draw: st.DrawFn, provider: Provider) -> tuple[AccountOverride, ...]:
    """Overrides of what *provider* has, by parts, and of what it has not, in full."""
    known = {account.protocol for account in provider.accounts}
    found = []
    for protocol in draw(_some_protocols()):
        if protocol in known:
            override = AccountOverride(protocol, draw(_server_overrides(is_incoming=True)), draw(_server_overrides(is_incoming=False)))
            if override != AccountOverride(protocol):
                found.append(override)
        else:
            found.append(_complete(replace(draw(accounts()), protocol=protocol)))
    return tuple(found)


@st.composite
def domain_settings(draw: st.DrawFn, domain: Domain, provider: Provider) -> DomainSettings:
    """What an operator may say of *domain* at *provider*."""
    overrides = draw(_overrides(provider)) if draw(st.booleans()) else ()
    known = {account.protocol for account in (*provider.accounts, *overrides)}
    return DomainSettings(
        domain,
        provider=provider.id,
        protocols=tuple(protocol for protocol in draw(_some_protocols()) if protocol in known),
        suspended=draw(st.booleans()),
        subdomains=draw(st.booleans()),
        note=draw(lines(40, min_size=0)),
        accounts=overrides,
    )


@st.composite
def client_configs(draw: st.DrawFn) -> ClientConfig:
    provider = draw(providers())
    domain = draw(domains())
    settings = draw(domain_settings(domain, provider))
    return Shape.of(provider, settings.accounts, settings.protocols).fill(domain)


@st.composite
def settings(draw: st.DrawFn, max_domains: int = 6) -> Settings:
    """Providers and domains that fit together: every provider named is there, an alias leads to a domain that is none."""
    ids = draw(st.lists(ldh_labels(), min_size=1, max_size=3, unique=True))
    default = draw(st.one_of(st.none(), st.sampled_from(ids)))
    found = tuple(replace(draw(providers()), id=id, default=id == default) for id in ids)
    names = draw(st.lists(domains(), max_size=max_domains, unique=True))
    entries: list[DomainSettings] = []
    for name in names:
        targets = [entry.domain for entry in entries if entry.alias_of is None]
        if targets and draw(st.booleans()):
            flags = {"suspended": draw(st.booleans()), "subdomains": draw(st.booleans()), "note": draw(st.sampled_from(("", "flyttad")))}
            entries.append(DomainSettings(name, alias_of=draw(st.sampled_from(targets)), **flags))
        else:
            entries.append(draw(domain_settings(name, draw(st.sampled_from(found)))))
    return Settings(found, tuple(draw(st.permutations(entries))))

"""Random changes of a store, and what a plain reading makes of each."""

from __future__ import annotations

from hypothesis import strategies as st

from autoconfig.model import Protocol, Settings
from autoconfig.store.store import Store
from tests.store.world import entry, name, override, provider

ASKED = [
    name(text)
    for text in (
        "kund.se", "byrå.se", "pop.se", "wide.se", "x.wide.se", "y.x.wide.se", "off.wide.se", "x.off.wide.se", "own.wide.se",
        "x.own.wide.se", "off.se", "x.off.se", "alias.se", "x.alias.se", "alias.off.se", "annan.se", "unknown.se", "x.kund.se",
    )
]  # fmt: skip

_NAMES = ("kund.se", "byrå.se", "wide.se", "x.wide.se", "off.wide.se", "alias.se", "x.alias.se", "alias.off.se", "off.se")
_PROVIDERS = st.builds(
    provider,
    st.sampled_from(("karla", "other")),
    st.sampled_from(("server.karla.se", "new.karla.se")),
    default=st.booleans(),
    protocols=st.sampled_from(("imap pop3", "pop3 imap", "imap")),
)
_ENTRIES = st.one_of(
    st.builds(
        entry,
        st.sampled_from(_NAMES),
        st.sampled_from(("karla", "other")),
        suspended=st.booleans(),
        subdomains=st.booleans(),
        protocols=st.sampled_from(((), (Protocol.POP3,), (Protocol.POP3, Protocol.IMAP))),
        accounts=st.sampled_from(((), override("server.karla.se"))),
    ),
    st.builds(entry, st.sampled_from(_NAMES), alias_of=st.sampled_from(_NAMES), suspended=st.booleans(), subdomains=st.booleans()),
)
STEPS = st.one_of(
    st.tuples(st.just("import"), st.lists(_PROVIDERS, max_size=2), st.lists(_ENTRIES, max_size=4), st.booleans()),
    st.tuples(st.just("provider"), _PROVIDERS),
    st.tuples(st.just("no provider"), st.sampled_from(("karla", "other"))),
    st.tuples(st.just("domain"), _ENTRIES),
    st.tuples(st.just("no domain"), st.sampled_from(_NAMES)),
    st.tuples(st.just("nothing")),
)


def take(store: Store, step: tuple[object, ...], model: Settings) -> Settings:
    """Do *step*, and return what a plain reading makes of *model*; a step that is refused changes nothing."""
    providers = {found.id: found for found in model.providers}
    domains = {found.domain: found for found in model.domains}
    match step:
        case ("import", list(new_providers), list(entries), bool(prune)):
            store.import_settings(Settings(tuple(new_providers), tuple(entries)), prune=prune)
            providers |= {found.id: found for found in new_providers}
            domains |= {found.domain: found for found in entries}
            if prune:
                named = {found.id for found in new_providers} | {found.provider for found in entries}
                listed = {found.domain for found in entries}

                def end(domain: object) -> str | None:
                    while (target := domains[domain].alias_of) is not None:  # type: ignore[index]
                        domain = target
                    return domains[domain].provider  # type: ignore[index]

                domains = {domain: found for domain, found in domains.items() if domain in listed or end(domain) not in named}
        case ("provider", new_provider):
            store.set_provider(new_provider)  # type: ignore[arg-type]
            providers[new_provider.id] = new_provider  # type: ignore[attr-defined,assignment]
        case ("no provider", str(id)):
            store.remove_provider(id)
            del providers[id]
        case ("domain", settings):
            known = settings.domain in domains  # type: ignore[attr-defined]
            (store.set_domain if known else store.add_domain)(settings)  # type: ignore[arg-type]
            domains[settings.domain] = settings  # type: ignore[attr-defined,assignment]
        case ("no domain", str(text)):
            store.remove_domain(name(text))
            del domains[name(text)]
    return Settings(tuple(providers.values()), tuple(domains.values()))

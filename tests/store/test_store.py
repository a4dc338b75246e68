"""The store: every change whole or not at all, refusals that say why, and one clear line when the database fails."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autoconfig.errors import NotFound, SettingsError, StoreError
from autoconfig.model import Protocol, Settings
from autoconfig.store.exchange.toml import parse_toml, write_toml
from autoconfig.store.store import Store
from tests.store.world import KARLA, WORLD, entry, name, override, provider

# --- import and export -------------------------------------------------------------------------------------------------------------


def test_what_is_imported_is_exported(store: Store) -> None:
    """The store holds everything that a file says."""
    result = store.import_settings(WORLD)
    assert len(result.domains.added) == len(WORLD.domains)
    exported = store.export()
    assert set(exported.domains) == set(WORLD.domains)
    assert set(exported.providers) == set(WORLD.providers)
    assert write_toml(exported) == write_toml(WORLD)


def test_the_same_import_again_changes_nothing(store: Store) -> None:
    """No revision is used up, and everything is told as unchanged."""
    first = store.import_settings(WORLD)
    again = store.import_settings(WORLD)
    assert not again
    assert len(again.domains.unchanged) == len(WORLD.domains)
    assert again.revision == first.revision == store.revision() == 1
    assert list(again.lines()) == []


def test_an_import_tells_what_it_changed_with_old_and_new(store: Store) -> None:
    """Added, changed and removed, as values and as lines."""
    store.import_settings(WORLD)
    changed = replace(entry("kund.se"), note="flyttar", subdomains=True)
    result = store.import_settings(Settings((replace(KARLA, name="Karla AB"),), (changed, entry("ny.se"))))
    assert [(change.old.note, change.new.note) for change in result.domains.changed] == [("", "flyttar")]
    assert list(result.lines()) == [
        '~ provider karla: name "Karla" -> "Karla AB"',
        "+ domain ny.se",
        '~ domain kund.se: subdomains - -> true, note - -> "flyttar"',
    ]
    assert store.count_domains() == len(WORLD.domains) + 1


def test_a_dry_run_tells_the_same_and_changes_nothing(store: Store) -> None:
    """What would be removed is told too."""
    store.import_settings(WORLD)
    before = store.export(), store.mark()
    file = Settings((KARLA,), (entry("ny.se"),))
    told = store.import_settings(file, prune=True, dry_run=True)
    assert (store.export(), store.mark()) == before
    done = store.import_settings(file, prune=True)
    assert list(done.lines()) == list(told.lines())


def test_prune_removes_only_within_the_providers_that_the_file_names(store: Store) -> None:
    """Aliases count to the provider at their end; providers themselves stay."""
    store.import_settings(WORLD)
    store.add_domain(entry("annan.nu", alias_of="annan.se"))
    result = store.import_settings(Settings((), (entry("kund.se"),)), prune=True)
    assert [found.domain.unicode for found in store.domains()] == ["annan.nu", "annan.se", "kund.se", "own.wide.se"]
    assert "- domain alias.se" in list(result.lines())
    assert len(store.providers()) == 2
    assert not store.import_settings(Settings((KARLA,)), prune=True, dry_run=True).domains.added
    store.import_settings(Settings((KARLA,)), prune=True)
    assert [found.domain.unicode for found in store.domains()] == ["annan.nu", "annan.se", "own.wide.se"]


def test_prune_takes_no_target_from_an_alias_that_stays(store: Store) -> None:
    """The file lists the alias but not what it leads to: that is its mistake, with its line."""
    store.import_settings(WORLD)
    file = parse_toml('[[domain]]\nname = "kund.se"\nprovider = "karla"\n[[domain]]\nname = "alias.se"\nalias_of = "byrå.se"\n')
    with pytest.raises(SettingsError) as caught:
        store.import_settings(file, prune=True)
    (problem,) = caught.value.problems
    assert str(problem) == "line 6: alias.se is an alias of byrå.se, which the file does not list and --prune would remove"
    assert store.count_domains() == len(WORLD.domains)


def test_every_mistake_is_told_with_those_that_only_the_store_sees(store: Store) -> None:
    """One list, in the order of the file, and nothing is changed."""
    store.import_settings(WORLD)
    before = store.export()
    file = parse_toml(
        '[[domain]]\nname = "ny.se"\nprovider = "karl"\n'
        '[[domain]]\nname = "kund"\nprovider = "karla"\n'
        '[[domain]]\nname = "b.se"\nalias_of = "missing.se"\n'
        '[[domain]]\nname = "byrå.se"\nalias_of = "alias.se"\n'
        '[[domain]]\nname = "c.se"\nalias_of = "kund.se"\n'
        '[[domain]]\nname = "d.se"\nprovider = "other"\nprotocols = ["imap"]\n'
        '[[domain.account]]\nprotocol = "imap"\nincoming = { port = 0 }\n'
    )
    with pytest.raises(SettingsError) as caught:
        store.import_settings(file)
    assert [str(problem) for problem in caught.value.problems] == [
        "line 3: there is no provider karl; did you mean karla?",
        "line 5: the domain kund has no dot; a domain looks like kund.se",
        "line 9: b.se is an alias of missing.se, which is not there",
        "line 12: aliases that lead round in a ring: xn--byr-wla.se, alias.se, xn--byr-wla.se",
        "line 22: port must be between 1 and 65535, not 0",
    ]
    assert store.export() == before


def test_a_wrong_default_provider_is_told_once(store: Store) -> None:
    """Not for each of a hundred thousand domains."""
    file = parse_toml("".join(f'[[domain]]\nname = "d{i}.se"\n' for i in range(50)), default_provider="nobody")
    with pytest.raises(SettingsError) as caught:
        store.import_settings(file)
    assert [str(problem) for problem in caught.value.problems] == ["line 1: there is no provider nobody"]


# --- single changes ----------------------------------------------------------------------------------------------------------------


def test_domains_are_added_changed_and_removed(store: Store) -> None:
    """Each is one revision; what is not there, or there already, is refused."""
    store.set_provider(KARLA)
    store.add_domain(entry("kund.se"))
    with pytest.raises(StoreError, match=r"kund\.se is there already"):
        store.add_domain(entry("KUND.SE."))
    store.set_domain(entry("kund.se", suspended=True))
    assert store.domain(name("kund.se")).suspended
    edited = store.edit_domain(name("kund.se"), lambda found: replace(found, note="x"))
    assert store.domain(name("kund.se")) == edited == entry("kund.se", suspended=True, note="x")
    assert store.revision() == 4
    store.remove_domain(name("kund.se"))
    for call in (store.domain, store.remove_domain):
        with pytest.raises(NotFound, match=r"kund\.se is not among the domains"):
            call(name("kund.se"))
    with pytest.raises(NotFound):
        store.set_domain(entry("kund.se"))
    assert store.revision() == 5


def test_what_is_used_is_not_removed(store: Store) -> None:
    """A provider with domains, a domain with aliases."""
    store.import_settings(WORLD)
    with pytest.raises(StoreError, match="2 domains use the provider other"):
        store.remove_provider("other")
    with pytest.raises(StoreError, match=r"byrå\.se has aliases, which must go first: alias\.se"):
        store.remove_domain(name("byrå.se"))
    with pytest.raises(NotFound, match="there is no provider nobody"):
        store.remove_provider("nobody")
    store.remove_domain(name("annan.se"))
    store.remove_domain(name("own.wide.se"))
    store.remove_provider("other")
    assert [found.id for found, _ in store.providers()] == ["karla"]


def test_a_provider_keeps_what_its_domains_use(store: Store) -> None:
    """A domain that chooses POP, or changes it, needs its provider to have it."""
    store.import_settings(WORLD)
    with pytest.raises(SettingsError) as caught:
        store.set_provider(provider("karla", protocols="imap"))
    assert str(caught.value.problems[0]) == (
        "provider karla: 2 of its domains would no longer fit, such as pop.se: karla has no pop3 account"
    )
    assert store.provider("karla") == KARLA


def test_there_is_one_default_provider(store: Store) -> None:
    """Whether the other is in the file or in the store, and whichever comes first by its id."""
    store.import_settings(Settings((provider("annan"), provider("karla", default=True))))
    for id in ("other", "annan"):
        with pytest.raises(SettingsError) as caught:
            store.set_provider(provider(id, default=True))
        assert str(caught.value.problems[0]) == f"provider {id}: karla is the default provider already; there may be one"
    store.import_settings(Settings((provider("karla"), provider("other", default=True))))
    assert [found.id for found, _ in store.providers() if found.default] == ["other"]
    with pytest.raises(SettingsError) as caught:
        store.set_provider(provider("karla", default=True))
    assert str(caught.value.problems[0]) == "provider karla: other is the default provider already; there may be one"


def test_settings_made_by_hand_are_judged_like_those_of_a_file(store: Store) -> None:
    """A value can be made that no file could hold."""
    store.set_provider(KARLA)
    for wrong in (
        replace(entry("kund.se"), alias_of=name("a.se")),
        replace(entry("kund.se"), provider=None),
        entry("kund.se", note="a\0b"),
        entry("kund.se", protocols=(Protocol.IMAP, Protocol.IMAP)),
    ):
        with pytest.raises(SettingsError):
            store.add_domain(wrong)
    with pytest.raises(SettingsError):
        store.import_settings(Settings((), (entry("kund.se"), entry("kund.se", note="x"))))
    with pytest.raises(SettingsError):
        store.set_provider(replace(KARLA, id="Karla Hosting"))
    with pytest.raises(StoreError, match="keeps its id"):
        store.edit_provider("karla", lambda found: replace(found, id="other"))
    assert store.count_domains() == 0


# --- lists -------------------------------------------------------------------------------------------------------------------------


def test_domains_are_listed_by_provider_by_part_of_the_name_and_by_pages(store: Store) -> None:
    """In order of A-labels; a part is looked for in both forms; an alias is listed with the provider at its end."""
    store.import_settings(WORLD)

    def listed(**how: object) -> list[str]:
        return [found.domain.unicode for found in store.domains(**how)]  # type: ignore[arg-type]

    assert listed() == sorted((found.domain.unicode for found in WORLD.domains), key=lambda text: name(text).ascii)
    assert listed(provider="other") == ["annan.se", "own.wide.se"]
    assert "alias.se" in listed(provider="karla")
    assert listed(contains="BYR") == ["byrå.se"]
    assert listed(contains="å") == listed(contains="xn--") == ["byrå.se"]
    assert listed(contains="%") == listed(contains="_") == []
    assert listed(limit=2) + listed(after=name("alias.se")) == listed()
    assert [(found.id, count) for found, count in store.providers()] == [("karla", 8), ("other", 2)]
    with pytest.raises(NotFound):
        listed(provider="nobody")


def test_a_long_list_is_read_in_pages(store: Store) -> None:
    """And all of it, in order."""
    store.import_settings(Settings((KARLA,), tuple(entry(f"d{i:05}.se") for i in range(5000))))
    assert [found.domain.ascii for found in store.domains()] == [f"d{i:05}.se" for i in range(5000)]
    assert len(list(store.domains(limit=3000))) == 3000


def test_values_survive_the_columns(store: Store) -> None:
    """Notes, orders of protocols, overrides and flags."""
    store.set_provider(KARLA)
    for settings in (
        entry("a.se", note="rad ett\nrad två\t\"'\\ 例"),
        entry("b.se", protocols=(Protocol.POP3,), suspended=True, subdomains=True, accounts=override("pop.%EMAILDOMAIN%")),
    ):
        store.add_domain(settings)
        assert store.domain(settings.domain) == settings

"""Who changed what, and the way back: the log as people read it, and undo, which is a change like any other."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Executable, delete, update

from autoconfig.errors import NotFound, SettingsError, StoreError
from autoconfig.model import Protocol, Settings
from autoconfig.store.database import Database
from autoconfig.store.log import DOMAIN, PROVIDER, Gap, Name, Tally
from autoconfig.store.store import Store, open_store
from autoconfig.store.tables import change
from autoconfig.store.tables import revision as revision_table
from tests.store.world import KARLA, WORLD, entry, name, override, provider, url


def domain(text: str) -> Name:
    return Name(DOMAIN, name(text).ascii)


def lines(store: Store, text: str) -> list[tuple[int, object, object]]:
    """Revision, before and after of each change of a domain."""
    return [(found.revision, found.before, found.after) for found in store.history(domain(text))]


# --- history -----------------------------------------------------------------------------------------------------------------------


def test_a_history_tells_before_and_after_newest_first(store: Store) -> None:
    """Added, changed, removed, and added again; each after is the next before, the last one what is there now."""
    store.set_provider(KARLA)
    first, second = entry("byrå.se"), entry("byrå.se", note="ring", accounts=override("pop.byrå.se"))
    store.add_domain(first)
    store.set_domain(second)
    store.add_domain(entry("annan.se"))
    store.remove_domain(name("byrå.se"))
    assert lines(store, "byrå.se") == [(5, second, None), (3, first, second), (2, None, first)]
    store.add_domain(first)
    assert lines(store, "byrå.se")[:2] == [(6, None, first), (5, second, None)]
    assert [found.revision for found in store.history(domain("byrå.se"), limit=2)] == [6, 5]
    assert [(found.before, found.after) for found in store.history(Name(PROVIDER, "karla"))] == [(None, KARLA)]


def test_a_history_tells_when_and_by_whom(tmp_path: Path) -> None:
    """The time in UTC, whatever the database keeps of it."""
    at = datetime(2026, 7, 1, 12, 30, tzinfo=UTC)
    with open_store(url(tmp_path), who="anna", clock=lambda: at) as store:
        store.import_settings(WORLD)
        (line,) = store.history(domain("kund.se"))
        (revision,) = store.revisions()
    assert (line.at, line.who) == (revision.at, revision.who) == (at, "anna")


def test_of_a_name_that_no_change_touched_nothing_is_known(store: Store) -> None:
    """A provider and a domain of one name are two names."""
    store.import_settings(WORLD)
    for unknown in (domain("aldrig.se"), Name(PROVIDER, "kund.se")):
        with pytest.raises(NotFound, match="nothing is known of"):
            store.history(unknown)
        with pytest.raises(NotFound):
            store.undo(only=unknown)


def test_the_changes_of_the_whole_store_are_counted(store: Store) -> None:
    """Added, changed and removed, also where a later change found something else, or nothing; page by page."""
    store.import_settings(WORLD)
    count = len(WORLD.domains)
    store.import_settings(Settings((KARLA,), (entry("kund.se", note="x"), entry("ny.se"))), prune=True)
    store.add_domain(entry("wide.se"))
    store.remove_domain(name("ny.se"))
    store.set_provider(provider("karla", "new.karla.se"))
    found = store.revisions()
    assert [revision.revision for revision in found] == [5, 4, 3, 2, 1]
    assert [revision.domains for revision in found] == [
        Tally(),
        Tally(removed=1),
        Tally(added=1),
        Tally(added=1, changed=1, removed=count - 3),
        Tally(added=count),
    ]
    assert [revision.providers for revision in found] == [Tally(changed=1), Tally(), Tally(), Tally(), Tally(added=2)]
    assert store.revisions(limit=2) == found[:2]
    assert store.revisions(limit=2, before=4) == found[2:4]
    assert store.revisions(before=1) == []


# --- what cannot be told -----------------------------------------------------------------------------------------------------------


def _rewrite(database_url: str, *statements: Executable) -> None:
    database = Database(database_url, create=False)
    with database.writing() as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    database.close()


def test_of_the_time_before_the_log_is_told_that_it_is_not_known(store: Store, database_url: str) -> None:
    """A store that was upgraded: such a change has no time, and nothing before it, and cannot be undone."""
    store.set_provider(KARLA)
    store.add_domain(entry("kund.se"))
    store.set_domain(entry("kund.se", note="x"))
    store.add_domain(entry("pop.se"))
    store.set_domain(entry("kund.se", note="y"))
    _rewrite(
        database_url,
        update(change).where(change.c.revision <= 4).values(before=None),
        delete(revision_table).where(revision_table.c.revision <= 4),
    )
    unknown = Gap.NOT_LOGGED
    x, y = entry("kund.se", note="x"), entry("kund.se", note="y")
    assert lines(store, "kund.se") == [(5, x, y), (3, unknown, x), (2, unknown, unknown)]
    assert lines(store, "pop.se") == [(4, unknown, entry("pop.se"))]
    assert [(found.at, found.who) for found in store.history(domain("pop.se"))] == [(None, "")]
    assert [(found.at is None, found.domains) for found in store.revisions(limit=2)] == [
        (False, Tally(changed=1)),
        (True, Tally(unknown=1)),
    ]
    before = store.export()
    for revision, only in ((4, None), (1, None), (None, domain("pop.se"))):
        with pytest.raises(StoreError, match="cannot be undone: nobody wrote down what was there before it"):
            store.undo(revision, only)
    store.undo()
    assert store.domain(name("kund.se")) == x
    store.undo()
    assert store.export() == before


@pytest.mark.parametrize(
    "text", ["{", "[]", "7", '{"name": "kund.se", "provider": 5}', '{"name": "kund.se", "provider": "karla", "later": 1}']
)
def test_what_cannot_be_read_hides_only_itself(store: Store, database_url: str, text: str) -> None:
    """What a later program wrote, or a damaged line: the others are told, it cannot be undone, and other names can."""
    store.import_settings(WORLD)
    store.import_settings(Settings((provider("karla", "new.karla.se"),), (entry("kund.se", note="x"), entry("pop.se"))))
    store.set_domain(entry("kund.se", note="y"))
    _rewrite(database_url, update(change).where(change.c.revision == 2, change.c.name.in_(["kund.se", "karla"])).values(before=text))
    x, y, hidden = entry("kund.se", note="x"), entry("kund.se", note="y"), Gap.NOT_READABLE
    assert lines(store, "kund.se") == [(3, x, y), (2, hidden, x), (1, None, hidden)]
    assert [line.before for line in store.history(Name(PROVIDER, "karla"))] == [hidden, None]
    assert [revision.domains for revision in store.revisions()][:2] == [Tally(changed=1), Tally(changed=2)]
    store.undo(3)
    store.undo(4)
    store.undo(5)
    with pytest.raises(StoreError, match="changed again since"):
        store.undo(2)
    with pytest.raises(StoreError, match="what provider karla was before cannot be read"):
        store.undo(2, Name(PROVIDER, "karla"))
    store.undo(2, domain("pop.se"))
    assert store.domain(name("pop.se")) == next(found for found in WORLD.domains if found.domain == name("pop.se"))


# --- undo --------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def world(store: Store) -> Store:
    """A store with WORLD in it, by revision 1."""
    store.import_settings(WORLD)
    return store


def test_an_undo_brings_back_what_was_changed_and_removed_and_takes_away_what_was_added(world: Store) -> None:
    """All that an import touched, as lines, and in one revision."""
    before = world.export()
    world.import_settings(
        Settings((provider("karla", "wrong.se"), provider("third")), (entry("ny.se"), entry("kund.se", note="x"))), prune=True
    )
    after = world.export()
    result = world.undo(2)
    assert world.export() == before
    told = list(result.lines())
    assert {"- provider third", "- domain ny.se", '~ domain kund.se: note "x" -> -', "+ domain wide.se"} <= set(told)
    assert result.revision == world.revision() == 3
    assert list(world.undo(3).lines()) != told
    assert world.export() == after


def test_an_undo_of_one_name_leaves_the_rest_of_its_revision(world: Store) -> None:
    """The last change of that name, where no revision is named."""
    world.import_settings(Settings((), (entry("kund.se", note="x"), entry("pop.se", note="x"))))
    world.set_domain(entry("wide.se"))
    world.undo(only=domain("kund.se"))
    assert world.domain(name("kund.se")).note == ""
    assert world.domain(name("pop.se")).note == "x"
    assert world.revision() == 4
    with pytest.raises(NotFound, match=r"revision 3 did not touch domain kund\.se"):
        world.undo(3, domain("kund.se"))


def test_an_undo_is_refused_where_something_was_changed_again(world: Store) -> None:
    """It names that, and the revision; one name of the same revision that was not changed again goes back alone."""
    world.import_settings(Settings((), (entry("kund.se", note="x"), entry("pop.se", note="x"))))
    world.set_domain(entry("pop.se", note="y"))
    before = world.export(), world.mark()
    with pytest.raises(StoreError, match=r"domain pop\.se was changed again since, last in revision 3; undo that first"):
        world.undo(2)
    with pytest.raises(StoreError, match="changed again"):
        world.undo(2, domain("pop.se"))
    assert (world.export(), world.mark()) == before
    world.undo(2, domain("kund.se"))
    assert world.domain(name("kund.se")) == entry("kund.se")


def test_an_undo_takes_nothing_away_that_is_used(world: Store) -> None:
    """A provider with domains, a domain with aliases; both go where what uses them goes as well."""
    world.import_settings(Settings((provider("third"),), (entry("ny.se", "third"),)))
    world.add_domain(entry("alias.nu", alias_of="ny.se"))
    before = world.export(), world.mark()
    with pytest.raises(StoreError, match=r"ny\.se has aliases, which must go first: alias\.nu"):
        world.undo(2)
    with pytest.raises(StoreError, match="1 domains use the provider third"):
        world.undo(2, Name(PROVIDER, "third"))
    assert (world.export(), world.mark()) == before
    world.undo(3)
    world.undo(2)
    assert set(world.export().domains) == set(WORLD.domains)


def test_what_an_undo_brings_back_is_judged_by_what_is_there_now(world: Store) -> None:
    """A domain whose provider is gone, an alias whose target is, and a second default provider stay away."""
    world.set_provider(provider("third"))
    world.add_domain(entry("ny.se", "third"))
    world.add_domain(entry("alias.nu", alias_of="ny.se"))
    world.remove_domain(name("alias.nu"))
    world.remove_domain(name("ny.se"))
    world.remove_provider("third")
    for revision, told in ((5, "which is not there"), (6, "there is no provider third")):
        with pytest.raises(SettingsError) as caught:
            world.undo(revision)
        assert told in str(caught.value.problems[0])
    world.set_provider(provider("karla", default=True))
    world.set_provider(KARLA)
    world.set_provider(provider("other", default=True))
    with pytest.raises(SettingsError) as caught:
        world.undo(9)
    assert "other is the default provider already" in str(caught.value.problems[0])


def test_an_undo_of_a_provider_keeps_what_its_domains_use_since(world: Store) -> None:
    """A domain that has come to choose POP needs it, unless that goes in the same undo."""
    world.set_provider(provider("third", protocols="imap"))
    world.import_settings(Settings((provider("third"),), (entry("ny.se", "third", protocols=(Protocol.POP3,)),)))
    with pytest.raises(SettingsError) as caught:
        world.undo(3, Name(PROVIDER, "third"))
    assert "1 of its domains would no longer fit" in str(caught.value.problems[0])
    world.undo(3)
    assert world.provider("third") == provider("third", protocols="imap")


def test_the_default_may_go_back_to_another_provider(store: Store) -> None:
    """Also to one that was removed, from one that was added."""
    store.set_provider(provider("karla", default=True))
    store.import_settings(Settings((KARLA, provider("other", default=True))))
    store.undo()
    assert [found.id for found, _ in store.providers() if found.default] == ["karla"]
    assert [found.id for found, _ in store.providers()] == ["karla"]


def test_a_dry_run_of_an_undo_tells_the_same_and_changes_nothing(world: Store) -> None:
    """The same lines, and the revision that the store keeps."""
    before = world.export(), world.mark()
    told = world.undo(1, dry_run=True)
    assert (world.export(), world.mark()) == before
    assert told.revision == 1
    assert list(world.undo(1).lines()) == list(told.lines())
    assert world.export() == Settings()


def test_a_revision_that_is_not_there_cannot_be_undone(world: Store) -> None:
    """Nor the last one of a store without any."""
    for revision in (0, 2, 2**62):
        with pytest.raises(NotFound, match="there is no revision"):
            world.undo(revision)


def test_an_empty_store_has_nothing_to_undo(store: Store) -> None:
    """It says so."""
    assert store.revisions() == []
    with pytest.raises(NotFound, match="there is no change yet"):
        store.undo()

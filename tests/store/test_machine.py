"""The store against plain dicts: whatever several writers do to it, in any order, store, snapshot and log say what the dicts say."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from autoconfig.address import Domain
from autoconfig.errors import AutoconfigError, NotFound
from autoconfig.model import ClientConfig, DomainSettings, Provider, Settings, Shape
from autoconfig.store.exchange.json import json_pieces, parse_json
from autoconfig.store.exchange.toml import parse_toml, write_toml
from autoconfig.store.follow import catch_up
from autoconfig.store.log import DOMAIN, PROVIDER, Name, Tally
from autoconfig.store.snapshot import Snapshot
from autoconfig.store.store import Store, open_store
from tests.store.conftest import NewDatabase
from tests.store.steps import ASKED, STEPS, take
from tests.store.world import WORLD, answer, url

WRITERS = ("anna", "berit")
_WHO = st.sampled_from(WRITERS)
_PAST = st.integers(0, 30)

Entries = dict[Name, Provider | DomainSettings]


def entries(found: Settings) -> Entries:
    """Return *found* by name."""
    domains: Entries = {Name(DOMAIN, entry.domain.ascii): entry for entry in found.domains}
    return domains | {Name(PROVIDER, provider.id): provider for provider in found.providers}


def settings_of(found: Entries) -> Settings:
    """Return the settings that *found* are by name."""
    every = found.values()
    return Settings(
        tuple(entry for entry in every if isinstance(entry, Provider)), tuple(entry for entry in every if isinstance(entry, DomainSettings))
    )


def differing(old: Entries, new: Entries) -> set[Name]:
    """Return the names that are not the same in both."""
    return {each for each in old.keys() | new.keys() if old.get(each) != new.get(each)}


def by_way(store: Store, domain: Domain) -> ClientConfig | None:
    """Return what *domain* should use by the way that the store tells of."""
    try:
        way = store.way(domain)
    except NotFound:
        return None
    end = way.entries[-1] if way.entries else None
    return None if way.suspended else Shape.of(way.provider, end.accounts if end else (), end.protocols if end else ()).fill(domain)


class Machine(RuleBasedStateMachine):
    """Two writers at one database, a snapshot that follows now and then, and all that ever was, by revision."""

    def __init__(self, database: str, folder: Path) -> None:
        super().__init__()
        self.stores = {who: open_store(database, who=who) for who in WRITERS}
        self.folder = folder
        self.path = folder / "snapshot.mdb"
        self.moments: list[Entries] = [{}]
        self.authors: list[str] = [""]
        self._became("anna", WORLD, self.stores["anna"].import_settings(WORLD))
        catch_up(self.stores["anna"], self.path)
        self.snapshot = Snapshot.open(self.path)

    def teardown(self) -> None:
        try:
            self.the_log_tells_all_that_was()
        finally:
            for store in self.stores.values():
                store.close()

    @property
    def now(self) -> Entries:
        """What the store should hold."""
        return self.moments[-1]

    def _became(self, who: str, model: Settings, _: object = None) -> None:
        """Note what the store should hold now; a change that changes nothing is none."""
        if entries(model) != self.now:
            self.moments.append(entries(model))
            self.authors.append(who)

    # --- what may happen ---

    @rule(who=_WHO, step=STEPS)
    def somebody_changes_something(self, who: str, step: tuple[object, ...]) -> None:
        """Import, add, edit, suspend, override, alias, remove, prune: done as the dicts have it, or refused and nothing done."""
        try:
            model = take(self.stores[who], step, settings_of(self.now))
        except AutoconfigError:
            return
        self._became(who, model)

    @rule(who=_WHO, back=_PAST)
    def somebody_undoes_a_revision(self, who: str, back: int) -> None:
        """All that it touched is as it was; refused where any of that was changed again, or would not fit any more."""
        if len(self.moments) > 1:
            revision = 1 + back % (len(self.moments) - 1)
            self._undo(who, revision, differing(self.moments[revision - 1], self.moments[revision]), None)

    @rule(who=_WHO)
    def somebody_undoes_the_last_change(self, who: str) -> None:
        """Also an undo, which gives back what was undone."""
        if len(self.moments) > 1:
            self._undo(who, None, differing(self.moments[-2], self.now), None)

    @rule(who=_WHO, back=_PAST, which=_PAST)
    def somebody_undoes_a_part(self, who: str, back: int, which: int) -> None:
        """Of all that a revision touched one name alone."""
        if len(self.moments) > 1:
            revision = 1 + back % (len(self.moments) - 1)
            touched = sorted(differing(self.moments[revision - 1], self.moments[revision]))
            only = touched[which % len(touched)]
            self._undo(who, revision, {only}, only)

    def _undo(self, who: str, revision: int | None, touched: set[Name], only: Name | None) -> None:
        at = revision or len(self.moments) - 1
        before = self.moments[at - 1]
        expected = {each: entry for each, entry in self.now.items() if each not in touched}
        expected |= {each: before[each] for each in touched if each in before}
        again = any(touched & differing(old, new) for old, new in itertools.pairwise(self.moments[at:]))
        try:
            told = self.stores[who].undo(revision, only, dry_run=True)
            done = self.stores[who].undo(revision, only)
        except AutoconfigError:
            assert again or not self._is_sound(expected), "refused, though it fits"
            return
        assert not again
        assert list(told.lines()) == list(done.lines())
        self._became(who, settings_of(expected))

    def _is_sound(self, found: Entries) -> bool:
        """Tell whether a store would take *found* as a whole."""
        with open_store(url(self.folder), create=True) as empty:
            try:
                empty.import_settings(settings_of(found), dry_run=True)
            except AutoconfigError:
                return False
        return True

    @rule(who=_WHO, form=st.sampled_from(("toml", "json")))
    def somebody_imports_what_was_exported(self, who: str, form: str) -> None:
        """It is what is there: nothing changes."""
        exported = self.stores[who].export()
        if form == "toml":
            read = parse_toml(write_toml(exported).encode())
        else:
            read = parse_json("".join(json_pieces(exported.providers, exported.domains)).encode())
        assert not self.stores[who].import_settings(read, prune=True)

    @rule(who=_WHO, step=STEPS)
    def somebody_only_asks_what_an_import_would_do(self, who: str, step: tuple[object, ...]) -> None:
        """A dry run leaves no trace."""
        if step[0] == "import":
            _, providers, domains, prune = step
            try:
                self.stores[who].import_settings(Settings(tuple(providers), tuple(domains)), prune=bool(prune), dry_run=True)
            except AutoconfigError:
                return

    @rule(domain=st.sampled_from(ASKED))
    def two_edit_at_once(self, domain: Domain) -> None:
        """Neither is lost."""
        key = Name(DOMAIN, domain.ascii)
        entry = self.now.get(key)
        if not isinstance(entry, DomainSettings):
            return

        def add(who: str) -> None:
            self.stores[who].edit_domain(domain, lambda found: replace(found, note=found.note + "x"))

        threads = [threading.Thread(target=add, args=(who,)) for who in WRITERS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        first = self.stores["anna"].revisions(limit=2)[-1].who
        for who in (first, *(other for other in WRITERS if other != first)):
            entry = replace(entry, note=entry.note + "x")
            self._became(who, settings_of(self.now | {key: entry}))

    @rule(loss=st.sampled_from(("", "", "", "gone", "empty", "cut")))
    def the_snapshot_catches_up(self, loss: str) -> None:
        """By all that changed since the last time, or anew where it was lost; either way it is as if it had been made from nothing."""
        if loss == "gone":
            self.path.unlink()
        elif loss:
            other = self.folder / "other"  # moved over it: a file that is cut while it is mapped is the end of its reader
            other.write_bytes(b"" if loss == "empty" else self.path.read_bytes()[:9000])
            other.replace(self.path)
        assert catch_up(self.stores["anna"], self.path) == len(self.moments) - 1
        self.snapshot = Snapshot.open(self.path)
        new = self.folder / "new.mdb"
        catch_up(self.stores["berit"], new)
        rebuilt = Snapshot.open(new)
        for domain in ASKED:
            assert rebuilt.client_config(domain) == self.snapshot.client_config(domain), domain
        new.unlink()

    # --- what always holds ---

    @invariant()
    def every_writer_sees_what_the_dicts_say(self) -> None:
        """Revisions count the changes, one by one."""
        for store in self.stores.values():
            assert store.revision() == len(self.moments) - 1
            assert entries(store.export()) == self.now

    @invariant()
    def store_and_snapshot_answer_as_the_rules_say(self) -> None:
        """The snapshot as of the revision that it shows."""
        shown = self.snapshot.mark()
        assert shown.revision <= len(self.moments) - 1
        then, now = settings_of(self.moments[shown.revision]), settings_of(self.now)
        for domain in ASKED:
            assert self.snapshot.client_config(domain) == answer(then, domain), domain
            assert by_way(self.stores["berit"], domain) == answer(now, domain), domain

    def the_log_tells_all_that_was(self) -> None:
        """Who changed what, before and after, and how much of it."""
        store = self.stores["berit"]
        revisions = store.revisions()[::-1]
        assert [found.revision for found in revisions] == list(range(1, len(self.moments)))
        assert [found.who for found in revisions] == self.authors[1:]
        histories = {each: store.history(each) for each in {name for moment in self.moments for name in moment}}
        for (old, new), found in zip(itertools.pairwise(self.moments), revisions, strict=True):
            assert (found.providers, found.domains) == (_tally(old, new, PROVIDER), _tally(old, new, DOMAIN))
            for each, lines in histories.items():
                told = [(line.before, line.after) for line in lines if line.revision == found.revision]
                assert told == ([(old.get(each), new.get(each))] if each in differing(old, new) else []), each


def _tally(old: Entries, new: Entries, kind: str) -> Tally:
    touched = [each for each in differing(old, new) if each.kind == kind]
    added, removed = sum(each not in old for each in touched), sum(each not in new for each in touched)
    return Tally(added, len(touched) - added - removed, removed)


@pytest.mark.slow
def test_store_snapshot_and_log_follow_plain_dicts(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Through any sequence of changes, undos and mishaps; a delta over many revisions equals a rebuild."""
    examples = 4 if new_database().startswith("postgresql") else 10
    run_state_machine_as_test(
        lambda: Machine(new_database(), tmp_path_factory.mktemp("machine")),
        settings=settings(max_examples=examples, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)),
    )

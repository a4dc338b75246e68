"""Where runs are begun: one for each domain, a few at a time over all workers, and nothing that stays or grows."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autoconfig.address import Domain
from autoconfig.findings import Group
from autoconfig.livecheck import desk as desks
from autoconfig.livecheck.desk import FRESH, KEPT, LIMIT, MAX_FILES, SLOTS, Busy, Desk, Order, OutOfOrder, Running, put
from autoconfig.livecheck.state import Answer, Outcome, State
from tests.web.runs import PARTLY, WELL, Script

KUND, OTHER = Domain.parse("kund.se"), Domain.parse("byrå.se")


@pytest.fixture
def script() -> Iterator[Script]:
    """What starts the runs."""
    made = Script()
    yield made
    made.close()


def desk(folder: Path, script: object, **more) -> Desk:
    """One worker's side of it."""
    return Desk(folder / "livecheck", folder / "snapshot.mdb", "autoconfig.karlahosting.se", ("sv", "en"), script, **more)


def files(folder: Path) -> list[str]:
    """What is there beside the slots."""
    return [path.name for path in (folder / "livecheck").iterdir() if not path.name.startswith("slot-")]


def aged(folder: Path, seconds: float) -> None:
    """Let every file be older, and say so."""
    for path in (folder / "livecheck").glob("*.json"):
        state = desks.read(path.read_bytes())
        assert state is not None
        put(path, replace(state, began=state.began - seconds, ended=None if state.ended is None else state.ended - seconds))
        os.utime(path, (time.time() - seconds,) * 2)


def until(true) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_run_is_told_what_to_do_and_nothing_of_a_person(tmp_path: Path, script: Script) -> None:
    """Where the snapshot is, for which domain, in which languages."""
    state = desk(tmp_path, script).begin(OTHER)
    order = script.runs[0].order
    assert order == Order(
        order.file, state.run, "xn--byr-wla.se", state.began, str(tmp_path / "snapshot.mdb"), "autoconfig.karlahosting.se", ("sv", "en")
    )
    assert Path(order.file).parent == tmp_path / "livecheck"
    assert (tmp_path / "livecheck").stat().st_mode & 0o777 == 0o700


def test_many_visitors_cost_one_run(tmp_path: Path, script: Script) -> None:
    """While it goes on, and for a minute after it, whichever worker they come to."""
    first, second = desk(tmp_path, script), desk(tmp_path, script)
    assert first.look(KUND) is None
    state = first.begin(KUND)
    assert second.begin(KUND) == second.look(KUND) == state
    script.runs[0].show({Group.DELEGATION: True})
    assert second.begin(KUND).steps == {Group.DELEGATION: True}
    script.runs[0].answer(PARTLY)
    assert first.begin(KUND).answer == second.look(KUND).answer == PARTLY
    aged(tmp_path, FRESH + 1)
    assert second.begin(KUND).run != state.run
    assert len(script.runs) == 2


def test_all_at_once_begin_one_run(tmp_path: Path, script: Script) -> None:
    """Nobody comes between the look and the beginning."""
    workers = [desk(tmp_path, script) for _ in range(8)]
    threads = [threading.Thread(target=worker.begin, args=(KUND,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(script.runs) == 1


def test_only_a_few_run_at_a_time_over_all_workers(tmp_path: Path, script: Script) -> None:
    """The next is refused until one ends; those of another domain have nothing to do with it."""
    heard: list[str] = []
    workers = [desk(tmp_path, script, tell=heard.append) for _ in range(2)]
    for number in range(SLOTS):
        workers[number % 2].begin(Domain.parse(f"kund{number}.se"))
    with pytest.raises(Busy):
        workers[0].begin(KUND)
    assert heard == ["busy"]
    assert workers[0].look(KUND) is None
    script.runs[1].answer(WELL)
    workers[1].begin(KUND)
    until(lambda: heard == ["busy", "well"])


def test_a_run_that_failed_may_be_begun_again_at_once(tmp_path: Path, script: Script) -> None:
    """What ended without a word failed, and is counted once."""
    heard: list[str] = []
    worker = desk(tmp_path, script, tell=heard.append)
    worker.begin(KUND)
    script.runs[0].show({Group.DELEGATION: True})
    script.runs[0].die()
    until(lambda: heard == ["failed"])
    assert worker.look(KUND).answer == Answer(Outcome.FAILED)
    worker.begin(KUND)
    assert len(script.runs) == 2


def test_a_run_that_hangs_is_killed(tmp_path: Path, script: Script) -> None:
    """When its time is up."""
    heard: list[str] = []
    worker = desk(tmp_path, script, tell=heard.append, limit=0.05)
    worker.begin(KUND)
    until(lambda: heard == ["failed"])
    assert script.runs[0].killed


def test_a_run_of_which_nobody_is_left_to_tell_has_failed_in_time(tmp_path: Path, script: Script) -> None:
    """The worker was killed as well."""
    worker = desk(tmp_path, script)
    worker.begin(KUND)
    aged(tmp_path, LIMIT + 2)
    assert worker.look(KUND).answer == Answer(Outcome.FAILED)


def test_an_answer_is_forgotten_after_minutes(tmp_path: Path, script: Script) -> None:
    """Nobody is shown it, and its file goes with the next sweep; so does what was left half written."""
    worker = desk(tmp_path, script)
    worker.begin(KUND)
    script.runs[0].answer(WELL)
    (tmp_path / "livecheck" / "left.new").write_bytes(b"{")
    os.utime(tmp_path / "livecheck" / "left.new", (1, 1))
    aged(tmp_path, KEPT + 1)
    assert worker.look(KUND) is None
    desk(tmp_path, script).tidy()
    until(lambda: files(tmp_path) == [])


def test_the_folder_does_not_grow(tmp_path: Path, script: Script) -> None:
    """However many domains are tested within minutes, the oldest go first."""
    folder = tmp_path / "livecheck"
    folder.mkdir()
    for number in range(MAX_FILES + 20):
        path = folder / f"{number}.json"
        path.write_bytes(b"{}")
        os.utime(path, (time.time() - 100 + number / 100,) * 2)
    desk(tmp_path, script).begin(KUND)
    left = files(tmp_path)
    assert len(left) == MAX_FILES + 1
    assert "19.json" not in left
    assert "20.json" in left


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\x00", b'{"run": "x"}'])
def test_a_file_that_is_none_of_ours_is_no_run(tmp_path: Path, script: Script, content: bytes) -> None:
    """And does not keep anybody from beginning one."""
    worker = desk(tmp_path, script)
    worker.begin(KUND)
    Path(script.runs[0].order.file).write_bytes(content)
    assert worker.look(KUND) is None
    worker.begin(KUND)
    assert len(script.runs) == 2


def test_a_run_of_another_domain_is_not_ours(tmp_path: Path, script: Script) -> None:
    """Even if it has our file's name."""
    worker = desk(tmp_path, script)
    state = worker.begin(KUND)
    put(Path(script.runs[0].order.file), replace(state, domain="other.se"))
    assert worker.look(KUND) is None


def test_a_clock_that_was_set_back_does_not_keep_a_run_for_ever(tmp_path: Path, script: Script) -> None:
    """A run from the future is none."""
    worker = desk(tmp_path, script)
    worker.begin(KUND)
    aged(tmp_path, -3600)
    assert worker.look(KUND) is None


def test_an_answer_that_is_too_large_is_a_failure(tmp_path: Path) -> None:
    """Its file never is."""
    item = replace(PARTLY.items[0], said={str(n): PARTLY.items[0].said["en"] for n in range(9000)})
    put(tmp_path / "file", State("run", "kund.se", 1.0, {}, 2.0, replace(PARTLY, items=(item,))))
    found = desks.read((tmp_path / "file").read_bytes())
    assert found is not None
    assert found.answer == Answer(Outcome.FAILED)


def test_where_nothing_can_be_begun_that_is_said(tmp_path: Path, script: Script) -> None:
    """No folder to write to, or no process to be had; and nothing is left behind."""
    with pytest.raises(OutOfOrder):
        desk(tmp_path / "missing", script).begin(KUND)

    def refuse(order: Order, slot: int) -> Running:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    worker = desk(tmp_path, refuse)
    with pytest.raises(OutOfOrder):
        worker.begin(KUND)
    assert files(tmp_path) == []
    assert worker.look(KUND) is None

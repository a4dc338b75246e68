"""Numbers that workers share: summed, kept when one is killed, and never in the way of an answer."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from autoconfig.web.cells import MOST_FILES, Cells, number_of, service_of_parent

SIZE = 5


def _cells(folder: Path, layout: int = 1, service: int = 2, size: int = SIZE) -> Cells:
    return Cells(folder, size, layout, service)


def _add(cells: Cells, place: int, number: int = 1) -> None:
    cells.open()[place] += number


def test_what_every_worker_counted_is_summed(tmp_path: Path) -> None:
    """Each has a file of its own, and each can tell the sum."""
    workers = [_cells(tmp_path / "run") for _ in range(3)]
    for number, worker in enumerate(workers):
        _add(worker, number, 10)
        _add(worker, 4)
    for worker in workers:
        sums = worker.sums()
        assert sums.cells == [10, 10, 10, 0, 3]
        assert sums.is_shared
        assert sums.starts == 3
        assert [found.number for found in sums.workers] == [0, 1, 2]
        assert {found.pid for found in sums.workers} == {os.getpid()}


def test_the_next_worker_counts_on_in_the_file_of_one_that_is_gone(tmp_path: Path) -> None:
    """Nothing is lost, and there are never more files than workers at once."""
    watcher = _cells(tmp_path)
    watcher.open()
    for _ in range(5):
        worker = _cells(tmp_path)
        _add(worker, 0)
        del worker
        gc.collect()
    sums = watcher.sums()
    assert sums.cells[0] == 5
    assert sums.starts == 6
    assert [found.number for found in sums.workers] == [0]
    assert len(list(tmp_path.iterdir())) == 2


_COUNT = """
import sys, time
from pathlib import Path
from autoconfig.web.cells import Cells
cells = Cells(Path(sys.argv[1]), 5, 1, 2)
cells.open()[3] += 7
print("counted", flush=True)
time.sleep(60)
"""


def test_what_a_killed_worker_counted_stays(tmp_path: Path) -> None:
    """However it ends: the system takes its lock, not its file."""
    watcher = _cells(tmp_path)
    watcher.open()
    with subprocess.Popen([sys.executable, "-c", _COUNT, tmp_path], stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"counted\n"
        assert [found.pid for found in watcher.sums().workers] == [os.getpid(), worker.pid]
        worker.kill()
    sums = watcher.sums()
    assert sums.cells[3] == 7
    assert [found.pid for found in sums.workers] == [os.getpid()]


@pytest.mark.parametrize("other", [{"layout": 9}, {"service": 9}, {"layout": 9, "size": SIZE + 40}, {"layout": 9, "size": 1}])
def test_another_service_or_another_layout_begins_at_zero(tmp_path: Path, other: dict[str, int]) -> None:
    """Also in the file of one that is gone."""
    for _ in range(2):
        old = _cells(tmp_path)
        _add(old, 0, 5)
        new = _cells(tmp_path, **other)
        assert new.sums().cells == [0] * other.get("size", SIZE)
        assert old.sums().cells[0] == 5
        assert new.sums().starts == 1
        del old, new
        gc.collect()
        taken = _cells(tmp_path, **other)
        assert taken.sums().cells == [0] * other.get("size", SIZE)
        del taken
        gc.collect()
        for file in tmp_path.iterdir():
            file.unlink()


def test_threads_lose_no_counts(tmp_path: Path) -> None:
    """CPython lets no other thread in between reading a cell and writing it, however often it lets them take turns."""
    cells = _cells(tmp_path).open()
    before = sys.getswitchinterval()

    def count() -> None:
        for _ in range(50_000):
            cells[1] += 1

    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert cells[1] == 200_000


def test_a_folder_that_cannot_be_used_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The worker counts for itself, and says so."""
    cells = _cells(tmp_path / "missing" / "run")
    _add(cells, 2)
    _add(cells, 2)
    sums = cells.sums()
    assert sums.cells[2] == 2
    assert not sums.is_shared
    assert caplog.messages == [f"{tmp_path}/missing/run: No such file or directory; this worker counts for itself"]


_FULL = """
import resource, sys
from pathlib import Path
from autoconfig.store.state import Teller
from autoconfig.web.cells import Cells
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
cells = Cells(Path(sys.argv[1]), 5, 1, 2)
cells.open()[3] += 7
print(cells.sums().cells, cells.sums().is_shared)
Teller(Path(sys.argv[1]) / "follower.json")(1, True)
"""


def test_a_disk_that_takes_nothing_stops_nothing(tmp_path: Path) -> None:
    """Neither who counts nor the follower, who leaves nothing half written."""
    done = subprocess.run([sys.executable, "-c", _FULL, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == "[0, 0, 0, 7, 0] False\n"
    assert [file.name for file in tmp_path.iterdir()] == ["counters-0"]


def test_what_else_lies_in_the_folder_is_passed_over(tmp_path: Path) -> None:
    """Rubbish, links and names that nobody made are no counts."""
    watcher = _cells(tmp_path)
    _add(watcher, 0)
    (tmp_path / "counters-1").write_bytes(b"rubbish")
    (tmp_path / "counters-2").mkdir()
    (tmp_path / "counters-3").symlink_to(tmp_path / "counters-0")
    (tmp_path / "counters-4").write_bytes((tmp_path / "counters-0").read_bytes()[:-1])
    for name in ("counters-", "counters-x", "counters--1", "counters-²", "counters-99999999999", "other"):
        (tmp_path / name).write_bytes((tmp_path / "counters-0").read_bytes())
    assert watcher.sums().cells == [1, 0, 0, 0, 0]
    assert MOST_FILES < 99999999999


def test_a_service_has_a_number_that_no_other_has() -> None:
    """The same for all children of one parent, and never zero."""
    assert service_of_parent() == service_of_parent() != 0
    code = "from autoconfig.web.cells import service_of_parent; print(service_of_parent())"
    ours = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert ours[0] == ours[1] != f"{service_of_parent()}\n"
    assert number_of(b"1") != number_of(b"2")

"""The benchmark table, `make bench`: each figure beside what it is measured against, in one run, as a ratio. Asserts nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from autoconfig.address import Domain
from autoconfig.formats import mozilla
from autoconfig.store.snapshot import Snapshot
from tests import bench_check, bench_service, bench_start, bench_store
from tests.running import COMMAND, environment

RUNS = 7


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        instance = Path(folder)
        print(f"{'what':<58} {'figure':>14}  beside")
        _commands(instance)
        bench_store.rows(_row, instance)
        bench_start.rows(_row, instance)
        _settings(instance)
    bench_service.rows(_row)
    bench_check.rows(_row)


def _row(what: str, figure: str, beside: str = "") -> None:
    print(f"{what:<58} {figure:>14}  {beside}", flush=True)


def _seconds(run: Callable[[], object], times: int = RUNS) -> float:
    """Return the median of *times* runs."""
    spent = []
    for _ in range(times):
        begin = time.perf_counter()
        run()
        spent.append(time.perf_counter() - begin)
    return statistics.median(spent)


def _process(*command: str, instance: Path) -> Callable[[], object]:
    return lambda: subprocess.run(command, env=environment(instance), stdout=subprocess.DEVNULL, check=True)


def _commands(instance: Path) -> None:
    bare = _seconds(_process(sys.executable, "-c", "pass", instance=instance))
    help_ = _seconds(_process(COMMAND, "--help", instance=instance))
    _row(
        "autoconfig --help", f"{help_ * 1000:.0f} ms", f"{help_ / bare:.1f} times an empty Python ({bare * 1000:.0f} ms); to reach: 250 ms"
    )
    check = _seconds(_process(COMMAND, "check", "--help", instance=instance))
    _row("autoconfig check --help", f"{check * 1000:.0f} ms", f"{check / bare:.1f} times an empty Python")


def _settings(instance: Path) -> None:
    snapshot = Snapshot.open(instance / "snapshot.mdb")
    domains = [Domain.parse(f"kund{i}.se") for i in range(1000)]
    shape = _seconds(lambda: [snapshot.shape(domain) for domain in domains]) / len(domains)
    config = _seconds(lambda: [snapshot.client_config(domain) for domain in domains]) / len(domains)
    document = _seconds(lambda: [mozilla.document(snapshot.client_config(d)) for d in domains]) / len(domains)
    _row("a domain's shape, from the snapshot", f"{shape * 1e6:.1f} µs")
    _row("a domain's settings, from the snapshot", f"{config * 1e6:.1f} µs", f"{config / shape:.0f} times the shape")
    _row("a domain's clientConfig, from nothing", f"{document * 1e6:.0f} µs", f"{document / config:.0f} times the settings")


if __name__ == "__main__":
    main()

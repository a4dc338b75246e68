"""The row of `make bench` about the start: from the command to the first answer, beside granian with an empty application."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.running import COMMAND, environment, free_port, get

RUNS = 5
_EMPTY = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"ok\\n"]
"""

Row = Callable[[str, str, str], None]


def rows(row: Row, instance: Path) -> None:
    """Measure and tell; *instance* has a hundred thousand domains in it, kund9.se among them."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "empty.py").write_text(_EMPTY)
        granian = [str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--workers", "2", "empty:application", "--port"]
        ours, empty = [], []
        for _ in range(RUNS):  # in turn: both have the same machine
            ours.append(_first_answer([COMMAND, "serve", "--port"], "/mail/config-v1.1.xml?emailaddress=anna@kund9.se", instance, instance))
            empty.append(_first_answer(granian, "/", instance, Path(folder)))
    seconds, bare = statistics.median(ours), statistics.median(empty)
    row(
        "start to first answer, 100,000 domains, two workers",
        f"{seconds:.2f} s",
        f"{seconds / bare:.1f} times granian with an empty application ({bare:.2f} s); to reach: 1 s",
    )


def _first_answer(command: Sequence[str], path: str, instance: Path, cwd: Path) -> float:
    """Return the seconds from *command*, which ends with a port, to the first 200 for *path*."""
    port = free_port()
    begun = time.perf_counter()
    process = subprocess.Popen(
        [*command, str(port)],
        env=environment(instance),
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while get(f"http://127.0.0.1:{port}{path}")[0] != 200:
            assert process.poll() is None, command
            time.sleep(0.005)
        return time.perf_counter() - begun
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:  # granian's own supervisor may wait for a worker that missed the signal
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

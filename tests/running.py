"""Start the real service for a test: `autoconfig serve` on a free port, stopped with the test."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("autoconfig"))


def environment(instance: Path | None = None, **more: str) -> dict[str, str]:
    """Return the variables for a command: the tester's own settings left out, English."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AUTOCONFIG_")}
    kept |= {"LC_ALL": "C.UTF-8", "PATH": f"{Path(COMMAND).parent}{os.pathsep}{os.environ['PATH']}"}
    return kept | ({"AUTOCONFIG_INSTANCE": str(instance)} if instance else {}) | more


def run(
    *arguments: str, instance: Path, stdin: str = "", command: str = COMMAND, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `autoconfig` with *arguments* on *instance*."""
    return subprocess.run(
        [command, *arguments], env=environment(instance), cwd=cwd, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )


def children(pid: int) -> list[int]:
    """Return the processes that *pid* has started and that live."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            # proc_pid_stat(5): what follows the name in brackets is the state and the parent.
            state, parent = (place / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                found.append(int(place.name))
    return sorted(found)


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(slots=True)
class Service:
    """A service that runs, or did; *log* is all that it wrote."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    last: str = ""

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else self.last

    def workers(self) -> list[int]:
        """Return the processes that answer: those with granian's threads, which come last."""
        return [pid for pid in self._children(b"worker") if any(name.startswith("tokio") for name in _threads(pid))]

    def followers(self) -> list[int]:
        """Return the process that looks after the snapshot; none, or two, for a moment."""
        return self._children(b"follower")

    def _children(self, role: bytes) -> list[int]:
        found = []
        for pid in children(self.process.pid):
            with suppress(OSError):
                if Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[-2:] == [role, b""]:
                    found.append(pid)
        return found


def _threads(pid: int) -> list[str]:
    names = []
    for place in Path(f"/proc/{pid}/task").glob("*/comm"):
        with suppress(OSError):
            names.append(place.read_text())
    return names


@contextmanager
def service(
    instance: Path, *, workers: int = 2, command: str = COMMAND, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[Service]:
    """Serve *instance*, from its first answer on. Where it runs at the end, it must stop within ten seconds of SIGTERM, with 0."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                [command, "serve", "--port", str(port), "--workers", str(workers)],
                env=environment(instance) | dict(env or {}),
                cwd=cwd,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        running = Service(f"http://127.0.0.1:{port}", process, log)
        try:
            deadline = time.monotonic() + 60
            while get(running.url + "/healthz")[0] != 200:
                assert process.poll() is None, running.said()
                assert time.monotonic() < deadline, "no answer within a minute: " + running.said()
                time.sleep(0.02)
            yield running
        finally:
            is_left = process.poll() is None
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            finally:
                running.last = running.said()
        assert "Traceback" not in running.said(), running.said()
        assert process.returncode == 0 or not is_left, running.said()


@contextmanager
def serving(
    instance: Path, *, workers: int = 2, command: str = COMMAND, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Serve *instance* and yield the service's URL without trailing slash; it must stop within ten seconds of SIGTERM, with 0."""
    with service(instance, workers=workers, command=command, cwd=cwd, env=env) as running:
        yield running.url


def get(url: str, **headers: str) -> tuple[int, bytes]:
    """Return status and body of a GET; 0 where nobody answers."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except (urllib.error.URLError, ConnectionError):
        return 0, b""

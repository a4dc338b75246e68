"""Start the real service for a test: `autoconfig serve` on a free port, stopped with the test."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(
    instance: Path, *, workers: int = 2, command: str = COMMAND, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Serve *instance* and yield the service's URL without trailing slash; it must stop within ten seconds of SIGTERM, with 0."""
    port = free_port()
    process = subprocess.Popen(
        [command, "serve", "--port", str(port), "--workers", str(workers)],
        env=environment(instance) | dict(env or {}),
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 20
        while get(url + "/healthz")[0] != 200:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline, "no answer within 20 s"
            time.sleep(0.02)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            said = process.communicate(timeout=10)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert "Traceback" not in said, said
    assert process.returncode == 0, said


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

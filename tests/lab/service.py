"""Our own service: the `autoconfig` command with an instance folder of its own, and `autoconfig serve` behind the web front."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .network import Network
from .ready import Ready

_HOST = "127.0.0.1"
_PORT = 8080
UPSTREAM = f"{_HOST}:{_PORT}"

# The checkout when there is one, else what is installed.
_TOP = Path(__file__).parents[2]
_AUTOCONFIG = (sys.executable, "-c", "from autoconfig.cli import main; main()")


class Service:
    """A running `autoconfig serve`, as `make run` starts it, behind a proxy that it trusts."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._ready: Ready | None = None
        self.instance = network.directory_for("instance")
        (self.instance / "config.toml").write_text(f'https = true\ntrusted_proxies = ["{_HOST}/32"]\n')
        self.command("db", "upgrade")
        self._program = network.start(
            "autoconfig-serve", *self._command("serve", "--host", _HOST, "--port", str(_PORT), "--workers", "2"), cwd=_TOP
        )
        self._program.wait_until(self._is_healthy, "answer to /healthz")

    def command(self, *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None) -> str:
        """Run `autoconfig` with *arguments* on this instance and return what it prints."""
        return self._network.run(*self._command(*arguments), cwd=_TOP, stdin=stdin, env=env)

    def try_to(
        self,
        *arguments: str,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        instance: Path | None = None,
        cut_off: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run `autoconfig` with *arguments*, well or not: for commands whose status is an answer.

        It runs on *instance* where that is not ours, and *cut_off* in a network in which there is nothing, not even itself.
        """
        alone = ("unshare", "--net") if cut_off else ()
        return self._network.try_to(*alone, *self._command(*arguments, instance=instance), cwd=_TOP, stdin=stdin, env=env)

    def quickly(
        self, *arguments: str, env: Mapping[str, str] | None = None, instance: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Do as `try_to` does, without the time that a start takes."""
        self._ready = self._ready or Ready(self._network, _TOP)
        return self._ready.try_to(*self._arguments(arguments, instance), env=env)

    def import_settings(self, toml: str) -> None:
        """Take in the settings file *toml*, as an operator does while the service runs."""
        self.command("import", "-", stdin=toml)

    def _is_healthy(self) -> bool:
        try:
            with self._network.connect(_HOST, _PORT) as connection:
                connection.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
                return b" 200 " in connection.makefile("rb").readline()
        except OSError:
            return False

    def _command(self, *arguments: str, instance: Path | None = None) -> tuple[str, ...]:
        return (*_AUTOCONFIG, *self._arguments(arguments, instance))

    def _arguments(self, arguments: Sequence[str], instance: Path | None) -> tuple[str, ...]:
        return ("--instance", str(instance or self.instance), *arguments)

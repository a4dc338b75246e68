"""Our commands without their start: a process inside that has loaded everything, and forks for each command. Knows no command.

A command started anew costs half a second of loading, which is nothing to a person and a minute to a hundred tests.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from .network import LabError, Network

_FORKING = """\
import importlib, json, os, sys, traceback
from autoconfig.cli import COMMANDS, main

for place, _ in COMMANDS.values():
    importlib.import_module(place.partition(":")[0])
print(flush=True)
for line in sys.stdin:
    order = json.loads(line)
    child = os.fork()
    if child == 0:
        for number, path in enumerate(order["files"]):
            os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), number)
        os.environ.clear()
        os.environ.update(order["environment"])
        sys.argv[1:] = order["arguments"]
        code = 1
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Ready:
    """A process that runs commands as `autoconfig` does, one after the other, in the folder *cwd*."""

    def __init__(self, network: Network, cwd: Path) -> None:
        self._network = network
        self._files = [network.directory_for("ready") / name for name in ("stdin", "stdout", "stderr")]
        self._program = network.start("autoconfig-ready", sys.executable, "-c", _FORKING, cwd=cwd, piped=True)
        self._read()

    def try_to(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run `autoconfig` with *arguments* to its end, well or not."""
        files, environment = [str(path) for path in self._files], self._network.environment(env)
        order = json.dumps({"arguments": arguments, "environment": environment, "files": files})
        assert self._program.stdin is not None
        self._program.stdin.write(f"{order}\n".encode())
        self._program.stdin.flush()
        code = int(self._read())
        _, out, err = (path.read_text() for path in self._files)
        return subprocess.CompletedProcess(arguments, code, out, err)

    def _read(self) -> str:
        assert self._program.stdout is not None
        line = self._program.stdout.readline().decode()
        if not line:
            raise LabError("the process that runs commands has ended; see its log")
        return line

"""The command as a user types it, on an instance folder of its own; in this process, because a new one each time would take minutes."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from autoconfig.cli import main

SAMPLE = Path(__file__).parent.parent.parent / "instance" / "sample.toml"


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left behind."""

    returncode: object
    stdout: str
    stderr: str


Command = Callable[..., Done]


def command_on(folder: Path) -> Command:
    """Return `autoconfig` on the instance in *folder*."""

    def command(*arguments: str, stdin: str = "") -> Done:
        out, err = io.BytesIO(), io.BytesIO()
        stdout, stderr = (io.TextIOWrapper(buffer, "utf-8", write_through=True) for buffer in (out, err))
        before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(stdin.encode()), "utf-8")
        try:
            with redirect_stdout(stdout), redirect_stderr(stderr), pytest.raises(SystemExit) as exit:
                main(["--instance", str(folder / "instance"), *arguments])
        finally:
            sys.stdin = before
        return Done(exit.value.code, out.getvalue().decode(), err.getvalue().decode())

    return command


@pytest.fixture
def empty(tmp_path: Path) -> Command:
    """`autoconfig` on an instance that does not exist yet."""
    return command_on(tmp_path)


@pytest.fixture
def autoconfig(empty: Command) -> Command:
    """`autoconfig` on an instance with the sample in it."""
    assert empty("import", str(SAMPLE)).returncode == 0
    return empty


@pytest.fixture(scope="module")
def unchanging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """`autoconfig` on the sample, for commands that must change nothing: what is exported at the end is what was at the beginning."""
    command = command_on(tmp_path_factory.mktemp("unchanging"))
    assert command("import", str(SAMPLE)).returncode == 0
    before = command("export").stdout
    yield command
    assert command("export").stdout == before

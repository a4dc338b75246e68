"""The hunt of libFuzzer, which follows the branches that an input takes (atheris): a process of its own for each target.

Run by `tests.fuzz`, since what is to be followed must be imported here first.
"""

from __future__ import annotations

import io
import os
import re
import sys
import traceback
from contextlib import redirect_stderr
from pathlib import Path

import atheris

with redirect_stderr(io.StringIO()), atheris.instrument_imports(include=["autoconfig"]):  # it tells of each module
    from tests.fuzz.judge import MAX_INPUT, Target, judge
    from tests.fuzz.seeds import FOUND, save
    from tests.fuzz.targets import TARGETS

_HANG = 20  # seconds until an input that never ends is one that was found
_MEMORY = 2048  # megabytes
_WORD = re.compile(rb"[A-Za-z0-9_.%/:=<&\[-]{3,24}")
_MOST_WORDS = 400


def hunt(names: list[str], seconds: int, jobs: int, corpus: Path) -> list[tuple[str, Path]]:
    """Hunt in the targets *names*, each for *seconds*, *jobs* of them at a time; return the log of each, by name, that was found out.

    What leads to new branches is kept in *corpus* for the next time.
    """
    waiting = [target for target in TARGETS if target.name in names]
    running: dict[int, tuple[Target, Path]] = {}
    fell: list[tuple[str, Path]] = []
    while waiting or running:
        while waiting and len(running) < jobs:
            target = waiting.pop(0)
            log = corpus / f"{target.name}.log"
            log.parent.mkdir(parents=True, exist_ok=True)
            running[_start(target, seconds, corpus / target.name, log)] = target, log
        pid, status = os.wait()
        target, log = running.pop(pid)
        print(f"{target.name:24} {_told(log)}", flush=True)
        if status:
            fell.append((target.name, log))
    return fell


def _start(target: Target, seconds: int, corpus: Path, log: Path) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    # Nothing of the parent's is to be done at this process's end.
    try:
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(file, 1)
        os.dup2(file, 2)
        _fuzz(target, seconds, corpus)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _fuzz(target: Target, seconds: int, corpus: Path) -> None:
    seeds, words = corpus / "seeds", corpus / "words"
    seeds.mkdir(parents=True, exist_ok=True)
    (corpus / "new").mkdir(exist_ok=True)
    known: dict[bytes, None] = {}
    for number, seed in enumerate(target.seeds()):
        (seeds / str(number)).write_bytes(seed)
        known |= dict.fromkeys(_WORD.findall(seed))
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in list(known)[:_MOST_WORDS]))
    FOUND.mkdir(exist_ok=True)  # libFuzzer itself saves what never ends or takes too much memory
    options = (
        f"-max_total_time={seconds}",
        f"-max_len={MAX_INPUT}",
        f"-timeout={_HANG}",
        f"-rss_limit_mb={_MEMORY}",
        f"-dict={words}",
        f"-artifact_prefix={FOUND}/{target.name}-",
        "-print_final_stats=1",
        "-verbosity=1",
    )

    def read(data: bytes) -> None:
        try:
            judge(target, data)
        except Exception:
            print(f"found: {save(target.name, data)}")
            traceback.print_exc()
            sys.stdout.flush()
            os._exit(1)

    atheris.Setup([sys.argv[0], *options, str(corpus / "new"), str(seeds)], read)
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def _told(log: Path) -> str:
    text = log.read_text(errors="replace")
    runs = re.search(r"stat::number_of_executed_units: *(\d+)", text)
    covered = re.findall(r"cov: (\d+)", text)
    if runs is None:
        return "found" if (saved := re.search(r"^found: (.*)", text, re.MULTILINE)) is None else f"found: {saved[1]}"
    return f"{runs[1]:>9} inputs, {covered[-1] if covered else 0:>6} branches"

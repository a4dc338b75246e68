"""Hunt for bytes that a reader does not stand, or let a reader read those of one file again.

    python -m tests.fuzz [--seconds N] [--jobs N] [TARGET ...]
    python -m tests.fuzz --input FILE TARGET

What is found is saved in tests/fuzz/found, where the tests read it from then on: it goes into the repository with what mends it.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import traceback
from pathlib import Path

CORPUS = Path(__file__).parents[2] / "build" / "fuzz"
_TAIL = 25  # lines of a log that are shown


def main() -> int:
    """Hunt, and return 1 where something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Hunt for bytes that a reader does not stand.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="readers by name [default: all of them]")
    parser.add_argument("--seconds", type=int, default=30, metavar="N", help="for each reader [default: %(default)s]")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="readers at a time [default: %(default)s]")
    parser.add_argument("--corpus", type=Path, default=CORPUS, metavar="DIR", help="what led further before [default: build/fuzz]")
    parser.add_argument("--input", type=Path, metavar="FILE", help="only read this file, once")
    parser.add_argument("--list", action="store_true", help="only tell the names of the readers")
    options = parser.parse_args()
    is_guided = importlib.util.find_spec("atheris") is not None and options.input is None and not options.list
    if is_guided:
        from tests.fuzz import guided  # first of all: what it follows must not have been imported before
    from tests.fuzz.judge import judge
    from tests.fuzz.targets import TARGETS

    known = {target.name: target for target in TARGETS}
    names = options.targets or list(known)
    if unknown := [name for name in names if name not in known]:
        parser.error(f"there is no reader {unknown[0]}; one of: {' '.join(known)}")
    if options.list:
        print(*known, sep="\n")
        return 0
    if options.input is not None:
        for name in names:
            judge(known[name], options.input.read_bytes())
        return 0
    if is_guided:
        fell = guided.hunt(names, options.seconds, options.jobs, options.corpus)
        for name, log in fell:
            print(f"\n{name}: {log} ends with:", *log.read_text(errors="replace").splitlines()[-_TAIL:], sep="\n")
    else:
        print("atheris is not installed: nothing follows the branches, the seeds are changed at random")
        fell = [name for name in names if not _mutated(known[name], options.seconds)]
    if fell:
        print("\nread one again with: python -m tests.fuzz --input tests/fuzz/found/FILE TARGET")
    return bool(fell)


def _mutated(target, seconds: int) -> bool:
    from tests.fuzz.mutation import mutate
    from tests.fuzz.seeds import save

    found = mutate(target, seconds)
    if found is None:
        print(f"{target.name:24} nothing found", flush=True)
        return True
    data, error = found
    print(f"{target.name:24} found: {save(target.name, data)}")
    traceback.print_exception(error)
    return False


if __name__ == "__main__":
    sys.exit(main())

"""Where the workers of a machine begin runs and look at them: a folder with a file for each run, and locks that are the slots.

A run holds its slot as long as its process lives, whatever ends it, because the kernel lets go of the lock. Nothing here checks
anything, and nothing stays longer than minutes. Two machines know nothing of each other's runs.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

from autoconfig.address import Domain
from autoconfig.config import PREFIX
from autoconfig.errors import N_, AutoconfigError
from autoconfig.livecheck.state import MAX_OCTETS, Answer, Outcome, State, read, write

SLOTS = 3  # runs at the same time
LIMIT = 20.0  # seconds after which a run is ended from outside; it takes half of that at most
FRESH = 60.0  # seconds for which a result is everybody's
KEPT = 300.0  # seconds after which it is nobody's any more
MAX_FILES = 500
_SWEEP = 30.0  # seconds

COMMAND = (sys.executable, "-m", "autoconfig.livecheck")

_log = logging.getLogger("autoconfig.livecheck")


class Busy(AutoconfigError):
    """As many runs as may be are under way."""


class OutOfOrder(AutoconfigError):
    """No run can be begun on this machine."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a run is to do, and where it tells how far it is."""

    file: str
    run: str
    domain: str
    began: float
    snapshot: str
    own_host: str | None  # of the service, to which records lead; an A-label
    languages: tuple[str, ...]

    def to_json(self) -> str:
        """Return this as one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Order:
        """Return the order that *text* is, written by this version of us."""
        data = json.loads(text)
        return cls(**{**data, "languages": tuple(data["languages"])})


class Running(Protocol):
    """A process that has been started."""

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code when it has ended; raises TimeoutExpired."""

    def kill(self) -> None:
        """End it."""


# Starts a run; the process holds the descriptor, its slot, until it ends.
Start = Callable[[Order, int], Running]


def starting(command: Sequence[str] = COMMAND, environ: Mapping[str, str] = os.environ) -> Start:
    """Return what starts runs as processes of *command*, without what *environ* says to ourselves alone."""
    # A run reads no configuration, so that it cannot know the database.
    own = {name: value for name, value in environ.items() if not name.startswith(PREFIX)}

    def start(order: Order, slot: int) -> Running:
        return subprocess.Popen(  # noqa: S603 - our own program; its one argument is ours as well
            [*command, order.to_json()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[slot],
            env=own | {"MALLOC_ARENA_MAX": "2"},
            # Ctrl-C at the service is not for it. Not a session of its own: Linux would weigh that against all of the service (autogroup),
            # however nice it is.
            process_group=0,
        )

    return start


class Desk:
    """The runs in *folder*, which is made with the first of them; *tell* hears how each ends, in a thread of its own."""

    def __init__(
        self,
        folder: Path,
        snapshot: Path,
        own_host: str | None,
        languages: Iterable[str],
        start: Start | None = None,
        tell: Callable[[str], None] = lambda outcome: None,
        limit: float = LIMIT,
    ) -> None:
        self._folder = folder
        self._snapshot = snapshot
        self._own_host = own_host
        self._languages = tuple(languages)
        self._start = start or starting()
        self._tell = tell
        self._limit = limit
        self._sweeping = threading.Lock()

    def look(self, domain: Domain) -> State | None:
        """Return the run of *domain* that is under way, or was a short while ago."""
        state = _read(self._file(domain))
        if state is None or state.domain != domain.ascii:
            return None
        now = time.time()
        if not state.began - 1 <= now <= (state.ended or state.began) + KEPT:  # the clock may have been set
            return None
        # Who should have told that it failed may be gone as well.
        return _failed(state) if state.answer is None and now > state.began + self._limit + 1 else state

    def begin(self, domain: Domain) -> State:
        """Begin a run of *domain*, unless one is under way or has just ended, and return it.

        Raises Busy, and OutOfOrder where the folder cannot be written to or no process be made.
        """
        try:
            with self._alone():
                state = self.look(domain)
                if state is not None and _is_fresh(state):
                    return state
                self._sweep()
                slot = self._slot()
                try:
                    state, running = self._begin(domain, slot)
                finally:
                    os.close(slot)  # the process has it
        except OSError as error:
            _log.error("no live check can be begun: %s", error.strerror or type(error).__name__)
            raise OutOfOrder(N_("the test cannot be run right now")) from None
        threading.Thread(target=self._see_out, args=(self._file(domain), state, running), name="live check", daemon=True).start()
        self.tidy()
        return state

    def tidy(self) -> None:
        """Begin to throw away what is too old, in the background, until nothing is left."""
        if not self._sweeping.locked():
            threading.Thread(target=self._keep_sweeping, name="live check sweeper", daemon=True).start()

    def _begin(self, domain: Domain, slot: int) -> tuple[State, Running]:
        state = State(secrets.token_hex(8), domain.ascii, time.time(), {})
        file = self._file(domain)
        put(file, state)
        order = Order(str(file), state.run, domain.ascii, state.began, str(self._snapshot), self._own_host, self._languages)
        try:
            return state, self._start(order, slot)
        except OSError:
            file.unlink(missing_ok=True)
            raise

    def _see_out(self, file: Path, state: State, running: Running) -> None:
        """Wait for the end of a run, and say that it failed where it did not say anything itself."""
        try:
            running.wait(self._limit)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        with suppress(OSError), self._alone():
            last = _read(file)
            if last is None or last.run != state.run or last.answer is None:
                _log.error("the live check of %s ended without an answer", state.domain)
                last = _failed(state)
                put(file, last)
            assert last.answer is not None  # noqa: S101 - of a run that has ended
            self._tell(last.answer.outcome.value)

    def _file(self, domain: Domain) -> Path:
        # A name may be longer than a file's may be.
        return self._folder / f"{hashlib.sha256(domain.ascii.encode()).hexdigest()[:32]}.json"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _slot(self) -> int:
        """Return a slot that was free, open and locked: whoever inherits the descriptor keeps it."""
        for number in range(SLOTS):
            slot = os.open(self._folder / f"slot-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(slot)
            else:
                return slot
        self._tell("busy")
        raise Busy(N_("many tests are running right now"))

    def _keep_sweeping(self) -> None:
        if not self._sweeping.acquire(blocking=False):
            return
        try:
            while self._sweep():
                time.sleep(_SWEEP)
        finally:
            self._sweeping.release()

    def _sweep(self) -> int:
        """Throw away what is too old, and what is too much; return how many files are left."""
        now, ages = time.time(), {}
        with suppress(OSError):
            for entry in os.scandir(self._folder):
                if entry.name.endswith((".json", ".new")):
                    with suppress(OSError):
                        ages[entry.path] = now - entry.stat().st_mtime
        old = [path for path, age in ages.items() if not -1 <= age <= KEPT]
        left = sorted(ages.keys() - set(old), key=ages.__getitem__)
        for path in (*old, *left[MAX_FILES:]):
            with suppress(OSError):
                os.unlink(path)
        return min(len(left), MAX_FILES)


def put(file: Path, state: State) -> None:
    """Let *file* say *state*, at once and whole; raises OSError."""
    content = write(state)
    if len(content) > MAX_OCTETS:
        content = write(_failed(state))
    new = file.with_name(f"{file.stem}.{state.run}.new")
    new.write_bytes(content)
    new.replace(file)


def _read(file: Path) -> State | None:
    try:
        with file.open("rb") as opened:
            return read(opened.read(MAX_OCTETS + 1))
    except OSError:
        return None


def _failed(state: State) -> State:
    return replace(state, ended=time.time(), answer=Answer(Outcome.FAILED))


def _is_fresh(state: State) -> bool:
    """Tell whether *state* is good enough for another visitor."""
    if state.answer is None or state.ended is None:
        return True
    return state.answer.outcome is not Outcome.FAILED and time.time() <= state.ended + FRESH

"""How often one client may ask for what costs: a rate, shared by all workers of this machine. Knows nothing of what is asked for.

The algorithm is GCRA, the leaky bucket as a meter: for each client one time is kept, at which all that it has asked for is paid. With
30 a minute a client may ask thirty times at once, and then once more every two seconds.

The times lie in a file of fixed size in the instance folder, under a lock, at places that a keyed hash of the client's address chooses:
no address is kept, nobody can fill the disk or the memory, and nobody can find out whom he shares a place with. Each client has a place in
each of four rows and counts by the earliest of its times (a count-min sketch), so that only who shares all four with others is
refused too early. Where the file cannot be used, each worker counts for itself.
"""

from __future__ import annotations

import fcntl
import ipaddress
import logging
import math
import mmap
import os
import secrets
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from flask import Response, g, request

from autoconfig.config import Network, Rate
from autoconfig.errors import N_, AutoconfigError
from autoconfig.web import proxies

# What a request counts itself by; raises TooManyRequests.
Spend = Callable[[], None]

_ROWS = 4
_COLUMNS = 1 << 16
_PLACES = struct.Struct(f"={_ROWS}I")  # of a client: a number for each row
_TIME = struct.Struct("=q")  # nanoseconds of the machine's own clock
_KEY_OCTETS = 16
_MAGIC = b"autoconfig limit"
_FIRST = len(_MAGIC) + _KEY_OCTETS
_SIZE = _FIRST + _ROWS * _COLUMNS * _TIME.size  # 2 MiB

_SECOND = 10**9  # nanoseconds
_LOCK_SECONDS = 0.1  # a lock is held for microseconds; longer than this holds only who is stopped in the midst
_AGAIN_SECONDS = 60  # until a file that could not be used is tried once more
_IPV6_CLIENT = 64  # bits: the smallest network that one client gets (RFC 6177, 2), with all its addresses

_log = logging.getLogger("autoconfig.web")


class TooManyRequests(AutoconfigError):
    """A client has used up its rate; the next request is welcome in *seconds*."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(N_("too many requests at once; please wait %(seconds)d s and try again"), seconds=seconds)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a request: *remaining* more may follow at once, all of the rate in *reset* seconds. With *wait* it is refused."""

    rate: Rate
    remaining: int
    reset: int
    wait: int = 0


class Limit:
    """A rate that each client has for itself. Threads and processes share it through the file at *path*. Never raises."""

    def __init__(self, rate: Rate, path: Path, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._rate = rate
        self._interval = rate.seconds * _SECOND // rate.count
        self._window = self._interval * rate.count
        self._path = path
        self._clock = clock
        self._turn = threading.Lock()
        self._own = _Own()
        self._shared: _Shared | None = None
        self._again = 0.0
        self._told = False

    def spend(self, client: str) -> Verdict:
        """Count one request of *client*."""
        with self._turn:
            try:
                table = self._file()
                if table is not None:
                    return self._count(table, client)
            except OSError as error:
                self._give_up(error)
            return self._count(self._own, client)

    def _count(self, table: _Table, client: str) -> Verdict:
        digest = blake2b(client.encode("utf-8", "replace"), key=table.key, digest_size=_PLACES.size).digest()
        places = [row * _COLUMNS + number % _COLUMNS for row, number in enumerate(_PLACES.unpack(digest))]
        with table.held():
            now = self._clock()
            # A time further away than a rate can lead is none: the machine, or another rate, began anew.
            times = [paid if now < paid <= now + self._window else now for paid in map(table.get, places)]
            paid = min(times) + self._interval
            if paid > now + self._window:
                return Verdict(self._rate, 0, _seconds(paid - self._interval - now), _seconds(paid - now - self._window))
            for place, before in zip(places, times, strict=True):
                if before < paid:
                    table.set(place, paid)
        return Verdict(self._rate, (self._window - paid + now) // self._interval, _seconds(paid - now))

    def _file(self) -> _Shared | None:
        if self._shared is not None and self._shared.is_gone():
            self._close()
        if self._shared is None and time.monotonic() >= self._again:
            self._shared = _Shared(self._path)
        return self._shared

    def _give_up(self, error: OSError) -> None:
        self._close()
        self._again = time.monotonic() + _AGAIN_SECONDS
        if not self._told:
            self._told = True
            _log.warning("%s: %s; until it can be used each worker counts for itself", self._path, error.strerror or type(error).__name__)

    def _close(self) -> None:
        if self._shared is not None:
            self._shared.close()
            self._shared = None


def _seconds(nanoseconds: int) -> int:
    return math.ceil(nanoseconds / _SECOND)


# --- where the times are kept ------------------------------------------------------------------------------------------------------


class _Table(Protocol):
    """Times by place, 0 where none was set, and the key that chooses places."""

    key: bytes

    def held(self) -> AbstractContextManager[None]: ...

    def get(self, place: int) -> int: ...

    def set(self, place: int, time: int) -> None: ...


class _Own:
    """The times of this process alone: memory that is used only where something is written."""

    def __init__(self) -> None:
        self.key = secrets.token_bytes(_KEY_OCTETS)
        self._memory = mmap.mmap(-1, _ROWS * _COLUMNS * _TIME.size)

    @contextmanager
    def held(self) -> Iterator[None]:
        yield

    def get(self, place: int) -> int:
        found: int = _TIME.unpack_from(self._memory, place * _TIME.size)[0]
        return found

    def set(self, place: int, time: int) -> None:
        _TIME.pack_into(self._memory, place * _TIME.size, time)


class _Shared:
    """The times of all processes: a file, read and written piece by piece, because what is mapped kills the process when the disk is full.

    Everything raises OSError.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            with self.held():
                if os.fstat(self._file).st_size != _SIZE or os.pread(self._file, len(_MAGIC), 0) != _MAGIC:
                    os.ftruncate(self._file, 0)
                    os.pwrite(self._file, _MAGIC + secrets.token_bytes(_KEY_OCTETS), 0)
                    os.ftruncate(self._file, _SIZE)
                self.key = self._read(len(_MAGIC), _KEY_OCTETS)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock; raises TimeoutError where somebody else does not let it go."""
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError(0, "another process holds it") from None
                time.sleep(0.0002)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def get(self, place: int) -> int:
        found: int = _TIME.unpack(self._read(_FIRST + place * _TIME.size, _TIME.size))[0]
        return found

    def set(self, place: int, time: int) -> None:
        os.pwrite(self._file, _TIME.pack(time), _FIRST + place * _TIME.size)

    def is_gone(self) -> bool:
        """Tell whether somebody removed the file: a worker that starts later has another one."""
        return os.fstat(self._file).st_nlink == 0

    def close(self) -> None:
        with suppress(OSError):
            os.close(self._file)

    def _read(self, offset: int, octets: int) -> bytes:
        found = os.pread(self._file, octets, offset)
        if len(found) != octets:
            raise OSError(0, "the file has been cut short")
        return found


# --- a request ---------------------------------------------------------------------------------------------------------------------


def spender(name: str, rate: Rate, folder: Path, trusted: tuple[Network, ...]) -> Spend:
    """Return what counts the current request against its client's *rate*, under *name*, and raises TooManyRequests when it is used up.

    The client is the one that *trusted* proxies tell.
    """
    limit = Limit(rate, folder / f"limit-{name}")
    told = False

    def spend() -> None:
        nonlocal told
        if not told and proxies.hides_clients(trusted):
            told = True
            _log.warning(
                "the proxy %s is none of trusted_proxies, or sends no X-Forwarded-For: all who ask through it are one client",
                request.remote_addr,
            )
        verdict = limit.spend(_client(trusted))
        g.limit = name, verdict
        if verdict.wait:
            raise TooManyRequests(verdict.wait)

    return spend


def tell(response: Response) -> Response:
    """Tell in *response* what the client may still ask for, where its request was counted.

    As draft-ietf-httpapi-ratelimit-headers-10 has it, which several services and libraries speak already; programs that
    know nothing of it go by Retry-After (RFC 9110, 10.2.3).
    """
    if "limit" in g:
        name, verdict = g.limit
        response.headers["RateLimit-Policy"] = f'"{name}";q={verdict.rate.count};w={verdict.rate.seconds}'
        response.headers["RateLimit"] = f'"{name}";r={verdict.remaining};t={verdict.reset}'
    return response


def _client(trusted: tuple[Network, ...]) -> str:
    address = proxies.client(trusted, request.remote_addr, request.headers.get("X-Forwarded-For", ""))
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(address), _IPV6_CLIENT), strict=False))
    return str(address)

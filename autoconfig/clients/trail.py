"""The way of a program through the web: what it asks, when by its own clock, and for how long it waits. Sleeps never.

A program's clock starts at 0 ms when the search begins. `Trail` asks the world, which knows how long each answer took, and notes
each step; whoever waits less than that gets no answer, at the time when its patience ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import count
from urllib.parse import urlsplit

from autoconfig.clients.outcome import Step
from autoconfig.clients.urls import path_of
from autoconfig.observations import HTTPFailure, Lookup, LookupStatus, Request, Response, World

# Fetch standard, 4.4: a POST that is redirected by one of these becomes a GET.
_BECOMES_GET = (301, 302, 303)
_REDIRECTS = (301, 302, 303, 307, 308)
_WITHOUT_BODY = ("content-type", "content-length")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request with all its redirects. *response* is the last one; *end* is when it was there, or no longer waited for."""

    response: Response
    end: float
    hops: tuple[Response, ...] = ()  # those before the last
    timed_out: bool = False

    @property
    def url(self) -> str:
        """Where the last answer came from."""
        return self.response.request.url

    @property
    def status(self) -> int | None:
        """The last status, None where nobody answered in time."""
        return None if self.timed_out else self.response.status

    @property
    def is_success(self) -> bool:
        """Whether the last status is 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def body(self) -> bytes:
        """The last body."""
        return self.response.body


Follows = Callable[[Response], bool]


def follows_all(response: Response) -> bool:
    """Follow every redirect to http and https, whether its Location is absolute or relative."""
    return True


def follows_absolute(response: Response) -> bool:
    """Follow redirects whose Location is an absolute URL."""
    return bool(urlsplit(response.header("location").strip()).scheme)


def follows_none(response: Response) -> bool:
    """Follow no redirect."""
    return False


class Trail:
    """The steps of one program in one world, in the order in which they were asked for."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._steps: list[tuple[int, Step]] = []
        self._turns = count()

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps so far, by the time when they began; what began at the same time as it was asked for."""
        return tuple(step for _, step in sorted(self._steps, key=lambda noted: (noted[1].at, noted[0])))

    def note(self, step: Step, turn: int | None = None) -> None:
        """Add a step; *turn* is when it was asked for, where that is not now."""
        self._steps.append((next(self._turns) if turn is None else turn, step))

    def forget_after(self, time: float, keep: Callable[[Step], bool] = lambda step: False) -> None:
        """Drop the steps that begin after *time*, when the program had what it needed, but for those to *keep*."""
        self._steps = [(turn, step) for turn, step in self._steps if step.at <= time or keep(step)]

    async def lookup(self, name: str, type: str, *, at: float = 0.0, patience: float = 60_000.0) -> tuple[Lookup, float]:
        """Ask the DNS, and return the answer and when it was there; none in time is LookupStatus.TIMEOUT."""
        turn = next(self._turns)
        found = await self.world.lookup(name, type)
        if found.ms > patience:
            found = replace(found, status=LookupStatus.TIMEOUT, values=(), aliases=())
        spent = min(found.ms, patience)
        said = ", ".join(found.values) if found.values else found.status.value
        self.note(Step(at, spent, f"DNS {type} {name}", said), turn)
        return found, at + spent

    async def fetch(
        self,
        url: str,
        *,
        at: float = 0.0,
        patience: float,
        anew: bool = False,
        most: int = 20,
        follows: Follows = follows_all,
        method: str = "GET",
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> Answer:
        """Ask for *url* and follow at most *most* redirects, as far as *follows* does, all within *patience* milliseconds.

        Where *anew*, each redirect has that time for itself.
        A redirect that is not followed, or one too many, is the last answer: its status is 3xx.
        """
        request, now, hops = Request(url, method, tuple(headers), body), at, list[Response]()
        while True:
            turn = next(self._turns)
            response = await self.world.fetch(request)
            left = patience if anew else at + patience - now
            # What would have come too late has not come.
            timed_out = response.ms > left or response.failure is HTTPFailure.TIMEOUT
            spent = min(response.ms, left) if response.failure is not HTTPFailure.TIMEOUT else left
            self.note(Step(now, spent, f"{request.method} {request.url}", _said(response, timed_out=timed_out), reached(response)), turn)
            now += spent
            if timed_out or response.status not in _REDIRECTS or not response.location or len(hops) >= most or not follows(response):
                return Answer(response, now, tuple(hops), timed_out)
            hops.append(response)
            request = replace(request, url=_target(response.location))
            if response.status in _BECOMES_GET and request.method == "POST":
                kept = tuple(header for header in request.headers if header[0].lower() not in _WITHOUT_BODY)
                request = replace(request, method="GET", headers=kept, body=b"")


def reached(response: Response) -> bool:
    """Tell whether a web server got the request, whatever it answered."""
    if response.status is not None or response.failure in (HTTPFailure.RESET, HTTPFailure.MALFORMED):
        return True
    return response.failure is HTTPFailure.TIMEOUT and response.ip is not None


def _target(location: str) -> str:
    """Return what is asked for when a redirect leads to *location*: no fragment, no usual port, ASCII, and a path (RFC 9110, 4.2.3)."""
    url = location.partition("#")[0]
    parts = urlsplit(url)
    usual = {"http": ":80", "https": ":443"}.get(parts.scheme, ":")
    path, query = path_of(parts.path or "/"), path_of(parts.query)
    return parts._replace(netloc=parts.netloc.removesuffix(usual), path=path, query=query).geturl()


def _said(response: Response, *, timed_out: bool) -> str:
    if timed_out:
        return "no answer in time"
    if response.status is None:
        return response.failure.value if response.failure else "nothing"
    return f"{response.status}" + (f" to {response.location}" if response.location else "")

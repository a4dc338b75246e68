"""Where a URL leads: redirect by redirect, never for ever. Asks the world, judges nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from autoconfig.observations import HTTPFailure, Request, Response, World

MAX_REDIRECTS = 10

# What we could not find out: nobody's fault but ours.
_NOT_KNOWN = (HTTPFailure.UNKNOWN, HTTPFailure.FORBIDDEN, HTTPFailure.NO_WAY_FROM_HERE)


@dataclass(frozen=True, slots=True)
class Trail:
    """The responses from a URL to where it led, at least one; *loop* where they lead in a circle, or too far."""

    responses: tuple[Response, ...]
    loop: bool = False

    @property
    def url(self) -> str:
        """Where it began."""
        return self.responses[0].request.url

    @property
    def end(self) -> Response:
        """The last answer."""
        return self.responses[-1]

    @property
    def known(self) -> bool:
        """Whether the other side has answered, or decidedly has not."""
        return self.end.failure not in _NOT_KNOWN

    @property
    def secure(self) -> bool:
        """Whether every step was made over https: one without, and anybody on the way may have written the end."""
        return all(response.request.url.lower().startswith("https:") for response in self.responses)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts on the way, in order."""
        return tuple(host_of(response.request.url) for response in self.responses)

    @property
    def steps(self) -> tuple[str, ...]:
        """What was asked and answered, a line each."""
        return tuple(_step(response) for response in self.responses)


def host_of(url: str) -> str:
    """Return the host of *url* in lower case, "" where it has none."""
    try:
        return (urlsplit(url).hostname or "").lower().removesuffix(".")
    except ValueError:  # a bracket that nobody closed
        return ""


async def follow(world: World, request: Request) -> Trail:
    """Send *request* and follow at most MAX_REDIRECTS redirects with the same method and body."""
    responses: list[Response] = []
    seen: set[str] = set()
    while request.url not in seen and len(responses) <= MAX_REDIRECTS:
        seen.add(request.url)
        response = await world.fetch(request)
        responses.append(response)
        status = response.status or 0
        if not (300 <= status < 400 and response.location.lower().startswith(("http:", "https:"))):
            return Trail(tuple(responses))
        # RFC 9110, 15.4.3 lets a POST become a GET; Outlook posts again, and it is Outlook that we ask for.
        request = replace(request, url=response.location.partition("#")[0])
    return Trail(tuple(responses), loop=True)


def unanswered(request: Request, failure: HTTPFailure) -> Trail:
    """Return the trail of a *request* that was not sent, because its host's name said enough."""
    return Trail((Response(request, failure=failure),))


def _step(response: Response) -> str:
    if response.failure is not None:
        answer = " ".join(part for part in (response.failure.value, response.detail) if part)
    else:
        kind = response.header("content-type")
        answer = " ".join(part for part in (str(response.status), kind, response.location and f"-> {response.location}") if part)
    return f"{response.request.method} {response.request.url}: {answer}"

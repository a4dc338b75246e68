"""What a mail program makes of a document, and what it ends up with: plain data, the same for all programs.

Hosts, ports and user names are what the program would enter, which need not make sense: "imap." is a host that one of them really uses.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from autoconfig.address import EmailAddress
from autoconfig.errors import AddressError
from autoconfig.model import TLSMode
from autoconfig.observations import World


class Confidence(StrEnum):
    """How we know what a program does, from the surest."""

    MEASURED = "measured"  # the real program was watched
    SOURCE = "source"  # read in its source
    DOCUMENTED = "documented"  # its maker says so
    CLAIMED = "claimed"  # somebody else says so


class Result(StrEnum):
    """How an attempt to set up an account ends for the person in front of it."""

    AUTOMATIC = "automatic"  # address and password were enough
    PROMPT = "prompt"  # something more is asked
    MANUAL = "manual"  # the servers must be typed in
    WRONG = "wrong"  # servers are entered that are not those of this domain, or no servers at all
    UNKNOWN = "unknown"  # answers are missing that it depends on; `doubt` tells


class Effect(StrEnum):
    """What a program does about something in a document that it does not like."""

    REJECTS = "rejects"  # the whole document is not used
    SKIPS = "skips"  # this server is not used
    MISREADS = "misreads"  # it is taken for something else than what is meant


@dataclass(frozen=True, slots=True)
class Typed:
    """What the person entered: the address as it was typed, and whether the password was known when the search began."""

    text: str
    has_password: bool = False

    @property
    def local_part(self) -> str:
        """What stands before the last "@", as typed."""
        return self.text.rpartition("@")[0]

    @property
    def domain(self) -> str:
        """What stands after the last "@", as typed."""
        return self.text.rpartition("@")[2]

    @property
    def address(self) -> EmailAddress | None:
        """The address, None where it is none."""
        try:
            return EmailAddress.parse(self.text)
        except AddressError:
            return None


@dataclass(frozen=True, slots=True)
class Choice:
    """A server as a program understands it: *protocol* is "imap", "pop3", "smtp" or "exchange".

    In a `Reading` host and user name are as in the document, placeholders and all; in an `Outcome` they are filled. None is what the
    program leaves open.
    """

    protocol: str
    host: str
    port: int | None = None
    tls: TLSMode | None = None
    username: str | None = None
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a program does not like: *rule* is a code of `catalogue.documents`, *args* are what its texts need."""

    rule: str
    effect: Effect
    line: int | None = None
    args: Mapping[str, str | int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a program takes out of a document, each list in the program's own order of preference.

    Not *accepted* means that the program goes on as if the document were not there; an accepted one may be without servers.
    *redirect* is an address or URL to which the document sends the program.
    """

    incoming: tuple[Choice, ...] = ()
    outgoing: tuple[Choice, ...] = ()
    accepted: bool = True
    notes: tuple[Note, ...] = ()
    redirect: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a program does, on its own clock: *at* and *ms* in milliseconds. *said* is what came of it, in a few words."""

    at: float
    ms: float
    what: str  # "GET https://...", "POST ...", "DNS MX kund.se", "CONNECT imap.kund.se:993"
    said: str
    reached: bool = False  # it was an HTTP request, and a web server got it


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a program ends up with. *incoming* and *outgoing* are its candidates, the one that it uses first, empty where there is none.

    *via* is the document (or SRV record) that named them, *source* the program's own word for where it was. *why* is a code of
    `catalogue.documents` or "" with its *args*: what kept the program from a better end.
    """

    result: Result
    incoming: tuple[Choice, ...] = ()
    outgoing: tuple[Choice, ...] = ()
    via: str | None = None
    source: str | None = None
    steps: tuple[Step, ...] = ()
    notes: tuple[Note, ...] = ()
    why: str = ""
    args: Mapping[str, str | int] = field(default_factory=dict, hash=False)

    @property
    def requests(self) -> tuple[str, ...]:
        """The requests that reached a web server, in the order asked."""
        return tuple(step.what for step in self.steps if step.reached)

    @property
    def failed(self) -> tuple[str, ...]:
        """The HTTP requests that reached nobody."""
        return tuple(step.what for step in self.steps if not step.reached and step.what.partition(" ")[0] in ("GET", "POST", "HEAD"))


Reader = Callable[[bytes], Reading]


@dataclass(frozen=True, slots=True)
class Client:
    """A mail program: its *name* in options and reports, its *title* for people, how well we know it, and what it does.

    *readers* are its acceptance rules by the kind of document ("mozilla", "outlook", "apple", "pacc"), for those that it reads.
    Where *tries_each*, it connects to one candidate after another until one works; others keep to the first.
    *ahead* asks at once what a search of a program that does one thing after the other asks in any case, for those who have no time.
    """

    name: str
    title: str
    confidence: Confidence
    discover: Callable[[Typed, World], Awaitable[Outcome]]
    readers: Mapping[str, Reader] = field(default_factory=dict, hash=False)
    tries_each: bool = False
    ahead: Callable[[Typed, World], Awaitable[None]] | None = None

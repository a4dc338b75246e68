"""A world that is a table: records, connections and responses by their questions. It asks nobody and remembers what it was asked.

Records are written as in a master file without TTL: `{"kund.se": {"MX": ["10 mx.kund.se"]}, "*.kund.se": {"A": ["192.0.2.1"]}}`.
Pseudo-types say what is wrong: `"RCODE": ["SERVFAIL"]` (or REFUSED, NXDOMAIN) answers every type of that name so, `"TIMEOUT": []` never
answers, `"UNKNOWN": []` is what saved facts do not say; `"EDE": ["6 DNSSEC Bogus"]` are the extended errors, `"TTL": ["300"]` the name's
TTL. A name that is neither in the table nor above one that is does not exist. What `at` holds for an address is what that name server
itself says; a server that is not there says the same as everybody, with authority.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from autoconfig.observations import (
    TCP,
    Connection,
    Endpoint,
    HTTPFailure,
    Lookup,
    LookupStatus,
    Question,
    Request,
    Response,
    Service,
)

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TTL = 3600
MAX_ALIASES = 8

Records = Mapping[str, Mapping[str, Sequence[str]]]
Place = tuple[Service, str, str, int]  # service, host, ip, port
Answer = Response | tuple[int, bytes | str, Mapping[str, str]]

_TEXT = {"TXT"}


class TableWorld:
    """A world made of tables; *log* are the questions of the DNS, *probed* and *fetched* the rest, in order, each once."""

    def __init__(
        self,
        records: Records | None = None,
        *,
        at: Mapping[str, Records] | None = None,
        connections: Mapping[Place, Connection] | None = None,
        responses: Mapping[str, Answer] | None = None,
        now: datetime = NOW,
    ) -> None:
        self._records = _lower(records or {})
        self._at = {server: _lower(table) for server, table in (at or {}).items()}
        self._connections = connections or {}
        self._responses = responses or {}
        self._now = now
        self.log: list[Question] = []
        self.probed: list[Endpoint] = []
        self.fetched: list[Request] = []

    @property
    def now(self) -> datetime:
        """When the asking began."""
        return self._now

    async def lookup(self, name: str, type: str, server: str | None = None) -> Lookup:
        """Answer like a resolver; like that name server, without following aliases out of its table, where *server* is given."""
        question = Question(name, type, server)
        if question not in self.log:
            self.log.append(question)
        table = self._records if server is None else self._at.get(server, self._records)
        return _resolve(table, question)

    async def probe(self, endpoint: Endpoint) -> Connection:
        """Answer with the connection in the table; what is not there is not known."""
        if endpoint not in self.probed:
            self.probed.append(endpoint)
        place = (endpoint.service, endpoint.host.ascii, endpoint.ip, endpoint.port)
        return self._connections.get(place, Connection(endpoint, TCP.UNKNOWN))

    async def fetch(self, request: Request) -> Response:
        """Answer with the response in the table, found by "POST https://..." or the URL alone; what is not there is not known."""
        if request not in self.fetched:
            self.fetched.append(request)
        found = self._responses.get(f"{request.method} {request.url}", self._responses.get(request.url))
        match found:
            case None:
                return Response(request, failure=HTTPFailure.UNKNOWN)
            case Response():
                return found
            case (status, body, headers):
                lines = tuple((name.lower(), value) for name, value in headers.items())
                location = dict(lines).get("location", "")
                content = body.encode() if isinstance(body, str) else body
                return Response(request, status=status, headers=lines, body=content, location=location)


def _resolve(table: Records, question: Question) -> Lookup:
    name = question.name.lower()
    aliases: list[str] = []
    ttls: list[int] = []
    for _ in range(MAX_ALIASES):
        here = _at_name(table, name)
        if here is None:
            return _lookup(question, LookupStatus.NXDOMAIN, (), aliases, ttls, ())
        errors = tuple(here.get("EDE", ()))
        trouble = _trouble(here)
        if trouble is not None:
            return _lookup(question, trouble, (), aliases, ttls, errors)
        ttls.append(int(next(iter(here.get("TTL", ())), TTL)))
        if "CNAME" in here and question.type != "CNAME":
            name = here["CNAME"][0].lower().removesuffix(".")
            aliases.append(name)
            # A server that is asked without recursion gives the alias alone when its target is not in its zones.
            if question.server is not None and _at_name(table, name) is None:
                return _lookup(question, LookupStatus.NODATA, (), aliases, ttls, errors)
            continue
        values = tuple(_value(question.type, value) for value in here.get(question.type, ()))
        status = LookupStatus.FOUND if values else LookupStatus.NODATA
        return _lookup(question, status, values, aliases, ttls, errors)
    return _lookup(question, LookupStatus.LOOP, (), aliases, ttls, ())


def _lookup(
    question: Question,
    status: LookupStatus,
    values: tuple[str, ...],
    aliases: Sequence[str],
    ttls: Sequence[int],
    errors: tuple[str, ...],
) -> Lookup:
    ttl = min(ttls, default=None)
    authoritative = question.server is not None and status.known
    return Lookup(question, status, values, tuple(aliases), ttl, authoritative=authoritative, errors=errors, ms=1.0)


def _trouble(here: Mapping[str, Sequence[str]]) -> LookupStatus | None:
    if "TIMEOUT" in here:
        return LookupStatus.TIMEOUT
    if "UNKNOWN" in here:
        return LookupStatus.UNKNOWN
    return LookupStatus(here["RCODE"][0].lower()) if "RCODE" in here else None


def _at_name(table: Records, name: str) -> Mapping[str, Sequence[str]] | None:
    """Return what stands at *name*: itself, nothing when it is only above others, a wildcard (RFC 4592), None where it does not exist."""
    if name in table:
        return table[name]
    if any(other.endswith(f".{name}") for other in table):
        return {}
    for above in _above(name):
        if f"*.{above}" in table:
            return table[f"*.{above}"]
        # RFC 4592, 2.2.1: the closest name that exists hides the wildcards above it.
        if above in table or any(other.endswith(f".{above}") for other in table):
            return None
    return None


def _above(name: str) -> Iterator[str]:
    while "." in name:
        name = name.partition(".")[2]
        yield name


def _value(type: str, value: str) -> str:
    return value if type in _TEXT else " ".join(part.removesuffix(".") or "." for part in value.lower().split())


def _lower(table: Records) -> dict[str, Mapping[str, Sequence[str]]]:
    return {name.lower().removesuffix("."): types for name, types in table.items()}

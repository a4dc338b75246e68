"""A made-up world: a case given as data, in the form of the recordings of mail programs (data/traces). Nothing in it sleeps: time is data.

A name that the case does not list does not exist, an open web port answers 404 where nothing is listed, a certificate is good unless it
is said to be bad, and all other ports refuse. What never answers takes `NEVER_MS`, longer than any program waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin, urlsplit

from autoconfig.address import Domain
from autoconfig.errors import AddressError
from autoconfig.network import codec
from autoconfig.observations import (
    TCP,
    TLS,
    Certificate,
    ChainProblem,
    Connection,
    Endpoint,
    HTTPFailure,
    Lookup,
    LookupStatus,
    Question,
    Request,
    Response,
    Service,
    Stage,
    Stop,
    TLSFailure,
)

NEVER_MS = 3_600_000.0
_NOW = datetime(2026, 11, 23, tzinfo=UTC)  # when the recordings were made; a case may have a "now" of its own
_MAX_ALIASES = 16
_PORTS = {"http": 80, "https": 443}
_NOWHERE = ("", "//", "http://", "https://")
_WEB_PORTS = (80, 443, 8443)  # those whose state a case says
_BASIC = ("www-authenticate", 'Basic realm="mail"')
_REDIRECTS = (301, 302, 303, 307, 308)


class Scripted:
    """The world of one *case*, JSON data. What the case needs not have, or has beside this, is not looked at.

    Beside the recordings' own fields a case may have `now`, a time, and `endpoints`: objects with `ip`, `port`, `service`, `host` (any
    where it is missing) and the fields of `Connection`. Raises DocumentError where it is not such a case.
    """

    def __init__(self, case: object) -> None:
        data = codec.decode(_Case, _known(_Case, case))
        self._now = data.now
        self._names = {_host(name): _records(types) for name, types in data.dns.items()}
        self._states = data.addresses
        self._bad = {_host(host): fault for host, fault in data.bad_cert_hosts.items()}
        self._pages = [codec.decode(_Page, _known(_Page, entry), f"http[{i}]") for i, entry in enumerate(data.http)]
        self._endpoints = [_endpoint(entry, f"endpoints[{i}]") for i, entry in enumerate(data.endpoints)]

    @property
    def now(self) -> datetime:
        """When the asking begins."""
        return self._now

    # --- DNS ---

    async def lookup(self, name: str, type: str, server: str | None = None) -> Lookup:
        """Say what the DNS says; what a named server would say is not known."""
        return self._look_up(Question.of(name, type, server))

    def _look_up(self, question: Question) -> Lookup:
        if question.server is not None:
            return Lookup(question, LookupStatus.UNKNOWN)
        name, aliases = question.name, list[str]()
        while True:
            records = self._records(name)
            if records is None:
                return Lookup(question, LookupStatus.NXDOMAIN, aliases=tuple(aliases))
            if code := records.get("RCODE"):
                return _failed(question, code[0], tuple(aliases))
            if values := records.get(question.type):
                return Lookup(question, LookupStatus.FOUND, values, tuple(aliases))
            if not (alias := records.get("CNAME")):
                return Lookup(question, LookupStatus.NODATA, aliases=tuple(aliases))
            name = alias[0]
            aliases.append(name)
            if len(aliases) > _MAX_ALIASES or name in (question.name, *aliases[:-1]):
                return Lookup(question, LookupStatus.LOOP, aliases=tuple(aliases[:_MAX_ALIASES]))

    def _records(self, name: str) -> Mapping[str, tuple[str, ...]] | None:
        """Return what is listed for *name*, or for the nearest name above it with all below ("*.")."""
        if name in self._names:
            return self._names[name]
        labels = name.split(".")
        above = (".".join(["*", *labels[i:]]) for i in range(1, len(labels)))
        return next((self._names[wildcard] for wildcard in above if wildcard in self._names), None)

    # --- mail and web servers ---

    async def probe(self, endpoint: Endpoint) -> Connection:
        """Return the conversation that the case has; of the web's ports it is known how they are, of others nothing."""
        for known, anybody in self._endpoints:
            if replace(known.endpoint, host=endpoint.host if anybody else known.endpoint.host) == endpoint:
                return replace(known, endpoint=endpoint)
        if endpoint.port not in _WEB_PORTS or endpoint.ip not in self._states:
            return Connection(endpoint, TCP.UNKNOWN)
        match self._state(endpoint.ip, endpoint.port):
            case "open":
                found = Connection(endpoint, TCP.CONNECTED)
            case "silent":
                return Connection(endpoint, TCP.TIMEOUT, NEVER_MS, ms=NEVER_MS)
            case _:
                return Connection(endpoint, TCP.REFUSED)
        if endpoint.service is Service.HTTP:
            return found
        host = endpoint.host.ascii
        if endpoint.service is not Service.HTTPS:
            return replace(found, stopped_at=Stage.GREETING, stop=Stop.GARBAGE, spoken="http")
        if endpoint.port == _PORTS["http"]:
            tls = TLS(host, TLSFailure.NOT_TLS)
            return replace(found, tls=tls, stopped_at=Stage.TLS, stop=Stop.TLS_FAILED, spoken="http")
        return replace(found, tls=self._tls(host))

    def _state(self, ip: str, port: int) -> str:
        return self._states.get(ip, {}).get(str(port), "refused")

    def _tls(self, host: str) -> TLS:
        fault = self._bad.get(host)
        year = timedelta(days=365)
        certificate = Certificate(
            names=("wrong.invalid" if fault == "wrong_name" else host,),
            ips=(),
            common_name="",
            issuer="Scripted",
            not_before=self._now - 2 * year,
            not_after=self._now - year if fault == "expired" else self._now + year,
            server_auth=True,
            key="EC",
            key_bits=256,
            signature="sha256",
            fingerprint="",
            public_key="",
        )
        problem = ChainProblem.UNTRUSTED if fault == "untrusted" else None
        return TLS(host, version="TLSv1.3", certificate=certificate, chain_length=1, chain_problem=problem)

    async def fetch(self, request: Request) -> Response:
        """Answer as the first entry of the case that fits."""
        try:
            parts = urlsplit(request.url)
            scheme, host = parts.scheme, _host(parts.hostname or "")
            port = _PORTS[scheme] if parts.port is None else parts.port
        except (ValueError, KeyError):
            return Response(request, failure=HTTPFailure.UNKNOWN, detail="not a URL that can be asked")
        lookup = self._look_up(Question.of(host, "A"))
        addresses = (host,) if host in self._states else lookup.values
        if not addresses:
            failure = HTTPFailure.NO_ADDRESS if lookup.status.known else HTTPFailure.UNKNOWN
            return Response(request, failure=failure, detail=lookup.status.value, ms=lookup.ms)
        ip = next((ip for ip in addresses if self._state(ip, port) == "open"), addresses[0])
        match self._state(ip, port):
            case "open":
                pass
            case "silent":
                return Response(request, failure=HTTPFailure.TIMEOUT, ms=NEVER_MS)
            case _:
                return Response(request, failure=HTTPFailure.REFUSED)
        if scheme == "https" and (fault := self._bad.get(host)):
            return Response(request, failure=HTTPFailure.CERTIFICATE, detail=fault, ip=ip)
        asked = (scheme, host, port, request.method, parts.path or "/")
        page = next((page for page in self._pages if page.fits(*asked)), _NOT_LISTED)
        return page.response(request, ip)


# --- the case ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Case:
    """A case, as it is written."""

    dns: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    addresses: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    bad_cert_hosts: Mapping[str, str] = field(default_factory=dict)
    http: tuple[object, ...] = ()
    endpoints: tuple[Mapping[str, object], ...] = ()
    now: datetime = _NOW


@dataclass(frozen=True, slots=True)
class _Page:
    """An entry of `http`, as it is written."""

    scheme: str
    host: str
    path: str = "*"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    body_b64: bytes | None = None
    method: str | None = None
    port: int | None = None
    delay_s: float = 0.0
    drop: bool = False
    auth_required: str | None = None

    def fits(self, scheme: str, host: str, port: int, method: str, path: str) -> bool:
        wanted = _PORTS.get(self.scheme) if self.port is None else self.port
        return (
            (self.scheme, _host(self.host), wanted) == (scheme, host, port)
            and self.path in ("*", path)
            and (self.method is None or self.method.upper() == method.upper())
        )

    def response(self, request: Request, ip: str) -> Response:
        ms = min(max(0.0, self.delay_s) * 1000, NEVER_MS)
        if self.drop:
            return Response(request, failure=HTTPFailure.RESET, ip=ip, ms=ms)
        if self.auth_required and not any(name.lower() == "authorization" for name, _ in request.headers):
            return Response(request, 401, headers=(_BASIC,), ip=ip, ms=ms)
        body = self.body.encode("utf-8", "replace") if self.body_b64 is None else self.body_b64
        if self.status == 204 or request.method.upper() == "HEAD":
            body = b""
        headers = tuple((name.lower(), value) for name, value in self.headers.items())
        response = Response(request, self.status, headers=headers, body=body, ip=ip, ms=ms)
        location = response.header("location") if self.status in _REDIRECTS else ""
        return replace(response, location=_absolute(request.url, location)) if location else response


_NOT_LISTED = _Page("", "", status=404, headers={"Content-Type": "text/html"}, body="nope")


def _known(kind: type, data: object) -> object:
    """Return *data* without the fields that are not *kind*'s."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in data.items() if name in names} if isinstance(data, dict) else data


def _records(types: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    return {type.upper(): values if type.upper() == "TXT" else tuple(map(_value, values)) for type, values in types.items()}


def _endpoint(entry: Mapping[str, object], place: str) -> tuple[Connection, bool]:
    """Return a conversation, and whether it is the same for every name."""
    endpoint = {"host": "any.invalid", **{name: entry[name] for name in ("service", "host", "ip", "port") if name in entry}}
    rest = {name: value for name, value in entry.items() if name not in endpoint}
    return codec.decode(Connection, {**rest, "endpoint": endpoint}, place), "host" not in entry


def _failed(question: Question, code: str, aliases: tuple[str, ...]) -> Lookup:
    if code.upper() == "TIMEOUT":
        return Lookup(question, LookupStatus.TIMEOUT, aliases=aliases, ms=NEVER_MS)
    known = {"NXDOMAIN": LookupStatus.NXDOMAIN, "REFUSED": LookupStatus.REFUSED, "NOERROR": LookupStatus.NODATA}
    return Lookup(question, known.get(code.upper(), LookupStatus.SERVFAIL), aliases=aliases)


def _value(text: str) -> str:
    """Return a value, a name or what ends in one, as `Lookup` has it."""
    *front, name = text.split() or [""]
    return " ".join([*front, _host(name)])


def _host(text: str) -> str:
    if text.isascii():
        return text.lower().removesuffix(".") or text
    try:
        return Domain.parse(text).ascii
    except AddressError:
        return text.lower()


def _absolute(url: str, location: str) -> str:
    try:
        # urljoin takes "https://" for the URL that was asked.
        absolute = urljoin(url, location.strip()) if location.strip() not in _NOWHERE else ""
        target = urlsplit(absolute)
        return absolute if target.scheme in _PORTS and target.hostname else ""
    except ValueError:
        return ""

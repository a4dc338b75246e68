"""What a domain publishes for mail programs, brought home from every place where some program looks; judges nothing.

Each source has its own question, so that whoever runs a check can start them together and go on with the servers of the first that
answers. The world remembers: asking one by one and then `gather` costs nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import quote

from autoconfig.address import MAX_DOMAIN_OCTETS, Domain, EmailAddress
from autoconfig.checks import documents, trails
from autoconfig.checks.case import Case, Named, Source
from autoconfig.checks.documents import MAIL_SERVICES, Reading
from autoconfig.checks.trails import Trail, host_of
from autoconfig.checks.zone import WILDCARD
from autoconfig.dnsrecords import Address, Record
from autoconfig.errors import AddressError
from autoconfig.formats import outlook
from autoconfig.observations import Connection, Endpoint, HTTPFailure, Lookup, LookupStatus, Question, Request, Response, Service, World

AUTOCONFIG_PATH = "/mail/config-v1.1.xml"
WELL_KNOWN_PATH = "/.well-known/autoconfig/mail/config-v1.1.xml"
AUTODISCOVER_PATH = "/autodiscover/autodiscover.xml"
PACC_PATH = "/.well-known/user-agent-configuration.json"
PROFILE_PATH = "/email.mobileconfig"

_OTHER_SERVICES = ("_sieve", "_caldavs", "_carddavs", "_jmap", "_autodiscover")
LABELS = (*MAIL_SERVICES, *_OTHER_SERVICES)

# Names below the domain that are there for mail programs alone.
PLACES = ("autoconfig", "autodiscover", "ua-auto-config")
_NAMES = ("", *PLACES, WILDCARD)

_MAX_ADDRESS_REDIRECTS = 3  # Thunderbird follows 2
_MAX_ADDRESSES = 8  # of one name that are looked at

# Where Microsoft 365 answers, world-wide and in its national clouds.
_MICROSOFT = ("outlook.com", "office365.com", "office365.us", "outlook.cn", "office.com", "microsoftonline.com", "mx.microsoft")


@dataclass(frozen=True, slots=True)
class Name:
    """What the DNS says of one name."""

    name: str
    a: Lookup
    aaaa: Lookup

    @property
    def addresses(self) -> tuple[str, ...]:
        """Its addresses of both kinds."""
        return (
            *(self.a.values if self.a.status is LookupStatus.FOUND else ()),
            *(self.aaaa.values if self.aaaa.status is LookupStatus.FOUND else ()),
        )

    @property
    def aliases(self) -> tuple[str, ...]:
        """The names that it is an alias of, in order."""
        return self.a.aliases or self.aaaa.aliases

    @property
    def absent(self) -> bool:
        """Whether it decidedly has no address."""
        return self.a.status.known and self.aaaa.status.known and not self.addresses


@dataclass(frozen=True, slots=True)
class Answer:
    """What one URL gave: where it led, and what the document there says; *host* is the URL's own. No *reading* without a 2xx."""

    source: Source
    host: str
    trail: Trail
    reading: Reading | None = None

    @property
    def url(self) -> str:
        """Where it was asked for."""
        return self.trail.url

    @property
    def status(self) -> int:
        """The last status, 0 where there is none."""
        return self.trail.end.status or 0

    @property
    def works(self) -> bool:
        """Whether a program finds settings there."""
        return self.reading is not None and self.reading.fault is None and self.reading.settings

    @property
    def named(self) -> tuple[Named, ...]:
        """The servers that it names."""
        return self.reading.servers if self.reading else ()


@dataclass(frozen=True, slots=True)
class Autoconfig:
    """Mozilla's documents: of autoconfig.D and of D itself, with TLS and without."""

    own: Answer
    well_known: Answer
    own_plain: Answer
    well_known_plain: Answer

    def __iter__(self) -> Iterator[Answer]:
        yield from (self.own, self.well_known, self.own_plain, self.well_known_plain)


@dataclass(frozen=True, slots=True)
class Autodiscover:
    """Outlook's answers: of autodiscover.D, of D itself, of where http://autodiscover.D sends, and of the host in the SRV record."""

    own: Answer
    apex: Answer
    redirected: Answer | None = None
    by_srv: Answer | None = None

    def __iter__(self) -> Iterator[Answer]:
        yield from (answer for answer in (self.own, self.apex, self.redirected, self.by_srv) if answer)


@dataclass(frozen=True, slots=True)
class Pacc:
    """The document of ua-auto-config.D, and the TXT records that vouch for it."""

    answer: Answer
    digests: Lookup


@dataclass(frozen=True, slots=True)
class Discovery:
    """Everything that mail programs can find for a domain. *names* are by their label, "" for the domain, *srv* by its own ("_imaps").

    *hosts* are the servers that were named, *connections* those to the web servers of the discovery names, each address by itself.
    """

    names: Mapping[str, Name]
    autoconfig: Autoconfig
    autodiscover: Autodiscover
    pacc: Pacc
    srv: Mapping[str, Lookup]
    mx: Lookup
    hosts: Mapping[str, Name] = field(default_factory=dict)
    connections: tuple[Connection, ...] = ()
    profile: Trail | None = None

    @property
    def answers(self) -> tuple[Answer, ...]:
        """All documents, in the order in which we believe them."""
        return (*self.autoconfig, self.pacc.answer, *self.autodiscover)

    @property
    def working(self) -> tuple[Answer, ...]:
        """Those that give settings, and that nobody on the way can have written."""
        # Outlook's redirect begins without TLS, and is made for that; it asks its user before it goes where that leads.
        return tuple(answer for answer in self.answers if answer.works and (answer.trail.secure or answer is self.autodiscover.redirected))

    @property
    def by_srv(self) -> tuple[Named, ...]:
        """The mail servers of the SRV records."""
        return tuple(named for label in MAIL_SERVICES if label in self.srv for named in documents.read_srv(label, self.srv[label]))

    @property
    def named(self) -> tuple[Named, ...]:
        """Every server that something names, documents before records; one that several name stands here several times."""
        return (*(named for answer in self.answers for named in answer.named), *self.by_srv)

    def is_wildcard(self, label: str) -> bool:
        """Tell whether the name of *label* says only what every name of the domain says."""
        return is_wildcard(self.names, label)


def is_wildcard(names: Mapping[str, Name], label: str) -> bool:
    """Tell whether the name of *label* says only what every name of the domain says (RFC 4592)."""
    name, anything = names[label], names[WILDCARD]
    return bool(anything.addresses) and (set(name.addresses), name.aliases) == (set(anything.addresses), anything.aliases)


def is_microsoft(host: str) -> bool:
    """Tell whether *host* belongs to Microsoft 365."""
    return any(host == name or host.endswith(f".{name}") for name in _MICROSOFT)


# --- asking ------------------------------------------------------------------------------------------------------------------------


async def gather(case: Case) -> Discovery:
    """Ask every place at the same time, then for the addresses of the servers that they name."""
    async with asyncio.TaskGroup() as group:
        found_names, mx = group.create_task(names(case)), group.create_task(case.world.lookup(case.domain.ascii, "MX"))
        found_autoconfig, found_autodiscover = group.create_task(autoconfig(case)), group.create_task(autodiscover(case))
        found_pacc, found_srv = group.create_task(pacc(case)), group.create_task(srv(case))
        found_profile, found_connections = group.create_task(profile(case)), group.create_task(connections(case))
    facts = Discovery(
        names=found_names.result(),
        autoconfig=found_autoconfig.result(),
        autodiscover=found_autodiscover.result(),
        pacc=found_pacc.result(),
        srv=found_srv.result(),
        mx=mx.result(),
        connections=found_connections.result(),
        profile=found_profile.result(),
    )
    # The domain's own web site is nobody's business here, unless it serves settings.
    serves = facts.autoconfig.well_known.works or facts.autoconfig.well_known_plain.works
    hosts, site = await asyncio.gather(_hosts(case, facts), _connect(case, [facts.names[""]] if serves else []))
    return replace(facts, hosts=hosts, connections=(*facts.connections, *site))


async def names(case: Case) -> dict[str, Name]:
    """Ask for the addresses of the domain and of the names below it that programs ask, by their label."""
    found = await asyncio.gather(*(name(case.world, under(label, case.domain)) for label in _NAMES))
    return dict(zip(_NAMES, found, strict=True))


async def connections(case: Case) -> tuple[Connection, ...]:
    """Connect to the web servers of the names that are there for mail programs, each address by itself."""
    found = await names(case)
    return await _connect(case, (found[label] for label in PLACES if not is_wildcard(found, label)))


async def autoconfig(case: Case) -> Autoconfig:
    """Ask for Mozilla's document, as Thunderbird does."""
    domain = case.domain.ascii
    query = f"?emailaddress={quote(case.address.ascii, safe='')}"

    async def ask(scheme: str, host: str, path: str) -> Answer:
        trail = await _follow(case.world, Request(f"{scheme}://{host}{path}"))
        return _answer(Source.AUTOCONFIG, host, trail, partial(documents.read_autoconfig, address=case.address, via=trail.url))

    own = under("autoconfig", case.domain)
    # Draft-ietf-mailmaint-autoconfig-06: the query belongs to the first place only.
    places = ((own, AUTOCONFIG_PATH + query), (domain, WELL_KNOWN_PATH))
    return Autoconfig(*await asyncio.gather(*(ask(scheme, *place) for scheme in ("https", "http") for place in places)))


async def autodiscover(case: Case) -> Autodiscover:
    """Post Outlook's question where Outlook does."""
    own = under("autodiscover", case.domain)

    async def redirected() -> Answer | None:
        # Outlook asks without TLS only to be sent elsewhere; it never reads what stands there.
        first = await _send(case.world, Request(f"http://{own}{AUTODISCOVER_PATH}"))
        if not (300 <= (first.status or 0) < 400 and first.location.lower().startswith("https:")):
            return None
        if is_microsoft(host_of(first.location)):
            return Answer(Source.AUTODISCOVER, own, Trail((first,)))
        answer = await _post(case, first.location)
        return replace(answer, host=own, trail=replace(answer.trail, responses=(first, *answer.trail.responses)))

    async def by_srv() -> Answer | None:
        lookup = await _lookup(case.world, under("_autodiscover._tcp", case.domain), "SRV")
        record = next((record for record in documents.srv_records(lookup) if record.host and 0 < record.port < 65536), None)
        if record is None or record.host is None or is_microsoft(record.host.ascii):
            return None
        port = "" if record.port == 443 else f":{record.port}"
        return await _post(case, f"https://{record.host.ascii}{port}{AUTODISCOVER_PATH}")

    first, second, third, fourth = await asyncio.gather(
        _post(case, f"https://{own}{AUTODISCOVER_PATH}"),
        _post(case, f"https://{case.domain.ascii}{AUTODISCOVER_PATH}"),
        redirected(),
        by_srv(),
    )
    return Autodiscover(first, second, third, fourth)


async def pacc(case: Case) -> Pacc:
    """Ask for the PACC document and its digests."""
    host = under("ua-auto-config", case.domain)
    trail, digests = await asyncio.gather(
        _follow(case.world, Request(f"https://{host}{PACC_PATH}")),
        _lookup(case.world, under("_ua-auto-config", case.domain), "TXT"),
    )
    return Pacc(_answer(Source.PACC, host, trail, partial(documents.read_pacc, address=case.address, via=trail.url)), digests)


async def srv(case: Case) -> dict[str, Lookup]:
    """Ask for every SRV record by which a program finds a service of mail, calendars or contacts."""
    lookups = await asyncio.gather(*(_lookup(case.world, under(f"{label}._tcp", case.domain), "SRV") for label in LABELS))
    return dict(zip(LABELS, lookups, strict=True))


async def profile(case: Case) -> Trail | None:
    """Ask our own service for the Apple profile, where the domain is ours and the service known."""
    if case.expected is None or case.own_host is None:
        return None
    url = f"https://{case.own_host.ascii}{PROFILE_PATH}?emailaddress={quote(case.address.ascii, safe='')}"
    return await trails.follow(case.world, Request(url))


async def name(world: World, host: str) -> Name:
    """Ask for both kinds of addresses of *host*."""
    return Name(host, *await asyncio.gather(_lookup(world, host, "A"), _lookup(world, host, "AAAA")))


def under(label: str, domain: Domain) -> str:
    """Return the name of *label* under *domain*, the domain's own for ""."""
    return f"{label}.{domain.ascii}" if label else domain.ascii


async def _lookup(world: World, host: str, type: str) -> Lookup:
    if len(host) > MAX_DOMAIN_OCTETS:  # RFC 1035, 2.3.4: it cannot even be asked for
        return Lookup(Question(host, type), LookupStatus.NXDOMAIN)
    return await world.lookup(host, type)


async def _send(world: World, request: Request) -> Response:
    host = await name(world, host_of(request.url))
    if host.absent:
        return Response(request, failure=HTTPFailure.NO_ADDRESS)
    if not host.addresses:  # the name servers' trouble, not the web server's
        return Response(request, failure=HTTPFailure.UNKNOWN)
    return await world.fetch(request)


async def _follow(world: World, request: Request) -> Trail:
    host = await name(world, host_of(request.url))
    if host.absent or not host.addresses:
        return trails.unanswered(request, HTTPFailure.NO_ADDRESS if host.absent else HTTPFailure.UNKNOWN)
    return await trails.follow(world, request)


async def _post(case: Case, url: str) -> Answer:
    """Post the question of the case's address to *url*; follow what the answers say, as long as that is somewhere new."""
    address, host = case.address, host_of(url)
    responses: tuple[Response, ...] = ()
    reading: Reading | None = None
    seen: set[tuple[str, str]] = set()
    while (url, address.ascii) not in seen and len(seen) <= _MAX_ADDRESS_REDIRECTS:
        seen.add((url, address.ascii))
        trail = await _follow(case.world, _question(url, address))
        responses += trail.responses
        answer = _answer(Source.AUTODISCOVER, host, trail, partial(documents.read_autodiscover, via=trail.url))
        reading = answer.reading
        if reading is None or reading.settings or not (reading.redirect_url or reading.redirect_addr):
            return Answer(Source.AUTODISCOVER, host, Trail(responses, trail.loop), reading)
        if reading.redirect_url.lower().startswith("https:"):
            url = reading.redirect_url
            continue
        try:
            address = EmailAddress.parse(reading.redirect_addr)
        except AddressError:
            return Answer(Source.AUTODISCOVER, host, Trail(responses), reading)
        url = f"https://{under('autodiscover', address.domain)}{AUTODISCOVER_PATH}"
    return Answer(Source.AUTODISCOVER, host, Trail(responses, loop=True), reading)


def _question(url: str, address: EmailAddress) -> Request:
    asked = outlook.Request(email=address.ascii, acceptable_response_schema=outlook.OUTLOOK_RESPONSE)
    return Request(url, "POST", (("Content-Type", outlook.CONTENT_TYPE),), outlook.write_request(asked))


def _answer(source: Source, host: str, trail: Trail, read: documents.Reader) -> Answer:
    end = trail.end
    if trail.loop or end.failure is not None or not 200 <= (end.status or 0) < 300:
        return Answer(source, host, trail)
    return Answer(source, host, trail, documents.cut_off(end.body) if end.truncated else read(end.body))


async def _hosts(case: Case, facts: Discovery) -> dict[str, Name]:
    targets = [record.target for lookup in facts.srv.values() for record in documents.srv_records(lookup) if record.host]
    hosts = dict.fromkeys((*(named.host.ascii for named in facts.named), *targets, *((case.own_host.ascii,) if case.own_host else ())))
    found = await asyncio.gather(*(name(case.world, host) for host in hosts))
    return dict(zip(hosts, found, strict=True))


async def _connect(case: Case, found: Iterable[Name]) -> tuple[Connection, ...]:
    return tuple(await asyncio.gather(*(case.world.probe(endpoint) for endpoint in _endpoints(found))))


def _endpoints(found: Iterable[Name]) -> Iterator[Endpoint]:
    for one in found:
        if one.addresses and not any(map(is_microsoft, one.aliases)):
            host = Domain.parse(one.name)
            yield from (Endpoint(Service.HTTPS, host, ip, Service.HTTPS.default_port) for ip in one.addresses[:_MAX_ADDRESSES])


# --- what the owner should have ------------------------------------------------------------------------------------------------------


def paste_name(case: Case, host: str) -> tuple[str, ...]:
    """Return where *host*, a name for mail programs below the domain, should lead, as lines of a zone file."""
    return lines(record for record in case.due if record.name == host and record.name != case.domain.ascii)


def is_our_alias(case: Case, name: Name) -> bool:
    """Tell whether *name* is an alias of our own service: then there is nothing to paste, and what is wrong is the provider's."""
    return case.own_host is not None and case.own_host.ascii in name.aliases


def lines(records: Iterable[Record]) -> tuple[str, ...]:
    """Return *records* as lines of a zone file; those whose addresses we do not know are left out."""
    return tuple(f"{record.name}. IN {record.type} {record.data}" for record in records if not isinstance(record.data, Address))

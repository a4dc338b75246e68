"""The records that a domain should publish so that mail programs find its settings, as zone text, as rows for a panel and as data.

Also says how they compare with what the DNS answers. Pure: it asks no name server and knows no clock; what was found is handed in.
Names are A-labels everywhere. Speaks for RFC 6186 and 8314 (mail), 6764 (calendars and contacts), 8620 (JMAP), 5804 (ManageSieve),
2782 (SRV), 1035 (master files) and draft-ietf-mailmaint-pacc-03.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar
from urllib.parse import quote, urlsplit

from autoconfig.address import MAX_DOMAIN_OCTETS, Domain
from autoconfig.errors import N_, AddressError, printable
from autoconfig.model import ClientConfig, HostPattern, Port, Protocol, Server, TLSMode

TTL = 3600

_MAX_STRING = 255  # RFC 1035, 3.3: a character-string is a length octet and that many octets

# RFC 6186, 3.2 and 3.3; RFC 8314, 5.1 adds _submissions. STARTTLS is what the labels without s mean to clients.
_INCOMING = {
    Protocol.IMAP: {TLSMode.IMPLICIT: "_imaps", TLSMode.STARTTLS: "_imap"},
    Protocol.POP3: {TLSMode.IMPLICIT: "_pop3s", TLSMode.STARTTLS: "_pop3"},
}
_OUTGOING = {TLSMode.IMPLICIT: "_submissions", TLSMode.STARTTLS: "_submission"}

_PURPOSES = {
    "autoconfig": N_("Thunderbird and many other programs fetch the settings here"),
    "autodiscover": N_("Outlook fetches the settings here"),
    "ua-auto-config": N_("new programs fetch the settings here (PACC)"),
    "_ua-auto-config": N_("the fingerprint that new programs check those settings against (PACC)"),
    "_imaps": N_("the IMAP server, with TLS from the start"),
    "_imap": N_("the IMAP server, with STARTTLS"),
    "_pop3s": N_("the POP server, with TLS from the start"),
    "_pop3": N_("the POP server, with STARTTLS"),
    "_submissions": N_("the server for outgoing mail, with TLS from the start"),
    "_submission": N_("the server for outgoing mail, with STARTTLS"),
    "_caldavs": N_("the calendars"),
    "_carddavs": N_("the contacts"),
    "_jmap": N_("mail by JMAP"),
    "_sieve": N_("the filter rules of the mailbox (ManageSieve)"),
    "mx": N_("where mail to the domain is delivered"),
    "spf": N_("which servers may send mail from the domain (SPF)"),
    "_dmarc": N_("what receivers do with mail that only claims to be from the domain (DMARC)"),
}
_NOT_OFFERED = {
    "_imaps": N_("says that there is no IMAP with TLS from the start"),
    "_imap": N_("says that there is no IMAP with STARTTLS"),
    "_pop3s": N_("says that there is no POP with TLS from the start"),
    "_pop3": N_("says that there is no POP with STARTTLS"),
    "_submissions": N_("says that outgoing mail is not taken with TLS from the start"),
    "_submission": N_("says that outgoing mail is not taken with STARTTLS"),
}
_OWN_HOST = N_("this is the service itself: the addresses of its machine")
_FORMER_DIGEST = N_("the former fingerprint, for programs that still hold the former settings (PACC)")


class Necessity(StrEnum):
    """How much hangs on a record."""

    REQUIRED = "required"  # most programs find nothing without it
    RECOMMENDED = "recommended"
    OPTIONAL = "optional"  # few programs ask for it; some panels cannot hold it


class Group(StrEnum):
    """What records are together for, in the order in which they are shown."""

    DISCOVERY = "discovery"
    MAIL = "mail"
    GROUPWARE = "groupware"
    DELIVERY = "delivery"


TITLES = {
    Group.DISCOVERY: N_("Where programs fetch the settings"),
    Group.MAIL: N_("The mail servers, for programs that look them up in the DNS"),
    Group.GROUPWARE: N_("Calendars, contacts and the rest"),
    Group.DELIVERY: N_("Delivery of mail, and who may send it"),
}


@dataclass(frozen=True, slots=True)
class Cname:
    """Another name for *target*."""

    type: ClassVar[str] = "CNAME"
    target: Domain

    def __str__(self) -> str:
        return f"{self.target.ascii}."


@dataclass(frozen=True, slots=True)
class Address:
    """Addresses that only the operator of the machine knows: the name is the service's own, and cannot be an alias of itself."""

    type: ClassVar[str] = "A/AAAA"

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Srv:
    """RFC 2782; target None is its ".": the service is decidedly not available at this domain."""

    type: ClassVar[str] = "SRV"
    priority: int
    weight: int
    port: int
    target: Domain | None

    def __str__(self) -> str:
        return f"{self.priority} {self.weight} {self.port} {self.target.ascii if self.target else ''}."


@dataclass(frozen=True, slots=True)
class Mx:
    """RFC 5321, 5.1."""

    type: ClassVar[str] = "MX"
    preference: int
    exchange: Domain

    def __str__(self) -> str:
        return f"{self.preference} {self.exchange.ascii}."


@dataclass(frozen=True, slots=True)
class Txt:
    """One text, however many character-strings it takes."""

    type: ClassVar[str] = "TXT"
    text: str

    def __str__(self) -> str:
        octets = self.text.encode("utf-8")
        strings = [octets[i : i + _MAX_STRING] for i in range(0, len(octets), _MAX_STRING)] or [b""]
        return " ".join(f'"{"".join(map(_escaped, string))}"' for string in strings)


Data = Cname | Address | Srv | Mx | Txt


@dataclass(frozen=True, slots=True)
class Record:
    """One record: `name` in A-labels without its last dot, `str(data)` as it stands in a master file, `purpose` a text to translate."""

    name: str
    data: Data
    group: Group
    purpose: str
    necessity: Necessity
    ttl: int = TTL
    until: str | None = None  # for what is published only for a while

    @property
    def type(self) -> str:
        """The record's type; "A/AAAA" where either will do."""
        return self.data.type

    def relative_to(self, zone: Domain) -> str:
        """Return the name as the panel of *zone* wants it: "@" for the zone itself."""
        if self.name == zone.ascii:
            return "@"
        return self.name.removesuffix(f".{zone.ascii}")


@dataclass(frozen=True, slots=True)
class Digest:
    """The TXT text of a PACC digest; *until* (a date as text) when it is that of a former document."""

    text: str
    until: str | None = None


def records(config: ClientConfig, service_host: Domain | None, digests: Sequence[Digest] = (), ttl: int = TTL) -> tuple[Record, ...]:
    """Return what *config*'s domain should publish, grouped, the most important first.

    *service_host* is the public name of this service; while it has none, no record leads there. *digests* are those of the
    domain's PACC document, the current one first; without any, nothing of PACC is published. There is no `_autodiscover._tcp`:
    programs ask for it only when autodiscover.D fails, and then Thunderbird 153 lets its user confirm a foreign host even when
    autoconfig has long answered (recorded, 2 s).
    Raises AddressError where a host name becomes too long for the domain.
    """
    name = config.domain.ascii
    found: list[Record] = []

    def add(label: str, data: Data, group: Group, necessity: Necessity, purpose: str | None = None, until: str | None = None) -> None:
        owner = f"{label}.{name}" if label else name
        # RFC 1035, 2.3.4: a longer name cannot be asked for, so nobody misses it.
        if len(owner) <= MAX_DOMAIN_OCTETS:
            found.append(Record(owner, data, group, purpose or _PURPOSES[label.partition(".")[0]], necessity, ttl, until))

    if service_host is not None:
        places = [("autoconfig", Necessity.REQUIRED), ("autodiscover", Necessity.REQUIRED)]
        if digests:
            places.append(("ua-auto-config", Necessity.OPTIONAL))
        for label, necessity in places:
            if service_host.ascii == f"{label}.{name}":
                add(label, Address(), Group.DISCOVERY, necessity, _OWN_HOST)
            else:
                add(label, Cname(service_host), Group.DISCOVERY, necessity)
    # Several TXT records are allowed, so that a change of the document need not hit everybody at once.
    former = {digest.text: digest for digest in digests[1:] if digest.text != digests[0].text}
    for digest in (*digests[:1], *former.values()):
        purpose = None if digest is digests[0] else _FORMER_DIGEST
        add("_ua-auto-config", Txt(digest.text), Group.DISCOVERY, Necessity.OPTIONAL, purpose, digest.until)

    for label, srv in _mail(config):
        if srv.target:
            add(f"{label}._tcp", srv, Group.MAIL, Necessity.RECOMMENDED)
        else:
            add(f"{label}._tcp", srv, Group.MAIL, Necessity.OPTIONAL, _NOT_OFFERED[label])

    for label, data in _groupware(config):
        add(f"{label}._tcp", data, Group.GROUPWARE, Necessity.RECOMMENDED)

    for text in config.provider.mx:
        preference, _, host = text.partition(" ")
        mx = Mx(int(preference), HostPattern(host.strip()).fill(config.domain))
        add("", mx, Group.DELIVERY, Necessity.REQUIRED, _PURPOSES["mx"])
    if config.provider.spf:
        add("", Txt(config.url(config.provider.spf)), Group.DELIVERY, Necessity.RECOMMENDED, _PURPOSES["spf"])
    if config.provider.dmarc:
        add("_dmarc", Txt(config.url(config.provider.dmarc)), Group.DELIVERY, Necessity.RECOMMENDED)
    return tuple(found)


# --- SRV ---------------------------------------------------------------------------------------------------------------------------


AnyServer = Server[Domain] | Server[HostPattern]


def _mail(config: ClientConfig) -> Iterator[tuple[str, Srv]]:
    """Yield the SRV records of RFC 6186 and 8314, the label of each before "._tcp"."""
    own, provider = config.accounts, config.provider.accounts
    preferred = [account.protocol for account in own]
    for protocol in (*preferred, *(other for other in Protocol if other not in preferred)):
        server = next((account.incoming for account in own if account.protocol is protocol), None)
        # RFC 6186, 3.4: priorities also tell which of IMAP and POP a domain prefers, so each protocol has a range of its own.
        first = 10 * preferred.index(protocol) if server else 0
        # What the host has and this domain does not use is neither published nor denied.
        others: list[AnyServer] = [account.incoming for account in provider if account.protocol is protocol]
        yield from _services(_INCOMING[protocol], server, first, others)
    # Records cannot pair servers: the first account's outgoing server is everybody's.
    senders: list[AnyServer] = [*(account.outgoing for account in own), *(account.outgoing for account in provider)]
    yield from _services(_OUTGOING, own[0].outgoing, 0, senders)


def _services(
    labels: Mapping[TLSMode, str], server: Server[Domain] | None, first: int, others: Sequence[AnyServer]
) -> Iterator[tuple[str, Srv]]:
    ports = _ports(server) if server else ()
    # RFC 8314, 4.5.2: implicit TLS is preferred to STARTTLS; then the operator's order. What has no TLS is not published: clients
    # ignore it (5.1), or take it for STARTTLS.
    ranked = sorted((port for port in ports if port.tls in labels), key=lambda port: port.tls is not TLSMode.IMPLICIT)
    offered = {port.tls for port in ports}.union(port.tls for other in others for port in _ports(other))
    for mode, label in labels.items():
        if server:
            # RFC 2782 wants weight 0 where there is nothing to balance; aerc takes the highest weight, whatever the priority.
            yield from ((label, Srv(first + i, 0, port.port, server.host)) for i, port in enumerate(ranked) if port.tls is mode)
        # RFC 6186, 3.2 and 3.3: the labels without s are also those of servers without TLS; these exist, though nobody should use them.
        if not offered & ({mode} if mode is TLSMode.IMPLICIT else {mode, TLSMode.NONE}):
            yield label, Srv(0, 0, 0, None)  # RFC 2782, Target: "." means that the service is decidedly not available


def _ports(server: AnyServer) -> tuple[Port, ...]:
    return tuple(dict.fromkeys((Port(server.port, server.tls), *server.also)))


def _groupware(config: ClientConfig) -> Iterator[tuple[str, Data]]:
    """Yield what is found by SRV beside mail. There is never a "." here: a domain's calendars may well be somewhere else."""
    provider = config.provider
    for label, pattern in (("_caldavs", provider.caldav_url), ("_carddavs", provider.carddav_url)):
        if place := _https(config, pattern):
            host, port, path = place
            yield label, Srv(0, 0, port, host)
            yield label, Txt(f"path={path}")  # RFC 6764, 4
    if place := _https(config, provider.jmap_url):
        host, port, _ = place
        yield "_jmap", Srv(0, 0, port, host)  # RFC 8620, 2.2: the client asks that host for /.well-known/jmap
    # RFC 5804 knows STARTTLS alone; a client that finds the record does not try another way.
    if provider.sieve and provider.sieve.tls is TLSMode.STARTTLS:
        yield "_sieve", Srv(0, 0, provider.sieve.port, provider.sieve.host.fill(config.domain))


def _https(config: ClientConfig, pattern: str | None) -> tuple[Domain, int, str] | None:
    """Return host, port and path of *pattern*, None where it is not https or its host has no name."""
    try:
        parts = urlsplit(config.url(pattern or ""))
        host, port = Domain.parse(parts.hostname or ""), parts.port or 443
    except (AddressError, ValueError):
        return None
    return (host, port, quote(parts.path or "/", safe="/:@!$&'()*+,;=-._~%")) if parts.scheme == "https" else None


# --- to paste ----------------------------------------------------------------------------------------------------------------------


def zone_text(records: Iterable[Record], domain: Domain) -> str:
    """Return *records* as a master file (RFC 1035, 5.1) without SOA and NS, to be pasted or included into the domain's zone."""
    rest = list(records)
    ttl = rest[0].ttl if rest else TTL
    width = max((len(record.name) for record in rest), default=0) + 1
    shown = f"{domain.unicode} ({domain.ascii})" if domain.is_internationalised else domain.ascii
    lines = [f"; Records for the mail programs of {shown}", f"$ORIGIN {domain.ascii}.", f"$TTL {ttl}"]
    for group in Group:
        members = [record for record in rest if record.group is group]
        lines += ["", f"; {TITLES[group]}"] if members else []
        purpose = None
        for record in members:
            if record.purpose != purpose or record.until:
                until = f", until {printable(record.until)}" if record.until else ""
                lines.append(f"; - {record.purpose}{until}")
            purpose = record.purpose
            if isinstance(record.data, Address):
                lines.append(f"; {record.name}. needs A and AAAA records")
            else:
                own_ttl = f"{record.ttl} " if record.ttl != ttl else ""
                lines.append(f"{record.name + '.':<{width}} {own_ttl}IN {record.type:<5} {record.data}")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Row:
    """One record as most panels ask for it: no last dots but ".", no quotes, the priority in a field of its own."""

    name: str
    type: str
    value: str
    priority: int | None
    ttl: int
    purpose: str
    necessity: Necessity
    until: str | None


def rows(records: Iterable[Record], zone: Domain) -> tuple[Row, ...]:
    """Return *records* as rows for the panel of *zone*, the domain itself or one above it. The value of SRV is "weight port target"."""
    found = []
    for record in records:
        priority, value = _panel(record.data)
        found.append(
            Row(record.relative_to(zone), record.type, value, priority, record.ttl, record.purpose, record.necessity, record.until)
        )
    return tuple(found)


def to_data(records: Iterable[Record]) -> list[dict[str, str | int | None]]:
    """Return *records* for JSON: names absolute with their last dot, the value as in a master file, and its fields one by one."""
    return [
        {
            "name": f"{record.name}.",
            "type": record.type,
            "ttl": record.ttl,
            "value": str(record.data) or None,
            **_fields(record.data),
            "group": record.group.value,
            "purpose": record.purpose,
            "necessity": record.necessity.value,
            "until": record.until,
        }
        for record in records
    ]


def _panel(data: Data) -> tuple[int | None, str]:
    match data:
        case Cname(target):
            return None, target.ascii
        case Srv(priority, weight, port, target):
            return priority, f"{weight} {port} {target.ascii if target else '.'}"
        case Mx(preference, exchange):
            return preference, exchange.ascii
        case Txt(text):
            return None, text
        case Address():
            return None, ""


def _fields(data: Data) -> dict[str, str | int | None]:
    match data:
        case Cname(target):
            return {"target": f"{target.ascii}."}
        case Srv(priority, weight, port, target):
            return {"priority": priority, "weight": weight, "port": port, "target": f"{target.ascii if target else ''}."}
        case Mx(preference, exchange):
            return {"priority": preference, "target": f"{exchange.ascii}."}
        case Txt(text):
            return {"text": text}
        case Address():
            return {}


def _escaped(octet: int) -> str:
    # RFC 1035, 5.1: \X is that character itself, \DDD an octet by its decimal number.
    if octet in b'"\\':
        return f"\\{chr(octet)}"
    return chr(octet) if 0x20 <= octet <= 0x7E else f"\\{octet:03d}"


# --- what the DNS says -------------------------------------------------------------------------------------------------------------


class Verdict(StrEnum):
    """How what the DNS says compares with one record."""

    OK = "ok"  # it is there, or something that does as well
    MISSING = "missing"
    DIFFERENT = "different"  # something else is there in its place
    CNAME = "cname"  # a CNAME stands where the record should, and leads to something else
    NOT_NEEDED = "not-needed"  # it is there and may go, or is not there and need not come
    UNKNOWN = "unknown"  # not asked, or no answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What the DNS answers for *name* and *type*: values as in a master file, () for none, None when nobody could tell."""

    name: str
    type: str
    values: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The verdict on one record; *record* is None for what was *found* beside those that should be there."""

    name: str
    type: str
    verdict: Verdict
    record: Record | None
    found: tuple[str, ...] = ()


def questions(records: Iterable[Record]) -> tuple[tuple[str, str], ...]:
    """Return the names and types that `compare` wants to know of, each once."""
    found: list[tuple[str, str]] = []
    for record in records:
        if isinstance(record.data, Cname | Address):
            found += ((record.name, type) for type in ("CNAME", "A", "AAAA"))
            if isinstance(record.data, Cname):
                found += ((record.data.target.ascii, type) for type in ("A", "AAAA"))
        else:
            found += ((record.name, "CNAME"), (record.name, record.type))
    return tuple(dict.fromkeys(found))


def compare(records: Iterable[Record], answers: Iterable[Answer]) -> tuple[Comparison, ...]:
    """Compare *records* with *answers* to `questions`, in the order of the records; what was found beside them stands at its name.

    An answer for A, AAAA, SRV, MX or TXT is what stands at the end of an alias, as resolvers give it.
    """
    known = {(_name(a.name), a.type): None if a.values is None else tuple(_plain(a.type, v) for v in a.values) for a in answers}
    sets: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        # SPF and other texts may share a name and are compared each with its own kind.
        kind = _kind(record.data.text) if isinstance(record.data, Txt) else ""
        sets.setdefault((f"{record.name} {kind}", record.type), []).append(record)
    return tuple(comparison for members in sets.values() for comparison in _compare_set(members, known))


Known = Mapping[tuple[str, str], tuple[str, ...] | None]


def _compare_set(members: list[Record], known: Known) -> Iterator[Comparison]:
    name, type = members[0].name, members[0].type
    if type in ("CNAME", "A/AAAA"):
        verdict, found = _compare_host(members[0], known)
        yield Comparison(name, type, verdict, members[0], found)
        return
    values = known.get((name, type))
    if values is None:
        yield from (Comparison(name, type, Verdict.UNKNOWN, record) for record in members)
        return
    if type == "TXT":
        values = tuple(value for value in values if _kind(value) == _kind(_text(members[0])))
    pairs = [(record, next((value for value in values if _does(record, value, len(members), len(values))), None)) for record in members]
    left = tuple(value for value in values if value not in [value for _, value in pairs])
    alias = known.get((name, "CNAME")) or ()
    for record, value in pairs:
        if value is not None:
            yield Comparison(name, type, Verdict.OK, record, (value,))
        elif record.until:
            yield Comparison(name, type, Verdict.NOT_NEEDED, record)
        elif alias:
            yield Comparison(name, type, Verdict.CNAME, record, alias)
        else:
            yield Comparison(name, type, Verdict.DIFFERENT if left else Verdict.MISSING, record, left)
    if all(value is not None for record, value in pairs if not record.until):
        yield from (Comparison(name, type, Verdict.NOT_NEEDED, None, (value,)) for value in left)


def _compare_host(record: Record, known: Known) -> tuple[Verdict, tuple[str, ...]]:
    alias, addresses = known.get((record.name, "CNAME")), _addresses(record.name, known)
    found = alias or addresses or ()
    if not isinstance(record.data, Cname):
        return (Verdict.UNKNOWN if addresses is None else Verdict.OK if addresses else Verdict.MISSING), found
    target = record.data.target.ascii
    there = _addresses(target, known)
    # By another alias, or by its addresses, a name may lead to the same machine.
    if (alias and target in alias) or (addresses and there and set(addresses) <= set(there)):
        return Verdict.OK, found
    if not found:
        return (Verdict.UNKNOWN if alias is None or addresses is None else Verdict.MISSING), found
    return (Verdict.DIFFERENT if alias or there else Verdict.UNKNOWN), found


def _addresses(name: str, known: Known) -> tuple[str, ...] | None:
    """Return all addresses of *name*, None when none is known and not all were told."""
    answers = [known.get((name, type)) for type in ("A", "AAAA")]
    found = tuple(address for answer in answers for address in answer or ())
    return None if not found and None in answers else found


def _does(record: Record, value: str, expected: int, found: int) -> bool:
    """Tell whether *value* does what *record* should, of as many as are *expected* and *found* in their place."""
    own = _text(record)
    if record.type == "TXT":
        match _kind(own):
            case "spf1":  # RFC 7208, 4.5: with two records SPF fails. Whom else a domain lets send is its own business.
                return found == 1 and set(_mechanisms(own)) <= set(_mechanisms(value))
            case "dmarc1":  # RFC 7489, 6.6.3: with two records there is no policy. Which one it is, is the domain's own business.
                return found == 1
            case "uaac1":
                return _tags(own) == _tags(value)
        return own == value
    if expected == found == 1:
        return own.split()[-1] == value.split()[-1] and (record.type == "MX" or own.split()[-2:] == value.split()[-2:])
    return own == value


def _text(record: Record) -> str:
    return _plain(record.type, str(record.data))


def _plain(type: str, value: str) -> str:
    """Return *value*, as in a master file, in one spelling."""
    match type:
        case "TXT":
            return _unquoted(value)
        case "A" | "AAAA":
            try:
                return str(ipaddress.ip_address(value))
            except ValueError:
                return value
        case "SRV" | "MX":
            *numbers, host = value.split() or [""]
            return " ".join([*(str(int(n)) if n.isascii() and n.isdigit() else n for n in numbers), _name(host) or "."])
    return _name(value)


def _name(text: str) -> str:
    return text.strip().lower().removesuffix(".")


_ESCAPE = re.compile(rb"\\(\d{3})|\\(.)", re.DOTALL)
_KIND = re.compile(r"\s*v\s*=\s*([^;\s]+)|path=", re.IGNORECASE)
_STRING = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)


def _unquoted(value: str) -> str:
    octets = value.encode("utf-8", "surrogateescape")
    if octets.startswith(b'"'):
        octets = b"".join(_STRING.findall(octets))
        octets = _ESCAPE.sub(lambda found: bytes([int(found[1]) % 256]) if found[1] else found[2], octets)
    return octets.decode("utf-8", "backslashreplace")


def _kind(text: str) -> str:
    """Return what tells texts at one name apart: the version of those that have one, "path" (RFC 6764), or nothing."""
    found = _KIND.match(text)
    return "" if found is None else "path" if found[1] is None else found[1].lower()


def _mechanisms(spf: str) -> list[str]:
    # RFC 7208, 4.6.4: "all" says what happens to the rest, which is for the domain to decide.
    return [term.lower().removeprefix("+") for term in spf.split()[1:] if term.lower().lstrip("+-?~") != "all"]


def _tags(text: str) -> dict[str, str]:
    return {name.strip(): value.strip() for name, _, value in (part.partition("=") for part in text.split(";")) if name.strip()}

"""The DNS as it is built: a signed root, "test." and other top levels below it, and zones with name servers of their own. All are Knot DNS.

A `Zone` says what its own servers answer and what its parent says of them, and the two need not agree: that is the fault. Records are
written as for nameserver.py, name -> type -> values. Zones are signed here (RFC 4035, NSEC) and not by Knot, so that every server has
the same signatures at once.
"""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm, DSDigest
from dns.rdtypes.ANY.DNSKEY import DNSKEY

from .nameserver import Records
from .network import Network, wait_until

REGISTRY = {"a.nic.test": "192.0.2.51", "b.nic.test": "192.0.2.52"}  # for the root and the top levels
NAME_SERVERS = {"ns1.karlahosting.test": "203.0.113.51", "ns2.karlahosting.test": "203.0.113.52"}  # for everything else

NEGATIVE_TTL = 300
_LIFETIME = 7 * 86400  # seconds

_CONFIGURATION = """\
server:
    rundir: {directory}
    listen: [{addresses}]
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: {directory}
log:
  - target: stderr
    any: info
template:
  - id: default
    storage: {directory}
    zonefile-sync: -1
    journal-content: none
"""

_Key = tuple[ec.EllipticCurvePrivateKey, DNSKEY]


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone and its delegation."""

    name: str
    records: Records  # SOA and NS are added, and A or AAAA of name servers in the zone itself are for you to add
    ttl: int = 3600
    signed: bool = False
    bogus: bool = False  # the parent's DS is that of another key: the zone moved, and nobody told the registrar
    delegated_to: tuple[str, ...] = tuple(NAME_SERVERS)  # names; glue where they are in NAME_SERVERS
    served_by: tuple[str, ...] = tuple(NAME_SERVERS)  # those that know the zone; the others answer REFUSED: lame

    @property
    def lame(self) -> Zone:
        """The zone delegated as it was, to servers that know nothing of it."""
        return dataclasses.replace(self, served_by=())


class Zones:
    """The running name servers, with nothing below the root but "test." at first. `trust_anchor` and `hints` are for the resolver."""

    def __init__(self, network: Network) -> None:
        self._serial = 1
        self._keys: dict[str, _Key] = {}
        self._decoy = _new_key()
        self._registry = _Server(network, "registry", tuple(REGISTRY.values()))
        self._servers = {name: _Server(network, name.partition(".")[0], (address,)) for name, address in NAME_SERVERS.items()}
        directory = network.directory_for("dns")
        self.hints = directory / "root.hints"
        self.hints.write_text("".join(f". 3600 IN NS {name}.\n{name}. 3600 IN A {address}\n" for name, address in REGISTRY.items()))
        self.trust_anchor = directory / "root.ds"
        self.trust_anchor.write_text(f". IN DS {_ds('.', self._key('.'))}\n")
        self.publish([])

    def publish(self, zones: Iterable[Zone]) -> None:
        """Make *zones* all that there is, each below its top level; the next question to each of their servers is answered from them."""
        zones = tuple(zones)
        self._serial += 1
        self._registry.serve({zone.name: self._text(zone, REGISTRY) for zone in self._registry_zones(zones)}, self._serial)
        for name, server in self._servers.items():
            mine = {zone.name: self._text(zone, zone.delegated_to) for zone in zones if name in zone.served_by}
            server.serve(mine, self._serial)

    def _registry_zones(self, zones: tuple[Zone, ...]) -> list[Zone]:
        """Return the root, and "test." and every other top level that *zones* need."""
        glue = {name: {"A": [address]} for name, address in REGISTRY.items()}
        hosts = {name: {"A": [address]} for name, address in NAME_SERVERS.items()}
        # Glue only where a zone that is delegated holds the names: elsewhere it would be data of the parent's own.
        held = {name: types for name, types in hosts.items() if any(name.endswith(f".{zone.name}") for zone in zones)}
        tops: dict[str, dict[str, Mapping[str, Sequence[str]]]] = {"test": {**glue, **held}}
        for zone in zones:
            delegation = {"NS": [f"{name}." for name in zone.delegated_to], **self._parents_ds(zone)}
            tops.setdefault(zone.name.rpartition(".")[2], {})[zone.name] = delegation
        root = {top: {"NS": [f"{name}." for name in REGISTRY], "DS": [_ds(top, self._key(top))]} for top in tops}
        return [Zone(".", {**root, **glue}, signed=True), *(Zone(top, records, signed=True) for top, records in tops.items())]

    def _parents_ds(self, zone: Zone) -> Mapping[str, list[str]]:
        return {"DS": [_ds(zone.name, self._decoy if zone.bogus else self._key(zone.name))]} if zone.signed or zone.bogus else {}

    def _key(self, zone: str) -> _Key:
        return self._keys.setdefault(zone, _new_key())

    def _text(self, zone: Zone, servers: Iterable[str]) -> str:
        apex = "." if zone.name == "." else f"{zone.name}."
        lines = [f"$ORIGIN {apex}", f"$TTL {zone.ttl}"]
        lines.append(f"{apex} SOA {next(iter(servers))}. hostmaster.nic.test. {self._serial} 3600 600 86400 {NEGATIVE_TTL}")
        lines += [f"{apex} NS {name}." for name in servers]
        for name, types in zone.records.items():
            lines += [f"{name}. {rtype} {_written(rtype, value)}" for rtype, values in types.items() for value in values]
        text = "\n".join(lines) + "\n"
        if not (zone.signed or zone.bogus):
            return text
        signed = dns.zone.from_text(text, origin=apex, relativize=False)
        dns.dnssec.sign_zone(signed, keys=[self._key(zone.name)], lifetime=_LIFETIME)
        return str(signed.to_text(relativize=False))


class _Server:
    """A knotd at *addresses*."""

    def __init__(self, network: Network, name: str, addresses: tuple[str, ...]) -> None:
        self._network = network
        self._addresses = addresses
        self._directory = network.directory_for(name)
        listen = ", ".join(f"{address}@53" for address in addresses)
        self._base = _CONFIGURATION.format(directory=self._directory, addresses=listen)
        self._served: dict[str, str] = {}
        self._configuration = self._directory / "knot.conf"
        self._configuration.write_text(self._base)
        self._program = network.start(f"knotd-{name}", "knotd", "--config", self._configuration)
        self._program.wait_until(lambda: network.listens(addresses[-1], 53), "answer on port 53")

    def serve(self, zones: Mapping[str, str], serial: int) -> None:
        gone = self._served.keys() - zones.keys()
        self._served = dict(zones)
        for name, text in zones.items():
            self._file(name).write_text(text)
        listed = "".join(f"  - domain: {name}\n    file: {self._file(name)}\n" for name in zones)
        self._configuration.write_text(self._base + (f"zone:\n{listed}" if listed else ""))
        self._network.run("knotc", "--blocking", "--socket", self._directory / "knot.sock", "reload")
        wait_until(lambda: all(self._serial_of(name) == serial for name in zones), f"new zones at {self._addresses}", 10)
        wait_until(lambda: all(self._serial_of(name) is None for name in gone), f"end of {gone} at {self._addresses}", 10)

    def _serial_of(self, zone: str) -> int | None:
        answer = ask(self._network, self._addresses[0], zone, "SOA", recurse=False)
        return answer.answer[0][0].serial if answer.answer else None

    def _file(self, zone: str) -> Path:
        return self._directory / f"{zone.strip('.') or 'root'}.zone"


def ask(network: Network, server: str, name: str, rtype: str, *, recurse: bool = True) -> dns.message.Message:
    """Ask *server* over TCP, with DNSSEC, and return what it answers."""
    query = dns.message.make_query(name, rtype, want_dnssec=True)
    if not recurse:
        query.flags &= ~dns.flags.RD
    with network.connect(server, 53) as connection:
        return dns.query.tcp(query, server, timeout=10, sock=connection)


def _new_key() -> _Key:
    key = ec.generate_private_key(ec.SECP256R1())
    return key, dns.dnssec.make_dnskey(key.public_key(), Algorithm.ECDSAP256SHA256, flags=257)


def _ds(zone: str, key: _Key) -> str:
    return dns.dnssec.make_ds(dns.name.from_text(zone), key[1], DSDigest.SHA256).to_text()


# Where a value is a name, or ends with one: the tables leave out its last dot.
_ENDS_WITH_A_NAME = {"CNAME", "MX", "NS", "PTR", "SRV"}


def _written(rtype: str, value: str) -> str:
    if rtype == "TXT":
        # RFC 1035, 3.3: a character-string has at most 255 octets.
        return " ".join('"' + value[i : i + 255].replace("\\", r"\\").replace('"', r"\"") + '"' for i in range(0, len(value), 255))
    if rtype in ("A", "AAAA"):
        return str(ipaddress.ip_address(value))
    return value if rtype not in _ENDS_WITH_A_NAME or value.endswith(".") else f"{value}."

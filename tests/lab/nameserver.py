"""The lab's name server: Knot DNS, authoritative for the root and so for everything.

A table says what exists, in the words of the recordings: name -> type -> values. A name that is neither in the table nor above one that
is does not exist (NXDOMAIN). Of the others, a type that is not listed has no data; clients take NXDOMAIN for AAAA as "no such name".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from .network import NAME_SERVER, Network

Records = Mapping[str, Mapping[str, Sequence[str]]]

_CONFIGURATION = """\
server:
    rundir: {directory}
    listen: {address}@53
database:
    storage: {directory}
log:
  - target: stderr
    any: info
zone:
  - domain: .
    file: {directory}/root.zone
    zonefile-sync: -1
    journal-content: none
"""


class NameServer:
    """A running knotd."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._directory = network.directory_for("knot")
        self._serial = 1
        self._write({})
        configuration = self._directory / "knot.conf"
        configuration.write_text(_CONFIGURATION.format(directory=self._directory, address=NAME_SERVER))
        self._program = network.start("knotd", "knotd", "--config", configuration)
        self._program.wait_until(lambda: network.listens(NAME_SERVER, 53), "answer on port 53")

    def publish(self, records: Records) -> None:
        """Make *records* all that exists; the next question is answered from them."""
        self._serial += 1
        self._write(records)
        self._network.run("knotc", "--blocking", "--socket", self._directory / "knot.sock", "zone-reload", ".")

    def _write(self, records: Records) -> None:
        _write_zone(self._directory / "root.zone", self._serial, records)


def _write_zone(path: Path, serial: int, records: Records) -> None:
    # TTL 0 and a negative TTL of 0: no client remembers what the last test published.
    lines = ["$ORIGIN .", "$TTL 0", f". SOA ns.lab. hostmaster.lab. {serial} 3600 600 86400 0", ". NS ns.lab.", f"ns.lab. A {NAME_SERVER}"]
    for name, types in records.items():
        lines += [f"{name} {rtype} {_quoted(value) if rtype == 'TXT' else value}" for rtype, values in types.items() for value in values]
    path.write_text("\n".join(lines) + "\n")


def _quoted(text: str) -> str:
    # RFC 1035, 3.3: a character-string has at most 255 octets.
    escaped = (text[i : i + 255].replace("\\", r"\\").replace('"', r"\"") for i in range(0, len(text), 255))
    return " ".join(f'"{part}"' for part in escaped)

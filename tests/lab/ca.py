"""The lab's certificate authority: good certificates, and bad ones on purpose. Knows no server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import count
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_YESTERDAY = timedelta(days=-1)
_NEXT_YEAR = timedelta(days=365)


class Fault(StrEnum):
    """What can be wrong with a certificate."""

    WRONG_NAME = "wrong_name"
    EXPIRED = "expired"
    UNTRUSTED = "untrusted"  # from an authority that nobody knows
    SELF_SIGNED = "self_signed"
    NOT_YET_VALID = "not_yet_valid"
    NO_INTERMEDIATE = "no_intermediate"  # the leaf alone, of an authority that only the intermediate would lead to


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server is to show: a certificate for *names*, with *fault* if there is to be one."""

    names: tuple[str, ...]
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """A certificate with its chain, and its key: two PEM files."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority; `certificate` is what a client must trust, `intermediate` what it misses in one of the faults."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = count(1)
        self._ours = trustme.CA(organization_name="The lab")
        self._unknown = trustme.CA(organization_name="Nobody knows us")
        self._intermediate = self._ours.create_child_ca()
        self.intermediate = directory / "intermediate.pem"
        self._intermediate.cert_pem.write_to_path(self.intermediate)
        self._issued: dict[Certificate, Credentials] = {}
        self.certificate = directory / "ca.pem"
        self._ours.cert_pem.write_to_path(self.certificate)
        # A new fault is one line here and one in Fault.
        self._makers: dict[Fault, Callable[[tuple[str, ...]], tuple[bytes, bytes]]] = {
            Fault.WRONG_NAME: lambda _: _pem(self._ours.issue_cert("wrong-name.test")),
            Fault.EXPIRED: lambda names: _pem(self._ours.issue_cert(*names, not_before=_in(40 * _YESTERDAY), not_after=_in(_YESTERDAY))),
            Fault.UNTRUSTED: lambda names: _pem(self._unknown.issue_cert(*names)),
            Fault.SELF_SIGNED: _self_signed,
            Fault.NOT_YET_VALID: lambda names: _pem(self._ours.issue_cert(*names, not_before=_in(-_YESTERDAY), not_after=_in(_NEXT_YEAR))),
            Fault.NO_INTERMEDIATE: lambda names: _leaf(self._intermediate.issue_cert(*names)),
        }

    def credentials(self, certificate: Certificate) -> Credentials:
        """Return *certificate*, made when it is first asked for: the same files every time."""
        if certificate not in self._issued:
            self._issued[certificate] = self.issue(*certificate.names, fault=certificate.fault)
        return self._issued[certificate]

    def issue(self, *names: str, fault: Fault | None = None) -> Credentials:
        """Return a certificate for *names*, with *fault* if there is to be one."""
        certificate, key = self._makers[fault](names) if fault else _pem(self._ours.issue_cert(*names))
        base = self._directory / f"{names[0].replace('*', 'any')}-{next(self._numbers)}"
        credentials = Credentials(base.with_name(base.name + ".pem"), base.with_name(base.name + ".key"))
        credentials.certificate.write_bytes(certificate)
        credentials.key.write_bytes(key)
        return credentials


def _in(time: timedelta) -> datetime:
    return datetime.now(UTC) + time


def _pem(issued: trustme.LeafCert) -> tuple[bytes, bytes]:
    return b"".join(blob.bytes() for blob in issued.cert_chain_pems), issued.private_key_pem.bytes()


def _leaf(issued: trustme.LeafCert) -> tuple[bytes, bytes]:
    """Return what cert.pem holds where fullchain.pem was meant."""
    return issued.cert_chain_pems[0].bytes(), issued.private_key_pem.bytes()


def _self_signed(names: tuple[str, ...]) -> tuple[bytes, bytes]:
    """Make what Debian's ssl-cert and many panels put in place of a certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), _in(_YESTERDAY), _in(_NEXT_YEAR))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return certificate.public_bytes(pem), key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

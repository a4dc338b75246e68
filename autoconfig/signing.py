"""CMS signatures (RFC 5652) around Apple profiles: SignedData that envelops its content, in DER, SHA-256, the chain included.

The one room that reads certificate and key files. At start everything that makes a signature worthless is a ConfigError; later nothing
stops the service: a renewal that does not fit leaves the old certificate in use, an expired certificate leaves profiles unsigned (devices
show both alike), and the log says so once. A worker that starts later still finds what it finds: it is not strict.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from autoconfig.config import Config
from autoconfig.errors import N_, ConfigError, DocumentError

LOOK_AGAIN = timedelta(seconds=1)  # how often the files are asked whether they changed
TRY_AGAIN = timedelta(minutes=1)  # how often changed files that do not fit are tried once more as they are

MAX_OCTETS = 1024 * 1024
_MAX_NODES = 20_000
_MAX_DEPTH = 32

_log = logging.getLogger(__name__)

_Key = RSAPrivateKey | EllipticCurvePrivateKey
_Stamp = tuple[tuple[int, ...] | None, ...]


@dataclass(frozen=True, slots=True)
class _Files:
    """Where certificate, key and further certificates lie."""

    certificate: Path
    key: Path
    chain: Path | None

    def stamp(self) -> _Stamp:
        """Return what changes when a file is written to or replaced, also behind a symbolic link."""
        return tuple(_stamp(path) for path in (self.certificate, self.key, self.chain) if path is not None)


@dataclass(frozen=True, slots=True)
class _Identity:
    """What signatures are made with, and while they are worth something."""

    certificate: x509.Certificate
    key: _Key
    chain: tuple[x509.Certificate, ...]
    not_before: datetime
    not_after: datetime
    stamp: _Stamp


def from_config(config: Config, now: Callable[[], datetime] | None = None, *, strict: bool = True) -> Signer | None:
    """Return the signer that *config* names, None where it names none; raises ConfigError where it cannot be used.

    Without *strict*, files that cannot be used are a line in the log, and profiles go out unsigned until they can.
    """
    if config.sign_cert and config.sign_key:
        return Signer(config.sign_cert, config.sign_key, config.sign_chain, now, strict=strict)
    if config.wants_signatures:
        missing = "sign_key" if config.sign_cert else "sign_cert"
        raise ConfigError(N_("%(missing)s is missing: a signature needs both sign_cert and sign_key"), missing=missing)
    return None


class Signer:
    """Signs with a certificate that may be renewed on disk at any time; one signer serves every thread.

    *certificate* may hold the intermediates behind its first certificate, *chain* may hold them instead; either may also hold the root.
    *now* is the clock, in UTC. Without *strict*, files that cannot be used yet are no error.
    """

    def __init__(
        self, certificate: Path, key: Path, chain: Path | None = None, now: Callable[[], datetime] | None = None, *, strict: bool = True
    ) -> None:
        self._files = _Files(certificate, key, chain)
        self._now = now or _utc_now
        self._lock = threading.Lock()
        self._looked = self._now()
        self._refused: tuple[_Stamp, datetime] | None = None
        self._told: _Identity | None = None
        self._identity: _Identity | None = None
        if strict:
            self._identity = _load(self._files, self._looked)
        else:
            self._try(self._files.stamp(), self._looked)

    def sign(self, content: bytes) -> bytes:
        """Return *content* signed, or as it is while there is no certificate or it has expired."""
        now = self._now()
        self._look_again(now)
        identity = self._identity
        if identity is None:
            return content
        if not identity.not_before <= now <= identity.not_after:
            if self._told is not identity:
                self._told = identity
                _log.error("%s: not valid at %s; profiles are handed out unsigned until it is renewed", self._files.certificate, now)
            return content
        # add_certificate last: the builder's other methods forget the certificates that were added before them.
        builder = PKCS7SignatureBuilder().set_data(content).add_signer(identity.certificate, identity.key, SHA256())
        for certificate in identity.chain:
            builder = builder.add_certificate(certificate)
        # Binary: without it every line ending of the profile is changed.
        return builder.sign(Encoding.DER, [PKCS7Options.Binary, PKCS7Options.NoCapabilities])

    def _look_again(self, now: datetime) -> None:
        # abs: a clock that was set back does not stop us from looking. Who finds the lock taken goes on with what there is.
        if abs(now - self._looked) < LOOK_AGAIN or not self._lock.acquire(blocking=False):
            return
        try:
            self._looked = now
            stamp = self._files.stamp()
            if self._identity is not None and stamp == self._identity.stamp:
                self._refused = None
                return
            refused = self._refused
            if refused is None or refused[0] != stamp or abs(now - refused[1]) >= TRY_AGAIN:
                self._try(stamp, now)
        finally:
            self._lock.release()

    def _try(self, stamp: _Stamp, now: datetime) -> None:
        """Load the files, which bear *stamp*; where they do not fit, what there is stays, and the log says so once."""
        known = self._refused is not None and self._refused[0] == stamp
        try:
            self._identity = _load(self._files, now)
        except ConfigError as error:
            # Certificate and key are two files, and a renewal writes one after the other.
            if not known and self._identity is None:
                _log.error("%s; profiles are handed out unsigned until then", error)
            elif not known:
                _log.warning("the certificate that signs profiles was changed, but stays the old one: %s", error)
            self._refused = (stamp, now)
        else:
            self._refused = None
            _log.info("profiles are signed with a certificate valid until %s", self._identity.not_after)


def unwrap(data: bytes) -> bytes:
    """Return what a CMS signature envelops, and bytes that are no signature as they are. Judges no signature.

    Reads BER, because Apple's own tools write lengths that are not known beforehand. Raises DocumentError.
    """
    if not data.startswith(b"\x30"):  # X.690, 8.9: SEQUENCE
        return data
    if len(data) > MAX_OCTETS:
        raise DocumentError(N_("the document is larger than %(limit)d bytes"), limit=MAX_OCTETS)
    try:
        (root,), _ = _ber(data, 0, len(data), iter(range(_MAX_NODES)), 0)
        # RFC 5652, 3: ContentInfo ::= SEQUENCE { contentType, content [0] EXPLICIT ANY }
        kind, content = _parts(root)
        if kind != _SIGNED_DATA:
            raise DocumentError(N_("this is a CMS document, but not a signed one"))
        # 5.1: SignedData ::= SEQUENCE { version, digestAlgorithms, encapContentInfo, ... }
        (signed_data,) = _parts(content)
        # 5.2: EncapsulatedContentInfo ::= SEQUENCE { eContentType, eContent [0] EXPLICIT OCTET STRING OPTIONAL }
        _, *envelope = _parts(_parts(signed_data)[2])
        if not envelope:
            raise DocumentError(N_("the signature stands alone: what it signs is not inside"))
        return _octets(_parts(envelope[0])[0])
    except (IndexError, ValueError, StopIteration):
        raise DocumentError(N_("this is neither a property list nor a CMS signature around one")) from None


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _load(files: _Files, now: datetime) -> _Identity:
    stamp = files.stamp()  # before the files are read: what changes meanwhile is seen the next time
    found = [(certificate, files.certificate) for certificate in _certificates(files.certificate)]
    leaf = found[0][0]
    if files.chain is not None:
        found += [(certificate, files.chain) for certificate in _certificates(files.chain)]
    key = _private_key(files.key)
    if _public_key(leaf) != key.public_key():
        raise ConfigError(
            N_("the key in %(key)s does not belong to the first certificate in %(certificate)s; name a pair that was made together"),
            key=files.key,
            certificate=files.certificate,
        )
    _check_chain(found)
    for certificate, path in found:
        _check_dates(certificate, path, now)
    chain = tuple(dict.fromkeys(certificate for certificate, _ in found if certificate != leaf))
    return _Identity(
        leaf,
        key,
        chain,
        max(certificate.not_valid_before_utc for certificate, _ in found),
        min(certificate.not_valid_after_utc for certificate, _ in found),
        stamp,
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(N_("%(path)s cannot be read: %(reason)s"), path=path, reason=error.strerror or error) from None


def _certificates(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_read(path))
    except ValueError:
        raise ConfigError(N_("%(path)s has no readable certificate; give a PEM file (-----BEGIN CERTIFICATE-----)"), path=path) from None


def _private_key(path: Path) -> _Key:
    try:
        key = load_pem_private_key(_read(path), password=None)
    except TypeError:
        raise ConfigError(
            N_("the key in %(path)s is encrypted; save it without a passphrase: openssl pkey -in FILE -out NEW_FILE"), path=path
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigError(N_("%(path)s has no readable private key; give a PEM file (-----BEGIN PRIVATE KEY-----)"), path=path) from None
    if not isinstance(key, _Key):
        raise ConfigError(N_("the key in %(path)s is neither RSA nor EC; a profile can be signed with no other kind"), path=path)
    return key


def _public_key(certificate: x509.Certificate) -> object:
    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None  # which is no key's


def _check_chain(found: list[tuple[x509.Certificate, Path]]) -> None:
    """Demand that every certificate behind the first issued another one that leads to the first, in whatever order they stand."""
    linked, rest = found[:1], found[1:]
    while rest:
        issuers = [pair for pair in rest if any(_issued(pair[0], certificate) for certificate, _ in linked)]
        if not issuers:
            raise ConfigError(
                N_("%(path)s: the certificate %(name)s does not belong to the chain of the first one; give its issuers, and nothing else"),
                path=rest[0][1],
                name=_name(rest[0][0]),
            )
        linked += issuers
        rest = [pair for pair in rest if pair not in issuers]


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    if issuer == certificate:  # given twice, in both files
        return True
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _check_dates(certificate: x509.Certificate, path: Path, now: datetime) -> None:
    if now > certificate.not_valid_after_utc:
        raise ConfigError(
            N_("%(path)s: the certificate %(name)s expired on %(date)s; renew it"),
            path=path,
            name=_name(certificate),
            date=certificate.not_valid_after_utc.date(),
        )
    if now < certificate.not_valid_before_utc:
        raise ConfigError(
            N_("%(path)s: the certificate %(name)s is not valid before %(date)s; wait, or set this machine's clock"),
            path=path,
            name=_name(certificate),
            date=certificate.not_valid_before_utc.isoformat(" ", "minutes"),
        )


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or f"{certificate.serial_number:x}"


@dataclass(frozen=True, slots=True)
class _Node:
    """One value of BER: its identifier octet, and its octets or its parts."""

    tag: int
    content: bytes | list[_Node]


_SIGNED_DATA = _Node(0x06, bytes.fromhex("2a864886f70d010702"))  # RFC 5652, 5.1: 1.2.840.113549.1.7.2, written by X.690, 8.19


def _parts(node: _Node) -> list[_Node]:
    if isinstance(node.content, bytes):
        raise ValueError(node.tag)
    return node.content


def _octets(node: _Node) -> bytes:
    # X.690, 8.7: an OCTET STRING in one piece, or made of others.
    if node.tag not in (0x04, 0x24):
        raise ValueError(node.tag)
    return node.content if isinstance(node.content, bytes) else b"".join(_octets(part) for part in node.content)


def _ber(data: bytes, at: int, end: int, budget: Iterator[int], depth: int, *, open_ended: bool = False) -> tuple[list[_Node], int]:
    """Return the nodes from *at* to *end*, or to the end-of-contents octets where it is *open_ended*, and the place behind them."""
    if depth > _MAX_DEPTH:
        raise ValueError(depth)
    nodes: list[_Node] = []
    while open_ended or at < end:
        next(budget)
        tag, length = data[at], data[at + 1]
        at += 2
        if open_ended and tag == 0 and length == 0:
            return nodes, at
        if tag & 0x1F == 0x1F:  # a tag above 30: CMS has none
            raise ValueError(tag)
        if length == 0x80:
            if not tag & 0x20:
                raise ValueError(tag)
            parts, at = _ber(data, at, end, budget, depth + 1, open_ended=True)
            nodes.append(_Node(tag, parts))
            continue
        if length > 0x80:
            digits = length - 0x80
            length = int.from_bytes(data[at : at + digits], "big")
            at += digits
        if at + length > end:
            raise ValueError(length)
        content = _ber(data, at, at + length, budget, depth + 1)[0] if tag & 0x20 else data[at : at + length]
        nodes.append(_Node(tag, content))
        at += length
    return nodes, at

"""Certificates: what stands in them, and whether their chain leads to an authority that we trust (RFC 5280, 6.1).

The chain is judged apart from the names and the dates of the server's own certificate, so that all that is wrong can be told, not only
what OpenSSL meets first. Web servers, of which only an answer matters, get OpenSSL's own judgement instead. Each costly thing, a context
or the roots by name, is made once and only when somebody asks for it. Nothing here connects.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import cast
from weakref import WeakSet

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from autoconfig.errors import N_, UsageError
from autoconfig.observations import TLS, Certificate, ChainProblem

_MAX_SENT = 60  # certificates of one server
_MAX_DEPTH = 10  # from the server's certificate to the authority's
_MAX_SIGNATURES = 60  # that are computed for one chain
_MAX_TEXT = 200  # characters of a name in a certificate

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")
# X509_LOOKUP_hash_dir(3): the files of a folder of certificates are named by a hash of the subject
_HASHED = re.compile(r"[0-9a-f]{8}\.\d+\Z")
_CERTIFICATE_REQUEST = 13  # RFC 8446, 4; RFC 5246, 7.4

_parsing = threading.Lock()


class _Socket(ssl.SSLSocket):
    """A socket that lets go of its descriptor when the other side resets before the handshake; CPython 3.11's own forgets it."""

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Receive, as `ssl.SSLSocket` does."""
        try:
            return super().recv(buflen, flags)
        except ConnectionResetError:
            self.close()
            raise


@dataclass(frozen=True)
class Trust:
    """The authorities that we trust: the system's (SSL_CERT_FILE and SSL_CERT_DIR honoured), and those of the PEM file *ca*."""

    ca: Path | None = None
    _own: tuple[bytes, ...] = ()
    _building: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)
    _asked: WeakSet[ssl.SSLObject] = field(default_factory=WeakSet, repr=False, compare=False)

    @classmethod
    def load(cls, ca: Path | None = None) -> Trust:
        """Read *ca*, if any; raises UsageError where it is no file with certificates in PEM."""
        if ca is None:
            return cls()
        try:
            own = tuple(_read_pem(ca))
        except OSError as error:
            raise UsageError(N_("%(path)s cannot be read: %(reason)s"), path=ca, reason=error.strerror) from None
        if not own or any(_parsed(der) is None for der in own):
            raise UsageError(N_("%(path)s is no file with certificates in PEM format"), path=ca)
        return cls(ca, own)

    @cached_property
    def probing(self) -> ssl.SSLContext:
        """The context that takes everything, in order to tell what it was: any certificate, weak keys, TLS 1.0."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.options |= 0x4  # OP_LEGACY_SERVER_CONNECT, named from Python 3.12 on: servers older than RFC 5746
        # OpenSSL does not tell otherwise that the server asked for a certificate of ours.
        context._msg_callback = self._on_message  # type: ignore[attr-defined] # not in typeshed; there since Python 3.8
        return context

    @cached_property
    def verifying(self) -> ssl.SSLContext:
        """The context that refuses what a careful client refuses: chain, dates, name; for web servers."""
        with self._building:  # asked for by several threads at once
            if found := self.__dict__.get("verifying"):
                return cast("ssl.SSLContext", found)
            context = self.__dict__["verifying"] = self._verifying()
            return context

    def _verifying(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.sslsocket_class = _Socket
        # Python 3.13 asks for more of an authority's certificate than mail programs do.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.hostname_checks_common_name = False  # RFC 9525, 6.3
        if self._own:
            context.load_verify_locations(cadata=b"".join(self._own))
        return context

    def session(self, tls: ssl.SSLObject, server_name: str, ms: float) -> TLS:
        """Return what the finished handshake *tls*, for *server_name*, showed; it took *ms* milliseconds."""
        chain = _chain_of(tls)
        cipher = tls.cipher()
        return TLS(
            server_name=server_name,
            version=tls.version() or "",
            cipher=cipher[0] if cipher else "",
            certificate=read_certificate(chain[0]) if chain else None,
            chain_length=len(chain),
            chain_problem=self.chain_problem(chain) if chain else None,
            client_certificate_asked=tls in self._asked,
            ms=ms,
        )

    def chain_problem(self, chain: Sequence[bytes], now: datetime | None = None) -> ChainProblem | None:
        """Return why *chain*, DER certificates of which the server's own is the first, is not trusted at *now*; None if it is.

        The others may come in any order, and may be too many; any way to an authority that we trust will do.
        """
        if len(chain) > _MAX_SENT:
            return ChainProblem.TOO_LONG
        sent = [certificate for certificate in map(_parsed, chain[1:]) if certificate is not None]
        leaf = _parsed(chain[0])
        if leaf is None:
            return ChainProblem.BROKEN
        return _Walk(self, leaf, sent, now or datetime.now(UTC)).problem()

    def roots(self, subject: x509.Name) -> list[x509.Certificate]:
        """Return the authorities of that name."""
        return self._file_roots.get(subject) or self._folder_roots.get(subject) or []

    @cached_property
    def _file_roots(self) -> dict[x509.Name, list[x509.Certificate]]:
        return _by_subject([*self._own, *_pem_of(ssl.get_default_verify_paths().cafile)])

    @cached_property
    def _folder_roots(self) -> dict[x509.Name, list[x509.Certificate]]:
        # Mostly the same ones once more, a file each: only looked into for a name that the file does not have.
        folder = ssl.get_default_verify_paths().capath
        try:
            files = [path for path in sorted(Path(folder).iterdir()) if _HASHED.match(path.name)] if folder else []
        except OSError:
            files = []
        return _by_subject([der for path in files for der in _pem_of(path)])

    def _on_message(self, tls: ssl.SSLObject, direction: str, version: int, content: int, message: int, data: bytes) -> None:
        if message == _CERTIFICATE_REQUEST and direction == "read":
            self._asked.add(tls)


def _chain_of(tls: ssl.SSLObject) -> list[bytes]:
    if hasattr(tls, "get_unverified_chain"):  # Python 3.13
        return list(tls.get_unverified_chain())
    found = tls._sslobj.get_unverified_chain() or ()  # type: ignore[attr-defined] # the same, not yet public
    return [certificate.public_bytes(2) for certificate in found]  # _ssl.ENCODING_DER


# --- reading -----------------------------------------------------------------------------------------------------------------------


def _read_pem(path: str | Path) -> Iterator[bytes]:
    for block in _PEM.findall(Path(path).read_text("ascii", "replace")):
        with suppress(ValueError):
            yield ssl.PEM_cert_to_DER_cert(block)


def _pem_of(path: str | Path | None) -> list[bytes]:
    try:
        return list(_read_pem(path)) if path else []
    except OSError:
        return []


def _parsed(der: bytes) -> x509.Certificate | None:
    # A serial number below one is against RFC 5280, 4.1.2.2, and in use; cryptography warns, and means to refuse one day.
    with _parsing, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return x509.load_der_x509_certificate(der)
        except (ValueError, x509.InvalidVersion):
            return None


def _by_subject(ders: Sequence[bytes]) -> dict[x509.Name, list[x509.Certificate]]:
    found: dict[x509.Name, list[x509.Certificate]] = {}
    for der in dict.fromkeys(ders):
        certificate = _parsed(der)
        with suppress(ValueError):
            if certificate is not None:
                found.setdefault(certificate.subject, []).append(certificate)
    return found


@lru_cache(maxsize=256)
def read_certificate(der: bytes) -> Certificate | None:
    """Return what stands in *der*, as far as it can be read; None where its dates, or the whole, cannot."""
    certificate = _parsed(der)
    if certificate is None:
        return None
    try:
        not_before, not_after = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except ValueError:
        return None
    names, ips, server_auth = _extensions(certificate)
    key, bits, public_key = _key(certificate)
    return Certificate(
        names=names,
        ips=ips,
        common_name=_attribute(lambda: certificate.subject, NameOID.COMMON_NAME),
        issuer=_attribute(lambda: certificate.issuer, NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME),
        not_before=not_before,
        not_after=not_after,
        server_auth=server_auth,
        key=key,
        key_bits=bits,
        signature=_hash_name(certificate),
        fingerprint=hashlib.sha256(der).hexdigest(),
        public_key=public_key,
    )


def _attribute(name: Callable[[], x509.Name], *oids: x509.ObjectIdentifier) -> str:
    with suppress(ValueError):
        for oid in oids:
            for attribute in name().get_attributes_for_oid(oid):
                value = attribute.value
                return (value if isinstance(value, str) else value.decode("utf-8", "replace"))[:_MAX_TEXT]
    return ""


def _extensions(certificate: x509.Certificate) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Return the DNS names, the addresses, and whether a TLS server may use it."""
    try:
        extensions = certificate.extensions
    except (ValueError, x509.DuplicateExtension):
        # One that cannot be read hides all the others; the names are what matters most.
        return *_names_in(certificate.tbs_certificate_bytes), True
    names: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    server_auth = True  # RFC 5280, 4.2.1.12: without the extension, for any purpose
    with suppress(x509.ExtensionNotFound):
        found = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = tuple(dict.fromkeys(name.lower() for name in found.get_values_for_type(x509.DNSName)))
        ips = tuple(dict.fromkeys(str(ip) for ip in found.get_values_for_type(x509.IPAddress)))
    with suppress(x509.ExtensionNotFound):
        usages = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        server_auth = any(usage in (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE) for usage in usages)
    return names, ips, server_auth


def _names_in(tbs: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Find the subjectAltName in *tbs* by itself: OBJECT IDENTIFIER 2.5.29.17, perhaps BOOLEAN critical, OCTET STRING."""
    at = tbs.rfind(b"\x06\x03\x55\x1d\x11")
    if at < 0:
        return (), ()
    rest = tbs[at + 5 :].removeprefix(b"\x01\x01\xff")
    names, ips = [], []
    for _, octets in _der(rest[:65536]):
        for _, sequence in _der(octets):
            for tag, value in _der(sequence):
                # RFC 5280, 4.2.1.6: GeneralName ::= CHOICE { ... dNSName [2] IA5String ... iPAddress [7] OCTET STRING }
                if tag == 0x82:
                    names.append(value.decode("utf-8", "replace").lower()[:_MAX_TEXT])
                elif tag == 0x87 and len(value) in (4, 16):
                    ips.append(str(ipaddress.ip_address(value)))
            break
        break
    return tuple(dict.fromkeys(names)), tuple(dict.fromkeys(ips))


def _der(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of the elements in *data*, as far as they are whole (X.690, 8.1)."""
    at = 0
    while at + 2 <= len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size]), at + size
        if at + length > len(data):
            return
        yield tag, data[at : at + length]
        at += length


def _key(certificate: x509.Certificate) -> tuple[str, int, str]:
    try:
        key = certificate.public_key()
        spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm):
        return "", 0, ""
    digest = hashlib.sha256(spki).hexdigest()
    match key:
        case rsa.RSAPublicKey():
            return "RSA", key.key_size, digest
        case ec.EllipticCurvePublicKey():
            return "EC", key.key_size, digest
        case dsa.DSAPublicKey():
            return "DSA", key.key_size, digest
        case ed25519.Ed25519PublicKey():
            return "Ed25519", 256, digest
        case ed448.Ed448PublicKey():
            return "Ed448", 456, digest
    return type(key).__name__, 0, digest


def _hash_name(certificate: x509.Certificate) -> str:
    with suppress(ValueError, UnsupportedAlgorithm):
        algorithm = certificate.signature_hash_algorithm
        return algorithm.name if algorithm else ""
    return ""


# --- the way to an authority -------------------------------------------------------------------------------------------------------

# The worst of what was met on the ways that lead nowhere is told: what somebody did wrong before what is only missing.
_WORST_FIRST = (ChainProblem.TOO_LONG, ChainProblem.BROKEN, ChainProblem.UNTRUSTED, ChainProblem.INCOMPLETE)


class _Walk:
    """The search for one way from *leaf* upwards, broad first; every certificate is stood on at most once."""

    def __init__(self, trust: Trust, leaf: x509.Certificate, sent: list[x509.Certificate], now: datetime) -> None:
        self._trust = trust
        self._leaf = leaf
        self._sent = sent
        self._now = now
        self._met: set[ChainProblem] = set()
        self._signatures = 0

    def problem(self) -> ChainProblem | None:
        try:
            return self._search()
        except ValueError:  # names that cannot be read
            return ChainProblem.BROKEN

    def _search(self) -> ChainProblem | None:
        if self._leaf in self._trust.roots(self._leaf.subject):
            return None
        level, seen = [self._leaf], {self._leaf}
        for depth in range(_MAX_DEPTH):
            above: list[x509.Certificate] = []
            for certificate in level:
                if any(self._is_by(certificate, root) and self._valid(root) for root in self._trust.roots(certificate.issuer)):
                    return None
                if certificate.issuer == certificate.subject and self._is_by(certificate, certificate):
                    if certificate is self._leaf:
                        return ChainProblem.SELF_SIGNED
                    self._met.add(ChainProblem.UNTRUSTED)
                    continue
                issuers = [c for c in self._sent if c.subject == certificate.issuer and c != certificate]
                named = [c for c in issuers if _may_be_issuer(certificate, c)]
                if not named:
                    self._met.add(ChainProblem.INCOMPLETE)
                for issuer in named:
                    if issuer not in seen and self._signed(certificate, issuer) and self._may_issue(issuer, depth):
                        seen.add(issuer)
                        above.append(issuer)
            if not above:
                # Without any of them, authorities that vouch for each other in a circle.
                return next((problem for problem in _WORST_FIRST if problem in self._met), ChainProblem.UNTRUSTED)
            level = above
        return ChainProblem.TOO_LONG

    def _signed(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        if self._is_by(certificate, issuer):
            return True
        self._met.add(ChainProblem.BROKEN)
        return False

    def _is_by(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        if not _may_be_issuer(certificate, issuer):
            return False
        self._signatures += 1
        if self._signatures > _MAX_SIGNATURES:
            self._met.add(ChainProblem.TOO_LONG)
            return False
        try:
            _verify(certificate, issuer.public_key())
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            return False
        return True

    def _valid(self, issuer: x509.Certificate) -> bool:
        if issuer.not_valid_before_utc <= self._now <= issuer.not_valid_after_utc:
            return True
        self._met.add(ChainProblem.BROKEN)
        return False

    def _may_issue(self, issuer: x509.Certificate, below: int) -> bool:
        """Tell whether *issuer* may have *below* certificates of authorities between itself and the server's (RFC 5280, 6.1.4)."""
        if not self._valid(issuer):
            return False
        try:
            constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
            try:
                signs = issuer.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
            except x509.ExtensionNotFound:
                signs = True
        except (ValueError, x509.DuplicateExtension, x509.ExtensionNotFound):
            constraints, signs = x509.BasicConstraints(ca=False, path_length=None), False
        if constraints.ca and signs and (constraints.path_length is None or below <= constraints.path_length):
            return True
        self._met.add(ChainProblem.BROKEN)
        return False


def _verify(certificate: x509.Certificate, key: CertificatePublicKeyTypes) -> None:
    """Verify by *key*. Weak hashes count as well, other than in cryptography's own function: `Certificate.signature` tells of them."""
    signature, signed, how = certificate.signature, certificate.tbs_certificate_bytes, certificate.signature_algorithm_parameters
    digest = certificate.signature_hash_algorithm
    match key:
        case rsa.RSAPublicKey() if digest is not None and isinstance(how, padding.PKCS1v15 | padding.PSS):
            key.verify(signature, signed, how, digest)
        case ec.EllipticCurvePublicKey() if isinstance(how, ec.ECDSA):
            key.verify(signature, signed, how)
        case dsa.DSAPublicKey() if digest is not None:
            key.verify(signature, signed, digest)
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            key.verify(signature, signed)
        case _:
            raise InvalidSignature


def _may_be_issuer(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    # RFC 5280, 4.2.1.1: the key identifiers tell apart authorities of one name, and the same authority's keys.
    try:
        wanted = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        offered = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (ValueError, x509.DuplicateExtension, x509.ExtensionNotFound):
        return True
    return wanted is None or wanted == offered

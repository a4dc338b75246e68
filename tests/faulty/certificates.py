"""Certificates for the faulty server, right and wrong, one wrong property at a time. Knows no server and no protocol."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

SERVER = (ExtendedKeyUsageOID.SERVER_AUTH,)
CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)

_PEM = serialization.Encoding.PEM
# The two names of algorithms differ in their last byte only, so one may take the other's place in what is signed.
_SHA256_WITH_RSA = bytes.fromhex("06092a864886f70d01010b")
_SHA1_WITH_RSA = bytes.fromhex("06092a864886f70d010105")


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate, its key, and who issued it (None: itself)."""

    certificate: x509.Certificate
    key: PrivateKey
    issuer: Issued | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a server shows: a *chain*, its own certificate first, and the key of that one."""

    chain: tuple[x509.Certificate, ...]
    key: PrivateKey

    @property
    def pem(self) -> bytes:
        """Return the chain and the key as one file."""
        key = self.key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return b"".join(each.public_bytes(_PEM) for each in self.chain) + key


@cache
def key(name: str = "leaf") -> ec.EllipticCurvePrivateKey:
    """Return the key called *name*, the same one every time."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def weak_key(bits: int = 1024) -> rsa.RSAPrivateKey:
    """Return an RSA key too short to be trusted."""
    return rsa.generate_private_key(65537, bits)


def certificate(
    names: Iterable[str],
    *,
    days: tuple[float, float] = (-1, 60),
    issuer: Issued | None = None,
    eku: Iterable[ObjectIdentifier] | None = SERVER,
    key: PrivateKey | None = None,
    common_name: str | None = None,
    cn_only: bool = False,
    ca: bool = False,
    sha1: bool = False,
    padding_bytes: int = 0,
) -> Issued:
    """Issue a certificate for *names*, valid between *days* from now, signed by *issuer* or by itself.

    *cn_only* leaves out the subjectAltName, *eku* None the extended key usage; *padding_bytes* makes it as large as one wants.
    """
    names = tuple(names)
    own = key or _leaf_key()
    subject = _name(common_name if common_name is not None else names[0])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(_usage(ca), critical=True)
    )
    if issuer:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    if names and not cn_only and not ca:
        builder = builder.add_extension(x509.SubjectAlternativeName([_dns_name(each) for each in names]), critical=False)
    if eku is not None and not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage(eku), critical=False)
    if padding_bytes:
        private = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.55555.1"), bytes(padding_bytes))
        builder = builder.add_extension(private, critical=False)
    signed = builder.sign(issuer.key if issuer else own, hashes.SHA256())
    return Issued(_with_sha1(signed, issuer.key if issuer else own) if sha1 else signed, own, issuer)


def shown(issued: Issued) -> Credentials:
    """Return what a server shows as it ought to: everything up to, but without, the root."""
    chain = [issued.certificate]
    above = issued.issuer
    while above and above.issuer:
        chain.append(above.certificate)
        above = above.issuer
    return Credentials(tuple(chain), issued.key)


@cache
def root() -> Issued:
    """Return the authority that a client of the faulty server trusts."""
    return certificate((), common_name="Faulty root", days=(-100, 1000), key=key("root"), ca=True)


@cache
def intermediate() -> Issued:
    """Return the authority between the root and the servers."""
    return certificate((), common_name="Faulty intermediate", days=(-100, 500), issuer=root(), key=key("intermediate"), ca=True)


@cache
def expired_intermediate() -> Issued:
    """Return an authority of the trusted root whose own time is over."""
    return certificate((), common_name="Faulty old intermediate", days=(-100, -1), issuer=root(), key=key("old intermediate"), ca=True)


@cache
def unknown() -> Issued:
    """Return a root that nobody trusts."""
    return certificate((), common_name="Unknown root", days=(-100, 1000), key=key("unknown"), ca=True)


@cache
def weak_authority() -> Issued:
    """Return an authority with an RSA key, since only such a one can sign with SHA-1 here."""
    return certificate((), common_name="Faulty SHA-1 intermediate", days=(-100, 500), issuer=root(), key=weak_key(2048), ca=True)


def root_pem() -> str:
    """Return the trusted root, for `ssl.create_default_context(cadata=...)` or a file."""
    return root().certificate.public_bytes(_PEM).decode()


def _leaf_key() -> PrivateKey:
    return key()


def _name(common_name: str) -> x509.Name:
    # X.520: a common name has at most 64 characters; a longer one is left out, as authorities do.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if 0 < len(common_name) <= 64 else [])


def _dns_name(name: str) -> x509.DNSName:
    # RFC 5280 4.2.1.6 wants A-labels; a certificate that has something else is one of the faults.
    return x509.DNSName(name) if name.isascii() else x509.DNSName._init_without_validation(name)


def _usage(ca: bool) -> x509.KeyUsage:
    nothing: dict[str, Any] = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
    )
    return x509.KeyUsage(digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, **nothing)


def _with_sha1(signed: x509.Certificate, signer: PrivateKey) -> x509.Certificate:
    """Sign anew with SHA-1, which the library refuses to do."""
    assert isinstance(signer, rsa.RSAPrivateKey), "SHA-1 is done with RSA only"
    body = signed.tbs_certificate_bytes.replace(_SHA256_WITH_RSA, _SHA1_WITH_RSA, 1)
    signature = signer.sign(body, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 (the fault itself)
    algorithm = _der(0x30, _SHA1_WITH_RSA + b"\x05\x00")
    return x509.load_der_x509_certificate(_der(0x30, body + algorithm + _der(0x03, b"\x00" + signature)))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x80 | (size.bit_length() + 7) // 8]) + size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag]) + length + content

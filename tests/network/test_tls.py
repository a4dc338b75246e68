"""Certificates as they are, and chains judged apart from the names and dates of the server's own."""

from __future__ import annotations

import ssl
import warnings
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.errors import UsageError
from autoconfig.network.tls import Trust, read_certificate
from autoconfig.observations import ChainProblem

NOW = datetime.now(UTC)
Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


class Authority:
    """Whoever issues certificates: its name, its key, and its own certificate by *issuer*, or by itself."""

    def __init__(
        self,
        name: str,
        issuer: Authority | None = None,
        *,
        key: Key | None = None,
        days: tuple[int, int] = (-10, 100),
        ca: bool = True,
        path_length: int | None = None,
        identifiers: bool = True,
    ) -> None:
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key: Key = key or ec.generate_private_key(ec.SECP256R1())
        self.identifiers = identifiers
        constraints = x509.BasicConstraints(ca=ca, path_length=path_length if ca else None)
        self.certificate = (issuer or self).issue(self.name, self.key, (constraints,), days)

    def issue(
        self,
        name: x509.Name,
        key: Key,
        extensions: tuple[x509.ExtensionType, ...] = (),
        days: tuple[int, int] = (-10, 100),
    ) -> x509.Certificate:
        """Return a certificate of *name* by this authority."""
        builder = x509.CertificateBuilder(
            issuer_name=self.name,
            subject_name=name,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=NOW + timedelta(days=days[0]),
            not_valid_after=NOW + timedelta(days=days[1]),
        )
        if self.identifiers:
            own = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
            extensions = (*extensions, x509.SubjectKeyIdentifier.from_public_key(key.public_key()), own)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, None if isinstance(self.key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


LEAF_KEY = ec.generate_private_key(ec.SECP256R1())
ROOT = Authority("Root")
MIDDLE = Authority("Middle", ROOT)


def leaf(by: Authority, *extensions: x509.ExtensionType, days: tuple[int, int] = (-5, 50), name: str = "mail.kund.se") -> x509.Certificate:
    """Return a server's certificate."""
    return by.issue(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), LEAF_KEY, extensions, days)


def der(*certificates: x509.Certificate) -> list[bytes]:
    """Return them as they are sent."""
    return [certificate.public_bytes(Encoding.DER) for certificate in certificates]


@pytest.fixture
def trusting(tmp_path: Path) -> Trust:
    """Trust in ROOT, beside the system's."""
    path = tmp_path / "root.pem"
    path.write_bytes(ROOT.certificate.public_bytes(Encoding.PEM))
    return Trust.load(path)


# --- the trust store ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [None, b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\xff\x00"]
)
def test_a_file_without_certificates_is_refused(content: bytes | None, tmp_path: Path) -> None:
    """Rather than trusting less than was asked for."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"ca\.pem"):
        Trust.load(path)
    with pytest.raises(UsageError):
        Trust.load(tmp_path)


def test_the_systems_store_is_what_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SSL_CERT_FILE and SSL_CERT_DIR, as OpenSSL has them."""
    chain = der(leaf(ROOT))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    assert Trust.load().chain_problem(chain) is ChainProblem.INCOMPLETE
    (tmp_path / "file.pem").write_bytes(ROOT.certificate.public_bytes(Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "file.pem"))
    assert Trust.load().chain_problem(chain) is None
    assert Trust.load().verifying.cert_store_stats()["x509_ca"] == 1
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "0123abcd.0").write_bytes(ROOT.certificate.public_bytes(Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    assert Trust.load().chain_problem(chain) is None


def test_each_context_is_made_once(trusting: Trust) -> None:
    """A fresh one costs twenty milliseconds."""
    assert trusting.verifying is trusting.verifying
    assert trusting.probing is trusting.probing
    assert (trusting.probing.verify_mode, trusting.verifying.verify_mode) == (ssl.CERT_NONE, ssl.CERT_REQUIRED)
    assert trusting.verifying.check_hostname
    assert trusting.verifying.get_ca_certs()


# --- chains ------------------------------------------------------------------------------------------------------------------------

OTHER = Authority("Other root")
OTHER_MIDDLE = Authority("Other middle", OTHER)
CROSS = Authority("Root", OTHER, key=ROOT.key)  # our root, signed by another that nobody trusts
STALE = Authority("Stale", ROOT, days=(-100, -1))
NO_AUTHORITY = Authority("No authority", ROOT, ca=False)
NARROW = Authority("Narrow", ROOT, path_length=0)
BENEATH_NARROW = Authority("Beneath", NARROW)
IMPOSTOR = Authority("Middle", OTHER, identifiers=False)  # the name of another, and no identifiers that would tell
SELF_SIGNED = Authority("mail.kund.se", ca=False)

CHAINS = {
    "right": (der(leaf(MIDDLE), MIDDLE.certificate), None),
    "the root sent along": (der(leaf(MIDDLE), MIDDLE.certificate, ROOT.certificate), None),
    "any order": (der(leaf(MIDDLE), OTHER.certificate, ROOT.certificate, MIDDLE.certificate), None),
    "directly by the root": (der(leaf(ROOT)), None),
    "expired": (der(leaf(MIDDLE, days=(-50, -1)), MIDDLE.certificate), None),
    "not yet valid": (der(leaf(MIDDLE, days=(5, 50)), MIDDLE.certificate), None),
    "a root signed by another": (der(leaf(MIDDLE), MIDDLE.certificate, CROSS.certificate), None),
    "a root signed by another, complete": (der(leaf(MIDDLE), MIDDLE.certificate, CROSS.certificate, OTHER.certificate), None),
    "the trusted root itself": (der(ROOT.certificate), None),
    "self-signed": (der(SELF_SIGNED.certificate), ChainProblem.SELF_SIGNED),
    "self-signed with others": (der(SELF_SIGNED.certificate, MIDDLE.certificate), ChainProblem.SELF_SIGNED),
    "no intermediate": (der(leaf(MIDDLE)), ChainProblem.INCOMPLETE),
    "the wrong intermediate": (der(leaf(MIDDLE), OTHER_MIDDLE.certificate), ChainProblem.INCOMPLETE),
    "the other key of that name": (der(leaf(MIDDLE), Authority("Middle", ROOT).certificate), ChainProblem.INCOMPLETE),
    "to another root": (der(leaf(OTHER_MIDDLE), OTHER_MIDDLE.certificate, OTHER.certificate), ChainProblem.UNTRUSTED),
    "to another root, not sent": (der(leaf(OTHER_MIDDLE), OTHER_MIDDLE.certificate), ChainProblem.INCOMPLETE),
    "an expired intermediate": (der(leaf(STALE), STALE.certificate), ChainProblem.BROKEN),
    "no authority in between": (der(leaf(NO_AUTHORITY), NO_AUTHORITY.certificate), ChainProblem.BROKEN),
    "a path longer than allowed": (der(leaf(BENEATH_NARROW), BENEATH_NARROW.certificate, NARROW.certificate), ChainProblem.BROKEN),
    "a signature by somebody else": (der(leaf(IMPOSTOR), MIDDLE.certificate), ChainProblem.BROKEN),
    "no certificate": ([b"nonsense"], ChainProblem.BROKEN),
    "nonsense beside it": ([*der(leaf(MIDDLE)), b"nonsense", *der(MIDDLE.certificate)], None),
}


@pytest.mark.parametrize(("chain", "problem"), CHAINS.values(), ids=CHAINS)
def test_a_chain_leads_to_trust_or_the_reason_is_told(chain: list[bytes], problem: ChainProblem | None, trusting: Trust) -> None:
    """RFC 5280, 6.1; any way to an authority that we trust will do."""
    assert trusting.chain_problem(chain) is problem


def test_an_expired_root_is_not_trusted_any_more(trusting: Trust) -> None:
    """OpenSSL says so too, of what is in its own store."""
    assert trusting.chain_problem(der(leaf(ROOT)), NOW + timedelta(days=200)) is ChainProblem.BROKEN


def test_no_chain_is_walked_for_ever(trusting: Trust) -> None:
    """Too deep, too many, and in a circle."""
    tower = [Authority("Tower 0", OTHER)]
    for floor in range(1, 12):
        tower.append(Authority(f"Tower {floor}", tower[-1]))
    deep = der(leaf(tower[-1]), *(authority.certificate for authority in tower))
    assert trusting.chain_problem(deep) is ChainProblem.TOO_LONG
    assert trusting.chain_problem(der(leaf(MIDDLE)) * 61) is ChainProblem.TOO_LONG
    twins = [Authority("Twin", OTHER, identifiers=False) for _ in range(50)]
    assert trusting.chain_problem(der(leaf(IMPOSTOR), *(twin.certificate for twin in twins))) is not None
    one = Authority("One", OTHER)
    two = Authority("Two", one)
    circle = Authority("One", two, key=one.key)
    assert trusting.chain_problem(der(leaf(one), circle.certificate, two.certificate)) is ChainProblem.UNTRUSTED


# --- certificates ------------------------------------------------------------------------------------------------------------------


def test_a_certificate_is_read_as_it_stands() -> None:
    """Names in lower case, each once; addresses as text."""
    names = x509.SubjectAlternativeName(
        [x509.DNSName("Mail.Kund.SE"), x509.DNSName("mail.kund.se"), x509.DNSName("*.kund.se"), x509.IPAddress(ip_address("2001:DB8::1"))]
    )
    found = read_certificate(der(leaf(MIDDLE, names))[0])
    assert found is not None
    assert (found.names, found.ips) == (("mail.kund.se", "*.kund.se"), ("2001:db8::1",))
    assert (found.common_name, found.issuer) == ("mail.kund.se", "Middle")
    assert (found.key, found.key_bits, found.signature, found.server_auth) == ("EC", 256, "sha256", True)
    assert len(found.fingerprint) == len(found.public_key) == 64
    assert found.not_before < NOW < found.not_after


@pytest.mark.parametrize(
    ("usages", "allowed"),
    [
        ([ExtendedKeyUsageOID.SERVER_AUTH], True),
        ([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE], True),
        ([ExtendedKeyUsageOID.CLIENT_AUTH], False),
        ([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH], True),
    ],
)
def test_the_extended_key_usage_allows_a_server_or_not(usages: list[x509.ObjectIdentifier], allowed: bool) -> None:
    """RFC 5280, 4.2.1.12."""
    found = read_certificate(der(leaf(MIDDLE, x509.ExtendedKeyUsage(usages)))[0])
    assert found is not None
    assert found.server_auth is allowed


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (ed25519.Ed25519PrivateKey.generate(), ("Ed25519", 256, "")),
        (rsa.generate_private_key(65537, 1024), ("RSA", 1024, "sha256")),  # noqa: S505 - weak, and read all the same
    ],
    ids=["Ed25519", "RSA"],
)
def test_the_key_and_its_strength_are_told(key: Key, words: tuple[str, int, str]) -> None:
    """And the hash of the signature, where there is one."""
    found = read_certificate(der(Authority("mail.kund.se", key=key).certificate)[0])
    assert found is not None
    assert (found.key, found.key_bits, found.signature) == words


def test_names_are_found_where_another_extension_cannot_be_read() -> None:
    """One broken extension hides all the others from the library, and must not look like a certificate without names."""
    names = x509.SubjectAlternativeName([x509.DNSName("mail.kund.se"), x509.IPAddress(ip_address("192.0.2.1"))])
    broken = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.37"), b"\x30\x7f")
    found = read_certificate(der(leaf(MIDDLE, names, broken))[0])
    assert found is not None
    assert (found.names, found.ips) == (("mail.kund.se",), ("192.0.2.1",))


def test_a_serial_number_against_the_rules_makes_no_noise() -> None:
    """RFC 5280, 4.1.2.2: positive; there are others."""
    good = der(leaf(MIDDLE))[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        serial = x509.load_der_x509_certificate(good).serial_number.to_bytes(20)
        spoiled = good.replace(serial, bytes([serial[0] | 0x80]) + serial[1:])
    assert spoiled != good
    assert read_certificate(spoiled) is not None


@given(st.binary(max_size=300))
def test_any_bytes_are_a_certificate_or_none(data: bytes) -> None:
    """Never an error."""
    assert read_certificate(data) is None


WHOLE = der(leaf(MIDDLE, x509.SubjectAlternativeName([x509.DNSName("mail.kund.se")])))[0]


@given(st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_certificate_is_read_as_far_as_it_can_be(damages: list[tuple[int, int]]) -> None:
    """Wherever the damage is, there is an answer, of the chain too."""
    damaged = bytearray(WHOLE)
    for place, byte in damages:
        damaged[place % len(damaged)] = byte
    read_certificate(bytes(damaged))
    Trust().chain_problem([bytes(damaged), *der(MIDDLE.certificate)])

"""What a signature proves, asked of openssl; which certificates are refused at start; and how a renewal is taken."""

from __future__ import annotations

import logging
import os
import subprocess
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.config import Config
from autoconfig.errors import ConfigError, DocumentError
from autoconfig.signing import LOOK_AGAIN, TRY_AGAIN, Signer, from_config, unwrap
from tests.certificates import DAY, TODAY, Party, issue

KINDS = ["rsa", "ec"]

# Every line ending there is, and bytes that are no text.
CONTENT = b'<?xml version="1.0"?>\n<plist>\r\n\tx\r</plist>\n\n\x00\xff'


ROOT = issue("Root", ca=True)
INTERMEDIATE = issue("Intermediate", ROOT, ca=True)
LEAF = issue("autoconfig.karlahosting.se", INTERMEDIATE)


@dataclass
class Clock:
    """A clock that goes when it is told to."""

    now: datetime = TODAY

    def __call__(self) -> datetime:
        return self.now

    def go(self, step: timedelta) -> None:
        """Let *step* pass."""
        self.now += step


@dataclass
class Folder:
    """The certificate files of an installation."""

    path: Path
    clock: Clock = field(default_factory=Clock)

    def write(self, certificate: bytes | None = None, key: bytes | None = None, chain: bytes | None = None) -> None:
        """Write the files that are given."""
        for name, content in (("cert.pem", certificate), ("key.pem", key), ("chain.pem", chain)):
            if content is not None:
                (self.path / name).write_bytes(content)

    def signer(self, *, strict: bool = True) -> Signer:
        """A signer with these files."""
        chain = self.path / "chain.pem"
        return Signer(self.path / "cert.pem", self.path / "key.pem", chain if chain.exists() else None, self.clock, strict=strict)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder with a leaf and its intermediate in one file, and the key."""
    folder = Folder(tmp_path)
    folder.write(LEAF.pem + INTERMEDIATE.pem, LEAF.key_pem)
    (tmp_path / "ca.pem").write_bytes(ROOT.pem)
    return folder


def openssl(folder: Folder, signed: bytes, *command: str) -> subprocess.CompletedProcess[bytes]:
    """Let openssl verify *signed* against the root alone; its output is what was signed."""
    (folder.path / "signed").write_bytes(signed)
    files = ["-inform", "der", "-in", "signed", "-CAfile", "ca.pem", "-binary", "-out", "content"]
    return subprocess.run(["openssl", *command, "-verify", *files], cwd=folder.path, capture_output=True, check=False)


def signed_with(signed: bytes, party: Party) -> bool:
    """Tell whether *party*'s certificate is inside, as DER."""
    return party.certificate.public_bytes(Encoding.DER) in signed


@pytest.mark.parametrize("command", [["smime"], ["cms"]])
@pytest.mark.parametrize("kind", KINDS)
def test_openssl_accepts_what_we_sign_and_gives_back_its_bytes(folder: Folder, kind: str, command: list[str]) -> None:
    """Enveloping, the chain included, no line ending touched."""
    leaf = issue("autoconfig.karlahosting.se", INTERMEDIATE, kind)
    folder.write(leaf.pem + INTERMEDIATE.pem, leaf.key_pem)
    signed = folder.signer().sign(CONTENT)
    done = openssl(folder, signed, *command)
    assert done.returncode == 0, done.stderr
    assert (folder.path / "content").read_bytes() == CONTENT == unwrap(signed)


@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_of_the_web_server_signs_as_well(folder: Folder, kind: str) -> None:
    """Hosts sign with the certificate that they have, made for TLS: Apple takes it, and openssl when it is not asked for S/MIME."""
    leaf = issue("autoconfig.karlahosting.se", INTERMEDIATE, kind, usage=ExtendedKeyUsageOID.SERVER_AUTH)
    folder.write(leaf.pem + INTERMEDIATE.pem, leaf.key_pem)
    done = openssl(folder, folder.signer().sign(CONTENT), "smime", "-purpose", "any")
    assert done.returncode == 0, done.stderr


def test_tampered_content_is_refused(folder: Folder) -> None:
    """What a signature is for."""
    signed = folder.signer().sign(CONTENT).replace(b"plist", b"tsilp")
    assert openssl(folder, signed, "smime").returncode != 0
    assert openssl(folder, signed, "cms").returncode != 0


def test_a_signature_is_der_with_sha_256_and_nothing_superfluous(folder: Folder) -> None:
    """DER as openssl would write it again; the S/MIME capabilities of a mail program have no place in a profile."""
    signed = folder.signer().sign(CONTENT)
    (folder.path / "signed").write_bytes(signed)
    shown = subprocess.run(
        ["openssl", "cms", "-cmsout", "-print", "-noout", "-inform", "der", "-in", "signed"],
        cwd=folder.path,
        capture_output=True,
        check=True,
    ).stdout
    again = subprocess.run(
        ["openssl", "cms", "-cmsout", "-outform", "der", "-inform", "der", "-in", "signed"],
        cwd=folder.path,
        capture_output=True,
        check=True,
    ).stdout
    assert again == signed
    assert b"sha256" in shown
    assert b"signingTime" in shown
    assert b"S/MIME Capabilities" not in shown


@pytest.mark.parametrize(
    ("certificate", "chain"),
    [
        (LEAF.pem, INTERMEDIATE.pem),
        (LEAF.pem + INTERMEDIATE.pem, INTERMEDIATE.pem),
        (LEAF.pem + INTERMEDIATE.pem, None),
        (LEAF.pem, INTERMEDIATE.pem + ROOT.pem),
        (LEAF.pem, ROOT.pem + INTERMEDIATE.pem),
        (LEAF.pem + LEAF.key_pem + INTERMEDIATE.pem, LEAF.pem + INTERMEDIATE.pem),
    ],
)
def test_the_chain_stands_in_one_file_or_two(folder: Folder, certificate: bytes, chain: bytes | None) -> None:
    """As certbot, acme.sh and haproxy leave them, in any order, twice or once."""
    folder.write(certificate, chain=chain)
    signed = folder.signer().sign(CONTENT)
    assert openssl(folder, signed, "cms").returncode == 0
    assert signed.count(LEAF.certificate.public_bytes(Encoding.DER)) == 1
    assert signed.count(INTERMEDIATE.certificate.public_bytes(Encoding.DER)) == 1


def encrypted(kind: PrivateFormat) -> bytes:
    """The leaf's key with a passphrase on it."""
    return LEAF.key.private_bytes(Encoding.PEM, kind, BestAvailableEncryption(b"secret"))


OTHER = issue("other.se", INTERMEDIATE)
ED25519 = issue("ed.se", INTERMEDIATE, "ed25519")
EXPIRED = issue("old.se", INTERMEDIATE, begin=TODAY - 90 * DAY, end=TODAY - DAY)
FUTURE = issue("new.se", INTERMEDIATE, begin=TODAY + DAY)
EXPIRED_CA = issue("Old CA", ROOT, ca=True, begin=TODAY - 90 * DAY, end=TODAY - DAY)
BY_EXPIRED = issue("kund.se", EXPIRED_CA)


@pytest.mark.parametrize(
    ("certificate", "key", "chain", "message"),
    [
        (b"", None, None, "cert.pem has no readable certificate; give a PEM file (-----BEGIN CERTIFICATE-----)"),
        (b"rubbish", None, None, "cert.pem has no readable certificate; give a PEM file (-----BEGIN CERTIFICATE-----)"),
        (LEAF.pem[:300], None, None, "cert.pem has no readable certificate; give a PEM file (-----BEGIN CERTIFICATE-----)"),
        (LEAF.key_pem, None, None, "cert.pem has no readable certificate; give a PEM file (-----BEGIN CERTIFICATE-----)"),
        (
            LEAF.certificate.public_bytes(Encoding.DER),
            None,
            None,
            "cert.pem has no readable certificate; give a PEM file (-----BEGIN CERTIFICATE-----)",
        ),
        (None, b"", None, "key.pem has no readable private key; give a PEM file (-----BEGIN PRIVATE KEY-----)"),
        (None, b"rubbish", None, "key.pem has no readable private key; give a PEM file (-----BEGIN PRIVATE KEY-----)"),
        (None, LEAF.key_pem[:100], None, "key.pem has no readable private key; give a PEM file (-----BEGIN PRIVATE KEY-----)"),
        (None, LEAF.pem, None, "key.pem has no readable private key; give a PEM file (-----BEGIN PRIVATE KEY-----)"),
        (
            None,
            encrypted(PrivateFormat.PKCS8),
            None,
            "the key in FOLDER/key.pem is encrypted; save it without a passphrase: openssl pkey -in FILE -out NEW_FILE",
        ),
        (
            None,
            encrypted(PrivateFormat.TraditionalOpenSSL),
            None,
            "the key in FOLDER/key.pem is encrypted; save it without a passphrase: openssl pkey -in FILE -out NEW_FILE",
        ),
        (
            ED25519.pem,
            ED25519.key_pem,
            None,
            "the key in FOLDER/key.pem is neither RSA nor EC; a profile can be signed with no other kind",
        ),
        (
            None,
            OTHER.key_pem,
            None,
            "the key in FOLDER/key.pem does not belong to the first certificate in FOLDER/cert.pem; name a pair that was made together",
        ),
        (
            INTERMEDIATE.pem + LEAF.pem,
            None,
            None,
            "the key in FOLDER/key.pem does not belong to the first certificate in FOLDER/cert.pem; name a pair that was made together",
        ),
        (
            EXPIRED.pem,
            EXPIRED.key_pem,
            None,
            f"cert.pem: the certificate CN=old.se expired on {TODAY - DAY:%Y-%m-%d}; renew it",
        ),
        (
            FUTURE.pem,
            FUTURE.key_pem,
            None,
            f"the certificate CN=new.se is not valid before {TODAY + DAY:%Y-%m-%d %H:%M}+00:00; wait, or set this machine's clock",
        ),
        (
            BY_EXPIRED.pem,
            BY_EXPIRED.key_pem,
            EXPIRED_CA.pem,
            f"chain.pem: the certificate CN=Old CA expired on {TODAY - DAY:%Y-%m-%d}; renew it",
        ),
        (
            LEAF.pem,
            None,
            ROOT.pem,
            "chain.pem: the certificate CN=Root does not belong to the chain of the first one; give its issuers, and nothing else",
        ),
        (
            LEAF.pem + INTERMEDIATE.pem + OTHER.pem,
            None,
            None,
            "cert.pem: the certificate CN=other.se does not belong to the chain of the first one; give its issuers, and nothing else",
        ),
        (None, None, b"rubbish", "chain.pem has no readable certificate; give a PEM file (-----BEGIN CERTIFICATE-----)"),
    ],
    ids=lambda _: "",  # keys are made anew at every start, and tests are known by their names
)
def test_what_cannot_sign_is_refused_at_start(
    folder: Folder, certificate: bytes | None, key: bytes | None, chain: bytes | None, message: str
) -> None:
    """One line that names the file and says what to do."""
    folder.write(certificate, key, chain)
    with pytest.raises(ConfigError) as caught:
        folder.signer()
    # Long paths are clipped, so only the end of a message that begins with one is sure.
    assert str(caught.value).endswith(message) or str(caught.value) == message.replace("FOLDER", str(folder.path))


@pytest.mark.parametrize("name", ["cert.pem", "key.pem", "chain.pem"])
def test_a_missing_or_unreadable_file_is_named(folder: Folder, name: str) -> None:
    """Not there, or a folder."""
    folder.write(chain=INTERMEDIATE.pem)
    path = folder.path / name
    path.unlink()
    paths = (folder.path / "cert.pem", folder.path / "key.pem", folder.path / "chain.pem")
    with pytest.raises(ConfigError, match=f"{name} cannot be read: No such file or directory"):
        Signer(*paths)
    path.mkdir()
    with pytest.raises(ConfigError, match=f"{name} cannot be read: Is a directory"):
        Signer(*paths)


def test_the_configuration_names_both_files_or_none(folder: Folder) -> None:
    """A half is a mistake, and nothing is nothing."""
    cert, key = folder.path / "cert.pem", folder.path / "key.pem"
    assert from_config(Config(folder.path, "sqlite://")) is None
    signer = from_config(Config(folder.path, "sqlite://", sign_cert=cert, sign_key=key))
    assert signer is not None
    assert unwrap(signer.sign(CONTENT)) == CONTENT
    for half, missing in (({"sign_cert": cert}, "sign_key"), ({"sign_key": key}, "sign_cert"), ({"sign_chain": cert}, "sign_cert")):
        with pytest.raises(ConfigError, match=f"{missing} is missing: a signature needs both sign_cert and sign_key"):
            from_config(Config(folder.path, "sqlite://", **half))


def test_a_renewed_certificate_is_picked_up(folder: Folder) -> None:
    """Within a second, without a restart, and it says so."""
    signer = folder.signer()
    assert signed_with(signer.sign(CONTENT), LEAF)
    folder.write(OTHER.pem + INTERMEDIATE.pem, OTHER.key_pem)
    assert signed_with(signer.sign(CONTENT), LEAF), "asked again too soon"
    folder.clock.go(LOOK_AGAIN)
    assert signed_with(signer.sign(CONTENT), OTHER)


def test_a_renewal_behind_symbolic_links_is_picked_up(folder: Folder) -> None:
    """Certbot keeps its files in archive/ and points to them from live/."""
    for number, party in enumerate((LEAF, OTHER)):
        (folder.path / f"cert{number}.pem").write_bytes(party.pem + INTERMEDIATE.pem)
        (folder.path / f"key{number}.pem").write_bytes(party.key_pem)
        os.utime(folder.path / f"cert{number}.pem", (1, 1))
    for name in ("cert", "key"):
        (folder.path / f"{name}.pem").unlink()
        (folder.path / f"{name}.pem").symlink_to(f"{name}0.pem")
    signer = folder.signer()
    assert signed_with(signer.sign(CONTENT), LEAF)
    for name in ("cert", "key"):
        (folder.path / "new").symlink_to(f"{name}1.pem")
        (folder.path / "new").rename(folder.path / f"{name}.pem")
    folder.clock.go(LOOK_AGAIN)
    assert signed_with(signer.sign(CONTENT), OTHER)


@pytest.mark.parametrize("half", [OTHER.pem, OTHER.pem[:200], b"", EXPIRED.pem, None])
def test_a_half_written_renewal_leaves_the_old_certificate_in_use(
    folder: Folder, half: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Certificate and key are two files: between the two writes they do not fit, and one line says that the old one stays."""
    signer = folder.signer()
    if half is None:
        (folder.path / "cert.pem").unlink()
    folder.write(half)
    for _ in range(3):
        folder.clock.go(LOOK_AGAIN)
        assert signed_with(signer.sign(CONTENT), LEAF)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "stays the old one" in caplog.text
    folder.write(OTHER.pem + INTERMEDIATE.pem, OTHER.key_pem)
    folder.clock.go(LOOK_AGAIN)
    assert signed_with(signer.sign(CONTENT), OTHER)


def test_a_certificate_that_is_not_valid_yet_is_tried_again(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    """Some authorities date a certificate a little ahead of our clock; nothing on disk changes when its time comes."""
    signer = folder.signer()
    soon = issue("soon.se", INTERMEDIATE, begin=TODAY + 3 * TRY_AGAIN)
    folder.write(soon.pem + INTERMEDIATE.pem, soon.key_pem)
    folder.clock.go(LOOK_AGAIN)
    assert signed_with(signer.sign(CONTENT), LEAF)
    for _ in range(4):
        folder.clock.go(TRY_AGAIN)
        signed = signer.sign(CONTENT)
    assert signed_with(signed, soon)
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1


def test_an_expired_certificate_signs_no_more_until_it_is_renewed(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    """Devices show a signature of an expired certificate as none, so the profile goes out as it is; the log says so once."""
    signer = folder.signer()
    folder.clock.now = LEAF.certificate.not_valid_after_utc
    assert unwrap(signer.sign(CONTENT)) == CONTENT != signer.sign(CONTENT)
    for _ in range(3):
        folder.clock.go(LOOK_AGAIN)
        assert signer.sign(CONTENT) == CONTENT
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    fresh = issue("fresh.se", INTERMEDIATE, begin=TODAY, end=TODAY + 95 * DAY)
    folder.write(fresh.pem, fresh.key_pem)
    folder.clock.go(LOOK_AGAIN)
    assert signed_with(signer.sign(CONTENT), fresh)


def test_an_expired_intermediate_ends_the_signature_too(folder: Folder) -> None:
    """A chain is worth as much as its first broken link."""
    intermediate = issue("Short", ROOT, ca=True, end=TODAY + DAY)
    leaf = issue("kund.se", intermediate)
    folder.write(leaf.pem + intermediate.pem, leaf.key_pem)
    signer = folder.signer()
    assert signer.sign(CONTENT) != CONTENT
    folder.clock.go(2 * DAY)
    assert signer.sign(CONTENT) == CONTENT


def test_a_clock_that_is_set_back_does_not_stop_the_looking(folder: Folder) -> None:
    """An hour that is lived twice."""
    folder.clock.go(timedelta(hours=1))
    signer = folder.signer()
    folder.clock.go(-timedelta(hours=1))
    folder.write(OTHER.pem, OTHER.key_pem)
    assert signed_with(signer.sign(CONTENT), OTHER)


@pytest.mark.parametrize("content", [EXPIRED.pem, b"rubbish", None])
def test_who_starts_later_without_a_good_certificate_signs_nothing_until_there_is_one(
    folder: Folder, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker that takes the place of another: one line in the log, and the renewal is picked up without a restart."""
    folder.write(content, EXPIRED.key_pem)
    if content is None:
        (folder.path / "cert.pem").unlink()
    signer = folder.signer(strict=False)
    for _ in range(3):
        folder.clock.go(TRY_AGAIN)
        assert signer.sign(CONTENT) == CONTENT
    (record,) = caplog.records
    assert (record.levelname, record.getMessage().endswith("; profiles are handed out unsigned until then")) == ("ERROR", True)
    assert "cert.pem" in record.getMessage()
    folder.write(OTHER.pem + INTERMEDIATE.pem, OTHER.key_pem)
    folder.clock.go(LOOK_AGAIN)
    assert signed_with(signer.sign(CONTENT), OTHER)


def test_who_starts_later_with_a_good_certificate_signs(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    """And says nothing of it above the level of news."""
    assert signed_with(folder.signer(strict=False).sign(CONTENT), LEAF)
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def test_half_a_configuration_is_a_mistake_at_any_time(folder: Folder) -> None:
    """No file on disk will mend it."""
    with pytest.raises(ConfigError, match="sign_key is missing"):
        from_config(Config(folder.path, "sqlite://", sign_cert=folder.path / "cert.pem"), strict=False)


def test_threads_sign_while_the_certificate_is_renewed(folder: Folder) -> None:
    """Each signature is whole, by the old certificate or the new."""
    signer = folder.signer()
    failures: list[object] = []
    results: list[bytes] = []

    def work() -> None:
        try:
            for _ in range(40):
                folder.clock.now += LOOK_AGAIN
                results.append(signer.sign(CONTENT))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        folder.write(OTHER.pem, OTHER.key_pem)
        folder.write(LEAF.pem, LEAF.key_pem)
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(results) == 320
    assert all(unwrap(signed) == CONTENT and signed_with(signed, LEAF) != signed_with(signed, OTHER) for signed in results)
    folder.clock.go(TRY_AGAIN)
    assert signed_with(signer.sign(CONTENT), LEAF)


@pytest.mark.parametrize("options", [[], ["-stream", "-indef"]])
@pytest.mark.parametrize("size", [1, 200_000])
def test_what_others_signed_is_unwrapped(folder: Folder, options: list[str], size: int) -> None:
    """In DER, and in the BER of programs that do not know a length beforehand."""
    content = os.urandom(size)
    (folder.path / "content").write_bytes(content)
    signing = ["-sign", "-nodetach", "-binary", "-signer", "cert.pem", "-inkey", "key.pem", "-outform", "der"]
    signed = subprocess.run(
        ["openssl", "smime", *signing, *options, "-in", "content"], cwd=folder.path, capture_output=True, check=True
    ).stdout
    assert signed.startswith(b"\x30\x80") is bool(options)
    assert unwrap(signed) == content


def test_what_is_not_signed_stays_as_it_is() -> None:
    """An XML property list never begins as a signature does."""
    assert unwrap(b"<?xml") == b"<?xml"
    assert unwrap(b"") == b""


def test_a_detached_signature_holds_no_profile(folder: Folder) -> None:
    """It belongs to a file that is somewhere else."""
    (folder.path / "content").write_bytes(CONTENT)
    signing = ["-sign", "-binary", "-signer", "cert.pem", "-inkey", "key.pem", "-outform", "der", "-in", "content"]
    signed = subprocess.run(["openssl", "smime", *signing], cwd=folder.path, capture_output=True, check=True).stdout
    with pytest.raises(DocumentError, match="stands alone"):
        unwrap(signed)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x30", "neither a property list nor a CMS signature"),
        (b"\x30\x00", "neither a property list nor a CMS signature"),
        (b"\x30\x80" * 50_000, "neither a property list nor a CMS signature"),
        (b"\x30\x80" + b"\x05\x00" * 500_000, "neither a property list nor a CMS signature"),
        (b"\x30\x84\xff\xff\xff\xff", "neither a property list nor a CMS signature"),
        (b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", "neither a property list nor a CMS signature"),
        (b"\x30\x0f\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0\x02\x30\x00", "not a signed one"),
        (b"\x30" * 2_000_000, "larger than 1048576 bytes"),
    ],
)
def test_what_only_looks_signed_is_refused(data: bytes, message: str) -> None:
    """Quickly, whatever it says about its lengths."""
    with pytest.raises(DocumentError, match=message):
        unwrap(data)


SIGNED = bytes.fromhex(
    "3080 06092a864886f70d010702 a080 3080 020101 3100 3080 06092a864886f70d010701 a080 2480 040161 0000 0000 0000 0000 0000 0000"
)


@given(st.binary(max_size=20), st.integers(0, len(SIGNED)), st.integers(0, 20))
def test_a_damaged_signature_never_surprises_us(noise: bytes, at: int, length: int) -> None:
    """Content or DocumentError."""
    assert unwrap(SIGNED) == b"a"
    try:
        assert isinstance(unwrap(SIGNED[:at] + noise + SIGNED[at + length :]), bytes)
    except DocumentError as error:
        assert "\n" not in str(error)  # noqa: PT017  # either is right

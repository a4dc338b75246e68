"""SASL with a password (RFC 4422): what a client says in each mechanism, and whether the server has proven that it knows it too.

SCRAM (RFC 5802, RFC 7677), CRAM-MD5 (RFC 2195), PLAIN (RFC 4616) and LOGIN, which no standard has. Bytes go in, bytes come out; base64
and the protocol around it are the asker's. Opens nothing, and knows no server.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import stringprep
import unicodedata
from collections.abc import Callable, Collection, Generator

from autoconfig.network.secret import Credentials, octets

SCRAM = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-1": "sha1"}
# The strongest first. Over TLS all are safe on the way; the first ones do not even give the password to the server.
MECHANISMS = (*SCRAM, "CRAM-MD5", "PLAIN", "LOGIN")
_SERVER_FIRST = ("CRAM-MD5", "LOGIN")

_MAX_ITERATIONS = 1_000_000  # half a second's work
_MAX_CHALLENGE = 4096  # bytes

_Talk = Generator[bytes, bytes, None]


class MechanismFailed(Exception):
    """The server does not keep to the mechanism, or is not who knows the password."""


def strongest(offered: Collection[str]) -> str | None:
    """Return the strongest mechanism of *offered* that we know, None where there is none."""
    return next((name for name in MECHANISMS if name in offered), None)


class Exchange:
    """One login by *mechanism*, step by step."""

    def __init__(self, mechanism: str, who: Credentials, nonce: Callable[[], str] = lambda: secrets.token_urlsafe(24)) -> None:
        self.client_first = mechanism not in _SERVER_FIRST
        self.settled = mechanism not in SCRAM  # whether the server may say that all is well
        talks: dict[str, Callable[[], _Talk]] = {"PLAIN": lambda: _plain(who), "LOGIN": lambda: _login(who), "CRAM-MD5": lambda: _cram(who)}
        self._talk = talks[mechanism]() if mechanism in talks else self._scram(SCRAM[mechanism], who, nonce())
        self._first = next(self._talk)

    @property
    def initial(self) -> bytes:
        """What a client that speaks first says."""
        return self._first

    def respond(self, challenge: bytes) -> bytes:
        """Return the answer to *challenge*; raises MechanismFailed."""
        if len(challenge) > _MAX_CHALLENGE:
            raise MechanismFailed
        try:
            return self._talk.send(challenge)
        except StopIteration:  # there is nothing more to say
            raise MechanismFailed from None

    def _scram(self, digest: str, who: Credentials, nonce: str) -> _Talk:
        # RFC 5802, 5: gs2-header "n,," is no channel binding; saslname has "=2C" for "," and "=3D" for "="
        first = f"n={prepared(who.username).replace('=', '=3D').replace(',', '=2C')},r={nonce}"
        server_first = yield octets(f"n,,{first}")
        both, salt, iterations = _server_first(server_first, nonce)
        final = f"c=biws,r={both}"
        salted = hashlib.pbkdf2_hmac(digest, octets(prepared(who.password.reveal())), salt, iterations)
        signed = octets(first) + b"," + server_first + b"," + octets(final)
        client_key = hmac.digest(salted, b"Client Key", digest)
        signature = hmac.digest(hashlib.new(digest, client_key).digest(), signed, digest)
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        server_final = yield octets(final) + b",p=" + base64.b64encode(proof)
        proven = base64.b64encode(hmac.digest(hmac.digest(salted, b"Server Key", digest), signed, digest))
        verifier = server_final.split(b",")[0]
        if verifier.startswith(b"e="):  # RFC 5802, 7: the server's own word that it refuses, which the protocol says again
            yield b""
            return
        if not hmac.compare_digest(verifier, b"v=" + proven):
            raise MechanismFailed
        self.settled = True
        yield b""


def _plain(who: Credentials) -> _Talk:
    yield b"\0" + octets(who.username) + b"\0" + octets(who.password.reveal())


def _login(who: Credentials) -> _Talk:
    # draft-murchison-sasl-login, 2: the challenges are to be ignored, their order counts
    yield b""
    yield octets(who.username)
    yield octets(who.password.reveal())


def _cram(who: Credentials) -> _Talk:
    challenge = yield b""
    if not challenge:
        raise MechanismFailed
    yield octets(who.username) + b" " + hmac.new(octets(who.password.reveal()), challenge, "md5").hexdigest().encode()


def _server_first(message: bytes, nonce: str) -> tuple[str, bytes, int]:
    """Read RFC 5802's server-first-message: the nonce of both, the salt, and the number of iterations."""
    try:
        fields = [(name, value) for name, _, value in (field.partition("=") for field in message.decode("ascii").split(","))]
        (r, both), (s, salt), (i, count) = fields[:3]
        iterations = int(count) if len(count) <= 7 and count.isdigit() else 0
        found = base64.b64decode(salt, validate=True)
    except (ValueError, binascii.Error):
        raise MechanismFailed from None
    # RFC 5802, 5.1: a nonce of the server's own is appended to ours, or somebody says again what was said another time.
    if (r, s, i) != ("r", "s", "i") or not both.startswith(nonce) or both == nonce or not found:
        raise MechanismFailed
    if not 0 < iterations <= _MAX_ITERATIONS:
        raise MechanismFailed
    return both, found, iterations


def prepared(text: str) -> str:
    """Return *text* by SASLprep (RFC 4013), as it is where that forbids it: then only what is equal byte by byte is equal."""
    mapped = "".join(" " if stringprep.in_table_c12(c) else c for c in text if not stringprep.in_table_b1(c))
    normal = unicodedata.normalize("NFKC", mapped)
    return text if not normal or any(map(_is_prohibited, normal)) or not _one_direction(normal) else normal


def _is_prohibited(c: str) -> bool:
    # RFC 4013, 2.3
    tables = (
        stringprep.in_table_c12,
        stringprep.in_table_c21_c22,
        stringprep.in_table_c3,
        stringprep.in_table_c4,
        stringprep.in_table_c5,
        stringprep.in_table_c6,
        stringprep.in_table_c7,
        stringprep.in_table_c8,
        stringprep.in_table_c9,
    )
    return any(table(c) for table in tables)


def _one_direction(text: str) -> bool:
    # RFC 3454, 6: who writes from right to left begins and ends so, with nothing from left to right between
    if not any(map(stringprep.in_table_d1, text)):
        return True
    return stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1]) and not any(map(stringprep.in_table_d2, text))

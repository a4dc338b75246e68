"""What is wrong in a configuration profile by Apple's own schema (TopLevel, com.apple.mail.managed, com.apple.caldav and carddav).

A signature is taken off and not looked at. Property lists keep no lines, so expat is asked for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from xml.parsers import expat

from autoconfig.errors import DocumentError
from autoconfig.formats import apple
from autoconfig.formats.apple import CalDAVPayload, CardDAVPayload, MailPayload, Payload, Profile
from autoconfig.lint.problem import MOST, Problem
from autoconfig.lint.values import fits, is_host, misfit
from autoconfig.model import TLSMode

_SIGNED = b"\x30"  # ASN.1, SEQUENCE
_BEGIN, _END = b"<?xml", b"</plist>"
_UUID = re.compile(r"[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12}\Z", re.IGNORECASE)

_REQUIRED = ("PayloadType", "PayloadVersion", "PayloadIdentifier", "PayloadUUID")
_REQUIRED_OF: Mapping[type[Payload], tuple[str, ...]] = {
    Profile: _REQUIRED,
    MailPayload: (
        *_REQUIRED,
        *("EmailAccountType", "IncomingMailServerHostName", "OutgoingMailServerHostName"),
        *("IncomingMailServerAuthentication", "OutgoingMailServerAuthentication"),
    ),
    CalDAVPayload: (*_REQUIRED, "CalDAVHostName"),
    CardDAVPayload: (*_REQUIRED, "CardDAVHostName"),
}
_PASSWORDS = ("IncomingPassword", "OutgoingPassword", "CalDAVPassword", "CardDAVPassword")
_ANY = ("PayloadRemovalDisallowed", "ConsentText", "RemovalDate", "DurationUntilRemoval", "PayloadScope", "PayloadExpirationDate")
_MORE: Mapping[type[Payload], tuple[str, ...]] = {
    MailPayload: (
        *("IncomingMailServerIMAPPathPrefix", "PreventMove", "PreventAppSheet", "disableMailRecentsSyncing", "allowMailDrop", "VPNUUID"),
        *("SMIMEEnabled", "SMIMESigningEnabled", "SMIMESigningCertificateUUID", "SMIMEEncryptionEnabled", "SMIMEEncryptByDefault"),
        *("SMIMEEncryptionCertificateUUID", "SMIMEEnablePerMessageSwitch", "SMIMEEnableEncryptionPerMessageSwitch"),
        *("SMIMESigningUserOverrideable", "SMIMESigningCertificateUUIDUserOverrideable", "SMIMEEncryptByDefaultUserOverrideable"),
        *("SMIMEEncryptionCertificateUUIDUserOverrideable",),
    ),
    CalDAVPayload: ("VPNUUID",),
    CardDAVPayload: ("VPNUUID", "CommunicationServiceRules"),
}
_TYPES = {"EmailTypeIMAP": "imap", "EmailTypePOP": "pop3"}
_AUTHENTICATIONS = ("EmailAuthNone", "EmailAuthPassword", "EmailAuthCRAMMD5", "EmailAuthNTLM", "EmailAuthHTTPMD5")
_ENCRYPTED = "EncryptedPayloadContent"
_SIDES = (("Incoming", "incoming"), ("Outgoing", "outgoing"))

Place = tuple[str | int, ...]
_Lines = Mapping[Place, int]


def unsigned(data: bytes) -> bytes:
    """Return the profile in a signature, or *data* where there is none."""
    begin, end = data.find(_BEGIN), data.rfind(_END)
    return data[begin : end + len(_END)] if data.startswith(_SIGNED) and 0 <= begin < end else data


def is_encrypted(data: bytes) -> bool:
    """Tell whether what matters in the profile can be read by one device alone."""
    return f"<key>{_ENCRYPTED}</key>".encode() in data


def check(data: bytes, plain: bytes) -> Iterator[Problem]:
    """Yield what is wrong in *data*; *plain* is not needed."""
    data = unsigned(data)
    try:
        profile = apple.parse(data)
    except DocumentError as error:
        yield Problem("PROFILE_BROKEN", error.line or 1, {"reason": str(error.values.get("reason", error))}, fatal=True)
        return
    lines = _lines(data)
    yield from _check_payload(profile, (), lines)
    if _ENCRYPTED in profile.others:
        return
    if not any(isinstance(payload, MailPayload) for payload in profile.content):
        yield Problem("PROFILE_WITHOUT_MAIL", _line(lines, ("PayloadContent",)), about="content")
    yield from _check_twice(profile, lines)
    for number, payload in enumerate(profile.content):
        place: Place = ("PayloadContent", number)
        yield from _check_payload(payload, place, lines)
        if isinstance(payload, MailPayload):
            yield from _check_mail(payload, place, lines)


def _check_payload(payload: Payload, place: Place, lines: _Lines) -> Iterator[Problem]:
    known = {part.metadata["key"]: part.name for part in fields(payload) if "key" in part.metadata}
    required = _REQUIRED_OF.get(type(payload), ())
    for key, field in known.items():
        value = getattr(payload, field)
        # What is of another type is among the others.
        if key in payload.others or (key in required and value in (None, "")) or (key == "PayloadVersion" and value not in (None, 1)):
            yield _of(key, Problem("PROFILE_KEY_MISSING", _line(lines, (*place, key)), {"key": key}), place)
    if payload.uuid and not _UUID.match(payload.uuid):
        yield _of("PayloadUUID", Problem("PROFILE_UUID", _line(lines, (*place, "PayloadUUID")), {"value": payload.uuid}), place)
    more = _MORE.get(type(payload))
    for key in list(payload.others)[:MOST]:
        line = _line(lines, (*place, key))
        if key in _PASSWORDS:
            yield _of(key, Problem("PROFILE_PASSWORD", line, {"key": key}), place)
        elif more is not None and key not in (*known, *more, *_ANY):
            yield _of(key, Problem("PROFILE_KEY_UNKNOWN", line, {"key": key}), place)


def _check_twice(profile: Profile, lines: _Lines) -> Iterator[Problem]:
    every: list[tuple[Payload, Place]] = [(profile, ()), *((one, ("PayloadContent", n)) for n, one in enumerate(profile.content))]
    for key, field in (("PayloadIdentifier", "identifier"), ("PayloadUUID", "uuid")):
        seen: set[str] = set()
        for payload, place in every:
            value = getattr(payload, field)
            if value and value.upper() in seen:
                yield _of(key, Problem("PROFILE_ID_TWICE", _line(lines, (*place, key)), {"key": key}), place)
            seen.add((value or "").upper())


def _check_mail(mail: MailPayload, place: Place, lines: _Lines) -> Iterator[Problem]:
    def told(code: str, at: str, **args: str | int) -> Problem:
        return _of(at, Problem(code, _line(lines, (*place, at)), args), place)

    if mail.account_type and mail.account_type not in _TYPES:
        yield told("PROFILE_WORD", "EmailAccountType", key="EmailAccountType", value=mail.account_type, known=", ".join(_TYPES))
    protocols = {"incoming": _TYPES.get(mail.account_type or "", ""), "outgoing": "smtp"}
    for side, field in _SIDES:
        key = f"{side}MailServer"
        host, port, ssl, authentication = (getattr(mail, f"{field}_{name}") for name in ("host", "port", "ssl", "authentication"))
        if host and not is_host(host):
            yield told("HOST_NOT_A_NAME", f"{key}HostName", host=host)
        if authentication and authentication not in _AUTHENTICATIONS:
            name = f"{key}Authentication"
            yield told("PROFILE_WORD", name, key=name, value=authentication, known=", ".join(_AUTHENTICATIONS))
        if port is not None and not 0 < port < 65536:
            yield told("PORT_INVALID", f"{key}PortNumber", value=str(port))
        if not ssl and f"{key}UseSSL" not in mail.others:  # off where it is absent
            yield told("SERVER_PLAIN", f"{key}UseSSL", host=host or "")
        elif port is not None and 0 < port < 65536 and protocols[field] and not _fits(protocols[field], port):
            yield told("PORT_MISFIT", f"{key}PortNumber", **misfit(protocols[field], port, TLSMode.IMPLICIT))


def _fits(protocol: str, port: int) -> bool:
    """Tell whether *port* is one for TLS of either kind: Apple does not tell them apart."""
    return fits(protocol, port, TLSMode.IMPLICIT) or fits(protocol, port, TLSMode.STARTTLS)


def _of(key: str, problem: Problem, place: Place) -> Problem:
    number = place[1] if len(place) > 1 else None
    return Problem(problem.code, problem.line, problem.args, place=number if isinstance(number, int) else None, about=key)


def _line(lines: _Lines, place: Place) -> int | None:
    """Return the line of *place*, or of what it is in."""
    while place not in lines and place:
        place = place[:-1]
    return lines.get(place)


class _Places:
    """Where each key and each item of a property list begins."""

    def __init__(self) -> None:
        self.lines: dict[Place, int] = {}
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._path: list[str | int | None] = []  # for each open container, the key or number that it is at; None is a dict before its first
        self._key: list[str] | None = None

    def _start(self, name: str, _: Mapping[str, str]) -> None:
        if name == "plist":
            return
        if name == "key":
            self._key = []
            return
        if self._path and isinstance(self._path[-1], int):
            self._path[-1] += 1
        place = tuple(part for part in self._path if part is not None)
        self.lines.setdefault(place, self.parser.CurrentLineNumber)
        if name in ("dict", "array"):
            self._path.append(None if name == "dict" else -1)

    def _text(self, text: str) -> None:
        if self._key is not None:
            self._key.append(text)

    def _end(self, name: str) -> None:
        if name == "key" and self._key is not None and self._path:
            self._path[-1] = "".join(self._key)
            self._key = None
        elif name in ("dict", "array") and self._path:
            self._path.pop()


def _lines(data: bytes) -> _Lines:
    places = _Places()
    try:
        places.parser.Parse(data, True)
    except expat.ExpatError:  # plistlib reads with expat as well, so that this does not happen
        return {}
    return places.lines

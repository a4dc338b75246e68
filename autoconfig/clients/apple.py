"""Mail on iPhone, iPad and Mac: looks for nothing at a provider that is not built in, but takes a configuration profile.

What is claimed by people who looked into macOS 15.5: no SRV records, no autoconfig, no Autodiscover for IMAP and POP. A profile has to be
fetched and approved by hand, so that one that is there is the best end there is. Its keys are those of Apple's schema (iOS 18.1).
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from autoconfig.clients.ending import ending
from autoconfig.clients.outcome import Choice, Client, Confidence, Effect, Note, Outcome, Reading, Result, Typed
from autoconfig.clients.trail import Trail
from autoconfig.errors import DocumentError
from autoconfig.formats import apple
from autoconfig.model import TLSMode
from autoconfig.observations import World

# --- its dialect -------------------------------------------------------------------------------------------------------------------

_ACCOUNT_TYPES = {"EmailTypeIMAP": "imap", "EmailTypePOP": "pop3"}
_IMPLICIT_PORTS = (993, 995, 465)
_REQUIRED = {
    "EmailAccountType": "account_type",
    "IncomingMailServerHostName": "incoming_host",
    "OutgoingMailServerHostName": "outgoing_host",
    "IncomingMailServerAuthentication": "incoming_authentication",
    "OutgoingMailServerAuthentication": "outgoing_authentication",
}
_SIGNED = b"\x30"  # ASN.1, SEQUENCE: a CMS signature around the profile
_BEGIN, _END = b"<?xml", b"</plist>"

_PLACE = "https://autoconfig.{}/email.mobileconfig?emailaddress={}"  # where this service has it; there is no place that all agree on
_PATIENCE = 60_000.0

# --- reading -----------------------------------------------------------------------------------------------------------------------


def read(data: bytes) -> Reading:
    """Return the servers of the first mail account; a signature is taken off and not looked at."""
    try:
        profile = apple.parse(_unsigned(data))
    except DocumentError as error:
        reason = str(error.values.get("reason", error))
        return Reading(accepted=False, notes=(Note("PROFILE_BROKEN", Effect.REJECTS, error.line, {"reason": reason}),))
    mail = next((payload for payload in profile.content if isinstance(payload, apple.MailPayload)), None)
    if mail is None:
        return Reading(accepted=False, notes=(Note("PROFILE_WITHOUT_MAIL", Effect.REJECTS),))
    missing = [key for key, field in _REQUIRED.items() if not getattr(mail, field)]
    if not missing and mail.account_type not in _ACCOUNT_TYPES:
        missing = ["EmailAccountType"]
    if missing:
        return Reading(accepted=False, notes=tuple(Note("PROFILE_KEY_MISSING", Effect.REJECTS, args={"key": key}) for key in missing))
    protocol, incoming, outgoing = _ACCOUNT_TYPES[mail.account_type or ""], mail.incoming_host or "", mail.outgoing_host or ""
    return Reading(
        (Choice(protocol, incoming, mail.incoming_port, _tls(mail.incoming_ssl, mail.incoming_port), mail.incoming_username),),
        (Choice("smtp", outgoing, mail.outgoing_port, _tls(mail.outgoing_ssl, mail.outgoing_port), mail.outgoing_username),),
    )


def _unsigned(data: bytes) -> bytes:
    begin, end = data.find(_BEGIN), data.rfind(_END)
    return data[begin : end + len(_END)] if data.startswith(_SIGNED) and 0 <= begin < end else data


def _tls(ssl: bool | None, port: int | None) -> TLSMode | None:
    """Return what UseSSL means on *port*: where TLS does not begin at once, the device finds out by itself."""
    if not ssl:  # off where it is absent
        return TLSMode.NONE
    return TLSMode.IMPLICIT if port in _IMPLICIT_PORTS else None


# --- searching ---------------------------------------------------------------------------------------------------------------------


async def discover(typed: Typed, world: World) -> Outcome:
    """Look whether there is a profile to be fetched by hand."""
    if typed.address is None:
        return Outcome(Result.MANUAL, why="PROFILE_ONLY")
    trail = Trail(world)
    url = _PLACE.format(typed.address.domain.ascii, quote(typed.address.ascii, safe=""))
    answer = await trail.fetch(url, patience=_PATIENCE)
    reading = read(answer.body) if answer.status == 200 else Reading(accepted=False)
    outcome = ending(reading.incoming, reading.outgoing, via=url, source="profile", steps=trail.steps, notes=reading.notes)
    if not reading.accepted:
        return replace(outcome, via=None, source=None, why=reading.notes[0].rule if reading.notes else "PROFILE_ONLY")
    return replace(outcome, result=Result.PROMPT, why="PROFILE_ONLY", args={}) if outcome.result is Result.AUTOMATIC else outcome


CLIENT = Client("apple", "Apple Mail", Confidence.CLAIMED, discover, {"apple": read})

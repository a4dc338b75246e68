"""Classic Outlook for Windows: Autodiscover in plain old XML, one place after the other.

As Microsoft documents it (MS-OXDSCLI; "Autodiscover service in Exchange"; article 2480582 for the question about redirects). Left out are
what needs a company's own network or registry (the service connection point, a local file), and Microsoft 365, which it asks first and
which knows its own customers only. Where the documents say nothing, the plainest reading is taken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from autoconfig.address import EmailAddress
from autoconfig.clients.ending import ending
from autoconfig.clients.outcome import Choice, Client, Confidence, Effect, Note, Outcome, Reading, Result, Typed
from autoconfig.clients.srv import records
from autoconfig.clients.trail import Answer, Trail, follows_none
from autoconfig.errors import AddressError, DocumentError
from autoconfig.formats import outlook
from autoconfig.formats.wire import Value
from autoconfig.formats.xml import without_illegal
from autoconfig.model import TLSMode
from autoconfig.observations import Response, World

# --- its dialect -------------------------------------------------------------------------------------------------------------------

_PROTOCOLS = {"IMAP": "imap", "POP3": "pop3", "SMTP": "smtp"}
# Encryption goes over SSL, and its "TLS" is STARTTLS; with "Auto" the program finds it out.
_ENCRYPTIONS = {"none": TLSMode.NONE, "ssl": TLSMode.IMPLICIT, "tls": TLSMode.STARTTLS, "auto": None}
_SSL = {"on": TLSMode.IMPLICIT, "off": TLSMode.NONE}
_PORT = re.compile(r"[0-9]{1,5}\Z", re.ASCII)

_PATH = "/autodiscover/autodiscover.xml"
_PLACES = ("https://{}" + _PATH, "https://autodiscover.{}" + _PATH)
_REDIRECTOR = "http://autodiscover.{}" + _PATH  # asked with GET, for nothing but a redirect to https
_SRV = "_autodiscover._tcp.{}"
_HEADERS = (("Content-Type", "text/xml; charset=utf-8"),)
_PATIENCE = 30_000.0  # WinHTTP's own
_MOST_REDIRECTS = 10

# --- reading -----------------------------------------------------------------------------------------------------------------------


def read(data: bytes) -> Reading:
    """Return the servers of the first account of the type email, each kind in the order of the document; or where it sends."""
    try:
        response = outlook.parse(data).response
    except DocumentError as error:
        return _refused("XML_BROKEN", error.line, reason=str(error.values.get("reason", error)))
    if response is None:
        return _refused("ACCOUNT_MISSING")
    account = next((one for one in response.accounts if _word(one.account_type) == "email"), None)
    refusal = response.error or (account.error if account else None)
    if refusal is not None:
        code = refusal.error_code or Value("?")
        return _refused("ANSWER_IS_ERROR", code.line, code=code.text.strip())
    if account is None:
        return _refused("ACCOUNT_MISSING")
    match _word(account.action):
        case "redirectaddr" if account.redirect_addr:
            return Reading(redirect=account.redirect_addr.text.strip())
        case "redirecturl" if account.redirect_url:
            return Reading(redirect=account.redirect_url.text.strip())
        case "settings":
            notes: list[Note] = []
            found = [choice for protocol in account.protocols if (choice := _server(protocol, notes))]
            incoming = tuple(choice for choice in found if choice.protocol != "smtp")
            outgoing = tuple(choice for choice in found if choice.protocol == "smtp")
            if found:
                return Reading(incoming, outgoing, notes=tuple(notes))
    return _refused("ACCOUNT_MISSING")


def _server(protocol: outlook.Protocol, notes: list[Note]) -> Choice | None:
    line = protocol.type.line if protocol.type else None
    kind, host = _PROTOCOLS.get(_text(protocol.type).upper()), _text(protocol.server)
    if kind is None:
        return None  # Exchange's own, which a mail host does not have
    if not host:
        notes.append(_note("HOSTNAME_MISSING", Effect.SKIPS, line))
        return None
    port = _text(protocol.port)
    if port and not _PORT.match(port):
        notes.append(_note("PORT_INVALID", Effect.SKIPS, line, value=port))
        return None
    if protocol.spa is None:
        notes.append(_note("SPA_MISSING", Effect.MISREADS, line))
    # MS-OXDSCLI: without SSL it is on.
    words = (("Encryption", protocol.encryption, _ENCRYPTIONS), ("SSL", protocol.ssl, _SSL))
    tls: TLSMode | None = TLSMode.IMPLICIT
    for element, value, known in words:
        if value is None:
            continue
        if _word(value) in known:
            tls = known[_word(value)]
            break
        notes.append(_note("WORD_UNKNOWN", Effect.MISREADS, value.line, element=element, value=value.text))
    return Choice(kind, host, int(port) if port else None, tls, _text(protocol.login_name) or None, line)


def filled(choice: Choice, address: str) -> Choice:
    """Return *choice* with a user name: without LoginName it is the address."""
    return replace(choice, username=choice.username or address)


def _refused(rule: str, line: int | None = None, **args: str | int) -> Reading:
    return Reading(accepted=False, notes=(_note(rule, Effect.REJECTS, line, **args),))


def _note(rule: str, effect: Effect, line: int | None, **args: str | int) -> Note:
    return Note(rule, effect, line, args)


def _text(value: Value | None) -> str:
    return "" if value is None else value.text.strip()


def _word(value: Value | None) -> str:
    return _text(value).lower()


# --- searching ---------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Search:
    """One search on its way."""

    trail: Trail
    now: float = 0.0
    left: int = _MOST_REDIRECTS
    asks_password: bool = False
    notes: list[Note] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Found:
    """A document that was accepted, for whom, and the host that the person is asked about."""

    reading: Reading
    address: str
    via: str
    source: str
    asked: str = ""


async def discover(typed: Typed, world: World) -> Outcome:
    """Ask one place after the other until one has settings, wherever that one sends."""
    search = _Search(Trail(world))
    found = await _ask_all(search, typed.text) if typed.address else None
    if found is None:
        outcome = ending((), (), steps=search.trail.steps, notes=search.notes)
        return replace(outcome, result=Result.PROMPT, why="PASSWORD_ASKED", args={}) if search.asks_password else outcome
    incoming, outgoing = ([filled(choice, found.address) for choice in side] for side in (found.reading.incoming, found.reading.outgoing))
    notes = [*search.notes, *found.reading.notes]
    outcome = ending(incoming, outgoing, via=found.via, source=found.source, steps=search.trail.steps, notes=notes)
    if found.asked and outcome.result is Result.AUTOMATIC:
        return replace(outcome, result=Result.PROMPT, why="REDIRECT_ASKS", args={"host": found.asked})
    return outcome


async def _ask_all(search: _Search, address: str) -> _Found | None:
    try:
        domain = EmailAddress.parse(address).domain.ascii
    except AddressError:  # one to which a document sends
        return None
    for place, source in zip(_PLACES, ("domain", "autodiscover"), strict=True):
        if found := await _ask(search, place.format(domain), address, source):
            return found
    target = await _redirected(search, _REDIRECTOR.format(domain))
    if target and (found := await _ask(search, target, address, "redirect", asked=_host(target))):
        return found
    lookup, search.now = await search.trail.lookup(_SRV.format(domain), "SRV", at=search.now, patience=_PATIENCE)
    for record in records(lookup.values)[:1]:
        place = record.host if record.port == 443 else f"{record.host}:{record.port}"
        return await _ask(search, f"https://{place}{_PATH}", address, "srv", asked=record.host)
    return None


async def _ask(search: _Search, url: str, address: str, source: str, asked: str = "") -> _Found | None:
    """Send the question to *url*, and follow what the answer says."""
    body = outlook.write_request(outlook.Request(email=without_illegal(address), acceptable_response_schema=outlook.OUTLOOK_RESPONSE))
    answer = await _fetch(search, url, method="POST", body=body)
    # A redirect of the question itself is like a RedirectUrl: the question is sent there, over https.
    while answer.response.location and search.left > 0 and _is_private(answer.response):
        search.left -= 1
        answer = await _fetch(search, answer.response.location, method="POST", body=body)
    search.asks_password |= answer.status == 401
    if answer.status != 200:
        return None
    reading = read(answer.body)
    if not reading.accepted:
        search.notes += reading.notes
        return None
    if not reading.redirect:
        return _Found(reading, address, answer.url, source, asked)
    if search.left <= 0:
        return None
    search.left -= 1
    if "@" in reading.redirect and "://" not in reading.redirect:
        found = await _ask_all(search, reading.redirect)
        return replace(found, address=address) if found else None
    return await _ask(search, reading.redirect, address, source, asked) if _scheme(reading.redirect) == "https" else None


async def _fetch(search: _Search, url: str, *, method: str, body: bytes = b"") -> Answer:
    headers = _HEADERS if body else ()
    answer = await search.trail.fetch(
        url, at=search.now, patience=_PATIENCE, follows=follows_none, method=method, headers=headers, body=body
    )
    search.now = answer.end
    return answer


async def _redirected(search: _Search, url: str) -> str:
    """Return where http sends, if it sends to https."""
    answer = await _fetch(search, url, method="GET")
    return answer.response.location if answer.status in (301, 302) and _is_private(answer.response) else ""


def _is_private(response: Response) -> bool:
    return _scheme(response.location) == "https"


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme.lower()
    except ValueError:
        return ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


CLIENT = Client("outlook", "Outlook (classic)", Confidence.DOCUMENTED, discover, {"outlook": read})

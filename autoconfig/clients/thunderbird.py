"""Thunderbird 153 ESR: asks everything at once and takes the best answer, not the first; then it guesses.

Its order of preference: the provider's own autoconfig (four URLs, of which the first that answers with 2xx is the only one that is read),
the database, the mail host's autoconfig and database, autodiscover, guessing. It always waits for both autoconfig and autodiscover.
What it asks of a lower step when a higher one has the answer is a race: here, whatever has begun by then. Settings that were installed
with the program come before all of this; that there are none is taken for granted.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote_plus, urlsplit

from autoconfig.clients.ending import ending
from autoconfig.clients.outcome import Client, Confidence, Effect, Note, Outcome, Reading, Result, Typed
from autoconfig.clients.thunderbird_guess import guess
from autoconfig.clients.thunderbird_read import filled, hostname, mozilla, outlook, problems
from autoconfig.clients.trail import Answer, Trail
from autoconfig.formats.outlook import OUTLOOK_RESPONSE, Request, write_request
from autoconfig.formats.xml import without_illegal
from autoconfig.observations import HTTPFailure, World
from autoconfig.publicsuffix import base_domain

_PATH = "/mail/config-v1.1.xml"
_WELL_KNOWN = "/.well-known/autoconfig" + _PATH
_DATABASE = "https://live.thunderbird.net/autoconfig/v1.1/"
_AUTODISCOVER = "/autodiscover/autodiscover.xml"
# Compared letter by letter with the beginning of the header: TEXT/XML is something else. Then Gecko must take it for XML as well.
_XML_TYPES = ("text/xml", "application/xml", "text/rdf")
_GECKO_XML = re.compile(r"text/xml|application/xml|.+\+xml", re.IGNORECASE)
_JSON_TYPES = ("text/json", "application/json")

_PATIENCE = 5_000.0
_DATABASE_PATIENCE = 10_000.0
_DNS_PATIENCE = 10_000.0
_PROMPT_MS = 2_000.0  # until a person has read a question and agreed
# Where the world knows no durations, a question and its answer still take a moment, so that one after the other is later than one.
_MOMENT = 1.0

_ATTEMPTS = 10  # network.http.request.max-attempts
_MOST_REDIRECTS = 20
_MOST_ADDRESSES = 2  # RedirectAddr that are followed
_SAFE = ("office365.com", "outlook.com")  # nobody is asked about these
_REAL_NAME = "Test User"  # nobody told it to us; a user name of this kind is as wrong as any
_UNAUTHORIZED = 401
# What it sends when it has a password. The world is asked whether one would be let in, never with one.
_LOGIN = ("Authorization", "Basic " + base64.b64encode(b":").decode())


@dataclass(frozen=True, slots=True)
class _Found:
    """What one step came to: a *reading* where it had settings. *end* is when that was known, *notes* what kept it from having them."""

    end: float
    reading: Reading | None = None
    url: str = ""
    source: str = ""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class _Exchange(_Found):
    """What autodiscover came to. *third_party* is a domain about which the person was asked."""

    third_party: str = ""
    wants_password: bool = False


def read(data: bytes) -> Reading:
    """Return what Thunderbird takes out of a clientConfig document."""
    return mozilla(data)


def read_outlook(data: bytes) -> Reading:
    """Return what Thunderbird takes out of an answer of autodiscover."""
    return outlook(data)


async def discover(typed: Typed, world: World) -> Outcome:
    """Search as Thunderbird does, without a person who changes anything."""
    trail = Trail(world)
    domain = _name(typed.domain)
    if domain is None or typed.text.count("@") != 1:
        unicode = (Note("DOMAIN_NOT_ASCII", Effect.REJECTS, None, {"domain": typed.domain}),) if not typed.domain.isascii() else ()
        return ending((), (), notes=unicode)
    config, exchange = await asyncio.gather(_autoconfig(trail, typed, domain), _autodiscover(trail, typed, domain, 0.0))
    end, notes = max(config.end, exchange.end), (*config.notes, *exchange.notes)
    best = config if config.reading else exchange
    if best.reading is not None:
        outcome = await _settled(trail, typed, domain, best, end)
    elif exchange.wants_password:
        outcome = Outcome(Result.PROMPT, steps=trail.steps, notes=notes, why="PASSWORD_ASKED")
    else:
        outcome = await _guessed(trail, typed, domain, end, notes)
    if exchange.third_party and outcome.result is Result.AUTOMATIC:
        return replace(outcome, result=Result.PROMPT, why="THIRD_PARTY", args={"host": exchange.third_party})
    return outcome


# --- autoconfig --------------------------------------------------------------------------------------------------------------------


async def _autoconfig(trail: Trail, typed: Typed, domain: str) -> _Found:
    """Return the best of the provider's own, the database and the mail host's, or what was wrong with them."""
    urls = [f"{scheme}://{place}" for scheme in ("https", "http") for place in (f"autoconfig.{domain}{_PATH}", domain + _WELL_KNOWN)]
    answers, database, (hosts, begin) = await asyncio.gather(
        _ask_provider(trail, typed, urls, 0.0), _ask_database(trail, domain, 0.0), _exchanger(trail, domain)
    )
    own = _provider(urls, answers)
    higher = _first([own] if own.reading is not None else [own, database])
    # In the recordings the mail host is asked nothing where the own host answers at once, and always where only the database does.
    if higher.reading is not None and begin >= higher.end + (_MOMENT if own.reading is None else 0):
        return higher
    asked = [(_ask_exchanger(trail, typed, host, begin), _ask_database(trail, host, begin)) for host in hosts]
    lower = await asyncio.gather(*(step for both in asked for step in both))
    return higher if higher.reading is not None else _first([higher, _Found(begin), *lower])


def _first(steps: Sequence[_Found]) -> _Found:
    """Return the first step that has settings, at the time when all before it were known to have none."""
    end = 0.0
    for step in steps:
        end = max(end, step.end)
        if step.reading is not None:
            return replace(step, end=end)
    return _Found(end, notes=tuple(note for step in steps for note in step.notes))


def _ask_provider(trail: Trail, typed: Typed, urls: Sequence[str], at: float) -> asyncio.Future[list[Answer]]:
    """Begin to ask all *urls* at once."""
    query = "?emailaddress=" + _form_encoded(typed.text)
    return asyncio.gather(*(trail.fetch(url + query, at=at, patience=_PATIENCE, most=_MOST_REDIRECTS) for url in urls))


def _provider(urls: Sequence[str], answers: Sequence[Answer]) -> _Found:
    """Read the provider's own answer: that of the first URL that has one, whatever it says."""
    return _read_first([("isp-" + url.partition(":")[0], answer) for url, answer in zip(urls, answers, strict=True)], mozilla, "xml-from-")


async def _ask_exchanger(trail: Trail, typed: Typed, host: str, at: float) -> _Found:
    """Ask autoconfig of the mail host's domain, in its one place."""
    urls = [f"https://autoconfig.{host}{_PATH}"]
    return _provider(urls, await _ask_provider(trail, typed, urls, at))


async def _ask_database(trail: Trail, domain: str, at: float) -> _Found:
    answer = await trail.fetch(_DATABASE + domain, at=at, patience=_DATABASE_PATIENCE, most=_MOST_REDIRECTS)
    return _read_first([("db", answer)], mozilla, "xml-from-")


async def _exchanger(trail: Trail, domain: str) -> tuple[tuple[str, ...], float]:
    """Return the domains in which the mail host stands, the nearest first and its registered one last, and when they were known."""
    found, end = await trail.lookup(domain, "MX", patience=_DNS_PATIENCE)
    records = sorted((value.split() for value in found.values if len(value.split()) == 2), key=lambda record: _number(record[0]))
    host = _name(records[0][1]) if records else None
    end = max(end, _MOMENT)
    base = base_domain(host) if host and not host.replace(".", "").isdigit() else None
    if host is None or base is None or base == domain:
        return (), end
    above = host.partition(".")[2] if host != base else base
    return tuple(dict.fromkeys((above, base))), end


# --- autodiscover ------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Calls:
    """The requests of one search in autodiscover, in their order of preference, with what a person was asked on the way."""

    answers: list[tuple[str, Answer]] = field(default_factory=list)
    third_party: str = ""

    @property
    def decided(self) -> float | None:
        """When one of them had an answer and those before it none, None where there is none so far."""
        end = 0.0
        for _, answer in self.answers:
            end = max(end, _end(answer))
            if _is_taken(answer):
                return end
        return None


async def _autodiscover(trail: Trail, typed: Typed, domain: str, at: float, address: str = "", most: int = _MOST_ADDRESSES) -> _Exchange:
    """Ask autodiscover of *domain* about *address*; each RedirectAddr, at most so many, begins anew."""

    async def post(url: str, at: float, with_login: bool = True) -> Answer:
        headers = [("Content-Type", "text/xml; charset=utf-8")]
        if with_login and typed.has_password:
            headers.append(_LOGIN)
        body = write_request(Request(without_illegal(address or typed.text), acceptable_response_schema=OUTLOOK_RESPONSE))
        return await trail.fetch(url, at=at, patience=_PATIENCE, most=_MOST_REDIRECTS, method="POST", headers=headers, body=body)

    host = "autodiscover." + domain
    first, second, third, (target, known) = await asyncio.gather(
        post(f"https://{host}{_AUTODISCOVER}", at),
        post(f"https://{domain}{_AUTODISCOVER}", at),
        post(f"http://{host}{_AUTODISCOVER}", at, with_login=False),
        _service(trail, domain, at),
    )
    calls = _Calls([("url1", first), ("url2", second), ("url3", third)])
    if target:
        await _ask_elsewhere(calls, "srv", f"https://{target}{_AUTODISCOVER}", known, domain, post)
    if not _is_taken(third) and third.hops and third.url.startswith("https:") and third.status is not None:
        # What came after the redirect was a GET, and nothing to do with the question.
        await _ask_elsewhere(calls, "url3", third.url, third.end, domain, post)
    found = _read_first(calls.answers, outlook, "exchange-from-")
    if found.reading is not None and found.reading.redirect:
        name = _name(found.reading.redirect.rpartition("@")[2])
        if name is None or most == 0:
            return _Exchange(found.end, third_party=calls.third_party)
        onward = await _autodiscover(trail, typed, name, found.end, found.reading.redirect, most - 1)
        return replace(onward, third_party=calls.third_party or onward.third_party)
    wants = calls.decided is None and any(answer.status == _UNAUTHORIZED for _, answer in calls.answers)
    return _Exchange(found.end, found.reading, found.url, found.source, found.notes, calls.third_party, wants)


async def _ask_elsewhere(
    calls: _Calls, name: str, url: str, at: float, domain: str, post: Callable[[str, float], Awaitable[Answer]]
) -> None:
    """Ask another host, unless there is an answer by then; for a stranger's a person must agree first."""
    decided = calls.decided
    if decided is not None and decided <= at:
        return
    base = base_domain(urlsplit(url).hostname or "")
    if base != base_domain(domain) and base not in _SAFE:
        calls.third_party = base or urlsplit(url).hostname or ""
        at += _PROMPT_MS
    if decided is None or at < decided:
        calls.answers.append((name, await post(url, at)))


async def _service(trail: Trail, domain: str, at: float) -> tuple[str | None, float]:
    """Return the target of the SRV record that it goes by: that of the lowest weight, whatever the priorities and ports."""
    found, end = await trail.lookup(f"_autodiscover._tcp.{domain}", "SRV", at=at, patience=_DNS_PATIENCE)
    records = sorted((value.split() for value in found.values if len(value.split()) == 4), key=lambda record: _number(record[1]))
    return _name(records[0][3]) if records else None, max(end, at + _MOMENT)


# --- answers -----------------------------------------------------------------------------------------------------------------------


def _read_first(calls: Sequence[tuple[str, Answer]], reads: Callable[[bytes, str], Reading], source: str) -> _Found:
    """Read the first answer with 2xx, when all before it are known to have failed: no other is looked at, whatever stands in it."""
    end = 0.0
    for name, answer in calls:
        end = max(end, _end(answer))
        if _is_taken(answer):
            reading = _read(answer, reads)
            if reading.accepted:
                return _Found(end, reading, answer.url, source + name)
            return _Found(end, notes=reading.notes)
    return _Found(end)


def _is_taken(answer: Answer) -> bool:
    """Tell whether this ends the search among its like: 2xx, and not empty where it is to be XML, nor broken where it is to be JSON."""
    kind = _type(answer)
    if not answer.is_success:
        return False
    if kind.startswith(_XML_TYPES):
        return bool(answer.body) and _GECKO_XML.fullmatch(kind.partition(";")[0].strip()) is not None
    return not kind.startswith(_JSON_TYPES) or _is_json(answer.body)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return False
    return True


def _read(answer: Answer, reads: Callable[[bytes, str], Reading]) -> Reading:
    kind, *parameters = _type(answer).split(";")
    if not kind.startswith(_XML_TYPES):
        note = Note("CONTENT_TYPE", Effect.REJECTS, None, {"value": kind or "-"})
        return Reading(accepted=False, notes=(note,))
    charset = next(
        (value.strip(" \"'") for name, _, value in (p.partition("=") for p in parameters) if name.strip().lower() == "charset"), ""
    )
    return reads(answer.body, charset)


def _type(answer: Answer) -> str:
    return answer.response.header("content-type").strip()


def _end(answer: Answer) -> float:
    # Gecko repeats a GET whose connection is closed without an answer (nsHttpTransaction::Close); it is noted once.
    last = answer.response
    attempts = _ATTEMPTS if last.failure is HTTPFailure.RESET and last.request.method == "GET" else 1
    again = min((attempts - 1) * last.ms, max(0.0, _PATIENCE - last.ms))
    return answer.end + again + _MOMENT * (attempts + len(answer.hops))


# --- the end -----------------------------------------------------------------------------------------------------------------------


async def _settled(trail: Trail, typed: Typed, domain: str, best: _Found, end: float) -> Outcome:
    reading, source = best.reading or Reading(), best.source
    incoming, outgoing = reading.incoming[:1], reading.outgoing[:1]
    if incoming and incoming[0].protocol == "exchange" and source.startswith("exchange"):
        # It looks for IMAP beside Exchange, and says so wherever it finds nothing.
        source += "-guess"
        guessed = await guess(trail, domain, end, incoming[0].host)
        if guessed.incoming is not None and guessed.outgoing is not None:
            username = incoming[0].username
            incoming = (replace(guessed.incoming, username=username),)
            outgoing = (replace(guessed.outgoing, username=username),)
    values = _values(typed, domain)
    incoming, outgoing = (tuple(filled(choice, values) for choice in side) for side in (incoming, outgoing))
    outcome = ending(incoming, outgoing, via=best.url, source=source, steps=trail.steps, notes=reading.notes)
    if outcome.why == "OUTGOING_MISSING" and incoming[0].protocol == "exchange":
        return replace(outcome, result=Result.AUTOMATIC, why="", args={})
    if outcome.result is Result.AUTOMATIC and incoming[0].port is None:
        return replace(outcome, result=Result.PROMPT, why="PORT_MISSING", args={})
    wrong = next(problems((*incoming, *outgoing), reading.notes), None)
    if outcome.result is Result.AUTOMATIC and wrong is not None:
        return replace(outcome, result=Result.WRONG, why=wrong[0], args=wrong[1])
    return outcome


async def _guessed(trail: Trail, typed: Typed, domain: str, end: float, notes: tuple[Note, ...]) -> Outcome:
    found = await guess(trail, domain, end)
    if found.incoming is None or found.outgoing is None:
        return ending((), (), steps=trail.steps, notes=notes)
    incoming, outgoing = (replace(choice, username=typed.local_part) for choice in (found.incoming, found.outgoing))
    return ending((incoming,), (outgoing,), source="guess", steps=trail.steps)


def _values(typed: Typed, domain: str) -> dict[str, str]:
    return {"EMAILADDRESS": typed.text, "EMAILLOCALPART": typed.local_part, "EMAILDOMAIN": domain, "REALNAME": _REAL_NAME}


def _form_encoded(text: str) -> str:
    # URL standard, application/x-www-form-urlencoded: "*" stays and "~" does not.
    return quote_plus(text, safe="*", errors="replace").replace("~", "%7E")


def _name(text: str) -> str | None:
    """Return *text* as a name of which something can be asked, None where it is none."""
    name = hostname(text)
    return None if name is None or "%" in name or ":" in name else name


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


CLIENT = Client(
    "thunderbird",
    "Thunderbird",
    Confidence.MEASURED,
    discover,
    {"mozilla": read, "outlook": read_outlook},
)

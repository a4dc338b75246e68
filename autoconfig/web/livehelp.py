"""The button "Test my settings" of the guide: begins a run of the live check for a domain of ours, and shows how far it is.

    POST /guide/DOMAIN/test    begins a run, or joins the one there is, and leads to its page (303); nothing of the body is read
    GET  /guide/DOMAIN/test    the page: the button alone, the run's progress, which asks again by itself, or its answer

Without a script the page loads itself again while a run is under way; with one, the guide asks here and shows what it finds in its own
place. Only listed domains have this: a default provider answers for all the world, and all the world is not ours to look at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from flask import Blueprint, Response, request
from werkzeug.exceptions import Forbidden

from autoconfig.address import Domain
from autoconfig.errors import N_, AddressError
from autoconfig.findings import Group, Owner
from autoconfig.guides import sheet
from autoconfig.guides.card import PROTOCOLS
from autoconfig.i18n import Texts
from autoconfig.livecheck.desk import Busy, Desk, OutOfOrder
from autoconfig.livecheck.state import Health, Item, Outcome, Said, State, Way
from autoconfig.model import ClientConfig, Protocol, TLSMode
from autoconfig.web.answers import passing
from autoconfig.web.pages import Pages
from autoconfig.web.question import Known
from autoconfig.web.seen import CAUSE

RETRY_AFTER = "10"  # seconds: about what a run takes
MAX_LETTER = 1500  # characters of the mail to support; programs cut longer links off

# What a run does, in the order in which it is told.
STEPS: dict[Group, str] = {
    Group.DELEGATION: N_("We look up your domain's names and addresses"),
    Group.DISCOVERY: N_("We fetch the settings that mail programs find by themselves"),
    Group.ENDPOINTS: N_("We talk to the mail servers"),
    Group.CERTIFICATES: N_("We look at the certificates that they show"),
    Group.DELIVERABILITY: N_("We look at what others need in order to trust your mail"),
}
BEGINNING = N_("The test begins")

HEADLINES: dict[Outcome, str] = {
    Outcome.WELL: N_("Your settings work"),
    Outcome.CARE: N_("Your settings work, but something should be put right"),
    Outcome.PARTLY: N_("Not everything works right now"),
    Outcome.BROKEN: N_("Your mail does not work as it should right now"),
    Outcome.UNKNOWN: N_("We could not tell"),
    Outcome.FAILED: N_("The test itself failed"),
}
LEADS: dict[Outcome, str] = {
    Outcome.WELL: N_(
        "The mail servers answer, and they can be used securely. If your program still says no, check the user name and the password: "
        "those are the only things that we cannot test."
    ),
    Outcome.CARE: N_("You can fetch and send mail. What we found beside that stands below."),
    Outcome.PARTLY: N_("What works and what does not stands below."),
    Outcome.BROKEN: N_("The fault is not in your device. What is wrong, and what you can do now, stands below."),
    Outcome.UNKNOWN: N_("Not every server could be tested, which may be its fault or ours. Please try again in a few minutes."),
    Outcome.FAILED: N_("That is our fault, and says nothing about your mail. Please try again in a minute."),
}
SIGNS = {
    Outcome.WELL: "✓",
    Outcome.CARE: "!",
    Outcome.PARTLY: "!",
    Outcome.BROKEN: "✗",
    Outcome.UNKNOWN: "?",
    Outcome.FAILED: "?",
}
HEALTH: dict[Health, tuple[str, str]] = {
    Health.WORKS: ("✓", N_("works")),
    Health.BROKEN: ("✗", N_("does not work")),
    Health.UNKNOWN: ("?", N_("could not be tested")),
}
SECURITY = {TLSMode.IMPLICIT: "SSL/TLS", TLSMode.STARTTLS: "STARTTLS", TLSMode.NONE: N_("no encryption")}
BUSY = N_("Many tests are running right now. Please try again in a little while.")
OUT_OF_ORDER = N_("The test cannot be run right now. The settings themselves are not affected.")

_SUBJECT = N_("Test of the mail settings for %(domain)s")
_THEIRS = frozenset({Owner.CUSTOMER, Owner.REGISTRAR})


def path_of(domain: Domain) -> str:
    """Return where the test of *domain* is."""
    return f"/guide/{domain.ascii}/test"


def blueprint(known: Known, pages: Pages, desk: Desk, spend: Callable[[], None] = lambda: None) -> Blueprint:
    """Return the routes; *spend* counts the current request as one that costs, and raises where there were too many."""
    routes = Blueprint("livehelp", __name__)

    def of_domain(name: str) -> Response:
        try:
            domain = Domain.parse(name)
        except AddressError:
            return pages.once("unknown.html", status=HTTPStatus.NOT_FOUND)
        config = known.client_config(domain) if known.is_listed(domain) else None
        if config is None:
            return pages.once("unknown.html", status=HTTPStatus.NOT_FOUND, domain=domain)
        return _begin(config) if request.method == "POST" else _page(pages, config, desk.look(domain))

    def _begin(config: ClientConfig) -> Response:
        if not is_own(request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin"), request.headers.get("Host")):
            raise Forbidden
        spend()
        try:
            desk.begin(config.domain)
        except (Busy, OutOfOrder) as error:
            request.environ[CAUSE] = str(error)
            response = _page(pages, config, None, refused=BUSY if isinstance(error, Busy) else OUT_OF_ORDER)
            response.headers["Retry-After"] = RETRY_AFTER
            return response
        answer = passing(b"", "text/plain; charset=utf-8", HTTPStatus.SEE_OTHER)
        answer.headers["Location"] = f"{path_of(config.domain)}?lang={pages.texts(config.provider).language}"
        return answer

    routes.add_url_rule("/guide/<name>/test", view_func=of_domain, methods=["GET", "POST"], strict_slashes=False)
    return routes


def is_own(site: str | None, origin: str | None, host: str | None) -> bool:
    """Tell whether a form was sent by a page of ours, going by Sec-Fetch-Site, else by Origin, in a request to *host*.

    Programs send neither, and are let in: they do nothing in another's name. Nor do those who send "null", which is what browsers make of
    our own pages' Origin, because of their Referrer-Policy.
    """
    if site is not None:
        return site.lower() in ("same-origin", "none")
    if origin is None or origin == "null":
        return True
    try:
        return urlsplit(origin).netloc.lower() == (host or "").lower()
    except ValueError:
        return False


# --- the page ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """A run as its page tells it; the language is chosen."""

    state: str  # "running" or "done"
    said: str  # one sentence, for those who listen
    steps: tuple[tuple[str, str], ...] = ()  # each with "done", "doing" or ""
    outcome: Outcome | None = None
    at: str = ""
    ways: tuple[Way, ...] = ()
    theirs: tuple[tuple[Item, Said], ...] = ()
    ours: tuple[tuple[Item, Said], ...] = ()
    open: tuple[tuple[Item, Said], ...] = ()
    minor: int = 0
    imap_instead: bool = False
    certificate: bool = False
    letter: str = ""


def told(state: State, config: ClientConfig, texts: Texts) -> Told:
    """Return *state* in the language of *texts*."""
    answer = state.answer
    if answer is None or state.ended is None:
        marks = {True: "done", False: "doing", None: ""}
        steps = tuple((texts.gettext(step), marks[state.steps.get(group)]) for group, step in STEPS.items())
        doing = next((step for step, mark in steps if mark == "doing"), texts.gettext(BEGINNING))
        return Told("running", f"{doing} …", steps)
    ended = datetime.fromtimestamp(state.ended).astimezone()
    items = [(item, said) for item in answer.items if (said := _said(item, texts)) is not None]
    health = {way.protocol: way.health for way in answer.ways}
    return Told(
        "done",
        texts.gettext(HEADLINES[answer.outcome]),
        outcome=answer.outcome,
        at=f"{ended:%H:%M %Z}",
        ways=answer.ways,
        theirs=tuple(pair for pair in items if not pair[0].is_open and pair[0].owner in _THEIRS),
        ours=tuple(pair for pair in items if not pair[0].is_open and pair[0].owner not in _THEIRS),
        open=tuple(pair for pair in items if pair[0].is_open),
        minor=answer.minor,
        # The other way round is no advice: POP empties the mailbox for all other programs.
        imap_instead=health.get(Protocol.POP3) is Health.BROKEN and health.get(Protocol.IMAP) is Health.WORKS,
        certificate=any(item.about_certificate for item, _ in items),
        letter=_letter(state, config, texts),
    )


def _said(item: Item, texts: Texts) -> Said | None:
    return item.said.get(texts.language) or next(iter(item.said.values()), None)


def _letter(state: State, config: ClientConfig, texts: Texts) -> str:
    """Return what support wants to know, as text to send."""
    answer = state.answer
    if answer is None or not answer.items:
        return ""
    when = datetime.fromtimestamp(state.ended or state.began).astimezone()
    lines = [
        texts.gettext(_SUBJECT, domain=config.domain.unicode),
        f"{when:%Y-%m-%d %H:%M %Z}",
        *(" · ".join(filter(None, (item.code, item.where))) for item in answer.items),
    ]
    return "\n".join(lines)[:MAX_LETTER]


def _page(pages: Pages, config: ClientConfig, state: State | None, refused: str | None = None) -> Response:
    texts = pages.texts(config.provider)
    help_ = sheet.help_of(config)
    subject = texts.gettext(_SUBJECT, domain=config.domain.unicode)
    return pages.once(
        "guide/test.html",
        config.provider,
        status=HTTPStatus.OK if refused is None else HTTPStatus.SERVICE_UNAVAILABLE,
        config=config,
        test=path_of(config.domain),
        run=None if state is None else told(state, config, texts),
        refused=refused,
        help=help_,
        leads=LEADS,
        signs=SIGNS,
        healths=HEALTH,
        security=SECURITY,
        protocols=PROTOCOLS,
        write_to=lambda letter: f"{sheet.mailto(help_.email)}?subject={quote(subject)}&body={quote(letter)}" if help_.email else None,
    )

"""What was seen behind the login: for other programs, and in lines for people who want to know everything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autoconfig.errors import printable
from autoconfig.findings import Report, Subject
from autoconfig.i18n import Texts
from autoconfig.observations import Login, LoginOutcome, Mailbox, RoundTrip, Sent

_FOLDERS = 300  # characters of their names in a line


def to_data(report: Report) -> dict[str, Any]:
    """Return what a report has besides where somebody has logged in: "login", and "roundtrip" where a message was sent."""
    found: dict[str, Any] = {}
    if report.logins is not None:
        found["login"] = [_login(login) for login in report.logins]
    if report.roundtrip is not None:
        found["roundtrip"] = _trip(report.roundtrip)
    return found


def _login(login: Login) -> dict[str, Any]:
    return {
        "subject": Subject.of(login.endpoint).to_data(),
        "outcome": login.outcome.value,
        "mechanism": login.mechanism or None,
        "words": login.words,
        "login_ms": round(login.login_ms),
        "mailboxes": None if login.mailboxes is None else [_mailbox(mailbox) for mailbox in login.mailboxes],
        "quotas": [{"root": quota.root, "resource": quota.resource, "used": quota.used, "limit": quota.limit} for quota in login.quotas],
        "messages": login.messages,
        "octets": login.octets,
        "stop": login.stop.value if login.stop else None,
    }


def _mailbox(mailbox: Mailbox) -> dict[str, Any]:
    return {"name": mailbox.name, "special_use": list(mailbox.uses)}


def _trip(trip: RoundTrip) -> dict[str, Any]:
    return {
        "sent_by": Subject.of(trip.sent_by).to_data(),
        "fetched_from": Subject.of(trip.fetched_from).to_data(),
        "sent": trip.sent.value,
        "words": trip.words,
        "sent_ms": round(trip.sent_ms),
        "arrived_ms": None if trip.arrived_ms is None else round(trip.arrived_ms),
        "mailbox": None if trip.mailbox is None else _mailbox(trip.mailbox),
        "deleted": trip.deleted,
        "waited_ms": round(trip.waited_ms),
    }


def lines(report: Report, texts: Texts) -> Iterator[str]:
    """Yield a line for each login that was taken and for its folders and limits, and one for the message."""
    for login in report.logins or ():
        if login.outcome is LoginOutcome.ACCEPTED:
            yield from _seen(login, texts)
    trip = report.roundtrip
    if trip is not None and trip.sent is Sent.ACCEPTED and trip.arrived_ms is not None and trip.mailbox is not None:
        seconds, mailbox = texts.decimal(trip.arrived_ms / 1000, 1), printable(trip.mailbox.name)
        yield texts.gettext("the message came to %(mailbox)s after %(seconds)s s", mailbox=mailbox, seconds=seconds)


def _seen(login: Login, texts: Texts) -> Iterator[str]:
    place = f"{login.endpoint.host.ascii}:{login.endpoint.port}"
    seconds = texts.decimal(login.login_ms / 1000, 2)
    yield texts.gettext("%(place)s: logged in with %(mechanism)s in %(seconds)s s", place=place, mechanism=login.mechanism, seconds=seconds)
    if login.messages is not None:
        yield "  " + texts.ngettext("%(n)d message", "%(n)d messages", login.messages)
    if login.mailboxes:
        names = (mailbox.name + "".join(f" \\{use.capitalize()}" for use in mailbox.uses) for mailbox in login.mailboxes)
        yield "  " + texts.gettext("folders: %(names)s", names=printable(", ".join(names), _FOLDERS))
    for quota in login.quotas:
        name = printable(quota.resource.lower())
        yield "  " + texts.gettext("%(name)s: %(used)d of %(limit)d", name=name, used=quota.used, limit=quota.limit)

"""A guide as its templates want it: what they need beside the guide itself, so that they only lay out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from autoconfig.guides import words
from autoconfig.guides.card import PROTOCOLS, Card
from autoconfig.guides.errortexts import Fault
from autoconfig.guides.forms import Kind
from autoconfig.guides.guide import Guide, Link, Way
from autoconfig.i18n import Texts
from autoconfig.model import Protocol

# Rows whose value describes what to enter and is not itself entered.
DESCRIBED = frozenset(
    {Kind.NAME, Kind.PASSWORD, Kind.INCOMING_PASSWORD, Kind.OUTGOING_PASSWORD, Kind.LEAVE, Kind.EMPTY, Kind.IMAP_PREFIX, Kind.LINKED}
    | {Kind.EMAIL, Kind.DESCRIPTION, Kind.INCOMING_USERNAME, Kind.OUTGOING_USERNAME}  # where they cannot be copied
)


@dataclass(frozen=True, slots=True)
class Advice:
    """One line of advice; *protocol* is the only way that it is for, None where it is for all."""

    protocol: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault, told once for all ways."""

    fault: Fault
    title: str
    shown: tuple[str, ...]
    advice: tuple[Advice, ...]
    link: Link | None


def troubles(guide: Guide) -> tuple[Trouble, ...]:
    """Return what to do when it does not work, each line once, and marked where it is for one of several ways."""
    return tuple(
        Trouble(first.fault, first.title, first.shown, _advice([(way, way.troubles[at].advice) for way in guide.ways]), first.link)
        for at, first in enumerate(guide.ways[0].troubles if guide.ways else ())
    )


def _advice(ways: list[tuple[Way, tuple[str, ...]]]) -> tuple[Advice, ...]:
    found: list[Advice] = []
    for lines in zip_longest(*(advice for _, advice in ways)):
        for line, (way, _) in zip(lines, ways, strict=True):
            if line is None:
                continue
            everywhere = all(line in advice for _, advice in ways)
            told = Advice(None if everywhere else PROTOCOLS[way.protocol], line)
            if told not in found:
                found.append(told)
    return tuple(found)


def is_about_existing(card: Card, texts: Texts) -> bool:
    """Tell whether *card* is only for those who have such an account already."""
    existing = words.WHEN["existing"]
    return card.when == texts.gettext(existing)


def hosts(guide: Guide) -> dict[str, str]:
    """Return the incoming servers for the drawings of IMAP and POP."""
    names = {Protocol.IMAP: "imap_host", Protocol.POP3: "pop_host"}
    return {names[account.protocol]: account.incoming.host.ascii for account in guide.config.accounts}

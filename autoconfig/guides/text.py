"""A guide as plain text of 72 columns and as Markdown, for the terminal, a mail or a wiki. Lays out what the guide says."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from autoconfig.errors import N_
from autoconfig.guides import words
from autoconfig.guides.card import PROTOCOLS, Row
from autoconfig.guides.guide import Guide, Step, Trouble, Way
from autoconfig.i18n import Texts

WIDTH = 72
_LABEL = 34  # columns of labels, where they are not longer

_HEAD = N_("Mail settings for %(name)s")
_WAY = N_("Settings for %(protocol)s")
_WAY_FIRST = N_("Settings for %(protocol)s, recommended")
_TROUBLE = N_("When it does not work")
_SHOWN = N_("The program may say: %(words)s")
_HELP = N_("Help from %(provider)s")
_PAGE = N_("The same on the web: %(url)s")

# CommonMark, 2.4: these may be escaped, and begin something within a line.
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#&])")


@dataclass(frozen=True, slots=True)
class _Heading:
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class _Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class _Points:
    """Lines of their own, numbered where they are steps."""

    lines: tuple[str | Step, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class _Rows:
    rows: tuple[Row, ...]


_Block = _Heading | _Paragraph | _Points | _Rows


def plain(guide: Guide, texts: Texts, page: str | None = None) -> str:
    """Return *guide* as plain text; *page* is its address on the web. What is to be entered is never broken."""
    return "\n\n".join("\n".join(_plain(block, texts)) for block in _blocks(guide, texts, page)) + "\n"


def markdown(guide: Guide, texts: Texts, page: str | None = None) -> str:
    """Return *guide* as CommonMark with GitHub's tables; *page* is its address on the web."""
    return "\n\n".join("\n".join(_markdown(block, texts)) for block in _blocks(guide, texts, page)) + "\n"


def _blocks(guide: Guide, texts: Texts, page: str | None) -> Iterator[_Block]:
    name = guide.config.domain if guide.address is None else guide.address
    yield _Heading(1, texts.gettext(_HEAD, name=name))
    yield _Paragraph(guide.title)
    if page is not None:
        yield _Paragraph(texts.gettext(_PAGE, url=page))
    for quick in guide.quick:
        yield _Heading(2, quick.title)
        yield _Points(quick.steps, numbered=True)
    if guide.notes:
        yield _Points(guide.notes)
    for way in guide.ways:
        yield from _way(way, texts)
    if guide.wording is not None:
        yield _Paragraph(guide.wording)
    if guide.ways:
        yield _Heading(2, texts.gettext(_TROUBLE))
        for trouble in guide.ways[0].troubles:
            yield from _trouble(trouble, texts)
    if guide.meanwhile is not None:
        yield _Paragraph(f"{guide.meanwhile.text} {guide.meanwhile.url}")
    contacts = tuple(contact for contact in (guide.help.documentation, guide.help.support, guide.help.email, guide.help.phone) if contact)
    if contacts:
        yield _Heading(2, texts.gettext(_HELP, provider=guide.config.provider.name))
        yield _Points(contacts)


def _way(way: Way, texts: Texts) -> Iterator[_Block]:
    yield _Heading(2, texts.gettext(_WAY_FIRST if way.recommended else _WAY, protocol=PROTOCOLS[way.protocol]))
    yield _Points(way.steps, numbered=True)
    for card in way.cards:
        if card.when is not None:
            yield _Paragraph(f"{card.when}:")
        for section in card.sections:
            if section.lead is not None:
                yield _Paragraph(f"{section.lead}:")
            yield _Heading(3, section.heading)
            yield _Rows(section.rows)
    if way.alternatives:
        yield _Points(tuple(alternative.text for alternative in way.alternatives))


def _trouble(trouble: Trouble, texts: Texts) -> Iterator[_Block]:
    yield _Heading(3, trouble.title)
    shown = tuple(texts.gettext(_SHOWN, words=words) for words in trouble.shown)
    link = (f"{trouble.link.text}: {trouble.link.url}",) if trouble.link else ()
    yield _Points((*shown, *trouble.advice, *link))


def _asides(row: Row, texts: Texts) -> Iterator[str]:
    if row.readable is not None:
        yield texts.gettext(words.THAT_IS, name=row.readable)
    if row.english is not None:
        yield texts.gettext(words.IN_ENGLISH, label=row.english.rstrip(":"))
    if row.note is not None:
        yield row.note


def _plain(block: _Block, texts: Texts) -> Iterator[str]:
    match block:
        case _Heading(3, text):
            yield text
        case _Heading(level, text):
            lines = _wrap(text)
            yield from lines
            yield ("=" if level == 1 else "-") * max(map(len, lines), default=0)
        case _Paragraph(text):
            yield from _wrap(text)
        case _Points(points, numbered):
            for number, point in enumerate(points, 1):
                mark = f"{number}. " if numbered else "- "
                yield from _wrap(str(point), mark, " " * len(mark))
        case _Rows(rows):
            lengths = (len(row.label.rstrip(":")) for row in rows)
            width = max((length for length in lengths if length <= _LABEL), default=_LABEL)
            for row in rows:
                label = row.label.rstrip(":")
                if len(label) <= width:
                    yield f"  {label:<{width}}  {row.value}"
                else:
                    yield f"  {label}"
                    yield f"  {'':<{width}}  {row.value}"
                for aside in _asides(row, texts):
                    yield from _wrap(f"({aside})", " " * (width + 4), " " * (width + 4))


def _wrap(text: str, first: str = "", later: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False) or [
        first.rstrip()
    ]


def _markdown(block: _Block, texts: Texts) -> Iterator[str]:
    match block:
        case _Heading(level, text):
            yield "#" * level + " " + _escaped(text)
        case _Paragraph(text):
            yield _escaped(text)
        case _Points(points, numbered):
            for number, point in enumerate(points, 1):
                mark = f"{number}." if numbered else "-"
                yield f"{mark} {_pressed(point) if isinstance(point, Step) else _escaped(point)}"
        case _Rows(rows):
            yield "| | |"
            yield "|---|---|"
            for row in rows:
                value = _code(row.value) if row.copyable else _escaped(row.value)
                asides = "".join(f"<br>({_escaped(aside)})" for aside in _asides(row, texts))
                yield f"| {_escaped(row.label.rstrip(':'))} | {value}{asides} |"


def _pressed(step: Step) -> str:
    path = " › ".join(f"**{_escaped(press)}**" for press in step.path)
    return _escaped(step.before) + path + _escaped(step.after)


def _escaped(text: str) -> str:
    """Return *text* with nothing in it that Markdown reads, but addresses of pages as they are, since they are made into links."""
    return " ".join(word if word.startswith("https://") else _SPECIAL.sub(r"\\\1", word) for word in text.split(" "))


def _code(text: str) -> str:
    """Return *text* as a code span (CommonMark, 6.1) in a table, where a bar would end the cell."""
    if "`" in text or "|" in text:
        return _escaped(text)
    return f"`{text}`"

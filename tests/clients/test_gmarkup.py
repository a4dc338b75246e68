"""GLib's markup parser: each row was held against libglib 2.74 itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.clients.parsers.gmarkup import End, Event, MarkupError, Start, Text, events


def _told(data: bytes) -> str:
    """Return what the parser tells: "<a b=c>" for a tag, "[...]" for a piece of text, "</a>", and "!" where it stops."""
    told: list[str] = []
    try:
        told += map(_one, events(data))
    except MarkupError:
        return "!"
    return "".join(told)


def _one(event: Event) -> str:
    match event:
        case Start():
            return f"<{event.name}{''.join(f' {name}={value}' for name, value in event.attributes)}>"
        case Text():
            return f"[{event.text}]"
        case End():
            return f"</{event.name}>"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"<a>x</a>", "<a>[x]</a>"),
        (b"<a></a>", "<a>[]</a>"),
        (b"<a/>", "<a></a>"),
        (b"\n <a/>", "<a></a>"),
        (b"<a/> <b/>", "<a></a><b></b>"),
        (b"<!-- only this -->", ""),
        (b"<a>x<!-- c -->y</a>", "<a>[x][y]</a>"),
        (b"<a>x<![CDATA[y]]></a>", "<a>[x][]</a>"),
        (b"<a>x<?p i?></a>", "<a>[x][]</a>"),
        (b"<a><!--></a>", "<a>[][]</a>"),
        (b'<!DOCTYPE a [<!ENTITY h "x">]><a/>', "<a></a>"),
        (b'<!DOCTYPE a SYSTEM "x.dtd"><a/>', "<a></a>"),
        (b"<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#x0x43;&# 68;&#+69;</a>", "<a>[<>&\"'ABCDE]</a>"),
        (b"<a>x\r\ny\rz\tt</a>", "<a>[x\ny\nz\tt]</a>"),
        (b"<a b='x\r\ny\tz'/>", "<a b=x y z></a>"),
        (b'<a b="1"c="<" b = "3"/>', "<a b=1 c=< b=3></a>"),
        ("<å>ö</å>".encode(), "<å>[ö]</å>"),
        (b"<a>x\0y</a>", "<a>[x]</a>"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a>x</a>', "<a>[x]</a>"),
        (b"<a><!-- \xe5 -->x</a>", "<a>[][x]</a>"),
        (b"<x:a/>", "<x:a></x:a>"),
        (b"<a></a >", "<a>[]</a>"),
    ],
)
def test_what_it_takes(data: bytes, told: str) -> None:
    """It takes much that is no XML: several roots, a declaration in the wrong place, any DOCTYPE, attributes twice."""
    assert _told(data) == told


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \n",
        b"x",
        b"\xef\xbb\xbf<a/>",
        "<a/>".encode("utf-16"),
        b'{"a": 1}',
        b"<a>",
        b"<a>x",
        b"<a",
        b"<a b",
        b'<a b="',
        b"<a/",
        b"</a>",
        b"<a></b>",
        b"<a></ a>",
        b"<a/>x",
        b"<1/>",
        b"< a/>",
        b"<a b=1/>",
        b"<a b/>",
        b"<a / >",
        b"<a>&h;</a>",
        b"<a>&</a>",
        b"<a>& </a>",
        b"<a>&#;</a>",
        b"<a>&#xD800;</a>",
        b"<a>&#0;</a>",
        b"<a>&#-65;</a>",
        b"<a>&#" + b"9" * 5000 + b";</a>",
        b"<a>\xe5</a>",
        b"<a>\xed\xa0\x80</a>",
        b"<!DOCTYPE html><html><head><meta charset=utf-8></head></html>",
        b"<!-- ",
        b"<!ELEMENT a><a/>",
        b"<![CDATA[x]]",
    ],
)
def test_what_it_stops_at(data: bytes) -> None:
    """A byte order mark, an unknown entity, bytes that are not UTF-8, and all that does not end."""
    assert _told(data) == "!"


def test_what_was_told_before_a_mistake_stays_told() -> None:
    """The events come as far as the document is good, and the mistake has its line."""
    parser = events(b"<a>\n<b/>\n<c>&h;</c>\n</a>")
    assert [_one(next(parser)) for _ in range(5)] == ["<a>", "[\n]", "<b>", "</b>", "[\n]"]
    with pytest.raises(MarkupError) as caught:
        list(parser)
    assert caught.value.line == 3


@given(
    st.lists(st.sampled_from([b"<", b">", b"/", b"&", b";", b'"', b"=", b" ", b"a", b"<a", b"</a>", b"<!", b"--", b"\0", b"\xc3", b"#x4"]))
)
def test_it_stops_with_nothing_but_its_own_error(pieces: list[bytes]) -> None:
    """Whatever the bytes are."""
    _told(b"".join(pieces))

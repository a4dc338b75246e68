"""The tree of DOM parsers: what it takes, and that it is bounded."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given

from autoconfig.clients.parsers.dom import MAX_DEPTH, Node, parse, refusal
from autoconfig.errors import DocumentError
from tests.clients.made_up import BROKEN


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"<a>x<b>y</b>z</a>", "xyz"),
        (b"<a>x<!-- c --><?p i?><![CDATA[<y>]]></a>", "x<y>"),
        (b"\xef\xbb\xbf<a>x</a>", "x"),
        ("<a>å</a>".encode("utf-16"), "å"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe5</a>', "å"),
        (b'<?xml version="1.0" encoding="windows-1252"?><a>\x80</a>', "€"),
        (b'<!DOCTYPE a [<!ENTITY h "x">]><a>&h;</a>', "x"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a>&h;</a>', ""),
        (b"<p:a>x</p:a>", "x"),
    ],
)
def test_what_it_takes(data: bytes, text: str) -> None:
    """Entities of its own, encodings with a name, prefixes without meaning; nothing from outside."""
    assert parse(data).text == text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n<?xml version='1.0'?><a/>",
        b"<a/><b/>",
        b"<a>&h;</a>",
        b"<a>\xe5</a>",
        b'<a b="1" b="2"/>',
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b'<?xml version="1.0" encoding="hex"?><a/>',
        b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1),
        b"<a>" + b"<b/>" * 50_001 + b"</a>",
        b"<a>" + b"x" * 1024 * 1024 + b"</a>",
        b'<!DOCTYPE a [<!ENTITY a "' + b"x" * 9_999 + b'"><!ENTITY b "' + b"&a;" * 999 + b'">]><a>&b;</a>',
    ],
    ids=range(12),
)
def test_what_it_refuses(data: bytes) -> None:
    """What is not well-formed, and what is too much."""
    with pytest.raises(DocumentError) as caught:
        parse(data)
    assert [note.rule for note in refusal(caught.value).notes] == ["XML_BROKEN"]


def test_elements_are_found_by_name_with_their_lines() -> None:
    """Right below, and anywhere."""
    root = parse(b"<a>\n<b>\n<c/></b>\n<c/></a>")
    first, below = root.first("c"), root.below("c")
    assert first is not None
    assert below is not None
    assert (first.line, below.line) == (4, 3)


@given(BROKEN)
def test_it_gives_a_tree_or_its_own_error(data: bytes) -> None:
    """Whatever the bytes are."""
    with contextlib.suppress(DocumentError):
        assert isinstance(parse(data), Node)

"""XML from strangers: every outcome is an element or a DocumentError, in bounded time and memory."""

from __future__ import annotations

import gzip
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autoconfig.errors import DocumentError
from autoconfig.formats.xml import MAX_DEPTH, MAX_ELEMENTS, MAX_OCTETS, Element, parse_xml, to_bytes, without_illegal

SECONDS = 5.0  # the slowest takes 0.5 s here; what grows without bound takes minutes


def _laughs() -> bytes:
    entities = "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(12))
    return f'<!DOCTYPE a [<!ENTITY a "haha">{entities}]><a>&m;</a>'.encode()


def _declared(encoding: str) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?><a>å</a>'


# Each with a piece of what the error says; what libxml2 finds is told in its own words after ours.
REFUSED = {
    "billion laughs": (_laughs(), "well-formed"),
    "quadratic blow-up": (b'<!DOCTYPE a [<!ENTITY x "' + b"x" * 100_000 + b'">]><a>' + b"&x;" * 100_000 + b"</a>", "well-formed"),
    "external entity": (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>', "DTD"),
    "external DTD from the network": (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>', "DTD"),
    "external DTD from the disk": (b'<!DOCTYPE a SYSTEM "file:///nowhere/a.dtd"><a/>', "DTD"),
    "parameter entity": (b'<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///nowhere/a.dtd"> %x;]><a/>', "DTD"),
    "empty DTD": (b"<!DOCTYPE a><a/>", "DTD"),
    "unknown entity": (b"<a>&nbsp;</a>", "well-formed"),
    "100 000 deep": (b"<a>" * 100_000 + b"</a>" * 100_000, "well-formed"),
    "a little too deep": (b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1), "deep"),
    "10 MB": (b"<a>" + b"x" * 10_000_000 + b"</a>", "larger"),
    "too many elements": (b"<a>" + b"<b/>" * MAX_ELEMENTS + b"</a>", "elements"),
    "90 000 attributes": (b"<a " + b" ".join(b'a%d=""' % i for i in range(90_000)) + b"/>", "attributes"),
    "a name of 1 MB": (b"<" + b"a" * 1_000_000 + b"/>", "well-formed"),
    "NUL": (b"<a>\0</a>", "well-formed"),
    "NUL as a reference": (b"<a>&#0;</a>", "well-formed"),
    "control character": (b"<a>\x01</a>", "well-formed"),
    "empty": (b"", "well-formed"),
    "nothing but NUL": (b"\0" * 1000, "well-formed"),
    "text": (b"not found", "well-formed"),
    "a JSON document": (b'{"protocols": {}}', "well-formed"),
    "HTML": (b"<!doctype html><html><br></html>", "well-formed"),
    "truncated": (b"<a>\n<b>\n", "well-formed"),
    "truncated within a tag": (b"<a><b", "well-formed"),
    "two roots": (b"<a/><a/>", "well-formed"),
    "the same attribute twice": (b'<a b="" b=""/>', "well-formed"),
    "a prefix without a namespace": (b"<x:a/>", "well-formed"),
    "Latin-1 said to be UTF-8": (_declared("UTF-8").encode("latin-1"), "well-formed"),
    "UTF-8 said to be UTF-16": (_declared("UTF-16").encode(), "well-formed"),
    "BOM of UTF-8, said to be UTF-16": (_declared("UTF-16").encode("utf-8-sig"), "says that its encoding is UTF-16"),
    "BOM of UTF-8, said to be Latin-1": (_declared("ISO-8859-1").encode("utf-8-sig"), "ISO-8859-1"),
    "UTF-16 said to be UTF-8": (_declared("UTF-8").encode("utf-16"), "says that its encoding is UTF-8"),
    "UTF-16 without BOM, said to be UTF-8": (_declared("UTF-8").encode("utf-16-be"), "says that its encoding is UTF-8"),
    "unknown encoding": (_declared("klingon").encode(), "well-formed"),
    "half a UTF-16 character": (_declared("UTF-16").encode("utf-16")[:-1], "well-formed"),
    "gzip": (gzip.compress(b"<a/>"), "well-formed"),
}

TAKEN = {
    "UTF-8": _declared("UTF-8").encode(),
    "UTF-8 with BOM": _declared("utf-8").encode("utf-8-sig"),
    "UTF-8 without declaration": "<a>å</a>".encode(),
    "UTF-16 with BOM": _declared("UTF-16").encode("utf-16"),
    "UTF-16 without BOM": _declared("UTF-16LE").encode("utf-16-le"),
    "Latin-1": _declared("ISO-8859-1").encode("latin-1"),
    "reference": b"<a>&#229;</a>",
    "CDATA": "<a><![CDATA[å]]></a>".encode(),
    "comment and processing instruction": "<!-- x --><?x y?><a>å<!-- <b/> --><?x y?></a>".encode(),
}

LARGE = {
    "1 MiB of text": b"<a>" + b"x" * (MAX_OCTETS - 7) + b"</a>",
    "1 MB in an attribute": b'<a b="' + b"x" * 1_000_000 + b'"/>',
    "1 MB of comment": b"<a><!-- " + b"-x" * 500_000 + b" --></a>",
    "48 000 namespaces": b"<a " + b" ".join(b'xmlns:a%d="u"' % i for i in range(48_000)) + b"/>",
    "as many elements as may be": b"<a>" + b"<b>x</b>" * (MAX_ELEMENTS - 1) + b"</a>",
    "as deep as may be": b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH,
    "100 attributes each": b"<a>" + (b"<b " + b" ".join(b'c%d=""' % i for i in range(100)) + b"/>") * 1200 + b"</a>",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_a_document_error(name: str) -> None:
    """Whatever is wrong with the bytes, it is told in one line, soon."""
    data, said = REFUSED[name]
    started = time.process_time()
    with pytest.raises(DocumentError, match=said) as caught:
        parse_xml(data)
    assert time.process_time() - started < SECONDS
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", TAKEN)
def test_encodings_that_agree_with_themselves_are_taken(name: str) -> None:
    """XML 1.0, 4.3.3: UTF-8 and UTF-16 always, others where they are declared."""
    assert parse_xml(TAKEN[name]) == Element("a", (), ("å",))


@pytest.mark.parametrize("name", LARGE)
def test_what_is_just_small_enough_is_read_and_written_soon(name: str) -> None:
    """No size of anything within the limits costs more than its octets."""
    started = time.process_time()
    written = to_bytes(parse_xml(LARGE[name]))
    assert time.process_time() - started < SECONDS
    assert written.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<a')


def test_an_error_names_the_line() -> None:
    """A mistake is found again by its line."""
    with pytest.raises(DocumentError) as caught:
        parse_xml(b"<a>\n<b>\n</c>\n</a>")
    assert caught.value.line == 3


def test_an_element_knows_its_line() -> None:
    """Lines are kept, up to where libxml2 stops to count, and make no difference to equality."""
    first, far = parse_xml(b"<a>\n <b/>\n" + b"\n" * 70_000 + b"<b/></a>").elements
    assert (first.line, far.line) == (2, None)
    assert first == far


def test_no_file_is_opened_for_a_dtd() -> None:
    """A DTD is refused unread: the parser never asks for its file, nor for one on the network."""
    script = "import sys; from autoconfig.formats.xml import parse_xml\n" + "\n".join(
        f"try: parse_xml({REFUSED[name][0]!r})\nexcept Exception as error: print(type(error).__name__, error.template)"
        for name in ("external entity", "external DTD from the network", "external DTD from the disk", "parameter entity")
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert done.stdout.splitlines() == ["DocumentError the document has a DTD, which no settings document may have"] * 4


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux counts it")
def test_memory_is_bounded() -> None:
    """No refused or accepted document takes more than 200 MB, whatever it holds."""
    script = (
        "import resource\nfrom tests.formats import test_xml as t\nfrom autoconfig.errors import DocumentError\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for data in [case[0] for case in t.REFUSED.values()] + list(t.LARGE.values()):\n"
        "    try: t.to_bytes(t.parse_xml(data))\n"
        "    except DocumentError: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert int(done.stdout) < 200 * 1024


@given(st.binary(max_size=200))
@example(b"\xff\xfe\x00\x00")
@example(b"<?xml encoding=''?>")
def test_any_bytes_are_an_element_or_a_document_error(data: bytes) -> None:
    """No other exception leaves the parser."""
    _is_element_or_document_error(data)


@given(st.sampled_from(list(TAKEN.values())), st.data())
def test_a_damaged_document_is_an_element_or_a_document_error(document: bytes, data: st.DataObject) -> None:
    """The same for documents with a few octets changed or cut off, which get further into the parser."""
    damaged = bytearray(document)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    _is_element_or_document_error(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))


def _is_element_or_document_error(data: bytes) -> None:
    error = None
    try:
        parse_xml(data)
    except DocumentError as caught:
        error = caught
    assert str(error).isprintable()


def test_layout_is_two_spaces_and_one_element_a_line() -> None:
    """The document is for people as well; text is left as it is."""
    root = Element("a", (("b", "1"),), (Element("c", (), (" d ",)), Element("e"), Element("f", (), (Element("g"),))))
    assert to_bytes(root) == (b'<?xml version="1.0" encoding="UTF-8"?>\n<a b="1">\n  <c> d </c>\n  <e/>\n  <f>\n    <g/>\n  </f>\n</a>\n')


def test_text_between_elements_is_kept_as_it_stands() -> None:
    """Where text stands beside elements there is no layout, and none is added."""
    data = b'<?xml version="1.0" encoding="UTF-8"?>\n<a>See <b>this <c/></b> page\n <d><e/></d></a>\n'
    assert to_bytes(parse_xml(data)) == data


def test_everything_is_escaped_by_construction() -> None:
    """Markup in values stays a value; a carriage return and blanks in attributes survive the parser (XML 1.0, 2.11, 3.3.3)."""
    root = Element("a", (("b", "\"'<&>\n\t\r"),), ("]]><!--&amp;</a>\r\n",))
    assert parse_xml(to_bytes(root)) == root


@pytest.mark.parametrize("bad", ["\0", "\x01", "\x1b", "\ufffe", "\uffff", "\ud800"])
def test_what_xml_cannot_carry_is_refused_not_written(bad: str) -> None:
    """XML 1.0, 2.2: no reference makes such a character legal, so the document would not be well-formed."""
    for root in (Element("a", (), ("x" + bad,)), Element("a", (("b", bad),)), Element("a", (), (Element("b"), bad))):
        with pytest.raises(DocumentError):
            to_bytes(root)
    assert without_illegal(f"å{bad}\t\U0001f4e7") == "å\t\U0001f4e7"


def test_a_name_that_is_none_is_refused() -> None:
    """An element's name is never markup."""
    with pytest.raises(DocumentError):
        to_bytes(Element("a><b"))

"""The lines of a TOML text, held against tomllib, which knows the keys but not their places."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from autoconfig.store.places import Path, lines_of

_SCALARS = (
    "1", "0x1F", "1e6", "true", "inf", "1979-05-27T07:32:00Z", "1979-05-27 07:32:00", "07:32:00", '""', "''", '"]} # = \\" ["', "'}]#\"'",
    '"""\nmore\n[x]\ny = 1 ""\\"" """""', "'''\n'' # ]\n'''''", '"""\\\n   \n"""', '""""""', "''''''",
)  # fmt: skip
_GAPS = ("", " ", "\n", '\n# a comment ] } "\n  ', "\r\n\t")


@st.composite
def documents(draw: st.DrawFn) -> str:
    """TOML in every form that values, keys and tables may take; every key holds a number of its own."""
    numbers = itertools.count()
    gap = st.sampled_from(_GAPS)

    def key() -> str:
        return draw(st.sampled_from(("k{}k", "'k{}k'", '"k{}k"', '"k{}k \\u00e5\\""', "'k{}k.]= #'"))).format(next(numbers))

    def dotted() -> str:
        return draw(st.sampled_from((".", " . "))).join(key() for _ in range(draw(st.integers(1, 3))))

    def value(depth: int) -> str:
        form = draw(st.sampled_from(("scalar", "scalar", "array", "table") if depth else ("scalar",)))
        if form == "array":
            items = "".join(f"{draw(gap)}{value(depth - 1)}{draw(gap)}," for _ in range(draw(st.integers(0, 3))))
            return f"[{items}{draw(gap)}]"
        if form == "table":
            pairs = (f" {dotted()} = {value(depth - 1)} " for _ in range(draw(st.integers(0, 3))))
            return f"{{{','.join(pairs)}}}"
        return draw(st.sampled_from(_SCALARS))

    lines: list[str] = []
    headers: list[str] = []
    for _ in range(draw(st.integers(0, 8))):
        form = draw(st.sampled_from(("pair", "pair", "table", "array", "again", "below", "blank")))
        if form == "pair":
            lines.append(f"{draw(st.sampled_from(('', '  ')))}{dotted()} = {value(2)} # = [")
        elif form == "table":
            lines.append(f"[ {dotted()} ]")
        elif form == "array":
            headers.append(dotted())
            lines.append(f"[[{headers[-1]}]]")
        elif form == "again" and headers:
            lines.append(f"[[{draw(st.sampled_from(headers))}]] # again")
        elif form == "below" and headers:
            lines.append(f"[{draw(st.sampled_from(headers))}.{key()}]")
        else:
            lines.append(draw(gap))
    return draw(st.sampled_from(("\n", "\r\n"))).join(lines)


def _paths(data: object, path: Path = ()) -> Iterator[Path]:
    steps = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in steps:
        yield (*path, step)
        yield from _paths(value, (*path, step))


@given(documents())
def test_every_key_that_tomllib_finds_has_the_line_that_holds_it(text: str) -> None:
    """Whatever the form of keys, tables and values, and nothing is found that is not there."""
    data = tomllib.loads(text)
    lines = lines_of(text)
    assert set(lines) == set(_paths(data))
    for path, number in lines.items():
        keys = [step for step in path if isinstance(step, str)]
        line = text.split("\n")[number - 1]
        if isinstance(path[-1], str):
            assert keys[-1].split(" ")[0].rstrip('.]="') in line
        assert number >= lines[path[:-1] or path]


def test_a_settings_file_by_hand() -> None:
    """Elements of arrays of tables, tables within them and keys of inline tables stand where a reader sees them."""
    lines = lines_of('[[a]]\nx = 1\n[[a.b]]\ny = { z = 1, w = [\n 2,\n 3] }\n\n[[a.b]]\n[[a]]\n[a.c]\n"d.e" = """\n"""\nf = 1')
    assert lines == {
        ("a",): 1, ("a", 0): 1, ("a", 0, "x"): 2, ("a", 0, "b"): 3, ("a", 0, "b", 0): 3, ("a", 0, "b", 0, "y"): 4,
        ("a", 0, "b", 0, "y", "z"): 4, ("a", 0, "b", 0, "y", "w"): 4, ("a", 0, "b", 0, "y", "w", 0): 5, ("a", 0, "b", 0, "y", "w", 1): 6,
        ("a", 0, "b", 1): 8, ("a", 1): 9, ("a", 1, "c"): 10, ("a", 1, "c", "d.e"): 11, ("a", 1, "c", "f"): 13,
    }  # fmt: skip

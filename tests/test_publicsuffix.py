"""The registrable domain, held against the library with its whole list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publicsuffixlist import PSLFILE, PublicSuffixList

from autoconfig.publicsuffix import base_domain

WHOLE = PublicSuffixList()
with open(PSLFILE, encoding="utf-8") as file:
    RULES = [line.split()[0] for line in file if line.strip() and not line.startswith("//")]


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("mail.kund.se", "kund.se"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("co.uk", None),
        ("www.city.kawasaki.jp", "city.kawasaki.jp"),
        ("a.b.kawasaki.jp", "a.b.kawasaki.jp"),
        ("kund.github.io", "kund.github.io"),
        ("mail.kund.test", "kund.test"),
        ("x.xn--55qx5d.cn", "x.xn--55qx5d.cn"),
        ("mail.kund.xn--p1ai", "kund.xn--p1ai"),
        ("localhost", None),
        ("", None),
    ],
)
def test_the_base_of_a_host(host: str, base: str | None) -> None:
    """Suffixes of several labels, wildcards and their exceptions, private ones, unknown ones, in other scripts."""
    assert base_domain(host) == base


@given(st.sampled_from(RULES), st.lists(st.sampled_from(["a", "www", "xn--fiqs8s", "co", "-", ""]), max_size=3))
def test_the_rules_of_one_top_level_domain_say_what_all_say(rule: str, labels: list[str]) -> None:
    """For every rule of the list, and names around it."""
    suffix = ".".join(label.encode("idna").decode() for label in rule.removeprefix("!").replace("*", "any").split("."))
    host = ".".join([*labels, suffix])
    assert base_domain(host) == WHOLE.privatesuffix(host)


@given(st.text())
def test_no_text_is_too_odd(host: str) -> None:
    """The library with all its rules says the same."""
    ascii = host.encode("ascii", "replace").decode()
    assert base_domain(host) == (WHOLE.privatesuffix(ascii) if host else None)

"""Addresses in options, in every way in which people write them."""

from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.cli.options import HOST_IP, RESOLVER, SELECTOR


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1", ("127.0.0.1", 53)),
        ("127.0.0.1:5353", ("127.0.0.1", 5353)),
        ("::1", ("::1", 53)),
        ("2001:DB8::53", ("2001:db8::53", 53)),
        ("[::1]", ("::1", 53)),
        ("[::1]:5353", ("::1", 5353)),
        ("[fe80::1%eth0]:53", ("fe80::1%eth0", 53)),
    ],
)
def test_a_resolver_is_an_address_and_a_port(text: str, expected: tuple[str, int]) -> None:
    """53 where none is said."""
    assert RESOLVER.convert(text, None, None) == expected


@pytest.mark.parametrize(
    "text", ["", "resolver.se", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", ":53", "[::1", "[]:53", "1.2.3", "[::1]5"]
)
def test_what_is_no_resolver(text: str) -> None:
    """Names would need a resolver themselves."""
    with pytest.raises(click.BadParameter, match="not an IP address"):
        RESOLVER.convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail.kund.se=192.0.2.20", ("mail.kund.se", "192.0.2.20")),
        ("Byrå.se.=2001:DB8::1", ("xn--byr-wla.se", "2001:db8::1")),
        ("mail.kund.se=[::1]", ("mail.kund.se", "::1")),
    ],
)
def test_a_host_with_its_address(text: str, expected: tuple[str, str]) -> None:
    """The name in A-labels, the address in its one spelling."""
    assert HOST_IP.convert(text, None, None) == expected


@pytest.mark.parametrize("text", ["", "mail.kund.se", "mail.kund.se=", "mail.kund.se=host.se", "=192.0.2.1", "kund=192.0.2.1"])
def test_what_is_no_host_with_an_address(text: str) -> None:
    """One line that says what it should be."""
    with pytest.raises(click.BadParameter):
        HOST_IP.convert(text, None, None)


@pytest.mark.parametrize("text", ["mail", "S1", "2026-11", "k1.eu", "_a"])
def test_a_selector_is_the_part_before_domainkey(text: str) -> None:
    """In lower case: the DNS knows no other."""
    assert SELECTOR.convert(text, None, None) == text.lower()


@pytest.mark.parametrize("text", ["", ".", "a..b", "-a", "a b", "mail._domainkey.kund.se\n", "å", "a" * 65])
def test_what_is_no_selector(text: str) -> None:
    """One line that says what it should be."""
    with pytest.raises(click.BadParameter, match="not a selector"):
        SELECTOR.convert(text, None, None)


@given(st.text())
def test_any_text_is_an_option_or_wrong_usage(text: str) -> None:
    """Never a traceback."""
    for kind in (RESOLVER, HOST_IP, SELECTOR):
        try:
            kind.convert(text, None, None)
        except click.BadParameter:
            continue

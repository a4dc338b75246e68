"""Addresses and domains at the door: what is one, what is the same one, and which part of the rest is wrong."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autoconfig.address import Domain, EmailAddress
from autoconfig.errors import AddressError
from tests import strategies

LONG_DOMAIN = ".".join(["b" * 63] * 3)  # 191 octets


@pytest.mark.parametrize(
    ("text", "ascii_form", "unicode_form"),
    [
        ("kund.se", "kund.se", "kund.se"),
        (" KUND.se.\n", "kund.se", "kund.se"),
        ("Byrå.SE.", "xn--byr-wla.se", "byrå.se"),
        ("BYRA\u030a.se", "xn--byr-wla.se", "byrå.se"),
        ("XN--BYR-WLA.SE", "xn--byr-wla.se", "byrå.se"),
        ("faß.se", "xn--fa-hia.se", "faß.se"),
        ("kund。se", "kund.se", "kund.se"),
        ("ｋｕｎｄ.se", "kund.se", "kund.se"),
        ("ku\u00adnd\u200b.se", "kund.se", "kund.se"),
        ("a--b.se", "a--b.se", "a--b.se"),
        ("ab--c.se", "ab--c.se", "ab--c.se"),
        ("3.14.se", "3.14.se", "3.14.se"),
        ("пример.xn--p1ai", "xn--e1afmkfd.xn--p1ai", "пример.рф"),
        ("a.א", "a.xn--4db", "a.א"),
        ("l·l.se", "xn--ll-0ea.se", "l·l.se"),
        ("क्\u200dष.se", "xn--11b2ezcw70k.se", "क्\u200dष.se"),
        ("a" * 63 + ".se", "a" * 63 + ".se", "a" * 63 + ".se"),
        (f"{LONG_DOMAIN}.{'a' * 61}", f"{LONG_DOMAIN}.{'a' * 61}", f"{LONG_DOMAIN}.{'a' * 61}"),
    ],
)
def test_a_domain_has_both_its_forms(text: str, ascii_form: str, unicode_form: str) -> None:
    """RFC 5891 with the mapping of UTS 46: letter case, width, full stops and what cannot be seen make no difference."""
    domain = Domain.parse(text)
    assert (domain.ascii, domain.unicode, str(domain)) == (ascii_form, unicode_form, unicode_form)
    assert domain.is_internationalised == (ascii_form != unicode_form)


def test_both_forms_are_one_domain() -> None:
    """A set of domains holds each once, however it was written."""
    assert {Domain.parse(text) for text in ("byrå.se", "xn--byr-wla.se", "BYRÅ.SE.")} == {Domain.parse("byrå.se")}


def test_sharp_s_is_not_a_double_s() -> None:
    """IDNA 2008 (RFC 5892) tells the two apart; the transitional mapping would send one customer's mail to another."""
    assert Domain.parse("faß.se") != Domain.parse("fass.se")
    assert Domain.parse("faß.se") == Domain.parse("xn--fa-hia.se")


def test_domains_sort_by_their_a_labels() -> None:
    """One order, the same for every language."""
    names = ["öl.se", "b.se", "a.se"]
    assert [d.ascii for d in sorted(map(Domain.parse, names))] == ["a.se", "b.se", "xn--l-0ga.se"]


def test_parents_end_below_the_top_level() -> None:
    """A setting for subdomains may stand at any name above but the last."""
    assert Domain.parse("a.b.byrå.se").parents == ("b.xn--byr-wla.se", "xn--byr-wla.se")
    assert Domain.parse("kund.se").parents == ()


BAD_DOMAINS = {
    "": "missing",
    " \t": "missing",
    ".": "empty part",
    ".se": "empty part",
    "a..se": "empty part",
    "a.se..": "empty part",
    "se": "no dot",
    "karla.": "no dot",
    "localhost": "this computer",
    "mail.LOCALHOST.": "this computer",
    "192.0.2.1": "IP address",
    "[192.0.2.1]": "IP address",
    "2001:db8::1": "IP address",
    "[IPv6:2001:db8::1]": "IP address",
    "fe80::1%eth0": "IP address",
    "192.0.2.1.": "number",
    "127.1": "number",
    "a.123": "number",
    "１９２.0.2.1": "number",
    "-a.se": "hyphen",
    "a-.se": "hyphen",
    "a_b.se": r"_ \(U\+005F\)",
    "*.kund.se": r"\* \(U\+002A\)",
    "kund.se:993": r": \(U\+003A\)",
    "https://kund.se": r": \(U\+003A\)",
    "kund.se/": r"/ \(U\+002F\)",
    "anna@kund.se": r"@ \(U\+0040\)",
    "min kund.se": r"U\+0020",
    "kund.se\nx": r"U\+000A",
    "kund.se\0": r"U\+0000",
    "\u202ekund.se": r"U\+202E",
    "ku\u200dnd.se": r"U\+200D",
    "☃.se": r"☃ \(U\+2603\)",
    "\ud800.se": r"U\+D800",
    "אa.com": r"a \(U\+0061\)",
    "xn--.se": "not a valid",
    "xn--zzzzzz.se": "not a valid",
    "a" * 64 + ".se": "63 characters",
    "å" * 60 + ".se": "63 characters",
    f"{LONG_DOMAIN}.{'a' * 62}": "253 characters",
}


@pytest.mark.parametrize("text", BAD_DOMAINS)
def test_what_is_not_a_domain_says_why(text: str) -> None:
    """The message names what is wrong in words, a character also by its number, on one printable line."""
    with pytest.raises(AddressError, match=BAD_DOMAINS[text]) as caught:
        Domain.parse(text)
    assert caught.value.part == "domain"
    assert "domain" in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("text", "local", "shown"),
    [
        ("anna@kund.se", "anna", "anna@kund.se"),
        (" Anna.Åberg@KUND.se ", "Anna.Åberg", "Anna.Åberg@kund.se"),
        ("anna+tag@kund.se", "anna+tag", "anna+tag@kund.se"),
        ("!#$%&'*+-/=?^_`{|}~@kund.se", "!#$%&'*+-/=?^_`{|}~", "!#$%&'*+-/=?^_`{|}~@kund.se"),
        ("%EMAILADDRESS%@kund.se", "%EMAILADDRESS%", "%EMAILADDRESS%@kund.se"),
        ("a@xn--byr-wla.se", "a", "a@byrå.se"),
        ("e\u0301@kund.se", "é", "é@kund.se"),
        ("例@例え.jp", "例", "例@例え.jp"),
        ('"anna"@kund.se', "anna", "anna@kund.se"),
        ('"anna berg"@kund.se', "anna berg", '"anna berg"@kund.se'),
        ('"a@b"@kund.se', "a@b", '"a@b"@kund.se'),
        (r'"a\"b\\c"@kund.se', r"a\"b\c".replace(r"\"", '"'), r'"a\"b\\c"@kund.se'),
        (r'"\a\n\n\a"@kund.se', "anna", "anna@kund.se"),
        ('".a..b."@kund.se', ".a..b.", '".a..b."@kund.se'),
        ('"å b"@kund.se', "å b", '"å b"@kund.se'),
    ],
)
def test_an_address_has_its_value_and_its_spelling(text: str, local: str, shown: str) -> None:
    """RFC 5321, 4.1.2: quotes belong to the spelling, not to the mailbox; letter case of the local part is the host's business (2.4)."""
    address = EmailAddress.parse(text)
    assert (address.local, str(address)) == (local, shown)
    assert EmailAddress.parse(address.ascii) == address


BAD_ADDRESSES = {
    "": ("address", "missing"),
    " ": ("address", "missing"),
    "anna": ("address", "no @"),
    "kund.se": ("address", "no @"),
    "anna＠kund.se": ("address", "no @"),
    "@kund.se": ("local part", "before the @ is missing"),
    ".anna@kund.se": ("local part", "dot"),
    "anna.@kund.se": ("local part", "dot"),
    "an..na@kund.se": ("local part", "two in a row"),
    "an na@kund.se": ("local part", r"U\+0020"),
    "an\tna@kund.se": ("local part", r"U\+0009"),
    "an\0na@kund.se": ("local part", r"U\+0000"),
    "an\u200bna@kund.se": ("local part", r"U\+200B"),
    "an\u00a0na@kund.se": ("local part", r"U\+00A0"),
    "\u202eanna@kund.se": ("local part", r"U\+202E"),
    "\ud800@kund.se": ("local part", r"U\+D800"),
    "\u037e@kund.se": ("local part", r"; \(U\+003B\)"),
    "anna,bo@kund.se": ("local part", r", \(U\+002C\)"),
    "<anna@kund.se>": ("local part", r"< \(U\+003C\)"),
    "Anna <anna@kund.se>": ("local part", r"U\+0020"),
    "mailto:anna@kund.se": ("local part", r": \(U\+003A\)"),
    "anna@bo@kund.se": ("local part", r"@ \(U\+0040\)"),
    'an"na@kund.se': ("local part", r"U\+0022"),
    '""@kund.se': ("local part", "empty quotes"),
    '"anna@kund.se': ("local part", "quotes"),
    '"an"na@kund.se': ("local part", "quotes"),
    r'"anna\"@kund.se': ("local part", "quotes"),
    '"an\x7fna"@kund.se': ("local part", r"U\+007F"),
    '"an\nna"@kund.se': ("local part", r"U\+000A"),
    '"an\u0085na"@kund.se': ("local part", r"U\+0085"),
    "anna@": ("domain", "missing"),
    "anna@se": ("domain", "no dot"),
    "anna@[192.0.2.1]": ("domain", "IP address"),
    "anna@192.0.2.1": ("domain", "IP address"),
    "anna@kund_x.se": ("domain", "_"),
    "anna@kund.se\r\nBcc: bo@x.se": ("local part", "@"),
    "anna@kund.se\r\nX: y": ("domain", r"U\+000D"),
}


@pytest.mark.parametrize("text", BAD_ADDRESSES)
def test_what_is_not_an_address_names_the_part_that_is_wrong(text: str) -> None:
    """One error, one line, and the part in it: "before the @", "domain", or the whole."""
    part, said = BAD_ADDRESSES[text]
    with pytest.raises(AddressError, match=said) as caught:
        EmailAddress.parse(text)
    assert caught.value.part == part
    assert {"local part": "@", "domain": "domain", "address": "address"}[part] in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("local", "fits"),
    [
        ("a" * 64, True),
        ("a" * 65, False),
        ("å" * 32, True),
        ("å" * 32 + "a", False),
        ('"' + " " * 62 + '"', True),
        ('"' + " " * 63 + '"', False),
        ('"' + "a" * 64 + '"', True),  # the quotes are not needed
        ("e\u0301" * 32, True),  # 96 octets that are 64 in NFC
        ("\u0958" * 21, False),  # 63 octets that are 126 in NFC
    ],
)
def test_a_local_part_has_at_most_64_octets(local: str, fits: bool) -> None:
    """RFC 5321, 4.5.3.1.1, counted in the spelling that we write."""
    if fits:
        assert EmailAddress.parse(f"{local}@kund.se")
    else:
        with pytest.raises(AddressError, match="64 bytes") as caught:
            EmailAddress.parse(f"{local}@kund.se")
        assert caught.value.part == "local part"


@pytest.mark.parametrize(("octets", "fits"), [(253, True), (254, True), (255, False)])
@pytest.mark.parametrize("local", ["a" * 58, "å" * 29, '"' + " " * 56 + '"'])
def test_an_address_has_at_most_254_octets(local: str, octets: int, fits: bool) -> None:
    """RFC 5321, 4.5.3.1.3: a path of 256 with its angle brackets."""
    domain = f"{LONG_DOMAIN}.{'c' * (octets - 58 - 1 - len(LONG_DOMAIN) - 1)}"
    if fits:
        assert len(EmailAddress.parse(f"{local}@{domain}").ascii.encode()) == octets
    else:
        with pytest.raises(AddressError, match="254 bytes") as caught:
            EmailAddress.parse(f"{local}@{domain}")
        assert caught.value.part == "address"


def test_the_domain_of_an_address_counts_in_a_labels() -> None:
    """A-labels are what stands in the path that is limited."""
    domain = ".".join(["å" * 50] * 3)
    assert len(f"{'a' * 64}@{domain}".encode()) > 254
    assert EmailAddress.parse(f"{'a' * 64}@{domain}").domain.unicode == domain


@given(strategies.domains())
def test_a_domain_is_the_same_in_every_spelling(domain: Domain) -> None:
    """parse(str(d)) == d, in both forms, in capitals and with the trailing dot."""
    for text in (str(domain), domain.ascii, domain.ascii.upper(), domain.unicode + "."):
        again = Domain.parse(text)
        assert (again, again.unicode) == (domain, domain.unicode)


@given(strategies.addresses())
def test_an_address_is_the_same_when_read_again(address: EmailAddress) -> None:
    """parse(str(a)) == a, with the domain in either form."""
    assert EmailAddress.parse(str(address)) == address
    assert EmailAddress.parse(address.ascii) == address


_NASTY = st.sampled_from(
    ['"', "\\", "@", ".", "-", "xn--", "å", "ß", "\u0301", "\u037e", "\u0958", "א", "1", "a", " ", "[", "]", "\u200d", "%", "se"]
)
_TEXTS = st.one_of(
    st.text(max_size=40), st.lists(_NASTY, max_size=16).map("".join), st.lists(_NASTY, max_size=8).map("".join).map("{}@a.se".format)
)


@given(_TEXTS)
@example("xn--0.se")
@example("a@xn--\u00df.se")
def test_any_text_is_an_address_or_an_address_error(text: str) -> None:
    """Nothing else is raised, the message is one printable line, and what is taken is taken again."""
    for kind in (Domain, EmailAddress):
        try:
            parsed = kind.parse(text)
        except AddressError as error:
            said = error
        else:
            assert kind.parse(str(parsed)) == parsed
            assert kind.parse(parsed.ascii) == parsed
            continue
        assert said.part in ("address", "local part", "domain")
        assert str(said).isprintable()
        assert len(str(said)) < 600


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["a" * 10**6, "å" * 10**6, "a." * 10**6, "@" * 10**6, '"' * 10**6, "\\" * 10**6, "xn--" + "a" * 10**6, "\u0301" * 10**6]
)
def test_a_long_text_is_refused_soon(text: str) -> None:
    """A megabyte of anything is no way to keep a worker busy."""
    started = time.process_time()
    for whole in (text, f"{text}@kund.se", f"anna@{text}.se", f'"{text}"@kund.se'):
        with pytest.raises(AddressError):
            EmailAddress.parse(whole)
        with pytest.raises(AddressError):
            Domain.parse(whole)
    assert time.process_time() - started < 10

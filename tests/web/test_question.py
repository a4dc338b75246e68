"""Which domain or address a request is about."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.address import EmailAddress
from autoconfig.errors import AddressError, AutoconfigError, UsageError
from autoconfig.web.question import NotOurs, asked, host_domain, host_name
from tests.strategies import addresses


def _wsgi(host: str) -> str:
    """A header as WSGI hands it on: its octets as Latin-1."""
    return host.encode().decode("latin-1")


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("autoconfig.kund.se", "kund.se"),
        ("autodiscover.kund.se", "kund.se"),
        ("ua-auto-config.kund.se", "kund.se"),
        ("kund.se", "kund.se"),
        ("KUND.se", "kund.se"),
        ("AutoConfig.Kund.SE:8080", "kund.se"),
        ("kund.se.", "kund.se"),
        ("kund.se:", "kund.se"),
        ("www.kund.se", "www.kund.se"),
        ("autoconfig.autoconfig.kund.se", "autoconfig.kund.se"),
        ("autodiscover.autoconfig.kund.se", "autoconfig.kund.se"),
        ("autoconfig.se", "autoconfig.se"),
        ("myautoconfig.kund.se", "myautoconfig.kund.se"),
        (_wsgi("autoconfig.byrå.se"), "xn--byr-wla.se"),
        (_wsgi("AUTOCONFIG.BYRÅ.SE"), "xn--byr-wla.se"),
        ("autoconfig.xn--byr-wla.se", "xn--byr-wla.se"),
    ],
)
def test_without_an_address_it_is_the_host_without_one_label_of_ours(host, domain):
    """One leading `autoconfig.`, `autodiscover.` or `ua-auto-config.` is taken off, and the port."""
    question = asked(b"", host)
    assert question.domain.ascii == domain
    assert question.address is None


@pytest.mark.parametrize(
    "host", ["192.0.2.1", "192.0.2.1:8080", "[2001:db8::1]", "[::1]:8080", "localhost", "localhost:8080", "a.localhost"]
)
def test_an_ip_address_or_localhost_is_never_a_mail_domain(host):
    """There is no mail domain to answer for."""
    assert host_domain(host) is None
    with pytest.raises(NotOurs):
        asked(b"", host)


@pytest.mark.parametrize(
    "host", [None, "", "web", "my_service:8080", "-bad-.se", "a..se", "xn--999999999.se", "kund.123", "a" * 64 + ".se"]
)
def test_a_host_that_is_no_domain_has_no_settings(host):
    """Names of container networks, labels that break the rules, and no Host at all."""
    assert host_domain(host) is None
    with pytest.raises(NotOurs):
        asked(b"", host)


@pytest.mark.parametrize(
    "host",
    [
        " ",
        "<script>",
        "kund.se/x",
        "kund.se?x",
        "a@kund.se",
        "kund.se:80:80",
        "kund.se:x",
        "[::1",
        "kund.se, other.se",
        "a%2ese",
        "a\tb.se",
        "\xe5.se",
    ],
)
def test_a_host_that_is_no_host_is_refused(host):
    """RFC 9110, 7.2: a host name and perhaps a port. The last one is Latin-1."""
    with pytest.raises(UsageError):
        host_name(host)
    with pytest.raises(UsageError):
        asked(b"", host)


@pytest.mark.parametrize(
    ("query", "address"),
    [
        ("emailaddress=anna@kund.se", "anna@kund.se"),
        ("emailaddress=anna%40kund.se", "anna@kund.se"),
        ("emailaddress=Anna%40KUND.se", "Anna@kund.se"),
        ("emailaddress=anna+nyheter@kund.se", "anna+nyheter@kund.se"),
        ("emailaddress=anna%2Bnyheter%40kund.se", "anna+nyheter@kund.se"),
        ("emailaddress=anna@byrå.se", "anna@byrå.se"),
        ("emailaddress=anna%40byr%C3%A5.se", "anna@byrå.se"),
        ("emailaddress=anna%40xn--byr-wla.se", "anna@byrå.se"),
        ("emailaddress=%20anna%40kund.se%20", "anna@kund.se"),
        ("a=b&emailaddress=anna@kund.se&c", "anna@kund.se"),
        ("emailaddress=EVOLUTIONUSER%40kund.se&emailmd5=0123", "EVOLUTIONUSER@kund.se"),
        ("emailaddress=anna@kund.se&emailaddress=nils@other.se", "anna@kund.se"),
        ("email%61ddress=anna@kund.se", "anna@kund.se"),
        ("emailaddress=%22a%26b=c%22@kund.se", '"a&b=c"@kund.se'),
    ],
)
def test_the_address_in_the_query_comes_first(query, address):
    """The first one, decoded as a URL and not as a form: "+" is "+", for Nextcloud sends it so."""
    question = asked(query.encode(), "autoconfig.other.se")
    assert question.address == EmailAddress.parse(address)
    assert question.domain == EmailAddress.parse(address).domain


@pytest.mark.parametrize(
    "query", [b"", b"emailaddress=", b"emailaddress", b"emailaddress=%20", b"email=a@b.se", b"EMAILADDRESS=a@b.se", b"&&=&"]
)
def test_an_empty_address_counts_as_none(query):
    """Clients that know only the domain send an empty parameter."""
    assert asked(query, "autoconfig.kund.se").domain.ascii == "kund.se"


@pytest.mark.parametrize(
    ("query", "part"),
    [
        (b"emailaddress=anna", "address"),
        (b"emailaddress=@kund.se", "local part"),
        (b"emailaddress=anna@", "domain"),
        (b"emailaddress=anna@localhost", "domain"),
        (b"emailaddress=anna@192.0.2.1", "domain"),
        (b"emailaddress=anna@[192.0.2.1]", "domain"),
        (b"emailaddress=anna%0d%0aX:y@kund.se", "local part"),
        (b"emailaddress=anna%00@kund.se", "local part"),
        (b"emailaddress=<script>@kund.se", "local part"),
        (b"emailaddress=anna@<script>.se", "domain"),
        (b"emailaddress=%E5@kund.se", "address"),
        (b"emailaddress=\xe5@kund.se", "address"),
        (b"emailaddress=%25EMAILADDRESS%25", "address"),
    ],
)
def test_what_is_no_address_is_refused_even_where_the_host_is_a_domain(query, part):
    """A wrong address is told, not passed over."""
    with pytest.raises(AddressError) as raised:
        asked(query, "autoconfig.kund.se")
    assert raised.value.part == part


@given(addresses(), st.sampled_from(("", "autoconfig.other.se", "<script>", None)))
def test_any_address_arrives_as_it_was_sent(address, host):
    """Percent-encoded in full, as a careful client does; the Host does not matter then."""
    encoded = "".join(f"%{octet:02X}" for octet in str(address).encode())
    assert asked(f"emailaddress={encoded}".encode(), host).address == address


@given(st.binary(max_size=300), st.one_of(st.none(), st.text(max_size=300)))
def test_any_bytes_are_a_question_or_one_of_our_errors(query, host):
    """Nothing that is sent breaks the reading."""
    for text in (query, b"emailaddress=" + query):
        with suppress(AutoconfigError):
            assert asked(text, host).domain

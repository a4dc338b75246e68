"""The DNS as it is and as it should not be: every answer becomes a status, in time, and none a traceback."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.network.dns import MAX_ALIASES, MAX_VALUE_LENGTH, MAX_VALUES, PORT, Resolver
from autoconfig.observations import Lookup, LookupStatus, Question
from tests.network.nameserver import Answerer, Reply, answering, reply

SOA = ("kund.se. SOA ns.kund.se. root.kund.se. 1 3600 600 86400 60",)


def ask(
    answerer: Answerer, name: str = "kund.se", type: str = "A", *, seconds: float = 3.0, tcp: bool = True
) -> tuple[Lookup, list[tuple[dns.message.Message, bool]]]:
    """Return the lookup at a server that answers by *answerer*, and what it was asked."""

    async def run() -> tuple[Lookup, list[tuple[dns.message.Message, bool]]]:
        async with answering(answerer, tcp) as server:
            found = await Resolver([server.address], seconds).lookup(Question(name, type))
            await asyncio.sleep(0)
            return found, server.queries

    return asyncio.run(run())


def always(*records: str, rcode: int = 0, authority: tuple[str, ...] = ()) -> Answerer:
    """Answer every query with the same."""
    return lambda query, tcp: reply(query, *records, rcode=rcode, authority=authority)


# --- what is right -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type", "records", "values"),
    [
        ("A", ["192.0.2.1", "192.0.2.2"], ("192.0.2.1", "192.0.2.2")),
        ("AAAA", ["2001:DB8:0:0::1"], ("2001:db8::1",)),
        ("MX", ["10 MX.Kund.se.", "20 mx2.kund.se."], ("10 mx.kund.se", "20 mx2.kund.se")),
        ("MX", ["0 ."], ("0 .",)),
        ("SRV", ["10 5 993 IMAP.kund.se."], ("10 5 993 imap.kund.se",)),
        ("SRV", ["0 0 0 ."], ("0 0 0 .",)),
        ("NS", ["NS1.kund.se."], ("ns1.kund.se",)),
        ("PTR", ["Mail.kund.se."], ("mail.kund.se",)),
        ("TXT", ['"v=spf1 " "-all"'], ("v=spf1 -all",)),
        ("TXT", [r'"caf\195\169 \255"'], ("café \\xff",)),
        ("SOA", ["NS.kund.se. root.kund.se. 1 2 3 4 5"], ("ns.kund.se root.kund.se 1 2 3 4 5",)),
        ("CAA", ['0 issue "ca.se"'], ('0 issue "ca.se"',)),
        ("TLSA", ["3 1 2 " + "ab" * 64], ("3 1 2 " + "ab" * 64,)),
        ("TLSA", ["3 0 0 " + "ab" * 300], ("3 0 0 " + "ab" * 300,)),
    ],
)
def test_values_have_one_spelling(type: str, records: list[str], values: tuple[str, ...]) -> None:
    """As in a master file, names in lower case without their last dot, texts as they read."""
    found, _ = ask(always(*(f"kund.se. {type} {record}" for record in records)), type=type)
    assert (found.status, set(found.values), found.ttl) == (LookupStatus.FOUND, set(values), 300)


def test_the_question_asks_for_the_ad_bit_and_no_signatures() -> None:
    """RFC 6840, 5.7: AD in a query asks whether the answer was validated."""
    _, ((query, tcp),) = ask(always("kund.se. A 192.0.2.1"))
    assert query.flags & dns.flags.RD
    assert query.flags & dns.flags.AD
    assert query.edns == 0
    assert not query.ednsflags & dns.flags.DO
    assert not tcp


def test_what_the_server_says_of_itself_is_kept() -> None:
    """AD and AA."""

    def answerer(query: dns.message.Message, tcp: bool) -> Reply:
        message = reply(query, "kund.se. A 192.0.2.1")
        message.flags |= dns.flags.AD | dns.flags.AA
        return message

    found, _ = ask(answerer)
    assert found.authenticated
    assert found.authoritative
    plain, _ = ask(always("kund.se. A 192.0.2.1"))
    assert not plain.authenticated
    assert not plain.authoritative


def test_an_alias_is_followed_in_the_answer() -> None:
    """The aliases are their targets, in order."""
    records = ("kund.se. CNAME A.host.se.", "a.host.se. CNAME b.host.se.", "b.host.se. A 192.0.2.1")
    found, queries = ask(always(*records))
    assert (found.status, found.values, found.aliases) == (LookupStatus.FOUND, ("192.0.2.1",), ("a.host.se", "b.host.se"))
    assert len(queries) == 1


def test_an_alias_without_its_end_is_asked_for() -> None:
    """A resolver may stop at the border of what it knows."""

    def answerer(query: dns.message.Message, tcp: bool) -> Reply:
        name = query.question[0].name.to_text()
        return reply(query, f"{name} CNAME b.host.se." if name == "kund.se." else f"{name} A 192.0.2.1")

    found, queries = ask(answerer)
    assert (found.values, found.aliases, len(queries)) == (("192.0.2.1",), ("b.host.se",), 2)


def test_a_question_for_the_alias_itself_is_not_followed() -> None:
    """CNAME is a type as others."""
    found, _ = ask(always("kund.se. CNAME a.host.se."), type="CNAME")
    assert (found.values, found.aliases) == (("a.host.se",), ())


@pytest.mark.parametrize(
    ("answerer", "status", "aliases", "ttl"),
    [
        (always(authority=SOA), LookupStatus.NODATA, (), 60),
        (always(), LookupStatus.NODATA, (), None),
        (always(rcode=dns.rcode.NXDOMAIN, authority=SOA), LookupStatus.NXDOMAIN, (), 60),
        (always("kund.se. CNAME gone.se.", rcode=dns.rcode.NXDOMAIN, authority=SOA), LookupStatus.NXDOMAIN, ("gone.se",), 60),
        (always("kund.se. CNAME bare.se.", authority=SOA), LookupStatus.NODATA, ("bare.se",), 60),
    ],
)
def test_nothing_there_is_told_apart(answerer: Answerer, status: LookupStatus, aliases: tuple[str, ...], ttl: int | None) -> None:
    """RFC 2308, 2: no such name, or none of this type, at the end of an alias as well."""
    found, _ = ask(answerer)
    assert (found.status, found.values, found.aliases, found.ttl) == (status, (), aliases, ttl)


def test_letter_case_does_not_matter() -> None:
    """Servers and resolvers mix the case of names as they like."""

    def answerer(query: dns.message.Message, tcp: bool) -> Reply:
        wire = reply(query, "kUnD.Se. CNAME HOST.se.", "hOsT.sE. A 192.0.2.1").to_wire()
        return wire.replace(b"\x04kund\x02se", b"\x04KUND\x02sE", 1)

    found, _ = ask(answerer)
    assert (found.status, found.values, found.aliases) == (LookupStatus.FOUND, ("192.0.2.1",), ("host.se",))


def test_a_long_answer_comes_over_tcp() -> None:
    """RFC 7766, 5: the TC bit asks for TCP."""

    def answerer(query: dns.message.Message, tcp: bool) -> Reply:
        if tcp:
            return reply(query, *(f"kund.se. A 10.{i // 200}.0.{i % 200}" for i in range(1000)))
        message = reply(query)
        message.flags |= dns.flags.TC
        return message

    found, queries = ask(answerer)
    assert found.status is LookupStatus.FOUND
    assert len(found.values) == MAX_VALUES
    assert [tcp for _, tcp in queries] == [False, True]


def test_a_long_text_is_cut() -> None:
    """Nobody needs that much."""
    found, _ = ask(always("kund.se. TXT " + " ".join(['"' + "x" * 255 + '"'] * 100)), type="TXT")
    assert len(found.values[0]) == MAX_VALUE_LENGTH


def test_a_server_that_does_not_know_edns_is_asked_without() -> None:
    """RFC 6891, 7."""

    def answerer(query: dns.message.Message, tcp: bool) -> Reply:
        if query.edns < 0:
            return reply(query, "kund.se. A 192.0.2.1")
        return dns.message.from_wire(query.id.to_bytes(2, "big") + b"\x80\x01" + bytes(8))

    found, queries = ask(answerer)
    assert (found.status, len(queries)) == (LookupStatus.FOUND, 2)


def test_the_end_of_an_alias_at_a_named_server_is_no_data() -> None:
    """It is asked at port 53, without recursion, and not again for what is not its own."""

    async def run(address: str) -> Lookup:
        return await Resolver([("127.0.0.1", 1)], 1).lookup(Question("kund.se", "A", address))

    # Nobody listens on port 53 of this address; the resolver's own port is not used for it.
    assert asyncio.run(run("127.9.9.53")).status in (LookupStatus.UNREACHABLE, LookupStatus.TIMEOUT)
    assert PORT == 53


# --- what is wrong -----------------------------------------------------------------------------------------------------------------


def _wrong_id(query: dns.message.Message, tcp: bool) -> Reply:
    message = reply(query, "kund.se. A 192.0.2.66")
    message.id ^= 1
    return message


def _other_name(query: dns.message.Message, tcp: bool) -> Reply:
    return reply(dns.message.make_query("other.se.", "A", id=query.id), "other.se. A 192.0.2.66")


def _truncated(query: dns.message.Message, tcp: bool) -> Reply:
    if tcp:
        return None
    message = reply(query)
    message.flags |= dns.flags.TC
    return message


def _bogus(query: dns.message.Message, tcp: bool) -> Reply:
    message = reply(query, rcode=dns.rcode.SERVFAIL)
    message.use_edns(0, options=[dns.edns.EDEOption(6, "signature expired\n\x1b[31m"), dns.edns.EDEOption(9999), dns.edns.EDEOption(13)])
    return message


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answerer", "tcp", "status"),
    [
        (lambda query, tcp: None, True, LookupStatus.TIMEOUT),
        (_wrong_id, True, LookupStatus.MALFORMED),
        (_other_name, True, LookupStatus.MALFORMED),
        (lambda query, tcp: b"HTTP/1.1 400 Bad Request", True, LookupStatus.MALFORMED),
        (lambda query, tcp: query.to_wire(), True, LookupStatus.MALFORMED),
        (_truncated, True, LookupStatus.TIMEOUT),
        (_truncated, False, LookupStatus.UNREACHABLE),
        (_bogus, True, LookupStatus.SERVFAIL),
        (always(rcode=dns.rcode.REFUSED), True, LookupStatus.REFUSED),
        (always(rcode=dns.rcode.NOTIMP), True, LookupStatus.REFUSED),
        (always(rcode=dns.rcode.FORMERR), True, LookupStatus.SERVFAIL),
        (always("kund.se. CNAME a.se.", "a.se. CNAME kund.se."), True, LookupStatus.LOOP),
        (always("kund.se. CNAME kund.se."), True, LookupStatus.LOOP),
        (always("kund.se. CNAME 0.se.", *(f"{i}.se. CNAME {i + 1}.se." for i in range(40))), True, LookupStatus.LOOP),
    ],
)
def test_each_fault_has_its_status_in_time(answerer: Answerer, tcp: bool, status: LookupStatus) -> None:
    """Within the time that was given, and no value with it."""
    start = time.monotonic()
    found, _ = ask(answerer, seconds=0.5, tcp=tcp)
    assert (found.status, found.values) == (status, ())
    assert len(found.aliases) <= MAX_ALIASES
    assert time.monotonic() - start < 1.5
    assert 0 < found.ms < 1500


def test_a_circle_of_aliases_across_answers_ends() -> None:
    """Each answer has one alias, and the last leads to the first."""

    def answerer(query: dns.message.Message, tcp: bool) -> Reply:
        name = query.question[0].name.to_text()
        return reply(query, f"{name} CNAME {'b' if name == 'kund.se.' else 'kund'}.se.")

    found, queries = ask(answerer)
    assert (found.status, len(queries)) == (LookupStatus.LOOP, 2)


def test_extended_errors_are_told_in_words() -> None:
    """RFC 8914: the code, its name and the server's text, control characters escaped."""
    found, _ = ask(_bogus)
    assert found.errors == (r"6 DNSSEC Bogus: signature expired\n\x1b[31m", "9999", "13 Cached Error")


def test_nonsense_before_the_answer_does_not_hurt() -> None:
    """Anybody can send datagrams: the right one is waited for."""

    async def run() -> Lookup:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.setblocking(False)
            server.bind(("127.0.0.1", 0))
            loop = asyncio.get_running_loop()
            asking = asyncio.create_task(Resolver([server.getsockname()], 2).lookup(Question("kund.se", "A")))
            wire, client = await loop.sock_recvfrom(server, 4096)
            query = dns.message.from_wire(wire)
            for datagram in (b"", b"junk", _wrong_id(query, False), reply(query, "kund.se. A 192.0.2.1")):
                server.sendto(datagram.to_wire() if isinstance(datagram, dns.message.Message) else datagram or b"", client)
            return await asking

    assert asyncio.run(run()).values == ("192.0.2.1",)


# --- several servers ---------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("first", [lambda query, tcp: None, _bogus, always(rcode=dns.rcode.REFUSED)], ids=["silent", "servfail", "refused"])
def test_the_next_server_is_asked(first: Answerer) -> None:
    """One bad resolver says nothing about the domain."""

    async def run() -> Lookup:
        async with answering(first) as bad, answering(always("kund.se. A 192.0.2.1")) as good:
            return await Resolver([bad.address, good.address], 4).lookup(Question("kund.se", "A"))

    assert asyncio.run(run()).values == ("192.0.2.1",)


def test_two_servfails_are_enough() -> None:
    """The third server would say the same."""

    async def run() -> tuple[Lookup, int]:
        async with answering(_bogus) as one, answering(_bogus) as two, answering(_bogus) as three:
            found = await Resolver([one.address, two.address, three.address], 4).lookup(Question("kund.se", "A"))
            return found, len(three.queries)

    found, asked = asyncio.run(run())
    assert (found.status, asked) == (LookupStatus.SERVFAIL, 0)
    assert found.errors[0].startswith("6 DNSSEC Bogus")


@pytest.mark.slow
def test_a_lost_datagram_is_sent_again() -> None:
    """A silent server comes again."""
    turns: Iterator[bool] = iter([False, True])
    found, queries = ask(lambda query, tcp: reply(query, "kund.se. A 192.0.2.1") if next(turns) else None)
    assert (found.status, len(queries)) == (LookupStatus.FOUND, 2)


@pytest.mark.parametrize("servers", [[], [("127.0.0.1", 1)], [("::1", 1)], [("::1%no-such-zone", 53)], [("not an address", 53)]])
def test_no_resolver_is_unreachable(servers: list[tuple[str, int]]) -> None:
    """We could not even ask, and say so at once."""
    start = time.monotonic()
    assert asyncio.run(Resolver(servers, 3).lookup(Question("kund.se", "A"))).status is LookupStatus.UNREACHABLE
    assert time.monotonic() - start < 1


@pytest.mark.parametrize(
    "question", [Question("a" * 64 + ".se", "A"), Question("a..se", "A"), Question("kund.se", "NOPE"), Question("ö.se", "A")]
)
def test_what_cannot_be_asked_is_not(question: Question) -> None:
    """No such name can be in the DNS."""
    assert asyncio.run(Resolver([], 1).lookup(question)).status is LookupStatus.UNKNOWN


# --- anything at all ---------------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=600), st.booleans(), st.integers(0, 0xFFFF))
def test_any_bytes_are_an_answer(body: bytes, honest: bool, flags: int) -> None:
    """Whatever comes back, with the right beginning or without it."""

    def answerer(query: dns.message.Message, tcp: bool) -> Reply:
        if not honest:
            return body
        question = query.question[0].name.to_wire() + b"\0\1\0\1"
        counts = b"\0\1\0\3\0\1\0\1"
        return query.id.to_bytes(2, "big") + (flags | 0x8000).to_bytes(2, "big") + counts + question + body

    found, _ = ask(answerer, seconds=0.02, tcp=False)
    assert isinstance(found, Lookup)


_NAMES = st.sampled_from(["kund.se.", "a.se.", "b.se.", "."])
_RECORDS = st.one_of(
    st.builds("{} CNAME {}".format, _NAMES, _NAMES),
    st.builds("{} A 192.0.2.{}".format, _NAMES, st.integers(0, 9)),
    st.builds('{} TXT "x"'.format, _NAMES),
)


@given(st.lists(_RECORDS, max_size=6), st.sampled_from([0, 2, 3, 5]), st.sampled_from([(), SOA]))
def test_any_records_are_an_answer(records: list[str], rcode: int, authority: tuple[str, ...]) -> None:
    """Values only where something was found, and never without an end."""
    found, _ = ask(always(*records, rcode=rcode, authority=authority), tcp=False)
    assert bool(found.values) == (found.status is LookupStatus.FOUND)
    assert found.status is not LookupStatus.TIMEOUT

"""The readers of SPF, DKIM, DMARC, MTA-STS and TLS-RPT records: what is in the grammar, what is not, and any text whatsoever."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.address import Domain, EmailAddress
from autoconfig.checks import deliverability, dkim, dmarc, mtasts, spf, spfrecord, taglist, tlsrpt
from autoconfig.checks.asking import Answers
from autoconfig.checks.case import Case
from autoconfig.findings import Finding
from autoconfig.i18n import texts
from autoconfig.observations import Lookup, LookupStatus, Question
from autoconfig.report.words import tell
from tests.checks.worlds import TableWorld

KUND = Domain.parse("kund.se")
# Texts near to what the grammars have, and far from it.
_WORDS = """
v=spf1 v=DKIM1 v=DMARC1 v=STSv1 v=TLSRPTv1 include: a mx ip4:192.0.2.0/24 ip6:::/0 redirect= +all -all %{i} %{d2r.} % kund.se exists: p=
p=none k=rsa t=y rua=mailto:a@b.se id=1 ; : = / // mode:enforce mx:*.kund.se max_age:1 version:STSv1 å AAAA
"""
WORDS = st.sampled_from([*_WORDS.split(), " ", "\r\n", "\x00"])
NEAR = st.lists(WORDS, max_size=30).map("".join)
ANY = NEAR | st.text(max_size=300)


GOOD = """
all -all ~ALL ?all include:a.se a a:mx.a.se a/24 a//64 a:a.se/24//64 mx -mx:a.se/0 ptr ptr:a.se ip4:192.0.2.1 ip4:192.0.2.0/24
ip6:2001:db8::1 ip6:2001:DB8::/32 ip6:::ffff:192.0.2.1 exists:%{ir}.%{l1r+-}._spf.%{d2} redirect=_spf.a.se redirect=%{d}
exp=explain._spf.%{d} op=auth x-y.z=%{s}%%%_%-/ include:_spf.a.se. a:xn--4ca.se
"""
BAD = """
all: all/24 include include: include:a include:a..se include:a.se/24 include:192.0.2.1 a: a/ a/33 a/24/64 a//129 a/024 mx:/24 ptr/24
ip4 ip4: ip4:192.0.2 ip4:192.0.2.1/33 ip4:2001:db8::1 ip6:192.0.2.1 ip4=192.0.2.1/24% ipv4:192.0.2.1 exists redirect= redirect=a
redirect:a.se +redirect=a.se exists:%{x}.se a:% ++all , a:å.se a:a.s_e include:%{i - : a;
"""


@pytest.mark.parametrize("term", GOOD.split())
def test_terms_of_the_grammar(term: str) -> None:
    """RFC 7208, 12."""
    assert spfrecord.parse(f"v=spf1 {term}").faults == ()


@pytest.mark.parametrize("term", BAD.split())
def test_terms_that_are_none(term: str) -> None:
    """Each makes the whole record void (4.6); the term is named."""
    assert spfrecord.parse(f"v=spf1 a {term} -all").faults == (term,)


@pytest.mark.parametrize("term", ["include=a.se", "v=spf1,", "ipv4=192.0.2.1"])
def test_modifiers_that_nobody_can_have_meant(term: str) -> None:
    """RFC 7208, 6: what is not known is passed over, so that the sender is missing without a word."""
    assert spfrecord.parse(f"v=spf1 a {term} op=auth -all").doubtful == (term,)


def test_redirect_comes_once() -> None:
    """RFC 7208, 6."""
    assert spfrecord.parse("v=spf1 redirect=a.se redirect=b.se").faults == ("redirect=b.se",)


def test_redirect_counts_after_all_mechanisms() -> None:
    """Wherever it stands (6.1), and not beside "all"."""
    assert [term.text for term in spfrecord.parse("v=spf1 redirect=a.se mx a").reachable] == ["mx", "a", "redirect=a.se"]
    assert [term.text for term in spfrecord.parse("v=spf1 redirect=a.se mx -all a").lost] == ["redirect=a.se", "a"]


@pytest.mark.parametrize(
    ("text", "is_one", "resembles"),
    [
        ("v=spf1", True, False),
        ("V=SPF1 -all", True, False),
        ("v=spf1\t-all", False, True),
        ("v=spf10 -all", False, True),
        (" v=spf1 -all", False, True),
        ('"v=spf1 -all"', False, True),
        ("v = spf1 -all", False, True),
        ("spf1 -all", False, True),
        ("spf2.0/pra -all", False, False),
        ("see v=spf1", False, False),
    ],
)
def test_what_is_a_record_and_what_was_meant_as_one(text: str, is_one: bool, resembles: bool) -> None:
    """RFC 7208, 4.5; "spf2.0" was Sender ID's, and harmless."""
    assert (spfrecord.is_record(text), spfrecord.resembles(text)) == (is_one, resembles)


WORLD = {
    "a.se": {"TXT": ["v=spf1 ip4:192.0.2.0/24 -ip4:198.51.100.0/24 ?ip4:203.0.113.0/24 include:b.se a:c.se mx:d.se/24 ~all"]},
    "b.se": {"TXT": ["v=spf1 ip6:2001:db8::/32 -all"]},
    "c.se": {"A": ["10.1.1.1"], "AAAA": ["2001:db9::1"]},
    "d.se": {"MX": ["10 mx.d.se"]},
    "mx.d.se": {"A": ["10.2.2.2"]},
    "r.se": {"TXT": ["v=spf1 redirect=b.se"]},
    "n.se": {"TXT": ["v=spf1 redirect=gone.se"]},
    "i.se": {"TXT": ["v=spf1 include:gone.se -all"]},
    "l.se": {"TXT": ["v=spf1 include:l.se -all"]},
    "o.se": {"TXT": ["v=spf1 ip4:10.0.0.1"]},
    "m.se": {"TXT": ["v=spf1 exists:%{i}.x.se -all"]},
    "e.se": {"TXT": ["v=spf1 exists:c.se -all"]},
    "t.se": {"TXT": ["v=spf1 ip4:10.0.0.1 oops -all"]},
}


def _answers(domain: str) -> Answers:
    case = Case(Domain.parse(domain), EmailAddress("postmaster", Domain.parse(domain)), TableWorld(WORLD))
    return asyncio.run(deliverability.gather(case)).answers


@pytest.mark.parametrize(
    ("domain", "ip", "result"),
    [
        ("a.se", "192.0.2.9", "pass"),
        ("a.se", "198.51.100.9", "fail"),
        ("a.se", "203.0.113.9", "neutral"),
        ("a.se", "2001:db8::9", "pass"),
        ("a.se", "10.1.1.1", "pass"),
        ("a.se", "2001:db9::1", "pass"),
        ("a.se", "10.2.2.77", "pass"),
        ("a.se", "10.9.9.9", "softfail"),
        ("r.se", "2001:db8::9", "pass"),
        ("r.se", "10.9.9.9", "fail"),
        ("n.se", "10.9.9.9", "permerror"),
        ("i.se", "10.9.9.9", "permerror"),
        ("l.se", "10.9.9.9", "permerror"),
        ("o.se", "10.9.9.9", "neutral"),
        ("m.se", "10.9.9.9", "unknown"),
        ("e.se", "10.9.9.9", "pass"),
        ("t.se", "10.0.0.1", "permerror"),
        ("c.se", "10.9.9.9", "none"),
    ],
)
def test_what_a_receiver_makes_of_an_address(domain: str, ip: str, result: str) -> None:
    """RFC 7208, 4 to 6."""
    assert spf.evaluate(_answers(domain), domain, ip).value == result


@pytest.mark.parametrize(
    ("text", "tags", "faults"),
    [
        ("a=1; b=2", (("a", "1"), ("b", "2")), ()),
        (" A = 1 ;", (("a", "1"),), ()),
        ("a=1;;b=2", (("a", "1"), ("b", "2")), ("",)),
        ("a=x=y", (("a", "x=y"),), ()),
        ("a", (), ("a",)),
        ("a=1; a=2", (("a", "1"),), ("a=2",)),
        ("", (), ()),
    ],
)
def test_lists_of_tags(text: str, tags: tuple[tuple[str, str], ...], faults: tuple[str, ...]) -> None:
    """RFC 6376, 3.2."""
    assert taglist.parse(text) == taglist.TagList(tags, faults)


def test_a_policy_of_mta_sts() -> None:
    """RFC 8461, 3.2, with lines ended in both ways and fields that nobody knows."""
    body = b"version: STSv1\nmode:testing\r\nmx: mx1.kund.se\nmx: *.kund.se\r\nx-more: 1\nmax_age: 604800\r\n"
    policy = mtasts.parse(body)
    assert policy == mtasts.Policy("testing", ("mx1.kund.se", "*.kund.se"), 604800)
    assert [policy.covers(host) for host in ("mx1.kund.se", "a.kund.se", "a.b.kund.se", "kund.se")] == [True, True, False, False]


@pytest.mark.parametrize("text", ["v=TLSRPTv1;rua=mailto:a@b.se", "v=TLSRPTv1; rua=https://b.se/x , mailto:a@b.se;"])
def test_a_record_of_tls_rpt(text: str) -> None:
    """RFC 8460, 3."""
    assert tlsrpt.is_good(text)


@given(ANY)
def test_any_text_is_read(text: str) -> None:
    """Never a traceback, and no more than what was there."""
    record = spfrecord.parse("v=spf1 " + text)
    assert len(record.terms) + len(record.faults) <= len(text) + 2
    spfrecord.resembles(text)
    assert len(taglist.parse(text).tags) <= taglist.MAX_TAGS
    dkim.parse(text)
    dkim.is_key(text)
    assert dmarc.parse(text).policy
    mtasts.parse(text.encode("utf-8", "surrogatepass"))
    tlsrpt.is_good(text)


@given(st.binary(max_size=2000))
def test_any_bytes_are_a_policy_or_none(body: bytes) -> None:
    """What has no fault has all that is needed."""
    policy = mtasts.parse(body)
    assert policy.fault or policy.mode in mtasts.MODES


@pytest.mark.parametrize("unit", ["a:" + "a." * 20, "%{", "%{d}", "ip6:" + ":" * 40, "a=", "rua=mailto:", "v = ", "\t", "mx: *.", "p=A"])
def test_long_texts_take_no_time(unit: str) -> None:
    """As long as an answer can be."""
    began = time.process_time()
    for text in (unit * (65535 // len(unit)), " ".join([unit] * (65535 // (len(unit) + 1)))):
        spfrecord.parse(f"v=spf1 {text}")
        spfrecord.parse(f"v=spf1 {text}!")
        spfrecord.resembles(text)
        taglist.begins(text, "DMARC1")
        dkim.parse(text)
        dkim.is_key(text)
        dmarc.parse(f"v=DMARC1; p=none; rua={text}")
        mtasts.parse(text.encode())
        tlsrpt.is_good(f"v=TLSRPTv1; rua={text}")
    assert time.process_time() - began < 3


STATUSES = st.sampled_from(list(LookupStatus))
VALUES = st.one_of(
    ANY.map(lambda text: f"v=spf1 {text}"),
    ANY.map(lambda text: f"v=DMARC1; p=none; {text}"),
    ANY.map(lambda text: f"v=DKIM1; p={text}"),
    ANY,
)
ADDRESS = {"A": ["192.0.2.1", "127.255.255.254"], "AAAA": ["2001:db8::1"], "MX": ["10 mx.kund.se", "0 ."], "PTR": ["a.kund.se"]}


class Mad(TableWorld):
    """Answers each question in some way of its own."""

    def __init__(self, data: st.DataObject) -> None:
        super().__init__()
        self._data = data
        self._told: dict[Question, Lookup] = {}

    async def lookup(self, name: str, type: str, server: str | None = None) -> Lookup:
        question = Question.of(name, type, server)
        if question not in self._told:
            kind = VALUES if type == "TXT" else st.sampled_from(ADDRESS.get(type, ["3 1 1 aa", "x"]))
            values = tuple(self._data.draw(st.lists(kind, max_size=2)))
            status = LookupStatus.FOUND if values else self._data.draw(STATUSES)
            self._told[question] = Lookup(question, status, values)
        return self._told[question]


@given(st.data())
def test_a_mad_world_is_judged(data: st.DataObject) -> None:
    """Whatever the DNS says there is a report, and its texts can be read."""
    case = Case(KUND, EmailAddress("postmaster", KUND), Mad(data), blocklists=True)
    for verdict in deliverability.judge(case, asyncio.run(deliverability.gather(case))):
        if isinstance(verdict, Finding):
            assert tell(verdict, texts("en")).message

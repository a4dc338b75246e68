"""Autodiscover v2: questions in every form that clients use, Exchange's errors, and nothing of a question in an answer."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.address import Domain, EmailAddress
from autoconfig.errors import AddressError, DocumentError
from autoconfig.formats import outlook_json
from autoconfig.formats.outlook_json import Answer, ErrorCode, Request
from autoconfig.model import ClientConfig
from tests.strategies import addresses, client_configs

ANNA = EmailAddress.parse("anna@kund.se")


# Questions


@pytest.mark.parametrize(
    ("query", "address", "request_"),
    [
        (b"Email=anna%40kund.se&Protocol=AutodiscoverV1&RedirectCount=1", None, Request("anna@kund.se", "AutodiscoverV1")),
        (b"email=anna@kund.se&PROTOCOL=autodiscoverv1", None, Request("anna@kund.se", "autodiscoverv1")),
        (b"Protocol=Autodiscoverv1", "anna@kund.se", Request("anna@kund.se", "Autodiscoverv1")),
        (b"Protocol=Ews&Email=b@other.se", "anna@kund.se", Request("anna@kund.se", "Ews")),
        (b"Protocol=Ews&Email=anna@kund.se", "", Request("anna@kund.se", "Ews")),
        (b"Protocol=Ews&Protocol=ActiveSync&email=a@kund.se&Email=b@kund.se", None, Request("a@kund.se", "Ews")),
        (b"Email=anna+lista@kund.se&Protocol=%20Ews%20", None, Request("anna+lista@kund.se", "Ews")),
        (b"Email=&Protocol=", None, Request()),
        (b"Email=%20%20", "  ", Request()),
        (b"Email&Protocol", None, Request()),
        (b"", None, Request()),
        (b"&&=&x", None, Request()),
        ("Email=anna@byrå.se".encode(), None, Request("anna@byrå.se")),
        (b"Protocol=%ff", None, Request(protocol="\ufffd")),
    ],
)
def test_a_question_is_read_in_every_form(query: bytes, address: str | None, request_: Request) -> None:
    """Query or path, names in any letter case, the first of several, a plus sign as it stands; the path comes first."""
    assert outlook_json.parse_request(query, address) == request_


def test_an_address_that_is_no_text_is_told_so() -> None:
    """Bytes that are not UTF-8 are no address, rather than one with replacement characters in it."""
    with pytest.raises(AddressError):
        outlook_json.parse_request(b"Email=%E5nna@kund.se&Protocol=AutodiscoverV1")


@given(addresses())
def test_every_address_can_be_asked_for(address: EmailAddress) -> None:
    """Percent-encoded in the query, or as the web hands over the path."""
    text = str(address)
    assert EmailAddress.parse(outlook_json.parse_request(f"Email={quote(text, safe='')}".encode()).email or "") == address
    assert EmailAddress.parse(outlook_json.parse_request(b"", text).email or "") == address


@pytest.mark.parametrize(
    ("request_", "mistake"),
    [
        (Request("anna@kund.se", "AutodiscoverV1"), None),
        (Request("anna@kund.se", "AUTODISCOVERV1"), None),
        (Request("anna@kund.se"), ErrorCode.MANDATORY_PARAMETER_MISSING),
        (Request(None, "AutodiscoverV1"), ErrorCode.MANDATORY_PARAMETER_MISSING),
        (Request(), ErrorCode.MANDATORY_PARAMETER_MISSING),
        *((Request("anna@kund.se", name), ErrorCode.PROTOCOL_NOT_SUPPORTED) for name in ("ActiveSync", "Ews", "Rest", "Substrate", "XYZ")),
        (Request("anna@kund.se", "\ufffd"), ErrorCode.PROTOCOL_NOT_SUPPORTED),
        (Request("anna@kund.se", "AutodiscoverV1,Ews"), ErrorCode.PROTOCOL_NOT_SUPPORTED),
    ],
)
def test_we_have_one_protocol(request_: Request, mistake: ErrorCode | None) -> None:
    """In any letter case; whatever else Exchange has, we have not."""
    assert request_.mistake is mistake


# Answers


@given(client_configs(), st.one_of(st.none(), addresses()))
def test_the_answer_leads_to_the_domain_s_own_autodiscover_host(config: ClientConfig, address: EmailAddress | None) -> None:
    """{"Protocol", "Url"} and no more, the same for every address of the domain."""
    document = outlook_json.document(config, address)
    expected = f"https://autodiscover.{config.domain.ascii}/autodiscover/autodiscover.xml"
    assert json.loads(document.content) == {"Protocol": "AutodiscoverV1", "Url": expected}
    assert outlook_json.parse(document.content) == outlook_json.from_config(config, address)
    assert (document.content_type, document.file_name) == ("application/json", "autodiscover.json")
    assert document == outlook_json.document(config)


def test_the_answer_to_the_byte() -> None:
    """As Exchange writes it: compact, Protocol first."""
    answer = Answer("AutodiscoverV1", f"https://autodiscover.{Domain.parse('byrå.se').ascii}/autodiscover/autodiscover.xml")
    assert outlook_json.write(answer) == (
        b'{"Protocol":"AutodiscoverV1","Url":"https://autodiscover.xn--byr-wla.se/autodiscover/autodiscover.xml"}'
    )


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (ErrorCode.MANDATORY_PARAMETER_MISSING, 400),
        (ErrorCode.INVALID_USER_ID, 400),
        (ErrorCode.USER_NOT_FOUND, 404),
        (ErrorCode.PROTOCOL_NOT_SUPPORTED, 400),
    ],
)
def test_errors_are_exchange_s(code: ErrorCode, status: int) -> None:
    """ErrorCode and ErrorMessage in that order, a text that knows nothing of the question, never 2xx."""
    document = outlook_json.error_document(code)
    assert outlook_json.STATUS[code] == status
    assert list(json.loads(document.content)) == ["ErrorCode", "ErrorMessage"]
    assert outlook_json.parse(document.content) == outlook_json.error(code)
    assert json.loads(document.content)["ErrorCode"] == code.value


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=3), inner, max_size=2)),
    max_leaves=4,
)
_NAMES = st.one_of(st.sampled_from(("Protocol", "Url", "ErrorCode", "ErrorMessage", "protocol", "Error")), st.text(max_size=4))


@given(st.dictionaries(_NAMES, _JSON, max_size=5))
def test_foreign_answers_are_kept_whole(said: dict[str, object]) -> None:
    """parse keeps what an answer says, known names with other values than text included, and write says it again."""
    answer = outlook_json.parse(json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    assert json.loads(outlook_json.write(answer)) == said
    assert outlook_json.parse(outlook_json.write(answer)) == answer


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'"x"',
        b"null",
        b"{",
        b"<html/>",
        b"\xff",
        b'{"Url": "\x00"}',
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"a":' + b"9" * 60_000 + b"}",
        b'{"Url":"' + b"a" * 70_000 + b'"}',
    ],
)
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    """One exception for all of it, endless depth and endless numbers included."""
    with pytest.raises(DocumentError):
        outlook_json.parse(data)

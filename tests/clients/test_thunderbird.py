"""Thunderbird: as it was recorded, and what else is known of how it reads, asks and guesses."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.catalogue.documents import RULES
from autoconfig.clients.outcome import Choice, Effect, Outcome, Reading, Result, Typed
from autoconfig.clients.thunderbird import CLIENT, discover, read, read_outlook
from autoconfig.formats import mozilla
from autoconfig.formats import outlook as written
from autoconfig.model import ClientConfig, TLSMode
from autoconfig.network.scripted import Scripted
from tests.clients.cases import Case, compare, load, outcome_of
from tests.strategies import client_configs

_CASES = load("thunderbird")

# Whether a lower step is still asked when a higher one has the answer is a race in the real program. Ours asks the database and
# well-known at the same moment as the provider's own host. In these recordings the program was faster in all of its runs, in others of
# the very same kind in none.
_RACES = {
    "two port elements",
    "id of another domain",
    "incoming authentication: OAuth2 then cleartext",
    "EWS settings behind 401, autoconfig imap, password given",
}
_LOST = (
    "GET https://live.thunderbird.net/autoconfig/v1.1/exdom.se",
    "GET https://exdom.se/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=anna%40exdom.se",
)

# --- the recordings ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", _CASES, ids=lambda case: str(case["name"]))
def test_it_agrees_with_the_recordings(case: Case) -> None:
    """The same requests, the same source, the same servers."""
    optional = [*case.get("requests_sometimes", ()), *(_LOST if case["name"] in _RACES else ())]
    assert compare({**case, "requests_sometimes": optional}, outcome_of(CLIENT, case)) == []


def test_each_race_is_one() -> None:
    """What is excused above is needed."""
    assert {case["name"] for case in _CASES if compare(case, outcome_of(CLIENT, case))} == _RACES


@pytest.mark.parametrize("case", _CASES, ids=lambda case: str(case["name"]))
def test_a_person_is_asked_where_one_was(case: Case) -> None:
    """A third party's host, or a password; everything that was found by itself is entered without a question."""
    outcome = outcome_of(CLIENT, case)
    recorded = case["outcome"]
    asked = "error" in recorded or "third_party_prompt" in recorded or recorded.get("complete") is False
    assert (outcome.result is Result.PROMPT) == asked
    assert (outcome.result is Result.MANUAL) == bool(recorded.get("none"))
    assert not outcome.why or RULES[outcome.why].parameters <= set(outcome.args)


def test_times_are_those_of_the_recordings() -> None:
    """The last step ends when the program had its answer, within what a machine adds."""
    for case in _CASES:
        if case["theme"] == "hang" and "DNS" not in case["name"]:
            steps = outcome_of(CLIENT, case).steps
            end = max(step.at + step.ms for step in steps if not step.what.startswith("CONNECT"))
            assert abs(end - case["elapsed_ms"]) < 500, case["name"]


# --- documents ---------------------------------------------------------------------------------------------------------------------


def _server(side: str = "incoming", **values: str | None) -> str:
    kind = {"incoming": "imap", "outgoing": "smtp"}[side]
    texts = {"hostname": f"{kind}.kund.se", "port": "993", "socketType": "SSL", "username": "%EMAILADDRESS%"}
    texts |= {"authentication": "password-cleartext"}
    merged = {**texts, **{name: value for name, value in values.items() if name != "type"}}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in merged.items() if value is not None)
    return f'<{side}Server type="{values.get("type", kind)}">{inner}</{side}Server>'


def _config(*servers: str, id: str = 'id="kund.se"', domain: str = "<domain>kund.se</domain>", root: str = "clientConfig") -> str:
    return f'<{root} version="1.1"><emailProvider {id}>{domain}{"".join(servers)}</emailProvider></{root}>'


def _with_incoming(**values: str | None) -> Reading:
    return read(_config(_server(**values), _server("outgoing", port="465")).encode())


def _rejections(reading: Reading) -> list[str]:
    return [note.rule for note in reading.notes if note.effect is Effect.REJECTS]


@pytest.mark.parametrize(
    ("port", "taken"),
    [
        ("993", 993),
        (" 993\n", 993),
        ("0993", 993),
        ("993.0", 993),
        ("9.93e2", 993),
        ("993 (TLS)", 993),
        ("+993", 993),
        ("65535", 65535),
        ("0", None),
        ("65536", None),
        ("", None),
        ("true", None),
        ("TLS 993", None),
        ("-993", None),
        ("0x3e1", None),
        ("1e999", 1),
    ],
)
def test_a_port_is_a_number_of_javascript(port: str, taken: int | None) -> None:
    """JXON makes numbers of what looks like one, and the rest begins with one or is none (JXON.sys.mjs, Sanitizer.sys.mjs)."""
    reading = _with_incoming(port=port)
    assert [choice.port for choice in reading.incoming] == ([taken] if taken else [])
    assert reading.accepted or _rejections(reading) == ["PORT_INVALID"]


@pytest.mark.parametrize(
    ("username", "taken"),
    [
        ("%EMAILADDRESS%", "%EMAILADDRESS%"),
        (" anna ", " anna "),
        ("007", "7"),
        ("1.50", "1.5"),
        ("", "true"),
        ("  ", "NaN"),
        ("TRUE", "true"),
        ("False", "false"),
        ("+46701234567", "46701234567"),
        ("12345678901234567890", "12345678901234567000"),
        ("1e21", "1e+21"),
        ("0x10", "0"),
        ("0.0000001", "1e-7"),
        ("-0", "0"),
        ("1e999", "1e999"),
        ("Infinity", "Infinity"),
        ("a<!-- -->b", "ab"),
        ("<b>anna</b>", "[object Object]"),
        ("<![CDATA[anna]]>", "anna"),
        ("<!-- -->", "[object Object]"),
        ("٧", "٧"),
        (None, "undefined"),
    ],
)
def test_a_user_name_is_what_javascript_makes_of_it(username: str | None, taken: str) -> None:
    """A number loses its zeros, nothing becomes a word (JXON.sys.mjs)."""
    reading = _with_incoming(username=username)
    assert reading.incoming[0].username == taken
    changed = username not in (taken, "a<!-- -->b", "<![CDATA[anna]]>")
    assert any(note.effect is Effect.MISREADS for note in reading.notes) == changed


@pytest.mark.parametrize(
    ("host", "taken"),
    [
        ("IMAP.Kund.se", "imap.kund.se"),
        ("\n imap.kund.se ", "imap.kund.se"),
        ("192.0.2.1", "192.0.2.1"),
        ("mail", "mail"),
        ("", "true"),
        ("imap.%EMAILDOMAIN%", "imap.%EMAILDOMAIN%"),
        ("2001:DB8::1", "2001:db8::1"),
        ("12", "12"),
        ("imap_1.kund.se", None),
        ("imap.kund.se.", "imap.kund.se."),
        ("imap.kund.se..", None),
        ("::", None),
        ("fe80::1%1", None),
        ("imap.kund.se:993", None),
        ("[2001:db8::1]", None),
        ("imäp.kund.se", None),
        ("imap kund.se", None),
        ("%%", None),
        ("  ", None),
        ("0", None),
        ("false", None),
        ("a" * 64 + ".se", None),
        ("a." * 127 + "aa", None),
    ],
)
def test_a_host_is_a_name_of_letters_digits_and_hyphens(host: str, taken: str | None) -> None:
    """Anything else, and the server is passed over (hostnameUtils.sys.mjs)."""
    reading = _with_incoming(hostname=host)
    assert [choice.host for choice in reading.incoming] == ([taken] if taken else [])
    assert reading.accepted or _rejections(reading) == ["HOST_NOT_A_NAME"]


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"hostname": None}, "HOSTNAME_MISSING"),
        ({"socketType": None}, "SOCKET_TYPE_MISSING"),
        ({"socketType": "TLS"}, "SOCKET_TYPE_UNKNOWN"),
        ({"socketType": " SSL "}, "SOCKET_TYPE_UNKNOWN"),
        ({"authentication": None}, "AUTHENTICATION_MISSING"),
        ({"type": "jmap"}, "SERVER_TYPE_UNKNOWN"),
        ({"authentication": "none"}, "AUTHENTICATION_MISSING"),
        ({"authentication": "OAuth2"}, "OAUTH2_ONLY"),
        ({"type": "IMAP"}, "SERVER_TYPE_UNKNOWN"),
        ({"authentication": "oauth2"}, "AUTHENTICATION_MISSING"),
    ],
)
def test_a_server_that_it_does_not_know_is_passed_over(values: dict[str, str | None], rule: str) -> None:
    """The next one is used; without a next one the document is of no use."""
    alone = _with_incoming(**values)
    assert (alone.accepted, _rejections(alone)) == (False, [rule])
    both = read(_config(_server(**values), "\n" + _server(hostname="second.kund.se"), _server("outgoing")).encode())
    assert [choice.host for choice in both.incoming] == ["second.kund.se"]
    assert [(note.rule, note.effect, note.line) for note in both.notes] == [(rule, Effect.SKIPS, 1)]


@pytest.mark.parametrize("name", ["hostname", "socketType", "authentication"])
def test_an_attribute_hides_a_value(name: str) -> None:
    """JXON makes an object of an element with an attribute; an empty one is enough."""
    server = _server().replace(f"<{name}>", f'<{name} x="">')
    reading = read(_config("\n", server, _server("outgoing")).encode())
    assert [(note.rule, note.line, note.args) for note in reading.notes] == [("VALUE_ATTRIBUTE", 2, {"element": name})]


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        (_config(root="clientconfig"), "ROOT_UNKNOWN"),
        ("<clientConfig/>", "PROVIDER_MISSING"),
        (_config(id=""), "PROVIDER_ID"),
        (_config(id='id="Kund AB"'), "PROVIDER_ID"),
        (_config(domain=""), "DOMAIN_MISSING"),
        (_config(), "INCOMING_MISSING"),
        (_config(domain='<domain purpose="mx">kund.se</domain>'), "DOMAIN_MISSING"),
        (_config(_server()), "OUTGOING_MISSING"),
        (_config(_server(), _server("outgoing", port=None)), "PORT_MISSING"),
        ("<x:a xmlns:x='u'/>", "PREFIXED_NAMES"),
        ("", "XML_BROKEN"),
        ("<a>&nbsp;</a>", "XML_BROKEN"),
        ('<!DOCTYPE a SYSTEM "b"><a>&c;</a>', "XML_BROKEN"),
        ("<x:a/>", "XML_BROKEN"),
        ("<a b='' b=''/>", "XML_BROKEN"),
    ],
)
def test_what_makes_a_document_useless(document: str, rule: str) -> None:
    """It is rejected as a whole (readFromXML.sys.mjs)."""
    reading = read(document.encode())
    assert (reading.accepted, _rejections(reading)) == (False, [rule])


def test_a_sender_without_password_needs_no_user_name() -> None:
    """With a password it gets one, if only the word undefined."""
    outgoing = _server("outgoing", username=None, authentication="none")
    assert read(_config(_server(), outgoing).encode()).outgoing[0].username is None
    assert read(_config(_server(), _server("outgoing", username=None)).encode()).outgoing[0].username == "undefined"


def test_oauth2_counts_where_it_knows_the_provider() -> None:
    """The hosts are built in (OAuth2Providers.sys.mjs)."""
    assert _with_incoming(hostname="imap.gmail.com", authentication="OAuth2").incoming


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8-sig", ""), ("utf-16", "UTF-16"), ("latin-1", "ISO-8859-1"), ("utf-8", "x-unknown"), ("utf-8", "utf-16")],
)
def test_encodings(encoding: str, declared: str) -> None:
    """It decodes what it is told, and what a byte order mark says; UTF-8 otherwise (Encoding standard)."""
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    reading = read((declaration + _config(_server(username="åsa"), _server("outgoing"))).encode(encoding))
    assert reading.incoming[0].username == "åsa"


@pytest.mark.parametrize("bomb", ["&a;" * 5000, "&b;" * 9])
def test_entities_that_grow_without_end_are_refused(bomb: str) -> None:
    """What they have become is counted."""
    entities = '<!ENTITY a "' + "x" * 1000 + '">' + "".join(f'<!ENTITY {b} "{f"&{a};" * 50}">' for a, b in ("ac", "cd", "de", "eb"))
    (note,) = read(f"<!DOCTYPE x [{entities}]><clientConfig>{bomb}</clientConfig>".encode()).notes
    assert (note.rule, "larger" in str(note.args["reason"])) == ("XML_BROKEN", True)


# --- autodiscover ------------------------------------------------------------------------------------------------------------------


def _protocol(kind: str = "IMAP", **values: str) -> str:
    texts = {"Type": kind, "Server": "mail.kund.se", "Port": "993", **values}
    return "<Protocol>" + "".join(f"<{name}>{value}</{name}>" for name, value in texts.items() if value != "-") + "</Protocol>"


def _answer(*protocols: str) -> str:
    return f'<Autodiscover xmlns="{written.ANSWER}"><Response><Account>{"".join(protocols)}</Account></Response></Autodiscover>'


@pytest.mark.parametrize(
    ("values", "tls"),
    [
        ({"Port": "143"}, TLSMode.STARTTLS),
        ({"Port": "2525"}, TLSMode.IMPLICIT),
        ({"SSL": "off"}, TLSMode.NONE),
        ({"SSL": "OFF"}, TLSMode.NONE),
        ({"Encryption": "None"}, TLSMode.NONE),
        ({"Port": "2525", "Encryption": "TLS"}, TLSMode.IMPLICIT),
        ({"SSL": "no"}, TLSMode.IMPLICIT),
        ({"Port": "143", "Encryption": "SSL"}, TLSMode.STARTTLS),
        ({"SSL": "true"}, None),
        ({"SSL": ""}, None),
        ({"SSL": "1"}, None),
    ],
)
def test_the_port_decides_the_encryption(values: dict[str, str], tls: TLSMode | None) -> None:
    """Unless it is switched off; a value that is no text takes the Protocol down (ExchangeAutoDiscover.sys.mjs)."""
    reading = read_outlook(_answer(_protocol(**values)).encode())
    assert [choice.tls for choice in reading.incoming] == ([tls] if tls else [])
    assert reading.accepted or _rejections(reading) == ["WORD_UNKNOWN"]


def test_a_port_that_says_something_else_than_encryption_is_told() -> None:
    """Outlook would take the value of Encryption."""
    (note,) = read_outlook(_answer("\n", _protocol(Port="2525", Encryption="TLS")).encode()).notes
    assert (note.rule, note.effect, note.line) == ("ENCRYPTION_BY_PORT", Effect.MISREADS, 2)


@pytest.mark.parametrize(
    ("protocols", "hosts"),
    [
        ((_protocol("EXCH", EwsUrl="https://ews.kund.se/x"), _protocol()), ["mail.kund.se", "ews.kund.se"]),
        ((_protocol("EXCH", EwsUrl="https://ews.kund.se:8443/x"),), ["ews.kund.se"]),
        ((_protocol("EXCH", EwsUrl="ftp://x"),), []),
        ((_protocol("EXHTTP", ASUrl="https://[x"),), []),
        ((_protocol("imap"),), []),
        ((_protocol(Server="-"),), []),
        (("<Protocol><Type>WEB</Type><Internal><OWAUrl A='b'>https://owa.kund.se/</OWAUrl></Internal></Protocol>",), ["owa.kund.se"]),
        (("<Protocol><Type>WEB</Type><External><OWAUrl>https://owa.kund.se/</OWAUrl></External></Protocol>",), []),
    ],
)
def test_exchange_is_what_its_urls_say(protocols: tuple[str, ...], hosts: list[str]) -> None:
    """IMAP and POP3 come first, whatever the order."""
    assert [choice.host for choice in read_outlook(_answer(*protocols).encode()).incoming] == hosts


def test_exchange_writes_itself_into_the_server_that_came_first() -> None:
    """IMAP that stands before it is lost, but for its port, and the search for IMAP at the host of Exchange begins."""
    reading = read_outlook(_answer(_protocol(), _protocol("EXCH", EwsUrl="https://ews.kund.se/x")).encode())
    assert [(choice.protocol, choice.host, choice.port) for choice in reading.incoming] == [("exchange", "ews.kund.se", 993)]


@pytest.mark.parametrize(
    ("values", "accepted"),
    [
        ({"Port": "70000"}, True),
        ({"Port": "0"}, False),
        ({"LoginName": "0"}, False),
        ({"LoginName": "false"}, False),
        ({"LoginName": " "}, False),
        ({"LoginName": ""}, True),
        ({"SSL": "off", "Encryption": "true"}, True),
        ({"SSL": "on", "Encryption": "true"}, False),
    ],
)
def test_what_javascript_takes_for_nothing_is_missing(values: dict[str, str], accepted: bool) -> None:
    """No range is looked at in an answer of autodiscover, but 0 and blanks are no value (AccountConfig.isComplete, nonemptystring)."""
    assert read_outlook(_answer(_protocol(**values)).encode()).accepted is accepted


@pytest.mark.parametrize("address", ["anna", "anna@", " anna@other.se", "anna@other", ""])
def test_an_address_that_is_none_ends_autodiscover(address: str) -> None:
    """Whatever else stands there (InputSanitizer.emailAddress)."""
    reading = read_outlook(_answer(f"<RedirectAddr>{address}</RedirectAddr>", _protocol()).encode())
    assert (reading.accepted, reading.redirect) == (False, "")


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("https://ews.kund.se/x", ("ews.kund.se", TLSMode.IMPLICIT)),
        ("http://ews.kund.se:80/x", ("ews.kund.se", TLSMode.NONE)),
        ("https://ews.kund.se:8443/x", None),
        ("ftp://ews.kund.se/x", None),
        ("x", None),
    ],
)
def test_a_url_names_a_host_too(url: str, server: tuple[str, TLSMode] | None) -> None:
    """And how it is secured, where no socketType does (readFromXML.sys.mjs)."""
    reading = _with_incoming(hostname=None, socketType=None, url=url)
    assert [(choice.host, choice.tls) for choice in reading.incoming] == ([server] if server else [])


def test_an_address_to_go_on_with_is_told() -> None:
    """RedirectAddr, not RedirectUrl."""
    assert read_outlook(_answer("<RedirectAddr>anna@other.se</RedirectAddr>").encode()).redirect == "anna@other.se"
    assert _rejections(read_outlook(_answer("<RedirectUrl>https://other.se/</RedirectUrl>").encode())) == ["REDIRECT_URL"]
    assert _rejections(read_outlook(b"<Autodiscover><Response><Error/></Response></Autodiscover>")) == ["ACCOUNT_MISSING"]


# --- what we publish ourselves -----------------------------------------------------------------------------------------------------


@given(client_configs())
def test_what_we_publish_is_understood(config: ClientConfig) -> None:
    """Every server in our order, as meant; what is noted is what the operator asked for: odd user names, OAuth2, odd ports."""
    reading = read(mozilla.document(config).content)
    _is_understood(reading, config, {"USERNAME_CHANGED", "OAUTH2_ONLY"})
    _is_understood(read_outlook(written.document(config).content), config, {"USERNAME_CHANGED", "ENCRYPTION_BY_PORT"})


def _is_understood(reading: Reading, config: ClientConfig, odd: set[str]) -> None:
    rules = {note.rule for note in reading.notes}
    assert rules <= odd
    if not rules:
        assert reading.incoming[0].host == config.accounts[0].incoming.host.ascii
        assert reading.incoming[0].tls is config.accounts[0].incoming.tls


@pytest.mark.parametrize("case", [case for case in _CASES if case["theme"] == "recommended"], ids=lambda case: str(case["name"]))
def test_nothing_is_wrong_with_what_is_recommended(case: Case) -> None:
    """The documents that every recorded program understands have nothing to note."""
    for page in case["http"]:
        if not page.get("body"):
            continue
        reads = read_outlook if "autodiscover" in page["path"] else read
        assert reads(page["body"].encode()).notes == ()


# --- the way -----------------------------------------------------------------------------------------------------------------------

_OWN = ("autoconfig.kund.se", "/mail/config-v1.1.xml")
_GOOD = _config(_server(), _server("outgoing", port="465"))
_OUTLOOK = ("autodiscover.kund.se", "/autodiscover/autodiscover.xml")
_NAMES = ("kund.se", "autoconfig.kund.se", "autodiscover.kund.se", "live.thunderbird.net", "other.se", "a.kund.se")


def _page(host: str, path: str, body: str = "", kind: str = "text/xml", **rest: Any) -> dict[str, object]:
    return {"scheme": "https", "host": host, "path": path, "status": 200, "body": body, "headers": {"Content-Type": kind}, **rest}


def _search(*pages: dict[str, object], email: str = "anna@kund.se", dns: dict[str, Any] | None = None, password: bool = False) -> Outcome:
    names = {name: {"A": ["192.0.2.10"]} for name in _NAMES}
    world = {"dns": {**names, **(dns or {})}, "addresses": {"192.0.2.10": {"80": "open", "443": "open"}}, "http": list(pages)}
    return asyncio.run(discover(Typed(email, password), Scripted(world)))


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        ("text/xml", Result.AUTOMATIC),
        ("application/xml; charset=utf-8", Result.AUTOMATIC),
        ("TEXT/XML", Result.MANUAL),
        ("text/html", Result.MANUAL),
        ("text/xml ; charset=utf-8", Result.AUTOMATIC),
        ("", Result.MANUAL),
    ],
)
def test_content_types(kind: str, result: Result) -> None:
    """Letter by letter, as far as the header begins with it (FetchHTTP.sys.mjs)."""
    outcome = _search(_page(*_OWN, body=_GOOD, kind=kind))
    assert (outcome.result, outcome.why) == (result, "" if result is Result.AUTOMATIC else "CONTENT_TYPE")


@pytest.mark.parametrize(
    ("kind", "body", "goes_on"),
    [
        ("text/xml", "", True),
        ("text/rdf", "x", True),
        ("application/xml+x", "x", True),
        ("text/xmlx", "x", True),
        ("application/xml+xml", "x", False),
        ("application/json", "x", True),
        ("application/json", "{}", False),
        ("text/plain", "", False),
        ("TEXT/XML", "x", False),
    ],
)
def test_what_cannot_be_taken_in_is_no_answer(kind: str, body: str, goes_on: bool) -> None:
    """What the header promises and Gecko makes nothing of is an error, and well-known is looked at."""
    outcome = _search(_page(*_OWN, body=body, kind=kind), _page("kund.se", "/.well-known/autoconfig/mail/config-v1.1.xml", body=_GOOD))
    assert (outcome.source == "xml-from-isp-https") is goes_on


@pytest.mark.parametrize(("location", "found"), [("/å b.xml", True), ("https://", False)])
def test_a_redirect_is_written_as_a_url(location: str, found: bool) -> None:
    """In UTF-8 and escaped; one without a host leads nowhere."""
    hop = {**_page(*_OWN), "status": 302, "headers": {"Location": location}}
    outcome = _search(hop, _page("autoconfig.kund.se", "/%C3%A5%20b.xml", body=_GOOD))
    assert ("GET https://autoconfig.kund.se/%C3%A5%20b.xml" in outcome.requests) is found
    assert len(outcome.requests) == len(set(outcome.requests))


def test_the_charset_of_the_answer_counts_more_than_that_of_the_document() -> None:
    """RFC 7303, 3."""
    body = _config(_server(username="åsa"), _server("outgoing"))
    outcome = _search(_page(*_OWN, body=body, kind="text/xml; charset=iso-8859-1"))
    assert outcome.incoming[0].username == "Ã¥sa"


@pytest.mark.parametrize(
    ("email", "username", "filled"),
    [
        ("anna@KUND.se", "%EMAILADDRESS% %EMAILLOCALPART% %EMAILDOMAIN%", "anna@KUND.se anna kund.se"),
        ("anna@kund.se", "%EMAILLOCALPART%%EMAILLOCALPART%", "annaanna"),
        ("a$`b@kund.se", "x%EMAILLOCALPART%y%EMAILLOCALPART%", "xaxbyax%EMAILLOCALPART%yb"),
        ("a$&$$b@kund.se", "-%EMAILLOCALPART%-", "-a%EMAILLOCALPART%$b-"),
        ("%EMAILDOMAIN%@kund.se", "%EMAILLOCALPART%", "kund.se"),
        ("a$'b@kund.se", "-%EMAILLOCALPART%+", "-a+b+"),
    ],
)
def test_placeholders(email: str, username: str, filled: str) -> None:
    """All are replaced, by String.prototype.replaceAll with all that it does to a dollar sign."""
    outcome = _search(_page(*_OWN, body=_config(_server(username=username), _server("outgoing"))), email=email)
    assert outcome.incoming[0].username == filled


@pytest.mark.parametrize(
    ("servers", "result", "why"),
    [
        ((_server(), _server("outgoing")), Result.AUTOMATIC, ""),
        ((_server(port=None), _server("outgoing")), Result.PROMPT, "PORT_MISSING"),
        ((_server(username=None), _server("outgoing")), Result.WRONG, "USERNAME_MISSING"),
        ((_server(username="007"), _server("outgoing")), Result.WRONG, "USERNAME_CHANGED"),
        ((_server(username="%EMAILADDRESS"), _server("outgoing")), Result.WRONG, "PLACEHOLDER_LOST"),
        ((_server(type="nntp"), _server("outgoing")), Result.WRONG, "SERVER_TYPE_UNKNOWN"),
        ((_server(port="x"), _server("outgoing")), Result.MANUAL, "PORT_INVALID"),
        ((_server(), _server("outgoing", useGlobalPreferredServer="true")), Result.WRONG, "OUTGOING_MISSING"),
    ],
)
def test_how_it_ends(servers: tuple[str, ...], result: Result, why: str) -> None:
    """The result, and what explains it."""
    outcome = _search(_page(*_OWN, body=_config(*servers)))
    assert (outcome.result, outcome.why) == (result, why)


def test_an_empty_document_is_as_none() -> None:
    """Where XML is announced and nothing comes, the next URL is read."""
    well_known = _page("kund.se", "/.well-known/autoconfig/mail/config-v1.1.xml", body=_GOOD)
    assert (
        _search(_page(*_OWN), well_known).via == "https://kund.se/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=anna%40kund.se"
    )
    assert _search(_page(*_OWN, body=" "), well_known).result is Result.MANUAL


@pytest.mark.parametrize(
    ("target", "result"), [("a.kund.se", Result.AUTOMATIC), ("other.se", Result.PROMPT), ("x.outlook.com", Result.AUTOMATIC)]
)
def test_a_third_party_in_a_record_is_asked_about(target: str, result: Result) -> None:
    """Not the own domain, and not Microsoft's."""
    page = _page(target, _OUTLOOK[1], body=_answer(_protocol(), _protocol("SMTP", Port="465")))
    dns = {"_autodiscover._tcp.kund.se": {"SRV": [f"0 0 8443 {target}"]}, target: {"A": ["192.0.2.10"]}}
    outcome = _search(page, dns=dns)
    assert (outcome.result, outcome.source, outcome.via) == (result, "exchange-from-srv", f"https://{target}{_OUTLOOK[1]}")
    assert outcome.args == ({"host": "other.se"} if result is Result.PROMPT else {})


def test_a_record_is_not_followed_when_autodiscover_answers_before() -> None:
    """The own host is preferred, and the record's is one question later."""
    page = _page(*_OUTLOOK, body=_answer(_protocol(), _protocol("SMTP", Port="465")))
    outcome = _search(page, dns={"_autodiscover._tcp.kund.se": {"SRV": ["0 0 443 other.se"]}})
    assert (outcome.result, outcome.source) == (Result.AUTOMATIC, "exchange-from-url1")
    assert not any("other.se" in request for request in outcome.requests)


@pytest.mark.parametrize(("password", "result"), [(False, Result.PROMPT), (True, Result.AUTOMATIC)])
def test_a_password_is_asked_for_where_autodiscover_wants_one(password: bool, result: Result) -> None:
    """Nothing is guessed then."""
    page = _page(*_OUTLOOK, body=_answer(_protocol(), _protocol("SMTP", Port="465")), auth_required="Basic")
    outcome = _search(page, password=password)
    assert outcome.result is result
    assert not any(step.what.startswith("CONNECT") for step in outcome.steps)


@pytest.mark.parametrize(
    "email", ["anna", "anna@", "@", "a b@c d", "anna@@kund.se", "anna@[192.0.2.1]", "anna@\udcff", "a@%X%", "a@k_d.se"]
)
def test_what_is_no_address_is_not_searched_for(email: str) -> None:
    """The domain must be a host name in ASCII letters."""
    outcome = _search(email=email)
    assert (outcome.result, outcome.steps) == (Result.MANUAL, ())


def test_what_a_search_in_another_script_ends_with() -> None:
    """Thunderbird converts no name to A-labels here."""
    assert _search(email="anna@exämple.se").why == "DOMAIN_NOT_ASCII"


def test_the_mail_host_is_asked_at_its_own_and_at_its_registered_domain() -> None:
    """One label less than the name of the host, then the domain that somebody registered; only https, only autoconfig."""
    names = {name: {"A": ["192.0.2.10"]} for name in ("autoconfig.b.other.co.uk", "autoconfig.other.co.uk")}
    outcome = _search(dns={**names, "kund.se": {"A": ["192.0.2.10"], "MX": ["20 x.se", "10 a.b.other.co.uk"]}})
    asked = [request for request in outcome.requests if "other.co.uk" in request]
    places = ("autoconfig.b.other.co.uk", "live.thunderbird.net/autoconfig/v1.1/b.other.co.uk", "autoconfig.other.co.uk")
    assert len(asked) == 4
    assert all(any(f"https://{place}" in request for request in asked) for place in places)


def test_the_question_to_autodiscover_has_the_address() -> None:
    """The schema is that of 2006."""
    asked = list[bytes]()

    class _Listening(Scripted):
        async def fetch(self, request: Any) -> Any:
            asked.append(request.body)
            return await super().fetch(request)

    asyncio.run(discover(Typed("a&b@kund.se"), _Listening({"dns": {"kund.se": {"A": ["192.0.2.10"]}}, "addresses": {}})))
    assert written.parse_request(next(body for body in asked if body)).email == "a&b@kund.se"


@pytest.mark.parametrize(("drop", "asked"), [(True, True), (False, False)])
def test_a_connection_that_is_closed_is_tried_again(drop: bool, asked: bool) -> None:
    """That takes so long that the mail host is asked meanwhile."""
    well_known = _page("kund.se", "/.well-known/autoconfig" + _OWN[1], body=_GOOD)
    dns = {"kund.se": {"A": ["192.0.2.10"], "MX": ["10 mx.other.se"]}, "autoconfig.other.se": {"A": ["192.0.2.10"]}}
    outcome = _search(_page(*_OWN, status=404, drop=drop), well_known, dns=dns)
    assert any("autoconfig.other.se" in request for request in outcome.requests) == asked


def test_the_trace_begins_with_what_is_preferred() -> None:
    """Of what is asked at the same moment, autoconfig comes first, and autodiscover last."""
    asked = _search().requests
    assert [request.partition("?")[0] for request in asked[:2]] == [
        "GET https://" + "".join(_OWN),
        "GET https://kund.se/.well-known/autoconfig" + _OWN[1],
    ]
    assert asked[-1] == "POST http://" + "".join(_OUTLOOK)


# --- anything --------------------------------------------------------------------------------------------------------------------

_MUTATED = st.builds(
    lambda data, cut, at, piece: data[:at] + piece + data[at + cut :],
    st.sampled_from([str(page.get("body", "")).encode() for case in _CASES[:80] for page in case["http"]]),
    st.integers(0, 20),
    st.integers(0, 1500),
    st.one_of(
        st.binary(max_size=8),
        st.sampled_from([b"<hostname>", b"</hostname>", b"&#x41;", b"<![CDATA[", b"1e400", b"<!DOCTYPE a [", b" x=''"]),
    ),
)


@given(_MUTATED, st.sampled_from([read, read_outlook]))
def test_read_takes_any_bytes(data: bytes, reads: Any) -> None:
    """It never raises; what is not accepted has no servers and a note that says why; values are no longer than the document."""
    reading: Reading = reads(data)
    assert reading.accepted == (not _rejections(reading))
    assert reading.accepted or not (reading.incoming or reading.outgoing)
    assert all(len(choice.host) <= max(len(data), 40) for choice in (*reading.incoming, *reading.outgoing))
    assert all(RULES[note.rule].parameters <= set(note.args) for note in reading.notes)


@given(
    _MUTATED,
    st.sampled_from([200, 204, 302, 401, 404]),
    st.sampled_from(["", "/", "//", "x:y", "https://other.se/autodiscover/autodiscover.xml"]),
    st.booleans(),
    st.lists(st.text("0123456789 .ab%[:", max_size=12), max_size=3),
    st.text(max_size=8),
)
def test_discover_ends_in_any_world(body: bytes, status: int, location: str, drop: bool, records: list[str], local: str) -> None:
    """It never raises, and asks no more than it would."""
    text = body.decode("latin-1")
    headers = {"Location": location, "Content-Type": "text/xml"}
    pages = [
        _page(host, path, body=text, scheme=scheme, status=status, headers=headers, drop=drop)
        for scheme, (host, path) in (("https", _OWN), ("http", _OUTLOOK), ("https", ("other.se", _OUTLOOK[1])))
    ]
    dns = {"_autodiscover._tcp.kund.se": {"SRV": records}, "kund.se": {"A": ["192.0.2.10"], "MX": records}}
    outcome = _search(*pages, dns=dns, email=f"{local}@kund.se")
    assert len(outcome.requests) < 200
    assert not outcome.why or RULES[outcome.why].parameters <= set(outcome.args)


def test_a_choice_has_the_line_of_its_server() -> None:
    """The linter points there."""
    assert read(_config("\n\n", _server(), "\n", _server("outgoing")).encode()).outgoing[0].line == 4
    assert isinstance(read(_GOOD.encode()).incoming[0], Choice)

"""The hot path gives no other answer than Flask alone, is really taken by everyday requests, and knows every change at once."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from io import BytesIO
from ipaddress import ip_network
from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.address import Domain, EmailAddress
from autoconfig.config import Rate
from autoconfig.errors import SnapshotError
from autoconfig.formats import mozilla, outlook
from autoconfig.model import Account, HostPattern, Protocol, Provider, Server, Shape, TLSMode
from autoconfig.store.exchange.toml import read_toml
from autoconfig.store.follow import catch_up
from autoconfig.store.snapshot import Snapshot
from autoconfig.store.store import open_store
from autoconfig.web import bodies, create_app, hotpath, proxies
from tests import strategies
from tests.web.conftest import SETTINGS

MAIL = "/mail/config-v1.1.xml"
WELL_KNOWN = "/.well-known/autoconfig/mail/config-v1.1.xml"
XML = "/autodiscover/autodiscover.xml"
OUTLOOKS = "/Autodiscover/Autodiscover.xml"

# Who is not listed is answered all the same, so that nothing hides behind a 404; and host names that not every domain can have.
ODD = """
[[provider]]
id = "odd"
name = "100 % Öst & Väst"
short_name = "Ö%sV"
default = true
documentation_url = "https://help.example/%EMAILDOMAIN%/?a=100%25&b=%EMAILDOMAIN%"

[[provider.account]]
protocol = "pop3"
incoming = { host = "Pop.%EMAILDOMAIN%.hosting.example", port = 995, tls = "implicit", username = "ODD\\\\%EMAILLOCALPART%" }
outgoing = { host = "%EMAILDOMAIN%", port = 587, tls = "starttls", username = "%EMAILLOCALPART%.%EMAILDOMAIN%" }

[[domain]]
name = "odd.example"
provider = "odd"
subdomains = true

[[provider]]
id = "glued"
name = "Glued"
short_name = "G"

[[provider.account]]
protocol = "imap"
incoming = { host = "x%EMAILDOMAIN%", port = 993, tls = "implicit" }
outgoing = { host = "mail-%EMAILDOMAIN%", port = 465, tls = "implicit" }

[[domain]]
name = "glued.example"
provider = "glued"
subdomains = true
"""


@dataclass(frozen=True)
class Sent:
    """A request as a WSGI server hands it over."""

    method: str = "GET"
    path: str = MAIL
    query: str = ""
    host: str | None = "autoconfig.kund.se"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    is_terminated: bool = True  # as granian says: the body ends by itself

    def environ(self) -> dict[str, object]:
        """Return it anew, with a body that nobody has read."""
        made: dict[str, object] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": self.query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8080",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "192.0.2.7",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(self.body or b""),
            "wsgi.errors": None,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        if self.is_terminated:
            made["wsgi.input_terminated"] = True
        if self.body is not None:
            made["CONTENT_LENGTH"] = str(len(self.body))
        if self.host is not None:
            made["HTTP_HOST"] = self.host
        made |= self.headers
        length = str(made.get("CONTENT_LENGTH", ""))
        if self.body and re.fullmatch("[0-9]+", length):
            made["wsgi.input"] = BytesIO(self.body[: int(length)])  # no server hands over more than was announced
        return made


def _answer(application, sent: Sent) -> tuple[str, list[tuple[str, str]], bytes]:
    said = []
    chunks = application(sent.environ(), lambda status, headers, exc_info=None: said.append((status, headers)))
    body = b"".join(chunks)
    if hasattr(chunks, "close"):
        chunks.close()
    ((status, headers),) = said
    # Two requests have two ids, and the time of day is in every refusal of Autodiscover.
    kept = sorted((name.lower(), value) for name, value in headers if name != "X-Request-Id")
    return status, kept, re.sub(rb'(?<=Time=")[0-9:.]+', b"", body)


def _pox(email: str, schema: str = outlook.OUTLOOK_RESPONSE, namespace: str = outlook.OUTLOOK_REQUEST) -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="{namespace}"><Request><EMailAddress>{email}</EMailAddress>'
        f"<AcceptableResponseSchema>{schema}</AcceptableResponseSchema></Request></Autodiscover>"
    ).encode()


# What programs send on an ordinary day; Thunderbird's body is that of its source, with its line breaks.
EVERYDAY = {
    "Thunderbird": Sent(query="emailaddress=anna%40kund.se", headers={"HTTP_ACCEPT": "*/*", "HTTP_ACCEPT_LANGUAGE": "sv-SE,sv;q=0.8"}),
    "Thunderbird, well-known": Sent(path=WELL_KNOWN, query="emailaddress=anna%40kund.se", host="kund.se"),
    "Thunderbird, Autodiscover": Sent(
        "POST",
        XML,
        host="autodiscover.kund.se",
        headers={"CONTENT_TYPE": "text/xml; charset=utf-8"},
        body=(
            f'<?xml version="1.0" encoding="utf-8"?>\n      <Autodiscover xmlns="{outlook.OUTLOOK_REQUEST}">\n        <Request>\n'
            "          <EMailAddress>anna@kund.se</EMailAddress>\n          <AcceptableResponseSchema>"
            f"{outlook.OUTLOOK_RESPONSE}</AcceptableResponseSchema>\n        </Request>\n      </Autodiscover>"
        ).encode(),
    ),
    "Delta Chat": Sent(query="emailaddress=anna%40kund.se"),
    "Delta Chat, well-known": Sent(path=WELL_KNOWN, host="kund.se"),
    "K-9": Sent(query="emailaddress=anna.b_c%40kund.se", host="autoconfig.kund.se:443"),
    "Evolution": Sent(query="emailaddress=EVOLUTIONUSER%40kund.se&emailmd5=e8153e1500534cf4b4e0c86f2738d548"),
    "Nextcloud": Sent(query="emailaddress=anna+x@kund.se"),
    "a monitor": Sent("HEAD", query="emailaddress=anna@kund.se", host="127.0.0.1:8080"),
    "Outlook": Sent("POST", OUTLOOKS, host="autodiscover.kund.se", headers={"CONTENT_TYPE": "text/xml"}, body=_pox("Anna@KUND.se")),
    "our own simulation": Sent(
        "POST",
        XML,
        host="kund.se",
        body=outlook.write_request(outlook.Request("anna@kund.se", acceptable_response_schema=outlook.OUTLOOK_RESPONSE)),
    ),
}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory, config):
    """The usual settings with odd ones beside them."""
    instance = tmp_path_factory.mktemp("odd")
    config = replace(config, instance=instance, database_url=f"sqlite:///{instance}/autoconfig.db")
    with open_store(config.database_url) as store:
        store.make_ready()
        store.import_settings(read_toml(SETTINGS + ODD))
        catch_up(store, config.snapshot_path)
    return config


@pytest.fixture(scope="module")
def both(odd):
    """The service with the hot path, and Flask alone."""
    return create_app(odd).wsgi_app, create_app(odd, Snapshot(odd.snapshot_path)).wsgi_app


def _forbidden(environ, start_response):
    raise AssertionError("Flask was asked")


def _layer(application, snapshot, is_https=lambda environ: True, counted=lambda *request: None):
    return hotpath.Door(hotpath.hot(snapshot, is_https, bodies.Waiting().read, counted), application)


@pytest.mark.parametrize("sent", EVERYDAY.values(), ids=EVERYDAY)
def test_everyday_requests_do_not_reach_flask(config, sent):
    """What all the speed is for."""
    assert _answer(_layer(_forbidden, Snapshot(config.snapshot_path)), sent)[0] == "200 OK"


@pytest.mark.parametrize("sent", EVERYDAY.values(), ids=EVERYDAY)
def test_everyday_answers_are_flasks(config, sent):
    """With the settings as they are without a default."""
    hot, alone = create_app(config).wsgi_app, create_app(config, Snapshot(config.snapshot_path)).wsgi_app
    assert _answer(hot, sent) == _answer(alone, sent)


# Each but for one thing as plain as those.
NEARLY = (
    *(Sent(query=f"emailaddress=a@{name}") for name in ("KUND.se", "xn--999999999.se", "XN--byr-wla.se", "a.xn--999999999.example")),
    *(Sent(query=f"emailaddress=a@{name}") for name in ("a.localhost", "localhost", "a" * 63 + ".se", "a." * 30 + "sub.se", "kund.123")),
    *(Sent(query=f"emailaddress=a@{name}") for name in ("n--abc.glued.example", "a" * 37 + ".odd.example", "a" * 52 + ".sub.se")),
    *(Sent(query=f"emailaddress={local}@kund.se") for local in ("x" * 64, "x" * 65, ".a", "a..b", "a%26b", "a'b")),
    *(Sent(query=f"emailaddress=a@kund.se{end}") for end in ("&" + "a" * 2100, "&emailaddress=a@pop.se", ".", "%20", "\n")),
    *(Sent(query=f"{name}=a@kund.se") for name in ("EMAILADDRESS", "emailaddress=&emailaddress", "email%61ddress")),
    *(Sent(query="emailaddress=a@kund.se", host=host) for host in ("a" * 64 + ".se", "a..b", "[::1]", "a b", "1.2.3.4.5", None, "")),
    *(
        Sent(host=host)
        for host in ("autoconfig.se", "AutoConfig.Kund.SE:8080", "a." * 31 + "se", "autoconfig.autodiscover.kund.se", "1.2.3.4")
    ),
    *(Sent(host=host) for host in ("autoconfig.xn--999999999.se", "autoconfig.localhost", "kund.se.", "autoconfig.kund.se:x")),
    *(Sent(headers={f"HTTP_{name}": value}) for name, value in (("IF_NONE_MATCH", "*"), ("IF_MATCH", '"x"'), ("RANGE", "bytes=0-9"))),
    Sent(headers={"HTTP_UPGRADE": "websocket", "HTTP_CONNECTION": "Upgrade"}),
    *(Sent(method) for method in ("get", "POST", "OPTIONS")),
    *(Sent("POST", XML, body=_pox(f"a@{name}")) for name in ("n--abc.glued.example", "a" * 52 + ".sub.se", "xn--999999999.se", "KUND.se")),
    *(Sent("POST", XML, body=_pox("a@kund.se") + end) for end in (b"\v", b"\f", b" " * 600, b"<!-- -->", b"x", b"\x00")),
    *(Sent("POST", XML, body=_pox("a@kund.se", schema)) for schema in (outlook.MOBILESYNC_RESPONSE, outlook.OUTLOOK_RESPONSE.upper())),
    *(
        Sent("POST", XML, body=_pox(email))
        for email in ("a&amp;b@kund.se", "a&b@kund.se", "x" * 65 + "@kund.se", " a@kund.se ", "a@kund.se\v")
    ),
    Sent("POST", XML, query="a" * 2100, body=_pox("a@kund.se")),
    Sent("POST", XML, headers={"HTTP_TRANSFER_ENCODING": "chunked"}, body=_pox("a@pop.se"), host="kund.se", is_terminated=False),
    Sent("POST", XML, headers={"CONTENT_LENGTH": "999"}, body=_pox("a@kund.se"), is_terminated=False),
    Sent("POST", "/AUTODISCOVER/autodiscover.XML", body=_pox("a@kund.se")),
)


@pytest.mark.parametrize("number", range(len(NEARLY)))
def test_a_request_that_is_nearly_plain_has_flasks_answer(both, number):
    """One thing is unusual in each."""
    hot, alone = both
    assert _answer(hot, NEARLY[number]) == _answer(alone, NEARLY[number])


LOCALS = (
    "anna",
    "Anna.B",
    "a+b",
    "a_b",
    "a-",
    "a&b",
    "a'b",
    "a%26b",
    "a<b",
    "%22a b%22",
    '"a b"',
    "å",
    "%C3%A5",
    "",
    ".a",
    "a..b",
    "x" * 64,
    "x" * 65,
    "a%00",
)
DOMAINS = (
    *("kund.se", "KUND.se", "kund.se.", "Sub.SE", "a.b.sub.se", "alias.se", "borta.se", "pop.se", "english.example", "other.se"),
    *("byrå.se", "xn--byr-wla.se", "XN--BYR-WLA.se", "a.xn--byr-wla.se", "xn--999999999.se", "xn--.se", "räv.example", "דוגמה.טעסט"),
    *("odd.example", "1.odd.example", "n--abc.glued.example", "glued.example", "a.glued.example", "-a.se", "a-.se", "a--b.se", "ab--c.se"),
    *("localhost", "a.localhost", "a.LOCALHOST", "localhost.se", "192.0.2.1", "1.2.3.4.5", "[192.0.2.1]", "kund.123", "kund.a1", "a_b.se"),
    *("se", "a..se", ".se", "autoconfig.se", "autoconfig.kund.se", "a" * 63 + ".se", "a" * 64 + ".se", "a." * 20 + "odd.example"),
    *("a" * 37 + ".odd.example", "a" * 50 + ".sub.se", "a" * 52 + ".sub.se", "a" * 51 + ".sub.se", "a." * 120 + "sub.se", "kund.se\n"),
)


def _mostly(plain: st.SearchStrategy, odd: st.SearchStrategy) -> st.SearchStrategy:
    """What is plain five times of six, so that a request of many parts has one or two that are odd."""
    return st.integers(0, 5).flatmap(lambda n: odd if n == 5 else plain)


def _any_case(text: str) -> st.SearchStrategy[str]:
    return st.lists(st.booleans(), min_size=len(text), max_size=len(text)).map(
        lambda flips: "".join(c.swapcase() if flip else c for c, flip in zip(text, flips, strict=True))
    )


def _octets(text: str) -> str:
    """Return *text* as WSGI has it: each octet a character."""
    return text.encode("utf-8", "replace").decode("latin-1")


_labels = st.from_regex(r"[a-zA-Z0-9-]{1,9}(\.[a-zA-Z0-9-]{1,9})?", fullmatch=True)
_domains = _mostly(
    st.one_of(
        st.sampled_from(("kund.se", "a.b.sub.se", "pop.se", "english.example")),
        _labels.map("{}.se".format),
        _labels.map("{}.sub.se".format),
    ),
    st.one_of(st.sampled_from(DOMAINS), strategies.domains().map(lambda domain: domain.ascii), st.text(max_size=20)),
)
_addresses = st.builds(
    "{}{}{}".format,
    _mostly(
        st.sampled_from(("anna", "Anna.B", "a+b", "a_b-")),
        st.one_of(st.sampled_from(LOCALS), strategies.local_parts(), st.text(max_size=10)),
    ),
    _mostly(st.sampled_from(("@", "%40")), st.sampled_from(("%2540", "", "@@"))),
    _domains,
)
_ENDS_OF_QUERIES = ("&", "&a", "&emailaddress=x@other.se", "&a=%zz", "&a=å", "#x", "&" + "a" * 199, "&" + "a" * 201, "&" + "a" * 2100)
_queries = st.builds(
    "{}{}{}{}".format,
    _mostly(st.just(""), st.sampled_from(("a=b&", "&", "emailaddress=&", "EMAILADDRESS=x@kund.se&", "emailaddress=nils@pop.se&"))),
    _mostly(st.just("emailaddress="), st.sampled_from(("email%61ddress=", "EmailAddress=", "emailaddress", "email="))),
    _addresses,
    _mostly(st.just(""), st.sampled_from(_ENDS_OF_QUERIES)),
).map(_octets)
_NO_HOSTS = (
    "",
    "[::1]:80",
    "localhost",
    "web",
    "my_service:80",
    "kund.se:x",
    "kund.se:123456",
    "a b",
    "<a>",
    "999.1.1.1",
    "www.autoconfig.x",
)
_hosts = _mostly(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(("", "autoconfig.", "autodiscover.", "AutoConfig.", "ua-auto-config.")),
        _domains,
        _mostly(st.just(""), st.sampled_from((":80", ":8443", ":"))),
    ).map(_octets),
    st.one_of(st.none(), st.sampled_from(_NO_HOSTS), st.text(max_size=10).map(_octets)),
)
_TAG = '"3dcd14d8a40697c42c62bbc482354c1f"'
_headers = _mostly(
    st.sampled_from(
        ({}, {"HTTP_ACCEPT": "text/html"}, {"HTTP_COOKIE": "a=b"}, {"SERVER_PROTOCOL": "HTTP/1.0"}, {"CONTENT_TYPE": "text/xml"})
    ),
    st.dictionaries(
        st.sampled_from(("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH", "HTTP_RANGE", "HTTP_IF_MODIFIED_SINCE", "HTTP_X_FORWARDED_PROTO")),
        st.sampled_from(("https", "*", _TAG, "bytes=0-9", "Mon, 23 Nov 2026 08:00:00 GMT", "")),
        max_size=2,
    )
    | st.just({"HTTP_UPGRADE": "websocket", "HTTP_CONNECTION": "Upgrade"}),
)


@given(
    st.builds(
        Sent,
        _mostly(st.sampled_from(("GET", "HEAD")), st.sampled_from(("POST", "OPTIONS", "get", "PUT"))),
        _mostly(
            st.sampled_from((MAIL, WELL_KNOWN)), st.sampled_from(("/" + MAIL, MAIL + "/", WELL_KNOWN + "x", "/", "")) | _any_case(MAIL)
        ),
        _mostly(_queries, st.just("")),
        _hosts,
        _headers,
    )
)
def test_any_question_for_client_config_has_flasks_answer(both, sent):
    """Whatever is asked, and however broken: status, headers and bytes."""
    hot, alone = both
    assert _answer(hot, sent) == _answer(alone, sent)


_blanks = _mostly(st.sampled_from(("", " ", "\n  ", "\t\r\n")), st.sampled_from(("\v", "\f", "\x00", "\N{NO-BREAK SPACE}", "<!-- c -->")))
_DECLARATIONS = (
    *('<?xml version="1.0" encoding="utf-8" ?>', '<?xml version="1.1"?>', '<?xml version="1.0" encoding="utf-16"?>', "\ufeff"),
    *(
        '<?xml version="1.0" encoding="latin1"?>',
        " <?xml version='1.0'?>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]>",
        '<?xml version="1.0"?> <?a b?>',
    ),
)
_SCHEMAS = (outlook.OUTLOOK_RESPONSE.upper(), outlook.MOBILESYNC_RESPONSE, "", "x")
_NAMESPACES = (outlook.OUTLOOK_REQUEST.upper(), outlook.MOBILESYNC_REQUEST, "", "x")
_ENDS = (f"<!-- {'x' * 900} -->", "x" * 20_000, "<a/>", " " * 600)


@st.composite
def _bodies(draw: st.DrawFn) -> bytes:
    """Requests for Autodiscover, most of them nearly right."""
    blank = cycle(draw(st.lists(_blanks, min_size=1, max_size=2)))
    plain = ('<?xml version="1.0" encoding="utf-8"?>', '<?xml version="1.0" encoding="UTF-8"?>', '<?xml version="1.0"?>', "")
    declaration = draw(_mostly(st.sampled_from(plain), st.sampled_from(_DECLARATIONS)))
    email = draw(_addresses).replace("%40", "@")
    schema = draw(_mostly(st.just(outlook.OUTLOOK_RESPONSE), st.sampled_from(_SCHEMAS)))
    namespace = draw(_mostly(st.just(outlook.OUTLOOK_REQUEST), st.sampled_from(_NAMESPACES)))
    parts = [f"<EMailAddress>{next(blank)}{email}{next(blank)}</EMailAddress>"]
    parts.append(f"<AcceptableResponseSchema>{next(blank)}{schema}{next(blank)}</AcceptableResponseSchema>")
    parts.append(draw(_mostly(st.just(""), st.sampled_from(("<LegacyDN>x</LegacyDN>", "<EMailAddress>x@pop.se</EMailAddress>", "x")))))
    inside = next(blank).join(draw(_mostly(st.just(parts), st.permutations(parts))))
    end = draw(_mostly(st.just(""), st.sampled_from(_ENDS)))
    text = (
        f'{declaration}{next(blank)}<Autodiscover xmlns="{namespace}">{next(blank)}<Request>{next(blank)}{inside}{next(blank)}</Request>'
        f"{next(blank)}</Autodiscover>{next(blank)}{end}"
    )
    return text.encode("utf-8", "replace")


_lengths = st.sampled_from(("", "-1", "+5", "²", "x", "999", "0999", "999999"))


@given(
    st.builds(
        Sent,
        _mostly(st.just("POST"), st.sampled_from(("GET", "PUT", "HEAD"))),
        _mostly(st.sampled_from((XML, OUTLOOKS, "/AutoDiscover/AutoDiscover.xml")), _any_case(XML) | st.just(XML + "/x")),
        _mostly(st.just(""), _queries),
        _hosts,
        _mostly(
            _headers,
            st.builds(lambda length: {"CONTENT_LENGTH": length}, _lengths) | st.just({"HTTP_TRANSFER_ENCODING": "chunked"}),
        ),
        _mostly(_bodies(), st.one_of(st.none(), st.binary(max_size=50), strategies.addresses().map(lambda a: _pox(str(a))))),
        st.booleans(),
    )
)
def test_any_question_for_autodiscover_has_flasks_answer(both, sent):
    """Whatever is posted: other schemas and namespaces, DTDs, lengths that are none or too long, a wrong charset."""
    hot, alone = both
    assert _answer(hot, sent) == _answer(alone, sent)


@given(st.data())
def test_a_filled_form_is_what_the_writer_writes(data):
    """For any provider; where one is not sure of it, there is no form."""
    provider = data.draw(strategies.providers())
    shape = Shape.of(provider)
    local = data.draw(st.from_regex(r"[A-Za-z0-9_+-]{1,9}(\.[A-Za-z0-9_+-]{1,9})?", fullmatch=True))
    name = data.draw(st.from_regex(r"([a-z0-9]{1,9}(-[a-z0-9]{1,9})?\.){1,4}[a-z]{2,9}", fullmatch=True).filter(lambda n: "xn--" not in n))
    address = EmailAddress.parse(f"{local}@{name}")
    for write in (mozilla.document, outlook.document):
        filled = hotpath.Forms(lambda name: shape, write).filled((local, name))
        assert filled in (None, write(shape.fill(address.domain), address).content)


def _imap(host: str, name: str = "Provider") -> Shape:
    server = Server(HostPattern.parse(host), 993, TLSMode.IMPLICIT)
    return Shape.of(Provider("p", name, name, (Account(Protocol.IMAP, server, server),)))


@pytest.mark.parametrize(
    ("host", "room"),
    [
        ("server.example", 63),
        ("mail.%EMAILDOMAIN%", 58),
        ("%EMAILDOMAIN%", 63),
        ("a.%EMAILDOMAIN%.b.example", 51),
        ("mail-%EMAILDOMAIN%", 0),
        ("%EMAILDOMAIN%x.example", 0),
        ("büro.%EMAILDOMAIN%", 0),
        ("xn--bro-hoa.%EMAILDOMAIN%", 0),
        ("%EMAILDOMAIN%.%EMAILDOMAIN%", 0),
        ("a" * 40 + "." + "b" * 40 + ".%EMAILDOMAIN%", 0),
    ],
)
def test_a_form_has_room_only_for_domains_that_cannot_break_its_host_names(host, room):
    """No label beyond 63 octets, and no label that a domain and a pattern make together."""
    assert hotpath.make(_imap(host), mozilla.document).room == room


def test_a_document_that_cuts_or_repeats_a_stand_in_is_no_form():
    """A provider without a name shows the domain's, cut to twenty characters; one may be called what a stand-in is called."""
    stand_in = hotpath.STAND_INS[0].partition("@")[2]
    assert hotpath.make(_imap("server.example", "\x01"), mozilla.document).room == 0
    assert hotpath.make(_imap("server.example", stand_in), mozilla.document).room == 0


def test_a_long_document_is_no_form():
    """A worker remembers thousands, and must know how large they get."""
    for octets, room in ((hotpath.MAX_DOCUMENT, 63), (hotpath.MAX_DOCUMENT + 1, 0)):
        document = replace(mozilla.document(_imap("server.example").fill(Domain.parse("kund.se"))), content=b"x" * octets)
        assert hotpath.make(_imap("server.example"), lambda config, address, document=document: document).room == room


def test_what_is_asked_for_again_is_not_forgotten():
    """What is not, is; and there are never more than two generations."""
    memory = hotpath.Memory("a state")
    for number in range(3 * hotpath.GENERATION):
        memory.put(str(number), b"%d" % number)
        assert memory.get("0") == b"0"
    kept = [number for number in range(3 * hotpath.GENERATION) if memory.get(str(number)) is not None]
    assert len(kept) <= 2 * hotpath.GENERATION
    assert kept[0] == 0
    assert kept[-1] == 3 * hotpath.GENERATION - 1


def test_what_is_remembered_is_nothing_to_look_through():
    """Python's garbage collector would halt every answer for as long as it looks."""
    snapshot, shape = Broken(SnapshotError("gone"), "a state"), _imap("server.example")
    snapshot.shape_of = lambda name: shape
    door = _layer(_forbidden, snapshot)
    _answer(door, EVERYDAY["K-9"])
    gc.collect()
    before = len(gc.get_objects())
    for number in range(500):
        _answer(door, Sent(query=f"emailaddress=a@kund{number}.se"))
        _answer(door, replace(EVERYDAY["Outlook"], body=_pox(f"a@kund{number}.se")))
    gc.collect()
    assert len(gc.get_objects()) - before < 100


def test_forms_are_few_and_made_once():
    """As long as there is space for them; the oldest goes."""
    shapes = [_imap(f"server{i}.example") for i in range(3)]
    made = []

    def write(config, address):
        made.append(config.accounts[0].incoming.host.ascii)
        return mozilla.document(config, address)

    asked: Iterator[Shape] = iter(shapes[i] for i in (0, 1, 0, 1, 2, 2, 1, 0))
    forms = hotpath.Forms(lambda name: next(asked), write, most=2)
    for _ in range(8):
        assert forms.filled(("", "kund.se"))
    assert made[::2] == [f"server{i}.example" for i in (0, 1, 2, 0)]


class Broken:
    """A snapshot of which nothing can be read."""

    def __init__(self, error: Exception, state: object = None) -> None:
        self._error = error
        self._state = state

    def state(self) -> object:
        if self._state is None:
            raise self._error
        return self._state

    def shape_of(self, name: str) -> Shape:
        raise self._error


@pytest.mark.parametrize("snapshot", [Broken(SnapshotError("gone")), Broken(RuntimeError("broken")), Broken(KeyError("x"), "a state")])
def test_what_goes_wrong_is_flasks_to_tell(snapshot):
    """The request arrives there whole."""

    def flask(environ, start_response):
        start_response("503 Service Unavailable", [])
        return [environ["wsgi.input"].read()]

    door = _layer(flask, snapshot)
    for sent in EVERYDAY.values():
        assert _answer(door, sent) == ("503 Service Unavailable", [], sent.body or b"")


def test_a_long_body_is_left_unread(config):
    """How much of it is read, and how long one waits for it, is Flask's to say."""
    body = BytesIO(_pox("anna@kund.se") + b" " * 1000)
    environ = replace(EVERYDAY["Outlook"], body=body.getvalue()).environ() | {"wsgi.input": body}

    def flask(environ, start_response):
        assert environ["wsgi.input"].tell() == 0
        return [b"Flask"]

    assert _layer(flask, Snapshot(config.snapshot_path))(environ, None) == [b"Flask"]


def test_a_body_that_must_not_be_waited_for_is_left_unread(config):
    """Too many wait already."""
    flask = [b"Flask"]
    hot = hotpath.hot(Snapshot(config.snapshot_path), lambda environ: True, lambda environ, octets: None, lambda *request: None)
    assert hotpath.Door(hot, lambda *request: flask)(EVERYDAY["Outlook"].environ(), None) is flask


def test_hot_answers_are_counted_and_others_are_not(config):
    """Those are counted by who watches Flask."""
    counted = []

    def flask(environ, start_response):
        start_response("404 Not Found", [])
        return []

    door = _layer(flask, Snapshot(config.snapshot_path), counted=lambda *request: counted.append(request))
    for _ in range(2):
        _answer(door, replace(EVERYDAY["K-9"], headers={"HTTP_USER_AGENT": "okhttp/5"}))
        _answer(door, Sent(query="emailaddress=a@other.se"))
    assert [request[:3] for request in counted] == [(MAIL, "okhttp/5", "200 OK")] * 2
    assert all(0 < spent < 10**9 for *_, spent in counted)


def test_an_answer_is_nobody_elses_to_change(config):
    """A server may put headers of its own into what it is given."""
    door = _layer(_forbidden, Snapshot(config.snapshot_path))
    given = []
    for _ in range(2):
        door(EVERYDAY["K-9"].environ(), lambda status, headers: given.append(headers) or headers.append(("Date", "now")))
    assert given[0] == given[1]
    assert given[0] is not given[1]


def test_changes_are_known_at_once(config, tmp_path):
    """A domain suspended, brought back, moved, a provider's server changed: the next answer is the new one."""
    config = replace(config, instance=tmp_path, database_url=f"sqlite:///{tmp_path}/autoconfig.db")
    app = create_app(config)
    alone = create_app(config, Snapshot(config.snapshot_path)).wsgi_app
    sent = [EVERYDAY["Thunderbird"], EVERYDAY["Outlook"]]

    def seen() -> list[tuple[str, list[tuple[str, str]], bytes]]:
        hot = [_answer(app.wsgi_app, each) for each in sent]
        assert hot == [_answer(alone, each) for each in sent]
        return hot

    changes = (
        ("", ""),
        ('name = "kund.se"\nprovider = "karlahosting"', 'name = "kund.se"\nsuspended = true\nprovider = "karlahosting"'),
        ("", ""),
        ('name = "kund.se"\nprovider = "karlahosting"', 'name = "kund.se"\nprovider = "english"'),
        ('host = "server.karlahosting.se", port = 993', 'host = "new.karlahosting.se", port = 993'),
        ('name = "KarlaHosting"', 'name = "Carla"'),
    )
    found = []
    with open_store(config.database_url) as store:
        store.make_ready()
        for old, new in changes:
            store.import_settings(read_toml(SETTINGS.replace(old, new)))
            catch_up(store, config.snapshot_path)
            found.append(seen())
    first, suspended, again, moved, server, renamed = found
    assert [status for status, _, _ in suspended] == ["404 NOT FOUND"] * 2
    assert first == again
    assert all(b"imap.english.example" in body for _, _, body in moved)
    assert all(b"new.karlahosting.se" in body for _, _, body in server)
    assert b"Carla" in renamed[0][2]


def test_what_is_to_be_sent_to_https_or_counted_goes_through_flask(config):
    """A redirect, or a limit for discovery, holds for every request."""
    https = create_app(replace(config, https=True)).wsgi_app
    assert _answer(https, EVERYDAY["Outlook"])[0] == "302 FOUND"
    assert _answer(https, EVERYDAY["Thunderbird"])[0] == "200 OK"
    forwarded = replace(EVERYDAY["Outlook"], headers={"HTTP_X_FORWARDED_PROTO": "https"})
    assert _answer(https, forwarded)[0] == "302 FOUND"
    trusting = replace(config, https=True, trusted_proxies=(ip_network("192.0.2.0/24"),))
    assert _answer(create_app(trusting).wsgi_app, forwarded)[0] == "200 OK"
    door = _layer(_forbidden, Snapshot(config.snapshot_path), partial(proxies.is_https, trusting.trusted_proxies))
    assert _answer(door, forwarded)[0] == "200 OK"
    limited = create_app(replace(config, discovery_rate_limit=Rate(1, 60)))
    assert _answer(limited.wsgi_app, EVERYDAY["Thunderbird"])[0] == "200 OK"

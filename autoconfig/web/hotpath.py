"""The hottest questions, answered before Flask sees them: clientConfig by GET and HEAD, Autodiscover's XML by POST.

Never another answer than Flask's: status, headers and bytes are the same (tests/web/test_hotpath.py asks both ways). Only what everyday
programs send, in its plainest form and about a domain of ours, is answered here; every other request, every refusal and every doubt goes
on to Flask as it came.

A *form* is the document of one settings shape with places to fill, made from what the format's own writer writes for a stand-in address.
What is filled in is so plain (letters, digits and hyphens between dots; "_" and "+" before the @) that no writer would escape it, and so
short that no host name becomes too long with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from time import perf_counter_ns
from typing import TYPE_CHECKING

from autoconfig.address import MAX_LABEL_OCTETS, MAX_LOCAL_OCTETS, EmailAddress
from autoconfig.formats import Format, mozilla, outlook
from autoconfig.model import EMAILDOMAIN, Shape
from autoconfig.store.snapshot import Snapshot
from autoconfig.web.answers import CACHE, NO_STORE, entity_tag
from autoconfig.web.discovery import URLS
from autoconfig.web.protection import HEADERS
from autoconfig.web.question import OUR_LABELS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Shapes = Callable[[str], Shape | None]  # by a domain's A-label name
Answer = tuple[tuple[tuple[str, str], ...], bytes]  # headers and content
Hot = Callable[["WSGIEnvironment"], Answer | None]
Asked = tuple[str, str]  # a local part, or nothing, and a domain's name in lower case

CLIENT_CONFIG = frozenset(url for url, write in URLS if write is mozilla.document)
# As programs and Microsoft's own pages write it; still other letters are for Flask.
AUTODISCOVER = frozenset(f"/{word}/{word}.xml" for word in ("autodiscover", "Autodiscover", "AutoDiscover"))

MAX_FORMS = 4096  # of each format; the snapshot keeps as many shapes
MAX_LENGTH = 3  # digits: everyday requests have about 500 octets
# What a worker remembers: some 30 MB where everybody asks for another domain, and twice that at the most.
GENERATION = 8_192  # answers
MAX_KEY = 1_000  # octets of query or body, and host
MAX_DOCUMENT = 3_000  # octets of a form
LOCAL = b"\0"  # which no XML has in it
TAG_OCTETS = 34  # of an ETag with its quotes

# What may ask for another answer than the document: a condition, another protocol, a body in chunks.
_SPECIAL = frozenset({"HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH", "HTTP_UPGRADE", "HTTP_TRANSFER_ENCODING"})

_LOCAL = r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*"
# No A-labels, which have rules of their own, no IP address, and no name that stays on this machine.
_NAME = r"(?:(?![Xx][Nn]--)[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*\.)+(?!(?i:localhost))[A-Za-z]{2,}"
_QUERY = re.compile(rf"emailaddress=({_LOCAL})(?:@|%40)({_NAME})(?:&[!-~]{{0,200}})?")
# Of at most 63 characters, so that no label has more.
_HOST = re.compile(rf"(?!.{{64}})(?:(?i:{'|'.join(map(re.escape, OUR_LABELS))})?({_NAME})|[0-9]+(?:\.[0-9]+){{3}})(?::[0-9]{{1,5}})?")
_BODY = re.compile(
    r"[ \t\r\n]*".join(
        (
            r'(?:<\?xml version="1\.0"(?: encoding="(?:utf|UTF)-8")? ?\?>)?',
            rf'<Autodiscover xmlns="{re.escape(outlook.OUTLOOK_REQUEST)}">',
            "<Request>",
            "<EMailAddress>",
            rf"({_LOCAL})@({_NAME})",
            "</EMailAddress>",
            "<AcceptableResponseSchema>",
            re.escape(outlook.OUTLOOK_RESPONSE),
            "</AcceptableResponseSchema>",
            "</Request>",
            "</Autodiscover>",
            "",
        )
    ).encode()
)

# A host pattern in which the domain's labels stay labels, beside others without rules of their own.
_PLAIN = re.compile(rf"(?:(?!xn--)[a-z0-9-]+\.)*{EMAILDOMAIN.lower()}(?:\.(?!xn--)[a-z0-9-]+)*")
# Their domains are longer than any name that a writer cuts short.
STAND_INS = ("Stand-in.for_a@first.stand-in-for-a-domain.example", "a+local@second.one-of-the-domains.test")


@dataclass(frozen=True, slots=True)
class Door:
    """A WSGI application: what is *hot* is answered at once, *rest* answers the rest. A server may ask the two itself."""

    hot: Hot
    rest: WSGIApplication

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as PEP 3333 says."""
        answer = self.hot(environ)
        if answer is None:
            return self.rest(environ, start_response)
        headers, content = answer
        start_response("200 OK", list(headers))
        return [content]


def hot(
    snapshot: Snapshot,
    is_https: Callable[[WSGIEnvironment], bool],
    read_body: Callable[[WSGIEnvironment, int], bytes | None],
    counted: Callable[[str, str, str, int], None],
) -> Hot:
    """Return what gives the hot answers, all of them with status 200, and None where Flask is to say.

    *is_https* tells whether a request came, or need not come, over https; *read_body* reads at most so many octets, and returns None
    where it must not be waited for them; each hot answer is *counted*: path, User-Agent, status and nanoseconds.
    """
    client_config = Forms(snapshot.shape_of, mozilla.document)
    autodiscover = Forms(snapshot.shape_of, outlook.document)
    kept = (("Content-Type", mozilla.CONTENT_TYPE), ("Cache-Control", CACHE), *HEADERS.items())
    passing = (("Content-Type", outlook.CONTENT_TYPE), ("Cache-Control", NO_STORE), *HEADERS.items())
    clock = perf_counter_ns
    memory = Memory(None)

    def config(query: str, host: str) -> bytes | None:
        content = client_config.filled(_asked(query, host))
        return None if content is None else entity_tag(content).encode() + content

    def discovered(body: bytes, host: str) -> bytes | None:
        return autodiscover.filled(_posted(body, host))

    def answered(environ: WSGIEnvironment) -> Answer | None:
        nonlocal memory
        began = clock()
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        host: str = environ.get("HTTP_HOST", "")
        key: str | bytes  # the length says where the host ends
        if path in CLIENT_CONFIG and method in ("GET", "HEAD"):
            query: str = environ.get("QUERY_STRING", "")
            key = f"{len(host)} {host} {query}"
        elif path in AUTODISCOVER and method == "POST" and is_https(environ):
            brought = _body(environ, read_body)
            if brought is None:
                return None
            body = brought
            key = b"%d %b %b" % (len(host), host.encode(), body)
        else:
            return None
        if len(key) > MAX_KEY or not environ.keys().isdisjoint(_SPECIAL):
            return None
        try:
            state = snapshot.state()
            here = memory  # another thread may see another state, and put another memory in its place
            if here.state is not state:
                here = memory = Memory(state)
            known = here.get(key)
            if known is None:
                known = discovered(body, host) if method == "POST" else config(query, host)
                if known is None:
                    return None
                here.put(key, known)
        except Exception:
            return None  # Flask meets the same, and tells it
        counted(path, environ.get("HTTP_USER_AGENT", ""), "200 OK", clock() - began)
        if method == "POST":
            return (("Content-Length", str(len(known))), *passing), known
        headers = ("Content-Length", str(len(known) - TAG_OCTETS)), ("ETag", known[:TAG_OCTETS].decode()), *kept
        return headers, known[TAG_OCTETS:] if method == "GET" else b""

    return answered


class Memory:
    """Answers of one *state* of the settings, by what was asked. At most twice GENERATION: what is not asked for again is forgotten.

    There are strings and octets in it, and nothing else: of those Python's garbage collector need not know. It takes 40 ms to look through
    as many tuples, in which nobody is answered.
    """

    __slots__ = ("_new", "_old", "state")

    def __init__(self, state: Hashable) -> None:
        self.state = state
        self._new: dict[str | bytes, bytes] = {}
        self._old: dict[str | bytes, bytes] = {}

    def get(self, key: str | bytes) -> bytes | None:
        """Return what was put under *key*, None where it was forgotten."""
        known = self._new.get(key)
        if known is None:
            known = self._old.get(key)
            if known is not None:
                self.put(key, known)
        return known

    def put(self, key: str | bytes, known: bytes) -> None:
        """Remember *known* under *key*."""
        if len(self._new) >= GENERATION:
            self._old, self._new = self._new, {}
        self._new[key] = known


def nothing(environ: WSGIEnvironment) -> None:
    """Where nothing is hot."""


def _asked(query: str, host: str) -> Asked | None:
    """Return what a request for clientConfig is about, by its *query* or else its *host*; None where Flask is to say."""
    by_host = _HOST.fullmatch(host)
    if by_host is None:
        return None
    if query:
        found = _QUERY.fullmatch(query)
        return None if found is None else (found[1], found[2].lower())
    return None if by_host[1] is None else ("", by_host[1].lower())


def _body(environ: WSGIEnvironment, read: Callable[[WSGIEnvironment, int], bytes | None]) -> bytes | None:
    """Return the body of a request; None where Flask is to say, to which the body is given back."""
    length: str = environ.get("CONTENT_LENGTH", "")
    if not length.isdecimal() or len(length) > MAX_LENGTH or environ.get("QUERY_STRING") or "HTTP_TRANSFER_ENCODING" in environ:
        return None
    body = read(environ, int(length))
    if body is None:
        return None
    # Flask may come to read it again, here or after a look at the settings.
    environ["wsgi.input"] = BytesIO(body)
    return body if len(body) == int(length) else None


def _posted(body: bytes, host: str) -> Asked | None:
    """Return the address in the *body* of a request; None where Flask is to say."""
    found = _BODY.fullmatch(body) if _HOST.fullmatch(host) else None
    return None if found is None else (found[1].decode(), found[2].decode().lower())


@dataclass(frozen=True, slots=True)
class Form:
    """The document of one *shape* in *pieces*, between which a domain of at most *room* characters comes; no domain where that is 0.

    LOCAL stands where a local part comes, if *has_local*.
    """

    shape: Shape
    pieces: tuple[bytes, ...]
    has_local: bool
    room: int

    def filled(self, local: bytes, domain: bytes) -> bytes:
        """Return the document of the address."""
        text = domain.join(self.pieces)
        return text.replace(LOCAL, local) if self.has_local else text


class Forms:
    """The forms of one format, made when they are first needed. A shape that the snapshot reads anew is another, so nothing grows old."""

    def __init__(self, shapes: Shapes, write: Format, most: int = MAX_FORMS) -> None:
        self._shapes = shapes
        self._write = write
        self._most = most
        # By the shape's identity, which is its own as long as its form holds it.
        self._forms: dict[int, Form] = {}

    def filled(self, asked: Asked | None) -> bytes | None:
        """Return the document for *asked*, None where Flask is to say."""
        if asked is None:
            return None
        local, name = asked
        shape = self._shapes(name)
        if shape is None:
            return None
        form = self._forms.get(id(shape)) or self._made(shape)
        if len(name) > form.room or len(local) > MAX_LOCAL_OCTETS:
            return None
        return form.filled(local.encode(), name.encode())

    def _made(self, shape: Shape) -> Form:
        form = make(shape, self._write)
        while len(self._forms) >= self._most:
            with suppress(KeyError, RuntimeError):  # another thread was faster
                del self._forms[next(iter(self._forms))]
        self._forms[id(shape)] = form
        return form


def make(shape: Shape, write: Format) -> Form:
    """Return the form of *shape* as *write* has it; one without room where the documents of two domains differ in more than their names."""
    none = Form(shape, (), False, 0)
    patterns = [
        server.host.text.lower() for account in shape.accounts for server in (account.incoming, account.outgoing) if not server.host.literal
    ]
    room = min((MAX_LABEL_OCTETS - len(pattern) + len(EMAILDOMAIN) for pattern in patterns), default=MAX_LABEL_OCTETS)
    if room <= 0 or not all(map(_PLAIN.fullmatch, patterns)):
        return none
    address, other = map(EmailAddress.parse, STAND_INS)
    text = write(shape.fill(address.domain), address).content
    pieces = tuple(text.replace(address.local.encode(), LOCAL).split(address.domain.ascii.encode()))
    form = Form(shape, pieces, any(LOCAL in piece for piece in pieces), room)
    is_sure = LOCAL not in text and len(text) <= MAX_DOCUMENT
    wanted = write(shape.fill(other.domain), other).content
    return form if is_sure and form.filled(other.local.encode(), other.domain.ascii.encode()) == wanted else none

"""A settings document against its format's grammar and against every mail program's reader. Pure: bytes in, problems out; never raises.

What a document is, its content tells. What is wrong by the format stands in a file for each; what programs do about it, in `programs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from autoconfig.clients import CLIENTS
from autoconfig.clients.outcome import Client, Effect
from autoconfig.formats import apple as apple_format
from autoconfig.formats import pacc as pacc_format
from autoconfig.formats.xml import MAX_OCTETS
from autoconfig.lint import apple, markup, mozilla, outlook, pacc, programs
from autoconfig.lint.problem import MOST, Kind, Lint, Problem

Check = Callable[[bytes, bytes], Iterator[Problem]]

_CHECKS: Mapping[Kind, Check] = {Kind.MOZILLA: mozilla.check, Kind.OUTLOOK: outlook.check, Kind.APPLE: apple.check, Kind.PACC: pacc.check}
_ROOTS = {"clientconfig": Kind.MOZILLA, "autodiscover": Kind.OUTLOOK, "plist": Kind.APPLE}
_XML = (Kind.MOZILLA, Kind.OUTLOOK)
_SERVERS = {Kind.MOZILLA: mozilla.servers_of, Kind.OUTLOOK: outlook.servers_of}
_LIMITS = {Kind.PACC: pacc_format.MAX_OCTETS}
# Thunderbird (153) compares them as they are, small letters and all.
_XML_TYPES = ("text/xml", "application/xml")


def lint(data: bytes, kind: Kind | None = None, clients: Mapping[str, Client] = CLIENTS, *, content_type: str | None = None) -> Lint:
    """Return what is wrong in *data*, a document of *kind*, or of the kind that its content shows.

    *content_type* is what it was served as, None where it comes from a file.
    """
    plain = markup.narrow(data)
    kind = kind or recognise(data, plain)
    if kind is Kind.UNKNOWN:
        return Lint(kind, (Problem("DOCUMENT_UNKNOWN", 1, fatal=True),))
    own = list(islice(_check(data, plain, kind), MOST))
    if not (kind is Kind.OUTLOOK and outlook.is_json(plain)) and not (kind is Kind.APPLE and apple.is_encrypted(data)):
        servers = _SERVERS[kind](data) if kind in _SERVERS else ()
        own = programs.join(own, programs.read_all(data, kind.value, clients.values()), servers)
    as_json = kind is Kind.PACC or outlook.is_json(plain)
    served = () if content_type is None else _check_type(kind, content_type, clients, as_json=as_json)
    return Lint(kind, tuple(sorted((*served, *own), key=lambda problem: problem.line or 0)))


def recognise(data: bytes, plain: bytes) -> Kind:
    """Return what *data* seems to be; *plain* is what `markup.narrow` made of it."""
    begun = plain.lstrip()
    if begun.startswith(b"{"):
        return Kind.OUTLOOK if outlook.is_json(begun) else Kind.PACC
    if data.startswith(b"bplist") or apple.unsigned(data) is not data:
        return Kind.APPLE
    root = markup.root_of(plain) if begun.startswith(b"<") else None
    return _ROOTS.get(root[0].rpartition(":")[2].lower(), Kind.UNKNOWN) if root else Kind.UNKNOWN


def _check(data: bytes, plain: bytes, kind: Kind) -> Iterator[Problem]:
    limit = _LIMITS.get(kind, MAX_OCTETS)
    if len(data) > limit:
        yield Problem("DOCUMENT_TOO_LARGE", 1, {"limit": limit}, fatal=True)
        return
    if kind in _XML:
        for problem in markup.check_bytes(data, plain):
            yield problem
            if problem.fatal:
                return
    yield from _until_fatal(_CHECKS[kind](data, plain))


def _until_fatal(problems: Iterator[Problem]) -> Iterator[Problem]:
    for problem in problems:
        yield problem
        if problem.fatal:
            return


def _check_type(kind: Kind, content_type: str, clients: Mapping[str, Client], *, as_json: bool) -> Sequence[Problem]:
    value = content_type.strip()
    if kind in _XML and not as_json:
        affected = {"thunderbird": Effect.REJECTS} if "thunderbird" in clients else {}
        return () if value.startswith(_XML_TYPES) else (Problem("CONTENT_TYPE", None, {"value": value}, affected),)
    expected = pacc_format.CONTENT_TYPE if as_json else apple_format.CONTENT_TYPE
    if value.partition(";")[0].strip().lower() == expected:
        return ()
    return (Problem("CONTENT_TYPE_OTHER", None, {"value": value, "expected": expected}),)

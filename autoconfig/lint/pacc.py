"""What is wrong in a PACC document by its own grammar: draft-ietf-mailmaint-pacc-03, and the names of -02 beside it.

JSON keeps no lines; the text is searched for each member, from its parent's on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from autoconfig.errors import DocumentError
from autoconfig.formats import pacc
from autoconfig.formats.pacc import HttpServer, Object, Protocols, TextServer
from autoconfig.lint.problem import MOST, Problem, nearest
from autoconfig.lint.values import is_host, is_https

_ROOT = "the document"
_SENDING = ("submit", "smtp")

Path = tuple[str, ...]


def check(data: bytes, plain: bytes) -> Iterator[Problem]:
    """Yield what is wrong in *data*; *plain* is not needed."""
    try:
        document = pacc.parse(data)
    except DocumentError as error:
        yield Problem("JSON_BROKEN", error.line or 1, {"reason": str(error.values.get("reason", error))}, fatal=True)
        return
    text = data.decode()
    for path, found in _objects(document, ()):
        yield from _check_object(path, found, text)
    misspelt = {nearest(name, pacc.members(type(document))) for name, _ in document.extra[:MOST]}
    protocols = document.protocols
    if protocols is None:
        if "protocols" not in misspelt:
            yield Problem("PACC_SERVERS", 1, about="protocols")
    else:
        yield from _check_protocols(protocols, text)
    authentication = document.authentication
    if authentication is None or not (authentication.password or authentication.oauth_public):
        if not {"authentication"} & misspelt and not (authentication and authentication.extra):
            yield Problem("PACC_AUTHENTICATION", _line(text, ("authentication",)), about="authentication")
    elif authentication.oauth_public and not is_https(authentication.oauth_public.issuer):
        path = ("authentication", "oauth-public", "issuer")
        args: dict[str, str | int] = {"element": "issuer", "url": authentication.oauth_public.issuer or ""}
        yield Problem("URL_INVALID", _line(text, path), args, about="/".join(path))
    yield from _check_names(document, text)


def _check_names(document: pacc.Configuration, text: str) -> Iterator[Problem]:
    provider = document.info.provider if document.info else None
    path: Path = ("info", "provider")
    known = provider.extra if provider else document.info.extra if document.info else document.extra
    if (provider is None or not provider.name) and not known:
        yield Problem("NAME_MISSING", _line(text, path), {"element": "info/provider/name"}, about="info/provider/name")
    if provider is None:
        return
    for name, value, limit in (("name", provider.name, pacc.MAX_NAME), ("shortName", provider.short_name, pacc.MAX_SHORT_NAME)):
        if value and len(value) > limit:
            yield Problem("NAME_LONG", _line(text, (*path, name)), {"element": name, "limit": limit}, about=name)


def _objects(value: Object, path: Path) -> Iterator[tuple[Path, Object]]:
    yield path, value
    for name, field in pacc.members(type(value)).items():
        held = getattr(value, field)
        for one in held if isinstance(held, tuple) else (held,):
            if isinstance(one, Object):
                yield from _objects(one, (*path, name))


def _check_object(path: Path, value: Object, text: str) -> Iterator[Problem]:
    known = pacc.members(type(value))
    parent = path[-1] if path else _ROOT
    for name, _ in value.extra[:MOST]:
        here = (*path, name)
        line, about = _line(text, here), "/".join(here)
        if name in known:
            yield Problem("MEMBER_KIND", line, {"member": name}, about=about)
        elif near := nearest(name, known):
            yield Problem("MEMBER_MISSPELT", line, {"member": name, "parent": parent, "near": near}, about=about)
        else:
            yield Problem("MEMBER_UNKNOWN", line, {"member": name, "parent": parent}, about=about)


def _check_protocols(protocols: Protocols, text: str) -> Iterator[Problem]:
    line = _line(text, ("protocols",))
    sending = [name for name in _SENDING if getattr(protocols, name)]
    if not protocols.jmap and not protocols.extra and not ((protocols.imap or protocols.pop3) and sending):
        yield Problem("PACC_SERVERS", line, about="protocols")
    elif len(sending) == 1:
        missing = next(name for name in _SENDING if name not in sending)
        args: dict[str, str | int] = {"name": sending[0], "missing": missing}
        yield Problem("PACC_OUTGOING", _line(text, ("protocols", sending[0])), args, about="protocols/submit")
    for name, field in pacc.members(Protocols).items():
        server, path = getattr(protocols, field), ("protocols", name)
        if isinstance(server, TextServer) and not server.extra:
            if not server.host:
                yield Problem("HOSTNAME_MISSING", _line(text, path), about="/".join(path))
            elif not is_host(server.host):
                yield Problem("HOST_NOT_A_NAME", _line(text, (*path, "host")), {"host": server.host}, about="/".join(path))
        elif isinstance(server, HttpServer) and not server.extra and not is_https(server.url):
            yield Problem("URL_INVALID", _line(text, (*path, "url")), {"element": name, "url": server.url or ""}, about="/".join(path))


def _line(text: str, path: Path) -> int:
    """Return the line of the member *path*, or of the nearest that there is on the way."""
    at = 0
    for name in path:
        spelt = "|".join({re.escape(json.dumps(name)), re.escape(json.dumps(name, ensure_ascii=False))})
        found = re.compile(rf"(?:{spelt})\s*:").search(text, at)
        if found is None:
            break
        at = found.start()
    return text.count("\n", 0, at) + 1

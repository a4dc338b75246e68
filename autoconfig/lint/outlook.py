"""What is wrong in an Autodiscover answer by its own schema: MS-OXDSCLI, 2.2.4, and Microsoft's pages on its XML elements.

Exchange's own protocols, and MobileSync's answers, are left as they are. Of Autodiscover v2, which is JSON, there is the URL to judge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from autoconfig.errors import DocumentError
from autoconfig.formats import outlook, outlook_json
from autoconfig.formats.outlook import Account, Protocol
from autoconfig.formats.wire import Value
from autoconfig.lint.markup import broken, check_section, line_at, other_root
from autoconfig.lint.problem import Problem
from autoconfig.lint.values import fits, is_host, is_https, misfit, port_of, unknown_placeholder
from autoconfig.model import PLACEHOLDERS, TLSMode

_ROOT = "Autodiscover"
_MAIL = {"IMAP": "imap", "POP3": "pop3", "SMTP": "smtp"}
_EXCHANGE = ("EXCH", "EXPR", "EXHTTP", "WEB", "mapiHttp", "MobileSync")
_ENCRYPTIONS = {"none": TLSMode.NONE, "ssl": TLSMode.IMPLICIT, "tls": TLSMode.STARTTLS, "auto": None}
_V2 = re.compile(rb'"(?:Protocol|Url|ErrorCode)"\s*:')
_ON_OFF = ("on", "off")
_SWITCHES = (
    ("DomainRequired", "domain_required"),
    ("SPA", "spa"),
    ("SSL", "ssl"),
    ("AuthRequired", "auth_required"),
    ("UsePOPAuth", "use_pop_auth"),
    ("SMTPLast", "smtp_last"),
)
_STARTTLS_PORTS = (143, 110, 25, 587)
_VALUES = ("Type", "Server", "Port", "LoginName", "SSL", "SPA", "Encryption")


def servers_of(data: bytes) -> tuple[tuple[str, int], ...]:
    """Return the elements of *data* that are mail servers, each with its line, in the order of the document; none where it is broken."""
    try:
        response = outlook.parse(data).response
    except DocumentError:
        return ()
    accounts = response.accounts if response else ()
    found = [("Protocol", protocol.line or 1) for account in accounts for protocol in account.protocols]
    return tuple(sorted(found, key=lambda one: one[1]))


def is_json(plain: bytes) -> bool:
    """Tell whether this is an answer of Autodiscover v2."""
    return plain.lstrip().startswith(b"{") and _V2.search(plain[: outlook_json.MAX_OCTETS]) is not None


def _check_json(data: bytes, plain: bytes) -> Iterator[Problem]:
    try:
        answer = outlook_json.parse(data)
    except DocumentError as error:
        yield Problem("JSON_BROKEN", error.line or 1, {"reason": str(error.values.get("reason", error))}, fatal=True)
        return
    if answer.error_code is not None:
        yield Problem("ANSWER_IS_ERROR", 1, {"code": answer.error_code})
    elif not is_https(answer.url):
        yield Problem("URL_INVALID", line_at(plain, max(0, plain.find(b'"Url"'))), {"element": "Url", "url": answer.url or ""})


def check(data: bytes, plain: bytes) -> Iterator[Problem]:
    """Yield what is wrong in *data*; *plain* is what `markup.narrow` made of it."""
    if is_json(plain):
        yield from _check_json(data, plain)
        return
    if wrong := other_root(plain, _ROOT, "AUTODISCOVER_ROOT"):
        yield wrong
        return
    try:
        document = outlook.parse(data)
    except DocumentError as error:
        yield broken(error)
        return
    response = document.response
    if response is None:
        yield Problem("ACCOUNT_MISSING", document.line, fatal=True)
        return
    refusal = response.error or next((account.error for account in response.accounts if account.error), None)
    if refusal is not None:
        code = str(refusal.error_code or "?").strip()
        yield Problem("ANSWER_IS_ERROR", refusal.line, {"code": code}, fatal=True)
        return
    if response.action is not None:  # MobileSync's
        return
    for element, found, wanted, at in (
        (_ROOT, document.namespace, outlook.ANSWER, document.line),
        ("Response", response.namespace, outlook.OUTLOOK_RESPONSE, response.line),
    ):
        if found != wanted:
            yield Problem("NAMESPACE", at, {"element": element, "namespace": wanted}, about=f"{element} xmlns")
    if not response.accounts:
        yield Problem("ACCOUNT_MISSING", response.line, fatal=True)
        return
    places = {line: number for number, (_, line) in enumerate(servers_of(data))}
    for account in response.accounts:
        yield from _check_account(account, places)


def _check_account(account: Account, places: dict[int, int]) -> Iterator[Problem]:
    yield from check_section(account, "Account", quiet=True)
    if _text(account.account_type).lower() != "email":
        line = account.account_type.line if account.account_type else account.line
        yield Problem("ACCOUNT_TYPE", line, about="AccountType")
    if not account.protocols:
        if account.redirect_url:
            yield Problem("REDIRECT_URL", account.redirect_url.line, about="REDIRECT_URL")
        elif not account.redirect_addr:
            yield Problem("ACCOUNT_MISSING", account.line, fatal=True)
        return
    if _text(account.action).lower() != "settings":
        line = account.action.line if account.action else account.line
        yield Problem("ACCOUNT_ACTION", line, about="Action")
    kinds: set[str] = set()
    for protocol in account.protocols:
        place = places[protocol.line or 1]
        kind = _text(protocol.type)
        kinds.add(kind)
        if kind in _MAIL:
            yield from _check_server(_MAIL[kind], protocol, place)
        elif kind not in _EXCHANGE and protocol.type_attribute is None:
            line = protocol.type.line if protocol.type else protocol.line
            yield Problem("TYPE_UNKNOWN", line, {"value": kind, "known": ", ".join(_MAIL)}, place=place, about="Type")
    if kinds & _MAIL.keys() and not kinds & set(_EXCHANGE) and not any(kind not in _MAIL for kind in kinds):
        if kinds == {"SMTP"}:
            yield Problem("INCOMING_MISSING", account.line, about="incomingServer")
        elif "SMTP" not in kinds:
            yield Problem("OUTGOING_MISSING", account.line, about="outgoingServer")


def _check_server(kind: str, protocol: Protocol, place: int) -> Iterator[Problem]:
    yield from check_section(protocol, "Protocol", place, values=_VALUES, quiet=True)
    host, port = protocol.server, protocol.port
    misspelt = {str(problem.args.get("near")) for problem in check_section(protocol, "Protocol", quiet=True)}
    if host is None:
        if "Server" not in misspelt:
            yield Problem("HOSTNAME_MISSING", protocol.line, place=place, about="Server")
    elif not host.text.strip():
        yield Problem("VALUE_EMPTY", host.line, {"element": "Server"}, place=place, about="Server")
    elif not is_host(host.text.strip()):
        yield Problem("HOST_NOT_A_NAME", host.line, {"host": host.text}, place=place, about="Server")
    number = port_of(_text(port))
    if port is None:
        if "Port" not in misspelt:
            yield Problem("PORT_MISSING", protocol.line, place=place, about="Port")
    elif number is None:
        yield Problem("PORT_INVALID", port.line, {"value": port.text}, place=place, about="Port")
    yield from _check_words(protocol, place)
    yield from _check_encryption(kind, protocol, number, place)
    login = protocol.login_name
    if login is not None and not login.text.strip():
        yield Problem("VALUE_EMPTY", login.line, {"element": "LoginName"}, place=place, about="LoginName")
    elif login is not None:
        found = next((one for one in PLACEHOLDERS if one in login.text), "") or unknown_placeholder(login.text)
        if found:
            yield Problem("LOGIN_PLACEHOLDER", login.line, {"placeholder": found}, place=place, about="LoginName")


def _check_words(protocol: Protocol, place: int) -> Iterator[Problem]:
    for element, field in _SWITCHES:
        value: Value | None = getattr(protocol, field)
        if value is not None and value.text.strip().lower() not in _ON_OFF:
            args: dict[str, str | int] = {"element": element, "value": value.text}
            yield Problem("WORD_UNKNOWN", value.line, args, place=place, about=element)
    encryption = protocol.encryption
    if encryption is not None and encryption.text.strip().lower() not in _ENCRYPTIONS:
        args = {"element": "Encryption", "value": encryption.text}
        yield Problem("WORD_UNKNOWN", encryption.line, args, place=place, about="Encryption")
    if protocol.spa is None:
        yield Problem("SPA_MISSING", protocol.line, place=place, about="SPA")


def _check_encryption(kind: str, protocol: Protocol, port: int | None, place: int) -> Iterator[Problem]:
    ssl, encryption = _text(protocol.ssl).lower(), _text(protocol.encryption).lower()
    value = protocol.encryption or protocol.ssl or protocol.type
    line = value.line if value else protocol.line
    # MS-OXDSCLI, 2.2.4.1.1.2.6: SSL is on where it is absent.
    if (ssl == "off" and encryption in ("ssl", "tls")) or (ssl == "on" and encryption == "none"):
        args: dict[str, str | int] = {"ssl": ssl, "encryption": _text(protocol.encryption)}
        yield Problem("ENCRYPTION_CONTRADICTS", line, args, place=place, about="Encryption")
        return
    if ssl == "off" or encryption == "none":
        yield Problem("SERVER_PLAIN", line, {"host": _text(protocol.server)}, place=place, about="Encryption")
        return
    tls = _ENCRYPTIONS.get(encryption)
    if tls is None:
        tls = TLSMode.STARTTLS if port in _STARTTLS_PORTS else TLSMode.IMPLICIT
    if port is not None and not fits(kind, port, tls):
        at = protocol.port.line if protocol.port else line
        yield Problem("PORT_MISFIT", at, misfit(kind, port, tls), place=place, about="Port")


def _text(value: Value | None) -> str:
    return "" if value is None else value.text.strip()

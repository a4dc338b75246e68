"""Autodiscover v2: a short JSON answer that leads Outlook to another protocol's address, for us always to plain old XML.

Parses questions (query and path) and answers, writes answers, makes documents; repeats nothing of a question. Microsoft has published no
specification. Names, codes and HTTP statuses are those of Exchange Server 2016 (Microsoft.Exchange.AutoDiscoverV2: AutoDiscoverV2Request,
AutoDiscoverResponseException) and of Exchange Online, whose word for a protocol that it does not have is ProtocolNotSupported.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from autoconfig import model
from autoconfig.address import EmailAddress
from autoconfig.errors import N_, AddressError, DocumentError

CONTENT_TYPE = "application/json"  # RFC 8259, 11: no charset parameter
FILE_NAME = "autodiscover.json"

# The one protocol that we have. Clients write it in every letter case (Outlook 2019: Autodiscoverv1).
AUTODISCOVER_V1 = "AutodiscoverV1"
PATH = "/autodiscover/autodiscover.xml"

MAX_OCTETS = 64 * 1024


class ErrorCode(StrEnum):
    """Why there is no address."""

    MANDATORY_PARAMETER_MISSING = "MandatoryParameterMissing"
    INVALID_USER_ID = "InvalidUserId"
    USER_NOT_FOUND = "UserNotFound"
    PROTOCOL_NOT_SUPPORTED = "ProtocolNotSupported"


STATUS = {
    ErrorCode.MANDATORY_PARAMETER_MISSING: HTTPStatus.BAD_REQUEST,
    ErrorCode.INVALID_USER_ID: HTTPStatus.BAD_REQUEST,
    ErrorCode.USER_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.PROTOCOL_NOT_SUPPORTED: HTTPStatus.BAD_REQUEST,
}

# Exchange's words, without the values that it puts in.
MESSAGES = {
    ErrorCode.MANDATORY_PARAMETER_MISSING: "A valid value must be provided for the query parameters 'Email' and 'Protocol'",
    ErrorCode.INVALID_USER_ID: "The given SMTP address is invalid",
    ErrorCode.USER_NOT_FOUND: "The given user is not found",
    ErrorCode.PROTOCOL_NOT_SUPPORTED: f"The given protocol value is not supported. Supported values are '{AUTODISCOVER_V1}'",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks, as it stands in the request without blanks around it; None for what is missing or empty."""

    email: str | None = None
    protocol: str | None = None

    @property
    def mistake(self) -> ErrorCode | None:
        """What is wrong with it whosever address it names; to be told after that address has turned out to be ours."""
        if self.protocol is None or self.email is None:
            return ErrorCode.MANDATORY_PARAMETER_MISSING
        return None if self.protocol.lower() == AUTODISCOVER_V1.lower() else ErrorCode.PROTOCOL_NOT_SUPPORTED


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of any system: an address, or an error. `extra` holds what else it says, the values as JSON."""

    protocol: str | None = None
    url: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    extra: tuple[tuple[str, str], ...] = ()


_NAMES = {"Protocol": "protocol", "Url": "url", "ErrorCode": "error_code", "ErrorMessage": "error_message"}


def parse_request(query: bytes, address: str | None = None) -> Request:
    """Parse *query*, its names in any letter case, and the *address* of the path ".../v1.0/ADDRESS", which comes first.

    Raises AddressError for an address that is not UTF-8 text.
    """
    found: dict[bytes, bytes] = {}
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        # Not a form: clients send a plus address as it is, so "+" is no blank.
        found.setdefault(unquote_to_bytes(name).lower(), unquote_to_bytes(value).strip())
    try:
        email = (address or "").strip() or found.get(b"email", b"").decode("utf-8").strip()
    except UnicodeDecodeError:
        raise AddressError("address", N_("the e-mail address is not UTF-8 text")) from None
    return Request(email or None, found.get(b"protocol", b"").decode("utf-8", "replace") or None)


def parse(data: bytes) -> Answer:
    """Parse *data*, an answer of any system; raises DocumentError for what is no JSON object."""
    if len(data) > MAX_OCTETS:
        raise DocumentError(N_("the document is larger than %(limit)d bytes"), limit=MAX_OCTETS)
    try:
        said = json.loads(data)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise DocumentError(N_("the document is not JSON: %(reason)s"), line=line, reason=error) from None
    if not isinstance(said, dict):
        raise DocumentError(N_("the document is not a JSON object"), line=1)
    known = {_NAMES[name]: value for name, value in said.items() if name in _NAMES and isinstance(value, str)}
    extra = ((name, json.dumps(value)) for name, value in said.items() if _NAMES.get(name) not in known)
    return Answer(**known, extra=tuple(extra))


def write(answer: Answer) -> bytes:
    """Return *answer* in ASCII, the same bytes for equal answers."""
    said: dict[str, object] = {name: getattr(answer, field) for name, field in _NAMES.items()}
    said = {name: value for name, value in said.items() if value is not None}
    said |= {name: json.loads(value) for name, value in answer.extra}
    return json.dumps(said, separators=(",", ":")).encode("ascii")


def from_config(config: model.ClientConfig, address: EmailAddress | None = None) -> Answer:
    """Return where the settings of *config* are: at its domain's own autodiscover host.

    Not at the service's own name, though it is the same service: Outlook warns its user of another domain. Not at the Host of the
    request: what a stranger sends is no place to send others to. *address* changes nothing, since Outlook posts it there again.
    """
    return Answer(protocol=AUTODISCOVER_V1, url=f"https://autodiscover.{config.domain.ascii}{PATH}")


def document(config: model.ClientConfig, address: EmailAddress | None = None) -> model.Document:
    """Return `from_config` as the answer to serve."""
    return model.Document(write(from_config(config, address)), CONTENT_TYPE, FILE_NAME)


def error(code: ErrorCode) -> Answer:
    """Return the answer that says why there is no address."""
    return Answer(error_code=code.value, error_message=MESSAGES[code])


def error_document(code: ErrorCode) -> model.Document:
    """Return `error` as the answer to serve with its STATUS."""
    return model.Document(write(error(code)), CONTENT_TYPE, FILE_NAME)

"""The services, each with what it does when nothing is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tests.faulty import dialects
from tests.faulty.dialects import Dialect
from tests.faulty.script import Behaviour, Offer

_PASSWORD = ("PLAIN", "LOGIN")
_IMAP = ("SASL-IR", "LOGIN-REFERRALS", "ID", "ENABLE", "IDLE", "LITERAL+")
_POP3 = ("TOP", "UIDL", "RESP-CODES", "PIPELINING")
_SMTP = ("SIZE 52428800", "ENHANCEDSTATUSCODES")


@dataclass(frozen=True, slots=True)
class _Kind:
    standard_port: int
    dialect: Dialect
    host: str  # the name's first label
    healthy: Behaviour


def _mail(starttls: str, more: tuple[str, ...], mechanisms: tuple[str, ...] = _PASSWORD) -> Behaviour:
    return Behaviour(before_tls=Offer(starttls, (), more), after_tls=Offer(None, mechanisms, more))


def _mail_over_tls(more: tuple[str, ...]) -> Behaviour:
    return Behaviour(implicit_tls=True, before_tls=Offer(None, (), more), after_tls=Offer(None, _PASSWORD, more))


class Service(Enum):
    """What is served; `Service("imaps")` finds one by its name."""

    IMAP = _Kind(143, dialects.IMAP, "mail", _mail("STARTTLS", _IMAP))
    IMAPS = _Kind(993, dialects.IMAP, "mail", _mail_over_tls(_IMAP))
    POP3 = _Kind(110, dialects.POP3, "mail", _mail("STLS", _POP3))
    POP3S = _Kind(995, dialects.POP3, "mail", _mail_over_tls(_POP3))
    SUBMISSION = _Kind(587, dialects.SMTP, "mail", _mail("STARTTLS", _SMTP))
    SUBMISSIONS = _Kind(465, dialects.SMTP, "mail", _mail_over_tls(_SMTP))
    SMTP = _Kind(25, dialects.MX, "mx", _mail("STARTTLS", _SMTP, ()))
    SIEVE = _Kind(4190, dialects.SIEVE, "mail", _mail("STARTTLS", ()))
    HTTPS = _Kind(443, dialects.HTTP, "autoconfig", Behaviour(implicit_tls=True))
    HTTP = _Kind(80, dialects.HTTP, "autoconfig", Behaviour())

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def _missing_(cls, value: object) -> Service | None:
        return next((each for each in cls if str(each) == value), None)

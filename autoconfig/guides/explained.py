"""What the words that a mail program shows mean, for support: the faults and the advice of the guides, and what a check would look at."""

from __future__ import annotations

from autoconfig.catalogue import ENTRIES
from autoconfig.guides import trouble
from autoconfig.guides.clients import TITLES
from autoconfig.guides.errortexts import ErrorText, Fault, recognise, said_by_server
from autoconfig.i18n import Texts

_FEW = 3  # faults, the likeliest first

# What lies behind a fault when it is not the customer's own.
CHECKS: dict[Fault, tuple[str, ...]] = {
    Fault.PASSWORD: ("AC_USERNAME", "AUTH_VS_PUBLISHED"),
    Fault.CERTIFICATE: ("CERT_SERVER_NAME", "CERT_NAME_MISMATCH", "CERT_EXPIRED", "CERT_SELF", "CERT_CHAIN_INCOMPLETE", "CERT_UNTRUSTED"),
    Fault.NOT_FOUND: ("DNS_HOST_MISSING", "DNS_NXDOMAIN", "DNS_NO_ANSWER", "SRV_WRONG"),
    Fault.NO_CONTACT: ("TCP_REFUSED", "TCP_TIMEOUT", "DNS_AAAA_STALE", "PROTO_SILENT"),
    Fault.ENCRYPTION: ("STARTTLS_ABSENT", "STARTTLS_REFUSED", "PLAIN_ON_TLS", "TLS_HANDSHAKE", "AC_PORT_SOCKET_MISMATCH"),
    Fault.OUTGOING_LOGIN: ("AUTH_NONE", "AUTH_VS_PUBLISHED"),
}
# What only a login shows.
INSIDE: dict[Fault, tuple[str, ...]] = {
    Fault.PASSWORD: ("LOGIN_FAIL", "LOGIN_USERNAME", "LOGIN_DISABLED", "LOGIN_MECHANISM"),
    Fault.OUTGOING_LOGIN: ("LOGIN_UNEVEN", "LOGIN_FAIL", "SUBM_SENDER_REFUSED"),
    Fault.FULL: ("MBOX_QUOTA_FULL", "MBOX_QUOTA_NEAR"),
}


def explain(message: str, texts: Texts) -> str | None:
    """Return what *message* means, in paragraphs; None where it is not known."""
    # A server's code says more than the words around it.
    known: dict[Fault, list[ErrorText]] = {fault: [] for fault in said_by_server(message)}
    for text in recognise(message):
        known.setdefault(text.fault, []).append(text)
    if not known:
        return None
    return "\n\n\n".join("\n\n".join(_paragraphs(fault, shown, texts)) for fault, shown in list(known.items())[:_FEW])


def _paragraphs(fault: Fault, shown: list[ErrorText], texts: Texts) -> list[str]:
    _ = texts.gettext
    programs = ", ".join(dict.fromkeys(_(TITLES[text.client]) for text in shown)) or _("in the server's words")
    found = [f"{_(trouble.TITLES[fault])} · {programs}"]
    found.append("\n".join([_("What the customer can do:"), *(f"- {line}" for line in trouble.in_general(fault, texts))]))
    codes, inside = CHECKS.get(fault, ()), INSIDE.get(fault, ())
    if codes:
        groups = ",".join(dict.fromkeys(ENTRIES[code].group.value for code in codes))
        found.append(_("What to check: %(command)s", command=f"autoconfig check DOMAIN --only {groups}"))
    if inside:
        found.append(_("With the customer's password: %(command)s", command="autoconfig check ADDRESS --login"))
    found.append(_("What it may find: %(codes)s; autoconfig explain tells more about each", codes=", ".join((*codes, *inside))))
    return found

"""Documents and worlds made for a test: the domain kund.se, whose web hosts and mail servers all exist."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import strategies as st

from autoconfig.clients.outcome import Client, Outcome, Typed
from autoconfig.network.scripted import Scripted

IMAP = (
    '<incomingServer type="imap"><hostname>imap.kund.se</hostname><port>993</port><socketType>SSL</socketType>'
    "<username>%EMAILADDRESS%</username></incomingServer>"
)
SMTP = (
    '<outgoingServer type="smtp"><hostname>smtp.kund.se</hostname><port>587</port><socketType>STARTTLS</socketType>'
    "<username>%EMAILADDRESS%</username></outgoingServer>"
)
POX_IMAP = "<Protocol><Type>IMAP</Type><Server>imap.kund.se</Server><Port>993</Port><SSL>on</SSL></Protocol>"
POX_SMTP = "<Protocol><Type>SMTP</Type><Server>smtp.kund.se</Server><Port>465</Port><SSL>on</SSL></Protocol>"

AUTOCONFIG = ("autoconfig.kund.se", "/mail/config-v1.1.xml")
WELL_KNOWN = ("kund.se", "/.well-known/autoconfig/mail/config-v1.1.xml")
AUTODISCOVER = ("kund.se", "/autodiscover/autodiscover.xml")
DATABASE = ("autoconfig.thunderbird.net", "/v1.1/kund.se")

_WEB = ("kund.se", "autoconfig.kund.se", "autodiscover.kund.se", "autoconfig.thunderbird.net", "other.se")


def document(*servers: str) -> str:
    """Return a clientConfig."""
    return (
        f'<?xml version="1.0"?>\n<clientConfig version="1.1"><emailProvider id="kund.se">{"".join(servers)}</emailProvider></clientConfig>'
    )


def pox(*parts: str) -> str:
    """Return an answer to Autodiscover."""
    return f"<Autodiscover><Response><Account>{''.join(parts)}</Account></Response></Autodiscover>"


def page(place: tuple[str, str], body: str = "", **rest: Any) -> dict[str, object]:
    """Return what a web server says at *place*."""
    return {"scheme": "https", "host": place[0], "path": place[1], "status": 200, "body": body, **rest}


def search(
    client: Client, *pages: dict[str, object], email: str = "anna@kund.se", dns: dict[str, Any] | None = None, open: tuple[int, ...] = ()
) -> Outcome:
    """Let *client* search in a world of *pages*, where the mail servers have these ports *open*."""
    names: dict[str, Any] = {name: {"A": ["192.0.2.10"]} for name in _WEB}
    names |= {name: {"A": ["192.0.2.20"]} for name in ("imap.kund.se", "smtp.kund.se", "mail.kund.se", "mx.kund.se")}
    services = {143: "imap", 993: "imaps", 465: "submissions", 587: "submission"}
    world = {
        "dns": names | (dns or {}),
        "addresses": {"192.0.2.10": {"80": "open", "443": "open"}},
        "http": list(pages),
        "endpoints": [
            {"ip": "192.0.2.20", "port": port, "service": service, "tcp": "connected" if port in open else "refused"}
            for port, service in services.items()
        ],
    }
    return asyncio.run(client.discover(Typed(email), Scripted(world)))


_PIECES = (
    *(b"<incomingServer type='imap'>", b"<hostname>", b"</hostname>", b"&#x41;", b"<![CDATA[", b"]]>", b"<!--", b"<!DOCTYPE "),
    *(b"&", b"<", b"'"),
)


def mutated(*texts: str) -> st.SearchStrategy[bytes]:
    """Return *texts* with pieces taken out and others put in."""

    def changed(data: bytes, cut: int, at: int, piece: bytes) -> bytes:
        return data[:at] + piece + data[at + cut :]

    piece = st.one_of(st.binary(max_size=8), st.sampled_from(_PIECES))
    real = st.builds(changed, st.sampled_from([text.encode() for text in texts]), st.integers(0, 30), st.integers(0, 700), piece)
    return st.one_of(real, st.binary(max_size=200))


def answers(*places: tuple[str, str]) -> st.SearchStrategy[list[dict[str, object]]]:
    """Return answers of all kinds at *places*, and at other.se."""

    def made(place: tuple[str, str], status: int, location: str, body: bytes, rest: dict[str, Any]) -> dict[str, object]:
        return page(place, body.decode("latin-1"), status=status, headers={"Location": location}, **rest)

    one = st.builds(
        made,
        st.sampled_from([*places, ("other.se", "*")]),
        st.sampled_from([200, 200, 200, 204, 302, 404, 500]),
        st.sampled_from(["", "/", "https://other.se/", "https://kund.se/", "//", "https://[", "x"]),
        mutated(document(IMAP, SMTP), pox(POX_IMAP, POX_SMTP), pox("<RedirectUrl>https://other.se/</RedirectUrl>")),
        st.sampled_from([{}, {"drop": True}, {"delay_s": 70}]),
    )
    return st.lists(one, max_size=5)

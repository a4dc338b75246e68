"""Worlds and documents written by hand, for programs that nobody recorded."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import strategies as st

from autoconfig.clients.outcome import Client, Outcome, Typed
from autoconfig.network.scripted import Scripted

AUTOCONFIG = ("autoconfig.kund.se", "/mail/config-v1.1.xml")
WELL_KNOWN = ("kund.se", "/.well-known/autoconfig/mail/config-v1.1.xml")
DATABASE = ("autoconfig.thunderbird.net", "/v1.1/kund.se")


def server(kind: str = "incoming", type: str = "imap", **values: str) -> str:
    """Return a server in order, with *values* instead; an empty one is left out."""
    host, port = {"imap": ("imap.kund.se", "993"), "pop3": ("pop.kund.se", "995")}.get(type, ("smtp.kund.se", "465"))
    every = {"hostname": host, "port": port, "socketType": "SSL", "authentication": "password-cleartext", "username": "%EMAILADDRESS%"}
    body = "".join(f"<{name}>{value}</{name}>" for name, value in (every | values).items() if value)
    return f'<{kind}Server type="{type}">{body}</{kind}Server>'


IMAP, POP3, SMTP = server(), server(type="pop3"), server("outgoing", "smtp")


def document(*servers: str) -> str:
    """Return a clientConfig of *servers*."""
    return f'<clientConfig version="1.1"><emailProvider id="kund.se">{"".join(servers)}</emailProvider></clientConfig>'


GOOD = document(IMAP, SMTP)


def page(place: tuple[str, str], body: str = GOOD, scheme: str = "https", **rest: Any) -> dict[str, Any]:
    """Return an answer of the web at *place*, a host and a path."""
    return {"scheme": scheme, "host": place[0], "path": place[1], "status": 200, "body": body, **rest}


def search(client: Client, *pages: dict[str, Any], dns: dict[str, Any] | None = None, email: str = "anna@kund.se", **rest: Any) -> Outcome:
    """Let *client* search in a world of these *pages*, where everything else is 404."""
    names = {name: {"A": ["192.0.2.10"]} for name in ("kund.se", "autoconfig.kund.se", "autoconfig.thunderbird.net", "other.se")}
    world = {"dns": {**names, **(dns or {})}, "addresses": {"192.0.2.10": {"80": "open", "443": "open"}}, "http": list(pages), **rest}

    async def run() -> Outcome:
        return await client.discover(Typed(email), Scripted(world))

    return asyncio.run(run())


BROKEN = st.builds(
    lambda data, cut, at, piece: data[:at] + piece + data[at + cut :],
    st.sampled_from([text.encode() for text in (GOOD, document(POP3, IMAP, SMTP, SMTP), document(), "<html/>")]),
    st.integers(0, 30),
    st.integers(0, 900),
    st.one_of(
        st.binary(max_size=8),
        st.sampled_from([IMAP.encode(), b"<hostname>", b"</hostname>", b"&#x41;", b"<![CDATA[", b"<!DOCTYPE a [<!ENTITY h 'x'>]>", b"&h;"]),
    ),
)
"""Documents with a mistake put in."""

ANSWERS = st.fixed_dictionaries(
    {
        "status": st.sampled_from([200, 203, 204, 301, 302, 307, 404, 500]),
        "headers": st.fixed_dictionaries(
            {"Location": st.sampled_from(["", "/", "//", "x:y", "https://other.se/", "http://autoconfig.kund.se/"])}
        ),
        "drop": st.booleans(),
        "delay_s": st.sampled_from([0, 6, 60, 600]),
    }
)
"""How a web server may answer."""

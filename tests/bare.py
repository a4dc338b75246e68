"""What `autoconfig check` is measured against: the same names, servers and documents, all at once, by a script that judges nothing.

It reads what is to be asked from a file of saved facts, resolves every name, talks to every server as far as its capabilities, by STARTTLS
where there is one, fetches every document, and prints how many milliseconds that took.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import dns.asyncresolver
import dns.exception
import dns.resolver

# By protocol: how capabilities are asked for, how their last line is known, and how TLS is.
IMAP = (b"a CAPABILITY\r\n", lambda line: line.startswith(b"a "), b"a STARTTLS\r\n")
POP3 = (b"CAPA\r\n", lambda line: line == b".\r\n", b"STLS\r\n")
SMTP = (b"EHLO bench.test\r\n", lambda line: line[3:4] == b" ", b"STARTTLS\r\n")
SIEVE = (b"CAPABILITY\r\n", lambda line: line.startswith(b"OK"), b"STARTTLS\r\n")
PROTOCOLS: dict[str, tuple[bytes, Callable[[bytes], bool], bytes]] = {
    "imap": IMAP, "pop3": POP3, "smtp": SMTP, "submission": SMTP, "sieve": SIEVE
}  # fmt: skip


async def main(facts: Any, server: str, ca: str) -> None:
    """Ask everything in *facts*, of the name server *server*, trusting the authorities in the file *ca*."""
    began = time.perf_counter()
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = [server]
    context = ssl.create_default_context(cafile=ca)
    ports: dict[tuple[str, str, int], None] = {}
    for connection in facts["connections"]:
        endpoint = connection["endpoint"]
        ports[endpoint["service"], endpoint["host"], endpoint["port"]] = None
    addresses = {host: asyncio.ensure_future(resolve(resolver, host)) for host in {host for _, host, _ in ports}}
    for response in facts["responses"]:
        host = urlsplit(response["request"]["url"]).hostname
        addresses.setdefault(host, asyncio.ensure_future(resolve(resolver, host)))
    await asyncio.gather(
        *(visit(context, addresses[host], service, host, port) for service, host, port in ports),
        *(fetch(context, addresses, response["request"]) for response in facts["responses"]),
    )
    print(json.dumps({"ms": (time.perf_counter() - began) * 1000}))


async def resolve(resolver: dns.asyncresolver.Resolver, host: str) -> list[list[str]]:
    """Return the addresses of *host*, those of IPv4 and those of IPv6."""

    async def ask(kind: str) -> list[str]:
        try:
            return [record.address for record in await resolver.resolve(host, kind)]
        except (dns.exception.DNSException, dns.resolver.NoAnswer):
            return []

    return list(await asyncio.gather(ask("A"), ask("AAAA")))


async def visit(context: ssl.SSLContext, addresses: asyncio.Future[list[list[str]]], service: str, host: str, port: int) -> None:
    """Talk to every address of *host*."""
    await asyncio.gather(*(talk(context, ip, service, host, port) for family in await addresses for ip in family))


async def talk(context: ssl.SSLContext, ip: str, service: str, host: str, port: int) -> None:
    """Talk to one address until the server has told what it can do."""
    implicit = service in ("imaps", "pop3s", "submissions", "https")
    try:
        reader, writer = await asyncio.open_connection(ip, port, **({"ssl": context, "server_hostname": host} if implicit else {}))
    except OSError:  # mail programs guess, and nobody needs to be there
        return
    if service not in ("http", "https"):
        ask, last, starttls = PROTOCOLS[service.removesuffix("s") if implicit else service]
        # A ManageSieve server tells without being asked.
        await read(reader, last if service == "sieve" else bool)
        if service != "sieve":
            writer.write(ask)
            told = await read(reader, last)
        if not implicit and (service == "sieve" or any(b"STARTTLS" in line.upper() or line.startswith(b"STLS") for line in told)):
            writer.write(starttls)
            await reader.readline()
            await writer.start_tls(context, server_hostname=host)
            writer.write(ask)
            await read(reader, last)
    writer.transport.abort()


async def read(reader: asyncio.StreamReader, last: Callable[[bytes], bool]) -> list[bytes]:
    """Read lines to the *last*."""
    lines = [await reader.readline()]
    while lines[-1] and not last(lines[-1]):
        lines.append(await reader.readline())
    return lines


async def fetch(context: ssl.SSLContext, addresses: dict[str, asyncio.Future[list[list[str]]]], request: Any) -> None:
    """Fetch one document from the first address of its host."""
    url = urlsplit(request["url"])
    assert url.hostname
    ips = [ip for family in await addresses[url.hostname] for ip in family]
    if not ips:
        return
    secure = {"ssl": context, "server_hostname": url.hostname} if url.scheme == "https" else {}
    try:
        reader, writer = await asyncio.open_connection(ips[0], url.port or (443 if secure else 80), **secure)
    except OSError:
        return
    body = base64.b64decode(request.get("body", ""))
    head = [f"{request.get('method', 'GET')} {url.path}{'?' + url.query if url.query else ''} HTTP/1.1", f"Host: {url.hostname}"]
    head += [f"{name}: {value}" for name, value in request.get("headers", ())]
    head += ["Connection: close", f"Content-Length: {len(body)}", "", ""]
    writer.write("\r\n".join(head).encode() + body)
    await reader.read()
    writer.transport.abort()


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        asyncio.run(main(json.load(file)["answers"], *sys.argv[2:]))

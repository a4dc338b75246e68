"""Delta Chat core: what it is configured with, given an address and a password.

The program does all by itself: discovery, then logging in at the servers that it found (`mailserver.py`), by which we learn the user
name. It has its own list of authorities, so it has to be told to take any certificate. Needs PyPI's deltachat-rpc-server.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

from .mailserver import MailServer
from .network import Network, Program
from .outcome import Outcome, Server

_SECURITY = {"tls": "SSL", "starttls": "STARTTLS", "plain": "plain"}

# What the program fetched last -> the recordings' word for it; the first that fits.
_SOURCES = (
    (r"https://autoconfig\.thunderbird\.net/", "database"),
    (r"https://autoconfig\.", "autoconfig-https"),
    (r"https://[^/]+/\.well-known/autoconfig/", "well-known-https"),
    (r"https://autodiscover\.", "autodiscover-host"),
    (r"https://[^/]+/autodiscover/", "autodiscover-domain"),
)


def program() -> Path | None:
    """Return the program's path, None where it is not installed."""
    package = find_spec("deltachat_rpc_server")
    return Path(package.origin).with_name("deltachat-rpc-server") if package and package.origin else None


class DeltaChat:
    """The program, started anew for every address, so that it remembers nothing."""

    def __init__(self, network: Network, mail_server: MailServer) -> None:
        self._network = network
        self._mail_server = mail_server

    def find_config(self, email: str) -> Outcome:
        """Return what the program ends up with: all servers that it would try, user names where it logged in.

        Where it was let in nowhere there is a `message` too, and the servers are those that it had tried by then.
        """
        path = program()
        assert path
        accounts = self._network.directory_for("deltachat") / "accounts"
        running = self._network.start("deltachat", path, env={"DC_ACCOUNTS_PATH": str(accounts)}, piped=True)
        try:
            return self._find_config(_Remote(running), email)
        finally:
            running.stop()

    def _find_config(self, remote: _Remote, email: str) -> Outcome:
        account = remote.call("add_account")
        begin, before = time.monotonic(), len(self._mail_server.logins())
        # The answer comes when the program has logged in, or given up.
        entered = {"addr": email, "password": "of no consequence", "certificateChecks": "acceptInvalidCertificates"}
        refusal = remote.call("add_or_update_transport", account, entered)
        elapsed = time.monotonic() - begin
        events = remote.events()
        if refusal is not None:
            incoming, outgoing = (_servers(kind, _tried(kind, events), {}) for kind in ("imap", "smtp"))
            return Outcome(self._source(events), incoming, outgoing, message=refusal["message"], elapsed=elapsed)
        # "1: ***@kund.test imap:[imap.kund.test:993:tls, ...] smtp:[...] cert_accept_invalid_certificates"
        used: str = remote.call("get_info", account)["used_transport_settings"]
        logins = {(port, security): username for port, security, username in self._mail_server.logins()[before:]}
        found_in, found_out = (re.findall(r"([^\[\], ]+):(\d+):(\w+)", part) for part in re.findall(r"\[.*?\]", used))
        return Outcome(
            source=self._source(events),
            incoming=_servers("imap", found_in, logins),
            outgoing=_servers("smtp", found_out, logins),
            elapsed=elapsed,
        )

    def _source(self, events: Sequence[dict[str, Any]]) -> str | None:
        fetched = [url for event in events for url in re.findall(r'Fetching "(.*?)"', event.get("msg", ""))]
        return next((word for pattern, word in _SOURCES if re.match(pattern, fetched[-1])), None) if fetched else None


def _servers(kind: str, found: Iterable[tuple[str, str, str]], logins: Mapping[tuple[int, str], str]) -> tuple[Server, ...]:
    servers = [(host, int(port), _SECURITY[security]) for host, port, security in found]
    # All hosts are one machine, which cannot tell by which of two names somebody came.
    doors = Counter(server[1:] for server in servers)
    seen = {door: logins.get(door) for door, count in doors.items() if count == 1}
    return tuple(Server(kind, *server, seen.get(server[1:]), auth=None) for server in servers)


def _tried(kind: str, events: Sequence[dict[str, Any]]) -> Iterable[tuple[str, str, str]]:
    pattern = rf"{kind.upper()} trying to connect to (\S+):(\d+):(\w+)\."
    # It begins anew when it is done, and tries the same once more.
    return dict.fromkeys(one for event in events for one in re.findall(pattern, event.get("msg", "")))


class _Remote:
    """The program's JSON-RPC, one line a message."""

    def __init__(self, running: Program) -> None:
        self._running = running
        self._ids = count(1)

    def call(self, method: str, *parameters: object) -> Any:
        """Return the result of *method*, or the error, which has a code and a message."""
        assert self._running.stdin
        assert self._running.stdout
        number = next(self._ids)
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}
        self._running.stdin.write(json.dumps(message).encode() + b"\n")
        self._running.stdin.flush()
        for line in self._running.stdout:
            answer = json.loads(line)
            if answer.get("id") == number:
                return answer.get("result", answer.get("error"))
        raise EOFError(method)

    def events(self) -> list[dict[str, Any]]:
        """Return what the program told so far."""
        return [event["event"] for event in self.call("get_next_event_batch")]

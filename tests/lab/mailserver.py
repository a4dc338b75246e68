"""A mail server as far as the login: IMAP and SMTP, over TLS and with STARTTLS. Lets everybody in, and tells who came where and how.

Run as a program, this file is the server itself: a thread for each connection, standard library only. There is no mail in it.
"""

from __future__ import annotations

import base64
import json
import socketserver
import ssl
import sys
import threading
from contextlib import suppress
from pathlib import Path

from .ca import Credentials
from .network import Network

ADDRESS = "192.0.2.20"

# type, port, and whether TLS begins at once
_DOORS = (("imap", 993, True), ("imap", 143, False), ("smtp", 465, True), ("smtp", 587, False))

# A client that waits for a greeting on a port where TLS begins at once is sent away soon.
_PATIENCE = 1.0  # seconds


class MailServer:
    """The running server; its certificate is for *credentials*' names, which nobody is to look at closely."""

    def __init__(self, network: Network, credentials: Credentials) -> None:
        self._log = network.logs / "mail-server.log"
        top = Path(__file__).parents[2]
        command = (sys.executable, "-m", __name__, credentials.certificate, credentials.key)
        self._program = network.start("mail-server", *command, cwd=top)
        for _, port, _ in _DOORS:
            self._program.wait_until(lambda port=port: network.listens(ADDRESS, port), f"answer on port {port}")

    def logins(self) -> list[tuple[int, str, str]]:
        """Return all logins so far: port, over TLS ("SSL") or after STARTTLS, in the words of the recordings, and user name."""
        lines = (json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("["))
        return [(port, security, username) for port, security, username in lines]


class _Door(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, kind: str, port: int, tls_at_once: bool, context: ssl.SSLContext) -> None:
        super().__init__((ADDRESS, port), {"imap": _IMAP, "smtp": _SMTP}[kind])
        self.port = port
        self.tls_at_once = tls_at_once
        self.context = context


class _Visit(socketserver.StreamRequestHandler):
    """One connection: lines in, lines out."""

    server: _Door

    def handle(self) -> None:
        self.security = "plain"
        with suppress(OSError, UnicodeDecodeError):  # the client is gone, or speaks TLS where we do not, or the other way round
            if self.server.tls_at_once:
                self.start_tls("SSL")
            self.greet()
            while line := self.rfile.readline().decode().rstrip("\r\n"):
                if not self.answer(line):
                    return

    def start_tls(self, how: str) -> None:
        self.request.settimeout(_PATIENCE)
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.request.settimeout(None)
        self.rfile = self.request.makefile("rb")
        self.wfile = self.request.makefile("wb", buffering=0)
        self.security = how

    def say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def let_in(self, username: str) -> None:
        print(json.dumps([self.server.port, self.security, username]), flush=True)

    def greet(self) -> None:
        raise NotImplementedError

    def answer(self, line: str) -> bool:
        """Answer *line* and tell whether to go on."""
        raise NotImplementedError


class _IMAP(_Visit):
    def greet(self) -> None:
        self.say("* OK Welcome")

    def answer(self, line: str) -> bool:
        tag, _, rest = line.partition(" ")
        command, _, rest = rest.partition(" ")
        match command.upper():
            case "CAPABILITY":
                self.say("* CAPABILITY IMAP4rev1" + (" STARTTLS" if self.security == "plain" else ""))
            case "STARTTLS":
                self.say(f"{tag} OK Go ahead")
                self.start_tls("STARTTLS")
                return True
            case "LOGIN":
                self.let_in(rest.split(" ")[0].strip('"'))
            case "LOGOUT":
                self.say("* BYE", f"{tag} OK")
                return False
        self.say(f"{tag} OK Done")
        return True


class _SMTP(_Visit):
    def greet(self) -> None:
        self.say("220 mail ESMTP")

    def answer(self, line: str) -> bool:
        command, _, rest = line.partition(" ")
        match command.upper():
            case "EHLO":
                self.say("250-mail", "250-STARTTLS" if self.security == "plain" else "250-8BITMIME", "250 AUTH PLAIN")
            case "STARTTLS":
                self.say("220 Go ahead")
                self.start_tls("STARTTLS")
            case "AUTH":
                # RFC 4616: authorization identity, NUL, user name, NUL, password
                self.let_in(base64.b64decode(rest.partition(" ")[2]).split(b"\0")[1].decode())
                self.say("235 Welcome")
            case "QUIT":
                self.say("221 Bye")
                return False
            case _:
                self.say("250 Done")
        return True


def _main(certificate: str, key: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    for kind, port, tls_at_once in _DOORS:
        threading.Thread(target=_Door(kind, port, tls_at_once, context).serve_forever).start()


if __name__ == "__main__":
    _main(*sys.argv[1:])

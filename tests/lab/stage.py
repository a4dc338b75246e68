"""A web server that says what it is told, right or wrong, in the words of the recordings (tests/clients/traces), and notes each request.

Run as a program, this file is the server itself: a thread for each connection, standard library only. It reads a table when it starts: the
pages, and the certificate that is shown for each host name. A host without one gets no TLS handshake.
"""

from __future__ import annotations

import base64
import json
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .ca import Credentials
from .network import Network

OPEN, HTTP_ONLY, HTTPS_ONLY, CLOSED = "192.0.2.111", "192.0.2.112", "192.0.2.113", "192.0.2.114"
_DOORS = (("http", OPEN, 80), ("https", OPEN, 443), ("http", HTTP_ONLY, 80), ("https", HTTPS_ONLY, 443))
_PATIENCE = 20.0  # seconds for a request to come

Page = Mapping[str, Any]  # an `http` entry of the recordings


class Stage:
    """The running server, once it is told what to show."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._directory = network.directory_for("stage")
        self._log = self._directory / "requests.log"

    def show(self, pages: Iterable[Page], certificates: Mapping[str, Credentials]) -> None:
        """Start with these *pages*, of which the first that fits is the answer, and these *certificates* by host name."""
        shown = {host: [str(one.certificate), str(one.key)] for host, one in certificates.items()}
        table = self._directory / "table.json"
        table.write_text(json.dumps({"pages": list(pages), "certificates": shown}))
        program = self._network.start("stage", sys.executable, "-m", __name__, table, self._log, cwd=Path(__file__).parents[2])
        for _, address, port in _DOORS:
            program.wait_until(lambda address=address, port=port: self._network.listens(address, port), f"answer on port {port}")

    def forget(self) -> None:
        """Forget the requests so far."""
        self._log.write_text("")

    def asked(self) -> list[tuple[float, str, int]]:
        """Return the requests since then: the second of the day, "METHOD URL", and the status of the answer, 0 for none."""
        lines = (line.split(" ") for line in self._log.read_text().splitlines())
        return [(float(at), f"{method} {url}", int(status)) for at, method, url, status in lines]


class _Door(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, scheme: str, address: str, port: int, table: dict[str, Any], log: Path) -> None:
        super().__init__((address, port), _Visit)
        self.scheme = scheme
        self.pages: dict[str, list[dict[str, Any]]] = {}
        for page in table["pages"]:
            self.pages.setdefault(f"{page['scheme']}://{page['host']}", []).append(page)
        self.log = log
        self.contexts: dict[str, ssl.SSLContext] = {}
        self.certificates: dict[str, list[str]] = table["certificates"]
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.sni_callback = self._choose

    def _choose(self, tls: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> int | None:
        if name not in self.certificates:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        if name not in self.contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificates[name])
            self.contexts[name] = context
        tls.context = self.contexts[name]
        return None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away, or did not like the certificate."""


class _Visit(BaseHTTPRequestHandler):
    """One connection, with one request."""

    server: _Door

    def setup(self) -> None:
        self.request.settimeout(_PATIENCE)
        if self.server.scheme == "https":
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        with suppress(OSError):
            # Otherwise what was not read resets the connection before the answer is.
            self.request.shutdown(socket.SHUT_WR)

    def answer(self) -> None:
        """Give the answer that fits, after its delay; 404 where there is none."""
        host, path = self.headers.get("Host", ""), self.path
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        page = self._page(host, path)
        drop = bool(page.get("drop"))
        if page.get("auth_required") and "Authorization" not in self.headers:
            page = {"status": 401, "headers": {"WWW-Authenticate": 'Basic realm="x"'}}
        with self.server.log.open("a") as log:
            url = f"{self.server.scheme}://{host}{path}"
            log.write(f"{time.time() % 86400:.3f} {self.command} {url} {0 if drop else page['status']}\n")
        time.sleep(page.get("delay_s", 0))
        if not drop:
            self._say(page)

    do_GET = do_POST = do_HEAD = answer  # noqa: N815  http.server's own names

    def _page(self, host: str, path: str) -> dict[str, Any]:
        path = urlsplit(f"//{host}{path}").path
        for page in self.server.pages.get(f"{self.server.scheme}://{host.partition(':')[0].lower()}", ()):
            if page["path"] in ("*", path) and page.get("method", self.command) == self.command:
                return page
        return {"status": 404, "headers": {"Content-Type": "text/html"}, "body": "nope"}

    def _say(self, page: Mapping[str, Any]) -> None:
        body = base64.b64decode(page["body_b64"]) if "body_b64" in page else page.get("body", "").encode()
        self.send_response(page["status"])
        for name, value in page.get("headers", {}).items():
            self.send_header(name, value)
        if page["status"] != 204:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if page["status"] != 204 and self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing more."""


def _main(table: str, log: str) -> None:
    told = json.loads(Path(table).read_text())
    for scheme, address, port in _DOORS:
        threading.Thread(target=_Door(scheme, address, port, told, Path(log)).serve_forever).start()


if __name__ == "__main__":
    _main(*sys.argv[1:])

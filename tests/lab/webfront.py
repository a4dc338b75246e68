"""nginx in front of our service, as an operator has it: TLS for every host name, plain HTTP where wanted.

A host that is not listed gets no TLS handshake and no HTTP answer. Requests are written down in the words of the recordings, "GET https://host/path".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .ca import Credentials
from .documented import block, replaced
from .network import Network, Program

ADDRESS = "198.51.100.10"

_CONFIGURATION = """\
daemon off;
user root;
worker_processes 2;
pid {directory}/nginx.pid;
error_log stderr;
events {{ }}
http {{
    log_format requests "$request_method $scheme://$host$request_uri $status";
    access_log {directory}/requests.log requests;
    access_log {directory}/credentials.log requests if=$http_authorization;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    scgi_temp_path {directory}/scgi;
    uwsgi_temp_path {directory}/uwsgi;

    server {{
        listen {address}:80 default_server;
        listen {address}:443 ssl default_server;
        ssl_reject_handshake on;
        access_log off;
        return 444;
    }}
{servers}
}}
"""

_SERVER = """
    server {{
        {listen}
        server_name {host};
        {tls}
        {refusal}
{locations}
    }}
"""

_LOCATION = """\
        location ^~ {path} {{
            proxy_pass http://{upstream};
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
"""


@dataclass(frozen=True, slots=True)
class Site:
    """How one host name is served."""

    https: Credentials | None = None
    http: bool = False
    paths: tuple[str, ...] = ("/",)  # what is passed on to our service; all else is not found
    refuses: str = ""  # such as "https POST": answered with 403


class WebFront:
    """A running nginx; *upstream* is "address:port" of the service."""

    def __init__(self, network: Network, upstream: str) -> None:
        self._network = network
        self._upstream = upstream
        self._directory = network.directory_for("nginx")
        self._requests = self._directory / "requests.log"
        self._credentials = self._directory / "credentials.log"
        self._program = self._start("")

    def serve(self, sites: Mapping[str, Site]) -> None:
        """Make *sites* all that is served, and forget the requests so far."""
        self._restart("".join(self._server(host, site) for host, site in sites.items()))

    def serve_documented(self, credentials: Credentials, document: str = "README.md", *changes: tuple[str, str]) -> None:
        """Serve what *document* shows, with *credentials* and *changes* (pattern, replacement), and forget the requests so far."""
        for_the_lab = (
            (r"listen (80|443)\b", rf"listen {ADDRESS}:\1"),
            (r"(ssl_certificate +)\S+;", rf"\1{credentials.certificate};"),
            (r"(ssl_certificate_key +)\S+;", rf"\1{credentials.key};"),
        )
        self._restart(replaced(block("nginx", document), *for_the_lab, *changes))

    def _restart(self, servers: str) -> None:
        # A start anew, because after a reload the old workers answer for a moment longer.
        self._program.stop()
        self._requests.write_text("")
        self._credentials.write_text("")
        self._program = self._start(servers)

    def requests(self) -> list[str]:
        """Return the requests since the last `serve`: method, URL and status of each."""
        return self._requests.read_text().splitlines()

    def requests_with_credentials(self) -> list[str]:
        """Return those that had an Authorization header."""
        return self._credentials.read_text().splitlines()

    def _start(self, servers: str) -> Program:
        configuration = self._directory / "nginx.conf"
        configuration.write_text(_CONFIGURATION.format(directory=self._directory, address=ADDRESS, servers=servers))
        program = self._network.start("nginx", "nginx", "-e", "stderr", "-p", self._directory, "-c", configuration)
        program.wait_until(lambda: self._network.listens(ADDRESS, 443), "answer on port 443")
        return program

    def _server(self, host: str, site: Site) -> str:
        listen = [f"listen {ADDRESS}:80;"] if site.http else []
        tls = ""
        if site.https:
            listen.append(f"listen {ADDRESS}:443 ssl;")
            tls = f"ssl_certificate {site.https.certificate};\n        ssl_certificate_key {site.https.key};"
        refusal = f'set $asked "$scheme $request_method"; if ($asked = "{site.refuses}") {{ return 403; }}' if site.refuses else ""
        locations = "".join(_LOCATION.format(path=path, upstream=self._upstream) for path in site.paths)
        if "/" not in site.paths:
            locations += "        location / { return 404; }\n"
        return _SERVER.format(listen="\n        ".join(listen), host=host, tls=tls, refusal=refusal, locations=locations) if listen else ""

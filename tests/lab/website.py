"""Web servers as they really stand at a customer's names: our service behind TLS, a web site, a file, or half of that. All are one nginx.

webfront.py is the operator's own front, at one address; here every site says where it stands, so that ports can be closed one by one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .ca import Authority, Certificate
from .network import Network, Program, wait_until

ADDRESS, ADDRESS_6 = "203.0.113.80", "2001:db8::80"
# Customers' own web sites, on a machine of somebody else's.
THEIRS, THEIRS_6 = "203.0.113.82", "2001:db8::82"
# Our service for names whose HTTPS is to be closed: nobody listens at port 443 there.
HTTP_ONLY, HTTP_ONLY_6 = "203.0.113.81", "2001:db8::81"

_CONFIGURATION = """\
daemon off;
user root;
worker_processes 1;
pid {directory}/nginx.pid;
error_log stderr;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    scgi_temp_path {directory}/scgi;
    uwsgi_temp_path {directory}/uwsgi;

    server {{
        listen {address}:80 default_server;
        listen [{address_6}]:80 default_server;
        listen {address}:443 ssl default_server;
        listen [{address_6}]:443 ssl default_server;
        ssl_reject_handshake on;
        return 444;
    }}
    server {{
        listen {http_only}:80 default_server;
        listen [{http_only_6}]:80 default_server;
        return 444;
    }}
{sites}
}}
"""

_SITE = """
    server {{
        {listen}
        server_name {names};
        {tls}
        {locations}
    }}
"""
_SERVICE = """location / {{
            proxy_pass http://{upstream};
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}"""
_HOME_PAGE = "<!doctype html><title>Kund</title><p>Välkommen!</p>"


@dataclass(frozen=True, slots=True)
class Page:
    """What a site answers at its *path*; at every path below it too, where that ends with "/"."""

    path: str = "/"
    body: str = _HOME_PAGE
    type: str = "text/html; charset=utf-8"
    status: int = 200


HOME = Page("= /")  # a web site with a first page, and 404 for the rest
CATCH_ALL = Page("/")  # a web site that answers everything with its first page, and 200


@dataclass(frozen=True, slots=True)
class Site:
    """One or more host names ("*.kund.test" too), at *addresses*, or at `HTTP_ONLY` where there is no certificate."""

    names: tuple[str, ...]
    certificate: Certificate | None = None
    pages: tuple[Page, ...] | None = None  # None: our service
    addresses: tuple[str, str] = (ADDRESS, ADDRESS_6)


class WebHost:
    """A running nginx, once it is told what by `serve`; *upstream* is "address:port" of our service."""

    def __init__(self, network: Network, authority: Authority, upstream: str) -> None:
        self._network = network
        self._authority = authority
        self._upstream = upstream
        self._directory = network.directory_for("website")
        self._program: Program | None = None
        self._serves: tuple[Site, ...] | None = None

    def serve(self, sites: Iterable[Site]) -> None:
        """Make *sites* all that is served."""
        sites = tuple(sites)
        if sites == self._serves:
            return
        self._serves = None
        if self._program is not None:
            self._program.stop()
            wait_until(lambda: not self._network.listens(ADDRESS, 443), "end of the web host", 10)
        configuration = self._directory / "nginx.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                directory=self._directory,
                address=ADDRESS,
                address_6=ADDRESS_6,
                http_only=HTTP_ONLY,
                http_only_6=HTTP_ONLY_6,
                sites="".join(self._site(number, site) for number, site in enumerate(sites)),
            )
        )
        self._program = self._network.start("website", "nginx", "-e", "stderr", "-p", self._directory, "-c", configuration)
        self._program.wait_until(lambda: self._network.listens(ADDRESS, 443), "answer on port 443")
        self._serves = sites

    def _site(self, number: int, site: Site) -> str:
        if site.certificate is None:
            listen = [f"{HTTP_ONLY}:80", f"[{HTTP_ONLY_6}]:80"]
            tls = ""
        else:
            four, six = site.addresses
            listen = [f"{address}:{port}" for address in (four, f"[{six}]") for port in ("80", "443 ssl")]
            credentials = self._authority.credentials(site.certificate)
            tls = f"ssl_certificate {credentials.certificate};\n        ssl_certificate_key {credentials.key};"
        return _SITE.format(
            listen="\n        ".join(f"listen {where};" for where in listen),
            names=" ".join(site.names),
            tls=tls,
            locations=self._locations(number, site.pages),
        )

    def _locations(self, number: int, pages: tuple[Page, ...] | None) -> str:
        if pages is None:
            return _SERVICE.format(upstream=self._upstream)
        locations = []
        for index, page in enumerate(pages):
            file = self._directory / f"{number}-{index}.body"
            file.write_text(page.body)
            # The file as it is, at any path: the error page of a request that never finds anything.
            locations.append(
                f"location {page.path} {{ error_page 404 ={page.status} @page{index}; return 404; }}\n        "
                f"location @page{index} {{ root {self._directory}; default_type '{page.type}'; types {{ }} try_files /{file.name} =500; }}"
            )
        return "\n        ".join(locations)

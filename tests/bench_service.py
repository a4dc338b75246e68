"""The rows of `make bench` about requests a second: ours beside nginx's static file, granian alone, plain Flask and automx2, in one run.

All have two workers and the same load: wrk on loopback, each request for another domain, picked at random. A figure is the best of its
rounds, and a ratio is to nginx in the same run. Half of the load is wrk's own `delay`, by which every connection waits between requests.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from autoconfig.formats import outlook
from autoconfig.store import changes, snapshot
from autoconfig.store.exchange.toml import read_toml
from autoconfig.store.store import open_store
from tests.running import environment, free_port, get, serving

Row = Callable[[str, str, str], None]

FEW, MANY = 10_000, 1_000_000
ROUNDS, SECONDS, CONNECTIONS = 3, 2, 32
PACED_CONNECTIONS = 128
WORKERS = 2

PATH = "/mail/config-v1.1.xml?emailaddress=anna%40kund0.se"
SAMPLE = Path(__file__).parent.parent / "instance" / "sample.toml"

_GET = """
function init(args) domains, most_delay = tonumber(args[1]), tonumber(args[2]) end
function request()
  return "GET /mail/config-v1.1.xml?emailaddress=anna%40kund" .. math.random(0, domains - 1) ..
    ".se HTTP/1.1\\r\\nHost: autoconfig.kund.se\\r\\nAccept: */*\\r\\n\\r\\n"
end
"""
_POST = f"""
function init(args) domains, most_delay = tonumber(args[1]), tonumber(args[2]) end
before = '<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="{outlook.OUTLOOK_REQUEST}"><Request><EMailAddress>anna@kund'
after = '.se</EMailAddress><AcceptableResponseSchema>{outlook.OUTLOOK_RESPONSE}</AcceptableResponseSchema></Request></Autodiscover>'
function request()
  local body = before .. math.random(0, domains - 1) .. after
  return "POST /autodiscover/autodiscover.xml HTTP/1.1\\r\\nHost: autodiscover.kund.se\\r\\nContent-Type: text/xml\\r\\nContent-Length: " ..
    #body .. "\\r\\n\\r\\n" .. body
end
"""
# Milliseconds before the next request of a connection: with many connections, requests come as if from many people.
_DELAY = "function delay() return math.random(0, most_delay) end\n"

_NGINX = """
daemon off;
user root;
worker_processes {workers};
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    open_file_cache max=100;
    keepalive_requests 100000000;
    types {{ text/xml xml; }}
    client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3; scgi_temp_path {folder}/4;
    uwsgi_temp_path {folder}/5;
    server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""

# What a WSGI application on granian costs at least: a look-up of the domain, and the document as it is.
_LOOK_UP = """
from pathlib import Path
DOCUMENT = Path({document!r}).read_bytes()
DOCUMENTS = {{f"kund{{i}}.se": DOCUMENT for i in range({count})}}
HEADERS = [("Content-Type", "text/xml; charset=utf-8"), ("Content-Length", str(len(DOCUMENT)))]

def app(environ, start_response):
    found = DOCUMENTS.get(environ["QUERY_STRING"].rpartition("%40")[2])
    start_response("200 OK" if found else "404 Not Found", HEADERS)
    return [found or b""]
"""
_FLASK = """
from pathlib import Path
from flask import Flask, Response, request
DOCUMENT = Path({document!r}).read_bytes()
DOCUMENTS = {{f"kund{{i}}.se": DOCUMENT for i in range({count})}}
app = Flask(__name__)

@app.get("/mail/config-v1.1.xml")
def view():
    return Response(DOCUMENTS[request.args["emailaddress"].rpartition("@")[2]], content_type="text/xml; charset=utf-8")
"""
_AUTOMX2 = """
import json, sys
from automx2.server import app
from automx2.database import populate_with_dict
from automx2.model import Base, db
with app.app_context():
    Base.metadata.create_all(db.engine)
    populate_with_dict(json.load(sys.stdin))
"""


def rows(row: Row) -> None:
    """Measure and tell each row."""
    missing = [program for program in ("wrk", "nginx") if shutil.which(program) is None]
    if missing:
        row("requests a second", "not measured", f"needs {' and '.join(missing)} (tests/lab/install.sh, as root)")
        return
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        place = Path(folder)
        few, many = _instance(place / "few", FEW), _instance(place / "many", MANY)
        ours, big = stack.enter_context(serving(few)), stack.enter_context(serving(many))
        document = get(ours + PATH)[1]
        nginx = stack.enter_context(_nginx(place / "nginx", document))
        peers = _Peers(place, stack)
        loads = {
            f"nginx, a static file of {len(document):,} octets": Load(nginx, _GET, FEW),
            f"granian alone, a bare look-up, {FEW:,} domains": peers.granian("bare", _LOOK_UP, document),
            f"autoconfig, clientConfig, {FEW:,} domains": Load(ours, _GET, FEW),
            f"autoconfig, clientConfig, {MANY:,} domains": Load(big, _GET, MANY),
            f"autoconfig, Autodiscover (POST), {FEW:,} domains": Load(ours, _POST, FEW),
            f"autoconfig, Autodiscover (POST), {MANY:,} domains": Load(big, _POST, MANY),
            f"Flask on granian, a cached document, {FEW:,} domains": peers.granian("plain", _FLASK, document),
        }
        rounds = [{what: _wrk(load).rate for what, load in loads.items()} for _ in range(ROUNDS)]
        best = {what: max(each[what] for each in rounds) for what in loads}
        nginx_best = next(iter(best.values()))
        for what, rate in best.items():
            # What else the machine does changes from round to round.
            ratio = statistics.median(each[what] / next(iter(each.values())) for each in rounds)
            row(what, f"{rate:,.0f}/s", f"{rate / nginx_best:.2f} of nginx, best beside best; {ratio:.2f} round by round")
        for what, load in loads.items():
            if what.startswith("autoconfig"):
                half = _wrk(load, rate=best[what] / 2)
                row(
                    "  " + what,
                    f"{half.p99:.1f} ms",
                    f"p99 at {half.rate:,.0f}/s, {half.rate / best[what]:.2f} of the most; to reach: 10 ms",
                )
        for instance, count in ((few, FEW), (many, MANY)):
            sizes = ", ".join(f"{size:.0f}" for size in _own_memory(instance))
            row(f"own memory of each worker after that, {count:,} domains", f"{sizes} MB", "private pages; to reach: 120 MB")
        # Last, because it goes on with what wrk no longer waits for.
        try:
            for count in (1, FEW):
                rate = _wrk(peers.automx2(count)).rate
                row(f"automx2 on granian, clientConfig, domains: {count:,}", f"{rate:,.0f}/s", f"{rate / nginx_best:.4f} of nginx")
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            reason = (str(getattr(error, "stderr", "") or error).strip().splitlines() or [""])[-1]
            row("automx2", "not measured", f"cannot be installed: {reason[:100]}")


@dataclass(frozen=True)
class Load:
    """A server, and what wrk asks it about how many domains."""

    url: str
    script: str
    domains: int


@dataclass(frozen=True)
class Figures:
    """Requests a second, and the latency in milliseconds that one of a hundred exceeds."""

    rate: float
    p99: float


def _wrk(load: Load, rate: float | None = None) -> Figures:
    """Run wrk as fast as it can, or at about *rate*."""
    connections, most_delay, script = CONNECTIONS, 0, load.script
    if rate is not None:
        connections, script = PACED_CONNECTIONS, load.script + _DELAY
        most_delay = round(2 * PACED_CONNECTIONS / rate * 1000)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = ["wrk", "-t2", f"-c{connections}", f"-d{SECONDS}", "--latency", "-s", file.name, load.url + "/", "--"]
        done = subprocess.run([*command, str(load.domains), str(most_delay)], capture_output=True, text=True, check=False)
    said = done.stdout
    assert done.returncode == 0, said + done.stderr
    assert "Non-2xx" not in said, said
    number, unit = re.search(r"99%\s+([0-9.]+)(us|ms|s)", said).groups()
    return Figures(float(said.partition("Requests/sec:")[2].split()[0]), float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit])


def _instance(folder: Path, count: int) -> Path:
    """Make an installation of *count* domains that has a snapshot and no database: nothing else is read to answer."""
    folder.mkdir()
    with tempfile.TemporaryDirectory() as other, open_store(f"sqlite:///{other}/autoconfig.db") as store:
        store.make_ready()
        store.import_settings(read_toml(SAMPLE.read_text()))
        with store.changes_since(None) as known:
            names = (changes.Row(f"kund{i}.se", False, False, "karlahosting", "", "") for i in range(count))
            snapshot.write(folder / "snapshot.mdb", changes.Changes(known.mark, True, None, known.providers, names, ()))
    return folder


@contextmanager
def _running(*command: str, url: str, env: dict[str, str] | None = None) -> Iterator[str]:
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while get(url + PATH)[0] != 200:
            assert process.poll() is None, f"{command[0]} has ended"
            assert time.monotonic() < deadline, f"{command[0]} does not answer within 30 s"
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()


@contextmanager
def _nginx(folder: Path, document: bytes) -> Iterator[str]:
    (folder / "mail").mkdir(parents=True)
    (folder / "mail" / "config-v1.1.xml").write_bytes(document)
    port = free_port()
    (folder / "nginx.conf").write_text(_NGINX.format(workers=WORKERS, folder=folder, port=port))
    with _running("nginx", "-c", str(folder / "nginx.conf"), url=f"http://127.0.0.1:{port}") as url:
        yield url


class _Peers:
    """What else is measured, started in *place* until *stack* ends."""

    def __init__(self, place: Path, stack: ExitStack) -> None:
        self._place = place
        self._stack = stack

    def granian(self, name: str, code: str, document: bytes) -> Load:
        """Start *code*, a module with an application, on our own granian."""
        kept = self._place / f"{name}.xml"
        kept.write_bytes(document)
        (self._place / f"{name}.py").write_text(code.format(document=str(kept), count=FEW))
        return Load(self._granian(sys.executable, f"{name}:app", PYTHONPATH=str(self._place)), _GET, FEW)

    def automx2(self, count: int) -> Load:
        """Start automx2 with *count* domains; it is installed from the package index, into an environment of its own."""
        python = self._place / "automx2" / "bin" / "python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", python.parent.parent], capture_output=True, text=True, check=True, timeout=120)
            install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "automx2", "granian"]
            subprocess.run(install, capture_output=True, text=True, check=True, timeout=300)
        conf, database = (self._place / f"automx2-{count}.{end}" for end in ("conf", "db"))
        conf.write_text(f"[automx2]\ndb_uri = sqlite:///{database}\n")
        servers = [{"type": kind, "name": f"{kind}.karlahosting.se"} for kind in ("imap", "pop", "smtp")]
        names = [{"name": f"kund{i}.se"} for i in range(count)]
        settings = {"version": 2, "provider": "KarlaHosting", "domains": names, "servers": servers}
        made = environment(AUTOMX2_CONF=str(conf))
        subprocess.run([python, "-c", _AUTOMX2], input=json.dumps(settings), env=made, capture_output=True, text=True, check=True)
        return Load(self._granian(str(python), "automx2.server:app", AUTOMX2_CONF=str(conf)), _GET, count)

    def _granian(self, python: str, target: str, **variables: str) -> str:
        port = free_port()
        options = ("--interface", "wsgi", "--no-ws", "--http", "1", "--log-level", "error", "--blocking-threads", "1")
        command = (python, "-m", "granian", *options, "--port", str(port), "--workers", str(WORKERS), target)
        return self._stack.enter_context(_running(*command, url=f"http://127.0.0.1:{port}", env=environment(**variables)))


def _own_memory(instance: Path) -> list[float]:
    """Return the megabytes that each worker of *instance* has for itself; the workers are those who have worked most."""
    found: list[tuple[int, float]] = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"AUTOCONFIG_INSTANCE={instance}".encode() not in (process / "environ").read_bytes().split(b"\0"):
                continue
            spent = sum(map(int, (process / "stat").read_text().rpartition(")")[2].split()[11:13]))
            private = re.findall(r"^Private_(?:Clean|Dirty): +([0-9]+)", (process / "smaps_rollup").read_text(), re.MULTILINE)
            found.append((spent, sum(map(int, private)) / 1024))
    return [size for _, size in sorted(found, reverse=True)[:WORKERS]]

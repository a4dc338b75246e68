"""`autoconfig lint` as a user types it: files, standard input, URLs on loopback, and the exit codes that monitoring hears."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.cli.conftest import Command
from tests.lint.documents import GOOD

BAD = GOOD["mozilla"].replace(b"      <port>993</port>\n", b"")
WARNING = GOOD["mozilla"].replace(b"%EMAILADDRESS%", b"%EMAILLOCALPART%")
NOTICE = GOOD["mozilla"].replace(b' version="1.1"', b"")


class _Handler(BaseHTTPRequestHandler):
    """Paths that say what is answered."""

    def do_GET(self) -> None:
        pages: dict[str, tuple[int, str, bytes]] = {
            "/good": (200, "text/xml; charset=utf-8", GOOD["mozilla"]),
            "/plain": (200, "text/plain", GOOD["mozilla"]),
            "/moved": (302, "/good", b""),
            "/circle": (302, "/circle", b""),
            "/huge": (200, "text/xml", b" " * 2_000_000),
        }
        status, value, body = pages.get(self.path, (404, "text/html", b"<html/>"))
        self.send_response(status)
        self.send_header("Location" if status == 302 else "Content-Type", value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A web server on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("data", "code"), [(GOOD["mozilla"], 0), (NOTICE, 0), (WARNING, 1), (BAD, 2), (b"hello", 2), (b"", 2)])
def test_the_exit_code_is_that_of_the_worst(empty: Command, tmp_path: Path, data: bytes, code: int) -> None:
    """0 well or notices only, 1 warnings, 2 errors."""
    path = tmp_path / "config.xml"
    path.write_bytes(data)
    done = empty("lint", str(path))
    assert (done.returncode, done.stderr) == (code, "")


def test_what_is_wrong_is_told_for_people(empty: Command) -> None:
    """Where, which programs, what is wrong, what to do, and the code."""
    told = " ".join(empty("lint", "-", "--lang", "en", stdin=BAD.decode()).stdout.split())
    assert told.startswith("standard input autoconfig (clientConfig) ✗ 1 error ✗ line 7: Thunderbird for Android")
    assert "PORT_MISSING" in told
    assert "Do this Write the port of each server" in told


def test_what_is_well_is_one_line(empty: Command) -> None:
    """Nothing more to read than that."""
    for data in GOOD.values():
        done = empty("lint", "-", stdin=data.decode())
        assert done.returncode == 0
        assert done.stdout.count("\n") <= 1


def test_json_is_the_contracts(empty: Command, tmp_path: Path) -> None:
    """Schema, kind, and for each problem what programs need."""
    done = empty("lint", "-", "--format", "json", "--lang", "en", stdin=BAD.decode())
    found = json.loads(done.stdout)
    assert (done.returncode, found["schema"], found["document"]) == (2, "autoconfig.lint/1", "mozilla")
    (problem,) = found["problems"]
    assert list(problem) == ["code", "severity", "line", "message", "fix", "affects"]
    assert (problem["code"], problem["severity"], problem["line"]) == ("PORT_MISSING", "error", 7)
    assert "k9" in problem["affects"]
    assert json.loads(empty("lint", "-", "--format", "json", stdin="hello").stdout)["document"] == "unknown"


def test_what_we_show_is_well(autoconfig: Command) -> None:
    """The output of `show` goes straight into `lint`."""
    for format in ("mozilla", "outlook", "apple", "pacc"):
        shown = autoconfig("show", "anna@karlahosting.se", "--format", format)
        assert autoconfig("lint", "-", stdin=shown.stdout).returncode == 0


def test_a_url_is_fetched_with_its_redirects(empty: Command, url: str) -> None:
    """What it is served as counts."""
    assert empty("lint", f"{url}/good").returncode == 0
    assert empty("lint", f"{url}/moved").returncode == 0
    done = empty("lint", f"{url}/plain", "--format", "json")
    assert done.returncode == 2
    assert [(problem["code"], problem["affects"]) for problem in json.loads(done.stdout)["problems"]] == [("CONTENT_TYPE", ["thunderbird"])]


@pytest.mark.parametrize("path", ["/none", "/circle", "/huge"])
def test_what_cannot_be_fetched_is_unknown(empty: Command, url: str, path: str) -> None:
    """One line on stderr, and 3: no document, no judgement."""
    done = empty("lint", url + path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert url + path in done.stderr


@pytest.mark.parametrize("bad", ["http://127.0.0.1:1/", "http://[", "https://", "HTTP://nowhere.invalid:99999/"])
def test_nobody_there_is_unknown(empty: Command, bad: str) -> None:
    """Refused, or no URL that can be asked."""
    done = empty("lint", bad)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)


def test_what_cannot_be_read_is_one_line(empty: Command, tmp_path: Path) -> None:
    """A file that is not there, a folder, a name that is none, and more than any document has."""
    huge = tmp_path / "huge.xml"
    huge.write_bytes(b" " * (1024 * 1024 + 1))
    for place in (str(tmp_path / "nothing.xml"), str(tmp_path), "a\0b", str(huge)):
        done = empty("lint", place)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done
        assert "Traceback" not in done.stderr


def test_wrong_usage_is_64(empty: Command) -> None:
    """No document, two of them, a format that there is not."""
    for arguments in ((), ("a", "b"), ("-", "--format", "xml")):
        assert empty("lint", *arguments).returncode == 64


def test_nothing_is_made(empty: Command, tmp_path: Path) -> None:
    """It needs no installation."""
    empty("lint", "-", stdin="hello")
    assert not (tmp_path / "instance").exists()

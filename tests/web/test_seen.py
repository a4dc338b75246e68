"""The outermost layer: what goes well is only counted, what does not is told in one line, and neither carries anybody's address."""

from __future__ import annotations

import http.client
import json
import logging
import re
import time
import timeit
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import create_environ, run_wsgi_app

from autoconfig.config import Config
from autoconfig.errors import SnapshotError
from autoconfig.logs import Line
from autoconfig.web import create_app, seen
from autoconfig.web.metrics import Counts
from tests.cli.conftest import SAMPLE
from tests.running import run, service

OWN = "autoconfig.karlahosting.se"
PROXIES = (ip_network("127.0.0.0/8"),)
NOWHERE = Path("/dev/null/nowhere")
MADE = re.compile(r"[0-9a-f]{12}-[0-9a-f]+")


class Broken:
    """A snapshot that cannot be read."""

    def client_config(self, domain: object) -> None:
        raise SnapshotError("the snapshot is not there")

    def is_listed(self, domain: object) -> bool:
        raise RuntimeError(f"no settings for anna@{domain}")


def _broken(config: Config) -> FlaskClient:
    return create_app(config, Broken()).test_client()  # type: ignore[arg-type]


def _lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    formatter = Line(is_json=True)
    return [json.loads(formatter.format(record)) for record in caplog.records if record.name == "autoconfig.web"]


# --- ids ---------------------------------------------------------------------------------------------------------------------------


def test_an_error_carries_a_request_id_and_nothing_else_does(client: FlaskClient) -> None:
    """A new one for each."""
    asked = "/mail/config-v1.1.xml?emailaddress=anna@"
    assert "X-Request-Id" not in client.get(asked + "kund.se", headers={"Host": OWN}).headers
    ids = {client.get(asked + domain, headers={"Host": OWN}).headers["X-Request-Id"] for domain in ("other.se", "another.se", "")}
    assert len(ids) == 3
    assert all(MADE.fullmatch(found) for found in ids)


@pytest.mark.parametrize("brought", ["a", "0" * 64, "A-b_c.9"])
def test_the_id_of_a_trusted_proxy_is_kept(config: Config, brought: str) -> None:
    """So that one finds the request in the proxy's log."""
    client = create_app(replace(config, trusted_proxies=PROXIES)).test_client()
    assert client.get("/nowhere", headers={"Host": OWN, "X-Request-Id": brought}).headers["X-Request-Id"] == brought


@pytest.mark.parametrize("brought", ["", "0" * 65, "a b", "a,b", "anna@kund.se", "a\u00e5", "å", "a;", "{}", "../x"])
def test_an_id_that_is_none_is_replaced(config: Config, brought: str) -> None:
    """Whoever brings it."""
    client = create_app(replace(config, trusted_proxies=PROXIES)).test_client()
    assert MADE.fullmatch(client.get("/nowhere", headers={"Host": OWN, "X-Request-Id": brought}).headers["X-Request-Id"])


@pytest.mark.parametrize(("trusted", "peer"), [((), "127.0.0.1"), (PROXIES, "192.0.2.1"), (PROXIES, "rubbish"), (PROXIES, "")])
def test_the_id_of_anybody_else_is_replaced(config: Config, trusted: Any, peer: str) -> None:
    """Strangers could give the same id to all that they send, or somebody else's."""
    client = create_app(replace(config, trusted_proxies=trusted)).test_client()
    answer = client.get("/nowhere", headers={"Host": OWN, "X-Request-Id": "abc"}, environ_overrides={"REMOTE_ADDR": peer})
    assert MADE.fullmatch(answer.headers["X-Request-Id"])


# --- lines -------------------------------------------------------------------------------------------------------------------------


def test_what_goes_well_or_is_refused_is_not_logged(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """Metrics count it; at tens of thousands a second nobody could read it."""
    with caplog.at_level(logging.DEBUG, "autoconfig"):
        for path in ("/healthz", "/", "/nowhere", "/mail/config-v1.1.xml", "/mail/config-v1.1.xml?emailaddress=anna"):
            client.get(path, headers={"Host": "autoconfig.kund.se"})
    assert [line for line in _lines(caplog) if line["message"] != "slow request"] == []  # the machine may be slow


def test_an_error_of_ours_is_one_line(config: Config, caplog: pytest.LogCaptureFixture) -> None:
    """With what was asked for by whom, as far as that is nobody's secret, why it failed, and the id that the answer has."""
    answer = _broken(config).get(
        "/mail/config-v1.1.xml?emailaddress=anna@kund.se", headers={"Host": "Autoconfig.Karla.se:8080", "User-Agent": "Thunderbird/128.0"}
    )
    assert answer.status_code == 503
    (line,) = _lines(caplog)
    assert line.pop("ms") >= 0
    assert line.pop("time")
    assert line == {
        "level": "error",
        "logger": "autoconfig.web",
        "message": "request failed: the snapshot is not there",
        "status": 503,
        "method": "GET",
        "format": "mozilla",
        "client": "thunderbird",
        "id": answer.headers["X-Request-Id"],
        "host": "autoconfig.karla.se",
        "domain": "kund.se",
    }


def test_a_fault_in_the_code_is_told_by_its_places(config: Config, caplog: pytest.LogCaptureFixture) -> None:
    """Without its values."""
    answer = _broken(config).get("/tls/allowed?domain=kund.se", headers={"Host": OWN})
    assert answer.status_code == 500
    (line,) = _lines(caplog)
    assert line["message"].startswith("request failed: RuntimeError at web/test_seen.py:")
    assert "in is_listed < " in line["message"]
    assert "domain" not in line
    assert "anna" not in caplog.text


def test_a_slow_request_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where it went well."""

    def application(_environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [b"ok"]

    observed = seen.observed(application, Counts(tmp_path, 1), (), slow=0)
    run_wsgi_app(observed, create_environ("/guide/kund.se", "http://kund.se/"))
    (line,) = _lines(caplog)
    assert (line["level"], line["message"], line["status"], line["format"], line["host"]) == (
        "warning",
        "slow request",
        200,
        "guide",
        "kund.se",
    )
    quick = seen.observed(application, Counts(tmp_path, 1), (), slow=10)
    run_wsgi_app(quick, create_environ("/guide/kund.se", "http://kund.se/"))
    assert len(_lines(caplog)) == 1


def test_the_layer_hands_on_what_it_gets(tmp_path: Path) -> None:
    """The very answer, which a server may treat in its own way, and the very headers; an error's with an id behind them."""
    answers = {"200 OK": [b"one"], "404 NOT FOUND": [b"two"]}
    headers = [("Content-Type", "text/plain")]
    for status, answer in answers.items():

        def application(_environ: Any, start_response: Any, status: str = status) -> Iterable[bytes]:
            start_response(status, headers)
            return answers[status]

        begun: list[Any] = []
        assert seen.observed(application, Counts(tmp_path, 1), ())({}, lambda *arguments, begun=begun: begun.append(arguments)) is answer
        assert len(begun) == 1
        assert begun[0][0] == status
        assert begun[0][1][:1] == headers
        assert len(begun[0][1]) == 1 + (status >= "4")


@pytest.mark.parametrize("has_begun", [False, True])
def test_what_escapes_is_a_bare_500(tmp_path: Path, caplog: pytest.LogCaptureFixture, has_begun: bool) -> None:
    """And a line, and counted."""

    def application(_environ: Any, start_response: Any) -> Iterable[bytes]:
        if has_begun:
            start_response("200 OK", [("Content-Type", "text/html")])
        raise RuntimeError("anna@kund.se")

    counts = Counts(tmp_path, 1)
    begun: list[Any] = []
    body = seen.observed(application, counts, ())(create_environ("/", "http://kund.se/"), lambda *arguments: begun.append(arguments))
    status, pairs, exc_info = begun[-1]
    headers = dict(pairs)
    assert len(begun) == 1 + has_begun
    assert exc_info[0] is RuntimeError
    assert status == "500 INTERNAL SERVER ERROR"
    assert b"".join(body) == b"500 Internal Server Error: Something went wrong here\n"
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    (line,) = _lines(caplog)
    assert line["id"] == headers["X-Request-Id"]
    assert line["message"].startswith("request failed: RuntimeError at web/test_seen.py:")
    assert "anna" not in json.dumps(line)
    assert sum(counts.sums().cells[:-1]) > 0


HEADERS = ("HTTP_HOST", "HTTP_USER_AGENT", "HTTP_X_REQUEST_ID", "HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_REFERER", "HTTP_X_FORWARDED_FOR")
# What must never be seen, in whatever comes with a request, and what breaks lines or turns text around.
HOSTILE = st.lists(
    st.sampled_from(
        (
            "secret",
            "anna@kund.se",
            "anna%40kund.se",
            '"anna x"@kund.se',
            "\n",
            "\r\n",
            "\x00",
            "\x1b[2J",
            "\u202e",
            "\xff",
            "kund.se",
            ":",
            "/",
            "=",
            "&emailaddress=",
        )
    ),
    max_size=6,
).map("".join)


@given(
    st.dictionaries(st.sampled_from((*HEADERS, "PATH_INFO", "QUERY_STRING", "REQUEST_METHOD", "REMOTE_ADDR")), HOSTILE | st.text()),
    st.booleans(),
)
def test_whatever_comes_a_line_is_a_line_and_tells_no_secret(environ: dict[str, str], is_json: bool) -> None:
    """In any header, path, query or method."""

    def application(_environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("500 X", [])
        return [b""]

    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    log = logging.getLogger("autoconfig.web")
    log.addHandler(handler)
    try:
        found: list[Any] = []
        # The environment of WSGI is Latin-1 text.
        sent = {name: value.encode("utf-8", "replace").decode("latin-1") for name, value in environ.items()}
        seen.observed(application, Counts(NOWHERE, 1), PROXIES)(sent, lambda *arguments: found.append(arguments))
    finally:
        log.removeHandler(handler)
    (record,) = [record for record in records if "request" in record.getMessage()]
    line = Line(is_json=is_json).format(record)
    assert line.isprintable()
    assert len(line) < 1_500
    assert "anna" not in line.replace("*", "")
    # A word that is a host, or an id from a proxy of ours, may stand there as such and nowhere else.
    assert "secret" not in re.sub(r"\b(host|domain|id)\W+[\w.-]*", "", line)
    (_, headers) = found[0]
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", dict(headers)["X-Request-Id"])


# --- over the real service ---------------------------------------------------------------------------------------------------------


def _send(port: int, path: str, headers: list[tuple[bytes, bytes]]) -> tuple[int, str | None]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers["X-Request-Id"]
    finally:
        connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("log_format", ["plain", "json"])
def test_the_log_of_a_service_has_one_line_an_event_and_no_secret(tmp_path: Path, log_format: str) -> None:
    """The snapshot is destroyed, so that every request fails, with hostile values in all that can be sent."""
    instance = tmp_path / "instance"
    instance.mkdir()
    assert run("import", str(SAMPLE), instance=instance).returncode == 0
    (instance / "config.toml").write_text(f'log_format = "{log_format}"\ntrusted_proxies = ["127.0.0.1/32"]\n')
    asked = [
        ("/mail/config-v1.1.xml?emailaddress=hemlig@kund.se", [(b"Host", OWN.encode()), (b"X-Request-Id", b"from-proxy-1")]),
        (
            "/mail/config-v1.1.xml?emailaddress=%0Ahemlig%40kund.se&hemlig=1",
            [(b"Host", b"autoconfig.kund.se"), (b"Authorization", b"Basic aGVtbGln")],
        ),
        (
            "/guide/kund.se?hemlig=1",
            [(b"Host", OWN.encode()), (b"User-Agent", b"hemlig@kund.se\x1b[2J\xe2\x80\xae"), (b"Referer", b"http://hemlig/")],
        ),
        ("/autodiscover/autodiscover.json/v1.0/hemlig@kund.se", [(b"Host", OWN.encode()), (b"X-Request-Id", b"hemlig@kund.se")]),
        ("/guide/kund.se/hemlig%0d%0aforged", [(b"Host", b"b\xc3\xa5.se"), (b"Cookie", b"hemlig=1")]),
    ]
    with service(instance, workers=2) as running:
        (instance / "snapshot.mdb").write_bytes(b"rubbish" * 100)
        answered = [_send(running.port, path, headers) for path, headers in asked for _ in range(3)]
    said = running.said()
    failed = [(status, given_id) for status, given_id in answered if status == 503]
    assert failed, answered
    assert "hemlig" not in said.lower()
    assert "aGVtbGln" not in said
    lines = said.splitlines()
    assert all(line.isprintable() for line in lines)
    for _, given_id in failed:
        assert given_id is not None
        assert any(given_id in line for line in lines)
    if log_format == "json":
        told = [json.loads(line) for line in lines]
        assert {"time", "level", "logger", "message"} <= set.intersection(*(set(line) for line in told))
        assert told[0]["message"].startswith("autoconfig serves http://127.0.0.1:")
    else:
        assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (info|warning|error) [\w.]+: ", line) for line in lines), said


@pytest.mark.alone
def test_the_layer_costs_next_to_nothing(tmp_path: Path) -> None:
    """For an answer that goes well about a microsecond, some six times as much as an application that does nothing at all."""
    headers = [("Content-Type", "text/xml")]
    answer = [b"x"]
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0"

    def application(_environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", headers)
        return answer

    def seconds(asked: Any) -> float:
        def ask() -> None:
            asked({"PATH_INFO": "/mail/config-v1.1.xml", "HTTP_USER_AGENT": agent}, lambda _status, _headers: None)

        # Processor time: the machine may have other things to do.
        return min(timeit.repeat(ask, timer=time.thread_time, number=20_000, repeat=7)) / 20_000

    bare, watched = seconds(application), seconds(seen.observed(application, Counts(tmp_path, 1), ()))
    assert watched - bare < 12 * bare

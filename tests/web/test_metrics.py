"""What is counted and how it is told: by words of ours alone, right over all workers, and whatever else is broken."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from autoconfig.config import Config
from autoconfig.livecheck.desk import SLOTS
from autoconfig.livecheck.state import Outcome
from autoconfig.store.snapshot import Snapshot
from autoconfig.store.state import SILENT_SECONDS, Teller
from autoconfig.web import create_app, discovery, wellknown
from autoconfig.web.metrics import (
    BOUNDS,
    CHECKS,
    FAMILIES,
    FORMATS,
    METRICS,
    OUTCOMES,
    PREFIX,
    Counts,
    exposition,
    family_of,
    format_of,
)
from tests.cli.conftest import SAMPLE
from tests.running import get, run, service

OPERATING = Path(__file__).parent.parent.parent / "docs" / "operating.md"
NOWHERE = Path("/dev/null/nowhere")
OWN = "autoconfig.karlahosting.se"

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def _parsed(page: str) -> Samples:
    """Return every sample of *page*, as Prometheus' own parser reads it; none may come twice."""
    found: Samples = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            key = sample.name.removeprefix(PREFIX), tuple(sorted(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def _requests(samples: Samples) -> dict[tuple[str, str, str], int]:
    found = {}
    for (name, pairs), value in samples.items():
        if name == "requests_total" and value:
            labels = dict(pairs)
            found[labels["format"], labels["client"], labels["outcome"]] = int(value)
    return found


@pytest.fixture
def app(config: Config, tmp_path: Path) -> Flask:
    """An application that counts in a folder of its own."""
    (tmp_path / "snapshot.mdb").write_bytes(config.snapshot_path.read_bytes())
    return create_app(replace(config, instance=tmp_path))


def _metrics(app: Flask) -> Samples:
    answer = app.test_client().get("/metrics", headers={"Host": "127.0.0.1:8080"})
    assert answer.status_code == 200
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    return _parsed(answer.text)


def test_every_metric_has_its_type_and_its_help(app: Flask) -> None:
    """As Prometheus' own parser understands it; those that count end in _total, and a histogram adds up."""
    page = app.test_client().get("/metrics").text
    told = {family.name: family for family in text_string_to_metric_families(page)}
    assert {PREFIX + metric.name.removesuffix("_total"): (metric.kind, metric.help) for metric in METRICS} == {
        name: (family.type, family.documentation) for name, family in told.items()
    }
    assert all(metric.name.endswith("_total") == (metric.kind == "counter") for metric in METRICS)
    samples = _parsed(page)
    for kind in FORMATS:
        buckets = [value for (name, pairs), value in samples.items() if name.endswith("_bucket") and ("format", kind) in pairs]
        assert len(buckets) == len(BOUNDS) + 1
        assert buckets == sorted(buckets)
        assert samples["request_duration_seconds_count", (("format", kind),)] == buckets[-1]


def test_the_document_describes_every_metric_and_no_other() -> None:
    """With its type, and its labels."""
    rows = re.findall(rf"^\| `{PREFIX}(\w+?)(?:\{{([\w, ]+)\}})?` \| (\w+) \|", OPERATING.read_text(), re.MULTILINE)
    assert {name: kind for name, _, kind in rows} == {metric.name: metric.kind for metric in METRICS}
    assert len(rows) == len(METRICS)
    labels = {name: set(words.split(", ")) - {""} for name, words, _ in rows}
    counts = Counts(NOWHERE, 1)
    shown = _parsed(exposition(counts, Snapshot(NOWHERE), NOWHERE))
    for (name, pairs), _ in shown.items():
        family = re.sub(r"_(bucket|sum|count)$", "", name) if name.startswith("request_duration") else name
        assert {label for label, _ in pairs} - {"le"} == labels[family]
    text = OPERATING.read_text()
    assert set(re.findall(rf"{PREFIX}(\w+)", text)) - {"request_duration_seconds_bucket", "request_duration_seconds_count"} <= labels.keys()
    for word in (*FORMATS, *FAMILIES, *OUTCOMES, *CHECKS):
        assert f"`{word}`" in text, word


def test_every_address_of_ours_has_a_format_of_its_own(app: Flask) -> None:
    """Nothing that we answer is counted as something else."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "x", rule.rule)
        assert FORMATS[format_of(path)] != "other", path
    assert {FORMATS[format_of(url)] for url, _ in discovery.URLS} == {"mozilla", "pacc"}
    assert {FORMATS[format_of(f"/.well-known/{name}")] for name in wellknown.SERVICES} == {"wellknown"}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/Autodiscover/Autodiscover.xml", "autodiscover-xml"),
        ("/AUTODISCOVER/AUTODISCOVER.XML", "autodiscover-xml"),
        ("/AutoDiscover/AutoDiscover.json", "autodiscover-json"),
        ("/autodiscover/autodiscover.json/v1.0/anna@kund.se", "autodiscover-json"),
        ("/Autodiscover/Autodiscover.json/V1.0/anna@kund.se", "autodiscover-json"),
        ("/autodiscover/autodiscover.xml/", "other"),
        ("/autodiscover/autodiscover.xmlx", "other"),
        ("/autodiscover/autodiscover.jsonx", "other"),
        ("/Mail/config-v1.1.xml", "other"),
        ("/guide/kund.se/thunderbird", "guide"),
        ("/static/x.css", "static"),
        ("/brand/karla", "static"),
        ("/.well-known/caldav/", "wellknown"),
        ("", "other"),
        ("//", "other"),
        ("/wp-login.php", "other"),
    ],
)
def test_a_path_is_of_one_format(path: str, name: str) -> None:
    """In any letter case where clients write any."""
    assert FORMATS[format_of(path)] == name


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("", "none"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0", "thunderbird"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Thunderbird/128.0", "k9"),
        ("K-9 Mail/6.8", "k9"),
        ("okhttp/4.12.0", "k9"),
        ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)", "outlook"),
        ("MacOutlook/16.78.3 (Intelx64 Mac OS X Version 14.1)", "outlook"),
        ("accountsd/113 CFNetwork/1496.0.7 Darwin/23.5.0", "apple"),
        ("Evolution/3.50.2", "evolution"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/604.1",
            "browser",
        ),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:126.0) Gecko/20100101 Firefox/126.0", "browser"),
        ("Prometheus/2.53.0", "probe"),
        ("kube-probe/1.30", "probe"),
        ("curl/8.5.0", "tool"),
        ("autoconfig/0.1.0", "check"),
        ("anna@kund.se", "other"),
        ("x" * 300 + "Thunderbird/1", "other"),
    ],
)
def test_a_client_is_known_by_how_it_calls_itself(agent: str, name: str) -> None:
    """Or it is another one."""
    assert family_of(agent) == name


def test_a_request_is_counted_by_format_client_and_outcome(app: Flask) -> None:
    """Each once, with the time that it took; the page itself too, from the next time on."""
    client = app.test_client()
    thunderbird = {"User-Agent": "Thunderbird/128.0", "Host": OWN}
    etag = client.get("/mail/config-v1.1.xml?emailaddress=anna@kund.se", headers=thunderbird).headers["ETag"]
    client.get("/mail/config-v1.1.xml?emailaddress=anna@kund.se", headers=thunderbird | {"If-None-Match": etag})
    client.get("/mail/config-v1.1.xml?emailaddress=anna@other.se", headers=thunderbird)
    client.get("/mail/config-v1.1.xml?emailaddress=anna", headers=thunderbird)
    client.post("/AutoDiscover/AutoDiscover.xml", data=b"<", headers={"User-Agent": "Microsoft Outlook", "Host": OWN})
    client.get("/.well-known/caldav?emailaddress=anna@kund.se", headers={"User-Agent": "CFNetwork/1", "Host": OWN})
    client.post("/mail/config-v1.1.xml", headers={"User-Agent": "", "Host": OWN})
    client.get("/nowhere", headers={"User-Agent": "curl/8", "Host": OWN})
    counted = _requests(_metrics(app))
    assert counted == {
        ("mozilla", "thunderbird", "ours"): 1,
        ("mozilla", "thunderbird", "unchanged"): 1,
        ("mozilla", "thunderbird", "not-ours"): 1,
        ("mozilla", "thunderbird", "bad"): 1,
        ("mozilla", "none", "bad"): 1,
        ("autodiscover-xml", "outlook", "bad"): 1,
        ("wellknown", "apple", "not-ours"): 1,
        ("other", "tool", "not-ours"): 1,
    }
    samples = _metrics(app)
    assert samples["request_duration_seconds_count", (("format", "mozilla"),)] == 5
    assert 0 < samples["request_duration_seconds_sum", (("format", "mozilla"),)] < 5
    assert samples["request_duration_seconds_count", (("format", "health"),)] == 1


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("200 OK", "ours"),
        ("206 PARTIAL CONTENT", "ours"),
        ("302 FOUND", "redirect"),
        ("304 NOT MODIFIED", "unchanged"),
        ("307 TEMPORARY REDIRECT", "redirect"),
        ("400 BAD REQUEST", "bad"),
        ("404 NOT FOUND", "not-ours"),
        ("413 TOO LARGE", "bad"),
        ("429 TOO MANY REQUESTS", "limited"),
        ("500 X", "error"),
        ("503 X", "error"),
        ("", "error"),
        ("rubbish", "error"),
    ],
)
def test_the_status_is_the_outcome(tmp_path: Path, status: str, outcome: str) -> None:
    """What is no status is our error."""
    counts = Counts(tmp_path, 1)
    counts.request("/", "", status, 1)
    assert _requests(_parsed(exposition(counts, Snapshot(tmp_path / "none"), tmp_path / "none"))) == {("guide", "none", outcome): 1}


def test_the_time_lies_in_the_bucket_that_holds_it(tmp_path: Path) -> None:
    """A bound belongs to its bucket (le: less or equal)."""
    counts = Counts(tmp_path, 1)
    for bound in BOUNDS:
        counts.request("/", "", "200 OK", round(bound * 1e9))
        counts.request("/", "", "200 OK", round(bound * 1e9) + 1)
    samples = _parsed(exposition(counts, Snapshot(tmp_path / "none"), tmp_path / "none"))
    for i, bound in enumerate(BOUNDS):
        assert samples["request_duration_seconds_bucket", (("format", "guide"), ("le", f"{bound:g}"))] == 2 * i + 1
    assert samples["request_duration_seconds_bucket", (("format", "guide"), ("le", "+Inf"))] == 2 * len(BOUNDS)
    assert samples["request_duration_seconds_sum", (("format", "guide"),)] == pytest.approx(2 * sum(BOUNDS), rel=1e-6)


@given(st.lists(st.tuples(st.text(), st.text(), st.text(max_size=5), st.integers(0, 1 << 40)), max_size=20))
def test_whatever_is_asked_is_counted_under_words_of_ours(asked: list[tuple[str, str, str, int]]) -> None:
    """Nobody makes a label."""
    counts = Counts(NOWHERE, 1)
    for path, agent, status, spent in asked:
        counts.request(path, agent, status, spent)
    counted = _requests(_parsed(exposition(counts, Snapshot(NOWHERE), NOWHERE)))
    assert sum(counted.values()) == len(asked)
    for kind, client, outcome in counted:
        assert kind in FORMATS
        assert client in FAMILIES
        assert outcome in OUTCOMES


def test_nobody_makes_us_remember_without_end() -> None:
    """Clients that call themselves something else each time are counted all the same."""
    counts = Counts(NOWHERE, 1)
    for i in range(2_000):
        counts.request("/", f"Agent {i}", "200 OK", 1)
        counts.request("/", "x" * 300 + str(i), f"{i:04} OK", 1)
    assert sum(_requests(_parsed(exposition(counts, Snapshot(NOWHERE), NOWHERE))).values()) == 4_000
    assert len(counts._families) <= 512
    assert len(counts._outcomes) <= 1_000


def test_checks_that_visitors_start_are_counted(tmp_path: Path) -> None:
    """By how they end."""
    counts = Counts(tmp_path, 1)
    counts.check("broken")
    counts.check("broken")
    counts.check("busy")
    samples = _parsed(exposition(counts, Snapshot(tmp_path / "none"), tmp_path / "none"))
    told = {dict(pairs)["outcome"]: value for (name, pairs), value in samples.items() if name == "live_checks_total"}
    assert told == dict.fromkeys(CHECKS, 0) | {"broken": 2, "busy": 1}
    with pytest.raises(ValueError, match="not in"):
        counts.check("other")


def test_every_end_of_a_live_check_can_be_counted() -> None:
    """Its own words, and that it could not begin."""
    assert set(CHECKS) == {outcome.value for outcome in Outcome} | {"busy"}


def test_a_live_check_that_cannot_begin_is_counted(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """And told with its reason."""
    folder = Path(app.instance_path) / "livecheck"
    folder.mkdir()
    slots = [(folder / f"slot-{number}").open("wb") for number in range(SLOTS)]
    try:
        for slot in slots:
            fcntl.flock(slot, fcntl.LOCK_EX)
        assert app.test_client().post("/guide/kund.se/test", headers={"Host": OWN}).status_code == 503
    finally:
        for slot in slots:
            slot.close()
    samples = _metrics(app)
    assert samples["live_checks_total", (("outcome", "busy"),)] == 1
    assert [key for key in _requests(samples) if key[0] == "guide"] == [("guide", "other", "error")]
    assert "request failed: many tests are running right now" in caplog.messages


def test_settings_and_database_are_told(app: Flask) -> None:
    """Revision, domains and age, and what the follower knows."""
    now = time.time()
    path = Path(app.instance_path) / "run" / "follower.json"
    samples = _metrics(app)
    assert samples["snapshot_readable", ()] == 1
    assert samples["settings_revision", ()] == 1
    assert samples["settings_domains", ()] == 9
    assert now - 3600 < samples["settings_changed_timestamp_seconds", ()] < now + 60
    assert samples["follower_up", ()] == 0
    assert ("database_reachable", ()) not in samples
    tell = Teller(path, lambda: now)
    tell(1, True)
    samples = _metrics(app)
    assert samples["follower_up", ()] == samples["database_reachable", ()] == 1
    assert 0 <= samples["settings_age_seconds", ()] < 60
    assert samples["database_since_timestamp_seconds", ()] == pytest.approx(now, abs=0.001)
    tell(None, False)
    assert _metrics(app)["database_reachable", ()] == 0
    Teller(path, lambda: now - SILENT_SECONDS - 60)(1, True)
    samples = _metrics(app)
    assert samples["follower_up", ()] == 0
    assert samples["settings_age_seconds", ()] > SILENT_SECONDS
    assert ("database_reachable", ()) not in samples


@pytest.mark.parametrize("content", [None, b"", b"rubbish" * 1000])
def test_metrics_answer_without_a_snapshot(app: Flask, content: bytes | None) -> None:
    """That is when they are needed."""
    path = Path(app.instance_path) / "snapshot.mdb"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    samples = _metrics(app)
    assert samples["snapshot_readable", ()] == 0
    assert ("settings_revision", ()) not in samples


def test_metrics_answer_where_nothing_can_be_shared(config: Config, tmp_path: Path) -> None:
    """What this worker counted, and that it is only this one's."""
    app = create_app(replace(config, instance=tmp_path / "missing"))
    app.test_client().get("/healthz")
    samples = _metrics(app)
    assert samples["counts_shared", ()] == 0
    assert samples["request_duration_seconds_count", (("format", "health"),)] == 1
    assert ("workers", ()) not in samples


def test_nothing_of_who_asks_is_in_the_page(app: Flask) -> None:
    """No address, no domain, no word of theirs."""
    client = app.test_client()
    for path in ("/mail/config-v1.1.xml?emailaddress=anna@kund.se", "/guide/kund.se", "/anna", '/"} 1\nforged 1'):
        client.get(path, headers={"Host": "autoconfig.kund.se", "User-Agent": 'anna"} 1'})
    page = client.get("/metrics").text
    for word in ("anna", "kund", "forged"):
        assert word not in page


# --- over the real service ---------------------------------------------------------------------------------------------------------


def _scrape(url: str) -> Samples:
    status, content = get(url + "/metrics", **{"User-Agent": "Prometheus/3"})
    assert status == 200
    return _parsed(content.decode())


def _asked(samples: Samples) -> int:
    return _requests(samples).get(("mozilla", "thunderbird", "ours"), 0)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Path]:
    assert run("import", str(SAMPLE), instance=tmp_path).returncode == 0
    return tmp_path


@pytest.mark.slow
def test_a_service_tells_the_sum_of_its_workers_and_loses_none(instance: Path) -> None:
    """Whichever worker is asked; when one is killed or all are replaced nothing goes back; the next service begins at zero."""
    question = "/mail/config-v1.1.xml?emailaddress=anna@kund.se"

    def ask(url: str, times: int) -> None:
        for _ in range(times):
            assert get(url + question, **{"User-Agent": "Thunderbird/128.0"})[0] == 200

    with service(instance, workers=2) as running:
        while len(running.workers()) < 2:
            time.sleep(0.05)
        ask(running.url, 60)
        seen = [_scrape(running.url) for _ in range(20)]
        assert {_asked(samples) for samples in seen} == {60}
        assert seen[-1]["workers", ()] == 2
        assert seen[-1]["worker_starts_total", ()] == 2
        assert all(value > 1e6 for (name, _), value in seen[-1].items() if name in ("worker_own_bytes", "worker_resident_bytes"))
        os.kill(running.workers()[0], signal.SIGKILL)
        while len(running.workers()) < 2:
            time.sleep(0.05)
        ask(running.url, 40)
        deadline = time.monotonic() + 20
        while _scrape(running.url)["worker_starts_total", ()] < 3:
            assert time.monotonic() < deadline
        assert _asked(_scrape(running.url)) == 100
        running.process.send_signal(signal.SIGHUP)
        while "the configuration was read again" not in running.said():
            time.sleep(0.05)
        ask(running.url, 20)
        assert _asked(_scrape(running.url)) == 120
        assert len(list((instance / "run").glob("counters-*"))) <= 4
    with service(instance, workers=2) as running:
        assert _asked(_scrape(running.url)) == 0

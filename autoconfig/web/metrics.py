"""What is counted, and how it is told to Prometheus (text exposition format 0.0.4). Labels are the words below, and nothing else.

Never an address, a domain or a word of whoever asks: this page tells nothing about customers, and nobody can make it grow.
"""

from __future__ import annotations

import platform
import re
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from itertools import accumulate
from pathlib import Path

from flask import Blueprint, Response

from autoconfig.errors import SnapshotError
from autoconfig.store import state
from autoconfig.store.snapshot import Snapshot
from autoconfig.web.answers import passing
from autoconfig.web.autodiscover import JSON_PATH, XML_PATH
from autoconfig.web.cells import Cells, Sums, number_of, service_of_parent

TEXT = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "autoconfig_"

FORMATS = (
    "mozilla",
    "autodiscover-xml",
    "autodiscover-json",
    "pacc",
    "apple",
    "guide",
    "wellknown",
    "tls-allowed",
    "static",
    "health",
    "other",
)
OUTCOMES = ("ours", "not-ours", "bad", "redirect", "unchanged", "limited", "error")
# How a live check that was asked for from a guide ended; "busy": it could not begin, because too many were under way.
CHECKS = ("well", "care", "partly", "broken", "unknown", "failed", "busy")
# Seconds. The hottest answers take some ten microseconds, pages some milliseconds, and nothing should take longer than a moment.
BOUNDS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_PATHS = {
    "/mail/config-v1.1.xml": "mozilla",
    "/.well-known/autoconfig/mail/config-v1.1.xml": "mozilla",
    XML_PATH: "autodiscover-xml",
    JSON_PATH: "autodiscover-json",
    "/.well-known/user-agent-configuration.json": "pacc",
    "/email.mobileconfig": "apple",
    "/": "guide",
    "/.well-known/caldav": "wellknown",
    "/.well-known/carddav": "wellknown",
    "/.well-known/jmap": "wellknown",
    "/tls/allowed": "tls-allowed",
    "/healthz": "health",
    "/readyz": "health",
    "/metrics": "health",
}
_BEGINNINGS = (
    (JSON_PATH + "/", "autodiscover-json"),
    ("/guide/", "guide"),
    ("/static/", "static"),
    ("/brand/", "static"),
    ("/.well-known/caldav/", "wellknown"),
    ("/.well-known/carddav/", "wellknown"),
    ("/.well-known/jmap/", "wellknown"),
)
_ANY_CASE = "/autodiscover/"  # what begins so is asked for in any letter case

# Who asks, as it calls itself (RFC 9110, 10.1.5): the first that is found decides. A new client is a line here.
CLIENTS = (
    ("check", re.compile(r"\Aautoconfig/")),  # our own checks
    ("k9", re.compile(r"K-9|Thunderbird.{0,40}Android|Android.{0,80}Thunderbird|\Aokhttp/", re.IGNORECASE)),
    ("thunderbird", re.compile(r"Thunderbird/|Betterbird/|Icedove/")),
    ("outlook", re.compile(r"Outlook|Microsoft Office|AutoDetect|Autodiscover|WinHttp|\bMSIE\b.{0,200}ms-office", re.IGNORECASE)),
    ("deltachat", re.compile(r"Delta ?Chat|ArcaneChat", re.IGNORECASE)),
    ("evolution", re.compile(r"Evolution", re.IGNORECASE)),
    ("geary", re.compile(r"Geary", re.IGNORECASE)),
    ("kmail", re.compile(r"KMail|Kontact|Akonadi|\bKIO\b|Konqueror", re.IGNORECASE)),
    ("nextcloud", re.compile(r"Nextcloud", re.IGNORECASE)),
    ("fairemail", re.compile(r"FairEmail", re.IGNORECASE)),
    ("emclient", re.compile(r"eM ?Client", re.IGNORECASE)),
    ("apple", re.compile(r"CFNetwork/|Darwin/|dataaccessd|accountsd|\AApple-|\AMac OS X/|\AiOS/")),
    ("probe", re.compile(r"Prometheus|kube-probe|HealthCheck|check_http|Uptime|Blackbox|Pingdom|\ACaddy", re.IGNORECASE)),
    ("tool", re.compile(r"\A(?:curl|Wget|python|Go-http-client|libwww|Java|axios|node|ApacheBench|wrk)", re.IGNORECASE)),
    ("browser", re.compile(r"\AMozilla/5\.0 .*(?:Firefox/|Chrome/|Safari/|Edg)|\AOpera/")),
)
FAMILIES = (*(name for name, _ in CLIENTS), "none", "other")
_LOOKED_AT = 256  # characters of a User-Agent
_REMEMBERED = 512  # different ones, so that the usual are looked at once

# What lies where in the cells: requests by format, family and outcome; of each format the histogram, then nanoseconds in all; checks.
_PER_FORMAT = len(FAMILIES) * len(OUTCOMES)
_BUCKETS = len(FORMATS) * _PER_FORMAT
_PER_HISTOGRAM = len(BOUNDS) + 1
_SPENT = _BUCKETS + len(FORMATS) * _PER_HISTOGRAM
_CHECKS = _SPENT + len(FORMATS)
_SIZE = _CHECKS + len(CHECKS)
_LAYOUT = number_of(repr((FORMATS, FAMILIES, OUTCOMES, BOUNDS, CHECKS)).encode())

_FORMAT_OF = {path: FORMATS.index(name) for path, name in _PATHS.items()}
_BOUNDS_NS = tuple(round(bound * 1e9) for bound in BOUNDS)
_OUTCOME_OF = {"304": OUTCOMES.index("unchanged"), "404": OUTCOMES.index("not-ours"), "429": OUTCOMES.index("limited")}
_OUTCOME_OF_CLASS = {"2": "ours", "3": "redirect", "4": "bad"}


class Counts:
    """Counts what this worker does, where all workers can sum it up."""

    def __init__(self, folder: Path, service: int | None = None) -> None:
        self._cells = Cells(folder, _SIZE, _LAYOUT, service_of_parent() if service is None else service)
        self._families: dict[str, int] = {}
        self._outcomes = dict(_OUTCOME_OF)

    def request(self, path: str, agent: str, status: str, spent: int) -> None:
        """Count a request for *path* of *agent* (User-Agent), answered with *status* ("404 NOT FOUND") after *spent* nanoseconds."""
        cells = self._cells.own
        if cells is None:
            cells = self._cells.open()
        kind = _FORMAT_OF.get(path)
        if kind is None:
            kind = format_of(path)
        family = self._families.get(agent)
        if family is None:
            family = self._family(agent)
        outcome = self._outcomes.get(status[:3])
        if outcome is None:
            outcome = self._outcome(status)
        cells[kind * _PER_FORMAT + family * len(OUTCOMES) + outcome] += 1
        cells[_BUCKETS + kind * _PER_HISTOGRAM + bisect_left(_BOUNDS_NS, spent)] += 1
        cells[_SPENT + kind] += spent

    def check(self, outcome: str) -> None:
        """Count a live check that ended with *outcome*, one of CHECKS."""
        (self._cells.own or self._cells.open())[_CHECKS + CHECKS.index(outcome)] += 1

    def sums(self) -> Sums:
        """Return what all workers counted."""
        return self._cells.sums()

    def _family(self, agent: str) -> int:
        if len(self._families) >= _REMEMBERED:
            self._families.clear()
        found = FAMILIES.index(family_of(agent))
        if len(agent) <= _LOOKED_AT:
            self._families[agent] = found
        return found

    def _outcome(self, status: str) -> int:
        code = status[:3]
        found = OUTCOMES.index(_OUTCOME_OF_CLASS.get(code[:1], "error"))
        if code.isdigit():
            self._outcomes[code] = found
        return found


def format_of(path: str) -> int:
    """Return which of FORMATS *path* asks for."""
    if path[: len(_ANY_CASE)].lower() == _ANY_CASE:
        path = path[: len(JSON_PATH) + 1].lower()
    known = _FORMAT_OF.get(path)
    if known is not None:
        return known
    return FORMATS.index(next((name for beginning, name in _BEGINNINGS if path.startswith(beginning)), "other"))


def family_of(agent: str) -> str:
    """Return which of FAMILIES calls itself *agent*."""
    looked_at = agent[:_LOOKED_AT]
    return next((name for name, sign in CLIENTS if sign.search(looked_at)), "other") if looked_at else "none"


# --- telling -----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Metric:
    """What is told under one name."""

    name: str
    kind: str
    help: str


METRICS = (
    Metric("requests_total", "counter", "Requests answered."),
    Metric("request_duration_seconds", "histogram", "Time until the answer was ready to be sent."),
    Metric("live_checks_total", "counter", "Live checks that were asked for from a guide, by how they ended."),
    Metric("workers", "gauge", "Workers that live and have answered something."),
    Metric("worker_starts_total", "counter", "Workers that have begun to answer since the service was started."),
    Metric("worker_start_time_seconds", "gauge", "When the worker began, as Unix time."),
    Metric("worker_resident_bytes", "gauge", "Memory of the worker, with what it shares with others."),
    Metric("worker_own_bytes", "gauge", "Memory of the worker alone."),
    Metric("counts_shared", "gauge", "Whether the counts are those of all workers (1), or of the one that answers (0)."),
    Metric("snapshot_readable", "gauge", "Whether the snapshot can be read (1); without it nothing can be answered (0)."),
    Metric("settings_revision", "gauge", "The revision of the settings that are served."),
    Metric("settings_domains", "gauge", "Domains that are listed, the suspended ones too."),
    Metric("settings_changed_timestamp_seconds", "gauge", "When the settings that are served last changed, as Unix time."),
    Metric("settings_age_seconds", "gauge", "Time since the settings that are served were known to be those of the database."),
    Metric("follower_up", "gauge", "Whether the process that follows the database was heard in the last half minute."),
    Metric("follower_start_time_seconds", "gauge", "When the follower began, as Unix time."),
    Metric("database_reachable", "gauge", "Whether the database can be reached, as far as the follower told."),
    Metric("database_since_timestamp_seconds", "gauge", "Since when the database can be reached, or cannot, as Unix time."),
    Metric("build_info", "gauge", "Always 1; the versions are in the labels."),
)

Sample = tuple[str, float]  # what stands behind the metric's name, and the value


def blueprint(counts: Counts, snapshot: Snapshot, state_path: Path) -> Blueprint:
    """Return /metrics, for a Prometheus inside."""
    routes = Blueprint("metrics", __name__)

    def metrics() -> Response:
        return passing(exposition(counts, snapshot, state_path).encode(), TEXT)

    routes.add_url_rule("/metrics", view_func=metrics, methods=["GET"])
    return routes


def exposition(counts: Counts, snapshot: Snapshot, state_path: Path) -> str:
    """Return the page. What cannot be found out is left out; nothing makes it fail."""
    sums = counts.sums()
    samples: dict[str, Iterable[Sample]] = {
        **_requests(sums.cells),
        **_workers(sums),
        **_settings(snapshot),
        **_follower(state.read(state_path), time.time()),
        "build_info": [(f'{{version="{_version()}",python="{platform.python_version()}"}}', 1)],
    }
    lines = []
    for metric in METRICS:
        name = PREFIX + metric.name
        lines += [f"# HELP {name} {metric.help}", f"# TYPE {name} {metric.kind}"]
        lines += [f"{name}{rest} {_shown(value)}" for rest, value in samples.get(metric.name, ())]
    return "\n".join(lines) + "\n"


def _requests(cells: list[int]) -> dict[str, Iterable[Sample]]:
    return {
        "requests_total": _counted(cells),
        "request_duration_seconds": _durations(cells),
        "live_checks_total": [(f'{{outcome="{name}"}}', cells[_CHECKS + i]) for i, name in enumerate(CHECKS)],
    }


def _counted(cells: list[int]) -> Iterator[Sample]:
    i = 0
    for kind in FORMATS:
        for family in FAMILIES:
            for outcome in OUTCOMES:
                # The first error must be seen as a change from none; of the rest only what happens is told.
                if cells[i] or outcome == "error":
                    yield f'{{format="{kind}",client="{family}",outcome="{outcome}"}}', cells[i]
                i += 1


def _durations(cells: list[int]) -> Iterator[Sample]:
    for i, kind in enumerate(FORMATS):
        first = _BUCKETS + i * _PER_HISTOGRAM
        numbers = list(accumulate(cells[first : first + _PER_HISTOGRAM]))
        for bound, number in zip((*(f"{bound:g}" for bound in BOUNDS), "+Inf"), numbers, strict=True):
            yield f'_bucket{{format="{kind}",le="{bound}"}}', number
        yield f'_sum{{format="{kind}"}}', cells[_SPENT + i] / 1e9
        yield f'_count{{format="{kind}"}}', numbers[-1]


def _workers(sums: Sums) -> dict[str, Iterable[Sample]]:
    memory = [(f'{{worker="{worker.number}"}}', _memory(worker.pid)) for worker in sums.workers]
    return {
        "workers": [("", len(sums.workers))] if sums.is_shared else (),
        "worker_starts_total": [("", sums.starts)],
        "worker_start_time_seconds": [(f'{{worker="{worker.number}"}}', worker.started) for worker in sums.workers],
        "worker_resident_bytes": [(labels, found[0]) for labels, found in memory if found],
        "worker_own_bytes": [(labels, found[1]) for labels, found in memory if found],
        "counts_shared": [("", int(sums.is_shared))],
    }


def _memory(pid: int) -> tuple[int, int] | None:
    """Return how many octets the process holds in all, and for itself alone; None where this system does not tell."""
    with suppress(OSError, IndexError, ValueError):
        fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines() if ":" in line)
        if "VmRSS" in fields and "RssAnon" in fields:
            return int(fields["VmRSS"].split()[0]) * 1024, int(fields["RssAnon"].split()[0]) * 1024
    return None


def _settings(snapshot: Snapshot) -> dict[str, Iterable[Sample]]:
    try:
        told = snapshot.shown()
    except SnapshotError:
        return {"snapshot_readable": [("", 0)]}
    return {
        "snapshot_readable": [("", 1)],
        "settings_revision": [("", told.mark.revision)],
        "settings_domains": [("", told.domains)],
        "settings_changed_timestamp_seconds": [("", told.changed)] if told.changed is not None else (),
    }


def _follower(told: state.State | None, now: float) -> dict[str, Iterable[Sample]]:
    if told is None:
        return {"follower_up": [("", 0)]}
    found: dict[str, Iterable[Sample]] = {"follower_start_time_seconds": [("", told.started)]}
    if told.success:
        found["settings_age_seconds"] = [("", max(0.0, now - told.success))]
    if told.is_silent(now):
        return found | {"follower_up": [("", 0)]}
    return found | {
        "follower_up": [("", 1)],
        "database_reachable": [("", int(told.is_reachable))],
        "database_since_timestamp_seconds": [("", told.since)],
    }


def _shown(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6f}"  # to a microsecond; of a time, to what a clock knows


def _version() -> str:
    try:
        return re.sub(r"[^\w.+-]", "", metadata.version("autoconfig"))
    except metadata.PackageNotFoundError:
        return "unknown"

"""The rows of the benchmark that are about `autoconfig check`: a healthy domain 30 ms away, a dead one, a silent machine, a hundred."""

from __future__ import annotations

import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.lab import hosting, resolver
from tests.lab.ca import Authority, Certificate
from tests.lab.distance import TUN, Distance
from tests.lab.hosting import DOMAIN, SERVICE_NAME, Hosting, Scene
from tests.lab.network import PATH, Network, refusal
from tests.lab.postfix import PROGRAMS
from tests.lab.service import UPSTREAM, Service
from tests.lab.website import Site
from tests.lab.world import KARLAHOSTING, customers
from tests.lab.zones import Zone

Row = Callable[[str, str, str], None]

ROUND_TRIP = 0.03
RUNS = 5
HUNDRED = 100
_NEEDED = ("unshare", "nsenter", "ip", "knotd", "knotc", "unbound", "unbound-control", "nginx", "nft", "doveadm", "dovecot", *PROGRAMS)


def rows(row: Row) -> None:
    """Measure, and give each figure to *row*."""
    reason = _reason()
    if reason:
        row("check of a healthy domain, 30 ms away", "not measured", reason)
        return
    with tempfile.TemporaryDirectory() as folder, _place(Path(folder)) as place:
        place.serve(place.hosting.clean())
        healthy, _ = (_healthy(row, place, what, where) for what, where in (("known here", place.instance), ("of others", place.empty)))
        place.serve(hosting.no_domain(place.hosting.clean()))
        dead = statistics.median(_timed(lambda: place.check(place.instance)) for _ in range(RUNS))
        row("check of a domain that does not exist, start to exit", f"{dead * 1000:.0f} ms", "to reach: 1000 ms")
        silent = hosting.dead_mail_name(hosting.SILENT)(place.hosting.clean())
        place.serve(silent.with_records(f"autoconfig.{DOMAIN}", {"A": [hosting.SILENT], "AAAA": [hosting.SILENT_6]}))
        elapsed = place.elapsed(place.instance, "--deadline", "2")
        row(
            "silent machines for web and mail, --deadline 2",
            f"{elapsed * 1000:.0f} ms",
            f"{(elapsed - healthy) * 1000:.0f} ms more than a healthy domain; to reach: 2000 ms",
        )
        _hundred(row, place, Path(folder))


def _reason() -> str | None:
    """Tell why there is no lab here, None where there is."""
    missing = [program for program in _NEEDED if shutil.which(program, path=PATH) is None and not Path(program).is_file()]
    if missing:
        return f"not installed: {', '.join(missing)} (tests/lab/install.sh, as root)"
    return refusal() or (None if TUN.exists() else f"there is no {TUN}")


@dataclass
class _Place:
    """The lab, and the faraway place where the checks run."""

    hosting: Hosting
    distance: Distance
    instance: Path
    empty: Path
    facts: Path

    def serve(self, scene: Scene) -> None:
        """Make *scene* come true, with the resolver's first questions behind it."""
        self.hosting.serve(scene)
        self.check(self.instance)

    def check(self, instance: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `autoconfig check` on the domain."""
        return self.check_of((DOMAIN,), instance, *arguments)

    def check_of(self, domains: Sequence[str], instance: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `autoconfig check` on *domains*."""
        where = ("--resolver", resolver.ADDRESS, "--ca", str(self.hosting.authority.certificate), "--format", "json")
        code = "from autoconfig.cli import main; main()"
        command = (sys.executable, "-c", code, "--instance", str(instance), "check", *domains, *where, *arguments)
        return self.distance.try_to(*command, env={"LANG": "C.UTF-8"})

    def elapsed(self, instance: Path, *arguments: str) -> float:
        """Return the seconds that a check says it took."""
        report = json.loads(self.check(instance, *arguments).stdout)
        return float(report["elapsed_ms"]) / 1000

    def bare(self) -> float:
        """Return the seconds that the bare script takes for what the last check with facts asked."""
        command = (sys.executable, "-m", "tests.bare", str(self.facts), resolver.ADDRESS, str(self.hosting.authority.certificate))
        done = self.distance.try_to(*command, env={"LANG": "C.UTF-8"})
        assert not done.returncode, done.stderr
        return float(json.loads(done.stdout)["ms"]) / 1000


@contextmanager
def _place(folder: Path) -> Iterator[_Place]:
    with ExitStack() as stack:
        network = stack.enter_context(Network(folder))
        authorities = folder / "ca"
        authorities.mkdir()
        service = Service(network)
        host = Hosting(network, Authority(authorities), service, UPSTREAM)
        stack.callback(host.close)
        distance = stack.enter_context(Distance(network, ROUND_TRIP))
        empty = folder / "empty"
        empty.mkdir()
        yield _Place(host, distance, service.instance, empty, folder / "facts.json")


def _healthy(row: Row, place: _Place, what: str, instance: Path) -> float:
    """Measure the healthy domain beside the bare script, in turn; return the seconds that the check says it took."""
    place.check(instance, "--facts", str(place.facts))
    answers = json.loads(place.facts.read_text())["answers"]
    before = _processor()
    whole = statistics.median(_timed(lambda: place.check(instance)) for _ in range(RUNS))
    spent = (_processor() - before) / RUNS
    pairs = [(place.elapsed(instance), place.bare()) for _ in range(RUNS)]
    check, bare = (statistics.median(times) for times in zip(*pairs, strict=True))
    row(
        f"check of a healthy domain {what}, 30 ms away",
        f"{check * 1000:.0f} ms",
        f"{statistics.median(one / other for one, other in pairs):.2f} times a bare script ({bare * 1000:.0f} ms) for the same "
        f"{len(answers['connections'])} connections and {len(answers['responses'])} documents; to reach: 1.5",
    )
    row("  start to exit", f"{whole * 1000:.0f} ms", f"{spent * 1000:.0f} ms of processor")
    return check


def _hundred(row: Row, place: _Place, folder: Path) -> None:
    """Measure a hundred domains of one host in one call, beside one call each, and their delivery beside checkdmarc."""
    domains = [f"kund{i}.test" for i in range(HUNDRED)]
    place.hosting.serve(_together(place.hosting, domains))
    each = _timed(lambda: [place.check_of((domain,), place.instance) for domain in domains])
    done: list[subprocess.CompletedProcess[str]] = []
    whole = _timed(lambda: done.append(place.check_of(domains, place.instance)))
    found = sum(len(report["findings"]) for report in json.loads(done[0].stdout))
    row(
        f"check of {HUNDRED} domains of one host in one call, 30 ms away",
        f"{whole:.1f} s",
        f"{whole / each:.2f} of a shell loop of single checks ({each:.0f} s); {found} findings",
    )
    peer = _checkdmarc(folder)
    if peer is None:
        row("  their delivery alone", "not measured", "checkdmarc cannot be installed")
        return
    delivery = _timed(lambda: place.check_of(domains, place.instance, "--only", "deliverability"))
    command = (str(peer), *domains, "--nameserver", resolver.ADDRESS)
    done.clear()
    theirs = _timed(lambda: done.append(place.distance.try_to(*command, env={"LANG": "C.UTF-8"})))
    assert not done[0].returncode, done[0].stderr
    valid = sum(found["spf"]["valid"] for found in json.loads(done[0].stdout))
    row(
        "  their delivery alone",
        f"{delivery:.1f} s",
        f"{delivery / theirs:.2f} of checkdmarc ({theirs:.1f} s), which looks at no key, PTR or policy host; SPF valid for {valid}",
    )


def _together(host: Hosting, domains: Sequence[str]) -> Scene:
    """Return one scene with all *domains*, each as in the clean one."""
    scenes = [host.clean(domain) for domain in domains]
    first, zones, sites = scenes[0], dict[str, Zone](), dict[str, Site]()
    for scene in scenes:
        zones |= scene.zones
        for key, site in scene.sites.items():
            names = tuple(name for name in site.names if name != SERVICE_NAME)
            sites[f"{key} {scene.domain}"] = replace(site, names=names, certificate=Certificate(names))
    sites["service"] = Site((SERVICE_NAME,), Certificate((SERVICE_NAME,)))
    by_name = tuple(pair for scene in scenes for pair in scene.mailboxes.by_name)
    settings = KARLAHOSTING + customers(*domains)
    mailboxes, submission = replace(first.mailboxes, by_name=by_name), replace(first.submission, by_name=by_name)
    host.service.import_settings(settings)
    return replace(first, settings=settings, zones=zones, sites=sites, mailboxes=mailboxes, submission=submission)


def _checkdmarc(folder: Path) -> Path | None:
    """Install the peer into a folder of its own, and return its command; None where that fails."""
    place = folder / "checkdmarc"
    for command in ((sys.executable, "-m", "venv", place), (place / "bin" / "pip", "install", "-q", "checkdmarc")):
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return None
    return place / "bin" / "checkdmarc"


def _timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

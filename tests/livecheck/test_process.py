"""The real process: what it finds, that it asks no private address, and that it ends, whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from autoconfig.address import Domain
from autoconfig.config import Config
from autoconfig.findings import Group
from autoconfig.livecheck.desk import LIMIT, Desk, Order, starting
from autoconfig.livecheck.state import Health, Outcome, State
from autoconfig.store.exchange.toml import read_toml
from autoconfig.store.follow import catch_up
from autoconfig.store.store import open_store
from tests.faulty import Fault, Faulty, Service, root_pem
from tests.running import get, run, serving
from tests.zones import Table, served_beside

pytestmark = [pytest.mark.slow, pytest.mark.alone]

KUND = Domain.parse("kund.test")
GOOD = "good.other.test"
SETTINGS = """
[[provider]]
id = "host"
name = "The Host"
short_name = "Host"

[[provider.account]]
protocol = "imap"
incoming = {{ host = "good.other.test", port = {imaps}, tls = "implicit" }}
outgoing = {{ host = "good.other.test", port = {submissions}, tls = "implicit" }}

[[provider.account]]
protocol = "pop3"
incoming = {{ host = "{pop_host}", port = {pop3s}, tls = "implicit" }}
outgoing = {{ host = "good.other.test", port = {submissions}, tls = "implicit" }}

[[domain]]
name = "kund.test"
provider = "host"
"""


class Host:
    """An installation, its mail servers with one *fault* in that for POP, and its name server."""

    def __init__(self, folder: Path, fault: Fault | None, stack: ExitStack) -> None:
        def start(service: Service, name: str | None, fault: Fault | None = None) -> Faulty:
            return stack.enter_context(Faulty(service, fault, name=name, addresses=("127.0.0.1",)))

        self.pop = start(Service.POP3S, None if fault else GOOD, fault)
        self.servers = [start(Service.IMAPS, GOOD), start(Service.SUBMISSIONS, GOOD), self.pop]
        names: dict[str, int | str] = {str(server.service): server.port for server in self.servers}
        table: Table = {
            "kund.test": {"A": ["127.0.0.1"], "MX": ["0 ."]},
            GOOD: {"A": ["127.0.0.1"]},
            self.pop.name: {"A": ["127.0.0.1"]},
            "server7.host.test": {"A": ["127.0.0.1"]},
        }
        self.resolver = stack.enter_context(served_beside(table)).address
        self.ca = folder / "ca.pem"
        self.ca.write_text(root_pem())
        config = Config(folder, f"sqlite:///{folder}/autoconfig.db")
        with open_store(config.database_url) as store:
            store.make_ready()
            store.import_settings(read_toml(SETTINGS.format(**names, pop_host=self.pop.name)))
            catch_up(store, config.snapshot_path)
        self.snapshot = config.snapshot_path
        self.folder = folder / "livecheck"
        self.heard: list[str] = []
        self.told = threading.Event()

    def hear(self, outcome: str) -> None:
        """Take down how a run ended."""
        self.heard.append(outcome)
        self.told.set()

    def desk(self, *command: str, limit: float = 30.0) -> Desk:
        """Where runs are begun with *command*."""
        start = starting(command)
        return Desk(self.folder, self.snapshot, None, ("en",), start, self.hear, limit)

    def run(self, policy: str) -> tuple[State, list[State]]:
        """Return how a run in our world ends, and what it showed before."""
        desk = self.desk(sys.executable, "-m", "tests.livecheck.loopback", policy, str(self.resolver[1]), str(self.ca))
        desk.begin(KUND)
        seen: list[State] = []
        until = time.monotonic() + 40
        while time.monotonic() < until:
            state = desk.look(KUND)
            assert state is not None
            if state.answer is not None:
                assert self.told.wait(20)
                return state, seen
            seen.append(state)
            time.sleep(0.02)
        raise AssertionError("no answer")


@contextmanager
def host(folder: Path, fault: Fault | None = None) -> Iterator[Host]:
    """Set one up."""
    with ExitStack() as stack:
        yield Host(folder, fault, stack)


def test_a_domain_whose_servers_are_well(tmp_path: Path) -> None:
    """Both ways work, its steps were told on the way, and nothing but the answer and the slot is left."""
    with host(tmp_path) as made:
        state, seen = made.run("any")
    assert state.answer is not None
    assert [way.health for way in state.answer.ways] == [Health.WORKS, Health.WORKS]
    assert state.answer.outcome in (Outcome.WELL, Outcome.CARE)  # its DNS has nothing beside the servers
    assert any(state.steps for state in seen)
    assert set(state.steps) == set(Group) - {Group.SUBMISSION, Group.CLIENTS}
    assert made.heard == [state.answer.outcome]
    assert sorted(path.suffix for path in made.folder.iterdir()) == ["", ".json"]


def test_a_fault_of_one_server_is_told_and_the_other_way_works(tmp_path: Path) -> None:
    """The classic: the machine's own certificate at the customer's name."""
    with host(tmp_path, Fault.CERT_SERVER_NAME) as made:
        state, _ = made.run("any")
    assert state.answer is not None
    assert state.answer.outcome is Outcome.PARTLY
    assert {way.protocol: way.health for way in state.answer.ways} == {"imap": Health.WORKS, "pop3": Health.BROKEN}
    found = {item.code: item for item in state.answer.items}
    assert found.keys() & {"CERT_SERVER_NAME", "CERT_NAME_MISMATCH"}
    assert made.pop.name in next(item for code, item in found.items() if code.startswith("CERT_")).said["en"].message


def test_a_stranger_has_nothing_private_looked_at(tmp_path: Path) -> None:
    """With the policy of the service, not one connection is made, and we say that we could not tell."""
    with host(tmp_path) as made:
        before = [server.connections for server in made.servers]
        state, _ = made.run("public")
        assert [server.connections for server in made.servers] == before == [0, 0, 0]
    assert state.answer is not None
    assert {way.health for way in state.answer.ways} == {Health.UNKNOWN}
    assert state.answer.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("what", "limit"),
    [
        ("raise SystemExit(3)", 30.0),
        (f"import os, signal; os.kill(os.getpid(), signal.{signal.SIGKILL.name})", 30.0),
        ("import time; time.sleep(60)", 0.5),
    ],
    ids=["ends", "is killed", "hangs"],
)
def test_a_process_that_says_nothing_is_a_failure_of_ours(tmp_path: Path, what: str, limit: float) -> None:
    """And its slot is free again."""
    with host(tmp_path) as made:
        desk = made.desk(sys.executable, "-c", what, limit=limit)
        desk.begin(KUND)
        assert made.told.wait(10)
        state = desk.look(KUND)
        assert state is not None
        assert state.answer is not None
        assert state.answer.outcome is Outcome.FAILED
        made.told.clear()
        assert desk.begin(KUND).run != state.run
        assert made.told.wait(10)
    assert made.heard == ["failed", "failed"]


_BOUND = """
import os, resource
from autoconfig.livecheck.__main__ import bound
bound(1.0)
assert os.nice(0) == 10 + BEFORE
try:
    bytearray(600 * 1024 * 1024)
except MemoryError:
    print("bounded", flush=True)
while True:
    pass
"""


def test_the_process_bounds_itself() -> None:
    """Priority, memory and time, also where nobody is left to end it."""
    code = _BOUND.replace("BEFORE", str(os.nice(0)))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False)
    assert (done.stdout, done.stderr) == ("bounded\n", "")
    assert done.returncode == -signal.SIGALRM


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two processors")
def test_the_process_runs_on_any_processor() -> None:
    """Although the thread that starts it is one of a worker's, which keep to some."""
    code = "import os; from autoconfig.livecheck.__main__ import bound; bound(); print(len(os.sched_getaffinity(0)))"
    told: list[str] = []

    def worker() -> None:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        told.append(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True).stdout)

    thread = threading.Thread(target=worker)
    thread.start()
    thread.join()
    assert told == [f"{len(os.sched_getaffinity(0))}\n"]


def test_the_process_knows_no_database(tmp_path: Path) -> None:
    """Nothing that is said to the service alone is handed on."""
    said = tmp_path / "said"
    code = f"import os, sys; open({str(said)!r}, 'w').write(chr(10).join(os.environ) + sys.argv[1])"
    start = starting([sys.executable, "-c", code], {"PATH": "/bin", "AUTOCONFIG_DATABASE_URL": "x", "AUTOCONFIG_PASSWORD": "y"})
    order = Order(str(tmp_path / "file"), "run", "kund.test", 1.0, str(tmp_path / "snapshot.mdb"), None, ("en",))
    with (tmp_path / "slot").open("w") as slot:
        assert start(order, slot.fileno()).wait() == 0
    assert "PATH" in said.read_text()
    assert "AUTOCONFIG" not in said.read_text()
    assert Order.from_json(order.to_json()) == order


def test_every_worker_of_the_service_shows_the_one_run(tmp_path: Path) -> None:
    """Through the real service; whatever the world says of a domain that cannot be, it is told, within the time."""
    settings = SETTINGS.format(imaps=993, submissions=465, pop3s=995, pop_host="mail.%EMAILDOMAIN%")
    assert run("import", "-", instance=tmp_path, stdin=settings).returncode == 0
    with serving(tmp_path) as url:
        began = time.monotonic()
        request = urllib.request.Request(f"{url}/guide/kund.test/test?lang=en", method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            page = answer.read().decode()
        while 'data-state="done"' not in page:
            assert 'data-state="running"' in page
            assert time.monotonic() < began + LIMIT + 5
            time.sleep(0.05)
            page = get(f"{url}/guide/kund.test/test?lang=en")[1].decode()
        # A connection each, so that both workers have been asked.
        pages = {get(f"{url}/guide/kund.test/test?lang=en")[1] for _ in range(20)}
    assert pages == {page.encode()}
    assert 'class="verdict failed"' not in page

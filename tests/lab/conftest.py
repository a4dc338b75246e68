"""The lab's servers and clients as fixtures, each started once, and the rule for what is missing.

A test whose programs are missing is skipped with a line that says which; with CI=true it fails.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from . import deltachat as deltachat_program
from . import evolution as evolution_program
from . import pictures
from . import postfix as postfix_program
from . import thunderbird as thunderbird_program
from .ca import Authority
from .caddy import Caddy
from .deltachat import DeltaChat
from .evolution import Evolution
from .hosting import Hosting
from .mailserver import MailServer
from .nameserver import NameServer
from .network import PATH, Network, refusal, tail
from .service import UPSTREAM, Service
from .thunderbird import Thunderbird
from .webfront import WebFront
from .world import HOST, World

_network = pytest.StashKey[Network]()


def _do_without(reason: str) -> None:
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


def _need(*programs: str) -> None:
    """Skip the test, or fail it where CI=true, when one of *programs* is not installed."""
    missing = [program for program in programs if shutil.which(program, path=PATH) is None and not Path(program).is_file()]
    if missing:
        _do_without(f"not installed: {', '.join(missing)} (tests/lab/install.sh, as root)")


@pytest.fixture(scope="session")
def network(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """The lab's network; its directory keeps every log."""
    _need("unshare", "nsenter", "ip")
    reason = refusal()
    if reason:
        _do_without(f"no network namespace: {reason}")
    with Network(tmp_path_factory.mktemp("lab")) as network:
        request.session.stash[_network] = network
        yield network


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The certificate authority that the lab's clients trust."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def name_server(network: Network) -> NameServer:
    """The name server, empty at first."""
    _need("knotd", "knotc")
    return NameServer(network)


@pytest.fixture(scope="session")
def service(network: Network) -> Service:
    """`autoconfig serve`, with nothing in its store at first."""
    return Service(network)


@pytest.fixture(scope="session")
def web_front(network: Network) -> WebFront:
    """nginx in front of the service, with no sites at first."""
    _need("nginx")
    return WebFront(network, UPSTREAM)


@pytest.fixture(scope="session")
def caddy(network: Network, service: Service) -> Caddy:
    """Caddy in front of the service, as the README has it."""
    _need("caddy")
    return Caddy(network)


@pytest.fixture(scope="session")
def world(name_server: NameServer, service: Service, web_front: WebFront) -> World:
    """The mail host and its customers, none at first."""
    return World(name_server, web_front)


@pytest.fixture(scope="session")
def mail_server(network: Network, authority: Authority) -> MailServer:
    """The mail host's server."""
    return MailServer(network, authority.issue(HOST))


@pytest.fixture(scope="session")
def thunderbird(network: Network, authority: Authority) -> Iterator[Thunderbird]:
    """A Thunderbird for all cases in which no host's certificate changes."""
    _need(*thunderbird_program.PROGRAMS)
    with Thunderbird(network, authority.certificate) as thunderbird:
        yield thunderbird


@pytest.fixture(scope="session")
def account_hub() -> None:
    """What pictures of Thunderbird need: both languages, and what cuts them out."""
    _need(*pictures.PROGRAMS)


@pytest.fixture(scope="session")
def deltachat(network: Network, mail_server: MailServer) -> DeltaChat:
    """Delta Chat core, which logs in at the mail server."""
    if deltachat_program.program() is None:
        _do_without("not installed: deltachat-rpc-server (pip install --group test)")
    return DeltaChat(network, mail_server)


@pytest.fixture(scope="session")
def evolution(network: Network, authority: Authority) -> Evolution:
    """Evolution's discovery."""
    _need(*evolution_program.PROGRAMS, *map(str, evolution_program.FILES))
    return Evolution(network, authority.certificate)


@pytest.fixture(scope="session")
def hosting(network: Network, authority: Authority, service: Service) -> Iterator[Hosting]:
    """The mail host with real servers, which serves nothing until it is told a scene."""
    _need("knotd", "knotc", "unbound", "unbound-control", "nginx", "nft", "doveadm", "dovecot", *postfix_program.PROGRAMS)
    hosting = Hosting(network, authority, service, UPSTREAM)
    yield hosting
    hosting.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of every program's log beside a failure."""
    report = yield
    network = item.session.stash.get(_network, None)
    if report.failed and network is not None:
        report.sections += [(f"lab: {log}", tail(log)) for log in sorted(network.logs.iterdir())]
    return report

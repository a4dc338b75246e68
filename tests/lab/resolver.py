"""The resolver that mail programs and checks ask: Unbound, which begins at the lab's root, validates, and remembers."""

from __future__ import annotations

from .network import Network
from .zones import Zones

ADDRESS = "198.51.100.54"

_CONFIGURATION = """\
server:
    directory: "{directory}"
    pidfile: "{directory}/unbound.pid"
    username: ""
    chroot: ""
    do-daemonize: no
    use-syslog: no
    verbosity: 1
    num-threads: 1
    interface: {address}
    access-control: 0.0.0.0/0 allow
    do-ip6: no
    root-hints: "{hints}"
    trust-anchor-file: "{trust_anchor}"
    module-config: "validator iterator"
    ede: yes
    val-log-level: 2
    # RFC 6303 and 6761: a resolver answers for these itself, unless told.
    local-zone: "test." nodefault
    local-zone: "2.0.192.in-addr.arpa." nodefault
    local-zone: "100.51.198.in-addr.arpa." nodefault
    local-zone: "113.0.203.in-addr.arpa." nodefault
    local-zone: "8.b.d.0.1.0.0.2.ip6.arpa." nodefault
remote-control:
    control-enable: yes
    control-use-cert: no
    control-interface: "{directory}/control"
"""


class Resolver:
    """A running unbound, which trusts the root of *zones*."""

    def __init__(self, network: Network, zones: Zones) -> None:
        self._network = network
        directory = network.directory_for("unbound")
        self._configuration = directory / "unbound.conf"
        self._configuration.write_text(
            _CONFIGURATION.format(directory=directory, address=ADDRESS, hints=zones.hints, trust_anchor=zones.trust_anchor)
        )
        self._program = network.start("unbound", "unbound", "-d", "-c", self._configuration)
        self._program.wait_until(lambda: network.listens(ADDRESS, 53), "answer on port 53")

    def forget(self) -> None:
        """Drop everything that was heard so far, of servers that did not answer too, and the questions that still wait for those."""
        self._control("flush_requestlist")
        self._control("flush_zone", ".")
        self._control("flush_infra", "all")

    def _control(self, *command: str) -> None:
        self._network.run("unbound-control", "-c", self._configuration, *command)

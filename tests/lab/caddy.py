"""Caddy from Debian in front of our service, with the README's own Caddyfile: a certificate for each name when it is first asked for.

All that is added is where it listens and keeps its files, and that its own authority issues the certificates and nobody's outside.
"""

from __future__ import annotations

from pathlib import Path

from .documented import block, replaced
from .network import Network

ADDRESS = "198.51.100.11"

_FOR_THE_LAB = """\\g<0>
	admin off
	default_bind {address}
	local_certs
	skip_install_trust
	storage file_system {directory}/storage
"""


class Caddy:
    """A running caddy; `certificate` is its authority's, which a client must trust."""

    def __init__(self, network: Network) -> None:
        directory = network.directory_for("caddy")
        configuration = directory / "Caddyfile"
        # The global options are the block without a name, and the first.
        configuration.write_text(
            replaced(block("caddyfile"), (r"\A\{$", _FOR_THE_LAB.format(address=ADDRESS, directory=directory).rstrip()))
        )
        self.log = network.logs / "caddy.log"
        self.certificate: Path = directory / "storage/pki/authorities/local/root.crt"
        program = network.start("caddy", "caddy", "run", "--config", configuration, "--adapter", "caddyfile")
        program.wait_until(lambda: network.listens(ADDRESS, 443) and self.certificate.exists(), "answer on port 443")

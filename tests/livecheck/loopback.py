"""The real process of a run, in a world on loopback: POLICY ("any" or "public"), the name server's PORT, CA file, ORDER."""

from __future__ import annotations

import sys
from pathlib import Path

from autoconfig.livecheck.__main__ import main
from autoconfig.livecheck.desk import Order
from autoconfig.network.live import Live
from autoconfig.network.policy import ANYWHERE, PUBLIC_ONLY

if __name__ == "__main__":
    policy, port, ca, order = sys.argv[1:]

    def world() -> Live:
        """The network as the table of a name server on *port* has it."""
        return Live(resolver=("127.0.0.1", int(port)), ca=Path(ca), deadline=5.0, policy={"any": ANYWHERE, "public": PUBLIC_ONLY}[policy])

    sys.exit(main(Order.from_json(order), world))

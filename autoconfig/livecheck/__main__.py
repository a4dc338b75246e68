"""`python -m autoconfig.livecheck ORDER`: one run, of low priority, bounded in time, memory and files; ended by the kernel if need be."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
import threading
from typing import TYPE_CHECKING

from autoconfig.livecheck.desk import LIMIT, Order

if TYPE_CHECKING:
    from autoconfig.livecheck.process import OpenWorld

_NICE = 10
_STACK = 1024 * 1024  # octets of each thread; they fetch one document each
_LIMITS = {
    resource.RLIMIT_CPU: int(LIMIT),
    resource.RLIMIT_DATA: 512 * 1024 * 1024,  # octets; not of address space, of which the snapshot's map alone takes gigabytes
    resource.RLIMIT_FSIZE: 1024 * 1024,
    resource.RLIMIT_NOFILE: 512,
    resource.RLIMIT_CORE: 0,
}


def main(order: Order, open_world: OpenWorld | None = None) -> int:
    """Do what *order* says, in the world that *open_world* opens instead of the public one; return the exit code."""
    bound()
    # What this loads is to be bounded as well, and of low priority.
    from autoconfig.livecheck.process import look, public

    try:
        asyncio.run(look(order, open_world or public))
    except Exception as error:
        # Without its words, which may hold anything.
        print(f"autoconfig.livecheck: {type(error).__name__} at {order.domain}", file=sys.stderr)
        return 1
    return 0


def bound(limit: float = LIMIT) -> None:
    """Give this process low priority, and *limit* seconds to live."""
    os.nice(_NICE)
    if hasattr(os, "sched_setaffinity"):
        # The threads of a worker, one of which has started us, keep to a part of the processors; the process as such does not.
        os.sched_setaffinity(0, os.sched_getaffinity(os.getppid()))
    threading.stack_size(_STACK)
    # Nobody has to be there to end it: the signal does, whatever is going on.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limit)
    for what, most in _LIMITS.items():
        highest = resource.getrlimit(what)[1]
        limit = most if highest == resource.RLIM_INFINITY else min(most, highest)
        resource.setrlimit(what, (limit, limit))


if __name__ == "__main__":
    sys.exit(main(Order.from_json(sys.argv[1])))

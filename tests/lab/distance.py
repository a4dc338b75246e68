"""A place from which the lab is far away: a network of its own, joined to the lab's by a relay that holds every packet back for a while.

Unlike a relay of connections it delays all that there is: the DNS, setting up a connection, each step of TLS. Run as a program it is the
relay itself. Linux's own way to do this (netem) is not in every kernel; tun devices are.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from .network import PATH, LabError, Network

TUN = Path("/dev/net/tun")
_CLONE_NEWNET = 0x40000000  # linux/sched.h
_TUNSETIFF = 0x400454CA  # linux/if_tun.h
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_MAX_PACKET = 65535
_MTU = "9000"  # fewer packets for the relay to carry

# Neither is local to the lab, and neither is public.
_HERE, _HERE_6 = "10.9.0.2", "fd09::2"
_THERE, _THERE_6 = "10.9.0.1", "fd09::1"


class Distance:
    """The faraway place, *seconds* of round trip from everything in *network*, until `close`."""

    def __init__(self, network: Network, seconds: float) -> None:
        self._network = network
        command = (sys.executable, "-m", __name__, str(network.pid), str(seconds / 2))
        self._relay = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._relay.stdout
        if self._relay.stdout.readline() != b"ready\n":
            self.close()
            raise LabError("there can be no relay with tun devices here")

    def try_to(self, *command: str | Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run *command*, with the lab's files, in the faraway place to its end, well or not."""
        enter = ("nsenter", f"--target={self._network.pid}", "--mount", "--pid", f"--net=/proc/{self._relay.pid}/ns/net")
        here = ("env", f"--chdir={Path(__file__).parents[2]}")
        return subprocess.run(
            [*enter, *here, *command], env={"PATH": PATH, **env}, capture_output=True, text=True, check=False, timeout=120
        )

    def close(self) -> None:
        """End the relay, and with it the place."""
        assert self._relay.stdin
        assert self._relay.stdout
        self._relay.stdin.close()
        self._relay.stdout.close()
        self._relay.wait(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


# --- the relay ---------------------------------------------------------------------------------------------------------------------


def main(pid: int, seconds: float) -> None:
    """Join the network of process *pid* to a new one, in which this process then is, until standard input ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/proc/{pid}/ns/net") as namespace:
        _done(libc.setns(namespace.fileno(), _CLONE_NEWNET))
    there = _device("far", f"address add {_THERE} peer {_HERE}", f"-6 address add {_THERE_6} peer {_HERE_6} nodad")
    _done(libc.unshare(_CLONE_NEWNET))
    _ip("link set lo up")
    here = _device("near", f"address add {_HERE} peer {_THERE}", f"-6 address add {_HERE_6} peer {_THERE_6} nodad")
    for family in ("-4", "-6"):
        _ip(f"{family} route add default dev near")
    print("ready", flush=True)
    _carry({here: there, there: here}, seconds)


def _device(name: str, *addresses: str) -> int:
    # A tun device belongs to the network that its opener was in.
    device = os.open(TUN, os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    _ip(f"link set {name} mtu {_MTU} up")
    for address in addresses:
        _ip(f"{address} dev {name}")
    return device


def _ip(arguments: str) -> None:
    subprocess.run(["ip", *arguments.split()], check=True)


def _done(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _carry(ways: Mapping[int, int], seconds: float) -> None:
    """Carry each packet from a device to the other of *ways*, *seconds* later."""
    waiting: deque[tuple[float, int, bytes]] = deque()  # all wait equally long, so the first to come is the first to go
    while True:
        left = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        ready, _, _ = select.select([*ways, sys.stdin.fileno()], [], [], left)
        for device in ready:
            if device not in ways:
                return
            try:
                while True:
                    packet = os.read(device, _MAX_PACKET)
                    waiting.append((time.monotonic() + seconds, ways[device], packet))
            except BlockingIOError:
                pass
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, device, packet = waiting.popleft()
            os.write(device, packet)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))

"""A network of the lab's own, and the programs in it. Knows no server and no client.

The lab has its own network, mount table and process numbers (namespaces(7)). The test stays outside: it starts programs inside, and
`connect` opens sockets inside. Nothing of the lab listens on the machine, and nothing in it reaches the machine's network. Nothing of it
outlives the test: process 1 of the lab reads a pipe that the test holds, so when the test ends, however it ends, the kernel kills
everything inside (pid_namespaces(7)).
"""

from __future__ import annotations

import ctypes
import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Self

# RFC 5737: addresses for documentation. All of each network is local here, so every server may have an address to itself, and an address
# on which nobody listens refuses. They also are the second, non-127 address without which clients with AI_ADDRCONFIG resolve nothing.
NETWORKS = ("192.0.2.1/24", "198.51.100.1/24", "203.0.113.1/24")
# RFC 3849, the same for IPv6. The kernel makes an IPv6 network local by a route of its own, and its addresses free to take by a switch.
NETWORK_6 = "2001:db8::/48"
ADDRESS_6 = "2001:db8::1/128"
NAME_SERVER = "198.51.100.53"

# What programs inside read instead of the machine's own files.
_FILES = {
    "/etc/hosts": "127.0.0.1 localhost\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "/etc/resolv.conf": f"nameserver {NAME_SERVER}\n",
}
_UNSHARE = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
# Programs that change to a user of their own (Dovecot, Postfix) cannot enter the test's directory, which is root's alone: they keep their
# sockets, queues and mailboxes here, on a file system that is only the lab's and gone with it.
SCRATCH = Path("/mnt")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_CLONE_NEWNET = 0x40000000  # linux/sched.h
_LOG_LINES = 40


class LabError(Exception):
    """A program of the lab did not do what the lab needs."""


def refusal() -> str | None:
    """Tell why there can be no lab network here, None when there can."""
    if os.name != "posix" or os.geteuid() != 0:
        return "only root may make a network namespace"
    tried = subprocess.run([*_UNSHARE, "true"], capture_output=True, text=True, check=False)
    return tried.stderr.strip() if tried.returncode else None


class Network:
    """The namespaces, held open until `close`. *directory* takes the programs' logs and their home."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.logs = directory / "logs"
        self.logs.mkdir()
        self._home = directory / "home"
        self._home.mkdir()
        self._programs: list[Program] = []
        self._holder = subprocess.Popen([*_UNSHARE, "sh", "-euc", self._script()], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._holder.stdout
        if self._holder.stdout.readline() != b"ready\n":
            self.close()
            raise LabError("the network could not be made")
        self.pid = _child_of(self._holder.pid)

    def _script(self) -> str:
        lines = ["ip link set lo up", *(f"ip address add {network} dev lo" for network in NETWORKS)]
        lines += [f"ip -6 address add {ADDRESS_6} dev lo nodad", f"ip -6 route add local {NETWORK_6} dev lo"]
        lines += ["echo 1 >/proc/sys/net/ipv6/ip_nonlocal_bind", f"mount -t tmpfs -o mode=755 tmpfs {SCRATCH}"]
        for path, content in _FILES.items():
            ours = self.directory / Path(path).name
            ours.write_text(content)
            lines.append(f"mount --bind {shlex.quote(str(ours))} {path}")
        return "\n".join([*lines, "echo ready", "exec cat >/dev/null"])

    def directory_for(self, name: str) -> Path:
        """Make and return a new directory for *name*'s files."""
        for suffix in ("", *(f"-{n}" for n in range(2, 1000))):
            path = self.directory / f"{name}{suffix}"
            if not path.exists():
                path.mkdir()
                return path
        raise LabError(f"too many directories for {name}")

    def run(self, *command: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None, stdin: str = "") -> str:
        """Run *command* inside to its end and return what it prints; raises LabError with all its words when it fails."""
        done = self.try_to(*command, env=env, cwd=cwd, stdin=stdin)
        if done.returncode:
            raise LabError(f"{shlex.join(map(str, command))} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def try_to(
        self, *command: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run *command* inside to its end, well or not."""
        return subprocess.run(
            self._inside(command, cwd), env=self.environment(env), input=stdin, capture_output=True, text=True, check=False, timeout=60
        )

    def start(
        self, name: str, *command: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None, piped: bool = False
    ) -> Program:
        """Start *command* inside; what it says goes to the log *name*, unless *piped*: then its `stdin` and `stdout` are the test's."""
        log = self.logs / f"{name}.log"
        with log.open("ab") as output:
            popen = subprocess.Popen(
                self._inside(command, cwd),
                env=self.environment(env),
                stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else output,
                stderr=output,
            )
        program = Program(name, popen, log)
        self._programs.append(program)
        return program

    def connect(self, address: str, port: int, timeout: float = 10.0) -> socket.socket:
        """Return a TCP connection to *address*, an IP address inside."""
        # A socket stays in the namespace that made it; the thread that entered there ends at once.
        with ThreadPoolExecutor(1) as one_thread:
            return one_thread.submit(self._connect, address, port, timeout).result()

    def _connect(self, address: str, port: int, timeout: float) -> socket.socket:
        libc = ctypes.CDLL(None, use_errno=True)
        with open(f"/proc/{self.pid}/ns/net") as namespace:
            if libc.setns(namespace.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        return socket.create_connection((address, port), timeout)

    def listens(self, address: str, port: int) -> bool:
        """Tell whether something accepts connections there."""
        try:
            self.connect(address, port).close()
        except OSError:
            return False
        return True

    def close(self) -> None:
        """End every program, then the namespaces."""
        for program in reversed(self._programs):
            program.stop()
        assert self._holder.stdin
        assert self._holder.stdout
        self._holder.stdin.close()
        self._holder.stdout.close()
        self._holder.wait(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _inside(self, command: tuple[str | Path, ...], cwd: Path | None) -> list[str | Path]:
        enter = ["nsenter", f"--target={self.pid}", "--net", "--mount", "--pid"]
        return [*enter, "env", f"--chdir={cwd or self._home}", *command]

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the variables of every program inside, and *more*."""
        # Nothing of the tester's own: a proxy or a session bus outside must not be asked.
        return {"PATH": PATH, "HOME": str(self._home), "LANG": "C.UTF-8", **(more or {})}


class Program:
    """A running program of the lab."""

    def __init__(self, name: str, popen: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.stdin = popen.stdin
        self.stdout = popen.stdout
        self._popen = popen
        self._log = log

    def wait_until(self, ready: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
        """Wait until *ready*; raises LabError with the end of the log when the program ends first, or after *seconds*."""

        def ready_while_running() -> bool:
            if self._popen.poll() is not None:
                raise LabError(f"ended with {self._popen.returncode} before {what}")
            return ready()

        try:
            wait_until(ready_while_running, what, seconds)
        except LabError as error:
            raise LabError(f"{self.name}: {error}\n{tail(self._log)}") from None

    def stop(self) -> None:
        """Ask the program to end, and make it end after ten seconds."""
        for pipe in (self.stdin, self.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        for how in (signal.SIGTERM, signal.SIGKILL):
            if self._popen.poll() is not None:
                return
            # nsenter waits for the program, which is its child, and ends as that does.
            child = _child_of(self._popen.pid)
            if child is not None:
                with suppress(ProcessLookupError):
                    os.kill(child, how)
            try:
                self._popen.wait(10)
            except subprocess.TimeoutExpired:
                continue


def wait_until(ready: Callable[[], bool], what: str, seconds: float) -> None:
    """Wait until *ready*; raises LabError after *seconds*."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise LabError(f"no {what} after {seconds:g} s")
        time.sleep(0.02)


def tail(log: Path) -> str:
    """Return the last lines of *log*."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])


def _child_of(pid: int) -> int | None:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else None

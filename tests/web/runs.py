"""Runs of the live check as a script tells them: nobody is asked anything, and each ends when the test says so."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autoconfig.findings import Group, Owner
from autoconfig.livecheck.desk import Order, put
from autoconfig.livecheck.state import Answer, Health, Instead, Item, Outcome, Said, Side, State, Way
from autoconfig.model import Protocol, TLSMode

SERVER, POP = "server.karlahosting.se", "mail.kund.se"


@dataclass
class Run:
    """A process that does what the test says; like a real one it keeps its slot as long as it lives."""

    order: Order
    slot: int
    ended: threading.Event = field(default_factory=threading.Event)
    killed: bool = False

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the test, or who kills it, ends it."""
        if not self.ended.wait(timeout):
            raise subprocess.TimeoutExpired("run", timeout or 0)
        return 0

    def kill(self) -> None:
        """End it."""
        self.killed = True
        self.die()

    def die(self) -> None:
        """End without another word."""
        os.close(self.slot)
        self.ended.set()

    def show(self, steps: Mapping[Group, bool]) -> None:
        """Tell how far it is."""
        put(Path(self.order.file), State(self.order.run, self.order.domain, self.order.began, steps))

    def answer(self, answer: Answer) -> None:
        """Tell what was found, and end."""
        put(Path(self.order.file), State(self.order.run, self.order.domain, self.order.began, {}, time.time(), answer))
        self.die()


class Script:
    """Starts such runs, and ends with the test those that it has not ended."""

    def __init__(self) -> None:
        self.runs: list[Run] = []

    def __call__(self, order: Order, slot: int) -> Run:
        """Start one."""
        self.runs.append(Run(order, os.dup(slot)))
        return self.runs[-1]

    def close(self) -> None:
        """End all."""
        for run in self.runs:
            if not run.ended.is_set():
                run.die()


def side(host: str, port: int, health: Health = Health.WORKS, instead: Instead | None = None) -> Side:
    """A server."""
    return Side(host, port, health, instead)


IMAP = Way(Protocol.IMAP, side(SERVER, 993), side(SERVER, 465))
POP3 = Way(Protocol.POP3, side(POP, 995), side(POP, 465))
BROKEN_POP = Way(Protocol.POP3, side(POP, 995, Health.BROKEN), side(POP, 465, Health.BROKEN))
HALF_IMAP = Way(Protocol.IMAP, side(SERVER, 993), side(SERVER, 465, Health.BROKEN, Instead(587, TLSMode.STARTTLS)))
UNTOLD = Way(Protocol.IMAP, side(SERVER, 993, Health.UNKNOWN), side(SERVER, 465, Health.UNKNOWN))

CERTIFICATE = Item(
    "CERT_SERVER_NAME",
    Owner.PROVIDER,
    "mail.kund.se · pop3s 995, submissions 465 · 192.0.2.20",
    {
        "en": Said(
            "mail.kund.se shows a certificate for server.karlahosting.se, so mail programs warn or refuse to connect", "Choose one."
        ),
        "sv": Said("mail.kund.se visar ett certifikat för server.karlahosting.se", "Välj."),
    },
    about_certificate=True,
)
RECORD = 'kund.se. IN TXT "v=spf1 include:spf.karlahosting.se -all"'
SPF = Item(
    "SPF_LACKS_PROVIDER",
    Owner.CUSTOMER,
    "kund.se",
    {"en": Said("The SPF record of kund.se does not let KarlaHosting send", "Replace the SPF record of kund.se with the one given here.")},
    (RECORD, RECORD.replace("-all", "~all")),
)
OPEN = Item(
    "SMTP25_NOT_TESTED",
    Owner.NOBODY,
    "mx.karlahosting.se · smtp 25",
    {"en": Said("Port 25 of the domain's mail exchangers could not be tested from here: mx.karlahosting.se", "Run it elsewhere.")},
    is_open=True,
)

WELL = Answer(Outcome.WELL, (IMAP, POP3))
PARTLY = Answer(Outcome.PARTLY, (IMAP, BROKEN_POP), (SPF, CERTIFICATE, OPEN), 2)
BROKEN = Answer(Outcome.BROKEN, (HALF_IMAP,), (CERTIFICATE,))
CARE = Answer(Outcome.CARE, (IMAP, POP3), (SPF,), 1)
UNKNOWN = Answer(Outcome.UNKNOWN, (UNTOLD,), (OPEN,))

"""SRV records (RFC 2782) as programs read them: those that name a server, in order of priority, among equals the heavier first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_RECORD = re.compile(r"([0-9]{1,5}) ([0-9]{1,5}) ([0-9]{1,5}) (\S+)\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Srv:
    """One record."""

    priority: int
    weight: int
    port: int
    host: str


def records(values: Iterable[str]) -> list[Srv]:
    """Return the records of a lookup's *values* in order; chance among the weights is left out."""
    found = [Srv(int(one[1]), int(one[2]), int(one[3]), one[4]) for value in values if (one := _RECORD.match(value))]
    # RFC 2782, Target: "." means that the service is not available at this domain.
    return sorted((one for one in found if one.host != "."), key=lambda one: (one.priority, -one.weight))

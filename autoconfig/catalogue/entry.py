"""What an entry of the catalogue is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from autoconfig.findings import Group, Owner, Severity

_PLACEHOLDER = re.compile(r"%\((\w+)\)")


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding's texts (English templates, %-style, marked with `N_`), and what it usually weighs.

    *message* is one line: what is wrong, in words that the owner of a domain understands. *cause* is why that mostly happens. *fix* says
    what its owner shall do, as an order. *story* is the longer telling of `autoconfig explain`: what it means for the customer's mail
    programs, how to be sure, what to mind. *standard* is a document with its section ("RFC 9525, 6.3"), empty where none speaks of it.
    """

    severity: Severity
    owner: Owner
    group: Group
    message: str
    cause: str
    fix: str
    story: str
    standard: str = ""

    @property
    def parameters(self) -> frozenset[str]:
        """The names that message, cause and fix need; the story needs none."""
        return frozenset(_PLACEHOLDER.findall(self.message + self.cause + self.fix))

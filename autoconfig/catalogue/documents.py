"""What can be wrong in a settings document, or in the way to one, for some mail program: the only place for these rules and their texts.

A program's `read` names the rule that it goes by; `lint` and the clients' part of a report tell it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from autoconfig.errors import N_
from autoconfig.findings import Severity

_PLACEHOLDER = re.compile(r"%\((\w+)\)")


@dataclass(frozen=True, slots=True)
class Rule:
    """A mistake: *reason* is a clause that ends "Geary rejects the whole document: ..." (English, %-style, `N_`), *fix* an order."""

    severity: Severity
    reason: str
    fix: str
    standard: str = ""

    @property
    def parameters(self) -> frozenset[str]:
        """The names that reason and fix need."""
        return frozenset(_PLACEHOLDER.findall(self.reason + self.fix))


RULES: Mapping[str, Rule] = {
    # --- any document ---
    "XML_BROKEN": Rule(
        Severity.ERROR,
        N_("it is not well-formed XML (%(reason)s)"),
        N_("Correct the XML; any XML editor shows the place."),
        "XML 1.0, 2.1",
    ),
    # --- clientConfig ---
    "PORT_MISSING": Rule(
        Severity.ERROR,
        N_("a server has no port"),
        N_("Write the port of each server, such as <port>993</port>."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
}

"""KEY=VALUE on the command line: single values of settings, in the words of the settings file.

A key is one of the file's ("support.url"), or leads through an account by its protocol ("pop3.incoming.host"). An empty value takes
the key away. Whether the result makes sense is judged where every file is judged, in the codec.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterable
from typing import Any

from autoconfig.errors import N_, UsageError
from autoconfig.model import Protocol

Data = dict[str, Any]

_PROTOCOLS = tuple(protocol.value for protocol in Protocol)
_NUMBERS = frozenset({"port"})
_FLAGS = frozenset({"default", "suspended", "subdomains"})
_LISTS = frozenset({"languages", "protocols", "auth", "mx", "dkim_selectors"})
_TABLES = frozenset({"also"})


def assign(data: Data, assignments: Iterable[str]) -> Data:
    """Return *data* with each KEY=VALUE of *assignments*; raises UsageError for what is not of that form."""
    result = copy.deepcopy(data)
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not key.strip():
            raise UsageError(N_("%(assignment)s is not of the form KEY=VALUE"), assignment=assignment)
        steps = [step.strip() for step in key.split(".")]
        table = _account(result, steps.pop(0)) if steps[0] in _PROTOCOLS and len(steps) > 1 else result
        for step in steps[:-1]:
            table = table.setdefault(step, {})
            if not isinstance(table, dict):
                raise UsageError(N_("%(assignment)s: %(step)s is a value and has no keys of its own"), assignment=assignment, step=step)
        if text.strip():
            table[steps[-1]] = _value(steps[-1], text.strip(), assignment)
        else:
            table.pop(steps[-1], None)
    return _without_empty(result)


def _account(data: Data, protocol: str) -> Data:
    accounts: list[Data] = data.setdefault("account", [])
    for account in accounts:
        if account["protocol"] == protocol:
            return account
    accounts.append({"protocol": protocol})
    return accounts[-1]


def _value(key: str, text: str, assignment: str) -> object:
    if key in _NUMBERS and text.isascii() and text.isdigit():
        return int(text)
    if key in _FLAGS and text in ("true", "false"):
        return text == "true"
    if key in _TABLES or (key in _LISTS and text.startswith("[")):
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            raise UsageError(
                N_('%(assignment)s: write the value as in a settings file, such as [{ port = 587, tls = "starttls" }]'),
                assignment=assignment,
            ) from None
    if key in _LISTS:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _without_empty(data: Data) -> Data:
    """Return *data* without tables that say nothing any more, and without accounts that only have their protocol left."""
    kept: Data = {}
    for key, value in data.items():
        if isinstance(value, dict):
            value = _without_empty(value)
        elif key == "account":
            value = [account for account in map(_without_empty, value) if set(account) != {"protocol"}]
        if value not in ({}, []) or key in ("also",):
            kept[key] = value
    return kept

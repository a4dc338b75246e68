"""KEY=VALUE on the command line: single values of settings, in the words of the settings file.

A key is one of the file's ("support.url"), or leads through an account by its protocol ("pop3.incoming.host"). An empty value takes
the key away, or all that is below it. Whether the result makes sense is judged where every file is judged, in the codec.
"""

from __future__ import annotations

import copy
import difflib
import tomllib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from autoconfig.errors import N_, UsageError
from autoconfig.model import ModelError, Protocol
from autoconfig.store.codec import DOMAIN_KEYS, PROVIDER_KEYS, SERVER_KEYS, SIDES, TABLE_KEYS
from autoconfig.store.exchange.toml import toml_value
from autoconfig.store.values import Mistake

Data = dict[str, Any]
T = TypeVar("T")

_PROTOCOLS = tuple(protocol.value for protocol in Protocol)
_NUMBERS = frozenset({"port"})
_FLAGS = frozenset({"default", "suspended", "subdomains"})
_LISTS = frozenset({"languages", "protocols", "auth", "mx", "dkim_selectors"})
_TABLES = frozenset({"also"})
_NEEDED = ("host", "port", "tls")  # of a server

_ACCOUNTS = tuple(f"{protocol}.{side}.{key}" for protocol in _PROTOCOLS for side in SIDES for key in SERVER_KEYS)
_TABLE_KEYS = tuple(f"{table}.{key}" for table, keys in TABLE_KEYS.items() for key in keys)
# The keys that can be set; a domain keeps its name, and a provider its id.
PROVIDER = (*(key for key in PROVIDER_KEYS if key not in ("id", "account", *TABLE_KEYS)), *_TABLE_KEYS, *_ACCOUNTS)
DOMAIN = (*(key for key in DOMAIN_KEYS if key not in ("name", "account")), *_ACCOUNTS)


def assign(data: Data, assignments: Iterable[str], known: tuple[str, ...]) -> Data:
    """Return *data* with each KEY=VALUE of *assignments*, whose keys are among the *known*.

    Raises UsageError for what is not of that form, and ModelError for a key that cannot be set.
    """
    result = copy.deepcopy(data)
    for key, text, assignment in split(assignments):
        steps = key.split(".")
        if key in known and text:
            _put(result, steps, _value(steps[-1], text, assignment))
        elif key in known or (not text and _below(key, known)):
            _take(result, steps)
        else:
            raise _not_settable(key, known, data)
    return _without_empty(result)


def split(assignments: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Yield key, value and the whole of each KEY=VALUE; raises UsageError for what is not of that form."""
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        key = ".".join(step.strip() for step in key.split("."))
        if not equals or not key:
            raise UsageError(N_("%(assignment)s is not of the form KEY=VALUE"), assignment=assignment)
        yield key, text.strip(), assignment


def read(data: Data, reader: Callable[[Data, tuple[()], list[Mistake]], T | None]) -> T:
    """Return what *reader*, one of the codec's, makes of *data*; raises ModelError with the key of the first mistake."""
    mistakes: list[Mistake] = []
    found = reader(data, (), mistakes)
    if found is not None:
        return found
    path, error = mistakes[0]
    if path[:1] == ("account",) and len(path) > 1:
        path = (data["account"][path[1]]["protocol"], *path[2:])
    key = ".".join(step for step in path if isinstance(step, str))
    raise ModelError(N_("%(key)s: %(why)s"), key=key, why=error) if key else error


def missing(data: Data) -> str:
    """Return the keys that a provider with *data* needs to be complete, as a shell would write them; "" where it is."""
    found = [key for key in ("name", "short_name") if key not in data]
    for table in ("sieve", "oauth2"):
        if table in data:
            found += _braces((table,), data[table], TABLE_KEYS[table])
    for account in data.get("account") or [{"protocol": _PROTOCOLS[0]}]:
        for side in SIDES:
            found += _braces((account["protocol"], side), account.get(side, {}), _NEEDED)
    return ", ".join(found)


def shown(value: object) -> str:
    """Return a value of plain data as `assign` takes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(value) if value and all(isinstance(part, str) for part in value) else toml_value(value)
    return str(value)


def _put(data: Data, steps: list[str], value: object) -> None:
    table = _account(data, steps[0]) if steps[0] in _PROTOCOLS else data
    way = steps[1:] if steps[0] in _PROTOCOLS else steps
    for step in way[:-1]:
        table = table.setdefault(step, {})
    table[way[-1]] = value


def _take(data: Data, steps: list[str]) -> None:
    if steps[0] not in _PROTOCOLS:
        table, way = data, steps
    elif len(steps) == 1:
        data["account"] = [account for account in data.get("account", []) if account["protocol"] != steps[0]]
        return
    else:
        table, way = _account(data, steps[0]), steps[1:]
    for step in way[:-1]:
        table = table.get(step, {})
    table.pop(way[-1], None)


def _account(data: Data, protocol: str) -> Data:
    accounts: list[Data] = data.setdefault("account", [])
    for account in accounts:
        if account["protocol"] == protocol:
            return account
    accounts.append({"protocol": protocol})
    return accounts[-1]


def _below(key: str, known: Iterable[str]) -> list[str]:
    """Return what may stand after *key*, where that is no key itself."""
    return list(dict.fromkeys(other.removeprefix(f"{key}.").partition(".")[0] for other in known if other.startswith(f"{key}.")))


def _not_settable(key: str, known: tuple[str, ...], data: Data) -> ModelError:
    if below := _below(key, known):
        return ModelError(N_("%(key)s has keys of its own; set %(keys)s"), key=key, keys=f"{key}.{{{','.join(below)}}}")
    if key in data and key != "account":
        return ModelError(N_("the %(key)s stays as it is; add a new one and remove this one"), key=key)
    nearest = difflib.get_close_matches(key, known, 1)
    if nearest:
        return ModelError(N_("there is no key %(key)s here; did you mean %(nearest)s?"), key=key, nearest=nearest[0])
    return ModelError(N_("there is no key %(key)s here; docs/settings.md lists them all"), key=key)


def _value(key: str, text: str, assignment: str) -> object:
    if key in _NUMBERS and text.isascii() and text.isdigit() and len(text) < 20:  # Python reads no numbers of thousands of digits
        return int(text)
    if key in _FLAGS and text in ("true", "false"):
        return text == "true"
    if key in _TABLES or (key in _LISTS and text.startswith("[")):
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except (ValueError, RecursionError):
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


def _braces(way: tuple[str, ...], table: Data, needed: Iterable[str]) -> list[str]:
    keys = [key for key in needed if key not in table]
    if not keys:
        return []
    return [".".join((*way, keys[0] if len(keys) == 1 else f"{{{','.join(keys)}}}"))]

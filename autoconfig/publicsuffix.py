"""The registrable domain of a host (mozilla.org for mx.eu.mozilla.org), by the list of public suffixes that comes with the library.

Of the list only the rules of one top-level domain at a time are read: reading all of them takes longer than asking a name server.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from publicsuffixlist import PSLFILE, PublicSuffixList

from autoconfig.address import Domain
from autoconfig.errors import AddressError

_MOST = 64  # top-level domains whose rules are kept


@lru_cache(_MOST)
def _rules(tld: str) -> PublicSuffixList:
    """Return the rules for names below *tld*, an A-label; for one that the list does not know there is the one rule of unknown ones."""
    with suppress(AddressError):  # of one that is in no list
        tld = Domain.parse(f"any.{tld}").unicode.removeprefix("any.")
    below = re.compile(rf"^(?:[^/\s]*\.)?{re.escape(tld)}$", re.MULTILINE)
    return PublicSuffixList(below.findall(Path(PSLFILE).read_text(encoding="utf-8")))


def base_domain(host: str) -> str | None:
    """Return the public suffix of *host*, in A-labels and lower case, with one label more; None where *host* is not below such a suffix."""
    ascii = host.encode("ascii", "replace").decode("ascii").lower()
    return _rules(ascii.rpartition(".")[2]).privatesuffix(ascii) if host else None

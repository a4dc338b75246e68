"""The registrable domain of a host (mozilla.org for mx.eu.mozilla.org), by the list of public suffixes that comes with the library."""

from __future__ import annotations

from functools import cache

from publicsuffixlist import PublicSuffixList


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def base_domain(host: str) -> str | None:
    """Return the public suffix of *host*, in A-labels and lower case, with one label more; None where *host* is not below such a suffix."""
    return _suffixes().privatesuffix(host.encode("ascii", "replace").decode("ascii")) if host else None

"""Findings about certificates."""

from __future__ import annotations

from autoconfig.catalogue.entry import Entry

ENTRIES: dict[str, Entry] = {}

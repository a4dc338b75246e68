"""Findings about the domain's delegation, its names and its mail exchangers."""

from __future__ import annotations

from autoconfig.catalogue.entry import Entry

ENTRIES: dict[str, Entry] = {}

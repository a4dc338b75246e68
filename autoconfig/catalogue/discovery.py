"""Findings about what mail programs find when they look for the settings."""

from __future__ import annotations

from autoconfig.catalogue.entry import Entry

ENTRIES: dict[str, Entry] = {}

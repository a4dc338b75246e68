"""Findings about the mail servers: connections, greetings, STARTTLS, mechanisms."""

from __future__ import annotations

from autoconfig.catalogue.entry import Entry

ENTRIES: dict[str, Entry] = {}

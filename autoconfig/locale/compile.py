"""Build step: compile every catalogue (.po) beside itself (.mo), for a wheel as for an editable installation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileCatalogues(BuildHookInterface):  # type: ignore[type-arg]
    """hatchling's hook; it runs before files are collected."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile all catalogues."""
        for po in sorted(Path(self.root, "autoconfig", "locale").glob("*/LC_MESSAGES/*.po")):
            with po.open("rb") as source, po.with_suffix(".mo").open("wb") as target:
                write_mo(target, read_po(source))

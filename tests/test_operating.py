"""docs/operating.md tells what every line of the log means; metrics are held against it beside their own tests."""

from __future__ import annotations

import ast
import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "operating.md"
PACKAGE = Path(__file__).parent.parent / "autoconfig"
LEVELS = {"info", "warning", "error"}


def _templates() -> dict[str, str]:
    """Return every line that the service may log, values as "…", with its level."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or ast.unparse(node.func.value) != "_log":
                continue
            if node.func.attr in LEVELS:
                assert isinstance(node.args[0], ast.Constant), f"{path}: a line begins with its template"
                found[re.sub(r"%[sd]", "…", node.args[0].value)] = node.func.attr
    return found


def test_every_line_of_the_log_is_explained() -> None:
    """With its level, in the words in which it is logged."""
    rows = dict(re.findall(r"^\| `([^`]+)` \| (info|warning|error) \|", PAGE.read_text(), re.MULTILINE))
    templates = _templates()
    assert len(templates) > 10
    for template, level in templates.items():
        assert rows.get(template) == level, template
    # These two are made by web/seen.py as it goes; tests/web/test_seen.py looks at them.
    assert {"request failed: …", "slow request"} <= rows.keys()


def test_what_begins_a_cell_is_no_line_of_another_program() -> None:
    """What the page shows as a line of ours has our form."""
    for line in re.findall(r"^    (2026-\S+ .*)$", PAGE.read_text(), re.MULTILINE):
        assert re.fullmatch(r"\S+Z (info|warning|error) autoconfig\.[\w.]+: .+", line)

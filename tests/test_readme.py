"""What the README says is true: its commands run, its files are there, its figures and names are those of the program."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.running import environment, run, serving

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def _section(title: str) -> str:
    return README.partition(f"## {title}\n")[2].partition("\n## ")[0]


def _commands(section: str) -> list[str]:
    """Return the lines of the indented blocks of *section*, block by block."""
    blocks = re.findall(r"(?:^ {7}\S.*\n)+", section, re.MULTILINE)
    return ["\n".join(line.strip() for line in block.splitlines()) for block in blocks]


@pytest.mark.slow
def test_the_first_five_things_work(tmp_path: Path) -> None:
    """Each command of "The first five things to try" ends well against a running service with the sample in it."""
    instance = tmp_path / "instance"
    assert run("import", str(ROOT / "instance" / "sample.toml"), instance=instance).returncode == 0
    blocks = _commands(_section("The first five things to try"))
    assert len(blocks) == 4, "the second thing is a page"
    outputs = []
    with serving(instance) as url:
        for block in blocks:
            # The service may take two seconds to know of a change.
            script = "set -e\n" + re.sub(r"^curl ", "sleep 2; curl -sSf ", block.replace("http://127.0.0.1:8080", url), flags=re.MULTILINE)
            done = subprocess.run(
                ["bash", "-c", script], env=environment(instance), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
            )
            assert done.returncode == 0, f"{block}\n{done.stderr}"
            outputs.append(done.stdout)
        page = subprocess.run(
            ["curl", "-sSf", "-d", "address=anna@kund.se", url], env=environment(), capture_output=True, text=True, check=True
        ).stdout
    ask, add, show, _ = outputs
    assert "<hostname>server.karlahosting.se</hostname>" in ask
    assert "<domain>nykund.se</domain>" in add
    assert show == ask
    assert "mail.kund.se" in page


def test_every_file_that_the_readme_names_is_there() -> None:
    """No link leads nowhere."""
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_command_that_the_readme_names_exists() -> None:
    """No command is named that is not there."""
    from autoconfig.cli import COMMANDS

    named = set(re.findall(r"^ *(?:venv/bin/)?autoconfig (?!--)([a-z]+)", README, re.MULTILINE))
    assert named
    assert named <= set(COMMANDS)

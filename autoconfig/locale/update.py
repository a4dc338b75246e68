"""Bring every catalogue up to date with the code and the templates, and compile it: python autoconfig/locale/update.py [LANGUAGE].

With a language that has no catalogue yet, begin one. What the code no longer says is dropped, and nothing is guessed: a new or changed
text comes in empty, and a test fails until it is translated.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from babel.messages.frontend import CommandLineInterface

LOCALE = Path("autoconfig/locale")
DOMAIN = "autoconfig"


def main(languages: list[str]) -> None:
    """Extract, begin what is named and missing, update, compile."""
    os.chdir(Path(__file__).parents[2])
    with TemporaryDirectory() as folder:
        template = Path(folder, f"{DOMAIN}.pot")
        extract(template)
        common = ["-D", DOMAIN, "-i", str(template), "-d", str(LOCALE)]
        for language in languages:
            if not Path(LOCALE, language, "LC_MESSAGES", f"{DOMAIN}.po").exists():
                _babel("init", *common, "-l", language)
        _babel("update", *common, "--no-fuzzy-matching", "--ignore-obsolete", "--ignore-pot-creation-date")
    _babel("compile", "-D", DOMAIN, "-d", str(LOCALE))


def extract(template: Path) -> None:
    """Write every text of the code and the templates to *template*; the working directory is the project's."""
    mapping = str(LOCALE / "babel.toml")
    options = ["--add-location=file", "--add-comments=Translators:", f"--project={DOMAIN}", "--sort-by-file"]
    _babel("extract", "-F", mapping, *options, "-o", str(template), ".")


def _babel(*arguments: str) -> None:
    CommandLineInterface().run(["pybabel", "-q", *arguments])  # type: ignore[no-untyped-call]  # Babel has no types here


if __name__ == "__main__":
    main(sys.argv[1:])

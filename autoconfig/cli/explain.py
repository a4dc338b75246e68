"""`autoconfig explain`: what a finding's code stands for."""

from __future__ import annotations

import difflib

import click
from rich.console import Console
from rich.text import Text

from autoconfig import i18n
from autoconfig.catalogue import ENTRIES
from autoconfig.cli.room import say
from autoconfig.errors import N_, UsageError
from autoconfig.report.explanation import explain as told


@click.command()
@click.argument("code", metavar="CODE")
@click.option("--lang", type=click.Choice(["sv", "en"]), help="The language. [default: the locale's]")
def explain(code: str, lang: str | None) -> None:
    """Tell what a finding's code stands for, why it happens and what to do.

    \b
    Example:
      autoconfig explain CERT_SERVER_NAME
    """
    known = code.strip().upper()
    if known not in ENTRIES:
        begun = [entry for entry in ENTRIES if known and entry.startswith(known)]
        near = begun[:3] or difflib.get_close_matches(known, ENTRIES, n=3, cutoff=0.5)
        if near:
            raise UsageError(N_("there is no code %(code)s; did you mean %(near)s?"), code=code, near=", ".join(near))
        raise UsageError(N_("there is no code %(code)s; the codes stand in the reports of autoconfig check"), code=code)
    console = Console(highlight=False, markup=False, emoji=False)
    with console.capture() as shown:
        console.print(Text(told(known, i18n.texts(lang or i18n.locale_language()))))
    say(shown.get())

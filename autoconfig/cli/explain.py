"""`autoconfig explain`: what a finding's code stands for, or what the words mean that a mail program shows."""

from __future__ import annotations

import difflib

import click
from rich.console import Console
from rich.text import Text

from autoconfig import i18n
from autoconfig.catalogue import ENTRIES
from autoconfig.cli.room import say
from autoconfig.errors import N_, AutoconfigError
from autoconfig.guides import explained
from autoconfig.report import explanation


@click.command()
@click.argument("code", metavar='CODE|"ERROR TEXT"')
@click.option("--lang", type=click.Choice(["sv", "en"]), help="The language. [default: the locale's]")
def explain(code: str, lang: str | None) -> None:
    """Tell what a finding's code stands for, why it happens and what to do; or what the words mean that a mail program shows.

    \b
    Examples:
      autoconfig explain CERT_SERVER_NAME
      autoconfig explain 0x800CCC0E
      autoconfig explain "Cannot Verify Server Identity"
    """
    texts = i18n.texts(lang or i18n.locale_language())
    known = code.strip().upper()
    told = explanation.explain(known, texts) if known in ENTRIES else explained.explain(code, texts)
    if told is None:
        raise _unknown(code, known)
    console = Console(highlight=False, markup=False, emoji=False)
    with console.capture() as shown:
        console.print(Text(told))
    say(shown.get())


def _unknown(text: str, code: str) -> AutoconfigError:
    begun = [entry for entry in ENTRIES if code and entry.startswith(code)]
    near = begun[:3] or difflib.get_close_matches(code[:100], ENTRIES, n=3, cutoff=0.5)
    if near:
        return AutoconfigError(N_("there is no code %(code)s; did you mean %(near)s?"), code=text, near=", ".join(near))
    return AutoconfigError(
        N_("%(text)s is neither a code of autoconfig check nor known from a mail program; try its whole message, or only its error code"),
        text=text or '""',
    )

"""Where a password comes from: stdin, the variable AUTOCONFIG_PASSWORD, or a person at a terminal. Never the command line."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import click

from autoconfig.errors import N_, UsageError, printable
from autoconfig.i18n import Texts
from autoconfig.network.secret import MAX_LENGTH, Password

VARIABLE = "AUTOCONFIG_PASSWORD"


def password(environ: Mapping[str, str], address: str, texts: Texts, *, from_stdin: bool) -> Password:
    """Return the password of *address*: the first line of stdin where that is asked for, else of *environ*, else of whoever is there.

    Raises UsageError where there is none.
    """
    if from_stdin:
        return Password(_first_line())
    if VARIABLE in environ:
        return Password(environ[VARIABLE])
    if not sys.stdin.isatty():
        raise UsageError(
            N_("there is no terminal to ask for the password at: use --password-stdin or the variable %(name)s"), name=VARIABLE
        )
    question = texts.gettext("Password of %(address)s", address=printable(address))
    return Password(click.prompt(question, hide_input=True, err=True))


def _first_line() -> str:
    try:
        return sys.stdin.readline(MAX_LENGTH + 3).removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise UsageError(N_("the password on stdin is not in %(encoding)s"), encoding=sys.stdin.encoding) from None

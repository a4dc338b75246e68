"""`autoconfig lint`: what is wrong in a settings document, by its grammar and for each mail program."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click
from rich.console import Console

from autoconfig import i18n
from autoconfig import lint as linter
from autoconfig.cli.room import note, say
from autoconfig.clients.trail import Trail
from autoconfig.errors import N_, AutoconfigError, DocumentError
from autoconfig.findings import Severity
from autoconfig.formats.xml import MAX_OCTETS
from autoconfig.network.live import Live
from autoconfig.report import lint as report
from autoconfig.report.data import to_json

_SCHEMES = ("http://", "https://")
_STDIN = "-"
_PATIENCE = 10_000.0  # milliseconds, redirects included
_UNKNOWN = 3
# What a monitoring system hears, as of `check`.
_EXIT = {None: 0, Severity.NOTICE: 0, Severity.WARNING: 1, Severity.ERROR: 2, Severity.CRITICAL: 2, Severity.UNKNOWN: _UNKNOWN}


class _NotFetched(AutoconfigError):
    """There is no document to speak of at a URL."""


@click.command()
@click.argument("place", metavar="FILE|URL|-")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell.")
@click.option("--lang", type=click.Choice(["sv", "en"]), help="The language of the report. [default: the locale's]")
def lint(place: str, format_: str, lang: str | None) -> int:
    """Tell what is wrong in a settings document, where, for which mail programs, and what to do.

    Takes an autoconfig, Autodiscover, PACC or mobileconfig document, which its content tells. Exits with 0 when all is well, 1 for
    warnings, 2 for errors, 3 when a URL has no document to read.

    \b
    Examples:
      autoconfig lint config-v1.1.xml
      autoconfig lint https://autoconfig.kund.se/mail/config-v1.1.xml
      autoconfig show kund.se | autoconfig lint - --format json
    """
    texts = i18n.texts(lang or i18n.locale_language())
    content_type = None
    if place.lower().startswith(_SCHEMES):
        try:
            data, content_type = asyncio.run(_fetched(place))
        except _NotFetched as error:
            note(texts.error(error))
            return _UNKNOWN
    else:
        data = _read(place)
    found = linter.lint(data, content_type=content_type)
    if format_ == "json":
        say(to_json(report.to_data(found, texts), indent=2, encoding=sys.stdout.encoding) + "\n")
    else:
        console = Console(highlight=False, markup=False, emoji=False)
        with console.capture() as shown:
            report.show(texts.gettext("standard input") if place == _STDIN else place, found, texts, console)
        say(shown.get())
    return _EXIT[found.status]


def _read(place: str) -> bytes:
    """Return what stands in the file *place*; raises DocumentError."""
    try:
        if place == _STDIN:
            data = sys.stdin.buffer.read(MAX_OCTETS + 1)
        else:
            with Path(place).open("rb") as file:
                data = file.read(MAX_OCTETS + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DocumentError(N_("%(place)s cannot be read: %(reason)s"), place=place, reason=reason) from None
    if len(data) > MAX_OCTETS:
        raise DocumentError(N_("%(place)s is larger than %(limit)d bytes, and no settings document"), place=place, limit=MAX_OCTETS)
    return data


async def _fetched(url: str) -> tuple[bytes, str]:
    """Return what stands at *url*, after its redirects, and its content type."""
    async with Live() as world:
        answer = await Trail(world).fetch(url, patience=_PATIENCE)
    response = answer.response
    if answer.status is None:
        reason = response.detail or (response.failure.value if response.failure else "timeout")
        raise _NotFetched(N_("nothing is known about %(url)s, which does not answer: %(reason)s"), url=url, reason=reason)
    if answer.status != 200:
        raise _NotFetched(N_("nothing is known about %(url)s, which answers with status %(status)d"), url=url, status=answer.status)
    if response.truncated:
        raise _NotFetched(N_("%(place)s is larger than %(limit)d bytes, and no settings document"), place=url, limit=len(response.body))
    return response.body, response.header("content-type")

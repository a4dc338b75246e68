"""`autoconfig guide`: the guide that the web shows, for support to send."""

from __future__ import annotations

import click

from autoconfig import i18n
from autoconfig.cli.published import find
from autoconfig.cli.room import Room, say
from autoconfig.guides import letter, text
from autoconfig.guides.clients import ClientName
from autoconfig.guides.guide import guide_for

FORMATS = {"text": text.plain, "html": letter.html, "md": text.markdown}


@click.command()
@click.argument("target", metavar="ADDRESS|DOMAIN")
@click.option("--client", metavar="NAME", default=ClientName.OTHER.value, show_default=True, help=f"One of {', '.join(ClientName)}.")
@click.option("--lang", type=click.Choice(["sv", "en"]), help="The language. [default: the locale's]")
@click.option("--format", "format_", type=click.Choice(list(FORMATS)), default="text", show_default=True, help="How to write it.")
@click.pass_obj
def guide(room: Room, target: str, client: str, lang: str | None, format_: str) -> None:
    """Print how to set up a mail program for an address or a domain, step by step.

    The HTML is one file with nothing beside it: send it as a mail, or print it.

    \b
    Examples:
      autoconfig guide anna@kund.se --client iphone --lang sv
      autoconfig guide kund.se --client outlook --format html > outlook.html
    """
    name = ClientName.parse(client)
    config, address = find(room, target)
    texts = i18n.texts(lang or i18n.locale_language())
    base_url = room.config.base_url
    page = f"{base_url}/guide/{config.domain.ascii}/{name.value}" if base_url else None
    say(FORMATS[format_](guide_for(config, address, name, texts), texts, page))

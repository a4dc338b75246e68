"""The one Jinja environment: autoescaping on, undefined names are errors. Finds templates/ in a checkout and in a wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from autoconfig.i18n import Texts

_IN_WHEEL = Path(__file__).parent / "_templates"
_IN_CHECKOUT = Path(__file__).parent.parent / "templates"


@cache
def environment() -> Environment:
    """Return the environment, made at the first call."""
    loader = FileSystemLoader([_IN_WHEEL, _IN_CHECKOUT])
    return Environment(
        loader=loader,
        autoescape=select_autoescape(default=True, default_for_string=True, disabled_extensions=("txt", "md")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def render(name: str, texts: Texts, **context: object) -> str:
    """Return template *name* filled with *context*; `_`, `ngettext` and `language` speak the language of *texts*."""
    template = environment().get_template(name)
    return template.render(_=texts.gettext, ngettext=texts.ngettext, language=texts.language, **context)

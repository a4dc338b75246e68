"""The wire formats, one file each: `parse(bytes)` and `write(wire)` say what a file says, `from_config` what we publish.

A new format is its file and a line below.
"""

from __future__ import annotations

from collections.abc import Callable

from autoconfig.address import EmailAddress
from autoconfig.formats import apple, mozilla, outlook, outlook_json, pacc
from autoconfig.model import ClientConfig, Document

Format = Callable[[ClientConfig, EmailAddress | None], Document]

FORMATS: dict[str, Format] = {
    "mozilla": mozilla.document,
    "mozilla-1.2": mozilla.document_1_2,
    "outlook": outlook.document,
    "outlook-json": outlook_json.document,
    "apple": apple.document,
    "pacc": pacc.document,
}

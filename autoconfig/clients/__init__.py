"""Mail programs, one file each: what each makes of a document (`read`), and how it looks for settings (`discover`).

A new program is its file and a line below.
"""

from __future__ import annotations

from autoconfig.clients import (
    aerc,
    apple,
    deltachat,
    emclient,
    evolution,
    fairemail,
    geary,
    k9,
    kmail,
    nextcloud,
    outlook,
    outlook_new,
    thunderbird,
)
from autoconfig.clients.outcome import Client

_ALL: tuple[Client, ...] = (
    thunderbird.CLIENT,
    k9.CLIENT,
    outlook.CLIENT,
    outlook_new.CLIENT,
    apple.CLIENT,
    deltachat.CLIENT,
    evolution.CLIENT,
    kmail.CLIENT,
    geary.CLIENT,
    nextcloud.CLIENT,
    fairemail.CLIENT,
    fairemail.PLAY,
    aerc.CLIENT,
    emclient.CLIENT,
)

CLIENTS: dict[str, Client] = {client.name: client for client in _ALL}

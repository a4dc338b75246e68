"""In which groups a page offers the guides, and which of them are for something with a camera. Nothing else."""

from __future__ import annotations

from autoconfig.errors import N_
from autoconfig.guides.clients import ClientName

GROUPS: tuple[tuple[str, tuple[ClientName, ...]], ...] = (
    (
        N_("Phone and tablet"),
        (
            ClientName.IPHONE,
            ClientName.GMAIL,
            ClientName.SAMSUNG,
            ClientName.OUTLOOK_MOBILE,
            ClientName.K9,
            ClientName.FAIREMAIL,
            ClientName.DELTACHAT,
        ),
    ),
    (
        N_("Computer"),
        (
            ClientName.OUTLOOK,
            ClientName.OUTLOOK_NEW,
            ClientName.WINDOWS_MAIL,
            ClientName.MAC,
            ClientName.THUNDERBIRD,
            ClientName.EMCLIENT,
            ClientName.EVOLUTION,
            ClientName.KMAIL,
            ClientName.GEARY,
        ),
    ),
    (N_("Anywhere"), (ClientName.WEBMAIL, ClientName.OTHER)),
)

HAND_HELD = frozenset(GROUPS[0][1])

"""Pictures of mail programs, as files that a page shows beside their guide: which there are, how large, and what is to be seen.

The files lie among the static ones, and `make pictures` takes them anew of the real program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from autoconfig.errors import N_
from autoconfig.guides.clients import ClientName

LANGUAGES = ("sv", "en")


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture, as *name*-LANGUAGE.webp among the static files, of one size in all; *alt* and *caption* are marked for translation."""

    name: str
    width: int
    height: int
    alt: str
    caption: str

    def file(self, language: str) -> str:
        """Return the name of the file in *language*, the English one where nobody has taken that."""
        return f"{self.name}-{language if language in LANGUAGES else 'en'}.webp"


# In the order in which a user meets them.
PICTURES: Mapping[ClientName, tuple[Picture, ...]] = MappingProxyType(
    {
        ClientName.THUNDERBIRD: (
            Picture(
                "thunderbird-address",
                702,
                613,
                N_(
                    "Thunderbird's window Account Hub: “Anna Andersson” and anna@kund.se are filled in. "
                    "The button “Continue” is at the bottom."
                ),
                N_("Enter your name and your e-mail address, and choose “Continue”. You do not need the button for Thundermail."),
            ),
            Picture(
                "thunderbird-found",
                702,
                613,
                N_(
                    "“Account settings found automatically.” To the left, IMAP is chosen and marked as recommended; below it is POP3. "
                    "To the right are the servers for incoming and outgoing mail with their ports, the user name, SSL/TLS, "
                    "and the link “Edit configuration”."
                ),
                N_("Thunderbird finds the settings by itself. Keep IMAP, unless you know that you want POP, and choose “Continue”."),
            ),
            Picture(
                "thunderbird-password",
                702,
                613,
                N_("“Enter your email account password”: the field for the password, and below it the box “Remember password”, ticked."),
                N_("Enter the password of your e-mail account, and choose “Continue”."),
            ),
            Picture(
                "thunderbird-incoming",
                702,
                613,
                N_(
                    "“Incoming server settings”: fields for protocol, hostname, port, connection security, authentication method and "
                    "username, all of them filled in."
                ),
                N_("This form comes only when you choose “Edit configuration” or “Manual configuration”."),
            ),
            Picture(
                "thunderbird-outgoing",
                702,
                613,
                N_(
                    "“Outgoing server settings”: the same fields for the server that sends your mail. "
                    "At the bottom: Test, Back and Continue."
                ),
                N_("The form for outgoing mail comes after it. If you have changed anything, choose “Test” before “Continue”."),
            ),
        ),
    }
)


def pictures_of(client: ClientName, language: str) -> tuple[tuple[str, Picture], ...]:
    """Return the file in *language* of every picture of *client*, with the picture; none where nobody has taken any."""
    return tuple((picture.file(language), picture) for picture in PICTURES.get(client, ()))

"""The mail programs and devices that guides know, and what each is called. Nothing else about them lives here."""

from __future__ import annotations

from enum import StrEnum

from autoconfig.errors import N_, UsageError


class ClientName(StrEnum):
    """A mail program, or the device whose own program is meant; the name stands in addresses of pages and in options."""

    IPHONE = "iphone"
    MAC = "mac"
    GMAIL = "gmail"
    SAMSUNG = "samsung"
    K9 = "k9"
    OUTLOOK = "outlook"
    OUTLOOK_NEW = "outlook-new"
    OUTLOOK_MOBILE = "outlook-mobile"
    WINDOWS_MAIL = "windows-mail"
    THUNDERBIRD = "thunderbird"
    EMCLIENT = "emclient"
    EVOLUTION = "evolution"
    KMAIL = "kmail"
    GEARY = "geary"
    FAIREMAIL = "fairemail"
    DELTACHAT = "deltachat"
    WEBMAIL = "webmail"
    OTHER = "other"

    @classmethod
    def parse(cls, text: str) -> ClientName:
        """Return the client that *text* names, also by the names that only checks use; raises UsageError for others."""
        name = text.strip().lower()
        if name in _ALSO:
            return _ALSO[name]
        try:
            return cls(name)
        except ValueError:
            raise UsageError(N_("there is no guide for %(client)s; there are %(known)s"), client=name, known=", ".join(cls)) from None


# Names of the checked programs that share a guide.
_ALSO = {
    "apple": ClientName.IPHONE,
    "fairemail-play": ClientName.FAIREMAIL,
    "nextcloud": ClientName.OTHER,
    "aerc": ClientName.OTHER,
}

# In the order in which a page offers them.
TITLES: dict[ClientName, str] = {
    ClientName.IPHONE: N_("iPhone and iPad"),
    ClientName.GMAIL: N_("Gmail on Android"),
    ClientName.SAMSUNG: N_("Samsung Email on Android"),
    ClientName.K9: N_("Thunderbird for Android"),
    ClientName.OUTLOOK_MOBILE: N_("Outlook on a phone or tablet"),
    ClientName.OUTLOOK: N_("Outlook for Windows (classic)"),
    ClientName.OUTLOOK_NEW: N_("New Outlook for Windows"),
    ClientName.WINDOWS_MAIL: N_("Mail in Windows"),
    ClientName.MAC: N_("Mail on a Mac"),
    ClientName.THUNDERBIRD: N_("Thunderbird on a computer"),
    ClientName.EMCLIENT: N_("eM Client"),
    ClientName.EVOLUTION: N_("Evolution"),
    ClientName.KMAIL: N_("KMail"),
    ClientName.GEARY: N_("Geary"),
    ClientName.FAIREMAIL: N_("FairEmail"),
    ClientName.DELTACHAT: N_("Delta Chat"),
    ClientName.WEBMAIL: N_("Webmail"),
    ClientName.OTHER: N_("Another program"),
}

# Seen in their sources or in trials: they look for settings at the domain of the address ...
FIND_BY_THEMSELVES = frozenset(
    {
        ClientName.THUNDERBIRD,
        ClientName.K9,
        ClientName.EVOLUTION,
        ClientName.KMAIL,
        ClientName.GEARY,
        ClientName.FAIREMAIL,
        ClientName.DELTACHAT,
    }
)
# ... and these take IMAP alone from what they find there, the last two also by hand.
FIND_IMAP_ONLY = frozenset({ClientName.K9, ClientName.FAIREMAIL, ClientName.GEARY, ClientName.DELTACHAT})
IMAP_ONLY = frozenset({ClientName.GEARY, ClientName.DELTACHAT})
TAKE_PROFILES = frozenset({ClientName.IPHONE, ClientName.MAC})

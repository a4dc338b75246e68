"""What to do when it does not work: our own words for each fault, marked for translation."""

from __future__ import annotations

from autoconfig.errors import N_
from autoconfig.guides.errortexts import Fault
from autoconfig.guides.words import YOUR_ADDRESS
from autoconfig.i18n import Texts

TITLES: dict[Fault, str] = {
    Fault.PASSWORD: N_("Wrong user name or password"),
    Fault.CERTIFICATE: N_("A warning about the certificate"),
    Fault.NOT_FOUND: N_("The server is not found"),
    Fault.NO_CONTACT: N_("No answer, or a port is blocked"),
    Fault.ENCRYPTION: N_("The encryption does not work"),
    Fault.OUTGOING_LOGIN: N_("Mail comes in but cannot be sent"),
    Fault.FULL: N_("The mailbox is full"),
}

# %(servers)s are their names, %(user)s is the user name.
ADVICE: dict[Fault, tuple[str, ...]] = {
    Fault.PASSWORD: (
        N_("Check the user name letter by letter: %(user)s."),
        N_("Enter the password once more. It is the one of the mailbox, which need not be the one of the customer pages."),
        N_(
            "If another phone or computer still tries an old password, switch its mail off: too many attempts can shut you out for a while."
        ),
    ),
    Fault.CERTIFICATE: (
        N_("Check that no other server is entered than %(servers)s."),
        N_("Check that date and time of the device are right."),
        N_("Do not accept the certificate. If the names are right and the warning stays, tell support what it says."),
    ),
    Fault.NOT_FOUND: (
        N_("Check what is entered as server letter by letter: %(servers)s."),
        N_("Check that the device is on the Internet: open any web page."),
    ),
    Fault.NO_CONTACT: (
        N_("Check the ports and the kinds of security against the form above."),
        N_("Try another network, for example the phone's own instead of the Wi-Fi. Some networks block mail."),
    ),
    Fault.ENCRYPTION: (
        N_("Check that security and port are the ones of the form above: they belong together."),
        N_("Never switch the encryption off, even if the program suggests it: your password could then be read on the way."),
    ),
    Fault.OUTGOING_LOGIN: (
        N_("Check that the outgoing server is %(outgoing)s, and not the one of an earlier provider."),
        N_("Check that the program logs in to the outgoing server too, as %(user)s."),
    ),
    Fault.FULL: (
        N_("Delete what you no longer need, and empty the trash. Large attachments take up the most room."),
        N_("Until there is room, mail to you is sent back to those who wrote it."),
    ),
}
NO_OUTGOING_LOGIN = N_("Check that the program does not log in to the outgoing server: it wants no password.")
NEW_PASSWORD = N_("If you have forgotten it, choose a new password.")
THE_RIGHT_SERVERS = N_("the servers that your provider names")
THE_RIGHT_ONE = N_("the one that your provider names")
# Where there is no form.
_IN_GENERAL = {
    ADVICE[Fault.NO_CONTACT][0]: N_("Check the ports and the kinds of security against the guide of your provider."),
    ADVICE[Fault.ENCRYPTION][0]: N_("Check security and port against the guide of your provider: they belong together."),
}
MEANWHILE = N_("Meanwhile you can read and send mail in the browser.")


def in_general(fault: Fault, texts: Texts) -> tuple[str, ...]:
    """Return what to do about *fault* where neither the domain nor the address is known."""
    values = {"servers": THE_RIGHT_SERVERS, "outgoing": THE_RIGHT_ONE, "user": YOUR_ADDRESS}
    told = {name: texts.gettext(value) for name, value in values.items()}
    return tuple(texts.gettext(_IN_GENERAL.get(line, line), **told) for line in ADVICE[fault])

"""Findings about logging in and sending, as far as they can be seen without a password."""

from __future__ import annotations

from autoconfig.catalogue.entry import Entry
from autoconfig.errors import N_
from autoconfig.findings import Group, Owner, Severity

ENTRIES: dict[str, Entry] = {
    "AUTH_NONE": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("Nobody can log in to %(host)s: it offers no way to do so on port %(ports)s"),
        cause=N_("Login (SASL) is switched off on that port, or the mail server cannot reach the program that checks passwords."),
        fix=N_("Switch on login with a password over TLS on port %(ports)s of %(host)s."),
        story=N_(
            "A server for outgoing mail that lets nobody log in takes mail only for its own domains; for all others it says that relaying "
            "is denied. Customers can then read mail but not send it, or the mail program asks for the password over and over. In Postfix "
            "the settings are `smtpd_sasl_auth_enable = yes`, `smtpd_sasl_type = dovecot` and `smtpd_sasl_path`, for this port, and "
            "Dovecot must have a listener for it."
        ),
        standard="RFC 6409, 4.3; RFC 4954, 3",
    ),
    "AUTH_PLAINTEXT_OFFERED": Entry(
        severity=Severity.WARNING,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("%(host)s lets passwords be sent without encryption on port %(ports)s"),
        cause=N_(
            "The server does not demand TLS before login: disable_plaintext_auth=no (from 2.4 auth_allow_cleartext=yes) in Dovecot, or "
            "smtpd_tls_auth_only=no in Postfix."
        ),
        fix=N_("Demand TLS before login on port %(ports)s of %(host)s."),
        story=N_(
            "Everybody on the way, such as the owner of an open wireless network, can read a password that is sent in clear text. A mail "
            "program that is set to encrypt never does so; one that is set up by hand without encryption does, and nobody notices. When "
            "the server demands TLS first, such a program gets an error and its owner chooses the right setting. Customers who are set up "
            "without encryption today will have to change it then: count them in the server's log before."
        ),
        standard="RFC 8314, 4.1; RFC 4954, 4",
    ),
    "AUTH_VS_PUBLISHED": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("The settings tell mail programs to log in to %(host)s with %(published)s, but it offers only %(offered)s"),
        cause=N_("The published settings are from another server or an older time."),
        fix=N_("Publish %(suggested)s for %(host)s, always together with TLS."),
        story=N_(
            "The published settings name the way to log in, and mail programs believe them. When the server does not have that way, the "
            "login fails although name and password are right, and the message says that the password is wrong. Over TLS an ordinary "
            "password (“password-cleartext” in autoconfig, SPA off in Autodiscover) is secure and works everywhere; the encrypted kinds "
            "are not needed then, and most servers no longer keep passwords in the form that they need."
        ),
        standard="draft-ietf-mailmaint-autoconfig, authentication; RFC 4422, 3.2",
    ),
    "SIZE_LOW": Entry(
        severity=Severity.NOTICE,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("%(host)s takes messages of at most %(megabytes)s MB"),
        cause=N_("The limit on the size of a message was set long ago, when messages were smaller."),
        fix=N_("Raise the limit of %(host)s, in Postfix message_size_limit, to what customers expect, 25 MB or more."),
        story=N_(
            "Attachments grow by a third on their way, so a limit of 10 MB lets a file of about 7 MB through. A customer who sends more "
            "gets an error, in some mail programs one that does not say why. Most mail hosts take 20 to 50 MB."
        ),
        standard="RFC 1870, 4",
    ),
    "CAPS_CHANGED_LOSS": Entry(
        severity=Severity.WARNING,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("%(host)s offers less on port %(ports)s than elsewhere: %(lost)s is missing"),
        cause=N_("Each port has settings of its own, and they were not changed together."),
        fix=N_("Give all ports of %(host)s the same settings."),
        story=N_(
            "A mail program that works on one port may fail on the other, so that it depends on the program and on what the customer chose "
            "whether it works. It also counts as a loss when a server offers something in clear text and no longer over TLS. In Postfix "
            "compare the `-o` lines of `submission` and `submissions` in master.cf, in Exim the conditions on the port."
        ),
        standard="RFC 8314, 3.3",
    ),
}

"""Our own words in guides, marked for translation: what stands where a program's words are not known, and around them.

Each table is keyed by the code that label files use. A step has two forms: with what to press, and without where nobody has seen it.
"""

from __future__ import annotations

from autoconfig.errors import N_
from autoconfig.guides.forms import About, Kind
from autoconfig.model import AuthMethod, TLSMode

LABELS: dict[Kind, str] = {
    Kind.NAME: N_("Your name"),
    Kind.EMAIL: N_("E-mail address"),
    Kind.PASSWORD: N_("Password"),
    Kind.DESCRIPTION: N_("Name of the account"),
    Kind.PROTOCOL: N_("Type of account"),
    Kind.INCOMING_HOST: N_("Incoming server"),
    Kind.INCOMING_PORT: N_("Port for incoming mail"),
    Kind.INCOMING_SECURITY: N_("Security for incoming mail"),
    Kind.INCOMING_TLS: N_("Encryption for incoming mail"),
    Kind.INCOMING_AUTHENTICATION: N_("Authentication for incoming mail"),
    Kind.INCOMING_USERNAME: N_("User name for incoming mail"),
    Kind.INCOMING_PASSWORD: N_("Password for incoming mail"),
    Kind.OUTGOING_PROTOCOL: N_("Type of outgoing server"),
    Kind.OUTGOING_HOST: N_("Outgoing server (SMTP)"),
    Kind.OUTGOING_PORT: N_("Port for outgoing mail"),
    Kind.OUTGOING_SECURITY: N_("Security for outgoing mail"),
    Kind.OUTGOING_LOGIN: N_("Log in to the outgoing server"),
    Kind.SAME_LOGIN: N_("The same user name and password for outgoing mail"),
    Kind.OUTGOING_AUTHENTICATION: N_("Authentication for outgoing mail"),
    Kind.OUTGOING_USERNAME: N_("User name for outgoing mail"),
    Kind.OUTGOING_PASSWORD: N_("Password for outgoing mail"),
    Kind.INCOMING_SPA: N_("Secure Password Authentication (SPA) for incoming mail"),
    Kind.OUTGOING_SPA: N_("Secure Password Authentication (SPA) for outgoing mail"),
    Kind.ADVANCED: N_("Advanced settings"),
    Kind.AUTOMATIC: N_("Manage the connection automatically"),
    Kind.LINKED: N_("Account"),
    Kind.IMAP_PREFIX: N_("IMAP path prefix"),
}

# Under a heading that tells incoming from outgoing, the labels need not.
SHORT_LABELS: dict[str, str] = {
    "port": N_("Port"),
    "security": N_("Security"),
    "authentication": N_("Authentication"),
    "username": N_("User name"),
    "password": N_("Password"),
    "spa": N_("Secure Password Authentication (SPA)"),
}

HEADINGS: dict[About, str] = {
    About.YOU: N_("About you"),
    About.INCOMING: N_("Incoming mail"),
    About.OUTGOING: N_("Outgoing mail"),
    About.PASSWORD: N_("Password"),
    About.DISPLAY: N_("What is shown"),
    About.SECOND: N_("If a second form comes"),
    About.MORE: N_("More settings"),
    About.ADVANCED: N_("Advanced settings"),
    About.AFTERWARDS: N_("Afterwards, in the account's server settings"),
    About.REST: N_("If it asks for more"),
}

SECURITY: dict[TLSMode, str] = {
    TLSMode.IMPLICIT: "SSL/TLS",
    TLSMode.STARTTLS: "STARTTLS",
    TLSMode.NONE: N_("None (not encrypted)"),
}

AUTHENTICATION: dict[AuthMethod, str] = {
    AuthMethod.PASSWORD_CLEARTEXT: N_("Normal password"),
    AuthMethod.PASSWORD_ENCRYPTED: N_("Encrypted password"),
    AuthMethod.OAUTH2: "OAuth2",
    AuthMethod.GSSAPI: "Kerberos / GSSAPI",
    AuthMethod.NTLM: "NTLM",
    AuthMethod.NONE: N_("No authentication"),
}

YOUR_NAME = N_("your name, as others shall see it")
YOUR_ADDRESS = N_("your full e-mail address")
YOUR_LOCAL_PART = N_("the part of your address before the @")
YOUR_PASSWORD = N_("your e-mail password")
SIGN_IN_PAGE = N_("none here: your program opens the sign-in page")
ON = N_("on")
OFF = N_("off")
LEAVE = N_("leave as it is")
EMPTY = N_("leave empty")
SHOW = N_("show")
THE_NEW_ACCOUNT = N_("the one that you have just added")
THAT_IS = N_("that is, %(name)s")
IN_ENGLISH = N_("in English: %(label)s")

WHEN: dict[str, str] = {
    "existing": N_("When you change an account that is already there"),
    "outlook_1": N_("If it looks like this"),
    "outlook_2": N_("If it looks like this instead"),
    "android": N_("On Android"),
    "ios": N_("On an iPhone or iPad"),
}

FIELD_NOTES: dict[str, str] = {
    "port_and_security": N_("Check the port once more afterwards: changing the one can change the other."),
    "keep_on_server": N_("If this is on, the mail also stays on the server. If it is off, the mail is moved to this computer."),
    "filled_in": N_("Is filled in already."),
    "is_empty": N_("Is empty at first: fill it in."),
    "not_optional": N_("Fill it in, even if it says that you need not."),
    "not_all_certificates": N_("Never choose one that accepts all certificates."),
    "host_and_port": N_("If the port is not the usual one, write it after the name, with a colon between."),
    "shown_later": N_("Is shown only after a failed attempt."),
}

NOTES: dict[str, str] = {
    "two_forms": N_("Outlook has two such forms and chooses by itself which one you see. Both are below."),
    "mac_red": N_(
        "When the second form comes, it may say in red that the account cannot be verified. That is normal: fill it in and go on."
    ),
    "outlook_cloud": N_(
        "The new Outlook fetches your mail by way of Microsoft's servers. If you do not want that, choose another program."
    ),
    "pop_may_be_missing": N_("Some versions of the new Outlook have no POP. If you cannot choose it, use IMAP or another program."),
    "android_again": N_("On Android, Outlook cannot change the servers of an account afterwards: remove the account and add it again."),
    "gmail_order": N_("The fields may come in another order, and port and security may not show until the first attempt has failed."),
    "windows_mail": N_("If Mail has turned into the new Outlook, follow the guide for that."),
    "imap_only": N_("This program has IMAP only."),
    "kmail_older": N_("Older versions of KMail have another form, but they ask for the same things."),
}

STEPS: dict[str, tuple[str | None, str | None]] = {
    "open": (N_("Go to %(path)s."), None),
    "open_new": (N_("Make a new account: %(path)s."), None),
    "start": (N_("When the app starts for the first time, choose %(path)s."), None),
    "later": (N_("If it already has an account, open its menu and choose %(path)s."), None),
    "press": (N_("Choose %(path)s."), None),
    "go_on": (N_("Choose %(path)s."), N_("Go on.")),
    "choose": (N_("Choose %(path)s."), N_("Choose the line for other kinds of account.")),
    "name_and_address": (None, N_("Enter your name and your e-mail address.")),
    "address": (None, N_("Enter your e-mail address.")),
    "name_address_password": (None, N_("Enter your name, your e-mail address and your password.")),
    "address_password": (None, N_("Enter your e-mail address and your password.")),
    "type_password": (None, N_("Enter your e-mail password.")),
    "if_found": (N_("If the program finds settings by itself, compare them with those below. With %(path)s you can change them."), None),
    "by_hand": (N_("If it finds none, choose %(path)s."), None),
    "change_account_settings": (
        N_("If it does not connect, choose %(path)s."),
        N_("If it does not connect, choose to change the settings of the account."),
    ),
    "test": (N_("Try the settings with %(path)s and go on."), None),
    "finish": (N_("Finish with %(path)s."), None),
    "pages": (N_("Go from page to page with %(path)s."), None),
    "save": (None, N_("Go on, let Mail be switched on, and save.")),
    "newer_ios": (N_("In iOS 18 and later, go to %(path)s."), N_("In iOS 18 and later you find Mail one step further in, among the apps.")),
    "add_other": (
        N_("Choose %(path)s."),
        N_("Choose to add an account, then the last kind in the list (other), then to add a mail account."),
    ),
    "form_and_next": (None, N_("Fill in the first part of the form below and go on.")),
    "choose_protocol_here": (None, N_("Choose %(protocol)s at the top.")),
    "choose_protocol": (None, N_("Choose %(protocol)s when you are asked for the type of account.")),
    "fill": (None, N_("Fill in the form below.")),
    "fill_sheets": (None, N_("Fill in the form below. The second part only comes if Mail does not find the settings by itself.")),
    "add_in_settings": (None, N_("Open the settings of the program and choose to add an account.")),
    "choose_other_account": (None, N_("Choose another kind of account than the well-known ones.")),
    "by_hand_plain": (None, N_("Choose to enter the settings by hand.")),
    "show_more": (None, N_("Choose to see more settings.")),
    "outlook_mobile_add": (
        N_("Tap the envelope or your picture, then the plus sign (on an iPhone the gear), and choose %(path)s."),
        N_("Tap the envelope or your picture, then the plus sign (on an iPhone the gear), and choose to add an account."),
    ),
    "change_provider": (
        N_("If you are not asked for the type of account, choose %(path)s."),
        N_("If you are not asked for the type of account, tap the question mark and choose to change the provider."),
    ),
    "switch_on": (N_("Switch on %(path)s."), N_("Switch on the advanced settings.")),
    "profile_picture": (N_("Tap your profile picture and choose %(path)s."), None),
    "profile_fetch": (None, N_("Fetch the profile from this page. If you are asked whether that is allowed, allow it.")),
    "profile_open": (
        N_("Open the settings of your device and tap %(path)s, close to the top."),
        N_("Open the settings of your device. Close to the top, a line says that a profile has been fetched: tap it."),
    ),
    "profile_install": (None, N_("Choose to install it, at the top right, and follow what the screen says.")),
    "profile_password": (None, N_("Enter your e-mail password when you are asked for it.")),
    "profile_again": (None, N_("If more than eight minutes pass before you install the profile, it is thrown away. Fetch it again then.")),
    "profile_fetch_mac": (None, N_("Fetch the profile from this page and open the file.")),
    "profile_open_mac": (None, N_("Open System Settings, look for the downloaded profile there and choose to install it.")),
}

PROFILE = N_("Let a profile do it for you")
JUST_TYPE = N_("Just type your address")
READ_IN_BROWSER = N_("Read your mail in the browser")
CHOOSE_PASSWORD = N_("Choose a new password")
BLOCKED = N_("If a network blocks port %(port)d, use port %(other)d with %(security)s instead.")
BLOCKED_OPEN = N_("If a network blocks port %(port)d, try port %(other)d without encryption.")
JUST_TYPE_STEPS = (
    N_("Add an account in the program."),
    N_("Enter your name, your e-mail address and your password."),
    N_("The program finds the rest by itself. If it does not, use the settings below."),
)
BROWSER_STEPS = (
    N_("Open %(url)s."),
    N_("Log in with your user name and your e-mail password."),
)
NO_WEBMAIL = N_("%(provider)s has no webmail that we know of.")
NO_ACCOUNT = N_("%(domain)s has no %(protocol)s account")
NO_WAY = N_("%(domain)s has POP only, and this program cannot use it. Choose another program.")

WORDING = N_("The words in the program may differ a little from those here: we have not seen all of them ourselves.")
A_LABELS = N_("Names with xn-- in them look odd, but enter them just as they stand: that is how programs write letters such as å, ä and ö.")

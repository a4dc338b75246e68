"""Findings about logging in with a password, what is to be seen then, and a message that is sent to oneself."""

from __future__ import annotations

from autoconfig.catalogue.entry import Entry
from autoconfig.errors import N_
from autoconfig.findings import Group, Owner, Severity

ENTRIES: dict[str, Entry] = {
    "LOGIN_FAIL": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.SUBMISSION,
        message=N_("%(host)s refuses this user name and password"),
        cause=N_("The password is wrong, or the server wants the user name in another form than %(username)s."),
        fix=N_("Try the password in the webmail to see whether it is right, and set a new one if not; then try %(other)s as user name."),
        story=N_(
            "Servers do not say which of the two is wrong, so that nobody can find out names by trying. A new password that is not known "
            "to the mail program yet is the most common cause; then a space or a line end that was copied with it; then an account that "
            "does not exist at this host, since the domain has moved. Some servers want the part before the @ alone, most the whole "
            "address. The check tries once and never again, because many hosts lock an account, or the address that one comes from, "
            "after some wrong passwords: mind that before you repeat it."
        ),
        standard="RFC 9051, 6.2.2; RFC 4954, 6; RFC 5530, 3",
    ),
    "LOGIN_USERNAME": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("%(host)s refuses the user name %(username)s, while the same password is taken with %(other)s elsewhere"),
        cause=N_("The published settings name different forms of the user name for different servers, and one of them is wrong."),
        fix=N_("Publish %(other)s as the form of the user name for %(host)s too, or make the server take both."),
        story=N_(
            "Mail programs believe the form of the user name that the settings give for each server. Where it is wrong for one of them, "
            "mail can be read and not sent, or the other way round, and the program asks for a password that is right. Use the whole "
            "address everywhere: it is what customers expect, and the only form that is unique on a server of many domains."
        ),
        standard="draft-ietf-mailmaint-autoconfig, username",
    ),
    "LOGIN_UNEVEN": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("%(host)s refuses a user name and password by %(refused)s that are taken by %(accepted)s"),
        cause=N_(
            "The services do not ask the same list of passwords, one of them is not allowed for this account, or a mechanism is offered "
            "for which the server does not have the password in the form that it needs."
        ),
        fix=N_("Let %(refused)s at %(host)s ask the same passwords as %(accepted)s; it was tried with %(mechanism)s."),
        story=N_(
            "The password is right, since one service takes it. A customer then reads mail but cannot send it, or sends and cannot read, "
            "and types the password again and again. In Postfix compare `smtpd_sasl_path` with Dovecot's listener; look whether the "
            "account has SMTP, IMAP or POP switched off; and do not offer CRAM-MD5 or SCRAM where passwords are kept as hashes of another "
            "kind: it is refused every time, and mail programs prefer it."
        ),
        standard="RFC 4954, 4; RFC 4422, 3",
    ),
    "LOGIN_DISABLED": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("%(host)s says that this account may not log in: “%(words)s”"),
        cause=N_("The account, or its password, is locked, has expired, or is switched off for this service."),
        fix=N_("Switch the account on again at %(host)s, or tell the customer why it is off."),
        story=N_(
            "The server knows the account and does not let it in. Hosts lock accounts that have sent spam, whose bill is not paid, or "
            "whose password has been guessed at too often; after the first of these the customer should get a new password before the "
            "account is switched on again. Mail to a locked account may be refused too: look at what happens to it meanwhile."
        ),
        standard="RFC 5530, 3; RFC 5248, 2.4",
    ),
    "LOGIN_LATER": Entry(
        severity=Severity.UNKNOWN,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("%(host)s cannot tell now whether the password is right: “%(words)s”"),
        cause=N_("What keeps the passwords does not answer the mail server, or there are too many connections."),
        fix=N_("Look into the log of %(host)s for errors of the login, and try again in some minutes."),
        story=N_(
            "The server did not refuse the password; it says that it could not look. A mail program then shows an error that passes by "
            "itself, or asks for the password although it is right. Where it lasts, the database or the directory of accounts does not "
            "answer, or the process that asks it has too few connections."
        ),
        standard="RFC 4954, 6; RFC 5530, 3; RFC 3206, 4",
    ),
    "LOGIN_TOO_WEAK": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("%(host)s offers %(mechanism)s and then says that it is too weak"),
        cause=N_("The server demands another mechanism or more encryption than there is, though TLS is in use."),
        fix=N_("Let %(host)s offer over TLS only the mechanisms that it takes there."),
        story=N_(
            "A mail program takes the mechanisms that a server offers at their word. One that is refused afterwards looks to the customer "
            "like a wrong password. The server may not know that TLS is in use, because something in front of it ends TLS and does not say "
            "so."
        ),
        standard="RFC 4954, 6; RFC 5530, 3",
    ),
    "LOGIN_MECHANISM": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("%(host)s does not get through its own login by %(mechanism)s"),
        cause=N_("The server offers a mechanism that it does not carry out as its standard says."),
        fix=N_("Mend %(mechanism)s at %(host)s, or offer it no longer: over TLS an ordinary password is enough."),
        story=N_(
            "What the server said during the login was not what the mechanism wants, or at the end the server could not prove that it "
            "knows the password, as SCRAM demands of it. Mail programs prefer such a mechanism to an ordinary password, so that they "
            "fail though name and password are right."
        ),
        standard="RFC 5802, 5; RFC 4422, 3",
    ),
    "LOGIN_BROKEN": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("%(host)s does not answer a login (%(how)s)"),
        cause=N_("What checks the passwords hangs or has crashed, or something in between cuts the connection."),
        fix=N_("Look into the log of %(host)s at the time of this check, and start the login service anew."),
        story=N_(
            "Everything went well up to the login, and then nothing came, or the connection was cut, or the answer was none that the "
            "protocol has. A mail program shows this as a lost connection or waits for a minute. It says nothing about the password. A "
            "server that hangs up without a word may have blocked the address that the check comes from after earlier wrong passwords."
        ),
        standard="RFC 9051, 6.2.2; RFC 4954, 4",
    ),
    "LOGIN_NOT_TRIED": Entry(
        severity=Severity.UNKNOWN,
        owner=Owner.NOBODY,
        group=Group.SUBMISSION,
        message=N_("No login was tried at %(host)s: %(because)s"),
        cause=N_("A password is only said to a server that has proven by its certificate to be the right one, and that can be talked to."),
        fix=N_("Mend what else is told of %(host)s, then check again with --login."),
        story=N_(
            "Before it logs in the check wants what a careful mail program wants: a connection, TLS, and a certificate for that name, in "
            "its time, from an authority that is trusted. Where one of these is missing the password stays here. The server may also offer "
            "no way to log in with a password, only with a token of a web login, which this check does not have. And where a server has "
            "refused, its other ports are not tried, so that no account is locked."
        ),
        standard="RFC 8314, 3",
    ),
    "LOGIN_SLOW": Entry(
        severity=Severity.WARNING,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("%(host)s takes %(seconds)s seconds for a login"),
        cause=N_(
            "What keeps the passwords answers slowly: a database without an index, a directory far away, or a hash that costs too much."
        ),
        fix=N_("Look into the log of the login at %(host)s, and at the time that each step takes."),
        story=N_(
            "Every connection begins with a login, and a mail program opens several. Three seconds for each make it feel broken, and some "
            "programs give up. Servers wait on purpose after a wrong password, which is right; this is the time of a right one."
        ),
    ),
    "MBOX_LIST": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("The login at %(host)s works, but the mailbox cannot be read (%(how)s)"),
        cause=N_("The mail store of this account is damaged, not there, or not this user's to read."),
        fix=N_("Look into the log of %(host)s for this account, and at the owner and the rights of its folder."),
        story=N_(
            "After the login a mail program asks for the list of folders and the number of messages. This server did not give them: it "
            "said no, broke off, or never came to an end. The program then shows an empty account or an error without a reason. After a "
            "move to a new server, the files often belong to another user."
        ),
        standard="RFC 9051, 6.3.9; RFC 1939, 5",
    ),
    "MBOX_SPECIAL_USE": Entry(
        severity=Severity.NOTICE,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("No folder of the account at %(host)s is marked for: %(missing)s"),
        cause=N_("The server does not make these folders for new accounts, or does not say what they are for."),
        fix=N_("Let %(host)s make a folder for each of these and mark it (in Dovecot: special_use and auto = subscribe)."),
        story=N_(
            "Without a mark each mail program makes folders by its own names, so that one customer gets “Sent”, “Sent Items” and "
            "“Skickat” side by side, and what was sent by the phone is not to be found at the computer. A mark (special use) tells all "
            "programs which folder it is, whatever it is called."
        ),
        standard="RFC 6154, 2",
    ),
    "MBOX_QUOTA_FULL": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.SUBMISSION,
        message=N_("The mailbox is full: %(used)s of %(limit)s"),
        cause=N_("More is kept than the account has room for."),
        fix=N_("Delete or move mail, empty the trash, or ask the mail host for more room."),
        story=N_(
            "Mail to a full mailbox is sent back to whoever wrote it, at once or after some days, and the customer does not hear of it. "
            "With IMAP what is deleted often lies in the trash and still counts. Large attachments in the folder of sent mail are what "
            "most people forget."
        ),
        standard="RFC 9208, 5; RFC 5530, 3",
    ),
    "MBOX_QUOTA_NEAR": Entry(
        severity=Severity.NOTICE,
        owner=Owner.CUSTOMER,
        group=Group.SUBMISSION,
        message=N_("The mailbox is nearly full: %(used)s of %(limit)s"),
        cause=N_("There is little room left for new mail."),
        fix=N_("Delete or move mail and empty the trash in time, or ask the mail host for more room."),
        story=N_(
            "One large attachment can fill what is left, and then all further mail is refused until there is room again. Nothing is wrong "
            "yet; tell the customer before it is."
        ),
        standard="RFC 9208, 5",
    ),
    "SUBM_SENDER_REFUSED": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("%(host)s does not let this login send as %(address)s: “%(words)s”"),
        cause=N_("The list of who may send as whom does not have this address for this login."),
        fix=N_("Allow %(address)s for this login at %(host)s (in Postfix: smtpd_sender_login_maps)."),
        story=N_(
            "The login works and the message is refused because of its sender. Hosts keep such a list so that nobody sends in another "
            "customer's name. It is wrong after an address was renamed, for an alias that receives and may not send, or when the login "
            "has another form than the list."
        ),
        standard="RFC 6409, 6.1",
    ),
    "SUBM_RCPT_REFUSED": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("%(host)s does not take mail to %(address)s: “%(words)s”"),
        cause=N_("The outgoing server does not know the mailbox, or does not count its domain among its own."),
        fix=N_("Make %(address)s known to %(host)s, or let it relay for those who have logged in."),
        story=N_(
            "A message to oneself is the simplest there is, and this server refuses it. “User unknown” means that the mailbox is missing "
            "in the list that the server has for the domain, as after a move that was done by halves. “Relay access denied” means that it "
            "does not take the login for enough."
        ),
        standard="RFC 5321, 4.2.3; RFC 6409, 3.2",
    ),
    "SUBM_REFUSED": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("%(host)s does not take a harmless message: “%(words)s”"),
        cause=N_("A filter of the outgoing server, a limit on sending, or a full disk."),
        fix=N_("Look into the log of %(host)s for the reason, and mend the filter or the limit."),
        story=N_(
            "Login, sender and recipient were taken, and the message itself was not. It is a short one in plain text without attachments, "
            "so whatever refused it refuses the customer's too. Where a limit on messages per hour is the reason, look whether somebody "
            "else sends with this account's password."
        ),
        standard="RFC 5321, 4.2.3",
    ),
    "SUBM_LATER": Entry(
        severity=Severity.WARNING,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("%(host)s tells somebody who has logged in to try again later: “%(words)s”"),
        cause=N_("Greylisting that makes no exception for customers, a limit on sending, or a server that is short of something."),
        fix=N_("Exempt those who have logged in at %(host)s from greylisting (in Postfix: permit_sasl_authenticated before it)."),
        story=N_(
            "A server that delivers mail tries again when it is put off with a 4xx answer. A mail program does not: it shows an error, and "
            "the customer thinks that sending is broken. Greylisting belongs on port 25, where strange servers come, never on the ports of "
            "customers. The round trip stops here, because trying again is what it must not do."
        ),
        standard="RFC 6647, 5; RFC 5321, 4.2.1",
    ),
    "SUBM_BROKEN": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("Sending a message through %(host)s could not be completed (%(how)s)"),
        cause=N_("The server, or a filter behind it, hangs or breaks off while it takes a message."),
        fix=N_("Look into the log of %(host)s at the time of this check."),
        story=N_(
            "The login was taken a moment before, and then the conversation broke off. A mail program leaves such a message in its outbox "
            "and sends it again, sometimes twice. A virus filter that does not answer is a common cause."
        ),
        standard="RFC 5321, 4.5.3.2",
    ),
    "RT_LOST": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("A message that %(host)s took was not in the mailbox after %(seconds)s seconds"),
        cause=N_("It waits in a queue, was sent back or thrown away by a filter, or went to the mailbox of the same name at another host."),
        fix=N_("Look for the message in the log of %(host)s, by what it said when it took it: %(words)s"),
        story=N_(
            "The outgoing server said that it has the message, and the mailbox did not get it in time. Where the MX leads to another host "
            "and the outgoing server still takes the domain for its own, the message lies in the old mailbox. It may also be held for a "
            "look at it, or wait for a filter. If it comes later, it says in Swedish and English that it may be deleted."
        ),
        standard="RFC 5321, 6.1",
    ),
    "RT_LATE": Entry(
        severity=Severity.WARNING,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("A message from the account to itself took %(seconds)s seconds"),
        cause=N_("A queue or a filter holds mail back."),
        fix=N_("Look at the queue of %(host)s, and at the times in the message's Received lines."),
        story=N_(
            "Within one host a message should be there in a second or two. Customers who wait for a code to log in somewhere feel half a "
            "minute. Look at the length of the queue and at filters that ask others over the network."
        ),
    ),
    "RT_SPAM": Entry(
        severity=Severity.WARNING,
        owner=Owner.PROVIDER,
        group=Group.SUBMISSION,
        message=N_("A message from the account to itself was put into %(mailbox)s"),
        cause=N_("The spam filter also judges mail of customers who have logged in, and something about this one looks bad to it."),
        fix=N_("Read the filter's headers of such a message, and let what was sent with a login pass the filter."),
        story=N_(
            "If the host's own filter takes a plain message of its own customer for spam, others will, too. Often the filter sees the "
            "address of the customer's own connection, which stands on lists of addresses that should send no mail, and does not see the "
            "login; or the domain's SPF does not have the outgoing server."
        ),
    ),
    "RT_LEFT": Entry(
        severity=Severity.NOTICE,
        owner=Owner.CUSTOMER,
        group=Group.SUBMISSION,
        message=N_("The message of this check is still in %(mailbox)s"),
        cause=N_("The server did not let it be deleted without touching other mail (%(because)s)."),
        fix=N_("Delete it, it has done its work."),
        story=N_(
            "The check deletes its own message and nothing else. A server without UIDPLUS can only remove everything that is marked, also "
            "what the customer has marked elsewhere, so the message was marked and left."
        ),
        standard="RFC 4315, 2.1",
    ),
    "RT_NOT_SEEN": Entry(
        severity=Severity.UNKNOWN,
        owner=Owner.NOBODY,
        group=Group.SUBMISSION,
        message=N_("Whether the message came could not be seen at %(host)s: %(because)s"),
        cause=N_("The connection to the mailbox, which had worked before, broke off while the message was awaited."),
        fix=N_("Try again; if the message lies in the mailbox it may be deleted."),
        story=N_(
            "The message was sent and taken. The mailbox was looked into until the server refused or fell silent. POP servers may forbid "
            "to log in often; there is nothing wrong with that."
        ),
    ),
    "RT_NOT_TRIED": Entry(
        severity=Severity.UNKNOWN,
        owner=Owner.NOBODY,
        group=Group.SUBMISSION,
        message=N_("No message was sent: %(because)s"),
        cause=N_("A round trip needs a login at an outgoing server and one at a mailbox."),
        fix=N_("Mend the login first, then check again with --roundtrip."),
        story=N_(
            "The check sends a message from the account to itself and looks whether it comes. Where nobody can log in to send, or to read, "
            "there is nothing to send or nowhere to look."
        ),
    ),
}

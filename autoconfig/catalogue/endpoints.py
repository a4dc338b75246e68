"""Findings about the mail servers: connections, greetings, STARTTLS, TLS."""

from __future__ import annotations

from autoconfig.catalogue.entry import Entry
from autoconfig.errors import N_
from autoconfig.findings import Group, Owner, Severity

_CONNECTING = {
    "TCP_REFUSED": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("%(host)s refuses connections on port %(ports)s"),
        cause=N_("The machine is there, but nothing listens on that port: the program has stopped, or was never set up to use it."),
        fix=N_("Start the mail server on %(host)s, make it listen on port %(ports)s, and see that the firewall lets it through."),
        story=N_(
            "A refused connection is a quick and clear no from the machine itself or from a firewall in front of it. Mail programs say "
            "that the connection was refused, or only that they cannot connect. Changing the password does not help. To be sure, ask the "
            "server itself which ports are open (`ss -ltn`) and whether the program runs. Where only one of several addresses refuses, "
            "some customers get through and others do not, and it changes from day to day."
        ),
        standard="RFC 9293, 3.10.7",
    ),
    "TCP_TIMEOUT": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("%(host)s does not answer on port %(ports)s"),
        cause=N_("A firewall throws the connections away, the machine is down, or the name points to an address that nobody uses."),
        fix=N_("Open port %(ports)s of %(host)s in the firewall, start the machine, or correct the address of its name."),
        story=N_(
            "Nothing came back at all. For a customer this is the slowest fault: the mail program waits for half a minute or more before "
            "it says that the connection timed out. If the same server answers from another network, a firewall is the reason; some block "
            "an address after too many wrong passwords, and then only that one customer is shut out. If it answers from nowhere, look at "
            "the machine first, then at the address in the DNS."
        ),
        standard="RFC 9293, 3.8.3",
    ),
    "TCP_UNREACH": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("There is no way to %(host)s, port %(ports)s"),
        cause=N_(
            "A router on the way says that the address cannot be reached: the machine is off, its network is gone, or a firewall says no."
        ),
        fix=N_("Check that the address of %(host)s is right and in use, and that a firewall does not turn the connections away."),
        story=N_(
            "The answer came from a router or a firewall, not from the mail server. It is worth trying from another network: if it works "
            "there, the fault is on the way, otherwise at the mail host. An address of a server that was taken out of use gives the same "
            "answer, so compare the DNS with the addresses that the mail host says it has."
        ),
        standard="RFC 1122, 4.2.3.9",
    ),
    "SMTP25_NOT_TESTED": Entry(
        severity=Severity.UNKNOWN,
        owner=Owner.NOBODY,
        group=Group.ENDPOINTS,
        message=N_("Port 25 of the domain's mail exchangers could not be tested from here: %(hosts)s"),
        cause=N_(
            "Most access providers and many data centres let nobody out to port 25, so that spam cannot leave. The servers may also be "
            "down."
        ),
        fix=N_("Run the check from a machine that may send mail, such as a mail server, to be sure."),
        story=N_(
            "Port 25 is where mail servers deliver mail to each other; mail programs do not use it. When not one of the exchangers "
            "answers, a block in the network that the check runs in is more likely than that all of them are down, so nothing is "
            "concluded. If senders also get their mail back, or it is delayed for hours, then the exchangers are down indeed."
        ),
    ),
    "NOT_TESTED": Entry(
        severity=Severity.UNKNOWN,
        owner=Owner.NOBODY,
        group=Group.ENDPOINTS,
        message=N_("%(host)s was not tested"),
        cause=N_(
            "The name could not be looked up, the time was up, this machine has no way there, or the address is one that may not be tested."
        ),
        fix=N_("Try again, with more time or from another network."),
        story=N_(
            "What was not tested is neither well nor faulty. This happens when the resolver does not answer, when a server earlier in the "
            "run took all the time, when the answer is missing in a file of saved answers, or when the check was started from a web page, "
            "which may only visit public addresses and the ports of mail and web. Which it was stands under “We saw”."
        ),
    ),
    "IPV6_NOT_TESTED": Entry(
        severity=Severity.NOTICE,
        owner=Owner.NOBODY,
        group=Group.ENDPOINTS,
        message=N_("The IPv6 addresses were not tested: %(hosts)s"),
        cause=N_("The machine that the check runs on has no IPv6. The IPv4 addresses were tested as usual."),
        fix=N_("Run the check from a network with IPv6 to test them as well."),
        story=N_(
            "Phones and many home networks use IPv6 first where a name has such an address, and fall back to IPv4 after a moment. A fault "
            "that only IPv6 has is therefore felt as slowness by some customers and not at all by others. It cannot be seen from a machine "
            "without IPv6."
        ),
    ),
}

_SPEAKING = {
    "TCP_PORT_WRONG_PROTO": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("%(host)s should speak %(service)s on port %(port)d, but speaks %(spoken)s"),
        cause=N_("A proxy, a port forwarding or a list of services maps the port to the wrong program."),
        fix=N_("Let port %(port)d of %(host)s lead to the %(service)s server, or name the right port in the settings."),
        story=N_(
            "Something answers, but with another protocol. Mail programs report this as a broken or unknown answer, or hang. Look at what "
            "listens on that port (`ss -ltnp`) and at the forwardings in routers and load balancers in front of the server."
        ),
    ),
    "TLS_ON_PLAIN": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("%(host)s expects TLS at once on port %(port)d, where STARTTLS is expected"),
        cause=N_("The kind of TLS is swapped between two ports, or the settings name the wrong kind for this port."),
        fix=N_("Switch off TLS from the start on port %(port)d of %(host)s and offer STARTTLS there, or say SSL/TLS in the settings."),
        story=N_(
            "There are two ways to secure a connection: TLS from the first byte (ports 993, 995 and 465), and a start in clear text that "
            "is upgraded with STARTTLS (143, 110 and 587). When server and program do not agree, both wait for the other to begin and the "
            "customer sees a long wait and then a time-out. It is seldom visible in the server's log."
        ),
        standard="RFC 8314, 3",
    ),
    "PLAIN_ON_TLS": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("%(host)s answers in clear text on port %(port)d, where TLS should begin at once"),
        cause=N_("TLS is not switched on for that port, or the kind of TLS is swapped between two ports."),
        fix=N_("Switch on TLS from the start on port %(port)d of %(host)s, or say STARTTLS in the settings."),
        story=N_(
            "Ports 993, 995 and 465 are for TLS from the first byte. A server that greets in clear text there makes mail programs fail "
            "with a message about a wrong version of TLS or a broken handshake. In Dovecot the listener lacks `ssl = yes`, in Postfix the "
            "service lacks `smtpd_tls_wrappermode=yes`. Do not work around it by choosing “no encryption” in the mail program."
        ),
        standard="RFC 8314, 3",
    ),
    "GREET_SLOW": Entry(
        severity=Severity.NOTICE,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("%(host)s takes %(seconds)s seconds to say hello"),
        cause=N_(
            "The server looks up the caller's name or a blocklist and waits for a slow resolver, or it makes strangers wait on purpose."
        ),
        fix=N_("Mend the resolver that %(host)s uses, or switch off the waiting on the ports that customers use."),
        story=N_(
            "A mail server may speak only after it has looked up who calls. When its resolver is slow, every connection is slow, and a "
            "mail program opens several. Delays on purpose belong on port 25, against spam, never on the ports that customers log in on. "
            "Thunderbird and others give up after a while and report a time-out."
        ),
        standard="RFC 5321, 4.5.3.2.1",
    ),
    "GREET_4XX": Entry(
        severity=Severity.UNKNOWN,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("%(host)s asks to try again later: %(reply)s"),
        cause=N_("Too many connections at once, from us or from all together, or a fault at the server that it hopes will pass."),
        fix=N_("Try again in a few minutes; if it stays so, raise the limits of connections on %(host)s or see what its log says."),
        story=N_(
            "The server is there, but does not want to talk now. Since the reason may be our own connections, nothing is concluded. If "
            "customers see it as well, the limit is too low for them: one phone and one computer may hold ten connections open, and a "
            "whole office shares one address."
        ),
        standard="RFC 5321, 4.2.1",
    ),
    "GREET_BYE": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("%(host)s turns callers away on port %(port)d: %(reply)s"),
        cause=N_("The server is switched off for maintenance, is only for some networks, or has blocked the address that we come from."),
        fix=N_("Read what %(host)s says and what its log says; let customers in from everywhere on port %(port)d."),
        story=N_(
            "The connection was taken and ended with a no. The words after the no mostly say why. If customers get through and the check "
            "does not, the address that the check runs from is blocked; try from another network before anything is changed on the server."
        ),
        standard="RFC 5321, 3.1",
    ),
    "GREET_GARBAGE": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("%(host)s says something on port %(port)d that is not %(service)s"),
        cause=N_("Another program listens on that port, or something in between changes what is said."),
        fix=N_("See which program listens on port %(port)d of %(host)s, and let the %(service)s server do so."),
        story=N_(
            "Every protocol begins with a line of its own form. What came was not of that form, or was a line without end. Security "
            "products and mail proxies on the way sometimes put their own words in the place of the server's. What was said stands under "
            "“We saw”."
        ),
        standard="RFC 9051, 7.1; RFC 1939, 3; RFC 5321, 4.2",
    ),
    "GREET_PREAUTH": Entry(
        severity=Severity.WARNING,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("%(host)s lets everybody in on port %(port)d without a login"),
        cause=N_("The server greets as if the caller had already logged in; that is meant for local programs only."),
        fix=N_("Switch off login without a password on port %(port)d of %(host)s."),
        story=N_(
            "An IMAP server may greet with PREAUTH when it already knows who calls, for example through a local pipe. On a port that can "
            "be reached from the internet it means that somebody's mailbox is open, or that the connection is not what it seems. Mail "
            "programs that want STARTTLS refuse it, since an attacker could use it to keep them from encrypting."
        ),
        standard="RFC 9051, 7.1.4",
    ),
    "PROTO_SILENT": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("%(host)s takes the connection on port %(port)d and then says nothing"),
        cause=N_("The server is overloaded or hangs, waits for a slow resolver, or expects TLS where clear text begins."),
        fix=N_(
            "See on %(host)s whether the %(service)s server hangs, and whether port %(port)d has the kind of TLS that the settings say."
        ),
        story=N_(
            "The connection was made, but an answer did not come in time. A machine that has run out of memory or processes behaves so, "
            "and so does a proxy whose server behind it is down. Some servers make strangers wait for a long time on purpose. A mail "
            "program waits longer than the check and may get an answer in the end; its user has then given up."
        ),
        standard="RFC 5321, 4.5.3.2",
    ),
    "PROTO_CLOSED": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("%(host)s hangs up in the middle of the conversation on port %(port)d"),
        cause=N_("The server's program crashes or is not allowed to start, it has too many connections, or a firewall cuts it off."),
        fix=N_("Look in the log of %(host)s for what happens to connections on port %(port)d."),
        story=N_(
            "The connection was made and then closed without a good-bye. Servers do so when the program behind the port cannot start (a "
            "wrong setting, an unreadable key), when an access list keeps the caller out, and when a limit is reached. How far it came "
            "stands under “We saw”."
        ),
    ),
    "PROTO_GARBAGE": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("%(host)s gives an answer on port %(port)d that does not follow %(service)s"),
        cause=N_("The server has a fault, or a proxy or firewall in between changes its answers."),
        fix=N_("Connect to port %(port)d of %(host)s past the proxy or firewall and compare; upgrade whichever of them spoils the answer."),
        story=N_(
            "It began well, but then came an answer of the wrong form, or one without end. Mail programs either stop there or, worse, "
            "misunderstand. Firewalls that look into mail connections are a common reason: they replace words that they do not know."
        ),
        standard="RFC 9051, 2.2; RFC 1939, 3; RFC 5321, 4.2",
    ),
    "PROTO_REFUSED": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("%(host)s says no to an ordinary question on port %(port)d: %(reply)s"),
        cause=N_("The server is very old, or an access rule turns callers away after the greeting."),
        fix=N_("See in the settings of %(host)s why it refuses on port %(port)d, and let customers in from everywhere."),
        story=N_(
            "The server was asked what it can do, as every mail program asks, and refused. Some servers check the caller first now, not at "
            "the greeting; the words after the no mostly say why. If customers get through, the address that the check runs from is the "
            "reason."
        ),
        standard="RFC 5321, 4.1.1.1",
    ),
}

_SECURING = {
    "STARTTLS_ABSENT": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("%(host)s offers no encryption (STARTTLS) on port %(port)d"),
        cause=N_("TLS is switched off or has no certificate, or a firewall on the way removes the offer."),
        fix=N_("Switch on STARTTLS for port %(port)d of %(host)s; in a Cisco firewall turn off the SMTP inspection (“fixup”)."),
        story=N_(
            "Without STARTTLS everything on this port goes in clear text, the password too. Mail programs that were told to use STARTTLS "
            "refuse to go on, and rightly so: advice on the web to choose “no encryption” must not be followed. The better answer for the "
            "customer is the port with TLS from the start (993, 995, 465), if that works. In Dovecot the setting is `ssl = required`, in "
            "Postfix `smtpd_tls_security_level = encrypt` (`may` on port 25). If the server offers it when asked on the spot, something on "
            "the way takes it out."
        ),
        standard="RFC 8314, 4.1; RFC 3207, 4",
    ),
    "STARTTLS_REFUSED": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("%(host)s offers encryption on port %(port)d and then refuses it: %(reply)s"),
        cause=N_("The server cannot read its certificate or key, or has run out of something it needs for TLS."),
        fix=N_("Look in the log of %(host)s for why TLS cannot start, and mend its certificate and key."),
        story=N_(
            "STARTTLS was offered, and the answer to it was no. Most often the certificate's file was moved or may not be read by the mail "
            "server, which it only notices now. Mail programs that were told to use STARTTLS stop with an error about a secure connection."
        ),
        standard="RFC 3207, 4",
    ),
    "STARTTLS_INJECT": Entry(
        severity=Severity.WARNING,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("%(host)s lets unencrypted text slip into the encrypted connection on port %(port)d"),
        cause=N_("An old server, or a proxy in front of it, does not empty its buffers when encryption begins."),
        fix=N_("Upgrade the mail server or proxy of %(host)s."),
        story=N_(
            "After the consent to STARTTLS nothing more may be said in clear text. This server sent more. Somebody on the way can use that "
            "to put words into a connection that seems secure, for example to make a mail program send its password elsewhere. The fault "
            "was found in many servers and programs in 2011 and again in 2021 and is mended in all that are kept up to date."
        ),
        standard="RFC 3207, 4.2; RFC 9051, 6.2.1",
    ),
    "TLS_HANDSHAKE": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("Encryption cannot be agreed on with %(host)s, port %(port)d: %(detail)s"),
        cause=N_(
            "The server has no certificate for TLS, allows only ciphers that nobody has any more, or demands a certificate of the caller."
        ),
        fix=N_("Check certificate, key and ciphers of %(host)s with the command given here, or read its log."),
        story=N_(
            "Both sides speak TLS but cannot agree. The check accepts every certificate and every old cipher, so a mail program will "
            "hardly do better. `openssl s_client -connect HOST:PORT -servername HOST` (with `-starttls imap`, `pop3` or `smtp` on the "
            "ports that start in clear text) shows the same, and the server's log mostly says why."
        ),
        standard="RFC 8446, 6.2",
    ),
    "TLS_RST": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("%(host)s hangs up on port %(port)d when encryption begins"),
        cause=N_("A firewall cuts the connection, the server crashes there, or it has no certificate for the name that it is asked for."),
        fix=N_("Look in the log of %(host)s, and try from another network to see whether a firewall is the reason."),
        story=N_(
            "The connection was closed instead of an answer to the first words of TLS. If it only happens from one network, a firewall "
            "there looks at the name that is asked for and does not want it. If it happens from everywhere, the server or the load "
            "balancer in front of it is the place to look."
        ),
        standard="RFC 8446, 6",
    ),
    "TLS_TOO_OLD": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.ENDPOINTS,
        message=N_("%(host)s offers only versions of TLS that are too old"),
        cause=N_("The server's operating system or its settings are from before TLS 1.2."),
        fix=N_("Set the lowest TLS version of %(host)s to 1.2, and upgrade OpenSSL where it has no such version."),
        story=N_(
            "TLS 1.0 and 1.1 were withdrawn in 2021. Today's phones and mail programs refuse them, mostly with a message about an insecure "
            "connection or none at all, while old computers go on as before: “it works on my old one” is typical. In Dovecot the setting "
            "is `ssl_min_protocol = TLSv1.2`, in Postfix `smtpd_tls_mandatory_protocols` and `smtpd_tls_protocols`, both `>=TLSv1.2`."
        ),
        standard="RFC 8996, 4 and 5; RFC 8314, 4.1",
    ),
}

ENTRIES: dict[str, Entry] = {**_CONNECTING, **_SPEAKING, **_SECURING}

"""Findings about the domain's delegation, its names and its mail exchangers."""

from __future__ import annotations

from autoconfig.catalogue.entry import Entry
from autoconfig.errors import N_
from autoconfig.findings import Group, Owner, Severity

ENTRIES: dict[str, Entry] = {
    # --- does the domain exist, and who answers for it ---
    "DNS_NXDOMAIN": Entry(
        severity=Severity.CRITICAL,
        owner=Owner.REGISTRAR,
        group=Group.DELEGATION,
        message=N_("%(domain)s does not exist in the DNS"),
        cause=N_("The registration has expired, the domain has no name servers yet, or its name is misspelt."),
        fix=N_("Check the spelling. If it is right, ask the domain registrar whether the domain is paid for and has name servers."),
        story=N_(
            "Nothing works with a domain that does not exist: no mail arrives, no mail program finds its settings, no web page opens. Look "
            "the domain up at its registrar: the date until which it is paid for, its status, and its name servers. A domain that has just "
            "been registered or renewed can take some hours to be seen everywhere. If the domain is a part of another one, such as "
            "sales.kund.se, its records must be added where the DNS of that other domain is kept."
        ),
        standard="RFC 2308, 2.1",
    ),
    "DNS_SERVFAIL": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELEGATION,
        message=N_("The name servers of %(domain)s give no usable answer"),
        cause=N_("They are down, do not know the domain any more, or something in the network on the way to them does not work."),
        fix=N_(
            "Ask whoever runs the DNS of the domain to mend its name servers, or change to working name servers at the domain registrar."
        ),
        story=N_(
            "The resolver asked the domain's name servers and got nothing that it could use. While that lasts, nobody can send mail to "
            "the domain and no mail program finds its servers; some people notice later than others, as long as older answers are "
            "remembered. It often happens after a change of provider: the old name servers have dropped the domain, and the registrar "
            "still names them. Where only our own resolver was asked and nothing else points at the domain, the result is shown as "
            "unknown: ask from another network to be sure."
        ),
        standard="RFC 1035, 4.1.1",
    ),
    "DNS_NO_ANSWER": Entry(
        severity=Severity.UNKNOWN,
        owner=Owner.NOBODY,
        group=Group.DELEGATION,
        message=N_("The DNS gave no answer to: %(questions)s"),
        cause=N_("The resolver that this check uses failed, was silent, or could not be reached. That says nothing about the domain."),
        fix=N_("Try again, with more time (--deadline 30) or through another resolver (--resolver)."),
        story=N_(
            "A check can only tell what it hears. Here the resolver of this computer was silent, refused the question or could not be "
            "reached, so it is not known what the DNS says. Nothing is held against the domain for it. If it happens for every domain, "
            "look at the network connection of the computer that runs the check."
        ),
    ),
    "DNS_DS_MISMATCH": Entry(
        severity=Severity.CRITICAL,
        owner=Owner.REGISTRAR,
        group=Group.DELEGATION,
        message=N_("The DNSSEC signature of %(domain)s does not match: many people cannot reach the domain at all"),
        cause=N_("The domain was moved to other name servers, and the DS record of the old ones is still at the domain registrar."),
        fix=N_(
            "Remove the DS record of %(domain)s at the domain registrar, or replace it with the one that the present DNS host gives you."
        ),
        story=N_(
            "DNSSEC signs the records of a domain. The registrar publishes a fingerprint of the key, the DS record. When the domain's "
            "name servers sign with another key, or do not sign at all, every resolver that checks signatures throws their answers away, "
            "and to its users the domain is gone. Others see no fault, which makes it puzzling: it works on one network and not on "
            "another. Remove the old DS record first; it may be remembered for up to a day. New signing can be switched on afterwards."
        ),
        standard="RFC 4035, 5.2",
    ),
    "DNS_SIGNATURE_EXPIRED": Entry(
        severity=Severity.CRITICAL,
        owner=Owner.CUSTOMER,
        group=Group.DELEGATION,
        message=N_("The DNSSEC signatures of %(domain)s are out of date: many people cannot reach the domain at all"),
        cause=N_("Whoever runs the DNS has stopped signing the zone anew, or the clock of the signing server is wrong."),
        fix=N_(
            "Ask whoever runs the DNS of %(domain)s to sign the zone again, or remove the DS record at the domain registrar until then."
        ),
        story=N_(
            "DNSSEC signatures are valid for some weeks, and the server that signs renews them by itself. When that stops, resolvers that "
            "check signatures refuse every answer from the day on which the last ones run out. The records themselves are right, so "
            "nothing but the signing needs to be mended."
        ),
        standard="RFC 4035, 5.3.1",
    ),
    "DNS_LAME": Entry(
        severity=Severity.WARNING,
        owner=Owner.CUSTOMER,
        group=Group.DELEGATION,
        message=N_("Name servers of %(zone)s that do not answer for it: %(servers)s"),
        cause=N_("They were replaced or have dropped the domain, and are still listed among the domain's name servers."),
        fix=N_(
            "Remove those that do not answer from the list of name servers at the domain registrar and from the zone's NS records, or make "
            "them answer again."
        ),
        story=N_(
            "A domain lists several name servers so that one may fail. One that does not answer makes every first question slow, by a "
            "second or more, and when the others fail as well the domain is gone. The list stands in two places, at the registrar and in "
            "the zone's own NS records; both must name the same, working servers. When none of the servers can be asked from here although "
            "the resolver has answers, a firewall in between may be the reason, and the result is shown as unknown."
        ),
        standard="RFC 1912, 2.8",
    ),
    "DNS_SERVERS_DIFFER": Entry(
        severity=Severity.WARNING,
        owner=Owner.CUSTOMER,
        group=Group.DELEGATION,
        message=N_("The name servers of the domain do not agree about %(name)s"),
        cause=N_("One name server has an older copy of the zone, or the domain lists name servers of two different DNS hosts."),
        fix=N_("Make all name servers of the domain have the same records; remove those of a former DNS host at the domain registrar."),
        story=N_(
            "Each question goes to any of the domain's name servers. When they disagree, it is chance who gets which answer: mail works "
            "today and not tomorrow, here and not there. Right after a change this may last for some minutes, until all servers have the "
            "new zone. If it lasts longer, the copying between the servers is broken, or two DNS hosts each keep records of their own."
        ),
        standard="RFC 1034, 4.3.5",
    ),
    "DNS_STALE_CACHE": Entry(
        severity=Severity.WARNING,
        owner=Owner.NOBODY,
        group=Group.DELEGATION,
        message=N_(
            "%(name)s has been changed, but that is not seen here until %(time)s (in %(seconds)s s): so far %(old)s, new value %(new)s"
        ),
        cause=N_("The record was changed a short while ago. Resolvers remember the old one for as long as it allowed them to."),
        fix=N_("Wait until %(time)s. Nothing has to be mended. To see it sooner, use another network or clear the resolver's memory."),
        story=N_(
            "Every record carries a time for which it may be remembered, its TTL. The domain's own name servers already give the new "
            "answer; the resolver that was asked here still has the old one, and will ask again when the time is up. Other resolvers have "
            "clocks of their own, but none may keep the old answer longer than its full TTL. Before a planned change, lower the TTL a day "
            "ahead, to 300 seconds for example. The times are in UTC."
        ),
        standard="RFC 1034, 3.6; RFC 2308, 5",
    ),
    "DNS_NOT_OURS": Entry(
        severity=Severity.NOTICE,
        owner=Owner.CUSTOMER,
        group=Group.DELEGATION,
        message=N_("The DNS of %(domain)s is kept elsewhere, and records are missing there; its name servers are %(ns)s"),
        cause=N_("The customer keeps the DNS at another company, so the mail host cannot add the records."),
        fix=N_("Log in where the DNS of %(domain)s is kept and add the records that are listed here."),
        story=N_(
            "The mail can be with one company and the DNS with another; that works well as long as somebody copies the records. The names "
            "of the name servers usually tell which company it is. Records that are added in the mail host's own panel have no effect for "
            "such a domain. The lines can be pasted into a zone file; in a panel of fields, enter name, type and value of each."
        ),
    ),
    # --- names and aliases ---
    "DNS_HOST_MISSING": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELEGATION,
        message=N_("%(name)s has no address, but is used as a server name"),
        cause=N_("The record was never added, was lost when the DNS was moved, or the name is misspelt where it is published."),
        fix=N_("Correct the name where it is published, or add an A record for %(name)s, or a CNAME record that leads to the mail server."),
        story=N_(
            "A mail program that is told to use this name says that the server cannot be found. The name is what the customer's settings, "
            "the domain's MX record or the published settings say; it needs an address of its own (A, and AAAA for IPv6) or an alias "
            "(CNAME). A name that an MX record mentions must not be an alias. After the change, programs that have asked in vain may go "
            "on saying that the server cannot be found for up to an hour."
        ),
        standard="RFC 1034, 3.6",
    ),
    "DNS_CNAME_LOOP": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELEGATION,
        message=N_("The alias %(name)s leads in a circle"),
        cause=N_("CNAME records point at each other, or at themselves."),
        fix=N_("Let the CNAME record of %(name)s lead to a name that has an address, or replace it with an A record."),
        story=N_(
            "A CNAME record says “the same as that other name”. When the other name leads back, directly or by way of others, there is no "
            "address at the end, and programs behave as if the name did not exist. It happens when a name is made an alias of the very "
            "name that used to be an alias of it."
        ),
        standard="RFC 1034, 3.6.2",
    ),
    "DNS_CNAME_AT_APEX": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELEGATION,
        message=N_("%(domain)s itself is an alias (CNAME) of %(target)s; that breaks mail to the domain"),
        cause=N_("A web host asked for a CNAME on the domain itself, and the DNS panel let it through."),
        fix=N_("Replace the CNAME record of %(domain)s with A and AAAA records, or with what the DNS host calls ALIAS or ANAME."),
        story=N_(
            "A name that is an alias can have no other records. The domain itself must have name servers, and for mail an MX record; "
            "beside a CNAME these are hidden, by some resolvers and not by others. Mail then goes to the web host, or comes back. An "
            "alias is fine for names below the domain, such as www."
        ),
        standard="RFC 1034, 3.6.2; RFC 2181, 10.1",
    ),
    "DNS_CNAME_TO_NXDOMAIN": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELEGATION,
        message=N_("The alias %(name)s leads to %(target)s, which does not exist"),
        cause=N_("The record is left over from a former provider, or its target is misspelt."),
        fix=N_("Let the CNAME record of %(name)s lead to the right name, or remove it."),
        story=N_(
            "Programs that ask for the name are sent to another one that is not there, and behave as if the first did not exist. Look for "
            "a misspelt target, and in a zone file for a missing dot at its end: without it the domain's own name is added once more. A "
            "left-over alias is also a risk: whoever registers the target's domain can answer in the customer's name."
        ),
        standard="RFC 1034, 3.6.2",
    ),
    "DNS_AAAA_STALE": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELEGATION,
        message=N_("%(host)s has the IPv6 address %(ip)s, which does not answer; the IPv4 address works"),
        cause=N_("The AAAA record is left over from a former host, or the server has lost its IPv6 address."),
        fix=N_("Remove the AAAA record of %(host)s, or let it have the server's present IPv6 address."),
        story=N_(
            "Programs try IPv6 first where the network has it. If nobody answers there, some change to IPv4 at once, some after half a "
            "minute, and some give up: for one customer mail is slow, for another it does not work, and for those without IPv6 all is "
            "well. When a server is moved, the A record is often changed and the AAAA record forgotten."
        ),
        standard="RFC 8305",
    ),
    "DNS_WILDCARD_HIT": Entry(
        severity=Severity.WARNING,
        owner=Owner.CUSTOMER,
        group=Group.DELEGATION,
        message=N_("A wildcard record of %(domain)s (*) answers for %(names)s and leads to %(target)s"),
        cause=N_("The wildcard was made for the web site; it answers for every name that has no record of its own."),
        fix=N_("Add records of their own for %(names)s; they go before the wildcard."),
        story=N_(
            "With *.kund.se in the DNS every name below the domain exists. Mail programs ask for autoconfig. and autodiscover., and meet "
            "the web server instead of the server that has the settings: they get a web page, a certificate that is not for that name, or "
            "wait in vain. The wildcard may stay. A record of its own for a name always goes before it."
        ),
        standard="RFC 4592, 2.2",
    ),
    "DNS_PRIVATE_ADDRESS": Entry(
        severity=Severity.NOTICE,
        owner=Owner.CUSTOMER,
        group=Group.DELEGATION,
        message=N_("%(names)s: only reachable from inside a private network (%(addresses)s)"),
        cause=N_("The DNS answers differently inside a company's network, or an internal address was published by mistake."),
        fix=N_("If people outside shall use it, publish the public address; otherwise nothing needs to be done."),
        story=N_(
            "Some ranges of addresses are never used on the internet: those for private networks, for a computer itself and for examples. "
            "On a network of one's own such an answer is normal. From everywhere else the name leads nowhere, and a mail program on a "
            "phone works in the office and not at home."
        ),
        standard="RFC 6890",
    ),
    # --- mail exchangers ---
    "MX_NONE": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELEGATION,
        message=N_("%(domain)s has no MX record, so it does not say where its mail is delivered"),
        cause=N_("The record was never added, or was lost when the DNS was moved."),
        fix=N_("Add the MX record of the mail host where the DNS of %(domain)s is kept."),
        story=N_(
            "Without an MX record senders try the address of the domain itself, which mostly is a web server, and then give the mail "
            "back, some of them only after days. Reading mail that has already arrived and sending mail work as before, so it can take a "
            "while until somebody notices. If the domain shall not receive mail, say so with a null MX: 0 and a single dot."
        ),
        standard="RFC 5321, 5.1",
    ),
    "MX_NULL": Entry(
        severity=Severity.NOTICE,
        owner=Owner.CUSTOMER,
        group=Group.DELEGATION,
        message=N_("%(domain)s says that it accepts no mail (null MX)"),
        cause=N_("Somebody published that the domain is not used for mail: the MX record is 0 and a single dot."),
        fix=N_("If %(domain)s shall receive mail, replace the null MX with the MX record of the mail host. Otherwise all is well."),
        story=N_(
            "A null MX is a polite no: senders give the mail back at once instead of trying for days. It is right for domains without "
            "mail. Some DNS hosts put it on every new domain, and then it must go before mail can arrive. Beside other MX records it has "
            "no meaning, and must be removed."
        ),
        standard="RFC 7505, 3",
    ),
    "MX_CNAME": Entry(
        severity=Severity.WARNING,
        owner=Owner.CUSTOMER,
        group=Group.DELEGATION,
        message=N_("The MX record of %(domain)s names %(name)s, which is an alias (CNAME) of %(target)s"),
        cause=N_("The MX record uses a convenient name of the customer's own domain instead of the server's own name."),
        fix=N_("Let the MX record name %(target)s, or give %(name)s A and AAAA records instead of the CNAME."),
        story=N_(
            "An MX record must name a server that has addresses itself. Most senders follow an alias nevertheless; some refuse, so mail "
            "from certain people never arrives. Whether it fails depends on the sender, so the fault is hard to find for those who only "
            "test from one place."
        ),
        standard="RFC 2181, 10.3",
    ),
    "MX_PRIVATE_IP": Entry(
        # The contract weighs addresses that are not globally routable as a notice; inside a network they are right.
        severity=Severity.NOTICE,
        owner=Owner.CUSTOMER,
        group=Group.DELEGATION,
        message=N_("Mail is delivered to %(name)s, whose address can only be reached from inside a private network (%(ip)s)"),
        cause=N_("The address inside the company was published instead of the public one, or this network has DNS answers of its own."),
        fix=N_("Give %(name)s the mail server's public address in the DNS that the internet sees."),
        story=N_(
            "Senders on the internet cannot connect to such an address, so no mail arrives from outside. Inside a network that gives its "
            "own answers it is as it should be: ask through a public resolver to tell the two apart."
        ),
        standard="RFC 6890",
    ),
    "MX_ELSEWHERE": Entry(
        severity=Severity.NOTICE,
        owner=Owner.CUSTOMER,
        group=Group.DELEGATION,
        message=N_("The mail of %(domain)s is not with %(provider)s: it is delivered to %(operator)s"),
        cause=N_("The customer has the mail with another company, or has moved here and not changed the MX record yet."),
        fix=N_(
            "If the mail shall be with %(provider)s, replace the MX records with those of %(provider)s. Otherwise nothing needs to be done."
        ),
        story=N_(
            "The MX record decides where new mail goes. While it leads to another company, a mailbox here stays empty, and a mail program "
            "that is set up for the servers here shows no new mail though nothing is broken. Before changing it, make sure that all "
            "mailboxes exist here, and lower the TTL of the old record a day ahead. An antivirus or spam filter of another company that "
            "passes the mail on looks the same from outside, and is fine."
        ),
        standard="RFC 5321, 5.1",
    ),
    "MX_MIXED": Entry(
        severity=Severity.WARNING,
        owner=Owner.CUSTOMER,
        group=Group.DELEGATION,
        message=N_("The mail of %(domain)s is delivered to more than one place: to %(provider)s and to %(operator)s"),
        cause=N_("When the mail was moved, the old MX record was left beside the new one."),
        fix=N_("Remove the MX records that do not belong to the mail host: %(hosts)s."),
        story=N_(
            "Senders choose among the MX records by their priority, and try the next one when a server is slow. Some of the mail then ends "
            "in a mailbox at the other company that nobody reads. A second server of another company is only right when it is known to "
            "pass the mail on."
        ),
        standard="RFC 5321, 5.1",
    ),
    "MX_INCOMPLETE": Entry(
        severity=Severity.NOTICE,
        owner=Owner.CUSTOMER,
        group=Group.DELEGATION,
        message=N_("%(domain)s lacks some of the MX records of %(provider)s: %(hosts)s"),
        cause=N_("Only the first of several records was added, or the mail host has got a new server since."),
        fix=N_("Add the MX records that are listed here."),
        story=N_(
            "Mail arrives as long as the servers that are named work. The others are there for when they do not: without them mail is "
            "delayed during a stop, or comes back."
        ),
        standard="RFC 5321, 5.1",
    ),
}

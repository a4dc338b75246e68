"""Findings about how mail gets from server to server: encryption that is insisted on, names of addresses, lists, and the way to port 25."""

from __future__ import annotations

from autoconfig.catalogue.entry import Entry
from autoconfig.errors import N_
from autoconfig.findings import Group, Owner, Severity

ENTRIES: dict[str, Entry] = {
    # --- MTA-STS and TLS-RPT ---
    "STS_RECORD": Entry(
        severity=Severity.WARNING,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The MTA-STS record %(name)s cannot be used"),
        cause=N_("There are two of them, or the version (v=STSv1) or the id is missing or misspelt."),
        fix=N_("Let %(name)s have one TXT record: v=STSv1; id= and up to 32 letters and digits, new ones at each change of the policy."),
        story=N_(
            "The record tells senders that there is a policy and when it was changed. When they cannot read it they behave as if there "
            "were none, or go on with an old policy that they remember."
        ),
        standard="RFC 8461, 3.1",
    ),
    "STS_NO_RECORD": Entry(
        severity=Severity.WARNING,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("There is an MTA-STS policy, but no record at %(name)s, so nobody looks for it"),
        cause=N_("Only one of the two halves was set up, or the record was lost when the DNS was moved."),
        fix=N_("Add a TXT record at %(name)s: v=STSv1; id= and the time of the last change, for example 20261123080000."),
        story=N_(
            "MTA-STS has two halves: a policy on a web server and a record in the DNS that tells of it. Senders look at the record first, "
            "and without it never ask for the policy. If MTA-STS is not wanted any more, remove the host mta-sts as well."
        ),
        standard="RFC 8461, 3.1",
    ),
    "STS_UNREACHABLE": Entry(
        severity=Severity.WARNING,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The MTA-STS policy cannot be fetched: %(url)s"),
        cause=N_("The web server does not know the name, or sends on to another place, which is not allowed here."),
        fix=N_("Let %(url)s answer with the policy itself (status 200, no redirect), or remove the TXT record of _mta-sts."),
        story=N_(
            "The record in the DNS says that there is a policy. Senders who cannot fetch it deliver as if there were none, so that nothing "
            "is protected; those who remember an older one go on with that until it has run out."
        ),
        standard="RFC 8461, 3.3",
    ),
    "STS_CERTIFICATE": Entry(
        severity=Severity.WARNING,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The MTA-STS policy is not accepted: %(host)s has no valid certificate"),
        cause=N_("The certificate has expired, or was made without the name mta-sts."),
        fix=N_("Issue a certificate for %(host)s, and see to it that it is renewed by itself."),
        story=N_(
            "The whole point of the policy is that nobody on the way can change it, so senders fetch it over HTTPS with a valid "
            "certificate or not at all. Without it they deliver as if there were no policy."
        ),
        standard="RFC 8461, 3.3",
    ),
    "STS_POLICY": Entry(
        severity=Severity.WARNING,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The MTA-STS policy at %(url)s has a mistake: “%(line)s”"),
        cause=N_("A line is misspelt or missing, or a web page is served instead of the policy."),
        fix=N_("Correct the policy: lines with version: STSv1, mode:, max_age: and an mx: for each mail exchanger."),
        story=N_(
            "The policy is a plain text with a field in each line. Senders that cannot read it deliver as if there were none. The mode is "
            "enforce, testing or none, and max_age a number of seconds up to a year."
        ),
        standard="RFC 8461, 3.2",
    ),
    "STS_MX": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The MTA-STS policy does not name the mail exchangers %(hosts)s"),
        cause=N_("The MX records were changed, for example when the mail was moved, and the policy was not changed with them."),
        fix=N_("Add an mx: line for %(hosts)s at %(url)s, then give the TXT record of _mta-sts a new id."),
        story=N_(
            "With mode: enforce, senders who respect the policy, the largest among them, deliver only to exchangers that it names; mail "
            "waits with them and comes back after some days. Change the policy first and the id after it: senders fetch the policy anew "
            "when the id is another. Before mail is moved, set mode: none or name both hosts, and wait until max_age has passed."
        ),
        standard="RFC 8461, 4.1",
    ),
    "STS_MAX_AGE": Entry(
        severity=Severity.NOTICE,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The MTA-STS policy may be remembered for %(seconds)d seconds only"),
        cause=N_("A short time was chosen for a beginning, and has stayed."),
        fix=N_("Set max_age to some weeks, for example 1209600, at %(url)s when the policy has proved right."),
        story=N_(
            "The policy protects because senders remember it: an attacker on the way can suppress the record in the DNS, but not "
            "what is known "
            "already. With less than a day there is hardly a protection."
        ),
        standard="RFC 8461, 3.2",
    ),
    "TLSRPT_SYNTAX": Entry(
        severity=Severity.WARNING,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The TLS reporting record %(name)s cannot be used"),
        cause=N_("There are two of them, or the address for reports stands without mailto: or https:."),
        fix=N_("Let %(name)s have one TXT record such as v=TLSRPTv1; rua=mailto:postmaster@ and the domain."),
        story=N_(
            "By this record large senders tell each day how often they could encrypt, and why not. When they cannot read it, no reports "
            "come, and faults of MTA-STS or DANE are noticed only when mail is missing."
        ),
        standard="RFC 8460, 3",
    ),
    "TLSA_UNUSABLE": Entry(
        severity=Severity.WARNING,
        owner=Owner.PROVIDER,
        group=Group.DELIVERABILITY,
        message=N_("The fingerprint at %(name)s (TLSA) is of a kind that mail servers do not use"),
        cause=N_("The record was made by the instructions for web servers, with 0 or 1 as its first number."),
        fix=N_("Publish a TLSA record that begins with 3 1 1 at %(name)s, for the certificate of %(host)s."),
        story=N_(
            "Between mail servers only the usages 3 (this very key) and 2 (this authority) mean something. With others alone, senders "
            "encrypt and do not look whose certificate it is: there is less protection than there seems to be."
        ),
        standard="RFC 7672, 3.1.3",
    ),
    # --- addresses ---
    "PTR_MISSING": Entry(
        severity=Severity.WARNING,
        owner=Owner.NOBODY,
        group=Group.DELIVERABILITY,
        message=N_("The address %(ip)s of %(host)s has no name (no PTR record)"),
        cause=N_("The address is new, and nobody asked the owner of the network for its name."),
        fix=N_("Ask whoever provides the address %(ip)s to give it the name %(host)s."),
        story=N_(
            "Receivers ask for the name of the address that hands them mail. Many large ones refuse mail from an address without one, "
            "above all over IPv6. The record does not stand in the domain's own zone but in that of the addresses, so that only the "
            "provider of the network can add it, often in its panel as “reverse DNS”. A server that only receives does not need one."
        ),
        standard="RFC 1912, 2.1",
    ),
    "PTR_FCRDNS": Entry(
        severity=Severity.WARNING,
        owner=Owner.NOBODY,
        group=Group.DELIVERABILITY,
        message=N_("The address %(ip)s of %(host)s has the name %(name)s, which does not lead back to it"),
        cause=N_("The server got another address, and only one of the two directions was changed."),
        fix=N_("Give %(name)s the address %(ip)s, or have the name of the address changed to %(host)s."),
        story=N_(
            "Anybody can give his addresses any name, so receivers believe one only when the name has that address too. When it has not, "
            "they treat the server like one without a name."
        ),
        standard="RFC 1912, 2.1",
    ),
    "RBL_LISTED": Entry(
        severity=Severity.WARNING,
        owner=Owner.PROVIDER,
        group=Group.DELIVERABILITY,
        message=N_("The address %(ip)s of %(host)s stands on a list of senders of spam: %(lists)s"),
        cause=N_("An account or a web form is abused to send spam, or the address belonged to somebody else before."),
        fix=N_("Find what sends spam from %(ip)s and stop it, then ask the keepers of %(lists)s to remove the address."),
        story=N_(
            "Many receivers refuse mail from addresses on such lists. Who asks to be removed while the spam goes on is listed anew and "
            "for longer. Look in the mail server's log for accounts that send much or log in from many countries, and change their "
            "passwords. The web page of each list tells what was seen and how an address is removed."
        ),
        standard="RFC 5782, 2.1",
    ),
    "RBL_NOT_ANSWERED": Entry(
        severity=Severity.UNKNOWN,
        owner=Owner.NOBODY,
        group=Group.DELIVERABILITY,
        message=N_("These lists of senders of spam do not answer us: %(lists)s"),
        cause=N_("They do not answer public resolvers, or anyone who asks too much."),
        fix=N_("Ask through a resolver of your own (--resolver), or on the web pages of the lists."),
        story=N_(
            "The keepers of lists want to know who asks. Through a large public resolver they give an answer that means “not to you”; "
            "programs that take it for “listed” are a well-known source of false alarms. It says nothing about the address."
        ),
        standard="RFC 5782, 2.1",
    ),
    "OUT25_BLOCKED": Entry(
        severity=Severity.UNKNOWN,
        owner=Owner.NOBODY,
        group=Group.DELIVERABILITY,
        message=N_("Port 25 seems to be closed from here: none of the mail exchangers answers (%(hosts)s)"),
        cause=N_("Most access providers, and many data centres, let out to port 25 only those who have asked for it."),
        fix=N_(
            "If this is the machine that sends mail, ask its provider to open port 25 or send by a relay; else try from another machine."
        ),
        story=N_(
            "Mail servers deliver to each other at port 25. On a mail server of one's own a closed port means that no mail leaves at all, "
            "and the queue grows. On any other machine it is the rule and harmless; only the exchangers cannot be tested from there."
        ),
        standard="RFC 5321, 4.5.4.2",
    ),
    "DELIVERY_NOT_TESTED": Entry(
        severity=Severity.UNKNOWN,
        owner=Owner.NOBODY,
        group=Group.DELIVERABILITY,
        message=N_("Not everything about the delivery of mail is known: there is no answer to %(questions)s"),
        cause=N_(
            "The resolver failed or was silent, the name servers in question do not answer, or the answer is not among the saved ones."
        ),
        fix=N_("Try again, with more time (--deadline 30) or through another resolver (--resolver)."),
        story=N_(
            "What is not answered is not held against anybody: a record that could not be asked for is not called missing. If it happens "
            "again, the name servers of the name in question may be out of order, and then receivers of mail have the same trouble."
        ),
    ),
}

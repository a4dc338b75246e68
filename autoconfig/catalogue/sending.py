"""Findings about who may send mail from the domain: SPF, DKIM and DMARC."""

from __future__ import annotations

from autoconfig.catalogue.entry import Entry
from autoconfig.errors import N_
from autoconfig.findings import Group, Owner, Severity

ENTRIES: dict[str, Entry] = {
    # --- SPF ---
    "SPF_MISSING": Entry(
        severity=Severity.WARNING,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("%(domain)s does not say which servers may send its mail (no SPF record)"),
        cause=N_("The record was never added, or was lost when the DNS was moved."),
        fix=N_("Add the SPF record of the mail host as a TXT record of %(domain)s; if the domain sends no mail, v=spf1 -all."),
        story=N_(
            "Receivers ask the DNS whether the server that hands over a message may send for the domain. Without an answer they judge by "
            "other signs, and some of the mail lands among spam; the large ones demand SPF or a DKIM signature of everybody. The record "
            "must name every server that sends for the domain: the mail host, the web shop, the newsletter, the program for invoices."
        ),
        standard="RFC 7208, 3",
    ),
    "SPF_TWO": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("%(name)s has more than one SPF record, so receivers use none of them"),
        cause=N_("A new service asked for an SPF record, and it was added beside the old one instead of into it."),
        fix=N_("Remove the SPF records of %(name)s and add a single one that names all senders."),
        story=N_(
            "A domain may have one TXT record that begins with v=spf1. With two, the standard tells receivers to take the whole as an "
            "error, and mail lands among spam or comes back although each record by itself is right. Put what stands between v=spf1 and "
            "the last word of both into one record, and end it with one “all”. The line that is offered here does just that."
        ),
        standard="RFC 7208, 4.5",
    ),
    "SPF_SYNTAX": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The SPF record of %(name)s cannot be read: “%(term)s”"),
        cause=N_("The record has a misspelt word, a missing blank or colon, or a character that a web page or a word processor put in."),
        fix=N_("Correct “%(term)s” in the SPF record of %(name)s."),
        story=N_(
            "One word that receivers do not understand makes the whole record worthless: they treat the mail as if the sender's record "
            "were broken, which it is. Frequent mistakes are a blank after the colon, ipv4: instead of ip4:, include= instead of include:, "
            "a comma between words, and quotation marks that were pasted into the text."
        ),
        standard="RFC 7208, 4.6",
    ),
    "SPF_INCLUDE_MISSING": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The SPF record refers to %(name)s, which has none"),
        cause=N_("The name is misspelt, or belongs to a service that has ceased or has changed its instructions."),
        fix=N_("Remove the reference to %(name)s from the SPF record, or correct the name as the service's instructions have it."),
        story=N_(
            "With include: or redirect= a domain takes over what another one says of its servers. When there is nothing, the standard "
            "makes the whole record an error, for mail from all servers that are not named before it. That hits without a warning when a "
            "service ceases: nobody changed anything, and mail begins to come back."
        ),
        standard="RFC 7208, 5.2",
    ),
    "SPF_LOOP": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The SPF record leads in a circle, by way of %(name)s"),
        cause=N_("A domain includes itself, or two domains include each other."),
        fix=N_("Remove the reference to %(name)s that closes the circle."),
        story=N_(
            "Receivers follow every include: until they have asked ten times, and then give up with an error. It happens when the line for "
            "customers of a mail host is copied into the record that this very line refers to."
        ),
        standard="RFC 7208, 4.6.4",
    ),
    "SPF_TOO_MANY_LOOKUPS": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The SPF record of %(name)s makes receivers ask the DNS %(count)d times; they stop after 10"),
        cause=N_("Each service that sends for the domain added its include, and these have includes of their own."),
        fix=N_("Remove the services that no longer send, and replace a and mx in the record of %(name)s with ip4 and ip6."),
        story=N_(
            "Every include, a, mx, ptr, exists and redirect costs a question, in the records that are included as well. After ten, "
            "receivers end with an error, and what stands towards the end of the record counts for nobody. The list here shows where the "
            "questions come from; begin with what belongs to services that are no longer used. Let newsletters and the like send from a "
            "name of their own, such as news.kund.se, with a record of its own."
        ),
        standard="RFC 7208, 4.6.4",
    ),
    "SPF_VOID_LOOKUPS": Entry(
        severity=Severity.WARNING,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The SPF record of %(name)s asks for %(count)d names that do not exist; many receivers stop after 2"),
        cause=N_("Servers that the record names with a, mx or exists have been taken out of use."),
        fix=N_("Remove the names that lead to nothing from the SPF record of %(name)s."),
        story=N_(
            "Answers without content are a sign of mistakes or of abuse, so the standard lets receivers give up after two of them. Whether "
            "they do differs, so that mail arrives at some and not at others. The list here shows which words of the record lead nowhere."
        ),
        standard="RFC 7208, 4.6.4",
    ),
    "SPF_ALLOWS_ALL": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The SPF record of %(name)s lets the whole world send in its name: “%(term)s”"),
        cause=N_("Somebody wanted to be rid of rejected mail, or mistook the plus for the usual sign."),
        fix=N_("Replace “%(term)s” in the record of %(name)s with ~all or -all, after all own senders."),
        story=N_(
            "With +all, or a network that covers every address, mail of any forger passes the check, and with it DMARC. That is "
            "worse than no "
            "record at all: receivers treat such domains as belonging to spammers. Name the servers that send, and end with ~all; "
            "when nothing "
            "of one's own has failed for some weeks, with -all."
        ),
        standard="RFC 7208, 5.1",
    ),
    "SPF_NEUTRAL": Entry(
        severity=Severity.NOTICE,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The SPF record of %(name)s says nothing about servers that it does not name"),
        cause=N_("The record ends with ?all, or without any “all”."),
        fix=N_("End the SPF record of %(name)s with ~all, or with -all when all senders are named."),
        story=N_(
            "Such a record helps the mail of the servers that it names, and does nothing against forgers: mail from everywhere else counts "
            "as neither allowed nor forbidden."
        ),
        standard="RFC 7208, 4.7",
    ),
    "SPF_PTR": Entry(
        severity=Severity.NOTICE,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The SPF record of %(name)s uses ptr, which is slow and is skipped by some receivers"),
        cause=N_("The record is old: ptr has been discouraged since 2014."),
        fix=N_("Replace ptr in the SPF record of %(name)s with the addresses of the servers (ip4, ip6) or their names (a)."),
        story=N_(
            "With ptr the receiver has to find the names of the sending address, and the addresses of these names, before it can decide. "
            "Some do not do so to spare the name servers, and then the mail fails."
        ),
        standard="RFC 7208, 5.5",
    ),
    "SPF_AFTER_ALL": Entry(
        severity=Severity.NOTICE,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("In the SPF record of %(name)s, what stands after “all” is never looked at: %(terms)s"),
        cause=N_("A sender was added at the end of the record instead of before its last word."),
        fix=N_("Move %(terms)s before the “all” in the SPF record of %(name)s, or remove it."),
        story=N_(
            "Receivers read the record from left to right and stop at what fits; “all” always fits. The senders after it are as if they "
            "were not there, and so is a redirect beside it."
        ),
        standard="RFC 7208, 5.1",
    ),
    "SPF_LACKS_PROVIDER": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The SPF record of %(name)s does not let %(provider)s send"),
        cause=N_("The record is from before the mail was moved, or of a former mail host."),
        fix=N_("Replace the SPF record of %(name)s with the one that is given here."),
        story=N_(
            "Mail that the customer sends leaves by the mail host's servers. Receivers look them up in the domain's record, do not find "
            "them, and put the mail among spam or give it back. The line here has everything of the present record, and the mail host's "
            "servers besides. If the mail is sent by another company after all, nothing needs to be done."
        ),
        standard="RFC 7208, 2.6",
    ),
    # --- DKIM ---
    "DKIM_MISSING": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("There is no DKIM key at %(name)s"),
        cause=N_("The record was never added, was lost when the DNS was moved, or stands at a wrong name."),
        fix=N_("Add the TXT record of the DKIM key (or the CNAME record) that the mail host gives for the selector %(selector)s."),
        story=N_(
            "The mail host signs what it sends and names the selector in the signature; receivers fetch the key that belongs to it from "
            "the DNS. Without the key the signature cannot be checked and counts for nothing. Panels often add the domain to the name by "
            "themselves: a record at selector._domainkey.kund.se.kund.se is a frequent mistake."
        ),
        standard="RFC 6376, 3.6.2",
    ),
    "DKIM_NONE_FOUND": Entry(
        severity=Severity.NOTICE,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("%(domain)s has no DKIM keys, so its mail is probably not signed"),
        cause=N_("The mail host does not sign, or gave a record that has not been added."),
        fix=N_("Ask the mail host for the DKIM record of %(domain)s and add it."),
        story=N_(
            "Keys belong below _domainkey, and nothing at all exists there. A signature shows receivers that a message is from the "
            "domain and "
            "unchanged, also when it was forwarded, where SPF fails. The large receivers demand SPF or DKIM of everybody, and both of "
            "those who send much. Mail may still be signed in the name of the mail host."
        ),
        standard="RFC 6376, 3.6.2; RFC 8020, 2",
    ),
    "DKIM_ALIAS": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The DKIM key %(name)s is an alias of %(target)s, where there is none"),
        cause=N_("The service that the alias leads to has ceased, has not made the key yet, or the target is misspelt."),
        fix=N_("Correct the CNAME record of %(name)s, or remove it if the service is no longer used."),
        story=N_(
            "Many services keep the key themselves and let the customer add an alias to it. When the target has no key, signatures with "
            "this selector cannot be checked. Some services make the key only when signing is switched on in their panel."
        ),
        standard="RFC 6376, 3.6.2",
    ),
    "DKIM_TWO": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("There is more than one DKIM key at %(name)s"),
        cause=N_("A new key was added beside the old one at the same selector."),
        fix=N_("Keep only the key at %(name)s that the mail host signs with; a further key needs a selector of its own."),
        story=N_(
            "What receivers do with two keys at one name is left to them: some take the first, some fail. As the DNS gives the records in "
            "any order, the same mail passes at one time and fails at another."
        ),
        standard="RFC 6376, 3.6.2.2",
    ),
    "DKIM_SYNTAX": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The DKIM key at %(name)s cannot be used because of its part “%(tag)s”"),
        cause=N_("The key was cut off or broken while it was pasted, or is of a kind that is no longer accepted."),
        fix=N_("Replace the TXT record of %(name)s with the mail host's, in one piece."),
        story=N_(
            "A key is long, and a text string in the DNS has at most 255 characters; panels that cannot split it cut it off. "
            "Quotation marks and blanks that were pasted with it, or a backslash before each semicolon, break it as well. Only the kinds "
            "rsa and ed25519 are in use, with SHA-256 (h=sha256); SHA-1 is no longer accepted."
        ),
        standard="RFC 6376, 3.6.1; RFC 8301, 3.1",
    ),
    "DKIM_REVOKED": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The DKIM key at %(name)s has been revoked"),
        cause=N_("The key was replaced and the record emptied, while the mail host still signs with it."),
        fix=N_("Add the present key of the mail host at %(name)s, or let it sign with the selector of the new one."),
        story=N_(
            "A record with an empty p= says that the key is no longer good: every signature with it fails. That is right for an old key, "
            "and wrong for one that is in use."
        ),
        standard="RFC 6376, 3.6.1",
    ),
    "DKIM_WEAK": Entry(
        severity=Severity.ERROR,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The DKIM key at %(name)s is short: %(bits)d bits"),
        cause=N_("The key was made long ago, or the panel still makes keys of 1024 bits."),
        fix=N_("Let the mail host make a key of 2048 bits with a new selector, and remove %(name)s once the new key is in use."),
        story=N_(
            "Keys under 1024 bits can be broken by anybody, and receivers must not accept signatures with them. 1024 bits are still "
            "accepted, and within the reach of those with many computers. 2048 bits are what the standard recommends."
        ),
        standard="RFC 8301, 3.2",
    ),
    "DKIM_TESTING": Entry(
        severity=Severity.NOTICE,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The DKIM key at %(name)s says that it is only being tried (t=y)"),
        cause=N_("The flag was set when DKIM was introduced, and nobody removed it."),
        fix=N_("Remove t=y from the record of %(name)s."),
        story=N_(
            "With this flag receivers are to treat signed mail no better and no worse than unsigned mail. Some nevertheless count the "
            "signature, so that the difference is hard to see."
        ),
        standard="RFC 6376, 3.6.1",
    ),
    # --- DMARC ---
    "DMARC_MISSING": Entry(
        severity=Severity.WARNING,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("%(domain)s does not say what to do with forged mail (no DMARC record)"),
        cause=N_("The record was never added; it is newer than SPF and DKIM, and many set-ups are older."),
        fix=N_("Add a DMARC record for %(domain)s; p=none changes nothing for the mail and is a good beginning."),
        story=N_(
            "DMARC says what receivers shall do with mail that has the domain in its From line and passes neither SPF nor DKIM for it. The "
            "large receivers demand a record of everybody who sends much. Begin with p=none and an address for reports (rua), see in the "
            "reports that all own senders pass, and then go on to p=quarantine and p=reject."
        ),
        standard="RFC 7489, 6.6.3",
    ),
    "DMARC_TWO": Entry(
        severity=Severity.WARNING,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("There is more than one DMARC record at %(name)s, so receivers use none of them"),
        cause=N_("A service for reports or a new mail host asked for a record, and it was added beside the old one."),
        fix=N_("Keep one record at %(name)s, and put the addresses for reports into it with commas between."),
        story=N_(
            "With two records the standard lets receivers behave as if there were none: forged mail is delivered although both records "
            "forbid it, and no reports come."
        ),
        standard="RFC 7489, 6.6.3",
    ),
    "DMARC_SYNTAX": Entry(
        severity=Severity.WARNING,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The DMARC record %(name)s has a mistake at “%(tag)s”"),
        cause=N_("A word is misspelt, a semicolon or the policy (p) is missing, or an address stands without mailto:."),
        fix=N_("Correct “%(tag)s” in the TXT record of %(name)s."),
        story=N_(
            "The record begins with v=DMARC1, spelt just so, then come the policy p=none, p=quarantine or p=reject and the rest, with "
            "semicolons between. What receivers cannot read they pass over: in the best case one tag, in the worst the whole record."
        ),
        standard="RFC 7489, 6.4",
    ),
    "DMARC_NONE": Entry(
        severity=Severity.NOTICE,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The DMARC record %(name)s lets forged mail of %(domain)s be delivered (none)"),
        cause=N_("The domain is in the first step of DMARC, in which only reports are collected, or was left there."),
        fix=N_("When the reports show that all own senders pass, change the policy at %(name)s to quarantine, later to reject."),
        story=N_(
            "With p=none receivers do nothing about mail that only claims to be from the domain. It is the right beginning. To end there "
            "protects nobody; the next step can be taken when all that sends for the domain, newsletters and invoices too, passes SPF or "
            "DKIM for it."
        ),
        standard="RFC 7489, 6.3",
    ),
    "DMARC_SUBDOMAINS": Entry(
        severity=Severity.NOTICE,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("The DMARC record %(name)s is milder for names below the domain (sp=%(policy)s)"),
        cause=N_("The policy of the domain was made stricter, and that for the names below it was forgotten."),
        fix=N_("Remove sp=%(policy)s from the record of %(name)s, unless names below the domain send mail that does not pass."),
        story=N_(
            "Forgers then use a name below the domain, one that does not even exist, such as invoice.kund.se. Without sp the domain's own "
            "policy is valid for all names below it."
        ),
        standard="RFC 7489, 6.3",
    ),
    "DMARC_RUA_REFUSED": Entry(
        severity=Severity.WARNING,
        owner=Owner.CUSTOMER,
        group=Group.DELIVERABILITY,
        message=N_("Reports of %(name)s go to %(hosts)s, who did not agree to that in the DNS"),
        cause=N_("The service for reports has not been told of the domain, has ceased, or the address is misspelt."),
        fix=N_("Let %(hosts)s publish the record that is given here, or have the reports sent to an address in the domain itself."),
        story=N_(
            "So that nobody is flooded with the reports of others, a receiver of reports in another domain must say in the DNS that it "
            "wants them. Without that record they are not sent. The policy itself is valid nevertheless."
        ),
        standard="RFC 7489, 7.1",
    ),
}

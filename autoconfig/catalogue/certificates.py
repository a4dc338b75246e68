"""Findings about certificates."""

from __future__ import annotations

from autoconfig.catalogue.entry import Entry
from autoconfig.errors import N_
from autoconfig.findings import Group, Owner, Severity

_NAMES = {
    "CERT_SERVER_NAME": Entry(
        severity=Severity.CRITICAL,
        owner=Owner.PROVIDER,
        group=Group.CERTIFICATES,
        message=N_("%(name)s shows a certificate for %(server)s, so mail programs warn or refuse to connect"),
        cause=N_("%(name)s leads to a shared server, which only has a certificate for its own names: %(certificate_names)s."),
        fix=N_(
            "Choose one: publish %(server)s as the server's name in the settings of the domain (autoconfig and so on) and let customers "
            "use it; or issue a certificate for %(name)s and let the mail server show it to those who ask for that name (SNI)."
        ),
        story=N_(
            "This is the classic fault of shared mail servers. The customer has entered a name in their own domain, the name leads to the "
            "right machine, and name and password are right. But the machine shows the certificate of the mail host, and a mail program "
            "cannot tell that from an attack. Thunderbird asks for an exception, an iPhone says that it cannot verify the server's "
            "identity, Outlook says that the name is wrong, others only say that they cannot connect. An exception is a bad habit and "
            "breaks at the next renewal. For a customer on the phone the quickest help is to change the server's name in the mail program "
            "to the one in the certificate; to help all customers, either publish that name or get a certificate for each customer's own "
            "name. Unless the name is proved through the DNS, a certificate can only be issued once it leads to the server."
        ),
        standard="RFC 9525, 6; RFC 7817, 3",
    ),
    "CERT_NAME_MISMATCH": Entry(
        severity=Severity.CRITICAL,
        owner=Owner.PROVIDER,
        group=Group.CERTIFICATES,
        message=N_("The certificate that %(name)s shows is not for that name"),
        cause=N_("The certificate is for %(certificate_names)s. The name was forgotten when it was issued, or leads to the wrong server."),
        fix=N_("Issue a certificate that has %(name)s among its names, and let the mail server show it; or correct where the name leads."),
        story=N_(
            "A mail program compares the server's name, as it was entered or published, with the names in the certificate. An alias "
            "(CNAME) does not count, nor does the old field “common name”. A star stands for exactly one part: *.kund.se is for "
            "mail.kund.se, but neither for kund.se nor for in.mail.kund.se. When no name fits, Thunderbird asks for an exception and "
            "phones mostly refuse. If the names belong to somebody else altogether, check first that the server's name leads to the right "
            "machine."
        ),
        standard="RFC 9525, 6.3; RFC 7817, 3",
    ),
    "CERT_CN_ONLY": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.CERTIFICATES,
        message=N_("The certificate of %(name)s has its name only in a field that programs no longer read"),
        cause=N_("It was made with old tools, often by the mail host itself: only the “common name” is filled in."),
        fix=N_("Reissue the certificate with %(name)s as a subject alternative name (dNSName)."),
        story=N_(
            "A certificate once said whom it is for in its “common name”. For many years it has been the list of alternative names that "
            "counts, and programs have stopped looking at the old field. So some old ones connect as before, while new ones say that the "
            "certificate is not for this server, although a look at it seems to show the right name."
        ),
        standard="RFC 9525, 2 and 6.3",
    ),
    "CERT_VARIES": Entry(
        severity=Severity.WARNING,
        owner=Owner.PROVIDER,
        group=Group.CERTIFICATES,
        message=N_("The addresses of %(host)s show different certificates"),
        cause=N_("A new certificate was put on one of several machines and forgotten on the others."),
        fix=N_("Put the same certificate on all machines behind %(host)s, and reload the mail servers there."),
        story=N_(
            "All of the certificates are valid now, but one is older and will end sooner. Then some customers will get warnings and others "
            "not, at random. Where each machine gets a certificate by itself, on purpose, this can be left as it is."
        ),
    ),
}

_DATES = {
    "CERT_EXPIRED": Entry(
        severity=Severity.CRITICAL,
        owner=Owner.PROVIDER,
        group=Group.CERTIFICATES,
        message=N_("The certificate of %(host)s expired on %(end_date)s"),
        cause=N_("It was not renewed, or it was renewed and the mail server still shows the old one, because it was not reloaded."),
        fix=N_("Renew the certificate of %(host)s, and reload every program that shows it."),
        story=N_(
            "From that day on mail programs warn or refuse. A mail server reads its certificate when it starts and keeps it, so that a "
            "renewed file on the disk changes nothing until it is reloaded: when “We saw” tells that another port shows a newer one, a "
            "reload is all that is missing. Make the renewal reload the mail servers by itself (certbot: `--deploy-hook`). If only one "
            "customer sees this and the check does not, the date of that computer or phone is wrong."
        ),
        standard="RFC 5280, 4.1.2.5",
    ),
    "CERT_SOON": Entry(
        severity=Severity.WARNING,
        owner=Owner.PROVIDER,
        group=Group.CERTIFICATES,
        message=N_("The certificate of %(host)s expires on %(end_date)s (days left: %(days)d)"),
        cause=N_("Automatic renewal mostly happens about thirty days before the end; it may have failed, or nobody has set it up."),
        fix=N_("See that the certificate of %(host)s is renewed in time, and that the mail servers are reloaded after it."),
        story=N_(
            "Nothing is wrong yet. With certificates that a machine renews, less than two weeks left mostly means that the renewal fails: "
            "a name in the certificate that no longer leads to the server is the usual reason. Certificates that somebody buys by hand "
            "need a note in a calendar."
        ),
        standard="RFC 5280, 4.1.2.5",
    ),
    "CERT_NOTYET": Entry(
        severity=Severity.CRITICAL,
        owner=Owner.PROVIDER,
        group=Group.CERTIFICATES,
        message=N_("The certificate of %(host)s is not valid before %(start_date)s"),
        cause=N_("It was put in place too early, or it was made on a machine whose clock was wrong."),
        fix=N_("Let %(host)s show a certificate that is valid now; set the clock of the machine that issues it."),
        story=N_(
            "Mail programs treat this like an expired certificate: they warn or refuse. A clock that is wrong on the machine that runs "
            "this check, or on one customer's computer, looks the same, so compare the dates under “We saw” with today's."
        ),
        standard="RFC 5280, 4.1.2.5",
    ),
}

_TRUST = {
    "CERT_SELF": Entry(
        severity=Severity.CRITICAL,
        owner=Owner.PROVIDER,
        group=Group.CERTIFICATES,
        message=N_("%(host)s shows a certificate that it has signed itself; nobody trusts it"),
        cause=N_("The mail server still uses the certificate that it was installed with."),
        fix=N_("Get a certificate for %(host)s from a public authority such as Let's Encrypt, and let the mail server show it."),
        story=N_(
            "A self-signed certificate encrypts, but proves nothing: anybody can make one with the same name. Mail programs warn, and many "
            "phones refuse without a choice. It often comes back after an upgrade that has reset the setting for the certificate."
        ),
        standard="RFC 5280, 6.1",
    ),
    "CERT_CHAIN_INCOMPLETE": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.CERTIFICATES,
        message=N_("%(host)s leaves out the certificate of its issuer, %(issuer)s"),
        cause=N_(
            "The mail server was given the certificate alone (cert.pem), not the file with the whole chain (fullchain.pem); or the issuer "
            "is an authority that only the mail host itself knows."
        ),
        fix=N_("Give the mail server of %(host)s the file with the whole chain, own certificate first, and reload it."),
        story=N_(
            "Between the server's certificate and the authority that everybody trusts there is at least one more, which the server must "
            "send along. Some programs fetch what is missing or remember it from elsewhere, so it works for the one who tests it, while "
            "phones and Thunderbird refuse. It often happens when a certificate is renewed by hand. `openssl s_client -showcerts` shows "
            "what is sent."
        ),
        standard="RFC 8446, 4.4.2",
    ),
    "CERT_UNTRUSTED": Entry(
        severity=Severity.CRITICAL,
        owner=Owner.PROVIDER,
        group=Group.CERTIFICATES,
        message=N_("The certificate of %(host)s is from an authority that is not trusted: %(issuer)s"),
        cause=N_("It comes from the company's own authority, or from one that computers have stopped trusting."),
        fix=N_("Get a certificate for %(host)s from a public authority such as Let's Encrypt."),
        story=N_(
            "What counts is which authorities the computers and phones of the customers trust, and nobody can change that for all of them. "
            "A company's own authority works only where its certificate was installed on every device; if that is meant, give it to the "
            "check with --ca. When one customer alone sees an unknown issuer, a virus scanner or a firewall at the customer's has put its "
            "own certificate in between."
        ),
        standard="RFC 5280, 6.1",
    ),
    "CERT_CHAIN_BROKEN": Entry(
        severity=Severity.CRITICAL,
        owner=Owner.PROVIDER,
        group=Group.CERTIFICATES,
        message=N_("The certificates that %(host)s sends do not fit together (issuer: %(issuer)s)"),
        cause=N_("An intermediate certificate is the wrong one, has expired, or may not issue others; or far too many are sent."),
        fix=N_("Give the mail server of %(host)s the chain that came with its certificate, and nothing else."),
        story=N_(
            "Each certificate in a chain is signed by the next. Here a link does not hold: mostly the server's own certificate was renewed "
            "by another authority, and the old intermediate certificates were left in the file. Programs that build the chain by "
            "themselves may still connect, others refuse, so that it seems to depend on the customer."
        ),
        standard="RFC 5280, 6.1; RFC 8446, 4.4.2",
    ),
    "CERT_NO_EKU": Entry(
        severity=Severity.WARNING,
        owner=Owner.PROVIDER,
        group=Group.CERTIFICATES,
        message=N_("The certificate of %(host)s is not meant for servers"),
        cause=N_("It was issued for another purpose, such as signing mail or identifying a client."),
        fix=N_("Reissue the certificate of %(host)s for the purpose of a TLS server (serverAuth)."),
        story=N_(
            "A certificate may say what it is for (extended key usage). When a server's certificate names other purposes only, strict "
            "programs refuse it, and others do not look. It is mostly made by the company's own authority with the wrong template."
        ),
        standard="RFC 5280, 4.2.1.12",
    ),
    "CERT_WEAK": Entry(
        severity=Severity.WARNING,
        owner=Owner.PROVIDER,
        group=Group.CERTIFICATES,
        message=N_("The certificate of %(host)s is too weak: %(what)s"),
        cause=N_("The key or the signature is of a kind that was given up years ago; it may have been carried along since then."),
        fix=N_("Make a new key of at least 2048 bits (RSA) or 256 bits (EC) for %(host)s, and get a new certificate for it."),
        story=N_(
            "RSA keys of less than 2048 bits and signatures with SHA-1 or MD5 can be broken or forged by those who can pay for it. New "
            "operating systems refuse them, so that it fails on new devices first. No public authority issues such certificates any more."
        ),
        standard="RFC 9325, 4.5",
    ),
}

_DANE = {
    "TLSA_MISMATCH": Entry(
        severity=Severity.ERROR,
        owner=Owner.PROVIDER,
        group=Group.CERTIFICATES,
        message=N_("The fingerprint at %(name)s (TLSA) is not that of the certificate that %(host)s shows"),
        cause=N_("The certificate got a new key and the record was not changed with it."),
        fix=N_("Publish the TLSA record that is given here for %(host)s, or go back to the former key."),
        story=N_(
            "A TLSA record in a signed zone tells callers which certificate to expect (DANE). Mail servers that look at it do not deliver "
            "when it is wrong: mail from many large senders then waits and comes back after some days, while mail from others arrives. Let "
            "the renewal keep the key (certbot: `--reuse-key`), or publish the new record beside the old one some days before the change."
        ),
        standard="RFC 7671, 8.1; RFC 7672, 2.2",
    ),
    "TLSA_INSECURE": Entry(
        severity=Severity.WARNING,
        owner=Owner.PROVIDER,
        group=Group.CERTIFICATES,
        message=N_("The fingerprint at %(name)s (TLSA) has no effect, since the zone is not signed"),
        cause=N_("DNSSEC was never switched on for the zone, or the DS record at the registrar is missing."),
        fix=N_("Sign the zone and publish its DS record at the registrar, or remove %(name)s."),
        story=N_(
            "Without DNSSEC anybody on the way could change the record, so everyone must disregard it. It does no harm today. It becomes "
            "harmful if the zone is signed one day and the record has been forgotten since, because then it counts."
        ),
        standard="RFC 6698, 4.1",
    ),
}

ENTRIES: dict[str, Entry] = {**_NAMES, **_DATES, **_TRUST, **_DANE}

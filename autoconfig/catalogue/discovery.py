"""Findings about what mail programs find when they look for the settings."""

from __future__ import annotations

from autoconfig.catalogue.entry import Entry
from autoconfig.errors import N_
from autoconfig.findings import Group, Owner, Severity

_DRAFT = "draft-ietf-mailmaint-autoconfig-06"
_POX = "MS-OXDSCLI"


def _entry(severity: Severity, owner: Owner, *, message: str, cause: str, fix: str, story: str, standard: str = "") -> Entry:
    return Entry(severity, owner, Group.DISCOVERY, message, cause, fix, story, standard)


ENTRIES = {
    # --- nothing there ---
    "AC_NONE": _entry(
        Severity.WARNING,
        Owner.CUSTOMER,
        message=N_("%(domain)s publishes no settings for mail programs"),
        cause=N_("The records that lead programs to the settings were never added, or were lost when the DNS was moved."),
        fix=N_("Add to the DNS of %(domain)s the records that lead mail programs to the settings."),
        story=N_(
            "A mail program asks a handful of fixed places for the settings of a domain. Here none of them has an answer, so every "
            "program guesses or leaves the customer with a form to fill in by hand: server names, ports and kind of encryption. That is "
            "where most mistakes are made. With the records in place, the address and the password are enough."
        ),
        standard=f"{_DRAFT}; RFC 6186, 3",
    ),
    "DISC_NAME_MISSING": _entry(
        Severity.ERROR,
        Owner.CUSTOMER,
        message=N_("Missing in the DNS: %(names)s"),
        cause=N_("What is missing was never added, or was lost when the DNS was moved to another company."),
        fix=N_("Add the records to the DNS of the domain; they usually begin to work within the hour."),
        story=N_(
            "Thunderbird and many other programs ask autoconfig.<domain> for the settings, Outlook asks autodiscover.<domain>. Both names"
            " only have to point at the settings service; nothing needs to be installed. Those who look after the domain's DNS add the "
            "records, which is not always the company that looks after the mail."
        ),
        standard=_DRAFT,
    ),
    # --- autoconfig ---
    "AC_UNREACHABLE": _entry(
        Severity.ERROR,
        Owner.CUSTOMER,
        message=N_("No answer from %(url)s, where mail programs ask for the settings"),
        cause=N_("The name points at a machine that has no web server, or that a firewall shields."),
        fix=N_("Point the name at the settings service, or start the web server on the machine that it points at now."),
        story=N_(
            "The name is in the DNS, but nobody answers there. A program waits some seconds for it, then tries other places or gives up. "
            "Mostly the record is left over from a former host. If the record is right, see whether port 443 is open and the web server "
            "runs."
        ),
        standard=_DRAFT,
    ),
    "AC_ADDRESS_DEAD": _entry(
        Severity.WARNING,
        Owner.PROVIDER,
        message=N_("%(host)s has several addresses, and one of them does not answer: %(ip)s"),
        cause=N_("A machine is down, or an old address was left in the DNS."),
        fix=N_("Start the web server at %(ip)s, or remove the address from the DNS."),
        story=N_(
            "Programs try the addresses of a name one after the other, in no certain order. Those that meet the silent one first wait for "
            "it, and some give up: for one customer everything is quick, for another the search for the settings takes long or fails."
        ),
    ),
    "AC_404": _entry(
        Severity.ERROR,
        Owner.CUSTOMER,
        message=N_("%(url)s has no settings: the web server says %(status)d"),
        cause=N_("The name points at a web server that knows nothing of the domain's mail settings."),
        fix=N_("Point the name at the settings service, or put the document there."),
        story=N_(
            "A web server answers under the name that is meant for mail programs, but it does not have the document with the settings. "
            "Mostly the name leads to a web host, or the settings service does not know the domain yet. Open the address in a web "
            "browser: an XML document should be seen."
        ),
        standard=_DRAFT,
    ),
    "AC_5XX": _entry(
        Severity.ERROR,
        Owner.PROVIDER,
        message=N_("The web server at %(url)s fails: it says %(status)d"),
        cause=N_("The web server, or the program behind it that makes the document, has a fault."),
        fix=N_("Look in the web server's error log at the time of this check, and mend what it names."),
        story=N_(
            "A status of 500 and above means that the server itself knows that something went wrong. Programs then go on to the next "
            "place or give up. A proxy whose service behind it is not running says 502 or 503."
        ),
        standard="RFC 9110, 15.6",
    ),
    "AC_HTML_200": _entry(
        Severity.ERROR,
        Owner.CUSTOMER,
        message=N_("%(url)s answers with a web page instead of settings"),
        cause=N_("The web site answers every address with a page, also those that it does not have, and says that all is well."),
        fix=N_(
            "Let the web site answer 404 for this address, or put the settings there. A name that is meant for mail programs should lead "
            "to the settings service instead."
        ),
        story=N_(
            "Mail programs take the first place that answers without an error. A web page with status 200 looks like an answer, so some "
            "programs stop here and never ask the place that has the settings. It happens with sites that send every unknown address to "
            "their start page, and with a DNS record for all names (*) that leads to the web site."
        ),
        standard=_DRAFT,
    ),
    "AC_REDIRECT_LOOP": _entry(
        Severity.ERROR,
        Owner.CUSTOMER,
        message=N_("%(url)s sends programs round in a circle"),
        cause=N_("Two rules of the web server contradict each other, often one for https and one for www."),
        fix=N_("Exclude this address from the web server's redirects."),
        story=N_(
            "The web server sends the program to another address, and that one sends it back, or on and on. The program gives up after "
            "ten or twenty steps. A proxy that ends TLS in front of a site that insists on https is a frequent cause."
        ),
        standard="RFC 9110, 15.4",
    ),
    "AC_HUGE": _entry(
        Severity.ERROR,
        Owner.CUSTOMER,
        message=N_("What %(url)s sends is far too large for a settings document"),
        cause=N_("The address leads to a download, or to a page that never ends."),
        fix=N_("Put the settings document there, which is about one kilobyte, or let the address answer 404."),
        story=N_(
            "A settings document has about one kilobyte. Here the transfer was stopped at the limit. A mail program either does the same "
            "or keeps its user waiting until it gives up."
        ),
    ),
    "AC_BAD_XML": _entry(
        Severity.ERROR,
        Owner.PROVIDER,
        message=N_("Mail programs cannot read the settings document at %(url)s"),
        cause=N_("A mistake was made when the document was written by hand or from a template, or something else stands in its place."),
        fix=N_("Correct the document; what is wrong with it stands under “We saw”."),
        story=N_(
            "A document counts as unreadable when it is not well-formed XML, when it is another kind of document, when it is empty, or "
            "when none of its servers has a name, a port and a kind of encryption that programs know. Programs show no error: they behave"
            " as if there were nothing, and some do not ask any other place."
        ),
        standard=_DRAFT,
    ),
    "AC_DTD": _entry(
        Severity.ERROR,
        Owner.PROVIDER,
        message=N_("The settings document at %(url)s has a DTD, which programs refuse"),
        cause=N_("The document begins with <!DOCTYPE ...>, from a template or with bad intent."),
        fix=N_("Remove the DOCTYPE and everything in it."),
        story=N_(
            "With a DTD a document can make a program read files or swell to any size. Careful programs therefore refuse every document "
            "that has one, whatever stands in it. A settings document never needs it."
        ),
        standard="XML 1.0, 2.8",
    ),
    "AC_CONTENT_TYPE": _entry(
        Severity.ERROR,
        Owner.PROVIDER,
        message=N_("%(url)s is sent as %(kind)s: Thunderbird wants text/xml"),
        cause=N_("The web server does not know the kind of the file, or the script that makes it does not say it."),
        fix=N_("Send the document with the header Content-Type: text/xml, in lower case."),
        story=N_(
            "Thunderbird looks at the Content-Type before it looks at the document, and takes only text/xml and application/xml, in lower"
            " case. Other programs do not mind, so the fault shows in Thunderbird alone."
        ),
        standard=_DRAFT,
    ),
    "AC_HTTP_ONLY": _entry(
        Severity.WARNING,
        Owner.PROVIDER,
        message=N_("%(host)s gives the settings without encryption only"),
        cause=N_("The web server has no certificate for the name, or sends programs from https to http."),
        fix=N_("Serve the same document over https, with a certificate for %(host)s."),
        story=N_(
            "Without https anybody on the way, for example the operator of a wireless network, can change the server names and so receive"
            " the password. Several programs never ask without https and find nothing; Thunderbird can be set to refuse as well."
        ),
        standard=_DRAFT,
    ),
    "AC_TLS_NAME": _entry(
        Severity.ERROR,
        Owner.PROVIDER,
        message=N_("The certificate that %(host)s shows is not for that name"),
        cause=N_("The web server has no certificate of its own for this name and shows another one; that one is for: %(names)s"),
        fix=N_("Get a certificate that has the name %(host)s, and let the web server use it for this name."),
        story=N_(
            "Most mail programs do not ask their user about this certificate: they go away without a word. Outlook shows a warning. Mostly "
            "a new domain was pointed at the service before a certificate for it was made. With certificates on demand the first request "
            "makes it; try again after a minute."
        ),
        standard="RFC 9525, 6",
    ),
    "AC_TLS_EXPIRED": _entry(
        Severity.ERROR,
        Owner.PROVIDER,
        message=N_("The certificate of %(host)s is valid from %(since)s to %(until)s only, which is not now"),
        cause=N_("The renewal failed, or the web server was not reloaded after it."),
        fix=N_("Renew the certificate and reload the web server."),
        story=N_(
            "Programs go away without a word when the certificate of the place with the settings has expired or is not valid yet. See "
            "first whether the renewed file is there already: then a reload of the web server is all that is needed."
        ),
        standard="RFC 5280, 4.1.2.5",
    ),
    "AC_TLS_UNTRUSTED": _entry(
        Severity.ERROR,
        Owner.PROVIDER,
        message=N_("Programs do not trust the certificate of %(host)s"),
        cause=N_("It is self-signed, has expired, is for another name, or the intermediate certificate is not sent along."),
        fix=N_("Install a certificate of a public authority, with its whole chain (often called fullchain.pem)."),
        story=N_(
            "A web browser often mends a missing link of the chain by itself, so that everything seems well when one looks with it. Mail "
            "programs do not. They go away without a word and look for the settings elsewhere."
        ),
        standard="RFC 5280, 6.1; RFC 8446, 4.4.2",
    ),
    # --- what the documents say ---
    "AC_PORT_SOCKET_MISMATCH": _entry(
        Severity.ERROR,
        Owner.PROVIDER,
        message=N_("%(url)s names %(host)s with port %(port)d and %(tls)s, which is not right for this kind of server"),
        cause=N_("The port, the protocol or the kind of encryption was mixed up when the document was written."),
        fix=N_("Use SSL/TLS with 993 (IMAP), 995 (POP) and 465 (outgoing), and STARTTLS with 143 (IMAP), 110 (POP) and 587 (outgoing)."),
        story=N_(
            "On 993 (IMAP), 995 (POP) and 465 (outgoing) encryption begins at once; on 143, 110 and 587 the program asks for it with "
            "STARTTLS. With the wrong pair program and server wait for each other until one of them gives up, and the customer sees that "
            "the server does not answer."
        ),
        standard="RFC 8314, 3 and 7",
    ),
    "AC_USERNAME": _entry(
        Severity.ERROR,
        Owner.PROVIDER,
        message=N_("%(url)s lets programs log in as %(username)s instead of %(address)s"),
        cause=N_("The document says %%EMAILLOCALPART%% where the server wants the whole address."),
        fix=N_("Write %%EMAILADDRESS%% as user name, unless the server really knows its users by the part before the @."),
        story=N_(
            "On a server with many domains there is an anna in many of them, so the user name is the whole address. With only the part "
            "before the @ the login fails, and the customer believes that the password is wrong. Without a login this check cannot know "
            "what the server accepts; for domains whose settings we have, it compares with them."
        ),
        standard=_DRAFT,
    ),
    "DISC_VS_STORE": _entry(
        Severity.ERROR,
        Owner.PROVIDER,
        message=N_("%(url)s says something else than the settings of this domain: %(found)s"),
        cause=N_("The document is left over from a former host, lies in a cache, or was written by another program."),
        fix=N_("Remove the old document, or let the name lead to the settings service. Right is: %(expected)s"),
        story=N_(
            "Programs believe what this place says and set themselves up with it. Accounts that were set up before keep working, new ones"
            " do not, so it is often noticed late. After a move to a new host this is the first place to look."
        ),
    ),
    "DISC_DISAGREE": _entry(
        Severity.WARNING,
        Owner.PROVIDER,
        message=N_("Two places name different servers: %(first)s and %(second)s"),
        cause=N_(
            "One of them was forgotten when the servers were changed. The first says %(first_names)s; the second says %(second_names)s"
        ),
        fix=N_("Find out which one is right, and correct the other."),
        story=N_(
            "Thunderbird asks one place, Outlook another, and some programs the DNS. When they name different servers it depends on the "
            "program whether an account works, which is hard to see from the outside. If one of the servers does not answer, this is an "
            "error."
        ),
    ),
    # --- Autodiscover ---
    "AD_UNREACHABLE": _entry(
        Severity.ERROR,
        Owner.CUSTOMER,
        message=N_("No answer from %(url)s, where Outlook asks for the settings"),
        cause=N_("The name points at a machine that has no web server, or that a firewall shields."),
        fix=N_("Point the name at the settings service, or start the web server on the machine that it points at now."),
        story=N_(
            "The name is in the DNS, but nobody answers there. Outlook waits for it, which makes adding an account slow, and in the end "
            "asks the user to enter the servers. Thunderbird waits as well before it shows what it has found elsewhere."
        ),
        standard=f"{_POX}, 3.1.5",
    ),
    "AD_POX_401": _entry(
        Severity.ERROR,
        Owner.PROVIDER,
        message=N_("%(url)s asks for a password before it tells the settings"),
        cause=N_("A proxy or another program in front of the service asks for a login. An Exchange server does that on purpose."),
        fix=N_("Allow POST to this address without a login, unless an Exchange server stands behind it."),
        story=N_(
            "The settings are no secret, and a customer who is about to add the account has no login yet. Outlook shows a window for the "
            "password again and again. Where the domain's mail is on an Exchange server, the question is meant, and all is well."
        ),
        standard=f"{_POX}, 3.1.5",
    ),
    "AD_POX_404": _entry(
        Severity.ERROR,
        Owner.CUSTOMER,
        message=N_("%(url)s has no settings for Outlook: the web server says %(status)d"),
        cause=N_("The name points at a web server that knows nothing of Autodiscover, or not of this domain."),
        fix=N_("Point the name at the settings service."),
        story=N_(
            "Outlook sends a small document to this address and expects one with the settings back. Here a web server answers, but it has"
            " nothing at that address. The customer has to enter the servers by hand."
        ),
        standard=f"{_POX}, 3.1.5",
    ),
    "AD_POX_405": _entry(
        Severity.ERROR,
        Owner.PROVIDER,
        message=N_("%(url)s does not let Outlook send its question (405)"),
        cause=N_("The document lies there as a plain file, and the web server allows POST only for scripts."),
        fix=N_("Allow POST for this address, or let the settings service answer it."),
        story=N_(
            "Outlook does not fetch the settings like a web page: it sends a question by POST. For a plain file most web servers refuse "
            "that with 405. In a web browser everything seems well, since a browser only fetches."
        ),
        standard="RFC 9110, 15.5.6",
    ),
    "AD_POX_5XX": _entry(
        Severity.ERROR,
        Owner.PROVIDER,
        message=N_("The web server at %(url)s fails when Outlook asks: it says %(status)d"),
        cause=N_("The web server, or the program behind it, has a fault."),
        fix=N_("Look in the web server's error log at the time of this check, and mend what it names."),
        story=N_(
            "A status of 500 and above means that the server itself knows that something went wrong. A proxy whose service behind it is "
            "not running says 502 or 503. Outlook goes on to other places, and ends with a form to fill in by hand."
        ),
        standard="RFC 9110, 15.6",
    ),
    "AD_POX_BAD_XML": _entry(
        Severity.ERROR,
        Owner.PROVIDER,
        message=N_("Outlook cannot read what %(url)s answers"),
        cause=N_("A web page or a broken document stands there instead of an Autodiscover answer, or it names no server."),
        fix=N_("Let the settings service answer this address; what is wrong with the answer stands under “We saw”."),
        story=N_(
            "Outlook takes only its own kind of XML document, with the servers for incoming and outgoing mail. With anything else it "
            "behaves as if there were nothing. Thunderbird then does not ask the next place either, because this one said that all is "
            "well."
        ),
        standard=f"{_POX}, 2.2.4",
    ),
    "AD_POX_LOOP": _entry(
        Severity.ERROR,
        Owner.PROVIDER,
        message=N_("%(url)s sends Outlook round in a circle"),
        cause=N_("The answers refer to one another: by a redirect of the web server, or by RedirectAddr or RedirectUrl in the document."),
        fix=N_("Let the first address answer with the settings itself."),
        story=N_(
            "An Autodiscover answer may say: ask there, or ask for that address instead. Here following it ends where it began, or does "
            "not end. Outlook gives up after ten steps."
        ),
        standard=f"{_POX}, 3.1.5.4",
    ),
    "AD_M365_STEERS": _entry(
        Severity.ERROR,
        Owner.CUSTOMER,
        message=N_("%(name)s sends Outlook to Microsoft 365, but the mail is not there"),
        cause=N_("A record is left over from a time when the mail was with Microsoft 365, or was added by its set-up assistant."),
        fix=N_("Remove the record that leads to Microsoft, and add the right one."),
        story=N_(
            "Outlook follows the name to Microsoft and finds an old account there, or none. Customers then see a login window of "
            "Microsoft that takes no password, or an empty mailbox. The record is in the domain's DNS; the mail server has nothing to do "
            "with it. Look for an SRV record _autodiscover._tcp as well."
        ),
        standard=f"{_POX}, 3.1.5.4",
    ),
    "AD_ROOT_HIJACK": _entry(
        Severity.WARNING,
        Owner.CUSTOMER,
        message=N_("The web site answers Outlook's question at %(url)s, with something that is no answer (%(status)d)"),
        cause=N_("The web site answers every address with a page, or asks for a login everywhere."),
        fix=N_("Let the web site answer 404 for /autodiscover/autodiscover.xml."),
        story=N_(
            "Outlook asks the domain's own web site first and autodiscover.<domain> after it. A web page is passed over, but costs time; "
            "a question for a password is shown to the customer, and no password will do. With 404 Outlook goes on at once."
        ),
        standard=f"{_POX}, 3.1.5",
    ),
    # --- SRV ---
    "SRV_MISSING": _entry(
        Severity.WARNING,
        Owner.CUSTOMER,
        message=N_("The SRV record %(name)s is missing"),
        cause=N_("It was never added; many forms for DNS records do not show this type at first."),
        fix=N_("Add the SRV records to the DNS of the domain."),
        story=N_(
            "Some programs find the mail servers by SRV records alone. Each kind of server has a record of its own: without those for "
            "outgoing mail a program can read mail and not send it."
        ),
        standard="RFC 6186, 3; RFC 8314, 5.1",
    ),
    "SRV_DOT": _entry(
        Severity.NOTICE,
        Owner.CUSTOMER,
        message=N_("The SRV record %(name)s says that there is no such service, but there is"),
        cause=N_("The record was added when the service was not offered, or by a template."),
        fix=N_("Replace it by the record that names the server."),
        story=N_(
            "A dot as target means that the domain decidedly does not offer the service. That is a good thing to say of a service that is"
            " not there; here it is, and programs that believe the record do not use it."
        ),
        standard="RFC 2782; RFC 6186, 3.4",
    ),
    "SRV_WRONG": _entry(
        Severity.WARNING,
        Owner.CUSTOMER,
        message=N_("The SRV record %(name)s leads to the wrong place: %(found)s"),
        cause=N_("The record is left over from a former host, or its port or name was mistyped."),
        fix=N_("Replace the record by the right one, or remove it."),
        story=N_(
            "Programs that ask the DNS connect to exactly the server and the port in this record. A name without an address, port 0, or a"
            " port with another kind of encryption than the record stands for lead nowhere. _imaps, _pop3s and _submissions stand for "
            "encryption from the start (993, 995, 465), the names without s at the end for STARTTLS (143, 110, 587)."
        ),
        standard="RFC 2782; RFC 8314, 5.1",
    ),
    "SRV_CNAME_TARGET": _entry(
        Severity.WARNING,
        Owner.CUSTOMER,
        message=N_("SRV records lead to %(target)s, which is only another name for %(alias)s"),
        cause=N_("The server's everyday name was written into the record instead of the one that has the address."),
        fix=N_("Give %(target)s an address of its own, or name a server in the SRV record that has one."),
        story=N_(
            "The target of an SRV record must have an address itself; an alias (CNAME) is forbidden there. Most programs do not mind, "
            "some find no server. Mind the certificate when the name is changed: it has to be for the name in the record."
        ),
        standard="RFC 2782, Target",
    ),
    # --- PACC ---
    "PACC_DIGEST": _entry(
        Severity.WARNING,
        Owner.CUSTOMER,
        message=N_("%(name)s does not have the fingerprint of the document at %(url)s"),
        cause=N_("The settings were changed and the record was not, or the record was never added. The document's own is %(digest)s"),
        fix=N_("Put the new fingerprint into the TXT record %(name)s."),
        story=N_(
            "New programs (PACC) take the settings only if a record in the DNS has the fingerprint of exactly these bytes. One changed "
            "character is another fingerprint. While a change is on its way, two records may stand side by side."
        ),
        standard="draft-ietf-mailmaint-pacc-03",
    ),
    "PACC_MISSING": _entry(
        Severity.WARNING,
        Owner.CUSTOMER,
        message=N_("New programs find no settings at %(url)s"),
        cause=N_("The record for %(host)s is missing or leads to a server that does not have the document."),
        fix=N_("Point %(host)s at the settings service, or remove the TXT record _ua-auto-config if there is one."),
        story=N_(
            "PACC is a young way to find the settings; few programs use it yet. It needs a name that leads to the document and a record "
            "with its fingerprint. One without the other is of no use."
        ),
        standard="draft-ietf-mailmaint-pacc-03",
    ),
    "PACC_BAD": _entry(
        Severity.WARNING,
        Owner.PROVIDER,
        message=N_("New programs cannot read the document at %(url)s"),
        cause=N_("A mistake was made when the document was written by hand or from a template, or a web page stands in its place."),
        fix=N_("Correct the document, and its fingerprint in the DNS after that."),
        story=N_(
            "The document is to be a JSON object that names a server for incoming or outgoing mail. What is wrong with it stands under “We "
            "saw”."
        ),
        standard="draft-ietf-mailmaint-pacc-03",
    ),
    # --- Apple ---
    "PROFILE_IOS_BAD": _entry(
        Severity.WARNING,
        Owner.PROVIDER,
        message=N_("iPhones cannot use the profile at %(url)s"),
        cause=N_("The settings service fails, or a proxy in front of it changes the answer or its kind."),
        fix=N_("Send the profile as it is, with Content-Type: application/x-apple-aspen-config."),
        story=N_(
            "iPhone, iPad and Mac do not look for the settings of a domain: they install a profile that the customer opens on the device."
            " It has to come with its own Content-Type, else the browser shows it as text or saves it, and nothing is installed."
        ),
        standard="Apple, Configuration Profile Reference",
    ),
}

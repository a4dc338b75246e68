"""What can be wrong in a settings document, or in the way to one, for some mail program: the only place for these rules and their texts.

A program's `read` names the rule that it goes by; `lint` and the clients' part of a report tell it. `lint` has rules of its own, from the
formats' grammars. What stands in `ON_THE_WAY` no document alone can show: there `lint` has nothing to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from autoconfig.errors import N_
from autoconfig.findings import Severity

_PLACEHOLDER = re.compile(r"%\((\w+)\)")


@dataclass(frozen=True, slots=True)
class Rule:
    """A mistake: *reason* is a clause that ends "Geary rejects the whole document: ..." (English, %-style, `N_`), *fix* an order."""

    severity: Severity
    reason: str
    fix: str
    standard: str = ""

    @property
    def parameters(self) -> frozenset[str]:
        """The names that reason and fix need."""
        return frozenset(_PLACEHOLDER.findall(self.reason + self.fix))


_IN_DOCUMENTS: Mapping[str, Rule] = {
    # --- any document ---
    "XML_BROKEN": Rule(
        Severity.ERROR,
        N_("it is not well-formed XML (%(reason)s)"),
        N_("Correct the XML; any XML editor shows the place."),
        "XML 1.0, 2.1",
    ),
    "VALUE_ENTITY": Rule(
        Severity.WARNING,
        N_("the value of %(element)s has an entity in it"),
        N_("Write the value of %(element)s without entities; a host name or user name rarely needs one."),
        "XML 1.0, 4.1",
    ),
    "VALUE_TWICE": Rule(
        Severity.WARNING,
        N_("%(element)s is there more than once, and programs differ in which of them counts"),
        N_("Write %(element)s once, with nothing but its value in it."),
    ),
    "ENCODING_NOT_UTF8": Rule(
        Severity.ERROR,
        N_("it declares the encoding %(encoding)s"),
        N_("Save the document as UTF-8 and declare that encoding."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "DOCUMENT_UNKNOWN": Rule(
        Severity.ERROR,
        N_("it is none of the documents that mail programs read"),
        N_("Publish a clientConfig, an Autodiscover answer, a configuration profile or a PACC document; where there is none, answer 404."),
    ),
    "DOCUMENT_TOO_LARGE": Rule(
        Severity.ERROR,
        N_("it is larger than %(limit)d bytes"),
        N_("Name only what a mail program needs, which takes a few thousand bytes."),
    ),
    "DTD": Rule(
        Severity.ERROR,
        N_("it has a document type (<!DOCTYPE>), which settings have not"),
        N_("Leave out <!DOCTYPE ...> and all entities."),
        "XML 1.0, 2.8",
    ),
    "BYTE_ORDER_MARK": Rule(
        Severity.WARNING,
        N_("it begins with a byte order mark"),
        N_("Save the document as UTF-8 without byte order mark (BOM)."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "ELEMENT_MISSPELT": Rule(
        Severity.ERROR,
        N_("%(element)s is no element of %(parent)s, but %(near)s is"),
        N_("Write %(near)s, in these letters."),
    ),
    "ELEMENT_UNKNOWN": Rule(
        Severity.NOTICE,
        N_("%(element)s is no element of %(parent)s"),
        N_("Leave out %(element)s, unless some program is known to read it: strict ones refuse what they do not know."),
    ),
    "ATTRIBUTE_UNKNOWN": Rule(
        Severity.NOTICE,
        N_("%(element)s has the attribute %(attribute)s, which it should not have"),
        N_("Leave out the attribute %(attribute)s."),
    ),
    "TEXT_STRAY": Rule(
        Severity.NOTICE,
        N_("there is text right in %(element)s, where only elements belong"),
        N_("Take away the text, or put it between the right tags."),
    ),
    "VALUE_EMPTY": Rule(
        Severity.ERROR,
        N_("%(element)s is empty"),
        N_("Give %(element)s its value, or leave the element out."),
    ),
    "NAME_MISSING": Rule(
        Severity.NOTICE,
        N_("%(element)s is missing"),
        N_("Write the name that people know the provider by into %(element)s."),
    ),
    "NAME_LONG": Rule(
        Severity.WARNING,
        N_("%(element)s is longer than %(limit)d characters"),
        N_("Shorten %(element)s to at most %(limit)d characters."),
    ),
    "TYPE_UNKNOWN": Rule(
        Severity.ERROR,
        N_("a server has the type %(value)s, which does not exist"),
        N_("Write one of the types %(known)s, in these letters."),
    ),
    "PORT_MISFIT": Rule(
        Severity.ERROR,
        N_("port %(port)d is not for %(protocol)s with %(tls)s"),
        N_("Use SSL/TLS with 993 (IMAP), 995 (POP) and 465 (outgoing), and STARTTLS with 143 (IMAP), 110 (POP) and 587 (outgoing)."),
        "RFC 8314, 3",
    ),
    "SERVER_PLAIN": Rule(
        Severity.ERROR,
        N_("the server %(host)s is used without encryption, so that anybody on the way can read along"),
        N_("Name a port with TLS: 993 (IMAP), 995 (POP), 465 (outgoing)."),
        "RFC 8314, 3",
    ),
    "URL_INVALID": Rule(
        Severity.ERROR,
        N_("%(element)s has no URL that starts with https:// (%(url)s)"),
        N_("Write the whole URL of %(element)s, beginning with https://."),
    ),
    # --- clientConfig ---
    "ROOT_UNKNOWN": Rule(
        Severity.ERROR,
        N_("its first element is %(element)s and not clientConfig"),
        N_("Serve a clientConfig document, or answer 404."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "PREFIXED_NAMES": Rule(
        Severity.ERROR,
        N_("element names have a namespace prefix"),
        N_("Write the element names without prefix."),
    ),
    "SERVERS_MERGED": Rule(
        Severity.ERROR,
        N_("a server lacks %(element)s, and gets that of the server before it"),
        N_("Write %(element)s for each server."),
    ),
    "PORT_MISSING": Rule(
        Severity.ERROR,
        N_("a server has no port"),
        N_("Write the port of each server, such as 993 for IMAP."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "PORT_INVALID": Rule(
        Severity.ERROR,
        N_("%(value)s is no port"),
        N_("Write a number from 1 to 65535 and nothing else, such as 993 for IMAP."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "HOSTNAME_MISSING": Rule(
        Severity.ERROR,
        N_("a server has no host name"),
        N_("Write the host name of each server."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "HOST_NOT_A_NAME": Rule(
        Severity.ERROR,
        N_("%(host)s is entered as a server, which is no host name"),
        N_("Write the host name of each server in full and nothing else, such as mail.kund.se."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "USERNAME_MISSING": Rule(
        Severity.WARNING,
        N_("a server has no user name"),
        N_("Write <username>%%EMAILADDRESS%%</username> for each server."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "USERNAME_IGNORED": Rule(
        Severity.WARNING,
        N_("it uses the whole address as the user name, and not %(username)s"),
        N_("Let people log in with their whole address."),
    ),
    "SOCKET_TYPE_MISSING": Rule(
        Severity.ERROR,
        N_("a server has no socketType"),
        N_("Write the socketType of each server: SSL or STARTTLS."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "SOCKET_TYPE_UNKNOWN": Rule(
        Severity.ERROR,
        N_("a server has the socketType %(value)s"),
        N_("Write SSL or STARTTLS, in these letters and without blanks."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "SERVER_ATTRIBUTES": Rule(
        Severity.ERROR,
        N_("a server has other attributes than just its type"),
        N_("Give incomingServer and outgoingServer the attribute type, and no other."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "SERVER_AGAIN": Rule(
        Severity.NOTICE,
        N_("there is more than one %(protocol)s server, and it uses only one of them"),
        N_("Name one server of each type, the one that is best for everybody."),
    ),
    "SERVER_FIRST": Rule(
        Severity.WARNING,
        N_("the first %(element)s is not of the type %(protocol)s"),
        N_("Put the %(protocol)s server first."),
    ),
    "PROVIDER_MISSING": Rule(
        Severity.ERROR,
        N_("there is no emailProvider"),
        N_("Put the servers into clientConfig/emailProvider."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "SERVERS_MISSING": Rule(
        Severity.ERROR,
        N_("there is no server in it that the program can use"),
        N_("Name an imap server and an smtp server."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "INCOMING_MISSING": Rule(
        Severity.ERROR,
        N_("there is no server to fetch mail from"),
        N_("Name an IMAP server, to fetch mail from."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "OUTGOING_MISSING": Rule(
        Severity.ERROR,
        N_("there is no server to send mail through"),
        N_("Name an SMTP server, to send mail through."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "PLACEHOLDER_LOST": Rule(
        Severity.WARNING,
        N_("%(element)s has %(placeholder)s, which it does not replace as meant"),
        N_("Write host names in full and <username>%%EMAILADDRESS%%</username>."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "VALUE_IN_PIECES": Rule(
        Severity.WARNING,
        N_("there is a comment, CDATA or an element inside of %(element)s"),
        N_("Write the plain value between the tags, and nothing else."),
    ),
    "PROVIDER_ID": Rule(
        Severity.ERROR,
        N_("the id of emailProvider is missing or no host name"),
        N_('Write the provider\'s domain as the id, such as <emailProvider id="kund.se">.'),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "DOMAIN_MISSING": Rule(
        Severity.ERROR,
        N_("there is no <domain> in it that it takes for a domain name"),
        N_("Write at least one <domain>kund.se</domain>, without attributes."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "AUTHENTICATION_MISSING": Rule(
        Severity.ERROR,
        N_("a server has no authentication that it knows"),
        N_("Write <authentication>password-cleartext</authentication> for each server."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "OAUTH2_ONLY": Rule(
        Severity.ERROR,
        N_("%(host)s takes nothing but OAuth2, which it uses only with large providers that it knows"),
        N_("Name password-cleartext as well, with an app password where a second factor is used."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "VALUE_ATTRIBUTE": Rule(
        Severity.ERROR,
        N_("%(element)s has an attribute, which hides its value"),
        N_("Write %(element)s without attributes."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "USERNAME_CHANGED": Rule(
        Severity.ERROR,
        N_("the user name becomes %(value)s"),
        N_("Write <username>%%EMAILADDRESS%%</username>; an empty user name, or one that is a number, is not kept as it is written."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "SMTP_ELSEWHERE": Rule(
        Severity.WARNING,
        N_("useGlobalPreferredServer tells it to send through the server of another account"),
        N_("Leave out useGlobalPreferredServer."),
    ),
    "VERSION_ODD": Rule(
        Severity.NOTICE,
        N_("the version of clientConfig is missing, or is none that exists"),
        N_('Write <clientConfig version="1.1">.'),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "DOMAIN_INVALID": Rule(
        Severity.WARNING,
        N_("<domain> has %(value)s, which is no domain name"),
        N_("Write a domain name into each <domain>, such as <domain>kund.se</domain>."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "IMAP_MISSING": Rule(
        Severity.WARNING,
        N_("there is no server to fetch mail from by IMAP, which is all that some programs can"),
        N_("Name an incomingServer of the type imap, and put it first."),
    ),
    "AUTHENTICATION_UNKNOWN": Rule(
        Severity.WARNING,
        N_("the authentication %(value)s is no word that every program knows"),
        N_("Write password-cleartext, password-encrypted, GSSAPI, NTLM or OAuth2, in these letters."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "PLACEHOLDER_UNKNOWN": Rule(
        Severity.ERROR,
        N_("%(element)s has %(placeholder)s, which is no placeholder"),
        N_("Write %%EMAILADDRESS%%, %%EMAILLOCALPART%% or %%EMAILDOMAIN%%, with a per cent sign on either side."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    # --- the answer that it comes in ---
    "CONTENT_TYPE": Rule(
        Severity.ERROR,
        N_("an answer with status 200 has the content type %(value)s, and other places of its kind are then left out"),
        N_("Serve settings as text/xml or application/xml, in lower case, and answer 404 where there are none."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
    "CONTENT_TYPE_OTHER": Rule(
        Severity.WARNING,
        N_("it is served as %(value)s, and not as %(expected)s"),
        N_("Serve it with the content type %(expected)s."),
    ),
    # --- Autodiscover ---
    "AUTODISCOVER_ROOT": Rule(
        Severity.ERROR,
        N_("its first element is %(element)s and not Autodiscover"),
        N_(
            "Write the element names with the capital letters that they have in Microsoft's documentation: Autodiscover, Response, Account."
        ),
        "MS-OXDSCLI 2.2.4.1.1",
    ),
    "NAMESPACE": Rule(
        Severity.WARNING,
        N_("the namespace of %(element)s is not that of the schema, which Outlook asks for"),
        N_('Write xmlns="%(namespace)s" in %(element)s.'),
        "MS-OXDSCLI 2.2.4.1.1",
    ),
    "ACCOUNT_TYPE": Rule(
        Severity.ERROR,
        N_("Account has no AccountType with the value email"),
        N_("Write <AccountType>email</AccountType> first in Account."),
        "MS-OXDSCLI 2.2.4.1.1.2",
    ),
    "ACCOUNT_ACTION": Rule(
        Severity.ERROR,
        N_("Account has no Action with the value settings, though there are Protocols"),
        N_("Write <Action>settings</Action> after AccountType."),
        "MS-OXDSCLI 2.2.4.1.1.2",
    ),
    "ENCRYPTION_CONTRADICTS": Rule(
        Severity.WARNING,
        N_("SSL says %(ssl)s and Encryption says %(encryption)s, and programs differ in which they believe"),
        N_("Write SSL on with Encryption SSL or TLS, or leave out Encryption."),
        "MS-OXDSCLI 2.2.4.1.1.2.6",
    ),
    "LOGIN_PLACEHOLDER": Rule(
        Severity.ERROR,
        N_("LoginName has %(placeholder)s, but Autodiscover has no placeholders"),
        N_("Write the person's own user name into LoginName, or leave LoginName out: programs then take the address."),
        "MS-OXDSCLI 2.2.4.1.1.2",
    ),
    "PROTOCOL_TOO_EARLY": Rule(
        Severity.ERROR,
        N_("a Protocol stands before AccountType and Action"),
        N_("Write <AccountType>email</AccountType> and <Action>settings</Action> first in Account, then the Protocols."),
        "MS-OXDSCLI 2.2.4.1.1.2",
    ),
    "ANSWER_IS_ERROR": Rule(
        Severity.NOTICE,
        N_("the answer is the error %(code)s"),
        N_("Nothing has to be done, if there is no such address here."),
        "MS-OXDSCLI 2.2.4.1.1.2.3",
    ),
    "SPA_MISSING": Rule(
        Severity.WARNING,
        N_("SPA is missing, which means that the password is to be sent in Microsoft's own way"),
        N_("Write <SPA>off</SPA> in each Protocol."),
        "MS-OXDSCLI 2.2.4.1.1.2.5",
    ),
    "SSL_UNKNOWN": Rule(
        Severity.WARNING,
        N_("the value %(ssl)s of SSL is neither on nor off"),
        N_("Write <SSL>on</SSL> or <SSL>off</SSL>, in lower case."),
        "MS-OXDSCLI 2.2.4.1.1.2.6",
    ),
    "WORD_UNKNOWN": Rule(
        Severity.ERROR,
        N_("the value %(value)s of %(element)s is no word that it knows"),
        N_("Write on or off in SSL and SPA, in lower case, and SSL, TLS or None in Encryption."),
        "MS-OXDSCLI 2.2.4.1.1.2.6",
    ),
    "ENCRYPTION_BY_PORT": Rule(
        Severity.WARNING,
        N_("it looks at the port %(port)d and not at the value %(value)s of Encryption"),
        N_("Use the usual ports: 143, 110 and 587 with STARTTLS, 993, 995 and 465 with TLS."),
        "MS-OXDSCLI 2.2.4.1.1.2.6",
    ),
    "ACCOUNT_MISSING": Rule(
        Severity.ERROR,
        N_("there is no Account with a Protocol in it"),
        N_("Name the servers in Autodiscover/Response/Account/Protocol, or answer 404."),
        "MS-OXDSCLI 2.2.4.1.1",
    ),
    "REDIRECT_URL": Rule(
        Severity.ERROR,
        N_("it does not follow RedirectUrl"),
        N_("Answer with the settings, or with an HTTP redirect (302)."),
        "MS-OXDSCLI 2.2.4.1.1.2",
    ),
    # --- configuration profiles ---
    "PROFILE_BROKEN": Rule(
        Severity.ERROR,
        N_("it is no configuration profile (%(reason)s)"),
        N_("Make the profile anew, with a program that knows Apple's schema."),
        "Apple, TopLevel",
    ),
    "PROFILE_WITHOUT_MAIL": Rule(
        Severity.ERROR,
        N_("there is no mail account in the profile"),
        N_("Add a payload of the type com.apple.mail.managed."),
        "Apple, com.apple.mail.managed",
    ),
    "PROFILE_KEY_MISSING": Rule(
        Severity.ERROR,
        N_("the key %(key)s is missing, or its value is of another type"),
        N_("Give %(key)s the value that Apple's schema asks for."),
        "Apple, com.apple.mail.managed",
    ),
    "PROFILE_KEY_UNKNOWN": Rule(
        Severity.WARNING,
        N_("there is no key %(key)s in Apple's schema"),
        N_("Leave out %(key)s, or write the key that is meant, in the letters of Apple's schema."),
        "Apple, com.apple.mail.managed",
    ),
    "PROFILE_WORD": Rule(
        Severity.ERROR,
        N_("%(key)s has the value %(value)s, which Apple's schema does not know"),
        N_("Write one of the values %(known)s, in these letters."),
        "Apple, com.apple.mail.managed",
    ),
    "PROFILE_ID_TWICE": Rule(
        Severity.ERROR,
        N_("%(key)s has the same value more than once"),
        N_("Give the profile and each of its payloads a PayloadUUID and a PayloadIdentifier of its own."),
        "Apple, TopLevel",
    ),
    "PROFILE_UUID": Rule(
        Severity.WARNING,
        N_("PayloadUUID is %(value)s, which is no UUID"),
        N_("Write a UUID, such as the command uuidgen makes."),
        "Apple, TopLevel",
    ),
    "PROFILE_PASSWORD": Rule(
        Severity.ERROR,
        N_("a password stands in the profile, which everybody can read who gets hold of it"),
        N_("Take out %(key)s: the device asks for the password."),
        "Apple, com.apple.mail.managed",
    ),
    # --- PACC ---
    "JSON_BROKEN": Rule(
        Severity.ERROR,
        N_("it is no JSON object that programs agree on (%(reason)s)"),
        N_("Correct the JSON; the command python3 -m json.tool shows most places."),
        "RFC 8259",
    ),
    "MEMBER_MISSPELT": Rule(
        Severity.ERROR,
        N_("%(member)s is no member of %(parent)s, but %(near)s is"),
        N_("Write %(near)s, in these letters."),
        "draft-ietf-mailmaint-pacc-03",
    ),
    "MEMBER_UNKNOWN": Rule(
        Severity.NOTICE,
        N_("%(member)s is no member of %(parent)s"),
        N_("Leave out %(member)s: a program knows port, encryption and user name by itself."),
        "draft-ietf-mailmaint-pacc-03",
    ),
    "MEMBER_KIND": Rule(
        Severity.ERROR,
        N_("the value of %(member)s is of another kind than it must be"),
        N_("Give %(member)s the kind of value that the format asks for: text, true or false, a number, or an object."),
        "draft-ietf-mailmaint-pacc-03",
    ),
    "PACC_SERVERS": Rule(
        Severity.ERROR,
        N_("there is no server to fetch mail from, or none to send it through"),
        N_("Name protocols/imap and protocols/submit (and the same as protocols/smtp), or protocols/jmap."),
        "draft-ietf-mailmaint-pacc-03",
    ),
    "PACC_OUTGOING": Rule(
        Severity.NOTICE,
        N_("the outgoing server stands under %(name)s, and not under %(missing)s as well"),
        N_("Name the same server as submit and as smtp: smtp is the word of the format's older version."),
        "draft-ietf-mailmaint-pacc-03",
    ),
    "PACC_AUTHENTICATION": Rule(
        Severity.ERROR,
        N_("authentication names no way to log in"),
        N_('Write "authentication": {"password": true}.'),
        "draft-ietf-mailmaint-pacc-03",
    ),
}

ON_THE_WAY: Mapping[str, Rule] = {
    "DOMAIN_NOT_ASCII": Rule(
        Severity.ERROR,
        N_("it cannot look for %(domain)s, which has letters outside a to z"),
        N_("Let people enter the address with the domain's A-labels (xn--...)."),
        "RFC 5890",
    ),
    "ADDRESS_NOT_ASCII": Rule(
        Severity.WARNING,
        N_("it sends from no address with letters outside a to z before the @ (%(address)s)"),
        N_("Give the mailbox an address in plain letters as well."),
        "RFC 6531",
    ),
    "THIRD_PARTY": Rule(
        Severity.WARNING,
        N_("it asks whether the settings may come from %(host)s"),
        N_("Answer at the domain's own names instead of sending on to those of another domain."),
    ),
    "PASSWORD_ASKED": Rule(
        Severity.WARNING,
        N_("autodiscover answers nobody without a password, so that it asks for that first"),
        N_("Let autodiscover answer without a password, or publish the settings for autoconfig as well."),
    ),
    "SOURCE_UNENCRYPTED": Rule(
        Severity.WARNING,
        N_("the settings came over an unencrypted connection, so that it asks whether they are right"),
        N_("Serve the settings over https, with a valid certificate and without redirects to http."),
    ),
    "SOURCE_BY_MX": Rule(
        Severity.WARNING,
        N_("only the MX record led to the settings, which is not signed, so that it asks whether they are right"),
        N_("Publish the settings for the domain itself."),
    ),
    "REDIRECT_ASKS": Rule(
        Severity.WARNING,
        N_("it asks whether %(host)s, to which it was sent, may set up the account"),
        N_("Answer over https at autodiscover. or at the domain itself, so that nobody has to be sent on."),
    ),
    "CLOUD_DECIDES": Rule(
        Severity.NOTICE,
        N_("a service of its maker decides, and nothing that could be changed in the domain makes a difference"),
        N_("Tell people which servers to type in."),
    ),
    "PROFILE_ONLY": Rule(
        Severity.NOTICE,
        N_("it looks for nothing by itself, but takes a profile that the person opens"),
        N_("Send people a link to the profile, or show it on a page."),
    ),
    "NOTHING_FOUND": Rule(
        Severity.ERROR,
        N_("it finds no settings"),
        N_("Publish the settings where the program looks for them."),
    ),
    "SRV_ONLY": Rule(
        Severity.WARNING,
        N_("it finds no settings but SRV records, which give it the servers and nothing else"),
        N_("Publish the settings where the program looks for them."),
        "RFC 6186",
    ),
    "TOO_SLOW": Rule(
        Severity.ERROR,
        N_("the search takes longer than the %(seconds)d seconds that it waits"),
        N_("Let every name that it asks for answer at once, or not exist."),
    ),
    # no mistake: programs differ in what they are for
    "SERVER_TYPE_UNKNOWN": Rule(
        Severity.NOTICE,
        N_("it does not use servers of the type %(value)s"),
        N_("Nothing has to be done, as long as there are an imap and an smtp server as well."),
        "draft-ietf-mailmaint-autoconfig-06",
    ),
}

RULES: Mapping[str, Rule] = {**_IN_DOCUMENTS, **ON_THE_WAY}

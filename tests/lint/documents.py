"""Good documents of the domain kund.se, and a row for each rule: a small change of one of them, which breaks just that rule.

Where a document cannot break one rule without another, because programs see one mistake as two, the row names the other as well.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from autoconfig.address import Domain, EmailAddress
from autoconfig.formats import apple, mozilla, outlook, pacc
from autoconfig.model import Account, ClientConfig, HostPattern, Protocol, Provider, Server, Shape, TLSMode

ADDRESS = EmailAddress.parse("anna@kund.se")


def config() -> ClientConfig:
    """Return IMAP and POP3 with TLS from the start."""

    def server(name: str, port: int) -> Server[HostPattern]:
        return Server(HostPattern.parse(name), port, TLSMode.IMPLICIT)

    accounts = (
        Account(Protocol.IMAP, server("imap.kund.se", 993), server("smtp.kund.se", 465)),
        Account(Protocol.POP3, server("pop.kund.se", 995), server("smtp.kund.se", 465)),
    )
    provider = Provider(id="karla", name="KarlaHosting", short_name="Karla", accounts=accounts)
    return Shape.of(provider, (), ()).fill(Domain.parse("kund.se"))


def _pretty(data: bytes) -> bytes:
    return json.dumps(json.loads(data), indent=2).encode()


GOOD = {
    "mozilla": mozilla.document(config()).content,
    "outlook": outlook.document(config()).content,
    "apple": apple.document(config(), ADDRESS).content,
    "pacc": _pretty(pacc.document(config()).content),
}


@dataclass(frozen=True, slots=True)
class Row:
    """The *number*th *old* in the good document of *kind* becomes *new*; that breaks *codes*, the first of them at *line*."""

    codes: str
    kind: str
    old: str
    new: str
    line: int | None
    number: int = 1
    encoding: str = "utf-8"

    @property
    def code(self) -> str:
        """The rule that it is for."""
        return self.codes.split()[0]

    @property
    def data(self) -> bytes:
        """The bad document."""
        parts = GOOD[self.kind].decode().split(self.old)
        assert len(parts) > self.number, f"there is no {self.number}th {self.old}"
        text = self.old.join(parts[: self.number]) + self.new + self.old.join(parts[self.number :])
        return text.encode(self.encoding)


def _without(kind: str, begin: str, end: str, number: int = 1) -> str:
    """Return the *number*th part from *begin* to *end* of the good document."""
    text = GOOD[kind].decode()
    at = -1
    for _ in range(number):
        at = text.index(begin, at + 1)
    return text[at : text.index(end, at) + len(end)]


_IMAP = _without("mozilla", '    <incomingServer type="imap">\n', "</incomingServer>\n")
_POP = _without("mozilla", '    <incomingServer type="pop3">\n', "</incomingServer>\n")
_SMTP = _without("mozilla", "    <outgoingServer", "</outgoingServer>\n")
_PROVIDER = _without("mozilla", "  <emailProvider", "</emailProvider>\n")
_ACCOUNT = _without("outlook", "    <Account>", "</Account>\n")
_HOST = "<hostname>imap.kund.se</hostname>"
_PASSWORD = "<authentication>password-cleartext</authentication>"
_USER = "<username>%EMAILADDRESS%</username>"
_MANY = "x" * 61
_TYPE = "      <AccountType>email</AccountType>\n      <Action>settings</Action>\n"
_SECURE = _without("outlook", "<Port>465", "</Encryption>")
_REDIRECT = "<Account><AccountType>email</AccountType><Action>redirectUrl</Action><RedirectUrl>https://kund.se/</RedirectUrl></Account>"
_PACC_IMAP, _PACC_POP, _PACC_SMTP = (_without("pacc", f'    "{name}"', "},\n") for name in ("imap", "pop3", "smtp"))

ROWS = (
    # --- any document ---
    Row("XML_BROKEN", "mozilla", "</hostname>", "</hostnam>", 8),
    Row("XML_BROKEN", "mozilla", "KarlaHosting", "Karla & Hosting", 5),
    Row("XML_BROKEN", "outlook", "</Server>", "", 16),
    Row("ENCODING_NOT_UTF8", "mozilla", "UTF-8", "ISO-8859-1", 1),
    Row("ENCODING_NOT_UTF8", "mozilla", "UTF-8", "UTF-16", 1, encoding="utf-16"),
    Row("BYTE_ORDER_MARK", "mozilla", "<?xml", "\ufeff<?xml", 1),
    Row("DTD", "mozilla", "<clientConfig", "<!DOCTYPE clientConfig>\n<clientConfig", 2),
    Row("DTD", "outlook", "<Autodiscover", '<!DOCTYPE a [<!ENTITY b "c">]>\n<Autodiscover', 2),
    Row("VALUE_ENTITY", "mozilla", "imap.kund.se<", "imap.kund&#46;se<", 8),
    Row("VALUE_TWICE", "mozilla", _HOST, _HOST + "\n" + _HOST, 9),
    Row("VALUE_TWICE", "mozilla", "    <displayName>", "    <displayName>Karla</displayName>\n    <displayName>", 6),
    Row("VALUE_IN_PIECES", "mozilla", _HOST, "<hostname><![CDATA[imap.kund.se]]></hostname>", 8),
    Row("VALUE_IN_PIECES", "mozilla", _HOST, "<hostname><b>imap.kund.se</b></hostname>", 8),
    Row("PREFIXED_NAMES", "mozilla", GOOD["mozilla"].decode()[39:], '<a:clientConfig xmlns:a="b"/>', 2),
    Row("ELEMENT_MISSPELT", "mozilla", "<displayShortName>Karla</displayShortName>", "<displayNameShort>Karla</displayNameShort>", 6),
    Row("ELEMENT_MISSPELT", "mozilla", _HOST, "<hostName>imap.kund.se</hostName>", 8),
    Row("ELEMENT_MISSPELT", "outlook", "<Port>993</Port>", "<port>993</port>", 10),
    Row("ELEMENT_UNKNOWN", "mozilla", _HOST, _HOST + "<colour>red</colour>", 8),
    Row("ATTRIBUTE_UNKNOWN", "mozilla", 'id="kund.se"', 'id="kund.se" country="se"', 3),
    Row("TEXT_STRAY", "mozilla", "<domain>", "hello <domain>", 3),
    Row("VALUE_EMPTY", "mozilla", "imap.kund.se", "", 8),
    Row("VALUE_EMPTY", "mozilla", _USER, "<username/>", 12),
    Row("VALUE_EMPTY", "outlook", "<SPA>", "<LoginName/><SPA>", 12),
    Row("NAME_MISSING", "mozilla", "    <displayName>KarlaHosting</displayName>\n", "", 3),
    Row("NAME_MISSING", "pacc", '"name": "KarlaHosting",', "", 6),
    Row("NAME_LONG", "mozilla", "KarlaHosting", _MANY, 5),
    Row("NAME_LONG", "pacc", "KarlaHosting", _MANY, 7),
    Row("TYPE_UNKNOWN", "mozilla", 'type="imap"', 'type="IMAP"', 7),
    Row("TYPE_UNKNOWN", "mozilla", ' type="smtp"', "", 21),
    Row("TYPE_UNKNOWN", "outlook", "POP3", "POP", 18),
    Row("PORT_MISFIT", "mozilla", "995", "993", 16),
    Row("PORT_MISFIT", "mozilla", "465", "587", 23),
    Row("PORT_MISFIT", "mozilla", "465", "586", 23),
    Row("PORT_MISFIT", "mozilla", "993", "587", 9),
    Row("PORT_MISFIT", "outlook", "995", "993", 20),
    Row("PORT_MISFIT", "apple", "993", "465", 19),
    Row("SERVER_PLAIN", "mozilla", "995</port>\n      <socketType>SSL", "110</port>\n      <socketType>plain", 17),
    Row("SERVER_PLAIN", "mozilla", "465</port>\n      <socketType>SSL", "587</port>\n      <socketType>plain", 24),
    Row("SERVER_PLAIN", "outlook", "<SSL>on</SSL>\n        <Encryption>SSL", "<SSL>off</SSL>\n        <Encryption>None", 14),
    Row("SERVER_PLAIN", "apple", "<true/>", "<false/>", 21),
    Row("URL_INVALID", "mozilla", "  </emailProvider>", '</emailProvider><calendar type="caldav"><url>dav.kund.se</url></calendar>', 28),
    Row("URL_INVALID", "pacc", '"imap"', '"caldav": {"url": "http://dav.kund.se/"}, "imap"', 12),
    # --- clientConfig ---
    Row("ROOT_UNKNOWN", "mozilla", GOOD["mozilla"].decode()[39:], "<clientconfig/>", 2),
    Row("PROVIDER_MISSING", "mozilla", _PROVIDER, "", 2),
    Row("VERSION_ODD", "mozilla", ' version="1.1"', "", 2),
    Row("PROVIDER_ID", "mozilla", ' id="kund.se"', "", 3),
    Row("DOMAIN_MISSING", "mozilla", "<domain>", '<domain purpose="mx">', 3),
    Row("DOMAIN_INVALID", "mozilla", "    <domain>", "    <domain>a b</domain>\n    <domain>", 4),
    Row("SERVERS_MISSING", "mozilla", _IMAP + _POP + _SMTP, "", 3),
    Row("INCOMING_MISSING", "mozilla", _IMAP + _POP, "", 3),
    Row("OUTGOING_MISSING", "mozilla", _SMTP, "", 3),
    Row("IMAP_MISSING", "mozilla", _IMAP, "", 7),
    Row("HOSTNAME_MISSING", "mozilla", _HOST, "", 7),
    Row("HOSTNAME_MISSING", "pacc", '"host": "imap.kund.se"', "", 12),
    Row("HOST_NOT_A_NAME", "mozilla", "imap.kund.se", "imap kund se", 8),
    Row("HOST_NOT_A_NAME", "mozilla", "imap.kund.se", "https://imap.kund.se", 8),
    Row("HOST_NOT_A_NAME", "outlook", "imap.kund.se", "imap_.kund.se", 9),
    Row("HOST_NOT_A_NAME", "apple", "imap.kund.se", "imap", 17),
    Row("HOST_NOT_A_NAME", "pacc", "imap.kund.se", "%EMAILDOMAIN%", 13),
    Row("PORT_MISSING", "mozilla", "<port>993</port>", "", 7),
    Row("PORT_MISSING", "outlook", "<Port>993</Port>", "", 7),
    Row("PORT_INVALID", "mozilla", "993", "imaps", 9),
    Row("PORT_INVALID", "mozilla", "465", "465.0", 23),
    Row("PORT_INVALID", "apple", "993", "99300", 19),
    Row("SOCKET_TYPE_MISSING", "mozilla", "<socketType>SSL</socketType>", "", 7),
    Row("SOCKET_TYPE_UNKNOWN", "mozilla", "SSL", "TLS", 10),
    Row("SOCKET_TYPE_UNKNOWN", "mozilla", "SSL", " SSL ", 10),
    Row("AUTHENTICATION_MISSING", "mozilla", _PASSWORD, "<authentication>LOGIN</authentication>", 11),
    Row("AUTHENTICATION_UNKNOWN", "mozilla", _PASSWORD, _PASSWORD + "<authentication>LOGIN</authentication>", 11),
    Row("OAUTH2_ONLY", "mozilla", "password-cleartext", "OAuth2", 11),
    Row("USERNAME_MISSING", "mozilla", _USER, "", 7),
    Row("USERNAME_CHANGED", "mozilla", _USER, "<username>007</username>", 12),
    Row("USERNAME_IGNORED", "mozilla", _USER, "<username>%EMAILLOCALPART%</username>", 7),
    Row("PLACEHOLDER_UNKNOWN", "mozilla", _USER, "<username>%EMAILADDRESS</username>", 12),
    Row("PLACEHOLDER_UNKNOWN", "mozilla", _USER, "<username>%EMAIL%</username>", 12),
    Row("PLACEHOLDER_UNKNOWN", "mozilla", "imap.kund.se", "imap.%DOMAIN%", 8),
    Row("PLACEHOLDER_LOST", "mozilla", "imap.kund.se", "imap.%EMAILDOMAIN%", 8),
    Row("PLACEHOLDER_LOST", "mozilla", _USER, "<username>%EMAILLOCALPART%.%EMAILDOMAIN%</username>", 12),
    Row("SERVER_ATTRIBUTES", "mozilla", ' type="imap"', ' type="imap" name="1"', 7),
    Row("VALUE_ATTRIBUTE", "mozilla", "<authentication>", '<authentication system="http">', 11),
    Row("SERVER_FIRST", "mozilla", _IMAP + _POP, _POP + _IMAP, 7),
    Row("SERVER_AGAIN", "mozilla", _IMAP, _IMAP + _IMAP, 7),
    Row("SERVERS_MERGED SERVER_AGAIN", "mozilla", _SMTP, _SMTP + _SMTP.replace("password-cleartext", "none").replace(_USER, ""), 28),
    Row("SMTP_ELSEWHERE", "mozilla", "</outgoingServer>", "<useGlobalPreferredServer>true</useGlobalPreferredServer></outgoingServer>", 27),
    # --- Autodiscover ---
    Row("AUTODISCOVER_ROOT", "outlook", GOOD["outlook"].decode()[39:], "<AutoDiscover/>", 2),
    Row("NAMESPACE", "outlook", "outlook/responseschema/2006a", "outlook/responseschema/2006", 3),
    Row("ACCOUNT_MISSING", "outlook", _ACCOUNT, "", 3),
    Row("ACCOUNT_TYPE", "outlook", "<AccountType>email</AccountType>", "", 4),
    Row("ACCOUNT_ACTION", "outlook", "<Action>settings</Action>", "", 4),
    Row("PROTOCOL_TOO_EARLY", "outlook", _ACCOUNT, _ACCOUNT.replace(_TYPE, "").replace("    </Account>", f"{_TYPE}    </Account>"), 5),
    Row("ANSWER_IS_ERROR", "outlook", _ACCOUNT, "<Error><ErrorCode>600</ErrorCode></Error>", 4),
    Row("REDIRECT_URL", "outlook", _ACCOUNT, _REDIRECT, 4),
    Row("SPA_MISSING", "outlook", "<SPA>off</SPA>", "", 7),
    Row("SSL_UNKNOWN", "outlook", "<SSL>on</SSL>", "<SSL>On</SSL>", 13),
    Row("WORD_UNKNOWN", "outlook", "<SSL>on</SSL>", "<SSL>true</SSL>", 13),
    Row("WORD_UNKNOWN", "outlook", "<Encryption>SSL", "<Encryption>STARTTLS", 14),
    Row("ENCRYPTION_BY_PORT", "outlook", _SECURE, _SECURE.replace("465", "2525").replace("SSL</Enc", "TLS</Enc"), 27),
    Row("ENCRYPTION_CONTRADICTS", "outlook", "<SSL>on</SSL>", "<SSL>off</SSL>", 14),
    Row("LOGIN_PLACEHOLDER", "outlook", "<SPA>", "<LoginName>%EMAILADDRESS%</LoginName><SPA>", 12),
    # --- configuration profiles ---
    Row("PROFILE_BROKEN", "apple", "</dict>", "", 47),
    Row("PROFILE_WITHOUT_MAIL", "apple", "com.apple.mail.managed", "com.apple.wifi.managed", 6),
    Row("PROFILE_KEY_MISSING", "apple", "<integer>993</integer>", "<string>993</string>", 19),
    Row("PROFILE_KEY_MISSING", "apple", "EmailTypeIMAP", "", 11),
    Row(
        "PROFILE_KEY_UNKNOWN",
        "apple",
        "<key>IncomingMailServerUseSSL",
        "<key>IncomingMailServerUseSTARTTLS</key><true/><key>IncomingMailServerUseSSL",
        20,
    ),
    Row("PROFILE_WORD", "apple", "EmailAuthPassword", "Password", 15),
    Row("PROFILE_ID_TWICE", "apple", "738ff7ef.mail", "738ff7ef", 39),
    Row("PROFILE_UUID", "apple", "F9138682-EE0F", "EE0F", 43),
    Row(
        "PROFILE_PASSWORD",
        "apple",
        "<key>IncomingMailServerUseSSL",
        "<key>IncomingPassword</key><string>hemligt</string><key>IncomingMailServerUseSSL",
        20,
    ),
    # --- PACC ---
    Row("JSON_BROKEN", "pacc", '"password": true', '"password": True', 3),
    Row("MEMBER_MISSPELT", "pacc", '"imap"', '"IMAP"', 12),
    Row("MEMBER_MISSPELT", "pacc", '"authentication"', '"authentification"', 2),
    Row("MEMBER_UNKNOWN", "pacc", '"host": "imap.kund.se"', '"host": "imap.kund.se", "username": "anna"', 13),
    Row("MEMBER_KIND", "pacc", '"password": true', '"password": "true"', 3),
    Row("PACC_SERVERS", "pacc", _PACC_IMAP + _PACC_POP, "", 11),
    Row("PACC_OUTGOING", "pacc", _PACC_SMTP, "", 18),
    Row("PACC_AUTHENTICATION", "pacc", '"password": true', '"password": false', 2),
)

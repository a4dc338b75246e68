"""Random worlds for an address, each made of a number: names, web servers, answers, documents and certificates, well and odd.

A world is a case in the words of the recordings (tests/clients/traces/README.md). The host names of a document tell where it stood, so who
names the same servers has read the same document. Knows no server and no program.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Sequence
from typing import Any

from .stage import CLOSED, HTTP_ONLY, HTTPS_ONLY, OPEN

Case = dict[str, Any]

MAIL_SERVER = "192.0.2.20"  # mailserver.ADDRESS
DATABASES = ("live.thunderbird.net", "autoconfig.thunderbird.net")

_AUTOCONFIG = "/mail/config-v1.1.xml"
_WELL_KNOWN = "/.well-known/autoconfig" + _AUTOCONFIG
_AUTODISCOVER = "/autodiscover/autodiscover.xml"
_LOCAL_PARTS = ("anna", "anna", "anna", "Anna", "anna.b-c_d", "anna+x", "o'neil", "007", "a&b=c", "åsa", "a%na", "a$b", "a~b*c")
_FAULTS = ("wrong_name", "expired", "untrusted")


def world(seed: int, *, bad_certificates: bool) -> Case:
    """Return the world of *seed*; its domain and hosts have that number in their names."""
    return _World(random.Random(seed), seed).made(bad_certificates)  # noqa: S311  to be the same every time


class _World:
    """One world in the making; all that is left to chance is asked of *chance*."""

    def __init__(self, chance: random.Random, seed: int) -> None:
        self._chance = chance
        self._domain = f"{self._one('post', 'min-post', 'in.post')}{seed}.{self._one('se', 'se', 'co.uk', 'com')}"
        self._elsewhere = f"annan{seed}.se"
        self._exchanger = f"hotell{seed}.se"
        self._pages: list[Case] = []
        self._names: dict[str, dict[str, list[str]]] = {}
        # Most of what is there is all right, or there would be little to find.
        self._oddness = self._one(0.0, 0.02, 0.04, 0.08, 0.2)

    def _one(self, *these: Any) -> Any:
        return self._chance.choice(these)

    def _maybe(self, odds: float) -> bool:
        return self._chance.random() < odds

    def _odd(self) -> bool:
        return self._maybe(self._oddness)

    def made(self, bad_certificates: bool) -> Case:
        """Return the world as a case."""
        domain = self._domain
        for label, odds in (("", 0.85), ("autoconfig.", 0.75), ("autodiscover.", 0.5)):
            if self._maybe(odds):
                self._names[label + domain] = {"A": [self._address()]}
        for host in (self._elsewhere, *(f"{label}.{self._elsewhere}" for label in ("www", "autodiscover"))):
            self._names[host] = {"A": [OPEN]}
        for label in ("imap", "pop", "smtp", "mail"):
            self._names[f"{label}.{self._elsewhere}"] = {"A": [MAIL_SERVER]}
            if self._maybe(0.1):
                self._names[f"{label}.{domain}"] = {"A": [MAIL_SERVER]}
        if self._maybe(0.05):
            self._names[f"*.{domain}"] = {"A": [OPEN]}
        if self._maybe(0.7):
            self._mail_exchanger()
        if self._maybe(0.15):
            self._service()
        self._places()
        hosts = sorted({page["host"] for page in self._pages} | set(self._names))
        bad = {host: self._one(*_FAULTS) for host in hosts if bad_certificates and self._maybe(0.12)}
        local, at = self._one(*_LOCAL_PARTS), domain if self._maybe(0.85) else self._one(domain.upper(), domain.title())
        return {
            "email": f"{local}@{at}",
            "password_given": False,
            "dns": self._names,
            "addresses": {
                OPEN: {"80": "open", "443": "open"},
                HTTP_ONLY: {"80": "open", "443": "refused"},
                HTTPS_ONLY: {"80": "refused", "443": "open"},
                CLOSED: {"80": "refused", "443": "refused"},
            },
            "bad_cert_hosts": bad,
            "http": self._pages,
        }

    def _address(self) -> str:
        return str(self._one(OPEN, OPEN, OPEN, OPEN, HTTP_ONLY, HTTPS_ONLY, CLOSED))

    # --- the DNS ---

    def _mail_exchanger(self) -> None:
        above = self._one("", "in.", "a.b.")
        exchanger = f"{self._one('mx.', 'mx1.')}{above}{self._exchanger}"
        values = [f"10 {exchanger}"]
        if self._maybe(0.3):
            values.insert(self._one(0, 1), f"{self._one(5, 20)} mx.{self._domain}")
        self._names.setdefault(self._domain, {})["MX"] = values
        for host in (self._exchanger, above + self._exchanger):
            if self._maybe(0.8):
                self._names.setdefault(f"autoconfig.{host}", {"A": [self._address()]})

    def _service(self) -> None:
        host = f"autodiscover.{self._one(self._elsewhere, self._domain)}"
        self._names[f"_autodiscover._tcp.{self._domain}"] = {"SRV": [f"0 {self._one(0, 5)} {self._one(443, 8443)} {host}"]}

    # --- the web ---

    def _places(self) -> None:
        domain = self._domain
        places = [("https", f"autoconfig.{domain}", _AUTOCONFIG), ("https", domain, _WELL_KNOWN)]
        places += [("http", f"autoconfig.{domain}", _AUTOCONFIG), ("http", domain, _WELL_KNOWN)]
        places += [
            ("https", f"autoconfig.{host}", _AUTOCONFIG) for host in (self._exchanger, "in." + self._exchanger, "b." + self._exchanger)
        ]
        odds = self._one(0.2, 0.4, 0.7)
        for scheme, host, path in places:
            if self._maybe(odds):
                self._page(scheme, host, path, self._config)
        for known in (domain, self._exchanger, "in." + self._exchanger):
            if self._maybe(odds / 2):
                for host, path in zip(DATABASES, ("/autoconfig/v1.1/", "/v1.1/"), strict=True):
                    self._page("https", host, path + known, self._config)
        hosts = [("https", f"autodiscover.{self._domain}"), ("https", self._domain), ("http", f"autodiscover.{self._domain}")]
        for scheme, host in [*hosts, ("https", f"autodiscover.{self._elsewhere}")]:
            if self._maybe(odds):
                self._page(scheme, host, _AUTODISCOVER, self._outlook)
                if self._maybe(0.15):
                    self._pages[-1]["method"] = self._one("GET", "POST")
                if self._maybe(0.08):
                    self._pages[-1]["auth_required"] = "Basic"
        if self._maybe(0.08):
            home = {"status": 200, "headers": {"Content-Type": "text/html"}, "body": "<!doctype html><title>Hej</title><p>Hej!<br>"}
            self._pages += [{"scheme": scheme, "host": self._domain, "path": "*", **home} for scheme in ("https", "http")]

    def _page(self, scheme: str, host: str, path: str, document: Callable[[str], bytes], hops: int = 0) -> None:
        page: Case = {"scheme": scheme, "host": host, "path": path}
        self._pages.append(page)
        mark = f"{len(self._pages)}"
        if self._maybe(0.15 if hops else self._one(0.0, 0.1, 0.3)) and hops < 4:
            self._redirect(page, mark, document, hops)
        elif self._odd() and self._maybe(0.1):
            page |= {"status": 200, "drop": True}
        else:
            page["status"] = self._one(204, 203, 404, 401, 403, 500, 503, 300, 304, 206) if self._odd() else 200
            page["headers"] = self._type()
            self._put(page, document(mark))

    def _redirect(self, page: Case, mark: str, document: Callable[[str], bytes], hops: int) -> None:
        page["status"] = self._one(301, 302, 302, 303, 307, 308)
        scheme, host = page["scheme"] if self._maybe(0.7) else self._one("http", "https"), self._one(page["host"], f"www.{self._elsewhere}")
        path = f"/r{mark}/{self._one('config.xml', 'a b.xml', 'å.xml') if self._odd() else 'config.xml'}"
        location = f"{scheme}://{host}{path}"
        if self._maybe(0.25) and (scheme, host) == (page["scheme"], page["host"]):
            location = path
        elif self._odd():
            location = self._one(
                "", f"//{host}{path}", location + "#x", location + "?a=b", location.upper(), "ftp://a/", "https://", " " + location
            )
        page["headers"] = {"Location": location.encode().decode("latin-1")}
        if self._maybe(0.1):
            page["headers"]["Location"] = f"{page['scheme']}://{page['host']}{page['path']}"  # to itself
        self._put(page, document(mark) if self._maybe(0.2) else b"")
        self._page(scheme, host, path.replace(" ", "%20").replace("å", "%C3%A5"), document, hops + 1)

    def _type(self) -> dict[str, str]:
        if not self._odd():
            return {"Content-Type": self._one("text/xml", "application/xml", "text/xml; charset=utf-8", "application/xml;charset=UTF-8")}
        odd = (
            "text/plain",
            "text/html",
            "application/octet-stream",
            "TEXT/XML",
            "text/xml; charset=iso-8859-1",
            "text/xml ; charset=utf-8",
        )
        name = self._one(
            *odd, "application/xml; charset=nonsense", "text/rdf", "text/xml;", "text/xml, text/xml", "application/xml+x", None
        )
        return {} if name is None else {"Content-Type": name}

    def _put(self, page: Case, body: bytes) -> None:
        try:
            page["body"] = body.decode()
        except UnicodeDecodeError:
            page["body_b64"] = base64.b64encode(body).decode()

    # --- documents ---

    def _config(self, mark: str) -> bytes:
        incoming = [self._server("incomingServer", mark, number) for number in range(self._one(1, 1, 2, 3, 0 if self._odd() else 1))]
        outgoing = [self._server("outgoingServer", mark, 9 - number) for number in range(self._one(1, 1, 2, 0 if self._odd() else 1))]
        parts = [f"<domain>{self._domain}</domain>", "<displayName>Post &amp; mer</displayName>", *incoming, *outgoing]
        if self._odd():
            parts[0] = self._one(
                "", '<domain purpose="mx">a.se</domain>', "<domain>annan.se</domain>", "<domain></domain>", "<domain>a b</domain>"
            )
        if self._odd():
            extras = ("<!-- hej -->", "<documentation url='http://a.se/'><descr lang='sv'>Hej</descr></documentation>", "<?php x?>", "text")
            parts.insert(self._one(0, 1, 2), self._one(*extras, "<x:y xmlns:x='urn:x'/>", "<enable visiturl='http://a.se'/>"))
        if self._odd():
            self._chance.shuffle(parts)
        identity = (
            self._one("", "id=''", "id='a b'", "id='123'", "id='192.0.2.1'", "id='a_b.se'", "id='annan.se'")
            if self._odd()
            else f'id="{self._domain}"'
        )
        root = (
            self._one("clientconfig", "ClientConfig", "config", "x:clientConfig xmlns:x='urn:x'")
            if self._odd() and self._odd()
            else "clientConfig"
        )
        space = self._one("xmlns='urn:x'", "version='1.1' version='1.2'", "a='&lt;'", "version=1.1") if self._odd() else 'version="1.1"'
        body = f"<{root} {space}><emailProvider {identity}>{self._gap()}{self._gap().join(parts)}</emailProvider></{root.split()[0]}>"
        return self._damaged(self._head() + body)

    def _gap(self) -> str:
        return str(self._one("", "\n  ", "\r\n"))

    def _head(self) -> str:
        if not self._odd():
            return str(self._one("", '<?xml version="1.0"?>\n', '<?xml version="1.0" encoding="UTF-8"?>\n'))
        odd = (" \n<?xml version='1.0'?>", "\ufeff", "<?xml version='1.1'?>", "<!DOCTYPE clientConfig>", "<!doctype html>", "<!-- a -->\n")
        return str(self._one(*odd, "<!DOCTYPE a [<!ENTITY h 'imap.annan.se'>]>", "<?xml version='1.0' encoding='iso-8859-1'?>", "<?xml?>"))

    def _server(self, element: str, mark: str, number: int) -> str:
        incoming = element == "incomingServer"
        kind = self._one("imap", "imap", "pop3") if incoming else "smtp"
        tls, port = self._one(*self._usual(kind))
        fields = {
            "hostname": self._host(kind, mark, number),
            "port": self._one("", "0", "70000", "abc", f" {port} ", f"0{port}", f"{port}.0", f"+{port}", "-1", "1e3", "0x10", f"{port}x")
            if self._odd()
            else str(port),
            "socketType": self._one("ssl", "TLS", "SSL/TLS", "StartTLS", f" {tls} ", f"{tls}\n", "plain", "", "none")
            if self._odd()
            else tls,
            "username": self._username() if self._odd() or self._maybe(0.3) else "%EMAILADDRESS%",
            "authentication": self._mechanism(incoming),
        }
        parts = [self._field(name, value) for name, value in fields.items()]
        if self._maybe(0.2):
            self._chance.shuffle(parts)
        if self._odd():
            parts.pop(self._chance.randrange(len(parts)))
        if self._odd():
            parts.insert(
                self._one(0, 2),
                self._one(
                    "text",
                    "<!-- a -->",
                    "<pop3><x/></pop3>",
                    "<hostname>sist.annan.se</hostname>",
                    "<socketType>SSL</socketType>",
                    f"<url>{self._one('http', 'https', 'ftp')}://url-{mark}.annan.se{self._one('', ':8443')}/x</url>",
                ),
            )
        if not incoming and self._odd():
            parts.append(self._one("<useGlobalPreferredServer>true</useGlobalPreferredServer>", "<addThisServer>false</addThisServer>"))
        types = (kind.upper(), "jmap", "exchange", "ews", "nntp", "imaps", "", "smtp", "imap", f" {kind}")
        attribute = self._one(*types) if self._odd() else kind
        return f'<{element} type="{attribute}">{self._gap().join(parts)}</{element}>'

    def _usual(self, kind: str) -> Sequence[tuple[str, int]]:
        both = {"imap": (993, 143), "pop3": (995, 110), "smtp": (465, 587)}[kind]
        return ("SSL", both[0]), ("SSL", both[0]), ("STARTTLS", both[1]), ("plain", both[1])

    def _host(self, kind: str, mark: str, number: int) -> str:
        name = f"{kind}{number}-{mark}.{self._elsewhere}"
        if not self._odd():
            self._names[name] = {"A": [MAIL_SERVER]}
            return str(self._one(name, name, name, f"mail.{self._elsewhere}", "mail.%EMAILDOMAIN%"))
        odd = (
            f" {name}\n",
            name.upper(),
            f"{name}:993",
            f"imaps://{name}",
            "192.0.2.20",
            "[2001:db8::1]",
            "2001:db8::1",
            f"a_b.{name}",
            f"{name}.",
        )
        return str(
            self._one(*odd, "", "a b", "%EMAILLOCALPART%.annan.se", "%FOO%.annan.se", "12345", "åäö.se", "-a.se", "localhost", "a..se")
        )

    def _username(self) -> str:
        words = ("%EMAILLOCALPART%", "%EMAILLOCALPART%@a.se", "%EMAILADDRESS% ", "%EMAILDOMAIN%", "anna", "007", "1.50", "", " ", "true")
        return str(
            self._one(
                *words, "%EMAILADDRESS%%EMAILADDRESS%", "%EMAILADDRESS", "%foo%", "a$b", "a&amp;b", "&#97;nna", "åsa", "a\nb", "1e5", "%"
            )
        )

    def _mechanism(self, incoming: bool) -> str:
        if not self._odd():
            return "password-cleartext"
        odd = (
            "plain",
            "password-encrypted",
            "secure",
            "GSSAPI",
            "NTLM",
            "OAuth2",
            "none",
            "client-IP-address",
            "",
            " password-cleartext",
            "PLAIN",
        )
        return str(self._one(*odd, "smtp-after-pop", "TLS-client-cert", "true", "http-basic"))

    def _field(self, name: str, value: str) -> str:
        if not self._odd():
            return f"<{name}>{value}</{name}>"
        low = name.lower()
        ways = (
            f"<{name} a='b'>{value}</{name}>",
            f"<{name}><!-- a -->{value}</{name}>",
            f"<{name}>{value[:2]}<!-- a -->{value[2:]}</{name}>",
            f"<{name}><![CDATA[{value}]]></{name}>",
            f"<{name}>\n  {value}\n</{name}>",
            f"<{name}>{value}</{name}><{name}>annat</{name}>",
            f"<{name}>annat</{name}><{name}>{value}</{name}>",
            f"<{low}>{value}</{low}>",
            f"<{name}/>",
            f"<{name}>{value}<b/></{name}>",
            f"<{name}><b>{value}</b></{name}>",
            f"<{name} >{value}</{name} >",
            f"<x:{name} xmlns:x='urn:x'>{value}</x:{name}>",
            f"<{name}>{value}&nbsp;</{name}>",
            f"<{name}>{value}</{name}>text",
            f"<{name} xmlns='urn:y'>{value}</{name}>",
            f"<{name}>&h;</{name}>",
        )
        return str(self._one(*ways))

    def _damaged(self, text: str) -> bytes:
        if not self._odd() or self._maybe(0.4):
            return text.encode()
        at = self._chance.randrange(len(text))
        return bytes(
            self._one(
                text[:at].encode(),
                b"",
                b" \n",
                text.encode("utf-16"),
                text.encode("utf-8-sig"),
                text.replace("Post", "Pöst").encode("latin-1", "replace"),
                (text[:at] + self._one("&", "<", ">", "\x00", "]]>", "&nbsp;", "<br>", "<br/>", "'", "\u2028") + text[at:]).encode(),
                text.encode() + b"<x/>",
                text.encode() + b"\n<!-- end -->",
                text.encode() + b"text",
                b"<!doctype html><html><head><title>404</title></head><body><p>Hej<br></body></html>",
                b"<html xmlns='http://www.w3.org/1999/xhtml'><body/></html>",
                b"nope",
                b'{"a": 1}',
            )
        )

    def _outlook(self, mark: str) -> bytes:
        protocols = [self._protocol(kind, mark, number) for number, kind in enumerate(self._kinds())]
        account = ["<AccountType>email</AccountType>", "<Action>settings</Action>", *protocols]
        if self._odd():
            targets = (f"anna@{self._elsewhere}", f"anna@{self._domain}", "anna", "")
            urls = (f"https://www.{self._elsewhere}/r{mark}/x.xml", f"http://autodiscover.{self._elsewhere}{_AUTODISCOVER}", "/x.xml", "")
            odd = [f"<RedirectAddr>{self._one(*targets)}</RedirectAddr>", f"<RedirectUrl>{self._one(*urls)}</RedirectUrl>"]
            account = account[:2] + [self._one(*odd)] + (account[2:] if self._maybe(0.3) else [])
        if self._odd():
            self._chance.shuffle(account)
        inner = f"<Account>{self._gap().join(account)}</Account>"
        if self._odd():
            inner = self._one(
                "<Error><ErrorCode>600</ErrorCode></Error>", "", "<User><DisplayName>A</DisplayName></User>" + inner, inner + inner
            )
        one = 'xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"'
        two = 'xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"'
        text = f"<Autodiscover {two}><Response {'' if self._odd() else one}>{inner}</Response></Autodiscover>"
        return self._damaged(self._head() + text)

    def _kinds(self) -> list[str]:
        kinds = list(self._one(("IMAP", "SMTP"), ("IMAP", "POP3", "SMTP"), ("POP3", "SMTP"), ("SMTP", "IMAP")))
        if self._maybe(0.2):
            kinds.insert(self._chance.randrange(len(kinds) + 1), self._one("WEB", "EXCH", "EXHTTP", "EXPR"))
        if self._odd():
            kinds.append(self._one("imap", "Smtp", "MobileSync", ""))
        if self._odd():
            kinds.pop(0)
        return kinds

    def _protocol(self, kind: str, mark: str, number: int) -> str:
        port = {"IMAP": (993, 143), "POP3": (995, 110)}.get(kind, (465, 587))[self._one(0, 1)]
        fields = {
            "Type": kind,
            "Server": self._host(kind.lower() or "x", mark, number),
            "Port": self._one("", "0", "abc", f" {port}", "2525", f"{port}.0", "70000") if self._odd() else str(port),
            "DomainRequired": "off",
            "LoginName": self._username() if self._odd() else "",
            "SPA": self._one("on", "On", "true", "") if self._odd() else "off",
            "SSL": self._one("off", "Off", "OFF", "true", "", " off ", "1") if self._odd() else "on",
            "Encryption": self._one("None", "SSL", "TLS", "Auto", "") if self._odd() else "",
            "AuthRequired": "on",
        }
        url = f"https://ews-{mark}.{self._elsewhere}{self._one('', ':8443')}/EWS/Exchange.asmx"
        parts = [self._field(name, value) for name, value in fields.items() if value or name not in ("LoginName", "Encryption")]
        if kind == "WEB":
            attribute = self._one("", " a='b'")
            parts.append(f"<External><OWAUrl{attribute}>{url}</OWAUrl></External>")
        elif kind in ("EXCH", "EXHTTP", "EXPR"):
            name = "ASUrl" if self._odd() else "EwsUrl"
            parts.append(f"<{name}>{url}</{name}>")
        if self._maybe(0.1):
            self._chance.shuffle(parts)
        if self._odd():
            parts.pop(self._chance.randrange(len(parts)))
        return f"<Protocol>{self._gap().join(parts)}</Protocol>"

"""A mail host with one customer, right in every part, and the ways in which it can be wrong, one at a time.

A `Scene` is all of it as a value: zones, sites, how Dovecot and Postfix are set up. A fault is a function from a scene to another one.
`Hosting` makes a scene come true. What the DNS says in the clean scene is what `autoconfig dns` prints, and what a domain has besides.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from . import resolver, website
from .ca import Authority, Certificate, Fault
from .dovecot import Dovecot, Mailboxes
from .nameserver import Records
from .network import Network
from .postfix import Postfix, Submission
from .resolver import Resolver
from .service import Service
from .website import CATCH_ALL, HOME, Page, Site, WebHost
from .world import HOST, KARLAHOSTING, customers
from .zones import NAME_SERVERS, Zone, Zones, ask

DOMAIN = "kund.test"
SERVICE_NAME = "autoconfig.karlahosting.test"
MX = "mx.karlahosting.test"
ELSEWHERE = "mx.annanstans.test"  # somebody else's MX

MAIL, MAIL_6 = "192.0.2.40", "2001:db8::40"
ELSEWHERE_ADDRESS = "192.0.2.60"
NOBODY, NOBODY_6 = "192.0.2.99", "2001:db8::99"  # refuse every connection
SILENT, SILENT_6 = "203.0.113.250", "2001:db8:0:dead::1"  # swallow every packet
UNREACHABLE_6 = "2001:db8:dead::1"  # there is no way there

_SILENCE = """\
table inet silence {
    chain input {
        type filter hook input priority 0;
        ip daddr 203.0.113.240/28 drop
        ip6 daddr 2001:db8:0:dead::/64 drop
    }
}
"""
DKIM = f"v=DKIM1; k=ed25519; p={base64.b64encode(bytes(range(32))).decode()}"  # a key that nobody signs with
THEIR_WEB = {"A": [website.THEIRS], "AAAA": [website.THEIRS_6]}
BASE_URL = {"AUTOCONFIG_BASE_URL": f"https://{SERVICE_NAME}"}

# An old server's settings, as they are left behind at a web site.
STALE_SERVER = "gamla.karlahosting.test"
_STALE_DOCUMENT = f"""<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1"><emailProvider id="{{domain}}"><domain>{{domain}}</domain>
<displayName>Gamla</displayName><displayShortName>Gamla</displayShortName>
<incomingServer type="imap"><hostname>{STALE_SERVER}</hostname><port>993</port><socketType>SSL</socketType>
<username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication></incomingServer>
<outgoingServer type="smtp"><hostname>{STALE_SERVER}</hostname><port>465</port><socketType>SSL</socketType>
<username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication></outgoingServer>
</emailProvider></clientConfig>
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """All that there is around *domain*. `former` are zones that the resolver still holds `remembered` answers of."""

    domain: str
    settings: str
    zones: Mapping[str, Zone]
    sites: Mapping[str, Site]
    mailboxes: Mailboxes
    submission: Submission
    former: Mapping[str, Zone] | None = None
    remembered: tuple[tuple[str, str], ...] = ()

    def with_zone(self, **changes: Any) -> Scene:
        """Change fields of the domain's zone."""
        return replace(self, zones={**self.zones, self.domain: replace(self.zones[self.domain], **changes)})

    def with_records(self, name: str, records: Mapping[str, Sequence[str]] | None, zone: str | None = None) -> Scene:
        """Put *records* in place of all that *name* has in *zone* (the domain's); None takes the name away."""
        of = self.zones[zone or self.domain]
        changed = {other: types for other, types in of.records.items() if other != name}
        if records is not None:
            changed[name] = records
        return replace(self, zones={**self.zones, of.name: replace(of, records=changed)})

    def with_more(self, name: str, records: Mapping[str, Sequence[str]], zone: str | None = None) -> Scene:
        """Put *records* in place of those of their types that *name* has."""
        return self.with_records(name, {**self.zones[zone or self.domain].records.get(name, {}), **records}, zone)

    def with_site(self, key: str, site: Site | None) -> Scene:
        """Put *site* in place of that with *key* ("service", "customer", or a new one); None takes it away."""
        return replace(self, sites={k: s for k, s in {**self.sites, key: site}.items() if s is not None})

    def with_mailboxes(self, **changes: Any) -> Scene:
        """Change fields of `Mailboxes`."""
        return replace(self, mailboxes=replace(self.mailboxes, **changes))

    def with_submission(self, **changes: Any) -> Scene:
        """Change fields of `Submission`."""
        return replace(self, submission=replace(self.submission, **changes))

    def with_certificates(self, *certificates: tuple[str, Certificate]) -> Scene:
        """Make the mail servers show *certificates* by name, and the host's to all others."""
        return self.with_mailboxes(by_name=certificates).with_submission(by_name=certificates)

    def with_host_certificate(self, certificate: Certificate) -> Scene:
        """Make the mail servers show *certificate* to whoever asks for no name of a customer's."""
        return self.with_mailboxes(certificate=certificate).with_submission(certificate=certificate)


Change = Callable[[Scene], Scene]


class Hosting:
    """The running servers; `serve` makes a scene come true."""

    def __init__(self, network: Network, authority: Authority, service: Service, upstream: str) -> None:
        self.network = network
        self.authority = authority
        self.service = service
        network.run("nft", "-f", "-", stdin=_SILENCE)
        self.zones = Zones(network)
        self.resolver = Resolver(network, self.zones)
        self.dovecot = Dovecot(network, authority, MAIL, MAIL_6)
        self.postfix = Postfix(network, authority, HOST, MAIL, MAIL_6, stranger=ELSEWHERE, elsewhere=ELSEWHERE_ADDRESS)
        self.web = WebHost(network, authority, upstream)
        self._zones: Mapping[str, Zone] = {}
        self._published: dict[tuple[str, str], Records] = {}

    def clean(self, domain: str = DOMAIN, settings: str = KARLAHOSTING, listed: str | None = None) -> Scene:
        """Return the scene in which everything is right, for a *domain* of the one provider in *settings*; nothing is served yet.

        *listed* is how the settings file has the domain, where that is more than its provider.
        """
        provider = settings.split('id = "', 1)[1].split('"', 1)[0]
        settings += customers(domain, provider=provider) if listed is None else listed
        own = {name: {"A": [MAIL], "AAAA": [MAIL_6]} for name in (HOST, MX)}
        own |= {name: {"A": [address]} for name, address in NAME_SERVERS.items()}
        web = {"A": [website.ADDRESS], "AAAA": [website.ADDRESS_6]}
        apex = {**THEIR_WEB, "MX": [f"10 {MX}."], "TXT": [f"v=spf1 mx a:{HOST} -all"]}
        besides = {
            domain: apex,
            f"www.{domain}": THEIR_WEB,
            f"mail.{domain}": {"A": [MAIL], "AAAA": [MAIL_6]},
            f"_dmarc.{domain}": {"TXT": ["v=DMARC1; p=reject"]},
            f"default._domainkey.{domain}": {"TXT": [DKIM]},
        }
        zones = (
            Zone("karlahosting.test", {**own, SERVICE_NAME: web}, signed=True),
            Zone("annanstans.test", {ELSEWHERE: {"A": [ELSEWHERE_ADDRESS]}}),
            Zone(domain, {**self._what_dns_says(domain, settings), **besides}),
        )
        ours = tuple(f"{label}.{domain}" for label in ("autoconfig", "autodiscover", "ua-auto-config"))
        host = Certificate((HOST, MX))
        by_name = ((f"mail.{domain}", Certificate((f"mail.{domain}",))),)
        return Scene(
            domain,
            settings,
            {zone.name: zone for zone in zones},
            {
                "service": Site((SERVICE_NAME, *ours), Certificate((SERVICE_NAME, *ours))),
                "customer": _theirs((domain, f"www.{domain}"), HOME),
            },
            Mailboxes(host, by_name),
            Submission(host, by_name),
        )

    def serve(self, scene: Scene) -> Scene:
        """Make *scene* all that there is, and return it; the resolver remembers nothing but what the scene says."""
        self.dovecot.serve(scene.mailboxes)
        self.postfix.serve(scene.submission)
        self.web.serve(scene.sites.values())
        if scene.former is not None:
            self._publish(scene.former)
            self.resolver.forget()
            for name, rtype in scene.remembered:
                ask(self.network, resolver.ADDRESS, name, rtype)
            self._publish(scene.zones)
        else:
            self._publish(scene.zones)
            self.resolver.forget()
        return scene

    def check(self, *arguments: str, instance: Path | None = None, anew: bool = False) -> subprocess.CompletedProcess[str]:
        """Run `autoconfig check` inside with *arguments*, asking the lab's resolver and trusting the lab's authority.

        On *instance* it is a stranger's, who knows nothing of our settings. *anew*, it takes the time that its start takes.
        """
        where = ("--resolver", resolver.ADDRESS, "--ca", str(self.authority.certificate))
        run = self.service.try_to if anew else self.service.quickly
        return run("check", *arguments, *where, instance=instance, env=BASE_URL if instance is None else None)

    def close(self) -> None:
        """End what would take its time otherwise."""
        self.dovecot.close()

    def _publish(self, zones: Mapping[str, Zone]) -> None:
        if zones != self._zones:
            self._zones = {}
            self.zones.publish({**_reverse(zones), **zones}.values())
            self._zones = zones

    def _what_dns_says(self, domain: str, settings: str) -> Records:
        """Take in *settings* and return the records of `autoconfig dns`."""
        if (domain, settings) not in self._published:
            self.service.import_settings(settings)
            records: dict[str, dict[str, list[str]]] = {}
            for record in json.loads(self.service.command("dns", domain, "--format", "json", env=BASE_URL)):
                value = record.get("text", record["value"])
                records.setdefault(record["name"].removesuffix("."), {}).setdefault(record["type"], []).append(value)
            self._published[domain, settings] = records
        return self._published[domain, settings]


def _reverse(zones: Mapping[str, Zone]) -> dict[str, Zone]:
    """Return the zones in which each address of *zones* has the first of its names."""
    found: dict[str, dict[str, dict[str, list[str]]]] = {}
    for zone in zones.values():
        for name, types in zone.records.items():
            for ip in (*types.get("A", ()), *types.get("AAAA", ())):
                address = ipaddress.ip_address(ip)
                # A zone for the network in which all of the documentation's addresses of a kind are.
                apex = address.reverse_pointer.split(".", 1 if address.version == 4 else 24)[-1]
                found.setdefault(apex, {}).setdefault(address.reverse_pointer, {"PTR": [f"{name}."]})
    return {apex: Zone(apex, records) for apex, records in found.items()}


# ---- what can be wrong. Each is a Change, or makes one. ----


def _mail(scene: Scene) -> str:
    return f"mail.{scene.domain}"


def server_name_certificate(scene: Scene) -> Scene:
    """mail.DOMAIN shows the certificate of the host, as it does where nobody set up SNI."""
    return scene.with_certificates()


def bad_certificate(fault: Fault) -> Change:
    """mail.DOMAIN shows a certificate with *fault*."""
    return lambda scene: scene.with_certificates((_mail(scene), Certificate((_mail(scene),), fault)))


def bad_host_certificate(fault: Fault) -> Change:
    """The mail host shows a certificate with *fault* for its own name, in IMAP, submission and at the MX."""
    return lambda scene: scene.with_host_certificate(Certificate((HOST, MX), fault))


def no_starttls_at_submission(scene: Scene) -> Scene:
    """587, which is published, has no STARTTLS; 465 is well."""
    return scene.with_submission(starttls=False)


def no_tls_for_mailboxes(scene: Scene) -> Scene:
    """Dovecot's ssl = no: 143 and 110 have no STARTTLS, and nobody listens at 993 and 995."""
    return scene.with_mailboxes(tls=False)


def no_starttls_at_mx(scene: Scene) -> Scene:
    """The MX takes mail in the clear only."""
    return scene.with_submission(mx_starttls=False)


def plaintext_login(scene: Scene) -> Scene:
    """A password is taken in the clear at 143, 110 and 587."""
    return scene.with_mailboxes(plaintext_login=True).with_submission(plaintext_login=True)


def swapped_ports(scene: Scene) -> Scene:
    """143 and 110 begin with TLS, 993 and 995 in the clear."""
    return scene.with_mailboxes(swapped=True)


def submission_without_login(scene: Scene) -> Scene:
    """587 and 465 offer no AUTH."""
    return scene.with_submission(login=False)


def old_tls(scene: Scene) -> Scene:
    """Submission and the MX speak TLS 1.0, and nothing newer."""
    return scene.with_submission(min_tls="TLSv1", max_tls="TLSv1")


def low_size_limit(scene: Scene) -> Scene:
    """SIZE is a megabyte."""
    return scene.with_submission(size_limit=1_048_576)


def stale_aaaa(address: str = NOBODY_6) -> Change:
    """mail.DOMAIN has the IPv6 address of a machine that is gone: NOBODY_6 refuses, SILENT_6 is silent, UNREACHABLE_6 is away."""
    return lambda scene: scene.with_more(_mail(scene), {"AAAA": [address]})


def dead_mail_name(address: str = NOBODY) -> Change:
    """mail.DOMAIN leads to a dead machine and nowhere else: NOBODY refuses, SILENT is silent."""
    return lambda scene: scene.with_records(_mail(scene), {"A": [address]})


def no_srv(scene: Scene) -> Scene:
    """No SRV record was ever added."""
    for name in scene.zones[scene.domain].records:
        if "._tcp." in name:
            scene = scene.with_records(name, None)
    return scene


def wrong_srv(scene: Scene) -> Scene:
    """_imaps leads to the old server, where nobody listens."""
    scene = scene.with_records(f"_imaps._tcp.{scene.domain}", {"SRV": [f"0 0 993 {STALE_SERVER}."]})
    return _with_old_server(scene)


def no_pop_name(scene: Scene) -> Scene:
    """mail.DOMAIN, which POP is to use, does not exist."""
    return scene.with_records(_mail(scene), None)


def stale_document(scene: Scene) -> Scene:
    """autoconfig.DOMAIN is served from a file of last year's, which names the old server; nobody listens there."""
    name = f"autoconfig.{scene.domain}"
    page = Page("= /mail/config-v1.1.xml", _STALE_DOCUMENT.format(domain=scene.domain), "text/xml; charset=utf-8")
    return _with_old_server(_without(scene, name).with_records(name, THEIR_WEB).with_site("old", _theirs((name,), page)))


def contradicting_document(scene: Scene) -> Scene:
    """The customer's own site has such a file too, at .well-known, while autoconfig.DOMAIN is ours."""
    names = (scene.domain, f"www.{scene.domain}")
    path = "= /.well-known/autoconfig/mail/config-v1.1.xml"
    page = Page(path, _STALE_DOCUMENT.format(domain=scene.domain), "text/xml; charset=utf-8")
    return _with_old_server(scene.with_site("customer", _theirs(names, HOME, page)))


def autoconfig_without_https(scene: Scene) -> Scene:
    """autoconfig.DOMAIN answers at port 80; nobody listens at 443."""
    name = f"autoconfig.{scene.domain}"
    scene = scene.with_records(name, {"A": [website.HTTP_ONLY], "AAAA": [website.HTTP_ONLY_6]})
    return _without(scene, name).with_site("http", Site((name,)))


def bad_autoconfig_certificate(fault: Fault) -> Change:
    """autoconfig.DOMAIN is our service with a certificate that has *fault*."""

    def change(scene: Scene) -> Scene:
        name = f"autoconfig.{scene.domain}"
        return _without(scene, name).with_site("bad", Site((name,), Certificate((name,), fault)))

    return change


def catch_all_site(scene: Scene) -> Scene:
    """The customer's web site answers every path with its first page."""
    names = (scene.domain, f"www.{scene.domain}")
    return scene.with_site("customer", _theirs(names, CATCH_ALL))


def wildcard_site(scene: Scene) -> Scene:
    """Such a site, and instead of our names there is a wildcard that leads them all to it."""
    names = (scene.domain, f"*.{scene.domain}")
    for label in ("autoconfig", "autodiscover", "ua-auto-config", "www"):
        scene = _without(scene, f"{label}.{scene.domain}").with_records(f"{label}.{scene.domain}", None)
    scene = scene.with_records(f"*.{scene.domain}", THEIR_WEB)
    return scene.with_site("customer", _theirs(names, CATCH_ALL))


def mx_elsewhere(scene: Scene) -> Scene:
    """Mail to the domain goes to somebody else, who takes it."""
    return scene.with_more(scene.domain, {"MX": [f"10 {ELSEWHERE}."]})


def microsoft_365_leftover(scene: Scene) -> Scene:
    """autodiscover.DOMAIN still leads to Microsoft, which shows a certificate of its own and wants a login; mail is here."""
    name, theirs = f"autodiscover.{scene.domain}", "autodiscover.outlook.com"
    scene = _without(scene, name).with_records(name, {"CNAME": [f"{theirs}."]})
    scene = scene.with_site("microsoft", Site((theirs, name), Certificate((theirs,)), (Page("/", "", "text/html", 401),)))
    return replace(scene, zones={**scene.zones, "outlook.com": Zone("outlook.com", {theirs: {"A": [website.ADDRESS]}})})


def no_mx(scene: Scene) -> Scene:
    """There is no MX."""
    return scene.with_more(scene.domain, {"MX": []})


def null_mx(scene: Scene) -> Scene:
    """RFC 7505: the domain takes no mail."""
    return scene.with_more(scene.domain, {"MX": ["0 ."]})


def alias_to_nothing(scene: Scene) -> Scene:
    """autoconfig.DOMAIN is another name for one that does not exist."""
    return scene.with_records(f"autoconfig.{scene.domain}", {"CNAME": ["finnsinte.karlahosting.test."]})


def alias_loop(scene: Scene) -> Scene:
    """autoconfig.DOMAIN is another name for itself, by way of a second one."""
    first, second = f"autoconfig.{scene.domain}", f"autoconfig2.{scene.domain}"
    return scene.with_records(first, {"CNAME": [f"{second}."]}).with_records(second, {"CNAME": [f"{first}."]})


def srv_to_alias(scene: Scene) -> Scene:
    """RFC 2782 wants a name with addresses; here _imaps leads to an alias of the server."""
    alias = f"imap.{scene.domain}"
    scene = scene.with_records(alias, {"CNAME": [f"{HOST}."]})
    return scene.with_records(f"_imaps._tcp.{scene.domain}", {"SRV": [f"0 0 993 {alias}."]})


def _spf(*records: str) -> Change:
    return lambda scene: scene.with_more(scene.domain, {"TXT": list(records)})


def two_spf(scene: Scene) -> Scene:
    """A second SPF record was added beside the first."""
    return _spf(f"v=spf1 mx a:{HOST} -all", "v=spf1 include:spf.karlahosting.test ~all")(scene)


def open_spf(scene: Scene) -> Scene:
    """Everybody may send."""
    return _spf(f"v=spf1 mx a:{HOST} +all")(scene)


def spf_loop(scene: Scene) -> Scene:
    """What the record includes includes it."""
    scene = _spf(f"v=spf1 mx include:spf.{scene.domain} -all")(scene)
    return scene.with_records(f"spf.{scene.domain}", {"TXT": [f"v=spf1 include:{scene.domain} -all"]})


def spf_without_host(scene: Scene) -> Scene:
    """The record is that of a former host."""
    return _spf("v=spf1 ip4:203.0.113.9 -all")(scene)


def long_spf(scene: Scene) -> Scene:
    """Twelve includes, each right by itself."""
    names = [f"spf{n}.{scene.domain}" for n in range(12)]
    for name in names:
        scene = scene.with_records(name, {"TXT": ["v=spf1 ip4:203.0.113.9 -all"]})
    return _spf(f"v=spf1 mx a:{HOST} {' '.join(f'include:{name}' for name in names)} -all")(scene)


def weak_dkim(scene: Scene) -> Scene:
    """The key is of 1024 bits."""
    public = rsa.generate_private_key(65537, 1024).public_key()  # noqa: S505  # this is the fault
    octets = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    record = f"v=DKIM1; k=rsa; p={base64.b64encode(octets).decode()}"
    return scene.with_records(f"default._domainkey.{scene.domain}", {"TXT": [record]})


def no_dkim(scene: Scene) -> Scene:
    """There is no key."""
    return scene.with_records(f"default._domainkey.{scene.domain}", None)


def no_dmarc(scene: Scene) -> Scene:
    """There is no policy."""
    return scene.with_records(f"_dmarc.{scene.domain}", None)


def mta_sts(exchanger: str) -> Change:
    """Senders are told to insist on encryption, and on *exchanger*: not a fault when that is the MX."""

    def change(scene: Scene) -> Scene:
        name = f"mta-sts.{scene.domain}"
        text = f"version: STSv1\nmode: enforce\nmx: {exchanger}\nmax_age: 604800\n"
        scene = scene.with_records(f"_mta-sts.{scene.domain}", {"TXT": ["v=STSv1; id=20261123"]}).with_records(name, THEIR_WEB)
        return scene.with_site("sts", _theirs((name,), Page("= /.well-known/mta-sts.txt", text, "text/plain")))

    return change


def listed(scene: Scene) -> Scene:
    """The host's address stands on a list of senders of spam."""
    name = f"{'.'.join(reversed(MAIL.split('.')))}.bl.spamcop.net"
    return replace(scene, zones={**scene.zones, "spamcop.net": Zone("spamcop.net", {name: {"A": ["127.0.0.2"]}})})


def no_ptr(scene: Scene) -> Scene:
    """No IPv4 address has a name."""
    apex = "2.0.192.in-addr.arpa"
    return replace(scene, zones={**scene.zones, apex: Zone(apex, {})})


def no_domain(scene: Scene) -> Scene:
    """The domain does not exist (any more)."""
    return replace(scene, zones={name: zone for name, zone in scene.zones.items() if name != scene.domain})


def signed(scene: Scene) -> Scene:
    """The zone is signed, and well: not a fault."""
    return scene.with_zone(signed=True)


def bogus(scene: Scene) -> Scene:
    """The parent's DS is not that of the zone's key."""
    return scene.with_zone(signed=True, bogus=True)


def lame(scene: Scene) -> Scene:
    """The zone is delegated to servers that refuse to answer for it."""
    return scene.with_zone(served_by=())


def half_lame(scene: Scene) -> Scene:
    """One of the two servers does not know the zone."""
    return scene.with_zone(served_by=tuple(NAME_SERVERS)[:1])


def silent_name_servers(scene: Scene) -> Scene:
    """The zone is delegated to a machine that swallows every packet."""
    name = "ns.tyst.karlahosting.test"
    return scene.with_more(name, {"A": [SILENT]}, "karlahosting.test").with_zone(delegated_to=(name,), served_by=())


def stale_resolver(scene: Scene) -> Scene:
    """mail.DOMAIN has moved here: its name servers know, and the resolver still holds the old machine's address."""
    was = scene.with_records(_mail(scene), {"A": [NOBODY], "AAAA": [NOBODY_6]})
    return replace(scene, former=was.zones, remembered=((_mail(scene), "A"), (_mail(scene), "AAAA")))


def _theirs(names: tuple[str, ...], *pages: Page) -> Site:
    """Return a web site of the customer's own."""
    return Site(names, Certificate(names), pages, (website.THEIRS, website.THEIRS_6))


def _with_old_server(scene: Scene) -> Scene:
    return scene.with_records(STALE_SERVER, {"A": [NOBODY]}, "karlahosting.test")


def _without(scene: Scene, name: str) -> Scene:
    """Take *name* from our service's site; the certificate stays as it is."""
    site = scene.sites["service"]
    return scene.with_site("service", replace(site, names=tuple(other for other in site.names if other != name)))

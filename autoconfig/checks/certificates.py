"""The certificates that servers show: names, dates, chain, purpose, strength and TLSA records, each tested by itself.

So that everything that is wrong with a certificate is told, not only what some library stumbles over first. One certificate with one
fault is one finding, at however many ports and addresses it is shown.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from autoconfig.address import Domain
from autoconfig.catalogue import finding, passed
from autoconfig.checks.case import Case
from autoconfig.checks.endpoints import ServerFacts, trimmed, united
from autoconfig.errors import printable
from autoconfig.findings import Severity, Subject, Validity, Verdict
from autoconfig.observations import TLS, Certificate, ChainProblem, Connection, Endpoint, Lookup, LookupStatus, Service, names_host

MAX_NAMES = 6  # of one certificate, that are looked up or shown
SOON = timedelta(days=14)
RENEWAL = timedelta(days=30)
SHORT_LIVED = timedelta(days=10)  # such certificates are renewed every few days, by machines only

# Mail programs that are known to refuse a certificate or to warn of it.
STRICT = ("thunderbird", "k9", "outlook", "apple", "deltachat", "evolution", "geary")

_CHAINS = {
    ChainProblem.SELF_SIGNED: "CERT_SELF",
    ChainProblem.INCOMPLETE: "CERT_CHAIN_INCOMPLETE",
    ChainProblem.UNTRUSTED: "CERT_UNTRUSTED",
    ChainProblem.BROKEN: "CERT_CHAIN_BROKEN",
    ChainProblem.TOO_LONG: "CERT_CHAIN_BROKEN",
}
_WEAK_HASHES = frozenset({"md2", "md4", "md5", "sha1"})
_MIN_BITS = {"RSA": 2048, "DSA": 2048, "EC": 224}  # NIST SP 800-57 part 1, table 2: 112 bits of strength


@dataclass(frozen=True, slots=True)
class Shown:
    """One certificate as one conversation showed it; *tlsa* is what the DNS says of that port."""

    endpoint: Endpoint
    tls: TLS
    certificate: Certificate
    tlsa: Lookup | None = None

    @property
    def host(self) -> Domain:
        """The name that the certificate must be for."""
        return self.endpoint.host

    @property
    def subject(self) -> Subject:
        """What a finding about it is about."""
        return Subject.of(self.endpoint)


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """Every certificate that was shown, and what the DNS says of the names and addresses of those that do not fit."""

    shown: tuple[Shown, ...]
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # a name's addresses; what the reverse of an address says
    unsigned: frozenset[str] = frozenset()  # the hosts with TLSA records in a zone without signatures

    @property
    def validities(self) -> tuple[Validity, ...]:
        """When each of them is valid."""
        return tuple(Validity(shown.subject, shown.certificate.not_before, shown.certificate.not_after) for shown in self.shown)


def shown_in(servers: Iterable[ServerFacts], web: Iterable[Connection] = ()) -> Iterator[Shown]:
    """Yield the certificates of *servers*, then those of *web*, the HTTPS connections of the names of discovery."""
    connections = [(c, server.tlsa) for server in united(servers) for c in server.connections]
    for c, tlsa in (*connections, *((c, None) for c in web)):
        if c.tls is not None and c.tls.certificate is not None:
            yield Shown(c.endpoint, c.tls, c.tls.certificate, tlsa)


async def gather(case: Case, servers: Iterable[ServerFacts], web: Iterable[Connection] = ()) -> CertificateFacts:
    """Look up what is needed to say why a certificate does not fit; *web* are the HTTPS connections of the names of discovery."""
    shown = tuple(shown_in(servers, web))
    strangers = [s for s in shown if s.endpoint.service is not Service.HTTPS and not s.certificate.covers(s.host)]
    questions = {(_reverse(s.endpoint.ip), "PTR"): None for s in strangers}
    for s in strangers:
        type = "AAAA" if ":" in s.endpoint.ip else "A"
        questions |= {(name, type): None for name in _literal(s.certificate)}
    secured = tuple(dict.fromkeys(s.host for s in shown if s.tlsa is not None and s.tlsa.values and not s.tlsa.authenticated))
    lookups, unsigned = await asyncio.gather(
        asyncio.gather(*(case.world.lookup(name, type) for name, type in questions if name)),
        asyncio.gather(*(_is_unsigned(case, host) for host in secured)),
    )
    names: dict[str, tuple[str, ...]] = {}
    for lookup in lookups:
        names[lookup.question.name] = (*names.get(lookup.question.name, ()), *lookup.values)
    return CertificateFacts(shown, names, frozenset(host.ascii for host, without in zip(secured, unsigned, strict=True) if without))


async def _is_unsigned(case: Case, host: Domain) -> bool:
    """Return whether neither the name nor a zone above it is signed, as far as the DNS says; a resolver need not validate."""
    answers = await asyncio.gather(*(case.world.lookup(name, "DS") for name in (host.ascii, *host.parents[:MAX_NAMES])))
    return all(answer.status in (LookupStatus.NODATA, LookupStatus.NXDOMAIN) for answer in answers)


def judge(case: Case, facts: CertificateFacts) -> Iterator[Verdict]:
    """Say everything that is wrong with the certificates. At names of discovery, wrong names and dates are told with the document."""
    for shown in facts.shown:
        if shown.endpoint.service is not Service.HTTPS:
            yield _name(case, facts, shown)
        yield from _dates(case, facts, shown)
        yield _chain(shown)
        yield from _strength(shown)
    yield from _variants(case, facts)
    yield from _tlsa(facts)


# --- names -------------------------------------------------------------------------------------------------------------------------


def _name(case: Case, facts: CertificateFacts, shown: Shown) -> Verdict:
    certificate, host, endpoint = shown.certificate, shown.host, shown.endpoint
    if certificate.covers(host):
        return passed("CERT_NAME_MISMATCH", shown.subject)
    names = tuple(printable(name) for name in (certificate.names or (certificate.common_name or "-",))[:MAX_NAMES])
    code, server, severity = "CERT_NAME_MISMATCH", _server_name(case, facts, shown), Severity.CRITICAL
    if not certificate.names and not certificate.ips and names_host(certificate.common_name.lower(), host.ascii):
        code, severity = "CERT_CN_ONLY", Severity.ERROR
    elif server is not None and _is_published(facts, host):
        code = "CERT_SERVER_NAME"
    found = finding(
        code,
        shown.subject,
        severity=_eased(shown, severity),
        root=(certificate.fingerprint, host.ascii),
        evidence=[f"{host.ascii}:{endpoint.port} [{endpoint.ip}] shows a certificate for {', '.join(names)}"],
        commands=_issue(case, host),
        affects=_strict(shown) if code != "CERT_CN_ONLY" else (),
        name=host.ascii,
        server=server or "",
        certificate_names=names,
    )
    return trimmed(found)


def _server_name(case: Case, facts: CertificateFacts, shown: Shown) -> str | None:
    """Return the name that the certificate is for and that leads to the same server, None where it is somebody else's."""
    certificate, ip = shown.certificate, shown.endpoint.ip
    expected = case.expected.accounts if case.expected is not None else ()
    hosts = [server.host for account in expected for server in (account.incoming, account.outgoing)]
    shown_by = [other for other in facts.shown if other.endpoint.service is not Service.HTTPS]
    # An exchanger's name will do only where mail programs are told of no other.
    hosts += [other.host for other in sorted(shown_by, key=lambda other: other.endpoint.service is Service.SMTP)]
    own = next((host.ascii for host in hosts if certificate.covers(host)), None)
    if own is not None:
        return own
    # The name in the reverse zone is the machine's own. That of another customer at the same address is not for us to publish.
    reverse = facts.names.get(_reverse(ip), ())
    owners = {_owner(name) for name in reverse}
    machine = [name for name in reverse if any(names_host(own, name) for own in certificate.names)]
    machine += [name for name in _literal(certificate) if ip in facts.names.get(name, ()) and (not owners or _owner(name) in owners)]
    return printable(machine[0]) if machine else None


def _is_published(facts: CertificateFacts, host: Domain) -> bool:
    """Return whether *host* is named to mail programs; an exchanger's own name is not, so that nothing else could be published."""
    return any(shown.host == host and shown.endpoint.service is not Service.SMTP for shown in facts.shown)


def _owner(name: str) -> str:
    return ".".join(name.split(".")[-2:])


def _literal(certificate: Certificate) -> tuple[str, ...]:
    return tuple(name for name in certificate.names if "*" not in name and "." in name)[:MAX_NAMES]


def _reverse(ip: str) -> str:
    try:
        return ipaddress.ip_address(ip).reverse_pointer
    except ValueError:
        return ""


def _issue(case: Case, host: Domain) -> list[str]:
    """Return the commands that get a certificate for *host* and make the servers show it, as far as the provider's software is known."""
    name = host.ascii
    live = f"/etc/letsencrypt/live/{name}"
    match case.expected.provider.software if case.expected is not None else None:
        case "cpanel":
            owner = f'"$(/usr/local/cpanel/scripts/whoowns {case.domain.ascii})"'
            return [f"/usr/local/cpanel/bin/autossl_check --user={owner}"]
        case "directadmin":
            return ["/usr/local/directadmin/directadmin set mail_sni 1", "service directadmin restart"]
        case "postfix-dovecot":
            return [
                f"certbot certonly -d {name}",
                "# Dovecot 2.3; 2.4 says ssl_server_cert_file and ssl_server_key_file, without <",
                f"printf 'local_name {name} {{\\n  ssl_cert = <{live}/fullchain.pem\\n  ssl_key = <{live}/privkey.pem\\n}}\\n'"
                f" > /etc/dovecot/conf.d/99-{name}.conf",
                f"echo '{name} {live}/privkey.pem {live}/fullchain.pem' >> /etc/postfix/sni",
                "postmap -F hash:/etc/postfix/sni",
                "postconf -e tls_server_sni_maps=hash:/etc/postfix/sni",
                "systemctl reload dovecot postfix",
            ]
    return []


# --- dates -------------------------------------------------------------------------------------------------------------------------


def _dates(case: Case, facts: CertificateFacts, shown: Shown) -> Iterator[Verdict]:
    certificate, host, now = shown.certificate, shown.host.ascii, case.world.now
    web, root = shown.endpoint.service is Service.HTTPS, (certificate.fingerprint,)
    evidence = [f"valid from {certificate.not_before.isoformat()} to {certificate.not_after.isoformat()}"]
    if now < certificate.not_before:
        if not web:
            severity, start = _eased(shown, Severity.CRITICAL), certificate.not_before.date().isoformat()
            affects = _strict(shown)
            yield finding(
                "CERT_NOTYET", shown.subject, severity=severity, root=root, evidence=evidence, affects=affects, host=host, start_date=start
            )
        return
    end, left = certificate.not_after.date().isoformat(), certificate.not_after - now
    if left < timedelta():
        if not web:
            severity, fresh = _eased(shown, Severity.CRITICAL), _fresh(case, facts, shown)
            if fresh is not None:
                place = f"{host}:{fresh.endpoint.port} [{fresh.endpoint.ip}]"
                evidence.append(f"{place} already shows one that is valid to {fresh.certificate.not_after.isoformat()}")
            yield finding(
                "CERT_EXPIRED",
                shown.subject,
                severity=severity,
                root=root,
                evidence=evidence,
                commands=_reload(case),
                affects=_strict(shown),
                host=host,
                end_date=end,
            )
        return
    soon = _soon(certificate, left)
    if soon is None:
        yield passed("CERT_SOON", shown.subject)
    else:
        severity = _eased(shown, soon)
        yield finding("CERT_SOON", shown.subject, severity=severity, root=root, evidence=evidence, host=host, end_date=end, days=left.days)


def _soon(certificate: Certificate, left: timedelta) -> Severity | None:
    life = certificate.not_after - certificate.not_before
    if life < SHORT_LIVED:
        return Severity.WARNING if left < life / 6 else Severity.NOTICE if left < life / 3 else None
    return Severity.WARNING if left < SOON else Severity.NOTICE if left < RENEWAL else None


def _fresh(case: Case, facts: CertificateFacts, shown: Shown) -> Shown | None:
    """Return where the same host shows a certificate that is valid: then something was only not reloaded."""
    return next((other for other in facts.shown if other.host == shown.host and _is_current(case, other.certificate)), None)


def _is_current(case: Case, certificate: Certificate) -> bool:
    return certificate.not_before <= case.world.now <= certificate.not_after


def _reload(case: Case) -> list[str]:
    match case.expected.provider.software if case.expected is not None else None:
        case "cpanel":
            return ["/usr/local/cpanel/scripts/restartsrv_dovecot", "/usr/local/cpanel/scripts/restartsrv_exim"]
        case "postfix-dovecot":
            return ["certbot renew", "systemctl reload dovecot postfix"]
    return []


# --- chain and strength ------------------------------------------------------------------------------------------------------------


def _chain(shown: Shown) -> Verdict:
    problem = shown.tls.chain_problem
    if problem is None:
        return passed("CERT_UNTRUSTED", shown.subject)
    code, web = _CHAINS[problem], shown.endpoint.service is Service.HTTPS
    issuer = printable(shown.certificate.issuer or "?")
    found = finding(
        code,
        shown.subject,
        severity=_eased(shown, Severity.ERROR if web or problem is ChainProblem.INCOMPLETE else Severity.CRITICAL),
        root=(shown.certificate.fingerprint,),
        evidence=[f"issuer: {issuer}; certificates sent: {shown.tls.chain_length}"],
        affects=_strict(shown),
        host=shown.host.ascii,
        issuer=issuer,
    )
    return trimmed(found)


def _strength(shown: Shown) -> Iterator[Verdict]:
    certificate, host, severity = shown.certificate, shown.host.ascii, _eased(shown, Severity.WARNING)
    root = (certificate.fingerprint,)
    if certificate.server_auth:
        yield passed("CERT_NO_EKU", shown.subject)
    else:
        yield finding("CERT_NO_EKU", shown.subject, severity=severity, root=root, host=host)
    weak = []
    if certificate.key_bits < _MIN_BITS.get(certificate.key, 0):
        weak.append(f"{printable(certificate.key, 20)} {certificate.key_bits} bit")
    # Nobody trusts a certificate for its own signature.
    if certificate.signature.lower().replace("-", "") in _WEAK_HASHES and shown.tls.chain_problem is not ChainProblem.SELF_SIGNED:
        weak.append(certificate.signature.upper())
    if weak:
        yield finding("CERT_WEAK", shown.subject, severity=severity, root=root, host=host, what=tuple(weak))
    else:
        yield passed("CERT_WEAK", shown.subject)


# --- one name, several certificates ------------------------------------------------------------------------------------------------


def _variants(case: Case, facts: CertificateFacts) -> Iterator[Verdict]:
    """Tell where a host's addresses show different certificates, unless one of them has a fault that says why."""
    for own in _by_port(facts.shown):
        if len({shown.certificate.fingerprint for shown in own}) < 2 or not all(_is_sound(case, shown) for shown in own):
            continue
        host, port = own[0].host.ascii, own[0].endpoint.port
        ends = [(shown.endpoint.ip, shown.certificate) for shown in own]
        evidence = [f"[{ip}]:{port} {certificate.fingerprint[:16]} to {certificate.not_after.isoformat()}" for ip, certificate in ends]
        for shown in own:
            severity = _eased(shown, Severity.WARNING)
            yield finding("CERT_VARIES", shown.subject, severity=severity, root=(host,), evidence=evidence, host=host)


def _is_sound(case: Case, shown: Shown) -> bool:
    certificate = shown.certificate
    return _is_current(case, certificate) and shown.tls.chain_problem is None and certificate.covers(shown.host)


def _tlsa(facts: CertificateFacts) -> Iterator[Verdict]:
    """Tell where the fingerprints in the DNS (DANE) are not those of the certificate, or are worth nothing."""
    for shown in facts.shown:
        if shown.tlsa is None or not shown.tlsa.values:
            continue
        host, certificate = shown.host.ascii, shown.certificate
        name, evidence = f"_{shown.endpoint.port}._tcp.{host}", [printable(value, 90) for value in shown.tlsa.values[:MAX_NAMES]]
        matched = _does(shown.tlsa.values, certificate)
        if host in facts.unsigned:
            yield finding("TLSA_INSECURE", shown.subject, root=(host,), evidence=evidence, name=name)
        elif matched:
            yield passed("TLSA_MISMATCH", shown.subject)
        elif matched is not None:
            record, root = f"{name}. IN TLSA 3 1 1 {certificate.public_key}", (host, certificate.fingerprint)
            yield finding("TLSA_MISMATCH", shown.subject, root=root, records=[record], evidence=evidence, name=name, host=host)


def _does(values: Sequence[str], certificate: Certificate) -> bool | None:
    """Return whether one of the TLSA records is for *certificate* (RFC 6698, 2.1), None where they hold what we cannot compare."""
    known = {("0", "1"): certificate.fingerprint, ("1", "1"): certificate.public_key}
    compared: list[bool | None] = []
    for value in values:
        usage, selector, matching, *data = (*value.split(), "", "", "")
        own = known.get((selector, matching)) if usage in ("1", "3") else None
        compared.append(None if own is None else "".join(data).lower() == own.lower())
    return True if True in compared else None if None in compared else False


# --- helpers -----------------------------------------------------------------------------------------------------------------------


def _eased(shown: Shown, severity: Severity) -> Severity:
    """Return how bad it is here: mail servers take any certificate (RFC 7435), and few mail programs use ManageSieve."""
    most = {Service.SMTP: Severity.NOTICE, Service.SIEVE: Severity.WARNING}.get(shown.endpoint.service, severity)
    return min(severity, most, key=lambda either: either.rank)


def _strict(shown: Shown) -> tuple[str, ...]:
    return () if shown.endpoint.service in (Service.SMTP, Service.SIEVE, Service.HTTPS) else STRICT


def _by_port(every: Iterable[Shown]) -> list[list[Shown]]:
    groups: dict[tuple[str, Service, int], list[Shown]] = {}
    for shown in every:
        groups.setdefault((shown.host.ascii, shown.endpoint.service, shown.endpoint.port), []).append(shown)
    return list(groups.values())

"""Every scene of the mail host is what it says: seen with openssl, in raw lines, and through the resolver."""

from __future__ import annotations

import base64
import ssl
import subprocess
import sys
import time
from http.client import HTTPResponse

import dns.flags
import dns.rcode
import pytest

from . import hosting as faults
from . import resolver, website
from .ca import Certificate, Fault
from .dovecot import PASSWORD
from .hosting import DOMAIN, MAIL, MAIL_6, MX, NOBODY, NOBODY_6, SERVICE_NAME, SILENT, SILENT_6, UNREACHABLE_6, Hosting, Scene
from .network import wait_until
from .world import HOST, STARTTLS
from .zones import NAME_SERVERS, REGISTRY, ask

pytestmark = pytest.mark.lab

AT_ONCE = {993: "imap", 995: "pop3", 465: "smtp"}  # port -> what is spoken
AFTER = {143: "imap", 110: "pop3", 587: "smtp", 25: "smtp", 4190: "sieve"}
ADDRESS = f"anna@{DOMAIN}"
PLAIN = base64.b64encode(f"\0{ADDRESS}\0{PASSWORD}".encode()).decode()

# OpenSSL's numbers, x509_vfy.h
OK, NOT_YET, EXPIRED, SELF_SIGNED, UNKNOWN_ISSUER, WRONG_NAME = 0, 9, 10, 18, 21, 62
NUMBERS = {
    Fault.WRONG_NAME: WRONG_NAME,
    Fault.EXPIRED: EXPIRED,
    Fault.UNTRUSTED: UNKNOWN_ISSUER,
    Fault.SELF_SIGNED: SELF_SIGNED,
    Fault.NOT_YET_VALID: NOT_YET,
    Fault.NO_INTERMEDIATE: UNKNOWN_ISSUER,
}


@pytest.fixture(scope="module")
def clean(hosting: Hosting) -> Scene:
    """The scene in which everything is right."""
    return hosting.clean()


def _verified(hosting: Hosting, port: int, name: str, address: str = MAIL) -> int:
    """Return what OpenSSL thinks of what is shown for *name*: 0 for well, -1 without a handshake."""
    done = _s_client(hosting, port, name, address)
    found = [line for line in done.stdout.splitlines() if "Verify return code:" in line]
    return int(found[0].split(":")[1].split()[0]) if found and "BEGIN CERTIFICATE" in done.stdout else -1


def _s_client(hosting: Hosting, port: int, name: str, address: str = MAIL, *options: str) -> subprocess.CompletedProcess[str]:
    starttls = ("-starttls", AFTER[port]) if port in AFTER else ()
    at = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    trust = ("-CAfile", str(hosting.authority.certificate), "-verify_hostname", name)
    return hosting.network.try_to("openssl", "s_client", "-connect", at, "-servername", name, *starttls, *trust, *options)


def _talk(hosting: Hosting, port: int, *lines: str, tls: bool, address: str = MAIL) -> list[str]:
    """Say *lines* one by one, over TLS or in the clear, and return all that is answered."""
    said: list[str] = []
    with hosting.network.connect(address, port) as connection:
        if tls:
            trust = ssl.create_default_context(cafile=str(hosting.authority.certificate))
            connection = trust.wrap_socket(connection, server_hostname=HOST)
        with connection, connection.makefile("rw", newline="\r\n") as stream:
            for line in ("", *lines):
                if line:
                    stream.write(f"{line}\n")
                    stream.flush()
                while answer := stream.readline().rstrip("\r\n"):
                    said.append(answer)
                    # More follows an untagged line of IMAP, after its greeting, and a line of SMTP with a hyphen.
                    if not (line and answer.startswith("* ")) and answer[3:4] != "-":
                        break
    return said


def _answers(hosting: Hosting, name: str, rtype: str, server: str = resolver.ADDRESS) -> tuple[str, list[str]]:
    """Return the status and the values, without signatures."""
    answer = ask(hosting.network, server, name, rtype)
    values = [record.to_text() for rrset in answer.answer for record in rrset if rrset.rdtype != dns.rdatatype.RRSIG]
    return dns.rcode.to_text(answer.rcode()), values


def _is_authentic(hosting: Hosting, name: str) -> bool:
    return bool(ask(hosting.network, resolver.ADDRESS, name, "SOA").flags & dns.flags.AD)


def _get(hosting: Hosting, host: str, path: str, address: str = website.ADDRESS, *, https: bool = True) -> tuple[int, str, str]:
    """Return status, content type and body."""
    with hosting.network.connect(address, 443 if https else 80) as connection:
        if https:
            trust = ssl.create_default_context(cafile=str(hosting.authority.certificate))
            connection = trust.wrap_socket(connection, server_hostname=host)
        with connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            response = HTTPResponse(connection)
            response.begin()
            return response.status, response.getheader("Content-Type", ""), response.read().decode()


AUTOCONFIG = "/mail/config-v1.1.xml"


# ---- all is right ----


@pytest.mark.parametrize("address", [MAIL, MAIL_6])
@pytest.mark.parametrize("port", [*AT_ONCE, *AFTER])
def test_every_port_shows_the_certificate_of_the_name_that_is_asked_for(hosting: Hosting, clean: Scene, port: int, address: str) -> None:
    """By IPv4 and by IPv6, for the host's own name and for the customer's."""
    hosting.serve(clean)
    assert [_verified(hosting, port, name, address) for name in (HOST, f"mail.{DOMAIN}", "strange.test")] == [OK, OK, WRONG_NAME]


def test_login_works_over_tls_and_only_there(hosting: Hosting, clean: Scene) -> None:
    """IMAP, POP and submission let in who knows the password, and refuse to hear it in the clear."""
    hosting.serve(clean)
    assert _talk(hosting, 993, f"a LOGIN {ADDRESS} {PASSWORD}", tls=True)[-1].startswith("a OK")
    assert _talk(hosting, 993, f"a LOGIN {ADDRESS} wrong", tls=True)[-1].startswith("a NO")
    assert _talk(hosting, 995, f"USER {ADDRESS}", f"PASS {PASSWORD}", tls=True)[-1].startswith("+OK")
    assert _talk(hosting, 465, "EHLO anna", f"AUTH PLAIN {PLAIN}", tls=True)[-1].startswith("235")
    assert _talk(hosting, 143, f"a LOGIN {ADDRESS} {PASSWORD}", tls=False)[-1].startswith("a NO [PRIVACYREQUIRED]")
    assert _talk(hosting, 110, f"USER {ADDRESS}", tls=False)[-1].startswith("-ERR")
    assert _talk(hosting, 587, "EHLO anna", f"AUTH PLAIN {PLAIN}", tls=False)[-1].startswith("530")


def test_mail_that_is_sent_arrives(hosting: Hosting, clean: Scene) -> None:
    """From submission into the mailbox; the MX takes it for the domain and for no other."""
    hosting.serve(clean)
    letter = ("DATA", "Subject: Hej\n\nHej!\n.")
    said = _talk(
        hosting, 465, "EHLO anna", f"AUTH PLAIN {PLAIN}", f"MAIL FROM:<{ADDRESS}>", f"RCPT TO:<bertil@{DOMAIN}>", *letter, tls=True
    )
    assert said[-1].startswith("250")

    def arrived() -> bool:
        return "* 1 EXISTS" in _talk(hosting, 993, f"a LOGIN bertil@{DOMAIN} {PASSWORD}", "b SELECT INBOX", tls=True)

    wait_until(arrived, "letter", 5)
    receiving = _talk(hosting, 25, "EHLO x.test", "MAIL FROM:<>", f"RCPT TO:<bertil@{DOMAIN}>", "RCPT TO:<x@annanstans.test>", tls=False)
    assert [answer[:3] for answer in receiving[-2:]] == ["250", "554"]


def test_the_dns_says_what_our_command_prints(hosting: Hosting, clean: Scene) -> None:
    """Every record of `autoconfig dns`, and what a domain has besides, by the resolver and by each name server."""
    hosting.serve(clean)
    assert _answers(hosting, f"autoconfig.{DOMAIN}", "A") == ("NOERROR", [f"{SERVICE_NAME}.", website.ADDRESS])
    assert _answers(hosting, f"_imaps._tcp.{DOMAIN}", "SRV") == ("NOERROR", [f"0 0 993 {HOST}."])
    assert _answers(hosting, f"_pop3s._tcp.{DOMAIN}", "SRV") == ("NOERROR", [f"10 0 995 mail.{DOMAIN}."])
    assert _answers(hosting, f"_submission._tcp.{DOMAIN}", "SRV") == ("NOERROR", [f"1 0 587 {HOST}."])
    assert _answers(hosting, f"_ua-auto-config.{DOMAIN}", "TXT")[1][0].startswith('"v=UAAC1;')
    for server in (resolver.ADDRESS, *NAME_SERVERS.values()):
        assert _answers(hosting, DOMAIN, "MX", server) == ("NOERROR", [f"10 {MX}."])
        assert _answers(hosting, f"mail.{DOMAIN}", "AAAA", server) == ("NOERROR", [MAIL_6])
        assert _answers(hosting, f"finnsinte.{DOMAIN}", "A", server) == ("NXDOMAIN", [])


def test_the_resolver_validates(hosting: Hosting, clean: Scene) -> None:
    """A chain of trust leads from the lab's root to the host's zone; the customer's zone is not signed unless that is wanted."""
    hosting.serve(clean)
    assert [_is_authentic(hosting, name) for name in (".", "test", "karlahosting.test", DOMAIN)] == [True, True, True, False]
    hosting.serve(faults.signed(clean))
    assert _is_authentic(hosting, DOMAIN)
    assert _answers(hosting, DOMAIN, "MX") == ("NOERROR", [f"10 {MX}."])
    assert _answers(hosting, f"finnsinte.{DOMAIN}", "A") == ("NXDOMAIN", [])


def test_programs_inside_ask_the_resolver(hosting: Hosting, clean: Scene) -> None:
    """Over UDP, as programs do."""
    hosting.serve(clean)
    ask_it = (
        "import sys, dns.resolver as r; q = r.Resolver(configure=False); q.nameservers = sys.argv[1:2]; print(*q.resolve(*sys.argv[2:]))"
    )
    assert hosting.network.run(sys.executable, "-c", ask_it, resolver.ADDRESS, f"mail.{DOMAIN}", "A") == f"{MAIL}\n"


def test_our_service_answers_at_its_names(hosting: Hosting, clean: Scene) -> None:
    """By https with good certificates, by IPv4 and IPv6; the customer's own site knows nothing of mail."""
    hosting.serve(clean)
    for address in (website.ADDRESS, website.ADDRESS_6):
        status, _, body = _get(hosting, f"autoconfig.{DOMAIN}", AUTOCONFIG, address)
        assert status == 200
        assert HOST in body
    for address in (website.THEIRS, website.THEIRS_6):
        assert _get(hosting, DOMAIN, "/", address)[:2] == (200, "text/html; charset=utf-8")
    assert _get(hosting, f"autodiscover.{DOMAIN}", "/autodiscover/autodiscover.xml")[0] == 200
    assert _get(hosting, DOMAIN, "/.well-known/autoconfig" + AUTOCONFIG, website.THEIRS)[0] == 404


def test_another_customer_with_other_settings(hosting: Hosting) -> None:
    """A scene may be about any domain and provider; SRV says what the settings say."""
    hosting.serve(hosting.clean("annan.test", STARTTLS))
    assert _answers(hosting, "_imap._tcp.annan.test", "SRV") == ("NOERROR", [f"0 0 143 {HOST}."])
    assert _verified(hosting, 143, "mail.annan.test") == OK


def test_our_commands_run_inside(hosting: Hosting, clean: Scene) -> None:
    """A command's status is an answer, not a failure of the lab."""
    assert hosting.check("--no-such-option").returncode != 0


# ---- one thing is wrong ----


@pytest.mark.parametrize("fault", Fault)
def test_a_customers_name_with_a_bad_certificate(hosting: Hosting, clean: Scene, fault: Fault) -> None:
    """What mail.DOMAIN shows is wrong in just this way at every port, and what the host shows is well."""
    hosting.serve(faults.bad_certificate(fault)(clean))
    assert {_verified(hosting, port, f"mail.{DOMAIN}") for port in (993, 110, 465, 587)} == {NUMBERS[fault]}
    assert {_verified(hosting, port, HOST) for port in (993, 465)} == {OK}


def test_what_is_missing_is_the_intermediate(hosting: Hosting) -> None:
    """With it the certificate is well: this is not an authority that nobody knows."""
    leaf = hosting.authority.credentials(Certificate((f"mail.{DOMAIN}",), Fault.NO_INTERMEDIATE)).certificate
    verify = ("openssl", "verify", "-CAfile", hosting.authority.certificate)
    assert hosting.network.try_to(*verify, leaf).returncode != 0
    assert hosting.network.try_to(*verify, "-untrusted", hosting.authority.intermediate, leaf).returncode == 0


def test_a_customers_name_shows_the_servers_certificate(hosting: Hosting, clean: Scene) -> None:
    """The flagship: mail.DOMAIN shows only the host's names."""
    hosting.serve(faults.server_name_certificate(clean))
    for port in (993, 995, 465, 587):
        assert (_verified(hosting, port, f"mail.{DOMAIN}"), _verified(hosting, port, HOST)) == (WRONG_NAME, OK)


def test_the_host_with_a_bad_certificate(hosting: Hosting, clean: Scene) -> None:
    """What the host shows is wrong, and what mail.DOMAIN shows is well."""
    hosting.serve(faults.bad_host_certificate(Fault.EXPIRED)(clean))
    for port in (993, 465):
        assert (_verified(hosting, port, HOST), _verified(hosting, port, f"mail.{DOMAIN}")) == (EXPIRED, OK)


def test_submission_without_starttls(hosting: Hosting, clean: Scene) -> None:
    """587 does not offer it; 465 and the mailboxes are well."""
    hosting.serve(faults.no_starttls_at_submission(clean))
    assert not any("STARTTLS" in line for line in _talk(hosting, 587, "EHLO anna", tls=False))
    assert [_verified(hosting, port, HOST) for port in (465, 993, 25)] == [OK, OK, OK]


def test_the_mx_without_starttls(hosting: Hosting, clean: Scene) -> None:
    """25 does not offer it; submission is well."""
    hosting.serve(faults.no_starttls_at_mx(clean))
    assert not any("STARTTLS" in line for line in _talk(hosting, 25, "EHLO anna", tls=False))
    assert _verified(hosting, 587, HOST) == OK


def test_mailboxes_without_tls(hosting: Hosting, clean: Scene) -> None:
    """143 does not offer STARTTLS, and nobody listens at 993 and 995."""
    hosting.serve(faults.no_tls_for_mailboxes(clean))
    assert not any("STARTTLS" in line for line in _talk(hosting, 143, "a CAPABILITY", tls=False))
    assert [hosting.network.listens(MAIL, port) for port in (143, 110, 993, 995)] == [True, True, False, False]


def test_passwords_in_the_clear(hosting: Hosting, clean: Scene) -> None:
    """The login works without TLS, which is offered too."""
    hosting.serve(faults.plaintext_login(clean))
    assert _talk(hosting, 143, f"a LOGIN {ADDRESS} {PASSWORD}", tls=False)[-1].startswith("a OK")
    assert _talk(hosting, 110, f"USER {ADDRESS}", f"PASS {PASSWORD}", tls=False)[-1].startswith("+OK")
    assert _talk(hosting, 587, "EHLO anna", f"AUTH PLAIN {PLAIN}", tls=False)[-1].startswith("235")
    assert [_verified(hosting, port, HOST) for port in (143, 110, 587)] == [OK, OK, OK]


def test_ports_that_are_swapped(hosting: Hosting, clean: Scene) -> None:
    """993 and 995 greet in the clear, 143 and 110 begin with TLS."""
    hosting.serve(faults.swapped_ports(clean))
    assert _talk(hosting, 993, tls=False)[0].startswith("* OK")
    assert _talk(hosting, 995, tls=False)[0].startswith("+OK")
    assert _talk(hosting, 143, tls=True)[0].startswith("* OK")
    assert _talk(hosting, 110, tls=True)[0].startswith("+OK")


def test_submission_without_login(hosting: Hosting, clean: Scene) -> None:
    """Neither before TLS nor after it is there AUTH."""
    hosting.serve(faults.submission_without_login(clean))
    assert not any("AUTH" in line for line in _talk(hosting, 465, "EHLO anna", tls=True))
    done = _s_client(hosting, 587, HOST)
    assert "AUTH" not in done.stdout
    assert _verified(hosting, 587, HOST) == OK


def test_a_low_size_limit(hosting: Hosting, clean: Scene) -> None:
    """SIZE says so."""
    hosting.serve(faults.low_size_limit(clean))
    assert "250-SIZE 1048576" in _talk(hosting, 465, "EHLO anna", tls=True)


@pytest.mark.parametrize("address", [NOBODY_6, NOBODY, UNREACHABLE_6])
def test_an_address_that_is_dead_fails_at_once(hosting: Hosting, address: str) -> None:
    """Refused, or no way there."""
    began = time.monotonic()
    with pytest.raises(OSError, match=r"refused|unreachable|No route"):
        hosting.network.connect(address, 993, timeout=2)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("address", [SILENT, SILENT_6])
def test_an_address_that_is_silent_never_answers(hosting: Hosting, address: str) -> None:
    """Not even with a refusal."""
    with pytest.raises(TimeoutError):
        hosting.network.connect(address, 993, timeout=0.3)


def test_names_that_are_wrong(hosting: Hosting, clean: Scene) -> None:
    """Each of these is only a matter of the DNS, and the resolver says it at once."""
    mail, imaps = f"mail.{DOMAIN}", f"_imaps._tcp.{DOMAIN}"
    hosting.serve(faults.stale_aaaa()(clean))
    assert (_answers(hosting, mail, "AAAA")[1], _answers(hosting, mail, "A")[1]) == ([NOBODY_6], [MAIL])
    hosting.serve(faults.dead_mail_name()(clean))
    assert (_answers(hosting, mail, "AAAA")[1], _answers(hosting, mail, "A")[1]) == ([], [NOBODY])
    hosting.serve(faults.no_srv(clean))
    assert _answers(hosting, imaps, "SRV") == ("NXDOMAIN", [])
    hosting.serve(faults.wrong_srv(clean))
    assert _answers(hosting, imaps, "SRV") == ("NOERROR", [f"0 0 993 {faults.STALE_SERVER}."])
    assert _answers(hosting, faults.STALE_SERVER, "A") == ("NOERROR", [NOBODY])
    hosting.serve(faults.no_pop_name(clean))
    assert _answers(hosting, mail, "A") == ("NXDOMAIN", [])
    hosting.serve(faults.no_mx(clean))
    assert _answers(hosting, DOMAIN, "MX") == ("NOERROR", [])
    hosting.serve(faults.null_mx(clean))
    assert _answers(hosting, DOMAIN, "MX") == ("NOERROR", ["0 ."])
    hosting.serve(faults.srv_to_alias(clean))
    assert _answers(hosting, f"imap.{DOMAIN}", "A") == ("NOERROR", [f"{HOST}.", MAIL])
    hosting.serve(faults.alias_to_nothing(clean))
    assert _answers(hosting, f"autoconfig.{DOMAIN}", "A") == ("NXDOMAIN", ["finnsinte.karlahosting.test."])
    hosting.serve(faults.alias_loop(clean))
    assert _answers(hosting, f"autoconfig.{DOMAIN}", "A", next(iter(NAME_SERVERS.values())))[0] == "NOERROR"
    hosting.serve(faults.no_domain(clean))
    assert _answers(hosting, DOMAIN, "A") == ("NXDOMAIN", [])


def test_a_leftover_of_microsoft_365(hosting: Hosting, clean: Scene) -> None:
    """autodiscover.DOMAIN is an alias in another top level, shows a certificate for that name and wants a login."""
    hosting.serve(faults.microsoft_365_leftover(clean))
    theirs = "autodiscover.outlook.com"
    assert _answers(hosting, f"autodiscover.{DOMAIN}", "A") == ("NOERROR", [f"{theirs}.", website.ADDRESS])
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        _get(hosting, f"autodiscover.{DOMAIN}", "/autodiscover/autodiscover.xml")
    assert _get(hosting, theirs, "/autodiscover/autodiscover.xml")[0] == 401
    hosting.serve(clean)
    assert _answers(hosting, theirs, "A") == ("NXDOMAIN", [])


def test_mail_goes_elsewhere(hosting: Hosting, clean: Scene) -> None:
    """The MX is somebody else's, and takes mail."""
    hosting.serve(faults.mx_elsewhere(clean))
    assert _answers(hosting, DOMAIN, "MX") == ("NOERROR", [f"10 {faults.ELSEWHERE}."])
    assert _talk(hosting, 25, tls=False, address=faults.ELSEWHERE_ADDRESS)[0].startswith(f"220 {faults.ELSEWHERE}")
    assert _verified(hosting, 25, faults.ELSEWHERE, faults.ELSEWHERE_ADDRESS) == OK


@pytest.mark.parametrize("change", [faults.bogus, faults.lame])
def test_a_zone_that_cannot_be_resolved(hosting: Hosting, clean: Scene, change: faults.Change) -> None:
    """SERVFAIL for the domain; the rest of the world is well."""
    hosting.serve(change(clean))
    assert _answers(hosting, DOMAIN, "MX") == ("SERVFAIL", [])
    assert _answers(hosting, HOST, "A") == ("NOERROR", [MAIL])
    assert _answers(hosting, next(iter(NAME_SERVERS)), "A")[0] == "NOERROR"


def test_why_a_zone_cannot_be_resolved(hosting: Hosting, clean: Scene) -> None:
    """A bogus zone is served by its servers, and its parent has a DS; a lame one is refused by them."""
    server, parent = next(iter(NAME_SERVERS.values())), next(iter(REGISTRY.values()))
    hosting.serve(faults.bogus(clean))
    assert _answers(hosting, DOMAIN, "MX", server) == ("NOERROR", [f"10 {MX}."])
    assert len(_answers(hosting, DOMAIN, "DS", parent)[1]) == 1
    hosting.serve(faults.lame(clean))
    assert _answers(hosting, DOMAIN, "MX", server) == ("REFUSED", [])
    hosting.serve(faults.half_lame(clean))
    assert [_answers(hosting, DOMAIN, "MX", server)[0] for server in NAME_SERVERS.values()] == ["NOERROR", "REFUSED"]
    assert _answers(hosting, DOMAIN, "MX") == ("NOERROR", [f"10 {MX}."])


def test_a_zone_whose_servers_are_silent(hosting: Hosting, clean: Scene) -> None:
    """The delegation leads to an address that never answers."""
    hosting.serve(faults.silent_name_servers(clean))
    assert _answers(hosting, "ns.tyst.karlahosting.test", "A") == ("NOERROR", [SILENT])
    referral = ask(hosting.network, next(iter(REGISTRY.values())), DOMAIN, "A", recurse=False)
    assert referral.authority[0].to_text().endswith("NS ns.tyst.karlahosting.test.")


def test_the_resolver_holds_an_old_answer(hosting: Hosting, clean: Scene) -> None:
    """The name servers say where mail.DOMAIN is now, the resolver where it was; and it forgets before the next scene."""
    name = f"mail.{DOMAIN}"
    hosting.serve(faults.stale_resolver(clean))
    assert [_answers(hosting, name, "A", server)[1] for server in NAME_SERVERS.values()] == [[MAIL], [MAIL]]
    assert _answers(hosting, name, "A") == ("NOERROR", [NOBODY])
    hosting.serve(clean)
    assert _answers(hosting, name, "A") == ("NOERROR", [MAIL])


def test_a_stale_document(hosting: Hosting, clean: Scene) -> None:
    """autoconfig.DOMAIN names the old server, by https, while Autodiscover is ours."""
    hosting.serve(faults.stale_document(clean))
    status, kind, body = _get(hosting, f"autoconfig.{DOMAIN}", AUTOCONFIG + "?emailaddress=anna%40" + DOMAIN, website.THEIRS)
    assert (status, kind) == (200, "text/xml; charset=utf-8")
    assert faults.STALE_SERVER in body
    assert _get(hosting, f"autodiscover.{DOMAIN}", "/autodiscover/autodiscover.xml")[0] == 200


def test_a_contradicting_document(hosting: Hosting, clean: Scene) -> None:
    """autoconfig.DOMAIN is ours, and the customer's site says something else."""
    hosting.serve(faults.contradicting_document(clean))
    assert HOST in _get(hosting, f"autoconfig.{DOMAIN}", AUTOCONFIG)[2]
    assert faults.STALE_SERVER in _get(hosting, DOMAIN, "/.well-known/autoconfig" + AUTOCONFIG, website.THEIRS)[2]


def test_autoconfig_without_https(hosting: Hosting, clean: Scene) -> None:
    """Port 443 refuses, port 80 answers with our document."""
    hosting.serve(faults.autoconfig_without_https(clean))
    address = _answers(hosting, f"autoconfig.{DOMAIN}", "A")[1][0]
    assert not hosting.network.listens(address, 443)
    assert HOST in _get(hosting, f"autoconfig.{DOMAIN}", AUTOCONFIG, address, https=False)[2]


@pytest.mark.parametrize("fault", Fault)
def test_autoconfig_with_a_bad_certificate(hosting: Hosting, clean: Scene, fault: Fault) -> None:
    """Only this name's certificate is wrong."""
    hosting.serve(faults.bad_autoconfig_certificate(fault)(clean))
    with pytest.raises(ssl.SSLCertVerificationError):
        _get(hosting, f"autoconfig.{DOMAIN}", AUTOCONFIG)
    assert HOST in _get(hosting, f"autoconfig.{DOMAIN}", AUTOCONFIG, https=False)[2]
    assert _get(hosting, f"autodiscover.{DOMAIN}", "/autodiscover/autodiscover.xml")[0] == 200


def test_a_site_that_catches_all(hosting: Hosting, clean: Scene) -> None:
    """Every path of the customer's own site is its first page; with a wildcard, our names are its too."""
    hosting.serve(faults.catch_all_site(clean))
    page = (200, "text/html; charset=utf-8")
    assert _get(hosting, DOMAIN, "/.well-known/autoconfig" + AUTOCONFIG, website.THEIRS)[:2] == page
    assert HOST in _get(hosting, f"autoconfig.{DOMAIN}", AUTOCONFIG)[2]
    hosting.serve(faults.wildcard_site(clean))
    assert _answers(hosting, f"autoconfig.{DOMAIN}", "A") == ("NOERROR", [website.THEIRS])
    for host in (f"autoconfig.{DOMAIN}", f"autodiscover.{DOMAIN}"):
        assert _get(hosting, host, AUTOCONFIG, website.THEIRS)[:2] == page


def test_a_new_fault_is_one_line(hosting: Hosting, clean: Scene) -> None:
    """As here: a certificate of the customer's site for mail, and nothing else."""
    hosting.serve(clean.with_certificates((f"mail.{DOMAIN}", Certificate((DOMAIN,)))))
    assert _verified(hosting, 993, f"mail.{DOMAIN}") == WRONG_NAME

"""What our Apple profiles say, what stays the same about them, and what we take for a profile."""

from __future__ import annotations

import plistlib
import re
import time
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.address import EmailAddress
from autoconfig.errors import AutoconfigError, DocumentError, UsageError
from autoconfig.formats import apple
from autoconfig.model import (
    Account,
    AuthMethod,
    ClientConfig,
    HostPattern,
    Port,
    Protocol,
    Provider,
    Server,
    Shape,
    TLSMode,
    UserPattern,
)
from tests.strategies import addresses, client_configs

ANNA = EmailAddress.parse("anna@kund.se")


def server(host: str, port: int, **more: object) -> Server[HostPattern]:
    """A server with TLS from the first byte, unless told otherwise."""
    return Server(HostPattern.parse(host), port, **{"tls": TLSMode.IMPLICIT, **more})


IMAP = Account(Protocol.IMAP, server("server.karlahosting.se", 993), server("server.karlahosting.se", 465))
POP = Account(Protocol.POP3, server("mail.%EMAILDOMAIN%", 995), server("mail.%EMAILDOMAIN%", 465))
KARLA = Provider("karlahosting", "KarlaHosting", "Karla", (IMAP, POP))


def config(*accounts: Account[HostPattern], address: EmailAddress = ANNA, **more: object) -> ClientConfig:
    """KarlaHosting's configuration for *address*, with other accounts or other words about the provider."""
    return Shape.of(replace(KARLA, **({"accounts": accounts} if accounts else {}), **more)).fill(address.domain)


def mail(*accounts: Account[HostPattern]) -> apple.MailPayload:
    """The mail payload of Anna's profile."""
    payload = apple.from_config(config(*accounts), ANNA).content[0]
    assert isinstance(payload, apple.MailPayload)
    return payload


def test_a_profile_to_the_byte() -> None:
    """Customers compare nothing, but devices and signatures do: the same bytes in every version of ours."""
    assert apple.document(config(), ANNA).content.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n'
        '<plist version="1.0">\n<dict>\n'
        "\t<key>PayloadContent</key>\n\t<array>\n\t\t<dict>\n"
        "\t\t\t<key>EmailAccountDescription</key>\n\t\t\t<string>anna@kund.se</string>\n"
        "\t\t\t<key>EmailAccountType</key>\n\t\t\t<string>EmailTypeIMAP</string>\n"
        "\t\t\t<key>EmailAddress</key>\n\t\t\t<string>anna@kund.se</string>\n"
        "\t\t\t<key>IncomingMailServerAuthentication</key>\n\t\t\t<string>EmailAuthPassword</string>\n"
        "\t\t\t<key>IncomingMailServerHostName</key>\n\t\t\t<string>server.karlahosting.se</string>\n"
        "\t\t\t<key>IncomingMailServerPortNumber</key>\n\t\t\t<integer>993</integer>\n"
        "\t\t\t<key>IncomingMailServerUseSSL</key>\n\t\t\t<true/>\n"
        "\t\t\t<key>IncomingMailServerUsername</key>\n\t\t\t<string>anna@kund.se</string>\n"
        "\t\t\t<key>OutgoingMailServerAuthentication</key>\n\t\t\t<string>EmailAuthPassword</string>\n"
        "\t\t\t<key>OutgoingMailServerHostName</key>\n\t\t\t<string>server.karlahosting.se</string>\n"
        "\t\t\t<key>OutgoingMailServerPortNumber</key>\n\t\t\t<integer>465</integer>\n"
        "\t\t\t<key>OutgoingMailServerUseSSL</key>\n\t\t\t<true/>\n"
        "\t\t\t<key>OutgoingMailServerUsername</key>\n\t\t\t<string>anna@kund.se</string>\n"
        "\t\t\t<key>OutgoingPasswordSameAsIncomingPassword</key>\n\t\t\t<true/>\n"
        "\t\t\t<key>PayloadDisplayName</key>\n\t\t\t<string>IMAP: anna@kund.se</string>\n"
        "\t\t\t<key>PayloadIdentifier</key>\n\t\t\t<string>se.kund.autoconfig.imap.607339803c5e5d4ba8b900c6738ff7ef.mail</string>\n"
        "\t\t\t<key>PayloadType</key>\n\t\t\t<string>com.apple.mail.managed</string>\n"
        "\t\t\t<key>PayloadUUID</key>\n\t\t\t<string>F9138682-EE0F-5F80-9844-389CD1B6D7B5</string>\n"
        "\t\t\t<key>PayloadVersion</key>\n\t\t\t<integer>1</integer>\n"
        "\t\t</dict>\n\t</array>\n"
        "\t<key>PayloadDisplayName</key>\n\t<string>KarlaHosting: anna@kund.se</string>\n"
        "\t<key>PayloadIdentifier</key>\n\t<string>se.kund.autoconfig.imap.607339803c5e5d4ba8b900c6738ff7ef</string>\n"
        "\t<key>PayloadOrganization</key>\n\t<string>KarlaHosting</string>\n"
        "\t<key>PayloadType</key>\n\t<string>Configuration</string>\n"
        "\t<key>PayloadUUID</key>\n\t<string>A5583980-9311-539D-A3D4-3D29DB5C7453</string>\n"
        "\t<key>PayloadVersion</key>\n\t<integer>1</integer>\n"
        "</dict>\n</plist>\n"
    )


def test_the_first_account_is_the_one() -> None:
    """The order of preference decides, and the caller narrows it."""
    assert mail(IMAP, POP).account_type == "EmailTypeIMAP"
    assert mail(POP, IMAP).account_type == "EmailTypePOP"


def test_pop_has_its_own_outgoing_server() -> None:
    """The host's rule: with POP a customer sends through mail.<their domain>, with IMAP through the server that all share."""
    narrowed = config().only(Protocol.POP3)
    assert narrowed is not None
    payload = apple.from_config(narrowed, ANNA).content[0]
    assert isinstance(payload, apple.MailPayload)
    assert (payload.incoming_host, payload.incoming_port) == ("mail.kund.se", 995)
    assert (payload.outgoing_host, payload.outgoing_port) == ("mail.kund.se", 465)
    assert mail().outgoing_host == "server.karlahosting.se"


STARTTLS = {"tls": TLSMode.STARTTLS}


@pytest.mark.parametrize(
    ("given_server", "port", "ssl"),
    [
        (server("a.se", 993), 993, True),
        (server("a.se", 143, **STARTTLS), 143, True),
        (server("a.se", 143, **STARTTLS, also=(Port(993, TLSMode.IMPLICIT),)), 993, True),
        (server("a.se", 587, **STARTTLS, also=(Port(25, TLSMode.STARTTLS), Port(465, TLSMode.IMPLICIT))), 465, True),
        (server("a.se", 993, also=(Port(143, TLSMode.STARTTLS),)), 993, True),
        (server("a.se", 143, tls=TLSMode.NONE), 143, False),
        (server("a.se", 143, tls=TLSMode.NONE, also=(Port(993, TLSMode.IMPLICIT),)), 143, False),
    ],
)
def test_apple_cannot_say_starttls_so_a_port_with_tls_at_once_is_better(given_server: Server[HostPattern], port: int, ssl: bool) -> None:
    """Peers disagree on UseSSL for STARTTLS; on 993 and 465 nobody does."""
    payload = mail(Account(Protocol.IMAP, given_server, given_server))
    assert (payload.incoming_port, payload.incoming_ssl) == (port, ssl)
    assert (payload.outgoing_port, payload.outgoing_ssl) == (port, ssl)


@pytest.mark.parametrize(
    ("methods", "word"),
    [
        (["password-cleartext"], "EmailAuthPassword"),
        (["password-encrypted"], "EmailAuthCRAMMD5"),
        (["password-encrypted", "password-cleartext"], "EmailAuthCRAMMD5"),
        (["ntlm"], "EmailAuthNTLM"),
        (["none"], "EmailAuthNone"),
        (["oauth2", "password-cleartext"], "EmailAuthPassword"),
        (["gssapi", "ntlm"], "EmailAuthNTLM"),
        (["oauth2"], "EmailAuthPassword"),
        (["oauth2", "gssapi"], "EmailAuthPassword"),
    ],
)
def test_the_first_method_that_apple_can_do(methods: list[str], word: str) -> None:
    """Where Apple can do none of them, a password is what a person can still give."""
    auth = tuple(AuthMethod(method) for method in methods)
    payload = mail(Account(Protocol.IMAP, server("a.se", 993, auth=auth), server("a.se", 465)))
    assert (payload.incoming_authentication, payload.outgoing_authentication) == (word, "EmailAuthPassword")


def test_user_names_are_filled_for_each_server() -> None:
    """The device asks for a user name that is missing, and shows one that is wrong."""
    incoming = server("a.se", 993, username=UserPattern.parse("KARLA\\%EMAILLOCALPART%"))
    payload = mail(Account(Protocol.IMAP, incoming, server("a.se", 465)))
    assert (payload.incoming_username, payload.outgoing_username) == ("KARLA\\anna", "anna@kund.se")


def test_servers_are_named_in_a_labels_and_people_in_u_labels() -> None:
    """What a machine looks up is ASCII; what a person reads is as they write it."""
    asa = EmailAddress.parse("Åsa@byrå.se")
    profile = apple.from_config(config(POP, address=asa), asa)
    payload = profile.content[0]
    assert isinstance(payload, apple.MailPayload)
    assert payload.incoming_host == "mail.xn--byr-wla.se"
    assert payload.address == payload.incoming_username == "Åsa@xn--byr-wla.se"
    assert payload.account_description == "Åsa@byrå.se"
    assert profile.display_name == "KarlaHosting: Åsa@byrå.se"
    assert profile.identifier is not None
    assert profile.identifier.startswith("se.xn--byr-wla.autoconfig.pop3.")


@pytest.mark.parametrize(
    ("url", "host", "port", "ssl", "principal"),
    [
        ("https://dav.karlahosting.se", "dav.karlahosting.se", 443, True, None),
        ("https://dav.karlahosting.se/", "dav.karlahosting.se", 443, True, None),
        ("https://dav.karlahosting.se:2080/", "dav.karlahosting.se", 2080, True, None),
        ("https://dav.karlahosting.se/.well-known/caldav", "dav.karlahosting.se", 443, True, None),
        ("https://dav.karlahosting.se/SOGo/dav/", "dav.karlahosting.se", 443, True, "/SOGo/dav/"),
        ("https://dav.%EMAILDOMAIN%/%EMAILDOMAIN%/?a=b", "dav.kund.se", 443, True, "/kund.se/?a=b"),
        ("http://dav.byrå.se/", "dav.xn--byr-wla.se", 80, False, None),
        ("https://192.0.2.1:8443/", "192.0.2.1", 8443, True, None),
        ("https://[2001:db8::1]/", "2001:db8::1", 443, True, None),
    ],
)
def test_calendar_and_contacts(url: str, host: str, port: int, ssl: bool, principal: str | None) -> None:
    """A provider's CalDAV and CardDAV servers come along, the principal only where the URL tells more than the host."""
    profile = apple.from_config(config(caldav_url=url, carddav_url=url), ANNA)
    _, calendar, contacts = profile.content
    assert isinstance(calendar, apple.CalDAVPayload)
    assert isinstance(contacts, apple.CardDAVPayload)
    for payload in (calendar, contacts):
        assert (payload.host, payload.port, payload.ssl, payload.principal_url) == (host, port, ssl, principal)
        assert payload.username == "anna@kund.se"
    written = plistlib.loads(apple.write(profile))["PayloadContent"]
    assert written[1]["PayloadType"] == "com.apple.caldav.account"
    assert written[1]["CalDAVHostName"] == written[2]["CardDAVHostName"] == host
    assert ("CalDAVPrincipalURL" in written[1]) is ("CardDAVPrincipalURL" in written[2]) is (principal is not None)


@pytest.mark.parametrize(
    "url", ["https:///dav/", "/dav/", "dav.karlahosting.se", "ftp://a.se/", "https://a.se:99999/", "https://[::/", "https://å/"]
)
def test_a_groupware_address_without_a_server_makes_no_payload(url: str) -> None:
    """An empty host breaks the import of the whole profile, mail and all (mailcow#2063)."""
    assert len(apple.from_config(config(caldav_url=url, carddav_url=url), ANNA).content) == 1


def test_without_an_address_there_is_no_profile() -> None:
    """An account is somebody's."""
    with pytest.raises(UsageError, match=r"for one address, such as anna@kund\.se"):
        apple.document(config())


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("anna@kund.se", "anna@kund.se.mobileconfig"),
        ("åsa@byrå.se", "asa@xn--byr-wla.se.mobileconfig"),
        ("例@kund.se", "_@kund.se.mobileconfig"),
        ('"a b/c\\"d"@kund.se', "_a_b_c__d_@kund.se.mobileconfig"),
        ("-rf@kund.se", "_rf@kund.se.mobileconfig"),
        ("o'neill%x@kund.se", "o_neill_x@kund.se.mobileconfig"),
    ],
)
def test_the_file_name_is_safe_everywhere(address: str, name: str) -> None:
    """In a header, on every file system, and in a shell."""
    parsed = EmailAddress.parse(address)
    document = apple.document(config(address=parsed), parsed)
    assert (document.file_name, document.content_type) == (name, "application/x-apple-aspen-config")


def test_identifiers_tell_addresses_and_protocols_apart_but_not_letter_case() -> None:
    """The identifier decides whether a profile replaces another: the next one for the same account does, and no other."""
    pop = config().only(Protocol.POP3)
    assert pop is not None
    anna = apple.from_config(config(), ANNA)
    again = apple.from_config(config(caldav_url="https://dav.karlahosting.se/"), EmailAddress.parse("Anna@Kund.SE"))
    by_pop = apple.from_config(pop, ANNA)
    bo = apple.from_config(config(), EmailAddress.parse("bo@kund.se"))
    assert (anna.identifier, anna.uuid, anna.content[0].uuid) == (again.identifier, again.uuid, again.content[0].uuid)
    assert len({anna.identifier, by_pop.identifier, bo.identifier}) == 3
    assert len({p.uuid for profile in (anna, by_pop, bo) for p in (profile, *profile.content)}) == 6


@given(client_configs(), addresses())
def test_a_profile_reads_back_as_it_was_written(config: ClientConfig, address: EmailAddress) -> None:
    """By us, and by another reader of property lists."""
    profile = apple.from_config(config, address)
    data = apple.write(profile)
    assert apple.parse(data) == profile
    assert apple.write(apple.parse(data)) == data == apple.document(config, address).content
    read = plistlib.loads(data)
    assert read["PayloadType"] == "Configuration"
    assert len(read["PayloadContent"]) == len(profile.content)


_IDENTIFIER = re.compile(r"[A-Za-z0-9.-]+\Z")
_UUID = re.compile(r"[0-9A-F]{8}-[0-9A-F]{4}-5[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}\Z")


@given(client_configs(), addresses())
def test_what_every_profile_has_and_has_not(config: ClientConfig, address: EmailAddress) -> None:
    """Apple's required keys, no empty text, no password, and identifiers that nobody else has."""
    read = plistlib.loads(apple.document(config, address).content)
    payloads = [read, *read["PayloadContent"]]
    account = config.accounts[0]
    for payload in payloads:
        assert _IDENTIFIER.match(payload["PayloadIdentifier"])
        assert _UUID.match(payload["PayloadUUID"])
        assert payload["PayloadVersion"] == 1
        for key, value in payload.items():
            # iOS refuses a text of no length: MCValidateAndRemoveNonZeroLengthStringWithKey
            assert value != "", key
            assert "Password" not in key or (key == "OutgoingPasswordSameAsIncomingPassword" and value is True)
    assert len({p["PayloadUUID"] for p in payloads}) == len({p["PayloadIdentifier"] for p in payloads}) == len(payloads)
    mail = read["PayloadContent"][0]
    assert mail["IncomingMailServerHostName"] == account.incoming.host.ascii
    assert mail["OutgoingMailServerHostName"] == account.outgoing.host.ascii
    assert mail["IncomingMailServerUseSSL"] is (account.incoming.tls is not TLSMode.NONE)
    assert mail["IncomingMailServerAuthentication"].startswith("EmailAuth")
    for payload in read["PayloadContent"][1:]:
        assert payload.get("CalDAVHostName") or payload.get("CardDAVHostName")


@given(client_configs(), addresses(), addresses())
def test_uuids_are_the_same_for_the_same_address_and_no_other(config: ClientConfig, one: EmailAddress, other: EmailAddress) -> None:
    """UUIDs come from the address and the protocol, and from nothing else of the configuration."""
    first, second = apple.from_config(config, one), apple.from_config(config, other)
    same = (one.local.lower(), one.domain) == (other.local.lower(), other.domain)
    assert (first.uuid == second.uuid) is (first.identifier == second.identifier) is same
    simple = replace(
        config, accounts=config.accounts[:1], provider=replace(config.provider, name="Other", caldav_url=None, carddav_url=None)
    )
    assert apple.from_config(simple, one).uuid == first.uuid
    assert apple.from_config(simple, one).content[0].uuid == first.content[0].uuid


FOREIGN = {
    "PayloadType": "Configuration",
    "PayloadVersion": 1,
    "PayloadIdentifier": "com.example",
    "PayloadUUID": "x",
    "PayloadRemovalDisallowed": False,
    "RemovalDate": datetime(2026, 11, 23, 8, 0, 0),  # property lists have no time zone
    "ConsentText": {"default": "Yes", "sv": "Ja"},
    "PayloadContent": [
        {"PayloadType": "com.apple.wifi.managed", "SSID_STR": "Karla", "Proxy": ["a", 1, 2.5, b"\x00"]},
        {
            "PayloadType": "com.apple.mail.managed",
            "IncomingMailServerPortNumber": "993",
            "IncomingMailServerUseSSL": 1,
            "IncomingPassword": "hemligt",
        },
        {"PayloadType": "com.apple.carddav.account", "CardDAVHostName": "", "CommunicationServiceRules": {}},
        {"EmailAddress": "nobody@kund.se"},
        {"PayloadType": 7},
    ],
}


def test_a_foreign_profile_keeps_what_we_do_not_know() -> None:
    """A linter must see a port that is a text, a password, and payloads of other trades."""
    profile = apple.parse(plistlib.dumps(FOREIGN))
    wifi, mail, contacts, nobody, seven = profile.content
    assert type(wifi) is type(nobody) is type(seven) is apple.Payload
    assert (wifi.type, wifi.others["SSID_STR"]) == ("com.apple.wifi.managed", "Karla")
    assert isinstance(mail, apple.MailPayload)
    assert (mail.incoming_port, mail.others["IncomingMailServerPortNumber"]) == (None, "993")
    assert (mail.incoming_ssl, mail.others["IncomingMailServerUseSSL"], mail.others["IncomingPassword"]) == (None, 1, "hemligt")
    assert isinstance(contacts, apple.CardDAVPayload)
    assert contacts.host == ""
    assert seven.others == {"PayloadType": 7}
    assert plistlib.loads(apple.write(profile)) == FOREIGN


@pytest.mark.parametrize(
    "more", [{}, {"EncryptedPayloadContent": b"\x30"}, {"PayloadContent": "?"}, {"PayloadContent": [{}, "?"]}, {"PayloadUUID": []}]
)
def test_a_profile_without_readable_payloads_is_still_a_profile(more: dict[str, object]) -> None:
    """An encrypted one, or one that its author got wrong."""
    data = {"PayloadType": "Configuration", **more}
    profile = apple.parse(plistlib.dumps(data))
    assert (profile.content, dict(profile.others)) == ((), more)
    assert plistlib.loads(apple.write(profile)) == data


HEAD = b'<?xml version="1.0"?>'
BOMB = (
    HEAD
    + b'<!DOCTYPE plist [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (c, b"&%c;" % (c - 1) * 10) for c in range(ord("b"), ord("k")))
    + b"]><plist><string>&j;</string></plist>"
)


def nested(depth: int) -> bytes:
    """Arrays in arrays."""
    return HEAD + b"<plist><dict><key>a</key>" + b"<array>" * depth + b"</array>" * depth + b"</dict></plist>"


@pytest.mark.parametrize(
    ("data", "message", "line"),
    [
        (b"", "not an XML property list: no element found", 1),
        (b"hello", "not an XML property list: syntax error", 1),
        (b"\x00" * 100, "not an XML property list", None),
        (HEAD + b"\n<plist>\n<dict>", "no element found", 3),
        (HEAD + b"<plist><string>x</string></plist>", "not a dictionary", None),
        (HEAD + b"<plist></plist>", "not a dictionary", None),
        (HEAD + b"<plist><dict/></plist>", "PayloadType is -, not Configuration", None),
        (HEAD + b"<plist><dict><key>PayloadType</key><string>Profile Service</string></dict></plist>", "is Profile Service, not", None),
        (HEAD + b"\n<plist><dict><string>x</string></dict></plist>", "unexpected element", 2),
        (HEAD + b"\n<plist><dict>\n<key>a</key></dict></plist>", "missing value for key 'a'", 3),
        (HEAD + b"<plist><key>a</key></plist>", "not an XML property list", None),
        (HEAD + b"<plist><dict><key>a</key><date>soon</date></dict></plist>", "not an XML property list", None),
        (HEAD + b"<plist><dict><key>a</key><integer>one</integer></dict></plist>", "not an XML property list", None),
        (HEAD + b"<plist><dict><key>a</key><integer>" + b"9" * 9000 + b"</integer></dict></plist>", "not an XML property list", None),
        (HEAD + b"<plist><dict><key>a</key><integer>0x" + b"f" * 17 + b"</integer></dict></plist>", "more than 64 bits", None),
        (b'<?xml version="1.0" encoding="klingon"?><plist/>', "unknown encoding: klingon", None),
        (b'<?xml version="1.0" encoding="rot13"?><plist/>', "not an XML property list", None),
        (plistlib.dumps({"PayloadType": "Configuration"}, fmt=plistlib.FMT_BINARY), "binary property list", None),
        (b"\x30\x82\x01\x00", "is signed", None),
        (b" " * (apple.MAX_OCTETS + 1), "larger than 1048576 bytes", None),
        (BOMB, "entity declarations are not supported", None),
        (HEAD + b'<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]><plist>&x;</plist>', "entity declarations", None),
        (HEAD + b'<!DOCTYPE p [<!ENTITY % x SYSTEM "http://localhost:1/x"> %x;]><plist/>', "entity declarations", None),
        (nested(100_000), "larger than", None),
        (nested(65_000), "more than 32 deep", None),
        (nested(32), "more than 32 deep", None),
        (nested(31), "PayloadType", None),
    ],
)
def test_what_is_no_profile_is_refused_with_one_line(data: bytes, message: str, line: int | None) -> None:
    """DocumentError and nothing else, quickly."""
    began = time.process_time()
    with pytest.raises(DocumentError) as caught:
        apple.parse(data)
    assert time.process_time() - began < 2
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert line in (None, caught.value.line)


@given(st.binary(max_size=300), st.integers(0, 3000), st.integers(0, 300))
def test_a_damaged_profile_never_surprises_us(noise: bytes, at: int, length: int) -> None:
    """A profile or DocumentError, whatever stands in its place; and what could be read can be written."""
    whole = plistlib.dumps(FOREIGN)
    try:
        profile = apple.parse(whole[:at] + noise + whole[at + length :])
    except DocumentError:
        return
    assert apple.write(apple.parse(apple.write(profile))) == apple.write(profile)


@pytest.mark.parametrize("value", ["\x00", "\ud800", 2**70, object(), {1: 2}])
def test_what_no_property_list_can_say_is_not_written(value: object) -> None:
    """A wire value made by hand may hold anything."""
    with pytest.raises(AutoconfigError, match="cannot be written"):
        apple.write(apple.Profile(others={"x": value}))

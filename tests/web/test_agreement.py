"""One configuration, fetched in every format over HTTP and read back by our own parsers: they all say the same."""

from __future__ import annotations

import json

import pytest

from autoconfig import dnsrecords
from autoconfig.address import Domain, EmailAddress
from autoconfig.checks import documents
from autoconfig.checks.case import Named
from autoconfig.formats import apple, outlook
from autoconfig.formats.pacc import digest
from autoconfig.model import ClientConfig, Shape
from autoconfig.observations import Lookup, LookupStatus, Question
from autoconfig.store.exchange.toml import read_toml
from tests.web.conftest import SETTINGS

ANNA = EmailAddress.parse("anna@kund.se")
PEER = EmailAddress.parse("per@pop.se")


@pytest.fixture(params=[ANNA, PEER], ids=str)
def address(request) -> EmailAddress:
    """A customer who prefers IMAP, and one who prefers POP."""
    return request.param


@pytest.fixture
def told(address) -> ClientConfig:
    """What the settings say for the address, without any format."""
    settings = read_toml(SETTINGS)
    domain = next(domain for domain in settings.domains if domain.domain == address.domain)
    provider = next(provider for provider in settings.providers if provider.id == domain.provider)
    return Shape.of(provider, domain.accounts, domain.protocols).fill(domain.domain)


def _told(servers: tuple[Named, ...]) -> list[tuple[str, str, int]]:
    return [(server.service.value, server.host.ascii, server.port) for server in servers]


def _expected(told: ClientConfig) -> list[tuple[str, str, int]]:
    incoming = [(f"{account.protocol}s", account.incoming.host.ascii, account.incoming.port) for account in told.accounts]
    return [*incoming, ("submissions", told.accounts[0].outgoing.host.ascii, told.accounts[0].outgoing.port)]


def test_mozilla(client, address, told):
    """Every account in its order, and the first one's outgoing server."""
    answer = client.get(f"/mail/config-v1.1.xml?emailaddress={address.ascii}")
    assert _told(documents.read_autoconfig(answer.data, address).servers) == _expected(told)


def test_outlook(client, address, told):
    """The same by POST, with the user's name."""
    request = outlook.write_request(outlook.Request(email=address.ascii, acceptable_response_schema=outlook.OUTLOOK_RESPONSE))
    servers = documents.read_autodiscover(client.post("/autodiscover/autodiscover.xml", data=request).data).servers
    assert _told(servers) == _expected(told)
    assert {server.username for server in servers} == {address.ascii}


def test_pacc(client, address, told):
    """PACC has no order, and ports of its own that are ours."""
    answer = client.get("/.well-known/user-agent-configuration.json", headers={"Host": f"ua-auto-config.{address.domain.ascii}"})
    assert set(_told(documents.read_pacc(answer.data, address).servers)) == set(_expected(told))


def test_apple(client, address, told):
    """A profile for each account, with the outgoing server that belongs to it."""
    for account in told.accounts:
        answer = client.get(f"/email.mobileconfig?emailaddress={address.ascii}&protocol={account.protocol}")
        mail = next(payload for payload in apple.parse(answer.data).content if isinstance(payload, apple.MailPayload))
        assert (mail.incoming_host, mail.incoming_port, mail.incoming_ssl) == (account.incoming.host.ascii, account.incoming.port, True)
        assert (mail.outgoing_host, mail.outgoing_port, mail.outgoing_ssl) == (account.outgoing.host.ascii, account.outgoing.port, True)
        assert (mail.address, mail.incoming_username) == (address.ascii, address.ascii)


def test_dns(client, address, told):
    """The SRV records of the first ports, and the digest of what is served."""
    served = client.get("/.well-known/user-agent-configuration.json", headers={"Host": f"ua-auto-config.{address.domain.ascii}"}).data
    records = dnsrecords.records(told, Domain.parse("autoconfig.karlahosting.se"), [dnsrecords.Digest(digest(served))])
    found = []
    for label in documents.MAIL_SERVICES:
        name = f"{label}._tcp.{address.domain.ascii}"
        values = tuple(str(record.data) for record in records if record.name == name)
        found += documents.read_srv(label, Lookup(Question(name, "SRV"), LookupStatus.FOUND if values else LookupStatus.NXDOMAIN, values))
    assert set(_expected(told)) <= set(_told(tuple(found)))
    assert json.loads(served)["protocols"].keys() >= {account.protocol.value for account in told.accounts}

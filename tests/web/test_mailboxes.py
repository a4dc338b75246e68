"""Whether there is a mailbox is nobody's to find out here: we do not know it, and no answer looks as if we did."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autoconfig.address import EmailAddress
from autoconfig.errors import AddressError
from tests import strategies

# Told from all that stands around them in an answer.
PLAIN = st.from_regex(r"zq[a-z0-9_-]{0,20}qz", fullmatch=True)
DOMAINS = ["kund.se", "pop.se", "alias.se", "english.example", "borta.se", "other.se"]

POX = (
    '<?xml version="1.0"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>'
    "<EMailAddress>{}</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/"
    "responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>"
)

# What is hashed from an address: identifiers of Apple's profiles, and the tag of a document.
_HASH = re.compile(rb"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9a-f]{32}")


CHANCE = ("Content-Length", "Date", "ETag", "X-Request-Id")  # of the body, or of the moment


def requests(address):
    """Yield every way to ask about *address*: method, path and form or body."""
    encoded = quote(address, safe="")
    for path in ("/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml", "/autodiscover/autodiscover.xml"):
        yield "GET", f"{path}?emailaddress={encoded}", {}
    yield "HEAD", f"/mail/config-v1.1.xml?emailaddress={encoded}", {}
    yield "GET", f"/autodiscover/autodiscover.json?Email={encoded}&Protocol=AutodiscoverV1", {}
    yield "GET", f"/autodiscover/autodiscover.json/v1.0/{encoded}?Protocol=AutodiscoverV1", {}
    yield "GET", f"/.well-known/user-agent-configuration.json?emailaddress={encoded}", {}
    for more in ("", "&protocol=imap", "&protocol=pop3"):
        yield "GET", f"/email.mobileconfig?emailaddress={encoded}{more}", {}
    yield "POST", "/autodiscover/autodiscover.xml", {"data": POX.format(address), "content_type": "text/xml"}
    for path in ("/", "/guide/kund.se", "/guide/kund.se/iphone", "/guide/kund.se/thunderbird?lang=en"):
        yield "POST", path, {"data": {"address": address}}


def answers(client, local, domain):
    """Return everything that is answered about an address, its local part and what is hashed from it taken out."""
    found, lengths = [], {}
    for method, path, options in requests(f"{local}@{domain}"):
        answer = client.open(path, method=method, headers={"Host": "autoconfig.karlahosting.se"}, **options)
        length = answer.headers["Content-Length"]
        assert length == (lengths[path] if method == "HEAD" else str(len(answer.data)))
        lengths[path] = length
        body = answer.data.replace(local.encode(), b"LOCAL")
        # An error document of Autodiscover tells the time.
        body = _HASH.sub(b"HASH", re.sub(rb'Time="[0-9:.]+"', b"", body))
        headers = {name: value.replace(local, "LOCAL") for name, value in answer.headers.items() if name not in CHANCE}
        found.append((method, path.replace(local, "LOCAL"), answer.status_code, headers, body))
    return found


@pytest.mark.parametrize("domain", DOMAINS)
@settings(max_examples=10)
@given(one=PLAIN, other=PLAIN)
def test_two_addresses_of_a_domain_are_answered_alike(client, domain, one, other):
    """Status, headers, body and length differ by the local part itself, and by nothing else."""
    assert answers(client, one, domain) == answers(client, other, domain)


@settings(max_examples=20)
@given(one=strategies.local_parts(), other=strategies.local_parts())
def test_no_local_part_is_special(client, one, other):
    """Postmaster's no less than any other that an address can have: the same status and headers, in every format."""
    for local in (one, other):
        try:
            EmailAddress.parse(f"{local}@kund.se")
        except AddressError:
            assume(False)
    for first, second in zip(requests(f"{one}@kund.se"), requests(f"{other}@kund.se"), strict=True):
        if "<" in str(first[2].get("data")) and {"<", ">", "&"} & set(one + other):
            continue  # would be no XML
        seen = []
        for method, path, options in (first, second):
            answer = client.open(path, method=method, headers={"Host": "autoconfig.karlahosting.se"}, **options)
            seen.append((answer.status_code, answer.content_type, sorted(answer.headers.keys())))
        assert seen[0] == seen[1]

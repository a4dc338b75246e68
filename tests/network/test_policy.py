"""Where one may go for somebody else: the public internet, by its mail and web ports, and nowhere else."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.network.policy import ANYWHERE, PORTS, PUBLIC_ONLY


@pytest.mark.parametrize("ip", ["8.8.8.8", "2001:4860:4860::8888", "2a00:1450:400f::1"])
def test_the_public_internet_is_open(ip: str) -> None:
    """By all ports of mail and web, and by no other."""
    assert all(PUBLIC_ONLY.allows(ip, port) for port in PORTS)
    assert PUBLIC_ONLY.allows_name_server(ip)
    assert not any(PUBLIC_ONLY.allows(ip, port) for port in (0, 22, 53, 3306, 6379, 8080, 8443, 65535))


@pytest.mark.parametrize(
    "ip",
    [
        *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.0.2.1", "192.168.1.1"),  # noqa: S104  # refused, not bound
        *("192.0.0.8", "192.0.0.9", "192.0.0.10", "192.0.0.170", "192.0.0.254"),  # RFC 6890, 2.1
        *("192.88.99.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fd00::1", "ff02::1", "2001:db8::1", "3fff::1", "5f00::1"),
        *("::ffff:8.8.8.8", "::ffff:127.0.0.1", "::8.8.8.8"),  # RFC 4291, 2.5.5
        *("64:ff9b::8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::1"),  # NAT64: RFC 6052, RFC 8215
        *("2002:808:808::1", "2002:7f00:1::1"),  # 6to4
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo
        *("2001:1::1", "2001:1::2", "2001:3::1", "2001:4:112::1", "2001:20::1", "2001:1ff::1"),  # RFC 2928
        *("::ffff:0:127.0.0.1", "2002:a9fe:a9fe::", "64:ff9b::a9fe:a9fe", "64:ff9b:1:fffe::1", "::ffff:169.254.169.254"),
        "2a00:1450:400f::1%eth0",
        *("", "localhost", "0x7f000001", "2130706433", "127.1", "8.8.8.8 "),
    ],
)
def test_everything_else_is_closed(ip: str) -> None:
    """Private, local, reserved, and what carries an IPv4 address inside."""
    assert not PUBLIC_ONLY.allows(ip, 443)
    assert not PUBLIC_ONLY.allows_name_server(ip)
    assert ANYWHERE.allows(ip, 22)
    assert ANYWHERE.allows_name_server(ip)


@given(st.ip_addresses(v=4))
def test_no_dress_of_an_ipv4_address_is_public(address: ipaddress.IPv4Address) -> None:
    """Mapped, compatible, by 6to4 or NAT64."""
    number = int(address)
    teredo = 0x20010000 << 96 | number ^ 0xFFFFFFFF
    for dress in (
        0xFFFF << 32 | number,
        number,
        0x2002 << 112 | number << 80,
        0x64FF9B << 96 | number,
        0x64FF9B0001 << 80 | number,
        teredo,
    ):
        assert not PUBLIC_ONLY.allows(str(ipaddress.IPv6Address(dress)), 443)


@given(st.text() | st.from_regex(r"[0-9a-fx.:%\[\]]{1,40}", fullmatch=True), st.integers())
def test_any_text_is_judged(ip: str, port: int) -> None:
    """What is no address, in the one spelling that everybody understands, is no address of the public internet."""
    if PUBLIC_ONLY.allows(ip, port):
        assert ipaddress.ip_address(ip).is_global
        assert port in PORTS

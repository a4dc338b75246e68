"""How often one client may ask for what costs, whichever worker answers, and whatever becomes of the disk."""

from __future__ import annotations

import fcntl
import ipaddress
import logging
import os
import threading
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.config import Rate
from autoconfig.store.snapshot import Snapshot
from autoconfig.web import create_app, proxies
from autoconfig.web.limits import Limit
from tests.running import run, serving

HOST = {"Host": "autoconfig.karlahosting.se"}
SECOND = 10**9


class Clock:
    """A clock that stands until it is told."""

    def __init__(self):
        self.now = 10**15

    def __call__(self):
        return self.now

    def wait(self, seconds):
        self.now += round(seconds * SECOND)


@pytest.fixture
def clock():
    """A clock that stands."""
    return Clock()


def granted(limit, client="192.0.2.1", times=100):
    """How many of so many requests are granted."""
    return sum(limit.spend(client).wait == 0 for _ in range(times))


# --- the meter ---------------------------------------------------------------------------------------------------------------------


def test_thirty_a_minute_are_thirty_at_once_and_then_one_every_two_seconds(tmp_path, clock):
    """And thirty again for who has waited a minute."""
    limit = Limit(Rate(30, 60), tmp_path / "limit", clock)
    assert granted(limit) == 30
    assert limit.spend("192.0.2.1").wait == 2
    clock.wait(1.9)
    assert limit.spend("192.0.2.1").wait == 1
    clock.wait(0.1)
    assert granted(limit) == 1
    clock.wait(60)
    assert granted(limit) == 30


def test_a_client_is_told_how_much_is_left(tmp_path, clock):
    """More at once, the seconds until all of it may be had again, and until the next one may."""
    limit = Limit(Rate(2, 60), tmp_path / "limit", clock)
    told = [(verdict.remaining, verdict.reset, verdict.wait) for verdict in (limit.spend("a") for _ in range(3))]
    assert told == [(1, 30, 0), (0, 60, 0), (0, 60, 30)]


@given(
    st.builds(Rate, st.integers(1, 50), st.sampled_from([1, 60, 3600])),
    st.lists(st.tuples(st.floats(0, 120), st.integers(1, 9)), max_size=30),
)
def test_nobody_gets_more_than_the_rate(tmp_path_factory, rate, steps):
    """Whatever the rhythm: at most what is granted at once, and what the time that has passed is worth; and who waits as told is let in."""
    clock = Clock()
    limit = Limit(rate, tmp_path_factory.mktemp("limit") / "limit", clock)
    began, given_out = clock.now, 0
    for pause, requests in steps:
        clock.wait(pause)
        for _ in range(requests):
            verdict = limit.spend("a")
            given_out += verdict.wait == 0
            assert 0 <= verdict.remaining < rate.count
            assert 0 <= verdict.wait <= verdict.reset <= rate.seconds
        # A rate is cut to whole nanoseconds.
        assert given_out <= rate.count + 1 + (clock.now - began) / SECOND * rate.count / rate.seconds * 1.001
    while (wait := limit.spend("a").wait) == 0:
        pass
    clock.wait(wait)
    assert limit.spend("a").wait == 0


def test_clients_do_not_pay_for_each_other(tmp_path, clock):
    """Not even when thousands have used up their rate; the file stays as small as it was."""
    limit = Limit(Rate(1, 3600), tmp_path / "limit", clock)
    limit.spend("first")
    size = (tmp_path / "limit").stat().st_size
    assert sum(limit.spend(f"client {n}").wait > 0 for n in range(3_000)) < 3
    assert limit.spend("client 7").wait > 0
    assert (tmp_path / "limit").stat().st_size == size < 3_000_000


def test_places_are_chosen_by_a_key_of_each_installation(tmp_path, clock):
    """So that nobody finds out by trying at home with whom he would share them; the file is nobody else's to read."""
    contents = []
    for name in "ab":
        limit = Limit(Rate(1, 60), tmp_path / name, clock)
        limit.spend("192.0.2.1")
        contents.append((tmp_path / name).read_bytes())
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
    used = [{at for at in range(32, len(content), 8) if any(content[at : at + 8])} for content in contents]
    assert [len(places) for places in used] == [4, 4]
    assert not used[0] & used[1]


# --- processes and threads ---------------------------------------------------------------------------------------------------------


def test_all_who_have_the_file_share_the_rate(tmp_path, clock):
    """As the workers of a machine do, and threads of a worker."""
    limits = [Limit(Rate(30, 60), tmp_path / "limit", clock) for _ in range(3)]
    found = []
    threads = [threading.Thread(target=lambda limit=limit: found.append(granted(limit, times=40))) for limit in limits * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(found) == 30


def test_a_rate_outlives_a_restart(tmp_path, clock):
    """What has been used up stays so; but not what an earlier start of the machine, or another rate, has left."""
    granted(Limit(Rate(30, 60), tmp_path / "limit", clock))
    assert granted(Limit(Rate(30, 60), tmp_path / "limit", clock)) == 0
    clock.now = 10**9
    assert granted(Limit(Rate(30, 60), tmp_path / "limit", clock)) == 30


@pytest.mark.slow
def test_two_workers_grant_together_what_one_may(config, tmp_path):
    """Over the real service: 30 a minute are 30 of all that it answers, and discovery is not counted."""
    instance = tmp_path / "instance"
    instance.mkdir()
    run("import", str(_settings(tmp_path)), instance=instance)
    with serving(instance, workers=2) as url:
        began = time.monotonic()
        found = [_post(url) for _ in range(60)]
        more = 1 + int((time.monotonic() - began) / 2)
        assert 30 <= found.count(404) <= 30 + more
        assert found.count(429) == 60 - found.count(404)


def _settings(folder):
    path = folder / "settings.toml"
    path.write_text('[[provider]]\nid = "p"\nname = "P"\nshort_name = "P"\n')
    return path


def _post(url):
    import requests

    return requests.post(url + "/", data={"address": "anna@other.se"}, timeout=10).status_code


# --- a disk that does not do as it should -------------------------------------------------------------------------------------------


def test_without_a_folder_each_process_counts_for_itself(tmp_path, clock, caplog):
    """And it is told once; the same where something else has the file's name."""
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "nowhere" / "limit", tmp_path / "folder"):
        caplog.clear()
        limit = Limit(Rate(30, 60), path, clock)
        assert granted(limit) == 30
        assert [record.levelno for record in caplog.records] == [logging.WARNING]
        assert "each worker counts for itself" in caplog.text


def test_a_file_that_is_cut_short_or_spoilt_is_made_anew(tmp_path, clock):
    """Nothing is refused for it, and nothing fails."""
    path = tmp_path / "limit"
    for content in (b"", b"x", os.urandom(5000), b"autoconfig limit"):
        path.write_bytes(content)
        assert granted(Limit(Rate(30, 60), path, clock)) == 30
        assert granted(Limit(Rate(30, 60), path, clock)) == 0
    limit = Limit(Rate(30, 60), path, clock)
    limit.spend("b")
    os.truncate(path, 10)
    assert granted(limit, "b") == 30


def test_a_file_that_is_removed_is_made_anew(tmp_path, clock):
    """By every worker, so that they still share one."""
    path = tmp_path / "limit"
    limits = [Limit(Rate(30, 60), path, clock) for _ in range(2)]
    assert [granted(limit) for limit in limits] == [30, 0]
    path.unlink()
    assert [granted(limit) for limit in limits] == [30, 0]


def test_times_that_cannot_be_are_none(tmp_path, clock):
    """Whatever has been written into the file."""
    path = tmp_path / "limit"
    limit = Limit(Rate(30, 60), path, clock)
    limit.spend("a")
    for octet in (b"\xff", b"\x7f", b"\x80"):
        with path.open("r+b") as file:
            file.seek(32)
            file.write(octet * (path.stat().st_size - 32))
        assert limit.spend("a").wait == 0


def test_a_lock_that_nobody_lets_go_does_not_stop_the_service(tmp_path, clock):
    """As of a process that was stopped in the midst: a tenth of a second, once."""
    path = tmp_path / "limit"
    limit = Limit(Rate(30, 60), path, clock)
    limit.spend("a")
    with path.open("r+b") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        began = time.monotonic()
        assert granted(limit) == 30
        assert time.monotonic() - began < 2


# --- who is a client ---------------------------------------------------------------------------------------------------------------

PROXIES = tuple(map(ipaddress.ip_network, ("127.0.0.1/32", "10.0.0.0/8", "2001:db8:1::/48")))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "198.51.100.1", "192.0.2.1"),  # no proxy of ours
        ("192.0.2.1:4711", "", "192.0.2.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),  # what a client claims stands to the left
        ("127.0.0.1", "203.0.113.9, 198.51.100.1, 10.1.2.3", "198.51.100.1"),
        ("127.0.0.1", "203.0.113.9, 198.51.100.1, 2001:db8:1::7", "198.51.100.1"),
        ("127.0.0.1", "10.1.2.3, 10.1.2.4", "10.1.2.3"),
        ("127.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("127.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("127.0.0.1", "[2001:db8::1]", "2001:db8::1"),
        ("127.0.0.1", "198.51.100.1, unknown", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1,", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1, 999.1.1.1, 10.0.0.1", "10.0.0.1"),
        ("127.0.0.1", "fe80::1%eth0", "127.0.0.1"),
        ("127.0.0.1", ",".join(["10.0.0.1"] * 5000), "10.0.0.1"),
        (None, "198.51.100.1", "None"),
        ("", "198.51.100.1", "None"),
        ("unix:", "198.51.100.1", "None"),
    ],
)
def test_the_client_is_the_nearest_that_is_no_proxy_of_ours(peer, forwarded, client):
    """From the right, because to the left stands what the client says itself; what is no address is no mistake."""
    assert str(proxies.client(PROXIES, peer, forwarded)) == client


@given(st.one_of(st.none(), st.text(), st.sampled_from(["127.0.0.1", "10.0.0.1"])), st.text() | st.text("0123456789.:[], ", max_size=3000))
def test_any_forwarded_for_is_read(peer, forwarded):
    """And any peer."""
    proxies.client(PROXIES, peer, forwarded)


def test_forms_are_counted_by_client(config, tmp_path):
    """Who asks through our proxy counts for himself, who claims another address does not; an IPv6 client is its /64."""
    client = _client(config, tmp_path, rate_limit=Rate(2, 3600), trusted_proxies=PROXIES)

    def ask(peer, **headers):
        return client.post("/", data={"address": "anna@kund.se"}, headers=HOST | headers, environ_base={"REMOTE_ADDR": peer}).status_code

    assert [ask("192.0.2.1") for _ in range(3)] == [200, 200, 429]
    assert [ask("192.0.2.2", **{"X-Forwarded-For": f"198.51.100.{n}"}) for n in range(3)] == [200, 200, 429]
    assert [ask("127.0.0.1", **{"X-Forwarded-For": f"198.51.100.{n}"}) for n in range(3)] == [200, 200, 200]
    assert [ask("127.0.0.1", **{"X-Forwarded-For": f"198.51.100.{n}, 192.0.2.2"}) for n in range(3)] == [429, 429, 429]
    assert [ask(f"2001:db8:2:3:{n}::1") for n in range(3)] == [200, 200, 429]
    assert ask("2001:db8:2:4::1") == 200
    assert ask("") == 200


def _client(config, folder, **keys):
    """A client of an installation that has counted nobody yet."""
    return create_app(replace(config, instance=folder, **keys), Snapshot(config.snapshot_path)).test_client()


# --- the answer --------------------------------------------------------------------------------------------------------------------


def test_too_many_forms_are_429(config, tmp_path):
    """With the seconds to wait, the rate, a page for people in their language, and a line for programs."""
    client = _client(config, tmp_path, rate_limit=Rate(2, 60))
    first = client.post("/guide/kund.se/iphone", data={"address": "anna@kund.se"}, headers=HOST)
    assert (first.status_code, first.headers["RateLimit"]) == (200, '"forms";r=1;t=30')
    assert first.headers["RateLimit-Policy"] == '"forms";q=2;w=60'
    client.post("/", data={"address": "no address"}, headers=HOST)
    page = client.post("/", data={"address": "anna@kund.se"}, headers=HOST | {"Accept": "text/html", "Accept-Language": "en"})
    assert (page.status_code, page.content_type) == (429, "text/html; charset=utf-8")
    assert "One moment, please" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert 1 <= int(page.headers["Retry-After"]) <= 30
    assert page.headers["RateLimit"].startswith('"forms";r=0;t=')
    line = client.post("/", data={"address": "anna@kund.se"}, headers=HOST)
    assert (line.status_code, line.content_type) == (429, "text/plain; charset=utf-8")
    assert line.text.count("\n") == 1
    assert "anna" not in line.text
    # What costs little goes on, and is not counted.
    for path in ("/", "/guide/kund.se", "/mail/config-v1.1.xml?emailaddress=anna@kund.se"):
        answer = client.get(path, headers=HOST)
        assert answer.status_code == 200
        assert "RateLimit" not in answer.headers


def test_discovery_is_limited_only_where_that_is_said(config, tmp_path):
    """Then every format is counted together, and neither pages nor the questions of those who watch the service."""
    paths = (
        "/mail/config-v1.1.xml?emailaddress=anna@kund.se",
        "/Autodiscover/Autodiscover.xml?emailaddress=anna@kund.se",
        "/.well-known/user-agent-configuration.json?emailaddress=anna@kund.se",
        "/email.mobileconfig?emailaddress=anna@kund.se",
        "/mail/config-v1.1.xml?emailaddress=anna@kund.se",
        "/mail/config-v1.1.xml?emailaddress=anna@other.se",
        "/.well-known/caldav",
    )
    client = _client(config, tmp_path, discovery_rate_limit=Rate(4, 3600))
    assert [client.get(path, headers=HOST).status_code for path in paths] == [200, 200, 200, 200, 429, 429, 429]
    assert [client.get(path, headers=HOST).status_code for path in ("/", "/guide/kund.se", "/healthz", "/nowhere")] == [200, 200, 200, 404]
    assert client.post("/", data={"address": "anna@kund.se"}, headers=HOST).status_code == 200
    client = _client(config, tmp_path)
    assert {client.get(paths[0], headers=HOST).status_code for _ in range(50)} == {200}


def test_a_proxy_that_hides_its_clients_is_told_of_once(config, tmp_path, caplog):
    """One that we do not trust, or that sends no X-Forwarded-For: its operator would not find out before the forms stop working."""
    forwarded = HOST | {"X-Forwarded-For": "198.51.100.1"}
    for trusted, good, bad in (((), HOST, forwarded), (PROXIES, forwarded, HOST)):
        caplog.clear()
        client = _client(config, tmp_path, trusted_proxies=trusted)
        client.post("/", data={"address": "anna@kund.se"}, headers=good)
        assert caplog.records == []
        for _ in range(3):
            client.post("/", data={"address": "anna@kund.se"}, headers=bad)
        assert len(caplog.records) == 1
        assert "the proxy 127.0.0.1 is none of trusted_proxies" in caplog.text
        assert "198.51.100.1" not in caplog.text

"""Bodies are in memory before anybody looks at them; what is too large is left to whoever refuses it."""

from __future__ import annotations

import threading
import time
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.cli import child
from autoconfig.formats import outlook
from autoconfig.web import MAX_BODY, bodies


class Input:
    """A body of granian's: read where that is asked, once it has come."""

    def __init__(self, content, has_come=None):
        self._content = BytesIO(content)
        self._has_come = has_come
        self.asked = []

    def read(self, size):
        self.asked.append(size)
        if self._has_come is not None:
            self._has_come.wait()
        return self._content.read(size)


def ask(door, body, **environ):
    """Return status and content of an answer to a request with *body*."""
    status = []
    content = door({"wsgi.input": body, **environ}, lambda line, headers: status.append(line))
    return status[0], b"".join(content)


def echo(environ, start_response):
    """Answer with the body."""
    start_response("200 OK", [])
    return [environ["wsgi.input"].read(1_000_000) if isinstance(environ["wsgi.input"], BytesIO) else b"not read"]


@pytest.mark.parametrize(
    ("environ", "content", "answer"),
    [
        ({"CONTENT_LENGTH": "5"}, b"12345", b"12345"),
        ({"CONTENT_LENGTH": "5"}, b"123", b"123"),
        ({"CONTENT_LENGTH": "16385"}, b"1" * 16_385, b"1" * 16_385),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, b"12345", b"12345"),
        ({"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "3"}, b"12345", b"12345"),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, b"1" * 100_000, b"1" * bodies.MAX_OCTETS),
        ({}, b"12345", b"not read"),
        ({"CONTENT_LENGTH": ""}, b"12345", b"not read"),
        ({"CONTENT_LENGTH": "0"}, b"12345", b"not read"),
        ({"CONTENT_LENGTH": "100000"}, b"1" * 100_000, b"not read"),
        ({"CONTENT_LENGTH": "9" * 5_000}, b"12345", b"not read"),
        ({"CONTENT_LENGTH": "-1"}, b"12345", b"not read"),
        ({"CONTENT_LENGTH": "٥"}, b"12345", b"not read"),
    ],
)
def test_what_is_read_of_a_body(environ, content, answer):
    """As much as it has, and never more than the largest request and one octet by which it is seen to be too large."""
    assert ask(bodies.bounded(echo, bodies.Waiting()), Input(content), **environ) == ("200 OK", answer)


def test_every_limit_of_a_route_can_be_seen_to_be_passed():
    """Whoever judges the length of a body finds one octet too many."""
    assert bodies.MAX_OCTETS > outlook.MAX_REQUEST_OCTETS + 1
    assert bodies.MAX_OCTETS > MAX_BODY + 1


@given(st.text(max_size=30), st.booleans())
def test_any_length_is_read(length, chunked):
    """Whatever a server before us let through."""
    environ = {"CONTENT_LENGTH": length} | ({"HTTP_TRANSFER_ENCODING": "x"} if chunked else {})
    body = Input(b"12345")
    ask(bodies.bounded(echo, bodies.Waiting()), body, **environ)
    assert all(0 < asked <= bodies.MAX_OCTETS for asked in body.asked)


def test_chunks_that_bring_nothing_are_refused():
    """granian gives nothing where they were broken."""
    assert ask(bodies.bounded(echo, bodies.Waiting()), Input(b""), HTTP_TRANSFER_ENCODING="chunked")[0] == "400 Bad Request"


def test_only_so_many_may_wait():
    """One more is refused at once, who brings no body is not, and a place that is given back is free."""
    door, has_come, found = bodies.bounded(echo, bodies.Waiting()), threading.Event(), []
    waiting = [
        threading.Thread(target=lambda: found.append(ask(door, Input(b"1", has_come), CONTENT_LENGTH="1"))) for _ in range(bodies.MOST)
    ]
    for thread in waiting:
        thread.start()
    try:
        while (last := ask(door, Input(b"1"), CONTENT_LENGTH="1"))[0] == "200 OK":
            pass
        assert last[0] == "503 Service Unavailable"
        assert ask(door, Input(b"")) == ("200 OK", b"not read")
    finally:
        has_come.set()
        for thread in waiting:
            thread.join()
    assert found == [("200 OK", b"1")] * bodies.MOST
    assert ask(door, Input(b"1"), CONTENT_LENGTH="1") == ("200 OK", b"1")


def test_a_rush_is_waited_out():
    """Whole bodies, many more at once than there are places, are all read; and nobody waits behind those that have waited long."""
    door, have_come, found = bodies.bounded(echo, bodies.Waiting()), [threading.Event() for _ in range(3 * bodies.MOST)], []
    rush = [threading.Thread(target=lambda come=come: found.append(ask(door, Input(b"1", come), CONTENT_LENGTH="1"))) for come in have_come]
    for thread in rush:
        thread.start()
    for come in have_come:
        come.set()
    for thread in rush:
        thread.join()
    assert found == [("200 OK", b"1")] * len(rush)


def test_nobody_waits_behind_those_who_have_waited_long():
    """A refusal is quick then, so that no thread is taken by it."""
    waiting, has_come = bodies.Waiting(), threading.Event()
    door = bodies.bounded(echo, waiting)
    slow = [threading.Thread(target=ask, args=(door, Input(b"1", has_come)), kwargs={"CONTENT_LENGTH": "1"}) for _ in range(bodies.MOST)]
    for thread in slow:
        thread.start()
    try:
        time.sleep(2 * bodies._MOMENT)
        began = time.monotonic()
        assert ask(door, Input(b"1"), CONTENT_LENGTH="1")[0] == "503 Service Unavailable"
        assert time.monotonic() - began < bodies._MOMENT
    finally:
        has_come.set()
        for thread in slow:
            thread.join()


def test_a_worker_has_threads_for_who_brings_no_body():
    """Also when as many bodies are awaited as may be."""
    assert child._THREADS > bodies.MOST

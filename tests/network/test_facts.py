"""Saved facts: what was answered is answered again, to the letter; a file that is none says why in one line."""

from __future__ import annotations

import asyncio
import json
import stat
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.address import Domain
from autoconfig.errors import DocumentError, UsageError
from autoconfig.network.facts import Answers, Facts, Recorded, load, read, save, write
from autoconfig.observations import TCP, Endpoint, HTTPFailure, Lookup, LookupStatus, Question, Request, Response, Service
from tests.network.strategies import facts

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LOOKUP = Lookup(Question("kund.se", "MX"), LookupStatus.FOUND, ("10 mx.kund.se",), ttl=300, ms=1.25)
RESPONSE = Response(Request("https://kund.se/"), status=200, body=b"\xff<a/>")
FACTS = Facts("kund.se", NOW, Answers((LOOKUP,), (), (RESPONSE,)), {"only": ("delegation",)})


@given(facts())
def test_what_is_saved_is_read_again(facts: Facts) -> None:
    """Every observation, its order apart."""
    again = read(write(facts))
    assert (again.target, again.now, again.options) == (facts.target, facts.now, facts.options)
    assert set(again.answers.lookups) == set(facts.answers.lookups)
    assert set(again.answers.connections) == set(facts.answers.connections)
    assert set(again.answers.responses) == set(facts.answers.responses)
    assert write(again) == write(facts)


@given(facts())
def test_the_recorded_world_gives_the_same_answers(facts: Facts) -> None:
    """For every question that was asked."""

    async def ask(world: Recorded) -> Answers:
        return Answers(
            tuple([await world.lookup(asked.question.name, asked.question.type, asked.question.server) for asked in facts.answers.lookups]),
            tuple([await world.probe(asked.endpoint) for asked in facts.answers.connections]),
            tuple([await world.fetch(asked.request) for asked in facts.answers.responses]),
        )

    spelled = replace(
        facts.answers, lookups=tuple(replace(found, question=Question.of(*_parts(found.question))) for found in facts.answers.lookups)
    )
    if len({found.question for found in spelled.lookups}) == len(spelled.lookups):
        assert asyncio.run(ask(Recorded(replace(facts, answers=spelled)))) == spelled


def _parts(question: Question) -> tuple[str, str, str | None]:
    return question.name, question.type, question.server


def test_a_question_that_was_not_asked_is_unknown() -> None:
    """Not a guess."""
    world = Recorded(FACTS)
    endpoint = Endpoint(Service.IMAPS, Domain.parse("mail.kund.se"), "192.0.2.20", 993)
    assert world.now == NOW
    assert asyncio.run(world.lookup("Kund.SE.", "mx")) == LOOKUP
    assert asyncio.run(world.lookup("kund.se", "MX", "192.0.2.53")).status is LookupStatus.UNKNOWN
    assert asyncio.run(world.probe(endpoint)).tcp is TCP.UNKNOWN
    assert asyncio.run(world.fetch(Request("https://kund.se/"))) == RESPONSE
    assert asyncio.run(world.fetch(Request("https://kund.se/", "POST"))).failure is HTTPFailure.UNKNOWN


def test_the_file_is_readable_and_says_what_it_is() -> None:
    """The schema first, names as they are, and nothing that goes without saying."""
    assert json.loads(write(FACTS)) == {
        "schema": "autoconfig.facts/1",
        "target": "kund.se",
        "now": "2026-11-23T08:00:00+00:00",
        "answers": {
            "lookups": [
                {"question": {"name": "kund.se", "type": "MX"}, "status": "found", "values": ["10 mx.kund.se"], "ttl": 300, "ms": 1.25}
            ],
            "responses": [{"request": {"url": "https://kund.se/"}, "status": 200, "body": "/zxhLz4="}],
        },
        "options": {"only": ["delegation"]},
    }


def test_the_file_is_written_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    """Mode 0600, also over a file that others may read; nothing else is left in the folder."""
    path = tmp_path / "facts.json"
    path.write_text("before")
    path.chmod(0o644)
    (tmp_path / "link").symlink_to(path)
    save(tmp_path / "link", FACTS)
    assert load(path) == FACTS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(found.name for found in tmp_path.iterdir()) == ["facts.json", "link"]


def test_where_it_cannot_be_written_it_says_so(tmp_path: Path) -> None:
    """A missing folder, a folder in its place."""
    with pytest.raises(UsageError, match="cannot be written: No such file"):
        save(tmp_path / "missing" / "facts.json", FACTS)
    with pytest.raises(UsageError, match="is not a file"):
        save(tmp_path, FACTS)
    assert list(tmp_path.iterdir()) == []


def _changed(**changes: object) -> bytes:
    return json.dumps(json.loads(write(FACTS)) | changes).encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "this is not JSON"),
        (b"\xff\xfe\xff", "this is not JSON"),
        (b"[" * 100_000, "this is not JSON"),
        (b'{"a": NaN}', "this is not JSON"),
        (b"[]", "the schema is not autoconfig.facts/1"),
        (_changed(schema="autoconfig.facts/2"), "the schema is not autoconfig.facts/1"),
        (_changed(more=1), "/: more is not known here"),
        (_changed(now="2026-11-23T08:00:00"), "now should be a time with its zone, but is 2026-11-23T08:00:00"),
        (_changed(target=7), "target should be a text, but is 7"),
        (_changed(options={"only": "x"}), "options.only should be a list, but is x"),
        (_changed(answers={"lookups": [{}]}), r"answers.lookups\[0\]: question is missing"),
        (_changed(answers={"lookups": [{"question": {"name": "a", "type": "A"}, "status": "odd"}]}), "status should be .*, but is odd"),
        (_changed(answers={"responses": [{"request": {"url": ""}, "body": "ö"}]}), "body should be base64, but is ö"),
        (_changed(answers={"responses": [{"request": {"url": ""}, "status": True}]}), "status should be a whole number, but is True"),
        (_changed(answers={"responses": [{"request": {"url": ""}, "headers": [["a"]]}]}), r"headers\[0\] should be a list of 2, but is 1"),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path: Path, content: bytes, words: str) -> None:
    """What is wrong, and where in the file."""
    path = tmp_path / "facts.json"
    path.write_bytes(content)
    with pytest.raises(DocumentError, match=f"facts.json does not hold saved answers: .*{words}"):
        load(path)


def test_a_value_of_any_depth_is_told() -> None:
    """Also where there is just stack enough to read it, and not to show it."""
    for depth in range(900, 1010):
        with pytest.raises(DocumentError):
            read(b'{"schema": "autoconfig.facts/1", "target": "x", "now": "x", "answers": ' + b"[" * depth + b"]" * depth + b"}")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Wrong usage."""
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        load(tmp_path / "facts.json")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_any_change_of_a_file_is_facts_or_an_error(data: st.DataObject) -> None:
    """Whatever stands in the place of one value."""
    content = json.loads(write(FACTS))
    place = content
    while isinstance(place, dict | list) and place:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = data.draw(_JSON)
            break
        place = place[key]
    with suppress(DocumentError):
        assert isinstance(read(json.dumps(content).encode()), Facts)


@given(st.binary())
def test_any_bytes_are_facts_or_an_error(content: bytes) -> None:
    """Never a traceback."""
    with pytest.raises(DocumentError):
        read(content)

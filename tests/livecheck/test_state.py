"""What lies between a run and the workers: every state survives its file, and nothing else is one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.findings import Group, Owner
from autoconfig.livecheck import state
from autoconfig.livecheck.state import Answer, Health, Instead, Item, Outcome, Said, Side, State, Way, read, write
from autoconfig.model import Protocol, TLSMode

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
PORTS = st.integers(0, 65535)
SECONDS = st.floats(0, 1e11)
SIDES = st.builds(Side, TEXTS, PORTS, st.sampled_from(Health), st.none() | st.builds(Instead, PORTS, st.sampled_from(TLSMode)))
WAYS = st.builds(Way, st.sampled_from(Protocol), SIDES, SIDES)
SAID = st.dictionaries(st.sampled_from(["en", "sv", "de"]), st.builds(Said, TEXTS, TEXTS), min_size=1)
ITEMS = st.builds(Item, TEXTS, st.sampled_from(Owner), TEXTS, SAID, st.lists(TEXTS, max_size=4).map(tuple), st.booleans(), st.booleans())
ANSWERS = st.builds(
    Answer, st.sampled_from(Outcome), st.lists(WAYS, max_size=2).map(tuple), st.lists(ITEMS, max_size=10).map(tuple), st.integers(0, 99)
)
STATES = st.builds(
    State, TEXTS, TEXTS, SECONDS, st.dictionaries(st.sampled_from(Group), st.booleans()), st.none() | SECONDS, st.none() | ANSWERS
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(STATES)
def test_every_state_survives_its_file(made: State) -> None:
    """Whatever it says."""
    assert read(write(made)) == made


@given(st.binary() | JSON.map(lambda data: json.dumps(data).encode()))
def test_any_other_content_is_no_state(content: bytes) -> None:
    """Nor is it an error."""
    assert read(content) is None


@given(STATES, st.data())
def test_a_state_with_one_wrong_value_is_none_or_another_state(made: State, data: st.DataObject) -> None:
    """Wherever it is; what is read can be written again."""
    tree = json.loads(write(made))
    places = list(_places(tree))
    where, key = data.draw(st.sampled_from(places))
    where[key] = data.draw(JSON)
    found = read(json.dumps(tree).encode())
    assert found is None or read(write(found)) == found


def _places(tree):
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in list(items):
        yield tree, key
        if isinstance(value, dict | list):
            yield from _places(value)


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b" " * (state.MAX_OCTETS + 1), b'{"run": 1' + b"0" * 9000 + b"}", b'{"run": "\\ud800"}']
)
def test_what_is_too_much_is_no_state(content: bytes) -> None:
    """Too deep, too large, a number without end, half a character."""
    assert read(content) is None


@pytest.mark.parametrize(
    ("incoming", "outgoing", "both"),
    [("works", "works", "works"), ("works", "broken", "broken"), ("unknown", "broken", "broken"), ("works", "unknown", "unknown")],
)
def test_a_way_is_as_good_as_the_worse_of_its_servers(incoming: str, outgoing: str, both: str) -> None:
    """Who cannot send is not helped by what can be fetched."""
    assert Way(Protocol.IMAP, Side("a", 1, Health(incoming)), Side("a", 2, Health(outgoing))).health == both

"""The description of what is answered over HTTP: complete, exact, and true of whatever is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import werkzeug.test
import yaml
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from autoconfig.config import Config
from autoconfig.livecheck.desk import Desk
from autoconfig.web import create_app
from tests.web.runs import Script

FILE = Path(__file__).parents[2] / "docs" / "openapi.yaml"
DESCRIBED: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
METHODS = ("get", "post", "put", "delete", "options", "head", "patch", "trace")
BUSY = (503, "/guide/{name}/test")  # the one service that is refused in good health, where more runs are under way than may be
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

SCHEMA = schemathesis.openapi.from_dict(yaml.safe_load(FILE.read_text(encoding="utf-8")), config=SchemathesisConfig())
OPERATIONS: list[APIOperation] = [found.ok() for found in SCHEMA.get_all_operations()]


@pytest.fixture(scope="module")
def app(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The service, whose live checks ask nobody and never end."""
    script = Script()
    desk = Desk(tmp_path_factory.mktemp("livecheck"), config.snapshot_path, config.own_name, ("sv", "en"), script)
    yield create_app(config, desk=desk)
    script.close()


def _routes(app: Flask) -> set[tuple[str, str]]:
    """Return methods and paths as the description writes them; HEAD goes with GET."""
    return {
        (method, re.sub(r"<(?:path:)?([a-z]+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or ()) - {"HEAD"}
    }


def _described() -> set[tuple[str, str]]:
    return {
        (method.upper(), path)
        for path, item in DESCRIBED["paths"].items()
        for method in (*(found for found in item if found in METHODS), *item.get("x-methods", ()))
    }


def test_every_route_is_described_and_nothing_else(app: Flask) -> None:
    """What answers GET answers HEAD as well, which the description says once for all."""
    assert _routes(app) == _described()
    assert all("HEAD" in (rule.methods or ()) for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()))


def test_the_description_is_one() -> None:
    """By the schema of OpenAPI 3.1 itself."""
    assert DESCRIBED["openapi"].startswith("3.1")
    SCHEMA.validate()


# --- whatever is asked -------------------------------------------------------------------------------------------------------------

_ADDRESSES = st.sampled_from(
    ["anna@kund.se", "anna+x@byrå.se", "anna@borta.se", "anna@other.se", "anna@räv.example", "anna", "a@b@c.se", ""]
)
_DOMAINS = st.sampled_from(["kund.se", "xn--byr-wla.se", "byrå.se", "x.sub.se", "borta.se", "other.se", "a..b", "räv.example"])
_HOSTS = st.sampled_from(
    [
        "autoconfig.kund.se",
        "autodiscover.byrå.se",
        "autoconfig.karlahosting.se",
        "kund.se:80",
        "127.0.0.1",
        "[::1]:80",
        "other.se",
        "a b",
        "",
    ]
)
_GOOD: dict[str, dict[str, st.SearchStrategy[str]]] = {
    "query": {
        "emailaddress": _ADDRESSES,
        "Email": _ADDRESSES,
        "Protocol": st.sampled_from(["AutodiscoverV1", "autodiscoverv1", "ActiveSync"]),
        "protocol": st.sampled_from(["imap", "pop3", "IMAP", "smtp"]),
        "domain": _DOMAINS,
        "lang": st.sampled_from(["sv", "en", "xx"]),
    },
    "path_parameters": {
        "address": _ADDRESSES.filter(bool),
        "name": _DOMAINS,
        "program": st.sampled_from(["thunderbird", "iphone", "nothing"]),
        "filename": st.sampled_from(["style.css", "copy.js", "icon.svg", "thunderbird-found-en.webp", "nothing"]),
        "provider": st.sampled_from(["karlahosting", "english", "nothing"]),
    },
    "headers": {
        "Host": _HOSTS,
        "Accept": st.sampled_from(["text/html", "*/*", "application/json", ";"]),
        "Accept-Language": st.sampled_from(["sv", "en;q=0.5, sv;q=0.1", "xx"]),
        "If-None-Match": st.sampled_from(["*", '"x"', "W/"]),
        "Range": st.sampled_from(["bytes=0-3", "bytes=999999999-", "bytes=3-1", "x"]),
        "User-Agent": st.sampled_from(["Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)", "Outlook", ""]),
    },
}
_POX = (
    '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>'
    "<EMailAddress>{}</EMailAddress><AcceptableResponseSchema>"
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>"
)


@st.composite
def _cases(draw: st.DrawFn, operation: APIOperation) -> Case:
    """Draw what the description allows, or what it does not, mostly with something in it that leads further than to a 404."""
    mode = draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
    case: Case = draw(operation.as_strategy(generation_mode=mode))
    for place, known in _GOOD.items():
        values = dict(getattr(case, place) or {})
        for name, good in known.items():
            told = name in values or place == "headers"
            if told and draw(st.booleans()):
                values[name] = draw(good)
        setattr(case, place, values)
    if case.media_type == "text/xml" and draw(st.booleans()):
        case.body = _POX.format(draw(_ADDRESSES)) + draw(st.sampled_from(["", " " * 9000]))
    elif case.media_type is not None and draw(st.booleans()):
        case.body = {"address": draw(_ADDRESSES) + draw(st.sampled_from(["", "x" * 9000]))}
    return case


class Client(werkzeug.test.Client):
    """Reads an answer to its end, and closes the file that it may come from."""

    def open(self, *args: Any, **named: Any) -> werkzeug.test.TestResponse:
        return super().open(*args, **named, buffered=True)


def _holds(app: Flask, operation: APIOperation, examples: int) -> None:
    operation.schema.app = app

    @settings(max_examples=examples)
    @given(_cases(operation))
    def ask(case: Case) -> None:
        answer = case.call(app=app, session=Client(app))
        assert answer.status_code < 500 or (answer.status_code, operation.path) == BUSY
        case.validate_response(answer, checks=CHECKS)

    ask()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_an_answer_is_as_described(app: Flask, operation: APIOperation) -> None:
    """Its status, its type, its headers and what is in it; never an error of ours."""
    _holds(app, operation, 10)


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_an_answer_is_as_described_whatever_is_asked(app: Flask, operation: APIOperation) -> None:
    """The same, longer."""
    _holds(app, operation, 25)

"""The live help in a real browser: with and without script, by keyboard, for who listens, in the dark, on a narrow screen, on paper."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from autoconfig.address import Domain
from autoconfig.config import Config
from autoconfig.findings import Group
from autoconfig.livecheck.desk import SLOTS, Desk
from autoconfig.livecheck.state import Answer, Outcome
from autoconfig.web import create_app, livehelp
from tests.browser import RULES, chromium
from tests.web.runs import BROKEN, CARE, PARTLY, UNKNOWN, WELL, Script

pytestmark = pytest.mark.slow

GUIDE = "/guide/kund.se/thunderbird?lang=en"
TEST = "/guide/kund.se/test?lang=en"
RUNNING = {Group.DELEGATION: True, Group.DISCOVERY: False, Group.ENDPOINTS: False}
LOOKING, FETCHING = list(livehelp.STEPS.values())[:2]
KUND = Domain.parse("kund.se")

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture
def script() -> Iterator[Script]:
    """What starts the runs."""
    made = Script()
    yield made
    made.close()


@pytest.fixture
def desk(config: Config, tmp_path: Path, script: Script) -> Desk:
    """Where they are begun."""
    return Desk(tmp_path / "livecheck", config.snapshot_path, None, ("sv", "en"), script)


@pytest.fixture
def visit(browser: Browser, config: Config, desk: Desk) -> Iterator[Visit]:
    """Open a page of the service as somebody with such a browser."""
    server = make_server("127.0.0.1", 0, create_app(config, desk=desk), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    contexts = []

    def visit(path: str, width: int = 1280, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}{path}", wait_until="load")
        return page

    yield visit
    for context in contexts:
        context.close()
    server.shutdown()
    thread.join()
    server.server_close()


def until_begun(page: Page, script: Script, runs: int = 1) -> None:
    """Wait until a run was begun, while the browser goes on."""
    for _ in range(250):
        if len(script.runs) == runs:
            return
        page.wait_for_timeout(20)
    raise AssertionError("nothing was begun")


def test_with_a_script_the_answer_comes_where_one_is(visit: Visit, script: Script) -> None:
    """By the keyboard alone; who listens is told, and nobody's place is lost."""
    page = visit(GUIDE)
    told: list[str] = []
    asked: set[str] = set()
    page.on("console", lambda message: told.append(message.text))
    page.on("request", lambda request: asked.add(f"{request.method} {request.headers.get('accept')}"))
    url, button = page.url, page.get_by_role("button", name="Test my settings")
    button.focus()
    page.keyboard.press("Enter")
    until_begun(page, script)
    page.keyboard.press("Enter")  # again, in vain
    script.runs[0].show(RUNNING)
    expect(page.locator("#test-said")).to_have_text(f"{FETCHING} …")
    expect(page.locator(".tasks .done")).to_have_count(1)
    assert page.evaluate("document.activeElement.getAttribute('aria-disabled')") == "true"
    script.runs[0].answer(PARTLY)
    expect(page.locator("#test-said")).to_have_text("Not everything works right now")
    expect(page.locator("#test .verdict")).to_be_visible()
    expect(page.locator("#test button")).to_have_text("Test once more")
    assert page.evaluate("document.activeElement === document.querySelector('#test button')")
    assert page.url == url
    assert len(script.runs) == 1
    assert told == []
    assert {"POST text/html", "GET text/html"} <= asked  # so that a refusal is a page, too


def test_without_a_script_the_page_comes_again_until_the_answer_is_there(visit: Visit, script: Script) -> None:
    """And leads back to the guide."""
    page = visit(GUIDE, java_script_enabled=False)
    page.get_by_role("button", name="Test my settings").click()
    page.wait_for_url(f"**{TEST}")
    script.runs[0].show(RUNNING)
    expect(page.locator(".tasks .done")).to_have_count(1, timeout=8000)
    assert not page.locator("#test button").is_visible()
    script.runs[0].answer(WELL)
    expect(page.locator("#test h3")).to_have_text("Your settings work", timeout=8000)
    assert page.locator("#test button").is_visible()
    page.get_by_role("link", name="To the guide for kund.se").click()
    page.wait_for_url("**/guide/kund.se?lang=en")


def test_the_page_of_the_test_asks_by_itself_as_well(visit: Visit, desk: Desk, script: Script) -> None:
    """Who comes while a run goes on sees its end, without a new page, and can begin the next."""
    desk.begin(KUND)
    page = visit(TEST)
    loads: list[str] = []
    page.on("load", lambda _: loads.append("again"))
    expect(page.locator(".tasks")).to_be_visible()
    script.runs[0].answer(Answer(Outcome.FAILED))
    expect(page.locator("#test h3")).to_have_text("The test itself failed")
    page.get_by_role("button", name="Test once more").click()
    until_begun(page, script, 2)
    assert loads == []


def test_when_it_is_busy_that_is_said_in_place(visit: Visit, desk: Desk, script: Script) -> None:
    """And the button works again at once."""
    for number in range(SLOTS):
        desk.begin(Domain.parse(f"kund{number}.se"))
    page = visit(GUIDE)
    page.get_by_role("button", name="Test my settings").click()
    expect(page.locator("#test-shown")).to_have_text(livehelp.BUSY)
    expect(page.locator("#test-said")).to_have_text(livehelp.BUSY)
    script.runs[0].answer(WELL)
    page.wait_for_timeout(100)
    page.get_by_role("button", name="Test once more").click()
    until_begun(page, script, SLOTS + 1)


def test_other_refusals_and_a_lost_network_are_told_in_place(visit: Visit, desk: Desk, script: Script) -> None:
    """In the words of the page that came, or in our own; one lost answer is none."""
    page = visit(GUIDE)
    page.route("**/test?*", lambda route: route.fulfill(status=429, body="<main><p class='lead'>Too <b>much</b>.</p></main>"))
    page.get_by_role("button", name="Test my settings").click()
    expect(page.locator("#test-shown")).to_have_text("Too much.")
    page.unroute("**/test?*")
    page.route("**/test?*", lambda route: route.abort())
    page.get_by_role("button", name="Test once more").click()
    expect(page.locator("#test-shown")).to_have_text("The test cannot be reached right now. Please try again in a little while.")
    page.unroute("**/test?*")
    desk.begin(KUND)
    page.get_by_role("button", name="Test once more").click()
    expect(page.locator(".tasks")).to_be_visible()
    page.route("**/test?*", lambda route: route.abort(), times=2)
    page.wait_for_timeout(1600)
    script.runs[0].answer(WELL)
    expect(page.locator("#test h3")).to_have_text("Your settings work")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_nobody_is_shut_out(visit: Visit, desk: Desk, script: Script, tmp_path: Path, scheme: str, width: int) -> None:
    """axe-core finds nothing in any state, with all unfolded, and nothing is wider than the screen."""
    long = replace(PARTLY.items[0], records=("x" * 900,))
    states = [None, WELL, PARTLY, replace(PARTLY, items=(long,)), BROKEN, CARE, UNKNOWN, Answer(Outcome.FAILED)]
    for number, answer in enumerate(states):
        for file in (tmp_path / "livecheck").glob("*.json"):
            file.unlink()
        desk.begin(KUND)
        script.runs[-1].show(RUNNING)
        if answer is not None:
            script.runs[-1].answer(answer)
        page = visit(TEST, width, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
        page.evaluate("document.querySelectorAll('details').forEach((details) => details.open = true)")
        found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
        assert found == [], number
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.context.close()
        if answer is None:
            script.runs[-1].die()


def test_it_is_not_for_paper(visit: Visit) -> None:
    """A guide is printed without it."""
    page = visit(GUIDE)
    page.emulate_media(media="print")
    assert not page.locator("#test").is_visible()

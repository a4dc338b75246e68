"""The guide in a real browser: what it shows and fetches there, by keyboard, in the dark, on a narrow screen, on paper, without script."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from autoconfig.config import Config
from autoconfig.web import create_app
from tests.browser import RULES, chromium
from tests.web.page import IPHONE, WINDOWS

pytestmark = pytest.mark.slow

ADDRESS = "anna.andersson@kund.se"

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def site(config: Config) -> Iterator[str]:
    """The service on a port of this machine."""
    server = make_server("127.0.0.1", 0, create_app(replace(config)), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Visit]:
    """Open a page as somebody with such a browser, and enter an address where one is given."""
    contexts = []

    def visit(path: str, address: str | None = None, width: int = 1280, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.goto(site + path, wait_until="load")
        if address is not None:
            page.fill("#address", address)
            with page.expect_navigation():
                page.keyboard.press("Enter")
        return page

    yield visit
    for context in contexts:
        context.close()


@pytest.mark.parametrize("path", ["/", "/guide/kund.se/nothing", "/guide/other.se"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out_of_the_other_pages(visit: Visit, path: str, scheme: str) -> None:
    """axe-core finds nothing."""
    page = visit(f"{path}?lang=sv", color_scheme=scheme, bypass_csp=True)
    assert Axe().run(page, options={"runOnly": RULES}).response["violations"] == []


@pytest.mark.parametrize("program", ["iphone", "thunderbird", "outlook", "webmail"])
@pytest.mark.parametrize(
    ("scheme", "width", "address"), [("light", 1280, ADDRESS), ("dark", 1280, None), ("light", 320, None), ("dark", 320, ADDRESS)]
)
def test_nobody_is_shut_out_of_a_guide(visit: Visit, program: str, scheme: str, width: int, address: str | None) -> None:
    """axe-core finds nothing with all that can be unfolded unfolded, and nothing is wider than the screen."""
    address = None if program == "webmail" else address  # which has no field for it
    page = visit(f"/guide/kund.se/{program}?lang=sv", address, width, color_scheme=scheme, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach((details) => details.open = true)")
    assert Axe().run(page, options={"runOnly": RULES}).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_colour_of_a_provider_is_shown_and_can_be_read(visit: Visit) -> None:
    """The policy lets the one style through; bright yellow is darkened on white."""
    page = visit("/guide/english.example/other?lang=en")
    assert page.evaluate("getComputedStyle(document.querySelector('summary')).color") == "rgb(132, 110, 0)"


def test_a_page_is_three_requests_and_breaks_no_rule(visit: Visit, site: str) -> None:
    """Itself, its sheet, its script; what the browser draws beside the title is a picture."""
    page = visit("/")
    asked: list[str] = []
    told: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(site)))
    page.on("console", lambda message: told.append(message.text))
    page.goto(f"{site}/guide/kund.se/outlook?lang=en", wait_until="networkidle")
    files = {url.partition("?")[0] for url in asked if "icon" not in url}
    assert files == {"/guide/kund.se/outlook", "/static/style.css", "/static/guide.js"}
    assert told == []


def test_the_first_screen_of_a_phone_has_the_one_thing_to_tap(visit: Visit) -> None:
    """The profile's button stands in view."""
    page = visit("/guide/kund.se?lang=sv", ADDRESS, 390, user_agent=IPHONE)
    button = page.locator("a.button").first
    box = button.bounding_box()
    assert page.locator("main h2").first.inner_text() == "iPhone och iPad"
    assert button.get_attribute("href") == "/email.mobileconfig?emailaddress=anna.andersson%40kund.se"
    assert box is not None
    assert box["y"] + box["height"] < 800


def test_a_value_is_copied_with_the_keyboard(visit: Visit) -> None:
    """By its button, which names the field, and those who listen are told."""
    page = visit("/guide/kund.se/other?lang=en", ADDRESS, permissions=["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name="Copy Incoming server", exact=True).first
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('[role=status]').textContent")
    assert page.evaluate("navigator.clipboard.readText()") == "server.karlahosting.se"
    assert page.inner_text("[role=status]") == "Copied: server.karlahosting.se"


def test_without_script_everything_but_the_buttons_is_there(visit: Visit) -> None:
    """Also choosing another device and another language with the address."""
    page = visit("/guide/kund.se/outlook?lang=en", ADDRESS, java_script_enabled=False, user_agent=WINDOWS)
    assert page.locator(".copy").count() == 0
    page.locator("summary").first.click()
    page.get_by_role("button", name="KMail").first.click()
    assert page.locator("main h2").first.inner_text() == "KMail"
    page.get_by_role("button", name="Svenska").click()
    assert page.locator("h1").inner_text() == f"E-postinställningar för {ADDRESS}"
    assert page.url.endswith("/guide/kund.se/kmail?lang=sv")


@pytest.mark.parametrize("program", ["iphone", "gmail", "other"])
def test_on_paper_it_is_the_form_and_then_the_help(visit: Visit, program: str) -> None:
    """One A4 page with the card; the trouble and who to ask on the next."""
    page = visit(f"/guide/kund.se/{program}?lang=sv", ADDRESS)
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 2
    page.emulate_media(media="print")
    assert page.locator(".card").first.is_visible()
    assert not any(page.locator(name).first.is_visible() for name in ("nav", ".other", ".choice", ".copy", ".phone"))

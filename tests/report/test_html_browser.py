"""The report in a real browser: nothing fetched, nobody shut out, on a phone, in the dark and on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser import RULES, chromium
from tests.report.reports import HOSTILE, hostile, tell, well, whole

pytestmark = pytest.mark.slow

PAGES = {
    "one": lambda: tell("html", whole()),
    "several": lambda: tell("html", whole(), well(), hostile(), hostile("x" * 10_000), language="sv", everything=True),
}

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Visit]:
    """Open a page from a file; what it asks for and complains of is kept in `page.heard`."""
    contexts = []

    def visit(text: str, width: int = 1280, **options: object) -> tuple[Page, list[str]]:
        file = tmp_path / "report.html"
        file.write_text(text, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        heard: list[str] = []
        page.on("request", lambda request: heard.append(request.url) if request.url != file.as_uri() else None)
        page.on("console", lambda message: heard.append(message.text))
        page.on("dialog", lambda dialog: heard.append(dialog.message))
        page.goto(file.as_uri(), wait_until="networkidle")
        return page, heard

    yield visit
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_nobody_is_shut_out(visit: Visit, name: str, scheme: str, width: int) -> None:
    """axe-core finds nothing with everything unfolded, and nothing is wider than the screen."""
    page, _ = visit(PAGES[name](), width, color_scheme=scheme, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach((details) => details.open = true)")
    assert Axe().run(page, options={"runOnly": RULES}).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("text", [HOSTILE, "<script>alert(1)</script>", "<img src=https://kund.test/x.png onerror=alert(1)>"])
def test_nothing_is_fetched_and_nothing_runs(visit: Visit, text: str) -> None:
    """Whatever a server says; the page breaks no rule of its own."""
    page, heard = visit(tell("html", whole(), hostile(text)))
    assert heard == []
    assert page.locator("script, img, iframe").count() == 0


def test_the_dark_is_dark(visit: Visit) -> None:
    """Where the reader wants it so."""
    colours = [
        visit(PAGES["one"](), color_scheme=scheme)[0].evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    ]
    assert colours == ["rgb(255, 255, 255)", "rgb(18, 25, 28)"]


def test_on_paper_each_report_begins_a_page(visit: Visit) -> None:
    """Black on white, without what is folded."""
    page, _ = visit(tell("html", well(), whole()), color_scheme="dark")
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") >= 2
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("details").first.is_visible()
    assert page.locator(".todo pre").first.is_visible()


def test_a_record_is_copied_whole(visit: Visit) -> None:
    """However narrow the screen: it is wrapped by the window alone."""
    page, _ = visit(PAGES["one"](), 320)
    page.locator(".todo pre").first.click()
    assert page.evaluate("getSelection().toString()").startswith(
        "/usr/local/cpanel/bin/whmapi1 start_autossl_check_for_one_user username=kund"
    )
    assert "\n" not in page.evaluate("getSelection().toString()").strip()

"""The button "Test my settings": who may press it, what is shown while a run goes on, and the answer in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from autoconfig.config import Config
from autoconfig.errors import N_, UsageError
from autoconfig.findings import Group
from autoconfig.guides.clients import _ALSO, ClientName
from autoconfig.livecheck.desk import KEPT, SLOTS, Desk
from autoconfig.livecheck.state import Answer, Outcome
from autoconfig.web import create_app, errors, livehelp
from autoconfig.web.branding import Branding
from autoconfig.web.languages import Languages
from autoconfig.web.pages import Pages
from tests.livecheck.test_desk import aged, until
from tests.web.page import OWN, Page, get
from tests.web.runs import BROKEN, CARE, PARTLY, RECORD, UNKNOWN, WELL, Script

TEST = "/guide/kund.se/test?lang=en"


@pytest.fixture
def script() -> Iterator[Script]:
    """What starts the runs."""
    made = Script()
    yield made
    made.close()


@pytest.fixture
def heard() -> list[str]:
    """How runs ended."""
    return []


@pytest.fixture
def desk(config: Config, tmp_path: Path, script: Script, heard: list[str]) -> Desk:
    """Where they are begun."""
    return Desk(tmp_path / "livecheck", config.snapshot_path, config.own_name, ("sv", "en"), script, heard.append)


@pytest.fixture
def visitor(config: Config, desk: Desk) -> FlaskClient:
    """Somebody with a browser."""
    return create_app(config, desk=desk).test_client()


def press(client, path=TEST, **headers):
    """Press the button, as a browser does."""
    return client.post(path, headers={"Host": OWN, "Accept": "text/html", **headers})


def shown(client, path=TEST) -> Page:
    """The page of the test."""
    answer = get(client, path)
    assert answer.status_code == 200
    return Page(answer.text)


def answered(client, script, answer) -> Page:
    """The page after a run that ended with *answer*."""
    assert press(client).status_code == 303
    script.runs[-1].answer(answer)
    return shown(client)


@pytest.mark.parametrize("program", ["", *(f"/{name}" for name in ClientName)])
@pytest.mark.parametrize("domain", ["kund.se", "xn--byr-wla.se", "english.example"])
def test_every_guide_has_the_button(visitor, domain, program):
    """It leads to the test of that domain, in the page's language, and sends no address."""
    page = Page(get(visitor, f"/guide/{domain}{program}?lang=en").text)
    form = next(form for form in page.forms if form["action"].startswith(f"/guide/{domain}/test"))
    assert form == {"method": "post", "action": f"/guide/{domain}/test?lang=en"}
    assert page.root.xpath("//section[@id='test']//input") == []
    assert [button.text for button in page.root.xpath("//section[@id='test']//button")] == ["Test my settings"]


def test_a_guide_with_an_address_has_it_too_and_tells_nobody(visitor, script):
    """What is begun there knows the domain alone."""
    page = Page(visitor.post("/guide/kund.se?lang=en", data={"address": "anna@kund.se"}, headers={"Host": OWN}).text)
    assert f"/guide/kund.se/test?lang={page.language}" in [form["action"] for form in page.forms]
    visitor.post(TEST, data={"address": "anna@kund.se"}, headers={"Host": OWN})
    assert "anna" not in script.runs[0].order.to_json()


def test_no_program_is_called_test():
    """The address of the test is not that of a program's guide."""
    assert "test" not in {*ClientName, *_ALSO}


def test_before_anybody_has_asked_there_is_the_button_alone(visitor):
    """And nothing was begun by looking."""
    page = shown(visitor)
    assert page.root.get_element_by_id("test-shown").text_content().strip() == ""
    assert "http-equiv" not in get(visitor, TEST).text


def test_pressing_begins_a_run_and_leads_to_its_page(visitor, script):
    """In the reader's language, with an answer that nobody keeps."""
    answer = press(visitor)
    assert (answer.status_code, answer.headers["Location"]) == (303, TEST)
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(script.runs) == 1
    assert press(visitor, "/guide/kund.se/test", **{"Accept-Language": "sv"}).headers["Location"] == "/guide/kund.se/test?lang=sv"
    assert len(script.runs) == 1
    assert get(visitor, TEST).headers["Cache-Control"] == "no-store"


def test_while_it_runs_its_steps_are_told_and_the_page_comes_again(visitor, script):
    """In words; without a script by itself."""
    press(visitor)
    assert shown(visitor).root.get_element_by_id("test-shown").get("data-said") == "The test begins …"
    script.runs[0].show({Group.DELEGATION: True, Group.DISCOVERY: False})
    page = shown(visitor)
    steps = [(" ".join(step.text_content().split()), step.get("class")) for step in page.root.xpath("//ol[@class='tasks']/li")]
    assert steps[:3] == [
        ("We look up your domain's names and addresses – done", "done"),
        ("We fetch the settings that mail programs find by themselves", "doing"),
        ("We talk to the mail servers", None),
    ]
    assert page.title.startswith("We fetch the settings that mail programs find by themselves … – ")
    assert page.root.xpath("//head/noscript/meta/@http-equiv") == ["refresh"]
    assert "hidden" in page.root.xpath("//section[@id='test']//form")[0].attrib
    assert page.runs_nothing_foreign


def test_where_all_is_well_the_settings_work(visitor, script, heard):
    """What works, and what cannot be tested; it does not come again."""
    page = answered(visitor, script, WELL)
    until(lambda: heard == ["well"])
    assert page.root.get_element_by_id("test-shown").get("data-said") == "Your settings work"
    assert page.text.count("mail: works") == 4
    assert "check the user name and the password" in page.text
    assert "What you can do now" not in page.text
    assert "support" not in page.text
    assert page.root.xpath("//meta[@http-equiv]") == []


def test_what_is_wrong_is_told_with_whose_it_is_and_what_to_do(visitor, script, heard):
    """The other way that works, webmail, what to copy; nothing that is for staff but in what support gets."""
    page = answered(visitor, script, PARTLY)
    until(lambda: heard == ["partly"])
    assert [" ".join(heading.text_content().split()) for heading in page.root.xpath("//section[@id='test']//h4")] == [
        "IMAP",
        "POP3",
        "What you can do now",
        "In the hands of whoever owns the domain",
        "For KarlaHosting to put right",
        "What could not be tested this time",
        "What support wants to know",
    ]
    assert "Choose IMAP instead of POP" in page.text
    assert "https://webmail.kund.se/" in page.links
    assert "do not accept it" in page.text
    assert "Replace the SPF record of kund.se" in page.text
    assert [RECORD, RECORD.replace("-all", "~all")] == [code.text for code in page.root.xpath("//pre/code")][:2]
    assert "Choose one." not in page.text
    assert "2 things to see to" in page.text
    folded = page.root.xpath("//section[@id='test']//details")[0].text_content()
    assert page.text.count("CERT_SERVER_NAME") == folded.count("CERT_SERVER_NAME") == 1


def test_support_gets_the_codes_and_no_address(visitor, script):
    """As a mail that the reader sends, or as text to copy."""
    page = answered(visitor, script, PARTLY)
    link = next(urlsplit(link) for link in page.links if link.startswith("mailto:"))
    said = parse_qs(link.query)
    assert unquote(link.path) == "hjalp@karlahosting.se"
    assert said["subject"] == ["Test of the mail settings for kund.se"]
    assert "CERT_SERVER_NAME · mail.kund.se · pop3s 995, submissions 465 · 192.0.2.20" in said["body"][0].splitlines()
    assert len(said["body"][0]) <= livehelp.MAX_LETTER
    assert "@" not in said["body"][0]


def test_another_port_that_works_is_named(visitor, script):
    """With the kind of security that belongs to it."""
    page = answered(visitor, script, BROKEN)
    assert "Outgoing mail (IMAP): choose port 587 with STARTTLS instead. It works." in page.text
    assert "Choose IMAP instead of POP" not in page.text


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (CARE, "Your settings work, but something should be put right"),
        (UNKNOWN, "We could not tell"),
        (Answer(Outcome.FAILED), "The test itself failed"),
    ],
)
def test_other_ends_are_told_honestly(visitor, script, answer, said):
    """What we do not know is not called well."""
    page = answered(visitor, script, answer)
    assert page.root.get_element_by_id("test-shown").get("data-said") == said
    assert page.root.xpath("//section[@id='test']//h3")[0].text == said


@pytest.mark.parametrize("outcome", Outcome)
def test_every_end_has_its_words(outcome):
    """A headline, a sentence and a sign."""
    assert livehelp.HEADLINES[outcome]
    assert livehelp.LEADS[outcome]
    assert livehelp.SIGNS[outcome]


def test_every_step_of_a_run_has_its_words():
    """Of those that tell when they begin."""
    assert set(livehelp.STEPS) == set(Group) - {Group.CLIENTS, Group.SUBMISSION}


def test_a_run_that_crashed_is_our_fault_and_can_be_begun_again(visitor, script, heard):
    """It says so, and says nothing of the domain."""
    press(visitor)
    script.runs[0].die()
    until(lambda: heard == ["failed"])
    assert "That is our fault, and says nothing about your mail." in shown(visitor).text
    press(visitor)
    assert len(script.runs) == 2


def test_an_answer_is_everybodys_for_a_while_and_then_nobodys(visitor, script, tmp_path):
    """Many visitors cost one run."""
    answered(visitor, script, WELL)
    assert press(visitor).status_code == 303
    assert len(script.runs) == 1
    aged(tmp_path, KEPT + 1)
    assert shown(visitor).root.get_element_by_id("test-shown").text_content().strip() == ""


def test_when_too_many_run_the_page_says_so_kindly(visitor, script, heard):
    """503, and when to come again; the button is there for it."""
    for name in ("byrå.se", "pop.se", "alias.se")[:SLOTS]:
        assert press(visitor, f"/guide/{name}/test?lang=en").status_code == 303
    answer = press(visitor)
    page = Page(answer.text)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == livehelp.RETRY_AFTER
    assert page.root.get_element_by_id("test-shown").text_content().strip() == livehelp.BUSY
    assert page.root.xpath("//section[@id='test']//button")
    assert heard == ["busy"]


def test_where_no_run_can_be_begun_the_page_says_so(config, tmp_path, script):
    """503 as well, without a word about folders."""
    desk = Desk(tmp_path / "missing" / "livecheck", config.snapshot_path, None, ("en",), script)
    answer = press(create_app(config, desk=desk).test_client())
    assert answer.status_code == 503
    assert "The test cannot be run right now." in Page(answer.text).text
    assert "missing" not in answer.text


def test_a_request_that_costs_is_counted_before_anything_is_begun(config, desk, script):
    """Looking costs nothing, and pressing does, each time; too many are refused."""
    spent: list[str] = []

    def spend() -> None:
        spent.append("once")
        if len(spent) > 2:
            raise UsageError(N_("too many"))

    app = Flask(__name__)
    known = create_app(config).extensions["autoconfig"]
    pages = Pages(Languages.of(config), static=lambda name: f"/static/{name}", branding=Branding(config.instance))
    errors.register(app, pages)
    app.register_blueprint(livehelp.blueprint(known, pages, desk, spend))
    client = app.test_client()
    assert [press(client, f"/guide/{name}/test").status_code for name in ("kund.se", "kund.se", "pop.se")] == [303, 303, 400]
    assert len(script.runs) == 1
    shown(client)
    assert press(client, "/guide/other.se/test").status_code == 404
    assert press(client, Origin="https://other.se").status_code == 403
    assert len(spent) == 3


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", ["other.se", "borta.se", "192.0.2.1", "localhost", "x y", "..", "a" * 300])
def test_what_is_not_ours_is_not_tested(visitor, script, name, method):
    """Other domains, suspended ones, and what is none: 404, and nothing is begun."""
    answer = getattr(visitor, method)(f"/guide/{name}/test", headers={"Host": OWN, "Accept": "text/html"})
    assert answer.status_code == 404
    assert script.runs == []


def test_a_default_provider_does_not_make_all_the_world_ours(config, desk, script):
    """It has guides for every domain, but what is tested is listed."""

    class Everything:
        def client_config(self, domain):
            return replace(kund, domain=domain)

        def is_listed(self, domain):
            return domain == kund.domain

    kund = create_app(config).extensions["autoconfig"].client_config(livehelp.Domain.parse("kund.se"))
    client = create_app(config, Everything(), desk).test_client()
    page = get(client, "/guide/victim.example/other")
    assert page.status_code == 200
    assert "/test" not in page.text
    assert press(client, "/guide/victim.example/test").status_code == 404
    assert script.runs == []
    assert press(client).status_code == 303


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_do_not_work(visitor, script, method):
    """405, with those that do."""
    answer = visitor.open(TEST, method=method, headers={"Host": OWN})
    assert answer.status_code == 405
    assert {"GET", "HEAD", "POST"} <= set(re.split(", ?", answer.headers["Allow"]))
    assert script.runs == []


def test_head_is_get_without_a_body(visitor, script):
    """And begins nothing."""
    answer = visitor.head(TEST, headers={"Host": OWN})
    assert (answer.status_code, answer.data) == (200, b"")
    assert script.runs == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),  # what Chromium sends from our own pages
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": f"https://{OWN}"}, 403),
        ({"Origin": f"https://{OWN}"}, 303),
        ({"Origin": f"HTTPS://{OWN.upper()}"}, 303),
        ({"Origin": "null"}, 303),
        ({"Origin": "https://other.se"}, 403),
        ({"Origin": f"https://{OWN}.other.se"}, 403),
        ({"Origin": "https://[broken"}, 403),
        ({"Origin": ""}, 403),
    ],
)
def test_other_sites_cannot_press_it(visitor, script, headers, status):
    """Whoever visits them."""
    assert press(visitor, **headers).status_code == status
    assert len(script.runs) == (status == 303)


@pytest.mark.parametrize("path", ["/guide/kund.se/test/", "/guide/KUND.se/test", "/guide/kund.se./test"])
def test_the_address_may_be_written_in_other_ways(visitor, script, path):
    """It is the same run."""
    assert press(visitor).status_code == press(visitor, path).status_code == 303
    assert len(script.runs) == 1


def test_a_language_that_the_run_did_not_know_gets_another(visitor, script):
    """Rather than nothing."""
    page = answered(visitor, script, CARE)
    swedish = shown(visitor, "/guide/kund.se/test?lang=sv")
    assert swedish.language == "sv"
    assert "Replace the SPF record" in swedish.text
    assert "Replace the SPF record" in page.text


def test_a_longer_letter_than_programs_take_is_cut(visitor, script):
    """And nothing of a finding can break out of its place."""
    nasty = '"><script>alert(1)</script>&body=x\r\nBcc: a'
    many = replace(PARTLY.items[1], where=nasty * 20, code=nasty)
    page = answered(visitor, script, replace(PARTLY, items=(many, replace(PARTLY.items[0], records=(nasty,)))))
    assert page.runs_nothing_foreign
    link = next(link for link in page.links if link.startswith("mailto:"))
    assert len(parse_qs(urlsplit(link).query)["body"][0]) <= livehelp.MAX_LETTER
    assert not re.search(r"[\r\n<>\"]", link)

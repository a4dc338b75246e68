"""The guide pages: the device in hand first, the customer's own values in each program's form, and the address nowhere else."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from urllib.parse import unquote

import pytest

from autoconfig import i18n
from autoconfig.address import Domain, EmailAddress
from autoconfig.guides.clients import TITLES, ClientName
from autoconfig.guides.groups import GROUPS
from autoconfig.guides.guide import guide_for
from autoconfig.web import create_app
from tests.web.page import ANDROID, IPHONE, LINUX, MAC, OWN, WINDOWS, Page, get, post

ADDRESS = "anna+nytt@kund.se"
LANGUAGES = ("sv", "en")
TEST = "Do the settings work right now?"
STATIC = re.compile(r'(?:src|href)="(/static/[^"]*)"')


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("program", ClientName)
@pytest.mark.parametrize("domain", ["kund.se", "byrå.se", "pop.se", "english.example"])
@pytest.mark.parametrize("local_part", [None, "anna"])
def test_a_guide_of_every_program(client, config, program, language, domain, local_part):
    """In every language, with and without an address: small, nothing of others, and the values of the settings in their order."""
    path = f"/guide/{domain}/{program}?lang={language}"
    address = None if local_part is None else EmailAddress.parse(f"{local_part}@{domain}")
    answer = get(client, path) if address is None else post(client, str(address), path)
    page = Page(answer.text)
    texts = i18n.texts(language)
    settings = client.application.extensions["autoconfig"].client_config(Domain.parse(domain))
    guide = guide_for(settings, address, program, texts)
    rows = [row for way in guide.ways for card in way.cards for row in card.rows]
    assert answer.status_code == 200
    assert page.language == language
    assert page.main[0] == texts.gettext(TITLES[program])
    assert page.rows == [(" ".join(row.label.split()), row.value) for row in rows]
    assert page.copyable == [row.value for row in rows if row.copyable]
    assert page.runs_nothing_foreign
    assert all(help_ in page.text for help_ in (guide.help.phone, guide.help.email) if help_)
    assert "script" in page.tags


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("program", ClientName)
def test_a_page_is_small(client, program, language):
    """Itself, the sheet and the script: three requests, and 60 KB together; pictures aside, which are fetched when they are seen."""
    answer = post(client, ADDRESS, f"/guide/kund.se/{program}?lang={language}", **{"User-Agent": WINDOWS})
    files = [file for file in STATIC.findall(answer.text) if not re.search(r"\.(svg|webp)(\?|$)", file)]
    size = len(answer.data)
    for file in files:
        with client.get(file, headers={"Host": OWN}) as found:
            size += len(found.data)
    assert len(files) <= 2
    assert size < 60_000
    images = re.findall(r"<img [^>]*>", answer.text)
    assert all('loading="lazy"' in image and "width=" in image and "height=" in image and "alt=" in image for image in images)
    ids = re.findall(r' id="([^"]*)"', answer.text)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("agent", "name"),
    [(IPHONE, "iPhone"), (ANDROID, "Android"), (WINDOWS, "Outlook"), (MAC, "Mac"), (LINUX, "Thunderbird"), ("curl/8", "program")],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_device_in_hand_comes_first(client, agent, name, language):
    """On every page that nobody has chosen a program for, and whoever has chosen one gets that."""
    for answer in (
        get(client, f"/guide/kund.se?lang={language}", **{"User-Agent": agent}),
        get(client, f"/?lang={language}", "autoconfig.kund.se", **{"User-Agent": agent}),
        post(client, ADDRESS, f"/?lang={language}", **{"User-Agent": agent}),
        post(client, ADDRESS, f"/guide/kund.se?lang={language}", **{"User-Agent": agent}),
    ):
        assert name in Page(answer.text).main[0]
        assert "User-Agent" in answer.headers["Vary"]
        assert "Accept-Language" in answer.headers["Vary"]
    chosen = get(client, f"/guide/kund.se/kmail?lang={language}", **{"User-Agent": agent})
    assert Page(chosen.text).main[0] == "KMail"


def test_every_program_is_offered_once():
    """And all that there are."""
    offered = [client for _, clients in GROUPS for client in clients]
    assert sorted(offered) == sorted(ClientName)


def test_another_device_is_a_link(client):
    """Twice: where the page begins, and where it ends; in the language that is read, and none to the page itself."""
    links = Page(get(client, "/guide/kund.se/iphone?lang=en").text).links
    for program in ClientName:
        assert links.count(f"/guide/kund.se/{program}?lang=en") == (0 if program == "iphone" else 2)


def test_with_an_address_another_device_is_a_button_that_sends_it_on(client):
    """In the body of a form, and in no URL."""
    page = Page(post(client, ADDRESS, "/guide/kund.se/outlook?lang=en").text)
    form = page.root.find_class("programs")[0]
    assert form.get("method") == "post"
    assert form.find("input").get("value") == ADDRESS
    paths = [button.get("formaction") for button in form.iter("button")]
    assert sorted(paths) == sorted(f"/guide/kund.se/{program}?lang=en" for program in ClientName if program != "outlook")
    for path in paths:
        assert ADDRESS in Page(post(client, ADDRESS, path).text).text


@pytest.mark.parametrize("program", ["iphone", "mac", "thunderbird", "webmail", "other"])
@pytest.mark.parametrize("agent", [IPHONE, WINDOWS])
def test_an_address_is_nowhere_but_in_the_page(client, program, agent):
    """Not in the title, in a header or in a URL, but for the profile, which leads to ourselves; and nobody keeps the page."""
    answer = post(client, ADDRESS, f"/guide/kund.se/{program}?lang=en", **{"User-Agent": agent})
    page = Page(answer.text)
    assert ADDRESS in page.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "ETag" not in answer.headers
    assert "anna" not in page.title
    assert not any("anna" in unquote(str(value)) for value in answer.headers.values())
    urls = re.findall(r'(?:href|src|action|formaction|content|srcset)="([^"]*)"', answer.text)
    named = [url for url in urls if "anna" in unquote(url)]
    has_profile = program in ("iphone", "mac")
    assert named == (
        [
            "/email.mobileconfig?emailaddress=anna%2Bnytt%40kund.se",
            "/email.mobileconfig?emailaddress=anna%2Bnytt%40kund.se&amp;protocol=pop3",
        ]
        if has_profile
        else []
    )


@pytest.mark.parametrize(("address", "incoming"), [(ADDRESS, "server.karlahosting.se"), ("åsa@byrå.se", "server.karlahosting.se")])
def test_the_link_fetches_the_profile_of_that_very_address(client, address, incoming):
    """A plus and other letters come through whole; by POP it is the account of POP."""
    page = Page(post(client, address, "/?lang=en", **{"User-Agent": IPHONE}).text)
    imap, pop = (link for link in page.links if link.startswith("/email.mobileconfig"))
    for link, host in ((imap, incoming), (pop, "mail.")):
        profile = client.get(link, headers={"Host": OWN})
        assert profile.status_code == 200
        assert EmailAddress.parse(address).ascii in profile.text
        assert f"<string>{host}" in profile.text


def test_without_an_address_a_phone_is_asked_for_it(client):
    """By a form of this page, and a profile without one is not offered."""
    page = Page(get(client, "/guide/kund.se/iphone?lang=en").text)
    assert not any("mobileconfig" in link for link in page.links)
    form = next(form for form in page.forms if form["class"] == "ask")
    assert (form["method"], form["action"]) == ("post", "/guide/kund.se/iphone?lang=en")
    assert page.fields["address"]["type"] == "email"


@pytest.mark.parametrize("program", [None, "thunderbird"])
def test_a_page_without_an_address_may_be_kept(client, program):
    """For five minutes; asked again, it has not changed."""
    path = "/guide/kund.se?lang=en" if program is None else f"/guide/kund.se/{program}?lang=en"
    answer = get(client, path)
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert get(client, path, **{"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_the_language_is_changed_without_the_address_in_a_url(client):
    """The switch is a form then, and stays with the program."""
    page = Page(post(client, ADDRESS, "/guide/kund.se/gmail?lang=en").text)
    switch = next(form for form in page.root.iter("form") if form.get("action") == "/guide/kund.se/gmail?lang=sv")
    assert switch.get("method") == "post"
    assert switch.find("input").get("value") == ADDRESS
    swedish = Page(post(client, ADDRESS, switch.get("action")).text)
    assert swedish.headings[0] == ("h1", f"E-postinställningar för {ADDRESS}")
    assert swedish.main[0] == "Gmail på Android"


def test_an_address_of_another_domain_gets_its_own_guide(client):
    """What is typed counts, not the page that it was typed on; the program stays."""
    page = Page(post(client, "bo@pop.se", "/guide/kund.se/kmail?lang=en").text)
    assert page.headings[0] == ("h1", "Mail settings for bo@pop.se")
    assert page.main[0] == "KMail"
    assert post(client, "bo@other.se", "/guide/kund.se/kmail?lang=en").status_code == 404


def test_a_mistake_on_a_guides_form_stays_with_that_guide(client):
    """400, the one error, and the form leads where it led."""
    answer = post(client, "bo", "/guide/kund.se/iphone?lang=en")
    page = Page(answer.text)
    assert answer.status_code == 400
    assert "bo is not an e-mail address: it has no @." in page.text
    assert {form["action"] for form in page.forms} == {"/guide/kund.se/iphone?lang=en", "/guide/kund.se/iphone?lang=sv"}


@pytest.mark.parametrize("program", ["pine", "iphone%20", "<b>", "%00", "iphone.html"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_program_without_a_guide_is_404_with_those_there_are(client, program, method):
    """Friendly, and nothing of what was asked comes back."""
    answer = client.open(f"/guide/kund.se/{program}?lang=en", method=method, headers={"Host": OWN, "Accept": "text/html"})
    page = Page(answer.text)
    if program == "iphone%20":  # which is read as a person means it
        assert answer.status_code == (200 if method == "GET" else 400)
        return
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"
    assert page.headings == [("h1", "There is no guide for that program")]
    assert "/guide/kund.se/iphone?lang=en" in page.links
    assert "pine" not in answer.text


def test_the_names_of_checked_programs_lead_to_their_guides(client):
    """`apple` is the iPhone's, and letter case does not matter."""
    assert "iPhone" in Page(get(client, "/guide/kund.se/apple").text).main[0]
    assert "iPhone" in Page(get(client, "/guide/KUND.se./IPHONE/").text).main[0]


def test_a_domain_that_is_not_ours_has_no_guide_of_a_program_either(client):
    """404 as without one."""
    assert get(client, "/guide/other.se/iphone").status_code == 404


def test_imap_comes_first_and_pop_is_folded_away(client):
    """In the order of the domain's accounts; which is for whom stands below, with how to change."""
    page = Page(get(client, "/guide/kund.se/other?lang=en").text)
    assert page.main == [
        "Another program",
        "Settings for IMAP, recommended",
        "Settings for POP3",
        TEST,
        "When it does not work",
        "Help from KarlaHosting",
        "IMAP or POP?",
        "Changing from one to the other without losing mail",
        "Other devices and programs",
    ]
    folded = page.root.xpath("//details[contains(@class, 'way')]")
    assert [" ".join(way.find("summary").text_content().split()) for way in folded] == ["Settings for POP3"]
    pop_first = Page(get(client, "/guide/pop.se/other?lang=en").text)
    assert pop_first.main[1:3] == ["Settings for POP3, recommended", "Settings for IMAP"]


def test_a_provider_with_one_way_does_not_speak_of_two(client):
    """No choice, no change, and no help where there is none."""
    page = Page(get(client, "/guide/english.example/other?lang=en").text)
    assert page.main == ["Another program", "Settings for IMAP", TEST, "When it does not work", "Other devices and programs"]
    assert "English & Sons <Ltd>" in page.text


def test_trouble_is_told_once_with_what_differs_marked(client):
    """The servers of both ways, each under its name."""
    text = Page(get(client, "/guide/kund.se/thunderbird?lang=en").text).text
    assert "IMAP: Check that no other server is entered than server.karlahosting.se." in text
    assert "POP3: Check that no other server is entered than mail.kund.se." in text
    assert text.count("Check that date and time of the device are right.") == 1


def test_the_providers_help_is_linked(client):
    """Webmail and support, the domain filled in."""
    links = Page(get(client, "/guide/byr%C3%A5.se").text).links
    for link in (
        "https://webmail.xn--byr-wla.se/",
        "https://karlahosting.se/hjalp",
        "https://karlahosting.se/losen",
        "https://karlahosting.se/guider?a=1&b=2",
        "mailto:hjalp@karlahosting.se",
        "tel:081234567",
    ):
        assert link in links


def test_names_are_shown_as_people_write_them_and_entered_as_programs_do(client):
    """The domain in U-labels; a server in A-labels, for programs fail on others, with the U-labels beside it."""
    page = Page(get(client, "/guide/byrå.se/other?lang=en").text)
    assert page.headings[0] == ("h1", "Mail settings for byrå.se")
    assert "mail.xn--byr-wla.se" in page.copyable
    assert "that is, mail.byrå.se" in page.notes
    assert "Names with xn-- in them look odd" in page.text
    assert "xn--" not in Page(get(client, "/guide/r%C3%A4v.example/other?lang=en").text).text


def test_a_computer_shows_a_code_for_the_phone(client, config):
    """With the service's own address and no person's; not on a phone, and not where nobody knows the service's name."""
    on_computer = post(client, ADDRESS, "/guide/kund.se/outlook?lang=en", **{"User-Agent": WINDOWS})
    assert "https://autoconfig.karlahosting.se/guide/kund.se" in Page(on_computer.text).notes
    for_phone = get(client, "/guide/kund.se/iphone?lang=en", **{"User-Agent": WINDOWS})
    assert "https://autoconfig.karlahosting.se/guide/kund.se/iphone" in Page(for_phone.text).notes
    assert "QR code" not in get(client, "/guide/kund.se?lang=en", **{"User-Agent": IPHONE}).text
    nameless = create_app(replace(config, base_url=None)).test_client()
    assert "QR code" not in get(nameless, "/guide/kund.se?lang=en", **{"User-Agent": WINDOWS}).text


def test_a_providers_colour_is_allowed_by_its_hash(client):
    """The one style within a page is known to the policy, on an answer from a cache too; others have none."""
    answer = get(client, "/guide/english.example/other?lang=en")
    style = re.search(r"<style>(.*?)</style>", answer.text)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'self' 'sha256-{digest}';" in answer.headers["Content-Security-Policy"]
    again = get(client, "/guide/english.example/other?lang=en", **{"If-None-Match": answer.headers["ETag"]})
    assert again.headers["Content-Security-Policy"] == answer.headers["Content-Security-Policy"]
    plain = get(client, "/guide/kund.se")
    assert "<style" not in plain.text
    assert "sha256" not in plain.headers["Content-Security-Policy"]


def test_a_link_that_is_shared_names_the_domain(client):
    """In its Open Graph title, which never has an address."""
    answer = post(client, ADDRESS, "/?lang=en")
    assert '<meta property="og:title" content="Mail settings for kund.se">' in answer.text


EVIL = ['"><script>alert(1)</script>', "<img/src=x/onerror=alert(1)>", "{{7*7}}", "a'b", "a&amp;b", "javascript:alert(1)"]


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("program", ["iphone", "thunderbird", "outlook", "gmail"])
def test_a_hostile_address_is_shown_and_not_run(client, evil, program):
    """Within quotation marks nearly everything may stand in an address (RFC 5321, 4.1.2)."""
    for typed in (f"{evil}@kund.se", f'"{evil}"@kund.se'):
        answer = post(client, typed, f"/guide/kund.se/{program}?lang=en")
        page = Page(answer.text)
        assert answer.status_code in (200, 400)
        assert page.runs_nothing_foreign
        assert "49" not in page.text
        assert not any(link.startswith("javascript") for link in page.links)

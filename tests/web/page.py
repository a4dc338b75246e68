"""A page as a reader meets it: headings, what a form is filled with, links, fields."""

from __future__ import annotations

from lxml import html

OWN = "autoconfig.karlahosting.se"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile Safari/604.1"
ANDROID = "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"


def _text(element):
    return " ".join(element.text_content().split())


def _value(element):
    """Return what *element* says, without the notes beside it."""
    found = element.find_class("value")
    notes = " ".join(_text(note) for note in element.find_class("note"))
    return _text(found[0]) if found else _text(element).removesuffix(notes).strip()


class Page:
    """What stands on a page."""

    def __init__(self, text: str) -> None:
        self.root = root = html.fromstring(text)
        self.language = root.get("lang")
        self.title = root.findtext(".//title")
        self.text = _text(root.find("body"))
        self.tags = {element.tag for element in root.iter() if isinstance(element.tag, str)}
        self.headings = [(element.tag, _text(element)) for element in root.iter("h1", "h2")]
        self.rows = [(_value(row.find("dt")), _value(row.find("dd"))) for row in root.find_class("row")]
        self.notes = [_text(note) for note in root.find_class("note")]
        self.copyable = [_text(code) for code in root.iter("code") if code.get("data-copy")]
        self.links = [link.get("href") for link in root.iter("a")]
        self.forms = [dict(form.attrib) for form in root.iter("form")]
        self.fields = {
            field.get("id") or field.get("name"): dict(field.attrib) for field in root.iter("input", "button") if field.get("name")
        }

    @property
    def runs_nothing_foreign(self) -> bool:
        """Tell whether all that is run or shown is a file of ours, and no element has code or style of its own."""
        files = [element.get("src", "") for element in self.root.iter("script", "img", "iframe", "object", "embed", "audio", "video")]
        files += [link.get("href") for link in self.root.iter("link")]
        scripts = [script.text for script in self.root.iter("script") if script.text]
        names = {name for element in self.root.iter() for name in element.attrib}
        own = all(file.startswith("/static/") for file in files)
        return own and not scripts and not any(name == "style" or name.startswith("on") for name in names)

    @property
    def main(self) -> list[str]:
        """The headings of the second level within `main`."""
        return [_text(heading) for heading in self.root.find(".//main").iter("h2")]


def get(client, path="/", host=OWN, accept_language=None, **headers):
    """Ask for a page as a browser does."""
    if accept_language is not None:
        headers["Accept-Language"] = accept_language
    return client.get(path, headers={"Host": host.encode().decode("latin-1"), "Accept": "text/html", **headers})


def post(client, address, path="/?lang=en", host=OWN, **headers):
    """Send the form as a browser does."""
    return client.post(path, data={"address": address}, headers={"Host": host, "Accept": "text/html", **headers})

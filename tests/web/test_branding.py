"""What an operator lays into the folder brand/: a logo and a text of its own, and nothing else of the folder."""

from __future__ import annotations

import pytest

LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'


@pytest.fixture
def folder(config):
    """The folder, with a logo and a Swedish text."""
    folder = config.instance / "brand"
    folder.mkdir(exist_ok=True)
    (folder / "karlahosting.svg").write_bytes(LOGO)
    (folder / "karlahosting.sv.txt").write_text("Vi flyttar <allt> den\n1 mars.\n\n\nRing oss gärna.\n")
    (config.instance / "secret.svg").write_bytes(b"secret")
    yield folder
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def test_a_page_without_files_is_as_before(client):
    """Nobody needs to lay anything there."""
    page = client.get("/guide/kund.se?lang=sv").text
    assert "/brand/" not in page
    assert 'class="own"' not in page


@pytest.mark.usefixtures("folder")
def test_the_logo_comes_from_us_and_the_text_is_text(client):
    """No request to anybody else, and paragraphs that are escaped."""
    page = client.get("/guide/kund.se?lang=sv").text
    assert '<img class="logo" src="/brand/karlahosting" alt="">' in page
    assert "<p>Vi flyttar &lt;allt&gt; den 1 mars.</p>\n<p>Ring oss gärna.</p>" in page
    answer = client.get("/brand/karlahosting")
    assert (answer.data, answer.mimetype) == (LOGO, "image/svg+xml")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.usefixtures("folder")
def test_a_text_is_for_its_own_language(client):
    """There is no English one, so an English page has none."""
    assert 'class="own"' not in client.get("/guide/kund.se?lang=en").text


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["english", "nobody", "..%2Fsecret", "../secret", "karlahosting.sv.txt", "KARLAHOSTING", ".", "%00"])
def test_nothing_else_of_the_folder_is_served(client, name):
    """No other file, and none outside."""
    assert client.get(f"/brand/{name}").status_code == 404


def test_a_text_that_cannot_be_read_is_no_text(client, folder):
    """A folder of that name, or bytes that are no text, harm nobody."""
    (folder / "karlahosting.sv.txt").write_bytes(b"\xff\xfe\xff" + b"x" * 20_000)
    assert client.get("/guide/kund.se?lang=sv").status_code == 200

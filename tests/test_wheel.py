"""The wheel stands alone: installed in an empty folder, with no checkout in reach, it imports and serves."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.running import environment, get, run, serving

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout by the pinned builder."""
    folder = tmp_path_factory.mktemp("wheel")
    _pip(Path(sys.executable), "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    return next(folder.glob("*.whl"))


def _pip(python: Path, *arguments: str) -> None:
    command = [str(python), "-m", "pip", "-q", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_wheel_has_templates_and_compiled_translations(wheel: Path) -> None:
    """Templates, style sheet, catalogues and migrations are inside; tests are not."""
    names = zipfile.ZipFile(wheel).namelist()
    for part in ("autoconfig/_templates/base.html", "autoconfig/locale/sv/LC_MESSAGES/autoconfig.mo", "autoconfig/web/static/style.css"):
        assert part in names
    assert any(name.startswith("autoconfig/store/migrations/versions/") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "instance/"))]


@pytest.mark.slow
def test_the_wheel_serves_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    """Import, show and serve work from the installed wheel alone, the page in Swedish too."""
    venv, empty = tmp_path / "venv", tmp_path / "empty"
    empty.mkdir()
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    python = venv / "bin" / "python"
    _pip(python, "install", "--require-hashes", "-r", str(ROOT / ".ci" / "requirements.txt"))
    _pip(python, "install", "--no-deps", str(wheel))
    where = subprocess.run(
        [python, "-c", "import autoconfig; print(autoconfig.__file__)"],
        cwd=empty,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert where.startswith(str(venv))

    instance, command = empty / "data", str(venv / "bin" / "autoconfig")
    done = run("import", "-", instance=instance, stdin=(ROOT / "instance" / "sample.toml").read_text(), command=command, cwd=empty)
    assert done.returncode == 0, done.stderr
    shown = run("show", "anna@kund.se", "--format", "mozilla", instance=instance, command=command, cwd=empty)
    assert "<domain>kund.se</domain>" in shown.stdout
    with serving(instance, command=command, cwd=empty) as url:
        status, body = get(url + "/mail/config-v1.1.xml?emailaddress=anna@kund.se")
        assert (status, body.decode()) == (200, shown.stdout)
        status, page = get(url + "/guide/kund.se", **{"Accept-Language": "sv"})
        assert status == 200
        assert "Inkommande server" in page.decode()
        assert get(url + "/static/style.css")[0] == 200

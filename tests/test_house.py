"""The house rules: who may import whom, where each foreign library lives, and that nothing happens at import."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "autoconfig"

_GROUND = {"model", "address", "errors"}

# room -> the rooms that it may import
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "address": {"errors"},
    "model": {"address", "errors"},
    "config": _GROUND,
    "i18n": _GROUND,
    "logs": {"errors"},
    "templating": {"i18n"},
    "signing": {"config"} | _GROUND,
    "formats": _GROUND,
    "dnsrecords": _GROUND,
    "store": _GROUND,
    "observations": _GROUND,
    "publicsuffix": {"address", "errors"},
    "findings": {"observations", "clients"} | _GROUND,  # of clients the names of types alone, see below
    "catalogue": {"findings", "observations"} | _GROUND,
    "network": {"observations"} | _GROUND,
    "checks": {"observations", "findings", "catalogue", "formats", "dnsrecords", "publicsuffix"} | _GROUND,
    "clients": {"observations", "formats", "dnsrecords", "catalogue", "findings", "publicsuffix"} | _GROUND,
    "lint": {"clients", "formats", "catalogue", "findings", "observations"} | _GROUND,
    "diagnose": {"checks", "clients", "findings", "catalogue", "observations", "dnsrecords"} | _GROUND,
    "report": {"clients", "lint", "findings", "catalogue", "observations", "i18n", "templating"} | _GROUND,
    "guides": {"i18n", "templating", "catalogue"} | _GROUND,
    "livecheck": {"store", "config", "diagnose", "checks", "network", "observations", "findings", "report", "formats", "dnsrecords", "i18n"}
    | _GROUND,
    "web": {"store", "formats", "signing", "config", "logs", "guides", "i18n", "templating", "livecheck", "findings"} | _GROUND,
    "cli": {"store", "formats", "dnsrecords", "signing", "config", "logs", "i18n", "network", "checks", "diagnose", "catalogue", "report"}
    | {"clients", "lint", "findings", "guides", "observations"}
    | _GROUND,
}

# library -> the rooms, or single files, that may import it
HOMES: dict[str, set[str]] = {
    "flask": {"web"},
    "werkzeug": {"web"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "lmdb": {"store/snapshot.py"},
    "click": {"cli"},
    "rich": {"cli", "report"},
    "granian": {"cli/child.py"},
    "jinja2": {"templating.py"},
    "lxml": {"formats/xml.py"},
    "cryptography": {"signing.py", "network", "checks/dkim.py"},
    "idna": {"address.py"},
    "segno": {"guides/qr.py"},
    "publicsuffixlist": {"publicsuffix.py"},
    "dns": {"network"},
    "requests": {"network"},
    "ssl": {"network"},
    "socket": {"network", "cli/serve.py", "cli/supervisor.py", "cli/child.py", "web/bodies.py"},
    "babel": {"locale"},
    "hatchling": {"locale"},
}


@cache
def _files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@cache
def _imports(path: Path) -> tuple[tuple[str, bool], ...]:
    """Return every module that *path* imports, and whether the import is at the top of the module."""
    return tuple(_found_imports(path))


def _found_imports(path: Path) -> Iterator[tuple[str, bool]]:
    tree = ast.parse(path.read_text())
    top = set(tree.body)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield (submodule if _path_of(submodule) else node.module, node in top)


@cache
def _path_of(module: str) -> Path | None:
    base = PACKAGE.parent.joinpath(*module.split("."))
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.exists()), None)


def _modules() -> Iterator[tuple[Path, str]]:
    """Yield each file and its module's name, but for the build hook, and scripts that Alembic runs."""
    for path in _files():
        if not {"locale", "migrations"} & set(path.relative_to(PACKAGE).parts):
            yield path, ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", _files(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_room_imports_only_what_the_design_allows(path: Path) -> None:
    """Each arrow between rooms is one that the design draws."""
    room = _room(path)
    for module, _ in _imports(path):
        if module.startswith("autoconfig."):
            other = module.split(".")[1]
            assert other == room or other in MAY_IMPORT.get(room, set()), f"{room} may not import {other} ({module})"


@pytest.mark.parametrize("path", _files(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_foreign_library_has_one_home(path: Path) -> None:
    """Flask in web, SQLAlchemy and LMDB in store, lxml in formats/xml.py, and so on."""
    relative = str(path.relative_to(PACKAGE))
    for module, _ in _imports(path):
        homes = HOMES.get(module.split(".")[0])
        assert homes is None or _room(path) in homes or relative in homes, f"{relative} imports {module}"


def test_who_tells_findings_knows_no_mail_program() -> None:
    """The guides and the service, which have findings' texts, need not load what every program does."""
    code = "import sys, autoconfig.catalogue, autoconfig.web.livehelp, autoconfig.livecheck.desk; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "autoconfig.findings" in loaded
    rooms = ("clients", "checks", "diagnose", "network", "report")
    assert [module for module in loaded if module.startswith(tuple(f"autoconfig.{room}" for room in rooms))] == []


def test_no_module_imports_itself_through_others() -> None:
    """The graph of imports at the top of modules has no cycle."""
    graph: dict[Path, set[Path]] = {}
    for path in _files():
        found = (_path_of(module) for module, at_top in _imports(path) if at_top and module.startswith("autoconfig."))
        graph[path] = {other for other in found if other is not None and other != path}
    TopologicalSorter(graph).prepare()


def test_every_module_says_its_law() -> None:
    """A module begins with a docstring that says what lives there."""
    silent = [str(p.relative_to(PACKAGE)) for p in _files() if not ast.get_docstring(ast.parse(p.read_text()))]
    assert silent == []


_AUDIT = """
import importlib, sys
def hook(event, args):
    if event == "socket.bind" and args[1] == ("::1", 0):
        return  # urllib3 looks whether there is IPv6; nothing listens
    writes = event == "open" and isinstance(args[1], str) and any(c in args[1] for c in "wax+")
    if writes or event in ("socket.connect", "socket.bind", "subprocess.Popen", "os.mkdir", "os.remove", "sqlite3.connect"):
        sys.stderr.write(f"{event} {args}\\n"); sys.stderr.flush(); import os; os._exit(1)
sys.dont_write_bytecode = True
sys.addaudithook(hook)
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def test_nothing_happens_at_import() -> None:
    """Importing every module opens no file for writing, no socket, no database and no process."""
    done = subprocess.run([sys.executable, "-c", _AUDIT, *(name for _, name in _modules())], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _possessive_groups(parsed: object) -> Iterator[object]:
    """Yield what is repeated possessively within *parsed* and is more than one character."""
    if isinstance(parsed, re._parser.SubPattern | list | tuple):
        parts = list(parsed)
        if len(parts) == 2 and parts[0] is re._constants.POSSESSIVE_REPEAT:
            repeated = parts[1][2]
            if len(repeated) != 1 or repeated[0][0] not in _SINGLE:
                yield repeated
        for part in parts:
            yield from _possessive_groups(part)


_SINGLE = {re._constants.LITERAL, re._constants.NOT_LITERAL, re._constants.IN, re._constants.ANY}


def test_no_group_is_repeated_possessively() -> None:
    """Python before 3.11.5, which Debian 12 has, finds nothing where such a group has choices within (CPython issue 106052)."""
    assert list(_possessive_groups(re._parser.parse("a(?:b|cd)*+")))
    assert list(_possessive_groups(re._parser.parse("(?:(?:ab)++|c)")))
    assert not list(_possessive_groups(re._parser.parse("(?:[^b]*+|'[x]++')*a++")))
    seen = 0
    for path, module_name in _modules():
        module = importlib.import_module(module_name)
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                seen += 1
                assert not list(_possessive_groups(re._parser.parse(value.pattern, value.flags))), f"{path.name}: {name}"
    assert seen > 50

"""Pictures of the real Thunderbird for its guide: python -m tests.lab.pictures, as root.

In every language it goes through Account Hub, which asks our running service, and cuts the dialog out of each picture of the window.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from autoconfig.guides.clients import ClientName
from autoconfig.guides.pictures import LANGUAGES, PICTURES, Picture
from tests.webp import LIMIT

from . import accounthub, thunderbird
from .accounthub import AccountHub, Shot
from .ca import Authority
from .nameserver import NameServer
from .network import PATH, LabError, Network, refusal
from .service import UPSTREAM, Service
from .webfront import Site, WebFront
from .world import World

PROGRAMS = ("knotd", "knotc", "nginx", "cwebp", *thunderbird.PROGRAMS, *map(str, accounthub.FILES))
STATIC = Path(__file__).parents[2] / "autoconfig" / "web" / "static"

_QUALITIES = range(80, 40, -2)  # from "as good as can be seen" to where small letters become dirty

NAME = "Anna Andersson"
ADDRESS = "anna@kund.se"
# A provider of its own, because the store is shared with the tests; names as a customer has them, because they are seen.
SETTINGS = """
[[provider]]
id = "pictured"
name = "KarlaHosting for pictures"
short_name = "Karla"

[[provider.account]]
protocol = "imap"
incoming = { host = "server.karlahosting.se", port = 993, tls = "implicit" }
outgoing = { host = "server.karlahosting.se", port = 465, tls = "implicit" }

[[provider.account]]
protocol = "pop3"
incoming = { host = "mail.%EMAILDOMAIN%", port = 995, tls = "implicit" }
outgoing = { host = "mail.%EMAILDOMAIN%", port = 465, tls = "implicit" }

[[domain]]
name = "kund.se"
provider = "pictured"
"""


def main() -> None:
    """Take every picture anew, in every language."""
    reason = refusal() or _missing()
    if reason:
        sys.exit(f"no pictures: {reason}")
    with TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("lab", "ca"):
            (folder / part).mkdir()
        with Network(folder / "lab") as network:
            authority = Authority(folder / "ca")
            world = World(NameServer(network), WebFront(network, UPSTREAM))
            prepare(world, Service(network), authority)
            wrong = [line for language in LANGUAGES for line in _take_all(network, authority, language)]
    if wrong:
        sys.exit("\n".join(["autoconfig/guides/pictures.py has other sizes:", *wrong]))


def prepare(world: World, service: Service, authority: Authority) -> None:
    """Make the world that the pictures show."""
    service.import_settings(SETTINGS)
    world.serve({"autoconfig.kund.se": Site(authority.issue("autoconfig.kund.se"))})


def take(network: Network, authority: Authority, language: str) -> Generator[tuple[Picture, Shot], None, None]:
    """Yield every picture and what the program shows there in *language*."""
    pictures: Mapping[str, Picture] = {picture.name: picture for picture in PICTURES[ClientName.THUNDERBIRD]}
    with AccountHub(network, authority, language) as hub:
        for shot in hub.go_through(NAME, ADDRESS):
            yield pictures[f"thunderbird-{shot.step}"], shot


def write(shot: Shot, path: Path) -> None:
    """Cut the dialog out of *shot* and write it to *path* as WebP, as good as the limit allows."""
    place = map(str, (shot.left, shot.top, shot.width, shot.height))
    options = ("-quiet", "-m", "6", "-sharp_yuv", "-metadata", "none", "-crop", *place)
    for quality in _QUALITIES:
        command = ("cwebp", *options, "-q", str(quality), "-o", str(path), "--", "-")
        cwebp = subprocess.run(command, input=shot.png, capture_output=True, check=False)
        if cwebp.returncode:
            raise LabError(f"cwebp: {cwebp.stderr.decode()}")
        if path.stat().st_size < LIMIT:
            return
    raise LabError(f"{path.name} does not become smaller than {LIMIT} bytes")


def _take_all(network: Network, authority: Authority, language: str) -> Iterator[str]:
    for picture, shot in take(network, authority, language):
        path = STATIC / picture.file(language)
        write(shot, path)
        print(f"{path.name}  {shot.width} x {shot.height}  {path.stat().st_size} bytes")
        if (shot.width, shot.height) != (picture.width, picture.height):
            yield f"{path.name} is {shot.width} x {shot.height}, not {picture.width} x {picture.height}"


def _missing() -> str:
    missing = [program for program in PROGRAMS if shutil.which(program, path=PATH) is None and not Path(program).is_file()]
    return f"not installed: {', '.join(missing)} (tests/lab/install.sh, as root)" if missing else ""


if __name__ == "__main__":
    main()

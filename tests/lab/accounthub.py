"""Thunderbird's Account Hub, the dialog in which a person adds an account: goes through it as that person, and takes its picture.

In the words of the program's own sources (accountcreation/views/email.mjs, Thunderbird 153.7): the dialog shows one subview at a time, with
the buttons of its footer. Every step waits for what it shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .ca import Authority
from .network import LabError, Network, wait_until
from .thunderbird import Preferences, Thunderbird

# By the language of ours. A language that is not installed would come out in English without a word.
LOCALES = {"sv": "sv-SE", "en": "en-US"}
FILES = (Path("/usr/lib/thunderbird/extensions/langpack-sv-SE@thunderbird.mozilla.org.xpi"),)

_PREFERENCES: Preferences = {
    "extensions.autoDisableScopes": 0,  # the language packs of Debian are on at once
    # The dialog is 800 pixels wide, and takes 706 of the picture's: 60/68, because the program counts in 60ths of its own pixels.
    "layout.css.devPixelsPerPx": "0.8824",
    "signon.rememberSignons": True,  # Marionette switches it off, and then the box for it is dead
    "ui.prefersReducedMotion": 1,
    "ui.systemUsesDarkTheme": 0,
}

# The dialog's parts scroll when they would take more than four tenths of the window's height (accountHub.css).
_WINDOW = (1000, 1200)
# Outside of this the corners are round, and the dark window shows.
_EDGE = 3

_TOOLS = """
const dialog = () => document.querySelector("account-hub-container")?.shadowRoot.querySelector("dialog");
const view = () => dialog().querySelector("account-hub-email");
const step = () => view().querySelector(".account-hub-step:not([hidden])");
const press = id => view().querySelector(id).click();
const type = (id, text) => {
  const input = view().querySelector(id);
  input.value = text;
  input.dispatchEvent(new window.Event("input", { bubbles: true }));
};
const frame = () => new Promise(window.requestAnimationFrame);
const shows = async id => {
  while (!dialog()?.open || step()?.id != id || view().classList.contains("busy")) {
    await frame();
  }
};
"""

# By the step's name, in the order in which it is gone through.
_STEPS = {
    "address": """
        await window.openAccountHub("MAIL");
        await shows("emailAutoConfigSubview");
        type("#realName", args[0]);
        type("#email", args[1]);
    """,
    "found": """
        press("account-hub-footer #forward");
        await shows("emailConfigFoundSubview");
    """,
    "incoming": """
        press("#editConfiguration");
        await shows("emailIncomingConfigSubview");
    """,
    "outgoing": """
        press("account-hub-footer #forward");
        await shows("emailOutgoingConfigSubview");
    """,
    "password": """
        press("account-hub-footer #forward");
        await shows("emailPasswordSubview");
        type("#password", "a password");
    """,
}

# The dialog is as high as its words need, which differs from language to language; so it is always as high as the most need.
_HEIGHT = "700px"

# All words are translated, nothing moves, the background is loaded, and no cursor blinks. Returns the dialog's place in the picture.
_SETTLE = """
const container = document.querySelector("account-hub-container");
const roots = [container, step(), step().shadowRoot.querySelector("account-hub-header")];
await document.l10n.translateRoots();
await Promise.all(roots.map(root => root.l10n.translateRoots()));
const background = new window.Image();
background.src = window.getComputedStyle(view()).backgroundImage.match(/url\\("(.*?)"\\)/)[1];
await background.decode();
container.shadowRoot.activeElement?.blur();
dialog().style.minBlockSize = args[0];
await Promise.all(dialog().getAnimations({ subtree: true }).map(animation => animation.finished.catch(() => null)));
await frame();
await frame();
const { left, top, right, bottom } = dialog().getBoundingClientRect();
return [left, top, right, bottom].map(value => value * window.devicePixelRatio);
"""


@dataclass(frozen=True, slots=True)
class Shot:
    """What the window showed at *step*, a PNG, and where in it the dialog is, in whole pixels."""

    step: str
    png: bytes
    left: int
    top: int
    width: int
    height: int


class AccountHub:
    """Account Hub in a Thunderbird of its own, which speaks *language*."""

    def __init__(self, network: Network, authority: Authority, language: str) -> None:
        locale = LOCALES[language]
        self._program = Thunderbird(network, authority.certificate, {**_PREFERENCES, "intl.locale.requested": locale})
        self._remote = self._program.remote
        spoken = self._remote.run("return Services.locale.appLocaleAsBCP47")
        if spoken != locale:
            self.close()
            raise LabError(f"Thunderbird speaks {spoken}, not {locale}: is its language pack installed?")
        self._remote.resize(*_WINDOW)

    def go_through(self, name: str, address: str) -> Iterator[Shot]:
        """Add the account *address* of *name* as far as the password, and yield a picture of each step."""
        for step, script in _STEPS.items():
            self._remote.run(_TOOLS + script, name, address)
            yield self._shot(step)

    def _shot(self, step: str) -> Shot:
        shots: list[Shot] = []

        def stands_still() -> bool:
            shots.append(self._look(step))
            return shots[-2:-1] == shots[-1:]

        wait_until(stands_still, f"picture of the step {step} that stands still", 30)
        return shots[-1]

    def _look(self, step: str) -> Shot:
        left, top, right, bottom = map(round, self._remote.run(_TOOLS + _SETTLE, _HEIGHT))
        return Shot(step, self._remote.picture(), left + _EDGE, top + _EDGE, right - left - 2 * _EDGE, bottom - top - 2 * _EDGE)

    def close(self) -> None:
        """End the program."""
        self._program.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

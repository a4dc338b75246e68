"""Mozilla Thunderbird from Debian, headless: what its own discovery finds for an address.

The program does all by itself, as its Account Hub would (`#findConfig` in email.mjs, Thunderbird 153.7): the parallel discovery, then the
placeholders. Not its guessing, which comes when nothing was found and asks no service. Needs Debian's thunderbird and libnss3-tools.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from .marionette import Marionette
from .network import Network
from .outcome import Outcome, Server

PROGRAMS = ("thunderbird", "certutil")

# Nothing that the program asks for by itself may be seen beside what discovery asks for. Marionette's own recommended
# preferences (remote.prefs.recommended) switch off most of it.
Preferences = Mapping[str, bool | int | str]
_PREFERENCES: Preferences = {
    "app.donation.eoy.version.viewed": 999,
    "app.normandy.enabled": False,
    "app.update.auto": False,
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.update.enabled": False,
    "mail.provider.suppress_dialog_on_startup": True,  # no account set-up at start
    "mail.rights.version": 1,
    "mail.spotlight.firstRunDone": True,
    "mailnews.start_page.enabled": False,
    "mailnews.start_page_override.mstone": "ignore",
    "marionette.port": 0,  # any free one, which it writes into its profile
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.trr.mode": 5,  # no DNS over HTTPS
    "security.OCSP.enabled": 0,
    "security.remote_settings.crlite_filters.enabled": False,
    "security.remote_settings.intermediates.enabled": False,
    "security.ssl.disable_session_identifiers": True,  # a resumed session would hide a changed certificate
    "services.settings.server": "data:,none",
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "",
}

# The screen that it has without one: as large as the largest window that somebody wants.
_SCREEN = {"MOZ_HEADLESS_WIDTH": "1600", "MOZ_HEADLESS_HEIGHT": "1600"}

# Empties what the program remembers of earlier cases: answers, names, connections.
_FORGET = """
Services.cache2.clear();
Services.dns.clearCache(true);
Services.obs.notifyObservers(null, "net:prune-all-connections");
"""

_FIND_CONFIG = """
const { FindConfig } = ChromeUtils.importESModule("resource:///modules/accountcreation/FindConfig.sys.mjs");
const { AccountConfig } = ChromeUtils.importESModule("resource:///modules/accountcreation/AccountConfig.sys.mjs");

const socketTypes = {
  [Ci.nsMsgSocketType.plain]: "plain",
  [Ci.nsMsgSocketType.alwaysSTARTTLS]: "STARTTLS",
  [Ci.nsMsgSocketType.SSL]: "SSL",
};
const methods = {
  [Ci.nsMsgAuthMethod.none]: "none",
  [Ci.nsMsgAuthMethod.passwordCleartext]: "password-cleartext",
  [Ci.nsMsgAuthMethod.passwordEncrypted]: "password-encrypted",
  [Ci.nsMsgAuthMethod.GSSAPI]: "GSSAPI",
  [Ci.nsMsgAuthMethod.NTLM]: "NTLM",
  [Ci.nsMsgAuthMethod.OAuth2]: "OAuth2",
};
const server = ({ type, hostname, port, socketType, username, auth }) => ({
  type, hostname, port, socketType: socketTypes[socketType] ?? null, username, auth: methods[auth] ?? null,
});

const [email, realName, password] = args;
const discovery = FindConfig.parallelAutoDiscovery(email.split("@")[1], email, new AbortController().signal, password ?? undefined);
let step = await discovery.next();
while (!step.done) {
  step = await discovery.next({ acceptRedirect: true }); // another host is named: the person agrees
}
const config = step.value;
if (!config) {
  return null;
}
AccountConfig.replaceVariables(config, realName, email, "");
return {
  source: config.subSource,
  incoming: [server(config.incoming)],
  outgoing: config.outgoing.hostname && !config.outgoing.useGlobalPreferredServer ? [server(config.outgoing)] : [],
  alternatives: [...config.incomingAlternatives, ...config.outgoingAlternatives].map(server),
};
"""


class Thunderbird:
    """A running Thunderbird with a profile of its own that trusts *authority*, a PEM file; *preferences* are set beside the lab's own.

    One process serves many cases, but take a new one for each host whose certificate changes from good to bad.
    """

    def __init__(self, network: Network, authority: Path, preferences: Preferences | None = None) -> None:
        profile = network.directory_for("thunderbird")
        _write_profile(network, profile, authority, {**_PREFERENCES, **(preferences or {})})
        self._program = network.start(
            "thunderbird",
            *("thunderbird", "--headless", "--marionette", "-remote-allow-system-access", "--profile", profile),
            env={"MOZ_CRASHREPORTER_DISABLE": "1", "DBUS_SESSION_BUS_ADDRESS": "disabled:", **_SCREEN},
        )
        port = profile / "MarionetteActivePort"
        self._program.wait_until(lambda: port.exists() and port.read_text().strip().isdigit(), "remote control")
        self.remote = Marionette(network.connect("127.0.0.1", int(port.read_text())), timeout=60)

    def find_config(self, email: str, password: str | None = None) -> Outcome:
        """Return what the program's own discovery finds, given only *email*, or also the *password*, as when it asked for one before."""
        self.remote.run(_FORGET)
        begin = time.monotonic()
        found: dict[str, Any] | None = self.remote.run(_FIND_CONFIG, email, "Anna Test", password)
        elapsed = time.monotonic() - begin
        if found is None:
            return Outcome(elapsed=elapsed)
        return Outcome(
            source=found["source"],
            incoming=_servers(found["incoming"]),
            outgoing=_servers(found["outgoing"]),
            alternatives=_servers(found["alternatives"]),
            elapsed=elapsed,
        )

    def close(self) -> None:
        """End the program."""
        self.remote.close()
        self._program.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _write_profile(network: Network, profile: Path, authority: Path, preferences: Preferences) -> None:
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items())
    (profile / "user.js").write_text("".join(lines))
    database = f"sql:{profile}"
    network.run("certutil", "-N", "-d", database, "--empty-password")
    network.run("certutil", "-A", "-d", database, "-n", "lab", "-t", "C,,", "-i", authority)


def _servers(found: list[dict[str, Any]]) -> tuple[Server, ...]:
    return tuple(Server(**server) for server in found)

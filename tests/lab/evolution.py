"""Evolution from Debian: what its own discovery finds for a domain, copied into account settings as its assistant does.

Run as a program, this file is what Evolution would be: it loads Evolution's library and asks it (ctypes; the header files' names and
types). It needs a session bus, and on it evolution-source-registry, which knows the proxy settings. Needs Debian's libevolution,
evolution-data-server and dbus-daemon.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from ctypes import POINTER, byref, c_char_p, c_int, c_uint16, c_uint32, c_void_p
from pathlib import Path
from typing import Any

from .network import Network
from .outcome import Outcome, Server

PROGRAMS = ("dbus-run-session",)
LIBRARY = Path("/usr/lib/evolution/libevolution-mail.so.0")
FILES = (LIBRARY, Path("/usr/libexec/evolution-source-registry"))

# GnuTLS of Debian trusts this file and nothing else; the mount is seen by this one program.
_TRUST = ("unshare", "--mount", "sh", "-euc", 'mount --bind "$0" /etc/ssl/certs/ca-certificates.crt; exec "$@"')

_SECURITY = ("plain", "SSL", "STARTTLS")  # camel-enums.h: CamelNetworkSecurityMethod
# Our word -> ESource's extension and Camel's provider.
_ACCOUNTS = {"imap": ("Mail Account", "imapx"), "pop3": ("Mail Account", "pop"), "smtp": ("Mail Transport", "smtp")}


class Evolution:
    """The program, started anew for every address; it trusts *authority*, a PEM file."""

    def __init__(self, network: Network, authority: Path) -> None:
        self._network = network
        self._authority = authority

    def find_config(self, email: str) -> Outcome:
        """Return what the program's own discovery finds, given only *email*: one server of each type, `auth` in the program's own words."""
        command = ("dbus-run-session", "--", sys.executable, "-m", __name__, email)
        begin = time.monotonic()
        printed = self._network.run(*_TRUST, self._authority, *command, cwd=Path(__file__).parents[2])
        found: dict[str, Any] = json.loads(printed)
        servers = [Server(**server) for server in found["servers"]]
        return Outcome(
            incoming=tuple(server for server in servers if server.type != "smtp"),
            outgoing=tuple(server for server in servers if server.type == "smtp"),
            message=found["message"],
            elapsed=time.monotonic() - begin,
        )


class _Error(ctypes.Structure):
    """GError."""

    _fields_ = (("domain", c_uint32), ("code", c_int), ("message", c_char_p))


def _main(email: str) -> None:
    mail, data, camel = (ctypes.CDLL(name) for name in (str(LIBRARY), "libedataserver-1.2.so.27", "libcamel-1.2.so.64"))
    error = POINTER(_Error)()
    where = byref(error)

    def call(library: ctypes.CDLL, function: str, result: Any, *arguments: Any) -> Any:
        # In variables of their own kind: without prototypes ctypes would cut pointers to 32 bits.
        found = getattr(library, function)
        found.restype = result
        return found(*(c_void_p(a) if isinstance(a, int) else a.encode() if isinstance(a, str) else a for a in arguments))

    call(data, "e_source_camel_register_types", None)
    registry = call(data, "e_source_registry_new_sync", c_void_p, None, where)
    assert registry, error.contents.message
    found = call(mail, "e_mail_autoconfig_new_sync", c_void_p, registry, email, None, None, where)
    servers = []
    for kind, (extension, provider) in _ACCOUNTS.items():
        source = call(data, "e_source_new", c_void_p, None, None, None)
        call(data, "e_source_backend_set_backend_name", None, call(data, "e_source_get_extension", c_void_p, source, extension), provider)
        if not found or not call(mail, f"e_mail_autoconfig_set_{kind}_details", c_int, found, source):
            continue
        name = call(data, "e_source_camel_get_extension_name", c_char_p, provider)
        settings = call(data, "e_source_camel_get_settings", c_void_p, call(data, "e_source_get_extension", c_void_p, source, name))

        def get(what: str, kind: Any = c_char_p, settings: int = settings) -> Any:
            value = call(camel, f"camel_network_settings_get_{what}", kind, settings)
            return value.decode() if isinstance(value, bytes) else value

        servers.append(
            {
                "type": kind,
                "hostname": get("host"),
                "port": get("port", c_uint16),
                "socketType": _SECURITY[get("security_method", c_int)],
                "username": get("user"),
                "auth": get("auth_mechanism"),
            }
        )
    print(json.dumps({"servers": servers, "message": None if found else error.contents.message.decode()}))


if __name__ == "__main__":
    _main(*sys.argv[1:])

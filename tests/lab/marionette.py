"""Marionette, the remote control of Mozilla's programs: JSON messages, each after its length and a colon, over TCP.

Protocol version 3: a command is [0, id, name, parameters], its answer [1, id, error, result]. Knows nothing of mail.
"""

from __future__ import annotations

import base64
import json
import socket
from itertools import count
from typing import Any

_ASYNC = """
const [args, done] = arguments;
(async () => { %s })().then(value => done({ value }), error => done({ error: String(error) }));
"""


class MarionetteError(Exception):
    """The program refused a command, or the script in it threw."""


class Marionette:
    """A session in the chrome context, that is, with the rights of the program itself."""

    def __init__(self, connection: socket.socket, timeout: float) -> None:
        self._connection = connection
        self._connection.settimeout(timeout)
        self._stream = connection.makefile("rb")
        self._ids = count(1)
        self._receive()  # the greeting
        self._command("WebDriver:NewSession", {})
        self._command("Marionette:SetContext", {"value": "chrome"})
        self._command("WebDriver:SetTimeouts", {"script": int(timeout * 1000)})

    def run(self, body: str, *arguments: object) -> Any:
        """Run *body*, the inside of an async function of `args`, and return the JSON value that it returns."""
        script = _ASYNC % body
        result = self._command("WebDriver:ExecuteAsyncScript", {"script": script, "args": [list(arguments)], "sandbox": "system"})["value"]
        if "error" in result:
            raise MarionetteError(result["error"])
        return result.get("value")

    def resize(self, width: int, height: int) -> None:
        """Give the program's window this size, in its own pixels."""
        self._command("WebDriver:SetWindowRect", {"width": width, "height": height})

    def picture(self) -> bytes:
        """Return what the program's window shows, as PNG."""
        return base64.b64decode(self._command("WebDriver:TakeScreenshot", {"full": False})["value"])

    def close(self) -> None:
        """Close the connection; the program goes on."""
        self._stream.close()
        self._connection.close()

    def _command(self, name: str, parameters: dict[str, object]) -> Any:
        number = next(self._ids)
        message = json.dumps([0, number, name, parameters]).encode()
        self._connection.sendall(b"%d:%b" % (len(message), message))
        _, answered, error, result = self._receive()
        assert answered == number
        if error:
            raise MarionetteError(f"{name}: {error['error']}: {error['message']}")
        return result

    def _receive(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            byte = self._stream.read(1)
            if not byte:
                raise MarionetteError("the program closed the connection")
            length += byte
        return json.loads(self._stream.read(int(length[:-1])))

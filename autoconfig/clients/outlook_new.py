"""New Outlook for Windows, Outlook for phones and recent ones on computers: a service of Microsoft decides, and nothing here can be asked.

Claimed by people who watched it: the program sends the address to that service, which looks at Autodiscover by itself, remembers, and
tells what kind of account it takes it for; nobody saw it fetch a domain's settings for plain IMAP. The address of somebody else is not for
us to send there, so that all we know is that the servers may have to be typed in.
"""

from __future__ import annotations

from autoconfig.clients.outcome import Client, Confidence, Outcome, Result, Typed
from autoconfig.observations import World


async def discover(typed: Typed, world: World) -> Outcome:
    """Ask nobody."""
    return Outcome(Result.MANUAL, why="CLOUD_DECIDES")


CLIENT = Client("outlook-new", "Outlook (new, and on phones)", Confidence.CLAIMED, discover)

"""The run itself: looks at one domain as the snapshot has it, in a world of public addresses only, and writes how far it is to its file.

It reads no configuration and no database, logs in nowhere, and asks nothing about a person: the address it goes by is the postmaster's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

from autoconfig import diagnose, dnsrecords, i18n
from autoconfig.address import Domain, EmailAddress
from autoconfig.checks.case import Case
from autoconfig.findings import Group
from autoconfig.formats import pacc
from autoconfig.livecheck.desk import Order, put
from autoconfig.livecheck.plain import answer
from autoconfig.livecheck.state import State
from autoconfig.model import ClientConfig
from autoconfig.network.live import Live
from autoconfig.network.policy import PUBLIC_ONLY
from autoconfig.observations import World
from autoconfig.store.snapshot import Snapshot

SECONDS = 5.0  # for each host; the whole ends within twice that
# What the mail programs would do is left out: some of them ask third parties, who are not to be asked on a stranger's word.
GROUPS = frozenset(Group) - {Group.CLIENTS}
_POSTMASTER = "postmaster"  # RFC 5321, 4.5.1: every domain has one

OpenWorld = Callable[[], AbstractAsyncContextManager[World]]


def public() -> AbstractAsyncContextManager[World]:
    """Return the world as strangers may have it looked at."""
    return Live(policy=PUBLIC_ONLY, deadline=SECONDS)


async def look(order: Order, open_world: OpenWorld = public) -> None:
    """Do what *order* says; raises SnapshotError, and LookupError for a domain that is not ours."""
    domain = Domain.parse(order.domain)
    config = Snapshot.open(Path(order.snapshot)).client_config(domain)
    if config is None:
        raise LookupError(order.domain)
    own_host = Domain.parse(order.own_host) if order.own_host else None
    file, state = Path(order.file), State(order.run, order.domain, order.began, {})

    def watch(group: Group, ended: bool) -> None:
        nonlocal state
        state = replace(state, steps={**state.steps, group: ended})
        put(file, state)

    async with open_world() as world:
        case = Case(domain, EmailAddress(_POSTMASTER, domain), world, config, _due(config, own_host), own_host)
        report = await diagnose.run(case, seconds=SECONDS, only=GROUPS, watch=watch)
        told = answer(report, config, [i18n.texts(language) for language in order.languages])
        # Before the world is closed, which waits for what still hangs in it.
        put(file, replace(state, ended=time.time(), answer=told))


def _due(config: ClientConfig, own_host: Domain | None) -> tuple[dnsrecords.Record, ...]:
    """Return the records that the domain should publish; digests of former documents are the database's alone."""
    digest = pacc.digest_of(config) if own_host else None
    return dnsrecords.records(config, own_host, [dnsrecords.Digest(digest)] if digest else ())

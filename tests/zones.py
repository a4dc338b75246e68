"""A name server for a table of records, on loopback: in the test's own loop, or in a thread of its own for what is no coroutine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager

import dns.message
import dns.rdatatype

from tests.network.nameserver import Answerer, FaultyServer, Reply, answering, reply

Table = Mapping[str, Mapping[str, Sequence[str]]]  # {"kund.test": {"MX": ["10 mx.kund.test."]}}, names without their last dot


def answerer(table: Table) -> Answerer:
    """Return what answers from *table*: a name that is neither there nor above one does not exist; type "RCODE" is an error ("2")."""

    def answer(query: dns.message.Message, tcp: bool) -> Reply:
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        here = table.get(name)
        if here is None:
            return reply(query, rcode=0 if any(other.endswith(f".{name}") for other in table) else 3)
        if "RCODE" in here:
            return reply(query, rcode=int(here["RCODE"][0]))
        return reply(query, *(f"{question.name} {kind} {value}" for value in here.get(kind, ())))

    return answer


@asynccontextmanager
async def served(table: Table) -> AsyncIterator[FaultyServer]:
    """Serve *table* in this loop."""
    async with answering(answerer(table)) as server:
        yield server


@contextmanager
def served_beside(table: Table) -> Iterator[FaultyServer]:
    """Serve *table* in a thread."""
    ready, servers = threading.Event(), []
    loop, end = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        async with served(table) as server:
            servers.append(server)
            ready.set()
            await end.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="name server")
    thread.start()
    try:
        assert ready.wait(5)
        yield servers[0]
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join()
        loop.close()

"""`autoconfig serve`: granian with our application by name, and beside it the follower that keeps the snapshot at the store's revision.

The workers read nothing but the snapshot; only this parent process talks to the database.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import socket
import threading

import click

from autoconfig import logs, signing
from autoconfig.cli.room import Room
from autoconfig.config import PREFIX
from autoconfig.errors import N_, AutoconfigError, SnapshotError, UsageError

APPLICATION = "autoconfig.web:create_app"

_THREADS = 2  # of each worker: an answer is a look-up in memory, more threads would only take turns

_log = logging.getLogger(__name__)


@click.command(name="serve")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="H", help="The address to listen on.")
@click.option("--port", default=8080, show_default=True, metavar="P", type=click.IntRange(1, 65535), help="The port to listen on.")
@click.option("--workers", default=2, show_default=True, metavar="N", type=click.IntRange(1, 256), help="How many processes answer.")
@click.pass_obj
def serve(room: Room, host: str, port: int, workers: int) -> None:
    """Answer mail programs and people over HTTP.

    Put a web server that speaks https in front (the README has complete examples). Changes made by the other commands are served
    within two seconds. Ctrl-C stops it after the requests under way.
    """
    config = room.config
    signing.from_config(config)  # a certificate that cannot be used stops us here, in one line, and not in each worker
    logs.configure(config.log_format)
    _refuse_busy(host, port)
    _first_snapshot(room)
    stop = threading.Event()
    from autoconfig.store.follow import follow
    from autoconfig.store.state import Teller

    told = {"tell": Teller(config.state_path)}
    follower = threading.Thread(target=follow, args=(config.database_url, config.snapshot_path, stop), kwargs=told, daemon=True)
    follower.start()

    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    # The workers are processes made from nothing: a fork of this one would take its threads' locks along.
    multiprocessing.set_start_method("spawn", force=True)
    os.environ[PREFIX + "INSTANCE"] = str(config.instance)
    server = Granian(
        APPLICATION,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=workers,
        blocking_threads=_THREADS,
        websockets=False,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        log_level=LogLevels.warning,
        log_dictconfig=logs.settings(config.log_format),
    )
    shown = f"[{host}]" if ":" in host else host
    _log.info("autoconfig serves http://%s:%d/ from %s", shown, port, config.instance)
    try:
        server.serve()
    finally:
        stop.set()
        follower.join(timeout=5)


def _first_snapshot(room: Room) -> None:
    """See to it that there is a snapshot before the first request; the follower brings one that is there up to date."""
    from autoconfig.store.snapshot import Snapshot

    try:
        Snapshot.open(room.config.snapshot_path)
    except SnapshotError:
        with room.snapshot():
            pass


def _refuse_busy(host: str, port: int) -> None:
    """Say clearly that the port is taken: granian shares ports, so a second server would quietly take half of the requests."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except socket.gaierror:
        raise UsageError(N_("%(host)s is not an address to listen on"), host=host) from None
    except OSError as error:
        raise AutoconfigError(
            N_("cannot listen on %(host)s port %(port)d: %(reason)s"), host=host, port=port, reason=error.strerror or error
        ) from None

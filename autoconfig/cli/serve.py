"""`autoconfig serve`: see that the service can start, take the port, and leave the rest to the supervisor.

What takes long to import is imported by those who need it: the first answer waits for nothing else.
"""

from __future__ import annotations

import logging
import socket

import click

from autoconfig import logs
from autoconfig.cli.room import Room, user_name
from autoconfig.config import Config
from autoconfig.errors import N_, AutoconfigError, SnapshotError, UsageError

_log = logging.getLogger(__name__)


@click.command(name="serve")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="H", help="The address to listen on.")
@click.option("--port", default=8080, show_default=True, metavar="P", type=click.IntRange(1, 65535), help="The port to listen on.")
@click.option("--workers", default=2, show_default=True, metavar="N", type=click.IntRange(1, 256), help="How many processes answer.")
@click.pass_obj
def serve(room: Room, host: str, port: int, workers: int) -> int:
    """Answer mail programs and people over HTTP.

    Put a web server that speaks https in front (the README has complete examples). Changes made by the other commands are served
    within two seconds. Ctrl-C stops it after the requests under way; SIGHUP has it read its configuration again.
    """
    from autoconfig.cli.supervisor import Supervisor

    config = _usable(room)
    _first_snapshot(room)
    shown = f"[{host}]" if ":" in host else host
    return Supervisor(
        config,
        _listeners(host, port, workers),
        read_config=lambda: _usable(Room(room.instance, room.environ)),
        when_ready=lambda: _log.info("autoconfig serves http://%s:%d/ from %s", shown, port, config.instance),
    ).run()


def _usable(room: Room) -> Config:
    """Return the configuration, and log as it says; a certificate that cannot be used is one line here, and not one of each worker."""
    config = room.config
    if config.wants_signatures:
        from autoconfig import signing

        signing.from_config(config)
    logs.configure(config.log_format)
    return config


def _first_snapshot(room: Room) -> None:
    """See to it that there is a snapshot before the first request; the follower brings one that is there up to date."""
    from autoconfig.store.snapshot import Snapshot

    try:
        Snapshot.open(room.config.snapshot_path)
    except SnapshotError:
        from autoconfig.store.follow import PATIENCE, catch_up
        from autoconfig.store.store import open_store

        config = room.make_folder()
        with open_store(config.database_url, who=user_name(), patience=PATIENCE) as store:
            catch_up(store, config.snapshot_path)


def _listeners(host: str, port: int, count: int) -> list[socket.socket]:
    """Return *count* sockets that share the port, for each worker one."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        # One that does not share goes first: a second server would quietly take half of the requests.
        with _bound(family, kind, protocol, address, socket.SO_REUSEADDR) as probe:
            probe.listen(1)
        return [_bound(family, kind, protocol, address, socket.SO_REUSEADDR, socket.SO_REUSEPORT) for _ in range(count)]
    except socket.gaierror:
        raise UsageError(N_("%(host)s is not an address to listen on"), host=host) from None
    except OSError as error:
        raise AutoconfigError(
            N_("cannot listen on %(host)s port %(port)d: %(reason)s"), host=host, port=port, reason=error.strerror or error
        ) from None


def _bound(family: int, kind: int, protocol: int, address: tuple[object, ...], *options: int) -> socket.socket:
    made = socket.socket(family, kind, protocol)
    for option in options:
        made.setsockopt(socket.SOL_SOCKET, option, 1)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it
    made.bind(address)
    return made

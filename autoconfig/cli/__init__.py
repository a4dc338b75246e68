"""The `autoconfig` command: which commands there are, and what becomes of errors. Each group lives in a file of its own.

Commands are imported when they are called, so that `--help` and completion stay quick. Results go to stdout, everything else to
stderr. Exit codes: 0 done, 1 refused or failed, 64 wrong usage (sysexits.h, EX_USAGE).
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from autoconfig import i18n
from autoconfig.cli.room import Room
from autoconfig.errors import AddressError, AutoconfigError, UsageError

EXIT_FAILED = 1
EXIT_USAGE = 64
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells count

# name -> (where it is, what it does); in the order of `--help`
COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("autoconfig.cli.serve:serve", "Answer mail programs and people over HTTP."),
    "import": ("autoconfig.cli.exchange:import_settings", "Take in providers and domains from a settings file."),
    "export": ("autoconfig.cli.exchange:export_settings", "Write all settings as a file that import takes."),
    "provider": ("autoconfig.cli.provider:provider", "List, show, set and remove providers; history and undo."),
    "domain": ("autoconfig.cli.domain:domain", "Add, set, remove, list and show domains; history and undo."),
    "show": ("autoconfig.cli.show:show", "Print what a mail program would get for an address."),
    "guide": ("autoconfig.cli.guide:guide", "Print how to set up a mail program, step by step."),
    "dns": ("autoconfig.cli.dns:dns", "Print what a domain should publish in the DNS."),
    "check": ("autoconfig.cli.check:check", "Tell what is wrong with a domain's mail on the live servers."),
    "discover": ("autoconfig.cli.discover:discover", "Tell what each mail program would end up with for an address."),
    "simulate": ("autoconfig.cli.discover:simulate", "The same in a world that a file describes."),
    "lint": ("autoconfig.cli.lint:lint", "Tell what is wrong in a settings document, and for which mail programs."),
    "explain": ("autoconfig.cli.explain:explain", "Tell what a finding's code, or a mail program's error, means."),
    "db": ("autoconfig.cli.db:db", "Look after the database; history and undo of everything."),
}


class LazyGroup(click.Group):
    """A group that imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the registry."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command, None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)  # noqa: S101  # the registry above is ours
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the registry, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="autoconfig")
@click.option(
    "--instance",
    metavar="DIR",
    help="The folder with this installation's configuration, database and snapshot. "
    "[default: $AUTOCONFIG_INSTANCE, else ./instance where it exists, else the user's data folder]",
)
@click.pass_context
def autoconfig(ctx: click.Context, instance: str | None) -> None:
    """Set up e-mail accounts by themselves: one set of settings per domain, served to every mail program.

    \b
    Begin with:
      autoconfig import settings.toml     take in providers and domains
      autoconfig serve                    answer on http://127.0.0.1:8080
      autoconfig show anna@kund.se        see what a mail program would get
    """
    ctx.obj = Room.of(instance, os.environ, Path.cwd())


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command with *arguments* (sys.argv's by default) and exit; an error is one clear line on stderr, never a traceback."""
    # At its end Python looks for garbage among all that there is; it goes with the process anyway.
    atexit.register(gc.freeze)
    texts = i18n.texts(i18n.locale_language())
    try:
        code = autoconfig.main(arguments, prog_name="autoconfig", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_USAGE)
    except click.Abort:
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader of our pipe has gone (`autoconfig export | head`); the interpreter must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_FAILED)
    except AutoconfigError as error:
        for line in texts.errors(error):
            click.echo(f"autoconfig: {line}", err=True)
        sys.exit(EXIT_USAGE if isinstance(error, UsageError | AddressError) else EXIT_FAILED)
    sys.exit(code if isinstance(code, int) else 0)

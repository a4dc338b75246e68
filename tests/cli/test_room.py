"""What every command has at hand: the store, and who opens it."""

from __future__ import annotations

import getpass
import os
import sqlite3
from pathlib import Path

import pytest

from autoconfig.cli.room import user_name
from tests.cli.conftest import Command


def test_a_change_is_remembered_with_the_user_who_made_it(autoconfig: Command, tmp_path: Path) -> None:
    """By the name that the system knows."""
    assert autoconfig("domain", "add", "ny.se", "--provider", "karlahosting").returncode == 0
    connection = sqlite3.connect(tmp_path / "instance" / "autoconfig.db")
    assert connection.execute("SELECT revision, who FROM revision").fetchall() == [(1, getpass.getuser()), (2, getpass.getuser())]
    connection.close()


@pytest.mark.parametrize(
    "error", [OSError("No username set in the environment"), KeyError("getpwuid(): uid not found: 54321"), ImportError]
)
def test_a_user_without_a_name_is_a_number(error: Exception) -> None:
    """As in a container that runs under a number of its own."""

    def ask() -> str:
        raise error

    assert user_name(ask) == f"uid {os.getuid()}"


def test_a_name_that_is_no_text_is_escaped() -> None:
    """A database holds UTF-8; LOGNAME holds bytes."""
    assert user_name(lambda: "karla\udcff\n") == "karla\\udcff\\n"

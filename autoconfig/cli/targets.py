"""The targets of a command: a file with one on each line, and an earlier report that is a file as well."""

from __future__ import annotations

import sys
from pathlib import Path

from autoconfig.address import Domain, EmailAddress
from autoconfig.errors import N_, AddressError, DocumentError, UsageError
from autoconfig.report import changes

MAX_OCTETS = 16 * 1024 * 1024
STDIN = "-"


def parse(target: str) -> Domain | EmailAddress:
    """Return the domain or the address that *target* is; raises AddressError."""
    return EmailAddress.parse(target) if "@" in target else Domain.parse(target)


def listed(file: str) -> tuple[str, ...]:
    """Return the targets that *file* lists, "-" being the standard input; blank lines and those that begin with # are left out.

    Raises UsageError for a file that cannot be read, and for the first line that is no target.
    """
    try:
        text = _content(file, MAX_OCTETS).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(N_("%(file)s is not UTF-8 text"), file=file) from None
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        target = line.strip()
        if not target or target.startswith("#"):
            continue
        try:
            parse(target)
        except AddressError as error:
            raise UsageError(N_("%(file)s, line %(line)d: %(reason)s"), file=file, line=number, reason=error) from None
        found.append(target)
    if not found:
        raise UsageError(N_("%(file)s names no domain and no address"), file=file)
    return tuple(found)


def earlier(file: Path) -> tuple[changes.PastReport, ...]:
    """Return the reports that *file* holds; raises UsageError where it holds none."""
    try:
        return changes.read(_content(str(file), changes.MAX_OCTETS))
    except DocumentError as error:
        raise UsageError(N_("%(file)s cannot be compared with: %(reason)s"), file=file, reason=error) from None


def _content(file: str, limit: int) -> bytes:
    try:
        if file == STDIN:
            content = sys.stdin.buffer.read(limit + 1)
        else:
            with Path(file).open("rb") as opened:
                content = opened.read(limit + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(N_("%(file)s cannot be read: %(reason)s"), file=file, reason=reason) from None
    if len(content) > limit:
        raise UsageError(N_("%(file)s is larger than %(limit)d bytes"), file=file, limit=limit)
    return content

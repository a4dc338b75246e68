"""This installation's configuration: instance/config.toml and AUTOCONFIG_* variables become one frozen `Config`.

Read by `web` and `cli` only, and handed on from there. A variable wins over the file. An unknown key or a bad value stops the start.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from autoconfig.address import Domain
from autoconfig.errors import N_, AddressError, AutoconfigError, ConfigError

FILE_NAME = "config.toml"
PREFIX = "AUTOCONFIG_"

MAX_DAYS = 3650

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Variables with our prefix that are no keys of the file, and those that Kubernetes makes for a service called "autoconfig".
_OTHER_VARIABLES = re.compile(r"AUTOCONFIG_(INSTANCE|PASSWORD|SERVICE_\w+|PORT|PORT_\w+)\Z")


@dataclass(frozen=True, slots=True)
class Rate:
    """At most *count* requests in *seconds*."""

    count: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Config:
    """One installation. Paths are absolute; *base_url* has no trailing slash."""

    instance: Path
    database_url: str
    base_url: str | None = None
    https: bool = False
    trusted_proxies: tuple[Network, ...] = ()
    languages: tuple[str, ...] = ("sv", "en")
    sign_cert: Path | None = None
    sign_key: Path | None = None
    sign_chain: Path | None = None
    digest_days: int = 30
    rate_limit: Rate = Rate(30, 60)
    discovery_rate_limit: Rate | None = None
    log_format: str = "plain"

    @property
    def snapshot_path(self) -> Path:
        """The memory-mapped file that the web reads."""
        return self.instance / "snapshot.mdb"

    @property
    def run_folder(self) -> Path:
        """What the processes of a running service tell each other; while none runs it may be thrown away."""
        return self.instance / "run"

    @property
    def state_path(self) -> Path:
        """The file by which the workers know how the follower fares."""
        return self.run_folder / "follower.json"

    @property
    def own_name(self) -> str | None:
        """The service's own host name, from *base_url*."""
        return urlsplit(self.base_url).hostname if self.base_url else None

    @property
    def own_domain(self) -> Domain | None:
        """The same as a domain; None where it is an IP address or a name such as localhost, which no record can lead to."""
        try:
            return Domain.parse(self.own_name) if self.own_name else None
        except AddressError:
            return None

    @property
    def wants_signatures(self) -> bool:
        """Whether anything is said about a certificate to sign with; what signs takes a while to load."""
        return bool(self.sign_cert or self.sign_key or self.sign_chain)


def find_instance(option: str | None, environ: Mapping[str, str], cwd: Path) -> Path:
    """Return the instance folder: *option*, AUTOCONFIG_INSTANCE, ./instance where it exists, else the user's XDG data folder."""
    named = option or environ.get(PREFIX + "INSTANCE")
    if named:
        return (cwd / Path(named).expanduser()).resolve()
    local = cwd / "instance"
    if local.is_dir():
        return local.resolve()
    # XDG Base Directory Specification: an unset or relative XDG_DATA_HOME means $HOME/.local/share.
    data_home = environ.get("XDG_DATA_HOME", "")
    base = Path(data_home) if data_home.startswith("/") else Path(environ.get("HOME") or Path.home()) / ".local" / "share"
    return base / "autoconfig"


def load(instance: Path, environ: Mapping[str, str]) -> Config:
    """Read the configuration of *instance*; raises ConfigError with one clear line."""
    path = instance / FILE_NAME
    values: dict[str, object] = {}
    for key, raw in _read(path).items():
        if key not in _KEYS:
            raise ConfigError(N_("%(place)s: there is no setting %(key)s%(hint)s"), place=path, key=key, hint=_hint(key, _KEYS))
        values[key] = _parse(key, raw, str(path), instance)
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or _OTHER_VARIABLES.match(variable):
            continue
        key = variable.removeprefix(PREFIX).lower()
        if key not in _KEYS or variable != variable.upper():
            known = [PREFIX + name.upper() for name in _KEYS]
            raise ConfigError(N_("there is no variable %(key)s%(hint)s"), key=variable, hint=_hint(variable, known))
        values[key] = _parse(key, text, variable, instance)
    values.setdefault("database_url", f"sqlite:///{instance / 'autoconfig.db'}")
    return Config(instance=instance, **values)  # type: ignore[arg-type]  # each key's parser returns its field's type


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(N_("%(place)s cannot be read: %(reason)s"), place=path, reason=error.strerror) from None
    except UnicodeDecodeError:
        raise ConfigError(N_("%(place)s is not UTF-8 text"), place=path) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(N_("%(place)s is not valid TOML: %(reason)s"), place=path, reason=error) from None
    except RecursionError:
        raise ConfigError(N_("%(place)s is nested too deeply"), place=path) from None


def _hint(key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, list(known), n=1)
    return f"; {near[0]}?" if near else ""


def _parse(key: str, raw: object, place: str, instance: Path) -> object:
    try:
        return _KEYS[key](raw, instance)
    except AutoconfigError as error:
        raise ConfigError(N_("%(place)s: %(key)s: %(reason)s"), place=place, key=key, reason=error) from None


def _text(raw: object, _instance: Path) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise ConfigError(N_("must be a text"))
    return raw.strip()


def _flag(raw: object, _instance: Path) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    found = raw if isinstance(raw, bool) else words.get(str(raw).strip().lower()) if isinstance(raw, str) else None
    if found is None:
        raise ConfigError(N_("must be true or false"))
    return found


def _list(raw: object, instance: Path) -> tuple[str, ...]:
    items = [part for part in raw.split(",") if part.strip()] if isinstance(raw, str) else raw
    if not isinstance(items, list):
        raise ConfigError(N_("must be a list of texts"))
    return tuple(_text(item, instance) for item in items)


def _networks(raw: object, instance: Path) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(item) for item in _list(raw, instance))
    except ValueError as error:
        raise ConfigError(N_("must be networks such as 10.0.0.0/8: %(reason)s"), reason=error) from None


def _languages(raw: object, instance: Path) -> tuple[str, ...]:
    found = _list(raw, instance)
    bad = next((language for language in found if not re.fullmatch(r"[a-z]{2,3}", language)), None)
    if bad is not None or not found:
        raise ConfigError(N_('must be language codes such as "sv", "en"'))
    return found


def _base_url(raw: object, instance: Path) -> str:
    url = _text(raw, instance).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise ConfigError(N_("must be like https://autoconfig.karlahosting.se"))
    if not re.fullmatch(r"[0-9.]+|localhost|.*:.*", parts.hostname):
        Domain.parse(parts.hostname)
    return url


def _path(raw: object, instance: Path) -> Path:
    # Links are left as they are, because a renewal turns them; what is there is for `signing` to judge, at start and later.
    return instance / Path(_text(raw, instance)).expanduser()


def _days(raw: object, _instance: Path) -> int:
    found = int(raw) if isinstance(raw, str) and re.fullmatch(r"\s*[0-9]{1,9}\s*", raw) else raw
    if type(found) is not int or not 0 <= found <= MAX_DAYS:
        raise ConfigError(N_("must be a number of days from 0 to %(most)d"), most=MAX_DAYS)
    return found


def _rate(raw: object, instance: Path) -> Rate:
    units = {"second": 1, "minute": 60, "hour": 3600}
    found = re.fullmatch(r"(\d{1,9})/(second|minute|hour)", _text(raw, instance))
    if not found or not int(found[1]):
        raise ConfigError(N_('must be like "30/minute" (second, minute or hour)'))
    return Rate(int(found[1]), units[found[2]])


def _log_format(raw: object, instance: Path) -> str:
    text = _text(raw, instance)
    if text not in ("plain", "json"):
        raise ConfigError(N_('must be "plain" or "json"'))
    return text


_KEYS: dict[str, Callable[[object, Path], object]] = {
    "database_url": _text,
    "base_url": _base_url,
    "https": _flag,
    "trusted_proxies": _networks,
    "languages": _languages,
    "sign_cert": _path,
    "sign_key": _path,
    "sign_chain": _path,
    "digest_days": _days,
    "rate_limit": _rate,
    "discovery_rate_limit": _rate,
    "log_format": _log_format,
}

"""The forms in which settings are written: lists, named files, folders; each refuses what cannot be used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from gateway.tokens import Peer

PREFIX: Final = "YITI_"


class Room(BaseSettings):
    """Settings that belong together, under one heading in docs/settings.md."""

    heading: ClassVar[str]

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, env_ignore_empty=True)


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def variables(*names: str) -> str:
    """Those of several, for a sentence."""
    return ", ".join(variable(name) for name in names)


def parts(text: str) -> Iterator[str]:
    """What stands between commas."""
    return (part.strip() for part in text.split(",") if part.strip())


def _listed(value: object) -> object:
    return tuple(parts(value)) if isinstance(value, str) else value


def _named(text: str, form: str) -> dict[str, str]:
    named: dict[str, str] = {}
    for part in parts(text):
        name, _, path = (side.strip() for side in part.partition("="))
        if not name or not path or name in named:
            raise ValueError(f"must be {form}, separated by commas, each name once")
        named[name] = path
    return named


def _named_paths(value: object) -> object:
    return _named(value, "name=path") if isinstance(value, str) else value


def _named_peers(value: object) -> object:
    if not isinstance(value, str):
        return value
    peers: dict[str, Peer] = {}
    for where, path in _named(value, "name@province=path").items():
        name, _, province = where.partition("@")
        if not re.fullmatch(r"\d{2}0000", province) or name in peers:
            raise ValueError("must be name@province=path with the province's GB/T 2260 code, each name once")
        peers[name] = Peer(Path(path), province)
    return peers


def _a_file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"{path} is not a file")
    return path


def _a_folder(path: Path) -> Path:
    if not path.is_dir():
        raise ValueError(f"{path} is not a folder")
    return path


def _peers_files(peers: Mapping[str, Peer]) -> Mapping[str, Peer]:
    for peer in peers.values():
        _a_file(peer.keys)
    return peers


def _a_redis(url: SecretStr) -> SecretStr:
    if not re.match(r"rediss?://[^/]", url.get_secret_value()):
        raise ValueError("must be an address such as rediss://:password@host:6379/0")
    if find_spec("redis") is None:
        raise ValueError("redis is not installed; pip install yiti[redis]")
    return url


File = Annotated[Path, AfterValidator(_a_file)]
Folder = Annotated[Path, AfterValidator(_a_folder)]
Files = Annotated[tuple[File, ...], NoDecode, BeforeValidator(_listed)]
Folders = Annotated[tuple[Folder, ...], NoDecode, BeforeValidator(_listed)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
NamedFiles = Annotated[Mapping[str, File], NoDecode, BeforeValidator(_named_paths)]
Peers = Annotated[Mapping[str, Peer], NoDecode, BeforeValidator(_named_peers), AfterValidator(_peers_files)]
RedisUrl = Annotated[SecretStr, AfterValidator(_a_redis)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9.-]{2,60}$")]
Province = Annotated[str, Field(pattern=r"^\d{2}0000$")]

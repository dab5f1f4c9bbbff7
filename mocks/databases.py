"""Builds the systems' databases, once per directory: again only when world or code have changed."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from starlette.types import ASGIApp

from mocks.systems import System
from mocks.world import World

Progress = Callable[[str], None]
_STAMP = "world.json"


class Module(Protocol):
    """What mocks.systems asks of a system's module."""

    def build(self, world: World, url: str) -> Awaitable[None]:
        """Write the system's view of the world."""
        ...

    def app(self, url: str) -> ASGIApp:
        """The service over that database; HTTP systems only."""
        ...


def module_of(system: System) -> Module:
    """The module that imitates a system."""
    return cast(Module, import_module(system.module))


def database_url(directory: Path, system: System) -> str:
    """Where a system's own SQLite database lies."""
    return f"sqlite+aiosqlite:///{directory / system.id}.db"


async def ensure(
    directory: Path,
    world: World,
    systems: Iterable[System],
    *,
    databases: Mapping[str, str] | None = None,
    progress: Progress = lambda _: None,
) -> Mapping[str, str]:
    """Build what is missing or stale and return system id -> database URL.

    `databases` gives systems another database than SQLite, by id; those are always written anew.
    """
    await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
    stamp = directory / _STAMP
    mark, fresh = _mark(world), _read(stamp)
    if fresh.get("mark") != mark:
        fresh = {}
    given, urls = databases or {}, {}
    for system in systems:
        url = urls[system.id] = given.get(system.id) or database_url(directory, system)
        done = fresh.get(system.id) == url and system.id not in given and (directory / f"{system.id}.db").exists()
        if not done:
            progress(f"{system.name} ({system.id})")
            fresh.pop(system.id, None)
            await module_of(system).build(world, url)
            fresh |= {"mark": mark, system.id: url}
            stamp.write_text(json.dumps(fresh, indent=1), encoding="utf-8")
    return urls


def _read(stamp: Path) -> dict[str, str]:
    if not stamp.exists():
        return {}
    try:
        found = json.loads(stamp.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _mark(world: World) -> str:
    """What the databases depend on: the world's arguments and the code that writes them."""
    digest = hashlib.sha256(f"{world.seed} {len(world.lives)} {world.today}".encode())
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()

"""The imitation world, made once, and its SQL systems, built once on SQLite."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mocks.databases import ensure
from mocks.systems import SYSTEMS
from mocks.world import World, populate


@pytest.fixture(scope="session")
def world() -> World:
    return populate()


@pytest.fixture(scope="session")
def sql_urls(world: World, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """System id -> URL of its database."""
    directory: Path = tmp_path_factory.mktemp("agencies")
    systems = [system for system in SYSTEMS.values() if system.kind == "sql"]
    with ThreadPoolExecutor(1) as pool:  # no loop of a test is disturbed
        return pool.submit(asyncio.run, ensure(directory, world, systems)).result()

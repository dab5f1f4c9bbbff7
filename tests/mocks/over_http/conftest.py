"""A small imitation world with its HTTP systems served by uvicorn on loopback, once for all these tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from adapters import drivers
from adapters.contract import Adapter, Call, Deadline
from adapters.loading import load
from adapters.manifest import Manifest
from mocks.launch import Imitation
from mocks.systems import SYSTEMS
from mocks.world import World, populate

MANIFESTS = Path(__file__).parents[3] / "adapters" / "agencies"
RARE = "李䶮𬭊"


@dataclass(frozen=True, slots=True)
class Running:
    """The served world; `environment` is what manifests need."""

    world: World
    environment: Mapping[str, str]

    def url(self, system: str) -> str:
        return self.environment[SYSTEMS[system].variable]

    def secret(self, system: str) -> str:
        return self.environment[SYSTEMS[system].secret_variable or ""]

    def manifest(self, system: str) -> Manifest:
        province, _, part = system.partition("-")
        return load(MANIFESTS / province / f"{part}.yaml", self.environment)


def _with_rare_name(world: World) -> World:
    """The relief applicant bears characters that only GB18030 has."""
    number = world.stories["relief_applicant"]
    lives = list(world.lives)
    lives[number] = replace(lives[number], name=RARE)
    return replace(world, lives=tuple(lives))


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    world = _with_rare_name(populate(seed=20260301, people=120))
    imitation = Imitation()
    with ThreadPoolExecutor(1) as pool:  # no loop of a test is disturbed
        directory = tmp_path_factory.mktemp("over-http")
        environment = pool.submit(asyncio.run, imitation.start(directory, world)).result()
        try:
            yield Running(world, environment)
        finally:
            pool.submit(asyncio.run, imitation.close()).result()


@pytest.fixture
def client(running: Running) -> Iterator[Callable[[str], httpx.Client]]:
    """Opens a plain client at a system, with its secret in the header that its manifest names."""
    opened: list[httpx.Client] = []

    def open_client(system: str) -> httpx.Client:
        auth = running.manifest(system).source.auth  # type: ignore[union-attr] # none of these is sql
        assert auth is not None
        headers = {auth.name: running.secret(system)}
        opened.append(httpx.Client(base_url=running.url(system), headers=headers, trust_env=False))
        return opened[-1]

    yield open_client
    for one in opened:
        one.close()


@pytest.fixture
async def adapter(running: Running, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[[str], Adapter]]:
    """Opens a system's adapter by its manifest."""
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    async with AsyncExitStack() as stack:

        def open_adapter(system: str) -> Adapter:
            opened = drivers.open_adapter(running.manifest(system))
            stack.push_async_callback(opened.aclose)
            return opened

        yield open_adapter


@pytest.fixture
async def call() -> Call:
    return Call("test", "officer-1", "320000000000", "HANDOFF", Deadline.after(10))


Opened = Callable[[str], Adapter]
Plain = Callable[[str], httpx.Client]

"""Used statements: remembered until they end, wherever they are kept, and never forgotten for want of room."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ReplayUnknown
from gateway.federation.replay.memory import MemoryReplay
from gateway.federation.replay.redis import RedisReplay
from gateway.federation.replay.sqlite import SqliteReplay
from gateway.federation.replay.store import ReplayStore, name_of
from tests.services import redis_server

NOW = 1_800_000_000.0
PEER = "yiti-zhejiang"


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["memory", "sqlite", "redis"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[ReplayStore]:
    made: dict[str, Callable[[], ReplayStore]] = {
        "memory": lambda: MemoryReplay(clock=clock),
        "sqlite": lambda: SqliteReplay(tmp_path / "used.sqlite", clock=clock),
        "redis": lambda: RedisReplay(request.getfixturevalue("redis_url"), timeout=5, clock=clock),
    }
    found = made[request.param]()
    yield found
    await found.aclose()


async def test_a_statement_is_used_once(store: ReplayStore) -> None:
    assert [await store.first(PEER, "a", NOW + 65) for _ in range(3)] == [True, False, False]


async def test_two_peers_may_choose_the_same_id(store: ReplayStore) -> None:
    assert await store.first(PEER, "b", NOW + 65)
    assert await store.first("yiti-anhui", "b", NOW + 65)
    assert await store.first(f"{PEER}b", "", NOW + 65), "nor does one name run into the other"


async def test_of_many_at_once_one_is_the_first(store: ReplayStore) -> None:
    found = await asyncio.gather(*(store.first(PEER, "at-once", NOW + 65) for _ in range(50)))
    assert sorted(found) == [False] * 49 + [True]


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_what_has_ended_is_let_go(tmp_path: Path, clock: Clock, kind: str) -> None:
    store: ReplayStore = (
        MemoryReplay(clock=clock) if kind == "memory" else SqliteReplay(tmp_path / "used.sqlite", clock=clock)
    )
    assert await store.first(PEER, "a", NOW + 65)
    clock.now += 64.9
    assert not await store.first(PEER, "a", NOW + 65)
    clock.now += 11  # the file is swept every ten seconds
    assert await store.first(PEER, "a", NOW + 300), "its own end refuses it by now"
    await store.aclose()


async def test_redis_lets_go_by_itself(redis_url: str, clock: Clock) -> None:
    from redis.asyncio import Redis

    store = RedisReplay(redis_url, timeout=5, clock=clock)
    await store.first(PEER, "soon", NOW + 65)
    async with Redis.from_url(redis_url) as redis:
        left = await redis.ttl(b"yiti:used:" + name_of(PEER, "soon"))
    assert 60 <= left <= 65
    await store.aclose()


async def test_when_memory_is_full_nothing_is_forgotten(clock: Clock) -> None:
    store = MemoryReplay(size=2, clock=clock)
    assert [await store.first(PEER, one, NOW + 65) for one in "ab"] == [True, True]
    with pytest.raises(ReplayUnknown):
        await store.first(PEER, "c", NOW + 65)
    assert not await store.first(PEER, "a", NOW + 65)
    clock.now += 66
    assert await store.first(PEER, "c", NOW + 131)


async def test_a_file_survives_a_restart(tmp_path: Path, clock: Clock) -> None:
    for expected in (True, False, False):
        store = SqliteReplay(tmp_path / "used.sqlite", clock=clock)
        assert await store.first(PEER, "a", NOW + 65) is expected
        await store.aclose()


def _use_and_die(path: Path) -> None:
    import os

    asyncio.run(SqliteReplay(path, clock=Clock()).first(PEER, "killed", NOW + 65))
    os._exit(9)


def test_a_file_survives_the_sudden_death_of_its_process(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_use_and_die, args=(tmp_path / "used.sqlite",))
    process.start()
    process.join(60)
    assert process.exitcode == 9

    async def again() -> bool:
        store = SqliteReplay(tmp_path / "used.sqlite", clock=Clock())
        try:
            return await store.first(PEER, "killed", NOW + 65)
        finally:
            await store.aclose()

    assert asyncio.run(again()) is False


async def test_processes_share_a_file(tmp_path: Path, clock: Clock) -> None:
    one, other = (SqliteReplay(tmp_path / "used.sqlite", clock=clock) for _ in range(2))
    found = await asyncio.gather(*(store.first(PEER, str(n), NOW + 65) for n in range(40) for store in (one, other)))
    assert sum(found) == 40
    await one.aclose()
    await other.aclose()


async def test_replicas_share_redis(redis_url: str, clock: Clock) -> None:
    one, other = (RedisReplay(redis_url, timeout=5, clock=clock) for _ in range(2))
    found = await asyncio.gather(*(store.first(PEER, f"r{n}", NOW + 65) for n in range(40) for store in (one, other)))
    assert sum(found) == 40
    await one.aclose()
    await other.aclose()


async def test_without_redis_nothing_is_taken(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    store = RedisReplay("redis://:hunter2@127.0.0.1:1/0", clock=clock)
    with pytest.raises(ReplayUnknown):
        await store.first(PEER, "a", NOW + 65)
    await store.aclose()
    assert "hunter2" not in caplog.text


async def test_without_its_file_nothing_is_taken(tmp_path: Path, clock: Clock) -> None:
    store = SqliteReplay(tmp_path / "used.sqlite", clock=clock)
    await store.aclose()
    with pytest.raises(ReplayUnknown):
        await store.first(PEER, "a", NOW + 65)
    with pytest.raises(ReplayUnknown, match=r"cannot be used"):
        SqliteReplay(tmp_path / "nowhere" / "used.sqlite")


@pytest.mark.parametrize("url", ["http://127.0.0.1:6379", "127.0.0.1:6379", "unix:///run/redis.sock"])
def test_a_wrong_address_is_refused_with_the_fix(url: str) -> None:
    with pytest.raises(ValueError, match="redis://host:port"):
        RedisReplay(url)


@given(st.text(max_size=5), st.text(max_size=5), st.text(max_size=5), st.text(max_size=5))
def test_names_are_the_same_for_the_same_alone(a: str, b: str, c: str, d: str) -> None:
    assert (name_of(a, b) == name_of(c, d)) == ((a, b) == (c, d))

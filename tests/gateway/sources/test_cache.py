from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.contract import Flag, Provenance, Record
from gateway.sources.backends import memory_backend, redis_backend
from gateway.sources.cache import Backend, Lifetime, RecordCache, Shelf
from gateway.sources.codec import pack, unpack
from schema.enums import Quality
from tests.services import redis_server

KEY = bytes(range(32))
MINUTE = Lifetime(timedelta(minutes=1))
SHELF = Shelf("jiangsu-police", "1", "PersonRecord", frozenset({"name"}))
ORIGIN = Provenance("jiangsu-police", "T", "row", datetime(2026, 3, 1, tzinfo=UTC), as_of=datetime(2026, 1, 1))
RECORD = Record(
    "K1",
    "K1",
    {
        "name": "张三",
        "birthDate": date(1990, 1, 1),
        "phones": ("13900000000",),
        "sealed": False,
        "points": 3,
        "sex": None,
    },
    ORIGIN,
    (Flag("name", Quality.TRUNCATED),),
    frozenset({"idNumber"}),
)

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.text(),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([None, UTC])),
    st.lists(st.text()).map(tuple),
)


class Spy:
    """The memory backend, with everything that passes through it kept."""

    def __init__(self) -> None:
        self.inner = memory_backend()
        self.written: dict[str, bytes] = {}
        self.ttls: list[float] = []

    async def get(self, key: str) -> object:
        return await self.inner.get(key)

    async def set(self, key: str, value: bytes, ttl: float) -> object:
        self.written[key] = value
        self.ttls.append(ttl)
        return await self.inner.set(key, value, ttl=ttl)


class Broken:
    async def get(self, key: str) -> object:
        raise TimeoutError

    async def set(self, key: str, value: bytes, ttl: float) -> object:
        raise ConnectionError("张三")


@given(st.dictionaries(st.text(), values))
def test_records_come_back_as_they_were(given_values: dict[str, object]) -> None:
    record = replace(RECORD, values=given_values)
    (back,) = unpack(pack([record])) or ()
    assert back == record
    assert {name: type(value) for name, value in back.values.items()} == {
        name: type(value) for name, value in given_values.items()
    }


@pytest.mark.parametrize("data", [b"[{}]", b"[1]", b"{", b'[{"key": "a"}]'])
def test_anything_else_is_an_error_and_never_executed(data: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        unpack(data)


async def test_what_was_kept_comes_back_frozen_and_absence_is_kept_too() -> None:
    cache = RecordCache(MINUTE, memory_backend(), KEY)
    await cache.set(SHELF, {"K1": (RECORD,), "K2": None, "K3": ()})
    assert await cache.get(SHELF, ["K1", "K2", "K3", "K4"]) == {"K1": (RECORD,), "K2": None, "K3": ()}
    first, second = [(await cache.get(SHELF, ["K1"]))["K1"] for _ in range(2)]
    assert first is not second


async def test_another_source_version_entity_or_set_of_fields_is_another_shelf() -> None:
    cache = RecordCache(MINUTE, memory_backend(), KEY)
    await cache.set(SHELF, {"K1": (RECORD,)})
    others = [
        dataclasses.replace(SHELF, source="jiangsu-centre"),
        dataclasses.replace(SHELF, version="2"),
        dataclasses.replace(SHELF, entity="Measure"),
        dataclasses.replace(SHELF, fields=frozenset({"name", "sex"})),
    ]
    assert [await cache.get(other, ["K1"]) for other in others] == [{}] * 4


async def test_neither_keys_nor_values_can_be_read_in_the_backend() -> None:
    spy = Spy()
    await RecordCache(MINUTE, spy, KEY).set(SHELF, {"K1": (RECORD,), "K2": None})
    for name, sealed in spy.written.items():
        assert name.startswith("yiti:")
        assert not any(readable in name for readable in ("K1", "K2", "police", "name"))
        assert not any(readable.encode() in sealed for readable in ("张三", "K1", "1990", "values", "null"))


async def test_a_value_moved_under_another_key_or_made_under_another_secret_is_a_miss() -> None:
    spy = Spy()
    cache = RecordCache(MINUTE, spy, KEY)
    await cache.set(SHELF, {"K1": (RECORD,), "K2": None})
    (first, one), (second, other) = spy.written.items()
    await spy.set(first, other, ttl=60.0)
    await spy.set(second, one[:-1] + bytes([one[-1] ^ 1]), ttl=60.0)
    assert await cache.get(SHELF, ["K1", "K2"]) == {}
    assert await RecordCache(MINUTE, spy, KEY[::-1]).get(SHELF, ["K1"]) == {}


async def test_a_failing_backend_is_a_miss_and_says_no_value(caplog: pytest.LogCaptureFixture) -> None:
    cache = RecordCache(MINUTE, Broken(), KEY)
    with caplog.at_level(logging.DEBUG):
        await cache.set(SHELF, {"K1": (RECORD,)})
        assert await cache.get(SHELF, ["K1"]) == {}
    assert "ConnectionError" in caplog.text
    assert "张三" not in caplog.text


async def test_aiocache_itself_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    cache = RecordCache(MINUTE, memory_backend(), KEY)
    with caplog.at_level(logging.DEBUG):
        await cache.set(SHELF, {"K1": (RECORD,)})
        await cache.get(SHELF, ["K1"])
        logging.getLogger("aiocache.base").critical("张三")
    assert [record for record in caplog.records if record.name.startswith("aiocache")] == []


async def test_nothing_is_kept_for_ever_and_a_lifetime_of_nothing_keeps_nothing() -> None:
    spy = Spy()
    lifetime = Lifetime(by_source={"jiangsu-police": timedelta(seconds=2)})
    cache = RecordCache(lifetime, spy, KEY)
    await cache.set(SHELF, {"K1": (RECORD,)})
    await cache.set(dataclasses.replace(SHELF, source="jiangsu-centre"), {"K1": (RECORD,)})
    assert spy.ttls == [2.0]
    assert (cache.keeps("jiangsu-police"), cache.keeps("jiangsu-centre")) == (True, False)


async def test_a_kept_record_is_gone_when_its_lifetime_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    timers: list[tuple[float, Callable[..., object], tuple[object, ...]]] = []

    def call_later(delay: float, run: Callable[..., object], *args: object) -> asyncio.Handle:
        timers.append((delay, run, args))
        return loop.call_soon(int)

    monkeypatch.setattr(loop, "call_later", call_later)
    cache = RecordCache(MINUTE, memory_backend(), KEY)
    await cache.set(SHELF, {"K1": (RECORD,)})
    ((delay, run, args),) = timers
    assert delay == 60.0
    run(*args)
    assert await cache.get(SHELF, ["K1"]) == {}


async def test_the_memory_it_takes_is_bounded() -> None:
    cache = RecordCache(MINUTE, memory_backend(), KEY, limit=2)
    await cache.set(SHELF, {f"K{index}": (RECORD,) for index in range(5)})
    assert set(await cache.get(SHELF, [f"K{index}" for index in range(5)])) == {"K0", "K1"}


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        RecordCache(MINUTE, memory_backend(), b"short")


@pytest.mark.parametrize("url", ["localhost:6379", "http://localhost:6379", "redis://"])
def test_a_wrong_address_is_refused_with_the_fix(url: str) -> None:
    pytest.importorskip("redis", reason="the package redis is not installed")
    with pytest.raises(ValueError, match="redis://host:port"):
        redis_backend(url)


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    pytest.importorskip("redis", reason="the package redis is not installed")
    with redis_server(tmp_path) as url:
        yield url


async def test_two_replicas_share_what_is_kept_in_redis(redis_url: str) -> None:
    one, other = (RecordCache(MINUTE, redis_backend(redis_url, timeout=5), KEY) for _ in range(2))
    await one.set(SHELF, {"K1": (RECORD,), "K2": None})
    assert await other.get(SHELF, ["K1", "K2", "K3"]) == {"K1": (RECORD,), "K2": None}
    await one.aclose()
    await other.aclose()


async def test_a_redis_that_is_not_there_is_a_miss() -> None:
    pytest.importorskip("redis", reason="the package redis is not installed")
    backend: Backend = redis_backend("redis://127.0.0.1:1/0")
    cache = RecordCache(MINUTE, backend, KEY)
    await cache.set(SHELF, {"K1": (RECORD,)})
    assert await cache.get(SHELF, ["K1"]) == {}
    await cache.aclose()

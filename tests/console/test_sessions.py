"""Sessions end by themselves, by the reader, and open nothing to whoever reads or writes the store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.console.errors import SessionsUnavailable
from gateway.console.sealing import seal
from gateway.console.sessions import Session, Sessions
from gateway.console.store import MemoryStore, RedisStore, SessionStore
from gateway.viewer import Viewer
from tests.services import redis_server

SECRET = b"s" * 32
AUDITOR = Viewer(
    subject="staff-1",
    agency="320000900000",
    agency_name="某某审计组",
    agency_kind="OVERSIGHT",
    jurisdiction="320000",
    roles=frozenset({"AUDITOR"}),
    purpose="AUDIT",
    issuer="test",
    key_id="k",
    via=("gateway",),
)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Looked:
    """A store that somebody reads and writes who should not."""

    def __init__(self, store: SessionStore) -> None:
        self.inner = store
        self.seen: dict[str, bytes] = {}

    async def put(self, name: str, content: bytes, seconds: float) -> None:
        self.seen[name] = content
        await self.inner.put(name, content, seconds)

    async def get(self, name: str, seconds: float) -> bytes | None:
        return self.seen.get(name)

    async def drop(self, name: str) -> None:
        self.seen.pop(name, None)

    async def first(self, name: str, seconds: float) -> bool:
        return await self.inner.first(name, seconds)

    async def aclose(self) -> None:
        await self.inner.aclose()


def sessions() -> tuple[Sessions, Clock]:
    clock = Clock()
    return Sessions(MemoryStore(clock), SECRET, idle=60, longest=600, clock=clock), clock


async def test_a_session_is_found_by_its_key_alone() -> None:
    kept, _ = sessions()
    key, session = await kept.begin(AUDITOR)
    assert await kept.find(key) == session
    assert session.viewer == AUDITOR
    for other in (key + "x", key[:-1], None, "", "x" * 5_000, "\udc80"):
        assert await kept.find(other) is None


async def test_a_session_ends_after_the_idle_time_and_each_request_begins_it_anew() -> None:
    kept, clock = sessions()
    key, _ = await kept.begin(AUDITOR)
    for _ in range(3):
        clock.now += 59
        assert await kept.find(key) is not None
    clock.now += 61
    assert await kept.find(key) is None
    clock.now -= 61
    assert await kept.find(key) is None


async def test_a_session_ends_after_the_longest_time_however_busy() -> None:
    kept, clock = sessions()
    key, _ = await kept.begin(AUDITOR)
    for _ in range(12):
        clock.now += 50
        assert await kept.find(key) is not None
    clock.now += 1
    assert await kept.find(key) is None
    clock.now -= 1
    assert await kept.find(key) is None, "what has ended stays ended"


async def test_signing_out_ends_it() -> None:
    kept, _ = sessions()
    key, _ = await kept.begin(AUDITOR)
    await kept.end(key)
    await kept.end(key)
    await kept.end(None)
    assert await kept.find(key) is None


async def test_whoever_reads_the_store_learns_neither_key_nor_name() -> None:
    looked = Looked(MemoryStore())
    kept = Sessions(looked, SECRET, idle=60, longest=600)
    key, session = await kept.begin(AUDITOR)
    ((name, content),) = looked.seen.items()
    for told in (key, session.form_token, AUDITOR.subject, AUDITOR.agency_name):
        assert told not in name
        assert told.encode() not in content
    assert await kept.find(name) is None


async def test_whoever_writes_the_store_makes_no_session_and_moves_none() -> None:
    looked = Looked(MemoryStore())
    kept = Sessions(looked, SECRET, idle=60, longest=600)
    key, session = await kept.begin(AUDITOR)
    ((name, content),) = looked.seen.items()
    other, _ = await kept.begin(AUDITOR)
    for forged in (
        b"",
        b"short",
        content[:-1] + bytes([content[-1] ^ 1]),
        seal(b"k" * 32, session, name.encode()),
    ):
        looked.seen[name] = forged
        assert await kept.find(key) is None
    looked.seen[next(one for one in looked.seen if one != name)] = content
    assert await kept.find(other) is None, "one's session under another's name"


async def test_a_session_in_another_versions_form_counts_for_nothing() -> None:
    looked = Looked(MemoryStore())
    kept = Sessions(looked, SECRET, idle=60, longest=600)
    key, _ = await kept.begin(AUDITOR)
    from gateway.console.sealing import key_of

    ((name, _),) = looked.seen.items()
    looked.seen[name] = seal(key_of(SECRET, key), {"viewer": {"subject": "staff-1"}, "began": 1}, name.encode())
    assert await kept.find(key) is None


async def test_every_session_has_a_form_token_of_its_own() -> None:
    kept, _ = sessions()
    first, second = (await kept.begin(AUDITOR))[1], (await kept.begin(AUDITOR))[1]
    assert isinstance(first, Session)
    assert first.form_token != second.form_token


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[SessionStore]:
    made: SessionStore
    made = MemoryStore() if request.param == "memory" else RedisStore(request.getfixturevalue("redis_url"), timeout=5)
    yield made
    await made.aclose()


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> object:
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


async def test_a_store_keeps_forgets_and_counts_a_name_once(store: SessionStore) -> None:
    await store.put("a", b"1", 60)
    assert await store.get("a", 60) == b"1"
    assert await store.get("b", 60) is None
    await store.drop("a")
    await store.drop("a")
    assert await store.get("a", 60) is None
    assert [await store.first("c", 60) for _ in range(3)] == [True, False, False]


async def test_redis_keeps_for_as_long_as_was_said_last(redis_url: str) -> None:
    store = RedisStore(redis_url, timeout=5)
    await store.put("d", b"1", 60)
    await store.get("d", 1_200.0)
    left = await store._redis.pttl("yiti:console:d")
    assert 1_100_000 < left <= 1_200_000
    await store.aclose()


async def test_what_one_gateway_ends_has_ended_at_the_other(redis_url: str) -> None:
    stores = RedisStore(redis_url, timeout=5), RedisStore(redis_url, timeout=5)
    one, other = (Sessions(store, SECRET, idle=60, longest=600) for store in stores)
    stranger = Sessions(stores[1], b"t" * 32, idle=60, longest=600)
    key, session = await one.begin(AUDITOR)
    assert await other.find(key) == session
    assert await stranger.find(key) is None, "another gateway's secret opens nothing"
    key, _ = await one.begin(AUDITOR)
    await other.end(key)
    assert await one.find(key) is None
    for store in stores:
        await store.aclose()


async def test_without_an_answer_nobody_is_known() -> None:
    store = RedisStore("redis://127.0.0.1:1/0", timeout=0.2)
    kept = Sessions(store, SECRET, idle=60, longest=600)
    with pytest.raises(SessionsUnavailable):
        await kept.find("some-key")
    await store.aclose()


async def test_memory_has_a_bound_and_lets_the_longest_unused_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.console.store._MOST_KEPT", 2)
    store = MemoryStore()
    await store.put("a", b"1", 60)
    await store.put("b", b"1", 60)
    await store.get("a", 60)
    await store.put("c", b"1", 60)
    assert [name for name in "abc" if await store.get(name, 60)] == ["a", "c"]

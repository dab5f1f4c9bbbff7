from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

import apsw
import pytest

from gateway.audit.log import SqliteAuditLog
from gateway.audit.search import Conditions, SearchIndex, SearchQuery, following
from gateway.audit.search.feeding import Feeder
from gateway.audit.search.file import BLOCK
from gateway.audit.search.persons import AuditTokens
from gateway.errors import AuditUnavailable
from gateway.execution.cursor import Cursors
from tests.gateway.audit.accesses import access
from tests.gateway.audit.search.test_find import KEY, opened, places


async def test_the_index_knows_how_far_it_is_behind(tmp_path: Path) -> None:
    async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log, aclosing(opened(tmp_path, log)) as search:
        await log.append(access(0))
        coverage = (await search.find(SearchQuery(), viewer="a")).coverage
        assert (coverage.indexed, coverage.durable, coverage.behind, coverage.is_complete) == (0, 1, 1, False)
        coverage = await search.catch_up()
        assert (coverage.indexed, coverage.is_complete, coverage.through) == (1, True, access(0).at)


async def test_the_log_is_followed_and_ones_own_write_is_waited_for(tmp_path: Path) -> None:
    async with (
        aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log,
        aclosing(opened(tmp_path, log, seconds=3_600)) as search,
    ):
        search.start()
        await asyncio.sleep(0.05)
        written = [(await log.append(access(number, subject="me"))).index for number in range(5)]
        page = await search.find(SearchQuery(Conditions(subjects=("me",)), wait_for=written[-1]), viewer="me")
        assert [entry.index for entry in page.entries] == written[::-1]


async def test_it_rests_beside_requests_unless_somebody_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_SMALL_PART", 2)
    rests: list[float] = []
    async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log:
        await asyncio.gather(*(log.append(access(number)) for number in range(5)))
        async with aclosing(opened(tmp_path, log)) as search:
            follower = search._follower
            assert follower is not None
            rest = follower._rest

            async def rested(seconds: float) -> None:
                rests.append(seconds)
                await rest(0)

            monkeypatch.setattr(follower, "_rest", rested)
            await follower._take_in(following._SMALL_PART, share=0.1)
            assert len(rests) == 3
            assert min(rests) > 0
            await asyncio.gather(*(log.append(access(number)) for number in range(5)))
            follower._wanted.set()
            await follower._take_in(following._SMALL_PART, share=0.1)
            assert len(rests) == 4
            assert (await search.coverage()).is_complete


async def test_one_that_another_feeds_is_waited_for(tmp_path: Path) -> None:
    async with (
        aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log,
        aclosing(opened(tmp_path, log, seconds=0.05)) as search,
        aclosing(opened(tmp_path, log)) as second,
    ):
        search.start()
        for number in range(3):
            entry = await log.append(access(number))
            page = await second.find(SearchQuery(wait_for=entry.index), viewer="a")
            assert page.coverage.indexed > entry.index
        await log.append(access(9))
        assert (await second.catch_up()).is_complete


async def test_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    for number in range(3):
        async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log:
            await log.append(access(number))
            async with aclosing(opened(tmp_path, log)) as search:
                await search.catch_up()
                assert await places(search) == list(range(number, -1, -1))


async def test_a_part_is_taken_in_whole_or_not_at_all(tmp_path: Path) -> None:
    async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log:
        for number in range(4):
            await log.append(access(number, subject=f"staff-{number}"))
        stored = [entry async for entry in log.records()]
        feeder = Feeder(tmp_path / "search.sqlite", AuditTokens(KEY))
        feeder.feed(stored[:1])
        feeder._connection.execute("CREATE TRIGGER full BEFORE UPDATE ON progress BEGIN SELECT RAISE(ABORT, ''); END")
        with pytest.raises(apsw.ConstraintError):
            feeder.feed(stored[1:])
        assert feeder.progress().position == 1
        feeder._connection.execute("DROP TRIGGER full")
        with pytest.raises(ValueError, match="goes on at 1"):
            feeder.feed(stored[2:])
        feeder.feed(stored[1:])
        feeder.close()
        async with aclosing(opened(tmp_path, log)) as search:
            assert await places(search, subjects=("staff-2",)) == [2]


async def test_it_is_rebuilt_from_the_log(tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log, aclosing(opened(tmp_path, log)) as search:
        for number in range(3):
            await log.append(access(number))
        await search.catch_up()
        coverage = await search.rebuild(lambda position, size: heard.append((position, size)))
        assert coverage.is_complete
        assert heard == [(3, 3)]
        assert await places(search, persons=("p-1",)) == [2, 1, 0]


@pytest.mark.parametrize("content", [b"not a database" * 100, b""])
async def test_a_file_that_is_no_index_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "search.sqlite").write_bytes(content)
    async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log, aclosing(opened(tmp_path, log)) as search:
        await log.append(access(0))
        await search.catch_up()
        assert await places(search) == [0]


async def test_an_index_under_another_key_is_begun_anew(tmp_path: Path) -> None:
    async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log:
        await log.append(access(0))
        for key in (b"a" * 32, b"b" * 32):
            cursors = Cursors(b"c" * 32)
            async with aclosing(SearchIndex(tmp_path / "search.sqlite", log, key=key, cursors=cursors)) as search:
                await search.catch_up()
                assert await places(search, persons=("p-1",)) == [0]


async def test_an_index_that_another_feeds_is_read_only(tmp_path: Path) -> None:
    async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log, aclosing(opened(tmp_path, log)) as search:
        await log.append(access(0))
        async with aclosing(opened(tmp_path, log)) as second:
            await search.catch_up()
            assert await places(second) == [0]
            with pytest.raises(AuditUnavailable, match="running gateway"):
                await second.rebuild()


async def test_a_log_that_lost_its_end_contradicts_the_index(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log:
        for number in range(3):
            await log.append(access(number))
        async with aclosing(opened(tmp_path, log)) as search:
            await search.catch_up()
    async with aclosing(SqliteAuditLog(tmp_path / "other" / "audit.sqlite")) as shorter:
        await shorter.append(access(0))
        async with aclosing(opened(tmp_path, shorter)) as search:
            coverage = await search.catch_up()
            assert (coverage.contradicted_at, coverage.is_complete) == (2, False)
            page = await search.find(SearchQuery(), viewer="a")
            assert ([entry.index for entry in page.entries], page.unreadable) == ([0], (2, 1))
            with pytest.raises(AuditUnavailable, match="verify"):
                _ = [entry async for entry in search.stream(Conditions())]
            assert (await search.rebuild()).is_complete


async def test_moments_are_found_in_every_block(tmp_path: Path) -> None:
    async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log:
        await asyncio.gather(*(log.append(access(number)) for number in range(BLOCK + 10)))
        async with aclosing(opened(tmp_path, log)) as search:
            await search.catch_up()
            first, last = access(BLOCK - 2), access(BLOCK + 2)
            assert (await search.count(Conditions(since=first.at, until=last.at))).count == 4
            late = Conditions(since=last.at, persons=("p-1",))
            assert (await search.count(late)).count == 8

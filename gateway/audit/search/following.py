"""Following the log: whatever became durable is taken into the index soon after, in parts, from where it stopped.

Beside requests that are being answered it takes a tenth of a core at most, in parts of a few milliseconds, unless
somebody waits for what it has not reached yet.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol, TypeVar, TypeVarTuple, Unpack

import apsw

from gateway.audit.record import StoredEntry
from gateway.audit.search.feeding import Feeder, Progress
from gateway.audit.search.persons import AuditTokens
from gateway.errors import AuditUnavailable

Given = TypeVarTuple("Given")
Made = TypeVar("Made")

log = logging.getLogger("yiti.audit.search")

_PART: Final = 1_000  # entries in one transaction
_SMALL_PART: Final = 200  # beside requests
_SHARE: Final = 0.1  # of a core, beside requests
_LONGEST_PAUSE: Final = 60.0


class Feed(Protocol):
    """What the index needs of a log, on whatever database that stands."""

    async def size(self) -> int:
        """How many entries are durable."""
        ...

    async def between(self, start: int, end: int) -> Sequence[StoredEntry]:
        """Entries in order, `start` to before `end`."""
        ...

    async def pick(self, indexes: Sequence[int]) -> Sequence[StoredEntry]:
        """The entries at these places that there are."""
        ...


class Follower:
    """Feeds one index from one log; the only one that writes the index while it lives."""

    def __init__(self, path: Path, tokens: AuditTokens, feed: Feed, seconds: float) -> None:
        """`seconds` between looks at the log. Raises BlockingIOError, apsw.Error or OSError."""
        self._feed = feed
        self._seconds = seconds
        # One thread, because the connection serves one caller at a time.
        self._writing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="audit-indexer")
        self._feeder = Feeder(path, tokens)
        self._wanted = asyncio.Event()
        self._turn = asyncio.Lock()
        self._moved = asyncio.Condition()
        self._position = self._feeder.progress().position
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Follow the log in the background, until `aclose`."""
        self._task = asyncio.create_task(self._follow())

    async def reach(self, index: int, seconds: float) -> bool:
        """Wait until the entry at this place can be found; False if that takes longer."""
        if self._position > index:
            return True
        if self._task is None:
            await self.catch_up()
            return self._position > index
        self._wanted.set()

        async def arrived() -> None:
            async with self._moved:
                await self._moved.wait_for(lambda: self._position > index)

        with suppress(TimeoutError):
            await asyncio.wait_for(arrived(), seconds)
        return self._position > index

    async def catch_up(self, told: Callable[[int, int], None] | None = None) -> Progress:
        """Take in what is durable now; `told` hears the position and the log's size after each part.

        Ends early where the log no longer holds what was indexed, which is noted and never mended by itself.
        """
        self._wanted.set()  # whoever follows in the background is not to hold this up
        return await self._take_in(_PART, told)

    async def _take_in(
        self, most: int, told: Callable[[int, int], None] | None = None, *, share: float = 1.0
    ) -> Progress:
        async with self._turn:
            progress = await self._run(self._feeder.progress)
            size = await self._feed.size()
            if await self._contradicts(progress, size):
                return await self._run(self._feeder.progress)
            while progress.position < size and progress.contradicted_at is None:
                end = min(size, progress.position + (_PART if self._wanted.is_set() else most))
                part = await self._feed.between(progress.position, end)
                if not part:
                    break
                progress, spent = await self._run(self._fed, part)
                await self._tell(progress.position)
                if told is not None:
                    told(progress.position, size)
                await self._rest(spent * (1 / share - 1))
            return progress

    def _fed(self, part: Sequence[StoredEntry]) -> tuple[Progress, float]:
        """How far the index has come with this part, and the seconds of CPU that it took."""
        began = time.thread_time()
        return self._feeder.feed(part), time.thread_time() - began

    async def _rest(self, seconds: float) -> None:
        """For so long, or until somebody waits."""
        if seconds <= 0:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wanted.wait(), seconds)

    async def clear(self) -> None:
        """Forget everything; the next `catch_up` begins at the log's first entry."""
        async with self._turn:
            await self._run(self._feeder.clear)
            await self._tell(0)

    async def aclose(self) -> None:
        """Stop between two parts and let go of the file."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._run(self._feeder.close)
        self._writing.shutdown()

    async def _follow(self) -> None:
        pause = self._seconds
        while True:
            self._wanted.clear()
            try:
                await self._take_in(_SMALL_PART, share=_SHARE)
                pause = self._seconds
            except (apsw.Error, OSError, ValueError, AuditUnavailable) as error:
                pause = min(_LONGEST_PAUSE, max(1.0, pause * 2))
                log.warning(
                    "the access log's index does not follow: %s; again in %.0f s", type(error).__name__, pause
                )
            await self._rest(pause)

    async def _contradicts(self, progress: Progress, size: int) -> bool:
        """Whether the log's end, as it was indexed, is there no longer: cut off, or another entry in its place."""
        if progress.contradicted_at is not None:
            return True
        if progress.position == 0:
            return False
        last = progress.position - 1
        held = await self._feed.pick([last])
        if size >= progress.position and [entry.leaf for entry in held] == [progress.leaf]:
            return False
        log.error("the access log does not hold at %d what was indexed there: verify it, then reindex", last)
        await self._run(self._feeder.contradict, last)
        return True

    async def _tell(self, position: int) -> None:
        async with self._moved:
            self._position = position
            self._moved.notify_all()

    async def _run(self, act: Callable[[Unpack[Given]], Made], *given: *Given) -> Made:
        return await asyncio.get_running_loop().run_in_executor(self._writing, act, *given)

"""A process that indexes a log part by part and says how far it has come; made to be killed."""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing
from pathlib import Path

from gateway.audit.log import SqliteLogReader
from gateway.audit.search import following
from gateway.audit.search.index import SearchIndex
from gateway.execution.cursor import Cursors


async def _run(folder: Path) -> None:
    following._PART = 7  # many small parts, so that it is killed between and within them
    log = SqliteLogReader(folder / "audit.sqlite")
    search = SearchIndex(folder / "search.sqlite", log, key=b"a" * 32, cursors=Cursors(b"c" * 32))
    async with aclosing(log), aclosing(search):
        await search.catch_up(lambda position, _: print(position, flush=True))


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1])))

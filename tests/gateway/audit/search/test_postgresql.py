"""The same index, fed from a log in PostgreSQL that several gateways write; each keeps its own."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import pytest

from tests.gateway.audit.accesses import access
from tests.gateway.audit.kept import place
from tests.gateway.audit.search.test_find import opened, places

pytestmark = pytest.mark.postgresql


async def test_each_gateway_finds_what_every_gateway_wrote(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with place("postgresql", tmp_path) as kept:
        async with (
            kept.opened() as one,
            kept.opened() as other,
            aclosing(opened(tmp_path, one)) as search,
            aclosing(opened(tmp_path / "other", other)) as second,
        ):
            for number in range(6):
                await (one, other)[number % 2].append(access(number, subject=f"staff-{number % 2}"))
            for index in (search, second):
                assert (await index.catch_up()).is_complete
                assert await places(index, persons=("p-1",)) == [5, 4, 3, 2, 1, 0]
                assert await places(index, subjects=("staff-1",)) == [5, 3, 1]

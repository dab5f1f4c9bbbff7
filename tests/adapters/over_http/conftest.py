"""The loopback desk that the HTTP drivers' tests talk to, and adapters that are closed again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import pytest

from adapters.drivers.rest import RestAdapter
from tests.adapters.over_http.loopback import Desk, a_manifest, serving

OpenRest = Callable[..., RestAdapter]


@pytest.fixture(scope="session")
def served() -> Iterator[Desk]:
    desk = Desk()
    with serving(desk) as desk.url:
        yield desk


@pytest.fixture
def desk(served: Desk) -> Desk:
    """A real HTTP server whose answers the test sets."""
    served.seen.clear()
    return served


@pytest.fixture
async def opened(desk: Desk) -> AsyncIterator[OpenRest]:
    """Opens rest adapters on the desk and closes them again."""
    adapters: list[RestAdapter] = []

    def open_one(entities: Mapping[str, Any], errors: list[Any] | None = None, **source: Any) -> RestAdapter:
        given = {"kind": "rest", "base_url": f"{desk.url}/api", **source}
        adapters.append(RestAdapter(a_manifest(given, entities, errors)))
        return adapters[-1]

    yield open_one
    for adapter in adapters:
        await adapter.aclose()

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.gateway.http.standins import Engine, application


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
async def client(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application(engine), raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        client.headers.pop("accept")
        yield client

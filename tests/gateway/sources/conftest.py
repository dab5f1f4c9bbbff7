from __future__ import annotations

import pytest

from tests.gateway.sources.two_agencies import House


@pytest.fixture
async def house() -> House:
    return House()

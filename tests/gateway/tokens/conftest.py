from __future__ import annotations

import pytest

from tests.gateway.tokens.town import NOW, Town, a_town


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return a_town(tmp_path_factory.mktemp("keys"))


@pytest.fixture(autouse=True)
def _now(town: Town) -> None:
    town.clock.now = NOW

from __future__ import annotations

import pytest

from tests.gateway.tokens.town import NOW, Town, a_town


@pytest.fixture
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    town = a_town(tmp_path_factory.mktemp("keys"))
    town.clock.now = NOW
    return town

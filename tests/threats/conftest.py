from __future__ import annotations

from pathlib import Path

import pytest

from gateway.settings import Settings
from tests.gateway.http.register import settle


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "threat(*numbers): attacks these threats; see tests/threats/threats.py")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    return settle(tmp_path, monkeypatch)

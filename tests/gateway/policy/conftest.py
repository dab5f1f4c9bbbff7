from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gateway.authorization.policy_set import DIRECTORY
from gateway.policy.model import Model, model_of
from tests.gateway.policy.oracle import Program, write

Changed = Callable[..., Path]


@pytest.fixture(scope="session")
def model() -> Model:
    return model_of()


@pytest.fixture(scope="session")
def program() -> Program:
    return write()


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """A copy of the policies with some files written anew or, from a mapping of texts, replaced in part."""
    made = 0

    def change(files: Mapping[str, str] | None = None, replaced: Mapping[str, str] | None = None) -> Path:
        nonlocal made
        made += 1
        directory = tmp_path / f"policies-{made}"
        shutil.copytree(DIRECTORY, directory)
        for name, text in (files or {}).items():
            (directory / name).write_text(text, encoding="utf-8")
        for old, new in (replaced or {}).items():
            holding = [path for path in sorted(directory.iterdir()) if old in path.read_text(encoding="utf-8")]
            assert len(holding) == 1, f"{old!r} must stand in one file"
            holding[0].write_text(holding[0].read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        return directory

    return change

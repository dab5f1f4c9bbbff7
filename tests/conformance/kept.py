"""Where outside systems are kept between runs, and what a test does when one cannot be had."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from tests.services import services_required

KEPT = Path(__file__).parents[2] / "var" / "conformance"  # git ignores it, `make clean` removes it


class Absent(Exception):
    """An outside system could not be had here; the message says which step failed."""


@contextmanager
def locked(name: str) -> Iterator[Path]:
    """The folder of one system, with nobody else making it at the same time."""
    folder = KEPT / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def fingerprint(*parts: bytes) -> str:
    """Changes when one of the parts does."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:12]


def absent(err: Absent) -> NoReturn:
    """Skip with the reason; where services are required, as in CI, fail with it."""
    if services_required():
        pytest.fail(f"{err}, and YITI_REQUIRE_SERVICES=1", pytrace=False)
    pytest.skip(str(err))

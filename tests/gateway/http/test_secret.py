"""Symmetric keys in files."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from gateway.keys import KeyFileError
from gateway.secret import derive, keep_secret, read_secret


def test_a_key_is_read(tmp_path: Path) -> None:
    path = tmp_path / "k"
    path.write_text(base64.b64encode(bytes(range(32))).decode() + "\n")
    assert read_secret(path) == bytes(range(32))


@pytest.mark.parametrize("content", ["", "short", "%%%", base64.b64encode(b"x" * 31).decode()])
def test_a_bad_key_is_refused_without_being_shown(tmp_path: Path, content: str) -> None:
    path = tmp_path / "k"
    path.write_text(content)
    with pytest.raises(KeyFileError) as caught:
        read_secret(path)
    assert str(path) in str(caught.value)
    assert "openssl rand" in str(caught.value)
    assert not content or content not in str(caught.value).replace(str(path), "")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="cannot be read"):
        read_secret(tmp_path / "none")


def test_a_made_key_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    first = keep_secret(tmp_path / "k")
    assert keep_secret(tmp_path / "k") == first
    assert (tmp_path / "k").stat().st_mode & 0o077 == 0


def test_each_use_has_its_own_key() -> None:
    key = bytes(32)
    assert derive(key, "cursors") == derive(key, "cursors")
    assert len({key, derive(key, "cursors"), derive(key, "handles")}) == 3

"""Key files: whole or refused by name, and never with a private half among public ones."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from gateway.keys import KeyFileError, make_signing_key, public_jwks, read_public_keys, read_signing_key


def test_a_private_key_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "key.json"
    key = make_signing_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_signing_key(path).kid == make_signing_key(path).kid == key.kid
    assert [entry.name for entry in path.parent.iterdir()] == ["key.json"]


def test_public_keys_hold_no_private_part(tmp_path: Path) -> None:
    assert '"d"' not in json.dumps(public_jwks(make_signing_key(tmp_path / "key.json")))


def _jwks(*keys: object) -> str:
    return json.dumps({"keys": keys})


GOOD = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "k"}


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "must be a JSON object"),
        ("{}", "not a JWKS"),
        (_jwks(), "not a JWKS"),
        (_jwks("x"), r"keys\[0\].*curves"),
        (_jwks({"kty": "oct", "k": "c2VjcmV0", "kid": "k"}), r"keys\[0\].*curves"),
        (_jwks({**GOOD, "crv": "X25519"}), "curves"),
        (_jwks({**GOOD, "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}), "private key"),
        (_jwks(GOOD, {**GOOD, "kid": None}), r"keys\[1\]: lacks a kid"),
        (_jwks({**GOOD, "x": "AA"}), "not a key in JWK form"),
    ],
)
def test_a_bad_key_file_is_refused_by_name(tmp_path: Path, content: str, named: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(KeyFileError, match=f"keys.json.*{named}"):
        read_public_keys(path)


@pytest.mark.parametrize("content", ["{}", _jwks(GOOD), json.dumps(GOOD), json.dumps({"kty": "oct", "k": "c2Vj"})])
def test_a_signing_key_must_be_private(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key.json"
    path.write_text(content)
    with pytest.raises(KeyFileError, match=r"key\.json"):
        read_signing_key(path)

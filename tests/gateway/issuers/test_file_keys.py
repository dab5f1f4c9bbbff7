"""Keys in a file: read again when it changed, kept for a while when it went bad."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from gateway.errors import GatewayError
from gateway.keys import KeyFileError
from gateway.tokens import Verifier
from tests.gateway.issuers.files import FILE, TOKEN, described
from tests.gateway.issuers.provider import RSA, OpenIdProvider


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Files:
    """A provider whose keys an operator copies into a file."""

    def __init__(self, directory: Path) -> None:
        self.clock = Clock()
        self.path = directory / "keys.json"
        self.write(RSA[0])
        file = described(directory, keys={"jwks_file": "keys.json"}, longest_seconds=43_200)
        self.verifier = Verifier("yiti-jiangsu", {}, described=[file], clock=self.clock)

    def write(self, *keys: RSAKey) -> None:
        """Set aside and put in place, as one replaces files that are being read."""
        aside = self.path.with_suffix(".new")
        aside.write_text(json.dumps({"keys": [key.as_dict(private=False) for key in keys]}))
        os.replace(aside, self.path)  # noqa: PTH105

    def token(self, key: RSAKey, **more: Any) -> str:
        now = int(self.clock.now)
        return OpenIdProvider().token({**TOKEN, "iat": now, "exp": now + 600, "iss": FILE["issuer"], **more}, key)

    def why(self, key: RSAKey) -> str:
        with pytest.raises(GatewayError) as refused:
            self.verifier.verify(self.token(key))
        extensions = refused.value.extensions or {}
        return str(extensions.get("reason", extensions["code"]))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_a_changed_file_is_read_again(files: Files) -> None:
    assert files.verifier.verify(files.token(RSA[0])).key_id == RSA[0].kid
    files.write(RSA[1])
    assert files.verifier.verify(files.token(RSA[0])).key_id == RSA[0].kid, "not yet looked at"
    files.clock.now += 5
    assert files.why(RSA[0]) == "KEY_UNKNOWN"
    assert files.verifier.verify(files.token(RSA[1])).key_id == RSA[1].kid


def test_a_key_that_is_missing_makes_one_look_sooner(files: Files) -> None:
    files.write(RSA[0], RSA[1])
    assert files.why(RSA[1]) == "KEY_UNKNOWN"
    files.clock.now += 1
    assert files.verifier.verify(files.token(RSA[1])).key_id == RSA[1].kid


@pytest.mark.parametrize("content", ["{", '{"keys": []}', '{"keys": 1, "keys": []}', "[]", None])
def test_a_file_that_went_bad_keeps_its_keys_for_an_hour(
    files: Files, content: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    if content is None:
        files.path.unlink()
    else:
        files.path.write_text(content)
    for seconds in (5, 100, 3_400):
        files.clock.now += seconds
        assert files.verifier.verify(files.token(RSA[0])).key_id == RSA[0].kid
    assert [record.message for record in caplog.records if "keys.json" in record.message] == [
        caplog.records[0].message
    ], "said once"
    files.clock.now += 101
    assert files.why(RSA[0]) == "ISSUER_UNAVAILABLE"
    files.write(RSA[0])
    files.clock.now += 5
    assert files.verifier.verify(files.token(RSA[0])).key_id == RSA[0].kid


@pytest.mark.parametrize(
    "content", [None, "{", '{"keys": []}', '{"keys": [{"kty": "oct", "kid": "k", "k": "c2Vj"}]}']
)
def test_a_file_that_is_bad_at_the_start_stops_it(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "keys.json").write_text(content)
    file = described(tmp_path, keys={"jwks_file": "keys.json"})
    with pytest.raises(KeyFileError, match=r"keys\.json: .*\. "):
        Verifier("yiti-jiangsu", {}, described=[file])
